//! `rowtide serve`: takes documents by HTTP and stores them.

use super::args::{Global, PlaceArgs, ServeArgs};
use super::failure::{Ended, Failure, Status};
use super::interrupt;
use super::sink::{self, Fallback, OpenDatabase};
use super::terminal::{printable, warn};
use rowtide::collect::{Collector, Group, Writer, Written, router};
use rowtide::record::Record;
use rowtide::report::Outcome;
use std::collections::BTreeMap;
use std::future::IntoFuture as _;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;

/// Where rows are kept when no database is named: a 200 is a promise, so they outlive the command.
const FOLDER: &str = "rowtide-data";
/// Lines of many small batches are read by nobody.
const TOLD_EVERY: Duration = Duration::from_millis(500);
/// How long requests that are being sent may take when the server ends.
const GRACE: Duration = Duration::from_secs(30);

/// Runs the command.
pub(super) async fn run(global: &Global, args: &ServeArgs, out: &mut impl Write) -> Ended {
    let config = sink::config(&global.and(&args.global), &args.place, Vec::new(), Fallback::Optional)?;
    let has_place = args.place.sink.is_some() || args.place.data_dir.is_some() || config.sink.url.is_some();
    let folder = args.place.data_dir.clone().or_else(|| (!has_place).then(|| PathBuf::from(FOLDER)));
    let place = PlaceArgs { sink: args.place.sink.clone(), data_dir: folder.clone() };
    let listener = TcpListener::bind(&args.listen).await.map_err(|error| {
        let message =
            format!("Nothing can listen on {}: choose another by --listen.", printable(&args.listen));
        Failure::usage(message).because(&error)
    })?;
    let mut place = OpenDatabase::open(&config, &place).await?;
    let config = place.resolved(config).await?;
    let address = listener.local_addr().map_or_else(|_| args.listen.clone(), |address| address.to_string());
    writeln!(out, "Listening on http://{address}")?;
    let is_open = config.collect.tokens.is_empty() && config.collect.signature.is_none();
    if is_open && !listener.local_addr().is_ok_and(|address| address.ip().is_loopback()) {
        warn("Whoever reaches this address may send: set collect.tokens or collect.signature.");
    }
    if let Some(folder) = &folder {
        let folder = folder.display().to_string();
        let folder = printable(&folder);
        writeln!(
            out,
            "Rows are kept in {folder}; once this has ended, see them: rowtide show {} --data-dir {folder}",
            config.collect.table
        )?;
    }
    out.flush()?;
    let totals = Arc::new(Totals::default());
    let heard = totals.clone();
    let writer = Arc::new(Writer::new(&config, place.sink)?);
    let (group, writing) =
        Group::start(writer.clone(), Box::new(move |records, written| heard.add(records, written)));
    let app = router(Collector::new(&config, group)?);
    let ended = interrupt::listen_as_server("Ends when all that was sent is stored. Once more ends at once.");
    let (mut ending, mut cut) = (ended.clone(), ended);
    let server =
        axum::serve(listener, app).with_graceful_shutdown(async move { interrupt::first(&mut ending).await });
    let mut server = Box::pin(server.into_future());
    let mut grace = Box::pin(async move {
        interrupt::first(&mut cut).await;
        tokio::time::sleep(GRACE).await;
    });
    let mut told = tokio::time::interval(TOLD_EVERY);
    let served = loop {
        tokio::select! {
            served = &mut server => break served,
            _ = told.tick() => totals.print(out)?,
            () = &mut grace => {
                warn("Some requests were still being sent; they are cut off without an answer.");
                break Ok(());
            }
        }
    };
    drop(server);
    // with the last request that was taken in the writing ends, too; one that is cut off may hold it
    let written = tokio::time::timeout(GRACE, writing).await;
    totals.print(out)?;
    served.map_err(|error| Failure::broken("The server has ended.").because(&error))?;
    if let Ok(Err(error)) = written {
        return Err(Failure::broken("The writing has ended before its time.").because(&error));
    }
    // what is durable is durable, however the database ends
    let Some(writer) = Arc::into_inner(writer) else { return Ok(Status::Done) };
    place.sink = writer.into_sink();
    place.close().await.map(|()| Status::Done)
}

/// What was stored since it was told the last time, by table.
#[derive(Default)]
struct Totals(Mutex<BTreeMap<String, [usize; 4]>>);

/// What is said of documents, in the order of the numbers.
const WORDS: [&str; 4] = ["stored", "repeated", "parked", "not stored"];

impl Totals {
    fn add(&self, records: &[Record], written: &Written) {
        let mut totals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (record, outcome) in records.iter().zip(&written.outcomes) {
            let at = match outcome {
                Outcome::Applied => 0,
                Outcome::Stale => 1,
                Outcome::Parked => 2,
                Outcome::Failed => 3,
                Outcome::Ignored(_) => continue,
            };
            let (_, table) = record.source.split_once(':').unwrap_or_default();
            if let Some(number) = totals.entry(table.to_owned()).or_default().get_mut(at) {
                *number += 1;
            }
        }
    }

    fn print(&self, out: &mut impl Write) -> Result<(), Failure> {
        let totals = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (table, numbers) in &totals {
            let numbers = numbers.iter().zip(WORDS).filter(|(number, _)| **number > 0);
            let numbers: Vec<String> = numbers.map(|(number, word)| format!("{number} {word}")).collect();
            writeln!(out, "{}: {}", printable(table), numbers.join(", "))?;
        }
        out.flush()?;
        Ok(())
    }
}
