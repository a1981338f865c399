//! Rows in as few statements as can be: encoded in columns that are there, compared with what was written, isolated by
//! halving when the server refuses some of them.

use super::Cratedb;
use super::errors::read;
use super::lanes::{lanes, statements};
use super::rows::{Json, Sent, identity_of};
use crate::deadline::Deadline;
use crate::error::{Code, Disposition, Error, ErrorKind, Result};
use crate::event::Timestamp;
use crate::plan::cratedb::{State, batch_rows, delete_adopted, delete_row, encode, read_version, upsert};
use crate::plan::{EncodedRow, Layout, PlannedRow, Write};
use crate::sink::contract::RowOutcome;
use crate::sink::targets::{PreparedTarget, ROW_ATTEMPTS_MAX, check_horizon, kept_writing};
use crate::sink::wire::parameters::parameters;
use futures_util::future::try_join_all;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How often rows are encoded anew, because the columns were not what the cache said.
const ENCODINGS_MAX: u32 = 4;

/// How often a single row is sent that the server leaves out without saying why.
const SILENT_MAX: u32 = 3;

impl Cratedb {
    pub(super) async fn upsert(
        &self,
        write: &Write,
        prepared: &PreparedTarget,
        deadline: Deadline,
    ) -> Result<Vec<RowOutcome>> {
        if self.checks_horizon {
            let horizon = self.horizon(&prepared.binding.target.qualified(), deadline).await?;
            let rows: Vec<&PlannedRow> = write.rows.iter().collect();
            check_horizon(horizon, &prepared.binding.target, &rows)?;
        }
        let mut outcomes: Vec<Option<RowOutcome>> = vec![None; write.rows.len()];
        let mut puts_of_unit: HashMap<usize, usize> = HashMap::new();
        for (index, row) in write.rows.iter().enumerate().filter(|(_, row)| !row.deleted) {
            puts_of_unit.insert(row.unit, index);
        }
        // nothing writes two rows at once here: of a key change, the new row is written before the old one goes
        let is_late = |row: &PlannedRow| row.deleted && puts_of_unit.contains_key(&row.unit);
        let removes = prepared.removes();
        let (mut first, mut second, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        for (index, row) in write.rows.iter().enumerate() {
            match row.deleted {
                true if removes => removed.push(index),
                true if is_late(row) => second.push(index),
                true | false => first.push(index),
            }
        }
        let attempt = Attempt::now();
        self.write(write, prepared, first, attempt, &mut outcomes, deadline).await?;
        for later in [&mut second, &mut removed] {
            later.retain(|&index| {
                let put = write.rows.get(index).and_then(|row| puts_of_unit.get(&row.unit));
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
        self.write(write, prepared, second, attempt, &mut outcomes, deadline).await?;
        self.each_row(&removed, write, &mut outcomes, |row| self.remove(prepared, row, deadline)).await?;
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or(RowOutcome::Stale)).collect())
    }

    /// Writes rows in as few statements as can be, on several connections, each key always on the same.
    async fn write(
        &self,
        write: &Write,
        prepared: &PreparedTarget,
        mut pending: Vec<usize>,
        attempt: Attempt,
        outcomes: &mut [Option<RowOutcome>],
        deadline: Deadline,
    ) -> Result<()> {
        for encoding in 0..ENCODINGS_MAX {
            if pending.is_empty() {
                return Ok(());
            }
            if encoding > 0 {
                self.refresh_columns(prepared, deadline).await?;
            }
            let rows: Vec<(usize, &PlannedRow)> =
                pending.iter().filter_map(|&index| Some((index, write.rows.get(index)?))).collect();
            let mut sent = self.encode(prepared, &rows, deadline).await?;
            sent.retain(|row| {
                let Some(error) = row.rejection(prepared) else { return true };
                if let Some(slot) = outcomes.get_mut(row.index) {
                    *slot = Some(RowOutcome::Refused(Arc::new(error)));
                }
                false
            });
            let is_last = encoding + 1 == ENCODINGS_MAX;
            let lanes = lanes(sent, self.server.connections_max);
            let writing = lanes
                .into_iter()
                .map(|lane| self.write_lane(prepared, lane, attempt, encoding > 0, deadline));
            pending.clear();
            for (index, outcome) in try_join_all(writing).await?.into_iter().flatten() {
                let outcome = match outcome {
                    SentOutcome::Applied => RowOutcome::Applied,
                    SentOutcome::Stale => RowOutcome::Stale,
                    SentOutcome::Misplaced(error) if is_last => RowOutcome::Refused(error),
                    SentOutcome::Misplaced(_) => {
                        pending.push(index);
                        continue;
                    }
                    SentOutcome::Refused(error) => RowOutcome::Refused(error),
                };
                if let Some(slot) = outcomes.get_mut(index) {
                    *slot = Some(outcome);
                }
            }
        }
        Ok(())
    }

    /// Writes the rows of one connection, one statement after the other. Refused rows are isolated only when
    /// `encoded_anew`: at first, the columns may be what is wrong.
    async fn write_lane(
        &self,
        prepared: &PreparedTarget,
        lane: Vec<Sent<'_>>,
        attempt: Attempt,
        encoded_anew: bool,
        deadline: Deadline,
    ) -> Result<Vec<(usize, SentOutcome)>> {
        let mut done = Vec::with_capacity(lane.len());
        let mut parts = statements(&lane);
        parts.reverse();
        let mut silent: HashMap<usize, u32> = HashMap::new();
        while let Some(part) = parts.pop() {
            match self.send(prepared, part, attempt, deadline).await {
                Ok(written) => {
                    for row in part {
                        match written.get(&row.identity) {
                            Some(true) => done.push((row.index, SentOutcome::Applied)),
                            Some(false) => done.push((row.index, SentOutcome::Stale)),
                            None => {
                                // left out without a word: sent alone, it says why
                                let times = silent.entry(row.index).or_default();
                                *times += u32::from(part.len() == 1);
                                if *times < SILENT_MAX {
                                    parts.push(std::slice::from_ref(row));
                                } else {
                                    let message = "The database leaves the row out and does not say why.";
                                    let error = Error::new(ErrorKind::Rejected, Code::NotWritten, message);
                                    done.push((row.index, SentOutcome::refused(error, encoded_anew)));
                                }
                            }
                        }
                    }
                }
                Err(error) if error.disposition() == Disposition::Park => {
                    if part.len() > 1 && encoded_anew {
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
                            if encoded_anew {
                                SentOutcome::Refused(error)
                            } else {
                                SentOutcome::Misplaced(error)
                            },
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
        prepared: &PreparedTarget,
        part: &[Sent<'_>],
        attempt: Attempt,
        deadline: Deadline,
    ) -> Result<HashMap<String, bool>> {
        let (size, binding) = (batch_rows(part.len()), &prepared.binding);
        let smallest = part.iter().min_by_key(|row| row.bytes());
        let repeated = smallest.into_iter().cycle().take(size - part.len());
        let rows: Vec<&EncodedRow<'_>> = part.iter().chain(repeated).map(|row| &row.row).collect();
        let statement =
            upsert(&binding.target, prepared.layout, &binding.key_names, &rows, Some(attempt.moment()));
        let parameters = parameters(&statement);
        let mut retry = self.server.retry(deadline);
        let rows = loop {
            self.statements.fetch_add(1, Ordering::Relaxed);
            match self.query(deadline, &statement.sql, &parameters).await {
                Err(error) if retry.again(&error).await => {}
                asked => break asked?,
            }
        };
        let sent: HashMap<&str, &str> =
            part.iter().map(|row| (row.identity.as_str(), row.row.row.version.as_str())).collect();
        let mut written = HashMap::with_capacity(rows.len());
        for row in &rows {
            let (identity, is_ours) = match prepared.layout {
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

    /// Deletes a row for good, unless it is newer.
    async fn remove(
        &self,
        prepared: &PreparedTarget,
        row: &PlannedRow,
        deadline: Deadline,
    ) -> Result<RowOutcome> {
        let mut retry = self.server.retry(deadline);
        loop {
            let removed = match prepared.layout {
                Layout::Managed => self.remove_guarded(prepared, row, deadline).await,
                Layout::Adopted { .. } => self.remove_adopted(prepared, row, deadline).await,
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

    async fn remove_guarded(
        &self,
        prepared: &PreparedTarget,
        row: &PlannedRow,
        deadline: Deadline,
    ) -> Result<RowOutcome> {
        let target = &prepared.binding.target;
        let read_version = read_version(target, row);
        for _ in 0..ROW_ATTEMPTS_MAX {
            self.statements.fetch_add(1, Ordering::Relaxed);
            let Some(found) = self.row_of(&read_version, deadline).await? else {
                return Ok(RowOutcome::Stale);
            };
            let (version, sequence, term): (Option<String>, i64, i64) =
                read(|| Ok((found.try_get(0)?, found.try_get(1)?, found.try_get(2)?)))?;
            if version.is_some_and(|version| version >= row.version) {
                return Ok(RowOutcome::Stale);
            }
            let delete = delete_row(target, row, Some(State { sequence, term }));
            if self.execute(deadline, &delete.sql, &parameters(&delete)).await? > 0 {
                return Ok(RowOutcome::Applied);
            }
        }
        Err(kept_writing())
    }

    async fn remove_adopted(
        &self,
        prepared: &PreparedTarget,
        row: &PlannedRow,
        deadline: Deadline,
    ) -> Result<RowOutcome> {
        let encoded = self.encode(prepared, &[(0, row)], deadline).await?;
        let Some(encoded) = encoded.first() else {
            return Ok(RowOutcome::Stale);
        };
        let binding = &prepared.binding;
        let Some(delete) = delete_adopted(&binding.target, &binding.key_names, &encoded.row) else {
            // what pk cannot hold was never written
            return Ok(RowOutcome::Stale);
        };
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.execute(deadline, &delete.sql, &parameters(&delete)).await.map(|_| RowOutcome::Applied)
    }

    /// Rows as they can be sent: every column that they need is there.
    pub(super) async fn encode<'r>(
        &self,
        prepared: &PreparedTarget,
        rows: &[(usize, &'r PlannedRow)],
        deadline: Deadline,
    ) -> Result<Vec<Sent<'r>>> {
        let encoded = self.with_columns(prepared, deadline, |columns, budget| {
            encode(rows.iter().map(|(_, row)| *row), prepared.layout, columns, budget)
        });
        let encoded = rows.iter().zip(encoded.await?);
        Ok(encoded.map(|((index, _), row)| Sent::new(*index, row, prepared.layout)).collect())
    }
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

    pub(super) fn moment(self) -> Timestamp {
        Timestamp(self.at.as_microsecond())
    }
}

/// What became of a row that was sent.
enum SentOutcome {
    Applied,
    Stale,
    /// Refused, perhaps only because the columns are not what they were taken for.
    Misplaced(Arc<Error>),
    Refused(Arc<Error>),
}

impl SentOutcome {
    fn refused(error: Error, encoded_anew: bool) -> Self {
        if encoded_anew { Self::Refused(Arc::new(error)) } else { Self::Misplaced(Arc::new(error)) }
    }
}
