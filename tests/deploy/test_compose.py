"""docker-compose.yml, as far as it can be looked at without Docker."""

import copy
import re
from pathlib import Path

import pytest
import trial
import yaml

ROOT = Path(__file__).resolve().parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
# a registry, a name, and a version in digits
IMAGE = re.compile(r"[\w.]+/[\w/-]+:\d[\d.]*")


def problems(services):
    arguments = set(re.findall(r"^ARG (\w+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    found = []
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            if other not in services:
                found.append(f"{name} depends on {other}, which is not there")
            elif how["condition"] == "service_healthy" and "healthcheck" not in services[other]:
                found.append(f"{name} waits for the health of {other}, which nobody checks")
        addresses = [*service.get("command", []), *service.get("environment", {}).values()]
        for other in re.findall(r"(?://|@)([a-z]+):\d+", " ".join(addresses)):
            if other not in service.get("depends_on", {}):
                found.append(f"{name} does not wait for {other}")
        for port in service.get("ports", []):
            if not re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port):
                found.append(f"{name} publishes {port}, not on loopback only")
        build = service.get("build")
        if not build and not IMAGE.fullmatch(service["image"]):
            found.append(f"{name} takes {service['image']}, which may be another image tomorrow")
        for argument in build.get("args", {}) if isinstance(build, dict) else []:
            if argument not in arguments:
                found.append(f"{name} is built with {argument}, which the Dockerfile does not know")
        for volume in service.get("volumes", []):
            if not (ROOT / volume.split(":")[0]).exists():
                found.append(f"{name} mounts {volume}, which is not there")
    return found


def test_the_services_fit_together_and_are_on_loopback_only():
    assert problems(SERVICES) == []


@pytest.mark.parametrize(
    ("service", "change", "problem"),
    [
        ("mapping", {"depends_on": {"queue": {"condition": "service_started"}}}, "queue, which is not there"),
        ("mapping", {"depends_on": {"function": {"condition": "service_healthy"}}}, "which nobody checks"),
        ("mapping", {"environment": {"ROWTIDE_TRIAL_KINESIS": "http://nobody:1"}}, "does not wait for nobody"),
        ("postgres", {"ports": ["24600:5432"]}, "not on loopback only"),
        ("postgres", {"ports": ["0.0.0.0:24600:5432"]}, "not on loopback only"),
        ("moto", {"image": "docker.io/motoserver/moto:latest"}, "another image tomorrow"),
        ("moto", {"image": "docker.io/motoserver/moto"}, "another image tomorrow"),
        ("function", {"build": {"context": ".", "args": {"PROCESS": "x"}}}, "the Dockerfile does not know"),
        ("mapping", {"volumes": ["./tests/none:/rowtide:ro"]}, "mounts ./tests/none"),
    ],
)
def test_what_does_not_fit_is_found(service, change, problem):
    services = copy.deepcopy(SERVICES)
    services[service] |= change
    assert any(problem in line for line in problems(services))


def test_ports_and_versions_are_those_of_the_trial_without_docker():
    published = [port.split(":")[1] for service in SERVICES.values() for port in service.get("ports", [])]
    assert published == [str(trial.PORT + number) for number in range(3)]
    version = lambda file, name: re.search(rf"{name}(?:==|@)([\d.]+)", (ROOT / file).read_text())[1]  # noqa: E731
    for service in ("moto", "mapping"):
        assert SERVICES[service]["image"].endswith(":" + version("tests/requirements.txt", r"moto\[server\]"))
    assert SERVICES["kinesis"]["image"].endswith(":" + version("tests/install", "kinesis-local"))
    assert SERVICES["postgres"]["environment"]["POSTGRES_DB"] == trial.DATABASE


def test_what_the_environment_says_is_read():
    documented = (ROOT / "docs/configuration.md").read_text()
    for name in SERVICES["function"]["environment"]:
        assert f"`{name}`" in documented or name == "AWS_LAMBDA_FUNCTION_TIMEOUT"
    script = (ROOT / "tests/aws/trial.py").read_text()
    for name in SERVICES["mapping"]["environment"]:
        assert f'"{name}"' in script or name == "PYTHONDONTWRITEBYTECODE"
