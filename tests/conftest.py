"""The servers of the tests: each is started when the first test wants it and stopped at the end."""

import os

import pytest


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """PostgreSQL."""
    from database import Server

    server = Server()
    yield server
    server.remove()


@pytest.fixture
def database(server):
    """A database of the test's own."""
    return server.database()


@pytest.fixture
def function(tmp_path):
    """Starts a function behind the emulator: `function(ROWTIDE_SINK_URL=…)`."""
    from emulator import Function

    running = []

    def start(**options):
        log = tmp_path / f"function-{len(running)}.log"
        running.append(Function(log, **options))
        return running[-1]

    yield start
    for function in running:
        function.stop()


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    """moto's server: DynamoDB with streams, Secrets Manager, SSM, SQS, SNS, S3."""
    from services import Moto

    moto = Moto(tmp_path_factory.mktemp("moto"))
    yield moto
    moto.stop()


@pytest.fixture(scope="session")
def kinesis(tmp_path_factory):
    """kinesis-local."""
    from services import KinesisLocal

    kinesis = KinesisLocal(tmp_path_factory.mktemp("kinesis"))
    yield kinesis
    kinesis.stop()


@pytest.fixture(scope="session", autouse=True)
def nobodys_account():
    """The SDK in the tests' own process finds no account of the caller's."""
    from processes import AWS

    for name in [name for name in os.environ if name.startswith(("AWS_", "BOTO_", "ROWTIDE_SINK"))]:
        del os.environ[name]
    os.environ.update(AWS)
