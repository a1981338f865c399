//! A record taken apart: what its metadata says, and its rows with every value still JSON text.

use crate::catalogue::Identity;
use crate::decode::LazyObject;
use crate::decode::row::readable;
use crate::error::{Code, Error, Result};
use crate::json::{self, Fault, Kind, Scanner};
use std::borrow::Cow;
use std::collections::HashSet;

/// What a record consists of; of members with one name the last counts.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    pub(super) metadata: Metadata<'a>,
    pub(super) data: Option<RowImage<'a>>,
    pub(super) before: Option<RowImage<'a>>,
    /// Whether there is a before-image that is no object: what it would have said is not known.
    pub(super) has_bad_before: bool,
    /// JSON text of the object `control`.
    pub(super) control: Option<&'a str>,
}

/// The members of `metadata` that matter; what is of another type counts as missing.
#[derive(Debug, Default)]
pub(super) struct Metadata<'a> {
    pub(super) timestamp: Option<Cow<'a, str>>,
    pub(super) record_type: Option<Cow<'a, str>>,
    pub(super) operation: Option<Cow<'a, str>>,
    pub(super) schema: Option<Cow<'a, str>>,
    pub(super) table: Option<Cow<'a, str>>,
    pub(super) commit_timestamp: Option<Cow<'a, str>>,
    pub(super) stream_position: Option<Cow<'a, str>>,
    pub(super) transaction_record_id: Option<Cow<'a, str>>,
}

/// A row before or after a change: names and the JSON text of their values, each name once.
#[derive(Debug, Default)]
pub(super) struct RowImage<'a> {
    pub(super) columns: Vec<(Cow<'a, str>, &'a str)>,
    /// Names that stood there more than once.
    repeated: Vec<Cow<'a, str>>,
}

impl<'a> Message<'a> {
    pub(super) fn parse(object: &LazyObject<'a>) -> Result<Self, Fault> {
        let mut found = Self::default();
        object.read(|scanner, name| found.member(scanner, name))?;
        Ok(found)
    }

    /// A record that may be broken, as far as it can be read.
    pub(super) fn readable(object: &LazyObject<'a>) -> Self {
        let mut found = Self::default();
        readable(object, |scanner, name| found.member(scanner, name));
        found
    }

    fn member(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<(), Fault> {
        match (name, scanner.peek()?) {
            ("metadata", Kind::Object) => self.metadata = Metadata::read(scanner)?,
            ("data", Kind::Object) => self.data = Some(RowImage::read(scanner)?),
            ("before-image", Kind::Object) => self.before = Some(RowImage::read(scanner)?),
            ("before-image", kind) => {
                self.has_bad_before = kind != Kind::Null;
                scanner.skip()?;
            }
            ("control", Kind::Object) => self.control = Some(scanner.skip()?),
            _ => drop(scanner.skip()?),
        }
        Ok(())
    }
}

impl<'a> Metadata<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, Fault> {
        let mut found = Self::default();
        scanner.object(|scanner, name| {
            match name.as_ref() {
                "timestamp" => found.timestamp = string(scanner)?,
                "record-type" => found.record_type = string(scanner)?,
                "operation" => found.operation = string(scanner)?,
                "schema-name" => found.schema = string(scanner)?,
                "table-name" => found.table = string(scanner)?,
                "commit-timestamp" => found.commit_timestamp = string(scanner)?,
                "stream-position" => found.stream_position = string(scanner)?,
                "transaction-record-id" => found.transaction_record_id = scanner.text()?,
                _ => drop(scanner.skip()?),
            }
            Ok::<_, Fault>(())
        })?;
        Ok(found)
    }
}

/// Reads any value: the characters of a string, `None` for anything else.
fn string<'a>(scanner: &mut Scanner<'a>) -> Result<Option<Cow<'a, str>>, Fault> {
    if scanner.peek()? == Kind::String {
        return scanner.string().map(Some);
    }
    scanner.skip()?;
    Ok(None)
}

impl<'a> RowImage<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, Fault> {
        let mut image = Self { columns: Vec::with_capacity(16), repeated: Vec::new() };
        let mut nested = None;
        scanner.object(|scanner, name| {
            // `map-record-to-document` puts the columns below this name; a column of a source table is never an object
            if name == "_doc" && scanner.peek()? == Kind::Object {
                nested = Some(Self::read_plain(scanner)?);
            } else {
                image.columns.push((name, scanner.skip()?));
            }
            Ok::<_, Fault>(())
        })?;
        let mut image = image.with_last();
        if let Some(nested) = nested {
            image.add(nested);
        }
        Ok(image)
    }

    fn read_plain(scanner: &mut Scanner<'a>) -> Result<Self, Fault> {
        let mut image = Self::default();
        scanner.object(|scanner, name| {
            image.columns.push((name, scanner.skip()?));
            Ok::<_, Fault>(())
        })?;
        Ok(image.with_last())
    }

    /// Of columns with one name keeps the last.
    fn with_last(mut self) -> Self {
        let earlier = json::keep_last(&mut self.columns, |(name, _)| name);
        self.repeated.extend(earlier.into_iter().map(|(name, _)| name));
        self
    }

    /// Adds the columns of `other`, which count where both have a column.
    fn add(&mut self, other: Self) {
        let mut names: Vec<&str> = other.columns.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        self.columns.retain(|(name, _)| names.binary_search(&name.as_ref()).is_err());
        self.columns.extend(other.columns);
        self.repeated.extend(other.repeated);
    }

    /// Refuses an image in which a column of the key stood more than once.
    pub(super) fn refuse_repeated(&self, identity: &Identity) -> Result<()> {
        let message = match (identity, self.repeated.is_empty()) {
            (Identity::Position, _) | (_, true) => return Ok(()),
            (Identity::Row, false) => {
                "The record names a column twice, and all columns are the key.".to_owned()
            }
            (Identity::Columns(names), false) => {
                let is_repeated = |name: &&String| self.repeated.iter().any(|repeated| repeated == *name);
                let Some(name) = names.iter().find(is_repeated) else { return Ok(()) };
                format!("The record names the key column {name} twice.")
            }
        };
        Err(Error::poison(Code::DuplicateKeyMember, message))
    }

    /// The names of the columns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.columns.iter().map(|(name, _)| name.as_ref())
    }

    /// Whether all of `names` are there.
    pub(super) fn has_all<'n>(&self, mut names: impl Iterator<Item = &'n str> + Clone) -> bool {
        // as a rule both are in the order of the table
        let mut columns = self.columns.iter();
        if names.clone().all(|name| columns.any(|(column, _)| column == name)) {
            return true;
        }
        let mut present: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_ref()).collect();
        present.sort_unstable();
        names.all(|name| present.binary_search(&name).is_ok())
    }
}

/// What `control.table-def` says of a table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Definition {
    /// Names and types, as far as they are told.
    pub(super) columns: Vec<(String, String)>,
    /// The columns of the primary key, if it is mentioned.
    pub(super) key: Option<Vec<String>>,
}

impl Definition {
    /// Reads the object `control`.
    ///
    /// # Errors
    /// When it is not as DMS writes it: guessing at a key would be worse.
    pub(super) fn read(control: &str) -> Result<Self> {
        let mut found = Self::default();
        Scanner::new(control).object(|scanner, name| match (name.as_ref(), scanner.peek()?) {
            ("table-def", Kind::Object) => scanner.object(|scanner, name| found.member(scanner, &name)),
            ("table-def", _) => Err(bad_definition("table-def is no object")),
            _ => scanner.skip().map(|_| ()).map_err(Error::from),
        })?;
        Ok(found)
    }

    fn member(&mut self, scanner: &mut Scanner<'_>, name: &str) -> Result<()> {
        match (name, scanner.peek()?) {
            ("columns", Kind::Object) => scanner.object(|scanner, column| {
                if scanner.peek()? != Kind::Object {
                    return Err(bad_definition("a column is no object"));
                }
                let mut kind = None;
                scanner.object(|scanner, name| {
                    match name.as_ref() {
                        "type" => kind = string(scanner)?,
                        _ => drop(scanner.skip()?),
                    }
                    Ok::<_, Fault>(())
                })?;
                self.columns.push((column.into_owned(), kind.unwrap_or_default().into_owned()));
                Ok::<_, Error>(())
            }),
            ("primary-key", Kind::Array) => {
                let mut key = Vec::new();
                scanner.array(|scanner| {
                    let column = string(scanner)?.filter(|column| !column.is_empty());
                    key.push(column.ok_or_else(|| bad_definition("a key column has no name"))?.into_owned());
                    Ok::<_, Error>(())
                })?;
                self.key = Some(key);
                Ok(())
            }
            ("columns", _) => Err(bad_definition("columns is no object")),
            ("primary-key", _) => Err(bad_definition("primary-key is no list")),
            _ => scanner.skip().map(|_| ()).map_err(Error::from),
        }
    }

    /// Whether this can be the whole table: no table lacks the columns of its own key.
    pub(super) fn holds(&self, key: &[String]) -> bool {
        let columns: HashSet<&str> = self.columns.iter().map(|(column, _)| column.as_str()).collect();
        !columns.is_empty() && key.iter().all(|name| columns.contains(name.as_str()))
    }
}

fn bad_definition(what: &str) -> Error {
    Error::poison(
        Code::BadTableDefinition,
        format!("The control record's table-def is not as DMS writes it: {what}."),
    )
}
