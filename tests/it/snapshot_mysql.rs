//! Tables of a real MySQL or MariaDB, read by `rowtide snapshot` into PostgreSQL.

use crate::support::{Place, place};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts};
use rowtide::config::{Beside, Config, SinkUrl, SnapshotTable};
use rowtide::deadline::Deadline;
use rowtide::event::Timestamp;
use rowtide::policy::RoutePolicy;
use rowtide::sink::Database;
use rowtide::snapshot::{Done, JOB, Snapshot, Start};
use serde_json::Value;

/// A database of its own in the real server, and a place for its rows.
struct Shop {
    place: Place,
    config: Config,
    database: String,
    client: Conn,
}

impl Shop {
    async fn new(test: &str) -> Option<Self> {
        let Some(url) = std::env::var("ROWTIDE_TEST_MYSQL").ok().filter(|url| !url.is_empty()) else {
            eprintln!(
                "not run: {test} needs a real MySQL or MariaDB; set ROWTIDE_TEST_MYSQL to mysql://USER:PASSWORD@HOST"
            );
            return None;
        };
        let url = url.trim_end_matches('/').to_owned();
        let database = format!("rowtide_test_{test}");
        let mut client = Conn::new(Opts::from_url(&url).unwrap()).await.unwrap();
        client.query_drop(format!("drop database if exists `{database}`")).await.unwrap();
        client.query_drop(format!("create database `{database}` character set utf8mb4")).await.unwrap();
        client.query_drop(format!("use `{database}`")).await.unwrap();
        client.query_drop("set time_zone = '+00:00', sql_mode = ''").await.unwrap();
        let place = place(&format!("mysql_{test}")).await;
        let mut config = place.config();
        config.snapshot.url = Some(SinkUrl::new(format!("{url}/{database}")));
        Some(Self { place, config, database, client })
    }

    async fn run(&mut self, sql: &str) {
        self.client.query_drop(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Sends all rows to one target.
    fn to(&mut self, target: &str) {
        self.config.routes = vec![RoutePolicy { to: target.to_owned(), ..RoutePolicy::default() }];
    }

    /// Reads tables as if it was so many seconds past.
    async fn read(&self, tables: &[&str], second: i64) -> Result<Vec<Done>, String> {
        self.start(tables, Start::Anew(at(second))).await
    }

    async fn start(&self, tables: &[&str], start: Start) -> Result<Vec<Done>, String> {
        let sink = Database::new(&self.config).unwrap();
        let job =
            Snapshot::new(&self.config, Some((&sink, &sink))).await.map_err(|error| error.to_string())?;
        let asked: Vec<String> = tables.iter().map(|name| (*name).to_owned()).collect();
        let tables = job.tables(&asked, Deadline::never()).await.map_err(|error| error.to_string())?;
        let mut done = Vec::new();
        for table in &tables {
            let read = Box::pin(job.read(table, start, &|_| ())).await;
            done.push(read.map_err(|error| error.to_string())?);
        }
        Ok(done)
    }

    /// The rows of a view, in the order of their keys.
    async fn rows(&self, view: &str) -> Vec<Value> {
        let rows = self.place.view(view).await;
        rows.values().map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    async fn finish(mut self) {
        let database = self.database.clone();
        self.run(&format!("drop database `{database}`")).await;
        self.place.finish().await;
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_rfc3339("2026-03-02T08:00:00Z").map(|at| Timestamp(at.0 + second * 1_000_000)).unwrap()
}

const VALUES: &str = "create table v (
    id int primary key, t1 tinyint(1), big bigint unsigned, dec_ decimal(40, 10), zf decimal(8, 2) zerofill,
    f float, d double, b1 bit(1), b12 bit(12), y year, dt date, d0 datetime, d3 datetime(3), d6 datetime(6),
    ts0 timestamp null, ts2 timestamp(2) null, tm time, tm3 time(3), c char(8), vc varchar(40) character set latin1,
    vb varbinary(8), bl blob, e enum('x', 'it''s'), s set('a', 'b', 'c'), p point, zero datetime,
    zero_not date not null, hidden int invisible default 7, doubled int as (id * 2) stored)";

const ROW: &str = "insert into v (id, t1, big, dec_, zf, f, d, b1, b12, y, dt, d0, d3, d6, ts0, ts2, tm, tm3, c, vc, vb, bl,
    e, s, p, zero, zero_not) values (1, 1, 18446744073709551615, 123456789012345678901234567890.0123456789, 9.9, 0.1,
    1e300, b'1', b'100000000010', 2026, '2026-03-02', '2026-03-02 08:05:09', '2026-03-02 08:05:09.120',
    '2026-03-02 08:05:09.120001', '2026-03-02 08:05:09', '2026-03-02 08:05:09.5', '-838:59:59', '01:02:03.5', 'a\\\\b',
    'caf\u{e9} \"q\"\n', x'00ff', x'c328', 'it''s', 'a,c', point(1, 2.5), '0000-00-00', '0000-00-00')";

#[tokio::test]
async fn values_of_a_mysql_are_those_of_its_stream() {
    let Some(mut shop) = Shop::new("values").await else { return };
    shop.run(VALUES).await;
    shop.run(ROW).await;
    shop.run("insert into v (id) values (2)").await;
    shop.to("v");
    shop.read(&["v"], 0).await.unwrap();
    let rows = shop.rows("v").await;
    let text = shop.place.view("v").await.into_values().next().unwrap();
    let expected = serde_json::json!({
        "t1": 1, "f": 0.1, "b1": true, "b12": "Agg=", "y": 2026, "dt": "2026-03-02",
        "d0": "2026-03-02T08:05:09.000", "d3": "2026-03-02T08:05:09.120", "d6": "2026-03-02T08:05:09.120001",
        "ts0": "2026-03-02T08:05:09Z", "ts2": "2026-03-02T08:05:09.50Z", "tm": "-838:59:59.000000",
        "tm3": "01:02:03.500000", "c": "a\\b", "vc": "caf\u{e9} \"q\"\n", "vb": "AP8=", "bl": "wyg=", "e": "it's",
        "s": "a,c", "zero": null, "zero_not": "1970-01-01", "hidden": 7, "doubled": 2,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&rows[0][name], value, "{name}");
    }
    for exact in ["18446744073709551615", "123456789012345678901234567890.0123456789", "\"zf\": 9.90"] {
        assert!(text.contains(exact), "{exact}: {text}");
    }
    assert_eq!(rows[0]["p"]["x"], 1.0);
    assert_eq!(rows[0]["p"]["wkb"], "AQEAAAAAAAAAAADwPwAAAAAAAARA");
    assert!(rows[1]["big"].is_null() && rows[1]["p"].is_null());

    // beside Maxwell: as the server writes times and sets, and a version in seconds
    shop.config.snapshot.beside = Beside::Decoder("maxwell");
    shop.to("m");
    assert_eq!(shop.read(&["v"], 5).await.unwrap()[0].counts.applied, 2);
    let row = &shop.rows("m").await[0];
    let expected = serde_json::json!({
        "b1": 1, "b12": 2050, "d0": "2026-03-02 08:05:09", "d3": "2026-03-02 08:05:09.120", "ts2": "2026-03-02 08:05:09.50",
        "tm3": "01:02:03.500", "s": ["a", "c"], "zero": "0000-00-00 00:00:00", "zero_not": "0000-00-00",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&row[name], value, "{name}");
    }
    let versions = shop.place.texts("select version from {s}.m_cdc").await;
    assert_eq!(versions[0], format!("x.0000.0.{:016x}", at(5).0 / 1_000_000));
    shop.finish().await;
}

/// Rows whose keys the server and the bytes order differently, in pages of one and of two.
#[tokio::test]
async fn keys_of_any_type_and_collation_are_gone_through_whole() {
    let Some(mut shop) = Shop::new("keys").await else { return };
    let tables = [
        ("ci", "k varchar(9) collate utf8mb4_unicode_ci", "'b'|'A'|'\u{e9}'|'Z'|'%'|''|'a\\\\'''"),
        (
            "latin",
            "k varchar(9) character set latin1 collate latin1_german2_ci",
            "'\u{df}'|'st'|'\u{e4}'|'az'|'b'",
        ),
        ("bytes", "k varbinary(9)", "x'ff'|x'00'|x'7f80'|x''|x'27'"),
        ("enumerated", "k enum('z', 'm', 'a', '10')", "'z'|'m'|'a'|'10'"),
        ("sets", "k set('z', 'a')", "'z'|'a'|'z,a'|''"),
        ("bits", "k bit(64)", "b'1'|b'0'|18446744073709551615"),
        ("large", "k bigint unsigned", "0|9007199254740993|9007199254740992|18446744073709551615"),
        ("signed", "k bigint", "-9223372036854775808|-1|0|9223372036854775807"),
        ("exact", "k decimal(40, 20)", "1.00000000000000000001|1.00000000000000000002|-5|3"),
        ("floats", "k float", "0.1|-0.1|1e30|16777216"),
        (
            "moments",
            "k timestamp(6)",
            "'2026-03-02 08:00:00.000001'|'2026-03-02 08:00:00'|'2001-01-01 00:00:00'",
        ),
        ("times", "k time(2)", "'-800:00:00.5'|'-00:00:01'|'00:00:00'|'800:00:00'"),
        ("days", "k date", "'0000-00-00'|'2026-03-02'|'1000-01-01'"),
        ("years", "k year", "0|1999|2026"),
    ];
    for (name, column, values) in tables {
        shop.run(&format!("create table `{name}` ({column} not null, j int not null, primary key (k, j))"))
            .await;
        for value in values.split('|') {
            shop.run(&format!("insert into `{name}` values ({value}, 1), ({value}, -2), ({value}, 3)")).await;
        }
    }
    if shop.client.query_drop("create table uuids (k uuid, j int, primary key (k, j))").await.is_ok() {
        shop.run("insert into uuids select uuid(), seq from seq_1_to_9").await;
    }
    for chunk in [1, 2] {
        shop.config.snapshot.chunk = chunk;
        let second = i64::try_from(chunk).unwrap();
        for done in shop.read(&["rowtide_test_keys.*"], second).await.unwrap() {
            let name = done.table.rsplit('.').next().unwrap().to_owned();
            let there: Option<u64> =
                shop.client.query_first(format!("select count(*) from `{name}`")).await.unwrap();
            assert_eq!((done.counts.rows, done.counts.parked), (there.unwrap(), 0), "{name}");
            assert_eq!(done.counts.applied, done.counts.rows, "{name}");
        }
    }
    shop.finish().await;
}

#[tokio::test]
async fn what_has_no_key_is_read_in_one_piece() {
    let Some(mut shop) = Shop::new("keyless").await else { return };
    shop.run("create table heap (a int, b varchar(9))").await;
    shop.run("insert into heap values (1, 'x'), (2, 'y'), (null, null)").await;
    shop.run("create view doubled as select a * 2 as a from heap where a is not null").await;
    let error = shop.read(&["heap"], 0).await.unwrap_err();
    assert!(error.contains("key"), "{error}");
    shop.config.snapshot.tables = vec![
        SnapshotTable { key: vec!["a".into()], ..SnapshotTable::named("doubled") },
        SnapshotTable {
            key: vec!["a".into()],
            query: Some("select a, concat(b, '?:x') as b from heap where a > 0 order by a desc".into()),
            ..SnapshotTable::named("sums")
        },
    ];
    shop.to("sums");
    let done = shop.read(&["sums"], 0).await.unwrap();
    assert_eq!(shop.rows("sums").await[1], serde_json::json!({"b": "y?:x"}));
    shop.to("doubled");
    let done = [done, shop.read(&["doubled"], 0).await.unwrap()].concat();
    assert_eq!(done.iter().map(|it| it.counts.applied).collect::<Vec<_>>(), [2, 2]);
    // a unique key without nulls will do for pages
    shop.to("uniq");
    shop.run("create table uniq (a int not null, b varchar(9), unique key (a), key (b))").await;
    shop.run("insert into uniq values (3, 'x'), (1, 'x'), (2, 'x')").await;
    shop.config.snapshot.chunk = 1;
    assert_eq!(shop.read(&["uniq"], 0).await.unwrap()[0].counts.applied, 3);
    shop.finish().await;
}

#[tokio::test]
async fn a_snapshot_goes_on_behind_the_key_that_it_noted_and_removes_what_it_did_not_see() {
    let Some(mut shop) = Shop::new("resume").await else { return };
    shop.run("create table n (id int primary key, t varchar(9))").await;
    shop.run("insert into n select seq, 'a' from seq_1_to_100000").await;
    shop.config.snapshot.chunk = 1_000;
    shop.to("n");
    shop.config.snapshot.tables = vec![SnapshotTable { split: 4, ..SnapshotTable::named("n") }];
    let first = shop.read(&[], 0).await.unwrap().remove(0);
    assert_eq!((first.counts.rows, first.counts.applied), (100_000, 100_000));
    let books = Database::new(&shop.config).unwrap();
    let never = Deadline::never();
    let parts = books.states(Some(JOB), Some(&format!("{} {}", first.table, first.run))).await.unwrap();
    assert_eq!(parts.len(), 4);

    // a second one that broke off: its first part done, of the second a half
    shop.run("delete from n where id % 10 = 0").await;
    shop.run("update n set t = 'b'").await;
    let second = rowtide::event::Timestamp(at(60).0).to_string().replace(['-', ':'], "");
    let table = books.state(JOB, &first.table, never).await.unwrap().unwrap();
    let text = table.text.replace(&first.run, &second).replace("\"is_done\":true", "\"is_done\":false");
    books.put_state(JOB, &first.table, &text, Some(table.version), never).await.unwrap().unwrap();
    for (part, after) in [(0, 25_000), (1, 40_000)] {
        let kept = books.state(JOB, &format!("{} {} {part}", first.table, first.run), never).await.unwrap();
        let mut progress: Value = serde_json::from_str(&kept.unwrap().text).unwrap();
        progress["after"] = serde_json::json!([after.to_string()]);
        progress["is_done"] = (part == 0).into();
        for count in progress["counts"].as_object_mut().unwrap().values_mut() {
            *count = 0.into();
        }
        let key = format!("{} {second} {part}", first.table);
        books.put_state(JOB, &key, &progress.to_string(), None, never).await.unwrap().unwrap();
    }
    let resumed = shop.start(&[], Start::Resumed(at(120))).await.unwrap().remove(0);
    assert!(resumed.was_resumed && resumed.run == second);
    assert_eq!(resumed.counts.rows, 54_000);
    let changed = shop.place.count("select count(*) from {s}.n where data->>'t' = 'b'").await;
    assert_eq!(changed, 54_000);

    shop.config.snapshot.replace = true;
    let replaced = shop.read(&[], 180).await.unwrap().remove(0);
    assert_eq!((replaced.counts.rows, replaced.counts.removed), (90_000, 10_000));
    assert_eq!(shop.place.count("select count(*) from {s}.n").await, 90_000);
    shop.finish().await;
}

/// Beside Maxwell a run counts seconds, and so does what is gone.
#[tokio::test]
async fn rows_that_are_gone_are_removed_beside_maxwell_too() {
    let Some(mut shop) = Shop::new("maxwell").await else { return };
    shop.run("create table n (id int primary key)").await;
    shop.run("insert into n values (1), (2)").await;
    shop.to("n");
    shop.config.snapshot.beside = Beside::Decoder("maxwell");
    shop.read(&["n"], 0).await.unwrap();
    shop.run("delete from n where id = 1").await;
    shop.config.snapshot.replace = true;
    assert_eq!(shop.read(&["n"], 2).await.unwrap()[0].counts.removed, 1);
    assert_eq!(shop.place.view("n").await.into_keys().collect::<Vec<_>>(), ["[2]"]);
    shop.finish().await;
}

#[tokio::test]
async fn what_is_wrong_with_the_source_is_said_without_its_password() {
    let Some(mut shop) = Shop::new("wrong").await else { return };
    shop.run("create table n (id int primary key)").await;
    let url = shop.config.snapshot.url.clone().unwrap().expose().to_owned();
    let (front, place) = url.rsplit_once('@').unwrap();
    let user = front.split(':').nth(1).unwrap().trim_start_matches('/');
    shop.config.snapshot.url = Some(SinkUrl::new(format!("mysql://{user}:hunter2@{place}")));
    let shown = format!("{:?}", shop.config.snapshot.url);
    let error = shop.read(&["n"], 0).await.unwrap_err();
    assert!(error.contains("error 1045") && !error.contains("hunter2"), "{error}");
    assert!(shown.contains(user) && !shown.contains("hunter2"), "{shown}");
    shop.config.snapshot.url = Some(SinkUrl::new(url));
    shop.config.snapshot.tables =
        vec![SnapshotTable { filter: Some("nothing = 'hunter2'".into()), ..SnapshotTable::named("n") }];
    let error = shop.read(&[], 0).await.unwrap_err();
    assert!(error.contains("nothing") && !error.contains("hunter2"), "{error}");
    shop.finish().await;
}
