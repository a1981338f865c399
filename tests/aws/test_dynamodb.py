"""A DynamoDB table of moto is written through the AWS SDK; its stream, handed to the function, makes the same table."""

import json
import random
import threading

import pytest
from emulator import rowtide
from items import attribute, row
from mapping import DynamoDbStream, Mapping

KEY = ("customer", "line")


class Table:
    """A table with a stream, in which anything may happen."""

    def __init__(self, moto, name, seed):
        self.client, self.name, self.random = moto.client("dynamodb"), name, random.Random(seed)
        created = self.client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": KEY[0], "KeyType": "HASH"}, {"AttributeName": KEY[1], "KeyType": "RANGE"}],
            AttributeDefinitions=[
                {"AttributeName": KEY[0], "AttributeType": "S"},
                {"AttributeName": KEY[1], "AttributeType": "N"},
            ],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        self.arn = created["TableDescription"]["LatestStreamArn"]
        self.stream = DynamoDbStream(moto.client("dynamodbstreams"), self.arn)
        (self.shard,) = self.stream.shards()

    def key(self):
        customer = self.random.choice(["c-1", "ü", "C-1", "c/1", "c-2"])
        return {"customer": {"S": customer}, "line": {"N": self.random.choice(["1", "10", "-2", "0.5"])}}

    def item(self):
        names = self.random.sample(["status", "total", "tags", "Total", "a.b", "nested"], self.random.randrange(5))
        return self.key() | {name: attribute(self.random) for name in names}

    def write(self, count):
        """So many random writes, by every call that writes."""
        writes = [self._put, self._put, self._update, self._update, self._delete, self._batch, self._transact]
        for _ in range(count):
            self.random.choice(writes)()

    def _put(self):
        self.client.put_item(TableName=self.name, Item=self.item())

    def _update(self):
        self.client.update_item(
            TableName=self.name,
            Key=self.key(),
            UpdateExpression="SET #s = :s REMOVE #t",
            ExpressionAttributeNames={"#s": "status", "#t": "total"},
            ExpressionAttributeValues={":s": attribute(self.random)},
        )

    def _delete(self):
        self.client.delete_item(TableName=self.name, Key=self.key())

    def _batch(self):
        items = {tuple(map(str, item.values()))[:2]: item for item in (self.item() for _ in range(4))}
        put = [{"PutRequest": {"Item": item}} for item in items.values()]
        self.client.batch_write_item(RequestItems={self.name: put})

    def _transact(self):
        first, second = self.item(), self.key()
        operations = [{"Put": {"TableName": self.name, "Item": first}}]
        if {name: first[name] for name in KEY} != second:
            operations.append({"Delete": {"TableName": self.name, "Key": second}})
        self.client.transact_write_items(TransactItems=operations)

    def rows(self):
        """What a scan says."""
        pages = self.client.get_paginator("scan").paginate(TableName=self.name)
        return by_key(row(item) for page in pages for item in page["Items"])

    def records(self):
        return self.stream.read(self.shard, None, 10_000)


def by_key(rows):
    rows = list(rows)
    found = {tuple(row[name] for name in KEY): row for row in rows}
    assert len(found) == len(rows), "a key twice"
    return found


@pytest.fixture
def table(moto, request):
    seed = getattr(request, "param", 1)
    # each test and seed has a table of its own in the one server
    name = f"orders-{request.node.originalname[5:40]}-{seed}"
    return Table(moto, name, seed)


@pytest.fixture
def running(function, database):
    return function(timeout_s=5, ROWTIDE_SINK_URL=database.url())


def rows(database, table):
    return by_key(database.keyed(f"public.{table.name}"))


@pytest.mark.parametrize("table", [1, 2, 3], indirect=True)
def test_the_rows_equal_a_scan_of_the_table(table, running, database):
    table.write(120)
    mapping = Mapping(table.stream, table.shard, running.invoke, batch=40)
    mapping.drain()
    assert len(mapping.history) >= 4
    assert rows(database, table) == table.rows()
    # and go on doing so
    table.write(60)
    mapping.drain()
    assert rows(database, table) == table.rows()
    assert sum(line["parked"] for line in running.summaries()) == 0


@pytest.mark.parametrize("table", [4, 5, 6], indirect=True)
def test_the_rows_equal_the_table_whatever_comes_twice_late_and_in_another_order(table, running, database):
    table.write(150)
    records, chance = table.records(), table.random
    batches = []
    while records:
        size = chance.randrange(1, 30)
        batches.append(records[:size])
        records = records[size:]
    batches += chance.choices(batches, k=len(batches) // 2)
    chance.shuffle(batches)
    for batch in batches:
        # two batches in one, and a record twice in one batch
        chance.shuffle(batch)
        again = chance.choices(batch, k=2)
        assert running.invoke({"Records": batch + again}) == {"batchItemFailures": []}
    assert rows(database, table) == table.rows()
    counts = running.summaries()
    assert sum(line["parked"] + line["reported"] for line in counts) == 0
    assert sum(line["stale"] for line in counts) > 100


def test_when_the_database_stops_the_mapping_goes_on_from_the_reported_number(table, function, server):
    database = server.database()
    running = function(timeout_s=2, ROWTIDE_SINK_URL=database.url())
    table.write(120)
    mapping = Mapping(table.stream, table.shard, running.invoke, batch=30)
    assert mapping.poll() and mapping.history[-1][1] is None
    before = mapping.position
    server.stop()
    try:
        for _ in range(2):
            next_one = table.stream.read(table.shard, mapping.position, 1)[0]
            assert mapping.poll()
            assert mapping.history[-1][1] == table.stream.number(next_one), "the first record of the batch"
            assert mapping.position == before
    finally:
        server.start()
    mapping.drain()
    assert rows(database, table) == table.rows()
    assert running.output().count("Init Duration") == 1


def test_a_database_that_comes_and_goes_while_batches_are_written_loses_nothing(table, function, server):
    database = server.database()
    running = function(timeout_s=4, ROWTIDE_SINK_URL=database.url())
    table.write(250)
    mapping = Mapping(table.stream, table.shard, running.invoke, batch=25)
    mapping.poll()
    done = threading.Event()

    def comes_and_goes():
        while not done.wait(0.3):
            server.stop()
            server.start()

    trouble = threading.Thread(target=comes_and_goes)
    trouble.start()
    try:
        while mapping.poll():
            # once more from the start: records that were applied are stale
            if len(mapping.history) == 10:
                mapping.position = None
    finally:
        done.set()
        trouble.join()
    assert rows(database, table) == table.rows()


def test_what_lambda_stored_of_a_batch_that_it_gave_up_is_replayed_from_the_bucket(
    moto, table, function, server, tmp_path
):
    s3, bucket = moto.client("s3"), "given-up"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    database = server.database()
    running = function(timeout_s=1, ROWTIDE_SINK_URL=database.url())
    table.write(30)
    stored = []

    def give_up(record):
        key = f"aws/lambda/esm/{table.shard}/2026/03/02/{len(stored)}"
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(record))
        stored.append(key)

    mapping = Mapping(table.stream, table.shard, running.invoke, batch=20, attempts=2, give_up=give_up)
    mapping.drain()
    table.write(40)
    server.stop()
    try:
        while mapping.poll() and len(stored) < 2:
            pass
    finally:
        server.start()
    mapping.drain()
    assert rows(database, table) != table.rows(), "batches are missing"
    for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]:
        file = tmp_path / "given-up.json"
        s3.download_file(bucket, entry["Key"], str(file))
        said = rowtide("replay", "--sink", database.url(), "--no-rows", file)
        assert said.startswith("20 records received: ") and " 0 parked, 0 reported" in said
    assert rows(database, table) == table.rows()
