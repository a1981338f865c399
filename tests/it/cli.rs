//! The `rowtide` command as scripts see it: a process with arguments, stdin, stdout, stderr and an exit status.

use crate::support::server;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest as _, Md5};
use serde_json::Value;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What a command left.
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// Every line of stdout as JSON.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// stdout as one JSON object.
    pub(crate) fn object(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

/// `rowtide` without the settings of whoever runs the tests.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rowtide"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ROWTIDE_")) {
        command.env_remove(name);
    }
    command
}

/// Runs `rowtide` in the package's folder, without the settings of whoever runs the tests.
pub(crate) fn rowtide_with(args: &[&str], variables: &[(&str, &str)], stdin: &[u8]) -> Ended {
    let mut command = command();
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).envs(variables.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("rowtide starts");
    let mut input = child.stdin.take().unwrap();
    let stdin = stdin.to_vec();
    // a command that fails early does not read it
    let writer = std::thread::spawn(move || input.write_all(&stdin).unwrap_or_default());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ended {
        status: output.status.code().expect("an exit status, not a signal"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn rowtide(args: &[&str]) -> Ended {
    rowtide_with(args, &[], b"")
}

/// A folder of one test, removed behind it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rowtide-cli-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}

/// A bare `dynamodb-kinesis` payload on one line.
fn payload(table: &str, id: &str, micros: u64, image: &str) -> String {
    format!(
        r#"{{"eventName":"MODIFY","recordFormat":"application/json","tableName":"{table}","dynamodb":{{"ApproximateCreationDateTime":{micros},"ApproximateCreationDateTimePrecision":"MICROSECOND","Keys":{{"id":{{"S":"{id}"}}}},"NewImage":{{"id":{{"S":"{id}"}},{image}}}}}}}"#
    )
}

fn payloads(number: u64) -> Vec<String> {
    (0..number)
        .map(|n| payload("orders", &format!("o-{n}"), 1_772_440_530_000_000 + n, r#""n":{"N":"1"}"#))
        .collect()
}

/// A Lambda event of one Kinesis record on one line.
fn lambda_event(sequence: &str, data: &str) -> String {
    format!(
        r#"{{"Records":[{{"kinesis":{{"partitionKey":"p","sequenceNumber":"{sequence}","data":"{data}"}}}}]}}"#
    )
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

const INSERT: &str = "events/dynamodb-kinesis/insert.json";

#[test]
fn decode_prints_one_object_a_change() {
    let ended = rowtide(&["decode", "events/dynamodb/remove.json"]);
    assert_eq!((ended.status, ended.err.as_str()), (0, ""));
    let lines = ended.lines();
    let names: Vec<&str> = lines[0].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = ["position", "table", "op", "key", "document", "version", "changed_at", "decoder"];
    assert!(expected.iter().all(|name| names.contains(name)), "{names:?}");
    assert!(ended.out.starts_with(r#"{"position":"#));
    let removed = lines.iter().find(|line| line["op"] == "delete").unwrap();
    assert!(removed["document"].is_null());
    assert_eq!(removed["decoder"], "dynamodb");
    assert!(lines[0]["changed_at"].as_str().unwrap().ends_with("Z"));
}

#[test]
fn decode_keeps_every_digit_and_names_the_actor() {
    let ended = rowtide(&["decode", "events/dynamodb/exact-numbers.json"]);
    assert!(ended.out.contains("12345678901234567890123456789012345678"), "{}", ended.out);
    let ended = rowtide(&["decode", "events/dynamodb/ttl-delete.json"]);
    assert!(ended.out.contains(r#""actor":"dynamodb.amazonaws.com""#), "{}", ended.out);
}

#[test]
fn decode_shows_poison_in_its_place_and_exits_with_0() {
    let ended = rowtide(&["decode", "events/dynamodb-kinesis/poison-in-the-middle.json"]);
    assert_eq!(ended.status, 0);
    let lines = ended.lines();
    assert_eq!(lines.len(), 11);
    assert_eq!(lines[1]["poison"]["code"], "not_json");
    assert!(lines[1]["decoder"].is_null());
    assert_eq!(lines[3]["poison"]["code"], "bad_base64");
    assert_eq!(lines[7]["decoder"], "dynamodb-kinesis");
}

#[test]
fn decode_shows_every_table_whatever_the_routes() {
    let folder = Folder::new("routes");
    let config = folder.file("c.toml", "[[route]]\nfrom = \"orders\"\ninclude = [\"status\"]\n");
    let ended = rowtide(&["--config", &config, "decode", "events/dynamodb-kinesis/several-tables.json"]);
    let lines = ended.lines();
    assert!(lines.iter().any(|line| line["table"] == "customers" && line["op"] == "put"));
    let order = lines.iter().find(|line| line["table"] == "orders").unwrap();
    assert!(order["document"].as_object().unwrap().len() > 1);
}

#[test]
fn the_first_value_says_what_a_file_holds() {
    let lines = |count: u64| payloads(count).join("\n");
    let table: [(&str, String, &[&str]); 8] = [
        ("one event", std::fs::read_to_string(INSERT).unwrap(), &[]),
        ("events", format!("{}\n\n{}\n", lambda_event("7", "e30="), lambda_event("8", "e30=")), &["7", "8"]),
        ("payloads", lines(3), &["1", "2", "3"]),
        ("blank lines", format!("\n{}\n\n", lines(1)), &["2"]),
        ("byte-order mark", format!("\u{feff}{}", lines(2)), &["1", "2"]),
        ("a bad line", format!("x\n{}", lines(1)), &["1", "2"]),
        ("an empty object", format!("{{}}\n{}", lines(1)), &["1", "2"]),
        ("windows", lines(2).replace('\n', "\r\n"), &["1", "2"]),
    ];
    for (name, content, positions) in table {
        for packed in [content.clone().into_bytes(), gzip(content.as_bytes()), zstd(content.as_bytes())] {
            let ended = rowtide_with(&["decode", "-"], &[], &packed);
            assert_eq!(ended.status, 0, "{name}: {}", ended.err);
            let found: Vec<Value> = ended.lines().iter().map(|line| line["position"].clone()).collect();
            if positions.is_empty() {
                assert_eq!(found.len(), 2, "{name}");
            } else {
                assert_eq!(found, positions, "{name}");
            }
        }
    }
}

/// An export as it lies in the bucket below `root`; the path of its manifest.
fn export(root: &Folder, id: &str, data: &str, more: &str, files: &[(&str, &str)]) -> String {
    let folder = |path: &str| std::fs::create_dir_all(root.0.join(path)).unwrap();
    let prefix = "nightly/AWSDynamoDB";
    folder(&format!("{prefix}/{id}"));
    folder(&format!("{prefix}/{data}"));
    let mut list = String::new();
    let mut items = 0;
    for (name, lines) in files {
        let count = lines.lines().count();
        items += count;
        let key = format!("{prefix}/{data}/{name}.json.gz");
        let packed = gzip(lines.as_bytes());
        let md5 = STANDARD.encode(Md5::digest(&packed));
        root.file(&key, packed);
        list += &format!(
            "{{\"itemCount\":{count},\"md5Checksum\":\"{md5}\",\"etag\":\"e-1\",\"dataFileS3Key\":\"{key}\"}}\n"
        );
    }
    root.file(&format!("{prefix}/{id}/manifest-files.json"), list);
    let manifest = format!(
        r#"{{"version":"2020-06-30","tableArn":"arn:aws:dynamodb:eu-west-1:123456789012:table/orders","s3Prefix":"nightly","manifestFilesS3Key":"{prefix}/{id}/manifest-files.json","itemCount":{items},"outputFormat":"DYNAMODB_JSON",{more}}}"#
    );
    root.file(&format!("{prefix}/{id}/manifest-summary.json"), manifest)
}

fn full_export(root: &Folder) -> String {
    let item = |id: &str| format!(r#"{{"Item":{{"id":{{"S":"{id}"}},"n":{{"N":"1"}}}}}}"#);
    let (one, two) = (format!("{}\n{}\n", item("a"), item("b")), format!("{}\n", item("c")));
    let time = r#""exportTime":"2026-03-02T08:00:00.000Z""#;
    export(root, "01-a", "01-a/data", time, &[("x", &one), ("empty", ""), ("y", &two)])
}

#[test]
fn an_export_is_read_as_it_lies_in_the_bucket() {
    let folder = Folder::new("export");
    let config = folder.file("c.toml", "[[route]]\nfrom = \"orders\"\nkey = [\"id\"]\n");
    let full = full_export(&folder);
    let write = r#"{"Metadata":{"WriteTimestampMicros":{"N":"1772442000000000"}},"Keys":{"id":{"S":"a"}}}"#;
    let times = r#""exportFromTime":"2026-03-02T08:00:00.000Z","exportToTime":"2026-03-02T10:00:00.000Z""#;
    let incremental = export(&folder, "02-b", "data", times, &[("z", &format!("{write}\n"))]);
    let ended = rowtide(&["decode", "--config", &config, &full, &incremental]);
    assert_eq!((ended.status, ended.err.as_str()), (0, ""));
    let found: Vec<String> = ended
        .lines()
        .iter()
        .map(|line| format!("{} {} {} {}", line["position"], line["table"], line["op"], line["key"]["id"]))
        .collect();
    let expected = ["1 orders put a", "2 orders put b", "1 orders put c", "1 orders delete a"];
    assert_eq!(found.iter().map(|line| line.replace('"', "")).collect::<Vec<_>>(), expected);
    assert_eq!(ended.lines()[2]["version"], "d.0000.0.00064c05f937e000");
}

#[test]
fn an_export_that_is_not_whole_is_an_error_of_the_input() {
    let folder = Folder::new("export-broken");
    let config = folder.file("c.toml", "[[route]]\nfrom = \"orders\"\nkey = [\"id\"]\n");
    let manifest = full_export(&folder);
    let near = |name: &str| manifest.replace("01-a/manifest-summary.json", name);
    let check = |file: &str, status: i32, says: &str| {
        let ended = rowtide(&["decode", "--config", &config, file]);
        assert_eq!(ended.status, status, "{}", ended.err);
        assert!(ended.err.contains(says), "{says}: {}", ended.err);
    };
    check(&near("01-a/manifest-files.json"), 2, "give manifest-summary.json instead");
    let stdin = rowtide_with(&["decode", "-"], &[], &std::fs::read(&manifest).unwrap());
    assert_eq!(stdin.status, 2, "{}", stdin.err);
    let data = near("01-a/data/y.json.gz");
    std::fs::write(&data, gzip(b"")).unwrap();
    check(&manifest, 1, "holds 0 items, but the manifest of the export says 1");
    std::fs::write(&data, gzip(b"{\"Item\":{\"id\":{\"S\":\"another\"}}}\n")).unwrap();
    check(&manifest, 1, "has not the MD5");
    std::fs::remove_file(&data).unwrap();
    check(&manifest, 2, "which is not there");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("\"itemCount\":3", "\"itemCount\":4")).unwrap();
    folder.file("nightly/AWSDynamoDB/01-a/data/y.json.gz", gzip(b"{}\n"));
    check(&manifest, 1, "itemCount");
    std::fs::write(&manifest, text.replace("DYNAMODB_JSON", "ION")).unwrap();
    check(&manifest, 1, "DYNAMODB_JSON");
}

#[test]
fn values_may_span_lines() {
    let pretty =
        |text: &str| serde_json::to_string_pretty(&serde_json::from_str::<Value>(text).unwrap()).unwrap();
    let both: Vec<String> = payloads(2).iter().map(|text| pretty(text)).collect();
    let lines_of_one = both[0].lines().count();
    let ended = rowtide_with(&["decode"], &[], both.join("\n").as_bytes());
    let lines = ended.lines();
    assert_eq!(lines.len(), 2, "{}", ended.out);
    assert_eq!(lines[1]["position"], (lines_of_one + 1).to_string());
    assert_eq!(lines[1]["op"], "put");
    let event = pretty(&lambda_event("9", "e30="));
    let ended = rowtide_with(&["decode"], &[], event.as_bytes());
    assert_eq!(ended.lines()[0]["position"], "9");
}

#[test]
fn packed_files_of_several_members_are_read_to_their_end() {
    let [one, two] = payloads(2).try_into().unwrap();
    let ended =
        rowtide_with(&["decode"], &[], &[gzip(format!("{one}\n").as_bytes()), gzip(two.as_bytes())].concat());
    assert_eq!(ended.lines().len(), 2, "{}", ended.err);
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    let frames = [zstd(format!("{one}\n").as_bytes()), skippable.clone(), zstd(two.as_bytes())].concat();
    for packed in [frames.clone(), [skippable, frames].concat()] {
        let ended = rowtide_with(&["decode"], &[], &packed);
        assert_eq!(ended.lines().len(), 2, "{}", ended.err);
    }
}

#[test]
fn bad_records_among_bare_payloads_are_poison_and_the_command_goes_on() {
    let good = payloads(1).remove(0);
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let exponent = payload("orders", "o-1", 1_772_440_530_000_000, r#""n":{"N":"1e1000000000"}"#);
    let key = good.replace(r#""id":{"S":"o-0"}}"#, r#""id":{"N":"1e1000000000"}}"#);
    let table: [(&str, Vec<u8>); 8] = [
        ("not JSON", b"hello".to_vec()),
        ("base64", b"eyJldmVudE5hbWUiOiJJTlNFUlQifQ==".to_vec()),
        ("an empty object", b"{}".to_vec()),
        ("100,000 levels", deep.into_bytes()),
        ("invalid UTF-8", b"{\"eventName\":\"\xff\xfe\"}".to_vec()),
        ("an exponent of 1e9", exponent.into_bytes()),
        ("an exponent of 1e9 in the key", key.into_bytes()),
        ("half a value", good.as_bytes()[..good.len() / 2].to_vec()),
    ];
    for (name, bad) in table {
        for first in [true, false] {
            let lines = if first { [&bad[..], good.as_bytes()] } else { [good.as_bytes(), &bad[..]] };
            let ended = rowtide_with(&["decode"], &[], &lines.join(&b'\n'));
            assert_eq!(ended.status, 0, "{name}: {}", ended.err);
            let lines = ended.lines();
            let (poison, put) = if first { (&lines[0], &lines[1]) } else { (&lines[1], &lines[0]) };
            assert!(poison["poison"]["code"].is_string(), "{name}: {poison}");
            assert_eq!(put["op"], "put", "{name}");
            assert_eq!(lines.len(), 2, "{name}");
        }
    }
}

#[test]
fn a_record_of_6_mb_is_decoded() {
    let text = "x".repeat(6 * 1024 * 1024);
    let big = payload("orders", "o-1", 1_772_440_530_000_000, &format!(r#""note":{{"S":"{text}"}}"#));
    let ended = rowtide_with(&["decode"], &[], big.as_bytes());
    assert_eq!(ended.status, 0, "{}", ended.err);
    assert_eq!(ended.lines()[0]["document"]["note"].as_str().map(str::len), Some(text.len()));
}

#[test]
fn a_bad_line_among_lambda_events_is_an_error_of_the_input() {
    for bad in ["{}", "not json", r#"{"Records":["#, r#"{"Records":{}}"#, "\u{1}"] {
        let text = format!("{}\n{bad}\n{}", lambda_event("7", "e30="), lambda_event("8", "e30="));
        let ended = rowtide_with(&["decode"], &[], text.as_bytes());
        assert_eq!((ended.status, ended.lines().len()), (1, 1), "{bad}");
        assert!(ended.err.starts_with("error: - line 2 "), "{bad}: {}", ended.err);
    }
}

#[test]
fn a_truncated_file_is_named_and_what_came_before_stays() {
    let folder = Folder::new("truncated");
    let text: Vec<String> = (0..2_000_u32).map(|n| lambda_event(&n.to_string(), "e30=")).collect();
    for (name, packed) in
        [("a.gz", gzip(text.join("\n").as_bytes())), ("a.zst", zstd(text.join("\n").as_bytes()))]
    {
        let path = folder.file(name, &packed[..packed.len() - 10]);
        let ended = rowtide(&["decode", &path]);
        assert_eq!(ended.status, 1, "{name}");
        assert!(ended.err.contains(name) && ended.err.contains("because: "), "{}", ended.err);
        assert!(ended.out.lines().count() < 2_000, "{name}");
    }
}

#[test]
fn a_lambda_event_that_breaks_off_is_an_error_of_the_input() {
    let event = std::fs::read(INSERT).unwrap();
    let ended = rowtide_with(&["decode"], &[], &event[..300]);
    assert_eq!((ended.status, ended.out.as_str()), (1, ""), "{}", ended.err);
}

#[test]
fn nothing_to_read_is_no_error() {
    for (input, lines) in [("", 0), ("\n\n", 0), (r#"{"Records":[]}"#, 0)] {
        let ended = rowtide_with(&["decode"], &[], input.as_bytes());
        assert_eq!((ended.status, ended.out.lines().count(), ended.err.as_str()), (0, lines, ""), "{input}");
    }
}

#[test]
fn usage_and_configuration_end_with_2() {
    let table: [(&[&str], &str); 17] = [
        (&["decode", "events/nowhere.json"], "error: events/nowhere.json cannot be read."),
        (&["decode", INSERT, "events/nowhere.json"], "error: events/nowhere.json cannot be read."),
        (&["decode", "-", "-"], "can be given once"),
        (&["decode", "postgresql://u:hunter2@h/d"], "looks like a database URL"),
        (&["decode", "events/dynamodb/keys-only-stream.json"], "KEYS_ONLY"),
        (&["plan", "events/dynamodb/keys-only-stream.json"], "KEYS_ONLY"),
        (&["decode", "--decoder", "csv", INSERT], "possible values: auto, dynamodb-kinesis"),
        (&["decode", "--set", "sink.shema=x", INSERT], "`sink.schema`"),
        (&["decode", "--batch", "0", INSERT], "--batch"),
        (&["plan", "--dialect", "oracle", INSERT], "oracle"),
        (&["--config", "nowhere.toml", "config"], "nowhere.toml"),
        (&["dead-letters", "list"], "sink.url"),
        (&["dead-letters", "discard", "--sink", "postgresql://localhost"], "--all"),
        (&["state", "list"], "sink.url"),
        (&["state", "clear", "snapshot", "--sink", "postgresql://localhost"], "--all"),
        (&["purge", "--older-than", "week"], "--older-than"),
        (&["replay", "--sink", "postgresql://localhost", "--data-dir", "d", INSERT], "--data-dir"),
    ];
    for (args, expected) in table {
        let ended = rowtide(args);
        assert_eq!((ended.status, ended.out.as_str()), (2, ""), "{args:?}");
        assert!(ended.err.contains(expected), "{args:?}: {}", ended.err);
        assert!(!ended.err.contains("hunter2"), "{}", ended.err);
    }
}

#[test]
fn a_file_that_is_missing_stops_the_command_before_the_first_record() {
    let ended = rowtide(&["decode", INSERT, "events/nowhere.json"]);
    assert_eq!((ended.status, ended.out.as_str()), (2, ""));
}

#[test]
fn an_error_is_one_line_and_its_cause_another() {
    let ended = rowtide(&["decode", "events/nowhere.json"]);
    let lines: Vec<&str> = ended.err.lines().collect();
    assert!(lines[0].starts_with("error: ") && lines[1].starts_with("because: "), "{lines:?}");
    assert_eq!(lines.len(), 2);
}

#[test]
fn what_a_command_does_not_use_cannot_make_it_fail() {
    let variables = [("ROWTIDE_SINK_URL", "env://NOWHERE"), ("ROWTIDE_SINK_TLS", "nonsense")];
    for args in [["decode", INSERT], ["plan", INSERT], ["ddl", "orders"]] {
        assert_eq!(rowtide_with(&args, &variables, b"").status, 0, "{args:?}");
    }
    assert_eq!(rowtide_with(&["config"], &variables, b"").status, 2);
}

#[test]
fn plan_prints_statements_with_parameters_and_positions() {
    let ended = rowtide(&["plan", "--set", "sink.schema=shop", "events/dynamodb/modify.json"]);
    assert_eq!((ended.status, ended.err.as_str()), (0, ""));
    let lines = ended.lines();
    assert_eq!(lines.len(), 1);
    let statement = &lines[0];
    assert_eq!(statement["target"], "shop.orders");
    assert!(statement["sql"].as_str().unwrap().starts_with("insert into \"shop\".\"orders_cdc\""));
    let params = statement["params"].as_array().unwrap();
    assert_eq!(params.len(), 7);
    assert_eq!(params[0], serde_json::json!([r#"["o-10231"]"#, r#"["o-10232"]"#]));
    assert_eq!(params[1][0]["id"], "o-10231");
    assert_eq!(params[2][0]["status"], "shipped");
    assert_eq!(params[5], serde_json::json!([false, false]));
    assert_eq!(statement["positions"].as_array().map(Vec::len), Some(2));
    assert!(!ended.out.contains("create table"));
}

#[test]
fn plan_warns_of_poison_and_exits_with_0() {
    let ended = rowtide(&["plan", "events/dynamodb-kinesis/poison-in-the-middle.json"]);
    assert_eq!(ended.status, 0);
    assert!(ended.err.starts_with("warning: 5 records would be parked"), "{}", ended.err);
}

#[test]
fn ddl_prints_every_object_of_a_route() {
    let folder = Folder::new("ddl");
    let config = folder.file(
        "c.toml",
        "[[route]]\nfrom = \"orders\"\nto = \"shop.orders\"\nkey = [\"id\"]\ntypes = { total = \"numeric\" }\n",
    );
    let ended = rowtide(&["--config", &config, "ddl", "orders"]);
    assert_eq!(ended.status, 0, "{}", ended.err);
    for expected in [
        "create table if not exists \"shop\".\"orders_cdc\"",
        "create view \"shop\".\"orders\"",
        "as \"total\"",
        "\"rowtide_targets\"",
        "\"rowtide_dead_letters\"",
        "-- create index if not exists \"orders_cdc_id\"",
    ] {
        assert!(ended.out.contains(expected), "{expected}: {}", ended.out);
    }
    let ended = rowtide(&["--config", &config, "ddl", "customers"]);
    assert_eq!(ended.status, 2);
    assert!(ended.err.contains("customers"));
}

#[test]
fn ddl_prints_what_an_upgrade_needs_alone_or_behind_the_objects_of_a_route() {
    let statements = |args: &[&str]| {
        let ended = rowtide(&[&["ddl", "--set", "sink.schema=cdc"], args].concat());
        assert_eq!(ended.status, 0, "{}", ended.err);
        ended.out
    };
    let altered = [
        "\nalter table \"cdc\".\"rowtide_targets\" add column if not exists source_identity text, add column if",
        "\nalter table \"cdc\".\"rowtide_dead_letters\" add column if not exists sequence_number text;",
        "\nalter table if exists \"cdc\".\"rowtide_floors\" add column if not exists source_identity text;",
    ];
    for args in [&[][..], &["orders"]] {
        let out = statements(args);
        for expected in altered {
            assert!(out.contains(expected), "{expected}: {out}");
        }
        assert_eq!(out.contains("orders_cdc"), !args.is_empty(), "{out}");
    }
    // it has no `if not exists` for columns: nothing that fails on the second run is a statement there
    let out = statements(&["--dialect", "cratedb"]);
    assert!(
        out.contains("\n-- alter table \"cdc\".\"rowtide_targets\" add column source_identity text"),
        "{out}"
    );
    assert!(!out.contains("\nalter") && out.contains("`rowtide status` says whether"), "{out}");
}

#[test]
fn config_shows_where_a_value_comes_from_and_no_secret() {
    let variables = [("ROWTIDE_SINK_URL", "postgresql://u:hunter2@h/d")];
    for output in ["human", "json"] {
        let ended =
            rowtide_with(&["config", "--set", "sink.schema=shop", "--output", output], &variables, b"");
        assert_eq!(ended.status, 0, "{}", ended.err);
        for expected in ["postgresql://u:***@h/d", "ROWTIDE_SINK_URL", "shop", "--set"] {
            assert!(ended.out.contains(expected), "{expected}: {}", ended.out);
        }
        assert!(!ended.out.contains("hunter2"));
    }
    let ended = rowtide(&["config", "--output", "json"]);
    let suffix = ended.lines().into_iter().find(|line| line["name"] == "sink.suffix").unwrap();
    let expected =
        serde_json::json!({"name":"sink.suffix","value":"_cdc","default":"_cdc","origin":"default"});
    assert_eq!(suffix, expected);
}

#[test]
fn settings_count_before_and_behind_the_command() {
    let folder = Folder::new("settings");
    let config = folder.file("c.toml", "[source]\nepoch = 7\n");
    let value = |args: &[&str], name: &str| {
        let lines = rowtide(&[args, &["--output", "json"]].concat()).lines();
        lines.into_iter().find(|line| line["name"] == name).unwrap()["value"].clone()
    };
    let args = ["--config", &config, "--set", "sink.schema=a", "--set", "sink.suffix=_a", "config"];
    let args = [&args[..], &["--set", "sink.suffix=_b"]].concat();
    assert_eq!(value(&args, "sink.schema"), "a");
    assert_eq!(value(&args, "sink.suffix"), "_b");
    assert_eq!(value(&args, "source.epoch"), "7");
    assert_eq!(value(&["config", "--config", &config], "source.epoch"), "7");
}

#[test]
fn the_state_of_a_window_is_echoed() {
    let sink = "postgresql://postgres@127.0.0.1:1/nobody";
    let file = "events/dynamodb-kinesis/tumbling-window-final.json";
    let ended = rowtide(&["replay", "--sink", sink, "--output", "json", file]);
    assert_eq!((ended.status, ended.out.lines().count()), (0, 1));
    let response = &ended.object()["batches"][0]["response"];
    assert_eq!(response["batchItemFailures"], serde_json::json!([]));
    assert!(response["state"].is_object(), "{response}");
}

#[test]
fn help_and_completions_are_data() {
    for command in
        ["replay", "decode", "plan", "ddl", "dead-letters", "purge", "state", "config", "completions"]
    {
        let ended = rowtide(&[command, "--help"]);
        assert_eq!(ended.status, 0);
        assert!(
            ended.out.contains("Example") && ended.out.contains("  rowtide "),
            "{command}: {}",
            ended.out
        );
        assert!(!ended.out.contains('\u{1b}'));
    }
    let ended = rowtide(&["completions", "bash"]);
    assert!(ended.status == 0 && ended.out.contains("dead-letters"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rowtide"))
        .args(["decode", "events/dynamodb-kinesis/thousand-records.json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_sink_that_does_not_answer_is_reported_and_the_object_is_printed() {
    let sink = "postgresql://postgres@127.0.0.1:1/nobody?connect_timeout=1";
    let ended = rowtide(&["replay", "--sink", sink, "--output", "json", INSERT, INSERT]);
    assert_eq!(ended.status, 1);
    let object = ended.object();
    assert_eq!((&object["received"], &object["reported"]), (&2.into(), &2.into()));
    // it stopped behind the first batch
    assert_eq!(object["batches"].as_array().map(Vec::len), Some(1));
    assert!(object["batches"][0]["response"]["batchItemFailures"][0]["itemIdentifier"].is_string());
    assert!(ended.err.contains("error: ") && ended.err.contains("refused"), "{}", ended.err);
}

#[test]
fn a_password_that_is_not_encoded_is_nowhere_in_the_error() {
    for sink in [
        "postgresql://u:can?ary=1@127.0.0.1:1/d",
        "postgresql://u:can#ary@127.0.0.1:1/d",
        "postgresql://u:x@127.0.0.1:1/d?canary=1",
        "host=127.0.0.1 port=1 password=a canary=1",
        "host=127.0.0.1 port=1 password='canary",
    ] {
        let ended = rowtide(&["replay", "--sink", sink, INSERT]);
        assert!(ended.status != 0 && !ended.err.contains("ary"), "{}", ended.err);
    }
}

#[test]
fn a_keys_only_stream_fails_the_invocation_and_the_object_is_printed() {
    let sink = "postgresql://postgres@127.0.0.1:1/nobody";
    let ended =
        rowtide(&["replay", "--sink", sink, "--output", "json", "events/dynamodb/keys-only-stream.json"]);
    assert_eq!(ended.status, 2);
    let object = ended.object();
    assert_eq!(object["reported"], 4);
    assert!(object["batches"][0]["response"].is_null());
    assert_eq!(object["tables"], serde_json::json!({}));
    assert!(ended.err.contains("KEYS_ONLY"));
}

/// The arguments of a replay into a schema of the test's own.
async fn place(test: &str) -> Option<(crate::support::Place, Vec<String>)> {
    let place = server(test).await?;
    let schema = format!("sink.schema={}", place.schema);
    let args = vec!["--sink".to_owned(), place.url.clone(), "--set".to_owned(), schema];
    Some((place, args))
}

fn with<'a>(command: &[&'a str], place: &'a [String]) -> Vec<&'a str> {
    command.iter().copied().chain(place.iter().map(String::as_str)).collect()
}

#[tokio::test]
async fn a_replay_prints_counts_batches_and_tables() {
    let Some((place, args)) = place("cli_replay").await else { return };
    let name = format!("{}.orders", place.schema);
    let replay =
        with(&["replay", "--output", "json", "events/dynamodb-kinesis/poison-in-the-middle.json"], &args);
    let ended = rowtide(&replay);
    assert_eq!(ended.status, 0, "{}", ended.err);
    assert!(ended.err.starts_with("warning: 5 records were parked"), "{}", ended.err);
    let object = ended.object();
    assert_eq!(
        (&object["received"], &object["applied"], &object["parked"], &object["reported"]),
        (&11.into(), &6.into(), &5.into(), &0.into())
    );
    assert_eq!(object["batches"][0]["input"], "events/dynamodb-kinesis/poison-in-the-middle.json#1");
    assert_eq!(object["batches"][0]["response"], serde_json::json!({"batchItemFailures":[]}));
    let rows = object["tables"][&name].as_array().unwrap();
    assert_eq!(rows.len(), 6);
    assert_eq!(rows[0]["pk"]["id"], "o-10280");
    assert!(rows[0]["data"].is_object() && rows[0]["aux"].is_object() && rows[0].get("deleted").is_none());
    // a second time nothing is new
    let again = rowtide(&[&replay[..], &["--fail-on-parked", "--no-rows"]].concat());
    assert_eq!(again.status, 1);
    assert_eq!((&again.object()["applied"], &again.object()["stale"]), (&0.into(), &6.into()));
    assert!(again.object().get("tables").is_none());
    let shown = rowtide(&with(&["show", "orders", "--output", "json", "--limit", "2"], &args));
    assert_eq!((shown.status, shown.out.lines().count()), (0, 2), "{}", shown.err);
    let shown = rowtide(&with(&["show", &name, "--key", "[\"o-10280\"]", "--output", "json"], &args));
    assert!(shown.out.starts_with("{\"key\":{\"id\":\"o-10280\"},\"document\":{"), "{}", shown.out);
    let human = rowtide(&with(&["replay", INSERT], &args));
    assert!(human.out.contains("2 records received: 2 applied"), "{}", human.out);
    assert!(human.out.contains(&format!("{name}, 8 rows")) && human.out.contains("o-10231"), "{}", human.out);
    place.finish().await;
}

#[tokio::test]
async fn an_export_is_loaded_before_or_behind_the_changes_of_its_stream() {
    let folder = Folder::new("export-stream");
    let config = folder.file("c.toml", "[[route]]\nfrom = \"orders\"\nkey = [\"id\"]\n");
    let manifest = full_export(&folder);
    let micros = 1_772_438_400_000_001;
    let changed = payload("orders", "a", micros, r#""n":{"N":"2"}"#);
    let removed = payload("orders", "b", micros, "").replace("MODIFY", "REMOVE");
    let removed = removed.split(r#","NewImage""#).next().unwrap().to_owned() + "}}";
    let stream = folder.file("stream.ndjson", format!("{changed}\n{removed}\n"));
    for (test, inputs) in [("before", [&manifest, &stream]), ("behind", [&stream, &manifest])] {
        let Some((place, args)) = place(&format!("cli_export_{test}")).await else { return };
        let mut ended = None;
        for input in inputs {
            let scheme = ["--set", "source.version=dynamodb-kinesis"];
            let command = ["replay", "--output", "json", "--config", &config, scheme[0], scheme[1], input];
            let replayed = rowtide(&with(&command, &args));
            assert_eq!(replayed.status, 0, "{test}: {}", replayed.err);
            ended = Some(replayed);
        }
        let object = ended.unwrap().object();
        let rows = object["tables"][&format!("{}.orders", place.schema)].as_array().unwrap().clone();
        let rows: Vec<String> =
            rows.iter().map(|row| format!("{} {}", row["pk"]["id"], row["data"]["n"])).collect();
        assert_eq!(rows, ["\"a\" 2", "\"c\" 1"], "{test}");
        // another order would freeze or mix rows
        let scheme = ["--set", "source.version=dynamodb"];
        let other = rowtide(&with(&["replay", "--config", &config, scheme[0], scheme[1], &manifest], &args));
        assert_eq!(other.status, 2, "{}", other.err);
        let expected = "are ordered as those of dynamodb-kinesis, and changes of orders come ordered as those of \
                        dynamodb:";
        assert!(other.err.contains(expected), "{}", other.err);
        place.finish().await;
    }
}

/// What people type: the configuration of the stream's function, or none, and the manifest.
#[tokio::test]
async fn an_export_takes_key_order_and_epoch_from_its_stream() {
    let folder = Folder::new("export-as-typed");
    let manifest = full_export(&folder);
    let stream =
        folder.file("stream.ndjson", payload("orders", "a", 1_772_438_400_000_001, r#""n":{"N":"2"}"#));
    let pinned = "[source]\ndecoder = \"dynamodb-kinesis\"\nepoch = 3\n";
    let with_key = format!("{pinned}[[route]]\nfrom = \"orders\"\nkey = [\"id\"]\n");
    // the stream of the function; what is typed for the export; which of them comes first
    let table = [
        ("registry", pinned, "", true),
        ("pinned", pinned, pinned, true),
        ("first", with_key.as_str(), with_key.as_str(), false),
    ];
    for (test, of_stream, of_export, is_stream_first) in table {
        let Some((place, args)) = place(&format!("cli_export_{test}")).await else { return };
        let of_stream = folder.file("stream.toml", of_stream);
        let of_export = folder.file("export.toml", of_export);
        let mut inputs = [(&of_stream, &stream), (&of_export, &manifest)];
        if !is_stream_first {
            inputs.reverse();
        }
        let mut ended = None;
        for (config, input) in inputs {
            let replayed = rowtide(&with(&["replay", "--output", "json", "--config", config, input], &args));
            assert_eq!(replayed.status, 0, "{test}: {}", replayed.err);
            ended = Some(replayed.object());
        }
        let object = ended.unwrap();
        let rows = object["tables"][&format!("{}.orders", place.schema)].as_array().unwrap().clone();
        let rows: Vec<String> =
            rows.iter().map(|row| format!("{} {}", row["pk"]["id"], row["data"]["n"])).collect();
        assert_eq!(rows, ["\"a\" 2", "\"b\" 1", "\"c\" 1"], "{test}");
        place.finish().await;
    }
    // a target that several sources fill
    let Some((place, args)) = place("cli_export_merged").await else { return };
    let merged = folder.file(
        "merged.toml",
        format!("{pinned}[[route]]\nfrom = \"orders\"\nmerge = true\nkey_add = {{ r = \"{{region}}\" }}\n"),
    );
    let of_region = payload("orders", "a", 1_772_438_400_000_001, r#""n":{"N":"2"}"#)
        .replace("\"eventName\"", "\"awsRegion\":\"eu-west-1\",\"eventName\"");
    for input in [&folder.file("region.ndjson", of_region), &manifest] {
        let replayed =
            rowtide(&with(&["replay", "--no-rows", "--fail-on-parked", "--config", &merged, input], &args));
        assert_eq!(replayed.status, 0, "{}", replayed.err);
    }
    assert_eq!(place.count("select count(*) from {s}.orders").await, 3);
    place.finish().await;
    // nobody tells the key: what to write is said, word for word
    let ended = rowtide(&["replay", "--config", "/dev/null", &manifest]);
    assert_eq!(ended.status, 2, "{}", ended.err);
    assert!(ended.err.contains("[[route]] from = \"orders\", key = [\"id\"]"), "{}", ended.err);
    // and without a database
    for command in ["decode", "plan"] {
        let ended = rowtide(&[command, "--config", &folder.file("k.toml", &with_key), &manifest]);
        assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{command}");
        assert!(ended.out.contains("k.0003.0."), "{command}: {}", ended.out);
    }
}

#[test]
fn a_folder_is_read_file_by_file_and_an_export_in_it_by_its_manifest() {
    let folder = Folder::new("folders");
    std::fs::create_dir_all(folder.0.join("in/b")).unwrap();
    let bare = |id: &str| payload("orders", id, 1_772_440_530_000_001, r#""n":{"N":"1"}"#);
    folder.file("in/z.ndjson", bare("first"));
    folder.file("in/.hidden", "no JSON");
    folder.file("in/b/y.ndjson", bare("second"));
    let root = folder.0.join("in").display().to_string();
    let ids = |args: &[&str]| {
        let ended = rowtide(args);
        assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{args:?}");
        ended.lines().iter().map(|line| line["key"]["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&["decode", &root]), ["first", "second"]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("..", folder.0.join("in/b/back")).unwrap();
    assert_eq!(ids(&["decode", &root]), ["first", "second"], "a link to a folder leads nowhere");
    std::fs::create_dir_all(folder.0.join("empty/.git")).unwrap();
    let ended = rowtide(&["decode", &folder.0.join("empty").display().to_string()]);
    assert!(ended.status == 2 && ended.err.contains("is a folder without files"), "{}", ended.err);
    // what other programs lay beside data is none
    folder.file("in/_SUCCESS", "");
    folder.file("in/z.md5", "0cc175b9c0f1b6a831c399e269772661");
    assert_eq!(ids(&["decode", &root]), ["first", "second"]);
    // each data file once, in the order of the manifests
    let config = folder.file("c.toml", "[[route]]\nfrom = \"orders\"\nkey = [\"id\"]\n");
    full_export(&folder);
    let write = r#"{"Metadata":{"WriteTimestampMicros":{"N":"1772442000000000"}},"Keys":{"id":{"S":"d"}}}"#;
    let times = r#""exportFromTime":"2026-03-02T08:00:00.000Z","exportToTime":"2026-03-02T10:00:00.000Z""#;
    export(&folder, "02-b", "data", times, &[("z", &format!("{write}\n"))]);
    let bucket = folder.0.join("nightly").display().to_string();
    assert_eq!(ids(&["decode", "--config", &config, &bucket]), ["a", "b", "c", "d"]);
    let ended = rowtide(&["decode", &folder.0.join("nightly/AWSDynamoDB/01-a/data").display().to_string()]);
    assert!(ended.status == 2 && ended.err.contains("give the folder above it"), "{}", ended.err);
}

#[test]
fn a_file_of_utf_16_is_named_and_the_mark_of_utf_8_is_passed() {
    let folder = Folder::new("encodings");
    let text = payload("orders", "o-1", 1_772_440_530_000_001, r#""n":{"N":"1"}"#);
    let units: Vec<u16> = text.encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for bytes in [[&[0xff, 0xfe], &little[..]].concat(), [&[0xfe, 0xff], &big[..]].concat(), little, big] {
        let ended = rowtide(&["decode", &folder.file("u.json", bytes)]);
        assert!(ended.status == 1 && ended.err.contains("UTF-16"), "{}", ended.err);
    }
    let marked = folder.file("m.json", [b"\xef\xbb\xbf", text.as_bytes()].concat());
    assert_eq!(rowtide(&["decode", &marked]).lines()[0]["key"]["id"], "o-1");
    assert_eq!(rowtide(&["decode", &folder.file("n.json", "")]).status, 0);
}

#[tokio::test]
async fn a_key_is_typed_as_people_say_it() {
    let Some((place, args)) = place("cli_keys").await else { return };
    let text = [("o-1", "S"), ("7", "S"), ("8", "N")].map(|(id, kind)| {
        payload("orders", id, 1_772_440_530_000_001, r#""n":{"N":"1"}"#)
            .replace(&format!(r#""S":"{id}""#), &format!(r#""{kind}":"{id}""#))
    });
    // one table has keys of one type; these are three
    for (line, table) in text.iter().zip(["a", "b", "c"]) {
        let line = line.replace("\"orders\"", &format!("\"{table}\""));
        assert_eq!(rowtide_with(&with(&["replay"], &args), &[], line.as_bytes()).status, 0);
    }
    for (table, key) in
        [("a", "o-1"), ("a", "[\"o-1\"]"), ("a", "\"o-1\""), ("b", "7"), ("b", "\"7\""), ("c", "8")]
    {
        let shown = rowtide(&with(&["show", table, "--key", key, "--output", "json"], &args));
        assert_eq!((shown.status, shown.out.lines().count()), (0, 1), "{table} {key}: {}", shown.err);
    }
    let shown = rowtide(&with(&["show", "c", "--key", "\"8\"", "--output", "json"], &args));
    assert_eq!(shown.out, "");
    // longer than an index holds: stored as its digest; and one that looks like an option
    for (table, id) in [("d", "L".repeat(1_500)), ("e", "-3x".to_owned())] {
        let line = payload(table, &id, 1_772_440_530_000_001, r#""n":{"N":"1"}"#);
        assert_eq!(rowtide_with(&with(&["replay"], &args), &[], line.as_bytes()).status, 0);
        let stored = place.texts(&format!("select key from {{s}}.{table}")).await.remove(0);
        for key in [&id, &stored] {
            let shown = rowtide(&with(&["show", table, "--key", key, "--output", "json"], &args));
            assert_eq!((shown.status, shown.out.lines().count()), (0, 1), "{key:.20}: {}", shown.err);
        }
    }
    place.finish().await;
}

#[cfg(feature = "embedded")]
#[test]
fn the_embedded_database_has_every_schema_that_is_asked_for() {
    let folder = Folder::new("schemas");
    let toml = "[sink]\nschema = \"cdc\"\n[[route]]\nfrom = \"orders\"\nto = \"sales.orders\"\n[[route]]\nfrom = \"*\"\n";
    let config = folder.file("rowtide.toml", toml);
    let data = folder.0.join("data").display().to_string();
    let both = [("orders", "o-1"), ("users", "u-1")]
        .map(|(table, id)| payload(table, id, 1_772_440_530_000_001, r#""n":{"N":"1"}"#))
        .join("\n");
    for _ in 0..2 {
        let replay = ["replay", "--config", &config, "--data-dir", &data, "--output", "json", "-"];
        let ended = rowtide_with(&replay, &[], both.as_bytes());
        assert_eq!(ended.status, 0, "{}", ended.err);
        let tables: Vec<String> = ended.object()["tables"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(tables, ["cdc.users", "sales.orders"]);
    }
}

#[tokio::test]
async fn the_json_of_a_replay_says_why_it_failed() {
    let Some((place, args)) = place("cli_failure").await else { return };
    let keys_only = "events/dynamodb/keys-only-stream.json";
    let ended = rowtide(&with(&["replay", "--output", "json", keys_only], &args));
    assert_eq!(ended.status, 2);
    let failure = ended.object()["failure"].as_str().unwrap().to_owned();
    assert!(failure.contains("KEYS_ONLY") && ended.err.contains(&failure), "{failure}");
    let done = rowtide(&with(&["replay", "--output", "json", INSERT], &args));
    assert!(done.object()["failure"].is_null());
    place.finish().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_replay_that_somebody_ends_says_how_far_it_came() {
    use std::io::Write as _;
    let Some((place, args)) = place("cli_interrupted").await else { return };
    let mut child = command()
        .args(with(&["replay", "--batch", "10", "--output", "json", "--no-rows", "-"], &args))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all((payloads(25).join("\n") + "\n").as_bytes()).unwrap();
    // two batches are full, and more may come
    let done =
        "select count(*) from information_schema.tables where table_schema = '{s}' and table_name = 'orders'";
    while place.count(done).await == 0 || place.count("select count(*) from {s}.orders").await < 20 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("Ended by Ctrl-C behind the batch -#2: 20 records done."), "{err}");
    let object: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&object["applied"], object["batches"].as_array().map(Vec::len)), (&20.into(), Some(2)));
    place.finish().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_second_ctrl_c_ends_a_replay_that_waits_for_the_database() {
    let Some((place, args)) = place("cli_interrupted_twice").await else { return };
    if std::env::var_os("ROWTIDE_TEST_POSTGRES").is_none() {
        // the embedded database has one client, and the lock needs another
        return;
    }
    assert_eq!(rowtide(&with(&["replay", "--no-rows", INSERT], &args)).status, 0);
    let holder = crate::support::connect(&place.url).await;
    let lock = format!("begin; lock table {}.orders_cdc in access exclusive mode", place.schema);
    holder.batch_execute(&lock).await.unwrap();
    let mut child = command()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(with(&["replay", "--no-rows", INSERT], &args))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let waits = "select count(*) from pg_locks where not granted and relation = '{s}.orders_cdc'::regclass";
    while place.count(waits).await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let pid = child.id().to_string();
    // until it has ended: one that was sent too early finds nobody who listens
    while child.try_wait().unwrap().is_none() {
        std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("Ctrl-C once more ends at once"));
    drop(holder);
    place.finish().await;
}

#[tokio::test]
async fn bare_payloads_are_replayed_in_batches() {
    let Some((place, args)) = place("cli_bare").await else { return };
    let text = payloads(25).join("\n");
    let ended =
        rowtide_with(&with(&["replay", "--batch", "10", "--output", "json"], &args), &[], text.as_bytes());
    let object = ended.object();
    let received: Vec<_> =
        object["batches"].as_array().unwrap().iter().map(|b| b["received"].clone()).collect();
    assert_eq!(received, [10, 10, 5]);
    assert_eq!(object["batches"][2]["input"], "-#3");
    assert_eq!(object["tables"][format!("{}.orders", place.schema)].as_array().map(Vec::len), Some(25));
    place.finish().await;
}

#[tokio::test]
async fn what_came_before_a_broken_input_stays_applied() {
    let Some((place, args)) = place("cli_broken").await else { return };
    let event = serde_json::from_str::<Value>(&std::fs::read_to_string(INSERT).unwrap()).unwrap();
    let text = format!("{event}\n{{}}\n{event}");
    let ended = rowtide_with(&with(&["replay", "--output", "json"], &args), &[], text.as_bytes());
    assert_eq!(ended.status, 1);
    let object = ended.object();
    assert_eq!(
        (&object["received"], &object["applied"], &object["reported"]),
        (&2.into(), &2.into(), &0.into())
    );
    assert_eq!(place.view("orders").await.len(), 2);
    place.finish().await;
}

#[tokio::test]
async fn the_breaker_opens_with_status_1_and_a_null_response() {
    let Some((place, args)) = place("cli_breaker").await else { return };
    let text = "not json\n".repeat(20);
    let ended = rowtide_with(&with(&["replay", "--output", "json"], &args), &[], text.as_bytes());
    assert_eq!(ended.status, 1);
    let object = ended.object();
    assert_eq!((&object["reported"], &object["parked"]), (&20.into(), &0.into()));
    assert!(object["batches"][0]["response"].is_null());
    assert_eq!(object["tables"], serde_json::json!({}));
    place.finish().await;
}

#[tokio::test]
async fn soft_rows_are_marked_as_deleted() {
    let Some((place, args)) = place("cli_soft").await else { return };
    let folder = Folder::new("soft");
    let config = folder.file("c.toml", "[[route]]\nfrom = \"*\"\ndelete = \"soft\"\n");
    let replay = ["replay", "--output", "json", "--config", &config, "events/dynamodb-kinesis/remove.json"];
    let ended = rowtide(&with(&replay, &args));
    let object = ended.object();
    let rows = object["tables"][format!("{}.orders", place.schema)].as_array().unwrap();
    assert!(rows.iter().any(|row| row["deleted"] == true && row["pk"]["id"] == "o-10231"), "{rows:?}");
    place.finish().await;
}

#[tokio::test]
async fn a_parked_record_is_listed_redriven_and_discarded() {
    let Some((place, args)) = place("cli_letters").await else { return };
    let first = payload("orders", "o-1", 1_772_440_530_000_001, r#""total":{"N":"-1"}"#);
    let second = payload("orders", "o-1", 1_772_440_530_000_002, r#""total":{"N":"-2"}"#);
    // makes the table, then forbids negative totals
    let ok = payload("orders", "o-0", 1_772_440_530_000_000, r#""total":{"N":"1"}"#);
    assert_eq!(rowtide_with(&with(&["replay"], &args), &[], ok.as_bytes()).status, 0);
    let alter =
        "alter table {s}.orders_cdc add constraint c check (deleted or (data->>'total')::numeric > 0)";
    place.run(alter).await;
    for text in [&second, &first] {
        let ended = rowtide_with(&with(&["replay"], &args), &[], text.as_bytes());
        assert_eq!(ended.status, 0, "{}", ended.err);
    }
    let list =
        with(&["dead-letters", "list", "--output", "json", "--table", "orders", "--key", "[\"o-1\"]"], &args);
    let letters = rowtide(&list).lines();
    assert_eq!(letters.len(), 2);
    let columns: Vec<&str> = letters[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(columns.len(), 19, "{columns:?}");
    assert!(letters[0]["redriven_at"].is_null() && letters[0]["attempts"] == 1);
    // for people: the code first, nothing empty, and what all have in common once
    let human = rowtide(&with(&["dead-letters", "list"], &args)).out;
    let first = human.lines().nth(1).unwrap();
    assert!(first.starts_with("│ code     ┆ id ┆ key     ┆ parked at"), "{human}");
    assert!(human.lines().take(6).all(|line| line.chars().count() <= 80), "{human}");
    let total = "2 dead letters, of the table orders, by the decoder dynamodb-kinesis";
    assert!(human.contains(total) && human.contains("rejected: The database refuses the row"), "{human}");
    assert_eq!(
        rowtide(&with(&["dead-letters", "list", "--key", "o-1", "--output", "json"], &args)).lines().len(),
        2
    );
    // another decoder that cannot read them leaves them as they are
    let other = with(&["dead-letters", "redrive", "--decoder", "debezium", "--output", "json"], &args);
    assert!(rowtide(&other).lines().iter().all(|line| line["outcome"] == "unreadable"));
    assert!(
        rowtide(&list).lines().iter().all(|letter| letter["code"] == "rejected" && letter["attempts"] == 1)
    );
    let unknown = rowtide(&with(&["dead-letters", "redrive", "--set", "source.decoder=debezum"], &args));
    assert_eq!(unknown.status, 2, "{}", unknown.err);
    // refused once more: the newer one of the key is not tried
    let show = rowtide(&with(&["dead-letters", "show", "--key", "[\"o-1\"]"], &args));
    assert!(
        show.status == 0 && show.out.contains("rejected") && show.out.contains("NewImage"),
        "{}",
        show.out
    );
    assert_eq!(rowtide(&with(&["dead-letters", "show", "999999999"], &args)).status, 1);
    assert_eq!(rowtide(&with(&["dead-letters", "show"], &args)).status, 2);
    let redrive = with(&["dead-letters", "redrive", "--output", "json"], &args);
    let ended = rowtide(&redrive);
    let outcomes = |ended: &Ended| {
        ended.lines().iter().map(|line| line["outcome"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((ended.status, outcomes(&ended)), (1, vec!["parked".to_owned(), "waiting".to_owned()]));
    place.run("alter table {s}.orders_cdc drop constraint c").await;
    let ended = rowtide(&redrive);
    assert_eq!((ended.status, outcomes(&ended)), (0, vec!["applied".to_owned(), "applied".to_owned()]));
    assert_eq!(place.view("orders").await["[\"o-1\"]"], r#"{"total": -2}"#);
    assert!(rowtide(&list).lines().iter().all(|letter| letter["redriven_at"].is_string()));
    assert_eq!(rowtide(&redrive).out, "");
    let ended = rowtide(&with(&["dead-letters", "discard", "--key", "[\"o-1\"]"], &args));
    assert_eq!((ended.status, ended.out.as_str()), (0, "2 dead letters discarded\n"));
    assert_eq!(rowtide(&list).out, "");
    place.finish().await;
}

#[tokio::test]
async fn a_record_that_stays_poison_keeps_its_reason() {
    let Some((place, args)) = place("cli_poison").await else { return };
    let file = "events/dynamodb-kinesis/poison-in-the-middle.json";
    assert_eq!(rowtide(&with(&["replay", file], &args)).status, 0);
    let list = with(&["dead-letters", "list", "--output", "json"], &args);
    let codes = || rowtide(&list).lines().iter().map(|line| line["code"].to_string()).collect::<Vec<_>>();
    let before = codes();
    assert_eq!(rowtide(&with(&["dead-letters", "redrive"], &args)).status, 1);
    assert_eq!(codes(), before);
    place.finish().await;
}

#[tokio::test]
async fn a_purge_forgets_tombstones_and_refuses_what_is_older() {
    let Some((place, args)) = place("cli_purge").await else { return };
    let replay =
        with(&["replay", "--no-rows", "--output", "json", "events/dynamodb-kinesis/remove.json"], &args);
    assert_eq!(rowtide(&replay).status, 0);
    let name = format!("{}.orders", place.schema);
    let purge = |more: &[&str]| {
        let ended = rowtide(&[&with(&["purge", "--output", "json"], &args)[..], more].concat());
        let object = ended.object();
        let targets = object["targets"].as_array().unwrap();
        let target = targets.iter().find(|target| target["target"] == name.as_str()).unwrap().clone();
        (ended.status, target["tombstones"].as_u64())
    };
    assert_eq!(purge(&[]), (0, Some(0)));
    assert_eq!(purge(&["--older-than", "0s", "--dry-run"]), (0, Some(2)));
    assert_eq!(purge(&["--older-than", "0s"]), (0, Some(2)));
    assert_eq!(purge(&["--older-than", "0s"]), (0, Some(0)));
    let ended = rowtide(&replay);
    assert_eq!(ended.status, 2);
    assert!(ended.err.contains("--force"), "{}", ended.err);
    assert_eq!(rowtide(&[&replay[..], &["--force"]].concat()).status, 0);
    place.finish().await;
}

#[tokio::test]
async fn a_purge_keeps_to_the_tables_of_its_configuration() {
    let Some((place, args)) = place("cli_purge_routes").await else { return };
    for file in ["events/dynamodb-kinesis/composite-key.json", "events/dynamodb-kinesis/remove.json"] {
        assert_eq!(rowtide(&with(&["replay", "--no-rows", file], &args)).status, 0);
    }
    let letter = "insert into {s}.rowtide_dead_letters \
                  (source, position, sub, epoch, \"table\", key, code, message, payload_sha256, parked_at) values ";
    let old = |table: &str, key: &str| {
        format!(
            "('-', '{table}{key}', 0, 0, '{table}', '{key}', 'rejected', '', '', now() - interval '9 years')"
        )
    };
    let letters = [old("orders", "[\"o\"]"), old("order_lines", "[\"x\",1]")].join(", ");
    place.run(&format!("{letter}{letters}")).await;
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("rowtide.toml");
    std::fs::write(&config, "[[route]]\nfrom = \"order_lines\"\n").unwrap();
    let config = ["--config", config.to_str().unwrap()];
    let purge = ["purge", "--older-than", "0s", "--output", "json"];
    let ended = rowtide(&[&with(&purge, &args)[..], &config].concat());
    let told = ended.object();
    assert_eq!(ended.status, 0, "{}", ended.err);
    assert_eq!(told["targets"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(told["left_alone"][0], format!("{}.orders", place.schema).as_str(), "{told}");
    assert_eq!((told["dead_letters"].as_u64(), told["complete"].as_bool()), (Some(1), Some(true)), "{told}");
    assert!(place.count("select count(*) from {s}.orders_cdc where deleted").await > 0);
    // what a later version laid out is left as it is, and the others are purged
    place.run("update {s}.rowtide_targets set format = 2 where target_name = 'order_lines'").await;
    let ended = rowtide(&with(&purge, &args));
    assert_eq!(ended.status, 2, "{}", ended.err);
    assert!(ended.err.contains("A later version of rowtide"), "{}", ended.err);
    let told = ended.object();
    assert_eq!(told["failed"][0], format!("{}.order_lines", place.schema).as_str(), "{told}");
    assert_eq!(told["complete"], false, "{told}");
    assert_eq!(place.count("select count(*) from {s}.orders_cdc where deleted").await, 0);
    place.finish().await;
}

#[tokio::test]
async fn a_tombstone_that_stays_for_a_parked_record_moves_no_horizon() {
    let Some((place, args)) = place("cli_purge_horizon").await else { return };
    let remove = with(&["replay", "--no-rows", "events/dynamodb-kinesis/remove.json"], &args);
    assert_eq!(rowtide(&remove).status, 0);
    place
        .run(
            "insert into {s}.rowtide_dead_letters \
             (source, position, sub, epoch, \"table\", key, code, message, payload_sha256) \
             select '-', key, 0, 0, 'orders', key, 'rejected', '', '' from {s}.orders_cdc where deleted",
        )
        .await;
    let told = rowtide(&with(&["purge", "--older-than", "0s", "--output", "json"], &args)).object();
    assert_eq!(told["targets"][0]["tombstones"], 0, "{told}");
    assert!(told["targets"][0]["horizon"].is_null(), "{told}");
    place.finish().await;
}

#[tokio::test]
async fn a_dropped_table_does_not_keep_the_tombstones_of_others() {
    let Some((place, args)) = place("cli_purge_dropped").await else { return };
    for file in ["events/dynamodb-kinesis/composite-key.json", "events/dynamodb-kinesis/remove.json"] {
        assert_eq!(rowtide(&with(&["replay", "--no-rows", file], &args)).status, 0);
    }
    place.run("drop table {s}.order_lines_cdc cascade").await;
    let ended = rowtide(&with(&["purge", "--older-than", "0s", "--output", "json"], &args));
    assert_eq!(ended.status, 0, "{}", ended.err);
    assert!(ended.err.contains("order_lines was left out"), "{}", ended.err);
    let targets = &ended.object()["targets"];
    assert_eq!(targets.as_array().map(Vec::len), Some(1));
    assert_eq!(targets[0]["tombstones"], 2);
    place.finish().await;
}

#[tokio::test]
async fn the_name_of_a_table_cannot_steer_the_terminal() {
    let Some((place, args)) = place("cli_terminal").await else { return };
    let record =
        crate::support::change("a\\u001b[31mb", "x", crate::support::at(1), 1, Some(r#""n":{"N":"1"}"#));
    let ended = rowtide_with(&with(&["replay", "-"], &args), &[], &record.payload);
    assert_eq!(ended.status, 0, "{}", ended.err);
    assert!(ended.out.contains("a\u{fffd}[31mb, 1 row") && !ended.out.contains('\u{1b}'), "{}", ended.out);
    place.finish().await;
}

#[test]
fn a_server_without_tls_is_a_matter_of_configuration() {
    use std::io::{Read as _, Write as _};
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in server.incoming() {
            let mut client = client.unwrap();
            let mut request = [0; 8];
            if client.read_exact(&mut request).is_ok() {
                // what PostgreSQL answers to an SSLRequest when it has no TLS
                client.write_all(b"N").unwrap();
            }
        }
    });
    let url = format!("postgresql://u:hunter2@127.0.0.1:{port}/d?sslmode=require");
    let ended = rowtide(&["replay", "--sink", &url, "events/dynamodb-kinesis/insert.json"]);
    assert_eq!(ended.status, 2, "{}", ended.err);
    assert!(ended.err.contains("offers no TLS") && !ended.err.contains("hunter2"), "{}", ended.err);
}

#[cfg(feature = "embedded")]
#[test]
fn without_a_sink_a_replay_brings_its_own_database() {
    // whatever is configured is not touched
    let variables =
        [("ROWTIDE_SINK_URL", "postgresql://postgres@127.0.0.1:1/production"), ("ROWTIDE_SINK_DDL", "never")];
    let file = "events/dynamodb-kinesis/poison-in-the-middle.json";
    let ended = rowtide_with(&["replay", "--output", "json", file], &variables, b"");
    assert_eq!(ended.status, 0, "{}", ended.err);
    let object = ended.object();
    assert_eq!((&object["applied"], &object["parked"]), (&6.into(), &5.into()));
    assert_eq!(object["tables"]["public.orders"].as_array().map(Vec::len), Some(6));
    assert!(ended.err.contains("rowtide decode"), "{}", ended.err);
    let ended = rowtide(&["replay", "--set", "sink.url=postgresql://localhost", file]);
    assert_eq!(ended.status, 2);
    assert!(ended.err.contains("--sink"), "{}", ended.err);
}

#[cfg(feature = "embedded")]
#[test]
fn a_data_folder_keeps_the_database() {
    let folder = Folder::new("data");
    let data = folder.0.join("data");
    let data = data.to_str().unwrap();
    let file = "events/dynamodb-kinesis/poison-in-the-middle.json";
    let replay = ["replay", "--data-dir", data, "--output", "json", "--no-rows", file];
    assert_eq!(rowtide(&replay).object()["applied"], 6);
    assert_eq!(rowtide(&replay).object()["stale"], 6);
    let letters = rowtide(&["dead-letters", "list", "--data-dir", data, "--output", "json"]).lines();
    assert_eq!(letters.len(), 5);
    assert_eq!(letters[0]["attempts"], 2);
    let ended = rowtide(&["purge", "--data-dir", data, "--output", "json"]);
    assert_eq!(ended.object()["targets"][0]["target"], "public.orders");
}

/// What a function would find when it starts, or at the first record, is found before.
#[test]
fn what_no_function_could_use_is_found_by_config_and_doctor() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rowtide.toml");
    let route = |types: &str| format!("[[route]]\nfrom = \"shop.*\"\ntypes = {{ total = \"{types}\" }}\n");
    let cases = [
        ("[source]\ndecoder = \"DynamoDB\"\n".to_owned(), "source.decoder names no decoder"),
        (route("numric(38,2)"), "total = \"numric(38,2)\" is no known type"),
        (route("numeric(38,2)"), ""),
    ];
    for (text, expected) in cases {
        std::fs::write(&file, &text).unwrap();
        for command in [&["config"][..], &["doctor", "deploy/sam/template.yaml"]] {
            let ended = rowtide(&[command, &["--config", file.to_str().unwrap()]].concat());
            assert_eq!(
                ended.status,
                if expected.is_empty() { 0 } else { 2 },
                "{command:?} {text} {}",
                ended.err
            );
            assert!(ended.err.contains(expected), "{command:?} {}", ended.err);
        }
    }
}
