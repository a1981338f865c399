//! The changes of a chunk on their way to where their routes archive them, before the sink has them: so the lake never
//! lacks what a table has. What cannot be archived is not written either, and its records come again.

use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::event::{Change, Key, Timestamp};
use crate::formats::archive::{FORM, MARK};
use crate::json::write_string;
use crate::record::Record;
use crate::route::{RoutedChange, Target};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

#[cfg(feature = "archive")]
use crate::archive::{Changes, Lake as Objects};

/// Objects that are written at once: a batch of many tables should not wait for each of them.
const OBJECTS_AT_ONCE: usize = 8;
/// Left of the time when writing is given up: enough to park and to answer.
const MARGIN: Duration = Duration::from_millis(250);
/// The day of a record that tells no time.
const UNDATED: &str = "undated";

/// Where the routes of a flow archive changes.
#[derive(Debug)]
pub(super) struct Lake {
    #[cfg(feature = "archive")]
    objects: Objects,
}

/// What became of the changes of a chunk that are to be archived.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// How many are.
    pub(super) archived: u64,
    /// Those that are not, by their places among what was given.
    pub(super) withheld: HashSet<usize>,
    /// Why not.
    pub(super) error: Option<Error>,
}

/// Changes of one target and one day.
#[cfg_attr(
    not(feature = "archive"),
    expect(dead_code, reason = "nothing can be written without the feature")
)]
struct Group<'a> {
    target: &'a Target,
    template: &'a str,
    date: String,
    first: &'a str,
    last: &'a str,
    lines: String,
    places: Vec<usize>,
}

/// Whether every route can archive where it says, as far as that shows before the first change.
///
/// # Errors
/// A configuration error that names the route.
pub(super) fn check(config: &Config) -> Result<()> {
    for route in &config.routes {
        let Some(template) = &route.archive else { continue };
        Lake::check(template).map_err(|error| {
            let message = format!("`archive` in the route of {}: {}", route.from, error.message());
            Error::new(error.kind(), error.code(), message)
        })?;
    }
    Ok(())
}

impl Lake {
    /// That of a configuration; none when no route archives.
    pub(super) fn of(config: &Config) -> Option<Self> {
        config.routes.iter().any(|route| route.archive.is_some()).then(|| Self::new(config))
    }

    /// Archives changes, each with its place in whatever list they are from. What comes from an archive is in one.
    pub(super) async fn keep<'a>(
        &self,
        records: &'a [Record],
        changes: impl Iterator<Item = (usize, &'a RoutedChange)>,
        deadline: Deadline,
    ) -> Kept {
        let mut writing: Vec<BoxFuture<'_, (Vec<usize>, Result<()>)>> = Vec::new();
        for group in grouped(records, changes) {
            writing.push(Box::pin(self.write(group, deadline)));
        }
        let mut written = futures_util::stream::iter(writing).buffered(OBJECTS_AT_ONCE);
        let mut kept = Kept::default();
        while let Some((places, written)) = written.next().await {
            match written {
                Ok(()) => kept.archived += u64::try_from(places.len()).unwrap_or(u64::MAX),
                Err(error) => {
                    kept.withheld.extend(places);
                    kept.error.get_or_insert(error);
                }
            }
        }
        kept
    }

    /// Writes an object; gives the places of its changes, and whether they are durable there.
    async fn write(&self, group: Group<'_>, deadline: Deadline) -> (Vec<usize>, Result<()>) {
        let writing = self.put(&group);
        let written = match deadline.remaining() {
            Some(left) => tokio::time::timeout(left.saturating_sub(MARGIN), writing).await,
            None => Ok(writing.await),
        };
        let written = written.unwrap_or_else(|_| {
            let table = group.target.qualified();
            let message = format!("The time ran out before the changes of {table} were archived.");
            Err(Error::new(ErrorKind::Unavailable, Code::Deadline, message))
        });
        (group.places, written)
    }
}

#[cfg(feature = "archive")]
impl Lake {
    fn new(config: &Config) -> Self {
        Self { objects: Objects::new(&config.aws) }
    }

    fn check(template: &str) -> Result<()> {
        Objects::check(template)
    }

    async fn put(&self, group: &Group<'_>) -> Result<()> {
        let changes = Changes {
            template: group.template,
            schema: &group.target.schema,
            table: &group.target.name,
            date: &group.date,
            first: group.first,
            last: group.last,
            lines: group.lines.as_bytes(),
        };
        // boxed, so that the future of a whole batch stays small
        Box::pin(self.objects.put(&changes)).await.map(drop)
    }
}

#[cfg(not(feature = "archive"))]
impl Lake {
    fn new(_: &Config) -> Self {
        Self {}
    }

    fn check(_: &str) -> Result<()> {
        Err(Error::config(
            "archiving needs the feature `archive`, or `s3` for buckets, which this build of rowtide does not have: \
             build it with `--features archive` or `--features s3`.",
        ))
    }

    async fn put(&self, group: &Group<'_>) -> Result<()> {
        Self::check(group.template)
    }
}

/// The changes of each target and day, in their order.
fn grouped<'a>(
    records: &'a [Record],
    changes: impl Iterator<Item = (usize, &'a RoutedChange)>,
) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut known: BTreeMap<(*const Target, Option<i64>), usize> = BTreeMap::new();
    for (place, change) in changes {
        let target = &*change.target;
        let (Some(template), false) = (target.archive.as_deref(), change.event.is_routed) else { continue };
        let record = records.get(change.origin.record);
        let arrived_at = record.and_then(|record| record.arrived_at);
        // where folders have no day, the changes of a target are one object: their order is that of the stream
        let day = arrived_at.or(change.at).filter(|_| template.contains("{date}")).map(day);
        let position = record.map(|record| record.position.as_str()).unwrap_or_default();
        let at = *known.entry((std::ptr::from_ref(target), day)).or_insert_with(|| {
            let (date, lines, places) = (date(day), String::new(), Vec::new());
            groups.push(Group { target, template, date, first: position, last: position, lines, places });
            groups.len() - 1
        });
        let Some(group) = groups.get_mut(at) else { continue };
        write_line(&mut group.lines, change, position, arrived_at);
        group.last = position;
        group.places.push(place);
    }
    groups
}

/// Days since 1970, UTC.
fn day(at: Timestamp) -> i64 {
    at.0.div_euclid(86_400_000_000)
}

fn date(day: Option<i64>) -> String {
    let start = day.and_then(|day| jiff::Timestamp::from_second(day.checked_mul(86_400)?).ok());
    start.map_or_else(|| UNDATED.to_owned(), |start| start.strftime("%Y-%m-%d").to_string())
}

/// Appends the line of a change; what the decoder `archive` reads back.
fn write_line(line: &mut String, change: &RoutedChange, position: &str, arrived_at: Option<Timestamp>) {
    let event = &change.event;
    let document = match &event.change {
        Change::Put(document) | Change::Delete(Some(document)) => Some(document.to_json()),
        Change::Patch(patch) => Some(patch.to_json()),
        Change::Delete(None) | Change::Truncate => None,
    };
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let text = |text: Option<&str>| text.map(crate::json::quoted);
    line.push_str(&format!("{{\"{MARK}\":{FORM},\"change\":\"{}\"", event.change.name()));
    let source = Some(event.source.as_str()).filter(|source| !source.is_empty());
    for (name, value) in [
        ("table", text(Some(&event.table))),
        ("source_identity", source.map(str::to_owned)),
        ("target", text(Some(&change.target.qualified()))),
        ("key", event.key.as_ref().map(Key::to_json)),
        ("document", document),
        ("version", text(Some(event.version.as_str()))),
        ("changed_at", text(time(event.changed_at).as_deref())),
        ("arrived_at", text(time(arrived_at).as_deref())),
        ("position", text(Some(position))),
        ("sub", Some(change.origin.sub.to_string())),
        ("decoder", text(change.origin.decoder)),
        ("event_id", text(event.event_id.as_deref())),
        ("actor", text(event.actor.as_deref())),
    ] {
        line.push(',');
        write_string(line, name);
        line.push(':');
        line.push_str(value.as_deref().unwrap_or("null"));
    }
    line.push_str("}\n");
}
