//! One part of a table, from its rows to the sink and the archive.
//!
//! Rows are read ahead while those before are written. What was done is kept from time to time, and always behind whole
//! pages: whoever goes on reads at most so much again, which changes nothing.

use super::durable::durable;
use super::head::Head;
use super::progress::{Counts, Entry, PartProgress};
use super::source::Reader;
use super::table::Page;
use crate::archive::{About, Archive, ObjectWriter};
use crate::config::ArchiveFormat;
use crate::deadline::Deadline;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::pipeline::{Flow, process};
use crate::sink::Sink;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Pages read ahead of the one that is written.
const PAGES_AHEAD: usize = 2;
/// How often it is noted how far a part has come, where nothing else decides that.
const NOTED_EVERY: Duration = Duration::from_secs(5);
/// Text of the rows of one object of an archive: so much at most is read again after an accident.
const OBJECT_BYTES: u64 = 512 * 1024 * 1024;
/// How long a part is held after the last sign of whoever works on it. Lambda tries a failed event again after a
/// minute.
const HELD: Duration = Duration::from_secs(45);
/// How often a sign is given.
const SIGN_EVERY: Duration = Duration::from_secs(15);
/// Left of the time when a part is given up, to be gone on with: enough to end an object and to note how far it is.
const MARGIN: Duration = Duration::from_secs(15);

/// Where the rows of a part go.
pub(super) struct Ways<'a, S> {
    pub(super) head: &'a Head,
    pub(super) part: usize,
    /// To the sink, through the flow.
    pub(super) sink: Option<(&'a Flow, &'a S)>,
    pub(super) archive: Option<(&'a Archive, &'a About)>,
    pub(super) deadline: Deadline,
}

/// How far a part came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// All of it is durable.
    End,
    /// The time was over.
    Deadline,
    /// Somebody else works on it.
    Held,
}

/// Whether somebody works on a part, as far as the state tells.
pub(super) fn is_held(part: &PartProgress) -> bool {
    part.held_until.is_some_and(|until| until > now())
}

/// A hold from now on.
pub(super) fn hold() -> Option<i64> {
    Some(now() + i64::try_from(HELD.as_millis()).unwrap_or_default())
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

impl<S: Sink> Ways<'_, S> {
    /// Takes the rows of `reader` to where they go, and notes in `entry` how far they are durable. `seen` is called
    /// with what became of each page.
    ///
    /// # Errors
    /// When a page cannot be made durable; what is noted stays.
    pub(super) async fn take(
        &self,
        reader: Reader,
        entry: &mut Entry<'_, PartProgress>,
        seen: &(dyn Fn(&Counts) + Sync),
    ) -> Result<Reached> {
        let mut pages = read_ahead(reader);
        let (mut object, mut noted) = (None, Instant::now());
        // what an object holds is durable with the whole object
        let mut durable = entry.now.clone();
        let (mut noted_bytes, mut signed) = (durable.counts.bytes, Instant::now());
        while let Some(page) = pages.recv().await.transpose()? {
            let counts = self.page(&page, durable.counts.rows, &mut object, entry.now.objects.len()).await?;
            seen(&counts);
            durable.counts.add(&counts);
            durable.after = page.after.filter(|_| self.can_go_on());
            let is_late = self.deadline.is_within(MARGIN);
            if durable.after.is_none() {
                // nobody can go on from here
                if is_late {
                    return Err(too_long());
                }
                continue;
            }
            let is_full = object.is_some() && durable.counts.bytes - noted_bytes >= OBJECT_BYTES;
            if is_late || is_full || (object.is_none() && noted.elapsed() >= NOTED_EVERY) {
                self.note(&mut object, &mut durable, entry).await?;
                (noted, noted_bytes) = (Instant::now(), durable.counts.bytes);
            }
            if is_late {
                return Ok(Reached::Deadline);
            }
            if signed.elapsed() >= SIGN_EVERY {
                signed = Instant::now();
                entry.now.held_until = hold();
                entry.save(self.deadline).await?;
            }
        }
        durable.is_done = true;
        self.note(&mut object, &mut durable, entry).await?;
        Ok(Reached::End)
    }

    /// Whether what is written may end behind any page: a table's one object of the format `results` may not.
    fn can_go_on(&self) -> bool {
        self.archive.is_none_or(|(archive, _)| archive.format() != ArchiveFormat::Results)
    }

    /// Ends the object that is being written, and notes how far the rows are durable.
    async fn note(
        &self,
        object: &mut Option<ObjectWriter>,
        durable: &mut PartProgress,
        entry: &mut Entry<'_, PartProgress>,
    ) -> Result<()> {
        if let Some(object) = object.take() {
            durable.objects.push(object.finish().await?);
        }
        entry.now.clone_from(durable);
        entry.now.held_until = if durable.is_done { None } else { hold() };
        entry.save(self.deadline).await
    }

    /// Takes one page; `before` rows of the part and `objects` objects of it were there before.
    async fn page(
        &self,
        page: &Page,
        before: u64,
        object: &mut Option<ObjectWriter>,
        objects: usize,
    ) -> Result<Counts> {
        let mut counts = Counts {
            rows: u64::try_from(page.rows).unwrap_or_default(),
            bytes: u64::try_from(page.lines.len() - page.rows).unwrap_or_default(),
            ..Counts::default()
        };
        if let Some((archive, about)) = self.archive {
            let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
            let object = match object {
                Some(object) => object,
                None => object.insert(archive.object(about, number(self.part), number(objects)).await?),
            };
            object.write(page.lines.as_bytes()).await?;
        }
        if let Some((flow, sink)) = self.sink {
            let records = self.head.records(page, self.part, before);
            let became = durable(process(flow, sink, &records, self.deadline).await)?;
            let number = |count: usize| u64::try_from(count).unwrap_or_default();
            counts.applied = number(became.applied);
            counts.stale = number(became.stale);
            counts.ignored = number(became.ignored.values().sum());
            counts.parked = number(became.parked);
        }
        Ok(counts)
    }
}

/// The pages of a reader, read by a task of its own; behind an error there are none.
fn read_ahead(mut reader: Reader) -> mpsc::Receiver<Result<Page>> {
    let (sender, receiver) = mpsc::channel(PAGES_AHEAD);
    tokio::spawn(async move {
        while let Some(page) = reader.page().await.transpose() {
            let is_last = page.is_err();
            if sender.send(page).await.is_err() || is_last {
                break;
            }
        }
    });
    receiver
}

/// A table that can only be read in one piece does not fit into an invocation.
fn too_long() -> Error {
    Error::new(
        ErrorKind::Config,
        Code::Deadline,
        "The time was over before all rows were read, and a query, a view, a table without a unique key and an archive \
         of the format `results` can only be read in one piece. Read it by the command `rowtide snapshot`, give the \
         table a primary key, or use another `archive.format`.",
    )
}
