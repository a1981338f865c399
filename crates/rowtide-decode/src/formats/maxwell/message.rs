//! A record taken apart: its members, still text, and what they say of table, place and definition.

use crate::catalogue::TableSchema;
use crate::decode::change::Table;
use crate::decode::log_position::{binlog_file, unsigned};
use crate::decode::row;
use crate::error::{Code, Error, Result};
use crate::event::Timestamp;
use crate::json::{Fault, Kind, Scanner};
use crate::record::Record;
use crate::source::{Member, SourceIdentity};
use crate::version::{Rank, Version};
use std::borrow::Cow;

/// What the record's members hold, as JSON text.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    pub(super) kind: Option<&'a str>,
    pub(super) database: Option<&'a str>,
    pub(super) table: Option<&'a str>,
    ts: Option<&'a str>,
    xoffset: Option<&'a str>,
    commit: Option<&'a str>,
    pub(super) position: Option<&'a str>,
    primary_key_columns: Option<&'a str>,
    pub(super) data: Option<&'a str>,
    pub(super) old: Option<&'a str>,
    definition: Option<&'a str>,
    pub(super) encrypted: Option<&'a str>,
}

impl<'a> Message<'a> {
    pub(super) fn member(&mut self, name: &str, value: &'a str) {
        let place = match name {
            "type" => &mut self.kind,
            "database" => &mut self.database,
            "table" => &mut self.table,
            "ts" => &mut self.ts,
            "xoffset" => &mut self.xoffset,
            "commit" => &mut self.commit,
            "position" => &mut self.position,
            "primary_key_columns" => &mut self.primary_key_columns,
            "data" => &mut self.data,
            "old" => &mut self.old,
            "def" => &mut self.definition,
            "encrypted" => &mut self.encrypted,
            _ => return,
        };
        *place = Some(value);
    }

    /// What says of which table a row is and what its key is.
    pub(super) fn whose(&self) -> [Option<&'a str>; 3] {
        [self.database, self.table, self.primary_key_columns]
    }

    /// The key's columns, when the record tells them.
    pub(super) fn key(&self) -> Result<Option<Vec<String>>> {
        let Some(names) = row::present(self.primary_key_columns) else { return Ok(None) };
        row::strings(names).map(Some).ok_or_else(|| bad_field("primary_key_columns", "a list of names"))
    }

    /// The file's number and the offset of `position`, as in `mysql-bin.000006:800911`.
    pub(super) fn file_and_offset(&self) -> Result<(u64, u64)> {
        let position = row::string(self.position).ok_or_else(no_position)?;
        let parsed = || {
            let (file, offset) = position.rsplit_once(':')?;
            Some((binlog_file(file)?, unsigned(offset)?))
        };
        parsed().ok_or_else(|| {
            let text = "The record's position is not the name of a binlog file and an offset.";
            Error::poison(Code::MissingVersion, text)
        })
    }

    pub(super) fn seconds(&self) -> Option<u64> {
        self.ts?.parse().ok()
    }

    /// Seconds; milliseconds where tables are defined.
    pub(super) fn changed_at(&self) -> Option<Timestamp> {
        match self.seconds() {
            Some(seconds @ 0..100_000_000_000) => Some(Timestamp(i64::try_from(seconds).ok()? * 1_000_000)),
            _ => self.ts.and_then(Timestamp::from_epoch),
        }
    }

    pub(super) fn version(&self, table: &Table<'_>) -> Result<Version> {
        let (file, offset) = self.file_and_offset()?;
        let version = Version::new('x', table.epoch, Rank::Positioned).number(file).number(offset);
        match (row::present(self.commit), row::present(self.xoffset)) {
            (Some("true"), _) => Ok(version.number(u64::MAX)),
            (Some("false") | None, Some(count)) => {
                let count = count.parse().map_err(|_| bad_field("xoffset", "a count"))?;
                Ok(version.number(count))
            }
            (Some("false") | None, None) => {
                let advice = "Set `output_xoffset=true` in Maxwell's configuration.";
                table.numbered(version.number(0), advice)
            }
            (Some(_), _) => Err(bad_field("commit", "true or false")),
        }
    }

    /// What a `table-create` or `table-alter` says.
    pub(super) fn schema(&self, record: &Record) -> Option<TableSchema> {
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
        let mut observed_at = format!("{:016x}", self.seconds()?);
        if let Ok((file, offset)) = self.file_and_offset() {
            observed_at.push_str(&format!(".{file:016x}.{offset:016x}"));
        }
        let (database, table) = (row::string(database)?, row::string(table)?);
        Some(TableSchema {
            table: format!("{database}.{table}"),
            source: source_of(record, &database),
            key: row::strings(key?)?,
            columns,
            observed_at,
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

pub(super) fn source_of(record: &Record, database: &str) -> SourceIdentity {
    SourceIdentity::of_stream_with(&record.source, [(Member::Db, Some(database))])
}

pub(super) fn bad_field(name: &str, expected: &str) -> Error {
    Error::poison(Code::BadField, format!("The record's {name} is not {expected}."))
}

fn no_position() -> Error {
    Error::poison(
        Code::MissingVersion,
        "The record has no position in the binlog, which orders it. Set `output_binlog_position=true` and \
         `output_xoffset=true` in Maxwell's configuration.",
    )
}
