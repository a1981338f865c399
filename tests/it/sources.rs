//! What tells one source from another: two tables of one name are two targets, or one on purpose. On PostgreSQL, and on
//! CrateDB where one runs.

use crate::support::{Place, altered};
use rowtide::config::{Config, SinkUrl, VersionScheme};
use rowtide::deadline::Deadline;
use rowtide::decode::Decoder;
use rowtide::decoders::Decoders;
use rowtide::event::{Change, ChangeEvent, Document, Key};
use rowtide::pipeline::{Flow, process};
use rowtide::plan::merge;
use rowtide::policy::RoutePolicy;
use rowtide::record::Record;
use rowtide::report::Report;
use rowtide::sink::{self, Shown};
use rowtide::source::{Member, SourceIdentity};
use std::collections::BTreeMap;
use std::path::Path;

/// A database that a test has to itself.
pub(crate) struct Database {
    pub(crate) config: Config,
    place: Option<Place>,
}

impl Database {
    /// PostgreSQL, and CrateDB where one runs.
    pub(crate) async fn each(test: &str) -> Vec<Self> {
        let place = crate::support::place(test).await;
        let mut all = vec![Self { config: place.config(), place: Some(place) }];
        if let Some(url) = crate::cratedb::url() {
            let mut config = Config::default();
            config.sink.url = Some(SinkUrl::new(url));
            config.sink.schema = format!("it_{test}_{}", std::process::id());
            all.push(Self { config, place: None });
        }
        all
    }

    pub(crate) fn is_cratedb(&self) -> bool {
        self.place.is_none()
    }

    pub(crate) fn with(&self, change: impl FnOnce(&mut Config)) -> Config {
        let mut config = self.config.clone();
        change(&mut config);
        config
    }

    fn routed(&self, routes: Vec<RoutePolicy>) -> Config {
        self.with(|config| config.routes = routes)
    }

    /// Runs in a process of its own: only the registry knows what was before.
    pub(crate) async fn take(&self, config: &Config, records: &[Record]) -> Report {
        let flow = Flow::new(config).unwrap();
        self.run(config, &flow, records).await
    }

    async fn run(&self, config: &Config, flow: &Flow, records: &[Record]) -> Report {
        let sink = sink::Database::new(config).unwrap();
        let report = process(flow, &sink, records, Deadline::never()).await;
        sink.close();
        report
    }

    pub(crate) async fn done(&self, config: &Config, records: &[Record]) {
        let report = self.take(config, records).await;
        assert!(crate::model::is_done(&report), "{report:?}");
        assert_eq!(report.counts().parked, 0, "{report:?}");
    }

    /// Takes change events without a wire format.
    async fn events(&self, config: &Config, events: Vec<ChangeEvent>) -> Report {
        let records = [Record::new("script", "0", "0")];
        let script = crate::model::Script(vec![events]);
        let flow = Flow::with_decoders(config, Decoders::pinned(Box::new(script) as Box<dyn Decoder>));
        self.run(config, &flow, &records).await
    }

    /// Key and document of each row that a target shows.
    pub(crate) async fn view(&self, name: &str) -> BTreeMap<String, String> {
        let sink = sink::Database::new(&self.config).unwrap();
        let targets = sink.targets().await.unwrap();
        let target =
            targets.into_iter().find(|target| target.table == name).expect("the target is registered");
        let mut rows = BTreeMap::new();
        let all = Shown::default();
        sink.live_rows(&target, &all, |row| {
            let (pk, data) = merge(&row.pk, row.data.as_deref(), &row.aux).expect("JSON");
            let sorted = |value| crate::model::sorted(value).to_text();
            rows.insert(sorted(pk), data.map_or("null".into(), sorted));
            Ok(())
        })
        .await
        .unwrap();
        sink.close();
        rows
    }

    async fn messages(&self, code: &str) -> Vec<(Option<String>, Option<String>, String)> {
        let sink = sink::Database::new(&self.config).unwrap();
        let filter = sink::Filter { code: Some(code.into()), open: true, ..Default::default() };
        let letters = sink.dead_letters(&filter, i64::MIN, 100).await.unwrap();
        sink.close();
        letters.into_iter().map(|letter| (letter.table, letter.key, letter.message)).collect()
    }

    pub(crate) async fn execute(&self, sql: &str) {
        let sql = sql.replace("{s}", &self.config.sink.schema);
        let url = self.config.sink.url.as_ref().unwrap().expose().to_owned();
        let client = crate::support::connect(&url).await;
        client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    pub(crate) async fn finish(self) {
        match self.place {
            Some(place) => place.finish().await,
            None => crate::cratedb::clear(&self.config).await,
        }
    }
}

pub(crate) const EU: &str = "eu-west-1";
pub(crate) const US: &str = "us-east-1";

/// A change of the item `o-1` of the table `orders` in a region, as its stream sends it.
pub(crate) fn of_region(region: &str, sequence: u64, place: Option<&str>) -> Record {
    let image = place.map_or(String::new(), |place| {
        format!(r#","NewImage":{{"id":{{"S":"o-1"}},"place":{{"S":"{place}"}}}}"#)
    });
    let name = if place.is_some() { "MODIFY" } else { "REMOVE" };
    let payload = format!(
        r#"{{"eventName":"{name}","eventSourceARN":"arn:aws:dynamodb:{region}:111111111111:table/orders/stream/2026-03-01T10:00:00.000","dynamodb":{{"Keys":{{"id":{{"S":"o-1"}}}}{image},"SequenceNumber":"{sequence}","StreamViewType":"NEW_AND_OLD_IMAGES"}}}}"#
    );
    Record::new("arn", sequence.to_string(), payload)
}

fn route(from: &str, to: &str) -> RoutePolicy {
    RoutePolicy { from: from.to_owned(), to: to.to_owned(), ..RoutePolicy::default() }
}

/// An event of the table `t` of a database, whose key is `id`.
fn of_db(db: &str, id: u32, version: u32) -> ChangeEvent {
    let mut document = Document::default();
    document.append("db", &format!("\"{db}\""));
    let key = Key::new(vec![("id".to_owned(), id.to_string())]).ok();
    let event = ChangeEvent::new("t", key, Change::Put(document), format!("x.{version:04}").into());
    altered(event, |event| event.source = SourceIdentity::of(&[(Member::Db, Some(db))]))
}

#[tokio::test]
async fn two_tables_of_one_name_are_not_one_whatever_the_process() {
    for database in Database::each("two_regions").await {
        let config = &database.config;
        database.done(config, &[of_region(US, 50, Some("us"))]).await;
        // each in a process of its own, and both in one batch
        for records in [
            vec![of_region(EU, 1, Some("eu"))],
            vec![of_region(EU, 2, None)],
            vec![of_region(US, 60, Some("us2")), of_region(EU, 3, Some("eu3"))],
        ] {
            let report = database.take(config, &records).await;
            assert_eq!((report.counts().parked, report.counts().reported), (1, 0), "{report:?}");
        }
        assert_eq!(database.view("orders").await.into_values().collect::<Vec<_>>(), [r#"{"place":"us2"}"#]);
        let said = database.messages("other_source").await;
        assert_eq!(said.len(), 3);
        for (table, key, message) in said {
            assert_eq!((table.as_deref(), key.as_deref()), (Some("orders"), Some(r#"["o-1"]"#)));
            for word in [EU, US, "merge = true", "source.epoch", r#"region = "eu-west-1""#] {
                assert!(message.contains(word), "{message}");
            }
        }
        database.finish().await;
    }
}

#[tokio::test]
async fn routes_tell_sources_apart_and_a_redrive_then_ends_in_the_right_table() {
    for database in Database::each("routed_regions").await {
        database.done(&database.config, &[of_region(US, 50, Some("us"))]).await;
        let aside = database.take(&database.config, &[of_region(EU, 1, Some("eu"))]).await;
        assert_eq!(aside.counts().parked, 1);
        let of_eu = [(Member::Region, "eu-*".to_owned())].into();
        let eu = RoutePolicy { source: of_eu, ..route("orders", "orders_eu") };
        let mended = database.routed(vec![eu, route("*", "{table}")]);
        let sink = sink::Database::new(&mended).unwrap();
        let mut fates = Vec::new();
        let all = sink::Filter::default();
        rowtide::redrive::redrive(&mended, &sink, &all, None, |it| fates.push(it.fate.as_str()))
            .await
            .unwrap();
        sink.close();
        assert_eq!(fates, ["applied"]);
        assert_eq!(database.view("orders_eu").await.into_values().collect::<Vec<_>>(), [r#"{"place":"eu"}"#]);
        assert_eq!(database.view("orders").await.into_values().collect::<Vec<_>>(), [r#"{"place":"us"}"#]);
        database.finish().await;
    }
}

#[tokio::test]
async fn placeholders_place_a_source_and_one_that_it_does_not_tell_is_a_fault_of_that_record() {
    for database in Database::each("placeholders").await {
        let config = database.routed(vec![route("orders", "{table}_{region}_{account}")]);
        let bare = r#"{"eventName":"REMOVE","tableName":"orders","recordFormat":"application/json","dynamodb":{"ApproximateCreationDateTime":1772440530123456,"ApproximateCreationDateTimePrecision":"MICROSECOND","Keys":{"id":{"S":"x"}}}}"#;
        let records =
            [of_region(EU, 1, Some("eu")), Record::new("-", "7", bare), of_region(US, 1, Some("us"))];
        let report = database.take(&config, &records).await;
        assert_eq!((report.counts().applied, report.counts().parked), (2, 1), "{report:?}");
        assert_eq!(database.view("orders_eu-west-1_111111111111").await.len(), 1);
        assert_eq!(database.view("orders_us-east-1_111111111111").await.len(), 1);
        let said = database.messages("untold_source").await;
        assert!(said[0].2.contains("{region}") && said[0].1.as_deref() == Some(r#"["x"]"#), "{said:?}");
        database.finish().await;
    }
}

#[tokio::test]
async fn many_sources_fill_one_target_on_purpose() {
    for database in Database::each("merged").await {
        let tenants = RoutePolicy {
            merge: true,
            key_add: [("tenant".to_owned(), "{db}".to_owned())].into(),
            ..route("t", "all")
        };
        let config = database.routed(vec![tenants]);
        let report =
            database.events(&config, vec![of_db("a", 1, 5), of_db("b", 1, 1), of_db("a", 1, 4)]).await;
        assert_eq!((report.counts().applied, report.counts().parked), (1, 0), "{report:?}");
        let all = database.view("all").await;
        assert_eq!(
            all.into_keys().collect::<Vec<_>>(),
            [r#"{"id":1,"tenant":"a"}"#, r#"{"id":1,"tenant":"b"}"#]
        );
        // what is merged once stays so: one of the tables alone cannot have it
        let alone = database.events(&database.routed(vec![route("t", "all")]), vec![of_db("a", 2, 1)]).await;
        assert!(alone.counts().parked == 1 || alone.failure().is_some(), "{alone:?}");
        database.finish().await;
    }
}

#[tokio::test]
async fn sources_that_order_their_changes_otherwise_are_not_merged() {
    for database in Database::each("schemes").await {
        let config = database.routed(vec![RoutePolicy { merge: true, ..route("t", "all") }]);
        assert_eq!(database.events(&config, vec![of_db("a", 1, 1)]).await.counts().applied, 1);
        let other = altered(of_db("b", 2, 1), |event| event.version = "p.0000.1.0001".to_owned().into());
        let report = database.events(&config, vec![other]).await;
        assert_eq!(report.failure().map(|error| error.code().as_str()), Some("other_scheme"), "{report:?}");
        database.finish().await;
    }
}

#[tokio::test]
async fn partitions_of_two_names_lead_to_one_target() {
    for database in Database::each("partitions").await {
        let config = database.routed(vec![RoutePolicy { merge: true, ..route("sales_*", "sales") }]);
        let sales = |name: &str, id| altered(of_db("shop", id, 1), |event| event.table = name.to_owned());
        let report = database.events(&config, vec![sales("sales_01", 1), sales("sales_02", 2)]).await;
        assert_eq!(report.counts().applied, 1, "{report:?}");
        assert_eq!(database.view("sales").await.len(), 2);
        database.finish().await;
    }
}

#[tokio::test]
async fn a_truncate_of_one_source_empties_no_table_of_another_whichever_comes_first() {
    for truncate_first in [false, true] {
        // CrateDB applies no truncates
        let database = Database::each("truncates").await.remove(0);
        let config = database.with(|config| {
            let truncate = rowtide::policy::Truncate::Apply;
            config.routes = vec![RoutePolicy { truncate, ..route("t", "t") }];
        });
        let truncate =
            altered(of_db("b", 1, 9), |event| (event.key, event.change) = (None, Change::Truncate));
        let first = if truncate_first { truncate.clone() } else { of_db("a", 1, 5) };
        let second = if truncate_first { of_db("a", 1, 5) } else { truncate };
        assert_eq!(database.events(&config, vec![first]).await.counts().applied, 1);
        let report = database.events(&config, vec![second, of_db("c", 3, 1)]).await;
        assert!(report.failure().is_some() || report.counts().parked == 1, "{report:?}");
        if !truncate_first {
            assert_eq!(database.view("t").await.len(), 1);
        }
        // the source that was first goes on
        let own = if truncate_first { of_db("b", 2, 10) } else { of_db("a", 2, 10) };
        assert_eq!(database.events(&config, vec![own]).await.counts().applied, 1);
        database.finish().await;
    }
}

#[tokio::test]
async fn a_higher_epoch_replaces_the_source_and_the_former_one_is_refused() {
    for database in Database::each("failover").await {
        database.done(&database.config, &[of_region(EU, 900, Some("eu"))]).await;
        let raised = database.with(|config| config.source.epoch = 1);
        database.done(&raised, &[of_region(US, 1, Some("us"))]).await;
        let late = database.take(&raised, &[of_region(EU, 901, Some("late"))]).await;
        assert_eq!(late.counts().parked, 1, "{late:?}");
        database.done(&raised, &[of_region(US, 2, Some("us2"))]).await;
        assert_eq!(database.view("orders").await.into_values().collect::<Vec<_>>(), [r#"{"place":"us2"}"#]);
        database.finish().await;
    }
}

#[tokio::test]
async fn the_ways_of_one_table_are_one_source() {
    let kinesis = r#"{"awsRegion":"eu-west-1","eventName":"MODIFY","tableName":"orders","recordFormat":"application/json","dynamodb":{"ApproximateCreationDateTime":1772440530123456,"ApproximateCreationDateTimePrecision":"MICROSECOND","Keys":{"id":{"S":"o-1"}},"NewImage":{"id":{"S":"o-1"}}}}"#;
    let of = |record: &Record| {
        let decoders = Decoders::named("auto", &rowtide::decode::Settings::default()).unwrap();
        decoders.events(record).remove(0).unwrap().source
    };
    let stream = of(&of_region(EU, 1, Some("x")));
    let arn = "arn:aws:kinesis:eu-west-1:111111111111:stream/s";
    assert_eq!(of(&Record::new(arn, "1", kinesis)), stream);
    // a queue in front tells the region alone, a bare payload in a replay nothing
    assert!(!of(&Record::new("arn:aws:sqs:us-east-1:222222222222:q", "1", kinesis)).conflicts_with(&stream));
    assert!(of(&of_region(US, 1, Some("x"))).conflicts_with(&stream));
}

#[tokio::test]
async fn a_database_of_the_former_release_keeps_working_and_gains_its_source() {
    for database in Database::each("upgrade").await {
        database.done(&database.config, &[of_region(EU, 1, Some("eu"))]).await;
        let registry = "{s}.rowtide_targets";
        database.execute(&format!("alter table {registry} drop column source_identity")).await;
        database.execute(&format!("alter table {registry} drop column key_types")).await;
        // the first change that comes says whose it is
        database.done(&database.config, &[of_region(EU, 2, Some("eu2"))]).await;
        let other = database.take(&database.config, &[of_region(US, 3, Some("us"))]).await;
        assert_eq!(other.counts().parked, 1, "{other:?}");
        assert_eq!(database.view("orders").await.into_values().collect::<Vec<_>>(), [r#"{"place":"eu2"}"#]);
        database.finish().await;
    }
}

#[tokio::test]
async fn what_a_later_version_has_laid_out_is_not_written() {
    for database in Database::each("later").await {
        database.done(&database.config, &[of_region(EU, 1, Some("eu"))]).await;
        for (format, is_known) in [("2", false), ("1", true), ("null", true)] {
            // by its key, since CrateDB searches only what was refreshed
            let one = "where target = '{s}.orders'";
            database.execute(&format!("update {{s}}.rowtide_targets set format = {format} {one}")).await;
            let report = database.take(&database.config, &[of_region(EU, 2, Some("eu2"))]).await;
            let failure = report.failure().map(ToString::to_string).unwrap_or_default();
            assert_eq!(failure.contains("A later version of rowtide"), !is_known, "{format}: {report:?}");
            assert_eq!(report.counts().parked, 0, "{format}: {report:?}");
            assert_eq!(report.counts().applied, usize::from(format == "1"), "{format}: {report:?}");
            if is_known {
                let rows = database.view("orders").await.into_values().collect::<Vec<_>>();
                assert_eq!(rows, [r#"{"place":"eu2"}"#], "{format}");
            }
        }
        database.finish().await;
    }
}

#[tokio::test]
async fn a_registry_that_must_not_be_changed_works_on() {
    for database in Database::each("old_registry").await {
        database.done(&database.config, &[of_region(EU, 1, Some("eu"))]).await;
        database.execute("alter table {s}.rowtide_targets drop column source_identity").await;
        database.execute("alter table {s}.rowtide_targets drop column key_types").await;
        let never = database.with(|config| config.sink.ddl = rowtide::config::Ddl::Never);
        database.done(&never, &[of_region(EU, 2, Some("eu2"))]).await;
        // within a process the sources are told apart all the same
        let both =
            database.take(&never, &[of_region(EU, 3, Some("eu3")), of_region(US, 4, Some("us"))]).await;
        assert_eq!((both.counts().applied, both.counts().parked), (1, 1), "{both:?}");
        database.finish().await;
    }
}

#[tokio::test]
async fn what_the_source_orders_anew_is_counted_and_said_on_both_databases() {
    let mysql = |file: u32, seconds: u64, value: &str| {
        let payload = format!(
            r#"{{"before":null,"after":{{"id":1,"v":"{value}"}},"source":{{"connector":"mysql","name":"s","db":"shop","table":"orders","ts_ms":{},"snapshot":"false","file":"bin.{file:06}","pos":900,"row":0}},"op":"u"}}"#,
            1_780_000_000_000 + seconds * 1_000
        );
        let record = Record::new("s", seconds.to_string(), payload);
        Record { partition_key: Some(r#"{"id":1}"#.into()), ..record }
    };
    for database in Database::each("anew").await {
        let config = database.with(|config| {
            config.source.decoder = "debezium".into();
            config.routes = vec![route("shop.orders", "orders")];
        });
        database.done(&config, &[mysql(4711, 0, "before")]).await;
        for (records, backwards) in [
            (vec![mysql(3, 3_600, "after the switch")], 1),
            // late and repeated records are older by every clock
            (vec![mysql(4711, 0, "before"), mysql(4710, 0, "older")], 0),
            (vec![mysql(4712, 10, "newer"), mysql(5, 4_000, "after"), mysql(4711, 0, "before")], 1),
        ] {
            let (told, report) = crate::metrics::backwards(database.take(&config, &records)).await;
            assert_eq!(told, backwards, "{report:?}");
        }
        assert_eq!(database.view("orders").await.into_values().collect::<Vec<_>>(), [r#"{"v":"newer"}"#]);
        // the remedy
        let mut raised = config.clone();
        raised.source.epoch = 1;
        database.done(&raised, &[mysql(3, 5_000, "anew")]).await;
        assert_eq!(database.view("orders").await.into_values().collect::<Vec<_>>(), [r#"{"v":"anew"}"#]);
        database.finish().await;
    }
}

#[tokio::test]
async fn records_of_ones_own_that_count_with_something_else_are_said_to_be_stale() {
    let of = |version: &str| Record::new("s", "1", format!(r#"{{"id":1,"ver":{version}}}"#));
    for database in Database::each("kinds").await {
        let config = database.with(|config| {
            config.source.decoder = "json".into();
            config.source.table = Some("t".into());
            config.source.json_version = Some("/ver".into());
            config.routes = vec![RoutePolicy { key: vec!["id".into()], ..route("*", "{table}") }];
        });
        database.done(&config, &[of(r#""2026-01-01T00:00:00Z""#)]).await;
        for (version, backwards) in [("1767225600000", 1), (r#""2025-01-01T00:00:00Z""#, 0)] {
            let (told, report) = crate::metrics::backwards(database.take(&config, &[of(version)])).await;
            assert_eq!((told, report.counts().stale), (backwards, 1), "{report:?}");
        }
        database.finish().await;
    }
}

#[tokio::test]
async fn a_topic_whose_broker_notes_the_time_is_in_order_across_its_partitions() {
    let event = |partition: u32, offset: u64, time: u64, value: &str| {
        use base64::Engine as _;
        let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let value = base64(&format!(r#"{{"id":1,"v":"{value}"}}"#));
        let text = format!(
            r#"{{"eventSource":"aws:kafka","eventSourceArn":"arn:aws:kafka:eu-west-1:0:cluster/c/1","records":{{"t-{partition}":[{{"topic":"t","partition":{partition},"offset":{offset},"timestamp":{time},"timestampType":"LOG_APPEND_TIME","value":"{value}"}}]}}}}"#
        );
        rowtide::record::Envelope::parse(&text.into(), "-").unwrap().records
    };
    for database in Database::each("append_time").await {
        let keyed = RoutePolicy { key: vec!["id".into()], ..route("*", "{table}") };
        let config = database.with(|config| {
            config.source.version = VersionScheme::Arrival;
            config.source.decoder = "json".into();
            config.source.table = Some("t".into());
            config.routes = vec![keyed];
        });
        database.done(&config, &event(0, 1_000, 1_780_000_000_000, "old")).await;
        database.done(&config, &event(3, 2, 1_780_000_000_007, "new")).await;
        database.done(&config, &event(0, 1_000, 1_780_000_000_000, "old")).await;
        database.done(&config, &event(3, 9, 1_780_000_000_007, "newer")).await;
        assert_eq!(database.view("t").await.into_values().collect::<Vec<_>>(), [r#"{"v":"newer"}"#]);
        database.finish().await;
    }
}

#[test]
fn the_examples_of_the_readme_are_the_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let [readme, example] = ["README.md", "examples/own_consumer.rs"]
        .map(|name| std::fs::read_to_string(root.join(name)).unwrap());
    let body = example.split("// begin\n").nth(1).unwrap().split("// end").next().unwrap();
    assert!(readme.contains(body.trim()), "README.md must show what examples/own_consumer.rs does:\n{body}");
}
