//! A sink without a store keeps no books: what it cannot write and nobody parks is reported, and nothing is lost.

use crate::laws::change_event;
use crate::model::{Memory, Script, is_done, runtime};
use crate::support::altered;
use rowtide::config::Config;
use rowtide::deadline::Deadline;
use rowtide::decoders::Decoders;
use rowtide::error::{Code, ErrorKind};
use rowtide::event::{Change, ChangeEvent, Document, Patch};
use rowtide::pipeline::{Flow, process};
use rowtide::plan::Write;
use rowtide::policy::{RoutePolicy, Truncate};
use rowtide::record::{Record, Redelivered};
use rowtide::report::{Outcome, Report};
use rowtide::sink::{Binding, NoStore, RowOutcome, Sink};

/// The rows of a [`Memory`], and none of its books.
struct Rows(Memory);

impl Sink for Rows {
    type Store = NoStore;

    async fn prepare(&self, binding: &Binding, deadline: Deadline) -> rowtide::Result<()> {
        self.0.prepare(binding, deadline).await
    }

    async fn apply(&self, write: &Write, deadline: Deadline) -> rowtide::Result<Vec<RowOutcome>> {
        self.0.apply(write, deadline).await
    }
}

/// Items 0 to 2 are put, then item 1 is patched, then the table is emptied.
fn events() -> Vec<Vec<ChangeEvent>> {
    let mut document = Document::default();
    document.append("n", "1");
    let changes =
        [(0, Change::Put(document.clone())), (1, Change::Put(document.clone())), (2, Change::Put(document))];
    let patch = Patch { set: vec![("/p".into(), "1".into())], ..Patch::default() };
    let patch = (1, Change::Patch(patch));
    let changes = changes.into_iter().chain([patch]).zip(0..);
    let mut events: Vec<_> = changes.map(|((id, change), n)| vec![change_event(id, n, change)]).collect();
    events.push(vec![altered(change_event(0, 9, Change::Truncate), |event| event.key = None)]);
    events
}

/// What becomes of records with these payloads: the number of a change, or `poison`.
fn take(sink: &Rows, payloads: &[&str], redelivered: &Redelivered) -> Report {
    let mut config = Config::default();
    config.routes = vec![RoutePolicy { truncate: Truncate::Apply, ..RoutePolicy::default() }];
    let flow = Flow::with_decoders(&config, Decoders::pinned(Box::new(Script(events()))));
    let records: Vec<Record> = payloads
        .iter()
        .enumerate()
        .map(|(at, payload)| {
            let mut record = Record::new("script", at.to_string(), payload.to_string());
            record.redelivered = redelivered.clone();
            record
        })
        .collect();
    runtime().block_on(process(&flow, sink, &records, Deadline::never()))
}

fn keys(sink: &Rows) -> Vec<String> {
    sink.0.live().into_keys().map(|(_, key)| key).collect()
}

#[test]
fn without_poison_nothing_is_missed() {
    let sink = Rows(Memory::new());
    let report = take(&sink, &["0", "1", "nothing", "2", "3"], &Redelivered::WithRest);
    assert!(is_done(&report), "{report:?}");
    assert_eq!(keys(&sink), ["[0]", "[1]", "[2]"]);
}

#[test]
fn poison_is_reported_and_the_others_are_applied() {
    let sink = Rows(Memory::new().refusing(|key, _, _| key == "[2]"));
    let report = take(&sink, &["0", "poison", "1", "2"], &Redelivered::Alone);
    assert_eq!(report.outcomes, [Outcome::Applied, Outcome::Failed, Outcome::Applied, Outcome::Failed]);
    assert_eq!(report.counts().reported, 2, "only those come again");
    assert!(report.failure().is_none(), "{report:?}");
    let why = report.stopped().expect("a reason");
    assert_eq!((why.kind(), why.code()), (ErrorKind::Config, Code::NoStore));
    let told = why.message();
    assert!(
        told.contains("2 of 4 records") && told.contains("poison 1") && told.contains("rejected 1"),
        "{told}"
    );
    assert_eq!(keys(&sink), ["[0]", "[1]"]);
    assert!(sink.0.letters().is_empty());
}

#[test]
fn a_stream_stays_at_the_first_poison_record() {
    let sink = Rows(Memory::new());
    let report = take(&sink, &["0", "poison", "1"], &Redelivered::WithRest);
    assert_eq!(report.failed_position(), Some("1"));
    let rest = report.into_result().unwrap_err();
    assert!(rest.first == 1 && rest.needs_a_person(), "{rest:?}");
}

#[test]
fn a_patch_waits_behind_a_refused_change_of_its_batch() {
    let sink = Rows(Memory::new().refusing(|_, version, _| version == "x.0004"));
    let report = take(&sink, &["1", "3"], &Redelivered::WithRest);
    assert_eq!(report.outcomes, [Outcome::Failed, Outcome::Failed]);
    let told = report.stopped().expect("a reason").message();
    assert!(told.contains("blocked 1") && told.contains("rejected 1"), "{told}");
    assert!(keys(&sink).is_empty());
}

#[test]
fn a_truncate_is_refused_by_a_sink_that_does_not_say_how() {
    let sink = Rows(Memory::new());
    let report = take(&sink, &["0", "4"], &Redelivered::Alone);
    assert_eq!(report.outcomes, [Outcome::Applied, Outcome::Failed], "{report:?}");
    assert_eq!(keys(&sink), ["[0]"]);
    let report = take(&sink, &["0", "4"], &Redelivered::WithRest);
    let why = report.stopped().expect("a reason").message();
    assert!(why.contains("truncate = \"apply\", which this sink cannot do"), "{why}");
}
