//! Parked records, applied once more. Knows the pipeline's front door and the dead-letter table; prints nothing.
//!
//! A record is decoded as it was then: by the same decoder, with its partition key, its arrival and its epoch. Of one
//! that holds several changes, those of the letter's row are applied; all of them where the letter knows no row. Those
//! of one key go in the order of their versions. The guard of the rows makes a redrive safe at any time within the
//! purge horizon, and a redrive that broke off can be repeated.

use crate::catalogue::TableSchema;
use crate::config::Config;
use crate::deadline::Deadline;
use crate::decode::Reason;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::event::{Change, Timestamp};
use crate::pipeline::{Flow, RowId, Verdict, process, process_rows};
use crate::record::{Envelope, Record};
use crate::report::{Outcome, Report};
use crate::route::RoutedChange;
use crate::sink::{Database, Filter, ParkedLetter, Store as _};
use crate::unpack::{self, Bounds};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Letters read at once, and applied at once where they are of one record.
const LETTERS_MAX: u16 = 1_000;

/// What became of a parked record.
#[derive(Debug)]
pub enum RedriveOutcome {
    /// Durable in its target.
    Applied,
    /// Its target has a newer version by now.
    Stale,
    /// Left out by its route; it stays parked until somebody discards it.
    Ignored(Reason),
    /// Refused once more.
    Parked,
    /// Behind a record of the same key that was refused once more: not tried.
    Waiting,
    /// Parked without its payload (`dead_letters.payload = "none"`): the source must send it again.
    NoPayload,
    /// Older than a purge of its target: it may bring a deleted row back, and was not tried.
    TooOld(Error),
    /// This configuration cannot read its record: not tried.
    Unreadable(Arc<Error>),
}

impl RedriveOutcome {
    /// Whether the record is done with, and was marked as redriven.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        matches!(self, Self::Applied | Self::Stale)
    }

    /// The word that outputs use.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Stale => "stale",
            Self::Ignored(_) => "ignored",
            Self::Parked => "parked",
            Self::Waiting => "waiting",
            Self::NoPayload => "no_payload",
            Self::TooOld(_) => "too_old",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// A parked record, and what became of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Redriven {
    /// Its number in the dead-letter table.
    pub id: i64,
    /// The source table, when known.
    pub table: Option<String>,
    /// The canonical key, when known.
    pub key: Option<String>,
    /// What became of it.
    pub fate: RedriveOutcome,
}

/// Applies the parked records that `filter` selects and that are not redriven yet, and calls `each` with every one.
///
/// `config` must have the routes that the records were parked with. A record is read by the decoder that read it then,
/// or by `decoder` where one is given; by the configured one if it was parked because that could not read it. The
/// records of one key are tried in the order of
/// their versions, up to the first that is refused once more. With a `sink` that is
/// [checking the purge horizon](Database::checking_horizon), what is older than that stays parked.
///
/// # Errors
/// When the database fails or the configuration must be changed for all of them. What was done until then stays done.
pub async fn redrive(
    config: &Config,
    sink: &Database,
    filter: &Filter,
    decoder: Option<&str>,
    mut each: impl FnMut(&Redriven),
) -> Result<()> {
    let schemas = sink.load_schemas(Deadline::never()).await?;
    let mut flows = Flows { config, schemas, decoder: decoder.map(str::to_owned), made: HashMap::new() };
    let queue = queue(&mut flows, sink, filter).await?;
    let mut stuck: HashSet<RowId> = HashSet::new();
    // rows with an older change that is not redriven: a full image passes it, a patch must not
    let mut held: HashSet<RowId> = HashSet::new();
    // letters of one record whose turn it is are applied together: its payload is read and decoded once for them
    for together in queue.chunk_by(|one, other| one.turn == other.turn && one.record == other.record) {
        let (selected, others): (Vec<&Queued>, Vec<&Queued>) =
            together.iter().partition(|place| place.is_selected);
        held.extend(others.into_iter().filter_map(|place| place.lane.clone()));
        for page in selected.chunks(LETTERS_MAX.into()) {
            let ids: Vec<i64> = page.iter().map(|place| place.id).collect();
            let filter = Filter { ids: Some(ids), open: true, ..Filter::default() };
            // somebody else may have been faster
            let letters = sink.dead_letters(&filter, 0, LETTERS_MAX.into()).await?;
            let mut places: HashMap<i64, &Queued> = page.iter().map(|place| (place.id, *place)).collect();
            let letters = letters.into_iter().filter_map(|letter| Some((places.remove(&letter.id)?, letter)));
            let waits = |place: &Queued| {
                let is_behind = |lane| stuck.contains(lane) || (place.is_patch && held.contains(lane));
                place.lane.as_ref().is_some_and(is_behind)
            };
            let (waiting, letters): (Vec<_>, Vec<_>) = letters.partition(|(place, _)| waits(place));
            let tried = match together.iter().find_map(|place| place.unreadable.clone()) {
                Some(why) => letters.iter().map(|_| RedriveOutcome::Unreadable(why.clone())).collect(),
                None => attempt(&mut flows, sink, &letters).await?,
            };
            let done = letters.iter().zip(&tried).filter(|(_, fate)| fate.is_durable());
            let done: Vec<i64> = done.map(|((_, letter), _)| letter.id).collect();
            if !done.is_empty() {
                sink.mark_redriven(&done).await?;
            }
            let waiting = waiting.into_iter().map(|letter| (letter, RedriveOutcome::Waiting));
            for ((place, letter), fate) in letters.into_iter().zip(tried).chain(waiting) {
                let behind = match fate {
                    RedriveOutcome::Parked | RedriveOutcome::TooOld(_) => Some(&mut stuck),
                    RedriveOutcome::NoPayload | RedriveOutcome::Unreadable(_) => Some(&mut held),
                    RedriveOutcome::Applied
                    | RedriveOutcome::Stale
                    | RedriveOutcome::Ignored(_)
                    | RedriveOutcome::Waiting => None,
                };
                if let (Some(behind), Some(lane)) = (behind, &place.lane) {
                    behind.insert(lane.clone());
                }
                each(&Redriven { id: letter.id, table: letter.table, key: letter.key, fate });
            }
        }
    }
    Ok(())
}

/// What a letter shares with the others of its record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct OfRecord {
    source: String,
    position: String,
    payload_sha256: String,
    flow: FlowName,
}

/// A letter's place among those to redrive. Its payload is read again when it is its turn, so that memory does not
/// grow with what is parked.
#[derive(Debug)]
struct Queued {
    /// Source table and canonical key; `None` when the record cannot be decoded.
    lane: Option<RowId>,
    version: String,
    id: i64,
    /// Whether its change needs the one before it.
    is_patch: bool,
    /// Whether it is to be redriven; another one only holds the patches behind it.
    is_selected: bool,
    /// How many letters of the lane come before.
    turn: usize,
    record: OfRecord,
    /// Why this configuration cannot read the record.
    unreadable: Option<Arc<Error>>,
}

/// The selected letters in the order in which they are tried: turn by turn, those of a record together. The first
/// letters of all keys come first, then the second, by version.
async fn queue(flows: &mut Flows<'_>, sink: &Database, filter: &Filter) -> Result<Vec<Queued>> {
    let mut queue = Queue::default();
    queue.add(flows, sink, &Filter { open: true, ..filter.clone() }, true).await?;
    // what a patch rests on may be parked, and not selected
    let patches = queue.places.iter().filter(|place| place.is_patch && filter.selects());
    let patched: HashSet<RowId> = patches.filter_map(|place| place.lane.clone()).collect();
    for RowId { table, key } in patched {
        queue.add(flows, sink, &Filter { table, key, open: true, ..Filter::default() }, false).await?;
    }
    let mut queue = queue.places;
    queue.sort_unstable_by(|a, b| (&a.lane, &a.version, a.id).cmp(&(&b.lane, &b.version, b.id)));
    let mut turn = 0;
    let mut before: Option<RowId> = None;
    for place in &mut queue {
        turn = if place.lane.is_some() && place.lane == before { turn + 1 } else { 0 };
        place.turn = turn;
        before.clone_from(&place.lane);
    }
    queue.sort_by(|a, b| (a.turn, &a.record, a.id).cmp(&(b.turn, &b.record, b.id)));
    Ok(queue)
}

/// Letters on their way into an order.
#[derive(Default)]
struct Queue {
    places: Vec<Queued>,
    ids: HashSet<i64>,
    /// The record of the last letter: those of one record are as a rule read one after the other.
    last: Option<(OfRecord, Contents)>,
}

impl Queue {
    /// Adds the letters of `filter` that are not there yet.
    async fn add(
        &mut self,
        flows: &mut Flows<'_>,
        sink: &Database,
        filter: &Filter,
        is_selected: bool,
    ) -> Result<()> {
        let mut after = 0;
        loop {
            let letters = sink.dead_letters(filter, after, LETTERS_MAX.into()).await?;
            let Some(end) = letters.last() else { return Ok(()) };
            after = end.id;
            for letter in letters {
                if !self.ids.insert(letter.id) {
                    continue;
                }
                let is_of = |last: &&(OfRecord, Contents)| last.0.is_of(&letter, flows.decoder(&letter));
                if self.last.as_ref().filter(is_of).is_none() {
                    self.last = Some(contents(flows, sink, &letter).await?);
                }
                let Some((record, contents)) = &self.last else { continue };
                let known = letter.table.is_some() && letter.key.is_some();
                let known = known.then(|| RowId { table: letter.table.clone(), key: letter.key.clone() });
                let change = contents.change(&letter);
                let is_patch = change.as_ref().is_some_and(|change| change.is_patch);
                let (lane, version) =
                    change.map_or((known, String::new()), |change| (Some(change.row), change.version));
                let (id, record, unreadable) = (letter.id, record.clone(), contents.unreadable.clone());
                self.places.push(Queued {
                    lane,
                    version,
                    id,
                    is_patch,
                    is_selected,
                    turn: 0,
                    record,
                    unreadable,
                });
            }
        }
    }
}

/// The changes that a record holds: their rows as letters name them, and their versions.
#[derive(Default)]
struct Contents {
    /// Why this configuration cannot read the record.
    unreadable: Option<Arc<Error>>,
    by_number: HashMap<u32, Held>,
    by_row: HashMap<RowId, Held>,
}

/// A change that a record holds.
#[derive(Clone)]
struct Held {
    row: RowId,
    version: String,
    is_patch: bool,
}

impl Contents {
    /// The change that a letter is about. Other parts of the record may give more events by now than they did.
    fn change(&self, letter: &ParkedLetter) -> Option<Held> {
        let by_number = || self.by_number.get(&u32::try_from(letter.sub).ok()?);
        let row = RowId { table: letter.table.clone(), key: letter.key.clone() };
        let is_of_row = by_number().filter(|change| change.row == row);
        is_of_row.or_else(|| self.by_row.get(&row)).or_else(by_number).cloned()
    }
}

async fn contents(
    flows: &mut Flows<'_>,
    sink: &Database,
    letter: &ParkedLetter,
) -> Result<(OfRecord, Contents)> {
    let mut contents = Contents::default();
    let Some(record) = record(sink, letter).await? else {
        return Ok((OfRecord::new(letter, flows.name(letter, None)?), contents));
    };
    let name = flows.name(letter, Some(&record))?;
    match chunk(flows, &name, record) {
        Ok(changes) => {
            for (number, held) in changes {
                contents.by_row.entry(held.row.clone()).or_insert_with(|| held.clone());
                contents.by_number.insert(number, held);
            }
        }
        // letters of several functions may be in one table: those that this one reads go on
        Err(error) => contents.unreadable = Some(error),
    }
    Ok((OfRecord::new(letter, name), contents))
}

/// The changes of a record, each with its number.
///
/// # Errors
/// When this configuration cannot read it, nor the decoder that somebody named for it: the letter keeps its cause.
fn chunk(flows: &mut Flows<'_>, name: &FlowName, record: Record) -> Result<Vec<(u32, Held)>, Arc<Error>> {
    let is_named = flows.decoder.is_some();
    let flow = flows.flow(name)?;
    let records = [record];
    let Some(chunk) = flow.batch(&records).chunk() else { return Ok(Vec::new()) };
    let held = |change: &RoutedChange| Held {
        row: RowId::of(&change.event).stored(),
        version: change.event.version.as_str().to_owned(),
        is_patch: matches!(change.event.change, Change::Patch(_)),
    };
    let of_other = chunk.verdicts.iter().find_map(|(_, verdict)| match verdict {
        Verdict::Fault(error, _) if error.code() == Code::OtherFormat => Some(error.clone()),
        Verdict::Fault(..) | Verdict::Poison(..) | Verdict::Ignored(_) => None,
    });
    match (chunk.failure, of_other.filter(|_| is_named)) {
        (Some(failure), _) => Err(Arc::new(failure)),
        (None, Some(other)) => Err(other),
        (None, None) => Ok(chunk.changes.iter().map(|change| (change.origin.sub, held(change))).collect()),
    }
}

impl OfRecord {
    fn new(letter: &ParkedLetter, flow: FlowName) -> Self {
        let ParkedLetter { source, position, payload_sha256, .. } = letter;
        let (source, position, payload_sha256) = (source.clone(), position.clone(), payload_sha256.clone());
        Self { source, position, payload_sha256, flow }
    }

    /// Whether a letter is of this record, and to be read by the same flow.
    fn is_of(&self, letter: &ParkedLetter, decoder: Option<&str>) -> bool {
        let is_read_alike = self.flow.decoder.is_none() || self.flow.decoder.as_deref() == decoder;
        self.payload_sha256 == letter.payload_sha256
            && self.position == letter.position
            && self.source == letter.source
            && is_read_alike
            && i32::from(self.flow.epoch) == letter.epoch
    }
}

/// Tries letters of one record; what became of each.
async fn attempt(
    flows: &mut Flows<'_>,
    sink: &Database,
    letters: &[(&Queued, ParkedLetter)],
) -> Result<Vec<RedriveOutcome>> {
    let Some((place, first)) = letters.first() else { return Ok(Vec::new()) };
    let Some(record) = record(sink, first).await? else {
        return Ok(letters.iter().map(|_| RedriveOutcome::NoPayload).collect());
    };
    let flow = flows.flow(&place.record.flow)?;
    let row = |letter: &ParkedLetter| {
        let number = u32::try_from(letter.sub).ok();
        let row = RowId { table: letter.table.clone(), key: letter.key.clone() };
        number.filter(|_| row.table.is_some() && row.key.is_some()).map(|number| (row, number))
    };
    let rows: Vec<Option<(RowId, u32)>> = letters.iter().map(|(_, letter)| row(letter)).collect();
    let known: Vec<(RowId, u32)> = rows.iter().flatten().cloned().collect();
    let mut fates: Vec<Option<RedriveOutcome>> = letters.iter().map(|_| None).collect();
    if known.len() > 1 {
        let report = process_rows(flow, sink, &record, &known, Deadline::never()).await;
        // what stops all of them may be about one: then each is tried by itself
        if report.failure().is_none() && report.stopped().is_none() {
            for ((fate, (_, letter)), row) in fates.iter_mut().zip(letters).zip(&rows) {
                let number = row.as_ref().map(|(_, number)| *number);
                let outcome = number.and_then(|number| report.parts.get(&(0, number)));
                *fate = outcome.map(|outcome| fate_of(*outcome, letter)).transpose()?;
            }
        }
    }
    // one by one; all that know no row together
    let left: Vec<usize> = (0..).zip(&fates).filter(|(_, fate)| fate.is_none()).map(|(at, _)| at).collect();
    let (by_row, whole): (Vec<_>, Vec<_>) =
        left.into_iter().partition(|at| rows.get(*at).is_some_and(Option::is_some));
    for together in by_row.chunks(1).chain(Some(&*whole).filter(|whole| !whole.is_empty())) {
        let row = together.first().and_then(|at| rows.get(*at)?.as_ref());
        let report = match row {
            Some(row) => {
                process_rows(flow, sink, &record, std::slice::from_ref(row), Deadline::never()).await
            }
            None => process(flow, sink, std::slice::from_ref(&record), Deadline::never()).await,
        };
        let of = |at: &usize| letters.get(*at).map(|(_, letter)| letter);
        let judged = fates_in(report, together.iter().filter_map(of))?;
        for (at, fate) in together.iter().zip(judged) {
            if let Some(slot) = fates.get_mut(*at) {
                *slot = Some(fate);
            }
        }
    }
    Ok(fates.into_iter().flatten().collect())
}

/// What became of letters, by the report on their record.
fn fates_in<'l>(
    report: Report,
    letters: impl Iterator<Item = &'l ParkedLetter>,
) -> Result<Vec<RedriveOutcome>> {
    // a letter stands for one event; a record that gives another number of events by now is judged as a whole
    let whole = report.outcomes.first().copied().unwrap_or(Outcome::Failed);
    let parts = report.parts.clone();
    let own = |letter: &ParkedLetter| parts.get(&(0, u32::try_from(letter.sub).ok()?)).copied();
    let (failure, stopped) = report.into_reasons();
    match failure.or(stopped) {
        Some(error) if error.code() == Code::BehindPurgeHorizon => Ok(letters
            .map(|_| {
                RedriveOutcome::TooOld(Error::new(error.kind(), Code::BehindPurgeHorizon, error.message()))
            })
            .collect()),
        Some(error) => Err(error),
        None => letters.map(|letter| fate_of(own(letter).unwrap_or(whole), letter)).collect(),
    }
}

fn fate_of(outcome: Outcome, letter: &ParkedLetter) -> Result<RedriveOutcome> {
    match outcome {
        Outcome::Applied => Ok(RedriveOutcome::Applied),
        Outcome::Stale => Ok(RedriveOutcome::Stale),
        Outcome::Ignored(reason) => Ok(RedriveOutcome::Ignored(reason)),
        Outcome::Parked => Ok(RedriveOutcome::Parked),
        Outcome::Failed => {
            let message = format!("The dead letter {} could not be applied.", letter.id);
            Err(Error::new(ErrorKind::Unavailable, Code::NotApplied, message))
        }
    }
}

/// The record as it was received; `None` without a payload.
async fn record(sink: &Database, letter: &ParkedLetter) -> Result<Option<Record>> {
    let Some(payload) = sink.payload(letter).await? else { return Ok(None) };
    let mut record = Record::new(&letter.source, letter.position.clone(), payload);
    record.sequence_number = letter.sequence_number.clone();
    record.partition_key = letter.partition_key.as_deref().map(Into::into);
    record.arrived_at = letter.arrived_at.map(|at| Timestamp(at.as_microsecond()));
    if letter.decoder.is_none() && Code::named(&letter.code).is_some_and(Code::is_of_element) {
        let envelope = [b"{\"Records\":[", record.payload.as_ref(), b"]}"].concat();
        // what is no element any more is judged as a payload
        let envelope = Envelope::parse(&envelope.into(), &letter.source).ok();
        if let Some(element) = envelope.and_then(|envelope| envelope.records.into_iter().next()) {
            record.payload = element.payload;
            record.fault = element.fault;
        }
    }
    Ok(Some(record))
}

/// Whether a record holds several documents or others.
fn has_parts(record: &Record, bounds: Bounds) -> bool {
    unpack::parts(record, bounds)
        .or_else(|| unpack::documents(record, bounds))
        .is_some_and(|parts| parts.len() > 1)
}

/// What tells one flow from another: the decoder and the epoch that letters were parked with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct FlowName {
    decoder: Option<String>,
    epoch: u16,
}

/// One flow for each decoder and epoch that letters were parked with.
struct Flows<'c> {
    config: &'c Config,
    /// What sources said of their tables.
    schemas: Vec<TableSchema>,
    /// The decoder of all records, whoever read them when they were parked.
    decoder: Option<String>,
    made: HashMap<FlowName, Flow>,
}

impl Flows<'_> {
    /// The name of the flow with the decoder that took the letter's part of `record`. The other parts may be of other
    /// formats, where the decoder is not pinned.
    fn name(&self, letter: &ParkedLetter, record: Option<&Record>) -> Result<FlowName> {
        let epoch = u16::try_from(letter.epoch).map_err(|_| {
            Error::config(format!("The dead letter {} has an epoch that no record can have.", letter.id))
        })?;
        let bounds = Bounds::of(self.config.limits.memory);
        let has_parts = |record| has_parts(record, bounds);
        let is_mixed =
            self.decoder.is_none() && self.config.source.decoder == "auto" && record.is_some_and(has_parts);
        Ok(FlowName { decoder: self.decoder(letter).filter(|_| !is_mixed).map(str::to_owned), epoch })
    }

    /// The decoder of a letter's part of its record; none for the configured one.
    fn decoder<'l>(&'l self, letter: &'l ParkedLetter) -> Option<&'l str> {
        let was_read = !Code::named(&letter.code).is_some_and(Code::is_of_decoder);
        self.decoder.as_deref().or(letter.decoder.as_deref().filter(|_| was_read))
    }

    fn flow(&mut self, name: &FlowName) -> Result<&Flow> {
        if !self.made.contains_key(name) {
            let mut config = self.config.clone();
            config.source.epoch = name.epoch;
            if let Some(decoder) = &name.decoder {
                config.source.decoder.clone_from(decoder);
            }
            let flow = Flow::new(&config)?.redriving();
            flow.record_schemas(&self.schemas);
            self.made.insert(name.clone(), flow);
        }
        self.made.get(name).ok_or_else(|| Error::config("There is no flow for the dead letter."))
    }
}
