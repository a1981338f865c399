//! Documents on their way into the database.

use super::conflict;
use crate::config::{Config, VersionScheme};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::metrics::{Emitter, Measures};
use crate::pipeline::{Flow, measured};
use crate::record::Record;
use crate::report::{Outcome, Report};
use crate::sink::Database;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::OnceCell;

/// Makes the records of a request durable.
pub trait Write: Send + Sync + 'static {
    /// The flow of the records.
    ///
    /// # Errors
    /// When the configuration has to be fetched first, and cannot be.
    fn flow(&self, deadline: Deadline) -> impl Future<Output = Result<&Flow>> + Send;

    /// What became of them; `None` when there is no room for them now.
    fn write(&self, records: Vec<Record>, deadline: Deadline)
    -> impl Future<Output = Option<Written>> + Send;
}

/// What became of the records of a request.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// One for each record.
    pub outcomes: Vec<Outcome>,
    /// Why the parked ones are, by index.
    codes: BTreeMap<usize, &'static str>,
    /// Why not all of them are durable.
    pub(super) error: Option<Arc<Error>>,
}

impl From<Vec<Outcome>> for Written {
    fn from(outcomes: Vec<Outcome>) -> Self {
        Self { outcomes, ..Self::default() }
    }
}

/// The code of a document whose id is that of another one, which is stored.
const OTHER_DOCUMENT: &str = "other_document";

impl Written {
    /// What a report says of its records.
    pub(super) fn of(report: Report, conflicts: Vec<usize>) -> Self {
        let outcomes: Vec<Outcome> = report.settled().collect();
        let mut codes: BTreeMap<usize, &'static str> =
            report.codes.iter().map(|(at, code)| (*at, code.as_str())).collect();
        codes.extend(conflicts.into_iter().map(|at| (at, OTHER_DOCUMENT)));
        let (failure, stopped) = report.into_reasons();
        let error = failure.or(stopped).map(Arc::new);
        Self { outcomes, codes, error }
    }

    /// The same of those records of a batch that are one request's: `count` of them from `first` on.
    pub(super) fn part(&self, first: usize, count: usize) -> Self {
        let own = first..first + count;
        let codes = self.codes.range(own.clone()).map(|(at, code)| (at - first, *code)).collect();
        let outcomes: Vec<Outcome> = self.outcomes.get(own).unwrap_or_default().to_vec();
        Self { outcomes, codes, error: self.error.clone() }
    }

    /// Whether each record is durable.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        !self.outcomes.contains(&Outcome::Failed)
    }

    /// What is to be said of some records, by index.
    pub(super) fn notes(&self) -> impl Iterator<Item = (usize, &'static str)> {
        self.codes.iter().map(|(at, code)| (*at, *code))
    }
}

/// The way of documents into a database.
#[derive(Debug)]
pub struct Writer {
    /// As it follows from the configuration whose `sink.url` is known; that may have to be fetched first.
    flow: OnceCell<Flow>,
    sink: Database,
    emitter: Emitter,
}

/// The configuration of documents: whatever it says of a stream, they are what they are.
fn of_documents(config: &Config) -> Config {
    let mut config = config.clone();
    "collect".clone_into(&mut config.source.decoder);
    config.source.version = VersionScheme::Once;
    config
}

impl Writer {
    /// The way that `config` describes. No connection is opened yet.
    ///
    /// # Errors
    /// A configuration error that names the setting.
    pub fn new(config: &Config, sink: Database) -> Result<Self> {
        let flow = Flow::new(&of_documents(config))?;
        let is_reference = config.sink.url.as_ref().is_some_and(|url| url.reference().is_some());
        let flow = OnceCell::new_with((!is_reference).then_some(flow));
        Ok(Self { flow, sink, emitter: Emitter::new(&config.metrics) })
    }

    /// The database.
    #[must_use]
    pub fn sink(&self) -> &Database {
        &self.sink
    }

    /// The database, for its end.
    #[must_use]
    pub fn into_sink(self) -> Database {
        self.sink
    }

    pub(crate) async fn flow(&self, deadline: Deadline) -> Result<&Flow> {
        let made = self.flow.get_or_try_init(|| async {
            Flow::new(&of_documents(&Box::pin(self.sink.config(deadline)).await?))
        });
        made.await
    }

    /// Writes records, and says of those that are stale whether they differ from what is stored.
    pub(crate) async fn write(&self, records: &[Record], deadline: Deadline) -> (Written, Option<Measures>) {
        let flow = match self.flow(deadline).await {
            Ok(flow) => flow,
            Err(error) => return (Written::of(Report::unstarted(records, error), Vec::new()), None),
        };
        let (report, measures) = Box::pin(measured(flow, &self.sink, records, deadline)).await;
        tell(&report);
        let conflicts = Box::pin(conflict::differing(flow, &self.sink, records, &report, deadline)).await;
        if !conflicts.is_empty() {
            tracing::warn!(
                documents = conflicts.len(),
                "Documents came under ids that are taken by others, and were left out as stale. Two senders may give the \
                 same ids, or one changed a document and sent it again: what is collected never changes."
            );
        }
        (Written::of(report, conflicts), measures)
    }

    pub(crate) fn emit(&self, measures: Measures, since: Instant, function: Option<&str>) {
        self.emitter.emit(measures, since.elapsed(), function);
    }
}

/// Says why not everything is durable.
fn tell(report: &Report) {
    if let Some(error) = report.failure() {
        tracing::error!(%error, code = error.code().as_str(), "Documents cannot be stored: a person must act.");
    } else if let Some(error) = report.stopped() {
        tracing::warn!(%error, code = error.code().as_str(), "Documents are not durable; they are to be sent again.");
    }
}
