//! The memory of a process that takes in the worst events: `limits.memory` bounds it, not what somebody sends.

use crate::support::server;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest as _, Md5};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

/// What the process may take up at its peak, whatever an event of 6 MB holds: the default of `limits.memory`.
const PEAK_MAX: u64 = 256 << 20;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn varint(mut number: usize, out: &mut Vec<u8>) {
    while number > 127 {
        out.push(u8::try_from(number & 127).unwrap() | 128);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap());
}

fn field(number: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(number << 3 | 2);
    varint(bytes.len(), out);
    out.extend(bytes);
}

/// An aggregate of so many equal records under one partition key.
fn aggregate(key: &str, data: &[u8], records: usize) -> Vec<u8> {
    let mut message = Vec::new();
    field(1, key.as_bytes(), &mut message);
    let mut record = vec![1 << 3, 0];
    field(3, data, &mut record);
    for _ in 0..records {
        field(3, &record, &mut message);
    }
    let digest = Md5::digest(&message);
    [&[0xf3, 0x89, 0x9a, 0xc2][..], &message, &digest].concat()
}

/// An event of Kinesis with those payloads.
fn event(payloads: &[Vec<u8>]) -> String {
    let record = |(place, payload): (usize, &Vec<u8>)| {
        json!({
            "eventSource": "aws:kinesis", "eventSourceARN": "arn:aws:kinesis:eu-west-1:1:stream/s",
            "kinesis": {"partitionKey": "k", "sequenceNumber": format!("{place:020}"), "data": STANDARD.encode(payload)},
        })
    };
    json!({"Records": payloads.iter().enumerate().map(record).collect::<Vec<_>>()}).to_string()
}

/// A change record of Debezium whose row has this text as its members behind the key.
fn change(table: &str, id: usize, members: &str) -> Vec<u8> {
    let source = format!(
        r#"{{"connector":"postgresql","name":"s","db":"d","schema":"public","table":"{table}","lsn":{},"ts_ms":1}}"#,
        1_000 + id
    );
    format!(r#"{{"before":null,"after":{{"id":{id}{members}}},"source":{source},"op":"c"}}"#).into_bytes()
}

fn canal(first: usize, rows: usize, value: &str) -> Vec<u8> {
    let rows: Vec<Value> = (first..first + rows).map(|id| json!({"id": format!("{id}{value}")})).collect();
    json!({
        "data": rows, "database": "d", "table": "canal", "es": 1, "ts": 1, "isDdl": false, "type": "INSERT",
        "mysqlType": {"id": "int"}, "sqlType": {"id": 4}, "pkNames": ["id"], "old": null,
    })
    .to_string()
    .into_bytes()
}

/// The events, each with how many of its records come to be applied and parked.
fn events() -> Vec<(&'static str, String, [u64; 2])> {
    let text = |bytes: usize| format!(r#","v":"{}""#, "x".repeat(bytes));
    let members = |count: usize| (0..count).map(|name| format!(r#","{name:x}":1"#)).collect::<String>();
    let delete = br#"{"op":"d","before":null,"after":null,"source":{"connector":"postgresql","name":"s","db":"d","schema":"public","table":"keyed","lsn":1}}"#;
    let long_key = |bytes: usize| format!(r#"{{"id":"{}"}}"#, "p".repeat(bytes));
    vec![
        ("empty parts under a long key", event(&[aggregate(&"p".repeat(50_000), b"", 80_000)]), [0, 0]),
        ("more parts than there may be", event(&[aggregate("p", b"", 500_000)]), [0, 1]),
        ("a long key that is every part's", event(&[aggregate(&long_key(50_000), delete, 8_000)]), [0, 1]),
        ("a bomb of empty objects", event(&[gzip(&b"{}".repeat(8_000_000))]), [0, 1]),
        ("a bomb of empty objects in zstd", event(&[zstd(&b"{}".repeat(8_000_000))]), [0, 1]),
        ("a dozen bombs of 60 MB", event(&vec![gzip(&change("bomb", 1, &text(60_000_000))); 12]), [0, 12]),
        (
            "a dozen rows of 12 MB",
            event(&(0..12).map(|id| gzip(&change("large", id, &text(12_000_000)))).collect::<Vec<_>>()),
            [12, 0],
        ),
        ("a row of many members", event(&[gzip(&change("members", 1, &members(500_000)))]), [1, 0]),
        ("a row of very many members", event(&[gzip(&change("members", 2, &members(1_200_000)))]), [1, 0]),
        (
            "NUL in a long array",
            event(&[change("nul", 1, &format!(r#","v":["\u0000"{}]"#, ",1".repeat(2_000_000)))]),
            [0, 1],
        ),
        (
            "messages of many rows",
            event(&(0..4).map(|at| canal(at * 40_000, 40_000, "")).collect::<Vec<_>>()),
            [4, 0],
        ),
        (
            "messages of many bad rows",
            event(&(0..4).map(|at| canal(at * 40_000, 40_000, "x")).collect::<Vec<_>>()),
            [0, 4],
        ),
    ]
}

/// Runs a replay: what it printed, and the most memory it ever had, in bytes.
fn replayed(url: &str, schema: &str, config: &Path, event: &Path) -> (Value, u64) {
    let mut command = crate::cli::command();
    command.args(["replay", "--output", "json", "--sink", url, "--set", &format!("sink.schema={schema}")]);
    command.arg("--config").arg(config).arg(event).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let ended = std::thread::spawn(|| child.wait_with_output().unwrap());
    let mut peak = 0;
    while !ended.is_finished() {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        peak = kibibytes.map_or(peak, |kibibytes| kibibytes << 10);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let output = ended.join().unwrap();
    let told = serde_json::from_slice(&output.stdout);
    (told.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr))), peak)
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn the_worst_events_of_6_mb_stay_below_their_limit() {
    let Some(place) = server("memory").await else { return };
    let folder = tempfile::tempdir().unwrap();
    let [config, file] = ["rowtide.toml", "event.json"].map(|name| folder.path().join(name));
    std::fs::write(&config, "[[route]]\nfrom = \"*\"\nkey = [\"id\"]\n").unwrap();
    let mut wrong = Vec::new();
    for (name, event, [applied, parked]) in events() {
        assert!(event.len() <= 6 << 20, "{name}: {}", event.len());
        std::fs::write(&file, event).unwrap();
        let (told, peak) = replayed(&place.url, &place.schema, &config, &file);
        println!("{:>4} MiB  {name}", peak >> 20);
        if told["applied"] != applied || told["parked"] != parked || peak > PEAK_MAX || peak == 0 {
            wrong.push(format!("{name}: {} MiB, {told}", peak >> 20));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n").chars().take(4_000).collect::<String>());
    place.finish().await;
}

#[test]
fn a_write_ends_by_bytes_and_never_between_the_halves_of_a_changed_key() {
    use rowtide::coalesce::Schedule;
    use rowtide::plan::plan;
    let text = "x".repeat(3_000_000);
    let renamed = |id: u32| {
        format!(
            r#"{{"database":"d","table":"t","type":"update","ts":1,"xid":{id},"commit":true,"position":"bin.000001:{id}","primary_key_columns":["id"],"data":{{"id":{},"v":"{text}"}},"old":{{"id":{id}}}}}"#,
            id + 1_000
        )
    };
    let records: Vec<rowtide::record::Record> =
        (1..=5).map(|id| rowtide::record::Record::new("s", id.to_string(), renamed(id))).collect();
    let flow = rowtide::pipeline::Flow::new(&rowtide::config::Config::default()).unwrap();
    let mut batch = flow.batch(&records);
    let mut changes = Vec::new();
    while let Some(chunk) = batch.chunk() {
        changes.extend(chunk.changes);
    }
    assert_eq!(changes.len(), 10);
    let mut schedule = Schedule::new(changes);
    let wave = schedule.wave();
    let writes = plan(&schedule, &wave);
    let rows: Vec<usize> = writes.iter().map(|write| write.rows.len()).collect();
    // two rows of 3 MB and their deletes fit into 8 MiB
    assert_eq!(rows, [4, 4, 2]);
    for write in writes {
        let mut units: Vec<usize> = write.rows.iter().map(|row| row.unit).collect();
        units.sort_unstable();
        assert!(units.chunks(2).all(|halves| halves[0] == halves[1]), "{units:?}");
    }
}
