//! `rowtide plan`: the statements that would run, as data.

use super::args::{Global, PlanArgs, dialect};
use super::decode::{optional, patch, text};
use super::failure::{Failure, Status};
use super::{Ended, count, input, warn};
use rowtide::coalesce::{Fate, Schedule, Tracked};
use rowtide::config::DeletePolicy;
use rowtide::pipeline::{Batch, Flow, Verdict};
use rowtide::plan::{Action, Dialect, Layout, Row, Statement, patch_sql, plan, truncate_sql, upsert_sql};
use rowtide::record::Record;
use std::io::Write;

/// Settings of a server that planning does not ask, and that must not make it fail.
pub(super) const UNUSED: [&str; 3] = ["sink.url", "sink.tls", "sink.tls_root_cert"];

/// Runs the command.
pub(super) fn run(global: &Global, args: &PlanArgs, out: &mut impl Write) -> Ended {
    let config = global.and(&args.input.global).config(args.input.settings(), &UNUSED)?;
    let dialect = dialect(args.dialect, &config)?;
    let flow = Flow::new(&config)?;
    let mut poison = 0;
    for batch in input::open(&args.input)? {
        let batch = match batch {
            Ok(batch) => batch,
            Err(failure) => {
                out.flush()?;
                return Err(failure);
            }
        };
        poison += print(dialect, flow.batch(&batch.envelope.records), &batch.envelope.records, out)?;
    }
    out.flush()?;
    if poison > 0 {
        warn(&format!("{} would be parked; `rowtide decode` says why.", count(poison, "record")));
    }
    Ok(Status::Done)
}

/// Prints the statements of a batch; how many of its records are poison.
fn print(
    dialect: Dialect,
    mut batch: Batch<'_>,
    records: &[Record],
    out: &mut impl Write,
) -> Result<usize, Failure> {
    let mut poison = 0;
    while let Some(chunk) = batch.chunk() {
        if let Some(failure) = chunk.failure {
            out.flush()?;
            return Err(failure.into());
        }
        poison +=
            chunk.verdicts.iter().filter(|(_, _, verdict)| matches!(verdict, Verdict::Poison(_))).count();
        for change in &chunk.truncates {
            out.write_all(truncation(change, records).as_bytes())?;
        }
        let mut schedule = Schedule::new(chunk.changes);
        loop {
            let wave = schedule.wave();
            if wave.is_empty() {
                break;
            }
            for statement in plan(dialect, &schedule, &wave)? {
                for line in lines(&statement, &schedule, records) {
                    out.write_all(line.as_bytes())?;
                }
                // as if the database took every row
                statement.rows.iter().for_each(|row| schedule.settle(row.change, Fate::Applied));
            }
        }
    }
    Ok(poison)
}

/// The two statements of a truncate, as lines of JSON.
fn truncation(change: &Tracked, records: &[Record]) -> String {
    let (raise, remove) = truncate_sql(&change.target);
    let version = text(change.event.version.as_str());
    let at = optional(change.event.changed_at.map(|at| at.to_string()).as_deref());
    let position =
        text(records.get(change.record).map(|record| record.position.as_str()).unwrap_or_default());
    let target = text(&change.target.qualified());
    let line = |sql: &str, params: String| {
        format!(
            "{{\"target\":{target},\"sql\":{},\"params\":{params},\"positions\":[{position}]}}\n",
            text(sql)
        )
    };
    let params = match change.target.delete {
        DeletePolicy::Hard => format!("[[{version}]]"),
        DeletePolicy::Tombstone | DeletePolicy::Soft => format!("[[{version}],[{at}]]"),
    };
    line(&raise, format!("[[{target}],[{version}]]")) + &line(&remove, params)
}

/// The statement as lines of JSON, two for a patch: one that reads and one that writes. What a patched document will
/// be, only the database knows; in its place stands the patch. `positions` has the record of each row.
fn lines(statement: &Statement, schedule: &Schedule, records: &[Record]) -> Vec<String> {
    let position = |row: &Row| {
        let record = schedule.change(row.change).and_then(|change| records.get(change.record));
        text(record.map(|record| record.position.as_str()).unwrap_or_default())
    };
    let target = text(&statement.target.qualified());
    let positions = list(statement, position);
    let line = |sql: &str, params: String| {
        format!(
            "{{\"target\":{target},\"sql\":{},\"params\":{params},\"positions\":{positions}}}\n",
            text(sql)
        )
    };
    match statement.action {
        Action::Upsert => vec![line(&upsert_sql(&statement.target, Layout::Managed), params(statement))],
        Action::Patch => {
            let (read, write) = patch_sql(&statement.target);
            let keys = format!("[{}]", list(statement, |row| text(&row.key)));
            vec![line(&read, keys), line(&write, params(statement))]
        }
    }
}

/// The parameters in the order of the statement's placeholders, each a list with one element a row.
fn params(statement: &Statement) -> String {
    let data = |row: &Row| match &row.patch {
        Some(change) => patch(change),
        None => row.data.clone().unwrap_or_else(|| "null".to_owned()),
    };
    let sixth = |row: &Row| match statement.action {
        Action::Upsert => row.deleted.to_string(),
        // the version that the patch rests on
        Action::Patch => "null".to_owned(),
    };
    let columns = [
        list(statement, |row| text(&row.key)),
        list(statement, |row| row.pk.clone()),
        list(statement, data),
        list(statement, |row| row.aux.clone()),
        list(statement, |row| text(&row.version)),
        list(statement, sixth),
        list(statement, |row| optional(row.changed_at.map(|at| at.to_string()).as_deref())),
    ];
    format!("[{}]", columns.join(","))
}

fn list(statement: &Statement, of: impl Fn(&Row) -> String) -> String {
    let elements: Vec<String> = statement.rows.iter().map(of).collect();
    format!("[{}]", elements.join(","))
}
