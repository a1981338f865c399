//! House rules that a machine can check: who may know what, where SQL stands, how long a thing may be.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// A file of about 400 lines holds one idea; the largest ones, wire formats and their unit tests, stay below this.
const FILE_LINES_MAX: usize = 800;
/// A processor configures, connects and runs.
const PROCESSOR_LINES_MAX: usize = 40;
/// rustfmt keeps code to 110; this is for what it leaves alone: comments and the insides of macros.
const COLUMNS_MAX: usize = 120;

/// The rooms that are pure: no clock, no I/O, no environment, no memory between records.
const PURE: [&str; 21] = [
    "error",
    "memo",
    "json",
    "source",
    "version",
    "decimal",
    "event",
    "rules",
    "catalogue",
    "record",
    "unpack",
    "values",
    "decode",
    "formats",
    "decoders",
    "doctor",
    "policy",
    "report",
    "route",
    "coalesce",
    "plan",
];

/// Every room, and whose front door it may know: rooms above it only, so that there is no circle. A room is a file or a
/// folder of `src/`, or of `crates/rowtide-decode/src/`; the other crates are a room each.
const ROOMS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("memo", &[]),
    ("json", &[]),
    ("source", &["json"]),
    ("version", &["error"]),
    ("decimal", &["json"]),
    ("event", &["decimal", "error", "json", "source", "version"]),
    ("rules", &["error", "source"]),
    ("catalogue", &["error", "memo", "rules", "source"]),
    ("record", &["error", "event", "json"]),
    ("unpack", &["error", "json", "record"]),
    ("values", &["decimal", "error", "event", "json"]),
    (
        "decode",
        &[
            "catalogue",
            "decimal",
            "error",
            "event",
            "json",
            "record",
            "rules",
            "source",
            "unpack",
            "values",
            "version",
        ],
    ),
    (
        "formats",
        &[
            "catalogue",
            "decimal",
            "decode",
            "error",
            "event",
            "json",
            "record",
            "source",
            "values",
            "version",
        ],
    ),
    ("decoders", &["catalogue", "decode", "error", "event", "formats", "json", "record", "unpack"]),
    ("doctor", &["error", "json"]),
    ("embedded", &[]),
    ("deadline", &[]),
    ("roots", &[]),
    ("policy", &["rules", "source"]),
    ("config", &["decode", "doctor", "error", "event", "policy", "rules", "source", "unpack"]),
    ("secrets", &["config", "error", "event", "roots"]),
    ("archive", &["config", "error", "roots"]),
    ("report", &["decode", "error", "json", "record"]),
    ("route", &["decode", "error", "event", "json", "memo", "policy", "rules", "source"]),
    ("coalesce", &["error", "event", "route"]),
    ("plan", &["coalesce", "error", "event", "json", "policy", "route"]),
    (
        "sink",
        &[
            "catalogue",
            "config",
            "deadline",
            "doctor",
            "error",
            "event",
            "json",
            "memo",
            "plan",
            "policy",
            "roots",
            "route",
            "secrets",
            "source",
            "version",
        ],
    ),
    ("metrics", &["config", "error", "event", "report"]),
    (
        "pipeline",
        &[
            "archive",
            "catalogue",
            "coalesce",
            "config",
            "deadline",
            "decode",
            "decoders",
            "error",
            "event",
            "formats",
            "json",
            "memo",
            "metrics",
            "plan",
            "policy",
            "record",
            "report",
            "route",
            "rules",
            "sink",
            "source",
            "version",
        ],
    ),
    (
        "snapshot",
        &[
            "archive",
            "catalogue",
            "config",
            "deadline",
            "decimal",
            "error",
            "event",
            "formats",
            "json",
            "pipeline",
            "plan",
            "policy",
            "record",
            "report",
            "route",
            "rules",
            "secrets",
            "sink",
            "source",
            "version",
        ],
    ),
    (
        "redrive",
        &[
            "catalogue",
            "config",
            "deadline",
            "decode",
            "error",
            "event",
            "pipeline",
            "record",
            "report",
            "route",
            "sink",
            "unpack",
        ],
    ),
    (
        "collect",
        &[
            "catalogue",
            "config",
            "deadline",
            "decimal",
            "error",
            "event",
            "formats",
            "json",
            "metrics",
            "pipeline",
            "plan",
            "record",
            "report",
            "sink",
            "source",
            "unpack",
        ],
    ),
    (
        "lambda",
        &[
            "collect", "config", "deadline", "error", "event", "json", "metrics", "pipeline", "record",
            "report", "secrets", "sink", "snapshot",
        ],
    ),
    (
        "cli",
        &[
            "archive", "coalesce", "collect", "config", "deadline", "decode", "decoders", "doctor",
            "embedded", "error", "event", "json", "pipeline", "plan", "policy", "record", "redrive",
            "report", "route", "rules", "secrets", "sink", "snapshot", "unpack",
        ],
    ),
];

/// Words that a room's code must not use.
const STRANGERS: [(&str, &[&str]); 4] = [
    ("decode", &["sql", "postgres", "sink", "plan", "statement"]),
    ("formats", &["sql", "postgres", "sink", "plan", "statement"]),
    ("coalesce", &["sql", "postgres", "dynamodb", "kinesis"]),
    ("sink", &["changeevent", "dynamodb", "kinesis", "lambda"]),
];

/// Where the environment may be read: settings, what the platform says of itself, the command and its cache.
const READS_ENVIRONMENT: [&str; 6] = [
    "crates/rowtide-embedded",
    "src/config",
    "src/cli",
    "src/main.rs",
    "src/lambda/log.rs",
    "src/lambda/platform.rs",
];

/// What the crate of the decoders may cost.
const DECODE_NEEDS: [&str; 13] = [
    "base64",
    "bytes",
    "flate2",
    "jiff",
    "md-5",
    "memchr",
    "prost",
    "ruzstd",
    "serde",
    "serde_path_to_error",
    "serde_json",
    "sha2",
    "thiserror",
];

/// A Rust file taken apart.
struct Source {
    /// From the package's folder.
    path: String,
    text: String,
    /// The text with every comment and every character of a string blanked, line by line as it was.
    code: String,
    /// The strings, each with the bytes of the text that it takes with its quotes.
    strings: Vec<(RangeInclusive<usize>, String)>,
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let (code, strings) = take_apart(&text);
        Self { path, text, code, strings }
    }

    /// The code without the unit tests, which stand at the end or in a file of their own.
    fn shipped(&self) -> &str {
        if self.path.ends_with("/tests.rs") || self.path.contains("/tests/") {
            return "";
        }
        match self.code.split_once("#[cfg(test)]\nmod tests {") {
            Some((shipped, _)) => shipped,
            None => &self.code,
        }
    }

    fn room(&self) -> Option<&str> {
        for (crate_folder, room) in
            [("crates/rowtide-doctor/", "doctor"), ("crates/rowtide-embedded/", "embedded")]
        {
            if self.path.starts_with(crate_folder) {
                return Some(room);
            }
        }
        let inside = self
            .path
            .strip_prefix("src/")
            .or_else(|| self.path.strip_prefix("crates/rowtide-decode/src/"))?;
        match inside.split(['/', '.']).next()? {
            "lib" => None,
            "main" => Some("cli"),
            room => Some(room),
        }
    }

    /// The rooms that its code names, each with the byte of the place.
    fn named_rooms(&self) -> Vec<(usize, String)> {
        // the crate of another room is that room
        let of_room = |name: &str| match name {
            "Error" | "Result" => "error".to_owned(),
            name => name.strip_prefix("rowtide_").unwrap_or(name).to_owned(),
        };
        let word = |path: &str| -> String {
            path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        };
        let mut named = Vec::new();
        let own = if self.path.starts_with("crates/rowtide-doctor/") { "" } else { "crate::" };
        for root in [own, "rowtide::", "rowtide_decode::"].into_iter().filter(|root| !root.is_empty()) {
            for (at, _) in self.shipped().match_indices(root) {
                let path = &self.code[at + root.len()..];
                let many = path.strip_prefix('{').and_then(|inside| inside.split_once('}'));
                let names = many.map_or(path, |(inside, _)| inside);
                let count = if many.is_some() { usize::MAX } else { 1 };
                let first = |part: &str| of_room(&word(part.trim()));
                named.extend(names.split(',').take(count).map(|part| (at, first(part))));
            }
        }
        for (at, _) in self.shipped().match_indices("rowtide_").filter(|_| self.path.starts_with("src/")) {
            let name = word(&self.code[at..]);
            if name != "rowtide_decode" {
                named.push((at, of_room(&name)));
            }
        }
        named
    }

    fn line_at(&self, byte: usize) -> usize {
        self.text[..byte].matches('\n').count() + 1
    }

    /// `path:line` of every place in `code` where `word` stands by itself.
    fn places<'a>(&'a self, code: &'a str, word: &'a str) -> impl Iterator<Item = String> + 'a {
        let is_part = |letter: Option<char>| letter.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let alone = move |at: usize| {
            !is_part(code[..at].chars().next_back()) && !is_part(code[at + word.len()..].chars().next())
        };
        let found = code.match_indices(word).map(|(at, _)| at).filter(move |&at| alone(at));
        found.map(|at| format!("{}:{}", self.path, self.line_at(at)))
    }
}

/// Code and strings of a Rust text.
fn take_apart(text: &str) -> (String, Vec<(RangeInclusive<usize>, String)>) {
    let mut code = String::with_capacity(text.len());
    let mut strings = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let before = code.chars().next_back();
        let (length, is_string) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (rest.find("*/").map_or(rest.len(), |end| end + 2), false)
        } else if let Some(hashes) =
            raw_string(rest).filter(|_| before == Some('b') || !before.is_some_and(char::is_alphanumeric))
        {
            let close = format!("\"{}", "#".repeat(hashes));
            let body = hashes + 2;
            (rest[body..].find(&close).map_or(rest.len(), |end| body + end + close.len()), true)
        } else if first == '"' {
            (1 + closing(&rest[1..], '"'), true)
        } else if first == '\'' && is_character(rest) {
            (1 + closing(&rest[1..], '\''), false)
        } else {
            code.push(first);
            at += first.len_utf8();
            continue;
        };
        let piece = &rest[..length];
        if is_string {
            let inside = piece.trim_start_matches('r').trim_matches('#').trim_matches('"');
            strings.push((at..=at + length - 1, inside.to_owned()));
        }
        // byte for byte, so that places in the code are places in the text
        code.extend(piece.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        at += length;
    }
    (code, strings)
}

/// The number of hashes of the raw string that `text` begins with.
fn raw_string(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('r')?;
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    rest[hashes..].starts_with('"').then_some(hashes)
}

/// Whether a quote begins a character and not a lifetime.
fn is_character(text: &str) -> bool {
    let mut letters = text.chars().skip(1);
    letters.next() == Some('\\') || letters.next() == Some('\'')
}

/// How many bytes there are up to and with the quote that closes.
fn closing(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder with this extension, in order.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|found| found == extension) {
                found.push(entry);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no .{extension} in {folder}");
    found
}

fn sources(folder: &str) -> Vec<Source> {
    files(folder, "rs").iter().map(|path| Source::read(path)).collect()
}

fn every_source() -> Vec<Source> {
    ["src", "crates", "processors", "tests", "benches", "examples"].into_iter().flat_map(sources).collect()
}

/// What is shipped: the package and its crates.
fn shipped_sources() -> Vec<Source> {
    ["src", "crates"].into_iter().flat_map(sources).collect()
}

/// Fails with what to do, and where.
fn none(what_to_do: &str, places: impl IntoIterator<Item = String>) {
    let places: BTreeSet<String> = places.into_iter().collect();
    let list: String = places.iter().map(|place| format!("\n  {place}")).collect();
    assert!(places.is_empty(), "{what_to_do}{list}");
}

#[test]
fn a_source_is_taken_apart_into_code_and_strings() {
    let text = "let a = \"//\\\"b\"; // c \"d\"\nlet e: &'f str = r#\"g\"h\"#; '\"'; b'\\''; '{' /* i */;";
    let (code, strings) = take_apart(text);
    assert_eq!(code.len(), text.len());
    let words: Vec<&str> = code.split_whitespace().collect();
    assert_eq!(words, ["let", "a", "=", ";", "let", "e:", "&'f", "str", "=", ";", ";", "b", ";", ";"]);
    let texts: Vec<&str> = strings.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["//\\\"b", "g\"h"]);
}

#[test]
fn pure_rooms_have_no_runtime_no_clock_no_files_and_no_environment() {
    let sources = shipped_sources();
    let pure = sources.iter().filter(|source| source.room().is_some_and(|room| PURE.contains(&room)));
    let words = ["tokio", "tokio_postgres", "fs", "env", "SystemTime", "Instant", "net", "process", "thread"];
    let found =
        pure.flat_map(|source| words.map(|word| (source, word)).into_iter()).flat_map(|(source, word)| {
            source
                .places(source.shipped(), word)
                .map(move |place| format!("{place}: {word}"))
                .collect::<Vec<_>>()
        });
    none("Everything up to the plan is pure. Give this room what it needs as an argument:", found);
}

#[test]
fn a_room_knows_rooms_above_it_only_so_that_there_is_no_circle() {
    for (at, (room, known)) in ROOMS.iter().enumerate() {
        for other in *known {
            let above = ROOMS[..at].iter().any(|(room, _)| room == other);
            assert!(above, "{room} may know {other}, which stands below it: that allows a circle");
        }
    }
}

#[test]
fn a_room_knows_only_its_neighbours() {
    let mut found = Vec::new();
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    for source in shipped_sources() {
        let Some(own) = source.room() else { continue };
        let Some((_, known)) = ROOMS.iter().find(|(room, _)| own == *room) else {
            found.push(format!("{}: the room {own} is not in ROOMS", source.path));
            continue;
        };
        for (at, name) in source.named_rooms() {
            used.insert((own.to_owned(), name.clone()));
            if name != own && !known.contains(&name.as_str()) {
                found.push(format!("{}:{}: {name}", source.path, source.line_at(at)));
            }
        }
    }
    let unused = ROOMS.iter().flat_map(|(room, known)| known.iter().map(move |other| (*room, *other)));
    let unused = unused.filter(|(room, other)| !used.contains(&((*room).to_owned(), (*other).to_owned())));
    found.extend(unused.map(|(room, other)| format!("ROOMS: {room} does not know {other} any more")));
    none(
        "This room must not know that one. Move what it needs, or pass it in; if the map itself is to change, change \
         ROOMS in tests/it/tidy.rs and docs/architecture.md:",
        found,
    );
}

#[test]
fn a_room_does_not_speak_of_what_it_must_not_know() {
    let mut found = Vec::new();
    for source in shipped_sources() {
        let Some((_, words)) = STRANGERS.iter().find(|(room, _)| source.room() == Some(*room)) else {
            continue;
        };
        // the name of a source is none of these words
        let code = source.shipped().to_ascii_lowercase().replace("dsql", "");
        for (number, line) in code.lines().enumerate() {
            let told = words.iter().filter(|word| line.contains(**word));
            found.extend(told.map(|word| format!("{}:{}: {word}", source.path, number + 1)));
        }
    }
    none("This room must not know of that (its first line says what it is for):", found);
}

/// Rooms whose files know each other in one direction only.
const WITHOUT_CIRCLES: [&str; 17] = [
    "crates/rowtide-decode/src/decode",
    "crates/rowtide-decode/src/error",
    "crates/rowtide-decode/src/formats",
    "crates/rowtide-decode/src/json",
    "crates/rowtide-decode/src/record",
    "crates/rowtide-decode/src/unpack",
    "crates/rowtide-decode/src/values",
    "src/archive",
    "src/cli",
    "src/config",
    "src/lambda",
    "src/pipeline",
    "src/plan",
    "src/route",
    "src/secrets",
    "src/sink",
    "src/snapshot",
];

/// Of these, the rooms that still have circles where imports stand in braces, or where what is in a folder needs what
/// its `mod.rs` defines, which needs them: there neither is looked at.
const WITH_CIRCLES_AT_DOORS: [&str; 3] = ["src/cli", "src/config", "src/plan"];

/// The files of a room by their module's path in it, that of the room itself being empty. A `mod.rs` that only declares
/// and hands on is nobody's circle: what is imported through it is looked for behind it.
struct Files<'s> {
    room: &'s str,
    counts_doors: bool,
    sources: BTreeMap<String, &'s Source>,
}

impl<'s> Files<'s> {
    fn new(room: &'s str, sources: &'s [Source]) -> Self {
        let name = |source: &Source| {
            let inside = source.path.strip_prefix(room).unwrap().trim_end_matches(".rs");
            inside.trim_end_matches("/mod").trim_start_matches('/').to_owned()
        };
        let counts_doors = !WITH_CIRCLES_AT_DOORS.contains(&room);
        Self { room, counts_doors, sources: sources.iter().map(|source| (name(source), source)).collect() }
    }

    /// What a file imports: the name by which it goes there, and its path in the room.
    fn imports(&self, own: &str) -> Vec<(String, String)> {
        let code = self.sources[own].shipped();
        let statements = code.split_inclusive(';').filter_map(|statement| {
            let (front, tree) = statement.rsplit_once("use ")?;
            let opens_line = front.is_empty() || front.ends_with(['\n', ' ']);
            let tree = tree.trim_end_matches(';').replace(" as ", "@");
            opens_line.then(|| tree.replace(char::is_whitespace, ""))
        });
        let named = |leaf: String| {
            let (path, name) = leaf.split_once('@').unwrap_or((&leaf, leaf.rsplit(':').next()?));
            Some((name.to_owned(), self.inside(own, path)?))
        };
        let paths = |tree: String| match (self.counts_doors, tree.split_once("::{")) {
            (false, Some((front, _))) => vec![front.to_owned()],
            _ => leaves(&tree),
        };
        statements.flat_map(paths).filter_map(named).collect()
    }

    /// The path in the room that `path` leads to from a file, if it stays in the room.
    fn inside(&self, own: &str, path: &str) -> Option<String> {
        let above = |of: &str| of.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
        let join = |folder: &str, rest: &str| format!("{folder}/{rest}").trim_matches('/').to_owned();
        let path = path.replace("::", "/");
        let crate_path = format!("crate/{}/", self.room.rsplit('/').next().unwrap());
        if let Some(rest) = path.strip_prefix(&crate_path) {
            return Some(rest.to_owned());
        }
        if let Some(mut rest) = path.strip_prefix("super/") {
            let mut folder = above(own);
            while let Some(further) = rest.strip_prefix("super/") {
                (folder, rest) = (above(&folder), further);
            }
            return Some(join(&folder, rest));
        }
        let child = join(own, path.strip_prefix("self/").unwrap_or(&path));
        let first = join(own, child[own.len()..].trim_matches('/').split('/').next().unwrap());
        self.sources.contains_key(&first).then_some(child)
    }

    /// The file that defines what a path in the room leads to, through the doors that hand it on.
    fn defining(&self, path: &str) -> String {
        let beginnings = Path::new(path).ancestors().filter_map(Path::to_str);
        let door = beginnings.into_iter().find(|name| self.sources.contains_key(*name)).unwrap();
        let rest = path[door.len()..].trim_start_matches('/');
        let (name, behind) = rest.split_once('/').unwrap_or((rest, ""));
        let handed_on = self.imports(door).into_iter().find(|(named, from)| named == name && from != path);
        match handed_on {
            Some((_, from)) => self.defining(format!("{from}/{behind}").trim_end_matches('/')),
            None => door.to_owned(),
        }
    }

    /// The other files that a file names, in its imports or as modules of its own.
    fn known(&self, own: &str) -> BTreeSet<String> {
        let code = self.sources[own].shipped();
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        let names = |child: &str| {
            let module = format!("{child}::");
            code.match_indices(&module).any(|(at, _)| !code[..at].ends_with(is_part))
        };
        let inside = self.sources.keys().filter(|name| is_door(own, name));
        let direct = inside.filter(|name| !name[own.len()..].trim_start_matches('/').contains('/'));
        let named = direct.filter(|name| names(name.rsplit('/').next().unwrap())).cloned();
        let imported = self.imports(own).into_iter().map(|(_, path)| self.defining(&path));
        let is_free = |other: &String| !self.counts_doors && (is_door(own, other) || is_door(other, own));
        named.chain(imported).filter(|other| other != own && !is_free(other)).collect()
    }
}

/// Whether a file is the `mod.rs` of a folder that another is in.
fn is_door(door: &str, inside: &str) -> bool {
    inside != door && (door.is_empty() || inside.starts_with(&format!("{door}/")))
}

/// The paths that a tree of imports comes to, without white space: `a::{b,c::{self,d as e}}`.
fn leaves(tree: &str) -> Vec<String> {
    let Some((front, inside)) = tree.split_once('{') else {
        let path = tree.trim_end_matches("::self").trim_end_matches("::*");
        return vec![path.to_owned()];
    };
    let inside = inside.strip_suffix('}').unwrap_or(inside);
    let mut depth = 0;
    let parts = inside.split(|c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    let parts = parts.filter(|part| !part.is_empty());
    parts.flat_map(|part| leaves(&format!("{front}{part}"))).collect()
}

#[test]
fn imports_are_taken_apart() {
    assert_eq!(leaves("a::{self,b::{c,d},e,}"), ["a", "a::b::c", "a::b::d", "a::e"]);
    assert_eq!(leaves("a::b::C"), ["a::b::C"]);
}

#[test]
fn files_of_a_room_do_not_know_each_other_in_a_circle() {
    let mut found = Vec::new();
    for room in WITHOUT_CIRCLES {
        let sources = sources(room);
        let files = Files::new(room, &sources);
        let known = |own: &String| (own.clone(), files.known(own));
        let mut knows: BTreeMap<String, BTreeSet<String>> = files.sources.keys().map(known).collect();
        // what knows nothing that is left goes, until nothing goes any more: what stays is in a circle
        loop {
            let rest: BTreeSet<String> = knows.keys().cloned().collect();
            knows.values_mut().for_each(|known| known.retain(|other| rest.contains(other)));
            knows.retain(|_, known| !known.is_empty());
            if knows.len() == rest.len() {
                break;
            }
        }
        found.extend(knows.iter().map(|(file, known)| format!("{room}/{file}: {known:?}")));
    }
    none("Move what both need into a file below them:", found);
}

/// Where the source formats are, a file or a folder each.
const FORMATS: &str = "crates/rowtide-decode/src/formats";

#[test]
fn a_format_does_not_know_another() {
    let sources = sources(FORMATS);
    let name = |source: &Source| {
        let inside = source.path.strip_prefix(FORMATS).unwrap_or_default();
        inside.trim_start_matches('/').split(['/', '.']).next().unwrap_or_default().to_owned()
    };
    let names: BTreeSet<String> = sources.iter().map(name).filter(|name| name != "mod").collect();
    assert!(names.contains("dms") && names.contains("maxwell"), "{names:?}");
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| name(source) != "mod") {
        for other in names.iter().filter(|other| **other != name(source)) {
            found.extend(["super", "formats"].iter().flat_map(|door| {
                let path = format!("{door}::{other}");
                source.places(&source.code, &path).collect::<Vec<_>>()
            }));
        }
    }
    none("A decoder knows one format. Move what two of them share into decode or values:", found);
}

#[test]
fn only_the_configuration_reads_the_environment() {
    let sources = shipped_sources();
    let others =
        sources.iter().filter(|s| !READS_ENVIRONMENT.iter().any(|allowed| s.path.starts_with(allowed)));
    let found = others.flat_map(|source| source.places(source.shipped(), "env").collect::<Vec<_>>());
    none("Make it a setting in src/config and pass its value in:", found);
}

/// Whether a string is the beginning of an SQL statement.
fn is_sql(text: &str) -> bool {
    const VERBS: [&str; 14] = [
        "alter", "begin", "comment", "copy", "create", "delete", "drop", "grant", "insert", "lock", "select",
        "set", "truncate", "update",
    ];
    let mut words = text.split_whitespace();
    let verb = words.next().unwrap_or_default();
    let is_verb = VERBS.contains(&verb.to_ascii_lowercase().as_str())
        && (verb.chars().all(char::is_lowercase) || verb.chars().all(char::is_uppercase));
    is_verb && words.next().is_some_and(|word| !word.starts_with(['=', ':']))
}

#[test]
fn sql_stands_in_sql_and_in_the_plan() {
    let mut found = Vec::new();
    for source in shipped_sources().iter().filter(|source| source.room() != Some("plan")) {
        let end = source.shipped().len();
        let sql = source.strings.iter().filter(|(place, text)| *place.start() < end && is_sql(text));
        found.extend(
            sql.map(|(place, text)| format!("{}:{}: {text}", source.path, source.line_at(*place.start()))),
        );
    }
    none("Put the statement into a file of sql/ and read it with include_str!:", found);
}

#[test]
fn every_file_of_sql_is_used() {
    let sources = sources("src");
    let is_used = |file: &PathBuf| {
        let path = file.strip_prefix(root()).unwrap().to_str().unwrap();
        let named = [format!("\"../../{path}\""), format!("\"../../../{path}\"")];
        sources
            .iter()
            .any(|source| named.iter().any(|path| source.text.contains(&format!("include_str!({path})"))))
    };
    let unused = files("sql", "sql").into_iter().filter(|file| !is_used(file));
    none("Use the file with include_str!, or remove it:", unused.map(|file| file.display().to_string()));
}

#[test]
fn sql_is_written_in_lower_case_with_quoted_identifiers() {
    let mut found = Vec::new();
    for file in files("sql", "sql") {
        let text = std::fs::read_to_string(&file).unwrap();
        if !text.ends_with('\n') || text.ends_with("\n\n") {
            found.push(format!("{}: one newline at the end", file.display()));
        }
        for (number, line) in text.lines().enumerate() {
            // what stands between quotes of either kind may be as it likes
            let bare: String =
                line.split('"').step_by(2).flat_map(|part| part.split('\'').step_by(2)).collect();
            if bare.chars().any(char::is_uppercase) {
                found.push(format!("{}:{}: {line}", file.display(), number + 1));
            }
        }
    }
    none("Write keywords and names in lower case:", found);
}

#[test]
fn nothing_is_longer_than_it_may_be() {
    let mut found = Vec::new();
    for source in shipped_sources().into_iter().chain(sources("processors")) {
        let is_processor = source.path.starts_with("processors");
        let limit = if is_processor { PROCESSOR_LINES_MAX } else { FILE_LINES_MAX };
        let lines = source.text.lines().count();
        if lines > limit {
            found.push(format!("{}: {lines} lines, at most {limit}", source.path));
        }
    }
    none("Divide the file: one idea each. A processor has no logic:", found);
}

#[test]
fn no_line_is_wider_than_it_may_be() {
    let mut found = Vec::new();
    for source in every_source() {
        let mut start = 0;
        for (number, line) in source.text.lines().enumerate() {
            let end = start + line.len();
            let in_string =
                source.strings.iter().any(|(place, _)| *place.start() < end && *place.end() >= start);
            let columns = line.chars().count();
            if columns > COLUMNS_MAX && !in_string {
                found.push(format!("{}:{}: {columns} columns", source.path, number + 1));
            }
            start = end + 1;
        }
    }
    none(&format!("Wrap the line at {COLUMNS_MAX} columns (only strings may be wider):"), found);
}

/// What lies in the package's folder, beside hidden files and what a build makes.
const ROOT: [&str; 26] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "Dockerfile",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "benches",
    "clippy.toml",
    "crates",
    "deny.toml",
    "deploy",
    "docker-compose.yml",
    "docs",
    "events",
    "examples",
    "fuzz",
    "justfile",
    "processors",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "scripts",
    "sql",
    "src",
    "tests",
];

#[test]
fn nothing_that_a_test_left_behind_lies_beside_the_sources() {
    let names = root().read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let unknown = names.filter(|name| !name.starts_with('.') && name != "target" && !ROOT.contains(&&**name));
    none("Remove it, or add it to ROOT in tests/it/tidy.rs:", unknown);
}

#[test]
fn nothing_is_left_to_be_done() {
    let mut found = Vec::new();
    for source in every_source() {
        let code = ["todo!", "unimplemented!", "dbg!", "#[ignore"].map(|word| (&source.code, word));
        // in comments too; put together here so that this line is not found
        for (text, word) in code.into_iter().chain([(&source.text, concat!("FIX", "ME"))]) {
            let places = text.match_indices(word).map(|(at, _)| source.line_at(at));
            found.extend(places.map(|line| format!("{}:{line}: {word}", source.path)));
        }
    }
    none("Do it, or open an issue; a test that cannot run says aloud why not:", found);
}

#[test]
fn tests_are_named_for_behaviour() {
    let named = |source: Source| {
        let found = source.code.match_indices("fn test_").map(|(at, _)| at);
        found.map(|at| format!("{}:{}", source.path, source.line_at(at))).collect::<Vec<_>>()
    };
    none("Say what holds, without test_:", every_source().into_iter().flat_map(named));
}

#[test]
fn events_are_json_and_end_with_a_newline() {
    let broken = files("events", "json").into_iter().filter_map(|file| {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.display();
        let error = serde_json::from_str::<Value>(&text).err().map(|error| format!("{name}: {error}"));
        error.or_else(|| (!text.ends_with('\n')).then(|| format!("{name}: no newline at the end")))
    });
    none("Mend the event:", broken);
}

#[test]
fn decoders_alone_need_no_runtime_no_database_and_no_aws() {
    let manifest = std::fs::read_to_string(root().join("crates/rowtide-decode/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let needed = manifest["dependencies"].as_table().unwrap().keys();
    none(
        "The decoders are pure and lean; if they do need it, add it to DECODE_NEEDS in tests/it/tidy.rs:",
        needed.filter(|name| !DECODE_NEEDS.contains(&name.as_str())).cloned(),
    );
}

/// Every template, filled with the names of a schema of its own, is understood by a server: columns and types exist.
#[tokio::test]
async fn every_file_of_sql_prepares_on_a_server() {
    let Some(place) = crate::support::server("sql_prepares").await else { return };
    let of_schema = |name: &str| format!("\"{}\".\"{name}\"", place.schema);
    let values = [
        ("storage", of_schema("t_cdc")),
        ("view", of_schema("t")),
        ("registry", of_schema("rowtide_targets")),
        ("dead_letters", of_schema("rowtide_dead_letters")),
        ("storage_deleted", "by_deleted".to_owned()),
        ("dead_letters_by_key", "by_key".to_owned()),
        ("dead_letters_by_time", "by_time".to_owned()),
        ("milliseconds", "1000".to_owned()),
        ("mark", "'a mark'".to_owned()),
        ("key_max", "1500".to_owned()),
        ("wait", "1s".to_owned()),
        ("which", "not t.deleted".to_owned()),
        ("live", "\nwhere not t.deleted".to_owned()),
        ("deleted", ", t.deleted".to_owned()),
        ("typed", ",\n  t.data->'n' as n".to_owned()),
        ("data", "t.data".to_owned()),
        ("aux", "t.aux".to_owned()),
        ("schemas", of_schema("rowtide_schemas")),
        ("floors", of_schema("rowtide_floors")),
        ("state", of_schema("rowtide_state")),
        ("floor", String::new()),
        ("aux_name", ", aux".to_owned()),
        ("aux_value", ", u.aux::jsonb".to_owned()),
        ("aux_set", ", aux = excluded.aux".to_owned()),
        ("percent", "1.5".to_owned()),
        ("is_deleted", "t.deleted".to_owned()),
        ("schema", format!("\"{}\"", place.schema)),
        ("column", "\"n\"".to_owned()),
    ];
    let filled = |file: &PathBuf| {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let mut sql = std::fs::read_to_string(file).unwrap();
        for (place, value) in &values {
            sql = sql.replace(&format!("{{{place}}}"), value);
        }
        assert!(!sql.replace("'{}'", "").contains('{'), "Give the new place of {name} a value above: {sql}");
        (name, sql)
    };
    let (creating, others): (Vec<_>, Vec<_>) =
        files("sql/postgres", "sql").iter().map(filled).partition(|(name, _)| name.starts_with("create_"));
    let client = crate::support::connect(&place.url).await;
    for (name, sql) in creating {
        client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{name}: {error:?}\n{sql}"));
    }
    for (name, sql) in others {
        client.prepare(&sql).await.unwrap_or_else(|error| panic!("{name}: {error:?}\n{sql}"));
    }
    drop(client);
    place.finish().await;
}
