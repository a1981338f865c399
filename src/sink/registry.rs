//! What the registry remembers of a target, and whether the changes that come are of it: of its source, its key, its
//! order.

use super::contract::Binding;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::plan::Layout;
use crate::policy::DeletePolicy;
use crate::route::{MERGED, REGISTRY, Target};
use crate::source::SourceIdentity;
use crate::version::scheme_name;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_postgres::types::ToSql;

/// The column of the registry that holds the source of a target.
pub(super) const SOURCE_COLUMN: &str = "source_identity";

/// The column of the registry that holds the [`FORMAT`] of a target.
pub(super) const FORMAT_COLUMN: &str = "format";

/// How storage tables are laid out. Whoever changes that raises it and writes it into the target's line: a Rowtide that
/// knows only lower numbers does not write there. A line without a number has the first.
const FORMAT: i32 = 1;

/// What the registry says of a target.
pub(super) struct Registered {
    pub(super) source: String,
    pub(super) key_names: Vec<String>,
    pub(super) scheme: String,
    pub(super) epoch: i32,
    pub(super) view_sql: Option<String>,
    pub(super) view_definition: Option<String>,
    /// Canonical text of the source's identity; `None` when no change has told it yet.
    pub(super) identity: Option<String>,
    /// What the key's values are, in the order of their names, with commas between them.
    pub(super) key_types: Option<String>,
    pub(super) format: Option<i32>,
}

impl Registered {
    pub(super) fn source(&self) -> SourceIdentity {
        self.identity.as_deref().map(SourceIdentity::parse).unwrap_or_default()
    }

    /// What is to be remembered of the source and of the key's types, when that is more than what is.
    pub(super) fn to_remember(&self, binding: &Binding) -> Option<(String, Option<String>)> {
        // whoever raises the epoch says that the source is another one
        let starts_anew = self.epoch < i32::from(binding.epoch);
        let known = if starts_anew { SourceIdentity::default() } else { self.source() };
        let source = known.with(&binding.source);
        let types = Some(binding.key_types.join(",")).filter(|types| !types.is_empty());
        let is_known = source.as_str() == self.identity.as_deref().unwrap_or_default()
            && (types.is_none() || (self.key_types.is_some() && !starts_anew));
        (!is_known).then(|| (source.as_str().to_owned(), types))
    }
}

/// A line of the registry as it is first written.
pub(super) struct RegistryLine<'b> {
    binding: &'b Binding,
    name: String,
    scheme: String,
    epoch: i32,
    layout: &'static str,
}

impl<'b> RegistryLine<'b> {
    pub(super) fn of(binding: &'b Binding, layout: KnownLayout) -> Self {
        let (name, scheme) = (binding.target.qualified(), binding.scheme.to_string());
        Self { binding, name, scheme, epoch: i32::from(binding.epoch), layout: layout.as_str() }
    }

    pub(super) fn parameters(&self) -> [&(dyn ToSql + Sync); 9] {
        let Binding { target, key_names, .. } = self.binding;
        [
            &self.name,
            &target.schema,
            &target.name,
            &target.storage,
            &target.source,
            key_names,
            &self.scheme,
            &self.epoch,
            &self.layout,
        ]
    }
}

/// A target that the registry knows.
#[derive(Debug, Clone)]
pub struct KnownTarget {
    /// `schema.name`.
    pub name: String,
    /// Schema.
    pub schema: String,
    /// View, or adopted table.
    pub table: String,
    /// Storage table.
    pub storage: String,
    /// Source table.
    pub source: String,
    /// How its rows are kept.
    pub layout: KnownLayout,
    /// Deleted rows up to then may have been purged.
    pub purge_horizon: Option<jiff::Timestamp>,
    /// Names of the key's members.
    pub key_names: Vec<String>,
    /// Letter of the version scheme.
    pub scheme: String,
    /// `source.epoch`.
    pub epoch: i32,
    /// Which source fills it, as far as its records told.
    pub identity: SourceIdentity,
    /// How its storage table is laid out; `None` stands for the first way.
    pub format: Option<i32>,
}

impl KnownTarget {
    /// As both databases answer: in the order of the fields. CrateDB tells the types of the key, too.
    pub(super) fn read(row: &tokio_postgres::Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            name: row.try_get(0)?,
            schema: row.try_get(1)?,
            table: row.try_get(2)?,
            storage: row.try_get(3)?,
            source: row.try_get(4)?,
            layout: KnownLayout::named(row.try_get(5)?),
            purge_horizon: row.try_get(6)?,
            key_names: row.try_get(7)?,
            scheme: row.try_get(8)?,
            epoch: row.try_get(9)?,
            identity: SourceIdentity::parse(row.try_get::<_, Option<&str>>(10)?.unwrap_or_default()),
            format: row.try_get(row.len() - 1)?,
        })
    }

    /// Whether somebody else made its table.
    pub(super) fn is_adopted(&self) -> bool {
        matches!(self.layout, KnownLayout::Adopted { .. })
    }

    /// Whether somebody else's table tells deleted rows.
    pub(super) fn is_guarded(&self) -> bool {
        self.layout == KnownLayout::Adopted { guarded: true }
    }

    /// Whether deleted rows are shown.
    pub(super) fn is_soft(&self) -> bool {
        self.layout == KnownLayout::Managed(DeletePolicy::Soft)
    }

    /// Whether it has tombstones that may be forgotten; soft rows stay for ever.
    pub(super) fn has_tombstones(&self) -> bool {
        matches!(self.layout, KnownLayout::Managed(DeletePolicy::Tombstone | DeletePolicy::Hard))
    }
}

/// How the rows of a target are kept, as the registry remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownLayout {
    /// In a table made by rowtide, with what a delete leaves there.
    Managed(DeletePolicy),
    /// In a table that somebody else made.
    Adopted {
        /// Whether it has the columns by which the newest version wins.
        guarded: bool,
    },
    /// In a way that a later version of rowtide knows.
    Unknown,
}

impl KnownLayout {
    const WORDS: [(&str, Self); 5] = [
        ("tombstone", Self::Managed(DeletePolicy::Tombstone)),
        ("soft", Self::Managed(DeletePolicy::Soft)),
        ("hard", Self::Managed(DeletePolicy::Hard)),
        ("adopted, guarded", Self::Adopted { guarded: true }),
        ("adopted", Self::Adopted { guarded: false }),
    ];

    pub(super) fn of(layout: Layout, delete: DeletePolicy) -> Self {
        match layout {
            Layout::Managed => Self::Managed(delete),
            Layout::Adopted { guarded, .. } => Self::Adopted { guarded },
        }
    }

    /// The word of the registry.
    pub(super) fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, layout)| *layout == self).map(|(word, _)| *word).unwrap_or_default()
    }

    pub(super) fn named(word: &str) -> Self {
        Self::WORDS.iter().find(|(known, _)| *known == word).map_or(Self::Unknown, |(_, layout)| *layout)
    }
}

/// The types of a key's values, by which a column that changes its type is noticed.
#[derive(Debug, Default)]
pub(super) struct KeyTypes {
    were: String,
    has_warned: AtomicBool,
}

impl KeyTypes {
    pub(super) fn of(registered: Option<&Registered>, binding: &Binding) -> Self {
        let same_epoch = registered.filter(|line| line.epoch >= i32::from(binding.epoch));
        let were = same_epoch.and_then(|line| line.key_types.clone());
        Self { were: were.unwrap_or_else(|| binding.key_types.join(",")), has_warned: AtomicBool::new(false) }
    }

    /// Says once that a column of the key has another type than before.
    pub(super) fn check(&self, binding: &Binding) {
        let are = binding.key_types.join(",");
        if are.is_empty()
            || self.were.is_empty()
            || are == self.were
            || self.has_warned.swap(true, Ordering::Relaxed)
        {
            return;
        }
        tracing::warn!(
            table = binding.target.sources(),
            target = binding.target.qualified(),
            position = binding.position,
            "A column of the key has changed its type: the values of ({}) were ({}) and are ({}). Rows under their former \
             keys stay as they are, and nothing changes or deletes them any more. Load the table anew into another \
             target (`to`), or drop the target with its line in the registry and let a snapshot fill it again.",
            binding.key_names.join(", "),
            self.were,
            are,
        );
    }
}

/// A table is laid out as this version of rowtide knows it.
pub(super) fn check_format(name: &str, format: Option<i32>) -> Result<()> {
    let Some(format) = format.filter(|format| *format > FORMAT) else { return Ok(()) };
    Err(Error::config(format!(
        "A later version of rowtide has laid out {name} in a way that this one does not know (format {format} in \
         {REGISTRY}, known up to {FORMAT}). Use the later version here too."
    )))
}

/// The changes are of the source, the key and the order that the registry remembers.
pub(super) fn check_registered(binding: &Binding, registered: &Registered, registry: &str) -> Result<()> {
    let target = &binding.target;
    let name = target.qualified();
    check_format(&name, registered.format)?;
    let afresh = || format!("to start afresh, drop the table and its line in {registry}");
    if registered.source != target.source && !target.is_merged() {
        let was =
            if registered.source == MERGED { "several sources (merge = true)" } else { &registered.source };
        let message = format!(
            "{name} was filled with changes of {was}, and the route of {0} now leads there. Two sources cannot share a \
             target unless both routes say merge = true: give the route of {0} another `to`; {1}.",
            target.source,
            afresh()
        );
        return Err(Error::fault(Code::SharedTarget, message));
    }
    if registered.epoch > i32::from(binding.epoch) {
        let message = format!(
            "{name} was filled with source.epoch {}, and it is now {}: every change would be stale. Raise source.epoch \
             to at least the former, or give the route another `to`; {}.",
            registered.epoch,
            binding.epoch,
            afresh()
        );
        return Err(Error::fault(Code::LowerEpoch, message));
    }
    let starts_anew = registered.epoch < i32::from(binding.epoch);
    if !starts_anew && !target.is_merged() {
        check_source(target, &binding.source, &binding.position, &registered.source())?;
    }
    if registered.key_names != binding.key_names {
        return Err(changed_key(binding, &registered.key_names));
    }
    if registered.scheme != binding.scheme.to_string() {
        return Err(other_scheme(binding, &registered.scheme, registry));
    }
    Ok(())
}

/// A change of `source` is of the source that is known of the target.
pub(super) fn check_source(
    target: &Target,
    source: &SourceIdentity,
    position: &str,
    known: &SourceIdentity,
) -> Result<()> {
    if !known.conflicts_with(source) {
        return Ok(());
    }
    let (name, table) = (target.qualified(), &target.source);
    let example = source.differing(known).map_or_else(String::new, |(member, value)| {
        format!(" (from = {{ table = \"{table}\", {} = \"{value}\" }})", member.as_str())
    });
    let message = format!(
        "{name} is filled from {table} of {known}, and at {} comes a change of {table} of {}. Two sources cannot share a \
         target: give the second a route with another `to`{example}. If their rows belong together and their keys \
         cannot collide, or key_add tells them apart, set merge = true. If it is the same table on purpose, restored or \
         failed over to another place, raise source.epoch by one.",
        position_text(position),
        source,
    );
    Err(Error::fault(Code::OtherSource, message))
}

fn position_text(position: &str) -> String {
    if position.is_empty() {
        "a record without a position".to_owned()
    } else {
        format!("the position {position}")
    }
}

fn changed_key(binding: &Binding, was: &[String]) -> Error {
    let message = format!(
        "The key of {} changed: {} was filled by ({}), and from {} on the key is ({}). Its other rows are kept, and no \
         change of the table is applied until a person decides. Either keep the former key, if it still tells rows apart: \
         key = [{}] in the route. Or load the table anew: give the route another `to`, take a snapshot, and drop {}.",
        binding.target.sources(),
        binding.target.qualified(),
        was.join(", "),
        position_text(&binding.position),
        binding.key_names.join(", "),
        was.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", "),
        binding.target.qualified(),
    );
    Error::fault(Code::ChangedKey, message)
}

fn other_scheme(binding: &Binding, was: &str, registry: &str) -> Error {
    let message = format!(
        "The rows of {} are ordered as those of {}, and changes of {} come ordered as those of {}: which is newer cannot \
         be told. Set source.decoder and source.version as before (for the rows of an export, source.version names the \
         decoder of the stream), or give the route another `to`; to start afresh, drop the table and its line in \
         {registry}.",
        binding.target.qualified(),
        was.chars().next().map_or("nothing", scheme_name),
        binding.target.sources(),
        scheme_name(binding.scheme),
    );
    Error::fault(Code::OtherScheme, message)
}

/// Whether the changes are of the source, the key and the order with which the target was prepared; not so when they
/// tell more of their source than was known, or begin a new epoch, and the registry must be asked.
///
/// # Errors
/// When they are of others.
pub(super) fn check_binding(new: &Binding, known: &Binding) -> Result<bool> {
    let registered = Registered {
        source: known.target.source.clone(),
        key_names: known.key_names.clone(),
        scheme: known.scheme.to_string(),
        epoch: i32::from(known.epoch),
        view_sql: None,
        view_definition: None,
        identity: Some(known.source.as_str().to_owned()),
        key_types: None,
        format: None,
    };
    check_registered(new, &registered, REGISTRY)?;
    Ok(new.epoch == known.epoch && known.source.with(&new.source) == known.source)
}

/// An answer of the database about one target does not stop the others; one about the connection does.
pub(super) fn of_table(error: Error) -> Error {
    let is_of_connection = |state: &str| ["08", "28", "3D"].iter().any(|class| state.starts_with(class));
    match error.sqlstate() {
        Some(state) if is_of_connection(state) => error,
        Some(_) => error.of_table(),
        None if error.kind() == ErrorKind::Schema || error.code() == Code::LostObject => error.of_table(),
        None => error,
    }
}

pub(super) fn warn_old_registry(sql: &str) {
    tracing::warn!(
        statement = sql,
        "The registry was made by an earlier version and cannot remember which source fills a target, so that two \
         sources with a table of one name are told apart within a process only. Run the statement."
    );
}
