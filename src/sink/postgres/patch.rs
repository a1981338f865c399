//! Patches: rows that bring only some of their columns. Read, patched and written back, until nobody was faster.

use super::Postgres;
use super::rows::Columns;
use crate::deadline::Deadline;
use crate::error::{Code, Disposition, Error, ErrorKind, Result};
use crate::plan::{Layout, Row, Statement, merge, patch_sql, place};
use crate::route::Target;
use crate::sink::contract::RowOutcome;
use crate::sink::targets::{check_horizon, patched};
use crate::sink::wire::errors::driver_error;
use crate::sink::wire::server::settle;
use deadpool_postgres::Object;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How often a patch is tried again because another worker wrote its row in between.
const PATCH_ATTEMPTS_MAX: u32 = 20;

impl Postgres {
    /// Reads, patches and writes back, until nobody was faster.
    pub(super) async fn patch(
        &self,
        statement: &Statement,
        layout: Layout,
        deadline: Deadline,
    ) -> Result<Vec<RowOutcome>> {
        if layout != Layout::Managed || statement.target.delete == crate::policy::DeletePolicy::Hard {
            return Err(Error::fault(
                Code::PartialImages,
                format!(
                    "{} sends partial images, which need a table made by rowtide and delete = \"tombstone\" or \"soft\": \
                 {} is not one.",
                    statement.target.source,
                    statement.target.qualified()
                ),
            ));
        }
        if self.checks_horizon {
            let rows: Vec<&Row> = statement.rows.iter().collect();
            check_horizon(self.horizon(&statement.target, deadline).await?, &statement.target, &rows)?;
        }
        let mut outcomes: Vec<Option<RowOutcome>> = vec![None; statement.rows.len()];
        let mut parts: Vec<Vec<usize>> = vec![(0..statement.rows.len()).collect()];
        let mut attempts = 0;
        while let Some(mut part) = parts.pop() {
            part.retain(|&index| outcomes.get(index).is_some_and(Option::is_none));
            if part.is_empty() {
                continue;
            }
            match self.patch_part(statement, &part, deadline).await {
                Ok(settled) => {
                    for (index, outcome) in settled {
                        if let Some(slot) = outcomes.get_mut(index) {
                            *slot = Some(outcome);
                        }
                    }
                    // what another worker wrote in between is read again
                    if part.iter().any(|&index| outcomes.get(index).is_some_and(Option::is_none)) {
                        attempts += 1;
                        if attempts > PATCH_ATTEMPTS_MAX {
                            let message = "Other workers kept writing the rows that a patch rests on.";
                            return Err(Error::new(ErrorKind::Contended, Code::Contended, message));
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
        statement: &Statement,
        part: &[usize],
        deadline: Deadline,
    ) -> Result<Vec<(usize, RowOutcome)>> {
        let (read_sql, write_sql) = patch_sql(&statement.target);
        let rows: Vec<(usize, &Row)> =
            part.iter().filter_map(|&index| Some((index, statement.rows.get(index)?))).collect();
        self.server
            .retrying(deadline, || self.patch_once(&statement.target, &read_sql, &write_sql, &rows, deadline))
            .await
    }

    async fn patch_once(
        &self,
        target: &Target,
        read_sql: &str,
        write_sql: &str,
        rows: &[(usize, &Row)],
        deadline: Deadline,
    ) -> Result<Vec<(usize, RowOutcome)>> {
        let client = self.client(deadline).await?;
        self.statements.fetch_add(1, Ordering::Relaxed);
        let result = self.patch_with(&client, target, read_sql, write_sql, rows, deadline).await;
        settle(client, result)
    }

    async fn patch_with(
        &self,
        client: &Object,
        target: &Target,
        read_sql: &str,
        write_sql: &str,
        rows: &[(usize, &Row)],
        deadline: Deadline,
    ) -> Result<Vec<(usize, RowOutcome)>> {
        let mut settled = Vec::new();
        let floor = self.floor(client, target, deadline).await?;
        let is_below = |row: &Row| floor.as_deref().is_some_and(|floor| row.version.as_str() <= floor);
        let (below, rows): (Vec<_>, Vec<_>) = rows.iter().copied().partition(|(_, row)| is_below(row));
        settled.extend(below.into_iter().map(|(index, _)| (index, RowOutcome::Stale)));
        let keys: Vec<&str> = rows.iter().map(|(_, row)| row.key.as_str()).collect();
        let work = async {
            let prepared = client.prepare_cached(read_sql).await?;
            client.query(&prepared, &[&keys]).await
        };
        let stored = self.bounded(client, deadline, work).await?;
        let mut bases: HashMap<String, Base> = HashMap::new();
        for row in &stored {
            let (key, base) = Base::of(row).map_err(|error| driver_error(&error, false))?;
            bases.insert(key, base);
        }
        let mut patched = Vec::new();
        for (index, row) in rows {
            let base = bases.remove(&row.key);
            match base.as_ref().map(|base| base.version.as_str()) {
                Some(version) if version >= row.version.as_str() => settled.push((index, RowOutcome::Stale)),
                version => {
                    let version = version.map(str::to_owned);
                    patched.push((index, Patched::new(row, base, version)?));
                }
            }
        }
        if patched.is_empty() {
            return Ok(settled);
        }
        let rows: Vec<&Row> = patched.iter().map(|(_, patched)| &patched.row).collect();
        let base_versions: Vec<Option<&str>> =
            patched.iter().map(|(_, patched)| patched.base_version.as_deref()).collect();
        let columns = Columns::of(&rows);
        let work = async {
            let prepared = client.prepare_cached(write_sql).await?;
            client.query(&prepared, &columns.patch_parameters(&base_versions)).await
        };
        let written = self.bounded(client, deadline, work).await?;
        let written: HashSet<String> = written
            .iter()
            .map(|row| row.try_get(0).map_err(|error| driver_error(&error, false)))
            .collect::<Result<_>>()?;
        let durable = patched.iter().filter(|(_, patched)| written.contains(&patched.row.key));
        settled.extend(durable.map(|(index, _)| (*index, RowOutcome::Applied)));
        Ok(settled)
    }
}

/// What a patch rests on.
struct Base {
    pk: String,
    data: Option<String>,
    aux: String,
    version: String,
    deleted: bool,
}

impl Base {
    fn of(row: &tokio_postgres::Row) -> Result<(String, Self), tokio_postgres::Error> {
        Ok((
            row.try_get(0)?,
            Self {
                pk: row.try_get(1)?,
                data: row.try_get(2)?,
                aux: row.try_get(3)?,
                version: row.try_get(4)?,
                deleted: row.try_get(5)?,
            },
        ))
    }
}

/// A row with its patch applied.
struct Patched {
    row: Row,
    base_version: Option<String>,
}

impl Patched {
    fn new(row: &Row, base: Option<Base>, base_version: Option<String>) -> Result<Self> {
        let stored = match &base {
            Some(base) if !base.deleted => {
                merge(&base.pk, base.data.as_deref(), &base.aux).map(|(_, document)| document)
            }
            _ => Ok(None),
        };
        let document = patched(row, stored)?;
        // the planner placed the key; where its aux is not empty, that must be kept
        let placed = place("{}", Some(&document));
        let aux = match (row.aux.as_str(), &*placed.aux) {
            ("{}", aux) => aux.to_owned(),
            (aux, "{}") => aux.to_owned(),
            (key_aux, data_aux) => format!(
                "{},{}",
                key_aux.strip_suffix('}').unwrap_or(key_aux),
                data_aux.strip_prefix('{').unwrap_or(data_aux)
            ),
        };
        let data = placed.data.map(std::borrow::Cow::into_owned);
        Ok(Self { row: Row { data, aux, ..row.clone() }, base_version })
    }
}
