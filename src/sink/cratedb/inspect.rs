//! A look at a CrateDB that changes nothing.

use super::Cratedb;
use super::errors::read;
use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::Layout;
use crate::plan::cratedb::{declared, named};
use crate::policy::DeletePolicy;
use crate::route::Target;
use crate::sink::inspect::{Inspect, ahead, fault_of, lacking, look_around, registered_as};
use crate::sink::targets::check_storage;
use crate::source::SourceIdentity;
use rowtide_doctor::{Inspection, Privilege, SchemaFacts, TableFacts, TargetFacts, Use};
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
        look_around(&Inspector { sink: self, deadline }, &self.schema, config, &mut inspection).await?;
        Ok(inspection)
    }
}

/// Inspects until a deadline.
struct Inspector<'s> {
    sink: &'s Cratedb,
    deadline: Deadline,
}

impl Inspect for Inspector<'_> {
    fn named(&self, target: &Target) -> Target {
        named(target)
    }

    async fn sources(&self) -> Result<Vec<(String, SourceIdentity)>> {
        self.sink.read_sources(self.deadline).await
    }

    async fn schema(&self, name: String) -> Result<SchemaFacts> {
        let sql = include_str!("../../../sql/cratedb/inspect_schema.sql");
        let rows = self.sink.query(self.deadline, sql, &[&name]).await?;
        let may_create = rows.first().map_or(Ok(true), |row| read(|| row.try_get(0)))?;
        let lacks = if may_create { Vec::new() } else { vec![Privilege::Create] };
        // a schema is there as long as something is in it
        Ok(SchemaFacts { name, exists: true, lacks })
    }

    async fn target(&self, target: &Target, reads_registry: bool) -> Result<(TargetFacts, TableFacts)> {
        let (sink, deadline) = (self.sink, self.deadline);
        let registered = if reads_registry { sink.registered(target, deadline).await? } else { None };
        let line = registered.as_ref().map(|(line, _)| line);
        let mut facts = TargetFacts {
            source: target.source.clone(),
            name: target.qualified(),
            registered: line.map(registered_as),
            fault: fault_of(declared(target))?.err(),
            unguarded: false,
        };
        let mut rows = target.storage.as_str();
        match sink.relation_of(&target.schema, &target.name, deadline).await? {
            Some((kind, _)) if kind == "BASE TABLE" => {
                rows = &target.name;
                let key_names = line.map(|line| line.key_names.as_slice());
                match fault_of(sink.adopted_table(target, key_names, deadline).await)? {
                    Ok(layout) => facts.unguarded = matches!(layout, Layout::Adopted { guarded: false, .. }),
                    Err(fault) => facts.fault = Some(fault),
                }
            }
            found => {
                let shown = found.and_then(|(_, definition)| definition);
                facts.fault =
                    facts.fault.or(fault_of(sink.check_view(target, shown.as_deref(), line))?.err());
                if sink.relation_of(&target.schema, &target.storage, deadline).await?.is_some() {
                    let described = sink.describe(&target.schema, &target.storage, deadline).await?;
                    facts.fault = facts
                        .fault
                        .or(fault_of(check_storage(target, |column| described.has(column)))?.err());
                }
            }
        }
        let delete = if facts.unguarded { DeletePolicy::Hard } else { target.delete };
        let table = self.table(&target.schema, rows, Use::Rows, delete).await?;
        Ok((facts, table))
    }

    async fn table(
        &self,
        schema: &str,
        name: &str,
        used_for: Use,
        delete: DeletePolicy,
    ) -> Result<TableFacts> {
        let exists = self.sink.relation_of(schema, name, self.deadline).await?.is_some();
        let qualified = format!("{schema}.{name}");
        let sql = include_str!("../../../sql/cratedb/inspect_table.sql");
        let rows = self.sink.query(self.deadline, sql, &[&qualified]).await?;
        let allowed = match rows.first() {
            Some(row) => read(|| Ok([row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?]))?,
            None => [true; 4],
        };
        let lacks = if exists { lacking(allowed, used_for, delete) } else { Vec::new() };
        Ok(TableFacts { name: qualified, used_for, exists, lacks })
    }
}
