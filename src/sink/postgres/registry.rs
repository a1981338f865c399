//! The registry in PostgreSQL.

use super::Postgres;
use super::errors::ddl_error;
use super::objects::{Relation, has, relation_of};
use crate::deadline::Deadline;
use crate::error::{Disposition, Result};
use crate::plan::Layout;
use crate::plan::postgres::alter_registry;
use crate::route::{REGISTRY, Target};
use crate::sink::contract::Binding;
use crate::sink::registry::{
    KnownLayout, Registered, RegistryLine, SOURCE_COLUMN, check_registered, warn_old_registry,
};
use crate::sink::wire::server::settle;
use crate::source::SourceIdentity;
use deadpool_postgres::{GenericClient, Object};
use std::sync::atomic::Ordering;
use tokio_postgres::types::ToSql;

impl Postgres {
    pub(super) async fn registered(
        &self,
        client: &impl GenericClient,
        target: &Target,
    ) -> Result<Option<Registered>> {
        let sql = self.fill_own(include_str!("../../../sql/postgres/read_registry.sql"), &[]);
        let Some(row) = client.query_opt(&sql, &[&target.qualified()]).await.map_err(ddl_error)? else {
            return Ok(None);
        };
        let read = || {
            Ok(Registered {
                source: row.try_get(0)?,
                key_names: row.try_get(1)?,
                scheme: row.try_get(2)?,
                epoch: row.try_get(3)?,
                view_sql: row.try_get(4)?,
                view_definition: row.try_get(5)?,
                identity: row.try_get(6)?,
                key_types: row.try_get(7)?,
                format: row.try_get(8)?,
            })
        };
        read().map(Some).map_err(ddl_error)
    }

    pub(super) async fn register(
        &self,
        client: &impl GenericClient,
        binding: &Binding,
        layout: Layout,
    ) -> Result<()> {
        let sql = self.fill_own(include_str!("../../../sql/postgres/write_registry.sql"), &[]);
        let line = RegistryLine::of(binding, KnownLayout::of(layout, binding.target.delete));
        client.execute(&sql, &line.parameters()).await.map(drop).map_err(ddl_error)
    }

    /// Lets the registry remember which source fills a target, and holds the binding to what it says.
    pub(super) async fn remember_source(
        &self,
        client: &Object,
        binding: &Binding,
        before: Option<Registered>,
    ) -> Result<Option<Registered>> {
        let before = match before {
            Some(before) => Some(before),
            None => self.registered(client, &binding.target).await?,
        };
        let to_remember = before.as_ref().and_then(|line| line.to_remember(binding));
        if let (Some(before), Some((source, types))) = (&before, to_remember)
            && self.can_remember_sources(client).await?
        {
            let sql = self.fill_own(include_str!("../../../sql/postgres/write_source.sql"), &[]);
            let starts_anew = before.epoch < i32::from(binding.epoch);
            let name = binding.target.qualified();
            let parameters: [&(dyn ToSql + Sync); 5] =
                [&name, &source, &types, &before.identity, &starts_anew];
            client.execute(&sql, &parameters).await.map_err(ddl_error)?;
        }
        let after = self.registered(client, &binding.target).await?;
        if let Some(registered) = &after {
            check_registered(binding, registered, &self.own(REGISTRY))?;
        }
        Ok(after)
    }

    /// Whether the registry has the columns that hold the source of a target: one of an earlier version lacks them.
    async fn can_remember_sources(&self, client: &Object) -> Result<bool> {
        let registry = relation_of(client, &self.schema, REGISTRY).await?;
        Ok(registry.is_some_and(|table| has(&table, SOURCE_COLUMN)))
    }

    /// Adds the columns that a registry of an earlier version lacks. Where that is not allowed, everything goes on
    /// without them.
    pub(super) async fn upgrade_registry(&self, client: &mut Object, registry: &Relation) -> Result<()> {
        if has(registry, SOURCE_COLUMN) || self.has_old_registry.load(Ordering::Relaxed) {
            return Ok(());
        }
        let sql = alter_registry(&self.schema);
        let altered = self.run_ddl(client, std::slice::from_ref(&sql)).await;
        match altered {
            Err(error) if error.disposition() == Disposition::Abort => {
                self.has_old_registry.store(true, Ordering::Relaxed);
                warn_old_registry(&sql);
                Ok(())
            }
            other => other,
        }
    }

    /// The source tables that targets were filled from, with their sources.
    pub(super) async fn sources_once(&self, deadline: Deadline) -> Result<Vec<(String, SourceIdentity)>> {
        let client = self.client(deadline).await?;
        let token = client.cancel_token();
        let read = async {
            if relation_of(&client, &self.schema, REGISTRY).await?.is_none() {
                return Ok(Vec::new());
            }
            self.read_sources(&client).await
        };
        let read = self.within(token, deadline, read).await;
        settle(client, read)
    }

    /// The same of a registry that is there.
    pub(super) async fn read_sources(&self, client: &Object) -> Result<Vec<(String, SourceIdentity)>> {
        let sql = self.fill_own(include_str!("../../../sql/postgres/sources.sql"), &[]);
        let rows = client.query(&sql, &[]).await.map_err(ddl_error)?;
        let source = |row: &tokio_postgres::Row| {
            let identity: Option<String> = row.try_get(1)?;
            Ok((row.try_get(0)?, SourceIdentity::parse(&identity.unwrap_or_default())))
        };
        rows.iter().map(source).collect::<Result<_, _>>().map_err(ddl_error)
    }
}
