"""The workload runs once, and everything that reads the source reads it while it runs."""

import os
import random
from dataclasses import dataclass, field

import pytest
from capture import (
    WITH_SCHEMA,
    WITHOUT_SCHEMA,
    Debezium,
    Gate,
    Wal2Json,
    debezium_is_missing,
    wal2json_is_missing,
)
from workload import Workload

SEED = os.environ.get("ROWTIDE_TEST_SEED", "1")


@dataclass
class Captured:
    """The source as it is in the end, and all that was captured until then."""

    database: object
    # by the name of a connector
    debezium: dict = field(default_factory=dict)
    # by format
    wal2json: dict = field(default_factory=dict)


@pytest.fixture(scope="session")
def captured(server, tmp_path_factory):
    print(f"The seed of the workload is ROWTIDE_TEST_SEED={SEED}.")
    folder, database = tmp_path_factory.mktemp("sources"), server.database()
    slots = [] if wal2json_is_missing(server) else [Wal2Json(database, version) for version in (1, 2)]
    connectors = []
    if not debezium_is_missing():
        connectors.append(Debezium(database, folder, "with_schema", WITH_SCHEMA))
        connectors.append(Debezium(database, folder, "without_schema", WITHOUT_SCHEMA))
    workload = Workload(database, SEED)
    try:
        run(workload, connectors)
    finally:
        workload.stop()
        for connector in connectors:
            connector.kill()
    chance = random.Random(SEED)
    return Captured(
        database,
        {connector.name: connector for connector in connectors},
        {slot.version: slot.read(chance) for slot in slots},
    )


def run(workload, connectors):
    """Snapshots while others write, a stream while others write, a hard stop in its middle, and what is left."""
    workload.write(400)
    for connector in connectors:
        with Gate(workload.database) as gate:
            connector.start()
            gate.wait_for(connector)
            workload.write(150)
    workload.write(100)
    workload.truncate()
    workload.write(100)
    workload.mark(1)
    for connector in connectors:
        connector.wait_for_marker(1)
        connector.commit_no_more()
    # what comes from here on comes again
    workload.write(100)
    workload.mark(2)
    workload.order(200)
    for connector in connectors:
        connector.wait_for_marker(2)
        connector.kill()
    workload.write()
    workload.order(100)
    for connector in connectors:
        connector.start()
    workload.write()
    workload.mark(3)
    for connector in connectors:
        connector.wait_for_marker(3)
