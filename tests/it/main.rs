//! One binary for all integration tests.

#[cfg(feature = "sink")]
mod faults;
#[cfg(feature = "sink")]
mod postgres;
#[cfg(feature = "sink")]
mod support;
