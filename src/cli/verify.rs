//! `rowtide verify`: whether a target has what its source has.

use super::archived;
use super::args::{Global, VerifyArgs};
use super::differences::{print, show};
use super::failure::{Ended, Failure, Status};
use super::progress::SharedProgress;
use super::sink::{self, Fallback, OpenDatabase};
use super::terminal::{printable, tell};
use super::watched::Watched;
use rowtide::config::Config;
use rowtide::deadline::Deadline;
use rowtide::error::{Code, Error, ErrorKind};
use rowtide::snapshot::{Difference, Snapshot, Verifying};
use std::io::Write;

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
    if let Some(archive) = &args.archive {
        return Box::pin(archived::verify(config, &watched.sink, archive, args, out)).await;
    }
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
            show(name, shown, difference, args.output, out).map_err(|error| {
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
