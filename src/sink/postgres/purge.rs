//! Forgetting deleted rows: tombstones that are older than any delivery may be.

use super::Postgres;
use super::errors::ddl_error;
use crate::deadline::Deadline;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::plan::{fill, relation};
use crate::route::DEAD_LETTERS;
use crate::sink::letters::{LETTER_KEY_MAX, LETTER_TABLE_MAX, bounded};
use crate::sink::registry::KnownTarget;
use crate::sink::targets::{Purged, Purging, is_late};
use deadpool_postgres::Object;
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
        let nothing = Purged::nothing(target);
        if !target.has_tombstones() {
            return Ok(nothing);
        }
        let client = self.client(how.deadline()).await?;
        let letters = self.own(DEAD_LETTERS);
        let old = Old {
            storage: relation(&target.schema, &target.storage),
            key_max: LETTER_KEY_MAX.to_string(),
            source: bounded(target.source.clone(), LETTER_TABLE_MAX),
            age: format!("{} microseconds", older_than.as_micros()),
            letters,
        };
        let mut purged = nothing;
        let Purging::Removed { by } = how else {
            let sql = fill(include_str!("../../../sql/postgres/count_purgeable.sql"), &old.places());
            let row = self.answered(&client, client.query_one(&sql, &[&old.age, &old.source])).await?;
            let count: i64 = row.try_get(0).map_err(ddl_error)?;
            purged.rows = u64::try_from(count).unwrap_or_default();
            return Ok(purged);
        };
        match self.purge_rows(&client, target, &old, by, &mut purged).await {
            Err(error) if is_late(by, &error) => purged.is_complete = false,
            done => done?,
        }
        Ok(purged)
    }

    /// Page by page, in the order of the keys.
    async fn purge_rows(
        &self,
        client: &Object,
        target: &KnownTarget,
        old: &Old,
        by: Deadline,
        purged: &mut Purged,
    ) -> Result<()> {
        let find = fill(include_str!("../../../sql/postgres/find_purgeable.sql"), &old.places());
        let remove = fill(include_str!("../../../sql/postgres/purge.sql"), &old.places());
        let (mut after, mut horizon) = (String::new(), None);
        loop {
            let page: [&(dyn ToSql + Sync); 4] = [&old.age, &after, &PURGE_ROWS, &old.source];
            let found = self.bounded(client, by, client.query(&find, &page)).await.map_err(of_no_row)?;
            let keys: Vec<String> =
                found.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(ddl_error)?;
            let Some(last) = keys.last() else { return Ok(()) };
            // a purge that has nothing to forget leaves the horizon where it is
            let up_to = match horizon {
                Some(moved) => moved,
                None => {
                    let sql = self.fill_own(include_str!("../../../sql/postgres/move_horizon.sql"), &[]);
                    let parameters: [&(dyn ToSql + Sync); 2] = [&target.name, &old.age];
                    let moving = client.query_one(&sql, &parameters);
                    let row = self.bounded(client, by, moving).await.map_err(of_no_row)?;
                    row.try_get(0).map_err(ddl_error)?
                }
            };
            horizon = Some(up_to);
            purged.horizon = horizon;
            let parameters: [&(dyn ToSql + Sync); 3] = [&up_to, &old.source, &keys];
            let removed = self.bounded(client, by, client.execute(&remove, &parameters)).await;
            purged.rows += removed.map_err(of_no_row)?;
            after.clone_from(last);
        }
    }
}

/// The tombstones of a target that are old enough.
struct Old {
    storage: String,
    letters: String,
    key_max: String,
    source: String,
    age: String,
}

impl Old {
    fn places(&self) -> [(&str, &str); 3] {
        [("storage", &self.storage), ("dead_letters", &self.letters), ("key_max", &self.key_max)]
    }
}

/// No row is the cause of what the database refuses here.
fn of_no_row(error: Error) -> Error {
    if error.kind() != ErrorKind::Rejected {
        return error;
    }
    let refused = Error::new(ErrorKind::Schema, Code::Configuration, error.message());
    match error.sqlstate() {
        Some(sqlstate) => refused.with_sqlstate(sqlstate),
        None => refused,
    }
}
