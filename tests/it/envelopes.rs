//! Each envelope's own answer: who is delivered again when something could not be made durable.

use crate::model::{Memory, runtime};
use proptest::collection::vec;
use proptest::prelude::*;
use rowtide::config::Config;
use rowtide::deadline::Deadline;
use rowtide::decode::Reason;
use rowtide::pipeline::{Flow, process};
use rowtide::record::{Envelope, Record, Redelivered};
use rowtide::report::{Outcome, Report};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const DONE: Outcome = Outcome::Applied;
const FAILED: Outcome = Outcome::Failed;

fn envelope(name: &str) -> Envelope {
    let path = format!("{}/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Envelope::parse(&std::fs::read(path).unwrap().into(), name).unwrap()
}

/// The response to an event of `events/` whose records ended so, and how many are reported.
fn answer(name: &str, outcomes: &[Outcome]) -> (Value, usize) {
    let envelope = envelope(name);
    let report = Report::new(&envelope.records, outcomes.to_vec(), None, None);
    (serde_json::from_str(&report.response(&envelope)).unwrap(), report.counts().reported)
}

fn items(identifiers: &[Value]) -> Value {
    let item = |identifier: &Value| json!({"itemIdentifier": identifier});
    json!({"batchItemFailures": identifiers.iter().map(item).collect::<Vec<_>>()})
}

fn message(n: u32) -> Value {
    json!(format!("059f36b4-87a3-44ab-83d2-66197583{n:04}"))
}

#[test]
fn of_a_stream_the_first_record_is_named_and_the_rest_comes_with_it() {
    let stale = Outcome::Ignored(Reason::Control);
    let [first, second] = ["111000000000000000000001", "111000000000000000000002"].map(|it| json!(it));
    assert_eq!(answer("on-failure/dynamodb", &[FAILED, DONE]), (items(&[first]), 2));
    assert_eq!(answer("on-failure/dynamodb", &[stale, FAILED]), (items(&[second]), 1));
    assert_eq!(answer("on-failure/dynamodb", &[DONE, DONE]), (items(&[]), 0));
}

#[test]
fn of_a_stream_through_pipes_each_event_that_must_come_again_is_named() {
    for name in ["pipes/dynamodb", "pipes/kinesis"] {
        let path = format!("{}/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let sent: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let event = |at: usize| sent[at]["eventID"].clone();
        assert_eq!(answer(name, &[FAILED, DONE]), (items(&[event(0), event(1)]), 2));
        assert_eq!(answer(name, &[DONE, FAILED]), (items(&[event(1)]), 1));
        assert_eq!(answer(name, &[DONE, DONE]), (items(&[]), 0));
    }
}

#[test]
fn a_topic_through_pipes_comes_again_whole() {
    let record = |offset: u32| json!({"eventSource": "aws:kafka", "eventSourceKey": "t-0", "topic": "t", "partition": 0, "offset": offset, "value": "e30="});
    let sent = json!([record(5), record(6)]).to_string();
    let envelope = Envelope::parse(&sent.into(), "-").unwrap();
    let must_fail = |outcomes: [Outcome; 2]| {
        let report = Report::new(&envelope.records, outcomes.to_vec(), None, None);
        assert_eq!(report.response(&envelope), r#"{"batchItemFailures":[]}"#);
        report.comes_again_whole(&envelope)
    };
    assert!(must_fail([DONE, FAILED]) && must_fail([FAILED, DONE]));
    assert!(!must_fail([DONE, DONE]));
}

#[test]
fn of_a_queue_exactly_the_failed_messages_are_named() {
    let outcomes = [DONE, FAILED, DONE, FAILED];
    assert_eq!(answer("sqs/standard", &outcomes), (items(&[message(2), message(4)]), 2));
    assert_eq!(answer("pipes/sqs", &[FAILED, DONE]), (items(&[message(1)]), 1));
}

#[test]
fn of_a_fifo_queue_what_is_behind_a_failed_message_in_its_group_is_named_too() {
    let outcomes = [FAILED, DONE, DONE, DONE];
    assert_eq!(answer("sqs/fifo", &outcomes), (items(&[message(1), message(3)]), 2));
    let outcomes = [DONE, FAILED, DONE, DONE];
    assert_eq!(answer("sqs/fifo", &outcomes), (items(&[message(2), message(4)]), 2));
}

#[test]
fn of_topics_the_first_offset_of_each_partition_is_named() {
    let at = |partition: &str, offset: u64| json!({"partition": partition, "offset": offset});
    let outcomes = [DONE, FAILED, FAILED, DONE];
    let both = items(&[at("maxwell-0", 16), at("maxwell-1", 15)]);
    assert_eq!(answer("kafka/several-partitions", &outcomes), (both, 3));
    assert_eq!(answer("kafka/self-managed", &[DONE, FAILED]), (items(&[at("orders-3", 101)]), 1));
}

#[test]
fn firehose_hears_a_result_for_every_record_and_gets_its_data_back() {
    let (response, reported) = answer("firehose/transformation", &[FAILED, DONE]);
    let path = format!("{}/events/firehose/transformation.json", env!("CARGO_MANIFEST_DIR"));
    let event: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for (at, result) in ["ProcessingFailed", "Ok"].into_iter().enumerate() {
        let (sent, back) = (&event["records"][at], &response["records"][at]);
        let expected = json!({"recordId": sent["recordId"], "result": result, "data": sent["data"]});
        assert_eq!(*back, expected);
    }
    assert_eq!(reported, 1);
}

#[test]
fn what_names_its_records_differently_is_read_alike() {
    let records = |name: &str| envelope(name).records;
    let kafka = records("kafka/several-partitions");
    assert_eq!(kafka[0].partition_key.as_deref(), Some(r#"{"pk.id":1}"#));
    assert!(kafka[3].source.ends_with("dd7-2/maxwell-1"), "{}", kafka[3].source);
    assert_eq!((kafka[3].position.as_str(), kafka[3].sequence()), ("16", "16"));
    let fifo = records("sqs/fifo");
    assert_eq!(fifo[0].redelivered, Redelivered::WithGroup("1".into()));
    assert_eq!((json!(fifo[0].position), fifo[0].sequence()), (message(1), "18849496460467696129"));
    let piped = records("sqs/from-a-pipe");
    assert_eq!(json!(piped[0].position), message(1));
    assert!(piped[0].sequence().starts_with("4966445921321450604"));
    assert_eq!(records("firehose/transformation")[0].partition_key.as_deref(), Some("orders"));
    assert_eq!(
        &*records("firehose/direct-put")[0].source,
        "arn:aws:firehose:eu-central-1:123456789012:deliverystream/orders"
    );
}

#[test]
fn what_tells_of_a_batch_without_its_records_says_where_they_are() {
    let text = br#"{"requestContext":{},"responseContext":{},"KinesisBatchInfo":{}}"#;
    let error = Envelope::parse(&text.to_vec().into(), "-").unwrap_err();
    assert!(error.to_string().contains("startSequenceNumber"), "{error}");
}

#[test]
fn a_batch_that_was_given_up_is_known_whatever_became_of_its_last_attempt() {
    let event = r#"{"Records":[{"kinesis":{"partitionKey":"p","sequenceNumber":"1","data":"e30="}}]}"#;
    let text = serde_json::to_string(event).unwrap();
    // after an error, after a partial failure, too old
    for context in [r#""responseContext":{"statusCode":200},"#, r#""responseContext":null,"#, ""] {
        for payload in [event, text.as_str()] {
            let stored = format!(
                r#"{{"requestContext":{{"condition":"c"}},{context}"KinesisBatchInfo":{{}},"payload":{payload}}}"#
            );
            assert!(Envelope::recognises(stored.as_bytes()), "{stored}");
            let records = Envelope::parse(&stored.clone().into(), "-").unwrap().records;
            assert_eq!((records.len(), records[0].position.as_str()), (1, "1"), "{stored}");
        }
    }
    // nobody stores such a message in another one; a hostile one must not take the stack
    let open = r#"{"requestContext":{},"responseContext":null,"payload":"#;
    let nested = format!("{}null{}", open.repeat(50_000), "}".repeat(50_000));
    assert!(Envelope::parse(&nested.into(), "-").is_err());
    // a request of an API has a context too
    let request = br#"{"requestContext":{},"body":"x"}"#;
    assert!(!Envelope::recognises(request));
    let error = Envelope::parse(&request.to_vec().into(), "-").unwrap_err();
    assert!(error.to_string().contains("no list of Records"), "{error}");
}

#[test]
fn a_batch_of_a_queue_that_stops_parks_what_is_not_delivered_again() {
    let poison = envelope("sqs/poison-in-the-middle");
    let flow = Flow::new(&Config::default()).unwrap();
    let memory = Memory::new();
    let report = runtime().block_on(process(&flow, &memory, &poison.records, Deadline::never()));
    assert_eq!(report.counts().parked, 2);
    // the row's write fails, so its messages come again; the poison beside it does not
    let memory = Memory::new().failing([(0, crate::model::Fault::Before)].into());
    let report = runtime().block_on(process(&flow, &memory, &poison.records, Deadline::never()));
    let counts = report.counts();
    assert_eq!((counts.parked, counts.reported), (2, 2), "{:?}", report.stopped());
    let response: Value = serde_json::from_str(&report.response(&poison)).unwrap();
    assert_eq!(response, items(&[message(1), message(4)]));
    assert_eq!(memory.letters().len(), 2);
}

#[test]
fn key_changes_in_one_record_stay_pairs_of_their_own() {
    let change = |old: u32, new: u32, at: u32| {
        format!(
            r#"{{"database":"shop","table":"t","type":"update","ts":1772440534,"position":"b.000001:{at}","xid":{at},"commit":true,"primary_key_columns":["id"],"data":{{"id":{new},"n":{at}}},"old":{{"id":{old}}}}}"#
        )
    };
    let record = Record::new("s", "1", format!("{}\n{}\n", change(1, 2, 10), change(3, 4, 20)));
    let flow = Flow::new(&Config::default()).unwrap();
    // the second pair is refused whole, the first stays
    let memory = Memory::new().refusing(|key, _, _| key == "[4]");
    let report = runtime().block_on(process(&flow, &memory, &[record], Deadline::never()));
    assert_eq!(report.counts().parked, 1);
    let rows: Vec<(String, bool)> =
        memory.rows().into_iter().map(|((_, key), row)| (key, row.document.is_some())).collect();
    assert_eq!(rows, [("[1]".to_owned(), false), ("[2]".to_owned(), true)]);
}

#[test]
fn by_arrival_a_fifo_queue_has_an_order_and_a_standard_one_has_none() {
    let mut config = Config::default();
    config.source.version = rowtide::config::VersionScheme::Arrival;
    let flow = Flow::new(&config).unwrap();
    let take = |name: &str| {
        let memory = Memory::new();
        let report = runtime().block_on(process(&flow, &memory, &envelope(name).records, Deadline::never()));
        (report, memory)
    };
    let (report, memory) = take("sqs/fifo");
    assert_eq!(report.counts().applied, 4, "{:?}", report.failure());
    assert!(memory.rows().values().all(|row| row.version.starts_with("a.0000.1.02018849496460467696")));
    let (report, memory) = take("sqs/standard");
    assert!(report.failure().unwrap().to_string().contains("arn:aws:sqs:eu-central-1:123456789012:orders"));
    assert_eq!(memory.letters().len(), 0);
}

/// How a record of a batch is redelivered, by a small number.
fn redelivered(kind: u8) -> Redelivered {
    match kind {
        0 => Redelivered::Alone,
        1 => Redelivered::WithRest,
        n => Redelivered::WithGroup(Arc::from(n.to_string())),
    }
}

proptest! {
    #[test]
    fn nothing_that_failed_is_forgotten_and_nothing_durable_in_front_of_it_is_repeated(
        records in vec((0..5_u8, 0..3_u8), 0..30),
    ) {
        let outcomes: Vec<Outcome> = records.iter().map(|(_, outcome)| match outcome {
            0 => Outcome::Applied,
            1 => Outcome::Parked,
            _ => Outcome::Failed,
        }).collect();
        let batch: Vec<Record> = records.iter().enumerate().map(|(at, (kind, _))| Record {
            redelivered: redelivered(*kind),
            ..Record::new("s", at.to_string(), "{}")
        }).collect();
        let report = Report::new(&batch, outcomes.clone(), None, None);
        let envelope = Envelope { records: batch, answer: rowtide::record::Answer::Messages, window_state: None };
        let response: Value = serde_json::from_str(&report.response(&envelope)).unwrap();
        let named: Vec<usize> = response["batchItemFailures"].as_array().unwrap().iter()
            .map(|item| item["itemIdentifier"].as_str().unwrap().parse().unwrap()).collect();
        let mut first: BTreeMap<u8, usize> = BTreeMap::new();
        for (at, (kind, _)) in records.iter().enumerate().filter(|(at, _)| outcomes[*at] == FAILED) {
            first.entry(*kind).or_insert(at);
        }
        let expected: Vec<usize> = (0..records.len()).filter(|at| match records[*at].0 {
            0 => outcomes[*at] == FAILED,
            kind => first.get(&kind).is_some_and(|first| first <= at),
        }).collect();
        prop_assert_eq!(report.counts().reported, expected.len());
        prop_assert_eq!(named, expected);
    }
}

/// A Maxwell insert into `shop.t`, or what is given in the place of its data.
fn insert(at: u32, data: &str) -> String {
    format!(
        r#"{{"database":"shop","table":"t","type":"insert","ts":1772440534,"position":"b.000001:{at}","xid":{at},"commit":true,"data":{data}}}"#
    )
}

#[test]
fn rows_without_a_key_are_told_apart_by_partition_place_and_record() {
    let mut config = Config::default();
    let route =
        rowtide::policy::RoutePolicy { keyless: rowtide::rules::Keyless::Position, ..Default::default() };
    config.routes = vec![route];
    let flow = Flow::new(&config).unwrap();
    let topic = |partition: u32| {
        let value = base64(insert(7, r#"{"a":1}"#).as_bytes());
        format!(r#""t-{partition}":[{{"topic":"t","partition":{partition},"offset":5,"value":"{value}"}}]"#)
    };
    for arn in ["", r#""eventSourceArn":"arn:aws:kafka:eu-central-1:1:cluster/c/1","#] {
        let event =
            format!(r#"{{"eventSource":"SelfManagedKafka",{arn}"records":{{{},{}}}}}"#, topic(0), topic(1));
        let records = Envelope::parse(&event.into_bytes().into(), "-").unwrap().records;
        assert_ne!(records[0].source, records[1].source, "what is parked is told apart as well");
        let memory = Memory::new();
        drop(runtime().block_on(process(&flow, &memory, &records, Deadline::never())));
        assert_eq!(memory.rows().len(), 2);
    }
    let lines = [insert(8, r#"{"a":1}"#), insert(9, r#"{"a":1}"#)].join("\n");
    let memory = Memory::new();
    drop(runtime().block_on(process(&flow, &memory, &[Record::new("s", "1", lines)], Deadline::never())));
    assert_eq!(memory.rows().len(), 2);
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn records_with_one_bad_part_each_are_no_systemic_poison() {
    let config = Config::default();
    let flow = Flow::new(&config).unwrap();
    let record = |n: u32| {
        let good = format!(
            r#"{{"database":"shop","table":"t","type":"insert","ts":1,"position":"b.000001:{n}","xid":{n},"commit":true,"primary_key_columns":["id"],"data":{{"id":{n}}}}}"#
        );
        Record::new("s", n.to_string(), format!("{good}\njunk\nmore junk\n"))
    };
    let records: Vec<Record> = (0..20).map(record).collect();
    let memory = Memory::new();
    let report = runtime().block_on(process(&flow, &memory, &records, Deadline::never()));
    assert_eq!((report.counts().parked, memory.rows().len()), (20, 20), "{:?}", report.failure());
    assert_eq!(memory.letters().len(), 20, "a record is parked once");
}

#[test]
fn a_bad_document_in_front_does_not_hide_the_good_ones() {
    let record = Record::new("s", "1", format!("{}\n{}", insert(1, "7"), insert(2, r#"{"id":1}"#)));
    let mut config = Config::default();
    config.routes = vec![rowtide::policy::RoutePolicy { key: vec!["id".into()], ..Default::default() }];
    let memory = Memory::new();
    let flow = Flow::new(&config).unwrap();
    drop(runtime().block_on(process(&flow, &memory, &[record], Deadline::never())));
    assert_eq!((memory.rows().len(), memory.letters().len()), (1, 1));
}

#[test]
fn what_the_route_refuses_is_parked_with_its_row_and_blocks_it() {
    let mut config = Config::default();
    let json = vec!["j".to_owned()];
    config.routes = vec![rowtide::policy::RoutePolicy { json, key: vec!["id".into()], ..Default::default() }];
    let flow = Flow::new(&config).unwrap();
    let memory = Memory::new();
    let record = Record::new("s", "1", insert(1, r#"{"id":1,"j":"{broken"}"#));
    drop(runtime().block_on(process(&flow, &memory, &[record], Deadline::never())));
    let letters = memory.letters();
    assert_eq!((letters[0].table.as_deref(), letters[0].key.as_deref()), (Some("shop.t"), Some("[1]")));
    // of a transaction each change stands for itself, and none takes the number of another part's
    let row = |id: u32, j: &str| {
        format!(
            r#"{{"kind":"insert","schema":"shop","table":"t","columnnames":["id","j"],"columntypes":["integer","text"],"columnvalues":[{id},"{j}"]}}"#
        )
    };
    let transaction = |lsn: u32, rows: &str| format!(r#"{{"nextlsn":"0/{lsn}","change":[{rows}]}}"#);
    let rows = [row(1, "{}"), row(2, "{broken"), row(3, "{}")].join(",");
    let payload = format!("{}\n{}", transaction(1, &rows), transaction(2, &row(4, "{broken")));
    let memory = Memory::new();
    drop(runtime().block_on(process(&flow, &memory, &[Record::new("s", "1", payload)], Deadline::never())));
    let mut keys: Vec<(u32, Option<String>)> =
        memory.letters().into_iter().map(|letter| (letter.sub, letter.key)).collect();
    keys.sort();
    let expected = [(1, "[2]"), (3, "[4]")].map(|(sub, key)| (sub, Some(key.to_owned())));
    assert_eq!(keys, expected, "{:?}", memory.letters());
    let rows: Vec<String> = memory.live().into_keys().map(|(_, key)| key).collect();
    assert_eq!(rows, ["[1]", "[3]"]);
}

#[test]
fn what_a_source_says_inside_a_record_is_heard_before_its_rows() {
    let control = r#"{"control":{"table-def":{"columns":{"id":{"type":"INT32"},"b":{"type":"BYTES"}},"primary-key":["id"]}},"metadata":{"operation":"create-table","record-type":"control","schema-name":"s","table-name":"t","timestamp":"2024-07-29T00:30:47.266581Z"}}"#;
    let load = |id: u32| {
        format!(
            r#"{{"data":{{"id":{id},"b":"00ff"}},"metadata":{{"operation":"load","record-type":"data","schema-name":"s","table-name":"t","timestamp":"2024-07-29T00:57:35.691762Z"}}}}"#
        )
    };
    let memory = Memory::new();
    let flow = |config: &Config| Flow::new(config).unwrap();
    let mut config = Config::default();
    let first = Record::new("s", "1", format!("{control}\n{}", load(1)));
    drop(runtime().block_on(process(&flow(&config), &memory, &[first], Deadline::never())));
    // a process of its own, whose route knows the key and asks nobody for it
    config.routes = vec![rowtide::policy::RoutePolicy { key: vec!["id".into()], ..Default::default() }];
    drop(runtime().block_on(process(
        &flow(&config),
        &memory,
        &[Record::new("s", "2", load(2))],
        Deadline::never(),
    )));
    let documents: Vec<String> = memory.live().into_values().collect();
    assert_eq!(documents, [r#"{"b":"AP8="}"#, r#"{"b":"AP8="}"#]);
}
