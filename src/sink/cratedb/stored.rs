//! Rows of storage tables, for jobs that compare them with their source.

use super::Cratedb;
use super::errors::read;
use super::rows::{Json, plain};
use super::show::live_row;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::{fill, relation};
use crate::sink::registry::KnownTarget;
use crate::sink::targets::{StoredRow, key_of};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

impl Cratedb {
    /// Live rows of a version below `version`, as [`Database::older_rows`](crate::sink::Database::older_rows) has them.
    pub(in crate::sink) async fn older_rows(
        &self,
        target: &KnownTarget,
        version: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(String, String)>> {
        self.refreshed(target, after).await?;
        let sql = include_str!("../../../sql/cratedb/older_rows.sql");
        let rows = self.stored(target, sql, &[&version, &after, &limit]).await?;
        let row = |row: &Row| {
            let (pk, aux): (Json, Option<Json>) = read(|| Ok((row.try_get(1)?, row.try_get(2)?)))?;
            let aux = aux.map_or_else(|| "{}".to_owned(), |aux| aux.0);
            Ok((read(|| row.try_get(0))?, key_of(&plain(&pk.0), &aux)?))
        };
        rows.iter().map(row).collect()
    }

    /// The rows of these keys, tombstones too.
    pub(in crate::sink) async fn stored_rows(
        &self,
        target: &KnownTarget,
        keys: &[String],
    ) -> Result<Vec<StoredRow>> {
        let sql = include_str!("../../../sql/cratedb/stored_rows.sql");
        let rows = self.stored(target, sql, &[&keys]).await?;
        let row = |row: &Row| {
            let (key, live) = live_row(row)?;
            Ok(StoredRow { key, row: live, version: read(|| row.try_get(5))? })
        };
        rows.iter().map(row).collect()
    }

    /// The keys of live rows behind `after`, in order.
    pub(in crate::sink) async fn live_keys(
        &self,
        target: &KnownTarget,
        after: &str,
        limit: i64,
    ) -> Result<Vec<String>> {
        self.refreshed(target, after).await?;
        let sql = include_str!("../../../sql/cratedb/live_keys.sql");
        let rows = self.stored(target, sql, &[&after, &limit]).await?;
        rows.iter().map(|row| read(|| row.try_get(0))).collect()
    }

    /// Once for a table that is read from its beginning: what was written before is seen.
    async fn refreshed(&self, target: &KnownTarget, after: &str) -> Result<()> {
        if !after.is_empty() {
            return Ok(());
        }
        self.refresh(&relation(&target.schema, &target.storage)).await
    }

    async fn stored(
        &self,
        target: &KnownTarget,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>> {
        let storage = relation(&target.schema, &target.storage);
        self.query(Deadline::never(), &fill(sql, &[("storage", &storage)]), parameters).await
    }
}
