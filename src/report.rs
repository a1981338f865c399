//! What became of every record of a batch, and what Lambda is told. Knows no tables.

use crate::decode::Reason;
use crate::error::Error;
use crate::record::Record;
use std::collections::BTreeMap;

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
#[derive(Debug)]
pub struct Report {
    /// One for each record.
    pub outcomes: Vec<Outcome>,
    /// Why the invocation must fail, if it must: then every record counts as reported.
    pub failure: Option<Error>,
    /// Why the batch stopped early, if it did: a transient error or the deadline.
    pub stopped: Option<Error>,
    /// Position of the first record that is not durable.
    failed_position: Option<String>,
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
    /// The report of `records` with these outcomes.
    ///
    /// # Panics
    /// When there is not exactly one outcome for each record: records would be lost or invented.
    #[must_use]
    pub fn new(
        records: &[Record],
        outcomes: Vec<Outcome>,
        failure: Option<Error>,
        stopped: Option<Error>,
    ) -> Self {
        assert_eq!(records.len(), outcomes.len(), "every record has exactly one outcome");
        let failed = outcomes.iter().position(|outcome| *outcome == Outcome::Failed);
        let failed_position = failed.and_then(|at| records.get(at)).map(|record| record.position.clone());
        let report = Self { outcomes, failure, stopped, failed_position };
        let counts = report.counts();
        let ignored: usize = counts.ignored.values().sum();
        let accounted = counts.applied + counts.stale + ignored + counts.parked + counts.reported;
        assert_eq!(counts.received, accounted, "received = applied + stale + ignored + parked + reported");
        report
    }

    /// The counts. For streams everything from the reported record on counts as reported, whatever became of it: it
    /// will be delivered again.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let received = self.outcomes.len();
        let durable = match self.failure {
            Some(_) => 0,
            None => self.outcomes.iter().position(|outcome| *outcome == Outcome::Failed).unwrap_or(received),
        };
        let mut counts = Counts { received, reported: received - durable, ..Counts::default() };
        for outcome in self.outcomes.iter().take(durable) {
            match outcome {
                Outcome::Applied => counts.applied += 1,
                Outcome::Stale => counts.stale += 1,
                Outcome::Ignored(reason) => *counts.ignored.entry(*reason).or_default() += 1,
                Outcome::Parked => counts.parked += 1,
                Outcome::Failed => {}
            }
        }
        counts
    }

    /// The identifier to return for a stream's batch: the first record that is not durable. `None` when all are.
    ///
    /// It is empty when that record has no position: Lambda then delivers the whole batch again.
    #[must_use]
    pub fn failed_position(&self) -> Option<&str> {
        self.failed_position.as_deref()
    }

    /// The partial batch response of a stream.
    ///
    /// # Source
    /// AWS Lambda Developer Guide, "Reporting batch item failures".
    #[cfg(feature = "sink")]
    #[must_use]
    pub fn batch_response(&self) -> aws_lambda_events::streams::KinesisEventResponse {
        let mut response = aws_lambda_events::streams::KinesisEventResponse::default();
        if let Some(position) = &self.failed_position {
            response.add_failure(position.clone());
        }
        response
    }
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
