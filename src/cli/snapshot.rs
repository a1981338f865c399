//! `rowtide snapshot`: tables as they are now, into the sink, into files, or both.

use super::args::{Global, Output, SnapshotArgs};
use super::failure::{Ended, Failure, Status};
use super::interrupt;
use super::json::optional;
use super::progress::SharedProgress;
use super::sink::{self, Fallback, OpenDatabase};
use super::terminal::{count, printable, tell, warn};
use super::watched::Watched;
use rowtide::config::{Config, Destination};
use rowtide::deadline::Deadline;
use rowtide::event::Timestamp;
use rowtide::json::quoted;
use rowtide::snapshot::{Chosen, Counts, Done, Snapshot, Start};
use std::io::Write;
use std::time::{Duration, Instant};

/// Runs the command.
pub(super) async fn run(global: &Global, args: &SnapshotArgs, out: &mut impl Write) -> Ended {
    let global = global.and(&args.global);
    let config = sink::config(&global, &args.place, args.settings(), Fallback::Optional)?;
    let needs_sink = config.snapshot.to.contains(&Destination::Sink);
    if config.sink.url.is_none() && args.place.data_dir.is_none() {
        if needs_sink {
            config.sink.required_url()?;
        }
        if args.resume {
            return Err(Failure::usage(
                "--resume needs the database that keeps how far a snapshot has come: name it by --sink URL.",
            ));
        }
        let job: Snapshot<'_, Watched> = Box::pin(Snapshot::new(&config, None)).await?;
        return Box::pin(read_all(&job, args, out)).await;
    }
    let mut place = OpenDatabase::open(&config, &args.place).await?;
    let config = place.resolved(config).await?;
    let makes_schemas = place.is_embedded();
    let watched = Watched::new(place.sink, makes_schemas);
    let read = Box::pin(read_into(&config, &watched, args, out)).await;
    place.sink = watched.sink;
    let closed = place.close().await;
    let status = read?;
    closed.map(|()| status)
}

async fn read_into(config: &Config, watched: &Watched, args: &SnapshotArgs, out: &mut impl Write) -> Ended {
    let job = Box::pin(Snapshot::new(config, Some((watched, &watched.sink)))).await?;
    Box::pin(read_all(&job, args, out)).await
}

/// Reads one table after the other; one that cannot be read does not keep the others from it.
async fn read_all(job: &Snapshot<'_, Watched>, args: &SnapshotArgs, out: &mut impl Write) -> Ended {
    let tables = job.tables(&args.tables, Deadline::never()).await?;
    let now = Timestamp(jiff::Timestamp::now().as_microsecond());
    let at = job.begin_all(args.resume, now).await?;
    let start = if args.resume { Start::Resumed(at) } else { Start::Anew(at) };
    let mut interrupted = interrupt::listen("Ends here; the same command with --resume goes on.");
    let (mut worst, mut parked) = (Status::Done, 0);
    for table in &tables {
        let started = Instant::now();
        let read = tokio::select! {
            biased;
            () = interrupt::first(&mut interrupted) => {
                return Err(Failure::broken(format!("Ended by Ctrl-C while {} was read.", table.table.name)));
            }
            read = read_one(job, table, start) => read,
        };
        match read {
            Ok(done) => {
                parked += done.counts.parked;
                print(&done, started.elapsed(), args.output, out)?;
            }
            Err(failure) => {
                worst = worst.max(failure.status);
                failure.lines().for_each(|line| tell(&format!("{}: {line}", printable(&table.table.name))));
            }
        }
    }
    if worst == Status::Done {
        job.end_all().await?;
    }
    if parked > 0 {
        let parked = usize::try_from(parked).unwrap_or(usize::MAX);
        warn(&format!("{} parked; `rowtide dead-letters list` says why.", count(parked, "row")));
    }
    Ok(worst)
}

async fn read_one(job: &Snapshot<'_, Watched>, table: &Chosen, start: Start) -> Result<Done, Failure> {
    let progress = SharedProgress::new();
    let seen = |counts: &Counts| progress.add(counts.rows, &table.table.name);
    let read = Box::pin(job.read(table, start, &seen)).await;
    progress.finish();
    Ok(read?)
}

fn print(done: &Done, took: Duration, output: Output, out: &mut impl Write) -> Result<(), Failure> {
    let Counts { rows, bytes, applied, stale, ignored, parked, removed } = done.counts;
    match output {
        Output::Json => writeln!(
            out,
            "{{\"table\":{},\"run\":{},\"rows\":{rows},\"bytes\":{bytes},\"applied\":{applied},\"stale\":{stale},\
             \"ignored\":{ignored},\"parked\":{parked},\"removed\":{removed},\"archived\":{},\"resumed\":{}}}",
            quoted(&done.table),
            quoted(&done.run),
            optional(done.archived.as_deref()),
            done.was_resumed,
        )?,
        Output::Human => {
            let rate = rows as f64 / took.as_secs_f64().max(0.001);
            let whole = count(usize::try_from(rows).unwrap_or(usize::MAX), "row");
            writeln!(
                out,
                "{}: {whole}, {:.1} MB in {:.1} s ({rate:.0} a second)",
                printable(&done.table),
                bytes as f64 / 1e6,
                took.as_secs_f64()
            )?;
            if applied + stale + ignored + parked + removed > 0 {
                let ignored = if ignored > 0 { format!(", {ignored} ignored") } else { String::new() };
                let removed =
                    if removed > 0 { format!(", {removed} gone rows removed") } else { String::new() };
                writeln!(out, "  sink: {applied} applied, {stale} stale{ignored}, {parked} parked{removed}")?;
            }
            if let Some(archived) = &done.archived {
                writeln!(out, "  archive: {archived}")?;
            }
        }
    }
    out.flush()?;
    Ok(())
}
