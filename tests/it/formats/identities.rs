//! What tells one source from another, format by format: as much as its records and its transport say, and no more.

use rowtide::catalogue::Catalogue;
use rowtide::config::Config;
use rowtide::decode::{Pointers, Settings};
use rowtide::decoders::{Decoders, Part};
use rowtide::policy::RoutePolicy;
use rowtide::record::Record;
use rowtide::rules::Rules;
use rowtide::source::SourceIdentity;

const STREAM: &str = "arn:aws:kinesis:eu-west-1:111111111111:stream/changes";

const MAXWELL: &str = r#"{"database":"shop","table":"orders","type":"insert","ts":1,"commit":true,"position":"b.1:2","server_id":7,"primary_key_columns":["id"],"data":{"id":1}}"#;
const CANAL: &str = r#"{"database":"shop","table":"orders","type":"INSERT","isDdl":false,"es":1,"pkNames":["id"],"data":[{"id":1}]}"#;
const MONGODB: &str = r#"{"_id":{"_data":"82669683C2"},"operationType":"delete","clusterTime":{"$timestamp":{"t":1,"i":2}},"ns":{"db":"shop","coll":"orders"},"documentKey":{"_id":1}}"#;
const DSQL: &str = r#"{"type":"full","op":"c","before":null,"after":{"id":1},"source":{"ts_ns":1,"txId":"t","schema":"public","table":"orders","db":"postgres","cluster":"kmab"}}"#;
const WAL2JSON: &str = r#"{"action":"I","lsn":"0/1","schema":"public","table":"orders","pk":[{"name":"id"}],"columns":[{"name":"id","value":1}]}"#;
const TRANSACTION: &str = r#"{"nextlsn":"0/1","change":[{"kind":"insert","schema":"public","table":"orders","pk":{"pknames":["id"]},"columnnames":["id"],"columnvalues":[1]}]}"#;
const DMS: &str = r#"{"data":{"id":1},"metadata":{"timestamp":"2024-07-29T00:58:17Z","record-type":"data","operation":"load","schema-name":"public","table-name":"orders"}}"#;
const JSON: &str = r#"{"own_table":"orders","own_revision":7,"id":1}"#;
const STREAMS: &str = r#"{"eventName":"REMOVE","awsRegion":"eu-west-1","dynamodb":{"Keys":{"id":{"N":"1"}},"SequenceNumber":"1","StreamViewType":"NEW_IMAGE"},"eventSourceARN":"arn:aws:dynamodb:eu-west-1:111111111111:table/orders/stream/l"}"#;
const KINESIS: &str = r#"{"eventName":"REMOVE","awsRegion":"eu-west-1","tableName":"orders","recordFormat":"application/json","dynamodb":{"ApproximateCreationDateTime":1772440530123456,"Keys":{"id":{"N":"1"}}}}"#;
const EXPORT: &str = r#"{"tableArn":"arn:aws:dynamodb:eu-west-1:111111111111:table/orders","exportTime":"2026-03-02T08:00:00.000Z","Item":{"id":{"N":"1"}}}"#;
const SNAPSHOT: &str = r#"{"rowtide_snapshot":{"table":"public.orders","source":{"db":"shop"},"scheme":"p","at":"2026-03-02T08:00:00Z","key":["id"]},"row":{"id":1}}"#;

const ARCHIVED: &str = r#"{"rowtide_change":1,"change":"delete","table":"public.orders","source_identity":{"db":"shop"},"key":{"id":1},"version":"p.0000.1.07"}"#;

/// The identity that the only event of a record has.
fn identity(transport: &str, payload: &str) -> SourceIdentity {
    let mut config = Config::default();
    config.routes.push(RoutePolicy { key: vec!["id".to_owned()], ..RoutePolicy::default() });
    if payload == MONGODB || payload.contains("documentKey") {
        config.routes.clear();
    }
    let own = |pointer: &str| Some(pointer.to_owned());
    let pointers =
        Pointers { table: own("/own_table"), version: own("/own_revision"), ..Pointers::default() };
    let settings = Settings {
        pointers,
        table: Some("orders".to_owned()),
        label: Some("l".to_owned()),
        ..Settings::default()
    };
    let decoders = Decoders::named("auto", &settings).unwrap();
    let catalogue = Catalogue::new(Rules::from(&config));
    let record = Record::new(transport, "7", payload.to_owned());
    let mut events: Vec<_> =
        decoders.decode(&record, &catalogue).into_iter().flat_map(Part::events).collect();
    assert_eq!(events.len(), 1, "{payload}");
    events.remove(0).unwrap().source
}

#[test]
fn each_format_tells_its_source_as_far_as_it_can() {
    let of_stream = r#"{"account":"111111111111","region":"eu-west-1"}"#;
    let of_database = r#"{"account":"111111111111","db":"shop","region":"eu-west-1"}"#;
    for (payload, through_a_stream, bare) in [
        (MAXWELL, of_database, r#"{"db":"shop"}"#),
        (CANAL, of_database, r#"{"db":"shop"}"#),
        (MONGODB, of_database, r#"{"db":"shop"}"#),
        (
            DSQL,
            r#"{"account":"111111111111","db":"postgres","region":"eu-west-1","server":"kmab"}"#,
            r#"{"db":"postgres","server":"kmab"}"#,
        ),
        (WAL2JSON, of_stream, ""),
        (TRANSACTION, of_stream, ""),
        (DMS, of_stream, ""),
        (JSON, of_stream, ""),
        (KINESIS, of_stream, r#"{"region":"eu-west-1"}"#),
        (STREAMS, of_stream, of_stream),
        (EXPORT, of_stream, of_stream),
        (SNAPSHOT, r#"{"db":"shop"}"#, r#"{"db":"shop"}"#),
        (ARCHIVED, r#"{"db":"shop"}"#, r#"{"db":"shop"}"#),
    ] {
        assert_eq!(identity(STREAM, payload).as_str(), through_a_stream, "{payload}");
        assert_eq!(identity("events/a.json", payload).as_str(), bare, "{payload}");
        // a queue belongs to whoever reads it
        let queue = "arn:aws:sqs:us-east-1:222222222222:changes";
        assert_eq!(identity(queue, payload).as_str(), bare, "{payload}");
        let topic = "arn:aws:kafka:eu-west-1:111111111111:cluster/changes/1a2b-3/orders-0";
        assert_eq!(identity(topic, payload).as_str(), through_a_stream, "{payload}");
        // another region or account is another source, unless the record itself says which
        for (from, to) in [("eu-west-1", "us-east-1"), ("111111111111", "222222222222")] {
            let (one, other) = (identity(STREAM, payload), identity(&STREAM.replace(from, to), payload));
            let is_told = payload == SNAPSHOT
                || payload == ARCHIVED
                || payload == STREAMS
                || payload == EXPORT
                || (payload == KINESIS && from == "eu-west-1");
            assert_eq!(one.conflicts_with(&other), !is_told, "{to} {payload}");
        }
    }
    // without its ARN a record of a stream has its region
    let bare = STREAMS.replace("eventSourceARN", "x");
    assert_eq!(identity("s", &bare).as_str(), r#"{"region":"eu-west-1"}"#);
}

#[test]
fn what_the_records_tell_tells_them_apart() {
    for (payload, from, to) in [
        (MAXWELL, r#""database":"shop""#, r#""database":"tenant_b""#),
        (CANAL, r#""database":"shop""#, r#""database":"tenant_b""#),
        (MONGODB, r#""db":"shop""#, r#""db":"tenant_b""#),
        (DSQL, r#""cluster":"kmab""#, r#""cluster":"other""#),
        (DSQL, r#""db":"postgres""#, r#""db":"other""#),
        (STREAMS, ":eu-west-1:", ":us-east-1:"),
        (STREAMS, ":111111111111:", ":222222222222:"),
        (KINESIS, r#""awsRegion":"eu-west-1""#, r#""awsRegion":"us-east-1""#),
        (EXPORT, ":eu-west-1:", ":us-east-1:"),
        (EXPORT, ":111111111111:", ":222222222222:"),
        (SNAPSHOT, r#""db":"shop""#, r#""db":"tenant_b""#),
        (ARCHIVED, r#""db":"shop""#, r#""db":"tenant_b""#),
    ] {
        for transport in [STREAM, "s"] {
            let other = payload.replace(from, to);
            assert!(
                identity(transport, payload).conflicts_with(&identity(transport, &other)),
                "{to} {payload}"
            );
        }
    }
    // which of its servers wrote the change changes in a failover
    assert_eq!(
        identity("s", MAXWELL),
        identity("s", &MAXWELL.replace(r#""server_id":7"#, r#""server_id":8"#))
    );
}

#[test]
fn the_ways_by_which_the_changes_of_one_table_come_are_of_one_source() {
    let ways = [
        identity("arn:aws:dynamodb:eu-west-1:111111111111:table/orders/stream/l", STREAMS),
        identity(STREAM, STREAMS),
        identity("s", &STREAMS.replace("eventSourceARN", "x")),
        identity(STREAM, KINESIS),
        identity("s", KINESIS),
        identity("s", &KINESIS.replace("awsRegion", "x")),
        identity("s", EXPORT),
        identity("arn:aws:s3:::exports", EXPORT),
        identity(
            "s",
            &EXPORT
                .replace("tableArn", "x")
                .replace(r#""x":"arn:aws:dynamodb:eu-west-1:111111111111:table/orders","#, ""),
        ),
    ];
    for (one, other) in ways.iter().flat_map(|one| ways.iter().map(move |other| (one, other))) {
        assert!(!one.conflicts_with(other), "{one:?} {other:?}");
    }
    // the changes of a database and its snapshots, whatever brings them
    let changes = identity(
        STREAM,
        r#"{"op":"c","before":null,"after":{"id":1},"source":{"connector":"postgresql","name":"server","db":"shop","schema":"public","table":"orders","lsn":1}}"#,
    );
    assert!(!changes.conflicts_with(&identity("snapshot:public.orders", SNAPSHOT)));
    assert!(!changes.conflicts_with(&identity("file:///lake", ARCHIVED)));
    assert!(!identity(STREAM, WAL2JSON).conflicts_with(&identity("snapshot:public.orders", SNAPSHOT)));
    // format 1 and 2 of one database, and the records of one server, too
    assert!(!identity(STREAM, WAL2JSON).conflicts_with(&identity(STREAM, TRANSACTION)));
}
