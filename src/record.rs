//! Envelopes as Lambda delivers them, taken apart into records that are still raw bytes. Knows no source format.
//!
//! An envelope is read leniently: whatever is odd about one of its elements is kept as that record's own fault, and
//! the others are not touched by it.

use crate::error::{Error, Result};
use crate::event::Timestamp;
use crate::json::{Fault, Kind, Scanner};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::Arc;

/// One transport record, not yet decoded.
#[derive(Debug, Clone)]
pub struct Record {
    /// The stream's ARN, else the input's path as given, else `-`.
    pub source: Arc<str>,
    /// What a batch response names: the sequence number, copied verbatim. Empty when the envelope has none.
    pub position: String,
    /// Kinesis: the partition key.
    pub partition_key: Option<String>,
    /// When the transport received it.
    pub arrived_at: Option<Timestamp>,
    /// The payload as received.
    pub payload: Bytes,
    /// Why the envelope's element holds no payload that a decoder could read: a stable code and a message. The payload
    /// is then the element itself.
    pub fault: Option<(&'static str, &'static str)>,
}

impl Record {
    /// A record of a bare payload.
    #[must_use]
    pub fn new(source: &str, position: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        Self {
            source: source.into(),
            position: position.into(),
            partition_key: None,
            arrived_at: None,
            payload: payload.into(),
            fault: None,
        }
    }
}

/// One Lambda event: a `KinesisEvent` or a `DynamodbEvent` (DynamoDB Streams).
///
/// # Source
/// AWS Lambda Developer Guide, "Using AWS Lambda with Amazon Kinesis" and "… with Amazon DynamoDB"; for tumbling
/// windows, "Implementing stateful stream processing".
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The records, in the envelope's order.
    pub records: Vec<Record>,
    /// JSON text of the `state` of a tumbling window, which the response must echo; `None` without a window.
    pub window_state: Option<String>,
}

impl Envelope {
    /// Takes a Lambda event apart. `origin` stands for the source of records that name none.
    ///
    /// # Errors
    /// When the event is not JSON or has no list of `Records`: then this function is not triggered by a stream.
    pub fn parse(event: &Bytes, origin: &str) -> Result<Self> {
        let not_json = |what: String| {
            Error::config(format!(
                "The event is not JSON: {what}. Expected {{\"Records\":[…]}} as Lambda sends it."
            ))
        };
        let text = std::str::from_utf8(event)
            .map_err(|error| not_json(format!("invalid UTF-8 at byte {}", error.valid_up_to())))?;
        let mut reader = Reader { event, source: origin.into(), records: Vec::new() };
        let mut has_records = false;
        let mut window = false;
        let mut state = None;
        let mut scanner = Scanner::new(text);
        let mut read = || -> Result<(), Fault> {
            if scanner.peek()? != Kind::Object {
                return scanner.skip().map(drop);
            }
            scanner.object(|scanner, name| {
                match (name.as_ref(), scanner.peek()?) {
                    ("Records", Kind::Array) => {
                        has_records = true;
                        scanner.array(|scanner| reader.element(scanner))?;
                    }
                    ("window", Kind::Object) => {
                        window = true;
                        scanner.skip()?;
                    }
                    ("state", Kind::Object) => state = Some(scanner.skip()?.to_owned()),
                    _ => drop(scanner.skip()?),
                }
                Ok(())
            })?;
            scanner.end()
        };
        read().map_err(|fault| not_json(fault.to_string()))?;
        if !has_records {
            return Err(Error::config(
                "The event has no list of Records: this function reads Kinesis or DynamoDB Streams batches. \
                 Invoke it through an event source mapping, or with a file of events/.",
            ));
        }
        let window_state = window.then(|| state.unwrap_or_else(|| "{}".to_owned()));
        Ok(Self { records: reader.records, window_state })
    }
}

struct Reader<'e> {
    event: &'e Bytes,
    source: Arc<str>,
    records: Vec<Record>,
}

/// What an element of `Records` was found to hold.
#[derive(Default)]
struct Element<'a> {
    arn: Option<Cow<'a, str>>,
    event_id: Option<Cow<'a, str>>,
    kinesis: bool,
    dynamodb: bool,
    position: Option<Cow<'a, str>>,
    partition_key: Option<Cow<'a, str>>,
    arrived_at: Option<Cow<'a, str>>,
    data: Option<&'a str>,
}

impl Reader<'_> {
    fn element(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Fault> {
        let mut element = Element::default();
        let kind = scanner.peek()?;
        let start = scanner.clone();
        if kind == Kind::Object {
            scanner.object(|scanner, name| element.member(scanner, &name))?;
        } else {
            scanner.skip()?;
        }
        let raw = start.since_here(scanner);
        if let Some(arn) = element.arn.as_deref().map(stream_arn)
            && *self.source != *arn
        {
            self.source = arn.into();
        }
        let (payload, fault) = match element.payload() {
            Ok(Some(data)) => (Bytes::from(data), None),
            Ok(None) => (self.event.slice_ref(raw.as_bytes()), None),
            Err(fault) => (self.event.slice_ref(raw.as_bytes()), Some(fault)),
        };
        let from_event_id = || element.event_id.as_deref()?.rsplit_once(':').map(|(_, position)| position);
        let position = element.position.as_deref().or_else(|| from_event_id().filter(|_| element.kinesis));
        self.records.push(Record {
            source: self.source.clone(),
            position: position.unwrap_or_default().to_owned(),
            partition_key: element.partition_key.as_deref().map(str::to_owned),
            arrived_at: element.arrived_at.as_deref().and_then(Timestamp::from_epoch),
            payload,
            fault,
        });
        Ok(())
    }
}

impl<'a> Element<'a> {
    fn member(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<(), Fault> {
        match (name, scanner.peek()?) {
            ("eventSourceARN", _) => self.arn = scanner.text()?,
            ("eventID", _) => self.event_id = scanner.text()?,
            ("kinesis", Kind::Object) => {
                self.kinesis = true;
                scanner.object(|scanner, name| {
                    match name.as_ref() {
                        "sequenceNumber" => self.position = scanner.text()?,
                        "partitionKey" => self.partition_key = scanner.text()?,
                        "approximateArrivalTimestamp" => self.arrived_at = scanner.text()?,
                        "data" => self.data = Some(scanner.skip()?),
                        _ => drop(scanner.skip()?),
                    }
                    Ok::<_, Fault>(())
                })?;
            }
            ("dynamodb", Kind::Object) => {
                self.dynamodb = true;
                scanner.object(|scanner, name| {
                    match name.as_ref() {
                        "SequenceNumber" => self.position = scanner.text()?,
                        _ => drop(scanner.skip()?),
                    }
                    Ok::<_, Fault>(())
                })?;
            }
            _ => drop(scanner.skip()?),
        }
        Ok(())
    }

    /// The decoded payload; `None` when the payload is the element itself.
    fn payload(&self) -> Result<Option<Vec<u8>>, (&'static str, &'static str)> {
        match (self.kinesis, self.data) {
            (true, Some(data)) => {
                // base64 has no character that JSON would escape except '/', which some writers do escape
                let data = data.strip_prefix('"').and_then(|data| data.strip_suffix('"'));
                let data = data.ok_or(("no_payload", "The Kinesis record's data is not a string."))?;
                let decoded = if memchr::memchr(b'\\', data.as_bytes()).is_some() {
                    STANDARD.decode(data.replace("\\/", "/"))
                } else {
                    STANDARD.decode(data)
                };
                decoded.map(Some).map_err(|_| ("bad_base64", "The Kinesis record's data is not base64."))
            }
            (true, None) => Err(("no_payload", "The Kinesis record has no data.")),
            (false, _) if self.dynamodb => Ok(None),
            (false, _) => {
                Err(("not_a_record", "The element of Records is neither a Kinesis nor a DynamoDB record."))
            }
        }
    }
}

/// The stream's ARN without the consumer that enhanced fan-out appends.
pub(crate) fn stream_arn(arn: &str) -> &str {
    arn.split_once("/consumer/").map_or(arn, |(stream, _)| stream)
}

#[cfg(test)]
mod tests {
    use super::Envelope;
    use bytes::Bytes;

    fn parse(text: &str) -> Envelope {
        Envelope::parse(&Bytes::copy_from_slice(text.as_bytes()), "-").unwrap()
    }

    #[test]
    fn a_kinesis_record_is_decoded_and_keeps_its_position_verbatim() {
        let event = parse(
            r#"{"Records":[{"kinesis":{"partitionKey":"p","sequenceNumber":"0042","data":"SGVsbG8=",
            "approximateArrivalTimestamp":1545084650.98,"new":[{}]},"eventID":"shardId-000000000006:0042",
            "eventSourceARN":"arn:aws:kinesis:us-east-2:1:stream/s/consumer/c:1"}]}"#,
        );
        let record = &event.records[0];
        assert_eq!(&record.payload[..], b"Hello");
        assert_eq!(
            (record.position.as_str(), &*record.source),
            ("0042", "arn:aws:kinesis:us-east-2:1:stream/s")
        );
        assert_eq!(record.arrived_at.unwrap().to_string(), "2018-12-17T22:10:50.980000Z");
        assert_eq!((record.partition_key.as_deref(), event.window_state), (Some("p"), None));
    }

    #[test]
    fn one_odd_element_is_that_records_own_fault() {
        let event = parse(
            r#"{"Records":[42,{"kinesis":{"sequenceNumber":"1","data":"?"}},{"kinesis":{"sequenceNumber":2}},
            {"kinesis":{"data":"e30="},"eventID":"shardId-0:3"},{"kinesis":{"data":"Pz8\/","sequenceNumber":"4"}},
            {"dynamodb":{"SequenceNumber":"5"}},{"body":"x"},{"kinesis":null}]}"#,
        );
        let found: Vec<_> = event
            .records
            .iter()
            .map(|record| (record.position.as_str(), record.fault.map(|f| f.0)))
            .collect();
        assert_eq!(
            found,
            [
                ("", Some("not_a_record")),
                ("1", Some("bad_base64")),
                ("2", Some("no_payload")),
                ("3", None),
                ("4", None),
                ("5", None),
                ("", Some("not_a_record")),
                ("", Some("not_a_record")),
            ]
        );
    }

    #[test]
    fn no_records_at_all_is_a_configuration_error_and_an_empty_list_is_not() {
        assert!(parse(r#"{"Records":[]}"#).records.is_empty());
        for text in
            ["{}", "[]", "null", r#"{"Records":null}"#, r#"{"records":[]}"#, "x", "", r#"{"Records":["#]
        {
            let error = Envelope::parse(&Bytes::copy_from_slice(text.as_bytes()), "-").unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Config, "{text}");
        }
    }

    #[test]
    fn the_state_of_a_window_is_kept() {
        let state = |text| parse(text).window_state;
        assert_eq!(state(r#"{"Records":[],"window":{},"state":{"a":1}}"#).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(state(r#"{"window":{},"Records":[]}"#).as_deref(), Some("{}"));
        assert_eq!(state(r#"{"Records":[],"state":{"a":1}}"#), None);
    }
}
