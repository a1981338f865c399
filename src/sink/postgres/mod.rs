//! Statements on a PostgreSQL server: retried, bounded in time, refused rows isolated by halving.

mod client;
mod errors;
mod floor;
#[cfg(feature = "cli")]
mod inspect;
mod later;
mod letters;
mod objects;
mod patch;
mod purge;
mod registry;
mod schemas;
mod show;
mod state;
#[cfg(feature = "cli")]
mod status;
mod stored;
mod views;
mod write;

use crate::config::{Config, Ddl};
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::{Action, Layout, Write, fill_own, relation};
use crate::route::Target;
use crate::sink::contract::{Binding, RowOutcome, Sink, Truncation};
use crate::sink::registry::of_table;
use crate::sink::targets::{PreparedTargets, not_prepared};
use crate::sink::wire::errors::is_missing_table;
use crate::sink::wire::server::Server;
use crate::sink::wire::store::store_on_server;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// A PostgreSQL server as the place where rows go.
pub struct Postgres {
    server: Server,
    schema: String,
    ddl: Ddl,
    dead_letter_retention: Duration,
    prepared: PreparedTargets,
    ready: tokio::sync::Mutex<bool>,
    checks_horizon: bool,
    /// Whether the registry is one of an earlier version that cannot be changed.
    has_old_registry: AtomicBool,
    statements: AtomicU64,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // never the connection string
        f.debug_struct("Postgres").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Postgres {
    /// A sink for `sink.url`. No connection is opened yet.
    ///
    /// # Errors
    /// When the settings of `sink` cannot be used.
    pub fn new(config: &Config) -> Result<Self> {
        Ok(Self::on(Server::new(config)?, config))
    }

    /// The same on a server that is known already.
    pub(in crate::sink) fn on(server: Server, config: &Config) -> Self {
        Self {
            server,
            schema: config.sink.schema.clone(),
            ddl: config.sink.ddl,
            dead_letter_retention: config.dead_letters.retention,
            prepared: PreparedTargets::new(),
            ready: tokio::sync::Mutex::new(false),
            checks_horizon: false,
            has_old_registry: AtomicBool::new(false),
            statements: AtomicU64::new(0),
        }
    }

    /// The same, refusing changes that are older than their target's purge horizon: a deleted row of theirs may have
    /// been forgotten. For replays and redrives; a stream that is shorter than the retention needs no such check.
    #[must_use]
    pub fn checking_horizon(mut self) -> Self {
        self.checks_horizon = true;
        self
    }

    /// Closes the connections that nobody uses: before a pause, or when another client waits for its turn.
    pub fn close_idle(&self) {
        self.server.close_idle();
    }

    /// How many statements that write rows have been sent so far.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Closes every connection; nothing can be written afterwards.
    pub fn close(&self) {
        self.server.close();
    }

    fn layout(&self, target: &Target) -> Option<Layout> {
        self.prepared.get(&target.qualified()).map(|prepared| prepared.layout)
    }

    fn own(&self, name: &str) -> String {
        relation(&self.schema, name)
    }

    fn fill_own(&self, template: &str, values: &[(&str, &str)]) -> String {
        fill_own(template, &self.schema, values)
    }
}

impl Sink for Postgres {
    type Store = Self;

    fn store(&self) -> Option<&Self> {
        Some(self)
    }

    fn retries(&self) -> u64 {
        self.server.retries()
    }

    async fn prepare(&self, binding: &Binding, deadline: Deadline) -> Result<()> {
        self.server.retrying(deadline, || self.ensure_target(binding, deadline)).await.map(drop)
    }

    async fn apply(&self, write: &Write, deadline: Deadline) -> Result<Vec<RowOutcome>> {
        let Some(layout) = self.layout(&write.target) else {
            return Err(not_prepared(&write.target.qualified()));
        };
        let applied = match write.action {
            Action::Upsert => self.upsert(write, layout, deadline).await,
            Action::Patch => self.patch(write, layout, deadline).await,
        };
        let applied = match applied {
            Ok(outcomes) if layout == Layout::Managed => self.find_later(write, outcomes, deadline).await,
            other => other,
        };
        if applied.as_ref().is_err_and(is_missing_table) {
            // somebody dropped it: the next batch looks again
            self.prepared.forget(&write.target.qualified());
            return applied;
        }
        applied.map_err(of_table)
    }

    async fn truncate(&self, truncation: &Truncation, deadline: Deadline) -> Result<RowOutcome> {
        self.server.retrying(deadline, || self.truncate_once(truncation, deadline)).await
    }
}

store_on_server!(Postgres);
