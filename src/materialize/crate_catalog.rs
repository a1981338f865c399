//! The objects in CrateDB: tables, views, registry, and the columns, which nobody but this room adds.

use super::crate_rows::{Json, Loan, read, server_error};
use super::cratedb::Cratedb;
use super::purge::Purged;
use super::registry::{KeyTypes, Registered, agree, agree_with_registry, of_table};
use super::targets::{
    DEAD_LETTERS, KnownTarget, LOOKS_MAX, LiveRow, REGISTRY, STORAGE_COLUMNS, Shown, layout_word,
    missing_object,
};
use super::{Binding, Deadline, KNOWN_BYTES, LETTER_KEY_MAX, bounded};
use crate::config::Ddl;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::json::Value;
use crate::plan::cratedb::{add_columns, budget, declared, is_same_view, named, storage, table, view};
use crate::plan::{
    Budget, Column, Columns, Described, Layout, fill, literal, relation, with_plain_numbers,
    without_named_lists,
};
use crate::policy::DeletePolicy;
use crate::route::Target;
use futures_util::TryStreamExt as _;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio_postgres::types::ToSql;

/// How often columns are looked at and added before a write, because other workers add some too.
const ADDINGS_MAX: u32 = 10;
/// How long one worker may have the table to itself while it adds columns; longer than any `alter table` takes.
const LEASE: Duration = Duration::from_secs(30);
/// How long an `alter table` may take: it must be over before somebody else begins.
const ALTER_MAX: Duration = Duration::from_secs(20);
/// How long a worker waits before it looks again whether another one is done.
const LEASE_WAIT: Duration = Duration::from_millis(25);
/// Rows read, or tombstones found, at once. The statements compare `key || ''`: the column itself is compared by bytes
/// of UTF-8, but its order, when shards are merged, is by units of UTF-16, and pages would leave out rows.
const PAGE_ROWS: i64 = 1_000;

/// A target whose objects are there.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) binding: Binding,
    pub(super) layout: Layout,
    key_types: KeyTypes,
}

impl Known {
    /// Whether a delete removes the row at once.
    pub(super) fn removes(&self, target: &Target) -> bool {
        match self.layout {
            Layout::Managed => target.delete == DeletePolicy::Hard,
            Layout::Adopted { guarded, .. } => !guarded,
        }
    }
}

/// Who alters a table until when, and the state of the line that says so.
pub(super) struct Lease {
    until: Option<jiff::Timestamp>,
    /// The server's time: workers' clocks differ.
    now: jiff::Timestamp,
    pub(super) sequence: i64,
    pub(super) term: i64,
}

/// A table as the catalogue describes it.
pub(super) struct Table {
    columns: Vec<Described>,
    /// Members of `pk` that are the primary key.
    keys: Vec<String>,
}

impl Table {
    pub(super) fn has(&self, name: &str) -> bool {
        self.columns
            .iter()
            .any(|column| column.path.len() == 1 && column.path.first().is_some_and(|p| p == name))
    }
}

impl Cratedb {
    pub(super) fn fill_own(&self, template: &str) -> String {
        let (registry, letters) = (self.own(REGISTRY), self.own(DEAD_LETTERS));
        let identity = match self.remembers_sources.load(Ordering::Relaxed) {
            true => ", source_identity, key_types",
            // a registry of an earlier version
            false => ", null, null",
        };
        fill(template, &[("registry", &registry), ("dead_letters", &letters), ("identity", identity)])
    }

    /// A target whose objects are there and agree with the route; creates them where that is allowed.
    pub(super) async fn know(&self, binding: &Binding, deadline: Deadline) -> Result<Arc<Known>> {
        let binding = &Binding { target: Arc::new(named(&binding.target)), ..binding.clone() };
        let name = binding.target.qualified();
        let cached = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if let Some(known) = cached
            && agree(binding, &known.binding)?
        {
            known.key_types.check(binding);
            return Ok(known);
        }
        declared(&binding.target)?;
        let turn = self.turn.lock().await;
        self.ensure_own_tables(deadline).await?;
        let (layout, registered) = self.establish(binding, deadline).await.map_err(of_table)?;
        drop(turn);
        let source = registered.source().with(&binding.source);
        let key_types = KeyTypes::of(Some(&registered), binding);
        key_types.check(binding);
        let known = Arc::new(Known { binding: Binding { source, ..binding.clone() }, layout, key_types });
        self.refresh_columns(&known, deadline).await?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(name, known.clone(), KNOWN_BYTES);
        Ok(known)
    }

    async fn establish(&self, binding: &Binding, deadline: Deadline) -> Result<(Layout, Registered)> {
        let target = &*binding.target;
        for _ in 0..LOOKS_MAX {
            let found = self.relation_of(&target.schema, &target.name, deadline).await?;
            let registered = self.registered(target, deadline).await?;
            if let Some((registered, _)) = &registered {
                agree_with_registry(binding, registered, &self.own(REGISTRY))?;
            }
            let layout = match &found {
                Some((kind, _)) if kind == "BASE TABLE" => {
                    self.adopted(target, Some(&binding.key_names), deadline).await?
                }
                Some((kind, _)) if kind != "VIEW" => {
                    return Err(Error::fault(
                        Code::UnusableTarget,
                        format!(
                            "{} is neither a table nor a view; give the route of {} another `to`.",
                            target.qualified(),
                            target.source
                        ),
                    ));
                }
                Some(_) | None => Layout::Managed,
            };
            let word = layout_word(layout, target.delete);
            let epoch = i32::from(binding.epoch);
            let is_registered = registered.as_ref().is_some_and(|(line, layout)| {
                line.epoch >= epoch && layout == word && (line.source == target.source || !target.is_merged())
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
                    self.register(binding, word, deadline).await?;
                }
                self.ensure_view(target, shown.as_deref(), line, deadline).await?;
            } else if !is_registered {
                self.register(binding, word, deadline).await?;
                if matches!(layout, Layout::Adopted { guarded: false, .. }) {
                    tracing::warn!(
                        table = target.qualified(),
                        "The adopted table has no columns version and deleted: the last writer wins, and deletes \
                         remove rows. Add `version text` and `deleted boolean` to make it converge."
                    );
                }
            }
            self.remember_source(binding, registered.map(|(line, _)| line), deadline).await?;
            // whoever was first decides
            if let Some((registered, _)) = self.registered(target, deadline).await? {
                agree_with_registry(binding, &registered, &self.own(REGISTRY))?;
                return Ok((layout, registered));
            }
        }
        let message = format!("The objects of {} keep changing while they are made.", target.qualified());
        Err(Error::new(ErrorKind::Contended, Code::Contended, message))
    }

    /// Registry and dead letters, in the sink's schema.
    pub(super) async fn ensure_own_tables(&self, deadline: Deadline) -> Result<()> {
        if *self.own_tables.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(());
        }
        for (name, sql) in [(REGISTRY, self.registry_sql()), (DEAD_LETTERS, self.dead_letters_sql())] {
            if self.relation_of(&self.schema, name, deadline).await?.is_none() {
                self.create(&sql, deadline).await?;
            }
        }
        self.upgrade_registry(deadline).await?;
        *self.own_tables.lock().unwrap_or_else(PoisonError::into_inner) = true;
        Ok(())
    }

    /// The statement that creates the registry.
    #[must_use]
    pub fn registry_sql(&self) -> String {
        self.fill_own(include_str!("../../sql/cratedb/create_registry.sql"))
    }

    /// The statement that creates the dead-letter table.
    #[must_use]
    pub fn dead_letters_sql(&self) -> String {
        self.fill_own(include_str!("../../sql/cratedb/create_dead_letters.sql"))
    }

    pub(super) async fn create(&self, sql: &str, deadline: Deadline) -> Result<()> {
        if self.ddl == Ddl::Never {
            return Err(missing_object(&[sql.to_owned()]));
        }
        match self.run(deadline, sql).await {
            // another worker was faster
            Err(error) if error.sqlstate() == Some("42P07") => Ok(()),
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
        let sql = include_str!("../../sql/cratedb/relation.sql");
        let rows = self.ask(deadline, sql, &[&schema, &name]).await?;
        rows.first().map(|row| read(|| Ok((row.try_get(0)?, row.try_get(1)?)))).transpose()
    }

    pub(super) async fn describe(&self, schema: &str, name: &str, deadline: Deadline) -> Result<Table> {
        let sql = include_str!("../../sql/cratedb/columns.sql");
        let mut described = Table { columns: Vec::new(), keys: Vec::new() };
        for row in self.ask(deadline, sql, &[&schema, &name]).await? {
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
        check_storage(target, &described).map(|()| true)
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
        Err(Error::fault(
            Code::UnusableTarget,
            format!(
                "There is already a view {} that rowtide did not make. Rename it, or give the route of {} another `to`.",
                target.qualified(),
                target.source
            ),
        ))
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
            Some(_) if self.ddl == Ddl::Never => return Ok(()),
            Some(_) | None => self.create(&wanted, deadline).await?,
        }
        if remembered != Some(wanted.as_str()) {
            let sql = self.fill_own(include_str!("../../sql/cratedb/remember_view.sql"));
            self.tell(deadline, &sql, &[&target.qualified(), &wanted]).await?;
        }
        Ok(())
    }

    /// How an existing table with the target's own name is written to.
    /// The key is compared where it is known.
    pub(super) async fn adopted(
        &self,
        target: &Target,
        key_names: Option<&[String]>,
        deadline: Deadline,
    ) -> Result<Layout> {
        let name = target.qualified();
        let table = self.describe(&target.schema, &target.name, deadline).await?;
        if STORAGE_COLUMNS.into_iter().all(|column| table.has(column)) {
            return Err(Error::fault(
                Code::UnusableTarget,
                format!(
                    "{name} is another target's storage table; give the route of {} another `to`.",
                    target.source
                ),
            ));
        }
        if !table.has("pk") || !table.has("data") {
            return Err(Error::fault(
                Code::UnusableTarget,
                format!(
                    "There is already a table {name}, and it has no columns pk and data that rowtide could write to. \
                 Rename it, or give the route of {} another `to`.",
                    target.source
                ),
            ));
        }
        let mut keys = table.keys.clone();
        keys.sort();
        if let Some(key_names) = key_names
            && keys != key_names
        {
            let members: Vec<String> =
                key_names.iter().map(|name| format!("pk[{}]", literal(name))).collect();
            return Err(Error::fault(
                Code::UnusableTarget,
                format!(
                    "The primary key of the existing table {name} is not the key of {}: it must be {}, so that rows can \
                 be upserted. CrateDB cannot change a primary key: copy the rows into a table that has it.",
                    target.source,
                    members.join(", ")
                ),
            ));
        }
        if target.delete == DeletePolicy::Soft {
            return Err(Error::fault(
                Code::UnusableTarget,
                format!(
                    "The route of {} has delete = \"soft\", which the existing table {name} cannot show. Use tombstone \
                 or hard, or another `to`.",
                    target.source
                ),
            ));
        }
        Ok(Layout::Adopted { guarded: table.has("version") && table.has("deleted"), aux: table.has("aux") })
    }

    pub(super) async fn registered(
        &self,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Option<(Registered, String)>> {
        let sql = self.fill_own(include_str!("../../sql/cratedb/read_registry.sql"));
        let rows = self.ask(deadline, &sql, &[&target.qualified()]).await?;
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
            };
            Ok(Some((registered, row.try_get(4)?)))
        })
    }

    async fn register(&self, binding: &Binding, layout: &str, deadline: Deadline) -> Result<()> {
        let sql = self.fill_own(include_str!("../../sql/cratedb/write_registry.sql"));
        let target = &*binding.target;
        let (name, scheme, epoch) =
            (target.qualified(), binding.scheme.to_string(), i32::from(binding.epoch));
        let parameters: [&(dyn ToSql + Sync); 9] = [
            &name,
            &target.schema,
            &target.name,
            &target.storage,
            &target.source,
            &binding.key_names,
            &scheme,
            &epoch,
            &layout,
        ];
        self.tell(deadline, &sql, &parameters).await.map(drop)
    }

    /// Up to when deleted rows of a target may have been forgotten.
    pub(super) async fn horizon(&self, target: &str, deadline: Deadline) -> Result<Option<jiff::Timestamp>> {
        let sql = self.fill_own(include_str!("../../sql/cratedb/read_registry.sql"));
        let rows = self.ask(deadline, &sql, &[&target]).await?;
        rows.first().map_or(Ok(None), |row| read(|| row.try_get(6)))
    }

    /// Places something in a target's columns, and adds those that it needs before anything is written.
    pub(super) async fn with_columns<T>(
        &self,
        known: &Known,
        deadline: Deadline,
        place: impl Fn(&mut Columns, Budget) -> T + Sync,
    ) -> Result<T> {
        let target = &known.binding.target;
        let name = target.qualified();
        let declared = declared(target)?;
        let planned = |before: &Columns| {
            let may_grow = self.ddl == Ddl::Auto
                && !self.full.lock().unwrap_or_else(PoisonError::into_inner).contains(&name);
            let mut after = before.clone();
            for (field, column) in &declared {
                let root =
                    if known.binding.key_names.iter().any(|name| name == field) { "pk" } else { "data" };
                after.declare(root, field, column, may_grow);
            }
            let placed = place(&mut after, if may_grow { budget(target) } else { Budget::NONE });
            (placed, after.added_since(before))
        };
        let mut refused = None;
        for _ in 0..ADDINGS_MAX {
            {
                let (placed, added) = planned(&*self.columns_of(known, deadline).await?);
                if added.is_empty() {
                    return Ok(placed);
                }
            }
            let _turn = self.turn.lock().await;
            // one worker at a time: two that add a column with different types at once leave a table in which neither
            // type holds, and rows that nobody can read by their key
            let lease = self.take_lease(&name, deadline).await?;
            let altered = self.alter(known, |columns| planned(columns).1, deadline).await;
            // without an answer, the server may still be at it
            let is_silent = |error: &Error| error.sqlstate().is_none() && error.code() != Code::LostObject;
            if !altered.as_ref().is_err_and(is_silent) {
                self.give_lease_back(&name, lease, deadline).await?;
            }
            refused = altered?;
        }
        if let Some(error) = refused.filter(|error: &Error| error.code() == Code::Rejected) {
            return Err(of_ddl(error));
        }
        let message = format!("The columns of {name} keep changing while they are added.");
        Err(Error::new(ErrorKind::Contended, Code::Contended, message))
    }

    /// Adds the columns that are missing now, whatever others added before. What that was refused for, if it was.
    async fn alter(
        &self,
        known: &Known,
        missing: impl Fn(&Columns) -> Vec<(Vec<String>, Column)> + Sync,
        deadline: Deadline,
    ) -> Result<Option<Error>> {
        let added = missing(&*self.refresh_columns(known, deadline).await?);
        let name = known.binding.target.qualified();
        let limit = if deadline.is_within(ALTER_MAX) { deadline } else { Deadline::after(ALTER_MAX) };
        let mut refused = None;
        for sql in add_columns(&table(&known.binding.target, known.layout), &added) {
            self.alterations.fetch_add(1, Ordering::Relaxed);
            match self.run(limit, &sql).await {
                Err(error) if error.code() == Code::NoRoom => {
                    tracing::warn!(
                        target = name,
                        "The table has no room for another column; the rest goes to aux."
                    );
                    self.full.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
                    break;
                }
                // a person added some of them: look again
                Err(error) if matches!(error.code(), Code::ColumnExists | Code::Rejected) => {
                    refused = Some(error);
                    break;
                }
                Err(error) => return Err(of_ddl(error)),
                Ok(()) => {}
            }
        }
        self.refresh_columns(known, deadline).await?;
        Ok(refused)
    }

    /// Waits until no other worker alters the target's table, and says until when this one does.
    async fn take_lease(&self, target: &str, deadline: Deadline) -> Result<jiff::Timestamp> {
        let mut waited = Duration::ZERO;
        loop {
            let held = self.lease(target, deadline).await?;
            let until = held.now.as_millisecond() + i64::try_from(LEASE.as_millis()).unwrap_or_default();
            let until = jiff::Timestamp::from_millisecond(until).unwrap_or(held.now);
            let is_free = held.until.is_none_or(|until| until < held.now);
            if is_free && self.set_lease(target, &held, Some(until), deadline).await? {
                return Ok(until);
            }
            if waited > LEASE * 2 || deadline.is_within(LEASE_WAIT * 4) {
                let message = format!("Other workers keep adding columns to {target}.");
                return Err(Error::new(ErrorKind::Contended, Code::Contended, message));
            }
            tokio::time::sleep(LEASE_WAIT).await;
            waited += LEASE_WAIT;
        }
    }

    async fn give_lease_back(&self, target: &str, lease: jiff::Timestamp, deadline: Deadline) -> Result<()> {
        for _ in 0..LOOKS_MAX {
            let held = self.lease(target, deadline).await?;
            // somebody else's by now, or another line of the registry was written in between
            if held.until != Some(lease) || self.set_lease(target, &held, None, deadline).await? {
                break;
            }
        }
        Ok(())
    }

    pub(super) async fn lease(&self, target: &str, deadline: Deadline) -> Result<Lease> {
        let sql = self.fill_own(include_str!("../../sql/cratedb/read_lease.sql"));
        let rows = self.ask(deadline, &sql, &[&target]).await?;
        let row = rows.first().ok_or_else(|| {
            // the next batch looks again
            let message = format!("{target} has lost its line in {}; it is made anew.", self.own(REGISTRY));
            Error::new(ErrorKind::Config, Code::LostObject, message)
        })?;
        read(|| {
            Ok(Lease {
                until: row.try_get(0)?,
                now: row.try_get(1)?,
                sequence: row.try_get(2)?,
                term: row.try_get(3)?,
            })
        })
    }

    /// Whether nobody was faster.
    async fn set_lease(
        &self,
        target: &str,
        held: &Lease,
        until: Option<jiff::Timestamp>,
        deadline: Deadline,
    ) -> Result<bool> {
        let sql = self.fill_own(include_str!("../../sql/cratedb/write_lease.sql"));
        Ok(self.tell(deadline, &sql, &[&target, &until, &held.sequence, &held.term]).await? > 0)
    }

    async fn columns_of(&self, known: &Known, deadline: Deadline) -> Result<Arc<Columns>> {
        let name = known.binding.target.qualified();
        let cached = self.columns.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        match cached {
            Some(columns) => Ok(columns),
            None => self.refresh_columns(known, deadline).await,
        }
    }

    /// Reads the columns anew.
    pub(super) async fn refresh_columns(&self, known: &Known, deadline: Deadline) -> Result<Arc<Columns>> {
        let target = &known.binding.target;
        let name = if known.layout == Layout::Managed { &target.storage } else { &target.name };
        let described = self.describe(&target.schema, name, deadline).await?;
        if !described.has("pk") || !described.has("data") {
            // dropped, or a server that has just started and has not read its catalogue yet
            let message = format!("CrateDB shows no columns pk and data of {}.{name} now.", target.schema);
            return Err(Error::new(ErrorKind::Unavailable, Code::LostObject, message));
        }
        let columns = Arc::new(Columns::described(&described.columns));
        let mut cache = self.columns.lock().unwrap_or_else(PoisonError::into_inner);
        cache.insert(target.qualified(), columns.clone());
        Ok(columns)
    }

    /// Makes what was written visible to statements that search.
    pub(super) async fn refresh(&self, table: &str) -> Result<()> {
        let sql = fill(include_str!("../../sql/cratedb/refresh.sql"), &[("table", table)]);
        self.run(Deadline::never(), &sql).await
    }

    /// The targets that the registry knows.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub async fn targets(&self) -> Result<Vec<KnownTarget>> {
        self.ensure_own_tables(Deadline::never()).await?;
        self.refresh(&self.own(REGISTRY)).await?;
        let sql = self.fill_own(include_str!("../../sql/cratedb/targets.sql"));
        let rows = self.ask(Deadline::never(), &sql, &[]).await?;
        let known = |row: &tokio_postgres::Row| {
            Ok(KnownTarget {
                name: row.try_get(0)?,
                schema: row.try_get(1)?,
                table: row.try_get(2)?,
                storage: row.try_get(3)?,
                source: row.try_get(4)?,
                layout: row.try_get(5)?,
                purge_horizon: row.try_get(6)?,
            })
        };
        rows.iter().map(|row| read(|| known(row))).collect()
    }

    /// The rows that `target` shows, ordered by key, `each` called with one after the other; memory does not grow
    /// with the table.
    ///
    /// # Errors
    /// When they cannot be read, or `each` fails.
    pub async fn live_rows(
        &self,
        target: &KnownTarget,
        shown: &Shown,
        mut each: impl FnMut(LiveRow) -> Result<()>,
    ) -> Result<()> {
        if target.layout.starts_with("adopted") {
            return self.adopted_rows(target, shown, each).await;
        }
        let storage = relation(&target.schema, &target.storage);
        let which = if target.layout == "soft" { "" } else { "not deleted and " };
        let places = [("storage", storage.as_str()), ("which", which)];
        if let Some(key) = &shown.key {
            let sql = fill(include_str!("../../sql/cratedb/live_row.sql"), &places);
            let rows = self.ask(Deadline::never(), &sql, &[key]).await?;
            return rows.iter().try_for_each(|row| each(live_row(row)?.1));
        }
        self.refresh(&storage).await?;
        let sql = fill(include_str!("../../sql/cratedb/live_rows.sql"), &places);
        let (mut after, mut left) = (String::new(), shown.limit.unwrap_or(u64::MAX));
        while left > 0 {
            let page = i64::try_from(left).map_or(PAGE_ROWS, |left| left.min(PAGE_ROWS));
            let rows = self.ask(Deadline::never(), &sql, &[&after, &page]).await?;
            for row in &rows {
                let (key, row) = live_row(row)?;
                after = key;
                left -= 1;
                each(row)?;
            }
            if rows.is_empty() {
                break;
            }
        }
        Ok(())
    }

    async fn adopted_rows(
        &self,
        target: &KnownTarget,
        shown: &Shown,
        mut each: impl FnMut(LiveRow) -> Result<()>,
    ) -> Result<()> {
        let storage = relation(&target.schema, &target.table);
        self.refresh(&storage).await?;
        let table = self.describe(&target.schema, &target.table, Deadline::never()).await?;
        let aux = if table.has("aux") { "aux" } else { "{} as aux" };
        let live =
            if target.layout.ends_with("guarded") { "\nwhere not coalesce(deleted, false)" } else { "" };
        let key: Vec<String> = table.keys.iter().map(|name| format!("pk[{}]", literal(name))).collect();
        let key = if key.is_empty() { "1".to_owned() } else { key.join(", ") };
        let limit = shown.limit.filter(|_| shown.key.is_none()).and_then(|limit| i32::try_from(limit).ok());
        let limit = limit.map_or_else(String::new, |limit| format!("\nlimit {limit}"));
        let sql = fill(
            include_str!("../../sql/cratedb/live_rows_adopted.sql"),
            &[("storage", &storage), ("aux", aux), ("live", live), ("key", &key), ("limit", &limit)],
        );
        let loan = Loan::new(self.server.client(Deadline::never()).await?);
        let parameters = std::iter::empty::<&(dyn ToSql + Sync)>();
        let client = loan.client()?;
        let rows = self.server.answered(client, client.query_raw(&sql, parameters), server_error).await?;
        let mut rows = std::pin::pin!(rows);
        while let Some(row) = self.server.answered(client, rows.try_next(), server_error).await? {
            let (pk, data, aux): (Json, Option<Json>, Option<Json>) =
                read(|| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))?;
            let pk = plain(&pk.0);
            if shown.means(&pk) {
                let aux = aux.map_or_else(|| "{}".to_owned(), |aux| without_named_lists(&plain(&aux.0)));
                each(LiveRow { pk, data: data.map(|data| plain(&data.0)), aux, deleted: false })?;
            }
        }
        loan.give_back();
        Ok(())
    }

    /// Removes the tombstones of `target` that were written longer ago than `older_than`, but never soft rows and
    /// never those of keys with parked records. The purge horizon moves first, so that nobody brings them back.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn purge(&self, target: &KnownTarget, older_than: Duration, dry_run: bool) -> Result<Purged> {
        let nothing = Purged { target: target.name.clone(), rows: 0, horizon: target.purge_horizon };
        if !matches!(target.layout.as_str(), "tombstone" | "hard") {
            return Ok(nothing);
        }
        let never = Deadline::never();
        let storage = relation(&target.schema, &target.storage);
        self.refresh(&storage).await?;
        let parked = self.parked_keys(&target.source).await?;
        let now = jiff::Timestamp::now();
        let age = i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX);
        let horizon = now.as_millisecond().saturating_sub(age);
        let horizon = jiff::Timestamp::from_millisecond(horizon).unwrap_or(jiff::Timestamp::MIN);
        let find = fill(include_str!("../../sql/cratedb/purgeable.sql"), &[("storage", &storage)]);
        let delete = fill(include_str!("../../sql/cratedb/delete_row.sql"), &[("storage", &storage)]);
        let (mut after, mut rows) = (String::new(), 0);
        let mut moved = target.purge_horizon;
        loop {
            let found = self.ask(never, &find, &[&horizon, &after, &PAGE_ROWS]).await?;
            if found.is_empty() {
                break;
            }
            for row in &found {
                let (key, sequence, term): (String, i64, i64) =
                    read(|| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))?;
                if !parked.contains(&key) && !parked.contains(&bounded(key.clone(), LETTER_KEY_MAX)) {
                    if !dry_run && moved < Some(horizon) {
                        let sql = self.fill_own(include_str!("../../sql/cratedb/move_horizon.sql"));
                        self.tell(never, &sql, &[&target.name, &horizon]).await?;
                        moved = Some(horizon);
                    }
                    // only what was found: a row that came back in between is another one
                    rows += if dry_run {
                        1
                    } else {
                        self.tell(never, &delete, &[&key, &sequence, &term]).await?
                    };
                }
                after = key;
            }
        }
        Ok(Purged { target: target.name.clone(), rows, horizon: moved })
    }
}

/// Whether what stands in the storage table's place is one.
pub(super) fn check_storage(target: &Target, described: &Table) -> Result<()> {
    if STORAGE_COLUMNS.into_iter().all(|column| described.has(column)) {
        return Ok(());
    }
    Err(Error::fault(
        Code::UnusableTarget,
        format!(
            "{}.{} should be the storage table of {}, but it is no table with the columns {}. Rename it, or change \
         sink.suffix or the route's `to`.",
            target.schema,
            target.storage,
            target.qualified(),
            STORAGE_COLUMNS.join(", ")
        ),
    ))
}

fn live_row(row: &tokio_postgres::Row) -> Result<(String, LiveRow)> {
    read(|| {
        let (pk, data): (Option<Json>, Option<Json>) = (row.try_get(1)?, row.try_get(2)?);
        let aux: Option<Json> = row.try_get(3)?;
        let live = LiveRow {
            pk: pk.map_or_else(|| "{}".to_owned(), |pk| plain(&pk.0)),
            data: data.map(|data| plain(&data.0)),
            aux: aux.map_or_else(|| "{}".to_owned(), |aux| aux.0),
            deleted: row.try_get::<_, Option<bool>>(4)?.unwrap_or_default(),
        };
        Ok((row.try_get(0)?, live))
    })
}

/// The document with its numbers as they came.
fn plain(text: &str) -> String {
    Value::parse(text).map_or_else(|_| text.to_owned(), |value| with_plain_numbers(value).to_text())
}

/// Whatever a DDL statement fails with, no row is the cause.
fn of_ddl(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Unavailable | ErrorKind::Contended | ErrorKind::Config | ErrorKind::Schema => error,
        ErrorKind::Rejected | ErrorKind::Malformed | ErrorKind::Unsupported => {
            let told = Error::new(ErrorKind::Schema, Code::Configuration, error.message());
            error.sqlstate().into_iter().fold(told, Error::with_sqlstate)
        }
    }
}
