//! `rowtide state`: what jobs keep between two runs, listed or cleared.

use super::args::{Global, Output, StateAction, StateArgs};
use super::failure::{Ended, Failure, Status};
use super::json::text;
use super::sink::{self, Fallback, OpenDatabase};
use super::table::{fit, write_table};
use super::terminal::count;
use rowtide::deadline::Deadline;
use rowtide::sink::{Database, State};
use std::io::{self, Write};

/// States of a job that people are shown.
const STATES_SHOWN: usize = 1_000;
/// What key and text keep of themselves, however long the other is.
const TEXT_COLUMNS_MIN: usize = 8;

/// Runs the command.
pub(super) async fn run(global: &Global, args: &StateArgs, out: &mut impl Write) -> Ended {
    if let StateAction::Clear { key: None, all: false, .. } = &args.action {
        return Err(Failure::usage("Say which key to clear, or --all."));
    }
    let common = args.action.common();
    let given = global.and(&common.global);
    let config = sink::config(&given, &common.place, Vec::new(), Fallback::Configured)?;
    let place = OpenDatabase::open(&config, &common.place).await?;
    let ended = match &args.action {
        StateAction::List { prefix, job, .. } => {
            let states = place.sink.states(job.as_deref(), prefix.as_deref()).await;
            states.map_err(Failure::from).and_then(|states| list(&states, common.output, out))
        }
        StateAction::Clear { job, key, .. } => {
            clear(&place.sink, job, key.as_deref().unwrap_or_default(), common.output, out).await
        }
    };
    let flushed = out.flush();
    let closed = place.close().await;
    let status = ended?;
    flushed?;
    closed.map(|()| status)
}

fn list(states: &[State], output: Output, out: &mut impl Write) -> Ended {
    match output {
        Output::Json => states.iter().try_for_each(|state| out.write_all(json(state).as_bytes()))?,
        Output::Human => print(states, out)?,
    }
    Ok(Status::Done)
}

/// A state with the columns of its table.
fn json(state: &State) -> String {
    let members = [
        ("job", text(&state.job)),
        ("key", text(&state.key)),
        ("version", state.version.to_string()),
        ("updated_at", text(&format!("{:.6}", state.updated_at))),
        ("state", text(&state.text)),
    ];
    let members = members.map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}}}\n", members.join(","))
}

/// A list for each job.
fn print(states: &[State], out: &mut impl Write) -> io::Result<()> {
    if states.is_empty() {
        return writeln!(out, "no states");
    }
    let mut of_jobs = states.chunk_by(|one, next| one.job == next.job);
    of_jobs.try_for_each(|of_job| print_job(of_job, out))
}

fn print_job(states: &[State], out: &mut impl Write) -> io::Result<()> {
    let line = |state: &State| {
        let updated_at = format!("{:.0}", state.updated_at);
        vec![state.key.clone(), state.version.to_string(), updated_at, state.text.clone()]
    };
    let mut lines: Vec<Vec<String>> = states.iter().take(STATES_SHOWN).map(line).collect();
    let header = ["key", "version", "updated at", "state"].map(str::to_owned).to_vec();
    fit(&header, &mut lines, &[(0, TEXT_COLUMNS_MIN), (3, TEXT_COLUMNS_MIN)]);
    let (shown, total) = (lines.len(), count(states.len(), "state"));
    write_table(header, lines.into_iter(), out)?;
    let total = if states.len() > shown { format!("the first {shown} of {total}") } else { total };
    let job = states.first().map(|state| state.job.as_str()).unwrap_or_default();
    writeln!(out, "{total} of the job {job}")
}

async fn clear(sink: &Database, job: &str, key: &str, output: Output, out: &mut impl Write) -> Ended {
    let cleared = sink.clear_state(job, key, Deadline::never()).await?;
    match output {
        Output::Json => writeln!(out, "{{\"cleared\":{cleared}}}")?,
        Output::Human => {
            let cleared = usize::try_from(cleared).unwrap_or(usize::MAX);
            writeln!(out, "{} cleared", count(cleared, "state"))?;
        }
    }
    Ok(Status::Done)
}
