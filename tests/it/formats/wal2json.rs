//! wal2json: both formats, with full images and with what an update may leave out.

use super::{Delivered, Format, Row, Step, converges};
use rowtide::config::{Config, Images, RouteConfig};
use rowtide::record::Record;

/// A long name is stored out of line, and is left out of an update that does not change it.
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

/// Format 2; `identity` names what the replica identity has of the old row.
fn format_2(step: &Step, at: u64, identity: &[&str]) -> Vec<Record> {
    let (action, rest) = match step {
        // the stream itself has no loads; here a row counts as written when it was read
        Step::Load(row) | Step::Insert(row) => {
            ("I", format!(r#""columns":{}"#, columns(row, &["id", "name", "n"])))
        }
        Step::Update { before, after } => {
            let columns = columns(after, &["id", "name", "n"]);
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
    let all = ["id", "name", "n"];
    let change = match step {
        Step::Load(row) | Step::Insert(row) => format!(r#""kind":"insert",{}"#, lists(row, &all, "column")),
        Step::Update { before, after } => {
            let oldkeys = lists(before, &["id"], "key");
            format!(r#""kind":"update",{},"oldkeys":{{{oldkeys}}}"#, lists(after, &all, "column"))
        }
        Step::Delete(row) => format!(r#""kind":"delete","oldkeys":{{{}}}"#, lists(row, &["id"], "key")),
    };
    let other = r#"{"kind":"message","transactional":true,"prefix":"p","content":"c"}"#;
    let table = r#""schema":"shop","table":"orders","pk":{"pknames":["id"],"pktypes":["integer"]}"#;
    let payload =
        format!(r#"{{"nextlsn":"0/{:X}","change":[{other},{{{table},{change}}}]}}"#, 0x1000 + at * 8);
    vec![Record::new("stream", at.to_string(), payload)]
}

fn full_images() -> Config {
    let mut config = Config::default();
    config.routes = vec![RouteConfig { images: Images::Full, ..RouteConfig::default() }];
    config
}

#[test]
fn with_a_full_replica_identity_wal2json_converges_in_any_order() {
    converges(&Format::new(|step, at| format_2(step, at, &["id", "name", "n"])));
}

#[test]
fn a_route_with_full_images_converges_in_any_order() {
    converges(&Format { config: full_images(), ..Format::new(|step, at| format_2(step, at, &["id"])) });
    converges(&Format { config: full_images(), ..Format::new(format_1) });
}

#[test]
fn partial_images_converge_in_order() {
    let partial = Format::new(|step, at| format_2(step, at, &["id"]));
    converges(&Format { delivered: Delivered::InOrder, ..partial });
    converges(&Format { delivered: Delivered::InOrder, ..Format::new(format_1) });
}
