//! What must hold for every batch, every delivery and every fault, against a database in memory.

use crate::model::{Fault, Item, Memory, Script, is_done, runtime, script, take};
use crate::support::altered;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use rowtide::coalesce::{Fate, Schedule};
use rowtide::config::Config;
use rowtide::deadline::Deadline;
use rowtide::decode::Reason;
use rowtide::decoders::Decoders;
use rowtide::error::{Code, Error};
use rowtide::event::{Change, ChangeEvent, Document, Key, Patch};
use rowtide::json::Value;
use rowtide::pipeline::{CHUNK_RECORDS, Flow, process};
use rowtide::record::Record;
use rowtide::report::Outcome;
use rowtide::route::{RecordRef, RoutedChange, Target};
use rowtide::sink::{DeadLetter, MemoryRow};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

// ---- what happens to the keys of one table

/// A change of the history of a table; its version is its place there.
#[derive(Debug, Clone, Copy)]
enum Op {
    Put(u8),
    Delete(u8),
    Patch(u8),
    /// A key change: delete(old) and put(new) with one version.
    Move(u8, u8),
}

fn key(id: u8) -> Key {
    Key::new(vec![("id".to_owned(), id.to_string())]).unwrap()
}

fn key_text(id: u8) -> String {
    key(id).as_str().to_owned()
}

/// The `n`th version of the history; odd ones are free for what is stored.
fn version(n: usize) -> String {
    format!("x.{:04}", 2 * n + 2)
}

fn event(id: u8, change: Change, version: &str, pair: Option<u32>) -> ChangeEvent {
    let event = ChangeEvent::new("t", Some(key(id)), change, version.to_owned().into());
    altered(event, |event| (event.event_id, event.pair) = (Some(version.to_owned()), pair))
}

/// The change of the item `id`, the `n`th of a history.
pub(crate) fn change_event(id: u8, n: usize, change: Change) -> ChangeEvent {
    event(id, change, &version(n), None)
}

fn document(n: usize) -> Document {
    let mut document = Document::default();
    document.append("whole", &n.to_string());
    document.append(&format!("part{}", n % 3), &n.to_string());
    document
}

impl Op {
    fn keys(self) -> Vec<u8> {
        match self {
            Self::Put(id) | Self::Delete(id) | Self::Patch(id) => vec![id],
            Self::Move(old, new) => vec![old, new],
        }
    }

    /// The events of this op, the `n`th of its history; `place` is its number inside the record.
    fn events(self, n: usize, place: u32) -> Vec<ChangeEvent> {
        let version = version(n);
        let patch = || Patch {
            set: vec![(format!("/part{}", n % 3), n.to_string())],
            remove: vec![format!("/part{}", (n + 1) % 3)],
        };
        match self {
            Self::Put(id) => vec![event(id, Change::Put(document(n)), &version, None)],
            Self::Delete(id) => vec![event(id, Change::Delete(None), &version, None)],
            Self::Patch(id) => vec![event(id, Change::Patch(patch()), &version, None)],
            Self::Move(old, new) => vec![
                event(old, Change::Delete(None), &version, Some(place)),
                event(new, Change::Put(document(n)), &version, Some(place)),
            ],
        }
    }
}

fn ops(patches: u32) -> impl Strategy<Value = Op> {
    let id = || 0..4_u8;
    prop_oneof![
        4 => id().prop_map(Op::Put),
        2 => id().prop_map(Op::Delete),
        patches => id().prop_map(Op::Patch),
        3 => (id(), 1..4_u8).prop_map(|(old, by)| Op::Move(old, (old + by) % 4)),
    ]
}

/// What is in the database before, what comes, and what the database refuses.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    history: Vec<Op>,
    /// What is delivered, by its place in the history, record by record.
    records: Vec<Vec<usize>>,
    /// By key: the version is `x.` and this number, which may be that of a change; a document or a tombstone.
    stored: BTreeMap<u8, (usize, bool)>,
    /// Refused rows, by key and place in the history.
    refused: BTreeSet<(u8, usize)>,
    /// Keys of which an older change is parked.
    parked: BTreeSet<u8>,
}

pub(crate) fn cases(patches: u32) -> impl Strategy<Value = Case> {
    vec(ops(patches), 1..12).prop_flat_map(|history| {
        let n = history.len();
        let refused = prop_oneof![Just(BTreeSet::new()).boxed(), btree_set((0..4_u8, 0..n), 0..6).boxed()];
        let parked = prop_oneof![4 => Just(BTreeSet::new()).boxed(), 1 => btree_set(0..4_u8, 0..2).boxed()];
        // nine records are too few for the breaker
        let stored = btree_map(0..4_u8, (1..2 * n + 3, any::<bool>()), 0..4);
        (Just(history), vec(vec(0..n, 1..4), 1..10), stored, refused, parked).prop_map(
            |(history, records, stored, refused, parked)| Case { history, records, stored, refused, parked },
        )
    })
}

impl Case {
    /// One row is put into an empty table.
    pub(crate) fn single_put() -> Self {
        Self {
            history: vec![Op::Put(0)],
            records: vec![vec![0]],
            stored: BTreeMap::new(),
            refused: BTreeSet::new(),
            parked: BTreeSet::new(),
        }
    }

    /// Refused rows, by canonical key and version.
    pub(crate) fn refused_rows(&self) -> HashSet<(String, String)> {
        self.refused.iter().map(|&(id, n)| (key_text(id), version(n))).collect()
    }

    /// The records, and decoders that know what they mean.
    pub(crate) fn script(&self) -> (Decoders, Vec<Record>) {
        let events: Vec<_> = self.records.iter().map(|record| self.events(record)).collect();
        let records =
            (0..events.len()).map(|n| Record::new("script", n.to_string(), n.to_string())).collect();
        (Decoders::pinned(Box::new(Script(events))), records)
    }

    pub(crate) fn memory(&self) -> Memory {
        let refused = self.refused_rows();
        let memory =
            Memory::new().refusing(move |key, version, _| refused.contains(&(key.into(), version.into())));
        for (&id, &(number, live)) in &self.stored {
            let document = live.then(|| Value::parse(r#"{"part0":"stored","part1":"stored"}"#).unwrap());
            memory.put("public.t", &key_text(id), MemoryRow { version: format!("x.{number:04}"), document });
        }
        for &id in &self.parked {
            memory.park_before(parked_before(id));
        }
        memory
    }

    /// The ops of a record as one record's events.
    fn events(&self, record: &[usize]) -> Vec<ChangeEvent> {
        record.iter().zip(0..).flat_map(|(&n, place)| self.history[n].events(n, place)).collect()
    }

    pub(crate) fn together(&self) -> Memory {
        let (flow, records) = script(self.records.iter().map(|record| self.events(record)).collect());
        let memory = self.memory();
        let report = take(&flow, &memory, &records);
        assert!(is_done(&report), "{report:?}");
        memory
    }

    /// Keys that are patched, and those bound to them by a key change: their changes are written oldest first. Of
    /// others the newest that the database takes wins, so older ones are not even tried.
    fn oldest_first(&self) -> HashSet<u8> {
        let delivered = || self.records.iter().flatten().map(|&n| self.history[n]);
        let mut ordered: HashSet<u8> = HashSet::new();
        for _ in 0..=4 {
            for op in delivered() {
                if matches!(op, Op::Patch(_)) || op.keys().iter().any(|id| ordered.contains(id)) {
                    ordered.extend(op.keys());
                }
            }
        }
        ordered
    }

    /// Each change as a batch of its own.
    fn one_by_one(&self) -> Memory {
        let memory = self.memory();
        let oldest_first = self.oldest_first();
        let (mut up, mut down): (Vec<usize>, Vec<usize>) =
            self.records.iter().flatten().partition(|&&n| oldest_first.contains(&self.history[n].keys()[0]));
        up.sort_unstable();
        down.sort_unstable();
        for n in up.into_iter().chain(down.into_iter().rev()) {
            let (flow, mut records) = script(vec![self.history[n].events(n, 0)]);
            records[0].position = n.to_string();
            let report = take(&flow, &memory, &records);
            assert!(is_done(&report), "{report:?}");
        }
        memory
    }
}

fn parked_before(id: u8) -> DeadLetter {
    DeadLetter {
        source: "earlier".to_owned(),
        position: id.to_string(),
        sub: 0,
        event_id: None,
        partition_key: None,
        arrived_at: None,
        epoch: 0,
        decoder: None,
        table: Some("t".to_owned()),
        key: Some(key_text(id)),
        code: Code::Other("check_violation"),
        message: String::new(),
        payload: None,
        payload_sha256: String::new(),
        sequence_number: None,
    }
}

/// The changes that were parked, by version, and why.
fn parked(memory: &Memory) -> BTreeSet<(Option<String>, String)> {
    memory.letters().into_iter().map(|letter| (letter.event_id, letter.code.to_string())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn a_chunk_ends_as_its_changes_one_by_one(case in prop_oneof![cases(0), cases(4)]) {
        let (together, one_by_one) = (case.together(), case.one_by_one());
        prop_assert_eq!(together.rows(), one_by_one.rows());
        prop_assert_eq!(parked(&together), parked(&one_by_one));
    }

    #[test]
    fn nothing_refused_a_chunk_ends_as_its_changes_in_the_order_of_the_source(mut case in cases(4)) {
        (case.refused, case.parked) = Default::default();
        let in_order = case.memory();
        let mut delivered: Vec<usize> = case.records.iter().flatten().copied().collect();
        delivered.sort_unstable();
        for n in delivered {
            let (flow, records) = script(vec![case.history[n].events(n, 0)]);
            prop_assert!(is_done(&take(&flow, &in_order, &records)));
        }
        prop_assert_eq!(case.together().rows(), in_order.rows());
    }

    #[test]
    fn every_change_is_covered_or_parked_for_a_reason_and_pairs_are_not_torn(case in cases(3)) {
        let memory = case.together();
        let letters: BTreeSet<(String, String)> =
            memory.letters().into_iter().filter_map(|letter| letter.event_id.zip(letter.key)).collect();
        let rows = memory.rows();
        let stored = |id: u8| rows.get(&("public.t".to_owned(), key_text(id))).map(|row| row.version.clone());
        for &n in case.records.iter().flatten() {
            let (op, version) = (case.history[n], version(n));
            let is_parked = |id: &u8| letters.contains(&(version.clone(), key_text(*id)));
            if op.keys().iter().any(is_parked) {
                let refused = op.keys().iter().any(|&id| case.refused.contains(&(id, n)));
                for id in op.keys().into_iter().filter(|id| refused && !case.stored.contains_key(id)) {
                    prop_assert_ne!(stored(id), Some(version.clone()), "a half of {:?} at {}", op, version);
                }
                let waits = matches!(op, Op::Patch(id) if case.parked.contains(&id)
                    || letters.range(..(version.clone(), String::new())).any(|(_, key)| *key == key_text(id)));
                prop_assert!(refused || waits, "{:?} at {} is parked for no reason", op, version);
            } else {
                for id in op.keys() {
                    prop_assert!(stored(id) >= Some(version.clone()), "{:?} at {} is lost", op, version);
                }
            }
        }
    }

    #[test]
    fn waves_end_and_write_no_key_twice(case in cases(3), answers in vec(0..4_u8, 1..20), alike in 1..4_usize) {
        let target = Arc::new(Target {
            on_config_error: rowtide::policy::OnConfigError::default(),
            source: "t".into(), schema: "public".into(), name: "t".into(), storage: "t_cdc".into(),
            delete: rowtide::policy::DeletePolicy::Tombstone, types: BTreeMap::new(),
            truncate: rowtide::policy::Truncate::Ignore, home: "public".into(),
            data: rowtide::policy::DataLayout::Columns, columns_per_object: 100, columns_max: 900, archive: None,
        });
        let mut changes = Vec::new();
        for (record, ops) in case.records.iter().enumerate() {
            // even if different changes of a key say they are the same version
            let same_version = |(&n, place): (&usize, u32)| case.history[n].events(n / alike, place);
            for (event, sub) in ops.iter().zip(0..).flat_map(same_version).zip(0..) {
                let origin = RecordRef { record, sub, decoder: None };
                changes.push(RoutedChange { origin, target: target.clone(), event, at: None });
            }
        }
        let mut schedule = Schedule::new(changes);
        let count = schedule.changes().len();
        let mut answers = answers.into_iter().cycle();
        for waves in 0.. {
            let wave = schedule.wave();
            if wave.is_empty() {
                break;
            }
            prop_assert!(waves < count, "more waves than changes");
            let key_of = |&index: &usize| schedule.change(index).unwrap().event.key.clone().unwrap();
            let keys: Vec<Key> = wave.iter().flatten().map(key_of).collect();
            prop_assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len(), "a key twice in a wave");
            for unit in wave {
                let refused = Arc::new(Error::poison(Code::Other("refused"), "refused"));
                let fate = match answers.next() {
                    Some(0) => Fate::Refused(refused),
                    Some(1) => Fate::Stale,
                    _ => Fate::Applied,
                };
                for index in unit {
                    schedule.settle(index, fate.clone());
                }
            }
        }
        prop_assert!(schedule.finish().iter().all(|(_, fate)| fate.is_some()), "a change without a fate");
    }
}

// ---- convergence: any delivery of a source's changes

/// A source's changes, and how they are delivered. Places count round the list's end.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    history: Vec<Item>,
    /// The stream is read from here on.
    start: usize,
    /// Notifications that come again under a new Kinesis number.
    pub(crate) repeated: Vec<usize>,
    /// Records that change places.
    swaps: Vec<(usize, usize)>,
    /// Stretches that are delivered again: from, how many, where to.
    again: Vec<(usize, usize, usize)>,
    batches: Vec<usize>,
    workers: usize,
    pauses: Vec<u8>,
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let value = prop_oneof![1 => Just(None), 2 => (0..100_u32).prop_map(Some)];
    vec((0..4_u8, value).prop_map(|(id, value)| Item { id, value }), 1..20)
}

pub(crate) fn deliveries() -> impl Strategy<Value = Delivery> {
    let place = || 0..40_usize;
    let neighbours = place().prop_map(|at| (at, at + 1));
    let swaps = vec(prop_oneof![neighbours.boxed(), (place(), place()).boxed()], 0..8);
    let again = vec((place(), 1..8_usize, place()), 0..4);
    let start = prop_oneof![3 => Just(0).boxed(), 1 => place().boxed()];
    let workers = (vec(1..7_usize, 1..5), 1..4_usize, vec(0..4_u8, 1..5));
    (items(), start, vec(place(), 0..3), swaps, again, workers).prop_map(
        |(history, start, repeated, swaps, again, (batches, workers, pauses))| Delivery {
            history,
            start,
            repeated,
            swaps,
            again,
            batches,
            workers,
            pauses,
        },
    )
}

impl Delivery {
    /// The records in the order of the source; numbers grow by a digit on the way.
    pub(crate) fn streams(&self) -> Vec<Record> {
        let record = |(item, at): (&Item, u64)| item.through_streams(&(95 + at).to_string());
        self.history.iter().zip(0..).map(record).collect()
    }

    /// The same through Kinesis, whose numbers tell nothing of the source's order.
    pub(crate) fn kinesis(&self) -> Vec<Record> {
        let count = self.history.len();
        let copies = (0..count).map(|at| (at, 0)).chain(self.repeated.iter().map(|at| (at % count, 1_000)));
        let record = |(at, later): (usize, usize)| {
            let number = (95 + at * 7_919 % 101 + later).to_string();
            self.history[at].through_kinesis(1_767_225_600_000_000 + u64::try_from(at).unwrap(), &number)
        };
        copies.map(record).collect()
    }

    /// What remains of the records when the stream is read from `start`, as they are delivered.
    pub(crate) fn deliver(&self, records: &[Record]) -> Vec<Vec<Record>> {
        let mut order: Vec<usize> = (self.start % self.history.len()..records.len()).collect();
        let count = order.len();
        for (a, b) in &self.swaps {
            order.swap(a % count, b % count);
        }
        for (from, length, to) in &self.again {
            let stretch: Vec<usize> = order.iter().skip(from % count).take(*length).copied().collect();
            let to = to % order.len();
            order.splice(to..to, stretch);
        }
        let mut sizes = self.batches.iter().cycle();
        let mut batches = Vec::new();
        while !order.is_empty() {
            let rest = order.split_off(order.len().min(*sizes.next().unwrap()));
            batches.push(
                std::mem::replace(&mut order, rest).into_iter().map(|at| records[at].clone()).collect(),
            );
        }
        batches
    }

    /// The rows whose changes were delivered, as the source has them.
    pub(crate) fn source(&self) -> BTreeMap<(String, String), String> {
        let mut rows = BTreeMap::new();
        let first = self.start % self.history.len();
        let delivered = self.history.iter().enumerate().filter(|(at, _)| {
            let repeats_come_whole =
                self.repeated.iter().any(|repeated| repeated % self.history.len() == *at);
            *at >= first || repeats_come_whole
        });
        for (_, item) in delivered {
            match item.value {
                Some(value) => drop(rows.insert(item.place(), format!(r#"{{"value":{value}}}"#))),
                None => drop(rows.remove(&item.place())),
            }
        }
        rows
    }

    /// Several workers with flows of their own share one database; each takes its batches one after the other.
    fn run(&self, records: &[Record]) -> Arc<Memory> {
        let memory = Arc::new(Memory::new().pausing(self.pauses.clone()));
        let mut batches: Vec<Vec<Vec<Record>>> = vec![Vec::new(); self.workers];
        for (at, batch) in self.deliver(records).into_iter().enumerate() {
            batches[at % self.workers].push(batch);
        }
        runtime().block_on(async {
            let mut workers = tokio::task::JoinSet::new();
            for own in batches {
                let (flow, memory) = (Flow::new(&Config::default()).unwrap(), memory.clone());
                workers.spawn(async move {
                    for batch in own {
                        let report = process(&flow, &*memory, &batch, Deadline::never()).await;
                        assert!(is_done(&report), "{report:?}");
                    }
                });
            }
            while let Some(ended) = workers.join_next().await {
                ended.expect("a worker ends well");
            }
        });
        memory
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn however_a_dynamodb_stream_is_delivered_the_view_equals_the_source(mut delivery in deliveries()) {
        delivery.repeated.clear();
        prop_assert_eq!(delivery.run(&delivery.streams()).live(), delivery.source());
    }

    #[test]
    fn however_changes_come_through_kinesis_the_view_equals_the_source(delivery in deliveries()) {
        prop_assert_eq!(delivery.run(&delivery.kinesis()).live(), delivery.source());
    }

    #[test]
    fn by_arrival_the_last_of_the_batch_wins(
        history in items(), steps in vec(0..2_u64, 20), far in prop::bool::weighted(0.02),
    ) {
        // numbers that repeat, as in aggregated records
        let mut number = 8;
        let mut records = Vec::new();
        for (item, step) in history.iter().zip(steps) {
            number += step;
            // the source's clock runs backwards
            records.push(item.through_kinesis(2_000_000_000_000_000 - number, &number.to_string()));
            if far && records.len() == 1 {
                let filler = (0..CHUNK_RECORDS).map(|_| Item { id: 9, value: Some(1) });
                records.extend(filler.map(|item| item.through_kinesis(1_767_225_600_000_000, &number.to_string())));
            }
        }
        let mut config = Config::default();
        config.source.version = rowtide::config::VersionScheme::Arrival;
        let memory = Memory::new();
        prop_assert!(is_done(&take(&Flow::new(&config).unwrap(), &memory, &records)));
        let mut view = memory.live();
        view.remove(&Item { id: 9, value: None }.place());
        let delivery = Delivery {
            history, start: 0, repeated: vec![], swaps: vec![], again: vec![], batches: vec![], workers: 1,
            pauses: vec![],
        };
        prop_assert_eq!(view, delivery.source());
    }
}

// ---- the response: Lambda's event source mapping in front of process()

/// What a stream holds.
#[derive(Debug, Clone)]
enum Content {
    Good(Item),
    /// An image that the database refuses.
    Refused(u8),
    /// No change record.
    Poison,
    /// The same, and the envelope names no position.
    PoisonNowhere,
}

const REFUSED: u32 = 1_000_000;

impl Content {
    fn item(&self) -> Option<Item> {
        match self {
            Self::Good(item) => Some(item.clone()),
            Self::Refused(id) => Some(Item { id: *id, value: Some(REFUSED) }),
            Self::Poison | Self::PoisonNowhere => None,
        }
    }

    fn is_good(&self) -> bool {
        matches!(self, Self::Good(_))
    }
}

fn sequence_number(at: usize) -> String {
    format!("00{}", 95 + at)
}

/// How PostgreSQL and the stream's order see a change: the end of its version.
fn order_of(version: &str) -> &str {
    version.rsplit('.').next().unwrap_or_default()
}

fn order_at(at: usize) -> String {
    let digits = (95 + at).to_string();
    format!("{:03}{digits}", digits.len())
}

fn contents() -> impl Strategy<Value = Vec<Content>> {
    let bad = prop_oneof![
        2 => (0..3_u8).prop_map(Content::Refused),
        2 => Just(Content::Poison),
        1 => Just(Content::PoisonNowhere),
    ];
    let good = items().prop_map(|items| items.into_iter().map(Content::Good).collect::<Vec<_>>());
    // nine are too few for the breaker
    (good, vec((bad, 0..20_usize), 0..9)).prop_map(|(mut contents, bad)| {
        for (content, at) in bad {
            contents.insert(at % (contents.len() + 1), content);
        }
        contents
    })
}

fn faults() -> impl Strategy<Value = BTreeMap<usize, Fault>> {
    let fault = prop_oneof![Just(Fault::Before), Just(Fault::Halfway), Just(Fault::After)];
    btree_map(0..30_usize, fault, 0..8)
}

fn refusing_memory() -> Memory {
    let refused = Value::parse(&format!(r#"{{"value":{REFUSED}}}"#)).unwrap();
    Memory::new().refusing(move |_, _, document| document == Some(&refused))
}

/// A stream's records; poison has the payload `at`.
fn stream(contents: &[Content]) -> Vec<Record> {
    let record = |(at, content): (usize, &Content)| match content.item() {
        Some(item) => item.through_streams(&sequence_number(at)),
        None => {
            let position =
                if matches!(content, Content::Poison) { sequence_number(at) } else { String::new() };
            Record::new("arn:aws:dynamodb:::table/t/stream/s", position, format!("{{\"at\":{at}}}"))
        }
    };
    contents.iter().enumerate().map(record).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_record_is_lost_whatever_fails(
        contents in contents(), faults in faults(), batch_size in 1..12_usize, bisect in any::<bool>(),
    ) {
        let records = stream(&contents);
        let memory = refusing_memory().failing(faults.clone());
        let mut config = Config::default();
        config.source.decoder = "dynamodb".to_owned();
        let flow = Flow::new(&config).unwrap();
        let is_durable = |at: usize| {
            let payload = &records[at].payload;
            let letter = memory.letters().iter().any(|letter| letter.payload.as_ref() == Some(payload));
            letter || contents[at].item().is_some_and(|item| {
                memory.rows().get(&item.place()).is_some_and(|row| order_of(&row.version) >= order_at(at).as_str())
            })
        };

        // what is to be delivered: stretches of the stream, the next one last
        let mut queue: Vec<std::ops::Range<usize>> = (0..records.len())
            .step_by(batch_size)
            .map(|from| from..records.len().min(from + batch_size))
            .rev()
            .collect();
        let mut invocations = 0;
        while let Some(range) = queue.pop() {
            invocations += 1;
            prop_assert!(invocations < 100, "the stream does not go on");
            let parked_before = memory.parked_positions();
            let batch = &records[range.clone()];
            let report = take(&flow, &memory, batch);
            prop_assert!(report.failure().is_none(), "{:?}", report.failure());

            let counts = report.counts();
            let durable = counts.applied + counts.stale + counts.ignored.values().sum::<usize>() + counts.parked;
            prop_assert_eq!(counts.received, durable + counts.reported);
            prop_assert_eq!(report.outcomes.iter().take_while(|outcome| **outcome != Outcome::Failed).count(), durable);
            for at in range.start..range.start + durable {
                prop_assert!(is_durable(at), "record {} is not reported and not durable", at);
            }
            let ahead: BTreeSet<String> = batch[..durable].iter().map(|record| record.position.clone()).collect();
            // unless the database stored them and failed to say so
            let unheard = faults.contains_key(&(memory.calls() - 1));
            for position in memory.parked_positions().difference(&parked_before) {
                prop_assert!(ahead.contains(position) || unheard, "{:?} is parked, but reported", position);
            }

            let response: serde_json::Value =
                serde_json::from_str(&report.response(&batch.to_vec().into())).unwrap();
            let failures = response["batchItemFailures"].as_array().unwrap();
            let Some(failure) = failures.first() else {
                prop_assert_eq!(counts.reported, 0);
                continue;
            };
            prop_assert_eq!(failures.len(), 1);
            let identifier = failure["itemIdentifier"].as_str().unwrap();
            prop_assert_eq!(identifier, &batch[durable].position);
            let found = batch.iter().position(|record| record.position == identifier && !identifier.is_empty());
            match found {
                Some(at) => queue.push(range.start + at..range.end),
                None if bisect && range.len() > 1 => {
                    let middle = range.start + range.len() / 2;
                    queue.push(middle..range.end);
                    queue.push(range.start..middle);
                }
                None => queue.push(range),
            }
        }

        let mut view = BTreeMap::new();
        for (at, content) in contents.iter().enumerate() {
            prop_assert!(is_durable(at), "record {} is lost", at);
            match content.item().filter(|_| content.is_good()) {
                Some(item @ Item { value: Some(value), .. }) => {
                    view.insert(item.place(), format!(r#"{{"value":{value}}}"#));
                }
                Some(item) => drop(view.remove(&item.place())),
                None => {}
            }
        }
        prop_assert_eq!(memory.live(), view);
        for letter in memory.letters() {
            let bad = records.iter().zip(&contents).any(|(record, content)| {
                let is_its = letter.position == record.position && letter.payload.as_ref() == Some(&record.payload);
                !content.is_good() && is_its
            });
            prop_assert!(bad, "parked without a reason: {:?}", letter);
        }
    }
}

// ---- poison

/// Records of a script: poison, then changes of a key each.
fn poisoned(poison: usize, good: usize) -> (Flow, Vec<Record>) {
    let put = |n| Op::Put(u8::try_from(n % 200).unwrap()).events(n, 0);
    let (flow, mut records) = script((0..good).map(put).collect());
    records.extend((0..poison).map(|n| Record::new("script", format!("poison-{n}"), "poison")));
    records.rotate_right(poison);
    (flow, records)
}

#[test]
fn poison_that_is_most_of_a_batch_fails_the_invocation_and_parks_nothing() {
    let check = |poison, good, parks: bool| {
        let (flow, records) = poisoned(poison, good);
        let memory = Memory::new();
        let report = take(&flow, &memory, &records);
        let code = report.failure().map(|error| error.code().as_str());
        assert_eq!(code, (!parks).then_some("systemic_poison"), "{poison} of {}", poison + good);
        assert_eq!(memory.letters().len(), if parks { poison } else { 0 }, "{poison} of {}", poison + good);
        let counts = report.counts();
        assert_eq!((counts.parked, counts.reported), if parks { (poison, 0) } else { (0, poison + good) });
    };
    check(9, 0, true);
    check(9, 1, true);
    check(10, 0, false);
    check(10, 9, false);
    check(10, 10, true);
    check(501, 500, false);
    // both chunks count
    check(CHUNK_RECORDS, CHUNK_RECORDS, true);
    check(CHUNK_RECORDS, CHUNK_RECORDS - 1, false);
}

#[test]
fn patches_that_wait_do_not_count_for_the_breaker() {
    let (flow, records) = script((0..12).map(|n| Op::Patch(1).events(n, 0)).collect());
    let memory = Memory::new();
    memory.park_before(parked_before(1));
    let report = take(&flow, &memory, &records);
    assert!(is_done(&report), "{report:?}");
    assert_eq!(report.counts().parked, 12);
}

#[test]
fn a_source_that_parks_too_much_in_a_while_fails_the_invocation() {
    let check = |by_others, poison, parks: bool| {
        let mut config = Config::default();
        config.dead_letters.limit = 5;
        let flow = Flow::new(&config).unwrap();
        let bad = |n: usize| Record::new("s", n.to_string(), n.to_string());
        let records: Vec<Record> = (0..poison).map(bad).collect();
        let mut memory = Memory::new();
        memory.parked_by_others = by_others;
        let report = take(&flow, &memory, &records);
        assert_eq!(report.failure().map(|error| error.code().as_str()), (!parks).then_some("parked_limit"));
        assert_eq!(memory.letters().len(), if parks { poison } else { 0 });
    };
    check(0, 5, true);
    check(0, 6, false);
    check(4, 1, true);
    check(4, 2, false);
    check(5, 0, true);
}

#[test]
fn when_parking_fails_the_first_poison_record_is_reported() {
    let contents: Vec<Content> =
        (0..5).map(|n| if n % 2 == 1 { Content::Poison } else { good(n, u32::from(n)) }).collect();
    let mut config = Config::default();
    config.source.decoder = "dynamodb".to_owned();
    // prepare, apply, parked_lately, park
    for fault in [2, 3] {
        let memory = Memory::new().failing(BTreeMap::from([(fault, Fault::Before)]));
        let report = take(&Flow::new(&config).unwrap(), &memory, &stream(&contents));
        assert_eq!(report.failed_position(), Some(sequence_number(1).as_str()));
        assert!(report.stopped().is_some() && memory.letters().is_empty());
        assert_eq!(memory.rows().len(), 3);
    }
}

fn good(id: u8, value: u32) -> Content {
    Content::Good(Item { id, value: Some(value) })
}

#[test]
fn nothing_behind_the_reported_record_is_parked() {
    let mut contents: Vec<Content> = (0..CHUNK_RECORDS).map(|_| good(1, 1)).collect();
    contents[3] = Content::Poison;
    contents.extend([good(2, 2), Content::Poison, good(3, 3), Content::Poison]);
    // the second chunk's statement: prepare, apply, prepare, apply
    let memory = Memory::new().failing(BTreeMap::from([(3, Fault::After)]));
    let report = take(&Flow::new(&Config::default()).unwrap(), &memory, &stream(&contents));
    assert_eq!(report.failed_position(), Some(sequence_number(CHUNK_RECORDS).as_str()));
    assert_eq!(memory.parked_positions(), BTreeSet::from([sequence_number(3)]));
    let counts = report.counts();
    assert_eq!((counts.applied, counts.parked, counts.reported), (CHUNK_RECORDS - 1, 1, 4));
}

#[test]
fn a_patch_waits_for_what_an_earlier_chunk_of_the_batch_will_park() {
    let mut events = vec![Op::Put(1).events(0, 0)];
    events.extend((1..CHUNK_RECORDS).map(|n| Op::Put(2).events(n, 0)));
    events.push(Op::Patch(1).events(CHUNK_RECORDS, 0));
    let (flow, records) = script(events);
    let memory = Memory::new().refusing(|_, refused, _| refused == version(0));
    let report = take(&flow, &memory, &records);
    assert!(is_done(&report), "{report:?}");
    let codes: Vec<String> = memory.letters().iter().map(|letter| letter.code.to_string()).collect();
    assert_eq!(codes, ["rejected", "blocked"]);
}

#[test]
fn a_record_without_an_event_is_not_delivered_for_ever() {
    let (flow, records) = script(vec![vec![], Op::Put(1).events(0, 0)]);
    let report = take(&flow, &Memory::new(), &records);
    assert!(is_done(&report), "{report:?}");
    assert_eq!(report.outcomes, [Outcome::Ignored(Reason::Control), Outcome::Applied]);
}

#[test]
fn a_key_change_is_parked_as_one_record_and_neither_half_is_written() {
    let (flow, records) = script(vec![Op::Put(1).events(0, 0), Op::Move(1, 2).events(1, 0)]);
    let memory = Memory::new().refusing(|key, _, _| key == "[2]");
    let report = take(&flow, &memory, &records);
    assert_eq!(report.outcomes, [Outcome::Applied, Outcome::Parked]);
    let rows = memory.rows();
    let kept: Vec<(&str, &str)> =
        rows.iter().map(|((_, key), row)| (key.as_str(), row.version.as_str())).collect();
    assert_eq!(kept, [("[1]", version(0).as_str())]);
}
