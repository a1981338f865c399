//! AWS Database Migration Service (DMS) to a Kinesis stream.
//!
//! * Table: `schema-name.table-name`; `awsdms_*` is DMS's own bookkeeping and ignored.
//! * Key: the route's `key`, else the `primary-key` of a control record, else as the route's `keyless` says.
//! * Version: letter `m`, epoch, rank. A loaded row: rank 0 and `metadata.timestamp` in µs. A change: rank 1, its
//!   position in the source's log and its `transaction-record-id`.
//! * Image: `load` and `insert` are full. An `update` is full when the route says `images = "full"`, or when every
//!   column that a control record told is there; else it is a patch of the columns that are there.
//!
//! **Position.** PostgreSQL: the larger of the two log sequence numbers of `stream-position`. MySQL and MariaDB: number
//! of the binary log file and offset. Several rows of a transaction may share it, so `transaction-record-id` is
//! required. How the positions of other engines are ordered is not documented: they are poison, and
//! `source.version = "arrival"` is the way.
//!
//! **Load.** A loaded row is older than every change, whenever either arrives: it has no position, and the time when
//! DMS wrote it says nothing of when it was read. Among themselves loaded rows go by that time, so a reload renews what
//! an earlier load brought and nothing changed since; one row is never loaded twice in the same microsecond.
//!
//! **Key change.** `before-image` has the old value of the key columns: delete of the old key and put of the new one.
//! The put needs a full image. Without before-images a changed key cannot be seen: the old row stays.
//!
//! **`drop-table`.** DMS sends it when a full load begins and the task prepares its target by dropping tables, without
//! a position. It is a truncate with rank 0 and the time of the record: what it removes was loaded before it and not
//! changed since, or is of an earlier epoch. It can remove neither what this load brings nor what is newer than any
//! load, in whatever order they arrive. A position, where the record has one, is used.
//!
//! # What cannot be promised
//! * Partial images converge only when each key's records arrive in order. Full ones converge however they arrive.
//! * Without `IncludeNullAndEmpty` a column that became null looks like one that is not in the image.
//! * A binary column is hexadecimal text until a control record has told its type.
//! * A failover or restore of the source begins a new log: raise `source.epoch`.
//!
//! # Source
//! AWS Database Migration Service User Guide, "Using Amazon Kinesis Data Streams as a target for AWS Database Migration
//! Service", "Before image task settings", "Data types for AWS Database Migration Service"; API Reference,
//! "KinesisSettings". Shapes that the guide does not show (`table-def`, deletes, `stream-position`) are those of the
//! published recordings in the tests of commons-codec and cratedb-toolkit.

mod message;
mod position;
mod row;
mod value;

use self::message::{Definition, Image, Message, Metadata};
use self::position::{Position, decimal};
use self::row::{Operation, Row};
use super::row::identity;
use super::{Decoded, Decoder, Decoding, Outline, Reason, Settings};
use crate::catalogue::{Catalogue, Identity, TableSchema};
use crate::error::{Error, Result};
use crate::event::{Change, ChangeEvent, Key, Timestamp};
use crate::json::Kind;
use crate::record::Record;
use crate::source::{SourceIdentity, SourceTable};
use crate::version::{Rank, Version, arrival};

/// Records that AWS DMS writes to a Kinesis stream.
#[derive(Debug, Default)]
pub struct Dms(Settings);

impl Dms {
    /// A decoder.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl Decoder for Dms {
    fn name(&self) -> &'static str {
        "dms"
    }

    fn about(&self) -> &'static str {
        "AWS DMS to Kinesis"
    }

    fn uses_schemas(&self) -> bool {
        true
    }

    fn recognises(&self, outline: &Outline<'_>) -> bool {
        outline.member("metadata") == Some(Kind::Object) && {
            let metadata = outline.inner("metadata");
            metadata.has("operation")
                && ["record-type", "partition-key-type", "table-name"].iter().any(|name| metadata.has(name))
        }
    }

    fn decode(&self, record: &Record, outline: &Outline<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, catalogue };
        decoding.decoded(record, outline).map_err(|error| decoding.about(record, outline, error))
    }
}

impl Decoding<'_, Dms> {
    fn decoded(&self, record: &Record, outline: &Outline<'_>) -> Result<Decoded> {
        let message = Message::parse(outline)?;
        let metadata = &message.metadata;
        let Some(operation) = metadata.operation.as_deref() else { return Err(no_dms_record()) };
        if metadata.is_bookkeeping() {
            return Ok(Decoded::Ignored(Reason::Control));
        }
        let is_control = metadata.record_type.as_deref() == Some("control");
        match (&message.data, message.control) {
            (Some(row), None) => self.data(record, &message, operation, row),
            (Some(row), Some(_)) if !is_control => self.data(record, &message, operation, row),
            (None, None) if metadata.record_type.as_deref() == Some("data") => {
                Err(Error::poison("no_data", "The record of a row has no data."))
            }
            (None, None) if !is_control => Err(no_dms_record()),
            (_, control) => self.control(record, metadata, operation, control.unwrap_or("{}")),
        }
    }

    /// Says of an error whose row it concerns, as far as that can be read.
    fn about(&self, record: &Record, outline: &Outline<'_>, error: Error) -> Error {
        let found = Message::readable(outline);
        let Some(table) = found.metadata.table_name() else { return error };
        let source = SourceIdentity::of_stream(&record.source);
        let key = found.data.and_then(|image| self.key_of(SourceTable::new(&table, &source), &image));
        error.about(&table, key.as_ref().map(Key::as_str)).of_source(source.as_str())
    }

    /// The key of a row, whatever is wrong with its other columns.
    fn key_of(&self, table: SourceTable<'_>, image: &Image<'_>) -> Option<Key> {
        let Identity::Columns(names) = identity(self.catalogue, table, None).ok()? else { return None };
        let schema = self.catalogue.schema(table);
        let columns = schema.as_ref().map(|schema| schema.columns.as_slice()).unwrap_or_default();
        Row::new(table.name, image, columns).key(&names, &[image]).ok()
    }
}

fn no_dms_record() -> Error {
    Error::poison("not_a_change_record", "The record is JSON, but no record of AWS DMS.")
}

impl Metadata<'_> {
    /// The tables in which DMS keeps its own state.
    fn is_bookkeeping(&self) -> bool {
        self.table.as_deref().is_some_and(|table| table.starts_with("awsdms_"))
    }

    /// The table's name as events have it; sources without schemas leave theirs empty.
    fn table_name(&self) -> Option<String> {
        let table = self.table.as_deref().filter(|table| !table.is_empty())?;
        Some(match self.schema.as_deref().unwrap_or_default() {
            "" => table.to_owned(),
            schema => [schema, ".", table].concat(),
        })
    }

    fn written_at(&self) -> Option<Timestamp> {
        self.timestamp.as_deref().and_then(time)
    }
}

/// A point in time such as `2024-07-29T00:58:17.974340Z`.
fn time(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Timestamp(time.as_microsecond()))
}

impl Decoding<'_, Dms> {
    fn data(
        &self,
        record: &Record,
        message: &Message<'_>,
        operation: &str,
        image: &Image<'_>,
    ) -> Result<Decoded> {
        let metadata = &message.metadata;
        let operation = match operation {
            "load" => Operation::Load,
            "insert" => Operation::Insert,
            "update" => Operation::Update,
            "delete" => Operation::Delete,
            _ => {
                let message = "The operation of a row is none of load, insert, update and delete.";
                return Err(Error::poison("unknown_operation", message));
            }
        };
        let Some(table) = metadata.table_name() else {
            return Err(Error::poison("no_table", "The record of a row names no table."));
        };
        let catalogue = self.catalogue;
        let source = SourceIdentity::of_stream(&record.source);
        let source_table = SourceTable::new(&table, &source);
        if catalogue.leaves_out(source_table) {
            return Ok(Decoded::Ignored(Reason::Unrouted));
        }
        if message.has_bad_before && operation == Operation::Update {
            return Err(Error::poison("bad_before_image", "The record's before-image is no object."));
        }
        let version = self.version(record, metadata, operation)?;
        let identity = identity(catalogue, source_table, None)?;
        let schema = catalogue.schema(source_table);
        let columns = schema.as_ref().map(|schema| schema.columns.as_slice()).unwrap_or_default();
        let is_whole = matches!(operation, Operation::Load | Operation::Insert)
            || catalogue.sends_full_images(source_table)
            || (!columns.is_empty() && image.has_all(columns.iter().map(|(name, _)| name.as_str())));
        let row = Row { before: message.before.as_ref(), is_whole, ..Row::new(&table, image, columns) };
        let mut changes = match &identity {
            Identity::Columns(key) => row.keyed(operation, key)?,
            Identity::Position => vec![row.by_position(operation, record)?],
            Identity::Row => row.by_row(operation)?,
        };
        let pair = (changes.len() > 1).then_some(0);
        let changed_at = match operation {
            // when it was read, not when it changed
            Operation::Load => None,
            Operation::Insert | Operation::Update | Operation::Delete => {
                metadata.commit_timestamp.as_deref().and_then(time)
            }
        };
        let event = |(table, version), (key, change)| ChangeEvent {
            table,
            source: source.clone(),
            key: Some(key),
            change,
            version,
            changed_at,
            event_id: None,
            actor: None,
            expired: false,
            pair,
            caveat: None,
            image: None,
        };
        // of most records there is only one
        let last = changes.pop();
        let others = changes.into_iter().map(|change| event((table.clone(), version.clone()), change));
        let mut events: Vec<ChangeEvent> = others.collect();
        events.extend(last.map(|change| event((table, version), change)));
        Ok(Decoded::Events(events))
    }

    fn version(&self, record: &Record, metadata: &Metadata<'_>, operation: Operation) -> Result<Version> {
        if self.catalogue.is_by_arrival() {
            return arrival(self.decoder.0.epoch, record.sequence(), 0);
        }
        if operation == Operation::Load {
            let at = metadata.written_at().and_then(|at| u64::try_from(at.0).ok()).ok_or_else(|| {
                Error::poison(
                    "missing_version",
                    "The record of a loaded row has no metadata.timestamp, or one that is no time.",
                )
            })?;
            return Ok(Version::new('m', self.decoder.0.epoch, Rank::Loaded).number(at));
        }
        let missing = |what: &str| {
            Error::poison(
                "missing_version",
                format!(
                    "The record has no {what}. Set IncludeTransactionDetails of the target endpoint, or \
                     source.version = \"arrival\"."
                ),
            )
        };
        let position = metadata.stream_position.as_deref().filter(|position| !position.is_empty());
        let position = Position::parse(position.ok_or_else(|| missing("stream-position"))?);
        let position = position.ok_or_else(|| {
            Error::poison(
                "bad_stream_position",
                "The record's stream-position is neither one of PostgreSQL nor one of MySQL. For other sources set \
                 source.version = \"arrival\".",
            )
        })?;
        let place = metadata.transaction_record_id.as_deref().and_then(decimal);
        let place = place.ok_or_else(|| missing("transaction-record-id"))?;
        Ok(position.append(Version::new('m', self.decoder.0.epoch, Rank::Positioned)).number(place))
    }

    fn control(
        &self,
        record: &Record,
        metadata: &Metadata<'_>,
        operation: &str,
        control: &str,
    ) -> Result<Decoded> {
        let source = SourceIdentity::of_stream(&record.source);
        let ignored = Ok(Decoded::Ignored(Reason::Control));
        let Some(table) = metadata.table_name() else { return ignored };
        match operation {
            "drop-table" | "truncate-table" => {
                Ok(Decoded::Events(vec![self.truncate(table, source, metadata)]))
            }
            "create-table" | "rename-table" | "add-column" | "drop-column" | "rename-column"
            | "change-columns" | "column-type-change" => {
                let definition = Definition::read(control)?;
                let observed_at = metadata.written_at().map(|at| at.to_string()).unwrap_or_default();
                let schema =
                    self.schema((table, source), definition, observed_at, operation == "create-table");
                schema.map_or(ignored, |schema| Ok(Decoded::Schema(schema)))
            }
            _ => ignored,
        }
    }

    /// What a definition says of its table; `None` when it says nothing to rely on.
    fn schema(
        &self,
        (table, source): (String, SourceIdentity),
        definition: Definition,
        observed_at: String,
        is_new: bool,
    ) -> Option<TableSchema> {
        if definition == Definition::default() {
            return None;
        }
        // a new table without a primary key has none; a change may just not mention it
        let known = SourceTable::new(&table, &source);
        let known = || self.catalogue.schema(known).map(|schema| schema.key.clone());
        let key = match definition.key.clone() {
            Some(key) => key,
            None if is_new => Vec::new(),
            None => known()?,
        };
        let columns = if definition.holds(&key) { definition.columns } else { Vec::new() };
        // a change that shows only some columns must not hide what is known of all
        (is_new || !columns.is_empty()).then_some(TableSchema { table, source, key, columns, observed_at })
    }

    fn truncate(&self, table: String, source: SourceIdentity, metadata: &Metadata<'_>) -> ChangeEvent {
        let position = metadata.stream_position.as_deref().and_then(Position::parse);
        let place = metadata.transaction_record_id.as_deref().and_then(decimal).unwrap_or_default();
        let version = match position {
            Some(position) => {
                position.append(Version::new('m', self.decoder.0.epoch, Rank::Positioned)).number(place)
            }
            None => {
                let at = metadata.written_at().and_then(|at| u64::try_from(at.0).ok()).unwrap_or_default();
                Version::new('m', self.decoder.0.epoch, Rank::Loaded).number(at)
            }
        };
        ChangeEvent {
            table,
            source,
            key: None,
            change: Change::Truncate,
            version,
            changed_at: metadata.commit_timestamp.as_deref().and_then(time),
            event_id: None,
            actor: None,
            expired: false,
            pair: None,
            caveat: None,
            image: None,
        }
    }
}

#[cfg(test)]
mod tests;
