//! DynamoDB changes: as DynamoDB Streams sends them, and as «Kinesis Data Streams for DynamoDB» writes them.
//!
//! | | `dynamodb` | `dynamodb-kinesis` |
//! |---|---|---|
//! | table | in the stream's ARN | `tableName` |
//! | key | `Keys` | `Keys` |
//! | version | (stream label, `SequenceNumber`) | (`ApproximateCreationDateTime` in µs, Kinesis sequence number) |
//! | image | full, by the stream's view type | full |
//!
//! What cannot be promised: on the way through Kinesis, two changes of one item within the same tick of the clock are
//! ordered by arrival, which AWS does not keep; with millisecond precision that really happens. DynamoDB drops records
//! that exceed the Kinesis record limit.
//!
//! # Source
//! Amazon DynamoDB Streams API Reference, "Record" and "StreamRecord"; Amazon DynamoDB Developer Guide, "Using Kinesis
//! Data Streams to capture changes to DynamoDB" and "Time to Live"; DynamoDB API Reference, "AttributeValue".

use super::{Decoded, Decoder, Outline, Settings};
use crate::decimal::{self, NumberFault};
use crate::error::{Error, Result};
use crate::event::{Change, ChangeEvent, Document, Key, Timestamp};
use crate::json::{self, DEPTH_MAX, Fault, Kind, Scanner};
use crate::record::Record;
use crate::version::{Rank, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// DynamoDB Streams records, as elements of a Lambda event or as bare JSON.
#[derive(Debug, Default)]
pub struct DynamodbStreams(Settings);

/// Records that «Kinesis Data Streams for DynamoDB» writes.
#[derive(Debug, Default)]
pub struct DynamodbKinesis(Settings);

impl DynamodbStreams {
    /// A decoder; `source.table` and `source.label` stand in for records without `eventSourceARN`.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl DynamodbKinesis {
    /// A decoder.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl Decoder for DynamodbStreams {
    fn name(&self) -> &'static str {
        "dynamodb"
    }

    fn recognises(&self, outline: &Outline<'_>) -> bool {
        outline.member("dynamodb") == Some(Kind::Object) && !through_kinesis(outline) && {
            let body = outline.inner("dynamodb");
            outline.has("eventSourceARN") || body.has("StreamViewType") || body.has("SequenceNumber")
        }
    }

    fn decode(&self, record: &Record) -> Result<Decoded> {
        let mut found = Notification::parse(&record.payload)?;
        let decoded = (found.key.take(), found.document.take());
        if found.through_kinesis() {
            return Err(no_change_record());
        }
        let place = found.arn.as_deref().and_then(table_and_label);
        let settings = (self.0.table.as_deref(), self.0.label.as_deref());
        let (table, label) = match (place, settings) {
            (Some((table, label)), _) => (table, label),
            (None, (Some(table), Some(label))) => (table, label),
            (None, _) if !found.has_body => return Err(no_change_record()),
            (None, _) => {
                return Err(Error::config(
                    "The DynamoDB Streams records carry no eventSourceARN, which names table and stream: \
                     set source.table and source.label.",
                ));
            }
        };
        if let Some(view @ ("KEYS_ONLY" | "OLD_IMAGE")) = found.view_type.as_deref() {
            return Err(view_type(table, view, &record.source));
        }
        let sequence_number = found.sequence_number.as_deref().unwrap_or_default();
        let version =
            Version::new('d', self.0.epoch, Rank::Positioned).label(label)?.digits(sequence_number)?;
        let changed_at = found.created_at.as_deref().and_then(Timestamp::from_epoch);
        if found.lacks_new_image() && found.view_type.is_none() {
            return Err(view_type(table, "not named", &record.source));
        }
        found.event(record, decoded, Order { table, version, changed_at, coarse: false })
    }
}

impl Decoder for DynamodbKinesis {
    fn name(&self) -> &'static str {
        "dynamodb-kinesis"
    }

    fn recognises(&self, outline: &Outline<'_>) -> bool {
        through_kinesis(outline) && outline.member("dynamodb") == Some(Kind::Object)
    }

    fn decode(&self, record: &Record) -> Result<Decoded> {
        let mut found = Notification::parse(&record.payload)?;
        let decoded = (found.key.take(), found.document.take());
        if found.has_body && found.arn.is_some() && !found.through_kinesis() {
            return Err(no_change_record());
        }
        let Some(table) = found.table_name.as_deref().or(self.0.table.as_deref()) else {
            return Err(no_change_record());
        };
        let (created_at, coarse) = found.creation_time()?;
        let micros = u64::try_from(created_at.0).map_err(|_| bad_time())?;
        let version =
            Version::new('k', self.0.epoch, Rank::Positioned).number(micros).digits(record.sequence())?;
        let version = match record.place {
            Some(place) => version.place(place),
            None => version,
        };
        found.event(record, decoded, Order { table, version, changed_at: Some(created_at), coarse })
    }
}

fn through_kinesis(outline: &Outline<'_>) -> bool {
    ["recordFormat", "tableName"].into_iter().all(|name| outline.member(name) == Some(Kind::String))
}

fn no_change_record() -> Error {
    Error::poison("not_a_change_record", "The record is JSON, but no DynamoDB change record.")
}

fn bad_time() -> Error {
    Error::poison("bad_time", "ApproximateCreationDateTime is missing or is no point in time since 1970.")
}

fn view_type(table: &str, found: &str, source: &str) -> Error {
    Error::config(format!(
        "The stream {source} of table {table} has StreamViewType {found} and sends no new images, so the rows cannot \
         be known. Disable the table's stream and enable it again with StreamViewType NEW_AND_OLD_IMAGES (or \
         NEW_IMAGE)."
    ))
}

/// Table and stream label of a stream's ARN: `arn:…:table/NAME/stream/LABEL`.
fn table_and_label(arn: &str) -> Option<(&str, &str)> {
    arn.split_once(":table/")?.1.split_once("/stream/")
}

/// A change record with its images still text.
#[derive(Debug, Default)]
struct Notification<'a> {
    event_name: Option<Cow<'a, str>>,
    event_id: Option<Cow<'a, str>>,
    arn: Option<Cow<'a, str>>,
    table_name: Option<Cow<'a, str>>,
    record_format: bool,
    actor: Option<Cow<'a, str>>,
    actor_type: Option<Cow<'a, str>>,
    has_body: bool,
    keys: Option<&'a str>,
    /// The key, already decoded, unless it is bad.
    key: Option<Key>,
    new_image: Option<&'a str>,
    /// The new image, already decoded, when the keys came before it as they usually do.
    document: Option<Document>,
    old_image: Option<&'a str>,
    created_at: Option<Cow<'a, str>>,
    precision: Option<Cow<'a, str>>,
    sequence_number: Option<Cow<'a, str>>,
    view_type: Option<Cow<'a, str>>,
}

/// Whose change it is and where it belongs among the changes of its key.
struct Order<'a> {
    table: &'a str,
    version: Version,
    changed_at: Option<Timestamp>,
    coarse: bool,
}

/// The text of an object; anything else counts as missing.
fn object<'a>(scanner: &mut Scanner<'a>) -> Result<Option<&'a str>, Fault> {
    let is_object = scanner.peek()? == Kind::Object;
    let text = scanner.skip()?;
    Ok(is_object.then_some(text))
}

impl<'a> Notification<'a> {
    fn parse(payload: &'a [u8]) -> Result<Self, Fault> {
        let mut scanner = Scanner::of_bytes(payload)?;
        let mut found = Self::default();
        if scanner.peek()? != Kind::Object {
            scanner.skip()?;
            scanner.end()?;
            return Ok(found);
        }
        scanner.object(|scanner, name| found.member(scanner, &name))?;
        scanner.end()?;
        Ok(found)
    }

    fn member(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<(), Fault> {
        match name {
            "eventName" => self.event_name = scanner.text()?,
            "eventID" => self.event_id = scanner.text()?,
            "eventSourceARN" => self.arn = scanner.text()?,
            "tableName" => self.table_name = scanner.text()?,
            "recordFormat" => self.record_format = scanner.text()?.is_some(),
            "userIdentity" if scanner.peek()? == Kind::Object => scanner.object(|scanner, name| {
                match name.as_ref() {
                    "principalId" => self.actor = scanner.text()?,
                    "type" => self.actor_type = scanner.text()?,
                    _ => drop(scanner.skip()?),
                }
                Ok::<_, Fault>(())
            })?,
            "dynamodb" if scanner.peek()? == Kind::Object => {
                self.has_body = true;
                scanner.object(|scanner, name| self.body(scanner, &name))?;
            }
            _ => drop(scanner.skip()?),
        }
        Ok(())
    }

    fn body(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<(), Fault> {
        match name {
            "Keys" => {
                self.keys = object(scanner)?;
                self.key = self.keys.and_then(|keys| key(keys).ok());
            }
            "NewImage" => {
                let mut ahead = scanner.clone();
                match self.key.as_ref().and_then(|key| image(&mut ahead, key).ok()) {
                    Some(document) => {
                        self.new_image = Some(scanner.since_here(&ahead).trim_ascii_start());
                        self.document = Some(document);
                        *scanner = ahead;
                    }
                    None => self.new_image = object(scanner)?,
                }
            }
            "OldImage" => self.old_image = object(scanner)?,
            "ApproximateCreationDateTime" => self.created_at = scanner.text()?,
            "ApproximateCreationDateTimePrecision" => self.precision = scanner.text()?,
            "SequenceNumber" => self.sequence_number = scanner.text()?,
            "StreamViewType" => self.view_type = scanner.text()?,
            _ => drop(scanner.skip()?),
        }
        Ok(())
    }

    fn through_kinesis(&self) -> bool {
        self.table_name.is_some() && self.record_format
    }

    fn lacks_new_image(&self) -> bool {
        matches!(self.event_name.as_deref(), Some("INSERT" | "MODIFY")) && self.new_image.is_none()
    }

    /// When the item changed, and whether the clock counted milliseconds or coarser.
    fn creation_time(&self) -> Result<(Timestamp, bool)> {
        let text = self.created_at.as_deref().ok_or_else(bad_time)?;
        let by_magnitude = Timestamp::from_epoch(text).ok_or_else(bad_time)?;
        let counted = |factor: i64| Some(Timestamp(text.parse::<i64>().ok()?.saturating_mul(factor)));
        let labelled = match self.precision.as_deref() {
            Some("MICROSECOND") => counted(1),
            Some("MILLISECOND") => counted(1_000),
            _ => {
                let counts_micros = counted(1) == Some(by_magnitude);
                return Ok((by_magnitude, !counts_micros));
            }
        };
        // a count that its label would put before 1973 or beyond 5138 belongs to another clock
        let possible = Timestamp(100_000_000_000_000)..Timestamp(100_000_000_000_000_000);
        // a count that is no time of this century by any clock was made by hand, and means what its label says
        let made_by_hand = text.parse::<u64>().is_ok_and(|count| count < 1_000_000_000);
        match labelled {
            Some(time) if possible.contains(&time) || made_by_hand => {
                Ok((time, self.precision.as_deref() == Some("MILLISECOND")))
            }
            Some(_) => Err(Error::poison(
                "precision_contradicted",
                "ApproximateCreationDateTime does not fit its ApproximateCreationDateTimePrecision.",
            )),
            None => Ok((by_magnitude, true)),
        }
    }

    fn event(
        &self,
        record: &Record,
        (key_decoded, document): (Option<Key>, Option<Document>),
        order: Order<'_>,
    ) -> Result<Decoded> {
        let Order { table, version, changed_at, coarse } = order;
        let keys = match (self.has_body, self.keys) {
            (true, Some(keys)) => keys,
            (true, None) => return Err(Error::poison("no_key", "The record has no Keys.")),
            (false, _) => return Err(no_change_record()),
        };
        let key = key_decoded.map_or_else(|| key(keys), Ok)?;
        let image = |text: &'a str| image(&mut Scanner::new(text), &key);
        let (change, shown) = match (self.event_name.as_deref(), self.new_image) {
            (Some("INSERT" | "MODIFY"), Some(new_image)) => {
                (Change::Put(document.map_or_else(|| image(new_image), Ok)?), Some(new_image))
            }
            (Some("INSERT" | "MODIFY"), None) => {
                return Err(Error::poison(
                    "no_new_image",
                    "The record of an insert or update has no NewImage.",
                ));
            }
            (Some("REMOVE"), _) => (Change::Delete(self.old_image.map(image).transpose()?), self.old_image),
            _ => {
                let message = "The record's eventName is none of INSERT, MODIFY and REMOVE.";
                return Err(Error::poison("unknown_event_name", message));
            }
        };
        let expired = self.actor_type.as_deref() == Some("Service")
            && self.actor.as_deref() == Some("dynamodb.amazonaws.com")
            && matches!(change, Change::Delete(_));
        let typed = shown.map(|text| record.payload.slice_ref(text.as_bytes()));
        Ok(Decoded::Events(vec![ChangeEvent {
            table: table.to_owned(),
            key: Some(key),
            change,
            version,
            changed_at,
            event_id: self.event_id.as_deref().map(str::to_owned),
            actor: self.actor.as_deref().map(str::to_owned),
            expired,
            pair: None,
            coarse,
            image: typed,
        }]))
    }
}

fn bad_attribute(what: &str) -> Error {
    Error::poison("bad_attribute", format!("An attribute value is not as DynamoDB writes it: {what}."))
}

fn number(text: &str) -> Result<Cow<'_, str>> {
    decimal::to_json(text).map_err(bad_number)
}

fn bad_number(fault: NumberFault) -> Error {
    match fault {
        NumberFault::NotANumber => bad_attribute("an N that is no decimal number"),
        NumberFault::OutOfRange => Error::poison(
            "number_out_of_range",
            "A number is outside DynamoDB's range, 1E-130 to 9.99…E+125.",
        ),
    }
}

fn key(keys: &str) -> Result<Key> {
    let mut members = Vec::with_capacity(2);
    Scanner::new(keys).object(|scanner, name| {
        let mut value = String::new();
        let mut types = 0;
        scanner.object(|scanner, tag| {
            types += 1;
            match (tag.as_ref(), scanner.peek()?) {
                ("S", Kind::String) => scanner.copy_string(&mut value)?,
                ("N", _) => {
                    let text = number_text(scanner)?;
                    value = decimal::canonical(&text).map_err(bad_number)?;
                }
                ("B", Kind::String) => binary(&scanner.string()?, &mut value).map(drop)?,
                _ => return Err(Error::poison("bad_key", "A key attribute is not of type S, N or B.")),
            }
            Ok(())
        })?;
        if types != 1 {
            return Err(Error::poison("bad_key", "A key attribute has not exactly one type."));
        }
        members.push((name.into_owned(), value));
        Ok::<_, Error>(())
    })?;
    Key::new(members)
}

/// The image as a plain document, without the attributes of `key`.
fn image(scanner: &mut Scanner<'_>, key: &Key) -> Result<Document> {
    let mut document = Document::with_capacity(scanner.bytes_left() / 2);
    scanner.object(|scanner, name| {
        if key.names().any(|key_name| key_name == name) {
            scanner.skip()?;
            return Ok(());
        }
        document.push(&name, |out| attribute(scanner, out, DEPTH_MAX))
    })?;
    document.keep_last();
    Ok(document)
}

/// An `N`: a string of digits, or, as some fixtures and emulators write it, a JSON number.
fn number_text<'a>(scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>> {
    match scanner.peek()? {
        Kind::String => Ok(scanner.string()?),
        Kind::Number => Ok(Cow::Borrowed(scanner.number()?)),
        Kind::Object | Kind::Array | Kind::Bool | Kind::Null => Err(bad_attribute("an N that is no number")),
    }
}

/// Appends base64 text as a JSON string of standard base64; gives the bytes it stands for.
fn binary(text: &str, out: &mut String) -> Result<Vec<u8>> {
    let bytes = STANDARD.decode(text).map_err(|_| bad_attribute("a B that is not base64"))?;
    out.push('"');
    out.push_str(text);
    out.push('"');
    Ok(bytes)
}

/// Appends one typed attribute value as plain JSON.
fn attribute(scanner: &mut Scanner<'_>, out: &mut String, levels_left: usize) -> Result<()> {
    let Some(below) = levels_left.checked_sub(1) else {
        let message = format!("The document is nested deeper than {DEPTH_MAX} levels.");
        return Err(Error::poison("too_deep", message));
    };
    if scanner.peek()? != Kind::Object {
        return Err(bad_attribute("a value without a type"));
    }
    let mut types = 0;
    scanner.object(|scanner, tag| {
        types += 1;
        if types > 1 {
            return Err(bad_attribute("more than one type"));
        }
        match (tag.as_ref(), scanner.peek()?) {
            ("S", Kind::String) => scanner.copy_string(out)?,
            ("N", _) => out.push_str(&number(&number_text(scanner)?)?),
            ("BOOL", Kind::Bool) => out.push_str(if scanner.boolean()? { "true" } else { "false" }),
            ("NULL", Kind::Bool) => {
                scanner.boolean()?;
                out.push_str("null");
            }
            // as client libraries and fixtures write absent values
            ("S" | "B" | "NULL", Kind::Null) => {
                scanner.null()?;
                out.push_str("null");
            }
            ("M", Kind::Object) => map(scanner, out, below)?,
            ("L", Kind::Array) => list(scanner, out, below)?,
            ("B", Kind::String) => drop(binary(&scanner.string()?, out)?),
            ("SS", Kind::Array) => set(
                scanner,
                out,
                |scanner, text| {
                    let string = scanner.string()?;
                    json::write_string(text, &string);
                    Ok(string.into_owned().into_bytes())
                },
                Ord::cmp,
            )?,
            ("BS", Kind::Array) => {
                set(scanner, out, |scanner, text| binary(&scanner.string()?, text), Ord::cmp)?
            }
            ("NS", Kind::Array) => set(
                scanner,
                out,
                |scanner, text| {
                    let number = number(&number_text(scanner)?)?.into_owned();
                    text.push_str(&number);
                    Ok(number)
                },
                |a, b| decimal::compare(a, b),
            )?,
            (known @ ("S" | "B" | "BOOL" | "NULL" | "M" | "L" | "SS" | "NS" | "BS"), _) => {
                return Err(bad_attribute(&format!("a value that does not fit its type {known}")));
            }
            _ => return Err(bad_attribute("an unknown type")),
        }
        Ok(())
    })?;
    if types == 0 { Err(bad_attribute("a value without a type")) } else { Ok(()) }
}

fn map(scanner: &mut Scanner<'_>, out: &mut String, levels_left: usize) -> Result<()> {
    let start = out.len();
    let mut members: Vec<(Cow<'_, str>, usize)> = Vec::new();
    out.push('{');
    scanner.object(|scanner, name| {
        if !members.is_empty() {
            out.push(',');
        }
        let start = out.len();
        json::write_string(out, &name);
        out.push(':');
        members.push((name, start));
        attribute(scanner, out, levels_left)
    })?;
    let name = |at: usize| members.get(at).map_or("", |(name, _)| name.as_ref());
    let repeated = json::repeated_names(members.len(), name);
    if !repeated.is_empty() {
        let written = out.split_off(start + 1);
        let starts = members.iter().map(|(_, at)| at - start - 1);
        let ends = starts.clone().skip(1).chain([written.len()]);
        for (_, (from, to)) in
            starts.zip(ends).enumerate().filter(|(at, _)| repeated.binary_search(at).is_err())
        {
            // each but the last with the comma behind it, and the last is never repeated
            out.push_str(written.get(from..to).unwrap_or_default());
        }
    }
    out.push('}');
    Ok(())
}

fn list(scanner: &mut Scanner<'_>, out: &mut String, levels_left: usize) -> Result<()> {
    let mut first = true;
    out.push('[');
    scanner.array(|scanner| {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        attribute(scanner, out, levels_left)
    })?;
    out.push(']');
    Ok(())
}

/// Appends a set as an array in the order of `compare`, since DynamoDB sends sets in any order.
fn set<T>(
    scanner: &mut Scanner<'_>,
    out: &mut String,
    mut read: impl FnMut(&mut Scanner<'_>, &mut String) -> Result<T>,
    compare: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> Result<()> {
    let mut elements: Vec<(T, String)> = Vec::new();
    scanner.array(|scanner| {
        if scanner.peek()? == Kind::Object {
            return Err(bad_attribute("a set of sets"));
        }
        let mut text = String::new();
        let sort_by = read(scanner, &mut text)?;
        elements.push((sort_by, text));
        Ok::<_, Error>(())
    })?;
    elements.sort_by(|a, b| compare(&a.0, &b.0));
    let texts: Vec<&str> = elements.iter().map(|(_, text)| text.as_str()).collect();
    out.push('[');
    out.push_str(&texts.join(","));
    out.push(']');
    Ok(())
}
