//! MongoDB change streams, in relaxed, canonical or legacy Extended JSON or as the plain JSON of Atlas Triggers.
//!
//! * **Key**: the members of `documentKey`: `_id`, in sharded collections the shard key too. A route's `key` may name
//!   fewer of them; `key = ["_id"]` is right where no two shards share an `_id`, and needed where shard keys change.
//!   Values as `extended_json` says: an ObjectId is its hexadecimal digits.
//! * **Version**: `n`, (`clusterTime` as one number, the resume token). All changes of a transaction share their
//!   `clusterTime`, from MongoDB 8.0 others may too; the token tells them apart, and its bytes are in order.
//! * **Image**: full where there is a `fullDocument`; else an update is a patch of `updateDescription`.
//!
//! `fullDocument` of an update, read by `updateLookup`, is the document as it was *when it was looked up*: perhaps
//! newer than the change, never older. So a row may for a while show what belongs to a later version. It ends right:
//! the later change brings its own, higher version, and what is looked up for the last change of a document can only
//! be its last state. The same event read again after a resumption may carry another image under the same version; the
//! one that came first stays, for the same reason. With post-images (`required`) the image is that of the change.
//!
//! Paths of a patch are exact where the event has `disambiguatedPaths` (`showExpandedEvents`, or MongoDB 8.2.0): names
//! with dots and numbers are told apart there. Without it a dot always separates, and a number is what the stored
//! document makes of it: an index of an array, a member of an object.
//!
//! What cannot be promised: patches need each key's changes in order, and a stored document to begin with; an array
//! that was cut short cannot be expressed, so such a patch is refused. An ObjectId and a text of its digits, or a UUID
//! and its text, as `_id` of two documents of one collection would be one row. A `$project` in the stream's pipeline
//! makes images partial, unnoticed. Tokens are compared within one cluster only: after a move to another one raise
//! `source.epoch`.
//!
//! # Source
//! MongoDB Manual, "Change Events" (each event's page; `update` on `disambiguatedPaths`, `truncatedArrays` and on what
//! `fullDocument` shows), "Change Streams" ("Lookup Full Document for Update Operations", "Resume Tokens"); the
//! server's own test of `showExpandedEvents` for integers as array indices and texts as names in `disambiguatedPaths`.

mod description;
mod errors;

use crate::catalogue::Catalogue;
use crate::decode::row::{KEY_COLUMNS_MAX, readable_members, too_many_key_columns};
use crate::decode::{Decoded, Decoder, Decoding, LazyObject, Reason, Settings};
use crate::error::{Code, Error, ErrorKind, Result};
use crate::event::{Change, ChangeEvent, Document, Key, Timestamp};
use crate::json::{Kind, Scanner};
use crate::record::Record;
use crate::source::{Member, SourceIdentity, SourceTable};
use crate::values::extended_json;
use crate::version::{Rank, Version};
use description::Description;
use errors::{missing_version, no_change_event, no_full_document, wrong_type};
use std::borrow::Cow;

/// Events of MongoDB change streams.
#[derive(Debug, Default)]
pub struct Mongodb(Settings);

impl Mongodb {
    /// A decoder.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl Decoder for Mongodb {
    fn name(&self) -> &'static str {
        "mongodb"
    }

    fn about(&self) -> &'static str {
        "MongoDB change streams"
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        let is_event = |object: &LazyObject<'_>| {
            object.member("_id") == Some(Kind::Object)
                && object.member("operationType") == Some(Kind::String)
                && object.inner("_id").has("_data")
        };
        is_event(object) || (object.has("detail-type") && is_event(object.inner("detail")))
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, record, catalogue };
        decoding.decoded(record, object).map_err(|error| decoding.about(record, object, error))
    }
}

impl Decoding<'_, Mongodb> {
    fn decoded(&self, record: &Record, object: &LazyObject<'_>) -> Result<Decoded> {
        let mut message = Message::default();
        if !object.read(|scanner, name| message.member(scanner, name))? {
            return Err(no_change_event());
        }
        if let (None, Some(detail)) = (&message.operation, message.detail) {
            // EventBridge's wrapping
            message = Message::default();
            Scanner::new(detail).object(|scanner, name| message.member(scanner, &name))?;
        }
        message.decoded(record, &self.decoder.0, self.catalogue)
    }

    /// Says of an error which document it concerns, as far as that can be read.
    fn about(&self, record: &Record, object: &LazyObject<'_>, error: Error) -> Error {
        let mut message = Message::readable(object);
        if let (None, Some(detail)) = (&message.operation, message.detail) {
            message = Message::readable(&LazyObject::of(detail.as_bytes()));
        }
        let Some((table, source)) = message.table(record) else { return error };
        let configured = self.catalogue.configured_key(SourceTable::new(&table, &source));
        let key = message.key(configured, &table).ok();
        error.about(&table, key.as_ref().map(Key::as_str)).of_source(source.as_str())
    }
}

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
struct Message<'a> {
    token: Option<Cow<'a, str>>,
    operation: Option<Cow<'a, str>>,
    /// Seconds in the upper half, the ordinal within the second in the lower.
    cluster_time: Option<u64>,
    wall_time: Option<&'a str>,
    database: Option<Cow<'a, str>>,
    collection: Option<Cow<'a, str>>,
    document_key: Option<&'a str>,
    full_document: FullDocument<'a>,
    before: Option<&'a str>,
    description: Option<Description<'a>>,
    is_fragment: bool,
    detail: Option<&'a str>,
}

impl<'a> Message<'a> {
    /// An event that may be broken, as far as it can be read.
    fn readable(object: &LazyObject<'a>) -> Self {
        let mut message = Self::default();
        // what is broken inside says nothing
        readable_members(object, |name, value| {
            message.member(&mut Scanner::new(value), name).unwrap_or_default();
        });
        message
    }

    /// The collection, and which source that is.
    fn table(&self, record: &Record) -> Option<(String, SourceIdentity)> {
        let (database, collection) = (self.database.as_deref()?, self.collection.as_deref()?);
        let source = SourceIdentity::of_stream_with(&record.source, [(Member::Db, Some(database))]);
        Some((format!("{database}.{collection}"), source))
    }

    fn member(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<()> {
        match (name, scanner.peek()?) {
            ("_id", Kind::Object) => scanner.object(|scanner, name| {
                match name.as_ref() {
                    "_data" => self.token = scanner.text()?,
                    _ => drop(scanner.skip()?),
                }
                Ok::<_, Error>(())
            })?,
            ("operationType", Kind::String) => self.operation = Some(scanner.string()?),
            ("operationType", _) => return Err(wrong_type("operationType", "a text")),
            ("clusterTime", Kind::Null) => scanner.null()?,
            ("clusterTime", _) => {
                let is_none = || missing_version("clusterTime that is a timestamp");
                self.cluster_time = Some(cluster_time(scanner.skip()?).ok_or_else(is_none)?);
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

    fn decoded(mut self, record: &Record, settings: &Settings, catalogue: &Catalogue) -> Result<Decoded> {
        let Some(operation) = self.operation.take() else { return Err(no_change_event()) };
        if self.token.is_none() && self.cluster_time.is_none() && self.database.is_none() {
            return Err(no_change_event());
        }
        if self.is_fragment {
            let text = "The record is a fragment of a change event that was too large for one \
                           ($changeStreamSplitLargeEvent), and fragments are not put together here.";
            return Err(Error::new(ErrorKind::Unsupported, Code::SplitEvent, text));
        }
        let is_row = matches!(operation.as_ref(), "insert" | "update" | "replace" | "delete");
        if !is_row && operation != "drop" {
            // kinds of events are added with every release: what concerns no document is not lost
            return if self.document_key.is_none() {
                Ok(Decoded::Ignored(Reason::Control))
            } else {
                let text = "The change event's operationType is not known, but concerns a document.";
                Err(Error::poison(Code::UnknownOperation, text))
            };
        }
        let Some((table, source)) = self.table(record) else {
            return Err(Error::poison(Code::NoTable, "The change event has no ns with db and coll."));
        };
        let version = if catalogue.is_by_arrival() {
            Version::new('n', settings.epoch, Rank::Positioned)
        } else {
            self.version(settings.epoch)?
        };
        let changed_at = self.changed_at();
        let (key, change) = if is_row {
            let key = self.key(catalogue.configured_key(SourceTable::new(&table, &source)), &table)?;
            let change = self.change(&operation, &key)?;
            (Some(key), change)
        } else {
            (None, Change::Truncate)
        };
        let event = ChangeEvent::new(table, key, change, version);
        Ok(Decoded::Events(vec![ChangeEvent { source, changed_at, ..event }]))
    }

    fn version(&self, epoch: u16) -> Result<Version> {
        let token = self.token.as_deref().unwrap_or_default();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(missing_version("resume token (_id._data) of hexadecimal digits"));
        }
        let token = if token.bytes().any(|byte| byte.is_ascii_lowercase()) {
            &token.to_ascii_uppercase()
        } else {
            token
        };
        let time = self.cluster_time.or_else(|| token_time(token));
        let time = time.ok_or_else(|| missing_version("clusterTime"))?;
        // as the last component it needs no length, and its bytes are compared as they are
        let version = Version::new('n', epoch, Rank::Positioned).number(time);
        Ok(Version::from(format!("{version}.{token}")))
    }

    fn changed_at(&self) -> Option<Timestamp> {
        let wall = self.wall_time.and_then(extended_json::milliseconds);
        let cluster = || i64::try_from(self.cluster_time? >> 32).ok().map(|seconds| seconds * 1_000);
        // of the years that databases hold
        let possible = |milliseconds: &i64| (0..253_402_300_800_000).contains(milliseconds);
        wall.filter(possible).or_else(cluster).map(|milliseconds| Timestamp(milliseconds * 1_000))
    }

    /// The members of `documentKey`, or those of them that the route names.
    fn key(&self, configured: Option<&[String]>, table: &str) -> Result<Key> {
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
            if members.len() > KEY_COLUMNS_MAX { Err(too_many_key_columns(table)) } else { Ok(()) }
        })?;
        for wanted in configured.unwrap_or_default() {
            if !members.iter().any(|(name, _)| name == wanted) {
                return Err(Error::poison(
                    Code::NoKey,
                    format!(
                        "The change event's documentKey has no {wanted}, which the route of {table} has as `key`. \
                         Of MongoDB only members of documentKey can be the key: _id, and those of the shard key."
                    ),
                ));
            }
        }
        Key::new(members)
    }

    fn change(self, operation: &str, key: &Key) -> Result<Change> {
        match (operation, self.full_document) {
            ("delete", _) => {
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
            ("update", FullDocument::Null | FullDocument::Missing) => match self.description {
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

/// A BSON timestamp as one number: `{"$timestamp":{"t":1,"i":2}}`, the `{"T":1,"I":2}` of Atlas Triggers, and the
/// `{"$timestamp":"4294967298"}` of old drivers.
fn cluster_time(text: &str) -> Option<u64> {
    let mut scanner = Scanner::new(text);
    if scanner.peek().ok()? != Kind::Object {
        return None;
    }
    let mut wrapped = None;
    let read = scanner.object(|scanner, name| {
        let value = scanner.skip()?;
        wrapped = (name == "$timestamp").then_some(value).or(wrapped);
        Ok::<_, Error>(())
    });
    read.ok()?;
    match wrapped {
        Some(value) if value.starts_with('{') => two_halves(value),
        Some(value) => Scanner::new(value).text().ok()??.parse().ok(),
        None => two_halves(text),
    }
}

fn two_halves(text: &str) -> Option<u64> {
    let (mut seconds, mut ordinal) = (None::<u32>, None::<u32>);
    let read = Scanner::new(text).object(|scanner, name| {
        let number = scanner.text()?.and_then(|text| text.parse().ok());
        match name.as_ref() {
            "t" | "T" => seconds = number,
            "i" | "I" => ordinal = number,
            _ => {}
        }
        Ok::<_, Error>(())
    });
    read.ok()?;
    Some(u64::from(seconds?) << 32 | u64::from(ordinal?))
}

/// The cluster time at the start of a resume token: the type of the first component, then its eight bytes.
fn token_time(token: &str) -> Option<u64> {
    u64::from_str_radix(token.strip_prefix("82")?.get(..16)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::Mongodb;
    use crate::decode::informed::{Informed, alone, by_arrival, rules};
    use crate::decode::{Decoded, Decoder, LazyObject, Reason};
    use crate::event::{Change, ChangeEvent};
    use crate::record::Record;
    use crate::rules::Rules;
    use crate::{Error, Result};
    use proptest::prelude::*;

    const TOKEN: &str = "82669683C2000000022B042C0100296E5A10";

    /// An event with these members behind the usual ones.
    fn with(operation: &str, members: &str) -> String {
        format!(
            r#"{{"_id":{{"_data":"{TOKEN}"}},"operationType":"{operation}","clusterTime":{{"$timestamp":{{"t":1721140162,"i":2}}}},"ns":{{"db":"shop","coll":"orders"}}{members}}}"#
        )
    }

    fn updated(description: &str) -> String {
        with("update", &format!(r#","documentKey":{{"_id":1}},"updateDescription":{{{description}}}"#))
    }

    fn decode(payload: &str) -> Result<Decoded> {
        alone(&Mongodb::default(), &Record::new("s", "1", payload.to_owned()))
    }

    fn event(payload: &str) -> ChangeEvent {
        match decode(payload) {
            Ok(Decoded::Events(mut events)) if events.len() == 1 => events.remove(0),
            other => panic!("{payload}: {other:?}"),
        }
    }

    fn refused(payload: &str) -> Error {
        decode(payload).expect_err(payload)
    }

    fn shown(event: &ChangeEvent) -> String {
        match &event.change {
            Change::Put(document) => format!("put {}", document.to_json()),
            Change::Patch(patch) => format!("set {:?} remove {:?}", patch.set, patch.remove),
            Change::Delete(document) => format!("delete {:?}", document.as_ref().map(|it| it.to_json())),
            Change::Truncate => "truncate".to_owned(),
        }
    }

    fn routed(key: &[&str]) -> Informed<Mongodb> {
        let key = key.iter().map(|name| (*name).to_owned()).collect();
        Informed::new(Mongodb::default(), rules("*", |it| it.key = key))
    }

    #[test]
    fn each_operation_is_the_change_it_says() {
        let key = r#","documentKey":{"_id":{"$oid":"669683C2b0750b2c84893f3e"}}"#;
        let full =
            r#","fullDocument":{"_id":{"$oid":"669683c2b0750b2c84893f3e"},"n":{"$numberInt":"1"},"_x":null}"#;
        let before = full.replace("fullDocument", "fullDocumentBeforeChange");
        for (operation, members, change) in [
            ("insert", format!("{full}{key}"), r#"put {"n":1,"_x":null}"#),
            ("replace", format!("{key}{full}"), r#"put {"n":1,"_x":null}"#),
            ("update", format!("{full}{key}"), r#"put {"n":1,"_x":null}"#),
            ("delete", key.to_owned(), "delete None"),
            ("delete", format!("{key}{before}"), r#"delete Some("{\"n\":1,\"_x\":null}")"#),
        ] {
            let event = event(&with(operation, &members));
            assert_eq!(shown(&event), change, "{operation}");
            assert_eq!(event.table, "shop.orders");
            assert_eq!(event.key.unwrap().to_json(), r#"{"_id":"669683c2b0750b2c84893f3e"}"#);
            assert_eq!(event.version.as_str(), format!("n.0000.1.669683c200000002.{TOKEN}"));
            assert_eq!(event.changed_at.unwrap().to_string(), "2024-07-16T14:29:22.000000Z");
        }
        let drop = event(&with("drop", ""));
        assert_eq!((shown(&drop).as_str(), drop.key), ("truncate", None));
    }

    #[test]
    fn what_concerns_no_document_is_ignored_and_what_does_is_not() {
        for operation in
            ["rename", "dropDatabase", "invalidate", "create", "createIndexes", "modify", "a_new_one"]
        {
            let ignored = decode(&with(operation, r#","to":{"db":"shop","coll":"old"}"#));
            assert!(matches!(ignored, Ok(Decoded::Ignored(Reason::Control))), "{operation}");
        }
        let invalidate = format!(r#"{{"_id":{{"_data":"{TOKEN}"}},"operationType":"invalidate"}}"#);
        assert!(matches!(decode(&invalidate), Ok(Decoded::Ignored(Reason::Control))));
        let unknown = with("upsert", r#","documentKey":{"_id":1}"#);
        assert_eq!(refused(&unknown).code().as_str(), "unknown_operation");
    }

    #[test]
    fn the_time_is_read_in_every_form_and_stands_in_the_token_too() {
        let at = r#"{"$timestamp":{"t":1721140162,"i":2}}"#;
        let delete = with("delete", r#","documentKey":{"_id":1}"#);
        let expected = event(&delete).version;
        for other in [
            r#"{"T":1721140162,"I":2}"#,
            r#"{"$timestamp":{"i":2,"t":1721140162}}"#,
            r#"{"$timestamp":"7392240707622141954"}"#,
            r#"{"t":1721140162,"i":2}"#,
            "null",
        ] {
            assert_eq!(event(&delete.replace(at, other)).version, expected, "{other}");
        }
        assert_eq!(event(&delete.replace(TOKEN, &TOKEN.to_lowercase())).version, expected);
        let wall = delete.replace(r#","ns""#, r#","wallTime":{"$date":"2024-07-16T14:29:22.907Z"},"ns""#);
        assert_eq!(event(&wall).changed_at.unwrap().to_string(), "2024-07-16T14:29:22.907000Z");
        let plain = delete.replace(r#","ns""#, r#","wallTime":"2024-07-16T14:29:22.907Z","ns""#);
        assert_eq!(event(&plain).changed_at, event(&wall).changed_at);
        for odd in [r#"{"$date":{"$numberLong":"9223372036854775807"}}"#, r#"{"$date":-1}"#, "7", "null"] {
            let odd = plain.replace(r#""2024-07-16T14:29:22.907Z""#, odd);
            assert_eq!(event(&odd).changed_at.unwrap().to_string(), "2024-07-16T14:29:22.000000Z");
        }
    }

    #[test]
    fn a_record_without_version_is_never_given_another() {
        let delete = with("delete", r#","documentKey":{"_id":1}"#);
        for broken in [
            delete.replace(TOKEN, ""),
            delete.replace(TOKEN, "82x"),
            delete.replace(&format!("\"{TOKEN}\""), r#"{"$binary":{"base64":"AQID","subType":"00"}}"#),
            delete.replace("_data", "data"),
            delete.replace(r#"{"$timestamp":{"t":1721140162,"i":2}}"#, "1721140162"),
            delete.replace("1721140162", "-1"),
            delete.replace(r#""i":2"#, r#""i":4294967296"#),
            delete
                .replace(r#"{"$timestamp":{"t":1721140162,"i":2}}"#, "null")
                .replace("82669683", "83669683"),
        ] {
            assert_eq!(refused(&broken).code().as_str(), "missing_version", "{broken}");
        }
    }

    #[test]
    fn by_arrival_no_version_is_needed() {
        let by_arrival = Informed::new(Mongodb::default(), by_arrival(Rules::default()));
        let bare = with("delete", r#","documentKey":{"_id":1}"#).replace(TOKEN, "");
        assert!(alone(&by_arrival, &Record::new("s", "1", bare)).is_ok());
    }

    #[test]
    fn versions_are_in_the_order_of_time_and_then_of_tokens() {
        let version = |seconds: u32, ordinal: u32, token: &str| {
            let delete = with("delete", r#","documentKey":{"_id":1}"#);
            let times = (delete.replace("1721140162", &seconds.to_string()))
                .replace(r#""i":2"#, &format!(r#""i":{ordinal}"#));
            event(&times.replace(TOKEN, token)).version
        };
        let ordered = [
            version(9, 99, "82FF"),
            version(10, 1, "8200"),
            version(10, 2, "8200"),
            version(10, 2, "82002B"),
            version(10, 2, "8201"),
            version(10, 10, "82"),
        ];
        assert!(ordered.is_sorted_by(|a, b| a < b), "{ordered:?}");
    }

    #[test]
    fn a_path_becomes_the_pointer_that_it_means() {
        let check = |description: &str, patch: &str| {
            assert_eq!(shown(&event(&updated(description))), patch, "{description}");
        };
        check(
            r#""updatedFields":{"a":{"$numberLong":"7"},"b.c":[1],"d.0.e~/f":"x"},"removedFields":["g","h.i"],"truncatedArrays":[]"#,
            r#"set [("/a", "7"), ("/b/c", "[1]"), ("/d/0/e~0~1f", "\"x\"")] remove ["/g", "/h/i"]"#,
        );
        check(
            r#""updatedFields":{"a.0.b.c":2,"d.1":3,"e..f":4},"removedFields":["o.0.1"],"disambiguatedPaths":{"a.0.b.c":["a",0,"b.c"],"o.0.1":["o","0",{"$numberInt":"1"}]}"#,
            r#"set [("/a/0/b.c", "2"), ("/d/1", "3"), ("/e//f", "4")] remove ["/o/0/1"]"#,
        );
        check(
            r#""updatedFields":null,"removedFields":["x"],"truncatedArrays":null"#,
            r#"set [] remove ["/x"]"#,
        );
        check(
            r#""updatedFields":{"a.0":1},"truncatedArrays":[{"field":"a","newSize":{"$numberInt":"0"}}]"#,
            r#"set [("/a", "[]"), ("/a/0", "1")] remove []"#,
        );
    }

    #[test]
    fn a_patch_that_cannot_be_exact_is_refused_with_advice() {
        let check = |description: &str, code: &str| {
            let error = refused(&updated(description));
            assert_eq!(error.code().as_str(), code, "{description}");
            assert!(code == "bad_field" || error.message().contains("fullDocument"), "{error}");
        };
        check(r#""updatedFields":{},"truncatedArrays":[{"field":"a","newSize":2}]"#, "truncated_array");
        check(r#""updatedFields":{"a..b":1}"#, "ambiguous_path");
        check(r#""updatedFields":{"a.":1}"#, "ambiguous_path");
        for wrong in [
            r#""updatedFields":[1]"#,
            r#""removedFields":{"a":1}"#,
            r#""removedFields":[1]"#,
            r#""truncatedArrays":[{"newSize":0}]"#,
            r#""disambiguatedPaths":{"a.b":"a"}"#,
            r#""disambiguatedPaths":{"a.b":[]}"#,
            r#""disambiguatedPaths":{"a.b":["a",-1]}"#,
            r#""disambiguatedPaths":{"a.b":["a",null]}"#,
        ] {
            check(wrong, "bad_field");
        }
        check(r#""diff":{"u":{"a":1}}"#, "no_full_document");
        assert_eq!(
            refused(&with("update", r#","documentKey":{"_id":1}"#)).code().as_str(),
            "no_full_document"
        );
        assert_eq!(
            refused(&with("insert", r#","documentKey":{"_id":1}"#)).code().as_str(),
            "no_full_document"
        );
        let split = updated(r#""updatedFields":{"a":1}},"splitEvent":{"fragment":1,"of":2"#);
        assert_eq!(refused(&split).code().as_str(), "split_event");
    }

    #[test]
    fn a_document_that_could_not_be_looked_up_leaves_what_the_update_said() {
        let null = updated(r#""updatedFields":{"a":1}},"fullDocument":null,"x":{"#);
        assert_eq!(shown(&event(&null)), r#"set [("/a", "1")] remove []"#);
    }

    #[test]
    fn the_shard_key_is_part_of_the_key_unless_the_route_says_otherwise() {
        let sharded = |operation: &str, members: &str| {
            with(operation, &format!(r#","documentKey":{{"region":"eu","at.city":"x","_id":1}}{members}"#))
        };
        let full = r#","fullDocument":{"_id":1,"region":"eu","at":{"city":"x"},"n":1}"#;
        let put = event(&sharded("insert", full));
        assert_eq!(put.key.as_ref().unwrap().to_json(), r#"{"_id":1,"at.city":"x","region":"eu"}"#);
        assert_eq!(shown(&put), r#"put {"at":{"city":"x"},"n":1}"#);
        for path in ["region", "at", "at.city", "at.city.x"] {
            let description = format!(r#","updateDescription":{{"updatedFields":{{"n":1,"{path}":"us"}}}}"#);
            assert_eq!(
                refused(&sharded("update", &description)).code().as_str(),
                "shard_key_changed",
                "{path}"
            );
            let looked_up = sharded("update", &format!("{full}{description}"));
            assert_eq!(refused(&looked_up).code().as_str(), "shard_key_changed", "{path}");
        }
        let removed = r#","updateDescription":{"removedFields":["region"]}"#;
        assert_eq!(
            refused(&sharded("update", &format!("{full}{removed}"))).code().as_str(),
            "shard_key_changed"
        );
        let cut = r#","updateDescription":{"updatedFields":{"atom":1},"truncatedArrays":[{"field":"a","newSize":2}]}"#;
        assert_eq!(shown(&event(&sharded("update", &format!("{full}{cut}")))), shown(&put));

        let decoder = routed(&["_id"]);
        let moved = sharded("update", r#","updateDescription":{"updatedFields":{"region":"us"}}"#);
        let Ok(Decoded::Events(events)) = alone(&decoder, &Record::new("s", "1", moved)) else {
            panic!("no event")
        };
        assert_eq!(events[0].key.as_ref().unwrap().to_json(), r#"{"_id":1}"#);
        assert_eq!(shown(&events[0]), r#"set [("/region", "\"us\"")] remove []"#);
    }

    #[test]
    fn a_key_that_lacks_a_part_is_refused_and_never_widened() {
        for (members, code) in [
            ("", "no_key"),
            (r#","documentKey":null"#, "no_key"),
            (r#","documentKey":{}"#, "no_key"),
            (r#","documentKey":{"_id":null}"#, "null_key"),
            (r#","documentKey":{"_id":{"$undefined":true}}"#, "null_key"),
            (r#","documentKey":{"region":null,"_id":1}"#, "null_key"),
            (r#","documentKey":{"_id":1,"_id":2}"#, "duplicate_key_member"),
            (r#","documentKey":[1]"#, "bad_field"),
            (r#","documentKey":"1""#, "bad_field"),
        ] {
            assert_eq!(refused(&with("delete", members)).code().as_str(), code, "{members}");
        }
        let record = Record::new("s", "1", with("delete", r#","documentKey":{"_id":1}"#));
        let error = alone(&routed(&["_id", "region"]), &record).unwrap_err();
        assert!(error.code() == crate::error::Code::NoKey && error.message().contains("region"), "{error}");
    }

    #[test]
    fn members_of_a_wrong_type_are_refused_and_values_are_never_told() {
        let whole = with("insert", r#","documentKey":{"_id":1},"fullDocument":{"_id":1,"s":"SECRET"}"#);
        for (from, to) in [
            (r#""insert""#, "7"),
            (r#"{"_id":1,"s":"SECRET"}"#, r#"["SECRET"]"#),
            (r#"{"_id":1,"s":"SECRET"}"#, r#""SECRET""#),
            (r#"{"db":"shop","coll":"orders"}"#, r#""SECRET""#),
            (r#""shop""#, "7"),
            (r#""orders""#, "null"),
            (r#""fullDocument""#, r#""updateDescription":7,"fullDocument""#),
            (r#"{"_id":1,"s":"SECRET"}}"#, r#"{"_id":1,"s":"SECRET"}} x"#),
        ] {
            let error = refused(&whole.replace(from, to));
            assert!(!error.to_string().contains("SECRET"), "{error}");
        }
        let deep = format!(r#"{{"_id":1,"a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        assert_eq!(refused(&whole.replace(r#"{"_id":1,"s":"SECRET"}"#, &deep)).code().as_str(), "too_deep");
    }

    #[test]
    fn an_error_names_the_document_by_what_can_be_read_of_it() {
        let named = |payload: &str| {
            let error = refused(payload);
            format!(
                "{} {} {}",
                error.code().as_str(),
                error.table().unwrap_or("-"),
                error.key().unwrap_or("-")
            )
        };
        let key = r#","documentKey":{"_id":1}"#;
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let insert = with("insert", &format!(r#"{key},"fullDocument":{{"_id":1,"a":{deep}}}"#));
        let trigger = format!(r#"{{"detail-type":"x","detail":{}}}"#, with("upsert", key));
        for (payload, expected) in [
            (insert.clone(), "too_deep shop.orders [1]"),
            (insert.replace(r#"_id":1,"a":"#, r#"_id":1,"a":x"#), "not_json shop.orders [1]"),
            (with("upsert", key), "unknown_operation shop.orders [1]"),
            (trigger, "unknown_operation shop.orders [1]"),
            (with("delete", key).replace(TOKEN, "x"), "missing_version shop.orders [1]"),
            (with("update", key), "no_full_document shop.orders [1]"),
            (with("update", &format!(r#"{key},"updateDescription":7"#)), "bad_field shop.orders [1]"),
            (with("update", &format!(r#"{key},"splitEvent":{{}}"#)), "split_event shop.orders [1]"),
            (with("delete", r#","documentKey":7"#), "bad_field shop.orders -"),
            (with("delete", key).replace(r#""orders""#, "7"), "no_table - -"),
        ] {
            assert_eq!(named(&payload), expected, "{payload}");
        }
    }

    #[test]
    fn odd_names_stay_what_they_are() {
        let names = ["a\\\"b", "a.b", "drop table x;--", "Order", "select", &"x".repeat(200), "$set", ""];
        for name in names {
            let full = format!(r#","documentKey":{{"_id":1}},"fullDocument":{{"_id":1,"{name}":1}}"#);
            assert_eq!(shown(&event(&with("insert", &full))), format!(r#"put {{"{name}":1}}"#));
        }
        let odd = with("delete", r#","documentKey":{"_id":1}"#).replace("orders", "or.de\\\"rs;");
        assert_eq!(event(&odd).table, "shop.or.de\"rs;");
    }

    #[test]
    fn only_change_events_are_taken_plain_and_from_a_trigger() {
        let recognises = |text: &str| Mongodb::default().recognises(&LazyObject::of(text.as_bytes()));
        let delete = with("delete", r#","documentKey":{"_id":1}"#);
        let trigger = format!(
            r#"{{"version":"0","detail-type":"MongoDB Database Trigger for shop.orders","detail":{delete}}}"#
        );
        assert!(recognises(&delete) && recognises(&trigger));
        assert_eq!(event(&trigger).version, event(&delete).version);
        for other in [
            "{}",
            "[]",
            "",
            r#"{"_id":"x","operationType":"insert"}"#,
            r#"{"_id":{"x":1},"operationType":"insert"}"#,
            r#"{"_id":{"_data":"82"},"operationType":7}"#,
            r#"{"operationType":"insert","ns":{"db":"a","coll":"b"}}"#,
            r#"{"detail-type":"x","detail":{"a":1}}"#,
        ] {
            assert!(!recognises(other), "{other}");
            assert!(decode(other).is_err(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(
            text in r#"[\[\]{}:,"$._a-z0-9 ]{0,40}"#,
            operation in "insert|update|delete|drop",
        ) {
            let _either = decode(&text);
            let _or = decode(&with(&operation, &format!(r#","documentKey":{{"_id":{text}}},"fullDocument":{{{text}}}"#)));
            let _or_else = decode(&updated(&text));
        }
    }
}
