"""The templates of deploy/ are deployed to ministack with a zip of ours, and a change becomes a row.

ministack judges the deployment only: that the template holds together, that a mapping invokes the binary, that the
secret is read. It ignores partial failures of streams, and knows no alarms with metric math.
"""

import base64
import json
import re
import time
import zipfile

import pytest
from processes import ROOT, program

TEMPLATES = {kind: ROOT / f"deploy/{kind}/template.yaml" for kind in ("sam", "cloudformation")}
FINAL_S, ARRIVAL_S = 60, 60
PASSWORD = "canary-of-the-stack"


def zipped(path):
    """The zip of a function, as scripts/zip packs it, but without compression."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, program("rowtide-stream").read_bytes())
    return path


def with_defaults(template, parameters):
    """ministack gives SAM's transform the defaults of the parameters instead of their values."""
    for name, value in parameters.items():
        declared = re.compile(rf"^(  {name}:\n    Type: \w+\n)(    Default: .*\n)?", re.MULTILINE)
        template, found = declared.subn(lambda match: f"{match[1]}    Default: '{value}'\n", template)
        assert found == 1, name
    return template


class Stack:
    def __init__(self, ministack, kind, parameters):
        self.client, self.name = ministack.client("cloudformation"), parameters["Name"]
        template = TEMPLATES[kind].read_text()
        if kind == "sam":
            template = with_defaults(template, parameters)
        self.client.create_stack(
            StackName=self.name,
            TemplateBody=template,
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        end = time.monotonic() + FINAL_S
        while (found := self.described())["StackStatus"].endswith("_IN_PROGRESS"):
            assert time.monotonic() < end, found
            time.sleep(0.1)
        assert found["StackStatus"] == "CREATE_COMPLETE", self.events()
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}

    def described(self):
        return self.client.describe_stacks(StackName=self.name)["Stacks"][0]

    def events(self):
        events = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        return [f"{e['LogicalResourceId']} {e['ResourceStatus']} {e.get('ResourceStatusReason', '')}" for e in events]

    def told(self):
        """Everything that CloudFormation tells of the stack."""
        template = self.client.get_template(StackName=self.name, TemplateStage="Processed")["TemplateBody"]
        resources = self.client.describe_stack_resources(StackName=self.name)["StackResources"]
        return f"{self.described()} {self.events()} {template} {resources}"


def log_lines(ministack, group):
    logs = ministack.client("logs")
    lines = []
    for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]:
        found = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
        lines += [event["message"] for event in found]
    return lines


def arrived(database, target, keys):
    end = time.monotonic() + ARRIVAL_S
    while time.monotonic() < end:
        if target in database.targets() and set(rows := database.rows(target)) == keys:
            return rows
        time.sleep(0.1)
    return None


def assert_purged_daily(ministack, function, alias):
    events, functions = ministack.client("events"), ministack.client("lambda")
    (rule,) = events.list_rules(NamePrefix=f"{function}-purge")["Rules"]
    assert (rule["State"], rule["ScheduleExpression"]) == ("ENABLED", "rate(1 day)")
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert (target["Arn"], target["Input"]) == (alias, '{"rowtide":"purge"}')
    (allowed,) = json.loads(functions.get_policy(FunctionName=function, Qualifier="live")["Policy"])["Statement"]
    assert allowed["Resource"] == alias and allowed["Action"] == "lambda:InvokeFunction"
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Condition"] == {"ArnLike": {"AWS:SourceArn": rule["Arn"]}}
    attempts = functions.get_function_event_invoke_config(FunctionName=function, Qualifier="live")
    assert (attempts["MaximumRetryAttempts"], attempts["MaximumEventAgeInSeconds"]) == (2, 3600)


@pytest.fixture(scope="session")
def ministack(tmp_path_factory):
    from services import Ministack

    ministack = Ministack(tmp_path_factory.mktemp("ministack"))
    yield ministack
    ministack.stop()


@pytest.fixture(scope="session")
def bucket(ministack, tmp_path_factory):
    """A bucket with the function's zip."""
    s3, name = ministack.client("s3"), "artefacts"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    path = zipped(tmp_path_factory.mktemp("zip") / "function.zip")
    s3.put_object(Bucket=name, Key="rowtide-stream.zip", Body=path.read_bytes())
    path.unlink()
    return name


@pytest.mark.parametrize("kind", TEMPLATES)
@pytest.mark.parametrize("source", ["kinesis", "dynamodb"])
def test_the_template_deploys_and_a_change_becomes_a_row(kind, source, ministack, bucket, database):
    name = f"rowtide-{kind}-{source}"
    role = name.replace("-", "_")
    database.create_login(role, PASSWORD)
    secret = ministack.client("secretsmanager").create_secret(
        Name=name, SecretString=database.url(role, PASSWORD)
    )
    table = f"orders-{kind}-{source}"
    stack = Stack(
        ministack,
        kind,
        {
            "Name": name,
            "StreamType": source,
            "TableName": table,
            "CreateTable": "true",
            "PackageType": "Zip",
            "CodeBucket": bucket,
            "CodeKey": "rowtide-stream.zip",
            "Architecture": "x86_64",
            "SinkSecretArn": secret["ARN"],
            # ministack knows no metric math
            "CreateAlarms": "false",
        },
    )
    functions = ministack.client("lambda")
    (mapping,) = [
        found
        for found in functions.list_event_source_mappings()["EventSourceMappings"]
        if found["UUID"] == stack.outputs["MappingId"]
    ]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["EventSourceArn"] == stack.outputs["StreamArn"]
    assert mapping["FunctionArn"] == stack.outputs["AliasArn"]
    assert_purged_daily(ministack, name, stack.outputs["AliasArn"])
    if source == "dynamodb":
        client = ministack.client("dynamodb")
        client.put_item(TableName=table, Item={"id": {"S": "o-1"}, "total": {"N": "12.50"}})
        client.put_item(TableName=table, Item={"id": {"S": "o-2"}})
        client.delete_item(TableName=table, Key={"id": {"S": "o-2"}})
        client.put_item(TableName=table, Item={"id": {"S": "o-1"}, "total": {"N": "13.50"}})
        rows = arrived(database, f"public.{table}", {'["o-1"]'})
        end = time.monotonic() + ARRIVAL_S
        while rows and rows['["o-1"]']["total"] == 12.5 and time.monotonic() < end:
            rows = database.rows(f"public.{table}")
        assert rows and rows['["o-1"]']["total"] == 13.5
    else:
        # ministack's own replication of the table writes other times than DynamoDB does
        client = ministack.client("kinesis")
        event = json.loads((ROOT / "events/dynamodb-kinesis/insert.json").read_text())
        for record in event["Records"]:
            held = record["kinesis"]
            client.put_record(
                StreamARN=stack.outputs["StreamArn"],
                Data=base64.b64decode(held["data"]),
                PartitionKey=held["partitionKey"],
            )
        assert arrived(database, "public.orders", {'["o-10231"]', '["o-10232"]'})
    answer = functions.invoke(FunctionName=stack.outputs["AliasArn"], Payload=b'{"Records":[]}')
    assert json.loads(answer["Payload"].read()) == {"batchItemFailures": []}
    purge = functions.invoke(FunctionName=stack.outputs["AliasArn"], Payload=b'{"rowtide":"purge"}')
    purged = json.loads(purge["Payload"].read())
    assert purged["complete"] and [target["tombstones"] for target in purged["targets"]] == [0], purged
    lines = log_lines(ministack, stack.outputs["LogGroupName"])
    assert any('"Batch done."' in line for line in lines), lines
    settings = functions.get_function_configuration(FunctionName=name)
    assert settings["Environment"]["Variables"]["ROWTIDE_SINK_URL"] == f"secretsmanager://{secret['ARN']}"
    assert PASSWORD not in f"{lines} {settings} {stack.told()} {ministack.process.output()}"
