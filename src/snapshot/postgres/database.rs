//! A database to read: its tables, what they are made of, and the statements that read them.

use super::value::{Column, Kind, Style, is_sent_by_debezium};
use crate::config::{Config, SnapshotTable};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::json;
use crate::plan::{fill, literal, quote};
use crate::sink::SourceServer;
use crate::snapshot::table::{Described, Form, TableName, no_such_key, two_of_one_name};
use crate::source::{Member, SourceIdentity};
use deadpool_postgres::Object;
use std::collections::HashSet;
use tokio_postgres::types::Type;

/// The letter of Debezium's scheme for this database.
const DEBEZIUM: char = 'p';
/// The letters of the schemes of its tables, by the decoders of their streams.
pub(in crate::snapshot) const SCHEMES: [(&str, char); 4] =
    [("debezium", DEBEZIUM), ("wal2json", 'w'), ("dms", 'm'), ("json", 'j')];

/// A database to read.
pub(in crate::snapshot) struct Postgres {
    server: SourceServer,
}

/// How a table is read.
pub(in crate::snapshot) struct Plan {
    pub(super) columns: Vec<Column>,
    /// What is asked for, by SQL.
    selected: Vec<String>,
    /// What the rows are taken from, by SQL.
    pub(super) rows: String,
    pub(super) filter: Option<String>,
    /// The columns of a unique key with their types, by SQL; none where rows have no order to go by.
    pub(super) order: Vec<(String, String)>,
    pub(super) chunk: u64,
}

impl Postgres {
    pub(in crate::snapshot) fn new(config: &Config, connections: usize) -> Result<Self> {
        Ok(Self { server: SourceServer::new(config, connections)? })
    }

    /// A connection whose session reads in the way that all of this relies on.
    pub(super) async fn client(&self, deadline: Deadline) -> Result<Object> {
        let client = self.server.client(deadline).await?;
        let session = include_str!("../../../sql/snapshot/postgres/session.sql");
        client.batch_execute(session).await.map_err(|error| SourceServer::error(&error))?;
        Ok(client)
    }

    /// The tables, views and partitions there are.
    pub(in crate::snapshot) async fn names(&self, deadline: Deadline) -> Result<Vec<TableName>> {
        let client = self.client(deadline).await?;
        let sql = include_str!("../../../sql/snapshot/postgres/relations.sql");
        let rows = client.query(sql, &[]).await.map_err(|error| SourceServer::error(&error))?;
        let name = |row: &tokio_postgres::Row| {
            let (schema, table): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            Ok(TableName { schema, table, is_current: row.try_get(2)?, is_hidden: row.try_get(3)? })
        };
        rows.iter().map(name).collect::<Result<_, _>>().map_err(|error| SourceServer::error(&error))
    }

    /// What a table, or a query, is made of.
    ///
    /// # Errors
    /// When it is not there or may not be read, or two of its columns have one name.
    pub(in crate::snapshot) async fn describe(
        &self,
        name: Option<&TableName>,
        table: &SnapshotTable,
        scheme: char,
        deadline: Deadline,
    ) -> Result<(Described, Plan)> {
        let style = Style::beside(scheme);
        let client = self.client(deadline).await?;
        let asked = |error: &tokio_postgres::Error| SourceServer::error(error).about(&table.name, None);
        let rows = match (name, &table.query) {
            (_, Some(query)) => format!("({query}\n)"),
            (Some(name), None) => name.sql(),
            (None, None) => return Err(Error::config("A snapshot needs a table or a query.")),
        };
        let sql = fill(include_str!("../../../sql/snapshot/postgres/columns.sql"), &[("rows", &rows)]);
        let statement = client.prepare(&sql).await.map_err(|error| asked(&error))?;
        let (mut order, mut key) = (Vec::new(), Vec::new());
        let (mut generated, mut domains) = (HashSet::new(), HashSet::new());
        if let Some(name) = name.filter(|_| table.query.is_none()) {
            let sql = include_str!("../../../sql/snapshot/postgres/key.sql");
            for row in client.query(sql, &[&name.sql()]).await.map_err(|error| asked(&error))? {
                let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
                let (column, of, is_told): (String, String, bool) =
                    read().map_err(|error: tokio_postgres::Error| asked(&error))?;
                order.push((format!("t.{}", quote(&column)), of));
                key.extend(is_told.then_some(column));
            }
            let (of_generated, of_domains) = (
                include_str!("../../../sql/snapshot/postgres/generated.sql"),
                include_str!("../../../sql/snapshot/postgres/domains.sql"),
            );
            generated = names_of(&client, of_generated, name).await.map_err(|error| asked(&error))?;
            domains = names_of(&client, of_domains, name).await.map_err(|error| asked(&error))?;
        }
        // what the stream does not send would vanish with the first change of the row
        let is_beside_debezium = scheme == DEBEZIUM && name.is_some() && table.query.is_none();
        let is_sent = |of: &Type, name: &str| !generated.contains(name) && is_sent_by_debezium(of);
        let mut left_out = Vec::new();
        let (mut columns, mut selected, mut types) = (Vec::new(), Vec::new(), Vec::new());
        for column in statement.columns() {
            let (of, name) = (column.type_(), column.name());
            if columns.iter().any(|other: &Column| other.name == name) {
                return Err(two_of_one_name(&table.name, name));
            }
            if is_beside_debezium && !is_sent(of, name) && !key.iter().any(|column| column == name) {
                left_out.push(name);
                continue;
            }
            // wal2json does not look below a domain
            let kind = match style == Style::Wal2json && domains.contains(name) {
                true => Kind::Text,
                false => Kind::of(of, column.type_modifier(), style),
            };
            let sql = format!("t.{}", quote(name));
            selected.push(kind.expression(of, &sql).unwrap_or(sql));
            columns.push(Column { member: format!("{}:", json::quoted(name)), name: name.to_owned(), kind });
            types.push((name.to_owned(), of.name().to_owned()));
        }
        if !left_out.is_empty() {
            tracing::warn!(
                table = table.name,
                columns = left_out.join(", "),
                "Columns that Debezium does not send are left out."
            );
        }
        if !table.key.is_empty() {
            key.clone_from(&table.key);
        }
        if let Some(missing) = key.iter().find(|name| !types.iter().any(|(column, _)| column == *name)) {
            return Err(no_such_key(&table.name, missing, &types));
        }
        let database = include_str!("../../../sql/snapshot/postgres/database.sql");
        let database = client.query_one(database, &[]).await.map_err(|error| asked(&error))?;
        let database: String = database.try_get(0).map_err(|error| asked(&error))?;
        let described = Described {
            name: table.name.clone(),
            source: SourceIdentity::of(&[(Member::Db, Some(&database))]),
            key,
            columns: types,
            form: Form::Rows,
        };
        let (filter, chunk) = (table.filter.clone(), table.chunk.unwrap_or(u64::MAX));
        Ok((described, Plan { columns, selected, rows, filter, order, chunk }))
    }
}

/// The columns of a table that a statement names.
async fn names_of(
    client: &Object,
    sql: &str,
    table: &TableName,
) -> Result<HashSet<String>, tokio_postgres::Error> {
    client.query(sql, &[&table.sql()]).await?.iter().map(|row| row.try_get(0)).collect()
}

impl TableName {
    /// The relation, by SQL.
    fn sql(&self) -> String {
        crate::plan::relation(&self.schema, &self.table)
    }
}

impl Plan {
    /// Whether any page can be the last.
    pub(super) fn is_paged(&self) -> bool {
        !self.order.is_empty()
    }

    /// The statement that reads the next rows of a part: those behind `after`, and up to `until`.
    pub(super) fn copy(&self, after: Option<&[String]>, until: Option<&[String]>) -> String {
        let keys = [after.map(|key| self.compared(">", key)), until.map(|key| self.compared("<=", key))];
        let conditions: Vec<String> =
            std::iter::once(self.condition()).chain(keys.into_iter().flatten()).collect();
        let columns: Vec<String> = self.selected.iter().cloned().chain(self.key_texts()).collect();
        let template = match self.is_paged() {
            true => include_str!("../../../sql/snapshot/postgres/copy_page.sql"),
            false => include_str!("../../../sql/snapshot/postgres/copy.sql"),
        };
        let (columns, conditions) = (columns.join(", "), conditions.join(" and "));
        let (order, limit) = (self.key_columns(), self.chunk.to_string());
        let places = [("columns", &columns), ("rows", &self.rows), ("conditions", &conditions)];
        let places = places.into_iter().chain([("order", &order), ("limit", &limit)]);
        fill(template, &places.map(|(name, text)| (name, text.as_str())).collect::<Vec<_>>())
    }

    /// Which rows are meant.
    pub(super) fn condition(&self) -> String {
        self.filter.as_ref().map_or_else(|| "true".to_owned(), |filter| format!("({filter}\n)"))
    }

    /// The columns that rows are ordered by.
    pub(super) fn key_columns(&self) -> String {
        self.order.iter().map(|(column, _)| column.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Their texts, which say where the next page begins.
    pub(super) fn key_texts(&self) -> impl Iterator<Item = String> {
        self.order.iter().map(|(column, _)| format!("{column}::text"))
    }

    /// The key of a row against the texts of another's.
    fn compared(&self, sign: &str, key: &[String]) -> String {
        let values = self.order.iter().zip(key).map(|((_, of), text)| format!("{}::{of}", literal(text)));
        format!("({}) {sign} ({})", self.key_columns(), values.collect::<Vec<_>>().join(", "))
    }
}
