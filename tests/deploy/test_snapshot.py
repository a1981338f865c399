"""The function of snapshots: who begins one, who may go on with it, and what becomes of what fails."""

import json
import re

import pytest

from deployments import SNAPSHOT
from scenarios import SNAPSHOT_LEAST, SNAPSHOT_PARAMETERS, for_terraform
from terraform_module import Module

SCHEDULED = SNAPSHOT_LEAST | {"SnapshotSchedule": "rate(1 day)"}
ARCHIVED = SNAPSHOT_LEAST | {"SnapshotTo": "archive"}
ALIAS = "arn:aws:lambda:eu-central-1:123456789012:function:rowtide-snapshot:live"

both = pytest.mark.parametrize("folder", ["sam", "cloudformation"])


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    return Module(SNAPSHOT.terraform, tmp_path_factory.mktemp("snapshot"))


def made(folder: str, values: dict, kind: str) -> list[dict]:
    resources = SNAPSHOT.stack(folder, values).resources().values()
    return [resource["Properties"] for resource in resources if resource["Type"] == kind]


def statement(folder: str, values: dict, name: str) -> dict:
    (document,) = (
        policy["PolicyDocument"]
        for role in made(folder, values, "AWS::IAM::Role")
        for policy in role["Policies"]
        if name in json.dumps(policy)
    )
    (found,) = (statement for statement in document["Statement"] if statement["Sid"] == name)
    return found


@both
def test_the_schedule_sends_its_time_to_the_alias_and_nothing_else(folder):
    (schedule,) = made(folder, SCHEDULED, "AWS::Scheduler::Schedule")
    assert schedule["ScheduleExpression"] == "rate(1 day)"
    assert schedule["Target"]["Arn"] == "<Alias>"
    event = json.loads(schedule["Target"]["Input"])
    assert event == {"rowtide": "snapshot", "at": "<aws.scheduler.scheduled-time>"}


@both
def test_the_role_of_the_schedule_may_begin_a_snapshot_and_is_only_the_schedulers(folder):
    (role,) = (role for role in made(folder, SCHEDULED, "AWS::IAM::Role") if "BeginSnapshot" in json.dumps(role))
    ((trusted,),) = [role["AssumeRolePolicyDocument"]["Statement"]]
    assert trusted["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trusted["Condition"]["StringEquals"] == {
        "aws:SourceAccount": "123456789012",
        "aws:SourceArn": "arn:aws:scheduler:eu-central-1:123456789012:schedule-group/default",
    }
    (allowed,) = (one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"])
    assert (allowed["Action"], allowed["Resource"]) == ("lambda:InvokeFunction", "<Alias>")


@both
def test_without_a_schedule_nothing_of_it_is_made(folder):
    assert made(folder, SNAPSHOT_LEAST, "AWS::Scheduler::Schedule") == []
    assert len(made(folder, SNAPSHOT_LEAST, "AWS::IAM::Role")) == 1
    assert len(made(folder, SCHEDULED, "AWS::IAM::Role")) == 2


@both
def test_the_function_may_invoke_its_own_alias_and_is_not_stopped_for_it(folder):
    allowed = statement(folder, SNAPSHOT_LEAST, "InvokeItself")
    assert (allowed["Action"], allowed["Resource"]) == ("lambda:InvokeFunction", ALIAS)
    (function,) = made(folder, SNAPSHOT_LEAST, "AWS::Lambda::Function")
    assert function["RecursiveLoop"] == "Allow"
    (alias,) = made(folder, SNAPSHOT_LEAST, "AWS::Lambda::Alias")
    assert (function["FunctionName"], alias["Name"]) == tuple(ALIAS.split(":")[-2:])


@both
def test_what_fails_is_tried_again_where_it_is_invoked_and_then_kept(folder):
    (attempts,) = made(folder, SNAPSHOT_LEAST, "AWS::Lambda::EventInvokeConfig")
    assert attempts == {
        "FunctionName": "rowtide-snapshot",
        "Qualifier": "live",
        "MaximumRetryAttempts": 2,
        "MaximumEventAgeInSeconds": "21600",
        "DestinationConfig": {"OnFailure": {"Destination": "<Failures.Arn>"}},
    }
    assert statement(folder, SNAPSHOT_LEAST, "KeepFailures")["Resource"] == "<Failures.Arn>/aws/lambda/*"
    assert statement(folder, SNAPSHOT_LEAST, "FindFailures")["Resource"] == "<Failures.Arn>"


@both
def test_three_attempts_ring_the_alarm_of_errors_however_long_they_take(folder):
    alarms = {alarm["AlarmName"]: alarm for alarm in made(folder, SNAPSHOT_LEAST, "AWS::CloudWatch::Alarm")}
    errors = alarms["rowtide-snapshot-errors"]
    (attempts,) = made(folder, SNAPSHOT_LEAST, "AWS::Lambda::EventInvokeConfig")
    (longest,) = (parameter["maximum"] for parameter in SNAPSHOT_PARAMETERS if parameter["name"] == "Timeout")
    # Lambda waits for one minute and then for two
    between_first_and_last = 2 * longest + 60 + 120
    assert errors["DatapointsToAlarm"] == 1 + attempts["MaximumRetryAttempts"]
    assert errors["Period"] * errors["EvaluationPeriods"] > between_first_and_last
    # an event may wait for as long as Lambda keeps it, and the alarm comes before that
    (age,) = (parameter for parameter in SNAPSHOT_PARAMETERS if parameter["name"] == "AgeAlarmSeconds")
    assert age["default"] < int(attempts["MaximumEventAgeInSeconds"])


@both
@pytest.mark.parametrize(
    ("values", "bucket", "url"),
    [
        (ARCHIVED, "<Archive.Arn>", "s3://<Archive>/snapshots"),
        (ARCHIVED | {"ArchiveBucket": "lake", "ArchivePrefix": "a/b"}, "arn:aws:s3:::lake", "s3://lake/a/b"),
    ],
    ids=["made", "given"],
)
def test_the_function_writes_below_its_prefix_of_the_archive_only(folder, values, bucket, url):
    allowed = statement(folder, values, "WriteArchive")
    prefix = url.split("/", 3)[3]
    assert allowed["Resource"] == f"{bucket}/{prefix}/*"
    (function,) = made(folder, values, "AWS::Lambda::Function")
    assert function["Environment"]["Variables"]["ROWTIDE_ARCHIVE_URL"] == url
    assert len(made(folder, values, "AWS::S3::Bucket")) == (2 if "Archive" in bucket else 1)


@both
def test_a_made_archive_is_private_encrypted_and_forgets_broken_uploads(folder):
    archive = SNAPSHOT.stack(folder, ARCHIVED | {"ArchiveAbortDays": 3}).resources()["Archive"]
    assert archive["DeletionPolicy"] == archive["UpdateReplacePolicy"] == "Retain"
    properties = archive["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = properties["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["AbortIncompleteMultipartUpload"]) == ("Enabled", {"DaysAfterInitiation": "3"})
    assert "ExpirationInDays" not in rule
    (encryption,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    (policy,) = (
        policy for policy in made(folder, ARCHIVED, "AWS::S3::BucketPolicy") if policy["Bucket"] == "<Archive>"
    )
    (denied,) = policy["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


@both
def test_without_an_archive_nothing_of_it_is_made_or_allowed(folder):
    values = SNAPSHOT.scenarios["settings of an archive that is not written"]
    assert "rchive" not in json.dumps(SNAPSHOT.stack(folder, values).resources())


def test_terraform_makes_a_schedule_and_an_archive_only_when_asked(module):
    kinds = {kind for kind, _ in module.plan(**for_terraform(SNAPSHOT_LEAST))}
    assert "aws_scheduler_schedule" not in kinds
    names = {name for _, name in module.plan(**for_terraform(SNAPSHOT_LEAST))}
    assert not {"archive", "schedule"} & names
    names = {name for _, name in module.plan(**for_terraform(SCHEDULED | ARCHIVED))}
    assert {"archive", "schedule"} <= names


@pytest.mark.parametrize(
    ("schedule", "fits"),
    [("", True), ("rate(1 day)", True), ("cron(0 3 * * ? *)", True), ("0 3 * * *", False), ("daily", False)],
)
def test_a_schedule_is_one_of_eventbridge(schedule, fits):
    (pattern,) = (parameter["pattern"] for parameter in SNAPSHOT_PARAMETERS if parameter["name"] == "SnapshotSchedule")
    assert bool(re.fullmatch(pattern, schedule)) == fits
