//! What the registry in CrateDB remembers of the sources of targets.

use super::crate_rows::read;
use super::cratedb::Cratedb;
use super::registry::{Registered, warn_old_registry};
use super::targets::{REGISTRY, SOURCE_COLUMN};
use super::{Binding, Deadline};
use crate::error::{Disposition, Result};
use crate::source::SourceIdentity;
use std::sync::atomic::Ordering;
use tokio_postgres::types::ToSql;

impl Cratedb {
    /// Lets the registry remember which source fills a target.
    pub(super) async fn remember_source(
        &self,
        binding: &Binding,
        before: Option<Registered>,
        deadline: Deadline,
    ) -> Result<()> {
        let before = match before {
            Some(before) => Some(before),
            None => self.registered(&binding.target, deadline).await?.map(|(line, _)| line),
        };
        let Some(before) = before else { return Ok(()) };
        let Some((source, types)) = before.to_remember(binding) else { return Ok(()) };
        if !self.remembers_sources.load(Ordering::Relaxed) {
            return Ok(());
        }
        let sql = self.fill_own(include_str!("../../sql/cratedb/write_source.sql"));
        let starts_anew = before.epoch < i32::from(binding.epoch);
        let types = if starts_anew { types } else { before.key_types.or(types) };
        let known = before.identity.unwrap_or_default();
        let name = binding.target.qualified();
        let parameters: [&(dyn ToSql + Sync); 4] = [&name, &source, &types, &known];
        self.tell(deadline, &sql, &parameters).await.map(drop)
    }

    /// Adds the columns that a registry of an earlier version lacks. Where that is not allowed, everything goes on
    /// without them.
    pub(super) async fn upgrade_registry(&self, deadline: Deadline) -> Result<()> {
        if !self.describe(&self.schema, REGISTRY, deadline).await?.has(SOURCE_COLUMN) {
            let sql = self.fill_own(include_str!("../../sql/cratedb/alter_registry.sql"));
            match self.create(&sql, deadline).await {
                Err(error) if error.disposition() == Disposition::Abort => {
                    warn_old_registry(&sql);
                    return Ok(());
                }
                other => other?,
            }
        }
        self.remembers_sources.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The source tables that targets were filled from, with their sources.
    pub(super) async fn sources_once(&self, deadline: Deadline) -> Result<Vec<(String, SourceIdentity)>> {
        if self.relation_of(&self.schema, REGISTRY, deadline).await?.is_none() {
            return Ok(Vec::new());
        }
        self.ensure_own_tables(deadline).await?;
        let rows =
            self.ask(deadline, &self.fill_own(include_str!("../../sql/cratedb/sources.sql")), &[]).await?;
        let source = |row: &tokio_postgres::Row| {
            let identity: Option<String> = read(|| row.try_get(1))?;
            Ok((read(|| row.try_get(0))?, SourceIdentity::parse(&identity.unwrap_or_default())))
        };
        rows.iter().map(source).collect()
    }
}
