//! What an operator looks at first: of each target its rows, its last change and what of it waits for a person.

use super::letters::{LETTER_TABLE_MAX, bounded};
use super::registry::KnownTarget;
use crate::error::{Code, Error, Result};
use crate::route::MERGED;
use crate::source::{Member, SourceIdentity};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

/// How long the rows of one target are counted; a table that takes longer is estimated.
pub(super) const COUNTING_MAX: Duration = Duration::from_secs(2);

/// The code of letters that were refused because their source does not fill the target of their table.
pub(super) const OTHER_SOURCE: &str = Code::OtherSource.as_str();

/// What is in a database.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// The server's version, in its own words.
    pub version: String,
    /// The server's time.
    pub at: jiff::Timestamp,
    /// The schema of rowtide's own tables.
    pub home: Home,
    /// Rowtide's own tables.
    pub own_tables: Vec<OwnTable>,
    /// The targets that the registry knows, by name; `None` when it could not be read.
    pub targets: Option<Vec<TargetStatus>>,
    /// Parked records that are not redriven, by source table; `None` when they could not be read.
    pub parked: Option<Vec<Parked>>,
    /// Own tables that could not be read.
    pub unread: Vec<Unread>,
}

/// The schema of rowtide's own tables.
#[derive(Debug, Clone)]
pub struct Home {
    /// `sink.schema`.
    pub schema: String,
    /// Whether it is there. CrateDB has a schema as long as something is in it.
    pub exists: bool,
    /// Whether the database makes it with its first table.
    pub comes_by_itself: bool,
    /// Other schemas with a registry, when this one has none.
    pub others: Vec<String>,
}

/// A table that rowtide keeps for itself.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OwnTable {
    /// Its name.
    pub name: &'static str,
    /// Whether it is there.
    pub exists: bool,
    /// Columns that it lacks, since a former version made it. They are added by whoever writes next and may.
    pub lacks: Vec<&'static str>,
    /// The statement that adds them.
    pub statement: Option<String>,
}

/// A table that could not be read.
#[derive(Debug, Clone)]
pub struct Unread {
    /// Its name.
    pub table: String,
    /// Why not, as the end of a sentence.
    pub why: String,
}

/// A target, and what was found of it.
#[derive(Debug, Clone)]
pub struct TargetStatus {
    /// What the registry knows.
    pub target: KnownTarget,
    /// Whether what people query is there: the view, or the table of somebody else.
    pub is_shown: bool,
    /// Its rows, or why they could not be read.
    pub rows: Result<Rows, String>,
    /// Columns of the view with a type that does not fit all values: how many rows have a value there that the column
    /// does not show. `None` when that was not counted, because the table is large or locked.
    pub unfit: Vec<(String, Option<u64>)>,
}

/// The rows of a target.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Rows {
    /// Rows that are not deleted; with the deleted ones, where those are not known. `None` when the server has not even
    /// an estimate.
    pub live: Option<u64>,
    /// Deleted rows that are remembered and not shown; `None` when that is not known.
    pub tombstones: Option<u64>,
    /// Deleted rows that are shown (`delete = "soft"`); `None` when that is not known.
    pub soft_deleted: Option<u64>,
    /// Rows with something that only `aux` can hold; in a sample when the others are estimated.
    pub with_aux: u64,
    /// When the newest change was made in its source.
    pub changed_at: Option<jiff::Timestamp>,
    /// When a change was last written.
    pub applied_at: Option<jiff::Timestamp>,
    /// Why the rows were not counted: then the numbers are the server's estimates, and the times those of a sample.
    pub hindrance: Option<Hindrance>,
}

/// Why the rows of a table were not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hindrance {
    /// It takes too long.
    Slow,
    /// Somebody has locked the table, or waits to: these processes of the server.
    Locked(Vec<i32>),
}

/// Parked records of one source table.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Parked {
    /// The source table; `None` where the record does not tell.
    pub table: Option<String>,
    /// How many letters there are.
    pub letters: u64,
    /// When the first of them was parked.
    pub since: Option<jiff::Timestamp>,
    /// What they belong to.
    pub of: PossibleTarget,
}

/// The target that letters belong to, as far as they and the registry tell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PossibleTarget {
    /// This one.
    Known(String),
    /// One of these, or none: it is not told which. Nothing is named when the targets could not be read.
    OneOf(Vec<String>),
    /// None: they are of another source than the one that fills the target of that table.
    OtherSource,
    /// None.
    Nothing,
}

/// Parked records as the database groups them.
pub(super) struct Letters {
    table: Option<String>,
    source: String,
    is_of_other_source: bool,
    count: u64,
    since: Option<jiff::Timestamp>,
}

impl Rows {
    /// Whether the numbers are estimates.
    #[must_use]
    pub fn is_estimate(&self) -> bool {
        self.hindrance.is_some()
    }

    /// How long after it was made the newest change was written.
    #[must_use]
    pub fn lag(&self) -> Option<Duration> {
        let lag = self.applied_at?.duration_since(self.changed_at?);
        // clocks differ; nothing is written before it happened
        Some(lag.try_into().unwrap_or_default())
    }

    /// As both databases answer: all rows, deleted ones, those with something in `aux`, the two times.
    pub(super) fn read(row: &tokio_postgres::Row, is_soft: bool) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            with_aux: whole(row.try_get(2)?),
            changed_at: row.try_get(3)?,
            applied_at: row.try_get(4)?,
            ..Self::of(Some(whole(row.try_get(0)?)), Some(whole(row.try_get(1)?)), is_soft)
        })
    }

    /// As both databases answer of somebody else's table: all rows, deleted ones.
    pub(super) fn read_adopted(row: &tokio_postgres::Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self::of(Some(whole(row.try_get(0)?)), Some(whole(row.try_get(1)?)), false))
    }

    /// So many rows, of which so many are deleted, as far as that is known; soft ones are shown.
    pub(super) fn of(all: Option<u64>, deleted: Option<u64>, is_soft: bool) -> Self {
        let (tombstones, soft_deleted) = if is_soft { (Some(0), deleted) } else { (deleted, Some(0)) };
        let live = all.map(|all| all.saturating_sub(deleted.unwrap_or_default()));
        Self { live, tombstones, soft_deleted, ..Self::default() }
    }
}

impl fmt::Display for Hindrance {
    /// Why, as a sentence goes on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slow => f.write_str("it is large"),
            Self::Locked(processes) if processes.is_empty() => f.write_str("it was locked for a moment"),
            Self::Locked(processes) => {
                let ids: Vec<String> = processes.iter().map(ToString::to_string).collect();
                let (process, s) = if ids.len() == 1 { ("process", "s") } else { ("processes", "") };
                let ids = ids.join(", ");
                write!(f, "the {process} {ids} of the server lock{s} it or wait{s} to (pg_stat_activity)")
            }
        }
    }
}

impl Letters {
    /// As both databases answer.
    pub(super) fn read(row: &tokio_postgres::Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            table: row.try_get(0)?,
            source: row.try_get(1)?,
            is_of_other_source: row.try_get(2)?,
            count: whole(row.try_get(3)?),
            since: row.try_get(4)?,
        })
    }

    /// What the stream that brought them tells of their source.
    fn identity(&self) -> SourceIdentity {
        match self.source.split(':').nth(2) {
            Some("dynamodb") => SourceIdentity::of_arn(&self.source),
            _ => SourceIdentity::of_stream(&self.source),
        }
    }

    /// What they belong to, among the targets of their table.
    fn among(&self, of_table: &[&KnownTarget], identity: &SourceIdentity) -> PossibleTarget {
        let names = |fits: fn(&SourceIdentity, &SourceIdentity) -> bool| -> Vec<String> {
            let fitting = of_table.iter().filter(|target| fits(&target.identity, identity));
            fitting.map(|target| target.name.clone()).collect()
        };
        if self.is_of_other_source {
            // one of the targets refused them; another that was made since may be theirs
            let fitting = if of_table.len() > 1 { names(agree) } else { Vec::new() };
            return match fitting.is_empty() {
                true => PossibleTarget::OtherSource,
                false => PossibleTarget::OneOf(fitting),
            };
        }
        let fitting = names(|known, identity| !known.conflicts_with(identity));
        match fitting.as_slice() {
            // a stream may bring what its own name does not tell
            [] => PossibleTarget::OneOf(names(|_, _| true)),
            [only] => PossibleTarget::Known(only.clone()),
            _ => PossibleTarget::OneOf(fitting),
        }
    }
}

/// Whether both tell a member, and the same of each that both tell.
fn agree(one: &SourceIdentity, other: &SourceIdentity) -> bool {
    let tell_both = |member: &Member| one.get(*member).is_some() && other.get(*member).is_some();
    !one.conflicts_with(other) && Member::ALL.iter().any(tell_both)
}

/// The target of a table of a source that a route merges with others.
pub(super) type Merged<'m> = &'m (dyn Fn(&str, &SourceIdentity) -> Option<String> + Sync);

/// What letters belong to, among the targets if these are known.
pub(super) fn attributed(
    letters: &[Letters],
    targets: Option<&[TargetStatus]>,
    merged: Merged<'_>,
) -> Vec<Parked> {
    let mut by_table: HashMap<String, Vec<&KnownTarget>> = HashMap::new();
    for TargetStatus { target, .. } in targets.unwrap_or_default() {
        by_table.entry(bounded(target.source.clone(), LETTER_TABLE_MAX)).or_default().push(target);
    }
    let merging = by_table.get(MERGED).into_iter().flatten().map(|target| target.name.clone());
    let merging: Vec<String> = merging.collect();
    let of = |group: &Letters| {
        let Some(table) = group.table.as_deref() else { return PossibleTarget::Nothing };
        if targets.is_none() {
            return PossibleTarget::OneOf(Vec::new());
        }
        let identity = group.identity();
        let merged = merged(table, &identity).filter(|name| merging.contains(name));
        match (merged, by_table.get(table)) {
            (Some(name), _) => PossibleTarget::Known(name),
            (None, Some(of_table)) => group.among(of_table, &identity),
            (None, None) if merging.is_empty() => PossibleTarget::Nothing,
            (None, None) => PossibleTarget::OneOf(merging.clone()),
        }
    };
    let mut parked: BTreeMap<_, (u64, Option<jiff::Timestamp>)> = BTreeMap::new();
    for group in letters {
        let (count, since) = parked.entry((&group.table, of(group))).or_default();
        *count += group.count;
        *since = [*since, group.since].into_iter().flatten().min();
    }
    let groups = parked.into_iter();
    groups
        .map(|((table, of), (letters, since))| Parked { table: table.clone(), letters, since, of })
        .collect()
}

/// A target without its storage table.
pub(super) fn storage_is_gone(target: KnownTarget, is_shown: bool) -> TargetStatus {
    let why = format!(
        "its storage table {}.{} is gone. Who writes next makes it anew, empty, where he may.",
        target.schema, target.storage
    );
    TargetStatus { target, is_shown, rows: Err(why), unfit: Vec::new() }
}

/// A count, which is never negative.
pub(super) fn whole(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

/// What of rowtide's own tables is there, by what `columns` finds of each, and what a former version did not make.
pub(super) fn own_table(
    name: &'static str,
    columns: Option<&[String]>,
    needs: &[&'static str],
    statement: &str,
) -> OwnTable {
    let lacks = columns.map(|columns| {
        needs.iter().filter(|needed| !columns.iter().any(|column| column == *needed)).copied().collect()
    });
    let lacks: Vec<&'static str> = lacks.unwrap_or_default();
    let statement = (!lacks.is_empty()).then(|| statement.to_owned());
    OwnTable { name, exists: columns.is_some(), lacks, statement }
}

/// Whether an error is of one table, so that the others can be looked at.
pub(super) fn is_of_table(error: &Error) -> bool {
    let is_of_connection =
        |state: &str| ["08", "28", "3D", "57P"].iter().any(|class| state.starts_with(class));
    error.sqlstate().is_some_and(|state| !is_of_connection(state))
}

#[cfg(test)]
mod tests {
    use super::{Letters, PossibleTarget, Rows, TargetStatus, attributed};
    use crate::policy::DeletePolicy;
    use crate::sink::registry::{KnownLayout, KnownTarget};
    use crate::source::{Member, SourceIdentity};

    const EU: &str = "arn:aws:kinesis:eu-west-1:1:stream/s";
    const US: &str = "arn:aws:dynamodb:us-east-1:1:table/orders/stream/2026";
    const QUEUE: &str = "arn:aws:sqs:eu-west-1:1:q";

    fn target(name: &str, source: &str, region: &str) -> TargetStatus {
        let target = KnownTarget {
            name: name.into(),
            schema: "s".into(),
            table: name.into(),
            storage: name.into(),
            source: source.into(),
            layout: KnownLayout::Managed(DeletePolicy::Tombstone),
            purge_horizon: None,
            key_names: Vec::new(),
            scheme: "x".into(),
            epoch: 0,
            identity: SourceIdentity::of(&[(Member::Region, Some(region))]),
            format: None,
        };
        TargetStatus { target, is_shown: true, rows: Ok(Rows::default()), unfit: Vec::new() }
    }

    fn of(targets: &[TargetStatus], table: &str, source: &str, is_of_other_source: bool) -> PossibleTarget {
        let letters = Letters {
            table: Some(table.into()),
            source: source.into(),
            is_of_other_source,
            count: 1,
            since: None,
        };
        let merged = |table: &str, _: &SourceIdentity| (table == "shard_1").then(|| "shards".to_owned());
        let parked = attributed(&[letters], Some(targets), &merged);
        parked.into_iter().next().expect("a group").of
    }

    #[test]
    fn letters_belong_to_what_they_and_the_registry_tell_and_to_nothing_else() {
        let known = |name: &str| PossibleTarget::Known(name.into());
        let one_of =
            |names: &[&str]| PossibleTarget::OneOf(names.iter().map(|name| (*name).into()).collect());
        let one = [target("orders", "orders", "us-east-1")];
        let two = [target("eu", "orders", "eu-west-1"), target("us", "orders", "us-east-1")];
        let merged = [target("shards", "*", ""), target("orders", "orders", "us-east-1")];
        let table: [(&[TargetStatus], &str, &str, bool, PossibleTarget); 12] = [
            (&one, "orders", US, false, known("orders")),
            (&one, "orders", QUEUE, false, known("orders")),
            (&one, "orders", EU, false, one_of(&["orders"])),
            (&one, "orders", EU, true, PossibleTarget::OtherSource),
            (&one, "orders", QUEUE, true, PossibleTarget::OtherSource),
            (&one, "others", US, false, PossibleTarget::Nothing),
            (&two, "orders", EU, false, known("eu")),
            (&two, "orders", EU, true, one_of(&["eu"])),
            (&two, "orders", QUEUE, false, one_of(&["eu", "us"])),
            (&merged, "shard_1", QUEUE, false, known("shards")),
            (&merged, "shard_2", QUEUE, false, one_of(&["shards"])),
            (&merged, "orders", US, false, known("orders")),
        ];
        for (targets, table, source, is_other, expected) in table {
            assert_eq!(of(targets, table, source, is_other), expected, "{table} {source} {is_other}");
        }
    }
}
