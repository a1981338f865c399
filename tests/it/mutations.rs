//! Bad input of every format: each record of `events/<decoder>/` with each of its members replaced, removed or
//! repeated, cut off, damaged, and grown to a size that nobody sends. A new decoder is picked up by the name of its
//! folder.

use crate::samples::{
    At, Sample, distinct, events, find, folders, names_of, places, samples, some, tree, with,
};
use rowtide::catalogue::Catalogue;
use rowtide::decode::{Decoded, Settings};
use rowtide::decoders::{Decoders, Part, names};
use rowtide::event::ChangeEvent;
use rowtide::json::Value;
use rowtide::record::{Envelope, Record};
use rowtide::rules::Keyless;

/// Members by which a record tells what the key of its table is. Whoever changes those changes the key, and the
/// registry, which knows the table's key, refuses that; everything else must not.
const TELLS_THE_KEY: [(&str, &[&str]); 10] = [
    ("dynamodb", &["Keys"]),
    ("dynamodb-kinesis", &["Keys"]),
    ("dynamodb-export", &["Keys"]),
    ("debezium", &["schema"]),
    ("maxwell", &["primary_key_columns"]),
    ("wal2json", &["pk", "oldkeys"]),
    ("canal", &["pkNames"]),
    ("mongodb", &["documentKey"]),
    ("snapshot", &["key"]),
    ("archive", &["key"]),
];

/// What the fuzz targets check: here on stable, and what is more.
#[path = "../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "it is a crate of its own as well")]
mod fuzz;

/// Mutations of a decoder's records that are tried; of more, so many evenly spaced ones.
const MUTATIONS_MAX: usize = 4_000;
/// Places at which a payload is cut off, and at which it is damaged.
const PLACES: usize = 48;
/// What a hostile payload has at one place: what is quadratic takes minutes of it.
const HOSTILE_BYTES: usize = 1024 * 1024;
/// A row of so many bytes is read.
const ROW_BYTES: usize = 4 * HOSTILE_BYTES;
/// What every place of a payload may hold.
const LARGE_BYTES: usize = 24 * 1024;
/// Text that only mutations bring: no message may show it as a value.
const CANARY: &str = "\"canary-41c7\"";

/// What is done to the value at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The value becomes this one.
    Becomes(&'static str),
    /// The member, or element, is gone.
    Removed,
    /// It stands there twice, the second time as it is or as this value.
    Repeated(Option<&'static str>),
    /// It has another name.
    Renamed,
}

const CHANGES: [Fault; 12] = [
    Fault::Becomes("null"),
    Fault::Becomes("true"),
    Fault::Becomes("-1"),
    Fault::Becomes("1e400"),
    Fault::Becomes("\"\""),
    Fault::Becomes(CANARY),
    Fault::Becomes("[{}]"),
    Fault::Becomes("{}"),
    Fault::Removed,
    Fault::Repeated(None),
    Fault::Repeated(Some("{\"canary-41c7\":[null]}")),
    Fault::Renamed,
];

/// The tree as text with a change at one place; `None` when the change makes no sense there.
fn changed(tree: &Value, at: &At, change: Fault) -> Option<String> {
    let mut tree = tree.clone();
    if let Fault::Becomes(text) = change {
        *find(&mut tree, &at.indices) = Value::parse(text).unwrap();
        return Some(tree.to_text());
    }
    let (last, above) = at.indices.split_last()?;
    match (find(&mut tree, above), change) {
        (Value::Array(elements), Fault::Removed) => drop(elements.remove(*last)),
        (Value::Object(members), Fault::Removed) => drop(members.remove(*last)),
        (Value::Object(members), Fault::Repeated(second)) => {
            let (name, value) = members[*last].clone();
            let value = second.map_or(value, |text| Value::parse(text).unwrap());
            members.push((name, value));
        }
        (Value::Object(members), Fault::Renamed) => members[*last].0.push('\''),
        _ => return None,
    }
    Some(tree.to_text())
}

/// A payload that nobody sends.
#[derive(Default)]
struct Mutation {
    what: String,
    payload: Vec<u8>,
    /// Whether what tells the key was touched.
    touches_key: bool,
    /// Whether a value of the row is [`CANARY`].
    in_row: bool,
}

impl Sample {
    /// All mutations of the payload's members.
    fn structural(&self) -> Vec<Mutation> {
        let Some(tree) = tree(&self.record) else { return Vec::new() };
        // where the whole row is the key, every member of the row is one of the key
        let is_keyless = self.config.routes.iter().any(|route| route.keyless != Keyless::Refuse);
        let telling =
            TELLS_THE_KEY.iter().find(|(decoder, _)| *decoder == self.decoder).map_or(&[][..], |it| it.1);
        let mut mutations = Vec::new();
        for at in places(&tree) {
            let touches_key = is_keyless || at.names.iter().any(|name| telling.contains(&name.as_str()));
            for change in CHANGES {
                let Some(payload) = changed(&tree, &at, change) else { continue };
                let what = format!("{} {change:?} at {}", self.origin, at.names.join("."));
                let in_row = !touches_key && change == Fault::Becomes(CANARY) && self.is_in_row(&tree, &at);
                mutations.push(Mutation { what, payload: payload.into_bytes(), touches_key, in_row });
            }
        }
        mutations
    }

    /// Whether the value at a place is one of the row, and no name of its table.
    fn is_in_row(&self, tree: &Value, at: &At) -> bool {
        let is_name = |text: &str| self.keys.keys().any(|table| table.contains(text));
        match find(&mut tree.clone(), &at.indices) {
            Value::String(text) => text.len() > 2 && self.rows.contains(text.as_str()) && !is_name(text),
            Value::Number(text) => text.len() > 2 && self.rows.contains(text.as_str()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
        }
    }

    /// The payload cut off, damaged, and with something behind it.
    fn damaged(&self) -> Vec<Mutation> {
        let payload = &self.record.payload;
        let what = |what: &str, at: usize| format!("{} {what} at byte {at}", self.origin);
        let mut mutations = Vec::new();
        let mut push = |what: String, payload: Vec<u8>| {
            // what is damaged may be the name of a member of the key
            mutations.push(Mutation { what, payload, touches_key: true, in_row: false });
        };
        let step = (payload.len() / PLACES).max(1);
        for at in (0..payload.len()).step_by(step) {
            push(what("cut off", at), payload[..at].to_vec());
            for flip in [0x01, 0x20, 0x80] {
                let mut damaged = payload.to_vec();
                damaged[at] ^= flip;
                push(what("flipped", at), damaged);
            }
        }
        for garbage in ["x", "}", "\0", ",", " {}", "\n[]", "\u{feff}", "\"canary-41c7\""] {
            push(what("garbage", payload.len()), [payload, garbage.as_bytes()].concat());
            push(what("garbage", 0), [garbage.as_bytes(), payload].concat());
        }
        mutations
    }

    /// What is wrong with the answer to a mutation, if anything is.
    fn judge(&self, decoders: &Decoders, record: &Record, mutation: &Mutation) -> Option<String> {
        let parts = decoders.decode(record, &self.catalogue);
        let of_part = |part: &Part| match &part.decoded {
            Ok(Decoded::Events(events)) => events.iter().find_map(|event| self.other_key(event, mutation)),
            Err(error) if mutation.in_row && error.message().contains(CANARY.trim_matches('"')) => {
                Some(format!("a message with a value of the row: {error}"))
            }
            Ok(Decoded::Ignored(_) | Decoded::Unrouted { .. } | Decoded::Schema(_) | Decoded::Parts(_))
            | Err(_) => None,
        };
        fuzz::flaw(&parts).or_else(|| parts.iter().find_map(of_part))
    }

    /// Members of a key that are not those of the unmutated record.
    fn other_key(&self, event: &ChangeEvent, mutation: &Mutation) -> Option<String> {
        let known = self.keys.get(&event.table).filter(|_| !mutation.touches_key)?;
        let names = event.key.as_ref().map(names_of)?;
        (!known.contains(&names)).then(|| format!("a key of {names:?} instead of {known:?}"))
    }
}

/// Both ways to read a decoder's records.
fn both(sample: &Sample) -> [Decoders; 2] {
    ["auto", sample.decoder].map(|name| Decoders::named(name, &sample.settings).unwrap())
}

/// Tries the mutations that `of` makes of every record of every decoder.
fn check(of: fn(&Sample) -> Vec<Mutation>) {
    let mut wrong = Vec::new();
    for decoder in names() {
        let samples = distinct(samples(decoder));
        let all: Vec<(usize, Mutation)> = samples
            .iter()
            .enumerate()
            .flat_map(|(at, sample)| of(sample).into_iter().map(move |it| (at, it)))
            .collect();
        let decoders: Vec<[Decoders; 2]> = samples.iter().map(both).collect();
        for (at, mutation) in some(all, MUTATIONS_MAX) {
            let sample = &samples[at];
            let record = Record { payload: mutation.payload.clone().into(), ..sample.record.clone() };
            let takers = decoders[at][0].takers(&record.payload);
            if takers.len() > 1 {
                wrong.push(format!("{}: recognised by {takers:?}", mutation.what));
            }
            let found = decoders[at].iter().find_map(|decoders| sample.judge(decoders, &record, &mutation));
            wrong.extend(found.map(|found| format!("{}: {found}", mutation.what)));
        }
    }
    let some = wrong.iter().take(30).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} wrong answers:\n{some}", wrong.len());
}

#[test]
fn every_decoder_has_events() {
    let lacking: Vec<&str> = names().into_iter().filter(|name| events(name).len() < 3).collect();
    assert!(lacking.is_empty(), "At least three events, in events/<decoder>/, of {lacking:?}");
}

#[test]
fn every_event_is_recognised_by_its_decoder_alone() {
    for decoder in names() {
        let mut taken = 0;
        for sample in samples(decoder).iter().filter(|sample| !sample.keys.is_empty()) {
            let auto = Decoders::named("auto", &sample.settings).unwrap();
            let takers = auto.takers(&sample.record.payload);
            assert!(takers.len() <= 1, "{}: {takers:?}", sample.origin);
            taken += usize::from(takers == [decoder]);
        }
        assert!(taken > 0, "auto recognises no event of {decoder}");
    }
}

#[test]
fn a_mixture_of_two_formats_goes_to_the_first_that_recognises_it() {
    let mixture = r#"{"database":"shop","table":"orders","type":"insert","ts":1772440530,"xid":48211,"commit":true,
        "position":"mysql-bin.000231:8120334","primary_key_columns":["id"],"data":{"id":10231},
        "eventSourceARN":"arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/2026-02-27T09:00:00.000",
        "eventName":"INSERT","dynamodb":{"Keys":{"id":{"S":"a"}},"NewImage":{"id":{"S":"a"}},"SequenceNumber":"1"}}"#;
    let auto = Decoders::named("auto", &Settings::default()).unwrap();
    let takers = auto.takers(mixture.as_bytes());
    assert_eq!(takers, ["dynamodb", "maxwell"]);
    let parts = auto.decode(&Record::new("s", "1", mixture), &Catalogue::default());
    assert_eq!(parts.iter().map(|part| part.decoder).collect::<Vec<_>>(), [takers.first().copied()]);
}

#[test]
fn a_wrong_type_or_a_missing_or_repeated_member_is_never_a_panic_nor_widens_a_key() {
    check(Sample::structural);
}

#[test]
fn a_payload_cut_off_or_damaged_is_never_a_panic() {
    check(Sample::damaged);
}

#[test]
fn a_position_that_is_no_number_or_a_strange_partition_key_is_never_a_panic() {
    let long = "9".repeat(1_000);
    for decoder in names() {
        for sample in distinct(samples(decoder)) {
            let mutation = Mutation { touches_key: true, ..Mutation::default() };
            for text in ["", "x", "-1", "١", "{\"canary\":1}", "{", "[]", "null", "a\0b", &long] {
                let records = [
                    Record { position: text.to_owned(), ..sample.record.clone() },
                    Record { partition_key: Some(text.into()), ..sample.record.clone() },
                    Record { partition_key: None, ..sample.record.clone() },
                ];
                for (record, decoders) in
                    records.iter().flat_map(|record| both(&sample).map(|it| (record, it)))
                {
                    assert_eq!(sample.judge(&decoders, record, &mutation), None, "{} {text}", sample.origin);
                }
            }
        }
    }
}

// ---- size

/// Values that take too long if anything about them is quadratic, or too much stack if anything is recursive.
const HOSTILE: [fn(usize) -> String; 12] = [
    |bytes| members(bytes / 12, |at| format!("\"m{at}\"")),
    |bytes| members(bytes / 6, |_| "\"m\"".to_owned()),
    |bytes| members(bytes / 18, |at| format!("\"\\u006d{at}\"")),
    |bytes| "[".repeat(bytes / 2) + &"]".repeat(bytes / 2),
    |bytes| "{\"a\":".repeat(bytes / 6) + "1" + &"}".repeat(bytes / 6),
    |bytes| "[{\"a\":".repeat(bytes / 6),
    |bytes| format!("[{}]", vec!["{}"; bytes / 3].join(",")),
    |bytes| format!("\"{}\"", "é".repeat(bytes / 2)),
    |bytes| format!("\"{}\"", "\\u0001\\\"".repeat(bytes / 8)),
    |bytes| "9".repeat(bytes),
    |bytes| format!("1e{}", "9".repeat(bytes)),
    |bytes| " ".repeat(bytes) + "1",
];

fn members(count: usize, name: impl Fn(usize) -> String) -> String {
    let members: Vec<String> = (0..count).map(|at| format!("{}:1", name(at))).collect();
    format!("{{{}}}", members.join(","))
}

/// One record that gives events, of each decoder.
fn examples() -> Vec<(Sample, Value)> {
    let example = |decoder| {
        let mut samples = samples(decoder).into_iter().filter(|sample| !sample.keys.is_empty());
        samples.find_map(|sample| tree(&sample.record).map(|tree| (sample, tree)))
    };
    names().into_iter().filter_map(example).collect()
}

/// The object or array with its own members or elements again and again, members under new names or the same ones.
fn grown(value: &Value, bytes: usize, renamed: bool) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    let brackets = match value {
        Value::Object(members) => {
            let text = |(name, value): &(String, Value), at: usize| {
                let name = if renamed { format!("{name}{at}") } else { name.clone() };
                let name = Value::String(name).to_text();
                format!("{name}:{}", value.to_text())
            };
            let mut length = 0;
            for (member, at) in members.iter().cycle().zip(0..) {
                parts.push(text(member, at));
                length += parts[at].len() + 1;
                if length > bytes {
                    break;
                }
            }
            ["{", "}"]
        }
        Value::Array(elements) if !renamed => {
            let text = elements.iter().map(Value::to_text).collect::<Vec<_>>().join(",");
            parts = vec![text.clone(); bytes / (text.len() + 1)];
            ["[", "]"]
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
    };
    (!parts.is_empty()).then(|| brackets.join(&parts.join(",")))
}

/// The places of the largest objects and arrays below the root.
fn largest(tree: &Value) -> Vec<At> {
    let mut places = places(tree);
    let at = |at: &At| find(&mut tree.clone(), &at.indices).clone();
    let is_container = |value: &Value| matches!(value, Value::Object(_) | Value::Array(_));
    places.retain(|place| !place.indices.is_empty() && is_container(&at(place)));
    places.sort_by_key(|place| std::cmp::Reverse(at(place).to_text().len()));
    places
}

#[test]
fn a_payload_of_megabytes_is_answered_whatever_it_holds() {
    let decode = |sample: &Sample, payload: String| {
        let record = Record { payload: payload.into_bytes().into(), ..sample.record.clone() };
        let decoders = Decoders::named(sample.decoder, &sample.settings).unwrap();
        assert!(!decoders.decode(&record, &sample.catalogue).is_empty(), "{}", sample.origin);
    };
    let examples = examples();
    for hostile in HOSTILE {
        let value = hostile(HOSTILE_BYTES);
        for (sample, tree) in &examples {
            let row = largest(tree).into_iter().find(|at| at.indices.len() > 1).unwrap_or_default();
            decode(sample, with(tree, &row, &value));
        }
    }
    for (sample, tree) in &examples {
        for (at, renamed, bytes) in
            largest(tree).iter().take(2).flat_map(|at| [(at, true, ROW_BYTES), (at, false, HOSTILE_BYTES)])
        {
            let value = find(&mut tree.clone(), &at.indices).clone();
            if let Some(value) = grown(&value, bytes, renamed) {
                decode(sample, with(tree, at, &value));
            }
        }
    }
}

#[test]
fn every_member_may_be_large() {
    let mutation = Mutation { touches_key: true, ..Mutation::default() };
    for (sample, tree) in examples() {
        let decoders = both(&sample);
        for (at, hostile) in some(places(&tree), 8).iter().flat_map(|at| HOSTILE.map(|hostile| (at, hostile)))
        {
            let payload = with(&tree, at, &hostile(LARGE_BYTES)).into_bytes();
            let record = Record { payload: payload.into(), ..sample.record.clone() };
            for decoders in &decoders {
                let wrong = sample.judge(decoders, &record, &mutation);
                assert_eq!(wrong, None, "{} at {}", sample.origin, at.names.join("."));
            }
        }
    }
}

// ---- the corpus of the fuzz targets

#[test]
fn the_fuzz_targets_hold_for_every_event_and_what_is_left_of_it() {
    for file in folders().iter().flat_map(|folder| events(folder)) {
        let event = std::fs::read(&file).unwrap();
        fuzz::envelope(&event);
        let records = Envelope::parse(&event.into(), "-").map(|it| it.records).unwrap_or_default();
        for payload in records.iter().take(8).map(|record| &record.payload) {
            for end in [payload.len(), payload.len() / 2, payload.len().saturating_sub(1), payload.len() / 3]
            {
                fuzz::decode(&payload[..end]);
            }
        }
    }
}

// ---- envelopes

#[test]
fn an_envelope_with_anything_wrong_is_never_a_panic_and_loses_no_record() {
    for file in folders().iter().flat_map(|folder| events(folder).into_iter().take(3)) {
        let bytes = std::fs::read(&file).unwrap();
        let Ok(mut tree) = Value::parse(&String::from_utf8(bytes.clone()).unwrap()) else { continue };
        if let Value::Object(members) = &mut tree
            && let Some((_, Value::Array(records))) = members.iter_mut().find(|(name, _)| name == "Records")
        {
            records.truncate(2);
        }
        let auto = Decoders::named("auto", &Settings::default());
        let auto = auto.unwrap();
        let parse = |text: Vec<u8>| match Envelope::parse(&text.into(), "-") {
            Ok(envelope) => {
                envelope.records.iter().for_each(|record| drop(auto.decode(record, &Catalogue::default())));
                Some(envelope.records.len())
            }
            Err(error) => {
                assert!(!error.code().as_str().is_empty());
                None
            }
        };
        let whole = parse(tree.to_text().into_bytes());
        for (at, change) in places(&tree).iter().flat_map(|at| CHANGES.map(|change| (at, change))) {
            let Some(text) = changed(&tree, at, change) else { continue };
            let found = parse(text.into_bytes());
            // inside a record nothing can hide it, or another
            if at.names.first().is_some_and(|name| name == "Records") && at.indices.len() > 2 {
                assert_eq!(found, whole, "{} {change:?} {}", file.display(), at.names.join("."));
            }
        }
        for at in (0..bytes.len()).step_by((bytes.len() / PLACES).max(1)) {
            parse(bytes[..at].to_vec());
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x20;
            parse(damaged);
        }
    }
}
