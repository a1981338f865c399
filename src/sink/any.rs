//! The database of `sink.url`, whichever it is: the one place that chooses.

use super::contract::{Binding, Cause, RowOutcome, Sink, Store, Truncation};
use super::cratedb::Cratedb;
use super::letters::{DeadLetter, Filter, ParkedLetter};
use super::postgres::Postgres;
use super::registry::{KnownTarget, check_format};
use super::state::{Put, State, check_job, check_key};
#[cfg(feature = "cli")]
use super::status::Status;
use super::targets::{LiveRow, Purged, Purging, Shown, StoredRow};
use super::wire::errors::{MISSING_TABLE, driver_error, is_missing_table};
use super::wire::login::Login;
use super::wire::server::{STATEMENT_MAX, Server, settle};
use super::wire::time::silent;
use super::wire::url::is_crate;
use crate::catalogue::TableSchema;
use crate::config::{Config, DialectChoice};
use crate::deadline::Deadline;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::plan::{Dialect, Write};
#[cfg(feature = "cli")]
use crate::policy::Policy;
#[cfg(feature = "cli")]
use crate::route::Routes;
use crate::source::SourceIdentity;
#[cfg(feature = "cli")]
use crate::source::SourceTable;
use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// How long it may take to look at everything.
#[cfg(feature = "cli")]
const INSPECTION_MAX: Duration = Duration::from_secs(30);

/// A database as the place where rows go. Which kind it is, is asked when the first connection is opened, unless
/// `sink.dialect` or the URL says so.
///
/// ```no_run
/// use rowtide::config::{Config, SinkUrl};
/// use rowtide::deadline::Deadline;
/// use rowtide::pipeline::{Flow, process};
/// use rowtide::record::Record;
/// use rowtide::sink::Database;
///
/// # async fn run(records: Vec<Record>) -> rowtide::Result<()> {
/// let mut config = Config::default();
/// config.sink.url = Some(SinkUrl::new("postgresql://rowtide@localhost/shop"));
/// let (flow, database) = (Flow::new(&config)?, Database::new(&config)?);
/// let report = process(&flow, &database, &records, Deadline::never()).await;
/// println!("{:?}", report.counts());
/// # Ok(())
/// # }
/// ```
pub struct Database {
    config: Config,
    login: Arc<Login>,
    checks_horizon: bool,
    kind: OnceCell<Kind>,
    /// Retries before the database's kind was known.
    retries_before: AtomicU64,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // of what a secret leads to nothing is shown
        f.debug_struct("Database").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The databases there are. A further one is an arm here, in `of_its_kind`, and where it is found out.
enum Kind {
    Postgres(Box<Postgres>),
    Cratedb(Box<Cratedb>),
}

/// The same of whichever database it is.
macro_rules! of_its_kind {
    ($kind:expr, |$sink:ident| $work:expr) => {
        match $kind {
            Kind::Postgres($sink) => $work,
            Kind::Cratedb($sink) => $work,
        }
    };
}

impl Kind {
    fn new(dialect: Dialect, server: Server, config: &Config, checks_horizon: bool) -> Self {
        match dialect {
            Dialect::Postgres => {
                let sink = Postgres::on(server, config);
                Self::Postgres(Box::new(if checks_horizon { sink.checking_horizon() } else { sink }))
            }
            Dialect::Cratedb => {
                let sink = Cratedb::on(server, config);
                Self::Cratedb(Box::new(if checks_horizon { sink.checking_horizon() } else { sink }))
            }
        }
    }
}

/// The dialect, where the configuration says it.
#[must_use]
pub fn configured(config: &Config) -> Option<Dialect> {
    match config.sink.dialect {
        DialectChoice::Postgres => Some(Dialect::Postgres),
        DialectChoice::CrateDb => Some(Dialect::Cratedb),
        DialectChoice::Auto => {
            config.sink.url.as_ref().filter(|url| is_crate(url.expose())).map(|_| Dialect::Cratedb)
        }
    }
}

impl Database {
    /// A sink for `sink.url`. No connection is opened yet.
    ///
    /// # Errors
    /// When the settings of `sink` cannot be used.
    pub fn new(config: &Config) -> Result<Self> {
        // what cannot be used is said now
        let login = Arc::new(Login::new(config)?);
        Ok(Self {
            config: config.clone(),
            login,
            checks_horizon: false,
            kind: OnceCell::new(),
            retries_before: AtomicU64::new(0),
        })
    }

    /// Begins to fetch what `sink.url` refers to, so that it is there when the first connection is made. Nobody waits
    /// for it; if it fails, it is fetched when it is needed. Must be called in a runtime.
    pub fn prefetch(&self) {
        let login = self.login.clone();
        tokio::spawn(async move {
            if let Err(error) = login.connector(Deadline::never()).await {
                tracing::debug!(%error, "What sink.url refers to is not there yet.");
            }
        });
    }

    /// The configuration with the URL of the database in `sink.url`, and what follows from it, where that is a
    /// reference to a secret: fetched when it is not known yet.
    ///
    /// # Errors
    /// When it cannot be fetched, or is no URL of a database.
    pub async fn config(&self, deadline: Deadline) -> Result<Config> {
        self.login.resolved(&self.config, deadline).await
    }

    /// The same, refusing changes that are older than their target's purge horizon: a deleted row of theirs may have
    /// been forgotten. For replays and redrives; a stream that is shorter than the retention needs no such check.
    #[must_use]
    pub fn checking_horizon(mut self) -> Self {
        self.checks_horizon = true;
        self
    }

    /// Which database it is; asked once.
    ///
    /// # Errors
    /// When it cannot be found out.
    pub async fn dialect(&self, deadline: Deadline) -> Result<Dialect> {
        Ok(match self.kind(deadline).await? {
            Kind::Postgres(_) => Dialect::Postgres,
            Kind::Cratedb(_) => Dialect::Cratedb,
        })
    }

    async fn kind(&self, deadline: Deadline) -> Result<&Kind> {
        self.kind
            .get_or_try_init(|| async {
                let connector = self.login.connector(deadline).await?;
                let answer_max = connector.answer_max();
                let kind = self.found_out(deadline, deadline.or_after(answer_max)).await;
                kind.map_err(|error| match deadline.remaining() {
                    // of no invocation
                    None if error.code() == Code::Deadline => {
                        silent(answer_max).and(&connector.whereabouts())
                    }
                    _ => error,
                })
            })
            .await
    }

    /// The database's kind, by `soon`. Whoever has no deadline asks in any case: a server that is silent is found out
    /// here and not by a statement that may take its time.
    async fn found_out(&self, deadline: Deadline, soon: Deadline) -> Result<Kind> {
        let server = Server::behind(self.login.clone(), &self.config)?;
        let config = self.config(deadline).await?;
        let known = configured(&config);
        let dialect = match known.filter(|_| deadline.remaining().is_some()) {
            Some(dialect) => dialect,
            None => match detect(&server, soon).await {
                Ok(detected) => known.unwrap_or(detected),
                Err(error) => {
                    self.retries_before.fetch_add(server.retries(), Ordering::Relaxed);
                    return Err(error);
                }
            },
        };
        Ok(Kind::new(dialect, server, &config, self.checks_horizon))
    }

    /// Waits for something that takes a few statements, as long as one of them may take.
    async fn answered<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let limit = self.config.sink.statement_timeout.unwrap_or(STATEMENT_MAX);
        timeout(limit, work).await.unwrap_or_else(|_| Err(silent(limit)))
    }

    /// Closes every connection; nothing can be written afterwards.
    pub fn close(&self) {
        if let Some(kind) = self.kind.get() {
            of_its_kind!(kind, |sink| sink.close());
        }
    }

    /// Looks at the server, at what rowtide keeps there, and at the tables of the routes. Changes nothing.
    ///
    /// # Errors
    /// When the server cannot be asked.
    #[cfg(feature = "cli")]
    pub async fn inspect(&self) -> Result<rowtide_doctor::Inspection> {
        let deadline = Deadline::after(INSPECTION_MAX);
        // the first failure is the answer; nothing is tried again
        let config = self.config(deadline).await?;
        let soon = deadline.or_after(self.login.connector(deadline).await?.answer_max());
        fetch_version(&Server::behind(self.login.clone(), &config)?, soon).await?;
        of_its_kind!(self.kind(deadline).await?, |sink| Box::pin(sink.inspect(&config, deadline)).await)
    }

    /// The targets that the registry knows.
    ///
    /// # Errors
    /// When the registry cannot be read.
    pub async fn targets(&self) -> Result<Vec<KnownTarget>> {
        self.targets_by(Deadline::never()).await
    }

    pub(super) async fn targets_by(&self, deadline: Deadline) -> Result<Vec<KnownTarget>> {
        of_its_kind!(self.kind(deadline).await?, |sink| self.answered(Box::pin(sink.targets(deadline))).await)
    }

    /// Creates a schema where it is missing. CrateDB's are there as long as something is in them.
    ///
    /// # Errors
    /// When the user may not, or the database cannot be written.
    pub async fn create_schema(&self, name: &str) -> Result<()> {
        match self.kind(Deadline::never()).await? {
            Kind::Postgres(sink) => self.answered(Box::pin(sink.create_schema(name))).await,
            Kind::Cratedb(_) => Ok(()),
        }
    }

    /// What is in the database: of each target its rows, its last change and what of it waits for a person. Nothing is
    /// changed, and large tables are estimated.
    ///
    /// # Errors
    /// When the database cannot be read.
    #[cfg(feature = "cli")]
    pub async fn status(&self) -> Result<Status> {
        let never = Deadline::never();
        let (dialect, routes) =
            (self.dialect(never).await?, Routes::new(Policy::from(&self.config(never).await?)));
        let merged = |table: &str, identity: &SourceIdentity| {
            let target = routes.target(SourceTable::new(table, identity)).ok()??;
            target.is_merged().then(|| dialect.named(&target).qualified())
        };
        of_its_kind!(self.kind(never).await?, |sink| self.answered(Box::pin(sink.status(&merged))).await)
    }

    /// The rows that `target` shows, ordered by key, `each` called with one after the other; memory does not grow
    /// with the table.
    ///
    /// # Errors
    /// When they cannot be read, or `each` fails.
    pub async fn live_rows(
        &self,
        target: &KnownTarget,
        shown: &Shown,
        each: impl FnMut(LiveRow) -> Result<()>,
    ) -> Result<()> {
        check_format(&target.name, target.format)?;
        of_its_kind!(self.kind(Deadline::never()).await?, |sink| Box::pin(
            sink.live_rows(target, shown, each)
        )
        .await)
    }

    /// Live rows of `target` whose version is below `version`, by key: those behind the canonical key `after`, at most
    /// `limit`. Of each its canonical key and its key as a JSON object.
    ///
    /// # Errors
    /// When they cannot be read, or the target is a table of somebody else.
    pub async fn older_rows(
        &self,
        target: &KnownTarget,
        version: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(String, String)>> {
        check_managed(target)?;
        of_its_kind!(self.kind(Deadline::never()).await?, |sink| Box::pin(
            sink.older_rows(target, version, after, limit)
        )
        .await)
    }

    /// The rows of `target` with these canonical keys, tombstones too, in no order.
    ///
    /// # Errors
    /// When they cannot be read, or the target is a table of somebody else.
    pub async fn stored_rows(&self, target: &KnownTarget, keys: &[String]) -> Result<Vec<StoredRow>> {
        check_managed(target)?;
        of_its_kind!(self.kind(Deadline::never()).await?, |sink| Box::pin(sink.stored_rows(target, keys))
            .await)
    }

    /// The canonical keys of live rows of `target` behind `after`, in order, at most `limit`.
    ///
    /// # Errors
    /// When they cannot be read, or the target is a table of somebody else.
    pub async fn live_keys(&self, target: &KnownTarget, after: &str, limit: i64) -> Result<Vec<String>> {
        check_managed(target)?;
        of_its_kind!(self.kind(Deadline::never()).await?, |sink| Box::pin(
            sink.live_keys(target, after, limit)
        )
        .await)
    }

    /// Removes old tombstones of `target`; see [`Postgres::purge`].
    ///
    /// # Errors
    /// When its storage table is gone, with the code [`Code::LostObject`]; or when the database cannot be written.
    pub async fn purge(&self, target: &KnownTarget, older_than: Duration, how: Purging) -> Result<Purged> {
        check_format(&target.name, target.format)?;
        of_its_kind!(self.kind(how.deadline()).await?, |sink| Box::pin(sink.purge(target, older_than, how))
            .await)
        .map_err(lost)
    }

    /// Deletes dead letters beyond their retention, but those of the source tables in `except`: how many.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub async fn expire_dead_letters(&self, except: &[String], deadline: Deadline) -> Result<u64> {
        of_its_kind!(self.kind(deadline).await?, |sink| self
            .answered(Box::pin(sink.expire_dead_letters(except, deadline)))
            .await)
    }

    /// Dead letters by `filter`, by number, at most `limit` of those behind the number `after`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn dead_letters(&self, filter: &Filter, after: i64, limit: i64) -> Result<Vec<ParkedLetter>> {
        of_its_kind!(self.kind(Deadline::never()).await?, |sink| self
            .answered(Box::pin(sink.dead_letters(filter, after, limit)))
            .await)
    }

    /// How many dead letters `filter` selects, by their codes, the most frequent first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn count_dead_letters(&self, filter: &Filter) -> Result<Vec<(String, u64)>> {
        of_its_kind!(self.kind(Deadline::never()).await?, |sink| self
            .answered(Box::pin(sink.count_dead_letters(filter)))
            .await)
    }

    /// The payload of a letter's record, as received; `None` where it was not kept.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn payload(&self, letter: &ParkedLetter) -> Result<Option<Vec<u8>>> {
        of_its_kind!(self.kind(Deadline::never()).await?, |sink| self
            .answered(Box::pin(sink.payload(letter)))
            .await)
    }

    /// Marks dead letters as redriven.
    ///
    /// # Errors
    /// When they cannot be marked.
    pub async fn mark_redriven(&self, ids: &[i64]) -> Result<()> {
        of_its_kind!(self.kind(Deadline::never()).await?, |sink| self
            .answered(Box::pin(sink.mark_redriven(ids)))
            .await)
    }

    /// Deletes dead letters: how many.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub async fn discard(&self, ids: &[i64]) -> Result<u64> {
        of_its_kind!(self.kind(Deadline::never()).await?, |sink| self
            .answered(Box::pin(sink.discard(ids)))
            .await)
    }

    /// What a job keeps under a key, if anything. The last put is seen at once.
    ///
    /// # Errors
    /// When it cannot be read, or there can be no such job or key.
    pub async fn state(&self, job: &str, key: &str, deadline: Deadline) -> Result<Option<State>> {
        check_job(job)?;
        check_key(job, key)?;
        of_its_kind!(self.kind(deadline).await?, |sink| Box::pin(sink.state(job, key, deadline)).await)
    }

    /// Puts what a job keeps under a key, if the version there is the expected one, and tells the new version. Without
    /// an expected one nothing may be there: that is a claim, and of many workers exactly one gets it. `None` says that
    /// somebody else was faster. The table is made by the first that puts something.
    ///
    /// What is tried again after an answer that was lost is known by its version, and never taken for another's.
    ///
    /// # Errors When it cannot be written, or not be held: a job has at most [`STATE_JOB_MAX`](super::STATE_JOB_MAX)
    /// bytes, a key [`STATE_KEY_MAX`](super::STATE_KEY_MAX), a text [`STATE_TEXT_MAX`](super::STATE_TEXT_MAX), and
    /// none a NUL. After an error that waiting may end ([`Error::disposition`]) it may have been written: read it
    /// before going on.
    pub async fn put_state(
        &self,
        job: &str,
        key: &str,
        text: &str,
        expected: Option<i64>,
        deadline: Deadline,
    ) -> Result<Option<i64>> {
        let put = Put::new(job, key, text, expected)?;
        of_its_kind!(self.kind(deadline).await?, |sink| Box::pin(sink.put_state(&put, deadline)).await)
    }

    /// What jobs keep, by job and key: of one job or of all, of keys that begin so or of all.
    ///
    /// # Errors
    /// When it cannot be read, or is more than can be held together.
    pub async fn states(&self, job: Option<&str>, prefix: Option<&str>) -> Result<Vec<State>> {
        job.map_or(Ok(()), check_job)?;
        check_key(job.unwrap_or_default(), prefix.unwrap_or_default())?;
        of_its_kind!(self.kind(Deadline::never()).await?, |sink| self
            .answered(Box::pin(sink.states(job, prefix)))
            .await)
    }

    /// Removes what a job keeps under a key, and under those below it, which go on with a slash, or with a space and
    /// the name of a run (`20261130T231151Z`): how much. With an empty key, all of it.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub async fn clear_state(&self, job: &str, key: &str, deadline: Deadline) -> Result<u64> {
        check_job(job)?;
        check_key(job, key)?;
        of_its_kind!(self.kind(deadline).await?, |sink| Box::pin(sink.clear_state(job, key, deadline)).await)
    }
}

/// Asks the server what it is.
async fn detect(server: &Server, deadline: Deadline) -> Result<Dialect> {
    let version = server.retrying(deadline, || fetch_version(server, deadline)).await?;
    Ok(if version.starts_with("CrateDB") { Dialect::Cratedb } else { Dialect::Postgres })
}

async fn fetch_version(server: &Server, deadline: Deadline) -> Result<String> {
    let client = server.client(deadline).await?;
    let failed = |error: &tokio_postgres::Error| driver_error(error, ErrorKind::Schema);
    let answer = {
        let work = client.query_one(include_str!("../../sql/cratedb/version.sql"), &[]);
        server.within(&client, deadline, work, failed).await
    };
    let row = settle(client, answer)?;
    row.try_get(0).map_err(|error| failed(&error))
}

// boxed, so that the future of a whole invocation stays small
impl Sink for Database {
    type Store = Self;

    fn store(&self) -> Option<&Self> {
        Some(self)
    }

    fn retries(&self) -> u64 {
        let since = self.kind.get().map_or(0, |kind| of_its_kind!(kind, |sink| sink.retries()));
        self.retries_before.load(Ordering::Relaxed) + since
    }

    async fn prepare(&self, binding: &Binding, deadline: Deadline) -> Result<()> {
        of_its_kind!(self.kind(deadline).await?, |sink| Box::pin(sink.prepare(binding, deadline)).await)
    }

    async fn apply(&self, write: &Write, deadline: Deadline) -> Result<Vec<RowOutcome>> {
        of_its_kind!(self.kind(deadline).await?, |sink| Box::pin(sink.apply(write, deadline)).await)
    }

    async fn truncate(&self, truncation: &Truncation, deadline: Deadline) -> Result<RowOutcome> {
        of_its_kind!(self.kind(deadline).await?, |sink| Box::pin(sink.truncate(truncation, deadline)).await)
    }
}

impl Store for Database {
    async fn load_schemas(&self, deadline: Deadline) -> Result<Vec<TableSchema>> {
        of_its_kind!(self.kind(deadline).await?, |sink| Box::pin(sink.load_schemas(deadline)).await)
    }

    async fn record_schemas(&self, schemas: &[TableSchema], deadline: Deadline) -> Result<()> {
        of_its_kind!(self.kind(deadline).await?, |sink| Box::pin(sink.record_schemas(schemas, deadline))
            .await)
    }

    async fn sources(&self, deadline: Deadline) -> Result<Vec<(String, SourceIdentity)>> {
        of_its_kind!(self.kind(deadline).await?, |sink| Box::pin(sink.sources(deadline)).await)
    }

    async fn blocked(
        &self,
        keys: &[(String, String)],
        deadline: Deadline,
    ) -> Result<HashSet<(String, String)>> {
        of_its_kind!(self.kind(deadline).await?, |sink| Box::pin(sink.blocked(keys, deadline)).await)
    }

    async fn parked_lately(
        &self,
        source: &str,
        cause: Cause<'_>,
        letters: &[DeadLetter],
        deadline: Deadline,
    ) -> Result<u64> {
        of_its_kind!(self.kind(deadline).await?, |sink| Box::pin(
            sink.parked_lately(source, cause, letters, deadline)
        )
        .await)
    }

    async fn park(&self, letters: &[DeadLetter], deadline: Deadline) -> Result<()> {
        of_its_kind!(self.kind(deadline).await?, |sink| Box::pin(sink.park(letters, deadline)).await)
    }
}

/// The error of a purge, which says by its code when the table to be purged is gone.
fn lost(error: Error) -> Error {
    if !is_missing_table(&error) {
        return error;
    }
    Error::new(error.kind(), Code::LostObject, error.message()).with_sqlstate(MISSING_TABLE)
}

/// A table of somebody else has no column of the canonical key.
fn check_managed(target: &KnownTarget) -> Result<()> {
    check_format(&target.name, target.format)?;
    if target.is_adopted() {
        return Err(Error::config(format!(
            "{} is a table that rowtide did not make: its rows cannot be looked up by their keys.",
            target.name
        )));
    }
    Ok(())
}
