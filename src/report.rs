//! What became of every record of a batch, and what Lambda is told. Knows no tables.

use crate::decode::Reason;
use crate::error::{Code, Disposition, Error};
use crate::json::{Value, quoted};
use crate::record::{Answer, Envelope, Record, Redelivered};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeMap, HashSet};

/// What became of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Durable in the target.
    Applied,
    /// The target already had this version or a newer one.
    Stale,
    /// Left out on purpose.
    Ignored(Reason),
    /// Durable in the dead-letter table.
    Parked,
    /// Not durable: it must be delivered again.
    Failed,
}

impl Outcome {
    /// The worse of two outcomes of one record's events: failed, parked, applied, stale, ignored.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        let rank = |outcome: Self| match outcome {
            Self::Failed => 4,
            Self::Parked => 3,
            Self::Applied => 2,
            Self::Stale => 1,
            Self::Ignored(_) => 0,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

/// The outcomes of a batch, one for each record received, in the batch's order.
///
/// Whoever reads a stream by himself asks [`Report::into_result`] how far it is done with.
#[derive(Debug)]
#[must_use = "not every record may be durable: `into_result` says up to where"]
pub struct Report {
    /// One for each record.
    pub outcomes: Vec<Outcome>,
    failure: Option<Error>,
    stopped: Option<Error>,
    /// Which records are delivered again, if the invocation does not fail: those that are not durable and, where the
    /// transport keeps an order, those behind them.
    reported: Vec<bool>,
    /// Position of the first of them.
    failed_position: Option<String>,
    /// Why records were parked: the index of each with the code of the first of its letters.
    pub codes: BTreeMap<usize, Code>,
    /// What became of each event, by record and number; only of a redrive.
    pub parts: BTreeMap<(usize, u32), Outcome>,
}

/// Not every record of a batch is durable: those in front of `first` are, it and those behind it may not be.
///
/// Go on behind the last durable record, and read from `first` again: what is done twice changes nothing.
#[derive(Debug, thiserror::Error)]
#[error("{first} of {received} records are durable, and the batch must come again from there on")]
pub struct NotDurable {
    /// Index of the first record that is not durable: so many records in front of it are.
    pub first: usize,
    /// Its position, as the transport names it.
    pub position: String,
    /// How many records the batch has.
    pub received: usize,
    /// Why, when it is the same for all: a setting that a person must change, the database being away, the deadline.
    #[source]
    pub because: Option<Error>,
}

impl NotDurable {
    /// Whether trying again is of no use before a person has acted.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        self.because.as_ref().is_some_and(|error| error.disposition() != Disposition::Retry)
    }
}

/// Which records are delivered again when those that `failed` says are reported.
pub(crate) fn redelivered(records: &[Record], failed: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut rest = false;
    let mut groups: HashSet<&str> = HashSet::new();
    let mut reported = Vec::with_capacity(records.len());
    for (record, index) in records.iter().zip(0..) {
        let failed = failed(index);
        reported.push(match &record.redelivered {
            Redelivered::Alone => failed,
            Redelivered::WithRest => {
                rest |= failed;
                rest
            }
            Redelivered::WithGroup(group) => {
                if failed {
                    groups.insert(group);
                }
                groups.contains(&**group)
            }
        });
    }
    reported
}

/// Counts of records; together they account for every one received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records of the batch.
    pub received: usize,
    /// Durable in their targets.
    pub applied: usize,
    /// Already covered by what was stored.
    pub stale: usize,
    /// Left out on purpose, by reason.
    pub ignored: BTreeMap<Reason, usize>,
    /// Durable in the dead-letter table.
    pub parked: usize,
    /// To be delivered again.
    pub reported: usize,
}

impl Report {
    /// The report of a batch that could not begin.
    pub fn unstarted(records: &[Record], why: Error) -> Self {
        let outcomes = vec![Outcome::Failed; records.len()];
        match why.disposition() {
            Disposition::Retry => Self::new(records, outcomes, None, Some(why)),
            Disposition::Park | Disposition::Abort => Self::new(records, outcomes, Some(why), None),
        }
    }

    /// The report of `records` with these outcomes.
    ///
    /// # Panics
    /// When there is not exactly one outcome for each record: records would be lost or invented.
    pub fn new(
        records: &[Record],
        outcomes: Vec<Outcome>,
        failure: Option<Error>,
        stopped: Option<Error>,
    ) -> Self {
        assert_eq!(records.len(), outcomes.len(), "every record has exactly one outcome");
        let reported = redelivered(records, |index| outcomes.get(index) == Some(&Outcome::Failed));
        let first = reported.iter().zip(records).find(|(reported, _)| **reported);
        let failed_position = first.map(|(_, record)| record.position.clone());
        let (codes, parts) = (BTreeMap::new(), BTreeMap::new());
        let report = Self { outcomes, failure, stopped, reported, failed_position, codes, parts };
        let counts = report.counts();
        let ignored: usize = counts.ignored.values().sum();
        let accounted = counts.applied + counts.stale + ignored + counts.parked + counts.reported;
        assert_eq!(counts.received, accounted, "received = applied + stale + ignored + parked + reported");
        report
    }

    /// Why the invocation must fail, if it must: then every record counts as reported.
    #[must_use]
    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Why the batch stopped early, if it did: a transient error or the deadline. Or why records are reported that were
    /// not parked: the sink has no store.
    #[must_use]
    pub fn stopped(&self) -> Option<&Error> {
        self.stopped.as_ref()
    }

    /// The counts when every record is durable: in its table, parked, or left out on purpose.
    ///
    /// # Errors
    /// When one is not, with the place up to which all are. Nothing behind it may be taken for done.
    pub fn into_result(self) -> Result<Counts, NotDurable> {
        let counts = self.counts();
        if counts.reported == 0 && self.failure.is_none() && self.stopped.is_none() {
            return Ok(counts);
        }
        let first = match self.failure {
            Some(_) => 0,
            None => self
                .outcomes
                .iter()
                .zip(&self.reported)
                .position(|(outcome, again)| *again || *outcome == Outcome::Failed)
                .unwrap_or(counts.received),
        };
        let position = self.failed_position.unwrap_or_default();
        Err(NotDurable { first, position, received: counts.received, because: self.failure.or(self.stopped) })
    }

    /// The same, where only the reasons count.
    pub(crate) fn into_reasons(self) -> (Option<Error>, Option<Error>) {
        (self.failure, self.stopped)
    }

    /// The counts. What will be delivered again counts as reported, whatever became of it.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { received: self.outcomes.len(), ..Counts::default() };
        for outcome in self.settled() {
            match outcome {
                Outcome::Applied => counts.applied += 1,
                Outcome::Stale => counts.stale += 1,
                Outcome::Ignored(reason) => *counts.ignored.entry(reason).or_default() += 1,
                Outcome::Parked => counts.parked += 1,
                Outcome::Failed => counts.reported += 1,
            }
        }
        counts
    }

    /// What counts of each record, in the batch's order: [`Outcome::Failed`] for all that will be delivered again,
    /// whatever became of them.
    pub fn settled(&self) -> impl Iterator<Item = Outcome> {
        let all_again = self.failure.is_some();
        let again = self.reported.iter().map(move |reported| *reported || all_again);
        self.outcomes.iter().zip(again).map(|(outcome, again)| if again { Outcome::Failed } else { *outcome })
    }

    /// The position of the first record that is delivered again. `None` when all are durable.
    ///
    /// It is empty when that record has no position: Lambda then delivers the whole batch again.
    #[must_use]
    pub fn failed_position(&self) -> Option<&str> {
        self.failed_position.as_deref()
    }

    /// Whether the invocation must fail for records that must come again, because no response could name them.
    #[must_use]
    pub fn comes_again_whole(&self, envelope: &Envelope) -> bool {
        envelope.answer == Answer::Whole && self.reported.contains(&true)
    }

    /// The response to the batch, as JSON text: empty when every record is durable. Meaningless when the invocation
    /// must fail.
    ///
    /// # Source
    /// AWS Lambda Developer Guide, "Reporting batch item failures" for streams, for Amazon SQS and for Kafka, and
    /// "Implementing stateful stream processing"; Amazon EventBridge User Guide, "Pipes batching and concurrency" (of a
    /// stream the `eventID`, and each that is to come again); Amazon Data Firehose Developer Guide, "Required
    /// parameters for data transformation".
    #[must_use]
    pub fn response(&self, envelope: &Envelope) -> String {
        let reported = envelope.records.iter().zip(&self.reported);
        if envelope.answer == Answer::Results {
            let results: Vec<String> = reported.map(|(record, reported)| result(record, *reported)).collect();
            return format!("{{\"records\":[{}]}}", results.join(","));
        }
        let reported: Vec<&Record> =
            reported.filter(|(_, reported)| **reported).map(|(record, _)| record).collect();
        let identifiers: Vec<String> = match envelope.answer {
            Answer::Checkpoint => reported.iter().take(1).map(|record| quoted(&record.position)).collect(),
            Answer::Whole => Vec::new(),
            Answer::Messages | Answer::Results => {
                let name = |record: &&Record| quoted(record.event_id.as_ref().unwrap_or(&record.position));
                reported.iter().map(name).collect()
            }
            Answer::Offsets => {
                let mut partitions: HashSet<&str> = HashSet::new();
                reported
                    .iter()
                    .filter(|record| partitions.insert(partition(record)))
                    .map(|it| offset(it))
                    .collect()
            }
        };
        let items: Vec<String> =
            identifiers.iter().map(|id| format!("{{\"itemIdentifier\":{id}}}")).collect();
        let state = envelope.window_state.as_deref().map(|state| {
            let compact = Value::parse(state).map_or_else(|_| state.to_owned(), |state| state.to_text());
            format!(",\"state\":{compact}")
        });
        format!("{{\"batchItemFailures\":[{}]{}}}", items.join(","), state.unwrap_or_default())
    }
}

fn partition(record: &Record) -> &str {
    match &record.redelivered {
        Redelivered::WithGroup(partition) => partition,
        Redelivered::WithRest | Redelivered::Alone => "",
    }
}

/// The identifier of a Kafka record: `{"partition":"topic-0","offset":15}`.
fn offset(record: &Record) -> String {
    let is_number = !record.position.is_empty() && record.position.bytes().all(|byte| byte.is_ascii_digit());
    let offset = if is_number { record.position.clone() } else { quoted(&record.position) };
    format!("{{\"partition\":{},\"offset\":{offset}}}", quoted(partition(record)))
}

/// A Firehose transformation's result for a record.
fn result(record: &Record, reported: bool) -> String {
    let result = if reported { "ProcessingFailed" } else { "Ok" };
    let data = STANDARD.encode(&record.payload);
    format!("{{\"recordId\":{},\"result\":\"{result}\",\"data\":\"{data}\"}}", quoted(&record.position))
}

impl Counts {
    /// Adds the counts of another batch.
    pub fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.applied += other.applied;
        self.stale += other.stale;
        self.parked += other.parked;
        self.reported += other.reported;
        for (reason, count) in &other.ignored {
            *self.ignored.entry(*reason).or_default() += count;
        }
    }
}
