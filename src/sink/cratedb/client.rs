//! Connections to the server while they are used. Two requests in flight on one connection mix up their answers, so
//! there is one; and the connection is dropped after any error.

use super::Cratedb;
use super::errors::server_error;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::{Statement, fill};
use crate::sink::wire::errors::is_missing_table;
use crate::sink::wire::parameters::parameters;
use crate::sink::wire::time::out_of_time;
use deadpool_postgres::Object;
use std::sync::PoisonError;
use tokio_postgres::types::{ToSql, Type};

impl Cratedb {
    /// What comes of requests on a connection that nobody else uses meanwhile. It is given back when their answer came
    /// whole, and dropped otherwise.
    async fn answer<T>(
        &self,
        deadline: Deadline,
        work: impl AsyncFnOnce(&Object) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T> {
        let connection = CheckedOut::new(self.server.client(deadline).await?);
        let client = connection.client()?;
        let answer = self.noticed(self.server.within(client, deadline, work(client), server_error).await)?;
        connection.give_back();
        Ok(answer)
    }

    /// The rows that a statement returns.
    pub(super) async fn query(
        &self,
        deadline: Deadline,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>> {
        let work = async |client: &Object| {
            let prepared = client.prepare_cached(sql).await?;
            client.query(&prepared, parameters).await
        };
        self.answer(deadline, work).await
    }

    /// The one row that a statement reads by its key. The server does not keep the statement: of a table that was
    /// dropped and made anew, a kept one reads other columns.
    pub(super) async fn row_of(
        &self,
        statement: &Statement<'_>,
        deadline: Deadline,
    ) -> Result<Option<tokio_postgres::Row>> {
        let key: Vec<_> = parameters(statement).into_iter().map(|key| (key, Type::VARCHAR)).collect();
        let work = async |client: &Object| client.query_typed(&statement.sql, &key).await;
        Ok(self.answer(deadline, work).await?.into_iter().next())
    }

    /// The row of an adopted table's key, by a statement that the server does not keep either.
    pub(super) async fn row_by(
        &self,
        statement: &Statement<'_>,
        deadline: Deadline,
    ) -> Result<Option<tokio_postgres::Row>> {
        let work = async |client: &Object| {
            let prepared = client.prepare(&statement.sql).await?;
            client.query(&prepared, &parameters(statement)).await
        };
        Ok(self.answer(deadline, work).await?.into_iter().next())
    }

    /// How many rows a statement changed.
    pub(super) async fn execute(
        &self,
        deadline: Deadline,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64> {
        let work = async |client: &Object| {
            let prepared = client.prepare_cached(sql).await?;
            client.execute(&prepared, parameters).await
        };
        self.answer(deadline, work).await
    }

    /// Runs a statement without parameters once: DDL, a refresh. Not as a simple query, whose texts in braces the
    /// server takes for arrays, even where they name a column.
    pub(super) async fn run(&self, deadline: Deadline, sql: &str) -> Result<()> {
        self.answer(deadline, async |client: &Object| client.query_typed(sql, &[]).await).await.map(drop)
    }

    /// After a table turned out to be missing, rowtide's own are looked for again.
    pub(super) fn noticed<T>(&self, result: Result<T>) -> Result<T> {
        if result.as_ref().is_err_and(is_missing_table) {
            *self.own_tables.lock().unwrap_or_else(PoisonError::into_inner) = false;
        }
        result
    }

    /// Makes what was written visible to statements that search.
    pub(super) async fn refresh(&self, table: &str) -> Result<()> {
        self.refresh_by(Deadline::never(), table).await
    }

    /// The same, until a deadline.
    pub(super) async fn refresh_by(&self, deadline: Deadline, table: &str) -> Result<()> {
        let sql = fill(include_str!("../../../sql/cratedb/refresh.sql"), &[("table", table)]);
        self.run(deadline, &sql).await
    }
}

/// A connection that is dropped unless its answer came whole: a later one would get what was left over.
pub(super) struct CheckedOut(Option<Object>);

impl CheckedOut {
    pub(super) fn new(client: Object) -> Self {
        Self(Some(client))
    }

    pub(super) fn client(&self) -> Result<&Object> {
        self.0.as_ref().ok_or_else(out_of_time)
    }

    pub(super) fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for CheckedOut {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}
