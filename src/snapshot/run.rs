//! The snapshot of a table: what is made sure of before the first row, its parts, and what follows the last one.

use super::beside::scheme;
use super::head::{Head, tick};
use super::part::{Held, Reached, Ways, is_held};
use super::progress::{
    BegunWith, Books, COMMAND, CommandProgress, Counts, Entry, PartProgress, TableProgress, run_name,
    run_time,
};
use super::replace::{self, Replacing};
use super::source::{Plan, Source};
use super::table::{Described, Form, Range};
use super::tables::{Chosen, chosen, configured};
use crate::archive::{About, Archive};
use crate::catalogue::Identity;
use crate::config::{Config, Destination, SnapshotTable};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::event::Timestamp;
use crate::pipeline::{Flow, known_target};
use crate::policy::Policy;
use crate::route::Routes;
use crate::sink::{Database, KnownTarget, Sink};
use crate::source::SourceTable;
use crate::version::{Rank, Version};
use futures_util::future::ready;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use std::collections::HashMap;

/// A job that reads tables: where from, and where to.
pub struct Snapshot<'a, S> {
    config: &'a Config,
    source: Source,
    /// Where rows are written, and the database behind it, which keeps the books.
    sink: Option<(&'a S, &'a Database)>,
    books: Books<'a>,
    archive: Option<Archive>,
    /// Parts of a table that are read at a time.
    side_by_side: usize,
}

/// How a run begins. The time orders its rows among those of other runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Anew, at this time.
    Anew(Timestamp),
    /// Where the last run ended before its time, if it did; as it is, if it is the run of this time and is done; else
    /// anew.
    Resumed(Timestamp),
    /// As the run of this time, which somebody may have begun already; not when a later one was.
    Joined(Timestamp),
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

/// The run of one table.
pub struct Run<'a, S> {
    job: &'a Snapshot<'a, S>,
    described: Described,
    plan: Plan,
    flow: Option<Flow>,
    head: Head,
    about: About,
    /// The version of its rows.
    version: String,
    entry: Entry<'a, TableProgress>,
    was_resumed: bool,
    /// Whether no stream writes to the same target.
    is_alone: bool,
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
        Ok(Self { archive, ..Self::of_rows(config, sink).await? })
    }

    /// The same for a job that [compares](Self::verify), and writes nothing.
    ///
    /// # Errors
    /// When a setting of `snapshot` cannot be used.
    pub async fn comparing(config: &'a Config, sink: (&'a S, &'a Database)) -> Result<Self> {
        Self::of_rows(config, Some(sink)).await
    }

    async fn of_rows(config: &'a Config, sink: Option<(&'a S, &'a Database)>) -> Result<Self> {
        let parts = config.snapshot.tables.iter().map(|table| table.split).max().unwrap_or(1);
        let side_by_side = usize::try_from(parts).unwrap_or(usize::MAX);
        let connections = side_by_side.saturating_add(1);
        let books = Books::new(sink.map(|(_, database)| database));
        Ok(Self {
            config,
            source: Source::new(config, connections).await?,
            sink,
            books,
            archive: None,
            side_by_side,
        })
    }

    /// The tables that are meant: those `asked` for, by name or pattern, else those of the configuration.
    ///
    /// # Errors
    /// When the source cannot be asked, or has no such table, or two of them would have the same place in the archive.
    pub async fn tables(&self, asked: &[String], deadline: Deadline) -> Result<Vec<Chosen>> {
        let tables = chosen(&configured(self.config)?, asked, &self.source.names(deadline).await?)?;
        if let Some(archive) = &self.archive {
            let mut places: HashMap<String, &str> = HashMap::new();
            for Chosen { table, place } in &tables {
                let (schema, name) = match place {
                    Some(place) => (place.schema.as_str(), place.table.as_str()),
                    None => in_schema(&table.name),
                };
                if let Some(other) = places.insert(archive.place_of(schema, name), &table.name) {
                    return Err(Error::config(format!(
                        "{other} and {} would have the same place in the archive: the format `results` knows no \
                         schemas. Choose another `archive.format`, or read them one at a time into locations of their own.",
                        table.name
                    )));
                }
            }
        }
        Ok(tables)
    }

    /// Begins to read tables one after the other: when, for [`Start`]. With `resumes` it is when the last such command
    /// began, if that one did not come to its end: tables that it had read whole are not read again.
    ///
    /// # Errors
    /// When the state cannot be read or written.
    pub async fn begin_all(&self, resumes: bool, now: Timestamp) -> Result<Timestamp> {
        let fresh = CommandProgress { run: run_name(now), is_done: false };
        let mut entry = Entry::load(&self.books, COMMAND.to_owned(), fresh.clone()).await?;
        if resumes && !entry.now.is_done {
            return Ok(run_time(&entry.now.run).unwrap_or(now));
        }
        entry.now = fresh;
        entry.save(Deadline::never()).await?;
        Ok(now)
    }

    /// Notes that all tables were read.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn end_all(&self) -> Result<()> {
        let fresh = CommandProgress { run: String::new(), is_done: true };
        let mut entry = Entry::load(&self.books, COMMAND.to_owned(), fresh).await?;
        entry.now.is_done = true;
        entry.save(Deadline::never()).await
    }

    /// Reads a table, all parts side by side. `seen` is called with what became of each page of rows.
    ///
    /// # Errors
    /// When the table cannot be read, or a row cannot be made durable for a reason that is not the row's own. What was
    /// done is noted, for [`Start::Resumed`].
    pub async fn read(&self, chosen: &Chosen, start: Start, seen: &(dyn Fn(&Counts) + Sync)) -> Result<Done> {
        let begun = Box::pin(self.begin(chosen, start)).await?;
        let mut run = begun.ok_or_else(|| superseded(&chosen.table.name))?;
        let parts = (0..run.parts()).map(|part| Box::pin(run.part(part, false, Deadline::never(), seen)));
        // a run that is gone on with may have more parts than there are connections
        stream::iter(parts).buffer_unordered(self.side_by_side).try_for_each(|_| ready(Ok(()))).await?;
        let done = Box::pin(run.finish()).await?;
        done.ok_or_else(|| superseded(&chosen.table.name))
    }

    /// Makes sure of what a run needs before its first row is read, and notes that it has begun; `None` when a later
    /// run was begun in the meantime.
    ///
    /// # Errors
    /// When the table cannot be read, or its rows could not be told apart.
    pub async fn begin(&self, chosen: &Chosen, start: Start) -> Result<Option<Run<'_, S>>> {
        let never = Deadline::never();
        let known = match self.sink {
            Some((_, database)) => database.targets().await?,
            None => Vec::new(),
        };
        let name = &chosen.table.name;
        let target = self.target(name, &known);
        let scheme = scheme(self.config, self.source.schemes(), self.source.alone(), target)?;
        let (Start::Anew(at) | Start::Resumed(at) | Start::Joined(at)) = start;
        let epoch = self.epoch(target);
        let (described, plan) = Box::pin(self.describe(chosen, scheme)).await?;
        let fresh = TableProgress {
            run: run_name(at),
            begun_with: self.begun_with(chosen, (scheme, epoch), (&described, &plan)),
            parts: vec![Range::default()],
            is_done: false,
        };
        let mut entry = Entry::load(&self.books, name.clone(), fresh.clone()).await?;
        let goes_on = match start {
            Start::Joined(_) if entry.is_kept() && entry.now.run > fresh.run => return Ok(None),
            Start::Joined(_) => entry.is_kept() && entry.now.run == fresh.run,
            Start::Resumed(_) => entry.is_kept() && (!entry.now.is_done || entry.now.run == fresh.run),
            Start::Anew(_) => false,
        };
        let to_sink = self.config.snapshot.to.contains(&Destination::Sink);
        let flow = if to_sink { Some(self.flow(&described, scheme, epoch)?) } else { None };
        if let Some(flow) = flow.as_ref().filter(|_| self.config.snapshot.replace) {
            can_replace(flow, chosen, &described)?;
        }
        if goes_on {
            let others = entry.now.begun_with.other_than(&fresh.begun_with);
            if !others.is_empty() {
                return Err(begun_otherwise(name, &others));
            }
        } else {
            if entry.is_kept() && !entry.now.is_done {
                tracing::warn!(table = name, "An unfinished snapshot of the table is given up for this one.");
            }
            if entry.is_kept() && entry.now.run > fresh.run {
                tracing::warn!(
                    table = name,
                    later = entry.now.run,
                    "The last snapshot of the table began at a later time by its clock: its rows beat those of this one."
                );
            }
            let former = std::mem::replace(&mut entry.now, fresh).run;
            entry.now.parts =
                Box::pin(self.source.split((&described, &plan), chosen.table.split, never)).await?;
            entry.save(never).await?;
            // what is kept of the parts of a run is of no use any more
            self.books.forget(name, &former).await?;
        }
        let at = run_time(&entry.now.run).unwrap_or(at);
        let head = Head::new(&described, scheme, at, &entry.now.run);
        let about = about(&described, &entry.now.run, &head);
        let count = u64::try_from(at.0 / tick(scheme)).unwrap_or_default();
        let version = Version::new(scheme, epoch, Rank::Loaded).number(count).to_string();
        let (was_resumed, is_alone) = (goes_on, scheme == self.source.alone());
        Ok(Some(Run { job: self, described, plan, flow, head, about, version, entry, was_resumed, is_alone }))
    }

    /// What a table that is verified is made of, its flow, and the target that it is compared with.
    pub(super) async fn verified<'k>(
        &self,
        chosen: &Chosen,
        known: &'k [KnownTarget],
    ) -> Result<((Described, Plan), Flow, &'k KnownTarget)> {
        let name = &chosen.table.name;
        let Some(target) = self.target(name, known) else {
            return Err(Error::config(format!(
                "Nothing was ever written for {name}: there is no target of it."
            )));
        };
        let scheme = target.scheme.chars().next().unwrap_or_else(|| self.source.alone());
        let (described, plan) = self.describe(chosen, scheme).await?;
        let flow = self.flow(&described, scheme, self.epoch(Some(target)))?;
        Ok(((described, plan), flow, target))
    }

    /// The target of a table among those that are `known`. Which source it is, is known only when it was described, and
    /// how it is described depends on the target.
    fn target<'k>(&self, table: &str, known: &'k [KnownTarget]) -> Option<&'k KnownTarget> {
        known_target(&Routes::new(Policy::from(self.config)), SourceTable::named(table), known)
    }

    /// What a table is made of, and how it is read beside the stream of `scheme`.
    async fn describe(&self, chosen: &Chosen, scheme: char) -> Result<(Described, Plan)> {
        let mut table = chosen.table.clone();
        table.chunk = table.chunk.or(Some(self.config.snapshot.chunk));
        self.source.describe(chosen.place.as_ref(), &table, scheme, Deadline::never()).await
    }

    /// What rows are written to, and the database behind it.
    pub(super) fn sink(&self) -> Option<(&S, &Database)> {
        self.sink
    }

    /// What is read.
    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// What decides which rows a run reads, and where they go.
    fn begun_with(
        &self,
        chosen: &Chosen,
        (scheme, epoch): (char, u16),
        (described, plan): (&Described, &Plan),
    ) -> BegunWith {
        let SnapshotTable { query, filter, .. } = &chosen.table;
        let key = [described.key.join("\n"), plan.order().join("\n")];
        let of = SourceTable::new(&described.name, &described.source);
        let route = Routes::new(Policy::from(self.config)).said_of(of);
        let mut said = vec![
            ("route", format!("{} {route}", self.config.sink.schema)),
            ("snapshot.to", format!("{:?}", self.config.snapshot.to)),
            ("snapshot.beside", scheme.to_string()),
            ("source.epoch", epoch.to_string()),
            ("snapshot.url", described.source.as_str().to_owned()),
            ("query", query.clone().unwrap_or_default()),
            ("where", filter.clone().unwrap_or_default()),
            ("key", key.join("\n\n")),
        ];
        if let Some(archive) = &self.archive {
            said.push(("archive.url", archive.place_of("{schema}", "{table}")));
            said.push(("archive.format", archive.format().name()));
        }
        BegunWith::new(said)
    }

    /// The epoch of the rows: of a lower one than that of the stream they would all be stale.
    fn epoch(&self, target: Option<&KnownTarget>) -> u16 {
        let known = target.and_then(|target| u16::try_from(target.epoch).ok()).unwrap_or_default();
        self.config.source.epoch.max(known)
    }

    /// The flow of a table's rows; refused when they could not be told apart when they are read again.
    fn flow(&self, table: &Described, scheme: char, epoch: u16) -> Result<Flow> {
        let mut config = self.config.clone();
        config.source.epoch = epoch;
        let flow = table.form.flow(&mut config, table, scheme)?;
        let of = SourceTable::new(&table.name, &table.source);
        if flow.routes().target(of)?.is_none() {
            return Err(Error::config(format!(
                "No route takes {}: its rows would go nowhere. Give it one, or leave it out of the snapshot.",
                table.name
            )));
        }
        match flow.catalogue().identity(of, Some(table.key.clone()))? {
            Identity::Columns(_) | Identity::Row => Ok(flow),
            Identity::Position => Err(Error::config(format!(
                "{} has no key, and its route says keyless = \"position\". A table has no positions: every row would \
                 be another one as often as it is read. Name its key by `key` in [[snapshot.table]], or say keyless = \
                 \"row\" in a route of its own.",
                table.name
            ))),
        }
    }
}

/// Whether what this run does not see is gone.
///
/// # Errors
/// When it may be elsewhere.
fn can_replace(flow: &Flow, chosen: &Chosen, table: &Described) -> Result<()> {
    let target = flow.routes().target(SourceTable::new(&table.name, &table.source))?;
    let why_not = match target {
        Some(target) if target.is_merged() => "its target has rows of other sources",
        _ if chosen.table.filter.is_some() => "its `where` leaves rows out that are still there",
        _ => return Ok(()),
    };
    Err(Error::config(format!(
        "snapshot.replace cannot tell which rows of {} are gone: {why_not}. Set it to false.",
        table.name
    )))
}

/// What a run was begun with is not what there is now.
fn begun_otherwise(table: &str, settings: &[&str]) -> Error {
    Error::config(format!(
        "The unfinished snapshot of {table} cannot be gone on with, because what it was begun with has changed: {}. \
         Begin a new one, without --resume.",
        settings.join(", ")
    ))
}

/// The schema of a table and its name.
fn in_schema(table: &str) -> (&str, &str) {
    table.split_once('.').unwrap_or(("", table))
}

/// What an archive says of the rows.
fn about(table: &Described, run: &str, head: &Head) -> About {
    let (schema, name) = match &table.form {
        Form::Rows => in_schema(&table.name),
        #[cfg(feature = "dynamodb")]
        Form::Items { .. } => ("", table.name.as_str()),
    };
    About {
        schema: schema.to_owned(),
        table: name.to_owned(),
        run: run.to_owned(),
        head: head.alone.clone(),
        wrap: head.wrap.map(str::to_owned),
        columns: table.columns.clone(),
    }
}

/// A later run has begun.
fn superseded(table: &str) -> Error {
    Error::config(format!("A later snapshot of {table} has begun: this one ends."))
}

impl<S: Sink> Run<'_, S> {
    /// The run's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.entry.now.run
    }

    /// How many parts the table has.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.entry.now.parts.len()
    }

    /// Whether everything was done already.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.entry.now.is_done
    }

    async fn part_entry(&self, number: usize) -> Result<Entry<'_, PartProgress>> {
        let key = format!("{} {} {number}", self.described.name, self.name());
        Entry::load(&self.job.books, key, PartProgress::default()).await
    }

    /// Reads a part, until shortly before the deadline. With `yields` it is left to whoever works on it already.
    ///
    /// # Errors
    /// As [`Snapshot::read`].
    pub async fn part(
        &self,
        number: usize,
        yields: bool,
        deadline: Deadline,
        seen: &(dyn Fn(&Counts) + Sync),
    ) -> Result<Reached> {
        let Some(range) = self.entry.now.parts.get(number) else { return Ok(Reached::End) };
        let mut entry = self.part_entry(number).await?;
        if entry.now.is_done {
            return Ok(Reached::End);
        }
        if yields && is_held(&entry.now) {
            return Ok(Reached::Held);
        }
        let after = entry.now.after.clone();
        let mut held = Held::new(&mut entry, deadline).await?;
        let reader = self.job.source.open((&self.described, &self.plan), range, after.as_deref()).await?;
        let ways = Ways {
            head: &self.head,
            part: number,
            sink: self.flow.as_ref().zip(self.job.sink.map(|(sink, _)| sink)),
            archive: self.job.archive.as_ref().map(|archive| (archive, &self.about)),
            deadline,
        };
        let reached = Box::pin(ways.take(reader, &mut held, seen)).await;
        if reached.is_err() {
            held.let_go().await;
        }
        reached
    }

    /// Ends the run when all of its parts are done: says so in the archive, removes rows that are gone, notes the end.
    /// `None` when a part is not done.
    ///
    /// # Errors
    /// When one of these cannot be done: the same may be tried again.
    pub async fn finish(&mut self) -> Result<Option<Done>> {
        let (mut counts, mut objects) = (Counts::default(), Vec::new());
        for number in 0..self.parts() {
            let part = self.part_entry(number).await?.now;
            if !part.is_done {
                return Ok(None);
            }
            counts.add(&part.counts);
            objects.extend(part.objects);
        }
        let was_done = self.is_done();
        if counts.stale > 0 && self.is_alone && !self.was_resumed {
            tracing::warn!(
                table = self.described.name,
                rows = counts.stale,
                "Rows were stale: another row of this run has the same key, or a later run has written them. Is the key unique?"
            );
        }
        let archived = match &self.job.archive {
            Some(archive) => {
                if !was_done {
                    archive.finish(&self.about, &objects).await?;
                }
                let has_rows = objects.iter().any(|object| object.rows > 0);
                has_rows.then(|| archive.location(&self.about))
            }
            None => None,
        };
        if let (true, Some(flow), Some((sink, books))) =
            (self.job.config.snapshot.replace && !was_done, &self.flow, self.job.sink)
        {
            let (head, table, version) = (&self.head, &self.described, self.version.clone());
            counts.removed = replace::remove(&Replacing { flow, sink, books, head, table, version }).await?;
        }
        if !was_done {
            self.end().await?;
        }
        Ok(Some(Done {
            table: self.described.name.clone(),
            run: self.name().to_owned(),
            counts,
            archived,
            was_resumed: self.was_resumed,
        }))
    }

    /// Notes the end. Of two that end the same run, one is the first.
    async fn end(&mut self) -> Result<()> {
        self.entry.now.is_done = true;
        let Err(error) = self.entry.save(Deadline::never()).await else { return Ok(()) };
        let key = self.described.name.clone();
        let entry = Entry::load(&self.job.books, key, self.entry.now.clone()).await?;
        if entry.now == self.entry.now { Ok(()) } else { Err(error) }
    }
}
