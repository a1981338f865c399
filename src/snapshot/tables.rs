//! Which tables a snapshot reads: those that are asked for, else those of the configuration and of the file that it
//! names.

use super::table::TableName;
use crate::config::{Config, SnapshotTable};
use crate::error::{Error, Result};
use crate::rules::glob;
use serde::Deserialize;
use std::path::Path;

/// A table that is read, and where it lies; no place for a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// What is said of it.
    pub table: SnapshotTable,
    pub(super) place: Option<TableName>,
}

/// The longest list of tables.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The file of tables, as others have it.
#[derive(Deserialize)]
struct TablesFile {
    #[serde(rename = "Tables")]
    tables: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    table_name: String,
    #[serde(default)]
    sql_query: Option<String>,
}

/// What the configuration says of tables, its own entries first.
///
/// # Errors
/// When the file cannot be read, or is no list of tables.
pub(super) fn configured(config: &Config) -> Result<Vec<SnapshotTable>> {
    let mut tables = config.snapshot.tables.clone();
    if let Some(path) = &config.snapshot.tables_file {
        for listed in read_file(path)? {
            if tables.iter().all(|table| table.name != listed.name) {
                tables.push(listed);
            }
        }
    }
    Ok(tables)
}

fn read_file(path: &Path) -> Result<Vec<SnapshotTable>> {
    let wrong = |what: &str| {
        Error::config(format!(
            "snapshot.tables_file {}: {what}. It must be as {{\"Tables\":[{{\"table_name\":\"orders\",\"sql_query\":\
             \"select * from orders\"}}]}}.",
            path.display()
        ))
    };
    let size = std::fs::metadata(path).map_err(|error| wrong(&error.kind().to_string()))?.len();
    if size > FILE_BYTES_MAX {
        return Err(wrong("it is too large"));
    }
    let text = std::fs::read(path).map_err(|error| wrong(&error.kind().to_string()))?;
    let file: TablesFile = serde_json::from_slice(&text).map_err(|_| wrong("it is not such a list"))?;
    let table = |Listed { table_name, sql_query }: Listed| {
        let query = sql_query.map(|query| query.trim().trim_end_matches(';').trim_end().to_owned());
        if table_name.is_empty() || query.as_ref().is_some_and(|query| query.contains(';')) {
            return Err(wrong("a table has no name, or its query is several statements"));
        }
        Ok(SnapshotTable { query: query.filter(|it| !it.is_empty()), ..SnapshotTable::named(table_name) })
    };
    file.tables.into_iter().map(table).collect()
}

/// The tables that are meant, each once. `there` are those that the database has; without `asked` all of the
/// configuration are meant.
///
/// # Errors
/// When nothing is meant, nothing has such a name, or the configuration speaks of a table twice.
pub(super) fn chosen(
    configured: &[SnapshotTable],
    asked: &[String],
    there: &[TableName],
) -> Result<Vec<Chosen>> {
    for (number, table) in configured.iter().enumerate() {
        let is_same = |other: &&SnapshotTable| is_one(&other.name, &table.name, there);
        if let Some(other) = configured.iter().take(number).find(is_same) {
            return Err(Error::config(format!(
                "Two entries of [[snapshot.table]], or of snapshot.tables_file, say how {} is read: {} and {}. Leave one of \
                 them.",
                table.name, other.name, table.name
            )));
        }
    }
    let names: Vec<&str> = match asked {
        [] if configured.is_empty() => {
            return Err(Error::config(
                "Which tables? Name them, as in `rowtide snapshot public.orders` or `rowtide snapshot 'public.*'`, or \
                 list them in [[snapshot.table]].",
            ));
        }
        [] => configured.iter().map(|table| table.name.as_str()).collect(),
        asked => asked.iter().map(String::as_str).collect(),
    };
    let mut chosen: Vec<Chosen> = Vec::new();
    for name in names {
        let query = configured.iter().find(|table| table.query.is_some() && table.name == name);
        let found = match query {
            Some(table) => vec![Chosen { table: table.clone(), place: None }],
            None => of_name(name, there).into_iter().map(|place| said_of(configured, place)).collect(),
        };
        if found.is_empty() {
            return Err(missing(name, there));
        }
        for one in found {
            match chosen.iter().find(|other| other.table.name == one.table.name) {
                None => chosen.push(one),
                Some(other) if other.place == one.place => {}
                Some(_) => {
                    return Err(Error::config(format!(
                        "The source has two tables that are called {}, because there is a dot in the name of one or of \
                         its schema. Read one of them by a query, under another name.",
                        one.table.name
                    )));
                }
            }
        }
    }
    Ok(chosen)
}

/// Whether two names are of one table.
fn is_one(one: &str, other: &str, there: &[TableName]) -> bool {
    let is_both = |place: &TableName| place.is_called(one) && place.is_called(other);
    one == other || there.iter().any(is_both)
}

/// What the configuration says of a table: under its name, else under the first pattern that it fits.
fn said_of(configured: &[SnapshotTable], place: &TableName) -> Chosen {
    let said = configured.iter().find(|table| place.is_called(&table.name));
    let fits = |table: &&SnapshotTable| table.query.is_none() && place.fits(&table.name);
    match said.or_else(|| configured.iter().find(fits)) {
        Some(table) if table.query.is_some() => Chosen { table: table.clone(), place: None },
        said => {
            let said = said.cloned().unwrap_or_else(|| SnapshotTable::named(""));
            Chosen { table: SnapshotTable { name: place.named(), ..said }, place: Some(place.clone()) }
        }
    }
}

/// The tables of a name or pattern. Patterns mean no views and no partitions.
fn of_name<'t>(name: &str, there: &'t [TableName]) -> Vec<&'t TableName> {
    let exact: Vec<&TableName> = there.iter().filter(|place| place.is_called(name)).collect();
    if exact.is_empty() { there.iter().filter(|place| place.fits(name)).collect() } else { exact }
}

impl TableName {
    /// Whether this is its name, with its schema or, where that need not be named, without.
    fn is_called(&self, name: &str) -> bool {
        self.named() == name || (self.is_current && self.table == name)
    }

    /// Whether the pattern means it.
    fn fits(&self, pattern: &str) -> bool {
        !self.is_hidden && (glob(pattern, &self.named()) || (self.is_current && glob(pattern, &self.table)))
    }
}

fn missing(name: &str, there: &[TableName]) -> Error {
    let near = |place: &&TableName| {
        place.table.eq_ignore_ascii_case(name)
            || place.named().eq_ignore_ascii_case(name)
            || place.table == name
    };
    let hint = match there.iter().find(near) {
        Some(place) => format!("Is {} meant?", place.named()),
        None if there.is_empty() => "The user of snapshot.url sees no table at all.".to_owned(),
        None => {
            let names: Vec<String> =
                there.iter().filter(|it| !it.is_hidden).take(10).map(TableName::named).collect();
            format!("There are {}{}.", names.join(", "), if there.len() > 10 { ", …" } else { "" })
        }
    };
    Error::config(format!("The source has no table {name}. {hint}"))
}

#[cfg(test)]
mod tests {
    use super::{Chosen, chosen, read_file};
    use crate::config::SnapshotTable;
    use crate::snapshot::table::TableName;

    fn place(schema: &str, table: &str, is_hidden: bool) -> TableName {
        TableName { schema: schema.into(), table: table.into(), is_current: schema == "public", is_hidden }
    }

    fn there() -> Vec<TableName> {
        vec![
            place("public", "lines", false),
            place("public", "orders", false),
            place("public", "orders_2026", true),
            place("sales", "orders", false),
        ]
    }

    fn names(configured: &[SnapshotTable], asked: &[&str]) -> Result<Vec<String>, String> {
        let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
        let found = chosen(configured, &asked, &there()).map_err(|error| error.message().to_owned())?;
        Ok(found.into_iter().map(|it| it.table.name).collect())
    }

    #[test]
    fn tables_are_meant_by_name_or_pattern_each_once() {
        assert_eq!(names(&[], &["orders"]).unwrap(), ["public.orders"]);
        assert_eq!(names(&[], &["public.*"]).unwrap(), ["public.lines", "public.orders"]);
        assert_eq!(names(&[], &["*orders", "sales.orders"]).unwrap(), ["public.orders", "sales.orders"]);
        assert_eq!(names(&[], &["public.orders_2026"]).unwrap(), ["public.orders_2026"]);
        assert!(names(&[], &["Orders"]).unwrap_err().contains("Is public.orders meant?"));
        assert!(names(&[], &["nothing"]).unwrap_err().contains("There are public.lines, public.orders"));
        assert!(names(&[], &[]).unwrap_err().contains("Which tables?"));
    }

    #[test]
    fn what_the_configuration_says_of_a_table_counts_by_either_name() {
        let keyed = SnapshotTable { key: vec!["id".into()], ..SnapshotTable::named("public.orders") };
        let query = SnapshotTable { query: Some("select 1 as a".into()), ..SnapshotTable::named("sums") };
        let configured = [keyed.clone(), query];
        assert_eq!(names(&configured, &[]).unwrap(), ["public.orders", "sums"]);
        let found = chosen(&configured, &["orders".to_owned()], &there()).unwrap();
        assert_eq!(found[0].table, keyed);
    }

    #[test]
    fn a_table_is_read_as_its_own_entry_says_else_as_the_first_pattern() {
        let with = |name: &str, filter: &str| SnapshotTable {
            filter: Some(filter.into()),
            ..SnapshotTable::named(name)
        };
        let configured = [with("public.*", "a"), with("*", "b"), with("orders", "c")];
        for asked in [&[][..], &["*"], &["lines", "public.orders", "sales.*"], &["sales.orders", "public.*"]]
        {
            let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
            for Chosen { table, .. } in chosen(&configured, &asked, &there()).unwrap() {
                let expected = match table.name.as_str() {
                    "public.orders" => "c",
                    "public.lines" => "a",
                    _ => "b",
                };
                assert_eq!(table.filter.as_deref(), Some(expected), "{asked:?} {}", table.name);
            }
        }
        // a table that is read by a query is so whatever names it
        let query = SnapshotTable { query: Some("select 1".into()), ..SnapshotTable::named("public.orders") };
        let found = chosen(std::slice::from_ref(&query), &["public.*".to_owned()], &there()).unwrap();
        assert!(found.contains(&Chosen { table: query, place: None }), "{found:?}");
    }

    #[test]
    fn two_tables_of_one_name_are_told_apart_or_refused() {
        let there = [place("a", "b.c", false), place("a.b", "c", false), place("a", "d", false)];
        for asked in ["a*", "a.b.c"] {
            let error = chosen(&[], &[asked.to_owned()], &there).unwrap_err();
            assert!(error.message().contains("two tables that are called a.b.c"), "{error}");
        }
        assert_eq!(chosen(&[], &["a.d".to_owned()], &there).unwrap().len(), 1);
    }

    #[test]
    fn two_entries_of_one_table_are_refused() {
        let of = |names: [&str; 2]| names.map(SnapshotTable::named);
        for twice in [["orders", "orders"], ["orders", "public.orders"], ["no", "no"]] {
            let error = names(&of(twice), &["lines"]).unwrap_err();
            assert!(error.contains("say how"), "{error}");
        }
        assert!(names(&of(["orders", "sales.orders"]), &[]).is_ok());
        assert!(names(&of(["public.*", "orders"]), &[]).is_ok());
    }

    #[test]
    fn a_file_of_others_lists_tables_and_queries() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table_sql.json");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read_file(&path).map_err(|error| error.message().to_owned())
        };
        let tables = read(
            r#"{"Tables":[{"table_name":"a","sql_query":"select * from a;\n"},{"table_name":"public.b"}]}"#,
        );
        let tables = tables.unwrap();
        assert_eq!(tables[0].query.as_deref(), Some("select * from a"));
        assert_eq!((tables[1].name.as_str(), tables[1].query.as_ref()), ("public.b", None));
        for text in ["", "[]", r#"{"Tables":[{"table_name":""}]}"#] {
            assert!(read(text).unwrap_err().contains("table_sql.json"), "{text}");
        }
        assert!(read(r#"{"Tables":[{"table_name":"a","sql_query":"drop table a; select 1"}]}"#).is_err());
    }
}
