//! What sources said of their tables, on CrateDB.

use super::Cratedb;
use super::errors::read;
use crate::catalogue::TableSchema;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::cratedb::{create_schemas, named};
use crate::route::SCHEMAS;
use crate::sink::schemas::Line;
use crate::source::SourceIdentity;
use std::collections::BTreeMap;

impl Cratedb {
    pub(super) async fn load_schemas_once(&self, deadline: Deadline) -> Result<Vec<TableSchema>> {
        let found = self.found_keys.get_or_try_init(|| self.find_keys(deadline)).await?;
        let mut schemas = self.recorded_schemas(deadline).await?;
        schemas.extend(found.iter().cloned());
        Ok(schemas)
    }

    /// The keys of tables that somebody else made and a route leads to: their primary keys. It is older than whatever
    /// a source says.
    async fn find_keys(&self, deadline: Deadline) -> Result<Vec<TableSchema>> {
        let rows = self.query(deadline, include_str!("../../../sql/cratedb/adopted_keys.sql"), &[]).await?;
        let mut keys: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for row in &rows {
            let (schema, name, member) = read(|| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))?;
            keys.entry((schema, name)).or_default().push(member);
        }
        let mut found = Vec::new();
        for ((schema, name), key) in keys {
            let leads_here = |table: &String| {
                let target = self.routes.target(table.as_str()).ok().flatten().map(|target| named(&target));
                target.is_some_and(|target| (&target.schema, &target.name) == (&schema, &name))
            };
            let tables = [name.clone(), format!("{schema}.{name}")].into_iter().filter(leads_here);
            found.extend(tables.map(|table| TableSchema {
                table,
                source: SourceIdentity::default(),
                key: key.clone(),
                columns: Vec::new(),
                observed_at: String::new(),
            }));
        }
        Ok(found)
    }

    async fn recorded_schemas(&self, deadline: Deadline) -> Result<Vec<TableSchema>> {
        if self.relation_of(&self.schema, SCHEMAS, deadline).await?.is_none() {
            return Ok(Vec::new());
        }
        let sql = self.fill_own(include_str!("../../../sql/cratedb/read_schemas.sql"), &[]);
        let rows = self.query(deadline, &sql, &[]).await?;
        rows.iter().map(|row| read(|| Line::read(row))?.schema()).collect()
    }

    pub(super) async fn record_schemas_once(
        &self,
        schemas: &[TableSchema],
        deadline: Deadline,
    ) -> Result<()> {
        if self.relation_of(&self.schema, SCHEMAS, deadline).await?.is_none() {
            self.create(&create_schemas(&self.schema), deadline).await?;
        }
        let sql = self.fill_own(include_str!("../../../sql/cratedb/write_schemas.sql"), &[]);
        for schema in schemas {
            self.execute(deadline, &sql, &Line::of(schema)?.parameters()).await?;
        }
        // seldom written and asked at every batch: seen at once, without a refresh at every batch
        self.refresh(&self.own(SCHEMAS)).await
    }
}
