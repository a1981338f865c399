//! What `rowtide verify` prints: differences, and what came of each table.

use super::args::Output;
use super::failure::Failure;
use super::terminal::{count, printable};
use rowtide::json::quoted;
use rowtide::snapshot::{Difference, Kind, Verified};
use std::io::{self, Write};

/// Differences that people are shown of a table.
const SHOWN_MAX: u64 = 100;

/// A difference; `shown` is its number, from 1.
pub(super) fn show(
    table: &str,
    shown: u64,
    difference: &Difference,
    output: Output,
    out: &mut impl Write,
) -> io::Result<()> {
    match output {
        Output::Json => writeln!(out, "{}", json(table, difference)),
        Output::Human if shown > SHOWN_MAX => Ok(()),
        Output::Human => writeln!(out, "{} {}", printable(table), printable(&sentence(difference))),
    }
}

/// What came of a table.
pub(super) fn print(
    table: &str,
    verified: &Verified,
    output: Output,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let Verified { rows, differences, is_whole, has_more, newer } = *verified;
    match output {
        Output::Json => writeln!(
            out,
            "{{\"table\":{},\"rows\":{rows},\"differences\":{differences},\"more\":{has_more},\"whole\":{is_whole},\
             \"newer\":{newer}}}",
            quoted(table)
        )?,
        Output::Human => {
            if differences > SHOWN_MAX {
                let more = differences - SHOWN_MAX;
                writeln!(out, "{} … and {more} more: --output json has them all", printable(table))?;
            }
            let rows = count(usize::try_from(rows).unwrap_or(usize::MAX), "row");
            let of = if is_whole {
                ""
            } else {
                " (not all: rows that the target has too much were not looked for)"
            };
            let least = if has_more { "at least " } else { "" };
            let newer = if newer > 0 { format!(", {newer} newer in the target") } else { String::new() };
            writeln!(
                out,
                "{}: {rows} compared{of}, {least}{differences} different{newer}",
                printable(table)
            )?;
            if differences > 0 {
                writeln!(
                    out,
                    "  What is missing or different: `rowtide snapshot {0}` brings it; what is parked: `rowtide \
                     dead-letters redrive --table {0}`;\n  what is too much: `rowtide snapshot {0} --replace`, unless \
                     the stream wrote it.",
                    printable(table)
                )?;
            }
        }
    }
    Ok(())
}

fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Missing => "missing",
        Kind::Different(_) => "different",
        Kind::Extra => "extra",
        Kind::Unfit(_) => "unfit",
    }
}

fn json(table: &str, difference: &Difference) -> String {
    let fields = match &difference.kind {
        Kind::Different(fields) => fields.iter().map(|field| quoted(field)).collect::<Vec<_>>().join(","),
        Kind::Missing | Kind::Extra | Kind::Unfit(_) => String::new(),
    };
    let code = match &difference.kind {
        Kind::Unfit(code) => quoted(code.as_str()),
        Kind::Missing | Kind::Different(_) | Kind::Extra => "null".to_owned(),
    };
    let parked: Vec<String> = difference.parked.iter().map(ToString::to_string).collect();
    format!(
        "{{\"table\":{},\"key\":{},\"kind\":\"{}\",\"fields\":[{fields}],\"code\":{code},\"parked\":[{}]}}",
        quoted(table),
        quoted(&difference.key),
        kind(&difference.kind),
        parked.join(",")
    )
}

fn sentence(difference: &Difference) -> String {
    let mut text = format!("{}: {}", difference.key, kind(&difference.kind));
    match &difference.kind {
        Kind::Different(fields) => text.push_str(&format!(" in {}", fields.join(", "))),
        Kind::Unfit(code) => text.push_str(&format!(" ({})", code.as_str())),
        Kind::Missing | Kind::Extra => {}
    }
    if !difference.parked.is_empty() {
        let ids: Vec<String> = difference.parked.iter().map(ToString::to_string).collect();
        text.push_str(&format!(", parked as {}", ids.join(", ")));
    }
    text
}
