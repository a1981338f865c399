//! Maxwell's change records of MySQL and MariaDB.
//!
//! * Table: `database.table`.
//! * Key: the route's `key`, else `primary_key_columns`, else what a `table-create` or `table-alter` record said; its
//!   values from `data`. A column of the key in `old` is a changed key: a delete of the old and a put of the new one.
//! * Image: full; a column that is missing is null (`output_nulls=false`). With the server's
//!   `binlog_row_image=MINIMAL` Maxwell sends a part of the row and does not say so: set it to FULL.
//! * Version: `x.EEEE.1.<file>.<offset>.<row>` with 16 hexadecimal digits each. File and offset are `position`; rows of
//!   one binlog event share it, so the row is `xoffset`, or all ones with `commit`, which the last row of a transaction
//!   has instead. Without `output_xoffset` a row that is not the last has 0 and the transport's number behind it (and
//!   its place in an aggregate): `x.EEEE.1.<file>.<offset>.0000000000000000.<lll><digits>`.
//!   `bootstrap-insert` has no position: `x.EEEE.0.<seconds>`, older than every change.
//! * A dropped table (`table-drop`) is a truncate of it, at its position. Without one it removes what was loaded before
//!   it and did not change since. A `database-drop` does not name its tables, and is ignored.
//!
//! What cannot be promised: without `output_xoffset`, several changes of one row by one statement are in the order of
//! arrival. After a failover or `RESET MASTER` positions start anew: raise `source.epoch`. A transaction of more than
//! 4 GiB wraps the offsets that the server writes. Maxwell does not tell a TRUNCATE, and by default goes on when a
//! record cannot be produced (`ignore_producer_error`): then it is lost.
//!
//! # Source
//! Maxwell's Daemon, "Data Format", "Bootstrapping", "Configuration Reference", "Compatibility" and "Encryption"; that
//! `position` is where the binlog event starts, that `xoffset` counts the rows of a transaction and is left out where
//! `commit` is written, that `TRUNCATE` is not told, nor a drop of a temporary table, and what is told of a drop: its
//! `RowMap`, `BinlogConnectorEvent`, `SchemaChange` and `DDLMap`. MySQL Reference Manual, "Binary Logging Options and
//! Variables".

mod message;

use crate::catalogue::{Catalogue, Identity};
use crate::decode::change::{self, Before, Operation, RowChange, Table};
use crate::decode::row::{self, Row, RowColumns};
use crate::decode::{Decoded, Decoder, Decoding, LazyObject, Reason, Settings};
use crate::error::{Code, Error, Result};
use crate::event::Timestamp;
use crate::json::{Kind, Scanner};
use crate::record::Record;
use crate::values::copy::copy;
use crate::version::{Rank, Version};
use message::{Message, bad_field, source_of};
use std::borrow::Cow;
use std::cell::Cell;

/// Maxwell's records.
#[derive(Debug, Default)]
pub struct Maxwell(Settings);

impl Maxwell {
    /// A decoder.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

const ROWS: [&str; 4] = ["insert", "update", "delete", "bootstrap-insert"];
const CONTROLS: [&str; 8] = [
    "bootstrap-start",
    "bootstrap-complete",
    "table-create",
    "table-alter",
    "table-drop",
    "database-create",
    "database-alter",
    "database-drop",
];

impl Decoder for Maxwell {
    fn name(&self) -> &'static str {
        "maxwell"
    }

    fn about(&self) -> &'static str {
        "Maxwell, from MySQL"
    }

    fn types_keys(&self) -> bool {
        true
    }

    fn uses_schemas(&self) -> bool {
        true
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        let is_type = || {
            object
                .string("type")
                .is_some_and(|name| ROWS.contains(&name.as_ref()) || CONTROLS.contains(&name.as_ref()))
        };
        (object.member("database") == Some(Kind::String) && is_type()) || is_encrypted(object)
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, record, catalogue };
        decoding.decoded(object).map_err(|error| decoding.about(object, error))
    }
}

impl<'d> Decoding<'d, Maxwell> {
    fn decoded(&self, object: &LazyObject<'_>) -> Result<Decoded> {
        let (message, ahead) = self.parse(object)?;
        if message.encrypted.is_some() && message.data.is_none() {
            return Err(Error::poison(
                Code::Encrypted,
                "Maxwell has encrypted the record. Set `encrypt=none` in its configuration; the stream itself can be \
                 encrypted at rest.",
            ));
        }
        let (Some(_), Some(kind)) = (row::string(message.database), row::string(message.kind)) else {
            return Err(no_change_record());
        };
        if kind == "table-drop" {
            return self.dropped(&message);
        }
        if CONTROLS.contains(&kind.as_ref()) {
            return Ok(message
                .schema(self.record)
                .map_or(Decoded::Ignored(Reason::Control), Decoded::Schema));
        }
        if !ROWS.contains(&kind.as_ref()) {
            let text = "The record's type is none that Maxwell writes.";
            return Err(Error::poison(Code::UnknownOperation, text));
        }
        let (table, ahead) = match ahead {
            Some((table, ahead)) => (table, Some(ahead)),
            None => (self.table(&message).ok_or_else(no_change_record)?, None),
        };
        change::decoded(&MaxwellRow::new(&table, &message, &kind, ahead))
    }

    /// Says of an error whose row it concerns, as far as that can be read.
    fn about(&self, object: &LazyObject<'_>, error: Error) -> Error {
        let mut message = Message::default();
        row::readable_members(object, |name, value| message.member(name, value));
        let Some(table) = self.table(&message) else { return error };
        table.about(error, MaxwellRow::new(&table, &message, "", None).readable_key().as_ref())
    }

    fn table(&self, message: &Message<'_>) -> Option<Table<'d>> {
        let (database, table) = (row::string(message.database)?, row::string(message.table)?);
        let name = [&database, ".", &table].concat();
        Some(Table::new(self, &self.decoder.0, name, source_of(self.record, &database)))
    }

    /// A table that is gone: what it had up to there is gone with it.
    fn dropped(&self, message: &Message<'_>) -> Result<Decoded> {
        let Some(table) = self.table(message) else { return Ok(Decoded::Ignored(Reason::Control)) };
        let changed_at = message.changed_at();
        let seconds = changed_at.and_then(|at| u64::try_from(at.0 / 1_000_000).ok());
        let is_placed = seconds.is_some() || row::present(message.position).is_some();
        if !(is_placed || !self.catalogue.needs_position() || table.is_left_out()) {
            return Ok(Decoded::Ignored(Reason::Control));
        }
        table.truncated(changed_at, || match (row::present(message.position), seconds) {
            (None, Some(seconds)) => Ok(Version::new('x', table.epoch, Rank::Loaded).number(seconds)),
            _ => {
                let (file, offset) = message.file_and_offset()?;
                let version = Version::new('x', table.epoch, Rank::Positioned);
                Ok(version.number(file).number(offset).number(0))
            }
        })
    }

    /// Reads the record; `data` as a row of its table at once when what came before it says what makes a row, as it
    /// usually does.
    fn parse<'a>(&self, object: &LazyObject<'a>) -> Result<(Message<'a>, Option<(Table<'d>, Ahead)>)> {
        let mut message = Message::default();
        let mut ahead = None;
        row::each_member(object, |scanner, name| {
            if name == "data" && ahead.is_none() {
                let mut reader = scanner.clone();
                if let Some(row) = self.row_ahead(&mut reader, &message) {
                    message.data = Some(scanner.since_here(&reader).trim_ascii_start());
                    ahead = Some((row, message.whose(), message.data));
                    *scanner = reader;
                    return Ok(());
                }
            }
            message.member(name, scanner.skip()?);
            Ok(())
        })?;
        // a member that came twice, the second time behind the data
        let is_whole = |whose, data| message.whose() == whose && message.data == data;
        let row = ahead.filter(|(_, whose, data)| is_whole(*whose, *data)).map(|(row, _, _)| row);
        Ok((message, row))
    }

    fn row_ahead(&self, scanner: &mut Scanner<'_>, message: &Message<'_>) -> Option<(Table<'d>, Ahead)> {
        let table = self.table(message)?;
        let identity = table.identity(message.key().ok()?).ok()?;
        let mut row = Row::new(&identity);
        row.add_object(scanner, |scanner, _, out| copy(scanner, out)).ok()?;
        let columns = row.into_columns();
        Some((table, Ahead { identity, columns }))
    }
}

/// With `encrypt=all` nothing else is in a record, with `encrypt=data` it stands for `data` and `old`.
fn is_encrypted(object: &LazyObject<'_>) -> bool {
    object.member("encrypted") == Some(Kind::Object) && object.len() == 1 && {
        let inside = object.inner("encrypted");
        inside.has("iv") && inside.has("bytes")
    }
}

fn no_change_record() -> Error {
    Error::poison(Code::NotAChangeRecord, "The record is JSON, but no record of Maxwell.")
}

/// The columns of `data`, read by what makes a row one row.
struct Ahead {
    identity: Identity,
    columns: RowColumns,
}

/// A record of a row.
struct MaxwellRow<'a> {
    table: &'a Table<'a>,
    message: &'a Message<'a>,
    kind: &'a str,
    identity: Option<Identity>,
    columns: Cell<Option<RowColumns>>,
}

impl<'a> MaxwellRow<'a> {
    fn new(table: &'a Table<'_>, message: &'a Message<'_>, kind: &'a str, ahead: Option<Ahead>) -> Self {
        let (identity, columns) = ahead.map(|ahead| (ahead.identity, ahead.columns)).unzip();
        Self { table, message, kind, identity, columns: Cell::new(columns) }
    }
}

impl RowChange for MaxwellRow<'_> {
    fn table(&self) -> &Table<'_> {
        self.table
    }

    fn operation(&self) -> Result<Operation> {
        if row::present(self.message.old).is_some_and(|old| !old.starts_with('{')) {
            return Err(bad_field("old", "an object"));
        }
        Ok(match self.kind {
            "update" => Operation::Update,
            "delete" => Operation::Delete,
            _ => Operation::Insert,
        })
    }

    fn version(&self) -> Result<Version> {
        if self.kind != "bootstrap-insert" {
            return self.message.version(self.table);
        }
        let seconds = self.message.seconds().ok_or_else(|| {
            Error::poison(Code::MissingVersion, "The record of a bootstrap has no time, which orders it.")
        })?;
        Ok(Version::new('x', self.table.epoch, Rank::Loaded).number(seconds))
    }

    fn changed_at(&self) -> Option<Timestamp> {
        self.message.changed_at()
    }

    fn key_columns(&self) -> Result<Option<Vec<String>>> {
        self.message.key()
    }

    fn identity(&self) -> Result<Cow<'_, Identity>> {
        match &self.identity {
            Some(identity) => Ok(Cow::Borrowed(identity)),
            None => self.table.identity(self.key_columns()?).map(Cow::Owned),
        }
    }

    fn read(&self, row: &mut Row<'_>) -> Result<()> {
        if let Some(columns) = self.columns.take() {
            row.replace(columns);
            return Ok(());
        }
        let no_data = || Error::poison(Code::NoImage, "The record of a row has no data.");
        row.add_all(self.message.data.filter(|data| data.starts_with('{')).ok_or_else(no_data)?)
    }

    /// `old` has the columns that changed.
    fn before<'i>(&self, row: &mut Row<'i>) -> Result<Before<'i>> {
        let mut old = row.before();
        old.add_all(row::present(self.message.old).unwrap_or("{}"))?;
        Ok(Before::Columns(old))
    }
}

#[cfg(test)]
mod tests;
