use super::Maxwell;
use crate::decode::informed::{Informed, alone, by_arrival, rules};
use crate::decode::{Decoded, Decoder, LazyObject};
use crate::event::Change;
use crate::record::Record;
use crate::rules::{Keyless, Rules, TableRules};

/// What a record comes to: each event in a line, or the reason or the error's code.
fn decoded(decoder: &impl Decoder, position: &str, payload: &str) -> String {
    let events = match alone(decoder, &Record::new("s", position, payload.to_owned())) {
        Ok(Decoded::Events(events)) => events,
        Ok(Decoded::Ignored(reason)) => return reason.to_string(),
        Ok(Decoded::Unrouted { .. }) => return "unrouted".to_owned(),
        Ok(Decoded::Schema(schema)) => return format!("{schema:?}"),
        Ok(Decoded::Parts(parts)) => panic!("{parts:?}"),
        Err(error) => return error.code().to_string(),
    };
    let line = |event: &crate::event::ChangeEvent| {
        let (what, document) = match &event.change {
            Change::Put(document) => ("put", document.to_json()),
            Change::Delete(document) => {
                ("delete", document.as_ref().map_or_else(String::new, |it| it.to_json()))
            }
            Change::Truncate => return format!("truncate {} {}", event.table, event.version),
            Change::Patch(_) => panic!("Maxwell has none"),
        };
        let pair = event.pair.map_or_else(String::new, |pair| format!(" pair {pair}"));
        format!("{what} {} {document} {}{pair}", event.key.as_ref().unwrap().to_json(), event.version)
    };
    events.iter().map(line).collect::<Vec<_>>().join("; ")
}

fn told(payload: &str) -> String {
    decoded(&Maxwell::default(), "7", payload)
}

/// A record of the table `d.t` with the key `id`, at a position.
fn record(kind: &str, rest: &str) -> String {
    let head = format!(r#""database":"d","table":"t","type":"{kind}","ts":1477053217,"xid":2"#);
    format!(r#"{{{head},"position":"b.000006:800911","primary_key_columns":["id"],{rest}}}"#)
}

fn routed(change: impl FnOnce(&mut TableRules)) -> Informed<Maxwell> {
    Informed::new(Maxwell::default(), rules("*", change))
}

const PLACE: &str = "x.0000.1.0000000000000006.00000000000c388f";

#[test]
fn a_change_is_placed_by_file_offset_and_row() {
    let commit = told(&record("insert", r#""commit":true,"data":{"id":1,"m":4.20}"#));
    assert_eq!(commit, format!(r#"put {{"id":1}} {{"m":4.20}} {PLACE}.ffffffffffffffff"#));
    let counted = told(&record("delete", r#""xoffset":17,"data":{"id":1.0,"m":4.20}"#));
    assert_eq!(counted, format!(r#"delete {{"id":1}} {{"m":4.20}} {PLACE}.0000000000000011"#));
    let uncounted = told(&record("insert", r#""data":{"id":"1"}"#));
    assert_eq!(uncounted, format!(r#"put {{"id":"1"}} {{}} {PLACE}.0000000000000000.0017"#));
}

#[test]
fn a_changed_key_is_a_delete_and_a_put_of_one_version() {
    let both = told(&record("update", r#""commit":true,"data":{"id":2,"a":"x"},"old":{"id":1}"#));
    let version = format!("{PLACE}.ffffffffffffffff");
    assert_eq!(
        both,
        format!(r#"delete {{"id":1}}  {version} pair 0; put {{"id":2}} {{"a":"x"}} {version} pair 0"#)
    );
    for old in [r#"{"a":"y"}"#, r#"{"id":2.0}"#, "{}", "null"] {
        let one = told(&record("update", &format!(r#""commit":true,"data":{{"id":2,"a":"x"}},"old":{old}"#)));
        assert_eq!(one, format!(r#"put {{"id":2}} {{"a":"x"}} {version}"#), "{old}");
    }
}

#[test]
fn a_bootstrap_is_older_than_every_change() {
    let load = told(
        r#"{"database":"d","table":"t","type":"bootstrap-insert","ts":1450557744,"data":{"id":1},
        "primary_key_columns":["id"]}"#,
    );
    assert_eq!(load, r#"put {"id":1} {} x.0000.0.000000005675c130"#);
    for kind in ["bootstrap-start", "bootstrap-complete"] {
        let text = format!(r#"{{"database":"d","table":"t","type":"{kind}","ts":1450557744,"data":{{}}}}"#);
        assert_eq!(told(&text), "control");
    }
}

#[test]
fn a_definition_tells_the_key_and_everything_else_of_tables_is_control() {
    let schema = told(
        r#"{"type":"table-alter","database":"d","table":"old","ts":1477053308000,"position":"b.000006:804398",
        "old":{},"def":{"database":"d","table":"t","charset":"utf8","columns":[{"type":"int","name":"id",
        "signed":true},{"type":"set","name":"s","enum-values":["a"]}],"primary-key":["id"]}}"#,
    );
    assert!(schema.contains(r#"key: ["id"], columns: [("id", "int"), ("s", "set")]"#), "{schema}");
    assert!(
        schema.contains(r#"observed_at: "00000157e73cdc60.0000000000000006.00000000000c462e""#),
        "{schema}"
    );
    for kind in ["table-create", "table-drop", "database-create", "database-alter", "database-drop"] {
        assert_eq!(told(&format!(r#"{{"type":"{kind}","database":"d","ts":1477053308000}}"#)), "control");
    }
}

#[test]
fn a_dropped_table_is_a_truncate_at_its_position() {
    let drop = |rest: &str| format!(r#"{{"type":"table-drop","database":"d","table":"t"{rest}}}"#);
    let at = r#","ts":1477053308000,"sql":"drop table t""#;
    let placed = told(&drop(&format!(r#"{at},"position":"b.000006:800911""#)));
    assert_eq!(placed, format!("truncate d.t {PLACE}.0000000000000000"));
    // behind what came before it, in front of what comes behind it
    let row = |offset: u32| {
        let record = record("insert", r#""commit":true,"data":{"id":1}"#);
        told(&record.replace("800911", &offset.to_string())).split(' ').next_back().unwrap().to_owned()
    };
    let version = placed.split(' ').next_back().unwrap();
    assert!(row(800_910).as_str() < version && version < row(800_912).as_str());
    let without = "truncate d.t x.0000.0.00000000580a0b7c";
    for rest in [at.to_owned(), format!(r#"{at},"position":null"#), r#","ts":1477053308"#.to_owned()] {
        assert_eq!(told(&drop(&rest)), without, "{rest}");
    }
    assert_eq!(told(&drop(r#","position":"b""#)), "missing_version");
    assert_eq!(told(&drop("")), "control");
    assert_eq!(told(r#"{"type":"table-drop","database":"d","ts":1477053308000}"#), "control");
    let other = Informed::new(Maxwell::default(), rules("d.other", |_| {}));
    assert_eq!(decoded(&other, "7", &drop(at)), "unrouted");
}

#[test]
fn an_error_names_the_row_by_what_can_be_read_of_it() {
    let named = |payload: &str| {
        let error = alone(&Maxwell::default(), &Record::new("s", "7", payload.to_owned())).unwrap_err();
        format!("{} {} {}", error.code().as_str(), error.table().unwrap_or("-"), error.key().unwrap_or("-"))
    };
    let row = record("insert", r#""commit":true,"data":{"id":1,"n":"x"}"#);
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for (from, to, expected) in [
        (r#""x""#, deep.as_str(), "too_deep d.t [1]"),
        (r#""position""#, r#""x""#, "missing_version d.t [1]"),
        (r#""commit":true"#, r#""commit":7"#, "bad_field d.t [1]"),
        (r#""x"}"#, r#""\ud83d"}"#, "not_json d.t [1]"),
        (r#""x"}}"#, r#""x"},"#, "not_json d.t [1]"),
        (r#","n":"x"}}"#, "", "not_json d.t -"),
        (r#""id":1"#, r#""id":null"#, "null_key d.t -"),
        (r#"["id"]"#, "[]", "no_key d.t -"),
        (r#""data""#, r#""encrypted""#, "encrypted d.t -"),
        (r#""table":"t""#, r#""table":7"#, "not_a_change_record - -"),
    ] {
        assert!(row.contains(from), "{from}");
        assert_eq!(named(&row.replacen(from, to, 1)), expected, "{from} {to}");
    }
    let old = record("update", r#""commit":true,"data":{"id":1},"old":[]"#);
    assert_eq!(named(&old), "bad_field d.t [1]");
}

#[test]
fn values_are_as_maxwell_writes_them() {
    let data = r#"{"id":1,"d":12345678901234567890.10,"e":1E-7,"z":"0000-00-00 00:00:00","b":"/+8=","s":["a","b"],
        "j":{"k" : [1.0, {"x":null}]},"n":null,"q\"u":"\u00e4","n":3}"#;
    let document = r#"{"d":12345678901234567890.10,"e":1E-7,"z":"0000-00-00 00:00:00","b":"/+8=","s":["a","b"],"j":{"k":[1.0,{"x":null}]},"q\"u":"ä","n":3}"#;
    let told = told(&record("insert", &format!(r#""commit":true,"data":{data}"#)));
    assert_eq!(told, format!(r#"put {{"id":1}} {document} {PLACE}.ffffffffffffffff"#));
}

#[test]
fn what_is_wrong_is_poison_with_a_code_of_its_own() {
    let row = |rest: &str| record("insert", rest);
    let with = |field: &str, value: &str| row(r#""commit":true,"data":{"id":1}"#).replacen(field, value, 1);
    let position = r#""position":"b.000006:800911""#;
    let key = r#""primary_key_columns":["id"]"#;
    let update = |rest: &str| record("update", &format!(r#""commit":true,{rest}"#));
    let table = [
        (with(position, r#""position":null"#), "missing_version"),
        (with(position, r#""x":1"#), "missing_version"),
        (with(position, r#""position":6"#), "missing_version"),
        (with(position, r#""position":"b.6""#), "missing_version"),
        (with(position, r#""position":"b:6""#), "missing_version"),
        (with(position, r#""position":"b.+6:1""#), "missing_version"),
        (with(position, r#""position":"b.6:99999999999999999999""#), "missing_version"),
        (with(key, r#""primary_key_columns":"id""#), "bad_field"),
        (with(key, r#""primary_key_columns":[1]"#), "bad_field"),
        (with(key, r#""primary_key_columns":[]"#), "no_key"),
        (with(key, r#""primary_key_columns":["id","z"]"#), "missing_key"),
        (with(key, r#""x":1"#), "unknown_key"),
        (with(r#""table":"t""#, r#""table":7"#), "not_a_change_record"),
        (with(r#""database":"d""#, r#""database":[]"#), "not_a_change_record"),
        (with(r#""type":"insert""#, r#""type":1"#), "not_a_change_record"),
        (with(r#""type":"insert""#, r#""type":"INSERT""#), "unknown_operation"),
        (row(r#""commit":1,"data":{"id":1}"#), "bad_field"),
        (row(r#""xoffset":"1","data":{"id":1}"#), "bad_field"),
        (row(r#""xoffset":-1,"data":{"id":1}"#), "bad_field"),
        (row(r#""commit":true,"data":[]"#), "no_image"),
        (row(r#""commit":true,"data":null"#), "no_image"),
        (row(r#""commit":true"#), "no_image"),
        (row(r#""commit":true,"data":{"id":null}"#), "null_key"),
        (row(r#""commit":true,"data":{"id":1,"id":2}"#), "duplicate_key_member"),
        (row(r#""commit":true,"encrypted":{"iv":"","bytes":""}"#), "encrypted"),
        (update(r#""data":{"id":1},"old":[]"#), "bad_field"),
        (update(r#""data":{"id":1},"old":{"id":null}"#), "null_key"),
        (record("delete", r#""commit":true,"data":{"a":1}"#), "missing_key"),
        (r#"{"encrypted":{"iv":"","bytes":""}}"#.to_owned(), "encrypted"),
        (r#"{"database":"d","table":"t","type":"bootstrap-insert","data":{"id":1},"primary_key_columns":["id"]}"#
            .to_owned(), "missing_version"),
        ("{\"database\":\"d\",\"table\"".to_owned(), "not_json"),
        ("[1]".to_owned(), "not_a_change_record"),
        ("{}".to_owned(), "not_a_change_record"),
    ];
    for (payload, code) in table {
        assert_eq!(told(&payload), code, "{payload}");
    }
    let without = row(r#""data":{"id":1}"#);
    assert_eq!(decoded(&Maxwell::default(), "a-message-id", &without), "missing_version");
}

#[test]
fn a_table_without_a_key_is_what_its_route_says() {
    let keyless = |rest: &str| rest.replace(r#""primary_key_columns":["id"]"#, r#""primary_key_columns":[]"#);
    let insert = keyless(&record("insert", r#""commit":true,"data":{"a":1,"b":null}"#));
    let update = keyless(&record("update", r#""commit":true,"data":{"a":1,"b":null},"old":{"b":2}"#));
    let version = format!("{PLACE}.ffffffffffffffff");
    let by_position = routed(|route| route.keyless = Keyless::Position);
    let put = format!(r#"put {{"position":"7"}} {{"a":1,"b":null}} {version}"#);
    assert_eq!(decoded(&by_position, "7", &insert), put);
    assert_eq!(decoded(&by_position, "7", &update), "keyless_change");
    let by_row = routed(|route| route.keyless = Keyless::Row);
    let put = format!(r#"put {{"a":1,"b":null}} {{}} {version}"#);
    assert_eq!(decoded(&by_row, "7", &insert), put);
    assert_eq!(
        decoded(&by_row, "7", &update),
        format!(r#"delete {{"a":1,"b":2}}  {version} pair 0; {put} pair 0"#)
    );
    let routed = routed(|route| route.key = vec!["b".into()]);
    assert_eq!(decoded(&routed, "7", &record("insert", r#""commit":true,"data":{"id":1}"#)), "missing_key");
}

#[test]
fn members_may_come_in_any_order_and_twice() {
    let key = r#""primary_key_columns":["id"]"#;
    let head = r#""database":"d","table":"t","type":"insert","commit":true,"position":"b.6:1""#;
    let put = |key: &str, rest: &str| {
        let version = "x.0000.1.0000000000000006.0000000000000001.ffffffffffffffff";
        format!(r#"put {key} {rest} {version}"#)
    };
    let (one, two) = (r#""data":{"id":1,"a":2}"#, r#""data":{"id":2,"a":3}"#);
    let by_id = put(r#"{"id":1}"#, r#"{"a":2}"#);
    assert_eq!(told(&format!("{{{one},{head},{key}}}")), by_id);
    assert_eq!(told(&format!("{{{head},{key},{two},{one}}}")), by_id);
    assert_eq!(told(&format!(r#"{{{head},"primary_key_columns":["a"],{one},{key}}}"#)), by_id);
    assert_eq!(told(&format!(r#"{{{head},{key},{two},"data":null}}"#)), "no_image");
    assert_eq!(told(&format!(r#"{{{head},{key},"data":{{"id":1E999}}"#)), "not_json");
}

#[test]
fn a_table_without_a_route_needs_no_key_and_a_record_by_arrival_no_position() {
    let other = Informed::new(Maxwell::default(), rules("d.other", |_| {}));
    assert_eq!(decoded(&other, "7", r#"{"database":"d","table":"t","type":"insert","data":{}}"#), "unrouted");
    let informed = Informed::new(Maxwell::default(), by_arrival(Rules::default()));
    let insert =
        r#"{"database":"d","table":"t","type":"insert","primary_key_columns":["id"],"data":{"id":1}}"#;
    assert_eq!(decoded(&informed, "7", insert), r#"put {"id":1} {} a.0000.1.0017.00000000"#);
}

#[test]
fn names_are_taken_as_they_are() {
    let long = "n".repeat(200);
    for name in ["select", "Ord\\\"er", "a.b;drop table x--", "Ünïcode", long.as_str()] {
        let text = record("insert", &format!(r#""commit":true,"data":{{"id":1,"{name}":2}}"#))
            .replace(r#""id""#, &format!(r#""{name}_""#))
            .replace(r#""table":"t""#, &format!(r#""table":"{name}""#));
        let version = format!("{PLACE}.ffffffffffffffff");
        assert_eq!(told(&text), format!(r#"put {{"{name}_":1}} {{"{name}":2}} {version}"#));
    }
}

#[test]
fn a_record_is_recognised_by_type_and_database() {
    let recognised = |payload: &str| Maxwell::default().recognises(&LazyObject::of(payload.as_bytes()));
    assert!(recognised(&record("update", r#""data":5"#)));
    assert!(recognised(r#"{"type":"database-drop","database":"d"}"#));
    assert!(recognised(r#"{"encrypted":{"bytes":"","iv":""}}"#));
    for other in [
        r#"{"type":"insert","table":"t","data":{}}"#,
        r#"{"type":"INSERT","database":"d","table":"t","isDdl":false}"#,
        r#"{"type":"insert","database":{"x":1}}"#,
        r#"{"encrypted":{"bytes":""}}"#,
        "[]",
        "{}",
        "",
    ] {
        assert!(!recognised(other), "{other}");
    }
}
