//! Finds stale rows whose source time is later than the stored row's: a sign that the source's positions started over.

use super::contract::RowOutcome;
use crate::event::Timestamp;
use crate::plan::{PlannedRow, Write};
use crate::version::Version;
use std::collections::HashMap;

/// When a row's change happened or, of a row that was loaded without a position, when it was read.
fn happened_at(row: &PlannedRow) -> Option<Timestamp> {
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
pub(super) fn suspects<'s>(write: &'s Write, outcomes: &[RowOutcome]) -> Vec<&'s PlannedRow> {
    let tells_more = |row: &PlannedRow| happened_at(row).is_some() || row.version.starts_with(OF_ONES_OWN);
    let rows = write.rows.iter().zip(outcomes);
    rows.filter(|(row, outcome)| matches!(outcome, RowOutcome::Stale) && tells_more(row))
        .map(|(row, _)| row)
        .collect()
}

/// What is stored by key: version, and source time.
pub(super) type Stored = HashMap<String, (String, Option<jiff::Timestamp>)>;

/// Marks the stale rows that happened later than what is stored, or count with something else. The database keeps times
/// in units of so many microseconds.
pub(super) fn mark(write: &Write, outcomes: &mut [RowOutcome], stored: &Stored, unit: i64) {
    for (row, outcome) in write.rows.iter().zip(outcomes) {
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
