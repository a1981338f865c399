//! `rowtide purge`: tombstones that are old enough to be forgotten, and dead letters beyond their retention.

use super::args::{Global, Output, PurgeArgs};
use super::failure::{Ended, Failure, Status};
use super::json::{optional, text};
use super::sink::{self, Fallback, OpenDatabase};
use super::table::write_table;
use super::terminal::{count, warn};
use rowtide::error::Code;
use rowtide::sink::{Database, Purged};
use std::io::Write;
use std::time::Duration;

/// Runs the command.
pub(super) async fn run(global: &Global, args: &PurgeArgs, out: &mut impl Write) -> Ended {
    let config = sink::config(&global.and(&args.global), &args.place, Vec::new(), Fallback::Configured)?;
    let older_than = args.older_than.unwrap_or(config.sink.tombstone_retention);
    let place = OpenDatabase::open(&config, &args.place).await?;
    let purged = purge(&place.sink, older_than, args.dry_run).await;
    let closed = place.close().await;
    let (purged, expired) = purged?;
    match args.output {
        Output::Human => print(&purged, expired, out)?,
        Output::Json => print_json(&purged, expired, out)?,
    }
    out.flush()?;
    closed.map(|()| Status::Done)
}

/// What was purged; how many dead letters went, unless it was a dry run.
async fn purge(
    sink: &Database,
    older_than: Duration,
    dry_run: bool,
) -> Result<(Vec<Purged>, Option<u64>), Failure> {
    let mut purged = Vec::new();
    for target in sink.targets().await? {
        match sink.purge(&target, older_than, dry_run).await {
            Ok(done) => purged.push(done),
            // somebody dropped it: that must not keep the tombstones of all others
            Err(error) if error.code() == Code::LostObject => warn(&format!(
                "{} was left out: its storage table is gone. Delete its line in rowtide_targets.",
                target.name
            )),
            Err(error) => return Err(error.into()),
        }
    }
    let expired = if dry_run { None } else { Some(sink.expire_dead_letters().await?) };
    Ok((purged, expired))
}

fn horizon(purged: &Purged) -> Option<String> {
    purged.horizon.map(|horizon| format!("{horizon:.6}"))
}

fn print(purged: &[Purged], expired: Option<u64>, out: &mut impl Write) -> Result<(), Failure> {
    let heading = if expired.is_some() { "tombstones removed" } else { "tombstones to remove" };
    let header = ["target", heading, "purged up to"].map(str::to_owned).to_vec();
    let lines = purged.iter().map(|target| {
        vec![target.target.clone(), target.rows.to_string(), horizon(target).unwrap_or_default()]
    });
    write_table(header, lines, out)?;
    if let Some(expired) = expired {
        let expired = usize::try_from(expired).unwrap_or(usize::MAX);
        writeln!(out, "{} beyond dead_letters.retention removed", count(expired, "dead letter"))?;
    }
    Ok(())
}

fn print_json(purged: &[Purged], expired: Option<u64>, out: &mut impl Write) -> Result<(), Failure> {
    let targets: Vec<String> = purged
        .iter()
        .map(|target| {
            let (name, horizon) = (text(&target.target), optional(horizon(target).as_deref()));
            format!("{{\"target\":{name},\"tombstones\":{},\"horizon\":{horizon}}}", target.rows)
        })
        .collect();
    let expired = expired.map_or_else(|| "null".to_owned(), |expired| expired.to_string());
    writeln!(out, "{{\"targets\":[{}],\"dead_letters\":{expired}}}", targets.join(","))?;
    Ok(())
}
