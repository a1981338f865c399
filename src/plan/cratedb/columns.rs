//! The columns of a CrateDB table, and what of a document they hold exactly. Pure: known columns and documents in,
//! what goes where and the columns to add out.
//!
//! No write may change the schema there, so a value goes to `data` only when its column exists, or is going to be
//! added before the write; everything else goes to `aux`, path by path.

use super::column::{Column, Described};
use super::exact::{is_decimal, is_loose_number, moment};
use crate::event::token;
use crate::json::{self, Value};
use crate::plan::encode::{Encoded, is_plain_name, plain_pointer};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Levels of objects and arrays that become columns; CrateDB's `mapping.depth.limit` is 100.
const COLUMN_DEPTH_MAX: usize = 30;
/// A longer member name is no column: nobody types it in a query, and the cluster state would carry it.
const NAME_BYTES_MAX: usize = 255;
/// How far a table's columns may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Members of one object that become columns.
    pub per_object: usize,
    /// Columns of the whole table.
    pub total: usize,
}

impl Budget {
    /// Nothing is added.
    pub const NONE: Self = Self { per_object: 0, total: 0 };
}

/// The columns of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumns {
    roots: BTreeMap<String, Column>,
    /// All of the table's, those below objects included.
    total: usize,
}

/// Whether a member of this name can be a column.
fn is_column_name(name: &str) -> bool {
    let forbidden = |c: char| matches!(c, '.' | '[') || c.is_control();
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.contains(forbidden) && is_plain_name(name)
}

impl TableColumns {
    /// The columns that the catalogue describes, of those top-level ones that hold documents.
    #[must_use]
    pub fn described(descriptions: &[Described]) -> Self {
        let mut columns = Self { roots: BTreeMap::new(), total: descriptions.len() };
        let mut ordered: Vec<&Described> = descriptions.iter().collect();
        ordered.sort_by_key(|description| description.path.len());
        for description in ordered {
            let Some((name, above)) = description.path.split_last() else { continue };
            // a member of a primary key is never null, and nothing else can stand for it
            if !is_plain_name(name) && above.first().is_none_or(|root| root != "pk") {
                continue;
            }
            let place = above
                .iter()
                .try_fold(&mut columns.roots, |members, name| members.get_mut(name)?.members_mut());
            if let Some(members) = place {
                members.insert(name.clone(), Column::described(description));
            }
        }
        columns
    }

    /// The columns of a storage table that was just created with `pk` and `data`, and `others` beside them.
    #[must_use]
    pub fn fresh(data: Column, others: usize) -> Self {
        let roots =
            BTreeMap::from([("pk".to_owned(), Column::Object(BTreeMap::new())), ("data".to_owned(), data)]);
        let total = others + roots.values().map(Column::count).sum::<usize>();
        Self { roots, total }
    }

    /// A top-level column.
    #[must_use]
    pub fn root(&self, name: &str) -> Option<&Column> {
        self.roots.get(name)
    }

    /// How many columns the table has.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// Adds a declared member of a top-level column if it is missing. Of an existing decimal, only the declaration
    /// knows the bounds.
    pub fn declare(&mut self, root: &str, name: &str, column: &Column, may_grow: bool) {
        let Some(Column::Object(members)) = self.roots.get_mut(root) else { return };
        match members.get_mut(name) {
            Some(existing @ Column::Decimal(None)) if matches!(column, Column::Decimal(_)) => {
                existing.clone_from(column);
            }
            Some(_) => {}
            None if may_grow && is_column_name(name) => {
                self.total += column.count();
                members.insert(name.to_owned(), column.clone());
            }
            None => {}
        }
    }

    /// What of a row's key and document the columns hold exactly; the rest is in `aux`. Grows the columns by what
    /// is missing, as far as the budget goes.
    pub fn encode<'t>(&mut self, pk: &'t str, data: Option<&'t str>, budget: Budget) -> Encoded<'t> {
        let mut aux = Vec::new();
        let mut keep = |root: &str, text: &'t str| {
            let column = self.roots.get_mut(root);
            // most rows are like those before
            if column.as_ref().is_some_and(|column| column.holds_text(text)) {
                return Cow::Borrowed(text);
            }
            let Ok(value) = Value::parse(text) else { return Cow::Borrowed("{}") };
            let pointer = format!("/{root}");
            let mut growth = Growth { total: &mut self.total, budget, depth: 0 };
            let kept = match column {
                Some(column) => growth.fit(column, value, &pointer, &mut aux),
                None => moved(&value, &pointer, &mut aux),
            };
            kept.map_or(Cow::Borrowed("{}"), |kept| Cow::Owned(kept.to_text()))
        };
        let pk = keep("pk", pk);
        let data = data.map(|data| keep("data", data));
        for (pointer, _) in aux.iter_mut().filter(|(pointer, _)| !is_plain_name(pointer)) {
            *pointer = plain_pointer(pointer);
        }
        let aux = if aux.is_empty() { Cow::Borrowed("{}") } else { Cow::Owned(Value::Object(aux).to_text()) };
        Encoded { pk, data, aux }
    }

    /// The columns that are here and not in `before`, each with its path; those below it are part of it.
    #[must_use]
    pub fn added_since(&self, before: &Self) -> Vec<(Vec<String>, Column)> {
        let mut added = Vec::new();
        added_below(&self.roots, &before.roots, &mut Vec::new(), &mut added);
        added
    }
}

fn added_below(
    after: &BTreeMap<String, Column>,
    before: &BTreeMap<String, Column>,
    path: &mut Vec<String>,
    added: &mut Vec<(Vec<String>, Column)>,
) {
    for (name, column) in after {
        path.push(name.clone());
        match (before.get(name), column.members()) {
            (None, _) => added.push((path.clone(), column.clone())),
            (Some(known), Some(members)) => {
                if let Some(known) = known.members() {
                    added_below(members, known, path, added);
                }
            }
            (Some(_), None) => {}
        }
        path.pop();
    }
}

/// What is moved out: pointers and JSON texts.
type Moved = Vec<(String, Value)>;

/// Columns while documents are encoded in them.
struct Growth<'c> {
    total: &'c mut usize,
    budget: Budget,
    depth: usize,
}

impl Growth<'_> {
    /// What of `value` stays in `column`; the rest is in `aux` afterwards. `None` when all of it had to move.
    fn fit(&mut self, column: &mut Column, value: Value, pointer: &str, aux: &mut Moved) -> Option<Value> {
        if !column.is_kind_of(&value) {
            return moved(&value, pointer, aux);
        }
        match (column, value) {
            (_, Value::Null) => Some(Value::Null),
            (Column::Object(members), Value::Object(values)) => {
                Some(Value::Object(self.fit_members(members, values, pointer, aux)))
            }
            (Column::Loose, value @ Value::Object(_)) => loose(value, pointer, aux),
            (Column::Array(element), Value::Array(values)) => {
                self.depth += 1;
                let kept = values.into_iter().enumerate().map(|(index, value)| {
                    self.fit(element, value, &format!("{pointer}/{index}"), aux).unwrap_or(Value::Null)
                });
                let kept = kept.collect();
                self.depth -= 1;
                Some(Value::Array(kept))
            }
            (Column::Moment, Value::String(text)) => {
                let kept = moment(&text).map(Value::String);
                moved(&Value::String(text), pointer, aux);
                kept
            }
            (Column::Decimal(bounds), Value::Number(text)) => {
                let kept = is_decimal(&text, *bounds).then(|| Value::String(text.clone()));
                moved(&Value::Number(text), pointer, aux);
                kept
            }
            (column, value) if column.holds(&value) => Some(value),
            (_, value) => moved(&value, pointer, aux),
        }
    }

    fn fit_members(
        &mut self,
        members: &mut BTreeMap<String, Column>,
        values: Vec<(String, Value)>,
        pointer: &str,
        aux: &mut Moved,
    ) -> Vec<(String, Value)> {
        self.depth += 1;
        let mut kept = Vec::with_capacity(values.len());
        for (name, value) in values {
            let below = format!("{pointer}/{}", token(&name));
            let fitted = match members.get_mut(&name) {
                Some(column) => self.fit(column, value, &below, aux),
                None => match self.grown(members.len(), &name, &value) {
                    Some(column) => self.fit_new(members, &name, column, value, &below, aux),
                    None => moved(&value, &below, aux),
                },
            };
            kept.extend(fitted.map(|value| (name, value)));
        }
        self.depth -= 1;
        kept
    }

    /// The column that a member without one may get.
    fn grown(&self, members: usize, name: &str, value: &Value) -> Option<Column> {
        let may = members < self.budget.per_object
            && *self.total < self.budget.total
            && self.depth < COLUMN_DEPTH_MAX
            && is_column_name(name);
        if may { Column::of_value(value) } else { None }
    }

    /// Adds a column if anything of the value stays in it.
    fn fit_new(
        &mut self,
        members: &mut BTreeMap<String, Column>,
        name: &str,
        mut column: Column,
        value: Value,
        pointer: &str,
        aux: &mut Moved,
    ) -> Option<Value> {
        let (total, moved_before, whole) = (*self.total, aux.len(), value.clone());
        *self.total += 1;
        let kept = self.fit(&mut column, value, pointer, aux).filter(holds_something);
        if kept.is_some() {
            members.insert(name.to_owned(), column);
            return kept;
        }
        *self.total = total;
        aux.truncate(moved_before);
        moved(&whole, pointer, aux)
    }
}

/// Whether a value is worth a column: an array of which every element moved is not.
fn holds_something(value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(|element| !matches!(element, Value::Null)),
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => true,
    }
}

fn moved(value: &Value, pointer: &str, aux: &mut Moved) -> Option<Value> {
    aux.push((pointer.to_owned(), Value::String(json::to_ascii(&value.to_text()))));
    None
}

/// What of a value an object without columns gives back exactly; the rest is in `aux` afterwards.
fn loose(value: Value, pointer: &str, aux: &mut Moved) -> Option<Value> {
    match value {
        Value::Number(text) if is_loose_number(&text) => Some(Value::Number(text)),
        Value::Number(_) => moved(&value, pointer, aux),
        // some releases refuse arrays of several kinds even here
        Value::Array(_) if Column::of_value(&value).is_some_and(|column| !column.is_kind_of(&value)) => {
            moved(&value, pointer, aux)
        }
        Value::Array(elements) => {
            let kept = elements.into_iter().enumerate().map(|(index, element)| {
                loose(element, &format!("{pointer}/{index}"), aux).unwrap_or(Value::Null)
            });
            Some(Value::Array(kept.collect()))
        }
        Value::Object(members) => {
            let kept = members.into_iter().filter_map(|(name, member)| {
                let below = format!("{pointer}/{}", token(&name));
                let kept = if is_plain_name(&name) {
                    loose(member, &below, aux)
                } else {
                    moved(&member, &below, aux)
                };
                kept.map(|member| (name, member))
            });
            Some(Value::Object(kept.collect()))
        }
        Value::Null | Value::Bool(_) | Value::String(_) => Some(value),
    }
}

/// `value` with the numbers of the document as they were: the server shows every float with a fraction or an
/// exponent, `7.0` and `1.0E10`.
#[must_use]
pub fn with_plain_numbers(value: Value) -> Value {
    match value {
        Value::Number(text) if text.contains(['.', 'e', 'E']) => {
            Value::Number(text.parse::<f64>().map_or(text, |float| float.to_string()))
        }
        Value::Array(elements) => Value::Array(elements.into_iter().map(with_plain_numbers).collect()),
        Value::Object(members) => {
            let plain = members.into_iter().map(|(name, member)| (name, with_plain_numbers(member)));
            Value::Object(plain.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Column, Described, Growth, TableColumns, with_plain_numbers};
    use crate::json::Value;
    use crate::plan::merge;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const BUDGET: Budget = Budget { per_object: 100, total: 900 };

    fn empty() -> TableColumns {
        TableColumns::fresh(Column::Object(BTreeMap::new()), 6)
    }

    fn described(path: &[&str], type_name: &str) -> Described {
        let path = path.iter().map(|name| (*name).to_owned()).collect();
        Described { path, type_name: type_name.to_owned(), policy: None, characters_max: None }
    }

    /// Columns as the catalogue tells them, in no order.
    fn existing() -> TableColumns {
        TableColumns::described(&[
            described(&["data", "lines", "sku"], "text"),
            described(&["data", "n"], "bigint"),
            described(&["data", "t"], "text"),
            described(&["data", "d"], "double precision"),
            described(&["data", "lists"], "double precision_array_array"),
            described(&["data", "lines"], "object_array"),
            described(&["data", "o"], "object"),
            described(&["data"], "object"),
            described(&["pk"], "object"),
            described(&["data", "geo"], "geo_point"),
            described(&["data", "at"], "timestamp with time zone"),
        ])
    }

    fn check(columns: &TableColumns, data: &str, stays: &str, aux: &str) {
        let encoded = columns.clone().encode("{}", Some(data), BUDGET);
        assert_eq!((encoded.data.as_deref(), &*encoded.aux), (Some(stays), aux), "{data}");
    }

    #[test]
    fn what_has_no_column_yet_gets_one_of_its_kind() {
        let mut columns = empty();
        let before = columns.clone();
        let document = r#"{"s":"x","n":1,"b":true,"o":{"i":{"j":1}},"l":[{"a":1},{"b":["x"]}],"e":{}}"#;
        assert_eq!(columns.encode("{}", Some(document), BUDGET).data.as_deref(), Some(document));
        let added: Vec<String> = columns
            .added_since(&before)
            .iter()
            .map(|(path, column)| format!("{} {}", path.join("."), column.sql()))
            .collect();
        assert_eq!(
            added,
            [
                "data.b boolean",
                "data.e object(strict)",
                r#"data.l array(object(strict) as ("a" double precision, "b" array(text)))"#,
                "data.n double precision",
                r#"data.o object(strict) as ("i" object(strict) as ("j" double precision))"#,
                "data.s text",
            ]
        );
        assert_eq!(columns.total(), before.total() + 10);
        // the second document only adds what is new
        let before = columns.clone();
        columns.encode("{}", Some(r#"{"l":[{"c":1}],"o":{"i":{"k":null}}}"#), BUDGET);
        let added = columns.added_since(&before);
        assert_eq!(added.len(), 1);
        assert_eq!(added[0].0, ["data", "l", "c"]);
    }

    #[test]
    fn a_name_that_the_server_cannot_read_again_is_in_aux_alone() {
        let document = r#"{"😀":1,"o":{"a😀":null},"l":[{"😀":"x"}],"😀s":{"b":[]}}"#;
        let aux = r#"{"/data/~ud83d~ude00":"1","/data/o/a~ud83d~ude00":"null","/data/l/0/~ud83d~ude00":"\"x\"","/data/~ud83d~ude00s":"{\"b\":[]}"}"#;
        check(&empty(), document, r#"{"o":{},"l":[{}]}"#, aux);
        check(&TableColumns::fresh(Column::Loose, 6), document, r#"{"o":{},"l":[{}]}"#, aux);
        // of an earlier version, or of somebody else
        let path = |path: &[&str], name| described(path, name);
        let made = [path(&["data"], "object"), path(&["data", "😀"], "text"), path(&["pk"], "object")];
        check(&TableColumns::described(&made), r#"{"😀":null}"#, "{}", r#"{"/data/~ud83d~ude00":"null"}"#);
        let mut keyed = made.to_vec();
        keyed.push(path(&["pk", "😀"], "text"));
        let encoded =
            TableColumns::described(&keyed).encode(r#"{"😀":"k"}"#, None, Budget::NONE).pk.into_owned();
        assert_eq!(encoded, r#"{"😀":"k"}"#);
    }

    #[test]
    fn a_value_stays_where_its_column_gives_it_back() {
        let columns = existing();
        check(&columns, r#"{"n":10,"d":0.1,"t":"x"}"#, r#"{"n":10,"d":0.1,"t":"x"}"#, "{}");
        check(&columns, r#"{"n":10.9}"#, "{}", r#"{"/data/n":"10.9"}"#);
        check(&columns, r#"{"n":"12"}"#, "{}", r#"{"/data/n":"\"12\""}"#);
        check(&columns, r#"{"n":9223372036854775807}"#, "{}", r#"{"/data/n":"9223372036854775807"}"#);
        check(&columns, r#"{"d":1.10}"#, "{}", r#"{"/data/d":"1.10"}"#);
        check(&columns, r#"{"d":1E+400}"#, "{}", r#"{"/data/d":"1E+400"}"#);
        check(&columns, r#"{"t":{"a":1}}"#, "{}", r#"{"/data/t":"{\"a\":1}"}"#);
        check(
            &columns,
            r#"{"t":null,"x":null,"y":[]}"#,
            r#"{"t":null}"#,
            r#"{"/data/x":"null","/data/y":"[]"}"#,
        );
        check(&columns, r#"{"geo":[1,2]}"#, "{}", r#"{"/data/geo":"[1,2]"}"#);
        check(&columns, r#"{"lists":[[1],null,[]]}"#, r#"{"lists":[[1],null,[]]}"#, "{}");
        check(&columns, r#"{"lists":[[1],["a"]]}"#, "{}", r#"{"/data/lists":"[[1],[\"a\"]]"}"#);
        check(
            &columns,
            r#"{"lines":[{"sku":"a"},{"sku":1}]}"#,
            r#"{"lines":[{"sku":"a"},{}]}"#,
            r#"{"/data/lines/1/sku":"1"}"#,
        );
        check(
            &columns,
            r#"{"a.b":1,"o":{"c[0]":"é"}}"#,
            r#"{"o":{}}"#,
            r#"{"/data/a.b":"1","/data/o/c[0]":"\"\\u00e9\""}"#,
        );
        check(
            &columns,
            r#"{"at":"2026-01-31T09:00:00+01:00"}"#,
            r#"{"at":"2026-01-31T08:00:00Z"}"#,
            r#"{"/data/at":"\"2026-01-31T09:00:00+01:00\""}"#,
        );
    }

    #[test]
    fn the_budget_ends_the_growth() {
        let budget = Budget { per_object: 2, total: 10 };
        let mut columns = empty();
        let encoded = columns.encode("{}", Some(r#"{"a":1,"b":2,"c":3}"#), budget);
        assert_eq!(encoded.data.as_deref(), Some(r#"{"a":1,"b":2}"#));
        assert_eq!(&*encoded.aux, r#"{"/data/c":"3"}"#);
        assert_eq!(columns.total(), 10);
        let encoded = columns.encode(r#"{"id":1}"#, Some(r#"{"b":{"x":1}}"#), budget);
        assert_eq!(&*encoded.aux, r#"{"/pk/id":"1","/data/b":"{\"x\":1}"}"#);
    }

    #[test]
    fn without_a_column_for_it_a_document_stays_whole_beside_it() {
        let encoded = TableColumns::described(&[]).encode(r#"{"id":1}"#, Some(r#"{"a":1}"#), BUDGET);
        assert_eq!((&*encoded.pk, encoded.data.as_deref()), ("{}", Some("{}")));
        assert_eq!(&*encoded.aux, r#"{"/pk":"{\"id\":1}","/data":"{\"a\":1}"}"#);
    }

    fn documents() -> impl Strategy<Value = Value> {
        let name = || prop_oneof![6 => "[a-d]", 1 => "[a-b][.\\[\u{0}/~][a-b]", 1 => Just(String::new())];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|n| Value::Number(n.to_string())),
            any::<f64>()
                .prop_filter("finite", |n| n.is_finite())
                .prop_map(|n| Value::Number(format!("{n:e}"))),
            (-99..99_i64, 0..999_u16).prop_map(|(n, d)| Value::Number(format!("{n}.{d}"))),
            "[1-9][0-9]{20,37}".prop_map(Value::Number),
            "[a-zé😀\u{0}\"]{0,4}".prop_map(Value::String),
            Just(Value::String("x".repeat(33_000))),
        ];
        let value = leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::btree_map(name(), inner, 0..4)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        });
        prop::collection::btree_map(name(), value, 0..6).prop_map(|m| Value::Object(m.into_iter().collect()))
    }

    fn sorted(value: Value) -> Value {
        match value {
            Value::Object(members) => {
                let mut members: Vec<_> =
                    members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                Value::Object(members)
            }
            Value::Array(elements) => Value::Array(elements.into_iter().map(sorted).collect()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
        }
    }

    /// Numbers as the server shows them: every float with a fraction.
    fn shown(value: Value) -> Value {
        match value {
            Value::Number(text) if text.parse::<i64>().is_ok() => Value::Number(format!("{text}.0")),
            Value::Array(elements) => Value::Array(elements.into_iter().map(shown).collect()),
            Value::Object(members) => {
                Value::Object(members.into_iter().map(|(name, member)| (name, shown(member))).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
        }
    }

    fn fits(value: &Value, column: &Column) -> bool {
        match (value, column) {
            (Value::Null, _) => true,
            (Value::Object(values), Column::Object(members)) => {
                values.iter().all(|(name, value)| members.get(name).is_some_and(|column| fits(value, column)))
            }
            (Value::Object(_), Column::Loose) => true,
            (Value::Array(values), Column::Array(element)) => values.iter().all(|value| fits(value, element)),
            (value, column) => column.is_kind_of(value) && column.holds(value),
        }
    }

    proptest! {
        /// A document is taken as it is exactly when taking it apart changes nothing.
        #[test]
        fn what_is_held_as_it_is_would_be_kept_whole(
            documents in prop::collection::vec(documents(), 1..5),
            typed in any::<bool>(),
            known in any::<bool>(),
        ) {
            let mut columns = if typed { existing() } else { empty() };
            let (last, before) = documents.split_last().unwrap();
            for document in before.iter().chain(known.then_some(last)) {
                columns.encode("{}", Some(&document.to_text()), BUDGET);
            }
            let column = columns.root("data").unwrap();
            let (mut total, mut same, mut aux) = (0, column.clone(), Vec::new());
            let mut growth = Growth { total: &mut total, budget: Budget::NONE, depth: 0 };
            let kept = growth.fit(&mut same, last.clone(), "/data", &mut aux);
            let is_whole = kept.as_ref() == Some(last) && aux.is_empty();
            prop_assert_eq!(column.holds_text(&last.to_text()), is_whole, "{} in {:?}", last.to_text(), column);
        }

        /// The law of `data` and `aux`: what is sent has a column for every path, and gives back the exact document.
        #[test]
        fn merge_gives_back_the_exact_document(
            documents in prop::collection::vec(documents(), 1..6),
            loose in any::<bool>(),
            per_object in 1..6_usize,
        ) {
            let data = if loose { Column::Loose } else { Column::Object(BTreeMap::new()) };
            let mut columns = TableColumns::fresh(data, 6);
            let budget = Budget { per_object, total: 20 };
            for document in documents {
                let text = document.to_text();
                let encoded = columns.encode(&text, Some(&text), budget);
                prop_assert!(columns.total() <= 20);
                let (pk, data) = (&*encoded.pk, encoded.data.as_deref().unwrap());
                for (root, text) in [("pk", pk), ("data", data)] {
                    prop_assert!(fits(&Value::parse(text).unwrap(), columns.root(root).unwrap()), "{}", text);
                }
                let Ok(Value::Object(aux)) = Value::parse(&encoded.aux) else { panic!("aux is no object") };
                prop_assert!(aux.iter().all(|(_, text)| matches!(text, Value::String(text) if text.is_ascii())));
                // as it comes back from columns of floats
                let back = |text: &str| {
                    let value = Value::parse(text).unwrap();
                    with_plain_numbers(if loose { value } else { shown(value) }).to_text()
                };
                let (pk, data) = merge(&back(pk), Some(&back(data)), &encoded.aux).unwrap();
                prop_assert_eq!(sorted(pk), sorted(document.clone()));
                prop_assert_eq!(sorted(data.unwrap()), sorted(document));
            }
        }
    }
}
