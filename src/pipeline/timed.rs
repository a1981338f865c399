//! A sink whose every call is timed, and is a span for whoever wants to see it.

use crate::catalogue::TableSchema;
use crate::error::Result;
use crate::sink::{Binding, Cause, DeadLetter, Deadline, Materializer, RowOutcome, Truncation};
use crate::plan::{Dialect, Statement};
use crate::source::SourceIdentity;
use std::collections::HashSet;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tracing::{Instrument as _, Span, debug_span};

/// The sink of one batch.
pub(super) struct Timed<'s, M> {
    sink: &'s M,
    nanoseconds: AtomicU64,
}

impl<'s, M> Timed<'s, M> {
    pub(super) fn new(sink: &'s M) -> Self {
        Self { sink, nanoseconds: AtomicU64::new(0) }
    }

    /// How long the batch waited for the sink so far: its calls follow one another, so they add up.
    pub(super) fn waited(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed))
    }

    fn time<T>(&self, span: Span, work: impl Future<Output = T>) -> impl Future<Output = T> {
        // boxed, so that the future of a whole batch stays small
        let work = Box::pin(work.instrument(span));
        async move {
            let started = Instant::now();
            let done = work.await;
            let took = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.nanoseconds.fetch_add(took, Ordering::Relaxed);
            done
        }
    }
}

impl<M: Materializer> Materializer for Timed<'_, M> {
    fn dialect(&self) -> Dialect {
        self.sink.dialect()
    }

    fn retries(&self) -> u64 {
        self.sink.retries()
    }

    async fn prepare(&self, binding: &Binding, deadline: Deadline) -> Result<()> {
        let span = debug_span!("prepare", table = binding.target.qualified());
        self.time(span, self.sink.prepare(binding, deadline)).await
    }

    async fn truncate(&self, truncation: &Truncation, deadline: Deadline) -> Result<RowOutcome> {
        let span = debug_span!("truncate", table = truncation.target.qualified());
        self.time(span, self.sink.truncate(truncation, deadline)).await
    }

    async fn schemas(&self, deadline: Deadline) -> Result<Vec<TableSchema>> {
        self.time(debug_span!("schemas"), self.sink.schemas(deadline)).await
    }

    async fn learn(&self, schemas: &[TableSchema], deadline: Deadline) -> Result<()> {
        self.time(debug_span!("learn", tables = schemas.len()), self.sink.learn(schemas, deadline)).await
    }

    async fn apply(&self, statement: &Statement, deadline: Deadline) -> Result<Vec<RowOutcome>> {
        let (table, rows) = (|| statement.target.qualified(), statement.rows.len());
        let span = debug_span!("apply", table = table(), rows, action = ?statement.action);
        self.time(span, self.sink.apply(statement, deadline)).await
    }

    async fn blocked(
        &self,
        keys: &[(String, String)],
        deadline: Deadline,
    ) -> Result<HashSet<(String, String)>> {
        self.time(debug_span!("blocked", keys = keys.len()), self.sink.blocked(keys, deadline)).await
    }

    async fn parked_lately(
        &self,
        source: &str,
        cause: Cause<'_>,
        letters: &[DeadLetter],
        deadline: Deadline,
    ) -> Result<u64> {
        let span = debug_span!("parked_lately", source);
        self.time(span, self.sink.parked_lately(source, cause, letters, deadline)).await
    }

    async fn sources(&self, deadline: Deadline) -> Result<Vec<(String, SourceIdentity)>> {
        self.time(debug_span!("sources"), self.sink.sources(deadline)).await
    }

    async fn park(&self, letters: &[DeadLetter], deadline: Deadline) -> Result<()> {
        self.time(debug_span!("park", letters = letters.len()), self.sink.park(letters, deadline)).await
    }
}
