//! A database to read: its tables, what they are made of, and the statements that read them.

use super::value::{Column, Kind, Style, is_sent_by_debezium};
use crate::config::{Config, SnapshotTable};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::json;
use crate::plan::{fill, literal, quote};
use crate::sink::SourceServer;
use crate::snapshot::table::{Described, Form, TableName, broke_off, no_such_key, two_of_one_name};
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
    pub(super) order: Vec<KeyColumn>,
    /// Whether other tables inherit from it: it is read with their rows, which may have the same keys.
    pub(super) has_heirs: bool,
    pub(super) chunk: u64,
}

/// A column of the key, by SQL.
#[derive(Debug)]
pub(super) struct KeyColumn {
    column: String,
    /// Its type.
    of: String,
    collation: Option<String>,
}

/// A connection at work. Settings are those of a transaction: behind a pooler of transactions those of a session would
/// be somebody else's.
pub(super) struct Reading {
    client: Option<Object>,
    is_begun: bool,
}

impl Reading {
    pub(super) fn client(&self) -> Result<&Object> {
        self.client.as_ref().ok_or_else(broke_off)
    }

    /// Begins a transaction, unless there is one.
    pub(super) async fn begin(&mut self) -> Result<()> {
        if !self.is_begun {
            self.is_begun = true;
            self.run(include_str!("../../../sql/snapshot/postgres/begin.sql")).await?;
        }
        Ok(())
    }

    /// Ends it, so that nothing at the source waits for what is done with the rows.
    pub(super) async fn pause(&mut self) -> Result<()> {
        self.run("commit").await?;
        self.is_begun = false;
        Ok(())
    }

    /// Ends it and gives the connection back.
    pub(super) async fn end(mut self) -> Result<()> {
        self.pause().await
    }

    async fn run(&self, sql: &str) -> Result<()> {
        self.client()?.batch_execute(sql).await.map_err(|error| SourceServer::error(&error))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // nobody else gets a connection that is in the middle of something
        if let Some(client) = self.client.take().filter(|_| self.is_begun) {
            drop(Object::take(client));
        }
    }
}

impl Postgres {
    pub(in crate::snapshot) fn new(config: &Config, connections: usize) -> Result<Self> {
        Ok(Self { server: SourceServer::new(config, connections)? })
    }

    /// A connection in a transaction that reads in the way that all of this relies on.
    pub(super) async fn reading(&self, deadline: Deadline) -> Result<Reading> {
        let mut reading = Reading { client: Some(self.server.client(deadline).await?), is_begun: false };
        reading.begin().await?;
        Ok(reading)
    }

    /// The tables, views and partitions there are.
    pub(in crate::snapshot) async fn names(&self, deadline: Deadline) -> Result<Vec<TableName>> {
        let reading = self.reading(deadline).await?;
        let sql = include_str!("../../../sql/snapshot/postgres/relations.sql");
        let rows = reading.client()?.query(sql, &[]).await.map_err(|error| SourceServer::error(&error))?;
        reading.end().await?;
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
        let reading = self.reading(deadline).await?;
        let client = reading.client()?;
        let asked = |error: &tokio_postgres::Error| SourceServer::error(error).about(&table.name, None);
        let rows = match (name, &table.query) {
            (_, Some(query)) => format!("({query}\n)"),
            (Some(name), None) => name.sql(),
            (None, None) => return Err(Error::config("A snapshot needs a table or a query.")),
        };
        let sql = fill(include_str!("../../../sql/snapshot/postgres/columns.sql"), &[("rows", &rows)]);
        let statement = client.prepare(&sql).await.map_err(|error| asked(&error))?;
        let (mut order, mut key, mut has_heirs, mut is_ordered) = (Vec::new(), Vec::new(), false, true);
        let (mut generated, mut domains) = (HashSet::new(), HashSet::new());
        if let Some(name) = name.filter(|_| table.query.is_none()) {
            let sql = include_str!("../../../sql/snapshot/postgres/key.sql");
            for row in client.query(sql, &[&name.sql()]).await.map_err(|error| asked(&error))? {
                let read = || {
                    let key = KeyColumn {
                        column: format!("t.{}", quote(row.try_get(0)?)),
                        of: row.try_get(1)?,
                        collation: row.try_get(5)?,
                    };
                    Ok((key, row.try_get(0)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?))
                };
                let (key_column, column, is_told, has, is_comparable): (_, String, bool, bool, bool) =
                    read().map_err(|error: tokio_postgres::Error| asked(&error))?;
                (has_heirs, is_ordered) = (has, is_ordered && is_comparable);
                order.push(key_column);
                key.extend(is_told.then_some(column));
            }
            if !is_ordered {
                tracing::warn!(
                    table = table.name,
                    "The type of a column of the key is not in the search path of the user: the table is read in one piece."
                );
                order.clear();
            }
            let (of_generated, of_domains) = (
                include_str!("../../../sql/snapshot/postgres/generated.sql"),
                include_str!("../../../sql/snapshot/postgres/domains.sql"),
            );
            generated = names_of(client, of_generated, name).await.map_err(|error| asked(&error))?;
            domains = names_of(client, of_domains, name).await.map_err(|error| asked(&error))?;
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
        reading.end().await?;
        let described = Described {
            name: table.name.clone(),
            source: SourceIdentity::of(&[(Member::Db, Some(&database))]),
            key,
            columns: types,
            form: Form::Rows,
        };
        let (filter, chunk) = (table.filter.clone(), table.chunk.unwrap_or(u64::MAX));
        Ok((described, Plan { columns, selected, rows, filter, order, has_heirs, chunk }))
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
        let template = match (self.is_paged(), self.has_heirs) {
            (true, false) => include_str!("../../../sql/snapshot/postgres/copy_page.sql"),
            // rows with the key of the last one would be left out
            (true, true) => include_str!("../../../sql/snapshot/postgres/copy_page_with_ties.sql"),
            (false, _) => include_str!("../../../sql/snapshot/postgres/copy.sql"),
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

    /// What decides the order of the rows.
    pub(in crate::snapshot) fn order(&self) -> Vec<String> {
        self.order.iter().map(|key| format!("{key:?}")).collect()
    }

    /// The columns that rows are ordered by.
    pub(super) fn key_columns(&self) -> String {
        self.order.iter().map(|key| key.column.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Their texts, which say where the next page begins.
    pub(super) fn key_texts(&self) -> impl Iterator<Item = String> {
        self.order.iter().map(|key| format!("{}::text", key.column))
    }

    /// The key of a row against the texts of another's.
    fn compared(&self, sign: &str, key: &[String]) -> String {
        let value = |(key, text): (&KeyColumn, &String)| {
            // a domain may have another than its column
            let collate = key.collation.as_ref().map(|name| format!(" collate {name}")).unwrap_or_default();
            format!("{}::{}{collate}", literal(text), key.of)
        };
        let values = self.order.iter().zip(key).map(value);
        format!("({}) {sign} ({})", self.key_columns(), values.collect::<Vec<_>>().join(", "))
    }
}
