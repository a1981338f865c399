//! Dead letters of records that hold many changes, and of names as long as somebody sends them. On PostgreSQL, and on
//! CrateDB where one runs.

use crate::sources::Database;
use rowtide::config::{OnConfigError, RouteConfig};
use rowtide::record::Record;
use rowtide::redrive::{Redriven, redrive};
use rowtide::sink::{self, Filter};
use std::collections::BTreeMap;

const ROWS: usize = 300;

/// A message of many rows.
fn message(position: &str) -> Record {
    let rows: Vec<String> = (0..ROWS).map(|id| format!(r#"{{"id":"{id}","v":"{position}"}}"#)).collect();
    let text = format!(
        r#"{{"data":[{}],"database":"shop","table":"orders","es":1700000000{position},"ts":1,"isDdl":false,"type":"INSERT","mysqlType":{{"id":"int"}},"sqlType":{{"id":4}},"pkNames":["id"],"old":null}}"#,
        rows.join(",")
    );
    Record::new("arn:aws:kinesis:eu-west-1:1:stream/s", position, text)
}

async fn parked(sink: &sink::Database) -> Vec<sink::ParkedLetter> {
    sink.dead_letters(&Filter { open: true, ..Filter::default() }, 0, 10_000).await.unwrap()
}

#[tokio::test]
async fn a_record_of_many_letters_is_kept_once_counts_once_and_is_redriven_together() {
    for database in Database::each("letters_many").await {
        let parking = |limit| {
            database.with(|config| {
                config.source.decoder = "canal".into();
                config.dead_letters.limit = limit;
                // another key than the target was filled by
                let key = vec!["id".to_owned(), "v".to_owned()];
                let from = "shop.orders".into();
                config.routes =
                    vec![RouteConfig { from, to: "orders".into(), key, ..RouteConfig::default() }];
            })
        };
        // the source is known, so that a fault is parked
        let known = database.with(|config| {
            config.source.decoder = "canal".into();
            let key = vec!["id".to_owned()];
            let from = "shop.orders".into();
            config.routes = vec![RouteConfig { from, to: "orders".into(), key, ..RouteConfig::default() }];
        });
        database.done(&known, &[message("100")]).await;
        let two = [message("101"), message("102")];
        assert_eq!(database.take(&parking(2), &two).await.counts().parked, 2, "the limit counts records");
        let third = database.take(&parking(2), &[message("103")]).await;
        assert_eq!(third.failure().map(|error| error.code()), Some("parked_limit"), "{third:?}");
        assert_eq!(
            database.take(&parking(2), &two).await.counts().parked,
            2,
            "again, they are the same ones"
        );
        // the embedded database takes one client at a time
        let sink = sink::Database::new(&known).unwrap();
        let letters = parked(&sink).await;
        assert_eq!(letters.len(), 2 * ROWS);
        // the payload is held by one letter of each record, and stays when that one goes
        let mut held = BTreeMap::new();
        for letter in &letters {
            held.entry(letter.position.clone()).or_insert_with(Vec::new).push(letter);
        }
        let of_first = &held["101"];
        let (gone, left) = of_first.split_at(ROWS - 2);
        assert_eq!(
            sink.discard(&gone.iter().map(|letter| letter.id).collect::<Vec<_>>()).await.unwrap(),
            298
        );
        for letter in left {
            assert_eq!(sink.payload(letter).await.unwrap().as_deref(), Some(&message("101").payload[..]));
        }
        // what waits is redriven with the key, in the order of the versions
        let mut fates: BTreeMap<&str, usize> = BTreeMap::new();
        let each = |letter: &Redriven| *fates.entry(letter.fate.as_str()).or_default() += 1;
        redrive(&known, &sink, &Filter::default(), each).await.unwrap();
        assert_eq!(fates.values().sum::<usize>(), ROWS + 2, "{fates:?}");
        assert_eq!(parked(&sink).await.len(), 0, "{fates:?}");
        sink.close();
        let rows = database.view("orders").await;
        assert_eq!(rows.len(), ROWS);
        assert!(rows.values().all(|row| row == r#"{"v":"102"}"#), "{rows:?}");
        database.finish().await;
    }
}

#[tokio::test]
async fn whatever_names_are_sent_a_record_can_be_parked_found_and_redriven() {
    for database in Database::each("letters_long").await {
        let (table, key) = ("t".repeat(900), "k".repeat(2_000));
        let config = |keyed: bool| {
            let key = if keyed { vec!["id".to_owned()] } else { Vec::new() };
            let on_config_error = OnConfigError::Park;
            let to = "orders".to_owned();
            database.with(|config| {
                config.source.decoder = "debezium".into();
                config.routes = vec![RouteConfig {
                    from: "*".into(),
                    to,
                    key,
                    on_config_error,
                    ..RouteConfig::default()
                }];
            })
        };
        let source = format!(
            r#"{{"connector":"postgresql","name":"s","db":"d","schema":"public","table":"{table}","lsn":7,"ts_ms":1}}"#
        );
        let payload =
            format!(r#"{{"op":"c","before":null,"after":{{"id":"{key}","v":1}},"source":{source}}}"#);
        let record = |table: &str| {
            let payload = payload.replace(&"t".repeat(900), table);
            Record::new(&"s".repeat(3_000), "9".repeat(6_000), payload)
        };
        let poison = record(&"t".repeat(6_000));
        assert_eq!(database.take(&config(false), &[record(&table), poison]).await.counts().parked, 2);
        let sink = sink::Database::new(&config(true)).unwrap();
        let of_table = Filter { table: Some(format!("public.{table}")), ..Filter::default() };
        assert_eq!(sink.dead_letters(&of_table, 0, 10).await.unwrap().len(), 1);
        let mut fates = Vec::new();
        redrive(&config(true), &sink, &of_table, |letter| fates.push(letter.fate.as_str())).await.unwrap();
        assert_eq!(fates, ["applied"]);
        assert_eq!(
            parked(&sink).await.iter().map(|letter| letter.code.as_str()).collect::<Vec<_>>(),
            ["bad_table"]
        );
        sink.close();
        database.finish().await;
    }
}
