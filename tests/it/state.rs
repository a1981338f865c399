//! What jobs keep: on PostgreSQL, and on CrateDB where one runs. Of many workers exactly one is the faster, nothing is
//! written twice, and an answer that is lost makes nobody else of oneself.

use crate::cli::{Ended, rowtide};
use crate::sources::{Database, EU, of_region};
use crate::status::servers;
use crate::support::{connect, server};
use rowtide::config::{Config, Ddl, SinkUrl};
use rowtide::deadline::Deadline;
use rowtide::error::{Code, ErrorKind};
use rowtide::sink::{self, STATE_JOB_MAX, STATE_KEY_MAX, STATE_TEXT_MAX, Sink as _, State};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const JOB: &str = "snapshot";

/// The same settings as another process has them.
fn open(config: &Config) -> sink::Database {
    sink::Database::new(config).unwrap()
}

async fn put(sink: &sink::Database, key: &str, text: &str, expected: Option<i64>) -> Option<i64> {
    sink.put_state(JOB, key, text, expected, Deadline::never()).await.unwrap()
}

async fn get(sink: &sink::Database, key: &str) -> Option<State> {
    sink.state(JOB, key, Deadline::never()).await.unwrap()
}

async fn keys(sink: &sink::Database, job: Option<&str>, prefix: Option<&str>) -> Vec<String> {
    sink.states(job, prefix).await.unwrap().into_iter().map(|state| state.key).collect()
}

#[tokio::test]
async fn a_state_is_there_once_it_was_put_and_changes_only_from_the_version_that_is_there() {
    for database in Database::each("state").await {
        let sink = open(&database.config);
        // there is no table yet, and reading makes none
        assert_eq!(get(&sink, "k").await, None);
        assert_eq!(sink.states(None, None).await.unwrap(), []);
        assert_eq!(sink.clear_state(JOB, "", Deadline::never()).await.unwrap(), 0);
        assert_eq!(put(&sink, "k", "changed", Some(1)).await, None);
        let first = put(&sink, "k", "one", None).await.expect("nobody else is there");
        assert_eq!(put(&sink, "k", "other", None).await, None, "it is there already");
        let read = get(&sink, "k").await.unwrap();
        assert_eq!((&*read.job, &*read.key, &*read.text, read.version), (JOB, "k", "one", first));
        let age = jiff::Timestamp::now().duration_since(read.updated_at);
        assert!(age.abs() < jiff::SignedDuration::from_secs(60), "{age:?}");
        assert_eq!(put(&sink, "k", "stale", Some(first + 1)).await, None);
        assert_eq!(put(&sink, "k2", "nothing there", Some(first)).await, None);
        let second = put(&sink, "k", "two", Some(first)).await.expect("the version is still there");
        assert_ne!(first, second);
        assert_eq!(put(&sink, "k", "stale", Some(first)).await, None);
        assert_eq!(get(&sink, "k").await.unwrap().text, "two");
        // who holds what was cleared does not hold what comes behind it
        assert_eq!(sink.clear_state(JOB, "k", Deadline::never()).await.unwrap(), 1);
        assert_eq!(get(&sink, "k").await, None);
        let third = put(&sink, "k", "three", None).await.unwrap();
        assert!(third != first && third != second);
        assert_eq!(put(&sink, "k", "of before", Some(second)).await, None);
        sink.close();
        database.finish().await;
    }
}

#[tokio::test]
async fn states_are_found_by_job_and_by_the_beginning_of_their_keys_in_one_order() {
    for database in Database::each("state_list").await {
        let sink = open(&database.config);
        let odd = ["a_1", "a_2", "aX1", "a%1", "Z", "\u{ffff}", "\u{10000}", "é", ""];
        for key in odd {
            put(&sink, key, "t", None).await.unwrap();
        }
        // more than are read at once
        let many: Vec<String> = (0..450).map(|n| format!("many/{n:04}")).collect();
        for key in &many {
            put(&sink, key, "t", None).await.unwrap();
        }
        sink.put_state("poll", "a_1", "t", None, Deadline::never()).await.unwrap();
        assert_eq!(keys(&sink, Some(JOB), Some("a_")).await, ["a_1", "a_2"], "{}", database.is_cratedb());
        assert_eq!(keys(&sink, Some(JOB), Some("a%")).await, ["a%1"]);
        assert_eq!(keys(&sink, Some(JOB), Some("many/")).await, many);
        assert_eq!(keys(&sink, Some("none"), None).await, [""; 0]);
        let mut all: Vec<String> = odd.into_iter().map(str::to_owned).chain(many).collect();
        all.sort();
        assert_eq!(keys(&sink, Some(JOB), None).await, all);
        assert_eq!(keys(&sink, Some(JOB), Some("")).await, all);
        let of_all = sink.states(None, None).await.unwrap();
        assert_eq!(of_all.len(), all.len() + 1);
        assert_eq!((&*of_all[0].job, &*of_all[0].key), ("poll", "a_1"));
        let clear = async |job, prefix| sink.clear_state(job, prefix, Deadline::never()).await.unwrap();
        for key in ["a_1 20261130T231151Z 0", "a_1/x", "a_12", "a_1 b"] {
            put(&sink, key, "t", None).await.unwrap();
        }
        assert_eq!(clear(JOB, "a_").await, 0, "keys that only begin alike are others");
        assert_eq!(clear(JOB, "a_1").await, 3);
        assert_eq!(keys(&sink, Some(JOB), Some("a_")).await, ["a_1 b", "a_12", "a_2"]);
        assert_eq!(clear(JOB, "a_12").await + clear(JOB, "a_2").await + clear(JOB, "a_1 b").await, 3);
        assert_eq!(keys(&sink, Some(JOB), Some("a")).await, ["a%1", "aX1"]);
        assert_eq!(clear("none", "").await, 0);
        assert_eq!(clear(JOB, "").await, all.len() as u64 - 2);
        assert_eq!(keys(&sink, None, None).await, ["a_1"], "that of the other job stays");
        sink.close();
        database.finish().await;
    }
}

/// `bytes` characters that no index can make shorter.
fn noise(bytes: usize) -> String {
    let mut seed = 7_u64;
    let letter = |seed: &mut u64| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from((*seed >> 33) % 90).unwrap())
    };
    (0..bytes).map(|_| letter(&mut seed)).collect()
}

#[tokio::test]
async fn names_and_texts_of_any_characters_are_kept_up_to_their_bounds_and_refused_beyond() {
    for database in Database::each("state_odd").await {
        let sink = open(&database.config);
        let never = Deadline::never();
        let (job, key, text) = (noise(STATE_JOB_MAX), noise(STATE_KEY_MAX), noise(STATE_TEXT_MAX));
        let version = sink.put_state(&job, &key, &text, None, never).await.unwrap();
        assert!(version.is_some());
        assert_eq!(sink.state(&job, &key, never).await.unwrap().unwrap().text, text);
        for odd in ["", "it's \"quoted\"\n\ttwo\\lines", "{state} $1 %s", "größer → 東京 😀 \u{feff}", "null"]
        {
            let version = put(&sink, odd, odd, None).await;
            assert!(version.is_some(), "{odd:?}");
            assert_eq!(put(&sink, odd, "another", None).await, None, "{odd:?}");
            let read = get(&sink, odd).await.unwrap();
            assert_eq!((read.key.as_str(), read.text.as_str(), Some(read.version)), (odd, odd, version));
            let changed = put(&sink, odd, "", version).await;
            assert!(changed.is_some() && get(&sink, odd).await.unwrap().text.is_empty(), "{odd:?}");
        }
        let long = |bytes: usize| "secret".repeat(bytes / 6 + 1);
        let refused: [(&str, &str, &str, &str); 7] = [
            ("", "k", "t", "must have a name"),
            ("secret\0", "k", "t", "NUL"),
            (JOB, "secret\0", "t", "NUL"),
            (JOB, "k", "secret\0", "NUL"),
            (&long(STATE_JOB_MAX), "k", "t", "256"),
            (JOB, &long(STATE_KEY_MAX), "t", "1024"),
            (JOB, "k", &long(STATE_TEXT_MAX), "262144"),
        ];
        for (job, key, text, expected) in refused {
            let error = sink.put_state(job, key, text, None, never).await.unwrap_err();
            let said = error.to_string();
            assert!(error.kind() == ErrorKind::Config && said.contains(expected), "{said}");
            assert!(!said.contains("secret"), "{said}");
        }
        for error in [
            sink.state(JOB, "secret\0", never).await.unwrap_err(),
            sink.states(None, Some("secret\0")).await.unwrap_err(),
            sink.clear_state("", "", never).await.unwrap_err(),
        ] {
            assert!(error.kind() == ErrorKind::Config && !error.to_string().contains("secret"), "{error}");
        }
        sink.close();
        database.finish().await;
    }
}

/// Of one worker, all that it increments.
async fn increments(config: Config, times: usize) -> sink::Database {
    let sink = open(&config);
    for _ in 0..times {
        loop {
            let state = get(&sink, "counter").await.unwrap();
            let next = state.text.parse::<u32>().unwrap() + 1;
            if put(&sink, "counter", &next.to_string(), Some(state.version)).await.is_some() {
                break;
            }
        }
    }
    sink
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_workers_one_gets_a_claim_and_a_counter_ends_exact() {
    const WORKERS: usize = 16;
    const TIMES: usize = 5;
    for database in servers("state_many").await {
        let config = database.with(|config| config.sink.connections = 1);
        // nobody has made the table: all of them try
        for key in ["first", "second", "third"] {
            let claims: Vec<_> = (0..WORKERS)
                .map(|worker| {
                    let config = config.clone();
                    tokio::spawn(async move {
                        let sink = open(&config);
                        let version = put(&sink, key, &worker.to_string(), None).await;
                        sink.close();
                        version.map(|version| (worker.to_string(), version))
                    })
                })
                .collect();
            let mut won = Vec::new();
            for claim in claims {
                won.extend(claim.await.unwrap());
            }
            let sink = open(&config);
            let state = get(&sink, key).await.unwrap();
            assert_eq!(won, [(state.text, state.version)], "{key}");
            sink.close();
        }
        let sink = open(&config);
        put(&sink, "counter", "0", None).await.unwrap();
        let tasks: Vec<_> = (0..WORKERS).map(|_| tokio::spawn(increments(config.clone(), TIMES))).collect();
        for task in tasks {
            task.await.unwrap().close();
        }
        assert_eq!(get(&sink, "counter").await.unwrap().text, (WORKERS * TIMES).to_string());
        sink.close();
        database.finish().await;
    }
}

/// A way to the server at `port` that passes the first message with `word` on and is gone before its answer.
fn losing(port: u16, word: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    let is_lost = Arc::new(AtomicBool::new(false));
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
            let is_lost = is_lost.clone();
            std::thread::spawn(move || {
                let mut bytes = vec![0; 65_536];
                while let Ok(length @ 1..) = client.read(&mut bytes) {
                    let is_meant = String::from_utf8_lossy(&bytes[..length]).contains(word);
                    if is_meant && !is_lost.swap(true, Ordering::Relaxed) {
                        client.shutdown(Shutdown::Both).unwrap();
                    }
                    server.write_all(&bytes[..length]).unwrap_or_default();
                }
            });
        }
    });
    own
}

/// The server of `config` behind a way that loses an answer.
fn behind(config: &Config, word: &'static str) -> Config {
    let own: tokio_postgres::Config = config.sink.url.as_ref().unwrap().expose().parse().unwrap();
    let (user, database) = (own.get_user().unwrap(), own.get_dbname().unwrap());
    let port = losing(own.get_ports()[0], word);
    let mut config = config.clone();
    config.sink.url =
        Some(SinkUrl::new(format!("postgresql://{user}@127.0.0.1:{port}/{database}?sslmode=disable")));
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn a_put_whose_answer_is_lost_is_not_taken_for_somebody_elses() {
    for database in servers("state_lost").await {
        let direct = open(&database.config);
        let begun = put(&direct, "cursor", "0", None).await.unwrap();
        let lossy = open(&behind(&database.config, "lost-claim"));
        let claimed = put(&lossy, "claim", "lost-claim", None).await;
        assert!(claimed.is_some() && lossy.retries() > 0, "{claimed:?}, {} retries", lossy.retries());
        assert_eq!(get(&direct, "claim").await.map(|state| state.version), claimed);
        let lossy = open(&behind(&database.config, "lost-change"));
        let changed = put(&lossy, "cursor", "lost-change", Some(begun)).await;
        assert!(changed.is_some() && lossy.retries() > 0, "{changed:?}, {} retries", lossy.retries());
        assert_eq!(get(&direct, "cursor").await.map(|state| state.version), changed);
        // and one who is too late stays it
        let lossy = open(&behind(&database.config, "lost-late"));
        assert_eq!(put(&lossy, "claim", "lost-late", None).await, None);
        assert!(lossy.retries() > 0);
        direct.close();
        database.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_locked_is_waited_for_until_the_deadline() {
    let Some(place) = server("state_locked").await else { return };
    let sink = open(&place.config());
    let version = put(&sink, "k", "t", None).await;
    let mut locker = connect(&place.url).await;
    let lock = locker.transaction().await.unwrap();
    let lock_table = format!("lock table {}.rowtide_state in access exclusive mode", place.schema);
    lock.batch_execute(&lock_table).await.unwrap();
    let (begin, soon) = (Instant::now(), || Deadline::after(Duration::from_secs(1)));
    let errors = [
        sink.put_state(JOB, "k", "late", version, soon()).await.unwrap_err(),
        sink.state(JOB, "k", soon()).await.unwrap_err(),
        sink.clear_state(JOB, "", soon()).await.unwrap_err(),
    ];
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    assert!(errors.iter().all(|error| error.kind() == ErrorKind::Unavailable), "{errors:?}");
    lock.rollback().await.unwrap();
    // what was given up is not written afterwards
    let kept = get(&sink, "k").await.map(|state| (state.text, state.version));
    assert_eq!(kept, version.map(|version| ("t".to_owned(), version)));
    sink.close();
    place.finish().await;
}

#[tokio::test]
async fn where_nothing_may_be_made_the_statement_is_told_and_reading_finds_nothing() {
    for database in Database::each("state_never").await {
        let config = database.with(|config| config.sink.ddl = Ddl::Never);
        let sink = open(&config);
        assert_eq!(get(&sink, "k").await, None);
        assert_eq!(sink.states(Some(JOB), None).await.unwrap(), []);
        assert_eq!(put(&sink, "k", "t", Some(1)).await, None);
        let error = sink.put_state(JOB, "k", "t", None, Deadline::never()).await.unwrap_err();
        assert_eq!(error.code(), Code::MissingObject, "{error}");
        let (_, statements) = error.message().split_once("Run:\n").unwrap();
        sink.close();
        for statement in statements.split(';').filter(|statement| !statement.trim().is_empty()) {
            database.execute(statement).await;
        }
        let sink = open(&config);
        assert!(put(&sink, "k", "t", None).await.is_some());
        sink.close();
        database.finish().await;
    }
}

#[tokio::test]
async fn a_database_of_the_former_version_gets_its_table_by_the_first_put_and_goes_on() {
    for database in Database::each("state_upgrade").await {
        database.done(&database.config, &[of_region(EU, 1, Some("eu"))]).await;
        let sink = open(&database.config);
        assert_eq!(get(&sink, "k").await, None);
        assert!(put(&sink, "k", "t", None).await.is_some());
        sink.close();
        database.done(&database.config, &[of_region(EU, 2, Some("eu2"))]).await;
        assert_eq!(database.view("orders").await.into_values().collect::<Vec<_>>(), [r#"{"place":"eu2"}"#]);
        // whoever has seen it notices that it is gone
        let sink = open(&database.config);
        assert!(get(&sink, "k").await.is_some());
        sink.close();
        database.execute("drop table {s}.rowtide_state").await;
        let sink = open(&database.config);
        assert_eq!(get(&sink, "k").await, None);
        assert!(put(&sink, "k", "again", None).await.is_some());
        sink.close();
        database.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_dropped_meanwhile_is_made_again() {
    for database in servers("state_dropped").await {
        let sink = open(&database.config);
        assert!(put(&sink, "k", "t", None).await.is_some());
        database.execute("drop table {s}.rowtide_state").await;
        assert_eq!(get(&sink, "k").await, None);
        assert!(put(&sink, "k", "again", None).await.is_some());
        assert_eq!(get(&sink, "k").await.unwrap().text, "again");
        sink.close();
        database.finish().await;
    }
}

/// `rowtide state` in that database.
fn command(database: &Database, args: &[&str]) -> Ended {
    let url = database.config.sink.url.as_ref().unwrap().expose();
    let schema = format!("sink.schema={}", database.config.sink.schema);
    rowtide(&[&["state"], args, &["--config", "/dev/null", "--sink", url, "--set", &schema]].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_lists_what_jobs_keep_and_clears_what_it_is_told_to() {
    for database in servers("state_cli").await {
        let list = |args: &[&str]| command(&database, &[&["list"], args].concat());
        let ended = list(&[]);
        assert_eq!((ended.status, ended.out.as_str()), (0, "no states\n"), "{}", ended.err);
        let sink = open(&database.config);
        let text = "{\"after\":[\"it's\",\n\u{1b}]}";
        let version = put(&sink, "orders/run-1", text, None).await.unwrap();
        put(&sink, &format!("orders/{}", "k".repeat(500)), &"x".repeat(500), None).await.unwrap();
        put(&sink, "customers", "t", None).await.unwrap();
        sink.put_state("poll", "orders", "t", None, Deadline::never()).await.unwrap();
        sink.close();
        let lines = list(&["--output", "json", "orders/run", "--job", JOB]).lines();
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!((&line["job"], &line["key"]), (&JOB.into(), &"orders/run-1".into()));
        assert_eq!((&line["state"], &line["version"]), (&text.into(), &version.into()));
        assert!(
            line["updated_at"].as_str().is_some_and(|at| at.parse::<jiff::Timestamp>().is_ok()),
            "{line}"
        );
        assert_eq!(list(&["--output", "json"]).lines().len(), 4);
        // for people: within 80 columns, nothing that steers the terminal, a list for each job
        let all = list(&[]).out;
        assert!(all.lines().all(|line| line.chars().count() <= 80), "{all}");
        assert!(all.contains("1 state of the job poll\n") && !all.contains('\u{1b}'), "{all}");
        let of_job = list(&["--job", JOB]).out;
        assert!(of_job.lines().all(|line| line.chars().count() <= 80), "{of_job}");
        assert!(of_job.contains("run-1") && of_job.contains(&version.to_string()), "{of_job}");
        assert!(of_job.ends_with("3 states of the job snapshot\n"), "{of_job}");
        assert!(all.ends_with(&of_job), "{all}");
        let clear = |args: &[&str]| command(&database, &[&["clear"], args].concat());
        let ended = clear(&[JOB]);
        assert!(ended.status == 2 && ended.err.contains("--all"), "{}", ended.err);
        assert_eq!(clear(&[JOB, "orders/", "--all"]).status, 2);
        assert_eq!(list(&["--output", "json"]).lines().len(), 4, "nothing is cleared");
        assert_eq!(clear(&[JOB, "orders/", "--output", "json"]).out, "{\"cleared\":2}\n");
        assert_eq!(clear(&[JOB, "--all"]).out, "1 state cleared\n");
        assert_eq!(list(&["--output", "json"]).lines()[0]["job"], "poll");
        assert_eq!(clear(&["nobody", "--all"]).out, "0 states cleared\n");
        database.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_table_is_among_those_that_are_told_of() {
    for database in servers("state_told").await {
        let exists = || {
            let url = database.config.sink.url.as_ref().unwrap().expose();
            let schema = format!("sink.schema={}", database.config.sink.schema);
            let args =
                ["status", "--config", "/dev/null", "--sink", url, "--set", &schema, "--output", "json"];
            let found = rowtide(&args).object();
            let tables = found["own_tables"].as_array().unwrap();
            let table = tables.iter().find(|table| table["table"] == "rowtide_state");
            table.unwrap_or_else(|| panic!("{found}"))["exists"].as_bool().unwrap()
        };
        assert!(!exists());
        let sink = open(&database.config);
        put(&sink, "k", "t", None).await.unwrap();
        sink.close();
        assert!(exists());
        database.finish().await;
    }
    for dialect in ["postgres", "cratedb"] {
        let printed = rowtide(&["ddl", "orders", "--dialect", dialect, "--set", "sink.schema=cdc"]).out;
        assert!(printed.contains("create table if not exists \"cdc\".\"rowtide_state\" ("), "{printed}");
    }
}
