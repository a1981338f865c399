//! What is measured of a batch, and how it is told: as one `tracing` event a batch and one a table, with typed fields.
//! Whoever installs a subscriber gets them; the Lambda functions write them for CloudWatch. Knows reports, no sink.

use crate::config;
use crate::event::Timestamp;
use crate::report::{Outcome, Report};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tracing::Level;

/// The target of the events. An event with the field `table` is of that table's records, one without of the batch.
pub const TARGET: &str = "rowtide::metrics";

/// How many tables a process tells apart, in the order in which it meets them; the others are together [`OTHER`].
/// In CloudWatch every table is some metrics more to pay for.
pub const TABLES_MAX: usize = 20;

/// Stands for the tables beyond [`TABLES_MAX`].
pub const OTHER: &str = "other";

/// The service outside of Lambda, when `metrics.service` is not set.
const SERVICE: &str = "rowtide";

/// One thing that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name in CloudWatch.
    pub name: &'static str,
    /// The field of the event that holds it.
    pub field: &'static str,
    /// What its numbers are.
    pub unit: Unit,
    /// Whether it is told of tables too.
    pub of_tables: bool,
    /// Whether CloudWatch is told of a zero. Only what alarms need is worth the price, and never of a table.
    pub zero: bool,
    /// What it says, in a sentence.
    pub about: &'static str,
}

/// What numbers are, in CloudWatch's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A whole number of things.
    Count,
    /// A duration.
    Milliseconds,
}

impl Unit {
    /// CloudWatch's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

const fn count(name: &'static str, field: &'static str, about: &'static str) -> Metric {
    Metric { name, field, unit: Unit::Count, of_tables: true, zero: true, about }
}

const fn lag(name: &'static str, field: &'static str, about: &'static str) -> Metric {
    Metric { name, field, unit: Unit::Milliseconds, of_tables: true, zero: true, about }
}

const fn time(name: &'static str, field: &'static str, about: &'static str) -> Metric {
    Metric { name, field, unit: Unit::Milliseconds, of_tables: false, zero: true, about }
}

const fn rare(name: &'static str, field: &'static str, about: &'static str) -> Metric {
    Metric { name, field, unit: Unit::Count, of_tables: false, zero: false, about }
}

/// Everything that is measured. docs/metrics.md follows it.
pub const METRICS: [Metric; 18] = [
    count("RecordsReceived", "received", "Records of the batch: the sum of the five that follow."),
    count("RecordsApplied", "applied", "Durable in their tables, by this batch."),
    count("RecordsStale", "stale", "Repeated, or older than what the table had."),
    count(
        "RecordsIgnored",
        "ignored",
        "Left out on purpose: no route, filtered, heartbeats, control records.",
    ),
    count("RecordsParked", "parked", "Durable in the dead-letter table: each waits for a person."),
    count("RecordsReported", "reported", "Not done: Lambda delivers them again."),
    lag(
        "SourceLagP50",
        "source_lag_p50_ms",
        "Median age of the applied records: from the change in its source to the end of the batch. Absent \
         when none with a time was applied; rows of a load have none.",
    ),
    lag("SourceLagP99", "source_lag_p99_ms", "The age that 99 of 100 applied records do not exceed."),
    lag("SourceLagMax", "source_lag_max_ms", "Age of the oldest applied record."),
    time("BatchDuration", "batch_ms", "From the event to the answer."),
    time(
        "DatabaseDuration",
        "database_ms",
        "The part of it spent waiting for the database: connecting, statements, pauses before another try.",
    ),
    rare(
        "Retries",
        "retries",
        "How often something was tried again: the database was away, busy or in conflict.",
    ),
    rare(
        "RecordsBackwards",
        "backwards",
        "Stale changes that happened later than what is stored: the source's order may have started anew. \
         Raise source.epoch after a failover.",
    ),
    rare(
        "RecordsNearlyRouted",
        "nearly_routed",
        "Changes left out because no route takes their table, and one nearly does: perhaps a typing error.",
    ),
    rare(
        "ChangesArchived",
        "archived",
        "Changes written to where their routes archive them, also those that are stale in the table.",
    ),
    rare("ColdStart", "cold_start", "1 on the first invocation of a process."),
    rare("DeadlineStops", "deadline_stops", "1 when the batch stopped because time ran out."),
    rare("BatchFailures", "batch_failures", "1 when the invocation failed: a person must act."),
];

/// Whether metrics are taken by anybody. Nothing is measured when they are not.
pub(crate) fn is_enabled() -> bool {
    tracing::enabled!(target: TARGET, Level::INFO)
}

/// Which table each record of a batch is of, and how old it is.
#[derive(Debug)]
pub(crate) struct Meter {
    tables: Vec<String>,
    numbers: HashMap<String, usize>,
    records: Vec<Measured>,
    backwards: u64,
    nearly_routed: u64,
    archived: u64,
}

/// What is known of a record.
#[derive(Debug, Clone, Copy, Default)]
struct Measured {
    /// The table of its first change.
    table: Option<usize>,
    /// The oldest of its changes that were applied.
    at: Option<Timestamp>,
}

impl Meter {
    pub(crate) fn new(records: usize) -> Self {
        Self {
            tables: Vec::new(),
            numbers: HashMap::new(),
            records: vec![Measured::default(); records],
            backwards: 0,
            nearly_routed: 0,
            archived: 0,
        }
    }

    /// Notes that a record changes a row of this table.
    pub(crate) fn table(&mut self, record: usize, table: &str) {
        let Some(measured) = self.records.get_mut(record).filter(|measured| measured.table.is_none()) else {
            return;
        };
        // most batches are of one table
        let last = self.tables.len().checked_sub(1);
        if last.and_then(|last| self.tables.get(last)).is_some_and(|last| last == table) {
            measured.table = last;
            return;
        }
        measured.table = Some(match self.numbers.get(table) {
            Some(number) => *number,
            None => {
                self.tables.push(table.to_owned());
                self.numbers.insert(table.to_owned(), self.tables.len() - 1);
                self.tables.len() - 1
            }
        });
    }

    /// Notes stale changes that happened later than what is stored.
    pub(crate) fn backwards(&mut self, changes: u64) {
        self.backwards += changes;
    }

    /// Notes changes of a table that a route nearly takes.
    pub(crate) fn nearly_routed(&mut self, changes: u64) {
        self.nearly_routed += changes;
    }

    /// Notes changes that were archived.
    pub(crate) fn archived(&mut self, changes: u64) {
        self.archived += changes;
    }

    /// Notes that a change of a record, made at that time, was applied.
    pub(crate) fn applied(&mut self, record: usize, at: Option<Timestamp>) {
        let Some(measured) = self.records.get_mut(record) else { return };
        measured.at = match (measured.at, at) {
            (Some(known), Some(at)) => Some(known.min(at)),
            (known, at) => known.or(at),
        };
    }
}

/// Numbers of some records.
#[derive(Debug, Clone, Default)]
struct Tally {
    received: usize,
    applied: usize,
    stale: usize,
    ignored: usize,
    parked: usize,
    reported: usize,
    /// Microseconds of each applied record that has a time.
    lags: Vec<i64>,
}

impl Tally {
    fn add(&mut self, outcome: Outcome, lag: Option<i64>) {
        self.received += 1;
        match outcome {
            Outcome::Applied => {
                self.applied += 1;
                self.lags.extend(lag);
            }
            Outcome::Stale => self.stale += 1,
            Outcome::Ignored(_) => self.ignored += 1,
            Outcome::Parked => self.parked += 1,
            Outcome::Failed => self.reported += 1,
        }
    }

    /// Median, 99th percentile and greatest of the lags, by nearest rank, in milliseconds.
    fn lags(&mut self) -> [Option<f64>; 3] {
        let mut ranked = |percent: usize| {
            let rank = (self.lags.len() * percent).div_ceil(100).checked_sub(1)?;
            let (_, lag, _) = self.lags.select_nth_unstable(rank);
            u64::try_from(*lag).ok().map(|lag| milliseconds(Duration::from_micros(lag)))
        };
        [ranked(50), ranked(99), ranked(100)]
    }
}

/// What was measured of a batch.
#[derive(Debug, Default)]
pub(crate) struct Measures {
    whole: Tally,
    tables: Vec<(String, Tally)>,
    database: Duration,
    retries: u64,
    backwards: u64,
    nearly_routed: u64,
    archived: u64,
    cold_start: u8,
    deadline_stops: u8,
    batch_failures: u8,
}

impl Measures {
    /// The measures of a batch that ends now.
    pub(crate) fn new(meter: Meter, report: &Report, database: Duration, retries: u64) -> Self {
        let now = now();
        let mut whole = Tally::default();
        let mut tables: Vec<(String, Tally)> =
            meter.tables.into_iter().map(|table| (table, Tally::default())).collect();
        for (outcome, measured) in report.settled().zip(meter.records) {
            // clocks differ; nothing is applied before it happened
            let lag = measured.at.map(|at| (now.0 - at.0).max(0));
            whole.add(outcome, lag);
            if let Some((_, tally)) = measured.table.and_then(|table| tables.get_mut(table)) {
                tally.add(outcome, lag);
            }
        }
        let is_late = |error: &crate::error::Error| error.code() == crate::error::Code::Deadline;
        Self {
            whole,
            tables,
            database,
            retries,
            backwards: meter.backwards,
            nearly_routed: meter.nearly_routed,
            archived: meter.archived,
            cold_start: 0,
            deadline_stops: report.stopped().is_some_and(is_late).into(),
            batch_failures: report.failure().is_some().into(),
        }
    }

    /// The measures of a batch that was not started.
    #[cfg(feature = "lambda")]
    pub(crate) fn unstarted(report: &Report) -> Self {
        Self::new(Meter::new(report.outcomes.len()), report, Duration::ZERO, 0)
    }

    /// The measures of an invocation that failed before there were records.
    #[cfg(feature = "lambda")]
    pub(crate) fn failed() -> Self {
        Self { batch_failures: 1, ..Self::default() }
    }

    /// Notes that this was the first invocation of the process.
    #[cfg(feature = "lambda")]
    pub(crate) fn was_cold(&mut self) {
        self.cold_start = 1;
    }
}

/// Tells what was measured, for as long as a process lives.
#[derive(Debug)]
pub(crate) struct Emitter {
    /// Present when CloudWatch is to have the metrics.
    namespace: Option<String>,
    service: Option<String>,
    /// The tables that are told apart.
    tables: Mutex<BTreeSet<String>>,
}

impl Emitter {
    pub(crate) fn new(settings: &config::Metrics) -> Self {
        Self {
            namespace: settings.emf.then(|| settings.namespace.clone()),
            service: settings.service.clone(),
            tables: Mutex::default(),
        }
    }

    /// Tells the measures of a batch. `function` is the service's name when the settings have none.
    pub(crate) fn emit(&self, measures: Measures, took: Duration, function: Option<&str>) {
        let namespace = self.namespace.as_deref();
        let service = self.service.as_deref().or(function).unwrap_or(SERVICE);
        let Measures {
            mut whole,
            tables,
            database,
            retries,
            backwards,
            nearly_routed,
            archived,
            cold_start,
            deadline_stops,
            batch_failures,
        } = measures;
        let [source_lag_p50_ms, source_lag_p99_ms, source_lag_max_ms] = whole.lags();
        let Tally { received, applied, stale, ignored, parked, reported, .. } = whole;
        tracing::info!(
            target: TARGET,
            namespace,
            service,
            received,
            applied,
            stale,
            ignored,
            parked,
            reported,
            source_lag_p50_ms,
            source_lag_p99_ms,
            source_lag_max_ms,
            batch_ms = milliseconds(took),
            database_ms = milliseconds(database),
            retries,
            backwards,
            nearly_routed,
            archived,
            cold_start,
            deadline_stops,
            batch_failures,
            "A batch was measured."
        );
        for (table, mut tally) in self.bounded(tables) {
            let [source_lag_p50_ms, source_lag_p99_ms, source_lag_max_ms] = tally.lags();
            let Tally { received, applied, stale, ignored, parked, reported, .. } = tally;
            tracing::info!(
                target: TARGET,
                namespace,
                service,
                table,
                received,
                applied,
                stale,
                ignored,
                parked,
                reported,
                source_lag_p50_ms,
                source_lag_p99_ms,
                source_lag_max_ms,
                "The records of a table were measured."
            );
        }
    }

    /// The tables that this process tells apart, and the others as one.
    fn bounded(&self, tables: Vec<(String, Tally)>) -> BTreeMap<String, Tally> {
        let mut known = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bounded: BTreeMap<String, Tally> = BTreeMap::new();
        for (table, tally) in tables {
            if known.len() < TABLES_MAX {
                known.insert(table.clone());
            }
            let name = if known.contains(&table) { table } else { OTHER.to_owned() };
            let sum = bounded.entry(name).or_default();
            sum.received += tally.received;
            sum.applied += tally.applied;
            sum.stale += tally.stale;
            sum.ignored += tally.ignored;
            sum.parked += tally.parked;
            sum.reported += tally.reported;
            sum.lags.extend(tally.lags);
        }
        bounded
    }
}

/// Milliseconds with three decimals.
fn milliseconds(time: Duration) -> f64 {
    let micros = u32::try_from(time.as_micros()).map_or_else(|_| time.as_secs_f64() * 1e6, f64::from);
    micros / 1_000.0
}

/// The moment, by this machine's clock.
fn now() -> Timestamp {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(now.as_micros()).unwrap_or(i64::MAX))
}
