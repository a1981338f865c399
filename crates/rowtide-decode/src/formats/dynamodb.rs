//! DynamoDB changes: as DynamoDB Streams sends them, and as «Kinesis Data Streams for DynamoDB» writes them.
//!
//! | | `dynamodb` | `dynamodb-kinesis` |
//! |---|---|---|
//! | table | in the stream's ARN | `tableName` |
//! | key | `Keys` | `Keys` |
//! | version | (stream label, `SequenceNumber`) | (`ApproximateCreationDateTime` in µs, Kinesis sequence number) |
//! | image | full, by the stream's view type | full |
//!
//! Members that begin with a small letter in Lambda's events (`eventName`, `dynamodb`, `principalId`) are read with a
//! capital too: so the API, the SDKs and what is stored of their answers write some or all of them. The creation time
//! may be text as in RFC 3339, as the command line writes it.
//!
//! What cannot be promised: on the way through Kinesis, two changes of one item within the same tick of the clock are
//! ordered by arrival, which AWS does not keep; with millisecond precision that really happens. DynamoDB drops records
//! that exceed the Kinesis record limit.
//!
//! It is no `RowChange`: an item's attributes are typed, it comes whole, and its key stands beside it for ever.
//!
//! # Source
//! Amazon DynamoDB Streams API Reference, "Record", "StreamRecord" and "Identity"; AWS SDK for .NET,
//! `Amazon.DynamoDBv2.Model.Record`, and for Go, `dynamodbstreams/types`; Amazon DynamoDB Developer Guide, "Using
//! Kinesis Data Streams to capture changes to DynamoDB" and "Time to Live".

use crate::catalogue::Catalogue;
use crate::decode::change::{check_name, then_by_arrival};
use crate::decode::row::readable;
use crate::decode::{Decoded, Decoder, LazyObject, Settings};
use crate::error::{Code, Error, Result};
use crate::event::{Caveat, Change, ChangeEvent, Document, Key, Timestamp};
use crate::json::{Fault, Kind, Scanner};
use crate::record::Record;
use crate::source::{Member, SourceIdentity};
use crate::values::attribute::{image, key};
use crate::version::{Rank, Version};
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

    fn about(&self) -> &'static str {
        "DynamoDB Streams"
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        !through_kinesis(object)
            && body(object).is_some_and(|body| {
                ARN.iter().any(|name| object.has(name))
                    || body.has("StreamViewType")
                    || body.has("SequenceNumber")
            })
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, _: &Catalogue) -> Result<Decoded> {
        self.decoded(record, object).map_err(|error| {
            let message = Message::readable(object);
            let place = message.arn.as_deref().and_then(table_and_label).map(|(table, _)| table);
            message.about(place.or(self.0.table.as_deref()), error).of_source(message.source().as_str())
        })
    }
}

impl DynamodbStreams {
    fn decoded(&self, record: &Record, object: &LazyObject<'_>) -> Result<Decoded> {
        let mut message = Message::parse(object)?;
        let decoded = (message.key.take(), message.document.take());
        if message.through_kinesis() {
            return Err(no_change_record());
        }
        let place = message.arn.as_deref().and_then(table_and_label);
        let settings = (self.0.table.as_deref(), self.0.label.as_deref());
        let (table, label) = match (place, settings) {
            (Some((table, label)), _) => (table, label),
            (None, (Some(table), Some(label))) => (table, label),
            (None, _) if !message.has_body => return Err(no_change_record()),
            (None, _) => {
                return Err(Error::fault(
                    Code::NoArn,
                    "The DynamoDB Streams records carry no eventSourceARN, which names table and stream: \
                     set source.table and source.label.",
                ));
            }
        };
        if let Some(view @ ("KEYS_ONLY" | "OLD_IMAGE")) = message.view_type.as_deref() {
            return Err(view_type(table, view, message.arn.as_deref().unwrap_or(&record.source)));
        }
        let sequence_number = message.sequence_number.as_deref().unwrap_or_default();
        let version =
            Version::new('d', self.0.epoch, Rank::Positioned).label(label)?.digits(sequence_number)?;
        let at = |text| Timestamp::from_epoch(text).or_else(|| Timestamp::from_rfc3339(text));
        let changed_at = message.created_at.as_deref().and_then(at);
        if message.lacks_new_image() && message.view_type.is_none() {
            return Err(view_type(table, "not named", message.arn.as_deref().unwrap_or(&record.source)));
        }
        let source = message.source();
        let before_image = self.0.before_images;
        message.event(decoded, Placement { table, source, version, changed_at, caveat: None, before_image })
    }
}

impl Decoder for DynamodbKinesis {
    fn name(&self) -> &'static str {
        "dynamodb-kinesis"
    }

    fn about(&self) -> &'static str {
        "Kinesis Data Streams for DynamoDB"
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        through_kinesis(object) && body(object).is_some()
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, _: &Catalogue) -> Result<Decoded> {
        self.decoded(record, object).map_err(|error| {
            let message = Message::readable(object);
            message
                .about(message.table_name.as_deref().or(self.0.table.as_deref()), error)
                .of_source(message.source_through(record).as_str())
        })
    }
}

impl DynamodbKinesis {
    fn decoded(&self, record: &Record, object: &LazyObject<'_>) -> Result<Decoded> {
        let mut message = Message::parse(object)?;
        let decoded = (message.key.take(), message.document.take());
        if message.has_body && message.arn.is_some() && !message.through_kinesis() {
            return Err(no_change_record());
        }
        let Some(table) = message.table_name.as_deref().or(self.0.table.as_deref()) else {
            return Err(no_change_record());
        };
        let (created_at, is_coarse) = message.creation_time()?;
        let micros = u64::try_from(created_at.0).map_err(|_| bad_time())?;
        let version = Version::new('k', self.0.epoch, Rank::Positioned).number(micros);
        let version = then_by_arrival(version, record)?;
        let source = message.source_through(record);
        let caveat = is_coarse.then_some(Caveat::CoarseClock);
        let (changed_at, before_image) = (Some(created_at), self.0.before_images);
        message.event(decoded, Placement { table, source, version, changed_at, caveat, before_image })
    }
}

/// The ways in which the stream's ARN is called.
const ARN: [&str; 4] = ["eventSourceARN", "eventSourceArn", "EventSourceARN", "EventSourceArn"];

/// What the change is, of which the rest of the record says where it was made.
fn body<'o, 'a>(object: &'o LazyObject<'a>) -> Option<&'o LazyObject<'a>> {
    let name = ["dynamodb", "Dynamodb"].into_iter().find(|name| object.member(name) == Some(Kind::Object))?;
    Some(object.inner(name))
}

fn through_kinesis(object: &LazyObject<'_>) -> bool {
    // typed events write both as null where a stream's record has none
    let is_text = |name| object.member(name) == Some(Kind::String);
    is_text("recordFormat") && is_text("tableName")
}

fn no_change_record() -> Error {
    Error::poison(Code::NotAChangeRecord, "The record is JSON, but no DynamoDB change record.")
}

fn bad_time() -> Error {
    Error::poison(Code::BadTime, "ApproximateCreationDateTime is missing or is no point in time since 1970.")
}

fn view_type(table: &str, view: &str, source: &str) -> Error {
    let text = format!(
        "The stream {source} of table {table} has StreamViewType {view} and sends no new images, so the rows cannot \
         be known. Disable the table's stream and enable it again with StreamViewType NEW_AND_OLD_IMAGES (or \
         NEW_IMAGE)."
    );
    Error::fault(Code::NoNewImage, text).about(table, None)
}

/// Table and stream label of a stream's ARN: `arn:…:table/NAME/stream/LABEL`.
fn table_and_label(arn: &str) -> Option<(&str, &str)> {
    arn.split_once(":table/")?.1.split_once("/stream/")
}

/// A change record with its images still text.
#[derive(Debug, Default)]
struct Message<'a> {
    event_name: Option<Cow<'a, str>>,
    event_id: Option<Cow<'a, str>>,
    arn: Option<Cow<'a, str>>,
    region: Option<Cow<'a, str>>,
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
struct Placement<'a> {
    table: &'a str,
    source: SourceIdentity,
    version: Version,
    changed_at: Option<Timestamp>,
    caveat: Option<Caveat>,
    /// Whether an update tells the item as it was.
    before_image: bool,
}

/// The text of an object; anything else counts as missing.
fn object<'a>(scanner: &mut Scanner<'a>) -> Result<Option<&'a str>, Fault> {
    let is_object = scanner.peek()? == Kind::Object;
    let text = scanner.skip()?;
    Ok(is_object.then_some(text))
}

/// Reads a member that should be a text; what is none leaves what was read under its other spelling.
fn text<'a>(scanner: &mut Scanner<'a>, place: &mut Option<Cow<'a, str>>) -> Result<(), Fault> {
    if let Some(text) = scanner.text()? {
        *place = Some(text);
    }
    Ok(())
}

impl<'a> Message<'a> {
    fn parse(object: &LazyObject<'a>) -> Result<Self, Fault> {
        let mut message = Self::default();
        object.read(|scanner, name| message.member(scanner, name))?;
        Ok(message)
    }

    /// A record that may be broken, as far as it can be read.
    fn readable(object: &LazyObject<'a>) -> Self {
        let mut message = Self::default();
        readable(object, |scanner, name| message.member(scanner, name));
        message
    }

    /// Which source a record of a table's stream is of.
    fn source(&self) -> SourceIdentity {
        let arn = self.arn.as_deref().map(SourceIdentity::of_arn).unwrap_or_default();
        arn.with(&SourceIdentity::of(&[(Member::Region, self.region.as_deref())]))
    }

    /// Which source a record is of that came through Kinesis: the stream is in the table's account. One that came
    /// another way tells the region alone.
    fn source_through(&self, record: &Record) -> SourceIdentity {
        SourceIdentity::of(&[(Member::Region, self.region.as_deref())])
            .with(&SourceIdentity::of_stream(&record.source))
    }

    /// Says of an error which item it concerns.
    fn about(&self, table: Option<&str>, error: Error) -> Error {
        match table {
            Some(table) => error.about(table, self.key.as_ref().map(Key::as_str)),
            None => error,
        }
    }

    fn member(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<(), Fault> {
        match name {
            "eventName" | "EventName" => text(scanner, &mut self.event_name)?,
            "eventID" | "EventID" => text(scanner, &mut self.event_id)?,
            "awsRegion" | "AwsRegion" => text(scanner, &mut self.region)?,
            "tableName" => text(scanner, &mut self.table_name)?,
            "recordFormat" => self.record_format = scanner.text()?.is_some(),
            "userIdentity" | "UserIdentity" if scanner.peek()? == Kind::Object => {
                scanner.object(|scanner, name| {
                    match name.as_ref() {
                        "principalId" | "PrincipalId" => text(scanner, &mut self.actor)?,
                        "type" | "Type" => text(scanner, &mut self.actor_type)?,
                        _ => drop(scanner.skip()?),
                    }
                    Ok::<_, Fault>(())
                })?;
            }
            "dynamodb" | "Dynamodb" if scanner.peek()? == Kind::Object => {
                self.has_body = true;
                scanner.object(|scanner, name| self.body(scanner, &name))?;
            }
            name if ARN.contains(&name) => text(scanner, &mut self.arn)?,
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
                Code::PrecisionContradicted,
                "ApproximateCreationDateTime does not fit its ApproximateCreationDateTimePrecision.",
            )),
            None => Ok((by_magnitude, true)),
        }
    }

    fn event(
        &self,
        (key_decoded, document): (Option<Key>, Option<Document>),
        placement: Placement<'_>,
    ) -> Result<Decoded> {
        let Placement { table, source, version, changed_at, caveat, before_image } = placement;
        check_name(table)?;
        let keys = match (self.has_body, self.keys) {
            (true, Some(keys)) => keys,
            (true, None) => return Err(Error::poison(Code::NoKey, "The record has no Keys.")),
            (false, _) => return Err(no_change_record()),
        };
        let key = key_decoded.map_or_else(|| key(keys), Ok)?;
        let image = |text: &'a str| image(&mut Scanner::new(text), &key);
        let change = match (self.event_name.as_deref(), self.new_image) {
            (Some("INSERT" | "MODIFY"), Some(new_image)) => {
                Change::Put(document.map_or_else(|| image(new_image), Ok)?)
            }
            (Some("INSERT" | "MODIFY"), None) => {
                return Err(Error::poison(
                    Code::NoNewImage,
                    "The record of an insert or update has no NewImage.",
                ));
            }
            (Some("REMOVE"), _) => Change::Delete(self.old_image.map(image).transpose()?),
            _ => {
                let text = "The record's eventName is none of INSERT, MODIFY and REMOVE.";
                return Err(Error::poison(Code::UnknownOperation, text));
            }
        };
        let is_told = before_image && matches!(change, Change::Put(_));
        let before = self.old_image.filter(|_| is_told).and_then(|old| image(old).ok());
        let expired = self.actor_type.as_deref() == Some("Service")
            && self.actor.as_deref() == Some("dynamodb.amazonaws.com")
            && matches!(change, Change::Delete(_));
        Ok(Decoded::Events(vec![ChangeEvent {
            table: table.to_owned(),
            source,
            key: Some(key),
            change,
            before,
            version,
            changed_at,
            event_id: self.event_id.as_deref().map(str::to_owned),
            actor: self.actor.as_deref().map(str::to_owned),
            expired,
            pair: None,
            caveat,
            is_routed: false,
        }]))
    }
}
