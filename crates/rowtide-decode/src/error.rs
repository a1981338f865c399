//! What can go wrong, and what is to be done about it. Knows no source, no SQL text and no Lambda.

mod code;

pub use code::Code;

use std::error::Error as StdError;

/// Something that went wrong, written for the person who has to act on it.
///
/// Callers branch on [`Error::kind`], [`Error::disposition`] and [`Error::code`], never on the text. The text names
/// settings, files, positions, tables and columns; it never holds a secret or a row value.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Inner>);

#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Inner {
    kind: ErrorKind,
    code: Code,
    message: String,
    sqlstate: Option<String>,
    row: Option<(String, Option<String>)>,
    /// Canonical text of the identity of the row's source.
    row_source: Option<String>,
    is_of_table: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// Names that somebody sends may be of any length; a message is for a person, and there may be one for every row.
const MESSAGE_BYTES_MAX: usize = 4_000;

fn shortened(mut message: String) -> String {
    if message.len() > MESSAGE_BYTES_MAX {
        let end = (0..=MESSAGE_BYTES_MAX).rev().find(|&at| message.is_char_boundary(at)).unwrap_or_default();
        message.truncate(end);
        message.push('…');
        message.shrink_to_fit();
    }
    message
}

/// The kinds that somebody reports, counts or treats differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The record cannot be understood: not JSON, no key, out of range.
    Malformed,
    /// The record is understood but is of a form that cannot be applied.
    Unsupported,
    /// The database refuses this row (SQLSTATE classes 22 and 23, P0001, 44000, 54000, 54001).
    Rejected,
    /// Somebody else holds what the statement needs (class 40, 55P03).
    Contended,
    /// The database cannot be reached or cannot work now (08, 53, 57, 25006, I/O, a deadline).
    Unavailable,
    /// A setting, a source or a grant must be changed by a person.
    Config,
    /// The database's objects are not what the route needs (28, 3D, 3F, other 42, any error of a DDL statement).
    Schema,
}

/// What is done about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// Stored in the dead-letter table; the stream goes on.
    Park,
    /// Tried again within the remaining time, then reported.
    Retry,
    /// The invocation fails: a person must act.
    Abort,
}

impl ErrorKind {
    /// What is done about an error of this kind.
    #[must_use]
    pub fn disposition(self) -> Disposition {
        match self {
            Self::Malformed | Self::Unsupported | Self::Rejected => Disposition::Park,
            Self::Contended | Self::Unavailable => Disposition::Retry,
            Self::Config | Self::Schema => Disposition::Abort,
        }
    }
}

impl Error {
    /// An error of `kind` with a stable `code` and a message for a person.
    #[must_use]
    pub fn new(kind: ErrorKind, code: Code, message: impl Into<String>) -> Self {
        let inner = Inner {
            kind,
            code,
            message: shortened(message.into()),
            sqlstate: None,
            row: None,
            row_source: None,
            is_of_table: false,
            source: None,
        };
        Self(Box::new(inner))
    }

    /// A record that can never be applied: `code` is what the dead letter will say.
    #[must_use]
    pub fn poison(code: Code, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Malformed, code, message)
    }

    /// A setting or a source that a person must change.
    #[must_use]
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, Code::Configuration, message)
    }

    /// A setting that a person must change, of one source table or of one producer of records. It does not stop the
    /// others. `code`, one that [is a fault](Code::is_fault), is what a dead letter will say.
    #[must_use]
    pub fn fault(code: Code, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, code, message).of_table()
    }

    /// The same error, which concerns one source table alone.
    #[must_use]
    pub fn of_table(mut self) -> Self {
        self.0.is_of_table = true;
        self
    }

    /// Whether it is a fault of the configuration of one source table or producer: records of others can be applied.
    #[must_use]
    pub fn is_fault_of_table(&self) -> bool {
        self.0.is_of_table && self.disposition() == Disposition::Abort
    }

    /// Whether nothing is lost while the invocation fails for it: a setting of the whole source, or an object or a
    /// grant in the database. When somebody has mended that, every record is applied. What a record itself shows does
    /// not go away by waiting.
    #[must_use]
    pub fn can_wait(&self) -> bool {
        let goes_away = [Code::LostObject, Code::LowerEpoch, Code::MissingObject, Code::OtherScheme]
            .contains(&self.code());
        self.sqlstate().is_some() || goes_away
    }

    /// Attaches the error that caused this one.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Attaches the SQLSTATE the database answered with; never one that no database said.
    #[must_use]
    pub fn with_sqlstate(mut self, sqlstate: &str) -> Self {
        self.0.sqlstate = Some(sqlstate.to_owned());
        self
    }

    /// Says whose change it concerns: the source table and, where it could be read, the canonical key. What is known
    /// already stays.
    #[must_use]
    pub fn about(mut self, table: &str, key: Option<&str>) -> Self {
        let (_, known) = self.0.row.get_or_insert_with(|| (table.to_owned(), None));
        if known.is_none() {
            *known = key.map(str::to_owned);
        }
        self
    }

    /// Says which source that table is of: the canonical text of its identity. What was said first counts.
    #[must_use]
    pub fn of_source(mut self, identity: &str) -> Self {
        self.0.row_source.get_or_insert_with(|| identity.to_owned());
        self
    }

    /// The identity of the source that it concerns; empty where that is not known.
    #[must_use]
    pub fn source_identity(&self) -> &str {
        self.0.row_source.as_deref().unwrap_or_default()
    }

    /// The source table that it concerns, where that is known.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        self.0.row.as_ref().map(|(table, _)| table.as_str())
    }

    /// The canonical key of the row that it concerns, where that is known.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.0.row.as_ref()?.1.as_deref()
    }

    /// Says more, behind what is said already.
    #[must_use]
    pub fn with_hint(mut self, hint: &str) -> Self {
        self.0.message.extend([" ", hint]);
        self
    }

    /// The kind, to branch on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What is to be done about it.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.0.kind.disposition()
    }

    /// What happened, in a word; dead letters carry it.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The SQLSTATE, when a database answered.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        self.0.sqlstate.as_deref()
    }

    /// The message without its causes.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an error that PostgreSQL answered to a statement that writes rows.
///
/// Unknown states are [`ErrorKind::Config`]: a person looks before anything is parked or lost.
/// Source: PostgreSQL documentation, appendix "PostgreSQL Error Codes".
#[must_use]
pub fn classify_sqlstate(sqlstate: &str) -> ErrorKind {
    let class = sqlstate.get(..2).unwrap_or_default();
    match (class, sqlstate) {
        (_, "25006") => ErrorKind::Unavailable,
        (_, "55P03") | ("40", _) => ErrorKind::Contended,
        (_, "P0001" | "44000" | "54000" | "54001") | ("22" | "23", _) => ErrorKind::Rejected,
        ("08" | "53" | "57", _) => ErrorKind::Unavailable,
        ("28" | "3D" | "3F" | "42", _) => ErrorKind::Schema,
        _ => ErrorKind::Config,
    }
}

/// CrateDB's word for a column that another worker added at the same time.
pub const COLUMN_EXISTS: &str = "the column is there already";
/// CrateDB's word for a table with as many columns as it may have.
pub const NO_ROOM: &str = "the table has no room for another column";

/// What CrateDB says when it means what PostgreSQL has a SQLSTATE for: nearly everything is XX000, and only the message
/// tells. Each with its kind and with words that may be repeated; the message itself quotes values.
const CRATEDB_MESSAGES: &[(&str, ErrorKind, &str)] = &[
    ("disk usage exceeded flood-stage", ErrorKind::Unavailable, "its disk is full"),
    ("READ_DELETE_ONLY", ErrorKind::Unavailable, "its disk is full"),
    ("primary shard is not active", ErrorKind::Unavailable, "a shard has no primary now"),
    ("Timeout", ErrorKind::Unavailable, "it ran out of time"),
    ("breaker", ErrorKind::Unavailable, "its memory is full"),
    ("Data too large", ErrorKind::Unavailable, "its memory is full"),
    ("rejected execution", ErrorKind::Unavailable, "its queues are full"),
    ("Job killed", ErrorKind::Unavailable, "the statement was killed"),
    ("Job canceled", ErrorKind::Unavailable, "the statement was cancelled"),
    ("statement_timeout", ErrorKind::Unavailable, "the statement ran out of time"),
    ("Statement canceled", ErrorKind::Unavailable, "the statement was cancelled"),
    ("no known master", ErrorKind::Unavailable, "the cluster has no master"),
    ("no master", ErrorKind::Unavailable, "the cluster has no master"),
    ("state not recovered", ErrorKind::Unavailable, "the cluster is starting"),
    ("version conflict", ErrorKind::Contended, "another statement wrote the row"),
    (
        "maximum shards open",
        ErrorKind::Schema,
        "the cluster has as many shards as it may have (cluster.max_shards_per_node)",
    ),
    ("Missing '", ErrorKind::Schema, "the user lacks a privilege"),
    ("doesn't support or allow", ErrorKind::Schema, "the table is blocked for writing, or is none"),
    ("read-only schema", ErrorKind::Schema, "the schema is the server's own"),
    (
        "statement_max_length",
        ErrorKind::Schema,
        "a statement is longer than it takes (statement_max_length, which must be 262144 or more)",
    ),
    ("Relation name \"", ErrorKind::Schema, "it takes no such name for a table or a schema"),
    ("to strict object", ErrorKind::Rejected, "a member has no column"),
    ("Cannot add column", ErrorKind::Rejected, "a member has no column"),
    ("Cannot cast", ErrorKind::Rejected, "a value does not fit its column"),
    ("already exists with type", ErrorKind::Rejected, "a value does not fit its column"),
    ("already has a column named", ErrorKind::Contended, COLUMN_EXISTS),
    ("exceeds allowed range", ErrorKind::Rejected, "a number is out of range"),
    ("contains a dot", ErrorKind::Rejected, "a member's name cannot be a column's"),
    ("subscript pattern", ErrorKind::Rejected, "a member's name cannot be a column's"),
    ("immense term", ErrorKind::Rejected, "a text is too long"),
    ("Cannot detect the type", ErrorKind::Rejected, "a number is too long"),
    ("can not write type", ErrorKind::Rejected, "a number is too long"),
    ("Limit of total columns", ErrorKind::Rejected, NO_ROOM),
    ("must not be null", ErrorKind::Rejected, "a column must not be null"),
    ("must not be NULL", ErrorKind::Rejected, "a column must not be null"),
    ("Failed CONSTRAINT", ErrorKind::Rejected, "a constraint of the table"),
    ("' unknown", ErrorKind::Schema, "a table or a schema is missing, or the privilege to see it"),
    ("Mixed dataTypes", ErrorKind::Rejected, "an array holds several kinds"),
];

/// The kind of an error that CrateDB answered, and words for it that hold no value. What nobody knows is tried again:
/// a record that is refused for ever would be reported, and nothing is lost.
///
/// Source: observed on CrateDB 6.3.6.
#[must_use]
pub fn classify_cratedb(sqlstate: &str, message: &str) -> (ErrorKind, &'static str) {
    if let Some((_, kind, words)) = CRATEDB_MESSAGES.iter().find(|(part, _, _)| message.contains(part)) {
        return (*kind, words);
    }
    match sqlstate {
        "23505" => (ErrorKind::Contended, "the row is there already"),
        "42P01" => (ErrorKind::Schema, "a table is missing"),
        "42703" => (ErrorKind::Schema, "a column is missing"),
        "42P07" => (ErrorKind::Schema, "the table is there already"),
        "3F000" => (ErrorKind::Schema, "the schema is missing"),
        _ if sqlstate.starts_with("28") => {
            (ErrorKind::Schema, "it refuses the login or the user lacks a privilege")
        }
        _ if sqlstate.starts_with("42") => (ErrorKind::Schema, "it does not understand the statement"),
        "0A000" => (ErrorKind::Schema, "it does not know a function or a feature"),
        _ => (ErrorKind::Unavailable, "it answered something unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::{ErrorKind, classify_cratedb, classify_sqlstate};

    #[test]
    fn every_message_of_cratedb_that_we_name_has_its_kind() {
        let table = [
            (
                "XX000",
                "Cannot cast object element `n` with value `abc` to type `double precision`",
                ErrorKind::Rejected,
            ),
            ("XX000", "Column n already exists with type text", ErrorKind::Rejected),
            ("XX000", "Cannot add column `zzz` to strict object `data`", ErrorKind::Rejected),
            (
                "XX000",
                "Value 9223372036854775807 exceeds allowed range for column of type bigint",
                ErrorKind::Rejected,
            ),
            ("XX000", "\"a.b\" contains a dot", ErrorKind::Rejected),
            (
                "XX000",
                "conflicts with subscript pattern, square brackets are not allowed",
                ErrorKind::Rejected,
            ),
            ("XX000", "Document contains at least one immense term in field=\"x\"", ErrorKind::Rejected),
            ("XX000", "Cannot detect the type of the value: 123456789012345680000", ErrorKind::Rejected),
            ("XX000", "can not write type [class java.math.BigInteger]", ErrorKind::Rejected),
            ("XX000", "Limit of total columns [1000] in table [doc.t] exceeded", ErrorKind::Rejected),
            ("XX000", "primary shard is not active Timeout: [1m]", ErrorKind::Unavailable),
            ("XX000", "[parent] Data too large, circuit breaker", ErrorKind::Unavailable),
            ("XX000", "rejected execution of task", ErrorKind::Unavailable),
            ("XX000", "Job killed. statement_timeout (100ms)", ErrorKind::Unavailable),
            ("XX000", "no known master node", ErrorKind::Unavailable),
            (
                "XX000",
                "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];",
                ErrorKind::Unavailable,
            ),
            (
                "XX000",
                "blocked by: [RELATION_READ_DELETE_ONLY/12/index read-only / allow delete (api)];",
                ErrorKind::Unavailable,
            ),
            ("XX000", "The relation \"doc.t\" doesn't support or allow INSERT operations", ErrorKind::Schema),
            ("XX000", "Cannot create relation in read-only schema: sys", ErrorKind::Schema),
            (
                "XX000",
                "Statement exceeds `statement_max_length` (262144 allowed, 270766 provided). Try replacing inline \
                 values with parameter placeholders (`?`)",
                ErrorKind::Schema,
            ),
            ("XX000", "Relation name \"a b.t\" is invalid.", ErrorKind::Schema),
            ("XX000", "Missing 'DML' privilege for user 'stranger'", ErrorKind::Schema),
            ("XX000", "this cluster currently has [1000]/[1000] maximum shards open", ErrorKind::Schema),
            ("XX000", "something that nobody has seen", ErrorKind::Unavailable),
            ("23505", "A document with the same primary key exists already", ErrorKind::Contended),
            ("42P01", "Relation 'nope' unknown", ErrorKind::Schema),
            ("42703", "Column nope unknown", ErrorKind::Schema),
            ("XX000", "Failed CONSTRAINT small CHECK (\"v\" < 10) for values: [b]", ErrorKind::Rejected),
            ("XX000", "\"n\" must not be null", ErrorKind::Rejected),
            ("XX000", "Schema 'doc' unknown", ErrorKind::Schema),
            ("28000", "password authentication failed for user \"x\"", ErrorKind::Schema),
        ];
        for (sqlstate, message, kind) in table {
            assert_eq!(classify_cratedb(sqlstate, message).0, kind, "{sqlstate} {message}");
        }
    }

    #[test]
    fn every_sqlstate_class_we_name_has_its_kind() {
        let table = [
            ("22P05", ErrorKind::Rejected),
            ("22003", ErrorKind::Rejected),
            ("23505", ErrorKind::Rejected),
            ("23514", ErrorKind::Rejected),
            ("P0001", ErrorKind::Rejected),
            ("44000", ErrorKind::Rejected),
            ("54000", ErrorKind::Rejected),
            ("54001", ErrorKind::Rejected),
            ("54023", ErrorKind::Config),
            ("08006", ErrorKind::Unavailable),
            ("53100", ErrorKind::Unavailable),
            ("53300", ErrorKind::Unavailable),
            ("57014", ErrorKind::Unavailable),
            ("57P01", ErrorKind::Unavailable),
            ("25006", ErrorKind::Unavailable),
            ("25001", ErrorKind::Config),
            ("40001", ErrorKind::Contended),
            ("40P01", ErrorKind::Contended),
            ("55P03", ErrorKind::Contended),
            ("55000", ErrorKind::Config),
            ("28P01", ErrorKind::Schema),
            ("3D000", ErrorKind::Schema),
            ("3F000", ErrorKind::Schema),
            ("42501", ErrorKind::Schema),
            ("42P01", ErrorKind::Schema),
            ("21000", ErrorKind::Config),
            ("XX000", ErrorKind::Config),
            ("", ErrorKind::Config),
        ];
        for (sqlstate, kind) in table {
            assert_eq!(classify_sqlstate(sqlstate), kind, "{sqlstate}");
        }
    }
}
