//! Patches: what a row is made of that brings only some of its columns, and how nobody else's change is lost.

use super::Cratedb;
use super::rows::{Sent, read_base};
use super::write::Attempt;
use crate::deadline::Deadline;
use crate::error::{Disposition, Result};
use crate::plan::cratedb::{Values, read_adopted, read_row, write_adopted, write_patched};
use crate::plan::{Layout, PlannedRow, Write};
use crate::policy::DeletePolicy;
use crate::sink::contract::RowOutcome;
use crate::sink::targets::{
    PreparedTarget, ROW_ATTEMPTS_MAX, cannot_patch, check_horizon, kept_writing, patched, unfit_key,
};
use crate::sink::wire::parameters::parameters;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Cratedb {
    pub(super) async fn patch(
        &self,
        write: &Write,
        prepared: &PreparedTarget,
        deadline: Deadline,
    ) -> Result<Vec<RowOutcome>> {
        if prepared.layout == Layout::Managed && prepared.binding.target.delete == DeletePolicy::Hard {
            return Err(cannot_patch(&prepared.binding.target, "a table with"));
        }
        if self.checks_horizon {
            let horizon = self.horizon(&prepared.binding.target.qualified(), deadline).await?;
            check_horizon(horizon, &prepared.binding.target, &write.rows.iter().collect::<Vec<_>>())?;
        }
        let mut outcomes: Vec<Option<RowOutcome>> = vec![None; write.rows.len()];
        let indices: Vec<usize> = (0..write.rows.len()).collect();
        self.each_row(&indices, write, &mut outcomes, |row| self.patch_row(prepared, row, deadline)).await?;
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or(RowOutcome::Stale)).collect())
    }

    async fn patch_row(
        &self,
        prepared: &PreparedTarget,
        row: &PlannedRow,
        deadline: Deadline,
    ) -> Result<RowOutcome> {
        let attempt = Attempt::now();
        let mut retry = self.server.retry(deadline);
        let mut refused = 0;
        loop {
            let patched = match prepared.layout {
                Layout::Managed => self.patch_once(prepared, row, attempt, deadline).await,
                Layout::Adopted { .. } => self.patch_adopted(prepared, row, deadline).await,
            };
            match patched {
                Err(error) if retry.again(&error).await => {}
                // the columns may not be what the cache says
                Err(error) if error.disposition() == Disposition::Park && refused == 0 => {
                    refused += 1;
                    self.refresh_columns(prepared, deadline).await?;
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
        prepared: &PreparedTarget,
        row: &PlannedRow,
        attempt: Attempt,
        deadline: Deadline,
    ) -> Result<RowOutcome> {
        let target = &prepared.binding.target;
        let read = read_row(target, row);
        for _ in 0..ROW_ATTEMPTS_MAX {
            self.statements.fetch_add(1, Ordering::Relaxed);
            let found = self.row_of(&read, deadline).await?;
            let base = found.map(|row| read_base(&row, prepared.layout)).transpose()?;
            if let Some((base, _)) = &base
                && base.version.as_str() >= row.version.as_str()
            {
                return Ok(RowOutcome::Stale);
            }
            let patched = patched(row, base.as_ref().map(|(base, _)| base))?;
            let encoded = self.encode(prepared, &[(0, &patched)], deadline).await?;
            let Some(sent) = encoded.first() else { return Ok(RowOutcome::Stale) };
            let state = base.map(|(_, state)| state);
            let write = write_patched(target, &sent.row, Some(attempt.moment()), state);
            let written = self.execute(deadline, &write.sql, &parameters(&write)).await?;
            if written > 0 {
                return Ok(RowOutcome::Applied);
            }
        }
        Err(kept_writing())
    }

    /// The same in a table that somebody else made. Without versions the last writer wins, as with whole rows.
    async fn patch_adopted(
        &self,
        prepared: &PreparedTarget,
        row: &PlannedRow,
        deadline: Deadline,
    ) -> Result<RowOutcome> {
        let (target, names) = (&prepared.binding.target, &prepared.binding.key_names);
        let refused = |why| Ok(RowOutcome::Refused(Arc::new(why)));
        for _ in 0..ROW_ATTEMPTS_MAX {
            self.statements.fetch_add(1, Ordering::Relaxed);
            let encoded = self.encode(prepared, &[(0, row)], deadline).await?;
            let read = |sent: &Sent<'_>| read_adopted(target, prepared.layout, names, &sent.row);
            let Some(read) = encoded.first().and_then(read) else { return refused(unfit_key()) };
            let found = self.row_by(&read, deadline).await?;
            let base = found.map(|row| read_base(&row, prepared.layout)).transpose()?;
            if let Some((base, _)) = base.as_ref().filter(|_| Values::of(prepared.layout).guarded())
                && base.version.as_str() >= row.version.as_str()
            {
                return Ok(RowOutcome::Stale);
            }
            let patched = patched(row, base.as_ref().map(|(base, _)| base))?;
            let encoded = self.encode(prepared, &[(0, &patched)], deadline).await?;
            let Some(sent) = encoded.first() else { return Ok(RowOutcome::Stale) };
            if let Some(why) = sent.rejection(prepared) {
                return refused(why);
            }
            let state = base.map(|(_, state)| state);
            let Some(write) = write_adopted(target, prepared.layout, names, &sent.row, state) else {
                return refused(unfit_key());
            };
            let written = self.execute(deadline, &write.sql, &parameters(&write)).await?;
            if written > 0 {
                return Ok(RowOutcome::Applied);
            }
        }
        Err(kept_writing())
    }
}
