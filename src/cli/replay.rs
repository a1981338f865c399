//! `rowtide replay`: captured records through the same flow as in Lambda, and what became of them.

use super::args::{Global, Output, ReplayArgs};
use super::failure::{Ended, Failure, Status};
use super::flows::Flows;
use super::input::{self, Batch, Batches};
use super::interrupt;
use super::json::optional;
use super::progress::Progress;
use super::sink::{self, Fallback, OpenDatabase};
use super::table::Grid;
use super::terminal::{count, printable, warn};
use super::watched::Watched;
use rowtide::config::redact;
use rowtide::deadline::Deadline;
use rowtide::error::{Code, Error, ErrorKind, Result};
use rowtide::json::write_string;
use rowtide::pipeline::{Flow, process};
use rowtide::record::Redelivered;
use rowtide::report::{Counts, Report};
use rowtide::sink::{Database, KnownTarget, LiveRow, Shown};
use std::io::{self, Write};
use std::sync::Arc;

/// Lines of batches that people are shown; what was reported is among them in any case.
const BATCHES_SHOWN: usize = 20;

/// Runs the command.
pub(super) async fn run(global: &Global, args: &ReplayArgs, out: &mut impl Write) -> Ended {
    let config = sink::config(
        &global.and(&args.input.global),
        &args.place,
        args.input.settings(),
        Fallback::Embedded,
    )?;
    Flow::new(&config)?;
    let batches = input::open(&args.input, &config.aws)?;
    let mut place = OpenDatabase::open(&config, &args.place).await?;
    let flows = Flows::new(place.resolved(config).await?)?;
    if !args.force {
        place.sink = place.sink.checking_horizon();
    }
    let makes_schemas = place.is_embedded();
    let sink = Watched::new(place.sink, makes_schemas);
    let replayed = apply(flows, &sink, batches).await;
    let printed = print(args, &replayed, &sink, out).await;
    place.sink = sink.sink;
    let is_temporary = place.is_temporary;
    let closed = place.close().await;
    let Replayed { counts, failure, stopped, .. } = replayed;
    let status = match failure {
        Some(failure) => Err(failure),
        None if counts.reported > 0 => {
            if stopped {
                warn(
                    "The replay ended behind the batch with what is reported, as its stream would wait there.",
                );
            }
            Ok(Status::Failed)
        }
        None if counts.parked > 0 => Ok(parked(&counts, args.fail_on_parked, is_temporary)),
        None => Ok(Status::Done),
    };
    // what became of the records counts more than whether somebody read about it
    match (status, printed, closed) {
        (Err(failure), _, _) | (Ok(_), _, Err(failure)) => Err(failure),
        (Ok(_), Err(failure), Ok(())) if !failure.quiet => Err(failure),
        (Ok(status), _, Ok(())) => Ok(status),
    }
}

fn parked(counts: &Counts, fail: bool, is_temporary: bool) -> Status {
    let advice = if is_temporary {
        "`rowtide decode` shows which records cannot be read"
    } else {
        "`rowtide dead-letters list` with the same --sink or --data-dir says why"
    };
    let were = if counts.parked == 1 { "was" } else { "were" };
    warn(&format!("{} {were} parked; {advice}.", count(counts.parked, "record")));
    if fail { Status::Failed } else { Status::Done }
}

/// What became of the input.
#[derive(Default)]
struct Replayed {
    counts: Counts,
    batches: Vec<Answered>,
    failure: Option<Failure>,
    /// Whether there may be more behind what was reported.
    stopped: bool,
}

/// A batch and its response.
struct Answered {
    input: Arc<str>,
    number: u64,
    received: usize,
    /// `None` when the invocation failed.
    response: Option<Box<str>>,
    /// Whether anything was reported.
    went_wrong: bool,
}

async fn apply(mut flows: Flows, sink: &Watched, batches: Batches) -> Replayed {
    let mut receiver = batches.read_ahead();
    let mut replayed = Replayed::default();
    let mut progress = Progress::new();
    let mut interrupted = interrupt::listen("Ends behind this batch; Ctrl-C once more ends at once.");
    loop {
        // what is begun is done: a record that was half written would have to be looked for
        let next = tokio::select! {
            biased;
            () = interrupt::first(&mut interrupted) => {
                replayed.failure = Some(replayed.interrupted());
                break;
            }
            next = receiver.recv() => next,
        };
        let Some(batch) = next else { break };
        let batch = match batch {
            Ok(batch) => batch,
            Err(failure) => {
                replayed.failure = Some(failure);
                break;
            }
        };
        let flow = match flow_of(&mut flows, &batch, sink).await {
            Ok(flow) => flow,
            Err(error) => {
                replayed.failure = Some(error.into());
                break;
            }
        };
        let report = process(flow, sink, &batch.envelope.records, Deadline::never()).await;
        progress.add(batch.envelope.records.len(), &batch.input);
        if replayed.enter(batch, &report) {
            break;
        }
    }
    progress.finish();
    replayed
}

async fn flow_of<'f>(flows: &'f mut Flows, batch: &Batch, sink: &Watched) -> Result<&'f Flow> {
    let known = if flows.begins_export(batch) { sink.sink.targets().await? } else { Vec::new() };
    flows.of(batch, &known)
}

impl Replayed {
    /// How far the replay had come when somebody ended it.
    fn interrupted(&self) -> Failure {
        let reached = match self.batches.last() {
            Some(last) => format!("behind the batch {}", last.name()),
            None => "before the first batch".to_owned(),
        };
        Failure::broken(format!(
            "Ended by Ctrl-C {reached}: {} done. The same command on the same files goes on: what is done counts as stale \
             then.",
            count(self.counts.received, "record")
        ))
    }

    /// Enters a batch; whether the replay must stop behind it.
    fn enter(&mut self, batch: Batch, report: &Report) -> bool {
        let counts = report.counts();
        self.counts.add(&counts);
        // a queue goes on with its other messages
        let goes_on = batch.envelope.records.iter().all(|record| record.redelivered == Redelivered::Alone);
        let response = report.failure().is_none().then(|| report.response(&batch.envelope).into_boxed_str());
        self.batches.push(Answered {
            input: batch.input,
            number: batch.number,
            received: counts.received,
            response,
            went_wrong: counts.reported > 0 || report.failure().is_some(),
        });
        self.failure = report.failure().or(report.stopped()).map(Failure::from);
        self.stopped = counts.reported > 0 && !goes_on;
        self.failure.is_some() || self.stopped
    }
}

impl Answered {
    fn name(&self) -> String {
        format!("{}#{}", self.input, self.number)
    }

    fn response_json(&self) -> &str {
        self.response.as_deref().unwrap_or("null")
    }
}

async fn print(
    args: &ReplayArgs,
    replayed: &Replayed,
    sink: &Watched,
    out: &mut impl Write,
) -> Result<(), Failure> {
    match args.output {
        Output::Human => {
            summarize(replayed, out)?;
            out.flush()?;
            if !args.no_rows {
                for target in sink.touched().await? {
                    let mut table = Grid::default();
                    each_row(&sink.sink, &target, |row| {
                        table.add(&row);
                        Ok(())
                    })
                    .await?;
                    writeln!(out, "\n{}, {}", printable(&target.name), count(table.rows(), "row"))?;
                    table.print(out)?;
                }
            }
        }
        Output::Json => {
            let mut json = counts_json(&replayed.counts);
            let failure = replayed.failure.as_ref().map(|failure| redact(failure.message()).into_owned());
            json.push_str(&format!(",\"failure\":{}", optional(failure.as_deref())));
            json.push_str(",\"batches\":[");
            out.write_all(json.as_bytes())?;
            write_batches(&replayed.batches, out)?;
            out.write_all(b"]")?;
            let written = if args.no_rows { Ok(()) } else { write_tables(sink, out).await };
            out.write_all(b"}\n")?;
            out.flush()?;
            written?;
        }
    }
    out.flush()?;
    Ok(())
}

fn summarize(replayed: &Replayed, out: &mut impl Write) -> io::Result<()> {
    let counts = &replayed.counts;
    let reasons: Vec<String> =
        counts.ignored.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    let ignored: usize = counts.ignored.values().sum();
    let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    writeln!(
        out,
        "{} received: {} applied, {} stale, {ignored} ignored{reasons}, {} parked, {} reported",
        count(counts.received, "record"),
        counts.applied,
        counts.stale,
        counts.parked,
        counts.reported,
    )?;
    let went_wrong = |batch: &&Answered| batch.went_wrong;
    let (first, rest) = replayed.batches.split_at(replayed.batches.len().min(BATCHES_SHOWN));
    for batch in first.iter().chain(rest.iter().filter(went_wrong)) {
        writeln!(
            out,
            "{}: {}, response {}",
            printable(&batch.name()),
            count(batch.received, "record"),
            batch.response_json()
        )?;
    }
    let hidden = rest.iter().filter(|batch| !went_wrong(batch)).count();
    if hidden > 0 {
        writeln!(out, "… and {hidden} more, all of them done")?;
    }
    Ok(())
}

fn counts_json(counts: &Counts) -> String {
    let ignored: Vec<String> =
        counts.ignored.iter().map(|(reason, count)| format!("\"{reason}\":{count}")).collect();
    format!(
        "{{\"received\":{},\"applied\":{},\"stale\":{},\"ignored\":{{{}}},\"parked\":{},\"reported\":{}",
        counts.received,
        counts.applied,
        counts.stale,
        ignored.join(","),
        counts.parked,
        counts.reported
    )
}

fn write_batches(batches: &[Answered], out: &mut impl Write) -> io::Result<()> {
    let mut separator = "";
    for batch in batches {
        let mut input = String::new();
        write_string(&mut input, &batch.name());
        write!(
            out,
            "{separator}{{\"input\":{input},\"received\":{},\"response\":{}}}",
            batch.received,
            batch.response_json()
        )?;
        separator = ",";
    }
    Ok(())
}

/// The tables, one row after the other. What is open when reading fails is closed, so that the output stays JSON.
async fn write_tables(sink: &Watched, out: &mut impl Write) -> Result<(), Failure> {
    out.write_all(b",\"tables\":{")?;
    let mut written = Ok(());
    match sink.touched().await {
        Ok(targets) => {
            let mut separator = "";
            for target in &targets {
                let mut name = String::new();
                write_string(&mut name, &target.name);
                write!(out, "{separator}{name}:[")?;
                separator = ",";
                let mut between = "";
                written = each_row(&sink.sink, target, |row| {
                    write!(out, "{between}{}", row_json(&row))?;
                    between = ",";
                    Ok(())
                })
                .await;
                out.write_all(b"]")?;
                if written.is_err() {
                    break;
                }
            }
        }
        Err(error) => written = Err(error.into()),
    }
    out.write_all(b"}")?;
    written
}

fn row_json(row: &LiveRow) -> String {
    let data = row.data.as_deref().unwrap_or("null");
    let deleted = if row.deleted { ",\"deleted\":true" } else { "" };
    format!("{{\"pk\":{},\"data\":{data},\"aux\":{}{deleted}}}", row.pk, row.aux)
}

/// Hands every live row of `target` to `each`, which may fail to write it.
async fn each_row(
    sink: &Database,
    target: &KnownTarget,
    mut each: impl FnMut(LiveRow) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut broken = None;
    let all = Shown::default();
    let read = sink.live_rows(target, &all, |row| {
        each(row).map_err(|error| {
            broken = Some(error);
            Error::new(ErrorKind::Unavailable, Code::Output, "The output cannot be written.")
        })
    });
    let read = read.await;
    match broken {
        Some(error) => Err(Failure::output(&error)),
        None => Ok(read?),
    }
}
