"""Who may do what: every statement of every template. `pytest -s -k list` prints them."""

import json

import pytest

import cloudformation_template as cloudformation
from cloudformation_template import Stack
from deployments import BOTH, SNAPSHOT, STREAM
from scenarios import DEPLOY, DMS, for_cloudformation, for_terraform
from terraform_module import Module

EVERYTHING = "everything that can be given"
LEAST = "the least that must be given"
LOOKED_AT = [
    (STREAM, EVERYTHING),
    (STREAM, "the stream of an existing table"),
    (SNAPSHOT, EVERYTHING),
    (SNAPSHOT, "a created archive, every day"),
]

# statement → why it names no single resource
WILDCARDS = {
    "ListDynamodbStreams": "AWS knows no resource for dynamodb:ListStreams",
    "UseVpc": "AWS knows no resource for the actions that describe; the interfaces have no names beforehand",
    "NotTheCodeItself": "takes away what UseVpc gives, from the function's own code",
    "EncryptedConnectionsOnly": "takes away, from everybody, what comes unencrypted",
}
# statement → what the star within its resource stands for
STARS = {
    "WriteLogs": "the log streams of the one group; Lambda names them",
    "KeepFailures": "the objects that Lambda stores; it names them",
    "EncryptedConnectionsOnly": "the objects of the one bucket",
    "WriteArchive": "the objects of the archive, below its own prefix",
}

# statement → what it allows
ALLOWED = {
    "WriteLogs": {"logs:CreateLogStream", "logs:PutLogEvents"},
    "KeepFailures": {"s3:PutObject"},
    "FindFailures": {"s3:ListBucket"},
    "ReadSecret": {"secretsmanager:GetSecretValue"},
    "ReadSourceSecret": {"secretsmanager:GetSecretValue"},
    "InvokeItself": {"lambda:InvokeFunction"},
    "BeginSnapshot": {"lambda:InvokeFunction"},
    "WriteArchive": {"s3:AbortMultipartUpload", "s3:PutObject"},
    "ReadKinesis": {
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
    },
    "ReadDynamodbStream": {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"},
    "ListDynamodbStreams": {"dynamodb:ListStreams"},
    "DecryptStream": {"kms:Decrypt"},
    "DecryptSecret": {"kms:Decrypt"},
    "DecryptSourceSecret": {"kms:Decrypt"},
    "EncryptArchive": {"kms:Decrypt", "kms:GenerateDataKey"},
    "ReadConfig": {"ssm:GetParameter"},
    "LogInToDatabase": {"rds-db:connect"},
    "UseVpc": {
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    },
    "AlarmsOfThisAccount": {"sns:Publish"},
    "WriteStream": {"kinesis:DescribeStream", "kinesis:PutRecord", "kinesis:PutRecords"},
    "FunctionsOfThisAccount": {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
    "sts:AssumeRole": {"sts:AssumeRole"},
}


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def documents(value) -> list[dict]:
    """Every policy document inside of resources, also those that are JSON text."""
    if isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
        value = json.loads(value)
    if isinstance(value, dict):
        if "Statement" in value:
            return [value]
        return [found for item in value.values() for found in documents(item)]
    return [found for item in value for found in documents(item)] if isinstance(value, list) else []


def resources_of(name: str, values: dict) -> dict:
    return Stack(cloudformation.read(DEPLOY / name / "template.yaml"), for_cloudformation(values)).resources()


def statements(resources) -> list[dict]:
    return [statement for document in documents(resources) for statement in listed(document["Statement"])]


@pytest.fixture(scope="module")
def all_statements(tmp_path_factory):
    found = []
    for deployment, scenario in LOOKED_AT:
        place, values = f"{deployment.name}, {scenario}", deployment.scenarios[scenario]
        for folder in ("sam", "cloudformation"):
            made = statements(deployment.stack(folder, values).resources())
            found += [(f"{folder}: {place}", statement) for statement in made]
        planned = Module(deployment.terraform, tmp_path_factory.mktemp("module")).plan(**for_terraform(values))
        found += [(f"terraform: {place}", statement) for statement in statements(list(planned.values()))]
    found += [("dms", statement) for statement in statements(resources_of("dms", DMS))]
    found += [("ecr", statement) for statement in statements(resources_of("ecr", {}))]
    repository = Module(DEPLOY / "ecr", tmp_path_factory.mktemp("ecr")).plan()
    found += [("ecr by terraform", statement) for statement in statements(list(repository.values()))]
    return found


def name_of(statement: dict) -> str:
    return statement.get("Sid") or statement["Action"]


def test_list_which_statement_allows_what(all_statements):
    for place, statement in all_statements:
        actions, resources = listed(statement["Action"]), listed(statement.get("Resource", "the resource itself"))
        print(f"{place} | {name_of(statement)} | {statement['Effect']} | {' '.join(actions)} | {' '.join(resources)}")
    places = {place for place, _ in all_statements}
    assert len(places) == 15, "every template has a policy"


def test_each_statement_allows_what_is_listed_here_and_nothing_else(all_statements):
    for place, statement in all_statements:
        if statement["Effect"] == "Allow":
            assert set(listed(statement["Action"])) == ALLOWED[name_of(statement)], place
            assert "NotAction" not in statement and "NotResource" not in statement, place


def test_nothing_is_listed_that_no_statement_uses(all_statements):
    used = {name_of(statement) for _, statement in all_statements}
    assert set(ALLOWED) <= used
    assert set(WILDCARDS) | set(STARS) <= used


def test_no_resource_is_a_wildcard_without_a_reason(all_statements):
    assert unjustified(all_statements) == []


def unjustified(found: list) -> list[str]:
    wrong = []
    for place, statement in found:
        name = name_of(statement)
        for resource in listed(statement.get("Resource", [])):
            if resource == "*" and name not in WILDCARDS:
                wrong.append(f"{place}: {name} is for every resource")
            elif resource != "*" and "*" in resource and name not in STARS:
                wrong.append(f"{place}: {name} is for {resource}")
        if statement["Effect"] == "Allow":
            wrong += [f"{place}: {name} allows {action}" for action in listed(statement["Action"]) if "*" in action]
    return wrong


@pytest.mark.parametrize(
    "change",
    [{"Resource": "*"}, {"Resource": "arn:aws:s3:::bucket*"}, {"Action": "secretsmanager:*"}],
    ids=str,
)
def test_a_wildcard_without_a_reason_is_found(change):
    statement = {"Sid": "ReadSecret", "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "arn"}
    assert unjustified([("here", statement)]) == []
    assert unjustified([("here", statement | change)]) != []


def test_nothing_is_allowed_to_everybody(all_statements):
    for place, statement in all_statements:
        if statement["Effect"] == "Allow" and "Principal" in statement:
            principal = statement["Principal"]
            assert list(principal) == ["Service"], place
            service = principal["Service"]
            assert service.removesuffix(".amazonaws.com") in ("lambda", "cloudwatch", "dms", "scheduler"), place


def test_only_functions_of_the_own_account_may_use_the_repository(all_statements):
    found = [statement for _, statement in all_statements if name_of(statement) == "FunctionsOfThisAccount"]
    assert len(found) == 2
    for statement in found:
        assert statement["Condition"] == {
            "ArnLike": {"aws:SourceArn": "arn:aws:lambda:eu-central-1:123456789012:function:rowtide*"}
        }


def test_a_key_is_used_through_the_service_that_it_belongs_to_only(all_statements):
    services = {}
    for _, statement in all_statements:
        if any(action.startswith("kms:") for action in listed(statement["Action"])):
            (service,) = listed(statement["Condition"]["StringEquals"]["kms:ViaService"])
            services.setdefault(name_of(statement), set()).add(service.split(".")[0])
    assert services == {
        "DecryptStream": {"kinesis", "dynamodb"},
        "DecryptSecret": {"secretsmanager"},
        "DecryptSourceSecret": {"secretsmanager"},
        "EncryptArchive": {"s3"},
    }


def test_only_alarms_of_the_own_account_may_publish(all_statements):
    for _, statement in all_statements:
        if name_of(statement) == "AlarmsOfThisAccount":
            assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


OF_EVERY_FUNCTION = {
    "sts:AssumeRole",
    "WriteLogs",
    "KeepFailures",
    "FindFailures",
    "ReadSecret",
    "EncryptedConnectionsOnly",
    "AlarmsOfThisAccount",
}


@pytest.mark.parametrize("folder", ["sam", "cloudformation"])
@pytest.mark.parametrize(
    ("deployment", "own"),
    [(STREAM, {"ReadKinesis"}), (SNAPSHOT, {"InvokeItself", "ReadSourceSecret"})],
    ids=["stream", "snapshot"],
)
def test_what_is_not_asked_for_is_not_allowed(deployment, own, folder):
    resources = deployment.stack(folder, deployment.scenarios[LEAST]).resources()
    assert {name_of(statement) for statement in statements(resources)} == OF_EVERY_FUNCTION | own


@pytest.mark.parametrize("folder", ["sam", "cloudformation"])
@pytest.mark.parametrize("deployment", BOTH, ids=["stream", "snapshot"])
def test_no_role_has_a_managed_policy(deployment, folder):
    for resource in deployment.stack(folder, deployment.scenarios[EVERYTHING]).resources().values():
        assert "ManagedPolicyArns" not in resource.get("Properties", {})
