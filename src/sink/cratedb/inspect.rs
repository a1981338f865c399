//! A look at a CrateDB that changes nothing.

use super::Cratedb;
use super::errors::read;
use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::Layout;
use crate::plan::cratedb::{declared, named};
use crate::policy::DeletePolicy;
use crate::route::{DEAD_LETTERS, REGISTRY, SCHEMAS, Target};
use crate::sink::inspect::{ahead, fault_of, faulty, lacking, registered_as, targets_of};
use crate::sink::targets::check_storage;
use rowtide_doctor::{Inspection, Privilege, SchemaFacts, TableFacts, TargetFacts, Use};
use std::collections::BTreeSet;
use std::time::SystemTime;

impl Cratedb {
    pub(in crate::sink) async fn inspect(&self, config: &Config, deadline: Deadline) -> Result<Inspection> {
        // the first question may have to wait for a connection
        let sql = include_str!("../../../sql/cratedb/inspect_server.sql");
        self.query(deadline, sql, &[]).await?;
        let before = SystemTime::now();
        let rows = self.query(deadline, sql, &[]).await?;
        let after = SystemTime::now();
        let (version, clock_ahead_ms) = match rows.first() {
            Some(row) => read(|| Ok((row.try_get(0)?, ahead(before, after, row.try_get(1)?))))?,
            None => (String::new(), 0),
        };
        let mut inspection = Inspection {
            version,
            encrypted: None,
            encoding: None,
            read_only: false,
            clock_ahead_ms,
            connections_max: None,
            schemas: Vec::new(),
            tables: Vec::new(),
            targets: Vec::new(),
        };
        for (name, used_for) in
            [(REGISTRY, Use::Registry), (DEAD_LETTERS, Use::DeadLetters), (SCHEMAS, Use::Schemas)]
        {
            let facts =
                self.table_facts(&self.schema, name, used_for, DeletePolicy::Tombstone, deadline).await?;
            inspection.tables.push(facts);
        }
        let reads_registry = inspection.tables.iter().any(|table| {
            table.used_for == Use::Registry && table.exists && !table.lacks.contains(&Privilege::Select)
        });
        let known = if reads_registry { self.read_sources(deadline).await? } else { Vec::new() };
        let mut schemas = BTreeSet::from([self.schema.clone()]);
        for (source, target) in targets_of(config, &known) {
            match target {
                Ok(target) => {
                    let target = named(&target);
                    schemas.insert(target.schema.clone());
                    let facts =
                        self.inspect_target(&target, reads_registry, &mut inspection, deadline).await?;
                    inspection.targets.push(facts);
                }
                Err(error) => inspection.targets.push(faulty(source, &error)),
            }
        }
        for name in schemas {
            let sql = include_str!("../../../sql/cratedb/inspect_schema.sql");
            let rows = self.query(deadline, sql, &[&name]).await?;
            let may_create = rows.first().map_or(Ok(true), |row| read(|| row.try_get(0)))?;
            let lacks = if may_create { Vec::new() } else { vec![Privilege::Create] };
            // a schema is there as long as something is in it
            inspection.schemas.push(SchemaFacts { name, exists: true, lacks });
        }
        Ok(inspection)
    }

    async fn inspect_target(
        &self,
        target: &Target,
        reads_registry: bool,
        inspection: &mut Inspection,
        deadline: Deadline,
    ) -> Result<TargetFacts> {
        let registered = if reads_registry { self.registered(target, deadline).await? } else { None };
        let line = registered.as_ref().map(|(line, _)| line);
        let mut facts = TargetFacts {
            source: target.source.clone(),
            name: target.qualified(),
            registered: line.map(registered_as),
            fault: fault_of(declared(target))?.err(),
            unguarded: false,
        };
        let mut rows = target.storage.as_str();
        match self.relation_of(&target.schema, &target.name, deadline).await? {
            Some((kind, _)) if kind == "BASE TABLE" => {
                rows = &target.name;
                let key_names = line.map(|line| line.key_names.as_slice());
                match fault_of(self.adopted_table(target, key_names, deadline).await)? {
                    Ok(layout) => facts.unguarded = matches!(layout, Layout::Adopted { guarded: false, .. }),
                    Err(fault) => facts.fault = Some(fault),
                }
            }
            found => {
                let shown = found.and_then(|(_, definition)| definition);
                facts.fault =
                    facts.fault.or(fault_of(self.check_view(target, shown.as_deref(), line))?.err());
                if self.relation_of(&target.schema, &target.storage, deadline).await?.is_some() {
                    let described = self.describe(&target.schema, &target.storage, deadline).await?;
                    facts.fault = facts
                        .fault
                        .or(fault_of(check_storage(target, |column| described.has(column)))?.err());
                }
            }
        }
        let delete = if facts.unguarded { DeletePolicy::Hard } else { target.delete };
        let table = self.table_facts(&target.schema, rows, Use::Rows, delete, deadline).await?;
        inspection.tables.push(table);
        Ok(facts)
    }

    async fn table_facts(
        &self,
        schema: &str,
        name: &str,
        used_for: Use,
        delete: DeletePolicy,
        deadline: Deadline,
    ) -> Result<TableFacts> {
        let exists = self.relation_of(schema, name, deadline).await?.is_some();
        let qualified = format!("{schema}.{name}");
        let sql = include_str!("../../../sql/cratedb/inspect_table.sql");
        let rows = self.query(deadline, sql, &[&qualified]).await?;
        let allowed = match rows.first() {
            Some(row) => read(|| Ok([row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?]))?,
            None => [true; 4],
        };
        let lacks = if exists { lacking(allowed, used_for, delete) } else { Vec::new() };
        Ok(TableFacts { name: qualified, used_for, exists, lacks })
    }
}
