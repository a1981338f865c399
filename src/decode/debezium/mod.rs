//! Debezium's change records: with and without the schema, as CloudEvents, and flattened.
//!
//! * Table: `schema.table` (PostgreSQL, SQL Server, Oracle, Db2), `db.table` (MySQL, MariaDB), `db.collection`
//!   (MongoDB). A flattened record's comes from `__schema`, `__db`, `__table`, else it is `source.table`.
//! * Key: the route's `key`, else the columns that the message key names (Kinesis carries it as the partition key,
//!   with or without its schema), else what a schema change told. Values come from the row and, where it lacks them
//!   (a delete without `before`), from the message key. MongoDB: always `_id`.
//! * Image: full. A column with the placeholder of an unchanged TOAST or LOB value makes the update a `Patch` without
//!   it; a MongoDB update without `after` is a `Patch` of `updateDescription`.
//! * A changed key arrives as two records, delete and create. Only when the route's key is not the message's is it
//!   told from `before`: then delete and put are one change.
//! * Values: with the schema they are made plain; without it they stay as they are written, such as base64
//!   for decimals and counts for dates. Set `decimal.handling.mode=string` and `time.precision.mode=isostring` there.
//! * Tombstones (empty payloads) follow a delete and are ignored. Only with `source.version = "arrival"` and
//!   `source.table` are they deletes: flattening's `delete.tombstone.handling.mode=tombstone`.
//! * Heartbeats, transaction markers, logical messages and schema changes change nothing; a schema change tells the
//!   key.
//!
//! | connector | version | |
//! |---|---|---|
//! | PostgreSQL | `p.EEEE.1.<lsn>.00000001.<total order>` | 16 hexadecimal digits each |
//! | MySQL, MariaDB | `y.EEEE.1.<file>.<pos>.<0 read, 1 changed>.<row>` | |
//! | SQL Server | `s.EEEE.1.<commit_lsn>.<change_lsn>.<event_serial_no>` | as text with its length |
//! | Oracle | `o.EEEE.1.<commit_scn>.<0, 1>.<scn>.<lcr_position or rs_id>.<ssn>` | decimal numbers |
//! | MongoDB | `g.EEEE.1.<milliseconds>.<ord>.00000001.<total order>.<transport number>` | |
//! | Db2 | `b.EEEE.1.<commit_lsn>.<change_lsn>.<event_serial_no>` | |
//!
//! A row of an incremental snapshot has no position: rank 0 and the time it was read, in microseconds. So has a row of
//! any snapshot of PostgreSQL and of MongoDB. PostgreSQL's position says nothing: a change stands in the log where it
//! was made, so that of a transaction that was still open is in front of the snapshot that does not show it. With
//! MongoDB Debezium knows a resume token only (`ord` is -1), and says the time instead. The other sources count by
//! commit; where a snapshot was taken at the position of a change, the change is newer.
//!
//! A create or an update ends with `.00000001`, but with MongoDB: the two records of a changed key have one position,
//! and where the route's key is another and did not change, the delete must not win.
//!
//! MongoDB's `ts_ms` is the cluster time, whole seconds; from Debezium 3.4 on it is the server's clock when it wrote
//! the change (`wallTime`), and `ord` counts within the second of the cluster time. Oracle's changes have the
//! transport's number behind them where they have neither `rs_id` nor `lcr_position`, as with OpenLogReplicator.
//!
//! What cannot be promised: patches commute with nothing, so columns that TOAST leaves out, and MongoDB without full
//! documents, converge only when each key arrives in order. An incremental snapshot, of PostgreSQL and MongoDB any,
//! does not repair rows whose changes were missed. Two rows that swap their keys in one statement leave one. After a
//! failover to another server's log, positions start anew: raise `source.epoch`. MySQL's
//! `binlog_transaction_compression` takes the events of a transaction their own positions. A MongoDB transaction that
//! changes a document twice does so at one time: the order of arrival decides. From Debezium 3.4 on, a step back of a
//! MongoDB server's clock, as to another server's, makes changes older than they are.
//!
//! # Source
//! Debezium documentation: the connectors' "Data change events" and "Data type mappings", "New Record State
//! Extraction", "CloudEvents Converter", "Topic Routing", "Debezium Server" (Amazon Kinesis); what it does not say
//! was read in Debezium's code: the names of CloudEvents attributes, the placeholders of arrays (one element, or for
//! numbers the placeholder's bytes), Db2's log sequence numbers (32 hexadecimal digits), `commit_scn` (that of the
//! row's own redo thread; older versions list several), what stands in the rows of MongoDB's and PostgreSQL's
//! snapshots. Kafka Connect, "JsonConverter". Oracle Database Reference,
//! "V$LOGMNR_CONTENTS": `RS_ID` and `SSN` together name a change. MySQL Reference Manual, "Binary Log Transaction
//! Compression".

mod document;
mod key;
mod message;
mod position;
mod types;

use super::row::{self, Origin, Row};
use super::{Decoded, Decoder, Outline, Reason, Settings};
use crate::catalogue::{Identity, TableSchema};
use crate::error::{Error, Result};
use crate::event::{Change, ChangeEvent, Key, Patch, token};
use crate::json::{Fault, Kind, Scanner};
use crate::record::Record;
use crate::source::SourceTable;
use crate::version::{Rank, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use key::MessageKey;
use message::{Image, Message, Shape};
use position::{Order, Position};
use std::borrow::Cow;
use types::Columns;

/// Debezium's records, of any connector and in any of their JSON shapes.
#[derive(Debug, Default)]
pub struct Debezium(Settings);

impl Debezium {
    /// A decoder; `source.table` stands in for flattened records that name no table.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl Decoder for Debezium {
    fn name(&self) -> &'static str {
        "debezium"
    }

    fn about(&self) -> &'static str {
        "Debezium, of any of its connectors"
    }

    fn listens(&self) -> bool {
        true
    }

    fn recognises(&self, outline: &Outline<'_>) -> bool {
        let is_wrapped =
            || outline.member("schema").is_some() && outline.member("payload") == Some(Kind::Object);
        outline.is_empty() || is_message(outline) || (is_wrapped() && is_message(outline.inner("payload")))
    }

    fn decode(&self, record: &Record, outline: &Outline<'_>) -> Result<Decoded> {
        if record.payload.is_empty() {
            return self.tombstone(record);
        }
        let message = Message::parse(outline)?;
        match message.shape() {
            Shape::Change => self.change(record, &message),
            Shape::SchemaChange => Ok(schema_change(&message)),
            Shape::Transaction => Ok(Decoded::Ignored(Reason::Control)),
            Shape::Heartbeat => Ok(Decoded::Ignored(Reason::Heartbeat)),
            Shape::Row => self.flattened(record, &message),
        }
    }
}

fn is_message(outline: &Outline<'_>) -> bool {
    let is_text = |name: &str| outline.member(name) == Some(Kind::String);
    let has_source =
        || outline.member("source") == Some(Kind::Object) && outline.inner("source").has("connector");
    let is_transaction = || {
        matches!(outline.string("status").as_deref(), Some("BEGIN" | "END"))
            && outline.has("id")
            && (outline.has("event_count") || outline.has("data_collections"))
    };
    let is_heartbeat = || {
        outline.has("ts_ms")
            && outline.len() <= 3
            && outline.len() == ["ts_ms", "ts_us", "ts_ns"].iter().filter(|name| outline.has(name)).count()
    };
    has_source()
        || (is_text("specversion") && outline.has("iodebeziumconnector"))
        || is_transaction()
        || is_heartbeat()
        || is_text("__op")
        || is_text("__deleted")
}

fn no_change_record() -> Error {
    Error::poison("not_a_change_record", "The record is JSON, but no record of Debezium.")
}

fn partial(code: &'static str, what: &str) -> Error {
    Error::poison(
        code,
        format!(
            "The record holds {what} without a column whose value did not change, so the row cannot be known. Give the \
             table REPLICA IDENTITY FULL (PostgreSQL), or its LOB columns supplemental logging (Oracle)."
        ),
    )
}

/// What stands for a value that was not in the source's log, as text and as base64.
/// Source: Debezium documentation, `unavailable.value.placeholder`.
const UNAVAILABLE: &str = "__debezium_unavailable_value";
const UNAVAILABLE_BYTES: &str = "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==";
/// The same in hexadecimal digits, and the element of an array of UUIDs: the name-based UUID of the text.
const UNAVAILABLE_HEX: &str = "5f5f646562657a69756d5f756e617661696c61626c655f76616c7565";
const UNAVAILABLE_UUID: &str = "b68a35a7-17ad-35b3-af2a-ae46edb4545a";

fn is_unavailable_text(text: &str) -> bool {
    let is_map = || {
        let inside = text.strip_prefix("{\"").and_then(|text| text.strip_suffix("\"}"));
        inside.and_then(|inside| inside.split_once("\":\"")) == Some((UNAVAILABLE, UNAVAILABLE))
    };
    match text.as_bytes().first() {
        Some(b'_') => text == UNAVAILABLE,
        Some(b'X') => text == UNAVAILABLE_BYTES,
        Some(b'5') => text == UNAVAILABLE_HEX,
        // an hstore in the form of JSON
        Some(b'{') => is_map(),
        _ => false,
    }
}

/// Whether an array or object is a placeholder: one element (or the placeholder's bytes), or one member.
fn is_unavailable(text: &str) -> bool {
    if text.len() > 4 * UNAVAILABLE.len() {
        return text.len() < 32 * UNAVAILABLE.len() && is_unavailable_numbers(text);
    }
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let element = compact.strip_prefix("[\"").and_then(|text| text.strip_suffix("\"]"));
    element
        .is_some_and(|it| [UNAVAILABLE, UNAVAILABLE_BYTES, UNAVAILABLE_HEX, UNAVAILABLE_UUID].contains(&it))
        || is_unavailable_text(&compact)
        || is_unavailable_numbers(text)
}

/// Whether an array has one element for each of the placeholder's bytes: whole numbers, floats, decimals as base64, or
/// decimals of variable scale.
fn is_unavailable_numbers(text: &str) -> bool {
    let Some(inside) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else { return false };
    let parts = inside.split(',').map(str::trim).filter(|part| *part != r#"{"scale":0"#);
    parts.map(byte_of).eq(UNAVAILABLE.bytes().map(Some))
}

fn byte_of(part: &str) -> Option<u8> {
    let number = part.strip_prefix(r#""value":"#).and_then(|part| part.strip_suffix('}')).unwrap_or(part);
    match number.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(base64) => STANDARD.decode(base64).ok()?.as_slice().try_into().ok().map(|[byte]: [u8; 1]| byte),
        None => number.strip_suffix(".0").unwrap_or(number).parse().ok(),
    }
}

/// Appends the value of a column of the key. A decimal of variable scale is a number with and without its schema.
fn write_key(columns: &Columns<'_>, scanner: &mut Scanner<'_>, name: &str, out: &mut String) -> Result<()> {
    if scanner.peek()? == Kind::Object
        && let Some(number) = types::variable_decimal(scanner.clone().skip()?)
    {
        scanner.skip()?;
        out.push_str(&number);
        return Ok(());
    }
    columns.write(scanner, name, out)
}

/// A row as it was sent: its columns, and the names of those whose values are not there.
struct Sent<'i> {
    row: Row<'i>,
    unavailable: Vec<String>,
}

impl<'i> Sent<'i> {
    fn read(
        text: &str,
        columns: &Columns<'_>,
        identity: &'i Identity,
        leaves_out: impl Fn(&str) -> bool,
    ) -> Result<Self> {
        let mut scanner = Scanner::new(text);
        let mut sent = Self { row: Row::new(identity, scanner.bytes_left()), unavailable: Vec::new() };
        scanner.object(|scanner, name| {
            if leaves_out(&name) {
                scanner.skip()?;
                return Ok(());
            }
            match scanner.peek()? {
                Kind::String => {
                    let text = scanner.string()?;
                    if is_unavailable_text(&text) {
                        sent.unavailable.push(name.into_owned());
                        return Ok(());
                    }
                    sent.row.add(&name, |out| columns.write_text(text, &name, out))
                }
                Kind::Array | Kind::Object => {
                    let text = scanner.skip()?;
                    if is_unavailable(text) {
                        sent.unavailable.push(name.into_owned());
                    } else if sent.row.is_key(&name) {
                        sent.row.add(&name, |out| write_key(columns, &mut Scanner::new(text), &name, out))?;
                    } else {
                        sent.row.add(&name, |out| columns.write(&mut Scanner::new(text), &name, out))?;
                    }
                    Ok(())
                }
                Kind::Number | Kind::Bool | Kind::Null => {
                    sent.row.add(&name, |out| columns.write(scanner, &name, out))
                }
            }
        })?;
        Ok(sent)
    }

    fn key(&self, record: &Record, message_key: Option<&MessageKey<'_>>, rows: &Rows<'_>) -> Result<Key> {
        if *rows.identity == Identity::Position {
            return row::key_of_position(record, None);
        }
        self.row.key().or_else(|error| match message_key {
            Some(key) if matches!(error.code(), "missing_key" | "null_key") => {
                key.key(rows.identity, rows.columns)
            }
            _ => Err(error),
        })
    }

    /// The change to this row: full, or without what was not sent.
    fn change(self) -> Change {
        if self.unavailable.is_empty() {
            return Change::Put(self.row.document());
        }
        let document = self.row.document();
        let set = document.members().map(|(name, value)| (format!("/{}", token(name)), value.to_owned()));
        Change::Patch(Patch { set: set.collect(), remove: Vec::new() })
    }
}

/// How the rows of a record are read.
struct Rows<'a> {
    identity: &'a Identity,
    columns: &'a Columns<'a>,
}

/// What a change does to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Create,
    Read,
    Update,
    Delete,
}

impl Operation {
    fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "c" | "C" => Self::Create,
            "r" | "R" => Self::Read,
            "u" | "U" => Self::Update,
            "d" | "D" => Self::Delete,
            _ => {
                let message = "The record's op is none of c, r, u, d, t and m.";
                return Err(Error::poison("unknown_operation", message));
            }
        })
    }
}

impl Debezium {
    /// The version of a change; by arrival, one that is replaced.
    fn version(&self, record: &Record, position: &Position<'_>, operation: Operation) -> Result<Version> {
        if self.0.catalogue.is_by_arrival() {
            return self.arrival(record);
        }
        position.version(self.0.epoch, operation, record)
    }

    fn arrival(&self, record: &Record) -> Result<Version> {
        let version = Version::new('p', self.0.epoch, Rank::Positioned).digits(record.sequence())?;
        Ok(version.place(record.place.unwrap_or_default()))
    }

    fn table(&self, position: &Position<'_>) -> Result<String> {
        position.table().or_else(|| self.0.table.clone()).ok_or_else(|| {
            let message =
                "The record names no table. Set source.table, or in flattened records name it in add.fields.";
            Error::poison("no_table", message)
        })
    }

    /// An envelope.
    fn change(&self, record: &Record, message: &Message<'_>) -> Result<Decoded> {
        if message.position.connector.is_none() {
            return Err(no_change_record());
        }
        let op = message.op.as_deref().unwrap_or_default();
        if matches!(op, "m" | "M") {
            return Ok(Decoded::Ignored(Reason::Control));
        }
        let is_truncate = matches!(op, "t" | "T");
        let operation = if is_truncate { Operation::Delete } else { Operation::named(op)? };
        let position = &message.position;
        let (table, source) = (self.table(position)?, position.source());
        let source_table = SourceTable::new(&table, &source);
        if self.0.catalogue.leaves_out(source_table) {
            return Ok(Decoded::Ignored(Reason::Unrouted));
        }
        let version = self.version(record, position, operation)?;
        let origin = Origin { table: &table, source: &source, version, changed_at: position.changed_at() };
        if is_truncate {
            return Ok(Decoded::Events(vec![origin.event(None, Change::Truncate, None)]));
        }
        let message_key = record.partition_key.as_deref().and_then(MessageKey::parse);
        let is_document = |image| matches!(image, Image::Document(_));
        if position.connector.as_deref() == Some("mongodb")
            || is_document(message.before)
            || is_document(message.after)
        {
            let event = document::change(&origin, operation, message, message_key.as_ref())?;
            return Ok(Decoded::Events(vec![event]));
        }
        let told = message_key.as_ref().map(MessageKey::names);
        let identity = row::identity(&self.0.catalogue, source_table, told)?;
        let fields = message.row_fields();
        let columns = if fields.is_empty() { Columns::default() } else { Columns::of(fields)? };
        let rows = Rows { identity: &identity, columns: &columns };
        if operation == Operation::Delete {
            let event = delete(&origin, record, message, message_key.as_ref(), &rows)?;
            return Ok(Decoded::Events(vec![event]));
        }
        let Image::Columns(after) = message.after else {
            return Err(Error::poison("no_after", "The record of a change has no object `after`."));
        };
        let sent = Sent::read(after, &columns, &identity, |_| false)?;
        let key = sent.key(record, message_key.as_ref(), &rows)?;
        let before = match operation {
            Operation::Update => key_before(&table, message, message_key.as_ref(), &rows)?,
            Operation::Create | Operation::Read | Operation::Delete => None,
        };
        put(&origin, operation, sent, (before, key))
    }

    /// A row by itself.
    fn flattened(&self, record: &Record, message: &Message<'_>) -> Result<Decoded> {
        let added = &message.added;
        let is_row = added.any || (self.0.table.is_some() && !message.is_envelope());
        if message.text.is_empty() || !is_row {
            return Err(no_change_record());
        }
        let op = added.op.as_deref();
        if matches!(op, Some("m" | "M")) {
            return Ok(Decoded::Ignored(Reason::Control));
        }
        let (table, source) = (self.table(&message.position)?, message.position.source());
        let source_table = SourceTable::new(&table, &source);
        if self.0.catalogue.leaves_out(source_table) {
            return Ok(Decoded::Ignored(Reason::Unrouted));
        }
        let operation = match (added.deleted, op) {
            (Some(true), _) => Operation::Delete,
            (_, Some("t" | "T")) => {
                return Err(Error::poison("unknown_operation", "A flattened record has no row."));
            }
            (_, Some(op)) => Operation::named(op)?,
            (_, None) => Operation::Update,
        };
        let version = self.version(record, &message.position, operation)?;
        let changed_at = message.position.changed_at();
        let origin = Origin { table: &table, source: &source, version, changed_at };
        let message_key = record.partition_key.as_deref().and_then(MessageKey::parse);
        let told = message_key.as_ref().map(MessageKey::names);
        let identity = row::identity(&self.0.catalogue, source_table, told)?;
        let fields = message.fields();
        let columns = if fields.is_empty() { Columns::default() } else { Columns::of(fields)? };
        let rows = Rows { identity: &identity, columns: &columns };
        let sent = Sent::read(message.text, &columns, &identity, message::is_added)?;
        let has_no_name = match identity {
            Identity::Columns(_) => false,
            Identity::Position => !matches!(operation, Operation::Create | Operation::Read),
            Identity::Row => operation == Operation::Update,
        };
        if has_no_name {
            return Err(row::nameless(&table));
        }
        let key = sent.key(record, message_key.as_ref(), &rows)?;
        if operation == Operation::Delete {
            return Ok(Decoded::Events(vec![origin.event(Some(key), Change::Delete(None), None)]));
        }
        put(&origin, operation, sent, (None, key))
    }

    /// An empty payload: it follows a delete, or is one where nothing else tells it.
    fn tombstone(&self, record: &Record) -> Result<Decoded> {
        let message_key = record.partition_key.as_deref().and_then(MessageKey::parse);
        let (Some(table), Some(message_key), true) =
            (&self.0.table, message_key, self.0.catalogue.is_by_arrival())
        else {
            return Ok(Decoded::Ignored(Reason::Control));
        };
        let source_table = SourceTable::named(table);
        if self.0.catalogue.leaves_out(source_table) {
            return Ok(Decoded::Ignored(Reason::Unrouted));
        }
        let identity = row::identity(&self.0.catalogue, source_table, Some(message_key.names()))?;
        let key = message_key.key(&identity, &Columns::default())?;
        let (source, version) = (source_table.identity, self.arrival(record)?);
        let origin = Origin { table, source, version, changed_at: None };
        Ok(Decoded::Events(vec![origin.event(Some(key), Change::Delete(None), None)]))
    }
}

/// The change to a row, and the delete of the one with its key before.
fn put(
    origin: &Origin<'_>,
    operation: Operation,
    sent: Sent<'_>,
    (before, key): (Option<Key>, Key),
) -> Result<Decoded> {
    // an insert lacks nothing: this is the second half of a changed key
    let changes_key = operation != Operation::Update || before.as_ref().is_some_and(|before| *before != key);
    if !sent.unavailable.is_empty() && changes_key {
        return Err(partial("partial_key_change", "the row under its new key"));
    }
    let mut events = Vec::with_capacity(1);
    origin.changed(&mut events, (before, key), sent.change(), 0);
    Ok(Decoded::Events(events))
}

fn no_before(table: &str) -> Error {
    Error::poison(
        "no_before_image",
        format!(
            "The record does not hold the whole row before the change, which alone names a row of {table}. Give the \
             table REPLICA IDENTITY FULL (PostgreSQL), or set `key` in its route."
        ),
    )
}

/// The key that an updated row had, where the record may say another one than now.
fn key_before(
    table: &str,
    message: &Message<'_>,
    message_key: Option<&MessageKey<'_>>,
    rows: &Rows<'_>,
) -> Result<Option<Key>> {
    match (rows.identity, message.before) {
        (Identity::Position, _) => Err(row::nameless(table)),
        (Identity::Row, Image::Columns(before)) => {
            let before = Sent::read(before, rows.columns, rows.identity, |_| false)?;
            if before.unavailable.is_empty() { before.row.key().map(Some) } else { Err(no_before(table)) }
        }
        (Identity::Row, _) => Err(no_before(table)),
        // of its own key's change Debezium makes two records; what `before` has of it may be made up
        (Identity::Columns(names), Image::Columns(before))
            if message_key.is_none_or(|key| !key.is_of(names)) =>
        {
            let is_other = |name: &str| !names.iter().any(|column| column == name);
            Ok(Sent::read(before, rows.columns, rows.identity, is_other)?.row.key().ok())
        }
        (Identity::Columns(_), _) => Ok(None),
    }
}

fn delete(
    origin: &Origin<'_>,
    record: &Record,
    message: &Message<'_>,
    message_key: Option<&MessageKey<'_>>,
    rows: &Rows<'_>,
) -> Result<ChangeEvent> {
    let before = match (rows.identity, message.before) {
        (Identity::Position, _) => return Err(row::nameless(origin.table)),
        (_, Image::Columns(before)) => Some(Sent::read(before, rows.columns, rows.identity, |_| false)?),
        (Identity::Row, _) => return Err(no_before(origin.table)),
        (Identity::Columns(_), _) => None,
    };
    let Some(before) = before else {
        let no_key =
            || Error::poison("no_key", "The record of a delete has neither `before` nor a message key.");
        let key = message_key.ok_or_else(no_key)?.key(rows.identity, rows.columns)?;
        return Ok(origin.event(Some(key), Change::Delete(None), None));
    };
    if *rows.identity == Identity::Row && !before.unavailable.is_empty() {
        return Err(no_before(origin.table));
    }
    let key = before.key(record, message_key, rows)?;
    // without REPLICA IDENTITY FULL, PostgreSQL's is the key only, filled up with nulls and defaults
    let is_whole = !matches!(message.position.order(), Ok(Order::Wal) | Err(_));
    let document = (is_whole && before.unavailable.is_empty() && before.row.has_document())
        .then(|| before.row.document());
    Ok(origin.event(Some(key), Change::Delete(document), None))
}

/// What a record about a table's definition tells of one table's key.
fn schema_change(message: &Message<'_>) -> Decoded {
    let told = message.table_changes.and_then(|changes| {
        let mut tables = Vec::new();
        let read = Scanner::new(changes).array(|scanner| {
            tables.push(table_change(scanner)?);
            Ok::<_, Fault>(())
        });
        read.ok()?;
        match tables.pop().filter(|_| tables.is_empty())? {
            (Some(table), Some(key), columns) => Some((table, key, columns)),
            _ => None,
        }
    });
    match (told, message.position.changed_at()) {
        (Some((table, key, columns)), Some(time)) => {
            let source = message.position.source();
            let said_at = format!("{:020}", time.0);
            Decoded::Schema(TableSchema { table, source, key, columns, said_at })
        }
        _ => Decoded::Ignored(Reason::Control),
    }
}

type TableChange = (Option<String>, Option<Vec<String>>, Vec<(String, String)>);

fn table_change(scanner: &mut Scanner<'_>) -> Result<TableChange, Fault> {
    let (mut table, mut key, mut columns) = (None, None, Vec::new());
    if scanner.peek()? != Kind::Object {
        scanner.skip()?;
        return Ok((table, key, columns));
    }
    scanner.object(|scanner, name| {
        match (name.as_ref(), scanner.peek()?) {
            ("id", Kind::String) => table = qualified(&scanner.string()?),
            ("table", Kind::Object) => scanner.object(|scanner, name| {
                match (name.as_ref(), scanner.peek()?) {
                    ("primaryKeyColumnNames", Kind::Array) => key = row::strings(scanner.skip()?),
                    ("columns", Kind::Array) => scanner.array(|scanner| {
                        columns.extend(column(scanner)?);
                        Ok::<_, Fault>(())
                    })?,
                    _ => drop(scanner.skip()?.len()),
                }
                Ok::<_, Fault>(())
            })?,
            _ => drop(scanner.skip()?.len()),
        }
        Ok::<_, Fault>(())
    })?;
    Ok((table, key, columns))
}

/// Name and type of a column.
fn column(scanner: &mut Scanner<'_>) -> Result<Option<(String, String)>, Fault> {
    let (mut column, mut of) = (None, None);
    if scanner.peek()? != Kind::Object {
        return scanner.skip().map(|_| None);
    }
    scanner.object(|scanner, name| {
        match name.as_ref() {
            "name" => column = scanner.text()?.map(Cow::into_owned),
            "typeName" => of = scanner.text()?.map(Cow::into_owned),
            _ => drop(scanner.skip()?.len()),
        }
        Ok::<_, Fault>(())
    })?;
    Ok(column.zip(of))
}

/// `"db"."schema"."table"` as events name the table: the last two parts; `None` when there is no name.
fn qualified(id: &str) -> Option<String> {
    let inside = id.strip_prefix('"').and_then(|id| id.strip_suffix('"'));
    let parts: Vec<&str> = match inside {
        Some(inside) => inside.split("\".\"").collect(),
        None => id.split('.').collect(),
    };
    let named = parts.iter().all(|part| !part.is_empty());
    named.then(|| parts.get(parts.len().saturating_sub(2)..).unwrap_or_default().join("."))
}

#[cfg(test)]
mod tests;
