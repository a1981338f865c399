//! A change event taken apart.

use super::description::Description;
use super::errors::{missing_version, no_change_event, no_full_document, wrong_type};
use super::position::{Position, cluster_time};
use crate::decode::LazyObject;
use crate::decode::change::Table;
use crate::decode::row::{KEY_COLUMNS_MAX, readable, too_many_key_columns};
use crate::error::{Code, Error, Result};
use crate::event::{Change, Document, Key, Timestamp};
use crate::json::{Kind, Scanner};
use crate::values::extended_json;
use std::borrow::Cow;

/// A member that may be there, null, or something.
#[derive(Debug, Default)]
enum FullDocument<'a> {
    #[default]
    Missing,
    Null,
    /// The document without `_id`, and its text.
    Whole(&'a str, Document),
}

/// A change event, taken apart.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    operation: Option<Cow<'a, str>>,
    pub(super) position: Position<'a>,
    wall_time: Option<&'a str>,
    pub(super) database: Option<Cow<'a, str>>,
    pub(super) collection: Option<Cow<'a, str>>,
    pub(super) document_key: Option<&'a str>,
    full_document: FullDocument<'a>,
    before: Option<&'a str>,
    description: Option<Description<'a>>,
    pub(super) is_fragment: bool,
    detail: Option<&'a str>,
}

impl<'a> Message<'a> {
    pub(super) fn parse(object: &LazyObject<'a>) -> Result<Self> {
        let message = Self::read(object)?;
        message.wrapped().map_or(Ok(message), |inside| Self::read(&inside))
    }

    fn read(object: &LazyObject<'a>) -> Result<Self> {
        let mut message = Self::default();
        let is_object = object.read(|scanner, name| message.member(scanner, name))?;
        if is_object { Ok(message) } else { Err(no_change_event()) }
    }

    /// An event that may be broken, as far as it can be read.
    pub(super) fn readable(object: &LazyObject<'a>) -> Self {
        let message = Self::of_readable(object);
        message.wrapped().map_or(message, |inside| Self::of_readable(&inside))
    }

    fn of_readable(object: &LazyObject<'a>) -> Self {
        let mut message = Self::default();
        readable(object, |scanner, name| message.member(scanner, name));
        message
    }

    /// The event inside EventBridge's wrapping.
    fn wrapped(&self) -> Option<LazyObject<'a>> {
        let detail = self.detail.filter(|_| self.operation.is_none())?;
        Some(LazyObject::of(detail.as_bytes()))
    }

    /// What was done; `None` when it is no change event.
    pub(super) fn operation(&self) -> Option<&str> {
        let is_event = self.position != Position::default() || self.database.is_some();
        self.operation.as_deref().filter(|_| is_event)
    }

    fn member(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<()> {
        match (name, scanner.peek()?) {
            ("_id", Kind::Object) => scanner.object(|scanner, name| {
                match name.as_ref() {
                    "_data" => self.position.token = scanner.text()?,
                    _ => drop(scanner.skip()?),
                }
                Ok::<_, Error>(())
            })?,
            ("operationType", Kind::String) => self.operation = Some(scanner.string()?),
            ("operationType", _) => return Err(wrong_type("operationType", "a text")),
            ("clusterTime", Kind::Null) => scanner.null()?,
            ("clusterTime", _) => {
                let is_none = || missing_version("clusterTime that is a timestamp");
                self.position.cluster_time = Some(cluster_time(scanner.skip()?).ok_or_else(is_none)?);
            }
            ("wallTime", _) => self.wall_time = Some(scanner.skip()?),
            ("ns", Kind::Object) => scanner.object(|scanner, name| {
                match (name.as_ref(), scanner.peek()?) {
                    ("db", Kind::String) => self.database = Some(scanner.string()?),
                    ("coll", Kind::String) => self.collection = Some(scanner.string()?),
                    _ => drop(scanner.skip()?),
                }
                Ok::<_, Error>(())
            })?,
            ("documentKey", Kind::Object) => self.document_key = Some(scanner.skip()?),
            ("documentKey", Kind::Null) => scanner.null()?,
            ("documentKey", _) => return Err(wrong_type("documentKey", "an object")),
            ("fullDocument", Kind::Object) => {
                let start = scanner.clone();
                let document = extended_json::document(scanner, |name| name == "_id")?;
                self.full_document = FullDocument::Whole(start.since_here(scanner), document);
            }
            ("fullDocument", Kind::Null) => {
                scanner.null()?;
                self.full_document = FullDocument::Null;
            }
            ("fullDocument", _) => return Err(wrong_type("fullDocument", "an object")),
            ("fullDocumentBeforeChange", Kind::Object) => self.before = Some(scanner.skip()?),
            ("updateDescription", Kind::Object) => self.description = Some(Description::read(scanner)?),
            ("updateDescription", Kind::Null) => scanner.null()?,
            ("updateDescription", _) => return Err(wrong_type("updateDescription", "an object")),
            ("splitEvent", Kind::Object) => {
                scanner.skip()?;
                self.is_fragment = true;
            }
            ("detail", Kind::Object) => self.detail = Some(scanner.skip()?),
            _ => drop(scanner.skip()?),
        }
        Ok(())
    }

    /// When the document changed.
    pub(super) fn changed_at(&self) -> Option<Timestamp> {
        let wall = self.wall_time.and_then(extended_json::milliseconds);
        let cluster = || i64::try_from(self.position.cluster_time? >> 32).ok().map(|seconds| seconds * 1_000);
        // of the years that databases hold
        let possible = |milliseconds: &i64| (0..253_402_300_800_000).contains(milliseconds);
        wall.filter(possible).or_else(cluster).map(|milliseconds| Timestamp(milliseconds * 1_000))
    }

    /// The members of `documentKey`, or those of them that the route names.
    pub(super) fn key(&self, table: &Table<'_>) -> Result<Key> {
        let configured = table.catalogue.configured_key(table.of_source());
        let Some(text) = self.document_key else {
            return Err(Error::poison(Code::NoKey, "The change event has no documentKey."));
        };
        let mut members: Vec<(String, String)> = Vec::with_capacity(1);
        Scanner::new(text).object(|scanner, name| {
            if configured.is_some_and(|names| !names.iter().any(|wanted| *wanted == name)) {
                scanner.skip()?;
                return Ok(());
            }
            let mut value = String::new();
            extended_json::copy_key(scanner, &mut value)?;
            if value == "null" {
                let text = format!("The member {name} of the change event's documentKey is null.");
                return Err(Error::poison(Code::NullKey, text));
            }
            members.push((name.into_owned(), value));
            if members.len() > KEY_COLUMNS_MAX { Err(too_many_key_columns(table.name())) } else { Ok(()) }
        })?;
        for wanted in configured.unwrap_or_default() {
            if !members.iter().any(|(name, _)| name == wanted) {
                return Err(Error::poison(
                    Code::NoKey,
                    format!(
                        "The change event's documentKey has no {wanted}, which the route of {} has as `key`. \
                         Of MongoDB only members of documentKey can be the key: _id, and those of the shard key.",
                        table.name()
                    ),
                ));
            }
        }
        Key::new(members)
    }

    /// The document as it was before an update.
    pub(super) fn before(&self, key: &Key) -> Option<Document> {
        let before = self.before.filter(|_| self.operation.as_deref() != Some("delete"));
        before.and_then(|text| without_key(text, key).ok())
    }

    /// What the operation has made of the document.
    pub(super) fn change(self, key: &Key) -> Result<Change> {
        match (self.operation.as_deref(), self.full_document) {
            (Some("delete"), _) => {
                let before = self.before.map(|text| without_key(text, key)).transpose()?;
                Ok(Change::Delete(before))
            }
            (_, FullDocument::Whole(text, document)) => {
                if let Some(description) = self.description.filter(|_| key.names().any(|name| name != "_id"))
                {
                    description.leaves(key)?;
                }
                Ok(Change::Put(if key.names().eq(["_id"]) { document } else { without_key(text, key)? }))
            }
            // null is what updateLookup finds when the document is gone by now, and what whenAvailable says when it has
            // no image of a document that is still there: a patch is right in both cases
            (Some("update"), FullDocument::Null | FullDocument::Missing) => match self.description {
                Some(description) => Ok(Change::Patch(description.patch(key)?)),
                None => Err(no_full_document()),
            },
            _ => Err(no_full_document()),
        }
    }
}

fn without_key(text: &str, key: &Key) -> Result<Document> {
    extended_json::document(&mut Scanner::new(text), |name| key.names().any(|member| member == name))
}
