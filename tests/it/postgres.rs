//! The materializer on a database.

use crate::support::{at, change, event, inserts, server};

#[tokio::test]
async fn a_batch_becomes_rows_and_its_repetition_is_stale() {
    let Some(place) = server("a_batch_becomes_rows").await else { return };
    let worker = place.worker(&place.config());
    let records = inserts("orders", 1_500);
    let counts = worker.done(&records).await;
    assert_eq!((counts.received, counts.applied), (1_500, 1_500));
    let counts = worker.done(&records).await;
    assert_eq!((counts.received, counts.stale), (1_500, 1_500));
    assert_eq!(place.count("select count(*) from {s}.orders").await, 1_500);
    let delete = [change("orders", "k00007", at(9_999), 9_999, None)];
    assert_eq!(worker.done(&delete).await.applied, 1);
    assert_eq!(worker.done(&records).await.stale, 1_500);
    assert_eq!(place.count("select count(*) from {s}.orders").await, 1_499);
    assert_eq!(place.count("select count(*) from {s}.orders_cdc where deleted and data is null").await, 1);
    place.finish().await;
}

#[tokio::test]
async fn every_event_file_is_applied() {
    let Some(place) = server("every_event_file_is_applied").await else { return };
    let worker = place.worker(&place.config());
    let counts = worker.done(&event("dynamodb/poison-in-the-middle")).await;
    eprintln!("{counts:?}");
    assert!(counts.parked > 0);
    place.finish().await;
}
