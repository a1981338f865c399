//! What an operator looks at first: of each target its rows, its last change and what of it waits for a person.

use super::registry::KnownTarget;
use std::time::Duration;

/// How long the rows of one target are counted; a table that takes longer is estimated.
pub(super) const COUNTING_MAX: Duration = Duration::from_secs(2);

/// What is in a database.
#[derive(Debug, Clone)]
pub struct Status {
    /// The server's version, in its own words.
    pub version: String,
    /// The server's time.
    pub at: jiff::Timestamp,
    /// Rowtide's own tables.
    pub own_tables: Vec<OwnTable>,
    /// The targets that the registry knows, by name.
    pub targets: Vec<TargetStatus>,
    /// Parked records that are not redriven, by source table.
    pub parked: Vec<Parked>,
}

/// A table that rowtide keeps for itself.
#[derive(Debug, Clone)]
pub struct OwnTable {
    /// Its name.
    pub name: &'static str,
    /// Whether it is there.
    pub exists: bool,
    /// Columns that it lacks, since a former version made it. They are added by whoever writes next and may.
    pub lacks: Vec<&'static str>,
}

/// A target, and what was found of it.
#[derive(Debug, Clone)]
pub struct TargetStatus {
    /// What the registry knows.
    pub target: KnownTarget,
    /// Its rows, or why they could not be read.
    pub rows: Result<Rows, String>,
    /// Columns of the view with a type that does not fit all values: how many rows have a value there that the column
    /// does not show. `None` when that was not counted, because the table is large.
    pub unfit: Vec<(String, Option<u64>)>,
}

/// The rows of a target.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rows {
    /// Rows that are shown.
    pub live: u64,
    /// Deleted rows that are remembered.
    pub tombstones: u64,
    /// Rows with something that only `aux` can hold; in a sample when the others are estimated.
    pub with_aux: u64,
    /// When the newest change was made in its source.
    pub changed_at: Option<jiff::Timestamp>,
    /// When a change was last written.
    pub applied_at: Option<jiff::Timestamp>,
    /// Whether the numbers are the server's estimates, and the times those of a sample.
    pub is_estimate: bool,
}

impl Rows {
    /// How long after it was made the newest change was written.
    #[must_use]
    pub fn lag(&self) -> Option<Duration> {
        let lag = self.applied_at?.duration_since(self.changed_at?);
        // clocks differ; nothing is written before it happened
        Some(lag.try_into().unwrap_or_default())
    }
}

/// Parked records of one source table.
#[derive(Debug, Clone)]
pub struct Parked {
    /// The source table; `None` where the record does not tell.
    pub table: Option<String>,
    /// How many letters there are.
    pub letters: u64,
    /// When the first of them was parked.
    pub since: Option<jiff::Timestamp>,
}

impl Parked {
    /// As both databases answer.
    pub(super) fn read(row: &tokio_postgres::Row) -> Result<Self, tokio_postgres::Error> {
        let letters: i64 = row.try_get(1)?;
        Ok(Self { table: row.try_get(0)?, letters: whole(letters), since: row.try_get(2)? })
    }
}

impl Rows {
    /// As both databases answer: all rows, tombstones, those with something in `aux`, the two times.
    pub(super) fn read(row: &tokio_postgres::Row, is_soft: bool) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            with_aux: whole(row.try_get(2)?),
            changed_at: row.try_get(3)?,
            applied_at: row.try_get(4)?,
            ..Self::of(whole(row.try_get(0)?), whole(row.try_get(1)?), is_soft)
        })
    }

    /// So many rows, of which so many are deleted; soft ones are shown.
    pub(super) fn of(all: u64, deleted: u64, is_soft: bool) -> Self {
        let tombstones = if is_soft { 0 } else { deleted };
        Self { live: all.saturating_sub(tombstones), tombstones, ..Self::default() }
    }
}

/// A count, which is never negative.
pub(super) fn whole(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

/// What of rowtide's own tables is there, by what `columns` finds of each, and what a former version did not make.
pub(super) fn own_table(name: &'static str, columns: Option<&[String]>, needs: &[&'static str]) -> OwnTable {
    let lacks = columns.map(|columns| {
        needs.iter().filter(|needed| !columns.iter().any(|column| column == *needed)).copied().collect()
    });
    OwnTable { name, exists: columns.is_some(), lacks: lacks.unwrap_or_default() }
}
