use super::Wal2json;
use crate::decode::informed::{Informed, alone, rules};
use crate::decode::{Decoded, Decoder, LazyObject};
use crate::event::{Change, ChangeEvent};
use crate::record::Record;
use crate::rules::{Images, Keyless, TableRules};
use crate::{Error, Result};

/// What a record comes to: each event in a line, or the reason or the error's code.
fn decoded(decoder: &impl Decoder, payload: &str) -> String {
    shown(alone(decoder, &Record::new("s", "7", payload.to_owned())))
}

fn shown(decoded: Result<Decoded>) -> String {
    let events = match decoded {
        Ok(Decoded::Events(events)) => events,
        Ok(Decoded::Ignored(reason)) => return reason.to_string(),
        Ok(Decoded::Unrouted { .. }) => return "unrouted".to_owned(),
        Ok(Decoded::Parts(parts)) => return parts.into_iter().map(shown).collect::<Vec<_>>().join("; "),
        Ok(Decoded::Schema(_)) => panic!("wal2json has none"),
        Err(error) => return error.code().to_string(),
    };
    let line = |event: &ChangeEvent| {
        let what = match &event.change {
            Change::Put(document) => format!("put {}", document.to_json()),
            Change::Patch(patch) => format!("patch {:?}", patch.set),
            Change::Delete(document) => {
                format!(
                    "delete {}",
                    document.as_ref().map_or_else(String::new, |document| document.to_json())
                )
            }
            Change::Truncate => "truncate".to_owned(),
        };
        let key = event.key.as_ref().map_or_else(|| event.table.clone(), |key| key.to_json());
        let pair = event.pair.map_or_else(String::new, |pair| format!(" pair {pair}"));
        format!("{key} {what} {}{pair}", event.version.as_str().trim_start_matches("w.0000.1."))
    };
    events.iter().map(line).collect::<Vec<_>>().join("; ")
}

fn told(payload: &str) -> String {
    decoded(&Wal2json::default(), payload)
}

fn routed(change: impl FnOnce(&mut TableRules)) -> Informed<Wal2json> {
    Informed::new(Wal2json::default(), rules("*", change))
}

/// Columns as `a:integer=1`, with the value as JSON.
fn columns(columns: &[&str]) -> String {
    let column = |column: &&str| {
        let (name, rest) = column.split_once(':').unwrap();
        let (kind, value) = rest.split_once('=').unwrap();
        format!(r#"{{"name":"{name}","type":"{kind}","value":{value}}}"#)
    };
    format!("[{}]", columns.iter().map(column).collect::<Vec<_>>().join(","))
}

/// A record of format 2 of the table `s.t` with the key `a`.
fn record(action: &str, image: Option<&[&str]>, identity: Option<&[&str]>) -> String {
    let image = image.map_or_else(String::new, |image| format!(r#","columns":{}"#, columns(image)));
    let identity = identity.map_or_else(String::new, |old| format!(r#","identity":{}"#, columns(old)));
    let key = r#""pk":[{"name":"a","type":"integer"}]"#;
    format!(r#"{{"action":"{action}","lsn":"1/16B2458","schema":"s","table":"t"{image}{identity},{key}}}"#)
}

const LSN: &str = "00000001016b2458";

#[test]
fn each_action_is_what_it_says() {
    let insert = record("I", Some(&["a:integer=1", "b:text=\"x\""]), None);
    assert_eq!(told(&insert), format!(r#"{{"a":1}} put {{"b":"x"}} {LSN}"#));
    assert_eq!(told(&record("D", None, Some(&["a:integer=1"]))), format!(r#"{{"a":1}} delete  {LSN}"#));
    let whole = record("D", None, Some(&["a:integer=1", "b:text=\"x\""]));
    assert_eq!(told(&whole), format!(r#"{{"a":1}} delete {{"b":"x"}} {LSN}"#));
    assert_eq!(told(&record("T", None, None)), format!("s.t truncate {LSN}"));
    for text in [r#"{"action":"B"}"#, r#"{"action":"C","lsn":"0/1","nextlsn":"0/2","xid":1}"#] {
        assert_eq!(told(text), "control");
    }
    assert_eq!(told(r#"{"action":"M","transactional":false,"prefix":"p","content":"{}"}"#), "control");
}

#[test]
fn an_update_is_a_patch_unless_it_is_known_to_be_whole() {
    let image: &[&str] = &["a:integer=1", "b/c:text=\"x\""];
    let update = |identity: &[&str]| record("U", Some(image), Some(identity));
    let put = |document: &str| format!(r#"{{"a":1}} put {document} {LSN}"#);
    assert_eq!(told(&update(&["a:integer=1"])), format!(r#"{{"a":1}} patch [("/b~1c", "\"x\"")] {LSN}"#));
    let full = routed(|route| route.images = Images::Full);
    assert_eq!(decoded(&full, &update(&["a:integer=1"])), put(r#"{"b/c":"x"}"#));
    // a full identity brings what the update leaves out
    let whole = update(&["a:integer=1", "b/c:text=\"y\"", "big:text=\"…\""]);
    assert_eq!(told(&whole), put(r#"{"b/c":"x","big":"…"}"#));
    // an index with a column of its own says nothing of the others
    let index = update(&["a:integer=1", "e:text=\"y\""]);
    let patch = r#"patch [("/b~1c", "\"x\""), ("/e", "\"y\"")]"#;
    assert_eq!(told(&index), format!(r#"{{"a":1}} {patch} {LSN}"#));
}

#[test]
fn another_value_in_the_identity_is_a_changed_key() {
    let update = |image: &[&str], identity: &[&str]| record("U", Some(image), Some(identity));
    let both =
        |document: &str| format!(r#"{{"a":1}} delete  {LSN} pair 0; {{"a":2}} put {document} {LSN} pair 0"#);
    let changed = update(&["a:integer=2", "b:text=\"x\""], &["a:integer=1"]);
    assert_eq!(told(&changed), both(r#"{"b":"x"}"#));
    let whole = update(&["a:integer=2", "b:text=\"x\""], &["a:integer=1", "b:text=\"x\"", "big:text=\"…\""]);
    assert_eq!(told(&whole), both(r#"{"b":"x","big":"…"}"#));
    // a table of nothing but its key, or one whose other columns were all left out
    let bare = update(&["a:integer=2"], &["a:integer=1"]);
    assert_eq!(told(&bare), "partial_key_change");
    assert_eq!(decoded(&routed(|route| route.images = Images::Full), &bare), both("{}"));
    let equal = update(&["a:numeric=1.0", "b:text=\"x\""], &["a:numeric=1"]);
    assert!(told(&equal).contains("patch"), "{}", told(&equal));
}

/// A change of format 1 of the table `s.t` with the key `a`; lists as JSON.
fn change(kind: &str, lists: &str) -> String {
    format!(r#"{{"kind":"{kind}","schema":"s","table":"t","pk":{{"pknames":["a"]}},{lists}}}"#)
}

fn transaction(changes: &[String]) -> String {
    format!(r#"{{"nextlsn":"0/1","change":[{}]}}"#, changes.join(","))
}

#[test]
fn what_an_update_leaves_out_is_taken_from_the_identity_whatever_nulls_it_lacks() {
    // REPLICA IDENTITY FULL: `big` is out of line and did not change, `n` and `m` were null before
    let sent = r#""columnnames":["a","n","m"],"columnvalues":[2,"x",null]"#;
    let old = |a: u8| format!(r#""oldkeys":{{"keynames":["a","k","big"],"keyvalues":[{a},"k","long"]}}"#);
    let update = |a: u8| transaction(&[change("update", &format!("{sent},{}", old(a)))]);
    let at = "0000000000000001.00000000";
    let document = r#"{"n":"x","m":null,"k":"k","big":"long"}"#;
    assert_eq!(
        told(&update(1)),
        format!(r#"{{"a":1}} delete  {at} pair 0; {{"a":2}} put {document} {at} pair 0"#)
    );
    let set = r#"[("/n", "\"x\""), ("/m", "null"), ("/k", "\"k\""), ("/big", "\"long\"")]"#;
    assert_eq!(told(&update(2)), format!(r#"{{"a":2}} patch {set} {at}"#));
    // format 2 sends the nulls of the identity, another writer may not
    let image: &[&str] = &["a:integer=2", "n:text=\"x\"", "m:text=null"];
    let identity: &[&str] = &["a:integer=1", "k:text=\"k\"", "big:text=\"long\""];
    assert_eq!(
        told(&record("U", Some(image), Some(identity))),
        format!(r#"{{"a":1}} delete  {LSN} pair 0; {{"a":2}} put {document} {LSN} pair 0"#)
    );
    let with_nulls = [identity, &["n:text=null", "m:text=null"]].concat();
    assert_eq!(
        told(&record("U", Some(image), Some(&with_nulls)).replace(r#""value":1"#, r#""value":2"#)),
        format!(r#"{{"a":2}} put {document} {LSN}"#)
    );
}

#[test]
fn each_change_of_a_transaction_stands_for_itself() {
    let insert = |table: &str, values: &str| {
        change(
            "insert",
            &format!(r#""columnnames":["a","j"],"columntypes":["integer","jsonb"],"columnvalues":{values}"#),
        )
        .replace(r#""table":"t""#, &format!(r#""table":"{table}""#))
    };
    let changes = [
        insert("t", r#"[1,"{}"]"#),
        insert("t", r#"[2,"{"]"#),
        insert("u", r#"[3,"{}"]"#).replace(r#""pknames":["a"]"#, r#""pknames":[]"#),
        r#"{"kind":"message","prefix":"p","content":"c"}"#.to_owned(),
        r#"{"kind":"upsert","schema":"s","table":"t"}"#.to_owned(),
        "7".to_owned(),
        insert("u", r#"[4,"{}"]"#),
    ];
    let Ok(Decoded::Parts(parts)) =
        alone(&Wal2json::default(), &Record::new("s", "7", transaction(&changes)))
    else {
        panic!("no parts")
    };
    let told: Vec<String> = parts
        .into_iter()
        .map(|part| match part {
            Err(error) => format!("{} {:?} {:?}", error.code().as_str(), error.table(), error.key()),
            good => shown(good),
        })
        .collect();
    let at = |place: u8| format!("0000000000000001.0000000{place}");
    assert_eq!(
        told,
        [
            format!(r#"{{"a":1}} put {{"j":{{}}}} {}"#, at(0)),
            r#"bad_json_column Some("s.t") Some("[2]")"#.to_owned(),
            r#"no_key Some("s.u") None"#.to_owned(),
            r#"unknown_operation Some("s.t") None"#.to_owned(),
            "not_a_change_record None None".to_owned(),
            format!(r#"{{"a":4}} put {{"j":{{}}}} {}"#, at(6)),
        ]
    );
    // all of them lack their place, and one letter says so
    let unplaced = transaction(&changes).replace("nextlsn", "x");
    let error = alone(&Wal2json::default(), &Record::new("s", "7", unplaced)).unwrap_err();
    assert_eq!(
        (error.code().as_str(), error.table(), error.key()),
        ("missing_version", Some("s.t"), Some("[1]"))
    );
}

#[test]
fn an_error_names_the_row_by_what_can_be_read_of_it() {
    let error = |payload: String| alone(&Wal2json::default(), &Record::new("s", "7", payload)).unwrap_err();
    let named = |error: &Error| (error.table().map(str::to_owned), error.key().map(str::to_owned));
    let bad: &[&str] = &["a:integer=1", "b:bytea=\"zz\""];
    let of_1 = (Some("s.t".to_owned()), Some("[1]".to_owned()));
    for record in [
        record("I", Some(bad), None),
        record("I", Some(&["a:integer=1"]), None).replace("1/16B2458", "?"),
        record("U", Some(bad), Some(&["a:integer=1"])),
        record("U", Some(bad), Some(&["a:integer=9"])),
        record("U", Some(&["b:text=\"x\"", "b:bytea=\"zz\""]), Some(&["a:integer=1"])),
        record("U", Some(&["a:integer=1"]), None),
        record("D", None, Some(bad)),
    ] {
        assert_eq!(named(&error(record.clone())), of_1, "{record}");
    }
    for record in [record("I", Some(&["a:integer=null"]), None), record("D", None, None)] {
        assert_eq!(named(&error(record.clone())), (Some("s.t".to_owned()), None), "{record}");
    }
}

#[test]
fn a_key_that_the_update_leaves_out_is_in_the_identity() {
    let update = record("U", Some(&["b:text=\"x\""]), Some(&["a:text=\"long\""]));
    assert_eq!(told(&update), format!(r#"{{"a":"long"}} patch [("/b", "\"x\"")] {LSN}"#));
}

#[test]
fn a_transaction_of_format_1_is_an_event_a_row() {
    let names = |of: &str, names: &str, values: &str| format!(r#""{of}names":{names},"{of}values":{values}"#);
    let head = r#""schema":"s","table":"t","pk":{"pknames":["a"],"pktypes":["integer"]}"#;
    let image = |values: &str| names("column", r#"["a","b"]"#, values);
    let old = |values: &str| format!(r#""oldkeys":{{{}}}"#, names("key", r#"["a"]"#, values));
    let payload = format!(
        r#"{{"xid":5,"nextlsn":"0/FF","timestamp":"2019-12-29 04:58:34.806671+01","change":[
            {{"kind":"insert",{head},{}}},{{"kind":"message","transactional":true,"prefix":"","content":""}},
            {{"kind":"update",{head},{},{}}},{{"kind":"update",{head},{},{}}},{{"kind":"delete",{head},{}}},
            {{"kind":"truncate","schema":"s","table":"t"}}]}}"#,
        image(r#"[1,"x"]"#),
        image(r#"[1,"y"]"#),
        old("[1]"),
        image(r#"[2,"y"]"#),
        old("[1]"),
        old("[2]"),
    );
    let at = |place: u32| format!("00000000000000ff.{place:08x}");
    let expected = [
        format!(r#"{{"a":1}} put {{"b":"x"}} {}"#, at(0)),
        format!(r#"{{"a":1}} patch [("/b", "\"y\"")] {}"#, at(2)),
        format!(r#"{{"a":1}} delete  {} pair 3"#, at(3)),
        format!(r#"{{"a":2}} put {{"b":"y"}} {} pair 3"#, at(3)),
        format!(r#"{{"a":2}} delete  {}"#, at(4)),
        format!("s.t truncate {}", at(5)),
    ];
    assert_eq!(told(&payload), expected.join("; "));
    let Ok(Decoded::Parts(mut parts)) = alone(&Wal2json::default(), &Record::new("s", "7", payload)) else {
        panic!("no parts")
    };
    let Ok(Decoded::Events(events)) = parts.remove(0) else { panic!("no event") };
    assert_eq!(events[0].changed_at.unwrap().to_string(), "2019-12-29T03:58:34.806671Z");
    assert_eq!(told(r#"{"change":[]}"#), "control");
    assert_eq!(told(r#"{"change":[{"kind":"message","prefix":"p","content":"c"}]}"#), "control");
}

#[test]
fn values_get_the_form_of_their_type() {
    let table = [
        ("numeric(30,10)", "12345678901234567890.1234567890", "12345678901234567890.1234567890"),
        ("numeric(5,2)", "\"1.50\"", "1.50"),
        ("bigint", "\"9223372036854775807\"", "9223372036854775807"),
        ("double precision", "\"NaN\"", "\"NaN\""),
        ("real", "\"-Infinity\"", "\"-Infinity\""),
        ("real", "1e+20", "1e+20"),
        ("integer", "null", "null"),
        ("boolean", "true", "true"),
        ("character varying(30)", "\"007\"", "\"007\""),
        ("bytea", "\"00ff41\"", "\"AP9B\""),
        ("bytea", "\"\"", "\"\""),
        ("jsonb", r#""{\"b\": [1.10, null], \"a\": \"\\n\"}""#, r#"{"b":[1.10,null],"a":"\n"}"#),
        ("json", "\"7\"", "7"),
        ("integer[]", "\"{1,2}\"", "\"{1,2}\""),
        ("timestamp with time zone", "\"2020-01-01 00:00:00+00\"", "\"2020-01-01 00:00:00+00\""),
        ("uuid", "\"a0eebc99\"", "\"a0eebc99\""),
    ];
    for (kind, value, expected) in table {
        let insert = record("I", Some(&["a:integer=1", &format!("v:{kind}={value}")]), None);
        assert_eq!(told(&insert), format!(r#"{{"a":1}} put {{"v":{expected}}} {LSN}"#), "{kind}");
    }
    for (kind, value, code) in [
        ("bytea", "\"0\"", "bad_bytea"),
        ("bytea", "\"zz\"", "bad_bytea"),
        ("jsonb", "\"{\"", "bad_json_column"),
        ("json", "\"1 2\"", "bad_json_column"),
    ] {
        let insert = record("I", Some(&["a:integer=1", &format!("v:{kind}={value}")]), None);
        assert_eq!(told(&insert), code, "{kind}");
    }
}

#[test]
fn what_is_wrong_is_poison_with_a_code_of_its_own() {
    let insert = record("I", Some(&["a:integer=1"]), None);
    let with = |field: &str, value: &str| insert.replacen(field, value, 1);
    let lsn = r#""lsn":"1/16B2458""#;
    let key = r#""pk":[{"name":"a","type":"integer"}]"#;
    let columns = r#""columns":[{"name":"a","type":"integer","value":1}]"#;
    let v1 = |change: &str| format!(r#"{{"nextlsn":"0/1","change":[{change}]}}"#);
    let v1_insert =
        |lists: &str| v1(&format!(r#"{{"kind":"insert","table":"t","pk":{{"pknames":["a"]}},{lists}}}"#));
    let table = [
        (with(lsn, r#""xid":1"#), "missing_version"),
        (with(lsn, r#""lsn":null"#), "missing_version"),
        (with(lsn, r#""lsn":7"#), "missing_version"),
        (with(lsn, r#""lsn":"16B2458""#), "missing_version"),
        (with(lsn, r#""lsn":"1/+6B""#), "missing_version"),
        (with(lsn, r#""lsn":"1/""#), "missing_version"),
        (with(lsn, r#""lsn":"1/123456789""#), "missing_version"),
        (with(key, r#""pk":[]"#), "no_key"),
        (with(key, r#""pk":7"#), "bad_field"),
        (with(key, r#""pk":{"pknames":[1]}"#), "bad_field"),
        (with(key, r#""x":1"#), "unknown_key"),
        (with(key, r#""pk":[{"name":"z"}]"#), "missing_key"),
        (with(columns, r#""x":1"#), "bad_field"),
        (with(columns, r#""columns":{}"#), "bad_field"),
        (with(columns, r#""columns":[7]"#), "bad_field"),
        (with(columns, r#""columns":[{"value":1}]"#), "bad_field"),
        (with(columns, r#""columns":[{"name":"a"}]"#), "bad_field"),
        (with(columns, r#""columns":[{"name":"a","value":null}]"#), "null_key"),
        (
            with(columns, r#""columns":[{"name":"a","value":1},{"name":"a","value":1}]"#),
            "duplicate_key_member",
        ),
        (with(r#""table":"t""#, r#""table":null"#), "not_a_change_record"),
        (with(r#""schema":"s""#, r#""schema":1"#), "not_a_change_record"),
        (with(r#""action":"I""#, r#""action":"X""#), "not_a_change_record"),
        (with(r#""action":"I""#, r#""action":1"#), "not_a_change_record"),
        (record("D", None, None), "no_before_image"),
        (record("D", None, Some(&["b:text=\"x\""])), "no_before_image"),
        (record("D", None, Some(&["a:integer=null"])), "null_key"),
        (record("U", Some(&["a:integer=1"]), None), "no_before_image"),
        (record("U", None, Some(&["a:integer=1"])), "bad_field"),
        (v1("7"), "not_a_change_record"),
        (v1(r#"{"kind":"upsert"}"#), "unknown_operation"),
        (v1_insert(r#""columnnames":["a"],"columnvalues":[1,2]"#), "bad_field"),
        (v1_insert(r#""columnnames":["a"],"columnvalues":[1],"columntypes":[]"#), "bad_field"),
        (v1_insert(r#""columnnames":[1],"columnvalues":[1]"#), "bad_field"),
        (v1_insert(r#""columnnames":"a","columnvalues":[1]"#), "bad_field"),
        (v1_insert(r#""columnnames":["a"],"columnvalues":[1]"#).replace("nextlsn", "x"), "missing_version"),
        (r#"{"change":7}"#.to_owned(), "not_a_change_record"),
        (r#"{"action":"B""#.to_owned(), "not_json"),
    ];
    for (payload, code) in table {
        assert_eq!(told(&payload), code, "{payload}");
    }
}

#[test]
fn a_table_without_a_key_is_what_its_route_says() {
    let keyless = |text: String| text.replace(r#""pk":[{"name":"a","type":"integer"}]"#, r#""pk":[]"#);
    let image: &[&str] = &["a:integer=2", "b:text=null"];
    let insert = keyless(record("I", Some(image), None));
    let update = keyless(record("U", Some(image), Some(&["a:integer=1", "b:text=null", "c:text=\"…\""])));
    let by_position = routed(|route| route.keyless = Keyless::Position);
    assert_eq!(decoded(&by_position, &insert), format!(r#"{{"position":"7"}} put {{"a":2,"b":null}} {LSN}"#));
    assert_eq!(decoded(&by_position, &update), "keyless_change");
    let by_row = routed(|route| route.keyless = Keyless::Row);
    assert_eq!(decoded(&by_row, &insert), format!(r#"{{"a":2,"b":null}} put {{}} {LSN}"#));
    assert_eq!(
        decoded(&by_row, &update),
        format!(
            r#"{{"a":1,"b":null,"c":"…"}} delete  {LSN} pair 0; {{"a":2,"b":null,"c":"…"}} put {{}} {LSN} pair 0"#
        )
    );
    let narrow = keyless(record("U", Some(image), Some(&["a:integer=1"])));
    assert_eq!(decoded(&by_row, &narrow), "no_before_image");
    let format_1 = r#"{"nextlsn":"0/1","change":[{"kind":"delete","table":"t",
            "oldkeys":{"keynames":["a"],"keyvalues":[1]}}]}"#;
    assert_eq!(decoded(&by_row, format_1), "no_before_image");
}

#[test]
fn a_table_without_a_route_needs_no_key() {
    let other = Informed::new(Wal2json::default(), rules("s.other", |_| {}));
    assert_eq!(decoded(&other, &record("U", None, None)), "unrouted");
    let insert = |table: &str| {
        format!(
            r#"{{"kind":"insert","schema":"s","table":"{table}","columnnames":["a"],"columnvalues":[1],"pk":{{"pknames":["a"]}}}}"#
        )
    };
    let transaction = |changes: &str| format!(r#"{{"nextlsn":"0/1","change":[{changes}]}}"#);
    assert_eq!(decoded(&other, &transaction(&insert("t"))), "unrouted");
    let both = transaction(&format!("{},{}", insert("t"), insert("other")));
    assert_eq!(decoded(&other, &both), r#"{"a":1} put {} 0000000000000001.00000001; unrouted"#);
}

#[test]
fn a_record_is_recognised_by_its_action_or_its_changes() {
    let recognised = |payload: &str| Wal2json::default().recognises(&LazyObject::of(payload.as_bytes()));
    for ours in [
        r#"{"action":"B"}"#,
        r#"{"action":"C","xid":1,"timestamp":"","origin":0,"lsn":"0/1","nextlsn":"0/2"}"#,
        r#"{"action":"M","transactional":true,"prefix":"p","content":"c"}"#,
        r#"{"action":"T","table":"t"}"#,
        r#"{"xid":1,"change":[]}"#,
    ] {
        assert!(recognised(ours), "{ours}");
    }
    for other in [
        r#"{"action":"B","payload":1}"#,
        r#"{"action":"I","row":1}"#,
        r#"{"action":"insert","table":"t"}"#,
        r#"{"action":1,"change":{}}"#,
        r#"{"change":[],"status":"new"}"#,
        "[]",
        "",
    ] {
        assert!(!recognised(other), "{other}");
    }
}
