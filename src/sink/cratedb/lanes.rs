//! How rows are spread over connections and statements.

use super::Cratedb;
use super::rows::Sent;
use crate::error::{Error, Result};
use crate::plan::cratedb::batch_rows;
use crate::plan::{PlannedRow, Write};
use crate::sink::contract::RowOutcome;
use futures_util::future::try_join_all;
use std::collections::hash_map::DefaultHasher;
use std::future::Future;
use std::hash::{Hash as _, Hasher as _};

/// Fewer rows are not worth another connection: each statement waits for the translog's fsync, and below some hundred
/// rows that is most of its time.
const LANE_ROWS_MIN: usize = 500;

/// A statement with more bytes than this takes no further row: the server holds several copies of each at once, and
/// gives up with "Data too large" before its heap is full.
const STATEMENT_BYTES_MAX: usize = 8 << 20;

impl Cratedb {
    /// Does something with each of these rows, on several connections.
    pub(super) async fn each_row<'s, F: Future<Output = Result<RowOutcome>>>(
        &self,
        indices: &[usize],
        write: &'s Write,
        outcomes: &mut [Option<RowOutcome>],
        work: impl Fn(&'s PlannedRow) -> F,
    ) -> Result<()> {
        let rows: Vec<(usize, &PlannedRow)> =
            indices.iter().filter_map(|&index| Some((index, write.rows.get(index)?))).collect();
        let size = rows.len().div_ceil(self.server.connections_max.max(1)).max(1);
        let work = &work;
        let lanes = rows.chunks(size).map(|lane| async move {
            let mut done = Vec::with_capacity(lane.len());
            for (index, row) in lane {
                done.push((*index, work(row).await?));
            }
            Ok::<_, Error>(done)
        });
        for (index, outcome) in try_join_all(lanes).await?.into_iter().flatten() {
            if let Some(slot) = outcomes.get_mut(index) {
                *slot = Some(outcome);
            }
        }
        Ok(())
    }
}

/// Spreads rows over connections, each key always on the same, no connection for very few.
pub(super) fn lanes(rows: Vec<Sent<'_>>, connections: usize) -> Vec<Vec<Sent<'_>>> {
    let number = rows.len().div_ceil(LANE_ROWS_MIN).clamp(1, connections.max(1));
    let mut lanes: Vec<Vec<Sent<'_>>> = (0..number).map(|_| Vec::new()).collect();
    for row in rows {
        let mut hasher = DefaultHasher::new();
        row.row.row.key.hash(&mut hasher);
        let lane = usize::try_from(hasher.finish() % u64::try_from(number).unwrap_or(1)).unwrap_or_default();
        if let Some(lane) = lanes.get_mut(lane) {
            lane.push(row);
        }
    }
    lanes.retain(|lane| !lane.is_empty());
    lanes
}

/// The rows of each statement of a lane.
pub(super) fn statements<'l, 'r>(lane: &'l [Sent<'r>]) -> Vec<&'l [Sent<'r>]> {
    let rows_max = batch_rows(lane.len());
    let (mut parts, mut rest, mut rows, mut bytes) = (Vec::new(), lane, 0, 0);
    for row in lane {
        bytes += row.bytes();
        if rows == rows_max || (rows > 0 && bytes > STATEMENT_BYTES_MAX) {
            let (part, behind) = rest.split_at(rows);
            parts.push(part);
            (rest, rows, bytes) = (behind, 0, row.bytes());
        }
        rows += 1;
    }
    parts.push(rest);
    parts
}
