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

    /// The same error with something more to say behind its message.
    #[must_use]
    pub fn and(mut self, more: &str) -> Self {
        let whole = self.0.message.trim_end_matches('.').len();
        self.0.message.truncate(whole);
        self.0.message.push_str(if more.starts_with('(') { " " } else { ". " });
        self.0.message.push_str(more.trim_end_matches('.'));
        self.0.message.push('.');
        self
    }

    /// This error, which concerns one source table alone.
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
