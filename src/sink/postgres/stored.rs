//! Rows of storage tables, for jobs that compare them with their source.

use super::Postgres;
use super::errors::ddl_error;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::{fill, relation};
use crate::sink::registry::KnownTarget;
use crate::sink::targets::{LiveRow, StoredRow, key_of};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

impl Postgres {
    /// Live rows of a version below `version`, as [`Database::older_rows`](crate::sink::Database::older_rows) has them.
    pub(in crate::sink) async fn older_rows(
        &self,
        target: &KnownTarget,
        version: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(String, String)>> {
        let sql = include_str!("../../../sql/postgres/older_rows.sql");
        let rows = self.stored(target, sql, &[&version, &after, &limit]).await?;
        let row = |row: &Row| {
            let (pk, aux): (String, String) = (row.try_get(1)?, row.try_get(2)?);
            Ok((row.try_get(0)?, pk, aux))
        };
        let found: Vec<(String, String, String)> =
            rows.iter().map(row).collect::<Result<_, _>>().map_err(ddl_error)?;
        found.into_iter().map(|(key, pk, aux)| Ok((key, key_of(&pk, &aux)?))).collect()
    }

    /// The rows of these keys, tombstones too.
    pub(in crate::sink) async fn stored_rows(
        &self,
        target: &KnownTarget,
        keys: &[String],
    ) -> Result<Vec<StoredRow>> {
        let sql = include_str!("../../../sql/postgres/read_rows.sql");
        let rows = self.stored(target, sql, &[&keys]).await?;
        let row = |row: &Row| {
            Ok(StoredRow {
                key: row.try_get(0)?,
                version: row.try_get(4)?,
                row: LiveRow {
                    pk: row.try_get(1)?,
                    data: row.try_get(2)?,
                    aux: row.try_get(3)?,
                    deleted: row.try_get(5)?,
                },
            })
        };
        rows.iter().map(row).collect::<Result<_, _>>().map_err(ddl_error)
    }

    /// The keys of live rows behind `after`, in order.
    pub(in crate::sink) async fn live_keys(
        &self,
        target: &KnownTarget,
        after: &str,
        limit: i64,
    ) -> Result<Vec<String>> {
        let sql = include_str!("../../../sql/postgres/live_keys.sql");
        let rows = self.stored(target, sql, &[&after, &limit]).await?;
        rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(ddl_error)
    }

    async fn stored(
        &self,
        target: &KnownTarget,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>> {
        let client = self.client(Deadline::never()).await?;
        let storage = relation(&target.schema, &target.storage);
        let sql = fill(sql, &[("storage", &storage)]);
        self.answered(&client, client.query(&sql, parameters)).await
    }
}
