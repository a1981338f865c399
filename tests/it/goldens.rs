//! Every event of `events/` with its goldens in `tests/golden/`: what it says (`.changes`), what would be run on either
//! database (`.sql`, `.cratedb.sql`), what becomes of it (`.response`). `UPDATE_EXPECT=1 cargo test goldens` renews
//! them; read the difference.

use crate::model::{Memory, take};
use expect_test::expect_file;
use rowtide::config::{Config, Environment, Inputs};
use rowtide::event::hex;
use rowtide::json::{Value, write_string};
use rowtide::pipeline::Flow;
use rowtide::record::Envelope;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const KINDS: [&str; 4] = ["changes", "sql", "cratedb.sql", "response"];

/// Of more lines than this, only the first and the last are kept, and a digest of all.
const LINES_MAX: usize = 100;
const LINES_SHOWN: usize = 5;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files `<folder>/<source>/<name>`, without a README, as `<source>/<name>`.
fn files(folder: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for source in root().join(folder).read_dir().unwrap().map(Result::unwrap) {
        let source_name = source.file_name().into_string().unwrap();
        if source_name == "README.md" {
            continue;
        }
        for file in source.path().read_dir().unwrap().map(Result::unwrap) {
            names.insert(format!("{source_name}/{}", file.file_name().into_string().unwrap()));
        }
    }
    names
}

/// `<source>/<case>` of every event.
fn cases() -> Vec<String> {
    let case = |file: &String| file.strip_suffix(".json").map(str::to_owned);
    files("events").iter().filter_map(case).collect()
}

fn is_renewing() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some()
}

/// Compares what `actual` gives for every event with its golden of this kind.
fn check(kind: &str, actual: impl Fn(&str) -> String) {
    for case in cases() {
        let golden: PathBuf = root().join("tests/golden").join(format!("{case}.{kind}"));
        if is_renewing() && !golden.exists() {
            std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
            std::fs::write(&golden, "").unwrap();
        }
        expect_file![golden].assert_eq(&actual(&format!("events/{case}.json")));
    }
}

#[test]
fn every_event_says_what_its_golden_says() {
    check("changes", |event| {
        let (out, err) = rowtide(&["decode"], event);
        shortened(out.lines().map(str::to_owned).collect(), "") + &err
    });
}

#[test]
fn every_event_is_planned_as_its_golden_says() {
    check("sql", |event| {
        let (out, err) = rowtide(&["plan"], event);
        out.lines().map(statement).collect::<String>() + &err
    });
}

/// From a table without columns on: those that are added are part of the plan.
#[test]
fn every_event_is_planned_for_cratedb_as_its_golden_says() {
    check("cratedb.sql", |event| {
        let (out, err) = rowtide(&["plan", "--dialect", "cratedb"], event);
        out.lines().map(statement).collect::<String>() + &err
    });
}

#[test]
fn every_event_ends_as_its_golden_says() {
    check("response", response);
}

#[test]
fn no_golden_is_an_orphan_and_no_event_is_without() {
    let of_case = |case: String| KINDS.map(|kind| format!("{case}.{kind}"));
    let expected: BTreeSet<String> = cases().into_iter().flat_map(of_case).collect();
    let events: BTreeSet<String> = cases().into_iter().map(|case| format!("{case}.json")).collect();
    let beside = |file: &&String| {
        file.strip_suffix(".toml").is_some_and(|case| events.contains(&format!("{case}.json")))
    };
    let strange: Vec<_> = files("events").difference(&events).filter(|file| !beside(file)).cloned().collect();
    assert!(
        strange.is_empty(),
        "Only <case>.json, and <case>.toml for what it cannot know, belong into events/<source>/: {strange:?}"
    );
    let found = files("tests/golden");
    let missing: Vec<_> = expected.difference(&found).collect();
    // being renewed, they are still to come from the tests beside this one
    assert!(
        missing.is_empty() || is_renewing(),
        "Make these goldens with UPDATE_EXPECT=1, and read them: {missing:?}"
    );
    let orphans: Vec<_> = found.difference(&expected).collect();
    assert!(orphans.is_empty(), "Remove these goldens from tests/golden, their event is gone: {orphans:?}");
}

/// The settings that an event needs because its format cannot tell: the file of its name beside it.
fn settings(event: &str) -> String {
    let beside = event.replace(".json", ".toml");
    if root().join(&beside).exists() { beside } else { "/dev/null".to_owned() }
}

/// stdout and stderr of a command about this file, run in the package's folder without anybody's settings.
fn rowtide(command: &[&str], event: &str) -> (String, String) {
    let mut process = crate::cli::command();
    let settings = settings(event);
    let output =
        process.args(command).args([event, "--config", &settings]).current_dir(root()).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    let status = if err.contains("error: ") { 2 } else { 0 };
    assert_eq!(output.status.code(), Some(status), "{command:?} {event}: {err}");
    (String::from_utf8(output.stdout).unwrap(), err)
}

/// The lines, or of many the first, the last and a digest of all; each indented, each ended.
fn shortened(mut lines: Vec<String>, indent: &str) -> String {
    let count = lines.len();
    if count > LINES_MAX {
        let digest = Sha256::digest(lines.join("\n"));
        let left_out = count - 2 * LINES_SHOWN;
        let note = format!("… {left_out} more; SHA-256 of all {count} lines: {}", hex(&digest));
        lines.splice(LINES_SHOWN..count - LINES_SHOWN, [note]);
    }
    lines.iter().map(|line| format!("{indent}{line}\n")).collect()
}

/// A line of `rowtide plan`.
#[derive(Deserialize)]
struct Planned {
    target: String,
    sql: String,
    params: Vec<Vec<Box<RawValue>>>,
    positions: Vec<String>,
}

/// A line of `rowtide plan` as SQL that reads, each row with its position and parameters on a line of its own.
fn statement(line: &str) -> String {
    let Planned { target, sql, params, positions } = serde_json::from_str(line).unwrap();
    let row = |(index, position): (usize, &String)| {
        let values: Vec<&str> = params.iter().map(|column| column[index].get()).collect();
        format!("-- {position}: {}", values.join(", "))
    };
    assert!(params.iter().all(|column| column.len() == positions.len()), "a parameter of each row");
    let rows = positions.iter().enumerate().map(row).collect();
    format!("-- {target}\n{};\n{}", sql.trim_end(), shortened(rows, ""))
}

/// What `process()` makes of the event in the database in memory.
fn response(event: &str) -> String {
    let bytes = std::fs::read(root().join(event)).unwrap();
    let envelope = Envelope::parse(&bytes.into(), event).unwrap();
    let memory = Memory::new();
    let file = settings(event);
    let (file, environment) = (Path::new(&file), Environment::new());
    let inputs =
        Inputs { file: Some(file), set: &[], environment: &environment, directory: root(), ignore: &[] };
    let config = Config::load(&inputs).unwrap();
    let report = take(&Flow::new(&config).unwrap(), &memory, &envelope.records);

    let counts = report.counts();
    let ignored = counts.ignored.iter().map(|(reason, count)| format!("\"{reason}\":{count}"));
    let mut members: Vec<(&str, String)> = vec![
        ("received", counts.received.to_string()),
        ("applied", counts.applied.to_string()),
        ("stale", counts.stale.to_string()),
        ("ignored", format!("{{{}}}", ignored.collect::<Vec<_>>().join(","))),
        ("parked", counts.parked.to_string()),
        ("reported", counts.reported.to_string()),
    ];
    for (name, error) in [("failure", &report.failure()), ("stopped", &report.stopped())] {
        members.extend(error.as_ref().map(|error| (name, text(&error.to_string()))));
    }
    let mut answer = "null".to_owned();
    if report.failure().is_none() {
        answer = report.response(&envelope);
    }
    members.push(("response", answer));

    let index = |position: &str, payload: Option<&[u8]>| {
        let same = |record: &rowtide::record::Record| {
            record.position == position && payload.is_none_or(|payload| record.payload == payload)
        };
        envelope.records.iter().position(same).expect("the record of a dead letter")
    };
    let mut parked: Vec<(usize, String)> = Vec::new();
    for letter in memory.letters() {
        let record = index(&letter.position, letter.payload.as_deref());
        parked.push((
            record,
            format!(
                "{{{}:{}}}",
                text(&letter.position),
                text(&format!("{}: {}", letter.code, letter.message))
            ),
        ));
    }
    parked.sort();
    members.push((
        "parked_by_position",
        list(parked.into_iter().map(|(_, letter)| letter).collect(), ["[", "]"]),
    ));

    let mut live: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut deleted = live.clone();
    for ((target, key), row) in memory.rows() {
        match row.document.as_ref().map(Value::to_text) {
            Some(document) => live.entry(target).or_default().push(format!("{}: {document}", text(&key))),
            None => deleted.entry(target).or_default().push(text(&key)),
        }
    }
    for (name, tables, brackets) in [("rows", live, ["{", "}"]), ("tombstones", deleted, ["[", "]"])] {
        let table =
            |(target, rows): (String, Vec<String>)| format!("{}: {}", text(&target), list(rows, brackets));
        members.push((name, list(tables.into_iter().map(table).collect(), ["{", "}"])));
    }
    let members = members.into_iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
    list(members, ["{", "}"]) + "\n"
}

/// Elements or members between brackets, each on a line of its own.
fn list(mut elements: Vec<String>, [open, close]: [&str; 2]) -> String {
    let last = elements.len().saturating_sub(1);
    elements.iter_mut().take(last).for_each(|element| element.push(','));
    if elements.is_empty() {
        return format!("{open}{close}");
    }
    // what is a list itself is indented once more
    let lines = |element: String| element.lines().map(str::to_owned).collect::<Vec<_>>();
    let lines: String = match elements.len() {
        0..=LINES_MAX => elements.into_iter().flat_map(lines).map(|line| format!("  {line}\n")).collect(),
        _ => shortened(elements, "  "),
    };
    format!("{open}\n{lines}{close}")
}

fn text(text: &str) -> String {
    let mut out = String::new();
    write_string(&mut out, text);
    out
}
