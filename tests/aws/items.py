"""Items of DynamoDB: random ones, the rows that they must become, and what tells of a change of one."""

import base64
import string
from decimal import Decimal

from mapping import as_json

LETTERS = string.ascii_letters + string.digits + " .-_/\\\"'éß漢😀\n\t"


def number(random):
    digits = "".join(random.choice(string.digits) for _ in range(random.choice([1, 3, 17, 38]))).lstrip("0") or "0"
    if random.random() < 0.5:
        place = random.randrange(len(digits) + 1)
        digits = (digits[:place] or "0") + ("." + digits[place:] if digits[place:] else "")
    return ("-" if random.random() < 0.3 and digits.strip("0.") else "") + digits


def text(random, length=8):
    return "".join(random.choice(LETTERS) for _ in range(random.randrange(1, length)))


def distinct(random, make, same=lambda value: value):
    """A few values, no two of them the same."""
    return list({same(value): value for value in (make() for _ in range(random.randrange(1, 5)))}.values())


def attribute(random, depth=0):
    """An AttributeValue of any type, as the SDK takes it."""
    kinds = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS"] + (["M", "L"] * 2 if depth < 3 else [])
    kind = random.choice(kinds)
    binary = lambda: random.randbytes(random.randrange(1, 6))  # noqa: E731
    values = {
        "S": lambda: random.choice(["", text(random)]),
        "N": lambda: number(random),
        "B": binary,
        "BOOL": lambda: random.random() < 0.5,
        "NULL": lambda: True,
        "SS": lambda: distinct(random, lambda: text(random)),
        "NS": lambda: distinct(random, lambda: number(random), Decimal),
        "BS": lambda: distinct(random, binary),
        "M": lambda: {text(random): attribute(random, depth + 1) for _ in range(random.randrange(4))},
        "L": lambda: [attribute(random, depth + 1) for _ in range(random.randrange(4))],
    }
    return {kind: values[kind]()}


def document(value):
    """What rowtide promises to make of an AttributeValue: docs/formats.md."""
    ((kind, held),) = value.items()
    encode = lambda binary: base64.b64encode(binary).decode()  # noqa: E731
    conversions = {
        "S": lambda: held,
        "N": lambda: Decimal(held),
        "B": lambda: encode(held),
        "BOOL": lambda: held,
        "NULL": lambda: None,
        "SS": lambda: sorted(held, key=str.encode),
        "NS": lambda: sorted(map(Decimal, held)),
        "BS": lambda: [encode(binary) for binary in sorted(held)],
        "M": lambda: {name: document(member) for name, member in held.items()},
        "L": lambda: [document(element) for element in held],
    }
    return conversions[kind]()


def row(item):
    return {name: document(value) for name, value in item.items()}


def change(table, key, image, micros):
    """A change as «Kinesis Data Streams for DynamoDB» writes it."""
    keys = {"id": {"S": key}}
    dynamodb = {
        "ApproximateCreationDateTime": micros,
        "ApproximateCreationDateTimePrecision": "MICROSECOND",
        "Keys": keys,
        "SizeBytes": 100,
    }
    if image is not None:
        dynamodb["NewImage"] = as_json(keys | image)
    return {
        "awsRegion": "eu-central-1",
        "eventID": f"e-{micros}",
        "eventName": "REMOVE" if image is None else "MODIFY",
        "userIdentity": None,
        "recordFormat": "application/json",
        "tableName": table,
        "dynamodb": dynamodb,
        "eventSource": "aws:dynamodb",
    }
