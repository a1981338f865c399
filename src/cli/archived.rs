//! `rowtide verify --archive`: whether a target has what an archive, or an export of DynamoDB, has.

use super::args::VerifyArgs;
use super::differences::{print, show};
use super::failure::{Ended, Failure, Status};
use super::input::{self, Batch};
use super::progress::SharedProgress;
use rowtide::config::Config;
use rowtide::rules::glob;
use rowtide::sink::{Database, KnownTarget};
use rowtide::snapshot::{Archived, Compared};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Rows that are compared at once.
const ROWS: u32 = 10_000;

/// The runs of an archive, and what they are compared with.
struct Comparing<'a> {
    config: &'a Config,
    database: &'a Database,
    known: &'a [KnownTarget],
    archive: &'a Path,
    /// Names and patterns of tables; all when there are none.
    tables: &'a [String],
}

/// Compares the runs below `archive` with what the database has.
pub(super) async fn verify(
    config: &Config,
    database: &Database,
    archive: &Path,
    args: &VerifyArgs,
    out: &mut (impl Write + Send),
) -> Ended {
    let known = database.targets().await?;
    let comparing = Comparing { config, database, known: &known, archive, tables: &args.tables };
    let first = Box::pin(comparing.compared()).await?;
    if first.is_empty() {
        return Err(Failure::usage("The archive has no row of these tables."));
    }
    let differs = |(_, compared): &(String, Compared)| compared.verified.differences > 0;
    let mut status = Status::Done;
    let mut second = Vec::new();
    if first.iter().any(differs) {
        // what is on its way arrives meanwhile
        tokio::time::sleep(args.settle).await;
        second = Box::pin(comparing.compared()).await?;
    }
    let mut second = second.into_iter();
    for (table, compared) in &first {
        let (mut verified, again) = (compared.verified, second.next());
        if let Some((_, again)) = again.filter(|_| verified.differences > 0) {
            let (lasting, differences) = Box::pin(again.lasting(compared, table, database)).await?;
            verified = lasting;
            for (difference, shown) in differences.iter().zip(1..) {
                show(table, shown, difference, args.output, out).map_err(|error| Failure::output(&error))?;
            }
        }
        if verified.differences > 0 {
            status = Status::Failed;
        }
        print(table, &verified, args.output, out)?;
    }
    Ok(status)
}

impl Comparing<'_> {
    /// What differs now, table by table.
    async fn compared(&self) -> Result<Vec<(String, Compared)>, Failure> {
        let batches = input::of_files(vec![self.archive.to_owned()], ROWS, &self.config.aws)?;
        let mut batches = batches.read_ahead();
        let (mut compared, mut now) = (Vec::new(), None);
        let progress = SharedProgress::new();
        while let Some(batch) = batches.recv().await.transpose()? {
            if !batch.has_manifest {
                return Err(no_archive(&batch));
            }
            let is_same = now.as_ref().is_some_and(|(input, _): &(Arc<str>, _)| *input == batch.input);
            if !is_same {
                finish(&mut compared, now.take()).await?;
            }
            let (_, archived) = match &mut now {
                Some(now) => now,
                None => now.insert((batch.input.clone(), self.begin(&batch)?)),
            };
            let Some(archived) = archived else { continue };
            archived.page(&batch.envelope.records).await?;
            let rows = u64::try_from(batch.envelope.records.len()).unwrap_or_default();
            progress.add(rows, archived.table());
        }
        finish(&mut compared, now).await?;
        progress.finish();
        Ok(compared)
    }

    /// The comparison of the run that begins with this batch; none when its table was not asked for.
    fn begin(&self, batch: &Batch) -> Result<Option<Archived<'_>>, Failure> {
        let records = &batch.envelope.records;
        let archived =
            Archived::begin(self.config, self.database, self.known, batch.exported.as_deref(), records)?;
        let is_meant = |name: &String| glob(name, archived.table());
        let is_asked = self.tables.is_empty() || self.tables.iter().any(is_meant);
        Ok(is_asked.then_some(archived))
    }
}

async fn finish<'a>(
    compared: &mut Vec<(String, Compared)>,
    now: Option<(Arc<str>, Option<Archived<'a>>)>,
) -> Result<(), Failure> {
    if let Some((_, Some(archived))) = now {
        let table = archived.table().to_owned();
        compared.push((table, Box::pin(archived.finish()).await?));
    }
    Ok(())
}

fn no_archive(batch: &Batch) -> Failure {
    Failure::usage(format!(
        "{} is no run of an archive and no export: give the folder that has its manifest.",
        batch.input
    ))
}
