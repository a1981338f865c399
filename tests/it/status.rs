//! `rowtide status`: right numbers, nothing changed, and large tables not read to their end.

use crate::cli::{Ended, rowtide};
use crate::support::{Place, server};

/// Looks into a place; nothing in it may be different behind that.
async fn look(place: &Place, more: &[&str]) -> Ended {
    let tables = "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
                  where n.nspname = '{s}' order by 1";
    let before = place.texts(tables).await;
    let schema = format!("sink.schema={}", place.schema);
    let ended = rowtide(&[&["status", "--sink", &place.url, "--set", &schema], more].concat());
    assert_eq!(ended.status, 0, "{}", ended.err);
    assert_eq!(place.texts(tables).await, before, "nothing is made");
    ended
}

#[tokio::test]
async fn an_empty_database_has_no_targets_and_gets_none() {
    let Some(place) = server("status_empty").await else { return };
    let ended = look(&place, &[]).await;
    assert!(ended.out.contains("There are no targets yet."), "{}", ended.out);
    let found = look(&place, &["--output", "json"]).await.object();
    assert_eq!(found["targets"], serde_json::json!([]));
    assert_eq!(
        found["own_tables"][0],
        serde_json::json!({"table":"rowtide_targets","exists":false,"lacks":[]})
    );
    place.finish().await;
}

#[tokio::test]
async fn rows_tombstones_times_and_what_is_parked_are_told() {
    let Some(place) = server("status").await else { return };
    let config = format!("{}/status.toml", std::env::temp_dir().display());
    std::fs::write(&config, "[[route]]\nfrom = \"orders\"\ntypes = { n = \"integer\" }\n").unwrap();
    let schema = format!("sink.schema={}", place.schema);
    let events = [
        "events/dynamodb-kinesis/poison-in-the-middle.json",
        "events/dynamodb-kinesis/insert.json",
        "events/dynamodb-kinesis/remove.json",
    ];
    for event in events {
        let replay =
            ["replay", "--config", &config, "--sink", &place.url, "--set", &schema, "--no-rows", event];
        assert_eq!(rowtide(&replay).status, 0);
    }
    // a value that is not of its column's type
    place.run("update {s}.orders_cdc set data = data || '{\"n\":\"many\"}' where key = (select min(key) from {s}.orders)").await;
    let found = look(&place, &["--output", "json"]).await.object();
    let [orders] = found["targets"].as_array().unwrap().as_slice() else { panic!("{found}") };
    let live = place.count("select count(*) from {s}.orders").await;
    let deleted = place.count("select count(*) from {s}.orders_cdc where deleted").await;
    assert!(live > 0 && deleted > 0);
    assert_eq!((&orders["rows"], &orders["tombstones"]), (&live.into(), &deleted.into()));
    assert_eq!((&orders["source"], &orders["estimated"]), (&"orders".into(), &false.into()));
    assert!(orders["lag_ms"].as_u64().is_some_and(|lag| lag > 0), "{orders}");
    let changed = place.texts("select to_char(max(changed_at) at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') from {s}.orders_cdc").await;
    assert_eq!(orders["changed_at"], format!("{}Z", changed[0]));
    assert_eq!(orders["unfit"], serde_json::json!({"n": 1}));
    assert!(found["parked"].as_array().is_some_and(|parked| !parked.is_empty()), "{found}");
    let parked: u64 =
        found["parked"].as_array().unwrap().iter().map(|it| it["letters"].as_u64().unwrap()).sum();
    let letters =
        place.count("select count(*) from {s}.rowtide_dead_letters where redriven_at is null").await;
    assert_eq!(parked, u64::try_from(letters).unwrap());
    // for people: a line of at most 80 columns, and what is to be done
    let ended = look(&place, &[]).await;
    let name = format!("{}.orders", place.schema);
    assert!(ended.out.contains(&format!("│ {name} ┆ {live} ")), "{}", ended.out);
    assert!(ended.out.contains("the column n is null in 1 row whose document has a value"), "{}", ended.out);
    assert!(ended.out.contains("`rowtide dead-letters list --open`"), "{}", ended.out);
    // a registry of a former version stays as it is
    place.run("alter table {s}.rowtide_targets drop column source_identity, drop column key_types").await;
    let ended = look(&place, &[]).await;
    let expected = "rowtide_targets was made by a former version and lacks source_identity and key_types:";
    assert!(ended.out.contains(expected), "{}", ended.out);
    assert_eq!(place.count("select count(*) from information_schema.columns where table_schema = '{s}' and column_name = 'key_types'").await, 0);
    // a target whose table is gone does not hide the others
    place.run("drop view {s}.orders; drop table {s}.orders_cdc").await;
    let ended = look(&place, &[]).await;
    assert!(ended.out.contains(&format!("{name}: ")) && ended.out.contains('?'), "{}", ended.out);
    place.finish().await;
}

#[tokio::test]
async fn a_table_that_takes_too_long_to_count_is_estimated() {
    let Some(place) = server("status_large").await else { return };
    let schema = format!("sink.schema={}", place.schema);
    let insert = "events/dynamodb-kinesis/insert.json";
    assert_eq!(rowtide(&["replay", "--sink", &place.url, "--set", &schema, "--no-rows", insert]).status, 0);
    // a reader that does not come through
    let holder = crate::support::connect(&place.url).await;
    let lock = format!("begin; lock table {}.orders_cdc in access exclusive mode", place.schema);
    holder.batch_execute(&lock).await.unwrap();
    let found = look(&place, &["--output", "json"]).await.object();
    assert_eq!(found["targets"][0]["estimated"], true, "{found}");
    let ended = look(&place, &[]).await;
    assert!(ended.out.contains("not counted within two seconds") && ended.out.contains('~'), "{}", ended.out);
    drop(holder);
    place.finish().await;
}
