//! `rowtide status`: what is in the database at a glance, the screen that an operator looks at first.

use super::args::{Global, Output, StatusArgs};
use super::failure::{Ended, Failure, Status};
use super::interrupt;
use super::json::{optional, text};
use super::sink::{self, Fallback, OpenDatabase};
use super::table::write_table;
use super::terminal::{count, printable};
use rowtide::sink::{OwnTable, Parked, Rows, Status as Found, TargetStatus};
use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);
/// Clears a terminal, and goes to its first line.
const CLEAR: &[u8] = b"\x1b[2J\x1b[H";

/// Runs the command.
pub(super) async fn run(global: &Global, args: &StatusArgs, out: &mut impl Write) -> Ended {
    let config = sink::config(&global.and(&args.global), &args.place, Vec::new(), Fallback::Configured)?;
    let place = OpenDatabase::open(&config, &args.place).await?;
    let mut interrupted = interrupt::listen("");
    let looked = loop {
        let found = tokio::select! {
            biased;
            () = interrupt::first(&mut interrupted) => break Ok(Status::Done),
            found = place.sink.status() => found,
        };
        let found = match found {
            Ok(found) => found,
            Err(error) => break Err(Failure::from(error)),
        };
        if let Err(error) = print(args, &found, out) {
            break Err(Failure::from(error));
        }
        if !args.watch {
            break Ok(Status::Done);
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = interrupt::first(&mut interrupted) => break Ok(Status::Done),
        }
    };
    let closed = place.close().await;
    looked.and_then(|status| closed.map(|()| status))
}

fn print(args: &StatusArgs, found: &Found, out: &mut impl Write) -> io::Result<()> {
    match args.output {
        Output::Json => writeln!(out, "{}", json(found))?,
        Output::Human => {
            if args.watch && io::stdout().is_terminal() {
                // past what keeps the terminal from being steered
                io::stdout().write_all(CLEAR)?;
            }
            for_people(found, out)?;
        }
    }
    out.flush()
}

fn for_people(found: &Found, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}, {:.0}", found.version, found.at)?;
    if found.targets.is_empty() {
        writeln!(out, "There are no targets yet.")?;
    } else {
        let header = ["target", "rows", "deleted", "last change", "written", "lag", "parked"];
        let lines = found.targets.iter().map(|target| line(target, found));
        write_table(header.map(str::to_owned).to_vec(), lines, out)?;
    }
    for note in notes(found) {
        // a name may hold the end of a line
        writeln!(out, "{}", printable(&note))?;
    }
    Ok(())
}

fn line(status: &TargetStatus, found: &Found) -> Vec<String> {
    let name = status.target.name.clone();
    let parked = letters_of(status, found);
    let Ok(rows) = &status.rows else {
        return vec![
            name,
            "?".to_owned(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            parked,
        ];
    };
    let about = if rows.is_estimate { "~" } else { "" };
    let ago = |at: Option<jiff::Timestamp>| {
        let age = at.map(|at| found.at.duration_since(at).try_into().unwrap_or_default());
        age.map_or_else(String::new, |age| format!("{about}{} ago", shortened(age)))
    };
    vec![
        name,
        format!("{about}{}", rows.live),
        format!("{about}{}", rows.tombstones),
        ago(rows.changed_at),
        ago(rows.applied_at),
        rows.lag().map(|lag| format!("{about}{}", shortened(lag))).unwrap_or_default(),
        parked,
    ]
}

/// How many letters there are of what fills a target; nothing instead of zero.
fn letters_of(status: &TargetStatus, found: &Found) -> String {
    match parked_of(status, found).map(|parked| parked.letters).unwrap_or_default() {
        0 => String::new(),
        letters => letters.to_string(),
    }
}

fn parked_of<'f>(status: &TargetStatus, found: &'f Found) -> Option<&'f Parked> {
    found.parked.iter().find(|parked| parked.table.as_deref() == Some(&*status.target.source))
}

/// What a table has no room for, and what somebody should do.
fn notes(found: &Found) -> Vec<String> {
    let mut notes = Vec::new();
    for TargetStatus { target, rows, unfit } in &found.targets {
        let name = &target.name;
        match rows {
            Ok(rows) if rows.is_estimate => {
                notes.push(format!(
                    "{name}: not counted within two seconds, because it is large or locked; ~ are the server's estimates, times \
                     those of a sample."
                ));
            }
            Ok(_) => {}
            Err(why) => notes.push(format!("{name}: {why}")),
        }
        for (column, rows) in unfit {
            notes.push(match rows {
                Some(rows) => format!(
                    "{name}: the column {column} is null in {} whose document has a value there: it is not of the \
                     column's type.",
                    count(usize::try_from(*rows).unwrap_or(usize::MAX), "row")
                ),
                None => format!("{name}: whether the column {column} shows every value was not counted."),
            });
        }
        if let Ok(Rows { with_aux: with_aux @ 1.., is_estimate: false, .. }) = rows {
            let rows = count(usize::try_from(*with_aux).unwrap_or(usize::MAX), "row");
            notes.push(format!(
                "{name}: {rows} with values that only `aux` holds (`rowtide show` shows them)."
            ));
        }
        if let Some(horizon) = target.purge_horizon {
            notes.push(format!("{name}: tombstones are purged up to {horizon:.0}."));
        }
    }
    let is_of_target = |parked: &&Parked| {
        found.targets.iter().any(|status| parked.table.as_deref() == Some(&*status.target.source))
    };
    for Parked { table, letters, .. } in found.parked.iter().filter(|parked| !is_of_target(parked)) {
        let letters = count(usize::try_from(*letters).unwrap_or(usize::MAX), "letter");
        notes.push(match table {
            Some(table) => format!("{letters} of {table}, which has no target, are parked."),
            None => format!("{letters} of records that tell no table are parked."),
        });
    }
    if !found.parked.is_empty() {
        notes.push("`rowtide dead-letters list --open` says why records are parked.".to_owned());
    }
    for OwnTable { name, lacks, .. } in found.own_tables.iter().filter(|table| !table.lacks.is_empty()) {
        notes.push(format!(
            "{name} was made by a former version and lacks {}: who writes next adds that, where he may.",
            lacks.join(" and ")
        ));
    }
    notes
}

/// A time in the unit that says most.
fn shortened(time: Duration) -> String {
    match (time.as_secs(), time.as_millis()) {
        (0, millis) => format!("{millis} ms"),
        (seconds @ 1..120, _) => format!("{seconds} s"),
        (seconds @ 120..7_200, _) => format!("{} min", seconds / 60),
        (seconds @ 7_200..172_800, _) => format!("{} h", seconds / 3_600),
        (seconds, _) => format!("{} d", seconds / 86_400),
    }
}

fn json(found: &Found) -> String {
    let time = |at: Option<jiff::Timestamp>| optional(at.map(|at| format!("{at:.6}")).as_deref());
    let number = |count: Option<u64>| count.map_or_else(|| "null".to_owned(), |count| count.to_string());
    let target = |status: &TargetStatus| {
        let TargetStatus { target, rows, unfit } = status;
        let counted = rows.as_ref().ok();
        let whole = |count: fn(&Rows) -> u64| number(counted.map(count));
        let unfit = unfit.iter().map(|(column, rows)| format!("{}:{}", text(column), number(*rows)));
        let lag = counted.and_then(Rows::lag).map(|lag| u64::try_from(lag.as_millis()).unwrap_or(u64::MAX));
        format!(
            "{{\"target\":{},\"source\":{},\"key\":[{}],\"epoch\":{},\"rows\":{},\"tombstones\":{},\
             \"with_aux\":{},\"estimated\":{},\"changed_at\":{},\"applied_at\":{},\"lag_ms\":{},\"parked\":{},\
             \"parked_since\":{},\"purged_to\":{},\"unfit\":{{{}}},\"error\":{}}}",
            text(&target.name),
            text(&target.source),
            target.key_names.iter().map(|name| text(name)).collect::<Vec<_>>().join(","),
            target.epoch,
            whole(|rows| rows.live),
            whole(|rows| rows.tombstones),
            whole(|rows| rows.with_aux),
            counted.is_some_and(|rows| rows.is_estimate),
            time(counted.and_then(|rows| rows.changed_at)),
            time(counted.and_then(|rows| rows.applied_at)),
            number(lag),
            parked_of(status, found).map(|parked| parked.letters).unwrap_or_default(),
            time(parked_of(status, found).and_then(|parked| parked.since)),
            time(target.purge_horizon),
            unfit.collect::<Vec<_>>().join(","),
            optional(rows.as_ref().err().map(String::as_str)),
        )
    };
    let parked = |parked: &Parked| {
        let (table, since) = (optional(parked.table.as_deref()), time(parked.since));
        format!("{{\"table\":{table},\"letters\":{},\"since\":{since}}}", parked.letters)
    };
    let own = |table: &OwnTable| {
        let lacks = table.lacks.iter().map(|column| text(column)).collect::<Vec<_>>().join(",");
        format!("{{\"table\":{},\"exists\":{},\"lacks\":[{lacks}]}}", text(table.name), table.exists)
    };
    let list = |lines: Vec<String>| lines.join(",");
    format!(
        "{{\"version\":{},\"at\":{},\"targets\":[{}],\"parked\":[{}],\"own_tables\":[{}]}}",
        text(&found.version),
        time(Some(found.at)),
        list(found.targets.iter().map(target).collect()),
        list(found.parked.iter().map(parked).collect()),
        list(found.own_tables.iter().map(own).collect()),
    )
}

#[cfg(test)]
mod tests {
    use super::shortened;
    use std::time::Duration;

    #[test]
    fn a_time_has_the_unit_that_says_most() {
        let table = [(0, "0 ms"), (999, "999 ms"), (1_000, "1 s"), (119_999, "119 s"), (120_000, "2 min")];
        for (millis, expected) in table {
            assert_eq!(shortened(Duration::from_millis(millis)), expected);
        }
        assert_eq!(shortened(Duration::from_secs(7_200)), "2 h");
        assert_eq!(shortened(Duration::from_secs(200_000)), "2 d");
    }
}
