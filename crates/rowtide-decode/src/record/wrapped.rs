//! Payloads that another service has put into an envelope of its own on their way through a queue.
//!
//! # Source
//! Amazon SNS Developer Guide, "Amazon SNS message delivery to Amazon SQS queues" (raw delivery leaves the envelope
//! out); Amazon EventBridge User Guide, "Events structure"; "Pipes concepts" for records of a stream in a queue.

use super::delivery::Record;
use super::element::Element;
use crate::event::Timestamp;
use crate::json::{Fault, Kind, Scanner};
use std::borrow::Cow;

/// SNS into EventBridge into SQS, and one more.
const DEPTH: usize = 4;

/// Whether a member is one that flattening transformations add to a row: no envelope has such a member, and then every
/// other one is a column, whatever it is called.
pub(crate) fn marks_row(name: &str) -> bool {
    name.starts_with("__")
}

/// Takes the payload out of the envelopes around it.
pub(super) fn unwrap(record: &mut Record) {
    for _ in 0..DEPTH {
        let Some(inner) = std::str::from_utf8(&record.payload).ok().and_then(inside) else { return };
        match inner {
            Content::Text(text) => record.payload = text.into(),
            Content::Value(text) => record.payload = record.payload.slice_ref(text.as_bytes()),
            Content::Stream(element) => {
                let Ok(Some(payload)) = element.payload() else { return };
                record.sequence_number = element.position().map(str::to_owned);
                record.partition_key = element.partition_key();
                record.arrived_at = element.arrived_at.as_deref().and_then(Timestamp::from_epoch);
                record.payload = payload;
                return;
            }
        }
    }
}

enum Content<'a> {
    /// A string's characters.
    Text(String),
    /// A JSON value, as it stands there.
    Value(&'a str),
    /// A record of a stream, which EventBridge Pipes has put into the queue.
    Stream(Box<Element<'a>>),
}

/// The members by which an envelope is known.
#[derive(Default)]
struct Message<'a> {
    notification: bool,
    topic: bool,
    message: Option<Cow<'a, str>>,
    bus: u8,
    detail: Option<&'a str>,
    stream: bool,
    /// A member that SNS does not write: the names of its members may be those of somebody's columns.
    is_not_of_topic: bool,
    /// A member as a flattened row has them.
    is_row: bool,
}

/// What SNS writes around a message.
const OF_TOPIC: [&str; 14] = [
    "Type",
    "MessageId",
    "TopicArn",
    "Subject",
    "Message",
    "Timestamp",
    "SequenceNumber",
    "SignatureVersion",
    "Signature",
    "SigningCertURL",
    "SigningCertUrl",
    "UnsubscribeURL",
    "UnsubscribeUrl",
    "MessageAttributes",
];

fn inside(text: &str) -> Option<Content<'_>> {
    let mut scanner = Scanner::new(text);
    let mut found = Message::default();
    if scanner.peek().ok()? != Kind::Object {
        return None;
    }
    scanner.object(|scanner, name| found.member(scanner, &name)).ok()?;
    scanner.end().ok()?;
    if found.is_row {
        return None;
    }
    if found.stream {
        return Some(Content::Stream(Box::new(Element::read(&mut Scanner::new(text)).ok()?)));
    }
    match (found.notification && found.topic && !found.is_not_of_topic, found.message, found.detail) {
        (true, Some(message), _) => Some(Content::Text(message.into_owned())),
        (_, _, Some(detail)) if found.bus == 3 => Some(Content::Value(detail)),
        _ => None,
    }
}

impl<'a> Message<'a> {
    fn member(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<(), Fault> {
        self.is_not_of_topic |= !OF_TOPIC.contains(&name);
        self.is_row |= marks_row(name);
        match (name, scanner.peek()?) {
            ("Type", Kind::String) => self.notification = scanner.string()? == "Notification",
            ("TopicArn", Kind::String) => {
                self.topic = true;
                scanner.skip()?;
            }
            ("Message", Kind::String) => self.message = Some(scanner.string()?),
            ("detail-type" | "source" | "account", Kind::String) => {
                self.bus += 1;
                scanner.skip()?;
            }
            ("detail", Kind::Object) => self.detail = Some(scanner.skip()?),
            ("kinesisSchemaVersion", Kind::String) => {
                self.stream = true;
                scanner.skip()?;
            }
            _ => drop(scanner.skip()?),
        }
        Ok(())
    }
}
