//! What an operator looks at first. Nothing is changed, and no table is read for longer than a moment.

use super::Cratedb;
use super::errors::read;
use crate::deadline::Deadline;
use crate::error::{ErrorKind, Result};
use crate::plan::cratedb::{alter_dead_letters, alter_registry};
use crate::plan::{fill, relation};
use crate::route::{DEAD_LETTERS, REGISTRY, SCHEMAS, STATE};
use crate::sink::registry::KnownTarget;
use crate::sink::status::{
    COUNTING_MAX, Hindrance, Home, Letters, Merged, OTHER_SOURCE, OwnTable, Rows, Status, TargetStatus,
    Unread, attributed, is_of_table, own_table, storage_is_gone, whole,
};

impl Cratedb {
    pub(in crate::sink) async fn status(&self, merged: Merged<'_>) -> Result<Status> {
        let never = Deadline::never();
        let server = self.query(never, include_str!("../../../sql/cratedb/inspect_server.sql"), &[]).await?;
        let (version, at) = match server.first() {
            Some(row) => read(|| Ok((row.try_get(0)?, row.try_get(1)?)))?,
            None => (String::new(), jiff::Timestamp::UNIX_EPOCH),
        };
        let own_tables = self.own_tables_found().await?;
        let is_there = |name| own_tables.iter().any(|table| table.name == name && table.exists);
        let home = self.home(is_there(REGISTRY)).await?;
        let mut unread = Vec::new();
        let targets = match is_there(REGISTRY) {
            true => self.unless_unread(REGISTRY, self.targets_found(Deadline::never()).await, &mut unread)?,
            false => Some(Vec::new()),
        };
        let letters = match is_there(DEAD_LETTERS) {
            true => self.unless_unread(DEAD_LETTERS, self.parked_found().await, &mut unread)?,
            false => Some(Vec::new()),
        };
        let targets = match targets {
            Some(targets) => Some(self.statuses(targets).await?),
            None => None,
        };
        let parked = letters.map(|letters| attributed(&letters, targets.as_deref(), merged));
        Ok(Status { version, at, home, own_tables, targets, parked, unread })
    }

    async fn home(&self, has_registry: bool) -> Result<Home> {
        let never = Deadline::never();
        let sql = include_str!("../../../sql/cratedb/has_schema.sql");
        let rows = self.query(never, sql, &[&self.schema]).await?;
        let tables: i64 = rows.first().map_or(Ok(0), |row| read(|| row.try_get(0)))?;
        let others = match has_registry {
            true => Vec::new(),
            false => {
                let sql = include_str!("../../../sql/cratedb/homes.sql");
                let rows = self.query(never, sql, &[&REGISTRY]).await?;
                rows.iter().map(|row| read(|| row.try_get(0))).collect::<Result<_>>()?
            }
        };
        Ok(Home { schema: self.schema.clone(), exists: tables > 0, comes_by_itself: true, others })
    }

    async fn own_tables_found(&self) -> Result<Vec<OwnTable>> {
        let own: [(&'static str, &[&str], String); 4] = [
            (REGISTRY, &["source_identity", "key_types"], alter_registry(&self.schema)),
            (DEAD_LETTERS, &["sequence_number"], alter_dead_letters(&self.schema)),
            (SCHEMAS, &[], String::new()),
            (STATE, &[], String::new()),
        ];
        let mut tables = Vec::new();
        for (name, needs, statement) in own {
            let described = self.describe(&self.schema, name, Deadline::never()).await?;
            let columns: Vec<String> =
                needs.iter().filter(|column| described.has(column)).map(|it| (*it).to_owned()).collect();
            let exists = !described.columns.is_empty();
            tables.push(own_table(name, exists.then_some(&*columns), needs, &statement));
        }
        Ok(tables)
    }

    async fn parked_found(&self) -> Result<Vec<Letters>> {
        let sql = self.fill_own(include_str!("../../../sql/cratedb/status_parked.sql"), &[]);
        let rows = self.query(Deadline::never(), &sql, &[&OTHER_SOURCE]).await?;
        rows.iter().map(|row| read(|| Letters::read(row))).collect()
    }

    /// What was read of an own table; that it could not be read stands in `unread`.
    fn unless_unread<T>(&self, name: &str, read: Result<T>, unread: &mut Vec<Unread>) -> Result<Option<T>> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) if is_of_table(&error) => {
                let table = format!("{}.{name}", self.schema);
                unread.push(Unread { table, why: error.message().to_owned() });
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn statuses(&self, targets: Vec<KnownTarget>) -> Result<Vec<TargetStatus>> {
        let mut found = Vec::new();
        for target in targets {
            found.push(self.status_of(target).await?);
        }
        Ok(found)
    }

    async fn status_of(&self, target: KnownTarget) -> Result<TargetStatus> {
        let sql = include_str!("../../../sql/cratedb/present.sql");
        let names = [&target.table, &target.storage];
        let present = self.query(Deadline::never(), sql, &[&target.schema, &names.as_slice()]).await?;
        let present: Vec<String> =
            present.iter().map(|row| read(|| row.try_get(0))).collect::<Result<_>>()?;
        let is_shown = present.contains(&target.table);
        if !target.is_adopted() && !present.contains(&target.storage) {
            return Ok(storage_is_gone(target, is_shown));
        }
        let rows = self.rows_of(&target).await.map_err(|error| error.message().to_owned());
        Ok(TargetStatus { rows, target, is_shown, unfit: Vec::new() })
    }

    async fn rows_of(&self, target: &KnownTarget) -> Result<Rows> {
        let (template, name) = match target.is_adopted() {
            true => (include_str!("../../../sql/cratedb/status_adopted.sql"), &target.table),
            false => (include_str!("../../../sql/cratedb/status_rows.sql"), &target.storage),
        };
        let table = relation(&target.schema, name);
        let is_deleted = if target.is_guarded() { "t.deleted" } else { "false" };
        let sql = fill(template, &[("storage", &table), ("is_deleted", is_deleted)]);
        match self.query(Deadline::after(COUNTING_MAX), &sql, &[]).await {
            Ok(rows) => {
                let Some(row) = rows.first() else { return Ok(Rows::default()) };
                read(|| match target.is_adopted() {
                    true => Rows::read_adopted(row),
                    false => Rows::read(row, target.is_soft()),
                })
            }
            // it takes too long: the shards know how many rows they have
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                let sql = include_str!("../../../sql/cratedb/status_estimate.sql");
                let rows = self.query(Deadline::never(), sql, &[&target.schema, name]).await?;
                let all = rows.first().map(|row| read(|| row.try_get::<_, Option<i64>>(0))).transpose()?;
                let hindrance = Some(Hindrance::Slow);
                Ok(Rows { hindrance, ..Rows::of(all.flatten().map(whole), None, target.is_soft()) })
            }
            Err(error) => Err(error),
        }
    }
}
