//! Documents by HTTP: `rowtide serve` as a process, with clients of its own.

mod function;
mod load;

use crate::cli::command;
use crate::journey::{blocks, run};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HeaderMap, HeaderName};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::Value;
use sha2::Sha256;
use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

/// A test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `rowtide serve`.
struct Server {
    child: Child,
    address: String,
    lines: Lines<BufReader<ChildStdout>>,
}

/// What was answered.
#[derive(Debug)]
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The counts: applied, stale, parked.
    fn counts(&self) -> [u64; 3] {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        let json = self.json();
        let counts = ["applied", "stale", "parked"].map(|name| json[name].as_u64().unwrap());
        assert_eq!(json["received"].as_u64().unwrap(), counts.iter().sum::<u64>(), "{self:?}");
        counts
    }

    /// Status and code of a refusal.
    fn refusal(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["error"].as_str().unwrap().to_owned())
    }
}

impl Server {
    /// Starts it where `listen` says.
    async fn start_at(listen: &str, arguments: &[&str]) -> Self {
        Self::start_in(env!("CARGO_TARGET_TMPDIR"), listen, arguments).await
    }

    async fn start_in(folder: &str, listen: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(command().get_program())
            .args(["serve", "--listen", listen])
            .args(arguments)
            .env_clear()
            .env("HOME", std::env::var_os("HOME").unwrap())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
        let address =
            first.strip_prefix("Listening on http://").unwrap_or_else(|| panic!("{first}")).to_owned();
        Self { child, address, lines }
    }

    async fn start(arguments: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", arguments).await
    }

    async fn connect(&self) -> Client {
        Client::connect(&self.address).await.unwrap()
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answered {
        self.connect().await.send(method, path, headers, body.into()).await.unwrap()
    }

    async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answered {
        self.send(Method::POST, path, &[], body).await
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().expect("it still runs").to_string();
        let sent = std::process::Command::new("sh").args(["-c", "kill -$1 \"$0\"", &id, name]).status();
        assert!(sent.unwrap().success());
    }

    /// Asks it to end, waits for that, and gives what it printed.
    async fn end(mut self) -> String {
        self.signal("TERM");
        let mut printed = String::new();
        while let Some(line) = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.unwrap().unwrap()
        {
            printed += &format!("{line}\n");
        }
        assert!(self.child.wait().await.unwrap().success(), "{printed}");
        printed
    }
}

/// A connection.
struct Client(SendRequest<Full<Bytes>>);

impl Client {
    async fn connect(address: &str) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        Some(Self(sender))
    }

    /// None when the connection breaks before there is an answer.
    async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Option<Answered> {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.0.ready().await.ok()?;
        let response = self.0.send_request(request.body(Full::new(body)).unwrap()).await.ok()?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Answered {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        })
    }
}

/// The rows of a table in a kept folder, as `rowtide show` prints them.
fn shown(folder: &str, table: &str) -> Vec<Value> {
    let output = command().args(["show", table, "--data-dir", folder, "--output", "json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_stored_once_in_whatever_form_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data");
    let folder = folder.to_str().unwrap();
    let server = Server::start(&["--data-dir", folder]).await;
    assert_eq!(server.post("/collect", r#"{"hello":"world"}"#).await.counts(), [1, 0, 0]);
    // a repetition is free, also behind a stage and packed, and so is the place of a table
    let same = r#"{"hello":"world"}"#;
    assert_eq!(server.post("/v1/collect/", same).await.counts(), [0, 1, 0]);
    for packed in [gzip(same.as_bytes()), compress_to_vec(same.as_bytes(), CompressionLevel::Fastest)] {
        assert_eq!(server.post("/collect/collect", packed).await.counts(), [0, 1, 0]);
    }
    assert_eq!(server.post("/collect", STANDARD.encode(same)).await.counts(), [0, 1, 0]);
    // lists and lines, of which some are bad
    let list = server.post("/collect/lists", r#"[{"n":1},7,{"n":2}]"#).await;
    assert_eq!((list.counts(), list.json()["items"][0]["index"].as_u64()), ([2, 0, 1], Some(1)));
    assert_eq!(list.json()["items"][0]["code"], "no_image");
    let lines = server.post("/v1/collect/lists/", "{\"n\":3}\n{oops\n\n{\"n\":4}\n").await;
    assert_eq!((lines.counts(), &lines.json()["items"][0]["code"]), ([2, 0, 1], &"not_json".into()));
    assert_eq!(server.post("/collect/lists", r#"[{"n":1},{"n":1}]"#).await.counts(), [2, 0, 0]);
    // the header that names a delivery, and another document under the same id
    let named =
        |body: &'static str| server.send(Method::POST, "/collect/named", &[("Idempotency-Key", "k-1")], body);
    assert_eq!(named(r#"{"n":1,"same":1e2}"#).await.counts(), [1, 0, 0]);
    let again = named(r#"{"n":1.0,"same":100}"#).await;
    assert_eq!((again.counts(), again.json()["items"].as_array().unwrap().len()), ([0, 1, 0], 0));
    let other = named(r#"{"n":2}"#).await;
    assert_eq!((other.counts(), &other.json()["items"][0]["code"]), ([0, 1, 0], &"other_document".into()));
    for nothing in ["", " \n", "[]"] {
        let answered = server.post("/collect", nothing).await;
        assert_eq!((answered.status, answered.body.as_str()), (StatusCode::NO_CONTENT, ""));
    }
    let printed = server.end().await;
    assert!(printed.contains("collect: 1 stored") && printed.contains("lists: "), "{printed}");
    let rows = shown(folder, "collect");
    assert_eq!((rows.len(), &rows[0]["document"]), (1, &serde_json::json!({"hello": "world"})));
    assert_eq!(shown(folder, "lists").len(), 6);
    let named = shown(folder, "named");
    assert_eq!((&named[0]["key"]["_id"], &named[0]["document"]["n"]), (&"k-1".into(), &1.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_on_documents_by_http_works_as_it_stands() {
    let page = include_str!("../../docs/collect.md");
    assert_eq!(blocks(page, "sh", "<!-- serve -->\n"), ["rowtide serve\n"]);
    let [send, look] = blocks(page, "sh", "<!-- run -->\n")[..] else { panic!("two blocks to run") };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path().to_str().unwrap(), "127.0.0.1:0", &[]).await;
    let send = send.replace("127.0.0.1:3000", &server.address);
    let printed = tokio::task::block_in_place(|| run(folder.path(), &send, &[]));
    let answers: Vec<&str> = printed.split_inclusive("]}").collect();
    assert!(answers[0].contains(r#""applied":1"#) && answers[1].contains(r#""stale":1"#), "{printed}");
    assert!(server.end().await.contains("rowtide show collect --data-dir rowtide-data"));
    // where the engine was unpacked before
    let home = std::env::var("HOME").unwrap();
    let cache = format!("{home}/.cache");
    let look = tokio::task::block_in_place(|| run(folder.path(), look, &[("XDG_CACHE_HOME", &cache)]));
    assert!(look.contains("world") && look.contains("/start") && look.contains("2 rows"), "{look}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_or_cannot_be_read_is_refused_and_the_server_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data");
    let folder = folder.to_str().unwrap();
    let server = Server::start(&["--data-dir", folder, "--set", "collect.id=/id"]).await;
    let refused = async |body: Vec<u8>| server.post("/collect", body).await.refusal();
    for (body, status, code) in [
        (b"nope".to_vec(), 400, "not_json"),
        (b"7".to_vec(), 400, "no_image"),
        (b"[1,2]".to_vec(), 400, "no_image"),
        (b"{\"a\":\"\xff\"}".to_vec(), 400, "not_json"),
        (b"\x1f\x8b broken".to_vec(), 400, "bad_compression"),
        ("[".repeat(1_000_000).into_bytes(), 400, "not_json"),
        (gzip(&vec![b' '; 200 << 20]), 413, "too_large"),
        (vec![b' '; (10 << 20) + 1], 413, "too_large"),
        (vec![b'x'; 30 << 20], 413, "too_large"),
    ] {
        let (found, start) =
            (refused(body.clone()).await, String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned());
        assert_eq!(found, (status, code.to_owned()), "{start}");
    }
    assert_eq!(server.send(Method::GET, "/collect", &[], "").await.refusal().0, 405);
    assert_eq!(server.post("/collect/a/b/c", "{}").await.refusal().0, 404);
    assert_eq!(server.post(&format!("/collect/{}", "t".repeat(1_025)), "{}").await.refusal().0, 404);
    assert_eq!(server.send(Method::GET, "/v1/healthz", &[], "").await.body, "ok");
    // too deep for any database: parked, and said
    let deep = format!(r#"{{"id":1,"a":{}{}}}"#, "[".repeat(500), "]".repeat(500));
    let answered = server.post("/collect", deep).await;
    assert_eq!((answered.counts(), &answered.json()["items"][0]["code"]), ([0, 0, 1], &"too_deep".into()));
    let six = format!(r#"{{"id":2,"text":"{}"}}"#, "x".repeat(6 << 20));
    assert_eq!(server.post("/collect", six).await.counts(), [1, 0, 0]);
    let many: Vec<String> = (0..100_000).map(|n| format!(r#"{{"id":"m-{n}"}}"#)).collect();
    let many = format!("[{}]", many.join(","));
    assert_eq!(server.post("/collect/many", many.clone()).await.counts(), [100_000, 0, 0]);
    // ids that collide: within a request, and with what is there
    let colliding = r#"[{"id":2},{"id":"2","n":1},{"id":2.0,"n":2},{"id":"m-1"}]"#;
    assert_eq!(server.post("/collect", colliding).await.counts()[2], 0);
    // an id that is none is the digest's place
    assert_eq!(server.post("/collect", r#"{"id":null,"n":1}"#).await.counts(), [1, 0, 0]);
    assert_eq!(server.post("/collect", r#"{"id":{"a":1}}"#).await.counts(), [0, 0, 1]);
    server.end().await;
    assert_eq!(shown(folder, "many").len(), 100_000);
}

fn hmac(secret: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_token_and_signs_nothing_is_kept_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data");
    let server = Server::start(&[
        "--data-dir",
        folder.to_str().unwrap(),
        "--set",
        "collect.tokens=hunter2, hunter3",
        "--set",
        "collect.signature=standard-webhooks",
        "--set",
        "collect.signature_secret=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ])
    .await;
    let (body, secret) = (r#"{"n":1}"#, STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
    let send = async |headers: &[(&str, &str)], body: &str| {
        server.send(Method::POST, "/collect", headers, body.to_owned()).await
    };
    let missing = send(&[], body).await;
    assert_eq!((missing.refusal().0, missing.headers["www-authenticate"].to_str().unwrap()), (401, "Bearer"));
    assert_eq!(send(&[("authorization", "Basic aHVudGVyMg==")], body).await.refusal().0, 401);
    let wrong = send(&[("authorization", "Bearer hunter4")], body).await;
    assert_eq!(wrong.refusal(), (403, "forbidden".to_owned()));
    assert!(!wrong.body.contains("hunter"), "{wrong:?}");
    for token in ["Bearer hunter2", "bearer hunter3"] {
        assert!(send(&[("authorization", token)], body).await.status.is_success());
    }
    // signed: replayed it is stale, late or over another body it is refused, and no unsigned name counts
    let sign = |id: &str, at: u64, body: &str| {
        format!("v1,{}", STANDARD.encode(hmac(&secret, &format!("{id}.{at}.{body}"))))
    };
    let signed = async |id: &str, at: u64, signature: &str, body: &str| {
        let at = at.to_string();
        let named =
            [("webhook-id", id), ("webhook-timestamp", at.as_str()), ("webhook-signature", signature)];
        send(&[&named[..], &[("idempotency-key", "anything")]].concat(), body).await
    };
    let (now, body) = (seconds(), r#"{"signed":true}"#);
    let good = sign("msg-1", now, body);
    assert_eq!(signed("msg-1", now, &good, body).await.counts(), [1, 0, 0]);
    assert_eq!(signed("msg-1", now, &good, body).await.counts(), [0, 1, 0]);
    assert_eq!(signed("msg-2", now, &good, body).await.refusal(), (403, "bad_signature".to_owned()));
    assert_eq!(signed("msg-1", now, &good, r#"{"signed":1}"#).await.refusal().1, "bad_signature");
    assert_eq!(signed("msg-1", now, "v1,", body).await.refusal().1, "bad_signature");
    let old = now - 301;
    assert_eq!(signed("msg-3", old, &sign("msg-3", old, body), body).await.refusal().1, "expired_signature");
    server.end().await;
    let rows = shown(folder.to_str().unwrap(), "collect");
    let ids: Vec<&str> = rows.iter().map(|row| row["key"]["_id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"msg-1") && !ids.contains(&"anything"), "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_told_which_pages_may_send_and_answers_may_be_plain() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data");
    let server = Server::start(&[
        "--data-dir",
        folder.to_str().unwrap(),
        "--set",
        "collect.cors=https://shop.example.org",
        "--set",
        "collect.answer=plain",
        "--set",
        "collect.id=none",
        "--set",
        "collect.table=events",
    ])
    .await;
    let allowed = HeaderName::from_static("access-control-allow-origin");
    let ask = async |method: Method, origin: &str| {
        server.send(method, "/collect", &[("origin", origin)], r#"{"n":1}"#).await
    };
    let asked = ask(Method::OPTIONS, "https://shop.example.org").await;
    assert_eq!(
        (asked.status, asked.headers[&allowed].to_str().unwrap()),
        (StatusCode::NO_CONTENT, "https://shop.example.org")
    );
    assert!(asked.headers["access-control-allow-headers"].to_str().unwrap().contains("idempotency-key"));
    assert!(!ask(Method::OPTIONS, "https://evil.example.org").await.headers.contains_key(&allowed));
    // every request is new
    for _ in 0..3 {
        let sent = ask(Method::POST, "https://shop.example.org").await;
        assert_eq!((sent.status, sent.body.as_str()), (StatusCode::OK, "Success"));
        assert_eq!(sent.headers[&allowed], "https://shop.example.org");
    }
    let refused = server.post("/collect", "oops").await;
    assert!(refused.body.starts_with("The body is not JSON."), "{refused:?}");
    server.end().await;
    assert_eq!(shown(folder.to_str().unwrap(), "events").len(), 3);
}
