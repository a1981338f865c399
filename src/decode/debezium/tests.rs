//! What Debezium's records become.

use super::Debezium;
use crate::catalogue::Catalogue;
use crate::config::{Config, Keyless, RouteConfig, VersionScheme};
use crate::decode::{Decoded, Decoder as _, Outline, Settings, alone};
use crate::event::{Change, ChangeEvent};
use crate::record::Record;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const WAL: &str = r#"{"connector":"postgresql","ts_ms":1559033904863,"snapshot":"false","schema":"public","table":"t","lsn":255}"#;

fn settings(change: impl FnOnce(&mut Config, &mut RouteConfig)) -> Settings {
    let (mut config, mut route) = (Config::default(), RouteConfig::default());
    change(&mut config, &mut route);
    config.routes.push(route);
    Settings { catalogue: Catalogue::new(&config), ..Settings::default() }
}

fn record(payload: &str, key: Option<&str>) -> Record {
    Record { partition_key: key.map(str::to_owned), ..Record::new("s", "77", payload.to_owned()) }
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

fn told_with(settings: Settings, payload: &str, key: Option<&str>) -> String {
    match alone(&Debezium::new(settings), &record(payload, key)) {
        Ok(Decoded::Events(events)) => events.iter().map(line).collect::<Vec<_>>().join("; "),
        Ok(Decoded::Ignored(reason)) => reason.to_string(),
        Ok(Decoded::Schema(schema)) => format!("{} {:?} {}", schema.table, schema.key, schema.said_at),
        Ok(Decoded::Parts(parts)) => panic!("{parts:?}"),
        Err(error) => format!("! {}", error.code()),
    }
}

fn told(payload: &str, key: Option<&str>) -> String {
    told_with(settings(|_, _| {}), payload, key)
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
    check("c", "null", "null", "! no_after");
    check("c", "null", "[1]", "! no_after");
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
        assert!(Debezium::default().recognises(&Outline::of(payload.as_bytes())), "{payload}");
        assert_eq!(told(payload, Some("default")), reason, "{payload}");
    }
}

#[test]
fn a_schema_change_tells_the_key_of_one_table() {
    let change = |changes: &str| {
        let source = r#"{"connector":"mysql","ts_ms":1559033904863}"#;
        told(&format!(r#"{{"source":{source},"ddl":"ALTER","tableChanges":{changes}}}"#), None)
    };
    let table = r#"{"type":"ALTER","id":"\"inventory\".\"customers\"","table":{"primaryKeyColumnNames":["id"],"columns":[{"name":"id","typeName":"INT"}]}}"#;
    assert_eq!(change(&format!("[{table}]")), r#"inventory.customers ["id"] 00001559033904863000"#);
    assert_eq!(change(&format!("[{table},{table}]")), "control");
    assert_eq!(change(r#"[{"type":"DROP","id":"\"a\".\"b\"","table":null}]"#), "control");
    assert_eq!(change(r#"[7]"#), "control");
    assert_eq!(change(&format!("[{}]", table.replace(r#"\"inventory\".\"customers\""#, ""))), "control");
    let three = table.replace(r#"\"inventory\".\"customers\""#, r#"\"db\".\"dbo\".\"a.b\""#);
    assert_eq!(change(&format!("[{three}]")), r#"dbo.a.b ["id"] 00001559033904863000"#);
}

#[test]
fn the_key_comes_from_route_message_key_or_row() {
    let create = envelope("c", "null", r#"{"id":1.0,"b":"x","n":2}"#);
    let table = [
        (Some(r#"{"id":1}"#), r#"put {"id":1} {"b":"x","n":2}"#),
        (Some(r#"{"b":"x","id":1}"#), r#"put {"b":"x","id":1} {"n":2}"#),
        (Some(r#"{"id":1,"__dbz__physicalTableIdentifier":"s.t"}"#), r#"put {"id":1} {"b":"x","n":2}"#),
        (
            Some(
                r#"{"schema":{"type":"struct","fields":[{"type":"int32","field":"id"}]},"payload":{"id":1}}"#,
            ),
            r#"put {"id":1} {"b":"x","n":2}"#,
        ),
        // a column that only the message key has
        (Some(r#"{"id":1,"region":"eu"}"#), r#"put {"id":1,"region":"eu"} {"b":"x","n":2}"#),
    ];
    for (key, expected) in table {
        assert_eq!(told(&create, key), format!("public.t: {expected}"), "{key:?}");
    }
    for key in [None, Some("default"), Some("{"), Some("{}"), Some("[1]"), Some("1"), Some("null")] {
        assert_eq!(told(&create, key), "! unknown_key", "{key:?}");
    }
    let routed = || settings(|_, route| route.key = vec!["b".to_owned()]);
    assert_eq!(told_with(routed(), &create, KEY), r#"public.t: put {"b":"x"} {"id":1.0,"n":2}"#);
    assert_eq!(told_with(routed(), &envelope("d", "null", "null"), KEY), "! missing_key");
    assert_eq!(told_with(routed(), &envelope("d", "null", "null"), None), "! no_key");
    assert_eq!(told(&envelope("c", "null", r#"{"id":null}"#), Some(r#"{"id":null}"#)), "! null_key");
    assert_eq!(told(&envelope("c", "null", r#"{"id":1,"id":2}"#), KEY), "! duplicate_key_member");
    let long = format!(r#"{{"id":"{}"}}"#, "a\\\"b.c;SELECT".repeat(20));
    assert!(
        told(&envelope("c", "null", &long), Some(&long)).starts_with(r#"public.t: put {"id":"a\"b.c;SELECT"#)
    );
}

#[test]
fn a_key_that_debezium_does_not_know_changes_in_one_record() {
    let update = envelope("u", r#"{"id":1,"b":"x","n":1}"#, r#"{"id":1,"b":"y","n":1}"#);
    let routed = |names: &[&str]| {
        settings(|_, route| route.key = names.iter().map(|name| (*name).to_owned()).collect())
    };
    let pair = r#"public.t: delete {"b":"x"} @0; public.t: put {"b":"y"} {"id":1,"n":1} @0"#;
    assert_eq!(told_with(routed(&["b"]), &update, KEY), pair);
    assert_eq!(told_with(routed(&["b"]), &update, None), pair);
    // of its own key Debezium sends two records, and fills `before` up with defaults
    let filled = envelope("u", r#"{"id":0,"b":"x"}"#, r#"{"id":1,"b":"y"}"#);
    assert_eq!(told(&filled, KEY), r#"public.t: put {"id":1} {"b":"y"}"#);
    assert_eq!(told_with(routed(&["id"]), &filled, KEY), r#"public.t: put {"id":1} {"b":"y"}"#);
    let equal = envelope("u", r#"{"id":1.0,"b":"x"}"#, r#"{"id":1,"b":"y"}"#);
    assert_eq!(told_with(routed(&["id"]), &equal, None), r#"public.t: put {"id":1} {"b":"y"}"#);
    let partial = envelope("u", r#"{"id":1,"b":"x"}"#, r#"{"id":2,"b":"__debezium_unavailable_value"}"#);
    assert_eq!(told_with(routed(&["id"]), &partial, None), "! partial_key_change");
}

#[test]
fn a_table_without_a_key_is_as_its_route_says() {
    let keyless = |keyless| settings(|_, route| route.keyless = keyless);
    let position = |payload: &str| told_with(keyless(Keyless::Position), payload, Some("default"));
    let row = |payload: &str| told_with(keyless(Keyless::Row), payload, Some("default"));
    let create = envelope("c", "null", r#"{"a":1.0,"b":null}"#);
    let update = envelope("u", r#"{"a":1,"b":null}"#, r#"{"a":2,"b":null}"#);
    assert_eq!(position(&create), r#"public.t: put {"position":"77"} {"a":1.0,"b":null}"#);
    assert_eq!(position(&update), "! keyless_change");
    assert_eq!(position(&envelope("d", r#"{"a":1}"#, "null")), "! keyless_change");
    assert_eq!(row(&create), r#"public.t: put {"a":1,"b":null} {}"#);
    assert_eq!(row(&update), r#"public.t: delete {"a":1,"b":null} @0; public.t: put {"a":2,"b":null} {} @0"#);
    assert_eq!(row(&envelope("u", "null", r#"{"a":2}"#)), "! no_before_image");
    assert_eq!(row(&envelope("d", r#"{"a":1,"b":null}"#, "null")), r#"public.t: delete {"a":1,"b":null}"#);
    assert_eq!(row(&envelope("d", "null", "null")), "! no_before_image");
}

#[test]
fn a_value_that_was_not_sent_makes_a_patch() {
    let placeholders = [
        r#""__debezium_unavailable_value""#,
        r#""X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==""#,
        r#"["__debezium_unavailable_value"]"#,
        r#""5f5f646562657a69756d5f756e617661696c61626c655f76616c7565""#,
        r#"["b68a35a7-17ad-35b3-af2a-ae46edb4545a"]"#,
        r#"[ "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==" ]"#,
        r#"{"__debezium_unavailable_value":"__debezium_unavailable_value"}"#,
        r#""{\"__debezium_unavailable_value\":\"__debezium_unavailable_value\"}""#,
        "[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,118,97,108,117,101]",
    ];
    let bytes = |each: fn(u8) -> String| {
        let elements: Vec<String> = "__debezium_unavailable_value".bytes().map(each).collect();
        format!("[{}]", elements.join(","))
    };
    let arrays = [
        bytes(|byte| format!("{byte}.0")),
        bytes(|byte| format!("\"{}\"", STANDARD.encode([byte]))),
        bytes(|byte| format!(r#"{{"scale":0,"value":"{}"}}"#, STANDARD.encode([byte]))),
    ];
    for value in placeholders.into_iter().chain(arrays.iter().map(String::as_str)) {
        let row = format!(r#"{{"id":1,"a/b":{value},"n~":2}}"#);
        let patch = r#"public.t: patch {"id":1} [("/n~0", "2")] []"#;
        assert_eq!(told(&envelope("u", "null", &row), KEY), patch, "{value}");
        assert_eq!(told(&envelope("c", "null", &row), KEY), "! partial_key_change", "{value}");
    }
    for value in [r#""__debezium_unavailable_values""#, "[95,95]", r#"["a"]"#, r#""X19k""#, r#""{}""#] {
        let row = format!(r#"{{"id":1,"a":{value}}}"#);
        assert_eq!(
            told(&envelope("u", "null", &row), KEY),
            format!(r#"public.t: put {{"id":1}} {{"a":{value}}}"#)
        );
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

fn version_of(source: &str, op: &str) -> Result<String, &'static str> {
    let payload = format!(r#"{{"after":{{"id":1}},"source":{source},"op":"{op}"}}"#);
    match alone(&Debezium::default(), &record(&payload, KEY)) {
        Ok(Decoded::Events(events)) => Ok(events[0].version.as_str().to_owned()),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.code()),
    }
}

#[test]
fn each_connector_has_its_version() {
    let check = |op: &str, source: &str, version: Result<&str, &'static str>| {
        let source = format!(r#"{{"db":"d","schema":"s","table":"t",{source}}}"#);
        let end = if op == "r" { "" } else { ".00000001" };
        assert_eq!(version_of(&source, op), version.map(|version| format!("{version}{end}")), "{source}");
    };
    let missing = Err("missing_version");
    check(
        "c",
        r#""connector":"postgresql","lsn":24023128"#,
        Ok("p.0000.1.00000000016e9058.00000001.0000000000000000"),
    );
    check(
        "c",
        r#""connector":"postgresql","lsn":"255","snapshot":"last""#,
        Ok("p.0000.1.00000000000000ff.00000001.0000000000000000"),
    );
    check("c", r#""connector":"postgresql","lsn":null"#, missing);
    check("c", r#""connector":"postgresql","lsn":-1"#, missing);
    check("c", r#""connector":"postgresql","lsn":[1]"#, missing);
    check("c", r#""connector":"postgresql""#, missing);
    let incremental = r#""connector":"postgresql","snapshot":"incremental""#;
    check("r", &format!(r#"{incremental},"ts_ms":1559033904863"#), Ok("p.0000.0.000589eede179718"));
    check(
        "r",
        &format!(r#"{incremental},"ts_ms":1559033904863,"ts_us":1559033904863001"#),
        Ok("p.0000.0.000589eede179719"),
    );
    check("r", incremental, missing);
    // its position may be behind that of a change which it does not show
    let initial = r#""connector":"postgresql","snapshot":"first","lsn":24023128"#;
    check("r", &format!(r#"{initial},"ts_ms":1559033904863"#), Ok("p.0000.0.000589eede179718"));
    check("r", initial, missing);
    let binlog = r#""connector":"mysql","file":"mysql-bin.000012","pos":484,"row":2"#;
    check("c", binlog, Ok("y.0000.1.000000000000000c.00000000000001e4.00000001.0000000000000002"));
    check("r", binlog, Ok("y.0000.1.000000000000000c.00000000000001e4.00000000.0000000000000000"));
    check("c", r#""connector":"mysql","file":"mysql-bin.000012","pos":0,"row":2"#, missing);
    check("c", r#""connector":"mysql","file":"mysql-bin","pos":4,"row":2"#, missing);
    check("c", r#""connector":"mysql","file":"mysql-bin.000012","pos":4"#, missing);
    check("c", r#""connector":"mysql","pos":4,"row":0"#, missing);
    let commit = r#""connector":"sqlserver","commit_lsn":"00000027:00000AC0:0007""#;
    check(
        "u",
        &format!(r#"{commit},"change_lsn":"00000027:00000ac0:0002","event_serial_no":2"#),
        Ok("s.0000.1.1600000027:00000ac0:0007.1600000027:00000ac0:0002.0000000000000002"),
    );
    check(
        "r",
        &format!(r#"{commit},"change_lsn":null"#),
        Ok("s.0000.1.1600000027:00000ac0:0007.00.0000000000000000"),
    );
    let empty = r#""connector":"sqlserver","commit_lsn":null,"change_lsn":null,"ts_ms":1559033904863"#;
    check("r", empty, Ok("s.0000.0.000589eede179718"));
    check("u", empty, missing);
    check("u", &format!(r#"{commit},"change_lsn":null,"event_serial_no":2"#), missing);
    check("u", &format!(r#"{commit},"change_lsn":"00000027:00000ac0:0002""#), missing);
    check("u", &format!(r#"{commit},"change_lsn":"NULL","event_serial_no":1"#), missing);
    check(
        "u",
        r#""connector":"oracle","scn":"2122184","commit_scn":"2122185","rs_id":" 0x00000b.00001a3E.0010 ","ssn":3"#,
        Ok("o.0000.1.0072122185.00000001.0072122184.160x00000b.00001a3e.0010.0000000000000003"),
    );
    check(
        "r",
        r#""connector":"oracle","scn":"2122184""#,
        Ok("o.0000.1.0072122184.00000000.0072122184.00.0000000000000000"),
    );
    check(
        "u",
        r#""connector":"oracle","scn":"9","commit_scn":"9:1:aa,12:2:,007:3","rs_id":null,"ssn":0"#,
        Ok("o.0000.1.00212.00000001.0019.00.0000000000000000.00277.00000000"),
    );
    check("u", r#""connector":"oracle","scn":"x","commit_scn":"1""#, missing);
    check("u", r#""connector":"oracle","commit_scn":"1""#, missing);
    let oplog = r#""connector":"mongodb","collection":"c","ts_ms":1558965508000"#;
    let (payload, key) = (r#""{\"_id\":1}""#, "g.0000.1.0000016af995d7a0.000000000000001f.0000000");
    let mongo = |source: &str, op: &str| {
        let payload = format!(r#"{{"after":{payload},"source":{{{source}}},"op":"{op}"}}"#);
        match alone(&Debezium::default(), &record(&payload, None)) {
            Ok(Decoded::Events(events)) => Ok(events[0].version.as_str().to_owned()),
            other => Err(other.unwrap_err().code()),
        }
    };
    assert_eq!(
        mongo(&format!(r#"{oplog},"ord":31"#), "c"),
        Ok(format!("{key}1.0000000000000000.00277.00000000"))
    );
    // what a snapshot says of itself when nothing happened while it began
    assert_eq!(
        mongo(
            r#""connector":"mongodb","collection":"c","ts_ms":1558965508123,"snapshot":"true","ord":-1"#,
            "r"
        ),
        Ok("g.0000.0.000589def1542978".to_owned())
    );
    assert_eq!(mongo(&format!(r#"{oplog},"ord":-1"#), "u"), Err("missing_version"));
    assert_eq!(mongo(oplog, "c"), Err("missing_version"));
    check(
        "u",
        r#""connector":"db2","commit_lsn":"00000000:00000000:0000000000a1b2c3","change_lsn":"00000000:00000000:0000000000a1b2c0""#,
        Ok(
            "b.0000.1.2200000000:00000000:0000000000a1b2c3.2200000000:00000000:0000000000a1b2c0.0000000000000000",
        ),
    );
    check("u", r#""connector":"vitess","lsn":1"#, Err("unknown_connector"));
    assert_eq!(version_of(r#"{"lsn":1,"schema":"s","table":"t"}"#, "u").unwrap_err(), "not_a_change_record");
    assert_eq!(version_of(r#"{"connector":"postgresql","lsn":1}"#, "u"), Err("no_table"));
}

#[test]
fn versions_order_as_their_source_does() {
    let place = |file: &str, pos: u64, row: u64| {
        version_of(
            &format!(
                r#"{{"connector":"mysql","db":"d","table":"t","file":"b.{file}","pos":{pos},"row":{row}}}"#
            ),
            "u",
        )
        .unwrap()
    };
    let places =
        [place("999999", 9, 0), place("999999", 10, 0), place("999999", 10, 1), place("1000000", 4, 0)];
    assert!(places.is_sorted(), "{places:?}");
    let scn = |commit: &str, scn: &str| {
        version_of(
            &format!(r#"{{"connector":"oracle","table":"t","scn":"{scn}","commit_scn":"{commit}"}}"#),
            "u",
        )
        .unwrap()
    };
    let scns = [scn("99", "98"), scn("100", "9"), scn("100", "10")];
    assert!(scns.is_sorted(), "{scns:?}");
    let order = |total: &str| {
        let payload = format!(
            r#"{{"after":{{"id":1}},"source":{WAL},"op":"u","transaction":{{"id":"5","total_order":{total}}}}}"#
        );
        let Decoded::Events(events) = alone(&Debezium::default(), &record(&payload, KEY)).unwrap() else {
            panic!()
        };
        events[0].version.clone()
    };
    assert!(order("9") < order("\"10\""));
}

#[test]
fn by_arrival_no_position_is_needed() {
    let arrival = || settings(|config, _| config.source.version = VersionScheme::Arrival);
    let payload = r#"{"after":{"id":1},"source":{"connector":"vitess","table":"t"},"op":"c"}"#;
    assert_eq!(told_with(arrival(), payload, KEY), r#"t: put {"id":1} {}"#);
    // only then a tombstone can be a delete, where nothing else tells it
    assert_eq!(told_with(arrival(), "", KEY), "control");
    let of_table = |settings: Settings| Settings { table: Some("t".to_owned()), ..settings };
    assert_eq!(told_with(of_table(arrival()), "", KEY), r#"t: delete {"id":1}"#);
    assert_eq!(told_with(of_table(arrival()), "", Some("default")), "control");
    assert_eq!(told_with(of_table(settings(|_, _| {})), "", KEY), "control");
    assert_eq!(told_with(of_table(arrival()), r#"{"id":1,"n":2}"#, KEY), r#"t: put {"id":1} {"n":2}"#);
    assert_eq!(told_with(of_table(settings(|_, _| {})), r#"{"id":1,"n":2}"#, KEY), "! missing_version");
}

#[test]
fn flattened_rows_lose_what_was_added_to_them() {
    let added = r#""__op":"u","__table":"customers","__lsn":24023128,"__source_ts_ms":1559033904863"#;
    let row = |more: &str| told(&format!(r#"{{"id":1,"__v":3,{added}{more}}}"#), KEY);
    let put = r#"customers: put {"id":1} {"__v":3}"#;
    assert_eq!(row(""), put);
    assert_eq!(row(r#","__deleted":"false""#), put);
    assert_eq!(row(r#","__schema":"s1""#), r#"s1.customers: put {"id":1} {"__v":3}"#);
    assert_eq!(row(r#","__deleted":"true""#), r#"customers: delete {"id":1}"#);
    assert_eq!(row(r#","__deleted":true"#), r#"customers: delete {"id":1}"#);
    assert_eq!(
        row(r#","a":"__debezium_unavailable_value""#),
        r#"customers: patch {"id":1} [("/__v", "3")] []"#
    );
    assert_eq!(row(r#","__op":"d""#), r#"customers: delete {"id":1}"#);
    assert_eq!(row(r#","__op":"m""#), "control");
    assert_eq!(row(r#","__op":"x""#), "! unknown_operation");
    let deleted = |payload: &str| told(payload, KEY);
    assert_eq!(deleted(r#"{"id":1,"__deleted":"false","__table":"t"}"#), "! missing_version");
    assert_eq!(deleted(r#"{"id":1,"__deleted":"false","__lsn":1}"#), "! no_table");
    let wrapped = r#"{"schema":{"type":"struct","fields":[{"type":"int32","name":"io.debezium.time.Date","field":"day"}]},"payload":{"id":1,"day":17000,"__deleted":"false","__table":"t","__db":"d","__file":"b.000002","__pos":9,"__row":0,"__connector":"mysql"}}"#;
    assert_eq!(told(wrapped, KEY), r#"d.t: put {"id":1} {"day":"2016-07-18"}"#);
    assert!(Debezium::default().recognises(&Outline::of(wrapped.as_bytes())));
    let keyless = |keyless| settings(|_, route| route.keyless = keyless);
    let payload = r#"{"a":1,"__op":"u","__table":"t","__lsn":1}"#;
    assert_eq!(told_with(keyless(Keyless::Row), payload, None), "! keyless_change");
    assert_eq!(told_with(keyless(Keyless::Position), payload, None), "! keyless_change");
    assert_eq!(
        told_with(keyless(Keyless::Position), &payload.replace('u', "c"), None),
        r#"t: put {"position":"77"} {"a":1}"#
    );
}

#[test]
fn columns_may_have_names_that_debezium_uses() {
    let row = r#""op":"x","before":1,"after":null,"status":"END","ddl":"d","ts_ms":5,"id":1"#;
    let document = r#"{"op":"x","before":1,"after":null,"status":"END","ddl":"d","ts_ms":5}"#;
    let added = format!(r#"{{{row},"__op":"u","__table":"t","__lsn":1}}"#);
    assert_eq!(told(&added, KEY), format!(r#"t: put {{"id":1}} {document}"#));
    let arrival = settings(|config, _| config.source.version = VersionScheme::Arrival);
    let bare = Settings { table: Some("t".to_owned()), ..arrival };
    assert_eq!(
        told_with(bare.clone(), r#"{"status":"END","id":1}"#, KEY),
        r#"t: put {"id":1} {"status":"END"}"#
    );
    assert_eq!(told_with(bare, r#"{"op":"u","after":{"id":1},"id":1}"#, KEY), "! not_a_change_record");
}

#[test]
fn cloud_events_say_in_attributes_what_the_source_says() {
    let event = |data: &str| {
        format!(
            r#"{{"id":"name:s;lsn:29274832;txId:565","source":"/debezium/postgresql/s","specversion":"1.0","type":"io.debezium.connector.postgresql.DataChangeEvent","time":"2020-01-13T13:55:39.738Z","datacontenttype":"application/json","iodebeziumop":"r","iodebeziumversion":"3.0.0.Final","iodebeziumconnector":"postgresql","iodebeziumname":"s","iodebeziumtsms":"1578923739738","iodebeziumsnapshot":"true","iodebeziumdb":"postgres","iodebeziumschema":"s1","iodebeziumtable":"a","iodebeziumlsn":"29274832","iodebeziumxmin":null,"iodebeziumtxid":"565","data":{data}}}"#
        )
    };
    let plain = event(r#"{"before":null,"after":{"id":1,"aa":1}}"#);
    assert_eq!(told(&plain, KEY), r#"s1.a: put {"id":1} {"aa":1}"#);
    let schema = r#"{"type":"struct","fields":[{"type":"struct","fields":[{"type":"int64","name":"io.debezium.time.MicroTimestamp","field":"aa"}],"field":"after"}]}"#;
    let wrapped =
        event(&format!(r#"{{"schema":{schema},"payload":{{"before":null,"after":{{"id":1,"aa":1}}}}}}"#));
    assert_eq!(told(&wrapped, KEY), r#"s1.a: put {"id":1} {"aa":"1970-01-01T00:00:00.000001"}"#);
    let twice = format!(r#"{{"schema":{{"type":"struct","fields":[]}},"payload":{plain}}}"#);
    assert_eq!(told(&twice, KEY), r#"s1.a: put {"id":1} {"aa":1}"#);
    for payload in [plain, wrapped, twice] {
        assert!(Debezium::default().recognises(&Outline::of(payload.as_bytes())), "{payload}");
    }
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
        ("u", "null", "null", "no_after"),
        ("c", "null", "null", "no_after"),
        ("c", "[1]", "null", "bad_document"),
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

/// The value that a column of this schema makes of this JSON.
fn plain(schema: &str, value: &str) -> String {
    let payload = format!(
        r#"{{"schema":{{"type":"struct","fields":[{{"type":"struct","fields":[{{"type":"int32","field":"id"}},{{{schema},"field":"v"}}],"field":"before"}},{{"type":"struct","fields":[{{"type":"int32","field":"id"}},{{{schema},"field":"v"}}],"field":"after"}}]}},"payload":{}}}"#,
        envelope("c", "null", &format!(r#"{{"id":1,"v":{value}}}"#))
    );
    let told = told(&payload, KEY);
    let document =
        told.strip_prefix(r#"public.t: put {"id":1} {"v":"#).and_then(|text| text.strip_suffix('}'));
    document.map_or(told.clone(), str::to_owned)
}

#[test]
fn logical_types_are_made_plain_by_the_schema() {
    let decimal = |scale: i32| {
        format!(
            r#""type":"bytes","name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{{"scale":"{scale}","connect.decimal.precision":"10"}}"#
        )
    };
    let of = |name: &str| format!(r#""type":"int64","name":"io.debezium.{name}","version":1"#);
    let table = [
        (decimal(2), r#""ew==""#, "1.23"),
        (decimal(2), r#""hQ==""#, "-1.23"),
        (decimal(2), r#""AA==""#, "0.00"),
        (decimal(0), r#""AA==""#, "0"),
        (decimal(3), r#""BQ==""#, "0.005"),
        (decimal(3), r#""APo=""#, "0.250"),
        (decimal(-2), r#""ew==""#, "12300"),
        (decimal(-2), r#""AA==""#, "0"),
        (decimal(10), r#""AAlJsPbwAjMTxEmQUN44804=""#, "1234567890123456789012345678.9012345678"),
        (decimal(500), r#""AQ==""#, "1E-500"),
        (decimal(-500), r#""/w==""#, "-1E500"),
        (decimal(2), "null", "null"),
        (decimal(2), r#""?""#, "! bad_value"),
        (decimal(2), r#""""#, "! bad_value"),
        (decimal(2), "1.5", "1.5"),
        (of("data.VariableScaleDecimal"), r#"{"scale":2,"value":"ew=="}"#, "1.23"),
        (of("data.VariableScaleDecimal"), r#"{"value":"ew==","scale":0}"#, "123"),
        (of("data.VariableScaleDecimal"), r#"{"value":"ew=="}"#, "! bad_value"),
        (of("time.Date"), "0", r#""1970-01-01""#),
        (of("time.Date"), "17424", r#""2017-09-15""#),
        (of("time.Date"), "-1", r#""1969-12-31""#),
        (of("time.Date"), "11016", r#""2000-02-29""#),
        (of("time.Date"), "-719162", r#""0001-01-01""#),
        (of("time.Date"), "-719163", "-719163"),
        (of("time.Date"), "2932896", r#""9999-12-31""#),
        (of("time.Date"), "2932897", "2932897"),
        (of("time.Date"), "2147483647", "2147483647"),
        (of("time.Date"), "9223372036854775807", "9223372036854775807"),
        (of("time.Date"), "1.5", "1.5"),
        (of("time.Date"), r#""2017-09-15Z""#, r#""2017-09-15Z""#),
        (of("time.Time"), "40333123", r#""11:12:13.123""#),
        (of("time.MicroTime"), "40333123456", r#""11:12:13.123456""#),
        (of("time.NanoTime"), "86400000000000", r#""24:00:00.000000000""#),
        (of("time.MicroTime"), "-3020399000001", r#""-838:59:59.000001""#),
        (of("time.Timestamp"), "1505473933123", r#""2017-09-15T11:12:13.123""#),
        (of("time.MicroTimestamp"), "1505473933123456", r#""2017-09-15T11:12:13.123456""#),
        (of("time.NanoTimestamp"), "1505473933123456789", r#""2017-09-15T11:12:13.123456789""#),
        (of("time.MicroTimestamp"), "-1", r#""1969-12-31T23:59:59.999999""#),
        (of("time.MicroTimestamp"), "9223372036825200000", r#""infinity""#),
        (of("time.MicroTimestamp"), "-9223372036832400000", r#""-infinity""#),
        (of("time.MicroTimestamp"), "-9223372036854775808", "-9223372036854775808"),
        (of("time.ZonedTimestamp"), r#""2017-09-15T11:12:13Z""#, r#""2017-09-15T11:12:13Z""#),
        (of("time.MicroDuration"), "3723500000", r#""PT3723.5S""#),
        (of("time.MicroDuration"), "-1", r#""PT-0.000001S""#),
        (of("time.NanoDuration"), "0", r#""PT0S""#),
        (of("time.Interval"), r#""P1Y2M3DT4H5M6.78S""#, r#""P1Y2M3DT4H5M6.78S""#),
        (of("time.Year"), "2017", "2017"),
        (of("data.Json"), r#""{\"a\": [1.10, {\"b\": null}]}""#, r#"{"a":[1.10,{"b":null}]}"#),
        (of("data.Json"), r#""[]""#, "[]"),
        (of("data.Json"), r#""\"x\"""#, r#""x""#),
        (of("data.Json"), r#""{broken""#, r#""{broken""#),
        (
            of("data.Uuid"),
            r#""0a0b0c0d-0e0f-1011-1213-141516171819""#,
            r#""0a0b0c0d-0e0f-1011-1213-141516171819""#,
        ),
        (of("data.Enum"), r#""a\"b""#, r#""a\"b""#),
        (of("data.EnumSet"), r#""a,b""#, r#""a,b""#),
        (of("data.Bits"), r#""BQ==""#, r#""BQ==""#),
        (
            of("data.geometry.Point"),
            r#"{"x":1.50,"y":2,"wkb":"AQ==","srid":null}"#,
            r#"{"x":1.50,"y":2,"wkb":"AQ==","srid":null}"#,
        ),
        (r#""type":"bytes""#.to_owned(), r#""AQ==""#, r#""AQ==""#),
        (r#""type":"double""#.to_owned(), "1.0E-7", "1.0E-7"),
        (r#""type":"boolean""#.to_owned(), "true", "true"),
    ];
    for (schema, value, expected) in table {
        assert_eq!(plain(&schema, value), expected, "{schema} {value}");
    }
}

#[test]
fn nested_types_are_made_plain_too() {
    let date = r#"{"type":"int32","optional":true,"name":"io.debezium.time.Date","version":1}"#;
    let array = format!(r#""type":"array","items":{date},"optional":true"#);
    assert_eq!(plain(&array, "[0,null,1]"), r#"["1970-01-01",null,"1970-01-02"]"#);
    assert_eq!(
        plain(&format!(r#""type":"array","items":{{{array}}}"#), "[[0],[]]"),
        r#"[["1970-01-01"],[]]"#
    );
    assert_eq!(
        plain(
            &format!(r#""type":"map","keys":{{"type":"string"}},"values":{date}"#),
            r#"{"a":0,"b":1,"a":2}"#
        ),
        r#"{"b":"1970-01-02","a":"1970-01-03"}"#
    );
    let inner = r#""type":"struct","fields":[{"type":"int32","name":"io.debezium.time.Date","field":"d"},{"type":"string","field":"s"}]"#;
    assert_eq!(plain(inner, r#"{"s":"x","d":0,"z":[1 ,2]}"#), r#"{"s":"x","d":"1970-01-01","z":[1,2]}"#);
    let deep =
        format!("{}{}{}", r#""type":"array","items":{"#.repeat(200), r#""type":"int32""#, "}".repeat(200));
    assert_eq!(plain(&deep, "[]"), "! too_deep");
    assert_eq!(plain(&array, &format!("{}{}", "[".repeat(200), "]".repeat(200))), "! too_deep");
}

#[test]
fn decimals_of_any_length_keep_every_digit() {
    use base64::Engine as _;
    let long = |bytes: &[u8]| {
        let schema =
            r#""type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"0"}"#;
        plain(schema, &format!("\"{}\"", base64::engine::general_purpose::STANDARD.encode(bytes)))
    };
    // ±2^136 and its neighbours
    let mut bytes = [0_u8; 18];
    bytes[0] = 1;
    assert_eq!(long(&bytes), "87112285931760246646623899502532662132736");
    bytes[17] = 1;
    assert_eq!(long(&bytes), "87112285931760246646623899502532662132737");
    assert_eq!(long(&[0xff; 18]), "-1");
    let mut negative = [0_u8; 18];
    negative[0] = 0xff;
    assert_eq!(long(&negative), "-87112285931760246646623899502532662132736");
    let mut smallest = [0_u8; 16];
    smallest[0] = 0x80;
    assert_eq!(long(&smallest), "-170141183460469231731687303715884105728");
    assert!(long(&[0x7f; 2_000]).len() > 4_800);
    // longer than any numeric of PostgreSQL
    assert_eq!(long(&[0x7f; 61_300]), "! bad_value");
}

#[test]
fn decimals_in_keys_are_numbers_wherever_they_stand() {
    let schema = |fields: &str| {
        format!(r#"{{"type":"struct","fields":[{{"type":"struct","fields":{fields},"field":"after"}}]}}"#)
    };
    let fields = r#"[{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"},"field":"id"}]"#;
    let payload = |op: &str, after: &str| {
        format!(r#"{{"schema":{},"payload":{}}}"#, schema(fields), envelope(op, "null", after))
    };
    let bare = Some(r#"{"id":"AfQ="}"#);
    let wrapped = format!(r#"{{"schema":{{"type":"struct","fields":{fields}}},"payload":{{"id":"AfQ="}}}}"#);
    assert_eq!(told(&payload("c", r#"{"id":"AfQ="}"#), bare), r#"public.t: put {"id":5} {}"#);
    assert_eq!(told(&payload("d", "null"), bare), r#"public.t: delete {"id":5}"#);
    assert_eq!(told(&envelope("d", "null", "null"), Some(&wrapped)), r#"public.t: delete {"id":5}"#);
    // without any schema the text is the key, but a decimal of variable scale tells itself
    assert_eq!(told(&envelope("d", "null", "null"), bare), r#"public.t: delete {"id":"AfQ="}"#);
    let variable = r#"{"id":{"scale":2,"value":"AfQ="}}"#;
    assert_eq!(told(&envelope("c", "null", variable), Some(variable)), r#"public.t: put {"id":5} {}"#);
    assert_eq!(told(&envelope("d", "null", "null"), Some(variable)), r#"public.t: delete {"id":5}"#);
}

#[test]
fn records_of_other_formats_are_neither_recognised_nor_read() {
    let others = [
        r#"{"type":"full","op":"c","before":null,"after":{"id":1},"source":{"version":"1","ts_ns":1,"txId":"a","schema":"public","table":"t","db":"postgres","cluster":"c"},"ts_ms":1}"#,
        r#"{"database":"test","table":"e","type":"insert","ts":1477053217,"data":{"id":1}}"#,
        r#"{"data":{"id":1},"metadata":{"operation":"insert","schema-name":"s","table-name":"t"}}"#,
        r#"{"action":"I","lsn":"0/16B2458","schema":"public","table":"t","columns":[]}"#,
        r#"{"operationType":"insert","ns":{"db":"a","coll":"b"},"documentKey":{"_id":1}}"#,
        r#"{"eventName":"INSERT","tableName":"orders","recordFormat":"application/json","dynamodb":{}}"#,
        r#"{"status":"BEGIN","x":1}"#,
        r#"{"op":"c","source":"x"}"#,
        "{}",
        "[]",
        "7",
        "null",
    ];
    for payload in others {
        assert!(!Debezium::default().recognises(&Outline::of(payload.as_bytes())), "{payload}");
        assert!(told(payload, KEY).starts_with("! "), "{payload}");
    }
    assert_eq!(told("{", None), "! not_json");
    assert_eq!(told("{} x", None), "! not_json");
}

#[test]
fn wrong_types_in_every_field_are_refused_or_harmless() {
    let good = r#"{"schema":null,"before":null,"after":{"id":1},"updateDescription":null,"source":{"connector":"postgresql","snapshot":"false","ts_ms":1,"db":"d","schema":"s","table":"t","lsn":1},"op":"u","ts_ms":1,"transaction":{"total_order":1}}"#;
    assert_eq!(told(good, KEY), r#"s.t: put {"id":1} {}"#);
    let fields = [
        "\"before\":null",
        "\"after\":{\"id\":1}",
        "\"op\":\"u\"",
        "\"lsn\":1",
        "\"table\":\"t\"",
        "\"schema\":\"s\"",
        "\"snapshot\":\"false\"",
        "\"total_order\":1",
        "\"connector\":\"postgresql\"",
        "\"source\":{\"connector\":\"postgresql\",\"snapshot\":\"false\",\"ts_ms\":1,\"db\":\"d\",\"schema\":\"s\",\"table\":\"t\",\"lsn\":1}",
    ];
    for field in fields {
        assert!(good.contains(field), "{field}");
        let name = field.split_once(':').unwrap().0;
        for value in ["null", "true", "7", "\"x\"", "[]", "{}", "{\"a\":[{}]}"] {
            let told = told(&good.replace(field, &format!("{name}:{value}")), KEY);
            assert!(told.starts_with("! ") || told.contains(": put {\"id\":1}"), "{name} {value}: {told}");
        }
    }
}

/// Every word of the format, its wrappers and its kin, that a column may be called too.
const WORDS: [&str; 78] = [
    "payload",
    "schema",
    "schemaId",
    "contentId",
    "globalId",
    "fields",
    "optional",
    "op",
    "before",
    "after",
    "source",
    "ts_ms",
    "ts_us",
    "ts_ns",
    "transaction",
    "updateDescription",
    "ddl",
    "tableChanges",
    "databaseName",
    "schemaName",
    "status",
    "event_count",
    "data_collections",
    "message",
    "specversion",
    "data",
    "type",
    "datacontenttype",
    "dataschema",
    "subject",
    "time",
    "iodebeziumop",
    "iodebeziumtable",
    "iodebeziumdb",
    "iodebeziumschema",
    "iodebeziumconnector",
    "iodebeziumname",
    "iodebeziumlsn",
    "iodebeziumtsms",
    "version",
    "connector",
    "name",
    "snapshot",
    "db",
    "keyspace",
    "database_id",
    "table",
    "collection",
    "sequence",
    "txId",
    "lsn",
    "xmin",
    "file",
    "pos",
    "row",
    "gtid",
    "server_id",
    "thread",
    "query",
    "commit_lsn",
    "change_lsn",
    "event_serial_no",
    "scn",
    "commit_scn",
    "lcr_position",
    "rs_id",
    "ssn",
    "ord",
    "commit_ts",
    "total_order",
    "aggregate_type",
    "additional_data",
    "timestamp",
    "value",
    "set",
    "position",
    "key",
    "deleted",
];

#[test]
fn every_word_of_the_format_may_be_a_column_in_every_shape() {
    let values = [
        r#""x""#,
        r#""d""#,
        r#""END""#,
        "7",
        "null",
        "true",
        "[1,2]",
        r#"{"a":1}"#,
        r#"{"connector":"mysql","table":"other","lsn":9,"db":"z"}"#,
        r#"{"id":2,"__op":"d"}"#,
        r#"[{"type":"DROP","id":"\"a\".\"b\""}]"#,
    ];
    let fields =
        r#"[{"type":"int32","field":"id"},{"type":"int32","name":"io.debezium.time.Date","field":"day"}]"#;
    let wrap = |payload: String| {
        format!(r#"{{"schema":{{"type":"struct","fields":{fields}}},"payload":{payload}}}"#)
    };
    let envelope_schema = format!(
        r#"{{"type":"struct","fields":[{{"type":"struct","fields":{fields},"field":"before"}},{{"type":"struct","fields":{fields},"field":"after"}}]}}"#
    );
    let attributes = r#""specversion":"1.0","iodebeziumop":"u","iodebeziumconnector":"postgresql","iodebeziumschema":"public","iodebeziumtable":"t","iodebeziumlsn":"255","iodebeziumname":"srv""#;
    let cloud = |data: String| format!(r#"{{{attributes},"id":"e","source":"/debezium","data":{data}}}"#);
    let added = r#""__op":"u","__deleted":"false","__connector":"postgresql","__schema":"public","__table":"t","__lsn":255,"__name":"srv""#;
    let source = WAL.replace(r#""lsn":255"#, r#""lsn":255,"name":"srv""#);
    let update = |row: &str| format!(r#"{{"op":"u","source":{source},"before":null,"after":{row}}}"#);
    let version = "p.0000.1.00000000000000ff.00000001.0000000000000000.00000001";
    for word in WORDS {
        for value in values {
            let column = format!(r#""{word}":{value}"#);
            let rows = [format!(r#"{column},"id":1"#), format!(r#""id":1,{column}"#)];
            for row in &rows {
                let whole = format!("{{{row}}}");
                let messages = [
                    update(&whole),
                    format!(r#"{{"schema":{envelope_schema},"payload":{}}}"#, update(&whole)),
                    format!(r#"{{"payload":{},"schema":null}}"#, update(&whole)),
                    format!(r#"{{"schemaId":48,"payload":{}}}"#, update(&whole)),
                    format!("{{{added},{row}}}"),
                    format!("{{{row},{added}}}"),
                    wrap(format!("{{{added},{row}}}")),
                    wrap(format!("{{{row},{added}}}")),
                    format!(r#"{{"schemaId":48,"payload":{{{row},{added}}}}}"#),
                    cloud(format!(r#"{{"before":null,"after":{whole}}}"#)),
                    cloud(format!(
                        r#"{{"schema":{envelope_schema},"payload":{{"before":null,"after":{whole}}}}}"#
                    )),
                    cloud(format!("{{{row},{}}}", r#""__deleted":"false""#)),
                    cloud(format!(r#"{{"__op":"u",{row}}}"#)),
                ];
                for message in messages {
                    let decoded = alone(&Debezium::default(), &record(&message, KEY));
                    let Ok(Decoded::Events(events)) = decoded else { panic!("{message}: {decoded:?}") };
                    let expected = format!(r#"public.t: put {{"id":1}} {{"{word}":{value}}}"#);
                    assert_eq!(events.iter().map(line).collect::<Vec<_>>(), [expected], "{message}");
                    assert_eq!(events[0].version.as_str(), version, "{message}");
                    let source = r#"{"connector":"postgresql","server":"srv"}"#;
                    assert_eq!(events[0].source.as_str(), source, "{message}");
                    assert!(Debezium::default().recognises(&Outline::of(message.as_bytes())), "{message}");
                }
            }
        }
    }
}

#[test]
fn several_words_of_the_format_together_are_columns_too() {
    let added = r#""__op":"c","__table":"t","__lsn":1"#;
    let rows = [
        r#""schema":{"fields":[]},"payload":{"id":2,"x":1}"#,
        r#""schema":null,"payload":{"op":"d","source":{"connector":"mysql"},"before":{"id":1}}"#,
        r#""specversion":"1.0","iodebeziumconnector":"mysql","iodebeziumop":"d","data":{"before":{"id":2}}"#,
        r#""op":"d","before":{"id":2},"after":null,"source":{"connector":"mysql","lsn":5}"#,
        r#""status":"END","event_count":3,"data_collections":[]"#,
        r#""ddl":"DROP TABLE t","tableChanges":[{"type":"DROP"}],"source":{"connector":"mysql"}"#,
        r#""aggregate_type":"Order","type":"created","additional_data":{},"timestamp":1"#,
        r#""ts_ms":1,"ts_us":1,"ts_ns":1"#,
        r#""data":{"a":1},"type":"execute-snapshot""#,
    ];
    for row in rows {
        let put = format!(r#"t: put {{"id":1}} {{{row}}}"#);
        for text in [format!("{row},{added}"), format!("{added},{row}")] {
            let (first, last) = (format!(r#"{{"id":1,{text}}}"#), format!(r#"{{{text},"id":1}}"#));
            for payload in [first, last] {
                assert_eq!(told(&payload, KEY), put, "{payload}");
                assert_eq!(told(&format!(r#"{{"schema":null,"payload":{payload}}}"#), KEY), put, "{payload}");
            }
        }
    }
    // a row that is nothing but what wrappers are made of
    let payload = format!(r#"{{"schema":{{"a":1}},"payload":{{"b":2}},{added}}}"#);
    let routed = settings(|_, route| route.key = vec!["payload".to_owned()]);
    assert_eq!(told_with(routed, &payload, None), r#"t: put {"payload":{"b":2}} {"schema":{"a":1}}"#);
}

#[test]
fn a_row_that_nothing_marks_is_one_where_the_table_is_configured() {
    let bare = || Settings {
        table: Some("t".to_owned()),
        ..settings(|config, _| config.source.version = VersionScheme::Arrival)
    };
    for word in WORDS.into_iter().filter(|word| *word != "__op") {
        for value in
            [r#""x""#, r#""d""#, "7", "null", "[1]", r#"{"a":1}"#, r#"{"connector":"mysql","table":"u"}"#]
        {
            for row in [format!(r#""{word}":{value},"id":1"#), format!(r#""id":1,"{word}":{value}"#)] {
                let put = format!(r#"t: put {{"id":1}} {{"{word}":{value}}}"#);
                assert_eq!(told_with(bare(), &format!("{{{row}}}"), KEY), put);
                let wrapped = format!(r#"{{"schema":{{"type":"struct"}},"payload":{{{row}}}}}"#);
                assert_eq!(told_with(bare(), &wrapped, KEY), put);
            }
        }
    }
    let rows = [
        r#"{"id":1,"status":"END","event_count":2,"note":"x"}"#,
        r#"{"id":1,"type":"log","data":{"a":1}}"#,
        r#"{"id":1,"schema":{"a":1},"payload":{"b":2}}"#,
        r#"{"id":1,"op":"sell","source":{"channel":"web"}}"#,
        r#"{"id":1,"specversion":"1.0","data":{"a":1}}"#,
    ];
    for row in rows {
        assert!(told_with(bare(), row, KEY).starts_with(r#"t: put {"id":1} {""#), "{row}");
    }
    // what could be half an envelope is neither
    assert_eq!(told_with(bare(), r#"{"id":1,"op":"u","after":{"id":1}}"#, KEY), "! not_a_change_record");
    // what names its place by other added members is a row as well
    let payload = r#"{"id":1,"op":"u","after":{"id":2},"source":{"channel":"web"},"__table":"t","__lsn":1}"#;
    let put = r#"t: put {"id":1} {"op":"u","after":{"id":2},"source":{"channel":"web"}}"#;
    assert_eq!(told(payload, KEY), put);
}

#[test]
fn only_the_names_that_the_format_adds_are_taken_from_a_row() {
    let added = r#""__op":"c","__table":"t","__lsn":1"#;
    let kept = [
        "__v",
        "__typename",
        "__tsms",
        "__commitlsn",
        "_op",
        "op",
        "__created",
        "__source",
        "__Op",
        "__iodebeziumop",
    ];
    for name in kept {
        let payload = format!(r#"{{"id":1,"{name}":"x",{added}}}"#);
        assert_eq!(told(&payload, KEY), format!(r#"t: put {{"id":1}} {{"{name}":"x"}}"#));
    }
    for name in ["__version", "__source_ts_ms", "__ts_ms", "__db", "__name", "__row", "__txId", "__deleted"] {
        let payload = format!(r#"{{"id":1,"{name}":"x",{added}}}"#);
        assert!(told(&payload, KEY).ends_with(r#"t: put {"id":1} {}"#), "{name}");
    }
    // when the record was written is not when the row changed
    let payload = r#"{"id":1,"__op":"c","__table":"t","__lsn":1,"__ts_ms":5}"#;
    let Ok(Decoded::Events(events)) = alone(&Debezium::default(), &record(payload, KEY)) else { panic!() };
    assert_eq!(events[0].changed_at, None);
}

#[test]
fn a_message_key_is_believed_as_far_as_the_row_has_it() {
    let create = envelope("c", "null", r#"{"id":1,"b":"x"}"#);
    let wrapped = [
        r#"{"schemaId":47,"payload":{"id":1}}"#,
        r#"{"payload":{"id":1},"schemaId":47}"#,
        r#"{"globalId":"47","payload":{"id":1}}"#,
        r#"{"schema":null,"payload":{"id":1}}"#,
        r#"{"schema":{"type":"struct"},"payload":{"id":1,"__dbz__physicalTableIdentifier":"s.t"}}"#,
        r#"{"payload":{"id":1}}"#,
        r#"{"payload":{"id":1},"schemaId":47,"more":{"x":1}}"#,
        r#"{"schema":"s","payload":{"id":1}}"#,
    ];
    for key in wrapped {
        assert_eq!(told(&create, Some(key)), r#"public.t: put {"id":1} {"b":"x"}"#, "{key}");
        let deleted = told(&envelope("d", "null", "null"), Some(key));
        assert!(
            deleted == r#"public.t: delete {"id":1}"# || deleted == "! bad_message_key",
            "{key} {deleted}"
        );
    }
    // columns may be called like the parts of a wrapper
    let row = r#"{"schema":"s","payload":"p","n":1}"#;
    let put = r#"public.t: put {"payload":"p","schema":"s"} {"n":1}"#;
    assert_eq!(told(&envelope("c", "null", row), Some(r#"{"schema":"s","payload":"p"}"#)), put);
    let row = r#"{"schemaId":4,"payload":{"a":1},"id":1}"#;
    let put = r#"public.t: put {"id":1} {"schemaId":4,"payload":{"a":1}}"#;
    assert_eq!(told(&envelope("c", "null", row), Some(r#"{"schemaId":47,"payload":{"id":1}}"#)), put);
    let row = r#"{"schemaId":4,"payload":7}"#;
    let put = r#"public.t: put {"payload":7,"schemaId":4} {}"#;
    assert_eq!(told(&envelope("c", "null", row), Some(r#"{"schemaId":4,"payload":7}"#)), put);
    for key in [r#"{"a":1}"#, r#"{"a":{"id":1}}"#, r#"{"databaseName":"x"}"#, r#"{"id":1,"meta":{"a":1}}"#] {
        assert_eq!(told(&create, Some(key)), "! bad_message_key", "{key}");
        let routed = settings(|_, route| route.key = vec!["id".to_owned()]);
        assert_eq!(told_with(routed, &create, Some(key)), r#"public.t: put {"id":1} {"b":"x"}"#, "{key}");
    }
}

#[test]
fn a_message_key_that_is_one_value_needs_a_column() {
    let create = envelope("c", "null", r#"{"id":1,"b":"x"}"#);
    let keys = [
        r#"{"schema":{"type":"int32","optional":false},"payload":1}"#,
        r#"{"payload":1,"schema":{"type":"int32"}}"#,
        r#"{"schema":null,"payload":1}"#,
        r#"{"schemaId":47,"payload":1}"#,
        "1",
        " 1 ",
    ];
    for key in keys {
        let told = told(&create, Some(key));
        assert!(matches!(told.as_str(), "! unknown_key" | "! bad_message_key"), "{key} {told}");
        let routed = || settings(|_, route| route.key = vec!["id".to_owned()]);
        assert_eq!(told_with(routed(), &create, Some(key)), r#"public.t: put {"id":1} {"b":"x"}"#, "{key}");
        let delete = envelope("d", "null", "null");
        assert_eq!(told_with(routed(), &delete, Some(key)), r#"public.t: delete {"id":1}"#, "{key}");
    }
    let error = alone(&Debezium::default(), &record(&create, Some("1"))).unwrap_err();
    assert!(error.to_string().contains("public.t") && error.to_string().contains("one value"), "{error}");
    // no key at all, in a wrapper
    for key in [r#"{"schema":null,"payload":null}"#, r#"{"schema":null,"payload":{}}"#] {
        assert_eq!(told(&create, Some(key)), "! unknown_key", "{key}");
    }
    // its own schema says what the value is
    let decimal = r#"{"schema":{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"}},"payload":"AfQ="}"#;
    let routed = settings(|_, route| route.key = vec!["id".to_owned()]);
    assert_eq!(
        told_with(routed, &envelope("d", "null", "null"), Some(decimal)),
        r#"public.t: delete {"id":5}"#
    );
}

#[test]
fn the_error_of_a_message_key_shows_names_and_no_value() {
    let create = envelope("c", "null", r#"{"id":1,"b":"x"}"#);
    let key = r#"{"first":"secret","second":{"third":"secret"},"a":1,"b2":1,"c":1,"d":1,"e":1}"#;
    let error = alone(&Debezium::default(), &record(&create, Some(key))).unwrap_err();
    let message = error.to_string();
    assert!(!message.contains("secret") && message.contains("first, second, a, b2, c, …"), "{message}");
    assert!(message.contains("public.t") && message.contains("key = ["), "{message}");
    assert_eq!(error.table(), Some("public.t"));
}

#[test]
fn cells_of_cassandra_are_refused() {
    let cell = r#"{"value":1,"deletion_ts":null,"set":true}"#;
    let source = r#"{"connector":"cassandra","keyspace":"k","table":"t","file":"f","pos":4,"ts_ms":1}"#;
    let payload = format!(r#"{{"op":"u","after":{{"id":{cell},"n":{cell}}},"source":{source}}}"#);
    let arrival = || settings(|config, _| config.source.version = VersionScheme::Arrival);
    for payload in [payload.clone(), payload.replace(r#""u""#, r#""i""#)] {
        assert_eq!(told(&payload, KEY), "! cassandra_cells");
        assert_eq!(told_with(arrival(), &payload, KEY), "! cassandra_cells");
    }
    let flattened = format!(r#"{{"id":{cell},"__op":"c","__table":"t","__lsn":1}}"#);
    assert_eq!(told(&flattened, KEY), "! cassandra_cells");
    let key = r#"{"id":{"value":1,"set":true}}"#;
    assert_eq!(told(&flattened, Some(key)), "! cassandra_cells");
    assert_eq!(told(&envelope("d", "null", "null"), Some(key)), "! cassandra_cells");
    // in a document it is what the document says
    let row = format!(r#"{{"id":1,"setting":{cell}}}"#);
    assert_eq!(
        told(&envelope("c", "null", &row), Some(key)),
        format!(r#"public.t: put {{"id":1}} {{"setting":{cell}}}"#)
    );
}

#[test]
fn flattened_documents_are_named_by_their_id() {
    let oid = Some(r#"{"id": "{\"$oid\": \"669683c2b0750b2c84893f3e\"}"}"#);
    let added = r#""__op":"c","__collection":"orders","__db":"shop","__connector":"mongodb","__source_ts_ms":1780000000000,"__ord":1"#;
    let row = |id: &str| format!(r#"{{{id}"v":1,{added}}}"#);
    let put = r#"shop.orders: put {"_id":"669683c2b0750b2c84893f3e"} {"v":1}"#;
    let id = r#""_id":"669683c2b0750b2c84893f3e","#;
    for key in [oid, None, Some("default"), Some("7"), Some(r#"{"_id":"669683c2b0750b2c84893f3e"}"#)] {
        assert_eq!(told(&row(id), key), put, "{key:?}");
    }
    // the document's own `id` is not its key
    let both = row(&format!(r#"{id}"id":5,"#));
    assert_eq!(told(&both, oid), put.replace(r#"{"v""#, r#"{"id":5,"v""#));
    // what the document lacks, the message key tells
    let deleted = r#"{"__deleted":true,"__op":"d","__collection":"orders","__db":"shop","__source_ts_ms":1780000000000,"__ord":2}"#;
    assert_eq!(told(deleted, oid), put.replace(r#"put"#, "delete").replace(r#" {"v":1}"#, ""));
    assert_eq!(told(&row(""), Some(r#"{"id":"7"}"#)), r#"shop.orders: put {"_id":7} {"v":1}"#);
    let unnamed = Settings {
        table: Some("t".to_owned()),
        ..settings(|config, _| config.source.version = VersionScheme::Arrival)
    };
    let bare = r#"{"_id":"669683c2b0750b2c84893f3e","v":1}"#;
    assert_eq!(told_with(unnamed.clone(), bare, oid), put.replace("shop.orders", "t"));
    assert_eq!(told_with(unnamed, "", oid), r#"t: delete {"_id":"669683c2b0750b2c84893f3e"}"#);
}

/// The truncates of a record about the definition of tables, with their versions.
fn drops(source: &str, ddl: &str, changes: &str) -> Vec<String> {
    let payload = format!(r#"{{"source":{source},"ddl":"{ddl}","tableChanges":{changes}}}"#);
    match alone(&Debezium::default(), &record(&payload, None)) {
        Ok(Decoded::Events(events)) => {
            events.iter().map(|event| format!("{} {}", line(event), event.version)).collect()
        }
        Ok(Decoded::Ignored(reason)) => vec![reason.to_string()],
        Ok(Decoded::Parts(parts)) => vec![format!("{} parts", parts.len())],
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_drop_is_a_truncate_at_its_position() {
    let drop = |id: &str| format!(r#"{{"type":"DROP","id":"\"shop\".\"{id}\"","table":null}}"#);
    let orders = format!("[{}]", drop("orders"));
    let binlog = r#"{"connector":"mysql","ts_ms":1780000001000,"snapshot":"false","db":"shop","table":"orders","file":"b.000003","pos":200,"row":0}"#;
    let truncate =
        "shop.orders: truncate y.0000.1.0000000000000003.00000000000000c8.00000001.0000000000000000";
    assert_eq!(drops(binlog, "DROP TABLE `orders`", &orders), [truncate]);
    assert_eq!(drops(&binlog.replace(r#","row":0"#, ""), "DROP TABLE `orders`", &orders), [truncate]);
    assert_eq!(drops(&binlog.replace("mysql", "mariadb"), "", &orders), [truncate]);
    let both = drops(binlog, "DROP TABLE orders, lines", &format!("[{},{}]", drop("orders"), drop("lines")));
    assert_eq!(both, [truncate.to_owned(), truncate.replace("orders", "lines")]);
    // between what was before it and what comes after it
    let version = |pos: u64| {
        let source = binlog.replace("200", &pos.to_string());
        version_of(&source, "c").unwrap()
    };
    let at = truncate.split(' ').nth(2).unwrap().to_owned();
    assert!(version(100) < at && at < version(201));
    // a snapshot begins with drops that nobody made, and another table of the name is another table
    for snapshot in [r#""true""#, "true", r#""first""#] {
        let source = binlog.replace(r#""snapshot":"false""#, &format!(r#""snapshot":{snapshot}"#));
        assert_eq!(drops(&source, "DROP TABLE IF EXISTS `shop`.`orders`", &orders), ["control"]);
    }
    for ddl in ["DROP TEMPORARY TABLE orders", "drop /*!40005 temporary */ table if exists orders"] {
        assert_eq!(drops(binlog, ddl, &orders), ["control"]);
    }
    assert_eq!(drops(binlog, "DROP TABLE temporary", &orders), [truncate]);
    // without a position nothing can be done
    assert_eq!(drops(&binlog.replace(r#""pos":200"#, r#""pos":0"#), "", &orders), ["control"]);
    assert_eq!(drops(r#"{"connector":"vitess"}"#, "", &orders), ["control"]);
    assert_eq!(drops(binlog, "", r#"[{"type":"DROP","id":"","table":null}]"#), ["control"]);
    let create = r#"{"type":"CREATE","id":"\"shop\".\"orders\"","table":{"primaryKeyColumnNames":["id"],"columns":[]}}"#;
    assert_eq!(drops(binlog, "", &format!("[{},{create}]", drop("orders"))), ["2 parts"]);
    let oracle = r#"{"connector":"oracle","snapshot":"false","schema":"S","table":"T","scn":"500","commit_scn":"90","ts_ms":1}"#;
    let told = drops(oracle, "DROP TABLE T", r#"[{"type":"DROP","id":"\"DB\".\"S\".\"T\""}]"#);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("S.T: truncate o.0000.1.003500.00000001.003500."), "{told:?}");
    let tso =
        r#"{"connector":"TiCDC","db":"shop","table":"orders","commit_ts":447984074911121426,"ts_ms":1}"#;
    assert_eq!(drops(tso, "DROP TABLE orders", &orders), ["shop.orders: truncate t.0000.1.06378f24821c0012"]);
    let arrival = settings(|config, _| config.source.version = VersionScheme::Arrival);
    let payload = format!(r#"{{"source":{{"connector":"vitess"}},"ddl":"","tableChanges":{orders}}}"#);
    assert_eq!(told_with(arrival, &payload, None), "shop.orders: truncate");
}

#[test]
fn counts_without_a_sign_are_told_from_negative_ones_by_their_type() {
    let parameter = r#""type":"int64","parameters":{"__debezium.source.column.type":"BIGINT UNSIGNED"}"#;
    let table = [
        ("-1", "18446744073709551615"),
        ("-9223372036854775808", "9223372036854775808"),
        ("9223372036854775807", "9223372036854775807"),
        ("0", "0"),
        ("null", "null"),
        (r#""x""#, r#""x""#),
        ("-1.5", "-1.5"),
        ("-99999999999999999999", "-99999999999999999999"),
    ];
    for (value, expected) in table {
        assert_eq!(plain(parameter, value), expected, "{value}");
    }
    for of in ["bigint unsigned zerofill", "BIGINT(20) UNSIGNED", "INT8 UNSIGNED", "SERIAL"] {
        assert_eq!(plain(&parameter.replace("BIGINT UNSIGNED", of), "-1"), "18446744073709551615", "{of}");
    }
    for of in ["BIGINT", "INT UNSIGNED", "", "BIGINTUNSIGNED", "ä"] {
        assert_eq!(plain(&parameter.replace("BIGINT UNSIGNED", of), "-1"), "-1", "{of}");
    }
    assert_eq!(plain(&parameter.replace("int64", "int32"), "-1"), "-1");
    // in the key, by the message key's own schema
    let fields = format!(r#"[{{{parameter},"field":"id"}}]"#);
    let key = format!(r#"{{"schema":{{"type":"struct","fields":{fields}}},"payload":{{"id":-1}}}}"#);
    let deleted = r#"public.t: delete {"id":18446744073709551615}"#;
    assert_eq!(told(&envelope("d", "null", "null"), Some(&key)), deleted);
}

#[test]
fn counts_without_a_sign_are_known_by_what_the_source_said_of_the_table() {
    let settings = settings(|_, _| {});
    let source =
        r#"{"connector":"mysql","ts_ms":1,"db":"shop","table":"t","file":"b.000001","pos":4,"row":0}"#;
    let said = r#"[{"type":"CREATE","id":"\"shop\".\"t\"","table":{"primaryKeyColumnNames":["id"],"columns":[{"name":"id","typeName":"BIGINT UNSIGNED"},{"name":"u","typeName":"BIGINT UNSIGNED ZEROFILL"},{"name":"s","typeName":"BIGINT"}]}}]"#;
    let schema = format!(r#"{{"source":{source},"ddl":"CREATE","tableChanges":{said}}}"#);
    let row = r#"{"id":-2,"u":-1,"s":-1}"#;
    let change = |op: &str, before: &str, after: &str| {
        format!(r#"{{"op":"{op}","before":{before},"after":{after},"source":{source}}}"#)
    };
    let create = change("c", "null", row);
    let before = told_with(settings.clone(), &create, Some(r#"{"id":-2}"#));
    assert_eq!(before, r#"shop.t: put {"id":-2} {"u":-1,"s":-1}"#);
    let Ok(Decoded::Schema(schema)) = alone(&Debezium::new(settings.clone()), &record(&schema, None)) else {
        panic!()
    };
    settings.catalogue.learn(schema);
    let key = Some(r#"{"id":-2}"#);
    let put = r#"shop.t: put {"id":18446744073709551614} {"u":18446744073709551615,"s":-1}"#;
    assert_eq!(told_with(settings.clone(), &create, key), put);
    assert_eq!(told_with(settings.clone(), &create, Some("a-digest")), put);
    let typed = format!(
        r#"{{"schema":{{"type":"struct","fields":[{{"type":"struct","fields":[{{"type":"int32","name":"io.debezium.time.Date","field":"day"}}],"field":"after"}}]}},"payload":{create}}}"#
    );
    assert_eq!(told_with(settings.clone(), &typed, key), put);
    let deleted = r#"shop.t: delete {"id":18446744073709551614}"#;
    assert_eq!(told_with(settings.clone(), &change("d", "null", "null"), key), deleted);
    let wrapped =
        Some(r#"{"schema":{"type":"struct","fields":[{"type":"int64","field":"id"}]},"payload":{"id":-2}}"#);
    assert_eq!(told_with(settings.clone(), &change("d", "null", "null"), wrapped), deleted);
    let flattened = r#"{"id":-2,"u":-1,"__op":"c","__connector":"mysql","__db":"shop","__table":"t","__file":"b.000001","__pos":4,"__row":0}"#;
    assert_eq!(told_with(settings, flattened, key), put.replace(r#","s":-1"#, ""));
}

#[test]
fn null_that_may_be_a_large_bytea_is_refused_where_it_can_be_seen() {
    let column = |wire: &str| {
        format!(
            r#"{{"type":"{wire}","optional":true,"parameters":{{"__debezium.source.column.type":"BYTEA"}},"field":"b"}}"#
        )
    };
    let change = |wire: &str, op: &str, before: &str, value: &str| {
        let schema = format!(
            r#"{{"type":"struct","fields":[{{"type":"struct","fields":[{}],"field":"after"}}]}}"#,
            column(wire)
        );
        let payload = envelope(op, before, &format!(r#"{{"id":1,"b":{value}}}"#));
        told(&format!(r#"{{"schema":{schema},"payload":{payload}}}"#), KEY)
    };
    let null = r#"public.t: put {"id":1} {"b":null}"#;
    assert_eq!(change("string", "u", "null", "null"), "! hidden_value");
    // with REPLICA IDENTITY FULL the connector takes the value from the old row
    assert_eq!(change("string", "u", r#"{"id":1,"b":null}"#, "null"), null);
    assert_eq!(change("string", "u", r#"{"id":1,"b":"AA=="}"#, "null"), null);
    assert_eq!(change("string", "c", "null", "null"), null);
    assert_eq!(change("bytes", "u", "null", "null"), null);
    assert_eq!(change("string", "u", "null", r#""AA==""#), r#"public.t: put {"id":1} {"b":"AA=="}"#);
    // the default mode tells it, and both alphabets spell the placeholder alike
    let patch = r#"public.t: patch {"id":1} [] []"#;
    assert_eq!(change("bytes", "u", "null", r#""X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==""#), patch);
    let url_safe = base64::engine::general_purpose::URL_SAFE.encode("__debezium_unavailable_value");
    assert_eq!(change("string", "u", "null", &format!("\"{url_safe}\"")), patch);
    assert_eq!(change("string", "u", "null", r#""__debezium_unavailable_value""#), patch);
}

#[test]
fn what_a_connector_says_of_itself_is_a_control_record() {
    let notification = r#"{"id":"5563ae14-49f8","aggregate_type":"Initial Snapshot","type":"STARTED","additional_data":{"connector_name":"c"},"timestamp":1780000000000}"#;
    let messages = [
        notification.to_owned(),
        notification.replace(r#"{"connector_name":"c"}"#, "null"),
        notification.replace(r#","timestamp":1780000000000"#, ""),
        notification.replace(r#""additional_data":{"connector_name":"c"},"#, ""),
        r#"{"id":"1","type":"execute-snapshot","data":"{\"data-collections\":[\"public.t\"]}"}"#.to_owned(),
        r#"{"type":"stop-snapshot","data":{"data-collections":["public.t"]}}"#.to_owned(),
        r#"{"status":"END","id":"1","ts_ms":1,"event_count":1,"data_collections":null}"#.to_owned(),
    ];
    for message in messages {
        let wrapped = [
            message.clone(),
            format!(r#"{{"schema":{{"type":"struct","fields":[]}},"payload":{message}}}"#),
            format!(r#"{{"schema":null,"payload":{message}}}"#),
            format!(r#"{{"schemaId":3,"payload":{message}}}"#),
        ];
        for payload in wrapped {
            assert!(Debezium::default().recognises(&Outline::of(payload.as_bytes())), "{payload}");
            assert_eq!(told(&payload, Some("k")), "control", "{payload}");
        }
    }
    // a row that has more is a row, and a foreign message is not taken
    for foreign in [
        notification.replace(r#""timestamp""#, r#""at""#),
        r#"{"id":1,"type":"insert","data":{"a":1}}"#.to_owned(),
        r#"{"type":"log","data":{}}"#.to_owned(),
    ] {
        assert!(!Debezium::default().recognises(&Outline::of(foreign.as_bytes())), "{foreign}");
        assert_eq!(told(&foreign, Some("k")), "! not_a_change_record", "{foreign}");
    }
}

#[test]
fn a_source_is_named_by_what_it_says_of_its_database() {
    let of = |source: &str| {
        let payload = format!(r#"{{"op":"c","after":{{"id":1}},"source":{source}}}"#);
        let arrival = settings(|config, _| config.source.version = VersionScheme::Arrival);
        match alone(&Debezium::new(arrival), &record(&payload, KEY)) {
            Ok(Decoded::Events(events)) => format!("{} {}", events[0].table, events[0].source.as_str()),
            other => panic!("{other:?}"),
        }
    };
    let table = [
        (
            r#""connector":"postgresql","name":"s","db":"a","schema":"public""#,
            "public.t",
            r#""db":"a","server":"s""#,
        ),
        (r#""connector":"postgresql","name":"s","db":"a""#, "t", r#""db":"a","server":"s""#),
        (r#""connector":"mysql","name":"s","db":"a""#, "a.t", r#""db":"a","server":"s""#),
        (
            r#""connector":"sqlserver","name":"s","db":"a","schema":"dbo""#,
            "dbo.t",
            r#""db":"a","server":"s""#,
        ),
        (r#""connector":"oracle","name":"s","db":"a","schema":"S""#, "S.t", r#""db":"a","server":"s""#),
        (r#""connector":"db2","name":"s","db":"a","schema":"S""#, "S.t", r#""db":"a","server":"s""#),
        (r#""connector":"TiCDC","name":"s","db":"eu""#, "eu.t", r#""db":"eu","server":"s""#),
        (
            r#""connector":"vitess","name":"s","db":"","keyspace":"k","shard":"0""#,
            "k.t",
            r#""db":"k","server":"s""#,
        ),
        (r#""connector":"informix","name":"s","db":"a","schema":"i""#, "i.t", r#""db":"a","server":"s""#),
        (r#""connector":"spanner","name":"s","db":"a","database_id":"a""#, "a.t", r#""db":"a","server":"s""#),
        (
            r#""connector":"cockroachdb","name":"s","db":"a","schema":"public""#,
            "public.t",
            r#""db":"a","server":"s""#,
        ),
        (r#""connector":"new","name":"s""#, "t", r#""server":"s""#),
    ];
    for (source, name, rest) in table {
        let connector = source.split('"').nth(3).unwrap();
        let expected = format!(r#"{name} {{"connector":"{connector}",{rest}}}"#);
        assert_eq!(of(&format!(r#"{{{source},"table":"t"}}"#)), expected, "{source}");
    }
    // the connector of MariaDB reads on where MySQL's stopped
    let mariadb = of(r#"{"connector":"mariadb","name":"s","db":"a","table":"t"}"#);
    assert_eq!(mariadb, of(r#"{"connector":"mysql","name":"s","db":"a","table":"t"}"#));
    let identity = |payload: &str| {
        let Ok(Decoded::Events(events)) = alone(&Debezium::default(), &record(payload, KEY)) else {
            panic!("{payload}")
        };
        events[0].source.as_str().to_owned()
    };
    let flattened =
        r#"{"id":1,"__op":"c","__connector":"postgresql","__name":"s","__db":"a","__table":"t","__lsn":1}"#;
    assert_eq!(identity(flattened), r#"{"connector":"postgresql","db":"a","server":"s"}"#);
    let cloud = r#"{"specversion":"1.0","iodebeziumop":"c","iodebeziumconnector":"postgresql","iodebeziumname":"s","iodebeziumdb":"a","iodebeziumtable":"t","iodebeziumlsn":"1","data":{"after":{"id":1}}}"#;
    assert_eq!(identity(cloud), r#"{"connector":"postgresql","db":"a","server":"s"}"#);
}

#[test]
fn ticdc_orders_by_the_time_of_the_commit() {
    let version = |commit: &str, op: &str| {
        version_of(
            &format!(r#"{{"connector":"TiCDC","db":"eu","table":"t","file":"","pos":0,"row":0{commit}}}"#),
            op,
        )
    };
    let at = |count: u64| version(&format!(r#","commit_ts":{count}"#), "u");
    assert_eq!(at(447_984_074_911_121_426).unwrap(), "t.0000.1.06378f24821c0012.00000001");
    assert!(at(9).unwrap() < at(10).unwrap());
    // of a changed key the row that is there afterwards wins
    assert!(version(r#","commit_ts":9"#, "d").unwrap() < at(9).unwrap());
    assert!(at(9).unwrap() < version(r#","commit_ts":10"#, "d").unwrap());
    assert_eq!(version("", "u"), Err("missing_version"));
    assert_eq!(version(r#","commit_ts":"x""#, "u"), Err("missing_version"));
}

#[test]
fn an_error_says_which_table_and_which_row_it_concerns() {
    let whose = |payload: &str, key: Option<&str>| {
        let error = alone(&Debezium::default(), &record(payload, key)).unwrap_err();
        (error.code(), error.table().map(str::to_owned), error.key().map(str::to_owned))
    };
    let of = |code, key: Option<&str>| (code, Some("public.t".to_owned()), key.map(str::to_owned));
    let schema = r#"{"type":"struct","fields":[{"type":"struct","fields":[{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"},"field":"n"}],"field":"after"}]}"#;
    let bad = format!(r#"{{"schema":{schema},"payload":{}}}"#, envelope("c", "null", r#"{"n":"?","id":1}"#));
    assert_eq!(whose(&bad, KEY), of("bad_value", Some("[1]")));
    assert_eq!(whose(&envelope("x", "null", r#"{"id":1}"#), KEY), of("unknown_operation", Some("[1]")));
    assert_eq!(whose(&envelope("c", "null", "null"), KEY), of("no_after", Some("[1]")));
    assert_eq!(
        whose(&envelope("c", "null", r#"{"id":1}"#).replace("255", "null"), KEY),
        of("missing_version", Some("[1]"))
    );
    assert_eq!(
        whose(&envelope("d", r#"{"id":1}"#, "null").replace("255", "null"), None),
        of("missing_version", None)
    );
    assert_eq!(whose(&envelope("c", "null", r#"{"id":null}"#), Some("{}")), of("unknown_key", None));
    assert_eq!(whose(&envelope("c", "null", r#"{"id":null}"#), Some(r#"{"id":null}"#)), of("null_key", None));
    let partial = envelope("c", "null", r#"{"id":1,"a":"__debezium_unavailable_value"}"#);
    assert_eq!(whose(&partial, KEY), of("partial_key_change", Some("[1]")));
    let deep = format!(r#"{{"id":1,"a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    assert_eq!(whose(&envelope("c", "null", &deep), KEY), of("too_deep", Some("[1]")));
    let flattened = r#"{"id":1,"__op":"x","__schema":"public","__table":"t","__lsn":1}"#;
    assert_eq!(whose(flattened, KEY), of("unknown_operation", Some("[1]")));
    let unordered = r#"{"id":1,"__op":"c","__schema":"public","__table":"t"}"#;
    assert_eq!(whose(unordered, KEY), of("missing_version", Some("[1]")));
    let mongo = r#"{"op":"u","after":null,"source":{"connector":"mongodb","db":"public","collection":"t","ord":1,"ts_ms":1}}"#;
    assert_eq!(whose(mongo, Some(r#"{"id":"7"}"#)), of("no_after", Some("[7]")));
    let vitess =
        r#"{"op":"c","after":{"id":1},"source":{"connector":"vitess","keyspace":"public","table":"t"}}"#;
    assert_eq!(whose(vitess, KEY), of("unknown_connector", Some("[1]")));
    let keyless = alone(&Debezium::default(), &record(&envelope("c", "null", r#"{"a":1}"#), Some("default")))
        .unwrap_err();
    let message = keyless.to_string();
    assert!(message.contains("public.t") && message.contains("`keyless`"), "{message}");
    assert!(keyless.is_fault_of_table());
}
