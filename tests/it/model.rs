//! A database in memory, a source of change events without a wire format, and two with one: what the laws run on.

use rowtide::catalogue::{Catalogue, TableSchema};
use rowtide::config::Config;
use rowtide::decode::{Decoded, Decoder, Decoders, Outline, Reason};
use rowtide::error::{Code, Error, ErrorKind, Result};
use rowtide::event::ChangeEvent;
use rowtide::json::Value;
use rowtide::materialize::{Binding, Cause, DeadLetter, Deadline, Materializer, RowOutcome, Truncation};
use rowtide::pipeline::{Flow, process};
use rowtide::plan::{Action, Dialect, Row, Statement, merge};
use rowtide::record::Record;
use rowtide::report::{Outcome, Report};
use rowtide::source::SourceIdentity;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

/// What a call to the database does instead of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails and nothing happened.
    Before,
    /// It fails after half of its rows, or letters, were stored. Letters go all or none.
    Halfway,
    /// It fails, but everything was stored.
    After,
}

/// A row as the storage table holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) version: String,
    /// The document, members sorted as jsonb has no order; `None` on a tombstone.
    pub(crate) document: Option<Value>,
}

type Rows = BTreeMap<(String, String), Stored>;
type LetterId = (String, String, u32, String);

#[derive(Debug, Default, Clone)]
pub(crate) struct State {
    /// By target and canonical key.
    pub(crate) rows: Rows,
    /// By source, position, sub and payload.
    pub(crate) letters: BTreeMap<LetterId, DeadLetter>,
    /// By target: what a truncate has removed everything below.
    floors: BTreeMap<String, String>,
    pub(crate) schemas: BTreeMap<String, TableSchema>,
    /// What the first change said of each target.
    bindings: BTreeMap<String, Binding>,
    pub(crate) calls: usize,
}

/// Whether the database refuses to hold a document under a key at a version.
pub(crate) type Refuses = dyn Fn(&str, &str, Option<&Value>) -> bool + Send + Sync;

/// A database that guards by version as PostgreSQL's statements do.
pub(crate) struct Memory {
    state: Mutex<State>,
    refuses: Arc<Refuses>,
    /// By number of the call, counted over all methods.
    faults: BTreeMap<usize, Fault>,
    /// Letters that others of the same source parked in the last ten minutes.
    pub(crate) parked_by_others: u64,
    /// How often each call lets other workers go first.
    pauses: Vec<u8>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::default(),
            refuses: Arc::new(|_, _, _| false),
            faults: BTreeMap::new(),
            parked_by_others: 0,
            pauses: Vec::new(),
        }
    }

    pub(crate) fn refusing(
        mut self,
        refuses: impl Fn(&str, &str, Option<&Value>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.refuses = Arc::new(refuses);
        self
    }

    pub(crate) fn failing(mut self, faults: BTreeMap<usize, Fault>) -> Self {
        self.faults = faults;
        self
    }

    pub(crate) fn pausing(mut self, pauses: Vec<u8>) -> Self {
        self.pauses = pauses;
        self
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn rows(&self) -> Rows {
        self.state().rows.clone()
    }

    /// The view: what is not deleted, by target and key, as JSON text.
    pub(crate) fn view(&self) -> BTreeMap<(String, String), String> {
        let live = |(at, row): (_, Stored)| Some((at, row.document?.to_text()));
        self.rows().into_iter().filter_map(live).collect()
    }

    pub(crate) fn letters(&self) -> Vec<DeadLetter> {
        self.state().letters.values().cloned().collect()
    }

    pub(crate) fn parked_positions(&self) -> BTreeSet<String> {
        self.letters().into_iter().map(|letter| letter.position).collect()
    }

    /// Starts a call: whether it must fail, and how.
    async fn call(&self) -> Result<Option<Fault>> {
        let number = {
            let mut state = self.state();
            state.calls += 1;
            state.calls - 1
        };
        let pauses = self.pauses.get(number % self.pauses.len().max(1)).copied().unwrap_or_default();
        for _ in 0..pauses {
            tokio::task::yield_now().await;
        }
        match self.faults.get(&number) {
            Some(Fault::Before) => Err(transient()),
            fault => Ok(fault.copied()),
        }
    }

    /// Writes rows together or not at all; the row that this makes of each.
    fn write(
        &self,
        rows: &mut Rows,
        floor: Option<&String>,
        statement: &Statement,
        unit: &[&Row],
    ) -> Vec<RowOutcome> {
        let at = |row: &Row| (statement.target.qualified(), row.key.clone());
        let fresh: Vec<(&Row, Stored)> = unit
            .iter()
            .filter(|row| floor.is_none_or(|floor| *floor < row.version))
            .filter(|row| rows.get(&at(row)).is_none_or(|stored| stored.version < row.version))
            .map(|row| (*row, next(statement.action, row, rows.get(&at(row)))))
            .collect();
        if fresh.iter().any(|(row, stored)| (self.refuses)(&row.key, &row.version, stored.document.as_ref()))
        {
            let error = Arc::new(Error::new(
                ErrorKind::Rejected,
                Code::Other("check_violation"),
                "The row is refused.",
            ));
            return vec![RowOutcome::Refused(error); unit.len()];
        }
        let written: HashSet<String> = fresh.iter().map(|(row, _)| row.key.clone()).collect();
        rows.extend(fresh.into_iter().map(|(row, stored)| (at(row), stored)));
        let outcome = |row: &&Row| match written.contains(&row.key) {
            true => RowOutcome::Applied,
            false => RowOutcome::Stale,
        };
        unit.iter().map(outcome).collect()
    }
}

/// What a row becomes.
fn next(action: Action, row: &Row, stored: Option<&Stored>) -> Stored {
    let document = match action {
        Action::Upsert if row.deleted => None,
        Action::Upsert => {
            let (_, data) = merge(&row.pk, row.data.as_deref(), &row.aux).unwrap();
            Some(data.expect("a live row has a document"))
        }
        Action::Patch => {
            let base = stored.and_then(|stored| stored.document.clone()).unwrap_or(Value::Object(Vec::new()));
            Some(row.patch.as_ref().expect("a patch").apply(base))
        }
    };
    Stored { version: row.version.clone(), document: document.map(sorted) }
}

pub(crate) fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> =
                members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members)
        }
        Value::Array(elements) => Value::Array(elements.into_iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn transient() -> Error {
    Error::new(ErrorKind::Unavailable, Code::Unavailable, "The database is away.")
}

impl Materializer for Memory {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn prepare(&self, binding: &Binding, _: Deadline) -> Result<()> {
        self.call().await?.map_or(Ok(()), |_| Err(transient()))?;
        let mut state = self.state();
        let known =
            state.bindings.entry(binding.target.qualified()).or_insert_with(|| binding.clone()).clone();
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

    async fn sources(&self, _: Deadline) -> Result<Vec<(String, SourceIdentity)>> {
        self.call().await?.map_or(Ok(()), |_| Err(transient()))?;
        let state = self.state();
        Ok(state.bindings.values().map(|it| (it.target.source.clone(), it.source.clone())).collect())
    }

    async fn apply(&self, statement: &Statement, _: Deadline) -> Result<Vec<RowOutcome>> {
        let fault = self.call().await?;
        let keys: HashSet<&str> = statement.rows.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys.len(), statement.rows.len(), "no key twice in a statement");
        let mut units: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, row) in statement.rows.iter().enumerate() {
            units.entry(row.unit).or_default().push(index);
        }
        let done = if fault == Some(Fault::Halfway) { units.len() / 2 } else { units.len() };
        let mut outcomes = vec![RowOutcome::Stale; statement.rows.len()];
        let mut state = self.state();
        let floor = state.floors.get(&statement.target.qualified()).cloned();
        for indices in units.values().take(done) {
            let unit: Vec<&Row> = indices.iter().map(|&index| &statement.rows[index]).collect();
            for (&index, outcome) in
                indices.iter().zip(self.write(&mut state.rows, floor.as_ref(), statement, &unit))
            {
                outcomes[index] = outcome;
            }
        }
        if fault.is_some() { Err(transient()) } else { Ok(outcomes) }
    }

    async fn truncate(&self, truncation: &Truncation, _: Deadline) -> Result<RowOutcome> {
        let fault = self.call().await?;
        let mut state = self.state();
        let (target, version) = (truncation.target.qualified(), &truncation.version);
        let floor = state.floors.entry(target.clone()).or_default();
        if *floor >= *version {
            return if fault.is_some() { Err(transient()) } else { Ok(RowOutcome::Stale) };
        }
        version.clone_into(floor);
        let below =
            state.rows.iter_mut().filter(|((name, _), row)| *name == target && row.version < *version);
        below.for_each(|(_, row)| *row = Stored { version: version.clone(), document: None });
        if fault.is_some() { Err(transient()) } else { Ok(RowOutcome::Applied) }
    }

    async fn schemas(&self, _: Deadline) -> Result<Vec<TableSchema>> {
        if self.call().await?.is_some() {
            return Err(transient());
        }
        Ok(self.state().schemas.values().cloned().collect())
    }

    async fn learn(&self, schemas: &[TableSchema], _: Deadline) -> Result<()> {
        let fault = self.call().await?;
        let mut state = self.state();
        for schema in schemas {
            let known = state.schemas.entry(schema.table.clone()).or_insert_with(|| schema.clone());
            if known.observed_at < schema.observed_at {
                *known = schema.clone();
            }
        }
        if fault.is_some() { Err(transient()) } else { Ok(()) }
    }

    async fn blocked(&self, keys: &[(String, String)], _: Deadline) -> Result<HashSet<(String, String)>> {
        if self.call().await?.is_some() {
            return Err(transient());
        }
        let state = self.state();
        let parked: HashSet<_> = state
            .letters
            .values()
            .filter_map(|letter| letter.table.clone().zip(letter.key.clone()))
            .collect();
        Ok(keys.iter().filter(|key| parked.contains(*key)).cloned().collect())
    }

    async fn parked_lately(
        &self,
        source: &str,
        cause: Cause<'_>,
        letters: &[DeadLetter],
        _: Deadline,
    ) -> Result<u64> {
        if self.call().await?.is_some() {
            return Err(transient());
        }
        let same = |a: &DeadLetter, b: &DeadLetter| {
            (&a.position, a.sub, &a.payload_sha256) == (&b.position, b.sub, &b.payload_sha256)
        };
        let own = |letter: &&DeadLetter| {
            let again = letters.iter().any(|other| same(other, letter));
            let is_fault = Code::named(&letter.code).is_some_and(Code::is_fault);
            let is_of_cause = match cause {
                Cause::Poison => !is_fault,
                Cause::Fault(table) => is_fault && letter.table.as_deref() == table,
            };
            letter.source == source && letter.code != "blocked" && is_of_cause && !again
        };
        let count = self.state().letters.values().filter(own).count();
        Ok(self.parked_by_others + u64::try_from(count).unwrap())
    }

    async fn park(&self, letters: &[DeadLetter], _: Deadline) -> Result<()> {
        let fault = self.call().await?;
        if fault != Some(Fault::Halfway) {
            let id = |letter: &DeadLetter| {
                let (source, position) = (letter.source.clone(), letter.position.clone());
                (source, position, letter.sub, letter.payload_sha256.clone())
            };
            let mut state = self.state();
            for letter in letters {
                // what waits behind itself keeps the cause it was parked for
                let known = state.letters.entry(id(letter)).or_insert_with(|| letter.clone());
                if letter.code != "blocked" {
                    known.code.clone_from(&letter.code);
                }
            }
        }
        if fault.is_some() { Err(transient()) } else { Ok(()) }
    }
}

/// Runs one batch to its end.
pub(crate) fn take(flow: &Flow, sink: &Memory, records: &[Record]) -> Report {
    runtime().block_on(process(flow, sink, records, Deadline::never()))
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

/// Every record durable, and nothing went wrong.
pub(crate) fn is_done(report: &Report) -> bool {
    let lost = report.outcomes.contains(&Outcome::Failed);
    report.failure().is_none() && report.stopped().is_none() && report.failed_position().is_none() && !lost
}

/// A decoder whose records say by number which change events they carry.
pub(crate) struct Script(pub(crate) Vec<Vec<ChangeEvent>>);

impl Decoder for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn about(&self) -> &'static str {
        "a script of a test"
    }

    fn recognises(&self, _: &rowtide::decode::Outline<'_>) -> bool {
        true
    }

    fn decode(&self, record: &Record, _: &Outline<'_>, _: &Catalogue) -> Result<Decoded> {
        match std::str::from_utf8(&record.payload).unwrap() {
            "poison" => Err(Error::poison(Code::Other("poison"), "The record is poison.")),
            "nothing" => Ok(Decoded::Ignored(Reason::Heartbeat)),
            number => Ok(Decoded::Events(self.0[number.parse::<usize>().unwrap()].clone())),
        }
    }
}

/// A flow and a batch of records that carry these change events.
pub(crate) fn script(events: Vec<Vec<ChangeEvent>>) -> (Flow, Vec<Record>) {
    let records = (0..events.len()).map(|n| Record::new("script", n.to_string(), n.to_string())).collect();
    (Flow::with_decoders(&Config::default(), Decoders::pinned(Box::new(Script(events)))), records)
}

/// A change of the item `id`, as its source made it.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) id: u8,
    /// `None` when it was deleted.
    pub(crate) value: Option<u32>,
}

impl Item {
    fn members(&self) -> String {
        let id = format!(r#""Keys":{{"id":{{"S":"{}"}}}}"#, self.id);
        let image =
            |value| format!(r#","NewImage":{{"id":{{"S":"{}"}},"value":{{"N":"{value}"}}}}"#, self.id);
        format!("{id}{}", self.value.map(image).unwrap_or_default())
    }

    fn name(&self) -> &'static str {
        if self.value.is_some() { "MODIFY" } else { "REMOVE" }
    }

    /// As DynamoDB Streams sends it.
    pub(crate) fn through_streams(&self, sequence_number: &str) -> Record {
        const ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026-01-01T00:00:00.000";
        let payload = format!(
            r#"{{"eventName":"{}","eventSourceARN":"{ARN}","dynamodb":{{"SequenceNumber":"{sequence_number}","StreamViewType":"NEW_IMAGE",{}}}}}"#,
            self.name(),
            self.members()
        );
        Record::new(ARN, sequence_number, payload)
    }

    /// As «Kinesis Data Streams for DynamoDB» writes it.
    pub(crate) fn through_kinesis(&self, micros: u64, sequence_number: &str) -> Record {
        let payload = format!(
            r#"{{"eventName":"{}","tableName":"t","recordFormat":"application/json","dynamodb":{{"ApproximateCreationDateTime":{micros},"ApproximateCreationDateTimePrecision":"MICROSECOND",{}}}}}"#,
            self.name(),
            self.members()
        );
        Record::new("arn:aws:kinesis:eu-west-1:123456789012:stream/s", sequence_number, payload)
    }

    /// Where the view shows it, and what.
    pub(crate) fn place(&self) -> (String, String) {
        ("public.t".to_owned(), format!("[\"{}\"]", self.id))
    }
}
