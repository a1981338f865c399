//! TLS to a real server whose certificate a test authority signed.

use crate::support::{connect, inserts, server_url};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rowtide::config::{Config, SinkUrl, Tls};
use rowtide::deadline::Deadline;
use rowtide::error::Disposition;
use rowtide::pipeline::{Flow, process};
use rowtide::sink::Postgres;
use std::path::Path;
use std::process::Command;

/// A certificate authority, and the certificate and key of a server of this name.
fn certificates(dir: &Path, name: &str) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let server_key = KeyPair::generate().unwrap();
    let server =
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&server_key, &issuer).unwrap();
    std::fs::write(dir.join("ca.pem"), authority_certificate.pem()).unwrap();
    std::fs::write(dir.join("server.pem"), server.pem()).unwrap();
    std::fs::write(dir.join("server.key"), server_key.serialize_pem()).unwrap();
}

/// A certificate of an authority that a server uses as its own.
fn certificate_of_an_authority(dir: &Path, name: &str) {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(vec![name.to_owned()]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&key).unwrap();
    for (file, text) in [
        ("ca.pem", certificate.pem()),
        ("server.pem", certificate.pem()),
        ("server.key", key.serialize_pem()),
    ] {
        std::fs::write(dir.join(file), text).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_servers_certificate_is_verified_as_sslmode_says() {
    if server_url().is_none() {
        eprintln!(
            "not run: a_servers_certificate_is_verified needs a real PostgreSQL; set ROWTIDE_TEST_POSTGRES"
        );
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/postgres");
    let run = |arguments: &[&str]| Command::new("bash").arg(script).args(arguments).status().unwrap();
    let dir = std::env::temp_dir().join(format!("rowtide-tls-{}", std::process::id()));
    let place = dir.to_str().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let started = run(&["start", place, &port]);
    if started.code() == Some(3) {
        eprintln!("not run: a_servers_certificate_is_verified needs PostgreSQL's server binaries");
        return;
    }
    certificates(&dir, "localhost");
    let client = connect(&format!("host=127.0.0.1 port={port} user=postgres dbname=postgres")).await;
    // the server reads the files as its own user and wants the key for itself
    let install = || async {
        for file in ["server.pem", "server.key"] {
            // it reads what it is given: one that ended first would leave the server a broken pipe
            let program = format!("umask 077; cat {place}/{file} > {place}/data/{file}; cat > /dev/null");
            let copy = format!("copy (select 1) to program '{program}'");
            client.batch_execute(&copy).await.unwrap();
        }
    };
    install().await;
    for setting in ["ssl_cert_file = 'server.pem'", "ssl_key_file = 'server.key'", "ssl = on"] {
        client.batch_execute(&format!("alter system set {setting}")).await.unwrap();
    }
    client.batch_execute("select pg_reload_conf()").await.unwrap();
    // a new session sees it once the server has read its configuration again
    for _ in 0..100 {
        let session = connect(&format!("host=127.0.0.1 port={port} user=postgres dbname=postgres")).await;
        if session.query_one("show ssl", &[]).await.unwrap().get::<_, &str>(0) == "on" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let authority = format!("sslrootcert={}", dir.join("ca.pem").display());
    let write = async |host: &str, options: &str, tls| {
        let mut config = Config::default();
        config.sink.url =
            Some(SinkUrl::new(format!("postgresql://postgres@{host}:{port}/postgres?{options}")));
        config.sink.tls = tls;
        let (flow, sink) = (Flow::new(&config).unwrap(), Postgres::new(&config).unwrap());
        let report = process(&flow, &sink, &inserts("orders", 1), Deadline::never()).await;
        match &report.failure() {
            None if report.counts().reported == 0 => "done".to_owned(),
            Some(error) if error.disposition() == Disposition::Abort => error.message().to_owned(),
            _ => panic!("{host} {options}: {report:?}"),
        }
    };
    for (host, options, tls, expected) in [
        ("localhost", format!("sslmode=verify-full&{authority}"), None, "done"),
        ("localhost", authority.clone(), Some(Tls::VerifyFull), "done"),
        ("127.0.0.1", format!("sslmode=verify-ca&{authority}"), None, "done"),
        ("127.0.0.1", "sslmode=require".to_owned(), None, "done"),
        ("127.0.0.1", String::new(), None, "done"),
        ("127.0.0.1", format!("sslmode=verify-full&{authority}"), None, "another name than the host"),
        // not an authority of this system
        ("localhost", "sslmode=verify-full".to_owned(), None, "name its root certificate"),
        ("localhost", "sslmode=verify-ca".to_owned(), None, "name its root certificate"),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={place}/nowhere.pem"),
            None,
            "root certificates",
        ),
    ] {
        let ended = write(host, &options, tls).await;
        assert!(ended.contains(expected), "{host} {options}: {ended}");
    }
    certificate_of_an_authority(&dir, "localhost");
    install().await;
    client.batch_execute("select pg_reload_conf()").await.unwrap();
    let mut ended = String::new();
    for _ in 0..100 {
        ended = write("localhost", &format!("sslmode=verify-full&{authority}"), None).await;
        // until the server has read it: signed by an authority that is not the one named
        if !ended.contains("name its root certificate") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(ended.contains("authority (CA:TRUE)"), "{ended}");
    drop(client);
    assert!(run(&["stop", place]).success());
    std::fs::remove_dir_all(&dir).unwrap();
}
