//! Purging a database: the tombstones of all its targets, and dead letters beyond their retention.

use super::any::Database;
use super::targets::{LATE, Purged, Purging, is_late};
use crate::error::{Code, Error, Result};
use crate::json::write_string;
use crate::route::{DEAD_LETTERS, REGISTRY};
use std::time::Duration;

/// What a purge did to a database.
#[derive(Debug, Default)]
pub struct Purge {
    /// Target by target.
    pub targets: Vec<Purged>,
    /// Dead letters beyond their retention that were removed; `None` when none were looked for.
    pub dead_letters: Option<u64>,
    /// What could not be purged, and why. The others are.
    pub failed: Vec<Error>,
}

impl Purge {
    /// Whether nothing was left for want of time.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.targets.iter().all(|target| target.is_complete)
    }

    /// As one line:
    /// `{"targets":[{"target":"public.orders","tombstones":2,"horizon":"2026-03-02T08:35:30.123456Z"}],`
    /// `"dead_letters":0,"complete":true}`; `horizon` and `dead_letters` may be null.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = |text: &str| {
            let mut json = String::new();
            write_string(&mut json, text);
            json
        };
        let targets = self.targets.iter().map(|target| {
            let horizon = target.horizon.map(|horizon| text(&format!("{horizon:.6}")));
            let (name, rows) = (text(&target.target), target.rows);
            let horizon = horizon.as_deref().unwrap_or("null");
            format!(r#"{{"target":{name},"tombstones":{rows},"horizon":{horizon}}}"#)
        });
        let targets = targets.collect::<Vec<_>>().join(",");
        let letters = self.dead_letters.map_or_else(|| "null".to_owned(), |letters| letters.to_string());
        let complete = self.is_complete();
        format!(r#"{{"targets":[{targets}],"dead_letters":{letters},"complete":{complete}}}"#)
    }
}

impl Database {
    /// Purges target by target, so that one that cannot be purged does not keep the others, and then removes dead
    /// letters beyond their retention.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub async fn purge_all(&self, older_than: Duration, how: Purging) -> Result<Purge> {
        let mut done = Purge::default();
        for target in self.targets().await? {
            match self.purge(&target, older_than, how).await {
                Ok(purged) => done.targets.push(purged),
                Err(error) if is_late(how.deadline(), &error) => {
                    done.targets.push(Purged { is_complete: false, ..Purged::nothing(&target) });
                }
                // somebody dropped it
                Err(error) if error.code() == Code::LostObject => tracing::warn!(
                    target = target.name,
                    "{} was left out: its storage table is gone. Delete its line in {REGISTRY}.",
                    target.name
                ),
                Err(error) => done.failed.push(of(&target.name, &error)),
            }
        }
        if let Purging::Removed { by } = how
            && !by.is_within(LATE)
        {
            match self.expire_dead_letters().await {
                Ok(expired) => done.dead_letters = Some(expired),
                Err(error) => done.failed.push(of(DEAD_LETTERS, &error)),
            }
        }
        Ok(done)
    }
}

/// The error of one table among others.
fn of(table: &str, error: &Error) -> Error {
    let named =
        Error::new(error.kind(), error.code(), format!("{table} was not purged. {}", error.message()));
    match error.sqlstate() {
        Some(sqlstate) => named.with_sqlstate(sqlstate),
        None => named,
    }
}
