//! Faults on a real server: whatever breaks, rows end right and the report tells the truth.

use crate::support::{Place, at, change, connect, inserts, server, server_url, with_option};
use rowtide::deadline::Deadline;
use rowtide::error::{Disposition, ErrorKind};
use rowtide::pipeline::process;
use rowtide::report::Outcome;
use rowtide::sink::Sink;
use std::process::Command;
use std::time::Duration;

/// Extra statements that one bad row among `n` may cost.
fn extra_max(n: f64) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
    let extra = (2.0 * n.log2()).floor() as u64 + 2;
    extra
}

/// A storage table that is there before the fault.
async fn prepared(place: &Place) {
    let worker = place.worker(&place.config());
    worker.done(&[change("orders", "first", at(0), 1, Some(r#""n":{"N":"0"}"#))]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_killed_in_mid_batch_lose_nothing() {
    let Some(place) = server("killed").await else { return };
    prepared(&place).await;
    let worker = place.worker(&place.config());
    let killer = connect(&with_option(&place.url, "application_name", "killer")).await;
    let name = place.schema.clone();
    let killing = tokio::spawn(async move {
        for _ in 0..40 {
            let sql = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1";
            killer.query(sql, &[&name]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    });
    let records = inserts("orders", 20_000);
    let mut from = 0;
    while let Some(rest) = records.get(from..).filter(|rest| !rest.is_empty()) {
        let report = worker.take(rest).await;
        assert!(report.failure().is_none(), "{:?}", report.failure());
        match report.failed_position() {
            Some(position) => {
                let at = rest.iter().position(|record| record.position == position).unwrap();
                assert_eq!(report.outcomes[at], Outcome::Failed);
                from += at;
            }
            None => from = records.len(),
        }
    }
    killing.await.unwrap();
    assert!(worker.sink.retries() > 0, "the killer never hit");
    assert_eq!(place.count("select count(*) from {s}.orders").await, 20_001);
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_behind_a_locked_table_ends_before_the_deadline() {
    let Some(place) = server("locked_start").await else { return };
    prepared(&place).await;
    let mut locker = connect(&place.url).await;
    let lock = locker.transaction().await.unwrap();
    lock.batch_execute(&format!("lock table {}.orders_cdc in access exclusive mode", place.schema))
        .await
        .unwrap();
    let worker = place.worker(&place.config());
    let records = inserts("orders", 3);
    let deadline = Deadline::after(Duration::from_secs(2));
    let taken = process(&worker.flow, &worker.sink, &records, deadline);
    // the lock is held until the worker has answered: one that waits for it never does
    let report = tokio::time::timeout(Duration::from_secs(60), taken).await.expect("an answer");
    assert_eq!(report.stopped().map(|error| error.code().as_str()), Some("deadline"), "{report:?}");
    assert_eq!(report.failed_position(), Some("1"));
    lock.rollback().await.unwrap();
    assert_eq!(worker.done(&records).await.applied, 3);
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_stopped_and_started_is_waited_for() {
    if server_url().is_none() {
        eprintln!(
            "not run: a_server_that_is_stopped_and_started needs a real PostgreSQL; set ROWTIDE_TEST_POSTGRES"
        );
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/postgres");
    let dir = std::env::temp_dir().join(format!("rowtide-restart-{}", std::process::id()));
    let dir = dir.to_str().unwrap().to_owned();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let run = |arguments: &[&str]| Command::new("bash").arg(script).args(arguments).status().unwrap();
    let started = run(&["start", &dir, &port]);
    if started.code() == Some(3) {
        eprintln!("not run: a_server_that_is_stopped_and_started needs PostgreSQL's server binaries");
        return;
    }
    assert!(started.success());
    let url = format!("host=127.0.0.1 port={port} user=postgres dbname=postgres");
    let place = Place::new(url, "restart").await;
    let worker = place.worker(&place.config());
    let records = inserts("orders", 3_000);
    worker.done(&records[..1_000]).await;
    assert!(run(&["stop", &dir]).success());
    let (report, started) = tokio::join!(worker.take(&records), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        tokio::task::spawn_blocking({
            let (dir, port) = (dir.clone(), port.clone());
            move || Command::new("bash").arg(script).args(["start", &dir, &port]).status().unwrap()
        })
        .await
        .unwrap()
    });
    assert!(started.success());
    assert_eq!((report.failed_position(), report.counts().received), (None, 3_000), "{:?}", report.stopped());
    let rows = place.count("select count(*) from {s}.orders").await;
    assert!(run(&["stop", &dir]).success());
    let report = worker.take(&records).await;
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(rows, 3_000);
    // and one that stays away is reported, with nothing parked
    assert_eq!(report.failed_position(), Some("1"));
    assert_eq!(report.stopped().unwrap().kind(), ErrorKind::Unavailable);
}

/// Passes bytes on in both directions until it is frozen: then it still accepts connections, and nothing comes through.
async fn freezable(server_port: u16) -> (u16, tokio::sync::watch::Sender<bool>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (freeze, frozen) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut frozen = frozen.clone();
            tokio::spawn(async move {
                let Ok(mut far) = tokio::net::TcpStream::connect(("127.0.0.1", server_port)).await else {
                    return;
                };
                tokio::select! {
                    biased;
                    () = async { drop(frozen.wait_for(|frozen| *frozen).await) } => {
                        // as a host that was paused: the connections stay open
                        std::future::pending::<()>().await;
                    }
                    done = tokio::io::copy_bidirectional(&mut near, &mut far) => drop(done),
                }
            });
        }
    });
    (port, freeze)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_freezes_in_mid_statement_is_given_up_at_the_deadline() {
    let Some(place) = server("frozen").await else { return };
    prepared(&place).await;
    let port = place.count("select current_setting('port')::bigint").await;
    let (port, freeze) = freezable(u16::try_from(port).unwrap()).await;
    let mut config = place.config();
    // asking for encryption waits for an answer, on the connection that cancels, too
    let of_server =
        place.url.split(' ').filter(|pair| !pair.starts_with("host=") && !pair.starts_with("port="));
    let url = of_server.map(str::to_owned).chain([format!("host=127.0.0.1 port={port}")]);
    let url = url.collect::<Vec<_>>().join(" ");
    config.sink.url = Some(rowtide::config::SinkUrl::new(url));
    config.sink.tls = Some(rowtide::config::Tls::Prefer);
    let worker = place.worker(&config);
    let inserted = inserts("orders", 3);
    worker.done(&inserted[..1]).await;
    freeze.send(true).unwrap();
    for records in [&inserted[..], &[change("fresh", "a", at(1), 9, None)]] {
        let taken =
            process(&worker.flow, &worker.sink, records, Deadline::after(Duration::from_millis(1_500)));
        // far beyond what any machine needs to give up
        let report = tokio::time::timeout(Duration::from_secs(60), taken).await.expect("an answer");
        assert_eq!(report.failed_position(), Some(records[0].position.as_str()), "{report:?}");
        assert_eq!(report.stopped().unwrap().disposition(), Disposition::Retry);
    }
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_outlasts_the_deadline_is_cancelled_and_the_record_reported() {
    let Some(place) = server("deadline").await else { return };
    prepared(&place).await;
    let worker = place.worker(&place.config());
    let other = connect(&place.url).await;
    other.batch_execute(&format!("begin; update {}.orders_cdc set aux = aux", place.schema)).await.unwrap();
    let records = [change("orders", "first", at(5), 5, Some(r#""n":{"N":"5"}"#))];
    let deadline = Deadline::after(Duration::from_millis(1_500));
    let report = process(&worker.flow, &worker.sink, &records, deadline).await;
    assert_eq!(report.failed_position(), Some("5"));
    assert_eq!(report.stopped().unwrap().disposition(), Disposition::Retry);
    let running = "select count(*) from pg_stat_activity where application_name = '{s}' and state = 'active' and pid <> pg_backend_pid()";
    // a busy server takes its time to end what was cancelled
    let mut left = place.count(running).await;
    for _ in 0..50 {
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        left = place.count(running).await;
    }
    assert_eq!(left, 0, "nothing of the invocation goes on");
    other.batch_execute("rollback").await.unwrap();
    assert_eq!(worker.done(&records).await.applied, 1);
    assert_eq!(place.view("orders").await[r#"["first"]"#], r#"{"n": 5}"#);
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_is_near_starts_nothing() {
    let Some(place) = server("near").await else { return };
    prepared(&place).await;
    let worker = place.worker(&place.config());
    let deadline = Deadline::after(Duration::from_millis(100));
    let report = process(&worker.flow, &worker.sink, &inserts("orders", 10), deadline).await;
    assert_eq!((report.failed_position(), report.counts().reported), (Some("1"), 10));
    assert_eq!(worker.sink.statements(), 0);
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_timeout_is_tried_again() {
    let Some(mut place) = server("lock_timeout").await else { return };
    prepared(&place).await;
    let other = connect(&place.url).await;
    place.url = with_option(&place.url, "options", "-c lock_timeout=50ms");
    let worker = place.worker(&place.config());
    other.batch_execute(&format!("begin; update {}.orders_cdc set aux = aux", place.schema)).await.unwrap();
    let records = [change("orders", "first", at(5), 5, Some(r#""n":{"N":"5"}"#))];
    let (counts, ()) = tokio::join!(worker.done(&records), async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        other.batch_execute("commit").await.unwrap();
    });
    assert_eq!(counts.applied, 1);
    assert!(worker.sink.retries() > 0);
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_provoked_from_outside_is_survived() {
    let Some(place) = server("deadlock").await else { return };
    let worker = place.worker(&place.config());
    worker.done(&inserts("orders", 2)).await;
    let other = connect(&place.url).await;
    let lock =
        |key: &str| format!("update {}.orders_cdc set aux = aux where key = '[\"{key}\"]'", place.schema);
    other.batch_execute(&format!("begin; {}", lock("k00001"))).await.unwrap();
    let image = Some(r#""n":{"N":"9"}"#);
    let records =
        [change("orders", "k00000", at(50), 50, image), change("orders", "k00001", at(51), 51, image)];
    let (counts, ()) = tokio::join!(worker.done(&records), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        // one of the two is the victim
        if other.batch_execute(&lock("k00000")).await.is_ok() {
            other.batch_execute("commit").await.unwrap();
        } else {
            other.batch_execute("rollback").await.unwrap();
        }
    });
    assert_eq!(counts.applied, 2);
    assert_eq!(place.view("orders").await[r#"["k00001"]"#], r#"{"n": 9}"#);
    place.finish().await;
}

/// A login without privileges on the place's tables.
async fn stranger(place: &Place, grants: &str) -> String {
    let role = format!("{}_stranger", place.schema);
    place
        .run(&format!(
            "drop role if exists {role}; create role {role} login; grant usage on schema {{s}} to {role}; \
             grant select, insert, update on {{s}}.rowtide_targets, {{s}}.rowtide_dead_letters to {role}; {}",
            grants.replace("{r}", &role)
        ))
        .await;
    with_option(&place.url, "user", &role)
}

async fn forget_stranger(place: Place) {
    let role = format!("{}_stranger", place.schema);
    place.run(&format!("drop owned by {role}; drop role {role}")).await;
    place.finish().await;
}

#[tokio::test]
async fn a_revoked_permission_fails_the_invocation_and_parks_nothing() {
    let Some(mut place) = server("revoked").await else { return };
    prepared(&place).await;
    let owner = place.url.clone();
    place.url = stranger(&place, "").await;
    let report = place.worker(&place.config()).take(&inserts("orders", 20)).await;
    let failure = report.failure().expect("the invocation fails");
    assert_eq!((failure.disposition(), failure.sqlstate()), (Disposition::Abort, Some("42501")));
    assert_eq!(report.counts().reported, 20);
    place.url = owner;
    assert_eq!(place.count("select count(*) from {s}.rowtide_dead_letters").await, 0);
    forget_stranger(place).await;
}

#[tokio::test]
async fn a_row_hidden_by_row_security_is_configuration_not_poison() {
    let Some(mut place) = server("row_security").await else { return };
    prepared(&place).await;
    let owner = place.url.clone();
    let grants = "grant select, insert, update on {s}.orders_cdc, {s}.orders to {r}; \
                  alter table {s}.orders_cdc enable row level security; \
                  create policy only_some on {s}.orders_cdc using (true) with check (key <> '[\"k00003\"]')";
    place.url = stranger(&place, grants).await;
    let report = place.worker(&place.config()).take(&inserts("orders", 20)).await;
    let failure = report.failure().expect("the invocation fails");
    assert_eq!((failure.disposition(), failure.sqlstate()), (Disposition::Abort, Some("42501")));
    place.url = owner;
    assert_eq!(place.count("select count(*) from {s}.rowtide_dead_letters").await, 0);
    forget_stranger(place).await;
}

#[tokio::test]
async fn a_full_disk_is_transient() {
    let Some(place) = server("full_disk").await else { return };
    prepared(&place).await;
    place
        .run(
            "create function {s}.full() returns trigger language plpgsql as \
             $$ begin raise exception 'full' using errcode = '53100'; end $$; \
             create trigger full_disk before insert on {s}.orders_cdc for each row execute function {s}.full()",
        )
        .await;
    let worker = place.worker(&place.config());
    let deadline = Deadline::after(Duration::from_millis(1_500));
    let report = process(&worker.flow, &worker.sink, &inserts("orders", 20), deadline).await;
    assert_eq!(report.failed_position(), Some("1"));
    assert_eq!(report.stopped().unwrap().sqlstate(), Some("53100"));
    assert_eq!(place.count("select count(*) from {s}.rowtide_dead_letters").await, 0);
    place.finish().await;
}

#[tokio::test]
async fn one_row_refused_by_a_trigger_is_isolated_among_a_thousand() {
    let Some(place) = server("trigger").await else { return };
    prepared(&place).await;
    place
        .run(
            "create function {s}.refuse() returns trigger language plpgsql as \
             $$ begin if new.key = '[\"k00613\"]' then raise exception 'secret %', new.data; end if; return new; end $$; \
             create trigger refuse before insert or update on {s}.orders_cdc for each row execute function {s}.refuse()",
        )
        .await;
    let worker = place.worker(&place.config());
    let counts = worker.done(&inserts("orders", 1_000)).await;
    assert_eq!((counts.applied, counts.parked), (999, 1));
    assert!(worker.sink.statements() <= 1 + extra_max(1_000.0), "{} statements", worker.sink.statements());
    let letters = place
        .texts("select concat_ws(' ', code, key, \"table\", position, message) from {s}.rowtide_dead_letters")
        .await;
    assert_eq!(letters.len(), 1);
    assert!(letters[0].starts_with(r#"rejected ["k00613"] orders 614 "#), "{letters:?}");
    assert!(letters[0].contains("P0001") && !letters[0].contains("secret"), "{letters:?}");
    place.finish().await;
}

#[tokio::test]
async fn what_a_trigger_says_in_the_place_of_names_is_not_told() {
    let Some(place) = server("raised").await else { return };
    prepared(&place).await;
    place
        .run(
            "create function {s}.refuse() returns trigger language plpgsql as $$ begin raise exception 'refused' \
             using errcode = '23514', column = new.data->>'n', constraint = new.key, table = new.pk::text; end $$; \
             create trigger refuse before insert on {s}.orders_cdc for each row execute function {s}.refuse()",
        )
        .await;
    let worker = place.worker(&place.config());
    let report = worker.take(&[change("orders", "secret", at(1), 1, Some(r#""n":{"N":"4711"}"#))]).await;
    assert_eq!(report.counts().parked, 1, "{report:?}");
    let messages = place.texts("select message from {s}.rowtide_dead_letters").await;
    assert_eq!(messages, ["The database refuses the row: SQLSTATE 23514."]);
    // what the server itself names is told
    place.run("drop trigger refuse on {s}.orders_cdc; alter table {s}.orders_cdc add constraint odd check (data->>'n' <> '5')").await;
    let report = worker.take(&[change("orders", "a", at(2), 2, Some(r#""n":{"N":"5"}"#))]).await;
    assert_eq!(report.counts().parked, 1, "{report:?}");
    let messages = place
        .texts("select message from {s}.rowtide_dead_letters where message like '%constraint odd%'")
        .await;
    assert_eq!(messages.len(), 1);
    place.finish().await;
}

#[tokio::test]
async fn a_row_refused_by_a_check_gives_way_to_its_next_lower_version() {
    let Some(place) = server("check").await else { return };
    prepared(&place).await;
    place.run("alter table {s}.orders_cdc add constraint small check ((data->>'n')::numeric < 5000)").await;
    let mut records = inserts("orders", 1_000);
    records.push(change("orders", "k00500", at(5_000), 5_001, Some(r#""n":{"N":"77"}"#)));
    records.push(change("orders", "k00500", at(5_001), 5_002, Some(r#""n":{"N":"9000"}"#)));
    let worker = place.worker(&place.config());
    let counts = worker.done(&records).await;
    assert_eq!((counts.applied, counts.parked), (1_001, 1));
    assert_eq!(place.view("orders").await[r#"["k00500"]"#], r#"{"n": 77}"#);
    assert!(worker.sink.statements() <= 2 + extra_max(1_000.0), "{} statements", worker.sink.statements());
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_reader_of_the_view_does_not_stop_a_worker_that_starts() {
    let Some(place) = server("reader").await else { return };
    prepared(&place).await;
    let reader = connect(&place.url).await;
    reader.batch_execute(&format!("begin; select * from {}.orders", place.schema)).await.unwrap();
    let mut config = place.config();
    let mut route = rowtide::policy::RoutePolicy::default();
    route.types.insert("n".into(), "bigint".into());
    config.routes = vec![route];
    let worker = place.worker(&config);
    assert_eq!(worker.done(&inserts("orders", 5)).await.applied, 5);
    let column = "select count(*) from information_schema.columns where table_schema = '{s}' and table_name = 'orders' and column_name = 'n'";
    assert_eq!(place.count(column).await, 0, "the old view stays while it is read");
    reader.batch_execute("commit").await.unwrap();
    let worker = place.worker(&config);
    worker.done(&inserts("orders", 6)).await;
    assert_eq!(place.count(column).await, 1, "the next start replaces it");
    assert_eq!(place.count("select sum(n)::bigint from {s}.orders").await, 15);
    place.finish().await;
}

#[tokio::test]
async fn sessions_that_died_between_invocations_are_replaced() {
    let Some(place) = server("between").await else { return };
    let worker = place.worker(&place.config());
    worker.done(&inserts("orders", 10)).await;
    let killer = connect(&with_option(&place.url, "application_name", "killer")).await;
    let sql = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1";
    killer.query(sql, &[&place.schema]).await.unwrap();
    let counts = worker.done(&inserts("orders", 20)).await;
    assert_eq!((counts.applied, counts.stale), (10, 10));
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_lands_after_its_retry_changes_nothing() {
    let Some(place) = server("late").await else { return };
    prepared(&place).await;
    // the first worker's statement hangs on a lock; its row is written by a second worker and then by a third version
    let other = connect(&place.url).await;
    other.batch_execute(&format!("begin; update {}.orders_cdc set aux = aux", place.schema)).await.unwrap();
    let frozen = place.worker(&place.config());
    let old = [change("orders", "first", at(5), 5, Some(r#""n":{"N":"5"}"#))];
    let new = [change("orders", "first", at(6), 6, None)];
    let (late, ()) = tokio::join!(frozen.done(&old), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        // the row's holder writes the delete itself, then lets go
        let version = rowtide::version::Version::new('k', 0, rowtide::version::Rank::Positioned);
        let version = version.number(at(6)).digits("6").unwrap();
        other
            .batch_execute(&format!(
                "update {}.orders_cdc set version = '{version}', deleted = true, data = null; commit",
                place.schema
            ))
            .await
            .unwrap();
    });
    assert_eq!(late.stale, 1);
    assert_eq!(place.worker(&place.config()).done(&new).await.stale, 1);
    assert_eq!(place.count("select count(*) from {s}.orders").await, 0);
    place.finish().await;
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_character_is_refused_at_the_start() {
    let Some(mut place) = server("latin1").await else { return };
    place.run("drop database if exists rowtide_test_latin1").await;
    place.run("create database rowtide_test_latin1 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0").await;
    let home = place.url.clone();
    place.url = with_option(&home, "dbname", "rowtide_test_latin1");
    place.run("create schema {s}").await;
    let worker = place.worker(&place.config());
    let report = worker.take(&inserts("orders", 3)).await;
    worker.sink.close();
    let message = report.failure().map(|error| error.to_string()).unwrap_or_default();
    place.url = home;
    // the sessions of the worker end a moment after it
    place.run("drop database rowtide_test_latin1 with (force)").await;
    place.finish().await;
    assert!(message.contains("LATIN1") && message.contains("UTF8"), "{message}");
}
