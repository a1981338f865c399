//! Canal-JSON, whose clock counts seconds.

use super::{Delivered, Format, Row, Step, converges};
use crate::model::{Memory, take};
use rowtide::config::{Config, VersionScheme};
use rowtide::pipeline::Flow;
use rowtide::record::Record;

fn message(step: &Step, at: u64, millis: u64) -> Record {
    let text = |row: &Row| {
        let n = row.n.map_or_else(|| "null".to_owned(), |n| format!(r#""{n}""#));
        format!(r#"{{"id":"{}","name":"{}","n":{n}}}"#, row.id, row.name)
    };
    let (kind, old, data) = match step {
        // a load comes as inserts; here a row counts as written when it was read
        Step::Load(row) | Step::Insert(row) => ("INSERT", "null".to_owned(), text(row)),
        Step::Delete(row) => ("DELETE", "null".to_owned(), text(row)),
        Step::Update { before, after } => {
            let mut old = vec![format!(r#""name":"{}""#, before.name)];
            old.extend((before.id != after.id).then(|| format!(r#""id":"{}""#, before.id)));
            ("UPDATE", format!("[{{{}}}]", old.join(",")), text(after))
        }
    };
    let payload = format!(
        r#"{{"id":{at},"database":"shop","table":"orders","pkNames":["id"],"isDdl":false,"type":"{kind}","es":{millis},"ts":{},"sql":"","sqlType":{{"id":4,"name":12,"n":-5}},"mysqlType":{{"id":"int","name":"varchar(20)","n":"bigint"}},"old":{old},"data":[{data}]}}"#,
        millis + 40
    );
    Record::new("stream", at.to_string(), payload)
}

/// Four changes share a second.
fn records(step: &Step, at: u64) -> Vec<Record> {
    vec![message(step, at, 1_772_440_000_000 + at / 4 * 1_000)]
}

#[test]
fn canal_converges_in_order() {
    converges(&Format { delivered: Delivered::InOrder, ..Format::new(records) });
}

#[test]
fn changes_of_different_times_converge_in_any_order() {
    converges(&Format::new(|step, at| vec![message(step, at, 1_772_440_000_000 + at)]));
}

#[test]
fn changes_of_one_second_that_arrive_in_the_wrong_order_are_not_told_apart() {
    let row = |n| Row { id: 1, name: "a".to_owned(), n: Some(n) };
    let insert = message(&Step::Insert(row(1)), 1, 1_772_440_000_000);
    let update = message(&Step::Update { before: row(1), after: row(2) }, 2, 1_772_440_000_000);
    let view = |first: &Record, second: &Record| {
        let memory = Memory::new();
        let sent = [(first, "1"), (second, "2")]
            .map(|(record, position)| Record { position: position.to_owned(), ..record.clone() });
        drop(take(&Flow::new(&Config::default()).unwrap(), &memory, &sent));
        memory.live().into_values().collect::<Vec<_>>()
    };
    assert_eq!(view(&insert, &update), [r#"{"n":2,"name":"a"}"#]);
    // the limit: the row stays as the older change left it, until it changes again
    assert_eq!(view(&update, &insert), [r#"{"n":1,"name":"a"}"#]);
}

#[test]
fn a_statement_that_waited_for_a_later_one_is_right_by_arrival_only() {
    let row = |n| Row { id: 1, name: "a".to_owned(), n: Some(n) };
    let second = |second: u64| 1_772_440_000_000 + second * 1_000;
    // both sessions in the order of the log; the second began to wait before the first wrote
    let sent = [
        message(&Step::Insert(row(1)), 1, second(0)),
        message(&Step::Update { before: row(1), after: row(2) }, 2, second(3)),
        message(&Step::Update { before: row(2), after: row(3) }, 3, second(1)),
    ];
    let view = |version: VersionScheme| {
        let mut config = Config::default();
        config.source.version = version;
        let memory = Memory::new();
        drop(take(&Flow::new(&config).unwrap(), &memory, &sent));
        memory.live().into_values().collect::<Vec<_>>()
    };
    assert_eq!(view(VersionScheme::Arrival), [r#"{"n":3,"name":"a"}"#]);
    // the limit
    assert_eq!(view(VersionScheme::Auto), [r#"{"n":2,"name":"a"}"#]);
}
