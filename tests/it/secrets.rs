//! Secrets: fetched from stand-ins of their keepers, used against a real server, rotated under a running function.

use crate::keepers::{Asked, KEY, KEY_ID, Keeper, Secret, TOKEN, missing, service, signing};
use crate::runtime_api::{Function, Post};
use crate::support::{server, with_option};
use rowtide::config::{Aws, Config, Container, Credentials, Extension, Reference, SinkUrl};
use rowtide::deadline::Deadline;
use rowtide::error::Disposition;
use rowtide::secrets::{SecretVersion, Secrets};
use rowtide::sink::Database;
use serde_json::json;
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(50);
const CANARY: &str = "canary-password-3b9e";

fn event(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/events/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn is_done(post: &Post) -> bool {
    post.path.ends_with("/response") && post.json() == json!({"batchItemFailures": []})
}

/// What a function said, which must hold no canary.
fn log(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(!text.contains("canary"), "{text}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    text
}

fn reference(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

/// AWS as a test says it: credentials, and the service at `url`.
fn aws(url: &str) -> Aws {
    Aws {
        region: Some("eu-west-1".to_owned()),
        credentials: Some(Credentials {
            key_id: KEY_ID.to_owned(),
            key: KEY.to_owned(),
            session_token: Some(TOKEN.to_owned()),
        }),
        secrets_manager_url: Some(url.to_owned()),
        ssm_url: Some(url.to_owned()),
        ..Aws::default()
    }
}

#[tokio::test]
async fn a_function_gets_its_login_from_the_extension_once_that_is_ready() {
    let Some(place) = server("secrets_extension").await else { return };
    let url = place.url.clone();
    let early = AtomicUsize::new(0);
    let extension = Keeper::start(move |_| match early.fetch_add(1, Ordering::Relaxed) {
        0..3 => (400, "not ready to serve traffic, please wait".to_owned()),
        _ => (200, json!({"SecretString": json!({"url": url}).to_string()}).to_string()),
    })
    .await;
    let port = extension.port.to_string();
    let mut variables = signing("http://127.0.0.1:9");
    variables.extend([
        ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", port.as_str()),
        ("ROWTIDE_SINK_URL", "secretsmanager://prod/db#url"),
        ("ROWTIDE_SINK_SCHEMA", &place.schema),
        ("RUST_LOG", "trace"),
    ]);
    let mut function = Function::start(&variables).await;
    for name in ["dynamodb/insert", "dynamodb/modify"] {
        let answer = function.invoke(&event(name), LONG).await;
        assert!(is_done(&answer), "{answer:?}");
    }
    assert!(log(&function.terminate().await).contains("Batch done."));
    let asked = extension.asked();
    assert_eq!(asked.len(), 4, "three times too early, then once for all: {asked:?}");
    for Asked { path, headers, .. } in &asked {
        assert_eq!(path, "/secretsmanager/get?secretId=prod%2Fdb");
        assert_eq!(headers["x-aws-parameters-secrets-token"], TOKEN);
    }
    assert_eq!(place.count("select count(*) from {s}.orders").await, 2);
    place.finish().await;
}

#[tokio::test]
async fn without_an_extension_a_function_asks_the_service_with_a_signature() {
    let Some(place) = server("secrets_service").await else { return };
    let service = service(Secret::new(&with_option(&place.url, "password", CANARY))).await;
    let url = service.url();
    let mut variables = signing(&url);
    variables.extend([
        ("ROWTIDE_SINK_URL", "secretsmanager://prod/db"),
        ("ROWTIDE_SINK_SCHEMA", &place.schema),
        ("RUST_LOG", "trace"),
    ]);
    let mut function = Function::start(&variables).await;
    let answer = function.invoke(&event("dynamodb-kinesis/poison-in-the-middle"), LONG).await;
    assert!(is_done(&answer), "{answer:?}");
    log(&function.terminate().await);
    let asked = service.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].json(), json!({"SecretId": "prod/db"}));
    let letters = place.texts("select row_to_json(l)::text from {s}.rowtide_dead_letters l").await;
    assert_eq!(letters.len(), 5);
    assert!(letters.iter().all(|letter| !letter.contains("canary")), "{letters:?}");
    place.finish().await;
}

#[tokio::test]
async fn the_configuration_of_a_function_may_lie_in_a_parameter() {
    let Some(place) = server("secrets_config").await else { return };
    let text = format!(
        "[sink]\nurl = \"secretsmanager://prod/db\"\nschema = \"{}\"\n\n[[route]]\nfrom = \"orders\"\nto = \"bought\"\n",
        place.schema
    );
    let url = place.url.clone();
    let keeper = Keeper::start(move |asked| match asked.headers["x-amz-target"].as_str() {
        "AmazonSSM.GetParameter" => (200, json!({"Parameter": {"Value": text}}).to_string()),
        _ => (200, json!({"SecretString": url}).to_string()),
    })
    .await;
    let endpoint = keeper.url();
    let mut variables = signing(&endpoint);
    variables.push(("ROWTIDE_CONFIG", "ssm://prod/rowtide"));
    let mut function = Function::start(&variables).await;
    let answer = function.invoke(&event("dynamodb/insert"), LONG).await;
    assert!(is_done(&answer), "{answer:?}");
    log(&function.terminate().await);
    assert_eq!(keeper.asked()[0].json(), json!({"Name": "/prod/rowtide", "WithDecryption": true}));
    assert_eq!(place.count("select count(*) from {s}.bought").await, 2);
    place.finish().await;
}

#[tokio::test]
async fn a_configuration_that_cannot_be_fetched_ends_the_function_and_names_the_reference() {
    let keeper = Keeper::start(|_| missing()).await;
    let bad = Keeper::start(|_| {
        (200, json!({"Parameter": {"Value": "[sink]\nurl = \"mysql://u:canary@h\""}}).to_string())
    })
    .await;
    let (keeper, bad) = (keeper.url(), bad.url());
    let cases = [
        (signing(&keeper), "ssm://prod/rowtide", "ssm:///prod/rowtide cannot be fetched"),
        (signing(&bad), "ssm://prod/rowtide", "`sink.url` (ssm:///prod/rowtide line 2) must be a URL"),
        (vec![("AWS_REGION", "r")], "ssm://a", "ssm://a cannot be fetched: There are no AWS credentials"),
        (Vec::new(), "secretsmanager://a#b", "no region is known"),
        (Vec::new(), "ssm://u:canary@h", "ROWTIDE_CONFIG is no reference to a secret"),
    ];
    for (mut variables, config, says) in cases {
        variables.push(("ROWTIDE_CONFIG", config));
        let mut function = Function::start(&variables).await;
        let post = function.posted().await;
        assert_eq!(post.path, "init/error");
        let message = post.json()["errorMessage"].as_str().unwrap().to_owned();
        assert!(message.contains(says) && !post.body.contains("canary"), "{message}");
        log(&function.ended().await);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_secret_fails_the_invocation_and_is_told_without_it() {
    let cases = [
        (format!("mysql://u:{CANARY}@h/d"), "neither a URL"),
        (json!({"username": CANARY, "password": CANARY}).to_string(), "no `host`"),
        (format!("postgresql://u:{CANARY}@h/d?conect_timeout=1"), "is not a PostgreSQL connection string"),
        (
            format!("postgresql://u:{CANARY}@h/d?sslmode={CANARY}"),
            "sslmode in sink.url (secretsmanager://db)",
        ),
        (format!("postgresql://u:{CANARY}@127.0.0.1:9/d"), ""),
    ];
    for (secret, says) in cases {
        let keeper = service(Secret::new(&secret)).await;
        let url = keeper.url();
        let mut variables = signing(&url);
        variables.extend([("ROWTIDE_SINK_URL", "secretsmanager://db"), ("RUST_LOG", "trace")]);
        let mut function = Function::start(&variables).await;
        let post = function.invoke(&event("dynamodb/insert"), Duration::from_secs(2)).await;
        assert!(!post.body.contains("canary"), "{post:?}");
        if says.is_empty() {
            assert!(post.path.ends_with("/response") && !is_done(&post), "{post:?}");
        } else {
            assert!(post.path.ends_with("/error"), "{post:?}");
            let message = post.json()["errorMessage"].as_str().unwrap().to_owned();
            assert!(message.contains(says) && message.contains("secretsmanager://db"), "{message}");
        }
        log(&function.terminate().await);
    }
}

#[tokio::test]
async fn a_keeper_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    let busy = AtomicUsize::new(0);
    let keeper = Keeper::start(move |_| match busy.fetch_add(1, Ordering::Relaxed) {
        0 => (400, r#"{"__type":"ThrottlingException"}"#.to_owned()),
        1 => (503, String::new()),
        _ => (200, json!({"SecretString": "s"}).to_string()),
    })
    .await;
    let secrets = Secrets::new(aws(&keeper.url()));
    assert_eq!(secrets.text(&reference("secretsmanager://a"), SecretVersion::Current).await.unwrap(), "s");
    assert_eq!(keeper.asked().len(), 3);

    let keeper = Keeper::start(|_| (400, r#"{"__type":"AccessDeniedException"}"#.to_owned())).await;
    let error = Secrets::new(aws(&keeper.url()))
        .text(&reference("ssm://a"), SecretVersion::Current)
        .await
        .unwrap_err();
    assert_eq!(error.disposition(), Disposition::Abort);
    assert!(error.message().contains("ssm:GetParameter"), "{error}");
    assert_eq!(keeper.asked().len(), 1);

    let error =
        Secrets::new(aws("http://127.0.0.1:9")).text(&reference("ssm://a"), SecretVersion::Current).await;
    let error = error.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry);
    assert!(error.message().contains("127.0.0.1:9: the connection is refused"), "{error}");
    // a certificate that nobody vouches for, or no TLS at all
    let plain = aws(&keeper.url().replace("http:", "https:"));
    let error = Secrets::new(plain).text(&reference("ssm://a"), SecretVersion::Current).await.unwrap_err();
    assert!(error.message().contains("TLS") || error.message().contains("root certificate"), "{error}");
}

#[tokio::test]
async fn where_the_extension_cannot_answer_the_service_does() {
    let keeper = service(Secret::new("from the service")).await;
    let text = async |extension: &Keeper, version| {
        let extension = Some(Extension { port: extension.port, expected: true });
        let secrets = Secrets::new(Aws { extension, ..aws(&keeper.url()) });
        secrets.text(&reference("secretsmanager://a"), version).await.unwrap()
    };
    let lost = Keeper::start(|_| (400, "not ready to serve traffic, please wait".to_owned())).await;
    assert_eq!(text(&lost, SecretVersion::Current).await, "from the service");
    let broken = Keeper::start(|_| (500, "canary".to_owned())).await;
    assert_eq!(text(&broken, SecretVersion::Current).await, "from the service");
    assert_eq!(broken.asked().len(), 1);
    let good = Keeper::start(|asked| (200, json!({"SecretString": asked.path}).to_string())).await;
    let path = "/secretsmanager/get?secretId=a";
    assert_eq!(text(&good, SecretVersion::Current).await, path);
    assert_eq!(text(&good, SecretVersion::Fresh).await, format!("{path}&refreshNow=true"));
    let previous = format!("{path}&versionStage=AWSPREVIOUS&refreshNow=true");
    assert_eq!(text(&good, SecretVersion::Previous).await, previous);
    assert_eq!(text(&good, SecretVersion::Direct).await, "from the service");
    // an extension that nobody set up is not waited for
    let secrets =
        Secrets::new(Aws { extension: Some(Extension { port: 9, expected: false }), ..aws(&keeper.url()) });
    let started = std::time::Instant::now();
    secrets.text(&reference("secretsmanager://a"), SecretVersion::Current).await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(250), "{:?}", started.elapsed());
}

#[tokio::test]
async fn credentials_may_come_from_the_container_and_are_asked_for_once() {
    let service = service(Secret::new("s")).await;
    let container = Keeper::start(|asked| {
        if asked.headers.get("authorization").map(String::as_str) != Some("canary-authorization") {
            return (401, String::new());
        }
        let given = json!({"AccessKeyId": KEY_ID, "SecretAccessKey": KEY, "Token": TOKEN,
            "Expiration": "2099-01-01T00:00:00Z"});
        (200, given.to_string())
    })
    .await;
    let with = |url: String, token: &str| {
        let container = Container { url, token: Some(token.to_owned()), token_file: None };
        Secrets::new(Aws { credentials: None, container: Some(container), ..aws(&service.url()) })
    };
    let secrets = with(container.url(), "canary-authorization");
    for _ in 0..2 {
        assert_eq!(
            secrets.text(&reference("secretsmanager://a"), SecretVersion::Current).await.unwrap(),
            "s"
        );
    }
    assert_eq!(container.asked().len(), 1);
    for (url, token, says) in [
        (container.url(), "canary-other", "HTTP status 401"),
        ("http://192.0.2.1/".to_owned(), "canary-authorization", "neither HTTPS nor a container's"),
    ] {
        let error = with(url, token)
            .text(&reference("secretsmanager://a"), SecretVersion::Current)
            .await
            .unwrap_err();
        assert!(error.message().contains(says) && !format!("{error:?}").contains("canary"), "{error:?}");
    }
}

#[tokio::test]
async fn a_secret_that_is_crates_url_makes_a_sink_for_crate() {
    let keeper = service(Secret::new(&format!("crate://u:{CANARY}@h?schema=cdc"))).await;
    let mut config = Config::default();
    config.sink.url = Some(SinkUrl::new("secretsmanager://db"));
    config.aws = aws(&keeper.url());
    let sink = Database::new(&config).unwrap();
    assert_eq!(config.sink.schema, "public");
    let known = sink.config(Deadline::never()).await.unwrap();
    assert_eq!(known.sink.schema, "cdc");
    assert_eq!(rowtide::sink::configured(&known), Some(rowtide::plan::Dialect::Cratedb));
    let shown = format!("{sink:?} {known:?} {config:?} {:?}", known.effective());
    assert!(!shown.contains("canary"), "{shown}");
    assert_eq!(keeper.asked().len(), 1);
}

#[tokio::test]
async fn commands_show_references_and_use_what_they_lead_to() {
    let Some(place) = server("secrets_cli").await else { return };
    let schema = place.schema.clone();
    let (url, asks) = (place.url.clone(), AtomicUsize::new(0));
    let keeper = Keeper::start(move |asked| {
        asks.fetch_add(1, Ordering::Relaxed);
        match asked.json()["SecretId"].as_str().unwrap() {
            "db" => (200, json!({"SecretString": url}).to_string()),
            "schema" => (200, json!({"SecretString": schema}).to_string()),
            _ => missing(),
        }
    })
    .await;
    let endpoint = keeper.url();
    let run = async |arguments: &[&str]| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_rowtide"));
        command.env_clear().envs(signing(&endpoint)).current_dir(env!("CARGO_MANIFEST_DIR"));
        command.env("ROWTIDE_SINK_URL", "secretsmanager://db").env("ROWTIDE_LOG", "debug");
        let output = command.args(arguments).output().await.unwrap();
        let all =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!all.contains("canary"), "{all}");
        (output.status.code(), all)
    };
    let (status, shown) = run(&["config", "--output", "json"]).await;
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.contains(r#""name":"sink.url","value":"secretsmanager://db""#), "{shown}");
    assert_eq!(keeper.asked().len(), 0, "to show a reference nobody is asked");
    let arguments = [
        "--set",
        "sink.schema=secretsmanager://schema",
        "replay",
        "--sink",
        "secretsmanager://db",
        "events/dynamodb/insert.json",
    ];
    let (status, shown) = run(&arguments).await;
    assert_eq!(status, Some(0), "{shown}");
    assert_eq!(place.count("select count(*) from {s}.orders").await, 2);
    let (status, shown) = run(&["show", "orders", "--sink", "secretsmanager://other"]).await;
    assert_eq!(status, Some(2), "{shown}");
    assert!(shown.contains("secretsmanager://other cannot be fetched"), "{shown}");
    place.finish().await;
}
