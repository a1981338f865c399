//! What a decoder is, and what those of relational databases share: a record as a lazy object, its row, its change.
//!
//! A decoder is one source format, pure and without memory. It knows no SQL, no clock, no environment and no other
//! decoder.

pub(crate) mod change;
pub(crate) mod definition;
#[cfg(test)]
pub(crate) mod informed;
mod lazy_object;
pub(crate) mod log_position;
mod pointers;
pub(crate) mod row;

pub use lazy_object::LazyObject;
pub use pointers::Pointers;

use crate::catalogue::{Catalogue, TableSchema};
use crate::error::{Code, Error, Result};
use crate::event::{ChangeEvent, Timestamp};
use crate::json::Fault;
use crate::record::Record;
use crate::source::SourceIdentity;
use crate::unpack::Bounds;
use std::fmt;

/// What a record turned out to be.
#[derive(Debug)]
pub enum Decoded {
    /// The changes it carries, at least one.
    Events(Vec<ChangeEvent>),
    /// A record that is understood and changes nothing.
    Ignored(Reason),
    /// A record of a table that no route takes, and that the rules leave out: [`Reason::Unrouted`].
    Unrouted {
        /// The source table.
        table: String,
        /// Which source that is, as far as the record tells.
        source: SourceIdentity,
    },
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

/// One source format. Implement it for a format of your own and pass it to
/// [`Decoders::pinned`](crate::decoders::Decoders::pinned).
///
/// ```
/// use rowtide_decode::catalogue::Catalogue;
/// use rowtide_decode::decode::{Decoded, Decoder, LazyObject};
/// use rowtide_decode::decoders::Decoders;
/// use rowtide_decode::error::{Code, Error, Result};
/// use rowtide_decode::event::{Change, ChangeEvent, Document, Key};
/// use rowtide_decode::record::Record;
/// use rowtide_decode::version::{Rank, Version};
///
/// /// Lines of `sensor;count;degrees`.
/// struct Lines;
///
/// impl Decoder for Lines {
///     fn name(&self) -> &'static str {
///         "lines"
///     }
///
///     fn about(&self) -> &'static str {
///         "a thermometer"
///     }
///
///     fn recognises(&self, _: &LazyObject<'_>) -> bool {
///         true
///     }
///
///     fn decode(&self, record: &Record, _: &LazyObject<'_>, _: &Catalogue) -> Result<Decoded> {
///         let line = std::str::from_utf8(&record.payload).unwrap_or_default();
///         let fields: Vec<&str> = line.split(';').collect();
///         let [sensor, count, degrees] = fields[..] else {
///             return Err(Error::poison(Code::NotAChangeRecord, "The line has not three fields."));
///         };
///         let key = Key::new(vec![("sensor".to_owned(), format!("{sensor:?}"))])?;
///         let document = Document::from_json(&format!(r#"{{"degrees":{degrees}}}"#))?;
///         // the count orders the changes of a sensor
///         let version = Version::new('x', 0, Rank::Positioned).digits(count)?;
///         Ok(Decoded::Events(vec![ChangeEvent::new("readings", Some(key), Change::Put(document), version)]))
///     }
/// }
///
/// let decoders = Decoders::pinned(Box::new(Lines));
/// let mut events = decoders.events(&Record::new("gateway", "1", "hall;17;21.5"));
/// assert_eq!(events.remove(0)?.key.map(|key| key.to_json()).as_deref(), Some(r#"{"sensor":"hall"}"#));
/// assert!(decoders.events(&Record::new("gateway", "2", "hall"))[0].is_err());
/// # Ok::<(), rowtide_decode::Error>(())
/// ```
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

    /// Whether a column of a table's key has the same type in all records, as in a relational database: then two types
    /// of one are two tables that were taken for one.
    fn types_keys(&self) -> bool {
        false
    }

    /// Whether a payload is of this format, judged by its shape alone. Never an error, cheap to answer. Formats do not
    /// overlap: what this one recognises, no other does.
    fn recognises(&self, object: &LazyObject<'_>) -> bool;

    /// Decodes one record, wholly or not at all. `object` is its payload, as far as it was read to recognise it;
    /// `catalogue` is what is known of the source's tables.
    ///
    /// # Errors
    /// A malformed or unsupported record (it is parked), or a source whose configuration must be changed (the
    /// invocation fails).
    fn decode(&self, record: &Record, object: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded>;
}

/// A decoder at work on a record, with what is known of the source's tables.
pub(crate) struct Decoding<'a, D> {
    pub(crate) decoder: &'a D,
    pub(crate) record: &'a Record,
    pub(crate) catalogue: &'a Catalogue,
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
    /// Whether updates tell the row as it was, in [`ChangeEvent::before`](crate::event::ChangeEvent::before).
    pub before_images: bool,
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::poison(Code::NotJson, format!("The record is not JSON: {fault}."))
    }
}
