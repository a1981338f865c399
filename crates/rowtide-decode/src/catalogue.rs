//! Keys and columns of source tables, from the configuration and from schema records that came earlier. Decoders are
//! given it with each record; they ask it and never write to it.

use crate::error::{Code, Error, Result};
use crate::memo::Memo;
use crate::rules::{Images, Keyless, Order, Rules, TableRules};
use crate::source::{SourceIdentity, SourceTable};
use std::sync::Arc;

/// The longest name of a table: no source has names of a tenth of it.
pub const TABLE_BYTES_MAX: usize = 1_024;

/// What a source said of one of its tables, in a record of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSchema {
    /// The source table, as events name it.
    pub table: String,
    /// Which source that is, as far as the record told.
    pub source: SourceIdentity,
    /// The columns of the primary key; empty when the table has none.
    pub key: Vec<String>,
    /// Every column and its type in the source's words, when the source told them.
    pub columns: Vec<(String, String)>,
    /// When the source said so, as text whose byte order is the order of time; what is said later counts.
    pub observed_at: String,
}

impl TableSchema {
    /// The name under which it is kept: that of the table and, where it is known, of the source.
    #[must_use]
    pub fn kept_as(&self) -> String {
        if self.source.is_empty() {
            self.table.clone()
        } else {
            format!("{} {}", self.table, self.source.as_str())
        }
    }

    /// Table and source of what is kept under a name.
    #[must_use]
    pub fn of_kept(name: &str) -> (String, SourceIdentity) {
        let at = name.rfind(" {\"").unwrap_or(name.len());
        let (table, source) = name.split_at_checked(at).unwrap_or((name, ""));
        match SourceIdentity::parse(source.trim_start()) {
            unknown if unknown.is_empty() => (name.to_owned(), unknown),
            source => (table.to_owned(), source),
        }
    }

    /// About how much memory it takes.
    fn bytes(&self) -> usize {
        let columns = self.columns.iter().flat_map(|(name, kind)| [name, kind]);
        let texts = [&self.table, &self.observed_at].into_iter().chain(&self.key).chain(columns);
        texts.map(|text| text.len() + size_of::<String>()).sum::<usize>() + self.source.as_str().len()
    }

    /// Whether every database can hold it: no empty name, none that is too long, no NUL. One such record must not stop
    /// its stream.
    #[must_use]
    pub fn can_be_kept(&self) -> bool {
        let columns = self.columns.iter().flat_map(|(name, kind)| [name, kind]);
        let texts = [&self.table, &self.observed_at].into_iter().chain(&self.key).chain(columns);
        let is_named =
            (1..=TABLE_BYTES_MAX).contains(&self.table.len()) && self.key.iter().all(|name| !name.is_empty());
        is_named && texts.into_iter().all(|text| !text.contains('\0'))
    }
}

/// What makes a row of a table one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The values of these columns.
    Columns(Vec<String>),
    /// Every insert is a row of its own, named by its position.
    Position,
    /// All columns together.
    Row,
}

/// The tables of a source. A clone costs little, and knows what was said until then.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    rules: Arc<Rules>,
    said: Arc<Said>,
}

/// By table; of one source the last. What is forgotten is in the registry.
#[derive(Debug, Clone)]
struct Said(Memo<String, Vec<Arc<TableSchema>>>);

/// Bytes of what sources said: some 10,000 wide tables.
const SAID_BYTES: usize = 64 * 1024 * 1024;

impl Default for Said {
    fn default() -> Self {
        Self(Memo::new(SAID_BYTES))
    }
}

impl Catalogue {
    /// What `rules` say of tables.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { rules: Arc::new(rules), said: Arc::default() }
    }

    // a route that the record's source could not be held against fails when the change is sent there
    fn rules(&self, table: SourceTable<'_>) -> Option<&TableRules> {
        self.rules.tables.first(table).ok().flatten()
    }

    /// What the source said of `table`, if it did.
    #[must_use]
    pub fn schema<'t>(&self, table: impl Into<SourceTable<'t>>) -> Option<Arc<TableSchema>> {
        let table = table.into();
        let schemas = self.said.0.peek(table.name)?;
        // what this very source said counts more than what could be of another
        let own = schemas.iter().find(|schema| schema.source == *table.identity);
        let fits = |schema: &&Arc<TableSchema>| !schema.source.conflicts_with(table.identity);
        let latest = || schemas.iter().filter(fits).max_by(|a, b| a.observed_at.cmp(&b.observed_at));
        own.or_else(latest).cloned()
    }

    /// Takes note of what a source said, unless something later is known.
    pub fn record_schema(&mut self, schema: TableSchema) {
        let of_table = self.said.0.peek(&schema.table).map(Vec::as_slice).unwrap_or_default();
        if of_table.iter().any(|known| **known == schema) {
            return;
        }
        let said = Arc::make_mut(&mut self.said);
        let table = schema.table.clone();
        let (mut schemas, _) = said.0.remove(&table).unwrap_or_default();
        match schemas.iter_mut().find(|known| known.source == schema.source) {
            Some(known) if known.observed_at <= schema.observed_at => *known = Arc::new(schema),
            Some(_) => {}
            None => schemas.push(Arc::new(schema)),
        }
        let bytes = schemas.iter().map(|schema| schema.bytes()).sum();
        said.0.insert(table, schemas, bytes);
    }

    /// Whether records of `table` are left out because nothing is said of it, so that nobody needs to know its key.
    #[must_use]
    pub fn leaves_out<'t>(&self, table: impl Into<SourceTable<'t>>) -> bool {
        self.rules.leaves_others_out && matches!(self.rules.tables.first(table), Ok(None))
    }

    /// What orders the changes of a key.
    #[must_use]
    pub fn order(&self) -> Order {
        self.rules.order
    }

    /// Whether changes are ordered by their arrival.
    #[must_use]
    pub fn is_by_arrival(&self) -> bool {
        self.rules.order == Order::Arrival
    }

    /// Whether the source orders them: else no position of it is needed.
    #[must_use]
    pub fn needs_position(&self) -> bool {
        self.rules.order == Order::Source
    }

    /// The columns of the key as the route names them.
    #[must_use]
    pub fn configured_key<'t>(&self, table: impl Into<SourceTable<'t>>) -> Option<&[String]> {
        self.rules(table.into()).map(|rules| rules.key.as_slice()).filter(|key| !key.is_empty())
    }

    /// What makes a row of `table` one row: the route's `key`, else `told` by the record itself (empty when it says
    /// that there is no key), else what the source said before, else for a table without a key the route's `keyless`.
    ///
    /// # Errors
    /// [`Code::UnknownKey`] when nobody says, `no_key` when there is none and `keyless` refuses: faults of the table's
    /// configuration, which name it and what to set.
    pub fn identity<'t>(
        &self,
        table: impl Into<SourceTable<'t>>,
        told: Option<Vec<String>>,
    ) -> Result<Identity> {
        let table = table.into();
        if let Some(key) = self.configured_key(table) {
            return Ok(Identity::Columns(key.to_vec()));
        }
        let key = told.or_else(|| self.schema(table).map(|schema| schema.key.clone()));
        match key {
            Some(key) if !key.is_empty() => Ok(Identity::Columns(key)),
            Some(_) => self.without_key(table),
            // a route that says what to do with a table without a key says that it has none
            None if self.keyless(table) != Keyless::Refuse => self.without_key(table),
            None => Err(Error::fault(
                Code::UnknownKey,
                format!(
                    "The records of {0} do not name its key, and nothing else does. Set `key` in the route of {0}, as \
                     in: [[route]] from = \"{0}\", key = [\"id\"]. If it has none, set `keyless` there.",
                    table.name
                ),
            )
            .about(table.name, None)
            .of_source(table.identity.as_str())),
        }
    }

    fn without_key(&self, table: SourceTable<'_>) -> Result<Identity> {
        match self.keyless(table) {
            Keyless::Position => Ok(Identity::Position),
            Keyless::Row => Ok(Identity::Row),
            Keyless::Refuse => Err(Error::fault(
                Code::NoKey,
                format!(
                    "The table {} has no primary key. Set `key` in its route, or `keyless` to \"position\" (every \
                     insert is a row of its own) or \"row\" (all columns are the key).",
                    table.name
                ),
            )
            .about(table.name, None)
            .of_source(table.identity.as_str())),
        }
    }

    /// The route's `keyless`.
    #[must_use]
    pub fn keyless<'t>(&self, table: impl Into<SourceTable<'t>>) -> Keyless {
        self.rules(table.into()).map(|rules| rules.keyless).unwrap_or_default()
    }

    /// Whether the source promises to send every column of a changed row of `table`: the route's `images`.
    #[must_use]
    pub fn sends_full_images<'t>(&self, table: impl Into<SourceTable<'t>>) -> bool {
        self.rules(table.into()).is_some_and(|rules| rules.images == Images::Full)
    }
}

#[cfg(test)]
mod tests {
    use super::{Catalogue, Identity, SAID_BYTES, TABLE_BYTES_MAX, TableSchema};
    use crate::error::Code;
    use crate::rules::{ByTable, Keyless, Rules, TablePattern, TableRules};
    use crate::source::{Member, SourceIdentity, SourceTable};

    fn catalogue(change: impl FnOnce(&mut TableRules)) -> Catalogue {
        let mut rules = TableRules::default();
        change(&mut rules);
        Catalogue::new(Rules::of_all(rules))
    }

    fn schema(key: &[&str], observed_at: &str) -> TableSchema {
        let key = key.iter().map(|name| (*name).to_owned()).collect();
        TableSchema {
            table: "t".to_owned(),
            source: SourceIdentity::default(),
            key,
            columns: Vec::new(),
            observed_at: observed_at.to_owned(),
        }
    }

    fn columns(names: &[&str]) -> Identity {
        Identity::Columns(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn what_no_database_can_hold_is_not_kept() {
        let can_be_kept =
            |table: &str| TableSchema { table: table.to_owned(), ..schema(&["id"], "1") }.can_be_kept();
        assert!(can_be_kept("t") && can_be_kept(&"t".repeat(TABLE_BYTES_MAX)));
        assert!(!can_be_kept("") && !can_be_kept("a\0") && !can_be_kept(&"t".repeat(TABLE_BYTES_MAX + 1)));
    }

    #[test]
    fn what_sources_say_without_end_is_bounded_and_the_last_is_known() {
        let mut catalogue = catalogue(|_| {});
        let name = "c".repeat(10_000);
        for at in 0..20_000 {
            let table = if at % 2 == 0 { format!("t{at}") } else { "t".to_owned() };
            let source = SourceIdentity::of(&[(Member::Server, Some(&format!("s{at}")))]);
            catalogue.record_schema(TableSchema { table, source, ..schema(&[&name], "1") });
        }
        let bytes = catalogue.said.0.bytes();
        assert!(bytes <= SAID_BYTES, "{bytes}");
        assert!(catalogue.schema("t19998").is_some());
    }

    #[test]
    fn the_route_wins_over_the_record_and_the_record_over_what_was_said_before() {
        let mut catalogue = catalogue(|_| {});
        assert_eq!(catalogue.identity("t", None).unwrap_err().code(), Code::UnknownKey);
        catalogue.record_schema(schema(&["a"], "2"));
        assert_eq!(catalogue.identity("t", None).unwrap(), columns(&["a"]));
        assert_eq!(catalogue.identity("t", Some(vec!["b".into()])).unwrap(), columns(&["b"]));
        let routed = self::catalogue(|route| route.key = vec!["c".into()]);
        assert_eq!(routed.identity("t", Some(vec!["b".into()])).unwrap(), columns(&["c"]));
    }

    #[test]
    fn a_table_without_a_route_is_left_out_unless_that_is_an_error() {
        assert!(!Catalogue::default().leaves_out("t"));
        let rules = |leaves_others_out| {
            let orders = TablePattern { from: "orders".into(), ..TablePattern::default() };
            let tables = ByTable::new(vec![(orders, TableRules::default())]);
            Rules { tables, leaves_others_out, ..Rules::default() }
        };
        let catalogue = Catalogue::new(rules(true));
        assert_eq!((catalogue.leaves_out("t"), catalogue.leaves_out("orders")), (true, false));
        assert!(!Catalogue::new(rules(false)).leaves_out("t"));
    }

    #[test]
    fn what_was_said_later_counts_whatever_the_delivery() {
        let mut catalogue = catalogue(|_| {});
        catalogue.record_schema(schema(&["new"], "2026-02"));
        catalogue.record_schema(schema(&["old"], "2026-01"));
        assert_eq!(catalogue.identity("t", None).unwrap(), columns(&["new"]));
    }

    #[test]
    fn what_one_source_said_of_a_table_is_not_said_of_anothers() {
        let source = |db: &str| SourceIdentity::of(&[(Member::Db, Some(db))]);
        let mut catalogue = catalogue(|_| {});
        catalogue.record_schema(TableSchema { source: source("a"), ..schema(&["of_a"], "1") });
        catalogue.record_schema(TableSchema { source: source("b"), ..schema(&["of_b"], "2") });
        let identity = |source: &SourceIdentity| catalogue.identity(SourceTable::new("t", source), None);
        assert_eq!(identity(&source("a")).unwrap(), columns(&["of_a"]));
        assert_eq!(identity(&source("b")).unwrap(), columns(&["of_b"]));
        assert_eq!(identity(&source("c")).unwrap_err().code(), Code::UnknownKey);
        assert_eq!(identity(&SourceIdentity::default()).unwrap(), columns(&["of_b"]), "what was said last");
    }

    #[test]
    fn a_schema_is_kept_by_its_table_and_its_source() {
        let source = SourceIdentity::of(&[(Member::Db, Some("a {\"b"))]);
        for (table, source) in [("t", source.clone()), ("t", SourceIdentity::default()), ("t {\"x", source)] {
            let schema = TableSchema { table: table.to_owned(), source, ..schema(&["id"], "1") };
            assert_eq!(TableSchema::of_kept(&schema.kept_as()), (schema.table, schema.source));
        }
        let odd = TableSchema::of_kept("a {\"b\":1");
        assert_eq!(odd, ("a {\"b\":1".to_owned(), SourceIdentity::default()));
    }

    #[test]
    fn a_table_without_a_key_is_what_its_route_says() {
        let identity = |keyless, told| catalogue(|route| route.keyless = keyless).identity("t", told);
        for (told, code) in [(Some(Vec::new()), Code::NoKey), (None, Code::UnknownKey)] {
            let error = identity(Keyless::Refuse, told).unwrap_err();
            assert_eq!((error.code(), error.table()), (code, Some("t")));
            assert!(error.is_fault_of_table() && code.is_fault());
            assert!(error.message().contains('t') && error.message().contains("`key`"), "{error}");
        }
        assert_eq!(identity(Keyless::Position, Some(Vec::new())).unwrap(), Identity::Position);
        assert_eq!(identity(Keyless::Row, None).unwrap(), Identity::Row);
        assert_eq!(identity(Keyless::Row, Some(vec!["id".into()])).unwrap(), columns(&["id"]));
    }
}
