//! Which changes of a chunk are written, and in what order. Knows no source and no SQL.
//!
//! Full images of one key need one write: the newest. Whatever it stands for shares its fate, and if the database
//! refuses it the next lower version is tried. A key that is patched is written change by change, in version order,
//! because what a patch rests on may be in the database and newer than what is here. The two halves of a key change
//! go together or, when a newer change already settled the other key, alone.

use crate::error::Error;
use crate::event::Change;
use crate::route::{RoutedChange, Target};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What became of one change.
#[derive(Debug, Clone)]
pub enum Fate {
    /// Durable: its row, or a newer one of the chunk that stands for it, was written.
    Applied,
    /// The database, or an earlier change of the chunk, already had this version or a newer one.
    Stale,
    /// The same, and yet the source says that it happened later: its order may have started anew.
    StaleButLater,
    /// A fault of the configuration of its table.
    Fault(Arc<Error>),
    /// The database refuses the row.
    Refused(Arc<Error>),
    /// A patch whose predecessor is parked: it must wait behind it.
    Blocked,
}

/// The changes of a chunk on their way into the database.
#[derive(Debug)]
pub struct Schedule {
    changes: Vec<RoutedChange>,
    fates: Vec<Option<Fate>>,
    /// The other half of a key change, unless one of the two repeats an earlier change.
    partners: Vec<Option<usize>>,
    lane_of: Vec<usize>,
    lanes: Vec<Lane>,
}

/// The changes of one key.
#[derive(Debug)]
struct Lane {
    /// What is still to be settled, the next one last.
    pending: Vec<usize>,
    /// Same version as an earlier change of the chunk: (the later, the earlier).
    duplicates: Vec<(usize, usize)>,
    /// Every change is written, in version order; otherwise one write settles them all.
    ordered: bool,
    blocked: bool,
}

impl Schedule {
    /// Sorts the changes of one chunk by key and version. `Truncate` must not be among them: it ends a chunk.
    #[must_use]
    pub fn new(changes: Vec<RoutedChange>) -> Self {
        let mut lanes: Vec<Lane> = Vec::new();
        let mut lane_of = Vec::with_capacity(changes.len());
        let mut by_key: HashMap<(*const Target, &str), usize> = HashMap::with_capacity(changes.len());
        let mut by_pair: HashMap<(usize, u32), usize> = HashMap::new();
        let mut partners = vec![None; changes.len()];
        for (index, change) in changes.iter().enumerate() {
            let key = change.event.key.as_ref().map(crate::event::Key::as_str).unwrap_or_default();
            let lane = *by_key.entry((Arc::as_ptr(&change.target), key)).or_insert_with(|| {
                lanes.push(Lane {
                    pending: Vec::new(),
                    duplicates: Vec::new(),
                    ordered: false,
                    blocked: false,
                });
                lanes.len() - 1
            });
            lane_of.push(lane);
            if let Some(lane) = lanes.get_mut(lane) {
                lane.pending.push(index);
            }
            if let Some(pair) = change.event.pair
                && let Some(other) = by_pair.insert((change.origin.record, pair), index)
            {
                set(&mut partners, index, Some(other));
                set(&mut partners, other, Some(index));
            }
        }
        let fates = vec![None; changes.len()];
        let mut schedule = Self { changes, fates, partners, lane_of, lanes };
        schedule.order_lanes();
        schedule
    }

    fn order_lanes(&mut self) {
        let is_patch = |changes: &[RoutedChange], index: usize| {
            changes.get(index).is_some_and(|change| matches!(change.event.change, Change::Patch(_)))
        };
        for lane in &mut self.lanes {
            lane.ordered = lane.pending.iter().any(|&index| is_patch(&self.changes, index));
        }
        // keys that are bound by a key change are ordered alike, or each could wait for the other
        let mut changed = self.partners.iter().any(Option::is_some);
        while changed {
            changed = false;
            for (index, partner) in self.partners.iter().enumerate() {
                let lane = |of: usize| self.lane_of.get(of).copied().unwrap_or_default();
                let Some(partner) = partner.map(lane) else { continue };
                let ordered = |at: usize| self.lanes.get(at).is_some_and(|lane| lane.ordered);
                if ordered(lane(index)) && !ordered(partner) {
                    changed = true;
                    if let Some(lane) = self.lanes.get_mut(partner) {
                        lane.ordered = true;
                    }
                }
            }
        }
        for lane in &mut self.lanes {
            let version = |index: &usize| self.changes.get(*index).map(|change| &change.event.version);
            lane.pending.sort_by(|a, b| version(a).cmp(&version(b)).then(a.cmp(b)));
            let mut kept: Vec<usize> = Vec::with_capacity(lane.pending.len());
            for &index in &lane.pending {
                match kept.last() {
                    Some(&last) if version(&last) == version(&index) => {
                        lane.duplicates.push((index, last));
                        // a half that is never written must not be waited for
                        if let Some(partner) = self.partners.get(index).copied().flatten() {
                            set(&mut self.partners, index, None);
                            set(&mut self.partners, partner, None);
                        }
                    }
                    _ => kept.push(index),
                }
            }
            if lane.ordered {
                kept.reverse();
            }
            lane.pending = kept;
        }
    }

    /// Every change, in the order they came.
    #[must_use]
    pub fn changes(&self) -> &[RoutedChange] {
        &self.changes
    }

    /// The change behind an index.
    #[must_use]
    pub fn change(&self, index: usize) -> Option<&RoutedChange> {
        self.changes.get(index)
    }

    /// The keys whose changes involve a patch, by an index of one of their changes.
    pub fn patched_keys(&self) -> impl Iterator<Item = usize> {
        self.lanes.iter().filter(|lane| lane.ordered).filter_map(|lane| lane.pending.last().copied())
    }

    /// Says that the key of `change` has a parked predecessor: its patches must wait.
    pub fn block(&mut self, change: usize) {
        if let Some(lane) = self.lane_of.get(change).and_then(|&lane| self.lanes.get_mut(lane)) {
            lane.blocked = true;
        }
    }

    /// The changes that are not settled yet, each with its index. What must wait behind a parked change is.
    pub fn unsettled(&mut self) -> impl Iterator<Item = (usize, &RoutedChange)> {
        self.settle_blocked();
        let open = self.fates.iter().map(Option::is_none);
        self.changes
            .iter()
            .zip(open)
            .enumerate()
            .filter_map(|(index, (change, is_open))| is_open.then_some((index, change)))
    }

    /// Takes changes out of what is to be written: they stay unsettled.
    pub fn withhold(&mut self, changes: &HashSet<usize>) {
        self.lanes.iter_mut().for_each(|lane| lane.pending.retain(|index| !changes.contains(index)));
        for &index in changes {
            if let Some(partner) = self.partners.get(index).copied().flatten() {
                set(&mut self.partners, index, None);
                set(&mut self.partners, partner, None);
            }
        }
    }

    /// What can be written now: groups of one change, or of the two halves of a key change, each key at most once.
    /// Empty when everything is settled.
    pub fn wave(&mut self) -> Vec<Vec<usize>> {
        self.settle_blocked();
        let next = |lane: usize| self.lanes.get(lane).and_then(|lane| lane.pending.last().copied());
        let mut units = Vec::new();
        for lane in 0..self.lanes.len() {
            let Some(index) = next(lane) else { continue };
            match self.partners.get(index).copied().flatten() {
                None => units.push(vec![index]),
                Some(partner) if self.is_settled(partner) => units.push(vec![index]),
                Some(partner) => {
                    let partner_lane = self.lane_of.get(partner).copied().unwrap_or_default();
                    // both halves are next: the lower index speaks for the two
                    if next(partner_lane) == Some(partner) && index < partner {
                        units.push(vec![index, partner]);
                    }
                }
            }
        }
        units
    }

    fn is_settled(&self, index: usize) -> bool {
        self.fates.get(index).is_some_and(Option::is_some)
    }

    fn settle_blocked(&mut self) {
        for lane in 0..self.lanes.len() {
            while let Some(index) =
                self.lanes.get(lane).filter(|lane| lane.blocked).and_then(|lane| lane.pending.last().copied())
                && matches!(
                    self.changes.get(index).map(|change| &change.event.change),
                    Some(Change::Patch(_))
                )
            {
                self.settle(index, Fate::Blocked);
            }
        }
    }

    /// Says what became of a change of the last wave.
    pub fn settle(&mut self, index: usize, fate: Fate) {
        let Some(lane) = self.lane_of.get(index).and_then(|&lane| self.lanes.get_mut(lane)) else { return };
        // the next one, as a rule
        if lane.pending.last() == Some(&index) {
            lane.pending.pop();
        } else {
            lane.pending.retain(|&pending| pending != index);
        }
        match fate {
            Fate::Refused(_) | Fate::Blocked | Fate::Fault(_) => lane.blocked = true,
            Fate::Applied | Fate::Stale | Fate::StaleButLater if !lane.ordered => {
                let superseded = std::mem::take(&mut lane.pending);
                if matches!(fate, Fate::Applied) {
                    self.settle_beside(index, superseded);
                } else {
                    superseded.iter().for_each(|&at| set(&mut self.fates, at, Some(Fate::Stale)));
                }
            }
            Fate::Applied | Fate::Stale | Fate::StaleButLater => {}
        }
        set(&mut self.fates, index, Some(fate));
    }

    /// Settles the changes that a written one stands for, as if each had been written by itself in the order in which
    /// they came: what came behind a newer one is stale.
    fn settle_beside(&mut self, written: usize, mut superseded: Vec<usize>) {
        superseded.push(written);
        superseded.sort_unstable();
        let mut newest: Option<usize> = None;
        for index in superseded {
            let Some(change) = self.changes.get(index) else { continue };
            let stored = newest.and_then(|at| self.changes.get(at));
            let fate = match stored.filter(|stored| stored.event.version > change.event.version) {
                Some(stored) if change.is_later_than(stored) => Fate::StaleButLater,
                Some(_) => Fate::Stale,
                None => {
                    newest = Some(index);
                    Fate::Applied
                }
            };
            set(&mut self.fates, index, Some(fate));
        }
    }

    /// Settles every change of a target that is still to be written: its configuration is at fault.
    pub fn give_up(&mut self, target: &Arc<Target>, error: &Arc<Error>) {
        for index in 0..self.changes.len() {
            let is_of_target =
                self.changes.get(index).is_some_and(|change| Arc::ptr_eq(&change.target, target));
            if is_of_target && !self.is_settled(index) {
                self.settle(index, Fate::Fault(error.clone()));
            }
        }
    }

    /// The changes with their fates, in the order they came; `None` where a change was never settled.
    #[must_use]
    pub fn finish(mut self) -> Vec<(RoutedChange, Option<Fate>)> {
        for lane in &self.lanes {
            for &(later, earlier) in &lane.duplicates {
                let fate = match self.fates.get(earlier).cloned().flatten() {
                    Some(Fate::Applied) => Some(Fate::Stale),
                    fate => fate,
                };
                set(&mut self.fates, later, fate);
            }
        }
        self.changes.into_iter().zip(self.fates).collect()
    }
}

fn set<T>(list: &mut [T], index: usize, value: T) {
    if let Some(slot) = list.get_mut(index) {
        *slot = value;
    }
}
