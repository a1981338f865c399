use super::Envelope;
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
fn one_odd_element_is_that_records_own_fault() {
    let event = parse(
        r#"{"Records":[42,{"kinesis":{"sequenceNumber":"1","data":"?"}},{"kinesis":{"sequenceNumber":2}},
        {"kinesis":{"data":"e30="},"eventID":"shardId-0:3"},{"kinesis":{"data":"Pz8\/","sequenceNumber":"4"}},
        {"dynamodb":{"SequenceNumber":"5"}},{"body":"x"},{"kinesis":null}]}"#,
    );
    let found: Vec<_> =
        event.records.iter().map(|record| (record.position.as_str(), record.fault.map(|f| f.0))).collect();
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
