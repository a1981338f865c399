//! What Debezium's records become.

mod keys;
mod shapes;
mod sources;
mod values;

use super::Debezium;
use crate::decode::informed::{Informed, alone, by_arrival, rules};
use crate::decode::{Decoded, Decoder as _, LazyObject, Settings};
use crate::event::{Change, ChangeEvent};
use crate::record::Record;
use crate::rules::{Rules, TableRules};

const WAL: &str = r#"{"connector":"postgresql","ts_ms":1559033904863,"snapshot":"false","schema":"public","table":"t","lsn":255}"#;

/// What the decoder is made with, and what is said of tables.
struct Told {
    settings: Settings,
    rules: Rules,
}

impl Told {
    /// With `source.table`.
    fn of_table(self, table: &str) -> Self {
        let settings = Settings { table: Some(table.to_owned()), ..self.settings };
        Self { settings, ..self }
    }

    fn decoder(self) -> Informed<Debezium> {
        Informed::new(Debezium::new(self.settings), self.rules)
    }
}

fn settings(change: impl FnOnce(&mut TableRules)) -> Told {
    Told { settings: Settings::default(), rules: rules("*", change) }
}

fn ordered_by_arrival() -> Told {
    Told { settings: Settings::default(), rules: by_arrival(rules("*", |_| {})) }
}

fn record(payload: &str, key: Option<&str>) -> Record {
    Record { partition_key: key.map(Into::into), ..Record::new("s", "77", payload.to_owned()) }
}

/// An event as one line: operation, key, document or patch, and `@` with the number of its pair.
fn line(event: &ChangeEvent) -> String {
    let key = event.key.as_ref().map_or("-".to_owned(), crate::event::Key::to_json);
    let change = match &event.change {
        Change::Put(document) => format!("put {key} {}", document.to_json()),
        Change::Patch(patch) => format!("patch {key} {:?} {:?}", patch.set, patch.remove),
        Change::Delete(None) => format!("delete {key}"),
        Change::Delete(Some(document)) => format!("delete {key} {}", document.to_json()),
        Change::Truncate => "truncate".to_owned(),
    };
    let pair = event.pair.map(|pair| format!(" @{pair}")).unwrap_or_default();
    format!("{}: {change}{pair}", event.table)
}

fn told_with(told: Told, payload: &str, key: Option<&str>) -> String {
    told_by(&told.decoder(), payload, key)
}

fn told_by(debezium: &Informed<Debezium>, payload: &str, key: Option<&str>) -> String {
    match alone(debezium, &record(payload, key)) {
        Ok(Decoded::Events(events)) => events.iter().map(line).collect::<Vec<_>>().join("; "),
        Ok(Decoded::Ignored(reason)) => reason.to_string(),
        Ok(Decoded::Unrouted { .. }) => "unrouted".to_owned(),
        Ok(Decoded::Schema(schema)) => format!("{} {:?} {}", schema.table, schema.key, schema.observed_at),
        Ok(Decoded::Parts(parts)) => panic!("{parts:?}"),
        Err(error) => format!("! {}", error.code().as_str()),
    }
}

fn told(payload: &str, key: Option<&str>) -> String {
    told_with(settings(|_| {}), payload, key)
}

fn envelope(op: &str, before: &str, after: &str) -> String {
    format!(r#"{{"before":{before},"after":{after},"source":{WAL},"op":"{op}","ts_ms":1}}"#)
}

const KEY: Option<&str> = Some(r#"{"id":1}"#);

#[test]
fn each_operation_becomes_its_change() {
    let check = |op: &str, before: &str, after: &str, expected: &str| {
        assert_eq!(told(&envelope(op, before, after), KEY), expected, "{op} {before} {after}");
    };
    check("c", "null", r#"{"id":1,"n":1.50}"#, r#"public.t: put {"id":1} {"n":1.50}"#);
    check("C", "null", r#"{"id":1}"#, r#"public.t: put {"id":1} {}"#);
    check("r", "null", r#"{"id":1,"n":null}"#, r#"public.t: put {"id":1} {"n":null}"#);
    check("u", "null", r#"{"id":1,"n":2,"n":3}"#, r#"public.t: put {"id":1} {"n":3}"#);
    check("d", r#"{"id":1,"n":null}"#, "null", r#"public.t: delete {"id":1}"#);
    check("d", "null", "null", r#"public.t: delete {"id":1}"#);
    check("t", "null", "null", "public.t: truncate");
    check("m", "null", "null", "control");
    check("x", "null", r#"{"id":1}"#, "! unknown_operation");
    check("c", "null", "null", "! no_image");
    check("c", "null", "[1]", "! no_image");
    assert_eq!(told(&envelope("d", "null", "null"), None), "! unknown_key");
}

#[test]
fn what_is_no_change_of_a_row_is_ignored() {
    let table = [
        ("", "control"),
        (r#"{"ts_ms":1559033904961}"#, "heartbeat"),
        (r#"{"ts_ms":1,"ts_us":1000,"ts_ns":1000000}"#, "heartbeat"),
        (r#"{"schema":{"type":"struct"},"payload":{"ts_ms":1}}"#, "heartbeat"),
        (r#"{"schema":null,"payload":{"ts_ms":1}}"#, "heartbeat"),
        (
            r#"{"status":"BEGIN","id":"571:53195829","ts_ms":1,"event_count":null,"data_collections":null}"#,
            "control",
        ),
        (
            r#"{"status":"END","id":"571:53195832","ts_ms":1,"event_count":2,"data_collections":[]}"#,
            "control",
        ),
        (
            r#"{"source":{"connector":"postgresql","lsn":1},"op":"m","ts_ms":1,"message":{"prefix":"foo","content":"Ymfy"}}"#,
            "control",
        ),
        (
            r#"{"source":{"connector":"mysql"},"ts_ms":1,"databaseName":"i","ddl":"SET x","tableChanges":[]}"#,
            "control",
        ),
    ];
    for (payload, reason) in table {
        assert!(Debezium::default().recognises(&LazyObject::of(payload.as_bytes())), "{payload}");
        assert_eq!(told(payload, Some("default")), reason, "{payload}");
    }
}

#[test]
fn a_delete_carries_the_row_where_the_source_sends_it_whole() {
    let delete = |source: &str, before: &str| {
        told(&format!(r#"{{"before":{before},"after":null,"source":{source},"op":"d"}}"#), KEY)
    };
    let binlog = r#"{"connector":"mariadb","db":"shop","table":"t","file":"b.000001","pos":4,"row":0}"#;
    assert_eq!(delete(binlog, r#"{"id":1,"n":2}"#), r#"shop.t: delete {"id":1} {"n":2}"#);
    assert_eq!(delete(binlog, r#"{"id":1}"#), r#"shop.t: delete {"id":1}"#);
    assert_eq!(
        delete(binlog, r#"{"id":1,"n":"__debezium_unavailable_value"}"#),
        r#"shop.t: delete {"id":1}"#
    );
    assert_eq!(delete(binlog, r#"{"id":null,"n":0}"#), r#"shop.t: delete {"id":1} {"n":0}"#);
    assert_eq!(delete(WAL, r#"{"id":1,"n":2}"#), r#"public.t: delete {"id":1}"#);
}

#[test]
fn documents_come_as_text() {
    let source =
        r#"{"connector":"mongodb","ts_ms":1558965508000,"db":"inventory","collection":"customers","ord":1}"#;
    let told = |op: &str, before: &str, after: &str, update: &str, key: Option<&str>| {
        told(
            &format!(
                r#"{{"before":{before},"after":{after},"updateDescription":{update},"source":{source},"op":"{op}"}}"#
            ),
            key,
        )
    };
    let document = r#""{\"_id\": {\"$numberLong\": \"1004\"},\"when\": {\"$date\": 0},\"_id2\":1}""#;
    let put = r#"inventory.customers: put {"_id":1004} {"when":"1970-01-01T00:00:00.000Z","_id2":1}"#;
    assert_eq!(told("c", "null", document, "null", Some(r#"{"id":"1004"}"#)), put);
    assert_eq!(told("u", "null", document, "{}", None), put);
    let oid = Some(r#"{"id":"{\"$oid\":\"596e275826f08b2730779e1f\"}"}"#);
    assert_eq!(
        told("d", "null", "null", "null", oid),
        r#"inventory.customers: delete {"_id":"596e275826f08b2730779e1f"}"#
    );
    assert_eq!(
        told("d", "null", "null", "null", Some(r#"{"id":"\"abc\""}"#)),
        r#"inventory.customers: delete {"_id":"abc"}"#
    );
    let wrapped = Some(r#"{"schema":{"type":"struct"},"payload":{"id":"7"}}"#);
    assert_eq!(told("d", "null", "null", "null", wrapped), r#"inventory.customers: delete {"_id":7}"#);
    let deleted = r#"inventory.customers: delete {"_id":1004} {"when":"1970-01-01T00:00:00.000Z","_id2":1}"#;
    assert_eq!(told("d", document, "null", "null", None), deleted);
    let update = r#"{"updatedFields":"{\"a.b\": {\"$numberLong\": \"5\"}, \"_id\": 1}","removedFields":["c/d","e"],"truncatedArrays":null}"#;
    let patch = r#"inventory.customers: patch {"_id":7} [("/a/b", "5")] ["/c~1d", "/e"]"#;
    assert_eq!(told("u", "null", "null", update, wrapped), patch);
    let truncated =
        r#"{"updatedFields":null,"removedFields":null,"truncatedArrays":[{"field":"a","size":1}]}"#;
    assert_eq!(told("u", "null", "null", truncated, wrapped), "! truncated_array");
    assert_eq!(
        told("u", "null", "null", &truncated.replace(r#"{"field":"a","size":1}"#, ""), wrapped),
        r#"inventory.customers: patch {"_id":7} [] []"#
    );
    for (op, after, update, code) in [
        ("u", "null", "null", "no_image"),
        ("c", "null", "null", "no_image"),
        ("c", "[1]", "null", "bad_image"),
        ("c", r#""{""#, "null", "not_json"),
        ("u", "null", r#"{"updatedFields":"["}"#, "not_json"),
        ("u", "null", r#"{"removedFields":[1]}"#, "not_json"),
    ] {
        assert_eq!(told(op, "null", after, update, wrapped), format!("! {code}"), "{op} {after} {update}");
    }
    for key in [None, Some("default"), Some(r#"{"id":7}"#), Some(r#"{"id":"7","x":"8"}"#)] {
        assert_eq!(told("d", "null", "null", "null", key), "! no_key", "{key:?}");
    }
    assert_eq!(told("d", "null", "null", "null", Some(r#"{"id":"{"}"#)), "! not_json");
}
