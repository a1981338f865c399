"""What the tests of deploy/ share."""

import subprocess
import sys
import venv
from pathlib import Path

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
