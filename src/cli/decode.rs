//! `rowtide decode`: what the records are taken for, before any route.

use super::args::{Global, InputArgs, UNUSED};
use super::failure::{Ended, Failure, Status};
use super::flows::Flows;
use super::input;
use super::json::{optional, text};
use rowtide::decode::Reason;
use rowtide::error::Error;
use rowtide::event::{Change, Key};
use rowtide::pipeline::{Batch, Chunk, Verdict};
use rowtide::policy::{RoutePolicy, Truncate};
use rowtide::record::Record;
use rowtide::route::{RecordRef, RoutedChange};
use std::collections::BTreeMap;
use std::io::Write;

/// Runs the command.
pub(super) fn run(global: &Global, args: &InputArgs, out: &mut impl Write) -> Ended {
    let mut config = global.and(&args.global).config(args.settings(), &UNUSED)?;
    // routes come behind decoding: every table is shown, with every field, but what decoders must be told is kept
    let told = |route: &RoutePolicy| RoutePolicy {
        from: route.from.clone(),
        source: route.source.clone(),
        key: route.key.clone(),
        keyless: route.keyless,
        images: route.images,
        truncate: Truncate::Apply,
        ..RoutePolicy::default()
    };
    config.routes = config.routes.iter().chain([&RoutePolicy::default()]).map(told).collect();
    let batches = input::open(args, &config.aws)?;
    let mut flows = Flows::new(config)?;
    for batch in batches {
        let batch = match batch {
            Ok(batch) => batch,
            Err(failure) => {
                out.flush()?;
                return Err(failure);
            }
        };
        let flow = flows.of(&batch, &[])?;
        print(flow.batch(&batch.envelope.records), &batch.envelope.records, out)?;
    }
    out.flush()?;
    Ok(Status::Done)
}

fn print(mut batch: Batch<'_>, records: &[Record], out: &mut impl Write) -> Result<(), Failure> {
    while let Some(chunk) = batch.chunk() {
        let failure = chunk.stops_first();
        if failure.is_none() || chunk.failure.is_some() {
            for line in lines(&chunk, records) {
                out.write_all(line.as_bytes())?;
            }
        }
        if let Some(failure) = failure {
            out.flush()?;
            return Err(Failure::from(failure));
        }
    }
    Ok(())
}

/// The lines of a chunk, in the order of its records.
fn lines(chunk: &Chunk, records: &[Record]) -> Vec<String> {
    let mut lines: Vec<(u32, (usize, String))> = Vec::new();
    let frame = |record: usize, body: String| {
        let position = records.get(record).map(|record| record.position.as_str()).unwrap_or_default();
        (record, format!("{{\"position\":{},{body}}}\n", text(position)))
    };
    let mut count: BTreeMap<usize, usize> = BTreeMap::new();
    let changes = || chunk.changes.iter().chain(&chunk.truncates);
    let origins =
        changes().map(|change| change.origin).chain(chunk.verdicts.iter().map(|(origin, _)| *origin));
    origins.for_each(|origin| *count.entry(origin.record).or_default() += 1);
    // the only thing that a record says needs no number
    let sub = |origin: &RecordRef| (count.get(&origin.record) > Some(&1)).then_some(origin.sub);
    for change in changes() {
        lines.push((change.origin.sub, frame(change.origin.record, event(change, sub(&change.origin)))));
    }
    for (origin, verdict) in &chunk.verdicts {
        let mut body = format!("\"decoder\":{},", optional(origin.decoder));
        body.push_str(&match verdict {
            Verdict::Ignored(reason) => ignored(*reason),
            Verdict::Poison(error, _) => refusal("poison", error),
            Verdict::Fault(error, _) => refusal("fault", error),
        });
        if let Some(sub) = sub(origin) {
            body.push_str(&format!(",\"sub\":{sub}"));
        }
        lines.push((origin.sub, frame(origin.record, body)));
    }
    lines.sort_by_key(|(sub, (record, _))| (*record, *sub));
    lines.into_iter().map(|(_, (_, line))| line).collect()
}

fn event(change: &RoutedChange, sub: Option<u32>) -> String {
    let event = &change.event;
    let op = event.change.name();
    let document = match &event.change {
        Change::Put(document) => document.to_json(),
        Change::Patch(change) => change.to_json(),
        Change::Delete(_) | Change::Truncate => "null".to_owned(),
    };
    let key = event.key.as_ref().map_or_else(|| "null".to_owned(), Key::to_json);
    let changed_at = event.changed_at.map(|at| at.to_string());
    let mut line = format!(
        "\"table\":{},\"op\":\"{op}\",\"key\":{key},\"document\":{document},\"version\":{},\"changed_at\":{},\
         \"decoder\":{}",
        text(&event.table),
        text(event.version.as_str()),
        optional(changed_at.as_deref()),
        optional(change.origin.decoder),
    );
    if let Some(sub) = sub {
        line.push_str(&format!(",\"sub\":{sub}"));
    }
    if let Some(actor) = &event.actor {
        line.push_str(&format!(",\"actor\":{}", text(actor)));
    }
    line
}

fn ignored(reason: Reason) -> String {
    format!("\"ignored\":\"{reason}\"")
}

fn refusal(word: &str, error: &Error) -> String {
    format!(
        "\"{word}\":{{\"code\":{},\"message\":{}}}",
        text(error.code().as_str()),
        text(&error.to_string())
    )
}
