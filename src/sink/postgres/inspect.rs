//! A look at a database that changes nothing: what the server is, what rowtide keeps there, whether the tables of the
//! routes can be used. Tells facts; what is wrong with them is judged elsewhere.

use super::Postgres;
use super::objects::{adopted_table, check_storage_table, ddl_error, relation_of};
use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::Layout;
use crate::plan::postgres::view;
use crate::policy::DeletePolicy;
use crate::route::{DEAD_LETTERS, REGISTRY, SCHEMAS, Target};
use crate::sink::inspect::{ahead, fault_of, faulty, lacking, registered_as, targets_of};
use crate::sink::wire::errors::driver_error;
use crate::sink::wire::server::settle;
use deadpool_postgres::Object;
use rowtide_doctor::{Inspection, Privilege, SchemaFacts, TableFacts, TargetFacts, Use};
use std::collections::BTreeSet;
use std::time::SystemTime;

impl Postgres {
    pub(in crate::sink) async fn inspect(&self, config: &Config, deadline: Deadline) -> Result<Inspection> {
        let client = self.client(deadline).await?;
        let token = client.cancel_token();
        let inspected = self.within(token, deadline, self.inspect_with(&client, config)).await;
        settle(client, inspected)
    }

    async fn inspect_with(&self, client: &Object, config: &Config) -> Result<Inspection> {
        let failed = |error: tokio_postgres::Error| driver_error(&error, true);
        let before = SystemTime::now();
        let row = client
            .query_one(include_str!("../../../sql/postgres/inspect_server.sql"), &[])
            .await
            .map_err(failed)?;
        let after = SystemTime::now();
        let mut inspection = Inspection {
            version: row.try_get(0).map_err(failed)?,
            read_only: row.try_get(1).map_err(failed)?,
            clock_ahead_ms: ahead(before, after, row.try_get(2).map_err(failed)?),
            connections_max: row.try_get(3).map_err(failed)?,
            encoding: row.try_get(4).map_err(failed)?,
            encrypted: row.try_get(5).map_err(failed)?,
            schemas: Vec::new(),
            tables: Vec::new(),
            targets: Vec::new(),
        };
        for (name, used_for) in
            [(REGISTRY, Use::Registry), (DEAD_LETTERS, Use::DeadLetters), (SCHEMAS, Use::Schemas)]
        {
            let facts = table_facts(client, &self.schema, name, used_for, DeletePolicy::Tombstone).await?;
            inspection.tables.push(facts);
        }
        let reads_registry = inspection.tables.iter().any(|table| {
            table.used_for == Use::Registry && table.exists && !table.lacks.contains(&Privilege::Select)
        });
        let known = if reads_registry { self.read_sources(client).await? } else { Vec::new() };
        let mut schemas = BTreeSet::from([self.schema.clone()]);
        for (source, target) in targets_of(config, &known) {
            match target {
                Ok(target) => {
                    schemas.insert(target.schema.clone());
                    self.inspect_target(client, &target, reads_registry, &mut inspection).await?;
                }
                Err(error) => inspection.targets.push(faulty(source, &error)),
            }
        }
        for name in schemas {
            inspection.schemas.push(schema_facts(client, name).await?);
        }
        Ok(inspection)
    }

    async fn inspect_target(
        &self,
        client: &Object,
        target: &Target,
        reads_registry: bool,
        inspection: &mut Inspection,
    ) -> Result<()> {
        let registered = if reads_registry { self.registered(client, target).await? } else { None };
        let mut facts = TargetFacts {
            source: target.source.clone(),
            name: target.qualified(),
            registered: registered.as_ref().map(registered_as),
            fault: None,
            unguarded: false,
        };
        let found = relation_of(client, &target.schema, &target.name).await?;
        let mut rows = target.storage.as_str();
        match found {
            Some(table) if table.is_table() => {
                rows = &target.name;
                match fault_of(adopted_table(target, &table))? {
                    Ok(layout) => facts.unguarded = matches!(layout, Layout::Adopted { guarded: false, .. }),
                    Err(fault) => facts.fault = Some(fault),
                }
            }
            found => {
                facts.fault = match (&found, fault_of(view(target))?) {
                    (_, Err(fault)) => Some(fault),
                    (Some(other), Ok(wanted))
                        if other.kind != "v"
                            || (registered.is_none() && other.comment.as_ref() != Some(&wanted.mark)) =>
                    {
                        Some(format!(
                            "There is already something named {} that rowtide did not make. Rename it, or give the \
                             route of {} another `to`.",
                            target.qualified(),
                            target.source
                        ))
                    }
                    (_, Ok(_)) => None,
                };
                if let Some(table) = relation_of(client, &target.schema, &target.storage).await? {
                    facts.fault = facts.fault.or(fault_of(check_storage_table(target, &table))?.err());
                }
            }
        }
        let delete = if facts.unguarded { DeletePolicy::Hard } else { target.delete };
        inspection.tables.push(table_facts(client, &target.schema, rows, Use::Rows, delete).await?);
        inspection.targets.push(facts);
        Ok(())
    }
}

async fn table_facts(
    client: &Object,
    schema: &str,
    name: &str,
    used_for: Use,
    delete: DeletePolicy,
) -> Result<TableFacts> {
    let sql = include_str!("../../../sql/postgres/inspect_table.sql");
    let row = client.query_opt(sql, &[&schema, &name]).await.map_err(ddl_error)?;
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

async fn schema_facts(client: &Object, name: String) -> Result<SchemaFacts> {
    let sql = include_str!("../../../sql/postgres/inspect_schema.sql");
    let row = client.query_opt(sql, &[&name]).await.map_err(ddl_error)?;
    let Some(row) = row else { return Ok(SchemaFacts { name, exists: false, lacks: Vec::new() }) };
    let mut lacks = Vec::new();
    for (at, privilege) in [Privilege::Usage, Privilege::Create].into_iter().enumerate() {
        if !row.try_get::<_, bool>(at).map_err(ddl_error)? {
            lacks.push(privilege);
        }
    }
    Ok(SchemaFacts { name, exists: true, lacks })
}
