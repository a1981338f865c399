//! A database to read: its tables, what they are made of, and the statements that read them.

use super::connect::{Connector, meaning};
use super::key::{Declared, KeyColumn, behind, parameters, quote, up_to};
use super::value::{Column, Style, unexpected};
use crate::config::{Config, SnapshotTable};
use crate::error::{Error, Result};
use crate::plan::fill;
use crate::snapshot::table::{Described, Form, TableName, no_such_key, two_of_one_name};
use crate::source::{Member, SourceIdentity};
use mysql_async::prelude::{FromValue, Queryable as _};
use mysql_async::{Conn, Params, Row, Value};

/// The letters of the schemes of its tables, by the decoders of their streams.
pub(in crate::snapshot) const SCHEMES: [(&str, char); 5] =
    [("debezium", 'y'), ("maxwell", 'x'), ("canal", 'c'), ("dms", 'm'), ("json", 'j')];

/// A database to read.
pub(in crate::snapshot) struct Mysql {
    connector: Connector,
}

/// How a table is read.
pub(in crate::snapshot) struct Plan {
    pub(super) columns: Vec<Column>,
    /// What is asked for, by SQL.
    selected: Vec<String>,
    /// What the rows are taken from, by SQL.
    pub(super) rows: String,
    pub(super) filter: Option<String>,
    /// The columns of a unique key; none where rows have no order to go by.
    pub(super) order: Vec<KeyColumn>,
    pub(super) chunk: u64,
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
    pub(in crate::snapshot) fn new(config: &Config, url: &str, label: &str) -> Result<Self> {
        Ok(Self { connector: Connector::new(&config.snapshot, url, label)? })
    }

    pub(super) async fn client(&self) -> Result<Conn> {
        self.connector.client().await
    }

    /// The tables and views there are.
    pub(in crate::snapshot) async fn names(&self) -> Result<Vec<TableName>> {
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
    pub(in crate::snapshot) async fn describe(
        &self,
        name: Option<&TableName>,
        table: &SnapshotTable,
        scheme: char,
    ) -> Result<(Described, Plan)> {
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
        let described = Described {
            name: table.name.clone(),
            source: SourceIdentity::of(&[(Member::Db, database.as_deref())]),
            key,
            columns: types,
            form: Form::Rows,
        };
        let (filter, chunk) = (table.filter.clone(), table.chunk.unwrap_or(u64::MAX));
        Ok((described, Plan { columns, selected, rows, filter, order: shape.order, chunk }))
    }
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
    /// What decides the order of the rows.
    pub(in crate::snapshot) fn order(&self) -> Vec<String> {
        self.order.iter().map(|column| format!("{column:?}")).collect()
    }

    /// Whether any page can be the last.
    pub(super) fn is_paged(&self) -> bool {
        !self.order.is_empty()
    }

    /// The statement that reads the next rows of a part, with its parameters: those behind `after`, and up to `until`.
    /// None when these are no keys of the table.
    pub(super) fn statement(
        &self,
        after: Option<&[String]>,
        until: Option<&[String]>,
    ) -> Option<(String, Params)> {
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
