//! MongoDB change streams: with documents as they were and as they are looked up later, and without.

use super::{Delivered, Format, Plan, Row, Step, converges, plans};
use crate::model::{Memory, is_done, take};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config as PropConfig, TestRunner};
use rowtide::config::Config;
use rowtide::pipeline::Flow;
use rowtide::record::Record;
use std::collections::BTreeMap;

fn document(row: &Row) -> String {
    let n = row.n.map_or_else(|| "null".to_owned(), |n| format!(r#"{{"$numberLong":"{n}"}}"#));
    format!(r#"{{"_id":{},"name":"{}","n":{n}}}"#, row.id, row.name)
}

/// Three changes share a cluster time; their tokens tell them apart.
fn event(operation: &str, id: u8, at: u64, rest: &str) -> Record {
    let (seconds, ordinal) = (1_772_440_000 + at / 9, at % 9 / 3);
    let token = format!("82{seconds:08X}{ordinal:08X}2B04{:02X}", at % 3);
    let payload = format!(
        r#"{{"_id":{{"_data":"{token}"}},"operationType":"{operation}","clusterTime":{{"$timestamp":{{"t":{seconds},"i":{ordinal}}}}},"ns":{{"db":"shop","coll":"orders"}},"documentKey":{{"_id":{id}}}{rest}}}"#
    );
    Record::new("stream", at.to_string(), payload)
}

fn description(before: &Row, after: &Row) -> String {
    let n = |row: &Row| row.n.map_or_else(|| "null".to_owned(), |n| n.to_string());
    let n = if before.n == after.n { String::new() } else { format!(r#","n":{}"#, n(after)) };
    format!(r#","updateDescription":{{"updatedFields":{{"name":"{}"{n}}},"removedFields":[]}}"#, after.name)
}

/// `full` is what stands behind an update's description.
fn record(step: &Step, at: u64, full: &str) -> Record {
    match step {
        // a document that was there before is not in the stream: here it counts as written when it was read
        Step::Load(row) | Step::Insert(row) => {
            event("insert", row.id, at, &format!(r#","fullDocument":{}"#, document(row)))
        }
        Step::Update { before, after } => event("update", after.id, at, &(description(before, after) + full)),
        Step::Delete(row) => event("delete", row.id, at, ""),
    }
}

fn with_documents(step: &Step, at: u64) -> Vec<Record> {
    let full = match step {
        Step::Update { after, .. } => format!(r#","fullDocument":{}"#, document(after)),
        Step::Load(_) | Step::Insert(_) | Step::Delete(_) => String::new(),
    };
    vec![record(step, at, &full)]
}

fn without_documents(step: &Step, at: u64) -> Vec<Record> {
    vec![record(step, at, "")]
}

#[test]
fn with_documents_mongodb_converges_in_any_order() {
    converges(&Format { changes_keys: false, ..Format::new(with_documents) });
}

#[test]
fn without_documents_mongodb_converges_in_order() {
    let format = Format::new(without_documents);
    converges(&Format { changes_keys: false, delivered: Delivered::InOrder, ..format });
}

/// The document of `id` after so many steps.
fn state(steps: &[Step], until: usize, id: u8) -> Option<Row> {
    let mut found = None;
    for step in steps.iter().take(until) {
        match step {
            Step::Load(row) | Step::Insert(row) if row.id == id => found = Some(row.clone()),
            Step::Update { after, .. } if after.id == id => found = Some(after.clone()),
            Step::Delete(row) if row.id == id => found = None,
            Step::Load(_) | Step::Insert(_) | Step::Update { .. } | Step::Delete(_) => {}
        }
    }
    found
}

/// The records when each updated document is looked up so many steps later.
fn looked_up_late(steps: &[Step], lags: &[usize]) -> Vec<Record> {
    let record = |(at, step): (usize, &Step)| {
        let full = match step {
            Step::Update { after, .. } => {
                let until = at + 1 + lags[at % lags.len()];
                let document =
                    state(steps, until, after.id).map_or_else(|| "null".to_owned(), |row| document(&row));
                format!(r#","fullDocument":{document}"#)
            }
            Step::Load(_) | Step::Insert(_) | Step::Delete(_) => String::new(),
        };
        record(step, at as u64 + 1, &full)
    };
    steps.iter().enumerate().map(record).collect()
}

#[test]
fn documents_that_are_looked_up_late_or_not_found_end_right_in_any_order() {
    let config = PropConfig { cases: 400, failure_persistence: None, ..PropConfig::default() };
    let drawn = (plans(), vec(0..6_usize, 1..6));
    let format = Format { changes_keys: false, ..Format::new(with_documents) };
    let outcome = TestRunner::new(config).run(&drawn, |(plan, lags): (Plan, _)| {
        let (steps, table) = plan.history(&format);
        let memory = Memory::new();
        for batch in plan.delivered(looked_up_late(&steps, &lags), Delivered::Anyhow) {
            let report = take(&Flow::new(&Config::default()).unwrap(), &memory, &batch);
            prop_assert!(is_done(&report) && report.counts().parked == 0, "{:?}", memory.letters());
        }
        let view: Vec<String> = memory.live().into_values().collect();
        let source: Vec<String> = table.values().map(Row::document).collect();
        prop_assert_eq!(view, source);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn without_documents_an_update_that_comes_late_is_lost() {
    let row = |name: &str, n| Row { id: 1, name: name.to_owned(), n };
    let (a, b, c) = (row("a", Some(1)), row("a", Some(2)), row("c", Some(2)));
    let first = record(&Step::Update { before: a.clone(), after: b.clone() }, 2, "");
    let second = record(&Step::Update { before: b, after: c }, 3, "");
    let view = |records: [Record; 3]| -> BTreeMap<_, _> {
        let memory = Memory::new();
        for record in records {
            drop(take(&Flow::new(&Config::default()).unwrap(), &memory, &[record]));
        }
        memory.live()
    };
    let insert = record(&Step::Insert(a), 1, "");
    let in_order = view([insert.clone(), first.clone(), second.clone()]).into_values().next().unwrap();
    assert_eq!(in_order, r#"{"n":2,"name":"c"}"#);
    // docs/formats.md says so: patches need each key's changes in order
    let late = view([insert, second, first]).into_values().next().unwrap();
    assert_eq!(late, r#"{"n":1,"name":"c"}"#);
}
