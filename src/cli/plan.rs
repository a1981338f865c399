//! `rowtide plan`: the statements that would run, as data.

use super::args::{Global, PlanArgs, UNUSED, dialect, dialect_setting};
use super::failure::{Ended, Failure, Status};
use super::flows::Flows;
use super::input;
use super::json::{optional, text};
use super::terminal::{count, warn};
use rowtide::coalesce::{Fate, Schedule};
use rowtide::pipeline::{Batch, Verdict};
use rowtide::plan::{Dialect, Parameter, Preview, PreviewedColumns, plan};
use rowtide::record::Record;
use rowtide::route::Target;
use std::collections::BTreeSet;
use std::io::Write;

/// Runs the command.
pub(super) fn run(global: &Global, args: &PlanArgs, out: &mut impl Write) -> Ended {
    let mut settings = args.input.settings();
    settings.extend(dialect_setting(args.dialect));
    let config = global.and(&args.input.global).config(settings, &UNUSED)?;
    let mut planned = Planned {
        dialect: dialect(&config),
        columns: PreviewedColumns::new(),
        refused: BTreeSet::new(),
        poison: 0,
    };
    let batches = input::open(&args.input, &config.aws)?;
    let mut flows = Flows::new(config)?;
    for batch in batches {
        let batch = match batch {
            Ok(batch) => batch,
            Err(failure) => {
                out.flush()?;
                return Err(failure);
            }
        };
        let records = &batch.envelope.records;
        let flow = flows.of(&batch, &[])?;
        planned.print(flow.batch(records), records, out)?;
    }
    out.flush()?;
    planned.refused.iter().for_each(|why| warn(why));
    if planned.poison > 0 {
        warn(&format!("{} would be parked; `rowtide decode` says why.", count(planned.poison, "record")));
    }
    Ok(Status::Done)
}

/// What was planned so far.
struct Planned {
    dialect: Dialect,
    columns: PreviewedColumns,
    /// Why the database cannot do what some records say.
    refused: BTreeSet<String>,
    /// How many records are poison.
    poison: usize,
}

impl Planned {
    /// Prints the statements of a batch.
    fn print(
        &mut self,
        mut batch: Batch<'_>,
        records: &[Record],
        out: &mut impl Write,
    ) -> Result<(), Failure> {
        let position = |record: usize| records.get(record).map(|record| record.position.as_str());
        while let Some(chunk) = batch.chunk() {
            if let Some(failure) = chunk.stops_first() {
                out.flush()?;
                return Err(Failure::from(failure));
            }
            self.poison += chunk
                .verdicts
                .iter()
                .filter(|(_, verdict)| matches!(verdict, Verdict::Poison(..) | Verdict::Fault(..)))
                .count();
            for change in &chunk.truncates {
                let (target, event) = (&change.target, &change.event);
                match self.dialect.preview_truncate(target, event.version.as_str(), event.changed_at) {
                    Ok(previews) => {
                        for preview in previews {
                            let positions = std::iter::once(position(change.origin.record));
                            out.write_all(line(target, &preview, positions).as_bytes())?;
                        }
                    }
                    Err(why) => drop(self.refused.insert(why.message().to_owned())),
                }
            }
            let mut schedule = Schedule::new(chunk.changes);
            loop {
                let wave = schedule.wave();
                if wave.is_empty() {
                    break;
                }
                for write in plan(&schedule, &wave) {
                    for preview in self.dialect.preview(&write, &mut self.columns)? {
                        let changes = preview.changes.iter().map(|index| schedule.change(*index));
                        let positions = changes.map(|change| position(change?.origin.record));
                        out.write_all(line(&write.target, &preview, positions).as_bytes())?;
                    }
                    // as if the database took every row
                    write.rows.iter().for_each(|row| schedule.settle(row.change, Fate::Applied));
                }
            }
        }
        Ok(())
    }
}

/// A statement as a line of JSON. `positions` has the record of each row.
fn line<'r>(target: &Target, preview: &Preview, positions: impl Iterator<Item = Option<&'r str>>) -> String {
    let positions: Vec<String> = positions.map(|position| text(position.unwrap_or_default())).collect();
    format!(
        "{{\"target\":{},\"sql\":{},\"params\":{},\"positions\":[{}]}}\n",
        text(&target.qualified()),
        text(&preview.sql),
        params(&preview.runs),
        positions.join(",")
    )
}

/// For each placeholder what stands for it, row by row: the elements of an array, or one for each run.
fn params(runs: &[Vec<Parameter<'_>>]) -> String {
    let placeholders = 0..runs.first().map_or(0, Vec::len);
    let of_each = placeholders.map(|at| list(runs.iter().filter_map(|run| run.get(at)).flat_map(rows)));
    format!("[{}]", of_each.collect::<Vec<_>>().join(","))
}

/// The rows that a parameter is of.
fn rows<'p>(parameter: &'p Parameter<'_>) -> &'p [Parameter<'p>] {
    if let Parameter::List(elements) = parameter { elements } else { std::slice::from_ref(parameter) }
}

fn list<'p>(parameters: impl IntoIterator<Item = &'p Parameter<'p>>) -> String {
    let elements: Vec<String> = parameters.into_iter().map(json).collect();
    format!("[{}]", elements.join(","))
}

fn json(parameter: &Parameter<'_>) -> String {
    let null = || "null".to_owned();
    match parameter {
        Parameter::Text(value) => optional(value.as_deref()),
        Parameter::Json(value) => value.as_deref().map_or_else(null, str::to_owned),
        Parameter::Bool(value) => value.to_string(),
        Parameter::Number(value) => value.map_or_else(null, |value| value.to_string()),
        Parameter::Moment(at) => optional(at.map(|at| at.to_string()).as_deref()),
        Parameter::Member(value) => value.to_text(),
        Parameter::List(elements) => list(elements),
    }
}
