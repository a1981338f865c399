//! Archives and captured records in buckets, on what `.ci/s3` starts and `ROWTIDE_TEST_S3` names.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

use crate::cli::rowtide_with;
use crate::lake::{put, records, scripted};
use crate::model::{Memory, is_done};
use rowtide::archive::{About, Archive, MANIFEST, ObjectName, Storage, Written};
use rowtide::config::{ArchiveFormat, Aws, Config, Credentials};
use rowtide::deadline::Deadline;
use rowtide::error::{Code, Error, ErrorKind};
use rowtide::pipeline::process;
use rowtide::policy::RoutePolicy;
use rowtide::report::Outcome;
use std::io::Read as _;
use std::process::Command;
use std::time::Duration;

const REGION: &str = "eu-west-1";

/// A bucket of its own for a test.
#[derive(Clone)]
struct Bucket {
    endpoint: String,
    name: String,
}

/// The bucket of a test; none where nothing speaks like S3.
fn bucket(test: &str) -> Option<Bucket> {
    let Ok(endpoint) = std::env::var("ROWTIDE_TEST_S3") else {
        eprintln!("not run: ROWTIDE_TEST_S3 names no endpoint");
        return None;
    };
    let bucket = Bucket { endpoint, name: format!("rowtide-{test}-{}", std::process::id()) };
    bucket.ask("PUT", "", None);
    Some(bucket)
}

impl Bucket {
    /// The answer to a signed request.
    fn ask(&self, method: &str, key: &str, body: Option<&[u8]>) -> String {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--fail-with-body", "-X", method, "--user", "owner:secret-of-owner"]);
        curl.args(["--aws-sigv4", &format!("aws:amz:{REGION}:s3")]);
        let file = tempfile::NamedTempFile::new().unwrap();
        if let Some(body) = body {
            std::fs::write(file.path(), body).unwrap();
            curl.arg("--upload-file").arg(file.path());
        }
        let answer = curl.arg(format!("{}/{}{key}", self.endpoint, self.name)).output().unwrap();
        assert!(answer.status.success(), "{answer:?}");
        String::from_utf8(answer.stdout).unwrap()
    }

    fn aws(&self, key_id: &str, key: &str) -> Aws {
        let (key_id, key) = (key_id.to_owned(), key.to_owned());
        Aws {
            region: Some(REGION.to_owned()),
            credentials: Some(Credentials { key_id, key, session_token: None }),
            s3_url: Some(self.endpoint.clone()),
            ..Aws::default()
        }
    }

    async fn archive(&self, format: ArchiveFormat) -> Archive {
        Archive::open(&self.config(&self.name, format)).await.unwrap()
    }

    fn config(&self, name: &str, format: ArchiveFormat) -> Config {
        let mut config = Config::default();
        config.aws = self.aws("writer", "secret-of-writer");
        config.archive.url = Some(format!("s3://{name}/lake"));
        config.archive.format = format;
        config
    }

    /// What a command prints of an input in the bucket, as the variables let it in.
    fn decode(&self, input: &str, more: &[&str]) -> crate::cli::Ended {
        let variables = [
            ("AWS_ACCESS_KEY_ID", "reader"),
            ("AWS_SECRET_ACCESS_KEY", "secret-of-reader"),
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT_URL_S3", &self.endpoint),
        ];
        let url = format!("s3://{}/{input}", self.name);
        rowtide_with(&[&["decode", &url], more].concat(), &variables, b"")
    }

    fn uploads(&self) -> usize {
        self.ask("GET", "?uploads=", None).matches("<UploadId>").count()
    }
}

fn about() -> About {
    About {
        schema: String::new(),
        table: "größe/a".to_owned(),
        run: "20261130T231151Z".to_owned(),
        head: r#"{"database":"d","table":"t","type":"insert","ts":1772442000,"primary_key_columns":["id"]}"#
            .to_owned(),
        wrap: Some("data".to_owned()),
        columns: Vec::new(),
    }
}

/// Lines that hardly pack, some 100 bytes each.
fn lines(count: usize) -> String {
    let line = |id| {
        let random = [rand::random::<u128>(), rand::random::<u128>()];
        format!("{{\"id\":{id},\"text\":\"{:032x}{:032x}\"}}\n", random[0], random[1])
    };
    (0..count).map(line).collect()
}

async fn write(archive: &Archive, text: &str) -> Result<Written, Error> {
    let mut object = archive.object(&about(), ObjectName { part: 0, number: 0, claim: 1 }).await?;
    object.write(text.as_bytes()).await?;
    object.finish().await
}

#[tokio::test]
async fn a_run_in_a_bucket_is_written_in_parts_and_read_back() {
    let Some(bucket) = bucket("run") else { return };
    let archive = bucket.archive(ArchiveFormat::Ndjson).await;
    let text = lines(200_000);
    let written = write(&archive, &text).await.unwrap();
    assert!(written.bytes > 16 << 20 && written.rows == 200_000, "{written:?}");
    archive.finish(&about(), std::slice::from_ref(&written)).await.unwrap();
    assert_eq!(bucket.uploads(), 0);

    let aws = bucket.aws("reader", "secret-of-reader");
    let (storage, prefix) = Storage::open(&format!("s3://{}/lake/", bucket.name), &aws).unwrap();
    let keys = storage.files_below(&prefix).unwrap();
    assert_eq!(keys.len(), 3, "{keys:?}");
    let mut read = String::new();
    storage.read(&format!("lake/{}", written.key)).unwrap().read_to_string(&mut read).unwrap();
    assert!(read == text);

    let ended = bucket.decode("lake", &["--set", "source.version=arrival"]);
    assert_eq!((ended.status, ended.err.as_str()), (0, ""));
    assert_eq!(ended.lines().len(), 200_000);
    // what changes behind the manifest's back is noticed
    let key = format!(
        "/lake/{}",
        written.key.replace("ö", "%C3%B6").replace("%2F", "%252F").replace("ß", "%C3%9F")
    );
    bucket.ask("PUT", &key, Some(text.replacen(":0,", ":7,", 1).as_bytes()));
    let ended = bucket.decode("lake", &["--set", "source.version=arrival"]);
    assert!(ended.status == 1 && ended.err.contains("has not the SHA-256"), "{}", ended.err);
}

#[tokio::test]
async fn an_upload_that_is_given_up_is_removed() {
    let Some(bucket) = bucket("abort") else { return };
    let archive = bucket.archive(ArchiveFormat::Ndjson).await;
    let text = lines(200_000);
    for is_dropped in [false, true] {
        let mut object = archive.object(&about(), ObjectName { part: 0, number: 0, claim: 1 }).await.unwrap();
        for _ in 0..2 {
            object.write(text.as_bytes()).await.unwrap();
        }
        assert_eq!(bucket.uploads(), 1);
        if is_dropped {
            drop(object)
        } else {
            object.abort().await
        }
        for _ in 0..100 {
            if bucket.uploads() == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(bucket.uploads(), 0, "{is_dropped}");
    }
    let (storage, _) =
        Storage::open(&format!("s3://{}", bucket.name), &bucket.aws("reader", "secret-of-reader")).unwrap();
    assert_eq!(storage.files_below("").unwrap(), [""; 0]);
}

#[tokio::test]
async fn who_may_not_write_and_what_is_not_there_is_said() {
    let Some(bucket) = bucket("refused") else { return };
    let check = async |config: &Config, says: &str| {
        let archive = Archive::open(config).await.unwrap();
        // a small object and one in parts are refused in other places
        for text in ["{}\n".to_owned(), lines(100_000)] {
            let error = match write(&archive, &text).await {
                Err(error) => error,
                Ok(written) => panic!("{written:?}"),
            };
            let whole = format!("{error:?}");
            assert!(error.kind() == ErrorKind::Config && error.message().contains(says), "{whole}");
            assert!(error.message().starts_with("s3://") && !whole.contains("secret-of"), "{whole}");
        }
    };
    let mut config = bucket.config(&bucket.name, ArchiveFormat::Ndjson);
    for (key_id, key, says) in [
        ("writer", "another", "the access key is wrong (SignatureDoesNotMatch)"),
        ("nobody", "secret-of-writer", "the access key is wrong (InvalidAccessKeyId)"),
        ("reader", "secret-of-reader", "the credentials do not allow it"),
    ] {
        config.aws = bucket.aws(key_id, key);
        check(&config, says).await;
    }
    // this server makes a bucket, or denies it, where S3 says that there is none; only a reader is told
    let missing = Bucket { name: "rowtide-missing".to_owned(), ..bucket.clone() }.decode("lake", &[]);
    assert!(missing.status == 2 && missing.err.contains("there is no such bucket"), "{}", missing.err);
    let ended = bucket.decode("nothing", &[]);
    assert!(ended.status == 2 && ended.err.contains("neither a file nor a folder"), "{}", ended.err);
}

#[test]
fn an_export_is_read_where_it_lies_in_the_bucket() {
    let Some(bucket) = bucket("export") else { return };
    let put = |key: &str, text: &str| bucket.ask("PUT", &format!("/{key}"), Some(text.as_bytes()));
    let folder = "nightly/AWSDynamoDB";
    put(
        &format!("{folder}/01-a/manifest-summary.json"),
        &format!(
            r#"{{"tableArn":"arn:aws:dynamodb:eu-west-1:123456789012:table/orders","exportTime":"2026-03-02T08:00:00.000Z","manifestFilesS3Key":"{folder}/01-a/manifest-files.json","itemCount":1,"outputFormat":"DYNAMODB_JSON"}}"#
        ),
    );
    put(
        &format!("{folder}/01-a/manifest-files.json"),
        &format!("{{\"itemCount\":1,\"dataFileS3Key\":\"{folder}/01-a/data/x.json\"}}\n"),
    );
    put(&format!("{folder}/01-a/data/x.json"), "{\"Item\":{\"id\":{\"S\":\"a\"}}}\n");
    let config = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(config.path(), "[[route]]\nfrom = \"orders\"\nkey = [\"id\"]\n").unwrap();
    let more = ["--config", config.path().to_str().unwrap()];
    for input in ["nightly", "nightly/", &format!("{folder}/01-a/manifest-summary.json"), ""] {
        let ended = bucket.decode(input, &more);
        assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{input}");
        assert_eq!((ended.lines().len(), &ended.lines()[0]["key"]["id"]), (1, &"a".into()), "{input}");
    }
    let ended = bucket.decode(&format!("{folder}/01-a/data"), &more);
    assert!(ended.status == 2 && ended.err.contains("give the folder above it"), "{}", ended.err);
    let ended = bucket.decode(&format!("{folder}/01-a/{MANIFEST}"), &more);
    assert_eq!(ended.status, 2, "{}", ended.err);
}

#[tokio::test]
async fn what_cannot_be_reached_may_be_reached_later() {
    let nobody = Bucket { endpoint: "http://127.0.0.1:9".to_owned(), name: "lake".to_owned() };
    let archive = nobody.archive(ArchiveFormat::Ndjson).await;
    let error = write(&archive, "{}\n").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(error.message().contains("Try again later"), "{error}");
}

#[tokio::test]
async fn no_request_leaves_the_machine_unencrypted() {
    let plain = Bucket { endpoint: "http://s3.example.org".to_owned(), name: "lake".to_owned() };
    let error = Archive::open(&plain.config("lake", ArchiveFormat::Ndjson)).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Config && error.message().contains("https://"), "{error}");
}

// ---- beside a stream

/// A configuration whose only route archives into a bucket.
fn beside(aws: Aws, bucket: &str) -> Config {
    let archive = Some(format!("s3://{bucket}/lake/{{table}}/{{date}}/"));
    let mut config = Config::default();
    config.aws = aws;
    config.routes.push(RoutePolicy { archive, ..RoutePolicy::default() });
    config
}

#[tokio::test]
async fn a_stream_is_archived_in_a_bucket_and_read_where_it_lies() {
    let Some(bucket) = bucket("beside") else { return };
    let events: Vec<_> = (0..40).map(|n| vec![put("t", 1, n), put("u", 2, n)]).collect();
    let flow = scripted(&beside(bucket.aws("writer", "secret-of-writer"), &bucket.name), events.clone());
    let memory = Memory::new();
    for _ in 0..2 {
        let report = process(&flow, &memory, &records(&events), Deadline::never()).await;
        assert!(is_done(&report), "{report:?}");
    }
    let ended = bucket.decode("/lake", &[]);
    assert_eq!(ended.status, 0, "{}", ended.err);
    let lines = ended.lines();
    assert_eq!(lines.len(), 80);
    assert!(lines.iter().all(|line| line["decoder"] == "archive" && line["op"] == "put"), "{lines:?}");
}

#[tokio::test]
async fn a_bucket_that_refuses_in_the_middle_of_a_batch_holds_back_its_changes_alone() {
    let Some(bucket) = bucket("beside-refused") else { return };
    let mut config = beside(bucket.aws("writer", "secret-of-writer"), &bucket.name);
    let missing = format!("s3://{}-missing/{{table}}/", bucket.name);
    config
        .routes
        .insert(0, RoutePolicy { from: "u".to_owned(), archive: Some(missing), ..RoutePolicy::default() });
    let events: Vec<_> =
        ["t", "t", "u", "t"].iter().zip(0..).map(|(table, n)| vec![put(table, 1, n)]).collect();
    let (flow, memory) = (scripted(&config, events.clone()), Memory::new());
    let report = process(&flow, &memory, &records(&events), Deadline::never()).await;
    assert_eq!(report.failed_position(), Some("2"));
    let message = report.stopped().unwrap().to_string();
    // what is no bucket is refused to who may not list them
    assert!(message.contains("-missing/u/") && !message.contains("secret"), "{message}");
    assert_eq!(memory.rows().into_keys().map(|(table, _)| table).collect::<Vec<_>>(), ["public.t"]);
    // whoever may only read
    let config = beside(bucket.aws("reader", "secret-of-reader"), &bucket.name);
    let report =
        process(&scripted(&config, events.clone()), &memory, &records(&events), Deadline::never()).await;
    let stopped = report.stopped().unwrap();
    assert!(stopped.message().contains("Grant s3:PutObject") && report.failure().is_none(), "{stopped}");
    assert!(report.outcomes.iter().all(|outcome| *outcome == Outcome::Failed));
}

#[tokio::test]
async fn a_bucket_that_does_not_answer_is_waited_for_until_the_deadline() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let key = Credentials { key_id: "k".to_owned(), key: "s".to_owned(), session_token: None };
    let s3_url = Some(format!("http://{}", silent.local_addr().unwrap()));
    let config = beside(Aws { s3_url, credentials: Some(key), ..Aws::default() }, "lake");
    let events = vec![vec![put("t", 1, 1)]];
    let (flow, memory) = (scripted(&config, events.clone()), Memory::new());
    let started = std::time::Instant::now();
    let report = process(&flow, &memory, &records(&events), Deadline::after(Duration::from_secs(2))).await;
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(report.stopped().unwrap().code(), Code::Deadline);
    assert!(report.outcomes == [Outcome::Failed] && memory.rows().is_empty());
}

/// A bucket that is gone before a table was read: nothing is half marked as whole, and the run is gone on with.
#[tokio::test]
async fn a_bucket_that_goes_in_the_middle_of_a_snapshot_is_said_and_the_run_goes_on_when_it_is_back() {
    let Some(bucket) = bucket("gone") else { return };
    let Some(source) = crate::support::server("s3_gone").await else { return };
    source.run("create table {s}.t (id int primary key, n int)").await;
    source.run("insert into {s}.t select g, g from generate_series(1, 200) g").await;
    let table = format!("{}.t", source.schema);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rowtide.toml");
    let text = format!(
        "[snapshot]\nto = [\"sink\", \"archive\"]\n[archive]\nurl = \"s3://{}/lake\"\n[[snapshot.table]]\nname = {table:?}\nsplit = 2\nwhere = \"pg_sleep(0.02) is not null\"",
        bucket.name
    );
    std::fs::write(&file, text).unwrap();
    let snapshot = {
        let (endpoint, url, schema) = (bucket.endpoint.clone(), source.url.clone(), source.schema.clone());
        let file = file.to_str().unwrap().to_owned();
        move |more: &[&str]| {
            let variables = [
                ("AWS_ACCESS_KEY_ID", "writer"),
                ("AWS_SECRET_ACCESS_KEY", "secret-of-writer"),
                ("AWS_REGION", REGION),
                ("AWS_ENDPOINT_URL_S3", &endpoint),
                ("ROWTIDE_SNAPSHOT_URL", &url),
                ("ROWTIDE_SINK_URL", &url),
                ("ROWTIDE_SINK_SCHEMA", &schema),
                ("ROWTIDE_CONFIG", &file),
            ];
            rowtide_with(&[&["snapshot", "--output", "json"], more].concat(), &variables, b"")
        }
    };
    let first = {
        let snapshot = snapshot.clone();
        tokio::task::spawn_blocking(move || snapshot(&[]))
    };
    tokio::time::sleep(Duration::from_millis(700)).await;
    bucket.ask("DELETE", "", None);
    let first = first.await.unwrap();
    assert!(first.status != 0 && first.err.contains(&bucket.name), "{}{}", first.out, first.err);
    assert!(first.lines().is_empty() && !first.err.contains("secret"), "{}{}", first.out, first.err);
    bucket.ask("PUT", "", None);
    let second = snapshot(&["--resume"]);
    assert_eq!(second.status, 0, "{}{}", second.out, second.err);
    let done = second.object();
    assert_eq!((&done["rows"], &done["resumed"]), (&200.into(), &true.into()), "{done}");
    let archived = done["archived"].as_str().unwrap();
    let read = bucket.decode(archived.strip_prefix(&format!("s3://{}/", bucket.name)).unwrap(), &[]);
    assert_eq!((read.status, read.lines().len()), (0, 200), "{}", read.err);
    source.finish().await;
}
