//! CrateDB's statements: no transaction, no guard behind `do update`, and no write that changes the schema.

mod column;
mod columns;
mod ddl;
mod exact;
mod lists;

pub use column::{Column, Described};
pub use columns::{Budget, TableColumns, with_plain_numbers};
pub use ddl::{
    alter_dead_letters, alter_registry, create_dead_letters, create_registry, create_schemas, create_state,
    is_same_view, storage, view,
};
pub use lists::without_named_lists;

use crate::error::{Code, Error, Result};
use crate::event::Timestamp;
use crate::json::Value;
use crate::plan::encode::Encoded;
use crate::plan::statement::{EncodedRow, Parameter, Preview, Statement};
use crate::plan::{self, Layout, PlannedRow, Write, fill, literal, quote, relation};
use crate::policy::{DataLayout, DeletePolicy};
use crate::route::Target;
use lists::with_named_lists;

const UPSERT: &str = include_str!("../../../sql/cratedb/upsert.sql");
const ADD_COLUMNS: &str = include_str!("../../../sql/cratedb/add_columns.sql");
const READ_ROW: &str = include_str!("../../../sql/cratedb/read_row.sql");
const READ_VERSION: &str = include_str!("../../../sql/cratedb/read_version.sql");
const INSERT_PATCHED: &str = include_str!("../../../sql/cratedb/insert_patched.sql");
const UPDATE_PATCHED: &str = include_str!("../../../sql/cratedb/update_patched.sql");
const DELETE_ROW: &str = include_str!("../../../sql/cratedb/delete_row.sql");
const READ_ADOPTED: &str = include_str!("../../../sql/cratedb/read_adopted.sql");
const INSERT_ADOPTED: &str = include_str!("../../../sql/cratedb/insert_adopted.sql");
const UPDATE_ADOPTED: &str = include_str!("../../../sql/cratedb/update_adopted.sql");
const DELETE_ADOPTED: &str = include_str!("../../../sql/cratedb/delete_adopted.sql");

/// Rows of one statement: few sizes, so that each is prepared once a connection. What lies between two of them is sent
/// with its smallest row repeated, which the guard makes a no-op: a second statement would cost more than those rows.
///
/// Measured in docs/performance.md; a chunk has no more than 1,000 rows.
pub const BATCH_ROWS: [usize; 25] = [
    1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768,
    1_024,
];

/// Bytes of one `alter table`; the server takes statements of 262,144 characters.
const ALTER_BYTES_MAX: usize = 200_000;
/// Bytes of what adds one column. Anything longer is an object, and is added member by member.
const ADDITION_BYTES_MAX: usize = 50_000;

/// The size of the statement for so many rows; more than the largest need several.
#[must_use]
pub fn batch_rows(rows: usize) -> usize {
    let largest = BATCH_ROWS.last().copied().unwrap_or(1);
    BATCH_ROWS.into_iter().find(|size| *size >= rows).unwrap_or(largest)
}

/// How far the columns of a target may grow.
#[must_use]
pub fn budget(target: &Target) -> Budget {
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    Budget { per_object: number(target.columns_per_object), total: number(target.columns_max) }
}

/// The members of documents whose types the route declares.
///
/// # Errors
/// When a type is not known.
pub fn declared(target: &Target) -> Result<Vec<(&str, Column)>> {
    let typed = target.types.iter().map(|(field, type_name)| {
        let column = Column::of_type(type_name).ok_or_else(|| {
            Error::fault(Code::Configuration, format!(
                "types of the route of {}: {field} = \"{type_name}\" is no type that a column can have. Known are text, \
                 varchar(n), double precision, real, bigint, integer, smallint, boolean, timestamptz, numeric(p,s) \
                 with a precision up to 38, and array(…) of one of them.",
                target.source
            ))
        })?;
        Ok((field.as_str(), column))
    });
    typed.collect()
}

/// The columns of the storage table before the first document came.
///
/// # Errors
/// When a declared type is not known.
pub fn fresh_columns(target: &Target) -> Result<TableColumns> {
    let data = match target.data {
        DataLayout::Ignored => Column::Loose,
        DataLayout::Columns => Column::Object(std::collections::BTreeMap::new()),
    };
    let mut columns = TableColumns::fresh(data, OTHER_COLUMNS);
    for (field, column) in declared(target)? {
        columns.declare("data", field, &column, true);
    }
    Ok(columns)
}

/// Columns of the storage table beside `pk` and `data`.
const OTHER_COLUMNS: usize = 6;

/// Why rows of `target` are not truncated here.
#[must_use]
pub fn cannot_truncate(target: &Target) -> Error {
    plan::cannot_truncate(target, "which CrateDB cannot do: rows that are not refreshed would be missed")
}

/// What CrateDB does not take in the name of a table (observed on 6.3.6).
const NOT_IN_NAMES: [char; 12] = [' ', '.', '/', '\\', '"', ',', '*', '#', '?', '|', '<', '>'];

/// `target` under names that CrateDB takes: what it refuses becomes `_`, so `shop.orders` is `shop_orders`. Two sources
/// that would share a table are told apart by the registry.
#[must_use]
pub fn named(target: &Target) -> Target {
    let name = |name: &str| name.replace(NOT_IN_NAMES, "_");
    Target {
        schema: name(&target.schema),
        name: name(&target.name),
        storage: name(&target.storage),
        ..target.clone()
    }
}

/// The statements that add these columns, one unless they are very many. An object's members that do not fit into one
/// are added behind it.
#[must_use]
pub fn add_columns(storage: &str, added: &[(Vec<String>, Column)]) -> Vec<String> {
    let mut additions = Vec::new();
    for (path, column) in added {
        add_column(path, column, &mut additions);
    }
    let (mut statements, mut columns) = (Vec::new(), String::new());
    let mut close = |columns: &mut String| {
        if !columns.is_empty() {
            statements.push(fill(ADD_COLUMNS, &[("storage", storage), ("columns", columns)]));
            columns.clear();
        }
    };
    for column in additions {
        if columns.len() + column.len() > ALTER_BYTES_MAX {
            close(&mut columns);
        }
        if !columns.is_empty() {
            columns.push_str(",\n  ");
        }
        columns.push_str(&column);
    }
    close(&mut columns);
    statements
}

/// What adds a column: one clause, or one for the object itself and more for what is in it.
fn add_column(path: &[String], column: &Column, additions: &mut Vec<String>) {
    let Some((root, below)) = path.split_first() else { return };
    let place: String = below.iter().map(|name| format!("[{}]", literal(name))).collect();
    let clause = |column: &Column| format!("add column {}{place} {}", quote(root), column.sql());
    let whole = clause(column);
    if whole.len() <= ADDITION_BYTES_MAX || column.members().is_none() {
        additions.push(whole);
        return;
    }
    additions.push(clause(&column.without_members()));
    for (name, member) in column.members().into_iter().flatten() {
        let below: Vec<String> = path.iter().chain([name]).cloned().collect();
        add_column(&below, member, additions);
    }
}

/// The table that rows of `target` are written to.
#[must_use]
pub fn table(target: &Target, layout: Layout) -> String {
    match layout {
        Layout::Managed => relation(&target.schema, &target.storage),
        Layout::Adopted { .. } => relation(&target.schema, &target.name),
    }
}

/// The members of the key as an adopted table has them.
fn key_columns(key_names: &[String]) -> Vec<String> {
    key_names.iter().map(|name| format!("pk[{}]", literal(name))).collect()
}

/// The upsert of so many rows. `$1` is the time of the attempt where the table has a place for it; behind it come the
/// rows, each with its values in the order of [`Values`].
#[must_use]
pub fn upsert_sql(target: &Target, layout: Layout, key_names: &[String], rows: usize) -> String {
    let values = Values::of(layout);
    let mut names = values.names().to_vec();
    let guard = |name: &str, new: &str| {
        format!("{name} = case when version is null or excluded.version > version then {new} else {name} end")
    };
    let kept_image = |name: &str| {
        format!("case when excluded.deleted and excluded.data is null then {name} else excluded.{name} end")
    };
    let is_soft = target.delete == DeletePolicy::Soft && layout == Layout::Managed;
    let set = |name: &&str| {
        let new = match *name {
            // a soft row keeps its last image when the delete brings none
            "data" | "aux" if is_soft => kept_image(name),
            name => format!("excluded.{name}"),
        };
        if values.guarded() { guard(name, &new) } else { format!("{name} = {new}") }
    };
    let (key, returning) = match layout {
        Layout::Managed => (vec!["key".to_owned()], "key, version, applied_at"),
        Layout::Adopted { guarded: true, .. } => (key_columns(key_names), "pk, version"),
        Layout::Adopted { guarded: false, .. } => (key_columns(key_names), "pk"),
    };
    let attempt = layout == Layout::Managed;
    let places = names.len();
    if attempt {
        names.push("applied_at");
    }
    let is_key = |name: &&&str| **name == "key" || (**name == "pk" && layout != Layout::Managed);
    let sets: Vec<String> = names.iter().filter(|name| !is_key(name)).map(set).collect();
    let mut text = String::with_capacity(rows * places * 7);
    let mut place = usize::from(attempt);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",\n  (" });
        for column in 0..places {
            place += 1;
            text.push_str(if column == 0 { "$" } else { ", $" });
            text.push_str(&place.to_string());
        }
        text.push_str(if attempt { ", $1)" } else { ")" });
    }
    fill(
        UPSERT,
        &[
            ("storage", &table(target, layout)),
            ("names", &names.join(", ")),
            ("rows", &text),
            ("key", &key.join(", ")),
            ("sets", &sets.join(",\n  ")),
            ("returning", returning),
        ],
    )
}

/// Which values a row of the upsert has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Values(Layout);

impl Values {
    /// Those of a layout.
    #[must_use]
    pub fn of(layout: Layout) -> Self {
        Self(layout)
    }

    /// Their columns, in order.
    #[must_use]
    pub fn names(self) -> &'static [&'static str] {
        match self.0 {
            Layout::Managed => &["key", "pk", "data", "aux", "version", "deleted", "changed_at"],
            Layout::Adopted { guarded: true, aux: true } => &["pk", "data", "aux", "version", "deleted"],
            Layout::Adopted { guarded: true, aux: false } => &["pk", "data", "version", "deleted"],
            Layout::Adopted { guarded: false, aux: true } => &["pk", "data", "aux"],
            Layout::Adopted { guarded: false, aux: false } => &["pk", "data"],
        }
    }

    /// Whether the newest version wins.
    #[must_use]
    pub fn guarded(self) -> bool {
        !matches!(self.0, Layout::Adopted { guarded: false, .. })
    }
}

/// The texts of a patch: the one that reads, the one that writes a new row, the one that writes an existing one.
#[must_use]
pub fn patch_sql(target: &Target) -> [String; 3] {
    let storage = relation(&target.schema, &target.storage);
    [READ_ROW, INSERT_PATCHED, UPDATE_PATCHED].map(|template| fill(template, &[("storage", &storage)]))
}

/// The texts of a hard delete: the one that reads, the one that deletes what was read.
#[must_use]
pub fn hard_delete_sql(target: &Target) -> [String; 2] {
    let storage = relation(&target.schema, &target.storage);
    [READ_VERSION, DELETE_ROW].map(|template| fill(template, &[("storage", &storage)]))
}

/// The members of an adopted table's key, each compared with a parameter.
fn key_condition(key_names: &[String]) -> String {
    let columns = key_columns(key_names).into_iter().zip(1..);
    columns.map(|(column, place)| format!("{column} = ${place}")).collect::<Vec<_>>().join(" and ")
}

/// The text that deletes a row of an adopted table, by the members of its key in order.
#[must_use]
pub fn adopted_delete_sql(target: &Target, key_names: &[String]) -> String {
    let storage = relation(&target.schema, &target.name);
    fill(DELETE_ADOPTED, &[("storage", &storage), ("key", &key_condition(key_names))])
}

/// The texts of a patch of an adopted table: the one that reads takes the members of the key in order; the one that
/// writes a new row its values in the order of [`Values`]; the one that writes an existing one the members of the key,
/// then those values but `pk`, and what the row's state was.
#[must_use]
pub fn adopted_patch_sql(target: &Target, layout: Layout, key_names: &[String]) -> [String; 3] {
    let (values, key) = (Values::of(layout), key_condition(key_names));
    let storage = relation(&target.schema, &target.name);
    let has_aux = values.names().contains(&"aux");
    let (version, deleted) = if values.guarded() { ("version", "deleted") } else { ("''", "false") };
    let read = [
        ("storage", storage.as_str()),
        ("aux", if has_aux { "aux" } else { "{} as aux" }),
        ("version", version),
        ("is_deleted", deleted),
        ("key", &key),
    ];
    let places: Vec<String> = (1..=values.names().len()).map(|place| format!("${place}")).collect();
    let key_columns = key_columns(key_names).join(", ");
    let insert = [
        ("storage", storage.as_str()),
        ("names", &values.names().join(", ")),
        ("values", &places.join(", ")),
        ("key_names", &key_columns),
    ];
    let mut place = key_names.len();
    let mut next = || {
        place += 1;
        format!("${place}")
    };
    let mut sets = Vec::new();
    for name in values.names().iter().filter(|name| **name != "pk") {
        let new = next();
        // an object that is set as a whole must have no dots in its names; one that is computed may
        sets.push(match *name {
            "version" | "deleted" => format!("{name} = {new}"),
            name => format!("{name} = case when {key} then {new} else {name} end"),
        });
    }
    let (sequence, term) = (next(), next());
    let update = [
        ("storage", storage.as_str()),
        ("sets", &sets.join(", ")),
        ("key", &key),
        ("sequence", &sequence),
        ("term", &term),
    ];
    [fill(READ_ADOPTED, &read), fill(INSERT_ADOPTED, &insert), fill(UPDATE_ADOPTED, &update)]
}

/// Rows as the columns of their table can hold them. Grows the columns by what is missing, as far as the budget goes.
pub fn encode<'r>(
    rows: impl IntoIterator<Item = &'r PlannedRow>,
    layout: Layout,
    columns: &mut TableColumns,
    budget: Budget,
) -> Vec<EncodedRow<'r>> {
    let encoded = rows.into_iter().map(|row| {
        let mut encoded = columns.encode(&row.pk, row.data.as_deref(), budget);
        if let Layout::Adopted { aux: true, .. } = layout {
            encoded.aux = with_named_lists(&encoded.aux).into();
        }
        EncodedRow { row, encoded }
    });
    encoded.collect()
}

/// The values of a row in the order of [`Values`].
fn values<'e>(layout: Layout, row: &'e EncodedRow<'_>) -> Vec<Parameter<'e>> {
    Values::of(layout).names().iter().map(|name| row.value(name)).collect()
}

/// The statement that upserts these rows. `at` is the time of the attempt.
#[must_use]
pub fn upsert<'e>(
    target: &Target,
    layout: Layout,
    key_names: &[String],
    rows: &[&'e EncodedRow<'_>],
    at: Option<Timestamp>,
) -> Statement<'e> {
    let mut parameters = Vec::with_capacity(rows.len() * Values::of(layout).names().len() + 1);
    if layout == Layout::Managed {
        parameters.push(Parameter::Moment(at));
    }
    parameters.extend(rows.iter().flat_map(|row| values(layout, row)));
    let changes = rows.iter().map(|row| row.row.change).collect();
    Statement { sql: upsert_sql(target, layout, key_names, rows.len()), parameters, changes }
}

/// What a row was when it was read: its sequence number and its term. Who writes it names them, and nothing is written
/// when they are others by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The sequence number.
    pub sequence: i64,
    /// The term.
    pub term: i64,
}

impl State {
    fn parameters(state: Option<Self>) -> [Parameter<'static>; 2] {
        [
            Parameter::Number(state.map(|state| state.sequence)),
            Parameter::Number(state.map(|state| state.term)),
        ]
    }
}

fn of_row<'r>(sql: String, parameters: Vec<Parameter<'r>>, row: &PlannedRow) -> Statement<'r> {
    Statement { sql, parameters, changes: vec![row.change] }
}

/// The statement that reads what the patch of a row rests on.
#[must_use]
pub fn read_row<'r>(target: &Target, row: &'r PlannedRow) -> Statement<'r> {
    let [read, _, _] = patch_sql(target);
    of_row(read, vec![Parameter::text(&row.key)], row)
}

/// The statement that writes a patched row: a new one without a state, and else the one that had it.
#[must_use]
pub fn write_patched<'e>(
    target: &Target,
    row: &'e EncodedRow<'_>,
    at: Option<Timestamp>,
    state: Option<State>,
) -> Statement<'e> {
    let [_, insert, update] = patch_sql(target);
    let mut parameters: Vec<Parameter<'e>> =
        ["key", "pk", "data", "aux", "version", "changed_at"].into_iter().map(|it| row.value(it)).collect();
    parameters.push(Parameter::Moment(at));
    if state.is_some() {
        parameters.extend(State::parameters(state));
    }
    of_row(if state.is_some() { update } else { insert }, parameters, row.row)
}

/// The statement that reads what a hard delete of a row rests on.
#[must_use]
pub fn read_version<'r>(target: &Target, row: &'r PlannedRow) -> Statement<'r> {
    let [read, _] = hard_delete_sql(target);
    of_row(read, vec![Parameter::text(&row.key)], row)
}

/// The statement that deletes the row that had this state.
#[must_use]
pub fn delete_row<'r>(target: &Target, row: &'r PlannedRow, state: Option<State>) -> Statement<'r> {
    let [_, delete] = hard_delete_sql(target);
    let [sequence, term] = State::parameters(state);
    of_row(delete, vec![Parameter::text(&row.key), sequence, term], row)
}

/// The members of an adopted table's key, in order; none when its `pk` cannot hold them all.
fn key_values(row: &EncodedRow<'_>, key_names: &[String]) -> Option<Vec<Parameter<'static>>> {
    let Ok(Value::Object(members)) = Value::parse(&row.encoded.pk) else { return None };
    let value = |name: &String| members.iter().find(|(member, _)| member == name);
    key_names.iter().map(|name| value(name).map(|(_, value)| Parameter::Member(value.clone()))).collect()
}

/// The statement that deletes a row of an adopted table; none when its `pk` cannot hold the key.
#[must_use]
pub fn delete_adopted(
    target: &Target,
    key_names: &[String],
    row: &EncodedRow<'_>,
) -> Option<Statement<'static>> {
    let key = key_values(row, key_names)?;
    Some(of_row(adopted_delete_sql(target, key_names), key, row.row))
}

/// The statement that reads what the patch of a row of an adopted table rests on; none when its `pk` cannot hold the
/// key.
#[must_use]
pub fn read_adopted(
    target: &Target,
    layout: Layout,
    key_names: &[String],
    row: &EncodedRow<'_>,
) -> Option<Statement<'static>> {
    let [read, _, _] = adopted_patch_sql(target, layout, key_names);
    Some(of_row(read, key_values(row, key_names)?, row.row))
}

/// The statement that writes a patched row of an adopted table: a new one without a state, and else the one that had
/// it. None when its `pk` cannot hold the key.
#[must_use]
pub fn write_adopted<'e>(
    target: &Target,
    layout: Layout,
    key_names: &[String],
    row: &'e EncodedRow<'_>,
    state: Option<State>,
) -> Option<Statement<'e>> {
    let [_, insert, update] = adopted_patch_sql(target, layout, key_names);
    if state.is_none() {
        return Some(of_row(insert, values(layout, row), row.row));
    }
    let names = Values::of(layout).names().iter().filter(|name| **name != "pk");
    let mut parameters: Vec<Parameter<'e>> = key_values(row, key_names)?;
    parameters.extend(names.map(|name| row.value(name)));
    parameters.extend(State::parameters(state));
    Some(of_row(update, parameters, row.row))
}

/// What is run for a write to a table made by rowtide that has these columns, as far as it is known before. Adds the
/// columns that the table has then.
///
/// The columns that are added come first, then the upsert as it is for one row: it is sent with as many rows as fit.
/// When that is, what a patched document will be and in what state a row is read, is not known: for the first and the
/// last stands null, for the document the patch.
#[must_use]
pub fn preview(write: &Write, columns: &mut TableColumns) -> Vec<Preview> {
    let target = &named(&write.target);
    let removes = |row: &&PlannedRow| row.deleted && target.delete == DeletePolicy::Hard;
    let upserted = write.rows.iter().filter(|row| !removes(row) && row.patch.is_none());
    let before = columns.clone();
    let encoded = encode(upserted, Layout::Managed, columns, budget(target));
    let added = add_columns(&table(target, Layout::Managed), &columns.added_since(&before)).into_iter();
    let added = added.map(|sql| Statement { sql, parameters: Vec::new(), changes: Vec::new() });
    let mut previews: Vec<Preview> = added.map(Preview::once).collect();
    previews
        .extend(Preview::each(encoded.iter().map(|row| upsert(target, Layout::Managed, &[], &[row], None))));
    for row in write.rows.iter().filter(removes) {
        previews.push(Preview::once(read_version(target, row)));
        previews.push(Preview::once(delete_row(target, row, None)));
    }
    for row in write.rows.iter().filter(|row| row.patch.is_some()) {
        let data = row.patch.as_ref().map(|patch| patch.to_json().into());
        let encoded = Encoded { pk: row.pk.as_str().into(), data, aux: "{}".into() };
        previews.push(Preview::once(read_row(target, row)));
        previews.push(Preview::once(write_patched(target, &EncodedRow { row, encoded }, None, None)));
    }
    previews
}

#[cfg(test)]
mod tests {
    use super::{BATCH_ROWS, add_columns, batch_rows};
    use crate::plan::cratedb::Column;
    use std::collections::BTreeMap;

    #[test]
    fn a_statement_has_one_of_few_sizes_and_repeats_few_rows() {
        assert!(BATCH_ROWS.is_sorted());
        for rows in 1..=1_024_usize {
            let size = batch_rows(rows);
            assert!(BATCH_ROWS.contains(&size) && size >= rows && size - rows <= rows / 2, "{rows}");
        }
        assert_eq!(batch_rows(5_000), 1_024);
    }

    #[test]
    fn no_statement_that_adds_columns_is_longer_than_the_server_takes() {
        let leaf = |n: usize| (format!("{n:04}{}", "x".repeat(250)), Column::Text(None));
        let mut deep = Column::Object((0..300).map(leaf).collect());
        for _ in 0..25 {
            let mut members: BTreeMap<String, Column> = (0..20).map(leaf).collect();
            members.insert("it's".to_owned(), Column::Array(Box::new(deep)));
            deep = Column::Object(members);
        }
        let wide = Column::Array(Box::new(Column::Object((0..900).map(leaf).collect())));
        let path = |name: &str| vec!["data".to_owned(), name.to_owned()];
        let few = (path("few"), Column::Object(BTreeMap::from([("a".to_owned(), Column::Double)])));
        let statements = add_columns("s.t", &[(path("deep"), deep), few, (path("wide"), wide)]);
        let longest = statements.iter().map(String::len).max().unwrap();
        assert!(longest < 262_144 && statements.len() < 10, "{longest} {}", statements.len());
        let all = statements.concat();
        assert_eq!(all.matches("xx\" text").count() + all.matches("xx'] text").count(), 300 + 25 * 20 + 900);
        let at = |text: &str| all.find(text).unwrap_or_else(|| panic!("{text}"));
        assert!(at("['wide'] array(object(strict))") < at("['wide']['0000"), "an object before its members");
        assert!(all.contains("add column \"data\"['few'] object(strict) as (\"a\" double precision)"));
    }
}
