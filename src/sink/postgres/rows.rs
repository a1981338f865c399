//! The rows of a statement as its parameters.

use crate::plan::Row;
use crate::sink::wire::moment;
use tokio_postgres::types::ToSql;

/// The rows of a statement as the columns it takes.
pub(super) struct Columns<'a> {
    key: Vec<&'a str>,
    // JSON goes as text: the server parses only the rows that are newer than what it has
    pk: Vec<&'a str>,
    data: Vec<Option<&'a str>>,
    aux: Vec<&'a str>,
    version: Vec<&'a str>,
    deleted: Vec<bool>,
    changed_at: Vec<Option<jiff::Timestamp>>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(rows: &[&'a Row]) -> Self {
        Self {
            key: rows.iter().map(|row| row.key.as_str()).collect(),
            pk: rows.iter().map(|row| row.pk.as_str()).collect(),
            data: rows.iter().map(|row| row.data.as_deref()).collect(),
            aux: rows.iter().map(|row| row.aux.as_str()).collect(),
            version: rows.iter().map(|row| row.version.as_str()).collect(),
            deleted: rows.iter().map(|row| row.deleted).collect(),
            changed_at: rows.iter().map(|row| moment(row.changed_at)).collect(),
        }
    }

    pub(super) fn parameters(&self) -> [&(dyn ToSql + Sync); 7] {
        [&self.key, &self.pk, &self.data, &self.aux, &self.version, &self.deleted, &self.changed_at]
    }

    pub(super) fn patch_parameters<'p>(
        &'p self,
        base_versions: &'p (dyn ToSql + Sync),
    ) -> [&'p (dyn ToSql + Sync); 7] {
        [&self.key, &self.pk, &self.data, &self.aux, &self.version, base_versions, &self.changed_at]
    }
}
