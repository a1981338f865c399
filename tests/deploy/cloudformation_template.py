"""Reads templates of CloudFormation, turns SAM into it, and evaluates conditions and functions for given parameters."""

import copy
import os
import re
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

PSEUDO = {
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "stack",
}
NOTHING = object()


class NoManagedPolicies:
    """Our templates name no managed policy, so there is nothing to load from AWS."""

    def load(self):
        return {}


def read(path: Path) -> dict:
    return yaml_parse(path.read_text())


def from_sam(template: dict, values: dict) -> dict:
    """What AWS makes of a SAM template."""
    return transform(copy.deepcopy(template), dict(values), NoManagedPolicies())


def rename(value, names: dict):
    """The template with other names of resources, also where they are referred to."""
    if isinstance(value, dict):
        if set(value) == {"Ref"}:
            return {"Ref": names.get(value["Ref"], value["Ref"])}
        if set(value) == {"Fn::GetAtt"} and isinstance(value["Fn::GetAtt"], list):
            resource, *rest = value["Fn::GetAtt"]
            return {"Fn::GetAtt": [names.get(resource, resource), *rest]}
        return {names.get(key, key): rename(item, names) for key, item in value.items()}
    return [rename(item, names) for item in value] if isinstance(value, list) else value


class Stack:
    """A template with values for its parameters."""

    def __init__(self, template: dict, values: dict):
        self.template = template
        self.values = {}
        for name, parameter in template["Parameters"].items():
            value = values.get(name, parameter.get("Default"))
            if value is None:
                raise KeyError(f"{name} has no default and was not given")
            is_list = parameter["Type"] == "CommaDelimitedList"
            self.values[name] = [part for part in str(value).split(",") if part] if is_list else str(value)

    def condition(self, name: str) -> bool:
        return self.test(self.template["Conditions"][name])

    def test(self, expression: dict) -> bool:
        ((function, arguments),) = expression.items()
        match function:
            case "Condition":
                return self.condition(arguments)
            case "Fn::Equals":
                left, right = (self.resolve(argument) for argument in arguments)
                return str(left) == str(right)
            case "Fn::Not":
                return not self.test(arguments[0])
            case "Fn::And":
                return all(self.test(argument) for argument in arguments)
            case "Fn::Or":
                return any(self.test(argument) for argument in arguments)
        raise ValueError(f"{function} is no condition")

    def broken_rules(self) -> list[str]:
        broken = []
        for rule in self.template.get("Rules", {}).values():
            if "RuleCondition" in rule and not self.test(rule["RuleCondition"]):
                continue
            broken += [a["AssertDescription"] for a in rule["Assertions"] if not self.test(a["Assert"])]
        return broken

    def resources(self) -> dict:
        """The resources that this stack has, without conditions and functions."""
        there = {}
        for name, resource in self.template["Resources"].items():
            if "Condition" in resource and not self.condition(resource["Condition"]):
                continue
            there[name] = {key: self.resolve(value) for key, value in resource.items() if key != "Condition"}
        return there

    def outputs(self) -> dict:
        outputs = self.template.get("Outputs", {}).items()
        made = {name: output for name, output in outputs if "Condition" not in output or self.condition(output["Condition"])}
        return {name: self.resolve(output["Value"]) for name, output in made.items()}

    def resolve(self, value):
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, arguments),) = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self.call(function, arguments)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NOTHING}

    def call(self, function: str, arguments):
        match function:
            case "Ref":
                return self.ref(arguments)
            case "Fn::If":
                return self.resolve(arguments[1] if self.condition(arguments[0]) else arguments[2])
            case "Fn::GetAtt":
                return f"<{'.'.join(arguments) if isinstance(arguments, list) else arguments}>"
            case "Fn::Join":
                return arguments[0].join(self.resolve(arguments[1]))
            case "Fn::Sub":
                return re.sub(r"\$\{([\w.:]+)\}", lambda found: self.name(found[1]), arguments)
        raise ValueError(f"{function} is not evaluated here")

    def name(self, name: str) -> str:
        return f"<{name}>" if "." in name else str(self.ref(name))

    def ref(self, name: str):
        if name == "AWS::NoValue":
            return NOTHING
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.values:
            return self.values[name]
        resource = self.template["Resources"][name]
        named = {"AWS::Logs::LogGroup": "LogGroupName", "AWS::Lambda::Function": "FunctionName"}.get(resource["Type"])
        return self.resolve(resource["Properties"][named]) if named else f"<{name}>"
