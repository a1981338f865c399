"""Once a day, or as `PurgeSchedule` says, the function is told to forget what is old."""

import re

import pytest

from deployments import STREAM
from scenarios import DEPLOY, PARAMETERS, SCENARIOS, for_terraform
from terraform_module import Module

LEAST = SCENARIOS["the least that must be given"]
EVENT = '{"rowtide":"purge"}'
# all that the purge needs
KINDS = {
    "AWS::Events::Rule",
    "AWS::Lambda::Permission",
    "AWS::Lambda::EventInvokeConfig",
    "aws_cloudwatch_event_rule",
    "aws_cloudwatch_event_target",
    "aws_lambda_permission",
    "aws_lambda_function_event_invoke_config",
}


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    return Module(DEPLOY / "terraform", tmp_path_factory.mktemp("purge"))


def planned(module: Module, values: dict) -> dict[str, dict]:
    """What Terraform makes for the purge, by its type."""
    found = module.plan(**for_terraform(values))
    return {kind: attributes for (kind, _), (attributes, *_) in found.items() if kind in KINDS}


def made(name: str, values: dict) -> dict[str, dict]:
    """What a template makes for the purge, by its type."""
    resources = STREAM.stack(name, values).resources().values()
    found = [resource for resource in resources if resource["Type"] in KINDS]
    assert len({resource["Type"] for resource in found}) == len(found), "one of each"
    return {resource["Type"]: resource["Properties"] for resource in found}


@pytest.mark.parametrize("name", ["sam", "cloudformation"])
def test_the_alias_gets_the_event_and_nothing_else(name):
    rule = made(name, LEAST)["AWS::Events::Rule"]
    assert rule["ScheduleExpression"] == "rate(1 day)"
    assert set(rule) == {"Name", "ScheduleExpression", "Targets"}
    (target,) = rule["Targets"]
    assert target["Input"] == EVENT
    assert target["Arn"] == "<Alias>"
    assert set(target) == {"Id", "Arn", "Input", "RetryPolicy"}


def test_the_alias_gets_the_event_from_terraform_too(module):
    found = planned(module, LEAST)
    rule, target = found["aws_cloudwatch_event_rule"], found["aws_cloudwatch_event_target"]
    assert rule["schedule_expression"] == "rate(1 day)"
    assert target["rule"] == rule["name"] == "rowtide-purge"
    assert target["input"] == EVENT
    assert target["arn"] == "<aws_lambda_alias.live.arn>"
    assert set(target) == {"@key", "rule", "target_id", "arn", "input", "retry_policy"}


@pytest.mark.parametrize("name", ["sam", "cloudformation"])
def test_only_the_rule_may_invoke_the_alias(name):
    assert made(name, LEAST)["AWS::Lambda::Permission"] == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": "<Alias>",
        "Principal": "events.amazonaws.com",
        "SourceArn": "<PurgeRule.Arn>",
    }


def test_only_the_rule_may_invoke_the_alias_of_terraform(module):
    permission = planned(module, LEAST)["aws_lambda_permission"]
    assert {name: value for name, value in permission.items() if name != "@key"} == {
        "action": "lambda:InvokeFunction",
        "function_name": "rowtide",
        "qualifier": "live",
        "principal": "events.amazonaws.com",
        "source_arn": "<aws_cloudwatch_event_rule.purge.arn>",
    }


@pytest.mark.parametrize("name", ["sam", "cloudformation"])
def test_a_purge_that_fails_rings_the_alarm_and_an_old_one_is_given_up(name):
    attempts = made(name, LEAST)["AWS::Lambda::EventInvokeConfig"]
    resources = STREAM.stack(name, LEAST).resources()
    alarm = resources["ErrorsAlarm"]["Properties"]
    assert (attempts["FunctionName"], attempts["Qualifier"]) == ("rowtide", resources["Alias"]["Properties"]["Name"])
    # each attempt fails in another minute, since Lambda waits for one and then for two
    assert 1 + attempts["MaximumRetryAttempts"] >= alarm["DatapointsToAlarm"]
    (target,) = made(name, LEAST)["AWS::Events::Rule"]["Targets"]
    assert attempts["MaximumEventAgeInSeconds"] == target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 3600
    assert "DestinationConfig" not in attempts, "the next event does the same work; redrive.sh could not read this one"


@pytest.mark.parametrize("name", ["sam", "cloudformation"])
def test_without_a_schedule_nothing_of_it_is_made(name):
    assert made(name, LEAST | {"PurgeSchedule": ""}) == {}
    assert len(made(name, LEAST)) == 3


def test_without_a_schedule_terraform_makes_nothing_of_it_either(module):
    assert planned(module, LEAST | {"PurgeSchedule": ""}) == {}
    assert len(planned(module, LEAST)) == 4


@pytest.mark.parametrize(
    ("schedule", "fits"),
    [
        ("", True),
        ("rate(1 day)", True),
        ("rate(12 hours)", True),
        ("cron(0 3 * * ? *)", True),
        ("cron(15 10 ? * 6L 2022-2030)", True),
        ("cron(0 3 * * *)", False),
        ("0 3 * * *", False),
        ("rate(0 days)", False),
        ("rate(1 day) ", False),
        ("at(2026-11-20T13:00:00)", False),
        ("daily", False),
    ],
)
def test_a_schedule_is_one_of_eventbridge(schedule, fits):
    (pattern,) = [parameter["pattern"] for parameter in PARAMETERS if parameter["name"] == "PurgeSchedule"]
    assert bool(re.fullmatch(pattern, schedule)) == fits
