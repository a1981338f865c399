//! `cargo bench --no-default-features --features http --bench collect`: requests a second by HTTP, from 1 and from 64
//! connections, beside a router that answers without a database.
//!
//! The database is the PostgreSQL named by ROWTIDE_TEST_POSTGRES, with fsync on; clients and server share one process.
//! Rounds of the compared ways alternate, so that a busy machine disturbs them alike.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use rowtide::collect::{Collector, Group, Write, Writer, Written, router};
use rowtide::config::{CollectId, Config, SinkUrl};
use rowtide::deadline::Deadline;
use rowtide::pipeline::Flow;
use rowtide::record::Record;
use rowtide::report::Outcome;
use rowtide::sink::Database;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);

/// Answers without a database.
struct Nowhere(Flow);

impl Write for Nowhere {
    async fn flow(&self, _: Deadline) -> rowtide::Result<&Flow> {
        Ok(&self.0)
    }

    async fn write(&self, records: Vec<Record>, _: Deadline) -> Option<Written> {
        Some(Written::from(vec![Outcome::Applied; records.len()]))
    }
}

async fn serve<W: Write>(config: &Config, writer: W) -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let router = router(Collector::new(config, writer)?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

/// Sends for a while; gives requests a second, and the 99th percentile of how long one took.
async fn round(address: &str, connections: usize, body: &Bytes) -> Result<(f64, Duration), Failure> {
    let started = Instant::now();
    let mut senders: JoinSet<Result<Vec<Duration>, Failure>> = JoinSet::new();
    for _ in 0..connections {
        let (address, body) = (address.to_owned(), body.clone());
        senders.spawn(async move {
            let stream = TcpStream::connect(&address).await?;
            stream.set_nodelay(true)?;
            let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            let mut took = Vec::new();
            while started.elapsed() < ROUND {
                let request = Request::post("/collect").header("host", "x").body(Full::new(body.clone()))?;
                let sent = Instant::now();
                let response = sender.send_request(request).await?;
                if response.status() != 200 {
                    return Err(format!("answered {}", response.status()).into());
                }
                response.into_body().collect().await?;
                took.push(sent.elapsed());
            }
            Ok(took)
        });
    }
    let mut took = Vec::new();
    while let Some(sent) = senders.join_next().await {
        took.extend(sent??);
    }
    let rate = took.len() as f64 / started.elapsed().as_secs_f64();
    took.sort();
    Ok((rate, took.get(took.len() * 99 / 100).copied().unwrap_or_default()))
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> Option<T> {
    values.sort_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied()
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let Some(url) = std::env::var("ROWTIDE_TEST_POSTGRES").ok().filter(|url| !url.is_empty()) else {
        println!("not run: set ROWTIDE_TEST_POSTGRES");
        return Ok(());
    };
    let schema = "rowtide_bench_collect";
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(&format!("drop schema if exists {schema} cascade; create schema {schema}")).await?;
    let mut config = Config::default();
    config.sink.url = Some(SinkUrl::new(url));
    schema.clone_into(&mut config.sink.schema);
    config.collect.id = CollectId::None;
    let writer = Arc::new(Writer::new(&config, Database::new(&config)?)?);
    let (group, _writing) = Group::start(writer, Box::new(|_, _| {}));
    let stored = serve(&config, group).await?;
    let nowhere = serve(&config, Nowhere(Flow::new(&config)?)).await?;
    let one = Bytes::from_static(br#"{"event":"page_view","page":"/start","user":{"id":7},"total":19.90}"#);
    let documents = vec![String::from_utf8(one.to_vec())?; 1_000];
    let many = Bytes::from(format!("[{}]", documents.join(",")));
    let ways = [
        ("one document, 1 connection", &stored, 1, &one),
        ("one document, 64 connections", &stored, 64, &one),
        ("1,000 documents, 1 connection", &stored, 1, &many),
        ("one document, 1 connection, no database", &nowhere, 1, &one),
        ("one document, 64 connections, no database", &nowhere, 64, &one),
    ];
    let mut found: Vec<Vec<(f64, Duration)>> = vec![Vec::new(); ways.len()];
    for _ in 0..=ROUNDS {
        for ((_, address, connections, body), found) in ways.iter().zip(&mut found) {
            found.push(round(address, *connections, body).await?);
        }
    }
    for ((name, ..), found) in ways.iter().zip(found) {
        // the first round warms up
        let (rates, slowest): (Vec<f64>, Vec<Duration>) = found.into_iter().skip(1).unzip();
        let (rate, slowest) = (median(rates).unwrap_or_default(), median(slowest).unwrap_or_default());
        println!("{name:45} {rate:>9.0} requests/s   p99 {:>7.2} ms", slowest.as_secs_f64() * 1e3);
    }
    client.batch_execute(&format!("drop schema {schema} cascade")).await?;
    Ok(())
}
