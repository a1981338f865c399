//! Rows in one statement, isolated by halving when the server refuses some of them.

use super::Postgres;
use super::errors::row_error;
use crate::deadline::Deadline;
use crate::error::{Disposition, Result};
use crate::plan::postgres::{encode, upsert};
use crate::plan::{EncodedRow, Layout, PlannedRow, Statement, Write, fill};
use crate::route::Target;
use crate::sink::contract::RowOutcome;
use crate::sink::targets::{check_horizon, unfit_key};
use crate::sink::wire::parameters::parameters;
use crate::sink::wire::server::settle;
use crate::sink::wire::time::{left, milliseconds};
use deadpool_postgres::Object;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Postgres {
    /// Writes rows in one statement: which of them were written, by key.
    async fn write(
        &self,
        target: &Target,
        layout: Layout,
        rows: &[&EncodedRow<'_>],
        deadline: Deadline,
    ) -> Result<HashSet<String>> {
        let statement = upsert(target, layout, rows);
        self.server.retrying(deadline, || self.write_once(target, &statement, rows, deadline)).await
    }

    async fn write_once(
        &self,
        target: &Target,
        statement: &Statement<'_>,
        rows: &[&EncodedRow<'_>],
        deadline: Deadline,
    ) -> Result<HashSet<String>> {
        let mut client = self.client(deadline).await?;
        self.statements.fetch_add(1, Ordering::Relaxed);
        let result = if self.checks_horizon {
            let rows: Vec<&PlannedRow> = rows.iter().map(|row| row.row).collect();
            self.write_behind_horizon(&mut client, target, statement, &rows, deadline).await
        } else {
            let work = async {
                let prepared = client.prepare_cached(&statement.sql).await?;
                client.query(&prepared, &parameters(statement)).await
            };
            self.bounded(&client, deadline, work).await
        };
        let written = settle(client, result)?;
        written.iter().map(|row| row.try_get(0).map_err(row_error)).collect()
    }

    /// The same inside a transaction that holds the purge horizon still.
    async fn write_behind_horizon(
        &self,
        client: &mut Object,
        target: &Target,
        statement: &Statement<'_>,
        rows: &[&PlannedRow],
        deadline: Deadline,
    ) -> Result<Vec<tokio_postgres::Row>> {
        left(deadline)?;
        let lock = self.fill_own(include_str!("../../../sql/postgres/lock_horizon.sql"), &[]);
        let transaction = client.transaction().await.map_err(row_error)?;
        if let Some(limit) = self.server.statement_timeout {
            let milliseconds = milliseconds(limit);
            let template = include_str!("../../../sql/postgres/limit_statement.sql");
            transaction
                .batch_execute(&fill(template, &[("milliseconds", &milliseconds)]))
                .await
                .map_err(row_error)?;
        }
        let horizon = transaction.query_opt(&lock, &[&target.qualified()]).await.map_err(row_error)?;
        let horizon: Option<jiff::Timestamp> =
            horizon.map(|row| row.try_get(0)).transpose().map_err(row_error)?.flatten();
        check_horizon(horizon, target, rows)?;
        let prepared = transaction.prepare_cached(&statement.sql).await.map_err(row_error)?;
        let written = transaction.query(&prepared, &parameters(statement)).await.map_err(row_error)?;
        transaction.commit().await.map_err(row_error)?;
        Ok(written)
    }

    pub(super) async fn upsert(
        &self,
        write: &Write,
        layout: Layout,
        deadline: Deadline,
    ) -> Result<Vec<RowOutcome>> {
        let mut outcomes: Vec<RowOutcome> = vec![RowOutcome::Stale; write.rows.len()];
        let mut units: Vec<Vec<usize>> = Vec::new();
        let mut unit_at: HashMap<usize, usize> = HashMap::new();
        let encoded = encode(&write.rows);
        for (index, row) in encoded.iter().enumerate() {
            // in an adopted table pk is the identity: without what only aux can hold, two keys would be one row
            if layout != Layout::Managed && row.encoded.lacks_key() {
                if let Some(outcome) = outcomes.get_mut(index) {
                    *outcome = RowOutcome::Refused(Arc::new(unfit_key()));
                }
                continue;
            }
            let at = *unit_at.entry(row.row.unit).or_insert_with(|| {
                units.push(Vec::new());
                units.len() - 1
            });
            if let Some(unit) = units.get_mut(at) {
                unit.push(index);
            }
        }
        let mut parts: Vec<Vec<Vec<usize>>> = if units.is_empty() { Vec::new() } else { vec![units] };
        while let Some(mut part) = parts.pop() {
            let mut indices: Vec<usize> = part.iter().flatten().copied().collect();
            // rows are locked in the order of their keys by every worker
            indices.sort_unstable();
            let rows: Vec<&EncodedRow<'_>> = indices.iter().filter_map(|&index| encoded.get(index)).collect();
            match self.write(&write.target, layout, &rows, deadline).await {
                Ok(written) => {
                    for (index, row) in indices.iter().zip(rows) {
                        if written.contains(&row.row.key)
                            && let Some(outcome) = outcomes.get_mut(*index)
                        {
                            *outcome = RowOutcome::Applied;
                        }
                    }
                }
                Err(error) if error.disposition() == Disposition::Park => {
                    if part.len() > 1 {
                        let second = part.split_off(part.len() / 2);
                        parts.push(second);
                        parts.push(part);
                        continue;
                    }
                    let error = Arc::new(error);
                    for index in indices {
                        if let Some(outcome) = outcomes.get_mut(index) {
                            *outcome = RowOutcome::Refused(error.clone());
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(outcomes)
    }

    /// The purge horizon of a target: deleted rows up to then may be forgotten.
    pub(super) async fn horizon(
        &self,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Option<jiff::Timestamp>> {
        let sql = self.fill_own(include_str!("../../../sql/postgres/lock_horizon.sql"), &[]);
        let client = self.client(deadline).await?;
        let name = target.qualified();
        let answer = self.bounded(&client, deadline, client.query_opt(&sql, &[&name])).await;
        let row = settle(client, answer)?;
        let horizon = row.map(|row| row.try_get(0)).transpose();
        Ok(horizon.map_err(row_error)?.flatten())
    }
}
