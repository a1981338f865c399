//! `cargo bench --no-default-features --features archive --bench archive`: 1 GiB of rows written to a folder, beside
//! what `cat` and `gzip -1` take for the same bytes, and the most memory that it takes.
//!
//! Linux only: it reads VmHWM. `ROWTIDE_BENCH_MIB` says how many MiB instead.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use rowtide::archive::{About, Archive, ObjectName};
use rowtide::config::{ArchiveFormat, Config};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

type Failure = Box<dyn std::error::Error>;

const MIB: usize = 1024 * 1024;
/// What a job hands over at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// Rows like those of an online shop, of some 190 bytes each, until the file has `size` bytes.
fn write_rows(path: &Path, size: usize) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(File::create(path)?);
    let (mut written, mut id, mut random) = (0, 0_u64, 88_172_645_463_325_252_u64);
    while written < size {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let line = format!(
            "{{\"id\":{id},\"customer\":\"c-{:08}\",\"total\":{}.{:02},\"placed_at\":\"2026-11-30T{:02}:{:02}:{:02}.{:06}Z\",\
             \"status\":\"{}\",\"token\":\"{random:016x}\",\"note\":\"Please leave the parcel with the neighbour.\"}}\n",
            random % 10_000_000,
            random % 1_000,
            random % 100,
            random % 24,
            random % 60,
            (random >> 8) % 60,
            (random >> 16) % 1_000_000,
            ["new", "paid", "sent", "returned"].get(usize::try_from(random % 4)?).unwrap_or(&""),
        );
        out.write_all(line.as_bytes())?;
        written += line.len();
        id += 1;
    }
    out.flush()?;
    Ok(())
}

/// The peak of resident memory in MiB.
fn peak() -> Result<usize, Failure> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<usize>()? / 1024)
}

async fn archived(rows: &Path, folder: &Path, format: ArchiveFormat) -> Result<(Duration, u64), Failure> {
    let mut config = Config::default();
    config.archive.url = Some(format!("file://{}", folder.display()));
    config.archive.format = format;
    let archive = Archive::open(&config).await?;
    let about = About {
        schema: "public".to_owned(),
        table: "orders".to_owned(),
        run: "1".to_owned(),
        head: "{}".to_owned(),
        wrap: None,
        columns: Vec::new(),
    };
    let mut file = File::open(rows)?;
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut rest = Vec::new();
    let since = Instant::now();
    let mut object = archive.object(&about, ObjectName { part: 0, number: 0, claim: 1 }).await?;
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 {
            break;
        }
        rest.extend_from_slice(chunk.get(..count).unwrap_or_default());
        let whole = memchr::memrchr(b'\n', &rest).map_or(0, |at| at + 1);
        let lines = rest.drain(..whole).collect::<Vec<u8>>();
        object.write(&lines).await?;
    }
    let written = object.finish().await?;
    archive.finish(&about, std::slice::from_ref(&written)).await?;
    Ok((since.elapsed(), written.bytes))
}

/// The time of a command that reads `rows` and whose output goes to a file, which is then on the disk.
fn command(program: &[&str], rows: &Path, to: &Path) -> Result<(Duration, u64), Failure> {
    let [program, args @ ..] = program else { return Err("no program".into()) };
    let since = Instant::now();
    let out = File::create(to)?;
    let status = Command::new(program)
        .args(args)
        .stdin(Stdio::from(File::open(rows)?))
        .stdout(Stdio::from(out.try_clone()?))
        .status()?;
    if !status.success() {
        return Err("the command failed".into());
    }
    out.sync_all()?;
    Ok((since.elapsed(), out.metadata()?.len()))
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let size = std::env::var("ROWTIDE_BENCH_MIB").map_or(Ok(1024), |text| text.parse::<usize>())? * MIB;
    let place = tempfile::tempdir()?;
    let rows = place.path().join("rows.ndjson");
    write_rows(&rows, size)?;
    let before = peak()?;
    println!("before the first: peak {before} MiB");
    for (format, beside) in [
        (ArchiveFormat::Ndjson, &["cat"][..]),
        (ArchiveFormat::NdjsonGz, &["gzip", "-1"][..]),
        (ArchiveFormat::Ndjson, &["cat"][..]),
        (ArchiveFormat::NdjsonGz, &["gzip", "-1"][..]),
    ] {
        let (time, bytes) = command(beside, &rows, &place.path().join("beside"))?;
        println!("{:<10} {:>6.2} s {:>5} MiB", beside.join(" "), time.as_secs_f64(), bytes / (1 << 20));
        let (time, bytes) = archived(&rows, &place.path().join("lake"), format).await?;
        let peak = peak()?;
        println!(
            "{:<10} {:>6.2} s {:>5} MiB, peak {peak} MiB",
            format.name(),
            time.as_secs_f64(),
            bytes / (1 << 20)
        );
    }
    Ok(())
}
