//! A database in memory, for the tests of whoever embeds the flow.

use super::contract::{Binding, Cause, RowOutcome, Sink, Store, Truncation};
use super::letters::DeadLetter;
use crate::catalogue::TableSchema;
use crate::deadline::Deadline;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::json::Value;
use crate::plan::{Action, PlannedRow, Write};
use crate::source::SourceIdentity;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A row as [`Memory`] keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryRow {
    /// The version of the last change.
    pub version: String,
    /// The document without its key, its members in the order of their names; `None` on a tombstone.
    pub document: Option<Value>,
}

/// By target and canonical key.
type Rows = BTreeMap<(String, String), MemoryRow>;
/// Whether a document under a key at a version is refused.
type Refuses = dyn Fn(&str, &str, Option<&Value>) -> bool + Send + Sync;

#[derive(Default)]
struct State {
    rows: Rows,
    /// By source, position, number and digest of the payload.
    letters: BTreeMap<(String, String, u32, String), DeadLetter>,
    /// By target: what a truncate has removed everything below.
    floors: BTreeMap<String, String>,
    /// By source table.
    schemas: BTreeMap<String, TableSchema>,
    /// What the first change said of each target.
    bindings: BTreeMap<String, Binding>,
}

/// A database that guards rows by their versions as the statements of the real ones do, and keeps the same books.
/// Nothing outlives it.
///
/// ```
/// use rowtide::config::Config;
/// use rowtide::deadline::Deadline;
/// use rowtide::pipeline::{Flow, process};
/// use rowtide::record::Record;
/// use rowtide::sink::Memory;
///
/// let change = |position: &str, value: u32| {
///     let payload = format!(
///         r#"{{"eventName":"MODIFY","tableName":"t","recordFormat":"application/json","dynamodb":{{
///             "ApproximateCreationDateTime":{position},"ApproximateCreationDateTimePrecision":"MICROSECOND",
///             "Keys":{{"id":{{"S":"a"}}}},"NewImage":{{"id":{{"S":"a"}},"value":{{"N":"{value}"}}}}}}}}"#
///     );
///     Record::new("arn:aws:kinesis:eu-west-1:123456789012:stream/s", position, payload)
/// };
/// let records = [
///     change("1767225600000002", 2),
///     change("1767225600000001", 1),
///     Record::new("arn:aws:kinesis:eu-west-1:123456789012:stream/s", "3", "no change"),
/// ];
///
/// let (flow, memory) = (Flow::new(&Config::default())?, Memory::new());
/// let report = tokio::runtime::Builder::new_current_thread()
///     .build()?
///     .block_on(process(&flow, &memory, &records, Deadline::never()));
///
/// assert_eq!(report.into_result()?.parked, 1);
/// assert_eq!(memory.letters()[0].position, "3");
/// let live: Vec<_> = memory.live().into_iter().collect();
/// let place = ("public.t".to_owned(), r#"["a"]"#.to_owned());
/// assert_eq!(live, [(place, r#"{"value":2}"#.to_owned())]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Memory {
    state: Mutex<State>,
    refuses: Option<Box<Refuses>>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").field("rows", &self.state().rows).finish_non_exhaustive()
    }
}

impl Memory {
    /// One that is empty and refuses nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, refusing the rows of which `refuses` says so by key, version and document, as a constraint does. Rows
    /// that are written together are refused together.
    #[must_use]
    pub fn refusing(
        mut self,
        refuses: impl Fn(&str, &str, Option<&Value>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.refuses = Some(Box::new(refuses));
        self
    }

    /// Every row, deleted ones too, by target (`schema.name`) and canonical key.
    #[must_use]
    pub fn rows(&self) -> BTreeMap<(String, String), MemoryRow> {
        self.state().rows.clone()
    }

    /// What is not deleted, by target and canonical key: the documents as JSON texts.
    #[must_use]
    pub fn live(&self) -> BTreeMap<(String, String), String> {
        let live = |(at, row): (_, MemoryRow)| Some((at, row.document?.to_text()));
        self.rows().into_iter().filter_map(live).collect()
    }

    /// The parked records.
    #[must_use]
    pub fn letters(&self) -> Vec<DeadLetter> {
        self.state().letters.values().cloned().collect()
    }

    /// What sources said of their tables.
    #[must_use]
    pub fn schemas(&self) -> Vec<TableSchema> {
        self.state().schemas.values().cloned().collect()
    }

    /// Puts a row there as if it had been written, without asking its version.
    pub fn put(&self, target: &str, key: &str, row: MemoryRow) {
        self.state().rows.insert((target.to_owned(), key.to_owned()), row);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes rows together or not at all; what became of each.
    fn write(&self, state: &mut State, write: &Write, unit: &[&PlannedRow]) -> Result<Vec<RowOutcome>> {
        let target = write.target.qualified();
        let floor = state.floors.get(&target).map(String::as_str).unwrap_or_default();
        let mut fresh: Vec<(&str, MemoryRow)> = Vec::new();
        for row in unit.iter().filter(|row| floor < row.version.as_str()) {
            let stored = state.rows.get(&(target.clone(), row.key.clone()));
            if stored.is_none_or(|stored| stored.version < row.version) {
                fresh.push((&row.key, next(write.action, row, stored)?));
            }
        }
        let is_refused = |(key, row): &(&str, MemoryRow)| {
            self.refuses.as_ref().is_some_and(|refuses| refuses(key, &row.version, row.document.as_ref()))
        };
        if fresh.iter().any(is_refused) {
            let error = Arc::new(Error::new(ErrorKind::Rejected, Code::Rejected, "The row is refused."));
            return Ok(vec![RowOutcome::Refused(error); unit.len()]);
        }
        let written: HashSet<&str> = fresh.iter().map(|(key, _)| *key).collect();
        let outcome = |row: &&PlannedRow| match written.contains(row.key.as_str()) {
            true => RowOutcome::Applied,
            false => RowOutcome::Stale,
        };
        let outcomes = unit.iter().map(outcome).collect();
        state.rows.extend(fresh.into_iter().map(|(key, row)| ((target.clone(), key.to_owned()), row)));
        Ok(outcomes)
    }
}

/// What a row becomes.
fn next(action: Action, row: &PlannedRow, stored: Option<&MemoryRow>) -> Result<MemoryRow> {
    let document = match action {
        Action::Upsert if row.deleted => None,
        Action::Upsert => {
            let unreadable =
                |fault| Error::poison(Code::NotJson, format!("A document cannot be read: {fault}."));
            row.data.as_deref().map(Value::parse).transpose().map_err(unreadable)?
        }
        Action::Patch => {
            let stored = stored.and_then(|stored| stored.document.clone());
            let base = stored.unwrap_or(Value::Object(Vec::new()));
            Some(row.patch.clone().unwrap_or_default().apply(base))
        }
    };
    Ok(MemoryRow { version: row.version.clone(), document: document.map(in_order) })
}

/// The same with its members in the order of their names, so that equal documents are equal.
fn in_order(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> =
                members.into_iter().map(|(name, value)| (name, in_order(value))).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members)
        }
        Value::Array(elements) => Value::Array(elements.into_iter().map(in_order).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

impl Sink for Memory {
    type Store = Self;

    fn store(&self) -> Option<&Self> {
        Some(self)
    }

    async fn prepare(&self, binding: &Binding, _: Deadline) -> Result<()> {
        let mut state = self.state();
        let known = state.bindings.entry(binding.target.qualified()).or_insert_with(|| binding.clone());
        let code = if known.key_names != binding.key_names {
            Code::ChangedKey
        } else if known.scheme != binding.scheme {
            Code::OtherScheme
        } else if known.source.conflicts_with(&binding.source) {
            Code::OtherSource
        } else {
            return Ok(());
        };
        Err(Error::fault(code, "The target was filled with other changes."))
    }

    async fn apply(&self, write: &Write, _: Deadline) -> Result<Vec<RowOutcome>> {
        let mut units: BTreeMap<usize, Vec<(usize, &PlannedRow)>> = BTreeMap::new();
        for (index, row) in write.rows.iter().enumerate() {
            units.entry(row.unit).or_default().push((index, row));
        }
        let mut state = self.state();
        let mut outcomes: HashMap<usize, RowOutcome> = HashMap::new();
        for unit in units.into_values() {
            let (indices, rows): (Vec<usize>, Vec<&PlannedRow>) = unit.into_iter().unzip();
            outcomes.extend(indices.into_iter().zip(self.write(&mut state, write, &rows)?));
        }
        let outcome = |index| outcomes.remove(&index).unwrap_or(RowOutcome::Stale);
        Ok((0..write.rows.len()).map(outcome).collect())
    }

    async fn truncate(&self, truncation: &Truncation, _: Deadline) -> Result<RowOutcome> {
        let mut state = self.state();
        let (target, version) = (truncation.target.qualified(), &truncation.version);
        let floor = state.floors.entry(target.clone()).or_default();
        if *floor >= *version {
            return Ok(RowOutcome::Stale);
        }
        version.clone_into(floor);
        let below =
            state.rows.iter_mut().filter(|((name, _), row)| *name == target && row.version < *version);
        below.for_each(|(_, row)| *row = MemoryRow { version: version.clone(), document: None });
        Ok(RowOutcome::Applied)
    }
}

impl Store for Memory {
    async fn load_schemas(&self, _: Deadline) -> Result<Vec<TableSchema>> {
        Ok(self.schemas())
    }

    async fn record_schemas(&self, schemas: &[TableSchema], _: Deadline) -> Result<()> {
        let mut state = self.state();
        for schema in schemas {
            let known = state.schemas.entry(schema.table.clone()).or_insert_with(|| schema.clone());
            if known.observed_at < schema.observed_at {
                known.clone_from(schema);
            }
        }
        Ok(())
    }

    async fn sources(&self, _: Deadline) -> Result<Vec<(String, SourceIdentity)>> {
        let state = self.state();
        Ok(state.bindings.values().map(|it| (it.target.source.clone(), it.source.clone())).collect())
    }

    async fn blocked(&self, keys: &[(String, String)], _: Deadline) -> Result<HashSet<(String, String)>> {
        let state = self.state();
        let parked: HashSet<_> = state
            .letters
            .values()
            .filter_map(|letter| letter.table.clone().zip(letter.key.clone()))
            .collect();
        Ok(keys.iter().filter(|key| parked.contains(*key)).cloned().collect())
    }

    /// Of all that was ever parked: it has no clock.
    async fn parked_lately(
        &self,
        source: &str,
        cause: Cause<'_>,
        letters: &[DeadLetter],
        _: Deadline,
    ) -> Result<u64> {
        let same = |a: &DeadLetter, b: &DeadLetter| {
            (&a.position, a.sub, &a.payload_sha256) == (&b.position, b.sub, &b.payload_sha256)
        };
        let own = |letter: &&DeadLetter| {
            let again = letters.iter().any(|other| same(other, letter));
            let is_fault = letter.code.is_fault();
            let is_of_cause = match cause {
                Cause::Poison => !is_fault,
                Cause::Fault(table) => is_fault && letter.table.as_deref() == table,
            };
            letter.source == source && letter.code != Code::Blocked && is_of_cause && !again
        };
        let count = self.state().letters.values().filter(own).count();
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    async fn park(&self, letters: &[DeadLetter], _: Deadline) -> Result<()> {
        let mut state = self.state();
        for letter in letters {
            let (source, position) = (letter.source.clone(), letter.position.clone());
            let id = (source, position, letter.sub, letter.payload_sha256.clone());
            // what waits behind itself keeps the cause it was parked for
            let known = state.letters.entry(id).or_insert_with(|| letter.clone());
            if letter.code != Code::Blocked {
                known.code = letter.code;
            }
        }
        Ok(())
    }
}
