"""What the tests of deploy/ share."""

import os
import socket
import subprocess
import sys
import time
import venv
from pathlib import Path

import boto3
import pytest

sys.path.insert(0, str(Path(__file__).parent))

ROOT = Path(__file__).resolve().parents[2]
CHECKOV = "checkov==3.3.30"


@pytest.fixture(scope="session")
def checkov():
    """The command, in an environment of its own: it pins an old boto3. Fetched when it is missing."""
    place = ROOT / "target" / "tools" / CHECKOV.replace("==", "-")
    python, ready = place / "bin" / "python", place / "ready"
    if not ready.exists():
        venv.create(place, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", CHECKOV], check=True)
        ready.touch()
    return [python, "-m", "checkov.main"]


class Cloud:
    """A local AWS, and a place where scripts run against it, with commands of ours before all others."""

    def __init__(self, place: Path):
        self.place = place
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.bin = place / "bin"
        self.bin.mkdir()
        # no setting of the caller's reaches a script: what it has, it has from the function
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ROWTIDE_")},
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true",
            "PATH": f"{self.bin}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        # it would listen for MQTT on every address otherwise
        own = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0"}
        self.log = (place / "ministack.log").open("w")
        self.process = subprocess.Popen(
            [Path(sys.executable).parent / "ministack"],
            env={**self.environment, **own},
            cwd=place,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        for _ in range(150):
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.2)
        raise RuntimeError((place / "ministack.log").read_text())

    def client(self, service: str):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="eu-central-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def command(self, name: str, text: str) -> None:
        """Puts a command of ours in the place of one that cannot be had here."""
        (self.bin / name).write_text(f"#!{sys.executable}\n{text}")
        (self.bin / name).chmod(0o755)

    def run(self, script: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [ROOT / "deploy" / script, *arguments],
            env={**self.environment, **variables},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    yield cloud
    cloud.stop()
