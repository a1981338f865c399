//! Truncates. A target's floor is the version of its last truncate; changes below it are never written, even late ones.

use super::Postgres;
use super::errors::{ddl_error, row_error};
use super::objects::{Relation, relation_of};
use crate::deadline::Deadline;
use crate::error::{Code, Disposition, Error, Result};
use crate::plan::postgres::{alter_floors, create_floors, floor_sql, truncate, truncate_sql};
use crate::policy::Truncate;
use crate::route::{FLOORS, Target};
use crate::sink::contract::{RowOutcome, Truncation};
use crate::sink::registry::check_source;
use crate::sink::wire::parameters::parameters;
use crate::sink::wire::server::settle;
use crate::source::SourceIdentity;
use crate::version::Version;
use deadpool_postgres::Object;
use std::sync::atomic::Ordering;
use tokio_postgres::types::ToSql;

impl Postgres {
    /// The version below which a truncate has removed everything of a target, if its route applies truncates.
    pub(super) async fn floor(
        &self,
        client: &Object,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Option<String>> {
        if target.truncate == Truncate::Ignore {
            return Ok(None);
        }
        let (sql, name) = (floor_sql(target), target.qualified());
        let row = self.bounded(client, deadline, client.query_opt(&sql, &[&name])).await?;
        let floor = row.map(|row| row.try_get(0)).transpose().map_err(row_error)?;
        Ok(floor.flatten())
    }

    /// Makes sure that the target of a route that applies truncates has a floor: what writers hold still.
    pub(super) async fn ensure_floor(&self, client: &mut Object, target: &Target) -> Result<()> {
        if target.truncate == Truncate::Ignore {
            return Ok(());
        }
        if relation_of(client, &self.schema, FLOORS).await?.is_none() {
            self.run_ddl(client, &[create_floors(&self.schema)]).await?;
        }
        let (raise, _) = truncate_sql(target);
        client.execute(&raise, &[&target.qualified(), &""]).await.map(drop).map_err(ddl_error)
    }

    /// A change of `source` is of the source whose truncate raised the target's floor, unless it begins a new epoch:
    /// what one source removes, the rows of another must not be measured by. Whether floors have sources.
    pub(super) async fn check_floor(
        &self,
        client: &mut Object,
        target: &Target,
        (source, epoch, position): (&SourceIdentity, u16, &str),
    ) -> Result<bool> {
        if target.truncate == Truncate::Ignore
            || target.is_merged()
            || !self.floors_have_sources(client).await?
        {
            return Ok(false);
        }
        let sql = self.fill_own(include_str!("../../../sql/postgres/read_floor_source.sql"), &[]);
        let row = client.query_opt(&sql, &[&target.qualified()]).await.map_err(ddl_error)?;
        let Some(row) = row else { return Ok(true) };
        let floor: String = row.try_get(0).map_err(ddl_error)?;
        let known: Option<String> = row.try_get(1).map_err(ddl_error)?;
        let is_older = Version::from(floor).epoch().is_none_or(|of_floor| of_floor < epoch);
        if let Some(known) = known.filter(|_| !is_older) {
            check_source(target, source, position, &SourceIdentity::parse(&known))?;
        }
        Ok(true)
    }

    /// Whether the floors have the column of the source whose truncate raised them: those of an earlier version get
    /// it, where that is allowed.
    async fn floors_have_sources(&self, client: &mut Object) -> Result<bool> {
        let has_source = |floors: &Relation| floors.columns.iter().any(|column| column == "source_identity");
        match relation_of(client, &self.schema, FLOORS).await? {
            None => Ok(false),
            Some(floors) if has_source(&floors) => Ok(true),
            Some(_) => {
                let sql = alter_floors(&self.schema);
                match self.run_ddl(client, &[sql]).await {
                    Err(error) if error.disposition() == Disposition::Abort => Ok(false),
                    other => other.map(|()| true),
                }
            }
        }
    }

    pub(super) async fn truncate_once(
        &self,
        truncation: &Truncation,
        deadline: Deadline,
    ) -> Result<RowOutcome> {
        let mut client = self.client(deadline).await?;
        self.statements.fetch_add(1, Ordering::Relaxed);
        let token = client.cancel_token();
        let done = self.within(token, deadline, self.truncate_with(&mut client, truncation)).await;
        settle(client, done)
    }

    async fn truncate_with(&self, client: &mut Object, truncation: &Truncation) -> Result<RowOutcome> {
        let Truncation { target, version, changed_at, source, epoch, position } = truncation;
        // a truncate may be the first that comes to a new database
        self.ensure_own_tables(client).await?;
        let found = relation_of(client, &target.schema, &target.name).await?;
        if found.is_some_and(|found| found.is_table()) {
            return Err(Error::fault(
                Code::UnusableTarget,
                format!(
                    "The route of {} has truncate = \"apply\", which needs a table made by rowtide: {} is not one.",
                    target.source,
                    target.qualified()
                ),
            ));
        }
        if let Some(registered) = self.registered(client, target).await? {
            let scheme = version.chars().next().unwrap_or('?').to_string();
            if registered.source != target.source || registered.scheme != scheme {
                let is_other = registered.source != target.source;
                return Err(Error::fault(
                    if is_other { Code::SharedTarget } else { Code::OtherScheme },
                    format!(
                        "A truncate of {} with versions of the scheme {scheme} would empty {}, which was filled from {} \
                     with versions of the scheme {}. Give the route another `to`.",
                        target.source,
                        target.qualified(),
                        registered.source,
                        registered.scheme
                    ),
                ));
            }
            if registered.epoch >= i32::from(*epoch) {
                check_source(target, source, position, &registered.source())?;
            }
        }
        // nothing was written yet, but what is older may still come
        let is_empty = relation_of(client, &target.schema, &target.storage).await?.is_none();
        self.ensure_floor(client, target).await?;
        let has_sources = self.check_floor(client, target, (source, *epoch, position)).await?;
        let name_floor = self.fill_own(include_str!("../../../sql/postgres/name_floor.sql"), &[]);
        let [raise, remove] = truncate(target, version, *changed_at);
        let transaction = client.transaction().await.map_err(row_error)?;
        // nobody writes to the target until the rows are gone
        let raised = transaction.execute(&raise.sql, &parameters(&raise)).await.map_err(row_error)?;
        if raised == 0 {
            return Ok(RowOutcome::Stale);
        }
        if has_sources && !source.is_empty() {
            let names: [&(dyn ToSql + Sync); 2] = [&target.qualified(), &source.as_str()];
            transaction.execute(&name_floor, &names).await.map_err(row_error)?;
        }
        if !is_empty {
            transaction.execute(&remove.sql, &parameters(&remove)).await.map_err(row_error)?;
        }
        transaction.commit().await.map_err(row_error)?;
        Ok(RowOutcome::Applied)
    }
}
