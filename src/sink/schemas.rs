//! What sources said of their tables, as the databases keep it.

use crate::catalogue::TableSchema;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::route::SCHEMAS;
use tokio_postgres::types::ToSql;

fn unreadable() -> Error {
    let message =
        format!("A line of {SCHEMAS} is not as rowtide wrote it: delete it, and the source says it again.");
    Error::new(ErrorKind::Schema, Code::BadSchemaLine, message)
}

/// A line of that table.
pub(super) struct Line {
    /// Of a table, with its source.
    name: String,
    key: Vec<String>,
    /// As JSON.
    columns: String,
    observed_at: String,
}

impl Line {
    /// As both databases answer.
    pub(super) fn read(row: &tokio_postgres::Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            name: row.try_get(0)?,
            key: row.try_get(1)?,
            columns: row.try_get(2)?,
            observed_at: row.try_get(3)?,
        })
    }

    /// The line that remembers `schema`.
    pub(super) fn of(schema: &TableSchema) -> Result<Self> {
        let columns = serde_json::to_string(&schema.columns).map_err(|_| unreadable())?;
        let (key, observed_at) = (schema.key.clone(), schema.observed_at.clone());
        Ok(Self { name: schema.kept_as(), key, columns, observed_at })
    }

    pub(super) fn parameters(&self) -> [&(dyn ToSql + Sync); 4] {
        [&self.name, &self.key, &self.columns, &self.observed_at]
    }

    /// What it says.
    pub(super) fn schema(self) -> Result<TableSchema> {
        let (table, source) = TableSchema::of_kept(&self.name);
        let columns = serde_json::from_str(&self.columns).map_err(|_| unreadable())?;
        Ok(TableSchema { table, source, key: self.key, columns, observed_at: self.observed_at })
    }
}
