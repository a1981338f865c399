//! The columns of a change, in both formats, and the form their values get.

use crate::decode::row::{self, Row};
use crate::error::{Code, Error, Result};
use crate::event::bytes_of_hex;
use crate::json::{self, Fault, Scanner};
use crate::values::copy::{self, copy};
use std::borrow::Cow;
use std::collections::HashSet;

/// Names, types and values of columns, side by side.
#[derive(Debug, Default)]
pub(super) struct Lists<'a> {
    pub(super) names: Option<&'a str>,
    pub(super) types: Option<&'a str>,
    pub(super) values: Option<&'a str>,
}

/// A column: its name, its type when it was sent, and the JSON text of its value.
#[derive(Debug)]
pub(super) struct Column<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) kind: Option<Cow<'a, str>>,
    pub(super) value: &'a str,
}

pub(super) fn bad_columns() -> Error {
    Error::poison(Code::BadField, "The columns of the record are not as wal2json writes them.")
}

/// The columns of a list as in `[{"name":"a","type":"integer","value":1}]`; those of a key have no value.
pub(super) fn columns(list: &str) -> Result<Vec<Column<'_>>> {
    let mut columns = Vec::new();
    let read = Scanner::new(list).array(|scanner| {
        let (mut name, mut kind, mut value) = (None, None, None);
        scanner.object(|scanner, member| {
            match member.as_ref() {
                "name" => name = row::string(Some(scanner.skip()?)),
                "type" => kind = row::string(Some(scanner.skip()?)),
                "value" => value = Some(scanner.skip()?),
                _ => drop(scanner.skip()?),
            }
            Ok::<_, Fault>(())
        })?;
        let name = name.ok_or(scanner.fault("a column without a name"))?;
        columns.push(Column { name, kind, value: value.unwrap_or_default() });
        Ok::<_, Fault>(())
    });
    read.map_err(|_| bad_columns())?;
    Ok(columns)
}

impl<'a> Lists<'a> {
    pub(super) fn columns(&self) -> Result<Vec<Column<'a>>> {
        let texts = |list: Option<&'a str>| {
            let mut texts = Vec::new();
            let read = Scanner::new(list.unwrap_or_default()).array(|scanner| {
                texts.push(scanner.skip()?);
                Ok::<_, Fault>(())
            });
            read.map(|()| texts).map_err(|_| bad_columns())
        };
        let (names, values) = (texts(self.names)?, texts(self.values)?);
        let types = self.types.map(|_| texts(self.types)).transpose()?;
        if names.len() != values.len() || types.as_ref().is_some_and(|types| types.len() != names.len()) {
            return Err(bad_columns());
        }
        let mut types = types.into_iter().flatten();
        let column = |(name, value)| {
            let kind = row::string(types.next());
            Ok(Column { name: row::string(Some(name)).ok_or_else(bad_columns)?, kind, value })
        };
        names.into_iter().zip(values).map(column).collect()
    }
}

impl Column<'_> {
    /// Appends the value as JSON text.
    fn write(&self, out: &mut String) -> Result<()> {
        let mut scanner = Scanner::new(self.value);
        let kind = self.kind.as_deref().unwrap_or_default();
        let kind = kind.split('(').next().unwrap_or_default().trim_end();
        if self.value.is_empty() {
            return Err(bad_columns());
        }
        if !self.value.starts_with('"') {
            return copy(&mut scanner, out);
        }
        match kind {
            "smallint" | "integer" | "bigint" | "oid" | "real" | "double precision" | "numeric" | "int2"
            | "int4" | "int8" | "float4" | "float8" => {
                let text = scanner.string()?;
                // what is none is NaN or an infinity
                if json::is_number(&text) { out.push_str(&text) } else { json::write_string(out, &text) }
            }
            "bytea" => {
                let bytes = bytes_of_hex(&scanner.string()?).ok_or_else(|| {
                    let message = format!(
                        "The bytes of {} are not written in hexadecimal digits. Set `bytea_output` to hex.",
                        self.name
                    );
                    Error::poison(Code::BadBytea, message)
                })?;
                copy::bytes(&bytes, out);
            }
            "json" | "jsonb" => {
                let text = scanner.string()?;
                let mut inside = Scanner::new(&text);
                copy(&mut inside, out).and_then(|()| Ok(inside.end()?)).map_err(|error| {
                    if error.code() == Code::TooDeep {
                        return error;
                    }
                    Error::poison(Code::BadJsonColumn, format!("The JSON in {} is broken.", self.name))
                })?;
            }
            _ => scanner.copy_string(out)?,
        }
        Ok(())
    }
}

/// Adds the columns that are `wanted`.
pub(super) fn add(row: &mut Row<'_>, columns: &[Column<'_>], wanted: impl Fn(&str) -> bool) -> Result<()> {
    for column in columns.iter().filter(|column| wanted(&column.name)) {
        row.add(&column.name, |out| column.write(out))?;
    }
    Ok(())
}

/// The names of columns.
pub(super) fn names<'c>(columns: &'c [Column<'_>]) -> HashSet<&'c str> {
    columns.iter().map(|column| column.name.as_ref()).collect()
}
