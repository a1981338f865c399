//! Everything at once on a server of its own: workers that race and are killed, a server that is restarted at once or
//! loses its backends, locks, revoked privileges, refused rows. Then the rows are those of the source, and no record
//! is missing. `just torture MINUTES` runs it for long; a seed that is printed comes again with ROWTIDE_TORTURE_SEED.

use crate::support::{Place, connect, server_url};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const KEYS: u32 = 150;
const CHANGES: u32 = 6_000;
const EVENT_RECORDS: usize = 60;
const WORKERS: u64 = 3;
/// How long, unless ROWTIDE_TORTURE_MINUTES says otherwise.
const SECONDS: u64 = 40;

/// A server of its own, which is stopped whatever happens.
struct Server {
    dir: PathBuf,
    port: u16,
}

impl Server {
    /// `None` where PostgreSQL's programs are not installed.
    fn start() -> Option<Self> {
        let dir = std::env::temp_dir().join(format!("rowtide-torture-{}", std::process::id()));
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { dir, port };
        (server.control("start").code() != Some(3)).then_some(server)
    }

    fn control(&self, what: &str) -> std::process::ExitStatus {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/postgres");
        let (dir, port) = (self.dir.to_str().unwrap(), self.port.to_string());
        Command::new("bash").args([script, what, dir, &port]).status().unwrap()
    }

    fn url(&self, user: &str) -> String {
        format!("host=127.0.0.1 port={} user={user} dbname=postgres", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.control("stop");
        std::fs::remove_dir_all(&self.dir).unwrap_or_default();
    }
}

/// Changes of a table as DynamoDB Streams sends them, and the rows that they end with.
fn changes(random: &mut StdRng) -> (Vec<String>, BTreeMap<String, String>) {
    let mut rows = BTreeMap::new();
    let mut events = Vec::new();
    for number in 1..=CHANGES {
        let id = format!("k{:03}", random.random_range(0..KEYS));
        let is_delete = random.random_bool(0.2);
        let image = if is_delete {
            String::new()
        } else {
            format!(r#","NewImage":{{"id":{{"S":"{id}"}},"n":{{"N":"{number}"}}}}"#)
        };
        let kind = if is_delete { "REMOVE" } else { "MODIFY" };
        events.push(format!(
            r#"{{"eventID":"e{number}","eventName":"{kind}","eventSource":"aws:dynamodb","awsRegion":"eu-west-1","eventSourceARN":"arn:aws:dynamodb:eu-west-1:1:table/orders/stream/2026-03-01T10:00:00.000","dynamodb":{{"ApproximateCreationDateTime":1772440530,"Keys":{{"id":{{"S":"{id}"}}}}{image},"SequenceNumber":"{number}","StreamViewType":"NEW_AND_OLD_IMAGES"}}}}"#
        ));
        if is_delete {
            rows.remove(&id);
        } else {
            rows.insert(id, number.to_string());
        }
    }
    (events, rows)
}

/// Runs `rowtide` once, killed after a while where that is given; whether it ended well.
fn rowtide(url: &str, arguments: &[&str], kill_after: Option<Duration>) -> bool {
    let mut command = crate::cli::command();
    command.args(arguments).args(["--sink", url, "--set", "sink.schema=torture"]);
    command.args(["--set", "dead_letters.limit=1000000"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    if let Some(time) = kill_after {
        std::thread::sleep(time);
        child.kill().unwrap_or_default();
    }
    child.wait().unwrap().success()
}

/// Batches in any order, again and again, from one of the workers.
fn work(url: &str, files: &[PathBuf], seed: u64, until: Instant, counts: &[AtomicUsize; 2]) {
    let mut random = StdRng::seed_from_u64(seed);
    while Instant::now() < until {
        let mut batches: Vec<&str> = files.iter().map(|file| file.to_str().unwrap()).collect();
        batches.shuffle(&mut random);
        batches.truncate(random.random_range(1..12));
        let kill_after = random.random_bool(0.4).then(|| Duration::from_millis(random.random_range(20..900)));
        let arguments: Vec<&str> = std::iter::once("replay").chain(batches).collect();
        let ended = rowtide(url, &arguments, kill_after);
        counts[usize::from(ended)].fetch_add(1, Ordering::Relaxed);
    }
}

/// One fault after the other, each taken back.
async fn harm(server: &Server, mut random: StdRng, until: Instant) -> usize {
    let mut faults = 0;
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(random.random_range(30..400))).await;
        let client = connect(&server.url("postgres")).await;
        let run = |text: &'static str| {
            let client = &client;
            // what is not there yet cannot be harmed
            async move { client.batch_execute(text).await.is_ok() }
        };
        let pause = Duration::from_millis(random.random_range(50..600));
        match random.random_range(0..10) {
            0..4 => {
                run("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'worker'").await;
            }
            4..6 => {
                run("begin; lock table torture.orders_cdc in access exclusive mode").await;
                tokio::time::sleep(pause).await;
                run("rollback").await;
            }
            6 => {
                run("revoke insert, update on torture.orders_cdc from worker").await;
                tokio::time::sleep(pause).await;
                run("grant insert, update on torture.orders_cdc to worker").await;
            }
            7..9 => {
                run("alter table torture.orders_cdc add constraint odd check ((data->>'n')::int % 7 <> 3) not valid").await;
                tokio::time::sleep(pause).await;
                run("alter table torture.orders_cdc drop constraint if exists odd").await;
            }
            _ => {
                drop(client);
                assert!(server.control("restart").success());
            }
        }
        faults += 1;
    }
    let client = connect(&server.url("postgres")).await;
    let mend = "alter table if exists torture.orders_cdc drop constraint if exists odd; \
                grant all on all tables in schema torture to worker";
    client.batch_execute(mend).await.unwrap();
    faults
}

fn written(folder: &Path, events: &[String]) -> Vec<PathBuf> {
    let file = |(number, events): (usize, &[String])| {
        let file = folder.join(format!("{number:04}.json"));
        std::fs::write(&file, format!(r#"{{"Records":[{}]}}"#, events.join(","))).unwrap();
        file
    };
    events.chunks(EVENT_RECORDS).enumerate().map(file).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_workers_and_server_the_rows_are_those_of_the_source() {
    let server = server_url().and_then(|_| Server::start());
    let Some(server) = server else {
        eprintln!("not run: torture needs a real PostgreSQL and its programs; set ROWTIDE_TEST_POSTGRES");
        return;
    };
    let variable = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = variable("ROWTIDE_TORTURE_SEED")
        .unwrap_or_else(|| std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs());
    let seconds = variable("ROWTIDE_TORTURE_MINUTES").map_or(SECONDS, |minutes| minutes * 60);
    println!("ROWTIDE_TORTURE_SEED={seed}, {seconds} s");
    let mut random = StdRng::seed_from_u64(seed);
    let (events, rows) = changes(&mut random);
    let folder = tempfile::tempdir().unwrap();
    let files = Arc::new(written(folder.path(), &events));
    let place = Place::new(server.url("postgres"), "torture").await;
    place.run("create role worker login; create schema torture; grant all on schema torture to worker").await;
    let until = Instant::now() + Duration::from_secs(seconds);
    let counts = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let workers: Vec<_> = (0..WORKERS)
        .map(|number| {
            let (url, files, counts) = (server.url("worker"), files.clone(), counts.clone());
            std::thread::spawn(move || work(&url, &files, seed + number, until, &counts))
        })
        .collect();
    let faults = harm(&server, random, until).await;
    tokio::task::spawn_blocking(move || workers.into_iter().for_each(|worker| worker.join().unwrap()))
        .await
        .unwrap();
    // everything once more, undisturbed, and what was parked
    let (url, all) = (server.url("worker"), files.clone());
    let ended = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> =
            std::iter::once("replay").chain(all.iter().map(|file| file.to_str().unwrap())).collect();
        rowtide(&url, &arguments, None) && rowtide(&url, &["dead-letters", "redrive"], None)
    });
    assert!(ended.await.unwrap(), "seed {seed}: the last replay or redrive failed");
    let [failed, well] = [0, 1].map(|at| counts[at].load(Ordering::Relaxed));
    let letters = place.count("select count(*) from torture.rowtide_dead_letters where attempts > 0").await;
    println!(
        "{faults} faults; {well} replays ended well, {failed} were killed or failed; {letters} letters redriven"
    );
    assert!(well > 0 && failed > 0 && faults > 0, "seed {seed}: nothing was disturbed");
    let open = "select count(*) from torture.rowtide_dead_letters where redriven_at is null";
    assert_eq!(place.count(open).await, 0, "seed {seed}");
    let found = place.texts("select (pk->>'id') || ' ' || (data->>'n') from torture.orders order by 1").await;
    let expected: Vec<String> = rows.iter().map(|(id, number)| format!("{id} {number}")).collect();
    assert!(found == expected, "seed {seed}: {} rows, right are {}", found.len(), expected.len());
    drop(server);
}
