"""What deploy/ makes, three ways each: the function of streams, and that of snapshots."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

import cloudformation_template as cloudformation
import same_snapshot
import same_stream
import scenarios
from cloudformation_template import Stack
from scenarios import DEPLOY, for_cloudformation


@dataclass(frozen=True)
class Deployment:
    """Two templates and a module that make the same, their parameters, and the scenarios they are compared for."""

    name: str
    file: str
    terraform: Path
    parameters: list
    scenarios: dict
    refused: dict
    same: ModuleType

    def template(self, folder: str) -> dict:
        return cloudformation.read(DEPLOY / folder / self.file)

    def plain_stack(self, values: dict) -> Stack:
        return Stack(self.template("cloudformation"), for_cloudformation(values))

    def sam_stack(self, values: dict) -> Stack:
        given = for_cloudformation(values)
        return Stack(cloudformation.from_sam(self.template("sam"), given), given)

    def stack(self, folder: str, values: dict) -> Stack:
        return self.sam_stack(values) if folder == "sam" else self.plain_stack(values)


STREAM = Deployment(
    "stream",
    "template.yaml",
    DEPLOY / "terraform",
    scenarios.PARAMETERS,
    scenarios.SCENARIOS,
    scenarios.REFUSED,
    same_stream,
)
SNAPSHOT = Deployment(
    "snapshot",
    "snapshot.yaml",
    DEPLOY / "terraform" / "snapshot",
    scenarios.SNAPSHOT_PARAMETERS,
    scenarios.SNAPSHOT_SCENARIOS,
    scenarios.SNAPSHOT_REFUSED,
    same_snapshot,
)
BOTH = [STREAM, SNAPSHOT]

every = pytest.mark.parametrize("deployment", BOTH, ids=lambda deployment: deployment.name)
every_scenario = pytest.mark.parametrize(
    ("deployment", "values"),
    [
        pytest.param(deployment, values, id=f"{deployment.name}: {name}")
        for deployment in BOTH
        for name, values in deployment.scenarios.items()
    ],
)
every_parameter = pytest.mark.parametrize(
    ("deployment", "parameter"),
    [
        pytest.param(deployment, parameter, id=f"{deployment.name}: {parameter['name']}")
        for deployment in BOTH
        for parameter in deployment.parameters
    ],
)
