"""The parameters, and the deployments for which the templates are compared."""

import json
import re
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
FILE = json.loads((DEPLOY / "parameters.json").read_text())
PARAMETERS, SNAPSHOT_PARAMETERS = FILE["parameters"], FILE["snapshot"]

SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:warehouse-AbCdEf"
SOURCE_SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-GhIjKl"
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/rowtide@sha256:" + "0123456789abcdef" * 4
KINESIS = "arn:aws:kinesis:eu-central-1:123456789012:stream/changes"
TABLE_STREAM = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/2026-01-31T08:00:00.000"

SCENARIOS = {
    "the least that must be given": {"SinkSecretArn": SECRET, "ImageUri": IMAGE},
    "everything that can be given": {
        "Name": "shop-changes",
        "Release": "2026.11",
        "StreamKmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/7c2d5e",
        "StreamRetentionHours": 48,
        "TableName": "orders",
        "CreateTable": True,
        "TablePartitionKey": "order",
        "PackageType": "Zip",
        "CodeBucket": "artefacts",
        "CodeKey": "rowtide/1.zip",
        "Architecture": "x86_64",
        "MemorySize": 1024,
        "Timeout": 120,
        "ReservedConcurrency": 20,
        "SinkSecretArn": SECRET,
        "SinkSecretSuffix": "?host=db.example.org&dbname=shop",
        "SinkSecretKmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/4f3b1a",
        "SecretsExtensionArn": "arn:aws:lambda:eu-central-1:187925254637:layer:AWS-Parameters-and-Secrets:12",
        "DatabaseUserArn": "arn:aws:rds-db:eu-central-1:123456789012:dbuser:db-ABCDEF/rowtide",
        "SinkTlsRootCert": "/var/task/rds.pem",
        "ConfigParameter": "/shop/rowtide.toml",
        "Decoder": "auto",
        "SinkSchema": "cdc",
        "SinkDdl": "never",
        "SinkConnections": 2,
        "BatchSize": 500,
        "BatchingWindow": 5,
        "ParallelizationFactor": 4,
        "RetryAttempts": 20,
        "RecordAge": 3600,
        "StartingPosition": "LATEST",
        "FilterPattern": '{"data":{"eventName":["INSERT","MODIFY","REMOVE"]}}',
        "PurgeSchedule": "cron(0 3 ? * SUN *)",
        "SubnetIds": ["subnet-1", "subnet-2"],
        "SecurityGroupIds": ["sg-1"],
        "LogRetentionDays": 7,
        "FailureRetentionDays": 90,
        "LagAlarmSeconds": 600,
        "AlarmEmail": "ops@example.org",
    },
    "the stream of an existing table": {
        "SinkSecretArn": SECRET,
        "ImageUri": IMAGE,
        "StreamType": "dynamodb",
        "StreamArn": TABLE_STREAM,
        "StreamKmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/7c2d5e",
        "TableName": "orders",
        "FilterPattern": '{"eventName":["INSERT","MODIFY","REMOVE"]}',
    },
    "the stream of a created table": {
        "SinkSecretArn": SECRET,
        "ImageUri": IMAGE,
        "StreamType": "dynamodb",
        "CreateTable": True,
        "TableName": "orders",
    },
    "an existing stream, no alarms, no reservation, no purge": {
        "SinkSecretArn": SECRET,
        "ImageUri": IMAGE,
        "StreamArn": KINESIS,
        "TableName": "orders",
        "CreateAlarms": False,
        "ReservedConcurrency": -1,
        "PurgeSchedule": "",
    },
    "a created table on an existing stream": {
        "SinkSecretArn": SECRET,
        "ImageUri": IMAGE,
        "StreamArn": KINESIS,
        "TableName": "orders",
        "CreateTable": True,
    },
}

REFUSED = {
    "an image without its address": {"SinkSecretArn": SECRET},
    "a zip without its key": {"SinkSecretArn": SECRET, "PackageType": "Zip", "CodeBucket": "artefacts"},
    "a created table without a name": {"SinkSecretArn": SECRET, "ImageUri": IMAGE, "CreateTable": True},
    "DynamoDB Streams without a stream": {"SinkSecretArn": SECRET, "ImageUri": IMAGE, "StreamType": "dynamodb"},
}

SNAPSHOT_LEAST = {"SourceSecretArn": SOURCE_SECRET, "SinkSecretArn": SECRET, "ImageUri": IMAGE}
SNAPSHOT_SCENARIOS = {
    "the least that must be given": SNAPSHOT_LEAST,
    "everything that can be given": {
        "Name": "shop-tables",
        "Release": "2026.11",
        "SourceSecretArn": SOURCE_SECRET,
        "SourceSecretSuffix": "?host=db.example.org&dbname=shop",
        "SourceSecretKmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/7c2d5e",
        "SourceTlsRootCert": "/var/task/rds.pem",
        "SnapshotTo": "sink,archive",
        "SnapshotBeside": "debezium",
        "SnapshotReplace": True,
        "SnapshotTablesFile": "/var/task/tables.json",
        "SnapshotSchedule": "cron(0 3 ? * SUN *)",
        "ArchiveBucket": "lake",
        "ArchivePrefix": "shop/tables",
        "ArchiveFormat": "ndjson",
        "ArchiveKmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/9a8b7c",
        "ArchiveAbortDays": 2,
        "PackageType": "Zip",
        "CodeBucket": "artefacts",
        "CodeKey": "rowtide/snapshot-1.zip",
        "Architecture": "x86_64",
        "MemorySize": 2048,
        "Timeout": 600,
        "ReservedConcurrency": 20,
        "EventAge": 3600,
        "SinkSecretArn": SECRET,
        "SinkSecretSuffix": "#url",
        "SinkSecretKmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/4f3b1a",
        "SecretsExtensionArn": "arn:aws:lambda:eu-central-1:187925254637:layer:AWS-Parameters-and-Secrets:12",
        "DatabaseUserArn": "arn:aws:rds-db:eu-central-1:123456789012:dbuser:db-ABCDEF/rowtide",
        "SinkTlsRootCert": "/var/task/rds.pem",
        "ConfigParameter": "/shop/rowtide.toml",
        "SinkSchema": "cdc",
        "SinkDdl": "never",
        "SinkConnections": 2,
        "SubnetIds": ["subnet-1", "subnet-2"],
        "SecurityGroupIds": ["sg-1"],
        "LogRetentionDays": 7,
        "FailureRetentionDays": 90,
        "AgeAlarmSeconds": 600,
        "AlarmEmail": "ops@example.org",
    },
    "a created archive, every day": SNAPSHOT_LEAST | {"SnapshotTo": "archive", "SnapshotSchedule": "rate(1 day)"},
    "a created archive with a key, no reservation, no alarms": SNAPSHOT_LEAST
    | {
        "SnapshotTo": "sink,archive",
        "ArchiveKmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/9a8b7c",
        "ReservedConcurrency": -1,
        "CreateAlarms": False,
    },
    # who writes no archive gets nothing of one
    "settings of an archive that is not written": SNAPSHOT_LEAST
    | {"ArchiveBucket": "lake", "ArchiveKmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/9a8b7c"},
}
SNAPSHOT_REFUSED = {
    "an image without its address": {"SourceSecretArn": SOURCE_SECRET, "SinkSecretArn": SECRET},
    "a zip without its key": {
        "SourceSecretArn": SOURCE_SECRET,
        "SinkSecretArn": SECRET,
        "PackageType": "Zip",
        "CodeBucket": "artefacts",
    },
}

# what a stack of deploy/dms/template.yaml needs
DMS = {
    "StreamArn": "arn:aws:kinesis:eu-central-1:123456789012:stream/rowtide",
    "ReplicationInstanceArn": "arn:aws:dms:eu-central-1:123456789012:rep:A",
    "SourceEndpointArn": "arn:aws:dms:eu-central-1:123456789012:endpoint:B",
}


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def for_cloudformation(values: dict) -> dict[str, str]:
    def text(value) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        return ",".join(value) if isinstance(value, list) else str(value)

    return {name: text(value) for name, value in values.items()}


def for_terraform(values: dict) -> dict:
    return {snake(name): value for name, value in values.items()}
