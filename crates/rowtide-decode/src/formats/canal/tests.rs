use super::Canal;
use crate::Result;
use crate::decode::informed::{Informed, alone, by_arrival, rules};
use crate::decode::{Decoded, Decoder, LazyObject};
use crate::event::{Change, ChangeEvent};
use crate::record::Record;
use crate::rules::Keyless;

/// What a record comes to: each event in a line, or the reason or the error's code.
fn decoded(decoder: &impl Decoder, position: &str, payload: &str) -> String {
    shown(alone(decoder, &Record::new("s", position, payload.to_owned())))
}

fn shown(decoded: Result<Decoded>) -> String {
    let events = match decoded {
        Ok(Decoded::Events(events)) => events,
        Ok(Decoded::Ignored(reason)) => return reason.to_string(),
        Ok(Decoded::Unrouted { .. }) => return "unrouted".to_owned(),
        Ok(Decoded::Parts(parts)) => return parts.into_iter().map(shown).collect::<Vec<_>>().join("; "),
        Ok(Decoded::Schema(_)) => panic!("Canal has none"),
        Err(error) => return error.code().to_string(),
    };
    let line = |event: &ChangeEvent| {
        let what = match &event.change {
            Change::Put(document) => format!("put {}", document.to_json()),
            Change::Delete(document) => {
                format!(
                    "delete {}",
                    document.as_ref().map_or_else(String::new, |document| document.to_json())
                )
            }
            Change::Truncate => "truncate".to_owned(),
            Change::Patch(_) => panic!("Canal has none"),
        };
        let key = event.key.as_ref().map_or_else(|| event.table.clone(), |key| key.to_json());
        let pair = event.pair.map_or_else(String::new, |pair| format!(" pair {pair}"));
        format!("{key} {what} {}{pair}", event.version.as_str().trim_start_matches("c.0000.1."))
    };
    events.iter().map(line).collect::<Vec<_>>().join("; ")
}

fn told(payload: &str) -> String {
    decoded(&Canal::default(), "42", payload)
}

fn message(kind: &str, rest: &str) -> String {
    let types = r#""sqlType":{"id":4,"n":12},"mysqlType":{"id":"int(11)","n":"varchar(20)"}"#;
    format!(
        r#"{{"id":3,"database":"d","table":"t","pkNames":["id"],"isDdl":false,"type":"{kind}","es":1682057341424,"ts":1682057382913,"sql":"",{types},{rest}}}"#
    )
}

const ES: &str = "00000187a26e29f0.00242";

#[test]
fn each_row_of_a_message_is_a_change() {
    let insert = message("INSERT", r#""old":null,"data":[{"id":"1","n":"x"},{"id":"2","n":null}]"#);
    assert_eq!(
        told(&insert),
        format!(r#"{{"id":1}} put {{"n":"x"}} {ES}.00000000; {{"id":2}} put {{"n":null}} {ES}.00000001"#)
    );
    let update = message(
        "UPDATE",
        r#""old":[{"n":"w"},{"id":"2","n":"y"}],"data":[{"id":"1","n":"x"},{"id":"3","n":"z"}]"#,
    );
    assert_eq!(
        told(&update),
        format!(
            r#"{{"id":1}} put {{"n":"x"}} {ES}.00000000; {{"id":2}} delete  {ES}.00000001 pair 1; {{"id":3}} put {{"n":"z"}} {ES}.00000001 pair 1"#
        )
    );
    let delete = message("DELETE", r#""old":null,"data":[{"id":"1","n":"x"}]"#);
    assert_eq!(told(&delete), format!(r#"{{"id":1}} delete {{"n":"x"}} {ES}.00000000"#));
}

#[test]
fn a_row_that_cannot_be_read_spoils_no_other_and_is_named_where_its_key_can_be_read() {
    let types = |text: String| text.replace("varchar(20)", "int").replace(r#""n":12"#, r#""n":4"#);
    let named = |part: Result<Decoded>| match part {
        Err(error) => format!("{} {:?} {:?}", error.code().as_str(), error.table(), error.key()),
        good => shown(good),
    };
    let parts = |text: String| match alone(&Canal::default(), &Record::new("s", "42", types(text))) {
        Ok(Decoded::Parts(parts)) => parts.into_iter().map(named).collect::<Vec<_>>(),
        other => vec![named(other)],
    };
    let insert = message(
        "INSERT",
        r#""data":[{"id":"1","n":"x"},{"id":"2","n":"5"},{"id":"","n":"6"},{"n":"7"},{"id":"x","n":"8"},7]"#,
    );
    let nobody = |code: &str| format!(r#"{code} Some("d.t") None"#);
    assert_eq!(
        parts(insert.clone()),
        [
            r#"bad_value Some("d.t") Some("[1]")"#.to_owned(),
            format!(r#"{{"id":2}} put {{"n":5}} {ES}.00000001"#),
            nobody("null_key"),
            nobody("missing_key"),
            nobody("bad_value"),
            nobody("bad_field"),
        ]
    );
    let update = r#""old":[{"id":"x"},{"id":"3"}],"data":[{"id":"1","n":"1"},{"id":"4","n":"2"}]"#;
    let both =
        format!(r#"{{"id":3}} delete  {ES}.00000001 pair 1; {{"id":4}} put {{"n":2}} {ES}.00000001 pair 1"#);
    assert_eq!(parts(message("UPDATE", update)), [r#"bad_value Some("d.t") Some("[1]")"#.to_owned(), both]);
    // what concerns the whole message is said once
    assert_eq!(parts(insert.replace(r#""es":1682057341424"#, r#""x":1"#)), [nobody("missing_version")]);
    assert_eq!(parts(insert.replace(r#"["id"]"#, "[]")), [nobody("no_key")]);
    assert_eq!(
        parts(message("DELETE", r#""data":[{"id":"1","n":"x"}]"#)),
        [r#"bad_value Some("d.t") Some("[1]")"#]
    );
}

#[test]
fn a_key_that_is_written_again_is_not_changed() {
    let update = message("UPDATE", r#""old":[{"id":"1","n":"w"}],"data":[{"id":"1","n":"x"}]"#);
    assert_eq!(told(&update), format!(r#"{{"id":1}} put {{"n":"x"}} {ES}.00000000"#));
}

#[test]
fn rows_of_old_that_are_left_out_matter_only_where_a_key_changed() {
    let update = |old: &str| {
        message("UPDATE", &format!(r#""old":{old},"data":[{{"id":"1","n":"x"}},{{"id":"2","n":"y"}}]"#))
    };
    assert!(told(&update(r#"[{"n":"w"}]"#)).starts_with(r#"{"id":1} put"#));
    assert!(told(&update("[null,null]")).starts_with(r#"{"id":1} put"#));
    assert_eq!(told(&update(r#"[{"id":"5"}]"#)), "bad_field");
    assert_eq!(told(&update(r#"[{},{},{"id":"5"}]"#)), "bad_field");
}

#[test]
fn what_is_no_change_of_a_row_is_left_out() {
    let ddl = |kind: &str| message(kind, r#""data":null"#).replace(r#""isDdl":false"#, r#""isDdl":true"#);
    for kind in ["CREATE", "ALTER", "RENAME", "CINDEX", "DINDEX", "QUERY"] {
        assert_eq!(told(&ddl(kind)), "control", "{kind}");
    }
    assert_eq!(told(&ddl("TRUNCATE")), format!("d.t truncate {ES}.00000000"));
    // a temporary table is another one, and a database has no rows of its own
    let drop = |sql: &str| ddl("ERASE").replace(r#""sql":"""#, &format!(r#""sql":"{sql}""#));
    for sql in ["", "drop table d.t", "DROP  TABLE IF EXISTS `t` /* generated by server */"] {
        assert_eq!(told(&drop(sql)), format!("d.t truncate {ES}.00000000"), "{sql}");
    }
    assert_eq!(told(&drop("DROP\\n temporary TABLE t")), "control");
    for table in [r#""table":"""#, r#""table":null"#] {
        assert_eq!(told(&drop("").replace(r#""table":"t""#, table)), "control");
    }
    assert_eq!(told(&drop("").replace("\"es\"", "\"x\"")), "missing_version");
    assert_eq!(told(&message("QUERY", r#""data":null"#)), "control");
    assert_eq!(told(&message("TIDB_WATERMARK", r#""data":null"#)), "heartbeat");
}

#[test]
fn values_get_the_form_of_their_type() {
    let table = [
        ("bigint(20) unsigned", "3", "18446744073709551615", "18446744073709551615"),
        (
            "DECIMAL(40,10)",
            "3",
            "123456789012345678901234567890.1234567890",
            "123456789012345678901234567890.1234567890",
        ),
        ("double", "8", "1.0E-300", "1.0E-300"),
        ("year(4)", "12", "0000", "0"),
        ("bit(1)", "-7", "1", "1"),
        ("tinyint(1)", "-7", "-1", "-1"),
        ("datetime(6)", "93", "0000-00-00 00:00:00", "\"0000-00-00 00:00:00\""),
        ("varchar(20)", "12", "007\\n\\u00e4", "\"007\\nä\""),
        ("longtext", "2005", "{}", "\"{}\""),
        ("blob", "2004", "\\u0000ÿA", "\"AP9B\""),
        ("varbinary(8)", "2004", "", "\"\""),
        ("json", "12", "{\\\"b\\\": [1.10, null]}", "{\"b\":[1.10,null]}"),
        ("enum('a','it''s')", "4", "2", "\"it's\""),
        ("enum('a','b')", "4", "0", "\"\""),
        ("enum('a','b')", "12", "b", "\"b\""),
        ("set('a','b','c')", "-7", "5", "[\"a\",\"c\"]"),
        ("set('a','b','c')", "-7", "0", "[]"),
        ("", "4", "5", "5"),
        ("", "12", "5", "\"5\""),
        // what is never empty is null
        ("int", "4", "", "null"),
        ("decimal(10,2)", "3", "", "null"),
        ("double", "8", "", "null"),
        ("bit(1)", "-7", "", "null"),
        ("year(4)", "12", "", "null"),
        ("date", "91", "", "null"),
        ("time(3)", "92", "", "null"),
        ("datetime", "93", "", "null"),
        ("timestamp", "93", "", "null"),
        ("json", "12", "", "null"),
        ("enum('a','b')", "4", "", "null"),
        ("set('a','b')", "-7", "", "null"),
        ("", "93", "", "null"),
        ("", "-5", "", "null"),
        ("enum('a','b')", "12", "", "\"\""),
        ("set('a','b')", "12", "", "\"\""),
        ("varchar(20)", "12", "", "\"\""),
        ("text", "2005", "", "\"\""),
        ("blob", "2004", "", "\"\""),
        ("time", "92", "-838:59:59", "\"-838:59:59\""),
    ];
    for (declared, code, value, expected) in table {
        let text = message("INSERT", &format!(r#""data":[{{"id":"1","n":"{value}"}}]"#))
            .replace(r#""n":12"#, &format!(r#""n":{code}"#))
            .replace("varchar(20)", declared);
        assert_eq!(told(&text), format!(r#"{{"id":1}} put {{"n":{expected}}} {ES}.00000000"#), "{declared}");
    }
    for (declared, code, value) in [
        ("int", "4", "x"),
        ("int", "4", " "),
        ("blob", "2004", "€"),
        ("json", "12", "{"),
        ("enum('a')", "4", "2"),
        ("set('a')", "-7", "2"),
    ] {
        let text = message("INSERT", &format!(r#""data":[{{"id":"1","n":"{value}"}}]"#))
            .replace(r#""n":12"#, &format!(r#""n":{code}"#))
            .replace("varchar(20)", declared);
        assert_eq!(told(&text), "bad_value", "{declared}");
    }
    let bare = message("INSERT", r#""data":[{"id":1.0,"n":true}]"#).replace("Type", "_");
    assert_eq!(told(&bare), format!(r#"{{"id":1}} put {{"n":true}} {ES}.00000000"#));
}

#[test]
fn what_is_wrong_is_poison_with_a_code_of_its_own() {
    let insert = message("INSERT", r#""data":[{"id":"1","n":"x"}]"#);
    let with = |field: &str, value: &str| insert.replacen(field, value, 1);
    let table = [
        (with(r#""es":1682057341424"#, r#""x":1"#), "missing_version"),
        (with(r#""es":1682057341424"#, r#""es":null"#), "missing_version"),
        (with(r#""es":1682057341424"#, r#""es":"1682057341424""#), "missing_version"),
        (with(r#""es":1682057341424"#, r#""es":-1"#), "missing_version"),
        (with(r#"["id"]"#, r#""id""#), "bad_field"),
        (with(r#"["id"]"#, "[]"), "no_key"),
        (with(r#"["id"]"#, "null"), "unknown_key"),
        (with(r#"["id"]"#, r#"["id","m"]"#), "missing_key"),
        (with(r#""id":"1""#, r#""id":null"#), "null_key"),
        (with(r#""id":"1""#, r#""id":"1","id":"1""#), "duplicate_key_member"),
        (with(r#"[{"id":"1","n":"x"}]"#, "[]"), "no_image"),
        (with(r#"[{"id":"1","n":"x"}]"#, "null"), "no_image"),
        (with(r#"[{"id":"1","n":"x"}]"#, "[7]"), "bad_field"),
        (with(r#"[{"id":"1","n":"x"}]"#, "{}"), "bad_field"),
        (with(r#""database":"d""#, r#""database":null"#), "not_a_change_record"),
        (with(r#""table":"t""#, r#""table":1"#), "not_a_change_record"),
        (with("INSERT", "insert"), "not_a_change_record"),
        (with("INSERT", "UPSERT"), "unknown_operation"),
        (with(r#","isDdl":false"#, ""), "not_a_change_record"),
        (message("DELETE", r#""data":[{"n":"x"}]"#), "missing_key"),
        (message("UPDATE", r#""old":7,"data":[{"id":"1"}]"#), "bad_field"),
        (message("UPDATE", r#""old":[7],"data":[{"id":"1"}]"#), "bad_field"),
        ("{".to_owned(), "not_json"),
        ("7".to_owned(), "not_a_change_record"),
    ];
    for (payload, code) in table {
        assert_eq!(told(&payload), code, "{payload}");
    }
    assert_eq!(decoded(&Canal::default(), "a-message-id", &insert), "missing_version");
}

#[test]
fn a_table_without_a_key_is_what_its_route_says() {
    let keyless = |keyless: Keyless, text: &str| {
        let decoder = Informed::new(Canal::default(), rules("*", |it| it.keyless = keyless));
        decoded(&decoder, "42", &text.replace(r#"["id"]"#, "[]"))
    };
    let insert = message("INSERT", r#""data":[{"id":"1","n":"x"}]"#);
    assert_eq!(
        keyless(Keyless::Position, &insert),
        format!(r#"{{"position":"42.0"}} put {{"id":1,"n":"x"}} {ES}.00000000"#)
    );
    let update = message("UPDATE", r#""old":[{"n":null}],"data":[{"id":"1","n":"x"}]"#);
    assert_eq!(keyless(Keyless::Position, &update), "keyless_change");
    assert_eq!(
        keyless(Keyless::Row, &update),
        format!(
            r#"{{"id":1,"n":null}} delete  {ES}.00000000 pair 0; {{"id":1,"n":"x"}} put {{}} {ES}.00000000 pair 0"#
        )
    );
}

#[test]
fn a_table_without_a_route_needs_no_key_and_a_record_by_arrival_no_time() {
    let decoder = Informed::new(Canal::default(), by_arrival(rules("d.t", |_| {})));
    let insert = message("INSERT", r#""data":[{"id":"1","n":"x"}]"#).replace("\"es\"", "\"x\"");
    assert!(decoded(&decoder, "42", &insert).starts_with(r#"{"id":1} put {"n":"x"} a.0000.1.00242"#));
    let other = insert.replace(r#""table":"t""#, r#""table":"u""#).replace(r#"["id"]"#, "null");
    assert_eq!(decoded(&decoder, "42", &other), "unrouted");
}

#[test]
fn a_record_is_recognised_by_is_ddl_database_and_type() {
    let recognised = |payload: &str| Canal::default().recognises(&LazyObject::of(payload.as_bytes()));
    assert!(recognised(&message("INSERT", r#""data":7"#)));
    assert!(recognised(r#"{"isDdl":null,"database":null,"type":"ALTER"}"#));
    for other in [
        r#"{"isDdl":false,"database":"d","type":"insert"}"#,
        r#"{"database":"d","type":"INSERT"}"#,
        r#"{"isDdl":false,"type":"INSERT"}"#,
        "[]",
        "",
    ] {
        assert!(!recognised(other), "{other}");
    }
}
