//! Statements on a CrateDB server: columns added before the write, rows compared with what was written, refused rows
//! isolated.
//!
//! Three of its habits shape this room (docs/cratedb.md): a write that adds a column can empty other rows, so none
//! does; two requests in flight on one connection mix up their answers, so there is one, and the connection is dropped
//! after any error; a statement skips bad rows in silence, so what comes back is compared with what was sent.

use super::crate_catalog::Known;
use super::crate_rows::{Json, Loan, Sent, identity_of, read, server_error};
use super::registry::of_table;
use super::server::Server;
use super::targets::check_horizon;
use super::{Binding, Cause, DeadLetter, Deadline, KNOWN_BYTES_MAX, Materializer, RowOutcome, Truncation};
use crate::catalogue::TableSchema;
use crate::config::{Config, Ddl};
use crate::error::{Code, Disposition, Error, ErrorKind, Result};
use crate::memo::Memo;
use crate::plan::cratedb::{Values, adopted_delete_sql, batch_rows, hard_delete_sql, named, upsert_sql};
use crate::plan::{Action, Columns, Dialect, Layout, Row, Statement, relation};
use crate::policy::Policy;
use crate::route::Routes;
use crate::source::SourceIdentity;
use futures_util::future::try_join_all;
use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::hash::{Hash as _, Hasher as _};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;
use tokio_postgres::types::{ToSql, Type};

/// How often rows are placed anew, because the columns were not what the cache said.
const PLACINGS_MAX: u32 = 4;
/// How often a single row is sent that the server leaves out without saying why.
const SILENT_MAX: u32 = 3;
/// How often a patch or a hard delete is tried again because another worker wrote its row in between.
pub(super) const ROW_ATTEMPTS_MAX: u32 = 20;
/// Fewer rows are not worth another connection: each statement waits for the translog's fsync, and below some hundred
/// rows that is most of its time.
const LANE_ROWS_MIN: usize = 500;
/// A statement with more bytes than this takes no further row: the server holds several copies of each at once, and
/// gives up with "Data too large" before its heap is full.
const STATEMENT_BYTES_MAX: usize = 8 << 20;

/// A CrateDB server as the place where rows go.
pub struct Cratedb {
    pub(super) server: Server,
    pub(super) schema: String,
    pub(super) ddl: Ddl,
    pub(super) dead_letter_retention: std::time::Duration,
    pub(super) known: Mutex<Memo<String, Arc<Known>>>,
    pub(super) columns: Mutex<HashMap<String, Arc<Columns>>>,
    /// Targets whose table has no room for another column.
    pub(super) full: Mutex<HashSet<String>>,
    /// One at a time looks at the catalogue or changes it.
    pub(super) turn: tokio::sync::Mutex<()>,
    pub(super) own_tables: Mutex<bool>,
    /// Whether the registry has the columns that hold the source of a target.
    pub(super) remembers_sources: AtomicBool,
    pub(super) checks_horizon: bool,
    /// Which tables could be taken over is read once, when a key is wanted.
    pub(super) routes: Routes,
    pub(super) found_keys: OnceCell<Vec<TableSchema>>,
    pub(super) statements: AtomicU64,
    pub(super) alterations: AtomicU64,
}

impl std::fmt::Debug for Cratedb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // never the connection string
        f.debug_struct("Cratedb").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl Cratedb {
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
            columns: Mutex::default(),
            full: Mutex::default(),
            turn: tokio::sync::Mutex::new(()),
            own_tables: Mutex::new(false),
            remembers_sources: AtomicBool::new(false),
            checks_horizon: false,
            routes: Routes::new(Policy::from(config)),
            found_keys: OnceCell::new(),
            statements: AtomicU64::new(0),
            alterations: AtomicU64::new(0),
        }
    }

    /// The same, refusing changes that are older than their target's purge horizon.
    #[must_use]
    pub fn checking_horizon(mut self) -> Self {
        self.checks_horizon = true;
        self
    }

    /// Closes the connections that nobody uses.
    pub fn close_idle(&self) {
        self.server.close_idle();
    }

    /// Closes every connection; nothing can be written afterwards.
    pub fn close(&self) {
        self.server.close();
    }

    /// How many statements that write rows have been sent so far.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// How many statements that add columns have been sent so far.
    #[must_use]
    pub fn alterations(&self) -> u64 {
        self.alterations.load(Ordering::Relaxed)
    }

    /// How many times something was tried again for a transient reason.
    #[must_use]
    pub fn retries(&self) -> u64 {
        self.server.retries()
    }

    pub(super) fn own(&self, name: &str) -> String {
        relation(&self.schema, name)
    }

    /// The rows that a statement returns.
    pub(super) async fn ask(
        &self,
        deadline: Deadline,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>> {
        let loan = Loan::new(self.server.client(deadline).await?);
        let client = loan.client()?;
        let work = async {
            let prepared = client.prepare_cached(sql).await?;
            client.query(&prepared, parameters).await
        };
        let rows = self.noticed(self.server.within(client, deadline, work, server_error).await)?;
        loan.give_back();
        Ok(rows)
    }

    /// The row of a key, by a statement that the server does not keep: of a table that was dropped and made anew, a
    /// kept one reads other columns.
    pub(super) async fn row_of(
        &self,
        key: &str,
        sql: &str,
        deadline: Deadline,
    ) -> Result<Option<tokio_postgres::Row>> {
        let loan = Loan::new(self.server.client(deadline).await?);
        let client = loan.client()?;
        let parameters: [(&(dyn ToSql + Sync), Type); 1] = [(&key, Type::VARCHAR)];
        let work = client.query_typed(sql, &parameters);
        let rows = self.noticed(self.server.within(client, deadline, work, server_error).await)?;
        loan.give_back();
        Ok(rows.into_iter().next())
    }

    /// How many rows a statement changed.
    pub(super) async fn tell(
        &self,
        deadline: Deadline,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64> {
        let loan = Loan::new(self.server.client(deadline).await?);
        let client = loan.client()?;
        let work = async {
            let prepared = client.prepare_cached(sql).await?;
            client.execute(&prepared, parameters).await
        };
        let count = self.noticed(self.server.within(client, deadline, work, server_error).await)?;
        loan.give_back();
        Ok(count)
    }

    /// Runs a statement without parameters once: DDL, a refresh. Not as a simple query, whose texts in braces the
    /// server takes for arrays, even where they name a column.
    pub(super) async fn run(&self, deadline: Deadline, sql: &str) -> Result<()> {
        let loan = Loan::new(self.server.client(deadline).await?);
        let client = loan.client()?;
        self.noticed(self.server.within(client, deadline, client.query_typed(sql, &[]), server_error).await)?;
        loan.give_back();
        Ok(())
    }

    /// After a table turned out to be missing, rowtide's own are looked for again.
    pub(super) fn noticed<T>(&self, result: Result<T>) -> Result<T> {
        if result.as_ref().is_err_and(|error| error.sqlstate() == Some("42P01")) {
            *self.own_tables.lock().unwrap_or_else(PoisonError::into_inner) = false;
        }
        result
    }

    fn known(&self, statement: &Statement) -> Result<Arc<Known>> {
        let name = named(&statement.target).qualified();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        known.ok_or_else(|| Error::config(format!("{name} was not prepared.")))
    }

    fn forget(&self, name: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        self.columns.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    async fn upsert(
        &self,
        statement: &Statement,
        known: &Known,
        deadline: Deadline,
    ) -> Result<Vec<RowOutcome>> {
        if self.checks_horizon {
            let horizon = self.horizon(&known.binding.target.qualified(), deadline).await?;
            let rows: Vec<&Row> = statement.rows.iter().collect();
            check_horizon(horizon, &known.binding.target, &rows)?;
        }
        let mut outcomes: Vec<Option<RowOutcome>> = vec![None; statement.rows.len()];
        let mut puts_of_unit: HashMap<usize, usize> = HashMap::new();
        for (index, row) in statement.rows.iter().enumerate().filter(|(_, row)| !row.deleted) {
            puts_of_unit.insert(row.unit, index);
        }
        // nothing writes two rows at once here: of a key change, the new row is written before the old one goes
        let is_late = |row: &Row| row.deleted && puts_of_unit.contains_key(&row.unit);
        let removes = known.removes(&known.binding.target);
        let (mut first, mut second, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        for (index, row) in statement.rows.iter().enumerate() {
            match row.deleted {
                true if removes => removed.push(index),
                true if is_late(row) => second.push(index),
                true | false => first.push(index),
            }
        }
        let attempt = Attempt::now();
        self.write(statement, known, first, attempt, &mut outcomes, deadline).await?;
        for later in [&mut second, &mut removed] {
            later.retain(|&index| {
                let put = statement.rows.get(index).and_then(|row| puts_of_unit.get(&row.unit));
                let refused = match put.and_then(|&put| outcomes.get(put)) {
                    Some(Some(outcome @ RowOutcome::Refused(_))) => outcome.clone(),
                    _ => return true,
                };
                // the two halves share their fate
                if let Some(slot) = outcomes.get_mut(index) {
                    *slot = Some(refused);
                }
                false
            });
        }
        self.write(statement, known, second, attempt, &mut outcomes, deadline).await?;
        self.each_row(&removed, statement, &mut outcomes, |row| self.remove(known, row, deadline)).await?;
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or(RowOutcome::Stale)).collect())
    }

    /// Writes rows in as few statements as can be, on several connections, each key always on the same.
    async fn write(
        &self,
        statement: &Statement,
        known: &Known,
        mut pending: Vec<usize>,
        attempt: Attempt,
        outcomes: &mut [Option<RowOutcome>],
        deadline: Deadline,
    ) -> Result<()> {
        for placing in 0..PLACINGS_MAX {
            if pending.is_empty() {
                return Ok(());
            }
            if placing > 0 {
                self.refresh_columns(known, deadline).await?;
            }
            let rows: Vec<(usize, &Row)> =
                pending.iter().filter_map(|&index| Some((index, statement.rows.get(index)?))).collect();
            let sent = self.place(known, &rows, deadline).await?;
            let (sent, unfit): (Vec<Sent<'_>>, Vec<Sent<'_>>) =
                sent.into_iter().partition(|sent| sent.misfit(known).is_none());
            for row in unfit {
                let message = row.misfit(known).unwrap_or_default();
                let error = Error::new(ErrorKind::Rejected, Code::Rejected, message);
                if let Some(slot) = outcomes.get_mut(row.index) {
                    *slot = Some(RowOutcome::Refused(Arc::new(error)));
                }
            }
            let is_last = placing + 1 == PLACINGS_MAX;
            let lanes = lanes(sent, self.server.connections_max);
            let writing =
                lanes.into_iter().map(|lane| self.write_lane(known, lane, attempt, placing > 0, deadline));
            pending.clear();
            for (index, outcome) in try_join_all(writing).await?.into_iter().flatten() {
                let outcome = match outcome {
                    Written::Applied => RowOutcome::Applied,
                    Written::Stale => RowOutcome::Stale,
                    Written::Misplaced(error) if is_last => RowOutcome::Refused(error),
                    Written::Misplaced(_) => {
                        pending.push(index);
                        continue;
                    }
                    Written::Refused(error) => RowOutcome::Refused(error),
                };
                if let Some(slot) = outcomes.get_mut(index) {
                    *slot = Some(outcome);
                }
            }
        }
        Ok(())
    }

    /// Writes the rows of one connection, one statement after the other. Refused rows are isolated only when
    /// `placed_anew`: at first, the columns may be what is wrong.
    async fn write_lane(
        &self,
        known: &Known,
        lane: Vec<Sent<'_>>,
        attempt: Attempt,
        placed_anew: bool,
        deadline: Deadline,
    ) -> Result<Vec<(usize, Written)>> {
        let mut done = Vec::with_capacity(lane.len());
        let mut parts = statements(&lane);
        parts.reverse();
        let mut silent: HashMap<usize, u32> = HashMap::new();
        while let Some(part) = parts.pop() {
            match self.send(known, part, attempt, deadline).await {
                Ok(written) => {
                    for row in part {
                        match written.get(&row.identity) {
                            Some(true) => done.push((row.index, Written::Applied)),
                            Some(false) => done.push((row.index, Written::Stale)),
                            None => {
                                // left out without a word: sent alone, it says why
                                let times = silent.entry(row.index).or_default();
                                *times += u32::from(part.len() == 1);
                                if *times < SILENT_MAX {
                                    parts.push(std::slice::from_ref(row));
                                } else {
                                    let message = "The database leaves the row out and does not say why.";
                                    let error = Error::new(ErrorKind::Rejected, Code::NotWritten, message);
                                    done.push((row.index, Written::refused(error, placed_anew)));
                                }
                            }
                        }
                    }
                }
                Err(error) if error.disposition() == Disposition::Park => {
                    if part.len() > 1 && placed_anew {
                        let (first, second) = part.split_at(part.len() / 2);
                        parts.push(second);
                        parts.push(first);
                        continue;
                    }
                    let error = Arc::new(error);
                    done.extend(part.iter().map(|row| {
                        let error = error.clone();
                        (
                            row.index,
                            if placed_anew { Written::Refused(error) } else { Written::Misplaced(error) },
                        )
                    }));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// Sends one statement: for every row that was written, whether it is this attempt that wrote it.
    async fn send(
        &self,
        known: &Known,
        part: &[Sent<'_>],
        attempt: Attempt,
        deadline: Deadline,
    ) -> Result<HashMap<String, bool>> {
        let size = batch_rows(part.len());
        let sql = upsert_sql(&known.binding.target, known.layout, &known.binding.key_names, size);
        let values = Values::of(known.layout);
        let mut parameters: Vec<&(dyn ToSql + Sync)> = Vec::with_capacity(size * values.names().len() + 1);
        if known.layout == Layout::Managed {
            parameters.push(&attempt.at);
        }
        let smallest = part.iter().min_by_key(|row| row.bytes());
        for row in part.iter().chain(smallest.into_iter().cycle().take(size - part.len())) {
            parameters.extend(values.names().iter().map(|name| row.value(name)));
        }
        let mut retry = self.server.retry(deadline);
        let rows = loop {
            self.statements.fetch_add(1, Ordering::Relaxed);
            match self.ask(deadline, &sql, &parameters).await {
                Err(error) if retry.again(&error).await => {}
                asked => break asked?,
            }
        };
        let sent: HashMap<&str, &str> =
            part.iter().map(|row| (row.identity.as_str(), row.row.version.as_str())).collect();
        let mut written = HashMap::with_capacity(rows.len());
        for row in &rows {
            let (identity, is_ours) = match known.layout {
                Layout::Managed => {
                    let (key, version, at) =
                        read(|| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))?;
                    let (key, version, at): (String, String, Option<jiff::Timestamp>) = (key, version, at);
                    let is_ours = sent.get(key.as_str()) == Some(&version.as_str()) && at == Some(attempt.at);
                    (key, is_ours)
                }
                Layout::Adopted { guarded, .. } => {
                    let pk: Json = read(|| row.try_get(0))?;
                    let identity = identity_of(&pk.0);
                    let version: Option<String> = if guarded { read(|| row.try_get(1))? } else { None };
                    let is_ours = !guarded || sent.get(identity.as_str()).copied() == version.as_deref();
                    (identity, is_ours)
                }
            };
            written.insert(identity, is_ours);
        }
        Ok(written)
    }

    /// Does something with each of these rows, on several connections.
    pub(super) async fn each_row<'s, F: Future<Output = Result<RowOutcome>>>(
        &self,
        indices: &[usize],
        statement: &'s Statement,
        outcomes: &mut [Option<RowOutcome>],
        work: impl Fn(&'s Row) -> F,
    ) -> Result<()> {
        let rows: Vec<(usize, &Row)> =
            indices.iter().filter_map(|&index| Some((index, statement.rows.get(index)?))).collect();
        let size = rows.len().div_ceil(self.server.connections_max.max(1)).max(1);
        let work = &work;
        let lanes = rows.chunks(size).map(|lane| async move {
            let mut done = Vec::with_capacity(lane.len());
            for (index, row) in lane {
                done.push((*index, work(row).await?));
            }
            Ok::<_, Error>(done)
        });
        for (index, outcome) in try_join_all(lanes).await?.into_iter().flatten() {
            if let Some(slot) = outcomes.get_mut(index) {
                *slot = Some(outcome);
            }
        }
        Ok(())
    }

    /// Deletes a row for good, unless it is newer.
    async fn remove(&self, known: &Known, row: &Row, deadline: Deadline) -> Result<RowOutcome> {
        let mut retry = self.server.retry(deadline);
        loop {
            let removed = match known.layout {
                Layout::Managed => self.remove_guarded(known, row, deadline).await,
                Layout::Adopted { .. } => self.remove_adopted(known, row, deadline).await,
            };
            match removed {
                Err(error) if retry.again(&error).await => {}
                Err(error) if error.disposition() == Disposition::Park => {
                    return Ok(RowOutcome::Refused(Arc::new(error)));
                }
                removed => return removed,
            }
        }
    }

    async fn remove_guarded(&self, known: &Known, row: &Row, deadline: Deadline) -> Result<RowOutcome> {
        let [read_sql, delete_sql] = hard_delete_sql(&known.binding.target);
        for _ in 0..ROW_ATTEMPTS_MAX {
            self.statements.fetch_add(1, Ordering::Relaxed);
            let Some(found) = self.row_of(&row.key, &read_sql, deadline).await? else {
                return Ok(RowOutcome::Stale);
            };
            let (version, sequence, term): (Option<String>, i64, i64) =
                read(|| Ok((found.try_get(0)?, found.try_get(1)?, found.try_get(2)?)))?;
            if version.is_some_and(|version| version >= row.version) {
                return Ok(RowOutcome::Stale);
            }
            if self.tell(deadline, &delete_sql, &[&row.key, &sequence, &term]).await? > 0 {
                return Ok(RowOutcome::Applied);
            }
        }
        Err(contended())
    }

    async fn remove_adopted(&self, known: &Known, row: &Row, deadline: Deadline) -> Result<RowOutcome> {
        let placed = self.place(known, &[(0, row)], deadline).await?;
        let Some(placed) = placed.first() else {
            return Ok(RowOutcome::Stale);
        };
        let Some(key) = placed.key(&known.binding.key_names) else {
            // what pk cannot hold was never written
            return Ok(RowOutcome::Stale);
        };
        let parameters: Vec<&(dyn ToSql + Sync)> = key.iter().map(|value| value as _).collect();
        let sql = adopted_delete_sql(&known.binding.target, &known.binding.key_names);
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.tell(deadline, &sql, &parameters).await.map(|_| RowOutcome::Applied)
    }

    /// Rows as they can be sent: every column that they need is there.
    pub(super) async fn place<'r>(
        &self,
        known: &Known,
        rows: &[(usize, &'r Row)],
        deadline: Deadline,
    ) -> Result<Vec<Sent<'r>>> {
        let placed = self.with_columns(known, deadline, |columns, budget| {
            rows.iter()
                .map(|(_, row)| columns.place(&row.pk, row.data.as_deref(), budget))
                .collect::<Vec<_>>()
        });
        let placed = placed.await?;
        let sent = rows
            .iter()
            .zip(placed)
            .map(|((index, row), placed)| Sent::new(*index, row, placed, known.layout));
        Ok(sent.collect())
    }
}

pub(super) fn contended() -> Error {
    let message = "Other workers kept writing the row that a patch or a delete rests on.";
    Error::new(ErrorKind::Contended, Code::Contended, message)
}

/// Spreads rows over connections, each key always on the same, no connection for very few.
fn lanes(rows: Vec<Sent<'_>>, connections: usize) -> Vec<Vec<Sent<'_>>> {
    let number = rows.len().div_ceil(LANE_ROWS_MIN).clamp(1, connections.max(1));
    let mut lanes: Vec<Vec<Sent<'_>>> = (0..number).map(|_| Vec::new()).collect();
    for row in rows {
        let mut hasher = DefaultHasher::new();
        row.row.key.hash(&mut hasher);
        let lane = usize::try_from(hasher.finish() % u64::try_from(number).unwrap_or(1)).unwrap_or_default();
        if let Some(lane) = lanes.get_mut(lane) {
            lane.push(row);
        }
    }
    lanes.retain(|lane| !lane.is_empty());
    lanes
}

/// The rows of each statement of a lane.
fn statements<'l, 'r>(lane: &'l [Sent<'r>]) -> Vec<&'l [Sent<'r>]> {
    let rows_max = batch_rows(lane.len());
    let (mut parts, mut rest, mut rows, mut bytes) = (Vec::new(), lane, 0, 0);
    for row in lane {
        bytes += row.bytes();
        if rows == rows_max || (rows > 0 && bytes > STATEMENT_BYTES_MAX) {
            let (part, behind) = rest.split_at(rows);
            parts.push(part);
            (rest, rows, bytes) = (behind, 0, row.bytes());
        }
        rows += 1;
    }
    parts.push(rest);
    parts
}

/// One call of `apply`: what it wrote carries its time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    pub(super) at: jiff::Timestamp,
}

impl Attempt {
    pub(super) fn now() -> Self {
        let now = jiff::Timestamp::now();
        // the database keeps milliseconds
        Self { at: jiff::Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now) }
    }
}

/// What became of a row that was sent.
enum Written {
    Applied,
    Stale,
    /// Refused, perhaps only because the columns are not what they were taken for.
    Misplaced(Arc<Error>),
    Refused(Arc<Error>),
}

impl Written {
    fn refused(error: Error, placed_anew: bool) -> Self {
        if placed_anew { Self::Refused(Arc::new(error)) } else { Self::Misplaced(Arc::new(error)) }
    }
}

impl Materializer for Cratedb {
    fn dialect(&self) -> Dialect {
        Dialect::Cratedb
    }

    fn retries(&self) -> u64 {
        self.server.retries()
    }

    async fn prepare(&self, binding: &Binding, deadline: Deadline) -> Result<()> {
        self.server.retrying(deadline, || Box::pin(self.know(binding, deadline))).await.map(drop)
    }

    async fn truncate(&self, truncation: &Truncation, _: Deadline) -> Result<RowOutcome> {
        Err(Error::fault(
            Code::UnusableTarget,
            format!(
                "The route of {} has truncate = \"apply\", which CrateDB cannot do: rows that are not refreshed would be \
             missed.",
                truncation.target.source
            ),
        ))
    }

    async fn schemas(&self, deadline: Deadline) -> Result<Vec<TableSchema>> {
        self.server.retrying(deadline, || self.schemas_once(deadline)).await
    }

    async fn learn(&self, schemas: &[TableSchema], deadline: Deadline) -> Result<()> {
        self.server.retrying(deadline, || self.learn_once(schemas, deadline)).await
    }

    async fn apply(&self, statement: &Statement, deadline: Deadline) -> Result<Vec<RowOutcome>> {
        let known = self.known(statement)?;
        let applied = match statement.action {
            Action::Upsert => Box::pin(self.upsert(statement, &known, deadline)).await,
            Action::Patch => Box::pin(self.patch(statement, &known, deadline)).await,
        };
        let applied = match applied {
            Ok(outcomes) if known.layout == Layout::Managed => {
                Box::pin(self.find_later(statement, &known, outcomes, deadline)).await
            }
            other => other,
        };
        let is_changed = |error: &Error| {
            matches!(error.sqlstate(), Some("42P01" | "42703"))
                || matches!(error.code(), Code::LostObject | Code::Unreadable)
        };
        if applied.as_ref().is_err_and(is_changed) {
            // somebody changed it: the next batch looks again, on connections that do not know it yet
            self.forget(&known.binding.target.qualified());
            self.close_idle();
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
