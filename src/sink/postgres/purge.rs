//! Forgetting deleted rows: tombstones that are older than any delivery may be.

use super::Postgres;
use super::errors::ddl_error;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::{fill, relation};
use crate::route::DEAD_LETTERS;
use crate::sink::letters::{LETTER_KEY_MAX, LETTER_TABLE_MAX, bounded};
use crate::sink::registry::KnownTarget;
use crate::sink::targets::Purged;
use std::time::Duration;
use tokio_postgres::types::ToSql;

/// Tombstones deleted in one statement: few, so that no worker waits long for one of their rows.
const PURGE_ROWS: i64 = 1_000;

impl Postgres {
    /// Removes the tombstones of `target` that were written longer ago than `older_than`, but never soft rows and
    /// never those of keys with parked records. The purge horizon moves first, so that nobody brings them back.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn purge(&self, target: &KnownTarget, older_than: Duration, dry_run: bool) -> Result<Purged> {
        let nothing = Purged::nothing(target);
        if !target.has_tombstones() {
            return Ok(nothing);
        }
        let client = self.client(Deadline::never()).await?;
        let letters = self.own(DEAD_LETTERS);
        let storage = relation(&target.schema, &target.storage);
        let key_max = LETTER_KEY_MAX.to_string();
        let places = [
            ("storage", storage.as_str()),
            ("dead_letters", letters.as_str()),
            ("key_max", key_max.as_str()),
        ];
        let source = bounded(target.source.clone(), LETTER_TABLE_MAX);
        let age = format!("{} microseconds", older_than.as_micros());
        let sql = fill(include_str!("../../../sql/postgres/count_purgeable.sql"), &places);
        let row = self.answered(&client, client.query_one(&sql, &[&age, &source])).await?;
        let count: i64 = row.try_get(0).map_err(ddl_error)?;
        // a purge that has nothing to forget leaves the horizon where it is
        if dry_run || count == 0 {
            return Ok(Purged { rows: u64::try_from(count).unwrap_or_default(), ..nothing });
        }
        let sql = self.fill_own(include_str!("../../../sql/postgres/move_horizon.sql"), &[]);
        let row = self.answered(&client, client.query_one(&sql, &[&target.name, &age])).await?;
        let horizon: jiff::Timestamp = row.try_get(0).map_err(ddl_error)?;
        let sql = fill(include_str!("../../../sql/postgres/purge.sql"), &places);
        let mut rows = 0;
        loop {
            let parameters: [&(dyn ToSql + Sync); 3] = [&horizon, &source, &PURGE_ROWS];
            let removed = self.answered(&client, client.execute(&sql, &parameters)).await?;
            rows += removed;
            if removed == 0 {
                break;
            }
        }
        Ok(Purged { target: target.name.clone(), rows, horizon: Some(horizon) })
    }
}
