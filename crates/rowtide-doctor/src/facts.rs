//! What the rules are told beside the files: the configuration, and what was found out about the database.

use std::fmt;
use std::sync::Arc;

/// The names of a key by the name of its source table.
pub type KeyOf = Arc<dyn Fn(&str) -> Option<Vec<String>> + Send + Sync>;

/// What the routes make of a source table, by its name.
pub type RoutedAs = Arc<dyn Fn(&str) -> Routed + Send + Sync>;

/// What the routes make of a source table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Routed {
    /// One takes it, or leaves it out on purpose.
    Taken,
    /// None does; and the `from` of one that nearly does.
    Nowhere(Option<String>),
}

/// The variables of a function, by name.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The configuration, as far as the rules ask for it.
#[derive(Clone)]
pub struct Configured {
    /// Every setting. No secret is in it.
    pub settings: Vec<Setting>,
    /// The names of the variables that are settings.
    pub variables: Vec<String>,
    /// `sink.url` with its password; `None` when it is not set.
    pub sink_url: Option<String>,
    /// `sink.connections`.
    pub connections: i64,
    /// `sink.tombstone_retention`, in seconds.
    pub tombstone_retention: u64,
    /// The letter of the version scheme that `source.version` asks for; `None` when the records' decoder chooses it.
    pub scheme: Option<char>,
    /// `source.epoch`.
    pub epoch: u16,
    /// The names of the key that the route of a source table says, in byte order, with those that it adds; `None` when
    /// it says none.
    pub key_of: KeyOf,
    /// What the routes make of a source table.
    pub routed_as: RoutedAs,
    /// Whether a function with these variables fails an invocation as a whole; `None` when nobody can say.
    pub fails_whole: fn(Variables<'_>) -> Option<bool>,
}

impl fmt::Debug for Configured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // the URL has a password
        f.debug_struct("Configured").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A setting as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// `sink.ddl`; for a route `route.1.delete`.
    pub name: String,
    /// The value as text; empty when it is not set.
    pub value: String,
    /// The place that sets it; `default` when nobody does.
    pub origin: String,
}

impl Configured {
    /// A setting by its name.
    pub(super) fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }

    /// The value of a setting, a word of its documentation; empty when it is not set.
    pub(super) fn word(&self, name: &str) -> &str {
        self.setting(name).map_or("", |setting| setting.value.as_str())
    }
}

/// What was found out about a database.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// Its version, as it says it.
    pub version: String,
    /// Whether the connection is encrypted; `None` where the server does not say.
    pub encrypted: Option<bool>,
    /// The database's encoding, where it could be a wrong one.
    pub encoding: Option<String>,
    /// A replica, or a database in which nothing may be written.
    pub read_only: bool,
    /// How far the server's clock is ahead of this one, in milliseconds.
    pub clock_ahead_ms: i64,
    /// How many connections this user may have; `None` where that is not limited.
    pub connections_max: Option<i64>,
    /// The schemas that the routes lead to.
    pub schemas: Vec<SchemaFacts>,
    /// Rowtide's own tables and the targets'.
    pub tables: Vec<TableFacts>,
    /// The targets of the routes and of the registry.
    pub targets: Vec<TargetFacts>,
}

/// Something that may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privilege {
    /// To use a schema.
    Usage,
    /// To make tables and views in a schema.
    Create,
    /// To read.
    Select,
    /// To add rows.
    Insert,
    /// To change rows.
    Update,
    /// To remove rows.
    Delete,
}

/// A schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaFacts {
    /// Its name.
    pub name: String,
    /// Whether it is there, or needs not be.
    pub exists: bool,
    /// What is not allowed in it.
    pub lacks: Vec<Privilege>,
}

/// What a table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// The registry.
    Registry,
    /// Parked records.
    DeadLetters,
    /// What sources said of their tables.
    Schemas,
    /// What jobs keep.
    State,
    /// The rows of a target.
    Rows,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFacts {
    /// `schema.name`.
    pub name: String,
    /// What it is for.
    pub used_for: Use,
    /// Whether it is there.
    pub exists: bool,
    /// What of that which rowtide does with it is not allowed.
    pub lacks: Vec<Privilege>,
}

/// A target.
#[derive(Debug, Clone)]
pub struct TargetFacts {
    /// The source table.
    pub source: String,
    /// `schema.name`.
    pub name: String,
    /// What the registry says of it.
    pub registered: Option<RegisteredTarget>,
    /// Why rowtide will not write to what stands in its place.
    pub fault: Option<String>,
    /// An existing table without version columns: the last writer wins.
    pub unguarded: bool,
}

/// What the registry says of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredTarget {
    /// The source table that filled it.
    pub source: String,
    /// Names of the key's members.
    pub key_names: Vec<String>,
    /// Letter of the version scheme.
    pub scheme: String,
    /// The highest `source.epoch` so far.
    pub epoch: i32,
}
