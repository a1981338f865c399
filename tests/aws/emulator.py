"""A compiled function behind AWS's own Lambda runtime interface emulator (RIE), which `aws-sam-cli` brings along.

The emulator serves one function and one request at a time; a second one at once would end it.
"""

import json
import os
import platform
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from processes import INSTALL, TOOLS, Process, descendants, environment, free_port, program, runs

ARCHITECTURE = {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine())
EMULATOR = TOOLS / f"emulator/samcli/local/rapid/aws-lambda-rie-{ARCHITECTURE}"
# No invocation here takes longer.
ANSWER_S = 120


class FunctionError(Exception):
    """The function answered with an error, or could not start."""

    def __init__(self, body, status):
        super().__init__(body)
        self.status = status
        error = json.loads(body)
        self.type, self.message = error["errorType"], error["errorMessage"]


class TimedOut(Exception):
    """The function had not answered when its time was over."""


class Endpoint:
    """The address of an emulator, wherever that runs."""

    def __init__(self, url):
        self.url = url

    def raw(self, event):
        """Status and body of the emulator's answer to an event: bytes, or what becomes JSON."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        request = urllib.request.Request(f"{self.url}/2015-03-31/functions/function/invocations", data=body)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            raise RuntimeError(f"The emulator does not answer: {error}\n{self.output()[-4000:]}") from error

    def invoke(self, event):
        """The answer to an event, as JSON."""
        status, body = self.raw(event)
        if "Task timed out after" in body:
            raise TimedOut(body)
        # the emulator tells an error of the function with 200 as well
        if body.startswith('{"errorType"'):
            raise FunctionError(body, status)
        try:
            return json.loads(body)
        except json.JSONDecodeError:
            raise RuntimeError(f"The emulator answered {status} {body!r}\n{self.output()[-4000:]}") from None

    def output(self):
        """What the emulator and the function wrote, as far as it can be read here."""
        return ""

    def lines(self):
        """What the function logged: its lines of JSON. The emulator's own lines are none."""
        return [json.loads(line) for line in self.output().splitlines() if line.startswith("{")]

    def summaries(self):
        """One line an invocation."""
        return [line for line in self.lines() if line.get("message") in ("Batch done.", "Batch failed.")]


class Function(Endpoint):
    def __init__(self, log, timeout_s=60, cwd=None, **variables):
        if not EMULATOR.exists():
            raise FileNotFoundError(f"{EMULATOR} is not there: {INSTALL}.")
        EMULATOR.chmod(0o755)
        self.port, runtime_api = free_port(), free_port()
        super().__init__(f"http://127.0.0.1:{self.port}")
        command = [EMULATOR, "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}"]
        command += ["--runtime-api-address", f"127.0.0.1:{runtime_api}", "--log-level", "error", program("rowtide-stream")]
        own = {
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_s),
            "AWS_LAMBDA_FUNCTION_NAME": "rowtide-test",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        }
        self.process = Process(command, log, cwd=cwd, **(own | variables))
        # it takes invocations before the function could ask for one
        self.process.wait_for(runtime_api)
        self.process.wait_for(self.port)

    def pid(self):
        """The function's own process. It is there from the first invocation on."""
        (child,) = descendants(self.process.child.pid)
        return child

    def terminate(self, with_signal=signal.SIGTERM):
        """Asks the function's process to end, as Lambda does, and waits until it has."""
        pid = self.pid()
        os.kill(pid, with_signal)
        end = time.monotonic() + 10
        while runs(pid):
            assert time.monotonic() < end, f"the function outlived {with_signal!r}:\n{self.output()}"
            time.sleep(0.01)

    def output(self):
        """Everything that the emulator and the function wrote."""
        return self.process.output()

    def stop(self):
        self.process.stop()


def rowtide(*arguments, cwd=None, **variables):
    """Runs the command and returns what it wrote to stdout; anything but status 0 is an error."""
    done = subprocess.run(
        [program("rowtide"), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=ANSWER_S,
        cwd=cwd,
        env=environment(**variables),
    )
    assert done.returncode == 0, f"rowtide {arguments}: status {done.returncode}\n{done.stderr}{done.stdout}"
    return done.stdout
