"""The scripts, against a local AWS. What cannot be had here (docker, DMS, a database) is a command of ours."""

import io
import json
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest

from scenarios import DEPLOY

# a function that answers as Rowtide would: with the event's own wish
BOOTSTRAP = """#!/usr/bin/env python3
import json, os, urllib.request
base = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(f"{base}/next") as asked:
        event, request = json.load(asked), asked.headers["Lambda-Runtime-Aws-Request-Id"]
    print(json.dumps({"level": "INFO", "message": "a batch"}), flush=True)
    if "fail" in event:
        kind, answer = "error", {"errorType": "Rowtide.Configuration", "errorMessage": "set it"}
    else:
        kind, answer = "response", {"batchItemFailures": event.get("report", [])}
    urllib.request.urlopen(urllib.request.Request(f"{base}/{request}/{kind}", json.dumps(answer).encode()))
"""


def code(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        file = zipfile.ZipInfo("bootstrap")
        file.external_attr = 0o755 << 16
        archive.writestr(file, text)
    return packed.getvalue()


@pytest.fixture(scope="module")
def function(cloud):
    """A function with two versions, the newer one live."""
    client = cloud.client("lambda")
    client.create_function(
        FunctionName="flight",
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role="arn:aws:iam::000000000000:role/flight",
        Code={"ZipFile": code(BOOTSTRAP)},
        Timeout=20,
        Publish=True,
    )
    client.update_function_code(FunctionName="flight", ZipFile=code(BOOTSTRAP + "# newer\n"), Publish=True)
    client.create_alias(FunctionName="flight", Name="live", FunctionVersion="2")
    return client


def live(client, name: str = "flight") -> str:
    return client.get_alias(FunctionName=name, Name="live")["FunctionVersion"]


def test_roll_back_goes_to_the_version_before_and_forth_to_a_named_one(cloud, function):
    back = cloud.run("flights/roll-back.sh", "flight")
    assert (back.returncode, back.stdout) == (0, "live: 2 -> 1\n"), back.stderr
    assert live(function) == "1"
    again = cloud.run("flights/roll-back.sh", "flight")
    assert again.returncode == 1
    assert "no version before 1" in again.stderr
    assert live(function) == "1"
    forth = cloud.run("flights/roll-back.sh", "flight", "2")
    assert (forth.returncode, live(function)) == (0, "2")


def test_roll_back_of_an_unknown_function_fails(cloud):
    assert cloud.run("flights/roll-back.sh", "nobody").returncode != 0


@pytest.mark.parametrize(
    ("event", "status", "answer"),
    [
        ({"Records": []}, 0, '{"batchItemFailures": []}'),
        ({"report": [{"itemIdentifier": "4968"}]}, 1, "4968"),
        ({"fail": True}, 1, "Rowtide.Configuration"),
    ],
    ids=["applied", "reported", "failed"],
)
def test_invoke_prints_the_answer_and_tells_by_its_status(cloud, function, tmp_path, event, status, answer):
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event))
    ran = cloud.run("flights/invoke.sh", "flight", str(file))
    assert ran.returncode == status, ran.stderr
    assert answer in ran.stdout


def test_invoke_of_an_unknown_function_fails(cloud, tmp_path):
    file = tmp_path / "event.json"
    file.write_text("{}")
    assert cloud.run("flights/invoke.sh", "nobody", str(file)).returncode != 0


@pytest.fixture(scope="module")
def table(cloud):
    cloud.client("dynamodb").create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "order", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "order", "KeyType": "HASH"}],
    )
    return "orders"


def destination(cloud, stream: str) -> dict:
    told = cloud.client("dynamodb").describe_kinesis_streaming_destination(TableName="orders")
    (found,) = [one for one in told["KinesisDataStreamDestinations"] if one["StreamArn"] == stream]
    return found


def test_connect_table_sends_microseconds_also_where_it_was_milliseconds(cloud, table):
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName="changes", ShardCount=1)
    stream = kinesis.describe_stream(StreamName="changes")["StreamDescription"]["StreamARN"]
    connected = cloud.run("flights/connect-table.sh", table, stream)
    assert connected.returncode == 0, connected.stderr
    assert destination(cloud, stream)["ApproximateCreationDateTimePrecision"] == "MICROSECOND"
    cloud.client("dynamodb").update_kinesis_streaming_destination(
        TableName=table,
        StreamArn=stream,
        UpdateKinesisStreamingConfiguration={"ApproximateCreationDateTimePrecision": "MILLISECOND"},
    )
    assert destination(cloud, stream)["ApproximateCreationDateTimePrecision"] == "MILLISECOND"
    assert cloud.run("flights/connect-table.sh", table, stream).returncode == 0
    assert destination(cloud, stream)["ApproximateCreationDateTimePrecision"] == "MICROSECOND"


# `rowtide show` that looks into the source itself: the flight must see the item come and go
SHOW = """
import json, os, subprocess, sys
assert sys.argv[1:3] == ["show", "orders"] and "env://DATABASE_URL" in sys.argv
(key,) = json.loads(sys.argv[sys.argv.index("--key") + 1])
subprocess.run(["aws", "dynamodb", "get-item", "--table-name", "orders", "--key", json.dumps({"order": {"S": key}})])
"""


def test_write_and_watch_sees_the_item_come_and_go(cloud, table):
    cloud.command("rowtide", SHOW)
    ran = cloud.run("flights/write-and-watch.sh", table, "order", DATABASE_URL="postgresql://db/shop")
    assert ran.returncode == 0, ran.stderr
    assert "there after" in ran.stdout and "gone after" in ran.stdout


def test_write_and_watch_gives_up_and_says_where_to_look(cloud, table):
    cloud.command("rowtide", "")
    ran = cloud.run("flights/write-and-watch.sh", table, "order", "orders", "1", DATABASE_URL="postgresql://db/shop")
    assert ran.returncode == 1
    assert "docs/runbook.md" in ran.stderr


# `rowtide show` whose database dies when the item has been seen
DIES = SHOW + """
seen = sys.argv[0] + ".seen"
if os.path.exists(seen):
    sys.exit("error: The database cannot be reached.")
open(seen, "w")
"""


@pytest.mark.parametrize("show", [DIES, "import sys\nsys.exit(1)", "print('{}')"], ids=["dies", "is dead", "is odd"])
def test_write_and_watch_takes_no_silence_for_a_deleted_item(cloud, table, show):
    cloud.command("rowtide", show)
    ran = cloud.run("flights/write-and-watch.sh", table, "order", "orders", "2", DATABASE_URL="postgresql://db/shop")
    assert ran.returncode == 1, ran.stdout
    assert "gone after" not in ran.stdout and "docs/runbook.md" in ran.stderr


def test_write_and_watch_knows_a_row_that_is_kept_and_marked_as_deleted(cloud, table):
    marked = "print(json.dumps({'key': {'order': key}, 'document': {}, 'deleted': True}, separators=(',', ':')))"
    kept = SHOW.replace("subprocess.run(", "got = subprocess.run(capture_output=True, args=")
    cloud.command("rowtide", f"{kept}print(got.stdout.decode()) if got.stdout else {marked}")
    ran = cloud.run("flights/write-and-watch.sh", table, "order", DATABASE_URL="postgresql://db/shop")
    assert ran.returncode == 0, ran.stderr


# `rowtide` that notes how it was called, and cannot replay what holds "bad"
REDRIVE = """
import os, sys
with open(os.environ["CALLS"], "a") as calls:
    print(os.environ.get("ROWTIDE_SINK_SCHEMA"), *sys.argv[1:-1] if sys.argv[1] == "replay" else sys.argv[1:], file=calls)
sys.exit(sys.argv[1] == "replay" and "bad" in open(sys.argv[-1]).read())
"""


@pytest.fixture(scope="module")
def configured(cloud, function):
    """The function, live with settings of its own."""
    settings = {"ROWTIDE_SINK_SCHEMA": "cdc", "ROWTIDE_SOURCE_DECODER": "dms", "ROWTIDE_SINK_URL": "secretsmanager://db"}
    function.create_function(
        FunctionName="configured",
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role="arn:aws:iam::000000000000:role/flight",
        Code={"ZipFile": code(BOOTSTRAP)},
        Environment={"Variables": settings},
        Publish=True,
    )
    function.create_alias(FunctionName="configured", Name="live", FunctionVersion="1")
    return "configured"


def test_the_settings_of_a_function_are_those_of_the_shell(cloud, function, configured):
    ran = cloud.run("flights/settings.sh", configured)
    assert (ran.returncode, ran.stdout.splitlines()) == (
        0,
        [
            "ROWTIDE_CONFIG=",
            "ROWTIDE_SOURCE_DECODER=dms",
            "ROWTIDE_SINK_SCHEMA=cdc",
            "ROWTIDE_SINK_DDL=",
        ],
    ), ran.stderr
    nothing = cloud.run("flights/settings.sh", "flight")
    assert nothing.returncode == 0, nothing.stderr
    assert all(line.endswith("=") for line in nothing.stdout.splitlines())
    assert cloud.run("flights/settings.sh", "nobody", "true").returncode != 0


# the values of a function that others have set up: empty, of blanks, with what a shell would run
HOSTILE = {
    "ROWTIDE_CONFIG": "",
    "ROWTIDE_SOURCE_DECODER": "auto\ttab",
    "ROWTIDE_SINK_SCHEMA": "a $(touch pwned) `touch pwned`; touch 'pwned' \"",
    "ROWTIDE_SINK_DDL": "None\nnever",
}


def test_every_setting_keeps_its_own_value_and_none_is_run(cloud, function, tmp_path):
    function.create_function(
        FunctionName="hostile",
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role="arn:aws:iam::000000000000:role/flight",
        Code={"ZipFile": code(BOOTSTRAP)},
        Environment={"Variables": HOSTILE},
        Publish=True,
    )
    function.create_alias(FunctionName="hostile", Name="live", FunctionVersion="1")
    show = "import json, os; print(json.dumps({**os.environ}))"
    ran = cloud.run("flights/settings.sh", "hostile", sys.executable, "-c", show, ROWTIDE_CONFIG="mine.toml")
    assert ran.returncode == 0, ran.stderr
    seen = {name: value for name, value in json.loads(ran.stdout).items() if name.startswith("ROWTIDE_")}
    assert seen == {name: value for name, value in HOSTILE.items() if value}
    cloud.command("rowtide", REDRIVE)
    calls = tmp_path / "calls"
    ran = cloud.run("flights/redrive.sh", "hostile", DATABASE_URL="x", CALLS=str(calls), ROWTIDE_SINK_SCHEMA="mine")
    assert ran.returncode == 0, ran.stderr
    assert calls.read_text() == f"{HOSTILE['ROWTIDE_SINK_SCHEMA']} dead-letters redrive --sink env://DATABASE_URL\n"
    assert not (DEPLOY.parent / "pwned").exists()


def test_no_script_evaluates_what_it_was_told():
    for script in DEPLOY.rglob("*.sh"):
        assert not re.search(r"^[^#]*\beval\b", script.read_text(), re.MULTILINE), script.name


def test_redrive_moves_what_was_applied_and_leaves_the_rest(cloud, configured, tmp_path):
    cloud.command("rowtide", REDRIVE)
    s3, calls = cloud.client("s3"), tmp_path / "calls"
    s3.create_bucket(Bucket="failures", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for name in ("good", "bad"):
        s3.put_object(Bucket="failures", Key=f"aws/lambda/mapping/shard/2026/{name} one", Body=name.encode())
    settings = {"DATABASE_URL": "postgresql://db/shop", "CALLS": str(calls)}
    ran = cloud.run("flights/redrive.sh", "--config", "rowtide.toml", configured, "failures", **settings)
    assert ran.returncode == 1, ran.stderr
    keys = {found["Key"] for found in s3.list_objects_v2(Bucket="failures")["Contents"]}
    assert keys == {
        "aws/lambda/mapping/shard/2026/bad one",
        "redriven/aws/lambda/mapping/shard/2026/good one",
    }
    assert calls.read_text().splitlines() == [
        "cdc dead-letters redrive --config rowtide.toml --sink env://DATABASE_URL",
        *["cdc replay --config rowtide.toml --sink env://DATABASE_URL --no-rows"] * 2,
    ]
    assert "postgresql" not in ran.stdout + ran.stderr


def test_redrive_of_an_unknown_function_touches_nothing(cloud, tmp_path):
    cloud.command("rowtide", REDRIVE)
    calls = tmp_path / "calls"
    assert cloud.run("flights/redrive.sh", "nobody", "failures", DATABASE_URL="x", CALLS=str(calls)).returncode != 0
    assert not calls.exists()


def test_redrive_of_an_empty_bucket_succeeds(cloud, configured, tmp_path):
    cloud.command("rowtide", REDRIVE)
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="empty", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    ran = cloud.run("flights/redrive.sh", configured, "empty", DATABASE_URL="x", CALLS=str(tmp_path / "calls"))
    assert ran.returncode == 0, ran.stderr


# `docker` that notes how it was called; its push reaches the registry as its manifest
DOCKER = """
import json, os, subprocess, sys
with open(os.environ["CALLS"], "a") as calls:
    print(*sys.argv[1:], file=calls)
if "--push" in sys.argv:
    tag = sys.argv[sys.argv.index("--tag") + 1].rsplit(":", 1)[1]
    subprocess.run(["aws", "ecr", "put-image", "--repository-name", "rowtide", "--image-tag", tag,
        "--image-manifest", json.dumps({"schemaVersion": 2, "tag": tag})], check=True, stdout=subprocess.DEVNULL)
elif sys.argv[1] == "login":
    sys.stdin.read()
"""


def test_publish_pushes_by_digest_publishes_a_version_and_moves_the_alias(cloud, tmp_path):
    cloud.command("docker", DOCKER)
    calls, client = tmp_path / "calls", cloud.client("lambda")
    cloud.client("ecr").create_repository(repositoryName="rowtide")
    certificates = ["--", "--build-arg", "CERTIFICATES=file"]
    built = cloud.run("publish.sh", "--tag", "first", *certificates, CALLS=str(calls))
    assert built.returncode == 0, built.stderr
    (line,) = built.stdout.splitlines()
    image = line.removeprefix("ImageUri=")
    assert "@sha256:" in image
    build = calls.read_text().splitlines()[-1]
    alone = ("--platform linux/arm64", "--provenance=false", "--sbom=false")
    for option in (*alone, "--build-arg FUNCTION=stream", " ".join(certificates[1:])):
        assert option in build
    client.create_function(
        FunctionName="shop",
        PackageType="Image",
        Role="arn:aws:iam::000000000000:role/shop",
        Code={"ImageUri": image},
        Publish=True,
    )
    client.create_alias(FunctionName="shop", Name="live", FunctionVersion="1")
    moved = cloud.run("publish.sh", "--function", "shop", "--tag", "second", CALLS=str(calls))
    assert moved.returncode == 0, moved.stderr
    assert live(client, "shop") == "2"
    assert "Version=2" in moved.stdout
    assert "roll-back.sh shop 1" in moved.stdout
    newer = moved.stdout.splitlines()[0].removeprefix("ImageUri=")
    assert newer != image
    assert client.get_function(FunctionName="shop")["Code"]["ImageUri"] == newer


def test_publish_does_not_build_twice_what_is_there(cloud, tmp_path):
    cloud.command("docker", "raise SystemExit('docker was called')")
    again = cloud.run("publish.sh", "--tag", "second")
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith("ImageUri=")


def test_publish_builds_the_function_that_is_named(cloud, tmp_path):
    cloud.command("docker", DOCKER)
    calls = tmp_path / "calls"
    built = cloud.run("publish.sh", "--processor", "snapshot", "--tag", "tables", CALLS=str(calls))
    assert built.returncode == 0, built.stderr
    assert "--build-arg FUNCTION=snapshot" in calls.read_text().splitlines()[-1]


def test_every_function_has_its_features_and_nothing_else_has_any():
    asked = {name: features(name) for name in ("stream", "snapshot", "doctor", "")}
    assert {name: ran.returncode for name, ran in asked.items()} == {"stream": 0, "snapshot": 0, "doctor": 2, "": 2}
    known = tomllib.loads((DEPLOY.parent / "Cargo.toml").read_text())["features"]
    for name in ("stream", "snapshot"):
        assert set(asked[name].stdout.strip().split(",")) <= set(known)


def features(function: str) -> subprocess.CompletedProcess:
    return subprocess.run([DEPLOY.parent / "scripts" / "features", function], capture_output=True, text=True)


@pytest.mark.parametrize("wrong", [["--architecture", "mips"], ["--processor", "sh"], ["--push", "yes"]], ids=str)
def test_publish_refuses_what_it_does_not_know(cloud, wrong):
    assert cloud.run("publish.sh", *wrong).returncode == 2


# `aws` for what no local AWS has
AWS = """
import os, sys
with open(os.environ["CALLS"], "a") as calls:
    print(*sys.argv[1:], file=calls)
if sys.argv[2] == "describe-stacks":
    print("arn:endpoint" if "TargetEndpointArn" in sys.argv[-1] else "arn:task")
elif sys.argv[2] == "describe-replication-tasks":
    print(os.environ["TASK"])
"""


@pytest.mark.parametrize(
    ("state", "status", "kind"),
    [("ready", 0, "start-replication"), ("stopped", 0, "resume-processing"), ("running", 1, "")],
)
def test_dms_is_started_with_large_integers(cloud, tmp_path, state, status, kind):
    calls = tmp_path / "calls"
    cloud.command("aws", AWS)
    try:
        ran = cloud.run("dms/start.sh", "shop-dms", CALLS=str(calls), TASK=state)
    finally:
        (cloud.bin / "aws").unlink()
    assert ran.returncode == status, ran.stderr
    made = calls.read_text()
    if status == 0:
        modified = "modify-endpoint --endpoint-arn arn:endpoint --kinesis-settings UseLargeIntegerValue=true"
        assert made.index(modified) < made.index(f"--start-replication-task-type {kind}")
    else:
        assert "modify-endpoint" not in made and "start-replication-task" not in made


def test_tail_follows_the_group_of_the_function(cloud, tmp_path):
    calls = tmp_path / "calls"
    cloud.command("aws", AWS)
    try:
        ran = cloud.run("flights/tail.sh", "shop", "2h", CALLS=str(calls), TASK="")
    finally:
        (cloud.bin / "aws").unlink()
    assert ran.returncode == 0, ran.stderr
    assert calls.read_text().strip() == "logs tail /aws/lambda/shop --follow --format short --since 2h --filter-pattern"
