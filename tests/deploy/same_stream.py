"""Where the plain template of rowtide-stream says what, and where its Terraform module does."""

from scenarios import snake

# what AWS tells of a resource, in both languages
TOLD = {
    "<Stream.Arn>": "<aws_kinesis_stream.this.arn>",
    "<Table.StreamArn>": "<aws_dynamodb_table.this.stream_arn>",
    "<Role.Arn>": "<aws_iam_role.this.arn>",
    "<Failures.Arn>": "<aws_s3_bucket.failures.arn>",
    "<Failures>": "<aws_s3_bucket.failures.id>",
    "<Alarms>": "<aws_sns_topic.alarms.arn>",
    "<Mapping>": "<aws_lambda_event_source_mapping.this.uuid>",
    "<Alias>": "<aws_lambda_alias.live.arn>",
    "<Version.Version>": "<aws_lambda_function.this.version>",
    "<PurgeRule.Arn>": "<aws_cloudwatch_event_rule.purge.arn>",
}

# where the plain template says what, and where Terraform does
SAME = {
    "Table": {
        "TableName": "aws_dynamodb_table.this.name",
        "BillingMode": "aws_dynamodb_table.this.billing_mode",
        "DeletionProtectionEnabled": "aws_dynamodb_table.this.deletion_protection_enabled",
        "AttributeDefinitions.0.AttributeName": "aws_dynamodb_table.this.attribute.0.name",
        "AttributeDefinitions.0.AttributeType": "aws_dynamodb_table.this.attribute.0.type",
        "KeySchema.0.AttributeName": "aws_dynamodb_table.this.hash_key",
        "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled":
            "aws_dynamodb_table.this.point_in_time_recovery.0.enabled",
        "SSESpecification.SSEEnabled": "aws_dynamodb_table.this.server_side_encryption.0.enabled",
        "StreamSpecification.StreamViewType": "aws_dynamodb_table.this.stream_view_type",
        "KinesisStreamSpecification.StreamArn": "aws_dynamodb_kinesis_streaming_destination.this.stream_arn",
        "KinesisStreamSpecification.ApproximateCreationDateTimePrecision":
            "aws_dynamodb_kinesis_streaming_destination.this.approximate_creation_date_time_precision",
    },
    "Stream": {
        "Name": "aws_kinesis_stream.this.name",
        "StreamModeDetails.StreamMode": "aws_kinesis_stream.this.stream_mode_details.0.stream_mode",
        "RetentionPeriodHours": "aws_kinesis_stream.this.retention_period",
        "StreamEncryption.EncryptionType": "aws_kinesis_stream.this.encryption_type",
        "StreamEncryption.KeyId": "aws_kinesis_stream.this.kms_key_id",
    },
    "Function": {
        "FunctionName": "aws_lambda_function.this.function_name",
        "Description": "aws_lambda_function.this.description",
        "Role": "aws_lambda_function.this.role",
        "PackageType": "aws_lambda_function.this.package_type",
        "Code.ImageUri": "aws_lambda_function.this.image_uri",
        "Code.S3Bucket": "aws_lambda_function.this.s3_bucket",
        "Code.S3Key": "aws_lambda_function.this.s3_key",
        "Runtime": "aws_lambda_function.this.runtime",
        "Handler": "aws_lambda_function.this.handler",
        "Layers": "aws_lambda_function.this.layers",
        "Architectures": "aws_lambda_function.this.architectures",
        "MemorySize": "aws_lambda_function.this.memory_size",
        "Timeout": "aws_lambda_function.this.timeout",
        "ReservedConcurrentExecutions": "aws_lambda_function.this.reserved_concurrent_executions",
        "VpcConfig.SubnetIds": "aws_lambda_function.this.vpc_config.0.subnet_ids",
        "VpcConfig.SecurityGroupIds": "aws_lambda_function.this.vpc_config.0.security_group_ids",
        "LoggingConfig.LogGroup": "aws_lambda_function.this.logging_config.0.log_group",
        "LoggingConfig.LogFormat": "aws_lambda_function.this.logging_config.0.log_format",
        **{
            f"Environment.Variables.{name}": f"aws_lambda_function.this.environment.0.variables.{name}"
            for name in (
                "ROWTIDE_SINK_URL",
                "ROWTIDE_SINK_AUTH",
                "ROWTIDE_SINK_TLS_ROOT_CERT",
                "ROWTIDE_SINK_SCHEMA",
                "ROWTIDE_SINK_DDL",
                "ROWTIDE_SINK_CONNECTIONS",
                "ROWTIDE_SOURCE_DECODER",
                "ROWTIDE_CONFIG",
                "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT",
            )
        },
    },
    "Alias": {
        "Name": "aws_lambda_alias.live.name",
        "FunctionName": "aws_lambda_alias.live.function_name",
        "FunctionVersion": "aws_lambda_alias.live.function_version",
    },
    "Logs": {
        "LogGroupName": "aws_cloudwatch_log_group.this.name",
        "RetentionInDays": "aws_cloudwatch_log_group.this.retention_in_days",
    },
    "Mapping": {
        name: f"aws_lambda_event_source_mapping.this.{path}"
        for name, path in {
            "EventSourceArn": "event_source_arn",
            "FunctionName": "function_name",
            "FunctionResponseTypes": "function_response_types",
            "StartingPosition": "starting_position",
            "BatchSize": "batch_size",
            "MaximumBatchingWindowInSeconds": "maximum_batching_window_in_seconds",
            "ParallelizationFactor": "parallelization_factor",
            "BisectBatchOnFunctionError": "bisect_batch_on_function_error",
            "MaximumRetryAttempts": "maximum_retry_attempts",
            "MaximumRecordAgeInSeconds": "maximum_record_age_in_seconds",
            "DestinationConfig.OnFailure.Destination": "destination_config.0.on_failure.0.destination_arn",
            "FilterCriteria.Filters.0.Pattern": "filter_criteria.0.filter.0.pattern",
            "MetricsConfig.Metrics": "metrics_config.0.metrics",
        }.items()
    },
    "Failures": {
        "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm":
            "aws_s3_bucket_server_side_encryption_configuration.failures.rule.0."
            "apply_server_side_encryption_by_default.0.sse_algorithm",
        "OwnershipControls.Rules.0.ObjectOwnership":
            "aws_s3_bucket_ownership_controls.failures.rule.0.object_ownership",
        **{
            f"PublicAccessBlockConfiguration.{name}": f"aws_s3_bucket_public_access_block.failures.{snake(name)}"
            for name in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
        },
        "LifecycleConfiguration.Rules.0.Id": "aws_s3_bucket_lifecycle_configuration.failures.rule.0.id",
        "LifecycleConfiguration.Rules.0.Status": "aws_s3_bucket_lifecycle_configuration.failures.rule.0.status",
        "LifecycleConfiguration.Rules.0.ExpirationInDays":
            "aws_s3_bucket_lifecycle_configuration.failures.rule.0.expiration.0.days",
        "LifecycleConfiguration.Rules.0.AbortIncompleteMultipartUpload.DaysAfterInitiation":
            "aws_s3_bucket_lifecycle_configuration.failures.rule.0.abort_incomplete_multipart_upload.0."
            "days_after_initiation",
    },
    "FailuresPolicy": {"PolicyDocument": "aws_s3_bucket_policy.failures.policy"},
    "Role": {
        "AssumeRolePolicyDocument": "aws_iam_role.this.assume_role_policy",
        "Policies.0.PolicyName": "aws_iam_role_policy.this.name",
        "Policies.0.PolicyDocument": "aws_iam_role_policy.this.policy",
    },
    "PurgeRule": {
        "Name": "aws_cloudwatch_event_rule.purge.name",
        "ScheduleExpression": "aws_cloudwatch_event_rule.purge.schedule_expression",
        "Targets.0.Id": "aws_cloudwatch_event_target.purge.target_id",
        "Targets.0.Arn": "aws_cloudwatch_event_target.purge.arn",
        "Targets.0.Input": "aws_cloudwatch_event_target.purge.input",
        **{
            f"Targets.0.RetryPolicy.{name}": f"aws_cloudwatch_event_target.purge.retry_policy.0.{snake(name)}"
            for name in ("MaximumEventAgeInSeconds", "MaximumRetryAttempts")
        },
    },
    "PurgePermission": {
        "Action": "aws_lambda_permission.purge.action",
        "Principal": "aws_lambda_permission.purge.principal",
        "SourceArn": "aws_lambda_permission.purge.source_arn",
    },
    "PurgeAttempts": {
        name: f"aws_lambda_function_event_invoke_config.purge.{snake(name)}"
        for name in ("FunctionName", "Qualifier", "MaximumRetryAttempts", "MaximumEventAgeInSeconds")
    },
    "Alarms": {"TopicName": "aws_sns_topic.alarms.name"},
    "AlarmsPolicy": {"PolicyDocument": "aws_sns_topic_policy.alarms.policy"},
    "AlarmsByMail": {
        "TopicArn": "aws_sns_topic_subscription.mail.topic_arn",
        "Protocol": "aws_sns_topic_subscription.mail.protocol",
        "Endpoint": "aws_sns_topic_subscription.mail.endpoint",
    },
    "Dashboard": {
        "DashboardName": "aws_cloudwatch_dashboard.this.dashboard_name",
        "DashboardBody": "aws_cloudwatch_dashboard.this.dashboard_body",
    },
}

# what only one of the two has to say, and why
ONLY_CLOUDFORMATION = {
    "Table.KeySchema.0.KeyType": "Terraform says it by the name `hash_key`",
    "FailuresPolicy.Bucket": "the resources of Terraform name their bucket, see below",
    "AlarmsPolicy.Topics.0": "Terraform names the topic by `arn`",
    "PurgePermission.FunctionName": "Terraform names function and alias, see test_purge.py",
    "Version.FunctionName": "Terraform publishes with `publish = true`",
    "Version.Description": "Terraform publishes with `publish = true`",
}
ONLY_TERRAFORM = {
    "aws_dynamodb_table.this.stream_enabled": "CloudFormation says it by giving a StreamSpecification",
    "aws_dynamodb_kinesis_streaming_destination.this.table_name": "CloudFormation says it inside the table",
    "aws_lambda_function.this.publish": "CloudFormation has the resource Version",
    "aws_s3_bucket.failures.bucket_prefix": "CloudFormation makes a name from the stack's",
    "aws_s3_bucket_server_side_encryption_configuration.failures.bucket": "the bucket's property in CloudFormation",
    "aws_s3_bucket_ownership_controls.failures.bucket": "the bucket's property in CloudFormation",
    "aws_s3_bucket_public_access_block.failures.bucket": "the bucket's property in CloudFormation",
    "aws_s3_bucket_lifecycle_configuration.failures.bucket": "the bucket's property in CloudFormation",
    "aws_s3_bucket_policy.failures.bucket": "the policy's property Bucket in CloudFormation",
    "aws_iam_role.this.name_prefix": "CloudFormation makes a name from the stack's",
    "aws_iam_role_policy.this.role": "inside the role in CloudFormation",
    "aws_cloudwatch_event_target.purge.rule": "inside the rule in CloudFormation",
    "aws_lambda_permission.purge.function_name": "CloudFormation names the alias by its ARN, see test_purge.py",
    "aws_lambda_permission.purge.qualifier": "CloudFormation names the alias by its ARN, see test_purge.py",
    "aws_sns_topic_policy.alarms.arn": "the policy's property Topics in CloudFormation",
}
