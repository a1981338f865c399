"""What is delivered is applied by the command `rowtide replay`, table by table set up as docs/formats.md says."""

import json
from pathlib import Path

import delivery
from comparison import KEYS
from emulator import rowtide


def routes(decoder, tables, **more):
    """The configuration. `more` is by the name of a setting: what it is for each table."""
    text = f'[source]\ndecoder = "{decoder}"\n'
    for table in tables:
        text += f'\n[[route]]\nfrom = "shop.{table}"\ntruncate = "apply"\n'
        for name, values in more.items():
            if table in values:
                text += f"{name} = {json.dumps(values[table])}\n"
    return text


# Without the schema a document is a text.
JSON = {"json": {"everything": ["doc", "raw"], **dict.fromkeys(["documents", "letters", "drafts"], ["doc"])}}
# Tables that have nothing to store out of line.
FULL = {"images": dict.fromkeys(["everything", "moves", "scratch", "gate", "markers"], "full")}
# wal2json's format 1 does not name the key of a table with REPLICA IDENTITY FULL.
KEYED = {"key": {name: KEYS.get(name, ["id"]) for name in ("documents", "letters")}}


def replay(target, folder, configuration, delivered):
    """Everything is applied; returns the command's counts."""
    settings, events = Path(folder) / "rowtide.toml", Path(folder) / "events.ndjson"
    settings.write_text(configuration)
    delivery.write(delivered, events)
    said = rowtide("replay", "--config", settings, "--sink", target.url(), "--no-rows", "--output", "json", events)
    counts = json.loads(said)
    letters = target.query("select code, count(*), min(message) from rowtide_dead_letters group by code")
    assert not letters and counts["parked"] == counts["reported"] == 0, letters
    assert counts["received"] == sum(map(len, delivered))
    return counts
