"""Where the plain template of rowtide-snapshot says what, and where its Terraform module does."""

import same_stream as stream
from scenarios import snake


def bucket(name: str) -> dict[str, str]:
    """What two buckets have in common."""
    lifecycle = f"aws_s3_bucket_lifecycle_configuration.{name}.rule.0"
    encryption = f"aws_s3_bucket_server_side_encryption_configuration.{name}.rule.0"
    default = f"{encryption}.apply_server_side_encryption_by_default.0"
    configured = "BucketEncryption.ServerSideEncryptionConfiguration.0"
    return {
        f"{configured}.BucketKeyEnabled": f"{encryption}.bucket_key_enabled",
        f"{configured}.ServerSideEncryptionByDefault.SSEAlgorithm": f"{default}.sse_algorithm",
        f"{configured}.ServerSideEncryptionByDefault.KMSMasterKeyID": f"{default}.kms_master_key_id",
        "OwnershipControls.Rules.0.ObjectOwnership":
            f"aws_s3_bucket_ownership_controls.{name}.rule.0.object_ownership",
        **{
            f"PublicAccessBlockConfiguration.{block}": f"aws_s3_bucket_public_access_block.{name}.{snake(block)}"
            for block in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
        },
        "LifecycleConfiguration.Rules.0.Id": f"{lifecycle}.id",
        "LifecycleConfiguration.Rules.0.Status": f"{lifecycle}.status",
        "LifecycleConfiguration.Rules.0.ExpirationInDays": f"{lifecycle}.expiration.0.days",
        "LifecycleConfiguration.Rules.0.AbortIncompleteMultipartUpload.DaysAfterInitiation":
            f"{lifecycle}.abort_incomplete_multipart_upload.0.days_after_initiation",
    }


def role(name: str) -> dict[str, str]:
    return {
        "AssumeRolePolicyDocument": f"aws_iam_role.{name}.assume_role_policy",
        "Policies.0.PolicyName": f"aws_iam_role_policy.{name}.name",
        "Policies.0.PolicyDocument": f"aws_iam_role_policy.{name}.policy",
    }


# what AWS tells of a resource, in both languages
TOLD = {
    **{plain: stream.TOLD[plain] for plain in ("<Role.Arn>", "<Failures.Arn>", "<Failures>", "<Alarms>", "<Alias>",
                                               "<Version.Version>")},
    "<Archive.Arn>": "<aws_s3_bucket.archive.arn>",
    "<Archive>": "<aws_s3_bucket.archive.id>",
    "<ScheduleRole.Arn>": "<aws_iam_role.schedule.arn>",
}

# where the plain template says what, and where Terraform does
SAME = {
    **{name: stream.SAME[name] for name in ("Alias", "Logs", "Alarms", "AlarmsPolicy", "AlarmsByMail")},
    "Function": {
        **{plain: same for plain, same in stream.SAME["Function"].items() if not plain.endswith("_SOURCE_DECODER")},
        "RecursiveLoop": "aws_lambda_function_recursion_config.this.recursive_loop",
        **{
            f"Environment.Variables.{name}": f"aws_lambda_function.this.environment.0.variables.{name}"
            for name in (
                "ROWTIDE_SNAPSHOT_URL",
                "ROWTIDE_SNAPSHOT_TLS_ROOT_CERT",
                "ROWTIDE_SNAPSHOT_TO",
                "ROWTIDE_SNAPSHOT_BESIDE",
                "ROWTIDE_SNAPSHOT_REPLACE",
                "ROWTIDE_SNAPSHOT_TABLES_FILE",
                "ROWTIDE_ARCHIVE_URL",
                "ROWTIDE_ARCHIVE_FORMAT",
            )
        },
    },
    "Attempts": {
        "DestinationConfig.OnFailure.Destination":
            "aws_lambda_function_event_invoke_config.this.destination_config.0.on_failure.0.destination",
        **{
            name: f"aws_lambda_function_event_invoke_config.this.{snake(name)}"
            for name in ("FunctionName", "Qualifier", "MaximumRetryAttempts", "MaximumEventAgeInSeconds")
        },
    },
    "Schedule": {
        "Name": "aws_scheduler_schedule.this.name",
        "ScheduleExpression": "aws_scheduler_schedule.this.schedule_expression",
        "FlexibleTimeWindow.Mode": "aws_scheduler_schedule.this.flexible_time_window.0.mode",
        **{
            f"Target.{name}": f"aws_scheduler_schedule.this.target.0.{snake(name)}"
            for name in ("Arn", "RoleArn", "Input")
        },
        **{
            f"Target.RetryPolicy.{name}": f"aws_scheduler_schedule.this.target.0.retry_policy.0.{snake(name)}"
            for name in ("MaximumEventAgeInSeconds", "MaximumRetryAttempts")
        },
    },
    "Role": role("this"),
    "ScheduleRole": role("schedule"),
    "Archive": bucket("archive"),
    "ArchivePolicy": {"PolicyDocument": "aws_s3_bucket_policy.archive.policy"},
    "Failures": bucket("failures"),
    "FailuresPolicy": {"PolicyDocument": "aws_s3_bucket_policy.failures.policy"},
}

# what only one of the two has to say, and why
ONLY_CLOUDFORMATION = {
    name: stream.ONLY_CLOUDFORMATION[name]
    for name in ("FailuresPolicy.Bucket", "AlarmsPolicy.Topics.0", "Version.FunctionName", "Version.Description")
} | {"ArchivePolicy.Bucket": "the resources of Terraform name their bucket, see below"}
ONLY_TERRAFORM = {
    "aws_lambda_function.this.publish": "CloudFormation has the resource Version",
    "aws_lambda_function_recursion_config.this.function_name": "the function's property in CloudFormation",
    "aws_iam_role.this.name_prefix": "CloudFormation makes a name from the stack's",
    "aws_iam_role.schedule.name_prefix": "CloudFormation makes a name from the stack's",
    "aws_iam_role_policy.this.role": "inside the role in CloudFormation",
    "aws_iam_role_policy.schedule.role": "inside the role in CloudFormation",
    "aws_sns_topic_policy.alarms.arn": "the policy's property Topics in CloudFormation",
    **{
        f"aws_s3_bucket{kind}.{name}.bucket{'' if kind else '_prefix'}": "the bucket's own in CloudFormation"
        for name in ("archive", "failures")
        for kind in ("", "_server_side_encryption_configuration", "_ownership_controls", "_public_access_block",
                     "_lifecycle_configuration", "_policy")
    },
}
