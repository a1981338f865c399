//! A database server as both dialects see it: the pool, connections that work, time that is left, trying again.

use super::connect::Connector;
use super::errors::driver_error;
use super::login::{LOGINS_MAX, Login, TokenConnect};
use super::time::{MARGIN, left, out_of_time, silent};
use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::{Code, Disposition, Error, ErrorKind, Result};
use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType, Timeouts,
};
use futures_util::FutureExt as _;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::time::timeout;
use tokio_postgres::{CancelToken, NoTls};

/// How long a cancelled statement may take to end before its connection is closed.
pub(in crate::sink) const CANCEL_GRACE: Duration = Duration::from_millis(80);
// waiting for the server's own limit, for the cancelling and for the cancelled statement ends before the deadline
const _: () = assert!(CANCEL_GRACE.as_millis() * 3 < MARGIN.as_millis());
/// A pool idle for so long may hold connections that died while the function was frozen.
const IDLE_SUSPECT: Duration = Duration::from_secs(5);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// Waiting 50, 100, 200 … 2,000 ms between them, all attempts take about 8 seconds.
const ATTEMPTS_MAX: u32 = 9;
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// So long may a statement run when neither a deadline nor `sink.statement_timeout` says how long: a command has no
/// invocation that ends it, and a server that went silent says nothing.
pub(in crate::sink) const STATEMENT_MAX: Duration = Duration::from_secs(600);
/// Of one connection, the server keeps as many prepared statements: a stream may bring any number of tables.
const PREPARED_MAX: usize = 1_000;

/// A server, and what happened to it so far.
pub(in crate::sink) struct Server {
    login: Arc<Login>,
    pool: Pool,
    /// `sink.connections`.
    pub(in crate::sink) connections_max: usize,
    pub(in crate::sink) statement_timeout: Option<Duration>,
    last_used: Mutex<SystemTime>,
    retries: AtomicU64,
}

impl Server {
    /// The server of `sink.url`. No connection is opened yet.
    ///
    /// # Errors
    /// When the settings of `sink` cannot be used.
    pub(in crate::sink) fn new(config: &Config) -> Result<Self> {
        Self::behind(Arc::new(Login::new(config)?), config)
    }

    /// The same for a login that is there already.
    pub(in crate::sink) fn behind(login: Arc<Login>, config: &Config) -> Result<Self> {
        let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        // what a connection is made with is the login's matter
        let manager =
            Manager::from_connect(tokio_postgres::Config::new(), TokenConnect(login.clone()), settings);
        let pool = Pool::builder(manager).max_size(config.sink.connections).runtime(Runtime::Tokio1).build();
        let pool =
            pool.map_err(|error| Error::config("The connection pool cannot be made.").because(error))?;
        Ok(Self {
            login,
            pool,
            connections_max: config.sink.connections,
            statement_timeout: config.sink.statement_timeout,
            last_used: Mutex::new(SystemTime::UNIX_EPOCH),
            retries: AtomicU64::new(0),
        })
    }

    /// Closes the connections that nobody uses.
    pub(in crate::sink) fn close_idle(&self) {
        self.pool.retain(|_, _| false);
    }

    /// Closes every connection; no other can be opened afterwards.
    pub(in crate::sink) fn close(&self) {
        self.pool.close();
    }

    /// How many times something was tried again for a transient reason.
    pub(in crate::sink) fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// A task that may fail for transient reasons.
    pub(in crate::sink) fn retry(&self, deadline: Deadline) -> Retry<'_> {
        Retry { total: &self.retries, deadline, attempts: 0 }
    }

    /// Does `work`, again and again for transient reasons, as long as there is time.
    pub(in crate::sink) async fn retrying<T, F: Future<Output = Result<T>>>(
        &self,
        deadline: Deadline,
        mut work: impl FnMut() -> F,
    ) -> Result<T> {
        let mut retry = self.retry(deadline);
        loop {
            match work().await {
                Err(error) if retry.again(&error).await => {}
                done => return done.map_err(|error| retry.counted(error)),
            }
        }
    }

    /// Cancels what runs on the connection of `token`.
    pub(in crate::sink) async fn cancel(&self, token: &CancelToken) {
        let cancelling = async {
            match self.login.known().and_then(|known| known.tls().ok().flatten()) {
                Some(tls) => token.cancel_query(tls).await,
                None => token.cancel_query(NoTls).await,
            }
        };
        // a server that does not answer does not answer this either: cancelling is a connection of its own
        if !matches!(timeout(CANCEL_GRACE, cancelling).await, Ok(Ok(()))) {
            tracing::warn!("A statement that ran out of time could not be cancelled.");
        }
    }

    /// A connection that works: one that may have died in a frozen function is asked first.
    pub(in crate::sink) async fn client(&self, deadline: Deadline) -> Result<Object> {
        loop {
            // its type is long, and the compiler follows the types of those who wait for it only so deep
            let client = self.admitted(deadline).boxed().await?;
            if client.statement_cache.size() > PREPARED_MAX {
                client.statement_cache.clear();
            }
            if self.is_fresh() || is_alive(&client).await {
                return Ok(client);
            }
            drop(Object::take(client));
        }
    }

    /// A connection of the pool. When a new one is refused, a secret that may have changed is fetched again.
    async fn admitted(&self, deadline: Deadline) -> Result<Object> {
        let mut connector = self.login.connector(deadline).await?;
        for _ in 1..LOGINS_MAX {
            match self.pooled(deadline, &connector).await {
                Err(error) if is_refusal(&error) => {
                    connector = self.login.renewed(&connector, error, deadline).await?;
                }
                done => return done,
            }
        }
        self.pooled(deadline, &connector).await
    }

    async fn pooled(&self, deadline: Deadline, connector: &Connector) -> Result<Object> {
        // what is wrong with it is said here; a connection cannot
        connector.tls()?;
        // a connection of the pool may be waited for; one that is made may not hang in its login
        let limits = Timeouts { create: Some(connector.answer_max()), ..Timeouts::default() };
        let got = match left(deadline)? {
            Some(left) => timeout(left, self.pool.timeout_get(&limits)).await.map_err(|_| out_of_time())?,
            None => self.pool.timeout_get(&limits).await,
        };
        got.map_err(|error| match error {
            PoolError::Backend(error) => at(driver_error(&error, ErrorKind::Rejected), connector),
            PoolError::Timeout(TimeoutType::Create) => at(silent(connector.answer_max()), connector),
            PoolError::Timeout(_) | PoolError::Closed | PoolError::NoRuntimeSpecified => Error::new(
                ErrorKind::Unavailable,
                Code::Unavailable,
                "No connection to the database is free.",
            ),
            PoolError::PostCreateHook(_) => Error::config("The connection pool is misconfigured."),
        })
    }

    /// Waits for the only request on a connection, at most until shortly before the deadline: then it is cancelled, and
    /// the connection must not be used again.
    pub(in crate::sink) async fn within<T>(
        &self,
        client: &Object,
        deadline: Deadline,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
        explain: fn(&tokio_postgres::Error) -> Error,
    ) -> Result<T> {
        let limit = match (left(deadline)?, self.statement_timeout) {
            (Some(left), Some(limit)) => left.min(limit),
            (Some(left), None) | (None, Some(left)) => left,
            (None, None) => return self.answered(client, work, explain).await,
        };
        let token = client.cancel_token();
        match timeout(limit, work).await {
            Ok(done) => done.map_err(|error| explain(&error)),
            Err(_) => {
                self.cancel(&token).await;
                Err(out_of_time())
            }
        }
    }

    /// Waits for requests on a connection for which there is no deadline. When the server does not answer, the
    /// connection must not be used again.
    pub(in crate::sink) async fn answered<T>(
        &self,
        client: &Object,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
        explain: fn(&tokio_postgres::Error) -> Error,
    ) -> Result<T> {
        let limit = self.patience();
        match timeout(limit, work).await {
            Ok(done) => done.map_err(|error| explain(&error)),
            Err(_) => {
                self.cancel(&client.cancel_token()).await;
                Err(silent(limit))
            }
        }
    }

    /// How long a statement may run when there is no deadline.
    pub(in crate::sink) fn patience(&self) -> Duration {
        self.statement_timeout.unwrap_or(STATEMENT_MAX)
    }

    fn is_fresh(&self) -> bool {
        let mut last_used = self.last_used.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *last_used, SystemTime::now());
        before.elapsed().is_ok_and(|idle| idle < IDLE_SUSPECT)
    }
}

/// The error of a connection that cannot be made, with where it should lead.
fn at(error: Error, connector: &Connector) -> Error {
    error.and(&connector.whereabouts())
}

/// Whether the server does not let the user in. PostgreSQL and CrateDB say 28P01 of a wrong password, PostgreSQL 28000
/// of a user that it does not know, and of a token of IAM.
fn is_refusal(error: &Error) -> bool {
    matches!(error.sqlstate(), Some("28P01" | "28000"))
}

/// Gives the connection back, unless something is still going on in it.
pub(in crate::sink) fn settle<T>(client: Object, result: Result<T>) -> Result<T> {
    if result.as_ref().is_err_and(|error| error.code() == Code::Deadline) {
        drop(Object::take(client));
    }
    result
}

async fn is_alive(client: &Object) -> bool {
    // an empty statement costs one round trip
    matches!(timeout(PROBE_TIMEOUT, client.batch_execute("")).await, Ok(Ok(())))
}

/// Repeats what failed for a transient reason, a bounded number of times and within the time.
pub(in crate::sink) struct Retry<'a> {
    total: &'a AtomicU64,
    deadline: Deadline,
    attempts: u32,
}

impl Retry<'_> {
    /// Waits and answers true, or answers false when the error is final.
    pub(in crate::sink) async fn again(&mut self, error: &Error) -> bool {
        self.attempts += 1;
        if error.disposition() != Disposition::Retry
            || error.code() == Code::Deadline
            || self.attempts >= ATTEMPTS_MAX
        {
            return false;
        }
        let exponential = BACKOFF_FIRST.saturating_mul(1 << self.attempts.min(10)).min(BACKOFF_MAX);
        // half of it fixed, half of it by the clock, so that workers do not come back together
        let clock =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().subsec_nanos();
        let wait = exponential / 4 + exponential.mul_f64(f64::from(clock % 1_000) / 4_000.0);
        if self.deadline.is_within(wait + MARGIN) {
            return false;
        }
        self.total.fetch_add(1, Ordering::Relaxed);
        // the first says what is wrong, and the error in the end how often it was tried
        if self.attempts == 1 {
            tracing::warn!(%error, "The database cannot do it now; trying again.");
        } else {
            tracing::debug!(attempt = self.attempts, %error, "The database cannot do it yet; trying again.");
        }
        tokio::time::sleep(wait).await;
        true
    }

    /// The error that is final, with how often it was tried.
    pub(in crate::sink) fn counted(&self, error: Error) -> Error {
        if self.attempts > 1 { error.and(&format!("(tried {} times)", self.attempts)) } else { error }
    }
}
