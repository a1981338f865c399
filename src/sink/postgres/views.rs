//! Replaces an outdated view. Grants and comments are kept; objects that depend on it are named in the error.

use super::Postgres;
use super::errors::{ddl_error, has_other_columns, is_changed_view, is_kept_view};
use super::objects::{REPLACE_WAIT, begin_ddl, lock_wait, relation_of};
use crate::error::{Code, Error, ErrorKind, Result};
use crate::plan::postgres::{View, drop_view};
use crate::route::Target;
use deadpool_postgres::{GenericClient, Object, Transaction};
use tokio_postgres::types::ToSql;

/// Something that people put on a view and a new one would not have.
struct Keepsake {
    /// `options`, `comment`, `column` (its comment), `owner` or `grant`.
    kind: String,
    /// The column that it is of.
    column: Option<String>,
    /// The statement that puts it there.
    sql: String,
}

impl Keepsake {
    /// Whether `create or replace view` sets it anew, too.
    fn is_replaced(&self) -> bool {
        matches!(self.kind.as_str(), "options" | "comment")
    }
}

impl Postgres {
    /// Replaces rowtide's own view, unless somebody reads it right now or builds on it: then the old one stays, and the
    /// log says why. False: it was somebody else's turn meanwhile, and everything must be looked at again.
    pub(super) async fn replace_view(
        &self,
        client: &mut Object,
        target: &Target,
        wanted: &View,
    ) -> Result<bool> {
        match self.try_replace_view(client, target, wanted).await {
            Err(error) if is_kept_view(&error) => {
                tracing::warn!(
                    view = target.qualified(),
                    error = %error,
                    "The view is out of date and could not be replaced now; the old one stays until the next start."
                );
                Ok(true)
            }
            // dropped, made or altered at the same moment
            Err(error) if is_changed_view(&error) => Ok(false),
            other => other,
        }
    }

    async fn try_replace_view(&self, client: &mut Object, target: &Target, wanted: &View) -> Result<bool> {
        let mut transaction = begin_ddl(client).await?;
        let found = relation_of(&transaction, &target.schema, &target.name).await?;
        let registered = self.registered(&transaction, target).await?;
        let Some((found, registered)) = found.zip(registered) else { return Ok(false) };
        let is_ours = found.definition.is_some() && found.definition == registered.view_definition;
        if !is_ours || registered.view_sql.as_deref() == Some(&wanted.sql) {
            // another worker was faster, or a person made it his own
            return Ok(true);
        }
        transaction.batch_execute(&lock_wait(REPLACE_WAIT)).await.map_err(ddl_error)?;
        let keepsakes = keepsakes(&transaction, target).await?;
        let savepoint = transaction.transaction().await.map_err(ddl_error)?;
        match savepoint.batch_execute(&wanted.replacing()).await.map_err(ddl_error) {
            Ok(()) => {
                savepoint.commit().await.map_err(ddl_error)?;
                put_back(&transaction, keepsakes.iter().filter(|it| it.is_replaced()).collect()).await?;
            }
            Err(error) if has_other_columns(&error) => {
                savepoint.rollback().await.map_err(ddl_error)?;
                make_anew(&transaction, target, wanted, &keepsakes).await?;
            }
            Err(error) => return Err(error),
        }
        self.remember_view(&transaction, target, &wanted.sql).await?;
        transaction.commit().await.map_err(ddl_error)?;
        Ok(true)
    }

    pub(super) async fn remember_view(
        &self,
        client: &impl GenericClient,
        target: &Target,
        sql: &str,
    ) -> Result<()> {
        let remember = self.fill_own(include_str!("../../../sql/postgres/remember_view.sql"), &[]);
        let name = target.qualified();
        let parameters: [&(dyn ToSql + Sync); 4] = [&name, &sql, &target.schema, &target.name];
        client.execute(&remember, &parameters).await.map(drop).map_err(ddl_error)
    }
}

/// Drops the view and creates it anew, with what people had put on the old one.
async fn make_anew(
    transaction: &Transaction<'_>,
    target: &Target,
    wanted: &View,
    keepsakes: &[Keepsake],
) -> Result<()> {
    let place: [&(dyn ToSql + Sync); 2] = [&target.schema, &target.name];
    let sql = include_str!("../../../sql/postgres/view_dependants.sql");
    let dependants = texts(transaction, sql, &place).await?;
    if !dependants.is_empty() {
        let message = format!(
            "Its columns change, for which it must be dropped and created anew, and this would be lost: {}. Drop that, let \
             the next start replace the view, and create it again.",
            dependants.join(", ")
        );
        return Err(Error::new(ErrorKind::Schema, Code::ViewInUse, message));
    }
    transaction.batch_execute(&drop_view(target)).await.map_err(ddl_error)?;
    transaction.batch_execute(&wanted.sql).await.map_err(ddl_error)?;
    let columns = relation_of(transaction, &target.schema, &target.name).await?;
    let columns = columns.map(|view| view.columns).unwrap_or_default();
    let (kept, gone): (Vec<&Keepsake>, Vec<&Keepsake>) = keepsakes
        .iter()
        .partition(|keepsake| keepsake.column.as_ref().is_none_or(|column| columns.contains(column)));
    let (owner, others) = kept.into_iter().partition(|keepsake| keepsake.kind == "owner");
    put_back(transaction, owner).await?;
    // what a schema gives by default is not what people had given
    let sql = include_str!("../../../sql/postgres/view_grantees.sql");
    for revoke in texts(transaction, sql, &place).await? {
        transaction.batch_execute(&revoke).await.map_err(ddl_error)?;
    }
    put_back(transaction, others).await?;
    if !gone.is_empty() {
        let gone: Vec<&str> = gone.iter().filter_map(|keepsake| keepsake.column.as_deref()).collect();
        tracing::warn!(
            view = target.qualified(),
            columns = gone.join(", "),
            "The view was replaced, and these columns are no longer in it: their comments and grants went with them."
        );
    }
    Ok(())
}

async fn put_back(transaction: &Transaction<'_>, keepsakes: Vec<&Keepsake>) -> Result<()> {
    for keepsake in keepsakes {
        transaction.batch_execute(&keepsake.sql).await.map_err(ddl_error)?;
    }
    Ok(())
}

async fn keepsakes(transaction: &Transaction<'_>, target: &Target) -> Result<Vec<Keepsake>> {
    let sql = include_str!("../../../sql/postgres/view_keepsakes.sql");
    let rows = transaction.query(sql, &[&target.schema, &target.name]).await.map_err(ddl_error)?;
    let read = |row: &tokio_postgres::Row| {
        Ok(Keepsake { kind: row.try_get(0)?, column: row.try_get(1)?, sql: row.try_get(2)? })
    };
    rows.iter().map(read).collect::<Result<_, _>>().map_err(ddl_error)
}

async fn texts(
    transaction: &Transaction<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<String>> {
    let rows = transaction.query(sql, parameters).await.map_err(ddl_error)?;
    rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(ddl_error)
}
