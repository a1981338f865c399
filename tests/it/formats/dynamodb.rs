//! DynamoDB's two ways; their own, longer suite is in `convergence.rs`.

use super::{Format, Row, Step, converges};
use rowtide::record::Record;

fn item(row: &Row) -> String {
    let n = row.n.map_or_else(|| r#"{"NULL":true}"#.to_owned(), |n| format!(r#"{{"N":"{n}"}}"#));
    format!(r#"{{"id":{{"N":"{}"}},"n":{n},"name":{{"S":"{}"}}}}"#, row.id, row.name)
}

fn streams(step: &Step, at: u64) -> Vec<Record> {
    const ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000";
    let (name, id, image) = match step {
        // an item that was there before is not in the stream: here it counts as written when it was read
        Step::Load(row) | Step::Insert(row) => ("INSERT", row.id, format!(r#","NewImage":{}"#, item(row))),
        Step::Update { after, .. } => ("MODIFY", after.id, format!(r#","NewImage":{}"#, item(after))),
        Step::Delete(row) => ("REMOVE", row.id, String::new()),
    };
    let payload = format!(
        r#"{{"eventName":"{name}","eventSourceARN":"{ARN}","dynamodb":{{"SequenceNumber":"{at}","StreamViewType":"NEW_IMAGE","Keys":{{"id":{{"N":"{id}"}}}}{image}}}}}"#
    );
    vec![Record::new(ARN, at.to_string(), payload)]
}

#[test]
fn streams_converge() {
    converges(&Format { changes_keys: false, ..Format::new(streams) });
}
