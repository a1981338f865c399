//! What is read of a source: tables, parts of them, pages of rows.

use crate::error::{Code, Error, ErrorKind};
use crate::source::SourceIdentity;
use serde::{Deserialize, Serialize};

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
        if self.schema.is_empty() { self.table.clone() } else { format!("{}.{}", self.schema, self.table) }
    }
}

/// A table.
pub(super) struct Described {
    /// As its stream names it.
    pub(super) name: String,
    pub(super) source: SourceIdentity,
    /// The columns of its key; none where nobody tells.
    pub(super) key: Vec<String>,
    /// The columns and their types in the source's words.
    pub(super) columns: Vec<(String, String)>,
    pub(super) form: Form,
}

/// What the records of a table are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// Rows with columns, for the decoder `snapshot`.
    Rows,
    /// Items of a table of DynamoDB, for the decoder of its exports.
    #[cfg(feature = "dynamodb")]
    Items {
        /// The table's name in AWS.
        arn: String,
        /// The attributes of the key and their types.
        types: Vec<(String, String)>,
    },
}

/// A part of a table: what is behind a key and up to another, by the texts of their columns. Of a table of DynamoDB it
/// is a segment: its number and how many there are, in the place of `until`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Range {
    pub(super) after: Option<Vec<String>>,
    pub(super) until: Option<Vec<String>>,
}

impl Range {
    /// The ranges between some keys, which are in order: they follow one another and leave nothing out.
    pub(super) fn between(mut bounds: Vec<Vec<String>>) -> Vec<Self> {
        bounds.dedup();
        let mut after = None;
        let mut ranges = Vec::new();
        for bound in bounds {
            ranges.push(Self { after: after.replace(bound.clone()), until: Some(bound) });
        }
        ranges.push(Self { after, until: None });
        ranges
    }
}

/// A page ends behind the row with which it has so many bytes: a few of them are held at a time.
pub(super) const PAGE_BYTES: usize = 2 * 1024 * 1024;
/// Rows of a page: as many as one batch of the flow takes well.
pub(super) const PAGE_ROWS: usize = 10_000;

/// Rows, each a JSON object in a line.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) lines: String,
    pub(super) rows: usize,
    /// Where the rows behind these begin; none where nobody can go on from here.
    pub(super) after: Option<Vec<String>>,
}

/// The error of a place to go on from that is none of this table.
pub(super) fn bad_cursor(table: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        Code::Configuration,
        format!(
            "The key of {table} is another than when its snapshot began: it cannot be gone on with. Begin a new one, \
             without --resume."
        ),
    )
}

/// What reads a table ended without saying that there are no more rows.
pub(super) fn broke_off() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        Code::Unavailable,
        "What reads the source ended before the last row. A panic of it is told above.",
    )
}

/// Members of a row could not be told apart.
pub(super) fn two_of_one_name(table: &str, column: &str) -> Error {
    Error::config(format!(
        "Two columns of {table} are called {column}: give one of them another name in the query."
    ))
}

/// A key that is configured names a column that there is not.
pub(super) fn no_such_key(table: &str, missing: &str, types: &[(String, String)]) -> Error {
    let names: Vec<&str> = types.iter().map(|(name, _)| name.as_str()).collect();
    Error::config(format!(
        "{table} has no column {missing}, which its `key` names. It has: {}.",
        names.join(", ")
    ))
}
