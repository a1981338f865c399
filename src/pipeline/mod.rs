//! The whole flow: records become change events, statements, rows and a report. Knows every room's front door.

mod batch;
mod chunk;
mod export;
mod flow;
mod lake;
mod ledger;
mod only;
mod timed;
mod write;

pub use batch::{Batch, CHUNK_RECORDS};
pub use chunk::{Chunk, RowId, Verdict};
#[cfg(feature = "dynamodb")]
pub(crate) use export::EXPORT;
#[cfg(any(feature = "archive", feature = "http"))]
pub(crate) use export::known_target;
pub use flow::Flow;
pub use write::TableKey;

use crate::deadline::Deadline;
use crate::error::{Code, Error, ErrorKind};
use crate::metrics::Measures;
use crate::record::Record;
use crate::report::Report;
use crate::sink::Sink;
use ledger::Ledger;
use std::time::{Duration, Instant};
use timed::Timed;
use tracing::{Instrument as _, debug_span};
use write::write;

/// No new chunk is started when less than this is left: enough for one chunk, parking and the answer.
pub(crate) const MARGIN: Duration = Duration::from_millis(500);

/// Takes a batch through the whole flow and says what became of every record. What was measured on the way goes to the
/// subscriber: [`crate::metrics`].
pub async fn process<S: Sink>(flow: &Flow, sink: &S, records: &[Record], deadline: Deadline) -> Report {
    process_of(flow.batch(records), sink, deadline).await
}

/// Takes a parked record through the flow, of which only what concerns some rows is to be applied, where its parts
/// tell; each with the number that the row's change was parked under.
pub(crate) async fn process_rows<S: Sink>(
    flow: &Flow,
    sink: &S,
    record: &Record,
    only: &[(RowId, u32)],
    deadline: Deadline,
) -> Report {
    let batch = Batch { only, ..flow.batch(std::slice::from_ref(record)) };
    process_of(batch, sink, deadline).await
}

async fn process_of<S: Sink>(batch: Batch<'_>, sink: &S, deadline: Deadline) -> Report {
    let (started, flow) = (Instant::now(), batch.flow);
    let (report, measures) = measured_of(batch, sink, deadline).await;
    if let Some(measures) = measures {
        flow.emitter.emit(measures, started.elapsed(), None);
    }
    report
}

/// The same, giving the measures to whoever knows more to tell; none when nobody listens.
#[cfg(any(feature = "lambda", feature = "http"))]
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
