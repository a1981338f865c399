//! The dead-letter table: records that cannot be applied, kept so that the stream can go on.

use super::postgres::{Postgres, moment, settle};
use super::targets::ddl_error;
use super::{Cause, Deadline};
use crate::error::{Code, Result};
use crate::event::{Timestamp, hex};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio_postgres::types::ToSql;

/// A record, or one event of it, to be parked.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// The stream's ARN, else the input's path, else `-`.
    pub source: String,
    /// The record's position.
    pub position: String,
    /// The transport's sequence number, where the position is something else.
    pub sequence_number: Option<String>,
    /// The event's place among those of the record; 0 for a record that could not be decoded.
    pub sub: u32,
    /// The source's own identifier of the event.
    pub event_id: Option<String>,
    /// Kinesis: the partition key.
    pub partition_key: Option<String>,
    /// When the transport received it.
    pub arrived_at: Option<Timestamp>,
    /// `source.epoch` at the time.
    pub epoch: u16,
    /// The decoder that took it.
    pub decoder: Option<&'static str>,
    /// The source table, when known.
    pub table: Option<String>,
    /// The canonical key, when known.
    pub key: Option<String>,
    /// A stable word for what happened.
    pub code: String,
    /// What happened, for a person.
    pub message: String,
    /// The payload as received, unless `dead_letters.payload = "none"`. One letter of a record has it for all.
    pub payload: Option<Bytes>,
    /// SHA-256 of the payload, in hexadecimal digits.
    pub payload_sha256: String,
}

/// A dead letter as it lies in the table.
#[derive(Debug, Clone)]
pub struct ParkedLetter {
    /// Its number.
    pub id: i64,
    /// When it was first parked.
    pub parked_at: jiff::Timestamp,
    /// As [`DeadLetter::source`].
    pub source: String,
    /// As [`DeadLetter::position`].
    pub position: String,
    /// As [`DeadLetter::sequence_number`].
    pub sequence_number: Option<String>,
    /// As [`DeadLetter::sub`].
    pub sub: i32,
    /// As [`DeadLetter::event_id`].
    pub event_id: Option<String>,
    /// As [`DeadLetter::partition_key`].
    pub partition_key: Option<String>,
    /// As [`DeadLetter::arrived_at`].
    pub arrived_at: Option<jiff::Timestamp>,
    /// As [`DeadLetter::epoch`].
    pub epoch: i32,
    /// As [`DeadLetter::decoder`].
    pub decoder: Option<String>,
    /// As [`DeadLetter::table`].
    pub table: Option<String>,
    /// As [`DeadLetter::key`].
    pub key: Option<String>,
    /// As [`DeadLetter::code`].
    pub code: String,
    /// As [`DeadLetter::message`].
    pub message: String,
    /// As [`DeadLetter::payload_sha256`].
    pub payload_sha256: String,
    /// How often it was parked.
    pub attempts: i32,
    /// When it was applied after all.
    pub redriven_at: Option<jiff::Timestamp>,
}

/// Which dead letters are meant.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this source table.
    pub table: Option<String>,
    /// With this code, by whichever of its names they were parked.
    pub code: Option<String>,
    /// Of this canonical key.
    pub key: Option<String>,
    /// Parked since.
    pub since: Option<jiff::Timestamp>,
    /// With these numbers.
    pub ids: Option<Vec<i64>>,
    /// Only those that are not redriven yet.
    pub open: bool,
}

/// The longest names of a letter, in bytes, that stay as they are: an entry of an index has 2,704 in PostgreSQL.
const SOURCE_MAX: usize = 800;
const POSITION_MAX: usize = 800;
/// The same of its source table.
pub const LETTER_TABLE_MAX: usize = 500;
/// The same of its key.
pub const LETTER_KEY_MAX: usize = 1_500;

/// A text of more bytes than `most` by its beginning and its SHA-256, so that two of them stay two.
#[must_use]
pub fn bounded(text: String, most: usize) -> String {
    if text.len() <= most {
        return text;
    }
    let digest = hex(&Sha256::digest(&text));
    let end = (0..=most.saturating_sub(digest.len() + 3)).rev().find(|&at| text.is_char_boundary(at));
    format!("{}…{digest}", text.get(..end.unwrap_or_default()).unwrap_or_default())
}

impl DeadLetter {
    /// A source as letters name it.
    pub(super) fn bounded_source(source: &str) -> String {
        bounded(source.to_owned(), SOURCE_MAX)
    }

    /// The same with names that fit into an index.
    pub(super) fn bounded(&self) -> Self {
        Self {
            source: bounded(self.source.clone(), SOURCE_MAX),
            position: bounded(self.position.clone(), POSITION_MAX),
            table: self.table.clone().map(|table| bounded(table, LETTER_TABLE_MAX)),
            key: self.key.clone().map(|key| bounded(key, LETTER_KEY_MAX)),
            ..self.clone()
        }
    }
}

impl Filter {
    /// Whether it leaves any letter out, beside those that are done.
    #[must_use]
    pub fn selects(&self) -> bool {
        let Self { table, code, key, since, ids, open: _ } = self;
        table.is_some() || code.is_some() || key.is_some() || since.is_some() || ids.is_some()
    }

    /// All names of its code.
    pub(super) fn codes(&self) -> Option<Vec<&str>> {
        self.code.as_deref().map(Code::all_names)
    }

    /// The same with names as letters have them.
    pub(super) fn bounded(&self) -> Self {
        Self {
            table: self.table.clone().map(|table| bounded(table, LETTER_TABLE_MAX)),
            key: self.key.clone().map(|key| bounded(key, LETTER_KEY_MAX)),
            ..self.clone()
        }
    }
}

/// What letters say of keys: as they are, as the dead-letter table names them now, and as it named them before names
/// were bounded.
pub(super) fn names_of_keys(keys: &[(String, String)]) -> HashMap<(String, String), (String, String)> {
    let mut names = HashMap::new();
    for (table, key) in keys {
        let own = || (table.clone(), key.clone());
        names.insert((bounded(table.clone(), LETTER_TABLE_MAX), bounded(key.clone(), LETTER_KEY_MAX)), own());
        names.insert(own(), own());
    }
    names
}

/// A text that PostgreSQL can store: it has no NUL.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn subs<'l>(letters: impl Iterator<Item = &'l DeadLetter>) -> Vec<i32> {
    letters.map(|letter| i32::try_from(letter.sub).unwrap_or(i32::MAX)).collect()
}

fn interval(duration: Duration) -> String {
    format!("{} seconds", duration.as_secs())
}

impl Postgres {
    pub(super) async fn blocked_once(
        &self,
        keys: &[(String, String)],
        deadline: Deadline,
    ) -> Result<HashSet<(String, String)>> {
        // the target was prepared, and the dead letters' table with it
        let client = self.client(deadline).await?;
        let sql = self.fill_own(include_str!("../../sql/postgres/blocked_keys.sql"), &[]);
        let names = names_of_keys(keys);
        let (tables, keys): (Vec<&str>, Vec<&str>) =
            names.keys().map(|(table, key)| (table.as_str(), key.as_str())).unzip();
        let result = self.bounded(&client, deadline, client.query(&sql, &[&tables, &keys])).await;
        let rows = settle(client, result)?;
        let found: HashSet<(String, String)> = rows
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<_, _>>()
            .map_err(ddl_error)?;
        Ok(found.iter().filter_map(|name| names.get(name).cloned()).collect())
    }

    pub(super) async fn parked_lately_once(
        &self,
        source: &str,
        cause: Cause<'_>,
        letters: &[DeadLetter],
        deadline: Deadline,
    ) -> Result<u64> {
        let client = self.client_for_own_tables(deadline).await?;
        let sql = self.fill_own(include_str!("../../sql/postgres/parked_lately.sql"), &[]);
        let source = bounded(storable(source), SOURCE_MAX);
        let position = |letter: &DeadLetter| bounded(storable(&letter.position), POSITION_MAX);
        let positions: Vec<String> = letters.iter().map(position).collect();
        let digests: Vec<&str> = letters.iter().map(|letter| letter.payload_sha256.as_str()).collect();
        let (is_fault, table) = match cause {
            Cause::Poison => (false, None),
            Cause::Fault(table) => (true, table.map(|table| bounded(storable(table), LETTER_TABLE_MAX))),
        };
        let parameters: [&(dyn ToSql + Sync); 6] =
            [&source, &positions, &digests, &is_fault, &Code::fault_names(), &table];
        let result = self.bounded(&client, deadline, client.query_one(&sql, &parameters)).await;
        let count: i64 = settle(client, result)?.try_get(0).map_err(ddl_error)?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    pub(super) async fn park_once(&self, letters: &[DeadLetter], deadline: Deadline) -> Result<()> {
        let client = self.client_for_own_tables(deadline).await?;
        let letters: Vec<DeadLetter> = letters.iter().map(DeadLetter::bounded).collect();
        let mut seen = HashSet::new();
        // a record that came twice in the batch is parked once
        let letters: Vec<&DeadLetter> = letters
            .iter()
            .filter(|letter| {
                let (source, position) = (storable(&letter.source), storable(&letter.position));
                seen.insert((source, position, letter.sub, &letter.payload_sha256))
            })
            .collect();
        let text = |of: fn(&DeadLetter) -> &str| -> Vec<String> {
            letters.iter().map(|letter| storable(of(letter))).collect()
        };
        let optional = |of: fn(&DeadLetter) -> Option<&str>| -> Vec<Option<String>> {
            letters.iter().map(|letter| of(letter).map(storable)).collect()
        };
        let subs = subs(letters.iter().copied());
        let arrived: Vec<_> = letters.iter().map(|letter| moment(letter.arrived_at)).collect();
        let epochs: Vec<i32> = letters.iter().map(|letter| i32::from(letter.epoch)).collect();
        let payloads: Vec<Option<&[u8]>> = letters.iter().map(|letter| letter.payload.as_deref()).collect();
        let parameters: [&(dyn ToSql + Sync); 15] = [
            &text(|letter| &letter.source),
            &text(|letter| &letter.position),
            &subs,
            &optional(|letter| letter.event_id.as_deref()),
            &optional(|letter| letter.partition_key.as_deref()),
            &arrived,
            &epochs,
            &optional(|letter| letter.decoder),
            &optional(|letter| letter.table.as_deref()),
            &optional(|letter| letter.key.as_deref()),
            &text(|letter| &letter.code),
            &text(|letter| &letter.message),
            &payloads,
            &text(|letter| &letter.payload_sha256),
            &optional(|letter| letter.sequence_number.as_deref()),
        ];
        let sql = self.fill_own(include_str!("../../sql/postgres/park.sql"), &[]);
        let result = self.bounded(&client, deadline, client.execute(&sql, &parameters)).await;
        settle(client, result)?;
        Ok(())
    }

    /// Deletes dead letters that are older than `dead_letters.retention`, except what patches wait behind: how many.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub async fn expire_dead_letters(&self) -> Result<u64> {
        let mut client = self.client(Deadline::never()).await?;
        self.ensure_own_tables(&mut client).await?;
        let sql = self.fill_own(include_str!("../../sql/postgres/expire_dead_letters.sql"), &[]);
        client.execute(&sql, &[&interval(self.dead_letter_retention)]).await.map_err(ddl_error)
    }

    /// The payload of a letter's record, as received; `None` where it was not kept.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn payload(&self, letter: &ParkedLetter) -> Result<Option<Vec<u8>>> {
        let client = self.client(Deadline::never()).await?;
        let sql = self.fill_own(include_str!("../../sql/postgres/read_payload.sql"), &[]);
        let parameters: [&(dyn ToSql + Sync); 4] =
            [&letter.id, &letter.source, &letter.position, &letter.payload_sha256];
        let row = client.query_opt(&sql, &parameters).await.map_err(ddl_error)?;
        row.map_or(Ok(None), |row| row.try_get(0)).map_err(ddl_error)
    }

    /// Dead letters by `filter`, by number, at most `limit` of those behind the number `after`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn dead_letters(&self, filter: &Filter, after: i64, limit: i64) -> Result<Vec<ParkedLetter>> {
        let filter = filter.bounded();
        let mut client = self.client(Deadline::never()).await?;
        self.ensure_own_tables(&mut client).await?;
        let sql = self.fill_own(include_str!("../../sql/postgres/list_dead_letters.sql"), &[]);
        let parameters: [&(dyn ToSql + Sync); 8] = [
            &filter.table,
            &filter.codes(),
            &filter.key,
            &filter.since,
            &filter.ids,
            &filter.open,
            &after,
            &limit,
        ];
        let rows = client.query(&sql, &parameters).await.map_err(ddl_error)?;
        let read = |row: &tokio_postgres::Row| {
            Ok(ParkedLetter {
                id: row.try_get(0)?,
                parked_at: row.try_get(1)?,
                source: row.try_get(2)?,
                position: row.try_get(3)?,
                sub: row.try_get(4)?,
                event_id: row.try_get(5)?,
                partition_key: row.try_get(6)?,
                arrived_at: row.try_get(7)?,
                epoch: row.try_get(8)?,
                decoder: row.try_get(9)?,
                table: row.try_get(10)?,
                key: row.try_get(11)?,
                code: row.try_get(12)?,
                message: row.try_get(13)?,
                payload_sha256: row.try_get(14)?,
                attempts: row.try_get(15)?,
                redriven_at: row.try_get(16)?,
                sequence_number: row.try_get(17)?,
            })
        };
        rows.iter().map(read).collect::<Result<_, _>>().map_err(ddl_error)
    }

    /// Marks dead letters as redriven.
    ///
    /// # Errors
    /// When they cannot be marked.
    pub async fn mark_redriven(&self, ids: &[i64]) -> Result<()> {
        let sql = self.fill_own(include_str!("../../sql/postgres/mark_redriven.sql"), &[]);
        let client = self.client(Deadline::never()).await?;
        client.execute(&sql, &[&ids]).await.map(drop).map_err(ddl_error)
    }

    /// Deletes dead letters: how many.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub async fn discard(&self, ids: &[i64]) -> Result<u64> {
        let sql = self.fill_own(include_str!("../../sql/postgres/discard_dead_letters.sql"), &[]);
        let client = self.client(Deadline::never()).await?;
        client.execute(&sql, &[&ids]).await.map_err(ddl_error)
    }
}
