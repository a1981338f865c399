"""`rowtide doctor` says the same of SAM, CloudFormation and Terraform, and finds nothing in what they are by default."""

import json
import subprocess
from pathlib import Path

import pytest

from scenarios import DEPLOY, SCENARIOS, for_cloudformation, for_terraform
from terraform_module import Module

ROWTIDE = Path(__file__).resolve().parents[2] / "target" / "debug" / "rowtide"

# what somebody chooses in a scenario, against advice
CHOSEN = {"everything that can be given": {"starting-position", "decoder-auto"}}


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
def module(tmp_path_factory):
    return Module(DEPLOY / "terraform", tmp_path_factory.mktemp("doctor"))


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


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_doctor_says_the_same_of_every_template(module, scenario):
    values = SCENARIOS[scenario]
    given = for_cloudformation(values).items()
    parameters = [argument for name, value in given for argument in ("--parameter", f"{name}={value}")]
    expected = sorted(CHOSEN.get(scenario, ()))
    for folder in ("sam", "cloudformation"):
        assert findings(*parameters, f"{folder}/template.yaml") == expected, folder
    assert findings("-", text=plan(module, values)) == expected, "terraform"


def test_the_doctor_bites_on_the_planned_module(module):
    values = SCENARIOS["the least that must be given"]
    text = plan(module, values)
    assert '"bisect_batch_on_function_error": true' in text
    text = text.replace('"bisect_batch_on_function_error": true', '"bisect_batch_on_function_error": false')
    assert findings("-", text=text) == ["bisect-off"]


def test_the_doctor_finds_nothing_in_the_other_templates():
    for folder in ("ecr", "dms"):
        assert findings(f"{folder}/template.yaml") == [], folder
