//! The traits of a sink: [`Sink`] writes rows, [`Store`] keeps dead letters, registry and schemas.

use super::letters::DeadLetter;
use crate::catalogue::TableSchema;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::event::Timestamp;
use crate::plan::{Write, cannot_truncate};
use crate::route::Target;
use crate::source::SourceIdentity;
use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;

/// What became of one row of a write.
#[derive(Debug, Clone)]
pub enum RowOutcome {
    /// Written.
    Applied,
    /// The database had this version or a newer one.
    Stale,
    /// The same, and yet the source says that this change happened later than the one that is stored: its order may
    /// have started anew.
    StaleButLater,
    /// The database refuses this row; every other row of the write was tried without it.
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

/// Takes what is planned: a database, a memory, an archive.
///
/// The only thing that whoever brings a sink of his own must write. Without a [store](Self::store) the flow keeps no
/// books, and says so rather than lose anything:
///
/// * A record that can never be applied cannot be parked. It is reported as not durable, and the report's
///   [`stopped`](crate::report::Report::stopped) says what is wrong with how many. Whoever brings the records decides:
///   to leave them to the transport's own dead-letter queue, to store them himself, or to go on behind them.
/// * A patch waits for parked changes of its key in its own batch only. Behind a record that was given up earlier it is
///   applied.
/// * What sources say of their tables is known as long as the flow lives.
///
/// A sink that keeps what it is given:
///
/// ```
/// use rowtide::config::Config;
/// use rowtide::deadline::Deadline;
/// use rowtide::error::Code;
/// use rowtide::pipeline::{Flow, process};
/// use rowtide::plan::Write;
/// use rowtide::record::{Envelope, Record};
/// use rowtide::report::Outcome;
/// use rowtide::sink::{Binding, NoStore, RowOutcome, Sink};
/// use std::sync::Mutex;
///
/// #[derive(Default)]
/// struct Archive(Mutex<Vec<(String, String)>>);
///
/// impl Sink for Archive {
///     type Store = NoStore;
///
///     async fn prepare(&self, _: &Binding, _: Deadline) -> rowtide::Result<()> {
///         Ok(())
///     }
///
///     async fn apply(&self, write: &Write, _: Deadline) -> rowtide::Result<Vec<RowOutcome>> {
///         let rows = write.rows.iter().map(|row| (row.key.clone(), row.version.clone()));
///         self.0.lock().unwrap().extend(rows);
///         Ok(vec![RowOutcome::Applied; write.rows.len()])
///     }
/// }
///
/// let event = std::fs::read("events/dynamodb-kinesis/composite-key.json")?;
/// let mut records = Envelope::parse(&event.into(), "-")?.records;
/// records.push(Record::new("-", "last", "no change record"));
///
/// let (flow, archive) = (Flow::new(&Config::default())?, Archive::default());
/// let report = tokio::runtime::Builder::new_current_thread()
///     .build()?
///     .block_on(process(&flow, &archive, &records, Deadline::never()));
///
/// assert_eq!(report.outcomes.last(), Some(&Outcome::Failed), "nothing is lost in silence");
/// assert_eq!(report.stopped().map(|why| why.code()), Some(Code::NoStore));
/// let rest = report.into_result().unwrap_err();
/// assert!(rest.first == records.len() - 1 && rest.needs_a_person());
/// assert!(!archive.0.into_inner()?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Sink: Send + Sync {
    /// What keeps the books: `Self` for a database, [`NoStore`] for a sink that keeps none.
    type Store: Store;

    /// What keeps the books of this sink, if anything does.
    fn store(&self) -> Option<&Self::Store> {
        None
    }

    /// How many times something was tried again for a transient reason, since the beginning.
    fn retries(&self) -> u64 {
        0
    }

    /// Makes sure that a target's table is there and is this route's.
    ///
    /// # Errors
    /// A configuration error that says what to do, or a transient one.
    fn prepare(&self, binding: &Binding, deadline: Deadline) -> impl Future<Output = Result<()>> + Send;

    /// Applies a write: one outcome for each of its rows, in their order.
    ///
    /// # Errors
    /// When the write as a whole could not be done. Some rows may be durable nevertheless; doing it again is safe.
    fn apply(
        &self,
        write: &Write,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Vec<RowOutcome>>> + Send;

    /// Removes the rows of a target that are older than a truncate of its source, now and when they come late. It is
    /// stale when this one, or a later one, was there before. Asked only for routes with `truncate = "apply"`; a sink
    /// that does not say otherwise refuses.
    ///
    /// # Errors
    /// When it could not be done: nothing is then, or all.
    fn truncate(
        &self,
        truncation: &Truncation,
        deadline: Deadline,
    ) -> impl Future<Output = Result<RowOutcome>> + Send {
        let _ = deadline;
        let refused = cannot_truncate(&truncation.target, "which this sink cannot do");
        async { Err(refused) }
    }
}

/// Keeps the books: parked records, what fills which target, what sources said of their tables.
pub trait Store: Send + Sync {
    /// What sources said of their tables, as far as it was [recorded](Self::record_schemas).
    ///
    /// # Errors
    /// When it cannot be found out.
    fn load_schemas(&self, deadline: Deadline) -> impl Future<Output = Result<Vec<TableSchema>>> + Send;

    /// Remembers what sources say of their tables; of one table, what was said last.
    ///
    /// # Errors
    /// When it cannot be stored.
    fn record_schemas(
        &self,
        schemas: &[TableSchema],
        deadline: Deadline,
    ) -> impl Future<Output = Result<()>> + Send;

    /// The source tables that targets were filled from so far, with their sources.
    ///
    /// # Errors
    /// When it cannot be found out.
    fn sources(
        &self,
        deadline: Deadline,
    ) -> impl Future<Output = Result<Vec<(String, SourceIdentity)>>> + Send;

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

    /// Stores dead letters durably, all or none.
    ///
    /// # Errors
    /// When they are not stored.
    fn park(&self, letters: &[DeadLetter], deadline: Deadline) -> impl Future<Output = Result<()>> + Send;
}

/// The store of a sink that has none: there is no value of it.
#[derive(Debug)]
pub enum NoStore {}

impl Store for NoStore {
    async fn load_schemas(&self, _: Deadline) -> Result<Vec<TableSchema>> {
        match *self {}
    }

    async fn record_schemas(&self, _: &[TableSchema], _: Deadline) -> Result<()> {
        match *self {}
    }

    async fn sources(&self, _: Deadline) -> Result<Vec<(String, SourceIdentity)>> {
        match *self {}
    }

    async fn blocked(&self, _: &[(String, String)], _: Deadline) -> Result<HashSet<(String, String)>> {
        match *self {}
    }

    async fn parked_lately(&self, _: &str, _: Cause<'_>, _: &[DeadLetter], _: Deadline) -> Result<u64> {
        match *self {}
    }

    async fn park(&self, _: &[DeadLetter], _: Deadline) -> Result<()> {
        match *self {}
    }
}
