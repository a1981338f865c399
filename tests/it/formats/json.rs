//! JSON of one's own, with versions of two kinds, and by arrival.

use super::{Delivered, Format, Row, Step, converges};
use crate::model::{Memory, is_done, take};
use rowtide::config::{Config, VersionScheme};
use rowtide::pipeline::Flow;
use rowtide::record::Record;

fn config() -> Config {
    let own = |pointer: &str| Some(pointer.to_owned());
    let mut config = Config::default();
    config.source.json_table = own("/about/table");
    config.source.json_key = vec!["/about/id".to_owned()];
    config.source.json_operation = own("/about/what");
    config.source.json_version = own("/about/version");
    config.source.json_document = own("/row");
    config
}

fn record(step: &Step, at: u64, version: &str) -> Vec<Record> {
    let put = |what: &str, row: &Row| {
        let n = row.n.map_or_else(|| "null".to_owned(), |n| n.to_string());
        let document = format!(r#"{{"name":"{}","n":{n}}}"#, row.name);
        (what.to_owned(), row.id, document)
    };
    let delete = |row: &Row| ("delete".to_owned(), row.id, "null".to_owned());
    let sent = match step {
        Step::Load(row) => vec![put("r", row)],
        Step::Insert(row) => vec![put("insert", row)],
        Step::Delete(row) => vec![delete(row)],
        Step::Update { before, after } if before.id == after.id => vec![put("update", after)],
        Step::Update { before, after } => vec![delete(before), put("insert", after)],
    };
    let record = |(what, id, row): (String, u8, String)| {
        let about = format!(r#"{{"table":"shop.orders","id":{id},"what":"{what}","version":{version}}}"#);
        Record::new("stream", at.to_string(), format!(r#"{{"about":{about},"row":{row}}}"#))
    };
    sent.into_iter().map(record).collect()
}

#[test]
fn numbers_of_any_length_order_the_changes() {
    // 1.6, 19.0, 220.0 and so on, up to 40 digits
    let records = |step: &Step, at: u64| {
        let digits = format!("{}{:0>width$}", 13 + at * 3, "", width = usize::try_from(at).unwrap());
        let (whole, tenths) = digits.split_at(digits.len() - 1);
        record(step, at, &format!("{whole}.{tenths}"))
    };
    converges(&Format { config: config(), ..Format::new(records) });
}

#[test]
fn times_with_and_without_fractions_order_the_changes() {
    let records = |step: &Step, at: u64| {
        let fraction = ["", ".5", ".75"][usize::try_from(at % 3).unwrap()];
        record(step, at, &format!(r#""2026-03-01T08:{:02}:00{fraction}Z""#, at / 3))
    };
    converges(&Format { config: config(), ..Format::new(records) });
}

#[test]
fn once_written_a_row_stays_and_its_repetitions_may_come_anyhow() {
    let mut config = config();
    config.source.json_version = None;
    config.source.json_operation = None;
    config.source.version = VersionScheme::Once;
    let event = |id: u8, name: &str| {
        let row = Row { id, name: name.to_owned(), n: Some(i64::from(id)) };
        record(&Step::Insert(row), id.into(), "null").remove(0)
    };
    let sent: Vec<Record> = (0..40).map(|id| event(id, "first")).collect();
    let flow = Flow::new(&config).unwrap();
    let memory = Memory::new();
    // backwards, in batches of three, everything twice, and then with other values
    let delivered: Vec<Record> = sent.iter().rev().chain(&sent).cloned().collect();
    for batch in delivered.chunks(3) {
        assert!(is_done(&take(&flow, &memory, batch)));
    }
    let before = memory.live();
    let others: Vec<Record> = (0..40).map(|id| event(id, "second")).collect();
    let report = take(&flow, &memory, &others);
    assert!(is_done(&report));
    assert_eq!((report.counts().stale, before.len()), (40, 40));
    assert_eq!(memory.live(), before);
    // of two in one batch the first counts
    assert!(is_done(&take(&flow, &memory, &[event(50, "first"), event(50, "second")])));
    assert!(memory.live().values().all(|document| document.contains("first")));
}

#[test]
fn by_arrival_the_changes_need_no_version_but_their_order() {
    let mut config = config();
    config.source.json_version = None;
    config.source.version = VersionScheme::Arrival;
    let records = |step: &Step, at: u64| record(step, at, "null");
    converges(&Format { config, delivered: Delivered::InOrder, ..Format::new(records) });
}
