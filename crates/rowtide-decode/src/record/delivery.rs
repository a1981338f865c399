//! A record as a transport delivers it, how a batch of them is answered, and what then comes again.

use crate::error::Code;
use crate::event::Timestamp;
use bytes::Bytes;
use std::sync::Arc;

/// One transport record, not yet decoded.
#[derive(Debug, Clone)]
pub struct Record {
    /// The stream's, queue's or topic partition's name: its ARN where it has one, else the input's path as given,
    /// else `-`.
    pub source: Arc<str>,
    /// What a batch response names: sequence number, message id, offset; copied verbatim. Empty when the envelope has
    /// none.
    pub position: String,
    /// The transport's sequence number, where `position` is something else. Of a topic whose broker notes the time at
    /// which it appended the record: that time in microseconds, then the offset in 19 digits. Offsets of two
    /// partitions say nothing of each other, the broker's times do.
    pub sequence_number: Option<String>,
    /// What a batch response names instead of the position: the `eventID` of a stream's record that EventBridge Pipes
    /// brought.
    pub event_id: Option<String>,
    /// The partition key, or the key of a Kafka message.
    pub partition_key: Option<Arc<str>>,
    /// When the transport received it.
    pub arrived_at: Option<Timestamp>,
    /// The payload as received.
    pub payload: Bytes,
    /// The place among the parts of an aggregate, from 0; `None` when the record was sent by itself.
    pub place: Option<u32>,
    /// What is delivered again when this record is reported.
    pub redelivered: Redelivered,
    /// Why the envelope's element holds no payload that a decoder could read: a stable code and a message. The payload
    /// is then the element itself.
    pub fault: Option<(Code, &'static str)>,
}

/// What the transport delivers again when a record is reported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Redelivered {
    /// It and everything behind it in the batch: a stream.
    #[default]
    WithRest,
    /// It and what is behind it in its group: a message group of a FIFO queue, a partition of a topic.
    WithGroup(Arc<str>),
    /// It alone: a queue.
    Alone,
}

impl Record {
    /// A record of a bare payload.
    #[must_use]
    pub fn new(source: &str, position: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        Self {
            source: source.into(),
            position: position.into(),
            sequence_number: None,
            event_id: None,
            partition_key: None,
            arrived_at: None,
            payload: payload.into(),
            place: None,
            redelivered: Redelivered::default(),
            fault: None,
        }
    }

    /// What orders the record among those of its source: its sequence number, else its position.
    #[must_use]
    pub fn sequence(&self) -> &str {
        self.sequence_number.as_deref().unwrap_or(&self.position)
    }
}

/// How a batch is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Answer {
    /// One identifier, that of the first record that is not durable: Kinesis, DynamoDB Streams.
    #[default]
    Checkpoint,
    /// The identifier of every record to deliver again: SQS, and a stream through EventBridge Pipes.
    Messages,
    /// The first offset of each topic partition that is not durable: Kafka.
    Offsets,
    /// None but all or nothing: a topic through EventBridge Pipes. When a record must come again, the invocation fails.
    Whole,
    /// A result for every record: a Firehose transformation. The data is given back as it came.
    Results,
}
