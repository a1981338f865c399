"""The repository of images, and the task of AWS DMS."""

import json
import re

import cloudformation_template as cloudformation
from cloudformation_template import Stack
from scenarios import DEPLOY, DMS
from terraform_module import Module


def dms() -> dict:
    return Stack(cloudformation.read(DEPLOY / "dms" / "template.yaml"), DMS).resources()


def test_the_two_templates_of_the_repository_are_equal(tmp_path):
    stack = Stack(cloudformation.read(DEPLOY / "ecr" / "template.yaml"), {})
    ours, planned = stack.resources()["Repository"]["Properties"], Module(DEPLOY / "ecr", tmp_path).plan()
    kinds = ("aws_ecr_repository", "aws_ecr_lifecycle_policy", "aws_ecr_repository_policy")
    ((repository,), (lifecycle,), (policy,)) = (planned[kind, "this"] for kind in kinds)
    assert repository["name"] == ours["RepositoryName"] == "rowtide"
    assert repository["image_tag_mutability"] == ours["ImageTagMutability"] == "IMMUTABLE"
    assert repository["image_scanning_configuration"][0]["scan_on_push"] is True
    assert ours["ImageScanningConfiguration"]["ScanOnPush"] is True
    assert repository["encryption_configuration"][0]["encryption_type"] == "AES256"
    assert ours["EncryptionConfiguration"] == {"EncryptionType": "AES256"}
    text = ours["LifecyclePolicy"]["LifecyclePolicyText"]
    assert json.loads(text) == json.loads(lifecycle["policy"])
    assert json.loads(policy["policy"]) == ours["RepositoryPolicyText"]


def test_the_task_has_the_settings_of_the_file():
    settings = json.loads(dms()["Task"]["Properties"]["ReplicationTaskSettings"])
    assert settings == json.loads((DEPLOY / "dms" / "task-settings.json").read_text())


def test_the_task_sends_before_images_and_keeps_the_order_of_each_row():
    settings = json.loads(dms()["Task"]["Properties"]["ReplicationTaskSettings"])
    assert settings["BeforeImageSettings"] == {
        "EnableBeforeImage": True,
        "FieldName": "before-image",
        "ColumnFilter": "all",
    }
    # these make the primary key the partition key
    for name in ("ParallelApplyThreads", "ParallelApplyQueuesPerThread", "ParallelLoadThreads"):
        assert settings["TargetMetadata"][name] > 0
    # a task that leaves out a row it cannot send would lose it without a sign
    assert settings["ErrorBehavior"]["DataErrorPolicy"] == "STOP_TASK"


def test_the_endpoint_has_the_settings_that_the_formats_ask_for():
    asked = (DEPLOY.parent / "docs" / "formats.md").read_text().split("## AWS DMS")[1].split("\n## ")[0]
    needed = set(re.findall(r"^\| `(\w+)` \| true \|", asked, re.MULTILINE))
    settings = dms()["Target"]["Properties"]["KinesisSettings"]
    made = {name for name, value in settings.items() if value is True}
    # CloudFormation does not know this one; the script that starts the task makes it
    assert "UseLargeIntegerValue=true" in (DEPLOY / "dms" / "start.sh").read_text()
    assert needed <= made | {"UseLargeIntegerValue"}


def test_the_table_mappings_are_json_and_take_what_the_parameters_say():
    (rule,) = json.loads(dms()["Task"]["Properties"]["TableMappings"])["rules"]
    assert rule["object-locator"] == {"schema-name": "public", "table-name": "%"}
