//! Files of rows: what is written is read back, and what is not whole never looks so.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

use crate::cli::{rowtide, rowtide_with};
use flate2::read::GzDecoder;
use rowtide::archive::{About, Archive, MANIFEST, Manifest, ObjectName, Written};
use rowtide::config::{ArchiveFormat, Config, Environment, Inputs};
use rowtide::error::ErrorKind;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const RUN: &str = "20261130T231151.000001Z";

fn config(folder: &Path, format: ArchiveFormat) -> Config {
    let mut config = Config::default();
    config.archive.url = Some(format!("file://{}", folder.display()));
    config.archive.format = format;
    config
}

async fn archive(folder: &Path, format: ArchiveFormat) -> Archive {
    Archive::open(&config(folder, format)).await.unwrap()
}

fn about(table: &str) -> About {
    About {
        schema: "public".to_owned(),
        table: table.to_owned(),
        run: RUN.to_owned(),
        head: r#"{"from":{"n":1.10}}"#.to_owned(),
        wrap: Some("row".to_owned()),
        columns: vec![("id".to_owned(), "bigint".to_owned())],
    }
}

/// Lines of rows from a number on.
fn lines(from: usize, count: usize) -> String {
    (from..from + count)
        .map(|id| format!("{{\"id\":{id},\"text\":\"row {}\"}}\n", id * 7919 % 1000))
        .collect()
}

/// The name of the first object of a part.
fn name(part: u32) -> ObjectName {
    ObjectName { part, number: 0, claim: 7 }
}

async fn write(archive: &Archive, about: &About, part: u32, lines: &str) -> Written {
    let mut object = archive.object(about, name(part)).await.unwrap();
    object.write(lines.as_bytes()).await.unwrap();
    object.finish().await.unwrap()
}

/// The files below a folder, hidden ones too, with what they hold.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(inside).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let name = entry.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(entry).unwrap());
            }
        }
    }
    found
}

#[tokio::test]
async fn a_run_is_data_objects_then_a_manifest_then_the_mark_of_success() {
    let place = TempDir::new().unwrap();
    let archive = archive(place.path(), ArchiveFormat::NdjsonGz).await;
    let about = about("orders");
    let (first, second) = (lines(0, 3), lines(3, 2));
    let written = [write(&archive, &about, 0, &first).await, write(&archive, &about, 1, &second).await];
    let folder = format!("public.orders/{RUN}");
    assert_eq!(written[1].key, format!("{folder}/part-00001-00000-00000007.ndjson.gz"));
    assert_eq!(files(place.path()).len(), 2, "nothing says that the run is whole before it is");

    archive.finish(&about, &written).await.unwrap();
    let files = files(place.path());
    assert_eq!(files.len(), 4);
    assert_eq!(files[&format!("{folder}/_SUCCESS")], b"");
    let manifest = Manifest::parse(&files[&format!("{folder}/{MANIFEST}")]).unwrap().unwrap();
    assert_eq!((manifest.name().as_str(), manifest.run.as_str(), manifest.rows), ("public.orders", RUN, 5));
    assert_eq!((manifest.head.get(), manifest.wrap.as_deref()), (r#"{"from":{"n":1.10}}"#, Some("row")));
    for (object, lines) in manifest.objects.iter().zip([first, second]) {
        let bytes = &files[&format!("{folder}/{}", object.key)];
        let mut text = String::new();
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(text, lines);
        let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((object.bytes, &object.sha256), (bytes.len() as u64, &digest));
        assert_eq!(object.rows, lines.lines().count() as u64);
    }
    let success = fs::metadata(place.path().join(&folder).join("_SUCCESS")).unwrap().modified().unwrap();
    let manifest = fs::metadata(place.path().join(&folder).join(MANIFEST)).unwrap().modified().unwrap();
    assert!(manifest <= success);
}

#[tokio::test]
async fn a_repetition_overwrites_what_it_wrote_before() {
    let place = TempDir::new().unwrap();
    let archive = archive(place.path(), ArchiveFormat::Ndjson).await;
    let about = about("orders");
    let first = write(&archive, &about, 0, &lines(0, 50)).await;
    let again = write(&archive, &about, 0, &lines(0, 3)).await;
    assert_eq!((first.key.as_str(), again.rows), (again.key.as_str(), 3));
    assert_eq!(files(place.path())[&again.key], lines(0, 3).into_bytes());
    archive.finish(&about, std::slice::from_ref(&again)).await.unwrap();
    archive.finish(&about, &[again]).await.unwrap();
    assert_eq!(files(place.path()).len(), 3);
}

#[tokio::test]
async fn a_large_object_is_written_in_parts_and_is_the_same() {
    let place = TempDir::new().unwrap();
    for format in [ArchiveFormat::Ndjson, ArchiveFormat::NdjsonGz] {
        let archive = archive(place.path(), format).await;
        let mut object = archive.object(&about("large"), name(0)).await.unwrap();
        let mut text = String::new();
        // what is random hardly packs, so that the packed object has parts, too
        for _ in 0..30 {
            let line = |_| {
                format!("{{\"id\":\"{:032x}{:032x}\"}}\n", rand::random::<u128>(), rand::random::<u128>())
            };
            let lines: String = (0..10_000).map(line).collect();
            object.write(lines.as_bytes()).await.unwrap();
            text.push_str(&lines);
        }
        let written = object.finish().await.unwrap();
        assert!(written.rows == 300_000 && written.bytes > 10 << 20, "{written:?}");
        let bytes = files(place.path())[&written.key].clone();
        let mut read = Vec::new();
        match format {
            ArchiveFormat::NdjsonGz => drop(GzDecoder::new(bytes.as_slice()).read_to_end(&mut read).unwrap()),
            ArchiveFormat::Ndjson | ArchiveFormat::Results => read.clone_from(&bytes),
        }
        assert!(read == text.into_bytes());
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(written.sha256, digest);
    }
}

#[tokio::test]
async fn a_writer_that_is_dropped_or_given_up_leaves_nothing() {
    let place = TempDir::new().unwrap();
    let archive = archive(place.path(), ArchiveFormat::Ndjson).await;
    // more than a part, so that an upload has begun
    let much = lines(0, 400_000);
    for is_dropped in [true, false] {
        let mut object = archive.object(&about("orders"), name(0)).await.unwrap();
        object.write(much.as_bytes()).await.unwrap();
        object.write(much.as_bytes()).await.unwrap();
        assert!(files(place.path()).keys().all(|name| name.contains('#')), "an upload is not seen");
        if is_dropped {
            drop(object)
        } else {
            object.abort().await
        }
        for _ in 0..100 {
            if files(place.path()).is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(files(place.path()).keys().collect::<Vec<_>>(), [""; 0]);
    }
}

#[tokio::test]
async fn a_table_without_rows_leaves_nothing() {
    let place = TempDir::new().unwrap();
    for format in [ArchiveFormat::NdjsonGz, ArchiveFormat::Ndjson, ArchiveFormat::Results] {
        let archive = archive(place.path(), format).await;
        let written = write(&archive, &about("empty"), 0, "").await;
        assert_eq!((written.rows, written.bytes), (0, 0));
        archive.finish(&about("empty"), &[written]).await.unwrap();
        assert!(files(place.path()).is_empty(), "{format:?}");
    }
}

#[tokio::test]
async fn results_are_one_object_where_the_on_boarding_looks_for_it() {
    let place = TempDir::new().unwrap();
    let archive = archive(&place.path().join("landing"), ArchiveFormat::Results).await;
    let about = about("orders");
    let mut object = archive.object(&about, name(0)).await.unwrap();
    object.write(b"{\"id\":1}\n{\"id\":2}\n").await.unwrap();
    object.write(b"{\"id\":3}\n").await.unwrap();
    let written = object.finish().await.unwrap();
    assert_eq!((written.key.as_str(), written.rows), ("orders/data/inbox/orders_data.json", 3));
    archive.finish(&about, &[written]).await.unwrap();
    let expected = br#"{"Results":[{"id":1},{"id":2},{"id":3}]}"#.to_vec();
    let files = files(place.path());
    assert_eq!(files, BTreeMap::from([("landing/orders/data/inbox/orders_data.json".to_owned(), expected)]));
    let error = archive.object(&about, name(1)).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Config && error.message().contains("ndjson.gz"), "{error}");
}

#[tokio::test]
async fn tables_of_odd_names_lie_side_by_side_below_the_archive() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("lake");
    let archive = archive(&folder, ArchiveFormat::Ndjson).await;
    let long = "x".repeat(1_000);
    let names = ["../x", "a/b", "", ".", "..", "größe", "表", "a b", "a\0b", "a\nb", "a#1", "%41", &long];
    for name in names {
        let about = about(name);
        let written = write(&archive, &about, 0, &lines(0, 1)).await;
        archive.finish(&about, &[written]).await.unwrap();
    }
    assert_eq!(files(&folder).len(), names.len() * 3);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named_with_what_to_do() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("file"), "").unwrap();
    let error =
        Archive::open(&config(&place.path().join("file/lake"), ArchiveFormat::Ndjson)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("a file is in its way"), "{error}");
    // a folder that turns into a file behind the archive's back
    let archive = archive(&place.path().join("lake"), ArchiveFormat::Ndjson).await;
    fs::write(place.path().join("lake/public.orders"), "").unwrap();
    let mut object = archive.object(&about("orders"), name(0)).await.unwrap();
    object.write(lines(0, 1).as_bytes()).await.unwrap();
    let error = object.finish().await.unwrap_err();
    assert!(error.kind() == ErrorKind::Config && error.message().contains("part-00000-00000"), "{error}");
}

fn load(set: &[&str], variables: &[(&str, &str)], directory: &Path) -> rowtide::error::Result<Config> {
    let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
    let environment: Environment = pairs.collect();
    let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
    Config::load(&Inputs { file: None, set: &set, environment: &environment, directory, ignore: &[] })
}

#[test]
fn the_location_is_taken_literally_and_never_read_as_a_file() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("lake"), "s3://other").unwrap();
    let config = load(&["archive.url=file://lake"], &[], place.path()).unwrap();
    assert_eq!(config.archive.url.as_deref(), Some("file://lake"));
    let variables = [("ROWTIDE_ARCHIVE_URL", "env://LAKE"), ("LAKE", "file:///lake")];
    let config = load(&["archive.format=results"], &variables, place.path()).unwrap();
    assert_eq!(
        (config.archive.url.as_deref(), config.archive.format),
        (Some("file:///lake"), ArchiveFormat::Results)
    );
    let line = config.effective().into_iter().find(|line| line.name == "archive.url").unwrap();
    assert_eq!(
        (line.value.as_str(), line.origin.as_str()),
        ("file:///lake", "ROWTIDE_ARCHIVE_URL, env://LAKE")
    );
    for bad in ["lake", "http://b", "s3://", "s3://u:hunter2@b", "s3://b?x", "postgresql://u:hunter2@h/d"] {
        let error = load(&[&format!("archive.url={bad}")], &[], place.path()).unwrap_err();
        assert!(
            error.message().contains("must be a location") && !error.message().contains("hunter2"),
            "{error}"
        );
    }
    assert!(Config::default().archive.required_url().unwrap_err().message().contains("ROWTIDE_ARCHIVE_URL"));
}

#[test]
fn the_folder_of_a_run_tells_schema_table_and_run() {
    let key = |key: &str| load(&[&format!("archive.key={key}")], &[], Path::new("")).map(|it| it.archive.key);
    assert_eq!(key("db={schema}/t={table}/{run}").unwrap(), "db={schema}/t={table}/{run}/");
    for bad in [
        "",
        "{table}/{run}/",
        "{schema}/{table}/",
        "{schema}.{table}/{run}/{run}",
        "../{schema}/{table}/{run}",
        "/{schema}/{table}/{run}",
        "a//{schema}/{table}/{run}",
        "_a/{schema}/{table}/{run}",
        "{x}{schema}/{table}/{run}",
    ] {
        assert!(key(bad).unwrap_err().message().contains("must be a folder with"), "{bad}");
    }
}

#[cfg(not(feature = "s3"))]
#[tokio::test]
async fn a_bucket_needs_a_feature_that_the_error_names() {
    let mut config = Config::default();
    config.archive.url = Some("s3://lake/orders".to_owned());
    let error = Archive::open(&config).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Config && error.message().contains("--features s3"), "{error}");
}

/// A run of a table whose lines become records of Maxwell.
async fn maxwell(folder: &Path, table: &str, run: &str, ids: std::ops::Range<usize>) -> PathBuf {
    let archive = archive(folder, ArchiveFormat::NdjsonGz).await;
    let about = About {
        run: run.to_owned(),
        head: format!(
            r#"{{"database":"shop","table":"{table}","type":"insert","ts":1772442000,"xid":7,"primary_key_columns":["id"]}}"#
        ),
        wrap: Some("data".to_owned()),
        ..about(table)
    };
    let mut written = Vec::new();
    for (part, id) in (0..).zip(ids) {
        written.push(write(&archive, &about, part, &lines(id, 1)).await);
    }
    archive.finish(&about, &written).await.unwrap();
    folder.join(format!("public.{table}/{run}"))
}

/// Ids of the rows that a command reads.
fn ids(input: &str) -> (Vec<String>, String) {
    let ended = rowtide(&["decode", "--decoder", "maxwell", "--set", "source.version=arrival", input]);
    assert_eq!(ended.status, 0, "{input}: {}", ended.err);
    let id = |line: &serde_json::Value| format!("{} {}", line["table"].as_str().unwrap(), line["key"]["id"]);
    (ended.lines().iter().map(id).collect(), ended.err)
}

#[tokio::test]
async fn a_run_is_read_back_as_records_wherever_it_is_named() {
    let place = TempDir::new().unwrap();
    let run = maxwell(place.path(), "orders", RUN, 0..3).await;
    let path = run.display().to_string();
    let manifest = format!("{path}/{MANIFEST}");
    let expected = ["shop.orders 0", "shop.orders 1", "shop.orders 2"].map(str::to_owned);
    for input in [&path, &manifest, &format!("file://{path}"), &format!("file://{manifest}")] {
        let (found, told) = ids(input);
        assert_eq!((found.as_slice(), told.as_str()), (expected.as_slice(), ""), "{input}");
    }
    // each line is counted in its own object
    let ended = rowtide(&["decode", "--decoder", "maxwell", "--set", "source.version=arrival", &path]);
    assert!(ended.lines().iter().all(|line| line["position"] == "1"), "{}", ended.out);
}

#[tokio::test]
async fn of_each_table_the_newest_whole_run_is_read() {
    let place = TempDir::new().unwrap();
    maxwell(place.path(), "orders", "20260101T000000Z", 0..1).await;
    maxwell(place.path(), "orders", "20260102T000000Z", 1..2).await;
    maxwell(place.path(), "lines", "20260101T000000Z", 5..6).await;
    let unfinished = maxwell(place.path(), "orders", "20260103T000000Z", 2..3).await;
    fs::remove_file(unfinished.join("_SUCCESS")).unwrap();
    fs::write(place.path().join("bare.ndjson"), "{}").unwrap();
    for input in [place.path().display().to_string(), format!("file://{}", place.path().display())] {
        let ended = rowtide(&["decode", "--decoder", "maxwell", "--set", "source.version=arrival", &input]);
        let ids = ended.lines().iter().map(|line| line["key"]["id"].to_string()).collect::<Vec<_>>();
        assert_eq!(ids, ["null", "5", "1"], "{input}: {}", ended.err);
        assert!(ended.err.contains("Of 2 runs of orders the newest is read: "), "{}", ended.err);
        assert!(
            ended.err.contains("20260102T000000Z") && ended.err.contains("20260103T000000Z"),
            "{}",
            ended.err
        );
    }
}

#[tokio::test]
async fn an_archive_of_a_dynamodb_table_is_read_like_its_export() {
    let place = TempDir::new().unwrap();
    let archive = archive(place.path(), ArchiveFormat::NdjsonGz).await;
    let arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
    let about = About {
        schema: String::new(),
        head: format!(r#"{{"tableArn":"{arn}","exportTime":"2026-03-02T08:00:00.000Z"}}"#),
        wrap: None,
        ..about("orders")
    };
    let item = r#"{"Item":{"id":{"S":"a"},"n":{"N":"1.10"}}}"#;
    let written = write(&archive, &about, 0, &format!("{item}\n")).await;
    archive.finish(&about, &[written]).await.unwrap();
    let config = place.path().join("c.toml").display().to_string();
    fs::write(&config, "[[route]]\nfrom = \"orders\"\nkey = [\"id\"]\n").unwrap();
    let folder = place.path().join("orders").display().to_string();
    // whichever decoder the stream of the table has pinned
    let ended = rowtide(&["decode", "--config", &config, "--decoder", "dynamodb-kinesis", &folder]);
    assert_eq!((ended.status, ended.err.as_str()), (0, ""));
    let line = &ended.lines()[0];
    assert_eq!((&line["table"], &line["key"]["id"]), (&"orders".into(), &"a".into()));
    assert!(ended.out.contains("1.10") && line["version"].as_str().unwrap().starts_with("k."), "{line}");
}

#[tokio::test]
async fn what_was_changed_or_cut_off_is_named() {
    let place = TempDir::new().unwrap();
    let run = maxwell(place.path(), "orders", RUN, 0..2).await;
    let path = run.display().to_string();
    let check = |input: &str, status: i32, says: &str| {
        let ended = rowtide(&["decode", "--decoder", "maxwell", "--set", "source.version=arrival", input]);
        assert!(ended.status == status && ended.err.contains(says), "{says}: {} {}", ended.status, ended.err);
        ended.lines().len()
    };
    let second = run.join("part-00001-00000-00000007.ndjson.gz");
    check(&second.display().to_string(), 2, "give the folder that it lies in");
    let whole = fs::read(&second).unwrap();
    // the same row in other bytes, a row more, half an object
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, lines(7, 1).as_bytes()).unwrap();
    fs::write(&second, packed.finish().unwrap()).unwrap();
    let read =
        check(&path, 1, "part-00001-00000-00000007.ndjson.gz has not the SHA-256 that the manifest says");
    assert!(read >= 1, "what is before it was read");
    fs::write(&second, [&whole[..], &whole[..]].concat()).unwrap();
    check(&path, 1, "holds 2 rows, but the manifest of the archive says 1");
    fs::write(&second, &whole[..whole.len() / 2]).unwrap();
    check(&path, 1, "part-00001-00000-00000007.ndjson.gz breaks off");
    fs::remove_file(&second).unwrap();
    check(&path, 1, "part-00001-00000-00000007.ndjson.gz, which is not there");
    fs::write(&second, &whole).unwrap();
    assert_eq!(check(&path, 0, ""), 2);

    let manifest = run.join(MANIFEST);
    let text = fs::read_to_string(&manifest).unwrap();
    let stdin = rowtide_with(&["decode", "-"], &[], text.as_bytes());
    assert!(stdin.status == 2 && stdin.err.contains("give its path instead of -"), "{}", stdin.err);
    fs::write(&manifest, text.replacen("\"rowtide_archive\": 1", "\"rowtide_archive\": 9", 1)).unwrap();
    check(&path, 1, "it is of a later version of rowtide");
    fs::write(&manifest, text.replace("part-00001", "../part-00001")).unwrap();
    check(&path, 1, "does not lie beside it");
    fs::write(&manifest, &text).unwrap();
    fs::remove_file(run.join("_SUCCESS")).unwrap();
    for input in [&path, &manifest.display().to_string(), &place.path().display().to_string()] {
        assert_eq!(check(input, 1, "is not whole: there is no _SUCCESS beside it"), 0);
    }
    fs::remove_file(&manifest).unwrap();
    check(&path, 1, "is not whole");
}

#[tokio::test]
async fn a_manifest_of_somebody_else_is_a_file_like_others() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join(MANIFEST), "{\"id\":1}").unwrap();
    fs::write(place.path().join("rows"), "{\"id\":2}").unwrap();
    let ended = rowtide(&["decode", &place.path().display().to_string()]);
    assert_eq!((ended.status, ended.lines().len()), (0, 2), "{}", ended.err);
}

#[test]
fn a_location_that_is_not_there_stops_the_command() {
    let place = TempDir::new().unwrap();
    let url = format!("file://{}", place.path().display());
    let ended = rowtide(&["decode", &url]);
    assert!(
        ended.status == 2 && ended.err.contains("is neither a file nor a folder with files"),
        "{}",
        ended.err
    );
    let ended = rowtide(&["decode", &format!("{url}/missing")]);
    assert!(ended.status == 2 && ended.err.contains("there is no such file or folder"), "{}", ended.err);
    let ended = rowtide(&["decode", "s3://u:hunter2@bucket/x"]);
    assert!(ended.status == 2 && !ended.err.contains("hunter2"), "{}", ended.err);
}

/// What was read before an object that was changed stays applied, and the failure is said.
#[test]
#[cfg(unix)]
fn a_replay_of_a_changed_archive_applies_what_is_before_and_fails() {
    let place = TempDir::new().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let run = runtime.block_on(maxwell(place.path(), "orders", RUN, 0..2));
    fs::write(run.join("part-00001-00000-00000007.ndjson.gz"), "").unwrap();
    let data = place.path().join("data").display().to_string();
    let config = place.path().join("c.toml").display().to_string();
    fs::write(&config, "[source]\nversion = \"arrival\"\n[[route]]\nfrom = \"*\"\nkey = [\"id\"]\n").unwrap();
    let input = run.display().to_string();
    let ended = rowtide(&["replay", "--config", &config, "--data-dir", &data, "--output", "json", &input]);
    let object = ended.object();
    assert_eq!((ended.status, object["applied"].as_u64()), (1, Some(1)), "{}", ended.err);
    assert!(object["failure"].as_str().unwrap().contains("holds 0 rows"), "{object}");
}
