//! A consumer of your own: it reads a stream batch by batch and remembers how far everything is durable.
//!
//! Here the stream is a file of bare payloads, one a line:
//! `cargo run --example own_consumer -- changes.ndjson`, with `ROWTIDE_SINK_URL` set.

use rowtide::config::Config;
use rowtide::deadline::Deadline;
use rowtide::pipeline::{Flow, process};
use rowtide::record::Record;
use rowtide::sink::Database;
use std::time::Duration;

// begin
/// Applies the records that `read` gives from a place on, until there are none. `commit` is told the place up to which
/// all are durable: only from there on they must be read again.
pub async fn consume(
    config: &Config,
    patience: Duration,
    read: impl Fn(usize) -> Vec<Record>,
    mut commit: impl FnMut(usize),
) -> Result<(), Box<dyn std::error::Error>> {
    let (flow, sink) = (Flow::new(config)?, Database::new(config)?);
    let mut next = 0;
    loop {
        let records = read(next);
        if records.is_empty() {
            return Ok(());
        }
        let report = process(&flow, &sink, &records, Deadline::after(patience)).await;
        match report.into_result() {
            Ok(_counts) => next += records.len(),
            // a setting is wrong, or too many records are bad: trying again would not help
            Err(rest) if rest.needs_a_person() => return Err(rest.into()),
            // the database is away: what is in front of `first` is durable, the rest is read again
            Err(rest) => {
                next += rest.first;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
        commit(next);
    }
}
// end

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("The name of a file is missing.")?;
    let text = std::fs::read_to_string(&path)?;
    let record = |(at, line): (usize, &str)| Record::new(&path, (at + 1).to_string(), line.to_owned());
    let read = |from: usize| text.lines().enumerate().skip(from).take(1_000).map(record).collect();
    let config = Config::from_environment(None, &[], &[])?;
    consume(&config, Duration::from_secs(30), read, |place| eprintln!("durable up to line {place}")).await
}
