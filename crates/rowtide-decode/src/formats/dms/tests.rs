use super::{Decoded, Decoder, Dms, LazyObject, Reason};
use crate::catalogue::TableSchema;
use crate::decode::informed::{Informed, alone, by_arrival, rules};
use crate::error::Result;
use crate::event::{Change, ChangeEvent};
use crate::json::Value;
use crate::record::Record;
use crate::rules::{Images, Keyless, TableRules};
use crate::source::SourceIdentity;

const AT: &str =
    r#""timestamp":"2024-07-29T00:58:44.895275Z","commit-timestamp":"2024-07-29T00:58:44.886717Z""#;
const PLACE: &str = r#""stream-position":"00000002/7C007328.2.00000002/7C007328","transaction-record-id":1"#;

fn dms(change: impl FnOnce(&mut TableRules)) -> Informed<Dms> {
    let keyed = |it: &mut TableRules| {
        it.key = vec!["id".to_owned()];
        change(it);
    };
    Informed::new(Dms::default(), rules("*", keyed))
}

fn learned(columns: &[(&str, &str)]) -> Informed<Dms> {
    let mut dms = dms(|it| it.key = Vec::new());
    let owned = |(name, kind): &(&str, &str)| ((*name).to_owned(), (*kind).to_owned());
    dms.catalogue.record_schema(TableSchema {
        source: SourceIdentity::default(),
        table: "public.foo".to_owned(),
        key: vec!["id".to_owned()],
        columns: columns.iter().map(owned).collect(),
        observed_at: String::new(),
    });
    dms
}

fn record(payload: impl Into<String>) -> Record {
    Record::new("stream", "42", payload.into())
}

/// A record of a row: its images, and the place that its metadata names.
fn row(operation: &str, parts: &str, place: &str) -> Record {
    let place = if place.is_empty() { String::new() } else { format!(",{place}") };
    record(format!(
        r#"{{{parts},"metadata":{{{AT},"record-type":"data","operation":"{operation}","partition-key-type":"schema-table","schema-name":"public","table-name":"foo"{place}}}}}"#
    ))
}

fn control(operation: &str, control: &str) -> Record {
    record(format!(
        r#"{{"control":{control},"metadata":{{"operation":"{operation}","partition-key-type":"task-id","record-type":"control","schema-name":"public","table-name":"foo","timestamp":"2024-07-29T00:30:47.266581Z"}}}}"#
    ))
}

fn text(event: &ChangeEvent) -> String {
    let key = event.key.as_ref().map_or("-", |key| key.as_str());
    let change = match &event.change {
        Change::Put(document) => format!("put {}", document.to_json()),
        Change::Patch(patch) => format!("patch {:?} {:?}", patch.set, patch.remove),
        Change::Delete(image) => format!("delete {image:?}"),
        Change::Truncate => "truncate".to_owned(),
    };
    format!("{} {key} {change}", event.table)
}

/// The changes of a record as text, or the code of what is wrong with it.
fn changes(dms: &impl Decoder, record: &Record) -> Result<Vec<String>, &'static str> {
    match alone(dms, record) {
        Ok(Decoded::Events(events)) => {
            assert!(events.iter().all(|event| event.pair.is_some() == (events.len() == 2)));
            Ok(events.iter().map(text).collect())
        }
        Ok(Decoded::Ignored(reason)) => Ok(vec![reason.to_string()]),
        Ok(Decoded::Unrouted { .. }) => Ok(vec![Reason::Unrouted.to_string()]),
        Ok(Decoded::Schema(schema)) => Ok(vec![format!("{schema:?}")]),
        Ok(Decoded::Parts(parts)) => panic!("{parts:?}"),
        Err(error) => Err(error.code().as_str()),
    }
}

fn check(dms: &impl Decoder, record: &Record, expected: Result<&[&str], &'static str>) {
    let expected = expected.map(|lines| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
    assert_eq!(changes(dms, record), expected, "{:?}", record.payload);
}

#[test]
fn every_operation_on_a_row_becomes_its_change() {
    let dms = dms(|_| {});
    let load = row("load", r#""data":{"age":30,"id":42,"name":"John"}"#, "");
    check(&dms, &load, Ok(&[r#"public.foo [42] put {"age":30,"name":"John"}"#]));
    let insert = row("insert", r#""data":{"id":"a","a":"{\"b\": 1.0}"}"#, PLACE);
    check(&dms, &insert, Ok(&[r#"public.foo ["a"] put {"a":"{\"b\": 1.0}"}"#]));
    let update = row("update", r#""before-image":{},"data":{"a/b":33,"id":42}"#, PLACE);
    check(&dms, &update, Ok(&[r#"public.foo [42] patch [("/a~1b", "33")] []"#]));
    let delete = row("delete", r#""data":{"age":null,"id":42}"#, PLACE);
    check(&dms, &delete, Ok(&["public.foo [42] delete None"]));
    check(&dms, &row("merge", r#""data":{"id":1}"#, PLACE), Err("unknown_operation"));
    check(&dms, &row("Insert", r#""data":{"id":1}"#, PLACE), Err("unknown_operation"));
}

#[test]
fn an_update_replaces_the_row_only_when_it_is_known_to_be_whole() {
    let update = row("update", r#""data":{"id":42,"b":2,"c":3}"#, PLACE);
    let put = r#"public.foo [42] put {"b":2,"c":3}"#;
    check(&dms(|route| route.images = Images::Full), &update, Ok(&[put]));
    check(&learned(&[("id", ""), ("b", "")]), &update, Ok(&[put]));
    let patch = r#"public.foo [42] patch [("/b", "2"), ("/c", "3")] []"#;
    check(&learned(&[("id", ""), ("b", ""), ("d", "")]), &update, Ok(&[patch]));
    check(&learned(&[]), &update, Ok(&[patch]));
}

#[test]
fn a_changed_key_is_a_delete_and_a_put_of_one_version() {
    let full = dms(|route| route.images = Images::Full);
    let update = row("update", r#""before-image":{"id":46},"data":{"id":45,"a":1}"#, PLACE);
    let moved = ["public.foo [46] delete None", r#"public.foo [45] put {"a":1}"#];
    check(&full, &update, Ok(&moved));
    check(&learned(&[("id", ""), ("a", "")]), &update, Ok(&moved));
    check(&dms(|_| {}), &update, Err("partial_key_change"));
    let Ok(Decoded::Events(events)) = alone(&full, &update) else { panic!("no events") };
    assert_eq!(events[0].version, events[1].version);
    // written otherwise, and the same key
    let same = row("update", r#""before-image":{"id":45.0},"data":{"id":45,"a":1}"#, PLACE);
    check(&full, &same, Ok(&[r#"public.foo [45] put {"a":1}"#]));
    let null = row("update", r#""before-image":{"id":null},"data":{"id":45}"#, PLACE);
    check(&full, &null, Err("null_key"));
    let text = row("update", r#""before-image":"x","data":{"id":45}"#, PLACE);
    check(&full, &text, Err("bad_image"));
    // of two key columns the before-image has the one that changed
    let two = dms(|route| {
        route.images = Images::Full;
        route.key = vec!["b".to_owned(), "a".to_owned()];
    });
    let update = row("update", r#""before-image":{"b":"x"},"data":{"b":"y","a":1,"c":2}"#, PLACE);
    let moved = [r#"public.foo [1,"x"] delete None"#, r#"public.foo [1,"y"] put {"c":2}"#];
    check(&two, &update, Ok(&moved));
}

#[test]
fn a_key_that_is_not_whole_is_refused_and_never_widened() {
    let dms = dms(|route| route.key = vec!["a".to_owned(), "b".to_owned()]);
    for (data, code) in [
        (r#"{"a":1}"#, "missing_key"),
        (r#"{"a":1,"b":null}"#, "null_key"),
        (r#"{"a":1,"b":{}}"#, "bad_key"),
        (r#"{"a":1,"b":2,"a":1}"#, "duplicate_key_member"),
        (r#"{"a":1,"b":1E200}"#, "number_out_of_range"),
        (r#"{"a":1,"b":1.2345678901234567E18}"#, "rounded_key"),
    ] {
        for operation in ["load", "insert", "update", "delete"] {
            check(&dms, &row(operation, &format!(r#""data":{data}"#), PLACE), Err(code));
        }
    }
}

#[test]
fn versions_are_ordered_as_the_source_is() {
    let version = |record: &Record| match alone(&dms(|_| {}), record) {
        Ok(Decoded::Events(events)) => events[0].version.as_str().to_owned(),
        other => panic!("{other:?}"),
    };
    let at = |lsn: &str, place: u64| {
        let place = format!(r#""stream-position":"{lsn}.2.{lsn}","transaction-record-id":{place}"#);
        version(&row("insert", r#""data":{"id":1}"#, &place))
    };
    assert_eq!(at("00000002/7C007328", 1), "m.0000.1.000000027c007328.0000000000000001");
    let load = version(&row("load", r#""data":{"id":1}"#, PLACE));
    assert_eq!(load, "m.0000.0.00061e585ce7822b");
    let drop = version(&control("drop-table", "{}"));
    let ordered = [&drop, &load, &at("00000000/1", 9), &at("00000000/1", 10), &at("1/0", 1), &at("10/0", 1)];
    assert!(ordered.is_sorted(), "{ordered:?}");
}

#[test]
fn a_change_without_its_place_is_poison_and_never_ordered_otherwise() {
    for (place, code) in [
        ("", "missing_version"),
        (r#""transaction-record-id":1"#, "missing_version"),
        (r#""stream-position":"","transaction-record-id":1"#, "missing_version"),
        (r#""stream-position":7,"transaction-record-id":1"#, "missing_version"),
        (r#""stream-position":"2/7C007178""#, "missing_version"),
        (r#""stream-position":"2/7C007178","transaction-record-id":-1"#, "missing_version"),
        (r#""stream-position":"2/7C007178","transaction-record-id":1.5"#, "missing_version"),
        (r#""stream-position":"2/7C007178","transaction-record-id":{}"#, "missing_version"),
        (r#""stream-position":"0000003B/E8003618.NOW","transaction-record-id":1"#, "bad_version"),
        (r#""stream-position":"00000027:00000a28:0004","transaction-record-id":1"#, "bad_version"),
    ] {
        for operation in ["insert", "update", "delete"] {
            check(&dms(|_| {}), &row(operation, r#""data":{"id":1}"#, place), Err(code));
        }
    }
    let load = row("load", r#""data":{"id":1}"#, r#""timestamp":"yesterday""#);
    check(&dms(|_| {}), &load, Err("missing_version"));
    let keyed = rules("*", |it| it.key = vec!["id".to_owned()]);
    let arrival = Informed::new(Dms::default(), by_arrival(keyed));
    check(&arrival, &row("insert", r#""data":{"id":1}"#, ""), Ok(&["public.foo [1] put {}"]));
}

#[test]
fn a_table_without_a_key_is_as_its_route_says() {
    let keyless = |keyless| {
        dms(|route| {
            route.key = Vec::new();
            route.keyless = keyless;
        })
    };
    let position = keyless(Keyless::Position);
    let insert = row("insert", r#""data":{"x":1,"y":null}"#, PLACE);
    check(&position, &insert, Ok(&[r#"public.foo ["42"] put {"x":1,"y":null}"#]));
    let part = Record { place: Some(3), ..insert.clone() };
    check(&position, &part, Ok(&[r#"public.foo ["42.3"] put {"x":1,"y":null}"#]));
    let nowhere = Record { position: String::new(), ..insert.clone() };
    check(&position, &nowhere, Err("no_position"));
    for operation in ["update", "delete"] {
        check(&position, &row(operation, r#""data":{"x":1}"#, PLACE), Err("keyless_change"));
    }
    let mut rows = keyless(Keyless::Row);
    check(&rows, &insert, Ok(&["public.foo [1,null] put {}"]));
    let delete = row("delete", r#""data":{"y":null,"x":1.0}"#, PLACE);
    check(&rows, &delete, Ok(&["public.foo [1,null] delete None"]));
    let update = row("update", r#""data":{"x":1,"y":2},"before-image":{"y":3,"x":1}"#, PLACE);
    check(&rows, &update, Ok(&["public.foo [1,3] delete None", "public.foo [1,2] put {}"]));
    for before in ["", r#","before-image":{}"#, r#","before-image":{"x":1}"#] {
        let update = row("update", &format!(r#""data":{{"x":1,"y":2}}{before}"#), PLACE);
        check(&rows, &update, Err("partial_key_change"));
    }
    check(&rows, &row("insert", r#""data":{"x":1,"x":2}"#, PLACE), Err("duplicate_key_member"));
    check(&rows, &row("insert", r#""data":{}"#, PLACE), Err("no_key"));
    let told = vec![("x".to_owned(), String::new()), ("y".to_owned(), String::new())];
    let schema = TableSchema {
        source: SourceIdentity::default(),
        table: "public.foo".into(),
        key: Vec::new(),
        columns: told,
        observed_at: String::new(),
    };
    rows.catalogue.record_schema(schema);
    check(&rows, &row("insert", r#""data":{"y":2,"x":1}"#, PLACE), Ok(&["public.foo [1,2] put {}"]));
    for operation in ["insert", "update", "delete"] {
        check(&rows, &row(operation, r#""data":{"x":1}"#, PLACE), Err("missing_key"));
    }
    let mut refusing = keyless(Keyless::Refuse);
    check(&refusing, &insert, Err("unknown_key"));
    let Ok(Decoded::Schema(schema)) =
        alone(&refusing, &control("create-table", r#"{"table-def":{"columns":{"x":{"type":"INT64"}}}}"#))
    else {
        panic!("no schema")
    };
    refusing.catalogue.record_schema(schema);
    check(&refusing, &insert, Err("no_key"));
}

#[test]
fn control_records_tell_key_and_columns_or_are_ignored() {
    let schema = |operation: &str, definition: &str| {
        let record = control(operation, definition);
        match alone(&dms(|_| {}), &record) {
            Ok(Decoded::Schema(schema)) => {
                assert_eq!(
                    (&*schema.table, &*schema.observed_at),
                    ("public.foo", "2024-07-29T00:30:47.266581Z")
                );
                Ok(format!("{:?} {:?}", schema.key, schema.columns))
            }
            Ok(Decoded::Ignored(reason)) => Ok(reason.to_string()),
            Ok(Decoded::Unrouted { .. }) => Ok(Reason::Unrouted.to_string()),
            Ok(Decoded::Events(_) | Decoded::Parts(_)) => panic!("events"),
            Err(error) => Err(error.code().as_str()),
        }
    };
    let whole = r#"{"table-def":{"columns":{"id":{"type":"INT32","nullable":false},"b":{"length":5}},"primary-key":["id"]}}"#;
    let part = r#"{"table-def":{"columns":{"b":{"type":"STRING"}}}}"#;
    let told = r#"["id"] [("id", "INT32"), ("b", "")]"#;
    let changing = [
        "rename-table",
        "add-column",
        "drop-column",
        "rename-column",
        "change-columns",
        "column-type-change",
    ];
    for operation in changing {
        assert_eq!(schema(operation, whole).as_deref(), Ok(told), "{operation}");
        assert_eq!(schema(operation, part).as_deref(), Ok("control"), "{operation}");
        assert_eq!(schema(operation, "{}").as_deref(), Ok("control"), "{operation}");
    }
    assert_eq!(schema("create-table", whole).as_deref(), Ok(told));
    assert_eq!(schema("create-table", part).as_deref(), Ok(r#"[] [("b", "STRING")]"#));
    let lacking = r#"{"table-def":{"columns":{"b":{"type":"STRING"}},"primary-key":["id"]}}"#;
    assert_eq!(schema("create-table", lacking).as_deref(), Ok(r#"["id"] []"#));
    assert_eq!(schema("add-column", lacking).as_deref(), Ok("control"));
    for nothing in ["{}", r#"{"table-def":{}}"#, r#"{"other":1}"#] {
        assert_eq!(schema("create-table", nothing).as_deref(), Ok("control"));
    }
    for bad in [
        "[]",
        r#"{"columns":[]}"#,
        r#"{"columns":{"a":1}}"#,
        r#"{"primary-key":"id"}"#,
        r#"{"primary-key":[1]}"#,
    ] {
        assert_eq!(schema("create-table", &format!(r#"{{"table-def":{bad}}}"#)), Err("bad_table_definition"));
    }
    assert_eq!(schema("vacuum-table", whole).as_deref(), Ok("control"));
    // what a change does not mention stays as it is known
    let dms = learned(&[]);
    let change =
        control("add-column", r#"{"table-def":{"columns":{"id":{"type":"INT32"},"c":{"type":"BOOL"}}}}"#);
    let Ok(Decoded::Schema(schema)) = alone(&dms, &change) else { panic!("no schema") };
    assert_eq!((schema.key.as_slice(), schema.columns.len()), (&["id".to_owned()][..], 2));
}

#[test]
fn a_dropped_table_is_a_truncate_below_everything_that_comes_after() {
    let drop = control("drop-table", "{}");
    check(&dms(|_| {}), &drop, Ok(&["public.foo - truncate"]));
    let Ok(Decoded::Events(events)) = alone(&dms(|_| {}), &drop) else { panic!("no event") };
    assert_eq!(events[0].version.as_str(), "m.0000.0.00061e57f8e8ed15");
    let payload = String::from_utf8(drop.payload.to_vec()).unwrap();
    let placed = payload.replace(r#""timestamp":"#, &format!(r#"{PLACE},"timestamp":"#));
    let Ok(Decoded::Events(events)) = alone(&dms(|_| {}), &record(placed)) else { panic!("no event") };
    assert_eq!(events[0].version.as_str(), "m.0000.1.000000027c007328.0000000000000001");
}

#[test]
fn a_dropped_table_is_left_out_and_goes_by_arrival_as_its_rows_do() {
    let drop = control("drop-table", "{}");
    let elsewhere = Informed::new(Dms::default(), rules("other", |_| {}));
    assert!(matches!(alone(&elsewhere, &drop), Ok(Decoded::Unrouted { .. })));
    let arriving = Informed::new(Dms::default(), by_arrival(rules("*", |_| {})));
    let Ok(Decoded::Events(events)) = alone(&arriving, &drop) else { panic!("no event") };
    assert_eq!(
        (events[0].version.as_str(), &events[0].change),
        ("a.0000.1.00242.00000000", &Change::Truncate)
    );
}

#[test]
fn values_are_what_the_columns_types_say() {
    let dms = learned(&[("id", "BYTES"), ("b", "BYTES"), ("f", "BOOL"), ("t", "STRING")]);
    let insert = row("insert", r#""data":{"id":"0x01","t":"0x01","f":"t","b":"0x01","u":"0x01"}"#, PLACE);
    let put = r#"public.foo ["0x01"] put {"t":"0x01","f":true,"b":"AQ==","u":"0x01"}"#;
    check(&dms, &insert, Ok(&[put]));
}

#[test]
fn columns_may_be_below_a_document_and_the_record_on_many_lines() {
    let nested = row("insert", r#""data":{"x":1,"n":0,"_doc":{"id":7,"n":2,"n":3}}"#, PLACE);
    check(&dms(|_| {}), &nested, Ok(&[r#"public.foo [7] put {"x":1,"n":3}"#]));
    let text = row("insert", r#""data":{"_doc":"{}","id":7}"#, PLACE);
    check(&dms(|_| {}), &text, Ok(&[r#"public.foo [7] put {"_doc":"{}"}"#]));
    let moved = r#""data":{"_doc":{"id":7}},"before-image":{"_doc":{"id":8}}"#;
    let full = dms(|route| route.images = Images::Full);
    let moved = row("update", moved, PLACE);
    check(&full, &moved, Ok(&["public.foo [8] delete None", "public.foo [7] put {}"]));
    let pretty =
        String::from_utf8(nested.payload.to_vec()).unwrap().replace(',', ",\n\t").replace(':', " :  ");
    let pretty = pretty.replace("00 :  58 :  44", "00:58:44");
    check(&full, &record(pretty + "\n"), Ok(&[r#"public.foo [7] put {"x":1,"n":3}"#]));
}

#[test]
fn bookkeeping_and_tables_without_a_route_are_left_out() {
    let status = r#"{"data":{"server_name":"ip"},"before-image":{},"metadata":{"operation":"update","partition-key-type":"schema-table","schema-name":"","table-name":"awsdms_status"}}"#;
    check(&dms(|_| {}), &record(status), Ok(&["control"]));
    let dropped = status.replace(r#""data":{"server_name":"ip"},"before-image""#, r#""control""#);
    check(&dms(|_| {}), &record(dropped.replace("update", "drop-table")), Ok(&["control"]));
    let orders = Informed::new(Dms::default(), rules("public.orders", |_| {}));
    check(&orders, &row("update", r#""data":{"x":1}"#, ""), Ok(&[Reason::Unrouted.as_str()]));
}

#[test]
fn names_are_kept_as_they_are() {
    let long = "x".repeat(200);
    for name in ["Order", "a.b", "a;drop table b", "select", long.as_str(), "é\\\"'"] {
        let payload = format!(
            r#"{{"data":{{"{name}":1,"id":2}},"metadata":{{{AT},{PLACE},"operation":"insert","record-type":"data","schema-name":"S","table-name":"{name}"}}}}"#
        );
        let Ok(Decoded::Events(events)) = alone(&dms(|_| {}), &record(payload)) else { panic!("{name}") };
        let plain = name.replace("\\\"", "\"");
        assert_eq!(events[0].table, format!("S.{plain}"));
        let Change::Put(document) = &events[0].change else { panic!("no put") };
        assert_eq!(document.members().next(), Some((plain.as_str(), "1")));
    }
    let no_schema = row("load", r#""data":{"id":1}"#, r#""schema-name":"""#);
    check(&dms(|_| {}), &no_schema, Ok(&["foo [1] put {}"]));
    for table in [r#""table-name":"""#, r#""table-name":7"#, r#""table-name":null"#] {
        check(&dms(|_| {}), &row("load", r#""data":{"id":1}"#, table), Err("no_table"));
    }
}

#[test]
fn what_is_no_record_of_dms_is_an_error_and_not_recognised() {
    let is_ours = |payload: &str| Dms::default().recognises(&LazyObject::of(payload.as_bytes()));
    for payload in [
        "{}",
        "[]",
        r#"{"metadata":{}}"#,
        r#"{"metadata":[]}"#,
        r#"{"data":{"id":1}}"#,
        r#"{"data":{"id":1},"metadata":{"record-type":"data"}}"#,
        r#"{"before":null,"after":{},"source":{},"op":"c"}"#,
        r#"{"dynamodb":{},"tableName":"t","recordFormat":"application/json"}"#,
    ] {
        assert!(!is_ours(payload), "{payload}");
        check(&dms(|_| {}), &record(payload), Err("not_a_change_record"));
    }
    check(&dms(|_| {}), &record("{"), Err("not_json"));
    for (payload, code) in [
        (
            r#"{"data":[],"metadata":{"operation":"insert","record-type":"data","table-name":"t"}}"#,
            "no_image",
        ),
        (r#"{"metadata":{"operation":"insert","table-name":"t"}}"#, "not_a_change_record"),
    ] {
        assert!(is_ours(payload), "{payload}");
        check(&dms(|_| {}), &record(payload), Err(code));
    }
    let old = r#"{"metadata":{"timestamp":"2021-02-18T23:09:09.509179Z","record-type":"control","operation":"create-table","partition-key-type":"task-id","schema-name":"s","table-name":"t"}}"#;
    assert!(is_ours(old));
    check(&dms(|_| {}), &record(old), Ok(&["control"]));
}

#[test]
fn an_error_names_the_row_by_what_can_be_read_of_it() {
    let named = |record: &Record| {
        let error = alone(&dms(|_| {}), record).unwrap_err();
        format!("{} {} {}", error.code().as_str(), error.table().unwrap_or("-"), error.key().unwrap_or("-"))
    };
    let deep = format!(r#""data":{{"id":1,"a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    for (record, expected) in [
        (row("insert", &deep, PLACE), "too_deep public.foo [1]"),
        (row("insert", r#""data":{"id":1}"#, ""), "missing_version public.foo [1]"),
        (row("upsert", r#""data":{"id":1}"#, PLACE), "unknown_operation public.foo [1]"),
        (row("update", r#""data":{"id":1},"before-image":7"#, PLACE), "bad_image public.foo [1]"),
        (
            row("update", r#""data":{"id":1},"before-image":{"id":2}"#, PLACE),
            "partial_key_change public.foo [1]",
        ),
        (row("insert", r#""data":{"a":1}"#, PLACE), "missing_key public.foo -"),
        (row("insert", r#""data":7"#, PLACE), "no_image public.foo -"),
        (control("create-table", r#"{"table-def":7}"#), "bad_table_definition public.foo -"),
        (record(r#"{"metadata":{"operation":"insert","table-name":"t"},"data":{"id":1},"#), "not_json t [1]"),
    ] {
        assert_eq!(named(&record), expected, "{:?}", record.payload);
    }
}

/// The texts of `value` with one value in it, at whatever depth, replaced by `other`.
fn replaced(value: &Value, other: &Value) -> Vec<Value> {
    let mut found = vec![other.clone()];
    if let Value::Object(members) = value {
        for (at, (_, member)) in members.iter().enumerate() {
            for inner in replaced(member, other) {
                let mut members = members.clone();
                members[at].1 = inner;
                found.push(Value::Object(members));
            }
        }
    }
    found
}

#[test]
fn a_wrong_type_in_any_place_is_an_error_or_harmless_and_never_another_row() {
    let full = dms(|route| route.images = Images::Full);
    let update = row("update", r#""before-image":{"id":46},"data":{"id":45,"a":1}"#, PLACE);
    let whole =
        control("create-table", r#"{"table-def":{"columns":{"id":{"type":"INT32"}},"primary-key":["id"]}}"#);
    for record in [update, whole] {
        let sample = Value::parse(std::str::from_utf8(&record.payload).unwrap()).unwrap();
        for other in ["null", "true", "7", r#""x""#, "[]", r#"[{"a":[null]}]"#, "{}", r#"{"x":{}}"#] {
            for broken in replaced(&sample, &Value::parse(other).unwrap()) {
                let changed = changes(&full, &self::record(broken.to_text()));
                let rows = changed.unwrap_or_default().join(" ");
                let is_known = rows.is_empty()
                    || ["control", "truncate", "[45]", "TableSchema"].iter().any(|word| rows.contains(word))
                    || (rows.starts_with("public.foo [46] delete None") && rows.contains(" put "))
                    || (["7", r#""x""#, "true"].contains(&other) && rows.contains(&format!("[{other}] put")));
                assert!(is_known, "{} {rows}", broken.to_text());
            }
        }
    }
}

#[test]
fn a_document_is_not_deeper_than_it_may_be() {
    let deep = format!(r#""data":{{"id":1,"a":{}1{}}}"#, "[".repeat(1_000), "]".repeat(1_000));
    check(&dms(|_| {}), &row("insert", &deep, PLACE), Err("too_deep"));
}
