//! Change-data-capture records as change events: table, key, change, version.

pub mod catalogue;
pub mod decimal;
pub mod decode;
pub mod error;
pub mod event;
pub mod json;
#[doc(hidden)]
pub mod memo;
pub mod record;
pub mod rules;
pub mod source;
pub mod unpack;
pub mod version;

pub use error::{Error, Result};
