//! What an operator looks at first. Nothing is changed, and no table is read for longer than a moment.

use super::Postgres;
use super::errors::ddl_error;
use super::objects::relation_of;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::plan::postgres::{VIEW_COLUMNS, alter_dead_letters, alter_floors, alter_registry};
use crate::plan::{fill, quote, relation};
use crate::route::{DEAD_LETTERS, FLOORS, REGISTRY, SCHEMAS, STATE};
use crate::sink::registry::KnownTarget;
use crate::sink::status::{
    COUNTING_MAX, Hindrance, Home, Letters, Merged, OTHER_SOURCE, OwnTable, Rows, Status, TargetStatus,
    Unread, attributed, is_of_table, own_table, storage_is_gone, whole,
};
use crate::sink::wire::errors::{CANCELLED, LOCK_NOT_AVAILABLE};
use deadpool_postgres::Object;
use std::time::Duration;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// Pages of a table that is too large to be counted, of which the times are read.
const SAMPLE_PAGES: u64 = 2_000;
/// How long a locked table is waited for: longer than a view takes to be replaced.
const LOCK_WAIT: Duration = Duration::from_millis(500);

impl Postgres {
    pub(in crate::sink) async fn status(&self, merged: Merged<'_>) -> Result<Status> {
        let client = self.client(Deadline::never()).await?;
        let found = self.status_by(&client, merged).await;
        // its statements are limited from now on: it is no connection for others
        drop(Object::take(client));
        found
    }

    async fn status_by(&self, client: &Object, merged: Merged<'_>) -> Result<Status> {
        limit(client).await?;
        let sql = include_str!("../../../sql/postgres/inspect_server.sql");
        let server = client.query_one(sql, &[]).await.map_err(ddl_error)?;
        let own_tables = self.own_tables(client).await?;
        let is_there = |name| own_tables.iter().any(|table| table.name == name && table.exists);
        let home = self.home(client, is_there(REGISTRY)).await?;
        let mut unread = Vec::new();
        let targets = match is_there(REGISTRY) {
            true => self.unless_unread(client, REGISTRY, self.targets_by(client).await, &mut unread).await?,
            false => Some(Vec::new()),
        };
        let letters = match is_there(DEAD_LETTERS) {
            true => self.unless_unread(client, DEAD_LETTERS, self.parked(client).await, &mut unread).await?,
            false => Some(Vec::new()),
        };
        let targets = match targets {
            Some(targets) => Some(statuses(client, targets).await?),
            None => None,
        };
        let parked = letters.map(|letters| attributed(&letters, targets.as_deref(), merged));
        let read = || Ok((server.try_get(0)?, server.try_get(2)?));
        let (version, at): (String, jiff::Timestamp) = read().map_err(ddl_error)?;
        Ok(Status { version: format!("PostgreSQL {version}"), at, home, own_tables, targets, parked, unread })
    }

    async fn home(&self, client: &Object, has_registry: bool) -> Result<Home> {
        let sql = include_str!("../../../sql/postgres/inspect_schema.sql");
        let exists = client.query_opt(sql, &[&self.schema]).await.map_err(ddl_error)?.is_some();
        let others = match has_registry {
            true => Vec::new(),
            false => {
                let sql = include_str!("../../../sql/postgres/homes.sql");
                let rows = client.query(sql, &[&REGISTRY]).await.map_err(ddl_error)?;
                rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(ddl_error)?
            }
        };
        Ok(Home { schema: self.schema.clone(), exists, comes_by_itself: false, others })
    }

    async fn own_tables(&self, client: &Object) -> Result<Vec<OwnTable>> {
        let own: [(&'static str, &[&str], String); 5] = [
            (REGISTRY, &["source_identity", "key_types"], alter_registry(&self.schema)),
            (DEAD_LETTERS, &["sequence_number"], alter_dead_letters(&self.schema)),
            (SCHEMAS, &[], String::new()),
            (FLOORS, &["source_identity"], alter_floors(&self.schema)),
            (STATE, &[], String::new()),
        ];
        let mut tables = Vec::new();
        for (name, needs, statement) in own {
            let found = relation_of(client, &self.schema, name).await?;
            tables.push(own_table(name, found.as_ref().map(|table| &*table.columns), needs, &statement));
        }
        Ok(tables)
    }

    async fn parked(&self, client: &Object) -> Result<Vec<Letters>> {
        let sql = self.fill_own(include_str!("../../../sql/postgres/status_parked.sql"), &[]);
        let rows = client.query(&sql, &[&OTHER_SOURCE]).await.map_err(ddl_error)?;
        rows.iter().map(Letters::read).collect::<Result<_, _>>().map_err(ddl_error)
    }

    /// What was read of an own table; that it could not be read stands in `unread`.
    async fn unless_unread<T>(
        &self,
        client: &Object,
        name: &str,
        read: Result<T>,
        unread: &mut Vec<Unread>,
    ) -> Result<Option<T>> {
        let error = match read {
            Ok(read) => return Ok(Some(read)),
            Err(error) if is_of_table(&error) => error,
            Err(error) => return Err(error),
        };
        let why = match hindrance(&error) {
            Some(Hindrance::Slow) => "it takes longer than two seconds to read".to_owned(),
            Some(Hindrance::Locked(_)) => {
                Hindrance::Locked(lockers(client, &self.schema, name).await?).to_string()
            }
            None => error.message().to_owned(),
        };
        unread.push(Unread { table: format!("{}.{name}", self.schema), why });
        Ok(None)
    }
}

/// A look ends, whoever holds a table.
async fn limit(client: &Object) -> Result<()> {
    let of_statement = include_str!("../../../sql/postgres/set_statement_timeout.sql");
    let of_lock = include_str!("../../../sql/postgres/set_lock_timeout.sql");
    for (template, limit) in [(of_statement, COUNTING_MAX), (of_lock, LOCK_WAIT)] {
        let sql = fill(template, &[("milliseconds", &limit.as_millis().to_string())]);
        client.batch_execute(&sql).await.map_err(ddl_error)?;
    }
    Ok(())
}

async fn statuses(client: &Object, targets: Vec<KnownTarget>) -> Result<Vec<TargetStatus>> {
    let mut found = Vec::new();
    for target in targets {
        found.push(target_status(client, target).await?);
    }
    Ok(found)
}

async fn target_status(client: &Object, target: KnownTarget) -> Result<TargetStatus> {
    let sql = include_str!("../../../sql/postgres/present.sql");
    let names = [&target.table, &target.storage];
    let present = client.query(sql, &[&target.schema, &names.as_slice()]).await.map_err(ddl_error)?;
    let present: Vec<String> =
        present.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(ddl_error)?;
    let is_shown = present.contains(&target.table);
    if !target.is_adopted() && !present.contains(&target.storage) {
        return Ok(storage_is_gone(target, is_shown));
    }
    let rows = rows(client, &target).await;
    let unfit = match &rows {
        Ok(rows) if !target.is_adopted() && is_shown => unfit(client, &target, rows.is_estimate()).await?,
        Ok(_) | Err(_) => Vec::new(),
    };
    Ok(TargetStatus { rows: rows.map_err(|error| error.message().to_owned()), target, is_shown, unfit })
}

async fn rows(client: &Object, target: &KnownTarget) -> Result<Rows> {
    let (template, name) = match target.is_adopted() {
        true => (include_str!("../../../sql/postgres/status_adopted.sql"), &target.table),
        false => (include_str!("../../../sql/postgres/status_rows.sql"), &target.storage),
    };
    let table = relation(&target.schema, name);
    let is_deleted = if target.is_guarded() { "t.deleted" } else { "false" };
    let sql = fill(template, &[("storage", &table), ("is_deleted", is_deleted)]);
    let hindrance = match asked(client, &sql, &[]).await? {
        Ok(row) if target.is_adopted() => return Rows::read_adopted(&row).map_err(ddl_error),
        Ok(row) => return Rows::read(&row, target.is_soft()).map_err(ddl_error),
        Err(Hindrance::Locked(_)) => Hindrance::Locked(lockers(client, &target.schema, name).await?),
        Err(Hindrance::Slow) => Hindrance::Slow,
    };
    let (estimated, pages) = estimate(client, &table, target).await?;
    let rows = Rows { hindrance: Some(hindrance), ..estimated };
    // nothing can be read of a table that is locked
    let is_sampled = rows.hindrance == Some(Hindrance::Slow) && !target.is_adopted();
    if is_sampled { sampled(client, &table, pages, rows).await } else { Ok(rows) }
}

/// What the server thinks of a table, and how many pages it has.
async fn estimate(client: &Object, table: &str, target: &KnownTarget) -> Result<(Rows, u64)> {
    let sql = include_str!("../../../sql/postgres/status_estimate.sql");
    let row = client.query_one(sql, &[&table]).await.map_err(ddl_error)?;
    let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    let (all, deleted, pages): (Option<i64>, Option<i64>, i64) = read().map_err(ddl_error)?;
    let (all, deleted, pages) = (all.map(whole), deleted.map(whole), whole(pages));
    let deleted = match (target.is_adopted(), target.is_guarded()) {
        (true, true) => None,
        (true, false) => Some(0),
        (false, _) => deleted,
    };
    Ok((Rows::of(all, deleted, target.is_soft()), pages))
}

/// The same with the times of some pages.
async fn sampled(client: &Object, table: &str, pages: u64, rows: Rows) -> Result<Rows> {
    // a hundredth of a percent is the least that is told apart
    let percent = (SAMPLE_PAGES * 10_000).div_ceil(pages).min(1_000_000);
    let percent = format!("{}.{:04}", percent / 10_000, percent % 10_000);
    let places = [("storage", table), ("percent", percent.as_str())];
    let sql = fill(include_str!("../../../sql/postgres/status_sample.sql"), &places);
    let Ok(row) = asked(client, &sql, &[]).await? else { return Ok(rows) };
    let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    let (with_aux, changed_at, applied_at) = read().map_err(ddl_error)?;
    Ok(Rows { with_aux: whole(with_aux), changed_at, applied_at, ..rows })
}

/// The typed columns of the view that do not show every value.
async fn unfit(client: &Object, target: &KnownTarget, is_large: bool) -> Result<Vec<(String, Option<u64>)>> {
    let columns = match relation_of(client, &target.schema, &target.table).await {
        Ok(view) => view.map(|view| view.columns).unwrap_or_default(),
        // locked, or dropped meanwhile
        Err(error) if is_of_table(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let typed = columns.iter().filter(|column| !VIEW_COLUMNS.contains(&column.as_str()));
    let mut found = Vec::new();
    for column in typed {
        if is_large {
            found.push((column.clone(), None));
            continue;
        }
        let (view, quoted) = (relation(&target.schema, &target.table), quote(column));
        let places = [("view", view.as_str()), ("column", quoted.as_str())];
        let sql = fill(include_str!("../../../sql/postgres/status_unfit.sql"), &places);
        let count = match asked(client, &sql, &[column]).await {
            Ok(Ok(row)) => Some(row.try_get(0).map(whole).map_err(ddl_error)?),
            Ok(Err(_)) => None,
            // the view may be what nobody may read
            Err(error) if is_of_table(&error) => None,
            Err(error) => return Err(error),
        };
        if count != Some(0) {
            found.push((column.clone(), count));
        }
    }
    Ok(found)
}

/// Which processes of the server lock a table, or wait to, so that others wait.
async fn lockers(client: &Object, schema: &str, name: &str) -> Result<Vec<i32>> {
    let sql = include_str!("../../../sql/postgres/lockers.sql");
    let rows = client.query(sql, &[&schema, &name]).await.map_err(ddl_error)?;
    rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(ddl_error)
}

/// What keeps an answer from coming in time, if that is what an error says.
fn hindrance(error: &Error) -> Option<Hindrance> {
    match error.sqlstate() {
        Some(CANCELLED) => Some(Hindrance::Slow),
        Some(LOCK_NOT_AVAILABLE) => Some(Hindrance::Locked(Vec::new())),
        _ => None,
    }
}

/// The answer to a question, or what keeps it from coming in time.
async fn asked(
    client: &Object,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Result<Row, Hindrance>> {
    match client.query_one(sql, parameters).await.map_err(ddl_error) {
        Ok(row) => Ok(Ok(row)),
        Err(error) => hindrance(&error).map(Err).ok_or(error),
    }
}
