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
mod value;

use self::message::{Definition, Message, Metadata, RowImage};
use self::position::Position;
use self::value::ColumnType;
use crate::catalogue::{Catalogue, Identity, TableSchema};
use crate::decode::change::{self, Before, Operation, RowChange, Table};
use crate::decode::log_position::unsigned;
use crate::decode::row::{self, Row};
use crate::decode::{Decoded, Decoder, Decoding, LazyObject, Reason, Settings};
use crate::error::{Code, Error, Result};
use crate::event::Timestamp;
use crate::json::Kind;
use crate::record::Record;
use crate::source::SourceIdentity;
use crate::version::{Rank, Version};

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

    fn types_keys(&self) -> bool {
        true
    }

    fn uses_schemas(&self) -> bool {
        true
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        object.member("metadata") == Some(Kind::Object) && {
            let metadata = object.inner("metadata");
            metadata.has("operation")
                && ["record-type", "partition-key-type", "table-name"].iter().any(|name| metadata.has(name))
        }
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, record, catalogue };
        decoding.decoded(object).map_err(|error| decoding.about(object, error))
    }
}

impl Decoding<'_, Dms> {
    fn decoded(&self, object: &LazyObject<'_>) -> Result<Decoded> {
        let message = Message::parse(object)?;
        let metadata = &message.metadata;
        let Some(operation) = metadata.operation.as_deref() else { return Err(no_dms_record()) };
        if metadata.is_bookkeeping() {
            return Ok(Decoded::Ignored(Reason::Control));
        }
        let is_control = metadata.record_type.as_deref() == Some("control");
        match (&message.data, message.control) {
            (Some(image), None) => self.data(&message, operation, image),
            (Some(image), Some(_)) if !is_control => self.data(&message, operation, image),
            (None, None) if metadata.record_type.as_deref() == Some("data") => {
                Err(Error::poison(Code::NoImage, "The record of a row has no data."))
            }
            (None, None) if !is_control => Err(no_dms_record()),
            (_, control) => self.control(metadata, operation, control.unwrap_or("{}")),
        }
    }

    /// Says of an error whose row it concerns, as far as that can be read.
    fn about(&self, object: &LazyObject<'_>, error: Error) -> Error {
        let message = Message::readable(object);
        let Some(table) = self.table(&message.metadata) else { return error };
        let key = message.data.as_ref().and_then(|image| {
            let schema = self.catalogue.schema(table.of_source());
            DmsRow::new(&table, &message, (Done::Insert, image), schema.as_deref()).readable_key()
        });
        table.about(error, key.as_ref())
    }

    fn table(&self, metadata: &Metadata<'_>) -> Option<Table<'_>> {
        let source = SourceIdentity::of_stream(&self.record.source);
        Some(Table::new(self, &self.decoder.0, metadata.table_name()?, source))
    }

    fn data(&self, message: &Message<'_>, operation: &str, image: &RowImage<'_>) -> Result<Decoded> {
        let done = match operation {
            "load" => Done::Load,
            "insert" => Done::Insert,
            "update" => Done::Update,
            "delete" => Done::Delete,
            _ => {
                let message = "The operation of a row is none of load, insert, update and delete.";
                return Err(Error::poison(Code::UnknownOperation, message));
            }
        };
        let Some(table) = self.table(&message.metadata) else {
            return Err(Error::poison(Code::NoTable, "The record of a row names no table."));
        };
        let schema = self.catalogue.schema(table.of_source());
        change::decoded(&DmsRow::new(&table, message, (done, image), schema.as_deref()))
    }
}

fn no_dms_record() -> Error {
    Error::poison(Code::NotAChangeRecord, "The record is JSON, but no record of AWS DMS.")
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

    fn changed_at(&self) -> Option<Timestamp> {
        self.commit_timestamp.as_deref().and_then(time)
    }

    /// The version of the truncate that a dropped table is.
    fn version_of_drop(&self, epoch: u16) -> Version {
        if let Some(position) = self.stream_position.as_deref().and_then(Position::parse) {
            let place = self.transaction_record_id.as_deref().and_then(unsigned).unwrap_or_default();
            return position.append(Version::new('m', epoch, Rank::Positioned)).number(place);
        }
        let at = self.written_at().and_then(|at| u64::try_from(at.0).ok()).unwrap_or_default();
        Version::new('m', epoch, Rank::Loaded).number(at)
    }
}

/// A point in time such as `2024-07-29T00:58:17.974340Z`.
fn time(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Timestamp(time.as_microsecond()))
}

/// What DMS did to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Load,
    Insert,
    Update,
    Delete,
}

/// A row's record with what is known of its table.
struct DmsRow<'m> {
    table: &'m Table<'m>,
    message: &'m Message<'m>,
    done: Done,
    image: &'m RowImage<'m>,
    /// The columns that a control record told, if one did.
    columns: &'m [(String, String)],
    /// Columns whose values need a look, by name.
    types: Vec<(&'m str, ColumnType)>,
}

impl<'m> DmsRow<'m> {
    fn new(
        table: &'m Table<'_>,
        message: &'m Message<'_>,
        (done, image): (Done, &'m RowImage<'_>),
        schema: Option<&'m TableSchema>,
    ) -> Self {
        let columns = schema.map(|schema| schema.columns.as_slice()).unwrap_or_default();
        let typed = |(name, kind): &'m (String, String)| Some((name.as_str(), ColumnType::of(kind)?));
        let mut types: Vec<(&str, ColumnType)> = columns.iter().filter_map(typed).collect();
        types.sort_unstable_by_key(|(name, _)| *name);
        Self { table, message, done, image, columns, types }
    }

    fn column_type(&self, name: &str) -> Option<ColumnType> {
        let at = self.types.binary_search_by_key(&name, |(column, _)| *column).ok()?;
        self.types.get(at).map(|(_, column_type)| *column_type)
    }

    fn has_told_columns(&self) -> bool {
        self.image.has_all(self.columns.iter().map(|(name, _)| name.as_str()))
    }

    /// Reads an image. A key must not depend on whether a column's type is known, so its values are as they were sent.
    fn read_image(&self, image: &RowImage<'_>, row: &mut Row<'_>) -> Result<()> {
        image.refuse_repeated(row.identity())?;
        row.reserve(image.columns.iter().map(|(_, value)| value.len()).sum());
        for (name, value) in &image.columns {
            let (is_key, column_type) = (row.is_key(name), self.column_type(name));
            if is_key && *row.identity() != Identity::Row {
                row::refuse_nested(name, value)?;
                value::refuse_rounded(name, value, column_type)?;
            }
            row.add(name, |out| value::copy(value, column_type.filter(|_| !is_key), out))?;
        }
        Ok(())
    }
}

impl RowChange for DmsRow<'_> {
    fn table(&self) -> &Table<'_> {
        self.table
    }

    fn operation(&self) -> Result<Operation> {
        Ok(match self.done {
            Done::Load | Done::Insert => Operation::Insert,
            Done::Update => Operation::Update,
            Done::Delete => Operation::Delete,
        })
    }

    fn version(&self) -> Result<Version> {
        let metadata = &self.message.metadata;
        if self.done == Done::Load {
            let at = metadata.written_at().and_then(|at| u64::try_from(at.0).ok()).ok_or_else(|| {
                Error::poison(
                    Code::MissingVersion,
                    "The record of a loaded row has no metadata.timestamp, or one that is no time.",
                )
            })?;
            return Ok(Version::new('m', self.table.epoch, Rank::Loaded).number(at));
        }
        let missing = |what: &str| {
            Error::poison(
                Code::MissingVersion,
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
                Code::BadVersion,
                "The record's stream-position is neither one of PostgreSQL nor one of MySQL. For other sources set \
                 source.version = \"arrival\".",
            )
        })?;
        let place = metadata.transaction_record_id.as_deref().and_then(unsigned);
        let place = place.ok_or_else(|| missing("transaction-record-id"))?;
        Ok(position.append(Version::new('m', self.table.epoch, Rank::Positioned)).number(place))
    }

    /// When it changed; of a loaded row DMS tells only when it was read.
    fn changed_at(&self) -> Option<Timestamp> {
        self.message.metadata.changed_at().filter(|_| self.done != Done::Load)
    }

    fn shows_deleted(&self) -> bool {
        false
    }

    fn read(&self, row: &mut Row<'_>) -> Result<()> {
        self.read_image(self.image, row)?;
        if *row.identity() == Identity::Row && !self.has_told_columns() {
            // a key of fewer columns would be another one
            return Err(Error::poison(
                Code::MissingKey,
                format!(
                    "The record of {} lacks a column, and all columns are the key. Set IncludeNullAndEmpty of the \
                     target endpoint.",
                    self.table.name()
                ),
            ));
        }
        if self.done == Done::Update && (self.columns.is_empty() || !self.has_told_columns()) {
            row.image = row::Completeness::Unsure;
        }
        Ok(())
    }

    /// The before-image has the old values of key columns, or of all columns.
    fn before<'i>(&self, row: &mut Row<'i>) -> Result<Before<'i>> {
        if self.message.has_bad_before {
            return Err(Error::poison(Code::BadImage, "The record's before-image is no object."));
        }
        let before = self.message.before.as_ref();
        let mut old = row.before();
        if *row.identity() != Identity::Row {
            before.map_or(Ok(()), |before| self.read_image(before, &mut old))?;
            return Ok(Before::Columns(old));
        }
        let is_whole = |before: &&RowImage<'_>| {
            before.columns.len() == self.image.columns.len() && before.has_all(self.image.names())
        };
        let before = before.filter(is_whole).ok_or_else(|| {
            Error::poison(
                Code::PartialKeyChange,
                format!(
                    "A row of {} has changed whose key is all of its columns, and the record does not hold all of the \
                     old ones. Set ColumnFilter of the task's before-image settings to all.",
                    self.table.name()
                ),
            )
        })?;
        self.read_image(before, &mut old)?;
        Ok(Before::Row(old))
    }

    fn may_be_put(&self, _: &Row<'_>) -> Result<()> {
        Err(Error::poison(
            Code::PartialKeyChange,
            format!(
                "The key of a row of {table} has changed, and the record may not hold the whole row. Set images = \
                 \"full\" in the route of {table} if its updates always bring every column, or turn on \
                 IncludeControlDetails and IncludeNullAndEmpty of the target endpoint.",
                table = self.table.name()
            ),
        ))
    }
}

impl Decoding<'_, Dms> {
    fn control(&self, metadata: &Metadata<'_>, operation: &str, control: &str) -> Result<Decoded> {
        let ignored = Ok(Decoded::Ignored(Reason::Control));
        let Some(table) = self.table(metadata) else { return ignored };
        match operation {
            "drop-table" | "truncate-table" => {
                table.truncated(metadata.changed_at(), || Ok(metadata.version_of_drop(table.epoch)))
            }
            "create-table" | "rename-table" | "add-column" | "drop-column" | "rename-column"
            | "change-columns" | "column-type-change" => {
                let definition = Definition::read(control)?;
                let observed_at = metadata.written_at().map(|at| at.to_string()).unwrap_or_default();
                let schema = self.schema(&table, definition, observed_at, operation == "create-table");
                schema.map_or(ignored, |schema| Ok(Decoded::Schema(schema)))
            }
            _ => ignored,
        }
    }

    /// What a definition says of its table; `None` when it says nothing to rely on.
    fn schema(
        &self,
        table: &Table<'_>,
        definition: Definition,
        observed_at: String,
        is_new: bool,
    ) -> Option<TableSchema> {
        if definition == Definition::default() {
            return None;
        }
        // a new table without a primary key has none; a change may just not mention it
        let known = || self.catalogue.schema(table.of_source()).map(|schema| schema.key.clone());
        let key = match definition.key.clone() {
            Some(key) => key,
            None if is_new => Vec::new(),
            None => known()?,
        };
        let columns = if definition.holds(&key) { definition.columns } else { Vec::new() };
        let (table, source) = (table.name().to_owned(), table.of_source().identity.clone());
        // a change that shows only some columns must not hide what is known of all
        (is_new || !columns.is_empty()).then_some(TableSchema { table, source, key, columns, observed_at })
    }
}

#[cfg(test)]
mod tests;
