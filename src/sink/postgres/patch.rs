//! Patches: rows that bring only some of their columns. Read, patched and written back, until nobody was faster.

use super::Postgres;
use super::errors::row_error;
use crate::deadline::Deadline;
use crate::error::{Disposition, Result};
use crate::plan::postgres::{encode, read_rows, write_patched};
use crate::plan::{EncodedRow, Layout, PlannedRow, Write};
use crate::route::Target;
use crate::sink::contract::RowOutcome;
use crate::sink::targets::{Base, ROW_ATTEMPTS_MAX, cannot_patch, check_horizon, kept_writing, patched};
use crate::sink::wire::parameters::parameters;
use crate::sink::wire::server::settle;
use deadpool_postgres::Object;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Postgres {
    /// Reads, patches and writes back, until nobody was faster.
    pub(super) async fn patch(
        &self,
        write: &Write,
        layout: Layout,
        deadline: Deadline,
    ) -> Result<Vec<RowOutcome>> {
        if layout != Layout::Managed || write.target.delete == crate::policy::DeletePolicy::Hard {
            return Err(cannot_patch(&write.target, "a table made by rowtide and"));
        }
        if self.checks_horizon {
            let rows: Vec<&PlannedRow> = write.rows.iter().collect();
            check_horizon(self.horizon(&write.target, deadline).await?, &write.target, &rows)?;
        }
        let mut outcomes: Vec<Option<RowOutcome>> = vec![None; write.rows.len()];
        let mut parts: Vec<Vec<usize>> = vec![(0..write.rows.len()).collect()];
        let mut attempts = 0;
        while let Some(mut part) = parts.pop() {
            part.retain(|&index| outcomes.get(index).is_some_and(Option::is_none));
            if part.is_empty() {
                continue;
            }
            match self.patch_part(write, &part, deadline).await {
                Ok(settled) => {
                    for (index, outcome) in settled {
                        if let Some(slot) = outcomes.get_mut(index) {
                            *slot = Some(outcome);
                        }
                    }
                    // what another worker wrote in between is read again
                    if part.iter().any(|&index| outcomes.get(index).is_some_and(Option::is_none)) {
                        attempts += 1;
                        if attempts > ROW_ATTEMPTS_MAX {
                            return Err(kept_writing());
                        }
                        parts.push(part);
                    }
                }
                Err(error) if error.disposition() == Disposition::Park && part.len() > 1 => {
                    let second = part.split_off(part.len() / 2);
                    parts.push(second);
                    parts.push(part);
                }
                Err(error) if error.disposition() == Disposition::Park => {
                    let error = Arc::new(error);
                    for index in part {
                        if let Some(slot) = outcomes.get_mut(index) {
                            *slot = Some(RowOutcome::Refused(error.clone()));
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or(RowOutcome::Stale)).collect())
    }

    /// One round for some rows: what was settled; rows that another worker wrote in between are missing.
    async fn patch_part(
        &self,
        write: &Write,
        part: &[usize],
        deadline: Deadline,
    ) -> Result<Vec<(usize, RowOutcome)>> {
        let rows: Vec<(usize, &PlannedRow)> =
            part.iter().filter_map(|&index| Some((index, write.rows.get(index)?))).collect();
        self.server.retrying(deadline, || self.patch_once(&write.target, &rows, deadline)).await
    }

    async fn patch_once(
        &self,
        target: &Target,
        rows: &[(usize, &PlannedRow)],
        deadline: Deadline,
    ) -> Result<Vec<(usize, RowOutcome)>> {
        let client = self.client(deadline).await?;
        self.statements.fetch_add(1, Ordering::Relaxed);
        let result = self.patch_with(&client, target, rows, deadline).await;
        settle(client, result)
    }

    async fn patch_with(
        &self,
        client: &Object,
        target: &Target,
        rows: &[(usize, &PlannedRow)],
        deadline: Deadline,
    ) -> Result<Vec<(usize, RowOutcome)>> {
        let mut settled = Vec::new();
        let floor = self.floor(client, target, deadline).await?;
        let is_below = |row: &PlannedRow| floor.as_deref().is_some_and(|floor| row.version.as_str() <= floor);
        let (below, rows): (Vec<_>, Vec<_>) = rows.iter().copied().partition(|(_, row)| is_below(row));
        settled.extend(below.into_iter().map(|(index, _)| (index, RowOutcome::Stale)));
        let read = read_rows(target, &rows.iter().map(|(_, row)| *row).collect::<Vec<_>>());
        let work = async {
            let prepared = client.prepare_cached(&read.sql).await?;
            client.query(&prepared, &parameters(&read)).await
        };
        let stored = self.bounded(client, deadline, work).await?;
        let mut bases: HashMap<String, Base> = HashMap::new();
        for row in &stored {
            let (key, base) = read_base(row).map_err(row_error)?;
            bases.insert(key, base);
        }
        let (mut indices, mut rows_patched, mut base_versions) = (Vec::new(), Vec::new(), Vec::new());
        for (index, row) in rows {
            let base = bases.remove(&row.key);
            let version = base.as_ref().map(|base| base.version.clone());
            if version.as_deref().is_some_and(|version| version >= row.version.as_str()) {
                settled.push((index, RowOutcome::Stale));
                continue;
            }
            indices.push(index);
            rows_patched.push(patched(row, base.as_ref())?);
            base_versions.push(version);
        }
        if rows_patched.is_empty() {
            return Ok(settled);
        }
        let encoded = encode(&rows_patched);
        let encoded: Vec<&EncodedRow<'_>> = encoded.iter().collect();
        let base_versions: Vec<Option<&str>> = base_versions.iter().map(Option::as_deref).collect();
        let write = write_patched(target, &encoded, &base_versions);
        let work = async {
            let prepared = client.prepare_cached(&write.sql).await?;
            client.query(&prepared, &parameters(&write)).await
        };
        let written = self.bounded(client, deadline, work).await?;
        let written: HashSet<String> =
            written.iter().map(|row| row.try_get(0).map_err(row_error)).collect::<Result<_>>()?;
        let durable = indices.into_iter().zip(&rows_patched).filter(|(_, row)| written.contains(&row.key));
        settled.extend(durable.map(|(index, _)| (index, RowOutcome::Applied)));
        Ok(settled)
    }
}

/// The key of a row, and what its patch rests on.
fn read_base(row: &tokio_postgres::Row) -> Result<(String, Base), tokio_postgres::Error> {
    Ok((
        row.try_get(0)?,
        Base {
            pk: row.try_get(1)?,
            data: row.try_get(2)?,
            aux: row.try_get(3)?,
            version: row.try_get(4)?,
            deleted: row.try_get(5)?,
        },
    ))
}
