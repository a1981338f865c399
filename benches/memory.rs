//! `cargo bench --bench memory`: the most memory that `rowtide replay --sink` takes, for 100 MiB and for 1 GiB of
//! bare payloads in one file.
//!
//! Runs on the PostgreSQL named by ROWTIDE_TEST_POSTGRES, in a schema of its own. Linux only: it reads VmHWM.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

type Failure = Box<dyn std::error::Error>;

const MIB: u64 = 1024 * 1024;
/// Items that the changes are about.
const ITEMS: u64 = 200_000;

/// Writes changes of about 1.1 KB, one a line, until the file has `size` bytes: how many.
fn write_changes(path: &Path, size: u64) -> Result<u64, Failure> {
    let mut out = BufWriter::new(File::create(path)?);
    let filler = "Please leave the parcel with the neighbour on the second floor. ".repeat(12);
    let (mut written, mut lines) = (0, 0_u64);
    while written < size {
        let line = format!(
            r#"{{"awsRegion":"eu-west-1","eventID":"b015b5f0-c095-4b50-8ad0-{lines:012x}","eventName":"MODIFY","userIdentity":null,"recordFormat":"application/json","tableName":"orders","dynamodb":{{"ApproximateCreationDateTime":{},"Keys":{{"id":{{"S":"order-{:010}"}}}},"NewImage":{{"id":{{"S":"order-{:010}"}},"total":{{"N":"{}.42"}},"note":{{"S":"{filler}"}}}},"SizeBytes":612,"ApproximateCreationDateTimePrecision":"MICROSECOND"}},"eventSource":"aws:dynamodb"}}"#,
            1_767_225_600_000_000 + lines,
            lines % ITEMS,
            lines % ITEMS,
            lines % 900
        );
        writeln!(out, "{line}")?;
        written += u64::try_from(line.len())? + 1;
        lines += 1;
    }
    out.flush()?;
    Ok(lines)
}

/// Waits for the process, looking at its peak of resident memory (KiB).
fn peak(child: &mut Child) -> Result<u64, Failure> {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = kib.unwrap_or(peak).max(peak);
        if let Some(ended) = child.try_wait()? {
            return if ended.success() { Ok(peak) } else { Err("the replay failed".into()) };
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

async fn schema(url: &str, sql: &str) -> Result<(), Failure> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(sql).await?;
    Ok(())
}

fn main() -> Result<(), Failure> {
    let Ok(url) = std::env::var("ROWTIDE_TEST_POSTGRES") else {
        println!("memory: not run, it needs a real PostgreSQL; set ROWTIDE_TEST_POSTGRES");
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let path = std::env::temp_dir().join(format!("rowtide-bench-{}.ndjson", std::process::id()));
    println!("replay --sink of bare payloads, most resident memory (target 200 MiB)");
    for size in [100 * MIB, 1024 * MIB] {
        let drop_schema = "drop schema if exists rowtide_bench cascade";
        runtime.block_on(schema(&url, &format!("{drop_schema}; create schema rowtide_bench")))?;
        let lines = write_changes(&path, size)?;
        let start = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_rowtide"))
            .args([
                "replay",
                "--no-rows",
                "--batch",
                "10000",
                "--decoder",
                "dynamodb-kinesis",
                "--sink",
                &url,
            ])
            .args(["--set", "sink.schema=rowtide_bench"])
            .arg(&path)
            .stdout(Stdio::null())
            .spawn()?;
        let kib = peak(&mut child)?;
        #[allow(clippy::cast_precision_loss, reason = "a count of lines")]
        let rate = lines as f64 / start.elapsed().as_secs_f64();
        println!(
            "  {:>5} MiB, {lines:>7} records    {:>5} MiB   {rate:>8.0} records/s",
            size / MIB,
            kib / 1024
        );
        runtime.block_on(schema(&url, drop_schema))?;
    }
    std::fs::remove_file(&path)?;
    Ok(())
}
