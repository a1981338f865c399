//! Changes become statements, as data: SQL text, rows, and which changes each row stands for. Knows no connection.

mod columns;
pub mod cratedb;
mod ddl;
mod exact;
mod lists;
mod place;

pub use columns::{Budget, Column, Columns, Described, with_plain_numbers};
pub use ddl::{View, drop_view, key_index, storage, view};
pub use lists::{with_named_lists, without_named_lists};
pub use place::{Placed, merge, place};

use crate::coalesce::Schedule;
use crate::event::{Change, Document, Key, Patch, Timestamp};
use crate::policy::{DeletePolicy, Truncate};
use crate::route::Target;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// A database's way of saying things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL, 13 or later.
    Postgres,
    /// CrateDB.
    Cratedb,
}

/// How a target's table is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// A storage table and a view, made by rowtide.
    Managed,
    /// An existing table `pk, data[, aux]` that rowtide writes into. `guarded`: it has `version` and `deleted` too.
    Adopted {
        /// Whether the newest version wins; otherwise the last writer does.
        guarded: bool,
        /// Whether there is a column `aux`.
        aux: bool,
    },
}

/// What a statement does to its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Writes whole rows, live or deleted, wherever they are newer than what is stored.
    Upsert,
    /// Reads the stored documents, patches them and writes them back if nobody else was faster.
    Patch,
}

/// One row to write.
#[derive(Debug, Clone)]
pub struct Row {
    /// Index of its change in the schedule.
    pub change: usize,
    /// Rows with the same number are the two halves of a key change: they stay in one statement.
    pub unit: usize,
    /// Canonical key.
    pub key: String,
    /// JSON text of the key's members, on PostgreSQL as far as the database can hold it.
    pub pk: String,
    /// JSON text of the document, likewise; `None` for a delete without image.
    pub data: Option<String>,
    /// JSON text of what only `aux` can hold.
    pub aux: String,
    /// What is set and removed, for [`Action::Patch`].
    pub patch: Option<Patch>,
    /// The change's version.
    pub version: String,
    /// Whether the row is a delete.
    pub deleted: bool,
    /// Source time of the change.
    pub changed_at: Option<Timestamp>,
    /// Source time of the change or, if the source does not tell, its arrival.
    pub at: Option<Timestamp>,
}

impl Row {
    /// What it adds to a statement.
    fn bytes(&self) -> usize {
        let of_patch = self.patch.as_ref().map_or(0, |patch| {
            let set = patch.set.iter().map(|(at, value)| at.len() + value.len());
            set.chain(patch.remove.iter().map(String::len)).sum()
        });
        let data = self.data.as_ref().map_or(0, String::len);
        self.key.len() + self.pk.len() + data + self.aux.len() + of_patch
    }
}

/// Rows of one target that are written together.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Where to.
    pub target: Arc<Target>,
    /// What is done.
    pub action: Action,
    /// The rows, by key; no key twice.
    pub rows: Vec<Row>,
}

/// A statement ends here: far below the gibibyte at which PostgreSQL drops the connection.
const STATEMENT_BYTES_MAX: usize = 8 << 20;

/// The statements of one wave: for each target an upsert and a patch, and more of them where their rows are large.
///
/// For CrateDB the rows are whole: what of them goes to which column is known only beside the table's columns, see
/// [`Columns::place`].
#[must_use]
pub fn plan(dialect: Dialect, schedule: &Schedule, wave: &[Vec<usize>]) -> Vec<Statement> {
    let mut statements: Vec<Statement> = Vec::new();
    // by target and action: the statement that takes rows, and the bytes it has
    let mut open: HashMap<(*const Target, Action), (usize, usize)> = HashMap::new();
    for (unit, members) in wave.iter().enumerate() {
        let written = members.iter().filter_map(|&index| {
            let change = schedule.change(index)?;
            Some((change.target.clone(), row(dialect, index, unit, change.event.key.as_ref()?, change)))
        });
        // halves of a key change share a statement: a patch is never one of them
        let written: Vec<(Arc<Target>, Row)> = written.collect();
        let of_unit: usize = written.iter().map(|(_, row)| row.bytes()).sum();
        for (target, row) in written {
            let action = if row.patch.is_some() { Action::Patch } else { Action::Upsert };
            let (at, bytes) = open.entry((Arc::as_ptr(&target), action)).or_insert((usize::MAX, 0));
            let last = statements.get(*at).and_then(|statement| statement.rows.last());
            let is_begun = last.is_some_and(|last| last.unit == unit);
            if last.is_none() || (!is_begun && *bytes + of_unit > STATEMENT_BYTES_MAX) {
                (*at, *bytes) = (statements.len(), 0);
                statements.push(Statement { target, action, rows: Vec::new() });
            }
            *bytes += row.bytes();
            if let Some(statement) = statements.get_mut(*at) {
                statement.rows.push(row);
            }
        }
    }
    for statement in &mut statements {
        statement.rows.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    }
    statements
}

fn row(dialect: Dialect, index: usize, unit: usize, key: &Key, change: &crate::route::RoutedChange) -> Row {
    let event = &change.event;
    let (document, patch, deleted) = match &event.change {
        Change::Put(document) => (Some(document), None, false),
        Change::Patch(patch) => (None, Some(patch.clone()), false),
        // a tombstone keeps no image, and an adopted table has no soft rows
        Change::Delete(image) => {
            (image.as_ref().filter(|_| change.target.delete == DeletePolicy::Soft), None, true)
        }
        Change::Truncate => (None, None, true),
    };
    let (pk, data) = (key.to_json(), document.map(Document::to_json));
    let owned = match dialect {
        Dialect::Postgres => {
            let placed = place(&pk, data.as_deref());
            let aux = placed.aux.into_owned();
            // as a rule nothing had to be taken out: then it is not copied
            let changed = |text: Cow<'_, str>| if let Cow::Owned(text) = text { Some(text) } else { None };
            let (changed_pk, changed_data) = (changed(placed.pk), placed.data.and_then(changed));
            (changed_pk.unwrap_or(pk), changed_data.or(data), aux)
        }
        Dialect::Cratedb => (pk, data, "{}".to_owned()),
    };
    Row {
        change: index,
        unit,
        key: key.as_str().to_owned(),
        pk: owned.0,
        data: owned.1,
        aux: owned.2,
        patch,
        version: event.version.as_str().to_owned(),
        deleted,
        changed_at: event.changed_at,
        at: change.at,
    }
}

/// A name as an SQL identifier.
#[must_use]
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as an SQL literal.
#[must_use]
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `schema.name` as an SQL identifier.
#[must_use]
pub fn relation(schema: &str, name: &str) -> String {
    format!("{}.{}", quote(schema), quote(name))
}

/// A statement's text from its template: each `{name}` replaced, the last newline dropped.
#[must_use]
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template.trim_end();
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let value = after.split_once('}').and_then(|(name, tail)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, tail))
        });
        match value {
            Some((value, tail)) => {
                out.push_str(value);
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

const UPSERT: &str = include_str!("../../sql/postgres/upsert.sql");
const UPSERT_HARD: &str = include_str!("../../sql/postgres/upsert_hard.sql");
const UPSERT_ADOPTED: &str = include_str!("../../sql/postgres/upsert_adopted.sql");
const UPSERT_ADOPTED_GUARDED: &str = include_str!("../../sql/postgres/upsert_adopted_guarded.sql");
const TRUNCATE: &str = include_str!("../../sql/postgres/truncate.sql");
const TRUNCATE_HARD: &str = include_str!("../../sql/postgres/truncate_hard.sql");
const RAISE_FLOOR: &str = include_str!("../../sql/postgres/raise_floor.sql");
const READ_FLOOR: &str = include_str!("../../sql/postgres/read_floor.sql");
const READ_ROWS: &str = include_str!("../../sql/postgres/read_rows.sql");
const WRITE_PATCHED: &str = include_str!("../../sql/postgres/write_patched.sql");

/// The text of the statement that upserts rows of `target`.
#[must_use]
pub fn upsert_sql(target: &Target, layout: Layout) -> String {
    match layout {
        Layout::Managed => {
            let storage = relation(&target.schema, &target.storage);
            let (data, aux, template) = match target.delete {
                DeletePolicy::Tombstone => ("excluded.data", "excluded.aux", UPSERT),
                DeletePolicy::Hard => ("excluded.data", "excluded.aux", UPSERT_HARD),
                // a soft row keeps its last image when the delete brings none
                DeletePolicy::Soft => (
                    "case when excluded.deleted and excluded.data is null then t.data else excluded.data end",
                    "case when excluded.deleted and excluded.data is null then t.aux else excluded.aux end",
                    UPSERT,
                ),
            };
            let floor = match target.delete {
                DeletePolicy::Hard => floor(target, "\n  where "),
                DeletePolicy::Tombstone | DeletePolicy::Soft => floor(target, "\n  and "),
            };
            fill(template, &[("storage", &storage), ("data", data), ("aux", aux), ("floor", &floor)])
        }
        Layout::Adopted { guarded, aux } => {
            let storage = relation(&target.schema, &target.name);
            let (name, value, set) =
                if aux { (", aux", ", u.aux::jsonb", ", aux = excluded.aux") } else { ("", "", "") };
            let template = if guarded { UPSERT_ADOPTED_GUARDED } else { UPSERT_ADOPTED };
            fill(
                template,
                &[("storage", &storage), ("aux_name", name), ("aux_value", value), ("aux_set", set)],
            )
        }
    }
}

/// The texts of the two statements of [`Action::Patch`]: the one that reads, the one that writes.
#[must_use]
pub fn patch_sql(target: &Target) -> (String, String) {
    let storage = relation(&target.schema, &target.storage);
    let write = [("storage", storage.as_str()), ("floor", &floor(target, "\nwhere "))];
    (fill(READ_ROWS, &[("storage", &storage)]), fill(WRITE_PATCHED, &write))
}

/// The condition that keeps out what a truncate has removed: it holds the floor still while the rows are written.
fn floor(target: &Target, before: &str) -> String {
    if target.truncate == Truncate::Ignore {
        return String::new();
    }
    format!(
        "{before}u.version collate \"C\" > coalesce((select f.floor from {} as f where f.target = {} for share), '')",
        floors(target),
        literal(&target.qualified())
    )
}

fn floors(target: &Target) -> String {
    relation(&target.home, "rowtide_floors")
}

/// The texts of the statements of a truncate, which are run together: the one that raises the target's floor (target,
/// version), and the one that removes the rows below it (version and, unless `delete = "hard"`, the time of the
/// change).
#[must_use]
pub fn truncate_sql(target: &Target) -> (String, String) {
    let storage = relation(&target.schema, &target.storage);
    let (data, aux, template) = match target.delete {
        DeletePolicy::Tombstone => ("null", "'{}'", TRUNCATE),
        // a soft row keeps its last image
        DeletePolicy::Soft => ("t.data", "t.aux", TRUNCATE),
        DeletePolicy::Hard => ("", "", TRUNCATE_HARD),
    };
    let remove = fill(template, &[("storage", &storage), ("data", data), ("aux", aux)]);
    (fill(RAISE_FLOOR, &[("floors", &floors(target))]), remove)
}

/// The text of the query for a target's floor.
#[must_use]
pub fn floor_sql(target: &Target) -> String {
    fill(READ_FLOOR, &[("floors", &floors(target))])
}
