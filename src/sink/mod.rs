//! The only room that talks to a database. Knows statements and rows, no sources and no Lambda.

mod any;
mod cratedb;
mod later;
mod postgres;
mod wire;

pub use any::{Sink, configured};
pub use cratedb::Cratedb;
pub use postgres::Postgres;
pub use postgres::inspect::{Inspection, Privilege, RegisteredTarget, SchemaFacts, TableFacts, TargetFacts, Use};
pub use postgres::letters::{
    DeadLetter, Filter, LETTER_KEY_MAX, LETTER_TABLE_MAX, ParkedLetter, bounded,
};
pub use postgres::objects::{KnownTarget, LiveRow, Shown};
pub use postgres::purge::Purged;

use crate::catalogue::TableSchema;
use crate::error::{Error, Result};
use crate::event::Timestamp;
use crate::plan::{Dialect, Statement};
use crate::route::Target;
use crate::source::SourceIdentity;
use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes of what is remembered of targets that were prepared; what is forgotten is looked at again. Half of it is more
/// than the targets of a chunk.
const KNOWN_BYTES_MAX: usize = 64 * 1024 * 1024;
/// What one takes; on CrateDB it has its columns.
const KNOWN_BYTES: usize = 8 * 1024;

/// What became of one row of a statement.
#[derive(Debug, Clone)]
pub enum RowOutcome {
    /// Written.
    Applied,
    /// The database had this version or a newer one.
    Stale,
    /// The same, and yet the source says that this change happened later than the one that is stored: its order may
    /// have started anew.
    StaleButLater,
    /// The database refuses this row; every other row of the statement was tried without it.
    Refused(Arc<Error>),
}

/// What the events of a chunk say of a target: the registry holds them to it.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The target.
    pub target: Arc<Target>,
    /// Names of the key's members, in byte order.
    pub key_names: Vec<String>,
    /// What their values are, in the same order; empty where a source may mix them.
    pub key_types: Vec<String>,
    /// Letter of the version scheme.
    pub scheme: char,
    /// `source.epoch`.
    pub epoch: u16,
    /// Which source it is, as far as its records tell; nothing for a target that several fill on purpose.
    pub source: SourceIdentity,
    /// A position of one of the changes, for people.
    pub position: String,
}

/// Why records were parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause<'a> {
    /// They can never be applied.
    Poison,
    /// A fault of the configuration of this source table; or of a producer, when the table is not known.
    Fault(Option<&'a str>),
}

/// A truncate of a source table.
#[derive(Debug, Clone)]
pub struct Truncation {
    /// The target.
    pub target: Arc<Target>,
    /// The truncate's version: everything of a lower one is gone.
    pub version: String,
    /// When the source was truncated.
    pub changed_at: Option<Timestamp>,
    /// Which source that is, as far as the record tells.
    pub source: SourceIdentity,
    /// `source.epoch`.
    pub epoch: u16,
    /// The record's position.
    pub position: String,
}

/// Writes planned statements. One implementation a database; tests bring their own.
pub trait Materializer: Send + Sync {
    /// How statements must be said; known at the latest when a target was prepared.
    fn dialect(&self) -> Dialect;

    /// How many times something was tried again for a transient reason, since the beginning.
    fn retries(&self) -> u64 {
        0
    }

    /// Makes sure that a target's table is there and is this route's.
    ///
    /// # Errors
    /// A configuration error that says what to do, or a transient one.
    fn prepare(&self, binding: &Binding, deadline: Deadline) -> impl Future<Output = Result<()>> + Send;

    /// Removes the rows of a target that are older than a truncate of its source, now and when they come late. It is
    /// stale when this one, or a later one, was there before.
    ///
    /// # Errors
    /// When it could not be done: nothing is then, or all.
    fn truncate(
        &self,
        truncation: &Truncation,
        deadline: Deadline,
    ) -> impl Future<Output = Result<RowOutcome>> + Send;

    /// What sources said of their tables, as far as it was [learned](Self::learn).
    ///
    /// # Errors
    /// When it cannot be found out.
    fn schemas(&self, deadline: Deadline) -> impl Future<Output = Result<Vec<TableSchema>>> + Send;

    /// Remembers what sources say of their tables; of one table, what was said last.
    ///
    /// # Errors
    /// When it cannot be stored.
    fn learn(&self, schemas: &[TableSchema], deadline: Deadline) -> impl Future<Output = Result<()>> + Send;

    /// Applies a statement: one outcome for each of its rows, in their order.
    ///
    /// # Errors
    /// When the statement as a whole could not be done. Some rows may be durable nevertheless; doing it again is safe.
    fn apply(
        &self,
        statement: &Statement,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Vec<RowOutcome>>> + Send;

    /// Which of these (source table, key) have a parked record that was not redriven.
    ///
    /// # Errors
    /// When it cannot be found out.
    fn blocked(
        &self,
        keys: &[(String, String)],
        deadline: Deadline,
    ) -> impl Future<Output = Result<HashSet<(String, String)>>> + Send;

    /// How many records of `source` were parked in the last ten minutes, other than `letters`, which may come again:
    /// those that can never be applied, or for a fault of the configuration of one table.
    ///
    /// # Errors
    /// When it cannot be found out.
    fn parked_lately(
        &self,
        source: &str,
        cause: Cause<'_>,
        letters: &[DeadLetter],
        deadline: Deadline,
    ) -> impl Future<Output = Result<u64>> + Send;

    /// The source tables that targets were filled from so far, with their sources.
    ///
    /// # Errors
    /// When it cannot be found out.
    fn sources(
        &self,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Vec<(String, SourceIdentity)>>> + Send;

    /// Stores dead letters durably, all or none.
    ///
    /// # Errors
    /// When they are not stored.
    fn park(&self, letters: &[DeadLetter], deadline: Deadline) -> impl Future<Output = Result<()>> + Send;
}

/// The moment by which an answer must be given.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// No deadline.
    #[must_use]
    pub fn never() -> Self {
        Self(None)
    }

    /// So much time from now.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        Self(Instant::now().checked_add(time))
    }

    /// This one, or one in so much time if that is sooner.
    #[must_use]
    pub(crate) fn or_after(self, time: Duration) -> Self {
        if self.remaining().is_some_and(|left| left <= time) { self } else { Self::after(time) }
    }

    /// What is left of the time; `None` without a deadline.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether less than `time` is left.
    #[must_use]
    pub fn is_within(self, time: Duration) -> bool {
        self.remaining().is_some_and(|left| left < time)
    }
}
