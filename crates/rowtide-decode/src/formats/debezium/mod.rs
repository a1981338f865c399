//! Debezium's change records: with and without the schema, as CloudEvents, and flattened.
//!
//! * Table: `schema.table` (PostgreSQL, SQL Server, Oracle, Db2), `db.table` (MySQL, MariaDB, TiCDC), `db.collection`
//!   (MongoDB); of others what stands in front is the schema, else the keyspace, else the database. A flattened
//!   record's comes from `__schema`, `__db`, `__table`, else it is `source.table`.
//! * Key: the route's `key`, else the columns that the message key names (Kinesis carries it as the partition key,
//!   with or without its schema), else what a schema change told. Values come from the row and, where it lacks them
//!   (a delete without `before`), from the message key. MongoDB: always `_id`. What the message key names must be in
//!   the row, or it is taken out of a wrapper; one value names nothing.
//! * A flattened row: once `__op` or `__deleted` is there, no other member is the format's, whatever it is called.
//! * Image: full. A column with the placeholder of an unchanged TOAST or LOB value makes the update a `Patch` without
//!   it; a MongoDB update without `after` is a `Patch` of `updateDescription`.
//! * A changed key arrives as two records, delete and create. Only when the route's key is not the message's is it
//!   told from `before`: then delete and put are one change.
//! * Values: with the schema they are made plain; without it they stay as they are written, such as base64
//!   for decimals and counts for dates. Set `decimal.handling.mode=string` and `time.precision.mode=isostring` there.
//! * Tombstones (empty payloads) follow a delete and are ignored. Only with `source.version = "arrival"` and
//!   `source.table` are they deletes: flattening's `delete.tombstone.handling.mode=tombstone`.
//! * Heartbeats, transaction markers, logical messages, notifications, signals and schema changes change nothing. A
//!   schema change tells key and columns; a drop is a truncate at its position, unless a snapshot or a temporary table
//!   made it.
//!
//! | connector | version | |
//! |---|---|---|
//! | PostgreSQL | `p.EEEE.1.<lsn>.00000001.<total order>` | 16 hexadecimal digits each |
//! | MySQL, MariaDB | `y.EEEE.1.<file>.<pos>.<0 read, 1 changed>.<row>` | |
//! | SQL Server | `s.EEEE.1.<commit_lsn>.<change_lsn>.<event_serial_no>` | as text with its length |
//! | Oracle | `o.EEEE.1.<commit_scn>.<0, 1>.<scn>.<lcr_position or rs_id>.<ssn>` | decimal numbers |
//! | MongoDB | `g.EEEE.1.<milliseconds>.<ord>.00000001.<total order>.<transport number>` | |
//! | Db2 | `b.EEEE.1.<commit_lsn>.<change_lsn>.<event_serial_no>` | |
//! | TiCDC | `t.EEEE.1.<commit_ts>` | |
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
//! snapshots, what a drop and the start of a snapshot say, null for an unchanged bytea in the modes base64 and
//! base64-url-safe. TiDB documentation, "TiCDC Debezium Protocol": `commit_ts` is the transaction's time at TiDB's
//! clock, which grows with each change of a row. Kafka Connect, "JsonConverter"; Apicurio Registry, "ExtJsonConverter".
//! Oracle Database Reference, "V$LOGMNR_CONTENTS": `RS_ID` and `SSN` together name a change. MySQL Reference Manual,
//! "Binary Log Transaction Compression".

mod decimals;
mod definition;
mod document;
mod key;
mod message;
mod operation;
mod position;
mod rows;
mod unavailable;
mod value;

use crate::catalogue::Catalogue;
use crate::decode::change::{self, Table};
use crate::decode::{Decoded, Decoder, Decoding, LazyObject, Reason, Settings};
use crate::error::{Code, Error, Result};
use crate::event::{Change, Key};
use crate::json::Kind;
use crate::record::Record;
use crate::source::SourceIdentity;
use key::MessageKey;
use message::{Message, Shape};
use operation::Op;
use position::{Order, Position};
use rows::DebeziumRow;
use value::{ColumnTypes, cells};

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

    fn types_keys(&self) -> bool {
        true
    }

    fn uses_schemas(&self) -> bool {
        true
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        let is_wrapped = || {
            object.member("payload") == Some(Kind::Object)
                && ["schema", "schemaId", "contentId", "globalId"].iter().any(|name| object.has(name))
        };
        object.is_empty() || is_message(object) || (is_wrapped() && is_message(object.inner("payload")))
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, record, catalogue };
        if record.payload.is_empty() {
            return decoding.tombstone();
        }
        let message = Message::parse(object)?;
        match message.shape() {
            Shape::Change => decoding.change(&message),
            Shape::SchemaChange => Ok(definition::schema_change(&message, |name| {
                Table::new(&decoding, &self.0, name, message.position.source())
            })),
            Shape::Control => Ok(Decoded::Ignored(Reason::Control)),
            Shape::Heartbeat => Ok(Decoded::Ignored(Reason::Heartbeat)),
            Shape::Row => decoding.flattened(&message),
        }
    }
}

fn is_message(object: &LazyObject<'_>) -> bool {
    let is_text = |name: &str| object.member(name) == Some(Kind::String);
    let has_source =
        || object.member("source") == Some(Kind::Object) && object.inner("source").has("connector");
    let is_marked =
        || is_text("__op") || matches!(object.member("__deleted"), Some(Kind::String | Kind::Bool));
    has_source()
        || (is_text("specversion") && object.has("iodebeziumconnector"))
        || is_control(object)
        || is_marked()
}

/// Whether it says something of the connector: a heartbeat, a transaction, a notification or a signal.
fn is_control(object: &LazyObject<'_>) -> bool {
    const TIMES: [&str; 3] = ["ts_ms", "ts_us", "ts_ns"];
    let is_text = |name: &str| object.member(name) == Some(Kind::String);
    let are = |names: &[&str]| object.len() == names.iter().filter(|name| object.has(name)).count();
    let is_transaction = || {
        matches!(object.string("status").as_deref(), Some("BEGIN" | "END"))
            && object.has("id")
            && (object.has("event_count") || object.has("data_collections"))
    };
    let is_heartbeat = || object.has("ts_ms") && object.len() <= TIMES.len() && are(&TIMES);
    let is_notification = || {
        is_text("aggregate_type")
            && is_text("type")
            && object.has("id")
            && are(&["id", "aggregate_type", "type", "additional_data", "timestamp"])
    };
    let is_signal = || {
        object.has("data")
            && object.string("type").is_some_and(|kind| message::SIGNALS.contains(&kind.as_ref()))
            && are(&["id", "type", "data"])
    };
    is_transaction() || is_heartbeat() || is_notification() || is_signal()
}

/// What was decoded, with what the columns leave open.
fn with_caveat(mut decoded: Decoded, columns: &ColumnTypes<'_>) -> Decoded {
    if let (Decoded::Events(events), Some(caveat)) = (&mut decoded, columns.caveat()) {
        events.iter_mut().for_each(|event| event.caveat = Some(caveat.clone()));
    }
    decoded
}

fn no_change_record() -> Error {
    Error::poison(Code::NotAChangeRecord, "The record is JSON, but no record of Debezium.")
}

impl Decoding<'_, Debezium> {
    /// Decodes what a record says of its table. An error says whose row it concerns.
    fn of_table(
        &self,
        message: &Message<'_>,
        decode: impl FnOnce(&Table<'_>) -> Result<Decoded>,
    ) -> Result<Decoded> {
        let position = &message.position;
        let name = position.table().or_else(|| self.decoder.0.table.clone()).ok_or_else(|| {
            let message =
                "The record names no table. Set source.table, or in flattened records name it in add.fields.";
            Error::poison(Code::NoTable, message)
        })?;
        let table = Table::new(self, &self.decoder.0, name, position.source());
        if table.is_left_out() {
            return Ok(table.unrouted());
        }
        let is_of_cells = position.connector.as_deref() == Some("cassandra");
        let decoded = if is_of_cells { Err(cells()) } else { decode(&table) };
        decoded.map_err(|error| table.about(error, self.readable_key(message, &table).as_ref()))
    }

    /// An envelope.
    fn change(&self, message: &Message<'_>) -> Result<Decoded> {
        if message.position.connector.is_none() {
            return Err(no_change_record());
        }
        let op = message.op.as_deref().unwrap_or_default();
        if matches!(op, "m" | "M") {
            return Ok(Decoded::Ignored(Reason::Control));
        }
        self.of_table(message, |table| {
            let changed_at = message.position.changed_at();
            let version = |operation| message.position.version(table.epoch, operation, table.record);
            if matches!(op, "t" | "T") {
                return table.truncated(changed_at, || version(Op::Delete));
            }
            let operation = Op::named(op)?;
            if !message.is_of_document() {
                return self.row(message, table, operation);
            }
            let version = table.version(|| version(operation))?;
            let message_key = self.record.partition_key.as_deref().and_then(MessageKey::parse);
            let (key, change) = document::change(operation, message, message_key.as_ref())?;
            Ok(Decoded::Events(vec![table.event(Some(key), change, version, changed_at)]))
        })
    }

    /// A row by itself.
    fn flattened(&self, message: &Message<'_>) -> Result<Decoded> {
        let added = &message.added;
        let is_row = added.any || (self.decoder.0.table.is_some() && !message.is_envelope());
        if message.text.is_empty() || !is_row {
            return Err(no_change_record());
        }
        if matches!(added.op.as_deref(), Some("m" | "M")) {
            return Ok(Decoded::Ignored(Reason::Control));
        }
        self.of_table(message, |table| {
            let operation = match (added.deleted, added.op.as_deref()) {
                (Some(true), _) => Op::Delete,
                (_, Some("t" | "T")) => {
                    return Err(Error::poison(Code::UnknownOperation, "A flattened record has no row."));
                }
                (_, Some(op)) => Op::named(op)?,
                (_, None) => Op::Update,
            };
            self.row(message, table, operation)
        })
    }

    fn row(&self, message: &Message<'_>, table: &Table<'_>, operation: Op) -> Result<Decoded> {
        let columns = self.columns(message, table)?;
        let events = with_key(self.record, message.is_row_of_document(), |message_key| {
            change::events(&DebeziumRow::new(table, message, (operation, &columns), message_key))
        })?;
        Ok(with_caveat(Decoded::Events(events), &columns))
    }

    /// An empty payload: it follows a delete, or is one where nothing else tells it.
    fn tombstone(&self) -> Result<Decoded> {
        let is_key =
            self.record.partition_key.as_deref().is_some_and(|text| MessageKey::parse(text).is_some());
        let (Some(table), true, true) = (&self.decoder.0.table, is_key, self.catalogue.is_by_arrival())
        else {
            return Ok(Decoded::Ignored(Reason::Control));
        };
        let table = Table::new(self, &self.decoder.0, table.as_str(), SourceIdentity::default());
        if table.is_left_out() {
            return Ok(table.unrouted());
        }
        let no_key = || Error::poison(Code::NoKey, "The tombstone has no message key.");
        let version = table.version(|| Err(no_key()))?;
        let columns = ColumnTypes::default().with_unsigned(self.catalogue.schema(table.of_source()));
        with_key(self.record, false, |message_key| {
            // an object of Extended JSON is no column's value
            let of_document = message_key.filter(|key| key.is_surely_of_document());
            let message_key = of_document.and_then(MessageKey::of_document).or_else(|| message_key.cloned());
            let identity = rows::identity(&table, message_key.as_ref(), &Position::default())?;
            message_key.ok_or_else(no_key)?.key(table.name(), &identity, &columns)
        })
        .map(|key| Decoded::Events(vec![table.event(Some(key), Change::Delete(None), version, None)]))
        .map_err(|error| table.about(error, None))
    }

    /// The columns whose values must be changed, by the record's schema and by what the source said of the table.
    fn columns<'a>(&self, message: &Message<'a>, table: &Table<'_>) -> Result<ColumnTypes<'a>> {
        let columns = ColumnTypes::of(message.row_fields())?;
        Ok(match message.position.order() {
            Ok(Order::Binlog) => columns.with_unsigned(self.catalogue.schema(table.of_source())),
            _ => columns,
        })
    }

    /// The key of a record whose other values may be bad; `None` when it takes all columns.
    fn readable_key(&self, message: &Message<'_>, table: &Table<'_>) -> Option<Key> {
        if message.shape() == Shape::Change && message.is_of_document() {
            let message_key = self.record.partition_key.as_deref().and_then(MessageKey::parse);
            return document::key(message, message_key.as_ref()).ok();
        }
        let columns = self.columns(message, table).ok()?;
        let key = with_key(self.record, message.position.is_of_document(), |message_key| {
            DebeziumRow::new(table, message, (Op::Update, &columns), message_key).shown_key()
        });
        key.ok().flatten()
    }
}

/// Decodes a record by its message key, read as the row bears out: a key whose columns the row has not is tried in the
/// other ways in which it can be meant, and at last left out.
fn with_key<T>(
    record: &Record,
    is_of_document: bool,
    mut decode: impl FnMut(Option<&MessageKey<'_>>) -> Result<T>,
) -> Result<T> {
    let key = record.partition_key.as_deref().and_then(MessageKey::parse);
    let key = if is_of_document { key.as_ref().and_then(MessageKey::of_document).or(key) } else { key };
    let is_refused = |error: &Error| matches!(error.code(), Code::BadMessageKey | Code::MissingKey);
    let refused = match (decode(key.as_ref()), &key) {
        (Err(error), Some(_)) if is_refused(&error) => error,
        (done, _) => return done,
    };
    for other in key.iter().flat_map(MessageKey::otherwise) {
        match decode(Some(&other)) {
            Err(error) if is_refused(&error) || error.code() == Code::UnknownKey => {}
            done => return done,
        }
    }
    decode(None).map_err(|_| refused)
}

#[cfg(test)]
mod tests;
