//! `rowtide purge`: tombstones that are old enough to be forgotten, and dead letters beyond their retention.

use super::args::{Global, Output, PurgeArgs};
use super::failure::{Ended, Failure, Status};
use super::sink::{self, Fallback, OpenDatabase};
use super::table::write_table;
use super::terminal::count;
use rowtide::sink::{Purge, Purging};
use std::io::Write;

/// Runs the command.
pub(super) async fn run(global: &Global, args: &PurgeArgs, out: &mut impl Write) -> Ended {
    let config = sink::config(&global.and(&args.global), &args.place, Vec::new(), Fallback::Configured)?;
    let older_than = args.older_than.unwrap_or(config.sink.tombstone_retention);
    let how = if args.dry_run { Purging::Counted } else { Purging::to_the_end() };
    let place = OpenDatabase::open(&config, &args.place).await?;
    let purged = place.sink.purge_all(older_than, how).await;
    let closed = place.close().await;
    let purged = purged?;
    match args.output {
        Output::Human => print(&purged, args.dry_run, out)?,
        Output::Json => writeln!(out, "{}", purged.to_json())?,
    }
    out.flush()?;
    match purged.failed.first() {
        Some((_, error)) => Err(error.into()),
        None => closed.map(|()| Status::Done),
    }
}

fn print(purged: &Purge, dry_run: bool, out: &mut impl Write) -> Result<(), Failure> {
    let heading = if dry_run { "tombstones to remove" } else { "tombstones removed" };
    let header = ["target", heading, "purged up to"].map(str::to_owned).to_vec();
    let lines = purged.targets.iter().map(|target| {
        let horizon = target.horizon.map(|horizon| format!("{horizon:.6}"));
        vec![target.target.clone(), target.rows.to_string(), horizon.unwrap_or_default()]
    });
    write_table(header, lines, out)?;
    if let Some(expired) = purged.dead_letters {
        let expired = usize::try_from(expired).unwrap_or(usize::MAX);
        writeln!(out, "{} beyond dead_letters.retention removed", count(expired, "dead letter"))?;
    }
    if !purged.left_alone.is_empty() {
        let names = purged.left_alone.join(", ");
        writeln!(out, "left alone, since no route of this configuration leads there: {names}")?;
    }
    Ok(())
}
