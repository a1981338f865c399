//! What becomes of values.

use super::{KEY, envelope, record, settings, told, told_by};
use crate::decode::Decoded;
use crate::decode::informed::alone;
use crate::event::Caveat;
use crate::formats::debezium::Debezium;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

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
        (of("time.Timestamp"), "9223372036825200", r#""infinity""#),
        (of("time.Timestamp"), "-9223372036832400", r#""-infinity""#),
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
    let mut debezium = settings(|_| {}).decoder();
    let source =
        r#"{"connector":"mysql","ts_ms":1,"db":"shop","table":"t","file":"b.000001","pos":4,"row":0}"#;
    let said = r#"[{"type":"CREATE","id":"\"shop\".\"t\"","table":{"primaryKeyColumnNames":["id"],"columns":[{"name":"id","typeName":"BIGINT UNSIGNED"},{"name":"u","typeName":"BIGINT UNSIGNED ZEROFILL"},{"name":"s","typeName":"BIGINT"}]}}]"#;
    let schema = format!(r#"{{"source":{source},"ddl":"CREATE","tableChanges":{said}}}"#);
    let row = r#"{"id":-2,"u":-1,"s":-1}"#;
    let change = |op: &str, before: &str, after: &str| {
        format!(r#"{{"op":"{op}","before":{before},"after":{after},"source":{source}}}"#)
    };
    let create = change("c", "null", row);
    let before = told_by(&debezium, &create, Some(r#"{"id":-2}"#));
    assert_eq!(before, r#"shop.t: put {"id":-2} {"u":-1,"s":-1}"#);
    let Ok(Decoded::Schema(schema)) = alone(&debezium, &record(&schema, None)) else { panic!() };
    debezium.catalogue.record_schema(schema);
    let key = Some(r#"{"id":-2}"#);
    let put = r#"shop.t: put {"id":18446744073709551614} {"u":18446744073709551615,"s":-1}"#;
    assert_eq!(told_by(&debezium, &create, key), put);
    assert_eq!(told_by(&debezium, &create, Some("a-digest")), put);
    let typed = format!(
        r#"{{"schema":{{"type":"struct","fields":[{{"type":"struct","fields":[{{"type":"int32","name":"io.debezium.time.Date","field":"day"}}],"field":"after"}}]}},"payload":{create}}}"#
    );
    assert_eq!(told_by(&debezium, &typed, key), put);
    let deleted = r#"shop.t: delete {"id":18446744073709551614}"#;
    assert_eq!(told_by(&debezium, &change("d", "null", "null"), key), deleted);
    let wrapped =
        Some(r#"{"schema":{"type":"struct","fields":[{"type":"int64","field":"id"}]},"payload":{"id":-2}}"#);
    assert_eq!(told_by(&debezium, &change("d", "null", "null"), wrapped), deleted);
    let flattened = r#"{"id":-2,"u":-1,"__op":"c","__connector":"mysql","__db":"shop","__table":"t","__file":"b.000001","__pos":4,"__row":0}"#;
    assert_eq!(told_by(&debezium, flattened, key), put.replace(r#","s":-1"#, ""));
}

#[test]
fn a_negative_number_that_may_have_no_sign_is_a_caveat() {
    let caveat = |connector: &str, fields: Option<&str>, value: &str| {
        let change = format!(
            r#"{{"op":"c","before":null,"after":{{"id":1,"n":{value}}},"source":{{"connector":"{connector}","ts_ms":1,"db":"shop","schema":"shop","table":"t","file":"b.000001","pos":4,"row":0,"lsn":9}}}}"#
        );
        let text = match fields {
            None => change,
            Some(field) => format!(
                r#"{{"schema":{{"type":"struct","fields":[{{"type":"struct","fields":[{{{field},"field":"n"}}],"field":"after"}}]}},"payload":{change}}}"#
            ),
        };
        let decoded = alone(&Debezium::default(), &record(&text, Some(r#"{"id":1}"#)));
        let Ok(Decoded::Events(mut events)) = decoded else { panic!("{decoded:?}") };
        events.remove(0).caveat
    };
    let seen = Some(Caveat::PerhapsUnsigned("n".to_owned()));
    let told = r#""type":"int64","parameters":{"__debezium.source.column.type":"BIGINT"}"#;
    for (connector, fields, value, expected) in [
        ("mysql", None, "-1", &seen),
        ("mariadb", Some(r#""type":"int64""#), "-1", &seen),
        ("mysql", Some(r#""type":"int64""#), "1", &None),
        ("mysql", None, "-1.5", &None),
        ("mysql", Some(r#""type":"int32""#), "-1", &None),
        ("mysql", Some(told), "-1", &None),
        ("mysql", Some(r#""type":"int64","name":"io.debezium.time.MicroTimestamp""#), "-1", &None),
        ("postgresql", None, "-1", &None),
    ] {
        assert_eq!(caveat(connector, fields, value), *expected, "{connector} {fields:?} {value}");
    }
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
