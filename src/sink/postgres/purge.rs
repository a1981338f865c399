//! Forgetting deleted rows: tombstones that are older than any delivery may be.

use super::Postgres;
use super::errors::ddl_error;
use crate::deadline::Deadline;
use crate::error::{ErrorKind, Result};
use crate::plan::{fill, relation};
use crate::route::DEAD_LETTERS;
use crate::sink::letters::{LETTER_KEY_MAX, LETTER_TABLE_MAX, bounded};
use crate::sink::registry::KnownTarget;
use crate::sink::targets::{Purged, Purging, has_ended};
use crate::sink::wire::errors::driver_error;
use crate::sink::wire::server::settle;
use deadpool_postgres::Object;
use std::future::Future;
use std::time::Duration;
use tokio_postgres::types::ToSql;

/// Tombstones found and deleted at a time: few, so that no worker waits long for one of their rows.
const PURGE_ROWS: i64 = 1_000;

impl Postgres {
    /// Removes the tombstones of `target` that were written longer ago than `older_than`, but never soft rows and
    /// never those of keys with parked records. The purge horizon moves first, so that nobody brings them back.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn purge(&self, target: &KnownTarget, older_than: Duration, how: Purging) -> Result<Purged> {
        let mut purged = Purged::nothing(target);
        if target.has_tombstones() {
            let client = self.client(how.deadline()).await?;
            let done = self.purge_rows(&client, target, older_than, how, &mut purged).await;
            purged.is_complete = has_ended(how.deadline(), settle(client, done))?;
        }
        Ok(purged)
    }

    /// Page by page, in the order of the keys.
    async fn purge_rows(
        &self,
        client: &Object,
        target: &KnownTarget,
        older_than: Duration,
        how: Purging,
        purged: &mut Purged,
    ) -> Result<()> {
        let by = how.deadline();
        let (storage, letters) = (relation(&target.schema, &target.storage), self.own(DEAD_LETTERS));
        let key_max = LETTER_KEY_MAX.to_string();
        let places = [("storage", &*storage), ("dead_letters", &*letters), ("key_max", &*key_max)];
        let find = fill(include_str!("../../../sql/postgres/find_purgeable.sql"), &places);
        let remove = fill(include_str!("../../../sql/postgres/purge.sql"), &places);
        let source = bounded(target.source.clone(), LETTER_TABLE_MAX);
        let age = format!("{} microseconds", older_than.as_micros());
        let (mut after, mut moved) = (String::new(), None);
        loop {
            let page: [&(dyn ToSql + Sync); 4] = [&age, &source, &after, &PURGE_ROWS];
            let found = self.of_no_row(client, by, client.query(&find, &page)).await?;
            let keys: Vec<String> =
                found.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(ddl_error)?;
            let Some(last) = keys.last() else { return Ok(()) };
            purged.rows += match how {
                Purging::Counted => keys.len() as u64,
                Purging::Removed { .. } => {
                    // a purge that has nothing to forget leaves the horizon where it is
                    let horizon = match moved {
                        Some(horizon) => horizon,
                        None => self.move_horizon(client, target, &age, by).await?,
                    };
                    (moved, purged.horizon) = (Some(horizon), Some(horizon));
                    let parameters: [&(dyn ToSql + Sync); 3] = [&horizon, &source, &keys];
                    self.of_no_row(client, by, client.execute(&remove, &parameters)).await?
                }
            };
            after.clone_from(last);
        }
    }

    async fn move_horizon(
        &self,
        client: &Object,
        target: &KnownTarget,
        age: &str,
        by: Deadline,
    ) -> Result<jiff::Timestamp> {
        let sql = self.fill_own(include_str!("../../../sql/postgres/move_horizon.sql"), &[]);
        let parameters: [&(dyn ToSql + Sync); 2] = [&target.name, &age];
        let row = self.of_no_row(client, by, client.query_one(&sql, &parameters)).await?;
        row.try_get(0).map_err(ddl_error)
    }

    /// A statement of which no row is the cause when it is refused.
    async fn of_no_row<T>(
        &self,
        client: &Object,
        by: Deadline,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        self.bounded_as(client, by, work, |error| driver_error(error, ErrorKind::Schema)).await
    }
}
