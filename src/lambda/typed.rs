//! Envelopes of handlers that have their event typed already, with the types of `aws_lambda_events`.
//!
//! Such a handler has lost something before Rowtide sees it: one record that does not fit the types fails the whole
//! event, the fractions of timestamps are wrong (version 1.2: `.5` seconds becomes 5 milliseconds), and the attributes
//! of an item are in no order. None of that decides which change wins. A handler of raw JSON loses nothing, see
//! [`Processor::handle`](super::Processor::handle).

use crate::event::Timestamp;
use crate::record::{Envelope, Record, stream_arn};
use aws_lambda_events::event::dynamodb::{Event as DynamodbEvent, EventRecord};
use aws_lambda_events::event::kinesis::{KinesisEvent, KinesisEventRecord};
use bytes::Bytes;
use serde_json::{Value, json};

/// A batch that is taken apart already: an [`Envelope`], or an event in the types of `aws_lambda_events`.
pub trait IntoEnvelope {
    /// The envelope with its records.
    fn into_envelope(self) -> Envelope;
}

impl IntoEnvelope for Envelope {
    fn into_envelope(self) -> Envelope {
        self
    }
}

impl IntoEnvelope for KinesisEvent {
    /// The payloads are the same bytes as in an envelope of the raw event; arrival times may differ in their fraction.
    fn into_envelope(self) -> Envelope {
        self.records.into_iter().map(kinesis_record).collect::<Vec<_>>().into()
    }
}

impl IntoEnvelope for DynamodbEvent {
    /// The payloads are written anew: they say the same, with the attributes in another order. Creation times are
    /// whole seconds, as DynamoDB sends them.
    fn into_envelope(self) -> Envelope {
        self.records.into_iter().map(dynamodb_record).collect::<Vec<_>>().into()
    }
}

fn kinesis_record(record: KinesisEventRecord) -> Record {
    let source = record.event_source_arn.as_deref().map_or("-", stream_arn);
    let kinesis = record.kinesis;
    Record {
        partition_key: Some(kinesis.partition_key).filter(|key| !key.is_empty()).map(Into::into),
        arrived_at: Some(Timestamp(kinesis.approximate_arrival_timestamp.timestamp_micros())),
        ..Record::new(source, kinesis.sequence_number, kinesis.data.0)
    }
}

fn dynamodb_record(record: EventRecord) -> Record {
    let change = &record.change;
    let created_at = change.approximate_creation_date_time.timestamp();
    // an image that the stream did not send is an empty one in these types; a real one has the key at least
    let image = |item: &serde_dynamo::Item| match item.inner().is_empty() {
        true => Value::Null,
        false => json!(item),
    };
    let payload = json!({
        "eventID": record.event_id,
        "eventName": record.event_name,
        "eventSourceARN": record.event_source_arn,
        "tableName": record.table_name,
        "recordFormat": record.record_format,
        "userIdentity": record.user_identity,
        "dynamodb": {
            "ApproximateCreationDateTime": (created_at != 0).then_some(created_at),
            "Keys": image(&change.keys),
            "NewImage": image(&change.new_image),
            "OldImage": image(&change.old_image),
            "SequenceNumber": change.sequence_number,
            "StreamViewType": change.stream_view_type.as_ref().map(ToString::to_string),
        },
    });
    let source = record.event_source_arn.as_deref().map_or("-", stream_arn);
    let position = record.change.sequence_number.clone().unwrap_or_default();
    Record::new(source, position, Bytes::from(payload.to_string()))
}

#[cfg(test)]
mod tests {
    use super::{DynamodbEvent, IntoEnvelope, KinesisEvent, Value};
    use crate::catalogue::Catalogue;
    use crate::decode::{Decoded, Settings};
    use crate::decoders::Decoders;
    use crate::event::{Change, ChangeEvent, Document};
    use crate::record::{Envelope, Record};
    use bytes::Bytes;
    use serde::de::DeserializeOwned;

    fn both<E: DeserializeOwned + IntoEnvelope>(event: &'static str) -> (Vec<Record>, Vec<Record>) {
        let typed: E = serde_json::from_str(event).unwrap();
        (typed.into_envelope().records, Envelope::parse(&Bytes::from(event), "-").unwrap().records)
    }

    fn changes(records: &[Record]) -> Vec<String> {
        let decoders = Decoders::named("auto", &Settings::default()).unwrap();
        let parts = records.iter().flat_map(|record| decoders.decode(record, &Catalogue::default()));
        let decoded = parts.map(|part| match part.decoded.unwrap() {
            Decoded::Events(events) => events,
            other @ (Decoded::Ignored(_)
            | Decoded::Unrouted { .. }
            | Decoded::Schema(_)
            | Decoded::Parts(_)) => panic!("{other:?}"),
        });
        decoded.flatten().map(|event| describe(&event)).collect()
    }

    /// Everything that counts, with the attributes in the order of their names.
    fn describe(event: &ChangeEvent) -> String {
        let ordered = |document: &Document| serde_json::from_str::<Value>(&document.to_json()).unwrap();
        let change = match &event.change {
            Change::Put(document) => format!("put {}", ordered(document)),
            Change::Delete(document) => format!("delete {:?}", document.as_ref().map(ordered)),
            other @ (Change::Patch(_) | Change::Truncate) => panic!("{other:?}"),
        };
        let ChangeEvent { table, key, version, changed_at, event_id, actor, expired, .. } = event;
        format!("{table} {key:?} {change} {version:?} {changed_at:?} {event_id:?} {actor:?} {expired}")
    }

    #[test]
    fn a_typed_kinesis_event_gives_the_same_records() {
        let (typed, raw) =
            both::<KinesisEvent>(include_str!("../../events/dynamodb-kinesis/enhanced-fan-out.json"));
        assert_eq!(typed.len(), raw.len());
        for (typed, raw) in typed.iter().zip(&raw) {
            assert_eq!((&typed.source, &typed.position), (&raw.source, &raw.position));
            assert_eq!((&typed.partition_key, &typed.payload), (&raw.partition_key, &raw.payload));
        }
        assert_eq!(typed[0].arrived_at, raw[0].arrived_at);
    }

    #[test]
    fn a_typed_dynamodb_event_gives_the_same_changes() {
        for event in [
            include_str!("../../events/dynamodb/insert.json"),
            include_str!("../../events/dynamodb/remove.json"),
            include_str!("../../events/dynamodb/ttl-delete.json"),
            include_str!("../../events/dynamodb/all-types-nested.json"),
            include_str!("../../events/dynamodb/binary-key.json"),
        ] {
            let (typed, raw) = both::<DynamodbEvent>(event);
            assert_eq!(changes(&typed), changes(&raw));
            for (typed, raw) in typed.iter().zip(&raw) {
                assert_eq!((&typed.source, &typed.position), (&raw.source, &raw.position));
            }
        }
    }
}
