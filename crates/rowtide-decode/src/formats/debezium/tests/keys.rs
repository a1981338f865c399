//! Which row a record is of.

use super::{KEY, envelope, ordered_by_arrival, record, settings, told, told_with};
use crate::decode::informed::alone;
use crate::formats::debezium::Debezium;
use crate::rules::Keyless;

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
    let routed = || settings(|route| route.key = vec!["b".to_owned()]);
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
    let routed =
        |names: &[&str]| settings(|route| route.key = names.iter().map(|name| (*name).to_owned()).collect());
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
    let keyless = |keyless| settings(|route| route.keyless = keyless);
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
        let routed = settings(|route| route.key = vec!["id".to_owned()]);
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
        let routed = || settings(|route| route.key = vec!["id".to_owned()]);
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
    let routed = settings(|route| route.key = vec!["id".to_owned()]);
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
    for payload in [payload.clone(), payload.replace(r#""u""#, r#""i""#)] {
        assert_eq!(told(&payload, KEY), "! cassandra_cells");
        assert_eq!(told_with(ordered_by_arrival(), &payload, KEY), "! cassandra_cells");
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
    let unnamed = || ordered_by_arrival().of_table("t");
    let bare = r#"{"_id":"669683c2b0750b2c84893f3e","v":1}"#;
    assert_eq!(told_with(unnamed(), bare, oid), put.replace("shop.orders", "t"));
    assert_eq!(told_with(unnamed(), "", oid), r#"t: delete {"_id":"669683c2b0750b2c84893f3e"}"#);
}

#[test]
fn an_error_says_which_table_and_which_row_it_concerns() {
    let whose = |payload: &str, key: Option<&str>| {
        let error = alone(&Debezium::default(), &record(payload, key)).unwrap_err();
        (error.code().as_str(), error.table().map(str::to_owned), error.key().map(str::to_owned))
    };
    let of = |code, key: Option<&str>| (code, Some("public.t".to_owned()), key.map(str::to_owned));
    let schema = r#"{"type":"struct","fields":[{"type":"struct","fields":[{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"},"field":"n"}],"field":"after"}]}"#;
    let bad = format!(r#"{{"schema":{schema},"payload":{}}}"#, envelope("c", "null", r#"{"n":"?","id":1}"#));
    assert_eq!(whose(&bad, KEY), of("bad_value", Some("[1]")));
    assert_eq!(whose(&envelope("x", "null", r#"{"id":1}"#), KEY), of("unknown_operation", Some("[1]")));
    assert_eq!(whose(&envelope("c", "null", "null"), KEY), of("no_image", Some("[1]")));
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
    assert_eq!(whose(mongo, Some(r#"{"id":"7"}"#)), of("no_image", Some("[7]")));
    let vitess =
        r#"{"op":"c","after":{"id":1},"source":{"connector":"vitess","keyspace":"public","table":"t"}}"#;
    assert_eq!(whose(vitess, KEY), of("unknown_connector", Some("[1]")));
    let keyless = alone(&Debezium::default(), &record(&envelope("c", "null", r#"{"a":1}"#), Some("default")))
        .unwrap_err();
    let message = keyless.to_string();
    assert!(message.contains("public.t") && message.contains("`keyless`"), "{message}");
    assert!(keyless.is_fault_of_table());
}
