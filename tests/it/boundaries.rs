//! What leaves the command and what it waits for: no password, nothing that a terminal would obey, no silence.

use crate::cli::{Ended, rowtide, rowtide_with};
use crate::support::{at, change, server};
use rowtide::deadline::Deadline;
use rowtide::pipeline::{Flow, process};
use rowtide::sink::Postgres;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

const INSERT: &str = "events/dynamodb-kinesis/insert.json";

/// A password in every form in which a database can be named.
const LOGINS: [&str; 11] = [
    "postgresql://u:hunter2@127.0.0.1:1/db",
    "crate://u:hunter2@127.0.0.1:1/db",
    "postgresql://u:hun%40ter2hunter2@127.0.0.1:1/db",
    "postgresql://u:a@hunter2@127.0.0.1:1/db",
    "postgresql://u:a hunter2@127.0.0.1:1/db",
    "postgresql://127.0.0.1:1/db?user=u&password=hunter2",
    "host=127.0.0.1 port=1 password=hunter2",
    "host=127.0.0.1 port=1 password='a hunter2'",
    "password = hunter2 host = 127.0.0.1 port = 1",
    "mysql://u:hunter2@127.0.0.1:1/db",
    "s3://AKIAEXAMPLE:hunter2@bucket/events.json",
];

fn check_silent(ended: &Ended, given: &str) {
    let said = format!("{}{}", ended.out, ended.err);
    assert!(!said.contains("hunter2"), "{given}: {said}");
    assert!(ended.status != 0 || !ended.out.is_empty(), "{given}: {said}");
}

#[test]
fn no_command_prints_a_password_wherever_it_was_given() {
    let folder = std::env::temp_dir().join(format!("rowtide-passwords-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let template = folder.join("template.yaml");
    std::fs::write(&template, "Resources: {}\nAWSTemplateFormatVersion: '2010-09-09'\n").unwrap();
    let template = template.to_str().unwrap();
    std::thread::scope(|scope| {
        for login in LOGINS {
            scope.spawn(move || check_commands(login, template));
        }
    });
    std::fs::remove_dir_all(folder).unwrap();
}

fn check_commands(login: &str, template: &str) {
    let (table, path) = (format!("source.table={login}"), format!("sink.tls_root_cert={login}"));
    let (unknown, file) = (format!("{login}=1"), format!("sink.schema=file://{login}"));
    let commands: [&[&str]; 24] = [
        &["replay", login],
        &["decode", login],
        &["plan", INSERT, login],
        &["doctor", login],
        &["doctor", template, "--output", "json", login],
        &["ddl", login],
        &["show", login, "--sink", "postgresql://127.0.0.1:1/d?connect_timeout=1"],
        &["show", "a", login],
        &["config", "--config", login],
        &["config", "--set", login],
        &["config", "--set", &unknown],
        &["config", "--set", &table],
        &["config", "--set", &table, "--output", "json"],
        &["config", "--set", &path],
        &["config", "--set", &file],
        &["doctor", template, "--set", &path],
        &["doctor", template, "--sink", login],
        &["doctor", template, "--parameter", login],
        &["purge", "--older-than", login],
        &["replay", "--batch", login, INSERT],
        &["replay", "--decoder", login, INSERT],
        &["replay", "--data-dir", login, INSERT],
        &["dead-letters", "list", "--since", login],
        &[login],
    ];
    for command in commands {
        check_silent(&rowtide(command), &format!("{command:?}"));
    }
    for variable in ["ROWTIDE_CONFIG", "ROWTIDE_SOURCE_TABLE", "ROWTIDE_SINK_SCHEMA", "ROWTIDE_LOG"] {
        check_silent(&rowtide_with(&["config"], &[(variable, login)], b""), variable);
    }
}

#[test]
fn a_database_in_the_place_of_a_file_is_told_what_it_is() {
    for login in ["postgresql://u:hunter2@h/db", "host=h password='a b'", "crate://h"] {
        for command in ["doctor", "replay", "decode"] {
            let ended = rowtide(&[command, login]);
            let expected = "error: This looks like a database URL: use --sink.";
            assert!(ended.status == 2 && ended.err.starts_with(expected), "{}", ended.err);
            assert!(!ended.err.contains(login), "{}", ended.err);
        }
    }
    let ended = rowtide(&["config", "--config", "host=h password='a b'"]);
    assert!(ended.status == 2 && ended.err.contains("a database URL goes to --sink"), "{}", ended.err);
}

#[test]
fn a_log_line_holds_no_password() {
    let login = "postgresql://u:hunter2@127.0.0.1:1/d?connect_timeout=1";
    let ended = rowtide_with(&["replay", "--sink", login, INSERT], &[("ROWTIDE_LOG", "trace")], b"");
    check_silent(&ended, login);
}

/// What must not reach a terminal: escape, C1, the direction of writing, what has no width, an end of line.
const HOSTILE: &str = "a\u{1b}[31m\u{9b}2J\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}b";

fn check_tame(text: &str) {
    let found = text.chars().find(|&c| c != '\n' && (c.is_control() || HOSTILE.contains(c) && !c.is_ascii()));
    assert_eq!(found, None, "{text:?}");
}

#[test]
fn no_name_steers_the_terminal_by_an_error() {
    let set = format!("{HOSTILE}=1");
    let commands: [&[&str]; 9] = [
        &["replay", HOSTILE],
        &["decode", HOSTILE],
        &["doctor", HOSTILE],
        &["doctor", "--parameter", &set],
        &["config", "--config", HOSTILE],
        &["config", "--set", &set],
        &["show", "a", HOSTILE],
        &["ddl", HOSTILE, "--config", "tests/nothing.toml"],
        &[HOSTILE],
    ];
    for command in commands {
        let ended = rowtide(command);
        assert_eq!(ended.status, 2, "{command:?}");
        check_tame(&ended.err);
        check_tame(&ended.out);
    }
}

#[tokio::test]
async fn no_name_of_a_table_steers_the_terminal_and_json_has_it_exactly() {
    let Some(place) = server("boundaries_terminal").await else { return };
    let schema = format!("sink.schema={}", place.schema);
    let with = |command: &[&str]| {
        let mut args: Vec<&str> = command.to_vec();
        args.extend(["--sink", &place.url, "--set", &schema]);
        rowtide(&args)
    };
    let name = serde_json::to_string(HOSTILE).unwrap();
    let name = name.trim_matches('"');
    let record = change(name, name, at(1), 1, Some(r#""n":{"N":"1"}"#));
    let file = std::env::temp_dir().join(format!("rowtide-{}-terminal.ndjson", std::process::id()));
    std::fs::write(&file, &record.payload).unwrap();
    let file = Path::new(&file).to_str().unwrap();
    let runs: [&[&str]; 6] = [
        &["replay", file],
        &["show", HOSTILE],
        &["show", "nothing"],
        &["purge", "--older-than", "0s"],
        &["dead-letters", "list"],
        &["doctor", "--set", "dead_letters.retention=1d"],
    ];
    for run in runs {
        let ended = with(run);
        check_tame(&ended.out);
        check_tame(&ended.err);
    }
    // the purge of a table that is gone warns with its name
    place.run(&format!("drop table {{s}}.\"{HOSTILE}_cdc\" cascade")).await;
    let gone = with(&["purge", "--older-than", "0s"]);
    assert!(gone.err.contains("was left out"), "{}", gone.err);
    check_tame(&gone.err);
    let shown = with(&["replay", "--force", "--output", "json", file]);
    assert!(shown.object()["tables"].as_object().unwrap().keys().any(|name| name.ends_with(HOSTILE)));
    std::fs::remove_file(file).unwrap();
    place.finish().await;
}

/// A server that accepts everybody, answers `greeting` to what it is sent first, and says nothing more.
fn silent_server(greeting: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut clients = Vec::new();
        for client in listener.incoming() {
            let mut client = client.unwrap();
            if !greeting.is_empty() && client.read(&mut [0; 1024]).is_ok() {
                client.write_all(greeting).unwrap_or_default();
            }
            clients.push(client);
        }
    });
    format!("postgresql://u:hunter2@127.0.0.1:{port}/d?sslmode=disable&connect_timeout=1")
}

#[test]
fn no_command_waits_for_a_server_that_says_nothing() {
    // before the login, and behind it: AuthenticationOk, ReadyForQuery
    for greeting in [&b""[..], b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"] {
        let url = &*silent_server(greeting);
        let commands: [&[&str]; 11] = [
            &["show", "orders"],
            &["dead-letters", "list"],
            &["dead-letters", "show", "1"],
            &["dead-letters", "redrive"],
            &["dead-letters", "discard", "--all"],
            &["purge"],
            &["state", "list"],
            &["state", "clear", "snapshot", "--all"],
            &["doctor"],
            &["replay", INSERT],
            &["show", "orders", "--set", "sink.dialect=postgres"],
        ];
        std::thread::scope(|scope| {
            for command in commands {
                scope.spawn(move || {
                    let begin = Instant::now();
                    let ended = rowtide(&[command, &["--sink", url]].concat());
                    assert_eq!(ended.status, 1, "{command:?}: {}{}", ended.out, ended.err);
                    assert!(begin.elapsed() < Duration::from_secs(20), "{command:?}: {:?}", begin.elapsed());
                    check_silent(&ended, &format!("{command:?}"));
                    let said = format!("{}{}", ended.out, ended.err);
                    assert!(
                        said.contains("did not answer") || said.contains("before the database answered"),
                        "{said}"
                    );
                });
            }
        });
    }
}

/// A server that speaks something else, and then hangs up or waits.
fn other_server(answer: &'static [u8], hangs_up: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            std::thread::spawn(move || {
                let _read = client.read(&mut [0; 1024]);
                client.write_all(answer).unwrap_or_default();
                if !hangs_up {
                    std::thread::park();
                }
            });
        }
    });
    format!("postgresql://u:hunter2@127.0.0.1:{port}/d?sslmode=disable&connect_timeout=1")
}

#[test]
fn a_port_at_which_something_else_answers_is_told() {
    let http = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    let redis = b"-ERR unknown command\r\n";
    for (answer, hangs_up, expected) in [
        (&http[..], true, "PostgreSQL's protocol"),
        (&redis[..], true, "PostgreSQL's protocol"),
        (&http[..], false, "did not answer within 1 s"),
    ] {
        let ended = rowtide(&["show", "orders", "--sink", &other_server(answer, hangs_up)]);
        assert_eq!(ended.status, 1, "{}{}", ended.out, ended.err);
        assert!(ended.err.contains(expected) && ended.err.contains("127.0.0.1 port"), "{}", ended.err);
        assert!(!ended.err.contains("hunter2"), "{}", ended.err);
    }
}

#[tokio::test]
async fn what_lacks_is_named() {
    let Some(place) = server("boundaries_lacks").await else { return };
    let role = format!("{}_{}", place.schema, std::process::id());
    let cases = [
        (String::new(), format!("permission denied for schema {}", place.schema)),
        (
            format!("grant usage on schema {{s}} to {role}"),
            "permission denied for table rowtide_targets".to_owned(),
        ),
        (
            format!(
                "grant select on all tables in schema {{s}} to {role}; grant all on {{s}}.rowtide_targets to {role}"
            ),
            "permission denied for table orders_cdc".to_owned(),
        ),
    ];
    let schema = format!("sink.schema={}", place.schema);
    let ready = rowtide(&["replay", INSERT, "--no-rows", "--sink", &place.url, "--set", &schema]);
    assert_eq!(ready.status, 0, "{}", ready.err);
    place.run(&format!("create role {role}")).await;
    let url = crate::support::with_option(&place.url, "options", &format!("-c role={role}"));
    for (grant, expected) in cases {
        place.run(&grant).await;
        let ended = rowtide(&["replay", INSERT, "--no-rows", "--sink", &url, "--set", &schema]);
        assert_eq!(ended.status, 2, "{}", ended.err);
        assert!(
            ended.err.contains(&expected) && ended.err.contains("rowtide doctor"),
            "{expected}: {}",
            ended.err
        );
    }
    let missing = rowtide(&["replay", INSERT, "--sink", &place.url, "--set", "sink.schema=nowhere"]);
    assert!(missing.err.contains("schema \"nowhere\" does not exist"), "{}", missing.err);
    place.run(&format!("drop owned by {role}; drop role {role}")).await;
    place.finish().await;
}

/// A policy or a constraint may look for an object that a row's value names: what the server says of it is not told.
#[tokio::test]
async fn a_name_that_a_row_holds_is_not_told() {
    let Some(place) = server("boundaries_held").await else { return };
    let schema = format!("sink.schema={}", place.schema);
    let replay = |file: &str| rowtide(&["replay", file, "--no-rows", "--sink", &place.url, "--set", &schema]);
    assert_eq!(replay(INSERT).status, 0);
    for check in [
        "(data->>'status')::regclass is not null",
        "(data->>'status')::regnamespace is not null",
        "has_table_privilege(data->>'status', 'select')",
        "has_schema_privilege(data->>'status', 'usage')",
        "to_regclass('a.b.' || (data->>'status')) is null",
    ] {
        place
            .run(&format!("alter table {{s}}.orders_cdc add constraint looks check ({check}) not valid"))
            .await;
        let ended = replay("events/dynamodb-kinesis/microseconds.json");
        let said = format!("{}{}", ended.out, ended.err);
        assert!(ended.err.contains("SQLSTATE") || ended.out.contains("parked"), "{check}: {said}");
        assert!(!said.contains("shipped") && !said.contains("placed"), "{check}: {said}");
        place.run("alter table {s}.orders_cdc drop constraint looks").await;
    }
    place.finish().await;
}

#[tokio::test]
async fn a_view_of_other_settings_says_so() {
    let Some(place) = server("boundaries_view").await else { return };
    let schema = format!("sink.schema={}", place.schema);
    let printed = rowtide(&["ddl", "orders", "--set", &schema]);
    place.run(&printed.out).await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("rowtide.toml");
    std::fs::write(&config, "[[route]]\nfrom = \"orders\"\ntypes = { total = \"numeric(38,2)\" }\n").unwrap();
    let config = config.to_str().unwrap();
    let replay = |more: &[&str]| {
        let all = ["replay", INSERT, "--no-rows", "--sink", &place.url, "--set", &schema];
        rowtide(&[&all[..], more].concat())
    };
    let ended = replay(&["--config", config]);
    assert!(ended.err.contains("rowtide ddl orders") && ended.err.contains("Drop the view"), "{}", ended.err);
    place.run("drop view {s}.orders").await;
    let printed = rowtide(&["ddl", "orders", "--set", &schema, "--config", config]);
    let (_, view) = printed.out.split_once("create view").unwrap();
    place.run(&format!("create view{view}")).await;
    assert_eq!(replay(&["--config", config]).status, 0);
    // later, nobody but a person may replace it
    let never = replay(&["--set", "sink.ddl=never"]);
    assert_eq!(never.status, 0, "{}", never.err);
    assert!(never.err.contains("rowtide ddl orders") && never.err.contains("it stays"), "{}", never.err);
    place.finish().await;
}

#[tokio::test]
async fn a_deadline_in_thirty_years_is_one_that_the_server_takes() {
    let Some(place) = server("boundaries_deadline").await else { return };
    let config = place.config();
    let (flow, sink) = (Flow::new(&config).unwrap(), Postgres::new(&config).unwrap());
    let record = change("orders", "a", at(1), 1, Some(r#""n":{"N":"1"}"#));
    let years = Deadline::after(Duration::from_secs(30 * 365 * 86_400));
    let counts = process(&flow, &sink, &[record], years).await.counts();
    assert_eq!((counts.applied, counts.parked, counts.reported), (1, 0, 0));
    sink.close();
    place.finish().await;
}

/// A way to the server at `port` that is stuck for good once somebody sends `word`.
fn stuck_proxy(port: u16, word: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
            std::thread::spawn(move || {
                let mut bytes = vec![0; 65_536];
                while let Ok(length @ 1..) = client.read(&mut bytes) {
                    if String::from_utf8_lossy(&bytes[..length]).contains(word) {
                        std::thread::park();
                    }
                    server.write_all(&bytes[..length]).unwrap_or_default();
                }
            });
        }
    });
    own
}

#[tokio::test]
async fn no_command_waits_for_a_server_that_is_silent_in_the_middle() {
    let Some(place) = server("boundaries_stuck").await else { return };
    let config: tokio_postgres::Config = place.url.parse().unwrap();
    let (Some(&port), Some(user), Some(database)) =
        (config.get_ports().first(), config.get_user(), config.get_dbname())
    else {
        return place.finish().await;
    };
    let schema = format!("sink.schema={}", place.schema);
    let ready = rowtide(&["replay", INSERT, "--no-rows", "--sink", &place.url, "--set", &schema]);
    assert_eq!(ready.status, 0, "{}", ready.err);
    // the word of a statement, and a command that sends it
    let runs: [(&'static str, &[&str]); 6] = [
        ("rowtide_targets", &["show", "orders"]),
        ("order by t.key", &["show", "orders"]),
        ("order by t.key", &["purge", "--older-than", "0s"]),
        ("rowtide_dead_letters", &["dead-letters", "list"]),
        ("rowtide_dead_letters", &["dead-letters", "redrive"]),
        ("insert into", &["replay", "--force", INSERT]),
    ];
    std::thread::scope(|scope| {
        for (word, command) in runs {
            let schema = &schema;
            scope.spawn(move || {
                let own = stuck_proxy(port, word);
                let url = format!("postgresql://{user}@127.0.0.1:{own}/{database}?sslmode=disable");
                let begin = Instant::now();
                let settings = ["--sink", &url, "--set", schema, "--set", "sink.statement_timeout=1s"];
                let ended = rowtide(&[command, &settings].concat());
                assert_eq!(ended.status, 1, "{command:?} {word}: {}{}", ended.out, ended.err);
                assert!(
                    begin.elapsed() < Duration::from_secs(20),
                    "{command:?} {word}: {:?}",
                    begin.elapsed()
                );
            });
        }
    });
    place.finish().await;
}
