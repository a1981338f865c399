//! A sink that writes nothing: it looks up what is stored of each row that it is given, and notes what differs.

use crate::catalogue::TableSchema;
use crate::deadline::Deadline;
use crate::decimal::is_same_value;
use crate::error::{Code, Error, Result};
use crate::json::Value;
use crate::plan::{PlannedRow, Write, merge};
use crate::sink::{Binding, Cause, Database, DeadLetter, KnownTarget, RowOutcome, Sink, Store, StoredRow};
use crate::source::SourceIdentity;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is wrong with a row of the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The source has it, the sink has not, or has it as deleted.
    Missing,
    /// Both have it, and these members of the document are not equal.
    Different(Vec<String>),
    /// The sink has it, the source has not.
    Extra,
    /// The source has it, and no sink can take it, for this reason.
    Unfit(Code),
}

/// The rows that a source has, compared with those that are stored.
pub(super) struct Comparer<'a> {
    database: &'a Database,
    target: &'a KnownTarget,
    /// Whether stored rows are looked up, or only keys are noted.
    compares: bool,
    /// Whether what is stored in a newer version is no difference.
    forgives_newer: bool,
    hasher: RandomState,
    now: Mutex<Seen>,
}

/// What was seen.
#[derive(Default)]
struct Seen {
    /// Hashes of the keys of all rows of the source.
    keys: Vec<u64>,
    /// Rows that have one.
    taken: u64,
    /// What differs among the rows since it was asked last, by canonical key.
    found: Vec<(String, Kind)>,
    /// Whether a row could not be read so far that its key is known.
    has_nameless: bool,
    /// Rows that are stored in a newer version, and forgiven.
    newer: u64,
    /// The greatest version of the rows of the source.
    newest: String,
}

impl<'a> Comparer<'a> {
    pub(super) fn new(database: &'a Database, target: &'a KnownTarget) -> Self {
        Self {
            database,
            target,
            compares: true,
            forgives_newer: false,
            hasher: RandomState::new(),
            now: Mutex::default(),
        }
    }

    /// One that only notes which keys the source has.
    pub(super) fn of_keys(self) -> Self {
        Self { compares: false, now: Mutex::default(), ..self }
    }

    /// One to which it is no difference what the sink has in a newer version.
    pub(super) fn forgiving_newer(self) -> Self {
        Self { forgives_newer: true, ..self }
    }

    /// How many rows are stored in a newer version, and differ.
    pub(super) fn newer(&self) -> u64 {
        self.now().newer
    }

    /// Whether a version is newer than all rows of the source.
    pub(super) fn is_newer(&self, version: &str) -> bool {
        version > self.now().newest.as_str()
    }

    fn now(&self) -> MutexGuard<'_, Seen> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What differs among the rows since it was asked last.
    pub(super) fn take(&self) -> Vec<(String, Kind)> {
        std::mem::take(&mut self.now().found)
    }

    /// Notes that so many rows of the source have a key; those of one key in one batch come as one.
    pub(super) fn taken(&self, rows: u64) {
        self.now().taken += rows;
    }

    /// Ends the noting of keys: whether the source has a key can be asked from now on. Gives how many rows there were
    /// beyond one for each key.
    pub(super) fn sort_keys(&self) -> u64 {
        let mut now = self.now();
        now.keys.sort_unstable();
        now.keys.dedup();
        now.taken.saturating_sub(u64::try_from(now.keys.len()).unwrap_or(u64::MAX))
    }

    /// Whether the source has a row of this key. Of two keys with one hash of 64 bits, one may be taken for the other.
    pub(super) fn has_key(&self, key: &str) -> bool {
        self.now().keys.binary_search(&self.hasher.hash_one(key)).is_ok()
    }

    /// Whether the source has a row whose key nobody knows.
    pub(super) fn has_nameless(&self) -> bool {
        self.now().has_nameless
    }

    async fn compare(&self, rows: &[PlannedRow]) -> Result<Vec<(String, Kind)>> {
        let keys: Vec<String> = rows.iter().map(|row| row.key.clone()).collect();
        let stored = self.database.stored_rows(self.target, &keys).await?;
        let stored: HashMap<&str, &StoredRow> = stored.iter().map(|row| (row.key.as_str(), row)).collect();
        let mut found = Vec::new();
        for row in rows {
            let stored = stored.get(row.key.as_str());
            let live = stored.filter(|stored| !stored.row.deleted);
            let kind = match live {
                Some(_) if row.deleted => Some(Kind::Extra),
                None if row.deleted => None,
                Some(stored) => different(row, stored)?,
                None => Some(Kind::Missing),
            };
            let is_newer = self.forgives_newer && stored.is_some_and(|stored| stored.version > row.version);
            match kind {
                Some(_) if is_newer => self.now().newer += 1,
                kind => found.extend(kind.map(|kind| (row.key.clone(), kind))),
            }
        }
        if let Some(newest) = rows.iter().map(|row| &row.version).max() {
            let mut now = self.now();
            if *newest > now.newest {
                now.newest.clone_from(newest);
            }
        }
        Ok(found)
    }
}

/// How a stored row differs, if it does.
fn different(row: &PlannedRow, stored: &StoredRow) -> Result<Option<Kind>> {
    let unreadable = |_| Error::config("A stored document cannot be read. Was it edited by hand?");
    let (_, document) =
        merge(&stored.row.pk, stored.row.data.as_deref(), &stored.row.aux).map_err(unreadable)?;
    let stored = document.unwrap_or(Value::Object(Vec::new()));
    let expected = Value::parse(row.data.as_deref().unwrap_or("{}")).map_err(unreadable)?;
    let fields = differing(&expected, &stored);
    Ok((!fields.is_empty()).then_some(Kind::Different(fields)))
}

/// The members of two documents that are not equal.
fn differing(expected: &Value, stored: &Value) -> Vec<String> {
    let (Value::Object(expected), Value::Object(stored)) = (expected, stored) else {
        return if is_same(expected, stored) { Vec::new() } else { vec![String::new()] };
    };
    let stored: HashMap<&str, &Value> = stored.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let known: HashSet<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
    let is_other = |(name, value): &&(String, Value)| {
        stored.get(name.as_str()).is_none_or(|stored| !is_same(value, stored))
    };
    let mut fields: Vec<String> = expected.iter().filter(is_other).map(|(name, _)| name.clone()).collect();
    fields.extend(stored.keys().filter(|name| !known.contains(**name)).map(|name| (*name).to_owned()));
    fields.sort_unstable();
    fields
}

fn is_same(one: &Value, other: &Value) -> bool {
    is_same_value(one, other, |_, _| false)
}

impl Sink for Comparer<'_> {
    type Store = Self;

    fn store(&self) -> Option<&Self> {
        Some(self)
    }

    async fn prepare(&self, _: &Binding, _: Deadline) -> Result<()> {
        Ok(())
    }

    async fn apply(&self, write: &Write, _: Deadline) -> Result<Vec<RowOutcome>> {
        let rows = write.rows.iter().filter(|row| !row.deleted);
        let hashes = rows.map(|row| self.hasher.hash_one(row.key.as_str()));
        self.now().keys.extend(hashes);
        if self.compares {
            let found = self.compare(&write.rows).await?;
            self.now().found.extend(found);
        }
        Ok(vec![RowOutcome::Applied; write.rows.len()])
    }
}

/// The books of a sink that writes nothing: what would be parked is noted as a difference.
impl Store for Comparer<'_> {
    async fn load_schemas(&self, _: Deadline) -> Result<Vec<TableSchema>> {
        Ok(Vec::new())
    }

    async fn record_schemas(&self, _: &[TableSchema], _: Deadline) -> Result<()> {
        Ok(())
    }

    async fn sources(&self, _: Deadline) -> Result<Vec<(String, SourceIdentity)>> {
        Ok(Vec::new())
    }

    async fn blocked(&self, _: &[(String, String)], _: Deadline) -> Result<HashSet<(String, String)>> {
        Ok(HashSet::new())
    }

    async fn parked_lately(&self, _: &str, _: Cause<'_>, _: &[DeadLetter], _: Deadline) -> Result<u64> {
        Ok(0)
    }

    async fn park(&self, letters: &[DeadLetter], _: Deadline) -> Result<()> {
        let unfit = letters.iter().map(|letter| {
            (letter.key.clone().unwrap_or_else(|| letter.position.clone()), Kind::Unfit(letter.code))
        });
        let mut now = self.now();
        now.found.extend(unfit);
        now.has_nameless |= letters.iter().any(|letter| letter.key.is_none());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::differing;
    use crate::json::Value;

    #[test]
    fn documents_differ_by_value_and_not_by_how_they_are_written() {
        let fields = |one: &str, other: &str| {
            differing(&Value::parse(one).unwrap(), &Value::parse(other).unwrap()).join(" ")
        };
        let table = [
            (r#"{"a":1,"b":[1.10,{"c":null}]}"#, r#"{"b":[1.1,{"c":null}],"a":1.0}"#, ""),
            (r#"{"a":1}"#, r#"{"a":"1"}"#, "a"),
            (r#"{"a":null}"#, "{}", "a"),
            ("{}", r#"{"a":null}"#, "a"),
            (r#"{"a":1e400,"b":1e-320}"#, r#"{"a":10e399,"b":0.1e-319}"#, ""),
            (r#"{"a":1e400}"#, r#"{"a":1e401}"#, "a"),
            (
                r#"{"n":12345678901234567890123456789012345678.1}"#,
                r#"{"n":12345678901234567890123456789012345678.2}"#,
                "n",
            ),
            (r#"{"a":[1,2],"b":"x"}"#, r#"{"a":[2,1],"b":"y"}"#, "a b"),
        ];
        for (one, other, expected) in table {
            assert_eq!(fields(one, other), expected, "{one} {other}");
        }
    }
}
