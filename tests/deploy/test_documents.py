"""docs/deploy.md and docs/runbook.md say what the templates and scripts say."""

import json
import re
import shlex
import subprocess

import pytest

import cloudformation_template as cloudformation
from cloudformation_template import Stack
from deployments import BOTH, SNAPSHOT, STREAM, Deployment, every
from scenarios import DEPLOY, PARAMETERS, SNAPSHOT_PARAMETERS, for_cloudformation, for_terraform
from terraform_module import Module
from test_doctor import ROWTIDE
from test_policies import WILDCARDS, name_of, statements

DOCS = DEPLOY.parent / "docs"
GUIDE = (DOCS / "deploy.md").read_text()
RUNBOOK = (DOCS / "runbook.md").read_text()
METRICS = set(re.findall(r"^\| `([A-Z]\w+)` \|", (DOCS / "metrics.md").read_text(), re.MULTILINE))

SECTIONS = dict(re.findall(r"^## ([\w-]+)\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL))


# the alarms of the second function are called as those of the first, and mean something else
SECTION_OF = {STREAM.name: "", SNAPSHOT.name: "snapshot-"}
EVERYTHING = "everything that can be given"


def alarms_of(deployment: Deployment, folder: str) -> dict[str, str]:
    """Every alarm that the template can have, whatever its condition: the end of its name → its description."""
    template, values = deployment.template(folder), deployment.scenarios[EVERYTHING]
    stack = Stack(template, for_cloudformation(values))
    resources = template["Resources"].values()
    alarms = [resource["Properties"] for resource in resources if resource["Type"] == "AWS::CloudWatch::Alarm"]
    return {
        stack.resolve(alarm["AlarmName"]).removeprefix(f"{values['Name']}-"): alarm["AlarmDescription"]
        for alarm in alarms
    }


@pytest.mark.parametrize("folder", ["sam", "cloudformation"])
def test_every_alarm_has_its_section_in_the_runbook_and_every_section_its_alarm(folder):
    alarms = {
        SECTION_OF[deployment.name] + name: description
        for deployment in BOTH
        for name, description in alarms_of(deployment, folder).items()
    }
    assert list(SECTIONS) == list(alarms)
    for section, description in alarms.items():
        assert description.endswith(f"docs/runbook.md, {section}.")


@every
def test_the_alarms_of_terraform_have_their_sections_too(deployment, tmp_path):
    planned = Module(deployment.terraform, tmp_path).plan(**for_terraform(deployment.scenarios[EVERYTHING]))
    found = [alarm for (kind, _), alarms in planned.items() if "alarm" in kind for alarm in alarms]
    told = {alarm["alarm_description"].removesuffix(".").rsplit(" ", 1)[1] for alarm in found}
    assert told == {SECTION_OF[deployment.name] + name for name in alarms_of(deployment, "sam")}


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_says_what_it_means_what_to_look_at_and_how_to_mend_it(section):
    text = SECTIONS[section]
    assert re.search(r"\*\*Means\.\*\*.*\*\*Look at\.\*\*.*\*\*Mend\.\*\*", text, re.DOTALL)
    assert "```sh" in text


def first_column(text: str, mark: str) -> list[str]:
    """The names in the first column of the table behind a comment."""
    table = re.search(rf"<!-- {mark}:.*?-->\n\|.*?\n\|[-|]+\n((?:\|.*\n)+)", text)[1]
    return re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)


def test_the_guide_lists_every_alarm():
    assert first_column(GUIDE, "alarms") == list(alarms_of(STREAM, "cloudformation"))
    assert first_column(GUIDE, "snapshot alarms") == list(alarms_of(SNAPSHOT, "cloudformation"))


@pytest.mark.parametrize("file", ["sam/template.yaml", "cloudformation/template.yaml", "terraform/alarms.tf",
                                  "terraform/dashboard.json.tftpl"])
def test_every_metric_of_rowtide_that_is_watched_is_one(file):
    text = (DEPLOY / file).read_text()
    watched = re.findall(r'"Rowtide", "(\w+)"|Namespace: Rowtide\n +MetricName: (\w+)', text)
    watched += re.findall(r'namespace += "Rowtide"\n +metric += "(\w+)"()', text)
    named = {one or other for one, other in watched}
    assert "RecordsBackwards" in named and named <= METRICS


def test_the_runbook_tells_of_every_fault_of_a_table():
    # which a test in Rust keeps equal to the codes
    faults = first_column((DEPLOY.parent / "docs/dead-letters.md").read_text(), "faults")
    told = first_column(RUNBOOK, "codes")
    assert len(told) == len(set(told)) and set(told) == set(faults)


def commands_of(text: str) -> list[str]:
    """The commands of rowtide in a document, in its blocks and between backticks, without what follows a pipe."""
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    inline = re.findall(r"`(rowtide [a-z-]+ [^`]*)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    found = re.findall(r"^rowtide [a-z-]+ .*$", blocks, re.MULTILINE) + inline
    return sorted({re.split(r" [|#] ", command)[0].strip() for command in found})


@pytest.mark.parametrize("command", commands_of(GUIDE + RUNBOOK))
def test_every_command_that_is_named_is_understood(command):
    if not ROWTIDE.exists():
        pytest.skip(f"not run: {ROWTIDE} is not built (cargo build)")
    # what is not understood is refused before the help is shown
    asked = [ROWTIDE, *shlex.split(command)[1:], "--help"]
    ended = subprocess.run(asked, capture_output=True, text=True, env={})
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("mark", "listed"),
    # what is the same for both functions is told once
    [("parameters", PARAMETERS), ("snapshot parameters", [one for one in SNAPSHOT_PARAMETERS if one not in PARAMETERS])],
)
def test_the_table_of_parameters_is_the_file(mark, listed):
    table = re.search(rf"<!-- {mark}:.*?-->\n\| parameter .*?\n\|[-|]+\n(.*?)\n\n", GUIDE, re.DOTALL)[1]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()]
    assert [row[0].strip("`") for row in rows] == [parameter["name"] for parameter in listed]
    for row, parameter in zip(rows, listed, strict=True):
        default = parameter.get("default")
        shown = default if isinstance(default, str) else json.dumps(default)
        expected = "to be given" if default is None else "empty" if default in ("", []) else f"`{shown}`"
        assert row[1] == expected, parameter["name"]
        for value in parameter.get("allowed", []):
            assert (f"`{value}`" if value != "" else "empty") in row[2], parameter["name"]
        if "minimum" in parameter:
            assert row[2] == f"{parameter['minimum']} to {parameter['maximum']}"
        assert row[3].replace("\\|", "|") == parameter["meaning"]


@pytest.mark.parametrize("document", ["deploy.md", "runbook.md"])
def test_every_script_and_file_that_is_named_exists(document):
    text = (DOCS / document).read_text()
    named = set(re.findall(r"\b(?:deploy|scripts)/[\w./-]*\w", text))
    assert named, document
    for path in named:
        assert (DEPLOY.parent / path).exists(), path
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (DOCS / link).resolve().exists(), link


def test_every_script_is_told_of():
    for script in DEPLOY.rglob("*.sh"):
        assert str(script.relative_to(DEPLOY.parent)) in GUIDE, script.name


@pytest.mark.parametrize("block", re.findall(r"--parameter-overrides(.*?)```", GUIDE, re.DOTALL))
def test_every_parameter_that_is_given_exists(block):
    known = {parameter["name"] for parameter in PARAMETERS + SNAPSHOT_PARAMETERS}
    known |= set(cloudformation.read(DEPLOY / "dms" / "template.yaml")["Parameters"])
    assert set(re.findall(r"(\w+)=", block)) <= known


def statements_of(folder: str) -> list[dict]:
    """Every statement of both functions, in every scenario."""
    return [
        statement
        for deployment in BOTH
        for values in deployment.scenarios.values()
        for statement in statements(deployment.stack(folder, values).resources())
    ]


def test_every_parameter_that_is_named_in_the_text_exists():
    known = {parameter["name"] for parameter in PARAMETERS + SNAPSHOT_PARAMETERS}
    outputs = {name for deployment in BOTH for name in deployment.template("sam")["Outputs"]}
    named_statements = {name_of(statement) for statement in statements_of("sam")}
    others = {"ReportBatchItemFailures", "UseLargeIntegerValue", "RecursiveLoop"}
    named = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`", GUIDE + RUNBOOK))
    assert named <= known | outputs | named_statements | others | METRICS


def test_the_guide_lists_every_statement_of_the_roles():
    table = GUIDE.split("## What the function may do")[1]
    listed = set(re.findall(r"`([A-Z]\w+)`", "\n".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE))))
    made = {name_of(statement) for statement in statements_of("cloudformation") if "Principal" not in statement}
    assert listed == made
    for name in set(WILDCARDS) & made:
        assert re.search(rf"`{name}`.*`\*`", table), name


def test_the_first_block_of_the_runbook_names_outputs_of_the_templates():
    outputs = set(cloudformation.read(DEPLOY / "sam" / "template.yaml")["Outputs"])
    named = set(re.findall(r"# (\w+)$", RUNBOOK.split("```")[1], re.MULTILINE))
    assert named <= outputs and "FunctionName" in named


def test_every_base_image_is_an_argument_whose_digest_the_guide_pins():
    dockerfile = (DEPLOY.parent / "Dockerfile").read_text()
    images = dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", dockerfile, re.MULTILINE))
    based_on = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    stages = {*re.findall(r"^FROM \S+ AS (\S+)", dockerfile, re.MULTILINE), "scratch"}
    assert {base for base in based_on if re.sub(r"\$\{CERTIFICATES.*", "", base) not in stages} == {
        f"${{{name}}}" for name in images
    }
    for name, reference in images.items():
        assert f"\n{name}={reference}\n" in GUIDE
        assert f'--build-arg {name}="${name}@$(digest "${name}")"' in GUIDE


def test_what_ci_installs_has_a_version():
    root = DEPLOY.parent
    for file in [".ci/run", "justfile", "tests/install", "tests/sources/install"]:
        text = (root / file).read_text()
        for crates in re.findall(r"cargo install ([^\n]*)", text):
            assert re.search(r"@(\$\w+|[\d.]+)\"?$", crates), f"{file}: {crates}"
    pinned = re.search(r"^deny=(\S+)$", (root / ".ci/run").read_text(), re.MULTILINE)[1]
    assert f"cargo-deny@{pinned}" in (root / "justfile").read_text()
