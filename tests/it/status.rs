//! `rowtide status`: right numbers, nothing changed, and large tables not read to their end.

use crate::cli::{Ended, Folder, rowtide};
use crate::sources::{Database, EU, US, of_region};
use crate::support::{Place, server, server_url};
use rowtide::config::Config;
use rowtide::deadline::Deadline;
use rowtide::error::Code;
use rowtide::policy::{DeletePolicy, RoutePolicy};
use rowtide::sink::{self, DeadLetter, Store as _};
use rowtide::source::Member;
use serde_json::{Value, json};

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
    assert_eq!(found["targets"], json!([]));
    assert_eq!(
        found["own_tables"][0],
        json!({"table":"rowtide_targets","exists":false,"lacks":[],"statement":null})
    );
    place.finish().await;
}

#[tokio::test]
async fn rows_tombstones_times_and_what_is_parked_are_told() {
    let Some(place) = server("status").await else { return };
    let folder = Folder::new("status");
    let config = folder.file("c.toml", "[[route]]\nfrom = \"orders\"\ntypes = { n = \"integer\" }\n");
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
    assert_eq!(orders["unfit"], json!({"n": 1}));
    assert!(found["parked"].as_array().is_some_and(|parked| !parked.is_empty()), "{found}");
    let parked: u64 =
        found["parked"].as_array().unwrap().iter().map(|it| it["letters"].as_u64().unwrap()).sum();
    let letters =
        place.count("select count(*) from {s}.rowtide_dead_letters where redriven_at is null").await;
    assert_eq!(parked, u64::try_from(letters).unwrap());
    // for people: a line of at most 80 columns, and what is to be done
    let ended = look(&place, &[]).await;
    let name = format!("{}.orders", place.schema);
    assert!(ended.out.contains(&format!("│ orders ┆ {live} ")), "{}", ended.out);
    assert!(ended.out.contains("the column n is null in 1 row whose document has a value"), "{}", ended.out);
    assert!(ended.out.contains("`rowtide dead-letters list --open`"), "{}", ended.out);
    // a target whose table is gone does not hide the others
    place.run("drop view {s}.orders; drop table {s}.orders_cdc").await;
    let ended = look(&place, &[]).await;
    assert!(ended.out.contains(&format!("{name}: ")) && ended.out.contains('?'), "{}", ended.out);
    place.finish().await;
}

/// `rowtide status` with the settings of `config` and none else, on PostgreSQL and CrateDB.
fn status(config: &Config, more: &[&str]) -> Ended {
    let url = config.sink.url.as_ref().unwrap().expose();
    let schema = format!("sink.schema={}", config.sink.schema);
    let own: &[&str] = if more.contains(&"--config") { &[] } else { &["--config", "/dev/null"] };
    rowtide(&[&["status", "--sink", url, "--set", &schema], own, more].concat())
}

/// What `rowtide status` says of the target that is called `name`, in all of it.
fn status_of(config: &Config, name: &str, more: &[&str]) -> (Value, Value) {
    let found = status(config, &[&["--output", "json"], more].concat()).object();
    let name = format!("{}.{name}", config.sink.schema);
    let targets = found["targets"].as_array().unwrap();
    let target = targets.iter().find(|target| target["target"] == name).cloned();
    (target.unwrap_or_else(|| panic!("{name}: {found}")), found)
}

/// PostgreSQL, and CrateDB where one runs; the embedded database serves one client at a time.
pub(crate) async fn servers(test: &str) -> Vec<Database> {
    if server_url().is_none() {
        eprintln!("not run: {test} needs a real PostgreSQL; set ROWTIDE_TEST_POSTGRES");
        return Vec::new();
    }
    Database::each(test).await
}

async fn refresh(database: &Database, table: &str) {
    if database.is_cratedb() {
        database.execute(&format!("refresh table \"{{s}}\".\"{table}\"")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_not_there_is_told_from_an_empty_database() {
    for database in servers("status_schema").await {
        database.done(&database.config, &[of_region(US, 1, Some("us"))]).await;
        let config = database.with(|config| config.sink.schema = "rowtide_test_nowhere".into());
        let (ended, found) = (status(&config, &[]), status(&config, &["--output", "json"]));
        let object = found.object();
        assert_eq!(
            (&object["schema_exists"], &object["schema"]),
            (&false.into(), &"rowtide_test_nowhere".into())
        );
        if database.is_cratedb() {
            // a schema comes with its first table
            assert_eq!((ended.status, found.status), (0, 0), "{}", ended.err);
            assert!(ended.out.contains("There is nothing in this schema yet"), "{}", ended.out);
            assert!(ended.out.contains("There is a rowtide_targets in"), "{}", ended.out);
        } else {
            assert_eq!((ended.status, found.status), (2, 2), "{}", ended.out);
            for err in [ended.err, found.err] {
                assert!(
                    err.contains("The database has no schema rowtide_test_nowhere: create it, or"),
                    "{err}"
                );
                assert!(err.contains("There is a rowtide_targets in"), "{err}");
            }
        }
        assert_eq!(status(&database.config, &["--output", "json"]).object()["schema_exists"], true);
        database.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_was_dropped_is_missed_and_what_brings_it_back_is_said() {
    for database in servers("status_view").await {
        let config = &database.config;
        database.done(config, &[of_region(US, 1, Some("us"))]).await;
        assert_eq!(status_of(config, "orders", &[]).0["view_exists"], true);
        database.execute("drop view \"{s}\".orders").await;
        refresh(&database, "orders_cdc").await;
        let (orders, _) = status_of(config, "orders", &[]);
        assert_eq!((&orders["view_exists"], &orders["rows"]), (&false.into(), &1.into()), "{orders}");
        let name = format!("{}.orders", config.sink.schema);
        let out = status(config, &[]).out;
        let expected =
            format!("{name}: its view is gone; the rows are in {name}_cdc. The next writer that starts");
        assert!(out.contains(&expected) && out.contains("`rowtide ddl orders`"), "{out}");
        let out = status(config, &["--set", "sink.ddl=never"]).out;
        assert!(
            out.contains("sink.ddl is \"never\": run the statement that `rowtide ddl orders` prints."),
            "{out}"
        );
        // as it says
        database.done(config, &[of_region(US, 2, Some("us2"))]).await;
        assert!(!status(config, &[]).out.contains("its view is gone"));
        // the storage table, too
        database.execute("drop view \"{s}\".orders").await;
        database.execute("drop table \"{s}\".orders_cdc").await;
        let out = status(config, &[]).out;
        assert!(out.contains(&format!("{name}: its storage table {name}_cdc is gone.")), "{out}");
        database.finish().await;
    }
}

fn letter(position: &str, source: &str, table: &str, code: Code) -> DeadLetter {
    DeadLetter {
        source: source.into(),
        position: position.into(),
        sequence_number: None,
        sub: 0,
        event_id: None,
        partition_key: None,
        arrived_at: None,
        epoch: 0,
        decoder: Some("dynamodb"),
        table: Some(table.into()),
        key: None,
        code,
        message: "The record is refused.".into(),
        payload: None,
        payload_sha256: position.repeat(64),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_counted_for_the_target_that_they_are_of_or_for_none() {
    for database in servers("status_parked").await {
        let route = |from: &str, to: &str, region: Option<&str>| RoutePolicy {
            source: region.map(|region| (Member::Region, region.to_owned())).into_iter().collect(),
            merge: region.is_none(),
            ..RoutePolicy { from: from.into(), to: to.into(), ..RoutePolicy::default() }
        };
        let config = database.with(|config| {
            config.routes = vec![
                route("orders", "orders_eu", Some(EU)),
                route("orders", "orders_us", Some(US)),
                route("shard_*", "shards", None),
            ];
        });
        let shard =
            crate::support::change("shard_1", "a", crate::support::at(1), 9, Some(r#""n":{"N":"1"}"#));
        database.done(&config, &[of_region(EU, 1, Some("eu")), of_region(US, 1, Some("us"))]).await;
        database.done(&config, &[shard]).await;
        let sink = sink::Database::new(&config).unwrap();
        let queue = "arn:aws:sqs:eu-west-1:111111111111:q";
        let arn = |region: &str| format!("arn:aws:dynamodb:{region}:111111111111:table/orders/stream/2026");
        let letters = [
            letter("1", &arn(EU), "orders", Code::Rejected),
            letter("2", &arn(EU), "orders", Code::Rejected),
            letter("3", &arn(US), "orders", Code::Rejected),
            letter("4", &arn("ap-east-1"), "orders", Code::OtherSource),
            letter("5", "-", "customers", Code::Rejected),
        ];
        sink.park(&letters, Deadline::never()).await.unwrap();
        let of = |name: &str, more: &[&str]| {
            let (target, _) = status_of(&config, name, more);
            (target["parked"].as_u64().unwrap(), target["parked_perhaps"].as_u64().unwrap())
        };
        assert_eq!((of("orders_eu", &[]), of("orders_us", &[])), ((2, 0), (1, 0)));
        let out = status(&config, &[]).out;
        let other = "1 parked letter of orders from another source than its target's";
        assert!(out.contains(other), "{out}");
        assert!(
            out.contains(".orders_eu: filled from orders of account 111111111111, region eu-west-1."),
            "{out}"
        );
        // what a queue brought does not tell
        sink.park(&[letter("6", queue, "orders", Code::Rejected)], Deadline::never()).await.unwrap();
        assert_eq!((of("orders_eu", &[]), of("orders_us", &[])), ((2, 1), (1, 1)));
        let out = status(&config, &[]).out;
        assert!(
            out.contains(" 2 to 3 ") && out.contains("1 parked letter of orders: it is not told"),
            "{out}"
        );
        // which tables are merged, the configuration knows
        sink.park(&[letter("7", queue, "shard_2", Code::Rejected)], Deadline::never()).await.unwrap();
        sink.close();
        assert_eq!(of("shards", &[]), (0, 2), "of shard_2 and of customers");
        let folder = Folder::new("status_parked");
        let merged = "[[route]]\nfrom = \"shard_*\"\nto = \"shards\"\nmerge = true\n";
        let merged = folder.file("c.toml", merged);
        assert_eq!(of("shards", &["--config", &merged]), (1, 1));
        let (_, found) = status_of(&config, "shards", &["--config", &merged]);
        let letters = found["parked"].as_array().unwrap().iter().map(|of| of["letters"].as_u64().unwrap());
        assert_eq!(letters.sum::<u64>(), 7, "{found}");
        let out = status(&config, &[]).out;
        let framed: Vec<&str> = out.lines().filter(|line| line.starts_with(['│', '┌'])).collect();
        assert!(framed.len() == 5 && framed.iter().all(|line| line.chars().count() <= 80), "{out}");
        database.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn soft_deleted_rows_are_told_from_live_ones() {
    for database in servers("status_soft").await {
        let config = database.with(|config| {
            let delete = DeletePolicy::Soft;
            config.routes = vec![RoutePolicy { delete, ..RoutePolicy::default() }];
        });
        let change = |id: &str, sequence, image| {
            crate::support::change("orders", id, crate::support::at(sequence), sequence, image)
        };
        let image = Some(r#""n":{"N":"1"}"#);
        let puts: Vec<_> =
            ["a", "b", "c"].into_iter().zip(1..).map(|(id, at)| change(id, at, image)).collect();
        database.done(&config, &puts).await;
        database.done(&config, &[change("a", 10, None)]).await;
        refresh(&database, "orders_cdc").await;
        let (orders, _) = status_of(&config, "orders", &[]);
        let counts = ["rows", "soft_deleted", "tombstones"].map(|count| orders[count].as_u64().unwrap());
        assert_eq!(counts, [2, 1, 0], "{orders}");
        let out = status(&config, &[]).out;
        assert!(out.contains(" ┆ 2    ┆ 1 soft  ┆ "), "{out}");
        database.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_locked_is_named_and_the_rest_is_shown() {
    let Some(place) = server("status_locked").await else { return };
    let schema = format!("sink.schema={}", place.schema);
    let insert = "events/dynamodb-kinesis/insert.json";
    assert_eq!(rowtide(&["replay", "--sink", &place.url, "--set", &schema, "--no-rows", insert]).status, 0);
    // a reader that does not come through
    let lock = async |table: &str| {
        let holder = crate::support::connect(&place.url).await;
        let lock = format!("begin; lock table {}.{table} in access exclusive mode", place.schema);
        holder.batch_execute(&lock).await.unwrap();
        let process: i32 = holder.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
        (holder, process)
    };
    let (holder, process) = lock("orders_cdc").await;
    let found = look(&place, &["--output", "json"]).await.object();
    let orders = &found["targets"][0];
    assert_eq!(
        (&orders["estimated"], &orders["rows"]),
        (&true.into(), &Value::Null),
        "never analysed: {found}"
    );
    assert_eq!(orders["locked_by"], json!([process]), "{found}");
    drop(holder);
    place.run("analyze {s}.orders_cdc").await;
    let (holder, process) = lock("orders_cdc").await;
    let out = look(&place, &[]).await.out;
    let expected = format!("not counted, because the process {process} of the server locks it or waits to");
    assert!(out.contains(&expected) && out.contains("┆ ~2   ┆ ~0"), "{out}");
    drop(holder);
    // rowtide's own tables
    for (table, known, unknown) in
        [("rowtide_targets", "parked", "targets"), ("rowtide_dead_letters", "targets", "parked")]
    {
        let (holder, process) = lock(table).await;
        let given = ["status", "--sink", &place.url, "--set", &schema];
        let ended = rowtide(&given);
        let name = format!("{}.{table}", place.schema);
        let expected =
            format!("{name} cannot be read: the process {process} of the server locks it or waits to");
        assert!(ended.status == 1 && ended.out.contains(&expected), "{}{}", ended.out, ended.err);
        let found = rowtide(&[&given[..], &["--output", "json"]].concat()).object();
        assert_eq!(found["unread"][0]["table"], name, "{found}");
        assert!(found[known].is_array() && found[unknown].is_null(), "{found}");
        drop(holder);
    }
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_former_version_did_not_make_is_told_with_the_statement_that_adds_it() {
    let Some(place) = server("status_former").await else { return };
    let schema = format!("sink.schema={}", place.schema);
    let insert = "events/dynamodb-kinesis/insert.json";
    assert_eq!(rowtide(&["replay", "--sink", &place.url, "--set", &schema, "--no-rows", insert]).status, 0);
    place.run("alter table {s}.rowtide_targets drop column source_identity, drop column key_types").await;
    place.run("alter table {s}.rowtide_dead_letters drop column sequence_number").await;
    let lacks = "rowtide_targets was made by a former version and lacks source_identity and key_types:";
    let statement = format!("alter table \"{}\".\"rowtide_targets\" add column if not exists", place.schema);
    let out = look(&place, &[]).await.out;
    assert!(
        out.contains(&format!("{lacks} who writes next adds that, where he may; else run: {statement}")),
        "{out}"
    );
    let out = look(&place, &["--set", "sink.ddl=never"]).await.out;
    assert!(
        out.contains(&format!("{lacks} sink.ddl is \"never\", so run, as its owner: {statement}")),
        "{out}"
    );
    assert!(!out.contains("who writes next"), "{out}");
    assert_eq!(place.count("select count(*) from information_schema.columns where table_schema = '{s}' and column_name = 'key_types'").await, 0);
    // what `rowtide ddl` prints does it, however often it is run
    let ddl = rowtide(&["ddl", "--set", &schema]).out;
    for _ in 0..2 {
        place.run(&ddl).await;
        let found = look(&place, &["--set", "sink.ddl=never", "--output", "json"]).await.object();
        let lacking =
            found["own_tables"].as_array().unwrap().iter().filter(|table| table["lacks"] != json!([]));
        assert_eq!(lacking.count(), 0, "{found}");
    }
    place.run("drop table {s}.rowtide_dead_letters").await;
    let out = look(&place, &["--set", "sink.ddl=never"]).await.out;
    assert!(out.contains("there is no rowtide_dead_letters: run what `rowtide ddl` prints"), "{out}");
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_next_adds_what_letters_of_a_former_version_lack() {
    for database in servers("status_former_letters").await {
        let config = &database.config;
        database.done(config, &[of_region(US, 1, Some("us"))]).await;
        database.execute("alter table \"{s}\".rowtide_dead_letters drop column sequence_number").await;
        let lacks =
            "rowtide_dead_letters was made by a former version and lacks sequence_number: who writes next";
        let out = status(config, &[]).out;
        assert!(out.contains(lacks) && out.contains(" add column "), "{out}");
        database.done(config, &[of_region(US, 2, Some("us2"))]).await;
        let out = status(config, &[]).out;
        assert!(!out.contains("former version"), "{out}");
        database.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_takes_too_long_to_count_is_estimated() {
    let Some(place) = server("status_large").await else { return };
    let schema = format!("sink.schema={}", place.schema);
    let insert = "events/dynamodb-kinesis/insert.json";
    assert_eq!(rowtide(&["replay", "--sink", &place.url, "--set", &schema, "--no-rows", insert]).status, 0);
    // for a reader of its own, each row takes as long as many rows would
    place.run("drop role if exists rowtide_test_slow; create role rowtide_test_slow").await;
    place.run("grant usage on schema {s} to rowtide_test_slow").await;
    place.run("grant select on all tables in schema {s} to rowtide_test_slow").await;
    place.run("alter table {s}.orders_cdc enable row level security").await;
    place.run("create policy slow on {s}.orders_cdc using (pg_sleep(3)::text is not null)").await;
    place.run("analyze {s}.orders_cdc").await;
    let url = crate::support::with_option(&place.url, "options", "-c role=rowtide_test_slow");
    let given = ["status", "--sink", &url, "--set", &schema];
    let found = rowtide(&[&given[..], &["--output", "json"]].concat()).object();
    let orders = &found["targets"][0];
    assert_eq!((&orders["estimated"], &orders["rows"]), (&true.into(), &2.into()), "{found}");
    assert_eq!((&orders["estimated_because"], &orders["locked_by"]), (&"it is large".into(), &json!([])));
    let ended = rowtide(&given);
    assert_eq!(ended.status, 0, "{}", ended.err);
    let expected = "not counted, because it is large; ~ are the server's estimates.";
    assert!(ended.out.contains(expected) && ended.out.contains("┆ ~2   ┆ ~0"), "{}", ended.out);
    place.run("drop owned by rowtide_test_slow; drop role rowtide_test_slow").await;
    place.finish().await;
}
