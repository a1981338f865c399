//! The sink on a database: tables, views, policies, adoption, values.

use crate::model::Script;
use crate::support::{Place, at, change, connect, event, inserts, place, server};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config as PropConfig, TestRunner};
use rowtide::config::{Config, Ddl, Payload};
use rowtide::deadline::Deadline;
use rowtide::decoders::Decoders;
use rowtide::error::{Code, Error, ErrorKind};
use rowtide::event::{Change, ChangeEvent, Key, Patch, Timestamp};
use rowtide::json::Value;
use rowtide::pipeline::Flow;
use rowtide::plan::merge;
use rowtide::policy::{DeletePolicy, RoutePolicy};
use rowtide::record::Record;
use rowtide::sink::{Purging, Shown, Sink};
use std::collections::BTreeMap;
use std::time::Duration;

fn with_route(mut config: Config, change: impl FnOnce(&mut RoutePolicy)) -> Config {
    let mut route = RoutePolicy::default();
    change(&mut route);
    config.routes = vec![route];
    config
}

/// Asserts that all records were parked for a fault of their table's configuration, and returns what was said of one.
async fn set_aside(place: &Place, config: &Config, records: &[Record], code: &str) -> String {
    let worker = place.worker(config);
    let report = worker.take(records).await;
    assert_eq!(report.counts().parked, records.len(), "{report:?}");
    worker.rest();
    let letters =
        format!("select message from {{s}}.rowtide_dead_letters where code = '{code}' order by id desc");
    place.query(&letters).await.first().map(|row| row.get(0)).unwrap_or_default()
}

async fn failure(place: &Place, config: &Config, records: &[Record]) -> Error {
    let report = place.worker(config).take(records).await;
    assert_eq!(report.counts().reported, records.len());
    report.into_result().unwrap_err().because.expect("the invocation fails")
}

#[tokio::test]
async fn a_batch_becomes_rows_and_its_repetition_is_stale() {
    let place = place("a_batch_becomes_rows").await;
    let worker = place.worker(&place.config());
    let records = inserts("orders", 1_500);
    let counts = worker.done(&records).await;
    assert_eq!((counts.received, counts.applied), (1_500, 1_500));
    let counts = worker.done(&records).await;
    assert_eq!((counts.received, counts.stale), (1_500, 1_500));
    assert_eq!(place.count("select count(*) from {s}.orders").await, 1_500);
    let delete = [change("orders", "k00007", at(9_999), 9_999, None)];
    assert_eq!(worker.done(&delete).await.applied, 1);
    assert_eq!(worker.done(&records).await.stale, 1_500);
    assert_eq!(place.count("select count(*) from {s}.orders").await, 1_499);
    assert_eq!(place.count("select count(*) from {s}.orders_cdc where deleted and data is null").await, 1);
    place.finish().await;
}

#[tokio::test]
async fn poison_in_the_middle_is_parked_with_its_payload_and_parked_once() {
    let place = place("poison").await;
    let mut config = place.config();
    // what comes again does not count again
    config.dead_letters.limit = 5;
    let worker = place.worker(&config);
    let records = event("dynamodb-kinesis/poison-in-the-middle");
    for _ in 0..2 {
        let counts = worker.done(&records).await;
        assert_eq!(counts.parked, 5);
    }
    let letters = place
        .texts("select concat_ws(' ', code, attempts, length(payload) > 0, position is not null) from {s}.rowtide_dead_letters order by id")
        .await;
    assert_eq!(letters.len(), 5, "{letters:?}");
    assert!(letters.iter().all(|letter| letter.contains(" 2 t t")), "{letters:?}");
    let granted = "select count(*) from information_schema.table_privileges where table_schema = '{s}' \
                   and table_name = 'rowtide_dead_letters' and grantee = 'PUBLIC'";
    assert_eq!(place.count(granted).await, 0);
    place.finish().await;
}

#[tokio::test]
async fn without_payload_a_dead_letter_keeps_only_its_digest() {
    let place = place("no_payload").await;
    let mut config = place.config();
    config.dead_letters.payload = Payload::None;
    place.worker(&config).done(&event("dynamodb-kinesis/poison-in-the-middle")).await;
    let bare = "select count(*) from {s}.rowtide_dead_letters where payload is null and payload_sha256 <> ''";
    assert_eq!(place.count(bare).await, 5);
    place.finish().await;
}

#[tokio::test]
async fn a_soft_delete_keeps_the_last_image_in_the_view() {
    let place = place("soft").await;
    let config = with_route(place.config(), |route| route.delete = DeletePolicy::Soft);
    let worker = place.worker(&config);
    worker.done(&inserts("orders", 2)).await;
    worker
        .done(&[change("orders", "k00001", at(50), 50, None), change("orders", "new", at(51), 51, None)])
        .await;
    let rows = place
        .texts("select concat_ws(' ', key, data::text, deleted::text) from {s}.orders order by key")
        .await;
    assert_eq!(rows, [r#"["k00000"] {"n": 0} false"#, r#"["k00001"] {"n": 1} true"#, r#"["new"] true"#,]);
    // and it comes back
    worker.done(&[change("orders", "k00001", at(60), 60, Some(r#""n":{"N":"6"}"#))]).await;
    assert_eq!(place.count("select count(*) from {s}.orders where deleted").await, 1);
    place.finish().await;
}

#[tokio::test]
async fn a_hard_delete_removes_the_row_at_once() {
    let place = place("hard").await;
    let config = with_route(place.config(), |route| route.delete = DeletePolicy::Hard);
    let worker = place.worker(&config);
    worker.done(&inserts("orders", 3)).await;
    let counts = worker
        .done(&[
            change("orders", "k00000", at(50), 50, None),
            change("orders", "k00001", at(0), 0, None),
            change("orders", "k00002", at(51), 51, Some(r#""n":{"N":"5"}"#)),
            change("orders", "nobody", at(52), 52, None),
        ])
        .await;
    assert_eq!((counts.applied, counts.stale), (2, 2));
    let rows = place.texts("select concat_ws(' ', key, data::text) from {s}.orders_cdc order by key").await;
    assert_eq!(rows, [r#"["k00001"] {"n": 1}"#, r#"["k00002"] {"n": 5}"#]);
    place.finish().await;
}

#[tokio::test]
async fn typed_columns_are_null_where_a_value_does_not_fit() {
    let place = place("types").await;
    let types = [
        ("a_num", "numeric"),
        ("b_dec", "numeric(4,2)"),
        ("c_big", "bigint"),
        ("d_int", "integer"),
        ("e_small", "smallint"),
        ("f_dbl", "double precision"),
        ("g_real", "real"),
        ("h_bool", "boolean"),
        ("i_text", "text"),
        ("j_var", "varchar(3)"),
        ("k_uuid", "uuid"),
        ("l_date", "date"),
        ("m_ts", "timestamp"),
        ("n_tz", "timestamptz"),
        ("o_bytes", "bytea"),
        ("p_json", "jsonb"),
        ("id", "text"),
    ];
    let config = with_route(place.config(), |route| {
        route.types = types.iter().map(|(field, name)| ((*field).to_owned(), (*name).to_owned())).collect();
    });
    let worker = place.worker(&config);
    let values = [
        r#"{"N":"1"}"#,
        r#"{"N":"99.994"}"#,
        r#"{"N":"99.995"}"#,
        r#"{"N":"1E+125"}"#,
        r#"{"N":"-1E-130"}"#,
        r#"{"N":"9223372036854775807"}"#,
        r#"{"N":"9223372036854775808"}"#,
        r#"{"N":"1.5"}"#,
        r#"{"N":"-32769"}"#,
        r#"{"S":""}"#,
        r#"{"S":"12.50"}"#,
        r#"{"S":"NaN"}"#,
        r#"{"S":"Infinity"}"#,
        r#"{"S":"abcd"}"#,
        r#"{"S":"2023-02-29"}"#,
        r#"{"S":"2024-02-29"}"#,
        r#"{"S":"1900-02-29"}"#,
        r#"{"S":"0000-01-01"}"#,
        r#"{"S":"2024-04-31"}"#,
        r#"{"S":"2024-02-29T23:59:59.123456Z"}"#,
        r#"{"S":"2024-02-29 23:59:59+14:30"}"#,
        r#"{"S":"2024-02-29T24:00:00Z"}"#,
        r#"{"S":"2024-02-29T10:00:00"}"#,
        r#"{"S":"9999-12-31T23:59:59-14:59"}"#,
        r#"{"S":"now"}"#,
        r#"{"S":"epoch"}"#,
        r#"{"S":"QUJD"}"#,
        r#"{"S":"QUJ"}"#,
        r#"{"S":"A==="}"#,
        r#"{"S":"00000000-0000-0000-0000-000000000000"}"#,
        r#"{"S":"{00000000-0000-0000-0000-000000000000}"}"#,
        r#"{"BOOL":true}"#,
        r#"{"NULL":true}"#,
        r#"{"L":[]}"#,
        r#"{"M":{}}"#,
        r#"{"S":"true"}"#,
        r#"{"S":"1\n"}"#,
        r#"{"S":"2024-01-01\nx"}"#,
        r#"{"S":" 1"}"#,
        r#"{"S":"1e5"}"#,
    ];
    let records: Vec<Record> = (0..)
        .zip(values)
        .map(|(index, value)| {
            let image: Vec<String> = types
                .iter()
                .filter(|(field, _)| *field != "id")
                .map(|(field, _)| format!(r#""{field}":{value}"#))
                .collect();
            change("t", &format!("{index:02}"), at(index), index + 1, Some(&image.join(",")))
        })
        .collect();
    worker.done(&records).await;
    // the view must never fail, whatever is in it
    let shown = place
        .texts("select concat_ws('|', id, a_num is not null, b_dec::text, c_big::text, d_int::text, e_small::text, \
                f_dbl is not null, g_real is not null, h_bool::text, j_var, k_uuid is not null, l_date::text, \
                m_ts is not null, n_tz is not null, o_bytes::text) from {s}.t order by key")
        .await;
    assert_eq!(shown.len(), values.len());
    assert_eq!(shown[0], "00|t|1.00|1|1|1|t|t|1|f|f|f");
    assert_eq!(shown[1], "01|t|99.99|t|t|f|f|f");
    assert!(!shown[2].contains("100.00") && !shown[2].contains("|99.99|"), "{}", shown[2]);
    assert!(shown[15].contains("2024-02-29"), "{}", shown[15]);
    assert!(!shown[14].contains("2023-02-29|") && !shown[16].contains("1900-02-29|"));
    place.finish().await;
}

#[tokio::test]
async fn unknown_types_and_taken_columns_are_configuration_errors() {
    let place = place("bad_types").await;
    for (field, type_name) in
        [("total", "money"), ("total", "numeric(x)"), ("key", "text"), ("total", "text; drop")]
    {
        let config = with_route(place.config(), |route| {
            drop(route.types.insert(field.to_owned(), type_name.to_owned()))
        });
        let error = failure(&place, &config, &inserts("orders", 1)).await;
        assert_eq!(error.kind(), ErrorKind::Config, "{field} {type_name}");
    }
    place.finish().await;
}

#[tokio::test]
async fn with_ddl_never_a_missing_object_is_an_error_that_prints_its_statement() {
    let place = place("ddl_never").await;
    let mut config = place.config();
    config.sink.ddl = Ddl::Never;
    for needed in ["rowtide_targets", "orders_cdc"] {
        let error = failure(&place, &config, &inserts("orders", 3)).await;
        assert!(error.message().contains("create table") && error.message().contains(needed), "{error}");
        // what it prints works
        let statements = error.message().split_once("Run:\n").unwrap().1.to_owned();
        place.run(&statements).await;
    }
    assert_eq!(place.worker(&config).done(&inserts("orders", 4)).await.applied, 4);
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_workers_that_start_at_once_make_everything_once() {
    let Some(place) = server("four_start").await else { return };
    for round in 0..5_u64 {
        let workers: Vec<_> = (0..4).map(|_| place.worker(&place.config())).collect();
        let table = format!("orders{round}");
        let running: Vec<_> = workers
            .into_iter()
            .map(|worker| {
                let records = inserts(&table, 50);
                tokio::spawn(async move { worker.done(&records).await })
            })
            .collect();
        let mut applied = 0;
        for done in running {
            applied += done.await.unwrap().applied;
        }
        assert_eq!(applied, 50);
        if round % 2 == 0 {
            place.run("drop table {s}.rowtide_dead_letters").await;
        }
    }
    place.finish().await;
}

#[tokio::test]
async fn a_route_that_disagrees_with_the_registry_is_refused() {
    let place = place("registry").await;
    place.worker(&place.config()).done(&inserts("orders", 2)).await;
    let refused = |config: Config, records: Vec<Record>, word: &'static str| {
        let place = &place;
        async move {
            let error = failure(place, &config, &records).await;
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.message().contains(word), "{error}");
        }
    };
    let mut arrival = place.config();
    arrival.source.version = rowtide::config::VersionScheme::Arrival;
    refused(arrival, inserts("orders", 1), "are ordered as those of").await;
    let aside = |config: Config, records: Vec<Record>, code: &'static str, word: &'static str| {
        let place = &place;
        async move {
            let message = set_aside(place, &config, &records, code).await;
            assert!(message.contains(word), "{message}");
        }
    };
    let other = with_route(place.config(), |route| route.to = "orders".into());
    aside(other, inserts("customers", 1), "shared_target", "Two sources cannot share a target").await;
    let payload = r#"{"eventName":"REMOVE","tableName":"orders","recordFormat":"application/json","dynamodb":{
        "ApproximateCreationDateTime":1767225600000000,"Keys":{"other":{"S":"x"}}}}"#;
    aside(place.config(), vec![Record::new("-", "1", payload)], "changed_key", "The key of orders changed")
        .await;
    let storage = with_route(place.config(), |route| route.to = "orders_cdc".into());
    aside(storage, inserts("customers", 1), "unusable_target", "storage table").await;
    let mut raised = place.config();
    raised.source.epoch = 3;
    assert_eq!(place.worker(&raised).done(&inserts("orders", 2)).await.applied, 2);
    refused(place.config(), inserts("orders", 1), "epoch").await;
    // two sources in one batch
    let both = with_route(place.config(), |route| route.to = "one".into());
    let counts = place.worker(&both).done(&[inserts("a", 1), inserts("b", 1)].concat()).await;
    assert_eq!((counts.applied, counts.parked), (1, 1));
    place.finish().await;
}

#[tokio::test]
async fn a_view_that_rowtide_did_not_make_is_left_alone() {
    let place = place("foreign_view").await;
    place.run("create view {s}.orders as select 1 as x").await;
    let error = failure(&place, &place.config(), &inserts("orders", 1)).await;
    assert!(error.message().contains("view"), "{error}");
    place.run("drop view {s}.orders").await;
    place.worker(&place.config()).done(&inserts("orders", 1)).await;
    // somebody made it his own: new types do not replace it
    place.run("create or replace view {s}.orders as select key, pk, data, aux, changed_at from {s}.orders_cdc where not deleted and true").await;
    let config = with_route(place.config(), |route| drop(route.types.insert("n".into(), "bigint".into())));
    place.worker(&config).done(&inserts("orders", 2)).await;
    let column = "select count(*) from information_schema.columns where table_schema = '{s}' and table_name = 'orders' and column_name = 'n'";
    assert_eq!(place.count(column).await, 0);
    place.finish().await;
}

#[tokio::test]
async fn a_new_type_replaces_the_view() {
    let place = place("new_type").await;
    place.worker(&place.config()).done(&inserts("orders", 2)).await;
    for type_name in ["bigint", "text", "numeric(10,2)"] {
        let config =
            with_route(place.config(), |route| drop(route.types.insert("n".into(), type_name.into())));
        place.worker(&config).done(&inserts("orders", 2)).await;
        assert_eq!(place.count("select count(n) from {s}.orders").await, 2, "{type_name}");
    }
    place.finish().await;
}

#[tokio::test]
async fn an_existing_table_is_adopted() {
    let place = place("adopted").await;
    place.run("create table {s}.orders (pk jsonb, data jsonb, aux jsonb)").await;
    let error = failure(&place, &place.config(), &inserts("orders", 1)).await;
    let statement = error.message().split_once("Run: ").unwrap().1.to_owned();
    place.run(&statement).await;
    let worker = place.worker(&place.config());
    worker.done(&inserts("orders", 3)).await;
    worker
        .done(&[
            change("orders", "k00001", at(90), 90, None),
            change("orders", "k00002", at(91), 91, Some(r#""n":{"N":"7"},"z":{"S":"a\u0000b"}"#)),
            // the last writer wins, as documented
            change("orders", "k00000", at(0), 0, Some(r#""n":{"N":"-1"}"#)),
        ])
        .await;
    let rows = place.texts("select concat_ws(' ', pk, data, aux) from {s}.orders order by pk").await;
    assert_eq!(
        rows,
        [r#"{"id": "k00000"} {"n": -1} {}"#, r#"{"id": "k00002"} {"n": 7} {"/data/z": "\"a\\u0000b\""}"#]
    );
    let target = worker.sink.targets(Deadline::never()).await.unwrap().remove(0);
    for (key, limit, expected) in
        [(Some(r#"["k00002"]"#), Some(1), vec![r#"{"id": "k00002"}"#]), (Some(r#"["nobody"]"#), None, vec![])]
    {
        let (shown, mut found) = (Shown { key: key.map(str::to_owned), limit }, Vec::new());
        worker
            .sink
            .live_rows(&target, &shown, |row| {
                found.push(row.pk);
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(found, expected);
    }
    worker.rest();
    place.finish().await;
}

#[tokio::test]
async fn an_adopted_table_with_version_and_deleted_is_guarded() {
    let place = place("guarded").await;
    place
        .run(
            "create table {s}.orders (pk jsonb primary key, data jsonb, version text, deleted boolean); \
              insert into {s}.orders (pk, data) values ('{\"id\": \"k00000\"}', '{\"old\": true}')",
        )
        .await;
    let worker = place.worker(&place.config());
    assert_eq!(worker.done(&inserts("orders", 3)).await.applied, 3);
    let counts = worker
        .done(&[
            change("orders", "k00001", at(90), 90, None),
            change("orders", "k00002", at(0), 0, Some(r#""n":{"N":"-1"}"#)),
        ])
        .await;
    assert_eq!((counts.applied, counts.stale), (1, 1));
    assert_eq!(worker.done(&inserts("orders", 3)).await.stale, 3);
    let rows = place.texts("select concat_ws(' ', pk, data, deleted) from {s}.orders order by pk").await;
    assert_eq!(
        rows,
        [r#"{"id": "k00000"} {"n": 0} f"#, r#"{"id": "k00001"} t"#, r#"{"id": "k00002"} {"n": 2} f"#]
    );
    place.finish().await;
}

#[tokio::test]
async fn a_key_that_pk_of_an_existing_table_cannot_hold_is_parked_and_overwrites_no_other() {
    let place = place("adopted_nul").await;
    let tables = [("orders", ""), ("guarded", ", version text, deleted boolean")];
    for (table, columns) in tables {
        place.run(&format!("create table {{s}}.{table} (pk jsonb primary key, data jsonb{columns})")).await;
        let worker = place.worker(&place.config());
        let n = |id, micros| change(table, id, at(micros), micros, Some(r#""n":{"N":"1"}"#));
        let counts = worker.done(&[n("a\\u0000", 1), n("\\u0000", 2), n("b", 3)]).await;
        assert_eq!((counts.applied, counts.parked), (1, 2), "{table}");
        let counts = worker.done(&[n("\\u0000\\u0000", 4)]).await;
        assert_eq!((counts.applied, counts.parked), (0, 1), "{table}");
        assert_eq!(place.texts(&format!("select pk::text from {{s}}.{table}")).await, [r#"{"id": "b"}"#]);
    }
    place.finish().await;
}

#[tokio::test]
async fn a_table_name_that_no_database_can_have_stops_no_stream() {
    let place = place("nameless").await;
    let worker = place.worker(&place.config());
    let n = |table, micros| change(table, "a", at(micros), micros, Some(r#""n":{"N":"1"}"#));
    let mut key = n("orders", 4);
    key.payload = String::from_utf8(key.payload.to_vec()).unwrap().replace("\"id\"", "\"i\\u0000d\"").into();
    let counts = worker.done(&[n("", 1), n("a\\u0000b", 2), n("orders", 3), key]).await;
    assert_eq!((counts.applied, counts.parked), (1, 3));
    let codes = place.texts("select code from {s}.rowtide_dead_letters order by position").await;
    assert_eq!(codes, ["bad_table", "bad_table", "bad_key"]);
    place.finish().await;
}

#[tokio::test]
async fn a_schema_that_no_database_can_hold_stops_no_stream() {
    let place = place("schemaless").await;
    let worker = place.worker(&place.config());
    let schema = |table: &str, key: &str, column: &str| {
        let source = r#"{"connector":"mysql","ts_ms":1559033904863}"#;
        let table = format!(
            r#"{{"type":"ALTER","id":"{table}","table":{{"primaryKeyColumnNames":["{key}"],"columns":[{{"name":"{column}","typeName":"INT"}}]}}}}"#
        );
        format!(r#"{{"source":{source},"ddl":"ALTER","tableChanges":[{table}]}}"#)
    };
    let (nul, whole) = ("a\\u0000b", r#"\"shop\".\"orders\""#);
    let texts = [
        schema(nul, "id", "id"),
        schema(whole, nul, "id"),
        schema(whole, "id", nul),
        schema(whole, "id", "id"),
    ];
    let records: Vec<Record> =
        texts.into_iter().zip(1..).map(|(text, at)| Record::new("s", at.to_string(), text)).collect();
    let counts = worker.done(&records).await;
    assert_eq!((counts.received, counts.parked, counts.reported), (4, 3, 0));
    place.finish().await;
}

#[tokio::test]
async fn records_that_differ_only_in_what_no_text_can_hold_are_parked_once() {
    let place = place("alike").await;
    let worker = place.worker(&place.config());
    let bad = |position: &str| Record::new("s", position, "no change record");
    let counts = worker.done(&[bad("1\0"), bad("1\u{fffd}")]).await;
    assert_eq!(counts.parked, 2);
    assert_eq!(place.count("select count(*) from {s}.rowtide_dead_letters").await, 1);
    place.finish().await;
}

#[tokio::test]
async fn a_table_dropped_behind_a_warm_worker_is_made_again() {
    let place = place("dropped").await;
    let worker = place.worker(&place.config());
    assert_eq!(worker.done(&inserts("orders", 3)).await.applied, 3);
    place.run("drop table {s}.orders_cdc cascade; delete from {s}.rowtide_targets").await;
    let report = worker.take(&inserts("orders", 3)).await;
    assert_eq!(report.failure().and_then(|error| error.sqlstate()), Some("42P01"), "{report:?}");
    assert_eq!(worker.done(&inserts("orders", 3)).await.applied, 3);
    place.finish().await;
}

#[tokio::test]
async fn names_are_kept_as_they_are() {
    let place = place("names").await;
    let worker = place.worker(&place.config());
    let long = "t".repeat(80);
    for table in ["Orders", "shop.orders", "drop table \\\"x\\\"", "o'rders", &long, "tä.ble"] {
        assert_eq!(worker.done(&inserts(table, 2)).await.applied, 2, "{table}");
    }
    let names = place
        .texts("select viewname::text from pg_views where schemaname = '{s}' order by viewname collate \"C\"")
        .await;
    let digest = rowtide::route::identifier(&long);
    assert_eq!(digest.len(), 63);
    assert_eq!(names, ["Orders", "drop table \"x\"", "o'rders", "shop.orders", &digest, "tä.ble"]);
    place.finish().await;
}

#[tokio::test]
async fn numbers_that_differ_in_the_last_digit_are_two_rows() {
    let place = place("digits").await;
    let worker = place.worker(&place.config());
    let record = |number: &str, sequence: u64| {
        let payload = format!(
            r#"{{"eventName":"INSERT","tableName":"n","recordFormat":"application/json","dynamodb":{{"ApproximateCreationDateTime":{},"ApproximateCreationDateTimePrecision":"MICROSECOND","Keys":{{"id":{{"N":"{number}"}}}},"NewImage":{{"id":{{"N":"{number}"}},"v":{{"N":"{number}"}},"s":{{"NS":["{number}","2"]}}}}}}}}"#,
            at(sequence)
        );
        Record::new("-", sequence.to_string(), payload)
    };
    let exact = [
        "12345678901234567890123456789012345678",
        "12345678901234567890123456789012345679",
        "9007199254740993",
    ];
    worker.done(&[record(exact[0], 1), record(exact[1], 2), record(exact[2], 3)]).await;
    worker.done(&[record("1", 4), record("1.0", 5), record("1E0", 6)]).await;
    let rows = place
        .texts("select concat_ws(' ', key, pk->>'id', data->>'v', data->'s') from {s}.n order by key")
        .await;
    assert_eq!(
        rows,
        [
            format!("[{0}] {0} {0} [2, {0}]", exact[0]),
            format!("[{0}] {0} {0} [2, {0}]", exact[1]),
            "[1] 1 1 [1, 2]".to_owned(),
            format!("[{0}] {0} {0} [2, {0}]", exact[2]),
        ]
    );
    place.finish().await;
}

fn attribute() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        any::<String>(),
        "[a\u{0}\"\\\\/~😀é\u{7f}\u{1}\u{ffff}]{0,6}",
        Just("x".repeat(400 * 1024)),
    ];
    let quoted = |text: String| serde_json::to_string(&text).unwrap();
    let number =
        (any::<bool>(), "[1-9][0-9]{0,37}", -120_i32..80).prop_map(|(negative, digits, exponent)| {
            format!(r#"{{"N":"{}{digits}E{exponent}"}}"#, if negative { "-" } else { "" })
        });
    let plain = "-?[1-9][0-9]{0,20}\\.[0-9]{1,17}".prop_map(|number| format!(r#"{{"N":"{number}"}}"#));
    let leaf = prop_oneof![
        text.prop_map(move |text| format!(r#"{{"S":{}}}"#, quoted(text))),
        number,
        plain,
        any::<bool>().prop_map(|value| format!(r#"{{"BOOL":{value}}}"#)),
        Just(r#"{"NULL":true}"#.to_owned()),
    ];
    leaf.prop_recursive(31, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|list| format!(r#"{{"L":[{}]}}"#, list.join(","))),
            prop::collection::btree_map("[a-c\u{0}/~]{0,2}", inner, 0..4).prop_map(move |members| {
                let members: Vec<String> =
                    members.into_iter().map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
                format!(r#"{{"M":{{{}}}}}"#, members.join(","))
            }),
        ]
    })
}

/// A document with its members sorted and its numbers in one spelling.
fn comparable(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, Value> =
                members.iter().map(|(name, value)| (name, comparable(value))).collect();
            Value::Object(sorted.into_iter().map(|(name, value)| (name.clone(), value)).collect())
        }
        Value::Array(elements) => Value::Array(elements.iter().map(comparable).collect()),
        Value::Number(text) => Value::Number(rowtide::decimal::canonical(text).unwrap()),
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

#[tokio::test]
async fn generated_values_come_back_exactly() {
    let place = place("values").await;
    let worker = place.worker(&place.config());
    let mut runner = TestRunner::new(PropConfig { cases: 1, ..PropConfig::default() });
    let mut nested = r#"{"S":"deep"}"#.to_owned();
    for _ in 0..32 {
        nested = format!(r#"{{"L":[{nested}]}}"#);
    }
    let mut images = vec![nested];
    images.extend((0..150).map(|_| attribute().new_tree(&mut runner).unwrap().current()));
    let records: Vec<Record> = (0..)
        .zip(&images)
        .map(|(index, image)| {
            change("v", &format!("{index:03}"), at(index), index + 1, Some(&format!(r#""v":{image}"#)))
        })
        .collect();
    let flow = rowtide::pipeline::Flow::new(&place.config()).unwrap();
    let mut batch = flow.batch(&records);
    let sent: Vec<Value> = std::iter::from_fn(|| batch.chunk())
        .flat_map(|chunk| chunk.changes)
        .map(|change| {
            let rowtide::event::Change::Put(document) = change.event.change else { panic!("not a put") };
            Value::parse(&document.to_json()).unwrap()
        })
        .collect();
    assert_eq!(worker.done(&records).await.applied, images.len());
    let rows = place.query("select pk::text, data::text, aux::text from {s}.v order by key").await;
    assert_eq!(rows.len(), sent.len());
    for (row, sent) in rows.iter().zip(&sent) {
        let (_, document) = merge(row.get(0), row.get(1), row.get(2)).unwrap();
        assert_eq!(comparable(&document.unwrap()), comparable(sent));
    }
    place.finish().await;
}

#[tokio::test]
async fn purge_redrive_and_replay_bring_nothing_back() {
    let place = place("purge").await;
    let config = place.config();
    let worker = place.worker(&config);
    worker.done(&inserts("orders", 5)).await;
    let deletes: Vec<Record> = (0..5)
        .map(|index| change("orders", &format!("k{index:05}"), at(1_000 + index), 1_000 + index, None))
        .collect();
    worker.done(&deletes).await;
    // one of the keys has a parked record: its tombstone must stay
    place
        .run("insert into {s}.rowtide_dead_letters (source, position, sub, epoch, \"table\", key, code, message, payload_sha256) \
              values ('-', '1', 0, 0, 'orders', '[\"k00003\"]', 'rejected', '', '')")
        .await;
    let target = worker.sink.targets(Deadline::never()).await.unwrap().remove(0);
    worker.rest();
    let dry = worker.sink.purge(&target, Duration::ZERO, Purging::Counted).await.unwrap();
    worker.rest();
    assert_eq!((dry.rows, place.count("select count(*) from {s}.orders_cdc").await), (4, 5));
    assert_eq!(
        worker.sink.purge(&target, Duration::from_secs(3_600), Purging::to_the_end()).await.unwrap().rows,
        0
    );
    worker.rest();
    let purged = worker.sink.purge(&target, Duration::ZERO, Purging::to_the_end()).await.unwrap();
    worker.rest();
    assert_eq!(purged.rows, 4);
    assert_eq!(place.texts("select key from {s}.orders_cdc").await, [r#"["k00003"]"#]);
    // a replay of what is older than the horizon is refused, whole
    let checking = || rowtide::sink::Postgres::new(&config).unwrap().checking_horizon();
    let mut replay = place.worker(&config);
    replay.sink = checking();
    let old: Vec<Record> = inserts("orders", 5);
    let report = replay.take(&old).await;
    assert_eq!(report.failure().unwrap().code().as_str(), "behind_purge_horizon");
    assert_eq!(place.count("select count(*) from {s}.orders").await, 0);
    // so is a patch
    let mut patching = place.worker(&config);
    (patching.flow, patching.sink) = (old_patch(&config), checking());
    let report = patching.take(&[Record::new("script", "0", "0")]).await;
    assert_eq!(report.failure().unwrap().code().as_str(), "behind_purge_horizon");
    // what is newer is taken
    let future = u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap() + 60_000_000;
    let new = [change("orders", "k00000", future, 9_000, Some(r#""n":{"N":"9"}"#))];
    assert_eq!(replay.done(&new).await.applied, 1);
    // --force is the only way
    assert_eq!(place.worker(&config).done(&old).await.applied, 3);
    place.finish().await;
}

/// A source whose one record patches the order `k00001`, long ago.
pub(crate) fn old_patch(config: &Config) -> Flow {
    let key = Key::new(vec![("id".to_owned(), "\"k00001\"".to_owned())]).ok();
    let patch = Patch { set: vec![("/n".to_owned(), "1".to_owned())], remove: Vec::new() };
    let version = "k.0000.1.0000000000000001.0011".to_owned().into();
    let mut event = ChangeEvent::new("orders", key, Change::Patch(patch), version);
    event.changed_at = Some(Timestamp(1));
    Flow::with_decoders(config, Decoders::pinned(Box::new(Script(vec![vec![event]]))))
}

#[tokio::test]
async fn a_purge_goes_through_all_pages_and_stops_before_its_deadline() {
    let place = place("purge_pages").await;
    let config = place.config();
    let worker = place.worker(&config);
    worker.done(&inserts("orders", 2_500)).await;
    let target = worker.sink.targets(Deadline::never()).await.unwrap().remove(0);
    worker.rest();
    // every second row, so that no page is whole
    place
        .run(
            "update {s}.orders_cdc set deleted = true, data = null, aux = '{}', applied_at = applied_at - interval '1 day' \
             where right(key, 3) < '500\"'",
        )
        .await;
    let by = Deadline::after(Duration::from_millis(1));
    let purged = worker.sink.purge(&target, Duration::ZERO, Purging::Removed { by }).await;
    // nobody has given a purge without time a connection, or its first page
    assert!(purged.is_err_and(|error| error.code() == Code::Deadline));
    let tombstones = place.count("select count(*) from {s}.orders_cdc where deleted").await;
    let whole = worker.sink.purge(&target, Duration::from_secs(3_600), Purging::to_the_end()).await.unwrap();
    assert!(tombstones > 1_000 && whole.is_complete);
    assert_eq!(whole.rows, u64::try_from(tombstones).unwrap());
    worker.rest();
    assert_eq!(place.count("select count(*) from {s}.orders_cdc where deleted").await, 0);
    place.finish().await;
}

#[tokio::test]
async fn soft_rows_are_never_purged() {
    let place = place("purge_soft").await;
    let config = with_route(place.config(), |route| route.delete = DeletePolicy::Soft);
    let worker = place.worker(&config);
    worker.done(&inserts("orders", 1)).await;
    worker.done(&[change("orders", "k00000", at(9), 9, None)]).await;
    let target = worker.sink.targets(Deadline::never()).await.unwrap().remove(0);
    worker.rest();
    assert_eq!(worker.sink.purge(&target, Duration::ZERO, Purging::to_the_end()).await.unwrap().rows, 0);
    worker.rest();
    assert_eq!(place.count("select count(*) from {s}.orders where deleted").await, 1);
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_and_a_purge_on_the_same_keys_never_deadlock() {
    let Some(place) = server("purge_race").await else { return };
    let config = place.config();
    place.worker(&config).done(&inserts("orders", 1)).await;
    let workers: Vec<_> = (0..4_u64)
        .map(|number| {
            let worker = place.worker(&config);
            tokio::spawn(async move {
                for round in 1..40_u64 {
                    let records: Vec<Record> = (0..200)
                        .map(|index| {
                            // of a thousand keys, so that the purge finds some that nobody holds
                            let key = format!("k{:05}", (index * 7 + number * 13 + round * 31) % 1_000);
                            let sequence = round * 1_000 + number * 200 + index;
                            let image = (index % 3 > 0).then_some(r#""n":{"N":"1"}"#);
                            change("orders", &key, at(sequence), sequence, image)
                        })
                        .collect();
                    worker.done(&records).await;
                }
                worker.sink.retries()
            })
        })
        .collect();
    let purger = place.worker(&config);
    let target = purger.sink.targets(Deadline::never()).await.unwrap().remove(0);
    let mut purged = 0;
    let mut retries = 0;
    for worker in workers {
        while !worker.is_finished() {
            purged += purger.sink.purge(&target, Duration::ZERO, Purging::to_the_end()).await.unwrap().rows;
        }
        retries += worker.await.unwrap();
    }
    purged += purger.sink.purge(&target, Duration::ZERO, Purging::to_the_end()).await.unwrap().rows;
    assert!(purged > 0);
    assert_eq!(retries, 0, "a deadlock or another conflict had to be tried again");
    place.finish().await;
}

#[tokio::test]
async fn retention_keeps_what_patches_wait_behind() {
    let place = place("retention").await;
    let worker = place.worker(&place.config());
    worker.sink.targets(Deadline::never()).await.unwrap();
    worker.rest();
    let letter = |position: &str, key: &str, code: &str, days: u32| {
        format!(
            "insert into {{s}}.rowtide_dead_letters (source, position, sub, epoch, \"table\", key, code, message, \
             payload_sha256, parked_at) values ('-', '{position}', 0, 0, 'orders', '{key}', '{code}', '', '', now() - interval '{days} days');"
        )
    };
    let letters = [
        letter("1", "a", "rejected", 40),
        letter("2", "b", "rejected", 40),
        letter("3", "b", "blocked", 40),
        letter("4", "c", "rejected", 20),
    ];
    place.run(&letters.concat()).await;
    assert_eq!(worker.sink.expire_dead_letters(&[], Deadline::never()).await.unwrap(), 1);
    worker.rest();
    assert_eq!(
        place.texts("select position from {s}.rowtide_dead_letters order by id").await,
        ["2", "3", "4"]
    );
    place.finish().await;
}

#[tokio::test]
async fn the_server_needs_no_more_than_its_statements_say() {
    // the guard of a stale row must not write: nothing of it is in the table's statistics
    let Some(place) = server("stale_costs_nothing").await else { return };
    let worker = place.worker(&place.config());
    let records = inserts("orders", 500);
    worker.done(&records).await;
    let client = connect(&place.url).await;
    let xmax = format!("select count(*) from {}.orders_cdc where xmax::text <> '0'", place.schema);
    worker.done(&records).await;
    let locked: i64 = client.query_one(&xmax, &[]).await.unwrap().get(0);
    assert_eq!(locked, 0, "stale rows are dropped before they are locked");
    place.finish().await;
}
