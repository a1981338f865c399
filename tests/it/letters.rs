//! Dead letters of records that hold many changes, and of names as long as somebody sends them. On PostgreSQL, and on
//! CrateDB where one runs.

use crate::sources::Database;
use rowtide::deadline::Deadline;
use rowtide::error::Code;
use rowtide::policy::{OnConfigError, RoutePolicy};
use rowtide::record::Record;
use rowtide::redrive::{Redriven, redrive};
use rowtide::sink::{self, DeadLetter, Filter, Store as _};
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
                    vec![RoutePolicy { from, to: "orders".into(), key, ..RoutePolicy::default() }];
            })
        };
        // the source is known, so that a fault is parked
        let known = database.with(|config| {
            config.source.decoder = "canal".into();
            let key = vec!["id".to_owned()];
            let from = "shop.orders".into();
            config.routes = vec![RoutePolicy { from, to: "orders".into(), key, ..RoutePolicy::default() }];
        });
        database.done(&known, &[message("100")]).await;
        let two = [message("101"), message("102")];
        assert_eq!(database.take(&parking(2), &two).await.counts().parked, 2, "the limit counts records");
        let third = database.take(&parking(2), &[message("103")]).await;
        assert_eq!(third.failure().map(|error| error.code().as_str()), Some("parked_limit"), "{third:?}");
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
        redrive(&known, &sink, &Filter::default(), None, each).await.unwrap();
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
                config.routes = vec![RoutePolicy {
                    from: "*".into(),
                    to,
                    key,
                    on_config_error,
                    ..RoutePolicy::default()
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
        redrive(&config(true), &sink, &of_table, None, |letter| fates.push(letter.fate.as_str()))
            .await
            .unwrap();
        assert_eq!(fates, ["applied"]);
        assert_eq!(
            parked(&sink).await.iter().map(|letter| letter.code.as_str()).collect::<Vec<_>>(),
            ["bad_table"]
        );
        sink.close();
        database.finish().await;
    }
}

/// A letter of a change of no kind that is known, as an earlier version of rowtide parked it under another name.
fn called(code: &'static str, position: &str) -> DeadLetter {
    let payload = r#"{"eventName":"UPSERT","tableName":"orders","dynamodb":{
        "ApproximateCreationDateTime":1720740233012995,"ApproximateCreationDateTimePrecision":"MICROSECOND",
        "Keys":{"id":{"S":"o-1"}},"NewImage":{"id":{"S":"o-1"}}}}"#;
    DeadLetter {
        source: "arn:aws:kinesis:eu-west-1:1:stream/s".into(),
        position: position.into(),
        sequence_number: None,
        sub: 0,
        event_id: None,
        partition_key: None,
        arrived_at: None,
        epoch: 0,
        decoder: None,
        table: None,
        key: None,
        code: Code::named(code).unwrap_or(Code::Other(code)),
        message: "The record's eventName is none of INSERT, MODIFY and REMOVE.".into(),
        payload: Some(payload.into()),
        payload_sha256: position.repeat(64),
    }
}

#[tokio::test]
async fn a_letter_is_found_by_today_s_name_of_its_code_and_by_former_ones() {
    for database in Database::each("letters_renamed").await {
        let config = database.with(|config| config.source.decoder = "dynamodb-kinesis".into());
        let sink = sink::Database::new(&config).unwrap();
        let park = async || {
            let letters =
                [called("unknown_operation", "1"), called("unknown_event_name", "2"), called("no_key", "3")];
            sink.park(&letters, Deadline::never()).await.unwrap();
        };
        park().await;
        let named = |code: &str| Filter { code: Some(code.to_owned()), ..Filter::default() };
        for name in ["unknown_operation", "unknown_event_name", "unknown_kind", "unknown_type"] {
            let letters = sink.dead_letters(&named(name), i64::MIN, 10).await.unwrap();
            let mut found: Vec<&str> = letters.iter().map(|letter| letter.position.as_str()).collect();
            found.sort_unstable();
            assert_eq!(found, ["1", "2"], "{name}");
        }
        assert_eq!(sink.dead_letters(&named("of_a_stranger"), i64::MIN, 10).await.unwrap().len(), 0);
        // a redrive takes both
        let mut fates = Vec::new();
        let of_old = named("unknown_event_name");
        redrive(&config, &sink, &of_old, None, |letter| fates.push(letter.fate.as_str())).await.unwrap();
        assert_eq!(fates, ["parked", "parked"]);
        sink.discard(&parked(&sink).await.iter().map(|letter| letter.id).collect::<Vec<_>>()).await.unwrap();
        park().await;
        sink.close();
        // the command takes either, too
        let url = config.sink.url.as_ref().unwrap().expose().to_owned();
        let schema = format!("sink.schema={}", config.sink.schema);
        let mut discard = std::process::Command::new(env!("CARGO_BIN_EXE_rowtide"));
        discard.args(["dead-letters", "discard", "--code", "unknown_event_name", "--output", "json"]);
        discard.args(["--config", "/dev/null", "--sink", &url, "--set", &schema]);
        let output = tokio::task::spawn_blocking(move || discard.output()).await.unwrap().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(out, "{\"discarded\":2}\n", "{err}");
        let sink = sink::Database::new(&config).unwrap();
        let left: Vec<String> = parked(&sink).await.into_iter().map(|letter| letter.code).collect();
        assert_eq!(left, ["no_key"]);
        sink.close();
        database.finish().await;
    }
}

#[tokio::test]
async fn what_is_discarded_at_once_leaves_the_payload_to_what_stays() {
    const OF_RECORD: u32 = 40;
    if crate::support::server_url().is_none() {
        eprintln!("not run: the embedded database serves one client at a time; set ROWTIDE_TEST_POSTGRES");
        return;
    }
    for database in Database::each("letters_at_once").await {
        let config = database.with(|config| config.sink.connections = 8);
        let sink = sink::Database::new(&config).unwrap();
        for round in ["1", "2", "3"] {
            let letter = |sub: u32| {
                let one = called("unknown_operation", round);
                DeadLetter { sub, payload: one.payload.clone().filter(|_| sub == 0), ..one }
            };
            let letters: Vec<DeadLetter> = (0..OF_RECORD).map(letter).collect();
            sink.park(&letters, Deadline::never()).await.unwrap();
            let ids: Vec<i64> = parked(&sink).await.iter().map(|letter| letter.id).collect();
            let (stays, gone) = ids.split_last().unwrap();
            let discards = gone.iter().map(|id| {
                let sink = &sink;
                async move { sink.discard(&[*id]).await.unwrap() }
            });
            let discarded: u64 = futures_util::future::join_all(discards).await.iter().sum();
            assert_eq!(discarded, u64::from(OF_RECORD) - 1);
            let left = parked(&sink).await;
            assert_eq!(left.iter().map(|letter| letter.id).collect::<Vec<_>>(), [*stays]);
            assert!(sink.payload(&left[0]).await.unwrap().is_some(), "round {round}");
            assert_eq!(sink.discard(&[*stays]).await.unwrap(), 1);
        }
        sink.close();
        database.finish().await;
    }
}

/// Letters as wide as they come: long names, and nothing that all of them have in common.
fn wide(position: &str) -> DeadLetter {
    let is_even = position.len().is_multiple_of(2);
    DeadLetter {
        decoder: Some(if is_even { "dynamodb-kinesis" } else { "dynamodb-export" }),
        table: Some(format!("a_schema_with_a_long_name.{}_of_{position}", "t".repeat(90))),
        key: Some(format!("[\"{}-{position}\"]", "k".repeat(90))),
        code: if is_even { Code::UnsupportedCompression } else { Code::Rejected },
        ..called("unknown_operation", position)
    }
}

#[cfg(feature = "cli")]
#[tokio::test(flavor = "multi_thread")]
async fn a_list_reads_well_on_eighty_columns_and_says_what_it_leaves_out() {
    use crate::cli::rowtide;
    if crate::support::server_url().is_none() {
        eprintln!("not run: the embedded database serves one client at a time; set ROWTIDE_TEST_POSTGRES");
        return;
    }
    for database in Database::each("letters_listed").await {
        let sink = sink::Database::new(&database.config).unwrap();
        let (url, schema) = (
            database.config.sink.url.as_ref().unwrap().expose(),
            format!("sink.schema={}", database.config.sink.schema),
        );
        let list = |more: &[&str]| {
            let given = ["dead-letters", "list", "--config", "/dev/null", "--sink", url, "--set", &schema];
            let ended = rowtide(&[&given, more].concat());
            assert_eq!(ended.status, 0, "{}", ended.err);
            ended
        };
        let frame = |out: &str| out.lines().filter(|line| line.starts_with(['│', '┌', '╞', '└'])).count();
        let narrow = |out: &str| {
            let framed = out.lines().filter(|line| line.starts_with(['│', '┌', '╞', '└']));
            assert!(framed.map(|line| line.chars().count()).all(|columns| columns <= 80), "{out}");
        };
        // one letter, then two of the same table by the same decoder: on one line each
        let one = DeadLetter { key: Some("[\"o-1\"]".into()), ..wide("1") };
        sink.park(std::slice::from_ref(&one), Deadline::never()).await.unwrap();
        let out = list(&[]).out;
        narrow(&out);
        assert!(
            out.starts_with('┌') && out.contains("│ rejected") && out.contains("dynamodb-export"),
            "{out}"
        );
        assert!(out.contains('…') && out.contains("[\"o-1\"]") && !out.contains("attempts"), "{out}");
        // whatever they hold, and with every column
        let letters: Vec<DeadLetter> = ["22", "333", "4444"].into_iter().map(wide).collect();
        sink.park(&letters, Deadline::never()).await.unwrap();
        sink.park(&letters[..1], Deadline::never()).await.unwrap();
        let all = parked(&sink).await;
        sink.mark_redriven(&[all[0].id]).await.unwrap();
        let out = list(&[]).out;
        narrow(&out);
        for whole in
            ["2 attempts", "unsupported_compression", "dynamodb-kinesis", "dynamodb-export", "redriven at"]
        {
            assert!(out.contains(whole), "{whole}: {out}");
        }
        for id in all.iter().map(|letter| letter.id.to_string()) {
            assert!(out.contains(&id), "{id}: {out}");
        }
        let tail = "4444\"]";
        assert!(out.contains(tail) && out.contains("4 dead letters\n"), "both ends stay: {out}");
        // programs get all of it
        let lines = list(&["--output", "json"]).lines();
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().any(|line| line["key"].as_str() == letters[2].key.as_deref()), "{lines:?}");
        // not more than is asked for, and that there are more
        let out = list(&["--limit", "3"]).out;
        assert!(
            out.contains("the first 3 of 4 dead letters (2 rejected, 2 unsupported_compression)"),
            "{out}"
        );
        assert_eq!(list(&["--limit", "3", "--output", "json"]).out.lines().count(), 3);
        assert!(!list(&["--limit", "4"]).out.contains("the first"));
        assert!(list(&["--limit", "1", "--code", "rejected"]).out.contains("the first 1 of 2 dead letters"));
        // more than a screen
        let many: Vec<DeadLetter> = (0..25).map(|at| called("no_key", &format!("5-{at}"))).collect();
        sink.park(&many, Deadline::never()).await.unwrap();
        let out = list(&[]).out;
        assert!(
            out.contains("29 dead letters. --table, --code, --key, --since and --open select some"),
            "{out}"
        );
        assert!(frame(&out) > 29, "{out}");
        sink.close();
        database.finish().await;
    }
}
