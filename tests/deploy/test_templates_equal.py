"""SAM, CloudFormation and Terraform have the same parameters and make the same things of them."""

import json
import re

import pytest

import cloudformation_template as cloudformation
from cloudformation_template import Stack
from scenarios import DEPLOY, IMAGE, PARAMETERS, REFUSED, SCENARIOS, for_cloudformation, for_terraform, snake
from terraform_module import Module, Refused

SAM = cloudformation.read(DEPLOY / "sam" / "template.yaml")
PLAIN = cloudformation.read(DEPLOY / "cloudformation" / "template.yaml")

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

ALARM = {
    "ComparisonOperator": "comparison_operator",
    "TreatMissingData": "treat_missing_data",
    "AlarmActions": "alarm_actions",
    "OKActions": "ok_actions",
    "AlarmName": "alarm_name",
    "AlarmDescription": "alarm_description",
    "Namespace": "namespace",
    "MetricName": "metric_name",
    "Dimensions": "dimensions",
    "Statistic": "statistic",
    "Period": "period",
    "EvaluationPeriods": "evaluation_periods",
    "DatapointsToAlarm": "datapoints_to_alarm",
    "Threshold": "threshold",
}


def scalar(value):
    """The same text for what the two languages write as text, number or boolean."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    for plain, terraform in TOLD.items():
        text = text.replace(plain, terraform)
    return text


def plain_value(value):
    if isinstance(value, dict):
        return {key: plain_value(item) for key, item in value.items()}
    return [plain_value(item) for item in value] if isinstance(value, list) else scalar(value)


def document(value):
    """A policy or dashboard, which may be JSON text."""
    return plain_value(json.loads(value) if isinstance(value, str) else value)


def leaves(value, path: str = "") -> dict:
    """Every scalar and list of scalars with its path; documents as they are."""
    if path.endswith(("PolicyDocument", ".policy", ".assume_role_policy", "DashboardBody", "dashboard_body")):
        return {path: document(value)}
    if isinstance(value, dict):
        found = {}
        for key, item in value.items():
            found |= leaves(item, f"{path}.{key}" if path else key)
        return found
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return leaves({str(index): item for index, item in enumerate(value)}, path)
    return {path: plain_value(value)}


def alarms_of_cloudformation(resources: dict) -> dict:
    def query(asked: dict) -> dict:
        out = {"id": asked["Id"], "return_data": asked.get("ReturnData", True)}
        if measured := asked.get("MetricStat"):
            out["metric"] = {
                "namespace": measured["Metric"]["Namespace"],
                "metric_name": measured["Metric"]["MetricName"],
                "dimensions": dimensions(measured["Metric"]["Dimensions"]),
                "stat": measured["Stat"],
                "period": measured["Period"],
            }
        return out | {key: asked[key.title()] for key in ("label", "expression", "period") if key.title() in asked}

    def dimensions(listed: list) -> dict:
        return {dimension["Name"]: dimension["Value"] for dimension in listed}

    found = {}
    for resource in resources.values():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            alarm = dict(resource["Properties"])
            queries = [query(asked) for asked in alarm.pop("Metrics", [])]
            if "Dimensions" in alarm:
                alarm["Dimensions"] = dimensions(alarm["Dimensions"])
            renamed = {ALARM[key]: value for key, value in alarm.items()}
            found[alarm["AlarmName"]] = plain_value(renamed | {"metric_query": queries})
    return found


def alarms_of_terraform(planned: dict) -> dict:
    found = {}
    for (kind, _), instances in planned.items():
        if kind == "aws_cloudwatch_metric_alarm":
            for alarm in instances:
                alarm = {key: value for key, value in alarm.items() if key != "@key"}
                queries = [
                    query | ({"metric": query["metric"][0]} if "metric" in query else {})
                    for query in alarm.pop("metric_query", [])
                ]
                found[alarm["alarm_name"]] = plain_value(alarm | {"metric_query": queries})
    return found


def of_cloudformation(resources: dict) -> dict:
    found = {}
    for name, resource in resources.items():
        if resource["Type"] != "AWS::CloudWatch::Alarm":
            found |= leaves(resource["Properties"], name)
    return found


def of_terraform(planned: dict) -> dict:
    found = {}
    for (kind, name), instances in planned.items():
        if kind not in ("aws_cloudwatch_metric_alarm", "output"):
            (attributes,) = instances
            found |= leaves({key: value for key, value in attributes.items() if key != "@key"}, f"{kind}.{name}")
    return found


def plain_stack(values: dict) -> Stack:
    return Stack(PLAIN, for_cloudformation(values))


def sam_stack(values: dict) -> Stack:
    given = for_cloudformation(values)
    return Stack(cloudformation.from_sam(SAM, given), given)


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    return Module(DEPLOY / "terraform", tmp_path_factory.mktemp("module"))


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter["name"])
@pytest.mark.parametrize("template", [SAM, PLAIN], ids=["sam", "cloudformation"])
def test_templates_have_the_parameters_of_the_file(template, parameter):
    kinds = {"text": "String", "number": "Number", "boolean": "String", "list": "CommaDelimitedList"}
    expected = {"Type": kinds[parameter["type"]], "Description": parameter["meaning"]}
    if "default" in parameter:
        default = parameter["default"]
        expected["Default"] = default if parameter["type"] == "number" else for_cloudformation({"": default})[""]
    allowed = [True, False] if parameter["type"] == "boolean" else parameter.get("allowed")
    if allowed is not None:
        expected["AllowedValues"] = [str(value).lower() if isinstance(value, bool) else value for value in allowed]
    for ours, theirs in (("pattern", "AllowedPattern"), ("minimum", "MinValue"), ("maximum", "MaxValue")):
        if ours in parameter:
            expected[theirs] = parameter[ours]
    assert template["Parameters"].get(parameter["name"]) == expected


def test_no_template_has_another_parameter():
    names = {parameter["name"] for parameter in PARAMETERS}
    assert set(SAM["Parameters"]) == set(PLAIN["Parameters"]) == names
    variables = re.findall(r'^variable "(\w+)"', (DEPLOY / "terraform" / "variables.tf").read_text(), re.MULTILINE)
    assert variables == [snake(parameter["name"]) for parameter in PARAMETERS]


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter["name"])
def test_terraform_variables_are_the_parameters_of_the_file(parameter):
    text = (DEPLOY / "terraform" / "variables.tf").read_text()
    block = re.search(rf'^variable "{snake(parameter["name"])}" \{{\n(.*?)^\}}', text, re.MULTILINE | re.DOTALL)[1]
    said = dict(re.findall(r"^ +(\w+) += (.+)$", block, re.MULTILINE))
    name = f"var.{snake(parameter['name'])}"
    expected = {
        "description": json.dumps(parameter["meaning"], ensure_ascii=False),
        "type": {"text": "string", "number": "number", "boolean": "bool", "list": "list(string)"}[parameter["type"]],
        "nullable": "false",
    }
    if "default" in parameter:
        expected["default"] = json.dumps(parameter["default"])
    if "allowed" in parameter:
        expected["condition"] = f"contains({json.dumps(parameter['allowed'])}, {name})"
    elif "pattern" in parameter:
        expected["condition"] = f"can(regex({json.dumps(parameter['pattern'])}, {name}))"
    elif "minimum" in parameter:
        expected["condition"] = f"{name} >= {parameter['minimum']} && {name} <= {parameter['maximum']}"
    said.pop("error_message", None)
    assert said == expected


def test_the_file_of_parameters_is_right_in_itself():
    for parameter in PARAMETERS:
        default = parameter.get("default", "")
        if "allowed" in parameter and "default" in parameter:
            assert default in parameter["allowed"], parameter["name"]
        if "pattern" in parameter and "default" in parameter:
            assert re.search(parameter["pattern"], default), parameter["name"]
        if "minimum" in parameter:
            assert parameter["minimum"] <= default <= parameter["maximum"], parameter["name"]


@pytest.mark.parametrize("values", SCENARIOS.values(), ids=SCENARIOS)
def test_scenarios_keep_to_the_parameters(values):
    for parameter in PARAMETERS:
        if parameter["name"] in values:
            value = values[parameter["name"]]
            assert "allowed" not in parameter or value in parameter["allowed"], parameter["name"]
            assert "pattern" not in parameter or re.search(parameter["pattern"], value), parameter["name"]
    assert set(values) <= {parameter["name"] for parameter in PARAMETERS}


def test_one_scenario_sets_every_parameter_to_something_else():
    named = SCENARIOS["everything that can be given"]
    for parameter in PARAMETERS:
        if parameter["name"] not in ("StreamType", "StreamArn", "ImageUri", "CreateAlarms"):
            assert named[parameter["name"]] != parameter.get("default"), parameter["name"]


@pytest.mark.parametrize("values", SCENARIOS.values(), ids=SCENARIOS)
def test_sam_becomes_the_plain_template(values):
    made, plain = sam_stack(values), plain_stack(values)
    assert made.broken_rules() == plain.broken_rules() == []
    ours, theirs = (comparable(stack, values) for stack in (made, plain))
    # SAM tags what it makes, and does not say that a package is a zip
    assert ours["Function"]["Properties"].pop("Tags") == [{"Key": "lambda:createdBy", "Value": "SAM"}]
    ours["Function"]["Properties"].setdefault("PackageType", "Zip")
    assert ours == theirs


def comparable(stack: Stack, values: dict) -> dict:
    """The resources and outputs, the function's under the names of the plain template."""
    package = values.get("PackageType", "Image")
    resources = cloudformation.rename(stack.resources(), {f"{package}Function": "Function"})
    return plain_value(resources | {"outputs": stack.outputs()})


def test_sam_and_plain_template_say_the_rest_alike():
    for section in ("AWSTemplateFormatVersion", "Description", "Rules", "Conditions"):
        assert SAM[section] == PLAIN[section]


@pytest.mark.parametrize("values", SCENARIOS.values(), ids=SCENARIOS)
def test_terraform_makes_what_the_plain_template_makes(module, values):
    resources, planned = plain_stack(values).resources(), module.plan(**for_terraform(values))
    cfn, tf = of_cloudformation(resources), of_terraform(planned)
    same = {f"{name}.{ours}": theirs for name, paths in SAME.items() for ours, theirs in paths.items()}
    if tf["aws_lambda_function.this.reserved_concurrent_executions"] == "-1":
        tf.pop("aws_lambda_function.this.reserved_concurrent_executions")
    ours = {path: value for path, value in cfn.items() if not known(path, ONLY_CLOUDFORMATION)}
    assert set(ours) <= set(same), "properties that this test does not know"
    theirs = {path: value for path, value in tf.items() if not known(path, ONLY_TERRAFORM)}
    assert {same[path]: value for path, value in ours.items()} == theirs
    assert alarms_of_cloudformation(resources) == alarms_of_terraform(planned)


def known(path: str, listed: dict) -> bool:
    return path in listed or f"{path}.0" in listed


def test_terraform_connects_an_existing_table_too(module):
    values = SCENARIOS["the least that must be given"] | {"TableName": "orders"}
    (destination,) = module.plan(**for_terraform(values))["aws_dynamodb_kinesis_streaming_destination", "this"]
    assert destination["table_name"] == "orders"
    assert destination["stream_arn"] == "<aws_kinesis_stream.this.arn>"
    assert destination["approximate_creation_date_time_precision"] == "MICROSECOND"
    assert "Table" not in plain_stack(values).resources(), "CloudFormation cannot; docs/deploy.md has the command"


@pytest.mark.parametrize("values", SCENARIOS.values(), ids=SCENARIOS)
def test_outputs_are_the_same(module, values):
    ours = {snake(name): scalar(value) for name, value in plain_stack(values).outputs().items()}
    (theirs,) = module.plan(**for_terraform(values))["output", ""]
    assert ours == {name: scalar(value) for name, value in theirs.items()}


@pytest.mark.parametrize("values", REFUSED.values(), ids=REFUSED)
def test_what_can_not_work_is_refused_with_the_same_words(module, values):
    (said,) = plain_stack(values).broken_rules()
    assert sam_rules(values) == [said]
    with pytest.raises(Refused) as refused:
        module.plan(**for_terraform(values))
    words = re.sub(r"\b[A-Z]\w+", lambda word: snake(word[0]), said).split()
    told = re.sub(r"[\s│]+", " ", str(refused.value)).lower()
    assert " ".join(words[-3:]).lower() in told


def sam_rules(values: dict) -> list[str]:
    return Stack(SAM, for_cloudformation(values)).broken_rules()


@pytest.mark.parametrize(
    "wrong",
    [
        {"StreamType": "sqs"},
        {"BatchSize": 10001},
        {"SinkSecretArn": "postgresql://rowtide:pass@db/warehouse"},
        {"ImageUri": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/rowtide:latest"},
        {"LogRetentionDays": 31},
        {"ReservedConcurrency": -2},
        {"PurgeSchedule": "0 3 * * *"},
    ],
    ids=str,
)
def test_a_value_that_is_not_allowed_is_refused(module, wrong):
    with pytest.raises(Refused):
        module.plan(**for_terraform(SCENARIOS["the least that must be given"] | wrong))


@pytest.mark.parametrize("values", SCENARIOS.values(), ids=SCENARIOS)
def test_no_template_or_output_holds_more_of_the_secret_than_its_address(module, values):
    environment = plain_stack(values).resources()["Function"]["Properties"]["Environment"]["Variables"]
    assert environment["ROWTIDE_SINK_URL"].startswith("secretsmanager://arn:")
    for text in (json.dumps(SAM), json.dumps(PLAIN)):
        assert "resolve:" not in text, "a dynamic reference would put the secret's value into the function's settings"
    outputs = json.dumps([plain_stack(values).outputs(), module.plan(**for_terraform(values))["output", ""]])
    assert "secret" not in outputs


@pytest.mark.parametrize("change", [{"Release": "2"}, {"ImageUri": IMAGE[:-1] + "0"}], ids=["release", "package"])
@pytest.mark.parametrize("stack", [sam_stack, plain_stack], ids=["sam", "cloudformation"])
def test_a_new_release_or_package_publishes_a_version(stack, change):
    values = SCENARIOS["the least that must be given"]
    # CloudFormation replaces a version whose description changes; Lambda publishes it, since the function changes too
    before, after = (stack(given).resources() for given in (values, values | change))
    assert before["Version"]["Properties"]["Description"] != after["Version"]["Properties"]["Description"]
    assert len(after["Version"]["Properties"]["Description"]) <= 256
    name = next(name for name in before if name.endswith("Function"))
    assert before[name]["Properties"] != after[name]["Properties"]
    assert after["Version"]["UpdateReplacePolicy"] == "Retain"
