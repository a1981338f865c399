//! Statements as they run: the text, and what stands for its placeholders.

use super::PlannedRow;
use super::encode::Encoded;
use crate::event::Timestamp;
use crate::json::Value;
use std::borrow::Cow;

/// A statement and what it is run with.
#[derive(Debug, Clone)]
pub struct Statement<'r> {
    /// Its text.
    pub sql: String,
    /// What stands for its placeholders, in their order.
    pub parameters: Vec<Parameter<'r>>,
    /// The changes that it is run for, as the schedule counts them.
    pub changes: Vec<usize>,
}

/// What stands for a placeholder.
#[derive(Debug, Clone)]
pub enum Parameter<'r> {
    /// A text, or null.
    Text(Option<Cow<'r, str>>),
    /// A JSON text, or null.
    Json(Option<Cow<'r, str>>),
    /// True or false.
    Bool(bool),
    /// A whole number, or null.
    Number(Option<i64>),
    /// A moment, or null.
    Moment(Option<Timestamp>),
    /// A member of a key, as a value of whatever type its column has.
    Member(Value),
    /// An array.
    List(Vec<Parameter<'r>>),
}

impl<'r> Parameter<'r> {
    pub(super) fn text(text: &'r str) -> Self {
        Self::Text(Some(text.into()))
    }

    fn into_owned(self) -> Parameter<'static> {
        let owned = |text: Option<Cow<'r, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        match self {
            Self::Text(text) => Parameter::Text(owned(text)),
            Self::Json(text) => Parameter::Json(owned(text)),
            Self::Bool(value) => Parameter::Bool(value),
            Self::Number(value) => Parameter::Number(value),
            Self::Moment(at) => Parameter::Moment(at),
            Self::Member(value) => Parameter::Member(value),
            Self::List(elements) => Parameter::List(elements.into_iter().map(Self::into_owned).collect()),
        }
    }
}

/// A text, and every time that it would be run.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The text.
    pub sql: String,
    /// For each time what stands for its placeholders.
    pub runs: Vec<Vec<Parameter<'static>>>,
    /// The changes that it is run for, as the schedule counts them.
    pub changes: Vec<usize>,
}

impl Preview {
    pub(super) fn once(statement: Statement<'_>) -> Self {
        let Statement { sql, parameters, changes } = statement;
        Self { sql, runs: vec![parameters.into_iter().map(Parameter::into_owned).collect()], changes }
    }

    /// Of statements with one text. Nothing for none.
    pub(super) fn each<'r>(statements: impl IntoIterator<Item = Statement<'r>>) -> Option<Self> {
        statements.into_iter().map(Self::once).reduce(|mut all, next| {
            all.runs.extend(next.runs);
            all.changes.extend(next.changes);
            all
        })
    }
}

/// A row whose documents are as the database can hold them.
#[derive(Debug, Clone)]
pub struct EncodedRow<'r> {
    /// The row.
    pub row: &'r PlannedRow,
    /// What of its documents goes where.
    pub encoded: Encoded<'r>,
}

impl EncodedRow<'_> {
    /// What it has for a column of the table.
    pub(super) fn value(&self, column: &str) -> Parameter<'_> {
        match column {
            "key" => Parameter::text(&self.row.key),
            "pk" => Parameter::Json(Some(Cow::Borrowed(&self.encoded.pk))),
            "data" => Parameter::Json(self.encoded.data.as_deref().map(Cow::Borrowed)),
            "aux" => Parameter::Json(Some(Cow::Borrowed(&self.encoded.aux))),
            "version" => Parameter::text(&self.row.version),
            "deleted" => Parameter::Bool(self.row.deleted),
            _ => Parameter::Moment(self.row.changed_at),
        }
    }
}
