//! Redriving parked records: each event by itself, as it was received.

use crate::support::{Place, at, change, place};
use rowtide::config::{Config, Payload, VersionScheme};
use rowtide::record::{Envelope, Record};
use rowtide::sink::{Database, Filter};

/// Redrives everything: the code of each letter that was tried and what became of it.
async fn redrive(config: &Config) -> Vec<String> {
    let sink = Database::new(config).unwrap();
    let mut fates = Vec::new();
    let each = |letter: &rowtide::redrive::Redriven| {
        fates.push(format!("{} {}", letter.table.as_deref().unwrap_or("-"), letter.fate.as_str()));
    };
    rowtide::redrive::redrive(config, &sink, &Filter::default(), None, each).await.unwrap();
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
    assert_eq!(redrive(&config).await, ["orders parked", "- parked", "shop.users parked"]);
    place.run("alter table {s}.orders_cdc drop constraint c").await;
    // each letter brings its own row; the one that knows none stands for the whole record
    assert_eq!(redrive(&config).await, ["orders applied", "- parked", "shop.users parked"]);
    assert_eq!(letters(&place).await, parked[1..], "what was redriven is done, and nothing else was parked");
    place.run("alter table {s}.\"shop.users_cdc\" drop constraint c").await;
    assert_eq!(redrive(&config).await, ["- parked", "shop.users applied"]);
    assert_eq!(place.count("select count(*) from {s}.orders").await, 2);
    assert_eq!(place.texts("select data->>'n' from {s}.\"shop.users\"").await, ["2"]);
    place.finish().await;
}

#[tokio::test]
async fn one_bad_change_of_a_transaction_is_parked_by_itself_and_redriven_by_itself() {
    let place = place("redrive_transaction").await;
    let mut config = place.config();
    config.source.decoder = "wal2json".to_owned();
    let head = |table: &str| format!(r#""schema":"shop","table":"{table}","pk":{{"pknames":["id"]}}"#);
    let insert = |table: &str, id: u8| {
        format!(r#"{{"kind":"insert",{},"columnnames":["id","n"],"columnvalues":[{id},{id}]}}"#, head(table))
    };
    // a table of nothing but its key, whose route does not say so
    let renamed = format!(
        r#"{{"kind":"update",{},"columnnames":["id"],"columnvalues":[2],"oldkeys":{{"keynames":["id"],"keyvalues":[1]}}}}"#,
        head("tags")
    );
    let broken = format!(
        r#"{{"kind":"insert",{},"columnnames":["id","j"],"columntypes":["integer","json"],"columnvalues":[7,"{{"]}}"#,
        head("users")
    );
    let changes = [insert("orders", 1), renamed, broken, insert("users", 3)].join(",");
    let record = Record::new("script", "1", format!(r#"{{"nextlsn":"0/FF","change":[{changes}]}}"#));
    let worker = place.worker(&config);
    assert_eq!(worker.done(std::slice::from_ref(&record)).await.parked, 1);
    let rows = |table: &str| format!("select key from {{s}}.\"shop.{table}\" order by key");
    assert_eq!(place.texts(&rows("orders")).await, ["[1]"]);
    assert_eq!(place.texts(&rows("users")).await, ["[3]"]);
    let parked = "select concat_ws(' ', code, \"table\", key, sub) from {s}.rowtide_dead_letters \
                  where redriven_at is null order by sub";
    let bad = "bad_json_column shop.users [7] 2";
    assert_eq!(place.texts(parked).await, ["partial_key_change shop.tags [2] 1", bad]);
    // what a redrive must not bring again
    place.run("delete from {s}.\"shop.orders_cdc\"").await;
    config.routes = vec![rowtide::policy::RoutePolicy {
        from: "shop.tags".to_owned(),
        images: rowtide::rules::Images::Full,
        ..Default::default()
    }];
    config.source.unrouted = rowtide::policy::Unrouted::Ignore;
    config.routes.push(rowtide::policy::RoutePolicy::default());
    assert_eq!(redrive(&config).await, ["shop.tags applied", "shop.users parked"]);
    assert_eq!(place.texts(&rows("tags")).await, ["[2]"]);
    assert_eq!(place.count("select count(*) from {s}.\"shop.orders_cdc\"").await, 0);
    assert_eq!(place.texts(parked).await, [bad], "the part that is still bad keeps its letter");
    assert_eq!(place.count("select count(*) from {s}.rowtide_dead_letters").await, 2);
    place.finish().await;
}

#[tokio::test]
async fn one_bad_row_of_a_message_is_parked_by_itself_and_redriven_by_itself() {
    let place = place("redrive_message").await;
    let mut config = place.config();
    config.source.decoder = "canal".to_owned();
    let message = |kind: &str, es: u64, rest: &str| {
        format!(
            r#"{{"database":"shop","table":"orders","pkNames":["id"],"isDdl":false,"type":"{kind}","es":{es},"sqlType":{{"id":4,"n":4}},"mysqlType":{{"id":"int","n":"int"}},{rest}}}"#
        )
    };
    let worker = place.worker(&config);
    let start =
        message("INSERT", 1_000, r#""data":[{"id":"1","n":"1"},{"id":"2","n":"2"},{"id":"3","n":"3"}]"#);
    assert_eq!(worker.done(&[Record::new("script", "1", start)]).await.applied, 1);
    place.run("alter table {s}.\"shop.orders_cdc\" add constraint c check (data->>'n' <> '22')").await;
    // a changed key, a row that the database refuses, one that nobody can read, and a good one
    let update = message(
        "UPDATE",
        2_000,
        r#""old":[{"id":"1"},{"n":"2"},{"n":"3"},{"n":"4"}],
        "data":[{"id":"9","n":"11"},{"id":"2","n":"22"},{"id":"3","n":"x"},{"id":"4","n":""}]"#,
    );
    assert_eq!(worker.done(&[Record::new("script", "2", update)]).await.parked, 1);
    let rows = "select concat_ws(' ', key, data->>'n') from {s}.\"shop.orders\" order by key";
    assert_eq!(place.texts(rows).await, ["[2] 2", "[3] 3", "[4]", "[9] 11"]);
    let parked = "select concat_ws(' ', \"table\", key, sub) from {s}.rowtide_dead_letters \
                  where redriven_at is null order by sub";
    assert_eq!(place.texts(parked).await, ["shop.orders [2] 2", "shop.orders [3] 3"]);
    place.run("alter table {s}.\"shop.orders_cdc\" drop constraint c").await;
    place.run("delete from {s}.\"shop.orders_cdc\" where key = '[9]'").await;
    assert_eq!(redrive(&config).await, ["shop.orders applied", "shop.orders parked"]);
    assert_eq!(place.texts(rows).await, ["[2] 22", "[3] 3", "[4]"]);
    assert_eq!(place.texts(parked).await, ["shop.orders [3] 3"]);
    place.finish().await;
}

#[tokio::test]
async fn a_patch_does_not_pass_an_older_change_of_its_row_that_was_not_selected() {
    for payload in [Payload::Full, Payload::None] {
        let place = place("redrive_patch").await;
        let mut config = place.config();
        config.dead_letters.payload = payload;
        let record = |lsn: u32, action: &str, columns: &str| {
            let text = format!(
                r#"{{"action":"{action}","lsn":"0/{lsn}","schema":"shop","table":"items","pk":[{{"name":"id","type":"integer"}}],"columns":[{{"name":"id","type":"integer","value":2}},{columns}],"identity":[{{"name":"id","type":"integer","value":2}}]}}"#
            );
            Record::new("script", lsn.to_string(), text)
        };
        let text =
            |name: &str, value: &str| format!(r#"{{"name":"{name}","type":"text","value":"{value}"}}"#);
        let worker = place.worker(&config);
        worker.done(&[record(10, "I", &[text("v", "ok"), text("x", "x")].join(","))]).await;
        let table = "{s}.\"shop.items_cdc\"";
        place.run(&format!("alter table {table} add constraint c check (data->>'v' <> 'bad')")).await;
        assert_eq!(worker.done(&[record(14, "U", &text("v", "bad"))]).await.parked, 1);
        config.dead_letters.payload = Payload::Full;
        assert_eq!(place.worker(&config).done(&[record(20, "U", &text("x", "x4"))]).await.parked, 1);
        let blocked = Filter { code: Some("blocked".to_owned()), ..Filter::default() };
        for (filter, expected) in [
            (&blocked, vec!["waiting"]),
            (
                &Filter::default(),
                vec![if payload == Payload::Full { "parked" } else { "no_payload" }, "waiting"],
            ),
        ] {
            let sink = Database::new(&config).unwrap();
            let mut fates = Vec::new();
            rowtide::redrive::redrive(&config, &sink, filter, None, |letter| {
                fates.push(letter.fate.as_str())
            })
            .await
            .unwrap();
            sink.close();
            assert_eq!(fates, expected, "{filter:?}");
        }
        let row = "select concat_ws(' ', data->>'v', data->>'x') from {s}.\"shop.items\"";
        assert_eq!(place.texts(row).await, ["ok x"]);
        place.run(&format!("alter table {table} drop constraint c")).await;
        if payload == Payload::Full {
            assert_eq!(redrive(&config).await, ["shop.items applied", "shop.items applied"]);
        } else {
            // what the documentation says: all letters of the row go, and its records come again in their order
            place.run("delete from {s}.rowtide_dead_letters").await;
            let again = [record(14, "U", &text("v", "bad")), record(20, "U", &text("x", "x4"))];
            assert_eq!(place.worker(&config).done(&again).await.parked, 0);
        }
        assert_eq!(place.texts(row).await, ["bad x4"]);
        place.finish().await;
    }
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

#[tokio::test]
async fn a_letter_of_another_function_does_not_stop_the_others() {
    let place = place("redrive_others").await;
    let json = |table: Option<&str>| {
        let mut config = place.config();
        config.source.decoder = "json".into();
        config.source.table = table.map(str::to_owned);
        config.source.json_key = vec!["/id".into()];
        config.source.json_version = Some("/seq".into());
        config
    };
    let broken = |seq: u32| Record::new("json", seq.to_string(), format!(r#"{{"id":null,"seq":{seq}}}"#));
    assert_eq!(place.worker(&json(Some("t"))).done(&[broken(1)]).await.parked, 1);
    let config = place.config();
    let worker = place.worker(&config);
    worker.done(&[change("orders", "z", at(0), 0, Some(r#""n":{"N":"0"}"#))]).await;
    place.run("alter table {s}.orders_cdc add constraint c check (data->>'n' <> '1')").await;
    let refused = change("orders", "a", at(1), 1, Some(r#""n":{"N":"1"}"#));
    assert_eq!(worker.done(&[refused]).await.parked, 1);
    place.run("alter table {s}.orders_cdc drop constraint c").await;
    // the configuration of the second function names no table for what the first one parked
    let mut fates = redrive(&json(None)).await;
    fates.sort_unstable();
    assert_eq!(fates, ["orders applied", "t unreadable"]);
    assert_eq!(redrive(&json(Some("t"))).await, ["t parked"]);
    place.finish().await;
}
