//! The tables and views of a target in CrateDB, and rowtide's own tables: what is there, and what must be made.

use super::Cratedb;
use super::errors::{of_ddl, read};
use crate::config::Ddl;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::cratedb::{Described, alter_dead_letters, create_dead_letters, create_registry};
use crate::plan::cratedb::{declared, is_same_view, named, storage, view};
use crate::plan::{Layout, literal};
use crate::route::{DEAD_LETTERS, REGISTRY, Target};
use crate::sink::contract::Binding;
use crate::sink::registry::{KnownLayout, Registered, check_registered, of_table};
use crate::sink::targets::{
    LOOKS_MAX, PreparedTarget, adopted, check_storage, foreign_view, keep_changing, missing_object,
    neither_table_nor_view, warn_outdated_view, warn_unguarded,
};
use crate::sink::wire::errors::TABLE_EXISTS;
use std::sync::{Arc, PoisonError};

/// A table as the catalogue describes it.
pub(super) struct DescribedTable {
    pub(super) columns: Vec<Described>,
    /// Members of `pk` that are the primary key.
    pub(super) keys: Vec<String>,
}

impl DescribedTable {
    pub(super) fn has(&self, name: &str) -> bool {
        self.columns
            .iter()
            .any(|column| column.path.len() == 1 && column.path.first().is_some_and(|p| p == name))
    }
}

impl Cratedb {
    /// A target whose objects are there and agree with the route; creates them where that is allowed.
    pub(super) async fn ensure_target(
        &self,
        binding: &Binding,
        deadline: Deadline,
    ) -> Result<Arc<PreparedTarget>> {
        let binding = &Binding { target: Arc::new(named(&binding.target)), ..binding.clone() };
        if let Some(prepared) = self.prepared.matching(binding)? {
            return Ok(prepared);
        }
        declared(&binding.target)?;
        let turn = self.turn.lock().await;
        self.ensure_own_tables(deadline).await?;
        let (layout, registered) = self.establish(binding, deadline).await.map_err(of_table)?;
        drop(turn);
        let prepared = Arc::new(PreparedTarget::new(binding, layout, Some(&registered)));
        self.refresh_columns(&prepared, deadline).await?;
        self.prepared.insert(prepared.clone());
        Ok(prepared)
    }

    async fn establish(&self, binding: &Binding, deadline: Deadline) -> Result<(Layout, Registered)> {
        let target = &*binding.target;
        for _ in 0..LOOKS_MAX {
            let found = self.relation_of(&target.schema, &target.name, deadline).await?;
            let registered = self.registered(target, deadline).await?;
            if let Some((registered, _)) = &registered {
                check_registered(binding, registered, &self.own(REGISTRY))?;
            }
            let layout = match &found {
                Some((kind, _)) if kind == "BASE TABLE" => {
                    self.adopted_table(target, Some(&binding.key_names), deadline).await?
                }
                Some((kind, _)) if kind != "VIEW" => {
                    return Err(neither_table_nor_view(target));
                }
                Some(_) | None => Layout::Managed,
            };
            let known = KnownLayout::of(layout, target.delete);
            let epoch = i32::from(binding.epoch);
            let is_registered = registered.as_ref().is_some_and(|(line, layout)| {
                line.epoch >= epoch
                    && *layout == known
                    && (line.source == target.source || !target.is_merged())
            });
            if layout == Layout::Managed {
                if !self.ensure_storage(target, deadline).await? {
                    continue;
                }
                let shown = found.and_then(|(_, definition)| definition);
                let line = registered.as_ref().map(|(line, _)| line);
                self.check_view(target, shown.as_deref(), line)?;
                if !is_registered {
                    // before the view: whoever sees it finds out whose it is
                    self.register(binding, known, deadline).await?;
                }
                self.ensure_view(target, shown.as_deref(), line, deadline).await?;
            } else if !is_registered {
                self.register(binding, known, deadline).await?;
                warn_unguarded(target, layout);
            }
            self.remember_source(binding, registered.map(|(line, _)| line), deadline).await?;
            // whoever was first decides
            if let Some((registered, _)) = self.registered(target, deadline).await? {
                check_registered(binding, &registered, &self.own(REGISTRY))?;
                return Ok((layout, registered));
            }
        }
        Err(keep_changing(target))
    }

    /// Registry and dead letters, in the sink's schema.
    pub(super) async fn ensure_own_tables(&self, deadline: Deadline) -> Result<()> {
        if *self.own_tables.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(());
        }
        if self.relation_of(&self.schema, REGISTRY, deadline).await?.is_none() {
            self.create(&create_registry(&self.schema), deadline).await?;
        }
        let letters = self.describe(&self.schema, DEAD_LETTERS, deadline).await?;
        if letters.columns.is_empty() {
            self.create(&create_dead_letters(&self.schema), deadline).await?;
        } else if !letters.has("sequence_number") {
            self.create(&alter_dead_letters(&self.schema), deadline).await?;
        }
        self.upgrade_registry(deadline).await?;
        *self.own_tables.lock().unwrap_or_else(PoisonError::into_inner) = true;
        Ok(())
    }

    pub(super) async fn create(&self, sql: &str, deadline: Deadline) -> Result<()> {
        if self.ddl == Ddl::Never {
            return Err(missing_object(&[sql.to_owned()]));
        }
        match self.run(deadline, sql).await {
            // another worker was faster
            Err(error) if error.sqlstate() == Some(TABLE_EXISTS) => Ok(()),
            Err(error) => Err(of_ddl(error)),
            Ok(()) => Ok(()),
        }
    }

    /// Kind and, of a view, definition.
    pub(super) async fn relation_of(
        &self,
        schema: &str,
        name: &str,
        deadline: Deadline,
    ) -> Result<Option<(String, Option<String>)>> {
        let sql = include_str!("../../../sql/cratedb/relation.sql");
        let rows = self.query(deadline, sql, &[&schema, &name]).await?;
        rows.first().map(|row| read(|| Ok((row.try_get(0)?, row.try_get(1)?)))).transpose()
    }

    pub(super) async fn describe(
        &self,
        schema: &str,
        name: &str,
        deadline: Deadline,
    ) -> Result<DescribedTable> {
        let sql = include_str!("../../../sql/cratedb/columns.sql");
        let mut described = DescribedTable { columns: Vec::new(), keys: Vec::new() };
        for row in self.query(deadline, sql, &[&schema, &name]).await? {
            let (root, below): (String, Option<Vec<String>>) =
                read(|| Ok((row.try_get(0)?, row.try_get(1)?)))?;
            let mut path = vec![root];
            path.extend(below.unwrap_or_default());
            let nullable: String = read(|| row.try_get(5))?;
            if let [root, member] = path.as_slice()
                && root == "pk"
                && nullable == "NO"
            {
                described.keys.push(member.clone());
            }
            let characters: Option<i32> = read(|| row.try_get(4))?;
            described.columns.push(Described {
                path,
                type_name: read(|| row.try_get(2))?,
                policy: read(|| row.try_get(3))?,
                characters_max: characters.and_then(|characters| u32::try_from(characters).ok()),
            });
        }
        Ok(described)
    }

    /// Whether the storage table is there; if not, it was just created.
    async fn ensure_storage(&self, target: &Target, deadline: Deadline) -> Result<bool> {
        let described = self.describe(&target.schema, &target.storage, deadline).await?;
        if described.columns.is_empty() {
            self.create(&storage(target)?, deadline).await?;
            return Ok(false);
        }
        check_storage(target, |column| described.has(column)).map(|()| true)
    }

    /// A view that somebody else made is an error, unless the registry says that it was rowtide's once.
    pub(super) fn check_view(
        &self,
        target: &Target,
        shown: Option<&str>,
        line: Option<&Registered>,
    ) -> Result<()> {
        let Some(shown) = shown else { return Ok(()) };
        if line.is_some() || is_same_view(&view(target), shown) {
            return Ok(());
        }
        Err(foreign_view(target))
    }

    async fn ensure_view(
        &self,
        target: &Target,
        shown: Option<&str>,
        line: Option<&Registered>,
        deadline: Deadline,
    ) -> Result<()> {
        let wanted = view(target);
        let remembered = line.and_then(|line| line.view_sql.as_deref());
        match shown {
            Some(shown) if is_same_view(&wanted, shown) => {}
            // a person made it his own
            Some(shown) if !remembered.is_some_and(|remembered| is_same_view(remembered, shown)) => {
                return Ok(());
            }
            Some(_) if self.ddl == Ddl::Never => {
                warn_outdated_view(target);
                return Ok(());
            }
            Some(_) | None => self.create(&wanted, deadline).await?,
        }
        if remembered != Some(wanted.as_str()) {
            let sql = self.fill_own(include_str!("../../../sql/cratedb/remember_view.sql"), &[]);
            self.execute(deadline, &sql, &[&target.qualified(), &wanted]).await?;
        }
        Ok(())
    }

    /// How an existing table with the target's own name is written to. The key is compared where it is known.
    pub(super) async fn adopted_table(
        &self,
        target: &Target,
        key_names: Option<&[String]>,
        deadline: Deadline,
    ) -> Result<Layout> {
        let table = self.describe(&target.schema, &target.name, deadline).await?;
        let check_key = || {
            let mut keys = table.keys.clone();
            keys.sort();
            let Some(key_names) = key_names.filter(|key_names| *key_names != keys) else { return Ok(()) };
            let members: Vec<String> =
                key_names.iter().map(|name| format!("pk[{}]", literal(name))).collect();
            Err(format!(
                "The primary key of the existing table {} is not the key of {}: it must be {}, so that rows can be \
                 upserted. CrateDB cannot change a primary key: copy the rows into a table that has it.",
                target.qualified(),
                target.source,
                members.join(", ")
            ))
        };
        adopted(target, |column| table.has(column), check_key)
    }
}
