//! Where changes go.

use crate::event::hex;
use crate::policy::{DataLayout, DeletePolicy, OnConfigError, Truncate};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Longest identifier of PostgreSQL in bytes, and how much of a longer one is kept before the digest.
const NAME_MAX: usize = 63;
const NAME_KEPT: usize = 54;

/// One source table's place in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The source table, as the source names it; [`MERGED`] when there are several.
    pub source: String,
    /// The schema of view and storage table.
    pub schema: String,
    /// The view people query.
    pub name: String,
    /// The storage table.
    pub storage: String,
    /// What a delete leaves.
    pub delete: DeletePolicy,
    /// Whether a truncate of the source removes what is older.
    pub truncate: Truncate,
    /// What becomes of records that show a fault of its configuration.
    pub on_config_error: OnConfigError,
    /// The schema of rowtide's own tables.
    pub home: String,
    /// Fields of the document that the view shows as typed columns: name and type as configured.
    pub types: BTreeMap<String, String>,
    /// CrateDB: how the document is kept.
    pub data: DataLayout,
    /// CrateDB: the most columns of one object.
    pub columns_per_object: u32,
    /// CrateDB: the most columns of the table.
    pub columns_max: u32,
    /// Where its changes are archived, with the places not yet filled.
    pub archive: Option<String>,
}

/// The tables that rowtide keeps for itself, in every target's [`Target::home`]: what fills which target.
pub const REGISTRY: &str = "rowtide_targets";
/// Parked records.
pub const DEAD_LETTERS: &str = "rowtide_dead_letters";
/// What sources said of their tables.
pub const SCHEMAS: &str = "rowtide_schemas";
/// What truncates left.
pub const FLOORS: &str = "rowtide_floors";
/// What jobs keep: cursors, runs, claims.
pub const STATE: &str = "rowtide_state";

/// What stands for the source table of a target that several sources fill on purpose. No source has such a table.
pub const MERGED: &str = "*";

impl Target {
    /// Whether several sources fill it on purpose.
    #[must_use]
    pub fn is_merged(&self) -> bool {
        self.source == MERGED
    }

    /// What fills it, for people.
    #[must_use]
    pub fn sources(&self) -> &str {
        if self.is_merged() { "those of a route with merge = true" } else { &self.source }
    }

    /// The name that outputs and messages use: `schema.name`.
    #[must_use]
    pub fn qualified(&self) -> String {
        // a dot in a schema's name must not make two targets one
        if self.schema.contains('.') {
            return format!("\"{}\".{}", self.schema, self.name);
        }
        format!("{}.{}", self.schema, self.name)
    }
}

/// A name that the database can take: longer than 63 bytes, its first 54 bytes and 8 digits of its SHA-256.
#[must_use]
pub fn identifier(name: &str) -> String {
    if name.len() <= NAME_MAX {
        return name.to_owned();
    }
    let end = (0..=NAME_KEPT).rev().find(|&at| name.is_char_boundary(at)).unwrap_or(0);
    let digest = hex(&Sha256::digest(name));
    format!("{}_{}", name.get(..end).unwrap_or_default(), digest.get(..8).unwrap_or_default())
}
