//! Passwords that change under a running function, and tokens in their place: a server of its own that asks for them.

use crate::keepers::{KEY, KEY_ID, Keeper, Secret, TOKEN, service, signing};
use crate::runtime_api::{Function, Post};
use crate::support::{connect, inserts, server_url};
use rowtide::config::{Auth, Aws, Config, Credentials, SinkUrl, Tls};
use rowtide::deadline::Deadline;
use rowtide::error::Disposition;
use rowtide::pipeline::{Flow, process};
use rowtide::sink::Database;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const LONG: Duration = Duration::from_secs(50);
/// The role whose password changes.
const ROLE: &str = "rowtide_rotated";

/// A server that lets [`ROLE`] in by password only, and everybody else without.
struct Guarded {
    dir: PathBuf,
    port: u16,
}

impl Guarded {
    /// None when there are no server binaries: the test says so and is not run.
    async fn start(test: &str) -> Option<Self> {
        if server_url().is_none() {
            eprintln!("not run: {test} needs a real PostgreSQL; set ROWTIDE_TEST_POSTGRES");
            return None;
        }
        let dir = std::env::temp_dir().join(format!("rowtide-{test}-{}", std::process::id()));
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if run(&["start", dir.to_str().unwrap(), &port.to_string()]) == Some(3) {
            eprintln!("not run: {test} needs PostgreSQL's server binaries");
            return None;
        }
        let guarded = Self { dir, port };
        let hba = format!("{}/data/pg_hba.conf", guarded.dir.display());
        let rules = format!(
            "copy (values ('host all {ROLE} 127.0.0.1/32 scram-sha-256'), ('host all all 127.0.0.1/32 trust')) to '{hba}'"
        );
        guarded.tell(&rules).await;
        guarded.tell(&format!("create role {ROLE} login; create schema cdc authorization {ROLE}")).await;
        guarded.tell("select pg_reload_conf()").await;
        Some(guarded)
    }

    fn url(&self, password: &str) -> String {
        format!("postgresql://{ROLE}:{password}@127.0.0.1:{}/postgres", self.port)
    }

    async fn tell(&self, sql: &str) {
        let url = format!("host=127.0.0.1 port={} user=postgres dbname=postgres", self.port);
        connect(&url).await.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    async fn set_password(&self, password: &str) {
        self.tell(&format!("alter role {ROLE} password '{password}'")).await;
    }

    /// As a server that restarts, or a proxy that is tired of a connection.
    async fn end_connections(&self) {
        let end = format!("select pg_terminate_backend(pid) from pg_stat_activity where usename = '{ROLE}'");
        self.tell(&end).await;
        // a connection that has not heard of it yet is another test's matter
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        run(&["stop", self.dir.to_str().unwrap()]);
        std::fs::remove_dir_all(&self.dir).unwrap_or_default();
    }
}

fn run(arguments: &[&str]) -> Option<i32> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/postgres");
    Command::new("bash").arg(script).args(arguments).status().unwrap().code()
}

fn event(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/events/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

async fn done(function: &mut Function, name: &str) {
    let post = function.invoke(&event(name), LONG).await;
    assert!(post.path.ends_with("/response"), "{post:?}");
    assert_eq!(post.json(), json!({"batchItemFailures": []}));
}

fn refused(post: &Post) -> String {
    assert!(post.path.ends_with("/error"), "{post:?}");
    post.json()["errorMessage"].as_str().unwrap().to_owned()
}

fn log(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(!text.contains("canary"), "{text}");
    text
}

fn variables<'v>(endpoint: &'v str, port: Option<&'v str>) -> Vec<(&'v str, &'v str)> {
    let mut variables = signing(endpoint);
    variables.extend([
        ("ROWTIDE_SINK_URL", "secretsmanager://db"),
        ("ROWTIDE_SINK_SCHEMA", "cdc"),
        ("ROWTIDE_SINK_CONNECTIONS", "1"),
        ("RUST_LOG", "trace"),
    ]);
    variables.extend(port.map(|port| ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", port)));
    variables
}

/// An extension with a cache that never ends by itself; whether it looks again when it is asked to, `obeys` says.
async fn extension(secret: Secret, obeys: Obeys) -> Keeper {
    let cached = std::sync::Mutex::new(None);
    Keeper::start(move |asked| {
        let previous = asked.path.contains("AWSPREVIOUS");
        if previous {
            return secret.answer(true);
        }
        let mut cached = cached.lock().unwrap();
        if obeys == Obeys::RefreshNow && asked.path.contains("refreshNow=true") {
            *cached = None;
        }
        cached.get_or_insert_with(|| secret.answer(false)).clone()
    })
    .await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Obeys {
    RefreshNow,
    Nothing,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_secret_is_fetched_again_and_the_function_goes_on() {
    let Some(guarded) = Guarded::start("rotated").await else { return };
    for how in ["service", "extension that looks again", "extension that does not"] {
        guarded.set_password("canary-1").await;
        let secret = Secret::new(&guarded.url("canary-1"));
        let service = service(secret.clone()).await;
        let obeys = if how.ends_with("again") { Obeys::RefreshNow } else { Obeys::Nothing };
        let extension = extension(secret.clone(), obeys).await;
        let (endpoint, port) = (service.url(), extension.port.to_string());
        let variables = variables(&endpoint, (how != "service").then_some(port.as_str()));
        let mut function = Function::start(&variables).await;
        done(&mut function, "dynamodb/insert").await;

        // the password changes, and the connection that is there goes on without a question
        guarded.set_password("canary-2").await;
        secret.rotate(&guarded.url("canary-2"));
        done(&mut function, "dynamodb/modify").await;
        let asked = service.asked().len() + extension.asked().len();
        assert_eq!(asked, 1, "{how}");

        // a new connection needs the new one
        guarded.end_connections().await;
        done(&mut function, "dynamodb/composite-key").await;
        guarded.end_connections().await;
        done(&mut function, "dynamodb/remove").await;
        let asked: Vec<String> = extension.asked().into_iter().map(|asked| asked.path).collect();
        match how {
            "service" => assert_eq!((service.asked().len(), asked.len()), (2, 0)),
            "extension that looks again" => {
                assert_eq!((service.asked().len(), asked.len()), (0, 2), "{asked:?}")
            }
            _ => assert_eq!((service.asked().len(), asked.len()), (1, 2), "{asked:?}"),
        }
        let log = log(&function.terminate().await);
        assert!(log.contains("The database refused the login; the secret was fetched again."), "{log}");
        guarded.tell("drop schema cdc cascade").await;
        guarded.tell(&format!("create schema cdc authorization {ROLE}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_rotation_is_half_done_the_version_before_is_tried() {
    let Some(guarded) = Guarded::start("half").await else { return };
    guarded.set_password("canary-1").await;
    let secret = Secret::new(&guarded.url("canary-1"));
    // the secret is ahead of the database
    secret.rotate(&guarded.url("canary-2"));
    let service = service(secret.clone()).await;
    let endpoint = service.url();
    let mut function = Function::start(&variables(&endpoint, None)).await;
    done(&mut function, "dynamodb/insert").await;
    let stages: Vec<_> = service.asked().iter().map(|asked| asked.json()["VersionStage"].clone()).collect();
    assert_eq!(stages, [json!(null), json!(null), json!("AWSPREVIOUS")]);
    // the database follows
    guarded.set_password("canary-2").await;
    guarded.end_connections().await;
    done(&mut function, "dynamodb/modify").await;
    assert_eq!(service.asked().len(), 4);
    log(&function.terminate().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_no_version_of_the_secret_gets_is_the_old_error_and_not_a_storm() {
    let Some(guarded) = Guarded::start("storm").await else { return };
    guarded.set_password("canary-1").await;
    let secret = Secret::new(&guarded.url("canary-wrong"));
    secret.rotate(&guarded.url("canary-wronger"));
    let service = service(secret.clone()).await;
    let endpoint = service.url();
    let mut function = Function::start(&variables(&endpoint, None)).await;
    for _ in 0..4 {
        let message = refused(&function.invoke(&event("dynamodb/insert"), LONG).await);
        assert!(message.contains("The database refuses the login") && message.contains("28P01"), "{message}");
        assert!(message.contains("The secret secretsmanager://db was fetched again"), "{message}");
        assert!(!message.contains("canary"), "{message}");
    }
    // current, once more, and the one before; then it rests
    assert_eq!(service.asked().len(), 3, "{:?}", service.asked());
    tokio::time::sleep(Duration::from_secs(6)).await;
    secret.rotate(&guarded.url("canary-1"));
    done(&mut function, "dynamodb/insert").await;
    log(&function.terminate().await);

    // what no secret says is not fetched
    let url = guarded.url("canary-wrong");
    let variables = [("ROWTIDE_SINK_URL", url.as_str()), ("ROWTIDE_SINK_SCHEMA", "cdc")];
    let mut function = Function::start(&variables).await;
    let message = refused(&function.invoke(&event("dynamodb/insert"), LONG).await);
    assert!(message.contains("28P01") && !message.contains("secret"), "{message}");
    log(&function.terminate().await);
}

/// A server that speaks TLS, wants a password in clear text, remembers it and refuses it.
async fn toll_gate() -> (u16, PathBuf, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let file = std::env::temp_dir().join(format!("rowtide-toll-{}.pem", std::process::id()));
    std::fs::write(&file, certificate.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap(),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (passwords, paid) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (acceptor, passwords) = (acceptor.clone(), passwords.clone());
            tokio::spawn(async move {
                let mut request = [0; 8];
                stream.read_exact(&mut request).await.unwrap();
                stream.write_all(b"S").await.unwrap();
                let mut stream = acceptor.accept(stream).await.unwrap();
                let mut length = [0; 4];
                stream.read_exact(&mut length).await.unwrap();
                let mut startup = vec![0; u32::from_be_bytes(length) as usize - 4];
                stream.read_exact(&mut startup).await.unwrap();
                // AuthenticationCleartextPassword
                stream.write_all(b"R\0\0\0\x08\0\0\0\x03").await.unwrap();
                let mut head = [0; 5];
                stream.read_exact(&mut head).await.unwrap();
                let length = u32::from_be_bytes(head[1..].try_into().unwrap()) as usize - 4;
                let mut password = vec![0; length];
                stream.read_exact(&mut password).await.unwrap();
                password.pop();
                passwords.send(String::from_utf8(password).unwrap()).unwrap();
                let fields = b"SFATAL\0VFATAL\0C28000\0Mcanary says no\0\0";
                let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
                stream.write_all(&[b"E", &length[..], fields].concat()).await.unwrap();
                stream.shutdown().await.unwrap_or_default();
            });
        }
    });
    (port, file, paid)
}

#[tokio::test]
async fn a_token_is_the_password_of_each_new_connection() {
    let (port, certificate, mut paid) = toll_gate().await;
    let mut config = Config::default();
    config.sink.url =
        Some(SinkUrl::new(format!("postgresql://row%20tide:canary-unused@localhost:{port}/shop")));
    config.sink.tls = Some(Tls::VerifyFull);
    config.sink.tls_root_cert = Some(certificate.clone());
    config.sink.auth = Auth::RdsIam;
    config.aws = Aws {
        region: Some("eu-west-1".to_owned()),
        credentials: Some(Credentials {
            key_id: KEY_ID.to_owned(),
            key: KEY.to_owned(),
            session_token: Some(TOKEN.to_owned()),
        }),
        ..Aws::default()
    };
    let (flow, sink) = (Flow::new(&config).unwrap(), Database::new(&config).unwrap());
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let report = process(&flow, &sink, &inserts("orders", 1), Deadline::never()).await;
        let failure = report.failure().unwrap();
        assert_eq!((failure.disposition(), failure.sqlstate()), (Disposition::Abort, Some("28000")));
        assert!(failure.message().contains("rds-db:connect"), "{failure}");
        assert!(!format!("{failure:?} {sink:?}").contains("canary"), "{failure:?}");
        tokens.push(paid.recv().await.unwrap());
        assert!(paid.try_recv().is_err(), "one login, one connection");
        // a token says its second
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    assert_ne!(tokens[0], tokens[1]);
    for token in &tokens {
        let (place, query) = token.split_once("/?").unwrap();
        assert_eq!(place, format!("localhost:{port}"));
        for part in ["Action=connect", "DBUser=row%20tide", "X-Amz-Expires=900", "X-Amz-SignedHeaders=host"] {
            assert!(query.split('&').any(|found| found == part), "{part}: {token}");
        }
        assert!(query.contains("%2Feu-west-1%2Frds-db%2Faws4_request"), "{token}");
    }
    std::fs::remove_file(certificate).unwrap();
}

#[test]
fn tokens_need_an_encrypted_connection_to_one_host_and_a_region() {
    let check = |url: &str, tls: Option<Tls>, region: Option<&str>| {
        let mut config = Config::default();
        config.sink.url = Some(SinkUrl::new(url));
        config.sink.auth = Auth::RdsIam;
        config.sink.tls = tls;
        config.aws.region = region.map(str::to_owned);
        Database::new(&config).map(drop).map_err(|error| error.to_string())
    };
    let aurora = "postgresql://u@c.cluster-abc.eu-west-1.rds.amazonaws.com/d";
    assert_eq!(check(aurora, None, None), Ok(()));
    assert_eq!(check("postgresql://u@db.example.org/d", None, Some("r")), Ok(()));
    for (url, tls, region, says) in [
        ("postgresql://u@db.example.org/d", None, None, "AWS_REGION"),
        ("postgresql://u@db.example.org/d?sslmode=disable", None, Some("r"), "encrypted"),
        ("postgresql://u@localhost/d", None, Some("r"), "encrypted"),
        (aurora, Some(Tls::Prefer), Some("r"), "encrypted"),
        ("postgresql://u@a,b/d", None, Some("r"), "exactly one host"),
        ("postgresql://a.example.org/d", None, Some("r"), "a user"),
    ] {
        let error = check(url, tls, region).unwrap_err();
        assert!(error.contains("rds-iam") && error.contains(says), "{error}");
    }
}
