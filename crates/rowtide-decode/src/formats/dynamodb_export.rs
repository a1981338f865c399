//! DynamoDB's export to S3: every item of a table at one point in time (a full export), or the items that were written
//! in a span of time (an incremental one), a JSON object a line.
//!
//! * **Version**: the letter of the scheme that the table's stream has (`d` DynamoDB Streams, or as `source.version`
//!   says), rank 0, time in µs: an item of a full export `d.EEEE.0.<16 hex export time>`, a write of an incremental one
//!   `d.EEEE.0.<16 hex write time>.00000001`. So whatever the stream says is newer than every export, whichever comes
//!   first, exports go among each other by time, and a write in the very microsecond of a full export, which may or
//!   may not hold it, comes behind it.
//! * **Key**: `Keys` of an incremental export. The items of a full one do not name theirs, and neither does the
//!   manifest: it is the route's `key`, or known from the stream.
//! * **Table and export time**: `tableArn` and `exportTime` beside `Item`, where a reader of the manifest puts them;
//!   else `source.table` and `source.exported_at`. Only the items of a full export need the time.
//! * **Image**: always whole. Without `NewImage` the item was deleted.
//!
//! What cannot be promised: a full export does not say what is gone, so over an older state it leaves rows that were
//! deleted in between, unless the stream, or incremental exports without a gap, bring the deletes. An incremental
//! export has the last write of each item only, and not what was inserted and deleted within its span. It does not
//! say whether time to live made a delete.
//!
//! It is no `RowChange`, as DynamoDB is none: an item's attributes are typed, and its key cannot change.
//!
//! # Source
//! Amazon DynamoDB Developer Guide, "DynamoDB table export output format" (full and incremental) and "DynamoDB data
//! export to Amazon S3: how it works"; DynamoDB API Reference, "IncrementalExportSpecification" (the span's start is
//! inclusive, its end is not).

use crate::catalogue::{Catalogue, Identity};
use crate::decode::change::check_name;
use crate::decode::row::readable;
use crate::decode::{Decoded, Decoder, Decoding, LazyObject, Settings};
use crate::error::{Code, Error, Result};
use crate::event::{Change, ChangeEvent, Document, Key, Timestamp};
use crate::json::{Fault, Kind, Scanner};
use crate::record::Record;
use crate::source::{SourceIdentity, SourceTable};
use crate::values::attribute::{image, item, key, key_in};
use crate::version::{Rank, Version};
use std::borrow::Cow;

/// The scheme of DynamoDB Streams, whose table an export most often loads.
const STREAMS: char = 'd';
/// Place of a write among what has its time; a full export has none and comes before it.
const WRITE: u32 = 1;
/// The year 10000, in microseconds: no database's clock goes further.
const TIME_END: i64 = 253_402_300_800_000_000;

/// Lines of DynamoDB's export to S3, full and incremental.
#[derive(Debug, Default)]
pub struct DynamodbExport(Settings);

impl DynamodbExport {
    /// A decoder; `source.table` and `source.exported_at` stand in for lines that a manifest did not complete, and the
    /// catalogue knows the key of the items.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl Decoding<'_, DynamodbExport> {
    fn version(&self, time: Timestamp) -> Result<Version> {
        let micros = u64::try_from(time.0).map_err(|_| bad_time("The time of the export is before 1970."))?;
        Ok(Version::new(self.decoder.0.scheme.unwrap_or(STREAMS), self.decoder.0.epoch, Rank::Loaded)
            .number(micros))
    }

    /// Key and document of an item of a full export.
    fn item(&self, table: SourceTable<'_>, text: &str) -> Result<(Key, Document)> {
        match self.catalogue.identity(table, None)? {
            Identity::Columns(names) => item(&mut Scanner::new(text), &names),
            // every table of DynamoDB has a key
            Identity::Position | Identity::Row => Err(Error::fault(
                Code::UnknownKey,
                format!(
                    "The items of a full export of {0} do not name its key. Set `key` in the route of {0}: `keyless` \
                     is for tables without one, and DynamoDB has none of those.",
                    table.name
                ),
            )),
        }
    }
}

impl Decoder for DynamodbExport {
    fn name(&self) -> &'static str {
        "dynamodb-export"
    }

    fn about(&self) -> &'static str {
        "DynamoDB's export to S3, full and incremental"
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        if object.member("Item") == Some(Kind::Object) {
            let beside = ["tableArn", "exportTime"].into_iter().filter(|name| object.has(name)).count();
            return object.len() == beside + 1;
        }
        object.member("Metadata") == Some(Kind::Object)
            && object.member("Keys") == Some(Kind::Object)
            && object.inner("Metadata").has("WriteTimestampMicros")
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, record, catalogue };
        decoding.decoded(object).map_err(|error| decoding.about(object, error))
    }
}

impl Decoding<'_, DynamodbExport> {
    /// Says of an error which item it concerns, as far as that can be read.
    fn about(&self, object: &LazyObject<'_>, error: Error) -> Error {
        let mut found = Line::default();
        readable(object, |scanner, name| found.member(scanner, name));
        let told = if let Scalar::Text(arn) = &found.table_arn { table_of(arn) } else { None };
        let Some(table) = told.or(self.decoder.0.table.as_deref()) else { return error };
        let source = found.source();
        let key = match (found.keys, found.item) {
            (Some(keys), _) => key(keys).ok(),
            (None, Some(item)) => match self.catalogue.identity(SourceTable::new(table, &source), None) {
                Ok(Identity::Columns(names)) => key_in(item, &names).ok(),
                _ => None,
            },
            (None, None) => None,
        };
        error.about(table, key.as_ref().map(Key::as_str)).of_source(source.as_str())
    }

    fn decoded(&self, object: &LazyObject<'_>) -> Result<Decoded> {
        let found = Line::parse(object)?;
        let is_write = match (found.item, found.keys) {
            (Some(_), None) if found.written_at == Scalar::Missing => false,
            (None, Some(_)) => true,
            (None, None) if found.written_at != Scalar::Missing => {
                return Err(Error::poison(Code::NoKey, "The record has no Keys."));
            }
            _ => {
                return Err(Error::poison(
                    Code::NotAChangeRecord,
                    "The record is JSON, but no line of an export.",
                ));
            }
        };
        let table = match (&found.table_arn, &self.decoder.0.table) {
            (Scalar::Text(arn), _) => table_of(arn).ok_or_else(bad_table)?,
            (Scalar::Other, _) => return Err(bad_table()),
            (Scalar::Missing, Some(table)) => table,
            (Scalar::Missing, None) => {
                return Err(Error::config(
                    "The lines of an export do not name their table: read them through manifest-summary.json, which \
                     does, or set source.table.",
                ));
            }
        };
        check_name(table)?;
        let source = found.source();
        let at =
            if is_write { found.write_time()? } else { found.export_time(self.decoder.0.exported_at)? };
        let mut before = None;
        let (version, key, change) = match (found.item, found.keys) {
            (Some(text), _) => {
                let (key, document) = self.item(SourceTable::new(table, &source), text)?;
                (self.version(at)?, key, Change::Put(document))
            }
            (None, keys) => {
                let key = key(keys.unwrap_or_default())?;
                let image = |text| image(&mut Scanner::new(text), &key);
                let change = match (found.new_image()?, found.old_image()?) {
                    (Some(new), old) => {
                        before = old.filter(|_| self.decoder.0.before_images).and_then(|old| image(old).ok());
                        Change::Put(image(new)?)
                    }
                    (None, old) => Change::Delete(old.map(image).transpose()?),
                };
                (self.version(at)?.index(WRITE), key, change)
            }
        };
        Ok(Decoded::Events(vec![ChangeEvent {
            table: table.to_owned(),
            source,
            key: Some(key),
            change,
            before,
            version,
            changed_at: Some(at),
            event_id: None,
            actor: None,
            expired: false,
            pair: None,
            caveat: None,
            is_routed: false,
        }]))
    }
}

fn bad_time(message: &str) -> Error {
    Error::poison(Code::BadTime, message)
}

fn bad_table() -> Error {
    Error::poison(Code::BadTable, "tableArn is not the ARN of a table.")
}

/// The table that an ARN names: `arn:…:table/NAME`, maybe with something behind it.
#[must_use]
pub fn table_of(arn: &str) -> Option<&str> {
    let (_, name) = arn.split_once(":table/")?;
    name.split('/').next().filter(|name| !name.is_empty())
}

/// A member that should be a text or a number.
#[derive(Debug, Default, PartialEq)]
enum Scalar<'a> {
    #[default]
    Missing,
    Text(Cow<'a, str>),
    /// It is something else.
    Other,
}

impl<'a> Scalar<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, Fault> {
        Ok(scanner.text()?.map_or(Self::Other, Self::Text))
    }
}

/// A line with its items still text.
#[derive(Debug, Default)]
struct Line<'a> {
    table_arn: Scalar<'a>,
    exported_at: Scalar<'a>,
    written_at: Scalar<'a>,
    item: Option<&'a str>,
    keys: Option<&'a str>,
    new_image: Option<&'a str>,
    old_image: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn source(&self) -> SourceIdentity {
        match &self.table_arn {
            Scalar::Text(arn) => SourceIdentity::of_arn(arn),
            Scalar::Missing | Scalar::Other => SourceIdentity::default(),
        }
    }

    fn parse(object: &LazyObject<'a>) -> Result<Self, Fault> {
        let mut found = Self::default();
        object.read(|scanner, name| found.member(scanner, name))?;
        Ok(found)
    }

    fn member(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<(), Fault> {
        match (name, scanner.peek()?) {
            ("tableArn", _) => self.table_arn = Scalar::read(scanner)?,
            ("exportTime", _) => self.exported_at = Scalar::read(scanner)?,
            ("Metadata", Kind::Object) => scanner.object(|scanner, name| match name.as_ref() {
                "WriteTimestampMicros" => self.write_timestamp(scanner),
                _ => scanner.skip().map(drop),
            })?,
            ("Item", Kind::Object) => self.item = Some(scanner.skip()?),
            ("Keys", Kind::Object) => self.keys = Some(scanner.skip()?),
            ("NewImage", _) => self.new_image = Some(scanner.skip()?),
            ("OldImage", _) => self.old_image = Some(scanner.skip()?),
            _ => drop(scanner.skip()?),
        }
        Ok(())
    }

    /// `{"N":"1680109764000000"}`, or the number by itself.
    fn write_timestamp(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Fault> {
        if scanner.peek()? != Kind::Object {
            self.written_at = Scalar::read(scanner)?;
            return Ok(());
        }
        self.written_at = Scalar::Other;
        scanner.object(|scanner, name| {
            match name.as_ref() {
                "N" => self.written_at = Scalar::read(scanner)?,
                _ => drop(scanner.skip()?),
            }
            Ok(())
        })
    }

    fn write_time(&self) -> Result<Timestamp> {
        let text = match &self.written_at {
            Scalar::Text(text) => text,
            Scalar::Other => return Err(bad_time("WriteTimestampMicros is not a number.")),
            Scalar::Missing => {
                let message =
                    "The record has no Metadata with WriteTimestampMicros, which orders the writes.";
                return Err(Error::poison(Code::MissingVersion, message));
            }
        };
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let micros = text.parse().ok().filter(|micros| is_number && (0..TIME_END).contains(micros));
        micros
            .map(Timestamp)
            .ok_or_else(|| bad_time("WriteTimestampMicros is no number of microseconds since 1970."))
    }

    fn export_time(&self, setting: Option<Timestamp>) -> Result<Timestamp> {
        let unreadable = || bad_time("exportTime is not a point in time such as 2026-01-31T08:00:00.000Z.");
        match &self.exported_at {
            Scalar::Text(text) => Timestamp::from_rfc3339(text).ok_or_else(unreadable),
            Scalar::Other => Err(unreadable()),
            Scalar::Missing => setting.ok_or_else(|| {
                Error::config(
                    "The items of a full export do not say when it was made: read them through \
                     manifest-summary.json, which does (exportTime), or set source.exported_at.",
                )
            }),
        }
    }

    /// The item after the write. Anything that is no object is not taken for a deleted item.
    fn new_image(&self) -> Result<Option<&'a str>> {
        object(self.new_image, "NewImage")
    }

    fn old_image(&self) -> Result<Option<&'a str>> {
        object(self.old_image, "OldImage")
    }
}

fn object<'a>(text: Option<&'a str>, name: &str) -> Result<Option<&'a str>> {
    match text {
        Some(text) if !text.starts_with('{') => {
            Err(Error::poison(Code::BadImage, format!("{name} is not an object.")))
        }
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Change, ChangeEvent, Decoded, Decoder, DynamodbExport, LazyObject, Record, Result, Settings,
    };
    use crate::decode::informed::{Informed, alone, rules};
    use crate::error::ErrorKind;
    use crate::event::{Key, Timestamp};
    use crate::rules::{Keyless, Rules, TableRules};

    const ARN: &str = r#""tableArn":"arn:aws:dynamodb:eu-west-1:123456789012:table/orders""#;
    const AT: &str = r#""exportTime":"2026-03-02T08:00:00.000Z""#;

    /// What the decoder is made with, and what is said of the table `orders`.
    type Told = (Settings, Rules);

    fn route(change: impl FnOnce(&mut TableRules)) -> Told {
        (Settings::default(), rules("orders", change))
    }

    fn untold() -> Told {
        route(|_| {})
    }

    fn keyed(names: &[&str]) -> Told {
        route(|route| route.key = names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn decode((settings, rules): Told, payload: &str) -> Result<ChangeEvent> {
        let decoder = Informed::new(DynamodbExport::new(settings), rules);
        let decoded = alone(&decoder, &Record::new("f", "1", payload.to_owned()))?;
        let Decoded::Events(mut events) = decoded else { panic!("no events") };
        assert_eq!(events.len(), 1);
        Ok(events.remove(0))
    }

    fn code(told: Told, payload: &str) -> &'static str {
        decode(told, payload).unwrap_err().code().as_str()
    }

    fn write(keys: &str, rest: &str) -> String {
        format!(
            r#"{{{ARN},"Metadata":{{"WriteTimestampMicros":{{"N":"1772440530123456"}}}},"Keys":{keys}{rest}}}"#
        )
    }

    #[test]
    fn an_item_of_a_full_export_is_a_put_at_the_exports_time_below_every_change_of_the_stream() {
        let line = format!(
            r#"{{{ARN},{AT},"Item":{{"id":{{"N":"1.0"}},"total":{{"N":"9.50"}},"no":{{"S":"x"}}}}}}"#
        );
        let event = decode(keyed(&["id"]), &line).unwrap();
        assert_eq!(
            (event.table.as_str(), event.key.as_ref().map(Key::to_json)),
            ("orders", Some(r#"{"id":1}"#.into()))
        );
        let Change::Put(document) = &event.change else { panic!("no put") };
        assert_eq!(document.to_json(), r#"{"total":9.50,"no":"x"}"#);
        assert_eq!(event.version.as_str(), "d.0000.0.00064c05f937e000");
        assert!(event.version.as_str() < "d.0000.1.");
        assert_eq!(event.changed_at.unwrap().to_string(), "2026-03-02T08:00:00.000000Z");
    }

    #[test]
    fn a_write_in_the_microsecond_of_a_full_export_is_newer_than_its_item() {
        let at = |at: i64| {
            let (settings, rules) = keyed(&["id"]);
            (Settings { exported_at: Some(Timestamp(at)), table: Some("orders".into()), ..settings }, rules)
        };
        let item = |micros| decode(at(micros), r#"{"Item":{"id":{"S":"a"}}}"#).unwrap().version;
        let written = decode(untold(), &write(r#"{"id":{"S":"a"}}"#, "")).unwrap().version;
        let exact = 1_772_440_530_123_456;
        assert!(item(exact) < written && item(exact - 1) < written && written < item(exact + 1));
        assert_eq!(written.as_str(), "d.0000.0.00064c06782efac0.00000001");
    }

    #[test]
    fn the_scheme_is_that_of_the_stream_whose_table_is_loaded() {
        let settings = |scheme| Settings { scheme, epoch: 2, ..Settings::default() };
        let version = |scheme| {
            decode((settings(scheme), Rules::default()), &write(r#"{"id":{"S":"a"}}"#, "")).unwrap().version
        };
        assert!(version(None).as_str().starts_with("d.0002.0."));
        assert!(version(Some('k')).as_str().starts_with("k.0002.0."));
    }

    #[test]
    fn a_write_without_a_new_image_is_a_delete() {
        let image = r#"{"id":{"S":"a"},"n":{"N":"1"}}"#;
        let check = |rest: &str| decode(untold(), &write(r#"{"id":{"S":"a"}}"#, rest)).unwrap().change;
        assert_eq!(check(""), Change::Delete(None));
        assert!(matches!(check(&format!(r#","OldImage":{image}"#)), Change::Delete(Some(_))));
        assert!(matches!(check(&format!(r#","NewImage":{image},"OldImage":{image}"#)), Change::Put(_)));
        for bad in ["null", "[]", "7", "\"x\"", "true"] {
            let line = write(r#"{"id":{"S":"a"}}"#, &format!(r#","NewImage":{bad}"#));
            assert_eq!(code(untold(), &line), "bad_image", "{bad}");
        }
    }

    #[test]
    fn what_no_line_can_know_is_asked_for() {
        let config = |told: Told, line: &str, named: &str| {
            let error = decode(told, line).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{line}");
            assert!(error.message().contains(named), "{error}");
        };
        let item = r#""Item":{"id":{"S":"a"}}"#;
        config(keyed(&["id"]), &format!("{{{item}}}"), "source.table");
        config(keyed(&["id"]), &format!("{{{ARN},{item}}}"), "source.exported_at");
        config(untold(), &format!("{{{ARN},{AT},{item}}}"), "`key`");
        config(route(|route| route.keyless = Keyless::Row), &format!("{{{ARN},{AT},{item}}}"), "`key`");
    }

    #[test]
    fn an_item_without_a_part_of_its_key_is_refused() {
        let item = |item: &str| code(keyed(&["id", "line"]), &format!(r#"{{{ARN},{AT},"Item":{item}}}"#));
        assert_eq!(item(r#"{"id":{"S":"a"}}"#), "no_key");
        assert_eq!(item(r#"{"id":{"S":"a"},"line":{"NULL":true}}"#), "bad_key");
        assert_eq!(item(r#"{"id":{"S":"a"},"line":{"N":"1"},"id":{"S":"b"}}"#), "duplicate_key_member");
        assert_eq!(code(untold(), &write("{}", "")), "no_key");
        assert_eq!(code(untold(), &write(r#"{"id":{"S":null}}"#, "")), "bad_key");
    }

    #[test]
    fn a_line_without_its_time_or_with_a_wrong_one_is_poison() {
        let metadata =
            |metadata: &str| code(untold(), &format!(r#"{{{ARN},"Keys":{{"id":{{"S":"a"}}}}{metadata}}}"#));
        assert_eq!(metadata(""), "missing_version");
        assert_eq!(metadata(r#","Metadata":{}"#), "missing_version");
        for bad in
            ["null", "{}", r#"{"N":null}"#, r#"{"N":"x"}"#, "-1", "1.5", "253402300800000000", r#""+1""#]
        {
            assert_eq!(
                metadata(&format!(r#","Metadata":{{"WriteTimestampMicros":{bad}}}"#)),
                "bad_time",
                "{bad}"
            );
        }
        for bad in ["null", "7", r#""yesterday""#, r#""1969-12-31T23:59:59Z""#, r#""""#] {
            let line = format!(r#"{{{ARN},"exportTime":{bad},"Item":{{"id":{{"S":"a"}}}}}}"#);
            assert_eq!(code(keyed(&["id"]), &line), "bad_time", "{bad}");
        }
        for bad in ["null", r#""orders""#, r#""arn:aws:dynamodb:eu-west-1:1:table/""#] {
            let line = format!(r#"{{"tableArn":{bad},{AT},"Item":{{"id":{{"S":"a"}}}}}}"#);
            assert_eq!(code(keyed(&["id"]), &line), "bad_table", "{bad}");
        }
    }

    #[test]
    fn only_lines_of_an_export_are_recognised() {
        let table = [
            (r#"{"Item":{}}"#, true),
            (r#"{"tableArn":"a","exportTime":"b","Item":{}}"#, true),
            (r#"{"Item":{},"id":1}"#, false),
            (r#"{"Item":[]}"#, false),
            (r#"{"Metadata":{"WriteTimestampMicros":{"N":"1"}},"Keys":{}}"#, true),
            (r#"{"Metadata":{},"Keys":{}}"#, false),
            (r#"{"metadata":{"WriteTimestampMicros":1},"Keys":{}}"#, false),
            (r#"{"dynamodb":{"Keys":{}}}"#, false),
            ("[]", false),
        ];
        for (text, expected) in table {
            assert_eq!(
                DynamodbExport::default().recognises(&LazyObject::of(text.as_bytes())),
                expected,
                "{text}"
            );
        }
        for other in
            ["{}", "[]", "7", r#"{"Item":{},"Keys":{}}"#, r#"{"dynamodb":{"Keys":{}},"tableName":"t"}"#]
        {
            assert_eq!(code(keyed(&["id"]), other), "not_a_change_record", "{other}");
        }
    }

    #[test]
    fn an_error_names_the_item_by_what_can_be_read_of_it() {
        let named = |line: &str| {
            let error = decode(keyed(&["id"]), line).unwrap_err();
            format!(
                "{} {} {}",
                error.code().as_str(),
                error.table().unwrap_or("-"),
                error.key().unwrap_or("-")
            )
        };
        let bad = r#"{"n":{"X":1},"id":{"S":"a"}}"#;
        let keys = r#"{"id":{"S":"a"}}"#;
        for (line, expected) in [
            (format!(r#"{{{ARN},{AT},"Item":{bad}}}"#), r#"bad_attribute orders ["a"]"#),
            (format!(r#"{{{ARN},"exportTime":7,"Item":{keys}}}"#), r#"bad_time orders ["a"]"#),
            (write(keys, &format!(r#","NewImage":{bad}"#)), r#"bad_attribute orders ["a"]"#),
            (write(keys, r#","NewImage":7"#), r#"bad_image orders ["a"]"#),
            (format!(r#"{{{ARN},"Keys":{keys}}}"#), r#"missing_version orders ["a"]"#),
            (format!(r#"{{{ARN},{AT},"Item":{{"n":{{"N":"1"}}}}}}"#), "no_key orders -"),
            (format!(r#"{{{ARN},"Keys":{keys},"x":"#), r#"not_json orders ["a"]"#),
        ] {
            assert_eq!(named(&line), expected, "{line}");
        }
    }

    #[test]
    fn awkward_names_are_kept() {
        let long = "x".repeat(200);
        for name in [r#"a"; drop table x; --"#, "a.b", "Select", "ü/~", long.as_str()] {
            let quoted = serde_json::to_string(name).unwrap();
            let line = format!(r#"{{{ARN},{AT},"Item":{{{quoted}:{{"S":"k"}},"v":{{"S":"w"}}}}}}"#);
            let event = decode(keyed(&[name]), &line).unwrap();
            assert_eq!(event.key.unwrap().to_json(), format!(r#"{{{quoted}:"k"}}"#));
        }
    }
}
