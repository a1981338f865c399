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

/// Whether anything beside its version can tell that a stale row is not simply an old one.
fn tells_more(row: &Row) -> bool {
    happened_at(row).is_some() || row.version.starts_with(OF_ONES_OWN)
}

/// The scheme of records of one's own, which count with numbers or with times.
const OF_ONES_OWN: char = 'j';

/// Whether records of one's own count with something else than what is stored: times cannot be compared to numbers.
fn changes_kind(own: &str, stored: &str) -> bool {
    let kind = |version: &str| version.split('.').nth(3).map(str::to_owned);
    own.starts_with(OF_ONES_OWN) && kind(own) != kind(stored)
}

/// So many rows are looked at one by one on CrateDB.
const LOOKED_AT_MAX: usize = 16;

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
        let timed: Vec<(&Row, Option<jiff::Timestamp>)> = stale
            .filter(|(row, _)| tells_more(row))
            .map(|(row, _)| (row, moment(happened_at(row))))
            .collect();
        if timed.is_empty() {
            return Ok(outcomes);
        }
        let storage = relation(&statement.target.schema, &statement.target.storage);
        let sql = fill(include_str!("../../sql/postgres/later_than_stored.sql"), &[("storage", &storage)]);
        let keys: Vec<&str> = timed.iter().map(|(row, _)| row.key.as_str()).collect();
        let versions: Vec<&str> = timed.iter().map(|(row, _)| row.version.as_str()).collect();
        let times: Vec<Option<jiff::Timestamp>> = timed.iter().map(|(_, time)| *time).collect();
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
    /// The same. A few rows are looked at one by one, which finds them at once; of many, what was written within the
    /// last second may not be seen: the sign comes again with the next change.
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
            .filter(|(row, outcome)| is_stale(outcome) && tells_more(row));
        let keys: Vec<&str> = timed.map(|(row, _)| row.key.as_str()).collect();
        if keys.is_empty() {
            return Ok(outcomes);
        }
        let target = &known.binding.target;
        let storage = relation(&target.schema, &target.storage);
        let filled = |template| fill(template, &[("storage", storage.as_str())]);
        let mut found = Vec::new();
        if keys.len() <= LOOKED_AT_MAX {
            let sql = filled(include_str!("../../sql/cratedb/stored_version.sql"));
            for key in &keys {
                found.extend(self.ask(deadline, &sql, &[key]).await?);
            }
        } else {
            let sql = filled(include_str!("../../sql/cratedb/later_than_stored.sql"));
            found = self.ask(deadline, &sql, &[&keys]).await?;
        }
        let mut stored: HashMap<String, (String, Option<jiff::Timestamp>)> = HashMap::new();
        for row in found {
            let (key, version, at) = read(|| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))?;
            stored.insert(key, (version, at));
        }
        for (row, outcome) in
            statement.rows.iter().zip(&mut outcomes).filter(|(_, outcome)| is_stale(outcome))
        {
            let Some((version, at)) = stored.get(&row.key) else { continue };
            // the database keeps milliseconds
            let is_before =
                |own: Timestamp| at.is_some_and(|at| own.0.div_euclid(1_000) > at.as_millisecond());
            let is_later = happened_at(row).is_some_and(is_before);
            if (is_later || changes_kind(&row.version, version)) && *version > row.version {
                *outcome = RowOutcome::StaleButLater;
            }
        }
        Ok(outcomes)
    }
}
