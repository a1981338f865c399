//! `cargo bench --bench metrics`: what the metrics for CloudWatch cost, beside a batch of 1,000 records.
//!
//! Needs the PostgreSQL named by ROWTIDE_TEST_POSTGRES, fsync on. The same batches are taken with and without a
//! listener in turns: on the database, where the difference drowns in noise unless it is large, and on a sink that does
//! nothing, where it can be seen. Lines go through a pipe, as in Lambda.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use rowtide::config::{Config, SinkUrl};
use rowtide::deadline::Deadline;
use rowtide::lambda::Emf;
use rowtide::pipeline::{Flow, process};
use rowtide::plan::Write;
use rowtide::record::Record;
use rowtide::sink::{Binding, NoStore, Postgres, RowOutcome, Sink};
use std::io::{Read as _, Write as _};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tracing_subscriber::layer::SubscriberExt as _;

type Failure = Box<dyn std::error::Error>;

const RECORDS: u64 = 1_000;
const DATABASE_ROUNDS: u64 = 100;
const EMPTY_ROUNDS: u64 = 1_000;

/// Everything is durable at once.
struct Nothing;

impl Sink for Nothing {
    type Store = NoStore;

    async fn prepare(&self, _: &Binding, _: Deadline) -> rowtide::Result<()> {
        Ok(())
    }

    async fn apply(&self, write: &Write, _: Deadline) -> rowtide::Result<Vec<RowOutcome>> {
        Ok(vec![RowOutcome::Applied; write.rows.len()])
    }
}

/// A record of about 1 KB as «Kinesis Data Streams for DynamoDB» writes it.
fn record(item: u64, version: u64, tables: u64) -> Record {
    let text = "Please leave the parcel with the neighbour on the second floor. ".repeat(10);
    let table = item % tables;
    let payload = format!(
        r#"{{"eventName":"MODIFY","recordFormat":"application/json","tableName":"orders_{table}","dynamodb":{{"ApproximateCreationDateTime":{},"ApproximateCreationDateTimePrecision":"MICROSECOND","Keys":{{"id":{{"S":"order-{item:010}"}}}},"NewImage":{{"id":{{"S":"order-{item:010}"}},"status":{{"S":"shipped"}},"total":{{"N":"{item}.42"}},"note":{{"S":"{text}"}}}}}}}}"#,
        1_767_225_600_000_000_u64 + version * 1_000_000_000 + item * 7_919 % 1_000_000,
    );
    Record::new("arn:aws:kinesis:eu-west-1:123456789012:stream/orders", item.to_string(), payload)
}

fn batch(version: u64, tables: u64) -> Vec<Record> {
    (0..RECORDS).map(|item| record(item, version, tables)).collect()
}

/// A fast batch without and with a listener.
fn in_turns<S: Sink>(
    runtime: &Runtime,
    flow: &Flow,
    sink: &S,
    (rounds, tables): (u64, u64),
    listener: &tracing::Dispatch,
) -> (f64, f64) {
    let mut times = (Vec::new(), Vec::new());
    // every batch is newer than the one before it
    let mut versions = 0..;
    for round in 0..=rounds {
        for listens in [round % 2 == 0, round % 2 == 1] {
            let records = batch(versions.next().unwrap_or_default(), tables);
            let start = Instant::now();
            let work = || runtime.block_on(process(flow, sink, &records, Deadline::never()));
            let report = if listens { tracing::dispatcher::with_default(listener, work) } else { work() };
            let took = start.elapsed();
            assert_eq!(report.counts().applied, records.len());
            // the first round warms the caches
            if round > 0 {
                if listens { &mut times.1 } else { &mut times.0 }.push(took);
            }
        }
    }
    (fast(times.0), fast(times.1))
}

/// A twentieth is faster, in microseconds: what a machine needs that does nothing else in between.
fn fast(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 20).copied().unwrap_or_default().as_secs_f64() * 1e6
}

fn main() -> Result<(), Failure> {
    // `cargo test` runs benches too, with this argument missing
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let Ok(url) = std::env::var("ROWTIDE_TEST_POSTGRES") else {
        println!("not run: ROWTIDE_TEST_POSTGRES names no PostgreSQL");
        return Ok(());
    };
    let (mut reader, writer) = std::io::pipe()?;
    std::thread::spawn(move || {
        let mut lines = [0; 65_536];
        while reader.read(&mut lines).is_ok_and(|read| read > 0) {}
    });
    let writer = Mutex::new(writer);
    let emf = Emf::to(move |line| {
        if let Ok(mut writer) = writer.lock() {
            drop(writer.write_all(line.as_bytes()));
        }
    });
    let listener = tracing::Dispatch::new(tracing_subscriber::registry().with(emf));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for tables in [1, 20] {
        let mut config = Config::default();
        config.sink.url = Some(SinkUrl::new(url.clone()));
        config.sink.schema = "rowtide_bench_metrics".into();
        config.source.decoder = "dynamodb-kinesis".into();
        let (flow, sink) = (Flow::new(&config)?, Postgres::new(&config)?);
        runtime.block_on(schema(&url))?;
        let (without, with) = in_turns(&runtime, &flow, &sink, (DATABASE_ROUNDS, tables), &listener);
        let (empty, listened) = in_turns(&runtime, &flow, &Nothing, (EMPTY_ROUNDS, tables), &listener);
        let cost = listened - empty;
        println!("metrics of batches of {RECORDS} records in {tables} tables, the fastest twentieth");
        println!("  on PostgreSQL, without                   {without:>9.0} µs");
        println!(
            "  on PostgreSQL, with                      {with:>9.0} µs  ({:+.1} %)",
            (with / without - 1.0) * 100.0
        );
        println!("  on nothing, without                      {empty:>9.0} µs");
        println!("  on nothing, with                         {listened:>9.0} µs");
        println!("  cost                                     {cost:>9.0} µs");
        println!(
            "  of a batch on PostgreSQL                 {:>9.2} %  (target below 1)",
            cost / without * 100.0
        );
    }
    Ok(())
}

async fn schema(url: &str) -> Result<(), Failure> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let sql = "drop schema if exists rowtide_bench_metrics cascade; create schema rowtide_bench_metrics";
    client.batch_execute(sql).await?;
    Ok(())
}
