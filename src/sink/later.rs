//! Stale rows of which the source says that they happened later than what is stored: its order may have started anew.

use crate::sink::wire::connect::driver_error;
use crate::sink::cratedb::objects::Known;
use crate::sink::cratedb::rows::read;
use crate::sink::cratedb::Cratedb;
use crate::sink::postgres::{Postgres, settle};
use crate::sink::{Deadline, RowOutcome};
use crate::error::Result;
use crate::event::Timestamp;
use crate::plan::{Row, Statement, fill, relation};
use crate::version::Version;
use std::collections::HashMap;

/// When a row's change happened or, of a row that was loaded without a position, when it was read.
fn happened_at(row: &Row) -> Option<Timestamp> {
    row.changed_at.or_else(|| Version::from(row.version.clone()).loaded_at().map(Timestamp))
}

/// The scheme of records of one's own, which count with numbers or with times.
const OF_ONES_OWN: char = 'j';

/// Whether records of one's own count with something else than what is stored: times cannot be compared to numbers.
fn changes_kind(own: &str, stored: &str) -> bool {
    let kind = |version: &str| version.split('.').nth(3).map(str::to_owned);
    own.starts_with(OF_ONES_OWN) && kind(own) != kind(stored)
}

/// The rows that were stale, as far as anything beside their version can tell that they are not simply old ones.
fn suspects<'s>(statement: &'s Statement, outcomes: &[RowOutcome]) -> Vec<&'s Row> {
    let tells_more = |row: &Row| happened_at(row).is_some() || row.version.starts_with(OF_ONES_OWN);
    let rows = statement.rows.iter().zip(outcomes);
    rows.filter(|(row, outcome)| matches!(outcome, RowOutcome::Stale) && tells_more(row))
        .map(|(row, _)| row)
        .collect()
}

/// What is stored by key: version, and source time.
type Stored = HashMap<String, (String, Option<jiff::Timestamp>)>;

/// Marks the stale rows that happened later than what is stored, or count with something else. The database keeps times
/// in units of so many microseconds.
fn mark(statement: &Statement, outcomes: &mut [RowOutcome], stored: &Stored, unit: i64) {
    for (row, outcome) in statement.rows.iter().zip(outcomes) {
        let Some((version, at)) = stored.get(&row.key) else { continue };
        let is_later = happened_at(row)
            .zip(*at)
            .is_some_and(|(own, at)| own.0.div_euclid(unit) > at.as_microsecond().div_euclid(unit));
        let is_suspect = matches!(outcome, RowOutcome::Stale) && *version > row.version;
        if is_suspect && (is_later || changes_kind(&row.version, version)) {
            *outcome = RowOutcome::StaleButLater;
        }
    }
}

/// So many rows are looked at one by one on CrateDB.
const LOOKED_AT_MAX: usize = 16;

impl Postgres {
    /// Of the rows that were stale, finds those that happened later than what is stored. Costs nothing when none was.
    pub(in crate::sink) async fn find_later(
        &self,
        statement: &Statement,
        mut outcomes: Vec<RowOutcome>,
        deadline: Deadline,
    ) -> Result<Vec<RowOutcome>> {
        let suspects = suspects(statement, &outcomes);
        if suspects.is_empty() {
            return Ok(outcomes);
        }
        let storage = relation(&statement.target.schema, &statement.target.storage);
        let sql = fill(include_str!("../../sql/postgres/later_than_stored.sql"), &[("storage", &storage)]);
        let keys: Vec<&str> = suspects.iter().map(|row| row.key.as_str()).collect();
        let versions: Vec<&str> = suspects.iter().map(|row| row.version.as_str()).collect();
        let client = self.client(deadline).await?;
        let work = async {
            let prepared = client.prepare_cached(&sql).await?;
            client.query(&prepared, &[&keys, &versions]).await
        };
        let asked = self.bounded(&client, deadline, work).await;
        let read = |row: &tokio_postgres::Row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?)));
        let stored: Result<Stored, _> = settle(client, asked)?.iter().map(read).collect();
        mark(statement, &mut outcomes, &stored.map_err(|error| driver_error(&error, false))?, 1);
        Ok(outcomes)
    }
}

impl Cratedb {
    /// The same. A few rows are looked at one by one, which finds them at once; of many, what was written within the
    /// last second may not be seen: the sign comes again with the next change.
    pub(in crate::sink) async fn find_later(
        &self,
        statement: &Statement,
        known: &Known,
        mut outcomes: Vec<RowOutcome>,
        deadline: Deadline,
    ) -> Result<Vec<RowOutcome>> {
        let suspects = suspects(statement, &outcomes);
        if suspects.is_empty() {
            return Ok(outcomes);
        }
        let keys: Vec<&str> = suspects.iter().map(|row| row.key.as_str()).collect();
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
        let stored =
            |row: &tokio_postgres::Row| read(|| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?))));
        let stored: Stored = found.iter().map(stored).collect::<Result<_>>()?;
        mark(statement, &mut outcomes, &stored, 1_000);
        Ok(outcomes)
    }
}
