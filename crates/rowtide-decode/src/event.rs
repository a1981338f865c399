//! The normalized change event: what every decoder yields and everything behind it works with.

use crate::decimal;
use crate::error::{Code, Error, Result};
use crate::json::{self, Value};
use crate::source::{SourceIdentity, SourceTable};
use crate::version::Version;
use serde::ser::{Error as _, SerializeMap as _};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::fmt::{self, Write as _};

/// A point in time, in microseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Reads a number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by magnitude.
    /// Exact: no float is involved. `None` when it is no number, or beyond the year 9999.
    ///
    /// Magnitudes below 10^11 are seconds, below 10^14 milliseconds, below 10^17 microseconds, else nanoseconds.
    #[must_use]
    pub fn from_epoch(text: &str) -> Option<Self> {
        // what AWS writes: microseconds, or seconds with up to three decimals
        let (seconds, decimals) = text.split_once('.').unwrap_or((text, ""));
        match (seconds.parse::<i64>(), decimals.len()) {
            (Ok(count @ 100_000_000_000_000..100_000_000_000_000_000), 0) => return Some(Self(count)),
            (Ok(count @ 0..100_000_000_000), 1..=3) if decimals.bytes().all(|byte| byte.is_ascii_digit()) => {
                let scale = [100_000, 10_000, 1_000].get(decimals.len() - 1).copied().unwrap_or_default();
                return Some(Self(count * 1_000_000 + decimals.parse::<i64>().unwrap_or_default() * scale));
            }
            _ => {}
        }
        let plain = crate::decimal::canonical(text).ok()?;
        let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
        let magnitude: u128 = whole.trim_start_matches('-').parse().ok()?;
        let shift: i32 = match magnitude {
            0..100_000_000_000 => 6,
            100_000_000_000..100_000_000_000_000 => 3,
            100_000_000_000_000..100_000_000_000_000_000 => 0,
            _ => -3,
        };
        let micros = match usize::try_from(shift) {
            Ok(places) => format!("{whole}{fraction:0<places$.places$}").parse().ok()?,
            Err(_) => whole.parse::<i128>().ok()?.div_euclid(1_000),
        };
        let micros = i64::try_from(micros).ok()?;
        (-62_135_596_800_000_000..253_402_300_800_000_000).contains(&micros).then_some(Self(micros))
    }

    /// Reads a point in time as RFC 3339 writes it, `2024-07-11T23:23:53.012995Z`; digits below a microsecond are cut
    /// off. `None` when it is no such text.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|time| Self(time.as_microsecond()))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 with six decimals, as `2024-07-11T23:23:53.012995Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(time) => write!(f, "{time:.6}"),
            Err(_) => write!(f, "{}µs", self.0),
        }
    }
}

/// Longest canonical text of a key that is stored as it is; PostgreSQL's b-tree stops at 2,704 bytes.
const KEY_TEXT_MAX: usize = 1_024;

/// A row's identity: the key's members in the byte order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    members: Vec<(String, String)>,
    canonical: String,
}

impl Key {
    fn bytes(&self) -> usize {
        let of_member =
            |(name, value): &(String, String)| name.len() + value.len() + size_of::<(String, String)>();
        self.canonical.len() + self.members.iter().map(of_member).sum::<usize>()
    }

    /// A key of (name, canonical JSON text) members. Numbers must be plain decimals ([`crate::decimal::canonical`]).
    ///
    /// # Errors
    /// When there is no member, or two of the same name.
    pub fn new(mut members: Vec<(String, String)>) -> Result<Self> {
        members.sort_unstable();
        if members.is_empty() {
            return Err(Error::poison(Code::NoKey, "The record has no key."));
        }
        let names = || members.iter().map(|(name, _)| name);
        if names().zip(names().skip(1)).any(|(a, b)| a == b) {
            return Err(Error::poison(Code::DuplicateKeyMember, "The record names a key member twice."));
        }
        let length: usize = members.iter().map(|(_, value)| value.len() + 1).sum();
        let mut canonical = String::with_capacity(length + 1);
        for (_, value) in &members {
            canonical.push(if canonical.is_empty() { '[' } else { ',' });
            canonical.push_str(value);
        }
        canonical.push(']');
        if canonical.len() > KEY_TEXT_MAX {
            canonical = format!("sha256:{}", hex(&Sha256::digest(&canonical)));
        }
        Ok(Self { members, canonical })
    }

    /// The key that a JSON object holds.
    ///
    /// # Errors
    /// When it holds none, or a number that is too large for one.
    pub fn from_json(object: &str) -> Result<Self> {
        let no_object = || Error::poison(Code::NoKey, "A key is a JSON object.");
        let Ok(Value::Object(members)) = Value::parse(object) else { return Err(no_object()) };
        let member = |(name, value)| match &value {
            Value::Number(number) => {
                let too_large = |_| Error::poison(Code::NumberOutOfRange, "A number is too large for a key.");
                Ok((name, decimal::canonical(number).map_err(too_large)?))
            }
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                Ok((name, value.to_text()))
            }
        };
        Self::new(members.into_iter().map(member).collect::<Result<_>>()?)
    }

    /// This key with more members.
    ///
    /// # Errors
    /// When one of their names is there already.
    pub fn with(self, members: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        Self::new(self.members.into_iter().chain(members).collect())
    }

    /// The canonical text: equal for equal keys, different for different ones.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.canonical
    }

    /// The members' names, in byte order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| name.as_str())
    }

    /// The members: name, and the value's JSON text, in the byte order of the names.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The JSON text of a member's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.members().find(|(member, _)| *member == name).map(|(_, value)| value)
    }

    /// What the members' values are, in the order of their names.
    pub fn types(&self) -> impl Iterator<Item = &'static str> {
        self.members.iter().map(|(_, value)| match value.as_bytes().first() {
            Some(b'"') => "text",
            Some(b't' | b'f') => "boolean",
            Some(b'n') => "null",
            Some(b'[') => "array",
            Some(b'{') => "object",
            _ => "number",
        })
    }

    /// The key as a JSON object.
    #[must_use]
    pub fn to_json(&self) -> String {
        object(self.members(), self.canonical.len() + 64)
    }
}

/// An object of members; `bytes` is about what it comes to.
fn object<'m>(members: impl Iterator<Item = (&'m str, &'m str)>, bytes: usize) -> String {
    let mut out = String::with_capacity(bytes);
    out.push('{');
    for (name, value) in members {
        if out.len() > 1 {
            out.push(',');
        }
        json::write_string(&mut out, name);
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
    out
}

/// Lower-case hexadecimal digits of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // writing to a String cannot fail
        write!(out, "{byte:02x}").unwrap_or_default();
    }
    out
}

/// The bytes that hexadecimal digits stand for; none when there is anything else.
#[must_use]
pub fn bytes_of_hex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// A full image without its key: members in the order of the source, values as JSON text. What it lacks, the row lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    names: String,
    values: String,
    ends: Vec<(usize, usize)>,
}

/// Below it, a tree of a document's values is not worth counting.
const TREE_BYTES_MIN: usize = 1 << 20;

impl Document {
    /// An empty document with room for so many bytes of values.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            names: String::with_capacity(128),
            values: String::with_capacity(bytes),
            ends: Vec::with_capacity(16),
        }
    }

    fn bytes(&self) -> usize {
        let members = self.ends.capacity() * size_of::<(usize, usize)>();
        // where values must be changed, they are made into a tree
        let is_large = self.values.len() > TREE_BYTES_MIN;
        let values = if is_large { memchr::memchr_iter(b',', self.values.as_bytes()).count() } else { 0 };
        self.names.capacity() + self.values.capacity() + members + values * size_of::<json::Value>()
    }

    fn name(&self, at: usize) -> &str {
        let end = |at: usize| self.ends.get(at).map_or(0, |(name, _)| *name);
        let start = at.checked_sub(1).map_or(0, end);
        self.names.get(start..end(at)).unwrap_or_default()
    }

    /// Appends a member; `write` appends the value's JSON text.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn push<E>(&mut self, name: &str, write: impl FnOnce(&mut String) -> Result<(), E>) -> Result<(), E> {
        write(&mut self.values)?;
        self.names.push_str(name);
        self.ends.push((self.names.len(), self.values.len()));
        Ok(())
    }

    /// The document that a JSON object holds; of several members with one name the last.
    ///
    /// # Errors
    /// When `object` is no JSON object.
    pub fn from_json(object: &str) -> Result<Self> {
        let no_object = || Error::poison(Code::BadImage, "A document is a JSON object.");
        let Ok(Value::Object(members)) = Value::parse(object) else { return Err(no_object()) };
        let mut document = Self::default();
        members.iter().for_each(|(name, value)| document.append(name, &value.to_text()));
        document.keep_last();
        Ok(document)
    }

    /// The JSON text of a member's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.members().find(|(member, _)| *member == name).map(|(_, value)| value)
    }

    /// The members: name, and the value's JSON text.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        let starts = std::iter::once((0, 0)).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| {
            let name = self.names.get(start.0..end.0).unwrap_or_default();
            (name, self.values.get(start.1..end.1).unwrap_or_default())
        })
    }

    /// The document as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        object(self.members(), self.names.len() + self.values.len() + 4 * self.ends.len() + 2)
    }

    /// This document with only the members that `keep` accepts.
    #[must_use]
    pub fn filtered(&self, mut keep: impl FnMut(&str) -> bool) -> Self {
        let mut kept = Self::default();
        for (name, value) in self.members().filter(|(name, _)| keep(name)) {
            kept.append(name, value);
        }
        kept
    }

    /// Appends a member whose value is given as JSON text.
    pub fn append(&mut self, name: &str, value: &str) {
        self.values.push_str(value);
        self.names.push_str(name);
        self.ends.push((self.names.len(), self.values.len()));
    }

    /// Of members with one name keeps the last. Not by `json::keep_last`: their names and values are one text each.
    pub(crate) fn keep_last(&mut self) {
        let repeated = json::repeated_names(self.ends.len(), |at| self.name(at));
        if !repeated.is_empty() {
            let mut at = 0;
            *self = self.filtered(|_| {
                at += 1;
                repeated.binary_search(&(at - 1)).is_err()
            });
        }
    }
}

/// As a map of its members, numbers with every digit.
impl serde::Serialize for Document {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.ends.len()))?;
        for (name, text) in self.members() {
            map.serialize_entry(name, serde_json::from_str::<&RawValue>(text).map_err(S::Error::custom)?)?;
        }
        map.end()
    }
}

/// Some paths of a document: a partial image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patch {
    /// JSON Pointers (RFC 6901, from the document's root) and the JSON text each is set to, in order. Objects that
    /// are missing on the way are made.
    pub set: Vec<(String, String)>,
    /// JSON Pointers to remove; one that is not there is no error.
    pub remove: Vec<String>,
}

impl Patch {
    fn bytes(&self) -> usize {
        let set = self.set.iter().map(|(at, value)| at.len() + value.len() + size_of::<(String, String)>());
        let remove = self.remove.iter().map(|at| at.len() + size_of::<String>());
        set.chain(remove).sum()
    }

    /// The document `base` (any JSON value; what is not an object counts as `{}`) with this patch applied: what is
    /// removed first, then what is set.
    #[must_use]
    pub fn apply(&self, base: Value) -> Value {
        let mut document = if matches!(base, Value::Object(_)) { base } else { Value::Object(Vec::new()) };
        for pointer in &self.remove {
            remove(&mut document, &tokens(pointer));
        }
        for (pointer, text) in &self.set {
            let value = Value::parse(text).unwrap_or(Value::Null);
            set(&mut document, &tokens(pointer), value);
        }
        document
    }

    /// The patch as JSON text: an object `set` from JSON Pointers to values, and an array `remove` of JSON Pointers.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut set = Document::default();
        for (pointer, value) in &self.set {
            set.append(pointer, value);
        }
        let mut out = format!("{{\"set\":{},\"remove\":[", set.to_json());
        for (index, pointer) in self.remove.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            json::write_string(&mut out, pointer);
        }
        out.push_str("]}");
        out
    }
}

/// The reference tokens of a JSON Pointer, unescaped. Source: RFC 6901.
#[must_use]
pub fn tokens(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
}

/// `name` as a reference token of a JSON Pointer. Source: RFC 6901.
#[must_use]
pub fn token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn remove(value: &mut Value, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    match value {
        Value::Object(members) if rest.is_empty() => members.retain(|(name, _)| name != first),
        Value::Object(members) => {
            if let Some((_, below)) = members.iter_mut().find(|(name, _)| name == first) {
                remove(below, rest);
            }
        }
        Value::Array(elements) => {
            let Ok(index) = first.parse::<usize>() else { return };
            if rest.is_empty() && index < elements.len() {
                elements.remove(index);
            } else if let Some(below) = elements.get_mut(index) {
                remove(below, rest);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Elements that a patch may add to an array beyond its end, so that one hostile index cannot fill the memory.
const ARRAY_GROWTH_MAX: usize = 10_000;

/// Puts `new` at a path of member names and indexes, making objects on the way where there is nothing. An array grows
/// by a bounded number of elements.
pub fn set(value: &mut Value, path: &[String], new: Value) {
    let Some((first, rest)) = path.split_first() else {
        *value = new;
        return;
    };
    if let Value::Array(elements) = value
        && let Ok(index) = first.parse::<usize>()
        && index < elements.len() + ARRAY_GROWTH_MAX
    {
        if index >= elements.len() {
            elements.resize(index + 1, Value::Null);
        }
        if let Some(below) = elements.get_mut(index) {
            set(below, rest, new);
        }
        return;
    }
    if !matches!(value, Value::Object(_)) {
        *value = Value::Object(Vec::new());
    }
    let Value::Object(members) = value else { return };
    match members.iter_mut().find(|(name, _)| name == first) {
        Some((_, below)) => set(below, rest, new),
        None => {
            let mut below = Value::Null;
            set(&mut below, rest, new);
            members.push((first.clone(), below));
        }
    }
}

/// What happened to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A full image: replaces the document. Only a decoder that holds every attribute of the row may make one.
    Put(Document),
    /// A partial image: merges into the stored document.
    Patch(Patch),
    /// The row is gone; with its last image when the source sends it.
    Delete(Option<Document>),
    /// Everything in the table that is older is gone; the event's key is empty.
    Truncate,
}

impl Change {
    /// The word that outputs use.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Put(_) => "put",
            Self::Patch(_) => "patch",
            Self::Delete(_) => "delete",
            Self::Truncate => "truncate",
        }
    }
}

/// One normalized change of one row.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ChangeEvent {
    /// The source table, as the source names it.
    pub table: String,
    /// Which source that is, as far as the record tells.
    pub source: SourceIdentity,
    /// The row's identity; `None` only for [`Change::Truncate`].
    pub key: Option<Key>,
    /// What happened.
    pub change: Change,
    /// The row as it was before an update, without its key, where the record tells it and
    /// [`Settings::before_images`](crate::decode::Settings::before_images) asks for it, and as far as the source sends
    /// it: PostgreSQL has all columns with `REPLICA IDENTITY FULL` only. Of a source that sends the columns that
    /// changed, the others are taken from the row as it is. What cannot be read is left out. A delete has it in
    /// `change`.
    pub before: Option<Document>,
    /// The place in the source's order of this key's changes.
    pub version: Version,
    /// When it happened, if the source tells.
    pub changed_at: Option<Timestamp>,
    /// The source's own identifier of the event, if any.
    pub event_id: Option<String>,
    /// Who did it, if the source says (DynamoDB: the `principalId`).
    pub actor: Option<String>,
    /// Whether the source's own expiry (time to live) deleted the row.
    pub expired: bool,
    /// Events of one record with the same number are one change of a key: delete(old) and put(new), never split.
    pub pair: Option<u32>,
    /// What the record leaves open, of which a person should know.
    pub caveat: Option<Caveat>,
    /// Whether a route had it before, and its key and its fields are what that made of them: it comes from an archive.
    pub is_routed: bool,
}

/// What a record leaves open: it is taken as it stands, and a warning says so once a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caveat {
    /// The source's clock is so coarse that two changes of the key may share a version's time.
    CoarseClock,
    /// A negative number in this column may be one of 64 bits without a sign, which the source wrote with one.
    PerhapsUnsigned(String),
}

impl ChangeEvent {
    /// The memory that it takes up, about.
    pub(crate) fn bytes(&self) -> usize {
        let of_change = match &self.change {
            Change::Put(document) | Change::Delete(Some(document)) => document.bytes(),
            Change::Patch(patch) => patch.bytes(),
            Change::Delete(None) | Change::Truncate => 0,
        };
        let of_key = self.key.as_ref().map_or(0, Key::bytes);
        let before = self.before.as_ref().map_or(0, Document::bytes);
        size_of::<Self>() + self.table.len() + self.version.as_str().len() + 2 * of_key + of_change + before
    }

    /// An event of which no more is known than what every event has.
    #[must_use]
    pub fn new(table: impl Into<String>, key: Option<Key>, change: Change, version: Version) -> Self {
        Self {
            table: table.into(),
            source: SourceIdentity::default(),
            key,
            change,
            before: None,
            version,
            changed_at: None,
            event_id: None,
            actor: None,
            expired: false,
            pair: None,
            caveat: None,
            is_routed: false,
        }
    }

    /// The source table, with what tells its source from others.
    #[must_use]
    pub fn source_table(&self) -> SourceTable<'_> {
        SourceTable::new(&self.table, &self.source)
    }

    /// The row as a type of your own: the members of its key and of its document, whatever the format; of a delete, the
    /// row that was deleted, where the source sends it. Numbers have every digit of the source: read them into a type
    /// that holds them, or into [`serde_json::value::RawValue`].
    ///
    /// ```
    /// use rowtide_decode::decode::Settings;
    /// use rowtide_decode::decoders::Decoders;
    /// use rowtide_decode::record::Record;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Order { id: String, total: f64 }
    ///
    /// let payload = r#"{"eventName":"INSERT","tableName":"orders","recordFormat":"application/json","dynamodb":{
    ///     "ApproximateCreationDateTime":1720740233012995,"ApproximateCreationDateTimePrecision":"MICROSECOND",
    ///     "Keys":{"id":{"S":"o-1"}},"NewImage":{"id":{"S":"o-1"},"total":{"N":"9.5"}}}}"#;
    /// let record = Record::new("orders-stream", "1", payload);
    /// for event in Decoders::named("dynamodb-kinesis", &Settings::default())?.events(&record) {
    ///     let order: Order = event?.deserialize()?;
    ///     assert_eq!((order.id.as_str(), order.total), ("o-1", 9.5));
    /// }
    /// # Ok::<(), rowtide_decode::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the event carries no whole row, as a patch and a truncate do not; or the row does not fit `T`: the message
    /// names the field.
    pub fn deserialize<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        let (Change::Put(document) | Change::Delete(Some(document))) = &self.change else {
            return Err(Error::poison(Code::NoImage, "The change event carries no whole row."));
        };
        self.read_row(document)
    }

    /// The row as it was [before](Self::before) an update, as [`ChangeEvent::deserialize`] gives the row as it is;
    /// `None` when that is not told. When the update changed the key, its members are the new ones.
    ///
    /// # Errors
    /// When the row does not fit `T`: the message names the field.
    pub fn deserialize_before<T: serde::de::DeserializeOwned>(&self) -> Result<Option<T>> {
        self.before.as_ref().map(|document| self.read_row(document)).transpose()
    }

    fn read_row<T: serde::de::DeserializeOwned>(&self, document: &Document) -> Result<T> {
        let of_key = self.key.iter().flat_map(Key::members);
        let row =
            object(of_key.chain(document.members()), document.values.len() + document.names.len() + 256);
        // the library's own message quotes values
        serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(&row)).map_err(|error| {
            let message = match error.path().to_string() {
                whole if whole == "." => "The row does not fit the type that it is read into.".to_owned(),
                path => format!("The row does not fit the type that it is read into, at {path}."),
            };
            Error::poison(Code::ImageMisfit, message).about(&self.table, self.key.as_ref().map(Key::as_str))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Patch, Timestamp};
    use crate::json::Value;

    #[test]
    fn times_are_told_apart_by_magnitude_and_keep_their_digits() {
        let table = [
            ("1545084650.987", "2018-12-17T22:10:50.987000Z"),
            ("1545084650.98", "2018-12-17T22:10:50.980000Z"),
            ("1545084650.1234567", "2018-12-17T22:10:50.123456Z"),
            ("1545084650", "2018-12-17T22:10:50.000000Z"),
            ("1.5E9", "2017-07-14T02:40:00.000000Z"),
            ("1.545084650987E9", "2018-12-17T22:10:50.987000Z"),
            ("1720740233012", "2024-07-11T23:23:53.012000Z"),
            ("1720740233012995", "2024-07-11T23:23:53.012995Z"),
            ("1720740233012995123", "2024-07-11T23:23:53.012995Z"),
            ("0", "1970-01-01T00:00:00.000000Z"),
        ];
        for (text, time) in table {
            assert_eq!(Timestamp::from_epoch(text).unwrap().to_string(), time, "{text}");
        }
        for text in ["", "x", "1e30", "NaN"] {
            assert_eq!(Timestamp::from_epoch(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_is_read_from_json_as_records_give_it() {
        let key = |text: &str| Key::from_json(text).map(|key| key.as_str().to_owned());
        assert_eq!(key(r#"{"b": 1.50, "a": "x\u0041"}"#).unwrap(), r#"["xA",1.5]"#);
        for text in ["", "[1]", "{}", r#"{"a":1e999}"#] {
            assert!(key(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_does_not_depend_on_the_order_of_its_members() {
        let key = |a: (&str, &str), b: (&str, &str)| {
            Key::new(vec![(a.0.into(), a.1.into()), (b.0.into(), b.1.into())]).unwrap()
        };
        let key_ab = key(("a", "1"), ("b", "\"x\""));
        assert_eq!(key_ab, key(("b", "\"x\""), ("a", "1")));
        assert_eq!(key_ab.as_str(), r#"[1,"x"]"#);
        assert_eq!(key_ab.to_json(), r#"{"a":1,"b":"x"}"#);
    }

    #[test]
    fn a_long_key_becomes_its_digest() {
        let key = |length| Key::new(vec![("id".into(), format!("\"{}\"", "k".repeat(length)))]).unwrap();
        assert_eq!(key(1_020).as_str().len(), 1_024);
        assert_eq!(key(1_021).as_str().len(), "sha256:".len() + 64);
        assert_ne!(key(1_021).as_str(), key(1_022).as_str());
    }

    #[test]
    fn a_patch_removes_then_sets_and_makes_what_is_missing() {
        let check = |base: &str, set: &[(&str, &str)], remove: &[&str], expect: &str| {
            let own = |text: &&str| (*text).to_owned();
            let set = set.iter().map(|(pointer, text)| (own(pointer), own(text))).collect();
            let patch = Patch { set, remove: remove.iter().map(own).collect() };
            assert_eq!(patch.apply(Value::parse(base).unwrap()).to_text(), expect);
        };
        check(r#"{"a":1}"#, &[("/b/c", "2")], &[], r#"{"a":1,"b":{"c":2}}"#);
        check(r#"{"a":1,"b":2}"#, &[], &["/a", "/x/y"], r#"{"b":2}"#);
        check(r#"{"a":[1,2]}"#, &[("/a/1", "9"), ("/a/3", "4")], &[], r#"{"a":[1,9,null,4]}"#);
        check("null", &[("/a~1b/~0", "1")], &[], r#"{"a/b":{"~":1}}"#);
        check(r#"{"a":5}"#, &[("/a/b", "1")], &[], r#"{"a":{"b":1}}"#);
    }
}
