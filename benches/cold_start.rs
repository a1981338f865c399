//! How long a processor takes from its start to its first request for an invocation.
//!
//!     cargo bench --no-default-features --features lambda --bench cold_start
//!
//! No database is needed: none is asked before the first record. The time includes the registration of the extension.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const PROCESSORS: [(&str, &str); 2] = [
    ("rowtide-kinesis", env!("CARGO_BIN_EXE_rowtide-kinesis")),
    ("rowtide-dynamodb", env!("CARGO_BIN_EXE_rowtide-dynamodb")),
];
const STARTS: usize = 50;

fn main() -> std::io::Result<()> {
    // `cargo test` runs benches too, with this argument missing
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    for (name, binary) in PROCESSORS {
        let mut times = (0..STARTS).map(|_| start(binary)).collect::<std::io::Result<Vec<Duration>>>()?;
        times.sort_unstable();
        let at = |part: usize| {
            times.get(part * (STARTS - 1) / 100).copied().unwrap_or_default().as_secs_f64() * 1e3
        };
        writeln!(
            out,
            "{name}: {:.1} ms from start to the first /next (median of {STARTS}), {:.1} … {:.1} ms",
            at(50),
            at(0),
            at(100)
        )?;
    }
    Ok(())
}

/// Starts a processor once.
fn start(binary: &str) -> std::io::Result<Duration> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (asked, next) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let asked = asked.clone();
            std::thread::spawn(move || serve(stream, &asked));
        }
    });
    let started = Instant::now();
    let mut child = Command::new(binary)
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "cold-start")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("ROWTIDE_SINK_URL", "postgresql://rowtide@database.example/shop")
        .stdin(Stdio::null())
        .spawn()?;
    let answered = next.recv_timeout(Duration::from_secs(10));
    child.kill()?;
    child.wait()?;
    match answered {
        Ok(at) => Ok(at.duration_since(started)),
        Err(_) => Err(std::io::Error::other("the processor never asked for an invocation")),
    }
}

/// Answers the registration, and says when the first invocation is asked for.
fn serve(stream: TcpStream, asked: &mpsc::Sender<Instant>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines().map_while(Result::ok);
    let mut stream = stream;
    while let Some(request) = lines.next() {
        if request.contains("/runtime/invocation/next") {
            asked.send(Instant::now()).ok()?;
        }
        if request.contains("/extension/register") {
            lines.by_ref().find(String::is_empty)?;
            let answer = "HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: 1\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
            return stream.write_all(answer.as_bytes()).ok();
        }
    }
    None
}
