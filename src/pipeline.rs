//! The whole flow: records become change events, statements, rows and a report. Knows every room's front door.

mod ledger;
mod timed;

use crate::catalogue::{Catalogue, TableSchema, UNKNOWN_KEY};
use crate::coalesce::{Fate, Provenance, Schedule, Tracked};
use crate::config::{Config, Payload, VersionScheme};
use crate::decode::{Decoded, Decoders, Part, Reason, Settings};
use crate::error::{Disposition, Error, ErrorKind, Result};
use crate::event::{Change, ChangeEvent, Key};
use crate::materialize::{Binding, Deadline, Materializer, RowOutcome, Truncation};
use crate::metrics::{Measures, Teller};
use crate::plan::plan;
use crate::record::{Record, Redelivered};
use crate::report::Report;
use crate::route::Routes;
use crate::source::SourceTable;
use crate::version;
use ledger::Ledger;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use timed::Timed;
use tracing::{Instrument as _, Span, debug_span};

/// Records decoded, planned and written together. Measured beside 250 and 500: docs/performance.md.
pub const CHUNK_RECORDS: usize = 1_000;

/// No new chunk is started when less than this is left: enough for one chunk, parking and the answer.
const MARGIN: Duration = Duration::from_millis(500);

/// Of records with more parts, bad ones are parked without the rows that they change: finding them out decodes the
/// record once for each.
const KEYED_PARTS_MAX: usize = 100;

/// What `process` needs to know about source and routes.
#[derive(Debug)]
pub struct Flow {
    decoders: Decoders,
    routes: Routes,
    catalogue: Catalogue,
    epoch: u16,
    arrival: bool,
    keep_payloads: bool,
    parked_limit: u64,
    /// Redriving parked records: they are not blocked by themselves.
    redriving: bool,
    teller: Teller,
    warned: Mutex<HashSet<String>>,
}

impl Flow {
    /// The flow that `config` describes.
    ///
    /// # Errors
    /// When the configuration names a decoder that does not exist.
    pub fn new(config: &Config) -> Result<Self> {
        let settings = Settings::from(config);
        let catalogue = settings.catalogue.clone();
        let decoders = Decoders::named(&config.source.decoder, &settings)?;
        Ok(Self { catalogue, ..Self::with_decoders(config, decoders) })
    }

    /// The same with decoders of your own.
    #[must_use]
    pub fn with_decoders(config: &Config, decoders: Decoders) -> Self {
        Self {
            decoders,
            routes: Routes::new(config.clone()),
            catalogue: Catalogue::new(config),
            epoch: config.source.epoch,
            arrival: config.source.version == VersionScheme::Arrival,
            keep_payloads: config.dead_letters.payload == Payload::Full,
            parked_limit: config.dead_letters.limit,
            redriving: false,
            teller: Teller::new(&config.metrics),
            warned: Mutex::default(),
        }
    }

    /// The same flow for parked records that are redriven.
    #[must_use]
    pub fn redriving(mut self) -> Self {
        self.redriving = true;
        self
    }

    /// The routes.
    #[must_use]
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Starts the decoding of a batch.
    #[must_use]
    pub fn batch<'f>(&'f self, records: &'f [Record]) -> Batch<'f> {
        Batch { flow: self, records, next: 0, places: HashMap::new() }
    }
}

/// Takes a batch through the whole flow and says what became of every record. What was measured on the way goes to the
/// subscriber: [`crate::metrics`].
pub async fn process<M: Materializer>(
    flow: &Flow,
    sink: &M,
    records: &[Record],
    deadline: Deadline,
) -> Report {
    let started = Instant::now();
    let (report, measures) = measured(flow, sink, records, deadline).await;
    if let Some(measures) = measures {
        flow.teller.tell(measures, started.elapsed(), None);
    }
    report
}

/// The same, giving the measures to whoever knows more to tell; none when nobody listens.
pub(crate) async fn measured<M: Materializer>(
    flow: &Flow,
    sink: &M,
    records: &[Record],
    deadline: Deadline,
) -> (Report, Option<Measures>) {
    let retries_before = sink.retries();
    let sink = &Timed::new(sink);
    let source = records.first().map(|record| &*record.source);
    let span = debug_span!("batch", source, records = records.len());
    let (report, meter) = take(flow, sink, records, deadline).instrument(span).await.report();
    let retries = sink.retries().saturating_sub(retries_before);
    let measures = meter.map(|meter| Measures::new(meter, &report, sink.waited(), retries));
    (report, measures)
}

/// Takes a batch through the flow, chunk by chunk.
async fn take<'f, M: Materializer>(
    flow: &'f Flow,
    sink: &M,
    records: &'f [Record],
    deadline: Deadline,
) -> Ledger<'f> {
    let mut batch = flow.batch(records);
    let mut ledger = Ledger::new(flow, records);
    let mut next = batch.informed_chunk(sink, deadline).await;
    while let Some(chunk) = next.take() {
        if deadline.is_within(MARGIN) {
            ledger.stop(out_of_time());
            break;
        }
        // the next chunk is decoded while the database works on this one
        let (parked, span) = (ledger.parked_keys(), chunk.span(records));
        let writing = write(flow, sink, chunk, &parked, deadline).instrument(span);
        let (written, following) = tokio::join!(writing, async {
            tokio::task::yield_now().await;
            batch.informed_chunk(sink, deadline).await
        });
        if ledger.enter(written).is_err() {
            break;
        }
        next = following;
    }
    ledger.park(sink, deadline).await;
    ledger
}

fn out_of_time() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "deadline",
        "The time of the invocation ran out before the batch was done.",
    )
}

/// Consecutive records of a batch, decoded.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The changes, in the order of the records.
    pub changes: Vec<Tracked>,
    /// Truncates of tables whose routes apply them.
    pub truncates: Vec<Tracked>,
    /// For each part of a record that is no change: where it comes from, and what it is.
    pub verdicts: Vec<(Provenance, Verdict)>,
    /// What the source said of its tables.
    pub schemas: Vec<TableSchema>,
    /// Index of the first record.
    pub first: usize,
    /// Why the invocation must fail.
    pub failure: Option<Error>,
}

impl Chunk {
    /// The position of the first record.
    fn position<'r>(&self, records: &'r [Record]) -> Option<&'r str> {
        records.get(self.first).map(|record| &*record.position)
    }

    fn span(&self, records: &[Record]) -> Span {
        debug_span!("write", position = self.position(records), changes = self.changes.len())
    }
}

/// What a record is when it changes nothing.
#[derive(Debug)]
pub enum Verdict {
    /// Left out on purpose.
    Ignored(Reason),
    /// Cannot be applied, ever; with the row that it changes, as far as that is known.
    Poison(Arc<Error>, Option<TableKey>),
}

/// A batch being decoded, chunk by chunk.
#[derive(Debug)]
pub struct Batch<'f> {
    flow: &'f Flow,
    records: &'f [Record],
    next: usize,
    /// How many events each position has given so far, for versions by arrival.
    places: HashMap<&'f str, u32>,
}

impl Batch<'_> {
    /// Decodes and routes the next chunk; `None` at the end.
    pub fn chunk(&mut self) -> Option<Chunk> {
        let records = self.records.get(self.next..).filter(|records| !records.is_empty())?;
        let first = self.next;
        let mut chunk = Chunk { first, ..Chunk::default() };
        let _decoding = debug_span!("decode", position = chunk.position(self.records)).entered();
        for (record, index) in records.iter().take(CHUNK_RECORDS).zip(first..) {
            let mut sub = 0;
            let parts = self.parts(record);
            let are_few = parts.len() <= KEYED_PARTS_MAX;
            for (Part { decoder, decoded }, part) in parts.into_iter().zip(0..) {
                let has_keys = are_few && matches!(decoded, Ok(Decoded::Events(_)));
                let start = Provenance { record: index, sub, decoder };
                let entered = decoded.and_then(|it| self.enter(&mut chunk, start, record, it));
                // every part has a number of its own, even if nothing came of it
                sub = entered.as_ref().map_or(sub, |after| *after).max(sub + 1);
                if let Err(error) = entered {
                    match error.disposition() {
                        Disposition::Park => {
                            let error = Arc::new(error);
                            let keys = if has_keys { self.keys(record, part) } else { Vec::new() };
                            let poison = |key| Verdict::Poison(error.clone(), key);
                            if keys.is_empty() {
                                chunk.verdicts.push((start, poison(None)));
                            }
                            // what is parked has the numbers that its events would have had
                            for (key, number) in keys.into_iter().zip(start.sub..) {
                                chunk.verdicts.push((Provenance { sub: number, ..start }, poison(Some(key))));
                                sub = sub.max(number + 1);
                            }
                        }
                        Disposition::Retry | Disposition::Abort => {
                            chunk.failure.get_or_insert(error);
                        }
                    }
                }
            }
            self.next = index + 1;
        }
        Some(chunk)
    }

    /// The rows that a part of a record changes, if it can be decoded: what is parked blocks them.
    fn keys(&self, record: &Record, part: usize) -> Vec<TableKey> {
        let decoded = self.flow.decoders.decode(record).into_iter().nth(part).map(|part| part.decoded);
        let Some(Ok(Decoded::Events(events))) = decoded else { return Vec::new() };
        let key = |mut event: ChangeEvent| {
            let key = self.flow.routes.key(SourceTable::new(&event.table, &event.source), event.key.take()?);
            Some((event.table, key.as_str().to_owned()))
        };
        events.into_iter().filter_map(key).collect()
    }

    /// The parts of a record; what they say of tables is heard before the others are decoded.
    fn parts(&self, record: &Record) -> Vec<Part> {
        let parts = self.flow.decoders.decode(record);
        let mut heard = false;
        for part in parts.iter().filter(|_| parts.len() > 1) {
            if let Ok(Decoded::Schema(schema)) = &part.decoded {
                self.flow.catalogue.learn(schema.clone());
                heard = true;
            }
        }
        if heard { self.flow.decoders.decode(record) } else { parts }
    }

    /// The next chunk. What sources have said of their tables is asked for first, where decoders listen. When there are
    /// records of a table whose key nobody has told yet, what the rest of the batch says is heard as well.
    async fn informed_chunk<M: Materializer>(&mut self, sink: &M, deadline: Deadline) -> Option<Chunk> {
        if self.next == 0
            && self.flow.decoders.listen()
            && !self.records.is_empty()
            && let Err(error) = self.flow.hear(sink, deadline).await
        {
            let mut chunk = self.chunk()?;
            chunk.failure.get_or_insert(error);
            return Some(chunk);
        }
        let (start, places) = (self.next, self.flow.arrival.then(|| self.places.clone()));
        let chunk = self.chunk()?;
        let is_missing =
            |chunk: &Chunk| chunk.failure.as_ref().is_some_and(|failure| failure.code() == UNKNOWN_KEY);
        if !is_missing(&chunk) {
            return Some(chunk);
        }
        for record in self.records.get(start..).unwrap_or_default() {
            for part in self.flow.decoders.decode(record) {
                if let Ok(Decoded::Schema(schema)) = part.decoded {
                    self.flow.catalogue.learn(schema);
                }
            }
        }
        (self.next, self.places) = (start, places.unwrap_or_default());
        self.chunk()
    }

    /// Enters what a part of a record was found to be: wholly or not at all. Its events are numbered from `start` on;
    /// gives the number behind them.
    fn enter(
        &mut self,
        chunk: &mut Chunk,
        start: Provenance,
        record: &Record,
        decoded: Decoded,
    ) -> Result<u32> {
        let ignored = |reason| (start, Verdict::Ignored(reason));
        let events = match decoded {
            // a decoder should say so itself, but a record without an outcome would be reported for ever
            Decoded::Events(events) if events.is_empty() => {
                chunk.verdicts.push(ignored(Reason::Control));
                return Ok(start.sub);
            }
            Decoded::Events(events) => events,
            Decoded::Ignored(reason) => {
                chunk.verdicts.push(ignored(reason));
                return Ok(start.sub);
            }
            Decoded::Schema(schema) => {
                if !schema.can_be_kept() {
                    return Err(Error::poison(
                        "bad_table",
                        "The name of a table or column that the record describes is empty or holds a NUL character.",
                    ));
                }
                chunk.verdicts.push(ignored(Reason::Control));
                self.flow.catalogue.learn(schema.clone());
                chunk.schemas.push(schema);
                return Ok(start.sub);
            }
            Decoded::Parts(_) => {
                return Err(Error::poison("not_a_change_record", "A part of a record has parts of its own."));
            }
        };
        let kept = (chunk.changes.len(), chunk.truncates.len());
        // the numbers of pairs are the part's own; the whole record needs other ones
        let mut pairs: HashMap<u32, u32> = HashMap::new();
        let mut origin = start;
        for mut event in events {
            event.pair = event.pair.map(|pair| *pairs.entry(pair).or_insert(origin.sub));
            match self.send(origin, record, event) {
                Ok(Ok(tracked)) if tracked.event.change == Change::Truncate => chunk.truncates.push(tracked),
                Ok(Ok(tracked)) => chunk.changes.push(tracked),
                Ok(Err(reason)) => chunk.verdicts.push((origin, Verdict::Ignored(reason))),
                Err(error) => {
                    chunk.changes.truncate(kept.0);
                    chunk.truncates.truncate(kept.1);
                    return Err(error);
                }
            }
            origin.sub += 1;
        }
        Ok(origin.sub)
    }

    fn send(
        &mut self,
        origin: Provenance,
        record: &Record,
        mut event: ChangeEvent,
    ) -> Result<Result<Tracked, Reason>> {
        if event.key.is_none() && event.change != Change::Truncate {
            return Err(Error::poison("no_key", "The change event has no key."));
        }
        // what was loaded for a table that goes by arrival comes before all that arrived
        let loaded = event.version.scheme() == version::ARRIVAL && event.version.is_loaded();
        if self.flow.arrival && !loaded {
            if record.redelivered == Redelivered::Alone && record.sequence_number.is_none() {
                return Err(Error::config(format!(
                    "source.version = \"arrival\", but {} delivers in no order. Use a FIFO queue or a stream, or let \
                     the source's own order decide: source.version = \"auto\".",
                    record.source
                )));
            }
            let position = self.records.get(origin.record).map(Record::sequence).unwrap_or_default();
            let place = self.places.entry(position).or_default();
            event.version = version::arrival(self.flow.epoch, position, *place)?;
            *place += 1;
        } else if event.coarse {
            self.flow.warn_coarse(&event.table);
        }
        let at = event.changed_at.or(record.arrived_at);
        let routed = self.flow.routes.send(origin, event)?;
        Ok(routed.map(|tracked| Tracked { at, ..tracked }))
    }
}

impl Flow {
    /// Learns what sources have said of their tables, as far as the database remembers it.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub(crate) async fn hear<M: Materializer>(&self, sink: &M, deadline: Deadline) -> Result<()> {
        let schemas = Box::pin(sink.schemas(deadline)).await?;
        self.learn(&schemas);
        Ok(())
    }

    /// Learns what sources have said of their tables.
    pub(crate) fn learn(&self, schemas: &[TableSchema]) {
        schemas.iter().for_each(|schema| self.catalogue.learn(schema.clone()));
    }

    fn warn_coarse(&self, table: &str) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.insert(table.to_owned()) {
            tracing::warn!(
                table,
                "The creation times of this table have millisecond precision: changes of one item within the same \
                 millisecond are ordered by arrival only. Set ApproximateCreationDateTimePrecision of the table's \
                 Kinesis streaming destination to MICROSECOND."
            );
        }
    }
}

/// Source table and canonical key.
pub type TableKey = (String, String);

fn table_key(change: &Tracked) -> Option<TableKey> {
    Some((change.event.table.clone(), change.event.key.as_ref()?.as_str().to_owned()))
}

/// A chunk after its statements.
struct Written {
    chunk: Chunk,
    settled: Vec<(Tracked, Option<Fate>)>,
    error: Option<Error>,
}

async fn write<M: Materializer>(
    flow: &Flow,
    sink: &M,
    mut chunk: Chunk,
    parked: &HashSet<TableKey>,
    deadline: Deadline,
) -> Written {
    let changes = std::mem::take(&mut chunk.changes);
    if let Some(failure) = chunk.failure.take() {
        let settled = changes.into_iter().map(|change| (change, None)).collect();
        return Written { chunk, settled, error: Some(failure) };
    }
    let truncates = std::mem::take(&mut chunk.truncates);
    let mut schedule = Schedule::new(changes);
    let mut truncates: Vec<(Tracked, Option<Fate>)> = truncates.into_iter().map(|it| (it, None)).collect();
    let error = run(flow, sink, &chunk.schemas, &mut truncates, &mut schedule, parked, deadline).await.err();
    let mut settled = schedule.finish();
    settled.append(&mut truncates);
    Written { chunk, settled, error }
}

/// Writes wave after wave until every change of the chunk is settled.
async fn run<M: Materializer>(
    flow: &Flow,
    sink: &M,
    schemas: &[TableSchema],
    truncates: &mut [(Tracked, Option<Fate>)],
    schedule: &mut Schedule,
    parked: &HashSet<TableKey>,
    deadline: Deadline,
) -> Result<()> {
    if !schemas.is_empty() {
        // rare: kept out of the future of every batch
        Box::pin(sink.learn(schemas, deadline)).await?;
    }
    for binding in bindings(flow, schedule)? {
        sink.prepare(&binding, deadline).await?;
    }
    // before or behind the chunk's other changes is all the same: versions decide what a truncate removes
    for (change, fate) in truncates {
        *fate = Some(fate_of(Box::pin(truncate(sink, change, deadline)).await?));
    }
    block_patches(flow, sink, schedule, parked, deadline).await?;
    loop {
        let wave = schedule.wave();
        if wave.is_empty() {
            return Ok(());
        }
        let planned =
            debug_span!("plan", changes = wave.len()).in_scope(|| plan(sink.dialect(), schedule, &wave));
        for statement in planned {
            let outcomes = sink.apply(&statement, deadline).await?;
            assert_eq!(outcomes.len(), statement.rows.len(), "every row has exactly one outcome");
            for (row, outcome) in statement.rows.iter().zip(outcomes) {
                schedule.settle(row.change, fate_of(outcome));
            }
        }
    }
}

fn fate_of(outcome: RowOutcome) -> Fate {
    match outcome {
        RowOutcome::Applied => Fate::Applied,
        RowOutcome::Stale => Fate::Stale,
        RowOutcome::Refused(error) => Fate::Refused(error),
    }
}

async fn truncate<M: Materializer>(sink: &M, change: &Tracked, deadline: Deadline) -> Result<RowOutcome> {
    let (target, event) = (change.target.clone(), &change.event);
    let version = event.version.as_str().to_owned();
    sink.truncate(&Truncation { target, version, changed_at: event.changed_at }, deadline).await
}

fn bindings(flow: &Flow, schedule: &Schedule) -> Result<Vec<Binding>> {
    let mut bindings: Vec<Binding> = Vec::new();
    for change in schedule.changes() {
        let names = || change.event.key.iter().flat_map(Key::names);
        let scheme = change.event.version.scheme();
        match bindings.iter().find(|binding| Arc::ptr_eq(&binding.target, &change.target)) {
            Some(known)
                if known.scheme == scheme && known.key_names.iter().map(String::as_str).eq(names()) => {}
            Some(known) => {
                return Err(Error::config(format!(
                    "The batch holds changes of {} with different keys ({} and {}) or version schemes ({} and \
                     {scheme}). Give each source its own route and target.",
                    change.target.source,
                    known.key_names.join(", "),
                    names().collect::<Vec<_>>().join(", "),
                    known.scheme,
                )));
            }
            None => bindings.push(Binding {
                target: change.target.clone(),
                key_names: names().map(str::to_owned).collect(),
                scheme,
                epoch: flow.epoch,
            }),
        }
    }
    Ok(bindings)
}

/// Blocks the patches of keys with a parked change: parked before, or to be parked with this batch.
async fn block_patches<M: Materializer>(
    flow: &Flow,
    sink: &M,
    schedule: &mut Schedule,
    parked: &HashSet<TableKey>,
    deadline: Deadline,
) -> Result<()> {
    let table_and_key = |index: usize| Some((index, schedule.change(index).and_then(table_key)?));
    let patched: Vec<(usize, TableKey)> = schedule.patched_keys().filter_map(table_and_key).collect();
    if patched.is_empty() {
        return Ok(());
    }
    let keys: Vec<TableKey> = patched.iter().map(|(_, key)| key.clone()).collect();
    let blocked = if flow.redriving { HashSet::new() } else { sink.blocked(&keys, deadline).await? };
    for (index, _) in patched.iter().filter(|(_, key)| blocked.contains(key) || parked.contains(key)) {
        schedule.block(*index);
    }
    Ok(())
}
