//! `rowtide dead-letters`: parked records, listed, applied once more or deleted.

use super::args::{DeadLetterAction, DeadLetterArgs, Global, Output, Selection};
use super::failure::{Ended, Failure, Status};
use super::json::{optional, text};
use super::show::keys;
use super::sink::{self, Fallback, OpenDatabase};
use super::table::{cut, write_table};
use super::terminal::{count, printable};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rowtide::config::Config;
use rowtide::decode::Settings;
use rowtide::decoders::Decoders;
use rowtide::redrive::{RedriveOutcome, redrive};
use rowtide::sink::{Database, Filter, ParkedLetter};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Letters read at once: their payloads are held together.
const LETTERS_READ: i64 = 100;
/// Characters of a message that people are shown.
const MESSAGE_CHARACTERS: usize = 300;

/// Runs the command.
pub(super) async fn run(global: &Global, args: &DeadLetterArgs, out: &mut impl Write) -> Ended {
    let selection = args.action.selection();
    let mut filter = filter(selection);
    match &args.action {
        DeadLetterAction::Discard { all: false, .. } if !filter.selects() => {
            return Err(Failure::usage("Say which dead letters to discard, or --all."));
        }
        DeadLetterAction::Show { .. } if !filter.selects() => {
            return Err(Failure::usage(
                "Say which dead letters to show; `rowtide dead-letters list` has them all.",
            ));
        }
        DeadLetterAction::List { .. }
        | DeadLetterAction::Show { .. }
        | DeadLetterAction::Redrive { .. }
        | DeadLetterAction::Discard { .. } => {}
    }
    let given = global.and(&selection.global);
    let config = sink::config(&given, &selection.place, Vec::new(), Fallback::Configured)?;
    let mut place = OpenDatabase::open(&config, &selection.place).await?;
    let config = place.resolved(config).await?;
    let ended = match &args.action {
        DeadLetterAction::List { open, .. } => {
            filter.open = *open;
            list(&place.sink, &filter, selection.output, out).await
        }
        DeadLetterAction::Show { .. } => show(&place.sink, &filter, selection.output, out).await,
        DeadLetterAction::Redrive { force, decoder, .. } => {
            if !force {
                place.sink = place.sink.checking_horizon();
            }
            let decoder = decoder.as_deref().or(given.given("source.decoder"));
            if let Some(name) = decoder {
                Decoders::named(name, &Settings::default())?;
            }
            redrive_selected(&config, &place.sink, &filter, decoder, selection.output, out).await
        }
        DeadLetterAction::Discard { .. } => discard(&place.sink, &filter, selection.output, out).await,
    };
    let flushed = out.flush();
    let closed = place.close().await;
    let status = ended?;
    flushed?;
    closed.map(|()| status)
}

fn filter(selection: &Selection) -> Filter {
    Filter {
        table: selection.table.clone(),
        code: selection.code.clone(),
        // a number is not quoted: that it is a text can be said with quotes
        key: selection.key.as_deref().and_then(|typed| keys(typed).into_iter().next()),
        since: selection.since,
        ids: (!selection.ids.is_empty()).then(|| selection.ids.clone()),
        open: false,
    }
}

/// Calls `each` with every letter that `filter` selects, page by page.
async fn each_page(
    sink: &Database,
    filter: &Filter,
    mut each: impl AsyncFnMut(Vec<ParkedLetter>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut after = 0;
    loop {
        let letters = sink.dead_letters(filter, after, LETTERS_READ).await?;
        let Some(last) = letters.last() else { return Ok(()) };
        after = last.id;
        each(letters).await?;
    }
}

async fn list(sink: &Database, filter: &Filter, output: Output, out: &mut impl Write) -> Ended {
    let mut lines = Vec::new();
    // of each code the first
    let mut messages: BTreeMap<String, String> = BTreeMap::new();
    each_page(sink, filter, async |letters| {
        for letter in &letters {
            match output {
                Output::Json => out.write_all(json(letter, sink.payload(letter).await?).as_bytes())?,
                Output::Human => {
                    lines.push(line(letter));
                    messages.entry(letter.code.clone()).or_insert_with(|| letter.message.clone());
                }
            }
        }
        Ok(())
    })
    .await?;
    if output == Output::Human {
        print_list(&lines, &messages, out)?;
    }
    Ok(Status::Done)
}

async fn show(sink: &Database, filter: &Filter, output: Output, out: &mut impl Write) -> Ended {
    let mut shown = 0;
    each_page(sink, filter, async |letters| {
        for letter in &letters {
            shown += 1;
            match output {
                Output::Json => out.write_all(json(letter, sink.payload(letter).await?).as_bytes())?,
                Output::Human => whole(letter, sink.payload(letter).await?, out)?,
            }
        }
        Ok(())
    })
    .await?;
    if shown == 0 {
        return Err(Failure::broken("There is no such dead letter."));
    }
    Ok(Status::Done)
}

/// A letter for people, nothing cut: the payload as text where it is text, else in base64.
fn whole(letter: &ParkedLetter, payload: Option<Vec<u8>>, out: &mut impl Write) -> io::Result<()> {
    let time = |at: jiff::Timestamp| format!("{at:.6}");
    let lines = [
        ("id", Some(letter.id.to_string())),
        ("parked at", Some(time(letter.parked_at))),
        ("code", Some(letter.code.clone())),
        ("message", Some(letter.message.clone())),
        ("table", letter.table.clone()),
        ("key", letter.key.clone()),
        ("source", Some(letter.source.clone())),
        ("position", Some(letter.position.clone())),
        ("sequence number", letter.sequence_number.clone()),
        ("event in record", Some(letter.sub.to_string())),
        ("event id", letter.event_id.clone()),
        ("partition key", letter.partition_key.clone()),
        ("arrived at", letter.arrived_at.map(time)),
        ("epoch", Some(letter.epoch.to_string())),
        ("decoder", letter.decoder.clone()),
        ("attempts", Some(letter.attempts.to_string())),
        ("redriven at", letter.redriven_at.map(time)),
        ("payload sha256", Some(letter.payload_sha256.clone())),
    ];
    for (name, value) in lines.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        writeln!(out, "{name:<16} {}", printable(value))?;
    }
    match payload.as_deref().map(|payload| (payload, std::str::from_utf8(payload))) {
        Some((_, Ok(payload))) => writeln!(out, "payload\n{}\n", printable(payload)),
        Some((payload, Err(_))) => writeln!(out, "payload (base64)\n{}\n", STANDARD.encode(payload)),
        None => writeln!(out, "payload          not kept (dead_letters.payload = \"none\")\n"),
    }
}

/// The columns of a list, and how wide each may be.
const COLUMNS: [(&str, usize); 8] = [
    ("code", 24),
    ("id", 20),
    ("table", 24),
    ("key", 24),
    ("decoder", 20),
    ("parked at", 20),
    ("attempts", 20),
    ("redriven at", 20),
];

fn line(letter: &ParkedLetter) -> [String; COLUMNS.len()] {
    let time = |at: jiff::Timestamp| format!("{at:.0}");
    let attempts = if letter.attempts > 1 { letter.attempts.to_string() } else { String::new() };
    let cells = [
        letter.code.clone(),
        letter.id.to_string(),
        letter.table.clone().unwrap_or_default(),
        letter.key.clone().unwrap_or_default(),
        letter.decoder.clone().unwrap_or_default(),
        time(letter.parked_at),
        attempts,
        letter.redriven_at.map(time).unwrap_or_default(),
    ];
    let mut widths = COLUMNS.iter().map(|(_, width)| *width);
    cells.map(|cell| cut(&cell, widths.next().unwrap_or_default()))
}

/// What is the same of all letters is said once behind them, and what none of them has is left out.
fn print_list(
    lines: &[[String; COLUMNS.len()]],
    messages: &BTreeMap<String, String>,
    out: &mut impl Write,
) -> io::Result<()> {
    if lines.is_empty() {
        return writeln!(out, "no dead letters");
    }
    let values =
        |column: usize| lines.iter().filter_map(move |line| line.get(column)).collect::<BTreeSet<_>>();
    let of_all = |column: usize| lines.len() > 1 && values(column).len() == 1;
    let is_shown = |column: &usize| {
        let is_empty = values(*column).iter().all(|value| value.is_empty());
        // code and id are always there
        *column < 2 || !(is_empty || (of_all(*column) && matches!(*column, 2 | 4)))
    };
    let shown: Vec<usize> = (0..COLUMNS.len()).filter(is_shown).collect();
    let header = shown.iter().filter_map(|column| COLUMNS.get(*column)).map(|(name, _)| (*name).to_owned());
    let cells =
        |line: &[String; COLUMNS.len()]| shown.iter().filter_map(|at| line.get(*at)).cloned().collect();
    write_table(header.collect(), lines.iter().map(cells), out)?;
    let mut total = count(lines.len(), "dead letter");
    for (column, of) in [(2, "of the table"), (4, "by the decoder")] {
        if let (true, Some(value)) =
            (of_all(column), values(column).first().filter(|value| !value.is_empty()))
        {
            total.push_str(&format!(", {of} {value}"));
        }
    }
    writeln!(out, "{total}")?;
    for (code, message) in messages {
        writeln!(out, "{code}: {}", cut(message, MESSAGE_CHARACTERS))?;
    }
    Ok(())
}

/// A letter with the columns of its table, the payload in base64.
fn json(letter: &ParkedLetter, payload: Option<Vec<u8>>) -> String {
    let time = |at: jiff::Timestamp| format!("{at:.6}");
    let payload = payload.map(|payload| STANDARD.encode(payload));
    let members = [
        ("id", letter.id.to_string()),
        ("parked_at", text(&time(letter.parked_at))),
        ("source", text(&letter.source)),
        ("position", text(&letter.position)),
        ("sequence_number", optional(letter.sequence_number.as_deref())),
        ("sub", letter.sub.to_string()),
        ("event_id", optional(letter.event_id.as_deref())),
        ("partition_key", optional(letter.partition_key.as_deref())),
        ("arrived_at", optional(letter.arrived_at.map(time).as_deref())),
        ("epoch", letter.epoch.to_string()),
        ("decoder", optional(letter.decoder.as_deref())),
        ("table", optional(letter.table.as_deref())),
        ("key", optional(letter.key.as_deref())),
        ("code", text(&letter.code)),
        ("message", text(&letter.message)),
        ("payload", optional(payload.as_deref())),
        ("payload_sha256", text(&letter.payload_sha256)),
        ("attempts", letter.attempts.to_string()),
        ("redriven_at", optional(letter.redriven_at.map(time).as_deref())),
    ];
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}\n", members.join(","))
}

async fn redrive_selected(
    config: &Config,
    sink: &Database,
    filter: &Filter,
    decoder: Option<&str>,
    output: Output,
    out: &mut impl Write,
) -> Ended {
    let (mut durable, mut total) = (0, 0);
    let mut written = Ok(());
    let redriven = redrive(config, sink, filter, decoder, |letter| {
        total += 1;
        durable += usize::from(letter.fate.is_durable());
        let line = match output {
            Output::Json => format!(
                "{{\"id\":{},\"table\":{},\"key\":{},\"outcome\":\"{}\"}}",
                letter.id,
                optional(letter.table.as_deref()),
                optional(letter.key.as_deref()),
                letter.fate.as_str()
            ),
            Output::Human => format!("{}: {}", letter.id, explain(&letter.fate)),
        };
        // what is parked is worth more than the line about it
        if written.is_ok() {
            written = writeln!(out, "{line}");
        }
    });
    let redriven = redriven.await;
    if output == Output::Human && written.is_ok() {
        written = writeln!(out, "{durable} of {} redriven", count(total, "dead letter"));
    }
    redriven?;
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ if durable == total => Ok(Status::Done),
        _ => Ok(Status::Failed),
    }
}

fn explain(fate: &RedriveOutcome) -> String {
    match fate {
        RedriveOutcome::Ignored(reason) => {
            format!("left out by its route ({reason}); discard it if that is right")
        }
        RedriveOutcome::Parked => "refused once more, stays parked".to_owned(),
        RedriveOutcome::Waiting => "not tried: an older change of the same key was refused".to_owned(),
        RedriveOutcome::NoPayload => {
            "parked without its payload; discard it, and replay it from the source".to_owned()
        }
        RedriveOutcome::TooOld(error) => format!("not tried: {error}"),
        RedriveOutcome::Unreadable(error) => format!("not tried, this configuration cannot read it: {error}"),
        RedriveOutcome::Applied | RedriveOutcome::Stale => fate.as_str().to_owned(),
    }
}

async fn discard(sink: &Database, filter: &Filter, output: Output, out: &mut impl Write) -> Ended {
    let mut discarded = 0;
    each_page(sink, filter, async |letters| {
        let ids: Vec<i64> = letters.iter().map(|letter| letter.id).collect();
        discarded += sink.discard(&ids).await?;
        Ok(())
    })
    .await?;
    match output {
        Output::Json => writeln!(out, "{{\"discarded\":{discarded}}}")?,
        Output::Human => {
            let discarded = usize::try_from(discarded).unwrap_or(usize::MAX);
            writeln!(out, "{} discarded", count(discarded, "dead letter"))?;
        }
    }
    Ok(Status::Done)
}
