//! The columns of a target, which nobody but this room adds: before the write, by one worker at a time.

use super::Cratedb;
use super::errors::{of_ddl, read};
use crate::config::Ddl;
use crate::deadline::Deadline;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::plan::Layout;
use crate::plan::cratedb::{Budget, Column, TableColumns};
use crate::plan::cratedb::{add_columns, budget, declared, table};
use crate::route::REGISTRY;
use crate::sink::targets::{LOOKS_MAX, PreparedTarget};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How often columns are looked at and added before a write, because other workers add some too.
const ADDINGS_MAX: u32 = 10;

/// How long one worker may have the table to itself while it adds columns; longer than any `alter table` takes.
const LEASE: Duration = Duration::from_secs(30);

/// How long an `alter table` may take: it must be over before somebody else begins.
const ALTER_MAX: Duration = Duration::from_secs(20);

/// How long a worker waits before it looks again whether another one is done.
const LEASE_WAIT: Duration = Duration::from_millis(25);

/// Who alters a table until when, and the state of the line that says so.
pub(super) struct Lease {
    until: Option<jiff::Timestamp>,
    /// The server's time: workers' clocks differ.
    now: jiff::Timestamp,
    pub(super) sequence: i64,
    pub(super) term: i64,
}

impl Cratedb {
    /// Encodes something in a target's columns, and adds those that it needs before anything is written.
    pub(super) async fn with_columns<T>(
        &self,
        prepared: &PreparedTarget,
        deadline: Deadline,
        encode: impl Fn(&mut TableColumns, Budget) -> T + Sync,
    ) -> Result<T> {
        let target = &prepared.binding.target;
        let name = target.qualified();
        let declared = declared(target)?;
        let planned = |before: &TableColumns| {
            let may_grow = self.ddl == Ddl::Auto
                && !self.full.lock().unwrap_or_else(PoisonError::into_inner).contains(&name);
            let mut after = before.clone();
            for (field, column) in &declared {
                let root =
                    if prepared.binding.key_names.iter().any(|name| name == field) { "pk" } else { "data" };
                after.declare(root, field, column, may_grow);
            }
            let encoded = encode(&mut after, if may_grow { budget(target) } else { Budget::NONE });
            (encoded, after.added_since(before))
        };
        let mut refused = None;
        for _ in 0..ADDINGS_MAX {
            {
                let (encoded, added) = planned(&*self.columns_of(prepared, deadline).await?);
                if added.is_empty() {
                    return Ok(encoded);
                }
            }
            let _turn = self.turn.lock().await;
            // one worker at a time: two that add a column with different types at once leave a table in which neither
            // type holds, and rows that nobody can read by their key
            let lease = self.take_lease(&name, deadline).await?;
            let altered = self.alter(prepared, |columns| planned(columns).1, deadline).await;
            // without an answer, the server may still be at it
            let is_silent = |error: &Error| error.sqlstate().is_none() && error.code() != Code::LostObject;
            if !altered.as_ref().is_err_and(is_silent) {
                self.give_lease_back(&name, lease, deadline).await?;
            }
            refused = altered?;
        }
        if let Some(error) = refused.filter(|error: &Error| error.code() == Code::Rejected) {
            return Err(of_ddl(error));
        }
        let message = format!("The columns of {name} keep changing while they are added.");
        Err(Error::new(ErrorKind::Contended, Code::Contended, message))
    }

    /// Adds the columns that are missing now, whatever others added before. What that was refused for, if it was.
    async fn alter(
        &self,
        prepared: &PreparedTarget,
        missing: impl Fn(&TableColumns) -> Vec<(Vec<String>, Column)> + Sync,
        deadline: Deadline,
    ) -> Result<Option<Error>> {
        let added = missing(&*self.refresh_columns(prepared, deadline).await?);
        let name = prepared.binding.target.qualified();
        let limit = if deadline.is_within(ALTER_MAX) { deadline } else { Deadline::after(ALTER_MAX) };
        let mut refused = None;
        for sql in add_columns(&table(&prepared.binding.target, prepared.layout), &added) {
            self.alterations.fetch_add(1, Ordering::Relaxed);
            match self.run(limit, &sql).await {
                Err(error) if error.code() == Code::NoRoom => {
                    tracing::warn!(
                        target = name,
                        "The table has no room for another column; the rest goes to aux."
                    );
                    self.full.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
                    break;
                }
                // a person added some of them: look again
                Err(error) if matches!(error.code(), Code::ColumnExists | Code::Rejected) => {
                    refused = Some(error);
                    break;
                }
                Err(error) => return Err(of_ddl(error)),
                Ok(()) => {}
            }
        }
        self.refresh_columns(prepared, deadline).await?;
        Ok(refused)
    }

    /// Waits until no other worker alters the target's table, and says until when this one does.
    async fn take_lease(&self, target: &str, deadline: Deadline) -> Result<jiff::Timestamp> {
        let mut waited = Duration::ZERO;
        loop {
            let held = self.lease(target, deadline).await?;
            let until = held.now.as_millisecond() + i64::try_from(LEASE.as_millis()).unwrap_or_default();
            let until = jiff::Timestamp::from_millisecond(until).unwrap_or(held.now);
            let is_free = held.until.is_none_or(|until| until < held.now);
            if is_free && self.set_lease(target, &held, Some(until), deadline).await? {
                return Ok(until);
            }
            if waited > LEASE * 2 || deadline.is_within(LEASE_WAIT * 4) {
                let message = format!("Other workers keep adding columns to {target}.");
                return Err(Error::new(ErrorKind::Contended, Code::Contended, message));
            }
            tokio::time::sleep(LEASE_WAIT).await;
            waited += LEASE_WAIT;
        }
    }

    async fn give_lease_back(&self, target: &str, lease: jiff::Timestamp, deadline: Deadline) -> Result<()> {
        for _ in 0..LOOKS_MAX {
            let held = self.lease(target, deadline).await?;
            // somebody else's by now, or another line of the registry was written in between
            if held.until != Some(lease) || self.set_lease(target, &held, None, deadline).await? {
                break;
            }
        }
        Ok(())
    }

    pub(super) async fn lease(&self, target: &str, deadline: Deadline) -> Result<Lease> {
        let sql = self.fill_own(include_str!("../../../sql/cratedb/read_lease.sql"), &[]);
        let rows = self.query(deadline, &sql, &[&target]).await?;
        let row = rows.first().ok_or_else(|| {
            // the next batch looks again
            let message = format!("{target} has lost its line in {}; it is made anew.", self.own(REGISTRY));
            Error::new(ErrorKind::Config, Code::LostObject, message)
        })?;
        read(|| {
            Ok(Lease {
                until: row.try_get(0)?,
                now: row.try_get(1)?,
                sequence: row.try_get(2)?,
                term: row.try_get(3)?,
            })
        })
    }

    /// Whether nobody was faster.
    async fn set_lease(
        &self,
        target: &str,
        held: &Lease,
        until: Option<jiff::Timestamp>,
        deadline: Deadline,
    ) -> Result<bool> {
        let sql = self.fill_own(include_str!("../../../sql/cratedb/write_lease.sql"), &[]);
        Ok(self.execute(deadline, &sql, &[&target, &until, &held.sequence, &held.term]).await? > 0)
    }

    async fn columns_of(&self, prepared: &PreparedTarget, deadline: Deadline) -> Result<Arc<TableColumns>> {
        let name = prepared.binding.target.qualified();
        let cached = self.columns.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        match cached {
            Some(columns) => Ok(columns),
            None => self.refresh_columns(prepared, deadline).await,
        }
    }

    /// Reads the columns anew.
    pub(super) async fn refresh_columns(
        &self,
        prepared: &PreparedTarget,
        deadline: Deadline,
    ) -> Result<Arc<TableColumns>> {
        let target = &prepared.binding.target;
        let name = if prepared.layout == Layout::Managed { &target.storage } else { &target.name };
        let described = self.describe(&target.schema, name, deadline).await?;
        if !described.has("pk") || !described.has("data") {
            // dropped, or a server that has just started and has not read its catalogue yet
            let message = format!("CrateDB shows no columns pk and data of {}.{name} now.", target.schema);
            return Err(Error::new(ErrorKind::Unavailable, Code::LostObject, message));
        }
        let columns = Arc::new(TableColumns::described(&described.columns));
        let mut cache = self.columns.lock().unwrap_or_else(PoisonError::into_inner);
        cache.insert(target.qualified(), columns.clone());
        Ok(columns)
    }
}
