//! Records that show a fault of the configuration of their own table or producer: they do not stop the others.

use crate::model::{Memory, Script, is_done, take};
use rowtide::config::Config;
use rowtide::deadline::Deadline;
use rowtide::decode::Settings;
use rowtide::decoders::Decoders;
use rowtide::event::{Change, ChangeEvent, Document, Key};
use rowtide::formats::Maxwell;
use rowtide::pipeline::{Flow, process};
use rowtide::policy::{OnConfigError, RoutePolicy};
use rowtide::record::{Envelope, Record, Redelivered};
use rowtide::report::Outcome;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[path = "../../examples/own_consumer.rs"]
#[allow(dead_code, unreachable_pub, reason = "its main is not run, and nobody imports it")]
mod own_consumer;

const ORDERS: &str = "arn:aws:dynamodb:eu-west-1:1:table/orders/stream/2026-03-01T10:00:00.000";
const KEYS_ONLY: &str = "arn:aws:dynamodb:eu-west-1:1:table/other/stream/2026-03-01T10:00:00.000";

/// A record of a DynamoDB stream: with its new image, unless the stream sends keys only.
fn streamed(arn: &str, id: u32) -> String {
    let image = if arn == KEYS_ONLY {
        r#""StreamViewType":"KEYS_ONLY""#.to_owned()
    } else {
        format!(r#""NewImage":{{"id":{{"S":"{id}"}}}},"StreamViewType":"NEW_AND_OLD_IMAGES""#)
    };
    let arn = if arn.is_empty() { String::new() } else { format!(r#","eventSourceARN":"{arn}""#) };
    format!(
        r#"{{"eventID":"e{id}","eventName":"INSERT","eventSource":"aws:dynamodb"{arn},"dynamodb":{{"Keys":{{"id":{{"S":"{id}"}}}},{image},"SequenceNumber":"{id}"}}}}"#
    )
}

fn in_order(bodies: &[String]) -> Vec<Record> {
    bodies.iter().zip(1..).map(|(body, n)| Record::new("arn", n.to_string(), body.clone())).collect()
}

fn alone(bodies: &[String]) -> Vec<Record> {
    let of_queue = |record| Record { redelivered: Redelivered::Alone, ..record };
    in_order(bodies).into_iter().map(of_queue).collect()
}

fn flow(change: impl FnOnce(&mut RoutePolicy)) -> Flow {
    let mut route = RoutePolicy::default();
    change(&mut route);
    let mut config = Config::default();
    config.routes = vec![route];
    Flow::new(&config).unwrap()
}

#[test]
fn the_others_are_applied_and_the_odd_ones_reported_or_parked_as_they_are_delivered() {
    let bodies = [streamed(ORDERS, 1), streamed("", 2), streamed(KEYS_ONLY, 3), streamed(ORDERS, 4)];
    let (memory, flow) = (Memory::new(), flow(|_| {}));
    let report = take(&flow, &memory, &alone(&bodies));
    let (applied, failed) = (Outcome::Applied, Outcome::Failed);
    assert_eq!(
        (report.outcomes.as_slice(), report.failure().is_none()),
        (&[applied, failed, failed, applied][..], true)
    );
    assert!(memory.letters().is_empty(), "the queue has a place for them of its own");

    let memory = Memory::new();
    let report = take(&flow, &memory, &in_order(&bodies));
    let parked = Outcome::Parked;
    assert_eq!(report.outcomes, [applied, parked, parked, applied]);
    let letters: Vec<_> = memory.letters().into_iter().map(|it| (it.code.to_string(), it.table)).collect();
    assert_eq!(letters, [("no_arn".to_owned(), None), ("no_new_image".to_owned(), Some("other".to_owned()))]);
}

#[test]
fn a_first_batch_of_nothing_else_fails_and_a_later_one_does_not() {
    let (memory, flow) = (Memory::new(), flow(|_| {}));
    let odd = [streamed(KEYS_ONLY, 3), streamed(KEYS_ONLY, 4)];
    for records in [in_order(&odd), alone(&odd)] {
        let report = take(&flow, &memory, &records);
        let failure = report.failure().expect("nothing is known yet");
        assert!(
            failure.message().contains("other: no_new_image 2") && failure.message().contains("KEYS_ONLY")
        );
        assert_eq!(report.counts().reported, 2);
    }
    assert!(memory.letters().is_empty());
    assert!(is_done(&take(&flow, &memory, &in_order(&[streamed(ORDERS, 1)]))));
    assert_eq!(take(&flow, &memory, &in_order(&odd)).counts().parked, 2);
    assert_eq!(take(&flow, &memory, &alone(&odd)).outcomes, [Outcome::Failed; 2]);
}

#[test]
fn what_is_known_of_another_source_is_nothing_known_of_this_one() {
    let memory = Memory::new();
    assert!(is_done(&take(
        &flow(|route| route.from = "orders".into()),
        &memory,
        &in_order(&[streamed(ORDERS, 1)])
    )));
    let report =
        take(&flow(|route| route.from = "other".into()), &memory, &in_order(&[streamed(KEYS_ONLY, 3)]));
    assert!(report.failure().is_some(), "{report:?}");
}

#[test]
fn a_route_may_say_fail_or_park() {
    let bodies = [streamed(ORDERS, 1), streamed(KEYS_ONLY, 3)];
    let memory = Memory::new();
    let report =
        take(&flow(|route| route.on_config_error = OnConfigError::Fail), &memory, &in_order(&bodies));
    assert!(report.failure().is_some() && memory.letters().is_empty(), "{report:?}");
    for records in [in_order(&bodies[1..]), alone(&bodies[1..])] {
        let memory = Memory::new();
        let report = take(&flow(|route| route.on_config_error = OnConfigError::Park), &memory, &records);
        assert_eq!((report.counts().parked, memory.letters().len()), (1, 1), "{report:?}");
    }
}

#[test]
fn faults_are_no_poison_and_the_limit_counts_them_by_table() {
    let odd = |arn: &str, ids: std::ops::Range<u32>| ids.map(|id| streamed(arn, id)).collect::<Vec<_>>();
    let config = |limit, policy| {
        let mut config = Config::default();
        config.dead_letters.limit = limit;
        config.routes = vec![RoutePolicy { on_config_error: policy, ..RoutePolicy::default() }];
        Flow::new(&config).unwrap()
    };
    let good = in_order(&[streamed(ORDERS, 1)]);
    // ninety of a hundred: no systemic poison
    let memory = Memory::new();
    let flow = config(100, OnConfigError::Auto);
    let mut bodies = odd(KEYS_ONLY, 100..190);
    bodies.extend(odd(ORDERS, 1..11));
    let report = take(&flow, &memory, &in_order(&bodies));
    assert_eq!((report.counts().applied, report.counts().parked), (10, 90), "{report:?}");
    // of the same table there is room for ten, of others for a hundred
    let third = KEYS_ONLY.replace("other", "third");
    let keys_only = |arn: &str, ids| {
        odd(KEYS_ONLY, ids).into_iter().map(|it| it.replace(KEYS_ONLY, arn)).collect::<Vec<_>>()
    };
    assert_eq!(take(&flow, &memory, &in_order(&keys_only(&third, 300..390))).counts().parked, 90);
    let over = take(&flow, &memory, &in_order(&odd(KEYS_ONLY, 200..211)));
    let failure = over.failure().expect("over the limit");
    assert_eq!(failure.code().as_str(), "parked_limit");
    assert!(failure.message().contains("of other") && failure.message().contains("skip = true"), "{failure}");
    // poison has a limit of its own
    let poison = in_order(&["{}".to_owned(), streamed(ORDERS, 12)]);
    assert_eq!(take(&flow, &memory, &poison).counts().parked, 1);
    // who says park has none
    let memory = Memory::new();
    let flow = config(5, OnConfigError::Park);
    assert!(is_done(&take(&flow, &memory, &good)));
    assert_eq!(take(&flow, &memory, &in_order(&odd(KEYS_ONLY, 100..150))).counts().parked, 50);
}

#[test]
fn every_row_of_a_part_that_routing_refuses_is_named_however_many_parts_there_are() {
    let event = |table: &str, id: u32| {
        let key = Key::new(vec![("id".to_owned(), id.to_string())]).ok();
        ChangeEvent::new(table, key, Change::Put(Document::default()), format!("x.{id:06}").into())
    };
    // the second table leads to the first one's place
    let events: Vec<ChangeEvent> =
        (0..300).map(|id| event(if id % 2 == 0 { "a" } else { "b" }, id)).collect();
    let mut config = Config::default();
    config.routes = vec![RoutePolicy { to: "one".into(), ..RoutePolicy::default() }];
    let records: Vec<Vec<ChangeEvent>> = events.into_iter().map(|event| vec![event]).collect();
    let names: Vec<Record> =
        (0..records.len()).map(|n| Record::new("script", n.to_string(), n.to_string())).collect();
    let flow = Flow::with_decoders(&config, Decoders::pinned(Box::new(Script(records))));
    let memory = Memory::new();
    let report = take(&flow, &memory, &names);
    assert_eq!((report.counts().applied, report.counts().parked), (150, 150), "{report:?}");
    let letters = memory.letters();
    assert!(letters.iter().all(|it| it.code.as_str() == "shared_target" && it.table.as_deref() == Some("b")));
    assert!(letters.iter().all(|it| it.key.as_deref() == Some(&format!("[{}]", it.position))));
}

#[test]
fn tables_that_are_left_out_on_purpose_are_counted_as_filtered() {
    let memory = Memory::new();
    let report = take(&flow(|route| route.skip = true), &memory, &in_order(&[streamed(ORDERS, 1)]));
    assert!(is_done(&report) && memory.rows().is_empty(), "{report:?}");
    assert_eq!(report.counts().ignored.into_keys().map(|it| it.as_str()).collect::<Vec<_>>(), ["filtered"]);
}

#[test]
fn a_report_says_how_far_everything_is_durable() {
    let bodies = [streamed(ORDERS, 1), streamed(KEYS_ONLY, 2), streamed(ORDERS, 3)];
    let (memory, flow) = (Memory::new(), flow(|_| {}));
    assert_eq!(take(&flow, &memory, &in_order(&bodies)).into_result().unwrap().parked, 1);
    let rest = take(&flow, &memory, &alone(&bodies)).into_result().unwrap_err();
    assert_eq!((rest.first, rest.position.as_str(), rest.received), (1, "2", 3));
    assert!(!rest.needs_a_person());
    let failed = take(&flow, &Memory::new(), &in_order(&bodies[1..2])).into_result().unwrap_err();
    assert!(failed.first == 0 && failed.needs_a_person(), "{failed}");
}

#[tokio::test]
async fn the_readmes_consumer_loses_nothing_while_the_database_is_away() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut config = Config::default();
    config.sink.url = Some(rowtide::config::SinkUrl::new(format!("postgresql://u@127.0.0.1:{port}/d")));
    let records = in_order(&[streamed(ORDERS, 1), streamed(ORDERS, 2)]);
    let (places, asked) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let read = |from: usize| {
        asked.lock().unwrap().push(from);
        records[from..].to_vec()
    };
    let commit = |place| places.lock().unwrap().push(place);
    let consuming = own_consumer::consume(&config, Duration::from_millis(700), read, commit);
    let tried = async {
        while asked.lock().unwrap().len() < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        ended = consuming => panic!("it must go on trying: {ended:?}"),
        () = tried => {}
    }
    assert!(places.lock().unwrap().iter().all(|place| *place == 0), "nothing is durable: {places:?}");
    assert!(asked.lock().unwrap().iter().all(|from| *from == 0), "{asked:?}");
}

#[tokio::test]
async fn the_readmes_consumer_ends_when_everything_is_durable() {
    let place = crate::support::place("own_consumer").await;
    let records = in_order(&(1..8).map(|id| streamed(ORDERS, id)).collect::<Vec<_>>());
    let read = |from: usize| records.iter().skip(from).take(3).cloned().collect();
    let mut places = Vec::new();
    own_consumer::consume(&place.config(), Duration::from_secs(30), read, |at| places.push(at))
        .await
        .unwrap();
    assert_eq!(places, [3, 6, 7]);
    assert_eq!(place.count("select count(*) from {s}.orders").await, 7);
    place.finish().await;
}

#[test]
fn an_envelope_of_a_queue_names_exactly_the_odd_messages() {
    let message = |n: u32, body: &str| {
        let mut text = String::new();
        rowtide::json::write_string(&mut text, body);
        format!(
            r#"{{"messageId":"m-{n}","body":{text},"eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-west-1:1:q"}}"#
        )
    };
    let bodies = [streamed(ORDERS, 1), streamed(KEYS_ONLY, 2), streamed(ORDERS, 3)];
    let messages: Vec<String> = bodies.iter().zip(1..).map(|(body, n)| message(n, body)).collect();
    let event = format!(r#"{{"Records":[{}]}}"#, messages.join(","));
    let envelope = Envelope::parse(&event.into(), "-").unwrap();
    let memory = Memory::new();
    let runtime = crate::model::runtime();
    let report = runtime.block_on(process(&flow(|_| {}), &memory, &envelope.records, Deadline::never()));
    assert_eq!(report.response(&envelope), r#"{"batchItemFailures":[{"itemIdentifier":"m-2"}]}"#);
}

#[test]
fn decoders_that_are_passed_in_know_what_the_source_said_of_its_tables() {
    let said = r#"{"type":"table-create","database":"d","table":"t","ts":1477053308000,"position":"b.000006:80",
        "def":{"database":"d","table":"t","columns":[{"type":"int","name":"id","signed":true}],"primary-key":["id"]}}"#;
    let changed = r#"{"database":"d","table":"t","type":"insert","ts":1477053317,"xid":2,"commit":true,
        "position":"b.000006:90","data":{"id":1,"m":4.20}}"#;
    let records = [said, changed].map(|payload| Record::new("s", "1", payload));
    let maxwell = Decoders::pinned(Box::new(Maxwell::new(Settings::default())));
    let (flow, memory) = (Flow::with_decoders(&Config::default(), maxwell), Memory::new());
    for counts in [(1, 0), (0, 1)] {
        let report = take(&flow, &memory, &records);
        assert_eq!((report.counts().applied, report.counts().stale), counts);
    }
    // and the database knows it when a process starts anew
    let again = Decoders::pinned(Box::new(Maxwell::new(Settings::default())));
    let report = take(&Flow::with_decoders(&Config::default(), again), &memory, &records[1..]);
    assert_eq!(report.counts().stale, 1);
}
