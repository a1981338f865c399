//! A look at a database that changes nothing: what the server is, what rowtide keeps there, whether the tables of the
//! routes can be used. Tells facts; what is wrong with them is judged elsewhere.

use super::Postgres;
use super::errors::ddl_error;
use super::objects::{adopted_table, check_storage_table, relation_of, unwanted_view};
use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::Layout;
use crate::plan::postgres::view;
use crate::policy::DeletePolicy;
use crate::route::Target;
use crate::sink::inspect::{Inspect, ahead, fault_of, lacking, look_around, registered_as};
use crate::sink::targets::neither_table_nor_view;
use crate::sink::wire::server::settle;
use crate::source::SourceIdentity;
use deadpool_postgres::Object;
use rowtide_doctor::{Inspection, Privilege, SchemaFacts, TableFacts, TargetFacts, Use};
use std::time::SystemTime;

impl Postgres {
    pub(in crate::sink) async fn inspect(&self, config: &Config, deadline: Deadline) -> Result<Inspection> {
        let client = self.client(deadline).await?;
        let token = client.cancel_token();
        let inspected = self.within(token, deadline, self.inspect_with(&client, config)).await;
        settle(client, inspected)
    }

    async fn inspect_with(&self, client: &Object, config: &Config) -> Result<Inspection> {
        let before = SystemTime::now();
        let row = client
            .query_one(include_str!("../../../sql/postgres/inspect_server.sql"), &[])
            .await
            .map_err(ddl_error)?;
        let after = SystemTime::now();
        let mut inspection = Inspection {
            version: row.try_get(0).map_err(ddl_error)?,
            read_only: row.try_get(1).map_err(ddl_error)?,
            clock_ahead_ms: ahead(before, after, row.try_get(2).map_err(ddl_error)?),
            connections_max: row.try_get(3).map_err(ddl_error)?,
            encoding: row.try_get(4).map_err(ddl_error)?,
            encrypted: row.try_get(5).map_err(ddl_error)?,
            schemas: Vec::new(),
            tables: Vec::new(),
            targets: Vec::new(),
        };
        look_around(&Inspector { sink: self, client }, &self.schema, config, &mut inspection).await?;
        Ok(inspection)
    }
}

/// Inspects through one connection.
struct Inspector<'s> {
    sink: &'s Postgres,
    client: &'s Object,
}

impl Inspect for Inspector<'_> {
    fn named(&self, target: &Target) -> Target {
        target.clone()
    }

    async fn table(
        &self,
        schema: &str,
        name: &str,
        used_for: Use,
        delete: DeletePolicy,
    ) -> Result<TableFacts> {
        let sql = include_str!("../../../sql/postgres/inspect_table.sql");
        let row = self.client.query_opt(sql, &[&schema, &name]).await.map_err(ddl_error)?;
        let allowed: Option<[bool; 4]> = row
            .map(|row| Ok([row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?]))
            .transpose()
            .map_err(ddl_error)?;
        let qualified = format!("{schema}.{name}");
        Ok(TableFacts {
            name: qualified,
            used_for,
            exists: allowed.is_some(),
            lacks: allowed.map(|allowed| lacking(allowed, used_for, delete)).unwrap_or_default(),
        })
    }

    async fn sources(&self) -> Result<Vec<(String, SourceIdentity)>> {
        self.sink.read_sources(self.client).await
    }

    async fn target(&self, target: &Target, reads_registry: bool) -> Result<(TargetFacts, TableFacts)> {
        let registered = if reads_registry { self.sink.registered(self.client, target).await? } else { None };
        let mut facts = TargetFacts {
            source: target.source.clone(),
            name: target.qualified(),
            registered: registered.as_ref().map(registered_as),
            fault: None,
            unguarded: false,
        };
        let found = relation_of(self.client, &target.schema, &target.name).await?;
        let (mut rows, mut delete) = (target.storage.as_str(), target.delete);
        match found {
            Some(table) if table.is_table() => {
                // nothing is purged there
                (rows, delete) = (&target.name, DeletePolicy::Soft);
                match fault_of(adopted_table(target, &table))? {
                    Ok(layout) => facts.unguarded = matches!(layout, Layout::Adopted { guarded: false, .. }),
                    Err(fault) => facts.fault = Some(fault),
                }
            }
            found => {
                let checked = view(target).and_then(|wanted| match found {
                    Some(other) if other.kind != "v" => Err(neither_table_nor_view(target)),
                    Some(other) if registered.is_none() && other.comment.as_ref() != Some(&wanted.mark) => {
                        Err(unwanted_view(target, other.comment.as_deref()))
                    }
                    Some(_) | None => Ok(()),
                });
                facts.fault = fault_of(checked)?.err();
                if let Some(table) = relation_of(self.client, &target.schema, &target.storage).await? {
                    facts.fault = facts.fault.or(fault_of(check_storage_table(target, &table))?.err());
                }
            }
        }
        let delete = if facts.unguarded { DeletePolicy::Hard } else { delete };
        let table = self.table(&target.schema, rows, Use::Rows, delete).await?;
        Ok((facts, table))
    }

    async fn schema(&self, name: String) -> Result<SchemaFacts> {
        let sql = include_str!("../../../sql/postgres/inspect_schema.sql");
        let row = self.client.query_opt(sql, &[&name]).await.map_err(ddl_error)?;
        let Some(row) = row else { return Ok(SchemaFacts { name, exists: false, lacks: Vec::new() }) };
        let mut lacks = Vec::new();
        for (at, privilege) in [Privilege::Usage, Privilege::Create].into_iter().enumerate() {
            if !row.try_get::<_, bool>(at).map_err(ddl_error)? {
                lacks.push(privilege);
            }
        }
        Ok(SchemaFacts { name, exists: true, lacks })
    }
}
