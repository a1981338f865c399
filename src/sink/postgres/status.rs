//! What an operator looks at first. Nothing is changed, and no table is read for longer than a moment.

use super::Postgres;
use super::errors::ddl_error;
use super::objects::relation_of;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::postgres::VIEW_COLUMNS;
use crate::plan::{fill, quote, relation};
use crate::route::{DEAD_LETTERS, FLOORS, REGISTRY, SCHEMAS};
use crate::sink::registry::KnownTarget;
use crate::sink::status::{COUNTING_MAX, OwnTable, Parked, Rows, Status, TargetStatus, own_table, whole};
use crate::sink::wire::errors::CANCELLED;
use deadpool_postgres::Object;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// Pages of a table that is too large to be counted, of which the times are read.
const SAMPLE_PAGES: u64 = 2_000;

impl Postgres {
    pub(in crate::sink) async fn status(&self) -> Result<Status> {
        let client = self.client(Deadline::never()).await?;
        let found = self.status_by(&client).await;
        // its statements are limited from now on: it is no connection for others
        drop(Object::take(client));
        found
    }

    async fn status_by(&self, client: &Object) -> Result<Status> {
        // a look ends, whoever holds a table
        let limit = COUNTING_MAX.as_millis().to_string();
        let template = include_str!("../../../sql/postgres/set_statement_timeout.sql");
        client.batch_execute(&fill(template, &[("milliseconds", &limit)])).await.map_err(ddl_error)?;
        let sql = include_str!("../../../sql/postgres/inspect_server.sql");
        let server = client.query_one(sql, &[]).await.map_err(ddl_error)?;
        let own_tables = self.own_tables(client).await?;
        let is_there = |name| own_tables.iter().any(|table| table.name == name && table.exists);
        let targets = if is_there(REGISTRY) { self.targets_by(client).await? } else { Vec::new() };
        let parked = if is_there(DEAD_LETTERS) { self.parked(client).await? } else { Vec::new() };
        let mut found = Vec::new();
        for target in targets {
            found.push(target_status(client, target).await?);
        }
        let read = || Ok((server.try_get(0)?, server.try_get(2)?));
        let (version, at): (String, jiff::Timestamp) = read().map_err(ddl_error)?;
        Ok(Status { version: format!("PostgreSQL {version}"), at, own_tables, targets: found, parked })
    }

    async fn own_tables(&self, client: &Object) -> Result<Vec<OwnTable>> {
        let own: [(&'static str, &[&str]); 4] = [
            (REGISTRY, &["source_identity", "key_types"]),
            (DEAD_LETTERS, &["sequence_number"]),
            (SCHEMAS, &[]),
            (FLOORS, &["source_identity"]),
        ];
        let mut tables = Vec::new();
        for (name, needs) in own {
            let found = relation_of(client, &self.schema, name).await?;
            tables.push(own_table(name, found.as_ref().map(|table| &*table.columns), needs));
        }
        Ok(tables)
    }

    async fn parked(&self, client: &Object) -> Result<Vec<Parked>> {
        let sql = self.fill_own(include_str!("../../../sql/postgres/status_parked.sql"), &[]);
        let rows = client.query(&sql, &[]).await.map_err(ddl_error)?;
        rows.iter().map(Parked::read).collect::<Result<_, _>>().map_err(ddl_error)
    }
}

async fn target_status(client: &Object, target: KnownTarget) -> Result<TargetStatus> {
    let rows = rows(client, &target).await;
    let unfit = match &rows {
        Ok(rows) if !target.is_adopted() => unfit(client, &target, rows.is_estimate).await?,
        Ok(_) | Err(_) => Vec::new(),
    };
    Ok(TargetStatus { rows: rows.map_err(|error| error.message().to_owned()), target, unfit })
}

async fn rows(client: &Object, target: &KnownTarget) -> Result<Rows> {
    let is_soft = target.is_soft();
    if target.is_adopted() {
        let table = relation(&target.schema, &target.table);
        let sql = fill(include_str!("../../../sql/postgres/status_adopted.sql"), &[("storage", &table)]);
        return match asked(client, &sql, &[]).await? {
            Some(row) => Ok(Rows { live: whole(row.try_get(0).map_err(ddl_error)?), ..Rows::default() }),
            None => estimate(client, &table, false, is_soft).await,
        };
    }
    let storage = relation(&target.schema, &target.storage);
    let sql = fill(include_str!("../../../sql/postgres/status_rows.sql"), &[("storage", &storage)]);
    match asked(client, &sql, &[]).await? {
        Some(row) => Rows::read(&row, is_soft).map_err(ddl_error),
        None => estimate(client, &storage, true, is_soft).await,
    }
}

/// What the server thinks of a table, and the times of some of its pages.
async fn estimate(client: &Object, table: &str, is_managed: bool, is_soft: bool) -> Result<Rows> {
    let sql = include_str!("../../../sql/postgres/status_estimate.sql");
    let row = client.query_one(sql, &[&table]).await.map_err(ddl_error)?;
    let count = |at| row.try_get(at).map(whole).map_err(ddl_error);
    let (all, deleted, pages) = (count(0)?, count(1)?, count(2)?);
    let mut rows = Rows { is_estimate: true, ..Rows::of(all, deleted, is_soft) };
    if !is_managed {
        return Ok(Rows { live: all, tombstones: 0, ..rows });
    }
    // a hundredth of a percent is the least that is told apart
    let percent = (SAMPLE_PAGES * 10_000).div_ceil(pages).min(1_000_000);
    let percent = format!("{}.{:04}", percent / 10_000, percent % 10_000);
    let places = [("storage", table), ("percent", percent.as_str())];
    let sql = fill(include_str!("../../../sql/postgres/status_sample.sql"), &places);
    if let Some(row) = asked(client, &sql, &[]).await? {
        let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
        let (with_aux, changed_at, applied_at) = read().map_err(ddl_error)?;
        rows = Rows { with_aux: whole(with_aux), changed_at, applied_at, ..rows };
    }
    Ok(rows)
}

/// The typed columns of the view that do not show every value.
async fn unfit(client: &Object, target: &KnownTarget, is_large: bool) -> Result<Vec<(String, Option<u64>)>> {
    let view = in_time(relation_of(client, &target.schema, &target.table).await)?;
    let Some(view) = view.flatten() else { return Ok(Vec::new()) };
    let typed = view.columns.iter().filter(|column| !VIEW_COLUMNS.contains(&column.as_str()));
    let mut found = Vec::new();
    for column in typed {
        if is_large {
            found.push((column.clone(), None));
            continue;
        }
        let (view, quoted) = (relation(&target.schema, &target.table), quote(column));
        let places = [("view", view.as_str()), ("column", quoted.as_str())];
        let sql = fill(include_str!("../../../sql/postgres/status_unfit.sql"), &places);
        let row = asked(client, &sql, &[column]).await?;
        let count = row.map(|row| row.try_get(0).map(whole)).transpose().map_err(ddl_error)?;
        if count != Some(0) {
            found.push((column.clone(), count));
        }
    }
    Ok(found)
}

/// The answer to a question; `None` when it takes too long.
fn in_time<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.sqlstate() == Some(CANCELLED) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn asked(client: &Object, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>> {
    in_time(client.query_one(sql, parameters).await.map_err(ddl_error))
}
