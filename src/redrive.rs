//! Parked records, applied once more. Knows the pipeline's front door and the dead-letter table; prints nothing.
//!
//! A record is decoded as it was then: by the same decoder, with its partition key, its arrival and its epoch. Of one
//! that holds several changes, those of the letter's row are applied; all of them where the letter knows no row. Those
//! of one key go in the order of their versions. The guard of the rows makes a redrive safe at any time within the
//! purge horizon, and a redrive that broke off can be repeated.

use crate::catalogue::TableSchema;
use crate::coalesce::Tracked;
use crate::config::Config;
use crate::decode::Reason;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Key, Timestamp};
use crate::materialize::{Deadline, Filter, Materializer as _, ParkedLetter, Sink};
use crate::pipeline::{Flow, Row, process, process_row};
use crate::record::{Envelope, Record};
use crate::report::Outcome;
use crate::unpack;
use std::collections::{HashMap, HashSet};

/// Letters read at once: their payloads are held together.
const LETTERS_READ: i64 = 100;

/// What became of a parked record.
#[derive(Debug)]
pub enum Fate {
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
}

impl Fate {
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
        }
    }
}

/// A parked record, and what became of it.
#[derive(Debug)]
pub struct Redriven {
    /// Its number in the dead-letter table.
    pub id: i64,
    /// The source table, when known.
    pub table: Option<String>,
    /// The canonical key, when known.
    pub key: Option<String>,
    /// What became of it.
    pub fate: Fate,
}

/// Applies the parked records that `filter` selects and that are not redriven yet, and calls `each` with every one.
///
/// `config` must have the routes that the records were parked with. The records of one key are tried in the order of
/// their versions, up to the first that is refused once more. With a `sink` that is
/// [checking the purge horizon](Sink::checking_horizon), what is older than that stays parked.
///
/// # Errors
/// When the database fails or the configuration must be changed. What was done until then stays done.
pub async fn redrive(
    config: &Config,
    sink: &Sink,
    filter: &Filter,
    mut each: impl FnMut(&Redriven),
) -> Result<()> {
    let schemas = sink.schemas(Deadline::never()).await?;
    let mut flows = Flows { config, schemas, made: HashMap::new() };
    let queue = queue(&mut flows, sink, filter).await?;
    let mut stuck: HashSet<(String, String)> = HashSet::new();
    let page = usize::try_from(LETTERS_READ).unwrap_or(1);
    for part in queue.chunks(page) {
        let ids: Vec<i64> = part.iter().map(|place| place.id).collect();
        let filter = Filter { ids: Some(ids), open: true, ..Filter::default() };
        let letters = sink.dead_letters(&filter, 0, LETTERS_READ).await?;
        let mut letters: HashMap<i64, ParkedLetter> =
            letters.into_iter().map(|letter| (letter.id, letter)).collect();
        for place in part {
            // somebody else may have been faster
            let Some(letter) = letters.remove(&place.id) else { continue };
            let fate = if place.lane.as_ref().is_some_and(|lane| stuck.contains(lane)) {
                Fate::Waiting
            } else {
                attempt(&mut flows, sink, &letter).await?
            };
            if fate.is_durable() {
                sink.mark_redriven(&[letter.id]).await?;
            } else if let (Fate::Parked | Fate::TooOld(_), Some(lane)) = (&fate, &place.lane) {
                stuck.insert(lane.clone());
            }
            let (table, key) = (letter.table, letter.key);
            each(&Redriven { id: letter.id, table, key, fate });
        }
    }
    Ok(())
}

/// A letter's place among those to redrive. Its payload is read again when it is its turn, so that memory does not
/// grow with what is parked.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// Source table and canonical key; `None` when the record cannot be decoded.
    lane: Option<(String, String)>,
    version: String,
    id: i64,
}

/// The selected letters in the order in which they are tried: by key and version.
async fn queue(flows: &mut Flows<'_>, sink: &Sink, filter: &Filter) -> Result<Vec<Place>> {
    let filter = Filter { open: true, ..filter.clone() };
    let mut queue = Vec::new();
    let mut after = 0;
    loop {
        let letters = sink.dead_letters(&filter, after, LETTERS_READ).await?;
        let Some(last) = letters.last() else { break };
        after = last.id;
        for letter in &letters {
            queue.push(place(flows, letter)?);
        }
    }
    queue.sort_unstable();
    Ok(queue)
}

fn place(flows: &mut Flows<'_>, letter: &ParkedLetter) -> Result<Place> {
    let known = letter.table.clone().zip(letter.key.clone());
    let mut place = Place { lane: known, version: String::new(), id: letter.id };
    let Some(record) = record(letter) else { return Ok(place) };
    let flow = flows.flow(letter, &record)?;
    let records = [record];
    let Some(chunk) = flow.batch(&records).chunk() else { return Ok(place) };
    if let Some(failure) = chunk.failure {
        return Err(failure);
    }
    let is_this = |change: &&Tracked| i32::try_from(change.origin.sub) == Ok(letter.sub);
    let is_named = |change: &&Tracked| {
        let key = change.event.key.as_ref().map(Key::as_str);
        key.is_some() && key == letter.key.as_deref() && letter.table.as_ref() == Some(&change.event.table)
    };
    // other parts of the record may give more events by now than they did
    let changes = || chunk.changes.iter();
    let named =
        changes().find(|change| is_this(change) && is_named(change)).or_else(|| changes().find(is_named));
    if let Some(change) = named.or_else(|| changes().find(is_this)) {
        let key = change.event.key.as_ref().map(Key::as_str).unwrap_or_default();
        place.lane = Some((change.event.table.clone(), key.to_owned()));
        place.version = change.event.version.as_str().to_owned();
    }
    Ok(place)
}

async fn attempt(flows: &mut Flows<'_>, sink: &Sink, letter: &ParkedLetter) -> Result<Fate> {
    let Some(record) = record(letter) else { return Ok(Fate::NoPayload) };
    let flow = flows.flow(letter, &record)?;
    let row = Row { table: letter.table.clone(), key: letter.key.clone() };
    let number = u32::try_from(letter.sub).ok().filter(|_| row.table.is_some() && row.key.is_some());
    let report = match number {
        Some(number) => process_row(flow, sink, &record, &(row, number), Deadline::never()).await,
        None => process(flow, sink, &[record], Deadline::never()).await,
    };
    // the letter stands for one event; a record that gives another number of events by now is judged as a whole
    let own = u32::try_from(letter.sub).ok().and_then(|sub| report.parts.get(&(0, sub)));
    let outcome = own.or(report.outcomes.first()).copied();
    let (failure, stopped) = report.into_reasons();
    match failure.or(stopped) {
        Some(error) if error.code() == "behind_purge_horizon" => return Ok(Fate::TooOld(error)),
        Some(error) => return Err(error),
        None => {}
    }
    match outcome {
        Some(Outcome::Applied) => Ok(Fate::Applied),
        Some(Outcome::Stale) => Ok(Fate::Stale),
        Some(Outcome::Ignored(reason)) => Ok(Fate::Ignored(reason)),
        Some(Outcome::Parked) => Ok(Fate::Parked),
        Some(Outcome::Failed) | None => {
            let message = format!("The dead letter {} could not be applied.", letter.id);
            Err(Error::new(ErrorKind::Unavailable, "not_applied", message))
        }
    }
}

/// What an envelope's element is parked with when it holds no payload: the element itself stands in its place.
const ELEMENT_CODES: [&str; 3] = ["bad_base64", "no_payload", "not_a_record"];

/// The record as it was received; `None` without a payload.
fn record(letter: &ParkedLetter) -> Option<Record> {
    let mut record = Record::new(&letter.source, letter.position.clone(), letter.payload.clone()?);
    record.sequence_number = letter.sequence_number.clone();
    record.partition_key = letter.partition_key.clone();
    record.arrived_at = letter.arrived_at.map(|at| Timestamp(at.as_microsecond()));
    if letter.decoder.is_none() && ELEMENT_CODES.contains(&letter.code.as_str()) {
        let envelope = [b"{\"Records\":[", record.payload.as_ref(), b"]}"].concat();
        // what is no element any more is judged as a payload
        let envelope = Envelope::parse(&envelope.into(), &letter.source).ok();
        if let Some(element) = envelope.and_then(|envelope| envelope.records.into_iter().next()) {
            record.payload = element.payload;
            record.fault = element.fault;
        }
    }
    Some(record)
}

/// Whether a record holds several documents or others.
fn has_parts(record: &Record) -> bool {
    unpack::parts(record).or_else(|| unpack::documents(record)).is_some_and(|parts| parts.len() > 1)
}

/// One flow for each decoder and epoch that letters were parked with.
struct Flows<'c> {
    config: &'c Config,
    /// What sources said of their tables.
    schemas: Vec<TableSchema>,
    made: HashMap<(Option<String>, u16), Flow>,
}

impl Flows<'_> {
    /// The flow with the decoder that took the letter's part of `record`. The other parts may be of other formats,
    /// where the decoder is not pinned.
    fn flow(&mut self, letter: &ParkedLetter, record: &Record) -> Result<&Flow> {
        let epoch = u16::try_from(letter.epoch).map_err(|_| {
            Error::config(format!("The dead letter {} has an epoch that no record can have.", letter.id))
        })?;
        let is_mixed = self.config.source.decoder == "auto" && has_parts(record);
        let name = (letter.decoder.clone().filter(|_| !is_mixed), epoch);
        if !self.made.contains_key(&name) {
            let mut config = self.config.clone();
            config.source.epoch = epoch;
            if let Some(decoder) = &name.0 {
                config.source.decoder.clone_from(decoder);
            }
            let flow = Flow::new(&config)?.redriving();
            flow.learn(&self.schemas);
            self.made.insert(name.clone(), flow);
        }
        self.made.get(&name).ok_or_else(|| Error::config("There is no flow for the dead letter."))
    }
}
