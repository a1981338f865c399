//! Tables of DynamoDB, which an emulator plays, read by `rowtide snapshot` into PostgreSQL.

use crate::cli::{Ended, rowtide_with};
use crate::support::{Place, at, change, place};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, PutRequest,
    ScalarAttributeType, WriteRequest,
};
use rowtide::deadline::Deadline;
use rowtide::sink::Database;
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;

const REGION: &str = "eu-west-1";

/// A table of its own, and a place for its items.
struct Shop {
    place: Place,
    endpoint: String,
    table: String,
    client: Client,
    folder: tempfile::TempDir,
}

impl Shop {
    async fn new(test: &str) -> Option<Self> {
        let Some(endpoint) = std::env::var("ROWTIDE_TEST_DYNAMODB").ok().filter(|url| !url.is_empty()) else {
            eprintln!("not run: {test} needs an emulator of DynamoDB; set ROWTIDE_TEST_DYNAMODB to its URL");
            return None;
        };
        let http = aws_smithy_http_client::Builder::new().build_http();
        let settings = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .region(Region::new(REGION))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(&endpoint);
        let client = Client::from_conf(settings.build());
        let table = format!("rowtide_{test}");
        // it is there where an earlier run ended before its time
        if client.describe_table().table_name(&table).send().await.is_ok() {
            client.delete_table().table_name(&table).send().await.unwrap();
        }
        let key = KeySchemaElement::builder().attribute_name("id").key_type(KeyType::Hash).build();
        let of = AttributeDefinition::builder()
            .attribute_name("id")
            .attribute_type(ScalarAttributeType::S)
            .build();
        let made = client.create_table().table_name(&table).billing_mode(BillingMode::PayPerRequest);
        made.key_schema(key.unwrap()).attribute_definitions(of.unwrap()).send().await.unwrap();
        let place = place(&format!("dynamodb_{test}")).await;
        Some(Self { place, endpoint, table, client, folder: tempfile::tempdir().unwrap() })
    }

    /// Puts items `k00000` and so on, each with an exact number.
    async fn put(&self, numbers: std::ops::Range<u64>) {
        let put = |n: u64| {
            let item = [
                ("id".to_owned(), AttributeValue::S(format!("k{n:05}"))),
                ("n".to_owned(), AttributeValue::N(format!("9007199254740993.{n}"))),
            ];
            let put = PutRequest::builder().set_item(Some(HashMap::from(item))).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        };
        let numbers: Vec<u64> = numbers.collect();
        for batch in numbers.chunks(25) {
            let batch: Vec<WriteRequest> = batch.iter().map(|n| put(*n)).collect();
            self.client.batch_write_item().request_items(&self.table, batch).send().await.unwrap();
        }
    }

    async fn delete(&self, id: &str) {
        let key = AttributeValue::S(id.to_owned());
        self.client.delete_item().table_name(&self.table).key("id", key).send().await.unwrap();
    }

    fn settings(&self) -> PathBuf {
        let path = self.folder.path().join("rowtide.toml");
        let text = format!("[[snapshot.table]]\nname = \"{}\"\nsplit = 4\nchunk = 300\n", self.table);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn snapshot(&self, options: &[&str]) -> Ended {
        self.command("snapshot", options)
    }

    fn command(&self, command: &str, options: &[&str]) -> Ended {
        let (settings, schema) = (self.settings(), format!("sink.schema={}", self.place.schema));
        let own =
            [command, "--config", settings.to_str().unwrap(), "--sink", &self.place.url, "--set", &schema];
        let source = format!("dynamodb://{REGION}");
        let args: Vec<&str> = own
            .into_iter()
            .chain(["--source", &source, "--output", "json"])
            .chain(options.iter().copied())
            .collect();
        let variables = [
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.endpoint.as_str()),
        ];
        rowtide_with(&args, &variables, b"")
    }

    fn counts(&self, options: &[&str]) -> Value {
        let ended = self.snapshot(options);
        assert_eq!(ended.status, 0, "{}{}", ended.out, ended.err);
        ended.object()
    }

    async fn finish(self) {
        self.client.delete_table().table_name(&self.table).send().await.unwrap();
        self.place.finish().await;
    }
}

/// 5,000 items in 4 segments while a stream writes: what it says stays, whichever comes first.
#[tokio::test]
async fn a_load_stays_below_the_stream_and_removes_only_what_loads_brought() {
    let Some(shop) = Shop::new("converges").await else { return };
    shop.put(0..5_000).await;
    let worker = shop.place.worker(&shop.place.config());
    let of = |id: &str, micros: u64, image: Option<&str>| change(&shop.table, id, at(micros), micros, image);
    let newer = Some(r#""n":{"N":"1"}"#);
    worker.done(&[of("k00001", 1, newer), of("k00002", 2, None), of("streamed", 3, newer)]).await;

    let done = shop.counts(&["--beside", "dynamodb-kinesis"]);
    assert_eq!((&done["rows"], &done["applied"], &done["parked"]), (&5_000.into(), &4_998.into(), &0.into()));
    worker.done(&[of("k00003", 4, newer)]).await;
    let view = shop.place.view(&shop.table).await;
    assert_eq!(view.len(), 5_000);
    assert_eq!(view[r#"["k00004"]"#], r#"{"n": 9007199254740993.4}"#);
    for id in ["k00001", "k00003", "streamed"] {
        assert_eq!(view[&format!("[\"{id}\"]")], r#"{"n": 1}"#, "{id}");
    }
    assert!(!view.contains_key(r#"["k00002"]"#));
    let versions = shop.place.texts("select min(version) from {s}.rowtide_converges_cdc").await;
    assert!(versions[0].starts_with("k.0000.0."), "{versions:?}");

    // gone at the source: of two items the load brought one, the stream wrote the other
    shop.delete("k00003").await;
    shop.delete("k00004").await;
    let done = shop.counts(&["--replace"]);
    assert_eq!((&done["rows"], &done["removed"]), (&4_998.into(), &1.into()));
    let view = shop.place.view(&shop.table).await;
    assert!(view.contains_key(r#"["k00003"]"#) && !view.contains_key(r#"["k00004"]"#));
    shop.finish().await;
}

/// What differs is looked at again, and a segment has no ends at which that could begin.
#[tokio::test]
async fn what_differs_is_told_whichever_segment_it_is_in() {
    let Some(shop) = Shop::new("verified").await else { return };
    shop.put(0..2_000).await;
    shop.counts(&[]);
    let verify = |more: &[&str]| shop.command("verify", &[&["--settle", "0s"], more].concat());
    let equal = verify(&[]);
    assert_eq!((equal.status, equal.lines().len()), (0, 1), "{}{}", equal.out, equal.err);
    assert_eq!(verify(&["--sample", "30%"]).status, 0);
    shop.place.run("delete from {s}.rowtide_verified_cdc where key = '[\"k00700\"]'").await;
    shop.place.run("update {s}.rowtide_verified_cdc set data = '{\"n\": 9007199254740993.4}' where key = '[\"k00003\"]'").await;
    shop.delete("k01999").await;
    let other = verify(&[]);
    let mut found: Vec<String> = other
        .lines()
        .iter()
        .filter_map(|line| Some(format!("{} {}", line["key"].as_str()?, line["kind"].as_str()?)))
        .collect();
    found.sort();
    let expected = [r#"["k00003"] different"#, r#"["k00700"] missing"#, r#"["k01999"] extra"#];
    assert_eq!((other.status, found.as_slice()), (1, &expected.map(str::to_owned)[..]), "{}", other.err);
    shop.finish().await;
}

#[tokio::test]
async fn a_load_goes_on_with_the_segments_that_are_left() {
    let Some(shop) = Shop::new("resumes").await else { return };
    shop.put(0..2_000).await;
    let first = shop.counts(&[]);
    let (table, run) = (first["table"].as_str().unwrap(), first["run"].as_str().unwrap());
    let (books, never) = (Database::new(&shop.place.config()).unwrap(), Deadline::never());
    let kept = books.state("snapshot", table, never).await.unwrap().unwrap();
    let text = kept.text.replace("\"is_done\":true", "\"is_done\":false");
    books.put_state("snapshot", table, &text, Some(kept.version), never).await.unwrap().unwrap();
    // one segment anew, and one from its last item on
    let mut left = 0;
    for (segment, is_anew) in [(2, false), (3, true)] {
        let key = format!("{table} {run} {segment}");
        let kept = books.state("snapshot", &key, never).await.unwrap().unwrap();
        let mut progress: Value = serde_json::from_str(&kept.text).unwrap();
        if is_anew {
            left = progress["counts"]["rows"].as_u64().unwrap();
            progress["after"] = Value::Null;
            progress["counts"]["rows"] = 0.into();
        }
        progress["is_done"] = false.into();
        let text = progress.to_string();
        books.put_state("snapshot", &key, &text, Some(kept.version), never).await.unwrap().unwrap();
    }
    assert!(left > 0);
    let resumed = shop.counts(&["--resume"]);
    assert_eq!((&resumed["resumed"], &resumed["run"]), (&true.into(), &first["run"]));
    assert_eq!(resumed["rows"], 2_000);
    assert_eq!(resumed["stale"].as_u64().unwrap() - first["stale"].as_u64().unwrap(), left);
    shop.finish().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_dynamodb_is_said_without_secrets() {
    let Some(mut shop) = Shop::new("wrong").await else { return };
    let ended = shop.snapshot(&["nothing"]);
    assert!(ended.status != 0 && ended.err.contains("no table nothing"), "{}", ended.err);
    shop.endpoint = "http://127.0.0.1:1".to_owned();
    let ended = shop.snapshot(&[]);
    assert!(ended.err.contains("DynamoDB cannot be reached"), "{}", ended.err);
    assert!(!ended.err.contains("hunter2"), "{}", ended.err);
    shop.finish().await;
}
