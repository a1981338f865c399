//! Picks the parts of a parked record that belong to the rows being redriven.

use super::chunk::RowId;
use super::flow::Flow;
use crate::decode::Decoded;
use crate::decoders::Part;
use crate::error::Result;
use crate::event::ChangeEvent;
use std::collections::HashMap;

/// The parts of a record that concern the rows which are to be changed, each with the number that it begins with where
/// a row has one part alone: what other parts come to by now, and so their numbers, may have changed. None when all are
/// to be applied, as when a row's key is called otherwise by now.
pub(super) fn wanted(flow: &Flow, parts: &[Part], only: &[(RowId, u32)]) -> HashMap<usize, Option<u32>> {
    let mut places: HashMap<RowId, Vec<(usize, u32)>> = HashMap::new();
    for (at, part) in parts.iter().enumerate().filter(|_| !only.is_empty()) {
        for (row, place) in rows(flow, &part.decoded).into_iter().zip(0..) {
            let found = places.entry(row).or_default();
            if found.last().is_none_or(|(last, _)| *last != at) {
                found.push((at, place));
            }
        }
    }
    let mut wanted = HashMap::new();
    for (row, number) in only {
        match places.get(&row.clone().stored()).map(Vec::as_slice) {
            None => return HashMap::new(),
            Some([(at, place)]) => {
                wanted.insert(*at, Some(number.saturating_sub(*place)));
            }
            Some(several) => several.iter().for_each(|(at, _)| _ = wanted.entry(*at).or_insert(None)),
        }
    }
    wanted
}

/// How many numbers a part takes.
pub(super) fn numbers(part: &Result<Decoded>) -> u32 {
    match part {
        Ok(Decoded::Events(events)) => u32::try_from(events.len()).unwrap_or(u32::MAX).max(1),
        Ok(Decoded::Ignored(_) | Decoded::Unrouted { .. } | Decoded::Schema(_) | Decoded::Parts(_))
        | Err(_) => 1,
    }
}

/// The rows that a part's events change, or would if they could be applied.
fn rows(flow: &Flow, part: &Result<Decoded>) -> Vec<RowId> {
    let of_event = |event: &ChangeEvent| flow.row_of(event.clone()).stored();
    match part {
        Ok(Decoded::Events(events)) => events.iter().map(of_event).collect(),
        Ok(Decoded::Ignored(_) | Decoded::Unrouted { .. } | Decoded::Schema(_) | Decoded::Parts(_)) => {
            Vec::new()
        }
        Err(error) => vec![RowId::of_error(error).stored()],
    }
}
