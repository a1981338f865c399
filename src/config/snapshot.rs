//! `[snapshot]` and its `[[snapshot.table]]`: which rows are read where, and where they go.

use super::given::{self, Accepted, Given, Invalid, Word, show_list};
use super::setting::Setting;
use super::{SinkUrl, Tls};
use std::path::PathBuf;

/// `[snapshot]`: the database whose tables are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotSettings {
    /// Where it is.
    pub url: Option<SinkUrl>,
    /// How the connection is encrypted; none: as the URL says, else as [`Tls::VerifyFull`] says.
    pub tls: Option<Tls>,
    /// PEM file of the certificates to trust instead of the system's.
    pub tls_root_cert: Option<PathBuf>,
    /// What reads the stream of the same tables.
    pub beside: Beside,
    /// Where rows go; at least one.
    pub to: Vec<Destination>,
    /// A file that lists tables and queries.
    pub tables_file: Option<PathBuf>,
    /// Whether rows that an earlier snapshot brought and this one does not see are removed.
    pub replace: bool,
    /// Rows that are asked for at a time.
    pub chunk: u64,
    /// Every `[[snapshot.table]]`, in the order of the file.
    pub tables: Vec<SnapshotTable>,
}

impl Default for SnapshotSettings {
    fn default() -> Self {
        Self {
            url: None,
            tls: None,
            tls_root_cert: None,
            beside: Beside::default(),
            to: vec![Destination::Sink],
            tables_file: None,
            replace: false,
            chunk: CHUNK,
            tables: Vec::new(),
        }
    }
}

/// Rows that are asked for at a time, when nobody says otherwise.
const CHUNK: u64 = 100_000;
const CHUNK_MAX: u64 = 1_000_000_000;
/// More parts than any function has concurrent invocations by default.
const SPLIT_MAX: u64 = 1_000;

/// What reads the stream of the tables whose rows are loaded beside it: the versions of the rows are of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Beside {
    /// Whatever filled the target so far, else the pinned decoder, else nothing.
    #[default]
    Auto,
    /// Nothing: the tables have no stream.
    None,
    /// This decoder.
    Decoder(&'static str),
    /// Any decoder whose changes are ordered by their arrival.
    Arrival,
}

/// Where the rows of a snapshot go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// The database of `sink.url`.
    Sink,
    /// Files below `archive.url`.
    Archive,
}

/// `[[snapshot.table]]`: a table, or the rows of a query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SnapshotTable {
    /// The table as its stream names it; with `query`, what its rows are called.
    pub name: String,
    /// The rows, where they are not those of the table.
    pub query: Option<String>,
    /// The columns of the key, where the database does not tell.
    pub key: Vec<String>,
    /// Rows that are asked for at a time, where that differs.
    pub chunk: Option<u64>,
    /// In how many parts it is read; at least one.
    pub split: u64,
    /// Which rows of the table.
    pub filter: Option<String>,
}

impl SnapshotTable {
    /// All rows of a table.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), split: 1, ..Self::default() }
    }
}

impl Word for Beside {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("none", Self::None),
        ("arrival", Self::Arrival),
        ("canal", Self::Decoder("canal")),
        ("debezium", Self::Decoder("debezium")),
        ("dms", Self::Decoder("dms")),
        ("dsql", Self::Decoder("dsql")),
        ("dynamodb", Self::Decoder("dynamodb")),
        ("dynamodb-kinesis", Self::Decoder("dynamodb-kinesis")),
        ("json", Self::Decoder("json")),
        ("maxwell", Self::Decoder("maxwell")),
        ("mongodb", Self::Decoder("mongodb")),
        ("wal2json", Self::Decoder("wal2json")),
    ];
}

impl Word for Destination {
    const WORDS: &'static [(&'static str, Self)] = &[("sink", Self::Sink), ("archive", Self::Archive)];
}

/// The settings of a `[[snapshot.table]]`, in the order in which people read them.
pub const SNAPSHOT_TABLE_SETTINGS: &[Setting<SnapshotTable>] = &[
    Setting {
        name: "name",
        values: "the name of a table, not empty; without `query` `*` and `?` are wildcards",
        about: "The table as its stream names it, such as `public.orders`. With `query`: what its rows are called.",
        example: r#"name = "public.orders""#,
        secret: false,
        set: |table, given| given::text(given, &mut table.name),
        get: |table| table.name.clone(),
    },
    Setting {
        name: "query",
        values: "a SELECT without a semicolon",
        about: "The rows, where they are not those of the table. They are read in one piece.",
        example: r#"query = "select id, total from orders where paid""#,
        secret: false,
        set: |table, given| given::statement(given, &mut table.query),
        get: |table| table.query.clone().unwrap_or_default(),
    },
    Setting {
        name: "key",
        values: "a list of names, none of them empty",
        about: "The columns of the key, where the database does not tell it: of a query, a view, or a table without \
            a primary key.",
        example: r#"key = ["id"]"#,
        secret: false,
        set: |table, given| given::list(given, &mut table.key),
        get: |table| show_list(&table.key),
    },
    Setting {
        name: "where",
        values: "a condition on the table's columns, without a semicolon; not together with `query`",
        about: "Which rows of the table.",
        example: r#"where = "created_at >= '2026-01-01'""#,
        secret: false,
        set: |table, given| given::statement(given, &mut table.filter),
        get: |table| table.filter.clone().unwrap_or_default(),
    },
    Setting {
        name: "chunk",
        values: "a whole number from 1 to 1000000000",
        about: "Rows that are asked for at a time, instead of `snapshot.chunk`.",
        example: "chunk = 20000",
        secret: false,
        set: |table, given| {
            let mut chunk = 0_u64;
            given::number(given, 1..=CHUNK_MAX, &mut chunk)?;
            table.chunk = Some(chunk);
            Ok(())
        },
        get: |table| table.chunk.map(|chunk| chunk.to_string()).unwrap_or_default(),
    },
    Setting {
        name: "split",
        values: "a whole number from 1 to 1000",
        about: "In how many parts a table is read side by side: ranges of its primary key.",
        example: "split = 8",
        secret: false,
        set: |table, given| given::number(given, 1..=SPLIT_MAX, &mut table.split),
        get: |table| if table.split == 0 { "1".to_owned() } else { table.split.to_string() },
    },
];

/// `snapshot.chunk`.
pub(super) fn set_chunk(given: Given, chunk: &mut u64) -> Accepted {
    given::number(given, 1..=CHUNK_MAX, chunk)
}

/// `snapshot.to`: different words, at least one; in a variable with commas between them.
pub(super) fn set_destinations(given: Given, to: &mut Vec<Destination>) -> Accepted {
    let names = match given {
        Given::Text(text) => text.split(',').map(|name| name.trim().to_owned()).collect(),
        Given::List(names) => names,
        Given::Number(_) | Given::Truth(_) | Given::Table(_) | Given::Other => return Err(Invalid),
    };
    let mut found = Vec::new();
    for name in names {
        let mut word = Destination::Sink;
        given::word(Given::Text(name), &mut word)?;
        if !found.contains(&word) {
            found.push(word);
        }
    }
    if found.is_empty() {
        return Err(Invalid);
    }
    *to = found;
    Ok(())
}

/// The same for people.
pub(super) fn show_destinations(to: &[Destination]) -> String {
    show_list(&to.iter().map(|word| given::show_word(*word)).collect::<Vec<_>>())
}
