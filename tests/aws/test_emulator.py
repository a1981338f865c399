"""The compiled functions behind AWS's runtime interface emulator, invoked with the files of events/."""

import base64
import json
import re
import signal
import time

import pytest
from database import exact
from emulator import FunctionError
from processes import ROOT

EVENTS = ROOT / "events"
CASES = sorted(str(path.relative_to(EVENTS).with_suffix("")) for path in EVENTS.glob("*/*.json"))
COUNTS = ("received", "applied", "stale", "parked", "reported")


def event(case):
    return (EVENTS / f"{case}.json").read_bytes()


class Golden:
    """What tests/golden says of a case. Of long lists it has a digest only: then `rows` is None."""

    def __init__(self, case):
        text = (ROOT / f"tests/golden/{case}.response").read_text()
        member = lambda name: exact(re.search(f'^  "{name}": (.*?),?$', text, re.MULTILINE)[1])  # noqa: E731
        self.counts = {name: int(member(name)) for name in COUNTS}
        self.ignored = int(sum(member("ignored").values()))
        self.response = member("response")
        self.failure = member("failure") if '\n  "failure": ' in text else None
        try:
            whole = exact(text)
        except json.JSONDecodeError:
            assert " more; SHA-256 of all " in text, case
            self.rows = self.tombstones = None
        else:
            self.rows, self.tombstones = whole["rows"], whole["tombstones"]


def settings(case, database):
    variables = {"ROWTIDE_SINK_URL": database.url()}
    if (EVENTS / f"{case}.toml").exists():
        variables["ROWTIDE_CONFIG"] = str(EVENTS / f"{case}.toml")
    return variables


@pytest.fixture(scope="module")
def reused(server):
    return server.database()


@pytest.mark.parametrize("case", CASES)
def test_every_event_leaves_the_answer_the_counts_and_the_rows_of_its_golden(case, function, reused):
    golden, database = Golden(case), reused
    database.empty()
    for target in golden.rows or {}:
        database.query(f'create schema if not exists "{target.split(".")[0]}"')
    payload = event(case)
    running = function(**settings(case, database))
    if golden.failure:
        with pytest.raises(FunctionError) as error:
            running.invoke(payload)
        assert error.value.message == golden.failure
        assert golden.response is None
    else:
        assert exact(json.dumps(running.invoke(payload))) == golden.response
    (summary,) = running.summaries()
    assert {name: summary[name] for name in COUNTS} == golden.counts
    assert summary["ignored"] == golden.ignored
    if golden.rows is None:
        return
    targets = database.targets()
    assert {target: database.rows(target) for target in targets if database.rows(target)} == golden.rows
    gone = {target: database.tombstones(target) for target in targets if database.tombstones(target)}
    assert gone == {target: set(keys) for target, keys in golden.tombstones.items()}


def test_a_warm_function_answers_again_and_keeps_its_connection(function, database):
    running = function(ROWTIDE_SINK_URL=database.url())
    first = event("dynamodb/insert")
    assert running.invoke(first) == {"batchItemFailures": []}
    pid, backends = running.pid(), database.query(CONNECTED, database.name)
    assert running.invoke(first) == {"batchItemFailures": []}
    assert running.invoke(event("dynamodb/modify")) == {"batchItemFailures": []}
    assert (running.pid(), database.query(CONNECTED, database.name)) == (pid, backends)
    assert len(backends) == 1
    again = [(line["applied"], line["stale"]) for line in running.summaries()]
    assert again[:2] == [(2, 0), (0, 2)], "what was applied is stale the second time"
    assert running.output().count("Init Duration") == 1


def test_an_error_of_the_function_names_its_kind_and_leaves_it_running(function, database):
    running = function(ROWTIDE_SINK_URL=database.url())
    with pytest.raises(FunctionError) as error:
        running.invoke({"key1": "value1"})
    assert error.value.type == "Rowtide.Configuration"
    assert "event source mapping" in error.value.message
    pid = running.pid()
    assert running.invoke(event("dynamodb-kinesis/insert")) == {"batchItemFailures": []}
    assert running.pid() == pid
    assert len(database.rows("public.orders")) == 2


def test_a_configuration_that_cannot_be_used_ends_the_initialisation(function, database, tmp_path):
    (tmp_path / "rowtide.toml").write_text('[sink]\nschem = "canary-value"\n')
    cases = [
        ({}, "ROWTIDE_SINK_URL"),
        ({"ROWTIDE_SINK_URL": f"canary-value {database.url()}"}, "sink.url"),
        ({"ROWTIDE_SINK_URL": database.url(), "ROWTIDE_SOURCE_DECODER": "canary-value"}, "source.decoder"),
        ({"ROWTIDE_SINK_URL": database.url(), "ROWTIDE_CONFIG": str(tmp_path / "rowtide.toml")}, "schema"),
    ]
    for variables, named in cases:
        running = function(**variables)
        for _ in range(2):
            with pytest.raises(FunctionError) as error:
                running.invoke(event("dynamodb-kinesis/insert"))
            assert (error.value.status, error.value.type) == (502, "Rowtide.Configuration")
            assert named in error.value.message
        assert "exit status 1" in running.output()
        assert "canary-value" not in running.output() + str(error.value)
    assert database.targets() == {}


def kinesis_numbers(payload):
    return [record["kinesis"]["sequenceNumber"] for record in json.loads(payload)["Records"]]


def names_table(record, table):
    return f'"tableName":"{table}"' in base64.b64decode(record["kinesis"]["data"]).decode().replace(" ", "")


def test_before_its_time_is_over_a_function_says_how_far_it_came(function, database):
    payload = event("dynamodb-kinesis/several-tables")
    records = json.loads(payload)["Records"]
    first_order = next(record for record in records if names_table(record, "orders"))
    customers = [record for record in records if names_table(record, "customers")]
    assert records.index(customers[0]) < records.index(first_order)
    running = function(timeout_s=3, ROWTIDE_SINK_URL=database.url())
    # makes the tables
    running.invoke(event("dynamodb-kinesis/insert"))
    database.query("truncate orders_cdc")
    with database.connect() as blocking:
        blocking.autocommit = False
        blocking.execute("lock table orders_cdc in access exclusive mode")
        started = time.monotonic()
        answer = running.invoke(payload)
        took = time.monotonic() - started
        failed = first_order["kinesis"]["sequenceNumber"]
        assert answer == {"batchItemFailures": [{"itemIdentifier": failed}]}
        assert 1 < took < 3, "it tried as long as it could, and answered in time"
    summary = running.summaries()[-1]
    assert summary["reported"] == len(records) - records.index(first_order)
    assert set(database.rows("public.customers")) == {"[1001]"}, "what lies before is durable"
    # the lock is gone: Lambda delivers the rest again, to the same process
    rest = {"Records": records[records.index(first_order) :]}
    assert running.invoke(rest) == {"batchItemFailures": []}
    assert database.rows("public.orders") == Golden("dynamodb-kinesis/several-tables").rows["public.orders"]
    assert running.output().count("Init Duration") == 1


def test_without_its_database_a_function_reports_the_first_record_and_recovers(function, server):
    database = server.database()
    payload = event("dynamodb-kinesis/insert")
    nobody = {"batchItemFailures": [{"itemIdentifier": kinesis_numbers(payload)[0]}]}
    running = function(timeout_s=2, ROWTIDE_SINK_URL=database.url())
    server.stop()
    try:
        assert running.invoke(payload) == nobody
        server.start()
        assert running.invoke(payload) == {"batchItemFailures": []}
        server.stop()
        # its connection broke while it was frozen, and there is no other
        assert running.invoke(payload) == nobody
    finally:
        server.start()
    assert running.invoke(payload) == {"batchItemFailures": []}
    assert len(database.rows("public.orders")) == 2
    assert running.output().count("Init Duration") == 1


CONNECTED = "select pid from pg_stat_activity where datname = %s and pid <> pg_backend_pid() order by pid"


@pytest.mark.parametrize("ended_with", [signal.SIGTERM, signal.SIGKILL])
def test_asked_to_end_a_function_closes_its_connections(ended_with, function, server, database):
    # the server tells at this level when a client has gone without a word
    database.query(f"alter database {database.name} set log_min_messages = debug1")
    running = function(ROWTIDE_SINK_URL=database.url())
    running.invoke(event("dynamodb/insert"))
    ((backend,),) = database.query(CONNECTED, database.name)
    said = len(server.log())
    running.terminate(ended_with)
    database.wait_for_connections(0)
    news = [line for line in server.log()[said:].splitlines() if f"[{backend}]" in line]
    left_without_a_word = any("unexpected EOF on client connection" in line for line in news)
    assert left_without_a_word == (ended_with == signal.SIGKILL), news
    # the emulator finds out at the next invocation, as if the function had ended during it, and starts it anew
    with pytest.raises(FunctionError) as error:
        running.invoke(event("dynamodb/insert"))
    assert error.value.type == "Runtime.ExitError"
    assert running.invoke(event("dynamodb/insert")) == {"batchItemFailures": []}


def test_secrets_and_row_values_are_in_no_line_that_a_function_writes(function, database):
    password = "canary-pässword-7d1f"
    database.create_login("canary", password)
    record = lambda number, total: {  # noqa: E731
        "eventID": "e",
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "eventSourceARN": "arn:aws:dynamodb:eu-central-1:1:table/t/stream/2026-01-01T00:00:00.000",
        "dynamodb": {
            "ApproximateCreationDateTime": 1767225600,
            "Keys": {"id": {"S": f"canary-key-{number}"}},
            "NewImage": {"id": {"S": f"canary-key-{number}"}, "total": total},
            "SequenceNumber": str(number),
            "StreamViewType": "NEW_IMAGE",
        },
    }
    batch = {"Records": [record(1, {"S": "canary-value"}), record(2, {"N": "canary-number"})]}
    url = database.url("canary", "canary-p%C3%A4ssword-7d1f")
    running = function(ROWTIDE_SINK_URL=url, RUST_LOG="trace")
    told = [running.raw(batch), running.raw({"canary-value": 1}), running.raw(b'{"Records":[canary-value]}')]
    assert running.summaries()[0]["applied"] == 1
    assert running.summaries()[0]["parked"] == 1
    database.alter_password("canary", "another")
    database.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'canary'")
    told += [running.raw(batch)]
    assert "password authentication failed" in database.server.log() and "errorType" in told[-1][1]
    everything = running.output() + str(told)
    assert "canary-" not in everything and "p%C3%A4ssword" not in everything
