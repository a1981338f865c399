use super::Mongodb;
use crate::decode::informed::{Informed, alone, by_arrival, rules};
use crate::decode::{Decoded, Decoder, LazyObject, Reason};
use crate::event::{Change, ChangeEvent};
use crate::record::Record;
use crate::rules::Rules;
use crate::{Error, Result};
use proptest::prelude::*;

const TOKEN: &str = "82669683C2000000022B042C0100296E5A10";

/// An event with these members behind the usual ones.
fn with(operation: &str, members: &str) -> String {
    format!(
        r#"{{"_id":{{"_data":"{TOKEN}"}},"operationType":"{operation}","clusterTime":{{"$timestamp":{{"t":1721140162,"i":2}}}},"ns":{{"db":"shop","coll":"orders"}}{members}}}"#
    )
}

fn updated(description: &str) -> String {
    with("update", &format!(r#","documentKey":{{"_id":1}},"updateDescription":{{{description}}}"#))
}

fn decode(payload: &str) -> Result<Decoded> {
    alone(&Mongodb::default(), &Record::new("s", "1", payload.to_owned()))
}

fn event(payload: &str) -> ChangeEvent {
    match decode(payload) {
        Ok(Decoded::Events(mut events)) if events.len() == 1 => events.remove(0),
        other => panic!("{payload}: {other:?}"),
    }
}

fn refused(payload: &str) -> Error {
    decode(payload).expect_err(payload)
}

fn shown(event: &ChangeEvent) -> String {
    match &event.change {
        Change::Put(document) => format!("put {}", document.to_json()),
        Change::Patch(patch) => format!("set {:?} remove {:?}", patch.set, patch.remove),
        Change::Delete(document) => format!("delete {:?}", document.as_ref().map(|it| it.to_json())),
        Change::Truncate => "truncate".to_owned(),
    }
}

fn routed(key: &[&str]) -> Informed<Mongodb> {
    let key = key.iter().map(|name| (*name).to_owned()).collect();
    Informed::new(Mongodb::default(), rules("*", |it| it.key = key))
}

#[test]
fn each_operation_is_the_change_it_says() {
    let key = r#","documentKey":{"_id":{"$oid":"669683C2b0750b2c84893f3e"}}"#;
    let full =
        r#","fullDocument":{"_id":{"$oid":"669683c2b0750b2c84893f3e"},"n":{"$numberInt":"1"},"_x":null}"#;
    let before = full.replace("fullDocument", "fullDocumentBeforeChange");
    for (operation, members, change) in [
        ("insert", format!("{full}{key}"), r#"put {"n":1,"_x":null}"#),
        ("replace", format!("{key}{full}"), r#"put {"n":1,"_x":null}"#),
        ("update", format!("{full}{key}"), r#"put {"n":1,"_x":null}"#),
        ("delete", key.to_owned(), "delete None"),
        ("delete", format!("{key}{before}"), r#"delete Some("{\"n\":1,\"_x\":null}")"#),
    ] {
        let event = event(&with(operation, &members));
        assert_eq!(shown(&event), change, "{operation}");
        assert_eq!(event.table, "shop.orders");
        assert_eq!(event.key.unwrap().to_json(), r#"{"_id":"669683c2b0750b2c84893f3e"}"#);
        assert_eq!(event.version.as_str(), format!("n.0000.1.669683c200000002.{TOKEN}"));
        assert_eq!(event.changed_at.unwrap().to_string(), "2024-07-16T14:29:22.000000Z");
    }
    let drop = event(&with("drop", ""));
    assert_eq!((shown(&drop).as_str(), drop.key), ("truncate", None));
}

#[test]
fn what_concerns_no_document_is_ignored_and_what_does_is_not() {
    for operation in
        ["rename", "dropDatabase", "invalidate", "create", "createIndexes", "modify", "a_new_one"]
    {
        let ignored = decode(&with(operation, r#","to":{"db":"shop","coll":"old"}"#));
        assert!(matches!(ignored, Ok(Decoded::Ignored(Reason::Control))), "{operation}");
    }
    let invalidate = format!(r#"{{"_id":{{"_data":"{TOKEN}"}},"operationType":"invalidate"}}"#);
    assert!(matches!(decode(&invalidate), Ok(Decoded::Ignored(Reason::Control))));
    let unknown = with("upsert", r#","documentKey":{"_id":1}"#);
    assert_eq!(refused(&unknown).code().as_str(), "unknown_operation");
}

#[test]
fn the_time_is_read_in_every_form_and_stands_in_the_token_too() {
    let at = r#"{"$timestamp":{"t":1721140162,"i":2}}"#;
    let delete = with("delete", r#","documentKey":{"_id":1}"#);
    let expected = event(&delete).version;
    for other in [
        r#"{"T":1721140162,"I":2}"#,
        r#"{"$timestamp":{"i":2,"t":1721140162}}"#,
        r#"{"$timestamp":"7392240707622141954"}"#,
        r#"{"t":1721140162,"i":2}"#,
        "null",
    ] {
        assert_eq!(event(&delete.replace(at, other)).version, expected, "{other}");
    }
    assert_eq!(event(&delete.replace(TOKEN, &TOKEN.to_lowercase())).version, expected);
    let wall = delete.replace(r#","ns""#, r#","wallTime":{"$date":"2024-07-16T14:29:22.907Z"},"ns""#);
    assert_eq!(event(&wall).changed_at.unwrap().to_string(), "2024-07-16T14:29:22.907000Z");
    let plain = delete.replace(r#","ns""#, r#","wallTime":"2024-07-16T14:29:22.907Z","ns""#);
    assert_eq!(event(&plain).changed_at, event(&wall).changed_at);
    for odd in [r#"{"$date":{"$numberLong":"9223372036854775807"}}"#, r#"{"$date":-1}"#, "7", "null"] {
        let odd = plain.replace(r#""2024-07-16T14:29:22.907Z""#, odd);
        assert_eq!(event(&odd).changed_at.unwrap().to_string(), "2024-07-16T14:29:22.000000Z");
    }
}

#[test]
fn a_record_without_version_is_never_given_another() {
    let delete = with("delete", r#","documentKey":{"_id":1}"#);
    for broken in [
        delete.replace(TOKEN, ""),
        delete.replace(TOKEN, "82x"),
        delete.replace(&format!("\"{TOKEN}\""), r#"{"$binary":{"base64":"AQID","subType":"00"}}"#),
        delete.replace("_data", "data"),
        delete.replace(r#"{"$timestamp":{"t":1721140162,"i":2}}"#, "1721140162"),
        delete.replace("1721140162", "-1"),
        delete.replace(r#""i":2"#, r#""i":4294967296"#),
        delete.replace(r#"{"$timestamp":{"t":1721140162,"i":2}}"#, "null").replace("82669683", "83669683"),
    ] {
        assert_eq!(refused(&broken).code().as_str(), "missing_version", "{broken}");
    }
}

#[test]
fn by_arrival_no_version_is_needed() {
    let by_arrival = Informed::new(Mongodb::default(), by_arrival(Rules::default()));
    let bare = with("delete", r#","documentKey":{"_id":1}"#).replace(TOKEN, "");
    assert!(alone(&by_arrival, &Record::new("s", "1", bare)).is_ok());
}

#[test]
fn versions_are_in_the_order_of_time_and_then_of_tokens() {
    let version = |seconds: u32, ordinal: u32, token: &str| {
        let delete = with("delete", r#","documentKey":{"_id":1}"#);
        let times = (delete.replace("1721140162", &seconds.to_string()))
            .replace(r#""i":2"#, &format!(r#""i":{ordinal}"#));
        event(&times.replace(TOKEN, token)).version
    };
    let ordered = [
        version(9, 99, "82FF"),
        version(10, 1, "8200"),
        version(10, 2, "8200"),
        version(10, 2, "82002B"),
        version(10, 2, "8201"),
        version(10, 10, "82"),
    ];
    assert!(ordered.is_sorted_by(|a, b| a < b), "{ordered:?}");
}

#[test]
fn a_path_becomes_the_pointer_that_it_means() {
    let check = |description: &str, patch: &str| {
        assert_eq!(shown(&event(&updated(description))), patch, "{description}");
    };
    check(
        r#""updatedFields":{"a":{"$numberLong":"7"},"b.c":[1],"d.0.e~/f":"x"},"removedFields":["g","h.i"],"truncatedArrays":[]"#,
        r#"set [("/a", "7"), ("/b/c", "[1]"), ("/d/0/e~0~1f", "\"x\"")] remove ["/g", "/h/i"]"#,
    );
    check(
        r#""updatedFields":{"a.0.b.c":2,"d.1":3,"e..f":4},"removedFields":["o.0.1"],"disambiguatedPaths":{"a.0.b.c":["a",0,"b.c"],"o.0.1":["o","0",{"$numberInt":"1"}]}"#,
        r#"set [("/a/0/b.c", "2"), ("/d/1", "3"), ("/e//f", "4")] remove ["/o/0/1"]"#,
    );
    check(r#""updatedFields":null,"removedFields":["x"],"truncatedArrays":null"#, r#"set [] remove ["/x"]"#);
    check(
        r#""updatedFields":{"a.0":1},"truncatedArrays":[{"field":"a","newSize":{"$numberInt":"0"}}]"#,
        r#"set [("/a", "[]"), ("/a/0", "1")] remove []"#,
    );
}

#[test]
fn a_patch_that_cannot_be_exact_is_refused_with_advice() {
    let check = |description: &str, code: &str| {
        let error = refused(&updated(description));
        assert_eq!(error.code().as_str(), code, "{description}");
        assert!(code == "bad_field" || error.message().contains("fullDocument"), "{error}");
    };
    check(r#""updatedFields":{},"truncatedArrays":[{"field":"a","newSize":2}]"#, "truncated_array");
    check(r#""updatedFields":{"a..b":1}"#, "ambiguous_path");
    check(r#""updatedFields":{"a.":1}"#, "ambiguous_path");
    for wrong in [
        r#""updatedFields":[1]"#,
        r#""removedFields":{"a":1}"#,
        r#""removedFields":[1]"#,
        r#""truncatedArrays":[{"newSize":0}]"#,
        r#""disambiguatedPaths":{"a.b":"a"}"#,
        r#""disambiguatedPaths":{"a.b":[]}"#,
        r#""disambiguatedPaths":{"a.b":["a",-1]}"#,
        r#""disambiguatedPaths":{"a.b":["a",null]}"#,
    ] {
        check(wrong, "bad_field");
    }
    check(r#""diff":{"u":{"a":1}}"#, "no_full_document");
    assert_eq!(refused(&with("update", r#","documentKey":{"_id":1}"#)).code().as_str(), "no_full_document");
    assert_eq!(refused(&with("insert", r#","documentKey":{"_id":1}"#)).code().as_str(), "no_full_document");
    let split = updated(r#""updatedFields":{"a":1}},"splitEvent":{"fragment":1,"of":2"#);
    assert_eq!(refused(&split).code().as_str(), "split_event");
}

#[test]
fn a_document_that_could_not_be_looked_up_leaves_what_the_update_said() {
    let null = updated(r#""updatedFields":{"a":1}},"fullDocument":null,"x":{"#);
    assert_eq!(shown(&event(&null)), r#"set [("/a", "1")] remove []"#);
}

#[test]
fn the_shard_key_is_part_of_the_key_unless_the_route_says_otherwise() {
    let sharded = |operation: &str, members: &str| {
        with(operation, &format!(r#","documentKey":{{"region":"eu","at.city":"x","_id":1}}{members}"#))
    };
    let full = r#","fullDocument":{"_id":1,"region":"eu","at":{"city":"x"},"n":1}"#;
    let put = event(&sharded("insert", full));
    assert_eq!(put.key.as_ref().unwrap().to_json(), r#"{"_id":1,"at.city":"x","region":"eu"}"#);
    assert_eq!(shown(&put), r#"put {"at":{"city":"x"},"n":1}"#);
    for path in ["region", "at", "at.city", "at.city.x"] {
        let description = format!(r#","updateDescription":{{"updatedFields":{{"n":1,"{path}":"us"}}}}"#);
        assert_eq!(refused(&sharded("update", &description)).code().as_str(), "shard_key_changed", "{path}");
        let looked_up = sharded("update", &format!("{full}{description}"));
        assert_eq!(refused(&looked_up).code().as_str(), "shard_key_changed", "{path}");
    }
    let removed = r#","updateDescription":{"removedFields":["region"]}"#;
    assert_eq!(refused(&sharded("update", &format!("{full}{removed}"))).code().as_str(), "shard_key_changed");
    let cut =
        r#","updateDescription":{"updatedFields":{"atom":1},"truncatedArrays":[{"field":"a","newSize":2}]}"#;
    assert_eq!(shown(&event(&sharded("update", &format!("{full}{cut}")))), shown(&put));

    let decoder = routed(&["_id"]);
    let moved = sharded("update", r#","updateDescription":{"updatedFields":{"region":"us"}}"#);
    let Ok(Decoded::Events(events)) = alone(&decoder, &Record::new("s", "1", moved)) else {
        panic!("no event")
    };
    assert_eq!(events[0].key.as_ref().unwrap().to_json(), r#"{"_id":1}"#);
    assert_eq!(shown(&events[0]), r#"set [("/region", "\"us\"")] remove []"#);
}

#[test]
fn a_key_that_lacks_a_part_is_refused_and_never_widened() {
    for (members, code) in [
        ("", "no_key"),
        (r#","documentKey":null"#, "no_key"),
        (r#","documentKey":{}"#, "no_key"),
        (r#","documentKey":{"_id":null}"#, "null_key"),
        (r#","documentKey":{"_id":{"$undefined":true}}"#, "null_key"),
        (r#","documentKey":{"region":null,"_id":1}"#, "null_key"),
        (r#","documentKey":{"_id":1,"_id":2}"#, "duplicate_key_member"),
        (r#","documentKey":[1]"#, "bad_field"),
        (r#","documentKey":"1""#, "bad_field"),
    ] {
        assert_eq!(refused(&with("delete", members)).code().as_str(), code, "{members}");
    }
    let record = Record::new("s", "1", with("delete", r#","documentKey":{"_id":1}"#));
    let error = alone(&routed(&["_id", "region"]), &record).unwrap_err();
    assert!(error.code() == crate::error::Code::NoKey && error.message().contains("region"), "{error}");
}

#[test]
fn members_of_a_wrong_type_are_refused_and_values_are_never_told() {
    let whole = with("insert", r#","documentKey":{"_id":1},"fullDocument":{"_id":1,"s":"SECRET"}"#);
    for (from, to) in [
        (r#""insert""#, "7"),
        (r#"{"_id":1,"s":"SECRET"}"#, r#"["SECRET"]"#),
        (r#"{"_id":1,"s":"SECRET"}"#, r#""SECRET""#),
        (r#"{"db":"shop","coll":"orders"}"#, r#""SECRET""#),
        (r#""shop""#, "7"),
        (r#""orders""#, "null"),
        (r#""fullDocument""#, r#""updateDescription":7,"fullDocument""#),
        (r#"{"_id":1,"s":"SECRET"}}"#, r#"{"_id":1,"s":"SECRET"}} x"#),
    ] {
        let error = refused(&whole.replace(from, to));
        assert!(!error.to_string().contains("SECRET"), "{error}");
    }
    let deep = format!(r#"{{"_id":1,"a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    assert_eq!(refused(&whole.replace(r#"{"_id":1,"s":"SECRET"}"#, &deep)).code().as_str(), "too_deep");
}

#[test]
fn an_error_names_the_document_by_what_can_be_read_of_it() {
    let named = |payload: &str| {
        let error = refused(payload);
        format!("{} {} {}", error.code().as_str(), error.table().unwrap_or("-"), error.key().unwrap_or("-"))
    };
    let key = r#","documentKey":{"_id":1}"#;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let insert = with("insert", &format!(r#"{key},"fullDocument":{{"_id":1,"a":{deep}}}"#));
    let trigger = format!(r#"{{"detail-type":"x","detail":{}}}"#, with("upsert", key));
    for (payload, expected) in [
        (insert.clone(), "too_deep shop.orders [1]"),
        (insert.replace(r#"_id":1,"a":"#, r#"_id":1,"a":x"#), "not_json shop.orders [1]"),
        (with("upsert", key), "unknown_operation shop.orders [1]"),
        (trigger, "unknown_operation shop.orders [1]"),
        (with("delete", key).replace(TOKEN, "x"), "missing_version shop.orders [1]"),
        (with("update", key), "no_full_document shop.orders [1]"),
        (with("update", &format!(r#"{key},"updateDescription":7"#)), "bad_field shop.orders [1]"),
        (with("update", &format!(r#"{key},"splitEvent":{{}}"#)), "split_event shop.orders [1]"),
        (with("delete", r#","documentKey":7"#), "bad_field shop.orders -"),
        (with("delete", key).replace(r#""orders""#, "7"), "no_table - -"),
    ] {
        assert_eq!(named(&payload), expected, "{payload}");
    }
}

#[test]
fn odd_names_stay_what_they_are() {
    let names = ["a\\\"b", "a.b", "drop table x;--", "Order", "select", &"x".repeat(200), "$set", ""];
    for name in names {
        let full = format!(r#","documentKey":{{"_id":1}},"fullDocument":{{"_id":1,"{name}":1}}"#);
        assert_eq!(shown(&event(&with("insert", &full))), format!(r#"put {{"{name}":1}}"#));
    }
    let odd = with("delete", r#","documentKey":{"_id":1}"#).replace("orders", "or.de\\\"rs;");
    assert_eq!(event(&odd).table, "shop.or.de\"rs;");
}

#[test]
fn only_change_events_are_taken_plain_and_from_a_trigger() {
    let recognises = |text: &str| Mongodb::default().recognises(&LazyObject::of(text.as_bytes()));
    let delete = with("delete", r#","documentKey":{"_id":1}"#);
    let trigger = format!(
        r#"{{"version":"0","detail-type":"MongoDB Database Trigger for shop.orders","detail":{delete}}}"#
    );
    assert!(recognises(&delete) && recognises(&trigger));
    assert_eq!(event(&trigger).version, event(&delete).version);
    for other in [
        "{}",
        "[]",
        "",
        r#"{"_id":"x","operationType":"insert"}"#,
        r#"{"_id":{"x":1},"operationType":"insert"}"#,
        r#"{"_id":{"_data":"82"},"operationType":7}"#,
        r#"{"operationType":"insert","ns":{"db":"a","coll":"b"}}"#,
        r#"{"detail-type":"x","detail":{"a":1}}"#,
    ] {
        assert!(!recognises(other), "{other}");
        assert!(decode(other).is_err(), "{other}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(
        text in r#"[\[\]{}:,"$._a-z0-9 ]{0,40}"#,
        operation in "insert|update|delete|drop",
    ) {
        let _either = decode(&text);
        let _or = decode(&with(&operation, &format!(r#","documentKey":{{"_id":{text}}},"fullDocument":{{{text}}}"#)));
        let _or_else = decode(&updated(&text));
    }
}
