//! Rowtide.

pub mod decimal;
pub mod decode;
pub mod error;
pub mod event;
pub mod json;
pub mod record;
pub mod version;

pub use error::{Error, Result};
