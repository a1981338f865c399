//! Dead letters: records that cannot be applied, kept so that the stream can go on.

use crate::error::{Code, Result};
use crate::event::{Timestamp, hex};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
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
    /// What happened, as a word.
    pub code: Code,
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
    /// As [`DeadLetter::code`], or as an earlier version called it.
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

impl ParkedLetter {
    /// As both databases answer; the sequence number came later.
    pub(super) fn read(row: &tokio_postgres::Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
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
    }
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
pub(super) const SOURCE_MAX: usize = 800;

pub(super) const POSITION_MAX: usize = 800;

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

/// How many letters have a code, as both databases answer.
pub(super) fn read_count(row: &tokio_postgres::Row) -> Result<(String, u64), tokio_postgres::Error> {
    let count: i64 = row.try_get(1)?;
    Ok((row.try_get(0)?, u64::try_from(count).unwrap_or_default()))
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

    /// All that it selects.
    pub(super) fn all(&self) -> Page<'_> {
        self.page(i64::MIN, i64::MAX)
    }

    /// The letters that are read at once: those behind the number `after`, at most `limit`.
    pub(super) fn page(&self, after: i64, limit: i64) -> Page<'_> {
        Page {
            filter: self,
            table: self.table.clone().map(|table| bounded(table, LETTER_TABLE_MAX)),
            codes: self.code.as_deref().map(Code::all_names),
            key: self.key.clone().map(|key| bounded(key, LETTER_KEY_MAX)),
            after,
            limit,
        }
    }
}

/// A filter in the words of the table, and a place in it.
pub(super) struct Page<'f> {
    filter: &'f Filter,
    table: Option<String>,
    /// All names of its code.
    codes: Option<Vec<&'f str>>,
    key: Option<String>,
    after: i64,
    limit: i64,
}

impl Page<'_> {
    pub(super) fn parameters(&self) -> [&(dyn ToSql + Sync); 8] {
        let [table, codes, key, since, ids, open] = self.selection();
        [table, codes, key, since, ids, open, &self.after, &self.limit]
    }

    /// The same of all pages.
    pub(super) fn selection(&self) -> [&(dyn ToSql + Sync); 6] {
        let Filter { since, ids, open, .. } = self.filter;
        [&self.table, &self.codes, &self.key, since, ids, open]
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
