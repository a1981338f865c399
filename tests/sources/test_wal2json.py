"""The same workload, read through wal2json."""

import json
import random
from collections import Counter

import delivery
import pytest
from capture import wal2json_is_missing
from comparison import WAL2JSON, differences
from replay import FULL, KEYED, replay, routes
from workload import NAMES

# Format 1 tells no truncate, and with nulls in the old row it does not tell which values were left out.
TABLES = {1: ["everything", "letters", "drafts", "gate", "markers"], 2: NAMES}
# An update of this one leaves out large values, and one that changes the key is one record of two rows.
PARTIAL = "drafts"


@pytest.fixture(autouse=True)
def needs_wal2json(server):
    if missing := wal2json_is_missing(server):
        pytest.skip(f"not run: {missing}")


@pytest.mark.parametrize("how", ["in_order", "repeated", "shuffled"])
@pytest.mark.parametrize("version", [1, 2])
def test_the_view_equals_the_source(captured, version, how, server, tmp_path):
    target, deliver = server.database(), getattr(delivery, how)
    tables = [name for name in TABLES[version] if how != "shuffled" or name != PARTIAL]
    more = FULL | (KEYED if version == 1 else {})
    stream = delivery.of_wal2json(captured.wal2json[version])
    replay(target, tmp_path, routes("wal2json", tables, **more), deliver(stream, random.Random(how)))
    wrong = [text for table in tables for text in differences(captured.database, target, table, WAL2JSON)]
    assert not wrong, "\n".join(wrong[:30])


def test_the_capture_has_what_is_to_be_tried(captured):
    """Else the test above would try less than it says."""
    texts = captured.wal2json[2]
    changes = [json.loads(text) for text in set(texts)]
    operations = Counter((change.get("table"), change["action"]) for change in changes)
    for table in ("everything", "documents", "letters", "drafts"):
        for action in "IUD":
            assert operations[table, action] > 3, (table, action, operations)
    assert operations["moves", "T"] and operations["scratch", "T"], operations
    left_out = Counter(
        change["table"] for change in changes if change["action"] == "U" and len(change["columns"]) < 5
    )
    assert left_out["drafts"] > 10 and left_out["documents"] > 10, left_out
    assert len(texts) > len(set(texts)), "some are read twice"
    assert any(len(json.loads(text)["change"]) > 3 for text in captured.wal2json[1])
