//! Requests that arrive together are written together: a commit costs the same for one document and for a thousand.

use super::writer::{Write, Writer, Written};
use crate::deadline::Deadline;
use crate::error::Result;
use crate::pipeline::{CHUNK_RECORDS, Flow};
use crate::record::Record;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Requests that wait while others are written. More are told to come again.
const WAITING_MAX: usize = 4_096;
/// How long a database that is away is tried: a sender waits no longer for an answer.
const WRITTEN_WITHIN: Duration = Duration::from_secs(20);

struct Job {
    records: Vec<Record>,
    done: oneshot::Sender<Written>,
}

/// What is told of a batch: its records, and what became of them.
pub type Stored = dyn Fn(&[Record], &Written) + Send + Sync;

/// Writes the requests of a server, those that wait together as one batch.
#[derive(Debug)]
pub struct Group {
    writer: Arc<Writer>,
    jobs: mpsc::Sender<Job>,
}

impl Group {
    /// Starts writing; `stored` hears of every batch. The task ends with the last of the group's users, when all that
    /// they brought is written.
    #[must_use]
    pub fn start(writer: Arc<Writer>, stored: Box<Stored>) -> (Self, JoinHandle<()>) {
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        let task = tokio::spawn(run(writer.clone(), waiting, stored));
        (Self { writer, jobs }, task)
    }
}

impl Write for Group {
    async fn flow(&self, deadline: Deadline) -> Result<&Flow> {
        self.writer.flow(deadline).await
    }

    async fn write(&self, records: Vec<Record>, _: Deadline) -> Option<Written> {
        let (done, written) = oneshot::channel();
        self.jobs.try_send(Job { records, done }).ok()?;
        written.await.ok()
    }
}

async fn run(writer: Arc<Writer>, mut waiting: mpsc::Receiver<Job>, stored: Box<Stored>) {
    let mut next = None;
    loop {
        let Some(first) = (match next.take() {
            Some(job) => Some(job),
            None => waiting.recv().await,
        }) else {
            return;
        };
        let mut jobs = vec![first];
        let mut records = jobs.iter().map(|job| job.records.len()).sum::<usize>();
        while let Ok(job) = waiting.try_recv() {
            records += job.records.len();
            if records > CHUNK_RECORDS {
                next = Some(job);
                break;
            }
            jobs.push(job);
        }
        Box::pin(write(&writer, jobs, &stored)).await;
    }
}

async fn write(writer: &Writer, jobs: Vec<Job>, stored: &Stored) {
    let mut records = Vec::with_capacity(jobs.iter().map(|job| job.records.len()).sum());
    let mut waiting = Vec::with_capacity(jobs.len());
    for Job { records: own, done } in jobs {
        waiting.push((records.len(), own.len(), done));
        records.extend(own);
    }
    let written = write_batch(writer, &records, stored).await;
    // what is wrong with one request is no reason to refuse the others
    let is_alone = waiting.len() == 1;
    let is_refused =
        written.error.as_ref().is_some_and(|error| error.disposition() != crate::error::Disposition::Retry);
    for (first, count, done) in waiting {
        let own = match records.get(first..first + count) {
            Some(own) if is_refused && !is_alone => write_batch(writer, own, stored).await,
            _ => written.part(first, count),
        };
        // whoever went away hears nothing; the documents are stored all the same
        done.send(own).unwrap_or_default();
    }
}

async fn write_batch(writer: &Writer, records: &[Record], stored: &Stored) -> Written {
    let started = Instant::now();
    let (written, measures) = writer.write(records, Deadline::after(WRITTEN_WITHIN)).await;
    if let Some(measures) = measures {
        writer.emit(measures, started, None);
    }
    stored(records, &written);
    written
}
