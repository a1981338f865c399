//! `rowtide dead-letters`: parked records, listed, applied once more or deleted.

use super::args::{DeadLetterAction, DeadLetterArgs, Global, Output, Selection};
use super::failure::{Ended, Failure, Status};
use super::json::{optional, text};
use super::show::keys;
use super::sink::{self, Fallback, OpenDatabase};
use super::table::{cut, fit, write_table};
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
/// Letters that people are shown unless they say how many.
const LETTERS_SHOWN: u64 = 1_000;
/// More letters do not stand on one screen: then it is said how to see fewer.
const SCREEN_LETTERS: usize = 20;
/// What a table or a key keeps in a list, whatever stands beside it.
const NAME_COLUMNS_MIN: usize = 8;
/// The same as long as a letter stands on one line; when less is left, it stands on two.
const NAME_COLUMNS: usize = 14;

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
        DeadLetterAction::List { open, limit, .. } => {
            filter.open = *open;
            list(&place.sink, &filter, *limit, selection.output, out).await
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
    each: impl AsyncFnMut(Vec<ParkedLetter>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    each_page_of(sink, filter, u64::MAX, each).await
}

/// The same of the first letters.
async fn each_page_of(
    sink: &Database,
    filter: &Filter,
    mut letters_max: u64,
    mut each: impl AsyncFnMut(Vec<ParkedLetter>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut after = 0;
    while letters_max > 0 {
        let page = i64::try_from(letters_max).unwrap_or(i64::MAX).min(LETTERS_READ);
        let letters = sink.dead_letters(filter, after, page).await?;
        let Some(last) = letters.last() else { return Ok(()) };
        after = last.id;
        letters_max -= letters.len() as u64;
        each(letters).await?;
    }
    Ok(())
}

async fn list(
    sink: &Database,
    filter: &Filter,
    limit: Option<u64>,
    output: Output,
    out: &mut impl Write,
) -> Ended {
    match output {
        Output::Json => {
            each_page_of(sink, filter, limit.unwrap_or(u64::MAX), async |letters| {
                for letter in &letters {
                    out.write_all(json(letter, sink.payload(letter).await?).as_bytes())?;
                }
                Ok(())
            })
            .await?;
        }
        Output::Human => {
            let mut listed = Listed::default();
            let most = limit.unwrap_or(LETTERS_SHOWN);
            each_page_of(sink, filter, most, async |letters| {
                letters.iter().for_each(|letter| listed.add(letter));
                Ok(())
            })
            .await?;
            if listed.lines.len() as u64 >= most {
                listed.of = sink.count_dead_letters(filter).await?;
            }
            listed.print(out)?;
        }
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

/// The columns of a list.
const COLUMNS: [&str; 8] = ["code", "id", "table", "key", "decoder", "parked at", "attempts", "redriven at"];
const TABLE: usize = 2;
const KEY: usize = 3;
const DECODER: usize = 4;
const PARKED_AT: usize = 5;
const ATTEMPTS: usize = 6;
const REDRIVEN_AT: usize = 7;
/// Which column stands above which, when a letter has no room on one line.
const PAIRS: [[usize; 2]; 4] = [[0, DECODER], [1, ATTEMPTS], [TABLE, KEY], [PARKED_AT, REDRIVEN_AT]];

/// Letters as people are shown them.
#[derive(Default)]
struct Listed {
    lines: Vec<Vec<String>>,
    /// Of each code the first.
    messages: BTreeMap<String, String>,
    /// How many there are of each code, when not all of them are shown.
    of: Vec<(String, u64)>,
}

impl Listed {
    fn add(&mut self, letter: &ParkedLetter) {
        let time = |at: jiff::Timestamp| format!("{at:.0}");
        let attempts = if letter.attempts > 1 { letter.attempts.to_string() } else { String::new() };
        self.lines.push(vec![
            letter.code.clone(),
            letter.id.to_string(),
            letter.table.clone().unwrap_or_default(),
            letter.key.clone().unwrap_or_default(),
            letter.decoder.clone().unwrap_or_default(),
            time(letter.parked_at),
            attempts,
            letter.redriven_at.map(time).unwrap_or_default(),
        ]);
        self.messages.entry(letter.code.clone()).or_insert_with(|| letter.message.clone());
    }

    fn values(&self, column: usize) -> BTreeSet<&str> {
        self.lines.iter().filter_map(|line| line.get(column)).map(String::as_str).collect()
    }

    /// What several letters have in common.
    fn common(&self, column: usize) -> Option<&str> {
        let values = self.values(column);
        let one = values.first().copied().filter(|value| !value.is_empty());
        one.filter(|_| self.lines.len() > 1 && values.len() == 1)
    }

    /// What is the same of all letters is said once behind them, and what none of them has is left out.
    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        if self.lines.is_empty() {
            return writeln!(out, "no dead letters");
        }
        let is_shown = |column: &usize| {
            let is_empty = self.values(*column).iter().all(|value| value.is_empty());
            let is_said_once = matches!(*column, TABLE | DECODER) && self.common(*column).is_some();
            // code and id are always there
            *column < TABLE || !(is_empty || is_said_once)
        };
        let shown: Vec<usize> = (0..COLUMNS.len()).filter(is_shown).collect();
        if !self.on_one_line(&shown, out)? {
            self.on_two_lines(&shown, out)?;
        }
        writeln!(out, "{}", self.total())?;
        for (code, message) in &self.messages {
            writeln!(out, "{code}: {}", cut(message, MESSAGE_CHARACTERS))?;
        }
        Ok(())
    }

    /// Whether the letters have room on one line each, and then prints them.
    fn on_one_line(&self, shown: &[usize], out: &mut impl Write) -> io::Result<bool> {
        let of = |line: &[String]| -> Vec<String> {
            shown.iter().filter_map(|column| line.get(*column)).cloned().collect()
        };
        let header = of(&COLUMNS.map(str::to_owned));
        let mut lines: Vec<Vec<String>> = self.lines.iter().map(|line| of(line)).collect();
        let names = shown.iter().enumerate().filter(|(_, column)| matches!(**column, TABLE | KEY));
        let flexible: Vec<(usize, usize)> = names.map(|(place, _)| (place, NAME_COLUMNS)).collect();
        let fits = fit(&header, &mut lines, &flexible);
        if fits {
            write_table(header, lines.into_iter(), out)?;
        }
        Ok(fits)
    }

    /// Prints each letter on two lines: half of the columns stands below the others.
    fn on_two_lines(&self, shown: &[usize], out: &mut impl Write) -> io::Result<()> {
        let pairs = PAIRS.map(|pair| pair.map(|column| shown.contains(&column).then_some(column)));
        let pairs: Vec<[Option<usize>; 2]> =
            pairs.into_iter().filter(|pair| pair.iter().any(Option::is_some)).collect();
        let title = |pair: &[Option<usize>; 2]| {
            let names = pair.iter().flatten().filter_map(|column| COLUMNS.get(*column));
            names.copied().collect::<Vec<_>>().join("\n")
        };
        let header: Vec<String> = pairs.iter().map(title).collect();
        let half = |line: &[String], below: usize| -> Vec<String> {
            let column = |pair: &[Option<usize>; 2]| pair.get(below).copied().flatten();
            let cell = |pair| column(pair).map_or_else(String::new, |column| below_another(line, column));
            pairs.iter().map(cell).collect()
        };
        let halves = self.lines.iter().flat_map(|line| [half(line, 0), half(line, 1)]);
        let mut lines: Vec<Vec<String>> =
            halves.filter(|half| half.iter().any(|cell| !cell.is_empty())).collect();
        let place_of = |column: usize| pairs.iter().position(|pair| pair.contains(&Some(column)));
        let names = place_of(TABLE).or(place_of(KEY));
        let times = place_of(PARKED_AT);
        let flexible = |least| names.into_iter().map(|place| (place, least)).collect::<Vec<_>>();
        if !fit(&header, &mut lines.clone(), &flexible(NAME_COLUMNS)) {
            let of_times = lines.iter_mut().filter_map(|line| line.get_mut(times?));
            of_times.for_each(|time| *time = without_year(time));
        }
        fit(&header, &mut lines, &flexible(NAME_COLUMNS_MIN));
        write_table(header, lines.into_iter(), out)
    }

    /// How many there are, what they have in common, and how to see fewer.
    fn total(&self) -> String {
        let shown = self.lines.len();
        let all: u64 = self.of.iter().map(|(_, letters)| letters).sum();
        let mut total = match usize::try_from(all).unwrap_or(usize::MAX) {
            all if all > shown => {
                let codes: Vec<String> =
                    self.of.iter().map(|(code, letters)| format!("{letters} {code}")).collect();
                format!("the first {shown} of {} ({})", count(all, "dead letter"), codes.join(", "))
            }
            _ => count(shown, "dead letter"),
        };
        for (column, of) in [(TABLE, "of the table"), (DECODER, "by the decoder")] {
            if let Some(value) = self.common(column) {
                total.push_str(&format!(", {of} {value}"));
            }
        }
        if shown > SCREEN_LETTERS {
            total.push_str(
                ". --table, --code, --key, --since and --open select some of them, --limit N the first",
            );
        }
        total
    }
}

/// A cell that says what it is, where another one stands above it.
fn below_another(line: &[String], column: usize) -> String {
    match line.get(column).map(String::as_str).unwrap_or_default() {
        attempts if column == ATTEMPTS && !attempts.is_empty() => format!("{attempts} attempts"),
        cell => cell.to_owned(),
    }
}

/// A time that is short of its year and its seconds.
fn without_year(time: &str) -> String {
    let (Some(day), Some(minute)) = (time.get(5..10), time.get(11..16)) else { return time.to_owned() };
    format!("{day} {minute}")
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
