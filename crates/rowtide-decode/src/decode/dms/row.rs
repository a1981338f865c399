//! What a row's record changes, by what makes a row of its table one row.

use super::super::row::{key_of_position, nameless};
use super::{Image, value};
use crate::error::{Code, Error, Result};
use crate::event::{Change, Document, Key, Patch, token};
use crate::record::Record;
use std::borrow::Cow;

/// What DMS did to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Load,
    Insert,
    Update,
    Delete,
}

/// A row's record with what is known of its table.
pub(super) struct Row<'m> {
    pub(super) table: &'m str,
    pub(super) image: &'m Image<'m>,
    pub(super) before: Option<&'m Image<'m>>,
    /// The columns that a control record told, if one did.
    pub(super) columns: &'m [(String, String)],
    /// Columns whose values need a look, by name.
    pub(super) types: Vec<(&'m str, value::ColumnType)>,
    /// Whether the image is the whole row.
    pub(super) is_whole: bool,
}

impl<'m> Row<'m> {
    /// A row that need not be whole, without what it was before.
    pub(super) fn new(table: &'m str, image: &'m Image<'m>, columns: &'m [(String, String)]) -> Self {
        let typed = |(name, kind): &'m (String, String)| Some((name.as_str(), value::ColumnType::of(kind)?));
        let mut types: Vec<(&str, value::ColumnType)> = columns.iter().filter_map(typed).collect();
        types.sort_unstable_by_key(|(name, _)| *name);
        Self { table, image, before: None, columns, types, is_whole: false }
    }

    fn column_type(&self, name: &str) -> Option<value::ColumnType> {
        let at = self.types.binary_search_by_key(&name, |(column, _)| *column).ok()?;
        self.types.get(at).map(|(_, column_type)| *column_type)
    }

    /// The changes of a row with key columns.
    pub(super) fn keyed(&self, operation: Operation, names: &[String]) -> Result<Vec<(Key, Change)>> {
        let key = self.key(names, &[self.image])?;
        Ok(match operation {
            Operation::Load | Operation::Insert => vec![(key, Change::Put(self.document(names)?))],
            Operation::Delete => vec![(key, Change::Delete(None))],
            Operation::Update => {
                let old = self.before.map(|before| self.changed_key(names, before)).transpose()?.flatten();
                let old = old.unwrap_or_else(|| key.clone());
                match (old == key, self.is_whole) {
                    (true, true) => vec![(key, Change::Put(self.document(names)?))],
                    (true, false) => vec![(key, Change::Patch(self.patch(names)?))],
                    (false, true) => {
                        vec![(old, Change::Delete(None)), (key, Change::Put(self.document(names)?))]
                    }
                    (false, false) => return Err(self.partial_key_change()),
                }
            }
        })
    }

    fn partial_key_change(&self) -> Error {
        Error::poison(
            Code::PartialKeyChange,
            format!(
                "The key of a row of {table} has changed, and the record may not hold the whole row. Set images = \
                 \"full\" in the route of {table} if its updates always bring every column, or turn on \
                 IncludeControlDetails and IncludeNullAndEmpty of the target endpoint.",
                table = self.table
            ),
        )
    }

    /// The key by the columns `names`, each from the first image that has it.
    pub(super) fn key(&self, names: &[String], images: &[&Image<'_>]) -> Result<Key> {
        let member = |name: &String| {
            for image in images {
                if let Some(value) = image.key_column(name)? {
                    let part = value::key_part(name, value, self.column_type(name))?;
                    return Ok((name.clone(), part));
                }
            }
            let message = format!("The record of {} lacks the key column {name}.", self.table);
            Err(Error::poison(Code::MissingKey, message))
        };
        Key::new(names.iter().map(member).collect::<Result<_>>()?)
    }

    /// The old key, if `before` has another text of one of its columns; one that it does not have is unchanged.
    fn changed_key(&self, names: &[String], before: &Image<'_>) -> Result<Option<Key>> {
        let mut is_changed = false;
        for name in names {
            let old = before.key_column(name)?;
            is_changed |= old.is_some() && old != self.image.key_column(name)?;
        }
        is_changed.then(|| self.key(names, &[before, self.image])).transpose()
    }

    fn rest(&self, key: &[String]) -> impl Iterator<Item = (&'m str, &'m str)> {
        let is_key = |name: &str| key.iter().any(|column| column == name);
        let columns = self.image.columns.iter().map(|(name, value)| (name.as_ref(), *value));
        columns.filter(move |(name, _)| !is_key(name))
    }

    fn document(&self, key: &[String]) -> Result<Document> {
        let bytes = self.image.columns.iter().map(|(_, value)| value.len()).sum();
        let mut document = Document::with_capacity(bytes);
        for (name, value) in self.rest(key) {
            document.push(name, |out| value::copy(value, self.column_type(name), out))?;
        }
        Ok(document)
    }

    fn patch(&self, key: &[String]) -> Result<Patch> {
        let mut patch = Patch::default();
        for (name, value) in self.rest(key) {
            let mut text = String::with_capacity(value.len());
            value::copy(value, self.column_type(name), &mut text)?;
            patch.set.push((pointer(name), text));
        }
        Ok(patch)
    }

    /// The change of a table in which every insert is a row of its own.
    pub(super) fn by_position(&self, operation: Operation, record: &Record) -> Result<(Key, Change)> {
        if matches!(operation, Operation::Update | Operation::Delete) {
            return Err(nameless(self.table));
        }
        Ok((key_of_position(record, None)?, Change::Put(self.document(&[])?)))
    }

    /// The changes of a table in which all columns together are the key.
    pub(super) fn by_row(&self, operation: Operation) -> Result<Vec<(Key, Change)>> {
        let key_of = |image: &Image<'_>| {
            if image.is_ambiguous() {
                let message = "The record names a column twice, and all columns are the key.";
                return Err(Error::poison(Code::DuplicateKeyMember, message));
            }
            let part = |(name, value): &(Cow<'_, str>, &str)| {
                Ok((name.clone().into_owned(), value::row_part(name, value)?))
            };
            Key::new(image.columns.iter().map(part).collect::<Result<_>>()?)
        };
        // a key of fewer columns would be another one
        if !self.image.has_all(self.columns.iter().map(|(name, _)| name.as_str())) {
            return Err(Error::poison(
                Code::MissingKey,
                format!(
                    "The record of {} lacks a column, and all columns are the key. Set IncludeNullAndEmpty of the \
                     target endpoint.",
                    self.table
                ),
            ));
        }
        let key = key_of(self.image)?;
        let put = Change::Put(Document::default());
        Ok(match operation {
            Operation::Load | Operation::Insert => vec![(key, put)],
            Operation::Delete => vec![(key, Change::Delete(None))],
            Operation::Update => {
                let is_whole = |before: &&Image<'_>| {
                    before.columns.len() == self.image.columns.len() && before.has_all(self.image.names())
                };
                let Some(old) = self.before.filter(is_whole) else {
                    return Err(Error::poison(
                        Code::PartialKeyChange,
                        format!(
                            "A row of {} has changed whose key is all of its columns, and the record does not hold \
                             all of the old ones. Set ColumnFilter of the task's before-image settings to all.",
                            self.table
                        ),
                    ));
                };
                let old = key_of(old)?;
                if old == key { vec![(key, put)] } else { vec![(old, Change::Delete(None)), (key, put)] }
            }
        })
    }
}

/// The JSON Pointer to a member of the document.
fn pointer(name: &str) -> String {
    let mut pointer = String::with_capacity(name.len() + 1);
    pointer.push('/');
    if name.contains(['/', '~']) {
        pointer.push_str(&token(name));
    } else {
        pointer.push_str(name);
    }
    pointer
}
