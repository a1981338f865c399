//! Rows as types of one's own, whatever the format they came in.

use crate::samples::{configuration, folders};
use rowtide::catalogue::Catalogue;
use rowtide::decode::{Decoded, Settings};
use rowtide::decoders::Decoders;
use rowtide::event::{Change, ChangeEvent, Document, Key};
use rowtide::record::Envelope;
use rowtide::rules::Rules;
use rowtide::version::scheme_name;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn a_row_of_every_format_is_read_into_a_type() {
    let mut formats = BTreeSet::new();
    for folder in folders() {
        for event in crate::samples::events(&folder) {
            let config = configuration(&event);
            let (settings, catalogue) = (Settings::from(&config), Catalogue::new(Rules::from(&config)));
            let decoders = Decoders::named("auto", &settings).unwrap();
            let Ok(envelope) = Envelope::parse(&std::fs::read(&event).unwrap().into(), "-") else { continue };
            for part in envelope.records.iter().flat_map(|record| decoders.decode(record, &catalogue)) {
                let (Some(decoder), Ok(Decoded::Events(events))) = (part.decoder, part.decoded) else {
                    continue;
                };
                for event in events {
                    check(&event);
                    // people are told the order of a target by this name
                    let order = scheme_name(event.version.scheme());
                    assert!(!order.contains("does not have"), "{decoder}: {order}");
                    formats.insert(decoder);
                }
            }
        }
    }
    let all: BTreeSet<&str> = rowtide::decoders::names().into_iter().collect();
    assert_eq!(formats, all);
}

/// Every member of key and document arrives, with every digit; what is no whole row says so.
fn check(event: &ChangeEvent) {
    let row = event.deserialize::<BTreeMap<String, Box<RawValue>>>();
    let (Change::Put(document) | Change::Delete(Some(document))) = &event.change else {
        assert_eq!(row.unwrap_err().code().as_str(), "no_image");
        return;
    };
    let found: Vec<(String, String)> =
        row.unwrap().into_iter().map(|(name, value)| (name, value.get().to_owned())).collect();
    let members = event.key.iter().flat_map(Key::members).chain(document.members());
    let expected: BTreeMap<String, String> =
        members.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
    // a document is written as it is read
    let again = Document::from_json(&serde_json::to_string(document).unwrap()).unwrap();
    assert_eq!(again.to_json().len(), document.to_json().len());
}

#[test]
fn what_does_not_fit_is_named_and_no_value_is_told() {
    #[derive(Debug, Deserialize)]
    struct Order {
        #[allow(dead_code, reason = "read, not looked at")]
        lines: Vec<Line>,
    }
    #[derive(Debug, Deserialize)]
    struct Line {
        #[allow(dead_code, reason = "read, not looked at")]
        quantity: u32,
    }
    let key = Key::from_json(r#"{"id":"o-1"}"#).unwrap();
    assert_eq!((key.get("id"), key.get("no")), (Some("\"o-1\""), None));
    let document = Document::from_json(r#"{"lines":[{"quantity":1},{"quantity":"hunter2"}]}"#).unwrap();
    assert_eq!(document.get("lines").map(str::len), Some(39));
    let event = ChangeEvent::new("orders", Some(key), Change::Put(document), "x".to_owned().into());
    let error = event.deserialize::<Order>().unwrap_err();
    assert_eq!(error.message(), "The row does not fit the type that it is read into, at lines[1].quantity.");
    assert_eq!(
        (error.code().as_str(), error.table(), error.key()),
        ("image_misfit", Some("orders"), Some("[\"o-1\"]"))
    );
    assert!(event.deserialize::<u32>().is_err());
    for text in ["", "[1]", "{", "7"] {
        assert!(Document::from_json(text).is_err(), "{text}");
    }
}
