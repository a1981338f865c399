//! What sources said of their tables: it outlives the process that heard it, so that a cold start knows a table's key.

use super::Deadline;
use super::postgres::{Postgres, settle};
use super::targets::{ddl_error, relation_of};
use crate::catalogue::TableSchema;
use crate::error::{Code, Error, ErrorKind, Result};
use std::collections::BTreeMap;
use tokio_postgres::types::ToSql;

pub(super) const SCHEMAS: &str = "rowtide_schemas";

impl Postgres {
    pub(super) async fn schemas_once(&self, deadline: Deadline) -> Result<Vec<TableSchema>> {
        let client = self.client(deadline).await?;
        let token = client.cancel_token();
        let read = async {
            if relation_of(&client, &self.schema, SCHEMAS).await?.is_none() {
                return Ok(Vec::new());
            }
            let sql = self.fill_own(include_str!("../../sql/postgres/read_schemas.sql"), &[]);
            let rows = client.query(&sql, &[]).await.map_err(ddl_error)?;
            rows.iter().map(schema_of).collect()
        };
        let read = self.within(token, deadline, read).await;
        settle(client, read)
    }

    pub(super) async fn learn_once(&self, schemas: &[TableSchema], deadline: Deadline) -> Result<()> {
        let mut client = self.client(deadline).await?;
        let token = client.cancel_token();
        let work = async {
            if relation_of(&client, &self.schema, SCHEMAS).await?.is_none() {
                self.run_ddl(&mut client, &[self.schemas_sql()]).await?;
            }
            let sql = self.fill_own(include_str!("../../sql/postgres/write_schemas.sql"), &[]);
            // two workers that learn the same tables take them in one order
            let by_table: BTreeMap<(String, &str), &TableSchema> = schemas
                .iter()
                .map(|schema| ((schema.kept_as(), schema.observed_at.as_str()), schema))
                .collect();
            for schema in by_table.values() {
                let (name, columns) =
                    (schema.kept_as(), serde_json::to_string(&schema.columns).map_err(|_| unreadable())?);
                let parameters: [&(dyn ToSql + Sync); 4] =
                    [&name, &schema.key, &columns, &schema.observed_at];
                client.execute(&sql, &parameters).await.map_err(ddl_error)?;
            }
            Ok(())
        };
        let done = self.within(token, deadline, work).await;
        settle(client, done)
    }

    /// The statement that creates the table of what sources said of their tables.
    #[must_use]
    pub fn schemas_sql(&self) -> String {
        self.fill_own(include_str!("../../sql/postgres/create_schemas.sql"), &[])
    }
}

fn schema_of(row: &tokio_postgres::Row) -> Result<TableSchema> {
    let columns: &str = row.try_get(2).map_err(ddl_error)?;
    let (table, source) = TableSchema::of_kept(row.try_get(0).map_err(ddl_error)?);
    Ok(TableSchema {
        table,
        source,
        key: row.try_get(1).map_err(ddl_error)?,
        columns: serde_json::from_str(columns).map_err(|_| unreadable())?,
        observed_at: row.try_get(3).map_err(ddl_error)?,
    })
}

pub(super) fn unreadable() -> Error {
    let message =
        format!("A line of {SCHEMAS} is not as rowtide wrote it: delete it, and the source says it again.");
    Error::new(ErrorKind::Schema, Code::BadSchemaLine, message)
}
