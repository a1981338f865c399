//! Decoders: one source format each, pure and without memory. They know no SQL, no clock, no environment and not each
//! other.

pub mod dynamodb;

pub use dynamodb::{DynamodbKinesis, DynamodbStreams};

use crate::error::{Error, Result};
use crate::event::ChangeEvent;
use crate::json::Fault;
use crate::record::Record;
use std::fmt;

/// What a record turned out to be.
#[derive(Debug)]
pub enum Decoded {
    /// The changes it carries, at least one.
    Events(Vec<ChangeEvent>),
    /// A record that is understood and changes nothing.
    Ignored(Reason),
}

/// Why a record or an event was left out on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A sign of life of the source.
    Heartbeat,
    /// About the stream or the schema, not about rows.
    Control,
    /// No route takes this table.
    Unrouted,
    /// A filter of the route leaves it out.
    Filtered,
    /// A delete by the source's own expiry, on a route with `ttl = "ignore"`.
    Ttl,
    /// A truncate, on a route with `truncate = "ignore"`.
    Truncate,
}

impl Reason {
    /// The word that outputs use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::Control => "control",
            Self::Unrouted => "unrouted",
            Self::Filtered => "filtered",
            Self::Ttl => "ttl",
            Self::Truncate => "truncate",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One source format. Implement it for a format of your own and pass it to [`Decoders::pinned`].
pub trait Decoder: Send + Sync {
    /// The name that configuration and outputs use.
    fn name(&self) -> &'static str;

    /// Whether `payload` is of this format, judged by its shape alone. Never an error, cheap to answer.
    fn recognises(&self, payload: &[u8]) -> bool;

    /// Decodes one record, wholly or not at all.
    ///
    /// # Errors
    /// A malformed or unsupported record (it is parked), or a source whose configuration must be changed (the
    /// invocation fails).
    fn decode(&self, record: &Record) -> Result<Decoded>;
}

/// What decoders are told when they are made.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `source.epoch`.
    pub epoch: u16,
    /// `source.table`: the table of records that do not name one.
    pub table: Option<String>,
    /// `source.label`: the stream label of records that do not name one.
    pub label: Option<String>,
}

/// The decoders a stream may use: one that is pinned, or all, the first that recognises a record taking it.
pub struct Decoders {
    list: Vec<Box<dyn Decoder>>,
    pinned: bool,
}

impl fmt::Debug for Decoders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list.iter().map(|decoder| decoder.name())).finish()
    }
}

/// Every decoder there is, in the order in which they are asked. A new source is one file and one line here.
fn every(settings: &Settings) -> Vec<Box<dyn Decoder>> {
    vec![Box::new(DynamodbKinesis::new(settings.clone())), Box::new(DynamodbStreams::new(settings.clone()))]
}

impl Decoders {
    /// The decoder named by `source.decoder`, or all of them for `auto`.
    ///
    /// # Errors
    /// When there is no decoder of that name.
    pub fn named(name: &str, settings: &Settings) -> Result<Self> {
        let mut list = every(settings);
        if name == "auto" {
            return Ok(Self { list, pinned: false });
        }
        let names: Vec<&str> = list.iter().map(|decoder| decoder.name()).collect();
        let unknown =
            format!("source.decoder = \"{name}\" is not a decoder. Known are auto, {}.", names.join(", "));
        list.retain(|decoder| decoder.name() == name);
        if list.is_empty() { Err(Error::config(unknown)) } else { Ok(Self { list, pinned: true }) }
    }

    /// One decoder for every record.
    #[must_use]
    pub fn pinned(decoder: Box<dyn Decoder>) -> Self {
        Self { list: vec![decoder], pinned: true }
    }

    /// Decodes a record: which decoder took it, if any, and what it made of it.
    pub fn decode(&self, record: &Record) -> (Option<&'static str>, Result<Decoded>) {
        if let Some((code, message)) = record.fault {
            return (None, Err(Error::poison(code, message)));
        }
        let takes = |decoder: &&dyn Decoder| self.pinned || decoder.recognises(&record.payload);
        match self.list.iter().map(AsRef::as_ref).find(takes) {
            Some(decoder) => (Some(decoder.name()), decoder.decode(record)),
            None => (None, Err(unrecognised(&record.payload))),
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::poison("not_json", format!("The record is not JSON: {fault}."))
    }
}

fn unrecognised(payload: &[u8]) -> Error {
    match crate::json::Scanner::of_bytes(payload).and_then(|mut scanner| {
        scanner.skip()?;
        scanner.end()
    }) {
        Ok(()) => Error::poison("unrecognised", "No decoder recognises the record."),
        Err(fault) => fault.into(),
    }
}
