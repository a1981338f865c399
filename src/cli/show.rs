//! `rowtide show`: the rows of a target, each document merged from the columns that hold it.

use super::args::{Global, Output, ShowArgs};
use super::failure::{Ended, Failure, Status};
use super::sink::{self, Fallback, OpenDatabase};
use super::table::{Grid, whole};
use super::terminal::count;
use rowtide::error::{Code, Error, ErrorKind};
use rowtide::event::Key;
use rowtide::json::Value;
use rowtide::sink::{Database, KnownTarget, LiveRow, Shown};
use std::io::{self, Write};

/// Runs the command.
pub(super) async fn run(global: &Global, args: &ShowArgs, out: &mut impl Write) -> Ended {
    let config = sink::config(&global.and(&args.global), &args.place, Vec::new(), Fallback::Configured)?;
    let place = OpenDatabase::open(&config, &args.place).await?;
    let config = place.resolved(config).await?;
    let shown = show(&place.sink, args, &config.sink.schema, out).await;
    let closed = place.close().await;
    shown?;
    out.flush()?;
    closed.map(|()| Status::Done)
}

async fn show(sink: &Database, args: &ShowArgs, schema: &str, out: &mut impl Write) -> Result<(), Failure> {
    let target = find(sink.targets().await?, &args.table, schema)?;
    let mut table = Grid::default();
    let keys: Vec<Option<String>> = match &args.key {
        Some(typed) => keys(typed).into_iter().map(Some).collect(),
        None => vec![None],
    };
    for key in keys {
        let (selection, mut broken, mut shown) = (Shown { key, limit: args.limit }, None, 0);
        let read = sink.live_rows(&target, &selection, |row| {
            shown += 1;
            let written = match args.output {
                Output::Human => {
                    table.add(&row);
                    Ok(())
                }
                Output::Json => writeln!(out, "{}", json(&row)),
            };
            written.map_err(|error| {
                broken = Some(error);
                Error::new(ErrorKind::Unavailable, Code::Output, "The output cannot be written.")
            })
        });
        let read = read.await;
        match broken {
            Some(error) => return Err(Failure::output(&error)),
            None => read?,
        }
        if shown > 0 {
            break;
        }
    }
    if args.output == Output::Human {
        print(&table, out)?;
    }
    Ok(())
}

/// The keys that may be meant by what was typed: a key as its column shows it, or the value of its only member, which
/// may be a text that looks like a number.
pub(super) fn keys(typed: &str) -> Vec<String> {
    let text = || vec![Value::String(typed.to_owned())];
    let meant = match Value::parse(typed) {
        // a long key, as it is stored
        _ if typed.starts_with("sha256:") => return vec![typed.to_owned()],
        Ok(Value::Array(members)) => vec![members],
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => vec![vec![value], text()],
        Ok(value @ Value::String(_)) => vec![vec![value]],
        Ok(Value::Null | Value::Object(_)) | Err(_) => vec![text()],
    };
    meant.into_iter().filter_map(canonical).collect()
}

/// The canonical text of the key with these members.
fn canonical(members: Vec<Value>) -> Option<String> {
    // members are in the order of their names
    let named = members.into_iter().zip(0..).map(|(value, at)| (format!("{at:05}"), value));
    let key = Key::from_json(&Value::Object(named.collect()).to_text()).ok()?;
    Some(key.as_str().to_owned())
}

fn print(table: &Grid, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", count(table.rows(), "row"))?;
    table.print(out)
}

/// The target that is meant: by its whole name, its name in `sink.schema`, or its source.
fn find(targets: Vec<KnownTarget>, wanted: &str, schema: &str) -> Result<KnownTarget, Failure> {
    let by: [fn(&KnownTarget, &str, &str) -> bool; 4] = [
        |target, wanted, _| target.name == wanted,
        |target, wanted, schema| target.schema == schema && target.table == wanted,
        |target, wanted, _| target.source == wanted,
        |target, wanted, _| target.table == wanted,
    ];
    let found = by.iter().find_map(|is| targets.iter().find(|target| is(target, wanted, schema)));
    found.cloned().ok_or_else(|| {
        let known: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Failure::usage(format!("There is no such target. Known in rowtide_targets: {known}."))
    })
}

/// Key and document as they came; `null` where there is no document.
fn json(row: &LiveRow) -> String {
    let (key, document) = whole(row);
    let text = |value: Option<Value>| value.map_or_else(|| "null".to_owned(), |value| value.to_text());
    let deleted = if row.deleted { ",\"deleted\":true" } else { "" };
    format!("{{\"key\":{},\"document\":{}{deleted}}}", text(key), text(document))
}
