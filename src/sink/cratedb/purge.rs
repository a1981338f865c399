//! Forgetting deleted rows: tombstones that are older than any delivery may be.

use super::Cratedb;
use super::errors::read;
use super::show::PAGE_ROWS;
use crate::error::Result;
use crate::plan::{fill, relation};
use crate::sink::letters::{LETTER_KEY_MAX, bounded};
use crate::sink::registry::KnownTarget;
use crate::sink::targets::{Purged, Purging, has_ended};
use std::time::Duration;

impl Cratedb {
    /// Removes the tombstones of `target` that were written longer ago than `older_than`, but never soft rows and
    /// never those of keys with parked records. The purge horizon moves first, so that nobody brings them back.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn purge(&self, target: &KnownTarget, older_than: Duration, how: Purging) -> Result<Purged> {
        let mut purged = Purged::nothing(target);
        if target.has_tombstones() {
            let done = self.purge_rows(target, older_than, how, &mut purged).await;
            purged.is_complete = has_ended(how.deadline(), done)?;
        }
        Ok(purged)
    }

    async fn purge_rows(
        &self,
        target: &KnownTarget,
        older_than: Duration,
        how: Purging,
        purged: &mut Purged,
    ) -> Result<()> {
        let by = how.deadline();
        let storage = relation(&target.schema, &target.storage);
        self.refresh(&storage).await?;
        let parked = self.parked_keys(&target.source).await?;
        let now = jiff::Timestamp::now();
        let age = i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX);
        let horizon = now.as_millisecond().saturating_sub(age);
        let horizon = jiff::Timestamp::from_millisecond(horizon).unwrap_or(jiff::Timestamp::MIN);
        let find = fill(include_str!("../../../sql/cratedb/purgeable.sql"), &[("storage", &storage)]);
        let delete = fill(include_str!("../../../sql/cratedb/delete_row.sql"), &[("storage", &storage)]);
        let mut after = String::new();
        loop {
            let found = self.query(by, &find, &[&horizon, &after, &PAGE_ROWS]).await?;
            let Some(last) = found.last() else { break };
            after = read(|| last.try_get(0))?;
            for row in &found {
                let (key, sequence, term): (String, i64, i64) =
                    read(|| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))?;
                if !parked.contains(&key) && !parked.contains(&bounded(key.clone(), LETTER_KEY_MAX)) {
                    let Purging::Removed { .. } = how else {
                        purged.rows += 1;
                        continue;
                    };
                    if purged.horizon < Some(horizon) {
                        let sql = self.fill_own(include_str!("../../../sql/cratedb/move_horizon.sql"), &[]);
                        self.execute(by, &sql, &[&target.name, &horizon]).await?;
                        purged.horizon = Some(horizon);
                    }
                    // only what was found: a row that came back in between is another one
                    purged.rows += self.execute(by, &delete, &[&key, &sequence, &term]).await?;
                }
            }
        }
        Ok(())
    }
}
