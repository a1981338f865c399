//! Statements on a CrateDB server: columns added before the write, rows compared with what was written, refused rows
//! isolated.
//!
//! Three of its habits shape this room (docs/cratedb.md): a write that adds a column can empty other rows, so none
//! does; two requests in flight on one connection mix up their answers, so there is one, and the connection is dropped
//! after any error; a statement skips bad rows in silence, so what comes back is compared with what was sent.

mod client;
mod columns;
mod errors;
#[cfg(feature = "cli")]
mod inspect;
mod lanes;
mod later;
mod letters;
mod objects;
mod patch;
mod purge;
mod registry;
mod rows;
mod schemas;
mod show;
mod state;
#[cfg(feature = "cli")]
mod status;
mod stored;
mod write;

use crate::catalogue::TableSchema;
use crate::config::{Config, Ddl};
use crate::deadline::Deadline;
use crate::error::{Code, Error, Result};
use crate::plan::cratedb::{TableColumns, cannot_truncate, named};
use crate::plan::{Action, Layout, Write, fill_own, relation};
use crate::policy::Policy;
use crate::route::Routes;
use crate::sink::contract::{Binding, RowOutcome, Sink, Truncation};
use crate::sink::registry::of_table;
use crate::sink::targets::{PreparedTarget, PreparedTargets, not_prepared};
use crate::sink::wire::errors::{MISSING_COLUMN, is_missing_table};
use crate::sink::wire::server::Server;
use crate::sink::wire::store::store_on_server;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// A CrateDB server as the place where rows go.
pub struct Cratedb {
    server: Server,
    schema: String,
    ddl: Ddl,
    dead_letter_retention: std::time::Duration,
    prepared: PreparedTargets,
    columns: Mutex<HashMap<String, Arc<TableColumns>>>,
    /// Targets whose table has no room for another column.
    full: Mutex<HashSet<String>>,
    /// One at a time looks at the catalogue or changes it.
    turn: tokio::sync::Mutex<()>,
    own_tables: Mutex<bool>,
    /// Whether the registry has the columns that hold the source of a target.
    remembers_sources: AtomicBool,
    tells_format: AtomicBool,
    checks_horizon: bool,
    /// Which tables could be taken over is read once, when a key is wanted.
    routes: Routes,
    found_keys: OnceCell<Vec<TableSchema>>,
    statements: AtomicU64,
    alterations: AtomicU64,
}

impl std::fmt::Debug for Cratedb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // never the connection string
        f.debug_struct("Cratedb").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Cratedb {
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
            columns: Mutex::default(),
            full: Mutex::default(),
            turn: tokio::sync::Mutex::new(()),
            own_tables: Mutex::new(false),
            remembers_sources: AtomicBool::new(false),
            tells_format: AtomicBool::new(false),
            checks_horizon: false,
            routes: Routes::new(Policy::from(config)),
            found_keys: OnceCell::new(),
            statements: AtomicU64::new(0),
            alterations: AtomicU64::new(0),
        }
    }

    /// The same, refusing changes that are older than their target's purge horizon.
    #[must_use]
    pub fn checking_horizon(mut self) -> Self {
        self.checks_horizon = true;
        self
    }

    /// Closes the connections that nobody uses.
    pub fn close_idle(&self) {
        self.server.close_idle();
    }

    /// Closes every connection; nothing can be written afterwards.
    pub fn close(&self) {
        self.server.close();
    }

    /// How many statements that write rows have been sent so far.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// How many statements that add columns have been sent so far.
    #[must_use]
    pub fn alterations(&self) -> u64 {
        self.alterations.load(Ordering::Relaxed)
    }

    fn own(&self, name: &str) -> String {
        relation(&self.schema, name)
    }

    fn fill_own(&self, template: &str, values: &[(&str, &str)]) -> String {
        fill_own(template, &self.schema, values)
    }

    /// What is read of a source and its key beside the columns that every registry has.
    fn identity_columns(&self) -> &'static str {
        let is_there = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        match (is_there(&self.remembers_sources), is_there(&self.tells_format)) {
            (true, true) => ", source_identity, key_types, format",
            // registries of earlier versions
            (true, false) => ", source_identity, key_types, null::integer",
            (false, _) => ", null, null, null::integer",
        }
    }

    fn prepared(&self, write: &Write) -> Result<Arc<PreparedTarget>> {
        let name = named(&write.target).qualified();
        self.prepared.get(&name).ok_or_else(|| not_prepared(&name))
    }

    fn forget(&self, name: &str) {
        self.prepared.forget(name);
        self.columns.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

impl Sink for Cratedb {
    type Store = Self;

    fn store(&self) -> Option<&Self> {
        Some(self)
    }

    fn retries(&self) -> u64 {
        self.server.retries()
    }

    async fn prepare(&self, binding: &Binding, deadline: Deadline) -> Result<()> {
        self.server.retrying(deadline, || Box::pin(self.ensure_target(binding, deadline))).await.map(drop)
    }

    async fn apply(&self, write: &Write, deadline: Deadline) -> Result<Vec<RowOutcome>> {
        let prepared = self.prepared(write)?;
        let applied = match write.action {
            Action::Upsert => Box::pin(self.upsert(write, &prepared, deadline)).await,
            Action::Patch => Box::pin(self.patch(write, &prepared, deadline)).await,
        };
        let applied = match applied {
            Ok(outcomes) if prepared.layout == Layout::Managed => {
                Box::pin(self.find_later(write, &prepared, outcomes, deadline)).await
            }
            other => other,
        };
        let is_changed = |error: &Error| {
            is_missing_table(error)
                || error.sqlstate() == Some(MISSING_COLUMN)
                || matches!(error.code(), Code::LostObject | Code::Unreadable)
        };
        if applied.as_ref().is_err_and(is_changed) {
            // somebody changed it: the next batch looks again, on connections that do not know it yet
            self.forget(&prepared.binding.target.qualified());
            self.close_idle();
            return applied;
        }
        applied.map_err(of_table)
    }

    async fn truncate(&self, truncation: &Truncation, _: Deadline) -> Result<RowOutcome> {
        Err(cannot_truncate(&truncation.target))
    }
}

store_on_server!(Cratedb);
