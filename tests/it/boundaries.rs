//! What leaves the command and what it waits for: no password, nothing that a terminal would obey, no silence.

use crate::cli::{Ended, rowtide, rowtide_with};
use crate::support::{at, change, server};
use std::path::Path;

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
