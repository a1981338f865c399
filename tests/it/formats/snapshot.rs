//! Rows of `rowtide snapshot`: beside the stream of their table, which is always newer, and alone, where each snapshot
//! replaces the one before.

use super::debezium::{envelope, wal};
use super::wal2json::{ALL, format_2};
use super::{Delivered, Format, Row, Step, converges};
use rowtide::config::{Config, VersionScheme};
use rowtide::event::Timestamp;
use rowtide::record::Record;

/// A row that a snapshot saw, or that is gone, at the moment of the step: a minute lies between two of them.
fn record(scheme: char, member: &str, row: &Row, at: u64) -> Record {
    let time = Timestamp(1_772_438_400_000_000 + i64::try_from(at).unwrap() * 60_000_000);
    let head = format!(
        r#""table":"shop.orders","source":{{"db":"shop"}},"scheme":"{scheme}","at":"{time}","key":["id"]"#
    );
    let n = row.n.map_or_else(|| "null".to_owned(), |n| n.to_string());
    let columns = match member {
        "gone" => String::new(),
        _ => format!(r#","name":"{}","n":{n}"#, row.name),
    };
    let payload = format!(r#"{{"rowtide_snapshot":{{{head}}},"{member}":{{"id":{}{columns}}}}}"#, row.id);
    Record::new("snapshot:shop.orders", at.to_string(), payload)
}

fn beside_debezium(step: &Step, at: u64) -> Vec<Record> {
    match step {
        Step::Load(row) => vec![record('p', "row", row, at)],
        Step::Insert(_) | Step::Update { .. } | Step::Delete(_) => envelope(step, at, &wal(step, at)),
    }
}

fn beside_wal2json(step: &Step, at: u64) -> Vec<Record> {
    match step {
        Step::Load(row) => vec![record('w', "row", row, at)],
        Step::Insert(_) | Step::Update { .. } | Step::Delete(_) => format_2(step, at, ALL, &["name", "n"]),
    }
}

/// Every step is followed by a snapshot with `replace`: it brings what is there, and removes what is not.
fn alone(step: &Step, at: u64) -> Vec<Record> {
    match step {
        Step::Load(row) | Step::Insert(row) => vec![record('l', "row", row, at)],
        Step::Delete(row) => vec![record('l', "gone", row, at)],
        Step::Update { before, after } if before.id == after.id => vec![record('l', "row", after, at)],
        Step::Update { before, after } => {
            vec![record('l', "gone", before, at), record('l', "row", after, at)]
        }
    }
}

#[test]
fn a_snapshot_is_read_while_debezium_sends_the_changes() {
    converges(&Format::new(beside_debezium));
}

#[test]
fn a_snapshot_is_read_while_wal2json_sends_the_changes() {
    converges(&Format::new(beside_wal2json));
}

#[test]
fn snapshots_of_a_table_without_a_stream_converge_in_any_order() {
    converges(&Format::new(alone));
}

#[test]
fn a_snapshot_is_older_than_all_that_arrived() {
    let mut config = Config::default();
    config.source.version = VersionScheme::Arrival;
    // what was read is in the flow before the changes that came meanwhile
    let format = Format::new(beside_debezium);
    converges(&Format { config, delivered: Delivered::InOrder, ..format });
}
