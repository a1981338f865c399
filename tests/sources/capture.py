"""What reads the source: Debezium's embedded engine in a Java of its own, and wal2json through SQL."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import psycopg
from processes import TOOLS, Process, runs
from workload import NAMES, PATIENCE_S, wait_until

ENGINE = TOOLS / "engine"
# A snapshot stands still in its middle while somebody else has this lock: `Gate`.
GATE = "pg_advisory_xact_lock_shared(1)"
# How the connector writes values when their schema comes along, and when it does not: docs/formats.md.
WITH_SCHEMA = {"value.converter.schemas.enable": "true"}
WITHOUT_SCHEMA = {
    "value.converter.schemas.enable": "false",
    "decimal.handling.mode": "string",
    "time.precision.mode": "isostring",
}


def debezium_is_missing():
    """What is missing, or None."""
    for program in ("java", "mvn"):
        if not shutil.which(program):
            return f"{program} is not installed"
    return None if (ENGINE / "engine.jar").exists() else "the engine is not built: run tests/sources/install"


def wal2json_is_missing(server):
    """Asks the server itself: a slot with an unknown plugin is refused."""
    with server.connect("postgres") as connection:
        try:
            connection.execute("select pg_create_logical_replication_slot('trial', 'wal2json')")
        except psycopg.errors.UndefinedFile:
            return "the server has no wal2json: run tests/sources/install"
        connection.execute("select pg_drop_replication_slot('trial')")


@dataclass
class Message:
    """A message of Debezium's: its key and its value, as text, or None."""

    key: str | None
    value: str | None

    def payload(self):
        """The value without its schema."""
        value = json.loads(self.value or "null")
        return value["payload"] if value and "schema" in value else value


class Debezium:
    """A connector with a slot of its own. It may be killed and started again; each run writes a file."""

    def __init__(self, database, folder, name, settings):
        self.database, self.folder, self.name = database, Path(folder), name
        self.hold, self.runs, self.process = self.folder / f"{name}.hold", 0, None
        self.properties = {
            "name": name,
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "offset.storage": "org.apache.kafka.connect.storage.FileOffsetBackingStore",
            "offset.storage.file.filename": self.folder / f"{name}.offsets",
            "database.hostname": "127.0.0.1",
            "database.port": database.server.port,
            "database.user": "postgres",
            "database.password": "",
            "database.dbname": database.name,
            "topic.prefix": "shop",
            "schema.include.list": "shop",
            "plugin.name": "pgoutput",
            "slot.name": name,
            "publication.name": name,
            "publication.autocreate.mode": "filtered",
            "skipped.operations": "none",
            "snapshot.select.statement.overrides": "shop.gate",
            "snapshot.select.statement.overrides.shop.gate": f"select gate.* from shop.gate, {GATE}",
            "key.converter.schemas.enable": "false",
            "poll.interval.ms": 20,
            # they change nothing, as schema changes and their like
            "heartbeat.interval.ms": 500,
        } | settings

    def start(self):
        """Goes on from the committed position. Everything that is delivered is committed again."""
        self.hold.unlink(missing_ok=True)
        # the server needs a moment to notice that a killed reader is gone
        wait_until(f"{self.name}: the release of its slot", lambda: not self.slot("active"))
        self.runs += 1
        properties = self.folder / f"{self.name}.properties"
        properties.write_text("".join(f"{name}={value}\n" for name, value in self.properties.items()))
        java = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Duser.timezone=UTC"]
        java += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{ENGINE}/engine.jar:{ENGINE}/lib/*"]
        command = [*java, "rowtide.sources.Capture", properties, self.file(self.runs), self.hold]
        self.process = Process(command, self.folder / f"{self.name}.log")

    def slot(self, column):
        rows = self.database.query(f"select {column} from pg_replication_slots where slot_name = %s", self.name)
        return rows[0][0] if rows else None

    def file(self, run):
        return self.folder / f"{self.name}.{run}"

    def messages(self, run=None):
        """What a run has delivered, or all runs one after the other. Half a line was not delivered."""
        if run is None:
            return [message for run in range(1, self.runs + 1) for message in self.messages(run)]
        file = self.file(run)
        lines = file.read_bytes().split(b"\n")[:-1] if file.exists() else []
        return [Message(*json.loads(line)) for line in lines]

    def commit_no_more(self):
        """From now on what is delivered counts as never delivered, as after a stop between sink and offsets."""
        self.hold.touch()

    def kill(self):
        """No goodbye."""
        if self.process:
            self.process.stop()

    def lives(self):
        ended = not runs(self.process.child.pid)
        assert not ended, f"{self.name} has ended:\n{self.process.output()[-4000:]}"

    def wait_for_marker(self, number):
        """Until this run has delivered the row of `markers` that has this number."""
        seen = 0

        def came():
            nonlocal seen
            if not self.file(self.runs).exists():
                return False
            with self.file(self.runs).open("rb") as file:
                file.seek(seen)
                new = file.read()
            new = new[: new.rfind(b"\n") + 1]
            seen += len(new)
            key = json.dumps(json.dumps({"id": number}, separators=(",", ":")))
            lines = [line for line in new.splitlines() if line.startswith(b"[" + key.encode())]
            return any(rb'\"table\":\"markers\"' in line for line in lines)

        wait_until(f"{self.name}: marker {number}", came, self.lives)


class Gate:
    """Holds up the snapshots that come to the table `gate`, as long as it is open as a context."""

    def __init__(self, database):
        self.database = database

    def __enter__(self):
        self.connection = self.database.connect()
        self.connection.execute(f"set lock_timeout = '{PATIENCE_S}s'")
        self.connection.execute("select pg_advisory_lock(1)")
        return self

    def __exit__(self, *_):
        self.connection.close()

    def wait_for(self, capture):
        """Until the snapshot of `capture` stands here."""
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        wait_until(f"{capture.name}: the snapshot", lambda: self.database.one(waiting) > 0, capture.lives)


class Wal2Json:
    """A slot of the plugin, read by SQL: a text for each row's change (format 2) or transaction (format 1)."""

    def __init__(self, database, version):
        self.database, self.version, self.name = database, version, f"wal2json_{version}"
        self.options = {
            "format-version": str(version),
            "include-lsn": "true",
            "include-pk": "true",
            "include-timestamp": "true",
            "include-xids": "true",
            "add-tables": ",".join(f"shop.{name}" for name in NAMES),
        }
        if version == 1:
            self.options["actions"] = "insert,update,delete,truncate"
        database.query("select pg_create_logical_replication_slot(%s, 'wal2json')", self.name)

    def read(self, chance, step=200):
        """Everything there is. Some of it twice: a reader that stops before it confirms reads again."""
        texts = []
        while part := self.changes("peek", step):
            texts += [text for _, text in part]
            if chance.random() < 0.8:
                # both stop behind the same transaction
                self.changes("get", step)
        return texts

    def changes(self, how, count):
        flat = [word for option in self.options.items() for word in option]
        return self.database.query(
            f"select lsn, data from pg_logical_slot_{how}_changes(%s, null, %s, variadic %s)", self.name, count, flat
        )
