//! Decoders: one source format each, pure and without memory. They know no SQL, no clock, no environment and not each
//! other.

mod attribute;
pub mod canal;
mod change;
mod copy;
pub mod debezium;
mod definition;
pub mod dms;
pub mod dsql;
pub mod dynamodb;
pub mod dynamodb_export;
mod extended_json;
pub mod json;
pub mod maxwell;
pub mod mongodb;
mod outline;
mod row;
pub mod wal2json;

pub use canal::Canal;
pub use debezium::Debezium;
pub use dms::Dms;
pub use dsql::Dsql;
pub use dynamodb::{DynamodbKinesis, DynamodbStreams};
pub use dynamodb_export::DynamodbExport;
pub use json::{Json, Pointers};
pub use maxwell::Maxwell;
pub use mongodb::Mongodb;
pub use outline::Outline;
pub use wal2json::Wal2json;

use crate::catalogue::{Catalogue, TableSchema};
use crate::error::{Code, Disposition, Error, ErrorKind, Result};
use crate::event::{ChangeEvent, Timestamp};
use crate::json::Fault;
use crate::record::Record;
use crate::unpack::{self, Bounds, PART_BYTES};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a record turned out to be.
#[derive(Debug)]
pub enum Decoded {
    /// The changes it carries, at least one.
    Events(Vec<ChangeEvent>),
    /// A record that is understood and changes nothing.
    Ignored(Reason),
    /// The source says what one of its tables is made of: it is remembered, and counts as [`Reason::Control`].
    Schema(TableSchema),
    /// What the record carries are several messages in one, such as the changes of a transaction: each stands for
    /// itself, and one that is bad spoils no other. No part has parts.
    Parts(Vec<Result<Decoded>>),
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

    /// What sends records of this format, in a few words.
    fn about(&self) -> &'static str;

    /// Whether records of this format may say what a table is made of, and others depend on it: then what was said
    /// before is asked for first. See [`Decoded::Schema`].
    fn uses_schemas(&self) -> bool {
        false
    }

    /// Whether a payload is of this format, judged by its shape alone. Never an error, cheap to answer. Formats do not
    /// overlap: what this one recognises, no other does.
    fn recognises(&self, outline: &Outline<'_>) -> bool;

    /// Decodes one record, wholly or not at all. `outline` is that of its payload: what was read to recognise it;
    /// `catalogue` is what is known of the source's tables.
    ///
    /// # Errors
    /// A malformed or unsupported record (it is parked), or a source whose configuration must be changed (the
    /// invocation fails).
    fn decode(&self, record: &Record, outline: &Outline<'_>, catalogue: &Catalogue) -> Result<Decoded>;
}

/// A decoder at work on a record, with what is known of the source's tables.
pub(crate) struct Decoding<'a, D> {
    decoder: &'a D,
    record: &'a Record,
    catalogue: &'a Catalogue,
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
    /// `source.version`: the letter of the version scheme that rows take which are loaded beside their stream, when it
    /// is not the decoder's own choice.
    pub scheme: Option<char>,
    /// `source.exported_at`: when the rows of an export were read that do not tell.
    pub exported_at: Option<Timestamp>,
    /// `source.json_table` and the other `source.json_…`: where records of one's own hold what.
    pub pointers: Pointers,
    /// How far a record may be taken apart.
    pub bounds: Bounds,
}

/// The decoders a stream may use: one that is pinned, or all, the first that recognises a record taking it.
pub struct Decoders {
    list: Vec<Box<dyn Decoder>>,
    /// With one decoder pinned: all there are, to tell what a record is that it cannot read.
    others: Vec<Box<dyn Decoder>>,
    pinned: bool,
    bounds: Bounds,
    /// Which of the list took the last record: where to look first, never who takes it.
    last: AtomicUsize,
}

impl fmt::Debug for Decoders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list.iter().map(|decoder| decoder.name())).finish()
    }
}

/// Every decoder there is, in the order in which they are asked. A new source is one file and one line here.
fn every(settings: &Settings) -> Vec<Box<dyn Decoder>> {
    vec![
        Box::new(DynamodbKinesis::new(settings.clone())),
        Box::new(DynamodbStreams::new(settings.clone())),
        Box::new(Debezium::new(settings.clone())),
        Box::new(Maxwell::new(settings.clone())),
        Box::new(Wal2json::new(settings.clone())),
        Box::new(Canal::new(settings.clone())),
        Box::new(Mongodb::new(settings.clone())),
        Box::new(Dsql::new(settings.clone())),
        Box::new(Dms::new(settings.clone())),
        Box::new(DynamodbExport::new(settings.clone())),
        // last: it takes what the pointers fit and nobody else recognises
        Box::new(Json::new(settings.clone())),
    ]
}

/// A part of a record, decoded: a plain record is one part, an aggregate has many.
#[derive(Debug)]
pub struct Part {
    /// The decoder that took it, if any did.
    pub decoder: Option<&'static str>,
    /// What it turned out to be.
    pub decoded: Result<Decoded>,
}

impl Part {
    /// Its change events, or its error; what is ignored gives nothing.
    #[must_use]
    pub fn events(self) -> Vec<Result<ChangeEvent>> {
        match self.decoded {
            Ok(Decoded::Events(events)) => events.into_iter().map(Ok).collect(),
            // parts are taken apart already
            Ok(Decoded::Ignored(_) | Decoded::Schema(_) | Decoded::Parts(_)) => Vec::new(),
            Err(error) => vec![Err(error)],
        }
    }

    /// The memory that it takes up, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let own = match &self.decoded {
            Ok(Decoded::Events(events)) => events.iter().map(ChangeEvent::bytes).sum(),
            Ok(Decoded::Ignored(_) | Decoded::Schema(_) | Decoded::Parts(_)) => 0,
            Err(error) => error.message().len() + error.key().map_or(0, str::len),
        };
        PART_BYTES + own
    }
}

impl Decoders {
    /// The decoder named by `source.decoder`, or all of them for `auto`.
    ///
    /// # Errors
    /// When there is no decoder of that name.
    pub fn named(name: &str, settings: &Settings) -> Result<Self> {
        let (list, bounds) = (every(settings), settings.bounds);
        if name == "auto" {
            return Ok(Self { list, others: Vec::new(), pinned: false, bounds, last: AtomicUsize::new(0) });
        }
        match list.into_iter().find(|decoder| decoder.name() == name) {
            Some(decoder) => Ok(Self { others: every(settings), bounds, ..Self::pinned(decoder) }),
            None => Err(Error::config(format!(
                "source.decoder names no decoder. Known are auto, {}.",
                names().join(", ")
            ))),
        }
    }

    /// One decoder for every record.
    #[must_use]
    pub fn pinned(decoder: Box<dyn Decoder>) -> Self {
        let others = every(&Settings::default());
        Self {
            list: vec![decoder],
            others,
            pinned: true,
            bounds: Bounds::default(),
            last: AtomicUsize::new(0),
        }
    }

    /// Whether one of the decoders [uses schemas](Decoder::uses_schemas).
    #[must_use]
    pub fn use_schemas(&self) -> bool {
        self.list.iter().any(|decoder| decoder.uses_schemas())
    }

    /// The same decoders where a record may be taken apart so far.
    #[must_use]
    pub fn bounded(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// Decodes a record, part by part; `catalogue` is what is known of the source's tables. One that needs more memory
    /// than it may have is one part that says so.
    #[must_use]
    pub fn decode(&self, record: &Record, catalogue: &Catalogue) -> Vec<Part> {
        if record.fault.is_some() {
            return self.part(record, catalogue);
        }
        if let Some(parts) = unpack::parts(record, self.bounds) {
            // nothing inside is nothing to do
            let nothing = || vec![Part { decoder: None, decoded: Ok(Decoded::Ignored(Reason::Control)) }];
            return if parts.is_empty() { nothing() } else { self.each(&parts, catalogue) };
        }
        let parts = self.each(std::slice::from_ref(record), catalogue);
        // a bad record may be several, of which only some are bad
        let is_bad =
            |part: &Part| part.decoded.as_ref().is_err_and(|error| error.disposition() == Disposition::Park);
        match parts.iter().all(is_bad).then(|| unpack::documents(record, self.bounds)).flatten() {
            Some(documents) => self.each(&documents, catalogue),
            None => parts,
        }
    }

    /// The decoders that recognise a payload by its shape: one at most, as formats do not overlap. Only of a payload
    /// that somebody mixed from two formats there may be more; the first takes it.
    #[must_use]
    pub fn takers(&self, payload: &[u8]) -> Vec<&'static str> {
        let outline = Outline::of(payload);
        let takers = self.list.iter().filter(|decoder| decoder.recognises(&outline));
        takers.map(|decoder| decoder.name()).collect()
    }

    /// The change events of a record, and an error for each part that cannot be decoded. What is ignored gives
    /// nothing. Of its table nothing is known but what the record tells: else see [`Decoders::decode`].
    #[must_use]
    pub fn events(&self, record: &Record) -> Vec<Result<ChangeEvent>> {
        self.decode(record, &Catalogue::default()).into_iter().flat_map(Part::events).collect()
    }

    /// The parts of several records, which are together what one record holds.
    fn each(&self, records: &[Record], catalogue: &Catalogue) -> Vec<Part> {
        let (mut parts, mut bytes) = (Vec::new(), 0);
        for part in records.iter().flat_map(|record| self.part(record, catalogue)) {
            bytes += part.bytes();
            if bytes > self.bounds.decoded {
                return vec![Part { decoder: None, decoded: Err(row::too_large()) }];
            }
            parts.push(part);
        }
        parts
    }

    fn part(&self, record: &Record, catalogue: &Catalogue) -> Vec<Part> {
        if let Some((code, message)) = record.fault {
            return vec![Part { decoder: None, decoded: Err(Error::poison(code, message)) }];
        }
        let outline = Outline::of(&record.payload);
        let Some((decoder, decoded)) = self.taken(record, &outline, catalogue) else {
            return vec![Part { decoder: None, decoded: Err(unrecognised(&record.payload)) }];
        };
        let part = |decoded| Part { decoder: Some(decoder.name()), decoded };
        match decoded {
            Ok(Decoded::Parts(parts)) if parts.is_empty() => {
                vec![part(Ok(Decoded::Ignored(Reason::Control)))]
            }
            Ok(Decoded::Parts(parts)) => parts.into_iter().map(part).collect(),
            decoded => vec![part(decoded.map_err(|error| self.explain(decoder, &outline, error)))],
        }
    }

    /// The first decoder that recognises a record, and what it makes of it.
    fn taken(
        &self,
        record: &Record,
        outline: &Outline<'_>,
        catalogue: &Catalogue,
    ) -> Option<(&dyn Decoder, Result<Decoded>)> {
        let last = self.last.load(Ordering::Relaxed);
        if let Some((decoder, in_front)) = self.list.get(..=last).and_then(<[_]>::split_last) {
            if self.pinned {
                return Some((decoder.as_ref(), decoder.decode(record, outline, catalogue)));
            }
            // most records are like the one before; once this one is decoded, all its members are known, and with them
            // who takes it
            outline.keep();
            let decoded = decoder.decode(record, outline, catalogue);
            if decoder.recognises(outline) && !in_front.iter().any(|other| other.recognises(outline)) {
                return Some((decoder.as_ref(), decoded));
            }
        }
        let found = self.list.iter().position(|decoder| decoder.recognises(outline))?;
        self.last.store(found, Ordering::Relaxed);
        let decoder = self.list.get(found)?;
        Some((decoder.as_ref(), decoder.decode(record, outline, catalogue)))
    }

    /// A pinned decoder that cannot read a record says what the record looks like.
    fn explain(&self, decoder: &dyn Decoder, outline: &Outline<'_>, error: Error) -> Error {
        if decoder.recognises(outline) {
            return error;
        }
        let taker = self.others.iter().find(|other| other.recognises(outline));
        taker.map_or(error, |other| {
            let message = format!(
                "source.decoder is \"{}\", but the record looks like one for the decoder \"{}\".",
                decoder.name(),
                other.name()
            );
            Error::new(ErrorKind::Unsupported, Code::OtherFormat, message)
        })
    }
}

/// The names of all decoders, in the order in which they are asked.
#[must_use]
pub fn names() -> Vec<&'static str> {
    formats().into_iter().map(|(name, _)| name).collect()
}

/// The names of all decoders and what they are for, in the order in which they are asked.
#[must_use]
pub fn formats() -> Vec<(&'static str, &'static str)> {
    every(&Settings::default()).iter().map(|decoder| (decoder.name(), decoder.about())).collect()
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::poison(Code::NotJson, format!("The record is not JSON: {fault}."))
    }
}

#[cfg(test)]
mod informed;

fn unrecognised(payload: &[u8]) -> Error {
    match crate::json::Scanner::of_bytes(payload).and_then(|mut scanner| {
        scanner.skip()?;
        scanner.end()
    }) {
        Ok(()) => Error::poison(Code::Unrecognised, "No decoder recognises the record."),
        Err(fault) => fault.into(),
    }
}
