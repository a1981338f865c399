//! The whole flow: records become change events, statements, rows and a report. Knows every room's front door.

mod chunk;
mod ledger;
mod only;
mod timed;

use crate::catalogue::{Catalogue, TableSchema};
use crate::coalesce::{Fate, Provenance, Schedule, Tracked};
use crate::config::{Config, Payload, VersionScheme};
use crate::deadline::Deadline;
use crate::decode::{Decoded, Decoders, Part, Reason, Settings};
use crate::error::{Code, Disposition, Error, ErrorKind, Result};
use crate::event::{Caveat, Change, ChangeEvent, Key, Timestamp};
use crate::memo::Memo;
use crate::metrics::{Measures, Teller};
use crate::plan::plan;
use crate::policy::{OnConfigError, Policy};
use crate::record::{Record, Redelivered};
use crate::report::Report;
use crate::route::{Routes, Target};
use crate::rules::Rules;
use crate::sink::{Binding, RowOutcome, Sink, Store as _, Truncation};
use crate::source::{SourceIdentity, SourceTable};
use crate::version;
use chunk::Unfit;
pub use chunk::{Chunk, Row, Verdict};
use ledger::Ledger;
pub(crate) use only::process_rows;
use only::{numbers, wanted};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use timed::Timed;
use tracing::{Instrument as _, debug_span};

/// Records decoded, planned and written together. Measured beside 250 and 500: docs/performance.md.
pub const CHUNK_RECORDS: usize = 1_000;

/// The part of the memory of a batch that a chunk fills before it ends.
const CHUNK_SHARE: usize = 32;

/// No new chunk is started when less than this is left: enough for one chunk, parking and the answer.
const MARGIN: Duration = Duration::from_millis(500);

/// What `process` needs to know about source and routes.
#[derive(Debug)]
pub struct Flow {
    decoders: Decoders,
    routes: Routes,
    /// What is known of the source's tables when a batch begins.
    catalogue: Mutex<Catalogue>,
    epoch: u16,
    arrival: bool,
    keep_payloads: bool,
    /// What the changes of a chunk take up, about, when it ends.
    chunk_bytes: usize,
    parked_limit: u64,
    /// Redriving parked records: they are not blocked by themselves.
    redriving: bool,
    teller: Teller,
    warned: Mutex<Memo<String, ()>>,
    /// Whether something is known of the source: a yes is kept.
    known: AtomicBool,
}

impl Flow {
    /// The flow that `config` describes.
    ///
    /// # Errors
    /// When the configuration names a decoder that does not exist.
    pub fn new(config: &Config) -> Result<Self> {
        let decoders = Decoders::named(&config.source.decoder, &Settings::from(config))?;
        Ok(Self::with_decoders(config, decoders))
    }

    /// The same with decoders of your own.
    #[must_use]
    pub fn with_decoders(config: &Config, decoders: Decoders) -> Self {
        Self {
            decoders,
            routes: Routes::new(Policy::from(config)),
            catalogue: Mutex::new(Catalogue::new(Rules::from(config))),
            epoch: config.source.epoch,
            arrival: config.source.version == VersionScheme::Arrival,
            keep_payloads: config.dead_letters.payload == Payload::Full,
            chunk_bytes: usize::try_from(config.limits.memory).unwrap_or(usize::MAX) / CHUNK_SHARE,
            parked_limit: config.dead_letters.limit,
            redriving: false,
            teller: Teller::new(&config.metrics),
            warned: Mutex::new(Memo::new(WARNED_BYTES)),
            known: AtomicBool::new(false),
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
        Batch {
            flow: self,
            records,
            next: 0,
            catalogue: self.catalogue(),
            places: HashMap::new(),
            has_looked_ahead: false,
            only: &[],
        }
    }
}

/// Takes a batch through the whole flow and says what became of every record. What was measured on the way goes to the
/// subscriber: [`crate::metrics`].
pub async fn process<S: Sink>(flow: &Flow, sink: &S, records: &[Record], deadline: Deadline) -> Report {
    process_of(flow.batch(records), sink, deadline).await
}

async fn process_of<S: Sink>(batch: Batch<'_>, sink: &S, deadline: Deadline) -> Report {
    let (started, flow) = (Instant::now(), batch.flow);
    let (report, measures) = measured_of(batch, sink, deadline).await;
    if let Some(measures) = measures {
        flow.teller.tell(measures, started.elapsed(), None);
    }
    report
}

/// The same, giving the measures to whoever knows more to tell; none when nobody listens.
#[cfg(feature = "lambda")]
pub(crate) async fn measured<S: Sink>(
    flow: &Flow,
    sink: &S,
    records: &[Record],
    deadline: Deadline,
) -> (Report, Option<Measures>) {
    measured_of(flow.batch(records), sink, deadline).await
}

async fn measured_of<S: Sink>(batch: Batch<'_>, sink: &S, deadline: Deadline) -> (Report, Option<Measures>) {
    let retries_before = sink.retries();
    let sink = &Timed::new(sink);
    let source = batch.records.first().map(|record| &*record.source);
    let span = debug_span!("batch", source, records = batch.records.len());
    let (report, meter) = take(batch, sink, deadline).instrument(span).await.report();
    let retries = sink.retries().saturating_sub(retries_before);
    let measures = meter.map(|meter| Measures::new(meter, &report, sink.waited(), retries));
    (report, measures)
}

/// Takes a batch through the flow, chunk by chunk.
async fn take<'f, S: Sink>(mut batch: Batch<'f>, sink: &S, deadline: Deadline) -> Ledger<'f> {
    let (flow, records) = (batch.flow, batch.records);
    let mut ledger = Ledger::new(flow, records);
    let mut next = batch.informed_chunk(sink, deadline).await;
    while let Some(chunk) = next.take() {
        if deadline.is_within(MARGIN) {
            ledger.stop(out_of_time());
            break;
        }
        // the next chunk is decoded while the database works on this one, if there is memory for both
        let is_large = chunk.bytes > flow.chunk_bytes;
        let (parked, span) = (ledger.parked_keys(), chunk.span(records));
        let writing = write(flow, sink, records, chunk, &parked, deadline).instrument(span);
        let (written, following) = tokio::join!(writing, async {
            tokio::task::yield_now().await;
            if is_large { None } else { batch.informed_chunk(sink, deadline).await }
        });
        if ledger.enter(written).is_err() {
            break;
        }
        next = if is_large { batch.informed_chunk(sink, deadline).await } else { following };
    }
    ledger.park(sink, deadline).await;
    ledger
}

fn out_of_time() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        Code::Deadline,
        "The time of the invocation ran out before the batch was done.",
    )
}

/// A batch being decoded, chunk by chunk.
#[derive(Debug)]
pub struct Batch<'f> {
    flow: &'f Flow,
    records: &'f [Record],
    next: usize,
    /// What is known of the source's tables.
    catalogue: Catalogue,
    /// How many events each position has given so far, for versions by arrival.
    places: HashMap<&'f str, u32>,
    /// Whether what the whole batch says of tables was heard.
    has_looked_ahead: bool,
    /// The only rows of a parked record that are to be changed, and the numbers that their changes had; all when empty.
    only: &'f [(Row, u32)],
}

impl Batch<'_> {
    /// Decodes and routes the next chunk; `None` at the end.
    pub fn chunk(&mut self) -> Option<Chunk> {
        let records = self.records.get(self.next..).filter(|records| !records.is_empty())?;
        let first = self.next;
        let mut chunk = Chunk { first, ..Chunk::default() };
        let _decoding = debug_span!("decode", position = chunk.position(self.records)).entered();
        for (record, index) in records.iter().take(CHUNK_RECORDS).zip(first..) {
            if chunk.bytes > self.flow.chunk_bytes {
                break;
            }
            let mut sub = 0;
            let parts = self.parts(record);
            chunk.bytes += parts.iter().map(Part::bytes).sum::<usize>();
            let wanted = wanted(self.flow, &parts, self.only);
            for (Part { decoder, decoded }, place) in parts.into_iter().zip(0..) {
                match wanted.get(&place) {
                    Some(Some(number)) => sub = *number,
                    None if !wanted.is_empty() => {
                        sub += numbers(&decoded);
                        continue;
                    }
                    Some(None) | None => {}
                }
                let start = Provenance { record: index, sub, decoder };
                let entered = match decoded {
                    Ok(decoded) => self.enter(&mut chunk, start, record, decoded),
                    Err(error) => Err(Unfit { rows: vec![Row::of_error(&error)], error }),
                };
                // every part has a number of its own, even if nothing came of it
                sub = match entered {
                    Ok(after) => after.max(sub + 1),
                    Err(unfit) => self.set_aside(&mut chunk, start, unfit),
                };
            }
            self.next = index + 1;
        }
        Some(chunk)
    }

    /// Sets a part aside that cannot be applied, with the numbers that its events would have had; gives the number
    /// behind them.
    fn set_aside(&self, chunk: &mut Chunk, start: Provenance, unfit: Unfit) -> u32 {
        let Unfit { error, rows } = unfit;
        // nobody asks for what is in it
        if let Some(reason) = self.flow.left_out(&error) {
            let mut origin = start;
            for _ in rows {
                chunk.verdicts.push((origin, Verdict::Ignored(reason)));
                origin.sub += 1;
            }
            return origin.sub.max(start.sub + 1);
        }
        let is_poison = error.disposition() == Disposition::Park;
        let is_stopping =
            || !error.is_fault_of_table() || self.flow.on_config_error(&error) == OnConfigError::Fail;
        if !is_poison && is_stopping() {
            chunk.failure.get_or_insert(error);
            return start.sub + 1;
        }
        let (error, mut origin) = (Arc::new(error), start);
        for row in rows {
            let verdict = if is_poison {
                Verdict::Poison(error.clone(), row)
            } else {
                Verdict::Fault(error.clone(), row)
            };
            chunk.verdicts.push((origin, verdict));
            origin.sub += 1;
        }
        origin.sub.max(start.sub + 1)
    }

    /// The parts of a record; what they say of tables is heard before the others are decoded.
    fn parts(&mut self, record: &Record) -> Vec<Part> {
        let parts = self.flow.decoders.decode(record, &self.catalogue);
        let said: Vec<TableSchema> = parts.iter().filter(|_| parts.len() > 1).filter_map(schema_of).collect();
        if said.is_empty() {
            return parts;
        }
        self.record_schemas(&said);
        self.flow.decoders.decode(record, &self.catalogue)
    }

    /// Takes note of what a source said of its tables, for this batch and those after it.
    fn record_schemas(&mut self, schemas: &[TableSchema]) {
        self.flow.record_schemas(schemas);
        schemas.iter().for_each(|schema| self.catalogue.record_schema(schema.clone()));
    }

    /// The next chunk. What sources have said of their tables is asked for first, where decoders listen. When there are
    /// records of a table whose key nobody has told yet, what the rest of the batch says is heard as well.
    async fn informed_chunk<S: Sink>(&mut self, sink: &S, deadline: Deadline) -> Option<Chunk> {
        if self.next == 0 && self.flow.decoders.use_schemas() && !self.records.is_empty() {
            if let Err(error) = self.flow.load_schemas(sink, deadline).await {
                let mut chunk = self.chunk()?;
                chunk.failure.get_or_insert(error);
                return Some(chunk);
            }
            self.catalogue = self.flow.catalogue();
        }
        let (start, places) = (self.next, self.flow.arrival.then(|| self.places.clone()));
        let chunk = self.chunk()?;
        let is_unknown = |error: &Error| error.code() == Code::UnknownKey;
        let lacks_key = |(_, verdict): &(Provenance, Verdict)| match verdict {
            Verdict::Fault(error, _) | Verdict::Poison(error, _) => is_unknown(error),
            Verdict::Ignored(_) => false,
        };
        let lacks_a_key =
            chunk.failure.as_ref().is_some_and(is_unknown) || chunk.verdicts.iter().any(lacks_key);
        if !lacks_a_key
            || !self.flow.decoders.use_schemas()
            || std::mem::replace(&mut self.has_looked_ahead, true)
        {
            return Some(chunk);
        }
        for record in self.records.get(start..).unwrap_or_default() {
            let parts = self.flow.decoders.decode(record, &self.catalogue);
            let said: Vec<TableSchema> = parts.iter().filter_map(schema_of).collect();
            self.record_schemas(&said);
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
    ) -> Result<u32, Unfit> {
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
                    return Err(Unfit::from(Error::poison(
                        Code::BadTable,
                        "The name of a table or column that the record describes is empty or holds a NUL character.",
                    )));
                }
                chunk.verdicts.push(ignored(Reason::Control));
                self.record_schemas(std::slice::from_ref(&schema));
                chunk.schemas.push(schema);
                return Ok(start.sub);
            }
            Decoded::Parts(_) => {
                let message = "A part of a record has parts of its own.";
                return Err(Error::poison(Code::NotAChangeRecord, message).into());
            }
        };
        let kept = (chunk.changes.len(), chunk.truncates.len());
        // the numbers of pairs are the part's own; the whole record needs other ones
        let mut pairs: HashMap<u32, u32> = HashMap::new();
        let mut origin = start;
        let mut events = events.into_iter();
        while let Some(mut event) = events.next() {
            event.pair = event.pair.map(|pair| *pairs.entry(pair).or_insert(origin.sub));
            match self.send(origin, record, event) {
                Ok(Ok(tracked)) if tracked.event.change == Change::Truncate => chunk.truncates.push(tracked),
                Ok(Ok(tracked)) => chunk.changes.push(tracked),
                Ok(Err(reason)) => chunk.verdicts.push((origin, Verdict::Ignored(reason))),
                Err(error) => {
                    let changed = chunk.changes.drain(kept.0..).chain(chunk.truncates.drain(kept.1..));
                    let mut rows: Vec<Row> = changed.map(|change| Row::of(&change.event)).collect();
                    rows.push(Row::of_error(&error));
                    rows.extend(events.map(|event| self.flow.row_of(event)));
                    return Err(Unfit { error, rows });
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
        if let Err(error) = self.give_version(origin, record, &mut event) {
            let key = event.key.as_ref().map(Key::as_str);
            return Err(error.about(&event.table, key).of_source(event.source.as_str()));
        }
        // nobody behind the routes reads it, and it holds on to what the record unpacked to
        event.image = None;
        let at = event.changed_at.or(record.arrived_at).or(event.version.loaded_at().map(Timestamp));
        let routed = self.flow.routes.send(origin, event)?;
        Ok(routed.map(|tracked| Tracked { at, ..tracked }))
    }

    /// Gives an event its version by arrival, where versions go by that.
    fn give_version(&mut self, origin: Provenance, record: &Record, event: &mut ChangeEvent) -> Result<()> {
        if event.key.is_none() && event.change != Change::Truncate {
            return Err(Error::poison(Code::NoKey, "The change event has no key."));
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
            self.flow.warn_incomparable(record);
            let position = self.records.get(origin.record).map(Record::sequence).unwrap_or_default();
            let place = self.places.entry(position).or_default();
            event.version = version::arrival(self.flow.epoch, position, *place)?;
            *place += 1;
        } else if event.caveat == Some(Caveat::CoarseClock) {
            self.flow.warn_coarse(&event.table);
        }
        if let Some(Caveat::PerhapsUnsigned(column)) = &event.caveat {
            self.flow.warn_unsigned(&event.table, column);
        }
        Ok(())
    }
}

impl Flow {
    /// Takes note of what sources have said of their tables, as far as the database remembers it.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub(crate) async fn load_schemas<S: Sink>(&self, sink: &S, deadline: Deadline) -> Result<()> {
        let Some(store) = sink.store() else { return Ok(()) };
        let schemas = Box::pin(store.load_schemas(deadline)).await?;
        self.record_schemas(&schemas);
        Ok(())
    }

    /// Takes note of what sources said of their tables, for the batches that begin from now on.
    pub(crate) fn record_schemas(&self, schemas: &[TableSchema]) {
        let mut catalogue = self.catalogue.lock().unwrap_or_else(PoisonError::into_inner);
        schemas.iter().for_each(|schema| catalogue.record_schema(schema.clone()));
    }

    /// What is known of the source's tables now.
    pub(crate) fn catalogue(&self) -> Catalogue {
        self.catalogue.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What becomes of a record that shows this fault of its configuration.
    fn on_config_error(&self, error: &Error) -> OnConfigError {
        let source = SourceIdentity::parse(error.source_identity());
        self.routes.on_config_error(error.table().map(|table| SourceTable::new(table, &source)))
    }

    /// Why a record that cannot be applied is left out anyway, if its table is.
    fn left_out(&self, error: &Error) -> Option<Reason> {
        let source = SourceIdentity::parse(error.source_identity());
        self.routes.left_out(SourceTable::new(error.table()?, &source))
    }

    /// The error of a target, if it concerns that target alone and its route does not say that the invocation fails.
    fn tolerated(&self, target: &Target, error: Error) -> Result<Arc<Error>> {
        let stops = !error.is_fault_of_table() || target.on_config_error == OnConfigError::Fail;
        if stops { Err(error) } else { Ok(Arc::new(error)) }
    }

    /// The row of an event that was not routed yet.
    fn row_of(&self, mut event: ChangeEvent) -> Row {
        event.key = event.key.take().map(|key| self.routes.key(event.source_table(), key));
        Row::of(&event)
    }

    /// Whether a target was filled from a source that a route takes.
    async fn knows_source<S: Sink>(&self, sink: &S, deadline: Deadline) -> bool {
        if self.known.load(Ordering::Relaxed) {
            return true;
        }
        let Some(store) = sink.store() else { return false };
        // while the database is away nothing is known, and nothing could be parked
        let sources = store.sources(deadline).await.unwrap_or_default();
        let is_known = sources.iter().any(|(table, source)| self.routes.takes(table, source));
        self.known.store(is_known, Ordering::Relaxed);
        is_known
    }

    /// Says once of a table that its source's order may have started anew.
    fn warn_backwards(&self, table: &str, changes: u64, snapshot_rows: u64) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if changes > 0 && warned.is_new(format!("backwards {table}")) {
            tracing::warn!(
                table,
                changes,
                "Changes happened later than what is stored of their rows, and yet their versions are lower: they \
                 count as stale. After a failover, a restore or a switch to another server the source's order starts \
                 anew: raise source.epoch by one. If two sources feed the table, give each a route of its own."
            );
        }
        if snapshot_rows > 0 && warned.is_new(format!("snapshot {table}")) {
            tracing::warn!(
                table,
                snapshot_rows,
                "Rows of a snapshot were read later than what is stored of them happened, and do not replace it. That \
                 is as it should be while changes are streamed without a gap. If changes were lost before the \
                 snapshot (a lost slot, an expired log), raise source.epoch by one and take the snapshot again."
            );
        }
    }

    /// Says once of a topic that its offsets order nothing across its partitions.
    fn warn_incomparable(&self, record: &Record) {
        let Redelivered::WithGroup(group) = &record.redelivered else { return };
        let Some((topic, partition)) = group.rsplit_once('-') else { return };
        if record.sequence_number.is_some() || partition == "0" {
            return;
        }
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_new(format!("topic {topic}")) {
            tracing::warn!(
                topic,
                "source.version = \"arrival\" goes by the offsets of this topic, and those of two partitions cannot be \
                 compared: after partitions are added, newer changes of a key may count as stale. Set \
                 message.timestamp.type=LogAppendTime on the topic, so that the broker's time orders them, or let the \
                 source's own order decide: source.version = \"auto\"."
            );
        }
    }

    fn warn_unsigned(&self, table: &str, column: &str) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_new(format!("unsigned {table}")) {
            tracing::warn!(
                table,
                column,
                "A negative number of a column whose type at the source is not known: if the column is bigint unsigned, \
                 the number is wrong. Set bigint.unsigned.handling.mode=precise in the connector, or let it tell the \
                 types: datatype.propagate.source.type. If it is a signed column, this can be left."
            );
        }
    }

    fn warn_coarse(&self, table: &str) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_new(table.to_owned()) {
            tracing::warn!(
                table,
                "The creation times of this table have millisecond precision: changes of one item within the same \
                 millisecond are ordered by arrival only. Set ApproximateCreationDateTimePrecision of the table's \
                 Kinesis streaming destination to MICROSECOND."
            );
        }
    }
}

fn schema_of(part: &Part) -> Option<TableSchema> {
    match &part.decoded {
        Ok(Decoded::Schema(schema)) => Some(schema.clone()),
        Ok(Decoded::Events(_) | Decoded::Ignored(_) | Decoded::Parts(_)) | Err(_) => None,
    }
}

/// Bytes of the names that were warned of.
const WARNED_BYTES: usize = 1024 * 1024;

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

async fn write<S: Sink>(
    flow: &Flow,
    sink: &S,
    records: &[Record],
    mut chunk: Chunk,
    parked: &HashSet<TableKey>,
    deadline: Deadline,
) -> Written {
    let mut changes = std::mem::take(&mut chunk.changes);
    let mut settled = Vec::new();
    if let Some(failure) = chunk.failure.take() {
        settled.extend(changes.into_iter().map(|change| (change, None)));
        return Written { chunk, settled, error: Some(failure) };
    }
    let prepared = prepare(flow, sink, records, &chunk.schemas, &mut changes, &mut settled, deadline);
    if let Err(error) = prepared.await {
        settled.extend(changes.into_iter().map(|change| (change, None)));
        return Written { chunk, settled, error: Some(error) };
    }
    let truncates = std::mem::take(&mut chunk.truncates);
    let mut truncates: Vec<(Tracked, Option<Fate>)> = truncates.into_iter().map(|it| (it, None)).collect();
    let mut schedule = Schedule::new(changes);
    let error = run(flow, sink, records, &mut truncates, &mut schedule, parked, deadline).await.err();
    settled.append(&mut schedule.finish());
    settled.append(&mut truncates);
    Written { chunk, settled, error }
}

/// Makes sure that the targets of a chunk are there and are those of its changes. Changes whose target is not go to
/// `settled`: a fault of one table does not stop the others.
async fn prepare<S: Sink>(
    flow: &Flow,
    sink: &S,
    records: &[Record],
    schemas: &[TableSchema],
    changes: &mut Vec<Tracked>,
    settled: &mut Vec<(Tracked, Option<Fate>)>,
    deadline: Deadline,
) -> Result<()> {
    if let Some(store) = sink.store().filter(|_| !schemas.is_empty()) {
        // rare: kept out of the future of every batch
        Box::pin(store.record_schemas(schemas, deadline)).await?;
    }
    let (bindings, binding_of) = bindings(flow, records, changes);
    let mut faults: Vec<Option<Arc<Error>>> = Vec::with_capacity(bindings.len());
    for binding in &bindings {
        let prepared = sink.prepare(binding, deadline).await;
        faults.push(
            prepared.map_or_else(|error| flow.tolerated(&binding.target, error).map(Some), |()| Ok(None))?,
        );
    }
    if faults.iter().all(Option::is_none) {
        return Ok(());
    }
    for (change, binding) in std::mem::take(changes).into_iter().zip(binding_of) {
        match faults.get(binding).cloned().flatten() {
            Some(error) => settled.push((change, Some(Fate::Fault(error)))),
            None => changes.push(change),
        }
    }
    Ok(())
}

/// Writes wave after wave until every change of the chunk is settled.
async fn run<S: Sink>(
    flow: &Flow,
    sink: &S,
    records: &[Record],
    truncates: &mut [(Tracked, Option<Fate>)],
    schedule: &mut Schedule,
    parked: &HashSet<TableKey>,
    deadline: Deadline,
) -> Result<()> {
    // before or behind the chunk's other changes is all the same: versions decide what a truncate removes
    for (change, fate) in truncates {
        *fate = Some(match Box::pin(truncate(flow, sink, records, change, deadline)).await {
            Ok(outcome) => fate_of(outcome),
            Err(error) => Fate::Fault(flow.tolerated(&change.target, error)?),
        });
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
            match sink.apply(&statement, deadline).await {
                Ok(outcomes) => {
                    assert_eq!(outcomes.len(), statement.rows.len(), "every row has exactly one outcome");
                    for (row, outcome) in statement.rows.iter().zip(outcomes) {
                        schedule.settle(row.change, fate_of(outcome));
                    }
                }
                Err(error) => schedule.give_up(&statement.target, &flow.tolerated(&statement.target, error)?),
            }
        }
    }
}

fn fate_of(outcome: RowOutcome) -> Fate {
    match outcome {
        RowOutcome::Applied => Fate::Applied,
        RowOutcome::Stale => Fate::Stale,
        RowOutcome::StaleButLater => Fate::StaleButLater,
        RowOutcome::Refused(error) => Fate::Refused(error),
    }
}

async fn truncate<S: Sink>(
    flow: &Flow,
    sink: &S,
    records: &[Record],
    change: &Tracked,
    deadline: Deadline,
) -> Result<RowOutcome> {
    let event = &change.event;
    let truncation = Truncation {
        target: change.target.clone(),
        version: event.version.as_str().to_owned(),
        changed_at: event.changed_at,
        source: event.source.clone(),
        epoch: flow.epoch,
        position: records.get(change.origin.record).map(|record| record.position.clone()).unwrap_or_default(),
    };
    sink.truncate(&truncation, deadline).await
}

/// What the changes of a chunk say of their targets, and which of it each change says.
fn bindings(flow: &Flow, records: &[Record], changes: &[Tracked]) -> (Vec<Binding>, Vec<usize>) {
    let mut bindings: Vec<Binding> = Vec::new();
    let says = |binding: &Binding, change: &Tracked| {
        let names = change.event.key.iter().flat_map(Key::names);
        Arc::ptr_eq(&binding.target, &change.target)
            && binding.scheme == change.event.version.scheme()
            && binding.key_names.iter().map(String::as_str).eq(names)
            && (binding.target.is_merged() || binding.source == change.event.source)
            && (binding.key_types.is_empty() || binding.key_types.iter().eq(types_of(change)))
    };
    let mut last = 0;
    let mut binding_of = Vec::with_capacity(changes.len());
    for change in changes {
        let is_last = bindings.get(last).is_some_and(|binding| says(binding, change));
        if !is_last {
            last = bindings.iter().position(|binding| says(binding, change)).unwrap_or(bindings.len());
        }
        if last == bindings.len() {
            bindings.push(binding(flow, records, change));
        }
        binding_of.push(last);
    }
    (bindings, binding_of)
}

fn binding(flow: &Flow, records: &[Record], change: &Tracked) -> Binding {
    let (event, is_merged) = (&change.event, change.target.is_merged());
    // a document database may mix the types of a key
    let is_typed = change.origin.decoder.is_some_and(|decoder| RELATIONAL.contains(&decoder))
        && !event.key.iter().flat_map(Key::names).eq(["_id"]);
    Binding {
        target: change.target.clone(),
        key_names: event.key.iter().flat_map(Key::names).map(str::to_owned).collect(),
        key_types: if is_typed { types_of(change).map(str::to_owned).collect() } else { Vec::new() },
        scheme: event.version.scheme(),
        epoch: flow.epoch,
        source: if is_merged { SourceIdentity::default() } else { event.source.clone() },
        position: records.get(change.origin.record).map(|record| record.position.clone()).unwrap_or_default(),
    }
}

/// The decoders of sources whose key columns have one type.
const RELATIONAL: [&str; 6] = ["debezium", "maxwell", "wal2json", "canal", "dms", "dsql"];

fn types_of(change: &Tracked) -> impl Iterator<Item = &'static str> {
    change.event.key.iter().flat_map(Key::types)
}

/// Blocks the patches of keys with a parked change: parked before, or to be parked with this batch.
async fn block_patches<S: Sink>(
    flow: &Flow,
    sink: &S,
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
    let blocked = match sink.store().filter(|_| !flow.redriving) {
        Some(store) => store.blocked(&keys, deadline).await?,
        None => HashSet::new(),
    };
    for (index, _) in patched.iter().filter(|(_, key)| blocked.contains(key) || parked.contains(key)) {
        schedule.block(*index);
    }
    Ok(())
}
