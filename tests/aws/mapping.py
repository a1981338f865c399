"""Event source mappings: what stands between a stream or a queue and a function, as AWS documents its behaviour.

Records are read, put into an event in Lambda's shape, and the function's answer decides where reading goes on.
"""

import base64
import datetime
import hashlib
import json
import uuid

ACCOUNT, REGION = "123456789012", "eu-central-1"


class DynamoDbStream:
    """A table's stream as Lambda reads it."""

    batch_info = "DDBStreamBatchInfo"

    def __init__(self, client, arn):
        self.client, self.arn = client, arn

    def shards(self):
        return [shard["ShardId"] for shard in self.client.describe_stream(StreamArn=self.arn)["StreamDescription"]["Shards"]]

    def read(self, shard, position, limit):
        """At most `limit` records from a position on: None, ("AT", number) or ("AFTER", number)."""
        kind = {"ShardIteratorType": "TRIM_HORIZON"}
        if position:
            kind = {"ShardIteratorType": f"{position[0]}_SEQUENCE_NUMBER", "SequenceNumber": position[1]}
        iterator = self.client.get_shard_iterator(StreamArn=self.arn, ShardId=shard, **kind)["ShardIterator"]
        answer = self.client.get_records(ShardIterator=iterator, Limit=limit)
        return [{**as_json(record), "eventSourceARN": self.arn} for record in answer["Records"]]

    @staticmethod
    def number(record):
        return record["dynamodb"]["SequenceNumber"]

    @staticmethod
    def arrived(record):
        return record["dynamodb"]["ApproximateCreationDateTime"]


class KinesisStream:
    """A Kinesis stream as Lambda reads it."""

    batch_info = "KinesisBatchInfo"

    def __init__(self, client, name):
        self.client, self.name = client, name
        self.arn = client.describe_stream(StreamName=name)["StreamDescription"]["StreamARN"]

    def shards(self):
        return [shard["ShardId"] for shard in self.client.list_shards(StreamName=self.name)["Shards"]]

    def read(self, shard, position, limit):
        kind = {"ShardIteratorType": "TRIM_HORIZON"}
        if position:
            kind = {
                "ShardIteratorType": f"{position[0]}_SEQUENCE_NUMBER",
                "StartingSequenceNumber": position[1],
            }
        iterator = self.client.get_shard_iterator(StreamName=self.name, ShardId=shard, **kind)["ShardIterator"]
        answer = self.client.get_records(ShardIterator=iterator, Limit=limit)
        return [self._event(shard, record) for record in answer["Records"]]

    def _event(self, shard, record):
        number = record["SequenceNumber"]
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": number,
                "data": base64.b64encode(record["Data"]).decode(),
                "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard}:{number}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/rowtide",
            "awsRegion": REGION,
            "eventSourceARN": self.arn,
        }

    @staticmethod
    def number(record):
        return record["kinesis"]["sequenceNumber"]

    @staticmethod
    def arrived(record):
        return record["kinesis"]["approximateArrivalTimestamp"]


def as_json(value):
    """A record of the SDK as Lambda writes it: times as seconds, binary as base64."""
    if isinstance(value, dict):
        return {name: as_json(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(element) for element in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        seconds = value.timestamp()
        return int(seconds) if seconds.is_integer() else seconds
    return value


class Mapping:
    """An event source mapping with ReportBatchItemFailures, for one shard.

    `invoke` takes an event and returns the function's answer. With `attempts` and `give_up`, a batch is given up after
    so many attempts: `give_up` then takes what Lambda stores of it in S3.
    """

    def __init__(self, stream, shard, invoke, batch=100, attempts=None, give_up=None):
        self.stream, self.shard, self.invoke = stream, shard, invoke
        self.batch, self.attempts, self.give_up = batch, attempts, give_up
        self.position, self.failed = None, 0
        # of each invocation: how many records it was given, and the number that it reported
        self.history = []

    def poll(self):
        """One invocation, unless there is nothing to read."""
        records = self.stream.read(self.shard, self.position, self.batch)
        if not records:
            return False
        answer = self.invoke({"Records": records})
        failures = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        self.history.append((len(records), failures[0] if failures else None))
        numbers = [self.stream.number(record) for record in records]
        if not failures:
            self._go_on(("AFTER", numbers[-1]))
            return True
        # what does not occur in the batch stands for all of it
        first = min((numbers.index(number) for number in failures if number in numbers), default=0)
        if first > 0:
            self._go_on(("AT", numbers[first]))
            return True
        self.failed += 1
        if self.attempts and self.failed >= self.attempts:
            self.give_up(self._destination_record(records))
            self._go_on(("AFTER", numbers[-1]))
        return True

    def drain(self):
        while self.poll():
            pass

    def _go_on(self, position):
        self.position, self.failed = position, 0

    def _destination_record(self, records):
        moment = lambda record: datetime.datetime.fromtimestamp(  # noqa: E731
            self.stream.arrived(record), datetime.timezone.utc
        ).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rowtide-test",
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": self.failed,
            },
            "responseContext": None,
            "version": "1.0",
            "timestamp": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            self.stream.batch_info: {
                "shardId": self.shard,
                "startSequenceNumber": self.stream.number(records[0]),
                "endSequenceNumber": self.stream.number(records[-1]),
                "approximateArrivalOfFirstRecord": moment(records[0]),
                "approximateArrivalOfLastRecord": moment(records[-1]),
                "batchSize": len(records),
                "streamArn": self.stream.arn,
            },
            "payload": json.dumps({"Records": records}),
        }


class QueueMapping:
    """An event source mapping of an SQS queue: what is not reported as failed is deleted."""

    def __init__(self, client, url, arn, invoke, batch=10):
        self.client, self.url, self.arn, self.invoke, self.batch = client, url, arn, invoke, batch
        self.history = []

    def poll(self, wait_s=0):
        answer = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=self.batch,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            WaitTimeSeconds=wait_s,
        )
        messages = answer.get("Messages", [])
        if not messages:
            return False
        failures = self.invoke({"Records": [self._event(message) for message in messages]})["batchItemFailures"]
        failed = {failure["itemIdentifier"] for failure in failures}
        self.history.append((len(messages), len(failed)))
        for message in messages:
            if message["MessageId"] not in failed:
                self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return True

    def _event(self, message):
        assert hashlib.md5(message["Body"].encode()).hexdigest() == message["MD5OfBody"]
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "messageAttributes": {
                name: {
                    "stringValue": attribute.get("StringValue"),
                    "dataType": attribute["DataType"],
                }
                for name, attribute in message.get("MessageAttributes", {}).items()
            },
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self.arn,
            "awsRegion": REGION,
        }
