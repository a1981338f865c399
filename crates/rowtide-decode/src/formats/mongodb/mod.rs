//! MongoDB change streams, in relaxed, canonical or legacy Extended JSON or as the plain JSON of Atlas Triggers.
//!
//! * **Key**: the members of `documentKey`: `_id`, in sharded collections the shard key too. A route's `key` may name
//!   fewer of them; `key = ["_id"]` is right where no two shards share an `_id`, and needed where shard keys change.
//!   Values as `extended_json` says: an ObjectId is its hexadecimal digits.
//! * **Version**: `n`, (`clusterTime` as one number, the resume token). All changes of a transaction share their
//!   `clusterTime`, from MongoDB 8.0 others may too; the token tells them apart, and its bytes are in order.
//! * **Image**: full where there is a `fullDocument`; else an update is a patch of `updateDescription`.
//!
//! `fullDocument` of an update, read by `updateLookup`, is the document as it was *when it was looked up*: perhaps
//! newer than the change, never older. So a row may for a while show what belongs to a later version. It ends right:
//! the later change brings its own, higher version, and what is looked up for the last change of a document can only
//! be its last state. The same event read again after a resumption may carry another image under the same version; the
//! one that came first stays, for the same reason. With post-images (`required`) the image is that of the change.
//!
//! Paths of a patch are exact where the event has `disambiguatedPaths` (`showExpandedEvents`, or MongoDB 8.2.0): names
//! with dots and numbers are told apart there. Without it a dot always separates, and a number is what the stored
//! document makes of it: an index of an array, a member of an object.
//!
//! What cannot be promised: patches need each key's changes in order, and a stored document to begin with; an array
//! that was cut short cannot be expressed, so such a patch is refused. An ObjectId and a text of its digits, or a UUID
//! and its text, as `_id` of two documents of one collection would be one row. A `$project` in the stream's pipeline
//! makes images partial, unnoticed. Tokens are compared within one cluster only: after a move to another one raise
//! `source.epoch`.
//!
//! It is no `RowChange`: a document's key stands beside it, whatever tables there are, and a patch is one of paths.
//!
//! # Source
//! MongoDB Manual, "Change Events" (each event's page; `update` on `disambiguatedPaths`, `truncatedArrays` and on what
//! `fullDocument` shows), "Change Streams" ("Lookup Full Document for Update Operations", "Resume Tokens"); the
//! server's own test of `showExpandedEvents` for integers as array indices and texts as names in `disambiguatedPaths`.

mod description;
mod errors;
mod message;
mod position;

use crate::catalogue::Catalogue;
use crate::decode::change::Table;
use crate::decode::{Decoded, Decoder, Decoding, LazyObject, Reason, Settings};
use crate::error::{Code, Error, ErrorKind, Result};
use crate::event::ChangeEvent;
use crate::json::Kind;
use crate::record::Record;
use crate::source::{Member, SourceIdentity};
use errors::no_change_event;
use message::Message;

/// Events of MongoDB change streams.
#[derive(Debug, Default)]
pub struct Mongodb(Settings);

impl Mongodb {
    /// A decoder.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl Decoder for Mongodb {
    fn name(&self) -> &'static str {
        "mongodb"
    }

    fn about(&self) -> &'static str {
        "MongoDB change streams"
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        let is_event = |object: &LazyObject<'_>| {
            object.member("_id") == Some(Kind::Object)
                && object.member("operationType") == Some(Kind::String)
                && object.inner("_id").has("_data")
        };
        is_event(object) || (object.has("detail-type") && is_event(object.inner("detail")))
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, record, catalogue };
        decoding.decoded(object).map_err(|error| decoding.about(object, error))
    }
}

impl<'d> Decoding<'d, Mongodb> {
    fn decoded(&self, object: &LazyObject<'_>) -> Result<Decoded> {
        let message = Message::parse(object)?;
        let operation = message.operation().ok_or_else(no_change_event)?;
        if message.is_fragment {
            let text = "The record is a fragment of a change event that was too large for one \
                           ($changeStreamSplitLargeEvent), and fragments are not put together here.";
            return Err(Error::new(ErrorKind::Unsupported, Code::SplitEvent, text));
        }
        let is_row = matches!(operation, "insert" | "update" | "replace" | "delete");
        if !is_row && operation != "drop" {
            // kinds of events are added with every release: what concerns no document is not lost
            return if message.document_key.is_none() {
                Ok(Decoded::Ignored(Reason::Control))
            } else {
                let text = "The change event's operationType is not known, but concerns a document.";
                Err(Error::poison(Code::UnknownOperation, text))
            };
        }
        let no_table = || Error::poison(Code::NoTable, "The change event has no ns with db and coll.");
        let table = self.table(&message).ok_or_else(no_table)?;
        let (changed_at, version) = (message.changed_at(), || message.position.version(table.epoch));
        if !is_row {
            return table.truncated(changed_at, version);
        }
        let version = table.version(version)?;
        let key = message.key(&table)?;
        let before = if self.decoder.0.before_images { message.before(&key) } else { None };
        let change = message.change(&key)?;
        let event = table.event(Some(key), change, version, changed_at);
        Ok(Decoded::Events(vec![ChangeEvent { before, ..event }]))
    }

    /// The collection.
    fn table(&self, message: &Message<'_>) -> Option<Table<'d>> {
        let (database, collection) = (message.database.as_deref()?, message.collection.as_deref()?);
        let source = SourceIdentity::of_stream_with(&self.record.source, [(Member::Db, Some(database))]);
        Some(Table::new(self, &self.decoder.0, format!("{database}.{collection}"), source))
    }

    /// Says of an error which document it concerns, as far as that can be read.
    fn about(&self, object: &LazyObject<'_>, error: Error) -> Error {
        let message = Message::readable(object);
        let Some(table) = self.table(&message) else { return error };
        table.about(error, message.key(&table).ok().as_ref())
    }
}

#[cfg(test)]
mod tests;
