"""From what was captured to Lambda events, as a Kinesis stream and its event source mapping deliver them."""

import base64
import json
import zlib

STREAM = "arn:aws:kinesis:eu-central-1:123456789012:stream/shop"
FIRST = 49672129486798177489156227461976751903661955968088932787


class Stream:
    """A stream of some shards. Whatever is put gets a number that is greater than all before."""

    def __init__(self, shards=1):
        self.shards = [[] for _ in range(shards)]
        self.count = 0

    def put(self, partition_key, data):
        """`data` is text, or None, which Debezium Server writes as nothing."""
        self.count += 1
        number = str(FIRST + self.count)
        shard = zlib.crc32(partition_key.encode()) % len(self.shards)
        self.shards[shard].append(
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": partition_key,
                    "sequenceNumber": number,
                    "data": base64.b64encode((data or "").encode()).decode(),
                    "approximateArrivalTimestamp": 1772440543.005 + self.count / 1000,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"shardId-{shard:012}:{number}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::123456789012:role/rowtide-shop",
                "awsRegion": "eu-central-1",
                "eventSourceARN": STREAM,
            }
        )


def of_debezium(messages, shards=1):
    """As Debezium Server writes to Kinesis: the partition key is the text of the message's key."""
    stream = Stream(shards)
    for message in messages:
        stream.put("default" if message.key is None else message.key, message.value)
    return stream


def of_wal2json(texts, shards=1):
    """The partition key is that of the row: its columns in `identity` or else in `columns`. A transaction has none."""
    stream = Stream(shards)
    for text in texts:
        change = json.loads(text)
        names = [column["name"] for column in change.get("pk", [])]
        columns = change.get("columns", []) + change.get("identity", [])
        row = {column["name"]: column["value"] for column in columns}
        key = json.dumps([change["table"], *(row[name] for name in names)]) if names else "none"
        stream.put(key, text)
    return stream


def batches(records, chance):
    """All of them in their order, cut at random."""
    cut = []
    while records:
        size = chance.choice([1, 10, 100, 200])
        cut.append(records[:size])
        records = records[size:]
    return cut


def in_order(stream, chance):
    """One shard after the other."""
    return [batch for shard in stream.shards for batch in batches(shard, chance)]


def repeated(stream, chance):
    """The shards in turns; now and then a shard is read again from an earlier batch on, or a batch comes once more."""
    cut = [batches(shard, chance) for shard in stream.shards]
    places, delivered = [0] * len(cut), []
    while any(place < len(shard) for place, shard in zip(places, cut, strict=True)):
        at = chance.choice([at for at, shard in enumerate(cut) if places[at] < len(shard)])
        delivered.append(cut[at][places[at]])
        places[at] += 1
        if chance.random() < 0.2:
            places[at] -= chance.randrange(min(places[at], 4))
        if chance.random() < 0.2:
            delivered.append(chance.choice(delivered))
    return delivered


def shuffled(stream, chance):
    """Every record anywhere, some of them twice."""
    records = [record for shard in stream.shards for record in shard]
    records += chance.sample(records, len(records) // 5)
    chance.shuffle(records)
    return batches(records, chance)


def write(delivered, file):
    """Lambda events, one a line."""
    with file.open("w") as lines:
        for batch in delivered:
            lines.write(json.dumps({"Records": batch}) + "\n")
