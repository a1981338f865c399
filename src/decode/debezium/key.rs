//! The message key, which Kinesis carries as the partition key: Debezium's only word about what identifies a row.

use super::{Columns, Row, write_key};
use crate::catalogue::Identity;
use crate::error::Result;
use crate::event::Key;
use crate::json::{Fault, Kind, Scanner};
use std::borrow::Cow;

/// What `ByLogicalTableRouter` adds to keys.
const ROUTED: &str = "__dbz__physicalTableIdentifier";

/// A message key that is an object of columns.
#[derive(Debug)]
pub(super) struct MessageKey<'a> {
    columns: Vec<(Cow<'a, str>, &'a str)>,
    /// The text of its schema's fields, when it came with one.
    fields: Option<&'a str>,
}

impl<'a> MessageKey<'a> {
    /// Reads a partition key; `None` when it names no columns.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let key = Self::read(text).ok()?;
        (!key.columns.is_empty()).then_some(key)
    }

    fn read(text: &'a str) -> Result<Self, Fault> {
        let mut found = Self { columns: Vec::new(), fields: None };
        let (mut payload, mut has_schema) = (None, false);
        let mut scanner = Scanner::new(text);
        scanner.object(|scanner, name| {
            match (name.as_ref(), scanner.peek()?) {
                ("schema", Kind::Object) => {
                    has_schema = true;
                    scanner.object(|scanner, name| {
                        match (name.as_ref(), scanner.peek()?) {
                            ("fields", Kind::Array) => found.fields = Some(scanner.skip()?),
                            _ => drop(scanner.skip()?.len()),
                        }
                        Ok::<_, Fault>(())
                    })?;
                }
                ("payload", Kind::Object) => payload = Some(scanner.skip()?),
                (ROUTED, _) => drop(scanner.skip()?.len()),
                _ => found.columns.push((name, scanner.skip()?)),
            }
            Ok::<_, Fault>(())
        })?;
        scanner.end()?;
        if let Some(payload) = payload.filter(|_| has_schema) {
            found.columns.clear();
            Scanner::new(payload).object(|scanner, name| {
                let value = scanner.skip()?;
                if name != ROUTED {
                    found.columns.push((name, value));
                }
                Ok::<_, Fault>(())
            })?;
        }
        Ok(found)
    }

    /// The names of its columns.
    pub(super) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| name.clone().into_owned()).collect()
    }

    /// Whether it names just these columns.
    pub(super) fn is_of(&self, names: &[String]) -> bool {
        names.len() == self.columns.len()
            && self.columns.iter().all(|(name, _)| names.iter().any(|n| n == name))
    }

    /// The text of its only value.
    pub(super) fn only(&self) -> Option<&'a str> {
        match self.columns.as_slice() {
            [(_, value)] => Some(value),
            _ => None,
        }
    }

    /// The row's key by it. `columns` are the row's, for a key that came without a schema.
    pub(super) fn key(&self, identity: &Identity, columns: &Columns<'_>) -> Result<Key> {
        let own = self.fields.map(Columns::of).transpose()?;
        let columns = own.as_ref().unwrap_or(columns);
        let mut row = Row::new(identity, 0);
        for (name, value) in self.columns.iter().filter(|(name, _)| row_needs(identity, name)) {
            row.add(name, |out| write_key(columns, &mut Scanner::new(value), name, out))?;
        }
        row.key()
    }
}

fn row_needs(identity: &Identity, name: &str) -> bool {
    match identity {
        Identity::Columns(names) => names.iter().any(|column| column == name),
        Identity::Position | Identity::Row => false,
    }
}
