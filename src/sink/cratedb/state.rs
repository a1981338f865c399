//! What jobs keep, on CrateDB. A state is read and changed by its primary key alone: all else sees the last refresh.

use super::Cratedb;
use super::errors::read;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::cratedb::create_state;
use crate::route::STATE;
use crate::sink::state::{PAGE_STATES, Put, State, States, is_missing, keeps_vanishing, unless_missing};
use crate::sink::targets::LOOKS_MAX;
use tokio_postgres::types::ToSql;

/// Keys that are read together, to be cleared one by one.
const PAGE_KEYS: i64 = 1_000;

impl Cratedb {
    pub(super) async fn state_once(&self, job: &str, key: &str, deadline: Deadline) -> Result<Option<State>> {
        let sql = self.fill_own(include_str!("../../../sql/cratedb/read_state.sql"), &[]);
        let rows = unless_missing(self.query(deadline, &sql, &[&job, &key]).await)?;
        rows.iter().flatten().next().map(|row| read(|| State::read(row))).transpose()
    }

    /// Whether the put was written: not so when something else was there than is expected.
    pub(super) async fn write_state_once(&self, put: &Put<'_>, deadline: Deadline) -> Result<bool> {
        for _ in 0..LOOKS_MAX {
            let written = match put.expected {
                Some(expected) => self.change_state(put, expected, deadline).await,
                None => self.claim_state(put, deadline).await,
            };
            match written {
                Err(error) if is_missing(&error) => {
                    // nothing is there that could be changed
                    if put.expected.is_some() {
                        return Ok(false);
                    }
                    self.create(&create_state(&self.schema), deadline).await?;
                }
                written => return written,
            }
        }
        Err(keeps_vanishing(&self.own(STATE)))
    }

    async fn claim_state(&self, put: &Put<'_>, deadline: Deadline) -> Result<bool> {
        let sql = self.fill_own(include_str!("../../../sql/cratedb/claim_state.sql"), &[]);
        let parameters: [&(dyn ToSql + Sync); 4] = [&put.job, &put.key, &put.text, &put.version];
        Ok(self.execute(deadline, &sql, &parameters).await? > 0)
    }

    /// Changes what has the expected version, if nobody has changed it since it was looked at.
    async fn change_state(&self, put: &Put<'_>, expected: i64, deadline: Deadline) -> Result<bool> {
        let find = self.fill_own(include_str!("../../../sql/cratedb/found_state.sql"), &[]);
        let rows = self.query(deadline, &find, &[&put.job, &put.key]).await?;
        let Some(row) = rows.first() else { return Ok(false) };
        let (version, sequence, term): (i64, i64, i64) =
            read(|| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))?;
        if version != expected {
            return Ok(false);
        }
        let sql = self.fill_own(include_str!("../../../sql/cratedb/change_state.sql"), &[]);
        let parameters: [&(dyn ToSql + Sync); 6] =
            [&put.job, &put.key, &put.text, &put.version, &sequence, &term];
        Ok(self.execute(deadline, &sql, &parameters).await? > 0)
    }

    pub(super) async fn states_once(&self, job: Option<&str>, prefix: Option<&str>) -> Result<Vec<State>> {
        let never = Deadline::never();
        let mut states = States::default();
        if unless_missing(self.refresh(&self.own(STATE)).await)?.is_none() {
            return Ok(states.all());
        }
        let sql = self.fill_own(include_str!("../../../sql/cratedb/list_states.sql"), &[]);
        loop {
            let (last_job, last_key) = states.after();
            let parameters: [&(dyn ToSql + Sync); 5] = [&job, &prefix, &last_job, &last_key, &PAGE_STATES];
            let rows = unless_missing(self.query(never, &sql, &parameters).await)?.unwrap_or_default();
            let page = rows.iter().map(|row| read(|| State::read(row))).collect::<Result<_>>()?;
            if !states.add(page)? {
                return Ok(states.all());
            }
        }
    }

    pub(super) async fn clear_state_once(
        &self,
        job: &str,
        cleared_key: &str,
        deadline: Deadline,
    ) -> Result<u64> {
        if unless_missing(self.refresh_by(deadline, &self.own(STATE)).await)?.is_none() {
            return Ok(0);
        }
        let list = self.fill_own(include_str!("../../../sql/cratedb/list_state_keys.sql"), &[]);
        let delete = self.fill_own(include_str!("../../../sql/cratedb/delete_state.sql"), &[]);
        let (mut cleared, mut after) = (0, None::<String>);
        loop {
            let rows = self.query(deadline, &list, &[&job, &cleared_key, &after, &PAGE_KEYS]).await?;
            for row in &rows {
                let key: String = read(|| row.try_get(0))?;
                cleared += self.execute(deadline, &delete, &[&job, &key]).await?;
                after = Some(key);
            }
            if rows.is_empty() {
                return Ok(cleared);
            }
        }
    }
}
