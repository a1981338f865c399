//! What must hold for every batch, every delivery and every fault, against a database in memory.

use crate::model::{Fault, Item, Memory, Stored, is_done, runtime, script, take};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::Index;
use rowtide::coalesce::{Fate, Schedule, Tracked};
use rowtide::config::Config;
use rowtide::error::Error;
use rowtide::event::{Change, ChangeEvent, Document, Key, Patch};
use rowtide::json::Value;
use rowtide::materialize::{DeadLetter, Deadline};
use rowtide::pipeline::{CHUNK_RECORDS, Flow, process};
use rowtide::record::Record;
use rowtide::report::{Outcome, Report};
use rowtide::route::Target;
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
    ChangeEvent {
        table: "t".to_owned(),
        key: Some(key(id)),
        change,
        version: version.to_owned().into(),
        changed_at: None,
        event_id: Some(version.to_owned()),
        actor: None,
        expired: false,
        pair,
        coarse: false,
        image: None,
    }
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
struct Case {
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

fn cases(patches: u32) -> impl Strategy<Value = Case> {
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
    fn memory(&self) -> Memory {
        let refused: HashSet<(String, String)> =
            self.refused.iter().map(|&(id, n)| (key_text(id), version(n))).collect();
        let memory =
            Memory::new().refusing(move |key, version, _| refused.contains(&(key.into(), version.into())));
        {
            let mut state = memory.state();
            for (&id, &(number, live)) in &self.stored {
                let document = live.then(|| Value::parse(r#"{"part0":"stored","part1":"stored"}"#).unwrap());
                let row = Stored { version: format!("x.{number:04}"), document };
                state.rows.insert(("public.t".to_owned(), key_text(id)), row);
            }
            for &id in &self.parked {
                let letter = parked_before(id);
                state.letters.insert(("script".to_owned(), letter.position.clone(), 0, String::new()), letter);
            }
        }
        memory
    }

    /// The ops of a record as one record's events.
    fn events(&self, record: &[usize]) -> Vec<ChangeEvent> {
        record.iter().zip(0..).flat_map(|(&n, place)| self.history[n].events(n, place)).collect()
    }

    fn together(&self) -> Memory {
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
        code: "check_violation".to_owned(),
        message: String::new(),
        payload: None,
        payload_sha256: String::new(),
    }
}

/// The changes that were parked, by version, and why.
fn parked(memory: &Memory) -> BTreeSet<(Option<String>, String)> {
    memory.letters().into_iter().map(|letter| (letter.event_id, letter.code)).collect()
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
            source: "t".into(), schema: "public".into(), name: "t".into(), storage: "t_cdc".into(),
            delete: rowtide::config::DeletePolicy::Tombstone, types: BTreeMap::new(),
        });
        let mut changes = Vec::new();
        for (record, ops) in case.records.iter().enumerate() {
            // even if different changes of a key say they are the same version
            let same_version = |(&n, place): (&usize, u32)| case.history[n].events(n / alike, place);
            for (event, sub) in ops.iter().zip(0..).flat_map(same_version).zip(0..) {
                changes.push(Tracked { record, sub, target: target.clone(), event, at: None });
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
                let refused = Arc::new(Error::poison("refused", "refused"));
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
