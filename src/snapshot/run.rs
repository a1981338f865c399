//! The snapshot of a table: what is made sure of before the first row, its parts, and what follows the last one.

use super::beside::{DECODER, scheme};
use super::head::Head;
use super::part::{Reached, Ways};
use super::progress::{Counts, Entry, PartProgress, TableProgress, run_name, run_time};
use super::replace::{self, Replacing};
use super::source::Source;
use super::table::{Described, Range};
use super::tables::{Chosen, chosen, configured};
use crate::archive::{About, Archive};
use crate::catalogue::Identity;
use crate::config::{Config, Destination};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::event::Timestamp;
use crate::pipeline::{Flow, known_target};
use crate::policy::Policy;
use crate::route::Routes;
use crate::sink::{Database, KnownTarget, Sink};
use crate::source::SourceTable;
use crate::version::{Rank, Version};
use futures_util::future::try_join_all;

/// A job that reads tables: where from, and where to.
pub struct Snapshot<'a, S> {
    config: &'a Config,
    source: Source,
    /// Where rows are written, and the database behind it, which keeps the books.
    sink: Option<(&'a S, &'a Database)>,
    archive: Option<Archive>,
}

/// How a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Anew, at this time: it orders the rows of this run among those of others.
    Anew(Timestamp),
    /// Where the last run ended before its time, if it did; else as anew.
    Resumed(Timestamp),
}

/// A snapshot of a table that came to its end.
#[derive(Debug, Clone)]
pub struct Done {
    /// The table, as its stream names it.
    pub table: String,
    /// The run's name.
    pub run: String,
    /// What became of the rows.
    pub counts: Counts,
    /// Where the archive of it lies.
    pub archived: Option<String>,
    /// Whether it went on with what an earlier process began.
    pub was_resumed: bool,
}

/// One table on its way.
struct TableRun<'a, S> {
    job: &'a Snapshot<'a, S>,
    described: Described,
    flow: Option<Flow>,
    head: Head,
    about: About,
    /// The version of its rows.
    version: String,
}

impl<'a, S: Sink> Snapshot<'a, S> {
    /// The job that `config` describes. `sink` is what rows are written to and the database that keeps the books; it is
    /// needed when `snapshot.to` names the sink, and without it nothing can be gone on with. No connection is opened
    /// yet.
    ///
    /// # Errors
    /// When a setting of `snapshot` or `archive` cannot be used.
    pub async fn new(config: &'a Config, sink: Option<(&'a S, &'a Database)>) -> Result<Self> {
        let to = |place| config.snapshot.to.contains(&place);
        if to(Destination::Sink) && sink.is_none() {
            return Err(Error::config("snapshot.to names the sink, but there is none."));
        }
        let archive = if to(Destination::Archive) { Some(Archive::open(config).await?) } else { None };
        let parts = config.snapshot.tables.iter().map(|table| table.split).max().unwrap_or(1);
        let connections = usize::try_from(parts).unwrap_or(usize::MAX).saturating_add(1);
        Ok(Self { config, source: Source::new(config, connections)?, sink, archive })
    }

    /// The tables that are meant: those `asked` for, by name or pattern, else those of the configuration.
    ///
    /// # Errors
    /// When the source cannot be asked, or has no such table.
    pub async fn tables(&self, asked: &[String], deadline: Deadline) -> Result<Vec<Chosen>> {
        chosen(&configured(self.config)?, asked, &self.source.names(deadline).await?)
    }

    /// Reads a table. `seen` is called with what became of each page of rows.
    ///
    /// # Errors
    /// When the table cannot be read, or a row cannot be made durable for a reason that is not the row's own. What was
    /// done is noted, for [`Start::Resumed`].
    pub async fn read(&self, chosen: &Chosen, start: Start, seen: &(dyn Fn(&Counts) + Sync)) -> Result<Done> {
        let (run, mut entry, was_resumed) = self.begin(chosen, start).await?;
        let progress = entry.now.clone();
        let part = |number: usize| {
            let (run, key) = (&run, format!("{} {} {number}", run.described.name, progress.run));
            let range = progress.parts.get(number).cloned().unwrap_or_default();
            async move { run.part(number, &range, key, seen).await }
        };
        let parts = try_join_all((0..progress.parts.len()).map(part)).await?;
        let mut counts = Counts::default();
        parts.iter().for_each(|part| counts.add(&part.counts));
        let archived = run.finish_archive(&parts).await?;
        if self.config.snapshot.replace && progress.to_sink {
            counts.removed = run.replace().await?;
        }
        entry.now.is_done = true;
        entry.save(Deadline::never()).await?;
        Ok(Done { table: run.described.name.clone(), run: progress.run, counts, archived, was_resumed })
    }

    /// What is made sure of before the first row is read.
    async fn begin(
        &self,
        chosen: &Chosen,
        start: Start,
    ) -> Result<(TableRun<'_, S>, Entry<'_, TableProgress>, bool)> {
        let never = Deadline::never();
        let books = self.sink.map(|(_, books)| books);
        let known = match books {
            Some(books) => books.targets().await?,
            None => Vec::new(),
        };
        let name = &chosen.table.name;
        // which source it is, is known when it was described; its style, when the target is known
        let routes = Routes::new(Policy::from(self.config));
        let by_name = known_target(&routes, SourceTable::named(name), &known);
        let scheme = scheme(self.config, self.source.schemes(), by_name)?;
        let mut table = chosen.table.clone();
        table.chunk = table.chunk.or(Some(self.config.snapshot.chunk));
        let described = Box::pin(self.source.describe(chosen.place.as_ref(), &table, scheme, never)).await?;
        let (Start::Anew(at) | Start::Resumed(at)) = start;
        let fresh = TableProgress {
            run: run_name(at),
            scheme,
            to_sink: self.config.snapshot.to.contains(&Destination::Sink),
            to_archive: self.archive.is_some(),
            parts: vec![Range::default()],
            is_done: false,
        };
        let mut entry = Entry::load(books, name.clone(), fresh.clone()).await?;
        let is_unfinished = entry.is_kept() && !entry.now.is_done;
        let was_resumed = is_unfinished && matches!(start, Start::Resumed(_));
        if was_resumed {
            self.check_resumed(name, &fresh, &entry.now)?;
        } else {
            if is_unfinished {
                tracing::warn!(table = name, "An unfinished snapshot is given up for this one.");
            }
            entry.now = fresh;
            entry.now.parts = Box::pin(self.source.split(&described, chosen.table.split, never)).await?;
            entry.save(never).await?;
        }
        let at = run_time(&entry.now.run).unwrap_or(at);
        let head = Head::new(&described, entry.now.scheme, at, &entry.now.run);
        let about = about(&described, &entry.now.run, &head);
        let epoch = self.epoch(by_name);
        let flow = if entry.now.to_sink { Some(self.flow(&described, epoch)?) } else { None };
        let count = u64::try_from(at.0).unwrap_or_default();
        let version = Version::new(entry.now.scheme, epoch, Rank::Loaded).number(count).to_string();
        Ok((TableRun { job: self, described, flow, head, about, version }, entry, was_resumed))
    }

    fn check_resumed(&self, name: &str, fresh: &TableProgress, kept: &TableProgress) -> Result<()> {
        let is_same =
            (fresh.scheme, fresh.to_sink, fresh.to_archive) == (kept.scheme, kept.to_sink, kept.to_archive);
        if is_same {
            return Ok(());
        }
        Err(Error::config(format!(
            "The unfinished snapshot of {name} went elsewhere, or beside another stream: snapshot.to and \
             snapshot.beside must be what they were, or begin a new one without --resume."
        )))
    }

    /// The epoch of the rows: of a lower one than that of the stream they would all be stale.
    fn epoch(&self, target: Option<&KnownTarget>) -> u16 {
        let known = target.and_then(|target| u16::try_from(target.epoch).ok()).unwrap_or_default();
        self.config.source.epoch.max(known)
    }

    /// The flow of a table's rows; refused when they could not be told apart.
    fn flow(&self, table: &Described, epoch: u16) -> Result<Flow> {
        let mut config = self.config.clone();
        DECODER.clone_into(&mut config.source.decoder);
        config.source.epoch = epoch;
        let flow = Flow::new(&config)?;
        let of = SourceTable::new(&table.name, &table.source);
        let Some(target) = flow.routes().target(of)? else {
            return Err(Error::config(format!(
                "No route takes {}: its rows would go nowhere. Give it one, or leave it out of the snapshot.",
                table.name
            )));
        };
        let identity = flow.catalogue().identity(of, Some(table.key.clone()))?;
        let why_not = match (target.is_merged(), identity) {
            (true, _) => Some("its target has rows of other sources"),
            (false, Identity::Position) => Some("they have no key"),
            (false, Identity::Columns(_) | Identity::Row) => None,
        };
        match why_not.filter(|_| config.snapshot.replace) {
            Some(why) => Err(Error::config(format!(
                "snapshot.replace cannot tell which rows of {} are gone: {why}. Set it to false.",
                table.name
            ))),
            None => Ok(flow),
        }
    }
}

/// What an archive says of the rows.
fn about(table: &Described, run: &str, head: &Head) -> About {
    let (schema, name) = table.name.split_once('.').unwrap_or(("", &table.name));
    About {
        schema: schema.to_owned(),
        table: name.to_owned(),
        run: run.to_owned(),
        head: head.alone.clone(),
        wrap: Some("row".to_owned()),
        columns: table.columns.clone(),
    }
}

impl<S: Sink> TableRun<'_, S> {
    async fn part(
        &self,
        number: usize,
        range: &Range,
        key: String,
        seen: &(dyn Fn(&Counts) + Sync),
    ) -> Result<PartProgress> {
        let books = self.job.sink.map(|(_, books)| books);
        let mut entry = Entry::load(books, key, PartProgress::default()).await?;
        if entry.now.is_done {
            return Ok(entry.now);
        }
        let after = entry.now.after.clone();
        let reader = self.job.source.open(&self.described, range, after.as_deref()).await?;
        let ways = Ways {
            head: &self.head,
            part: number,
            sink: self.flow.as_ref().zip(self.job.sink.map(|(sink, _)| sink)),
            archive: self.job.archive.as_ref().map(|archive| (archive, &self.about)),
            deadline: Deadline::never(),
        };
        match Box::pin(ways.take(reader, &mut entry, seen)).await? {
            Reached::End | Reached::Deadline => Ok(entry.now),
        }
    }

    /// Says in the archive that the run is whole; where it lies, when it has rows.
    async fn finish_archive(&self, parts: &[PartProgress]) -> Result<Option<String>> {
        let Some(archive) = &self.job.archive else { return Ok(None) };
        let objects: Vec<_> = parts.iter().flat_map(|part| part.objects.iter().cloned()).collect();
        archive.finish(&self.about, &objects).await?;
        let has_rows = objects.iter().any(|object| object.rows > 0);
        Ok(has_rows.then(|| archive.location(&self.about)))
    }

    /// Removes what earlier loads brought and this run did not see.
    async fn replace(&self) -> Result<u64> {
        let (Some(flow), Some((sink, books))) = (&self.flow, self.job.sink) else { return Ok(0) };
        replace::remove(&Replacing {
            flow,
            sink,
            books,
            head: &self.head,
            table: &self.described,
            version: self.version.clone(),
        })
        .await
    }
}
