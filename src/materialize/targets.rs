//! The objects in the database: what is there, what must be made, and what the registry remembers of it.

use super::connect::driver_error;
use super::postgres::{Postgres, settle};
use super::{Binding, Deadline};
use crate::config::{Ddl, DeletePolicy};
use crate::error::{Disposition, Error, ErrorKind, Result};
use crate::event::Key;
use crate::plan::{Layout, Row, drop_view, fill, literal, relation, storage, view};
use crate::route::{MERGED, Target, identifier};
use crate::source::SourceIdentity;
use deadpool_postgres::{GenericClient, Object};
use futures_util::StreamExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use tokio_postgres::types::ToSql;

pub(super) const STORAGE_COLUMNS: [&str; 8] =
    ["key", "pk", "data", "aux", "version", "deleted", "changed_at", "applied_at"];
pub(super) const REGISTRY: &str = "rowtide_targets";
/// The column of the registry that holds the source of a target.
pub(super) const SOURCE_COLUMN: &str = "source_identity";
pub(super) const DEAD_LETTERS: &str = "rowtide_dead_letters";
/// How long a worker waits for another one that creates the same objects.
const CREATE_WAIT: &str = "10s";
/// How long readers may be held up by a view that waits to be replaced.
const REPLACE_WAIT: &str = "100ms";
/// Looking again, because another worker was creating the same objects.
pub(super) const LOOKS_MAX: u32 = 5;

/// A target whose objects are there.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) binding: Binding,
    pub(super) layout: Layout,
    /// What the registry remembers of the key's types.
    pub(super) key_types: KeyTypes,
}

/// The types of a key's values, by which a column that changes its type is noticed.
#[derive(Debug, Default)]
pub(super) struct KeyTypes {
    were: String,
    has_warned: AtomicBool,
}

impl KeyTypes {
    pub(super) fn of(registered: Option<&Registered>, binding: &Binding) -> Self {
        let same_epoch = registered.filter(|line| line.epoch >= i32::from(binding.epoch));
        let were = same_epoch.and_then(|line| line.key_types.clone());
        Self { were: were.unwrap_or_else(|| binding.key_types.join(",")), has_warned: AtomicBool::new(false) }
    }

    /// Says once that a column of the key has another type than before.
    pub(super) fn check(&self, binding: &Binding) {
        let are = binding.key_types.join(",");
        if are.is_empty()
            || self.were.is_empty()
            || are == self.were
            || self.has_warned.swap(true, Ordering::Relaxed)
        {
            return;
        }
        tracing::warn!(
            table = binding.target.sources(),
            target = binding.target.qualified(),
            position = binding.position,
            "A column of the key has changed its type: the values of ({}) were ({}) and are ({}). Rows under their former \
             keys stay as they are, and nothing changes or deletes them any more. Load the table anew into another \
             target (`to`), or drop the target with its line in the registry and let a snapshot fill it again.",
            binding.key_names.join(", "),
            self.were,
            are,
        );
    }
}

/// A relation of the catalogue.
pub(super) struct Relation {
    pub(super) kind: String,
    columns: Vec<String>,
    definition: Option<String>,
    unique_pk: bool,
    pub(super) comment: Option<String>,
}

impl Relation {
    pub(super) fn is_table(&self) -> bool {
        matches!(self.kind.as_str(), "r" | "p")
    }
}

/// What the registry says of a target.
pub(super) struct Registered {
    pub(super) source: String,
    pub(super) key_names: Vec<String>,
    pub(super) scheme: String,
    pub(super) epoch: i32,
    pub(super) view_sql: Option<String>,
    pub(super) view_definition: Option<String>,
    /// Canonical text of the source's identity; `None` when no change has told it yet.
    pub(super) identity: Option<String>,
    /// What the key's values are, in the order of their names, with commas between them.
    pub(super) key_types: Option<String>,
}

impl Registered {
    pub(super) fn source(&self) -> SourceIdentity {
        self.identity.as_deref().map(SourceIdentity::parse).unwrap_or_default()
    }

    /// What is to be remembered of the source and of the key's types, when that is more than what is.
    pub(super) fn to_remember(&self, binding: &Binding) -> Option<(String, Option<String>)> {
        // whoever raises the epoch says that the source is another one
        let starts_anew = self.epoch < i32::from(binding.epoch);
        let known = if starts_anew { SourceIdentity::default() } else { self.source() };
        let source = known.with(&binding.source);
        let types = Some(binding.key_types.join(",")).filter(|types| !types.is_empty());
        let is_known = source.as_str() == self.identity.as_deref().unwrap_or_default()
            && (types.is_none() || (self.key_types.is_some() && !starts_anew));
        (!is_known).then(|| (source.as_str().to_owned(), types))
    }
}

/// What a look into the database found.
struct Look {
    layout: Layout,
    registered: Option<Registered>,
    /// Statements that create what is missing.
    missing: Vec<String>,
    /// Whether the view among them must be remembered.
    creates_view: bool,
    /// The view's statement when the view is rowtide's own and out of date.
    outdated_view: Option<String>,
    /// The view's statement when a person made it with rowtide's statements.
    unremembered_view: Option<String>,
}

/// A target that the registry knows.
#[derive(Debug, Clone)]
pub struct KnownTarget {
    /// `schema.name`.
    pub name: String,
    /// Schema.
    pub schema: String,
    /// View, or adopted table.
    pub table: String,
    /// Storage table.
    pub storage: String,
    /// Source table.
    pub source: String,
    /// Delete policy, or how the table was adopted.
    pub layout: String,
    /// Deleted rows up to then may have been purged.
    pub purge_horizon: Option<jiff::Timestamp>,
}

/// Which rows of a target are shown.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Only the row of this canonical key.
    pub key: Option<String>,
    /// At most so many.
    pub limit: Option<u64>,
}

impl Shown {
    /// Whether the row of an adopted table, which has no column of its canonical key, is meant.
    pub(super) fn means(&self, pk: &str) -> bool {
        self.key.as_deref().is_none_or(|key| Key::from_json(pk).is_ok_and(|of_row| of_row.as_str() == key))
    }
}

/// A row as the view shows it: JSON texts.
#[derive(Debug, Clone)]
pub struct LiveRow {
    /// The key's members.
    pub pk: String,
    /// The document.
    pub data: Option<String>,
    /// What only `aux` can hold.
    pub aux: String,
    /// A soft-deleted row.
    pub deleted: bool,
}

impl Postgres {
    /// A target whose objects are there and agree with the route; creates them where that is allowed.
    pub(super) async fn know(&self, binding: &Binding, deadline: Deadline) -> Result<Arc<Known>> {
        let name = binding.target.qualified();
        let cached = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if let Some(known) = cached
            && agree(binding, &known.binding)?
        {
            known.key_types.check(binding);
            return Ok(known);
        }
        // one at a time, so that the workers of one process do not race each other as well
        let _turn = self.ready.lock().await;
        let mut client = self.client(deadline).await?;
        let token = client.cancel_token();
        let established = self.within(token, deadline, self.establish(&mut client, binding)).await;
        let (layout, registered) = settle(client, established)?;
        let known = Arc::new(known(binding, layout, registered.as_ref()));
        known.key_types.check(binding);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(name, known.clone());
        Ok(known)
    }

    async fn establish(
        &self,
        client: &mut Object,
        binding: &Binding,
    ) -> Result<(Layout, Option<Registered>)> {
        check_encoding(client).await?;
        for _ in 0..LOOKS_MAX {
            self.ensure_own_tables(client).await?;
            if let Some(found) = self.establish_once(client, binding).await.map_err(of_table)? {
                return Ok(found);
            }
        }
        let message =
            format!("The objects of {} keep changing while they are made.", binding.target.qualified());
        Err(Error::new(ErrorKind::Contended, "contended", message))
    }

    /// What there is, as the registry remembers it; `None` when something was made and must be looked at again.
    async fn establish_once(
        &self,
        client: &mut Object,
        binding: &Binding,
    ) -> Result<Option<(Layout, Option<Registered>)>> {
        let mut look = self.look(client, binding).await?;
        if !look.missing.is_empty() {
            self.create(client, binding, look).await?;
            return Ok(None);
        }
        if let Some(registered) = &look.registered {
            agree_with_registry(binding, registered, &self.own(REGISTRY))?;
        }
        self.register(client, binding, look.layout).await?;
        // whoever was first decides whose target it is
        let registered = self.remember_source(client, binding, look.registered.take()).await?;
        self.ensure_floor(client, &binding.target).await?;
        if let Some(sql) = &look.unremembered_view {
            self.remember_view(client, &binding.target, sql).await?;
        }
        if let Some(sql) = &look.outdated_view
            && self.ddl == Ddl::Auto
        {
            self.replace_view(client, &binding.target, sql).await?;
        }
        if matches!(look.layout, Layout::Adopted { guarded: false, .. }) {
            tracing::warn!(
                table = binding.target.qualified(),
                "The adopted table has no columns version and deleted: the last writer wins, and deletes remove \
                     rows. Add `version text` and `deleted boolean` to make it converge."
            );
        }
        Ok(Some((look.layout, registered)))
    }

    /// Lets the registry remember which source fills a target, and holds the binding to what it says.
    async fn remember_source(
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
            let sql = self.fill_own(include_str!("../../sql/postgres/write_source.sql"), &[]);
            let starts_anew = before.epoch < i32::from(binding.epoch);
            let name = binding.target.qualified();
            let parameters: [&(dyn ToSql + Sync); 5] =
                [&name, &source, &types, &before.identity, &starts_anew];
            client.execute(&sql, &parameters).await.map_err(ddl_error)?;
        }
        let after = self.registered(client, &binding.target).await?;
        if let Some(registered) = &after {
            agree_with_registry(binding, registered, &self.own(REGISTRY))?;
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
    async fn upgrade_registry(&self, client: &mut Object, registry: &Relation) -> Result<()> {
        if has(registry, SOURCE_COLUMN) || self.has_old_registry.load(Ordering::Relaxed) {
            return Ok(());
        }
        let sql = self.fill_own(include_str!("../../sql/postgres/alter_registry.sql"), &[]);
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
            let sql = self.fill_own(include_str!("../../sql/postgres/sources.sql"), &[]);
            let rows = client.query(&sql, &[]).await.map_err(ddl_error)?;
            let source = |row: &tokio_postgres::Row| {
                let identity: Option<String> = row.try_get(1)?;
                Ok((row.try_get(0)?, SourceIdentity::parse(&identity.unwrap_or_default())))
            };
            rows.iter().map(source).collect::<Result<_, _>>().map_err(ddl_error)
        };
        let read = self.within(token, deadline, read).await;
        settle(client, read)
    }

    /// Registry and dead letters, in the sink's schema.
    pub(super) async fn ensure_own_tables(&self, client: &mut Object) -> Result<()> {
        let mut missing = Vec::new();
        match relation_of(client, &self.schema, REGISTRY).await? {
            None => missing.push(self.registry_sql()),
            Some(registry) => self.upgrade_registry(client, &registry).await?,
        }
        match relation_of(client, &self.schema, DEAD_LETTERS).await? {
            None => missing.push(self.dead_letters_sql()),
            // made by 0.1.0
            Some(table) if !table.columns.iter().any(|column| column == "sequence_number") => {
                missing.push(self.fill_own(include_str!("../../sql/postgres/alter_dead_letters.sql"), &[]));
            }
            Some(_) => {}
        }
        if missing.is_empty() { Ok(()) } else { self.run_ddl(client, &missing).await }
    }

    /// The statement that creates the registry.
    #[must_use]
    pub fn registry_sql(&self) -> String {
        self.fill_own(include_str!("../../sql/postgres/create_registry.sql"), &[])
    }

    /// The statements that create the dead-letter table.
    #[must_use]
    pub fn dead_letters_sql(&self) -> String {
        self.fill_own(
            include_str!("../../sql/postgres/create_dead_letters.sql"),
            &[
                ("dead_letters_by_key", "rowtide_dead_letters_by_key"),
                ("dead_letters_by_time", "rowtide_dead_letters_by_time"),
            ],
        )
    }

    async fn look(&self, client: &Object, binding: &Binding) -> Result<Look> {
        let target = &*binding.target;
        // a view and its line in the registry appear together: whoever sees the view first sees the line too
        let found = relation_of(client, &target.schema, &target.name).await?;
        let registered = self.registered(client, target).await?;
        let mut look = Look {
            layout: Layout::Managed,
            registered,
            missing: Vec::new(),
            creates_view: false,
            outdated_view: None,
            unremembered_view: None,
        };
        match found {
            Some(table) if table.is_table() => {
                look.layout = adopted(target, &table)?;
                return Ok(look);
            }
            Some(other) if other.kind != "v" => {
                return Err(Error::fault(
                    "unusable_target",
                    format!(
                        "{} is neither a table nor a view; give the route of {} another `to`.",
                        target.qualified(),
                        target.source
                    ),
                ));
            }
            Some(found) => {
                let wanted = view(target)?;
                let Some(registered) = &look.registered else {
                    if found.comment == Some(wanted.mark) {
                        // made by a person with rowtide's own statements
                        look.unremembered_view = Some(wanted.sql);
                        return self.look_at_storage(client, target, look).await;
                    }
                    return Err(Error::fault(
                        "unusable_target",
                        format!(
                            "There is already a view {} that rowtide did not make. Rename it, or give the route of {} \
                         another `to`.",
                            target.qualified(),
                            target.source
                        ),
                    ));
                };
                let is_ours =
                    registered.view_definition.is_some() && found.definition == registered.view_definition;
                if is_ours && registered.view_sql.as_deref() != Some(&wanted.sql) {
                    look.outdated_view = Some(wanted.sql);
                }
            }
            None => {
                look.missing.push(view(target)?.sql);
                look.creates_view = true;
            }
        }
        self.look_at_storage(client, target, look).await
    }

    async fn look_at_storage(&self, client: &Object, target: &Target, mut look: Look) -> Result<Look> {
        match relation_of(client, &target.schema, &target.storage).await? {
            None => look.missing.insert(0, storage(target)),
            Some(table) => check_storage(target, &table)?,
        }
        Ok(look)
    }

    pub(super) async fn registered(&self, client: &Object, target: &Target) -> Result<Option<Registered>> {
        let sql = self.fill_own(include_str!("../../sql/postgres/read_registry.sql"), &[]);
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
            })
        };
        read().map(Some).map_err(ddl_error)
    }

    async fn register(&self, client: &impl GenericClient, binding: &Binding, layout: Layout) -> Result<()> {
        let sql = self.fill_own(include_str!("../../sql/postgres/write_registry.sql"), &[]);
        let target = &*binding.target;
        let (name, scheme, epoch) =
            (target.qualified(), binding.scheme.to_string(), i32::from(binding.epoch));
        let layout = layout_word(layout, target.delete);
        let names = &binding.key_names;
        let parameters: [&(dyn ToSql + Sync); 9] = [
            &name,
            &target.schema,
            &target.name,
            &target.storage,
            &target.source,
            names,
            &scheme,
            &epoch,
            &layout,
        ];
        client.execute(&sql, &parameters).await.map(drop).map_err(ddl_error)
    }

    async fn remember_view(&self, client: &impl GenericClient, target: &Target, sql: &str) -> Result<()> {
        let remember = self.fill_own(include_str!("../../sql/postgres/remember_view.sql"), &[]);
        let name = target.qualified();
        let parameters: [&(dyn ToSql + Sync); 4] = [&name, &sql, &target.schema, &target.name];
        client.execute(&remember, &parameters).await.map(drop).map_err(ddl_error)
    }

    async fn create(&self, client: &mut Object, binding: &Binding, look: Look) -> Result<()> {
        if self.ddl == Ddl::Never {
            return Err(missing_object(&look.missing));
        }
        let target = &*binding.target;
        let transaction = begin_ddl(client).await?;
        let exists = relation_of(&transaction, &target.schema, &target.name).await?.is_some();
        if exists && look.creates_view {
            // another worker was faster: look again
            return Ok(());
        }
        for sql in &look.missing {
            if let Err(error) = transaction.batch_execute(sql).await {
                return lost_race(ddl_error(error));
            }
        }
        if look.creates_view {
            self.register(&transaction, binding, Layout::Managed).await?;
            self.remember_view(&transaction, target, &view(target)?.sql).await?;
        }
        transaction.commit().await.map_err(ddl_error).or_else(lost_race)
    }

    /// Replaces rowtide's own view, unless somebody reads it right now or builds on it: then the old one stays.
    async fn replace_view(&self, client: &mut Object, target: &Target, sql: &str) -> Result<()> {
        let replaced = self.try_replace_view(client, target, sql).await;
        match replaced {
            Err(error)
                if matches!(error.sqlstate(), Some("55P03" | "2BP01" | "42501" | "25006" | "57014")) =>
            {
                tracing::warn!(
                    view = target.qualified(),
                    error = %error,
                    "The view is out of date and could not be replaced now; the old one stays until the next start."
                );
                Ok(())
            }
            other => other,
        }
    }

    async fn try_replace_view(&self, client: &mut Object, target: &Target, sql: &str) -> Result<()> {
        let transaction = client.transaction().await.map_err(ddl_error)?;
        transaction.batch_execute(&lock_wait(REPLACE_WAIT)).await.map_err(ddl_error)?;
        transaction.batch_execute(&drop_view(target)).await.map_err(ddl_error)?;
        transaction.batch_execute(sql).await.map_err(ddl_error)?;
        self.remember_view(&transaction, target, sql).await?;
        transaction.commit().await.map_err(ddl_error)
    }

    pub(super) async fn run_ddl(&self, client: &mut Object, statements: &[String]) -> Result<()> {
        if self.ddl == Ddl::Never {
            return Err(missing_object(statements));
        }
        let transaction = begin_ddl(client).await?;
        for sql in statements {
            if let Err(error) = transaction.batch_execute(sql).await {
                return lost_race(ddl_error(error));
            }
        }
        transaction.commit().await.map_err(ddl_error).or_else(lost_race)
    }

    /// The targets that the registry knows.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub async fn targets(&self) -> Result<Vec<KnownTarget>> {
        let mut client = self.client(Deadline::never()).await?;
        self.ensure_own_tables(&mut client).await?;
        let sql = self.fill_own(include_str!("../../sql/postgres/targets.sql"), &[]);
        let rows = client.query(&sql, &[]).await.map_err(ddl_error)?;
        let read = |row: &tokio_postgres::Row| {
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
        rows.iter().map(read).collect::<Result<_, _>>().map_err(ddl_error)
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
        let client = self.client(Deadline::never()).await?;
        let is_managed = !target.layout.starts_with("adopted");
        let sql = if !is_managed {
            let found = relation_of(&client, &target.schema, &target.table).await?;
            let has_aux = found.is_some_and(|table| table.columns.iter().any(|column| column == "aux"));
            let aux = if has_aux { "coalesce(t.aux, '{}')::text" } else { "'{}'::text" };
            let live = if target.layout.ends_with("guarded") { "where t.deleted is not true" } else { "" };
            let storage = relation(&target.schema, &target.table);
            fill(
                include_str!("../../sql/postgres/live_rows_adopted.sql"),
                &[("storage", &storage), ("aux", aux), ("live", live)],
            )
        } else {
            let mut which = if target.layout == "soft" { "true" } else { "not t.deleted" }.to_owned();
            if let Some(key) = &shown.key {
                which.push_str(&format!(" and t.key = {}", literal(key)));
            }
            let storage = relation(&target.schema, &target.storage);
            fill(
                include_str!("../../sql/postgres/live_rows.sql"),
                &[("storage", &storage), ("which", &which)],
            )
        };
        let parameters = std::iter::empty::<&(dyn ToSql + Sync)>();
        let rows = client.query_raw(&sql, parameters).await.map_err(ddl_error)?;
        let mut left = shown.limit.unwrap_or(u64::MAX);
        let mut rows = std::pin::pin!(rows);
        while left > 0
            && let Some(row) = rows.next().await
        {
            let row = row.map_err(ddl_error)?;
            let read = || {
                Ok(LiveRow {
                    pk: row.try_get(0)?,
                    data: row.try_get(1)?,
                    aux: row.try_get(2)?,
                    deleted: row.try_get(3)?,
                })
            };
            let row = read().map_err(ddl_error)?;
            if is_managed || shown.means(&row.pk) {
                left -= 1;
                each(row)?;
            }
        }
        Ok(())
    }
}

fn known(binding: &Binding, layout: Layout, registered: Option<&Registered>) -> Known {
    let source = registered.map(Registered::source).unwrap_or_default();
    // of an epoch that was raised, the registry says so by now
    let binding = Binding { source: source.with(&binding.source), ..binding.clone() };
    let key_types = KeyTypes::of(registered, &binding);
    Known { binding, layout, key_types }
}

/// An answer of the database about one target does not stop the others; one about the connection does.
pub(super) fn of_table(error: Error) -> Error {
    let is_of_connection = |state: &str| ["08", "28", "3D"].iter().any(|class| state.starts_with(class));
    match error.sqlstate() {
        Some(state) if is_of_connection(state) => error,
        Some(_) => error.of_table(),
        None if error.kind() == ErrorKind::Schema => error.of_table(),
        None => error,
    }
}

pub(super) fn warn_old_registry(sql: &str) {
    tracing::warn!(
        statement = sql,
        "The registry was made by an earlier version and cannot remember which source fills a target, so that two \
         sources with a table of one name are told apart within a process only. Run the statement."
    );
}

pub(super) fn ddl_error(error: tokio_postgres::Error) -> Error {
    driver_error(&error, true)
}

fn lock_wait(wait: &str) -> String {
    fill(include_str!("../../sql/postgres/limit_lock_wait.sql"), &[("wait", wait)])
}

/// A transaction in which no other worker creates anything.
async fn begin_ddl(client: &mut Object) -> Result<deadpool_postgres::Transaction<'_>> {
    let transaction = client.transaction().await.map_err(ddl_error)?;
    transaction.batch_execute(&lock_wait(CREATE_WAIT)).await.map_err(ddl_error)?;
    transaction.batch_execute(include_str!("../../sql/postgres/lock_ddl.sql")).await.map_err(ddl_error)?;
    Ok(transaction)
}

/// The changes are of the source, the key and the order that the registry remembers.
pub(super) fn agree_with_registry(binding: &Binding, registered: &Registered, registry: &str) -> Result<()> {
    let target = &binding.target;
    let name = target.qualified();
    let afresh = || format!("to start afresh, drop the table and its line in {registry}");
    if registered.source != target.source && !target.is_merged() {
        let was =
            if registered.source == MERGED { "several sources (merge = true)" } else { &registered.source };
        let message = format!(
            "{name} was filled with changes of {was}, and the route of {0} now leads there. Two sources cannot share a \
             target unless both routes say merge = true: give the route of {0} another `to`; {1}.",
            target.source,
            afresh()
        );
        return Err(Error::fault("shared_target", message));
    }
    if registered.epoch > i32::from(binding.epoch) {
        let message = format!(
            "{name} was filled with source.epoch {}, and it is now {}: every change would be stale. Raise source.epoch \
             to at least the former, or give the route another `to`; {}.",
            registered.epoch,
            binding.epoch,
            afresh()
        );
        return Err(Error::fault("lower_epoch", message));
    }
    let starts_anew = registered.epoch < i32::from(binding.epoch);
    if !starts_anew && !target.is_merged() {
        agree_on_source(binding, &registered.source())?;
    }
    if registered.key_names != binding.key_names {
        return Err(changed_key(binding, &registered.key_names));
    }
    if registered.scheme != binding.scheme.to_string() {
        return Err(other_scheme(binding, &registered.scheme, registry));
    }
    Ok(())
}

fn agree_on_source(binding: &Binding, known: &SourceIdentity) -> Result<()> {
    if !known.conflicts_with(&binding.source) {
        return Ok(());
    }
    let (name, table) = (binding.target.qualified(), &binding.target.source);
    let example = binding.source.differing(known).map_or_else(String::new, |(member, value)| {
        format!(" (from = {{ table = \"{table}\", {} = \"{value}\" }})", member.as_str())
    });
    let message = format!(
        "{name} is filled from {table} of {known}, and at {} comes a change of {table} of {}. Two sources cannot share a \
         target: give the second a route with another `to`{example}. If their rows belong together and their keys \
         cannot collide, or key_add tells them apart, set merge = true. If it is the same table on purpose, restored or \
         failed over to another place, raise source.epoch by one.",
        place(&binding.position),
        binding.source,
    );
    Err(Error::fault("other_source", message))
}

fn place(position: &str) -> String {
    if position.is_empty() {
        "a record without a position".to_owned()
    } else {
        format!("the position {position}")
    }
}

fn changed_key(binding: &Binding, was: &[String]) -> Error {
    let message = format!(
        "The key of {} changed: {} was filled by ({}), and from {} on the key is ({}). Its other rows are kept, and no \
         change of the table is applied until a person decides. Either keep the former key, if it still tells rows apart: \
         key = [{}] in the route. Or load the table anew: give the route another `to`, take a snapshot, and drop {}.",
        binding.target.sources(),
        binding.target.qualified(),
        was.join(", "),
        place(&binding.position),
        binding.key_names.join(", "),
        was.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", "),
        binding.target.qualified(),
    );
    Error::fault("changed_key", message)
}

fn other_scheme(binding: &Binding, was: &str, registry: &str) -> Error {
    let message = format!(
        "{} was filled with versions of the scheme {was}, and those of {} are of {}. Versions of two schemes cannot be \
         compared: set source.version and source.decoder as before, or give the route another `to`; to start afresh, drop \
         the table and its line in {registry}.",
        binding.target.qualified(),
        binding.target.sources(),
        binding.scheme,
    );
    Error::fault("other_scheme", message)
}

/// How the registry names a layout.
pub(super) fn layout_word(layout: Layout, delete: DeletePolicy) -> &'static str {
    match (layout, delete) {
        (Layout::Managed, DeletePolicy::Tombstone) => "tombstone",
        (Layout::Managed, DeletePolicy::Soft) => "soft",
        (Layout::Managed, DeletePolicy::Hard) => "hard",
        (Layout::Adopted { guarded: true, .. }, _) => "adopted, guarded",
        (Layout::Adopted { guarded: false, .. }, _) => "adopted",
    }
}

/// Nothing that is written is older than what was purged.
pub(super) fn check_horizon(horizon: Option<jiff::Timestamp>, target: &Target, rows: &[&Row]) -> Result<()> {
    let Some(horizon) = horizon else { return Ok(()) };
    let older = |row: &&&Row| row.at.is_none_or(|at| at.0 < horizon.as_microsecond());
    let count = rows.iter().filter(older).count();
    if count == 0 {
        return Ok(());
    }
    let message = format!(
        "{count} changes of {} are older than {horizon}, up to which deleted rows of {} have been purged: they could \
         bring deleted rows back. Use --force if that is what you want.",
        target.source,
        target.qualified()
    );
    Err(Error::new(ErrorKind::Config, "behind_purge_horizon", message))
}

/// Whether the changes are of the source, the key and the order with which the target was prepared; not so when they
/// tell more of their source than was known, or begin a new epoch, and the registry must be asked.
///
/// # Errors
/// When they are of others.
pub(super) fn agree(new: &Binding, known: &Binding) -> Result<bool> {
    let registered = Registered {
        source: known.target.source.clone(),
        key_names: known.key_names.clone(),
        scheme: known.scheme.to_string(),
        epoch: i32::from(known.epoch),
        view_sql: None,
        view_definition: None,
        identity: Some(known.source.as_str().to_owned()),
        key_types: None,
    };
    agree_with_registry(new, &registered, REGISTRY)?;
    Ok(new.epoch == known.epoch && known.source.with(&new.source) == known.source)
}

pub(super) fn missing_object(statements: &[String]) -> Error {
    Error::new(
        ErrorKind::Schema,
        "missing_object",
        format!(
            "sink.ddl is \"never\" and something is missing in the database. Run:\n{};",
            statements.join(";\n")
        ),
    )
}

/// Rows hold any character, so the database must: else it refuses them one by one.
async fn check_encoding(client: &impl GenericClient) -> Result<()> {
    let row =
        client.query_one(include_str!("../../sql/postgres/encoding.sql"), &[]).await.map_err(ddl_error)?;
    match row.try_get(0).map_err(ddl_error)? {
        "UTF8" => Ok(()),
        other => Err(Error::config(format!(
            "The database in sink.url has the encoding {other}, which cannot hold every character. Create one with \
             encoding UTF8."
        ))),
    }
}

/// Another worker created the same object at the same time: that is no error, the next look finds it.
fn lost_race(error: Error) -> Result<()> {
    match error.sqlstate() {
        Some("23505" | "42P07" | "42710" | "XX000") => Ok(()),
        _ => Err(error),
    }
}

pub(super) async fn relation_of(
    client: &impl GenericClient,
    schema: &str,
    name: &str,
) -> Result<Option<Relation>> {
    let sql = include_str!("../../sql/postgres/relation.sql");
    let parameters: [&(dyn ToSql + Sync); 2] = [&schema, &name];
    let row = client.query_opt(sql, &parameters).await.map_err(ddl_error)?;
    let read = |row: tokio_postgres::Row| {
        Ok(Relation {
            kind: row.try_get(0)?,
            columns: row.try_get::<_, Option<Vec<String>>>(1)?.unwrap_or_default(),
            definition: row.try_get(2)?,
            unique_pk: row.try_get(3)?,
            comment: row.try_get(4)?,
        })
    };
    row.map(read).transpose().map_err(ddl_error)
}

fn has(table: &Relation, column: &str) -> bool {
    table.columns.iter().any(|found| found == column)
}

pub(super) fn check_storage(target: &Target, table: &Relation) -> Result<()> {
    let lacking: Vec<&str> = STORAGE_COLUMNS.into_iter().filter(|column| !has(table, column)).collect();
    if matches!(table.kind.as_str(), "r" | "p") && lacking.is_empty() {
        return Ok(());
    }
    Err(Error::fault(
        "unusable_target",
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

/// How an existing table with the target's own name is written to.
pub(super) fn adopted(target: &Target, table: &Relation) -> Result<Layout> {
    let name = target.qualified();
    if STORAGE_COLUMNS.into_iter().all(|column| has(table, column)) {
        return Err(Error::fault(
            "unusable_target",
            format!(
                "{name} is another target's storage table; give the route of {} another `to`.",
                target.source
            ),
        ));
    }
    if !has(table, "pk") || !has(table, "data") {
        return Err(Error::fault(
            "unusable_target",
            format!(
                "There is already a table {name}, and it has no columns pk and data that rowtide could write to. Rename \
             it, or give the route of {} another `to`.",
                target.source
            ),
        ));
    }
    if !table.unique_pk {
        let index = crate::plan::quote(&identifier(&format!("{}_pk", target.name)));
        let quoted = relation(&target.schema, &target.name);
        return Err(Error::fault(
            "unusable_target",
            format!(
                "The existing table {name} has no unique key on pk, so rows cannot be upserted. Run: create unique index \
             {index} on {quoted} (pk);"
            ),
        ));
    }
    if target.delete == DeletePolicy::Soft {
        return Err(Error::fault(
            "unusable_target",
            format!(
                "The route of {} has delete = \"soft\", which the existing table {name} cannot show. Use tombstone or \
             hard, or another `to`.",
                target.source
            ),
        ));
    }
    Ok(Layout::Adopted { guarded: has(table, "version") && has(table, "deleted"), aux: has(table, "aux") })
}
