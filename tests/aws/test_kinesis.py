"""A Kinesis stream of kinesis-local is written through the AWS SDK, read shard by shard, and becomes rows."""

import base64
import itertools
import json
import random
import time
from collections import Counter

import aws_kinesis_agg.aggregator
import pytest
from items import attribute, change, row
from mapping import KinesisStream, Mapping

COUNTER = itertools.count(1)
START_US = 1_767_225_600_000_000


class Source:
    """A stream that tables write to, and what the tables hold."""

    def __init__(self, kinesis, shards, seed=1):
        self.client, self.random = kinesis.client("kinesis"), random.Random(seed)
        self.name = f"changes-{next(COUNTER)}"
        self.client.create_stream(StreamName=self.name, ShardCount=shards)
        end = time.monotonic() + 30
        while self.status() != "ACTIVE":
            assert time.monotonic() < end, self.status()
            time.sleep(0.1)
        self.stream, self.rows, self.micros = KinesisStream(self.client, self.name), {}, START_US

    def status(self):
        return self.client.describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"]["StreamStatus"]

    def changes(self, count, tables=("orders", "customers"), keys=25):
        made = []
        for _ in range(count):
            self.micros += self.random.choice([1, 1, 7, 1_000_000])
            table, key = self.random.choice(tables), f"k{self.random.randrange(keys)}"
            image = {"status": attribute(self.random), "n": {"N": str(self.micros)}}
            image = None if self.random.random() < 0.2 else image
            made.append((key, json.dumps(change(table, key, image, self.micros))))
            rows = self.rows.setdefault(f"public.{table}", {})
            rows.pop(key, None)
            if image:
                rows[key] = row({"id": {"S": key}} | image)
        return made

    def put(self, changes):
        for start in range(0, len(changes), 100):
            part = [{"Data": data, "PartitionKey": key} for key, data in changes[start : start + 100]]
            assert self.client.put_records(StreamName=self.name, Records=part)["FailedRecordCount"] == 0


def rows(database):
    return {
        target: {row["id"]: row for row in database.keyed(target)} for target in database.targets()
    }


@pytest.fixture
def running(function, database):
    return function(timeout_s=10, ROWTIDE_SINK_URL=database.url())


def test_several_shards_read_in_turns_make_the_rows_of_several_tables(kinesis, running, database):
    source = Source(kinesis, shards=3)
    source.put(source.changes(400))
    mappings = [Mapping(source.stream, shard, running.invoke, batch=30) for shard in source.stream.shards()]
    assert len(mappings) == 3
    chance = random.Random(3)
    open_ = list(mappings)
    while open_:
        mapping = chance.choice(open_)
        if not mapping.poll():
            open_.remove(mapping)
    assert all(mapping.history for mapping in mappings), "every shard had records"
    assert rows(database) == source.rows
    summary = Counter()
    for line in running.summaries():
        summary.update({name: line[name] for name in ("received", "applied", "stale", "parked", "reported")})
    assert summary["received"] == 400 == summary["applied"] + summary["stale"]


def test_a_record_that_the_producer_library_aggregated_is_many(kinesis, running, database):
    source = Source(kinesis, shards=1)
    aggregator, packed = aws_kinesis_agg.aggregator.RecordAggregator(max_size=20_000), []
    for key, data in source.changes(300):
        full = aggregator.add_user_record(key, data)
        packed += [full] if full else []
    packed.append(aggregator.clear_and_get())
    for aggregate in packed:
        partition, _, data = aggregate.get_contents()
        source.client.put_record(StreamName=source.name, Data=data, PartitionKey=partition)
    # plain ones among them
    source.put(source.changes(20))
    (shard,) = source.stream.shards()
    mapping = Mapping(source.stream, shard, running.invoke, batch=4)
    mapping.drain()
    assert 1 < len(packed) < 30
    assert sum(count for count, _ in mapping.history) == len(packed) + 20
    assert rows(database) == source.rows


def test_after_a_partial_failure_the_shard_is_read_on_from_the_reported_record(kinesis, running, database):
    source = Source(kinesis, shards=1)
    # makes the tables
    source.put(source.changes(20))
    (shard,) = source.stream.shards()
    mapping = Mapping(source.stream, shard, running.invoke, batch=100)
    mapping.drain()
    # all of one table come before those of the other
    source.put(source.changes(30, tables=["customers"]) + source.changes(40, tables=["orders"]))
    with database.connect() as blocking:
        blocking.autocommit = False
        blocking.execute("lock table orders_cdc in share mode")
        mapping.poll()
    read = source.stream.read(shard, mapping.position, 1)[0]
    count, reported = mapping.history[-1]
    assert (count, reported) == (70, source.stream.number(read))
    assert json.loads(base64.b64decode(read["kinesis"]["data"]))["tableName"] == "orders"
    mapping.drain()
    assert mapping.history[-1] == (40, None), "only what was reported is delivered again"
    assert rows(database) == source.rows


def test_after_a_shard_was_split_its_children_go_on(kinesis, running, database):
    source = Source(kinesis, shards=1)
    source.put(source.changes(100))
    (parent,) = source.client.list_shards(StreamName=source.name)["Shards"]
    source.client.split_shard(
        StreamName=source.name, ShardToSplit=parent["ShardId"], NewStartingHashKey=str(2**127)
    )
    end = time.monotonic() + 30
    while source.status() != "ACTIVE":
        assert time.monotonic() < end
        time.sleep(0.1)
    source.put(source.changes(200))
    shards = source.stream.shards()
    assert len(shards) == 3
    mappings = [Mapping(source.stream, shard, running.invoke, batch=50) for shard in shards]
    # the children first: an old record of the parent must not win
    for mapping in reversed(mappings):
        mapping.drain()
    assert [sum(count for count, _ in mapping.history) > 0 for mapping in mappings] == [True] * 3
    assert rows(database) == source.rows
