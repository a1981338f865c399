//! DynamoDB's export to S3: alone, full and incremental, and beside the stream of its table.

use super::{Delivered, Format, Row, Step, converges};
use rowtide::config::{Config, VersionScheme};
use rowtide::event::Timestamp;
use rowtide::policy::RoutePolicy;
use rowtide::record::Record;

const TABLE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";

fn item(row: &Row) -> String {
    let n = row.n.map_or_else(|| r#"{"NULL":true}"#.to_owned(), |n| format!(r#"{{"N":"{n}"}}"#));
    format!(r#"{{"id":{{"N":"{}"}},"n":{n},"name":{{"S":"{}"}}}}"#, row.id, row.name)
}

/// The moment of the step at place `at`: a minute lies between two of them.
fn micros(at: u64) -> u64 {
    1_772_438_400_000_000 + at * 60_000_000
}

fn record(at: u64, line: String) -> Record {
    Record::new("data.json.gz", at.to_string(), line)
}

fn full(row: &Row, at: u64) -> Record {
    let time = Timestamp(i64::try_from(micros(at)).unwrap());
    record(at, format!(r#"{{"tableArn":"{TABLE}","exportTime":"{time}","Item":{}}}"#, item(row)))
}

fn incremental(id: u8, new: Option<&Row>, old: Option<&Row>, at: u64) -> Record {
    let image = |name: &str, row: Option<&Row>| {
        row.map(|row| format!(r#","{name}":{}"#, item(row))).unwrap_or_default()
    };
    let (new, old) = (image("NewImage", new), image("OldImage", old));
    let keys = format!(r#""Keys":{{"id":{{"N":"{id}"}}}}"#);
    let time = format!(r#""Metadata":{{"WriteTimestampMicros":{{"N":"{}"}}}}"#, micros(at));
    record(at, format!(r#"{{"tableArn":"{TABLE}",{time},{keys}{new}{old}}}"#))
}

fn exports(step: &Step, at: u64) -> Vec<Record> {
    vec![match step {
        Step::Load(row) => full(row, at),
        Step::Insert(row) => incremental(row.id, Some(row), None, at),
        Step::Update { before, after } => incremental(after.id, Some(after), Some(before), at),
        Step::Delete(row) => incremental(row.id, None, Some(row), at),
    }]
}

/// The stream has every change, the full export what was there when it was made, the incremental one everything again.
fn beside_streams(step: &Step, at: u64) -> Vec<Record> {
    const ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000";
    let (name, row, has_image) = match step {
        Step::Load(row) => return vec![full(row, at)],
        Step::Insert(row) => ("INSERT", row, true),
        Step::Update { after, .. } => ("MODIFY", after, true),
        Step::Delete(row) => ("REMOVE", row, false),
    };
    let image = if has_image { format!(r#","NewImage":{}"#, item(row)) } else { String::new() };
    let payload = format!(
        r#"{{"eventName":"{name}","eventSourceARN":"{ARN}","dynamodb":{{"SequenceNumber":"{at}","StreamViewType":"NEW_IMAGE","Keys":{{"id":{{"N":"{}"}}}}{image}}}}}"#,
        row.id
    );
    let mut records = vec![Record::new(ARN, at.to_string(), payload)];
    records.extend(exports(step, at));
    records
}

fn beside_kinesis(step: &Step, at: u64) -> Vec<Record> {
    let (name, row, has_image) = match step {
        Step::Load(row) => return vec![full(row, at)],
        Step::Insert(row) => ("INSERT", row, true),
        Step::Update { after, .. } => ("MODIFY", after, true),
        Step::Delete(row) => ("REMOVE", row, false),
    };
    let image = if has_image { format!(r#","NewImage":{}"#, item(row)) } else { String::new() };
    let payload = format!(
        r#"{{"eventName":"{name}","tableName":"orders","recordFormat":"application/json","dynamodb":{{"ApproximateCreationDateTime":{},"ApproximateCreationDateTimePrecision":"MICROSECOND","Keys":{{"id":{{"N":"{}"}}}}{image}}}}}"#,
        micros(at),
        row.id
    );
    vec![Record::new("arn:aws:kinesis:eu-west-1:123456789012:stream/s", at.to_string(), payload)]
}

fn config(version: VersionScheme) -> Config {
    let mut config = Config::default();
    config.source.version = version;
    let key = vec!["id".to_owned()];
    config.routes.push(RoutePolicy { from: "orders".to_owned(), key, ..RoutePolicy::default() });
    config
}

#[test]
fn a_full_export_and_incremental_ones_converge_in_any_order() {
    let format = Format::new(exports);
    converges(&Format { config: config(VersionScheme::Auto), changes_keys: false, ..format });
}

#[test]
fn an_export_is_loaded_while_the_stream_is_running() {
    let format = Format::new(beside_streams);
    converges(&Format { config: config(VersionScheme::Auto), changes_keys: false, ..format });
}

#[test]
fn an_export_is_loaded_beside_the_changes_through_kinesis() {
    let format = Format::new(beside_kinesis);
    converges(&Format { config: config(VersionScheme::DynamodbKinesis), changes_keys: false, ..format });
}

#[test]
fn an_export_is_loaded_for_a_table_that_goes_by_arrival() {
    let (config, delivered) = (config(VersionScheme::Arrival), Delivered::InOrder);
    converges(&Format { config, delivered, changes_keys: false, ..Format::new(beside_kinesis) });
}
