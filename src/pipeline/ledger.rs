//! What becomes of every record of a batch: outcomes, what is to be parked, and when that is too much.

use super::{Flow, TableKey, Verdict, Written};
use crate::coalesce::{Fate, Provenance};
use crate::error::{Disposition, Error, ErrorKind, Result};
use crate::event::{ChangeEvent, hex};
use crate::materialize::{DeadLetter, Deadline, Materializer};
use crate::metrics::{self, Meter};
use crate::record::Record;
use crate::report::{Outcome, Report, redelivered};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};

/// This many poison records that are more than half of a batch are no accident.
const SYSTEMIC_POISON_MIN: usize = 10;

/// What is known of the batch's records so far.
pub(super) struct Ledger<'f> {
    flow: &'f Flow,
    records: &'f [Record],
    /// `None` until something is known.
    outcomes: Vec<Option<Outcome>>,
    /// What is to be parked: by record.
    letters: BTreeMap<usize, Vec<DeadLetter>>,
    /// Records that are poison by themselves, not parked behind another.
    poison: HashSet<usize>,
    /// Those of them that hold parts which are not: an aggregate with one bad part is not a bad record.
    partly: HashSet<usize>,
    /// What became of each event, by record and number; kept for a redrive only.
    parts: BTreeMap<(usize, u32), Outcome>,
    failure: Option<Error>,
    stopped: Option<Error>,
    /// None when nobody listens.
    meter: Option<Meter>,
}

impl<'f> Ledger<'f> {
    pub(super) fn new(flow: &'f Flow, records: &'f [Record]) -> Self {
        Self {
            flow,
            records,
            outcomes: vec![None; records.len()],
            letters: BTreeMap::new(),
            poison: HashSet::new(),
            partly: HashSet::new(),
            parts: BTreeMap::new(),
            failure: None,
            stopped: None,
            meter: metrics::are_heard().then(|| Meter::new(records.len())),
        }
    }

    pub(super) fn stop(&mut self, error: Error) {
        match error.disposition() {
            Disposition::Retry => self.stopped = Some(error),
            Disposition::Park | Disposition::Abort => self.failure = Some(error),
        }
    }

    fn note(&mut self, Provenance { record, sub, .. }: Provenance, outcome: Outcome) {
        if self.flow.redriving {
            let part = self.parts.entry((record, sub)).or_insert(outcome);
            *part = part.worst(outcome);
        }
        if let Some(known) = self.outcomes.get_mut(record) {
            let both = (*known, outcome);
            if let (Some(Outcome::Parked), Outcome::Applied | Outcome::Stale | Outcome::Ignored(_))
            | (Some(Outcome::Applied | Outcome::Stale | Outcome::Ignored(_)), Outcome::Parked) = both
            {
                self.partly.insert(record);
            }
            *known = Some(known.map_or(outcome, |known| known.worst(outcome)));
        }
    }

    /// Enters a chunk's outcomes; an error when no further chunk may start.
    pub(super) fn enter(&mut self, written: Written) -> Result<(), ()> {
        let Written { chunk, settled, error } = written;
        for (origin, verdict) in &chunk.verdicts {
            match verdict {
                Verdict::Ignored(reason) => self.note(*origin, Outcome::Ignored(*reason)),
                Verdict::Poison(error, key) => {
                    // a record is stored whole: the first of its bad parts stands for all, but each row is blocked
                    if !self.poison.insert(origin.record) && key.is_none() {
                        continue;
                    }
                    self.letter(*origin, None, error.code(), error.to_string());
                    let letter = self.letters.get_mut(&origin.record).and_then(|letters| letters.last_mut());
                    if let (Some(letter), Some((table, key))) = (letter, key) {
                        if let Some(meter) = &mut self.meter {
                            meter.table(origin.record, table);
                        }
                        (letter.table, letter.key) = (Some(table.clone()), Some(key.clone()));
                    }
                }
            }
        }
        for (change, fate) in settled {
            if let Some(meter) = &mut self.meter {
                meter.table(change.origin.record, &change.event.table);
                if matches!(fate, Some(Fate::Applied)) {
                    meter.applied(change.origin.record, change.at);
                }
            }
            match fate {
                Some(Fate::Applied) => self.note(change.origin, Outcome::Applied),
                Some(Fate::Stale) => self.note(change.origin, Outcome::Stale),
                Some(Fate::Refused(error)) => {
                    self.poison.insert(change.origin.record);
                    self.letter(change.origin, Some(&change.event), error.code(), error.to_string());
                }
                Some(Fate::Blocked) => {
                    let message = "An older change of the same row is parked; this patch waits behind it.";
                    self.letter(change.origin, Some(&change.event), "blocked", message.to_owned());
                }
                None => self.note(change.origin, Outcome::Failed),
            }
        }
        match error {
            Some(error) => {
                self.stop(error);
                Err(())
            }
            None => Ok(()),
        }
    }

    fn letter(&mut self, origin: Provenance, event: Option<&ChangeEvent>, code: &str, message: String) {
        self.note(origin, Outcome::Parked);
        let Some(record) = self.records.get(origin.record) else { return };
        self.letters.entry(origin.record).or_default().push(DeadLetter {
            source: record.source.to_string(),
            position: record.position.clone(),
            sequence_number: record.sequence_number.clone(),
            sub: origin.sub,
            event_id: event.and_then(|event| event.event_id.clone()),
            partition_key: record.partition_key.clone(),
            arrived_at: record.arrived_at,
            epoch: self.flow.epoch,
            decoder: origin.decoder,
            table: event.map(|event| event.table.clone()),
            key: event.and_then(|event| event.key.as_ref()).map(|key| key.as_str().to_owned()),
            code: code.to_owned(),
            message,
            payload_sha256: hex(&Sha256::digest(&record.payload)),
            payload: self.flow.keep_payloads.then(|| record.payload.clone()),
        });
    }

    /// The keys of what is to be parked.
    pub(super) fn parked_keys(&self) -> HashSet<TableKey> {
        self.letters
            .values()
            .flatten()
            .filter_map(|letter| letter.table.clone().zip(letter.key.clone()))
            .collect()
    }

    /// Parks what must be parked and is not delivered again anyway, unless it is systemic.
    pub(super) async fn park<M: Materializer>(&mut self, sink: &M, deadline: Deadline) {
        if self.failure.is_some() {
            return;
        }
        let poison = self.poison.difference(&self.partly).count();
        if poison >= SYSTEMIC_POISON_MIN && poison * 2 > self.records.len() {
            self.failure = Some(self.systemic());
            return;
        }
        let again = redelivered(self.records, |index| {
            matches!(self.outcomes.get(index), None | Some(None | Some(Outcome::Failed)))
        });
        let is_durable = |index: &usize| again.get(*index) == Some(&false);
        let durable = self.letters.iter().filter(|(index, _)| is_durable(index));
        let letters: Vec<DeadLetter> = durable.flat_map(|(_, of)| of.iter().cloned()).collect();
        if letters.is_empty() {
            return;
        }
        let parked = match self.check_limit(sink, &letters, deadline).await {
            Ok(()) => sink.park(&letters, deadline).await,
            Err(error) => Err(error),
        };
        if let Err(error) = parked {
            for (outcome, index) in self.outcomes.iter_mut().zip(0..) {
                if self.letters.contains_key(&index) {
                    *outcome = Some(Outcome::Failed);
                }
            }
            self.stop(error);
        }
    }

    fn systemic(&self) -> Error {
        let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
        for letter in self.letters.values().filter_map(|letters| letters.first()) {
            *codes.entry(&letter.code).or_default() += 1;
        }
        let codes: Vec<String> = codes.iter().map(|(code, count)| format!("{code} {count}")).collect();
        Error::new(
            ErrorKind::Config,
            "systemic_poison",
            format!(
                "{} of {} records cannot be applied ({}): that is no accident, and nothing was parked. Check \
                 source.decoder and the target's constraints; `rowtide decode` shows what each record is taken for.",
                self.poison.len(),
                self.records.len(),
                codes.join(", ")
            ),
        )
    }

    async fn check_limit<M: Materializer>(
        &self,
        sink: &M,
        letters: &[DeadLetter],
        deadline: Deadline,
    ) -> Result<()> {
        let mut sources: BTreeMap<&str, u64> = BTreeMap::new();
        for letter in letters.iter().filter(|letter| letter.code != "blocked") {
            *sources.entry(&letter.source).or_default() += 1;
        }
        for (source, new) in sources {
            let lately = sink.parked_lately(source, letters, deadline).await?;
            if lately + new > self.flow.parked_limit {
                return Err(Error::new(
                    ErrorKind::Config,
                    "parked_limit",
                    format!(
                        "{source} has parked {lately} records in the last 10 minutes and would park {new} more, over \
                         dead_letters.limit = {}. Look at `rowtide dead-letters list`; mend the cause or raise the \
                         limit.",
                        self.flow.parked_limit
                    ),
                ));
            }
        }
        Ok(())
    }

    pub(super) fn report(self) -> (Report, Option<Meter>) {
        // a record of which nothing is known was never started
        let outcomes = self.outcomes.into_iter().map(|known| known.unwrap_or(Outcome::Failed)).collect();
        let mut report = Report::new(self.records, outcomes, self.failure, self.stopped);
        report.parts = self.parts;
        (report, self.meter)
    }
}
