//! A stand-in for Lambda: starts a processor's binary and speaks the Runtime API and the Extensions API to it.

use std::collections::VecDeque;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::{Notify, mpsc};

/// A test that waits so long has failed; its message has the function's output.
const PATIENCE: Duration = Duration::from_secs(60);
/// The compiled functions.
pub(crate) const FUNCTION: &str = env!("CARGO_BIN_EXE_rowtide-stream");
const SNAPSHOT_FUNCTION: &str = env!("CARGO_BIN_EXE_rowtide-snapshot");
const COLLECT_FUNCTION: &str = env!("CARGO_BIN_EXE_rowtide-collect");
/// What Lambda's own API is asked for when a function invokes another later.
const INVOKES: &str = "/2015-03-31/functions/";

/// What the function posted.
#[derive(Debug)]
pub(crate) struct Post {
    /// The path behind `/runtime/`.
    pub(crate) path: String,
    /// `Lambda-Runtime-Function-Error-Type`.
    pub(crate) error_type: Option<String>,
    pub(crate) body: String,
}

impl Post {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

struct Invocation {
    id: String,
    event: Vec<u8>,
    time: Duration,
}

struct Api {
    waiting: Mutex<VecDeque<Invocation>>,
    more: Notify,
    posts: mpsc::UnboundedSender<Post>,
    extensions: bool,
}

/// Whether the stand-in has an Extensions API.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extensions {
    Yes,
    No,
}

/// A running function.
pub(crate) struct Function {
    api: Arc<Api>,
    posts: mpsc::UnboundedReceiver<Post>,
    child: Child,
    invocations: usize,
    /// What the functions of snapshots and of documents printed: of many invocations that is more than a pipe holds.
    printed: Arc<Mutex<Vec<u8>>>,
}

impl Function {
    /// Starts it with nothing in its environment but what Lambda sets, and `variables`.
    pub(crate) async fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_with(variables, Extensions::Yes).await
    }

    pub(crate) async fn start_with(variables: &[(&str, &str)], extensions: Extensions) -> Self {
        Self::start_binary(FUNCTION, variables, extensions).await
    }

    /// Starts the function of snapshots, for which the stand-in is Lambda's own API, too.
    pub(crate) async fn start_snapshot(variables: &[(&str, &str)]) -> Self {
        Self::start_binary(SNAPSHOT_FUNCTION, variables, Extensions::Yes).await
    }

    /// Starts the function that takes documents.
    pub(crate) async fn start_collect(variables: &[(&str, &str)]) -> Self {
        Self::start_binary(COLLECT_FUNCTION, variables, Extensions::Yes).await
    }

    async fn start_binary(binary: &str, variables: &[(&str, &str)], extensions: Extensions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (sender, posts) = mpsc::unbounded_channel();
        let api = Arc::new(Api {
            waiting: Mutex::default(),
            more: Notify::new(),
            posts: sender,
            extensions: extensions == Extensions::Yes,
        });
        tokio::spawn(accept(listener, api.clone()));
        let mut child = Command::new(binary)
            .env_clear()
            .env("AWS_ENDPOINT_URL_LAMBDA", format!("http://{address}"))
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "rowtide-test")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .envs(variables.iter().copied())
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        let printed = Arc::new(Mutex::new(Vec::new()));
        if binary != FUNCTION {
            let (mut stdout, printed) = (child.stdout.take().expect("its output"), printed.clone());
            tokio::spawn(async move {
                let mut read = [0; 4096];
                while let Ok(count @ 1..) = stdout.read(&mut read).await {
                    printed.lock().unwrap().extend_from_slice(&read[..count]);
                }
            });
        }
        Self { api, posts, child, invocations: 0, printed }
    }

    /// Invokes the function and waits for its answer; `time` is what it is told to have.
    pub(crate) async fn invoke(&mut self, event: &[u8], time: Duration) -> Post {
        self.invocations += 1;
        let id = format!("8476a536-e9f4-11e8-9739-{:012}", self.invocations);
        self.api.waiting.lock().unwrap().push_back(Invocation {
            id: id.clone(),
            event: event.to_vec(),
            time,
        });
        self.api.more.notify_one();
        let post = self.posted().await;
        assert!(post.path.contains(&id), "{post:?}");
        post
    }

    /// The same of a function that invokes itself: its answer, and the events that it handed to Lambda meanwhile.
    pub(crate) async fn invoke_with(&mut self, event: &str, time: Duration) -> (Post, Vec<String>) {
        self.invocations += 1;
        let id = format!("8476a536-e9f4-11e8-9739-{:012}", self.invocations);
        let invocation = Invocation { id: id.clone(), event: event.as_bytes().to_vec(), time };
        self.api.waiting.lock().unwrap().push_back(invocation);
        self.api.more.notify_one();
        let mut events = Vec::new();
        loop {
            let post = self.posted().await;
            if post.path.contains(&id) {
                return (post, events);
            }
            assert_eq!(post.path, format!("{INVOKES}rowtide-test/invocations"), "{post:?}");
            events.push(post.body);
        }
    }

    /// The metrics that such a function has printed, as CloudWatch takes them.
    pub(crate) fn metrics(&self) -> Vec<serde_json::Value> {
        let printed = self.printed.lock().unwrap();
        let lines = std::str::from_utf8(&printed).unwrap().lines();
        let metrics = lines.filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        metrics.filter(|line| line.get("_aws").is_some()).collect()
    }

    /// What the function posts next.
    pub(crate) async fn posted(&mut self) -> Post {
        match tokio::time::timeout(PATIENCE, self.posts.recv()).await {
            Ok(Some(post)) => post,
            _ => {
                self.child.start_kill().ok();
                panic!("the function did not answer")
            }
        }
    }

    /// Asks the process to end, as Lambda does, and waits for it.
    pub(crate) async fn terminate(self) -> Output {
        let id = self.child.id().expect("the function still runs").to_string();
        let sent = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &id]).status().await;
        assert!(sent.expect("a shell").success());
        self.ended().await
    }

    /// Waits until the process ends by itself.
    pub(crate) async fn ended(self) -> Output {
        let output = tokio::time::timeout(PATIENCE, self.child.wait_with_output()).await;
        output.expect("the function ends").expect("its output")
    }
}

async fn accept(listener: TcpListener, api: Arc<Api>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, api.clone()));
    }
}

/// One connection, request after request; `None` when it ends.
async fn serve(stream: TcpStream, api: Arc<Api>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|read| *read > 0)?;
        let mut words = line.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut length = 0;
        let (mut error_type, mut is_signed) = (None, false);
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().expect("a length"),
                "lambda-runtime-function-error-type" => error_type = Some(value.to_owned()),
                "authorization" => is_signed = value.starts_with("AWS4-HMAC-SHA256 "),
                "transfer-encoding" => panic!("the stand-in reads no chunks"),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let answer = match (method.as_str(), path.as_str()) {
            ("GET", "/2018-06-01/runtime/invocation/next") => next(&api).await,
            ("POST", "/2020-01-01/extension/register") if api.extensions => response(
                "200 OK",
                "Lambda-Extension-Identifier: 5b7d2a1c-0000\r\n",
                br#"{"functionName":"rowtide-test","functionVersion":"$LATEST","handler":"bootstrap"}"#,
            ),
            ("GET", "/2020-01-01/extension/event/next") if api.extensions => std::future::pending().await,
            ("POST", path) if path.starts_with("/2018-06-01/runtime/") => {
                let path = path.trim_start_matches("/2018-06-01/runtime/").to_owned();
                api.posts.send(Post { path, error_type, body: String::from_utf8(body).ok()? }).ok()?;
                response("202 Accepted", "", br#"{"status":"OK"}"#)
            }
            ("POST", path) if path.starts_with(INVOKES) && is_signed => {
                let body = String::from_utf8(body).ok()?;
                api.posts.send(Post { path: path.to_owned(), error_type, body }).ok()?;
                response("202 Accepted", "", b"")
            }
            _ => response("404 Not Found", "", b""),
        };
        stream.write_all(&answer).await.ok()?;
    }
}

async fn next(api: &Api) -> Vec<u8> {
    loop {
        let invocation = api.waiting.lock().unwrap().pop_front();
        let Some(Invocation { id, event, time }) = invocation else {
            api.more.notified().await;
            continue;
        };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock");
        let headers = format!(
            "Lambda-Runtime-Aws-Request-Id: {id}\r\n\
             Lambda-Runtime-Deadline-Ms: {}\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:123456789012:function:rowtide-test\r\n\
             Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1\r\n",
            (now + time).as_millis()
        );
        return response("200 OK", &headers, &event);
    }
}

fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
