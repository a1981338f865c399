"""The whole way on one machine, to be tried by hand: docs/trial.md. `scripts/trial` starts it.

An item that is put into DynamoDB becomes a row of PostgreSQL, and so does a record of a Kinesis stream. Without
arguments everything is started here and stopped at the end. With `follow`, as in docker-compose.yml, the servers are
there already, and this is only what stands between the streams and the function.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import boto3
from boto3.dynamodb.types import TypeSerializer
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from emulator import Endpoint, Function, FunctionError, TimedOut
from items import change
from mapping import DynamoDbStream, KinesisStream, Mapping
from processes import AWS, ROOT, program

PROGRAMS = ("rowtide", "rowtide-stream")
# The table of DynamoDB with a stream of its own, and the one whose changes come by way of Kinesis.
TABLE, KINESIS_TABLE, STREAM = "orders", "customers", "changes"
DATABASE = "trial"
# PostgreSQL listens there, DynamoDB on the next port, Kinesis on the one after that; docker-compose.yml says the same.
PORT = 24600
# Between two looks at a stream that had nothing new.
PAUSE_S = 0.2
# What did not go is tried again after so long.
AGAIN_S = 1
# A check that waits longer has failed.
PATIENCE_S = 10
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

HINTS = """
An item for DynamoDB, in a second terminal:

    export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=eu-central-1
    {aws} dynamodb put-item --endpoint-url {dynamodb} --table-name orders \\
        --item '{{"id": {{"S": "o-1"}}, "state": {{"S": "open"}}, "total": {{"N": "12.50"}}}}'

Without the AWS CLI: a change of that item, a record of a Kinesis stream, and the end of the item:

    {trial} put orders '{{"id": "o-1", "state": "paid", "total": 12.50}}'
    {trial} put customers '{{"id": "c-1", "name": "Ada"}}'
    {trial} delete orders o-1

What has become of them:

    {psql} -c 'select pk, data from orders'
    {rowtide} status --sink {sink}

{end}
"""


class Failed(Exception):
    """What cannot go on; the message says why."""


class Sources:
    """The table and the stream: how they are made, written and read."""

    def __init__(self, port):
        self.port = port
        address = lambda name, offset: os.environ.get(name) or f"http://127.0.0.1:{port + offset}"  # noqa: E731
        dynamodb, kinesis = address("ROWTIDE_TRIAL_DYNAMODB", 1), address("ROWTIDE_TRIAL_KINESIS", 2)
        # no account of the caller's is found, and nobody waits long for a server that is not there
        for name in [name for name in os.environ if name.startswith(("AWS_", "BOTO_"))]:
            del os.environ[name]
        os.environ.update(AWS)
        once = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10)
        client = lambda service, url: boto3.client(service, endpoint_url=url, config=once)  # noqa: E731
        self.dynamodb, self.kinesis = client("dynamodb", dynamodb), client("kinesis", kinesis)
        self.dynamodb_streams = client("dynamodbstreams", dynamodb)

    def make(self):
        """The table and the stream, unless they are there."""
        with contextlib.suppress(self.dynamodb.exceptions.ResourceInUseException):
            self.dynamodb.create_table(
                TableName=TABLE,
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            )
        with contextlib.suppress(self.kinesis.exceptions.ResourceInUseException):
            self.kinesis.create_stream(StreamName=STREAM, ShardCount=1)
        self.kinesis.get_waiter("stream_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 0.2, "MaxAttempts": 50})

    def mappings(self, invoke):
        """By name: an event source mapping of each shard."""
        arn = self.dynamodb.describe_table(TableName=TABLE)["Table"]["LatestStreamArn"]
        streams = {
            f"DynamoDB stream of {TABLE}": DynamoDbStream(self.dynamodb_streams, arn),
            f"Kinesis stream {STREAM}": KinesisStream(self.kinesis, STREAM),
        }
        return [(name, Mapping(stream, shard, invoke)) for name, stream in streams.items() for shard in stream.shards()]

    def put(self, table, document):
        item = TypeSerializer().serialize(document)["M"]
        if table == KINESIS_TABLE:
            self._record(document["id"], item)
        else:
            self.dynamodb.put_item(TableName=table, Item=item)

    def delete(self, table, key):
        if table == KINESIS_TABLE:
            self._record(key, None)
        else:
            self.dynamodb.delete_item(TableName=table, Key={"id": {"S": key}})

    def _record(self, key, image):
        """What DynamoDB itself would write into a Kinesis stream; no emulator does."""
        record = change(KINESIS_TABLE, key, image, time.time_ns() // 1000)
        self.kinesis.put_record(StreamName=STREAM, PartitionKey=key, Data=json.dumps(record))


class Follower:
    """Reads the streams, and shows a line for each batch."""

    def __init__(self, sources, function):
        self.sources, self.function = sources, function
        self.mappings, self.trouble = None, None

    def follow(self, until):
        while not until():
            try:
                self.mappings = self.mappings or self.sources.mappings(self.function.invoke)
                # a list: every one of them has its turn
                if not any([self._poll(name, mapping) for name, mapping in self.mappings]):
                    time.sleep(PAUSE_S)
                self.trouble = None
            except (FunctionError, TimedOut, RuntimeError, BotoCoreError, ClientError) as error:
                self._tell_once(f"{first_line(error)} Trying again each second.")
                time.sleep(AGAIN_S)

    def _poll(self, name, mapping):
        if not mapping.poll():
            return False
        count, reported = mapping.history[-1]
        say(f"{name}: {count} received, {self._outcome(reported)}")
        if reported:
            time.sleep(AGAIN_S)
        return True

    def _outcome(self, reported):
        """What the function says of the batch in its log, where that can be read; else what it answered."""
        for summary in self.function.summaries()[-1:]:
            counts = ", ".join(f"{summary[name]} {name}" for name in ("applied", "stale", "parked", "reported"))
            of_it = [line for line in self.function.lines() if line.get("requestId") == summary["requestId"]]
            return ": ".join([counts, *[line["error"] for line in of_it if "error" in line][-1:]])
        return f"reported from {reported} on, to be tried again" if reported else "none reported"

    def _tell_once(self, trouble):
        if trouble != self.trouble:
            say(trouble)
        self.trouble = trouble


class Trial:
    """Everything on this machine. What was started is stopped by `stop`, in whatever state it is."""

    def __init__(self, port):
        self.port, self.sources = port, Sources(port)
        self.started = contextlib.ExitStack()

    def start(self):
        # in here, because the image in which `follow` runs has no psycopg
        from database import Server
        from services import KinesisLocal, Moto

        build()
        for number in range(self.port, self.port + 3):
            require_free(number)
        (folder,) = self._begin((lambda: Path(tempfile.mkdtemp(prefix="rowtide-trial-")), shutil.rmtree))
        for name in ("moto", "kinesis"):
            (folder / name).mkdir()
        server, moto, kinesis = self._begin(
            (lambda: Server(self.port), Server.remove),
            (lambda: Moto(folder / "moto", self.port + 1), Moto.stop),
            (lambda: KinesisLocal(folder / "kinesis", self.port + 2), KinesisLocal.stop),
        )
        self.database, log = server.create(DATABASE), folder / "function.log"
        start = lambda: Function(log, timeout_s=10, ROWTIDE_SINK_URL=self.database.url())  # noqa: E731
        (function,) = self._begin((start, Function.stop))
        self.processes = [moto.process, kinesis.process, function.process]
        self.sources.make()
        self.follower = Follower(self.sources, function)

    def _begin(self, *several):
        """Each as how it is started and how it is stopped; all at once."""

        def begin(how):
            start, stop = how
            begun = start()
            self.started.callback(stop, begun)
            return begun

        with undisturbed(), ThreadPoolExecutor() as pool:
            return list(pool.map(begin, several))

    def stop(self):
        with undisturbed():
            self.started.close()
            # the terminal may be closed
            with contextlib.suppress(OSError):
                say("everything is stopped and removed")

    def follow(self, until=lambda: False):
        self.follower.follow(lambda: self._require_running() or until())

    def _require_running(self):
        for process in self.processes:
            if process.child.poll() is not None:
                last = "\n".join(process.output().splitlines()[-5:])
                raise Failed(f"{Path(process.command[0]).name} has ended. Its last lines:\n{last}")

    def check(self):
        """Items are put, changed and deleted, and each time the rows are compared."""
        for what, write, expected in self._steps():
            begun = time.monotonic()
            write()
            self._follow_until(expected, begun + PATIENCE_S)
            if self._rows() != expected:
                raise Failed(f"{what}: after {PATIENCE_S} s the rows are {self._rows()}, not {expected}")
            say(f"{what}: the rows are right after {time.monotonic() - begun:.1f} s")

    def _follow_until(self, expected, end):
        self.follow(lambda: self._rows() == expected or time.monotonic() > end)

    def _steps(self):
        """Each write, and all rows afterwards."""
        order = {"id": "o-1", "state": "open", "total": Decimal("12.50")}
        paid = order | {"state": "paid"}
        customer = {"id": "c-1", "name": "Ada", "tags": ["a", None, True]}
        renamed = {"id": "c-1", "name": "Ada L."}
        sources = self.sources
        update = lambda: sources.dynamodb.update_item(  # noqa: E731
            TableName=TABLE,
            Key={"id": {"S": "o-1"}},
            UpdateExpression="SET #s = :s",
            ExpressionAttributeNames={"#s": "state"},
            ExpressionAttributeValues={":s": {"S": "paid"}},
        )
        yield "an item put", lambda: sources.put(TABLE, order), {TABLE: [order]}
        yield "the item updated", update, {TABLE: [paid]}
        both = lambda orders, customers: {TABLE: orders, KINESIS_TABLE: customers}  # noqa: E731
        yield "a record put", lambda: sources.put(KINESIS_TABLE, customer), both([paid], [customer])
        yield "a record of a change", lambda: sources.put(KINESIS_TABLE, renamed), both([paid], [renamed])
        yield "the item deleted", lambda: sources.delete(TABLE, "o-1"), both([], [renamed])
        yield "a record of a delete", lambda: sources.delete(KINESIS_TABLE, "c-1"), both([], [])

    def _rows(self):
        return {target.removeprefix("public."): self.database.keyed(target) for target in self.database.targets()}


@contextlib.contextmanager
def undisturbed():
    """Nothing in here is left half done: a signal that asks to end is heard afterwards."""
    asked = []
    before = {number: signal.signal(number, lambda *_: asked.append(True)) for number in ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if asked:
            raise KeyboardInterrupt


def end(*_):
    raise KeyboardInterrupt


def build():
    """The function and the command, unless they are there or lie elsewhere."""
    there = all((ROOT / "target/debug" / name).exists() for name in PROGRAMS)
    if not there and "ROWTIDE_TEST_BINARIES" not in os.environ:
        say("building the function and the command, which takes some minutes")
        cargo = ["cargo", "build", "--locked", "--bins"]
        if not shutil.which("cargo"):
            raise Failed("Building needs Rust: https://rustup.rs")
        if subprocess.run(cargo, cwd=ROOT).returncode != 0:
            raise Failed("They could not be built.")
    # says what is not there
    for name in PROGRAMS:
        program(name)


def require_free(port):
    with socket.socket() as listener:
        # what the run before this one has left does not count
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            raise Failed(f"Port {port} is taken. Another trial? Else take other ports: `--port 25600`.") from None


def say(text):
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def first_line(error):
    return f"{str(error).strip().splitlines()[0]}".rstrip(".") + "."


def document(text):
    """The argument of `put`: its numbers keep their digits."""
    try:
        found = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"this is no JSON: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        raise argparse.ArgumentTypeError('it must be an object with a text "id", which is the key')
    return found


def command(name, *elsewhere):
    """The first of these that can be run, the name itself when there is none."""
    return next((place for place in (name, *elsewhere) if shutil.which(place)), name)


def hints_here(port):
    sink = f"postgresql://postgres@127.0.0.1:{port}/{DATABASE}"
    binaries = os.environ.get("ROWTIDE_TEST_BINARIES", "target/debug")
    option = "" if port == PORT else f" --port {port}"
    return HINTS.format(
        aws=command("aws", "target/tools/python/bin/aws"),
        dynamodb=f"http://127.0.0.1:{port + 1}",
        trial=f"scripts/trial{option}",
        psql=f"psql {sink}",
        rowtide=f"{binaries}/rowtide",
        sink=sink,
        end="Ctrl-C ends it and removes everything.",
    )


def hints_in_compose():
    return HINTS.format(
        aws="aws",
        dynamodb=f"http://127.0.0.1:{PORT + 1}",
        trial="docker compose exec mapping python3 /rowtide/tests/aws/trial.py",
        psql=f"docker compose exec postgres psql -U postgres {DATABASE}",
        rowtide="rowtide",
        sink=f"postgresql://postgres@127.0.0.1:{PORT}/{DATABASE}",
        end="Ctrl-C and `docker compose down` end it and remove everything.",
    )


def here(options):
    """Everything is started, tried or checked, and stopped."""
    trial = Trial(options.port)
    try:
        say("starting PostgreSQL, DynamoDB (moto), Kinesis (kinesis-local) and the function")
        trial.start()
        if options.check:
            trial.check()
        else:
            print(hints_here(options.port), flush=True)
            trial.follow()
    finally:
        trial.stop()


def follow(options):
    sources = Sources(options.port)
    sources.make()
    print(hints_in_compose(), flush=True)
    Follower(sources, Endpoint(options.function)).follow(lambda: False)


def put(options):
    Sources(options.port).put(options.table, options.document)


def delete(options):
    Sources(options.port).delete(options.table, options.key)


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/trial", description="The whole way on this machine: docs/trial.md.")
    parser.set_defaults(run=here)
    parser.add_argument("--port", type=int, default=PORT, help=f"the first of three ports, {PORT} unless given")
    parser.add_argument("--check", action="store_true", help="puts, changes, deletes, compares the rows, and ends")
    commands = parser.add_subparsers(title="in a second terminal")
    for name, run, what, last in [
        ("put", put, "puts an item, or the record of a change of one", ("document", {"type": document})),
        ("delete", delete, "deletes an item, or puts the record of that", ("key", {})),
    ]:
        one = commands.add_parser(name, help=what, description=what)
        one.set_defaults(run=run)
        one.add_argument("table", choices=[TABLE, KINESIS_TABLE], help="of DynamoDB; by way of Kinesis")
        one.add_argument(last[0], **last[1])
    following = commands.add_parser("follow", help="for docker-compose.yml: the servers are there already")
    following.set_defaults(run=follow)
    following.add_argument("function", help="the emulator's address")
    return parser.parse_args()


def main():
    for number in ENDS:
        signal.signal(number, end)
    try:
        options = arguments()
        options.run(options)
        return 0
    except KeyboardInterrupt:
        return 0
    except EndpointConnectionError as error:
        print(f"{first_line(error)} Does the trial run, and at this port?", file=sys.stderr)
    except (Failed, OSError, RuntimeError, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
