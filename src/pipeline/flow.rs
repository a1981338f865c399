//! What a batch needs to know of source and routes, and what is remembered from one to the next.

use super::chunk::RowId;
use super::lake::{self, Lake};
use crate::catalogue::{Catalogue, TableSchema};
use crate::config::{Config, Payload};
use crate::deadline::Deadline;
use crate::decode::Settings;
use crate::decoders::Decoders;
use crate::error::{Error, Result};
use crate::event::ChangeEvent;
use crate::memo::Memo;
use crate::metrics::Emitter;
use crate::policy::{OnConfigError, Policy};
use crate::record::{Record, Redelivered};
use crate::route::{LeftOut, Routes, Target};
use crate::rules::{Rules, glob};
use crate::sink::{Sink, Store as _};
use crate::source::{SourceIdentity, SourceTable};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The part of the memory of a batch that a chunk fills before it ends.
const CHUNK_SHARE: usize = 32;

/// Bytes of the names that were warned of.
const WARNED_BYTES: usize = 1024 * 1024;
/// What `process` needs to know about source and routes.
#[derive(Debug)]
pub struct Flow {
    pub(super) decoders: Decoders,
    pub(super) routes: Routes,
    /// What is known of the source's tables when a batch begins.
    pub(super) catalogue: Mutex<Catalogue>,
    pub(super) epoch: u16,
    pub(super) keep_payloads: bool,
    /// What the changes of a chunk take up, about, when it ends.
    pub(super) chunk_bytes: usize,
    pub(super) parked_limit: u64,
    /// Redriving parked records: they are not blocked by themselves.
    pub(super) redriving: bool,
    /// Where routes archive what they take.
    pub(super) lake: Option<Lake>,
    pub(super) emitter: Emitter,
    pub(super) warned: Mutex<Memo<String, ()>>,
    /// Whether something is known of the source: a yes is kept.
    pub(super) known: AtomicBool,
}

impl Flow {
    /// The flow that `config` describes.
    ///
    /// # Errors
    /// When the configuration names a decoder that does not exist, or a route's archive cannot be used.
    pub fn new(config: &Config) -> Result<Self> {
        lake::check(config)?;
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
            keep_payloads: config.dead_letters.payload == Payload::Full,
            chunk_bytes: usize::try_from(config.limits.memory).unwrap_or(usize::MAX) / CHUNK_SHARE,
            parked_limit: config.dead_letters.limit,
            redriving: false,
            lake: Lake::of(config),
            emitter: Emitter::new(&config.metrics),
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

    /// The same flow for rows that are only looked at.
    #[cfg(feature = "archive")]
    #[must_use]
    pub(crate) fn without_archive(mut self) -> Self {
        self.lake = None;
        self
    }

    /// The routes.
    #[must_use]
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

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
    pub(super) fn on_config_error(&self, error: &Error) -> OnConfigError {
        let source = SourceIdentity::parse(error.source_identity());
        self.routes.on_config_error(error.table().map(|table| SourceTable::new(table, &source)))
    }

    /// Why a record that cannot be applied is left out anyway, if its table is.
    pub(super) fn left_out(&self, error: &Error) -> Option<LeftOut> {
        let source = SourceIdentity::parse(error.source_identity());
        self.routes.left_out(SourceTable::new(error.table()?, &source))
    }

    /// The error of a target, if it concerns that target alone and its route does not say that the invocation fails.
    pub(super) fn tolerated(&self, target: &Target, error: Error) -> Result<Arc<Error>> {
        let stops = !error.is_fault_of_table() || target.on_config_error == OnConfigError::Fail;
        if stops { Err(error) } else { Ok(Arc::new(error)) }
    }

    /// The row of an event that was not routed yet.
    pub(super) fn row_of(&self, mut event: ChangeEvent) -> RowId {
        if !event.is_routed {
            event.key = event.key.take().map(|key| self.routes.key(event.source_table(), key));
        }
        RowId::of(&event)
    }

    /// Whether a target was filled from a source that a route takes.
    pub(super) async fn knows_source<S: Sink>(&self, sink: &S, deadline: Deadline) -> bool {
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
    pub(super) fn warn_backwards(&self, table: &str, changes: u64, snapshot_rows: u64) {
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

    /// Says once of a table that no route takes it, and which one nearly does.
    pub(super) fn warn_nearly_routed(&self, table: &str, from: &str) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_new(format!("nearly routed {table}")) {
            tracing::warn!(table, "{} Its records are left out.", nearly_routed(table, from));
        }
    }

    /// Says once of a topic that its offsets order nothing across its partitions.
    pub(super) fn warn_incomparable(&self, record: &Record) {
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

    pub(super) fn warn_unsigned(&self, table: &str, column: &str) {
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

    pub(super) fn warn_coarse(&self, table: &str) {
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

/// What is said of a table that no route takes.
pub(super) fn nearly_routed(table: &str, from: &str) -> String {
    if glob(from, table) {
        return format!(
            "No route takes the source table {table} of this source, and one takes {from} of another: hold region, \
             account, server and db of its `from` against those of the record. If {table} is left out on purpose, give \
             it a route with skip = true, or set source.unrouted = \"ignore\"."
        );
    }
    format!(
        "No route takes the source table {table}, and one takes {from}: if that is meant, write `from` as the source \
         names the table. If {table} is left out on purpose, give it a route with skip = true, or set source.unrouted = \
         \"ignore\"."
    )
}
