//! What both databases know of a target, and the checks and messages that are the same in both.

use super::contract::Binding;
use super::registry::{KeyTypes, KnownTarget, Registered, check_binding};
use super::wire::time::MARGIN;
use crate::deadline::Deadline;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::event::{Key, Patch};
use crate::json::Value;
use crate::memo::Memo;
use crate::plan::{Layout, PlannedRow, merge};
use crate::policy::DeletePolicy;
use crate::route::Target;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of what is remembered of targets that were prepared; what is forgotten is looked at again. Half of it is more
/// than the targets of a chunk.
const PREPARED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What one takes; on CrateDB it has its columns.
const PREPARED_BYTES: usize = 8 * 1024;

pub(super) const STORAGE_COLUMNS: [&str; 8] =
    ["key", "pk", "data", "aux", "version", "deleted", "changed_at", "applied_at"];

/// Looking again, because another worker was creating the same objects.
pub(super) const LOOKS_MAX: u32 = 5;

/// A target whose objects are there.
#[derive(Debug)]
pub(super) struct PreparedTarget {
    pub(super) binding: Binding,
    pub(super) layout: Layout,
    /// What the registry remembers of the key's types.
    key_types: KeyTypes,
}

impl PreparedTarget {
    /// A target whose objects are there, with what the registry says of it.
    pub(super) fn new(binding: &Binding, layout: Layout, registered: Option<&Registered>) -> Self {
        // of an epoch that was raised, the registry says so by now
        let source = registered.map(Registered::source).unwrap_or_default().with(&binding.source);
        let key_types = KeyTypes::of(registered, binding);
        key_types.check(binding);
        Self { binding: Binding { source, ..binding.clone() }, layout, key_types }
    }

    /// Whether a delete removes the row at once.
    pub(super) fn removes(&self) -> bool {
        match self.layout {
            Layout::Managed => self.binding.target.delete == DeletePolicy::Hard,
            Layout::Adopted { guarded, .. } => !guarded,
        }
    }
}

/// The targets that were prepared, by name.
pub(super) struct PreparedTargets(Mutex<Memo<String, Arc<PreparedTarget>>>);

impl PreparedTargets {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Memo::new(PREPARED_BYTES_MAX)))
    }

    fn lock(&self) -> MutexGuard<'_, Memo<String, Arc<PreparedTarget>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, name: &str) -> Option<Arc<PreparedTarget>> {
        self.lock().get(name).cloned()
    }

    pub(super) fn forget(&self, name: &str) {
        self.lock().remove(name);
    }

    /// The target of `binding`, where it was prepared for such changes and the registry needs not be asked.
    ///
    /// # Errors
    /// When it was prepared for others.
    pub(super) fn matching(&self, binding: &Binding) -> Result<Option<Arc<PreparedTarget>>> {
        let Some(prepared) = self.get(&binding.target.qualified()) else { return Ok(None) };
        if !check_binding(binding, &prepared.binding)? {
            return Ok(None);
        }
        prepared.key_types.check(binding);
        Ok(Some(prepared))
    }

    pub(super) fn insert(&self, prepared: Arc<PreparedTarget>) {
        self.lock().insert(prepared.binding.target.qualified(), prepared, PREPARED_BYTES);
    }
}

/// Which rows of a target are shown.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Only the row of this canonical key.
    pub key: Option<String>,
    /// At most so many.
    pub limit: Option<u64>,
}

impl Shown {
    /// Whether the row of an adopted table, which has no column of its canonical key, is meant.
    pub(super) fn means(&self, pk: &str) -> bool {
        self.key.as_deref().is_none_or(|key| Key::from_json(pk).is_ok_and(|of_row| of_row.as_str() == key))
    }
}

/// A row as the view shows it: JSON texts.
#[derive(Debug, Clone)]
pub struct LiveRow {
    /// The key's members.
    pub pk: String,
    /// The document.
    pub data: Option<String>,
    /// What only `aux` can hold.
    pub aux: String,
    /// A soft-deleted row.
    pub deleted: bool,
}

/// A row as it is stored: a tombstone is one, too.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoredRow {
    /// The canonical text of its key.
    pub key: String,
    /// Its version.
    pub version: String,
    /// What the view shows of it, where it is no tombstone.
    pub row: LiveRow,
}

/// The exact key of a stored row, as a JSON object.
///
/// # Errors
/// When it is no JSON: somebody edited it.
pub(super) fn key_of(pk: &str, aux: &str) -> Result<String> {
    let merged = merge(pk, None, aux);
    let (key, _) = merged.map_err(|fault| {
        Error::config(format!("A stored key cannot be read: {fault}. Was it edited by hand?"))
    })?;
    Ok(key.to_text())
}

/// Left of the time when a statement that ran out of it has been given up.
pub(super) const LATE: Duration = MARGIN.saturating_mul(2);

/// Whether tombstones are counted, or removed while there is time.
#[derive(Debug, Clone, Copy)]
pub enum Purging {
    /// Counted only.
    Counted,
    /// Removed, until shortly before the deadline.
    Removed {
        /// The moment by which the purge must end.
        by: Deadline,
    },
}

impl Purging {
    /// Removed, however long it takes.
    #[must_use]
    pub fn to_the_end() -> Self {
        Self::Removed { by: Deadline::never() }
    }

    pub(super) fn deadline(self) -> Deadline {
        match self {
            Self::Counted => Deadline::never(),
            Self::Removed { by } => by,
        }
    }
}

/// What a purge did to one target.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Purged {
    /// `schema.name` of the target.
    pub target: String,
    /// Tombstones removed, or counted.
    pub rows: u64,
    /// Changes older than this can bring deleted rows back, and are refused in replays and redrives.
    pub horizon: Option<jiff::Timestamp>,
    /// Whether the end was reached before the deadline.
    pub is_complete: bool,
}

impl Purged {
    pub(super) fn nothing(of: &KnownTarget) -> Self {
        Self { target: of.name.clone(), rows: 0, horizon: of.purge_horizon, is_complete: true }
    }
}

/// Whether a statement failed because the time was over.
pub(super) fn is_late(by: Deadline, error: &Error) -> bool {
    let is_of_time = error.code() == Code::Deadline || error.kind() == ErrorKind::Unavailable;
    is_of_time && by.is_within(LATE)
}

/// Whether what had to be done by then came to its end; not so when the time was over.
pub(super) fn has_ended(by: Deadline, done: Result<()>) -> Result<bool> {
    match done {
        Err(error) if is_late(by, &error) => Ok(false),
        done => done.map(|()| true),
    }
}

/// Nothing that is written is older than what was purged.
pub(super) fn check_horizon(
    horizon: Option<jiff::Timestamp>,
    target: &Target,
    rows: &[&PlannedRow],
) -> Result<()> {
    let Some(horizon) = horizon else { return Ok(()) };
    let older = |row: &&&PlannedRow| row.at.is_none_or(|at| at.0 < horizon.as_microsecond());
    let count = rows.iter().filter(older).count();
    if count == 0 {
        return Ok(());
    }
    let message = format!(
        "{count} changes of {} are older than {horizon}, up to which deleted rows of {} have been purged: they could \
         bring deleted rows back. Use --force if that is what you want.",
        target.source,
        target.qualified()
    );
    Err(Error::new(ErrorKind::Config, Code::BehindPurgeHorizon, message))
}

pub(super) fn missing_object(statements: &[String]) -> Error {
    Error::new(
        ErrorKind::Schema,
        Code::MissingObject,
        format!(
            "sink.ddl is \"never\" and something is missing in the database. Run:\n{};",
            statements.join(";\n")
        ),
    )
}

/// What stands where rows, a view or a table should be cannot be used.
fn unusable(message: String) -> Error {
    Error::fault(Code::UnusableTarget, message)
}

/// Something that is neither has the target's name.
pub(super) fn neither_table_nor_view(target: &Target) -> Error {
    unusable(format!(
        "{} is neither a table nor a view; give the route of {} another `to`.",
        target.qualified(),
        target.source
    ))
}

/// A view of somebody else's has the target's name.
pub(super) fn foreign_view(target: &Target) -> Error {
    unusable(format!(
        "There is already a view {} that rowtide did not make. Rename it, or give the route of {} another `to`.",
        target.qualified(),
        target.source
    ))
}

/// A view of rowtide's has the target's name, as other settings make it; nobody has written to it yet.
pub(super) fn other_view(target: &Target) -> Error {
    unusable(format!(
        "The view {0} was made by `rowtide ddl` with other settings than these: the route's types, its delete or its \
         layout differ. Drop the view, and make it anew by `rowtide ddl {1}` with the configuration that is used here.",
        target.qualified(),
        target.source
    ))
}

/// Says that a person must replace a view.
pub(super) fn warn_outdated_view(target: &Target) {
    tracing::warn!(
        table = target.source,
        target = target.qualified(),
        "The view {0} is as other settings made it, such as other types, and sink.ddl is \"never\": it stays. Drop it, and \
         make it anew by the statement that `rowtide ddl {1}` prints.",
        target.qualified(),
        target.source
    );
}

/// What stands in the storage table's place is one, if it has the columns of one.
pub(super) fn check_storage(target: &Target, has: impl Fn(&str) -> bool) -> Result<()> {
    if STORAGE_COLUMNS.into_iter().all(has) {
        return Ok(());
    }
    Err(unusable(format!(
        "{}.{} should be the storage table of {}, but it is no table with the columns {}. Rename it, or change \
         sink.suffix or the route's `to`.",
        target.schema,
        target.storage,
        target.qualified(),
        STORAGE_COLUMNS.join(", ")
    )))
}

/// An existing table with the target's own name and these columns is one that rows can go to. What it lacks of a key,
/// `check_key` says.
pub(super) fn adopted(
    target: &Target,
    has: impl Fn(&str) -> bool,
    check_key: impl FnOnce() -> Result<(), String>,
) -> Result<Layout> {
    let (name, source) = (target.qualified(), &target.source);
    if STORAGE_COLUMNS.into_iter().all(&has) {
        return Err(unusable(format!(
            "{name} is another target's storage table; give the route of {source} another `to`."
        )));
    }
    if !has("pk") || !has("data") {
        return Err(unusable(format!(
            "There is already a table {name}, and it has no columns pk and data that rowtide could write to. Rename it, \
             or give the route of {source} another `to`."
        )));
    }
    check_key().map_err(unusable)?;
    if target.delete == DeletePolicy::Soft {
        return Err(unusable(format!(
            "The route of {source} has delete = \"soft\", which the existing table {name} cannot show. Use tombstone or \
             hard, or another `to`."
        )));
    }
    Ok(Layout::Adopted { guarded: has("version") && has("deleted"), aux: has("aux") })
}

/// Says of a table that somebody else made that it cannot converge, if it cannot.
pub(super) fn warn_unguarded(target: &Target, layout: Layout) {
    if matches!(layout, Layout::Adopted { guarded: false, .. }) {
        tracing::warn!(
            table = target.qualified(),
            "The adopted table has no columns version and deleted: the last writer wins, and deletes remove rows. Add \
             `version text` and `deleted boolean` to make it converge."
        );
    }
}

/// Several workers make and change a target's objects at once.
pub(super) fn keep_changing(target: &Target) -> Error {
    let message = format!("The objects of {} keep changing while they are made.", target.qualified());
    Error::new(ErrorKind::Contended, Code::Contended, message)
}

/// A target that is written to without having been prepared.
pub(super) fn not_prepared(name: &str) -> Error {
    Error::config(format!("{name} was not prepared."))
}

/// The key of a row does not fit into the table of somebody else, where it is the row's identity.
pub(super) fn unfit_key() -> Error {
    refused("The key holds what pk of the existing table cannot.")
}

/// The table of somebody else cannot take a row.
pub(super) fn refused(why: &str) -> Error {
    Error::new(ErrorKind::Rejected, Code::Rejected, why)
}

/// How often a row is read and written again because another worker wrote it in between.
pub(super) const ROW_ATTEMPTS_MAX: u32 = 20;

/// Somebody else was faster every time.
pub(super) fn kept_writing() -> Error {
    let message = "Other workers kept writing the rows that a patch or a delete rests on.";
    Error::new(ErrorKind::Contended, Code::Contended, message)
}

/// A row cannot be read before it is written there.
pub(super) fn cannot_patch(target: &Target, needs: &str) -> Error {
    let message = format!(
        "{} sends partial images, which need {needs} delete = \"tombstone\" or \"soft\": {} is not one.",
        target.source,
        target.qualified()
    );
    Error::fault(Code::PartialImages, message)
}

/// What a patch rests on.
pub(super) struct Base {
    pub(super) pk: String,
    pub(super) data: Option<String>,
    pub(super) aux: String,
    pub(super) version: String,
    pub(super) deleted: bool,
}

/// What a patch makes of the document that is stored, if one is.
pub(super) fn patched(row: &PlannedRow, base: Option<&Base>) -> Result<PlannedRow> {
    let stored = base.filter(|base| !base.deleted).map(|base| {
        let merged = merge(&base.pk, base.data.as_deref(), &base.aux);
        merged.map_err(|fault| {
            Error::config(format!("A stored document cannot be read: {fault}. Was it edited by hand?"))
        })
    });
    let stored = stored.transpose()?.and_then(|(_, document)| document).unwrap_or(Value::Null);
    let empty = Patch::default();
    let document = row.patch.as_ref().unwrap_or(&empty).apply(stored);
    Ok(PlannedRow { data: Some(document.to_text()), ..row.clone() })
}
