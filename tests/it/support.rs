//! A database for a test, and the shortest ways to say what happened and to see what is there.

use rowtide::config::{Config, SinkUrl};
use rowtide::deadline::Deadline;
use rowtide::pipeline::{Flow, process};
use rowtide::record::{Envelope, Record};
use rowtide::report::{Counts, Report};
use rowtide::sink::Postgres;
use std::collections::BTreeMap;
use tokio_postgres::{Client, NoTls, Row};

/// A schema of its own in a real server, or in the embedded one.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) schema: String,
    /// The embedded database serves one client at a time: the test's turn, while it lasts.
    turn: Option<tokio::sync::MutexGuard<'static, ()>>,
}

/// The server named by ROWTIDE_TEST_POSTGRES.
pub(crate) fn server_url() -> Option<String> {
    std::env::var("ROWTIDE_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

/// A place on the real server; without one the test says aloud that it is not run.
pub(crate) async fn server(test: &str) -> Option<Place> {
    let Some(url) = server_url() else {
        eprintln!("not run: {test} needs a real PostgreSQL; set ROWTIDE_TEST_POSTGRES");
        return None;
    };
    Some(Place::new(url, test).await)
}

/// A place on the real server when there is one, else in the embedded database.
pub(crate) async fn place(test: &str) -> Place {
    match server_url() {
        Some(url) => Place::new(url, test).await,
        None => embedded(test).await,
    }
}

/// A place in the embedded database, which serves one client at a time: so does the test.
#[cfg(feature = "embedded")]
async fn embedded(test: &str) -> Place {
    use std::sync::OnceLock;
    use tokio::sync::Mutex;
    static TURN: Mutex<()> = Mutex::const_new(());
    static URL: OnceLock<String> = OnceLock::new();
    let turn = TURN.lock().await;
    // it lives on a thread of its own, longer than any test's runtime, and ends with the process
    let url = URL.get_or_init(|| {
        let (started, url) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let server =
                    rowtide::embedded::Embedded::start(None).await.expect("the embedded database starts");
                started.send(server.url().to_owned()).unwrap();
                std::future::pending::<()>().await;
            });
        });
        url.recv().expect("the embedded database's address")
    });
    Place { turn: Some(turn), ..Place::new(url.clone(), test).await }
}

#[cfg(not(feature = "embedded"))]
async fn embedded(test: &str) -> Place {
    panic!("{test} needs a database: build with the feature `embedded`, or set ROWTIDE_TEST_POSTGRES");
}

/// `value` as `alter` makes it.
pub(crate) fn altered<T>(mut value: T, alter: impl FnOnce(&mut T)) -> T {
    alter(&mut value);
    value
}

pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the test database answers");
    tokio::spawn(connection);
    client
}

/// The connection string with one option more, which wins over an earlier one of that name.
pub(crate) fn with_option(url: &str, name: &str, value: &str) -> String {
    if !url.contains("://") {
        return format!("{url} {name}='{value}'");
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    let value = value.replace(' ', "%20").replace('=', "%3D");
    format!("{url}{separator}{name}={value}")
}

impl Place {
    pub(crate) async fn new(url: String, test: &str) -> Self {
        let schema = format!("rowtide_test_{test}").chars().take(50).collect::<String>();
        // so that a test can tell its own connections from another's
        let url = with_option(&url, "application_name", &schema);
        let place = Self { url, schema, turn: None };
        place.run("drop schema if exists {s} cascade; create schema {s}").await;
        place
    }

    /// The default configuration for this place.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::default();
        config.sink.url = Some(SinkUrl::new(self.url.clone()));
        config.sink.schema = self.schema.clone();
        config.sink.connections = if self.turn.is_some() { 1 } else { 4 };
        config
    }

    pub(crate) fn worker(&self, config: &Config) -> Worker {
        let (flow, sink) = (Flow::new(config).unwrap(), Postgres::new(config).unwrap());
        Worker { flow, sink, alone: self.turn.is_some() }
    }

    pub(crate) async fn run(&self, sql: &str) {
        let sql = sql.replace("{s}", &self.schema);
        let client = connect(&self.url).await;
        client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    pub(crate) async fn query(&self, sql: &str) -> Vec<Row> {
        let sql = sql.replace("{s}", &self.schema);
        connect(&self.url).await.query(&sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    /// One text a row.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        let text = |row: &Row| row.get::<_, Option<String>>(0).unwrap_or_else(|| "null".into());
        self.query(sql).await.iter().map(text).collect()
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.query(sql).await[0].get(0)
    }

    /// The view's rows: canonical key to the text of `data`.
    pub(crate) async fn view(&self, table: &str) -> BTreeMap<String, String> {
        let rows = self.query(&format!("select key, data::text from {{s}}.\"{table}\"")).await;
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    pub(crate) async fn finish(self) {
        self.run("drop schema {s} cascade").await;
    }
}

/// One worker: what a Lambda instance holds.
pub(crate) struct Worker {
    pub(crate) flow: Flow,
    pub(crate) sink: Postgres,
    /// No other client may be kept waiting when the worker has nothing to do.
    alone: bool,
}

impl Worker {
    pub(crate) async fn take(&self, records: &[Record]) -> Report {
        let report = process(&self.flow, &self.sink, records, Deadline::never()).await;
        self.rest();
        report
    }

    /// Lets the next client have its turn.
    pub(crate) fn rest(&self) {
        if self.alone {
            self.sink.close_idle();
        }
    }

    /// Takes records and expects every one of them to be durable.
    pub(crate) async fn done(&self, records: &[Record]) -> Counts {
        let report = self.take(records).await;
        assert!(report.failure().is_none(), "{:?}", report.failure());
        assert!(report.stopped().is_none(), "{:?}", report.stopped());
        report.counts()
    }
}

/// The records of a Lambda event in `events/`.
pub(crate) fn event(name: &str) -> Vec<Record> {
    let path = format!("{}/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    Envelope::parse(&text.into(), &path).unwrap().records
}

/// A change as «Kinesis Data Streams for DynamoDB» writes it, of the item `id` at `micros`; `image` is DynamoDB JSON
/// without the key, `None` a delete.
pub(crate) fn change(table: &str, id: &str, micros: u64, sequence: u64, image: Option<&str>) -> Record {
    let key = format!(r#"{{"id":{{"S":"{id}"}}}}"#);
    let (name, image) = match image {
        Some(image) => ("MODIFY", format!(r#","NewImage":{{"id":{{"S":"{id}"}},{image}}}"#)),
        None => ("REMOVE", String::new()),
    };
    let payload = format!(
        r#"{{"eventID":"e-{sequence}","eventName":"{name}","tableName":"{table}","recordFormat":"application/json","dynamodb":{{"ApproximateCreationDateTime":{micros},"ApproximateCreationDateTimePrecision":"MICROSECOND","Keys":{key}{image}}}}}"#
    );
    Record::new("arn:aws:kinesis:eu-west-1:123456789012:stream/test", sequence.to_string(), payload)
}

/// A moment of 2026 in microseconds, so many microseconds after its start.
pub(crate) fn at(micros: u64) -> u64 {
    1_767_225_600_000_000 + micros
}

/// `n` inserts of different items of a table, with `{"n":index}`.
pub(crate) fn inserts(table: &str, n: u64) -> Vec<Record> {
    (0..n)
        .map(|i| change(table, &format!("k{i:05}"), at(i), i + 1, Some(&format!(r#""n":{{"N":"{i}"}}"#))))
        .collect()
}
