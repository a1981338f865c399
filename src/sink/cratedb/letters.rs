//! The dead-letter table on CrateDB. A letter's number is a digest of what identifies it: there is no sequence, and
//! what is found by its whole primary key is found at once, not only after the next refresh.

use super::Cratedb;
use super::errors::read;
use crate::deadline::Deadline;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::plan::fill;
use crate::route::DEAD_LETTERS;
use crate::sink::contract::Cause;
use crate::sink::letters::{
    DeadLetter, Filter, LETTER_TABLE_MAX, ParkedLetter, bounded, names_of_keys, read_count,
};
use crate::sink::wire::moment;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashSet};
use tokio_postgres::types::ToSql;

/// An indexed text ends at 32,766 bytes.
const TEXT_BYTES_MAX: usize = 8_000;
/// How far back `parked_lately` looks.
const LATELY_MS: i64 = 600_000;

/// The number of a letter: 63 bits, so that even a million letters hardly share one.
fn number(letter: &DeadLetter) -> i64 {
    let mut digest = Sha256::new();
    for part in [&letter.source, &letter.position, &letter.payload_sha256] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.update(letter.sub.to_be_bytes());
    let bytes = digest.finalize();
    let number = bytes.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    i64::try_from(number >> 1).unwrap_or_default()
}

/// A text that an index can hold.
fn storable(text: &str) -> String {
    bounded(text.to_owned(), TEXT_BYTES_MAX)
}

/// How often a letter is looked at that others change while it is to be deleted.
const DISCARD_ATTEMPTS_MAX: u32 = 20;

impl Cratedb {
    pub(super) async fn blocked_once(
        &self,
        keys: &[(String, String)],
        deadline: Deadline,
    ) -> Result<HashSet<(String, String)>> {
        let sql = self.fill_own(include_str!("../../../sql/cratedb/blocked_keys.sql"), &[]);
        let names = names_of_keys(keys);
        let keys: HashSet<&str> = names.keys().map(|(_, key)| key.as_str()).collect();
        let keys: Vec<&str> = keys.into_iter().collect();
        let rows = self.query(deadline, &sql, &[&keys]).await?;
        let mut blocked = HashSet::new();
        for row in &rows {
            let (table, key): (Option<String>, String) = read(|| Ok((row.try_get(0)?, row.try_get(1)?)))?;
            blocked.extend(names.get(&(table.unwrap_or_default(), key)).cloned());
        }
        Ok(blocked)
    }

    pub(super) async fn parked_lately_once(
        &self,
        source: &str,
        cause: Cause<'_>,
        letters: &[DeadLetter],
        deadline: Deadline,
    ) -> Result<u64> {
        self.ensure_own_tables(deadline).await?;
        let sql = self.fill_own(include_str!("../../../sql/cratedb/parked_lately.sql"), &[]);
        let since = jiff::Timestamp::now().as_millisecond() - LATELY_MS;
        let since = jiff::Timestamp::from_millisecond(since).unwrap_or(jiff::Timestamp::MIN);
        let letters: Vec<DeadLetter> = letters.iter().map(DeadLetter::bounded).collect();
        let own: Vec<String> =
            letters.iter().map(|letter| format!("{} {}", letter.position, letter.payload_sha256)).collect();
        let source = DeadLetter::bounded_source(source);
        let faults = Code::fault_names();
        let (cause, table) = match cause {
            Cause::Poison => ("not code = any($4)", None),
            Cause::Fault(table) => (
                "code = any($4) and coalesce(\"table\", '') = $5",
                Some(table.map(|table| bounded(table.to_owned(), LETTER_TABLE_MAX)).unwrap_or_default()),
            ),
        };
        let sql = fill(&sql, &[("cause", cause)]);
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&source, &since, &own, &faults];
        if let Some(table) = &table {
            parameters.push(table);
        }
        let rows = self.query(deadline, &sql, &parameters).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| read(|| row.try_get(0)))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    pub(super) async fn park_once(&self, letters: &[DeadLetter], deadline: Deadline) -> Result<()> {
        self.ensure_own_tables(deadline).await?;
        let sql = self.fill_own(include_str!("../../../sql/cratedb/park.sql"), &[]);
        let now = jiff::Timestamp::now();
        let mut seen = HashSet::new();
        for letter in letters {
            let id = number(letter);
            // a record that came twice in the batch is parked once
            if !seen.insert(id) {
                continue;
            }
            let letter = letter.bounded();
            let text = |text: &Option<String>| text.as_deref().map(storable);
            let sub = i32::try_from(letter.sub).unwrap_or(i32::MAX);
            let arrived = moment(letter.arrived_at);
            let parameters: [&(dyn ToSql + Sync); 17] = [
                &id,
                &now,
                &storable(&letter.source),
                &storable(&letter.position),
                &sub,
                &text(&letter.event_id),
                &text(&letter.partition_key),
                &arrived,
                &i32::from(letter.epoch),
                &letter.decoder,
                &text(&letter.table),
                &text(&letter.key),
                &storable(letter.code.as_str()),
                &storable(&letter.message),
                &letter.payload.as_ref().map(|payload| STANDARD.encode(payload)),
                &letter.payload_sha256,
                &text(&letter.sequence_number),
            ];
            if self.execute(deadline, &sql, &parameters).await? == 0 {
                let message = "The database does not store a dead letter, and does not say why.";
                return Err(Error::new(ErrorKind::Unavailable, Code::Unavailable, message));
            }
        }
        // parking is rare, and what waits behind a letter must see it
        self.refresh_letters(deadline).await
    }

    async fn refresh_letters(&self, deadline: Deadline) -> Result<()> {
        self.refresh_by(deadline, &self.own(DEAD_LETTERS)).await
    }

    /// The keys of a source table that have a parked record.
    pub(super) async fn parked_keys(&self, source: &str) -> Result<HashSet<String>> {
        self.refresh_letters(Deadline::never()).await?;
        let sql = self.fill_own(include_str!("../../../sql/cratedb/parked_keys.sql"), &[]);
        let rows = self.query(Deadline::never(), &sql, &[&source]).await?;
        rows.iter().map(|row| read(|| row.try_get(0))).collect()
    }

    /// Deletes dead letters that are older than `dead_letters.retention`, except those of the source tables in `except`
    /// and what patches wait behind: how many.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub async fn expire_dead_letters(&self, except: &[String], deadline: Deadline) -> Result<u64> {
        self.ensure_own_tables(deadline).await?;
        self.refresh_letters(deadline).await?;
        let age = i64::try_from(self.dead_letter_retention.as_millis()).unwrap_or(i64::MAX);
        let before = jiff::Timestamp::now().as_millisecond().saturating_sub(age);
        let before = jiff::Timestamp::from_millisecond(before).unwrap_or(jiff::Timestamp::MIN);
        let sql = self.fill_own(include_str!("../../../sql/cratedb/expired_dead_letters.sql"), &[]);
        let rows = self.query(deadline, &sql, &[&before]).await?;
        // keys whose patches wait: what they wait behind stays
        let waiting = Filter { code: Some(Code::Blocked.to_string()), open: true, ..Filter::default() };
        let mut blocked: HashSet<(Option<String>, Option<String>)> = HashSet::new();
        let mut after = 0;
        loop {
            let page = self.dead_letters(&waiting, after, 1_000).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            blocked.extend(page.into_iter().map(|letter| (letter.table, letter.key)));
        }
        let mut gone = BTreeMap::new();
        for row in &rows {
            let (id, table, key): (i64, Option<String>, Option<String>) =
                read(|| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))?;
            let (code, redriven): (String, bool) = read(|| Ok((row.try_get(3)?, row.try_get(4)?)))?;
            if table.as_ref().is_some_and(|table| except.contains(table)) {
                continue;
            }
            if redriven || (Code::named(&code) != Some(Code::Blocked) && !blocked.contains(&(table, key))) {
                gone.insert(id, ());
            }
        }
        self.discard(&gone.into_keys().collect::<Vec<_>>()).await
    }

    /// Dead letters by `filter`, by number, at most `limit` of those behind the number `after`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn dead_letters(&self, filter: &Filter, after: i64, limit: i64) -> Result<Vec<ParkedLetter>> {
        let never = Deadline::never();
        self.ensure_own_tables(never).await?;
        self.refresh_letters(never).await?;
        let sql = self.fill_own(include_str!("../../../sql/cratedb/list_dead_letters.sql"), &[]);
        let rows = self.query(never, &sql, &filter.page(after, limit).parameters()).await?;
        rows.iter().map(|row| read(|| ParkedLetter::read(row))).collect()
    }

    /// How many dead letters `filter` selects, by their codes, the most frequent first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn count_dead_letters(&self, filter: &Filter) -> Result<Vec<(String, u64)>> {
        let never = Deadline::never();
        self.ensure_own_tables(never).await?;
        self.refresh_letters(never).await?;
        let sql = self.fill_own(include_str!("../../../sql/cratedb/count_dead_letters.sql"), &[]);
        let rows = self.query(never, &sql, &filter.all().selection()).await?;
        rows.iter().map(|row| read(|| read_count(row))).collect()
    }

    /// The payload of a letter's record, as received; `None` where it was not kept.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn payload(&self, letter: &ParkedLetter) -> Result<Option<Vec<u8>>> {
        let sql = self.fill_own(include_str!("../../../sql/cratedb/read_payload.sql"), &[]);
        let parameters: [&(dyn ToSql + Sync); 4] =
            [&letter.id, &letter.source, &letter.position, &letter.payload_sha256];
        let rows = self.query(Deadline::never(), &sql, &parameters).await?;
        let payload: Option<String> = rows.first().map_or(Ok(None), |row| read(|| row.try_get(0)))?;
        Ok(payload.and_then(|payload| STANDARD.decode(payload).ok()))
    }

    /// Deletes a letter, unless somebody else did: whether it is gone by this. The payload that it has for all letters
    /// of its record goes to one that stays before; a letter that is given one meanwhile is looked at again.
    async fn discard_one(&self, id: i64, gone: &[i64]) -> Result<bool> {
        let never = Deadline::never();
        let held = self.fill_own(include_str!("../../../sql/cratedb/held_payload.sql"), &[]);
        let delete = self.fill_own(include_str!("../../../sql/cratedb/discard_dead_letter.sql"), &[]);
        for _ in 0..DISCARD_ATTEMPTS_MAX {
            let rows = self.query(never, &held, &[&id]).await?;
            let Some(row) = rows.first() else { return Ok(false) };
            let (sequence, term): (i64, i64) = read(|| Ok((row.try_get(4)?, row.try_get(5)?)))?;
            if let Some(payload) = read(|| row.try_get::<_, Option<String>>(3))? {
                let record: (String, String, String) =
                    read(|| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))?;
                self.hand_over(&record, &payload, gone).await?;
            }
            if self.execute(never, &delete, &[&id, &sequence, &term]).await? > 0 {
                return Ok(true);
            }
        }
        let message = format!("Other workers keep changing the dead letter {id}.");
        Err(Error::new(ErrorKind::Contended, Code::Contended, message))
    }

    /// Gives the payload of a record to one of its letters that stays, if there is one.
    async fn hand_over(
        &self,
        (source, position, digest): &(String, String, String),
        payload: &str,
        gone: &[i64],
    ) -> Result<()> {
        let never = Deadline::never();
        let sql = self.fill_own(include_str!("../../../sql/cratedb/letters_of_record.sql"), &[]);
        let rows = self.query(never, &sql, &[source, position, digest]).await?;
        for row in &rows {
            let heir: i64 = read(|| row.try_get(0))?;
            let sql = self.fill_own(include_str!("../../../sql/cratedb/take_payload.sql"), &[]);
            // none, if it is gone by now
            if !gone.contains(&heir) && self.execute(never, &sql, &[&heir, &payload]).await? > 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Marks dead letters as redriven.
    ///
    /// # Errors
    /// When they cannot be marked.
    pub async fn mark_redriven(&self, ids: &[i64]) -> Result<()> {
        let sql = self.fill_own(include_str!("../../../sql/cratedb/mark_redriven.sql"), &[]);
        let now = jiff::Timestamp::now();
        for id in ids {
            self.execute(Deadline::never(), &sql, &[id, &now]).await?;
        }
        self.refresh_letters(Deadline::never()).await
    }

    /// Deletes dead letters: how many.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub async fn discard(&self, ids: &[i64]) -> Result<u64> {
        let mut discarded = 0;
        for id in ids {
            discarded += u64::from(self.discard_one(*id, ids).await?);
        }
        self.refresh_letters(Deadline::never()).await?;
        Ok(discarded)
    }
}
