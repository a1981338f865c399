//! What sources said of their tables: it outlives the process that recorded it, so that a cold start knows a table's
//! key.

use super::Postgres;
use super::errors::ddl_error;
use super::objects::relation_of;
use crate::catalogue::TableSchema;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::postgres::create_schemas;
use crate::route::SCHEMAS;
use crate::sink::schemas::Line;
use crate::sink::wire::server::settle;
use std::collections::BTreeMap;

impl Postgres {
    pub(super) async fn load_schemas_once(&self, deadline: Deadline) -> Result<Vec<TableSchema>> {
        let client = self.client(deadline).await?;
        let token = client.cancel_token();
        let read = async {
            if relation_of(&client, &self.schema, SCHEMAS).await?.is_none() {
                return Ok(Vec::new());
            }
            let sql = self.fill_own(include_str!("../../../sql/postgres/read_schemas.sql"), &[]);
            let rows = client.query(&sql, &[]).await.map_err(ddl_error)?;
            rows.iter().map(|row| Line::read(row).map_err(ddl_error)?.schema()).collect()
        };
        let read = self.within(token, deadline, read).await;
        settle(client, read)
    }

    pub(super) async fn record_schemas_once(
        &self,
        schemas: &[TableSchema],
        deadline: Deadline,
    ) -> Result<()> {
        let mut client = self.client(deadline).await?;
        let token = client.cancel_token();
        let work = async {
            if relation_of(&client, &self.schema, SCHEMAS).await?.is_none() {
                self.run_ddl(&mut client, &[create_schemas(&self.schema)]).await?;
            }
            let sql = self.fill_own(include_str!("../../../sql/postgres/write_schemas.sql"), &[]);
            // two workers that record the same tables take them in one order
            let by_table: BTreeMap<(String, &str), &TableSchema> = schemas
                .iter()
                .map(|schema| ((schema.kept_as(), schema.observed_at.as_str()), schema))
                .collect();
            for schema in by_table.values() {
                client.execute(&sql, &Line::of(schema)?.parameters()).await.map_err(ddl_error)?;
            }
            Ok(())
        };
        let done = self.within(token, deadline, work).await;
        settle(client, done)
    }
}
