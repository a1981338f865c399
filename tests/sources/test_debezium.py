"""A PostgreSQL is written at random, Debezium reads it, and the view shows what the source has."""

import json
import random
from collections import Counter

import delivery
import pytest
from capture import debezium_is_missing
from comparison import DEBEZIUM_WITH_SCHEMA, DEBEZIUM_WITHOUT_SCHEMA, differences
from replay import JSON, replay, routes
from workload import NAMES

pytestmark = pytest.mark.skipif(bool(debezium_is_missing()), reason=f"not run: {debezium_is_missing()}")

FORMS = {"with_schema": (DEBEZIUM_WITH_SCHEMA, {}), "without_schema": (DEBEZIUM_WITHOUT_SCHEMA, JSON)}
# An update of this one leaves out large values: docs/formats.md promises nothing when it comes in another order.
PARTIAL = "drafts"
DELIVERIES = {
    "in_order": (1, delivery.in_order, NAMES),
    "repeated": (3, delivery.repeated, NAMES),
    "shuffled": (1, delivery.shuffled, [name for name in NAMES if name != PARTIAL]),
}


@pytest.fixture(params=FORMS)
def capture(request, captured):
    return captured.debezium[request.param]


@pytest.mark.parametrize("how", DELIVERIES)
def test_the_view_equals_the_source(captured, capture, how, server, tmp_path):
    target, (form, more), (shards, deliver, tables) = server.database(), FORMS[capture.name], DELIVERIES[how]
    stream = delivery.of_debezium(capture.messages(), shards)
    configuration = routes("debezium", tables, **more)
    counts = replay(target, tmp_path, configuration, deliver(stream, random.Random(how)))
    assert counts["applied"] > 100 and counts["stale"] > 0, counts
    wrong = [text for table in tables for text in differences(captured.database, target, table, form)]
    assert not wrong, "\n".join(wrong[:30])


def test_the_capture_has_what_is_to_be_tried(capture):
    """Else the test above would try less than it says."""
    first, second = capture.messages(1), capture.messages(2)
    changes = [payload for payload in (message.payload() for message in first) if payload and "op" in payload]
    operations = Counter((change["source"]["table"], change["op"]) for change in changes)
    for table in ("everything", "documents", "letters", "drafts"):
        for operation in "rcud":
            assert operations[table, operation] > 3, (table, operation, operations)
    assert operations["moves", "t"] and operations["scratch", "t"], operations
    # values that are left out, and those that are known from the old row
    left_out = Counter(
        change["source"]["table"] for change in changes if "__debezium_unavailable_value" in json.dumps(change)
    )
    assert left_out["drafts"] > 10 and left_out["documents"] == left_out["letters"] == 0, left_out
    # changes were committed before the last row of the snapshot was read
    last_read = [change["ts_ms"] for change in changes if change["op"] == "r"][-1]
    assert any(change["op"] != "r" and change["source"]["ts_ms"] <= last_read for change in changes)
    # after the hard stop some came again, and then others
    positions = lambda messages: {  # noqa: E731
        (payload["source"]["lsn"], payload["source"]["table"], payload["op"], message.key)
        for message in messages
        if (payload := message.payload()) and "op" in payload
    }
    again = positions(first) & positions(second)
    assert len(again) > 100 and len(positions(second)) > len(again)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("update {storage} set data = jsonb_set(data, '{{note}}', '\"wrong\"') where not deleted", '"wrong" in the view'),
        ("update {storage} set deleted = true where not deleted", "missing in the view"),
        ("update {storage} set deleted = false where deleted", "not in the source"),
        ("update {storage} set data = data - 'note' where not deleted", "nothing in the view"),
        ("update {storage} set data = data || '{{\"more\": 1}}' where not deleted", "the names of the columns"),
    ],
)
def test_one_wrong_row_is_noticed(captured, damage, said, server, tmp_path):
    capture, target = captured.debezium["with_schema"], server.database()
    stream = delivery.of_debezium(capture.messages())
    replay(target, tmp_path, routes("debezium", ["moves"]), delivery.in_order(stream, random.Random(0)))
    assert differences(captured.database, target, "moves", DEBEZIUM_WITH_SCHEMA) == []
    _, storage = target.targets()["public.shop.moves"]
    one = f" and key = (select key from {storage} where {damage.split(' where ')[1]} limit 1)"
    target.query(damage.format(storage=storage) + one)
    wrong = differences(captured.database, target, "moves", DEBEZIUM_WITH_SCHEMA)
    assert wrong and all(text.startswith("moves [") for text in wrong) and any(said in text for text in wrong), wrong
