//! What a record is, whatever its columns are called.

use super::{KEY, WAL, line, ordered_by_arrival, record, settings, told, told_with};
use crate::decode::informed::alone;
use crate::decode::{Decoded, Decoder as _, LazyObject};
use crate::formats::debezium::Debezium;
use crate::rules::Keyless;

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
    assert!(Debezium::default().recognises(&LazyObject::of(wrapped.as_bytes())));
    let keyless = |keyless| settings(|route| route.keyless = keyless);
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
    let bare = || ordered_by_arrival().of_table("t");
    assert_eq!(told_with(bare(), r#"{"status":"END","id":1}"#, KEY), r#"t: put {"id":1} {"status":"END"}"#);
    assert_eq!(told_with(bare(), r#"{"op":"u","after":{"id":1},"id":1}"#, KEY), "! not_a_change_record");
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
        assert!(Debezium::default().recognises(&LazyObject::of(payload.as_bytes())), "{payload}");
    }
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
        assert!(!Debezium::default().recognises(&LazyObject::of(payload.as_bytes())), "{payload}");
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
                    assert!(Debezium::default().recognises(&LazyObject::of(message.as_bytes())), "{message}");
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
    let routed = settings(|route| route.key = vec!["payload".to_owned()]);
    assert_eq!(told_with(routed, &payload, None), r#"t: put {"payload":{"b":2}} {"schema":{"a":1}}"#);
}

#[test]
fn a_row_that_nothing_marks_is_one_where_the_table_is_configured() {
    let bare = || ordered_by_arrival().of_table("t");
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
            assert!(Debezium::default().recognises(&LazyObject::of(payload.as_bytes())), "{payload}");
            assert_eq!(told(&payload, Some("k")), "control", "{payload}");
        }
    }
    // a row that has more is a row, and a foreign message is not taken
    for foreign in [
        notification.replace(r#""timestamp""#, r#""at""#),
        r#"{"id":1,"type":"insert","data":{"a":1}}"#.to_owned(),
        r#"{"type":"log","data":{}}"#.to_owned(),
    ] {
        assert!(!Debezium::default().recognises(&LazyObject::of(foreign.as_bytes())), "{foreign}");
        assert_eq!(told(&foreign, Some("k")), "! not_a_change_record", "{foreign}");
    }
}
