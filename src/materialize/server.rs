//! A database server as both dialects see it: the pool, connections that work, time that is left, trying again.

use super::Deadline;
use super::connect::{Connector, driver_error};
use super::login::{Door, LOGINS_MAX, Login};
use crate::config::Config;
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

/// Left of the invocation's time when the database must have answered: enough to cancel, park and respond.
const MARGIN: Duration = Duration::from_millis(300);
/// How long a cancelled statement may take to end before its connection is closed.
pub(super) const CANCEL_GRACE: Duration = Duration::from_millis(200);
/// A pool idle for so long may hold connections that died while the function was frozen.
const IDLE_SUSPECT: Duration = Duration::from_secs(5);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// Waiting 50, 100, 200 … 2,000 ms between them, all attempts take about 8 seconds.
const ATTEMPTS_MAX: u32 = 9;
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// So long may a statement run when neither a deadline nor `sink.statement_timeout` says how long: a command has no
/// invocation that ends it, and a server that went silent says nothing.
pub(super) const STATEMENT_MAX: Duration = Duration::from_secs(600);
/// Of one connection, the server keeps as many prepared statements: a stream may bring any number of tables.
const PREPARED_MAX: usize = 1_000;

/// A server, and what happened to it so far.
pub(super) struct Server {
    login: Arc<Login>,
    pool: Pool,
    /// `sink.connections`.
    pub(super) connections_max: usize,
    pub(super) statement_timeout: Option<Duration>,
    last_used: Mutex<SystemTime>,
    retries: AtomicU64,
}

impl Server {
    /// The server of `sink.url`. No connection is opened yet.
    ///
    /// # Errors
    /// When the settings of `sink` cannot be used.
    pub(super) fn new(config: &Config) -> Result<Self> {
        Self::behind(Arc::new(Login::new(config)?), config)
    }

    /// The same for a login that is there already.
    pub(super) fn behind(login: Arc<Login>, config: &Config) -> Result<Self> {
        let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        // what a connection is made with is the login's matter
        let manager = Manager::from_connect(tokio_postgres::Config::new(), Door(login.clone()), settings);
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
    pub(super) fn close_idle(&self) {
        self.pool.retain(|_, _| false);
    }

    /// Closes every connection; no other can be opened afterwards.
    pub(super) fn close(&self) {
        self.pool.close();
    }

    /// How many times something was tried again for a transient reason.
    pub(super) fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// A task that may fail for transient reasons.
    pub(super) fn retry(&self, deadline: Deadline) -> Retry<'_> {
        Retry { total: &self.retries, deadline, attempts: 0 }
    }

    /// Does `work`, again and again for transient reasons, as long as there is time.
    pub(super) async fn retrying<T, F: Future<Output = Result<T>>>(
        &self,
        deadline: Deadline,
        mut work: impl FnMut() -> F,
    ) -> Result<T> {
        let mut retry = self.retry(deadline);
        loop {
            match work().await {
                Err(error) if retry.again(&error).await => {}
                done => return done,
            }
        }
    }

    /// Cancels what runs on the connection of `token`.
    pub(super) async fn cancel(&self, token: &CancelToken) {
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
    pub(super) async fn client(&self, deadline: Deadline) -> Result<Object> {
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
            PoolError::Backend(error) => driver_error(&error, false),
            PoolError::Timeout(TimeoutType::Create) => silent(connector.answer_max()),
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
    pub(super) async fn within<T>(
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
    pub(super) async fn answered<T>(
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
    pub(super) fn patience(&self) -> Duration {
        self.statement_timeout.unwrap_or(STATEMENT_MAX)
    }

    fn is_fresh(&self) -> bool {
        let mut last_used = self.last_used.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *last_used, SystemTime::now());
        before.elapsed().is_ok_and(|idle| idle < IDLE_SUSPECT)
    }
}

/// Whether the server does not let the user in. PostgreSQL and CrateDB say 28P01 of a wrong password, PostgreSQL 28000
/// of a user that it does not know, and of a token of IAM.
fn is_refusal(error: &Error) -> bool {
    matches!(error.sqlstate(), Some("28P01" | "28000"))
}

/// What is left of the time for the database; `None` without a deadline.
pub(super) fn left(deadline: Deadline) -> Result<Option<Duration>> {
    match deadline.remaining() {
        None => Ok(None),
        Some(left) if left > MARGIN => Ok(Some(left - MARGIN)),
        Some(_) => Err(out_of_time()),
    }
}

pub(super) fn out_of_time() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        Code::Deadline,
        "The time of the invocation ran out before the database answered.",
    )
}

/// The server takes what it is sent and says nothing for so long.
pub(super) fn silent(limit: Duration) -> Error {
    let message = format!(
        "The database did not answer within {} s. Is it overloaded, or a proxy in front of it stuck? connect_timeout in \
         sink.url and sink.statement_timeout say how long to wait.",
        limit.as_secs_f64()
    );
    Error::new(ErrorKind::Unavailable, Code::Deadline, message)
}

/// A time as `statement_timeout` takes it, in milliseconds: 0 would be no limit, and it has to fit into an `int4`,
/// whatever a clock or a deadline says.
pub(super) fn milliseconds(limit: Duration) -> String {
    limit.as_millis().clamp(1, 2_147_483_647).to_string()
}

async fn is_alive(client: &Object) -> bool {
    // an empty statement costs one round trip
    matches!(timeout(PROBE_TIMEOUT, client.batch_execute("")).await, Ok(Ok(())))
}

/// Repeats what failed for a transient reason, a bounded number of times and within the time.
pub(super) struct Retry<'a> {
    total: &'a AtomicU64,
    deadline: Deadline,
    attempts: u32,
}

impl Retry<'_> {
    /// Waits and answers true, or answers false when the error is final.
    pub(super) async fn again(&mut self, error: &Error) -> bool {
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
        tracing::warn!(attempt = self.attempts, error = %error, "The database did not take a statement; trying again.");
        tokio::time::sleep(wait).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::milliseconds;
    use std::time::Duration;

    #[test]
    fn a_limit_is_one_that_the_server_takes() {
        let table = [
            (Duration::ZERO, "1"),
            (Duration::from_micros(1), "1"),
            (Duration::from_secs(30), "30000"),
            (Duration::from_secs(30 * 365 * 86_400), "2147483647"),
            (Duration::MAX, "2147483647"),
        ];
        for (limit, expected) in table {
            assert_eq!(milliseconds(limit), expected, "{limit:?}");
        }
    }
}
