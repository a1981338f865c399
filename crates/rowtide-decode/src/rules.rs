//! What a decoder must be told of tables and their records do not tell: keys, images, order. Who says so, and how, is
//! not known here.

use crate::error::{Code, Error, Result};
use crate::source::{Member, SourceTable};
use std::collections::{BTreeMap, HashMap};

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

/// What orders the changes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The source: its records tell their place in it.
    #[default]
    Source,
    /// Their arrival: no position of the source is needed.
    Arrival,
    /// Nothing, as nothing ever changes: the first write of a key counts, whatever comes later is a repetition.
    Once,
}

/// What is said of some tables of a source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableRules {
    /// Names of the key's columns, where the source does not tell them; else empty.
    pub key: Vec<String>,
    /// What a record of a table without a key does.
    pub keyless: Keyless,
    /// What an update brings.
    pub images: Images,
}

/// What is said of the tables of a source. `Rules::default()` says nothing: records must tell everything.
#[derive(Debug, Default)]
pub struct Rules {
    /// What is said of which tables.
    pub tables: ByTable<TableRules>,
    /// Whether records of other tables are left out, so that nobody needs to know their keys.
    pub leaves_others_out: bool,
    /// What orders the changes of a key.
    pub order: Order,
}

impl Rules {
    /// Rules that say one thing of every table.
    #[must_use]
    pub fn of_all(rules: TableRules) -> Self {
        Self { tables: ByTable::new(vec![(TablePattern::default(), rules)]), ..Self::default() }
    }
}

/// Which tables of which sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TablePattern {
    /// Name of the table as the source names it; `*` and `?` are wildcards ([`glob`]).
    pub from: String,
    /// What the source must be: patterns as those of `from`, by the member of its identity; else empty.
    pub source: BTreeMap<Member, String>,
}

/// Every table of every source.
impl Default for TablePattern {
    fn default() -> Self {
        Self { from: "*".to_owned(), source: BTreeMap::new() }
    }
}

impl TablePattern {
    /// Whether `table` is one of them.
    ///
    /// # Errors
    /// When the pattern asks for a member of the source's identity that the record does not tell.
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
}

/// What is said of tables, in an order: of a table counts what comes first. Patterns with wildcards have to be tried,
/// the others are looked up.
#[derive(Debug)]
pub struct ByTable<T> {
    entries: Vec<(TablePattern, T)>,
    exact: HashMap<String, Vec<usize>>,
    wild: Vec<usize>,
}

impl<T> Default for ByTable<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), exact: HashMap::new(), wild: Vec::new() }
    }
}

impl<T> ByTable<T> {
    /// All that is said, in its order.
    #[must_use]
    pub fn new(entries: Vec<(TablePattern, T)>) -> Self {
        let (mut exact, mut wild) = (HashMap::<_, Vec<_>>::new(), Vec::new());
        for (at, (pattern, _)) in entries.iter().enumerate() {
            if pattern.from.contains(['*', '?']) {
                wild.push(at);
            } else {
                exact.entry(pattern.from.clone()).or_default().push(at);
            }
        }
        Self { entries, exact, wild }
    }

    /// What is said of a table first.
    ///
    /// # Errors
    /// When a pattern asks for a member of the source's identity that the record does not tell: nobody knows then
    /// whether it is the one.
    pub fn first<'t>(&self, table: impl Into<SourceTable<'t>>) -> Result<Option<&T>> {
        let table = table.into();
        for (pattern, said) in self.candidates(table.name).filter_map(|at| self.entries.get(at)) {
            if pattern.takes(table)? {
                return Ok(Some(said));
            }
        }
        Ok(None)
    }

    /// All that is said, in its order.
    pub fn iter(&self) -> impl Iterator<Item = (&TablePattern, &T)> {
        self.entries.iter().map(|(pattern, said)| (pattern, said))
    }

    /// What may be said of a table of this name, in its order.
    fn candidates(&self, name: &str) -> impl Iterator<Item = usize> {
        let mut exact = self.exact.get(name).into_iter().flatten().copied().peekable();
        let mut wild = self.wild.iter().copied().peekable();
        std::iter::from_fn(move || match (exact.peek(), wild.peek()) {
            (Some(one), Some(other)) if one < other => exact.next(),
            (Some(_), None) => exact.next(),
            _ => wild.next(),
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

#[cfg(test)]
mod tests {
    use super::{ByTable, TablePattern, glob};

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
    fn what_is_said_of_a_name_keeps_its_order() {
        let from = ["b", "a*", "a", "*", "b", "a?"];
        let pattern = |from: &str| TablePattern { from: from.to_owned(), ..TablePattern::default() };
        let said: ByTable<()> = ByTable::new(from.into_iter().map(|from| (pattern(from), ())).collect());
        let candidates = |name: &str| said.candidates(name).collect::<Vec<_>>();
        assert_eq!(candidates("a"), [1, 2, 3, 5]);
        assert_eq!(candidates("b"), [0, 1, 3, 4, 5]);
        assert_eq!(candidates("c"), [1, 3, 5]);
    }

    #[test]
    fn a_hostile_pattern_stays_cheap() {
        let (pattern, text) = ("*a".repeat(200) + "b", "a".repeat(20_000));
        assert!(!glob(&pattern, &text));
    }
}
