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
