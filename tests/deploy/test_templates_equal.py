"""SAM, CloudFormation and Terraform have the same parameters and make the same things of them."""

import json
import re

import pytest

import cloudformation_template as cloudformation
from cloudformation_template import Stack
from deployments import BOTH, SNAPSHOT, STREAM, every, every_parameter, every_scenario
from scenarios import IMAGE, SCENARIOS, SNAPSHOT_LEAST, for_cloudformation, for_terraform, snake
from terraform_module import Module, Refused

TOLD = STREAM.same.TOLD | SNAPSHOT.same.TOLD

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


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """The module of each deployment, by its name."""
    return {
        deployment.name: Module(deployment.terraform, tmp_path_factory.mktemp(deployment.name)) for deployment in BOTH
    }


@every_parameter
@pytest.mark.parametrize("folder", ["sam", "cloudformation"])
def test_templates_have_the_parameters_of_the_file(deployment, folder, parameter):
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
    assert deployment.template(folder)["Parameters"].get(parameter["name"]) == expected


@every
def test_no_template_has_another_parameter(deployment):
    names = [parameter["name"] for parameter in deployment.parameters]
    for folder in ("sam", "cloudformation"):
        assert list(deployment.template(folder)["Parameters"]) == names
    variables = re.findall(r'^variable "(\w+)"', (deployment.terraform / "variables.tf").read_text(), re.MULTILINE)
    assert variables == [snake(name) for name in names]


@every_parameter
def test_terraform_variables_are_the_parameters_of_the_file(deployment, parameter):
    text = (deployment.terraform / "variables.tf").read_text()
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


@every
def test_the_file_of_parameters_is_right_in_itself(deployment):
    for parameter in deployment.parameters:
        default = parameter.get("default", "")
        if "allowed" in parameter and "default" in parameter:
            assert default in parameter["allowed"], parameter["name"]
        if "pattern" in parameter and "default" in parameter:
            assert re.search(parameter["pattern"], default), parameter["name"]
        if "minimum" in parameter:
            assert parameter["minimum"] <= default <= parameter["maximum"], parameter["name"]


@every_scenario
def test_scenarios_keep_to_the_parameters(deployment, values):
    for parameter in deployment.parameters:
        if parameter["name"] in values:
            value = values[parameter["name"]]
            assert "allowed" not in parameter or value in parameter["allowed"], parameter["name"]
            assert "pattern" not in parameter or re.search(parameter["pattern"], value), parameter["name"]
    assert set(values) <= {parameter["name"] for parameter in deployment.parameters}


@every
def test_one_scenario_sets_every_parameter_to_something_else(deployment):
    named = deployment.scenarios["everything that can be given"]
    for parameter in deployment.parameters:
        if parameter["name"] not in ("StreamType", "StreamArn", "ImageUri", "CreateAlarms"):
            assert named[parameter["name"]] != parameter.get("default"), parameter["name"]


@every_scenario
def test_sam_becomes_the_plain_template(deployment, values):
    made, plain = deployment.sam_stack(values), deployment.plain_stack(values)
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


@every
def test_sam_and_plain_template_say_the_rest_alike(deployment):
    sam, plain = deployment.template("sam"), deployment.template("cloudformation")
    for section in ("AWSTemplateFormatVersion", "Description", "Rules", "Conditions"):
        assert sam[section] == plain[section]


@every_scenario
def test_terraform_makes_what_the_plain_template_makes(modules, deployment, values):
    resources = deployment.plain_stack(values).resources()
    planned = modules[deployment.name].plan(**for_terraform(values))
    cfn, tf, told = of_cloudformation(resources), of_terraform(planned), deployment.same
    same = {f"{name}.{ours}": theirs for name, paths in told.SAME.items() for ours, theirs in paths.items()}
    if tf["aws_lambda_function.this.reserved_concurrent_executions"] == "-1":
        tf.pop("aws_lambda_function.this.reserved_concurrent_executions")
    ours = {path: value for path, value in cfn.items() if not known(path, told.ONLY_CLOUDFORMATION)}
    assert set(ours) <= set(same), "properties that this test does not know"
    theirs = {path: value for path, value in tf.items() if not known(path, told.ONLY_TERRAFORM)}
    assert {same[path]: value for path, value in ours.items()} == theirs
    assert alarms_of_cloudformation(resources) == alarms_of_terraform(planned)


def known(path: str, listed: dict) -> bool:
    return path in listed or f"{path}.0" in listed


def test_terraform_connects_an_existing_table_too(modules):
    values = SCENARIOS["the least that must be given"] | {"TableName": "orders"}
    planned = modules[STREAM.name].plan(**for_terraform(values))
    (destination,) = planned["aws_dynamodb_kinesis_streaming_destination", "this"]
    assert destination["table_name"] == "orders"
    assert destination["stream_arn"] == "<aws_kinesis_stream.this.arn>"
    assert destination["approximate_creation_date_time_precision"] == "MICROSECOND"
    assert "Table" not in STREAM.plain_stack(values).resources(), "CloudFormation cannot; docs/deploy.md has the command"


@every_scenario
def test_outputs_are_the_same(modules, deployment, values):
    ours = {snake(name): scalar(value) for name, value in deployment.plain_stack(values).outputs().items()}
    (theirs,) = modules[deployment.name].plan(**for_terraform(values))["output", ""]
    assert ours == {name: scalar(value) for name, value in theirs.items() if value is not None}


@pytest.mark.parametrize(
    ("deployment", "values"),
    [
        pytest.param(deployment, values, id=f"{deployment.name}: {name}")
        for deployment in BOTH
        for name, values in deployment.refused.items()
    ],
)
def test_what_can_not_work_is_refused_with_the_same_words(modules, deployment, values):
    (said,) = deployment.plain_stack(values).broken_rules()
    # the rules themselves: what is refused is not transformed
    assert Stack(deployment.template("sam"), for_cloudformation(values)).broken_rules() == [said]
    with pytest.raises(Refused) as refused:
        modules[deployment.name].plan(**for_terraform(values))
    words = re.sub(r"\b[A-Z]\w+", lambda word: snake(word[0]), said).split()
    told = re.sub(r"[\s│]+", " ", str(refused.value)).lower()
    assert " ".join(words[-3:]).lower() in told


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
def test_a_value_that_is_not_allowed_is_refused(modules, wrong):
    with pytest.raises(Refused):
        modules[STREAM.name].plan(**for_terraform(SCENARIOS["the least that must be given"] | wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        {"SnapshotTo": "archive,sink"},
        {"SnapshotSchedule": "0 3 * * *"},
        {"SourceSecretArn": "postgresql://rowtide:pass@db/shop"},
        {"ArchivePrefix": ""},
        {"ArchivePrefix": "/snapshots"},
        {"ArchivePrefix": "*"},
        {"EventAge": 21601},
    ],
    ids=str,
)
def test_a_value_that_is_not_allowed_for_a_snapshot_is_refused(modules, wrong):
    with pytest.raises(Refused):
        modules[SNAPSHOT.name].plan(**for_terraform(SNAPSHOT_LEAST | wrong))


@every_scenario
def test_no_template_or_output_holds_more_of_the_secret_than_its_address(modules, deployment, values):
    plain = deployment.plain_stack(values)
    environment = plain.resources()["Function"]["Properties"]["Environment"]["Variables"]
    urls = [url for name, url in environment.items() if name in ("ROWTIDE_SINK_URL", "ROWTIDE_SNAPSHOT_URL")]
    assert urls and all(url.startswith("secretsmanager://arn:") for url in urls)
    for folder in ("sam", "cloudformation"):
        # a dynamic reference would put the secret's value into the function's settings
        assert "resolve:" not in json.dumps(deployment.template(folder))
    planned = modules[deployment.name].plan(**for_terraform(values))
    assert "secret" not in json.dumps([plain.outputs(), planned["output", ""]])


@pytest.mark.parametrize("change", [{"Release": "2"}, {"ImageUri": IMAGE[:-1] + "0"}], ids=["release", "package"])
@pytest.mark.parametrize("folder", ["sam", "cloudformation"])
@every
def test_a_new_release_or_package_publishes_a_version(deployment, folder, change):
    values = deployment.scenarios["the least that must be given"]
    # CloudFormation replaces a version whose description changes; Lambda publishes it, since the function changes too
    before, after = (deployment.stack(folder, given).resources() for given in (values, values | change))
    assert before["Version"]["Properties"]["Description"] != after["Version"]["Properties"]["Description"]
    assert len(after["Version"]["Properties"]["Description"]) <= 256
    name = next(name for name in before if name.endswith("Function"))
    assert before[name]["Properties"] != after[name]["Properties"]
    assert after["Version"]["UpdateReplacePolicy"] == "Retain"
