//! `rowtide status`: what is in the database at a glance, the screen that an operator looks at first.

use super::args::{Global, Output, StatusArgs};
use super::failure::{Ended, Failure, Status};
use super::interrupt;
use super::json::{optional, text};
use super::sink::{self, Fallback, OpenDatabase};
use super::table::{fit, write_table};
use super::terminal::{count, printable};
use rowtide::config::Ddl;
use rowtide::route::{DEAD_LETTERS, MERGED, REGISTRY};
use rowtide::sink::{
    Hindrance, Home, KnownTarget, OwnTable, Parked, PossibleTarget, Rows, Status as Found, TargetStatus,
    Unread,
};
use std::collections::HashSet;
use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);
/// Clears a terminal, and goes to its first line.
const CLEAR: &[u8] = b"\x1b[2J\x1b[H";
/// What a name keeps of itself, however wide the numbers beside it are.
const NAME_COLUMNS_MIN: usize = 12;
/// Of more source tables than these it is only said how many have parked records.
const PARKED_TABLES: usize = 10;

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
        if let Err(error) = print(args, &found, config.sink.ddl, out) {
            break Err(Failure::from(error));
        }
        if let Some(failure) = missing_schema(&found.home) {
            break Err(failure);
        }
        if !args.watch {
            break Ok(if found.unread.is_empty() { Status::Done } else { Status::Failed });
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = interrupt::first(&mut interrupted) => break Ok(Status::Done),
        }
    };
    let closed = place.close().await;
    looked.and_then(|status| closed.map(|()| status))
}

/// The schema is not there, and nobody but a person makes it.
fn missing_schema(home: &Home) -> Option<Failure> {
    if home.exists || home.comes_by_itself {
        return None;
    }
    let others = elsewhere(home).map_or_else(String::new, |others| format!(" {others}"));
    Some(Failure::usage(format!(
        "The database has no schema {}: create it, or set sink.schema to another one.{others}",
        home.schema
    )))
}

/// Where else there are targets, when there are none here.
fn elsewhere(home: &Home) -> Option<String> {
    let listed = home.others.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if home.others.len() > 5 { " and others" } else { "" };
    match home.others.len() {
        0 => None,
        1 => Some(format!("There is a {REGISTRY} in the schema {listed}.")),
        _ => Some(format!("There is a {REGISTRY} in each of the schemas {listed}{more}.")),
    }
}

fn print(args: &StatusArgs, found: &Found, ddl: Ddl, out: &mut impl Write) -> io::Result<()> {
    match args.output {
        Output::Json => writeln!(out, "{}", json(found))?,
        Output::Human => {
            if args.watch && io::stdout().is_terminal() {
                // past what keeps the terminal from being steered
                io::stdout().write_all(CLEAR)?;
            }
            for_people(found, ddl, out)?;
        }
    }
    out.flush()
}

fn for_people(found: &Found, ddl: Ddl, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}, schema {}, {:.0}", found.version, printable(&found.home.schema), found.at)?;
    match found.targets.as_deref() {
        Some([]) if found.home.exists => writeln!(out, "There are no targets yet.")?,
        Some([]) if found.home.comes_by_itself => {
            writeln!(out, "There is nothing in this schema yet: it comes with its first table.")?;
        }
        Some([]) | None => {}
        Some(targets) => {
            let header = ["target", "rows", "deleted", "last change", "written", "lag", "parked"];
            let header = header.map(str::to_owned).to_vec();
            let mut lines: Vec<Vec<String>> = targets.iter().map(|status| line(status, found)).collect();
            if !fit(&header, &mut lines, &[]) {
                without_home(targets, &found.home, &mut lines);
                fit(&header, &mut lines, &[(0, NAME_COLUMNS_MIN)]);
            }
            write_table(header, lines.into_iter(), out)?;
        }
    }
    for note in notes(found, ddl) {
        // a name may hold the end of a line
        writeln!(out, "{}", printable(&note))?;
    }
    Ok(())
}

/// The names of targets without the schema that stands above them.
fn without_home(targets: &[TargetStatus], home: &Home, lines: &mut [Vec<String>]) {
    for (TargetStatus { target, .. }, line) in targets.iter().zip(lines) {
        if target.schema == home.schema {
            line.first_mut().into_iter().for_each(|name| name.clone_from(&target.table));
        }
    }
}

fn line(status: &TargetStatus, found: &Found) -> Vec<String> {
    let name = status.target.name.clone();
    let parked = parked_cell(status, found);
    let Ok(rows) = &status.rows else {
        let mut line = vec![String::new(); 7];
        for (place, cell) in [(0, name), (1, "?".to_owned()), (6, parked)] {
            line.get_mut(place).into_iter().for_each(|empty| empty.clone_from(&cell));
        }
        return line;
    };
    let about = if rows.is_estimate() { "~" } else { "" };
    let number = |count: Option<u64>| count.map_or_else(|| "?".to_owned(), |count| format!("{about}{count}"));
    let ago = |at: Option<jiff::Timestamp>| {
        let age = at.map(|at| found.at.duration_since(at).try_into().unwrap_or_default());
        age.map_or_else(String::new, |age| format!("{about}{} ago", shortened(age)))
    };
    let deleted = match rows.soft_deleted {
        Some(0) => number(rows.tombstones),
        soft => format!("{} soft", number(soft)),
    };
    vec![
        name,
        number(rows.live),
        deleted,
        ago(rows.changed_at),
        ago(rows.applied_at),
        rows.lag().map(|lag| format!("{about}{}", shortened(lag))).unwrap_or_default(),
        parked,
    ]
}

/// The source tables that fill several targets: there the source itself is told.
fn told_sources(targets: &[TargetStatus]) -> HashSet<&str> {
    let mut seen = HashSet::new();
    targets.iter().map(|status| &*status.target.source).filter(|source| !seen.insert(*source)).collect()
}

/// What fills a target, where its name does not say it.
fn filled_from(target: &KnownTarget, told: &HashSet<&str>) -> Option<String> {
    let is_alone = !told.contains(&*target.source);
    match &*target.source {
        MERGED => Some("filled from several sources.".to_owned()),
        source if is_alone && source.rsplit('.').next() == Some(&*target.table) => None,
        source if is_alone || target.identity.is_empty() => Some(format!("filled from {source}.")),
        source => Some(format!("filled from {source} of {}.", target.identity)),
    }
}

/// How many letters there are of what fills a target, and how many more there may be; nothing instead of zero.
fn parked_cell(status: &TargetStatus, found: &Found) -> String {
    match parked_of(status, found) {
        None => "?".to_owned(),
        Some(OfTarget { letters: 0, perhaps: 0, .. }) => String::new(),
        Some(OfTarget { letters, perhaps: 0, .. }) => letters.to_string(),
        Some(OfTarget { letters, perhaps, .. }) => format!("{letters} to {}", letters + perhaps),
    }
}

/// What is parked of a target.
#[derive(Default)]
struct OfTarget {
    letters: u64,
    since: Option<jiff::Timestamp>,
    /// Letters that may be of another target.
    perhaps: u64,
}

fn parked_of(status: &TargetStatus, found: &Found) -> Option<OfTarget> {
    let mut of_target = OfTarget::default();
    for Parked { letters, since, of, .. } in found.parked.as_ref()? {
        match of {
            PossibleTarget::Known(name) if *name == status.target.name => {
                of_target.letters += letters;
                of_target.since = [of_target.since, *since].into_iter().flatten().min();
            }
            PossibleTarget::OneOf(names) if names.contains(&status.target.name) => {
                of_target.perhaps += letters
            }
            PossibleTarget::Known(_)
            | PossibleTarget::OneOf(_)
            | PossibleTarget::OtherSource
            | PossibleTarget::Nothing => {}
        }
    }
    Some(of_target)
}

/// What a table has no room for, and what somebody should do.
fn notes(found: &Found, ddl: Ddl) -> Vec<String> {
    let mut notes: Vec<String> =
        found.unread.iter().map(|Unread { table, why }| format!("{table} cannot be read: {why}.")).collect();
    notes.extend(elsewhere(&found.home).filter(|_| found.home.exists || found.home.comes_by_itself));
    let targets = found.targets.as_deref().unwrap_or_default();
    let told = told_sources(targets);
    for status in targets {
        let source = filled_from(&status.target, &told);
        notes.extend(source.map(|source| format!("{}: {source}", status.target.name)));
        notes_of_target(status, ddl, &mut notes);
    }
    notes_of_parked(found.parked.as_deref().unwrap_or_default(), &mut notes);
    if found.home.exists || found.home.comes_by_itself {
        notes_of_own_tables(&found.own_tables, ddl, &mut notes);
    }
    notes
}

fn notes_of_target(status: &TargetStatus, ddl: Ddl, notes: &mut Vec<String>) {
    let TargetStatus { target, is_shown, rows, unfit } = status;
    let name = &target.name;
    match rows {
        Ok(rows) => {
            notes.extend(rows.hindrance.as_ref().map(|why| format!("{name}: {}", estimated(rows, why))))
        }
        Err(why) => notes.push(format!("{name}: {why}")),
    }
    if let (Ok(_), false) = (rows, is_shown) {
        notes.push(format!("{name}: {}", missing_view(status, ddl)));
    }
    for (column, rows) in unfit {
        notes.push(match rows {
            Some(rows) => format!(
                "{name}: the column {column} is null in {} whose document has a value there: it is not of the \
                 column's type.",
                many(*rows, "row")
            ),
            None => format!("{name}: whether the column {column} shows every value was not counted."),
        });
    }
    if let Ok(Rows { with_aux: with_aux @ 1.., hindrance: None, .. }) = rows {
        let rows = many(*with_aux, "row");
        notes.push(format!("{name}: {rows} with values that only `aux` holds (`rowtide show` shows them)."));
    }
    if let Some(horizon) = target.purge_horizon {
        notes.push(format!("{name}: tombstones are purged up to {horizon:.0}."));
    }
}

fn estimated(rows: &Rows, why: &Hindrance) -> String {
    if rows.live.is_none() {
        return format!(
            "not counted, because {why}; the server has no estimate either (`analyze` makes one)."
        );
    }
    let times = if rows.applied_at.is_some() { ", times those of a sample" } else { "" };
    let deleted =
        if rows.soft_deleted.and(rows.tombstones).is_none() { "; deleted rows are among them" } else { "" };
    format!("not counted, because {why}; ~ are the server's estimates{times}{deleted}.")
}

fn missing_view(status: &TargetStatus, ddl: Ddl) -> String {
    let target = &status.target;
    let command = match &*target.source {
        MERGED => "`rowtide ddl` of one of its source tables".to_owned(),
        source => format!("`rowtide ddl {source}`"),
    };
    let back = match ddl {
        Ddl::Auto => format!(
            "The next writer that starts makes it anew, where he may; {command} prints the statement."
        ),
        Ddl::Never => format!("sink.ddl is \"never\": run the statement that {command} prints."),
    };
    format!("its view is gone; the rows are in {}.{}. {back}", target.schema, target.storage)
}

fn notes_of_parked(parked: &[Parked], notes: &mut Vec<String>) {
    let is_told = |parked: &&Parked| !matches!(parked.of, PossibleTarget::Known(_));
    let lines: Vec<String> = parked.iter().filter(is_told).map(not_of_one_target).collect();
    let more = lines.len().saturating_sub(PARKED_TABLES);
    notes.extend(lines.into_iter().take(PARKED_TABLES));
    if more > 0 {
        notes.push(format!("Parked letters of {}.", count(more, "more table")));
    }
    if !parked.is_empty() {
        notes.push("`rowtide dead-letters list --open` says why records are parked.".to_owned());
    }
}

/// Letters that no target's number counts.
fn not_of_one_target(parked: &Parked) -> String {
    let letters = many(parked.letters, "parked letter");
    let Some(table) = &parked.table else {
        return format!("{letters} of records that tell no table.");
    };
    match &parked.of {
        PossibleTarget::OneOf(names) if !names.is_empty() => {
            let names = names.join(" or ");
            format!("{letters} of {table}: it is not told whether of {names}, or of none.")
        }
        PossibleTarget::OtherSource => {
            format!("{letters} of {table} from another source than its target's (other_source).")
        }
        PossibleTarget::Nothing => format!("{letters} of {table}, which has no target."),
        PossibleTarget::Known(_) | PossibleTarget::OneOf(_) => format!("{letters} of {table}."),
    }
}

fn notes_of_own_tables(tables: &[OwnTable], ddl: Ddl, notes: &mut Vec<String>) {
    for OwnTable { name, lacks, statement, .. } in tables {
        let Some(statement) = statement else { continue };
        let lacks = lacks.join(" and ");
        let who = match ddl {
            Ddl::Auto => "who writes next adds that, where he may; else run",
            Ddl::Never => "sink.ddl is \"never\", so run, as its owner",
        };
        notes.push(format!("{name} was made by a former version and lacks {lacks}: {who}: {statement};"));
    }
    let is_missing = |table: &&OwnTable| !table.exists && [REGISTRY, DEAD_LETTERS].contains(&table.name);
    let missing: Vec<&str> = tables.iter().filter(is_missing).map(|table| table.name).collect();
    if ddl == Ddl::Never && !missing.is_empty() {
        let missing = missing.join(" and ");
        notes
            .push(format!("sink.ddl is \"never\" and there is no {missing}: run what `rowtide ddl` prints."));
    }
}

fn many(number: u64, noun: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), noun)
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

fn time(at: Option<jiff::Timestamp>) -> String {
    optional(at.map(|at| format!("{at:.6}")).as_deref())
}

fn number(count: Option<u64>) -> String {
    count.map_or_else(|| "null".to_owned(), |count| count.to_string())
}

fn texts(all: &[impl AsRef<str>]) -> String {
    format!("[{}]", all.iter().map(|one| text(one.as_ref())).collect::<Vec<_>>().join(","))
}

fn members(members: &[(&str, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// A list; null when it could not be read.
fn list<T>(of: Option<&[T]>, one: impl Fn(&T) -> String) -> String {
    of.map_or_else(
        || "null".to_owned(),
        |all| format!("[{}]", all.iter().map(one).collect::<Vec<_>>().join(",")),
    )
}

fn json(found: &Found) -> String {
    members(&[
        ("version", text(&found.version)),
        ("at", time(Some(found.at))),
        ("schema", text(&found.home.schema)),
        ("schema_exists", found.home.exists.to_string()),
        ("targets", list(found.targets.as_deref(), |status| target_json(status, found))),
        ("parked", list(found.parked.as_deref(), parked_json)),
        ("own_tables", list(Some(&found.own_tables), own_json)),
        ("unread", list(Some(&found.unread), unread_json)),
    ])
}

fn target_json(status: &TargetStatus, found: &Found) -> String {
    let TargetStatus { target, is_shown, rows, unfit } = status;
    let counted = rows.as_ref().ok();
    let hindrance = counted.and_then(|rows| rows.hindrance.as_ref());
    let lockers: &[i32] = match hindrance {
        Some(Hindrance::Locked(processes)) => processes,
        Some(Hindrance::Slow) | None => &[],
    };
    let parked = parked_of(status, found);
    let lag = counted.and_then(Rows::lag).map(|lag| u64::try_from(lag.as_millis()).unwrap_or(u64::MAX));
    let unfit: Vec<String> =
        unfit.iter().map(|(column, rows)| format!("{}:{}", text(column), number(*rows))).collect();
    members(&[
        ("target", text(&target.name)),
        ("source", text(&target.source)),
        (
            "source_identity",
            if target.identity.is_empty() { "null".into() } else { target.identity.as_str().into() },
        ),
        ("key", texts(&target.key_names)),
        ("epoch", target.epoch.to_string()),
        ("view_exists", is_shown.to_string()),
        ("rows", number(counted.and_then(|rows| rows.live))),
        ("tombstones", number(counted.and_then(|rows| rows.tombstones))),
        ("soft_deleted", number(counted.and_then(|rows| rows.soft_deleted))),
        ("with_aux", number(counted.map(|rows| rows.with_aux))),
        ("estimated", hindrance.is_some().to_string()),
        ("estimated_because", optional(hindrance.map(ToString::to_string).as_deref())),
        ("locked_by", list(Some(lockers), ToString::to_string)),
        ("changed_at", time(counted.and_then(|rows| rows.changed_at))),
        ("applied_at", time(counted.and_then(|rows| rows.applied_at))),
        ("lag_ms", number(lag)),
        ("parked", number(parked.as_ref().map(|parked| parked.letters))),
        ("parked_perhaps", number(parked.as_ref().map(|parked| parked.perhaps))),
        ("parked_since", time(parked.and_then(|parked| parked.since))),
        ("purged_to", time(target.purge_horizon)),
        ("unfit", format!("{{{}}}", unfit.join(","))),
        ("error", optional(rows.as_ref().err().map(String::as_str))),
    ])
}

fn parked_json(parked: &Parked) -> String {
    let (targets, is_certain): (&[String], bool) = match &parked.of {
        PossibleTarget::Known(name) => (std::slice::from_ref(name), true),
        PossibleTarget::OneOf(names) => (names, false),
        PossibleTarget::OtherSource | PossibleTarget::Nothing => (&[], true),
    };
    members(&[
        ("table", optional(parked.table.as_deref())),
        ("letters", parked.letters.to_string()),
        ("since", time(parked.since)),
        ("targets", texts(targets)),
        ("certain", is_certain.to_string()),
        ("other_source", (parked.of == PossibleTarget::OtherSource).to_string()),
    ])
}

fn own_json(table: &OwnTable) -> String {
    members(&[
        ("table", text(table.name)),
        ("exists", table.exists.to_string()),
        ("lacks", texts(&table.lacks)),
        ("statement", optional(table.statement.as_deref())),
    ])
}

fn unread_json(unread: &Unread) -> String {
    members(&[("table", text(&unread.table)), ("error", text(&unread.why))])
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
