//! One binary for all integration tests.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end where it is surprised")]

mod archive;
mod boundaries;
mod cases;
mod cli;
mod codes;
mod collect;
mod convergence;
mod cratedb;
mod decode;
mod doctor;
mod envelopes;
mod faults;
mod formats;
mod goldens;
mod grammar;
mod injection;
mod journey;
mod keepers;
mod lake;
mod lambda;
mod laws;
mod letters;
mod memory;
mod metrics;
mod model;
mod mutations;
mod own_sink;
mod postgres;
mod redrive;
mod rotation;
mod runtime_api;
#[cfg(feature = "s3")]
mod s3;
mod samples;
mod secrets;
mod set_aside;
mod snapshot;
mod snapshot_beside;
#[cfg(feature = "dynamodb")]
mod snapshot_dynamodb;
#[cfg(feature = "mysql")]
mod snapshot_mysql;
mod sources;
mod state;
mod status;
mod support;
mod telemetry;
mod tidy;
mod tls;
mod torture;
mod truncate;
mod typed;
mod unrouted;
mod views;
