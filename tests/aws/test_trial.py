"""The local trial, as somebody starts it who has just come: scripts/trial, and what it says is to be typed."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import pytest
import trial
from database import exact
from processes import ROOT, Process, descendants, environment, free_port, runs
from psycopg import connect

# What starts here has started by then, also on a machine that has other things to do.
PATIENCE_S = 60
READY = "Ctrl-C ends it"


def three_ports():
    """The first of three free ones in a row."""
    while True:
        first = free_port()
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", first + 1))
                other.bind(("127.0.0.1", first + 2))
                return first
            except OSError:
                continue


def until(holds):
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


class Terminal:
    """One in which the trial runs."""

    def __init__(self, folder, *arguments):
        self.folder, self.port, self.log = folder, three_ports(), folder / "terminal"
        self.environment = {
            # nothing is built
            "ROWTIDE_TEST_BINARIES": str(ROOT / "target/debug"),
            **os.environ,
            # its folders are in this one
            "TMPDIR": str(folder),
            # there is a command `aws`
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        with self.log.open("w") as output:
            self.child = subprocess.Popen(
                [ROOT / "scripts/trial", "--port", str(self.port), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=self.environment,
            )

    def output(self):
        return self.log.read_text()

    def wait_for(self, text):
        until(lambda: text in self.output() or self.child.poll() is not None)
        assert text in self.output()

    def type(self, command):
        """In a second terminal, in the repository's folder."""
        done = subprocess.run(["sh", "-ec", command], capture_output=True, text=True, cwd=ROOT, env=self.environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self, table):
        with connect(host="127.0.0.1", port=self.port, user="postgres", dbname=trial.DATABASE) as connection:
            if connection.execute("select to_regclass(%s)", [table]).fetchone()[0] is None:
                return None
            return [exact(data) for (data,) in connection.execute(f"select data::text from {table}")]

    def end(self, with_signal):
        started = descendants(self.child.pid)
        self.child.send_signal(with_signal)
        assert self.child.wait(PATIENCE_S) == 0, self.output()
        assert "everything is stopped and removed" in self.output()
        assert [pid for pid in started if runs(pid)] == []
        self.require_nothing_left()

    def require_nothing_left(self):
        for port in range(self.port, self.port + 3):
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port)) != 0, f"somebody still listens on {port}"
        assert [path.name for path in self.folder.iterdir()] == [self.log.name]


@pytest.fixture
def terminal():
    # no folder of pytest's: PostgreSQL runs as another user when the tests run as root
    folder = Path(tempfile.mkdtemp(prefix="rowtide-test-"))
    folder.chmod(0o755)
    opened = []
    yield lambda *arguments: opened.append(Terminal(folder, *arguments)) or opened[-1]
    for one in opened:
        if one.child.poll() is None:
            one.child.terminate()
            one.child.wait(PATIENCE_S)
    shutil.rmtree(folder)


def test_the_check_puts_changes_and_deletes_and_finds_the_rows(terminal):
    checked = terminal("--check")
    assert checked.child.wait(PATIENCE_S) == 0, checked.output()
    assert checked.output().count("the rows are right after") == 6
    assert re.search(r"DynamoDB stream of orders: 1 received, 1 applied, 0 stale, 0 parked", checked.output())
    checked.require_nothing_left()


def test_what_it_says_is_to_be_typed_works_and_it_ends_when_the_terminal_closes(terminal):
    running = terminal()
    running.wait_for(READY)
    blocks = re.findall(r"(?:^    .*\n)+", running.output(), re.MULTILINE)
    put, others, look = blocks
    change, record, delete = others.splitlines()
    running.type(put)
    until(lambda: running.rows("orders") == [{"state": "open", "total": Decimal("12.50")}])
    running.type(change)
    until(lambda: running.rows("orders") == [{"state": "paid", "total": Decimal("12.50")}])
    running.type(record)
    until(lambda: running.rows("customers") == [{"name": "Ada"}])
    status = look.splitlines()[1]
    assert "│ orders " in running.type(status)
    running.type(delete)
    until(lambda: running.rows("orders") == [])
    assert running.output().count(" 1 received, 1 applied") == 4
    running.end(signal.SIGHUP)


def test_a_signal_while_it_starts_leaves_nothing_behind(terminal):
    running = terminal()
    # the first server is on its way
    until(lambda: len(list(running.folder.iterdir())) == 3)
    running.end(signal.SIGTERM)
    assert READY not in running.output()


def test_a_port_that_is_taken_is_named(terminal):
    first = three_ports()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first + 2))
        taken.listen()
        refused = terminal("--port", str(first))
        assert refused.child.wait(PATIENCE_S) == 1
    assert f"Port {first + 2} is taken." in refused.output()
    assert "Traceback" not in refused.output()


def test_without_a_trial_a_put_says_so(terminal):
    refused = terminal("put", "orders", '{"id": "o-1"}')
    assert refused.child.wait(PATIENCE_S) == 1
    assert "Does the trial run" in refused.output() and "Traceback" not in refused.output()


def test_beside_servers_of_somebody_else_it_only_follows_as_in_docker_compose(
    moto, kinesis, function, database, tmp_path
):
    running = function(timeout_s=10, ROWTIDE_SINK_URL=database.url())
    # the image there does not have this package
    script = "import runpy, sys; sys.modules['psycopg'] = None; runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    command = [sys.executable, "-c", script, ROOT / "tests/aws/trial.py"]
    variables = {
        "PYTHONPATH": str(ROOT / "tests/aws"),
        "ROWTIDE_TRIAL_DYNAMODB": moto.url,
        "ROWTIDE_TRIAL_KINESIS": kinesis.url,
    }
    following = Process([*command, "follow", running.url], tmp_path / "following", **variables)
    try:
        until(lambda: "docker compose exec mapping" in following.output())
        for count, table in enumerate(["orders", "customers"], 1):
            subprocess.run([*command, "put", table, '{"id": "a", "n": 1}'], check=True, env=environment(**variables))
            until(lambda: following.output().count(": 1 received, none reported") == count)  # noqa: B023
            assert database.keyed(f"public.{table}") == [{"id": "a", "n": 1}]
        following.child.terminate()
        assert following.child.wait(PATIENCE_S) == 0
    finally:
        following.stop()
