# syntax=docker/dockerfile:1

# A processor as the image of a Lambda function:
#
#     docker build --provenance=false --sbom=false --build-arg PROCESSOR=rowtide-kinesis --tag rowtide-kinesis .
#
# Lambda takes images of one architecture and without attestations only, hence the two options.

ARG BASE=public.ecr.aws/lambda/provided:al2023

FROM docker.io/library/rust:1.95.0-slim-bookworm AS build
ARG PROCESSOR=rowtide-kinesis
# the toolchain of the image; rust-toolchain.toml would fetch what only development needs
ENV RUSTUP_TOOLCHAIN=1.95.0
SHELL ["/bin/bash", "-o", "errexit", "-o", "pipefail", "-c"]
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --no-default-features --features lambda --bin "${PROCESSOR}" \
    && scripts/check-glibc "target/release/${PROCESSOR}" \
    && install -D --mode=0755 "target/release/${PROCESSOR}" /out/bootstrap

# hadolint ignore=DL3006
FROM ${BASE}
LABEL org.opencontainers.image.title="rowtide" \
      org.opencontainers.image.description="Turns change records of a stream into PostgreSQL tables" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /out/bootstrap /var/runtime/bootstrap
# Lambda uses a user of its own; this is for everybody else
USER 65534:65534
CMD ["bootstrap"]
