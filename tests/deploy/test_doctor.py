"""`rowtide doctor` says the same of SAM, CloudFormation and Terraform, and finds nothing in what they are by default."""

import json
import subprocess
from pathlib import Path

import pytest

from deployments import BOTH, SNAPSHOT, STREAM, every_scenario
from scenarios import DEPLOY, for_cloudformation, for_terraform
from terraform_module import Module

ROWTIDE = Path(__file__).resolve().parents[2] / "target" / "debug" / "rowtide"

# what somebody chooses in a scenario, against advice
LEAST = "the least that must be given"
CHOSEN = [(STREAM.scenarios["everything that can be given"], {"starting-position", "decoder-auto"})]


def findings(*arguments: str, text: str | None = None) -> list[str]:
    if not ROWTIDE.exists():
        pytest.skip(f"not run: {ROWTIDE} is not built (cargo build)")
    ended = subprocess.run(
        [ROWTIDE, "doctor", "--output", "json", *arguments],
        input=text, capture_output=True, text=True, cwd=DEPLOY, env={},
    )
    assert ended.returncode in (0, 1), ended.stderr
    return sorted({finding["rule"] for finding in json.loads(ended.stdout)["findings"]})


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """The module of each deployment, by its name."""
    return {
        deployment.name: Module(deployment.terraform, tmp_path_factory.mktemp(deployment.name)) for deployment in BOTH
    }


def plan(module: Module, values: dict) -> str:
    """What `terraform show -json` would say of the module's plan."""
    resources = []
    for (kind, name), instances in module.plan(**for_terraform(values)).items():
        if kind == "output":
            continue
        for attributes in instances:
            address = f"module.rowtide.{kind}.{name}"
            told = {"arn": f"<{kind}.{name}.arn>", "stream_arn": f"<{kind}.{name}.stream_arn>"}
            attributes = {key: value for key, value in attributes.items() if key != "@key"}
            values = {"mode": "managed", "values": told | attributes}
            resources.append({"address": address, "type": kind, "name": name, **values})
    modules = [{"address": "module.rowtide", "resources": resources}]
    return json.dumps({"format_version": "1.2", "planned_values": {"root_module": {"child_modules": modules}}})


@every_scenario
def test_the_doctor_says_the_same_of_every_template(modules, deployment, values):
    given = for_cloudformation(values).items()
    parameters = [argument for name, value in given for argument in ("--parameter", f"{name}={value}")]
    expected = sorted(rule for chosen, rules in CHOSEN if chosen is values for rule in rules)
    for folder in ("sam", "cloudformation"):
        assert findings(*parameters, f"{folder}/{deployment.file}") == expected, folder
    assert findings("-", text=plan(modules[deployment.name], values)) == expected, "terraform"


@pytest.mark.parametrize(
    ("deployment", "right", "wrong", "rule"),
    [
        (STREAM, '"bisect_batch_on_function_error": true', '"bisect_batch_on_function_error": false', "bisect-off"),
        (SNAPSHOT, '"recursive_loop": "Allow"', '"recursive_loop": "Terminate"', "recursive-loop"),
        (SNAPSHOT, '"destination": "<aws_s3_bucket.failures.arn>"', '"destination": null', "no-event-destination"),
    ],
    ids=["stream", "recursion", "destination"],
)
def test_the_doctor_bites_on_the_planned_module(modules, deployment, right, wrong, rule):
    text = plan(modules[deployment.name], deployment.scenarios[LEAST])
    assert right in text
    assert findings("-", text=text.replace(right, wrong)) == [rule]


def test_the_doctor_finds_nothing_in_the_other_templates():
    for folder in ("ecr", "dms"):
        assert findings(f"{folder}/template.yaml") == [], folder
