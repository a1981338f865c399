//! One binary for all integration tests.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end where it is surprised")]

#[cfg(feature = "cli")]
mod boundaries;
#[cfg(feature = "cli")]
mod cases;
mod cli;
#[cfg(feature = "sink")]
mod convergence;
#[cfg(feature = "cli")]
mod cratedb;
#[cfg(feature = "sink")]
mod decode;
#[cfg(feature = "cli")]
mod doctor;
#[cfg(feature = "sink")]
mod envelopes;
#[cfg(feature = "sink")]
mod faults;
#[cfg(feature = "sink")]
mod formats;
#[cfg(feature = "cli")]
mod goldens;
#[cfg(feature = "sink")]
mod grammar;
#[cfg(feature = "sink")]
mod injection;
#[cfg(feature = "lambda")]
mod keepers;
#[cfg(feature = "lambda")]
mod lambda;
#[cfg(feature = "sink")]
mod laws;
#[cfg(feature = "lambda")]
mod letters;
mod memory;
mod metrics;
#[cfg(feature = "sink")]
mod model;
#[cfg(feature = "sink")]
mod mutations;
#[cfg(feature = "sink")]
mod own_sink;
#[cfg(feature = "sink")]
mod postgres;
mod redrive;
#[cfg(feature = "lambda")]
mod rotation;
#[cfg(feature = "lambda")]
mod runtime_api;
#[cfg(feature = "sink")]
mod samples;
#[cfg(feature = "lambda")]
mod secrets;
#[cfg(feature = "sink")]
mod set_aside;
#[cfg(feature = "cli")]
mod sources;
#[cfg(feature = "sink")]
mod support;
mod telemetry;
mod tidy;
#[cfg(feature = "sink")]
mod tls;
#[cfg(feature = "sink")]
mod torture;
mod truncate;
#[cfg(feature = "sink")]
mod views;
