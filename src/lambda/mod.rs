//! The front door for AWS Lambda: from an invocation to `process()` and back to a batch response.
//!
//! The function `rowtide-stream` is one call of [`run`]. A handler of your own makes a [`Processor`] and calls
//! [`Processor::handle`], or turns the event of a typed handler into an [`Envelope`].
//!
//! Knows Lambda's Runtime API and its variables `AWS_LAMBDA_…`, which are the platform's and no settings; no source
//! format, no SQL.

#[cfg(feature = "http")]
mod collect;
mod emf;
mod function;
mod invocation;
mod job;
mod log;
mod platform;
#[cfg(feature = "archive")]
mod snapshot;
mod typed;

#[cfg(feature = "http")]
pub use collect::run_collect;
pub use emf::Emf;
pub use function::{Failure, Response};
pub use log::{Lines, init as init_log};
#[cfg(feature = "archive")]
pub use snapshot::run_snapshot;
pub use typed::IntoEnvelope;

use crate::config::{Config, Draft};
use crate::deadline::Deadline;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::metrics::{self, Emitter, Measures};
use crate::pipeline::{Flow, measured};
use crate::record::{Answer, Envelope, Record};
use crate::report::{Counts, Report};
use crate::secrets;
use crate::sink::Database;
use bytes::Bytes;
use function::{Function, deadline, serve};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::value::RawValue;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;

/// Runs the stream function until Lambda ends it: configuration, log, handler, shutdown. Call it first thing in `main`.
///
/// The configuration is read at once; when it cannot be used, Lambda is told so (`/runtime/init/error`) and the exit
/// status is 1. The database is not asked before the first record arrives, and its connections are kept from one
/// invocation to the next.
pub async fn run() -> ExitCode {
    serve::<Processor>().await
}

impl Function for Processor {
    async fn from_environment() -> Result<Self> {
        Box::pin(Self::from_environment()).await
    }

    async fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Response, Failure> {
        Box::pin(Self::handle(self, event)).await
    }

    fn close(&self) {
        Self::close(self);
    }
}

/// What a function keeps from one invocation to the next.
#[derive(Debug)]
pub struct Processor {
    /// As it follows from the configuration whose `sink.url` is known; that may have to be fetched first.
    flow: OnceCell<Flow>,
    sink: Database,
    emitter: Emitter,
    /// Lambda may not read which records are to come again.
    fails_whole: bool,
    tombstone_retention: Duration,
    /// Until the first invocation.
    is_cold: AtomicBool,
}

impl Processor {
    /// The processor that this process's configuration describes. No connection is opened yet. What the configuration
    /// refers to is fetched, but for `sink.url`, which is fetched meanwhile.
    ///
    /// # Errors
    /// A configuration error that names the setting, or one that names the secret that cannot be fetched.
    pub async fn from_environment() -> Result<Self> {
        let config = Box::pin(secrets::load(Draft::of_function()?)).await?;
        let processor = Self::new(&config)?;
        processor.sink.prefetch();
        Ok(processor)
    }

    /// The processor that `config` describes. No connection is opened yet.
    ///
    /// # Errors
    /// A configuration error that names the setting.
    pub fn new(config: &Config) -> Result<Self> {
        let flow = Flow::new(config)?;
        let is_reference = config.sink.url.as_ref().is_some_and(|url| url.reference().is_some());
        let flow = OnceCell::new_with((!is_reference).then_some(flow));
        let emitter = Emitter::new(&config.metrics);
        let (sink, fails_whole) = (Database::new(config)?, config.fails_whole);
        let tombstone_retention = config.sink.tombstone_retention;
        Ok(Self { flow, sink, emitter, fails_whole, tombstone_retention, is_cold: AtomicBool::new(true) })
    }

    /// Handles one invocation, in the shape that `lambda_runtime::service_fn` wants. The payload stays text until
    /// each record is read by itself: one bad record is one parked record.
    ///
    /// Gives the batch response: empty when every record is durable. The event `{"rowtide":"purge"}` of a schedule is
    /// no batch: it removes old tombstones and dead letters as `rowtide purge` does, and gives [`Purge::to_json`].
    ///
    /// [`Purge::to_json`]: crate::sink::Purge::to_json
    ///
    /// # Errors
    /// When the invocation must fail, because a person must act.
    pub async fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Response, Failure> {
        let started = Instant::now();
        let (payload, context) = event.into_parts();
        if let Some(job) = job::of(payload.get()) {
            self.is_cold.store(false, Ordering::Relaxed);
            let done = job::run(&job, &self.sink, self.tombstone_retention, deadline(&context));
            return Ok(Box::pin(done).await?);
        }
        let text: Box<str> = payload.into();
        match Envelope::parse(&Bytes::from(text.into_boxed_bytes()), "-") {
            Ok(envelope) => self.take(envelope, &context, started).await,
            Err(error) => {
                self.measure(metrics::is_enabled().then(Measures::failed), &context, started);
                Err(error.into())
            }
        }
    }

    /// The same for a batch that is taken apart already: `apply(event.payload, &event.context)`.
    ///
    /// # Errors
    /// When the invocation must fail, because a person must act.
    pub async fn apply(&self, event: impl IntoEnvelope, context: &Context) -> Result<Response, Failure> {
        self.take(event.into_envelope(), context, Instant::now()).await
    }

    async fn take(
        &self,
        mut envelope: Envelope,
        context: &Context,
        started: Instant,
    ) -> Result<Response, Failure> {
        if self.fails_whole && envelope.answer != Answer::Results {
            envelope.answer = Answer::Whole;
        }
        let deadline = deadline(context);
        let (report, measures) = match self.flow(deadline).await {
            Ok(flow) => Box::pin(measured(flow, &self.sink, &envelope.records, deadline)).await,
            Err(error) => {
                let report = Report::unstarted(&envelope.records, error);
                let measures = metrics::is_enabled().then(|| Measures::unstarted(&report));
                (report, measures)
            }
        };
        tell(&report, &envelope.records, started.elapsed());
        let comes_again = report.comes_again_whole(&envelope);
        let response = report.response(&envelope);
        let answer = match report.into_reasons() {
            (Some(failure), _) => Err(failure.into()),
            (None, stopped) if comes_again => Err(stopped.unwrap_or_else(not_durable).into()),
            (None, _) => RawValue::from_string(response)
                .map_err(|_| Error::config("The state of the tumbling window is not JSON.").into()),
        };
        self.measure(measures, context, started);
        answer
    }

    fn measure(&self, measures: Option<Measures>, context: &Context, started: Instant) {
        let is_cold = self.is_cold.swap(false, Ordering::Relaxed);
        let Some(mut measures) = measures else { return };
        if is_cold {
            measures.was_cold();
        }
        let function = Some(context.env_config.function_name.as_str()).filter(|name| !name.is_empty());
        self.emitter.emit(measures, started.elapsed(), function);
    }

    async fn flow(&self, deadline: Deadline) -> Result<&Flow> {
        let made =
            self.flow.get_or_try_init(|| async { Flow::new(&Box::pin(self.sink.config(deadline)).await?) });
        made.await
    }

    /// Closes the connections to the database; for the end of the process.
    pub fn close(&self) {
        self.sink.close();
    }
}

fn not_durable() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        Code::NotDurable,
        "Not every record is durable: the whole batch must come again.",
    )
}

/// One line an invocation, and one more when the batch stopped early.
fn tell(report: &Report, records: &[Record], took: Duration) {
    let Counts { received, applied, stale, ignored, parked, reported } = report.counts();
    if let Some(error) = report.stopped() {
        tracing::warn!(
            %error,
            code = error.code().as_str(),
            sqlstate = error.sqlstate(),
            position = report.failed_position(),
            "The batch stopped early. Lambda delivers it again from this position."
        );
    }
    let reasons: Vec<String> = ignored.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    let end = if report.failure().is_some() { "Batch failed." } else { "Batch done." };
    tracing::info!(
        source = records.first().map(|record| &*record.source),
        received,
        applied,
        stale,
        ignored = ignored.values().sum::<usize>(),
        ignored_reasons = (!reasons.is_empty()).then(|| reasons.join(", ")),
        parked,
        reported,
        batch_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "{end}"
    );
}
