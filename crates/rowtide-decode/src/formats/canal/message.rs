//! A record taken apart: its members, still text.

use super::value::Form;
use crate::decode::change::Table;
use crate::decode::definition::drops_temporary;
use crate::decode::row;
use crate::error::{Code, Error, Result};
use crate::event::Timestamp;
use crate::json::{Fault, Kind, Scanner};
use crate::version::{Rank, Version};
use std::collections::HashMap;

/// What the record's members hold, as JSON text.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    pub(super) kind: Option<&'a str>,
    pub(super) database: Option<&'a str>,
    pub(super) table: Option<&'a str>,
    pk_names: Option<&'a str>,
    pub(super) is_ddl: Option<&'a str>,
    es: Option<&'a str>,
    codes: Option<&'a str>,
    types: Option<&'a str>,
    pub(super) data: Option<&'a str>,
    pub(super) old: Option<&'a str>,
    command: Option<&'a str>,
}

impl<'a> Message<'a> {
    pub(super) fn member(&mut self, name: &str, value: &'a str) {
        let place = match name {
            "type" => &mut self.kind,
            "database" => &mut self.database,
            "table" => &mut self.table,
            "pkNames" => &mut self.pk_names,
            "isDdl" => &mut self.is_ddl,
            "es" => &mut self.es,
            "sqlType" => &mut self.codes,
            "mysqlType" => &mut self.types,
            "data" => &mut self.data,
            "old" => &mut self.old,
            "sql" => &mut self.command,
            _ => return,
        };
        *place = Some(value);
    }

    /// Whether a statement that drops something names a table, and not a temporary one: that is another of its name.
    pub(super) fn drops_a_table(&self) -> bool {
        let command = row::string(self.command).unwrap_or_default();
        row::string(self.table).is_some_and(|table| !table.is_empty()) && !drops_temporary(&command)
    }

    pub(super) fn changed_at(&self) -> Option<Timestamp> {
        self.es.and_then(Timestamp::from_epoch)
    }

    /// The version of the record's rows, without their places.
    pub(super) fn version(&self, table: &Table<'_>) -> Result<Version> {
        let millis = self.es.and_then(|es| es.parse::<u64>().ok()).ok_or_else(|| {
            let text = "The record has no es, the time of the change, which orders it.";
            Error::poison(Code::MissingVersion, text)
        })?;
        let version = Version::new('c', table.epoch, Rank::Positioned).number(millis);
        table.numbered(version, "Read Canal's messages from a stream or a topic.")
    }

    /// The columns of the primary key, when the record tells them.
    pub(super) fn key_columns(&self) -> Result<Option<Vec<String>>> {
        let Some(names) = row::present(self.pk_names) else { return Ok(None) };
        let bad = || Error::poison(Code::BadField, "The record's pkNames is not a list of names.");
        row::strings(names).map(Some).ok_or_else(bad)
    }

    /// The forms of the columns that are not plain text.
    pub(super) fn forms(&self) -> HashMap<String, Form> {
        let mut codes = HashMap::new();
        each_member(self.codes, |name, value| {
            codes.insert(name.to_owned(), value);
        });
        let mut forms: HashMap<String, Form> =
            codes.iter().map(|(name, code)| (name.clone(), Form::of_code(code))).collect();
        each_member(self.types, |name, value| {
            let Some(declared) = row::string(Some(value)) else { return };
            let code = codes.get(name).copied().unwrap_or_default();
            forms.insert(name.to_owned(), Form::of_type(&declared, code));
        });
        forms
    }
}

/// The members of what may be an object.
fn each_member<'a>(object: Option<&'a str>, mut each: impl FnMut(&str, &'a str)) {
    let read = Scanner::new(object.unwrap_or_default()).object(|scanner, name| {
        each(&name, scanner.skip()?);
        Ok::<_, Fault>(())
    });
    // what is no object tells nothing
    read.unwrap_or_default();
}

/// The objects of an array of rows; `None` where something else stands.
pub(super) fn objects<'a>(rows: Option<&'a str>, name: &str) -> Result<Vec<Option<&'a str>>> {
    let mut objects = Vec::new();
    let Some(rows) = row::present(rows) else { return Ok(objects) };
    let read = Scanner::new(rows).array(|scanner| {
        let kind = scanner.peek()?;
        let text = scanner.skip()?;
        objects.push(match kind {
            Kind::Object => Some(text),
            Kind::Null => Some("{}"),
            Kind::Array | Kind::String | Kind::Number | Kind::Bool => None,
        });
        Ok::<_, Fault>(())
    });
    read.map(|()| objects).map_err(|_| bad_rows(name))
}

pub(super) fn bad_rows(name: &str) -> Error {
    Error::poison(Code::BadField, format!("The record's {name} is not a list of rows."))
}
