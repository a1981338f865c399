"""A random workload on a PostgreSQL: tables whose rows hold every kind of value, and sessions that write at once."""

import json
import random
import threading
import time
from decimal import Decimal

import psycopg
from psycopg import sql

# The longest that anything here waits for something to happen.
PATIENCE_S = 120
# What a truncate waits for others' locks: a snapshot that has read the table keeps one to its end.
TRUNCATE_S = 0.2
# More than PostgreSQL keeps inside a row.
LARGE = 3_000

TABLES = """
create schema shop;
create type shop.mood as enum ('fine', 'not so "fine"', 'ünwell');
create domain shop.amount as numeric(14,2);

-- every kind of value, none of them stored out of line
create table shop.everything (
    tenant text,
    id integer,
    small smallint,
    big bigint,
    price numeric(24,6),
    number numeric,
    amount shop.amount,
    ratio real,
    factor double precision,
    flag boolean,
    day date,
    clock time,
    made timestamp,
    seen timestamptz,
    took interval,
    doc jsonb,
    raw json,
    bytes bytea,
    ref uuid,
    words text[],
    counts integer[],
    prices numeric(10,3)[],
    mood shop.mood,
    address inet,
    span int4range,
    title varchar(60),
    "Ünïcode näme" text,
    "a.b" text,
    primary key (tenant, id)
);
-- rows with values that are stored out of line; the log has the old row
create table shop.documents (id bigint primary key, title text, body text, doc jsonb, blob bytea, words text[]);
alter table shop.documents replica identity full;
-- the same without nulls
create table shop.letters (
    id bigint primary key, title text not null, body text not null, doc jsonb not null, blob bytea not null
);
alter table shop.letters replica identity full;
-- as documents, but the log leaves out a large value that did not change
create table shop.drafts (id bigint primary key, title text, body text, doc jsonb, blob bytea);
-- rows that change their keys all the time
create table shop.moves (id integer primary key, note text);
-- a key of a number and a date; emptied now and then
create table shop.scratch (code numeric(8,2), day date, note text, primary key (code, day));
-- a snapshot stands still here while somebody holds a lock: capture.py
create table shop.gate (id integer primary key);
-- what it holds has been captured when its last row has been
create table shop.markers (id integer primary key);

-- large values are stored out of line, whatever they could be compressed to
alter table shop.documents alter body set storage external, alter doc set storage external,
    alter blob set storage external, alter words set storage external;
alter table shop.letters alter body set storage external, alter doc set storage external,
    alter blob set storage external;
alter table shop.drafts alter body set storage external, alter doc set storage external,
    alter blob set storage external;
"""
# Those whose rows are compared.
NAMES = ["everything", "documents", "letters", "drafts", "moves", "scratch", "gate", "markers"]
LETTERS = [
    *"abcXYZ019 .,;:-_/\\\"'`${}[]()<>%&#@!?*|~^",
    *"éßøñçÅž", *"漢字日本", *"שלום", *"سلام", *"नमस्ते",
    "😀", "👩‍👩‍👧", "e\u0301", "\u00a0", "\u200b", "\u200f", "\u2028", "\u2029", "\ufeff", "\ufffd", "\uffff",
    "\n", "\r", "\t", "\b", "\f", "\x01", "\x1f", "\x7f", "\x85", "\U0010ffff", "null", "\\u0000", "\\N",
]  # fmt: skip


class Values:
    """Random values, as PostgreSQL takes them."""

    def __init__(self, chance):
        self.chance = chance

    def some(self, make, nothing=0.15):
        return None if self.chance.random() < nothing else make()

    def text(self, length=12):
        return "".join(self.chance.choice(LETTERS) for _ in range(self.chance.randrange(length)))

    def large(self):
        return self.text() + "".join(self.chance.choices("ABCDEFGHIJ ", k=LARGE))

    def integer(self, bits):
        edge = 2 ** (bits - 1)
        return self.chance.choice([0, -1, edge - 1, -edge, self.chance.randrange(-edge, edge)])

    def decimal(self, digits, scale):
        """At most so many digits, so many of them behind the point at most."""
        number = self.chance.randrange(10 ** self.chance.randrange(1, digits + 1))
        return Decimal(f"{self.chance.choice(['', '-'])}{number}e-{self.chance.randrange(scale + 1)}")

    def double(self):
        return self.chance.choice(
            [0.0, 1.0, -1.5, 0.1, 1e-7, 1e22, 1.7976931348623157e308, 5e-324, self.chance.gauss(0, 1e6)]
        )

    def single(self):
        return self.chance.choice([0.0, 0.1, -2.5, 16777217.0, 3.4e38, 1.2e-38, self.chance.gauss(0, 100)])

    def day(self):
        year = self.chance.choice([2, 1582, 1899, 1969, 1970, 2024, 2026, 2038, 9999])
        return f"{year:04}-{self.chance.randrange(1, 13):02}-{self.chance.randrange(1, 29):02}"

    def clock(self):
        fraction = self.chance.choice(["", ".5", ".123", ".123456", ".000001", ".999999"])
        parts = self.chance.randrange(24), self.chance.randrange(60), self.chance.randrange(60)
        return "{:02}:{:02}:{:02}".format(*parts) + fraction

    def moment(self):
        return f"{self.day()} {self.clock()}"

    def document(self, depth=0):
        leaf = [
            lambda: None,
            lambda: self.chance.random() < 0.5,
            lambda: self.integer(64),
            lambda: self.decimal(30, 12),
            lambda: self.text(),
        ]
        tree = [
            lambda: {self.text(6): self.document(depth + 1) for _ in range(self.chance.randrange(4))},
            lambda: [self.document(depth + 1) for _ in range(self.chance.randrange(4))],
        ]
        return self.chance.choice(leaf + (tree * 2 if depth < 3 else []))()

    def json(self):
        return to_json(self.document())

    def array(self, make):
        """Of one dimension, empty now and then, with nulls in it."""
        return [self.some(make) for _ in range(self.chance.randrange(4))]


def to_json(value):
    """JSON with every digit."""
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(name)}: {to_json(held)}" for name, held in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(to_json, value)) + "]"
        case Decimal():
            return f"{value:f}"
        case _:
            return json.dumps(value, ensure_ascii=False)


class Rows:
    """Random rows of each table: name of a column to value."""

    def __init__(self, chance):
        self.chance, self.values = chance, Values(chance)

    def key(self, table):
        """One of not too many, so that what is written meets what is there."""
        match table:
            case "everything":
                return {"tenant": self.chance.choice(["acme", "ü/1", "ACME", ""]), "id": self.chance.randrange(-5, 25)}
            case "scratch":
                day = f"{self.chance.choice([1969, 2026])}-02-{self.chance.randrange(1, 5):02}"
                return {"code": Decimal(self.chance.randrange(-300, 1500, 50)) / 100, "day": day}
            case "moves":
                return {"id": self.chance.randrange(60)}
            case "documents" | "letters" | "drafts":
                return {"id": self.chance.randrange(40) + 2**53}

    def columns(self, table):
        """Every column but those of the key."""
        values, some = self.values, self.values.some
        match table:
            case "everything":
                return {
                    "small": some(lambda: values.integer(16)),
                    "big": some(lambda: values.integer(64)),
                    "price": some(lambda: values.decimal(18, 6)),
                    "number": some(lambda: values.decimal(*self.chance.choice([(5, 2), (40, 20), (300, 100)]))),
                    "amount": some(lambda: values.decimal(12, 2)),
                    "ratio": some(values.single),
                    "factor": some(values.double),
                    "flag": some(lambda: self.chance.random() < 0.5),
                    "day": some(values.day),
                    "clock": some(values.clock),
                    "made": some(values.moment),
                    "seen": some(lambda: values.moment() + self.chance.choice(["+00", "-11:30", "+05:45"])),
                    # Debezium computes with binary fractions, and is a microsecond off with others
                    "took": some(lambda: f"{self.chance.randrange(-9, 9)} days {values.clock()[:8]}.5"),
                    "doc": some(values.json),
                    "raw": some(values.json),
                    "bytes": some(lambda: self.chance.randbytes(self.chance.randrange(20))),
                    "ref": some(lambda: f"{self.chance.getrandbits(128):032x}"),
                    "words": some(lambda: values.array(values.text)),
                    "counts": some(lambda: values.array(lambda: values.integer(32))),
                    "prices": some(lambda: values.array(lambda: values.decimal(7, 3))),
                    "mood": some(lambda: self.chance.choice(["fine", 'not so "fine"', "ünwell"])),
                    "address": some(lambda: self.chance.choice(["192.0.2.1", "192.0.2.0/24", "2001:db8::1"])),
                    "span": some(lambda: self.chance.choice(["empty", "[1,5)", "[,7)", "[3,)", "(,)"])),
                    "title": some(lambda: values.text()[:60]),
                    "Ünïcode näme": some(values.text),
                    "a.b": some(values.text),
                }
            case "documents" | "letters" | "drafts":
                nothing = 0 if table == "letters" else 0.15
                columns = {
                    "title": some(values.text, nothing),
                    "body": some(self.chance.choice([values.text, values.large, values.large]), nothing),
                    "doc": some(lambda: to_json({"text": values.large(), "more": values.document()}), nothing),
                    "blob": some(lambda: self.chance.randbytes(self.chance.choice([0, 10, LARGE])), nothing),
                }
                if table == "documents":
                    columns["words"] = some(lambda: [values.text(), values.large(), None])
                return columns
            case "moves" | "scratch":
                return {"note": some(values.text)}


class Writer(threading.Thread):
    """A session that commits as many random transactions as it is told to."""

    def __init__(self, workload, number):
        super().__init__(daemon=True)
        self.workload, self.connection = workload, workload.database.connect()
        self.chance = random.Random(f"{workload.seed}-{number}")
        self.rows, self.failure = Rows(self.chance), None

    def run(self):
        try:
            with self.connection:
                while self.workload.takes_one():
                    self.transaction()
                    self.workload.one_is_done()
        except BaseException as failure:
            self.failure = failure
            self.workload.one_is_done()

    def transaction(self):
        """One to five statements; what the others' writes forbid is rolled back and left at that."""
        try:
            with self.connection.transaction(force_rollback=self.chance.random() < 0.05):
                for _ in range(self.chance.randrange(1, 6)):
                    self.statement()
        except (psycopg.errors.DeadlockDetected, psycopg.errors.UniqueViolation, psycopg.errors.LockNotAvailable):
            pass

    def statement(self):
        table = self.chance.choice(["everything", "drafts", "moves"] * 3 + ["documents", "letters", "scratch"] * 2)
        kinds = {self.insert: 4, self.update: 6, self.update_many: 1, self.delete: 2, self.move: 2}
        if table == "moves":
            kinds[self.move] = 8
        if table in ("moves", "scratch"):
            kinds[self.truncate] = 0.15
        (kind,) = self.chance.choices(list(kinds), list(kinds.values()))
        if self.chance.random() < 0.1:
            # undone, though its transaction is not
            with self.connection.transaction(force_rollback=True):
                kind(table)
        else:
            kind(table)

    def insert(self, table):
        row = self.rows.key(table) | self.rows.columns(table)
        names = sql.SQL(", ").join(map(sql.Identifier, row))
        values = sql.SQL(", ").join(sql.Placeholder() * len(row))
        self.execute("insert into {} ({}) values ({}) on conflict do nothing", table, names, values, values=row)

    def update(self, table):
        columns, key = self.rows.columns(table), self.rows.key(table)
        chosen = self.chance.sample(list(columns), self.chance.randrange(1, min(len(columns), 4) + 1))
        self.set(table, {name: columns[name] for name in chosen}, key)

    def update_many(self, table):
        columns = self.rows.columns(table)
        name = self.chance.choice(list(columns))
        some = sql.SQL("(hashtext({}::text) & 7) = 0").format(sql.Identifier(next(iter(self.rows.key(table)))))
        self.execute("update {} set {} where {}", table, equal([name], ", "), some, values={name: columns[name]})

    def delete(self, table):
        key = self.rows.key(table)
        self.execute("delete from {} where {}", table, equal(key, " and "), values=key)

    def move(self, table):
        """Changes a key. Where the log leaves out large values, they change too: else nobody knew the new row."""
        change = self.rows.key(table)
        if table == "drafts" or self.chance.random() < 0.5:
            change |= self.rows.columns(table)
        self.set(table, change, self.rows.key(table))

    def truncate(self, table):
        with self.connection.transaction():
            self.connection.execute(f"set local lock_timeout = '{TRUNCATE_S}s'")
            tables = self.chance.choice(["shop.moves, shop.scratch", f"shop.{table}", f"shop.{table}"])
            self.connection.execute(f"truncate {tables}")

    def set(self, table, columns, key):
        text, values = "update {} set {} where {}", [*columns.values(), *key.values()]
        self.execute(text, table, equal(columns, ", "), equal(key, " and "), values=values)

    def execute(self, text, table, *parts, values):
        values = list(values.values()) if isinstance(values, dict) else values
        self.connection.execute(sql.SQL(text).format(sql.Identifier("shop", table), *parts), values)


def equal(names, between):
    one = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder()) for name in names]
    return sql.SQL(between).join(one)


class Workload:
    """The tables, and writers that write when they are told to. Each seed writes other rows."""

    def __init__(self, database, seed, writers=3):
        self.database, self.seed = database, seed
        self.todo, self.ended = threading.Semaphore(0), False
        self.progress, self.ordered, self.done = threading.Condition(), 0, 0
        with database.connect() as connection:
            connection.execute(TABLES)
            connection.execute("insert into shop.gate select generate_series(1, 3)")
        self.writers = [Writer(self, number) for number in range(writers)]
        for writer in self.writers:
            writer.start()

    def order(self, count):
        """So many transactions more, while the caller does something else."""
        self.ordered += count
        self.todo.release(count)

    def write(self, count=0):
        """The same, and waits for all that were ordered."""
        if count:
            self.order(count)
        with self.progress:
            self.progress.wait_for(lambda: self.done >= self.ordered or self.failed(), PATIENCE_S)
        for failure in self.failed():
            raise failure
        assert self.done >= self.ordered, f"{self.done} of {self.ordered} transactions within {PATIENCE_S} s"

    def stop(self):
        self.ended = True
        self.todo.release(len(self.writers))
        for writer in self.writers:
            writer.join(PATIENCE_S)

    def truncate(self):
        self.database.query("truncate shop.moves, shop.scratch")

    def mark(self, number):
        self.database.query("insert into shop.markers values (%s)", number)

    def takes_one(self):
        self.todo.acquire()
        return not self.ended

    def one_is_done(self):
        with self.progress:
            self.done += 1
            self.progress.notify_all()

    def failed(self):
        return [writer.failure for writer in self.writers if writer.failure]


def wait_until(what, condition, lives=lambda: True):
    """Until `condition` holds; `lives` raises when it never will."""
    end = time.monotonic() + PATIENCE_S
    while not (held := condition()):
        lives()
        assert time.monotonic() < end, f"{what} did not come within {PATIENCE_S} s"
        time.sleep(0.05)
    return held
