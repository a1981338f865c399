//! `rowtide snapshot`, `rowtide verify` and the function `rowtide-snapshot` on a real PostgreSQL.

use crate::cli::{Ended, command, rowtide_with};
use crate::cratedb;
use crate::runtime_api::Function;
use crate::support::{Place, connect, server};
use proptest::prelude::*;
use proptest::test_runner::{Config as PropConfig, TestRunner};
use rowtide::record::Record;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::Duration;

/// A source and a sink, both schemas of the test's own.
struct Shop {
    source: Place,
    sink: Place,
    folder: tempfile::TempDir,
}

impl Shop {
    async fn new(test: &str) -> Option<Self> {
        let source = server(&format!("snap_{test}_src")).await?;
        let sink = server(&format!("snap_{test}")).await?;
        Some(Self { source, sink, folder: tempfile::tempdir().unwrap() })
    }

    /// The name of a table at the source.
    fn table(&self, name: &str) -> String {
        format!("{}.{name}", self.source.schema)
    }

    fn settings(&self) -> Vec<(String, String)> {
        [
            ("ROWTIDE_SNAPSHOT_URL", &self.source.url),
            ("ROWTIDE_SINK_URL", &self.sink.url),
            ("ROWTIDE_SINK_SCHEMA", &self.sink.schema),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .to_vec()
    }

    /// `rowtide` with these arguments, and `text` as its configuration.
    fn run_with(&self, text: &str, args: &[&str]) -> Ended {
        let file = self.folder.path().join("rowtide.toml");
        std::fs::write(&file, text.replace("{src}", &self.source.schema)).unwrap();
        let settings = self.settings();
        let mut variables: Vec<(&str, &str)> =
            settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        variables.push(("ROWTIDE_CONFIG", file.to_str().unwrap()));
        rowtide_with(args, &variables, b"")
    }

    /// A snapshot of a table, what became of it as JSON.
    fn snapshot(&self, text: &str, table: &str, more: &[&str]) -> Value {
        let table = self.table(table);
        let args: Vec<&str> = ["snapshot", &table, "--output", "json"].iter().chain(more).copied().collect();
        let ended = self.run_with(text, &args);
        assert_eq!(ended.status, 0, "{}{}", ended.out, ended.err);
        ended.object()
    }

    /// How many rows differ, after no time at all.
    fn differences(&self, text: &str, table: &str) -> Vec<Value> {
        let ended =
            self.run_with(text, &["verify", &self.table(table), "--settle", "0s", "--output", "json"]);
        let mut lines = ended.lines();
        let last = lines.pop().unwrap_or_else(|| panic!("{}", ended.err));
        assert_eq!(last["differences"], lines.len(), "{}", ended.out);
        assert_eq!(ended.status, i32::from(!lines.is_empty()), "{}{}", ended.out, ended.err);
        lines
    }

    /// The name of the storage table.
    fn storage(&self, table: &str) -> String {
        format!("{{s}}.\"{}_cdc\"", self.table(table))
    }

    async fn finish(self) {
        self.source.finish().await;
        self.sink.finish().await;
    }
}

#[tokio::test]
async fn a_row_of_every_type_is_written_exactly() {
    let Some(shop) = Shop::new("types").await else { return };
    shop.source
        .run(
            r#"create type {s}.state as enum ('new', 'old'); create domain {s}.price as numeric(12, 2);
            create table {s}.t ("a.b" bigint, "Überschrift ""x""" text collate "C", row numeric(38, 10), gone numeric,
              f8 float8, ok bool, ts timestamp, tz timestamptz, e {s}.state, p {s}.price, j json, jb jsonb, by bytea,
              arr int[], texts text[], u uuid, nothing text, primary key ("Überschrift ""x""", "a.b"));
            insert into {s}.t values (9007199254740993, E'tab\t nl\n "q" \\\\', 1234567890123456789012345678.0123456789,
              'NaN', 'Infinity', true, '2026-03-02 08:35:30.1', '2026-03-02 08:35:30+02', 'new', 9.90,
              E'{"a" :\n 1.10}', '{"b": [1, null]}', '\x00ff', array[1, null, 3], array['a', 'b"c', 'NULL', null, ''],
              'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', null)"#,
        )
        .await;
    let done = shop.snapshot("", "t", &[]);
    assert_eq!((&done["rows"], &done["applied"], &done["parked"]), (&1.into(), &1.into(), &0.into()));
    let rows = shop.sink.view(&shop.table("t")).await;
    let (key, data) = rows.first_key_value().unwrap();
    assert_eq!(key, r#"[9007199254740993,"tab\t nl\n \"q\" \\\\"]"#);
    let expected = r#"{"e": "new", "j": {"a": 1.10}, "p": 9.90, "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "by": "AP8=", "f8": "Infinity", "jb": {"b": [1, null]}, "ok": true, "ts": "2026-03-02T08:35:30.100000", "tz": "2026-03-02T06:35:30.000000Z", "arr": [1, null, 3], "row": 1234567890123456789012345678.0123456789, "gone": "NaN", "texts": ["a", "b\"c", "NULL", null, ""], "nothing": null}"#;
    assert_eq!(data, expected);
    assert!(shop.differences("", "t").is_empty());
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_comes_exactly_once_whatever_its_key_and_however_it_is_cut() {
    let Some(shop) = Shop::new("keys").await else { return };
    shop.source
        .run(
            "create table {s}.t (a text, b numeric, c timestamptz, n int, primary key (a, b, c));
            create collation {s}.odd (provider = icu, locale = 'de-u-ks-level1', deterministic = false);
            create table {s}.u (a text collate {s}.odd, e bytea, n int, primary key (e, a))",
        )
        .await;
    let text = prop::sample::select(vec!["", "a", "A", "ä", "b\\c", "it's", "\"q\"", "z\nz", "ß", "\t"]);
    let rows = prop::collection::btree_set((text, -3..3_i32, 0..4_i64), 0..40);
    let mut runner =
        TestRunner::new(PropConfig { cases: 12, failure_persistence: None, ..PropConfig::default() });
    let handle = tokio::runtime::Handle::current();
    let given = (rows, prop::sample::select(vec![1, 2, 3, 7, 1_000]), 1..5_u32);
    tokio::task::block_in_place(|| {
        runner.run(&given, |(rows, chunk, split): (BTreeSet<(&str, i32, i64)>, i32, u32)| {
            let quoted = |text: &str| text.replace('\'', "''");
            let values: Vec<String> = rows
                .iter()
                .map(|(a, b, c)| format!("('{}', {b}.50, to_timestamp({c}.000001), 1)", quoted(a)))
                .collect();
            let mut sql = "truncate {s}.t; truncate {s}.u;".to_owned();
            if !values.is_empty() {
                sql.push_str(&format!("insert into {{s}}.t values {};", values.join(", ")));
                let bytes: Vec<String> = rows
                    .iter()
                    .map(|(a, b, c)| format!("('{}', convert_to('{b}.{c}', 'UTF8'), 1)", quoted(a)))
                    .collect();
                let insert = "insert into {s}.u values {} on conflict do nothing".replace("{}", &bytes.join(", "));
                sql.push_str(&insert);
            }
            handle.block_on(shop.source.run(&sql));
            for table in ["t", "u"] {
                let file = format!(
                    "[snapshot]\nreplace = true\nchunk = {chunk}\n[[snapshot.table]]\nname = \"{{src}}.{table}\"\nsplit = {split}"
                );
                let done = shop.snapshot(&file, table, &[]);
                let count = handle.block_on(shop.source.count(&format!("select count(*) from {{s}}.{table}")));
                prop_assert_eq!(&done["rows"], count);
                prop_assert_eq!(&done["applied"], count);
                prop_assert_eq!(shop.differences(&file, table), Vec::<Value>::new());
            }
            Ok(())
        })
    })
    .unwrap();
    shop.finish().await;
}

#[tokio::test]
async fn what_is_gone_is_removed_and_what_the_stream_wrote_stays() {
    let Some(shop) = Shop::new("replace").await else { return };
    shop.source.run("create table {s}.t (id int primary key, n int)").await;
    shop.source.run("insert into {s}.t select g, g from generate_series(1, 20) g").await;
    let file = "[snapshot]\nbeside = \"debezium\"\nchunk = 3";
    assert_eq!(shop.snapshot(file, "t", &[])["applied"], 20);
    // the stream: one row is new, one changed, one deleted
    let change = |op: &str, before: &str, after: &str, lsn: u64| {
        let source =
            format!(r#""connector":"postgresql","schema":"{}","table":"t","lsn":{lsn}"#, shop.source.schema);
        format!(r#"{{"before":{before},"after":{after},"source":{{{source}}},"op":"{op}","ts_ms":1}}"#)
    };
    let records: Vec<Record> = [
        change("c", "null", r#"{"id":21,"n":21}"#, 100),
        change("u", "null", r#"{"id":2,"n":200}"#, 101),
        change("d", r#"{"id":3,"n":3}"#, "null", 102),
    ]
    .into_iter()
    .zip(1..)
    .map(|(payload, at)| Record { partition_key: None, ..Record::new("s", at.to_string(), payload) })
    .collect();
    let mut config = shop.sink.config();
    config.routes = vec![rowtide::policy::RoutePolicy { key: vec!["id".to_owned()], ..Default::default() }];
    shop.sink.worker(&config).done(&records).await;
    shop.source.run("delete from {s}.t where id in (3, 4, 5, 21); update {s}.t set n = 0 where id = 2").await;
    let done = shop.snapshot(file, "t", &["--replace"]);
    assert_eq!(
        (&done["rows"], &done["removed"], &done["stale"]),
        (&17.into(), &2.into(), &1.into()),
        "{done}"
    );
    let rows = shop.sink.view(&shop.table("t")).await;
    assert_eq!(rows.len(), 18);
    assert_eq!(rows["[21]"], r#"{"n": 21}"#);
    assert_eq!(rows["[2]"], r#"{"n": 200}"#);
    assert!(!rows.contains_key("[3]") && !rows.contains_key("[4]"));
    // a raised epoch says that the stream has lost changes
    let file = format!("[source]\nepoch = 1\n{file}");
    let done = shop.snapshot(&file, "t", &["--replace"]);
    assert_eq!((&done["applied"], &done["removed"]), (&17.into(), &1.into()), "{done}");
    assert!(shop.differences(&file, "t").is_empty());
    shop.finish().await;
}

#[tokio::test]
async fn a_command_that_is_killed_is_gone_on_with_and_its_archive_is_whole() {
    let Some(shop) = Shop::new("kill").await else { return };
    shop.source.run("create table {s}.t (id int primary key, note text)").await;
    shop.source
        .run("insert into {s}.t select g, repeat(md5(g::text), 8) from generate_series(1, 60000) g")
        .await;
    let lake = format!("file://{}/lake", shop.folder.path().display());
    let file = shop.folder.path().join("rowtide.toml");
    let text = format!(
        "[snapshot]\nchunk = 2000\nto = [\"sink\", \"archive\"]\n[archive]\nurl = {lake:?}\n[[snapshot.table]]\nname = \"{}\"\nsplit = 3",
        shop.table("t")
    );
    std::fs::write(&file, &text).unwrap();
    let mut kills = 0;
    let states = "select count(*) from pg_tables where schemaname = '{s}' and tablename = 'rowtide_state'";
    for milliseconds in [150_u64, 400, 700, 1_100, 1_500] {
        let mut child = command()
            .args(["snapshot", "--resume"])
            .envs(shop.settings())
            .env("ROWTIDE_CONFIG", &file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
    }
    assert!(kills > 0, "it was never killed in its middle");
    assert_eq!(shop.sink.count(states).await, 1);
    let ended = shop.run_with(&text, &["snapshot", "--resume", "--output", "json"]);
    assert_eq!(ended.status, 0, "{}{}", ended.out, ended.err);
    let done = ended.object();
    assert_eq!(done["rows"], 60_000, "{done}");
    assert!(shop.differences(&text, "t").is_empty());
    // the archive of the run that was ended has every row once
    let folder = done["archived"].as_str().unwrap().trim_start_matches("file://").to_owned();
    let Some(again) = server("snap_kill_again").await else { return };
    let replayed = rowtide_with(
        &["replay", "--no-rows", "--output", "json", "--sink", &again.url, &folder],
        &[("ROWTIDE_SINK_SCHEMA", &again.schema)],
        b"",
    );
    assert_eq!(replayed.status, 0, "{}{}", replayed.out, replayed.err);
    assert_eq!(replayed.object()["received"], 60_000);
    assert_eq!(again.view(&shop.table("t")).await, shop.sink.view(&shop.table("t")).await);
    again.finish().await;
    shop.finish().await;
}

#[tokio::test]
async fn a_table_that_cannot_be_read_does_not_keep_the_others_from_it_and_says_why() {
    let Some(shop) = Shop::new("faults").await else { return };
    shop.source
        .run(
            "create table {s}.keyless (a int); insert into {s}.keyless values (1), (1);
            create table {s}.empty (id int primary key); create table {s}.good (id int primary key);
            insert into {s}.good values (1), (2)",
        )
        .await;
    let (keyless, empty, good) = (shop.table("keyless"), shop.table("empty"), shop.table("good"));
    let ended = shop.run_with("", &["snapshot", &keyless, &empty, &good]);
    assert_eq!(ended.status, 2, "{}{}", ended.out, ended.err);
    assert!(ended.err.contains(&keyless) && ended.err.contains("keyless"), "{}", ended.err);
    assert!(
        ended.out.contains(&format!("{empty}: 0 rows")) && ended.out.contains(&format!("{good}: 2 rows"))
    );
    let whole = "[[route]]\nfrom = \"*\"\nkeyless = \"row\"";
    assert_eq!(shop.snapshot(whole, "keyless", &[])["rows"], 2);
    assert_eq!(shop.sink.view(&keyless).await.len(), 1);
    let table = |args: &[&str]| shop.run_with("", &[&["snapshot", good.as_str()], args].concat());
    let wrong = table(&["--source", "postgresql://nobody@127.0.0.1:1/none"]);
    assert!(wrong.err.contains("Source") && wrong.err.contains("port 1"), "{}", wrong.err);
    let unrouted = shop.run_with("[[route]]\nfrom = \"other\"", &["snapshot", &good]);
    assert!(unrouted.status == 2 && unrouted.err.contains("No route takes"), "{}", unrouted.err);
    let missing = shop.run_with("", &["snapshot", "nowhere.nothing"]);
    assert!(missing.status == 2 && missing.err.contains("no table nowhere.nothing"), "{}", missing.err);
    // row security would leave rows out in silence
    shop.source
        .run("alter table {s}.good enable row level security; alter table {s}.good force row level security")
        .await;
    shop.source.run("create policy few on {s}.good using (id = 1)").await;
    shop.source.run("drop role if exists {s}_reader; create role {s}_reader login").await;
    shop.source.run("grant usage on schema {s} to {s}_reader").await;
    shop.source.run("grant select on all tables in schema {s} to {s}_reader").await;
    let reader = shop.source.url.replace("user=postgres", &format!("user={}_reader", shop.source.schema));
    let hidden = table(&["--source", &reader]);
    assert!(hidden.status == 2 && hidden.err.contains("BYPASSRLS"), "{}{}", hidden.out, hidden.err);
    assert_eq!(shop.sink.view(&good).await.len(), 2);
    shop.source.run("drop owned by {s}_reader; drop role {s}_reader").await;
    shop.finish().await;
}

#[tokio::test]
async fn a_command_that_is_gone_on_with_leaves_out_what_it_had_read_whole() {
    let Some(shop) = Shop::new("again").await else { return };
    shop.source.run("create table {s}.a (id int primary key); insert into {s}.a values (1), (2)").await;
    shop.source.run("create table {s}.b (id int); insert into {s}.b values (3)").await;
    let tables = [shop.table("a"), shop.table("b")];
    let read = |more: &[&str]| {
        let args: Vec<&str> =
            ["snapshot", &tables[0], &tables[1], "--output", "json"].iter().chain(more).copied().collect();
        shop.run_with("", &args)
    };
    let first = read(&[]);
    assert_eq!((first.status, first.lines().len()), (2, 1), "{}{}", first.out, first.err);
    shop.source.run("insert into {s}.a values (9); alter table {s}.b add primary key (id)").await;
    let second = read(&["--resume"]);
    assert_eq!(second.status, 0, "{}{}", second.out, second.err);
    let lines = second.lines();
    assert_eq!((&lines[0]["run"], &lines[0]["rows"]), (&first.lines()[0]["run"], &2.into()));
    assert_eq!((&lines[0]["resumed"], &lines[1]["resumed"]), (&true.into(), &false.into()));
    // it came to its end: now there is nothing to go on with
    let third = read(&["--resume"]).lines();
    assert_eq!((&third[0]["rows"], &third[0]["resumed"]), (&3.into(), &false.into()));
    shop.finish().await;
}

/// A run that broke off is not gone on with by a configuration that means other rows or another place.
#[tokio::test]
async fn what_a_run_was_begun_with_stays_until_its_end() {
    let Some(shop) = Shop::new("begun").await else { return };
    shop.source.run("create table {s}.t (id int primary key, n int)").await;
    shop.source.run("insert into {s}.t select g, g from generate_series(1, 40) g").await;
    let table = shop.table("t");
    let lake = |name: &str| format!("[archive]\nurl = \"file://{}/{name}\"", shop.folder.path().display());
    let file = |filter: &str, more: &str| {
        format!(
            "{more}\n[snapshot]\nto = [\"sink\", \"archive\"]\nchunk = 5\n[[snapshot.table]]\nname = {table:?}\nwhere = {filter:?}"
        )
    };
    // no row behind the 30th can be read
    let (breaks, one) = ("100 / (n - 31) is not null", lake("one"));
    let read =
        |text: &str, more: &[&str]| shop.run_with(text, &[&["snapshot", table.as_str()], more].concat());
    let broken = read(&file(breaks, &one), &[]);
    assert!(broken.status != 0 && broken.err.contains("Source"), "{}{}", broken.out, broken.err);
    for (text, setting) in [
        (file("n > 20", &one), "changed: where"),
        (file(breaks, &lake("two")), "changed: archive.url"),
        (file(breaks, &format!("{one}\nformat = \"ndjson\"")), "changed: archive.format"),
        (file(breaks, &format!("{one}\n[source]\nepoch = 1")), "changed: source.epoch"),
        (file(breaks, &format!("{one}\n[[route]]\nfrom = \"*\"\nexclude = [\"n\"]")), "changed: route"),
    ] {
        let other = read(&text, &["--resume"]);
        assert!(other.status == 2 && other.err.contains(setting), "{setting}: {}{}", other.out, other.err);
    }
    shop.source.run("alter table {s}.t drop constraint t_pkey, add primary key (n)").await;
    let other = read(&file(breaks, &one), &["--resume"]);
    assert!(other.status == 2 && other.err.contains("changed: key"), "{}{}", other.out, other.err);
    shop.source.run("alter table {s}.t drop constraint t_pkey, add primary key (id)").await;
    shop.source.run("alter table {s}.t alter id type bigint").await;
    let other = read(&file(breaks, &one), &["--resume"]);
    assert!(other.status == 2 && other.err.contains("changed: key"), "{}{}", other.out, other.err);
    shop.source.run("alter table {s}.t alter id type int").await;
    // the row that broke it is gone: what there was of it is not read again
    shop.source.run("delete from {s}.t where n = 31").await;
    let ended = read(&file(breaks, &one), &["--resume", "--output", "json"]);
    assert_eq!(ended.status, 0, "{}{}", ended.out, ended.err);
    assert_eq!((&ended.object()["rows"], &ended.object()["resumed"]), (&39.into(), &true.into()));
    assert_eq!(shop.sink.view(&table).await.len(), 39);
    shop.finish().await;
}

#[tokio::test]
async fn what_would_lose_rows_in_silence_is_refused() {
    let Some(shop) = Shop::new("refused").await else { return };
    shop.source.run("create table {s}.t (id int primary key); insert into {s}.t values (1), (2)").await;
    shop.source.run("create table {s}.keyless (a int); insert into {s}.keyless values (1)").await;
    shop.source.run("drop schema if exists {s}_more cascade; create schema {s}_more; create table {s}_more.t (id int primary key)").await;
    let (table, keyless) = (shop.table("t"), shop.table("keyless"));
    let other = format!("{}_more.t", shop.source.schema);
    let lake = format!("[archive]\nurl = \"file://{}\"", shop.folder.path().display());
    let refused = |text: &str, args: &[&str], says: &str| {
        let ended = shop.run_with(text, &[&["snapshot"], args].concat());
        assert!(ended.status == 2 && ended.err.contains(says), "{says}: {}{}", ended.out, ended.err);
    };
    let filtered = format!("[[snapshot.table]]\nname = {table:?}\nwhere = \"id > 1\"");
    refused(&filtered, &[&table, "--replace"], "its `where` leaves rows out");
    let positions = "[[route]]\nfrom = \"*\"\nkeyless = \"position\"";
    refused(positions, &[&keyless], "A table has no positions");
    let results = format!("{lake}\nformat = \"results\"\n[snapshot]\nto = [\"archive\"]");
    refused(&results, &[&table, &other], "the same place in the archive");
    assert!(!shop.folder.path().join("t").exists());
    // a pattern's entry counts for a table that is asked for by name
    let pattern = filtered.replace(".t\"", ".t*\"");
    assert_eq!(shop.snapshot(&pattern, "t", &[])["rows"], 1);
    shop.source.run("drop schema {s}_more cascade").await;
    shop.finish().await;
}

/// Shapes of tables that PostgreSQL has and few people know.
#[tokio::test]
async fn rows_of_odd_tables_come_whole() {
    let Some(shop) = Shop::new("odd").await else { return };
    shop.source
        .run(
            "create table {s}.heir (id int primary key, n int);
            create table {s}.child (primary key (id)) inherits ({s}.heir);
            insert into {s}.heir select g, 0 from generate_series(1, 7) g;
            insert into {s}.child select g, 1 from generate_series(3, 9) g;
            drop extension if exists citext cascade; create extension citext schema {s};
            create table {s}.words (word {s}.citext primary key, n int);
            insert into {s}.words select chr(65 + g % 2 * 32 + g % 26) || g, g from generate_series(1, 99) g;
            create domain {s}.sign as text collate \"C\";
            create table {s}.signs (sign {s}.sign collate \"en-x-icu\" primary key);
            insert into {s}.signs select 'k' || g from generate_series(1, 99) g;
            create table {s}.inc (id int, note text, primary key (id) include (note));
            insert into {s}.inc select g, null from generate_series(1, 7) g;
            create table {s}.plain (id int); insert into {s}.plain select generate_series(1, 7);
            create table {s}.parted (id int primary key, n int) partition by range (id);
            create table {s}.parted_1 partition of {s}.parted for values from (0) to (4000);
            create table {s}.parted_2 partition of {s}.parted for values from (4000) to (100000);
            insert into {s}.parted select g, g from generate_series(1, 9000) g",
        )
        .await;
    let place = shop.folder.path().display();
    let lake = format!("[archive]\nurl = \"file://{place}\"\n[snapshot]\nto = [\"archive\"]\nchunk = 1");
    // the rows of tables that inherit are rows of the table, and their keys may be there twice
    assert_eq!(shop.snapshot(&lake, "heir", &[])["rows"], 14);
    assert_eq!(shop.snapshot(&lake, "inc", &[])["rows"], 7);
    assert_eq!(shop.snapshot(&lake, "words", &[])["rows"], 99);
    assert_eq!(shop.snapshot(&lake, "signs", &[])["rows"], 99);
    // two rows of one key are one row, and whoever compares is told
    let one = "[snapshot]\nchunk = 1";
    shop.snapshot(one, "heir", &[]);
    let told = shop.run_with(one, &["verify", &shop.table("heir"), "--settle", "0s"]);
    assert!(told.err.contains("share their key") && told.err.contains("rows=5"), "{}", told.err);
    let split = format!("[[snapshot.table]]\nname = \"{}\"\nsplit = 3", shop.table("parted"));
    assert_eq!(shop.snapshot(&split, "parted", &["--replace"])["rows"], 9_000);
    let state = shop.run_with("", &["state", "list", "--job", "snapshot", "--output", "json"]);
    assert!(
        state.out.contains(r#"\"after\":[\""#),
        "nobody counted the rows, and they are split: {}",
        state.out
    );
    assert!(shop.differences(&split, "parted").is_empty());
    let plain = format!("[[snapshot.table]]\nname = \"{}\"\nkey = [\"id\"]", shop.table("plain"));
    let sample =
        || shop.run_with(&plain, &["verify", &shop.table("plain"), "--sample", "50%", "--output", "json"]);
    assert!(sample().err.contains("Nothing was ever written"), "{}", sample().err);
    shop.snapshot(&plain, "plain", &[]);
    let sampled = sample();
    assert_eq!(sampled.object()["rows"], 7, "what is one part is compared once");
    shop.finish().await;
}

/// What other sources brought into a target that several fill is not too much.
#[tokio::test]
async fn a_table_is_compared_with_its_own_rows_of_a_merged_target() {
    let Some(shop) = Shop::new("merged").await else { return };
    shop.source.run("create table {s}.a (id int primary key); insert into {s}.a values (1), (2)").await;
    shop.source.run("create table {s}.b (id int primary key); insert into {s}.b values (3)").await;
    let merged = "[[route]]\nfrom = \"*\"\nto = \"all_of_them\"\nmerge = true";
    shop.snapshot(merged, "a", &[]);
    shop.snapshot(merged, "b", &[]);
    assert!(shop.differences(merged, "a").is_empty());
    shop.source.run("update {s}.a set id = 5 where id = 2").await;
    assert_eq!(shop.differences(merged, "a").len(), 1);
    shop.finish().await;
}

#[tokio::test]
async fn a_load_into_cratedb_ends_equal_to_its_source() {
    let Some(crate_url) = cratedb::url() else {
        eprintln!("not run: a load into CrateDB needs a real one; set ROWTIDE_TEST_CRATEDB");
        return;
    };
    let Some(mut shop) = Shop::new("crate").await else { return };
    shop.sink.run("drop schema {s} cascade").await;
    shop.sink.url = crate_url;
    let config = shop.sink.config();
    cratedb::clear(&config).await;
    shop.source.run("create table {s}.t (id int primary key, n numeric(38, 10), t text)").await;
    shop.source
        .run("insert into {s}.t select g, 1234567890123456789012345678.0123456789 + g, 'x' from generate_series(1, 3000) g")
        .await;
    let file = "[snapshot]\nchunk = 700";
    assert_eq!(shop.snapshot(file, "t", &[])["applied"], 3_000);
    assert_eq!(shop.differences(file, "t"), Vec::<Value>::new());
    shop.source
        .run("delete from {s}.t where id <= 5; update {s}.t set n = n + 0.0000000001 where id = 9")
        .await;
    let mut found: Vec<String> =
        shop.differences(file, "t").iter().map(|line| format!("{} {}", line["key"], line["kind"])).collect();
    found.sort();
    assert_eq!((found.len(), found[5].as_str()), (6, r#""[9]" "different""#), "{found:?}");
    let done = shop.snapshot(file, "t", &["--replace"]);
    assert_eq!((&done["rows"], &done["removed"]), (&2_995.into(), &5.into()));
    assert_eq!(shop.differences(file, "t"), Vec::<Value>::new());
    cratedb::clear(&config).await;
    shop.source.finish().await;
}

#[tokio::test]
async fn planted_faults_are_found_and_explained() {
    let Some(shop) = Shop::new("verify").await else { return };
    shop.source.run("create table {s}.t (id int primary key, n numeric, t text)").await;
    shop.source
        .run("insert into {s}.t select g, 1234567890123456789012345678.0123456780 + g, 'x' from generate_series(1, 9) g")
        .await;
    shop.snapshot("", "t", &[]);
    assert!(shop.differences("", "t").is_empty());
    let storage = shop.storage("t");
    for sql in [
        "update {} set data = jsonb_set(data, '{n}', '1234567890123456789012345679.0123456781') where key = '[1]'",
        "delete from {} where key = '[2]'",
        "update {} set deleted = true where key = '[3]'",
        "insert into {} select '[99]', '{\"id\": 99}', data, aux, version, false, changed_at, now() from {} where key = '[4]'",
        // written in another way, and the same
        "update {} set data = jsonb_set(data, '{n}', (data ->> 'n' || '00')::jsonb) where key = '[5]'",
    ] {
        shop.sink.run(&sql.replace("{}", &storage)).await;
    }
    let found: BTreeMap<String, String> = shop
        .differences("", "t")
        .iter()
        .map(|line| {
            let fields =
                line["fields"].as_array().unwrap().iter().filter_map(Value::as_str).collect::<Vec<_>>();
            let kind = format!("{} {}", line["kind"].as_str().unwrap(), fields.join(","));
            (line["key"].as_str().unwrap().to_owned(), kind.trim_end().to_owned())
        })
        .collect();
    let expected = [("[1]", "different n"), ("[2]", "missing"), ("[3]", "missing"), ("[99]", "extra")];
    assert_eq!(found, expected.map(|(key, kind)| (key.to_owned(), kind.to_owned())).into());
    shop.snapshot("", "t", &["--replace"]);
    assert!(shop.differences("", "t").is_empty());
    // a row that is too large to be read has no key: nobody can say that it is not one that the sink has
    shop.source.run("update {s}.t set t = repeat('x', 20000000) where id = 6").await;
    let small = "[limits]\nmemory = \"16MiB\"";
    assert_eq!(shop.snapshot(small, "t", &[])["parked"], 1);
    let lines = shop.differences(small, "t");
    assert_eq!(
        (lines.len(), &lines[0]["kind"], &lines[0]["code"]),
        (1, &"unfit".into(), &"too_large".into())
    );
    // what no sink can take is parked, and the letter is named
    shop.source.run("create table {s}.deep (id int primary key, j json)").await;
    shop.source.run("insert into {s}.deep select g, (repeat('[', g) || repeat(']', g))::json from unnest(array[1, 3000]) g").await;
    shop.sink.run("delete from {s}.rowtide_dead_letters").await;
    assert_eq!(shop.snapshot("", "deep", &[])["parked"], 1);
    let lines = shop.differences("", "deep");
    let letter: i64 = shop.sink.count("select id from {s}.rowtide_dead_letters").await;
    assert_eq!((lines.len(), &lines[0]["key"]), (1, &"[3000]".into()), "{lines:?}");
    assert_eq!(lines[0]["parked"], Value::from(vec![letter]), "{lines:?}");
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_flight_while_it_is_compared_is_no_difference() {
    let Some(shop) = Shop::new("flight").await else { return };
    shop.source
        .run("create table {s}.t (id int primary key); insert into {s}.t select generate_series(1, 9)")
        .await;
    shop.snapshot("", "t", &[]);
    let storage = shop.storage("t");
    // a change, a delete and a row that have not come yet
    shop.sink.run(&format!("update {storage} set deleted = true where key in ('[1]', '[2]')")).await;
    shop.source.run("delete from {s}.t where id = 3").await;
    let verify = || shop.run_with("", &["verify", &shop.table("t"), "--settle", "3s", "--output", "json"]);
    let ended = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let verified = scope.spawn(verify);
            std::thread::sleep(Duration::from_millis(1_500));
            let arrived = format!("update {storage} set deleted = (key = '[3]') where key in ('[1]', '[3]')");
            tokio::runtime::Handle::current().block_on(shop.sink.run(&arrived));
            verified.join().unwrap()
        })
    });
    let lines = ended.lines();
    assert_eq!(
        (ended.status, lines.len(), &lines[0]["key"]),
        (1, 2, &"[2]".into()),
        "{}{}",
        ended.out,
        ended.err
    );
    shop.finish().await;
}

#[tokio::test]
async fn the_function_reads_every_table_by_invocations_of_its_own() {
    let Some(shop) = Shop::new("function").await else { return };
    shop.source
        .run("create table {s}.t1 (id int primary key); insert into {s}.t1 select generate_series(1, 500)")
        .await;
    for table in 2..=100 {
        let sql = "create table {s}.tN (id int primary key); insert into {s}.tN select generate_series(1, N)";
        shop.source.run(&sql.replace('N', &table.to_string())).await;
    }
    let file = shop.folder.path().join("rowtide.toml");
    let text = format!(
        "[snapshot]\nchunk = 100\n[[snapshot.table]]\nname = \"{0}.t1\"\nsplit = 4\n[[snapshot.table]]\nname = \"{0}.t*\"",
        shop.source.schema
    );
    std::fs::write(&file, text).unwrap();
    let mut variables = shop.settings();
    variables.push(("ROWTIDE_CONFIG".to_owned(), file.display().to_string()));
    for (name, value) in
        [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "s")]
    {
        variables.push((name.to_owned(), value.to_owned()));
    }
    let variables: Vec<(&str, &str)> = variables.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let mut function = Function::start_snapshot(&variables).await;
    let minute = Duration::from_secs(60);
    let scheduled = r#"{"rowtide":"snapshot","at":"2026-11-30T08:00:00Z"}"#;
    let (post, events) = function.invoke_with(scheduled, minute).await;
    assert!(post.path.ends_with("/response"), "{post:?}");
    let parts: u64 =
        post.json()["tables"].as_array().unwrap().iter().map(|it| it["parts"].as_u64().unwrap()).sum();
    assert!(events.len() as u64 == parts && parts > 100, "{events:?}");
    // the same event twice, and every part twice, in another order
    let (_, again) = function.invoke_with(scheduled, minute).await;
    let mut waiting: Vec<String> = events.iter().rev().cloned().chain(again).collect();
    let (mut hops, mut finished) = (0, 0);
    while let Some(event) = waiting.pop() {
        assert!(!event.contains("password") && !event.contains("select"), "{event}");
        // some have too little time for a page, and go on in another invocation
        let short = hops < 5 && event.contains(".t1\"");
        let (post, more) =
            function.invoke_with(&event, if short { Duration::from_secs(5) } else { minute }).await;
        assert!(post.path.ends_with("/response"), "{post:?}");
        hops += more.len();
        finished += usize::from(post.json()["done"] == true);
        waiting.extend(more);
    }
    assert!(hops > 0 && finished >= 100, "{hops} hops, {finished} finished");
    for table in 1..=100 {
        let name = shop.table(&format!("t{table}"));
        let count = shop.sink.view(&name).await.len();
        assert_eq!(count, if table == 1 { 500 } else { table }, "{name}");
    }
    let (post, events) =
        function.invoke_with(r#"{"rowtide":"snapshot","at":"2999-01-01T00:00:00Z"}"#, minute).await;
    assert!(events.is_empty() && post.body.contains("in the future"), "{post:?}");
    let metrics = function.metrics();
    let applied = metrics.iter().filter_map(|line| line["RecordsApplied"].as_u64()).sum::<u64>();
    // of all tables, and again by their names, until there are too many of them
    assert_eq!(applied, 2 * (500 + (2..=100).sum::<u64>()), "{metrics:?}");
    let is_named = |line: &Value| line["service"] == "rowtide-test" && line.get("SourceLagMax").is_none();
    assert!(metrics.iter().all(is_named), "{metrics:?}");
    // an earlier run than the last one is not begun
    let earlier = scheduled.replace("08:00", "07:00");
    let (post, events) = function.invoke_with(&earlier, minute).await;
    assert!(events.is_empty() && post.body.contains("superseded"), "{post:?}");
    let (post, _) = function.invoke_with(r#"{"Records":[]}"#, minute).await;
    assert_eq!(post.json()["errorType"], "Rowtide.Configuration", "{post:?}");
    // a table that is dropped between two of its parts is no table that was read whole
    let next = r#"{"rowtide":"snapshot","tables":["NAME"],"at":"2026-11-30T09:00:00Z"}"#
        .replace("NAME", &shop.table("t1"));
    let (_, mut events) = function.invoke_with(&next, minute).await;
    function.invoke_with(&events.remove(0), minute).await;
    shop.source.run("drop table {s}.t1").await;
    for event in events {
        let (post, more) = function.invoke_with(&event, minute).await;
        assert!(post.path.ends_with("/error") && more.is_empty(), "{post:?}");
        assert!(post.body.contains("The source has no table"), "{post:?}");
    }
    let state = shop.run_with("", &["state", "list", "--job", "snapshot", "--output", "json"]);
    let of_table = |line: &&Value| line["key"].as_str() == Some(shop.table("t1").as_str());
    let (states, is_done) = (state.lines(), "\"is_done\":false");
    assert!(
        states.iter().find(of_table).unwrap()["state"].as_str().unwrap().contains(is_done),
        "{}",
        state.out
    );
    assert!(function.metrics().iter().any(|line| line["BatchFailures"] == 1));
    drop(connect(&shop.sink.url).await);
    shop.finish().await;
}

#[tokio::test]
async fn an_archive_is_compared_with_the_sink_and_what_is_newer_there_is_no_difference() {
    let Some(shop) = Shop::new("verify_archive").await else { return };
    shop.source.run("create table {s}.t (id int primary key, n numeric)").await;
    shop.source.run("insert into {s}.t select g, g + 0.10 from generate_series(1, 9) g").await;
    let lake = tempfile::tempdir().unwrap();
    let place = format!("file://{}", lake.path().display());
    let both = format!("[snapshot]\nto = [\"sink\", \"archive\"]\n[archive]\nurl = \"{place}\"\n");
    shop.snapshot(&both, "t", &[]);
    let verify = |more: &[&str]| {
        let args = ["verify", "--archive", place.as_str(), "--settle", "0s", "--output", "json"];
        shop.run_with("", &[&args, more].concat())
    };
    let table = shop.table("t");
    for asked in [&[][..], &[table.as_str()], &["*.t"]] {
        let ended = verify(asked);
        assert_eq!(ended.status, 0, "{}{}", ended.out, ended.err);
        assert_eq!((&ended.object()["rows"], &ended.object()["newer"]), (&9.into(), &0.into()));
    }
    assert!(verify(&["other"]).err.contains("no row of these tables"));

    let storage = shop.storage("t");
    for sql in [
        "update {} set data = jsonb_set(data, '{n}', '7') where key = '[1]'",
        "delete from {} where key = '[2]'",
        // changed and deleted later, and one that is new
        "update {} set data = jsonb_set(data, '{n}', '8'), version = 'l.0000.1.99' where key = '[3]'",
        "update {} set deleted = true, version = 'l.0000.1.99' where key = '[4]'",
        "insert into {} select '[98]', '{\"id\": 98}', data, aux, 'l.0000.1.99', false, changed_at, now() from {} where key = '[5]'",
        // as old as the archive, which lacks it
        "insert into {} select '[99]', '{\"id\": 99}', data, aux, version, false, changed_at, now() from {} where key = '[5]'",
    ] {
        shop.sink.run(&sql.replace("{}", &storage)).await;
    }
    let ended = verify(&[]);
    assert_eq!(ended.status, 1, "{}{}", ended.out, ended.err);
    let mut lines = ended.lines();
    let last = lines.pop().unwrap();
    assert_eq!((&last["differences"], &last["newer"]), (&3.into(), &2.into()), "{}", ended.out);
    let found: BTreeSet<String> =
        lines.iter().map(|line| format!("{} {}", line["key"], line["kind"])).collect();
    let expected = [r#""[1]" "different""#, r#""[2]" "missing""#, r#""[99]" "extra""#];
    assert_eq!(found, expected.map(str::to_owned).into());

    // an object that was changed is no proof of anything, nor is a run that is not whole
    let object = crate::archive::files(lake.path()).into_keys().find(|name| name.ends_with(".gz")).unwrap();
    let object = lake.path().join(object);
    let bytes = std::fs::read(&object).unwrap();
    std::fs::write(&object, &bytes[..bytes.len() - 1]).unwrap();
    let ended = verify(&[]);
    assert!(ended.status == 1 && ended.err.contains("part-00000-00000"), "{}{}", ended.out, ended.err);
    std::fs::remove_file(object.with_file_name("_SUCCESS")).unwrap();
    assert!(verify(&[]).err.contains("not whole"));
    shop.finish().await;
}
