//! How long a processor takes from its start to its first request for an invocation, and to its first answer.
//!
//!     cargo bench --no-default-features --features lambda --bench cold_start
//!
//! The first needs no database: none is asked before the first record. The second is measured when the variable
//! ROWTIDE_TEST_POSTGRES names a server: with the URL in a variable, and with the URL in a secret that a stand-in of
//! the Parameters and Secrets extension keeps. Both include the registration of the extension.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};

const BINARY: &str = env!("CARGO_BIN_EXE_rowtide-stream");
const STARTS: usize = 50;
const EVENT: &str = include_str!("../events/dynamodb/insert.json");
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> std::io::Result<()> {
    // `cargo test` runs benches too, with this argument missing
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let url = [("ROWTIDE_SINK_URL", "postgresql://rowtide@database.example/shop")];
    let times = (0..STARTS).map(|_| start(&url, Until::Asked)).collect::<Result<_, _>>()?;
    tell("start to the first /next", times)?;
    let Ok(url) = std::env::var("ROWTIDE_TEST_POSTGRES") else {
        return writeln!(
            std::io::stdout(),
            "start to the first answer: not measured without ROWTIDE_TEST_POSTGRES"
        );
    };
    let port = keep(&url)?.to_string();
    let plain = [("ROWTIDE_SINK_URL", url.as_str())];
    let secret = [
        ("ROWTIDE_SINK_URL", "secretsmanager://prod/db"),
        ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", &port),
        ("AWS_SESSION_TOKEN", "token"),
    ];
    // the tables are made by the first of all
    start(&plain, Until::Answered)?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    // by turns, so that what else the machine does meets both
    for _ in 0..STARTS {
        without.push(start(&plain, Until::Answered)?);
        with.push(start(&secret, Until::Answered)?);
    }
    tell("start to the first answer, URL in a variable", without)?;
    tell("start to the first answer, URL from the extension", with)
}

fn tell(what: &str, mut times: Vec<Duration>) -> std::io::Result<()> {
    times.sort_unstable();
    let at =
        |part: usize| times.get(part * (STARTS - 1) / 100).copied().unwrap_or_default().as_secs_f64() * 1e3;
    writeln!(
        std::io::stdout(),
        "{what}: {:.1} ms (median of {STARTS}), {:.1} … {:.1} ms",
        at(50),
        at(0),
        at(100)
    )
}

/// What ends a measurement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    Asked,
    Answered,
}

/// Starts a processor once.
fn start(variables: &[(&str, &str)], until: Until) -> std::io::Result<Duration> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (reached, end) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let reached = reached.clone();
            std::thread::spawn(move || serve(&stream, until, &reached));
        }
    });
    let started = Instant::now();
    let mut child = Command::new(BINARY)
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "cold-start")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_LOG_LEVEL", "ERROR")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        // what it says of the end of its platform is no part of the measurement
        .stdout(Stdio::null())
        .spawn()?;
    let reached = end.recv_timeout(PATIENCE);
    child.kill()?;
    child.wait()?;
    match reached {
        Ok(at) => Ok(at.duration_since(started)),
        Err(_) => Err(std::io::Error::other("the processor did not get so far")),
    }
}

/// Answers the registration, hands out one invocation, and says when the end is reached.
fn serve(stream: &TcpStream, until: Until, reached: &mpsc::Sender<Instant>) -> Option<()> {
    let mut requests = BufReader::new(stream);
    let mut answers = stream;
    loop {
        let (request, body) = request(&mut requests)?;
        if request.contains("/runtime/invocation/next") {
            if until == Until::Asked {
                return reached.send(Instant::now()).ok();
            }
            let deadline = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()? + PATIENCE;
            let headers = format!(
                "Lambda-Runtime-Aws-Request-Id: 1\r\nLambda-Runtime-Invoked-Function-Arn: arn\r\n\
                 Lambda-Runtime-Deadline-Ms: {}\r\n",
                deadline.as_millis()
            );
            answer(&mut answers, &headers, EVENT)?;
        } else if request.contains("/response") {
            // a batch that failed is no measurement
            return (body == r#"{"batchItemFailures":[]}"#).then(|| reached.send(Instant::now()).ok())?;
        } else if request.contains("/extension/register") {
            answer(&mut answers, "Lambda-Extension-Identifier: 1\r\n", "{}")?;
        } else if request.contains("/extension/event/next") {
            // it is never answered
            std::thread::park();
        } else {
            return None;
        }
    }
}

/// A stand-in of the Parameters and Secrets extension that keeps one secret: its port.
fn keep(secret: &str) -> std::io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let body = serde_json::json!({"SecretString": secret}).to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            while request(&mut BufReader::new(&stream)).is_some() && answer(&mut &stream, "", &body).is_some()
            {
            }
        }
    });
    Ok(port)
}

/// The first line of a request, and its body.
fn request(stream: &mut BufReader<&TcpStream>) -> Option<(String, String)> {
    let (mut first, mut length) = (String::new(), 0);
    stream.read_line(&mut first).ok().filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().ok()?
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((first, String::from_utf8(body).ok()?))
}

fn answer(stream: &mut &TcpStream, headers: &str, body: &str) -> Option<()> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).ok()
}
