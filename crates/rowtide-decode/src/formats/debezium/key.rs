//! The message key, which Kinesis carries as the partition key: Debezium's only word about what identifies a row. It
//! is believed as far as the row has what it names.

use super::value::ColumnTypes;
use crate::catalogue::Identity;
use crate::decode::row::Row;
use crate::error::{Code, Error, Result};
use crate::event::Key;
use crate::json::{Fault, Kind, Scanner};
use crate::values::extended_json;
use std::borrow::Cow;

/// What `ByLogicalTableRouter` adds to keys.
const ROUTED: &str = "__dbz__physicalTableIdentifier";

/// The member that identifies a document of MongoDB, and what the message key calls it.
pub(super) const ID: &str = "_id";
const DOCUMENT_KEY: &str = "id";

/// As many names of a bad key are shown, and so many characters of each.
const NAMES_SHOWN: usize = 5;
const NAME_SHOWN: usize = 40;

/// A column's name, and the text of its value.
type Column<'a> = (Cow<'a, str>, &'a str);

/// How a message key is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// An object of columns.
    ColumnTypes,
    /// One value, which names no column.
    Value,
    /// MongoDB's: `{"id":"<Extended JSON>"}` stands for `_id`.
    Document,
}

/// A message key, in one of the ways in which it can be read.
#[derive(Debug, Clone)]
pub(super) struct MessageKey<'a> {
    reading: Reading,
    columns: Vec<Column<'a>>,
    /// The text of its schema, when it came with one, and of the schema's fields.
    schema: Option<&'a str>,
    fields: Option<&'a str>,
    /// The member `payload`, which may hold the key; not yet if the columns are those beside it.
    payload: Option<&'a str>,
    /// The columns when it was taken out of a wrapper after all.
    outside: Vec<Column<'a>>,
}

impl<'a> MessageKey<'a> {
    /// Reads a partition key as it most likely is meant; `None` when it is no key.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut scanner = Scanner::new(text);
        let key = match scanner.peek().ok()? {
            Kind::Object => Self::object(text).ok()??,
            Kind::String | Kind::Number | Kind::Bool => {
                let value = scanner.skip().and_then(|value| scanner.end().map(|()| value));
                Self { columns: vec![(Cow::Borrowed(""), value.ok()?)], ..Self::new(Reading::Value) }
            }
            Kind::Array | Kind::Null => return None,
        };
        (!key.columns.is_empty()).then_some(key)
    }

    fn new(reading: Reading) -> Self {
        Self { reading, columns: Vec::new(), schema: None, fields: None, payload: None, outside: Vec::new() }
    }

    fn object(text: &'a str) -> Result<Option<Self>, Fault> {
        let mut key = Self::new(Reading::ColumnTypes);
        // what only a wrapper has: a schema that is none of a column's values, or its number beside an object
        let (mut wraps, mut has_number, mut others) = (false, false, 0);
        let mut scanner = Scanner::new(text);
        scanner.object(|scanner, name| {
            let kind = scanner.peek()?;
            let start = scanner.clone();
            if name == "schema" && kind == Kind::Object {
                key.fields = fields(scanner)?;
            } else {
                scanner.skip()?;
            }
            let value = start.since_here(scanner).trim_ascii();
            match (name.as_ref(), kind) {
                (ROUTED, _) => return Ok(()),
                ("schema", Kind::Object) => (wraps, key.schema) = (true, Some(value)),
                ("schema", Kind::Null) => wraps = true,
                ("schemaId" | "contentId" | "globalId", Kind::Number | Kind::String) => has_number = true,
                ("payload", _) => key.payload = Some(value),
                _ => others += 1,
            }
            key.columns.push((name, value));
            Ok::<_, Fault>(())
        })?;
        scanner.end()?;
        let is_object = key.payload.is_some_and(|payload| payload.starts_with('{'));
        let is_wrapper = others == 0 && key.payload.is_some() && (wraps || (has_number && is_object));
        Ok(if is_wrapper { key.inside() } else { Some(key) })
    }

    /// What a wrapper holds.
    fn inside(&self) -> Option<Self> {
        let payload = self.payload?;
        let outside = self.columns.clone();
        let (schema, fields) = (self.schema, self.fields);
        let of = |reading, columns| Self { reading, columns, schema, fields, payload: None, outside };
        match Scanner::new(payload).peek().ok()? {
            Kind::Object => {
                let mut columns = Vec::new();
                let read = Scanner::new(payload).object(|scanner, name| {
                    let value = scanner.skip()?;
                    if name != ROUTED {
                        columns.push((name, value));
                    }
                    Ok::<_, Fault>(())
                });
                read.ok().filter(|()| !columns.is_empty())?;
                Some(of(Reading::ColumnTypes, columns))
            }
            Kind::String | Kind::Number | Kind::Bool => {
                Some(of(Reading::Value, vec![(Cow::Borrowed(""), payload)]))
            }
            Kind::Array | Kind::Null => None,
        }
    }

    /// The other ways to read it, for when the row has not what this one names.
    pub(super) fn otherwise(&self) -> Vec<Self> {
        let outside = || {
            let columns = self.outside.clone();
            (!columns.is_empty()).then(|| Self { columns, ..Self::new(Reading::ColumnTypes) })
        };
        self.inside().into_iter().chain(outside()).chain(self.of_document()).collect()
    }

    /// The message key read as that of a document of MongoDB.
    pub(super) fn of_document(&self) -> Option<Self> {
        match (self.reading, self.columns.as_slice()) {
            (Reading::ColumnTypes, [(name, value)]) if name == DOCUMENT_KEY && value.starts_with('"') => {
                Some(Self { columns: vec![(Cow::Borrowed(ID), value)], ..Self::new(Reading::Document) })
            }
            _ => None,
        }
    }

    /// Whether it can only be the key of a document: its value is the text of an object, such as an ObjectId.
    pub(super) fn is_surely_of_document(&self) -> bool {
        self.of_document().is_some()
            && self.columns.iter().all(|(_, value)| {
                Scanner::new(value)
                    .string()
                    .is_ok_and(|text| text.starts_with("{\"$") || text.starts_with("{ \"$"))
            })
    }

    /// The names of its columns; `None` when it names none.
    pub(super) fn names(&self) -> Option<Vec<String>> {
        let names = || self.columns.iter().map(|(name, _)| name.clone().into_owned()).collect();
        (self.reading != Reading::Value).then(names)
    }

    /// Whether it names just these columns.
    pub(super) fn is_of(&self, names: &[String]) -> bool {
        names.len() == self.columns.len()
            && self.columns.iter().all(|(name, _)| names.iter().any(|n| n == name))
    }

    /// The key by it of a row of `table` that does not hold the key itself. `columns` are the row's, for a message key
    /// that came without a schema.
    pub(super) fn key(&self, table: &str, identity: &Identity, columns: &ColumnTypes<'_>) -> Result<Key> {
        let mut row = Row::new(identity);
        let Identity::Columns(names) = identity else { return row.key() };
        let own = match (self.reading, names.as_slice()) {
            (Reading::Value, [name]) => {
                self.schema.map(|schema| ColumnTypes::only(name, schema)).transpose()?
            }
            _ if self.outside.is_empty() => None,
            _ => self.fields.map(ColumnTypes::of).transpose()?,
        };
        let own = own.map(|own| own.with_unsigned(columns.told()));
        let columns = own.as_ref().unwrap_or(columns);
        for (name, value) in &self.columns {
            let name = match (self.reading, names.as_slice()) {
                (Reading::Value, [only]) => only,
                _ => name.as_ref(),
            };
            if names.iter().any(|column| column == name) {
                row.add(name, |out| self.write(table, value, columns, name, out))?;
            }
        }
        row.key()
    }

    fn write(
        &self,
        table: &str,
        value: &str,
        columns: &ColumnTypes<'_>,
        name: &str,
        out: &mut String,
    ) -> Result<()> {
        let mut scanner = Scanner::new(value);
        if self.reading == Reading::Document {
            let literal = scanner.string()?;
            let mut scanner = Scanner::new(&literal);
            extended_json::copy_key(&mut scanner, out)?;
            return Ok(scanner.end()?);
        }
        let start = out.len();
        columns.write_key(&mut scanner, name, out)?;
        // an object that nobody has seen in the row is a wrapper of some kind
        if out.get(start..).is_some_and(|text| text.starts_with('{')) { Err(self.bad(table)) } else { Ok(()) }
    }

    /// The error of a message key that does not say what identifies the row.
    pub(super) fn bad(&self, table: &str) -> Error {
        let shown = |name: &str| name.chars().take(NAME_SHOWN).collect::<String>();
        let mut names: Vec<String> =
            self.columns.iter().take(NAMES_SHOWN).map(|(name, _)| shown(name)).collect();
        if self.columns.len() > NAMES_SHOWN {
            names.push("…".to_owned());
        }
        let message = format!(
            "The message key of {table} is an object of {}, which are no columns of the row, and no wrapper that is \
             known. Set `key` in the route of {table}, as in: [[route]] from = \"{table}\", key = [\"id\"].",
            names.join(", ")
        );
        Error::poison(Code::BadMessageKey, message)
    }
}

/// Text of the fields of the schema that comes next.
fn fields<'a>(scanner: &mut Scanner<'a>) -> Result<Option<&'a str>, Fault> {
    let mut fields = None;
    scanner.object(|scanner, name| {
        match (name.as_ref(), scanner.peek()?) {
            ("fields", Kind::Array) => fields = Some(scanner.skip()?),
            _ => drop(scanner.skip()?.len()),
        }
        Ok::<_, Fault>(())
    })?;
    Ok(fields)
}
