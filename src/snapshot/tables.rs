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
/// When nothing is meant, or nothing has such a name.
pub(super) fn chosen(
    configured: &[SnapshotTable],
    asked: &[String],
    there: &[TableName],
) -> Result<Vec<Chosen>> {
    let wanted: Vec<SnapshotTable> = match asked {
        [] if configured.is_empty() => {
            return Err(Error::config(
                "Which tables? Name them, as in `rowtide snapshot public.orders` or `rowtide snapshot 'public.*'`, or \
                 list them in [[snapshot.table]].",
            ));
        }
        [] => configured.to_vec(),
        asked => asked.iter().map(|name| said_of(configured, name, there)).collect(),
    };
    let mut chosen: Vec<Chosen> = Vec::new();
    for table in wanted {
        let found = if table.query.is_some() {
            vec![Chosen { table: table.clone(), place: None }]
        } else {
            of_name(&table, there)
        };
        if found.is_empty() {
            return Err(missing(&table.name, there));
        }
        for one in found {
            if chosen.iter().all(|other| other.table.name != one.table.name) {
                chosen.push(one);
            }
        }
    }
    Ok(chosen)
}

/// What the configuration says of a table that is asked for by a name.
fn said_of(configured: &[SnapshotTable], name: &str, there: &[TableName]) -> SnapshotTable {
    let whole = there.iter().find(|place| place.is_current && place.table == name).map(TableName::named);
    let is_it = |table: &&SnapshotTable| table.name == name || Some(&table.name) == whole.as_ref();
    configured.iter().find(is_it).cloned().unwrap_or_else(|| SnapshotTable::named(name))
}

/// The tables of a name or pattern, each under its whole name. Patterns mean no views and no partitions.
fn of_name(table: &SnapshotTable, there: &[TableName]) -> Vec<Chosen> {
    let name = &table.name;
    let is_exact = |place: &&TableName| place.named() == *name || (place.is_current && place.table == *name);
    let fits = |place: &&TableName| {
        !place.is_hidden && (glob(name, &place.named()) || (place.is_current && glob(name, &place.table)))
    };
    let named = |place: &TableName| Chosen {
        table: SnapshotTable { name: place.named(), ..table.clone() },
        place: Some(place.clone()),
    };
    let exact: Vec<Chosen> = there.iter().filter(is_exact).take(1).map(named).collect();
    if exact.is_empty() { there.iter().filter(fits).map(named).collect() } else { exact }
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
    use super::{chosen, read_file};
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
