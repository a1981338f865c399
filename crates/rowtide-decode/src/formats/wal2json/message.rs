//! A record taken apart: what stands around the changes, and each change with its members still text.

use super::value::{Column, Lists, bad_columns, columns};
use crate::decode::LazyObject;
use crate::decode::{log_position, row};
use crate::error::{Code, Error, Result};
use crate::event::Timestamp;
use crate::source::SourceIdentity;

/// What the changes of a record have in common.
#[derive(Debug)]
pub(super) struct Around<'a> {
    pub(super) source: SourceIdentity,
    pub(super) timestamp: Option<&'a str>,
    pub(super) lsn: Option<&'a str>,
    pub(super) nextlsn: Option<&'a str>,
}

impl Around<'_> {
    pub(super) fn of(source: SourceIdentity) -> Self {
        Self { source, timestamp: None, lsn: None, nextlsn: None }
    }

    /// The time of the commit, as in `2019-12-29 04:58:34.806671+00`.
    pub(super) fn changed_at(&self) -> Option<Timestamp> {
        let time: jiff::Timestamp = row::string(self.timestamp)?.parse().ok()?;
        Some(Timestamp(time.as_microsecond()))
    }
}

/// One change, its members still text. Format 1 has lists side by side where format 2 has a list of columns.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    pub(super) kind: Option<&'a str>,
    pub(super) schema: Option<&'a str>,
    pub(super) table: Option<&'a str>,
    pub(super) pk: Option<&'a str>,
    pub(super) columns: Option<&'a str>,
    pub(super) identity: Option<&'a str>,
    pub(super) lists: Lists<'a>,
    pub(super) oldkeys: Option<&'a str>,
}

impl<'a> Message<'a> {
    pub(super) fn member(&mut self, name: &str, value: &'a str) {
        let place = match name {
            "kind" => &mut self.kind,
            "schema" => &mut self.schema,
            "table" => &mut self.table,
            "pk" => &mut self.pk,
            "columns" => &mut self.columns,
            "identity" => &mut self.identity,
            "columnnames" => &mut self.lists.names,
            "columntypes" => &mut self.lists.types,
            "columnvalues" => &mut self.lists.values,
            "oldkeys" => &mut self.oldkeys,
            _ => return,
        };
        *place = Some(value);
    }

    pub(super) fn table(&self) -> Result<String> {
        let table = row::string(self.table).ok_or_else(no_change_record)?;
        match (row::present(self.schema), row::string(self.schema)) {
            (_, Some(schema)) => Ok(format!("{schema}.{table}")),
            (None, None) => Ok(table.into_owned()),
            (Some(_), None) => Err(no_change_record()),
        }
    }

    /// The columns of the primary key, when the record tells them.
    pub(super) fn key(&self) -> Result<Option<Vec<String>>> {
        let bad = || Error::poison(Code::BadField, "The record's pk is not a list of columns.");
        let Some(pk) = row::present(self.pk) else { return Ok(None) };
        if pk.starts_with('{') {
            let mut names = None;
            row::members(&LazyObject::of(pk.as_bytes()), |name, value| {
                if name == "pknames" {
                    names = Some(value);
                }
            })?;
            return names.and_then(row::strings).map(Some).ok_or_else(bad);
        }
        let columns = columns(pk).map_err(|_| bad())?;
        Ok(Some(columns.into_iter().map(|column| column.name.into_owned()).collect()))
    }

    /// The columns of the row after the change, as many as were sent.
    pub(super) fn image(&self) -> Result<Option<Vec<Column<'a>>>> {
        match (row::present(self.columns), self.lists.names) {
            (Some(columns), _) => self::columns(columns).map(Some),
            (None, Some(_)) => self.lists.columns().map(Some),
            (None, None) => Ok(None),
        }
    }

    /// The columns of the row before an update or delete, as many as the source keeps.
    pub(super) fn identity(&self) -> Result<Option<Vec<Column<'a>>>> {
        match (row::present(self.identity), row::present(self.oldkeys)) {
            (Some(identity), _) => columns(identity).map(Some),
            (None, Some(oldkeys)) => {
                let mut lists = Lists::default();
                row::members(&LazyObject::of(oldkeys.as_bytes()), |name, value| match name {
                    "keynames" => lists.names = Some(value),
                    "keytypes" => lists.types = Some(value),
                    "keyvalues" => lists.values = Some(value),
                    _ => {}
                })
                .map_err(|_| bad_columns())?;
                lists.columns().map(Some)
            }
            (None, None) => Ok(None),
        }
    }
}

/// A place in the log, as in `0/16B2458`.
pub(super) fn position(lsn: Option<&str>) -> Result<u64> {
    let text = row::string(lsn).ok_or_else(|| {
        let message = "The record has no place in the log, which orders it. Set `include-lsn=true`.";
        Error::poison(Code::MissingVersion, message)
    })?;
    log_position::lsn(&text).ok_or_else(|| {
        Error::poison(Code::MissingVersion, "The record's place in the log is not of the form 0/16B2458.")
    })
}

pub(super) fn no_change_record() -> Error {
    Error::poison(Code::NotAChangeRecord, "The record is JSON, but no record of wal2json.")
}
