//! What is configured for one source table, and which route a table takes.

use crate::error::{Code, Error, Result};
use crate::source::{Member, SourceTable};
use std::collections::{BTreeMap, HashMap};

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

/// What becomes of a record of a table without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keyless {
    /// It is refused.
    #[default]
    Refuse,
    /// Every insert is a row of its own, named by its position.
    Position,
    /// All fields together are the key.
    Row,
}

/// What an update of a source that may leave columns out brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Images {
    /// What it visibly brings: the columns it lacks keep their values.
    #[default]
    Auto,
    /// Every column that has a value: a column it lacks is gone.
    Full,
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

/// The configuration of one `[[route]]`: one source table, or all whose names match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteConfig {
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
    /// Document fields to keep, with wildcards; never empty. See [`RouteConfig::keeps`].
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
}

impl Default for RouteConfig {
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
        }
    }
}

/// What the target's name and the values of `key_add` may refer to: the table's name, what is in front of its first
/// dot, and the members of the source's identity.
pub const PLACEHOLDERS: [&str; 7] = ["table", "schema", "account", "connector", "db", "region", "server"];

impl RouteConfig {
    /// Whether this is the route of a source table.
    ///
    /// # Errors
    /// When the route asks for a member of the source's identity that the record does not tell.
    pub fn takes(&self, table: SourceTable<'_>) -> Result<bool> {
        if !glob(&self.from, table.name) {
            return Ok(false);
        }
        for (member, pattern) in &self.source {
            match table.identity.get(*member) {
                Some(told) if glob(pattern, &told) => {}
                Some(_) => return Ok(false),
                None => {
                    return Err(Error::fault(
                        Code::UntoldSource,
                        format!(
                            "A route takes {} by its {}, which the record does not tell. Set `from` to the name of \
                             the table alone, or have the source tell it.",
                            table.name,
                            member.as_str()
                        ),
                    )
                    .about(table.name, None)
                    .of_source(table.identity.as_str()));
                }
            }
        }
        Ok(true)
    }

    /// Whether the document field `name` reaches the database: a pattern of `include` matches and none of `exclude`.
    #[must_use]
    pub fn keeps(&self, name: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| glob(pattern, name));
        any(&self.include) && !any(&self.exclude)
    }
}

/// The routes by the names that they take: those with wildcards have to be tried, the others are looked up.
#[derive(Debug, Default)]
pub struct RouteIndex {
    exact: HashMap<String, Vec<usize>>,
    patterns: Vec<usize>,
}

impl RouteIndex {
    /// The index of these routes.
    #[must_use]
    pub fn new(routes: &[RouteConfig]) -> Self {
        let mut index = Self::default();
        for (at, route) in routes.iter().enumerate() {
            let of_name = if route.from.contains(['*', '?']) {
                &mut index.patterns
            } else {
                index.exact.entry(route.from.clone()).or_default()
            };
            of_name.push(at);
        }
        index
    }

    /// Which routes may take a table of this name, in their order.
    pub(super) fn candidates(&self, name: &str) -> impl Iterator<Item = usize> {
        let mut exact = self.exact.get(name).into_iter().flatten().copied().peekable();
        let mut patterns = self.patterns.iter().copied().peekable();
        std::iter::from_fn(move || match (exact.peek(), patterns.peek()) {
            (Some(one), Some(other)) if one < other => exact.next(),
            (Some(_), None) => exact.next(),
            _ => patterns.next(),
        })
    }
}

/// Whether `pattern` matches the whole of `text`: `*` stands for any characters, `?` for exactly one. Case counts.
///
/// Takes at most `pattern` × `text` steps, whatever the pattern.
#[must_use]
pub fn glob(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Behind the last star: the pattern after it, and the text that the star has not swallowed yet.
    let mut retry = None;
    loop {
        let before = text.clone();
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                retry = Some((pattern.clone(), before.clone()));
                text = before;
            }
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {}
            _ => {
                let Some((after_star, left)) = &mut retry else { return false };
                if left.next().is_none() {
                    return false;
                }
                (pattern, text) = (after_star.clone(), left.clone());
            }
        }
    }
}

/// Whether every `{…}` of a text is one of [`PLACEHOLDERS`], and every brace belongs to one.
pub(super) fn placeholders_are_known(text: &str) -> bool {
    let mut parts = text.split('{');
    let is_free = |text: &str| !text.contains('}');
    parts.next().is_none_or(is_free)
        && parts.all(|part| {
            part.split_once('}').is_some_and(|(name, rest)| PLACEHOLDERS.contains(&name) && is_free(rest))
        })
}

#[cfg(test)]
mod tests {
    use super::{RouteConfig, RouteIndex, glob, placeholders_are_known};

    #[test]
    fn a_pattern_matches_whole_names_and_case_counts() {
        let table = [
            ("orders", "orders", true),
            ("orders", "Orders", false),
            ("orders", "orders2", false),
            ("orders", "order", false),
            ("*", "", true),
            ("*", "a.b.c", true),
            ("", "", true),
            ("", "a", false),
            ("public.*", "public.orders", true),
            ("public.*", "public", false),
            ("*.orders", "db.orders", true),
            ("*orders", "orders_orders", true),
            ("o?ders", "orders", true),
            ("o?ders", "oders", false),
            ("?", "", false),
            ("?", "ß", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-", false),
            ("**a**", "banana", true),
            ("*?", "", false),
            ("*?", "x", true),
            ("a*", "*a", false),
        ];
        for (pattern, text, matches) in table {
            assert_eq!(glob(pattern, text), matches, "{pattern} on {text}");
        }
    }

    #[test]
    fn the_index_has_the_routes_of_a_name_in_their_order() {
        let from = ["b", "a*", "a", "*", "b", "a?"];
        let route = |from: &str| RouteConfig { from: from.to_owned(), ..RouteConfig::default() };
        let routes: Vec<RouteConfig> = from.into_iter().map(route).collect();
        let index = RouteIndex::new(&routes);
        let candidates = |name: &str| index.candidates(name).collect::<Vec<_>>();
        assert_eq!(candidates("a"), [1, 2, 3, 5]);
        assert_eq!(candidates("b"), [0, 1, 3, 4, 5]);
        assert_eq!(candidates("c"), [1, 3, 5]);
    }

    #[test]
    fn a_hostile_pattern_stays_cheap() {
        let (pattern, text) = ("*a".repeat(200) + "b", "a".repeat(20_000));
        assert!(!glob(&pattern, &text));
    }

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
                RouteConfig { include: list(include), exclude: list(exclude), ..RouteConfig::default() };
            assert_eq!(route.keeps(field), kept, "{include:?} {exclude:?} {field}");
        }
    }
}
