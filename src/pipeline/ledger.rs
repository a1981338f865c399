//! What becomes of every record of a batch: outcomes, what is to be parked, and when that is too much.

use super::chunk::{RowId, Verdict};
use super::export::EXPORT;
use super::flow::{Flow, nearly_routed};
use super::write::{TableKey, Written};
use crate::coalesce::Fate;
use crate::deadline::Deadline;
use crate::decode::Reason;
use crate::error::{Code, Disposition, Error, ErrorKind, Result};
use crate::event::hex;
use crate::metrics::{self, Meter};
use crate::policy::OnConfigError;
use crate::record::{Record, Redelivered};
use crate::report::{Outcome, Report, redelivered};
use crate::route::{NearlyRouted, RecordRef, RoutedChange};
use crate::sink::{Cause, DeadLetter, Sink, Store};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// This many poison records that are more than half of a batch are no accident.
const SYSTEMIC_POISON_MIN: usize = 10;

/// Decoders of what rowtide itself loads beside a stream.
const OWN_LOADS: [&str; 1] = [EXPORT];

/// Letters that are parked with one statement, and the bytes of their payloads behind which it ends.
const PAGE_LETTERS: usize = 500;
const PAGE_BYTES: usize = 8 << 20;

/// The most tables and codes that one message names.
const NAMED_MAX: usize = 5;

/// What is known of the batch's records so far.
pub(super) struct Ledger<'f> {
    flow: &'f Flow,
    records: &'f [Record],
    /// `None` until something is known.
    outcomes: Vec<Option<Outcome>>,
    /// What is to be parked: by record.
    letters: BTreeMap<usize, Vec<Letter>>,
    /// Records that are poison by themselves, not parked behind another.
    poison: HashSet<usize>,
    /// Records for which there is not enough memory: one producer's mistake, and no sign of a wrong decoder.
    too_large: HashSet<usize>,
    /// Poison that holds parts which are not: an aggregate with one bad part is not a bad record.
    partly: HashSet<usize>,
    /// Faults of the configuration of a table or producer.
    faults: Groups,
    /// The records that show them.
    faulty: HashSet<usize>,
    /// Whether one of them is of a route that leaves it to rowtide what becomes of its records.
    has_open_fault: bool,
    /// The first of them that goes away by waiting.
    can_wait: Option<(Code, Option<String>)>,
    /// Stale changes of which the source says that they happened later than what is stored, by table.
    backwards: BTreeMap<String, Backwards>,
    /// Changes of tables that no route takes and one nearly does, by table, with the `from` of that one.
    nearly_routed: BTreeMap<String, (Arc<str>, u64)>,
    /// What became of each event, by record and number; kept for a redrive only.
    parts: BTreeMap<(usize, u32), Outcome>,
    failure: Option<Error>,
    stopped: Option<Error>,
    /// What a patch is parked with that waits behind another change.
    blocked: Option<Arc<Error>>,
    /// None when nobody listens.
    meter: Option<Meter>,
}

fn blocked() -> Error {
    Error::poison(Code::Blocked, "An older change of the same row is parked; this patch waits behind it.")
}

/// A part of a record that is to be parked, and what bounds it.
struct Letter {
    sub: u32,
    decoder: Option<&'static str>,
    row: RowId,
    event_id: Option<String>,
    error: Arc<Error>,
    limit: Limit,
}

/// What the number of letters is bounded by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limit {
    /// `dead_letters.limit`, of the source.
    Source,
    /// `dead_letters.limit`, of the source table alone.
    Table,
    /// Nothing.
    None,
}

/// Changes that went backwards.
#[derive(Default)]
struct Backwards {
    /// Changes at a position of the source.
    changes: u64,
    /// Rows of a snapshot that the source took.
    snapshot_rows: u64,
}

/// Records by source table and code, each with how many there are and the message of the first.
#[derive(Default)]
struct Groups(BTreeMap<(String, String), (usize, String)>);

impl Groups {
    fn add(&mut self, table: Option<&str>, error: &Error) {
        let group = (table.unwrap_or("-").to_owned(), error.code().to_string());
        let (count, _) = self.0.entry(group).or_insert_with(|| (0, error.message().to_owned()));
        *count += 1;
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tables and codes with their counts, the most frequent first.
    fn counts(&self) -> String {
        let mut groups: Vec<_> = self.0.iter().collect();
        groups.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        let others = groups.len().saturating_sub(NAMED_MAX);
        let name = |((table, code), (count, _)): &(&(String, String), &(usize, String))| match table.as_str()
        {
            "-" => format!("{code} {count}"),
            table => format!("{table}: {code} {count}"),
        };
        let mut named: Vec<String> = groups.iter().take(NAMED_MAX).map(name).collect();
        if others > 0 {
            named.push(format!("and {others} others"));
        }
        named.join(", ")
    }

    /// What the records say of each code, once.
    fn messages(&self) -> String {
        let mut codes = HashSet::new();
        let of_code = self.0.iter().filter(|((_, code), _)| codes.insert(code)).take(NAMED_MAX);
        of_code.map(|(_, (_, message))| message.as_str()).collect::<Vec<_>>().join(" ")
    }
}

impl Letter {
    /// The letter, with what it has in common with the others of its record; without the payload.
    fn of(&self, common: &DeadLetter) -> DeadLetter {
        DeadLetter {
            sub: self.sub,
            event_id: self.event_id.clone(),
            decoder: self.decoder,
            table: self.row.table.clone(),
            key: self.row.key.clone(),
            code: self.error.code(),
            message: self.error.to_string(),
            source: common.source.clone(),
            position: common.position.clone(),
            sequence_number: common.sequence_number.clone(),
            partition_key: common.partition_key.clone(),
            payload_sha256: common.payload_sha256.clone(),
            payload: None,
            ..*common
        }
    }
}

impl<'f> Ledger<'f> {
    pub(super) fn new(flow: &'f Flow, records: &'f [Record]) -> Self {
        Self {
            flow,
            records,
            outcomes: vec![None; records.len()],
            letters: BTreeMap::new(),
            poison: HashSet::new(),
            too_large: HashSet::new(),
            partly: HashSet::new(),
            faults: Groups::default(),
            faulty: HashSet::new(),
            has_open_fault: false,
            can_wait: None,
            backwards: BTreeMap::new(),
            nearly_routed: BTreeMap::new(),
            parts: BTreeMap::new(),
            failure: None,
            stopped: None,
            blocked: None,
            meter: metrics::is_enabled().then(|| Meter::new(records.len())),
        }
    }

    pub(super) fn stop(&mut self, error: Error) {
        match error.disposition() {
            Disposition::Retry => self.stopped = Some(error),
            Disposition::Park | Disposition::Abort => self.failure = Some(error),
        }
    }

    fn note(&mut self, RecordRef { record, sub, .. }: RecordRef, outcome: Outcome) {
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
        let Written { chunk, settled, kept, error } = written;
        for (origin, verdict) in &chunk.verdicts {
            match verdict {
                Verdict::Ignored(reason) => self.note(*origin, Outcome::Ignored(*reason)),
                Verdict::Poison(error, row) => {
                    // a record is stored whole: the first of its bad parts stands for all, but each row is blocked
                    let is_large = error.code() == Code::TooLarge;
                    let unfit = if is_large { &mut self.too_large } else { &mut self.poison };
                    if !unfit.insert(origin.record) && row.key.is_none() && row.table.is_none() {
                        continue;
                    }
                    self.note_table(*origin, row);
                    self.letter(*origin, row.clone(), error, Limit::Source);
                }
                Verdict::Fault(error, row) => {
                    self.fault(*origin, row, error, self.flow.on_config_error(error));
                    // many of them are no accident
                    if error.code() == Code::OtherFormat && self.letters.contains_key(&origin.record) {
                        self.poison.insert(origin.record);
                    }
                }
            }
        }
        for NearlyRouted { table, from } in chunk.nearly_routed {
            self.nearly_routed.entry(table).or_insert((from, 0)).1 += 1;
        }
        for (change, fate) in settled {
            self.settle(&change, fate);
        }
        if let Some(meter) = &mut self.meter {
            meter.archived(kept.archived);
        }
        let is_stopped = kept.error.is_some() || error.is_some();
        // whatever a person must do there: the records come again, and those of other archives are not held up
        self.stopped = self.stopped.take().or(kept.error);
        if let Some(error) = error {
            self.stop(error);
        }
        if is_stopped { Err(()) } else { Ok(()) }
    }

    fn note_table(&mut self, origin: RecordRef, row: &RowId) {
        if let (Some(meter), Some(table)) = (&mut self.meter, &row.table) {
            meter.table(origin.record, table);
        }
    }

    fn settle(&mut self, change: &RoutedChange, fate: Option<Fate>) {
        if let Some(meter) = &mut self.meter {
            meter.table(change.origin.record, &change.event.table);
            if matches!(fate, Some(Fate::Applied)) {
                // a row that was there before all changes is of no age
                let at = change.at.filter(|_| !change.event.version.is_loaded());
                meter.applied(change.origin.record, at);
            }
        }
        let row = || RowId::of(&change.event);
        match fate {
            Some(Fate::Applied) => self.note(change.origin, Outcome::Applied),
            Some(Fate::Stale) => self.note(change.origin, Outcome::Stale),
            Some(Fate::StaleButLater) => {
                self.note(change.origin, Outcome::Stale);
                self.note_backwards(change);
            }
            Some(Fate::Fault(error)) => {
                self.fault(change.origin, &row(), &error, change.target.on_config_error);
            }
            Some(Fate::Refused(error)) => {
                self.poison.insert(change.origin.record);
                self.letter(change.origin, row(), &error, Limit::Source);
                self.name_letter(change.origin, change.event.event_id.clone());
            }
            Some(Fate::Blocked) => {
                let error = self.blocked.get_or_insert_with(|| Arc::new(blocked())).clone();
                self.letter(change.origin, row(), &error, Limit::None);
                self.name_letter(change.origin, change.event.event_id.clone());
            }
            None => self.note(change.origin, Outcome::Failed),
        }
    }

    /// A part of a record that shows a fault of the configuration of its own table or producer. What is delivered alone
    /// is delivered again by itself, what comes in order is parked.
    fn fault(&mut self, origin: RecordRef, row: &RowId, error: &Arc<Error>, policy: OnConfigError) {
        self.note_table(origin, row);
        self.faults.add(row.table.as_deref(), error);
        self.faulty.insert(origin.record);
        if error.can_wait() {
            self.can_wait.get_or_insert((error.code(), error.sqlstate().map(str::to_owned)));
        }
        let is_alone =
            self.records.get(origin.record).is_some_and(|record| record.redelivered == Redelivered::Alone);
        match policy {
            OnConfigError::Auto if is_alone && !self.flow.redriving => {
                self.has_open_fault = true;
                self.note(origin, Outcome::Failed);
            }
            OnConfigError::Auto | OnConfigError::Fail => {
                self.has_open_fault = true;
                self.letter(origin, row.clone(), error, Limit::Table);
            }
            OnConfigError::Park => self.letter(origin, row.clone(), error, Limit::None),
        }
    }

    fn note_backwards(&mut self, change: &RoutedChange) {
        // what rowtide itself loads beside a stream is meant to be older than it
        if change.origin.decoder.is_some_and(|decoder| OWN_LOADS.contains(&decoder)) {
            return;
        }
        let backwards = self.backwards.entry(change.event.table.clone()).or_default();
        match change.event.version.is_loaded() {
            true => backwards.snapshot_rows += 1,
            false => backwards.changes += 1,
        }
    }

    fn letter(&mut self, origin: RecordRef, row: RowId, error: &Arc<Error>, limit: Limit) {
        self.note(origin, Outcome::Parked);
        let RecordRef { record, sub, decoder } = origin;
        let letter = Letter { sub, decoder, row, event_id: None, error: error.clone(), limit };
        self.letters.entry(record).or_default().push(letter);
    }

    /// Gives the last letter of a record the source's own name of its event.
    fn name_letter(&mut self, origin: RecordRef, event_id: Option<String>) {
        if let Some(last) = self.letters.get_mut(&origin.record).and_then(|letters| letters.last_mut()) {
            last.event_id = event_id;
        }
    }

    /// The keys of what is to be parked.
    pub(super) fn parked_keys(&self) -> HashSet<TableKey> {
        self.letters
            .values()
            .flatten()
            .filter_map(|Letter { row, .. }| row.table.clone().zip(row.key.clone()))
            .collect()
    }

    /// Parks what must be parked and is not delivered again anyway, unless it is systemic.
    pub(super) async fn park<S: Sink>(&mut self, sink: &S, deadline: Deadline) {
        if self.failure.is_some() {
            return;
        }
        let poison = self.poison.difference(&self.partly).count();
        if poison >= SYSTEMIC_POISON_MIN && poison * 2 > self.records.len() {
            self.failure = Some(self.systemic());
            return;
        }
        if let Err(error) = self.check_faults(sink, deadline).await {
            self.stop(error);
            return;
        }
        if let Err(error) = self.check_unrouted(sink, deadline).await {
            self.failure = Some(error);
            return;
        }
        let Some(store) = sink.store() else {
            self.leave_unparked();
            return;
        };
        let again = redelivered(self.records, |index| {
            matches!(self.outcomes.get(index), None | Some(None | Some(Outcome::Failed)))
        });
        let is_durable = |index: usize| again.get(index) == Some(&false);
        if let Err(error) = self.park_those(is_durable, store, deadline).await {
            self.take_back_letters();
            self.stop(error);
        }
    }

    /// Nothing was parked: the records with letters must be delivered again.
    fn take_back_letters(&mut self) {
        for (outcome, index) in self.outcomes.iter_mut().zip(0..) {
            if self.letters.contains_key(&index) {
                *outcome = Some(Outcome::Failed);
            }
        }
    }

    /// A sink without a store cannot park: what would be parked is reported, and why.
    fn leave_unparked(&mut self) {
        if self.letters.is_empty() {
            return;
        }
        self.take_back_letters();
        let mut groups = Groups::default();
        for letter in self.letters.values().filter_map(|letters| letters.first()) {
            groups.add(letter.row.table.as_deref(), &letter.error);
        }
        let message = format!(
            "{} of {} records cannot be applied ({}), and the sink has no store to park them in: they are reported. {}",
            self.letters.len(),
            self.records.len(),
            groups.counts(),
            groups.messages(),
        );
        self.stopped.get_or_insert_with(|| Error::new(ErrorKind::Config, Code::NoStore, message));
    }

    /// Parks the letters of those records, page by page: each has its payload once, with the first of its letters.
    async fn park_those(
        &self,
        is_meant: impl Fn(usize) -> bool,
        store: &impl Store,
        deadline: Deadline,
    ) -> Result<()> {
        let meant = || self.letters.iter().filter(|(index, _)| is_meant(**index));
        let mut dossiers: HashMap<usize, DeadLetter> = HashMap::new();
        for (index, letters) in meant() {
            if let Some(letter) = letters.first() {
                dossiers.extend(self.dossier(*index, letter).map(|dossier| (*index, dossier)));
            }
        }
        self.check_limit(store, &dossiers, deadline).await?;
        let (mut page, mut bytes) = (Vec::new(), 0);
        for (index, letters) in meant() {
            let Some(dossier) = dossiers.get(index) else { continue };
            for (letter, place) in letters.iter().zip(0..) {
                let payload = dossier.payload.clone().filter(|_| place == 0);
                bytes += payload.as_ref().map_or(0, |payload| payload.len());
                page.push(DeadLetter { payload, ..letter.of(dossier) });
                if page.len() == PAGE_LETTERS || bytes > PAGE_BYTES {
                    store.park(&std::mem::take(&mut page), deadline).await?;
                    bytes = 0;
                }
            }
        }
        if page.is_empty() { Ok(()) } else { store.park(&page, deadline).await }
    }

    /// What the letters of a record have in common, beside what the first of them says.
    fn dossier(&self, index: usize, first: &Letter) -> Option<DeadLetter> {
        let record = self.records.get(index)?;
        let common = DeadLetter {
            source: record.source.to_string(),
            position: record.position.clone(),
            sequence_number: record.sequence_number.clone(),
            sub: 0,
            event_id: None,
            partition_key: record.partition_key.as_deref().map(str::to_owned),
            arrived_at: record.arrived_at,
            epoch: self.flow.epoch,
            decoder: None,
            table: None,
            key: None,
            // its letters say their own
            code: Code::Other(""),
            message: String::new(),
            payload_sha256: hex(&Sha256::digest(&record.payload)),
            payload: self.flow.keep_payloads.then(|| record.payload.clone()),
        };
        Some(DeadLetter { payload: common.payload.clone(), ..first.of(&common) })
    }

    /// Faults of the configuration fail the invocation when nothing of the batch can be applied and nothing is known of
    /// the source yet: then the decoder or the routes are wrong, and nobody would look for what is parked. So do those
    /// that go away by waiting.
    async fn check_faults<S: Sink>(&mut self, sink: &S, deadline: Deadline) -> Result<()> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let is_applied =
            |outcome: &Option<Outcome>| matches!(outcome, Some(Outcome::Applied | Outcome::Stale));
        // of a batch that stopped early, others may still be applied
        let is_left_out = |outcome: &Option<Outcome>| matches!(outcome, Some(Outcome::Ignored(_)));
        let mut outcomes = self.outcomes.iter().zip(0..);
        let is_whole = self.stopped.is_none()
            || outcomes.all(|(outcome, index)| self.faulty.contains(&index) || is_left_out(outcome));
        let is_alone =
            self.has_open_fault && is_whole && !self.flow.redriving && !self.outcomes.iter().any(is_applied);
        if is_alone && (self.can_wait.is_some() || !self.flow.knows_source(sink, deadline).await) {
            return Err(self.nothing_applied());
        }
        // whoever redrives is told of each letter
        for ((table, code), (count, message)) in self.faults.0.iter().filter(|_| !self.flow.redriving) {
            tracing::error!(
                table,
                code,
                count,
                "Records show a fault of the configuration of their own table, and are set aside; the others are \
                 applied. {message}"
            );
        }
        Ok(())
    }

    /// A batch of nothing but tables that no route takes, of which one nearly is: while nothing is known of the source,
    /// the route has a typing error, and nobody would look for what is left out.
    async fn check_unrouted<S: Sink>(&mut self, sink: &S, deadline: Deadline) -> Result<()> {
        let Some((table, (from, _))) = self.nearly_routed.iter().next() else { return Ok(()) };
        let is_left_out = |outcome: &Option<Outcome>| {
            matches!(outcome, Some(Outcome::Ignored(Reason::Unrouted | Reason::Control | Reason::Heartbeat)))
        };
        let is_alone = !self.flow.redriving && self.outcomes.iter().all(is_left_out);
        // without books nobody knows what came before
        if is_alone && sink.store().is_some() && !self.flow.knows_source(sink, deadline).await {
            let error = Error::new(ErrorKind::Config, Code::UnroutedTable, nearly_routed(table, from));
            // said by the error
            self.nearly_routed.clear();
            return Err(error);
        }
        Ok(())
    }

    /// The error of a batch of which nothing can be applied.
    fn nothing_applied(&self) -> Error {
        let (counts, messages) = (self.faults.counts(), self.faults.messages());
        let (code, sqlstate) = self.can_wait.clone().unwrap_or((Code::Configuration, None));
        let message =
            format!("No record of the batch can be applied ({counts}), and nothing was parked. {messages}");
        let error = Error::new(ErrorKind::Config, code, message);
        match sqlstate {
            Some(state) => error.with_sqlstate(&state),
            None => error,
        }
    }

    fn systemic(&self) -> Error {
        let mut groups = Groups::default();
        let of_poison = self.letters.iter().filter(|(index, _)| self.poison.contains(index));
        for letter in of_poison.filter_map(|(_, letters)| letters.first()) {
            groups.add(letter.row.table.as_deref(), &letter.error);
        }
        Error::new(
            ErrorKind::Config,
            Code::SystemicPoison,
            format!(
                "{} of {} records cannot be applied ({}): that is no accident, and nothing was parked. {} Check \
                 source.decoder and the target's constraints; `rowtide decode` shows what each record is taken for.",
                self.poison.len(),
                self.records.len(),
                groups.counts(),
                groups.messages(),
            ),
        )
    }

    /// Whether so many records may be parked; of each, however many letters it has, its first.
    async fn check_limit(
        &self,
        store: &impl Store,
        dossiers: &HashMap<usize, DeadLetter>,
        deadline: Deadline,
    ) -> Result<()> {
        let mut bounded: BTreeMap<(&str, Cause<'_>), HashSet<usize>> = BTreeMap::new();
        for (index, dossier) in dossiers {
            for letter in self.letters.get(index).into_iter().flatten() {
                let cause = match letter.limit {
                    Limit::Source => Cause::Poison,
                    Limit::Table => Cause::Fault(letter.row.table.as_deref()),
                    Limit::None => continue,
                };
                bounded.entry((&dossier.source, cause)).or_default().insert(*index);
            }
        }
        if bounded.is_empty() {
            return Ok(());
        }
        let own: Vec<DeadLetter> = dossiers.values().cloned().collect();
        for ((source, cause), new) in bounded {
            let lately = store.parked_lately(source, cause, &own, deadline).await?;
            let new = u64::try_from(new.len()).unwrap_or(u64::MAX);
            if lately + new > self.flow.parked_limit {
                return Err(self.over_limit(source, cause, lately, new));
            }
        }
        Ok(())
    }

    fn over_limit(&self, source: &str, cause: Cause<'_>, lately: u64, new: u64) -> Error {
        let (of, advice) = match cause {
            Cause::Poison => (String::new(), "mend the cause or raise the limit".to_owned()),
            Cause::Fault(table) => (
                table.map_or_else(String::new, |table| format!(" of {table}")),
                format!(
                    "mend it, or leave the table out with skip = true in its route. {}",
                    self.faults.messages()
                ),
            ),
        };
        Error::new(
            ErrorKind::Config,
            Code::ParkedLimit,
            format!(
                "{source} has parked {lately} records{of} in the last 10 minutes and would park {new} more, over \
                 dead_letters.limit = {}. Look at `rowtide dead-letters list`; {advice}",
                self.flow.parked_limit
            ),
        )
    }

    pub(super) fn report(self) -> (Report, Option<Meter>) {
        // a record of which nothing is known was never started
        let outcomes = self.outcomes.into_iter().map(|known| known.unwrap_or(Outcome::Failed)).collect();
        let mut report = Report::new(self.records, outcomes, self.failure, self.stopped);
        let code = |letters: &Vec<Letter>| letters.first().map(|letter| letter.error.code());
        report.codes = self.letters.iter().filter_map(|(at, letters)| Some((*at, code(letters)?))).collect();
        report.parts = self.parts;
        let mut meter = self.meter;
        for (table, Backwards { changes, snapshot_rows }) in self.backwards {
            self.flow.warn_backwards(&table, changes, snapshot_rows);
            if let Some(meter) = &mut meter {
                meter.backwards(changes);
            }
        }
        for (table, (from, changes)) in self.nearly_routed {
            self.flow.warn_nearly_routed(&table, &from);
            if let Some(meter) = &mut meter {
                meter.nearly_routed(changes);
            }
        }
        (report, meter)
    }
}
