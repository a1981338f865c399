//! A dropped table is a truncated one, in every format that tells it: what was there before is gone, what came behind
//! it stays, in whatever order the records arrive, and only where the route says `truncate = "apply"`.

use crate::model::{Memory, is_done, take};
use rowtide::config::Config;
use rowtide::pipeline::Flow;
use rowtide::policy::{RoutePolicy, Truncate};
use rowtide::record::Record;

/// A source that drops its table, and makes it again.
struct Source {
    decoder: &'static str,
    /// The position of each record in its transport, and the record: a row 1, then what drops the table, then a row 2.
    records: [(&'static str, String); 3],
}

fn maxwell(kind: &str, offset: u32, rest: &str) -> String {
    format!(
        r#"{{"type":"{kind}","database":"shop","table":"orders","ts":1477053308,"position":"b.000006:{offset}"{rest}}}"#
    )
}

fn canal(kind: &str, is_ddl: bool, es: u32, rest: &str) -> String {
    format!(
        r#"{{"database":"shop","table":"orders","pkNames":["id"],"isDdl":{is_ddl},"type":"{kind}","es":{es}{rest}}}"#
    )
}

fn dms(operation: &str, members: &str, metadata: &str) -> String {
    let kind = if members.contains("\"data\"") { "data" } else { "control" };
    format!(
        r#"{{{members}"metadata":{{"record-type":"{kind}","operation":"{operation}","partition-key-type":"x","schema-name":"shop","table-name":"orders",{metadata}}}}}"#
    )
}

fn mongodb(operation: &str, ordinal: u8, rest: &str) -> String {
    format!(
        r#"{{"_id":{{"_data":"8266{ordinal:02}"}},"operationType":"{operation}","clusterTime":{{"$timestamp":{{"t":1721140162,"i":{ordinal}}}}},"ns":{{"db":"shop","coll":"orders"}}{rest}}}"#
    )
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    let row = |id: u8| format!(r#","commit":true,"primary_key_columns":["id"],"data":{{"id":{id}}}"#);
    sources.push(Source {
        decoder: "maxwell",
        records: [
            ("1", maxwell("insert", 100, &row(1))),
            ("2", maxwell("table-drop", 200, r#","sql":"drop table orders""#)),
            ("3", maxwell("insert", 300, &row(2))),
        ],
    });
    // rows of a bootstrap have no position, and what drops them may have none
    let loaded = |text: String, at: &str| text.replace("1477053308", at).replace("\"position\"", "\"x\"");
    sources.push(Source {
        decoder: "maxwell",
        records: [
            ("1", loaded(maxwell("bootstrap-insert", 1, &row(1)), "1477053308")),
            ("2", loaded(maxwell("table-drop", 1, ""), "1477053309000")),
            ("3", loaded(maxwell("bootstrap-insert", 1, &row(2)), "1477053310")),
        ],
    });
    let data = |id: u8| format!(r#","data":[{{"id":{id}}}]"#);
    for kind in ["ERASE", "TRUNCATE"] {
        sources.push(Source {
            decoder: "canal",
            records: [
                ("1", canal("INSERT", false, 1_000, &data(1))),
                ("2", canal(kind, true, 2_000, r#","sql":"drop table orders""#)),
                ("3", canal("INSERT", false, 2_000, &data(2))),
            ],
        });
    }
    let at = |n: u8| format!(r#""stream-position":"b.1:{n}","transaction-record-id":1"#);
    let data = |id: u8| format!(r#""data":{{"id":{id}}},"#);
    sources.push(Source {
        decoder: "dms",
        records: [
            ("1", dms("insert", &data(1), &at(1))),
            ("2", dms("drop-table", "", &at(2))),
            ("3", dms("insert", &data(2), &at(3))),
        ],
    });
    let at = |n: u8| format!(r#""timestamp":"2026-03-02T08:35:3{n}.000000Z""#);
    sources.push(Source {
        decoder: "dms",
        records: [
            ("1", dms("load", &data(1), &at(1))),
            ("2", dms("drop-table", "", &at(2))),
            ("3", dms("load", &data(2), &at(3))),
        ],
    });
    let document = |id: u8| format!(r#","documentKey":{{"_id":{id}}},"fullDocument":{{"_id":{id}}}"#);
    sources.push(Source {
        decoder: "mongodb",
        records: [
            ("1", mongodb("insert", 1, &document(1))),
            ("2", mongodb("drop", 2, "")),
            ("3", mongodb("insert", 3, &document(2))),
        ],
    });
    sources
}

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

#[test]
fn a_drop_removes_what_was_there_before_it_and_nothing_else() {
    for Source { decoder, records } in sources() {
        let records = records.map(|(position, payload)| Record::new("s", position, payload));
        let key = if decoder == "dms" { vec!["id".to_owned()] } else { Vec::new() };
        for (truncate, rows) in [(Truncate::Apply, &["[2]"][..]), (Truncate::Ignore, &["[1]", "[2]"])] {
            let mut config = Config::default();
            config.source.decoder = decoder.to_owned();
            config.routes = vec![RoutePolicy { truncate, key: key.clone(), ..RoutePolicy::default() }];
            for order in ORDERS {
                let sent: Vec<Record> = order.iter().map(|at| records[*at].clone()).collect();
                // together, and each in a process of its own, the last twice
                let apart: Vec<Vec<Record>> = sent.iter().map(|record| vec![record.clone()]).collect();
                let apart = [apart, vec![sent[2..].to_vec()]].concat();
                for batches in [vec![sent.clone()], apart] {
                    let memory = Memory::new();
                    for batch in batches {
                        let report = take(&Flow::new(&config).unwrap(), &memory, &batch);
                        assert!(is_done(&report) && report.counts().parked == 0, "{:?}", report.failure());
                    }
                    let view: Vec<String> = memory.live().into_keys().map(|(_, key)| key).collect();
                    assert_eq!(view, rows, "{decoder} {truncate:?} {order:?} {}", records.len());
                }
            }
        }
    }
}

#[test]
fn a_drop_of_what_is_no_table_removes_nothing() {
    let mut config = Config::default();
    config.routes = vec![RoutePolicy { truncate: Truncate::Apply, ..RoutePolicy::default() }];
    let flow = Flow::new(&config).unwrap();
    let dropped = mongodb("dropDatabase", 9, "").replace(r#","coll":"orders""#, "");
    for payload in [
        r#"{"type":"database-drop","database":"shop","ts":1477053308000,"position":"b.000006:9"}"#.to_owned(),
        canal("QUERY", true, 9_000, r#","sql":"drop database shop""#).replace(r#""orders""#, r#""""#),
        canal("ERASE", true, 9_000, r#","sql":"DROP TEMPORARY TABLE orders""#),
        canal("DINDEX", true, 9_000, r#","sql":"drop index i on orders""#),
        canal("RENAME", true, 9_000, r#","sql":"rename table orders to former""#),
        dropped,
        mongodb("rename", 9, r#","to":{"db":"shop","coll":"former"}"#),
    ] {
        let report = take(&flow, &Memory::new(), &[Record::new("s", "9", payload.clone())]);
        assert_eq!(
            report.counts().ignored.keys().map(|reason| reason.as_str()).collect::<Vec<_>>(),
            ["control"],
            "{payload}"
        );
    }
}
