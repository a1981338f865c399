//! What is measured of batches: that it adds up, that CloudWatch takes it, that anybody can listen, and that no row is
//! in it.

use crate::model::{Fault, Memory, script};
use crate::samples::{configuration, folders, root};
use crate::support::change;
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use rowtide::config::Config;
use rowtide::deadline::Deadline;
use rowtide::error::{Error, ErrorKind};
use rowtide::event::{Change, ChangeEvent, Document, Key, Timestamp};
use rowtide::lambda::Emf;
use rowtide::metrics::{METRICS, OTHER, TABLES_MAX, TARGET};
use rowtide::pipeline::{Flow, process};
use rowtide::record::{Envelope, Record};
use rowtide::report::Report;
use rowtide::sink::Sink;
use rowtide::version::{Rank, Version};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, SystemTime};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

#[path = "../../examples/opentelemetry.rs"]
#[expect(dead_code, reason = "its main is for Lambda")]
mod opentelemetry_example;
#[path = "../../examples/own_metrics.rs"]
#[expect(dead_code, reason = "its main is for Lambda")]
mod statsd_example;

const COUNTS: [&str; 5] =
    ["RecordsApplied", "RecordsStale", "RecordsIgnored", "RecordsParked", "RecordsReported"];

/// Answers for the threads of other tests, where nobody listens: without it, the one that meets an event first would
/// settle for the whole process that nobody does.
struct Undecided;

impl<S: Subscriber> Layer<S> for Undecided {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>, _: Context<'_, S>) -> bool {
        false
    }
}

/// Does something, and counts the stale changes of which the metrics say that they happened later.
pub(crate) async fn backwards<T>(work: impl Future<Output = T>) -> (u64, T) {
    use tracing::instrument::WithSubscriber as _;
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let written = lines.clone();
    let emf = Emf::to(move |line| written.lock().unwrap().push(line.to_owned()));
    hear();
    let done = work.with_subscriber(tracing_subscriber::registry().with(emf)).await;
    let lines = lines.lock().unwrap();
    (lines.iter().filter_map(|line| checked(line)["RecordsBackwards"].as_u64()).sum(), done)
}

/// Makes sure that what nobody hears now may be heard later.
fn hear() {
    static UNDECIDED: Once = Once::new();
    UNDECIDED.call_once(|| {
        let undecided = tracing_subscriber::registry().with(Undecided);
        tracing::subscriber::set_global_default(undecided).expect("no other test has one");
    });
}

/// Does something while this layer listens.
fn hearing<T>(layer: impl Layer<tracing_subscriber::Registry> + Send + Sync, work: impl FnOnce() -> T) -> T {
    hear();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work)
}

/// Takes a batch while this layer listens.
fn listened(
    layer: impl Layer<tracing_subscriber::Registry> + Send + Sync,
    flow: &Flow,
    sink: &impl Sink,
    records: &[Record],
    deadline: Deadline,
) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    hearing(layer, || runtime.block_on(process(flow, sink, records, deadline)))
}

/// The lines for CloudWatch of one batch, checked, and its report.
fn measured(flow: &Flow, sink: &impl Sink, records: &[Record]) -> (Vec<Value>, Report) {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let written = lines.clone();
    let emf = Emf::to(move |line| written.lock().unwrap().push(line.to_owned()));
    let report = listened(emf, flow, sink, records, Deadline::never());
    let lines = lines.lock().unwrap();
    (lines.iter().map(|line| checked(line)).collect(), report)
}

/// A line as JSON, when it keeps the rules of the specification.
///
/// Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format", with the limits of Dimension and
/// `MetricDatum` in the API Reference.
pub(crate) fn checked(line: &str) -> Value {
    const UNITS: [&str; 12] = [
        "Seconds",
        "Microseconds",
        "Milliseconds",
        "Bytes",
        "Kilobytes",
        "Megabytes",
        "Gigabytes",
        "Terabytes",
        "Bits",
        "Percent",
        "Count",
        "None",
    ];
    let json = line.strip_suffix('\n').expect("a line ends");
    assert!(
        !json.contains('\n') && json.len() < 256 * 1024,
        "one line within the limit of a log event: {json}"
    );
    let object: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    let members = object.as_object().unwrap();
    let names: Vec<&String> = members.keys().collect();
    assert_eq!(json.matches("\":").count(), text_members(&object), "no member twice: {json}");
    let within = |value: &Value, limit: usize| {
        let text = value.as_str().unwrap_or_else(|| panic!("{value} in {json}"));
        assert!((1..=limit).contains(&text.chars().count()), "{text:?} has its length: {json}");
        text.to_owned()
    };
    let now =
        i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let at = object["_aws"]["Timestamp"].as_i64().unwrap();
    assert!((now - 14 * 86_400_000..=now + 7_200_000).contains(&at), "{at} is within CloudWatch's window");
    let directives = object["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    assert!(!directives.is_empty());
    for directive in directives {
        let namespace = within(&directive["Namespace"], 255);
        assert!(!namespace.starts_with("AWS/") && !namespace.starts_with(':'));
        let sets = directive["Dimensions"].as_array().unwrap();
        assert!(!sets.is_empty());
        for set in sets {
            let dimensions = set.as_array().unwrap();
            assert!(dimensions.len() <= 30, "{json}");
            for dimension in dimensions {
                let value = within(&object[within(dimension, 255)], 1_024);
                assert!(value.is_ascii() && !value.bytes().any(|byte| byte.is_ascii_control()), "{json}");
                assert!(!value.trim().is_empty() && !value.starts_with(':'), "{json}");
            }
        }
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()), "{json}");
        let mut seen = BTreeSet::new();
        for metric in metrics {
            let name = within(&metric["Name"], 255);
            assert!(seen.insert(name.clone()), "{name} twice: {json}");
            assert!(UNITS.contains(&metric["Unit"].as_str().unwrap()), "{json}");
            // one number each: far from the hundred that an array may have
            let value = object[&name].as_f64().unwrap_or_else(|| panic!("{name} is no number: {json}"));
            assert!(value.is_finite() && value >= 0.0, "{json}");
        }
        let of_directive = |name: &&String| METRICS.iter().any(|metric| metric.name == **name);
        let told: BTreeSet<String> = names.iter().copied().filter(of_directive).cloned().collect();
        assert_eq!(told, seen, "every metric is told of: {json}");
    }
    let time = object["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!((time.as_millisecond(), object["level"].as_str()), (at, Some("INFO")));
    object
}

#[test]
fn a_line_that_breaks_a_rule_is_found() {
    type Change<'a> = &'a dyn Fn(&mut Value);
    let line = |change: &dyn Fn(&mut Value)| {
        let now = jiff::Timestamp::now();
        let mut line = serde_json::json!({
            "_aws": {"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [{
                "Namespace": "N", "Dimensions": [["service"]],
                "Metrics": [{"Name": "RecordsReceived", "Unit": "Count"}],
            }]},
            "timestamp": format!("{now:.3}"), "level": "INFO", "service": "s", "RecordsReceived": 1,
        });
        change(&mut line);
        format!("{line}\n")
    };
    checked(&line(&|_| {}));
    let directive = |line: &mut Value, name: &str, value: Value| {
        line["_aws"]["CloudWatchMetrics"][0][name] = value;
    };
    let long = "n".repeat(256);
    let many: Vec<Value> =
        (0..101).map(|n| serde_json::json!({"Name": format!("m{n}"), "Unit": "Count"})).collect();
    let cases: [(&str, Change<'_>); 12] = [
        ("a time too old", &|line| line["_aws"]["Timestamp"] = 1.into()),
        ("a namespace of AWS", &|line| directive(line, "Namespace", "AWS/Lambda".into())),
        ("a namespace too long", &|line| directive(line, "Namespace", long.clone().into())),
        ("a dimension without value", &|line| drop(line["service"].take())),
        ("a dimension with an empty value", &|line| line["service"] = "".into()),
        ("a dimension that is not ASCII", &|line| line["service"] = "ä".into()),
        ("31 dimensions", &|line| directive(line, "Dimensions", vec![vec!["service"; 31]].into())),
        ("no metric", &|line| directive(line, "Metrics", Value::Array(Vec::new()))),
        ("101 metrics", &|line| {
            for metric in &many {
                line[metric["Name"].as_str().unwrap()] = 1.into();
            }
            directive(line, "Metrics", many.clone().into());
        }),
        ("a unit that is none", &|line| {
            line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Unit"] = "Records".into();
        }),
        ("a value that is no number", &|line| line["RecordsReceived"] = "1".into()),
        ("a metric that no directive names", &|line| line["RecordsParked"] = 1.into()),
    ];
    for (what, change) in cases {
        let line = line(change);
        assert!(std::panic::catch_unwind(|| checked(&line)).is_err(), "{what}: {line}");
    }
    let twice = line(&|_| {}).replace("\"service\":\"s\"", "\"service\":\"s\",\"service\":\"t\"");
    assert!(std::panic::catch_unwind(|| checked(&twice)).is_err(), "a member twice: {twice}");
}

/// How many members a JSON value has in all; no text of these lines has a quote and a colon side by side.
fn text_members(value: &Value) -> usize {
    match value {
        Value::Object(members) => members.len() + members.values().map(text_members).sum::<usize>(),
        Value::Array(elements) => elements.iter().map(text_members).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// The number of a metric; a metric that is not told is 0.
fn number(line: &Value, name: &str) -> u64 {
    line.get(name).map_or(0, |value| value.as_u64().unwrap_or_else(|| panic!("{name} of {line}")))
}

/// The line of the batch, and those of its tables by name.
fn divided(lines: Vec<Value>) -> (Value, BTreeMap<String, Value>) {
    let (tables, mut whole): (Vec<Value>, Vec<Value>) =
        lines.into_iter().partition(|line| line.get("table").is_some());
    assert_eq!(whole.len(), 1, "one line a batch: {whole:#?}");
    let mut by_name = BTreeMap::new();
    for line in tables {
        let name = line["table"].as_str().unwrap().to_owned();
        assert!(by_name.insert(name, line).is_none(), "one line a table");
    }
    (whole.remove(0), by_name)
}

/// What must hold of the lines of any batch.
fn add_up(lines: Vec<Value>, report: &Report, of: &str) {
    let (whole, tables) = divided(lines);
    for name in COUNTS.into_iter().chain(["RecordsReceived"]) {
        assert!(whole[name].is_u64(), "{of}: {name} is told even if it is zero: {whole}");
        let of_tables: u64 = tables.values().map(|table| number(table, name)).sum();
        assert!(of_tables <= number(&whole, name), "{of}: {name} of the tables is {of_tables}: {whole}");
    }
    for line in tables.values().chain([&whole]) {
        let sum: u64 = COUNTS.iter().map(|name| number(line, name)).sum();
        assert_eq!(number(line, "RecordsReceived"), sum, "{of}: {line}");
        let lags = ["SourceLagP50", "SourceLagP99", "SourceLagMax"].map(|name| line[name].as_f64());
        assert!(lags[0] <= lags[1] && lags[1] <= lags[2], "{of}: {line}");
        assert!(lags[0].is_none() || number(line, "RecordsApplied") > 0, "{of}: {line}");
    }
    for (name, table) in &tables {
        let zero = |metric: &&rowtide::metrics::Metric| table[metric.name].as_f64() == Some(0.0);
        assert_eq!(METRICS.iter().find(zero), None, "{of}: no zeros of {name}: {table}");
    }
    let counts = report.counts();
    let expected = [
        counts.received,
        counts.applied,
        counts.stale,
        counts.ignored.values().sum(),
        counts.parked,
        counts.reported,
    ];
    let told = ["RecordsReceived"].iter().chain(&COUNTS).map(|name| number(&whole, name));
    assert!(told.eq(expected.map(|count| count as u64)), "{of}: {counts:?} {whole}");
    assert!(whole["DatabaseDuration"].as_f64() <= whole["BatchDuration"].as_f64(), "{of}: {whole}");
    assert_eq!(number(&whole, "BatchFailures"), u64::from(report.failure().is_some()), "{of}");
}

/// Every event there is, with its name.
fn every_event() -> Vec<(String, PathBuf)> {
    let mut events = Vec::new();
    for folder in folders() {
        for entry in root().join("events").join(&folder).read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|it| it == "json") {
                events.push((format!("{folder}/{}", path.file_stem().unwrap().display()), path));
            }
        }
    }
    assert!(events.len() > 150, "{} events", events.len());
    events
}

#[test]
fn the_accounting_identity_holds_in_what_is_told_of_every_event() {
    let mut seen = BTreeMap::from(COUNTS.map(|name| (name, 0)));
    for (name, path) in every_event() {
        let envelope = Envelope::parse(&std::fs::read(&path).unwrap().into(), &name).unwrap();
        let flow = Flow::new(&configuration(&path)).unwrap();
        let sinks = [
            Memory::new(),
            Memory::new().refusing(|key, _, _| key.len() % 2 == 0),
            Memory::new().failing([(1, Fault::Halfway), (3, Fault::Before)].into()),
        ];
        for sink in sinks {
            // the second time everything is stale, what was refused apart
            for _ in 0..2 {
                let (lines, report) = measured(&flow, &sink, &envelope.records);
                for (name, sum) in &mut seen {
                    *sum += lines.iter().map(|line| number(line, name)).sum::<u64>();
                }
                add_up(lines, &report, &name);
            }
        }
    }
    assert!(seen.values().all(|sum| *sum > 0), "each of them happened: {seen:?}");
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

/// A change of a table that was made so many seconds ago.
fn put(table: &str, id: usize, seconds: Option<i64>) -> ChangeEvent {
    let key = Key::new(vec![("id".into(), id.to_string())]).unwrap();
    let mut document = Document::default();
    document.append("value", "1");
    let version = Version::new('t', 0, Rank::Positioned).number(1);
    let mut event = ChangeEvent::new(table, Some(key), Change::Put(document), version);
    event.changed_at = seconds.map(|seconds| Timestamp(now() - seconds * 1_000_000));
    event
}

#[test]
fn the_lag_is_the_age_of_the_applied_records_when_the_batch_ends() {
    // 1 to 100 seconds old, and one that nobody applies
    let mut events: Vec<Vec<ChangeEvent>> =
        (1..=100).map(|n| vec![put("t", n, Some(i64::try_from(n).unwrap()))]).collect();
    events.push(vec![put("t", 1_000, Some(1_000_000))]);
    events.push(vec![put("u", 1_001, None)]);
    // a clock that is ahead
    events.push(vec![put("w", 1_002, Some(-500))]);
    // of several changes, the oldest that was applied counts
    events.push(vec![put("v", 1_003, Some(7)), put("v", 1_004, Some(9))]);
    let (flow, records) = script(events);
    let sink = Memory::new().refusing(|key, _, _| key.contains("1000"));
    let (lines, report) = measured(&flow, &sink, &records);
    assert_eq!((report.counts().applied, report.counts().parked), (103, 1));
    let (whole, tables) = divided(lines);
    let check = |line: &Value, seconds: [u64; 3]| {
        for (name, seconds) in ["SourceLagP50", "SourceLagP99", "SourceLagMax"].into_iter().zip(seconds) {
            let lag = line[name].as_f64().unwrap_or_else(|| panic!("{name} of {line}"));
            let least = f64::from(u32::try_from(seconds).unwrap()) * 1_000.0;
            assert!((least..least + 900.0).contains(&lag), "{name} is about {least}: {line}");
        }
    };
    check(&tables["t"], [50, 99, 100]);
    check(&tables["v"], [9, 9, 9]);
    check(&whole, [49, 99, 100]);
    assert_eq!(tables["u"].get("SourceLagMax"), None, "nobody knows when it was made");
    assert_eq!(tables["w"].get("SourceLagMax"), None, "no lag costs nothing: {}", tables["w"]);
    assert_eq!((number(&tables["t"], "RecordsApplied"), number(&tables["t"], "RecordsParked")), (100, 1));
}

#[test]
fn where_the_source_has_no_time_the_arrival_counts() {
    let (flow, mut records) = script(vec![vec![put("t", 1, None)]]);
    records[0].arrived_at = Some(Timestamp(now() - 3_000_000));
    let (whole, _) = divided(measured(&flow, &Memory::new(), &records).0);
    let lag = whole["SourceLagMax"].as_f64().unwrap();
    assert!((3_000.0..3_900.0).contains(&lag), "{whole}");
}

#[test]
fn what_is_reported_has_no_lag() {
    let (flow, records) = script((0..3).map(|n| vec![put("t", n, Some(5))]).collect());
    let sink = Memory::new().failing([(1, Fault::After)].into());
    let (lines, report) = measured(&flow, &sink, &records);
    assert_eq!(report.counts().reported, 3);
    let (whole, tables) = divided(lines);
    assert_eq!((number(&tables["t"], "RecordsReported"), whole.get("SourceLagMax")), (3, None));
}

#[test]
fn a_process_tells_a_bounded_number_of_tables_apart() {
    let named = |n: usize| format!("table_{n:03}");
    let flow = |tables: std::ops::Range<usize>| {
        script(tables.flat_map(|n| [0, 1].map(|id| vec![put(&named(n), id, Some(5))])).collect())
    };
    let (flow, records) = flow(0..TABLES_MAX + 5);
    let sink = Memory::new();
    let half = TABLES_MAX;
    let (lines, report) = measured(&flow, &sink, &records[..half]);
    add_up(lines.clone(), &report, "the first");
    assert_eq!(divided(lines).1.len(), TABLES_MAX / 2);
    // those that were known stay known, the last ones are one
    let (lines, report) = measured(&flow, &sink, &records);
    add_up(lines.clone(), &report, "all");
    let (_, tables) = divided(lines);
    assert_eq!(tables.len(), TABLES_MAX + 1);
    assert_eq!(number(&tables[OTHER], "RecordsApplied"), 10);
    assert!((5_000.0..5_900.0).contains(&tables[OTHER]["SourceLagP50"].as_f64().unwrap()));
    assert_eq!(number(&tables[&named(0)], "RecordsStale"), 2);
    assert_eq!(number(&tables[&named(TABLES_MAX - 1)], "RecordsApplied"), 2);
}

#[test]
fn names_that_cloudwatch_would_refuse_are_written_otherwise() {
    let long = "t".repeat(2_000);
    let cases = [
        ("Aufträge", r"Auftr\u{e4}ge".to_owned()),
        ("a\u{0}\nb\"\\", r#"a\u{0}\u{a}b"\"#.to_owned()),
        ("", "-".to_owned()),
        ("  ", "-  ".to_owned()),
        (":t", "-:t".to_owned()),
        ("public.orders", "public.orders".to_owned()),
        (&long, "t".repeat(1_024)),
    ];
    for (table, expected) in cases {
        // emitted by hand: no source has such names all at once
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let written = lines.clone();
        let emf = Emf::to(move |line| written.lock().unwrap().push(line.to_owned()));
        hearing(emf, || {
            tracing::info!(
                target: TARGET, namespace = "N", service = table, table, applied = 1, batch_ms = f64::NAN,
                source_lag_p50_ms = f64::INFINITY, "odd"
            );
        });
        let lines = lines.lock().unwrap();
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(
            (&line["table"], &line["service"]),
            (&expected.as_str().into(), &expected.as_str().into())
        );
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap().len(), 1, "{line}");
    }
}

#[test]
fn the_settings_say_under_which_names() {
    let records = [change("t", "a", crate::support::at(1), 1, Some(r#""n":{"N":"1"}"#))];
    let lines = |set: &dyn Fn(&mut Config)| {
        let mut config = Config::default();
        set(&mut config);
        measured(&Flow::new(&config).unwrap(), &Memory::new(), &records).0
    };
    let names = |lines: Vec<Value>| {
        let line = &lines[0];
        let namespace = line["_aws"]["CloudWatchMetrics"][0]["Namespace"].as_str().unwrap().to_owned();
        (namespace, line["service"].as_str().unwrap().to_owned())
    };
    assert_eq!(names(lines(&|_| {})), ("Rowtide".into(), "rowtide".into()));
    let own = names(lines(&|config| {
        config.metrics.namespace = "Shop".into();
        config.metrics.service = Some("orders".into());
    }));
    assert_eq!(own, ("Shop".into(), "orders".into()));
    assert!(lines(&|config| config.metrics.emf = false).is_empty());
}

#[test]
fn a_batch_that_runs_out_of_time_says_so() {
    let (flow, records) = script(vec![vec![put("t", 1, Some(5))]]);
    let heard = Heard::default();
    drop(listened(heard.clone(), &flow, &Memory::new(), &records, Deadline::after(Duration::from_millis(1))));
    assert_eq!(heard.number("deadline_stops"), 1.0);
    assert_eq!(heard.number("reported"), 1.0);
    let heard = Heard::default();
    drop(listened(heard.clone(), &flow, &Memory::new(), &records, Deadline::never()));
    assert_eq!((heard.number("deadline_stops"), heard.number("applied")), (0.0, 1.0));
}

/// A layer of one's own, that keeps the numbers of the batch.
#[derive(Debug, Clone, Default)]
struct Heard(Arc<Mutex<BTreeMap<&'static str, f64>>>);

impl Heard {
    fn number(&self, field: &str) -> f64 {
        self.0.lock().unwrap()[field]
    }
}

impl<S: Subscriber> Layer<S> for Heard {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == TARGET && event.metadata().fields().field("table").is_none() {
            event.record(&mut self.clone());
        }
    }
}

impl Visit for Heard {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record_f64(field, f64::from(u32::try_from(value).unwrap()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        assert!(self.0.lock().unwrap().insert(field.name(), value).is_none(), "one event a batch: {field}");
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

#[test]
fn an_event_has_a_field_for_every_metric_and_no_other_number() {
    let (flow, records) = script(vec![vec![put("t", 1, Some(5))]]);
    let heard = Heard::default();
    drop(listened(heard.clone(), &flow, &Memory::new(), &records, Deadline::never()));
    let told: BTreeSet<&str> = heard.0.lock().unwrap().keys().copied().collect();
    assert_eq!(told, METRICS.iter().map(|metric| metric.field).collect());
}

#[test]
fn who_listens_needs_the_target_only_and_who_does_not_gets_nothing() {
    let (flow, records) = script(vec![vec![put("t", 1, Some(5))]]);
    let heard = Heard::default();
    let filter = Targets::new().with_target(TARGET, Level::INFO);
    drop(listened(heard.clone().with_filter(filter), &flow, &Memory::new(), &records, Deadline::never()));
    assert_eq!(heard.number("applied"), 1.0);
    let deaf = Heard::default();
    let filter = Targets::new().with_default(Level::WARN);
    drop(listened(deaf.clone().with_filter(filter), &flow, &Memory::new(), &records, Deadline::never()));
    assert!(deaf.0.lock().unwrap().is_empty());
}

#[test]
fn statsd_gets_the_metrics_of_the_example() {
    let (receiver, sender) =
        (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    sender.connect(receiver.local_addr().unwrap()).unwrap();
    receiver.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let (flow, records) = script((0..3).map(|n| vec![put("t", n, Some(5))]).collect());
    drop(listened(statsd_example::StatsD(sender), &flow, &Memory::new(), &records, Deadline::never()));
    let mut packets = BTreeSet::new();
    for _ in METRICS {
        let mut packet = [0; 100];
        let length = receiver.recv(&mut packet).unwrap();
        packets.insert(String::from_utf8(packet[..length].to_vec()).unwrap());
    }
    assert!(packets.contains("rowtide.applied:3|c"), "{packets:?}");
    assert!(packets.iter().any(|packet| packet.starts_with("rowtide.source_lag_p99_ms:50")), "{packets:?}");
}

#[test]
fn opentelemetry_gets_the_metrics_of_the_example() {
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    let (flow, records) = script((0..3).map(|n| vec![put("t", n, Some(5))]).collect());
    let instruments = opentelemetry_example::Instruments::new(&provider.meter("rowtide"));
    drop(listened(instruments, &flow, &Memory::new(), &records, Deadline::never()));
    provider.force_flush().unwrap();
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    let mut histograms = BTreeSet::new();
    for metrics in exporter.get_finished_metrics().unwrap() {
        for metric in metrics.scope_metrics().flat_map(|scope| scope.metrics()) {
            let AggregatedMetrics::U64(MetricData::Sum(sum)) = metric.data() else {
                histograms.insert(metric.name().to_owned());
                continue;
            };
            for point in sum.data_points() {
                let attribute = |it: &KeyValue| format!("{}={}", it.key, it.value);
                let attributes: Vec<String> = point.attributes().map(attribute).collect();
                sums.insert(format!("{} {}", metric.name(), attributes.join(" ")), point.value());
            }
        }
    }
    assert_eq!(sums["rowtide.applied service=rowtide"], 3, "{sums:?}");
    assert_eq!(sums["rowtide.table.applied service=rowtide table=t"], 3, "{sums:?}");
    for name in ["rowtide.batch_ms", "rowtide.source_lag_p99_ms", "rowtide.table.source_lag_p99_ms"] {
        assert!(histograms.contains(name), "{histograms:?}");
    }
}

/// A layer that writes down spans, with their fields and how they nest.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<String>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0 += &format!(" {field}={value:?}");
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target().starts_with("rowtide")
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut text = Text(String::new());
        attributes.record(&mut text);
        let span = context.span(id).unwrap();
        let names: Vec<&str> = span.scope().from_root().map(|span| span.name()).collect();
        self.0.lock().unwrap().push(format!("{}{}", names.join("/"), text.0));
    }
}

#[test]
fn spans_show_where_a_batch_is_and_no_row() {
    let image = |n: usize| format!(r#""secret":{{"S":"canary-{n}"}}"#);
    let records: Vec<Record> = (0..1_200)
        .map(|n| {
            change(
                "orders",
                &format!("canary-{n}"),
                crate::support::at(n as u64),
                n as u64 + 1,
                Some(&image(n)),
            )
        })
        .chain([Record::new("arn:stream", "1201", "canary-poison")])
        .collect();
    let spans = Spans::default();
    let report = listened(
        spans.clone(),
        &Flow::new(&Config::default()).unwrap(),
        &Memory::new(),
        &records,
        Deadline::never(),
    );
    assert_eq!((report.counts().applied, report.counts().parked), (1_200, 1));
    let spans = spans.0.lock().unwrap();
    let stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/test";
    let expected = [
        &format!(r#"batch source="{stream}" records=1201"#),
        r#"batch/decode position="1""#,
        r#"batch/write position="1" changes=1000"#,
        r#"batch/write/prepare table="public.orders""#,
        "batch/write/plan changes=1000",
        r#"batch/write/apply table="public.orders" rows=1000 action=Upsert"#,
        r#"batch/decode position="1001""#,
        r#"batch/write position="1001" changes=200"#,
        r#"batch/parked_lately source="arn:stream""#,
        "batch/park letters=1",
    ];
    for span in expected {
        assert!(spans.iter().any(|told| told == span), "{span} in {spans:#?}");
    }
    assert!(!spans.iter().any(|span| span.contains("canary")), "{spans:#?}");
}

#[test]
fn the_time_of_the_database_and_its_retries_are_told() {
    /// Waits, and has had trouble.
    struct Slow(Memory, std::sync::atomic::AtomicU64);
    impl Sink for Slow {
        type Store = Memory;

        fn store(&self) -> Option<&Memory> {
            self.0.store()
        }
        fn retries(&self) -> u64 {
            self.1.load(std::sync::atomic::Ordering::Relaxed)
        }
        async fn prepare(&self, binding: &rowtide::sink::Binding, deadline: Deadline) -> rowtide::Result<()> {
            self.0.prepare(binding, deadline).await
        }
        async fn apply(
            &self,
            write: &rowtide::plan::Write,
            deadline: Deadline,
        ) -> rowtide::Result<Vec<rowtide::sink::RowOutcome>> {
            tokio::time::sleep(Duration::from_millis(30)).await;
            self.1.fetch_add(2, std::sync::atomic::Ordering::Relaxed);
            self.0.apply(write, deadline).await
        }
    }
    let sink = Slow(Memory::new(), 40.into());
    let (flow, records) = script(vec![vec![put("t", 1, Some(5))], vec![put("u", 2, Some(5))]]);
    let (whole, _) = divided(measured(&flow, &sink, &records).0);
    assert_eq!(number(&whole, "Retries"), 4, "of this batch alone");
    let database = whole["DatabaseDuration"].as_f64().unwrap();
    assert!((60.0..5_000.0).contains(&database), "two statements: {whole}");
    assert!(whole["BatchDuration"].as_f64().unwrap() >= database);
}

#[test]
fn a_failed_batch_is_one_failure_and_everything_is_reported() {
    let (flow, records) = script((0..20).map(|n| vec![put("t", n, Some(5))]).collect());
    let refused = |_: &str, _: &str, _: Option<&rowtide::json::Value>| true;
    let (lines, report) = measured(&flow, &Memory::new().refusing(refused), &records);
    let failure: &Error = report.failure().expect("systemic poison");
    assert_eq!(failure.kind(), ErrorKind::Config);
    add_up(lines.clone(), &report, "systemic");
    let (whole, _) = divided(lines);
    assert_eq!((number(&whole, "BatchFailures"), number(&whole, "RecordsReported")), (1, 20));
}

const DOCUMENT: &str = include_str!("../../docs/metrics.md");

#[test]
fn the_document_lists_exactly_the_metrics() {
    let row = |metric: &rowtide::metrics::Metric| {
        let dimensions = if metric.of_tables { "`service`; `service`, `table`" } else { "`service`" };
        let zero = if metric.zero { "yes" } else { "no" };
        let (name, field, unit) = (metric.name, metric.field, metric.unit.as_str());
        format!("| `{name}` | {unit} | {dimensions} | {zero} | `{field}` | {} |", metric.about)
    };
    let rows = METRICS.iter().map(row).collect::<Vec<_>>().join("\n");
    let listed = DOCUMENT.lines().filter(|line| line.starts_with("| `")).collect::<Vec<_>>().join("\n");
    assert!(listed == rows, "docs/metrics.md must have these rows:\n{rows}");
    assert!(DOCUMENT.contains(&format!("{TABLES_MAX} tables")), "the limit of tables");
}

#[test]
fn the_documents_code_is_that_of_the_examples() {
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let examples = squeezed(include_str!("../../examples/own_metrics.rs"))
        + &squeezed(include_str!("../../examples/opentelemetry.rs"));
    let blocks: Vec<&str> =
        DOCUMENT.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 2, "the document shows both");
    for block in blocks {
        assert!(examples.contains(&squeezed(block)), "no example has this code:\n{block}");
    }
}

#[test]
fn the_documents_lines_are_lines() {
    let lines: Vec<&str> = DOCUMENT.lines().filter(|line| line.starts_with("{\"_aws\"")).collect();
    assert!(!lines.is_empty());
    for line in lines {
        let now = jiff::Timestamp::now();
        let mut line: Value = serde_json::from_str(line).unwrap();
        // the rest must hold for ever
        line["_aws"]["Timestamp"] = now.as_millisecond().into();
        line["timestamp"] = format!("{now:.3}").into();
        checked(&format!("{line}\n"));
    }
}
