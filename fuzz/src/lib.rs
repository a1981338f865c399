//! What must hold of any bytes that arrive: the body of the fuzz targets. The tests of the package include this file
//! and replay `events/` through it.

use rowtide_decode::catalogue::Catalogue;
use rowtide_decode::decode::{Decoded, Settings};
use rowtide_decode::decoders::{Decoders, Part, names};
use rowtide_decode::event::{Change, ChangeEvent, Timestamp};
use rowtide_decode::json::Value;
use rowtide_decode::record::{Envelope, Record};
use rowtide_decode::rules::{Keyless, Rules, TableRules};
use std::sync::OnceLock;

/// The decoders under one configuration: all together first, then each by itself; and what is known of tables.
type Readers = (Vec<Decoders>, Catalogue);

/// Under configurations that differ in what is known of the tables' keys.
fn readers() -> &'static [Readers] {
    static READERS: OnceLock<Vec<Readers>> = OnceLock::new();
    READERS.get_or_init(|| {
        let of_all = |change: fn(&mut TableRules)| {
            let mut rules = TableRules::default();
            change(&mut rules);
            readers_of(Rules::of_all(rules))
        };
        vec![
            of_all(|rules| rules.key = vec!["id".to_owned()]),
            of_all(|rules| rules.keyless = Keyless::Row),
            of_all(|rules| rules.keyless = Keyless::Position),
            readers_of(Rules::default()),
        ]
    })
}

fn readers_of(rules: Rules) -> Readers {
    let settings = Settings {
        table: Some("orders".to_owned()),
        label: Some("2026-01-31T08:00:00.000".to_owned()),
        exported_at: Some(Timestamp(1_772_438_400_000_000)),
        ..Settings::default()
    };
    let all = ["auto"].into_iter().chain(names());
    let decoders = all.map(|name| Decoders::named(name, &settings).expect("a decoder of this name"));
    (decoders.collect(), Catalogue::new(rules))
}

/// Bytes as the payload of a record: every decoder answers, and what it answers can go on.
pub fn decode(payload: &[u8]) {
    let record = Record::new("stream", "42", payload.to_vec());
    let all = readers();
    let Some((readers, catalogue)) = all.get(payload.len() % all.len()) else { return };
    for reader in readers {
        check(reader, &record, catalogue);
    }
}

/// Bytes as a Lambda event: it is read, or refused as a whole, and so is each of its records.
pub fn envelope(event: &[u8]) {
    match Envelope::parse(&event.to_vec().into(), "-") {
        Ok(envelope) => {
            for (readers, catalogue) in readers() {
                let auto = readers.iter().take(1);
                auto.for_each(|auto| {
                    envelope.records.iter().for_each(|record| check(auto, record, catalogue))
                });
            }
        }
        Err(error) => assert!(!error.code().as_str().is_empty() && !error.message().is_empty()),
    }
}

fn check(reader: &Decoders, record: &Record, catalogue: &Catalogue) {
    let flaw = flaw(&reader.decode(record, catalogue));
    assert!(flaw.is_none(), "{flaw:?}");
}

/// What is wrong with the answer to a record, if anything is.
pub fn flaw(parts: &[Part]) -> Option<String> {
    if parts.is_empty() {
        return Some("no answer".to_owned());
    }
    parts.iter().find_map(|part| match &part.decoded {
        Ok(Decoded::Events(events)) if events.is_empty() => Some("no event, and no reason".to_owned()),
        Ok(Decoded::Events(events)) => events.iter().find_map(flaw_of_event),
        Ok(Decoded::Schema(_) | Decoded::Ignored(_) | Decoded::Unrouted { .. }) => None,
        Ok(Decoded::Parts(_)) => Some("a part that has parts".to_owned()),
        Err(error) => {
            let is_word =
                error.code().as_str().bytes().all(|it| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'_'));
            let is_told = is_word && !error.code().as_str().is_empty() && !error.message().is_empty();
            (!is_told)
                .then(|| format!("an error with the code {:?}: {}", error.code().as_str(), error.message()))
        }
    })
}

fn flaw_of_event(event: &ChangeEvent) -> Option<String> {
    let is_json = |text: &str| Value::parse(text).is_ok();
    let is_whole = match &event.change {
        Change::Truncate => return event.key.is_some().then(|| "a truncate with a key".to_owned()),
        Change::Put(document) | Change::Delete(Some(document)) => is_json(&document.to_json()),
        Change::Patch(patch) => patch.set.iter().all(|(_, text)| is_json(text)),
        Change::Delete(None) => true,
    };
    if !is_whole {
        return Some("a document that is no JSON".to_owned());
    }
    let version = event.version.as_str();
    if !version.starts_with(|letter: char| letter.is_ascii_lowercase()) || version.len() < 8 {
        return Some(format!("the version {version}"));
    }
    let Some(key) = &event.key else { return Some("no key".to_owned()) };
    let is_key = key.names().next().is_some() && is_json(&key.to_json());
    (!is_key).then(|| format!("the key {}", key.to_json()))
}
