//! Maxwell's change records of MySQL and MariaDB.
//!
//! * Table: `database.table`.
//! * Key: the route's `key`, else `primary_key_columns`, else what a `table-create` or `table-alter` record said; its
//!   values from `data`. A column of the key in `old` is a changed key: a delete of the old and a put of the new one.
//! * Image: full; a column that is missing is null (`output_nulls=false`). With the server's
//!   `binlog_row_image=MINIMAL` Maxwell sends a part of the row and does not say so: set it to FULL.
//! * Version: `x.EEEE.1.<file>.<offset>.<row>` with 16 hexadecimal digits each. File and offset are `position`; rows of
//!   one binlog event share it, so the row is `xoffset`, or all ones with `commit`, which the last row of a transaction
//!   has instead. Without `output_xoffset` a row that is not the last has 0 and the transport's number behind it:
//!   `x.EEEE.1.<file>.<offset>.0000000000000000.<lll><digits>`.
//!   `bootstrap-insert` has no position: `x.EEEE.0.<seconds>`, older than every change.
//!
//! What cannot be promised: without `output_xoffset`, several changes of one row by one statement are in the order of
//! arrival. After a failover or `RESET MASTER` positions start anew: raise `source.epoch`. A transaction of more than
//! 4 GiB wraps the offsets that the server writes. Maxwell does not tell a TRUNCATE, and by default goes on when a
//! record cannot be produced (`ignore_producer_error`): then it is lost.
//!
//! # Source
//! Maxwell's Daemon, "Data Format", "Bootstrapping", "Configuration Reference", "Compatibility" and "Encryption"; that
//! `position` is where the binlog event starts, that `xoffset` counts the rows of a transaction and is left out where
//! `commit` is written, and that `TRUNCATE` is not told: its `RowMap`, `BinlogConnectorEvent` and `SchemaChange`. MySQL
//! Reference Manual, "Binary Logging Options and Variables".

use super::{Decoded, Decoder, Origin, Outline, Reason, Row, Settings, row};
use crate::catalogue::{Identity, TableSchema};
use crate::error::{Error, Result};
use crate::event::{Change, Timestamp};
use crate::json::{Fault, Kind, Scanner};
use crate::record::Record;
use crate::version::{Rank, Version};
use std::borrow::Cow;

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
        "Maxwell, for MySQL and MariaDB"
    }

    fn recognises(&self, outline: &Outline<'_>) -> bool {
        let is_type = || {
            outline
                .string("type")
                .is_some_and(|name| ROWS.contains(&name.as_ref()) || CONTROLS.contains(&name.as_ref()))
        };
        (outline.member("database") == Some(Kind::String) && is_type()) || is_encrypted(outline)
    }

    fn decode(&self, record: &Record) -> Result<Decoded> {
        let found = Fields::parse(&record.payload)?;
        if found.encrypted.is_some() && found.data.is_none() {
            return Err(Error::poison(
                "encrypted",
                "Maxwell has encrypted the record. Set `encrypt=none` in its configuration; the stream itself can be \
                 encrypted at rest.",
            ));
        }
        let (Some(database), Some(kind)) = (row::string(found.database), row::string(found.kind)) else {
            return Err(no_change_record());
        };
        if CONTROLS.contains(&kind.as_ref()) {
            return Ok(found.schema().map_or(Decoded::Ignored(Reason::Control), Decoded::Schema));
        }
        if !ROWS.contains(&kind.as_ref()) {
            let message = "The record's type is none that Maxwell writes.";
            return Err(Error::poison("unknown_type", message));
        }
        let Some(table) = row::string(found.table) else { return Err(no_change_record()) };
        self.rows(record, &found, &kind, &format!("{database}.{table}"))
    }
}

/// With `encrypt=all` nothing else is in a record, with `encrypt=data` it stands for `data` and `old`.
fn is_encrypted(outline: &Outline<'_>) -> bool {
    outline.member("encrypted") == Some(Kind::Object) && outline.len() == 1 && {
        let inside = outline.inner("encrypted");
        inside.has("iv") && inside.has("bytes")
    }
}

fn no_change_record() -> Error {
    Error::poison("not_a_change_record", "The record is JSON, but no record of Maxwell.")
}

fn bad_field(name: &str, expected: &str) -> Error {
    Error::poison("bad_field", format!("The record's {name} is not {expected}."))
}

fn no_position() -> Error {
    Error::poison(
        "missing_version",
        "The record has no position in the binlog, which orders it. Set `output_binlog_position=true` and \
         `output_xoffset=true` in Maxwell's configuration.",
    )
}

/// What the record's members hold, as JSON text.
#[derive(Debug, Default)]
struct Fields<'a> {
    kind: Option<&'a str>,
    database: Option<&'a str>,
    table: Option<&'a str>,
    ts: Option<&'a str>,
    xoffset: Option<&'a str>,
    commit: Option<&'a str>,
    position: Option<&'a str>,
    primary_key_columns: Option<&'a str>,
    data: Option<&'a str>,
    old: Option<&'a str>,
    definition: Option<&'a str>,
    encrypted: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn parse(payload: &'a [u8]) -> Result<Self> {
        let mut found = Self::default();
        row::members(payload, |name, value| {
            let place = match name {
                "type" => &mut found.kind,
                "database" => &mut found.database,
                "table" => &mut found.table,
                "ts" => &mut found.ts,
                "xoffset" => &mut found.xoffset,
                "commit" => &mut found.commit,
                "position" => &mut found.position,
                "primary_key_columns" => &mut found.primary_key_columns,
                "data" => &mut found.data,
                "old" => &mut found.old,
                "def" => &mut found.definition,
                "encrypted" => &mut found.encrypted,
                _ => return,
            };
            *place = Some(value);
        })?;
        Ok(found)
    }

    /// The file's number and the offset of `position`, as in `mysql-bin.000006:800911`.
    fn place(&self) -> Result<(u64, u64)> {
        let position = row::string(self.position).ok_or_else(no_position)?;
        let parsed = || {
            let (file, offset) = position.rsplit_once(':')?;
            let number = |digits: &str| {
                digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
            };
            Some((number(file.rsplit_once('.')?.1)?, number(offset)?))
        };
        parsed().ok_or_else(|| {
            let message = "The record's position is not the name of a binlog file and an offset.";
            Error::poison("missing_version", message)
        })
    }

    fn seconds(&self) -> Option<u64> {
        self.ts?.parse().ok()
    }

    fn version(&self, epoch: u16, record: &Record) -> Result<Version> {
        let (file, offset) = self.place()?;
        let version = Version::new('x', epoch, Rank::Positioned).number(file).number(offset);
        match (row::present(self.commit), row::present(self.xoffset)) {
            (Some("true"), _) => Ok(version.number(u64::MAX)),
            (Some("false") | None, Some(count)) => {
                let count = count.parse().map_err(|_| bad_field("xoffset", "a count"))?;
                Ok(version.number(count))
            }
            (Some("false") | None, None) => {
                let advice = "Set `output_xoffset=true` in Maxwell's configuration.";
                row::by_arrival(version.number(0), record, advice)
            }
            (Some(_), _) => Err(bad_field("commit", "true or false")),
        }
    }

    /// What a `table-create` or `table-alter` says.
    fn schema(&self) -> Option<TableSchema> {
        let (mut database, mut table, mut key) = (None, None, None);
        let mut columns = Vec::new();
        let read = Scanner::new(row::present(self.definition)?).object(|scanner, name| {
            match name.as_ref() {
                "database" => database = Some(scanner.skip()?),
                "table" => table = Some(scanner.skip()?),
                "primary-key" => key = Some(scanner.skip()?),
                "columns" if scanner.peek()? == Kind::Array => {
                    scanner.array(|scanner| column(scanner, &mut columns))?
                }
                _ => drop(scanner.skip()?),
            }
            Ok::<_, Fault>(())
        });
        read.ok()?;
        let mut said_at = format!("{:016x}", self.seconds()?);
        if let Ok((file, offset)) = self.place() {
            said_at.push_str(&format!(".{file:016x}.{offset:016x}"));
        }
        Some(TableSchema {
            table: format!("{}.{}", row::string(database)?, row::string(table)?),
            key: row::strings(key?)?,
            columns,
            said_at,
        })
    }
}

/// A column of a table's definition.
fn column(scanner: &mut Scanner<'_>, columns: &mut Vec<(String, String)>) -> Result<(), Fault> {
    let (mut column, mut kind) = (None, None);
    scanner.object(|scanner, name| {
        match name.as_ref() {
            "name" => column = scanner.text()?,
            "type" => kind = scanner.text()?,
            _ => drop(scanner.skip()?),
        }
        Ok::<_, Fault>(())
    })?;
    columns.extend(column.zip(kind).map(|(column, kind)| (column.into_owned(), Cow::into_owned(kind))));
    Ok(())
}

impl Maxwell {
    fn rows(&self, record: &Record, found: &Fields<'_>, kind: &str, table: &str) -> Result<Decoded> {
        let told = row::present(found.primary_key_columns).map(|names| {
            row::strings(names).ok_or_else(|| bad_field("primary_key_columns", "a list of names"))
        });
        let identity = row::identity(&self.0.catalogue, table, told.transpose()?)?;
        let Some(data) = found.data.filter(|data| data.starts_with('{')) else {
            return Err(Error::poison("no_data", "The record of a row has no data."));
        };
        let old = row::present(found.old);
        if old.is_some_and(|old| !old.starts_with('{')) {
            return Err(bad_field("old", "an object"));
        }
        let version = if kind == "bootstrap-insert" {
            let seconds = found.seconds().ok_or_else(|| {
                Error::poison("missing_version", "The record of a bootstrap has no time, which orders it.")
            })?;
            Version::new('x', self.0.epoch, Rank::Loaded).number(seconds)
        } else {
            found.version(self.0.epoch, record)?
        };
        let changed_at = found.ts.and_then(Timestamp::from_epoch);
        let origin = Origin { table, version, changed_at };

        let mut row = Row::new(&identity, data.len());
        row.add_all(data)?;
        let key = match (&identity, kind) {
            (Identity::Position, "insert" | "bootstrap-insert") => row::key_of_position(record, None)?,
            (Identity::Position, _) => return Err(row::nameless(table)),
            (Identity::Columns(_) | Identity::Row, _) => row.key()?,
        };
        let mut events = Vec::with_capacity(1);
        match (kind, old) {
            ("delete", _) => {
                events.push(origin.event(Some(key), Change::Delete(Some(row.document())), None));
            }
            ("update", Some(old)) => {
                let mut before = Row::new(&identity, 0);
                before.add_key(old)?;
                let before = row.key_before(&before)?;
                origin.changed(&mut events, (before, key), Change::Put(row.document()), 0);
            }
            _ => events.push(origin.event(Some(key), Change::Put(row.document()), None)),
        }
        Ok(Decoded::Events(events))
    }
}
