//! `rowtide plan`: the statements that would run, as data.

use super::args::{Global, PlanArgs, dialect, dialect_setting};
use super::decode::{optional, patch, text};
use super::failure::{Failure, Status};
use super::{Ended, count, input, warn};
use rowtide::coalesce::{Fate, Schedule};
use rowtide::pipeline::{Batch, Flow, Verdict};
use rowtide::plan::{
    Action, Columns, Dialect, Layout, Row, Statement, cratedb, patch_sql, plan, truncate_sql, upsert_sql,
};
use rowtide::policy::DeletePolicy;
use rowtide::record::Record;
use rowtide::route::RoutedChange;
use std::collections::HashMap;
use std::io::Write;

/// Settings of a server that planning does not ask, and that must not make it fail.
pub(super) const UNUSED: [&str; 3] = ["sink.url", "sink.tls", "sink.tls_root_cert"];

/// Runs the command.
pub(super) fn run(global: &Global, args: &PlanArgs, out: &mut impl Write) -> Ended {
    let mut settings = args.input.settings();
    settings.extend(dialect_setting(args.dialect));
    let config = global.and(&args.input.global).config(settings, &UNUSED)?;
    let mut writer = match dialect(&config) {
        Dialect::Postgres => Writer::Postgres,
        Dialect::Cratedb => Writer::Cratedb(HashMap::new()),
    };
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
        poison += print(&mut writer, flow.batch(&batch.envelope.records), &batch.envelope.records, out)?;
    }
    out.flush()?;
    if poison > 0 {
        warn(&format!("{} would be parked; `rowtide decode` says why.", count(poison, "record")));
    }
    Ok(Status::Done)
}

/// Prints the statements of a batch; how many of its records are poison.
fn print(
    writer: &mut Writer,
    mut batch: Batch<'_>,
    records: &[Record],
    out: &mut impl Write,
) -> Result<usize, Failure> {
    let mut poison = 0;
    while let Some(chunk) = batch.chunk() {
        if let Some(failure) = chunk.stops_first() {
            out.flush()?;
            return Err(Failure::from(failure));
        }
        poison += chunk
            .verdicts
            .iter()
            .filter(|(_, verdict)| matches!(verdict, Verdict::Poison(..) | Verdict::Fault(..)))
            .count();
        for change in &chunk.truncates {
            out.write_all(truncation(change, records).as_bytes())?;
        }
        let mut schedule = Schedule::new(chunk.changes);
        loop {
            let wave = schedule.wave();
            if wave.is_empty() {
                break;
            }
            for statement in plan(writer.dialect(), &schedule, &wave) {
                for line in writer.lines(&statement, &schedule, records)? {
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
fn truncation(change: &RoutedChange, records: &[Record]) -> String {
    let (raise, remove) = truncate_sql(&change.target);
    let version = text(change.event.version.as_str());
    let at = optional(change.event.changed_at.map(|at| at.to_string()).as_deref());
    let position =
        text(records.get(change.origin.record).map(|record| record.position.as_str()).unwrap_or_default());
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

/// Who says the statements, and what it remembers.
enum Writer {
    Postgres,
    /// The columns of each target, as if there had been none before the first record.
    Cratedb(HashMap<String, Columns>),
}

impl Writer {
    fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres => Dialect::Postgres,
            Self::Cratedb(_) => Dialect::Cratedb,
        }
    }

    /// The statement as lines of JSON. `positions` has the record of each row.
    fn lines(
        &mut self,
        statement: &Statement,
        schedule: &Schedule,
        records: &[Record],
    ) -> Result<Vec<String>, Failure> {
        let page = Page { statement, schedule, records };
        Ok(match self {
            Self::Postgres => page.postgres(),
            Self::Cratedb(columns) => page.cratedb(columns)?,
        })
    }
}

/// A statement to print, and where its rows come from.
struct Page<'p> {
    statement: &'p Statement,
    schedule: &'p Schedule,
    records: &'p [Record],
}

impl Page<'_> {
    fn line<'r>(&self, sql: &str, params: &str, rows: impl Iterator<Item = &'r Row>) -> String {
        let position = |row: &Row| {
            let record =
                self.schedule.change(row.change).and_then(|change| self.records.get(change.origin.record));
            text(record.map(|record| record.position.as_str()).unwrap_or_default())
        };
        let target = text(&self.statement.target.qualified());
        let positions: Vec<String> = rows.map(position).collect();
        format!(
            "{{\"target\":{target},\"sql\":{},\"params\":{params},\"positions\":[{}]}}\n",
            text(sql),
            positions.join(",")
        )
    }

    /// Two lines for a patch: one that reads and one that writes. What a patched document will be, only the database
    /// knows; in its place stands the patch.
    fn postgres(&self) -> Vec<String> {
        let statement = self.statement;
        let rows = || statement.rows.iter();
        match statement.action {
            Action::Upsert => {
                vec![self.line(&upsert_sql(&statement.target, Layout::Managed), &params(statement), rows())]
            }
            Action::Patch => {
                let (read, write) = patch_sql(&statement.target);
                let keys = format!("[{}]", list(rows(), |row| text(&row.key)));
                vec![self.line(&read, &keys, rows()), self.line(&write, &params(statement), rows())]
            }
        }
    }

    /// The columns that are added first, then the upsert with the placeholders of one row; it is sent with as many
    /// rows as fit. `$1` is the time of writing, which nobody knows yet.
    fn cratedb(&self, known: &mut HashMap<String, Columns>) -> Result<Vec<String>, Failure> {
        let statement = self.statement;
        let target = &cratedb::named(&statement.target);
        let name = target.qualified();
        let before = match known.get(&name) {
            Some(columns) => columns.clone(),
            None => cratedb::fresh_columns(target)?,
        };
        let mut columns = before.clone();
        let removes = |row: &&Row| row.deleted && target.delete == DeletePolicy::Hard;
        let mut placed = Vec::new();
        for row in statement.rows.iter().filter(|row| !removes(row) && row.patch.is_none()) {
            let parts = columns.place(&row.pk, row.data.as_deref(), cratedb::budget(target));
            let (pk, data, aux) =
                (parts.pk.into_owned(), parts.data.map(String::from), parts.aux.into_owned());
            placed.push(Row { pk, data, aux, ..row.clone() });
        }
        let added = columns.added_since(&before);
        known.insert(name, columns);
        let storage = cratedb::table(target, Layout::Managed);
        let mut lines: Vec<String> = cratedb::add_columns(&storage, &added)
            .iter()
            .map(|sql| self.line(sql, "[]", std::iter::empty()))
            .collect();
        if !placed.is_empty() {
            let sql = cratedb::upsert_sql(target, Layout::Managed, &[], 1);
            let nothing = list(placed.iter(), |_| "null".to_owned());
            let rows = placed.iter().map(|row| (row, row.deleted.to_string()));
            let params = format!("[{nothing},{}]", value_lists(rows, |row| row.data.clone()));
            lines.push(self.line(&sql, &params, placed.iter()));
        }
        for row in statement.rows.iter().filter(removes) {
            let [read, delete] = cratedb::hard_delete_sql(target);
            let key = text(&row.key);
            lines.push(self.line(&read, &format!("[[{key}]]"), std::iter::once(row)));
            // sequence number and term are those that were read
            lines.push(self.line(&delete, &format!("[[{key}],[null],[null]]"), std::iter::once(row)));
        }
        for row in statement.rows.iter().filter(|row| row.patch.is_some()) {
            let [read, insert, _] = cratedb::patch_sql(target);
            let at = optional(row.changed_at.map(|at| at.to_string()).as_deref());
            let change = row.patch.as_ref().map_or_else(|| "null".to_owned(), patch);
            lines.push(self.line(&read, &format!("[[{}]]", text(&row.key)), std::iter::once(row)));
            let params = format!(
                "[[{}],[{}],[{change}],[{}],[{}],[{at}],[null]]",
                text(&row.key),
                row.pk,
                row.aux,
                text(&row.version)
            );
            lines.push(self.line(&insert, &params, std::iter::once(row)));
        }
        Ok(lines)
    }
}

/// The parameters in the order of the statement's placeholders, each a list with one element a row.
fn params(statement: &Statement) -> String {
    let sixth = |row: &Row| match statement.action {
        Action::Upsert => row.deleted.to_string(),
        // the version that the patch rests on
        Action::Patch => "null".to_owned(),
    };
    let rows = statement.rows.iter().map(|row| (row, sixth(row)));
    format!("[{}]", value_lists(rows, |row| row.patch.as_ref().map(patch).or_else(|| row.data.clone())))
}

fn value_lists<'r>(
    rows: impl Iterator<Item = (&'r Row, String)> + Clone,
    data: impl Fn(&Row) -> Option<String>,
) -> String {
    let all = || rows.clone().map(|(row, _)| row);
    let columns = [
        list(all(), |row| text(&row.key)),
        list(all(), |row| row.pk.clone()),
        list(all(), |row| data(row).unwrap_or_else(|| "null".to_owned())),
        list(all(), |row| row.aux.clone()),
        list(all(), |row| text(&row.version)),
        format!("[{}]", rows.clone().map(|(_, sixth)| sixth).collect::<Vec<_>>().join(",")),
        list(all(), |row| optional(row.changed_at.map(|at| at.to_string()).as_deref())),
    ];
    columns.join(",")
}

fn list<'r>(rows: impl Iterator<Item = &'r Row>, of: impl Fn(&Row) -> String) -> String {
    let elements: Vec<String> = rows.map(of).collect();
    format!("[{}]", elements.join(","))
}
