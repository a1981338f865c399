//! Many clients at once, while the server and the database come and go.

use super::{Client, Server};
use crate::support::server;
use hyper::{Method, StatusCode};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

const CONNECTIONS: usize = 64;
const REQUESTS: usize = 10_000;

/// Sends each document until it is answered 200; gives the ids, and how often something else happened.
async fn send_all(address: String, requests: usize, done: Arc<AtomicUsize>) -> (BTreeSet<String>, usize) {
    let mut senders = JoinSet::new();
    let retried = Arc::new(AtomicUsize::new(0));
    for sender in 0..CONNECTIONS {
        let (address, done, retried) = (address.clone(), done.clone(), retried.clone());
        senders.spawn(async move {
            let mut client = None;
            let mut durable = Vec::new();
            for n in (sender..requests).step_by(CONNECTIONS) {
                let id = format!("e-{n}");
                let body = format!(r#"{{"id":"{id}","n":{n}}}"#);
                loop {
                    let connected = match client.take() {
                        Some(client) => Some(client),
                        None => Client::connect(&address).await,
                    };
                    if let Some(mut connected) = connected
                        && let Some(answered) =
                            connected.send(Method::POST, "/collect", &[], body.clone().into()).await
                    {
                        client = Some(connected);
                        if answered.status == StatusCode::OK {
                            break;
                        }
                        assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE, "{answered:?}");
                        assert!(answered.headers.contains_key("retry-after"), "{answered:?}");
                    }
                    retried.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                done.fetch_add(1, Ordering::Relaxed);
                durable.push(id);
            }
            durable
        });
    }
    let ids = senders.join_all().await.into_iter().flatten().collect();
    (ids, retried.load(Ordering::Relaxed))
}

async fn until(done: &AtomicUsize, count: usize) {
    while done.load(Ordering::Relaxed) < count {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_durable_though_the_server_is_killed_and_ended_meanwhile() {
    let Some(place) = server("collect_load").await else { return };
    let schema = format!("sink.schema={}", place.schema);
    let arguments = ["--sink", place.url.as_str(), "--set", &schema, "--set", "collect.id=/id"];
    let mut serving = Server::start(&arguments).await;
    let address = serving.address.clone();
    let done = Arc::new(AtomicUsize::new(0));
    let sending = tokio::spawn(send_all(address.clone(), REQUESTS, done.clone()));
    until(&done, REQUESTS / 4).await;
    serving.signal("KILL");
    serving.child.wait().await.unwrap();
    let durable = done.load(Ordering::Relaxed);
    assert!(durable < REQUESTS, "the kill came too late");
    let stored = place.count("select count(*) from {s}.collect").await;
    assert!(usize::try_from(stored).unwrap() >= durable, "{stored} stored, {durable} answered");
    let serving = Server::start_at(&address, &arguments).await;
    until(&done, REQUESTS / 2).await;
    serving.end().await;
    let serving = Server::start_at(&address, &arguments).await;
    let (ids, retried) = sending.await.unwrap();
    serving.end().await;
    assert_eq!(ids.len(), REQUESTS);
    assert!(retried > 0);
    let found: BTreeSet<String> =
        place.texts("select pk->>'_id' from {s}.collect").await.into_iter().collect();
    assert!(found == ids, "{} rows, {} ids", found.len(), ids.len());
    place.finish().await;
}

/// Between server and database: while it is cut, nobody is let through and who was is thrown out.
async fn cuttable(target: String, mut cut: watch::Receiver<bool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            if *cut.borrow_and_update() {
                continue;
            }
            let (target, mut cut) = (target.clone(), cut.clone());
            tokio::spawn(async move {
                let Ok(mut server) = TcpStream::connect(target).await else { return };
                tokio::select! {
                    _ = copy_bidirectional(&mut client, &mut server) => {}
                    _ = cut.wait_for(|is| *is) => {}
                }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_senders_are_told_to_come_again() {
    let Some(place) = server("collect_away").await else { return };
    let config: tokio_postgres::Config = place.url.parse().unwrap();
    let (host, port) = match &config.get_hosts()[0] {
        tokio_postgres::config::Host::Tcp(host) => (host.clone(), config.get_ports()[0]),
        tokio_postgres::config::Host::Unix(_) => return,
    };
    let (switch, cut) = watch::channel(false);
    let own = cuttable(format!("{host}:{port}"), cut).await;
    let url = place.url.replace(&format!("port={port}"), &format!("port={own}"));
    let url = url.replace(&format!(":{port}"), &format!(":{own}"));
    let schema = format!("sink.schema={}", place.schema);
    let serving = Server::start(&["--sink", &url, "--set", &schema, "--set", "collect.id=/id"]).await;
    let done = Arc::new(AtomicUsize::new(0));
    let sending = tokio::spawn(send_all(serving.address.clone(), 2_000, done.clone()));
    let ended = Arc::new(AtomicBool::new(false));
    let switching = tokio::spawn({
        let (ended, done) = (ended.clone(), done.clone());
        async move {
            until(&done, 300).await;
            while !ended.load(Ordering::Relaxed) {
                switch.send_replace(true);
                tokio::time::sleep(Duration::from_millis(300)).await;
                switch.send_replace(false);
                tokio::time::sleep(Duration::from_millis(700)).await;
            }
        }
    });
    let (ids, _) = sending.await.unwrap();
    ended.store(true, Ordering::Relaxed);
    switching.await.unwrap();
    serving.end().await;
    assert_eq!(place.count("select count(*) from {s}.collect").await, 2_000);
    assert_eq!(ids.len(), 2_000);
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stays_away_is_503_with_the_time_to_come_again() {
    // nothing listens there
    let own = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = own.local_addr().unwrap().port();
    drop(own);
    let url = format!("postgresql://u:hunter2@127.0.0.1:{port}/none");
    let serving = Server::start(&["--sink", &url, "--set", "sink.dialect=postgres"]).await;
    let answered = serving.post("/collect", r#"{"n":"secret value"}"#).await;
    assert_eq!(answered.refusal().0, 503, "{answered:?}");
    assert!(answered.headers.contains_key("retry-after"));
    assert!(!answered.body.contains("hunter2") && !answered.body.contains("secret value"));
    serving.end().await;
}
