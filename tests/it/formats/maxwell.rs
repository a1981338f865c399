//! Maxwell, with positions and row counts in its records.

use super::{Format, Row, Step, converges};
use rowtide::record::Record;

/// Three changes share a binlog event, two events a transaction; the last row of a transaction has `commit` instead of
/// its count.
fn records(step: &Step, at: u64) -> Vec<Record> {
    let data = |row: &Row| {
        let n = row.n.map_or_else(|| "null".to_owned(), |n| n.to_string());
        format!(r#"{{"id":{},"name":"{}","n":{n}}}"#, row.id, row.name)
    };
    let place = match at % 6 {
        5 => r#","commit":true"#.to_owned(),
        count => format!(r#","xoffset":{count}"#),
    };
    let position = format!("binlog.{:06}:{}", 9 + at / 12, 900 + at / 3 * 70);
    let (kind, rest) = match step {
        Step::Load(row) => ("bootstrap-insert", format!(r#""data":{}"#, data(row))),
        Step::Insert(row) => ("insert", format!(r#""data":{}"#, data(row))),
        Step::Delete(row) => ("delete", format!(r#""data":{}"#, data(row))),
        Step::Update { before, after } => {
            let mut old = vec![format!(r#""name":"{}""#, before.name)];
            old.extend((before.id != after.id).then(|| format!(r#""id":{}"#, before.id)));
            ("update", format!(r#""data":{},"old":{{{}}}"#, data(after), old.join(",")))
        }
    };
    let positioned = format!(r#","xid":{}{place},"position":"{position}""#, 700 + at / 6);
    let positioned = if kind == "bootstrap-insert" { "" } else { &positioned };
    let head =
        format!(r#""database":"shop","table":"orders","type":"{kind}","ts":{}"#, 1_772_440_000 + at / 4);
    let payload = format!(r#"{{{head}{positioned},"primary_key_columns":["id"],{rest}}}"#);
    vec![Record::new("stream", at.to_string(), payload)]
}

#[test]
fn maxwell_converges_in_any_order() {
    converges(&Format::new(records));
}
