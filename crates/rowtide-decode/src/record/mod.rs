//! Envelopes as Lambda delivers them, taken apart into records that are still raw bytes. Knows no source format.
//!
//! An envelope is read leniently: whatever is odd about one of its elements is kept as that record's own fault, and
//! the others are not touched by it.

mod delivery;
mod element;
mod wrapped;

pub use delivery::{Answer, Record, Redelivered};
pub(crate) use wrapped::marks_row;

use crate::error::{Code, Error, Result};
use crate::event::Timestamp;
use crate::json::{Fault, Kind, Scanner};
use bytes::Bytes;
use element::Element;
use std::borrow::Cow;
use std::sync::Arc;

/// One Lambda event, taken apart.
///
/// Kinesis and DynamoDB Streams batches, SQS messages (their bodies plain, or wrapped by SNS or EventBridge), Kafka
/// batches (MSK and self-managed), arrays as EventBridge Pipes sends them, Firehose transformations, and what Lambda
/// stores in S3 about a batch that it gave up.
///
/// ```
/// use rowtide_decode::record::Envelope;
///
/// let event = r#"{"Records":[{"messageId":"m-1","receiptHandle":"r","body":"{\"a\":1}","attributes":{},
///     "messageAttributes":{},"md5OfBody":"","eventSource":"aws:sqs",
///     "eventSourceARN":"arn:aws:sqs:eu-west-1:123456789012:changes","awsRegion":"eu-west-1"}]}"#;
/// let envelope = Envelope::parse(&event.into(), "-")?;
/// assert_eq!(envelope.records[0].position, "m-1");
/// assert_eq!(&envelope.records[0].payload[..], br#"{"a":1}"#);
/// # Ok::<(), rowtide_decode::Error>(())
/// ```
///
/// # Source
/// AWS Lambda Developer Guide, "Using AWS Lambda with Amazon Kinesis", "… with Amazon DynamoDB", "… with Amazon SQS",
/// "… with Amazon MSK", "Retaining records for a stream event source"; for tumbling windows, "Implementing stateful
/// stream processing"; Amazon EventBridge User Guide, "Pipes batching and concurrency"; Amazon Data Firehose Developer
/// Guide, "Transform source data".
#[derive(Debug, Clone, Default)]
pub struct Envelope {
    /// The records, in the envelope's order.
    pub records: Vec<Record>,
    /// How the batch is answered.
    pub answer: Answer,
    /// JSON text of the `state` of a tumbling window, which the response must echo; `None` without a window.
    pub window_state: Option<String>,
}

impl From<Vec<Record>> for Envelope {
    fn from(records: Vec<Record>) -> Self {
        Self { records, ..Self::default() }
    }
}

impl Envelope {
    /// Takes a Lambda event apart. `origin` stands for the source of records that name none.
    ///
    /// # Errors
    /// When the event is not JSON or holds no batch: then this function is not triggered by a stream or queue.
    pub fn parse(event: &Bytes, origin: &str) -> Result<Self> {
        let stored;
        let mut reader = Reader::new(event, origin);
        reader.read().map_err(not_json)?;
        if let Some(Abandoned::Event(inside)) = reader.abandoned {
            stored = inside;
            reader = Reader::new(&stored, origin);
            reader.read().map_err(not_json)?;
        }
        // without the event, or with another such message in its place
        if reader.abandoned.is_some() {
            return Err(Error::config(
                "The event tells of a batch that Lambda gave up, without its records: only an S3 destination keeps \
                 them. Read them from the stream again, from startSequenceNumber to endSequenceNumber.",
            ));
        }
        if !reader.has_records {
            return Err(Error::config(
                "The event has no list of Records: expected is a batch of Kinesis, DynamoDB Streams, SQS, Kafka, \
                 EventBridge Pipes or Firehose. Invoke the function through an event source mapping, or with a file \
                 of events/.",
            ));
        }
        if reader.has_too_many {
            return Err(Error::config(format!(
                "The event has more than {RECORDS_MAX} records, and no service delivers so many at once: divide it."
            )));
        }
        let answer = reader.answer.unwrap_or_default();
        let window_state = reader.window.then(|| reader.state.take().unwrap_or_else(|| "{}".to_owned()));
        Ok(Self { records: reader.records, answer, window_state })
    }

    /// Whether a JSON text is an event that holds a batch, judged by its outermost members alone.
    #[must_use]
    pub fn recognises(event: &[u8]) -> bool {
        let Ok(mut scanner) = Scanner::of_bytes(event) else { return false };
        match scanner.peek() {
            Ok(Kind::Object) => {
                let mut found = false;
                let (mut firehose, mut records) = (false, false);
                let (mut topics, mut event_source) = (false, false);
                let mut abandoned = (false, false);
                let mut is_row = false;
                // what is wrong behind the list is found when the event is read
                scanner
                    .object(|scanner, name| {
                        let kind = scanner.peek()?;
                        match name.as_ref() {
                            "Records" => found |= kind == Kind::Array,
                            "invocationId" | "deliveryStreamArn" => firehose = true,
                            "records" if kind == Kind::Array => records = true,
                            "records" if kind == Kind::Object => topics = true,
                            "eventSource" => event_source = true,
                            "requestContext" => abandoned.0 = true,
                            name if marks_row(name) => is_row = true,
                            name => abandoned.1 |= tells_of_a_batch(name),
                        }
                        scanner.skip().map(drop)
                    })
                    .unwrap_or_default();
                let is_event = found || (firehose && records) || (topics && event_source);
                !is_row && (is_event || abandoned == (true, true))
            }
            Ok(Kind::Array) => {
                let mut known = false;
                // the first element tells
                let stop = |scanner: &mut Scanner<'_>| -> Result<(), Fault> {
                    known = Element::read(scanner)?.is_known();
                    Err(scanner.fault("seen enough"))
                };
                scanner.array(stop).unwrap_or_default();
                known
            }
            _ => false,
        }
    }
}

/// Ten times what any service puts into one event.
const RECORDS_MAX: usize = 100_000;

/// Whether a member belongs to what a destination of Lambda is told of a batch. `responseContext` is null after a
/// partial failure and missing when the records grew too old; what names the batch is `KinesisBatchInfo` and its like.
fn tells_of_a_batch(name: &str) -> bool {
    name == "responseContext" || name.ends_with("BatchInfo")
}

fn not_json(fault: Fault) -> Error {
    Error::config(format!("The event is not JSON: {fault}. Expected {{\"Records\":[…]}} as Lambda sends it."))
}

/// What a destination of Lambda was told of a batch.
enum Abandoned {
    Event(Bytes),
    Positions,
}

/// An event being read.
struct Reader<'e> {
    event: &'e Bytes,
    /// The source of the records to come.
    source: Arc<str>,
    records: Vec<Record>,
    answer: Option<Answer>,
    has_records: bool,
    window: bool,
    state: Option<String>,
    abandoned: Option<Abandoned>,
    from_pipes: bool,
    has_too_many: bool,
}

impl<'e> Reader<'e> {
    fn new(event: &'e Bytes, origin: &str) -> Self {
        Self {
            event,
            source: origin.into(),
            records: Vec::new(),
            answer: None,
            has_records: false,
            window: false,
            state: None,
            abandoned: None,
            from_pipes: false,
            has_too_many: false,
        }
    }

    fn read(&mut self) -> Result<(), Fault> {
        let mut scanner = Scanner::of_bytes(self.event)?;
        match scanner.peek()? {
            Kind::Object => self.object(&mut scanner)?,
            // EventBridge Pipes
            Kind::Array => {
                self.from_pipes = true;
                scanner.array(|scanner| self.element(scanner))?;
                self.answer = self.answer.map(|answer| match answer {
                    Answer::Checkpoint | Answer::Messages => Answer::Messages,
                    Answer::Offsets => Answer::Whole,
                    Answer::Whole | Answer::Results => answer,
                });
                let is_known =
                    |record: &Record| record.fault.is_none_or(|(code, _)| code != Code::NotARecord);
                self.has_records = self.records.iter().any(is_known);
            }
            Kind::String | Kind::Number | Kind::Bool | Kind::Null => drop(scanner.skip()?),
        }
        scanner.end()
    }

    fn object(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Fault> {
        let mut stream = None;
        let mut from_topics = false;
        let mut context = (false, false);
        let mut payload = None;
        scanner.object(|scanner, name| {
            match (name.as_ref(), scanner.peek()?) {
                ("Records", Kind::Array) => {
                    self.has_records = true;
                    scanner.array(|scanner| self.element(scanner))?;
                }
                ("records", Kind::Array) => {
                    self.has_records = true;
                    self.answer = Some(Answer::Results);
                    scanner.array(|scanner| self.element(scanner))?;
                }
                ("records", Kind::Object) => {
                    self.has_records = true;
                    self.answer = Some(Answer::Offsets);
                    scanner.object(|scanner, _| {
                        if scanner.peek()? == Kind::Array {
                            return scanner.array(|scanner| self.element(scanner));
                        }
                        scanner.skip().map(drop)
                    })?;
                }
                ("deliveryStreamArn" | "sourceKinesisStreamArn" | "eventSourceArn", _) => {
                    let arn = scanner.text()?;
                    stream = stream.take().or(arn);
                }
                ("eventSource", Kind::String) => {
                    from_topics = true;
                    scanner.skip()?;
                }
                ("window", Kind::Object) => {
                    self.window = true;
                    scanner.skip()?;
                }
                ("state", Kind::Object) => self.state = Some(scanner.skip()?.to_owned()),
                ("requestContext", Kind::Object) => {
                    context.0 = true;
                    scanner.skip()?;
                }
                // the event as text; some emulators store the event itself
                ("payload", Kind::String) => payload = Some(scanner.string()?.into_owned()),
                ("payload", Kind::Object) => payload = Some(scanner.skip()?.to_owned()),
                (name, Kind::Object | Kind::Null) if tells_of_a_batch(name) => {
                    context.1 = true;
                    scanner.skip()?;
                }
                _ => drop(scanner.skip()?),
            }
            Ok(())
        })?;
        // `records` alone could be anybody's
        self.has_records &= match self.answer {
            Some(Answer::Results) => stream.is_some(),
            Some(Answer::Offsets) => from_topics,
            Some(Answer::Checkpoint | Answer::Messages | Answer::Whole) | None => true,
        };
        if context == (true, true) && !self.has_records {
            self.abandoned = Some(match payload {
                Some(event) => Abandoned::Event(event.into()),
                None => Abandoned::Positions,
            });
        }
        // a Kafka of one's own has no ARN, but its partitions have names
        let origin = (self.answer == Some(Answer::Offsets)).then(|| Cow::Owned(self.source.to_string()));
        if let Some(stream) = stream.or(origin) {
            self.name_source(&stream);
        }
        Ok(())
    }

    /// The source that the event names once for all records: it may stand behind them.
    fn name_source(&mut self, stream: &str) {
        let stream = stream_arn(stream);
        for record in &mut self.records {
            record.source = match &record.redelivered {
                // offsets count by partition
                Redelivered::WithGroup(partition) => format!("{stream}/{partition}").into(),
                Redelivered::WithRest | Redelivered::Alone => stream.into(),
            };
        }
    }

    fn element(&mut self, scanner: &mut Scanner<'_>) -> Result<(), Fault> {
        if self.records.len() == RECORDS_MAX {
            self.has_too_many = true;
            return scanner.skip().map(drop);
        }
        scanner.peek()?;
        let start = scanner.clone();
        let element = Element::read(scanner)?;
        let raw = start.since_here(scanner);
        let own = || self.event.slice_ref(raw.as_bytes());
        let answer = *self.answer.get_or_insert_with(|| element.answer());
        if let Some(arn) = element.source.as_deref().map(stream_arn)
            && *self.source != *arn
        {
            self.source = arn.into();
        }
        let (payload, fault) = match element.payload() {
            Ok(Some(data)) => (data, None),
            Ok(None) => (own(), None),
            Err(fault) => (own(), Some(fault)),
        };
        let text = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
        let mut record = Record {
            source: self.source.clone(),
            position: element.position().unwrap_or_default().to_owned(),
            sequence_number: text(&element.sequence_number).or_else(|| element.appended()),
            event_id: self.from_pipes.then(|| text(&element.event_id)).flatten(),
            partition_key: element.partition_key(),
            arrived_at: element.arrived_at.as_deref().and_then(time),
            payload,
            place: None,
            redelivered: element.redelivered(answer, &self.source),
            fault,
        };
        if answer == Answer::Messages && fault.is_none() {
            wrapped::unwrap(&mut record);
        }
        self.records.push(record);
        Ok(())
    }
}

/// A time as Lambda writes it, or as the command line does.
fn time(text: &str) -> Option<Timestamp> {
    Timestamp::from_epoch(text).or_else(|| Timestamp::from_rfc3339(text))
}

/// The stream's ARN without the consumer that enhanced fan-out appends.
#[must_use]
pub fn stream_arn(arn: &str) -> &str {
    arn.split_once("/consumer/").map_or(arn, |(stream, _)| stream)
}

#[cfg(test)]
mod tests;
