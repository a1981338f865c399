//! `rowtide snapshot`, `rowtide verify` and the function `rowtide-snapshot` on a real PostgreSQL.

use crate::cli::{Ended, command, rowtide_with};
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
    shop.finish().await;
}

#[tokio::test]
async fn the_function_reads_every_table_by_invocations_of_its_own() {
    let Some(shop) = Shop::new("function").await else { return };
    shop.source
        .run("create table {s}.t1 (id int primary key); insert into {s}.t1 select generate_series(1, 500)")
        .await;
    for table in 2..=20 {
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
    assert!(events.len() as u64 == parts && parts > 20, "{events:?}");
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
    assert!(hops > 0 && finished >= 20, "{hops} hops, {finished} finished");
    for table in 1..=20 {
        let name = shop.table(&format!("t{table}"));
        let count = shop.sink.view(&name).await.len();
        assert_eq!(count, if table == 1 { 500 } else { table }, "{name}");
    }
    // an earlier run than the last one is not begun
    let earlier = scheduled.replace("08:00", "07:00");
    let (post, events) = function.invoke_with(&earlier, minute).await;
    assert!(events.is_empty() && post.body.contains("superseded"), "{post:?}");
    let (post, _) = function.invoke_with(r#"{"Records":[]}"#, minute).await;
    assert_eq!(post.json()["errorType"], "Rowtide.Configuration", "{post:?}");
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
