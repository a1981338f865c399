//! `cargo bench --bench throughput`: how fast, as ratios measured in one run.
//!
//! Decoding needs nothing. The database parts run on the PostgreSQL named by ROWTIDE_TEST_POSTGRES, with fsync on, and
//! on the CrateDB named by ROWTIDE_TEST_CRATEDB, each in a schema of its own. Rounds of the compared ways alternate, so
//! that a busy machine disturbs them alike.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rowtide::config::{Config, SinkUrl};
use rowtide::deadline::Deadline;
use rowtide::decode::Settings;
use rowtide::decoders::Decoders;
use rowtide::pipeline::{Flow, process};
use rowtide::record::Envelope;
use rowtide::sink::{Cratedb, Postgres};
use std::time::{Duration, Instant};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};

type Failure = Box<dyn std::error::Error>;

const DECODE_ROUNDS: usize = 40;
const WRITE_ROUNDS: u64 = 12;

/// A record of about 1.1 KB as «Kinesis Data Streams for DynamoDB» writes it.
fn payload(item: u64, version: u64) -> String {
    let lines: Vec<String> = (0..3)
        .map(|line| {
            format!(
                r#"{{"M":{{"sku":{{"S":"SKU-{:06}"}},"quantity":{{"N":"{}"}},"price":{{"N":"{}.95"}},"gift":{{"BOOL":false}}}}}}"#,
                (item * 7 + line) % 1_000_000,
                line + 1,
                (item + line) % 400
            )
        })
        .collect();
    format!(
        r#"{{"awsRegion":"eu-west-1","eventID":"b015b5f0-c095-4b50-8ad0-{:012x}","eventName":"{}","userIdentity":null,"recordFormat":"application/json","tableName":"orders","dynamodb":{{"ApproximateCreationDateTime":{},"Keys":{{"id":{{"S":"order-{item:010}"}}}},"NewImage":{{"id":{{"S":"order-{item:010}"}},"customer":{{"S":"customer-{:06}"}},"status":{{"S":"shipped"}},"total":{{"N":"{}.42"}},"currency":{{"S":"EUR"}},"address":{{"M":{{"street":{{"S":"Beispielstraße 17"}},"city":{{"S":"Innsbruck"}},"zip":{{"S":"6020"}},"country":{{"S":"AT"}}}}}},"lines":{{"L":[{}]}},"tags":{{"SS":["priority","web","returning"]}},"note":{{"S":"Please leave the parcel with the neighbour on the second floor."}}}},"SizeBytes":612,"ApproximateCreationDateTimePrecision":"MICROSECOND"}},"eventSource":"aws:dynamodb"}}"#,
        item * 31 + version,
        if version == 0 { "INSERT" } else { "MODIFY" },
        1_767_225_600_000_000_u64 + version * 1_000_000_000 + item,
        item % 1_000_000,
        (item + version) % 900,
        lines.join(",")
    )
}

fn event(first: u64, records: u64, version: u64) -> Bytes {
    let records: Vec<String> = (first..first + records)
        .map(|item| {
            let sequence = format!("4966445921321450604927{:034}", version * 1_000_000_000 + item);
            format!(
                r#"{{"kinesis":{{"kinesisSchemaVersion":"1.0","partitionKey":"{item:032X}","sequenceNumber":"{sequence}","data":"{}","approximateArrivalTimestamp":1767225600.{:03}}},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000000:{sequence}","eventName":"aws:kinesis:record","invokeIdentityArn":"arn:aws:iam::123456789012:role/cdc","awsRegion":"eu-west-1","eventSourceARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/orders"}}"#,
                STANDARD.encode(payload(item, version)),
                item % 1_000
            )
        })
        .collect();
    Bytes::from(format!(r#"{{"Records":[{}]}}"#, records.join(",")))
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64()
}

fn ours(event: &Bytes) -> Result<usize, Failure> {
    let decoders = Decoders::named("dynamodb-kinesis", &Settings::default())?;
    let mut bytes = 0;
    for record in &Envelope::parse(event, "-")?.records {
        bytes +=
            decoders.events(record).iter().flatten().map(|event| event.version.as_str().len()).sum::<usize>();
    }
    Ok(bytes)
}

/// The same with what a handler would use that is written with the usual crates.
fn plain(event: &Bytes) -> Result<usize, Failure> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Payload {
        table_name: String,
        dynamodb: Images,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Images {
        keys: serde_dynamo::Item,
        new_image: serde_dynamo::Item,
    }
    let event: aws_lambda_events::kinesis::KinesisEvent = serde_json::from_slice(event)?;
    let mut members = 0;
    for record in event.records {
        let payload: Payload = serde_json::from_slice(&record.kinesis.data.0)?;
        let key: serde_json::Value = serde_dynamo::from_item(payload.dynamodb.keys)?;
        let image: serde_json::Value = serde_dynamo::from_item(payload.dynamodb.new_image)?;
        members += payload.table_name.len() + usize::from(key.is_object()) + usize::from(image.is_object());
    }
    Ok(members)
}

fn decode() -> Result<(), Failure> {
    let event = event(0, 1_000, 0);
    let size = payload(0, 0).len();
    let mut times = (Vec::new(), Vec::new());
    for _ in 0..DECODE_ROUNDS {
        for (way, times) in [(ours as fn(&Bytes) -> _, &mut times.0), (plain, &mut times.1)] {
            let start = Instant::now();
            let made: Result<usize, Failure> = way(std::hint::black_box(&event));
            times.push(start.elapsed());
            std::hint::black_box(made?);
        }
    }
    let (ours, plain) = (1_000.0 / median(times.0), 1_000.0 / median(times.1));
    println!("decode, Lambda event to change events, payloads of {size} bytes, one core");
    println!("  rowtide                                  {ours:>9.0} records/s");
    println!("  aws_lambda_events + serde_dynamo         {plain:>9.0} records/s");
    println!("  ratio                                    {:>9.1}   (target 2.0)", ours / plain);
    Ok(())
}

/// The rows of an event as the columns of the bare statement.
struct Prepared {
    rows: Vec<rowtide::plan::PlannedRow>,
}

struct Json<'a>(&'a str);

impl std::fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Json")
    }
}

impl ToSql for Json<'_> {
    fn to_sql(
        &self,
        ty: &tokio_postgres::types::Type,
        out: &mut bytes::BytesMut,
    ) -> Result<tokio_postgres::types::IsNull, Box<dyn std::error::Error + Sync + Send>> {
        if *ty == tokio_postgres::types::Type::JSONB {
            out.extend_from_slice(&[1]);
        }
        out.extend_from_slice(self.0.as_bytes());
        Ok(tokio_postgres::types::IsNull::No)
    }
    fn accepts(ty: &tokio_postgres::types::Type) -> bool {
        matches!(*ty, tokio_postgres::types::Type::JSON | tokio_postgres::types::Type::JSONB)
    }
    tokio_postgres::types::to_sql_checked!();
}

impl Prepared {
    fn new(flow: &Flow, event: &Bytes) -> Result<Self, Failure> {
        let records = Envelope::parse(event, "-")?.records;
        let mut batch = flow.batch(&records);
        let mut rows = Vec::new();
        while let Some(chunk) = batch.chunk() {
            let mut schedule = rowtide::coalesce::Schedule::new(chunk.changes);
            let wave = schedule.wave();
            for write in rowtide::plan::plan(&schedule, &wave) {
                rows.extend(write.rows);
            }
        }
        Ok(Self { rows })
    }

    async fn write_bulk(&self, client: &Client, sql: &tokio_postgres::Statement) -> Result<(), Failure> {
        let keys: Vec<&str> = self.rows.iter().map(|row| row.key.as_str()).collect();
        let pks: Vec<Json<'_>> = self.rows.iter().map(|row| Json(&row.pk)).collect();
        let data: Vec<Option<Json<'_>>> = self.rows.iter().map(|row| row.data.as_deref().map(Json)).collect();
        let auxes: Vec<Json<'_>> = self.rows.iter().map(|_| Json("{}")).collect();
        let versions: Vec<&str> = self.rows.iter().map(|row| row.version.as_str()).collect();
        client.execute(sql, &[&keys, &pks, &data, &auxes, &versions]).await?;
        Ok(())
    }

    async fn write_each(
        &self,
        client: &Client,
        sql: &tokio_postgres::Statement,
        rows: usize,
    ) -> Result<(), Failure> {
        for row in self.rows.iter().take(rows) {
            let data = row.data.as_deref().map(Json);
            client.execute(sql, &[&row.key, &Json(&row.pk), &data, &Json("{}"), &row.version]).await?;
        }
        Ok(())
    }
}

const TABLE: &str = "create table rowtide_bench.bare (key text collate \"C\" primary key, pk jsonb not null, data jsonb, \
    aux jsonb not null, version text collate \"C\" not null, deleted boolean not null, changed_at timestamptz, \
    applied_at timestamptz not null) with (fillfactor = 80); \
    create index on rowtide_bench.bare (key) where deleted; \
    create table rowtide_bench.each (like rowtide_bench.bare including all)";

const GUARD: &str = "on conflict (key) do update set pk = excluded.pk, data = excluded.data, aux = excluded.aux, \
    version = excluded.version, deleted = false, applied_at = excluded.applied_at where excluded.version > t.version";

async fn end_to_end(url: &str, records: u64) -> Result<(), Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute("drop schema if exists rowtide_bench cascade; create schema rowtide_bench").await?;
    client.batch_execute(TABLE).await?;
    let fsync: String = client.query_one("show fsync", &[]).await?.get(0);
    let bulk = client
        .prepare(&format!(
            "insert into rowtide_bench.bare as t (key, pk, data, aux, version, deleted, applied_at) \
             select key, pk, data, aux, version, false, clock_timestamp() \
             from unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::text[]) as u(key, pk, data, aux, version) {GUARD}"
        ))
        .await?;
    let each = client
        .prepare(&format!(
            "insert into rowtide_bench.each as t (key, pk, data, aux, version, deleted, applied_at) \
             values ($1, $2, $3, $4, $5, false, clock_timestamp()) {GUARD}"
        ))
        .await?;
    let mut config = Config::default();
    config.sink.url = Some(SinkUrl::new(url));
    config.sink.schema = "rowtide_bench".into();
    config.source.decoder = "dynamodb-kinesis".into();
    let (flow, sink) = (Flow::new(&config)?, Postgres::new(&config)?);
    let sample = usize::try_from(records.min(500))?;
    println!("end to end, event bytes to durable rows, batches of {records}, fsync {fsync}");
    let mut stale_and_new = (0.0, 0.0);
    for (what, version) in [("inserts", 0), ("updates", 1), ("stale rows", 1)] {
        let mut times = (Vec::new(), Vec::new(), Vec::new());
        // the first round warms the caches of plans and pages
        for round in 0..=WRITE_ROUNDS {
            let event = event(round * records, records, version);
            let prepared = Prepared::new(&flow, &event)?;
            let start = Instant::now();
            let batch = Envelope::parse(&event, "-")?;
            let report = process(&flow, &sink, &batch.records, Deadline::never()).await;
            let ours = start.elapsed();
            let counts = report.counts();
            assert_eq!(counts.applied + counts.stale, batch.records.len());
            assert_eq!(what == "stale rows", counts.stale > 0);
            let start = Instant::now();
            prepared.write_bulk(&client, &bulk).await?;
            let bare = start.elapsed();
            let start = Instant::now();
            prepared.write_each(&client, &each, sample).await?;
            let one_by_one = start.elapsed();
            if round > 0 {
                times.0.push(ours);
                times.1.push(bare);
                times.2.push(one_by_one);
            }
        }
        #[allow(clippy::cast_precision_loss, reason = "a small count")]
        let rate = |times: Vec<Duration>, rows: u64| rows as f64 / median(times);
        let (ours, bare) = (rate(times.0, records), rate(times.1, records));
        let each = rate(times.2, u64::try_from(sample)?);
        println!("  {what}");
        println!("    rowtide                                {ours:>9.0} rows/s");
        println!(
            "    bare guarded UNNEST upsert             {bare:>9.0} rows/s   ratio {:.2} (target 0.8)",
            ours / bare
        );
        println!(
            "    one guarded statement a row            {each:>9.0} rows/s   ratio {:.1} (target 10)",
            ours / each
        );
        match what {
            "inserts" => stale_and_new.1 = ours,
            "stale rows" => stale_and_new.0 = ours,
            _ => {}
        }
    }
    println!(
        "  stale rows beside new rows               {:>9.1} times as fast (target 2)",
        stale_and_new.0 / stale_and_new.1
    );
    client.batch_execute("drop schema rowtide_bench cascade").await?;
    Ok(())
}

/// Records of a batch on CrateDB.
const CRATEDB_BATCHES: [u64; 5] = [64, 256, 1_000, 2_000, 10_000];
/// Rows of the bare statement at most; the server takes 32,767 parameters.
const CRATEDB_ROWS_MAX: usize = 2_000;
const CRATEDB_ROUNDS: u64 = 10;

/// Runs statements that may find nothing to do.
async fn clear(client: &Client) {
    for (kind, name) in [
        ("view", "orders"),
        ("table", "orders_cdc"),
        ("table", "bare"),
        ("table", "rowtide_targets"),
        ("table", "rowtide_dead_letters"),
    ] {
        drop(client.batch_execute(&format!("drop {kind} if exists rowtide_bench.{name}")).await);
    }
}

/// The guarded upsert of so many prepared rows, as rowtide says it.
fn bare_sql(target: &rowtide::route::Target, rows: usize) -> String {
    let sql = rowtide::plan::cratedb::upsert_sql(target, rowtide::plan::Layout::Managed, &[], rows);
    sql.replacen("orders_cdc", "bare", 1)
}

type Statements = std::collections::HashMap<String, tokio_postgres::Statement>;

async fn write_prepared(
    client: &Client,
    known: &mut Statements,
    sql: String,
    rows: &[rowtide::plan::PlannedRow],
) -> Result<(), Failure> {
    let statement = match known.get(&sql) {
        Some(statement) => statement.clone(),
        None => {
            let statement = client.prepare(&sql).await?;
            known.insert(sql, statement.clone());
            statement
        }
    };
    let at = jiff::Timestamp::now();
    let json: Vec<[Json<'_>; 3]> = rows
        .iter()
        .map(|row| [Json(&row.pk), Json(row.data.as_deref().unwrap_or("{}")), Json("{}")])
        .collect();
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&at];
    for (row, [pk, data, aux]) in rows.iter().zip(&json) {
        let changed_at: &(dyn ToSql + Sync) = &None::<jiff::Timestamp>;
        parameters.extend([
            &row.key as _,
            pk as _,
            data as _,
            aux as _,
            &row.version as _,
            &row.deleted as _,
            changed_at,
        ]);
    }
    let written = client.query(&statement, &parameters).await?;
    assert_eq!(written.len(), rows.len());
    Ok(())
}

async fn cratedb(url: &str) -> Result<(), Failure> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let mut config = Config::default();
    config.sink.url = Some(SinkUrl::new(url));
    config.sink.schema = "rowtide_bench".into();
    config.source.decoder = "dynamodb-kinesis".into();
    println!("CrateDB, event bytes to durable rows");
    for records in CRATEDB_BATCHES {
        clear(&client).await;
        let flow = Flow::new(&config)?;
        let sink = Cratedb::new(&config)?;
        // the first batch makes table and columns; the bare table is its copy
        let first = Envelope::parse(&event(90_000_000, 50, 0), "-")?;
        process(&flow, &sink, &first.records, Deadline::never())
            .await
            .into_result()
            .expect("the first batch");
        let created: String =
            client.query_one("show create table rowtide_bench.orders_cdc", &[]).await?.get(0);
        client.batch_execute(&created.replacen("orders_cdc", "bare", 1)).await?;
        let mut known = Statements::new();
        let target = flow.routes().target("orders")?.ok_or("a route")?;
        println!("  batches of {records}");
        for (what, version) in [("inserts", 0), ("updates", 1)] {
            let mut times = (Vec::new(), Vec::new(), Vec::new());
            for round in 0..=CRATEDB_ROUNDS {
                let event = event(round * records, records, version);
                let prepared = Prepared::new(&flow, &event)?;
                let (mut ours, mut bare) = (Duration::ZERO, Duration::ZERO);
                // who comes first finds the server with other work to finish: by turns
                for is_ours in [round % 2 == 0, round % 2 == 1] {
                    let start = Instant::now();
                    if is_ours {
                        let batch = Envelope::parse(&event, "-")?;
                        let report = process(&flow, &sink, &batch.records, Deadline::never()).await;
                        ours = start.elapsed();
                        assert_eq!(
                            report.counts().applied,
                            batch.records.len(),
                            "{:?} {:?}",
                            report.failure(),
                            report.stopped()
                        );
                    } else {
                        for rows in prepared.rows.chunks(CRATEDB_ROWS_MAX) {
                            write_prepared(&client, &mut known, bare_sql(&target, rows.len()), rows).await?;
                        }
                        bare = start.elapsed();
                    }
                }
                let one = bare_sql(&target, 1);
                let start = Instant::now();
                for row in prepared.rows.iter().take(64) {
                    write_prepared(&client, &mut known, one.clone(), std::slice::from_ref(row)).await?;
                }
                let each = start.elapsed();
                if round > 0 {
                    times.0.push(ours);
                    times.1.push(bare);
                    times.2.push(each);
                }
            }
            #[allow(clippy::cast_precision_loss, reason = "a small count")]
            let rate = |times: Vec<Duration>, rows: u64| rows as f64 / median(times);
            let (ours, bare, each) = (rate(times.0, records), rate(times.1, records), rate(times.2, 64));
            println!(
                "    {what}  rowtide {ours:>7.0} rows/s, bare upsert of prepared rows {bare:>7.0} (ratio {:.2}, target 0.9), \
                 one row a statement {each:>5.0} (ratio {:.1}, target 15)",
                ours / bare,
                ours / each
            );
        }
    }
    clear(&client).await;
    Ok(())
}

fn main() -> Result<(), Failure> {
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    decode()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        match std::env::var("ROWTIDE_TEST_POSTGRES") {
            Ok(url) => {
                end_to_end(&url, 1_000).await?;
                end_to_end(&url, 10_000).await?;
            }
            Err(_) => println!("PostgreSQL: not run, it needs a real server; set ROWTIDE_TEST_POSTGRES"),
        }
        match std::env::var("ROWTIDE_TEST_CRATEDB") {
            Ok(url) => cratedb(&url).await,
            Err(_) => {
                println!("CrateDB: not run, it needs a real server; set ROWTIDE_TEST_CRATEDB");
                Ok(())
            }
        }
    })
}
