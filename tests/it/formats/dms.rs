//! AWS DMS to Kinesis. The key is in the route; with `images = "full"` delivery may be anyhow.

use super::{Delivered, Format, Row, Step, converges};
use crate::model::{Memory, is_done, take};
use rowtide::config::Config;
use rowtide::pipeline::Flow;
use rowtide::policy::RoutePolicy;
use rowtide::record::Record;
use rowtide::rules::Images;

fn data(row: &Row) -> String {
    let n = row.n.map_or_else(|| "null".to_owned(), |n| n.to_string());
    format!(r#"{{"id":{},"name":"{}","n":{n}}}"#, row.id, row.name)
}

fn record(operation: &str, parts: &str, place: &str, at: u64) -> Record {
    let payload = format!(
        r#"{{{parts},"metadata":{{"timestamp":"2024-07-29T00:58:17.{at:06}Z","record-type":"data","operation":"{operation}","partition-key-type":"schema-table","schema-name":"shop","table-name":"orders"{place}}}}}"#
    );
    Record::new("arn:aws:kinesis:eu-west-1:123456789012:stream/s", at.to_string(), payload)
}

/// The operation and the images of a step.
fn parts(step: &Step) -> (&'static str, String) {
    match step {
        Step::Load(row) => ("load", format!(r#""data":{}"#, data(row))),
        Step::Insert(row) => ("insert", format!(r#""data":{}"#, data(row))),
        Step::Update { before, after } if before.id == after.id => {
            ("update", format!(r#""data":{},"before-image":{{}}"#, data(after)))
        }
        Step::Update { before, after } => {
            ("update", format!(r#""before-image":{{"id":{}}},"data":{}"#, before.id, data(after)))
        }
        Step::Delete(row) => ("delete", format!(r#""data":{{"id":{},"name":null,"n":null}}"#, row.id)),
    }
}

/// As from PostgreSQL: transactions of three rows, whose position their rows share.
fn with_lsn(step: &Step, at: u64) -> Vec<Record> {
    let (operation, parts) = parts(step);
    let place = match step {
        Step::Load(_) => String::new(),
        Step::Insert(_) | Step::Update { .. } | Step::Delete(_) => format!(
            r#","transaction-id":{0},"transaction-record-id":{1},"stream-position":"0000000{2:X}/7C007178.3.0000000{2:X}/7C007178""#,
            900 + at / 3,
            at % 3 + 1,
            at / 3
        ),
    };
    vec![record(operation, &parts, &place, at)]
}

/// As from MySQL: a new log file every three changes, from 000009 to 000010 and on.
fn with_binlog(step: &Step, at: u64) -> Vec<Record> {
    let (operation, parts) = parts(step);
    let place = match step {
        Step::Load(_) => String::new(),
        Step::Insert(_) | Step::Update { .. } | Step::Delete(_) => format!(
            r#","transaction-record-id":{},"stream-position":"bin.{:06}:{}:0:9:1:bin.000001:4""#,
            1,
            8 + at / 3,
            900 + at % 3 * 100
        ),
    };
    vec![record(operation, &parts, &place, at)]
}

/// As from sources that log what changed and the key: an unchanged `n` is not there.
fn with_changed_columns(step: &Step, at: u64) -> Vec<Record> {
    let mut records = with_lsn(step, at);
    if let Step::Update { before, after } = step
        && before.n == after.n
    {
        let payload = String::from_utf8(records[0].payload.to_vec()).unwrap();
        let n = after.n.map_or_else(|| "null".to_owned(), |n| n.to_string());
        records[0].payload = payload.replace(&format!(r#","n":{n}}}"#), "}").into();
    }
    records
}

/// The same, with the control record that tells key and columns in front.
fn with_definition(step: &Step, at: u64) -> Vec<Record> {
    let mut records = with_lsn(step, at);
    if at == 1 {
        let columns =
            r#"{"id":{"type":"INT16","nullable":false},"name":{"type":"STRING"},"n":{"type":"INT64"}}"#;
        let definition = format!(r#""control":{{"table-def":{{"columns":{columns},"primary-key":["id"]}}}}"#);
        records.insert(0, record("create-table", &definition, "", 0));
    }
    records
}

fn config(images: Images) -> Config {
    let mut config = Config::default();
    config.routes.push(RoutePolicy { key: vec!["id".to_owned()], images, ..RoutePolicy::default() });
    config
}

#[test]
fn full_images_converge_however_they_are_delivered() {
    for records in [with_lsn, with_binlog] {
        converges(&Format { config: config(Images::Full), ..Format::new(records) });
    }
}

#[test]
fn partial_images_converge_in_order() {
    converges(&Format {
        config: config(Images::Auto),
        delivered: Delivered::InOrder,
        changes_keys: false,
        loads_first: true,
        ..Format::new(with_changed_columns)
    });
}

#[test]
fn what_a_control_record_told_outlives_the_process() {
    converges(&Format { delivered: Delivered::InOrder, ..Format::new(with_definition) });
}

fn row(name: &str, n: i64) -> Row {
    Row { id: 1, name: name.to_owned(), n: Some(n) }
}

fn view_after(config: &Config, records: &[Record]) -> (Vec<String>, Vec<String>) {
    let memory = Memory::new();
    let report = take(&Flow::new(config).unwrap(), &memory, records);
    assert!(is_done(&report), "{:?} {:?}", report.failure(), report.stopped());
    let codes = memory.letters().into_iter().map(|letter| letter.code.to_string()).collect();
    (memory.live().into_values().collect(), codes)
}

#[test]
fn a_partial_image_that_is_overtaken_by_a_newer_one_is_lost() {
    let steps = [
        Step::Insert(row("a", 1)),
        Step::Update { before: row("a", 1), after: row("b", 2) },
        Step::Update { before: row("b", 2), after: row("c", 2) },
    ];
    let mut records: Vec<Record> =
        steps.iter().zip(1..).flat_map(|(step, at)| with_changed_columns(step, at)).collect();
    let in_order = view_after(&config(Images::Auto), &records);
    assert_eq!(in_order.0, [r#"{"n":2,"name":"c"}"#]);
    // in one batch the order is mended, in two it is not
    let late = records.remove(1);
    let memory = Memory::new();
    for batch in [records, vec![late]] {
        drop(take(&Flow::new(&config(Images::Auto)).unwrap(), &memory, &batch));
    }
    assert_eq!(memory.live().into_values().collect::<Vec<_>>(), [r#"{"n":1,"name":"c"}"#]);
}

#[test]
fn a_changed_key_needs_to_know_the_whole_row() {
    let moved = Row { id: 2, ..row("b", 2) };
    let steps = [Step::Insert(row("a", 1)), Step::Update { before: row("a", 1), after: moved }];
    let records: Vec<Record> = steps.iter().zip(1..).flat_map(|(step, at)| with_lsn(step, at)).collect();
    let (view, codes) = view_after(&config(Images::Auto), &records);
    assert_eq!(
        (view, codes),
        (vec![r#"{"n":1,"name":"a"}"#.to_owned()], vec!["partial_key_change".to_owned()])
    );
    let (view, codes) = view_after(&config(Images::Full), &records);
    assert_eq!((view, codes), (vec![r#"{"n":2,"name":"b"}"#.to_owned()], Vec::new()));
}
