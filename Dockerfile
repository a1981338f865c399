# syntax=docker/dockerfile:1

# A Lambda function as image; FUNCTION is stream, which nobody has to say, or snapshot:
#
#     docker build --provenance=false --sbom=false --tag rowtide-stream .
#     docker build --provenance=false --sbom=false --tag rowtide-snapshot --build-arg FUNCTION=snapshot .
#
# Lambda takes images of one architecture and without attestations only, hence the two options.
#
# The certificates that a database's is verified with, such as those of RDS, come with one of
#
#     --build-arg CERTIFICATES=file         certificates/root.pem of the build context
#     --build-arg CERTIFICATES=fetched --build-arg CERTIFICATES_SHA256=…      CERTIFICATES_URL, which is RDS's bundle
#
# Without it the function trusts the system's.

# A tag may mean another image tomorrow. For an image that can be built again, give both with their digests,
# `…:TAG@sha256:<digest>`; docs/deploy.md has the commands that print them.
ARG BUILD_IMAGE=docker.io/library/rust:1.95.0-slim-bookworm
ARG RUNTIME_IMAGE=public.ecr.aws/lambda/provided:al2023
ARG CERTIFICATES=

# hadolint ignore=DL3006
FROM ${BUILD_IMAGE} AS build
# the toolchain of the image; rust-toolchain.toml would fetch what only development needs
ENV RUSTUP_TOOLCHAIN=1.95.0
SHELL ["/bin/bash", "-o", "errexit", "-o", "pipefail", "-c"]
WORKDIR /src
COPY . .
ARG FUNCTION=stream
# The cache may be newer than these files and come from others, of another checkout. cargo compares times alone, so it
# would take what lies there for built.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    find . -path ./target -prune -o -type f -exec touch {} + \
    && cargo build --locked --release --no-default-features --features "$(scripts/features "${FUNCTION}")" \
        --bin "rowtide-${FUNCTION}" \
    && scripts/check-glibc "target/release/rowtide-${FUNCTION}" \
    && install -D --mode=0755 "target/release/rowtide-${FUNCTION}" /out/bootstrap

FROM build AS certificates
RUN mkdir /certificates

FROM scratch AS certificates-file
COPY certificates/root.pem /certificates/root.pem

FROM scratch AS certificates-fetched
ARG CERTIFICATES_URL=https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
ARG CERTIFICATES_SHA256
# what the linter takes for a file is an address
# hadolint ignore=DL3020
ADD --checksum=sha256:${CERTIFICATES_SHA256} ${CERTIFICATES_URL} /certificates/root.pem

# hadolint ignore=DL3006
FROM certificates${CERTIFICATES:+-${CERTIFICATES}} AS chosen

# hadolint ignore=DL3006
FROM ${RUNTIME_IMAGE}
ARG CERTIFICATES
LABEL org.opencontainers.image.title="rowtide" \
      org.opencontainers.image.description="Turns change records of a stream, or the rows of tables, into PostgreSQL tables" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /out/bootstrap /var/runtime/bootstrap
COPY --from=chosen --chmod=0555 /certificates /etc/rowtide
# empty, it is as if it were not set
ENV ROWTIDE_SINK_TLS_ROOT_CERT=${CERTIFICATES:+/etc/rowtide/root.pem}
# Lambda uses a user of its own; this is for everybody else
USER 65534:65534
CMD ["bootstrap"]
