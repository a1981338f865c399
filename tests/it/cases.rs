//! Every folder of `tests/cases/`: its input, replayed, ends with its right value and says what helps.

use crate::cli::rowtide;
use crate::samples::{entries, root};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What differs from the right value, if anything does.
fn wrong(case: &Path) -> Option<String> {
    let right: Value =
        serde_json::from_str(&std::fs::read_to_string(case.join("right.json")).unwrap()).unwrap();
    let mut arguments = vec!["replay".to_owned(), "--output".into(), "json".into()];
    for file in entries(case) {
        let text = file.to_str().unwrap().to_owned();
        match file.file_name().unwrap().to_str().unwrap() {
            "right.json" => {}
            "rowtide.toml" => arguments.extend(["--config".to_owned(), text]),
            _ => arguments.push(text),
        }
    }
    let ended = rowtide(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let Ok(found) = serde_json::from_str::<Value>(&ended.out) else { return Some(ended.err) };
    for (name, value) in right.as_object().unwrap() {
        if name != "says" && found[name] != *value {
            return Some(format!("{name} is {}, right is {value}\n{}", found[name], ended.err));
        }
    }
    let says = right["says"].as_array().unwrap();
    let unsaid = says.iter().find(|words| !ended.err.contains(words.as_str().unwrap()))?;
    Some(format!("{unsaid} is not said:\n{}", ended.err))
}

#[test]
fn every_case_comes_out_right() {
    let kinds = entries(&root().join("tests/cases")).into_iter().filter(|kind| kind.is_dir());
    let cases: Vec<PathBuf> = kinds.flat_map(|kind| entries(&kind)).collect();
    assert!(!cases.is_empty());
    // a replay starts a database of its own: two at a time
    let of_half = |half: usize| {
        let cases = cases.iter().skip(half).step_by(2);
        let faults = cases.filter_map(|case| Some(format!("{}: {}", case.display(), wrong(case)?)));
        faults.collect::<Vec<String>>()
    };
    let faults = std::thread::scope(|scope| {
        let other = scope.spawn(|| of_half(1));
        [of_half(0), other.join().unwrap()].concat()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
