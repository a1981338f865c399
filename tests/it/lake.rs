//! What routes archive beside the sink: the lake has what the table has, whatever fails, and the table can be made of
//! it again.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

use crate::archive::files;
use crate::cli::{rowtide, rowtide_with};
use crate::model::{Fault, Memory, Script, is_done, take};
use crate::support::altered;
use flate2::read::GzDecoder;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rowtide::config::Config;
use rowtide::decoders::Decoders;
use rowtide::error::{Code, ErrorKind};
use rowtide::event::{Change, ChangeEvent, Document, Key, Patch, Timestamp};
use rowtide::pipeline::{CHUNK_RECORDS, Flow};
use rowtide::policy::{RoutePolicy, Truncate};
use rowtide::record::{Record, Redelivered};
use rowtide::report::Outcome;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::Path;
use tempfile::TempDir;

/// 2026-03-02T00:00:00Z.
const MIDNIGHT: i64 = 1_772_409_600_000_000;

fn route(lake: &Path) -> RoutePolicy {
    let archive = Some(format!("file://{}/{{table}}/{{date}}/", lake.display()));
    RoutePolicy { truncate: Truncate::Apply, archive, ..RoutePolicy::default() }
}

fn config(lake: &Path) -> Config {
    let mut config = Config::default();
    config.routes.push(route(lake));
    config
}

/// Records that carry these events; each arrives a second before midnight, or after it when its number is odd.
pub(crate) fn records(events: &[Vec<ChangeEvent>]) -> Vec<Record> {
    let arrived_at = |n: usize| Some(Timestamp(MIDNIGHT + if n % 2 == 1 { 1_000_000 } else { -1_000_000 }));
    (0..events.len())
        .map(|n| {
            altered(Record::new("script", n.to_string(), n.to_string()), |it| it.arrived_at = arrived_at(n))
        })
        .collect()
}

pub(crate) fn scripted(config: &Config, events: Vec<Vec<ChangeEvent>>) -> Flow {
    Flow::with_decoders(config, Decoders::pinned(Box::new(Script(events))))
}

fn event(table: &str, id: u8, n: usize, change: Change) -> ChangeEvent {
    let key =
        (change != Change::Truncate).then(|| Key::new(vec![("id".to_owned(), id.to_string())]).unwrap());
    ChangeEvent::new(table, key, change, format!("x.0000.1.{n:08}").into())
}

fn document(n: usize) -> Document {
    Document::from_json(&format!(r#"{{"n":{n},"part{}":"ü \"{n}\" 9007199254740993.10"}}"#, n % 3)).unwrap()
}

pub(crate) fn put(table: &str, id: u8, n: usize) -> ChangeEvent {
    event(table, id, n, Change::Put(document(n)))
}

/// The lines of the lake, with the object that each is in.
fn lines(lake: &Path) -> Vec<(String, String)> {
    let read = |(name, bytes): (String, Vec<u8>)| {
        let mut text = String::new();
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        text.lines().map(|line| (name.clone(), line.to_owned())).collect::<Vec<_>>()
    };
    files(lake).into_iter().flat_map(read).collect()
}

/// What makes an event one event: table, key and version.
fn kept(lake: &Path) -> BTreeSet<(String, String, String)> {
    let text =
        |line: &Value, name: &str| line[name].as_str().map_or_else(|| line[name].to_string(), str::to_owned);
    let lines = lines(lake).into_iter().map(|(_, line)| serde_json::from_str::<Value>(&line).unwrap());
    lines.map(|line| (text(&line, "table"), text(&line, "key"), text(&line, "version"))).collect()
}

fn replayed(config: &Config, lines: &[String]) -> Memory {
    let (flow, memory) = (Flow::new(config).unwrap(), Memory::new());
    for batch in lines.chunks(3) {
        let record = |(line, n): (&String, usize)| Record::new("lake", n.to_string(), line.clone());
        let report = take(&flow, &memory, &batch.iter().zip(1..).map(record).collect::<Vec<_>>());
        assert!(is_done(&report), "{report:?}");
        assert_eq!((report.counts().parked, report.counts().ignored.len()), (0, 0), "{batch:?}");
    }
    memory
}

// ---- the law

/// The step that is one.
const TRUNCATE: u8 = 8;

/// Steps, sizes of batches, a seed, and faults of the database.
type History = (Vec<(u8, u8, bool)>, Vec<usize>, u64, BTreeMap<usize, Fault>);

/// What is drawn: operations on four rows of two tables, and how they are delivered.
fn histories() -> impl Strategy<Value = History> {
    let fault = prop_oneof![Just(Fault::Before), Just(Fault::Halfway), Just(Fault::After)];
    let faults = btree_map(0..12_usize, fault, 0..4);
    (vec((0..12_u8, 0..4_u8, any::<bool>()), 1..16), vec(1..5_usize, 1..4), any::<u64>(), faults)
}

/// The events of a step, a record.
fn step((what, id, other): (u8, u8, bool), n: usize, patches: bool) -> Vec<ChangeEvent> {
    let table = if other { "shop.lines" } else { "shop.orders" };
    let of = |change| event(table, id, n, change);
    match what {
        0..=4 => vec![of(Change::Put(document(n)))],
        5 => vec![of(Change::Delete(None))],
        6 => vec![of(Change::Delete(Some(document(n))))],
        7 => {
            let paired = |event| altered(event, |it: &mut ChangeEvent| it.pair = Some(0));
            vec![paired(of(Change::Delete(None))), paired(put(table, (id + 1) % 4, n))]
        }
        TRUNCATE => vec![event(table, 0, n, Change::Truncate)],
        _ if patches => {
            let set =
                vec![(format!("/part{}", n % 3), n.to_string()), ("/a~1b/c".to_owned(), "[1.10]".to_owned())];
            vec![of(Change::Patch(Patch { set, remove: vec![format!("/part{}", (n + 1) % 3)] }))]
        }
        _ => vec![put(table, id, n), put(table, (id + 2) % 4, n)],
    }
}

/// Delivers a history with faults until all is durable, and gives the table.
fn stream(config: &Config, events: &[Vec<ChangeEvent>], batches: &[usize], memory: &Memory) {
    let flow = scripted(config, events.to_vec());
    let (records, mut sizes, mut from) = (records(events), batches.iter().cycle(), 0);
    while from < records.len() {
        let to = records.len().min(from + sizes.next().unwrap());
        let report = take(&flow, memory, &records[from..to]);
        let done = report.outcomes.iter().take_while(|outcome| **outcome != Outcome::Failed).count();
        from += if report.failure().is_some() { 0 } else { done };
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_table_is_made_again_of_its_archive_in_any_order_and_twice(
        (history, batches, seed, faults) in histories()
    ) {
        let lake = TempDir::new().unwrap();
        let config = config(lake.path());
        let events: Vec<_> = history.iter().enumerate().map(|(n, it)| step(*it, n, false)).collect();
        let memory = Memory::new().failing(faults);
        stream(&config, &events, &batches, &memory);
        let before = files(lake.path());
        let mut lines: Vec<String> = lines(lake.path()).into_iter().map(|(_, line)| line).collect();
        lines.extend(lines.clone());
        lines.shuffle(&mut rand::rngs::StdRng::seed_from_u64(seed));
        let again = replayed(&config, &lines);
        prop_assert_eq!(again.live(), memory.live());
        // of what a truncate removed, a tombstone is left of rows that were there before it
        if !history.iter().any(|(what, ..)| *what == TRUNCATE) {
            prop_assert_eq!(again.rows(), memory.rows());
        }
        prop_assert_eq!(files(lake.path()), before, "what comes from an archive is not archived again");
    }

    #[test]
    fn with_patches_it_is_made_again_in_the_order_of_the_stream(
        (history, batches, _, faults) in histories()
    ) {
        let lake = TempDir::new().unwrap();
        let mut config = config(lake.path());
        // the days of these records are not in order
        config.routes[0].archive = Some(format!("file://{}/{{table}}/", lake.path().display()));
        let steps = history.iter().filter(|(what, ..)| *what != TRUNCATE);
        let events: Vec<_> = steps.enumerate().map(|(n, it)| step(*it, n, true)).collect();
        let memory = Memory::new().failing(faults);
        stream(&config, &events, &batches, &memory);
        // by name, as a folder is read
        let lines: Vec<String> = lines(lake.path()).into_iter().map(|(_, line)| line).collect();
        prop_assert_eq!(replayed(&config, &lines).rows(), memory.rows());
    }
}

// ---- what is written

#[test]
fn every_change_of_a_batch_is_written_to_the_folder_of_its_target_and_day() {
    let lake = TempDir::new().unwrap();
    let events = vec![
        vec![put("shop.orders", 1, 1), put("shop.orders", 1, 2)],
        vec![put("shop.orders", 1, 3)],
        vec![event("shop.lines", 1, 4, Change::Delete(Some(document(9))))],
        // older than what the table has
        vec![put("shop.orders", 1, 0)],
    ];
    let flow = scripted(&config(lake.path()), events.clone());
    let report = take(&flow, &Memory::new(), &records(&events));
    assert!(is_done(&report));
    let written = lines(lake.path());
    let folders: Vec<&str> = written.iter().map(|(name, _)| name.rsplit_once('/').unwrap().0).collect();
    assert_eq!(
        folders,
        [
            "shop%2Elines/2026-03-01",
            "shop%2Eorders/2026-03-01",
            "shop%2Eorders/2026-03-01",
            "shop%2Eorders/2026-03-02",
            "shop%2Eorders/2026-03-02"
        ]
    );
    let (name, line) = &written[0];
    let number = format!("{}2", "0".repeat(55));
    assert!(name.starts_with(&format!("shop%2Elines/2026-03-01/{number}-{number}-")), "{name}");
    let expected = r#"{"rowtide_change":1,"change":"delete","table":"shop.lines","source_identity":null,"target":"public.shop.lines","key":{"id":1},"document":{"n":9,"part0":"ü \"9\" 9007199254740993.10"},"version":"x.0000.1.00000004","changed_at":null,"arrived_at":"2026-03-01T23:59:59.000000Z","position":"2","sub":0,"decoder":"script","event_id":null,"actor":null}"#;
    assert_eq!(line, expected);
}

#[test]
fn the_same_batch_is_the_same_object_and_another_one_never_overwrites_it() {
    let lake = TempDir::new().unwrap();
    let events: Vec<_> = (0..6).map(|n| vec![put("t", 1, n)]).collect();
    let mut all = records(&events);
    all.iter_mut().for_each(|record| record.arrived_at = None);
    let flow = scripted(&config(lake.path()), events);
    let memory = Memory::new();
    for _ in 0..2 {
        assert!(is_done(&take(&flow, &memory, &all)));
        assert_eq!(files(lake.path()).len(), 1);
    }
    let first = files(lake.path());
    assert!(first.keys().all(|name| name.starts_with("t/undated/")), "{first:?}");
    // with the same ends, but another middle
    let fewer: Vec<Record> = [0, 2, 5].map(|at| all[at].clone()).into();
    assert!(is_done(&take(&flow, &memory, &fewer)));
    let both = files(lake.path());
    assert_eq!(both.len(), 2);
    assert!(first.iter().all(|(name, bytes)| both[name] == *bytes));
}

#[test]
fn what_is_parked_is_not_in_the_lake_and_what_is_redriven_is() {
    let lake = TempDir::new().unwrap();
    let patch = Patch { set: vec![("/x".to_owned(), "1".to_owned())], remove: Vec::new() };
    let events =
        vec![vec![put("t", 1, 1)], vec![event("t", 2, 2, Change::Patch(patch))], vec![put("t", 3, 3)]];
    let mut all = records(&events);
    all.push(Record::new("script", "3", "poison"));
    let memory = Memory::new();
    memory.park_before(rowtide::sink::DeadLetter {
        source: "earlier".to_owned(),
        position: "x".to_owned(),
        sub: 0,
        event_id: None,
        partition_key: None,
        arrived_at: None,
        epoch: 0,
        decoder: None,
        table: Some("t".to_owned()),
        key: Some("[2]".to_owned()),
        code: Code::Other("check_violation"),
        message: String::new(),
        payload: None,
        payload_sha256: String::new(),
        sequence_number: None,
    });
    let config = config(lake.path());
    let flow = scripted(&config, events.clone());
    let report = take(&flow, &memory, &all);
    assert_eq!((report.counts().applied, report.counts().parked), (2, 2));
    let keys = || kept(lake.path()).into_iter().map(|(_, key, _)| key).collect::<Vec<_>>();
    assert_eq!(keys(), [r#"{"id":1}"#, r#"{"id":3}"#]);
    let report = take(&scripted(&config, events).redriving(), &memory, &all[1..2]);
    assert_eq!(report.counts().applied, 1);
    assert_eq!(keys(), [r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":3}"#]);
}

// ---- what fails

#[test]
fn what_cannot_be_archived_is_reported_and_not_written_and_the_rest_is() {
    let lake = TempDir::new().unwrap();
    let events: Vec<_> = [("a", 1), ("a", 2), ("b", 1), ("a", 3), ("b", 2)]
        .iter()
        .zip(1..)
        .map(|((table, id), n)| vec![put(table, *id, n)])
        .collect();
    // a file is in the way of the folder of b
    fs::write(lake.path().join("b"), "").unwrap();
    let (flow, memory) = (scripted(&config(lake.path()), events.clone()), Memory::new());
    let all = records(&events);
    let report = take(&flow, &memory, &all);
    let stopped = report.stopped().unwrap();
    assert_eq!(stopped.kind(), ErrorKind::Config);
    assert!(stopped.message().contains("a file is in its way"), "{stopped}");
    assert!(report.failure().is_none() && memory.letters().is_empty());
    assert_eq!(report.failed_position(), Some("2"), "from the first record that is not durable on");
    let written: Vec<String> =
        memory.rows().into_keys().map(|(table, key)| format!("{table} {key}")).collect();
    assert_eq!(written, ["public.a [1]", "public.a [2]", "public.a [3]"]);

    // what is delivered alone comes again alone
    let alone: Vec<Record> =
        all.iter().cloned().map(|it| altered(it, |it| it.redelivered = Redelivered::Alone)).collect();
    let report = take(&flow, &Memory::new(), &alone);
    let failed = report.outcomes.iter().enumerate().filter(|(_, it)| **it == Outcome::Failed);
    assert_eq!(failed.map(|(at, _)| at).collect::<Vec<_>>(), [2, 4]);

    fs::remove_file(lake.path().join("b")).unwrap();
    let report = take(&flow, &memory, &all[2..]);
    assert!(is_done(&report), "{report:?}");
    assert_eq!((memory.rows().len(), kept(lake.path()).len()), (5, 5));
}

#[test]
fn behind_a_chunk_that_cannot_be_archived_none_begins() {
    let lake = TempDir::new().unwrap();
    fs::write(lake.path().join("t"), "").unwrap();
    let events: Vec<_> =
        (0..CHUNK_RECORDS + 10).map(|n| vec![put(if n == 5 { "t" } else { "u" }, 1, n)]).collect();
    let flow = scripted(&config(lake.path()), events.clone());
    let report = take(&flow, &Memory::new(), &records(&events));
    assert_eq!(report.failed_position(), Some("5"));
    let failed = report.outcomes.iter().filter(|outcome| **outcome == Outcome::Failed).count();
    assert_eq!(failed, 11, "record 5, and the second chunk");
}

#[test]
fn a_truncate_that_cannot_be_archived_removes_nothing() {
    let lake = TempDir::new().unwrap();
    let events = vec![vec![put("t", 1, 1)], vec![event("t", 0, 2, Change::Truncate)]];
    let (flow, memory) = (scripted(&config(lake.path()), events.clone()), Memory::new());
    let all = records(&events);
    assert!(is_done(&take(&flow, &memory, &all[..1])));
    // only the day of the truncate cannot be written
    fs::write(lake.path().join("t/2026-03-02"), "").unwrap();
    let report = take(&flow, &memory, &all);
    assert_eq!(report.failed_position(), Some("1"));
    assert_eq!(memory.live().len(), 1);
}

/// Whatever the database does, and wherever the process ends, nothing is in the table that the lake lacks.
#[test]
fn the_lake_is_never_behind_the_table() {
    for call in 0..8 {
        for fault in [Fault::Before, Fault::Halfway, Fault::After] {
            let lake = TempDir::new().unwrap();
            let events: Vec<_> = (0..4).map(|n| vec![put("t", u8::try_from(n).unwrap(), n)]).collect();
            let flow = scripted(&config(lake.path()), events.clone());
            let memory = Memory::new().failing([(call, fault)].into());
            drop(take(&flow, &memory, &records(&events)));
            let keys: BTreeSet<String> = kept(lake.path()).into_iter().map(|(_, key, _)| key).collect();
            for (_, key) in memory.rows().into_keys() {
                let key = format!(r#"{{"id":{}}}"#, key.trim_matches(['[', ']']));
                assert!(keys.contains(&key), "call {call} {fault:?}: {key} is in the table alone");
            }
        }
    }
}

// ---- the route

#[test]
fn what_a_route_did_to_a_change_is_done_once() {
    let lake = TempDir::new().unwrap();
    let mut config = config(lake.path());
    let route = &mut config.routes[0];
    route.key_add = [("tenant".to_owned(), "{table}".to_owned())].into();
    route.merge = true;
    route.truncate = Truncate::Ignore;
    route.to = "all".to_owned();
    route.json = vec!["inner".to_owned()];
    route.exclude = vec!["secret".to_owned()];
    let inner = |text: &str| {
        let quoted = serde_json::to_string(text).unwrap();
        Change::Put(Document::from_json(&format!(r#"{{"inner":{quoted},"secret":1}}"#)).unwrap())
    };
    // a text whose JSON is a text, which must not be read again
    let events =
        vec![vec![event("t", 1, 1, inner(r#""abc""#))], vec![event("u", 1, 2, inner(r#"{"n":1.10}"#))]];
    let memory = Memory::new();
    assert!(is_done(&take(&scripted(&config, events.clone()), &memory, &records(&events))));
    assert_eq!(memory.rows().len(), 2);
    let lines: Vec<String> = lines(lake.path()).into_iter().map(|(_, line)| line).collect();
    assert!(lines[0].contains(r#""key":{"id":1,"tenant":"t"},"document":{"inner":"abc"}"#), "{lines:?}");
    assert_eq!(replayed(&config, &lines).rows(), memory.rows());
}

#[test]
fn by_arrival_the_versions_of_the_archive_stay() {
    let lake = TempDir::new().unwrap();
    let mut config = config(lake.path());
    config.source.version = rowtide::config::VersionScheme::Arrival;
    let events: Vec<_> = (0..3).map(|n| vec![put("t", 1, n)]).collect();
    let mut all = records(&events);
    all.iter_mut().for_each(|record| record.sequence_number = Some(format!("9{}", record.position)));
    let memory = Memory::new();
    assert!(is_done(&take(&scripted(&config, events), &memory, &all)));
    let mut lines: Vec<String> = lines(lake.path()).into_iter().map(|(_, line)| line).collect();
    lines.reverse();
    assert_eq!(replayed(&config, &lines).rows(), memory.rows());
}

// ---- the settings

fn file(folder: &Path, archive: &str) -> String {
    let path = folder.join("rowtide.toml");
    fs::write(&path, format!("[[route]]\nfrom = \"orders\"\narchive = \"{archive}\"\n")).unwrap();
    path.display().to_string()
}

#[test]
fn an_archive_that_cannot_be_used_is_an_error_of_the_configuration() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("file"), "").unwrap();
    let in_the_way = format!("file://{}/file/{{table}}/", place.path().display());
    let needs = "`archive` of [[route]] 1 (";
    for (archive, says) in [
        ("file:///lake/{tabel}/", needs),
        ("file:///lake/{table/", needs),
        ("file://{table}/", needs),
        ("s3://{table}/x/", needs),
        ("s3://bucket/{table}/../x/", needs),
        ("s3://bucket/{table}/_x/", needs),
        ("s3://user:hunter2@bucket/{table}/", needs),
        ("lake/{table}/", needs),
        (&in_the_way, "a file is in its way"),
    ] {
        let file = file(place.path(), archive);
        for command in ["config", "doctor"] {
            let ended = rowtide(&[command, "--config", &file]);
            assert_eq!(ended.status, 2, "{command} {archive}: {}", ended.err);
            assert!(ended.err.contains(says), "{command} {archive}: {}", ended.err);
            assert!(!ended.err.contains("hunter2"), "{}", ended.err);
        }
    }
    let file = file(place.path(), "s3://bucket/{table}/{date}/");
    let ended = rowtide(&["config", "--config", &file]);
    if cfg!(feature = "s3") {
        assert_eq!(ended.status, 0, "{}", ended.err);
    } else {
        assert!(ended.err.contains("route of orders: s3://bucket needs the feature `s3`"), "{}", ended.err);
    }
}

/// The command itself: a stream into a table and a lake, and the lake into another table.
#[tokio::test(flavor = "multi_thread")]
async fn replay_makes_a_table_of_its_archive() {
    let place = crate::support::place("lake").await;
    let lake = TempDir::new().unwrap();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("rowtide.toml");
    fs::write(
        &file,
        format!(
            "[[route]]\nfrom = \"*\"\ntruncate = \"apply\"\narchive = \"file://{}/{{table}}/{{date}}/\"\n",
            lake.path().display()
        ),
    )
    .unwrap();
    let file = file.display().to_string();
    let replay = |input: &str, schema: &str| {
        let sink = place.url.clone();
        let set = format!("sink.schema={schema}");
        let args = ["replay", "--config", &file, "--sink", "env://SINK", "--set", &set, "--force", input];
        rowtide_with(&args, &[("SINK", &sink)], b"")
    };
    let (first, second) = (place.schema.clone(), format!("{}_again", place.schema));
    place.run(&format!("drop schema if exists {second} cascade; create schema {second}")).await;
    for event in ["debezium/operations.json", "dynamodb/insert.json"] {
        let ended = replay(&format!("events/{event}"), &first);
        assert_eq!(ended.status, 0, "{}", ended.err);
    }
    let before = files(lake.path());
    assert!(before.len() >= 2, "{:?}", before.keys());
    for _ in 0..2 {
        let ended = replay(&format!("file://{}", lake.path().display()), &second);
        assert_eq!(ended.status, 0, "{}", ended.err);
    }
    assert_eq!(files(lake.path()), before);
    for table in place
        .texts("select tablename::text from pg_tables where schemaname = '{s}' and tablename like '%_cdc'")
        .await
    {
        let rows = |schema: &str| {
            format!(
                "select row_to_json(t)::text from (select key, version, deleted, data, changed_at from {schema}.\"{table}\" order by key) t"
            )
        };
        let (one, other) = (place.texts(&rows(&first)).await, place.texts(&rows(&second)).await);
        assert!(!one.is_empty() && one == other, "{table}: {one:?} {other:?}");
    }
    place.run(&format!("drop schema {second} cascade")).await;
    place.finish().await;
}
