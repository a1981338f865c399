"""Servers as child processes: on loopback, on free ports, stopped with everything that they started."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "target/tools"
INSTALL = "run tests/install"
# A server that needs longer will never come.
PATIENCE_S = 60
# The ports that were given to somebody already.
GIVEN = set()
# What the AWS SDK wants to hear; the emulators accept anybody.
AWS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_SESSION_TOKEN": "test",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def free_port():
    """A port on which nobody listens, and which no outgoing connection gets: those take higher ones."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in GIVEN:
            GIVEN.add(port)
            return port


def environment(**variables):
    """Nothing of the caller's environment but where programs are found; and `variables`."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8", **variables}


def program(name):
    """The compiled `name`: of the folder ROWTIDE_TEST_BINARIES, else of the debug build."""
    path = Path(os.environ.get("ROWTIDE_TEST_BINARIES", ROOT / "target/debug")) / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: run `cargo build --locked --bins`.")
    return path


def tool(*candidates):
    """The first of `candidates` that exists: a path, or the name of a program."""
    for candidate in candidates:
        if Path(candidate).exists():
            return str(candidate)
        if "/" not in str(candidate) and shutil.which(str(candidate)):
            return shutil.which(str(candidate))
    raise FileNotFoundError(f"{candidates[0]} is not installed: {INSTALL}.")


def descendants(pid):
    """The ids of the processes that `pid` has started, and those of theirs."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found


def runs(pid):
    """Whether the process is there and has not ended: one that nobody has waited for yet has ended too."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:  # it is gone, or goes between the opening and the reading of the file
        return False


class Process:
    """A running program. What it writes is in the file `log`."""

    def __init__(self, command, log, cwd=None, **variables):
        self.command, self.log = [str(word) for word in command], Path(log)
        with self.log.open("ab") as output:
            self.child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=environment(**variables),
            )

    def output(self):
        return self.log.read_text(errors="replace")

    def wait_for(self, port):
        """Waits until it listens."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            if self.child.poll() is not None:
                break
            time.sleep(0.02)
        status = self.child.poll()
        self.stop()
        what = f"ended with status {status}" if status is not None else f"did not listen within {PATIENCE_S} s"
        raise RuntimeError(f"{self.command[0]} {what}:\n{self.output()[-4000:]}")

    def stop(self):
        """Ends it and what it started. Nothing here keeps data, so nobody is asked."""
        running = descendants(self.child.pid)
        self.child.kill()
        self.child.wait()
        for pid in running:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
