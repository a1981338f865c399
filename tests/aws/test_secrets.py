"""Secrets Manager and Parameter Store of moto hold the database's password: fetched, rotated, never told."""

import json
import time

import pytest
from emulator import FunctionError, rowtide
from mapping import DynamoDbStream, Mapping
from processes import AWS, ROOT

INSERT = (ROOT / "events/dynamodb/insert.json").read_bytes()
MODIFY = (ROOT / "events/dynamodb/modify.json").read_bytes()
NOTHING_FAILED = {"batchItemFailures": []}
# every password here begins with it
CANARY = "canary-"


class Login:
    """A role of the database whose password lies in a secret."""

    count = 0

    def __init__(self, moto, database):
        Login.count += 1
        self.role, self.name = f"rotated{Login.count}", f"rowtide/rotated-{Login.count}"
        self.database, self.versions = database, 0
        self.secrets = moto.client("secretsmanager")

    def password(self):
        return f"{CANARY}{self.role}-{self.versions}"

    def url(self):
        return self.database.url(self.role, self.password())

    def managed(self):
        """The secret as RDS writes it."""
        return json.dumps(
            {
                "username": self.role,
                "password": self.password(),
                "engine": "postgres",
                "host": "127.0.0.1",
                "port": self.database.server.port,
                "dbname": self.database.name,
            }
        )

    def create(self, text):
        self.database.create_login(self.role, self.password())
        return self.secrets.create_secret(Name=self.name, SecretString=text())["ARN"]

    def rotate_secret(self, text):
        self.versions += 1
        self.secrets.put_secret_value(SecretId=self.name, SecretString=text())

    def rotate_database(self):
        self.database.alter_password(self.role, self.password())
        # a connection that is open stays open; a function that was frozen has lost it
        self.database.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", self.role)


@pytest.fixture
def login(moto, database):
    return Login(moto, database)


@pytest.fixture
def start(function, moto):
    """Starts a function that asks moto; at the end none of what it wrote may hold a password."""
    running = []

    def start(url, **variables):
        options = {"timeout_s": 20, "RUST_LOG": "trace", "AWS_ENDPOINT_URL": moto.url, "ROWTIDE_SINK_URL": url}
        running.append(function(**(AWS | options | variables)))
        return running[-1]

    yield start
    for function_ in running:
        assert function_.lines(), "it was invoked"
        assert CANARY not in function_.output()


def test_a_url_in_a_secret_is_fetched_by_name_and_by_arn(login, start):
    arn = login.create(login.url)
    for reference in [login.name, arn]:
        running = start(f"secretsmanager://{reference}")
        assert running.invoke(INSERT) == NOTHING_FAILED
        running.stop()
    assert len(login.database.rows("public.orders")) == 2


def test_a_secret_of_rds_is_a_login(login, start):
    login.create(login.managed)
    running = start(f"secretsmanager://{login.name}")
    assert running.invoke(INSERT) == NOTHING_FAILED
    assert len(login.database.rows("public.orders")) == 2


def test_a_member_of_a_secret_is_taken_by_its_name(login, start):
    login.create(lambda: json.dumps({"other": "x", "dsn": login.url()}))
    assert start(f"secretsmanager://{login.name}#dsn").invoke(INSERT) == NOTHING_FAILED


@pytest.mark.parametrize("kind", ["url", "managed"])
def test_a_warm_function_survives_a_rotated_secret(kind, login, start):
    text = getattr(login, kind)
    login.create(text)
    running = start(f"secretsmanager://{login.name}")
    assert running.invoke(INSERT) == NOTHING_FAILED
    for _ in range(3):
        login.rotate_secret(text)
        login.rotate_database()
        assert running.invoke(MODIFY) == NOTHING_FAILED
    assert running.output().count("Init Duration") == 1
    assert [line["reported"] for line in running.summaries()] == [0, 0, 0, 0]
    assert "shipped" in str(login.database.rows("public.orders"))


def test_while_a_rotation_is_under_way_the_previous_password_is_good(login, start):
    login.create(login.managed)
    # the secret is new, the database not yet
    login.rotate_secret(login.managed)
    running = start(f"secretsmanager://{login.name}")
    assert running.invoke(INSERT) == NOTHING_FAILED
    assert running.invoke(MODIFY) == NOTHING_FAILED
    # and then the database is
    login.rotate_database()
    assert running.invoke(MODIFY) == NOTHING_FAILED
    assert running.output().count("Init Duration") == 1


def test_a_password_that_nobody_put_into_the_secret_fails_the_invocation_until_it_is_there(login, start):
    login.create(login.managed)
    running = start(f"secretsmanager://{login.name}")
    assert running.invoke(INSERT) == NOTHING_FAILED
    login.versions = 7
    login.rotate_database()
    with pytest.raises(FunctionError) as error:
        running.invoke(MODIFY)
    assert error.value.type == "Rowtide.Configuration"
    assert login.name in error.value.message and CANARY not in error.value.message
    login.secrets.put_secret_value(SecretId=login.name, SecretString=login.managed())
    # refused logins are not repeated at once
    end = time.monotonic() + 15
    while True:
        try:
            answer = running.invoke(MODIFY)
            break
        except FunctionError:
            assert time.monotonic() < end
            time.sleep(0.5)
    assert answer == NOTHING_FAILED
    assert running.output().count("Init Duration") == 1


def test_a_secret_that_does_not_exist_is_named(login, start):
    running = start("secretsmanager://rowtide/nowhere")
    with pytest.raises(FunctionError) as error:
        running.invoke(INSERT)
    assert "rowtide/nowhere" in error.value.message
    login.create(login.url)


def test_a_whole_stream_arrives_although_the_secret_is_rotated_again_and_again(moto, login, start):
    client = moto.client("dynamodb")
    created = client.create_table(
        TableName="rotated",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    stream = DynamoDbStream(moto.client("dynamodbstreams"), created["TableDescription"]["LatestStreamArn"])
    for number in range(60):
        item = {"id": {"S": f"k{number % 20}"}, "n": {"N": str(number)}}
        client.put_item(TableName="rotated", Item=item)
    login.create(login.managed)
    running = start(f"secretsmanager://{login.name}")
    mapping = Mapping(stream, stream.shards()[0], running.invoke, batch=10)
    while mapping.poll():
        login.rotate_secret(login.managed)
        login.rotate_database()
    assert len(mapping.history) == 6
    rows = {row["id"]: row["n"] for row in login.database.keyed("public.rotated")}
    assert rows == {f"k{number % 20}": number for number in range(60)}


def test_the_configuration_and_the_login_come_from_parameter_store(moto, login, start):
    parameters = moto.client("ssm")
    login.database.create_login(login.role, login.password())
    name = f"/rowtide/{login.role}"
    parameters.put_parameter(Name=f"{name}/url", Type="SecureString", Value=login.url())
    settings = '[[route]]\nfrom = "orders"\nto = "bestellungen"\n'
    parameters.put_parameter(Name=f"{name}/config", Type="String", Value=settings)
    running = start(f"ssm://{name}/url", ROWTIDE_CONFIG=f"ssm://{name}/config")
    assert running.invoke(INSERT) == NOTHING_FAILED
    assert len(login.database.rows("public.bestellungen")) == 2


def test_the_command_asks_for_secrets_too_and_does_not_show_them(moto, login):
    login.create(login.managed)
    variables = AWS | {"AWS_ENDPOINT_URL": moto.url, "ROWTIDE_SINK_URL": f"secretsmanager://{login.name}"}
    event = ROOT / "events/dynamodb/insert.json"
    reference = f"secretsmanager://{login.name}"
    said = rowtide("replay", "--sink", reference, event, **variables) + rowtide("config", **variables)
    assert len(login.database.rows("public.orders")) == 2
    assert reference in said and CANARY not in said
