#![doc = include_str!("../README.md")]

pub mod catalogue;
#[doc(hidden)]
pub mod decimal;
pub mod decode;
pub mod decoders;
pub mod error;
pub mod event;
pub mod formats;
pub mod json;
#[doc(hidden)]
pub mod memo;
pub mod record;
pub mod rules;
pub mod source;
#[doc(hidden)]
pub mod unpack;
mod values;
pub mod version;

pub use error::{Error, Result};
