//! Whether the sink has what the source has, row by row.
//!
//! The rows of the source go through the reader of a snapshot and through the flow, into a sink that only compares.
//! What differs may be on its way, so it is looked at again after a while: pages in which something differed are read
//! again, and a key that the source seemed to lack is looked for in the whole of it. Only what differs both times
//! counts.

use super::compare::{Comparer, Kind};
use super::durable::durable;
use super::head::Head;
use super::run::Snapshot;
use super::source::{Plan, Reader};
use super::table::{Described, Page, Range};
use super::tables::Chosen;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::event::Timestamp;
use crate::pipeline::{Flow, process};
use crate::route::MERGED;
use crate::sink::{Database, Filter, KnownTarget, Sink};
use std::collections::HashSet;
use std::time::Duration;

/// Keys of the sink that are read at a time.
pub(super) const KEYS: i64 = 10_000;
/// Differences that are looked at a second time; where there are more, nobody needs each of them.
pub(super) const DIFFERENCES_MAX: usize = 100_000;
/// Letters of a row that are told.
const LETTERS_MAX: i64 = 10;

/// How a table is verified.
#[derive(Debug, Clone, Copy)]
pub struct Verifying {
    /// How long a difference must last.
    pub settle: Duration,
    /// About which share of the rows is compared, above 0 and up to 1. Of less than all of them nobody can say what the
    /// sink has too much.
    pub share: f64,
}

/// A row in which source and sink differ.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Difference {
    /// The canonical key; of a row without one, its position among those that were read.
    pub key: String,
    /// What differs.
    pub kind: Kind,
    /// The numbers of its letters that wait to be redriven: the reason, where there are any.
    pub parked: Vec<i64>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// Rows of the source that were compared.
    pub rows: u64,
    /// Rows that differ.
    pub differences: u64,
    /// Whether all rows were compared, and those that the sink has too much were looked for.
    pub is_whole: bool,
    /// Whether there are more differences, which were not looked at a second time.
    pub has_more: bool,
    /// Rows that the sink has in a newer version than an archive, which is of one moment.
    pub newer: u64,
}

/// A table at work.
struct Work<'a, S> {
    job: &'a Snapshot<'a, S>,
    database: &'a Database,
    target: &'a KnownTarget,
    described: Described,
    plan: Plan,
    flow: Flow,
    head: Head,
}

impl<S: Sink> Snapshot<'_, S> {
    /// Compares a table with its target; `each` is called with every difference, `seen` with the number of rows of each
    /// page.
    ///
    /// # Errors
    /// When one of the two cannot be read, or nothing was ever written for the table.
    pub async fn verify(
        &self,
        chosen: &Chosen,
        how: Verifying,
        seen: &(dyn Fn(u64) + Sync),
        each: &mut (dyn FnMut(&Difference) -> Result<()> + Send),
    ) -> Result<Verified> {
        let Some((_, database)) = self.sink() else {
            return Err(Error::config("There is no sink to compare with: name it by --sink URL."));
        };
        let known = database.targets().await?;
        let ((described, plan), flow, target) = Box::pin(self.verified(chosen, &known)).await?;
        let head = Head::new(&described, 'l', Timestamp(1), "verify");
        let flow = flow.without_archive();
        let work = Work { job: self, database, target, described, plan, flow, head };
        let parts = Box::pin(work.parts(how.share)).await?;
        let comparer = Comparer::new(database, target);
        let (rows, suspicious) = Box::pin(work.pass(&parts, &comparer, seen)).await?;
        let doubled = comparer.sort_keys();
        if doubled > 0 {
            tracing::warn!(
                table = work.described.name,
                rows = doubled,
                "Rows of the source share their key with another row: the target has one row for each key."
            );
        }
        let is_whole = how.share >= 1.0
            && chosen.table.filter.is_none()
            && chosen.table.query.is_none()
            // what other sources brought is not too much
            && work.target.source != MERGED
            // it may be any of those that seem to be too much
            && !comparer.has_nameless();
        let extra = if is_whole { Box::pin(work.not_seen(&comparer)).await? } else { Vec::new() };
        // one for each row
        drop(comparer);
        let suspects = suspicious.iter().map(|(_, keys)| keys.len()).sum::<usize>();
        let has_more = suspects >= DIFFERENCES_MAX || extra.len() >= DIFFERENCES_MAX;
        let mut verified = Verified { rows, differences: 0, is_whole, has_more, newer: 0 };
        if suspicious.is_empty() && extra.is_empty() {
            return Ok(verified);
        }
        tokio::time::sleep(how.settle).await;
        for difference in Box::pin(work.lasting(suspicious, extra)).await? {
            verified.differences += 1;
            each(&explained(database, &work.described.name, difference).await?)?;
        }
        Ok(verified)
    }
}

/// A page in which something differed, and the keys.
type Suspicious = (Range, HashSet<String>);

impl<S: Sink> Work<'_, S> {
    /// The ranges that are read: all of the table, or some of many.
    async fn parts(&self, share: f64) -> Result<Vec<Range>> {
        if share >= 1.0 {
            return Ok(vec![Range::default()]);
        }
        let wanted = (2.0 / share).ceil().clamp(2.0, 1_000.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 2 to 1,000")]
        let parts =
            self.job.source().split((&self.described, &self.plan), wanted as u64, Deadline::never()).await?;
        // others each time
        let start = jiff::Timestamp::now().subsec_nanosecond().unsigned_abs() as usize;
        let step = parts.len().div_ceil(2).max(1);
        let parts_taken = parts.len().min(2);
        Ok(parts.into_iter().cycle().skip(start % step).step_by(step).take(parts_taken).collect())
    }

    async fn open(&self, range: &Range) -> Result<Reader> {
        self.job.source().open((&self.described, &self.plan), range, None).await
    }

    /// Compares the rows of a page, `before` rows behind the first: what differs.
    async fn compare(
        &self,
        page: &Page,
        before: u64,
        comparer: &Comparer<'_>,
    ) -> Result<Vec<(String, Kind)>> {
        let records = self.head.records(page, 0, before);
        let became = durable(process(&self.flow, comparer, &records, Deadline::never()).await)?;
        comparer.taken(u64::try_from(became.applied + became.stale).unwrap_or_default());
        Ok(comparer.take())
    }

    /// Compares the rows of some ranges: how many, and the pages in which something differs.
    async fn pass(
        &self,
        ranges: &[Range],
        comparer: &Comparer<'_>,
        seen: &(dyn Fn(u64) + Sync),
    ) -> Result<(u64, Vec<Suspicious>)> {
        let (mut rows, mut suspicious, mut kept) = (0, Vec::new(), 0);
        for range in ranges {
            let mut reader = self.open(range).await?;
            let mut after = range.after.clone();
            while let Some(page) = reader.page().await? {
                let differing = self.compare(&page, rows, comparer).await?;
                let count = u64::try_from(page.rows).unwrap_or_default();
                rows += count;
                seen(count);
                let keys: HashSet<String> = differing.into_iter().map(|(key, _)| key).collect();
                let until = page.after.clone();
                let before = std::mem::replace(&mut after, until.clone());
                kept += keys.len();
                if !keys.is_empty() && kept < DIFFERENCES_MAX + keys.len() {
                    suspicious.push((self.plan.again(range, before, until), keys));
                }
            }
        }
        Ok((rows, suspicious))
    }

    /// Live keys of the target that the source has not.
    async fn not_seen(&self, comparer: &Comparer<'_>) -> Result<Vec<String>> {
        let (mut after, mut found) = (String::new(), Vec::new());
        loop {
            let keys = self.database.live_keys(self.target, &after, KEYS).await?;
            let Some(last) = keys.last() else { return Ok(found) };
            after.clone_from(last);
            found.extend(keys.into_iter().filter(|key| !comparer.has_key(key)));
            found.truncate(DIFFERENCES_MAX);
        }
    }

    /// What still differs.
    async fn lasting(&self, suspicious: Vec<Suspicious>, extra: Vec<String>) -> Result<Vec<(String, Kind)>> {
        let mut lasting = Vec::new();
        let mut ranges: Vec<Range> = suspicious.iter().map(|(range, _)| range.clone()).collect();
        ranges.dedup();
        let keys: HashSet<String> = suspicious.into_iter().flat_map(|(_, keys)| keys).collect();
        for range in ranges {
            let comparer = Comparer::new(self.database, self.target);
            let mut reader = self.open(&range).await?;
            while let Some(page) = reader.page().await? {
                let differing = self.compare(&page, 0, &comparer).await?;
                // where rows have no key, only their number tells them apart, and that is another now
                let lasts =
                    |(key, kind): &(String, Kind)| keys.contains(key) || matches!(kind, Kind::Unfit(_));
                lasting.extend(differing.into_iter().filter(lasts));
            }
        }
        if extra.is_empty() {
            return Ok(lasting);
        }
        let again = Comparer::new(self.database, self.target).of_keys();
        Box::pin(self.pass(&[Range::default()], &again, &|_| {})).await?;
        again.sort_keys();
        for keys in extra.chunks(usize::try_from(KEYS).unwrap_or(1)) {
            let stored = self.database.stored_rows(self.target, keys).await?;
            let extra = stored.into_iter().filter(|row| !row.row.deleted && !again.has_key(&row.key));
            lasting.extend(extra.map(|row| (row.key, Kind::Extra)));
        }
        Ok(lasting)
    }
}

/// A difference with what is parked of its row.
pub(super) async fn explained(
    database: &Database,
    table: &str,
    (key, kind): (String, Kind),
) -> Result<Difference> {
    let filter =
        Filter { table: Some(table.to_owned()), key: Some(key.clone()), open: true, ..Filter::default() };
    let letters = database.dead_letters(&filter, 0, LETTERS_MAX).await?;
    Ok(Difference { key, kind, parked: letters.iter().map(|letter| letter.id).collect() })
}
