//! Debezium: its six connectors, in every shape of record; and what it does not promise.

use super::{Delivered, Format, Row, Step, converges};
use crate::model::{Memory, take};
use rowtide::config::Config;
use rowtide::pipeline::Flow;
use rowtide::policy::RoutePolicy;
use rowtide::record::Record;

fn row(row: &Row) -> String {
    let n = row.n.map_or_else(|| "null".to_owned(), |n| n.to_string());
    format!(r#"{{"id":{},"name":"{}","n":{n}}}"#, row.id, row.name)
}

/// What a connector says of a step: `op`, `before`, `after`, the key; a changed key is a delete and a create.
fn changes(step: &Step) -> Vec<(&'static str, String, String, u8)> {
    let null = || "null".to_owned();
    match step {
        Step::Load(it) => vec![("r", null(), row(it), it.id)],
        Step::Insert(it) => vec![("c", null(), row(it), it.id)],
        Step::Delete(it) => vec![("d", row(it), null(), it.id)],
        Step::Update { before, after } if before.id == after.id => {
            vec![("u", row(before), row(after), after.id)]
        }
        Step::Update { before, after } => {
            vec![("d", row(before), null(), before.id), ("c", null(), row(after), after.id)]
        }
    }
}

/// The records of a step: after each delete its tombstone. `payload` is given op, before, after.
fn records(step: &Step, at: u64, payload: impl Fn(&str, &str, &str) -> String) -> Vec<Record> {
    let mut records = Vec::new();
    for (op, before, after, id) in changes(step) {
        let mut send = |payload: String| {
            let position = (at * 10 + records.len() as u64).to_string();
            let partition_key = Some(format!(r#"{{"id":{id}}}"#).into());
            records.push(Record { partition_key, ..Record::new("stream", position, payload) });
        };
        send(payload(op, &before, &after));
        if op == "d" {
            send(String::new());
        }
    }
    records
}

pub(super) fn envelope(step: &Step, at: u64, source: &str) -> Vec<Record> {
    records(step, at, |op, before, after| {
        format!(r#"{{"before":{before},"after":{after},"source":{{{source}}},"op":"{op}","ts_ms":{at}}}"#)
    })
}

/// PostgreSQL's log; rows that were there are read by an incremental snapshot, without a position, or by an initial
/// one, whose position may be behind that of changes which it does not show.
pub(super) fn wal(step: &Step, at: u64) -> String {
    let name = r#""connector":"postgresql","schema":"shop","table":"orders""#;
    match step {
        Step::Load(_) => {
            let lsn = format!(r#""true","lsn":{}"#, 4_294_967_293 + at);
            let snapshot = if at.is_multiple_of(2) { r#""incremental""# } else { &lsn };
            format!(r#"{name},"ts_ms":{},"snapshot":{snapshot}"#, 1_772_440_000_000 + at)
        }
        Step::Insert(_) | Step::Update { .. } | Step::Delete(_) => {
            format!(r#"{name},"ts_ms":1,"snapshot":"false","lsn":{}"#, 4_294_967_290 + at)
        }
    }
}

/// MySQL's log; a snapshot is taken where the next change stands.
fn binlog(step: &Step, at: u64) -> String {
    let at = if matches!(step, Step::Load(_)) { at + 1 } else { at };
    let place = format!(r#""file":"b.{:06}","pos":{},"row":{}"#, 8 + at / 9, 97 + at, at % 3);
    format!(r#""connector":"mysql","ts_ms":1,"db":"shop","table":"orders",{place}"#)
}

fn change_table(step: &Step, at: u64) -> String {
    let name = r#""connector":"sqlserver","ts_ms":1,"schema":"shop","table":"orders""#;
    let commit = format!(r#""commit_lsn":"00000027:{at:08x}:0001""#);
    match step {
        Step::Load(_) => format!(r#"{name},{commit},"change_lsn":null,"event_serial_no":null"#),
        Step::Insert(_) | Step::Update { .. } | Step::Delete(_) => format!(
            r#"{name},{commit},"change_lsn":"00000026:{:08x}:{:04x}","event_serial_no":{}"#,
            at / 4,
            at / 2,
            1 + at % 2
        ),
    }
}

fn redo(step: &Step, at: u64) -> String {
    let name = r#""connector":"oracle","ts_ms":1,"schema":"shop","table":"orders""#;
    match step {
        Step::Load(_) => format!(r#"{name},"scn":"{}""#, 95 + at),
        Step::Insert(_) | Step::Update { .. } | Step::Delete(_) => format!(
            r#"{name},"scn":"{}","commit_scn":"{}","rs_id":" 0x00000b.{:08x}.0010 ","ssn":{}"#,
            90 + at,
            95 + at,
            at / 2,
            at % 2
        ),
    }
}

fn asn(step: &Step, at: u64) -> String {
    let lsn = |at: u64| format!("00000000:00000000:{at:016x}");
    let change = if matches!(step, Step::Load(_)) { "null".to_owned() } else { format!("\"{}\"", lsn(at)) };
    format!(
        r#""connector":"db2","ts_ms":1,"schema":"shop","table":"orders","commit_lsn":"{}","change_lsn":{change}"#,
        lsn(at)
    )
}

/// MongoDB: documents as text; without them a key is all that a delete has.
fn oplog(step: &Step, at: u64) -> Vec<Record> {
    let document = |text: String| match text.as_str() {
        "null" => text,
        _ => format!("{:?}", text.replace("\"id\"", "\"_id\"")),
    };
    let (seconds, ord) = (1_772_440_000 + at / 3, at % 3);
    let place = format!(r#""ts_ms":{}000,"ord":{ord},"snapshot":"false""#, seconds);
    let place = match step {
        Step::Load(_) => {
            let snapshot = if at.is_multiple_of(2) { "incremental" } else { "true" };
            format!(r#""ts_ms":{},"ord":-1,"snapshot":"{snapshot}""#, 1_772_440_000_000 + at * 1_000)
        }
        Step::Insert(_) | Step::Update { .. } | Step::Delete(_) => place,
    };
    let source = format!(r#"{{"connector":"mongodb","db":"shop","collection":"orders",{place}}}"#);
    let mut sent = records(step, at, |op, _, after| {
        let after = document(after.to_owned());
        format!(r#"{{"before":null,"after":{after},"source":{source},"op":"{op}","ts_ms":{at}}}"#)
    });
    for record in &mut sent {
        let key = record
            .partition_key
            .as_deref()
            .map(|key| key.replace("\"id\":", "\"id\":\"").replace('}', "\"}"));
        record.partition_key = key.map(Into::into);
    }
    sent
}

#[test]
fn every_connector_converges() {
    converges(&Format::new(|step, at| envelope(step, at, &wal(step, at))));
    converges(&Format::new(|step, at| envelope(step, at, &binlog(step, at))));
    converges(&Format::new(|step, at| envelope(step, at, &change_table(step, at))));
    converges(&Format::new(|step, at| envelope(step, at, &redo(step, at))));
    converges(&Format::new(|step, at| envelope(step, at, &asn(step, at))));
    converges(&Format { changes_keys: false, ..Format::new(oplog) });
}

fn with_schema(step: &Step, at: u64) -> Vec<Record> {
    let columns =
        r#"[{"type":"int32","field":"id"},{"type":"string","field":"name"},{"type":"int64","field":"n"}]"#;
    let rows = format!(r#"{{"type":"struct","fields":{columns},"optional":true,"field":"after"}}"#);
    let mut sent = envelope(step, at, &binlog(step, at));
    for record in sent.iter_mut().filter(|record| !record.payload.is_empty()) {
        let payload = String::from_utf8(record.payload.to_vec()).unwrap();
        record.payload =
            format!(r#"{{"schema":{{"type":"struct","fields":[{rows}]}},"payload":{payload}}}"#).into();
        let key = record.partition_key.take().unwrap();
        record.partition_key =
            Some(format!(r#"{{"schema":{{"type":"struct","fields":[]}},"payload":{key}}}"#).into());
    }
    sent
}

fn cloud_event(step: &Step, at: u64) -> Vec<Record> {
    let lsn = 1 + at;
    records(step, at, |op, before, after| {
        let source =
            format!(r#""iodebeziumschema":"shop","iodebeziumtable":"orders","iodebeziumlsn":"{lsn}""#);
        let attributes = format!(
            r#""iodebeziumconnector":"postgresql","iodebeziumop":"{op}","iodebeziumtsms":"{at}",{source}"#
        );
        let data = format!(r#"{{"before":{before},"after":{after}}}"#);
        format!(r#"{{"id":"{at}","source":"/debezium","specversion":"1.0",{attributes},"data":{data}}}"#)
    })
}

fn flattened(step: &Step, at: u64) -> Vec<Record> {
    let snapshot = if matches!(step, Step::Load(_)) { "incremental" } else { "false" };
    records(step, at, |op, before, after| {
        let row = if op == "d" { before } else { after }.trim_end_matches('}');
        let place = format!(r#""__lsn":{},"__source_ts_ms":{at},"__snapshot":"{snapshot}""#, 99 + at);
        let name = r#""__connector":"postgresql","__schema":"shop","__table":"orders""#;
        format!(r#"{row},"__op":"{op}",{name},{place},"__deleted":"{}"}}"#, op == "d")
    })
}

#[test]
fn every_shape_converges() {
    converges(&Format::new(with_schema));
    converges(&Format::new(cloud_event));
    converges(&Format::new(flattened));
}

#[test]
fn a_key_of_the_route_that_debezium_does_not_know_converges() {
    let keyed = RoutePolicy { key: vec!["id".to_owned()], ..RoutePolicy::default() };
    let mut config = Config::default();
    config.routes.push(keyed);
    // without a primary key a changed key is an update like any other, and the transport has no key
    let records = |step: &Step, at: u64| {
        let mut sent = match step {
            Step::Update { before, after } if before.id != after.id => {
                let source = wal(step, at);
                let images = format!(r#""before":{},"after":{}"#, row(before), row(after));
                let payload = format!(r#"{{{images},"source":{{{source}}},"op":"u"}}"#);
                vec![Record::new("stream", (at * 10).to_string(), payload)]
            }
            Step::Load(_) | Step::Insert(_) | Step::Update { .. } | Step::Delete(_) => {
                envelope(step, at, &wal(step, at))
            }
        };
        sent.iter_mut().for_each(|record| record.partition_key = Some("default".into()));
        sent
    };
    converges(&Format { config, ..Format::new(records) });
}

#[test]
fn a_changed_key_that_is_not_the_routes_leaves_the_row_that_is_there_afterwards() {
    let mut config = Config::default();
    config.routes.push(RoutePolicy { key: vec!["name".to_owned()], ..RoutePolicy::default() });
    let row = |id| Row { id, name: "a".to_owned(), n: None };
    let change = Step::Update { before: row(1), after: row(2) };
    for source in [wal, binlog, change_table, redo, asn] {
        let insert = envelope(&Step::Insert(row(1)), 1, &source(&Step::Insert(row(1)), 1));
        // a delete, its tombstone, and a create at the same position
        let changed = envelope(&change, 2, &source(&change, 2));
        for again in [changed.clone(), changed.iter().rev().cloned().collect()] {
            let memory = Memory::new();
            drop(take(&Flow::new(&config).unwrap(), &memory, &[insert.clone(), again].concat()));
            assert_eq!(memory.live().into_values().collect::<Vec<_>>(), [r#"{"id":2,"n":null}"#]);
        }
    }
}

/// An update leaves out `n` when it did not change, as PostgreSQL does with large values.
fn without_unchanged(step: &Step, at: u64) -> Vec<Record> {
    let mut sent = envelope(step, at, &wal(step, at));
    if let (Step::Update { before, after }, [record]) = (step, sent.as_mut_slice())
        && before.n == after.n
    {
        let payload = String::from_utf8(record.payload.to_vec()).unwrap();
        let (start, after) = payload.split_once("\"after\":").unwrap();
        let n = before.n.map_or_else(|| "null".to_owned(), |n| n.to_string());
        let after = after.replacen(&format!("\"n\":{n}"), r#""n":"__debezium_unavailable_value""#, 1);
        record.payload = format!("{start}\"after\":{after}").into();
    }
    sent
}

#[test]
fn values_that_are_left_out_converge_in_order() {
    // a row that a patch made before it is read would lack what the patch left out
    converges(&Format { delivered: Delivered::InOrder, loads_first: true, ..Format::new(without_unchanged) });
}

fn view(records: &[Record]) -> Vec<String> {
    let memory = Memory::new();
    drop(take(&Flow::new(&Config::default()).unwrap(), &memory, records));
    memory.live().into_iter().map(|((_, key), document)| format!("{key} {document}")).collect()
}

#[test]
fn values_that_are_left_out_are_lost_out_of_order() {
    let row = |name: &str| Row { id: 1, name: name.to_owned(), n: Some(5) };
    let insert = without_unchanged(&Step::Insert(row("a")), 1);
    let update = without_unchanged(&Step::Update { before: row("a"), after: row("b") }, 2);
    let in_order = [insert.clone(), update.clone()].concat();
    assert_eq!(view(&in_order), [r#"[1] {"n":5,"name":"b"}"#]);
    // the limit, when the insert comes in a later batch: it is older than the patch that made the row
    let memory = Memory::new();
    for batch in [update, insert] {
        drop(take(&Flow::new(&Config::default()).unwrap(), &memory, &batch));
    }
    assert_eq!(memory.live().into_values().collect::<Vec<_>>(), [r#"{"name":"b"}"#]);
}

#[test]
fn of_two_rows_that_swap_their_keys_one_is_left() {
    let row = |id, name: &str| Row { id, name: name.to_owned(), n: None };
    let swap = [
        Step::Update { before: row(1, "a"), after: row(2, "a") },
        Step::Update { before: row(2, "b"), after: row(1, "b") },
    ];
    let sent = [envelope(&swap[0], 1, &wal(&swap[0], 1)), envelope(&swap[1], 2, &wal(&swap[1], 2))].concat();
    assert_eq!(view(&sent), [r#"[1] {"n":null,"name":"b"}"#]);
}
