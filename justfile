# The tasks of this repository; `just` lists them.

default:
    @just --list

# What has to pass before a commit.
check:
    cargo fmt --all --check
    cargo clippy --locked --all-targets -- --deny warnings
    cargo test --locked

# The tests of the Lambda processors only.
test-lambda:
    cargo test --locked --test it lambda::

# Known vulnerabilities of the dependencies. Fetches https://github.com/rustsec/advisory-db, so it needs a network.
advisories:
    cargo install --locked --quiet --root target/tools cargo-deny@0.20.2
    target/tools/bin/cargo-deny check advisories

# The whole way on this machine, to be tried by hand: docs/trial.md; for example `just trial --check`.
trial *arguments:
    scripts/trial {{ arguments }}

# Debezium and wal2json on a PostgreSQL that is written at random, until their rows are compared.
sources:
    tests/install
    tests/sources/install
    cargo build --locked --bins
    target/tools/python/bin/python -m pytest -q tests/sources

# Workers and server harmed for so many minutes, until the rows are compared; needs PostgreSQL's programs.
torture minutes='10':
    ROWTIDE_TORTURE_MINUTES={{ minutes }} ROWTIDE_TEST_POSTGRES="${ROWTIDE_TEST_POSTGRES:-own}" cargo test --locked --test it torture -- --nocapture

# Size of the processors, and time from their start to their first request for work.
cold-start:
    cargo bench --locked --no-default-features --features lambda --bench cold_start
    cargo build --locked --release --no-default-features --features lambda --bins
    ls -l target/release/rowtide-stream

# A Lambda function as zip, for example `just zip aarch64` or `just zip aarch64 snapshot`.
zip architecture=arch() function='stream':
    scripts/zip {{ architecture }} {{ function }}

# A Lambda function as image, for example `just image snapshot`.
image function='stream':
    docker build --provenance=false --sbom=false --build-arg FUNCTION={{ function }} --tag rowtide-{{ function }} .

# The image built and pushed without Docker, and run: needs Debian and root. `just image-test release` builds it as it is
# deployed, and shows the times of docs/performance.md.
image-test build='quick':
    tests/install
    tests/image/install
    ROWTIDE_TEST_IMAGE={{ build }} target/tools/python/bin/python -m pytest -q -s tests/image

# Feeds a fuzz target for so many seconds, from the events on; `decode` or `envelope`. Needs nightly and cargo-fuzz.
fuzz target='decode' seconds='300':
    cargo +nightly run --manifest-path fuzz/Cargo.toml --target-dir target/fuzz --bin seed
    cargo +nightly fuzz run --target-dir target/fuzz {{ target }} -- -max_total_time={{ seconds }} -max_len=16384
