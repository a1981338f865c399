"""deploy/publish.sh builds the image of the Dockerfile and pushes it; what was pushed turns events into rows."""

import json
import time
from pathlib import Path

import pytest
from published import ARCHITECTURE, PLACE, Contained, Image, Publisher, Registry, container, remove_others
from test_emulator import COUNTS, Golden, event, exact

pytestmark = pytest.mark.skipif(
    not (PLACE / "version").exists(), reason="not run: tests/image/install has put no base images together here"
)
# One a kind of source.
CASES = ["dynamodb-kinesis/composite-key", "dynamodb/insert", "sqs/fifo", "kafka/several-partitions"]
# The release's binary has 7.6 MB. A build without optimisation has twice that.
COMPRESSED_MAX = 12 * 1024 * 1024


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    registry = Registry(tmp_path_factory.mktemp("registry"))
    yield registry
    registry.stop()


@pytest.fixture(scope="module")
def publisher(registry, tmp_path_factory):
    return Publisher(registry, tmp_path_factory.mktemp("publisher"))


@pytest.fixture(scope="module")
def image(registry, publisher):
    (line,) = publisher.run().splitlines()
    uri = line.removeprefix("ImageUri=")
    assert uri.startswith(f"{registry.address}/rowtide@sha256:"), line
    assert [call.split()[0] for call in publisher.calls.read_text().splitlines()] == ["login", "buildx"]
    yield Image(registry, uri)
    remove_others()


def test_a_second_run_finds_the_image_and_builds_nothing(publisher, image):
    assert publisher.run() == f"ImageUri={image.uri}\n"
    assert publisher.calls.read_text() == ""


def test_it_is_one_image_of_one_architecture_and_not_a_list(image):
    assert image.manifest["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    assert image.description["os"] == "linux"
    assert image.description["architecture"] == {"x86_64": "amd64"}.get(ARCHITECTURE, ARCHITECTURE)


def test_it_starts_the_function_by_the_entry_point_of_its_base_and_as_nobody(image):
    assert image.config["Entrypoint"] == ["/lambda-entrypoint.sh"]
    assert image.config["Cmd"] == ["bootstrap"]
    assert image.config["User"] == "65534:65534"


def test_it_adds_the_function_to_its_base_and_nothing_else(image):
    files = image.own_files()
    assert list(files) == ["var/runtime/bootstrap"]
    function = files["var/runtime/bootstrap"]
    assert (function.uid, function.gid, function.mode & 0o777) == (0, 0, 0o755)
    adds, whole = (sum(layer["size"] for layer in layers) for layers in (image.own_layers(), image.manifest["layers"]))
    print(f"the function has {function.size:,} bytes, compressed {adds:,} of the image's {whole:,}")
    assert adds < COMPRESSED_MAX
    # no setting, so no secret, but the one that is empty without certificates
    assert [name for name in image.config["Env"] if not name.startswith("PATH=")] == ["ROWTIDE_SINK_TLS_ROOT_CERT="]


def test_events_become_rows(image, server, tmp_path):
    with container(image) as name:
        for case in CASES:
            database, golden = server.database(), Golden(case)
            log = tmp_path / f"{case.replace('/', '-')}.log"
            function = Contained(image, name, log, ROWTIDE_SINK_URL=database.url())
            try:
                assert exact(json.dumps(function.invoke(event(case)))) == golden.response
                (summary,) = function.summaries()
                assert {count: summary[count] for count in COUNTS} == golden.counts
                assert {target: database.rows(target) for target in golden.rows} == golden.rows
                assert sum(golden.counts.values()) and golden.rows
                status = Path(f"/proc/{function.pid()}/status").read_text()
                assert "Uid:\t65534\t65534\t65534\t65534" in status
            finally:
                function.stop()


def test_each_start_answers_a_first_request_and_a_second_one(image, server, tmp_path):
    """The emulator starts the function when the first comes. `-s` shows the times that docs/performance.md has."""
    database, payload, first, second = server.database(), event("dynamodb/insert"), [], []
    with container(image) as name:
        for number in range(10):
            function = Contained(image, name, tmp_path / f"{number}.log", ROWTIDE_SINK_URL=database.url())
            try:
                for times in (first, second):
                    begin = time.monotonic()
                    answer = function.invoke(payload)
                    times.append((time.monotonic() - begin) * 1e3)
                    assert answer == {"batchItemFailures": []}
            finally:
                function.stop()
    middle = [sorted(times)[len(times) // 2] for times in (first, second)]
    print(f"start and first answer {middle[0]:.1f} ms, second answer {middle[1]:.1f} ms, median of {len(first)}")
