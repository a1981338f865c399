//! A MySQL or MariaDB whose tables are read: which there are, what they are made of, and their rows, page by page.
//!
//! A table is read in the order of its primary key, or of a unique key without nulls, `chunk` rows a statement, so that
//! no statement holds the database's past for long and any page can be the last. What has no such key (a view, a query)
//! is read by one statement. Every session reads only, in UTC, with the SQL mode empty: `"` begins a text. Rows come
//! through prepared statements, so values are those that are stored and keys are parameters.

mod connect;
mod key;
mod reader;
mod split;
mod value;

pub(super) use reader::Reader;

use super::source;
use super::table::{Described, Form, TableName};
use crate::config::{Config, SnapshotTable};
use crate::error::{Error, Result};
use crate::plan::fill;
use crate::source::{Member, SourceIdentity};
use connect::{Connector, meaning};
use key::{Declared, KeyColumn, behind, parameters, quote, up_to};
use mysql_async::prelude::{FromValue, Queryable as _};
use mysql_async::{Conn, Params, Row, Value};
use std::sync::Arc;
use value::{Column, Style, unexpected};

/// The letters of the schemes of its tables, by the decoders of their streams.
pub(super) const SCHEMES: [(&str, char); 5] =
    [("debezium", 'y'), ("maxwell", 'x'), ("canal", 'c'), ("dms", 'm'), ("json", 'j')];

/// A database to read.
pub(super) struct Mysql {
    connector: Connector,
}

/// How a table is read.
pub(super) struct Plan {
    columns: Vec<Column>,
    /// What is asked for, by SQL.
    selected: Vec<String>,
    /// What the rows are taken from, by SQL.
    rows: String,
    filter: Option<String>,
    /// The columns of a unique key; none where rows have no order to go by.
    order: Vec<KeyColumn>,
    chunk: u64,
}

/// What a relation is, before its values are looked at.
#[derive(Default)]
struct Shape {
    declared: Vec<Declared>,
    order: Vec<KeyColumn>,
    /// The columns that its stream calls its key.
    key: Vec<String>,
}

impl Mysql {
    /// The database of `url`, whose place is called `label` in errors. No connection is opened yet.
    pub(super) fn new(config: &Config, url: &str, label: &str) -> Result<Self> {
        Ok(Self { connector: Connector::new(&config.snapshot, url, label)? })
    }

    async fn client(&self) -> Result<Conn> {
        self.connector.client().await
    }

    /// The tables and views there are.
    pub(super) async fn names(&self) -> Result<Vec<TableName>> {
        let mut client = self.client().await?;
        let sql = include_str!("../../../sql/snapshot/mysql/relations.sql");
        let rows: Vec<Row> = client.query(sql).await.map_err(|error| meaning(&error))?;
        let name = |row: &Row| {
            Ok(TableName {
                schema: cell(row, 0)?,
                table: cell(row, 1)?,
                is_current: cell(row, 2)?,
                is_hidden: cell(row, 3)?,
            })
        };
        rows.iter().map(name).collect()
    }

    /// What a table, or a query, is made of.
    ///
    /// # Errors
    /// When it is not there or may not be read, or two of its columns have one name.
    pub(super) async fn describe(
        &self,
        name: Option<&TableName>,
        table: &SnapshotTable,
        scheme: char,
    ) -> Result<Described> {
        let asked = |error: mysql_async::Error| meaning(&error).about(&table.name, None);
        let style = Style::beside(scheme);
        let mut client = self.client().await?;
        let (rows, shape) = match (name, &table.query) {
            (_, Some(query)) => (format!("({query}\n)"), Shape::default()),
            (Some(name), None) => (name.mysql(), shape(&mut client, name, style).await?),
            (None, None) => return Err(Error::config("A snapshot needs a table or a query.")),
        };
        // `*` would leave out columns that are invisible, and the stream does not
        let named: Vec<String> =
            shape.declared.iter().map(|declared| format!("t.{}", quote(&declared.name))).collect();
        let selected = if named.is_empty() { vec!["t.*".to_owned()] } else { named };
        let sql = fill(
            include_str!("../../../sql/snapshot/mysql/shape.sql"),
            &[("columns", &selected.join(", ")), ("rows", &rows)],
        );
        let statement = client.prep(sql).await.map_err(asked)?;
        let mut columns: Vec<Column> = Vec::new();
        let mut types = Vec::new();
        for column in statement.columns().iter() {
            let declared = shape.declared.get(columns.len());
            let column_of = Column::new(column, declared, style);
            if columns.iter().any(|other| other.name == column_of.name) {
                return Err(two_of_one_name(&table.name, &column_of.name));
            }
            let of = declared.map_or_else(|| format!("{:?}", column.column_type()), |it| it.whole.clone());
            types.push((column_of.name.clone(), of.trim_start_matches("MYSQL_TYPE_").to_ascii_lowercase()));
            columns.push(column_of);
        }
        let key = if table.key.is_empty() { shape.key } else { table.key.clone() };
        if let Some(missing) = key.iter().find(|name| !types.iter().any(|(column, _)| column == *name)) {
            return Err(no_such_key(&table.name, missing, &types));
        }
        let database: Option<String> = match name.filter(|_| table.query.is_none()) {
            Some(name) => Some(name.schema.clone()),
            None => client
                .query_first(include_str!("../../../sql/snapshot/mysql/database.sql"))
                .await
                .map_err(asked)?,
        };
        Ok(Described {
            name: table.name.clone(),
            source: SourceIdentity::of(&[(Member::Db, database.as_deref())]),
            key,
            columns: types,
            form: Form::Rows,
            plan: source::Plan::Mysql(Arc::new(Plan {
                columns,
                selected,
                rows,
                filter: table.filter.clone(),
                order: shape.order,
                chunk: table.chunk.unwrap_or(u64::MAX),
            })),
        })
    }
}

fn two_of_one_name(table: &str, column: &str) -> Error {
    Error::config(format!(
        "Two columns of {table} are called {column}: give one of them another name in the query."
    ))
}

fn no_such_key(table: &str, missing: &str, types: &[(String, String)]) -> Error {
    let names: Vec<&str> = types.iter().map(|(name, _)| name.as_str()).collect();
    Error::config(format!(
        "{table} has no column {missing}, which its `key` names. It has: {}.",
        names.join(", ")
    ))
}

/// The columns of a table, and its key.
async fn shape(client: &mut Conn, name: &TableName, style: Style) -> Result<Shape> {
    let asked = |error: mysql_async::Error| meaning(&error).about(&name.named(), None);
    let of = || (name.schema.as_str(), name.table.as_str());
    let sql = include_str!("../../../sql/snapshot/mysql/columns.sql");
    let rows: Vec<Row> = client.exec(sql, of()).await.map_err(asked)?;
    let declared: Vec<Declared> = rows.iter().map(of_row).collect::<Result<_>>()?;
    let sql = include_str!("../../../sql/snapshot/mysql/key.sql");
    let rows: Vec<Row> = client.exec(sql, of()).await.map_err(asked)?;
    let indexed: Vec<(String, String)> =
        rows.iter().map(|row| Ok((cell(row, 0)?, cell(row, 1)?))).collect::<Result<_>>()?;
    // the first index is the one to go by
    let Some((index, _)) = indexed.first() else { return Ok(Shape { declared, ..Shape::default() }) };
    let names: Vec<String> =
        indexed.iter().filter(|(other, _)| other == index).map(|(_, column)| column.clone()).collect();
    let find = |name: &String| declared.iter().find(|declared| declared.name == *name);
    let order: Option<Vec<KeyColumn>> = names.iter().map(|name| KeyColumn::new(find(name)?)).collect();
    // Maxwell and Canal know primary keys only
    let is_told = index == "PRIMARY" || style == Style::Debezium;
    Ok(Shape { order: order.unwrap_or_default(), key: if is_told { names } else { Vec::new() }, declared })
}

fn of_row(row: &Row) -> Result<Declared> {
    Ok(Declared {
        name: cell(row, 0)?,
        of: cell::<String>(row, 1)?.to_ascii_lowercase(),
        whole: cell(row, 2)?,
        precision: cell(row, 3)?,
        scale: cell(row, 4)?,
        charset: cell(row, 5)?,
        collation: cell(row, 6)?,
    })
}

/// A value of an answer whose columns are known.
fn cell<T: FromValue>(row: &Row, at: usize) -> Result<T> {
    row.get_opt(at).and_then(|value| value.ok()).ok_or_else(unexpected)
}

impl TableName {
    /// The relation, by SQL of MySQL.
    fn mysql(&self) -> String {
        format!("{}.{}", quote(&self.schema), quote(&self.table))
    }
}

impl Plan {
    /// Whether any page can be the last.
    fn is_paged(&self) -> bool {
        !self.order.is_empty()
    }

    /// The statement that reads the next rows of a part, with its parameters: those behind `after`, and up to `until`.
    /// None when these are no keys of the table.
    fn statement(&self, after: Option<&[String]>, until: Option<&[String]>) -> Option<(String, Params)> {
        let mut conditions: Vec<String> = self.filter.iter().map(|filter| format!("({filter}\n)")).collect();
        let mut bound: Vec<Value> = Vec::new();
        let keys = [(after, behind as fn(&[KeyColumn]) -> String), (until, up_to)];
        for (key, compared) in keys.into_iter().filter_map(|(key, compared)| Some((key?, compared))) {
            conditions.push(compared(&self.order));
            bound.extend(parameters(&self.order, key)?);
        }
        conditions.push("true".to_owned());
        let template = match self.is_paged() {
            true => include_str!("../../../sql/snapshot/mysql/rows_page.sql"),
            false => include_str!("../../../sql/snapshot/mysql/rows.sql"),
        };
        let texts = self.order.iter().map(|column| column.text.clone());
        let columns: Vec<String> = self.selected.iter().cloned().chain(texts).collect();
        let order: Vec<&str> = self.order.iter().map(|column| column.column.as_str()).collect();
        let sql = fill(
            template,
            &[
                ("columns", &columns.join(", ")),
                ("rows", &self.rows),
                ("conditions", &conditions.join(" and ")),
                ("order", &order.join(", ")),
                ("limit", &self.chunk.to_string()),
            ],
        );
        Some((sql, if bound.is_empty() { Params::Empty } else { Params::Positional(bound) }))
    }
}
