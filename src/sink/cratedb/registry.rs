//! The registry in CrateDB.

use super::Cratedb;
use super::errors::read;
use crate::deadline::Deadline;
use crate::error::{Code, Disposition, Error, ErrorKind, Result};
use crate::plan::cratedb::alter_registry;
use crate::route::{REGISTRY, Target};
use crate::sink::contract::Binding;
use crate::sink::registry::{
    FORMAT_COLUMN, KnownLayout, Registered, RegistryLine, SOURCE_COLUMN, warn_old_registry,
};
use crate::sink::targets::LOOKS_MAX;
use crate::source::SourceIdentity;
use std::sync::atomic::Ordering;
use tokio_postgres::types::ToSql;

impl Cratedb {
    pub(super) async fn registered(
        &self,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Option<(Registered, KnownLayout)>> {
        let sql = self.fill_own(
            include_str!("../../../sql/cratedb/read_registry.sql"),
            &[("identity", self.identity_columns())],
        );
        let rows = self.query(deadline, &sql, &[&target.qualified()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        read(|| {
            let registered = Registered {
                source: row.try_get(0)?,
                key_names: row.try_get(1)?,
                scheme: row.try_get(2)?,
                epoch: row.try_get(3)?,
                view_sql: row.try_get(5)?,
                view_definition: None,
                identity: row.try_get(7)?,
                key_types: row.try_get(8)?,
                format: row.try_get(9)?,
            };
            Ok(Some((registered, KnownLayout::named(row.try_get(4)?))))
        })
    }

    pub(super) async fn register(
        &self,
        binding: &Binding,
        layout: KnownLayout,
        deadline: Deadline,
    ) -> Result<()> {
        let sql = self.fill_own(include_str!("../../../sql/cratedb/write_registry.sql"), &[]);
        self.execute(deadline, &sql, &RegistryLine::of(binding, layout).parameters()).await.map(drop)
    }

    /// Up to when deleted rows of a target may have been forgotten.
    pub(super) async fn horizon(&self, target: &str, deadline: Deadline) -> Result<Option<jiff::Timestamp>> {
        let sql = self.fill_own(
            include_str!("../../../sql/cratedb/read_registry.sql"),
            &[("identity", self.identity_columns())],
        );
        let rows = self.query(deadline, &sql, &[&target]).await?;
        rows.first().map_or(Ok(None), |row| read(|| row.try_get(6)))
    }

    /// Lets the registry remember which source fills a target.
    pub(super) async fn remember_source(
        &self,
        binding: &Binding,
        before: Option<Registered>,
        deadline: Deadline,
    ) -> Result<()> {
        if !self.remembers_sources.load(Ordering::Relaxed) {
            return Ok(());
        }
        let sql = self.fill_own(include_str!("../../../sql/cratedb/write_source.sql"), &[]);
        let name = binding.target.qualified();
        for _ in 0..LOOKS_MAX {
            let state = self.lease(&name, deadline).await?;
            let Some((line, _)) = self.registered(&binding.target, deadline).await? else { return Ok(()) };
            // an epoch that was raised is in the line by now, but nobody else's source of that epoch
            let known = before.as_ref().filter(|before| before.identity == line.identity);
            let line = Registered { epoch: known.map_or(line.epoch, |before| before.epoch), ..line };
            let Some((source, types)) = line.to_remember(binding) else { return Ok(()) };
            let starts_anew = line.epoch < i32::from(binding.epoch);
            let types = if starts_anew { types } else { line.key_types.or(types) };
            let parameters: [&(dyn ToSql + Sync); 5] = [&name, &source, &types, &state.sequence, &state.term];
            // none when another line of it was written in between
            if self.execute(deadline, &sql, &parameters).await? > 0 {
                return Ok(());
            }
        }
        let message = format!("Other workers keep changing what the registry remembers of {name}.");
        Err(Error::new(ErrorKind::Contended, Code::Contended, message))
    }

    /// Adds the columns that a registry of an earlier version lacks. Where that is not allowed, everything goes on
    /// without them.
    pub(super) async fn upgrade_registry(&self, deadline: Deadline) -> Result<()> {
        if !self.look_at_registry(deadline).await? {
            let sql = alter_registry(&self.schema);
            match self.create(&sql, deadline).await {
                Err(error) if error.disposition() == Disposition::Abort => {
                    warn_old_registry(&sql);
                    return Ok(());
                }
                other => other?,
            }
        }
        self.look_at_registry(deadline).await.map(drop)
    }

    /// Whether the registry has the columns that hold the source of a target.
    pub(super) async fn look_at_registry(&self, deadline: Deadline) -> Result<bool> {
        let columns = self.describe(&self.schema, REGISTRY, deadline).await?;
        let remembers = columns.has(SOURCE_COLUMN);
        self.tells_format.store(columns.has(FORMAT_COLUMN), Ordering::Relaxed);
        self.remembers_sources.store(remembers, Ordering::Relaxed);
        Ok(remembers)
    }

    /// The source tables that targets were filled from, with their sources.
    pub(super) async fn sources_once(&self, deadline: Deadline) -> Result<Vec<(String, SourceIdentity)>> {
        if self.relation_of(&self.schema, REGISTRY, deadline).await?.is_none() {
            return Ok(Vec::new());
        }
        // asked seldom, and a target that was just made counts
        self.refresh(&self.own(REGISTRY)).await?;
        self.read_sources(deadline).await
    }

    /// The same of a registry that is there.
    pub(super) async fn read_sources(&self, deadline: Deadline) -> Result<Vec<(String, SourceIdentity)>> {
        self.look_at_registry(deadline).await?;
        let rows = self
            .query(
                deadline,
                &self.fill_own(
                    include_str!("../../../sql/cratedb/sources.sql"),
                    &[("identity", self.identity_columns())],
                ),
                &[],
            )
            .await?;
        let source = |row: &tokio_postgres::Row| {
            let identity: Option<String> = read(|| row.try_get(1))?;
            Ok((read(|| row.try_get(0))?, SourceIdentity::parse(&identity.unwrap_or_default())))
        };
        rows.iter().map(source).collect()
    }
}
