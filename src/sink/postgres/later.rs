//! Stale rows that happened later than what is stored, found with one statement.

use super::Postgres;
use super::errors::row_error;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::{Write, fill, relation};
use crate::sink::contract::RowOutcome;
use crate::sink::later::{Stored, mark, suspects};
use crate::sink::wire::server::settle;

impl Postgres {
    /// Of the rows that were stale, finds those that happened later than what is stored. Costs nothing when none was.
    pub(super) async fn find_later(
        &self,
        write: &Write,
        mut outcomes: Vec<RowOutcome>,
        deadline: Deadline,
    ) -> Result<Vec<RowOutcome>> {
        let suspects = suspects(write, &outcomes);
        if suspects.is_empty() {
            return Ok(outcomes);
        }
        let storage = relation(&write.target.schema, &write.target.storage);
        let sql = fill(include_str!("../../../sql/postgres/later_than_stored.sql"), &[("storage", &storage)]);
        let keys: Vec<&str> = suspects.iter().map(|row| row.key.as_str()).collect();
        let versions: Vec<&str> = suspects.iter().map(|row| row.version.as_str()).collect();
        let client = self.client(deadline).await?;
        let work = async {
            let prepared = client.prepare_cached(&sql).await?;
            client.query(&prepared, &[&keys, &versions]).await
        };
        let answer = self.bounded(&client, deadline, work).await;
        let read = |row: &tokio_postgres::Row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?)));
        let stored: Result<Stored, _> = settle(client, answer)?.iter().map(read).collect();
        mark(write, &mut outcomes, &stored.map_err(row_error)?, 1);
        Ok(outcomes)
    }
}
