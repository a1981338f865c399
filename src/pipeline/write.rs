//! A chunk on its way into the database: its targets are made sure of, and its changes written wave by wave.

use super::chunk::Chunk;
use super::flow::Flow;
use super::lake::{Kept, Lake};
use crate::catalogue::TableSchema;
use crate::coalesce::{Fate, Schedule};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::event::Key;
use crate::plan::plan;
use crate::record::Record;
use crate::route::RoutedChange;
use crate::sink::{Binding, RowOutcome, Sink, Store as _, Truncation};
use crate::source::SourceIdentity;
use std::collections::HashSet;
use std::sync::Arc;
use tracing::debug_span;

/// Source table and canonical key.
pub type TableKey = (String, String);

pub(super) fn table_key(change: &RoutedChange) -> Option<TableKey> {
    Some((change.event.table.clone(), change.event.key.as_ref()?.as_str().to_owned()))
}
/// A chunk after its writes.
pub(super) struct Written {
    pub(super) chunk: Chunk,
    pub(super) settled: Vec<(RoutedChange, Option<Fate>)>,
    /// What became of the changes that are archived.
    pub(super) kept: Kept,
    pub(super) error: Option<Error>,
}

pub(super) async fn write<S: Sink>(
    flow: &Flow,
    sink: &S,
    records: &[Record],
    mut chunk: Chunk,
    parked: &HashSet<TableKey>,
    deadline: Deadline,
) -> Written {
    let mut changes = std::mem::take(&mut chunk.changes);
    let mut settled = Vec::new();
    if let Some(failure) = chunk.failure.take() {
        settled.extend(changes.into_iter().map(|change| (change, None)));
        return Written { chunk, settled, kept: Kept::default(), error: Some(failure) };
    }
    let prepared = prepare(flow, sink, records, &chunk.schemas, &mut changes, &mut settled, deadline);
    if let Err(error) = prepared.await {
        settled.extend(changes.into_iter().map(|change| (change, None)));
        return Written { chunk, settled, kept: Kept::default(), error: Some(error) };
    }
    let truncates = std::mem::take(&mut chunk.truncates);
    let mut truncates: Vec<(RoutedChange, Option<Fate>)> =
        truncates.into_iter().map(|it| (it, None)).collect();
    let mut schedule = Schedule::new(changes);
    let mut kept = Kept::default();
    let mut error = block_patches(flow, sink, &mut schedule, parked, deadline).await.err();
    if error.is_none() {
        if let Some(lake) = &flow.lake {
            kept = Box::pin(keep(lake, records, &truncates, &mut schedule, deadline)).await;
        }
        error = run(flow, sink, records, &mut truncates, &mut schedule, &kept, deadline).await.err();
    }
    settled.append(&mut schedule.finish());
    settled.append(&mut truncates);
    Written { chunk, settled, kept, error }
}

/// Archives what is about to be written, and takes out of that what cannot be archived.
async fn keep(
    lake: &Lake,
    records: &[Record],
    truncates: &[(RoutedChange, Option<Fate>)],
    schedule: &mut Schedule,
    deadline: Deadline,
) -> Kept {
    // truncates have places behind all others
    let behind = schedule.changes().len();
    let truncates = truncates.iter().enumerate().map(|(at, (change, _))| (behind + at, change));
    let kept = lake.keep(records, schedule.unsettled().chain(truncates), deadline).await;
    schedule.withhold(&kept.withheld);
    kept
}

/// Makes sure that the targets of a chunk are there and are those of its changes. Changes whose target is not go to
/// `settled`: a fault of one table does not stop the others.
pub(super) async fn prepare<S: Sink>(
    flow: &Flow,
    sink: &S,
    records: &[Record],
    schemas: &[TableSchema],
    changes: &mut Vec<RoutedChange>,
    settled: &mut Vec<(RoutedChange, Option<Fate>)>,
    deadline: Deadline,
) -> Result<()> {
    if let Some(store) = sink.store().filter(|_| !schemas.is_empty()) {
        // rare: kept out of the future of every batch
        Box::pin(store.record_schemas(schemas, deadline)).await?;
    }
    let (bindings, binding_of) = bindings(flow, records, changes);
    let mut faults: Vec<Option<Arc<Error>>> = Vec::with_capacity(bindings.len());
    for binding in &bindings {
        let prepared = sink.prepare(binding, deadline).await;
        faults.push(
            prepared.map_or_else(|error| flow.tolerated(&binding.target, error).map(Some), |()| Ok(None))?,
        );
    }
    if faults.iter().all(Option::is_none) {
        return Ok(());
    }
    for (change, binding) in std::mem::take(changes).into_iter().zip(binding_of) {
        match faults.get(binding).cloned().flatten() {
            Some(error) => settled.push((change, Some(Fate::Fault(error)))),
            None => changes.push(change),
        }
    }
    Ok(())
}

/// Writes wave after wave until every change of the chunk is settled.
pub(super) async fn run<S: Sink>(
    flow: &Flow,
    sink: &S,
    records: &[Record],
    truncates: &mut [(RoutedChange, Option<Fate>)],
    schedule: &mut Schedule,
    kept: &Kept,
    deadline: Deadline,
) -> Result<()> {
    // before or behind the chunk's other changes is all the same: versions decide what a truncate removes
    let behind = schedule.changes().len();
    for (_, (change, fate)) in (behind..).zip(truncates).filter(|(place, _)| !kept.withheld.contains(place)) {
        *fate = Some(match Box::pin(truncate(flow, sink, records, change, deadline)).await {
            Ok(outcome) => fate_of(outcome),
            Err(error) => Fate::Fault(flow.tolerated(&change.target, error)?),
        });
    }
    loop {
        let wave = schedule.wave();
        if wave.is_empty() {
            return Ok(());
        }
        let planned = debug_span!("plan", changes = wave.len()).in_scope(|| plan(schedule, &wave));
        for write in planned {
            match sink.apply(&write, deadline).await {
                Ok(outcomes) => {
                    assert_eq!(outcomes.len(), write.rows.len(), "every row has exactly one outcome");
                    for (row, outcome) in write.rows.iter().zip(outcomes) {
                        schedule.settle(row.change, fate_of(outcome));
                    }
                }
                Err(error) => schedule.give_up(&write.target, &flow.tolerated(&write.target, error)?),
            }
        }
    }
}

pub(super) fn fate_of(outcome: RowOutcome) -> Fate {
    match outcome {
        RowOutcome::Applied => Fate::Applied,
        RowOutcome::Stale => Fate::Stale,
        RowOutcome::StaleButLater => Fate::StaleButLater,
        RowOutcome::Refused(error) => Fate::Refused(error),
    }
}

pub(super) async fn truncate<S: Sink>(
    flow: &Flow,
    sink: &S,
    records: &[Record],
    change: &RoutedChange,
    deadline: Deadline,
) -> Result<RowOutcome> {
    let event = &change.event;
    let truncation = Truncation {
        target: change.target.clone(),
        version: event.version.as_str().to_owned(),
        changed_at: event.changed_at,
        source: event.source.clone(),
        epoch: flow.epoch,
        position: records.get(change.origin.record).map(|record| record.position.clone()).unwrap_or_default(),
    };
    sink.truncate(&truncation, deadline).await
}

/// What the changes of a chunk say of their targets, and which of it each change says.
pub(super) fn bindings(
    flow: &Flow,
    records: &[Record],
    changes: &[RoutedChange],
) -> (Vec<Binding>, Vec<usize>) {
    let mut bindings: Vec<Binding> = Vec::new();
    let says = |binding: &Binding, change: &RoutedChange| {
        let names = change.event.key.iter().flat_map(Key::names);
        Arc::ptr_eq(&binding.target, &change.target)
            && binding.scheme == change.event.version.scheme()
            && binding.key_names.iter().map(String::as_str).eq(names)
            && (binding.target.is_merged() || binding.source == change.event.source)
            && (binding.key_types.is_empty() || binding.key_types.iter().eq(types_of(change)))
    };
    let mut last = 0;
    let mut binding_of = Vec::with_capacity(changes.len());
    for change in changes {
        let is_last = bindings.get(last).is_some_and(|binding| says(binding, change));
        if !is_last {
            last = bindings.iter().position(|binding| says(binding, change)).unwrap_or(bindings.len());
        }
        if last == bindings.len() {
            bindings.push(binding(flow, records, change));
        }
        binding_of.push(last);
    }
    (bindings, binding_of)
}

pub(super) fn binding(flow: &Flow, records: &[Record], change: &RoutedChange) -> Binding {
    let (event, is_merged) = (&change.event, change.target.is_merged());
    // a document database may mix the types of a key
    let is_typed = change.origin.decoder.is_some_and(|name| flow.decoders.types_keys(name))
        && !event.key.iter().flat_map(Key::names).eq(["_id"]);
    Binding {
        target: change.target.clone(),
        key_names: event.key.iter().flat_map(Key::names).map(str::to_owned).collect(),
        key_types: if is_typed { types_of(change).map(str::to_owned).collect() } else { Vec::new() },
        scheme: event.version.scheme(),
        epoch: flow.epoch,
        source: if is_merged { SourceIdentity::default() } else { event.source.clone() },
        position: records.get(change.origin.record).map(|record| record.position.clone()).unwrap_or_default(),
    }
}

pub(super) fn types_of(change: &RoutedChange) -> impl Iterator<Item = &'static str> {
    change.event.key.iter().flat_map(Key::types)
}

/// Blocks the patches of keys with a parked change: parked before, or to be parked with this batch.
pub(super) async fn block_patches<S: Sink>(
    flow: &Flow,
    sink: &S,
    schedule: &mut Schedule,
    parked: &HashSet<TableKey>,
    deadline: Deadline,
) -> Result<()> {
    let table_and_key = |index: usize| Some((index, schedule.change(index).and_then(table_key)?));
    let patched: Vec<(usize, TableKey)> = schedule.patched_keys().filter_map(table_and_key).collect();
    if patched.is_empty() {
        return Ok(());
    }
    let keys: Vec<TableKey> = patched.iter().map(|(_, key)| key.clone()).collect();
    let blocked = match sink.store().filter(|_| !flow.redriving) {
        Some(store) => store.blocked(&keys, deadline).await?,
        None => HashSet::new(),
    };
    for (index, _) in patched.iter().filter(|(_, key)| blocked.contains(key) || parked.contains(key)) {
        schedule.block(*index);
    }
    Ok(())
}
