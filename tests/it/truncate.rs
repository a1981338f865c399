//! Truncates that a route applies: what is older is gone, now and when it comes late, and nothing else.

use crate::laws::change_event;
use crate::model::{Memory, Script, is_done, take};
use crate::support::{Place, place, server_url};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config as PropConfig, TestRunner};
use rowtide::config::Config;
use rowtide::deadline::Deadline;
use rowtide::decoders::Decoders;
use rowtide::event::{Change, ChangeEvent, Document, Patch};
use rowtide::pipeline::{Flow, process};
use rowtide::policy::{DeletePolicy, RoutePolicy, Truncate};
use rowtide::record::Record;
use rowtide::sink::{Postgres, Store as _};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Clone, Copy)]
enum Op {
    Put(u8),
    Delete(u8),
    Truncate,
}

#[derive(Debug, Clone)]
struct History {
    ops: Vec<Op>,
    /// Sort keys for the delivery, twice each record.
    order: Vec<u16>,
    batches: Vec<usize>,
}

fn histories() -> impl Strategy<Value = History> {
    let op = prop_oneof![
        5 => (0..4_u8).prop_map(Op::Put), 2 => (0..4_u8).prop_map(Op::Delete), 2 => Just(Op::Truncate),
    ];
    (vec(op, 1..14), vec(any::<u16>(), 28), vec(1..5_usize, 1..5)).prop_map(|(ops, order, batches)| History {
        ops,
        order,
        batches,
    })
}

fn document(n: usize) -> Document {
    let mut document = Document::default();
    document.append("n", &n.to_string());
    document
}

fn event(op: Op, n: usize) -> ChangeEvent {
    let (id, change) = match op {
        Op::Put(id) => (id, Change::Put(document(n))),
        Op::Delete(id) => (id, Change::Delete(None)),
        Op::Truncate => (0, Change::Truncate),
    };
    let mut event = change_event(id, n, change);
    if matches!(op, Op::Truncate) {
        event.key = None;
    }
    event
}

impl History {
    fn source(&self) -> BTreeMap<String, String> {
        let mut table = BTreeMap::new();
        for (op, n) in self.ops.iter().zip(0..) {
            match op {
                Op::Put(id) => drop(table.insert(format!("[{id}]"), document(n).to_json())),
                Op::Delete(id) => drop(table.remove(&format!("[{id}]"))),
                Op::Truncate => table.clear(),
            }
        }
        table
    }

    /// Each record once or twice, in any order.
    fn batches(&self) -> Vec<Vec<Record>> {
        let mut sent: Vec<(u16, usize)> = Vec::new();
        for n in 0..self.ops.len() {
            sent.push((self.order[2 * n], n));
            sent.extend(Some((self.order[2 * n + 1], n)).filter(|(order, _)| order % 3 == 0));
        }
        sent.sort_unstable();
        let mut records = sent.into_iter().map(|(_, n)| Record::new("script", n.to_string(), n.to_string()));
        let mut batches = Vec::new();
        for size in self.batches.iter().cycle() {
            let batch: Vec<Record> = records.by_ref().take(*size).collect();
            if batch.is_empty() {
                return batches;
            }
            batches.push(batch);
        }
        batches
    }

    fn flow(&self, config: &Config) -> Flow {
        let events = self.ops.iter().zip(0..).map(|(op, n)| vec![event(*op, n)]).collect();
        Flow::with_decoders(config, Decoders::pinned(Box::new(Script(events))))
    }
}

fn applying(mut config: Config, to: &str, delete: DeletePolicy) -> Config {
    config.routes =
        vec![RoutePolicy { to: to.to_owned(), delete, truncate: Truncate::Apply, ..RoutePolicy::default() }];
    config
}

#[test]
fn whatever_the_delivery_a_truncate_leaves_what_is_newer() {
    let config = applying(Config::default(), "{table}", DeletePolicy::Tombstone);
    let check = |history: History| {
        let memory = Memory::new();
        for batch in history.batches() {
            let report = take(&history.flow(&config), &memory, &batch);
            prop_assert!(is_done(&report), "{report:?}");
        }
        let view: BTreeMap<String, String> =
            memory.live().into_iter().map(|((_, key), document)| (key, document)).collect();
        prop_assert_eq!(view, history.source());
        Ok(())
    };
    let config = PropConfig { cases: 2_000, failure_persistence: None, ..PropConfig::default() };
    TestRunner::new(config).run(&histories(), check).unwrap_or_else(|error| panic!("{error}"));
}

async fn deliver(place: &Place, sinks: &[Arc<Postgres>], table: &str, history: &History) {
    let config = applying(place.config(), table, DeletePolicy::Tombstone);
    let mut workers = tokio::task::JoinSet::new();
    let batches = history.batches();
    for (at, sink) in sinks.iter().enumerate() {
        let own: Vec<Vec<Record>> = batches.iter().skip(at).step_by(sinks.len()).cloned().collect();
        let (flow, sink) = (history.flow(&config), sink.clone());
        workers.spawn(async move {
            for batch in own {
                let report = process(&flow, &*sink, &batch, Deadline::never()).await;
                assert!(is_done(&report), "{report:?}");
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended.expect("a worker ends well");
    }
}

#[test]
fn workers_and_truncates_converge_on_a_database() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let place = runtime.block_on(place("truncates"));
    let workers = if server_url().is_some() { 4 } else { 1 };
    let sinks: Vec<Arc<Postgres>> =
        (0..workers).map(|_| Arc::new(place.worker(&place.config()).sink)).collect();
    let number = Cell::new(0);
    let config = PropConfig { cases: 60, failure_persistence: None, ..PropConfig::default() };
    let outcome = TestRunner::new(config).run(&histories(), |history| {
        number.set(number.get() + 1);
        let table = format!("h{}", number.get());
        runtime.block_on(deliver(&place, &sinks, &table, &history));
        sinks.iter().for_each(|sink| sink.close_idle());
        // without a single put there is no table
        let has_rows = history.ops.iter().any(|op| !matches!(op, Op::Truncate));
        let view = if has_rows { runtime.block_on(place.view(&table)) } else { BTreeMap::new() };
        let view: BTreeMap<String, String> =
            view.into_iter().map(|(key, data)| (key, data.replace(' ', ""))).collect();
        prop_assert_eq!(view, history.source());
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(place.finish());
}

#[tokio::test]
async fn a_new_database_hears_a_truncate_first() {
    let place = place("truncate_first").await;
    let config = applying(place.config(), "t", DeletePolicy::Tombstone);
    let events = vec![vec![event(Op::Truncate, 5)], vec![event(Op::Put(1), 4)], vec![event(Op::Put(2), 6)]];
    let flow = Flow::with_decoders(&config, Decoders::pinned(Box::new(Script(events))));
    let worker = place.worker(&config);
    for n in 0..3 {
        let record = Record::new("script", n.to_string(), n.to_string());
        let report = process(&flow, &worker.sink, &[record], Deadline::never()).await;
        assert!(is_done(&report), "record {n}: {report:?}");
    }
    let again = process(&flow, &worker.sink, &[Record::new("script", "0", "0")], Deadline::never()).await;
    assert_eq!(again.counts().stale, 1, "a truncate that was there before: {again:?}");
    worker.rest();
    assert_eq!(place.texts("select key from {s}.t").await, ["[2]"], "what is newer than the truncate");
    place.finish().await;
}

#[tokio::test]
async fn soft_rows_keep_their_image_hard_ones_go_and_late_patches_stay_out() {
    let place = place("truncate_policies").await;
    for delete in [DeletePolicy::Soft, DeletePolicy::Hard] {
        let table = format!("{delete:?}").to_lowercase();
        let config = applying(place.config(), &table, delete);
        let history = History {
            ops: vec![Op::Put(1), Op::Put(2), Op::Truncate, Op::Put(2)],
            order: Vec::new(),
            batches: Vec::new(),
        };
        let worker = place.worker(&config);
        let records: Vec<Record> =
            [0, 1, 2, 0, 3].iter().map(|n| Record::new("script", n.to_string(), n.to_string())).collect();
        for record in &records {
            let report = process(
                &history.flow(&config),
                &worker.sink,
                std::slice::from_ref(record),
                Deadline::never(),
            )
            .await;
            assert!(is_done(&report), "{report:?}");
        }
        worker.rest();
        let rows = place.texts(&format!("select key || deleted::text || coalesce(data->>'n', '-') from {{s}}.\"{table}_cdc\" order by 1")).await;
        let expected: &[&str] = match delete {
            DeletePolicy::Soft => &["[1]true0", "[2]false3"],
            DeletePolicy::Hard | DeletePolicy::Tombstone => &["[2]false3"],
        };
        assert_eq!(rows, expected, "{table}");
    }
    // a patch that is older than the truncate does not make a row
    let config = applying(place.config(), "patched", DeletePolicy::Tombstone);
    let patch = Change::Patch(Patch { set: vec![("/n".into(), "1".into())], remove: Vec::new() });
    let mut truncate = event(Op::Truncate, 5);
    truncate.key = None;
    let events =
        vec![vec![truncate], vec![change_event(1, 4, patch.clone())], vec![change_event(1, 6, patch)]];
    let flow = Flow::with_decoders(&config, Decoders::pinned(Box::new(Script(events))));
    let worker = place.worker(&config);
    for n in 0..3 {
        let record = Record::new("script", n.to_string(), n.to_string());
        let report = process(&flow, &worker.sink, &[record], Deadline::never()).await;
        assert!(is_done(&report), "{report:?}");
        worker.rest();
        let live = if n == 0 { 0 } else { place.count("select count(*) from {s}.patched").await };
        assert_eq!(live, i64::from(n == 2), "after record {n}");
    }
    place.finish().await;
}

#[test]
fn what_a_source_says_of_its_tables_is_kept_and_the_last_word_counts() {
    let runtime = runtime_of_io();
    let place = runtime.block_on(place("schemas"));
    let schema = |key: &str, observed_at: &str| rowtide::catalogue::TableSchema {
        source: rowtide::source::SourceIdentity::default(),
        table: "shop.orders".to_owned(),
        key: vec![key.to_owned()],
        columns: vec![("id".to_owned(), "INT4".to_owned())],
        observed_at: observed_at.to_owned(),
    };
    let sink = place.worker(&place.config()).sink;
    runtime.block_on(async {
        assert_eq!(sink.load_schemas(Deadline::never()).await.unwrap(), []);
        sink.record_schemas(&[schema("b", "2"), schema("a", "1")], Deadline::never()).await.unwrap();
        assert_eq!(sink.load_schemas(Deadline::never()).await.unwrap(), [schema("b", "2")]);
        sink.record_schemas(&[schema("a", "1"), schema("c", "3")], Deadline::never()).await.unwrap();
        assert_eq!(sink.load_schemas(Deadline::never()).await.unwrap(), [schema("c", "3")]);
        sink.close_idle();
    });
    runtime.block_on(place.finish());
}

fn runtime_of_io() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[tokio::test]
async fn a_truncate_of_another_source_or_scheme_empties_nothing() {
    let place = place("truncate_foreign").await;
    let config = applying(place.config(), "t", DeletePolicy::Tombstone);
    let truncate = |table: &str, version: &str| {
        let mut event = event(Op::Truncate, 9);
        event.table = table.to_owned();
        event.version = version.to_owned().into();
        event
    };
    let events = vec![
        vec![event(Op::Put(1), 1)],
        vec![truncate("another", "x.9999")],
        vec![truncate("t", "w.9999")],
        vec![truncate("t", "x.9999")],
    ];
    // another source's is set aside, another scheme's is one of the setting
    for (n, rows, fails, parked) in
        [("0", 1, false, 0), ("1", 1, false, 1), ("2", 1, true, 0), ("3", 0, false, 0)]
    {
        // each in a process of its own: only the registry knows
        let flow = Flow::with_decoders(&config, Decoders::pinned(Box::new(Script(events.clone()))));
        let worker = place.worker(&config);
        let report = process(&flow, &worker.sink, &[Record::new("script", n, n)], Deadline::never()).await;
        assert_eq!(report.failure().is_some(), fails, "record {n}: {:?}", report.failure());
        assert_eq!(report.counts().parked, parked, "record {n}");
        worker.rest();
        assert_eq!(place.count("select count(*) from {s}.t").await, rows, "after record {n}");
    }
    place.finish().await;
}
