//! For each source table: its target, which fields and events are kept, what a configuration error does. How a person
//! says so is not known here.

use crate::rules::{ByTable, Images, Keyless, TablePattern, glob};
use crate::source::{Member, SourceTable};
use std::collections::BTreeMap;

/// What a record does that no route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unrouted {
    /// It is ignored and counted. When a route nearly takes its table, that is said, and it is a configuration error
    /// while nothing else has come from the source.
    #[default]
    Auto,
    /// It is ignored and counted.
    Ignore,
    /// It is a configuration error.
    Fail,
}

/// What becomes of a row whose source row was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeletePolicy {
    /// The row leaves the view; its version stays behind, so that a late event cannot bring it back.
    #[default]
    Tombstone,
    /// The row stays in the view with its last image and is marked deleted.
    Soft,
    /// The row is removed at once. Convergence is not promised.
    Hard,
}

/// What becomes of deletes that the source's own expiry made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ttl {
    /// They are deletes like any other.
    #[default]
    Apply,
    /// They are ignored and counted: the target keeps what the source let expire.
    Ignore,
}

/// What becomes of a truncate or a drop of the source table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Truncate {
    /// It is ignored and counted.
    #[default]
    Ignore,
    /// Rows older than it are removed, never the table. PostgreSQL only.
    Apply,
}

/// How CrateDB keeps the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DataLayout {
    /// As columns that rowtide adds.
    #[default]
    Columns,
    /// Without columns: kept, not indexed.
    Ignored,
}

/// What becomes of records that show a fault of the configuration of their own table or producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnConfigError {
    /// Those that are delivered alone are delivered again, those that come in order are parked; the invocation fails
    /// when nothing is known of the source yet and nothing of the batch can be applied.
    #[default]
    Auto,
    /// The invocation fails.
    Fail,
    /// They are parked.
    Park,
}

/// What one `[[route]]` says: of one source table, or of all whose names match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutePolicy {
    /// Name of the source table as the source names it; `*` and `?` are wildcards ([`glob`]).
    pub from: String,
    /// What the source must be: patterns as those of `from`, by the member of its identity; else empty.
    pub source: BTreeMap<Member, String>,
    /// Whether the tables are left out on purpose.
    pub skip: bool,
    /// Name of the target with its placeholders ([`PLACEHOLDERS`]) not yet replaced.
    pub to: String,
    /// Whether several sources fill one target on purpose: their keys cannot collide, or `key_add` sees to it.
    pub merge: bool,
    /// Members that are added to the key: name, and the value with its placeholders not yet replaced.
    pub key_add: BTreeMap<String, String>,
    /// What becomes of records that show a fault of the configuration of their own table.
    pub on_config_error: OnConfigError,
    /// Names of the key's members, where the source does not tell them; else empty.
    pub key: Vec<String>,
    /// What a delete does.
    pub delete: DeletePolicy,
    /// Typed columns: field name to the database's type, as written; the type is not checked here.
    pub types: BTreeMap<String, String>,
    /// Document fields to keep, with wildcards; never empty. See [`RoutePolicy::keeps`].
    pub include: Vec<String>,
    /// Document fields to leave out, with wildcards. Never given together with `include`.
    pub exclude: Vec<String>,
    /// What a delete by expiry does.
    pub ttl: Ttl,
    /// Fields that arrive as JSON text and become documents.
    pub json: Vec<String>,
    /// What a record of a table without a key does.
    pub keyless: Keyless,
    /// What an update brings.
    pub images: Images,
    /// What a truncate does.
    pub truncate: Truncate,
    /// How CrateDB keeps the document.
    pub data: DataLayout,
    /// CrateDB: the most columns that one object of the document may have; at least 1.
    pub columns_per_object: u32,
    /// CrateDB: the most columns that the whole target may have; at least 1.
    pub columns_max: u32,
    /// Where the changes are archived beside the sink: a location with its placeholders not yet replaced, and with a
    /// slash at its end.
    pub archive: Option<String>,
}

impl Default for RoutePolicy {
    fn default() -> Self {
        Self {
            from: "*".to_owned(),
            source: BTreeMap::new(),
            skip: false,
            to: "{table}".to_owned(),
            merge: false,
            key_add: BTreeMap::new(),
            on_config_error: OnConfigError::default(),
            key: Vec::new(),
            delete: DeletePolicy::default(),
            types: BTreeMap::new(),
            include: vec!["*".to_owned()],
            exclude: Vec::new(),
            ttl: Ttl::default(),
            json: Vec::new(),
            keyless: Keyless::default(),
            images: Images::default(),
            truncate: Truncate::default(),
            data: DataLayout::default(),
            columns_per_object: 100,
            columns_max: 900,
            archive: None,
        }
    }
}

/// What the target's name and the values of `key_add` may refer to: the table's name, what is in front of its first
/// dot, and the members of the source's identity.
pub const PLACEHOLDERS: [&str; 7] = ["table", "schema", "account", "connector", "db", "region", "server"];

impl RoutePolicy {
    /// The tables that it takes.
    #[must_use]
    pub fn pattern(&self) -> TablePattern {
        TablePattern { from: self.from.clone(), source: self.source.clone() }
    }

    /// Whether the document field `name` reaches the database: a pattern of `include` matches and none of `exclude`.
    #[must_use]
    pub fn keeps(&self, name: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| glob(pattern, name));
        any(&self.include) && !any(&self.exclude)
    }
}

/// Every route, and what it takes to find one and its target.
#[derive(Debug)]
pub struct Policy {
    /// By the tables that they take.
    pub routes: ByTable<RoutePolicy>,
    /// What a record does that no route takes.
    pub unrouted: Unrouted,
    /// The schema of targets that name none, and of rowtide's own tables.
    pub schema: String,
    /// What a storage table's name has behind its view's; never empty.
    pub suffix: String,
}

/// Letters in which two names differ that are nearly the same.
const EDITS_MAX: usize = 2;
/// No database has longer names with a schema in front; what is longer nobody typed.
const NAME_BYTES_MAX: usize = 300;
/// A shorter name is as near to many others.
const NEAR_NAME_MIN: usize = 4;

impl Policy {
    /// The `from` of a route that does not take a table, and was perhaps meant to: it is the table's name but for the
    /// case of its letters, its schema, two letters, or it is the table of another source. Names that differ in their
    /// digits alone are two tables.
    #[must_use]
    pub fn nearly(&self, table: SourceTable<'_>) -> Option<&str> {
        if table.name.len() > NAME_BYTES_MAX {
            return None;
        }
        let routes = self.routes.iter().filter(|(_, route)| !route.skip);
        let edits =
            routes.filter_map(|(pattern, _)| Some((edits(&pattern.from, table.name)?, &*pattern.from)));
        edits.min_by_key(|(edits, _)| *edits).map(|(_, from)| from)
    }
}

/// In how many letters a table's name differs from a pattern, when they are nearly the same.
fn edits(pattern: &str, name: &str) -> Option<usize> {
    if glob(pattern, name) {
        // the source is another one
        return Some(0);
    }
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let (patterns, names): (Vec<&str>, Vec<&str>) = (pattern.split('.').collect(), name.split('.').collect());
    if patterns.len() != names.len() {
        // one of them has a schema
        let (pattern, name) = (patterns.last()?, names.last()?);
        return (pattern == name).then_some(0);
    }
    if glob(&pattern, &name) {
        return Some(0);
    }
    let parts = patterns.into_iter().zip(names);
    let edits: usize = parts.map(|(pattern, name)| edits_of_part(pattern, name)).sum::<Option<usize>>()?;
    (edits <= EDITS_MAX).then_some(edits)
}

fn edits_of_part(pattern: &str, name: &str) -> Option<usize> {
    if glob(pattern, name) {
        return Some(0);
    }
    let is_short = pattern.chars().count().min(name.chars().count()) < NEAR_NAME_MIN;
    let letters = |text: &str| text.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>();
    let is_far = pattern.len().abs_diff(name.len()) > 4 * EDITS_MAX;
    if is_short || is_far || pattern.contains(['*', '?']) || letters(pattern) == letters(name) {
        return None;
    }
    Some(strsim::osa_distance(pattern, name)).filter(|edits| *edits <= EDITS_MAX)
}

/// Whether every `{…}` of a text is one of [`PLACEHOLDERS`], and every brace belongs to one.
pub(crate) fn placeholders_are_known(text: &str) -> bool {
    let mut parts = text.split('{');
    let is_free = |text: &str| !text.contains('}');
    parts.next().is_none_or(is_free)
        && parts.all(|part| {
            part.split_once('}').is_some_and(|(name, rest)| PLACEHOLDERS.contains(&name) && is_free(rest))
        })
}

#[cfg(test)]
mod tests {
    use super::{RoutePolicy, placeholders_are_known};

    #[test]
    fn only_known_placeholders_are_taken() {
        let table = [
            ("{table}", true),
            ("sales.{schema}_{table}", true),
            ("orders", true),
            ("{tabel}", false),
            ("{table", false),
            ("table}", false),
            ("{}", false),
            ("{{table}}", false),
        ];
        for (to, known) in table {
            assert_eq!(placeholders_are_known(to), known, "{to}");
        }
    }

    #[test]
    fn fields_are_kept_by_include_and_left_out_by_exclude() {
        let list =
            |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect::<Vec<_>>();
        let table: [(&[&str], &[&str], &str, bool); 5] = [
            (&["*"], &[], "name", true),
            (&["name", "address*"], &[], "address_2", true),
            (&["name"], &[], "email", false),
            (&["*"], &["email"], "email", false),
            (&["*"], &["email"], "name", true),
        ];
        for (include, exclude, field, kept) in table {
            let route =
                RoutePolicy { include: list(include), exclude: list(exclude), ..RoutePolicy::default() };
            assert_eq!(route.keeps(field), kept, "{include:?} {exclude:?} {field}");
        }
    }
}
