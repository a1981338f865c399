//! The decoders there are: one that is pinned, or all, each record going to the one that recognises it.

use crate::catalogue::Catalogue;
use crate::decode::row::too_large;
use crate::decode::{Decoded, Decoder, LazyObject, Reason, Settings};
use crate::error::{Code, Disposition, Error, Result};
use crate::event::ChangeEvent;
use crate::formats::{
    Canal, Debezium, Dms, Dsql, DynamodbExport, DynamodbKinesis, DynamodbStreams, Json, Maxwell, Mongodb,
    Wal2json,
};
use crate::record::Record;
use crate::unpack::{self, Bounds, PART_BYTES};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// Every decoder there is, in the order in which they are asked. A new source is one folder
/// of [`formats`](crate::formats) and one line here.
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
            Ok(Decoded::Ignored(_) | Decoded::Unrouted { .. } | Decoded::Schema(_) | Decoded::Parts(_)) => {
                Vec::new()
            }
            Err(error) => vec![Err(error)],
        }
    }

    /// The memory that it takes up, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let own = match &self.decoded {
            Ok(Decoded::Events(events)) => events.iter().map(ChangeEvent::bytes).sum(),
            Ok(Decoded::Unrouted { table, .. }) => table.len(),
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

    /// Whether the decoder of this name [types keys](Decoder::types_keys).
    #[must_use]
    pub fn types_keys(&self, name: &str) -> bool {
        self.list.iter().any(|decoder| decoder.name() == name && decoder.types_keys())
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
        let object = LazyObject::of(payload);
        let takers = self.list.iter().filter(|decoder| decoder.recognises(&object));
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
                return vec![Part { decoder: None, decoded: Err(too_large()) }];
            }
            parts.push(part);
        }
        parts
    }

    fn part(&self, record: &Record, catalogue: &Catalogue) -> Vec<Part> {
        if let Some((code, message)) = record.fault {
            return vec![Part { decoder: None, decoded: Err(Error::poison(code, message)) }];
        }
        let object = LazyObject::of(&record.payload);
        let Some((decoder, decoded)) = self.taken(record, &object, catalogue) else {
            return vec![Part { decoder: None, decoded: Err(unrecognised(&record.payload)) }];
        };
        let part = |decoded| Part { decoder: Some(decoder.name()), decoded };
        match decoded {
            Ok(Decoded::Parts(parts)) if parts.is_empty() => {
                vec![part(Ok(Decoded::Ignored(Reason::Control)))]
            }
            Ok(Decoded::Parts(parts)) => parts.into_iter().map(part).collect(),
            decoded => vec![part(decoded.map_err(|error| self.explain(decoder, &object, error)))],
        }
    }

    /// The first decoder that recognises a record, and what it makes of it.
    fn taken(
        &self,
        record: &Record,
        object: &LazyObject<'_>,
        catalogue: &Catalogue,
    ) -> Option<(&dyn Decoder, Result<Decoded>)> {
        let last = self.last.load(Ordering::Relaxed);
        if let Some((decoder, in_front)) = self.list.get(..=last).and_then(<[_]>::split_last) {
            if self.pinned {
                return Some((decoder.as_ref(), decoder.decode(record, object, catalogue)));
            }
            // most records are like the one before; once this one is decoded, all its members are known, and with them
            // who takes it
            object.keep();
            let decoded = decoder.decode(record, object, catalogue);
            if decoder.recognises(object) && !in_front.iter().any(|other| other.recognises(object)) {
                return Some((decoder.as_ref(), decoded));
            }
        }
        let found = self.list.iter().position(|decoder| decoder.recognises(object))?;
        self.last.store(found, Ordering::Relaxed);
        let decoder = self.list.get(found)?;
        Some((decoder.as_ref(), decoder.decode(record, object, catalogue)))
    }

    /// A pinned decoder that cannot read a record says what the record looks like.
    fn explain(&self, decoder: &dyn Decoder, object: &LazyObject<'_>, error: Error) -> Error {
        if decoder.recognises(object) {
            return error;
        }
        let taker = self.others.iter().find(|other| other.recognises(object));
        taker.map_or(error, |other| {
            let message = format!(
                "source.decoder is \"{}\", but the record looks like one for the decoder \"{}\": set that one, or \
                 \"auto\".",
                decoder.name(),
                other.name()
            );
            Error::fault(Code::OtherFormat, message)
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

fn unrecognised(payload: &[u8]) -> Error {
    match crate::json::Scanner::of_bytes(payload).and_then(|mut scanner| {
        scanner.skip()?;
        scanner.end()
    }) {
        Ok(()) => Error::poison(Code::Unrecognised, "No decoder recognises the record."),
        Err(fault) => fault.into(),
    }
}
