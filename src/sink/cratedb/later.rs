//! Stale rows that happened later than what is stored, found one by one when they are few.

use super::Cratedb;
use super::errors::read;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::{Write, fill, relation};
use crate::sink::contract::RowOutcome;
use crate::sink::later::{Stored, mark, suspects};
use crate::sink::targets::PreparedTarget;

/// So many rows are looked at one by one on CrateDB.
const LOOKED_AT_MAX: usize = 16;

impl Cratedb {
    /// The same. A few rows are looked at one by one, which finds them at once; of many, what was written within the
    /// last second may not be seen: the sign comes again with the next change.
    pub(super) async fn find_later(
        &self,
        write: &Write,
        prepared: &PreparedTarget,
        mut outcomes: Vec<RowOutcome>,
        deadline: Deadline,
    ) -> Result<Vec<RowOutcome>> {
        let suspects = suspects(write, &outcomes);
        if suspects.is_empty() {
            return Ok(outcomes);
        }
        let keys: Vec<&str> = suspects.iter().map(|row| row.key.as_str()).collect();
        let target = &prepared.binding.target;
        let storage = relation(&target.schema, &target.storage);
        let filled = |template| fill(template, &[("storage", storage.as_str())]);
        let mut found = Vec::new();
        if keys.len() <= LOOKED_AT_MAX {
            let sql = filled(include_str!("../../../sql/cratedb/stored_version.sql"));
            for key in &keys {
                found.extend(self.query(deadline, &sql, &[key]).await?);
            }
        } else {
            let sql = filled(include_str!("../../../sql/cratedb/later_than_stored.sql"));
            found = self.query(deadline, &sql, &[&keys]).await?;
        }
        let stored =
            |row: &tokio_postgres::Row| read(|| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?))));
        let stored: Stored = found.iter().map(stored).collect::<Result<_>>()?;
        mark(write, &mut outcomes, &stored, 1_000);
        Ok(outcomes)
    }
}
