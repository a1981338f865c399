//! The promise for every format: random histories of a table, written as that source writes them, delivered in any
//! order, more than once, in any batches; afterwards the view equals the source. Each format brings an encoder.

mod archive;
mod canal;
mod debezium;
mod dms;
mod drops;
mod dsql;
mod dynamodb;
mod dynamodb_export;
mod identities;
mod json;
mod maxwell;
mod mongodb;
mod own_members;
mod snapshot;
mod wal2json;

use crate::model::{Memory, is_done, take};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config as PropConfig, TestRunner};
use rowtide::config::Config;
use rowtide::pipeline::Flow;
use rowtide::record::Record;
use std::collections::BTreeMap;

const HISTORIES: u32 = 400;

/// A row of the source table `shop.orders`: key `id`, and two columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: u8,
    pub(crate) name: String,
    pub(crate) n: Option<i64>,
}

impl Row {
    /// The document as the view shows it, if the format keeps types.
    pub(crate) fn document(&self) -> String {
        let n = self.n.map_or_else(|| "null".to_owned(), |n| n.to_string());
        format!(r#"{{"n":{n},"name":"{}"}}"#, self.name)
    }
}

/// What happened at the source.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A row that was there before the stream started, read by a load or a snapshot.
    Load(Row),
    /// A row is new.
    Insert(Row),
    /// A row changed; its `id` too, maybe.
    Update { before: Row, after: Row },
    /// A row is gone.
    Delete(Row),
}

/// How far delivery may depart from the source's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// In any order, any number of times.
    Anyhow,
    /// In order, with stretches delivered again from an earlier record on, as after a failed batch.
    InOrder,
}

/// A format: how its source writes a history.
pub(crate) struct Format {
    /// What the route of the table needs.
    pub(crate) config: Config,
    pub(crate) delivered: Delivered,
    /// Whether the source ever changes a key.
    pub(crate) changes_keys: bool,
    /// Whether the source holds back the changes of a table until it is read.
    pub(crate) loads_first: bool,
    /// The records of the step at place `at` of the history, from 1. `Step::Load` may have none.
    pub(crate) records: fn(&Step, u64) -> Vec<Record>,
    /// The document that the view shows of a row.
    pub(crate) document: fn(&Row) -> String,
}

impl Format {
    /// A format that keeps types, may be delivered anyhow and changes keys.
    pub(crate) fn new(records: fn(&Step, u64) -> Vec<Record>) -> Self {
        Self {
            config: Config::default(),
            delivered: Delivered::Anyhow,
            changes_keys: true,
            loads_first: false,
            records,
            document: Row::document,
        }
    }
}

/// What is drawn of a history: the rows at the start, when they are read, and what is tried on which row.
#[derive(Debug, Clone)]
struct Plan {
    start: Vec<(u8, Option<i64>)>,
    read_at: usize,
    tries: Vec<(u8, u8, u8, Option<i64>)>,
    /// Sort keys of the records when they are delivered anyhow, and which come again.
    order: Vec<(u16, bool)>,
    /// Stretches that come again, when they are delivered in order: up to where, and how many.
    again: Vec<(usize, usize)>,
    batches: Vec<usize>,
}

fn plans() -> impl Strategy<Value = Plan> {
    let n = || prop_oneof![1 => Just(None), 4 => (-5..100_i64).prop_map(Some)];
    let start = vec((0..4_u8, n()), 0..4);
    let tries = vec((0..10_u8, 0..4_u8, 0..4_u8, n()), 1..14);
    let order = vec((any::<u16>(), prop::bool::weighted(0.25)), 40);
    let again = vec((1..40_usize, 1..6_usize), 0..4);
    (start, 0..14_usize, tries, order, again, vec(1..6_usize, 1..5)).prop_map(
        |(start, read_at, tries, order, again, batches)| Plan {
            start,
            read_at,
            tries,
            order,
            again,
            batches,
        },
    )
}

impl Plan {
    /// The history as it happened, and the table at its end.
    fn history(&self, format: &Format) -> (Vec<Step>, BTreeMap<u8, Row>) {
        let mut table = BTreeMap::new();
        for (id, n) in &self.start {
            table.insert(*id, Row { id: *id, name: format!("start{id}"), n: *n });
        }
        let mut steps = Vec::new();
        let read_at = if format.loads_first { 0 } else { self.read_at };
        for (at, (what, id, other, n)) in self.tries.iter().enumerate() {
            if at == read_at {
                steps.extend(table.values().cloned().map(Step::Load));
            }
            let row = |id: u8| Row { id, name: format!("r{at}"), n: *n };
            match (table.get(id).cloned(), what) {
                (None, _) => {
                    table.insert(*id, row(*id));
                    steps.push(Step::Insert(row(*id)));
                }
                (Some(before), 0..=2) => {
                    table.remove(id);
                    steps.push(Step::Delete(before));
                }
                (Some(before), 3..=4) if format.changes_keys && !table.contains_key(other) => {
                    table.remove(id);
                    table.insert(*other, row(*other));
                    steps.push(Step::Update { before, after: row(*other) });
                }
                (Some(before), _) => {
                    table.insert(*id, row(*id));
                    steps.push(Step::Update { before, after: row(*id) });
                }
            }
        }
        if read_at >= self.tries.len() {
            steps.extend(table.values().cloned().map(Step::Load));
        }
        (steps, table)
    }

    fn delivered(&self, records: Vec<Record>, how: Delivered) -> Vec<Vec<Record>> {
        let mut sent: Vec<Record> = Vec::new();
        match how {
            Delivered::Anyhow => {
                let order = |at: usize| self.order[at % self.order.len()];
                let mut placed: Vec<(u16, Record)> = Vec::new();
                for (at, record) in records.into_iter().enumerate() {
                    if order(at).1 {
                        placed.push((order(at + 17).0, record.clone()));
                    }
                    placed.push((order(at).0, record));
                }
                placed.sort_by_key(|(place, _)| *place);
                sent.extend(placed.into_iter().map(|(_, record)| record));
            }
            Delivered::InOrder => {
                for (at, record) in records.iter().enumerate() {
                    sent.push(record.clone());
                    for (_, count) in self.again.iter().filter(|(until, _)| *until == at) {
                        sent.extend_from_slice(&records[at.saturating_sub(*count)..=at]);
                    }
                }
            }
        }
        let mut sizes = self.batches.iter().cycle();
        let mut batches = Vec::new();
        while !sent.is_empty() {
            let size = (*sizes.next().unwrap()).min(sent.len());
            batches.push(sent.drain(..size).collect());
        }
        batches
    }
}

/// Runs histories of `format` and compares the view with the source. Each batch is a process of its own.
pub(crate) fn converges(format: &Format) {
    let config = PropConfig { cases: HISTORIES, failure_persistence: None, ..PropConfig::default() };
    let outcome = TestRunner::new(config).run(&plans(), |plan| {
        let (steps, table) = plan.history(format);
        let records = steps.iter().zip(1..).flat_map(|(step, at)| (format.records)(step, at)).collect();
        let memory = Memory::new();
        for batch in plan.delivered(records, format.delivered) {
            let report = take(&Flow::new(&format.config).unwrap(), &memory, &batch);
            prop_assert!(is_done(&report), "{:?} {:?}", report.failure(), report.stopped());
            prop_assert_eq!(report.counts().parked, 0, "{:?}", memory.letters());
        }
        let view: BTreeMap<String, String> =
            memory.live().into_iter().map(|((_, key), document)| (key, document)).collect();
        let source: BTreeMap<String, String> =
            table.values().map(|row| (format!("[{}]", row.id), (format.document)(row))).collect();
        prop_assert_eq!(view, source);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
