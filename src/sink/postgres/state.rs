//! What jobs keep, in PostgreSQL.

use super::Postgres;
use super::errors::ddl_error;
use crate::deadline::Deadline;
use crate::error::{ErrorKind, Result};
use crate::plan::postgres::create_state;
use crate::route::STATE;
use crate::sink::state::{PAGE_STATES, Put, State, States, is_missing, keeps_vanishing, unless_missing};
use crate::sink::targets::LOOKS_MAX;
use crate::sink::wire::errors::driver_error;
use crate::sink::wire::server::settle;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

impl Postgres {
    pub(super) async fn state_once(&self, job: &str, key: &str, deadline: Deadline) -> Result<Option<State>> {
        let sql = self.fill_own(include_str!("../../../sql/postgres/read_state.sql"), &[]);
        let found = unless_missing(self.states_by(&sql, &[&job, &key], deadline).await)?;
        Ok(found.into_iter().flatten().next())
    }

    /// Whether the put was written: not so when something else was there than is expected.
    pub(super) async fn write_state_once(&self, put: &Put<'_>, deadline: Deadline) -> Result<bool> {
        for _ in 0..LOOKS_MAX {
            match self.write_state(put, deadline).await {
                Err(error) if is_missing(&error) => {
                    // nothing is there that could be changed
                    if put.expected.is_some() {
                        return Ok(false);
                    }
                    self.create_state(deadline).await?;
                }
                written => return written,
            }
        }
        Err(keeps_vanishing(&self.own(STATE)))
    }

    async fn write_state(&self, put: &Put<'_>, deadline: Deadline) -> Result<bool> {
        let Put { job, key, text, version, .. } = put;
        let written = if let Some(expected) = &put.expected {
            let sql = self.fill_own(include_str!("../../../sql/postgres/change_state.sql"), &[]);
            self.change_states(&sql, &[job, key, text, version, expected], deadline).await?
        } else {
            let sql = self.fill_own(include_str!("../../../sql/postgres/claim_state.sql"), &[]);
            self.change_states(&sql, &[job, key, text, version], deadline).await?
        };
        Ok(written > 0)
    }

    async fn create_state(&self, deadline: Deadline) -> Result<()> {
        let mut client = self.client(deadline).await?;
        let token = client.cancel_token();
        let create = [create_state(&self.schema)];
        let created = self.within(token, deadline, self.run_ddl(&mut client, &create)).await;
        settle(client, created)
    }

    pub(super) async fn states_once(&self, job: Option<&str>, prefix: Option<&str>) -> Result<Vec<State>> {
        let sql = self.fill_own(include_str!("../../../sql/postgres/list_states.sql"), &[]);
        let mut states = States::default();
        loop {
            let (last_job, last_key) = states.after();
            let parameters: [&(dyn ToSql + Sync); 5] = [&job, &prefix, &last_job, &last_key, &PAGE_STATES];
            let page = unless_missing(self.states_by(&sql, &parameters, Deadline::never()).await)?;
            if !states.add(page.unwrap_or_default())? {
                return Ok(states.all());
            }
        }
    }

    pub(super) async fn clear_state_once(&self, job: &str, key: &str, deadline: Deadline) -> Result<u64> {
        let sql = self.fill_own(include_str!("../../../sql/postgres/clear_states.sql"), &[]);
        let cleared = unless_missing(self.change_states(&sql, &[&job, &key], deadline).await)?;
        Ok(cleared.unwrap_or_default())
    }

    async fn states_by(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
        deadline: Deadline,
    ) -> Result<Vec<State>> {
        let client = self.client(deadline).await?;
        let work = async {
            let prepared = client.prepare_cached(sql).await?;
            client.query(&prepared, parameters).await
        };
        let refused = |error: &tokio_postgres::Error| driver_error(error, ErrorKind::Schema);
        let answer = self.bounded_as(&client, deadline, work, refused).await;
        let rows = settle(client, answer)?;
        let states = |rows: &[Row]| rows.iter().map(State::read).collect::<Result<_, _>>();
        states(&rows).map_err(ddl_error)
    }

    /// How many lines a statement changed.
    async fn change_states(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
        deadline: Deadline,
    ) -> Result<u64> {
        let client = self.client(deadline).await?;
        let work = async {
            let prepared = client.prepare_cached(sql).await?;
            client.execute(&prepared, parameters).await
        };
        let refused = |error: &tokio_postgres::Error| driver_error(error, ErrorKind::Schema);
        let answer = self.bounded_as(&client, deadline, work, refused).await;
        settle(client, answer)
    }
}
