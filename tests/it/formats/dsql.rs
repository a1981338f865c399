//! Aurora DSQL: full rows without their nulls, a changed key as a delete and an insert of one commit.

use super::{Format, Row, Step, converges};
use rowtide::config::Config;
use rowtide::policy::RoutePolicy;
use rowtide::record::Record;

fn row(row: &Row) -> String {
    let n = row.n.map_or_else(String::new, |n| format!(r#","n":{n}"#));
    format!(r#"{{"id":{},"name":"{}"{n}}}"#, row.id, row.name)
}

fn record(at: u64, operation: &str, before: &str, after: &str) -> Record {
    let time = 1_705_318_200_000_000_000 + at * 250;
    let payload = format!(
        r#"{{"type":"full","op":"{operation}","before":{before},"after":{after},"source":{{"version":"1.0","ts_ms":{},"ts_ns":{time},"txId":"ffthunp{at}","schema":"shop","table":"orders","db":"postgres","cluster":"kmabugltfmjdaj2s"}},"ts_ms":1,"ts_ns":1}}"#,
        time / 1_000_000
    );
    Record::new("stream", at.to_string(), payload)
}

fn records(step: &Step, at: u64) -> Vec<Record> {
    let delete = |id: u8| record(at, "d", &format!(r#"{{"id":{id}}}"#), "null");
    match step {
        // what was there before is not in the stream: here it counts as written when it was read
        Step::Load(after) | Step::Insert(after) => vec![record(at, "c", "null", &row(after))],
        Step::Delete(before) => vec![delete(before.id)],
        Step::Update { before, after } if before.id == after.id => {
            vec![record(at, "u", "null", &row(after))]
        }
        Step::Update { before, after } => vec![delete(before.id), record(at, "c", "null", &row(after))],
    }
}

#[test]
fn dsql_converges_in_any_order() {
    let mut config = Config::default();
    config.routes.push(RoutePolicy { key: vec!["id".to_owned()], ..RoutePolicy::default() });
    let document = |row: &Row| match row.n {
        Some(_) => row.document(),
        None => format!(r#"{{"name":"{}"}}"#, row.name),
    };
    converges(&Format { config, document, ..Format::new(records) });
}
