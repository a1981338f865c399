//! Rows of named columns, as relational sources send them, taken apart into key and document; and how the members of
//! records are read that hold them. Knows no format.

use super::LazyObject;
use crate::catalogue::Identity;
use crate::decimal;
use crate::error::{Code, Error, Result};
use crate::event::{Document, Key, Patch, token};
use crate::json::{Fault, Scanner};
use crate::unpack::TOO_LARGE;
use crate::values::copy::copy;
use std::borrow::Cow;
use std::collections::HashSet;

/// The most columns that a key may have; MySQL allows 16, PostgreSQL 32, Db2 64. Rows are read in the time of their
/// columns times those of the key.
pub(crate) const KEY_COLUMNS_MAX: usize = 64;

/// The error of a record of more parts or rows than there is memory for.
pub(crate) fn too_large() -> Error {
    let (code, message) = TOO_LARGE;
    Error::poison(code, message)
}

/// The error of a key that no database can have.
pub(crate) fn too_many_key_columns(table: &str) -> Error {
    let message = format!("The key of {table} has more than {KEY_COLUMNS_MAX} columns.");
    Error::poison(Code::TooManyKeyColumns, message)
}

/// Reads the members of a payload's object: name, and text of the value.
///
/// # Errors
/// When the payload is not JSON, or no object.
pub(crate) fn members<'a>(object: &LazyObject<'a>, mut each: impl FnMut(&str, &'a str)) -> Result<()> {
    each_member(object, |scanner, name| {
        each(name, scanner.skip()?);
        Ok(())
    })
}

/// The members of a payload's object as far as they can be read, to say whose row a broken record concerns. The value
/// in which it breaks goes up to the end.
pub(crate) fn readable_members<'a>(object: &LazyObject<'a>, mut each: impl FnMut(&str, &'a str)) {
    let read = each_member(object, |scanner, name| {
        let start = scanner.clone();
        let value = scanner.skip();
        let rest = || start.since_here(&start.at_end()).trim_ascii_start();
        each(name, value.unwrap_or_else(|_| rest()));
        value.map(drop)
    });
    // that it is broken is known already
    read.unwrap_or_default();
}

/// As [`readable_members`]; `each` reads the value, and what is broken in it says nothing.
pub(crate) fn readable<'a, E>(
    object: &LazyObject<'a>,
    mut each: impl FnMut(&mut Scanner<'a>, &str) -> Result<(), E>,
) {
    readable_members(object, |name, value| each(&mut Scanner::new(value), name).unwrap_or_default());
}

/// As [`members`]; `each` must read the value.
///
/// # Errors
/// As [`members`].
pub(crate) fn each_member<'a>(
    object: &LazyObject<'a>,
    each: impl FnMut(&mut Scanner<'a>, &str) -> Result<(), Fault>,
) -> Result<()> {
    if object.read(each)? {
        Ok(())
    } else {
        Err(Error::poison(Code::NotAChangeRecord, "The record is JSON, but no object."))
    }
}

/// The characters of a value that is a string.
pub(crate) fn string(value: Option<&str>) -> Option<Cow<'_, str>> {
    Scanner::new(value?).string().ok()
}

/// A value that is there and is not null.
pub(crate) fn present(value: Option<&str>) -> Option<&str> {
    value.filter(|text| *text != "null")
}

/// The elements of an array of strings; `None` when it is something else.
pub(crate) fn strings(value: &str) -> Option<Vec<String>> {
    let mut elements = Vec::new();
    let read = Scanner::new(value).array(|scanner| {
        elements.push(scanner.string()?.into_owned());
        Ok::<_, Fault>(())
    });
    read.is_ok().then_some(elements)
}

/// Whether a value is written as a whole number in its one way.
fn is_plain(value: &str) -> bool {
    let digits = value.as_bytes();
    matches!(digits, [b'0'] | [b'1'..=b'9', ..]) && digits.len() < 20 && digits.iter().all(u8::is_ascii_digit)
}

/// How much of a row an image holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completeness {
    /// Every column that has a value.
    Whole,
    /// Every column or some of them, and the record does not say which.
    Unsure,
    /// Some columns.
    Part,
}

/// A row of a table, its key apart from the rest.
#[derive(Debug)]
pub(crate) struct Row<'i> {
    identity: &'i Identity,
    is_key_only: bool,
    /// Whether the row as it was is told too.
    pub(crate) keeps_before: bool,
    columns: RowColumns,
    /// How much of the row was read.
    pub(crate) image: Completeness,
}

/// The columns of a row.
#[derive(Debug, Default)]
pub(crate) struct RowColumns {
    key: Vec<(String, String)>,
    /// How many columns of the key have something behind them: what has not may be cut off.
    whole: usize,
    document: Document,
}

impl<'i> Row<'i> {
    /// A row without columns.
    pub(crate) fn new(identity: &'i Identity) -> Self {
        let columns = RowColumns::default();
        Self { identity, is_key_only: false, keeps_before: false, columns, image: Completeness::Whole }
    }

    /// A row that takes only the columns of its key.
    pub(crate) fn of_key(identity: &'i Identity) -> Self {
        Self { is_key_only: true, ..Self::new(identity) }
    }

    /// This row as it was, still without columns. It takes all of them where that is told, else those of the key.
    pub(crate) fn before(&self) -> Self {
        Self { is_key_only: !self.keeps_before, keeps_before: self.keeps_before, ..Self::new(self.identity) }
    }

    /// Whether it takes only the columns of its key.
    pub(crate) fn is_key_only(&self) -> bool {
        self.is_key_only
    }

    /// Its columns, without what makes the row one row.
    pub(crate) fn into_columns(self) -> RowColumns {
        self.columns
    }

    /// Takes columns that were read before, in the place of its own.
    pub(crate) fn replace(&mut self, columns: RowColumns) {
        self.columns = columns;
    }

    /// Makes room for so many bytes of values.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        if !self.is_key_only {
            self.columns.document = Document::with_capacity(bytes);
        }
    }

    /// What makes a row of the table one row.
    pub(crate) fn identity(&self) -> &'i Identity {
        self.identity
    }

    /// Whether a column is part of the key.
    pub(crate) fn is_key(&self, name: &str) -> bool {
        match self.identity {
            Identity::Columns(names) => names.iter().any(|key| key == name),
            Identity::Position => false,
            Identity::Row => true,
        }
    }

    /// Adds a column, if it is wanted; `write` appends its value as compact JSON text.
    ///
    /// # Errors
    /// Those of `write`, and a value that cannot be part of a key.
    pub(crate) fn add(&mut self, name: &str, write: impl FnOnce(&mut String) -> Result<()>) -> Result<()> {
        if !self.is_key(name) {
            return self.add_beside_key(name, write);
        }
        let mut value = String::new();
        write(&mut value)?;
        self.columns.key.push((name.to_owned(), key_value(name, value)?));
        Ok(())
    }

    /// Adds a column that is no part of the key, whatever it is called.
    ///
    /// # Errors
    /// Those of `write`.
    pub(crate) fn add_beside_key(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut String) -> Result<()>,
    ) -> Result<()> {
        if self.is_key_only { Ok(()) } else { self.columns.document.push(name, write) }
    }

    /// Adds the columns of a JSON object, with their values as they are.
    ///
    /// # Errors
    /// As [`Row::add`] and [`copy`].
    pub(crate) fn add_all(&mut self, object: &str) -> Result<()> {
        self.add_object(&mut Scanner::new(object), |scanner, _, out| copy(scanner, out))
    }

    /// Adds the columns of the JSON object that comes next; `write` reads a value and appends it as compact JSON text.
    ///
    /// # Errors
    /// As [`Row::add`].
    pub(crate) fn add_object<'a>(
        &mut self,
        scanner: &mut Scanner<'a>,
        write: impl Fn(&mut Scanner<'a>, &str, &mut String) -> Result<()>,
    ) -> Result<()> {
        self.reserve(scanner.bytes_left());
        scanner.object(|scanner, name| {
            self.columns.whole = self.columns.key.len();
            if self.is_key_only && !self.is_key(&name) {
                return scanner.skip().map(drop).map_err(Error::from);
            }
            self.add(&name, |out| write(scanner, &name, out))
        })?;
        self.columns.whole = self.columns.key.len();
        Ok(())
    }

    /// Forgets the column that was read last, where nothing stands behind it.
    pub(crate) fn forget_cut_off(&mut self) {
        self.columns.key.truncate(self.columns.whole);
    }

    /// Whether a column of the key is there.
    pub(crate) fn has_key(&self) -> bool {
        !self.columns.key.is_empty()
    }

    /// Whether a column beyond the key is there.
    pub(crate) fn has_document(&self) -> bool {
        self.columns.document.members().next().is_some()
    }

    /// The row's key.
    ///
    /// # Errors
    /// When a column of it is missing, null or there twice.
    pub(crate) fn key(&self) -> Result<Key> {
        key(self.identity, self.columns.key.clone())
    }

    /// As [`Row::key`], of a row that is not asked again.
    ///
    /// # Errors
    /// As [`Row::key`].
    pub(crate) fn take_key(&mut self) -> Result<Key> {
        key(self.identity, std::mem::take(&mut self.columns.key))
    }

    /// The key of this row when the columns in `before` still had the values they have there; `None` when no column of
    /// the key is among them that differs.
    ///
    /// # Errors
    /// As [`Row::key`].
    pub(crate) fn key_before(&self, before: &Self) -> Result<Option<Key>> {
        let (now, before) = (&self.columns.key, &before.columns.key);
        let is_same = before.len() == 1 && before.iter().all(|member| now.contains(member));
        if before.is_empty() || is_same {
            return Ok(None);
        }
        let changed: HashSet<&str> = before.iter().map(|(name, _)| name.as_str()).collect();
        let kept = now.iter().filter(|(name, _)| !changed.contains(name.as_str())).cloned();
        let members = kept.chain(before.iter().cloned()).collect();
        key(self.identity, members).map(Some)
    }

    /// The columns beyond the key of a row as it was, where that is told and there are any.
    pub(crate) fn image(self) -> Option<Document> {
        (self.keeps_before && self.has_document()).then(|| self.document())
    }

    /// The same of this row, when the columns in `before` still had the values they have there; of a row that is not
    /// known as a whole, these alone.
    pub(crate) fn image_before(&self, before: Self) -> Option<Document> {
        let is_told = before.keeps_before && (before.has_key() || before.has_document());
        if !is_told || self.image != Completeness::Whole {
            return before.image();
        }
        let told = before.document();
        let mut image = self.columns.document.filtered(|name| told.get(name).is_none());
        told.members().for_each(|(name, value)| image.append(name, value));
        image.keep_last();
        Some(image)
    }

    /// The columns beyond the key.
    pub(crate) fn document(self) -> Document {
        let mut document = self.columns.document;
        document.keep_last();
        document
    }

    /// The columns beyond the key, as a change of just these.
    pub(crate) fn patch(self) -> Patch {
        let document = self.document();
        let set = document.members().map(|(name, value)| (pointer(name), value.to_owned()));
        Patch { set: set.collect(), remove: Vec::new() }
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

/// The canonical text of a column of the key by the compact text of its value. What is neither text nor number stays as
/// the source writes it: PostgreSQL has keys of arrays and documents, and writes each value in one way.
fn key_value(name: &str, value: String) -> Result<String> {
    let is_number = matches!(value.as_bytes().first(), Some(b'-' | b'0'..=b'9'));
    if !is_number || is_plain(&value) {
        return Ok(value);
    }
    decimal::canonical(&value).map_err(|_| {
        Error::poison(Code::NumberOutOfRange, format!("The number in {name} is too large for a key."))
    })
}

/// Refuses the text of a value of the key that is an object or array, where nobody promises that one value is always
/// written in one way.
pub(crate) fn refuse_nested(name: &str, value: &str) -> Result<()> {
    if value.starts_with(['{', '[']) {
        let message = format!("The column {name} of the key is neither text nor number nor boolean.");
        return Err(Error::poison(Code::BadKey, message));
    }
    Ok(())
}

fn key(identity: &Identity, members: Vec<(String, String)>) -> Result<Key> {
    if let Identity::Columns(names) = identity {
        for name in names {
            let Some((_, value)) = members.iter().find(|(member, _)| member == name) else {
                let message = format!("The row has no column {name}, which is part of its key.");
                return Err(Error::poison(Code::MissingKey, message));
            };
            if value == "null" {
                return Err(Error::poison(Code::NullKey, format!("The column {name} of the key is null.")));
            }
        }
    }
    Key::new(members)
}

#[cfg(test)]
mod tests {
    use super::{Row, strings};
    use crate::catalogue::Identity;

    fn columns(names: &[&str]) -> Identity {
        Identity::Columns(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_key_that_is_not_whole_is_refused() {
        let identity = columns(&["a", "b"]);
        let check = |object: &str| {
            let mut row = Row::new(&identity);
            row.add_all(object)
                .and_then(|()| row.key())
                .map(|key| key.to_json())
                .map_err(|error| error.code().as_str())
        };
        assert_eq!(check(r#"{"a":1.0,"x":2,"b":"B"}"#).unwrap(), r#"{"a":1,"b":"B"}"#);
        assert_eq!(check(r#"{"a":1,"x":2}"#), Err("missing_key"));
        assert_eq!(check(r#"{"a":1,"b":null}"#), Err("null_key"));
        assert_eq!(check(r#"{"a":1,"b":2,"a":3}"#), Err("duplicate_key_member"));
        assert_eq!(check(r#"{"a":1E999,"b":2}"#), Err("number_out_of_range"));
        assert_eq!(check(r#"{"a":1.50,"b":true}"#).unwrap(), r#"{"a":1.5,"b":true}"#);
        assert_eq!(check(r#"{"a":-0,"b":-100}"#).unwrap(), r#"{"a":0,"b":-100}"#);
        assert_eq!(check(r#"{"a":[ 1 ],"b":{"x":1}}"#).unwrap(), r#"{"a":[1],"b":{"x":1}}"#);
    }

    #[test]
    fn the_key_before_takes_what_did_not_change_from_the_row() {
        let identity = columns(&["a", "b"]);
        let mut row = Row::new(&identity);
        row.add_all(r#"{"a":1,"b":2,"x":3}"#).unwrap();
        let before = |object: &str| {
            let mut before = Row::of_key(&identity);
            before.add_all(object).unwrap();
            row.key_before(&before).unwrap().map(|key| key.to_json())
        };
        assert_eq!(before(r#"{"x":9}"#), None);
        assert_eq!(before(r#"{"x":9,"b":7}"#).unwrap(), r#"{"a":1,"b":7}"#);
        assert_eq!(row.document().to_json(), r#"{"x":3}"#);
    }

    #[test]
    fn a_key_is_read_whatever_stands_beside_it_but_never_a_part_of_it() {
        let identity = columns(&["a", "b"]);
        let key = |object: &str| {
            let mut row = Row::of_key(&identity);
            if row.add_all(object).is_err() {
                row.forget_cut_off();
            }
            row.key().ok().map(|key| key.as_str().to_owned())
        };
        for whole in [r#"{"a":1,"x":1e999,"b":2}"#, r#"{"a":1,"b":2,"x":"\ud83d"}"#, r#"{"a":1,"b":2,"x":"#] {
            assert_eq!(key(whole).as_deref(), Some("[1,2]"), "{whole}");
        }
        for part in [r#"{"a":1,"b":2"#, r#"{"a":1,"b":"2"#, r#"{"a":1,"b":null}"#, r#"{"a":1}"#, "[1,2]", ""]
        {
            assert_eq!(key(part), None, "{part}");
        }
    }

    #[test]
    fn without_a_key_all_columns_are_the_key_nulls_too() {
        let mut row = Row::new(&Identity::Row);
        row.add_all(r#"{"b":null,"a":[1]}"#).unwrap();
        assert_eq!(row.key().unwrap().to_json(), r#"{"a":[1],"b":null}"#);
        assert!(!row.has_document());
    }

    #[test]
    fn only_an_array_of_strings_is_a_list_of_names() {
        assert_eq!(strings(r#"["a","b"]"#).unwrap(), ["a", "b"]);
        assert_eq!(strings("[]").unwrap().len(), 0);
        for text in [r#"["a",1]"#, "7", "{}", "null", r#""a""#] {
            assert_eq!(strings(text), None, "{text}");
        }
    }
}
