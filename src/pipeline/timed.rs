//! A sink whose every call is timed, and is a span for whoever wants to see it.

use crate::catalogue::TableSchema;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::Write;
use crate::sink::{Binding, Cause, DeadLetter, RowOutcome, Sink, Store, Truncation};
use crate::source::SourceIdentity;
use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tracing::{Instrument as _, Span, debug_span};

/// How long a batch waited so far, in nanoseconds: its calls follow one another, so they add up.
#[derive(Clone, Default)]
struct Watch(Arc<AtomicU64>);

impl Watch {
    fn time<T>(&self, span: Span, work: impl Future<Output = T>) -> impl Future<Output = T> {
        // boxed, so that the future of a whole batch stays small
        let work = Box::pin(work.instrument(span));
        async move {
            let started = Instant::now();
            let done = work.await;
            let took = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.0.fetch_add(took, Ordering::Relaxed);
            done
        }
    }
}

/// The sink of one batch.
pub(super) struct Timed<'s, S: Sink> {
    sink: &'s S,
    store: Option<TimedStore<'s, S::Store>>,
    watch: Watch,
}

impl<'s, S: Sink> Timed<'s, S> {
    pub(super) fn new(sink: &'s S) -> Self {
        let watch = Watch::default();
        let store = sink.store().map(|store| TimedStore { store, watch: watch.clone() });
        Self { sink, store, watch }
    }

    /// How long the batch waited for the sink so far.
    pub(super) fn waited(&self) -> Duration {
        Duration::from_nanos(self.watch.0.load(Ordering::Relaxed))
    }
}

impl<'s, S: Sink> Sink for Timed<'s, S> {
    type Store = TimedStore<'s, S::Store>;

    fn store(&self) -> Option<&Self::Store> {
        self.store.as_ref()
    }

    fn retries(&self) -> u64 {
        self.sink.retries()
    }

    async fn prepare(&self, binding: &Binding, deadline: Deadline) -> Result<()> {
        let span = debug_span!("prepare", table = binding.target.qualified());
        self.watch.time(span, self.sink.prepare(binding, deadline)).await
    }

    async fn apply(&self, write: &Write, deadline: Deadline) -> Result<Vec<RowOutcome>> {
        let (table, rows) = (|| write.target.qualified(), write.rows.len());
        let span = debug_span!("apply", table = table(), rows, action = ?write.action);
        self.watch.time(span, self.sink.apply(write, deadline)).await
    }

    async fn truncate(&self, truncation: &Truncation, deadline: Deadline) -> Result<RowOutcome> {
        let span = debug_span!("truncate", table = truncation.target.qualified());
        self.watch.time(span, self.sink.truncate(truncation, deadline)).await
    }
}

/// The store of one batch.
pub(super) struct TimedStore<'s, T> {
    store: &'s T,
    watch: Watch,
}

impl<T: Store> Store for TimedStore<'_, T> {
    async fn load_schemas(&self, deadline: Deadline) -> Result<Vec<TableSchema>> {
        self.watch.time(debug_span!("schemas"), self.store.load_schemas(deadline)).await
    }

    async fn record_schemas(&self, schemas: &[TableSchema], deadline: Deadline) -> Result<()> {
        let span = debug_span!("learn", tables = schemas.len());
        self.watch.time(span, self.store.record_schemas(schemas, deadline)).await
    }

    async fn sources(&self, deadline: Deadline) -> Result<Vec<(String, SourceIdentity)>> {
        self.watch.time(debug_span!("sources"), self.store.sources(deadline)).await
    }

    async fn blocked(
        &self,
        keys: &[(String, String)],
        deadline: Deadline,
    ) -> Result<HashSet<(String, String)>> {
        self.watch.time(debug_span!("blocked", keys = keys.len()), self.store.blocked(keys, deadline)).await
    }

    async fn parked_lately(
        &self,
        source: &str,
        cause: Cause<'_>,
        letters: &[DeadLetter],
        deadline: Deadline,
    ) -> Result<u64> {
        let span = debug_span!("parked_lately", source);
        self.watch.time(span, self.store.parked_lately(source, cause, letters, deadline)).await
    }

    async fn park(&self, letters: &[DeadLetter], deadline: Deadline) -> Result<()> {
        self.watch
            .time(debug_span!("park", letters = letters.len()), self.store.park(letters, deadline))
            .await
    }
}
