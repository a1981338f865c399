//! `rowtide verify`: whether a target has what its source has.

use super::args::{Global, Output, VerifyArgs};
use super::failure::{Ended, Failure, Status};
use super::progress::SharedProgress;
use super::sink::{self, Fallback, OpenDatabase};
use super::terminal::{count, printable, tell};
use super::watched::Watched;
use rowtide::config::Config;
use rowtide::deadline::Deadline;
use rowtide::error::{Code, Error, ErrorKind};
use rowtide::json::quoted;
use rowtide::snapshot::{Difference, Kind, Snapshot, Verified, Verifying};
use std::io::Write;

/// Differences that people are shown of a table.
const SHOWN_MAX: u64 = 100;

/// Runs the command.
pub(super) async fn run(global: &Global, args: &VerifyArgs, out: &mut (impl Write + Send)) -> Ended {
    let config = sink::config(&global.and(&args.global), &args.place, args.settings(), Fallback::Configured)?;
    let mut place = OpenDatabase::open(&config, &args.place).await?;
    let config = place.resolved(config).await?;
    let makes_schemas = place.is_embedded();
    let watched = Watched::new(place.sink, makes_schemas);
    let verified = Box::pin(verify_all(&config, &watched, args, out)).await;
    place.sink = watched.sink;
    let closed = place.close().await;
    let status = verified?;
    out.flush()?;
    closed.map(|()| status)
}

async fn verify_all(
    config: &Config,
    watched: &Watched,
    args: &VerifyArgs,
    out: &mut (impl Write + Send),
) -> Ended {
    let job = Box::pin(Snapshot::comparing(config, (watched, &watched.sink))).await?;
    let how = Verifying { settle: args.settle, share: args.sample };
    let mut status = Status::Done;
    for table in job.tables(&args.tables, Deadline::never()).await? {
        let name = &table.table.name;
        let progress = SharedProgress::new();
        let seen = |rows: u64| progress.add(rows, name);
        let (mut broken, mut shown) = (None, 0);
        let mut each = |difference: &Difference| {
            shown += 1;
            let written = match args.output {
                Output::Json => writeln!(out, "{}", json(name, difference)),
                Output::Human if shown > SHOWN_MAX => Ok(()),
                Output::Human => writeln!(out, "{} {}", printable(name), printable(&sentence(difference))),
            };
            written.map_err(|error| {
                broken = Some(error);
                Error::new(ErrorKind::Unavailable, Code::Output, "The output cannot be written.")
            })
        };
        let verified = Box::pin(job.verify(&table, how, &seen, &mut each)).await;
        progress.finish();
        if let Some(error) = broken {
            return Err(Failure::output(&error));
        }
        match verified {
            Ok(verified) => {
                if verified.differences > 0 {
                    status = status.max(Status::Failed);
                }
                print(name, &verified, args.output, out)?;
            }
            Err(error) => {
                let failure = Failure::from(error);
                status = status.max(failure.status);
                failure.lines().for_each(|line| tell(&format!("{}: {line}", printable(name))));
            }
        }
    }
    Ok(status)
}

fn print(table: &str, verified: &Verified, output: Output, out: &mut impl Write) -> Result<(), Failure> {
    let Verified { rows, differences, is_whole, has_more, .. } = *verified;
    match output {
        Output::Json => writeln!(
            out,
            "{{\"table\":{},\"rows\":{rows},\"differences\":{differences},\"more\":{has_more},\"whole\":{is_whole}}}",
            quoted(table)
        )?,
        Output::Human => {
            if differences > SHOWN_MAX {
                writeln!(out, "{table} … and {} more: --output json has them all", differences - SHOWN_MAX)?;
            }
            let rows = count(usize::try_from(rows).unwrap_or(usize::MAX), "row");
            let of = if is_whole {
                ""
            } else {
                " (not all: rows that the target has too much were not looked for)"
            };
            let least = if has_more { "at least " } else { "" };
            writeln!(out, "{}: {rows} compared{of}, {least}{differences} different", printable(table))?;
            if differences > 0 {
                writeln!(
                    out,
                    "  What is missing or different: `rowtide snapshot {0}` brings it; what is parked: `rowtide \
                     dead-letters redrive --table {0}`;\n  what is too much: `rowtide snapshot {0} --replace`, unless \
                     the stream wrote it.",
                    printable(table)
                )?;
            }
        }
    }
    Ok(())
}

fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Missing => "missing",
        Kind::Different(_) => "different",
        Kind::Extra => "extra",
        Kind::Unfit(_) => "unfit",
    }
}

fn json(table: &str, difference: &Difference) -> String {
    let fields = match &difference.kind {
        Kind::Different(fields) => fields.iter().map(|field| quoted(field)).collect::<Vec<_>>().join(","),
        Kind::Missing | Kind::Extra | Kind::Unfit(_) => String::new(),
    };
    let code = match &difference.kind {
        Kind::Unfit(code) => quoted(code.as_str()),
        Kind::Missing | Kind::Different(_) | Kind::Extra => "null".to_owned(),
    };
    let parked: Vec<String> = difference.parked.iter().map(ToString::to_string).collect();
    format!(
        "{{\"table\":{},\"key\":{},\"kind\":\"{}\",\"fields\":[{fields}],\"code\":{code},\"parked\":[{}]}}",
        quoted(table),
        quoted(&difference.key),
        kind(&difference.kind),
        parked.join(",")
    )
}

fn sentence(difference: &Difference) -> String {
    let mut text = format!("{}: {}", difference.key, kind(&difference.kind));
    match &difference.kind {
        Kind::Different(fields) => text.push_str(&format!(" in {}", fields.join(", "))),
        Kind::Unfit(code) => text.push_str(&format!(" ({})", code.as_str())),
        Kind::Missing | Kind::Extra => {}
    }
    if !difference.parked.is_empty() {
        let ids: Vec<String> = difference.parked.iter().map(ToString::to_string).collect();
        text.push_str(&format!(", parked as {}", ids.join(", ")));
    }
    text
}
