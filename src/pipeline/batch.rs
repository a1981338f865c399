//! A batch on its way to changes: decoded and routed, chunk by chunk.

use super::chunk::{Chunk, RowId, Unfit, Verdict};
use super::flow::Flow;
use super::only::{numbers, wanted};
use crate::catalogue::{Catalogue, TableSchema};
use crate::deadline::Deadline;
use crate::decode::{Decoded, Reason};
use crate::decoders::Part;
use crate::error::{Code, Disposition, Error, Result};
use crate::event::{Caveat, Change, ChangeEvent, Key, Timestamp};
use crate::policy::OnConfigError;
use crate::record::{Record, Redelivered};
use crate::route::{LeftOut, RecordRef, RoutedChange};
use crate::rules::Order;
use crate::sink::Sink;
use crate::source::SourceTable;
use crate::version;
use std::collections::HashMap;
use std::sync::Arc;
use tracing::debug_span;

/// Records decoded, planned and written together. Measured beside 250 and 500: docs/performance.md.
pub const CHUNK_RECORDS: usize = 1_000;

/// A batch being decoded, chunk by chunk.
#[derive(Debug)]
pub struct Batch<'f> {
    pub(super) flow: &'f Flow,
    pub(super) records: &'f [Record],
    pub(super) next: usize,
    /// What is known of the source's tables.
    pub(super) catalogue: Catalogue,
    /// How many events each position has given so far, for versions by arrival.
    pub(super) places: HashMap<&'f str, u32>,
    /// Whether what the whole batch says of tables was heard.
    pub(super) has_looked_ahead: bool,
    /// The only rows of a parked record that are to be changed, and the numbers that their changes had; all when empty.
    pub(super) only: &'f [(RowId, u32)],
}

impl Flow {
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
                let start = RecordRef { record: index, sub, decoder };
                let entered = match decoded {
                    Ok(decoded) => self.enter(&mut chunk, start, record, decoded),
                    Err(error) => Err(Unfit { rows: vec![RowId::of_error(&error)], error }),
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
    pub(super) fn set_aside(&self, chunk: &mut Chunk, start: RecordRef, unfit: Unfit) -> u32 {
        let Unfit { error, rows } = unfit;
        // nobody asks for what is in it
        if let Some(left_out) = self.flow.left_out(&error) {
            let mut origin = start;
            for _ in rows {
                chunk.leave_out(origin, left_out.clone());
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
    pub(super) fn parts(&mut self, record: &Record) -> Vec<Part> {
        let parts = self.flow.decoders.decode(record, &self.catalogue);
        let said: Vec<TableSchema> = parts.iter().filter(|_| parts.len() > 1).filter_map(schema_of).collect();
        if said.is_empty() {
            return parts;
        }
        self.record_schemas(&said);
        self.flow.decoders.decode(record, &self.catalogue)
    }

    /// Takes note of what a source said of its tables, for this batch and those after it.
    pub(super) fn record_schemas(&mut self, schemas: &[TableSchema]) {
        self.flow.record_schemas(schemas);
        schemas.iter().for_each(|schema| self.catalogue.record_schema(schema.clone()));
    }

    /// The next chunk. What sources have said of their tables is asked for first, where decoders listen. When there are
    /// records of a table whose key nobody has told yet, what the rest of the batch says is heard as well.
    pub(super) async fn informed_chunk<S: Sink>(&mut self, sink: &S, deadline: Deadline) -> Option<Chunk> {
        if self.next == 0 && self.flow.decoders.use_schemas() && !self.records.is_empty() {
            if let Err(error) = self.flow.load_schemas(sink, deadline).await {
                let mut chunk = self.chunk()?;
                chunk.failure.get_or_insert(error);
                return Some(chunk);
            }
            self.catalogue = self.flow.catalogue();
        }
        let (start, places) =
            (self.next, (self.catalogue.order() == Order::Arrival).then(|| self.places.clone()));
        let chunk = self.chunk()?;
        let is_unknown = |error: &Error| error.code() == Code::UnknownKey;
        let lacks_key = |(_, verdict): &(RecordRef, Verdict)| match verdict {
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
    pub(super) fn enter(
        &mut self,
        chunk: &mut Chunk,
        start: RecordRef,
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
            Decoded::Unrouted { table, source } => {
                chunk.leave_out(start, self.flow.routes.unrouted(SourceTable::new(&table, &source)));
                return Ok(start.sub);
            }
            Decoded::Schema(schema) => {
                if !schema.can_be_kept() {
                    return Err(Unfit::from(Error::poison(
                        Code::BadTable,
                        "The name of a table or column that the record describes is empty, too long or holds a NUL \
                         character.",
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
                Ok(Err(left_out)) => chunk.leave_out(origin, left_out),
                Err(error) => {
                    let changed = chunk.changes.drain(kept.0..).chain(chunk.truncates.drain(kept.1..));
                    let mut rows: Vec<RowId> = changed.map(|change| RowId::of(&change.event)).collect();
                    rows.push(RowId::of_error(&error));
                    rows.extend(events.map(|event| self.flow.row_of(event)));
                    return Err(Unfit { error, rows });
                }
            }
            origin.sub += 1;
        }
        Ok(origin.sub)
    }

    pub(super) fn send(
        &mut self,
        origin: RecordRef,
        record: &Record,
        mut event: ChangeEvent,
    ) -> Result<Result<RoutedChange, LeftOut>> {
        if let Err(error) = self.give_version(origin, record, &mut event) {
            let key = event.key.as_ref().map(Key::as_str);
            return Err(error.about(&event.table, key).of_source(event.source.as_str()));
        }
        let at = event.changed_at.or(record.arrived_at).or(event.version.loaded_at().map(Timestamp));
        let routed = self.flow.routes.send(origin, event)?;
        Ok(routed.map(|tracked| RoutedChange { at, ..tracked }))
    }

    /// Gives an event its version, where the source's own order does not count.
    pub(super) fn give_version(
        &mut self,
        origin: RecordRef,
        record: &Record,
        event: &mut ChangeEvent,
    ) -> Result<()> {
        if event.key.is_none() && event.change != Change::Truncate {
            return Err(Error::poison(Code::NoKey, "The change event has no key."));
        }
        // what was loaded for a table comes before all that arrived, and what comes from an archive has its place
        let is_loaded = |scheme| event.version.scheme() == scheme && event.version.is_loaded();
        let order = Some(self.catalogue.order()).filter(|_| !event.is_routed);
        if order == Some(Order::Once) && !is_loaded(version::ONCE) {
            event.version = version::once(self.flow.epoch);
        } else if order == Some(Order::Arrival) && !is_loaded(version::ARRIVAL) {
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
fn schema_of(part: &Part) -> Option<TableSchema> {
    match &part.decoded {
        Ok(Decoded::Schema(schema)) => Some(schema.clone()),
        Ok(Decoded::Events(_) | Decoded::Ignored(_) | Decoded::Unrouted { .. } | Decoded::Parts(_))
        | Err(_) => None,
    }
}
