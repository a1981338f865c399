//! Rowtide.

pub mod coalesce;
pub mod config;
pub mod decimal;
pub mod decode;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod error;
pub mod event;
pub mod json;
#[cfg(feature = "lambda")]
pub mod lambda;
#[cfg(feature = "sink")]
pub mod materialize;
#[cfg(feature = "sink")]
pub mod pipeline;
pub mod plan;
pub mod record;
#[cfg(feature = "sink")]
pub mod redrive;
pub mod report;
pub mod route;
pub mod version;

pub use error::{Error, Result};
