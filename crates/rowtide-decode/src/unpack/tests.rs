use super::{Bounds, documents, parts};
use crate::record::Record;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use md5::{Digest as _, Md5};
use proptest::prelude::*;
use std::io::Write as _;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// A field of a protobuf message. Source: Protocol Buffers Documentation, "Encoding".
fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    let mut out = varint(number << 3 | 2);
    out.extend(varint(u64::try_from(bytes.len()).unwrap()));
    out.extend_from_slice(bytes);
    out
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while number > 0x7f {
        out.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap());
    out
}

/// An aggregate of (index of the partition key, data).
fn aggregate(keys: &[&str], records: &[(u64, &[u8])]) -> Vec<u8> {
    let mut message: Vec<u8> = keys.iter().flat_map(|key| field(1, key.as_bytes())).collect();
    for (key, data) in records {
        let mut record = varint(1 << 3);
        record.extend(varint(*key));
        record.extend(field(3, data));
        message.extend(field(3, &record));
    }
    [&[0xf3, 0x89, 0x9a, 0xc2][..], &message, &Md5::digest(&message)].concat()
}

/// (partition key, place, payload or code) of each part; none when there is nothing to unpack.
fn found(payload: &[u8]) -> Option<Vec<(String, Option<u32>, String)>> {
    let mut record = Record::new("s", "7", payload.to_vec());
    record.partition_key = Some("outer".into());
    let found = parts(&record, Bounds::default()).or_else(|| documents(&record, Bounds::default()))?;
    assert!(found.iter().all(|part| part.position == "7" && &*part.source == "s"));
    let shown = |part: Record| {
        let text = String::from_utf8_lossy(&part.payload).into_owned();
        let told = part.fault.map_or(text, |(code, _)| format!("!{code}"));
        (part.partition_key.unwrap_or_default().to_string(), part.place, told)
    };
    Some(found.into_iter().map(shown).collect())
}

fn texts(payload: &[u8]) -> Vec<String> {
    found(payload).expect("packed").into_iter().map(|(_, _, text)| text).collect()
}

#[test]
fn an_aggregate_of_the_producer_library_is_taken_apart() {
    let vector =
        "84mawgoCazEKAmsyEgEwGgsIABoHeyJhIjoxfRoNCAEQABoHeyJiIjoyfRoLCAAaB3siYSI6Mn3fBAiW2+tvnjeSdv77U7kp";
    let payload = STANDARD.decode(vector).unwrap();
    let part = |key: &str, place, text: &str| (key.to_owned(), Some(place), text.to_owned());
    let expected =
        vec![part("k1", 0, r#"{"a":1}"#), part("k2", 1, r#"{"b":2}"#), part("k1", 2, r#"{"a":2}"#)];
    assert_eq!(found(&payload).unwrap(), expected);
    assert_eq!(found(vector.as_bytes()).unwrap(), expected);
}

#[test]
fn a_corrupt_digest_makes_it_a_plain_record() {
    let mut payload = aggregate(&["k"], &[(0, b"{}")]);
    *payload.last_mut().unwrap() ^= 1;
    assert_eq!(found(&payload), None);
    for length in 0..payload.len() {
        assert_eq!(found(&payload[..length]), None, "{length}");
    }
}

#[test]
fn an_aggregate_that_names_no_key_is_refused_whole() {
    let payload = aggregate(&["k"], &[(0, b"{}"), (1, b"{}")]);
    assert_eq!(texts(&payload), ["!bad_aggregate"]);
}

#[test]
fn the_parts_of_an_aggregate_are_unpacked_each_for_itself() {
    let broken = [&[0x1f, 0x8b][..], b"garbage"].concat();
    let payload = aggregate(
        &["k"],
        &[(0, &gzip(b"{\"a\":1}")), (0, b""), (0, &broken), (0, b"{\"b\":1}\n{\"b\":2}\n"), (0, b"text")],
    );
    assert_eq!(texts(&payload), [r#"{"a":1}"#, "", "!bad_compression", r#"{"b":1}"#, r#"{"b":2}"#, "text"]);
    let places: Vec<_> = found(&payload).unwrap().into_iter().map(|(_, place, _)| place).collect();
    assert_eq!(places, [0, 1, 2, 3, 4, 5].map(Some));
    // a part that is alone in its aggregate has a place, too
    assert_eq!(found(&aggregate(&["k"], &[(0, b"{}")])).unwrap()[0].1, Some(0));
}

#[test]
fn what_is_compressed_or_base64_is_read_in_any_combination() {
    let document = r#"{"a":"ü"}"#;
    let bytes = document.as_bytes();
    for packed in [gzip(bytes), zstd(bytes), zlib(bytes), [&[0xef, 0xbb, 0xbf], bytes].concat()] {
        assert_eq!(found(&packed).unwrap(), [("outer".to_owned(), None, document.to_owned())]);
        let text = STANDARD.encode(&packed);
        assert_eq!(texts(text.as_bytes()), [document]);
        assert_eq!(texts(format!("\"{text}\"\n").as_bytes()), [document]);
        assert_eq!(texts(&gzip(text.as_bytes())), [document]);
    }
    assert_eq!(texts(STANDARD.encode(bytes).as_bytes()), [document]);
    assert_eq!(texts(&gzip(&gzip(&gzip(&gzip(&gzip(bytes)))))), ["!too_many_layers"]);
}

#[test]
fn what_is_not_packed_is_left_as_it_is() {
    for payload in ["", " \n", "{}", "[1]", "7", "x", "text", "\"text\"", "null", "eyJh", "xÚ", "AAAA AAAA"]
    {
        assert_eq!(found(payload.as_bytes()), None, "{payload}");
    }
    assert_eq!(texts(&[4, 0x22, 0x4d, 0x18, 0]), ["!unsupported_compression"]);
    assert_eq!(texts(&[0, 0, 0, 0, 7, 2]), ["!schema_registry"]);
}

#[test]
fn several_documents_in_a_record_are_parts() {
    assert_eq!(texts(b"{\"a\":1}{\"a\":2} [3]\n"), [r#"{"a":1}"#, r#"{"a":2}"#, "[3]"]);
    assert_eq!(texts(b"{\"a\":1}\nx\n\n{\"a\":2}\n"), [r#"{"a":1}"#, "x", r#"{"a":2}"#]);
    assert_eq!(texts(b"x\n{\"a\":2}"), ["x", r#"{"a":2}"#]);
    // one document that breaks off is one broken document
    assert_eq!(found(b"{\n\"a\": [\n1,\n2"), None);
    assert_eq!(texts(&gzip(b"{\"a\":1}\n{\"a\":2}")).len(), 2);
}

#[test]
fn messages_of_cloudwatch_logs_are_parts() {
    let logs = |kind: &str| {
        let text = format!(
            r#"{{"messageType":"{kind}","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":["f"],
            "logEvents":[{{"id":"1","timestamp":1,"message":"{{\"a\":1}}"}},{{"id":"2","message":"text"}}]}}"#
        );
        gzip(text.as_bytes())
    };
    assert_eq!(texts(&logs("DATA_MESSAGE")), [r#"{"a":1}"#, "text"]);
    assert_eq!(texts(&logs("CONTROL_MESSAGE")), Vec::<String>::new());
    assert_eq!(texts(&logs("ANOTHER")).len(), 1);
}

#[test]
fn the_elements_of_an_array_are_parts() {
    let array = br#"[{"a":1}, {"b":[2]} ]"#;
    assert_eq!(texts(array), [r#"{"a":1}"#, r#"{"b":[2]}"#]);
    assert_eq!(texts(&gzip(array)), [r#"{"a":1}"#, r#"{"b":[2]}"#]);
    assert_eq!(texts(br#"[{"a":1}]"#), [r#"{"a":1}"#]);
    // what is no object is a bad part, and spoils no other
    assert_eq!(texts(br#"[{"a":1},null,2]"#), [r#"{"a":1}"#, "null", "2"]);
    for other in [&b"[]"[..], b"[1]", b"[[{}]]", br#"[{"a":1}"#, br#"[{"a":1}] x"#] {
        assert!(found(other).is_none_or(|parts| parts[0].2 != r#"{"a":1}"#), "{other:?}");
    }
    let most = Bounds::default().parts();
    let long = |count: usize| [&b"["[..], &b"{},".repeat(count - 1), b"{}]"].concat();
    assert_eq!(texts(&long(most)).len(), most);
    assert_eq!(texts(&long(most + 1)), ["!too_large"]);
}

#[test]
fn a_bomb_is_refused_before_it_fills_the_memory() {
    let unpacked = Bounds::default().unpacked;
    let bomb = gzip(&vec![b' '; unpacked + 1]);
    assert_eq!(texts(&bomb), ["!too_large"]);
    let half = gzip(&vec![b' '; unpacked / 2 + 1]);
    let many = aggregate(&["k"], &[(0, &half), (0, &half), (0, b"{}")]);
    assert_eq!(
        found(&many).unwrap()[1..].iter().map(|part| part.2.as_str()).collect::<Vec<_>>(),
        ["!too_large", "{}"]
    );
    // parts that hold next to nothing
    let most = Bounds::default().parts();
    assert_eq!(texts(&gzip(&b"{}".repeat(most))).len(), most);
    assert_eq!(texts(&gzip(&b"{}".repeat(most + 1))), ["!too_large"]);
    assert_eq!(texts(&b"{}".repeat(most + 1)), ["!too_large"]);
    assert_eq!(texts(&[&b"{}\n"[..], &b"x\n".repeat(most)].concat()), ["!too_large"]);
    assert_eq!(texts(&aggregate(&["k"], &vec![(0, &b""[..]); most])), ["!too_large"]);
    assert_eq!(texts(&aggregate(&["k"], &vec![(0, &b""[..]); most - 1])).len(), most - 1);
    let half = gzip(&b"{}".repeat(most / 2 + 1));
    assert_eq!(texts(&aggregate(&["k"], &[(0, &half), (0, &half)])), ["!too_large"]);
}

proptest! {
    #[test]
    fn what_the_encoder_aggregates_comes_back(
        keys in prop::collection::vec("[a-z]{0,4}", 1..4),
        records in prop::collection::vec((any::<prop::sample::Index>(), "[{][}]|x[a-z]{0,9}"), 0..9),
    ) {
        let indices: Vec<(u64, &[u8])> = records
            .iter()
            .map(|(index, text)| (u64::try_from(index.index(keys.len())).unwrap(), text.as_bytes()))
            .collect();
        let names: Vec<&str> = keys.iter().map(String::as_str).collect();
        let payload = aggregate(&names, &indices);
        if records.is_empty() {
            prop_assert_eq!(found(&payload), Some(Vec::new()));
        } else {
            let expected: Vec<_> = records
                .iter()
                .zip(0..)
                .map(|((index, text), place)| (keys[index.index(keys.len())].clone(), Some(place), text.clone()))
                .collect();
            prop_assert_eq!(found(&payload).unwrap(), expected);
        }
    }

    #[test]
    fn any_bytes_are_unpacked_or_left(payload in prop::collection::vec(any::<u8>(), 0..200), magic in 0..6_usize) {
        let start: &[u8] = [&[][..], &[0x1f, 0x8b, 8], &[0x28, 0xb5, 0x2f, 0xfd], &[0x78, 0x9c], &[0xf3, 0x89, 0x9a, 0xc2], b"\n"][magic];
        let payload = [start, &payload].concat();
        found(&payload);
    }
}
