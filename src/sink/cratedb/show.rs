//! What people look at: the targets that the registry knows, and their rows.

use super::Cratedb;
use super::client::CheckedOut;
use super::errors::{read, server_error};
use super::rows::{Json, plain};
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::cratedb::without_named_lists;
use crate::plan::{fill, literal, relation};
use crate::route::REGISTRY;
use crate::sink::registry::KnownTarget;
use crate::sink::targets::{LiveRow, Shown};
use futures_util::TryStreamExt as _;
use tokio_postgres::types::ToSql;

/// Rows read, or tombstones found, at once. The statements compare `key || ''`: the column itself is compared by bytes
/// of UTF-8, but its order, when shards are merged, is by units of UTF-16, and pages would leave out rows.
pub(super) const PAGE_ROWS: i64 = 1_000;

impl Cratedb {
    /// The targets that the registry knows.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub async fn targets(&self, deadline: Deadline) -> Result<Vec<KnownTarget>> {
        self.ensure_own_tables(deadline).await?;
        self.targets_found(deadline).await
    }

    /// The same where the registry is there.
    pub(super) async fn targets_found(&self, deadline: Deadline) -> Result<Vec<KnownTarget>> {
        self.refresh(&self.own(REGISTRY)).await?;
        self.look_at_registry(deadline).await?;
        let sql = self.fill_own(
            include_str!("../../../sql/cratedb/targets.sql"),
            &[("identity", self.identity_columns())],
        );
        let rows = self.query(deadline, &sql, &[]).await?;
        rows.iter().map(|row| read(|| KnownTarget::read(row))).collect()
    }

    /// The rows that `target` shows, ordered by key, `each` called with one after the other; memory does not grow
    /// with the table.
    ///
    /// # Errors
    /// When they cannot be read, or `each` fails.
    pub async fn live_rows(
        &self,
        target: &KnownTarget,
        shown: &Shown,
        mut each: impl FnMut(LiveRow) -> Result<()>,
    ) -> Result<()> {
        if target.is_adopted() {
            return self.adopted_rows(target, shown, each).await;
        }
        let storage = relation(&target.schema, &target.storage);
        let which = if target.is_soft() { "" } else { "not deleted and " };
        let places = [("storage", storage.as_str()), ("which", which)];
        if let Some(key) = &shown.key {
            let sql = fill(include_str!("../../../sql/cratedb/live_row.sql"), &places);
            let rows = self.query(Deadline::never(), &sql, &[key]).await?;
            return rows.iter().try_for_each(|row| each(live_row(row)?.1));
        }
        self.refresh(&storage).await?;
        let sql = fill(include_str!("../../../sql/cratedb/live_rows.sql"), &places);
        let (mut after, mut left) = (String::new(), shown.limit.unwrap_or(u64::MAX));
        while left > 0 {
            let page = i64::try_from(left).map_or(PAGE_ROWS, |left| left.min(PAGE_ROWS));
            let rows = self.query(Deadline::never(), &sql, &[&after, &page]).await?;
            for row in &rows {
                let (key, row) = live_row(row)?;
                after = key;
                left -= 1;
                each(row)?;
            }
            if rows.is_empty() {
                break;
            }
        }
        Ok(())
    }

    async fn adopted_rows(
        &self,
        target: &KnownTarget,
        shown: &Shown,
        mut each: impl FnMut(LiveRow) -> Result<()>,
    ) -> Result<()> {
        let storage = relation(&target.schema, &target.table);
        self.refresh(&storage).await?;
        let table = self.describe(&target.schema, &target.table, Deadline::never()).await?;
        let aux = if table.has("aux") { "aux" } else { "{} as aux" };
        let live = if target.is_guarded() { "\nwhere not coalesce(deleted, false)" } else { "" };
        let key: Vec<String> = table.keys.iter().map(|name| format!("pk[{}]", literal(name))).collect();
        let key = if key.is_empty() { "1".to_owned() } else { key.join(", ") };
        let limit = shown.limit.filter(|_| shown.key.is_none()).and_then(|limit| i32::try_from(limit).ok());
        let limit = limit.map_or_else(String::new, |limit| format!("\nlimit {limit}"));
        let sql = fill(
            include_str!("../../../sql/cratedb/live_rows_adopted.sql"),
            &[("storage", &storage), ("aux", aux), ("live", live), ("key", &key), ("limit", &limit)],
        );
        let connection = CheckedOut::new(self.server.client(Deadline::never()).await?);
        let parameters = std::iter::empty::<&(dyn ToSql + Sync)>();
        let client = connection.client()?;
        let rows = self.server.answered(client, client.query_raw(&sql, parameters), server_error).await?;
        let mut rows = std::pin::pin!(rows);
        while let Some(row) = self.server.answered(client, rows.try_next(), server_error).await? {
            let (pk, data, aux): (Json, Option<Json>, Option<Json>) =
                read(|| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))?;
            let pk = plain(&pk.0);
            if shown.means(&pk) {
                let aux = aux.map_or_else(|| "{}".to_owned(), |aux| without_named_lists(&plain(&aux.0)));
                each(LiveRow { pk, data: data.map(|data| plain(&data.0)), aux, deleted: false })?;
            }
        }
        connection.give_back();
        Ok(())
    }
}

/// A row with its key: key, pk, data, aux, deleted.
pub(super) fn live_row(row: &tokio_postgres::Row) -> Result<(String, LiveRow)> {
    read(|| {
        let (pk, data): (Option<Json>, Option<Json>) = (row.try_get(1)?, row.try_get(2)?);
        let aux: Option<Json> = row.try_get(3)?;
        let live = LiveRow {
            pk: pk.map_or_else(|| "{}".to_owned(), |pk| plain(&pk.0)),
            data: data.map(|data| plain(&data.0)),
            aux: aux.map_or_else(|| "{}".to_owned(), |aux| aux.0),
            deleted: row.try_get::<_, Option<bool>>(4)?.unwrap_or_default(),
        };
        Ok((row.try_get(0)?, live))
    })
}
