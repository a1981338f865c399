//! The dead-letter table: records that cannot be applied, kept so that the stream can go on.

use super::Postgres;
use super::errors::ddl_error;
use crate::deadline::Deadline;
use crate::error::{Code, Result};
use crate::plan::fill;
use crate::sink::contract::Cause;
use crate::sink::letters::{
    DeadLetter, Filter, LETTER_TABLE_MAX, POSITION_MAX, ParkedLetter, SOURCE_MAX, bounded, names_of_keys,
    read_count,
};
use crate::sink::wire::moment;
use crate::sink::wire::server::settle;
use crate::sink::wire::time::{left, milliseconds};
use deadpool_postgres::Object;
use std::collections::HashSet;
use std::time::Duration;
use tokio_postgres::types::ToSql;

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
        let sql = self.fill_own(include_str!("../../../sql/postgres/blocked_keys.sql"), &[]);
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
        let sql = self.fill_own(include_str!("../../../sql/postgres/parked_lately.sql"), &[]);
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
            &text(|letter| letter.code.as_str()),
            &text(|letter| &letter.message),
            &payloads,
            &text(|letter| &letter.payload_sha256),
            &optional(|letter| letter.sequence_number.as_deref()),
        ];
        let sql = self.fill_own(include_str!("../../../sql/postgres/park.sql"), &[]);
        let result = self.bounded(&client, deadline, client.execute(&sql, &parameters)).await;
        settle(client, result)?;
        Ok(())
    }

    /// Deletes dead letters that are older than `dead_letters.retention`, except those of the source tables in `except`
    /// and what patches wait behind: how many.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub async fn expire_dead_letters(&self, except: &[String], deadline: Deadline) -> Result<u64> {
        let client = self.client_for_own_tables(deadline).await?;
        let sql = self.fill_own(include_str!("../../../sql/postgres/expire_dead_letters.sql"), &[]);
        let age = interval(self.dead_letter_retention);
        self.delete_letters(client, &sql, &[&age, &except], deadline).await
    }

    /// Deletes letters while nobody else parks or deletes any: the letters of one record share its payload, and whoever
    /// deletes the one that has it must see all that stay.
    async fn delete_letters(
        &self,
        mut client: Object,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
        deadline: Deadline,
    ) -> Result<u64> {
        let lock = self.fill_own(include_str!("../../../sql/postgres/lock_dead_letters.sql"), &[]);
        let token = client.cancel_token();
        let work = async {
            let transaction = client.transaction().await.map_err(ddl_error)?;
            if let Some(left) = left(deadline)? {
                let milliseconds = milliseconds(left);
                let limit = include_str!("../../../sql/postgres/limit_statement.sql");
                let limit = fill(limit, &[("milliseconds", &milliseconds)]);
                transaction.batch_execute(&limit).await.map_err(ddl_error)?;
            }
            transaction.batch_execute(&lock).await.map_err(ddl_error)?;
            let deleted = transaction.execute(sql, parameters).await.map_err(ddl_error)?;
            transaction.commit().await.map_err(ddl_error)?;
            Ok(deleted)
        };
        let deleted = self.within(token, deadline, work).await;
        settle(client, deleted)
    }

    /// The payload of a letter's record, as received; `None` where it was not kept.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn payload(&self, letter: &ParkedLetter) -> Result<Option<Vec<u8>>> {
        let client = self.client(Deadline::never()).await?;
        let sql = self.fill_own(include_str!("../../../sql/postgres/read_payload.sql"), &[]);
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
        let mut client = self.client(Deadline::never()).await?;
        self.ensure_own_tables(&mut client).await?;
        let sql = self.fill_own(include_str!("../../../sql/postgres/list_dead_letters.sql"), &[]);
        let page = filter.page(after, limit);
        let rows = client.query(&sql, &page.parameters()).await.map_err(ddl_error)?;
        rows.iter().map(ParkedLetter::read).collect::<Result<_, _>>().map_err(ddl_error)
    }

    /// How many dead letters `filter` selects, by their codes, the most frequent first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn count_dead_letters(&self, filter: &Filter) -> Result<Vec<(String, u64)>> {
        let mut client = self.client(Deadline::never()).await?;
        self.ensure_own_tables(&mut client).await?;
        let sql = self.fill_own(include_str!("../../../sql/postgres/count_dead_letters.sql"), &[]);
        let rows = client.query(&sql, &filter.all().selection()).await.map_err(ddl_error)?;
        rows.iter().map(read_count).collect::<Result<_, _>>().map_err(ddl_error)
    }

    /// Marks dead letters as redriven.
    ///
    /// # Errors
    /// When they cannot be marked.
    pub async fn mark_redriven(&self, ids: &[i64]) -> Result<()> {
        let sql = self.fill_own(include_str!("../../../sql/postgres/mark_redriven.sql"), &[]);
        let client = self.client(Deadline::never()).await?;
        client.execute(&sql, &[&ids]).await.map(drop).map_err(ddl_error)
    }

    /// Deletes dead letters: how many.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub async fn discard(&self, ids: &[i64]) -> Result<u64> {
        let sql = self.fill_own(include_str!("../../../sql/postgres/discard_dead_letters.sql"), &[]);
        let client = self.client(Deadline::never()).await?;
        self.delete_letters(client, &sql, &[&ids], Deadline::never()).await
    }
}
