//! The objects in the database: what is there, what must be made, and what the registry remembers of it.

use super::connect::driver_error;
use super::postgres::{Postgres, settle};
use super::registry::{KeyTypes, Registered, agree, agree_with_registry, of_table};
use super::{Binding, Deadline, KNOWN_BYTES};
use crate::config::Ddl;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::event::Key;
use crate::plan::{Layout, Row, View, fill, literal, relation, storage, view};
use crate::policy::DeletePolicy;
use crate::route::{Target, identifier};
use deadpool_postgres::{GenericClient, Object};
use futures_util::TryStreamExt as _;
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
pub(super) const REPLACE_WAIT: &str = "100ms";
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

/// A relation of the catalogue.
pub(super) struct Relation {
    pub(super) kind: String,
    pub(super) columns: Vec<String>,
    pub(super) definition: Option<String>,
    unique_pk: bool,
    pub(super) comment: Option<String>,
}

impl Relation {
    pub(super) fn is_table(&self) -> bool {
        matches!(self.kind.as_str(), "r" | "p")
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
    /// The view as it should be when the view is rowtide's own and out of date.
    outdated_view: Option<View>,
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
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(name, known.clone(), KNOWN_BYTES);
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
            match self.establish_once(client, binding).await.map_err(of_table) {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(error) => return Err(error),
            }
        }
        let message =
            format!("The objects of {} keep changing while they are made.", binding.target.qualified());
        Err(Error::new(ErrorKind::Contended, Code::Contended, message))
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
        // a truncate may have been the first to come
        let source = (&binding.source, binding.epoch, binding.position.as_str());
        self.agree_with_floor(client, &binding.target, source).await?;
        self.register(client, binding, look.layout).await?;
        // whoever was first decides whose target it is
        let registered = self.remember_source(client, binding, look.registered.take()).await?;
        self.ensure_floor(client, &binding.target).await?;
        if let Some(sql) = &look.unremembered_view {
            self.remember_view(client, &binding.target, sql).await?;
        }
        if let Some(wanted) = &look.outdated_view
            && self.ddl == Ddl::Auto
            && !self.replace_view(client, &binding.target, wanted).await?
        {
            return Ok(None);
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
                    Code::UnusableTarget,
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
                        Code::UnusableTarget,
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
                    look.outdated_view = Some(wanted);
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

    pub(super) async fn registered(
        &self,
        client: &impl GenericClient,
        target: &Target,
    ) -> Result<Option<Registered>> {
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
        let rows = self.answered(&client, client.query_raw(&sql, parameters)).await?;
        let mut left = shown.limit.unwrap_or(u64::MAX);
        let mut rows = std::pin::pin!(rows);
        while left > 0
            && let Some(row) = self.answered(&client, rows.try_next()).await?
        {
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

pub(super) fn ddl_error(error: tokio_postgres::Error) -> Error {
    driver_error(&error, true)
}

pub(super) fn lock_wait(wait: &str) -> String {
    fill(include_str!("../../sql/postgres/limit_lock_wait.sql"), &[("wait", wait)])
}

/// A transaction in which no other worker creates anything.
pub(super) async fn begin_ddl(client: &mut Object) -> Result<deadpool_postgres::Transaction<'_>> {
    let transaction = client.transaction().await.map_err(ddl_error)?;
    transaction.batch_execute(&lock_wait(CREATE_WAIT)).await.map_err(ddl_error)?;
    transaction.batch_execute(include_str!("../../sql/postgres/lock_ddl.sql")).await.map_err(ddl_error)?;
    Ok(transaction)
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
    Err(Error::new(ErrorKind::Config, Code::BehindPurgeHorizon, message))
}

pub(super) fn missing_object(statements: &[String]) -> Error {
    Error::new(
        ErrorKind::Schema,
        Code::MissingObject,
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

/// The definition of a view that is dropped while it is read cannot be had: the next look finds what came instead.
fn dropped_meanwhile(error: tokio_postgres::Error) -> Error {
    let error = ddl_error(error);
    match error.sqlstate() {
        Some(state @ "XX000") => {
            Error::new(ErrorKind::Contended, Code::Contended, error.message()).with_sqlstate(state)
        }
        _ => error,
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
    let row = client.query_opt(sql, &parameters).await.map_err(dropped_meanwhile)?;
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

pub(super) fn has(table: &Relation, column: &str) -> bool {
    table.columns.iter().any(|found| found == column)
}

pub(super) fn check_storage(target: &Target, table: &Relation) -> Result<()> {
    let lacking: Vec<&str> = STORAGE_COLUMNS.into_iter().filter(|column| !has(table, column)).collect();
    if matches!(table.kind.as_str(), "r" | "p") && lacking.is_empty() {
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

/// How an existing table with the target's own name is written to.
pub(super) fn adopted(target: &Target, table: &Relation) -> Result<Layout> {
    let name = target.qualified();
    if STORAGE_COLUMNS.into_iter().all(|column| has(table, column)) {
        return Err(Error::fault(
            Code::UnusableTarget,
            format!(
                "{name} is another target's storage table; give the route of {} another `to`.",
                target.source
            ),
        ));
    }
    if !has(table, "pk") || !has(table, "data") {
        return Err(Error::fault(
            Code::UnusableTarget,
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
            Code::UnusableTarget,
            format!(
                "The existing table {name} has no unique key on pk, so rows cannot be upserted. Run: create unique index \
             {index} on {quoted} (pk);"
            ),
        ));
    }
    if target.delete == DeletePolicy::Soft {
        return Err(Error::fault(
            Code::UnusableTarget,
            format!(
                "The route of {} has delete = \"soft\", which the existing table {name} cannot show. Use tombstone or \
             hard, or another `to`.",
                target.source
            ),
        ));
    }
    Ok(Layout::Adopted { guarded: has(table, "version") && has(table, "deleted"), aux: has(table, "aux") })
}
