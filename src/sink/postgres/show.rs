//! What people look at: the targets that the registry knows, and their rows.

use super::Postgres;
use super::errors::ddl_error;
use super::objects::relation_of;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::{fill, literal, quote, relation};
use crate::sink::registry::KnownTarget;
use crate::sink::targets::{LiveRow, Shown};
use crate::sink::wire::server::settle;
use deadpool_postgres::Object;
use futures_util::TryStreamExt as _;
use tokio_postgres::types::ToSql;

impl Postgres {
    /// The targets that the registry knows.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub async fn targets(&self, deadline: Deadline) -> Result<Vec<KnownTarget>> {
        let client = self.client_for_own_tables(deadline).await?;
        let token = client.cancel_token();
        let found = self.within(token, deadline, self.targets_by(&client)).await;
        settle(client, found)
    }

    /// The same where the registry is there.
    pub(super) async fn targets_by(&self, client: &Object) -> Result<Vec<KnownTarget>> {
        let sql = self.fill_own(include_str!("../../../sql/postgres/targets.sql"), &[]);
        let rows = client.query(&sql, &[]).await.map_err(ddl_error)?;
        rows.iter().map(KnownTarget::read).collect::<Result<_, _>>().map_err(ddl_error)
    }

    /// Creates a schema where it is missing.
    ///
    /// # Errors
    /// When the user may not, or the database cannot be written.
    pub async fn create_schema(&self, name: &str) -> Result<()> {
        let client = self.client(Deadline::never()).await?;
        let sql = fill(include_str!("../../../sql/postgres/create_schema.sql"), &[("schema", &quote(name))]);
        client.batch_execute(&sql).await.map_err(ddl_error)
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
        let client = self.client(Deadline::never()).await?;
        let is_managed = !target.is_adopted();
        let sql = if !is_managed {
            let found = relation_of(&client, &target.schema, &target.table).await?;
            let has_aux = found.is_some_and(|table| table.columns.iter().any(|column| column == "aux"));
            let aux = if has_aux { "coalesce(t.aux, '{}')::text" } else { "'{}'::text" };
            let live = if target.is_guarded() { "where t.deleted is not true" } else { "" };
            let storage = relation(&target.schema, &target.table);
            fill(
                include_str!("../../../sql/postgres/live_rows_adopted.sql"),
                &[("storage", &storage), ("aux", aux), ("live", live)],
            )
        } else {
            let mut which = if target.is_soft() { "true" } else { "not t.deleted" }.to_owned();
            if let Some(key) = &shown.key {
                which.push_str(&format!(" and t.key = {}", literal(key)));
            }
            let storage = relation(&target.schema, &target.storage);
            fill(
                include_str!("../../../sql/postgres/live_rows.sql"),
                &[("storage", &storage), ("which", &which)],
            )
        };
        let parameters = std::iter::empty::<&(dyn ToSql + Sync)>();
        let rows = self.answered(&client, client.query_raw(&sql, parameters)).await?;
        let mut left = shown.limit.unwrap_or(u64::MAX);
        let mut rows = std::pin::pin!(rows);
        while left > 0
            && let Some(row) = self.answered(&client, rows.try_next()).await?
        {
            let read = || {
                Ok(LiveRow {
                    pk: row.try_get(0)?,
                    data: row.try_get(1)?,
                    aux: row.try_get(2)?,
                    deleted: row.try_get(3)?,
                })
            };
            let row = read().map_err(ddl_error)?;
            if is_managed || shown.means(&row.pk) {
                left -= 1;
                each(row)?;
            }
        }
        Ok(())
    }
}
