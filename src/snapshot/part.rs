//! One part of a table, from its rows to the sink and the archive.
//!
//! Rows are read ahead while those before are written. What was done is kept from time to time, and always behind whole
//! pages: whoever goes on reads at most so much again, which changes nothing.

use super::durable::durable;
use super::head::Head;
use super::progress::{Counts, Entry, PartProgress};
use super::source::Reader;
use super::table::{Page, broke_off};
use crate::archive::{About, Archive, ObjectName, ObjectWriter};
use crate::config::ArchiveFormat;
use crate::deadline::Deadline;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::pipeline::{Flow, process};
use crate::sink::Sink;
use std::pin::pin;
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

/// A part that is being worked on: whoever does gives a sign of it again and again.
pub(super) struct Held<'e, 'b> {
    entry: &'e mut Entry<'b, PartProgress>,
    deadline: Deadline,
    signed: tokio::time::Instant,
    /// Tells those who work on a part one after the other apart.
    claim: u32,
    /// Rows that others had read of it.
    begun_at: u64,
}

impl<'e, 'b> Held<'e, 'b> {
    /// Takes a part.
    ///
    /// # Errors
    /// When somebody else took it in between, or the state cannot be written.
    pub(super) async fn new(entry: &'e mut Entry<'b, PartProgress>, deadline: Deadline) -> Result<Self> {
        let signed = tokio::time::Instant::now();
        let begun_at = entry.now.counts.rows;
        let mut held = Self { entry, deadline, signed, claim: 0, begun_at };
        held.sign().await?;
        held.claim = held.entry.token();
        Ok(held)
    }

    /// Gives a sign.
    async fn sign(&mut self) -> Result<()> {
        self.save(hold()).await
    }

    async fn save(&mut self, until: Option<i64>) -> Result<()> {
        self.entry.now.held_until = until;
        self.entry.save(self.deadline).await?;
        self.signed = tokio::time::Instant::now();
        Ok(())
    }

    /// Waits for `work`, and gives signs in the meantime.
    async fn during<T>(&mut self, work: impl Future<Output = T>) -> Result<T> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = tokio::time::sleep_until(self.signed + SIGN_EVERY) => self.sign().await?,
            }
        }
    }

    /// Lets the part go, as far as it is: whoever goes on need not wait.
    pub(super) async fn let_go(&mut self) {
        // what went wrong before is worth more than this; without it the hold ends by itself
        self.save(None).await.unwrap_or_default();
    }
}

impl<S: Sink> Ways<'_, S> {
    /// Takes the rows of `reader` to where they go, and notes in the entry how far they are durable. `seen` is called
    /// with what became of each page.
    ///
    /// # Errors
    /// When a page cannot be made durable; what is noted stays.
    pub(super) async fn take(
        &self,
        reader: Reader,
        held: &mut Held<'_, '_>,
        seen: &(dyn Fn(&Counts) + Sync),
    ) -> Result<Reached> {
        let mut object = None;
        let reached = Box::pin(self.write(reader, &mut object, held, seen)).await;
        if let Some(object) = object {
            object.abort().await;
        }
        reached
    }

    async fn write(
        &self,
        reader: Reader,
        object: &mut Option<ObjectWriter>,
        held: &mut Held<'_, '_>,
        seen: &(dyn Fn(&Counts) + Sync),
    ) -> Result<Reached> {
        let (mut pages, mut noted) = (read_ahead(reader), Instant::now());
        // who has little time from the start waits for a first page all the same
        let margin = self.deadline.remaining().map_or(MARGIN, |left| MARGIN.min(left / 3));
        // what an object holds is durable with the whole object
        let mut durable = held.entry.now.clone();
        let mut noted_bytes = durable.counts.bytes;
        loop {
            let page = match self.deadline.bound(margin, held.during(pages.recv())).await {
                Some(page) => page?.ok_or_else(broke_off)??,
                None => return self.out_of_time(object, durable, held).await,
            };
            let Some(page) = page else { break };
            let name = self.object_name(durable.objects.len(), held.claim);
            let counts = held.during(self.page(&page, durable.counts.rows, object, name)).await??;
            seen(&counts);
            durable.counts.add(&counts);
            durable.after = page.after.filter(|_| self.can_go_on());
            if self.deadline.is_within(MARGIN) {
                return self.out_of_time(object, durable, held).await;
            }
            let is_full = object.is_some() && durable.counts.bytes - noted_bytes >= OBJECT_BYTES;
            let is_time = object.is_none() && noted.elapsed() >= NOTED_EVERY;
            // what has no place to go on from is durable as a whole only
            if durable.after.is_some() && (is_full || is_time) {
                self.note(object, &mut durable, held, hold()).await?;
                (noted, noted_bytes) = (Instant::now(), durable.counts.bytes);
            }
        }
        durable.is_done = true;
        self.note(object, &mut durable, held, None).await?;
        Ok(Reached::End)
    }

    /// Whether what is written may end behind any page: a table's one object of the format `results` may not.
    fn can_go_on(&self) -> bool {
        self.archive.is_none_or(|(archive, _)| archive.format() != ArchiveFormat::Results)
    }

    /// Gives the part up, to be gone on with by another invocation: that one must not find it held.
    async fn out_of_time(
        &self,
        object: &mut Option<ObjectWriter>,
        mut durable: PartProgress,
        held: &mut Held<'_, '_>,
    ) -> Result<Reached> {
        if durable.counts.rows == held.begun_at {
            return Err(too_long());
        }
        if durable.after.is_some() {
            self.note(object, &mut durable, held, None).await?;
        } else if held.entry.now.counts.rows > held.begun_at {
            // what was read since then has no end that one could go on behind
            held.save(None).await?;
        } else {
            return Err(too_long());
        }
        Ok(Reached::Deadline)
    }

    /// Ends the object that is being written, and notes how far the rows are durable.
    async fn note(
        &self,
        object: &mut Option<ObjectWriter>,
        durable: &mut PartProgress,
        held: &mut Held<'_, '_>,
        until: Option<i64>,
    ) -> Result<()> {
        if let Some(object) = object.take() {
            // nobody else may have taken the part over: the object may be one that has a name for ever
            held.sign().await?;
            durable.objects.push(held.during(object.finish()).await??);
        }
        held.entry.now.clone_from(durable);
        held.save(until).await
    }

    /// The name of the object behind `objects` others.
    fn object_name(&self, objects: usize, claim: u32) -> ObjectName {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        ObjectName { part: number(self.part), number: number(objects), claim }
    }

    /// Takes one page; `before` rows of the part were there before. An object that is begun gets the name.
    async fn page(
        &self,
        page: &Page,
        before: u64,
        object: &mut Option<ObjectWriter>,
        name: ObjectName,
    ) -> Result<Counts> {
        let mut counts = Counts {
            rows: u64::try_from(page.rows).unwrap_or_default(),
            bytes: u64::try_from(page.lines.len() - page.rows).unwrap_or_default(),
            ..Counts::default()
        };
        if let Some((archive, about)) = self.archive {
            let object = match object {
                Some(object) => object,
                None => object.insert(archive.object(about, name).await?),
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

/// The pages of a reader, read by a task of its own; behind the last page it says so.
fn read_ahead(mut reader: Reader) -> mpsc::Receiver<Result<Option<Page>>> {
    let (sender, receiver) = mpsc::channel(PAGES_AHEAD);
    tokio::spawn(async move {
        loop {
            let page = reader.page().await;
            let is_last = !matches!(page, Ok(Some(_)));
            if sender.send(page).await.is_err() || is_last {
                break;
            }
        }
    });
    receiver
}

/// Another invocation would come no further than this one.
fn too_long() -> Error {
    Error::new(
        ErrorKind::Config,
        Code::Deadline,
        "The time was over before all rows were read, or before the first of them came. A query, a view, a table \
         without a unique key and an archive of the format `results` can only be read in one piece. Read it by the \
         command `rowtide snapshot`, give the table a primary key, ask for fewer rows at a time (`chunk`), or use \
         another `archive.format`.",
    )
}

#[cfg(test)]
mod tests {
    use super::{Held, SIGN_EVERY, is_held};
    use crate::deadline::Deadline;
    use crate::snapshot::progress::{Books, Entry, PartProgress};
    use std::time::Duration;

    #[tokio::test]
    async fn whoever_waits_long_goes_on_giving_signs() {
        let books = Books::new(None);
        let load = || Entry::load(&books, "t r 0".to_owned(), PartProgress::default());
        let mut entry = load().await.unwrap();
        let mut held = Held::new(&mut entry, Deadline::never()).await.unwrap();
        held.entry.now.held_until = None;
        held.signed = tokio::time::Instant::now() - SIGN_EVERY;
        held.during(tokio::time::sleep(Duration::from_millis(50))).await.unwrap();
        assert!(held.signed.elapsed() < SIGN_EVERY);
        assert!(is_held(&load().await.unwrap().now));
        held.let_go().await;
        assert!(!is_held(&load().await.unwrap().now));
    }
}
