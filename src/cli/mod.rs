//! The command line: what people and scripts type, and what they get. Knows every room's front door, decides nothing
//! about records.
//!
//! stdout is data, stderr is for people. Exit status: 0 done, 1 failed, 2 usage or configuration.

mod archived;
mod args;
mod ddl;
mod dead_letters;
mod decode;
mod differences;
mod doctor;
mod failure;
mod flows;
mod formats;
mod input;
mod interrupt;
mod json;
mod plan;
mod progress;
mod purge;
mod replay;
mod serve;
mod settings;
mod show;
mod sink;
mod snapshot;
mod state;
mod status;
mod table;
mod terminal;
mod verify;
mod watched;

use args::{Cli, Command};
use clap::{CommandFactory as _, Parser as _};
use failure::{Ended, Failure, Status};
use std::ffi::OsString;
use std::future::Future;
use std::io::{self, Write as _};
use std::process::ExitCode;
use terminal::{Out, Stderr, tell, tell_misread};
use tracing_subscriber::EnvFilter;

/// Runs the command line `args`, the program's name first.
pub(crate) fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let given: Vec<String> = args.iter().map(|given| given.to_string_lossy().into_owned()).collect();
            tell_misread(&error.render().to_string(), &given);
            return ExitCode::from(2);
        }
        Err(help) => {
            // a reader that has gone misses nothing
            help.print().unwrap_or_default();
            return ExitCode::SUCCESS;
        }
    };
    let ended = log().and_then(|()| dispatch(cli));
    let status = ended.unwrap_or_else(|failure| {
        if !failure.quiet {
            failure.lines().for_each(|line| tell(&line));
        }
        failure.status
    });
    ExitCode::from(match status {
        Status::Done => 0,
        Status::Failed => 1,
        Status::Usage => 2,
    })
}

fn dispatch(cli: Cli) -> Ended {
    let global = cli.global;
    // the lock is taken line by line: whoever waits for the database must not hold it
    let mut out = Out::new(io::BufWriter::new(io::stdout()), cli.command.is_for_programs());
    match cli.command {
        Command::Replay(args) => wait(replay::run(&global, &args, &mut out))?,
        Command::Decode(args) => decode::run(&global, &args, &mut out),
        Command::Plan(args) => plan::run(&global, &args, &mut out),
        Command::Formats(args) => formats::run(&args, &mut out),
        Command::Ddl(args) => ddl::run(&global, &args, &mut out),
        Command::DeadLetters(args) => wait(dead_letters::run(&global, &args, &mut out))?,
        Command::Show(args) => wait(show::run(&global, &args, &mut out))?,
        Command::Status(args) => wait(status::run(&global, &args, &mut out))?,
        Command::Verify(args) => wait(verify::run(&global, &args, &mut out))?,
        Command::Serve(args) => wait(serve::run(&global, &args, &mut out))?,
        Command::Snapshot(args) => wait(snapshot::run(&global, &args, &mut out))?,
        Command::Purge(args) => wait(purge::run(&global, &args, &mut out))?,
        Command::State(args) => wait(state::run(&global, &args, &mut out))?,
        Command::Doctor(args) => wait(doctor::run(&global, &args, &mut out))?,
        Command::Config(args) => settings::run(&global, &args, &mut out),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "rowtide", &mut script);
            out.write_all(&script)?;
            out.flush()?;
            Ok(Status::Done)
        }
    }
}

/// Waits for a command that talks to a database.
fn wait<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::broken("The threads cannot be started.").because(&error))?;
    Ok(runtime.block_on(Box::pin(work)))
}

/// Warnings of the library, on stderr; `ROWTIDE_LOG` says which. At `info` there are metrics too.
fn log() -> Result<(), Failure> {
    let wanted = std::env::var("ROWTIDE_LOG").unwrap_or_default();
    let filter = EnvFilter::try_new(if wanted.is_empty() { "warn" } else { &wanted }).map_err(|error| {
        Failure::usage("ROWTIDE_LOG must be a level (error, warn, info, debug, trace) or module=level,…")
            .because(&error)
    })?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Stderr)
        .with_ansi(false)
        .with_target(false)
        .without_time();
    // there is none before: this is the only place
    subscriber.try_init().unwrap_or_default();
    Ok(())
}
