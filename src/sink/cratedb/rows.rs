//! Rows as they are sent to CrateDB, and as they come back.

use super::errors::read;
use crate::error::{Error, Result};
use crate::json::Value;
use crate::plan::cratedb::{State, with_plain_numbers, without_named_lists};
use crate::plan::{EncodedRow, Layout};
use crate::sink::targets::{Base, PreparedTarget, refused, unfit_key};
use tokio_postgres::types::{FromSql, Type};

/// A row as it is sent.
pub(super) struct Sent<'r> {
    pub(super) index: usize,
    pub(super) row: EncodedRow<'r>,
    /// What the answer names it by.
    pub(super) identity: String,
}

impl<'r> Sent<'r> {
    pub(super) fn new(index: usize, row: EncodedRow<'r>, layout: Layout) -> Self {
        let identity = match layout {
            Layout::Managed => row.row.key.clone(),
            Layout::Adopted { .. } => identity_of(&row.encoded.pk),
        };
        Self { index, row, identity }
    }

    /// About how many bytes it is in a statement.
    pub(super) fn bytes(&self) -> usize {
        let encoded = &self.row.encoded;
        let data = encoded.data.as_ref().map_or(0, |data| data.len());
        self.row.row.key.len() + encoded.pk.len() + data + encoded.aux.len()
    }

    /// Why an existing table cannot take the row; `None` when it can.
    pub(super) fn rejection(&self, prepared: &PreparedTarget) -> Option<Error> {
        match prepared.layout {
            // pk is the identity: it must hold every member of the key
            Layout::Adopted { .. } if self.row.encoded.lacks_key() => Some(unfit_key()),
            // nothing is dropped in silence
            Layout::Adopted { aux: false, .. } if self.row.encoded.aux != "{}" => Some(refused(
                "The document holds what the columns of data in the existing table cannot. Add a column \
                 `aux object(ignored)` to it.",
            )),
            Layout::Adopted { .. } | Layout::Managed => None,
        }
    }
}

/// A key's document as one text, however the server writes numbers and orders members.
pub(super) fn identity_of(pk: &str) -> String {
    match Value::parse(pk).map(with_plain_numbers) {
        Ok(Value::Object(mut members)) => {
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members).to_text()
        }
        _ => pk.to_owned(),
    }
}

/// What a patch rests on, and the state in which it was read.
pub(super) fn read_base(row: &tokio_postgres::Row, layout: Layout) -> Result<(Base, State)> {
    read(|| {
        let (pk, data): (Option<Json>, Option<Json>) = (row.try_get(0)?, row.try_get(1)?);
        let aux: Option<Json> = row.try_get(2)?;
        let base = Base {
            pk: pk.map_or_else(|| "{}".to_owned(), |pk| pk.0),
            data: data.map(|data| plain(&data.0)),
            aux: match (aux, layout) {
                (None, _) => "{}".to_owned(),
                (Some(aux), Layout::Managed) => aux.0,
                (Some(aux), Layout::Adopted { .. }) => without_named_lists(&plain(&aux.0)),
            },
            version: row.try_get::<_, Option<String>>(3)?.unwrap_or_default(),
            deleted: row.try_get::<_, Option<bool>>(4)?.unwrap_or_default(),
        };
        Ok((base, State { sequence: row.try_get(5)?, term: row.try_get(6)? }))
    })
}

/// The document with its numbers as they came.
pub(super) fn plain(text: &str) -> String {
    Value::parse(text).map_or_else(|_| text.to_owned(), |value| with_plain_numbers(value).to_text())
}

/// A JSON text as it is read.
#[derive(Debug, Clone)]
pub(super) struct Json(pub(super) String);

impl<'a> FromSql<'a> for Json {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        let raw = if *ty == Type::JSONB { raw.get(1..).unwrap_or_default() } else { raw };
        Ok(Self(std::str::from_utf8(raw)?.to_owned()))
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::JSON | Type::JSONB)
    }
}
