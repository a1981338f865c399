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

#[test]
fn every_code_is_raised_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src"), root.join("crates")];
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = folder.read_dir() else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("error/code.rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let is_raised = |code: Code| {
        let name = format!("Code::{code:?}");
        text.match_indices(&name).any(|(at, _)| {
            text.get(at + name.len()..)
                .and_then(|rest| rest.chars().next())
                .is_some_and(|next| !next.is_alphanumeric())
        })
    };
    let idle: Vec<&Code> = Code::ALL.iter().filter(|code| !is_raised(**code)).collect();
    assert!(idle.is_empty(), "Nobody raises these codes: make them former names, or remove them: {idle:?}");
}
