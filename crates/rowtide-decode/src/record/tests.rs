use super::Envelope;
use crate::error::Code;
use bytes::Bytes;

fn parse(text: &str) -> Envelope {
    Envelope::parse(&Bytes::copy_from_slice(text.as_bytes()), "-").unwrap()
}

#[test]
fn a_kinesis_record_is_decoded_and_keeps_its_position_verbatim() {
    let event = parse(
        r#"{"Records":[{"kinesis":{"partitionKey":"p","sequenceNumber":"0042","data":"SGVsbG8=",
        "approximateArrivalTimestamp":1545084650.98,"new":[{}]},"eventID":"shardId-000000000006:0042",
        "eventSourceARN":"arn:aws:kinesis:us-east-2:1:stream/s/consumer/c:1"}]}"#,
    );
    let record = &event.records[0];
    assert_eq!(&record.payload[..], b"Hello");
    assert_eq!((record.position.as_str(), &*record.source), ("0042", "arn:aws:kinesis:us-east-2:1:stream/s"));
    assert_eq!(record.arrived_at.unwrap().to_string(), "2018-12-17T22:10:50.980000Z");
    assert_eq!((record.partition_key.as_deref(), event.window_state), (Some("p"), None));
}

#[test]
fn members_are_read_as_lambda_spells_them_and_as_the_services_own_api_does() {
    let lambda = r#"{"Records":[{"kinesis":{"partitionKey":"p","sequenceNumber":"0042","data":"SGVsbG8=","approximateArrivalTimestamp":1545084650.98},"eventID":"shardId-000000000006:0042","eventSourceARN":"arn:aws:kinesis:us-east-2:1:stream/s"}]}"#;
    let told = |text: &str| {
        let record = parse(text).records.remove(0);
        assert_eq!(record.fault, None, "{text}");
        let payload = String::from_utf8(record.payload.to_vec()).unwrap();
        (record.position, record.partition_key, record.arrived_at, payload, record.source.to_string())
    };
    let expected = told(lambda);
    let mut all = lambda.to_owned();
    for (one, other) in [
        ("\"kinesis\"", "\"Kinesis\""),
        ("partitionKey", "PartitionKey"),
        ("sequenceNumber", "SequenceNumber"),
        ("\"data\"", "\"Data\""),
        ("approximateArrivalTimestamp", "ApproximateArrivalTimestamp"),
        ("1545084650.98", "\"2018-12-17T23:10:50.980000+01:00\""),
        ("eventID", "EventID"),
        ("eventSourceARN", "EventSourceArn"),
    ] {
        assert_eq!(told(&lambda.replacen(one, other, 1)), expected, "{other}");
        all = all.replacen(one, other, 1);
    }
    assert_eq!(told(&all), expected);
    // the answer of GetRecords, which names no stream
    let answer = r#"{"Records":[{"SequenceNumber":"0042","ApproximateArrivalTimestamp":"2018-12-17T22:10:50.980Z","Data":"SGVsbG8=","PartitionKey":"p"}],"NextShardIterator":"AAAA","MillisBehindLatest":0}"#;
    assert_eq!(told(answer), (expected.0, expected.1, expected.2, expected.3, "-".to_owned()));
    let queue = r#"{"Records":[{"messageId":"m","body":"x","attributes":{"SentTimestamp":"1545084650980"},"eventSourceARN":"arn:aws:sqs:us-east-2:1:q"}]}"#;
    let capitals = queue.replace("messageId", "MessageId").replace("body", "Body");
    let capitals = capitals.replace("attributes", "Attributes").replace("eventSource", "EventSource");
    assert_eq!(told(&capitals), told(queue));
    let stream = r#"{"Records":[{"dynamodb":{"SequenceNumber":"5"},"eventSourceARN":"arn:aws:dynamodb:us-east-2:1:table/t/stream/l"}]}"#;
    assert_eq!(told(&stream.replace("dynamodb\":{", "Dynamodb\":{")).0, "5");
    // what has only some of them is none
    let other =
        parse(r#"{"Records":[{"SequenceNumber":"1","Data":"e30="},{"PartitionKey":"p","Data":"e30="}]}"#);
    assert!(
        other.records.iter().all(|record| record.fault.is_some_and(|(code, _)| code == Code::NotARecord))
    );
}

#[test]
fn one_odd_element_is_that_records_own_fault() {
    let event = parse(
        r#"{"Records":[42,{"kinesis":{"sequenceNumber":"1","data":"?"}},{"kinesis":{"sequenceNumber":2}},
        {"kinesis":{"data":"e30="},"eventID":"shardId-0:3"},{"kinesis":{"data":"Pz8\/","sequenceNumber":"4"}},
        {"dynamodb":{"SequenceNumber":"5"}},{"body":"x"},{"kinesis":null}]}"#,
    );
    let found: Vec<_> = event
        .records
        .iter()
        .map(|record| (record.position.as_str(), record.fault.map(|f| f.0.as_str())))
        .collect();
    assert_eq!(
        found,
        [
            ("", Some("not_a_record")),
            ("1", Some("bad_base64")),
            ("2", Some("no_payload")),
            ("3", None),
            ("4", None),
            ("5", None),
            ("", Some("not_a_record")),
            ("", Some("not_a_record")),
        ]
    );
}

#[test]
fn no_records_at_all_is_a_configuration_error_and_an_empty_list_is_not() {
    assert!(parse(r#"{"Records":[]}"#).records.is_empty());
    for text in ["{}", "[]", "null", r#"{"Records":null}"#, r#"{"records":[]}"#, "x", "", r#"{"Records":["#] {
        let error = Envelope::parse(&Bytes::copy_from_slice(text.as_bytes()), "-").unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::Config, "{text}");
    }
}

#[test]
fn the_state_of_a_window_is_kept() {
    let state = |text| parse(text).window_state;
    assert_eq!(state(r#"{"Records":[],"window":{},"state":{"a":1}}"#).as_deref(), Some(r#"{"a":1}"#));
    assert_eq!(state(r#"{"window":{},"Records":[]}"#).as_deref(), Some("{}"));
    assert_eq!(state(r#"{"Records":[],"state":{"a":1}}"#), None);
}
