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
use super::{Decoded, Decoder, Outline, Reason, Settings};
use crate::catalogue::{Identity, TableSchema};
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

    fn listens(&self) -> bool {
        true
    }

    fn recognises(&self, outline: &Outline<'_>) -> bool {
        outline.member("metadata") == Some(Kind::Object) && {
            let metadata = outline.inner("metadata");
            metadata.has("operation")
                && ["record-type", "partition-key-type", "table-name"].iter().any(|name| metadata.has(name))
        }
    }

    fn decode(&self, record: &Record, outline: &Outline<'_>) -> Result<Decoded> {
        self.decoded(record, outline).map_err(|error| self.about(record, outline, error))
    }
}

impl Dms {
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
        error.about(&table, key.as_ref().map(Key::as_str))
    }

    /// The key of a row, whatever is wrong with its other columns.
    fn key_of(&self, table: SourceTable<'_>, image: &Image<'_>) -> Option<Key> {
        let Identity::Columns(names) = identity(&self.0.catalogue, table, None).ok()? else { return None };
        let schema = self.0.catalogue.schema(table);
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

impl Dms {
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
        let catalogue = &self.0.catalogue;
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
            coarse: false,
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
        if self.0.catalogue.is_by_arrival() {
            return arrival(self.0.epoch, record.sequence(), 0);
        }
        if operation == Operation::Load {
            let at = metadata.written_at().and_then(|at| u64::try_from(at.0).ok()).ok_or_else(|| {
                Error::poison(
                    "missing_version",
                    "The record of a loaded row has no metadata.timestamp, or one that is no time.",
                )
            })?;
            return Ok(Version::new('m', self.0.epoch, Rank::Loaded).number(at));
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
        Ok(position.append(Version::new('m', self.0.epoch, Rank::Positioned)).number(place))
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
                let said_at = metadata.written_at().map(|at| at.to_string()).unwrap_or_default();
                let schema = self.schema((table, source), definition, said_at, operation == "create-table");
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
        said_at: String,
        is_new: bool,
    ) -> Option<TableSchema> {
        if definition == Definition::default() {
            return None;
        }
        // a new table without a primary key has none; a change may just not mention it
        let known = SourceTable::new(&table, &source);
        let known = || self.0.catalogue.schema(known).map(|schema| schema.key.clone());
        let key = match definition.key.clone() {
            Some(key) => key,
            None if is_new => Vec::new(),
            None => known()?,
        };
        let columns = if definition.holds(&key) { definition.columns } else { Vec::new() };
        // a change that shows only some columns must not hide what is known of all
        (is_new || !columns.is_empty()).then_some(TableSchema { table, source, key, columns, said_at })
    }

    fn truncate(&self, table: String, source: SourceIdentity, metadata: &Metadata<'_>) -> ChangeEvent {
        let position = metadata.stream_position.as_deref().and_then(Position::parse);
        let place = metadata.transaction_record_id.as_deref().and_then(decimal).unwrap_or_default();
        let version = match position {
            Some(position) => {
                position.append(Version::new('m', self.0.epoch, Rank::Positioned)).number(place)
            }
            None => {
                let at = metadata.written_at().and_then(|at| u64::try_from(at.0).ok()).unwrap_or_default();
                Version::new('m', self.0.epoch, Rank::Loaded).number(at)
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
            coarse: false,
            image: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::alone;
    use super::{Decoded, Decoder as _, Dms, Outline, Reason, Settings};
    use crate::catalogue::{Catalogue, TableSchema};
    use crate::config::{Config, Images, Keyless, RouteConfig, VersionScheme};
    use crate::error::Result;
    use crate::event::{Change, ChangeEvent};
    use crate::json::Value;
    use crate::record::Record;
    use crate::source::SourceIdentity;

    const AT: &str =
        r#""timestamp":"2024-07-29T00:58:44.895275Z","commit-timestamp":"2024-07-29T00:58:44.886717Z""#;
    const PLACE: &str =
        r#""stream-position":"00000002/7C007328.2.00000002/7C007328","transaction-record-id":1"#;

    fn dms(change: impl FnOnce(&mut RouteConfig)) -> Dms {
        let mut route = RouteConfig { key: vec!["id".to_owned()], ..RouteConfig::default() };
        change(&mut route);
        let mut config = Config::default();
        config.routes.push(route);
        with(&config)
    }

    fn with(config: &Config) -> Dms {
        Dms::new(Settings { catalogue: Catalogue::new(config), ..Settings::default() })
    }

    fn learned(columns: &[(&str, &str)]) -> Dms {
        let dms = dms(|route| route.key = Vec::new());
        let owned = |(name, kind): &(&str, &str)| ((*name).to_owned(), (*kind).to_owned());
        dms.0.catalogue.learn(TableSchema {
            source: SourceIdentity::default(),
            table: "public.foo".to_owned(),
            key: vec!["id".to_owned()],
            columns: columns.iter().map(owned).collect(),
            said_at: String::new(),
        });
        dms
    }

    fn record(payload: impl Into<String>) -> Record {
        Record::new("stream", "42", payload.into())
    }

    /// A record of a row: its images, and the place that its metadata names.
    fn row(operation: &str, parts: &str, place: &str) -> Record {
        let place = if place.is_empty() { String::new() } else { format!(",{place}") };
        record(format!(
            r#"{{{parts},"metadata":{{{AT},"record-type":"data","operation":"{operation}","partition-key-type":"schema-table","schema-name":"public","table-name":"foo"{place}}}}}"#
        ))
    }

    fn control(operation: &str, control: &str) -> Record {
        record(format!(
            r#"{{"control":{control},"metadata":{{"operation":"{operation}","partition-key-type":"task-id","record-type":"control","schema-name":"public","table-name":"foo","timestamp":"2024-07-29T00:30:47.266581Z"}}}}"#
        ))
    }

    fn text(event: &ChangeEvent) -> String {
        let key = event.key.as_ref().map_or("-", |key| key.as_str());
        let change = match &event.change {
            Change::Put(document) => format!("put {}", document.to_json()),
            Change::Patch(patch) => format!("patch {:?} {:?}", patch.set, patch.remove),
            Change::Delete(image) => format!("delete {image:?}"),
            Change::Truncate => "truncate".to_owned(),
        };
        format!("{} {key} {change}", event.table)
    }

    /// The changes of a record as text, or the code of what is wrong with it.
    fn changes(dms: &Dms, record: &Record) -> Result<Vec<String>, &'static str> {
        match alone(dms, record) {
            Ok(Decoded::Events(events)) => {
                assert!(events.iter().all(|event| event.pair.is_some() == (events.len() == 2)));
                Ok(events.iter().map(text).collect())
            }
            Ok(Decoded::Ignored(reason)) => Ok(vec![reason.to_string()]),
            Ok(Decoded::Schema(schema)) => Ok(vec![format!("{schema:?}")]),
            Ok(Decoded::Parts(parts)) => panic!("{parts:?}"),
            Err(error) => Err(error.code()),
        }
    }

    fn check(dms: &Dms, record: &Record, expected: Result<&[&str], &'static str>) {
        let expected = expected.map(|lines| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
        assert_eq!(changes(dms, record), expected, "{:?}", record.payload);
    }

    #[test]
    fn every_operation_on_a_row_becomes_its_change() {
        let dms = dms(|_| {});
        let load = row("load", r#""data":{"age":30,"id":42,"name":"John"}"#, "");
        check(&dms, &load, Ok(&[r#"public.foo [42] put {"age":30,"name":"John"}"#]));
        let insert = row("insert", r#""data":{"id":"a","a":"{\"b\": 1.0}"}"#, PLACE);
        check(&dms, &insert, Ok(&[r#"public.foo ["a"] put {"a":"{\"b\": 1.0}"}"#]));
        let update = row("update", r#""before-image":{},"data":{"a/b":33,"id":42}"#, PLACE);
        check(&dms, &update, Ok(&[r#"public.foo [42] patch [("/a~1b", "33")] []"#]));
        let delete = row("delete", r#""data":{"age":null,"id":42}"#, PLACE);
        check(&dms, &delete, Ok(&["public.foo [42] delete None"]));
        check(&dms, &row("merge", r#""data":{"id":1}"#, PLACE), Err("unknown_operation"));
        check(&dms, &row("Insert", r#""data":{"id":1}"#, PLACE), Err("unknown_operation"));
    }

    #[test]
    fn an_update_replaces_the_row_only_when_it_is_known_to_be_whole() {
        let update = row("update", r#""data":{"id":42,"b":2,"c":3}"#, PLACE);
        let put = r#"public.foo [42] put {"b":2,"c":3}"#;
        check(&dms(|route| route.images = Images::Full), &update, Ok(&[put]));
        check(&learned(&[("id", ""), ("b", "")]), &update, Ok(&[put]));
        let patch = r#"public.foo [42] patch [("/b", "2"), ("/c", "3")] []"#;
        check(&learned(&[("id", ""), ("b", ""), ("d", "")]), &update, Ok(&[patch]));
        check(&learned(&[]), &update, Ok(&[patch]));
    }

    #[test]
    fn a_changed_key_is_a_delete_and_a_put_of_one_version() {
        let full = dms(|route| route.images = Images::Full);
        let update = row("update", r#""before-image":{"id":46},"data":{"id":45,"a":1}"#, PLACE);
        let moved = ["public.foo [46] delete None", r#"public.foo [45] put {"a":1}"#];
        check(&full, &update, Ok(&moved));
        check(&learned(&[("id", ""), ("a", "")]), &update, Ok(&moved));
        check(&dms(|_| {}), &update, Err("partial_key_change"));
        let Ok(Decoded::Events(events)) = alone(&full, &update) else { panic!("no events") };
        assert_eq!(events[0].version, events[1].version);
        // written otherwise, and the same key
        let same = row("update", r#""before-image":{"id":45.0},"data":{"id":45,"a":1}"#, PLACE);
        check(&full, &same, Ok(&[r#"public.foo [45] put {"a":1}"#]));
        let null = row("update", r#""before-image":{"id":null},"data":{"id":45}"#, PLACE);
        check(&full, &null, Err("incomplete_key"));
        let text = row("update", r#""before-image":"x","data":{"id":45}"#, PLACE);
        check(&full, &text, Err("bad_before_image"));
        // of two key columns the before-image has the one that changed
        let two = dms(|route| {
            route.images = Images::Full;
            route.key = vec!["b".to_owned(), "a".to_owned()];
        });
        let update = row("update", r#""before-image":{"b":"x"},"data":{"b":"y","a":1,"c":2}"#, PLACE);
        let moved = [r#"public.foo [1,"x"] delete None"#, r#"public.foo [1,"y"] put {"c":2}"#];
        check(&two, &update, Ok(&moved));
    }

    #[test]
    fn a_key_that_is_not_whole_is_refused_and_never_widened() {
        let dms = dms(|route| route.key = vec!["a".to_owned(), "b".to_owned()]);
        for (data, code) in [
            (r#"{"a":1}"#, "incomplete_key"),
            (r#"{"a":1,"b":null}"#, "incomplete_key"),
            (r#"{"a":1,"b":{}}"#, "bad_key"),
            (r#"{"a":1,"b":2,"a":1}"#, "duplicate_key_member"),
            (r#"{"a":1,"b":1E200}"#, "number_out_of_range"),
            (r#"{"a":1,"b":1.2345678901234567E18}"#, "rounded_key"),
        ] {
            for operation in ["load", "insert", "update", "delete"] {
                check(&dms, &row(operation, &format!(r#""data":{data}"#), PLACE), Err(code));
            }
        }
    }

    #[test]
    fn versions_are_ordered_as_the_source_is() {
        let version = |record: &Record| match alone(&dms(|_| {}), record) {
            Ok(Decoded::Events(events)) => events[0].version.as_str().to_owned(),
            other => panic!("{other:?}"),
        };
        let at = |lsn: &str, place: u64| {
            let place = format!(r#""stream-position":"{lsn}.2.{lsn}","transaction-record-id":{place}"#);
            version(&row("insert", r#""data":{"id":1}"#, &place))
        };
        assert_eq!(at("00000002/7C007328", 1), "m.0000.1.000000027c007328.0000000000000001");
        let load = version(&row("load", r#""data":{"id":1}"#, PLACE));
        assert_eq!(load, "m.0000.0.00061e585ce7822b");
        let drop = version(&control("drop-table", "{}"));
        let ordered =
            [&drop, &load, &at("00000000/1", 9), &at("00000000/1", 10), &at("1/0", 1), &at("10/0", 1)];
        assert!(ordered.is_sorted(), "{ordered:?}");
    }

    #[test]
    fn a_change_without_its_place_is_poison_and_never_ordered_otherwise() {
        for (place, code) in [
            ("", "missing_version"),
            (r#""transaction-record-id":1"#, "missing_version"),
            (r#""stream-position":"","transaction-record-id":1"#, "missing_version"),
            (r#""stream-position":7,"transaction-record-id":1"#, "missing_version"),
            (r#""stream-position":"2/7C007178""#, "missing_version"),
            (r#""stream-position":"2/7C007178","transaction-record-id":-1"#, "missing_version"),
            (r#""stream-position":"2/7C007178","transaction-record-id":1.5"#, "missing_version"),
            (r#""stream-position":"2/7C007178","transaction-record-id":{}"#, "missing_version"),
            (r#""stream-position":"0000003B/E8003618.NOW","transaction-record-id":1"#, "bad_stream_position"),
            (
                r#""stream-position":"00000027:00000a28:0004","transaction-record-id":1"#,
                "bad_stream_position",
            ),
        ] {
            for operation in ["insert", "update", "delete"] {
                check(&dms(|_| {}), &row(operation, r#""data":{"id":1}"#, place), Err(code));
            }
        }
        let load = row("load", r#""data":{"id":1}"#, r#""timestamp":"yesterday""#);
        check(&dms(|_| {}), &load, Err("missing_version"));
        let mut config = Config::default();
        config.routes.push(RouteConfig { key: vec!["id".to_owned()], ..RouteConfig::default() });
        config.source.version = VersionScheme::Arrival;
        check(&with(&config), &row("insert", r#""data":{"id":1}"#, ""), Ok(&["public.foo [1] put {}"]));
    }

    #[test]
    fn a_table_without_a_key_is_as_its_route_says() {
        let keyless = |keyless| {
            dms(|route| {
                route.key = Vec::new();
                route.keyless = keyless;
            })
        };
        let position = keyless(Keyless::Position);
        let insert = row("insert", r#""data":{"x":1,"y":null}"#, PLACE);
        check(&position, &insert, Ok(&[r#"public.foo ["42"] put {"x":1,"y":null}"#]));
        let part = Record { place: Some(3), ..insert.clone() };
        check(&position, &part, Ok(&[r#"public.foo ["42.3"] put {"x":1,"y":null}"#]));
        let nowhere = Record { position: String::new(), ..insert.clone() };
        check(&position, &nowhere, Err("no_position"));
        for operation in ["update", "delete"] {
            check(&position, &row(operation, r#""data":{"x":1}"#, PLACE), Err("keyless_change"));
        }
        let rows = keyless(Keyless::Row);
        check(&rows, &insert, Ok(&["public.foo [1,null] put {}"]));
        let delete = row("delete", r#""data":{"y":null,"x":1.0}"#, PLACE);
        check(&rows, &delete, Ok(&["public.foo [1,null] delete None"]));
        let update = row("update", r#""data":{"x":1,"y":2},"before-image":{"y":3,"x":1}"#, PLACE);
        check(&rows, &update, Ok(&["public.foo [1,3] delete None", "public.foo [1,2] put {}"]));
        for before in ["", r#","before-image":{}"#, r#","before-image":{"x":1}"#] {
            let update = row("update", &format!(r#""data":{{"x":1,"y":2}}{before}"#), PLACE);
            check(&rows, &update, Err("partial_key_change"));
        }
        check(&rows, &row("insert", r#""data":{"x":1,"x":2}"#, PLACE), Err("duplicate_key_member"));
        check(&rows, &row("insert", r#""data":{}"#, PLACE), Err("no_key"));
        let told = vec![("x".to_owned(), String::new()), ("y".to_owned(), String::new())];
        let schema = TableSchema {
            source: SourceIdentity::default(),
            table: "public.foo".into(),
            key: Vec::new(),
            columns: told,
            said_at: String::new(),
        };
        rows.0.catalogue.learn(schema);
        check(&rows, &row("insert", r#""data":{"y":2,"x":1}"#, PLACE), Ok(&["public.foo [1,2] put {}"]));
        for operation in ["insert", "update", "delete"] {
            check(&rows, &row(operation, r#""data":{"x":1}"#, PLACE), Err("incomplete_key"));
        }
        let refusing = keyless(Keyless::Refuse);
        check(&refusing, &insert, Err("unknown_key"));
        let Ok(Decoded::Schema(schema)) =
            alone(&refusing, &control("create-table", r#"{"table-def":{"columns":{"x":{"type":"INT64"}}}}"#))
        else {
            panic!("no schema")
        };
        refusing.0.catalogue.learn(schema);
        check(&refusing, &insert, Err("no_key"));
    }

    #[test]
    fn control_records_tell_key_and_columns_or_are_ignored() {
        let schema = |operation: &str, definition: &str| {
            let record = control(operation, definition);
            match alone(&dms(|_| {}), &record) {
                Ok(Decoded::Schema(schema)) => {
                    assert_eq!(
                        (&*schema.table, &*schema.said_at),
                        ("public.foo", "2024-07-29T00:30:47.266581Z")
                    );
                    Ok(format!("{:?} {:?}", schema.key, schema.columns))
                }
                Ok(Decoded::Ignored(reason)) => Ok(reason.to_string()),
                Ok(Decoded::Events(_) | Decoded::Parts(_)) => panic!("events"),
                Err(error) => Err(error.code()),
            }
        };
        let whole = r#"{"table-def":{"columns":{"id":{"type":"INT32","nullable":false},"b":{"length":5}},"primary-key":["id"]}}"#;
        let part = r#"{"table-def":{"columns":{"b":{"type":"STRING"}}}}"#;
        let told = r#"["id"] [("id", "INT32"), ("b", "")]"#;
        let changing = [
            "rename-table",
            "add-column",
            "drop-column",
            "rename-column",
            "change-columns",
            "column-type-change",
        ];
        for operation in changing {
            assert_eq!(schema(operation, whole).as_deref(), Ok(told), "{operation}");
            assert_eq!(schema(operation, part).as_deref(), Ok("control"), "{operation}");
            assert_eq!(schema(operation, "{}").as_deref(), Ok("control"), "{operation}");
        }
        assert_eq!(schema("create-table", whole).as_deref(), Ok(told));
        assert_eq!(schema("create-table", part).as_deref(), Ok(r#"[] [("b", "STRING")]"#));
        let lacking = r#"{"table-def":{"columns":{"b":{"type":"STRING"}},"primary-key":["id"]}}"#;
        assert_eq!(schema("create-table", lacking).as_deref(), Ok(r#"["id"] []"#));
        assert_eq!(schema("add-column", lacking).as_deref(), Ok("control"));
        for nothing in ["{}", r#"{"table-def":{}}"#, r#"{"other":1}"#] {
            assert_eq!(schema("create-table", nothing).as_deref(), Ok("control"));
        }
        for bad in [
            "[]",
            r#"{"columns":[]}"#,
            r#"{"columns":{"a":1}}"#,
            r#"{"primary-key":"id"}"#,
            r#"{"primary-key":[1]}"#,
        ] {
            assert_eq!(
                schema("create-table", &format!(r#"{{"table-def":{bad}}}"#)),
                Err("bad_table_definition")
            );
        }
        assert_eq!(schema("vacuum-table", whole).as_deref(), Ok("control"));
        // what a change does not mention stays as it is known
        let dms = learned(&[]);
        let change =
            control("add-column", r#"{"table-def":{"columns":{"id":{"type":"INT32"},"c":{"type":"BOOL"}}}}"#);
        let Ok(Decoded::Schema(schema)) = alone(&dms, &change) else { panic!("no schema") };
        assert_eq!((schema.key.as_slice(), schema.columns.len()), (&["id".to_owned()][..], 2));
    }

    #[test]
    fn a_dropped_table_is_a_truncate_below_everything_that_comes_after() {
        let drop = control("drop-table", "{}");
        check(&dms(|_| {}), &drop, Ok(&["public.foo - truncate"]));
        let Ok(Decoded::Events(events)) = alone(&dms(|_| {}), &drop) else { panic!("no event") };
        assert_eq!(events[0].version.as_str(), "m.0000.0.00061e57f8e8ed15");
        let payload = String::from_utf8(drop.payload.to_vec()).unwrap();
        let placed = payload.replace(r#""timestamp":"#, &format!(r#"{PLACE},"timestamp":"#));
        let Ok(Decoded::Events(events)) = alone(&dms(|_| {}), &record(placed)) else { panic!("no event") };
        assert_eq!(events[0].version.as_str(), "m.0000.1.000000027c007328.0000000000000001");
    }

    #[test]
    fn values_are_what_the_columns_types_say() {
        let dms = learned(&[("id", "BYTES"), ("b", "BYTES"), ("f", "BOOL"), ("t", "STRING")]);
        let insert = row("insert", r#""data":{"id":"0x01","t":"0x01","f":"t","b":"0x01","u":"0x01"}"#, PLACE);
        let put = r#"public.foo ["0x01"] put {"t":"0x01","f":true,"b":"AQ==","u":"0x01"}"#;
        check(&dms, &insert, Ok(&[put]));
    }

    #[test]
    fn columns_may_be_below_a_document_and_the_record_on_many_lines() {
        let nested = row("insert", r#""data":{"x":1,"n":0,"_doc":{"id":7,"n":2,"n":3}}"#, PLACE);
        check(&dms(|_| {}), &nested, Ok(&[r#"public.foo [7] put {"x":1,"n":3}"#]));
        let text = row("insert", r#""data":{"_doc":"{}","id":7}"#, PLACE);
        check(&dms(|_| {}), &text, Ok(&[r#"public.foo [7] put {"_doc":"{}"}"#]));
        let moved = r#""data":{"_doc":{"id":7}},"before-image":{"_doc":{"id":8}}"#;
        let full = dms(|route| route.images = Images::Full);
        let moved = row("update", moved, PLACE);
        check(&full, &moved, Ok(&["public.foo [8] delete None", "public.foo [7] put {}"]));
        let pretty =
            String::from_utf8(nested.payload.to_vec()).unwrap().replace(',', ",\n\t").replace(':', " :  ");
        let pretty = pretty.replace("00 :  58 :  44", "00:58:44");
        check(&full, &record(pretty + "\n"), Ok(&[r#"public.foo [7] put {"x":1,"n":3}"#]));
    }

    #[test]
    fn bookkeeping_and_tables_without_a_route_are_left_out() {
        let status = r#"{"data":{"server_name":"ip"},"before-image":{},"metadata":{"operation":"update","partition-key-type":"schema-table","schema-name":"","table-name":"awsdms_status"}}"#;
        check(&dms(|_| {}), &record(status), Ok(&["control"]));
        let dropped = status.replace(r#""data":{"server_name":"ip"},"before-image""#, r#""control""#);
        check(&dms(|_| {}), &record(dropped.replace("update", "drop-table")), Ok(&["control"]));
        let orders = dms(|route| route.from = "public.orders".to_owned());
        check(&orders, &row("update", r#""data":{"x":1}"#, ""), Ok(&[Reason::Unrouted.as_str()]));
    }

    #[test]
    fn names_are_kept_as_they_are() {
        let long = "x".repeat(200);
        for name in ["Order", "a.b", "a;drop table b", "select", long.as_str(), "é\\\"'"] {
            let payload = format!(
                r#"{{"data":{{"{name}":1,"id":2}},"metadata":{{{AT},{PLACE},"operation":"insert","record-type":"data","schema-name":"S","table-name":"{name}"}}}}"#
            );
            let Ok(Decoded::Events(events)) = alone(&dms(|_| {}), &record(payload)) else { panic!("{name}") };
            let plain = name.replace("\\\"", "\"");
            assert_eq!(events[0].table, format!("S.{plain}"));
            let Change::Put(document) = &events[0].change else { panic!("no put") };
            assert_eq!(document.members().next(), Some((plain.as_str(), "1")));
        }
        let no_schema = row("load", r#""data":{"id":1}"#, r#""schema-name":"""#);
        check(&dms(|_| {}), &no_schema, Ok(&["foo [1] put {}"]));
        for table in [r#""table-name":"""#, r#""table-name":7"#, r#""table-name":null"#] {
            check(&dms(|_| {}), &row("load", r#""data":{"id":1}"#, table), Err("no_table"));
        }
    }

    #[test]
    fn what_is_no_record_of_dms_is_an_error_and_not_recognised() {
        let is_ours = |payload: &str| Dms::default().recognises(&Outline::of(payload.as_bytes()));
        for payload in [
            "{}",
            "[]",
            r#"{"metadata":{}}"#,
            r#"{"metadata":[]}"#,
            r#"{"data":{"id":1}}"#,
            r#"{"data":{"id":1},"metadata":{"record-type":"data"}}"#,
            r#"{"before":null,"after":{},"source":{},"op":"c"}"#,
            r#"{"dynamodb":{},"tableName":"t","recordFormat":"application/json"}"#,
        ] {
            assert!(!is_ours(payload), "{payload}");
            check(&dms(|_| {}), &record(payload), Err("not_a_change_record"));
        }
        check(&dms(|_| {}), &record("{"), Err("not_json"));
        for (payload, code) in [
            (
                r#"{"data":[],"metadata":{"operation":"insert","record-type":"data","table-name":"t"}}"#,
                "no_data",
            ),
            (r#"{"metadata":{"operation":"insert","table-name":"t"}}"#, "not_a_change_record"),
        ] {
            assert!(is_ours(payload), "{payload}");
            check(&dms(|_| {}), &record(payload), Err(code));
        }
        let old = r#"{"metadata":{"timestamp":"2021-02-18T23:09:09.509179Z","record-type":"control","operation":"create-table","partition-key-type":"task-id","schema-name":"s","table-name":"t"}}"#;
        assert!(is_ours(old));
        check(&dms(|_| {}), &record(old), Ok(&["control"]));
    }

    #[test]
    fn an_error_names_the_row_by_what_can_be_read_of_it() {
        let named = |record: &Record| {
            let error = alone(&dms(|_| {}), record).unwrap_err();
            format!("{} {} {}", error.code(), error.table().unwrap_or("-"), error.key().unwrap_or("-"))
        };
        let deep = format!(r#""data":{{"id":1,"a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        for (record, expected) in [
            (row("insert", &deep, PLACE), "too_deep public.foo [1]"),
            (row("insert", r#""data":{"id":1}"#, ""), "missing_version public.foo [1]"),
            (row("upsert", r#""data":{"id":1}"#, PLACE), "unknown_operation public.foo [1]"),
            (row("update", r#""data":{"id":1},"before-image":7"#, PLACE), "bad_before_image public.foo [1]"),
            (
                row("update", r#""data":{"id":1},"before-image":{"id":2}"#, PLACE),
                "partial_key_change public.foo [1]",
            ),
            (row("insert", r#""data":{"a":1}"#, PLACE), "incomplete_key public.foo -"),
            (row("insert", r#""data":7"#, PLACE), "no_data public.foo -"),
            (control("create-table", r#"{"table-def":7}"#), "bad_table_definition public.foo -"),
            (
                record(r#"{"metadata":{"operation":"insert","table-name":"t"},"data":{"id":1},"#),
                "not_json t [1]",
            ),
        ] {
            assert_eq!(named(&record), expected, "{:?}", record.payload);
        }
    }

    /// The texts of `value` with one value in it, at whatever depth, replaced by `other`.
    fn replaced(value: &Value, other: &Value) -> Vec<Value> {
        let mut found = vec![other.clone()];
        if let Value::Object(members) = value {
            for (at, (_, member)) in members.iter().enumerate() {
                for inner in replaced(member, other) {
                    let mut members = members.clone();
                    members[at].1 = inner;
                    found.push(Value::Object(members));
                }
            }
        }
        found
    }

    #[test]
    fn a_wrong_type_in_any_place_is_an_error_or_harmless_and_never_another_row() {
        let full = dms(|route| route.images = Images::Full);
        let update = row("update", r#""before-image":{"id":46},"data":{"id":45,"a":1}"#, PLACE);
        let whole = control(
            "create-table",
            r#"{"table-def":{"columns":{"id":{"type":"INT32"}},"primary-key":["id"]}}"#,
        );
        for record in [update, whole] {
            let sample = Value::parse(std::str::from_utf8(&record.payload).unwrap()).unwrap();
            for other in ["null", "true", "7", r#""x""#, "[]", r#"[{"a":[null]}]"#, "{}", r#"{"x":{}}"#] {
                for broken in replaced(&sample, &Value::parse(other).unwrap()) {
                    let changed = changes(&full, &self::record(broken.to_text()));
                    let rows = changed.unwrap_or_default().join(" ");
                    let is_known = rows.is_empty()
                        || ["control", "truncate", "[45]", "TableSchema"]
                            .iter()
                            .any(|word| rows.contains(word))
                        || (rows.starts_with("public.foo [46] delete None") && rows.contains(" put "))
                        || (["7", r#""x""#, "true"].contains(&other)
                            && rows.contains(&format!("[{other}] put")));
                    assert!(is_known, "{} {rows}", broken.to_text());
                }
            }
        }
    }

    #[test]
    fn a_document_is_not_deeper_than_it_may_be() {
        let deep = format!(r#""data":{{"id":1,"a":{}1{}}}"#, "[".repeat(1_000), "]".repeat(1_000));
        check(&dms(|_| {}), &row("insert", &deep, PLACE), Err("too_deep"));
    }
}
