//! The tables and views of a target, and rowtide's own tables: what is there, and what must be made.

use super::Postgres;
use super::errors::{ddl_error, dropped_meanwhile, lost_race};
use crate::config::Ddl;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::plan::postgres::{
    VIEW_MARK, View, alter_dead_letters, create_dead_letters, create_registry, storage, view,
};
use crate::plan::{Layout, fill, quote, relation};
use crate::route::{DEAD_LETTERS, REGISTRY, Target, identifier};
use crate::sink::contract::Binding;
use crate::sink::registry::{Registered, check_registered, of_table};
use crate::sink::targets::{
    LOOKS_MAX, PreparedTarget, adopted, check_storage, foreign_view, keep_changing, missing_object,
    neither_table_nor_view, other_view, warn_outdated_view, warn_unguarded,
};
use crate::sink::wire::server::settle;
use deadpool_postgres::{GenericClient, Object};
use std::sync::Arc;
use tokio_postgres::types::ToSql;

/// How long a worker waits for another one that creates the same objects.
const CREATE_WAIT: &str = "10s";
/// How long readers may be held up by a view that waits to be replaced.
pub(super) const REPLACE_WAIT: &str = "100ms";
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

impl Postgres {
    /// A target whose objects are there and agree with the route; creates them where that is allowed.
    pub(super) async fn ensure_target(
        &self,
        binding: &Binding,
        deadline: Deadline,
    ) -> Result<Arc<PreparedTarget>> {
        if let Some(prepared) = self.prepared.matching(binding)? {
            return Ok(prepared);
        }
        // one at a time, so that the workers of one process do not race each other as well
        let _turn = self.ready.lock().await;
        let mut client = self.client(deadline).await?;
        let token = client.cancel_token();
        let established = self.within(token, deadline, self.establish(&mut client, binding)).await;
        let (layout, registered) = settle(client, established)?;
        let prepared = Arc::new(PreparedTarget::new(binding, layout, registered.as_ref()));
        self.prepared.insert(prepared.clone());
        Ok(prepared)
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
        Err(keep_changing(&binding.target))
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
            check_registered(binding, registered, &self.own(REGISTRY))?;
        }
        // a truncate may have been the first to come
        let source = (&binding.source, binding.epoch, binding.position.as_str());
        self.check_floor(client, &binding.target, source).await?;
        self.register(client, binding, look.layout).await?;
        // whoever was first decides whose target it is
        let registered = self.remember_source(client, binding, look.registered.take()).await?;
        self.ensure_floor(client, &binding.target).await?;
        if let Some(sql) = &look.unremembered_view {
            self.remember_view(client, &binding.target, sql).await?;
        }
        if let Some(wanted) = &look.outdated_view {
            match self.ddl {
                Ddl::Never => warn_outdated_view(&binding.target),
                Ddl::Auto => {
                    if !self.replace_view(client, &binding.target, wanted).await? {
                        return Ok(None);
                    }
                }
            }
        }
        warn_unguarded(&binding.target, look.layout);
        Ok(Some((look.layout, registered)))
    }

    /// Registry and dead letters, in the sink's schema.
    pub(super) async fn ensure_own_tables(&self, client: &mut Object) -> Result<()> {
        let mut missing = Vec::new();
        match relation_of(client, &self.schema, REGISTRY).await? {
            None => missing.push(create_registry(&self.schema)),
            Some(registry) => self.upgrade_registry(client, &registry).await?,
        }
        match relation_of(client, &self.schema, DEAD_LETTERS).await? {
            None => missing.push(create_dead_letters(&self.schema)),
            // made by 0.1.0
            Some(table) if !table.columns.iter().any(|column| column == "sequence_number") => {
                missing.push(alter_dead_letters(&self.schema));
            }
            Some(_) => {}
        }
        if missing.is_empty() { Ok(()) } else { self.run_ddl(client, &missing).await }
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
                look.layout = adopted_table(target, &table)?;
                return Ok(look);
            }
            Some(other) if other.kind != "v" => {
                return Err(neither_table_nor_view(target));
            }
            Some(found) => {
                let wanted = view(target)?;
                let Some(registered) = &look.registered else {
                    if found.comment == Some(wanted.mark) {
                        // made by a person with rowtide's own statements
                        look.unremembered_view = Some(wanted.sql);
                        return self.look_at_storage(client, target, look).await;
                    }
                    return Err(unwanted_view(target, found.comment.as_deref()));
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
            Some(table) => check_storage_table(target, &table)?,
        }
        Ok(look)
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
}

pub(super) fn lock_wait(wait: &str) -> String {
    fill(include_str!("../../../sql/postgres/limit_lock_wait.sql"), &[("wait", wait)])
}

/// A transaction in which no other worker creates anything.
pub(super) async fn begin_ddl(client: &mut Object) -> Result<deadpool_postgres::Transaction<'_>> {
    let transaction = client.transaction().await.map_err(ddl_error)?;
    transaction.batch_execute(&lock_wait(CREATE_WAIT)).await.map_err(ddl_error)?;
    transaction.batch_execute(include_str!("../../../sql/postgres/lock_ddl.sql")).await.map_err(ddl_error)?;
    Ok(transaction)
}

/// The error of a view that is not the wanted one and stands in no line of the registry.
pub(super) fn unwanted_view(target: &Target, comment: Option<&str>) -> Error {
    let is_of_rowtide = comment.is_some_and(|mark| mark.starts_with(VIEW_MARK));
    if is_of_rowtide { other_view(target) } else { foreign_view(target) }
}

/// Rows hold any character, so the database must: else it refuses them one by one.
async fn check_encoding(client: &impl GenericClient) -> Result<()> {
    let row =
        client.query_one(include_str!("../../../sql/postgres/encoding.sql"), &[]).await.map_err(ddl_error)?;
    match row.try_get(0).map_err(ddl_error)? {
        "UTF8" => Ok(()),
        other => Err(Error::config(format!(
            "The database in sink.url has the encoding {other}, which cannot hold every character. Create one with \
             encoding UTF8."
        ))),
    }
}

pub(super) async fn relation_of(
    client: &impl GenericClient,
    schema: &str,
    name: &str,
) -> Result<Option<Relation>> {
    let sql = include_str!("../../../sql/postgres/relation.sql");
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

/// What stands in the storage table's place is one.
pub(super) fn check_storage_table(target: &Target, table: &Relation) -> Result<()> {
    check_storage(target, |column| table.is_table() && has(table, column))
}

/// How an existing table with the target's own name is written to.
pub(super) fn adopted_table(target: &Target, table: &Relation) -> Result<Layout> {
    let check_key = || {
        let index = quote(&identifier(&format!("{}_pk", target.name)));
        let message = format!(
            "The existing table {} has no unique key on pk, so rows cannot be upserted. Run: create unique index {index} \
             on {} (pk);",
            target.qualified(),
            relation(&target.schema, &target.name)
        );
        if table.unique_pk { Ok(()) } else { Err(message) }
    };
    adopted(target, |column| has(table, column), check_key)
}
