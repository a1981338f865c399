//! Purging a database: the tombstones of the targets of a configuration, and dead letters beyond their retention.

use super::any::Database;
use super::letters::{LETTER_TABLE_MAX, bounded};
use super::registry::KnownTarget;
use super::targets::{LATE, Purged, Purging, is_late};
use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::{Code, Error, Result};
use crate::json::quoted as text;
use crate::plan::Dialect;
use crate::policy::Policy;
use crate::route::{DEAD_LETTERS, MERGED, REGISTRY, Routes};
use crate::source::SourceTable;
use std::time::Duration;

/// What a purge did to a database.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Purge {
    /// Target by target.
    pub targets: Vec<Purged>,
    /// Dead letters beyond their retention that were removed; `None` when none were looked for.
    pub dead_letters: Option<u64>,
    /// Targets that no route of the configuration leads to: they have another's retention.
    pub left_alone: Vec<String>,
    /// What could not be purged, and why. The others are.
    pub failed: Vec<(String, Error)>,
    letters_are_left: bool,
}

impl Purge {
    /// Whether nothing was left for want of time, or because it failed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && !self.letters_are_left && self.targets.iter().all(|it| it.is_complete)
    }

    /// As one line:
    /// `{"targets":[{"target":"public.orders","tombstones":2,"horizon":"2026-03-02T08:35:30.123456Z"}],`
    /// `"dead_letters":0,"left_alone":[],"failed":[],"complete":true}`; `horizon` and `dead_letters` may be null.
    #[must_use]
    pub fn to_json(&self) -> String {
        let targets = self.targets.iter().map(|target| {
            let horizon = target.horizon.map(|horizon| text(&format!("{horizon:.6}")));
            let (name, rows) = (text(&target.target), target.rows);
            let horizon = horizon.as_deref().unwrap_or("null");
            format!(r#"{{"target":{name},"tombstones":{rows},"horizon":{horizon}}}"#)
        });
        let targets = targets.collect::<Vec<_>>().join(",");
        let letters = self.dead_letters.map_or_else(|| "null".to_owned(), |letters| letters.to_string());
        let list = |names: Vec<String>| names.join(",");
        let left_alone = list(self.left_alone.iter().map(|name| text(name)).collect());
        let failed = list(self.failed.iter().map(|(name, _)| text(name)).collect());
        let complete = self.is_complete();
        format!(
            r#"{{"targets":[{targets}],"dead_letters":{letters},"left_alone":[{left_alone}],"failed":[{failed}],"complete":{complete}}}"#
        )
    }
}

impl Database {
    /// Removes dead letters beyond their retention, and then purges the targets to which the routes of the
    /// configuration lead; without routes, all. Each gets its share of the time, so that one that is large, locked or
    /// refused does not keep the others.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub async fn purge_all(&self, older_than: Duration, how: Purging) -> Result<Purge> {
        let by = how.deadline();
        let config = self.config(by).await?;
        let is_ours = ours(&config, self.dialect(by).await?);
        let (targets, others): (Vec<_>, Vec<_>) = self.targets_by(by).await?.into_iter().partition(is_ours);
        let mut done = Purge::default();
        if let Purging::Removed { .. } = how {
            let except: Vec<String> = others
                .iter()
                .filter(|other| targets.iter().all(|target| target.source != other.source))
                .map(|other| bounded(other.source.clone(), LETTER_TABLE_MAX))
                .collect();
            let by = share(by, targets.len() + 1);
            match self.expire_dead_letters(&except, by).await {
                Ok(expired) => done.dead_letters = Some(expired),
                Err(error) if is_late(by, &error) => done.letters_are_left = true,
                Err(error) => done.failed.push(of(DEAD_LETTERS, &error)),
            }
        }
        done.left_alone = others.into_iter().map(|target| target.name).collect();
        let count = targets.len();
        for (at, target) in targets.into_iter().enumerate() {
            let how = match how {
                Purging::Removed { .. } => Purging::Removed { by: share(by, count - at) },
                Purging::Counted => Purging::Counted,
            };
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
        Ok(done)
    }
}

/// The time of the next of so many that are still to come.
fn share(by: Deadline, count: usize) -> Deadline {
    let count = u32::try_from(count).unwrap_or(u32::MAX).max(1);
    match by.remaining() {
        // what is too little for a share is all for the next
        Some(left) if left / count > 2 * LATE => Deadline::after(left / count),
        _ => by,
    }
}

/// Whether a target is one of a configuration: a route leads there, or there are no routes. The sources of a merged
/// target are not told, so it is one of every configuration that merges.
fn ours(config: &Config, dialect: Dialect) -> impl Fn(&KnownTarget) -> bool + use<> {
    let takes_all = config.routes.is_empty();
    let merges = config.routes.iter().any(|route| route.merge);
    let routes = Routes::new(Policy::from(config));
    move |target| {
        if takes_all || (target.source == MERGED && merges) {
            return true;
        }
        let led_to = routes.target(SourceTable::new(&target.source, &target.identity));
        led_to.is_ok_and(|led_to| {
            led_to.is_some_and(|led_to| dialect.named(&led_to).qualified() == target.name)
        })
    }
}

/// The error of one table among others.
fn of(table: &str, error: &Error) -> (String, Error) {
    let named =
        Error::new(error.kind(), error.code(), format!("{table} was not purged. {}", error.message()));
    let named = match error.sqlstate() {
        Some(sqlstate) => named.with_sqlstate(sqlstate),
        None => named,
    };
    (table.to_owned(), named)
}
