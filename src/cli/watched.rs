//! A sink that remembers which targets were touched.

use rowtide::deadline::Deadline;
use rowtide::error::Result;
use rowtide::plan;
use rowtide::sink::{Binding, Database, KnownTarget, RowOutcome, Sink, Truncation};
use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

/// A sink that remembers which targets the input touched.
pub(super) struct Watched {
    pub(super) sink: Database,
    prepared: Mutex<HashSet<String>>,
    /// Whether the schemas of targets are made, too.
    makes_schemas: bool,
}

impl Watched {
    /// `sink`, and whether nobody else makes the schemas there.
    pub(super) fn new(sink: Database, makes_schemas: bool) -> Self {
        Self { sink, prepared: Mutex::default(), makes_schemas }
    }

    /// The targets that the input touched, by name.
    pub(super) async fn touched(&self) -> Result<Vec<KnownTarget>> {
        let touched: BTreeSet<String> =
            self.prepared.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        if touched.is_empty() {
            return Ok(Vec::new());
        }
        let mut targets = self.sink.targets().await?;
        targets.retain(|target| touched.contains(&target.name));
        targets.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(targets)
    }
}

impl Sink for Watched {
    type Store = Database;

    fn store(&self) -> Option<&Database> {
        self.sink.store()
    }

    fn retries(&self) -> u64 {
        self.sink.retries()
    }

    async fn prepare(&self, binding: &Binding, deadline: Deadline) -> Result<()> {
        if self.makes_schemas {
            self.sink.create_schema(&binding.target.schema).await?;
        }
        self.sink.prepare(binding, deadline).await?;
        let name = self.sink.dialect(deadline).await?.named(&binding.target).qualified();
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
        Ok(())
    }

    async fn apply(&self, write: &plan::Write, deadline: Deadline) -> Result<Vec<RowOutcome>> {
        self.sink.apply(write, deadline).await
    }

    async fn truncate(&self, truncation: &Truncation, deadline: Deadline) -> Result<RowOutcome> {
        self.sink.truncate(truncation, deadline).await
    }
}
