"""Messages of SQS queues of moto, sent to them or published through SNS, become rows behind a queue."""

import json
import random

import pytest
from mapping import QueueMapping


def change(number, key, status):
    """A change as Maxwell writes it: its version is the place in the log."""
    return json.dumps(
        {
            "database": "shop",
            "table": "orders",
            "type": "update" if status else "delete",
            "ts": 1772440534,
            "xid": number,
            "commit": True,
            "position": f"master.000006:{number}",
            "primary_key_columns": ["id"],
            "data": {"id": key, "status": status},
        }
    )


def changes(seed, count=60):
    """Random changes, and the rows that they leave."""
    chance, rows, bodies = random.Random(seed), {}, []
    for number in range(1, count + 1):
        key, status = chance.randrange(8), chance.choice(["placed", "paid", "shipped", None])
        bodies.append(change(number, key, status))
        rows[key] = status
    return bodies, {key: status for key, status in rows.items() if status}


class Queue:
    def __init__(self, moto, name, **attributes):
        self.client = moto.client("sqs")
        self.url = self.client.create_queue(
            QueueName=name, Attributes={"VisibilityTimeout": "2", **attributes}
        )["QueueUrl"]
        self.arn = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]

    def left(self):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def drain(self, invoke, polls=60):
        """Polls until the queue is empty: messages that failed come again when they are visible again."""
        mapping = QueueMapping(self.client, self.url, self.arn, invoke)
        for _ in range(polls):
            if not mapping.poll(wait_s=1) and self.left() == 0:
                return mapping
        raise AssertionError(f"{self.left()} messages are left after {polls} polls: {mapping.history}")


def statuses(database):
    return {int(row["id"]): row["status"] for row in database.keyed("public.shop.orders")}


@pytest.fixture
def running(function, database):
    return function(timeout_s=5, ROWTIDE_SINK_URL=database.url())


def test_messages_in_any_order_make_the_rows(moto, running, database):
    bodies, rows = changes(1)
    queue = Queue(moto, "orders")
    chance = random.Random(1)
    twice = bodies + chance.sample(bodies, 20)
    chance.shuffle(twice)
    for body in twice:
        queue.client.send_message(QueueUrl=queue.url, MessageBody=body)
    mapping = queue.drain(running.invoke)
    assert sum(count for count, _ in mapping.history) == 80
    assert statuses(database) == rows


@pytest.mark.parametrize("raw", ["true", "false"])
def test_what_is_published_to_a_topic_arrives_wrapped_and_raw(raw, moto, running, database):
    bodies, rows = changes(2, 20)
    queue, topics = Queue(moto, f"subscribed-{raw}"), moto.client("sns")
    topic = topics.create_topic(Name=f"orders-{raw}")["TopicArn"]
    topics.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": raw}
    )
    for body in bodies:
        topics.publish(TopicArn=topic, Message=body)
    queue.drain(running.invoke)
    assert statuses(database) == rows
    assert sum(line["parked"] for line in running.summaries()) == 0


def test_messages_that_cannot_be_written_come_again_and_poison_does_not(moto, running, database):
    bodies, rows = changes(3, 12)
    queue = Queue(moto, "troubled")
    for body in [*bodies[:6], "no JSON", *bodies[6:]]:
        queue.client.send_message(QueueUrl=queue.url, MessageBody=body)
    running.invoke({"Records": []})
    with database.connect() as blocking:
        # nobody can write a row, poison can be parked
        running.invoke(first_message(bodies[0]))
        blocking.autocommit = False
        blocking.execute('lock table "shop.orders_cdc" in share mode')
        mapping = QueueMapping(queue.client, queue.url, queue.arn, running.invoke)
        assert mapping.poll()
    received, failed = mapping.history[0]
    assert 0 < failed <= received and queue.left() >= failed
    again = queue.drain(running.invoke)
    assert all(failed == 0 for _, failed in again.history)
    assert statuses(database) == rows
    assert database.one("select count(*) from rowtide_dead_letters") == 1


def first_message(body):
    """An event that makes the tables."""
    return {
        "Records": [
            {
                "messageId": "0",
                "receiptHandle": "0",
                "body": body,
                "attributes": {},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:troubled",
                "awsRegion": "eu-central-1",
            }
        ]
    }


def test_a_fifo_queue_keeps_the_order_of_its_groups(moto, running, database):
    bodies, rows = changes(4)
    queue = Queue(moto, "orders.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    for body in bodies:
        group = str(json.loads(body)["data"]["id"])
        queue.client.send_message(QueueUrl=queue.url, MessageBody=body, MessageGroupId=group)
    queue.drain(running.invoke)
    assert statuses(database) == rows
