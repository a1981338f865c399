//! A PostgreSQL 18 that runs inside this process, for a first try without a server.
//!
//! The engine is the PostgreSQL of `oliphaunt-wasix`: the real server code, compiled to
//! WebAssembly and run in single-user mode. This module puts the missing piece before it, a
//! Unix-domain socket in a private (0700) folder that any PostgreSQL client can connect to.
//!
//! What to know before use:
//!
//! * **One client at a time.** A second client is accepted but gets no answer until the first has
//!   closed; then it is served. Each client gets a fresh session, so locks, settings, prepared
//!   statements and open transactions of the client before are gone, as with a real server.
//! * `statement_timeout` and cancel requests have **no effect**: nothing interrupts the engine. A
//!   cancel request is answered (its connection is closed at once), it does not hang.
//! * Each error costs the session some of its stack (a defect of the engine). After 3,000 errors,
//!   or one that used the stack up (JSON nested thousands of levels deep, endless recursion), the
//!   session ends with a FATAL error and the client has to connect again. Committed data is safe.
//! * There are no background processes: nothing vacuums or analyzes tables unless told to.
//! * Nothing here protects against another program of the same user: no password is asked.
//! * The engine unpacks about 50 MB, once per user, below the user's cache folder.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use oliphaunt_wasix::DatabaseStorage;
use oliphaunt_wasix::session::{
    PostgresConfig, PreparedDatabase, PreparedRuntime, ProtocolPumpOutcome, ProtocolSession, ProtocolStream,
    StartupConfig, default_catalog_profile, startup_error_response_output,
};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// The role every client is, a superuser.
const USER: &str = "postgres";
/// The database of [`Embedded::url`].
const DATABASE: &str = "postgres";
/// The number in the socket's file name; nothing listens on a TCP port.
const PORT: u16 = 5432;
/// How long [`Embedded::stop`] lets a client finish before it closes its connection.
const CLIENT_GRACE: Duration = Duration::from_secs(5);
/// How long [`Embedded::stop`] then waits for the engine to shut down.
const ENGINE_GRACE: Duration = Duration::from_secs(20);
/// How long a new client may take to send its startup packet.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);
/// The longest startup packet PostgreSQL itself accepts.
const MAX_STARTUP: usize = 10_000;
/// The longest message accepted from a client (a PostgreSQL server stops at 1 GB).
const MAX_MESSAGE: usize = 256 * 1024 * 1024;
/// Stack of the thread the engine runs on.
const ENGINE_STACK: usize = 16 * 1024 * 1024;
/// The longest path a Unix-domain socket can have everywhere (104 bytes with its NUL on macOS).
const MAX_SOCKET_PATH: usize = 103;
/// After how many errors a session is given up (see [`Wear`]); it stands about 6,000.
const MAX_ERRORS: u32 = 3_000;

const SSL_REQUEST: u32 = 80_877_103;
const GSSENC_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;

/// A PostgreSQL server inside this process.
///
/// Call [`stop`](Self::stop) when done. Dropping the value instead closes the client's connection
/// and lets the server end in the background; it never blocks.
#[derive(Debug)]
pub struct Embedded {
    url: String,
    shared: Arc<Shared>,
    socket: PathBuf,
    finished: Option<oneshot::Receiver<Result<(), EmbeddedError>>>,
    /// Holds the socket; removed with the value.
    _socket_dir: TempDir,
}

impl Embedded {
    /// Starts a server and returns when it can be connected to.
    ///
    /// With `data_dir: None` the database lives in memory and is gone after
    /// [`stop`](Self::stop). With a folder it is kept there between runs; the folder is created if
    /// need be, must belong to this use alone and is locked while the server runs.
    ///
    /// # Errors
    ///
    /// Fails when the cache folder, the temporary folder or `data_dir` cannot be written, when
    /// `data_dir` is in use or holds something else, and when the engine does not start. The
    /// message says which folder is concerned and what to do.
    pub async fn start(data_dir: Option<&Path>) -> Result<Embedded, EmbeddedError> {
        let storage = match data_dir {
            None => DatabaseStorage::Memory,
            Some(dir) => {
                create_parent(dir)?;
                DatabaseStorage::Directory(dir.to_owned())
            }
        };
        let socket_dir = private_dir()?;
        let socket = socket_dir.path().join(format!(".s.PGSQL.{PORT}"));
        let listener = UnixListener::bind(&socket).map_err(|source| {
            EmbeddedError::with(
                format!("the embedded PostgreSQL cannot listen on {}", socket.display()),
                source,
            )
        })?;
        let url = connection_url(socket_dir.path())?;

        let shared = Arc::new(Shared::default());
        let (clients, waiting) = mpsc::channel();
        let (ready_tx, ready) = oneshot::channel();
        let (finished_tx, finished) = oneshot::channel();

        spawn("rowtide-pg-engine", {
            let shared = Arc::clone(&shared);
            move || engine_thread(storage, &shared, &waiting, ready_tx, finished_tx)
        })?;
        ready.await.unwrap_or_else(|_| Err(EmbeddedError::died()))?;
        spawn("rowtide-pg-accept", {
            let shared = Arc::clone(&shared);
            move || accept_thread(&listener, &shared, &clients)
        })?;

        Ok(Embedded { url, shared, socket, finished: Some(finished), _socket_dir: socket_dir })
    }

    /// The connection string, for example for `tokio_postgres::Config::from_str`.
    ///
    /// It names a Unix-domain socket, the role `postgres` and the database `postgres`, and turns
    /// TLS off. Serves one client at a time: close a connection before opening the next.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops the server: waits up to 5 seconds for the client to close, then closes its
    /// connection (an open transaction is rolled back), shuts PostgreSQL down and removes what
    /// was temporary. Clients still waiting are turned away. Needs a tokio runtime with time
    /// enabled; returns within 30 seconds whatever happens.
    ///
    /// # Errors
    ///
    /// Fails when a statement is still running after that time (nothing can interrupt it; the
    /// engine then ends with the process) and when PostgreSQL did not shut down cleanly. Committed
    /// data in a kept folder is safe in both cases; the folder stays locked until the process ends.
    pub async fn stop(mut self) -> Result<(), EmbeddedError> {
        self.refuse_new_clients();
        let Some(mut finished) = self.finished.take() else {
            return Ok(());
        };
        if let Ok(result) = tokio::time::timeout(CLIENT_GRACE, &mut finished).await {
            return result.unwrap_or_else(|_| Err(EmbeddedError::died()));
        }
        self.shared.hang_up();
        match tokio::time::timeout(ENGINE_GRACE, finished).await {
            Ok(result) => result.unwrap_or_else(|_| Err(EmbeddedError::died())),
            Err(_) => Err(EmbeddedError::new(
                "the embedded PostgreSQL is still busy with a statement, which cannot be \
                 interrupted; it ends with this process, and what was committed is kept",
            )),
        }
    }

    fn refuse_new_clients(&self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which sees the flag and ends. If this fails, the listener is
        // gone already.
        drop(UnixStream::connect(&self.socket));
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.refuse_new_clients();
        self.shared.hang_up();
    }
}

/// Why the embedded PostgreSQL could not be started or stopped.
///
/// Its text names the folder concerned and what to do; the cause is in it, too, and available
/// through [`source`](std::error::Error::source) where it is an operating system error.
#[derive(Debug)]
pub struct EmbeddedError {
    message: String,
    source: Option<Box<io::Error>>,
}

impl EmbeddedError {
    fn new(message: impl Into<String>) -> Self {
        EmbeddedError { message: message.into(), source: None }
    }

    fn with(message: impl fmt::Display, source: io::Error) -> Self {
        EmbeddedError { message: format!("{message}: {source}"), source: Some(Box::new(source)) }
    }

    fn died() -> Self {
        EmbeddedError::new(
            "the embedded PostgreSQL ended unexpectedly; use a PostgreSQL server instead if this \
             happens again",
        )
    }
}

impl fmt::Display for EmbeddedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for EmbeddedError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// What the handle and the two threads share.
#[derive(Debug, Default)]
struct Shared {
    stopping: AtomicBool,
    /// The connection being served, so that it can be closed from outside.
    client: Mutex<Option<UnixStream>>,
}

impl Shared {
    fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    fn client(&self) -> MutexGuard<'_, Option<UnixStream>> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hang_up(&self) {
        if let Some(client) = self.client().as_ref() {
            // An error means that the client has gone.
            client.shutdown(Shutdown::Both).ok();
        }
    }
}

/// A client that has sent its startup packet.
struct Client {
    stream: UnixStream,
    startup: Vec<u8>,
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), EmbeddedError> {
    thread::Builder::new()
        .name(name.to_owned())
        .stack_size(ENGINE_STACK)
        .spawn(run)
        .map(drop)
        .map_err(|source| EmbeddedError::with("the embedded PostgreSQL cannot start a thread", source))
}

// ---------------------------------------------------------------------------------------------
// Folders

fn create_parent(dir: &Path) -> Result<(), EmbeddedError> {
    let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return Ok(());
    };
    std::fs::create_dir_all(parent).map_err(|source| {
        EmbeddedError::with(
            format!(
                "the embedded PostgreSQL cannot create {}, where its data folder should be (choose \
                 a folder you may write to)",
                parent.display()
            ),
            source,
        )
    })
}

fn private_dir() -> Result<TempDir, EmbeddedError> {
    let make = |parent: &Path| tempfile::Builder::new().prefix("rowtide-").tempdir_in(parent);
    let parent = std::env::temp_dir();
    let failed = |parent: &Path, source| {
        EmbeddedError::with(
            format!(
                "the embedded PostgreSQL needs a folder for its socket and cannot create one in {} \
                 (set TMPDIR to a writable folder)",
                parent.display()
            ),
            source,
        )
    };
    let dir = make(&parent).map_err(|source| failed(&parent, source))?;
    if dir.path().as_os_str().len() + "/.s.PGSQL.".len() + 5 <= MAX_SOCKET_PATH {
        return Ok(dir);
    }
    let short = Path::new("/tmp");
    make(short).map_err(|source| failed(short, source))
}

/// The engine unpacks itself into the user's cache folder; says so beforehand if that cannot work,
/// as its own message does not name a remedy.
fn check_cache_dir() -> Result<(), EmbeddedError> {
    if cfg!(target_os = "macos") {
        return Ok(());
    }
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|dir| dir.is_absolute());
    let Some(cache) =
        absolute("XDG_CACHE_HOME").or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
    else {
        return Err(EmbeddedError::new(
            "the embedded PostgreSQL unpacks about 50 MB into a cache folder and there is no home \
             folder; set XDG_CACHE_HOME to a writable folder (an absolute path)",
        ));
    };
    let dir = cache.join("oliphaunt-wasix");
    std::fs::create_dir_all(&dir).and_then(|()| tempfile::tempfile_in(&dir)).map(drop).map_err(|source| {
        EmbeddedError::with(
            format!(
                "the embedded PostgreSQL unpacks about 50 MB into {} and cannot write there; \
                     make it writable, or set XDG_CACHE_HOME to a writable folder (an absolute path)",
                dir.display()
            ),
            source,
        )
    })
}

fn connection_url(dir: &Path) -> Result<String, EmbeddedError> {
    let Some(dir) = dir.to_str() else {
        return Err(EmbeddedError::new(format!(
            "the temporary folder {} is not UTF-8 and cannot be put into a connection string; set \
             TMPDIR to another",
            dir.display()
        )));
    };
    let mut host = String::new();
    for byte in dir.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            host.push(char::from(byte));
        } else {
            host.push('%');
            for digit in [byte >> 4, byte & 15] {
                host.extend(char::from_digit(digit.into(), 16).map(|d| d.to_ascii_uppercase()));
            }
        }
    }
    Ok(format!("postgresql://{USER}@{host}:{PORT}/{DATABASE}?sslmode=disable"))
}

// ---------------------------------------------------------------------------------------------
// Accepting

/// Takes clients up to their startup packet and hands them on. Being its own thread it can answer
/// a cancel request while a client is being served.
fn accept_thread(listener: &UnixListener, shared: &Shared, clients: &mpsc::Sender<Client>) {
    loop {
        let accepted = listener.accept();
        if shared.stopping() {
            return;
        }
        match accepted {
            Ok((stream, _)) => {
                // A client that talks nonsense or too slowly is dropped, which closes it.
                if let Ok(Some(client)) = handshake(stream)
                    && clients.send(client).is_err()
                {
                    return;
                }
            }
            // Out of file descriptors, most likely; try again rather than never answer.
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// Reads the startup packet. `None`: a cancel request.
fn handshake(mut stream: UnixStream) -> io::Result<Option<Client>> {
    stream.set_read_timeout(Some(HANDSHAKE_LIMIT))?;
    loop {
        let (length, code) = (read_u32(&mut stream)?, read_u32(&mut stream)?);
        match code {
            SSL_REQUEST | GSSENC_REQUEST => stream.write_all(b"N")?,
            CANCEL_REQUEST => return Ok(None),
            _ => {
                let rest = usize::try_from(length)
                    .ok()
                    .filter(|length| (8..=MAX_STARTUP).contains(length))
                    .map(|length| length - 8)
                    .ok_or(io::ErrorKind::InvalidData)?;
                let mut body = vec![0; rest];
                stream.read_exact(&mut body)?;
                let startup = [&length.to_be_bytes()[..], &code.to_be_bytes()[..], &body[..]].concat();
                stream.set_read_timeout(None)?;
                return Ok(Some(Client { stream, startup }));
            }
        }
    }
}

fn read_u32(stream: &mut UnixStream) -> io::Result<u32> {
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

// ---------------------------------------------------------------------------------------------
// The engine

fn engine_thread(
    storage: DatabaseStorage,
    shared: &Shared,
    waiting: &mpsc::Receiver<Client>,
    ready: oneshot::Sender<Result<(), EmbeddedError>>,
    finished: oneshot::Sender<Result<(), EmbeddedError>>,
) {
    let opened = contain(|| Engine::open(storage));
    let mut engine = match opened.unwrap_or_else(|| Err(EmbeddedError::died())) {
        Ok(engine) => engine,
        Err(error) => {
            // Nobody waiting for it: the caller has given up starting.
            ready.send(Err(error)).ok();
            return;
        }
    };
    if ready.send(Ok(())).is_ok() {
        while let Ok(client) = waiting.recv() {
            if shared.stopping() {
                continue; // turns those still waiting away until the accepting thread has ended
            }
            *shared.client() = client.stream.try_clone().ok();
            if !shared.stopping() && contain(|| engine.serve(client)).is_none() {
                engine.session_lost = true;
            }
            *shared.client() = None;
        }
    }
    let result = contain(|| engine.close()).unwrap_or_else(|| Err(EmbeddedError::died()));
    // Nobody waiting for it: the handle was dropped.
    finished.send(result).ok();
}

/// Runs a step of the engine; a panic in it (`None`) must not leave a caller waiting.
fn contain<T>(step: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(step)).ok()
}

struct Engine {
    prepared: PreparedDatabase,
    runtime: Option<PreparedRuntime>,
    /// A session opened in advance; shows at start that the engine works.
    spare: Option<ProtocolSession>,
    /// A session did not end cleanly, so its resources are held until the process ends.
    session_lost: bool,
}

impl Engine {
    fn open(storage: DatabaseStorage) -> Result<Self, EmbeddedError> {
        check_cache_dir()?;
        let (place, remedy) = match &storage {
            DatabaseStorage::Directory(dir) => (
                format!("in {}", dir.display()),
                " (it needs a folder of its own: a new one, or one kept from an earlier run that \
                 no other program is using)",
            ),
            DatabaseStorage::Memory => ("in memory".to_owned(), ""),
        };
        let failed = |why: String| {
            EmbeddedError::new(format!(
                "the embedded PostgreSQL cannot open its database {place}: {why}{remedy}"
            ))
        };
        let mut prepared = PreparedDatabase::prepare(storage, default_catalog_profile(), USER)
            .map_err(|e| failed(explain(e.chain())))?;
        let opened = prepared.runtime().and_then(|runtime| {
            let (config, startup) = session_config(DATABASE);
            Ok((runtime.open(config, startup)?, runtime))
        });
        match opened {
            Ok((spare, runtime)) => {
                Ok(Engine { prepared, runtime: Some(runtime), spare: Some(spare), session_lost: false })
            }
            Err(e) => {
                // Removes its temporary folder and unlocks `data_dir`; the error counts, not this.
                prepared.release().ok();
                Err(failed(explain(e.chain())))
            }
        }
    }

    /// Serves one client until it goes.
    fn serve(&mut self, client: Client) {
        let Client { mut stream, startup } = client;
        let database = startup_parameter(&startup, "database")
            .or_else(|| startup_parameter(&startup, "user"))
            .unwrap_or(DATABASE);
        let spare = if database == DATABASE { self.spare.take() } else { None };
        let opened = match (spare, &self.runtime) {
            (Some(session), _) => Ok(session),
            (None, Some(runtime)) => {
                let (config, startup) = session_config(database);
                runtime.open(config, startup).map_err(|e| {
                    startup_error_response_output(&e).map_or_else(
                        || {
                            let why = explain(e.chain());
                            fatal("XX000", &format!("no session can be opened: {why}"))
                        },
                        Vec::from,
                    )
                })
            }
            (None, None) => return,
        };
        let mut session = match opened {
            Ok(session) => session,
            Err(response) => {
                // A client that has gone does not need the answer.
                stream.write_all(&response).ok();
                return;
            }
        };
        let last_words = match converse(&mut session, &mut stream, &startup) {
            Ok(()) | Err(Ended::ByClient) => Vec::new(),
            Err(Ended::WornOut) => fatal(
                "57P01",
                "the embedded PostgreSQL ends this session, whose stack is used up; connect again",
            ),
            Err(Ended::ByEngine(message)) => fatal("XX000", &message),
        };
        stream.write_all(&last_words).ok();
        self.end(session);
        // Only now, so that a client that waits for the end of file sees everything done.
        stream.shutdown(Shutdown::Both).ok();
    }

    fn end(&mut self, mut session: ProtocolSession) {
        if session.shutdown().is_err() {
            self.session_lost = true;
        }
    }

    fn close(mut self) -> Result<(), EmbeddedError> {
        if let Some(session) = self.spare.take() {
            self.end(session);
        }
        self.runtime = None;
        let released = self.prepared.release();
        match released {
            Ok(()) if !self.session_lost => Ok(()),
            Ok(()) => Err(EmbeddedError::died()),
            Err(e) => Err(EmbeddedError::new(format!(
                "the embedded PostgreSQL did not shut down cleanly; what was committed to a kept \
                 folder is safe, the folder stays locked until this process ends: {}",
                explain(e.chain())
            ))),
        }
    }
}

/// What a session of `database` is opened with.
fn session_config(database: &str) -> (PostgresConfig, StartupConfig) {
    let mut config = PostgresConfig::default();
    for (name, value) in SETTINGS {
        config.insert(*name, *value);
    }
    let startup = StartupConfig { username: USER.to_owned(), database: database.to_owned() };
    (config, startup)
}

/// Server settings of every session.
const SETTINGS: &[(&str, &str)] = &[
    // Memory: the default of 128 MB is too much for a first try.
    ("shared_buffers", "32MB"),
    // The log of a database in memory is in memory, too.
    ("max_wal_size", "128MB"),
    ("min_wal_size", "32MB"),
    // The engine's stack is 8 MB, and it loses about 1.2 kB of it with every error (see `Wear`).
    ("max_stack_depth", "7MB"),
];

/// Why a conversation ended before the client said goodbye.
enum Ended {
    ByClient,
    WornOut,
    ByEngine(String),
}

impl From<io::Error> for Ended {
    fn from(_: io::Error) -> Self {
        Ended::ByClient
    }
}

impl Ended {
    fn engine(error: impl fmt::Display) -> Self {
        // The lines after the first are a backtrace through the engine's machine code.
        let error = format!("{error:#}");
        let error = error.lines().next().unwrap_or_default();
        Ended::ByEngine(format!("the embedded PostgreSQL failed and starts anew: {error}"))
    }
}

/// The causes of a library error in one line, without its repetitions.
fn explain<'a>(chain: impl Iterator<Item = &'a (dyn StdError + 'static)>) -> String {
    let mut text = String::new();
    for cause in chain.map(ToString::to_string) {
        if text.contains(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text
}

/// Carries messages between a client and its session until the client goes.
fn converse(session: &mut ProtocolSession, stream: &mut UnixStream, startup: &[u8]) -> Result<(), Ended> {
    let answer = session.startup_with_packet(startup).map_err(Ended::engine)?;
    stream.write_all(&answer.output)?;
    if !answer.accepted {
        return Ok(());
    }
    session.attach_protocol_stream(CopyStream(stream.try_clone()?)).map_err(Ended::engine)?;

    let mut frames = Frames::new();
    let mut wear = Wear::default();
    let mut batch = Vec::new();
    loop {
        let Some(message) = frames.next(stream)? else {
            return Ok(());
        };
        // Parse, Bind, Describe, Execute and Close wait for the Sync or Flush that ends them.
        let complete = match message.first() {
            Some(b'X') => return Ok(()),
            Some(b'P' | b'B' | b'D' | b'E' | b'C') => false,
            _ => true,
        };
        batch.extend_from_slice(&message);
        if !complete {
            continue;
        }
        let outcome = session
            .send_with_connection_protocol_pump(&batch, || frames.take_rest())
            .map_err(Ended::engine)?;
        batch.clear();
        match outcome {
            ProtocolPumpOutcome::Buffered(answer) => {
                stream.write_all(&answer)?;
                wear.add(&answer);
                if wear.is_out() {
                    return Err(Ended::WornOut);
                }
            }
            // A COPY: the session has read and written the connection itself, to its end.
            ProtocolPumpOutcome::Streamed => return Ok(()),
        }
    }
}

/// How much of its stack a session has lost.
///
/// An error leaves the engine by a trap, which does not give back the stack the statement was
/// using: about 1.2 kB for a plain statement. When all is gone, every statement fails with 54001
/// (`statement_too_complex`), so a session is ended before that, or at the first such error, and
/// the client's next connection gets a fresh one.
#[derive(Default)]
struct Wear {
    errors: u32,
    exhausted: bool,
    idle: bool,
}

impl Wear {
    fn add(&mut self, mut answer: &[u8]) {
        while let Some([kind, length @ ..]) = answer.first_chunk::<5>() {
            let Some((message, rest)) = usize::try_from(u32::from_be_bytes(*length))
                .ok()
                .and_then(|length| answer.split_at_checked(length.checked_add(1)?))
            else {
                return;
            };
            match kind {
                b'E' => {
                    self.errors = self.errors.saturating_add(1);
                    self.exhausted |= message.windows(7).any(|field| field == b"C54001\0");
                }
                b'Z' => self.idle = message.ends_with(b"I"),
                _ => {}
            }
            answer = rest;
        }
    }

    /// Whether to end the session now: not within a transaction that goes well.
    fn is_out(&self) -> bool {
        self.exhausted || (self.errors >= MAX_ERRORS && self.idle)
    }
}

/// Splits what a client sends into messages.
struct Frames {
    buffer: Vec<u8>,
    /// Where a read puts its bytes.
    chunk: Box<[u8]>,
}

impl Frames {
    fn new() -> Self {
        Frames { buffer: Vec::new(), chunk: vec![0; 64 * 1024].into_boxed_slice() }
    }

    /// The next message, `None` when the client has closed.
    fn next(&mut self, stream: &mut UnixStream) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(length) = self.message_length()?
                && length <= self.buffer.len()
            {
                let rest = self.buffer.split_off(length);
                return Ok(Some(std::mem::replace(&mut self.buffer, rest)));
            }
            match stream.read(&mut self.chunk) {
                Ok(0) => return Ok(None),
                Ok(read) => self.buffer.extend(self.chunk.iter().take(read)),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// The length of the first message with its type, once known.
    fn message_length(&self) -> io::Result<Option<usize>> {
        let Some([_, length @ ..]) = self.buffer.first_chunk::<5>() else {
            return Ok(None);
        };
        usize::try_from(u32::from_be_bytes(*length))
            .ok()
            .filter(|length| (4..=MAX_MESSAGE).contains(length))
            .map(|length| Some(length + 1))
            .ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn take_rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buffer)
    }
}

/// The connection as a COPY reads and writes it.
struct CopyStream(UnixStream);

impl Read for CopyStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for CopyStream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl ProtocolStream for CopyStream {
    fn read_ready(&mut self) -> io::Result<bool> {
        Ok(true)
    }
}

/// A parameter of a startup packet: NUL-ended names and values after eight bytes.
fn startup_parameter<'a>(startup: &'a [u8], wanted: &str) -> Option<&'a str> {
    let mut parts = startup.get(8..)?.split(|byte| *byte == 0);
    loop {
        let (name, value) = (parts.next()?, parts.next()?);
        if name.is_empty() {
            return None;
        }
        if name == wanted.as_bytes() {
            return std::str::from_utf8(value).ok();
        }
    }
}

/// An `ErrorResponse` that ends the connection.
fn fatal(sqlstate: &str, message: &str) -> Vec<u8> {
    let message = message.replace('\0', " ");
    let fields = format!("SFATAL\0VFATAL\0C{sqlstate}\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap_or(u32::MAX);
    [&b"E"[..], &length.to_be_bytes(), fields.as_bytes()].concat()
}
