//! What decoders and envelopes make of anything that could arrive.

use crate::model::{Memory, sorted, take};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use rowtide::catalogue::Catalogue;
use rowtide::config::Config;
use rowtide::decimal;
use rowtide::decode::{Decoded, Decoder, LazyObject, Settings};
use rowtide::decoders::Decoders;
use rowtide::error::{ErrorKind, Result};
use rowtide::event::{Caveat, Change, ChangeEvent};
use rowtide::formats::{DynamodbKinesis, DynamodbStreams};
use rowtide::json::{DEPTH_MAX, Value, write_string};
use rowtide::pipeline::Flow;
use rowtide::record::{Envelope, Record};
use rowtide::rules::{Rules, TableRules};
use serde_dynamo::AttributeValue;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2015-05-11T21:21:33.291";

/// A record through Kinesis with these keys and this image, both DynamoDB JSON.
fn through_kinesis(keys: &str, image: &str) -> Record {
    let payload = format!(
        r#"{{"eventName":"INSERT","tableName":"orders","recordFormat":"application/json","dynamodb":{{"ApproximateCreationDateTime":1772440530123456,"ApproximateCreationDateTimePrecision":"MICROSECOND","Keys":{keys},"NewImage":{image}}}}}"#
    );
    Record::new("stream", "42", payload)
}

fn event_of(decoded: Result<Decoded>) -> Result<ChangeEvent> {
    let Decoded::Events(mut events) = decoded? else { panic!("ignored") };
    assert_eq!(events.len(), 1);
    Ok(events.remove(0))
}

fn decode(record: &Record) -> Result<ChangeEvent> {
    event_of(alone(&DynamodbKinesis::default(), record))
}

/// The document of an image whose key is `id`, or the code of what is wrong with it.
fn document(image: &str) -> Result<String, &'static str> {
    match decode(&through_kinesis(r#"{"id":{"S":"a"}}"#, image)) {
        Ok(ChangeEvent { change: Change::Put(document), .. }) => Ok(document.to_json()),
        Ok(other) => panic!("not a put: {other:?}"),
        Err(error) => Err(error.code().as_str()),
    }
}

/// The canonical key, or the code of what is wrong with it.
fn key(keys: &str) -> Result<String, &'static str> {
    match decode(&through_kinesis(keys, "{}")) {
        Ok(event) => Ok(event.key.unwrap().as_str().to_owned()),
        Err(error) => Err(error.code().as_str()),
    }
}

fn everywhere(bytes: &Bytes) {
    let mut settings = Settings { epoch: 1, ..Settings::default() };
    (settings.table, settings.label) = (Some("t".to_owned()), Some("l".to_owned()));
    let mut records = vec![Record::new("s", "1", bytes.clone())];
    if let Ok(envelope) = Envelope::parse(bytes, "-") {
        records.extend(envelope.records);
    }
    for record in records {
        for name in ["auto", "dynamodb", "dynamodb-kinesis"] {
            for error in Decoders::named(name, &settings)
                .unwrap()
                .events(&record)
                .iter()
                .filter_map(|e| e.as_ref().err())
            {
                assert_ne!(error.code().as_str(), "");
            }
        }
    }
}

fn event_files() -> Vec<PathBuf> {
    let folder = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("events").join(name);
    let list = |folder: PathBuf| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        ["dynamodb", "dynamodb-kinesis"].map(folder).into_iter().flat_map(list).collect();
    files.retain(|file| file.metadata().unwrap().len() < 50_000);
    files.sort();
    files
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..200)) {
        everywhere(&bytes.into());
    }

    #[test]
    fn any_json_like_text_is_read_without_a_panic(
        text in r#"(\{"(dynamodb|Records|Keys|kinesis|data|N|S|M|L|NS|userIdentity|tableName)":|\[|[\]},:]|"[a-z\\u0-9]{0,4}"|[0-9.eE-]|null|true){0,40}"#
    ) {
        everywhere(&text.into_bytes().into());
    }

    #[test]
    fn a_damaged_event_is_read_without_a_panic(
        file in 0..100_usize, damage in vec((any::<usize>(), 0..4_u8, any::<u8>()), 1..4),
    ) {
        let files = event_files();
        let mut bytes = std::fs::read(&files[file % files.len()]).unwrap();
        for (at, kind, byte) in damage {
            let at = at % bytes.len().max(1);
            match kind {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, byte),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 if at < bytes.len() => bytes[at] = byte,
                _ => {}
            }
        }
        everywhere(&bytes.clone().into());
        // the payload as a whole, not only what base64 lets through
        if let Ok(envelope) = Envelope::parse(&Bytes::from(std::fs::read(&files[file % files.len()]).unwrap()), "-") {
            for record in envelope.records.into_iter().take(3) {
                let mut payload = record.payload.to_vec();
                let at = bytes.len() % payload.len().max(1);
                payload.truncate(at);
                everywhere(&payload.into());
            }
        }
    }
}

// ---- values

/// An attribute value as DynamoDB has it.
#[derive(Debug, Clone)]
enum Attribute {
    S(String),
    N(String),
    B(Vec<u8>),
    Bool(bool),
    Null,
    M(BTreeMap<String, Attribute>),
    L(Vec<Attribute>),
    Ss(Vec<String>),
    Ns(Vec<String>),
    Bs(Vec<Vec<u8>>),
}

fn text(text: &str) -> String {
    let mut out = String::new();
    write_string(&mut out, text);
    out
}

fn base64(bytes: &[u8]) -> String {
    format!("\"{}\"", STANDARD.encode(bytes))
}

fn joined<T>(list: impl IntoIterator<Item = T>, write: impl Fn(T) -> String) -> String {
    list.into_iter().map(write).collect::<Vec<_>>().join(",")
}

fn members(map: &BTreeMap<String, Attribute>) -> String {
    format!("{{{}}}", joined(map, |(name, value)| format!("{}:{}", text(name), value.json())))
}

impl Attribute {
    fn json(&self) -> String {
        match self {
            Self::S(string) => format!(r#"{{"S":{}}}"#, text(string)),
            Self::N(number) => format!(r#"{{"N":"{number}"}}"#),
            Self::B(bytes) => format!(r#"{{"B":{}}}"#, base64(bytes)),
            Self::Bool(value) => format!(r#"{{"BOOL":{value}}}"#),
            Self::Null => r#"{"NULL":true}"#.to_owned(),
            Self::M(map) => format!(r#"{{"M":{}}}"#, members(map)),
            Self::L(list) => format!(r#"{{"L":[{}]}}"#, joined(list, Self::json)),
            Self::Ss(set) => format!(r#"{{"SS":[{}]}}"#, joined(set, |string| text(string))),
            Self::Ns(set) => format!(r#"{{"NS":[{}]}}"#, joined(set, |number| format!("\"{number}\""))),
            Self::Bs(set) => format!(r#"{{"BS":[{}]}}"#, joined(set, |bytes| base64(bytes))),
        }
    }
}

fn numbers() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i32>().prop_map(|number| number.to_string()),
        "[1-9][0-9]{0,37}",
        "-?(0|[1-9][0-9]{0,29})\\.[0-9]{1,8}",
        "-?[1-9](\\.[0-9]{1,20})?[eE][+-]?[0-9]{1,2}",
        Just("1E-130".to_owned()),
        Just("9.9999999999999999999999999999999999999E+125".to_owned()),
        Just("-0".to_owned()),
    ]
}

fn attributes() -> impl Strategy<Value = Attribute> {
    let string = || "[a-c\"\\\\/\u{0}\n\u{e9}\u{1f69a}]{0,4}";
    let bytes = || vec(any::<u8>(), 0..5);
    let leaf = prop_oneof![
        string().prop_map(Attribute::S),
        numbers().prop_map(Attribute::N),
        bytes().prop_map(Attribute::B),
        any::<bool>().prop_map(Attribute::Bool),
        Just(Attribute::Null),
        vec(string(), 1..5).prop_map(Attribute::Ss),
        vec(numbers(), 1..5).prop_map(Attribute::Ns),
        vec(bytes(), 1..5).prop_map(Attribute::Bs),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Attribute::L),
            btree_map(string(), inner, 0..5).prop_map(Attribute::M),
        ]
    })
}

fn equal_numbers(ours: &str, theirs: &str) -> bool {
    decimal::compare(ours, theirs) == Ordering::Equal
}

/// Whether two sets of the same size are the same, and ours is in its order.
fn equal_sets<T: Clone>(ours: &[T], theirs: &[T], order: impl Fn(&T, &T) -> Ordering) -> bool {
    let mut theirs = theirs.to_vec();
    theirs.sort_by(&order);
    ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| order(a, b) == Ordering::Equal)
}

/// Whether our value says the same as what serde_dynamo read.
fn says(ours: &Value, theirs: &AttributeValue) -> bool {
    let strings = |list: &[Value]| {
        let string = |value: &Value| if let Value::String(text) = value { Some(text.clone()) } else { None };
        list.iter().map(string).collect::<Option<Vec<String>>>()
    };
    let numbers = |list: &[Value]| {
        let number = |value: &Value| if let Value::Number(text) = value { Some(text.clone()) } else { None };
        list.iter().map(number).collect::<Option<Vec<String>>>()
    };
    let binaries = |list: &[Value]| {
        let decoded = strings(list)?.into_iter().map(|text| STANDARD.decode(text).ok());
        decoded.collect::<Option<Vec<Vec<u8>>>>()
    };
    match (ours, theirs) {
        (Value::String(ours), AttributeValue::S(theirs)) => ours == theirs,
        (Value::Number(ours), AttributeValue::N(theirs)) => equal_numbers(ours, theirs),
        (Value::String(ours), AttributeValue::B(theirs)) => STANDARD.decode(ours).as_ref() == Ok(theirs),
        (Value::Bool(ours), AttributeValue::Bool(theirs)) => ours == theirs,
        (Value::Null, AttributeValue::Null(_)) => true,
        (Value::Array(ours), AttributeValue::L(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| says(ours, theirs))
        }
        (Value::Object(ours), AttributeValue::M(theirs)) => {
            let same =
                |(name, value): &(String, Value)| theirs.get(name).is_some_and(|theirs| says(value, theirs));
            ours.len() == theirs.len() && ours.iter().all(same)
        }
        (Value::Array(ours), AttributeValue::Ss(theirs)) => {
            strings(ours).is_some_and(|ours| equal_sets(&ours, theirs, |a, b| a.as_bytes().cmp(b.as_bytes())))
        }
        (Value::Array(ours), AttributeValue::Ns(theirs)) => {
            numbers(ours).is_some_and(|ours| equal_sets(&ours, theirs, |a, b| decimal::compare(a, b)))
        }
        (Value::Array(ours), AttributeValue::Bs(theirs)) => {
            binaries(ours).is_some_and(|ours| equal_sets(&ours, theirs, Ord::cmp))
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn serde_dynamo_reads_the_same_from_every_image(attributes in btree_map("[a-h.\"/\u{0}]{0,2}", attributes(), 0..6)) {
        let image = members(&attributes);
        let ours = Value::parse(&document(&image).unwrap()).unwrap();
        let theirs: serde_dynamo::Item = serde_json::from_str(&image).unwrap();
        prop_assert!(says(&ours, &AttributeValue::M(theirs.into_inner())), "{}", ours.to_text());
    }

    #[test]
    fn what_is_stored_is_what_serde_dynamo_reads(attributes in btree_map("[a-h.\"/\u{0}]{0,2}", attributes(), 0..6)) {
        let image = members(&attributes);
        let memory = Memory::new();
        let record = through_kinesis(r#"{"id":{"S":"a"}}"#, &image);
        drop(take(&Flow::new(&Config::default()).unwrap(), &memory, &[record]));
        let rows = memory.rows();
        let stored = rows.values().next().and_then(|row| row.document.as_ref()).unwrap();
        let theirs: serde_dynamo::Item = serde_json::from_str(&image).unwrap();
        prop_assert!(says(stored, &AttributeValue::M(theirs.into_inner())), "{}", stored.to_text());
    }

    #[test]
    fn the_order_of_members_and_of_sets_does_not_matter(
        attributes in btree_map("[a-e]{1,2}", attributes(), 0..6), numbers in vec(numbers(), 1..6),
        strings in vec("[a-c]{0,2}", 1..6),
    ) {
        let with_sets = |reversed: bool| {
            let (mut numbers, mut strings) = (numbers.clone(), strings.clone());
            let mut all: Vec<(String, Attribute)> = attributes.clone().into_iter().collect();
            if reversed {
                numbers.reverse();
                strings.reverse();
                all.reverse();
            }
            all.push(("n".to_owned(), Attribute::Ns(numbers)));
            all.push(("s".to_owned(), Attribute::Ss(strings)));
            format!("{{{}}}", joined(all, |(name, value)| format!("{}:{}", text(&name), value.json())))
        };
        let read = |image: String| sorted(Value::parse(&document(&image).unwrap()).unwrap());
        let (ours, reversed) = (read(with_sets(false)), read(with_sets(true)));
        // numbers that are equal but written differently keep their order
        let differ = numbers.iter().any(|a| numbers.iter().any(|b| a != b && equal_numbers(a, b)));
        prop_assume!(!differ);
        prop_assert_eq!(ours, reversed);
    }

    #[test]
    fn equal_numbers_are_one_key_and_different_ones_are_two(a in numbers(), b in numbers(), zeros in 0..5_usize) {
        let keyed = |number: &str| key(&format!(r#"{{"id":{{"N":"{number}"}}}}"#)).unwrap();
        prop_assert_eq!(keyed(&a) == keyed(&b), equal_numbers(&a, &b));
        if !a.contains(['e', 'E']) {
            let point = if a.contains('.') { "" } else { "." };
            prop_assert_eq!(keyed(&format!("{a}{point}{}", "0".repeat(zeros + 1))), keyed(&a));
            prop_assert_eq!(keyed(&format!("{a}E0")), keyed(&a));
        }
    }

    #[test]
    fn a_number_keeps_every_digit(number in numbers()) {
        for written in [format!("\"{number}\""), number.clone()] {
            let ours = document(&format!(r#"{{"n":{{"N":{written}}}}}"#)).unwrap();
            let expected = if number == "-0" { ["-0", "0"].to_vec() } else { vec![number.as_str()] };
            prop_assert!(expected.iter().any(|number| ours == format!(r#"{{"n":{number}}}"#)), "{} from {}", ours, number);
        }
    }
}

#[test]
fn values_are_read_as_documented() {
    let check = |image: &str, expected: Result<&str, &'static str>| {
        assert_eq!(document(image), expected.map(str::to_owned), "{image}");
    };
    check(r#"{"a":{"N":1.50},"b":{"NS":[3,"1"]}}"#, Ok(r#"{"a":1.50,"b":[1,3]}"#));
    check(
        r#"{"a":{"S":null},"b":{"B":null},"c":{"NULL":null},"d":{"NULL":false}}"#,
        Ok(r#"{"a":null,"b":null,"c":null,"d":null}"#),
    );
    check(
        r#"{"a":{"N":"12345678901234567890123456789012345678"}}"#,
        Ok(r#"{"a":12345678901234567890123456789012345678}"#),
    );
    check(
        r#"{"id":{"S":"a"},"a":{"S":""},"b":{"L":[]},"c":{"M":{}},"d":{"B":""}}"#,
        Ok(r#"{"a":"","b":[],"c":{},"d":""}"#),
    );
    // of duplicates the last wins, on every level
    check(r#"{"a":{"N":"1"},"b":{"N":"2"},"a":{"N":"3"}}"#, Ok(r#"{"b":2,"a":3}"#));
    check(
        r#"{"m":{"M":{"a":{"N":"1"},"a":{"S":"x"},"a":{"BOOL":true},"b":{"N":"2"},"b":{"N":"3"}}}}"#,
        Ok(r#"{"m":{"a":true,"b":3}}"#),
    );
    for (image, code) in [
        (r#"{"a":{}}"#, "bad_attribute"),
        (r#"{"a":{"S":"x","N":"1"}}"#, "bad_attribute"),
        (r#"{"a":{"S":"x","S":"y"}}"#, "bad_attribute"),
        (r#"{"a":{"X":"x"}}"#, "bad_attribute"),
        (r#"{"a":{"s":"x"}}"#, "bad_attribute"),
        (r#"{"a":"x"}"#, "bad_attribute"),
        (r#"{"a":null}"#, "bad_attribute"),
        (r#"{"a":{"N":"NaN"}}"#, "bad_attribute"),
        (r#"{"a":{"N":"Infinity"}}"#, "bad_attribute"),
        (r#"{"a":{"N":""}}"#, "bad_attribute"),
        (r#"{"a":{"N":null}}"#, "bad_attribute"),
        (r#"{"a":{"BOOL":"true"}}"#, "bad_attribute"),
        (r#"{"a":{"B":"?"}}"#, "bad_attribute"),
        (r#"{"a":{"L":{}}}"#, "bad_attribute"),
        (r#"{"a":{"M":[]}}"#, "bad_attribute"),
        (r#"{"a":{"NS":["1","x"]}}"#, "bad_attribute"),
        (r#"{"a":{"N":"1E126"}}"#, "number_out_of_range"),
        (r#"{"a":{"N":"1E-131"}}"#, "number_out_of_range"),
        (r#"{"a":{"L":[{"N":"-1E126"}]}}"#, "number_out_of_range"),
    ] {
        check(image, Err(code));
    }
}

#[test]
fn one_name_a_hundred_thousand_times_costs_no_more_than_as_many_names() {
    let members =
        |last: &str| format!(r#"{}"b":{{"N":"2"}},"a":{last}"#, r#""a":{"N":"1"},"#.repeat(100_000));
    let image = format!("{{{}}}", members(&format!(r#"{{"M":{{{}}}}}"#, members(r#"{"S":"x"}"#))));
    let expected = r#"{"b":2,"a":{"b":2,"a":"x"}}"#;
    assert_eq!(document(&image).unwrap(), expected);
    let text = format!(r#"{{{}"a":2}}"#, r#""a":1,"#.repeat(100_000));
    assert_eq!(Value::parse(&text).unwrap().to_text(), r#"{"a":2}"#);
}

#[test]
fn nesting_is_bounded_and_the_stack_with_it() {
    let nested = |levels: usize| {
        document(&format!(
            r#"{{"a":{}{{"N":"1"}}{}}}"#,
            r#"{"L":["#.repeat(levels - 1),
            "]}".repeat(levels - 1)
        ))
    };
    assert!(nested(DEPTH_MAX).is_ok());
    assert_eq!(nested(DEPTH_MAX + 1), Err("too_deep"));
    assert_eq!(nested(100_000), Err("too_deep"));
    // as deep where nobody looks
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let elsewhere = format!(r#"{{"id":{{"S":"a"}}}},"Else":{deep}"#);
    assert_eq!(key(&elsewhere).unwrap(), r#"["a"]"#);
    everywhere(&format!(r#"{{"Records":[{{"kinesis":{deep},"dynamodb":{deep}}}]}}"#).into_bytes().into());
}

#[test]
fn keys_are_canonical_or_poison() {
    let check = |keys: &str, expected: Result<&str, &'static str>| {
        assert_eq!(key(keys), expected.map(str::to_owned), "{keys}");
    };
    for number in ["1", "1.0", "1E0", "+1", "01", "10E-1"] {
        check(&format!(r#"{{"id":{{"N":"{number}"}}}}"#), Ok("[1]"));
    }
    check(r#"{"id":{"N":1.0}}"#, Ok("[1]"));
    check(r#"{"id":{"N":"1E2"}}"#, Ok("[100]"));
    check(r#"{"b":{"S":"x"},"B":{"N":"2"}}"#, Ok(r#"[2,"x"]"#));
    check(r#"{"id":{"S":"\u0041\/\u0000\n"}}"#, Ok(r#"["A/\u0000\n"]"#));
    check(r#"{"id":{"B":"+//+"}}"#, Ok(r#"["+//+"]"#));
    check(r#"{"id":{"S":"a"},"id":{"S":"a"}}"#, Err("duplicate_key_member"));
    check("{}", Err("no_key"));
    check("[]", Err("no_key"));
    for keys in
        [r#"{"id":{"BOOL":true}}"#, r#"{"id":{}}"#, r#"{"id":{"S":"a","N":"1"}}"#, r#"{"id":{"S":null}}"#]
    {
        check(keys, Err("bad_key"));
    }
    check(r#"{"id":{"N":"x"}}"#, Err("bad_attribute"));
}

fn alone(decoder: &impl Decoder, record: &Record) -> Result<Decoded> {
    decoder.decode(record, &LazyObject::of(&record.payload), &Catalogue::default())
}

/// A DynamoDB Streams record.
fn stream_record(event_name: &str, extra: &str) -> Record {
    let payload = format!(
        r#"{{"eventName":"{event_name}","eventSourceARN":"{ARN}",{extra},"dynamodb":{{"Keys":{{"id":{{"S":"a"}}}},"SequenceNumber":"00111","StreamViewType":"NEW_IMAGE","NewImage":{{}}}}}}"#
    );
    Record::new(ARN, "00111", payload)
}

#[test]
fn a_stream_without_new_images_is_a_configuration_error_that_names_it() {
    let decode = |view: &str| {
        let record = stream_record("INSERT", r#""x":1"#);
        let payload = String::from_utf8(record.payload.to_vec()).unwrap();
        let payload = payload.replace(r#""StreamViewType":"NEW_IMAGE","NewImage":{}"#, view);
        event_of(alone(&DynamodbStreams::default(), &Record::new(ARN, "00111", payload)))
    };
    for view in [
        r#""StreamViewType":"KEYS_ONLY""#,
        r#""StreamViewType":"OLD_IMAGE","OldImage":{}"#,
        r#""SizeBytes":1"#,
    ] {
        let error = decode(view).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{view}");
        assert!(error.message().contains(ARN) && error.message().contains("NEW_AND_OLD_IMAGES"), "{error}");
    }
    assert_eq!(decode(r#""StreamViewType":"NEW_IMAGE""#).unwrap_err().code().as_str(), "no_new_image");
}

#[test]
fn who_deleted_a_row_is_told() {
    let actor = |name: &str, identity: &str| {
        let event = event_of(alone(&DynamodbStreams::default(), &stream_record(name, identity))).unwrap();
        (event.actor, event.expired)
    };
    let identity =
        |kind: &str, who: &str| format!(r#""userIdentity":{{"type":"{kind}","principalId":"{who}"}}"#);
    let service = "dynamodb.amazonaws.com";
    assert_eq!(actor("REMOVE", &identity("Service", service)), (Some(service.to_owned()), true));
    assert_eq!(actor("MODIFY", &identity("Service", service)), (Some(service.to_owned()), false));
    assert_eq!(actor("REMOVE", &identity("Service", "other")), (Some("other".to_owned()), false));
    assert_eq!(actor("REMOVE", &identity("User", service)), (Some(service.to_owned()), false));
    assert_eq!(actor("REMOVE", r#""userIdentity":null"#), (None, false));
}

/// The two ways in which AWS spells the members that are read: Lambda's, and that of the API, the SDKs or the command
/// line.
const SPELLINGS: [(&str, &str); 11] = [
    (r#""eventName":"#, r#""EventName":"#),
    (r#""eventID":"#, r#""EventID":"#),
    (r#""eventSourceARN":"#, r#""EventSourceARN":"#),
    (r#""eventSourceARN":"#, r#""EventSourceArn":"#),
    (r#""eventSourceARN":"#, r#""eventSourceArn":"#),
    (r#""awsRegion":"#, r#""AwsRegion":"#),
    (r#""dynamodb":"#, r#""Dynamodb":"#),
    (r#""userIdentity":"#, r#""UserIdentity":"#),
    (r#""principalId":"#, r#""PrincipalId":"#),
    (r#""type":"#, r#""Type":"#),
    (":1772440530.0,", r#":"2026-03-02T08:35:30+00:00","#),
];

#[test]
fn what_aws_spells_in_two_ways_is_read_in_both() {
    let removed = r#""eventName":"REMOVE","eventID":"e","awsRegion":"eu-west-1","userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}"#;
    let keys = r#""Keys":{"id":{"S":"a"}},"OldImage":{"id":{"S":"a"},"type":{"S":"x"}}"#;
    let stream = format!(
        r#"{{{removed},"eventSourceARN":"{ARN}","dynamodb":{{"ApproximateCreationDateTime":1772440530.0,"SequenceNumber":"00111","StreamViewType":"NEW_IMAGE",{keys}}}}}"#
    );
    let kinesis = format!(
        r#"{{{removed},"tableName":"orders","recordFormat":"application/json","dynamodb":{{"ApproximateCreationDateTime":1772440530123456,{keys}}}}}"#
    );
    let auto = Decoders::named("auto", &Settings::default()).unwrap();
    for (decoder, record) in [("dynamodb", &stream), ("dynamodb-kinesis", &kinesis)] {
        let read = |payload: &str| {
            assert_eq!(auto.takers(payload.as_bytes()), [decoder], "{payload}");
            let mut events = auto.events(&Record::new("s", "7", payload.to_owned()));
            let event = events.remove(0).unwrap();
            assert!(event.expired && event.event_id.is_some() && !event.source.is_empty(), "{payload}");
            format!("{event:?}")
        };
        let expected = read(record);
        let mut all = record.clone();
        for (lambda, other) in SPELLINGS.iter().filter(|(lambda, _)| record.contains(lambda)) {
            assert_eq!(read(&record.replacen(lambda, other, 1)), expected, "{other}");
            // the way that counts is the one with a value
            let both = record.replacen(lambda, &format!("{other}null,{lambda}"), 1);
            let both = if other.starts_with('"') { both } else { record.clone() };
            assert_eq!(read(&both), expected, "{both}");
            all = all.replacen(lambda, other, 1);
        }
        assert_eq!(read(&all), expected, "{all}");
    }
}

#[test]
fn an_error_names_the_item_by_what_can_be_read_of_it() {
    let auto = Decoders::named("auto", &Settings::default()).unwrap();
    let named = |payload: String| {
        let error = auto.events(&Record::new("s", "x", payload)).remove(0).unwrap_err();
        format!("{} {} {}", error.code().as_str(), error.table().unwrap_or("-"), error.key().unwrap_or("-"))
    };
    let stream = String::from_utf8(stream_record("INSERT", r#""x":1"#).payload.to_vec()).unwrap();
    let kinesis = through_kinesis(r#"{"id":{"S":"a"}}"#, r#"{"n":{"N":"1"}}"#);
    let kinesis = String::from_utf8(kinesis.payload.to_vec()).unwrap();
    for (payload, expected) in [
        (stream.replace(r#""NewImage":{}"#, r#""NewImage":{"n":{"X":1}}"#), r#"bad_attribute orders ["a"]"#),
        (stream.replace("INSERT", "UPSERT"), r#"unknown_operation orders ["a"]"#),
        (stream.replace(r#","NewImage":{}"#, ""), r#"no_new_image orders ["a"]"#),
        (stream.replace("00111", "x"), r#"bad_sequence_number orders ["a"]"#),
        (stream.replace(r#"{"S":"a"}"#, r#"{"BOOL":true}"#), "bad_key orders -"),
        (kinesis.replace("1772440530123456", "-1"), r#"precision_contradicted orders ["a"]"#),
        (kinesis.replace(r#""Keys""#, r#""keys""#), "bad_sequence_number orders -"),
        // the number of the transport is missing
        (kinesis.clone(), r#"bad_sequence_number orders ["a"]"#),
    ] {
        assert_eq!(named(payload.clone()), expected, "{payload}");
    }
    let broken = stream.replace(r#""NewImage":{}}}"#, r#""NewImage":{"a":"#);
    let error = alone(&DynamodbStreams::default(), &Record::new("s", "1", broken)).unwrap_err();
    assert_eq!(
        (error.code().as_str(), error.table(), error.key()),
        ("not_json", Some("orders"), Some(r#"["a"]"#))
    );
}

#[test]
fn versions_are_the_source_s_order() {
    let streams = event_of(alone(&DynamodbStreams::default(), &stream_record("INSERT", r#""x":1"#))).unwrap();
    assert_eq!(streams.version.as_str(), "d.0000.1.172015-05-11T21:21:33.291.003111");
    assert_eq!(streams.table, "orders");
    let kinesis = decode(&through_kinesis(r#"{"id":{"S":"a"}}"#, "{}")).unwrap();
    assert_eq!(kinesis.version.as_str(), "k.0000.1.00064c06782efac0.00242");
    let raised = DynamodbKinesis::new(Settings { epoch: 0x1f, ..Settings::default() });
    let raised = event_of(alone(&raised, &through_kinesis(r#"{"id":{"S":"a"}}"#, "{}"))).unwrap();
    assert!(raised.version > kinesis.version, "{} {}", raised.version, kinesis.version);
}

#[test]
fn creation_times_are_brought_to_microseconds() {
    let time = |member: &str| {
        let payload = format!(
            r#"{{"eventName":"REMOVE","tableName":"t","recordFormat":"application/json","dynamodb":{{{member}"Keys":{{"id":{{"S":"a"}}}}}}}}"#
        );
        let event = decode(&Record::new("s", "1", payload));
        event
            .map(|event| (event.changed_at.unwrap().0, event.caveat == Some(Caveat::CoarseClock)))
            .map_err(|error| error.code().as_str())
    };
    let labelled = |count: &str, precision: &str| {
        time(&format!(
            r#""ApproximateCreationDateTime":{count},"ApproximateCreationDateTimePrecision":"{precision}","#
        ))
    };
    let unlabelled = |count: &str| time(&format!(r#""ApproximateCreationDateTime":{count},"#));
    assert_eq!(labelled("1772440530123456", "MICROSECOND"), Ok((1_772_440_530_123_456, false)));
    assert_eq!(labelled("1772440530123", "MILLISECOND"), Ok((1_772_440_530_123_000, true)));
    assert_eq!(unlabelled("1772440530123456"), Ok((1_772_440_530_123_456, false)));
    assert_eq!(unlabelled("1772440530123"), Ok((1_772_440_530_123_000, true)));
    assert_eq!(unlabelled("1772440530"), Ok((1_772_440_530_000_000, true)));
    assert_eq!(unlabelled("1.77244053E9"), Ok((1_772_440_530_000_000, true)));
    assert_eq!(labelled("1772440530123456789", "NANOSECOND"), Ok((1_772_440_530_123_456, true)));
    assert_eq!(labelled("1772440530123456", "MILLISECOND"), Err("precision_contradicted"));
    assert_eq!(labelled("1772440530123", "MICROSECOND"), Err("precision_contradicted"));
    assert_eq!(labelled("1772440530123456789", "MILLISECOND"), Err("precision_contradicted"));
    assert_eq!(labelled("1772440530", "MILLISECOND"), Err("precision_contradicted"));
    assert_eq!(labelled("-1", "MICROSECOND"), Err("precision_contradicted"));
    assert_eq!(unlabelled("-1"), Err("bad_time"));
    assert_eq!(unlabelled("null"), Err("bad_time"));
    assert_eq!(unlabelled("1E99"), Err("bad_time"));
    assert_eq!(time(""), Err("bad_time"));
}

#[test]
fn a_key_of_more_columns_than_any_database_has_is_refused_at_once() {
    let object = |name: &str, value: &str| {
        let members: Vec<String> = (0..20_000).map(|n| format!(r#""{name}{n}":{value}"#)).collect();
        format!("{{{}}}", members.join(","))
    };
    let (keys, image) = (object("k", r#"{"S":""}"#), object("f", r#"{"S":""}"#));
    let (documents, fields) = (object("k", "1"), object("f", "1"));
    let mongo = |rest: &str| {
        format!(
            r#"{{"_id":{{"_data":"82669683C2"}},"operationType":"update","clusterTime":{{"$timestamp":{{"t":1,"i":2}}}},"ns":{{"db":"d","coll":"c"}},"documentKey":{documents},{rest}}}"#
        )
    };
    let records = [
        (String::from_utf8(through_kinesis(&keys, &image).payload.to_vec()).unwrap(), "bad_key"),
        (
            format!(
                r#"{{"Metadata":{{"WriteTimestampMicros":{{"N":"1"}}}},"tableArn":"{ARN}","Keys":{keys},"NewImage":{image}}}"#
            ),
            "bad_key",
        ),
        (mongo(&format!(r#""fullDocument":{fields}"#)), "too_many_key_columns"),
        (mongo(&format!(r#""updateDescription":{{"updatedFields":{fields}}}"#)), "too_many_key_columns"),
        (
            format!(
                r#"{{"type":"full","op":"d","before":{},"source":{{"ts_ns":1,"txId":"a","schema":"s","table":"t","cluster":"k"}}}}"#,
                fields
            ),
            "too_many_key_columns",
        ),
    ];
    let decoders = Decoders::named("auto", &Settings::default()).unwrap();
    for (payload, code) in records {
        let shown = payload.get(..60).unwrap().to_owned();
        let events = decoders.events(&Record::new("s", "1", payload));
        assert_eq!(events[0].as_ref().map(|_| "").unwrap_err().code().as_str(), code, "{shown}");
    }
}

/// Of each format an update that tells the row as it was: what it tells, without the key.
const UPDATES: [(&str, &str, &str); 10] = [
    (
        "dynamodb",
        r#"{"eventName":"MODIFY","eventSourceARN":"arn:aws:dynamodb:eu-west-1:1:table/t/stream/2026-03-01T10:00:00.000","dynamodb":{"Keys":{"id":{"S":"a"}},"NewImage":{"id":{"S":"a"},"n":{"N":"2"}},"OldImage":{"id":{"S":"a"},"n":{"N":"1"},"gone":{"BOOL":true}},"SequenceNumber":"100","StreamViewType":"NEW_AND_OLD_IMAGES"}}"#,
        r#"{"n":1,"gone":true}"#,
    ),
    (
        "dynamodb-kinesis",
        r#"{"eventName":"MODIFY","tableName":"t","recordFormat":"application/json","dynamodb":{"ApproximateCreationDateTime":1772440530123456,"ApproximateCreationDateTimePrecision":"MICROSECOND","Keys":{"id":{"S":"a"}},"NewImage":{"id":{"S":"a"},"n":{"N":"2"}},"OldImage":{"id":{"S":"a"},"n":{"N":"9007199254740993"}}}}"#,
        r#"{"n":9007199254740993}"#,
    ),
    (
        "dynamodb-export",
        r#"{"Metadata":{"WriteTimestampMicros":{"N":"1772440530123456"}},"Keys":{"id":{"S":"a"}},"OldImage":{"id":{"S":"a"},"n":{"N":"1"}},"NewImage":{"id":{"S":"a"},"n":{"N":"2"}}}"#,
        r#"{"n":1}"#,
    ),
    (
        "debezium",
        r#"{"before":{"id":1,"n":1,"s":"old"},"after":{"id":1,"n":2,"s":"old"},"source":{"version":"3.0.8.Final","connector":"mysql","name":"shop","ts_ms":1772440561032,"snapshot":"false","db":"shop","table":"t","file":"bin.000231","pos":812,"row":0},"op":"u","ts_ms":1772440561349}"#,
        r#"{"n":1,"s":"old"}"#,
    ),
    (
        "maxwell",
        r#"{"database":"shop","table":"t","type":"update","ts":1772440561,"xid":4,"commit":true,"position":"mysql-bin.000231:812","primary_key_columns":["id"],"data":{"id":1,"n":2,"s":"same"},"old":{"n":1.50}}"#,
        r#"{"s":"same","n":1.50}"#,
    ),
    (
        "maxwell",
        r#"{"database":"shop","table":"t","type":"update","ts":1772440561,"xid":4,"commit":true,"position":"mysql-bin.000231:812","primary_key_columns":["id"],"data":{"id":2,"n":3},"old":{"id":1}}"#,
        r#"{"n":3}"#,
    ),
    (
        "canal",
        r#"{"data":[{"id":"1","n":"2","s":"same"}],"database":"shop","es":1772440530000,"gtid":"","id":9,"isDdl":false,"mysqlType":{"id":"bigint","n":"int","s":"text"},"old":[{"n":"1"}],"pkNames":["id"],"sql":"","sqlType":{"id":-5,"n":4,"s":2005},"table":"t","ts":1772440530724,"type":"UPDATE"}"#,
        r#"{"s":"same","n":1}"#,
    ),
    (
        "wal2json",
        r#"{"action":"U","xid":7,"timestamp":"2026-03-02 08:35:30.123456+00","lsn":"7/16B20A0","schema":"shop","table":"t","columns":[{"name":"id","type":"integer","value":1},{"name":"n","type":"integer","value":2}],"identity":[{"name":"id","type":"integer","value":1},{"name":"n","type":"integer","value":1}],"pk":[{"name":"id","type":"integer"}]}"#,
        r#"{"n":1}"#,
    ),
    (
        "dms",
        r#"{"data":{"id":1,"n":2,"s":"new"},"before-image":{"id":1,"n":1,"s":"old"},"metadata":{"timestamp":"2026-03-02T08:35:30.221585Z","record-type":"data","operation":"update","partition-key-type":"schema-table","schema-name":"shop","table-name":"t","transaction-id":1,"transaction-record-id":1,"commit-timestamp":"2026-03-02T08:35:30.212485Z","stream-position":"00000002/7C007838.3.00000002/7C007838"}}"#,
        r#"{"n":1,"s":"old"}"#,
    ),
    (
        "mongodb",
        r#"{"_id":{"_data":"8267"},"operationType":"update","clusterTime":{"$timestamp":{"t":1772440561,"i":1}},"ns":{"db":"shop","coll":"t"},"documentKey":{"_id":1},"fullDocument":{"_id":1,"n":2},"fullDocumentBeforeChange":{"_id":1,"n":1},"updateDescription":{"updatedFields":{"n":2},"removedFields":[]}}"#,
        r#"{"n":1}"#,
    ),
];

/// A catalogue in which the key of every table is `id`, so that no format lacks it.
fn keyed_by_id(name: &str) -> Catalogue {
    let key = if name == "mongodb" { "_id" } else { "id" };
    Catalogue::new(Rules::of_all(TableRules { key: vec![key.to_owned()], ..TableRules::default() }))
}

#[test]
fn an_update_tells_the_row_as_it_was_where_that_is_asked() {
    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Counted {
        n: serde_json::Number,
    }
    for (name, payload, expected) in UPDATES {
        for before_images in [true, false] {
            let table = Some("t".to_owned());
            let settings = Settings { before_images, table, ..Settings::default() };
            let decoders = Decoders::named(name, &settings).unwrap();
            let record = Record::new("s", "1", payload);
            let mut parts = decoders.decode(&record, &keyed_by_id(name));
            let decoded = parts.remove(0).decoded.unwrap_or_else(|error| panic!("{name}: {error}"));
            let Decoded::Events(events) = decoded else { panic!("{name}: no event") };
            // of a change of the key, the row comes last
            let event = events.into_iter().next_back().unwrap();
            let before = event.before.as_ref().map(|document| document.to_json());
            assert_eq!(before.as_deref(), before_images.then_some(expected), "{name}");
            let typed: Option<Counted> = event.deserialize_before().unwrap();
            assert_eq!(typed.is_some(), before_images, "{name}");
        }
    }
}

/// What is asked for beside changes nothing else, whatever the record.
#[test]
fn a_row_as_it_was_changes_nothing_else() {
    let (mut records, mut told) = (0, 0);
    let folders = crate::samples::entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("events"));
    let files =
        folders.iter().filter(|folder| folder.is_dir()).flat_map(|folder| crate::samples::entries(folder));
    for path in files {
        let Ok(envelope) = Envelope::parse(&Bytes::from(std::fs::read(&path).unwrap()), "-") else {
            continue;
        };
        for record in envelope.records {
            let events = |before_images| {
                let decoders =
                    Decoders::named("auto", &Settings { before_images, ..Settings::default() }).unwrap();
                decoders.events(&record).into_iter().map(Result::ok).collect::<Vec<_>>()
            };
            let (with, without) = (events(true), events(false));
            records += 1;
            told += with.iter().flatten().filter(|event| event.before.is_some()).count();
            let plain = |mut events: Vec<Option<ChangeEvent>>| {
                events.iter_mut().flatten().for_each(|event| event.before = None);
                format!("{events:?}")
            };
            assert_eq!(plain(with), plain(without), "{path:?} {}", record.position);
        }
    }
    assert!(records > 1_000 && told > 100, "{records} {told}");
}
