//! One binary for all integration tests.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end where it is surprised")]

#[cfg(feature = "cli")]
mod boundaries;
#[cfg(feature = "cli")]
mod cases;
mod cli;
mod codes;
mod convergence;
#[cfg(feature = "cli")]
mod cratedb;
mod decode;
#[cfg(feature = "cli")]
mod doctor;
mod envelopes;
mod faults;
mod formats;
#[cfg(feature = "cli")]
mod goldens;
mod grammar;
mod injection;
#[cfg(feature = "cli")]
mod journey;
#[cfg(feature = "lambda")]
mod keepers;
#[cfg(feature = "lambda")]
mod lambda;
mod laws;
#[cfg(feature = "lambda")]
mod letters;
mod memory;
mod metrics;
mod model;
mod mutations;
mod own_sink;
mod postgres;
mod redrive;
#[cfg(feature = "lambda")]
mod rotation;
#[cfg(feature = "lambda")]
mod runtime_api;
mod samples;
#[cfg(feature = "lambda")]
mod secrets;
mod set_aside;
#[cfg(feature = "cli")]
mod sources;
#[cfg(feature = "cli")]
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
