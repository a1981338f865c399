//! One element of a batch, whatever transport it came by. Members are read as Lambda spells them, and with the capital
//! letter that the services' own API and some SDKs write.

use super::delivery::{Answer, Redelivered};
use crate::error::Code;
use crate::event::Timestamp;
use crate::json::{Fault, Kind, Scanner};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::Arc;

/// What an element was found to hold.
#[derive(Debug, Default)]
pub(super) struct Element<'a> {
    /// ARN of the stream or queue.
    pub(super) source: Option<Cow<'a, str>>,
    /// When the transport received it, as it writes that.
    pub(super) arrived_at: Option<Cow<'a, str>>,
    /// The transport's sequence number, where the identifier is something else.
    pub(super) sequence_number: Option<Cow<'a, str>>,
    /// The event's own name, of records of a stream.
    pub(super) event_id: Option<Cow<'a, str>>,
    transport: Transport,
    position: Option<Cow<'a, str>>,
    partition_key: Option<Cow<'a, str>>,
    group: Option<Cow<'a, str>>,
    topic: Option<Cow<'a, str>>,
    partition: Option<Cow<'a, str>>,
    /// Whether it has members of a record as Kinesis's own API answers with.
    is_of_api: bool,
    /// Whether `timestamp` is the broker's.
    is_append_time: bool,
    /// JSON text of what holds the payload.
    data: Option<&'a str>,
}

/// By its shape.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Transport {
    #[default]
    Unknown,
    Kinesis,
    Dynamodb,
    Sqs,
    Kafka,
    Firehose,
}

impl<'a> Element<'a> {
    pub(super) fn read(scanner: &mut Scanner<'a>) -> Result<Self, Fault> {
        let mut element = Self::default();
        if scanner.peek()? == Kind::Object {
            scanner.object(|scanner, name| element.member(scanner, &name))?;
        } else {
            scanner.skip()?;
        }
        let is_bare = element.position.is_some() && element.partition_key.is_some() && element.data.is_some();
        if element.is_of_api && is_bare && element.transport == Transport::Unknown {
            element.transport = Transport::Kinesis;
        }
        Ok(element)
    }

    fn member(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<(), Fault> {
        match (name, scanner.peek()?) {
            ("eventSourceARN" | "eventSourceArn" | "EventSourceARN" | "EventSourceArn", _) => {
                self.source = scanner.text()?
            }
            ("eventID" | "EventID", _) => self.event_id = scanner.text()?,
            ("kinesis" | "Kinesis", Kind::Object) => {
                self.transport = Transport::Kinesis;
                scanner.object(|scanner, name| self.kinesis(scanner, &name))?;
            }
            ("dynamodb" | "Dynamodb", Kind::Object) => {
                self.transport = Transport::Dynamodb;
                scanner.object(|scanner, name| {
                    match name.as_ref() {
                        "SequenceNumber" => self.position = scanner.text()?,
                        _ => drop(scanner.skip()?),
                    }
                    Ok::<_, Fault>(())
                })?;
            }
            // EventBridge Pipes puts the members of `kinesis` beside the others
            ("kinesisSchemaVersion", _) => {
                self.transport = Transport::Kinesis;
                scanner.skip()?;
            }
            ("sequenceNumber" | "partitionKey" | "data" | "approximateArrivalTimestamp", _) => {
                self.kinesis(scanner, name)?;
            }
            ("SequenceNumber" | "PartitionKey" | "Data" | "ApproximateArrivalTimestamp", _) => {
                self.is_of_api = true;
                self.kinesis(scanner, name)?;
            }
            ("messageId" | "MessageId", _) => {
                self.transport = Transport::Sqs;
                self.position = scanner.text()?;
            }
            ("body" | "Body", _) => self.data = Some(scanner.skip()?),
            ("attributes" | "Attributes", Kind::Object) => scanner.object(|scanner, name| {
                match name.as_ref() {
                    "MessageGroupId" => self.group = scanner.text()?,
                    "SequenceNumber" => self.sequence_number = scanner.text()?,
                    "SentTimestamp" => self.arrived_at = scanner.text()?,
                    _ => drop(scanner.skip()?),
                }
                Ok::<_, Fault>(())
            })?,
            ("recordId", _) => {
                self.transport = Transport::Firehose;
                self.position = scanner.text()?;
            }
            ("kinesisRecordMetadata", Kind::Object) => scanner.object(|scanner, name| {
                match name.as_ref() {
                    "sequenceNumber" => self.sequence_number = scanner.text()?,
                    "partitionKey" => self.partition_key = scanner.text()?,
                    _ => drop(scanner.skip()?),
                }
                Ok::<_, Fault>(())
            })?,
            ("topic", _) => {
                self.transport = Transport::Kafka;
                self.topic = scanner.text()?;
            }
            ("partition", _) => self.partition = scanner.text()?,
            ("offset", _) => self.position = scanner.text()?,
            ("timestamp", _) => self.arrived_at = scanner.text()?,
            ("timestampType", _) => {
                self.is_append_time = scanner.text()?.as_deref() == Some("LOG_APPEND_TIME")
            }
            ("key", _) => self.partition_key = scanner.text()?,
            ("value", _) => self.data = Some(scanner.skip()?),
            _ => drop(scanner.skip()?),
        }
        Ok(())
    }

    fn kinesis(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<(), Fault> {
        match name {
            "sequenceNumber" | "SequenceNumber" => self.position = scanner.text()?,
            "partitionKey" | "PartitionKey" => self.partition_key = scanner.text()?,
            "approximateArrivalTimestamp" | "ApproximateArrivalTimestamp" => {
                self.arrived_at = scanner.text()?
            }
            "data" | "Data" => self.data = Some(scanner.skip()?),
            _ => drop(scanner.skip()?),
        }
        Ok(())
    }

    /// Whether it is of a transport that can be told by its shape.
    pub(super) fn is_known(&self) -> bool {
        match self.transport {
            Transport::Unknown | Transport::Firehose => false,
            // changes that lie in a file by themselves look alike
            Transport::Dynamodb => self.source.is_some(),
            Transport::Sqs | Transport::Kinesis => self.source.is_some() || self.data.is_some(),
            Transport::Kafka => self.partition.is_some() && self.position.is_some(),
        }
    }

    pub(super) fn answer(&self) -> Answer {
        match self.transport {
            Transport::Unknown | Transport::Kinesis | Transport::Dynamodb => Answer::Checkpoint,
            Transport::Sqs => Answer::Messages,
            Transport::Kafka => Answer::Offsets,
            Transport::Firehose => Answer::Results,
        }
    }

    /// What the response names.
    pub(super) fn position(&self) -> Option<&str> {
        let from_event_id = || self.event_id.as_deref()?.rsplit_once(':').map(|(_, position)| position);
        self.position.as_deref().or_else(|| from_event_id().filter(|_| self.transport == Transport::Kinesis))
    }

    /// When the broker appended it, if that is what its time says, and its offset: what orders the records of several
    /// partitions.
    pub(super) fn appended(&self) -> Option<String> {
        let is_told = self.transport == Transport::Kafka && self.is_append_time;
        let time = self.arrived_at.as_deref().filter(|_| is_told).and_then(Timestamp::from_epoch)?;
        let offset: u64 = self.position.as_deref()?.parse().ok()?;
        (time.0 > 0).then(|| format!("{}{offset:019}", time.0))
    }

    /// The partition key; of a Kafka message its key, when that is text.
    pub(super) fn partition_key(&self) -> Option<Arc<str>> {
        let key = self.partition_key.as_deref()?;
        if self.transport == Transport::Kafka {
            return String::from_utf8(STANDARD.decode(key).ok()?).ok().map(Arc::from);
        }
        Some(Arc::from(key))
    }

    pub(super) fn redelivered(&self, answer: Answer, source: &str) -> Redelivered {
        match answer {
            Answer::Checkpoint => Redelivered::WithRest,
            Answer::Results => Redelivered::Alone,
            Answer::Offsets | Answer::Whole => {
                let [topic, partition] =
                    [&self.topic, &self.partition].map(|it| it.as_deref().unwrap_or_default());
                Redelivered::WithGroup(format!("{topic}-{partition}").into())
            }
            // a standard queue may have groups too, but keeps no order in them
            Answer::Messages => match self.group.as_deref() {
                Some(group) if source.ends_with(".fifo") => Redelivered::WithGroup(Arc::from(group)),
                _ => Redelivered::Alone,
            },
        }
    }

    /// The payload; `None` when it is the element itself.
    pub(super) fn payload(&self) -> Result<Option<Bytes>, (Code, &'static str)> {
        match (self.transport, self.data) {
            (Transport::Unknown, _) => Err((
                Code::NotARecord,
                "The element of the batch is no record of Kinesis, DynamoDB Streams, SQS, Kafka or Firehose.",
            )),
            (Transport::Dynamodb, _) => Ok(None),
            // a tombstone
            (Transport::Kafka, None | Some("null")) => Ok(Some(Bytes::new())),
            (_, None) => Err((Code::NoPayload, "The record has no payload.")),
            (Transport::Sqs, Some(body)) => match Scanner::new(body).string() {
                Ok(body) => Ok(Some(body.into_owned().into())),
                Err(_) => Err((Code::NoPayload, "The body of the message is not a string.")),
            },
            // an input transformer of EventBridge Pipes may have decoded the data
            (Transport::Kinesis, Some(data)) if data.starts_with('{') => Ok(Some(data.to_owned().into())),
            (Transport::Kinesis | Transport::Kafka | Transport::Firehose, Some(data)) => {
                base64(data).map(Some)
            }
        }
    }
}

/// Decodes a JSON string of base64, which has no character that JSON would escape except '/', which some writers do
/// escape.
fn base64(data: &str) -> Result<Bytes, (Code, &'static str)> {
    let data = data.strip_prefix('"').and_then(|data| data.strip_suffix('"'));
    let data = data.ok_or((Code::NoPayload, "The record's payload is not a string."))?;
    let decoded = if memchr::memchr(b'\\', data.as_bytes()).is_some() {
        STANDARD.decode(data.replace("\\/", "/"))
    } else {
        STANDARD.decode(data)
    };
    decoded.map(Bytes::from).map_err(|_| (Code::BadBase64, "The record's payload is not base64."))
}
