//! What is read of a source: tables, parts of them, pages of rows.

use super::source::Plan;
use crate::source::SourceIdentity;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A table that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableName {
    pub(super) schema: String,
    pub(super) table: String,
    /// Whether its schema is the one that need not be named.
    pub(super) is_current: bool,
    /// Whether no pattern means it: a partition, a view.
    pub(super) is_hidden: bool,
}

impl TableName {
    /// As its stream names it.
    pub(super) fn named(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }
}

/// A table, and how it is read.
pub(super) struct Described {
    /// As its stream names it.
    pub(super) name: String,
    pub(super) source: SourceIdentity,
    /// The columns of its key; none where nobody tells.
    pub(super) key: Vec<String>,
    /// The columns and their types in the source's words.
    pub(super) columns: Vec<(String, String)>,
    pub(super) plan: Arc<Plan>,
}

/// A part of a table: what is behind a key and up to another, by the texts of their columns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Range {
    pub(super) after: Option<Vec<String>>,
    pub(super) until: Option<Vec<String>>,
}

/// Rows, each a JSON object in a line.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) lines: String,
    pub(super) rows: usize,
    /// Where the rows behind these begin; none where nobody can go on from here.
    pub(super) after: Option<Vec<String>>,
}
