//! The sink on a real CrateDB: the one named by ROWTIDE_TEST_CRATEDB, in schemas of the tests' own.
//!
//! Without one, every test here says aloud that it was not run; the law of `data` and `aux`, the goldens and the
//! grammar of the statements need none.

use crate::laws::deliveries;
use crate::model::{Script, is_done, sorted};
use crate::support::{altered, at, change, connect, event, inserts, with_option};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rowtide::config::{Config, Ddl, SinkUrl};
use rowtide::deadline::Deadline;
use rowtide::decoders::Decoders;
use rowtide::error::{Disposition, Error, ErrorKind};
use rowtide::event::{Change, ChangeEvent, Document, Key, Patch};
use rowtide::json::Value;
use rowtide::pipeline::{Flow, process};
use rowtide::plan::{Dialect, merge};
use rowtide::policy::{DataLayout, DeletePolicy, RoutePolicy};
use rowtide::record::Record;
use rowtide::report::{Counts, Outcome, Report};
use rowtide::sink::{Cratedb, Database, Filter, Purging, Shown, Store as _, configured};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A schema of its own in the server.
struct Place {
    url: String,
    schema: String,
}

/// The server that tests may use, if there is one.
pub(crate) fn url() -> Option<String> {
    std::env::var("ROWTIDE_TEST_CRATEDB").ok().filter(|url| !url.is_empty())
}

/// Removes everything in the schema of `config`.
pub(crate) async fn clear(config: &Config) {
    let url = config.sink.url.as_ref().unwrap().expose().to_owned();
    Place { url, schema: config.sink.schema.clone() }.clear().await;
}

/// A place on the server; without one the test says aloud that it is not run.
async fn place(test: &str) -> Option<Place> {
    let Some(url) = url() else {
        eprintln!("not run: cratedb::{test} needs a real CrateDB; set ROWTIDE_TEST_CRATEDB");
        return None;
    };
    let place = Place { url, schema: format!("rowtide_test_{test}") };
    place.clear().await;
    Some(place)
}

impl Place {
    fn config(&self) -> Config {
        let mut config = Config::default();
        config.sink.url = Some(SinkUrl::new(self.url.clone()));
        config.sink.schema = self.schema.clone();
        config
    }

    fn with_route(&self, change: impl FnOnce(&mut RoutePolicy)) -> Config {
        let mut route = RoutePolicy::default();
        change(&mut route);
        let mut config = self.config();
        config.routes = vec![route];
        config
    }

    /// A schema is there as long as something is in it.
    async fn clear(&self) {
        let all = "select table_name, table_type from information_schema.tables where table_schema = '{s}'";
        for row in self.query(all).await {
            let (name, kind): (String, String) = (row.get(0), row.get(1));
            let kind = if kind == "VIEW" { "view" } else { "table" };
            self.run(&format!("drop {kind} if exists \"{{s}}\".\"{name}\"")).await;
        }
    }

    async fn run(&self, sql: &str) {
        let client = connect(&self.url).await;
        for sql in sql.replace("{s}", &self.schema).split(';').filter(|sql| !sql.trim().is_empty()) {
            client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        }
    }

    async fn query(&self, sql: &str) -> Vec<tokio_postgres::Row> {
        let sql = sql.replace("{s}", &self.schema);
        connect(&self.url).await.query(&sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        let text =
            |row: &tokio_postgres::Row| row.get::<_, Option<String>>(0).unwrap_or_else(|| "null".into());
        self.query(sql).await.iter().map(text).collect()
    }

    async fn count(&self, sql: &str) -> i64 {
        self.query(sql).await[0].get(0)
    }

    async fn refresh(&self, table: &str) {
        self.run(&format!("refresh table \"{{s}}\".\"{table}\"")).await;
    }

    /// What the target shows, whole: key and document as text, members sorted.
    async fn view(&self, table: &str) -> BTreeMap<String, String> {
        let sink = Cratedb::new(&self.config()).unwrap();
        let targets = sink.targets(Deadline::never()).await.unwrap();
        let target =
            targets.into_iter().find(|target| target.table == table).expect("the target is registered");
        let mut rows = BTreeMap::new();
        let all = Shown::default();
        sink.live_rows(&target, &all, |row| {
            let (pk, data) = merge(&row.pk, row.data.as_deref(), &row.aux).expect("what is stored is JSON");
            rows.insert(sorted(pk).to_text(), data.map_or("null".into(), |data| sorted(data).to_text()));
            Ok(())
        })
        .await
        .unwrap();
        rows
    }

    async fn finish(self) {
        self.clear().await;
    }
}

/// A worker: what a Lambda instance holds.
struct Worker {
    flow: Flow,
    sink: Arc<Cratedb>,
}

impl Worker {
    fn new(config: &Config) -> Self {
        Self { flow: Flow::new(config).unwrap(), sink: Arc::new(Cratedb::new(config).unwrap()) }
    }

    async fn take(&self, records: &[Record]) -> Report {
        process(&self.flow, &*self.sink, records, Deadline::never()).await
    }

    async fn done(&self, records: &[Record]) -> Counts {
        let report = self.take(records).await;
        assert!(is_done(&report), "{:?} {:?}", report.failure(), report.stopped());
        report.counts()
    }

    /// Takes change events without a wire format, one a record.
    async fn events(&self, config: &Config, events: Vec<ChangeEvent>) -> Counts {
        let records: Vec<Record> =
            (0..events.len()).map(|n| Record::new("script", n.to_string(), n.to_string())).collect();
        let events = events.into_iter().map(|event| vec![event]).collect();
        let flow = Flow::with_decoders(config, Decoders::pinned(Box::new(Script(events))));
        let report = process(&flow, &*self.sink, &records, Deadline::never()).await;
        assert!(is_done(&report), "{:?} {:?}", report.failure(), report.stopped());
        report.counts()
    }
}

fn put(table: &str, id: &str, version: u64, document: &Value) -> ChangeEvent {
    let Value::Object(members) = document else { panic!("a document is an object") };
    let mut image = Document::default();
    for (name, value) in members {
        image.append(name, &value.to_text());
    }
    changed(table, id, version, Change::Put(image))
}

fn changed(table: &str, id: &str, version: u64, change: Change) -> ChangeEvent {
    let mut text = String::new();
    rowtide::json::write_string(&mut text, id);
    let key = Key::new(vec![("id".to_owned(), text)]).unwrap();
    ChangeEvent::new(table, Some(key), change, format!("x.{version:012}").into())
}

fn id_json(id: &str) -> String {
    Value::Object(vec![("id".to_owned(), Value::String(id.to_owned()))]).to_text()
}

/// Writes documents, each under a key of its own, and expects every one back exactly.
async fn round_trip(place: &Place, config: &Config, documents: &[Value]) {
    let worker = Worker::new(config);
    for (n, document) in documents.iter().enumerate() {
        let counts = worker.events(config, vec![put("t", &format!("{n:05}"), 1, document)]).await;
        assert_eq!((counts.applied, counts.parked), (1, 0), "{}", document.to_text());
    }
    let view = place.view("t").await;
    assert_eq!(view.len(), documents.len());
    for (n, document) in documents.iter().enumerate() {
        assert_eq!(view[&id_json(&format!("{n:05}"))], sorted(document.clone()).to_text());
    }
}

fn parsed(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| Value::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))).collect()
}

fn hostile() -> Vec<Value> {
    let mut documents = parsed(&[
        r#"{"n":1}"#,
        r#"{"n":1.5}"#,
        r#"{"n":"one"}"#,
        r#"{"n":{"a":1}}"#,
        r#"{"n":[1]}"#,
        r#"{"n":null}"#,
        r#"{"n":true}"#,
        r#"{"n":9223372036854775807,"m":-9223372036854775808,"o":9223372036854775808,"p":9007199254740993}"#,
        r#"{"n":12345678901234567890123456789012345678,"m":1.2345678901234567890123456789012345678}"#,
        r#"{"n":1.7976931348623157e400,"m":1e-400,"o":-0,"p":1E+125,"q":1.0,"r":0.1,"s":5e-324}"#,
        r#"{"mixed":[1,"a",null,{"b":[true,1]}],"deep":{"er":[[1,"a"],[{"x":[1,{}]}]]}}"#,
        r#"{"a.b":1,"":2,"[x]":3,"a[0]":4,"_id":5,"tab\tname":6,"line\nname":7,"it's":8,"a\"b":9,"a\\b":10,"]":11}"#,
        r#"{"o":{"a.b":{"c":1},"":{"":2}},"l":[{"a.b":1},{"":2},{"ok":3}]}"#,
        r#"{"text":"a\u0000b","k\u0000":1,"empty":"","list":[],"map":{},"lists":[[],[[]]],"nulls":[null,null]}"#,
        r#"{"nested":[[1,2],[3]],"again":[[["a"]]],"holes":[[1],null,[null]]}"#,
        r#"{"nested":[["a"],["b"]],"again":1,"holes":[]}"#,
        r#"{"l":[{"x":1},{"x":"one"},{"x":{"y":1}},{"x":null},null,{}]}"#,
        r#"{"é":"ü","日本":"語","😀":"😀","\u2028":"\u2029"}"#,
        r#"{"{id}":1,"{a,b}":{"{c}":"{d}"},"$$":[{"{e}":1}],"x{y}":"{z}"}"#,
        r#"{"key":1,"version":2,"deleted":true,"data":{"data":1},"aux":{"/data/x":"1"},"pk":{"id":2}}"#,
    ]);
    let long = Value::String("x".repeat(40_000));
    let object = |members: Vec<(String, Value)>| Value::Object(members);
    documents.push(object(vec![("long".into(), long.clone()), ("list".into(), Value::Array(vec![long]))]));
    let number = |n: usize| Value::Number(n.to_string());
    documents.push(object((0..5_000).map(|n| (format!("key{n}"), number(n))).collect()));
    for n in 0..3 {
        let ids =
            (n * 80..(n + 1) * 80).map(|id| (format!("id-{id}"), object(vec![("n".into(), number(id))])));
        documents.push(object(vec![("by_id".into(), object(ids.collect()))]));
    }
    for part in 0..11 {
        let fields = (0..91).map(|n| (format!("f{n}"), number(n)));
        documents.push(object(vec![(format!("part{part}"), object(fields.collect()))]));
    }
    let mut deep = Value::Number("1".into());
    for level in 0..100 {
        deep = if level % 3 == 0 { Value::Array(vec![deep]) } else { object(vec![("in".into(), deep)]) };
    }
    documents.push(object(vec![("deep".into(), deep)]));
    documents
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_documents_come_back_exactly() {
    let Some(place) = place("hostile").await else { return };
    round_trip(&place, &place.config(), &hostile()).await;
    let columns = place
        .count("select count(*) from information_schema.columns where table_schema = '{s}' and table_name = 't_cdc'")
        .await;
    assert!((100..=900).contains(&columns), "{columns} columns");
    place.clear().await;
    // in the other order, other columns come first
    round_trip(&place, &place.config(), &hostile().into_iter().rev().collect::<Vec<_>>()).await;
    place.clear().await;
    let loose = place.with_route(|route| route.data = DataLayout::Ignored);
    round_trip(&place, &loose, &hostile()).await;
    place.finish().await;
}

/// Documents of few names, so that types clash.
fn documents() -> impl Strategy<Value = Value> {
    let name =
        || prop_oneof![6 => "[a-f]", 1 => "[a-c]\\.[a-c]", 1 => Just(String::new()), 1 => "[x-z]{1,3}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|n| Value::Number(n.to_string())),
        (-1_000..1_000_i64, 0..99_u8).prop_map(|(n, d)| Value::Number(format!("{n}.{d}"))),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| Value::Number(n.to_string())),
        "[0-9]{30,38}".prop_map(|digits| Value::Number(format!("1{digits}"))),
        "[a-zé😀\u{0}\"\\\\]{0,6}".prop_map(Value::String),
    ];
    let value = leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(name(), inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    });
    prop::collection::btree_map(name(), value, 0..6).prop_map(|m| Value::Object(m.into_iter().collect()))
}

fn sample<T: std::fmt::Debug>(strategy: &impl Strategy<Value = T>, runner: &mut TestRunner) -> T {
    strategy.new_tree(runner).unwrap().current()
}

#[tokio::test(flavor = "multi_thread")]
async fn random_documents_come_back_exactly() {
    let Some(place) = place("random").await else { return };
    let (mut runner, strategy) = (TestRunner::deterministic(), documents());
    let worker = Worker::new(&place.config());
    let mut expected = BTreeMap::new();
    for batch in 0..20 {
        let mut events = Vec::new();
        for n in 0..100 {
            let (id, document) = (format!("{batch}-{n}"), sample(&strategy, &mut runner));
            events.push(put("t", &id, 1, &document));
            expected.insert(id_json(&id), sorted(document).to_text());
        }
        assert_eq!(worker.events(&place.config(), events).await.applied, 100);
    }
    assert_eq!(place.view("t").await, expected);
    place.finish().await;
}

/// Four workers take a history of random documents whose fields and types change all the time, in pieces that are
/// repeated and reordered; each of them adds columns while the others write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_workers_with_random_new_fields_end_as_the_source() {
    let Some(place) = place("new_fields").await else { return };
    let config = place.config();
    let mut runner = TestRunner::deterministic();
    for round in 0..3_u64 {
        let strategy = documents();
        let table = format!("t{round}");
        let mut source: BTreeMap<String, String> = BTreeMap::new();
        let mut history = Vec::new();
        for version in 0..3_000_u64 {
            let id = format!("k{}", (version * 7 + round) % 60);
            let Value::Object(mut members) = sample(&strategy, &mut runner) else { unreachable!() };
            if version % 5 == 0 {
                // a field that nobody has seen
                members.push((format!("new{}_{version}", round), Value::Bool(true)));
            }
            let document = Value::Object(members);
            if version % 11 == 3 {
                source.remove(&id_json(&id));
                history.push(changed(&table, &id, version, Change::Delete(None)));
            } else {
                source.insert(id_json(&id), sorted(document.clone()).to_text());
                history.push(put(&table, &id, version, &document));
            }
        }
        let mut workers = tokio::task::JoinSet::new();
        for worker in 0..4_u64 {
            // each worker gets most of it, in its own order, some of it twice
            let mut own: Vec<ChangeEvent> = history
                .iter()
                .enumerate()
                .filter(|(n, _)| (u64::try_from(*n).unwrap() + worker) % 4 != 0)
                .map(|(_, event)| event.clone())
                .collect();
            let length = own.len();
            for n in 0..length {
                own.swap(n, (n * 31 + usize::try_from(worker).unwrap() * 97) % length);
            }
            own.extend(history.iter().rev().take(200).cloned());
            let config = config.clone();
            workers.spawn(async move {
                let worker = Worker::new(&config);
                for batch in own.chunks(150) {
                    let counts = worker.events(&config, batch.to_vec()).await;
                    assert_eq!((counts.parked, counts.reported), (0, 0));
                }
            });
        }
        while let Some(ended) = workers.join_next().await {
            ended.expect("a worker ends well");
        }
        let view = place.view(&table).await;
        assert_eq!(view, source);
    }
    // a row that was emptied behind somebody's back would have lost its document
    assert_eq!(
        place.count("select count(*) from \"{s}\".t0_cdc where not deleted and data is null").await,
        0
    );
    place.finish().await;
}

#[test]
fn histories_of_dynamodb_converge_with_four_workers() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let Some(place) = runtime.block_on(place("converges")) else { return };
    let (mut runner, strategy) = (TestRunner::deterministic(), deliveries());
    for number in 0..25 {
        let delivery = sample(&strategy, &mut runner);
        let table = format!("h{number}");
        let config = place.with_route(|route| route.to = table.clone());
        let batches = delivery.deliver(&delivery.kinesis());
        let view = runtime.block_on(async {
            let mut workers = tokio::task::JoinSet::new();
            for worker in 0..4 {
                let own: Vec<Vec<Record>> = batches.iter().skip(worker).step_by(4).cloned().collect();
                let config = config.clone();
                workers.spawn(async move {
                    let worker = Worker::new(&config);
                    for batch in own {
                        worker.done(&batch).await;
                    }
                });
            }
            while let Some(ended) = workers.join_next().await {
                ended.expect("a worker ends well");
            }
            if batches.is_empty() { BTreeMap::new() } else { place.view(&table).await }
        });
        let source = delivery.source().into_iter().map(|((_, key), document)| {
            let id = key.split('"').nth(1).unwrap_or_default().to_owned();
            (id_json(&id), document)
        });
        assert_eq!(view, source.collect(), "history {number}");
    }
    runtime.block_on(place.finish());
}

#[tokio::test(flavor = "multi_thread")]
async fn four_workers_that_start_at_once_make_everything_once() {
    let Some(place) = place("four_start").await else { return };
    for round in 0..3_u64 {
        let table = format!("orders{round}");
        let running: Vec<_> = (0..4)
            .map(|_| {
                let (worker, records) = (Worker::new(&place.config()), inserts(&table, 50));
                tokio::spawn(async move { worker.done(&records).await })
            })
            .collect();
        let mut counts = (0, 0);
        for done in running {
            let done = done.await.unwrap();
            counts = (counts.0 + done.applied, counts.1 + done.stale);
        }
        // two workers that write the same version within a millisecond cannot be told apart
        assert!(counts.0 >= 50 && counts.0 + counts.1 == 200, "{counts:?}");
        assert_eq!(place.view(&table).await.len(), 50);
        place.run("drop table \"{s}\".rowtide_dead_letters").await;
    }
    // a warm worker looks for it again
    let worker = Worker::new(&place.config());
    worker.done(&inserts("orders0", 1)).await;
    place.run("drop table \"{s}\".rowtide_dead_letters").await;
    let poison = event("dynamodb-kinesis/poison-in-the-middle");
    assert!(worker.take(&poison).await.failure().is_some());
    assert_eq!(worker.done(&poison).await.parked, 5);
    place.finish().await;
}

#[tokio::test]
async fn a_batch_becomes_rows_and_its_repetition_is_stale() {
    let Some(place) = place("batch").await else { return };
    let worker = Worker::new(&place.config());
    let records = inserts("orders", 1_500);
    assert_eq!(worker.done(&records).await.applied, 1_500);
    assert_eq!(worker.done(&records).await.stale, 1_500);
    assert_eq!(place.view("orders").await.len(), 1_500);
    let delete = [change("orders", "k00007", at(9_999), 9_999, None)];
    assert_eq!(worker.done(&delete).await.applied, 1);
    assert_eq!(worker.done(&records).await.stale, 1_500);
    assert_eq!(place.view("orders").await.len(), 1_499);
    assert_eq!(
        place.count("select count(*) from \"{s}\".orders_cdc where deleted and data is null").await,
        1
    );
    assert_eq!(place.count("select count(*) from \"{s}\".orders where data['n'] > 1400").await, 99);
    place.finish().await;
}

#[tokio::test]
async fn a_large_row_is_sent_once_and_many_of_them_in_several_statements() {
    let Some(place) = place("large").await else { return };
    let (worker, config) = (Worker::new(&place.config()), place.config());
    let document = |megabytes: usize| {
        let lines = (0..megabytes * 1_000).map(|_| Value::String("x".repeat(1_000)));
        Value::Object(vec![("lines".to_owned(), Value::Array(lines.collect()))])
    };
    // a statement has one of few sizes: with 261 rows it has 320, and the last row is the largest
    let small = (0..260).map(|n| put("t", &format!("k{n}"), 1, &parsed(&[r#"{"n":1}"#])[0]));
    let events = small.chain([put("t", "z", 1, &document(4))]).collect();
    assert_eq!(worker.events(&config, events).await.applied, 261);
    let before = worker.sink.statements();
    let events = (0..5).map(|n| put("t", &format!("z{n}"), 1, &document(3))).collect();
    assert_eq!(worker.events(&config, events).await.applied, 5);
    assert_eq!(worker.sink.statements() - before, 3);
    place.finish().await;
}

#[tokio::test]
async fn a_hundred_new_fields_cost_one_alteration() {
    let Some(place) = place("one_alter").await else { return };
    let worker = Worker::new(&place.config());
    let config = place.config();
    let wide = |from: usize| {
        let fields = (from..from + 90).map(|n| (format!("f{n}"), Value::Number(n.to_string())));
        let inner = (0..10).map(|n| (format!("g{n}"), Value::Bool(true))).collect();
        Value::Object(fields.chain([("o".to_owned(), Value::Object(inner))]).collect())
    };
    worker.events(&config, (0..50).map(|n| put("t", &n.to_string(), 1, &wide(0))).collect()).await;
    assert_eq!(worker.sink.alterations(), 1);
    worker.events(&config, (0..50).map(|n| put("t", &n.to_string(), 2, &wide(0))).collect()).await;
    assert_eq!(worker.sink.alterations(), 1);
    // what exceeds the budget of an object costs none
    worker.events(&config, vec![put("t", "x", 3, &wide(9))]).await;
    worker.events(&config, vec![put("t", "x", 4, &wide(500))]).await;
    assert_eq!(worker.sink.alterations(), 2);
    place.finish().await;
}

#[tokio::test]
async fn a_table_without_room_for_columns_keeps_the_rest_in_aux() {
    let Some(place) = place("no_room").await else { return };
    let (config, worker) = (place.config(), Worker::new(&place.config()));
    worker.events(&config, vec![put("t", "first", 1, &Value::Object(Vec::new()))]).await;
    place.run("alter table \"{s}\".t_cdc set (\"mapping.total_fields.limit\" = 20)").await;
    let fields = (0..50).map(|n| (format!("f{n:02}"), Value::Number(n.to_string())));
    let wide = Value::Object(fields.collect());
    let counts = worker.events(&config, vec![put("t", "wide", 2, &wide)]).await;
    assert_eq!((counts.applied, counts.parked), (1, 0));
    assert_eq!(place.view("t").await[&id_json("wide")], wide.to_text());
    place.finish().await;
}

#[tokio::test]
async fn declared_types_are_columns_and_what_does_not_fit_stays_exact() {
    let Some(place) = place("types").await else { return };
    let types = [
        ("total", "numeric(10,2)"),
        ("count", "bigint"),
        ("at", "timestamptz"),
        ("code", "varchar(3)"),
        ("small", "smallint"),
        ("tags", "array(text)"),
        ("share", "real"),
    ];
    let config = place.with_route(|route| {
        route.types = types.iter().map(|(field, name)| ((*field).to_owned(), (*name).to_owned())).collect();
    });
    let documents = parsed(&[
        r#"{"total":12.30,"count":9007199254740993,"at":"2026-01-31T09:00:00.5+01:00","code":"abc","small":7,"tags":[],"share":0.5}"#,
        r#"{"total":12.345,"count":9223372036854775807,"at":"2026-02-30T00:00:00Z","code":"abcd","small":70000,"tags":["a"],"share":0.1}"#,
        r#"{"total":"x","count":1.5,"at":"2026-01-31T09:00:00","code":1,"small":"7","tags":[1],"share":0.123456789}"#,
        r#"{"total":123456789012,"count":-1,"at":1767225600,"code":null,"small":-32768,"tags":null,"share":null}"#,
    ]);
    round_trip(&place, &config, &documents).await;
    let rows = place
        .texts(
            "select concat_ws('|', data['total']::text, data['count']::text, data['at']::text, data['code'], \
                data['small']::text, array_length(data['tags'], 1)::text) from \"{s}\".t order by key",
        )
        .await;
    assert_eq!(rows[0], "12.30|9007199254740993|1769846400500|abc|7");
    assert_eq!(rows[1..], ["1".to_owned(), String::new(), "-1".to_owned()]);
    let bad = place.with_route(|route| drop(route.types.insert("x".into(), "money".into())));
    let report = Worker::new(&bad).take(&inserts("other", 1)).await;
    assert_eq!(report.counts().parked, 1, "the others of the source would be applied: {report:?}");
    place.finish().await;
}

#[tokio::test]
async fn bad_rows_are_parked_and_every_good_one_is_written() {
    let Some(place) = place("bad_rows").await else { return };
    let worker = Worker::new(&place.config());
    worker.done(&inserts("orders", 1)).await;
    // a table that refuses some rows on its shards, in silence among others
    place.run("drop view \"{s}\".orders; drop table \"{s}\".orders_cdc").await;
    place
        .run(
            "create table \"{s}\".orders_cdc (key text primary key, pk object(strict), data object(strict), \
             aux object(ignored), version text, deleted boolean, changed_at timestamptz, applied_at timestamptz, \
             constraint no_7 check (key not in ('[\"k00007\"]', '[\"k00613\"]')))",
        )
        .await;
    let worker = Worker::new(&place.config());
    let mut records = inserts("orders", 1_000);
    records.push(change("orders", "k00613", at(20_000), 20_000, Some(r#""n":{"N":"1"}"#)));
    let counts = worker.done(&records).await;
    assert_eq!((counts.applied, counts.parked), (998, 3));
    let letters = place
        .texts("select concat_ws(' ', code, key, \"table\", message) from \"{s}\".rowtide_dead_letters order by key")
        .await;
    assert_eq!(letters.len(), 3, "{letters:?}");
    assert!(letters[0].starts_with(r#"rejected ["k00007"] orders "#), "{letters:?}");
    assert!(letters[0].contains("constraint") && !letters[0].contains("values"), "{letters:?}");
    assert_eq!(place.view("orders").await.len(), 998);
    // what comes again is parked once
    worker.done(&records[600..620]).await;
    place.refresh("rowtide_dead_letters").await;
    assert_eq!(
        place
            .texts("select attempts::text from \"{s}\".rowtide_dead_letters order by key, position")
            .await
            .len(),
        3
    );
    // of a key change whose new row is refused, the old one stays
    let config = place.config();
    let moved = Flow::with_decoders(
        &config,
        Decoders::pinned(Box::new(Script(vec![vec![
            altered(changed("pairs", "old", 2, Change::Delete(None)), |event| event.pair = Some(1)),
            altered(put("pairs", "refused", 2, &Value::Object(Vec::new())), |event| event.pair = Some(1)),
        ]]))),
    );
    place
        .run(
            "create table \"{s}\".pairs_cdc (key text primary key, pk object(strict), data object(strict), \
             aux object(ignored), version text, deleted boolean, changed_at timestamptz, applied_at timestamptz, \
             constraint none check (key not in ('[\"refused\"]')))",
        )
        .await;
    worker.events(&config, vec![put("pairs", "old", 1, &Value::Object(Vec::new()))]).await;
    let report = process(&moved, &*worker.sink, &[Record::new("s", "0", "0")], Deadline::never()).await;
    assert_eq!((is_done(&report), report.counts().parked), (true, 1));
    assert_eq!(place.view("pairs").await.into_keys().collect::<Vec<_>>(), [id_json("old")]);
    place.finish().await;
}

#[tokio::test]
async fn a_row_that_is_refused_gives_way_to_its_next_lower_version() {
    let Some(place) = place("lower").await else { return };
    place
        .run(
            "create table \"{s}\".t_cdc (key text primary key, pk object(strict), data object(strict), \
             aux object(ignored), version text, deleted boolean, changed_at timestamptz, applied_at timestamptz, \
             constraint no_2 check (version not in ('x.000000000002')))",
        )
        .await;
    let (worker, config) = (Worker::new(&place.config()), place.config());
    let n = |n: u8| Value::Object(vec![("n".into(), Value::Number(n.to_string()))]);
    let counts = worker.events(&config, vec![put("t", "a", 1, &n(1)), put("t", "a", 2, &n(2))]).await;
    assert_eq!((counts.applied, counts.parked), (1, 1));
    assert_eq!(place.view("t").await[&id_json("a")], r#"{"n":1}"#);
    place.finish().await;
}

#[tokio::test]
async fn one_row_is_shown_by_its_key_and_many_up_to_a_limit() {
    let Some(place) = place("shown").await else { return };
    let worker = Worker::new(&place.config());
    worker.done(&inserts("orders", 1_200)).await;
    let target = worker.sink.targets(Deadline::never()).await.unwrap().remove(0);
    for (key, limit, expected) in [
        (Some(r#"["k00003"]"#), None, 1),
        (Some(r#"["nobody"]"#), None, 0),
        (None, Some(1_100), 1_100),
        (None, Some(7), 7),
        (None, None, 1_200),
    ] {
        let (shown, mut rows) = (Shown { key: key.map(str::to_owned), limit }, 0);
        worker
            .sink
            .live_rows(&target, &shown, |_| {
                rows += 1;
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(rows, expected, "{shown:?}");
    }
    place.finish().await;
}

#[tokio::test]
async fn a_status_counts_and_changes_nothing() {
    let Some(place) = place("status").await else { return };
    let look = || {
        let (status, out) = rowtide(&place, &["status", "--output", "json"]);
        assert_eq!(status, 0, "{out}");
        serde_json::from_str::<serde_json::Value>(&out).unwrap()
    };
    let tables = "select table_name from information_schema.tables where table_schema = '{s}' order by 1";
    let empty = look();
    assert_eq!((&empty["targets"], place.texts(tables).await.len()), (&serde_json::json!([]), 0));
    let config = place.config();
    let worker = Worker::new(&config);
    let n = |n: Value| Value::Object(vec![("n".into(), n)]);
    let puts = ["a", "b", "c"].map(|id| put("orders", id, 1, &n(Value::Number("1".into()))));
    worker.events(&config, puts.to_vec()).await;
    worker.events(&config, vec![put("orders", "odd", 9, &n(Value::String("text".into())))]).await;
    worker.events(&config, vec![changed("orders", "a", 9, Change::Delete(None))]).await;
    place.refresh("orders_cdc").await;
    let found = look();
    let orders = &found["targets"][0];
    assert_eq!(
        (&orders["rows"], &orders["tombstones"], &orders["with_aux"], &orders["estimated"]),
        (&3.into(), &1.into(), &1.into(), &false.into()),
        "{found}"
    );
    assert!(
        orders["applied_at"].is_string() && found["version"].as_str().unwrap().contains("CrateDB"),
        "{found}"
    );
    assert_eq!(
        found["own_tables"][0],
        serde_json::json!({"table":"rowtide_targets","exists":true,"lacks":[],"statement":null})
    );
    place.finish().await;
}

#[tokio::test]
async fn deletes_are_tombstones_soft_or_hard() {
    let Some(place) = place("deletes").await else { return };
    let n = |n: u64| Value::Object(vec![("n".into(), Value::Number(n.to_string()))]);
    let gone = |table: &str, id: &str, version| changed(table, id, version, Change::Delete(None));
    let soft = place.with_route(|route| route.delete = DeletePolicy::Soft);
    let worker = Worker::new(&soft);
    worker.events(&soft, vec![put("soft", "a", 1, &n(1)), put("soft", "b", 1, &n(1))]).await;
    worker.events(&soft, vec![gone("soft", "a", 2), gone("soft", "new", 2)]).await;
    place.refresh("soft_cdc").await;
    let rows = place
        .texts("select concat_ws(' ', key, data['n']::text, deleted::text) from \"{s}\".soft order by key")
        .await;
    assert_eq!(rows, [r#"["a"] 1.0 t"#, r#"["b"] 1.0 f"#, r#"["new"] t"#]);
    let hard = place.with_route(|route| route.delete = DeletePolicy::Hard);
    let worker = Worker::new(&hard);
    worker.events(&hard, (0..3).map(|i| put("hard", &i.to_string(), 5, &n(i))).collect()).await;
    let counts = worker
        .events(
            &hard,
            vec![
                gone("hard", "0", 6),
                gone("hard", "1", 4),
                put("hard", "2", 7, &n(9)),
                gone("hard", "nobody", 8),
            ],
        )
        .await;
    assert_eq!((counts.applied, counts.stale), (2, 2));
    assert_eq!(place.view("hard").await.into_values().collect::<Vec<_>>(), [r#"{"n":1}"#, r#"{"n":9}"#]);
    place.refresh("hard_cdc").await;
    assert_eq!(place.count("select count(*) from \"{s}\".hard_cdc").await, 2);
    place.finish().await;
}

fn set(pointer: &str, value: &str) -> Change {
    Change::Patch(Patch { set: vec![(pointer.to_owned(), value.to_owned())], remove: Vec::new() })
}

#[tokio::test(flavor = "multi_thread")]
async fn patches_merge_and_stay_exact_under_contention() {
    let Some(place) = place("patches").await else { return };
    let (config, worker) = (place.config(), Worker::new(&place.config()));
    let base = &parsed(&[r#"{"a":1,"mixed":[1,"x"],"o":{"big":12345678901234567890123456789012345678}}"#])[0];
    worker.events(&config, vec![put("t", "a", 1, base)]).await;
    worker
        .events(
            &config,
            vec![
                changed("t", "a", 2, set("/o/new.field", "1.50")),
                changed("t", "a", 3, set("/mixed/2", r#"{"deep":[1]}"#)),
                changed("t", "a", 4, Change::Patch(Patch { set: Vec::new(), remove: vec!["/a".into()] })),
                changed("t", "unknown", 1, set("/x", "true")),
            ],
        )
        .await;
    let view = place.view("t").await;
    let expected = r#"{"mixed":[1,"x",{"deep":[1]}],"o":{"big":12345678901234567890123456789012345678,"new.field":1.50}}"#;
    assert_eq!(view[&id_json("a")], expected);
    assert_eq!(view[&id_json("unknown")], r#"{"x":true}"#);
    // four workers patch the same rows; each row ends at its highest version, with what was applied in order
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..4_u64 {
        let config = config.clone();
        workers.spawn(async move {
            let own = Worker::new(&config);
            for step in 0..25_u64 {
                let version = 10 + step * 4 + worker;
                let field = format!("/w{worker}_{step}");
                let events =
                    (0..3).map(|id| changed("t", &format!("c{id}"), version, set(&field, "1"))).collect();
                own.events(&config, events).await;
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended.expect("a worker ends well");
    }
    place.refresh("t_cdc").await;
    let versions = place.texts("select distinct version from \"{s}\".t_cdc where key like '[\"c%'").await;
    assert_eq!(versions, [format!("x.{:012}", 10 + 24 * 4 + 3)]);
    for document in place.view("t").await.into_values().filter(|document| document.contains("w3_24")) {
        let Ok(Value::Object(members)) = Value::parse(&document) else { panic!("{document}") };
        assert!(members.iter().all(|(name, value)| name.starts_with('w') && value.to_text() == "1"));
    }
    place.finish().await;
}

#[tokio::test]
async fn tables_of_lorrystream_and_toolkit_are_adopted() {
    let Some(place) = place("adopted").await else { return };
    place
        .run(
            "create table \"{s}\".orders (pk object(strict) as (\"id\" text primary key), data object(dynamic), \
             aux object(ignored))",
        )
        .await;
    // as theirs wrote it: a column by inference, a mixed list in aux under its own name
    place.run("insert into \"{s}\".orders (pk, data, aux) values ('{\"id\":\"old\"}', '{\"n\":10,\"s\":\"x\"}', '{\"list\":[1,\"a\"]}')").await;
    let worker = Worker::new(&place.config());
    assert_eq!(worker.done(&inserts("orders", 3)).await.applied, 3);
    worker
        .done(&[
            change("orders", "k00001", at(90), 90, None),
            change(
                "orders",
                "k00002",
                at(91),
                91,
                Some(r#""n":{"N":"10.9"},"l":{"L":[{"N":"1"},{"S":"a"}]},"new":{"S":"y"}"#),
            ),
            // the last writer wins, as documented
            change("orders", "k00000", at(0), 0, Some(r#""n":{"N":"-1"}"#)),
        ])
        .await;
    place.refresh("orders").await;
    let rows = place
        .query("select pk['id'], data['n']::text, data['new'], aux from \"{s}\".orders order by pk['id']")
        .await;
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            let (id, n, new): (String, Option<String>, Option<String>) = (row.get(0), row.get(1), row.get(2));
            format!("{id} {} {}", n.unwrap_or_default(), new.unwrap_or_default())
        })
        .collect();
    // 10.9 does not fit the bigint that the first value made: it is not cut to 10
    assert_eq!(rows, ["k00000 -1 ", "k00002  y", "old 10 "]);
    let mixed = place
        .count("select count(*) from \"{s}\".orders where pk['id'] = 'k00002' and aux['l'] is not null")
        .await;
    assert_eq!(mixed, 1, "a mixed list goes where theirs puts it");
    let target = worker.sink.targets(Deadline::never()).await.unwrap().remove(0);
    let (of_key, mut found) = (Shown { key: Some(r#"["k00002"]"#.to_owned()), limit: Some(2) }, Vec::new());
    worker
        .sink
        .live_rows(&target, &of_key, |row| {
            found.push(row.pk);
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(found, [id_json("k00002")]);
    place
        .run(
            "create table \"{s}\".guarded (pk object(strict) as (\"id\" text primary key), data object(dynamic), \
             version text, deleted boolean)",
        )
        .await;
    assert_eq!(worker.done(&inserts("guarded", 3)).await.applied, 3);
    let counts = worker
        .done(&[
            change("guarded", "k00001", at(90), 90, None),
            change("guarded", "k00002", at(0), 0, Some(r#""n":{"N":"-1"}"#)),
        ])
        .await;
    assert_eq!((counts.applied, counts.stale), (1, 1));
    assert_eq!(place.view("guarded").await.len(), 2);
    // without a column aux, what data cannot hold is parked, never cut
    let long = change("guarded", "k00000", at(95), 95, Some(r#""n":{"N":"12345678901234567890123"}"#));
    assert_eq!(worker.done(&[long]).await.parked, 1);
    place.run("create table \"{s}\".wrong (pk object(strict) as (\"other\" text primary key), data object(dynamic))").await;
    // the key is another
    assert_eq!(worker.done(&inserts("wrong", 1)).await.parked, 1);
    place.finish().await;
}

#[tokio::test]
async fn tables_of_others_take_patches() {
    let Some(place) = place("adopted_patches").await else { return };
    let beside = [("plain", ""), ("guarded", ", version text, deleted boolean")];
    for (table, more) in beside {
        place
            .run(&format!(
                "create table \"{{s}}\".{table} (pk object(strict) as (id text primary key), data object(dynamic), \
                 aux object(ignored){more})"
            ))
            .await;
        place.run(&format!("insert into \"{{s}}\".{table} (pk, data, aux) values ('{{\"id\":\"a\"}}', '{{\"n\":10,\"o\":{{\"s\":\"x\"}}}}', '{{\"list\":[1,\"a\"]}}')")).await;
        place.refresh(table).await;
        let (worker, config) = (Worker::new(&place.config()), place.config());
        let patch = |id: &str, version, set: &[(&str, &str)], remove: &[&str]| {
            let set = set.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
            let remove = remove.iter().map(|path| (*path).to_owned()).collect();
            changed(table, id, version, Change::Patch(Patch { set, remove }))
        };
        let counts = async |events: Vec<ChangeEvent>| {
            let counts = worker.events(&config, events).await;
            (counts.applied, counts.stale, counts.parked)
        };
        // one by one: each reads what the one before has written
        let set: &[(&str, &str)] =
            &[("/o/t", "1.10"), ("/a.b", "2"), ("/n", "10.9"), ("/😀", "[1,\"x\"]"), ("/mixed", "[{},1]")];
        assert_eq!(counts(vec![patch("a", 5, set, &[])]).await, (1, 0, 0), "{table}");
        assert_eq!(
            counts(vec![patch("a", 6, &[("/n", "11"), ("/list/0", "7")], &["/o/s"])]).await,
            (1, 0, 0)
        );
        // of a row that is not there, what it brings
        assert_eq!(counts(vec![patch("b", 3, &[("/x", "true")], &[])]).await, (1, 0, 0));
        let late = counts(vec![patch("a", 4, &[("/late", "1")], &[])]).await;
        assert_eq!(late, if more.is_empty() { (1, 0, 0) } else { (0, 1, 0) }, "{table}");
        let late = if more.is_empty() { r#""late":1,"# } else { "" };
        place.refresh(table).await;
        let expected = format!(
            r#"{{"a.b":2,{late}"list":[7,"a"],"mixed":[{{}},1],"n":11,"o":{{"t":1.10}},"😀":[1,"x"]}}"#
        );
        let rows = place.view(table).await;
        assert_eq!((&rows[&id_json("a")], &rows[&id_json("b")]), (&expected, &r#"{"x":true}"#.to_owned()));
    }
    place.finish().await;
}

/// The server cannot read a name beyond U+FFFF again, before a refresh: rows must be read at once, and patched.
#[tokio::test]
async fn a_row_with_names_beyond_the_basic_plane_is_read_at_once() {
    let Some(place) = place("emoji").await else { return };
    place
        .run(
            "create table \"{s}\".theirs (pk object(strict) as (id text primary key), data object(dynamic), \
             aux object(ignored))",
        )
        .await;
    let documents = parsed(&[
        r#"{"😀":null,"o":{"a😀":1,"b":[{"𐀀":[1,"x"]}]},"😀l":[1,"x"],"l":[1,{"😀":2}],"~ud83d~ude00":3,"n":1.10}"#,
        r#"{"😀":"😀","o":{"a😀":null},"n":2}"#,
    ]);
    for (table, data) in
        [("t", DataLayout::Columns), ("loose", DataLayout::Ignored), ("theirs", DataLayout::Columns)]
    {
        let config = place.with_route(|route| route.data = data);
        let worker = Worker::new(&config);
        for (version, document) in (1..).zip(documents.iter().chain(&documents)) {
            for id in ["a", "b", "c", "d", "e", "f"] {
                let counts = worker.events(&config, vec![put(table, id, version, document)]).await;
                assert_eq!((counts.applied, counts.parked), (1, 0), "{table} {id} {version}");
                let targets = worker.sink.targets(Deadline::never()).await.unwrap();
                let target = targets.into_iter().find(|target| target.table == table).unwrap();
                let of_key = Shown { key: Some(format!("[\"{id}\"]")), limit: None };
                let mut found = Vec::new();
                let shown = worker.sink.live_rows(&target, &of_key, |row| {
                    found.push(merge(&row.pk, row.data.as_deref(), &row.aux).unwrap().1.unwrap());
                    Ok(())
                });
                shown.await.unwrap_or_else(|error| panic!("{table} {id} {version}: {error}"));
                let found: Vec<String> = found.into_iter().map(|row| sorted(row).to_text()).collect();
                assert_eq!(found, [sorted(document.clone()).to_text()], "{table} {id} {version}");
            }
        }
    }
    // a patch reads the row first
    let config = place.config();
    let worker = Worker::new(&config);
    for id in ["a", "b", "c"] {
        let set = vec![("/o/a😀".to_owned(), "7".to_owned()), ("/😀".to_owned(), "null".to_owned())];
        let patch = Change::Patch(Patch { set, remove: vec!["/n".to_owned()] });
        assert_eq!(worker.events(&config, vec![changed("t", id, 9, patch)]).await.applied, 1);
    }
    place.refresh("t_cdc").await;
    assert_eq!(place.view("t").await[&id_json("b")], r#"{"o":{"a😀":7},"😀":null}"#);
    place.finish().await;
}

#[tokio::test]
async fn columns_of_one_object_are_added_in_statements_that_the_server_takes() {
    let Some(place) = place("long_names").await else { return };
    let config = place.with_route(|route| route.columns_per_object = 900);
    let worker = Worker::new(&config);
    let long = |n: usize| format!("\"{n:04}{}\"", "x".repeat(250));
    let members: Vec<String> = (0..880).map(|n| format!("{}:{n}", long(n))).collect();
    let document = format!("{{\"o\":[{{{}}}]}}", members.join(","));
    assert!(members.iter().map(|member| member.len() + " double precision".len()).sum::<usize>() > 230_000);
    let counts = worker.events(&config, vec![put("t", "a", 1, &Value::parse(&document).unwrap())]).await;
    assert_eq!((counts.applied, counts.parked), (1, 0));
    place.refresh("t_cdc").await;
    assert_eq!(place.view("t").await[&id_json("a")], document);
    let columns =
        "select count(*) from information_schema.columns where table_schema = '{s}' and table_name = 't_cdc'";
    assert!(place.count(columns).await > 880);
    place.finish().await;
}

#[tokio::test]
async fn what_an_adopted_table_computes_itself_is_not_written() {
    let Some(place) = place("generated").await else { return };
    place
        .run(
            "create table \"{s}\".t (pk object(strict) as (id text primary key), \
             data object(dynamic) as (s text, g text generated always as 'x'), aux object(ignored))",
        )
        .await;
    let (worker, config) = (Worker::new(&place.config()), place.config());
    let document = parsed(&[r#"{"s":"a","g":"mine"}"#]).remove(0);
    let counts = worker.events(&config, vec![put("t", "a", 1, &document)]).await;
    assert_eq!((counts.applied, counts.parked), (1, 0));
    place.refresh("t").await;
    assert_eq!(place.view("t").await[&id_json("a")], r#"{"g":"mine","s":"a"}"#);
    worker.events(&config, vec![put("t", "b", 2, &document)]).await;
    let target = worker.sink.targets(Deadline::never()).await.unwrap().remove(0);
    for (limit, expected) in [(Some(0), 0), (Some(1), 1), (Some(u64::MAX), 2), (None, 2)] {
        let (shown, mut rows) = (Shown { key: None, limit }, 0);
        let count = |_| {
            rows += 1;
            Ok(())
        };
        worker.sink.live_rows(&target, &shown, count).await.unwrap();
        assert_eq!(rows, expected, "{limit:?}");
    }
    place.finish().await;
}

#[tokio::test]
async fn a_write_block_and_a_missing_privilege_are_configuration() {
    let Some(place) = place("blocked").await else { return };
    let worker = Worker::new(&place.config());
    worker.done(&inserts("orders", 1)).await;
    place.run("alter table \"{s}\".orders_cdc set (\"blocks.write\" = true)").await;
    let failure = worker
        .take(&inserts("orders", 30))
        .await
        .into_result()
        .unwrap_err()
        .because
        .expect("the invocation fails");
    assert_eq!(failure.disposition(), Disposition::Abort, "{failure}");
    place.run("alter table \"{s}\".orders_cdc set (\"blocks.write\" = false)").await;
    // what the disk's watermark does goes away by itself
    place.run("alter table \"{s}\".orders_cdc set (\"blocks.read_only_allow_delete\" = true)").await;
    let (records, deadline) = (inserts("orders", 30), Deadline::after(Duration::from_millis(1_500)));
    let report = process(&worker.flow, &*worker.sink, &records, deadline).await;
    assert_eq!(
        report.stopped().map(|error| error.kind()),
        Some(ErrorKind::Unavailable),
        "{:?}",
        report.failure()
    );
    place.run("alter table \"{s}\".orders_cdc set (\"blocks.read_only_allow_delete\" = false)").await;
    place.run("drop user if exists rowtide_stranger").await;
    place.run("create user rowtide_stranger with (password = 'x')").await;
    place.run("grant dql on schema \"{s}\" to rowtide_stranger").await;
    let mut config = place.config();
    let url = with_option(&with_option(&place.url, "user", "rowtide_stranger"), "password", "x");
    config.sink.url = Some(SinkUrl::new(url));
    let report = Worker::new(&config).take(&inserts("orders", 30)).await;
    let failure = report.failure().expect("the invocation fails");
    assert_eq!(failure.disposition(), Disposition::Abort, "{failure}");
    assert_eq!(place.count("select count(*) from \"{s}\".rowtide_dead_letters").await, 0);
    assert_eq!(worker.done(&inserts("orders", 30)).await.applied, 29);
    place.run("drop user rowtide_stranger").await;
    place.finish().await;
}

#[tokio::test]
async fn a_table_that_was_dropped_or_changed_is_looked_at_again() {
    let Some(place) = place("dropped").await else { return };
    let (worker, config) = (Worker::new(&place.config()), place.config());
    let document = |text: &str| parsed(&[text]).remove(0);
    worker.events(&config, vec![put("t", "a", 1, &document(r#"{"x":1}"#))]).await;
    // another worker was faster, with another type
    place.run("alter table \"{s}\".t_cdc add column data['y'] text").await;
    let counts = worker.events(&config, vec![put("t", "b", 1, &document(r#"{"y":1,"z":2}"#))]).await;
    assert_eq!((counts.applied, counts.parked), (1, 0));
    assert_eq!(place.view("t").await[&id_json("b")], r#"{"y":1,"z":2}"#);
    // a column that went away
    place.run("alter table \"{s}\".t_cdc drop column data['x']").await;
    let counts = worker.events(&config, vec![put("t", "c", 1, &document(r#"{"x":1}"#))]).await;
    assert_eq!((counts.applied, counts.parked), (1, 0));
    place.run("drop table \"{s}\".t_cdc").await;
    let records = vec![put("t", "d", 1, &document(r#"{"x":1}"#))];
    let flow = Flow::with_decoders(&config, Decoders::pinned(Box::new(Script(vec![records.clone()]))));
    let report = process(&flow, &*worker.sink, &[Record::new("s", "0", "0")], Deadline::never()).await;
    assert!(report.failure().is_some());
    assert_eq!(worker.events(&config, records).await.applied, 1);
    // the registry without its line
    place.run("delete from \"{s}\".rowtide_targets; refresh table \"{s}\".rowtide_targets").await;
    let records = vec![put("t", "e", 1, &document(r#"{"new":1}"#))];
    let flow = Flow::with_decoders(&config, Decoders::pinned(Box::new(Script(vec![records.clone()]))));
    let report = process(&flow, &*worker.sink, &[Record::new("s", "0", "0")], Deadline::never()).await;
    assert!(report.failure().is_some());
    assert_eq!(worker.events(&config, records).await.applied, 1);
    place.finish().await;
}

/// Drops `t_cdc` and makes it anew with the same columns and others before them, which renumbers them.
async fn recreate_otherwise(place: &Place) {
    place.run("drop table \"{s}\".t_cdc").await;
    place
        .run(
            "create table \"{s}\".t_cdc (mine object(strict) as (a text, b text, c text), key text primary key, \
             pk object(strict) as (id text), data object(strict) as (z text, y text), aux object(ignored), \
             version text, deleted boolean, changed_at timestamp with time zone, \
             applied_at timestamp with time zone)",
        )
        .await;
}

#[tokio::test]
async fn a_table_made_anew_behind_a_warm_worker_is_found_out() {
    let Some(place) = place("anew").await else { return };
    let (worker, config) = (Worker::new(&place.config()), place.config());
    let document = |text: &str| parsed(&[text]).remove(0);
    let old = vec![put("t", "a", 1, &document(r#"{"x":1}"#)), put("t", "b", 2, &document(r#"{"x":2}"#))];
    worker.events(&config, old).await;
    worker.events(&config, vec![changed("t", "a", 3, set("/x", "3"))]).await;
    recreate_otherwise(&place).await;
    let fresh = Worker::new(&config);
    let newer = vec![put("t", "a", 7, &document(r#"{"x":7,"kept":true}"#))];
    assert_eq!(fresh.events(&config, newer).await.applied, 1);
    // what was prepared for the old table reads other columns of this one
    let take = async |events: Vec<ChangeEvent>| {
        let flow = Flow::with_decoders(&config, Decoders::pinned(Box::new(Script(vec![events]))));
        process(&flow, &*worker.sink, &[Record::new("s", "0", "0")], Deadline::never()).await
    };
    for _ in 0..2 {
        drop(take(vec![changed("t", "a", 5, set("/x", "5"))]).await);
        assert_eq!(place.view("t").await[&id_json("a")], r#"{"kept":true,"x":7}"#);
    }
    drop(take(vec![changed("t", "a", 8, set("/x", "8"))]).await);
    let counts = worker.events(&config, vec![changed("t", "a", 9, set("/y", "9"))]).await;
    assert_eq!(counts.applied, 1);
    assert_eq!(place.view("t").await[&id_json("a")], r#"{"kept":true,"x":8,"y":9}"#);
    recreate_otherwise(&place).await;
    drop(take(vec![put("t", "c", 1, &document(r#"{"x":1}"#))]).await);
    let counts = worker.events(&config, vec![put("t", "d", 1, &document(r#"{"x":1}"#))]).await;
    assert_eq!((counts.applied, counts.parked), (1, 0));
    place.finish().await;
}

#[tokio::test]
async fn with_ddl_never_nothing_is_created_and_no_column_added() {
    let Some(place) = place("ddl_never").await else { return };
    let mut config = place.config();
    config.sink.ddl = Ddl::Never;
    for needed in ["rowtide_targets", "rowtide_dead_letters", "orders_cdc", "view"] {
        let failure = Worker::new(&config)
            .take(&inserts("orders", 3))
            .await
            .into_result()
            .unwrap_err()
            .because
            .expect("something is missing");
        assert!(failure.message().contains("create ") && failure.message().contains(needed), "{failure}");
        // what it prints works
        place.run(failure.message().split_once("Run:\n").unwrap().1).await;
    }
    let worker = Worker::new(&config);
    assert_eq!(worker.done(&inserts("orders", 4)).await.applied, 4);
    assert_eq!(worker.sink.alterations(), 0);
    assert_eq!(place.view("orders").await[&id_json("k00003")], r#"{"n":3}"#);
    place.finish().await;
}

#[tokio::test]
async fn a_route_that_disagrees_and_a_foreign_view_are_refused() {
    let Some(place) = place("registry").await else { return };
    Worker::new(&place.config()).done(&inserts("orders", 2)).await;
    let refused = |config: Config, records: Vec<Record>, word: &'static str| async move {
        let error = Worker::new(&config)
            .take(&records)
            .await
            .into_result()
            .unwrap_err()
            .because
            .expect("the invocation fails");
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(word), "{error}");
    };
    let mut arrival = place.config();
    arrival.source.version = rowtide::config::VersionScheme::Arrival;
    refused(arrival, inserts("orders", 1), "are ordered as those of").await;
    // what concerns one table alone is set aside, as the source is known
    let aside = |config: Config, records: Vec<Record>, code: &'static str| async move {
        let worker = Worker::new(&config);
        let report = worker.take(&records).await;
        assert_eq!(report.counts().parked, records.len(), "{code}: {report:?}");
        let filter = Filter { code: Some(code.to_owned()), ..Filter::default() };
        assert!(!worker.sink.dead_letters(&filter, i64::MIN, 10).await.unwrap().is_empty(), "{code}");
    };
    let other = place.with_route(|route| route.to = "orders".into());
    aside(other, inserts("customers", 1), "shared_target").await;
    let storage = place.with_route(|route| route.to = "orders_cdc".into());
    aside(storage, inserts("customers", 1), "unusable_target").await;
    let mut raised = place.config();
    raised.source.epoch = 3;
    assert_eq!(Worker::new(&raised).done(&inserts("orders", 2)).await.applied, 2);
    refused(place.config(), inserts("orders", 1), "epoch").await;
    place.run("create view \"{s}\".mine as select 1 as x").await;
    aside(place.config(), inserts("mine", 1), "unusable_target").await;
    // another delete policy replaces the view
    let soft = place.with_route(|route| route.delete = DeletePolicy::Soft);
    Worker::new(&place.config()).done(&inserts("other", 1)).await;
    Worker::new(&soft).done(&inserts("other", 1)).await;
    place.refresh("other_cdc").await;
    assert_eq!(place.count("select count(*) from \"{s}\".other where not deleted").await, 1);
    place.finish().await;
}

#[tokio::test]
async fn parked_records_are_listed_redriven_expired_and_discarded() {
    let Some(place) = place("letters").await else { return };
    let mut config = place.config();
    let worker = Worker::new(&config);
    for _ in 0..2 {
        assert_eq!(worker.done(&event("dynamodb-kinesis/poison-in-the-middle")).await.parked, 5);
    }
    let letters = worker.sink.dead_letters(&Filter::default(), 0, 100).await.unwrap();
    assert_eq!(letters.len(), 5);
    for letter in &letters {
        assert_eq!(letter.attempts, 2);
        assert!(worker.sink.payload(letter).await.unwrap().is_some());
    }
    let one = Filter { ids: Some(vec![letters[1].id]), ..Filter::default() };
    assert_eq!(worker.sink.dead_letters(&one, 0, 100).await.unwrap().len(), 1);
    let sink = Database::new(&config).unwrap();
    let mut fates = Vec::new();
    let redriven =
        rowtide::redrive::redrive(&config, &sink, &one, None, |letter| fates.push(letter.fate.as_str()));
    redriven.await.unwrap();
    assert_eq!(fates, ["parked"]);
    worker.sink.mark_redriven(&[letters[0].id]).await.unwrap();
    let open = Filter { open: true, ..Filter::default() };
    assert_eq!(worker.sink.dead_letters(&open, 0, 100).await.unwrap().len(), 4);
    assert_eq!(worker.sink.discard(&[letters[2].id]).await.unwrap(), 1);
    config.dead_letters.retention = Duration::from_millis(1);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(Cratedb::new(&config).unwrap().expire_dead_letters(&[], Deadline::never()).await.unwrap(), 4);
    place.finish().await;
}

#[tokio::test]
async fn a_purge_forgets_old_tombstones_and_replays_behind_it_are_refused() {
    let Some(place) = place("purge").await else { return };
    let (config, worker) = (place.config(), Worker::new(&place.config()));
    worker.done(&inserts("orders", 5)).await;
    let deletes: Vec<Record> =
        (0..3).map(|i| change("orders", &format!("k0000{i}"), at(100 + i), 100 + i, None)).collect();
    worker.done(&deletes).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let target = worker.sink.targets(Deadline::never()).await.unwrap().remove(0);
    let dry = worker.sink.purge(&target, Duration::from_millis(1), Purging::Counted).await.unwrap();
    assert_eq!((dry.rows, dry.horizon), (3, None));
    let purged = worker.sink.purge(&target, Duration::from_millis(1), Purging::to_the_end()).await.unwrap();
    assert!(purged.rows == 3 && purged.horizon.is_some());
    place.refresh("orders_cdc").await;
    assert_eq!(place.count("select count(*) from \"{s}\".orders_cdc").await, 2);
    let checking = Cratedb::new(&config).unwrap().checking_horizon();
    let report = process(&worker.flow, &checking, &inserts("orders", 5), Deadline::never()).await;
    assert_eq!(report.failure().unwrap().code().as_str(), "behind_purge_horizon");
    let patch = crate::postgres::old_patch(&config);
    let report = process(&patch, &checking, &[Record::new("script", "0", "0")], Deadline::never()).await;
    assert_eq!(report.failure().unwrap().code().as_str(), "behind_purge_horizon");
    place.finish().await;
}

#[tokio::test]
async fn a_purge_keeps_to_the_tables_of_its_routes_under_the_names_they_have_here() {
    let Some(place) = place("purge_routes").await else { return };
    let (worker, mut config) = (Worker::new(&place.config()), place.config());
    for table in ["shop orders", "other"] {
        let events = vec![changed(table, "a", 1, Change::Delete(None))];
        assert_eq!(worker.events(&config, events).await.applied, 1);
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    config.routes = vec![RoutePolicy { from: "shop orders".to_owned(), ..RoutePolicy::default() }];
    let sink = Database::new(&config).unwrap();
    let purged = sink.purge_all(Duration::from_millis(1), Purging::to_the_end()).await.unwrap();
    let done: Vec<_> = purged.targets.iter().map(|target| (target.target.as_str(), target.rows)).collect();
    let (shop, other) =
        (format!("{}.shop_orders", config.sink.schema), format!("{}.other", config.sink.schema));
    assert_eq!((done, &purged.left_alone), (vec![(shop.as_str(), 1)], &vec![other]), "{purged:?}");
    assert!(purged.is_complete(), "{purged:?}");
    place.finish().await;
}

#[tokio::test]
async fn every_key_is_shown_and_purged_whatever_its_characters_sort_by() {
    let Some(place) = place("sorted").await else { return };
    let (worker, config) = (Worker::new(&place.config()), place.config());
    // in bytes of UTF-8 the first come first, in units of UTF-16 the second
    let ids: Vec<String> = (0..900).flat_map(|n| [format!("\u{ff5e}{n}"), format!("\u{1f600}{n}")]).collect();
    let document = parsed(&[r#"{"x":1}"#]).remove(0);
    let puts = ids.iter().map(|id| put("t", id, 1, &document)).collect();
    assert_eq!(worker.events(&config, puts).await.applied, 1_800);
    assert_eq!(place.view("t").await.len(), 1_800);
    let deletes = ids.iter().map(|id| changed("t", id, 2, Change::Delete(None))).collect();
    assert_eq!(worker.events(&config, deletes).await.applied, 1_800);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let target = worker.sink.targets(Deadline::never()).await.unwrap().remove(0);
    let purged = worker.sink.purge(&target, Duration::from_millis(1), Purging::to_the_end()).await.unwrap();
    assert_eq!(purged.rows, 1_800);
    place.finish().await;
}

/// Whatever breaks off in the middle of a request, no later one gets its answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_given_up_costs_its_connection_and_nothing_else() {
    let Some(place) = place("given_up").await else { return };
    let worker = Arc::new(Worker::new(&place.config()));
    worker.done(&inserts("orders", 10)).await;
    for round in 0..40_u64 {
        let (own, records) = (worker.clone(), inserts("orders", 400));
        let taking = tokio::spawn(async move { own.take(&records).await.counts() });
        tokio::time::sleep(Duration::from_millis(round)).await;
        taking.abort();
        let _aborted = taking.await;
        let id = format!("r{round}");
        let counts =
            worker.done(&[change("orders", &id, at(round), round + 1, Some(r#""n":{"N":"1"}"#))]).await;
        assert_eq!(counts.applied, 1);
    }
    let (records, deadline) = (inserts("orders", 3), Deadline::after(Duration::from_millis(100)));
    let report = process(&worker.flow, &*worker.sink, &records, deadline).await;
    assert_eq!(
        (report.outcomes[0], report.stopped().map(|error| error.code().as_str())),
        (Outcome::Failed, Some("deadline"))
    );
    assert_eq!(worker.done(&inserts("orders", 400)).await.reported, 0);
    assert_eq!(place.view("orders").await.len(), 440);
    place.finish().await;
}

#[tokio::test]
async fn the_dialect_is_found_by_asking_the_server() {
    let Some(place) = place("detected").await else { return };
    let config = place.config();
    let sink = Database::new(&config).unwrap();
    let report = process(&Flow::new(&config).unwrap(), &sink, &inserts("orders", 3), Deadline::never()).await;
    assert_eq!((is_done(&report), report.counts().applied), (true, 3));
    assert_eq!(sink.dialect(Deadline::never()).await.unwrap(), Dialect::Cratedb);
    let mut away = config.clone();
    away.sink.url = Some(SinkUrl::new("crate://127.0.0.1:1"));
    let sink = Database::new(&away).unwrap();
    assert_eq!(configured(&away), Some(Dialect::Cratedb));
    let flow = Flow::new(&away).unwrap();
    let report = process(&flow, &sink, &inserts("orders", 3), Deadline::after(Duration::from_secs(1))).await;
    assert_eq!(report.stopped().map(Error::kind), Some(ErrorKind::Unavailable));
    place.finish().await;
}

/// stdout of a command on this place.
fn rowtide(place: &Place, args: &[&str]) -> (i32, String) {
    let schema = format!("sink.schema={}", place.schema);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rowtide"))
        .args(args)
        .args(["--config", "/dev/null", "--sink", &place.url, "--set", &schema])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_works_on_cratedb() {
    let Some(place) = place("cli").await else { return };
    let poison = "events/dynamodb-kinesis/poison-in-the-middle.json";
    let (status, out) = rowtide(&place, &["replay", "--output", "json", poison]);
    assert_eq!(status, 0);
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&object["applied"], &object["parked"]), (&6.into(), &5.into()));
    assert_eq!(object["tables"][&format!("{}.orders", place.schema)].as_array().unwrap().len(), 6);
    let (_, out) = rowtide(&place, &["show", "orders", "--output", "json", "--limit", "2"]);
    assert_eq!(out.lines().count(), 2);
    let (_, out) = rowtide(&place, &["show", "orders", "--key", "[\"o-10280\"]"]);
    assert!(out.starts_with("1 row\n") && out.contains("o-10280"), "{out}");
    assert_eq!(rowtide(&place, &["show", "nowhere"]).0, 2);
    let (_, out) = rowtide(&place, &["dead-letters", "list", "--output", "json"]);
    assert_eq!(out.lines().count(), 5);
    assert_eq!(rowtide(&place, &["dead-letters", "redrive"]).0, 1);
    let (_, out) = rowtide(&place, &["dead-letters", "discard", "--all"]);
    assert!(out.contains("5 dead letters discarded"), "{out}");
    assert!(rowtide(&place, &["purge", "--older-than", "0s"]).1.contains("orders"));
    place.finish().await;
}

/// A function of LorryStream, with its own variables, replaced by changing its image.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_runs_with_the_variables_of_its_predecessor() {
    use crate::runtime_api::Function;
    let Some(place) = place("lambda").await else { return };
    let host: tokio_postgres::Config = place.url.parse().unwrap();
    let (Some(tokio_postgres::config::Host::Tcp(name)), Some(port)) =
        (host.get_hosts().first(), host.get_ports().first())
    else {
        eprintln!(
            "not run: a_function_runs_with_the_variables needs a host and a port in ROWTIDE_TEST_CRATEDB"
        );
        return;
    };
    let url = format!("crate://{name}:{port}/?schema={}", place.schema);
    let variables = [
        ("SINK_SQLALCHEMY_URL", url.as_str()),
        ("SINK_TABLE", "orders_stream"),
        ("MESSAGE_FORMAT", "dynamodb"),
        ("USE_BATCH_PROCESSING", "true"),
    ];
    let mut function = Function::start(&variables).await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/events/dynamodb-kinesis/insert.json");
    let event = std::fs::read(path).unwrap();
    for _ in 0..2 {
        let answer = function.invoke(&event, Duration::from_secs(30)).await;
        assert_eq!(answer.json(), serde_json::json!({"batchItemFailures": []}));
    }
    let output = function.terminate().await;
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(log.contains("out of date") && log.contains("SINK_SQLALCHEMY_URL"), "{log}");
    assert_eq!(place.view("orders_stream").await.len(), 2);
    place.finish().await;
}

/// A function of theirs with DMS: rows go where theirs go, and the key is that of the table which is there already.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_of_a_predecessor_writes_into_its_tables() {
    use crate::runtime_api::Function;
    use serde_json::{Value, json};
    let Some(place) = place("predecessor").await else { return };
    let host: tokio_postgres::Config = place.url.parse().unwrap();
    let (Some(tokio_postgres::config::Host::Tcp(name)), Some(port)) =
        (host.get_hosts().first(), host.get_ports().first())
    else {
        eprintln!("not run: a_function_of_a_predecessor needs a host and a port in ROWTIDE_TEST_CRATEDB");
        return;
    };
    place
        .run(
            "create table \"{s}\".tills (pk object(strict) as (\"no\" int4 primary key), data object(dynamic), \
             aux object(ignored))",
        )
        .await;
    let url = format!("crate://{name}:{port}/?schema={}", place.schema);
    let theirs = |format, table| {
        [
            ("SINK_SQLALCHEMY_URL", url.clone()),
            ("MESSAGE_FORMAT", format),
            ("SINK_TABLE", table),
            ("COLUMN_TYPES", format!("{{\"{}:tills:more\": \"map\"}}", place.schema)),
        ]
    };
    let batch = |payloads: &[Value]| {
        let record = |(n, payload): (usize, &Value)| {
            let data = base64::Engine::encode(
                &base64::engine::general_purpose::STANDARD,
                payload.to_string().as_bytes(),
            );
            let number = format!("4959033827149025660855969253836157109592157598913658{n:04}");
            json!({
                "kinesis": {"sequenceNumber": number, "data": data, "partitionKey": "1",
                    "kinesisSchemaVersion": "1.0", "approximateArrivalTimestamp": 1_720_800_199.7},
                "eventID": format!("shardId-000000000000:{number}"), "eventSource": "aws:kinesis",
                "eventSourceARN": "arn:aws:kinesis:eu-central-1:111122223333:stream/shop",
            })
        };
        json!({"Records": payloads.iter().enumerate().map(record).collect::<Vec<_>>()}).to_string()
    };
    let apply = async |variables: &[(&str, String)], payloads: &[Value]| {
        let variables: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut function = Function::start(&variables).await;
        let answer = function.invoke(batch(payloads).as_bytes(), Duration::from_secs(30)).await;
        assert_eq!(answer.json(), json!({"batchItemFailures": []}));
        let log = String::from_utf8(function.terminate().await.stdout).unwrap();
        let done = log.lines().find(|line| line.contains("Batch done.")).unwrap().to_owned();
        let done: Value = serde_json::from_str(&done).unwrap();
        assert_eq!(done["applied"], payloads.len(), "{log}");
    };
    let dms = |operation: &str, table: &str, n: u64, row: Value| {
        json!({"data": row, "metadata": {
            "timestamp": "2026-03-02T08:35:30.123456Z", "commit-timestamp": "2026-03-02T08:35:30.100000Z",
            "record-type": "data", "operation": operation, "partition-key-type": "schema-table",
            "schema-name": place.schema, "table-name": table, "transaction-id": 7,
            "stream-position": format!("00000002/7C0071{n:02}.3.00000002/7C0071{n:02}"), "transaction-record-id": 1,
        }})
    };
    // no record says what the key is
    let rows = [
        dms("insert", "tills", 10, json!({"no": 4, "place": "north", "more": "{\"a\":1}"})),
        dms("update", "tills", 11, json!({"no": 4, "place": "south", "more": "{\"a\":2}"})),
        dms("insert", "tills", 12, json!({"no": 5, "place": "west", "more": null})),
        dms("delete", "tills", 13, json!({"no": 5, "place": null, "more": null})),
    ];
    apply(&theirs("dms".into(), String::new()), &rows).await;
    let expected = BTreeMap::from([(r#"{"no":4}"#.into(), r#"{"more":{"a":2},"place":"south"}"#.into())]);
    place.refresh("tills").await;
    assert_eq!(place.view("tills").await, expected);
    // two tables of the source, one of theirs, which is theirs or made
    let item = |table: &str, id: &str, n: u64| {
        json!({
            "awsRegion": "eu-central-1", "eventID": "1f6d9c3c-3d3c-4b6f-9a55-0d3a6c1be2a7", "eventName": "INSERT",
            "userIdentity": null, "recordFormat": "application/json", "tableName": table,
            "dynamodb": {"ApproximateCreationDateTime": 1_772_440_530_123_000_u64 + n,
                "Keys": {"id": {"S": id}}, "NewImage": {"id": {"S": id}, "of": {"S": table}},
                "SizeBytes": 20, "ApproximateCreationDateTimePrecision": "MICROSECOND"},
            "eventSource": "aws:dynamodb",
        })
    };
    let items = [item("carts", "a", 1), item("wishes", "b", 2), item("wishes", "a", 3)];
    place
        .run(
            "create table \"{s}\".kept (pk object(strict) as (id text primary key), data object(dynamic), \
             aux object(ignored))",
        )
        .await;
    let expected = [("a", "wishes"), ("b", "wishes")]
        .map(|(id, of)| (format!(r#"{{"id":"{id}"}}"#), format!(r#"{{"of":"{of}"}}"#)));
    for table in ["kept", "made"] {
        let named = format!("\"{}\".\"{table}\"", place.schema);
        apply(&theirs("dynamodb".into(), named), &items).await;
        assert_eq!(place.view(table).await, BTreeMap::from(expected.clone()), "{table}");
    }
    place.finish().await;
}

#[tokio::test]
async fn what_a_source_says_of_its_tables_is_kept_and_a_truncate_is_refused() {
    let Some(place) = place("schemas").await else { return };
    let schema = |key: &str, observed_at: &str| rowtide::catalogue::TableSchema {
        source: rowtide::source::SourceIdentity::default(),
        table: "shop.orders".to_owned(),
        key: vec![key.to_owned()],
        columns: vec![("id".to_owned(), "INT4".to_owned())],
        observed_at: observed_at.to_owned(),
    };
    let sink = Database::new(&place.config()).unwrap();
    assert_eq!(sink.load_schemas(Deadline::never()).await.unwrap(), []);
    sink.record_schemas(&[schema("b", "2"), schema("a", "1")], Deadline::never()).await.unwrap();
    sink.record_schemas(&[schema("c", "3"), schema("a", "1")], Deadline::never()).await.unwrap();
    let other = Database::new(&place.config()).unwrap();
    assert_eq!(other.load_schemas(Deadline::never()).await.unwrap(), [schema("c", "3")]);
    let config = place.with_route(|route| route.truncate = rowtide::policy::Truncate::Apply);
    let truncate = ChangeEvent::new("t", None, Change::Truncate, "x.0000.1.1".to_owned().into());
    let flow = Flow::with_decoders(&config, Decoders::pinned(Box::new(Script(vec![vec![truncate]]))));
    let report = process(&flow, &sink, &[Record::new("s", "0", "0")], Deadline::never()).await;
    let failure = report.failure().expect("CrateDB cannot truncate").to_string();
    assert!(failure.contains("truncate = \"apply\""), "{failure}");
    sink.close();
    other.close();
    place.finish().await;
}

#[tokio::test]
async fn names_that_no_table_may_have_are_mapped_and_never_shared() {
    let Some(place) = place("names").await else { return };
    let sink = Database::new(&place.config()).unwrap();
    let flow = Flow::new(&place.config()).unwrap();
    let of = |table: &str| [change(table, "k", at(5), 5, Some(r#""n":{"N":"5"}"#))];
    for table in ["shop.orders", r#"a b,c/d*e#f\\g?h|i<j>k\"l"#] {
        let report = process(&flow, &sink, &of(table), Deadline::never()).await;
        assert!(is_done(&report), "{table}: {:?} {:?}", report.failure(), report.stopped());
        assert_eq!(process(&flow, &sink, &of(table), Deadline::never()).await.counts().stale, 1, "{table}");
    }
    place.refresh("shop_orders_cdc").await;
    assert_eq!(place.count("select count(*) from \"{s}\".shop_orders").await, 1);
    let shared = process(&flow, &sink, &of("shop_orders"), Deadline::never()).await;
    assert_eq!(shared.counts().parked, 1, "{shared:?}");
    sink.close();
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cratedb_is_looked_at_and_left_as_it_is() {
    let Some(place) = place("doctor").await else { return };
    let user = format!("rowtide_doctor_{}", std::process::id());
    let mut config = place.config();
    config.routes = vec![RoutePolicy { from: "orders".into(), ..RoutePolicy::default() }];
    let rules = |config: &Config| {
        let config = config.clone();
        async move {
            let inspected = Database::new(&config).unwrap().inspect().await;
            let stack = rowtide::doctor::Stack::default();
            let findings =
                stack.findings_of_sink(&rowtide::doctor::Configured::from(&config), "crate://", &inspected);
            findings
                .into_iter()
                .map(|finding| format!("{} {}", finding.rule, finding.place))
                .collect::<Vec<_>>()
        }
    };
    let none = Vec::<String>::new();
    assert_eq!(rules(&config).await, none);
    let tables = "select table_name from information_schema.tables where table_schema = '{s}'";
    assert_eq!(place.texts(tables).await, [""; 0]);
    let s = &place.schema;
    config.sink.ddl = Ddl::Never;
    let missing = ["rowtide_targets", "rowtide_dead_letters", "orders_cdc"];
    assert_eq!(rules(&config).await, missing.map(|table| format!("sink-missing-table {s}.{table}")));
    config.sink.ddl = Ddl::Auto;

    let (flow, sink) = (Flow::new(&config).unwrap(), Cratedb::new(&config).unwrap());
    let report = process(&flow, &sink, &inserts("orders", 2), Deadline::never()).await;
    assert!(report.failure().is_none());
    place.run("refresh table \"{s}\".rowtide_targets").await;
    assert_eq!(rules(&config).await, none);
    let mut other = config.clone();
    other.source.version = rowtide::config::VersionScheme::Arrival;
    assert_eq!(rules(&other).await, [format!("sink-registry {s}.orders")]);

    // a user who may read, and nothing else; with a password, which an ordinary configuration
    // of host-based authentication asks of every user but crate
    place
        .run(&format!(
            "create user {user} with (password = 'reader'); grant dql on schema \"{{s}}\" to {user}"
        ))
        .await;
    let mut limited = config.clone();
    let url = with_option(&with_option(&place.url, "user", &user), "password", "reader");
    limited.sink.url = Some(SinkUrl::new(url));
    let lacking = ["rowtide_targets", "rowtide_dead_letters", "orders_cdc"];
    let expected = [format!("sink-schema schema {s}")].into_iter();
    let expected = expected.chain(lacking.map(|table| format!("sink-privileges {s}.{table}")));
    assert_eq!(rules(&limited).await, expected.collect::<Vec<_>>());
    place.run(&format!("drop user {user}")).await;

    // other tables in the places of ours
    place.run("drop view \"{s}\".orders; create table \"{s}\".orders (pk object, data object)").await;
    assert_eq!(rules(&config).await, [format!("sink-table-shape {s}.orders")]);
    place.run("drop table \"{s}\".orders; drop table \"{s}\".orders_cdc; create table \"{s}\".orders_cdc (a text)").await;
    assert_eq!(rules(&config).await, [format!("sink-table-shape {s}.orders")]);
    place.clear().await;
}
