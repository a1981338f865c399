//! Patches: what a row is made of that brings only some of its columns, and how nobody else's change is lost.

use super::crate_catalog::Known;
use super::crate_rows::{Base, Loan, server_error};
use super::cratedb::{Attempt, Cratedb, ROW_ATTEMPTS_MAX, contended};
use super::targets::check_horizon;
use super::{Deadline, RowOutcome};
use crate::error::{Code, Disposition, Error, ErrorKind, Result};
use crate::event::Patch;
use crate::json::Value;
use crate::plan::cratedb::{Values, adopted_patch_sql, patch_sql};
use crate::plan::{Layout, Row, Statement};
use crate::policy::DeletePolicy;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio_postgres::types::ToSql;

impl Cratedb {
    pub(super) async fn patch(
        &self,
        statement: &Statement,
        known: &Known,
        deadline: Deadline,
    ) -> Result<Vec<RowOutcome>> {
        if known.layout == Layout::Managed && known.binding.target.delete == DeletePolicy::Hard {
            return Err(Error::fault(
                Code::PartialImages,
                format!(
                    "{} sends partial images, which need delete = \"tombstone\" or \"soft\" in its route: {} has hard.",
                    known.binding.target.source,
                    known.binding.target.qualified()
                ),
            ));
        }
        if self.checks_horizon {
            let horizon = self.horizon(&known.binding.target.qualified(), deadline).await?;
            check_horizon(horizon, &known.binding.target, &statement.rows.iter().collect::<Vec<_>>())?;
        }
        let mut outcomes: Vec<Option<RowOutcome>> = vec![None; statement.rows.len()];
        let indices: Vec<usize> = (0..statement.rows.len()).collect();
        self.each_row(&indices, statement, &mut outcomes, |row| self.patch_row(known, row, deadline)).await?;
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or(RowOutcome::Stale)).collect())
    }

    async fn patch_row(&self, known: &Known, row: &Row, deadline: Deadline) -> Result<RowOutcome> {
        let attempt = Attempt::now();
        let mut retry = self.server.retry(deadline);
        let mut refused = 0;
        loop {
            let patched = match known.layout {
                Layout::Managed => self.patch_once(known, row, attempt, deadline).await,
                Layout::Adopted { .. } => self.patch_adopted(known, row, deadline).await,
            };
            match patched {
                Err(error) if retry.again(&error).await => {}
                // the columns may not be what the cache says
                Err(error) if error.disposition() == Disposition::Park && refused == 0 => {
                    refused += 1;
                    self.refresh_columns(known, deadline).await?;
                }
                Err(error) if error.disposition() == Disposition::Park => {
                    return Ok(RowOutcome::Refused(Arc::new(error)));
                }
                patched => return patched,
            }
        }
    }

    /// Reads, patches and writes back, until nobody was faster.
    async fn patch_once(
        &self,
        known: &Known,
        row: &Row,
        attempt: Attempt,
        deadline: Deadline,
    ) -> Result<RowOutcome> {
        let [read_sql, insert_sql, update_sql] = patch_sql(&known.binding.target);
        for _ in 0..ROW_ATTEMPTS_MAX {
            self.statements.fetch_add(1, Ordering::Relaxed);
            let found = self.row_of(&row.key, &read_sql, deadline).await?;
            let base = found.as_ref().map(Base::of).transpose()?;
            if let Some(base) = &base
                && base.version.as_str() >= row.version.as_str()
            {
                return Ok(RowOutcome::Stale);
            }
            let patched = Row { data: Some(patched(row, base.as_ref(), known.layout)?), ..row.clone() };
            let placed = self.place(known, &[(0, &patched)], deadline).await?;
            let Some(sent) = placed.first() else { return Ok(RowOutcome::Stale) };
            let changed_at = super::postgres::moment(row.changed_at);
            let mut parameters: Vec<&(dyn ToSql + Sync)> =
                vec![&row.key, &sent.pk, &sent.data, &sent.aux, &row.version, &changed_at, &attempt.at];
            let written = match &base {
                None => self.tell(deadline, &insert_sql, &parameters).await?,
                Some(base) => {
                    parameters.extend([&base.sequence as &(dyn ToSql + Sync), &base.term]);
                    self.tell(deadline, &update_sql, &parameters).await?
                }
            };
            if written > 0 {
                return Ok(RowOutcome::Applied);
            }
        }
        Err(contended())
    }

    /// The same in a table that somebody else made. Without versions the last writer wins, as with whole rows.
    async fn patch_adopted(&self, known: &Known, row: &Row, deadline: Deadline) -> Result<RowOutcome> {
        let names = &known.binding.key_names;
        let [read_sql, insert_sql, update_sql] =
            adopted_patch_sql(&known.binding.target, known.layout, names);
        let refused =
            |why| Ok(RowOutcome::Refused(Arc::new(Error::new(ErrorKind::Rejected, Code::Rejected, why))));
        for _ in 0..ROW_ATTEMPTS_MAX {
            self.statements.fetch_add(1, Ordering::Relaxed);
            let placed = self.place(known, &[(0, row)], deadline).await?;
            let Some(key) = placed.first().and_then(|sent| sent.key(names)) else {
                return refused("The key holds what pk of the existing table cannot.");
            };
            let key: Vec<&(dyn ToSql + Sync)> = key.iter().map(|value| value as _).collect();
            let found = self.row_by(&key, &read_sql, deadline).await?;
            let base = found.as_ref().map(Base::of).transpose()?;
            if let Some(base) = base.as_ref().filter(|_| Values::of(known.layout).guarded())
                && base.version.as_str() >= row.version.as_str()
            {
                return Ok(RowOutcome::Stale);
            }
            let patched = Row { data: Some(patched(row, base.as_ref(), known.layout)?), ..row.clone() };
            let placed = self.place(known, &[(0, &patched)], deadline).await?;
            let Some(sent) = placed.first() else { return Ok(RowOutcome::Stale) };
            if let Some(why) = sent.misfit(known) {
                return refused(why);
            }
            let values = Values::of(known.layout).names().iter().copied();
            let written = match &base {
                None => {
                    let parameters: Vec<_> = values.map(|name| sent.value(name)).collect();
                    self.tell(deadline, &insert_sql, &parameters).await?
                }
                Some(base) => {
                    let values = values.filter(|name| *name != "pk").map(|name| sent.value(name));
                    let mut parameters: Vec<_> = key.into_iter().chain(values).collect();
                    parameters.extend([&base.sequence as &(dyn ToSql + Sync), &base.term]);
                    self.tell(deadline, &update_sql, &parameters).await?
                }
            };
            if written > 0 {
                return Ok(RowOutcome::Applied);
            }
        }
        Err(contended())
    }

    /// The row of an adopted table's key, by a statement that the server does not keep either.
    async fn row_by(
        &self,
        key: &[&(dyn ToSql + Sync)],
        sql: &str,
        deadline: Deadline,
    ) -> Result<Option<tokio_postgres::Row>> {
        let loan = Loan::new(self.server.client(deadline).await?);
        let client = loan.client()?;
        let work = async {
            let prepared = client.prepare(sql).await?;
            client.query(&prepared, key).await
        };
        let rows = self.noticed(self.server.within(client, deadline, work, server_error).await)?;
        loan.give_back();
        Ok(rows.into_iter().next())
    }
}

/// What a patch made of the stored document.
fn patched(row: &Row, base: Option<&Base>, layout: Layout) -> Result<String> {
    let unreadable = |fault: crate::json::Fault| {
        Error::config(format!("A stored document cannot be read: {fault}. Was it edited by hand?"))
    };
    let stored = match base {
        Some(base) if !base.deleted => base.document(layout).map_err(unreadable)?,
        _ => None,
    };
    let empty = Patch::default();
    Ok(row.patch.as_ref().unwrap_or(&empty).apply(stored.unwrap_or(Value::Null)).to_text())
}
