//! Changes that a route archived: they are in the order of their stream, in whatever order they are read.

use super::{Format, Row, Step, converges};
use rowtide::record::Record;

/// The line of an event of the step at place `at`.
fn record(op: &str, row: &Row, at: u64, rank: u8) -> Record {
    let n = row.n.map_or_else(|| "null".to_owned(), |n| n.to_string());
    let document =
        if op == "delete" { "null".to_owned() } else { format!(r#"{{"name":"{}","n":{n}}}"#, row.name) };
    let payload = format!(
        r#"{{"rowtide_change":1,"change":"{op}","table":"shop.orders","source_identity":{{"db":"shop"}},"key":{{"id":{}}},"document":{document},"version":"p.0000.{rank}.{at:016x}","changed_at":null,"position":"{at}"}}"#,
        row.id
    );
    Record::new("lake", at.to_string(), payload)
}

fn records(step: &Step, at: u64) -> Vec<Record> {
    match step {
        Step::Load(row) => vec![record("put", row, at, 0)],
        Step::Insert(row) => vec![record("put", row, at, 1)],
        Step::Delete(row) => vec![record("delete", row, at, 1)],
        Step::Update { before, after } if before.id == after.id => vec![record("put", after, at, 1)],
        Step::Update { before, after } => {
            vec![record("delete", before, at, 1), record("put", after, at, 1)]
        }
    }
}

#[test]
fn archived_changes_converge_in_any_order() {
    converges(&Format::new(records));
}
