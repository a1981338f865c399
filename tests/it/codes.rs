//! `docs/dead-letters.md` lists every code, as the enum has it.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use rowtide::error::Code;
use std::path::Path;

const DOCUMENT: &str = include_str!("../../docs/dead-letters.md");

/// The rows of the table behind a comment.
fn rows(mark: &str) -> String {
    let (_, behind) = DOCUMENT.split_once(&format!("<!-- {mark}: ")).unwrap();
    let table = behind.lines().skip(1).take_while(|line| line.starts_with('|'));
    table.filter(|line| line.starts_with("| `")).map(|line| format!("{line}\n")).collect()
}

/// The row of a code.
fn row(code: Code) -> String {
    let former: String = code.former_names().iter().map(|name| format!(", before `{name}`")).collect();
    format!("| `{code}`{former} | {} | {} |\n", code.happened(), code.advice())
}

#[test]
fn the_document_lists_exactly_the_codes() {
    let of = |is_meant: fn(Code) -> bool| -> String {
        Code::ALL.iter().copied().filter(|code| is_meant(*code)).map(row).collect()
    };
    let tables = [
        ("records", of(Code::is_of_record)),
        ("faults", of(Code::is_fault)),
        ("batches", of(|code| !code.is_of_record() && !code.is_fault())),
    ];
    for (mark, expected) in tables {
        assert!(
            rows(mark) == expected,
            "docs/dead-letters.md must have these rows behind `{mark}`:\n{expected}"
        );
    }
}

/// Every file of these folders with this extension, but the list of codes itself.
fn files(folders: &[&str], extension: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut left: Vec<_> = folders.iter().map(|folder| root.join(folder)).filter(|it| it.exists()).collect();
    let mut found = Vec::new();
    while let Some(folder) = left.pop() {
        for path in folder.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|it| it == extension) && !path.ends_with("error/code.rs") {
                found.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

#[test]
fn every_code_is_raised_somewhere() {
    let text = files(&["src", "crates"], "rs").concat();
    let is_raised = |code: Code| {
        let name = format!("Code::{code:?}");
        text.split(&name).skip(1).any(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    let idle: Vec<&Code> = Code::ALL.iter().filter(|code| !is_raised(**code)).collect();
    assert!(idle.is_empty(), "Nobody raises these codes: make them former names, or remove them: {idle:?}");
}

#[test]
fn no_caller_is_steered_by_a_text() {
    for text in files(&["src", "crates"], "rs") {
        for word in ["with_sqlstate(\"", ".code() == \"", ".code() != \"", ".code().as_str() =="] {
            assert!(!text.contains(word), "Give the error a code of its own, and compare that: {word}");
        }
    }
}

#[test]
fn a_code_that_a_statement_names_is_one() {
    for sql in files(&["sql"], "sql") {
        for rest in sql.split("code = '").skip(1) {
            let (name, _) = rest.split_once('\'').unwrap();
            assert!(Code::named(name).is_some(), "{name} in {sql}");
        }
    }
}
