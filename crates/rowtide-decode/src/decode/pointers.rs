//! Where records of one's own hold what.

/// Where records of one's own hold what: JSON Pointers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pointers {
    /// The table's name; without it all records are of `source.table`.
    pub table: Option<String>,
    /// The key's members, each named as the last part of its pointer.
    pub key: Vec<String>,
    /// The operation; without it every record is a put.
    pub operation: Option<String>,
    /// What orders the changes of a key.
    pub version: Option<String>,
    /// The row after the change; without it the record itself.
    pub document: Option<String>,
}
