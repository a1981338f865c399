//! A snapshot beside a stream that does not rest: workers that get its records late, twice and in another order, and a
//! table that ends equal to its source.

use crate::cli::rowtide_with;
use crate::support::{Place, connect, server};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rowtide::policy::RoutePolicy;
use rowtide::record::Record;
use std::sync::{Arc, Mutex};

/// Keys that there may be.
const KEYS: i32 = 4_000;
/// Changes of the source while it is read.
const CHANGES: u64 = 3_000;
const WORKERS: u64 = 4;

/// What the stream has brought so far.
type Stream = Arc<Mutex<Vec<Record>>>;

/// Changes rows of the source, and tells each change to the stream when it is committed.
async fn change(url: String, schema: String, stream: Stream, seed: u64) {
    let client = connect(&url).await;
    let mut random = StdRng::seed_from_u64(seed);
    for lsn in 1..=CHANGES {
        let id = random.random_range(0..KEYS);
        let sql = match random.random_range(0..3) {
            0 => format!("delete from {schema}.t where id = {id} returning null"),
            _ => format!(
                "insert into {schema}.t values ({id}, {lsn}) on conflict (id) do update set n = excluded.n returning n::text"
            ),
        };
        let Some(row) = client.query_opt(&sql, &[]).await.unwrap() else { continue };
        let (op, before, after) = match row.try_get::<_, Option<String>>(0).unwrap() {
            Some(n) => ("u", "null".to_owned(), format!("{{\"id\":{id},\"n\":{n}}}")),
            None => ("d", format!("{{\"id\":{id}}}"), "null".to_owned()),
        };
        let source = format!(r#""connector":"postgresql","schema":"{schema}","table":"t","lsn":{lsn}"#);
        let payload =
            format!(r#"{{"before":{before},"after":{after},"source":{{{source}}},"op":"{op}","ts_ms":1}}"#);
        let record = Record { partition_key: None, ..Record::new("s", lsn.to_string(), payload) };
        stream.lock().unwrap().push(record);
    }
}

/// Takes what there is in pieces, in an order of its own and some of it again, until all of it was taken.
async fn deliver(place: &Place, stream: Stream, ended: Arc<Mutex<bool>>, seed: u64) {
    let mut config = place.config();
    config.routes = vec![RoutePolicy { key: vec!["id".to_owned()], ..RoutePolicy::default() }];
    let worker = place.worker(&config);
    let mut random = StdRng::seed_from_u64(seed);
    let (mut taken, mut late) = (0, Vec::new());
    loop {
        let is_over = *ended.lock().unwrap();
        let mut batch: Vec<Record> = {
            let stream = stream.lock().unwrap();
            let new = stream.get(taken..).unwrap_or_default().to_vec();
            taken = stream.len();
            let again = (0..20).filter_map(|_| stream.get(random.random_range(0..taken.max(1))).cloned());
            new.into_iter().chain(again).collect()
        };
        // a quarter of it comes later
        batch.append(&mut late);
        batch.shuffle(&mut random);
        if !is_over {
            late = batch.split_off(batch.len() - batch.len() / 4);
        }
        for piece in batch.chunks(100) {
            worker.done(piece).await;
        }
        if is_over {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(random.random_range(0..30))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_load_beside_four_workers_ends_equal_to_its_source() {
    let Some(source) = server("beside_src").await else { return };
    let sink = server("beside").await.unwrap();
    source.run("create table {s}.t (id int primary key, n int)").await;
    source.run("insert into {s}.t select g, 0 from generate_series(0, 2999) g").await;
    let table = format!("{}.t", source.schema);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rowtide.toml");
    let text = format!(
        "[snapshot]\nbeside = \"debezium\"\nchunk = 50\nreplace = true\n[[snapshot.table]]\nname = {table:?}\nsplit = 3"
    );
    std::fs::write(&file, text).unwrap();
    let (source_url, sink_url, schema) = (source.url.clone(), sink.url.clone(), sink.schema.clone());
    let run = move |command: &'static str, more: &[&str]| {
        let settings = [
            ("ROWTIDE_SNAPSHOT_URL", source_url.as_str()),
            ("ROWTIDE_SINK_URL", &sink_url),
            ("ROWTIDE_SINK_SCHEMA", &schema),
            ("ROWTIDE_CONFIG", file.to_str().unwrap()),
        ];
        rowtide_with(&[&[command, table.as_str(), "--output", "json"], more].concat(), &settings, b"")
    };
    let seed = rand::random();
    println!("seed {seed}");
    let (stream, ended) = (Stream::default(), Arc::new(Mutex::new(false)));
    let changes = tokio::spawn(change(source.url.clone(), source.schema.clone(), stream.clone(), seed));
    let loads = {
        let run = run.clone();
        // the second removes what the first one brought and is gone by now, while the stream goes on
        tokio::task::spawn_blocking(move || [run("snapshot", &[]), run("snapshot", &[])])
    };
    let workers = (1..=WORKERS).map(|number| deliver(&sink, stream.clone(), ended.clone(), seed ^ number));
    let all = async {
        changes.await.unwrap();
        let loads = loads.await.unwrap();
        *ended.lock().unwrap() = true;
        loads
    };
    let (loads, _) = futures_util::future::join(all, futures_util::future::join_all(workers)).await;
    for load in loads {
        assert_eq!(load.status, 0, "{}{}", load.out, load.err);
    }
    let there = source.count("select count(*) from {s}.t").await;
    let verified = run("verify", &["--settle", "0s"]);
    let last = verified.lines().pop().unwrap_or_default();
    assert_eq!(
        (&last["rows"], &last["differences"]),
        (&there.into(), &0.into()),
        "{}{}",
        verified.out,
        verified.err
    );
    assert!(stream.lock().unwrap().len() as u64 > CHANGES / 2);
    source.finish().await;
    sink.finish().await;
}
