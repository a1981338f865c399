//! Plans [`Write`]s: the rows of one target, whole, and which change each stands for. They are the same for every
//! database. [`postgres`] and [`cratedb`] encode the rows and make SQL and parameters of them. Knows no connection.

pub mod cratedb;
mod dialect;
mod encode;
pub mod postgres;
mod statement;

pub use dialect::{Dialect, PreviewedColumns};
pub use encode::{Encoded, merge};
pub use statement::{EncodedRow, Parameter, Preview, Statement};

use crate::coalesce::Schedule;
use crate::error::{Code, Error};
use crate::event::{Change, Document, Key, Patch, Timestamp};
use crate::policy::DeletePolicy;
use crate::route::{DEAD_LETTERS, FLOORS, REGISTRY, RoutedChange, SCHEMAS, STATE, Target};
use std::collections::HashMap;
use std::sync::Arc;

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

/// What is done to the rows of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Writes whole rows, live or deleted, wherever they are newer than what is stored.
    Upsert,
    /// Reads the stored documents, patches them and writes them back if nobody else was faster.
    Patch,
}

/// One row to write.
#[derive(Debug, Clone)]
pub struct PlannedRow {
    /// Index of its change in the schedule.
    pub change: usize,
    /// Rows with the same number are the two halves of a key change: they stay in one write.
    pub unit: usize,
    /// Canonical key.
    pub key: String,
    /// JSON text of the key's members.
    pub pk: String,
    /// JSON text of the document; `None` for a patch, and for a delete without image.
    pub data: Option<String>,
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

impl PlannedRow {
    /// What it adds to a write.
    fn bytes(&self) -> usize {
        let of_patch = self.patch.as_ref().map_or(0, |patch| {
            let set = patch.set.iter().map(|(at, value)| at.len() + value.len());
            set.chain(patch.remove.iter().map(String::len)).sum()
        });
        let data = self.data.as_ref().map_or(0, String::len);
        self.key.len() + self.pk.len() + data + of_patch
    }
}

/// Rows of one target that are written together.
#[derive(Debug, Clone)]
pub struct Write {
    /// Where to.
    pub target: Arc<Target>,
    /// What is done.
    pub action: Action,
    /// The rows, by key; no key twice.
    pub rows: Vec<PlannedRow>,
}

/// A write ends here: its statement is far below the gibibyte at which PostgreSQL drops the connection.
const WRITE_BYTES_MAX: usize = 8 << 20;

/// The writes of one wave: for each target an upsert and a patch, and more of them where their rows are large.
#[must_use]
pub fn plan(schedule: &Schedule, wave: &[Vec<usize>]) -> Vec<Write> {
    let mut writes: Vec<Write> = Vec::new();
    // by target and action: the write that takes rows, and the bytes it has
    let mut open: HashMap<(*const Target, Action), (usize, usize)> = HashMap::new();
    for (unit, members) in wave.iter().enumerate() {
        let written = members.iter().filter_map(|&index| {
            let change = schedule.change(index)?;
            Some((change.target.clone(), row(index, unit, change.event.key.as_ref()?, change)))
        });
        // halves of a key change share a write: a patch is never one of them
        let written: Vec<(Arc<Target>, PlannedRow)> = written.collect();
        let of_unit: usize = written.iter().map(|(_, row)| row.bytes()).sum();
        for (target, row) in written {
            let action = if row.patch.is_some() { Action::Patch } else { Action::Upsert };
            let (at, bytes) = open.entry((Arc::as_ptr(&target), action)).or_insert((usize::MAX, 0));
            let last = writes.get(*at).and_then(|write| write.rows.last());
            let is_begun = last.is_some_and(|last| last.unit == unit);
            if last.is_none() || (!is_begun && *bytes + of_unit > WRITE_BYTES_MAX) {
                (*at, *bytes) = (writes.len(), 0);
                writes.push(Write { target, action, rows: Vec::new() });
            }
            *bytes += row.bytes();
            if let Some(write) = writes.get_mut(*at) {
                write.rows.push(row);
            }
        }
    }
    for write in &mut writes {
        write.rows.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    }
    writes
}

fn row(index: usize, unit: usize, key: &Key, change: &RoutedChange) -> PlannedRow {
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
    PlannedRow {
        change: index,
        unit,
        key: key.as_str().to_owned(),
        pk: key.to_json(),
        data: document.map(Document::to_json),
        patch,
        version: event.version.as_str().to_owned(),
        deleted,
        changed_at: event.changed_at,
        at: change.at,
    }
}

/// The route of a target has `truncate = "apply"`, and that is not to be had there.
pub(crate) fn cannot_truncate(target: &Target, why: &str) -> Error {
    let message = format!("The route of {} has truncate = \"apply\", {why}.", target.source);
    Error::fault(Code::UnusableTarget, message)
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

/// The same, with the names of rowtide's own tables in the schema `home`.
#[must_use]
pub fn fill_own(template: &str, home: &str, values: &[(&str, &str)]) -> String {
    let own = [
        ("registry", REGISTRY),
        ("dead_letters", DEAD_LETTERS),
        ("schemas", SCHEMAS),
        ("floors", FLOORS),
        ("state", STATE),
    ];
    let own = own.map(|(place, table)| (place, relation(home, table)));
    let own = own.iter().map(|(place, table)| (*place, table.as_str()));
    fill(template, &own.chain(values.iter().copied()).collect::<Vec<_>>())
}
