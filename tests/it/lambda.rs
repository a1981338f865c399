//! The processors as Lambda starts them: real processes, invoked through the Runtime API.

use crate::runtime_api::{Extensions, FUNCTION, Function, Post};
use crate::support::{Place, server};
use serde_json::{Value, json};
use std::process::Output;
use std::time::Duration;
use tokio::net::TcpListener;

/// Longer than any answer takes, the retries for an unreachable database included.
const LONG: Duration = Duration::from_secs(50);
/// How a line for CloudWatch begins.
const METRICS: &str = r#"{"_aws":"#;
const PASSWORD: &str = "canary-password-7d1f";

fn event(name: &str) -> Vec<u8> {
    let path = format!("{}/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The sequence numbers of an event.
fn positions(event: &[u8]) -> Vec<String> {
    let event: Value = serde_json::from_slice(event).unwrap();
    let records = event["Records"].as_array().unwrap().iter();
    let position = |record: &Value| {
        let of = [&record["kinesis"]["sequenceNumber"], &record["dynamodb"]["SequenceNumber"]];
        of.into_iter().find_map(Value::as_str).unwrap_or_default().to_owned()
    };
    records.map(position).collect()
}

fn reports(position: &str) -> Value {
    json!({"batchItemFailures": [{"itemIdentifier": position}]})
}

fn nothing_failed() -> Value {
    json!({"batchItemFailures": []})
}

/// A URL at which nobody listens.
async fn refused() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("postgresql://rowtide:{PASSWORD}@{}/shop", listener.local_addr().unwrap())
}

/// The lines for CloudWatch, each checked.
fn metrics(output: &Output) -> Vec<Value> {
    let stdout = std::str::from_utf8(&output.stdout).unwrap();
    let lines = stdout.split_inclusive('\n').filter(|line| line.starts_with(METRICS));
    lines.map(crate::metrics::checked).collect()
}

/// The log as JSON, with what every line must have; the metrics are not of it.
fn log(output: &Output) -> Vec<Value> {
    let stdout = std::str::from_utf8(&output.stdout).unwrap();
    let lines = stdout.lines().filter(|line| !line.starts_with(METRICS));
    let lines = lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")));
    let lines: Vec<Value> = lines.collect();
    for line in &lines {
        let time = line["timestamp"].as_str().unwrap_or_else(|| panic!("{line}"));
        assert!(time.parse::<jiff::Timestamp>().is_ok() && time.ends_with('Z'), "{line}");
        assert!(["ERROR", "WARN", "INFO"].contains(&line["level"].as_str().unwrap()), "{line}");
        assert!(line["message"].is_string(), "{line}");
    }
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "everything is said on stdout");
    lines
}

fn says<'l>(log: &'l [Value], level: &str, what: &str) -> &'l Value {
    let told = |line: &&Value| line["level"] == level && line["message"].as_str().unwrap().contains(what);
    log.iter().find(told).unwrap_or_else(|| panic!("no {level} line says {what:?}: {log:#?}"))
}

/// Asserts that an invocation failed, and returns the message.
fn failed(post: &Post, error_type: &str) -> String {
    assert!(post.path.ends_with("/error"), "{post:?}");
    let body = post.json();
    assert_eq!(body["errorType"], error_type, "{post:?}");
    body["errorMessage"].as_str().unwrap().to_owned()
}

/// Lambda takes an answer with failures for success where the mapping has no `ReportBatchItemFailures`, as those of the
/// functions that are replaced have none.
#[tokio::test]
async fn with_the_variables_of_a_predecessor_no_answer_names_records_unless_it_is_read() {
    let cases = [
        ("dynamodb-kinesis/insert", None),
        ("dynamodb-kinesis/insert", Some("false")),
        ("dynamodb/insert", None),
        ("sqs/standard", None),
        ("dynamodb-kinesis/insert", Some("true")),
    ];
    for (name, reports_failures) in cases {
        let url = refused().await;
        let mut variables = vec![("SINK_SQLALCHEMY_URL", url.as_str()), ("SINK_TABLE", "orders")];
        variables.extend(reports_failures.map(|value| ("USE_BATCH_PROCESSING", value)));
        let mut function = Function::start(&variables).await;
        let answer = function.invoke(&event(name), Duration::from_secs(3)).await;
        let (log, is_read) = (log(&function.terminate().await), reports_failures == Some("true"));
        assert_eq!(answer.path.ends_with("/response"), is_read, "{name} {reports_failures:?} {answer:?}");
        if !is_read {
            assert!(answer.json()["errorType"].as_str().unwrap().starts_with("Rowtide."), "{answer:?}");
            says(&log, "WARN", "ReportBatchItemFailures");
        }
    }
}

#[tokio::test]
async fn an_unreachable_database_reports_the_first_record_and_the_process_goes_on() {
    let mut function = Function::start(&[("ROWTIDE_SINK_URL", &refused().await)]).await;
    let empty = function.invoke(&event("dynamodb-kinesis/empty-batch"), LONG).await;
    assert_eq!(empty.json(), nothing_failed());
    let insert = event("dynamodb-kinesis/insert");
    let first = &positions(&insert)[0];
    // the same connection pool and the same function, invocation after invocation
    for _ in 0..2 {
        let answer = function.invoke(&insert, Duration::from_secs(3)).await;
        assert!(answer.path.ends_with("/response"), "{answer:?}");
        assert_eq!(answer.json(), reports(first));
    }
    let output = function.terminate().await;
    assert!(output.status.success(), "{output:?}");
    let log = log(&output);
    let warning = says(&log, "WARN", "stopped early");
    assert_eq!(warning["position"], first.as_str());
    let summaries: Vec<&Value> = log.iter().filter(|line| line["message"] == "Batch done.").collect();
    assert_eq!(summaries.len(), 3);
    assert_eq!(summaries[0]["received"], 0);
    assert_eq!((&summaries[1]["received"], &summaries[1]["reported"]), (&json!(2), &json!(2)));
    assert_eq!(summaries[1]["requestId"], "8476a536-e9f4-11e8-9739-000000000002");
    assert!(summaries[1]["batch_ms"].is_u64());
    assert!(summaries[1]["source"].as_str().unwrap().starts_with("arn:aws:kinesis:"));
}

#[tokio::test]
async fn a_queue_and_topics_hear_of_every_message_that_comes_again() {
    let short = Duration::from_secs(3);
    let mut function = Function::start(&[("ROWTIDE_SINK_URL", &refused().await)]).await;
    let answer = function.invoke(&event("sqs/standard"), short).await.json();
    let named: Vec<&str> = answer["batchItemFailures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["itemIdentifier"].as_str().unwrap())
        .collect();
    assert_eq!(named.len(), 4);
    assert_eq!(named[3], "059f36b4-87a3-44ab-83d2-661975830004");
    function.terminate().await;
    let mut function = Function::start(&[("ROWTIDE_SINK_URL", &refused().await)]).await;
    let answer = function.invoke(&event("kafka/several-partitions"), short).await.json();
    let first = |partition: &str| json!({"itemIdentifier": {"partition": partition, "offset": 15}});
    assert_eq!(answer, json!({"batchItemFailures": [first("maxwell-0"), first("maxwell-1")]}));
    function.terminate().await;
}

#[tokio::test]
async fn a_database_that_never_answers_does_not_outlast_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgresql://rowtide@{}/shop", listener.local_addr().unwrap());
    let mut function = Function::start(&[("ROWTIDE_SINK_URL", &url)]).await;
    let insert = event("dynamodb/insert");
    for time in [Duration::from_millis(1_500), Duration::from_millis(100), Duration::ZERO] {
        let answer = function.invoke(&insert, time).await;
        assert_eq!(answer.json(), reports(&positions(&insert)[0]));
    }
    let log = log(&function.terminate().await);
    assert!(
        says(&log, "WARN", "stopped early")["error"].as_str().unwrap().contains("time of the invocation")
    );
    drop(listener);
}

#[tokio::test]
async fn an_event_that_is_no_batch_fails_the_invocation_and_the_next_one_is_served() {
    let mut function = Function::start(&[("ROWTIDE_SINK_URL", &refused().await)]).await;
    for bad in [r#"{"key1":"value1"}"#, "[]", "null", r#"{"Records":null}"#] {
        let message = failed(&function.invoke(bad.as_bytes(), LONG).await, "Rowtide.Configuration");
        assert!(message.contains("event source mapping"), "{message}");
    }
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    failed(&function.invoke(deep.as_bytes(), LONG).await, "Rowtide.Configuration");
    let truncated = function.invoke(br#"{"Records":["#, LONG).await;
    assert!(truncated.path.ends_with("/error"), "{truncated:?}");
    let empty = function.invoke(&event("dynamodb-kinesis/empty-batch"), LONG).await;
    assert_eq!(empty.json(), nothing_failed());
    let log = log(&function.terminate().await);
    let error = says(&log, "ERROR", "Rowtide.Configuration");
    assert_eq!(error["requestId"], "8476a536-e9f4-11e8-9739-000000000001");
}

#[tokio::test]
async fn a_stream_without_images_fails_the_invocation_with_the_setting_to_change() {
    let mut function = Function::start(&[("ROWTIDE_SINK_URL", &refused().await)]).await;
    let answer = function.invoke(&event("dynamodb/keys-only-stream"), LONG).await;
    let message = failed(&answer, "Rowtide.Configuration");
    assert!(message.contains("arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/"), "{message}");
    assert!(message.contains("KEYS_ONLY") && message.contains("NEW_AND_OLD_IMAGES"), "{message}");
    let log = log(&function.terminate().await);
    assert_eq!(says(&log, "INFO", "Batch failed.")["reported"], 4);
}

#[tokio::test]
async fn a_batch_of_nothing_but_poison_fails_the_invocation() {
    let mut function = Function::start(&[("ROWTIDE_SINK_URL", &refused().await)]).await;
    let records = vec![json!({"kinesis": {"data": "e30=", "sequenceNumber": "1"}}); 20];
    let event = json!({"Records": records}).to_string();
    let message = failed(&function.invoke(event.as_bytes(), LONG).await, "Rowtide.SystemicPoison");
    assert!(message.contains("20 of 20 records"), "{message}");
    function.terminate().await;
}

#[tokio::test]
async fn the_state_of_a_tumbling_window_is_returned_as_it_came() {
    let mut function = Function::start(&[("ROWTIDE_SINK_URL", &refused().await)]).await;
    let answer = function.invoke(&event("dynamodb-kinesis/tumbling-window-final"), LONG).await;
    let expected = json!({"batchItemFailures": [], "state": {"orders": 18, "revenue": "2264.40"}});
    assert_eq!(answer.json(), expected);
    function.terminate().await;
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_is_reported_and_ends_the_process() {
    let url = refused().await;
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[], "ROWTIDE_SINK_URL"),
        (&[("ROWTIDE_SINK_URL", &url), ("ROWTIDE_SINK_SCHEME", "canary-value")], "ROWTIDE_SINK_SCHEMA"),
        (&[("ROWTIDE_SINK_URL", &url), ("ROWTIDE_SOURCE_DECODER", "canary-value")], "source.decoder"),
        (&[("ROWTIDE_SINK_URL", "host=h password=canary-value conect_timeout=1")], "sink.url"),
        (&[("ROWTIDE_SINK_URL", &url), ("ROWTIDE_CONFIG", "missing.toml")], "missing.toml"),
    ];
    for (variables, names) in cases {
        let mut function = Function::start(variables).await;
        let post = function.posted().await;
        assert_eq!(
            (post.path.as_str(), post.error_type.as_deref()),
            ("init/error", Some("Runtime.ConfigInvalid"))
        );
        let output = function.ended().await;
        assert_eq!(output.status.code(), Some(1), "{names}");
        let body = post.json();
        assert_eq!(body["errorType"], "Rowtide.Configuration");
        assert!(body["errorMessage"].as_str().unwrap().contains(names), "{body}");
        says(&log(&output), "ERROR", names);
        let all = format!("{body} {output:?}");
        assert!(!all.contains(PASSWORD) && !all.contains("canary-value"), "{all}");
    }
}

#[tokio::test]
async fn outside_of_lambda_a_processor_says_what_it_is_for() {
    let output = tokio::process::Command::new(FUNCTION).env_clear().output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    says(&log(&output), "ERROR", "rowtide replay");
}

#[tokio::test]
async fn without_an_extensions_api_the_function_works_and_still_ends_in_order() {
    let url = refused().await;
    let variables = [("ROWTIDE_SINK_URL", url.as_str())];
    let mut function = Function::start_with(&variables, Extensions::No).await;
    let empty = function.invoke(&event("dynamodb-kinesis/empty-batch"), LONG).await;
    assert_eq!(empty.json(), nothing_failed());
    let output = function.terminate().await;
    assert!(output.status.success(), "{output:?}");
    log(&output);
}

#[tokio::test]
async fn the_log_has_the_level_and_the_format_that_lambda_asks_for() {
    let url = refused().await;
    let check = async |variables: &[(&str, &str)]| {
        let variables = [&[("ROWTIDE_SINK_URL", url.as_str())], variables].concat();
        let mut function = Function::start(&variables).await;
        function.invoke(&event("dynamodb-kinesis/insert"), Duration::from_secs(1)).await;
        function.terminate().await
    };
    let quiet = check(&[("AWS_LAMBDA_LOG_LEVEL", "WARN"), ("RUST_LOG", "trace")]).await;
    let measured = |output| metrics(output).iter().any(|line| line["RecordsReported"] == 2);
    assert!(measured(&quiet), "the level of the log is not that of the metrics");
    let quiet = log(&quiet);
    assert!(quiet.iter().all(|line| line["level"] == "WARN"), "{quiet:#?}");
    assert_eq!(says(&quiet, "WARN", "stopped early")["requestId"], "8476a536-e9f4-11e8-9739-000000000001");
    let text = check(&[("AWS_LAMBDA_LOG_FORMAT", "Text"), ("RUST_LOG", "rowtide=info")]).await;
    assert!(measured(&text), "metrics are JSON in any case");
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("Z INFO Batch done. ") && text.contains(" reported=2 requestId=8476a536-"),
        "{text}"
    );
}

/// An event whose rows say `canary` wherever they say anything.
fn canary_event() -> Vec<u8> {
    let record = |number: u64, total: Value| {
        json!({"eventID": "e", "eventName": "INSERT",
            "eventSourceARN": "arn:aws:dynamodb:eu-west-1:1:table/t/stream/2026-01-01T00:00:00.000",
            "dynamodb": {"SequenceNumber": number.to_string(), "StreamViewType": "NEW_IMAGE",
            "ApproximateCreationDateTime": 1_767_225_600,
            "Keys": {"id": {"S": format!("canary-key-{number}")}},
            "NewImage": {"id": {"S": format!("canary-key-{number}")}, "total": total}}})
    };
    let good = json!({"S": "canary-value"});
    let poison = json!({"N": "canary-number"});
    json!({"Records": [record(1, good.clone()), record(2, poison), record(3, good)]}).to_string().into_bytes()
}

async fn canaries_stay_silent(variables: &[(&str, &str)], time: Duration) -> Post {
    let variables = [variables, &[("RUST_LOG", "trace")]].concat();
    let mut function = Function::start(&variables).await;
    let answer = function.invoke(&canary_event(), time).await;
    let failure = function.invoke(br#"{"canary-value":"canary-value"}"#, time).await;
    let broken = function.invoke(br#"{"Records":[{"canary-value":canary-value}]}"#, time).await;
    let output = function.terminate().await;
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("Batch done."), "{stdout}");
    for told in ["RecordsReceived", "\"message\":\"batch\"", "\"message\":\"decode\"", "BatchFailures"] {
        assert!(stdout.contains(told), "{told}: {stdout}");
    }
    let all =
        format!("{answer:?} {failure:?} {broken:?} {stdout} {}", String::from_utf8_lossy(&output.stderr));
    assert!(!all.contains("canary"), "{all}");
    answer
}

#[tokio::test]
async fn neither_secrets_nor_row_values_are_ever_told() {
    let answer =
        canaries_stay_silent(&[("ROWTIDE_SINK_URL", &refused().await)], Duration::from_secs(2)).await;
    assert_eq!(answer.json(), reports("1"));
    let Some(place) = server("lambda_canaries").await else { return };
    let url = with(&place.url, "password", PASSWORD);
    let variables = [("ROWTIDE_SINK_URL", url.as_str()), ("ROWTIDE_SINK_SCHEMA", place.schema.as_str())];
    let answer = canaries_stay_silent(&variables, LONG).await;
    assert_eq!(answer.json(), nothing_failed());
    assert_eq!(place.count("select count(*) from {s}.t").await, 2);
    assert_eq!(place.count("select count(*) from {s}.rowtide_dead_letters").await, 1);
    place.finish().await;
}

/// A connection string with one more option.
fn with(url: &str, option: &str, value: &str) -> String {
    let before = match (url.contains("://"), url.contains('?')) {
        (false, _) => ' ',
        (true, false) => '?',
        (true, true) => '&',
    };
    format!("{url}{before}{option}={value}")
}

async fn on(place: &Place) -> Function {
    let variables =
        [("ROWTIDE_SINK_URL", place.url.as_str()), ("ROWTIDE_SINK_SCHEMA", place.schema.as_str())];
    Function::start(&variables).await
}

#[tokio::test]
async fn changes_become_rows_and_their_repetition_is_stale() {
    let Some(place) = server("lambda_changes").await else { return };
    let cases = [
        ("dynamodb-kinesis/thousand-records", 1_000),
        ("dynamodb-kinesis/tumbling-window", 2),
        ("dynamodb/thousand-records", 1_000),
        ("dynamodb/composite-key", 6),
    ];
    for (name, received) in cases {
        place.run("drop schema {s} cascade; create schema {s}").await;
        let mut function = on(&place).await;
        let event = event(name);
        for _ in 0..2 {
            let answer = function.invoke(&event, LONG).await.json();
            assert_eq!(answer["batchItemFailures"], json!([]), "{name}");
        }
        let output = function.terminate().await;
        assert!(output.status.success(), "{output:?}");
        let log = log(&output);
        let done: Vec<&Value> = log.iter().filter(|line| line["message"] == "Batch done.").collect();
        assert_eq!(done[0]["received"], received, "{name}");
        assert_eq!(done[0]["applied"].as_u64().unwrap() + done[0]["stale"].as_u64().unwrap(), received);
        assert_eq!((&done[1]["applied"], &done[1]["stale"]), (&json!(0), &json!(received)), "{name}");
    }
    assert_eq!(place.count("select count(*) from {s}.order_lines").await, 3);
    place.finish().await;
}

#[tokio::test]
async fn every_invocation_is_measured() {
    let Some(place) = server("lambda_metrics").await else { return };
    let mut function = on(&place).await;
    for _ in 0..2 {
        function.invoke(&event("dynamodb-kinesis/poison-in-the-middle"), LONG).await;
    }
    failed(&function.invoke(br#"{"key1":"value1"}"#, LONG).await, "Rowtide.Configuration");
    let lines = metrics(&function.terminate().await);
    let (tables, whole): (Vec<&Value>, Vec<&Value>) =
        lines.iter().partition(|line| line.get("table").is_some());
    let [first, second, failed] = whole[..] else { panic!("{lines:#?}") };
    let dimensions = |line: &Value| line["_aws"]["CloudWatchMetrics"][0]["Dimensions"].clone();
    for (number, line) in [first, second, failed].into_iter().enumerate() {
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Rowtide");
        assert_eq!((&line["service"], dimensions(line)), (&json!("rowtide-test"), json!([["service"]])));
        assert_eq!(line["requestId"], format!("8476a536-e9f4-11e8-9739-{:012}", number + 1));
        assert!(line["xrayTraceId"].as_str().unwrap().starts_with("Root=1-5bef4de7-"), "{line}");
    }
    assert_eq!((&first["RecordsReceived"], &first["RecordsParked"]), (&json!(11), &json!(5)), "{first}");
    assert_eq!((&first["RecordsApplied"], &second["RecordsStale"]), (&json!(6), &json!(6)), "{second}");
    assert_eq!((&first["ColdStart"], second.get("ColdStart")), (&json!(1), None));
    assert!(first["DatabaseDuration"].as_f64().unwrap() > 0.0, "{first}");
    assert!(first["SourceLagP50"].as_f64().unwrap() > 0.0 && second.get("SourceLagP50").is_none());
    assert_eq!((&failed["BatchFailures"], &failed["RecordsReceived"]), (&json!(1), &json!(0)), "{failed}");
    let applied = tables.iter().find(|line| line["RecordsApplied"] == 6).expect("the table's line");
    assert_eq!((&applied["table"], dimensions(applied)), (&json!("orders"), json!([["service", "table"]])));
    place.finish().await;
}

#[tokio::test]
async fn retries_and_the_end_of_the_time_are_measured() {
    let mut function = Function::start(&[("ROWTIDE_SINK_URL", &refused().await)]).await;
    // the attempts end before the time does, however slow the machine
    function.invoke(&event("dynamodb-kinesis/insert"), LONG).await;
    function.invoke(&event("dynamodb-kinesis/insert"), Duration::ZERO).await;
    let output = function.terminate().await;
    let lines: Vec<Value> = metrics(&output).into_iter().filter(|line| line.get("table").is_none()).collect();
    assert!(lines[0]["Retries"].as_u64().unwrap() >= 3, "{}", lines[0]);
    assert!(lines[0]["DatabaseDuration"].as_f64().unwrap() > 500.0, "the pauses are of it: {}", lines[0]);
    assert_eq!((&lines[1]["DeadlineStops"], &lines[1]["RecordsReported"]), (&json!(1), &json!(2)));
    assert_eq!((lines[0].get("DeadlineStops"), lines[1].get("Retries")), (None, None));
    let log = log(&output);
    let done = says(&log, "INFO", "Batch done.");
    assert!(done["xrayTraceId"].as_str().unwrap().starts_with("Root=1-5bef4de7-"), "{done}");
}

#[tokio::test]
async fn metrics_have_the_names_of_the_settings_or_are_left_out() {
    let url = refused().await;
    let lines = async |variables: &[(&str, &str)]| {
        let variables = [&[("ROWTIDE_SINK_URL", url.as_str())], variables].concat();
        let mut function = Function::start(&variables).await;
        function.invoke(&event("dynamodb-kinesis/empty-batch"), LONG).await;
        metrics(&function.terminate().await)
    };
    let own =
        lines(&[("ROWTIDE_METRICS_NAMESPACE", "Shop/CDC"), ("ROWTIDE_METRICS_SERVICE", "orders")]).await;
    assert_eq!(own[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Shop/CDC");
    assert_eq!((&own[0]["service"], &own[0]["RecordsReceived"]), (&json!("orders"), &json!(0)));
    assert!(lines(&[("ROWTIDE_METRICS_EMF", "false")]).await.is_empty());
}

#[tokio::test]
async fn poison_is_parked_and_the_stream_goes_on() {
    let Some(place) = server("lambda_poison").await else { return };
    let mut function = on(&place).await;
    let answer = function.invoke(&event("dynamodb-kinesis/poison-in-the-middle"), LONG).await;
    assert_eq!(answer.json(), nothing_failed());
    assert_eq!(place.count("select count(*) from {s}.orders").await, 6);
    assert_eq!(place.count("select count(*) from {s}.rowtide_dead_letters").await, 5);
    let log = log(&function.terminate().await);
    assert_eq!(says(&log, "INFO", "Batch done.")["parked"], 5);
    place.finish().await;
}

#[tokio::test]
async fn a_missing_schema_fails_the_invocation() {
    let Some(place) = server("lambda_schema").await else { return };
    place.run("drop schema {s} cascade").await;
    let mut function = on(&place).await;
    let answer = function.invoke(&event("dynamodb/insert"), LONG).await;
    let message = failed(&answer, "Rowtide.Configuration");
    assert!(message.contains("schema"), "{message}");
    place.run("create schema {s}").await;
    // once it is there, the same process writes
    assert_eq!(function.invoke(&event("dynamodb/insert"), LONG).await.json(), nothing_failed());
    function.terminate().await;
    place.finish().await;
}

#[tokio::test]
async fn a_connection_that_died_in_between_is_replaced() {
    let Some(place) = server("lambda_died").await else { return };
    let url = with(&place.url, "application_name", &place.schema);
    let variables = [("ROWTIDE_SINK_URL", url.as_str()), ("ROWTIDE_SINK_SCHEMA", place.schema.as_str())];
    let mut function = Function::start(&variables).await;
    assert_eq!(function.invoke(&event("dynamodb/insert"), LONG).await.json(), nothing_failed());
    let terminate = "select count(pg_terminate_backend(pid)) from pg_stat_activity where pid <> pg_backend_pid() and application_name = '{s}'";
    assert!(place.count(terminate).await > 0);
    assert_eq!(function.invoke(&event("dynamodb/modify"), LONG).await.json(), nothing_failed());
    let output = function.terminate().await;
    assert!(output.status.success(), "{output:?}");
    place.finish().await;
}

#[tokio::test]
async fn a_schedule_purges() {
    let Some(place) = server("lambda_purge").await else { return };
    let variables = [
        ("ROWTIDE_SINK_URL", place.url.as_str()),
        ("ROWTIDE_SINK_SCHEMA", place.schema.as_str()),
        ("ROWTIDE_SINK_TOMBSTONE_RETENTION", "1ms"),
    ];
    let mut function = Function::start(&variables).await;
    let purge = br#"{"rowtide":"purge"}"#;
    // the first that ever comes
    let nothing = json!({"targets": [], "dead_letters": 0, "left_alone": [], "failed": [], "complete": true});
    assert_eq!(function.invoke(purge, LONG).await.json(), nothing);
    function.invoke(&event("dynamodb-kinesis/composite-key"), LONG).await;
    function.invoke(&event("dynamodb-kinesis/remove"), LONG).await;
    // of one table that cannot be purged the others do not suffer
    place.run("alter table {s}.order_lines_cdc rename column applied_at to moved").await;
    failed(&function.invoke(purge, LONG).await, "Rowtide.Configuration");
    assert_eq!(place.count("select count(*) from {s}.orders_cdc where deleted").await, 0);
    place.run("alter table {s}.order_lines_cdc rename column moved to applied_at").await;
    let purged = function.invoke(purge, LONG).await.json();
    assert_eq!(purged["complete"], true);
    assert_eq!(purged["targets"][0]["tombstones"], 1, "{purged}");
    failed(&function.invoke(br#"{"rowtide":"prune"}"#, LONG).await, "Rowtide.Configuration");
    let log = log(&function.terminate().await);
    says(&log, "INFO", "Purge done.");
    says(&log, "ERROR", "order_lines");
    place.finish().await;
}
