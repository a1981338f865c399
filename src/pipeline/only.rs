//! Of a parked record that holds several changes, those of one row: what a redrive applies.

use super::{Batch, Flow, Row, process_of};
use crate::decode::{Decoded, Part};
use crate::error::Result;
use crate::event::{ChangeEvent, Key};
use crate::materialize::{Deadline, Materializer};
use crate::record::Record;
use crate::report::Report;

/// Takes a parked record through the flow, of which only what concerns one row is to be applied, where its parts tell;
/// with the number that the row's change was parked under.
pub(crate) async fn process_row<M: Materializer>(
    flow: &Flow,
    sink: &M,
    record: &Record,
    only: &(Row, u32),
    deadline: Deadline,
) -> Report {
    let batch = Batch { only: Some(only), ..flow.batch(std::slice::from_ref(record)) };
    process_of(batch, sink, deadline).await
}

/// The parts of a record that concern the only row which is to be changed, and the number of one that stands alone:
/// what other parts come to by now, and so their numbers, may have changed. None when all are to be applied, as when
/// the row's key is called otherwise by now.
pub(super) fn wanted(flow: &Flow, parts: &[Part], (row, number): &(Row, u32)) -> Vec<(usize, Option<u32>)> {
    let place = |(at, part): (usize, &Part)| Some((at, place_in(flow, &part.decoded, row)?));
    let found: Vec<(usize, u32)> = parts.iter().enumerate().filter_map(place).collect();
    match found.as_slice() {
        [(at, place)] => vec![(*at, Some(number.saturating_sub(*place)))],
        several => several.iter().map(|(at, _)| (*at, None)).collect(),
    }
}

/// How many numbers a part takes.
pub(super) fn numbers(part: &Result<Decoded>) -> u32 {
    match part {
        Ok(Decoded::Events(events)) => u32::try_from(events.len()).unwrap_or(u32::MAX).max(1),
        Ok(Decoded::Ignored(_) | Decoded::Schema(_) | Decoded::Parts(_)) | Err(_) => 1,
    }
}

/// Which of a part's events changes a row, if one does, or would if it could be applied.
fn place_in(flow: &Flow, part: &Result<Decoded>, row: &Row) -> Option<u32> {
    let is_row = |event: &ChangeEvent| {
        let key = event.key.clone().map(|key| flow.routes.key(event.source_table(), key));
        row.table.as_ref() == Some(&event.table) && row.key.as_deref() == key.as_ref().map(Key::as_str)
    };
    match part {
        Ok(Decoded::Events(events)) => (0..).zip(events).find(|(_, event)| is_row(event)).map(|(at, _)| at),
        Ok(Decoded::Ignored(_) | Decoded::Schema(_) | Decoded::Parts(_)) => None,
        Err(error) => {
            let is_row = error.table() == row.table.as_deref() && error.key() == row.key.as_deref();
            is_row.then_some(0)
        }
    }
}
