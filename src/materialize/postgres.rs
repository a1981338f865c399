//! Statements on a PostgreSQL server: retried, bounded in time, refused rows isolated by halving.

use super::connect::driver_error;
use super::registry::of_table;
use super::server::{CANCEL_GRACE, Server, left, milliseconds, out_of_time, silent};
use super::targets::{Known, check_horizon};
use super::{Binding, Cause, DeadLetter, Deadline, KNOWN_BYTES_MAX, Materializer, RowOutcome, Truncation};
use crate::catalogue::TableSchema;
use crate::config::{Config, Ddl};
use crate::error::{Code, Disposition, Error, ErrorKind, Result};
use crate::event::{Patch, Timestamp};
use crate::json::Value;
use crate::memo::Memo;
use crate::plan::{
    Action, Dialect, Layout, Row, Statement, fill, merge, patch_sql, place, relation, upsert_sql,
};
use crate::route::Target;
use crate::source::SourceIdentity;
use deadpool_postgres::Object;
use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::CancelToken;
use tokio_postgres::types::ToSql;

/// How often a patch is tried again because another worker wrote its row in between.
const PATCH_ATTEMPTS_MAX: u32 = 20;

/// A PostgreSQL server as the place where rows go.
pub struct Postgres {
    pub(super) server: Server,
    pub(super) schema: String,
    pub(super) ddl: Ddl,
    pub(super) dead_letter_retention: Duration,
    pub(super) known: Mutex<Memo<String, Arc<Known>>>,
    pub(super) ready: tokio::sync::Mutex<bool>,
    checks_horizon: bool,
    /// Whether the registry is one of an earlier version that cannot be changed.
    pub(super) has_old_registry: AtomicBool,
    pub(super) statements: AtomicU64,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // never the connection string
        f.debug_struct("Postgres").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Postgres {
    /// A sink for `sink.url`. No connection is opened yet.
    ///
    /// # Errors
    /// When the settings of `sink` cannot be used.
    pub fn new(config: &Config) -> Result<Self> {
        Ok(Self::on(Server::new(config)?, config))
    }

    /// The same on a server that is known already.
    pub(super) fn on(server: Server, config: &Config) -> Self {
        Self {
            server,
            schema: config.sink.schema.clone(),
            ddl: config.sink.ddl,
            dead_letter_retention: config.dead_letters.retention,
            known: Mutex::new(Memo::new(KNOWN_BYTES_MAX)),
            ready: tokio::sync::Mutex::new(false),
            checks_horizon: false,
            has_old_registry: AtomicBool::new(false),
            statements: AtomicU64::new(0),
        }
    }

    /// The same, refusing changes that are older than their target's purge horizon: a deleted row of theirs may have
    /// been forgotten. For replays and redrives; a stream that is shorter than the retention needs no such check.
    #[must_use]
    pub fn checking_horizon(mut self) -> Self {
        self.checks_horizon = true;
        self
    }

    /// Closes the connections that nobody uses: before a pause, or when another client waits for its turn.
    pub fn close_idle(&self) {
        self.server.close_idle();
    }

    /// How many statements that write rows have been sent so far.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// How many times something was tried again for a transient reason.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.server.retries()
    }

    /// Closes every connection; nothing can be written afterwards.
    pub fn close(&self) {
        self.server.close();
    }

    fn layout(&self, target: &Target) -> Option<Layout> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&target.qualified()).map(|known| known.layout)
    }

    pub(super) fn own(&self, name: &str) -> String {
        relation(&self.schema, name)
    }

    pub(super) fn fill_own(&self, template: &str, values: &[(&str, &str)]) -> String {
        let own = [
            ("registry", "targets"),
            ("dead_letters", "dead_letters"),
            ("schemas", "schemas"),
            ("floors", "floors"),
        ];
        let own = own.map(|(name, table)| (name, self.own(&format!("rowtide_{table}"))));
        let mut all: Vec<(&str, &str)> = own.iter().map(|(name, table)| (*name, table.as_str())).collect();
        all.extend_from_slice(values);
        fill(template, &all)
    }

    pub(super) async fn client(&self, deadline: Deadline) -> Result<Object> {
        self.server.client(deadline).await
    }

    /// Waits for `work` on `client`, at most until shortly before the deadline: then the statement is cancelled and
    /// awaited, else its connection is closed.
    pub(super) async fn bounded<T>(
        &self,
        client: &Object,
        deadline: Deadline,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        let left = match (left(deadline)?, self.server.statement_timeout) {
            (Some(left), Some(limit)) => left.min(limit),
            (Some(left), None) | (None, Some(left)) => left,
            (None, None) => {
                return self.server.answered(client, work, |error| driver_error(error, false)).await;
            }
        };
        let milliseconds = milliseconds(left);
        let limit = fill(
            include_str!("../../sql/postgres/set_statement_timeout.sql"),
            &[("milliseconds", &milliseconds)],
        );
        let work = async {
            let (limited, done) = tokio::join!(client.batch_execute(&limit), work);
            limited.and(done)
        };
        tokio::pin!(work);
        let done = match timeout(left + CANCEL_GRACE, &mut work).await {
            Ok(done) => done,
            Err(_) => {
                self.server.cancel(&client.cancel_token()).await;
                timeout(CANCEL_GRACE, &mut work).await.map_err(|_| out_of_time())?
            }
        };
        done.map_err(|error| driver_error(&error, false))
    }

    /// Waits for `work`, of several statements, on the connection of `token`, at most until shortly before the
    /// deadline: then the statement that runs is cancelled. [`settle`] closes its connection.
    pub(super) async fn within<T>(
        &self,
        token: CancelToken,
        deadline: Deadline,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let (limit, late) = match left(deadline)? {
            Some(left) => (left, out_of_time()),
            None => (self.server.patience(), silent(self.server.patience())),
        };
        match timeout(limit, work).await {
            Ok(done) => done,
            Err(_) => {
                // the connection is closed in any case
                self.server.cancel(&token).await;
                Err(late)
            }
        }
    }

    /// Waits for `work` on `client` for which there is no deadline, as a command has none.
    pub(super) async fn answered<T>(
        &self,
        client: &Object,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        self.server.answered(client, work, |error| driver_error(error, true)).await
    }

    /// A connection, rowtide's own tables being there.
    pub(super) async fn client_for_own_tables(&self, deadline: Deadline) -> Result<Object> {
        let mut client = self.client(deadline).await?;
        let token = client.cancel_token();
        match self.within(token, deadline, self.ensure_own_tables(&mut client)).await {
            Ok(()) => Ok(client),
            Err(error) => settle(client, Err(error)),
        }
    }

    /// Writes rows in one statement: which of them were written, by key.
    async fn write(
        &self,
        statement: &Statement,
        layout: Layout,
        rows: &[&Row],
        deadline: Deadline,
    ) -> Result<HashSet<String>> {
        let sql = upsert_sql(&statement.target, layout);
        self.server.retrying(deadline, || self.write_once(statement, &sql, rows, deadline)).await
    }

    async fn write_once(
        &self,
        statement: &Statement,
        sql: &str,
        rows: &[&Row],
        deadline: Deadline,
    ) -> Result<HashSet<String>> {
        let columns = Columns::of(rows);
        let mut client = self.client(deadline).await?;
        self.statements.fetch_add(1, Ordering::Relaxed);
        let result = if self.checks_horizon {
            self.write_behind_horizon(&mut client, statement, sql, rows, &columns, deadline).await
        } else {
            let work = async {
                let prepared = client.prepare_cached(sql).await?;
                client.query(&prepared, &columns.parameters()).await
            };
            self.bounded(&client, deadline, work).await
        };
        let written = settle(client, result)?;
        written.iter().map(|row| row.try_get(0).map_err(|error| driver_error(&error, false))).collect()
    }

    /// The same inside a transaction that holds the purge horizon still.
    async fn write_behind_horizon(
        &self,
        client: &mut Object,
        statement: &Statement,
        sql: &str,
        rows: &[&Row],
        columns: &Columns<'_>,
        deadline: Deadline,
    ) -> Result<Vec<tokio_postgres::Row>> {
        left(deadline)?;
        let lock = self.fill_own(include_str!("../../sql/postgres/lock_horizon.sql"), &[]);
        let failed = |error: tokio_postgres::Error| driver_error(&error, false);
        let transaction = client.transaction().await.map_err(failed)?;
        if let Some(limit) = self.server.statement_timeout {
            let milliseconds = milliseconds(limit);
            let template = include_str!("../../sql/postgres/limit_statement.sql");
            transaction
                .batch_execute(&fill(template, &[("milliseconds", &milliseconds)]))
                .await
                .map_err(failed)?;
        }
        let horizon = transaction.query_opt(&lock, &[&statement.target.qualified()]).await.map_err(failed)?;
        let horizon: Option<jiff::Timestamp> =
            horizon.map(|row| row.try_get(0)).transpose().map_err(failed)?.flatten();
        check_horizon(horizon, &statement.target, rows)?;
        let prepared = transaction.prepare_cached(sql).await.map_err(failed)?;
        let written = transaction.query(&prepared, &columns.parameters()).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(written)
    }

    async fn upsert(
        &self,
        statement: &Statement,
        layout: Layout,
        deadline: Deadline,
    ) -> Result<Vec<RowOutcome>> {
        let mut outcomes: Vec<RowOutcome> = vec![RowOutcome::Stale; statement.rows.len()];
        let mut units: Vec<Vec<usize>> = Vec::new();
        let mut unit_at: HashMap<usize, usize> = HashMap::new();
        for (index, row) in statement.rows.iter().enumerate() {
            // in an adopted table pk is the identity: without what only aux can hold, two keys would be one row
            if layout != Layout::Managed && row.aux.starts_with("{\"/pk") {
                let message = "The key holds a NUL character, which pk of an existing table cannot.";
                let error = Error::new(ErrorKind::Rejected, Code::Rejected, message);
                if let Some(outcome) = outcomes.get_mut(index) {
                    *outcome = RowOutcome::Refused(Arc::new(error));
                }
                continue;
            }
            let at = *unit_at.entry(row.unit).or_insert_with(|| {
                units.push(Vec::new());
                units.len() - 1
            });
            if let Some(unit) = units.get_mut(at) {
                unit.push(index);
            }
        }
        let mut parts: Vec<Vec<Vec<usize>>> = if units.is_empty() { Vec::new() } else { vec![units] };
        while let Some(mut part) = parts.pop() {
            let mut indices: Vec<usize> = part.iter().flatten().copied().collect();
            // rows are locked in the order of their keys by every worker
            indices.sort_unstable();
            let rows: Vec<&Row> = indices.iter().filter_map(|&index| statement.rows.get(index)).collect();
            match self.write(statement, layout, &rows, deadline).await {
                Ok(written) => {
                    for (index, row) in indices.iter().zip(rows) {
                        if written.contains(&row.key)
                            && let Some(outcome) = outcomes.get_mut(*index)
                        {
                            *outcome = RowOutcome::Applied;
                        }
                    }
                }
                Err(error) if error.disposition() == Disposition::Park => {
                    if part.len() > 1 {
                        let second = part.split_off(part.len() / 2);
                        parts.push(second);
                        parts.push(part);
                        continue;
                    }
                    let error = Arc::new(error);
                    for index in indices {
                        if let Some(outcome) = outcomes.get_mut(index) {
                            *outcome = RowOutcome::Refused(error.clone());
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(outcomes)
    }

    /// The purge horizon of a target: deleted rows up to then may be forgotten.
    async fn horizon(&self, target: &Target, deadline: Deadline) -> Result<Option<jiff::Timestamp>> {
        let sql = self.fill_own(include_str!("../../sql/postgres/lock_horizon.sql"), &[]);
        let client = self.client(deadline).await?;
        let name = target.qualified();
        let asked = self.bounded(&client, deadline, client.query_opt(&sql, &[&name])).await;
        let row = settle(client, asked)?;
        let horizon = row.map(|row| row.try_get(0)).transpose();
        Ok(horizon.map_err(|error| driver_error(&error, false))?.flatten())
    }

    /// Reads, patches and writes back, until nobody was faster.
    async fn patch(
        &self,
        statement: &Statement,
        layout: Layout,
        deadline: Deadline,
    ) -> Result<Vec<RowOutcome>> {
        if layout != Layout::Managed || statement.target.delete == crate::policy::DeletePolicy::Hard {
            return Err(Error::fault(
                Code::PartialImages,
                format!(
                    "{} sends partial images, which need a table made by rowtide and delete = \"tombstone\" or \"soft\": \
                 {} is not one.",
                    statement.target.source,
                    statement.target.qualified()
                ),
            ));
        }
        if self.checks_horizon {
            let rows: Vec<&Row> = statement.rows.iter().collect();
            check_horizon(self.horizon(&statement.target, deadline).await?, &statement.target, &rows)?;
        }
        let mut outcomes: Vec<Option<RowOutcome>> = vec![None; statement.rows.len()];
        let mut parts: Vec<Vec<usize>> = vec![(0..statement.rows.len()).collect()];
        let mut attempts = 0;
        while let Some(mut part) = parts.pop() {
            part.retain(|&index| outcomes.get(index).is_some_and(Option::is_none));
            if part.is_empty() {
                continue;
            }
            match self.patch_part(statement, &part, deadline).await {
                Ok(settled) => {
                    for (index, outcome) in settled {
                        if let Some(slot) = outcomes.get_mut(index) {
                            *slot = Some(outcome);
                        }
                    }
                    // what another worker wrote in between is read again
                    if part.iter().any(|&index| outcomes.get(index).is_some_and(Option::is_none)) {
                        attempts += 1;
                        if attempts > PATCH_ATTEMPTS_MAX {
                            let message = "Other workers kept writing the rows that a patch rests on.";
                            return Err(Error::new(ErrorKind::Contended, Code::Contended, message));
                        }
                        parts.push(part);
                    }
                }
                Err(error) if error.disposition() == Disposition::Park && part.len() > 1 => {
                    let second = part.split_off(part.len() / 2);
                    parts.push(second);
                    parts.push(part);
                }
                Err(error) if error.disposition() == Disposition::Park => {
                    let error = Arc::new(error);
                    for index in part {
                        if let Some(slot) = outcomes.get_mut(index) {
                            *slot = Some(RowOutcome::Refused(error.clone()));
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or(RowOutcome::Stale)).collect())
    }

    /// One round for some rows: what was settled; rows that another worker wrote in between are missing.
    async fn patch_part(
        &self,
        statement: &Statement,
        part: &[usize],
        deadline: Deadline,
    ) -> Result<Vec<(usize, RowOutcome)>> {
        let (read_sql, write_sql) = patch_sql(&statement.target);
        let rows: Vec<(usize, &Row)> =
            part.iter().filter_map(|&index| Some((index, statement.rows.get(index)?))).collect();
        self.server
            .retrying(deadline, || self.patch_once(&statement.target, &read_sql, &write_sql, &rows, deadline))
            .await
    }

    async fn patch_once(
        &self,
        target: &Target,
        read_sql: &str,
        write_sql: &str,
        rows: &[(usize, &Row)],
        deadline: Deadline,
    ) -> Result<Vec<(usize, RowOutcome)>> {
        let client = self.client(deadline).await?;
        self.statements.fetch_add(1, Ordering::Relaxed);
        let result = self.patch_with(&client, target, read_sql, write_sql, rows, deadline).await;
        settle(client, result)
    }

    async fn patch_with(
        &self,
        client: &Object,
        target: &Target,
        read_sql: &str,
        write_sql: &str,
        rows: &[(usize, &Row)],
        deadline: Deadline,
    ) -> Result<Vec<(usize, RowOutcome)>> {
        let mut settled = Vec::new();
        let floor = self.floor(client, target, deadline).await?;
        let is_below = |row: &Row| floor.as_deref().is_some_and(|floor| row.version.as_str() <= floor);
        let (below, rows): (Vec<_>, Vec<_>) = rows.iter().copied().partition(|(_, row)| is_below(row));
        settled.extend(below.into_iter().map(|(index, _)| (index, RowOutcome::Stale)));
        let keys: Vec<&str> = rows.iter().map(|(_, row)| row.key.as_str()).collect();
        let work = async {
            let prepared = client.prepare_cached(read_sql).await?;
            client.query(&prepared, &[&keys]).await
        };
        let stored = self.bounded(client, deadline, work).await?;
        let mut bases: HashMap<String, Base> = HashMap::new();
        for row in &stored {
            let (key, base) = Base::of(row).map_err(|error| driver_error(&error, false))?;
            bases.insert(key, base);
        }
        let mut patched = Vec::new();
        for (index, row) in rows {
            let base = bases.remove(&row.key);
            match base.as_ref().map(|base| base.version.as_str()) {
                Some(version) if version >= row.version.as_str() => settled.push((index, RowOutcome::Stale)),
                version => {
                    let version = version.map(str::to_owned);
                    patched.push((index, Patched::new(row, base, version)?));
                }
            }
        }
        if patched.is_empty() {
            return Ok(settled);
        }
        let rows: Vec<&Row> = patched.iter().map(|(_, patched)| &patched.row).collect();
        let base_versions: Vec<Option<&str>> =
            patched.iter().map(|(_, patched)| patched.base_version.as_deref()).collect();
        let columns = Columns::of(&rows);
        let work = async {
            let prepared = client.prepare_cached(write_sql).await?;
            client.query(&prepared, &columns.patch_parameters(&base_versions)).await
        };
        let written = self.bounded(client, deadline, work).await?;
        let written: HashSet<String> = written
            .iter()
            .map(|row| row.try_get(0).map_err(|error| driver_error(&error, false)))
            .collect::<Result<_>>()?;
        let durable = patched.iter().filter(|(_, patched)| written.contains(&patched.row.key));
        settled.extend(durable.map(|(index, _)| (*index, RowOutcome::Applied)));
        Ok(settled)
    }
}

impl Materializer for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn retries(&self) -> u64 {
        self.server.retries()
    }

    async fn prepare(&self, binding: &Binding, deadline: Deadline) -> Result<()> {
        self.server.retrying(deadline, || self.know(binding, deadline)).await.map(drop)
    }

    async fn truncate(&self, truncation: &Truncation, deadline: Deadline) -> Result<RowOutcome> {
        self.server.retrying(deadline, || self.truncate_once(truncation, deadline)).await
    }

    async fn schemas(&self, deadline: Deadline) -> Result<Vec<TableSchema>> {
        self.server.retrying(deadline, || self.schemas_once(deadline)).await
    }

    async fn learn(&self, schemas: &[TableSchema], deadline: Deadline) -> Result<()> {
        self.server.retrying(deadline, || self.learn_once(schemas, deadline)).await
    }

    async fn apply(&self, statement: &Statement, deadline: Deadline) -> Result<Vec<RowOutcome>> {
        let Some(layout) = self.layout(&statement.target) else {
            return Err(Error::config(format!("{} was not prepared.", statement.target.qualified())));
        };
        let applied = match statement.action {
            Action::Upsert => self.upsert(statement, layout, deadline).await,
            Action::Patch => self.patch(statement, layout, deadline).await,
        };
        let applied = match applied {
            Ok(outcomes) if layout == Layout::Managed => self.find_later(statement, outcomes, deadline).await,
            other => other,
        };
        if applied.as_ref().is_err_and(|error| error.sqlstate() == Some("42P01")) {
            // somebody dropped it: the next batch looks again
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.remove(&statement.target.qualified());
            return applied;
        }
        applied.map_err(of_table)
    }

    async fn blocked(
        &self,
        keys: &[(String, String)],
        deadline: Deadline,
    ) -> Result<HashSet<(String, String)>> {
        self.server.retrying(deadline, || self.blocked_once(keys, deadline)).await
    }

    async fn parked_lately(
        &self,
        source: &str,
        cause: Cause<'_>,
        letters: &[DeadLetter],
        deadline: Deadline,
    ) -> Result<u64> {
        self.server.retrying(deadline, || self.parked_lately_once(source, cause, letters, deadline)).await
    }

    async fn sources(&self, deadline: Deadline) -> Result<Vec<(String, SourceIdentity)>> {
        self.server.retrying(deadline, || self.sources_once(deadline)).await
    }

    async fn park(&self, letters: &[DeadLetter], deadline: Deadline) -> Result<()> {
        self.server.retrying(deadline, || self.park_once(letters, deadline)).await
    }
}

/// Gives the connection back, unless something is still going on in it.
pub(super) fn settle<T>(client: Object, result: Result<T>) -> Result<T> {
    if result.as_ref().is_err_and(|error| error.code() == Code::Deadline) {
        drop(Object::take(client));
    }
    result
}

pub(super) fn moment(at: Option<Timestamp>) -> Option<jiff::Timestamp> {
    at.and_then(|at| jiff::Timestamp::from_microsecond(at.0).ok())
}

/// The rows of a statement as the columns it takes.
struct Columns<'a> {
    key: Vec<&'a str>,
    // JSON goes as text: the server parses only the rows that are newer than what it has
    pk: Vec<&'a str>,
    data: Vec<Option<&'a str>>,
    aux: Vec<&'a str>,
    version: Vec<&'a str>,
    deleted: Vec<bool>,
    changed_at: Vec<Option<jiff::Timestamp>>,
}

impl<'a> Columns<'a> {
    fn of(rows: &[&'a Row]) -> Self {
        Self {
            key: rows.iter().map(|row| row.key.as_str()).collect(),
            pk: rows.iter().map(|row| row.pk.as_str()).collect(),
            data: rows.iter().map(|row| row.data.as_deref()).collect(),
            aux: rows.iter().map(|row| row.aux.as_str()).collect(),
            version: rows.iter().map(|row| row.version.as_str()).collect(),
            deleted: rows.iter().map(|row| row.deleted).collect(),
            changed_at: rows.iter().map(|row| moment(row.changed_at)).collect(),
        }
    }

    fn parameters(&self) -> [&(dyn ToSql + Sync); 7] {
        [&self.key, &self.pk, &self.data, &self.aux, &self.version, &self.deleted, &self.changed_at]
    }

    fn patch_parameters<'p>(&'p self, base_versions: &'p (dyn ToSql + Sync)) -> [&'p (dyn ToSql + Sync); 7] {
        [&self.key, &self.pk, &self.data, &self.aux, &self.version, base_versions, &self.changed_at]
    }
}

/// What a patch rests on.
struct Base {
    pk: String,
    data: Option<String>,
    aux: String,
    version: String,
    deleted: bool,
}

impl Base {
    fn of(row: &tokio_postgres::Row) -> Result<(String, Self), tokio_postgres::Error> {
        Ok((
            row.try_get(0)?,
            Self {
                pk: row.try_get(1)?,
                data: row.try_get(2)?,
                aux: row.try_get(3)?,
                version: row.try_get(4)?,
                deleted: row.try_get(5)?,
            },
        ))
    }
}

/// A row with its patch applied.
struct Patched {
    row: Row,
    base_version: Option<String>,
}

impl Patched {
    fn new(row: &Row, base: Option<Base>, base_version: Option<String>) -> Result<Self> {
        let unreadable = |fault: crate::json::Fault| {
            Error::config(format!("A stored document cannot be read: {fault}. Was it edited by hand?"))
        };
        let stored = match &base {
            Some(base) if !base.deleted => {
                merge(&base.pk, base.data.as_deref(), &base.aux).map_err(unreadable)?.1
            }
            _ => None,
        };
        let empty = Patch::default();
        let document = row.patch.as_ref().unwrap_or(&empty).apply(stored.unwrap_or(Value::Null)).to_text();
        // the planner placed the key; where its aux is not empty, that must be kept
        let placed = place("{}", Some(&document));
        let aux = match (row.aux.as_str(), &*placed.aux) {
            ("{}", aux) => aux.to_owned(),
            (aux, "{}") => aux.to_owned(),
            (key_aux, data_aux) => format!(
                "{},{}",
                key_aux.strip_suffix('}').unwrap_or(key_aux),
                data_aux.strip_prefix('{').unwrap_or(data_aux)
            ),
        };
        let data = placed.data.map(std::borrow::Cow::into_owned);
        Ok(Self { row: Row { data, aux, ..row.clone() }, base_version })
    }
}
