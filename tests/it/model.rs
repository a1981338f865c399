//! A database in memory, a source of change events without a wire format, and two with one: what the laws run on.

use futures_util::FutureExt as _;
use rowtide::catalogue::{Catalogue, TableSchema};
use rowtide::config::Config;
use rowtide::deadline::Deadline;
use rowtide::decode::{Decoded, Decoder, LazyObject, Reason};
use rowtide::decoders::Decoders;
use rowtide::error::{Code, Error, ErrorKind, Result};
use rowtide::event::ChangeEvent;
use rowtide::json::Value;
use rowtide::pipeline::{Flow, process};
use rowtide::plan::Write;
use rowtide::record::Record;
use rowtide::report::{Outcome, Report};
use rowtide::sink::{Binding, Cause, DeadLetter, RowOutcome, Sink, Store, Truncation};
use rowtide::source::SourceIdentity;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// [`rowtide::sink::Memory`] whose calls fail when they are told to, and let other workers go first.
#[derive(Default)]
pub(crate) struct Memory {
    database: rowtide::sink::Memory,
    /// By number of the call, counted over all methods.
    faults: BTreeMap<usize, Fault>,
    calls: AtomicUsize,
    /// Letters that others of the same source parked in the last ten minutes.
    pub(crate) parked_by_others: u64,
    /// How often each call lets other workers go first.
    pauses: Vec<u8>,
}

/// What the database has is asked of it directly.
impl std::ops::Deref for Memory {
    type Target = rowtide::sink::Memory;

    fn deref(&self) -> &Self::Target {
        &self.database
    }
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Refuses to hold a document under a key at a version.
    pub(crate) fn refusing(
        mut self,
        refuses: impl Fn(&str, &str, Option<&Value>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.database = self.database.refusing(refuses);
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

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    pub(crate) fn parked_positions(&self) -> BTreeSet<String> {
        self.letters().into_iter().map(|letter| letter.position).collect()
    }

    /// Parks a letter as if an earlier batch had.
    pub(crate) fn park_before(&self, letter: DeadLetter) {
        // it waits for nothing, so that this can be called from within a runtime, too
        self.database.park(&[letter], Deadline::never()).now_or_never().unwrap().unwrap();
    }

    /// Starts a call: whether it must fail, and how.
    async fn call(&self) -> Result<Option<Fault>> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let pauses = self.pauses.get(number % self.pauses.len().max(1)).copied().unwrap_or_default();
        for _ in 0..pauses {
            tokio::task::yield_now().await;
        }
        match self.faults.get(&number) {
            Some(Fault::Before) => Err(transient()),
            fault => Ok(fault.copied()),
        }
    }

    /// A call that stores nothing.
    async fn ask(&self) -> Result<()> {
        self.call().await?.map_or(Ok(()), |_| Err(transient()))
    }
}

fn transient() -> Error {
    Error::new(ErrorKind::Unavailable, Code::Unavailable, "The database is away.")
}

impl Sink for Memory {
    type Store = Self;

    fn store(&self) -> Option<&Self> {
        Some(self)
    }

    async fn prepare(&self, binding: &Binding, deadline: Deadline) -> Result<()> {
        self.ask().await?;
        self.database.prepare(binding, deadline).await
    }

    async fn apply(&self, write: &Write, deadline: Deadline) -> Result<Vec<RowOutcome>> {
        let fault = self.call().await?;
        let keys: HashSet<&str> = write.rows.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys.len(), write.rows.len(), "no key twice in a write");
        let mut write = write.clone();
        if fault == Some(Fault::Halfway) {
            let units: BTreeSet<usize> = write.rows.iter().map(|row| row.unit).collect();
            let first: BTreeSet<usize> = units.iter().copied().take(units.len() / 2).collect();
            write.rows.retain(|row| first.contains(&row.unit));
        }
        let outcomes = self.database.apply(&write, deadline).await?;
        if fault.is_some() { Err(transient()) } else { Ok(outcomes) }
    }

    async fn truncate(&self, truncation: &Truncation, deadline: Deadline) -> Result<RowOutcome> {
        let fault = self.call().await?;
        let outcome = self.database.truncate(truncation, deadline).await?;
        if fault.is_some() { Err(transient()) } else { Ok(outcome) }
    }
}

impl Store for Memory {
    async fn load_schemas(&self, deadline: Deadline) -> Result<Vec<TableSchema>> {
        self.ask().await?;
        self.database.load_schemas(deadline).await
    }

    async fn record_schemas(&self, schemas: &[TableSchema], deadline: Deadline) -> Result<()> {
        let fault = self.call().await?;
        self.database.record_schemas(schemas, deadline).await?;
        if fault.is_some() { Err(transient()) } else { Ok(()) }
    }

    async fn sources(&self, deadline: Deadline) -> Result<Vec<(String, SourceIdentity)>> {
        self.ask().await?;
        self.database.sources(deadline).await
    }

    async fn blocked(
        &self,
        keys: &[(String, String)],
        deadline: Deadline,
    ) -> Result<HashSet<(String, String)>> {
        self.ask().await?;
        self.database.blocked(keys, deadline).await
    }

    async fn parked_lately(
        &self,
        source: &str,
        cause: Cause<'_>,
        letters: &[DeadLetter],
        deadline: Deadline,
    ) -> Result<u64> {
        self.ask().await?;
        Ok(self.parked_by_others + self.database.parked_lately(source, cause, letters, deadline).await?)
    }

    async fn park(&self, letters: &[DeadLetter], deadline: Deadline) -> Result<()> {
        let fault = self.call().await?;
        if fault != Some(Fault::Halfway) {
            self.database.park(letters, deadline).await?;
        }
        if fault.is_some() { Err(transient()) } else { Ok(()) }
    }
}

/// The same with its members in the order of their names, as jsonb has no order.
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

    fn recognises(&self, _: &rowtide::decode::LazyObject<'_>) -> bool {
        true
    }

    fn decode(&self, record: &Record, _: &LazyObject<'_>, _: &Catalogue) -> Result<Decoded> {
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
