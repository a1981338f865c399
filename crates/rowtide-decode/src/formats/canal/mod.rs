//! Canal-JSON: changes of MySQL and MariaDB as Canal's flat messages, which other tools write too.
//!
//! * Table: `database.table`.
//! * Key: the route's `key`, else `pkNames`; its values from `data`. A column of the key in `old` is a changed key: a
//!   delete of the old and a put of the new one.
//! * Image: full, when the server's `binlog_row_image` is FULL; Canal does not say so when it is not.
//! * Version: `c.EEEE.1.<es>.<lll><digits>.<place>`: the time of the change in milliseconds with 16 hexadecimal digits,
//!   the transport's number (and the place in an aggregate), the place in `data` with 8 digits. Canal names no place in
//!   the binlog, and the server's clock in it counts seconds.
//! * Values: all are sent as text. By `mysqlType`, else by `sqlType`: numbers become numbers with the digits they have,
//!   `json` becomes a document, binary types become base64 (Canal writes each byte as one character), an `enum` and a
//!   `set` that came as a number become their labels. Anything else stays text, as dates and times do. Where an empty
//!   text can be no value of the type it is null, which Canal before 1.1.2, and others after it, write so.
//! * A message of several rows is as many parts: a row that cannot be read spoils no other.
//! * A dropped table (`ERASE`) is a truncate of it, as a truncated one is.
//!
//! What cannot be promised: changes of one row within one second are in the order of arrival. Deliver each key in
//! order: one partition a key (`canal.mq.partitionHash`), a producer that does not reorder, and no replay of old
//! records beside the stream. Changes of different seconds may come in any order, unless the time steps back: as the
//! server's clock may, and as MySQL's does for a statement that waited for the lock of a later one. There
//! `source.version = "arrival"` is right, if each key arrives in order.
//!
//! # Source
//! Canal, `FlatMessage` and `MQMessageUtils` (what is sent), `LogEventConvert` and `RowsLogBuffer` (how values are
//! written; `es` is the binlog's second; of a statement about several tables the first is named; what a statement about
//! a database is called), its issues 1026, 1028 and 4293 (null as an empty text); MySQL, `log_event.h` (an event's time
//! is when its statement began); TiCDC, "Canal-JSON Protocol"; Java SE, `java.sql.Types`.

mod message;
mod value;

use crate::catalogue::{Catalogue, Identity};
use crate::decode::change::{self, Before, Operation, RowChange, Table};
use crate::decode::row::{self, Row};
use crate::decode::{Decoded, Decoder, Decoding, LazyObject, Reason, Settings};
use crate::error::{Code, Error, Result};
use crate::event::Timestamp;
use crate::json::{Kind, Scanner};
use crate::record::Record;
use crate::source::{Member, SourceIdentity};
use crate::values::copy::copy;
use crate::version::Version;
use message::{Message, bad_rows, objects};
use std::borrow::Cow;
use std::collections::HashMap;
use value::Form;

/// Canal's flat messages.
#[derive(Debug, Default)]
pub struct Canal(Settings);

impl Canal {
    /// A decoder.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl Decoder for Canal {
    fn name(&self) -> &'static str {
        "canal"
    }

    fn about(&self) -> &'static str {
        "Canal-JSON, from MySQL"
    }

    fn types_keys(&self) -> bool {
        true
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        object.has("isDdl") && object.has("database") && {
            object.string("type").is_some_and(|name| is_word(&name))
        }
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, record, catalogue };
        decoding.decoded(object).map_err(|error| {
            let mut message = Message::default();
            row::readable_members(object, |name, value| message.member(name, value));
            match decoding.table(&message) {
                Some(table) => table.about(error, None),
                None => error,
            }
        })
    }
}

impl<'d> Decoding<'d, Canal> {
    fn decoded(&self, object: &LazyObject<'_>) -> Result<Decoded> {
        let mut message = Message::default();
        row::members(object, |name, value| message.member(name, value))?;
        let Some(kind) = row::string(message.kind).filter(|name| is_word(name)) else {
            return Err(no_change_record());
        };
        let (Some(_), Some(is_ddl)) = (row::string(message.database), message.is_ddl) else {
            return Err(no_change_record());
        };
        match kind.as_ref() {
            "INSERT" | "UPDATE" | "DELETE" if is_ddl != "true" => {}
            "TRUNCATE" => {}
            "ERASE" if is_ddl == "true" && message.drops_a_table() => {}
            // a sign of life of TiCDC
            "TIDB_WATERMARK" | "MHEARTBEAT" => return Ok(Decoded::Ignored(Reason::Heartbeat)),
            _ if is_ddl == "true" || OTHERS.contains(&kind.as_ref()) => {
                return Ok(Decoded::Ignored(Reason::Control));
            }
            _ => {
                return Err(Error::poison(
                    Code::UnknownOperation,
                    "The record's type is none that Canal writes.",
                ));
            }
        }
        let table = self.table(&message).ok_or_else(no_change_record)?;
        if matches!(kind.as_ref(), "TRUNCATE" | "ERASE") {
            return table.truncated(message.changed_at(), || Ok(message.version(&table)?.index(0)));
        }
        if table.is_left_out() {
            return Ok(table.unrouted());
        }
        let rows = Rows::of(&table, &message, &kind)?;
        let part = |place: usize| {
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            change::part(&CanalRow { rows: &rows, place })
        };
        match rows.data.len() {
            1 => part(0),
            count if count > self.decoder.0.bounds.parts() => Err(row::too_large()),
            count => Ok(Decoded::Parts((0..count).map(part).collect())),
        }
    }

    fn table(&self, message: &Message<'_>) -> Option<Table<'d>> {
        let (database, table) = (row::string(message.database)?, row::string(message.table)?);
        let source = SourceIdentity::of_stream_with(&self.record.source, [(Member::Db, Some(&database))]);
        Some(Table::new(self, &self.decoder.0, format!("{database}.{table}"), source))
    }
}

/// What the entries are called that Canal's flat messages may stand for without being changes of rows or of tables.
const OTHERS: [&str; 4] = ["QUERY", "GTID", "XACOMMIT", "XAROLLBACK"];

/// Whether a type is written as Canal writes it; others write theirs in lower case.
fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn no_change_record() -> Error {
    Error::poison(Code::NotAChangeRecord, "The record is JSON, but no message of Canal.")
}

/// The rows of a message.
struct Rows<'a> {
    table: &'a Table<'a>,
    operation: Operation,
    changed_at: Option<Timestamp>,
    version: Version,
    identity: Identity,
    forms: HashMap<String, Form>,
    /// The rows as they are now, or were before they were deleted.
    data: Vec<Option<&'a str>>,
    /// Of updated rows, what they were before.
    old: Vec<Option<&'a str>>,
}

impl<'a> Rows<'a> {
    fn of(table: &'a Table<'_>, message: &Message<'a>, kind: &str) -> Result<Self> {
        let operation = match kind {
            "INSERT" => Operation::Insert,
            "UPDATE" => Operation::Update,
            _ => Operation::Delete,
        };
        let (version, changed_at) = (table.version(|| message.version(table))?, message.changed_at());
        let identity = table.identity(message.key_columns()?)?;
        let data = objects(message.data, "data")?;
        if data.is_empty() {
            return Err(Error::poison(Code::NoImage, "The record of changed rows has no data."));
        }
        let old = objects(message.old.filter(|_| operation == Operation::Update), "old")?;
        let forms = message.forms();
        let rows = Self { table, operation, changed_at, version, identity, forms, data, old };
        if rows.old.len() != rows.data.len() {
            // some versions of Canal leave out rows of `old`: nobody knows then whose they are
            for old in &rows.old {
                let mut row = Row::of_key(&rows.identity);
                rows.read(*old, "old", &mut row)?;
                if row.has_key() {
                    let text = "The record's old has not as many rows as its data, and a key changed.";
                    return Err(Error::poison(Code::BadField, text));
                }
            }
        }
        Ok(rows)
    }

    /// Reads a row of the list `name`.
    fn read(&self, object: Option<&str>, name: &str, row: &mut Row<'_>) -> Result<()> {
        let mut scanner = Scanner::new(object.ok_or_else(|| bad_rows(name))?);
        row.add_object(&mut scanner, |scanner, name, out| {
            if scanner.peek()? != Kind::String {
                return copy(scanner, out);
            }
            let text = scanner.string()?;
            self.forms.get(name).unwrap_or(&Form::Text).write(&text, out).ok_or_else(|| {
                Error::poison(Code::BadValue, format!("The value of {name} is none of the column's type."))
            })
        })
    }

    fn at(rows: &[Option<&'a str>], place: u32) -> Option<Option<&'a str>> {
        rows.get(usize::try_from(place).ok()?).copied()
    }
}

/// One of the rows of a message.
struct CanalRow<'a> {
    rows: &'a Rows<'a>,
    place: u32,
}

impl RowChange for CanalRow<'_> {
    fn table(&self) -> &Table<'_> {
        self.rows.table
    }

    fn operation(&self) -> Result<Operation> {
        Ok(self.rows.operation)
    }

    fn version(&self) -> Result<Version> {
        Ok(self.rows.version.clone().index(self.place))
    }

    fn changed_at(&self) -> Option<Timestamp> {
        self.rows.changed_at
    }

    fn row_index(&self) -> Option<u32> {
        Some(self.place)
    }

    fn identity(&self) -> Result<Cow<'_, Identity>> {
        Ok(Cow::Borrowed(&self.rows.identity))
    }

    fn read(&self, row: &mut Row<'_>) -> Result<()> {
        self.rows.read(Rows::at(&self.rows.data, self.place).flatten(), "data", row)
    }

    /// `old` has the columns that changed.
    fn before<'i>(&self, row: &mut Row<'i>) -> Result<Before<'i>> {
        let mut old = row.before();
        if let Some(object) = Rows::at(&self.rows.old, self.place) {
            self.rows.read(object, "old", &mut old)?;
        }
        Ok(Before::Columns(old))
    }
}

#[cfg(test)]
mod tests;
