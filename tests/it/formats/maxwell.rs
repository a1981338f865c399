//! Maxwell, with positions and row counts in its records, and without the counts.

use super::{Delivered, Format, Row, Step, converges};
use crate::model::{Memory, take};
use rowtide::config::Config;
use rowtide::pipeline::Flow;
use rowtide::record::Record;

/// Three changes share a binlog event, two events a transaction; the last row of a transaction has `commit` instead of
/// its count.
fn records(step: &Step, at: u64) -> Vec<Record> {
    vec![record(step, at, &format!(r#","xoffset":{}"#, at % 6))]
}

fn record(step: &Step, at: u64, count: &str) -> Record {
    let data = |row: &Row| {
        let n = row.n.map_or_else(|| "null".to_owned(), |n| n.to_string());
        format!(r#"{{"id":{},"name":"{}","n":{n}}}"#, row.id, row.name)
    };
    let place = if at % 6 == 5 { r#","commit":true"# } else { count };
    let position = format!("binlog.{:06}:{}", 9 + at / 12, 900 + at / 3 * 70);
    let (kind, rest) = match step {
        Step::Load(row) => ("bootstrap-insert", format!(r#""data":{}"#, data(row))),
        Step::Insert(row) => ("insert", format!(r#""data":{}"#, data(row))),
        Step::Delete(row) => ("delete", format!(r#""data":{}"#, data(row))),
        Step::Update { before, after } => {
            let mut old = vec![format!(r#""name":"{}""#, before.name)];
            old.extend((before.id != after.id).then(|| format!(r#""id":{}"#, before.id)));
            ("update", format!(r#""data":{},"old":{{{}}}"#, data(after), old.join(",")))
        }
    };
    let positioned = format!(r#","xid":{}{place},"position":"{position}""#, 700 + at / 6);
    let positioned = if kind == "bootstrap-insert" { "" } else { &positioned };
    let head =
        format!(r#""database":"shop","table":"orders","type":"{kind}","ts":{}"#, 1_772_440_000 + at / 4);
    let payload = format!(r#"{{{head}{positioned},"primary_key_columns":["id"],{rest}}}"#);
    Record::new("stream", at.to_string(), payload)
}

#[test]
fn maxwell_converges_in_any_order() {
    converges(&Format::new(records));
}

#[test]
fn without_row_counts_maxwell_converges_in_order() {
    let without = Format::new(|step, at| vec![record(step, at, "")]);
    converges(&Format { delivered: Delivered::InOrder, ..without });
}

#[test]
fn without_row_counts_the_rows_of_one_statement_are_in_the_order_of_arrival() {
    let row = |id| Row { id, name: "a".to_owned(), n: None };
    // update orders set id = id + 1 order by id desc
    let shifted =
        [Step::Update { before: row(2), after: row(3) }, Step::Update { before: row(1), after: row(2) }];
    let view = |count: [&str; 2], arrival: [&str; 2]| {
        let sent = [0, 1].map(|at| {
            let record = record(&shifted[at], 6 + at as u64, count[at]);
            Record { position: arrival[at].to_owned(), ..record }
        });
        let memory = Memory::new();
        drop(take(&Flow::new(&Config::default()).unwrap(), &memory, &sent));
        memory.live().into_keys().map(|(_, key)| key).collect::<Vec<_>>()
    };
    assert_eq!(view(["", ""], ["10", "11"]), ["[2]", "[3]"]);
    // the limit: the delete of the first change undoes the second
    assert_eq!(view(["", ""], ["11", "10"]), ["[3]"]);
    assert_eq!(view([r#","xoffset":0"#, r#","xoffset":1"#], ["11", "10"]), ["[2]", "[3]"]);
}
