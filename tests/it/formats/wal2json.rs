//! wal2json: both formats, with full images and with what an update may leave out.

use super::{Delivered, Format, Row, Step, converges};
use crate::model::{Memory, take};
use rowtide::config::Config;
use rowtide::pipeline::Flow;
use rowtide::policy::RoutePolicy;
use rowtide::record::Record;
use rowtide::rules::Images;

fn column(row: &Row, name: &str) -> String {
    let (kind, value) = match name {
        "id" => ("integer", row.id.to_string()),
        "name" => ("text", format!(r#""{}""#, row.name)),
        _ => ("bigint", row.n.map_or_else(|| "null".to_owned(), |n| n.to_string())),
    };
    format!(r#"{{"name":"{name}","type":"{kind}","value":{value}}}"#)
}

fn columns(row: &Row, names: &[&str]) -> String {
    let columns: Vec<String> = names.iter().map(|name| column(row, name)).collect();
    format!("[{}]", columns.join(","))
}

const KEY: &[&str] = &["id"];
pub(super) const ALL: &[&str] = &["id", "name", "n"];

/// Format 2. `identity` names what the replica identity has of the old row; an update leaves out the columns of
/// `out_of_line` that it does not change.
pub(super) fn format_2(step: &Step, at: u64, identity: &[&str], out_of_line: &[&str]) -> Vec<Record> {
    let (action, rest) = match step {
        // the stream itself has no loads; here a row counts as written when it was read
        Step::Load(row) | Step::Insert(row) => ("I", format!(r#""columns":{}"#, columns(row, ALL))),
        Step::Update { before, after } => {
            let same = |name: &&str| column(before, name) == column(after, name);
            let sent: Vec<&str> =
                ALL.iter().filter(|name| !(out_of_line.contains(name) && same(name))).copied().collect();
            let columns = columns(after, &sent);
            ("U", format!(r#""columns":{columns},"identity":{}"#, self::columns(before, identity)))
        }
        Step::Delete(row) => ("D", format!(r#""identity":{}"#, columns(row, identity))),
    };
    let lsn = format!("{:X}/{:X}", 1 + at / 8, 0xFFFF_FF00 + at % 8 * 0x18);
    let payload = format!(
        r#"{{"action":"{action}","lsn":"{lsn}","schema":"shop","table":"orders",{rest},"pk":[{{"name":"id","type":"integer"}}]}}"#
    );
    vec![Record::new("stream", at.to_string(), payload)]
}

fn lists(row: &Row, names: &[&str], of: &str) -> String {
    let values = names.iter().map(|name| match *name {
        "id" => row.id.to_string(),
        "name" => format!(r#""{}""#, row.name),
        _ => row.n.map_or_else(|| "null".to_owned(), |n| n.to_string()),
    });
    let values: Vec<String> = values.collect();
    format!(r#""{of}names":["{}"],"{of}values":[{}]"#, names.join(r#"",""#), values.join(","))
}

/// Format 1: a transaction that touches a row of another table first, then this one.
fn format_1(step: &Step, at: u64) -> Vec<Record> {
    let change = match step {
        Step::Load(row) | Step::Insert(row) => format!(r#""kind":"insert",{}"#, lists(row, ALL, "column")),
        Step::Update { before, after } => {
            let oldkeys = lists(before, KEY, "key");
            format!(r#""kind":"update",{},"oldkeys":{{{oldkeys}}}"#, lists(after, ALL, "column"))
        }
        Step::Delete(row) => format!(r#""kind":"delete","oldkeys":{{{}}}"#, lists(row, KEY, "key")),
    };
    let other = r#"{"kind":"message","transactional":true,"prefix":"p","content":"c"}"#;
    let table = r#""schema":"shop","table":"orders","pk":{"pknames":["id"],"pktypes":["integer"]}"#;
    let payload =
        format!(r#"{{"nextlsn":"0/{:X}","change":[{other},{{{table},{change}}}]}}"#, 0x1000 + at * 8);
    vec![Record::new("stream", at.to_string(), payload)]
}

fn full_images() -> Config {
    let mut config = Config::default();
    config.routes = vec![RoutePolicy { images: Images::Full, ..RoutePolicy::default() }];
    config
}

#[test]
fn with_a_full_replica_identity_wal2json_converges_in_any_order() {
    converges(&Format::new(|step, at| format_2(step, at, ALL, &["name", "n"])));
}

#[test]
fn a_route_with_full_images_converges_in_any_order() {
    converges(&Format { config: full_images(), ..Format::new(|step, at| format_2(step, at, KEY, &[])) });
    converges(&Format { config: full_images(), ..Format::new(format_1) });
}

#[test]
fn partial_images_converge_in_order() {
    let delivered = Delivered::InOrder;
    let partial = Format::new(|step, at| format_2(step, at, KEY, &["name", "n"]));
    converges(&Format { delivered, changes_keys: false, ..partial });
    converges(&Format { delivered, ..Format::new(|step, at| format_2(step, at, KEY, &[])) });
    converges(&Format { delivered, ..Format::new(format_1) });
}

fn row(id: u8, name: &str, n: i64) -> Row {
    Row { id, name: name.to_owned(), n: Some(n) }
}

fn view(steps: &[(u64, Step)]) -> Vec<String> {
    let memory = Memory::new();
    for (at, step) in steps {
        let records = format_2(step, *at, KEY, &["name", "n"]);
        drop(take(&Flow::new(&Config::default()).unwrap(), &memory, &records));
    }
    memory.live().into_values().collect()
}

#[test]
fn a_partial_image_that_arrives_late_is_lost() {
    let insert = (1, Step::Insert(row(1, "a", 1)));
    let name = (2, Step::Update { before: row(1, "a", 1), after: row(1, "b", 1) });
    let number = (3, Step::Update { before: row(1, "b", 1), after: row(1, "b", 2) });
    let in_order = [insert.clone(), name.clone(), number.clone()];
    assert_eq!(view(&in_order), [r#"{"n":2,"name":"b"}"#]);
    // the limit: patches do not commute
    assert_eq!(view(&[insert, number, name]), [r#"{"n":2,"name":"a"}"#]);
}

#[test]
fn a_changed_key_loses_what_the_update_leaves_out_unless_the_identity_is_full() {
    let change = Step::Update { before: row(1, "a", 1), after: row(2, "b", 1) };
    // the limit: n did not change, is stored out of line, and nothing says that it is missing
    assert_eq!(view(&[(1, Step::Insert(row(1, "a", 1))), (2, change.clone())]), [r#"{"name":"b"}"#]);
    let memory = Memory::new();
    let records = format_2(&change, 2, ALL, &["name", "n"]);
    drop(take(&Flow::new(&Config::default()).unwrap(), &memory, &records));
    assert_eq!(memory.live().into_values().collect::<Vec<_>>(), [r#"{"n":1,"name":"b"}"#]);
}
