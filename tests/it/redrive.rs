//! Redriving parked records: each event by itself, as it was received.

use crate::support::{Place, at, change, place};
use rowtide::config::{Config, VersionScheme};
use rowtide::materialize::{Filter, Sink};
use rowtide::record::{Envelope, Record};

/// Redrives everything: the code of each letter that was tried and what became of it.
async fn redrive(config: &Config) -> Vec<String> {
    let sink = Sink::new(config).unwrap();
    let mut fates = Vec::new();
    let each = |letter: &rowtide::redrive::Redriven| {
        fates.push(format!("{} {}", letter.table.as_deref().unwrap_or("-"), letter.fate.as_str()));
    };
    rowtide::redrive::redrive(config, &sink, &Filter::default(), each).await.unwrap();
    sink.close();
    fates
}

async fn letters(place: &Place) -> Vec<String> {
    let open = "select concat_ws(' ', decoder, \"table\", sub, sequence_number) from {s}.rowtide_dead_letters \
                where redriven_at is null order by sub, id";
    place.texts(open).await
}

#[tokio::test]
async fn the_events_of_a_record_are_redriven_each_for_itself() {
    let place = place("redrive_parts").await;
    let config = place.config();
    let worker = place.worker(&config);
    let first = change("orders", "a", at(1), 1, Some(r#""n":{"N":"1"}"#));
    let maxwell = |table: &str, xid: u32| {
        format!(
            r#"{{"database":"shop","table":"{table}","type":"insert","ts":1772440530,"xid":{xid},"commit":true,"position":"mysql-bin.000001:{xid}","primary_key_columns":["id"],"data":{{"id":1,"n":{xid}}}}}"#
        )
    };
    // the tables are there before their constraints are
    worker.done(&[change("orders", "z", at(0), 0, Some(r#""n":{"N":"0"}"#))]).await;
    worker.done(&[Record::new("script", "0", maxwell("users", 1))]).await;
    place.run("alter table {s}.orders_cdc add constraint c check (data->>'n' <> '1')").await;
    place.run("alter table {s}.\"shop.users_cdc\" add constraint c check (data->>'n' <> '2')").await;
    // a record of two formats, with a broken document in between
    let payload = [&first.payload[..], b"\n{\"broken\":\n", maxwell("users", 2).as_bytes(), b"\n"].concat();
    let record = Record { payload: payload.into(), ..first };
    assert_eq!(worker.done(std::slice::from_ref(&record)).await.parked, 1);
    let parked = ["dynamodb-kinesis orders 0", "1", "maxwell shop.users 2"];
    assert_eq!(letters(&place).await, parked, "each letter names the decoder of its part");
    assert_eq!(redrive(&config).await, ["- parked", "orders parked", "shop.users parked"]);
    place.run("alter table {s}.orders_cdc drop constraint c").await;
    // the record is applied whole: its first letter brings the row, for the second one it is there already
    assert_eq!(redrive(&config).await, ["- parked", "orders stale", "shop.users parked"]);
    assert_eq!(letters(&place).await, parked[1..], "what was redriven is done, and nothing else was parked");
    place.run("alter table {s}.\"shop.users_cdc\" drop constraint c").await;
    assert_eq!(redrive(&config).await, ["- parked", "shop.users stale"]);
    assert_eq!(place.count("select count(*) from {s}.orders").await, 2);
    assert_eq!(place.texts("select data->>'n' from {s}.\"shop.users\"").await, ["2"]);
    place.finish().await;
}

#[tokio::test]
async fn a_message_is_redriven_with_the_number_that_its_queue_gave_it() {
    let place = place("redrive_fifo").await;
    let mut config = place.config();
    config.source.version = VersionScheme::Arrival;
    let message = |number: u64, n: u64| {
        let body = format!(
            r#"{{\"database\":\"shop\",\"table\":\"orders\",\"type\":\"insert\",\"ts\":1772440534,\"xid\":4711,\"position\":\"master.000006:4711\",\"primary_key_columns\":[\"id\"],\"data\":{{\"id\":1,\"n\":{n}}}}}"#
        );
        format!(
            r#"{{"Records":[{{"messageId":"059f36b4-87a3-44ab-83d2-66197583{n:04}","receiptHandle":"AQEB","body":"{body}","attributes":{{"ApproximateReceiveCount":"1","SentTimestamp":"1772440534184","MessageGroupId":"1","SequenceNumber":"188494964604676961{number:02}"}},"messageAttributes":{{}},"eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:eu-central-1:123456789012:orders.fifo","awsRegion":"eu-central-1"}}]}}"#
        )
    };
    let worker = place.worker(&config);
    let records = |number, n| Envelope::parse(&message(number, n).into(), "-").unwrap().records;
    assert_eq!(worker.done(&records(10, 1)).await.applied, 1);
    place.run("alter table {s}.\"shop.orders_cdc\" add constraint c check (data->>'n' <> '3')").await;
    assert_eq!(worker.done(&records(30, 3)).await.parked, 1);
    assert_eq!(worker.done(&records(20, 2)).await.applied, 1);
    assert_eq!(letters(&place).await, ["maxwell shop.orders 0 18849496460467696130"]);
    place.run("alter table {s}.\"shop.orders_cdc\" drop constraint c").await;
    assert_eq!(redrive(&config).await, ["shop.orders applied"]);
    assert_eq!(place.texts("select data->>'n' from {s}.\"shop.orders\"").await, ["3"]);
    // what came later by its number stays
    assert_eq!(worker.done(&records(20, 2)).await.stale, 1);
    assert_eq!(worker.done(&records(40, 4)).await.applied, 1);
    place.finish().await;
}

#[tokio::test]
async fn an_older_table_of_dead_letters_gets_what_it_lacks() {
    let place = place("redrive_older").await;
    let worker = place.worker(&place.config());
    let poison = Record::new("script", "1", "not json");
    assert_eq!(worker.done(std::slice::from_ref(&poison)).await.parked, 1);
    place.run("alter table {s}.rowtide_dead_letters drop column sequence_number").await;
    assert_eq!(place.worker(&place.config()).done(&[poison]).await.parked, 1);
    assert_eq!(letters(&place).await, ["0"]);
    place.finish().await;
}
