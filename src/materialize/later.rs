//! Stale rows of which the source says that they happened later than what is stored: its order may have started anew.

use super::connect::driver_error;
use super::crate_catalog::Known;
use super::crate_rows::read;
use super::cratedb::Cratedb;
use super::postgres::{Postgres, moment, settle};
use super::{Deadline, RowOutcome};
use crate::error::Result;
use crate::event::Timestamp;
use crate::plan::{Row, Statement, fill, relation};
use crate::version::Version;
use std::collections::{HashMap, HashSet};

/// When a row's change happened or, of a row that was loaded without a position, when it was read.
fn happened_at(row: &Row) -> Option<Timestamp> {
    row.changed_at.or_else(|| Version::from(row.version.clone()).loaded_at().map(Timestamp))
}

impl Postgres {
    /// Of the rows that were stale, finds those that happened later than what is stored. Costs nothing when none was.
    pub(super) async fn find_later(
        &self,
        statement: &Statement,
        mut outcomes: Vec<RowOutcome>,
        deadline: Deadline,
    ) -> Result<Vec<RowOutcome>> {
        let stale =
            statement.rows.iter().zip(&outcomes).filter(|(_, outcome)| matches!(outcome, RowOutcome::Stale));
        let timed: Vec<(&Row, jiff::Timestamp)> =
            stale.filter_map(|(row, _)| Some((row, moment(happened_at(row))?))).collect();
        if timed.is_empty() {
            return Ok(outcomes);
        }
        let storage = relation(&statement.target.schema, &statement.target.storage);
        let sql = fill(include_str!("../../sql/postgres/later_than_stored.sql"), &[("storage", &storage)]);
        let keys: Vec<&str> = timed.iter().map(|(row, _)| row.key.as_str()).collect();
        let versions: Vec<&str> = timed.iter().map(|(row, _)| row.version.as_str()).collect();
        let times: Vec<jiff::Timestamp> = timed.iter().map(|(_, time)| *time).collect();
        let client = self.client(deadline).await?;
        let work = async {
            let prepared = client.prepare_cached(&sql).await?;
            client.query(&prepared, &[&keys, &versions, &times]).await
        };
        let asked = self.bounded(&client, deadline, work).await;
        let later: HashSet<String> = settle(client, asked)?
            .iter()
            .map(|row| row.try_get(0).map_err(|error| driver_error(&error, false)))
            .collect::<Result<_>>()?;
        for (row, outcome) in statement.rows.iter().zip(&mut outcomes) {
            if matches!(outcome, RowOutcome::Stale) && later.contains(&row.key) {
                *outcome = RowOutcome::StaleButLater;
            }
        }
        Ok(outcomes)
    }
}

impl Cratedb {
    /// The same. What was written within the last second may not be seen: the sign comes again with the next change.
    pub(super) async fn find_later(
        &self,
        statement: &Statement,
        known: &Known,
        mut outcomes: Vec<RowOutcome>,
        deadline: Deadline,
    ) -> Result<Vec<RowOutcome>> {
        let is_stale = |outcome: &RowOutcome| matches!(outcome, RowOutcome::Stale);
        let timed = statement
            .rows
            .iter()
            .zip(&outcomes)
            .filter(|(row, outcome)| is_stale(outcome) && happened_at(row).is_some());
        let keys: Vec<&str> = timed.map(|(row, _)| row.key.as_str()).collect();
        if keys.is_empty() {
            return Ok(outcomes);
        }
        let target = &known.binding.target;
        let storage = relation(&target.schema, &target.storage);
        let sql = fill(include_str!("../../sql/cratedb/later_than_stored.sql"), &[("storage", &storage)]);
        let mut stored: HashMap<String, (String, Option<jiff::Timestamp>)> = HashMap::new();
        for row in self.ask(deadline, &sql, &[&keys]).await? {
            let (key, version, at) = read(|| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))?;
            stored.insert(key, (version, at));
        }
        for (row, outcome) in
            statement.rows.iter().zip(&mut outcomes).filter(|(_, outcome)| is_stale(outcome))
        {
            let Some((version, Some(at))) = stored.get(&row.key) else { continue };
            // the database keeps milliseconds
            let is_later = happened_at(row).is_some_and(|own| own.0.div_euclid(1_000) > at.as_millisecond());
            if is_later && *version > row.version {
                *outcome = RowOutcome::StaleButLater;
            }
        }
        Ok(outcomes)
    }
}
