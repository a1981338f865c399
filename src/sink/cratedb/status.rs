//! What an operator looks at first. Nothing is changed, and no table is read for longer than a moment.

use super::Cratedb;
use super::errors::read;
use crate::deadline::Deadline;
use crate::error::{ErrorKind, Result};
use crate::plan::{fill, relation};
use crate::route::{DEAD_LETTERS, REGISTRY, SCHEMAS};
use crate::sink::registry::KnownTarget;
use crate::sink::status::{COUNTING_MAX, OwnTable, Parked, Rows, Status, TargetStatus, own_table, whole};

impl Cratedb {
    pub(in crate::sink) async fn status(&self) -> Result<Status> {
        let never = Deadline::never();
        let server = self.query(never, include_str!("../../../sql/cratedb/inspect_server.sql"), &[]).await?;
        let (version, at) = match server.first() {
            Some(row) => read(|| Ok((row.try_get(0)?, row.try_get(1)?)))?,
            None => (String::new(), jiff::Timestamp::UNIX_EPOCH),
        };
        let own_tables = self.own_tables_found().await?;
        let is_there = |name| own_tables.iter().any(|table| table.name == name && table.exists);
        let targets = if is_there(REGISTRY) { self.targets_found().await? } else { Vec::new() };
        let parked = if is_there(DEAD_LETTERS) { self.parked_found().await? } else { Vec::new() };
        let mut found = Vec::new();
        for target in targets {
            let rows = self.rows_of(&target).await;
            let rows = rows.map_err(|error| error.message().to_owned());
            found.push(TargetStatus { rows, target, unfit: Vec::new() });
        }
        Ok(Status { version, at, own_tables, targets: found, parked })
    }

    async fn own_tables_found(&self) -> Result<Vec<OwnTable>> {
        let own: [(&'static str, &[&str]); 3] = [
            (REGISTRY, &["source_identity", "key_types"]),
            (DEAD_LETTERS, &["sequence_number"]),
            (SCHEMAS, &[]),
        ];
        let mut tables = Vec::new();
        for (name, needs) in own {
            let described = self.describe(&self.schema, name, Deadline::never()).await?;
            let columns: Vec<String> =
                needs.iter().filter(|column| described.has(column)).map(|it| (*it).to_owned()).collect();
            let exists = !described.columns.is_empty();
            tables.push(own_table(name, exists.then_some(&*columns), needs));
        }
        Ok(tables)
    }

    async fn parked_found(&self) -> Result<Vec<Parked>> {
        let sql = self.fill_own(include_str!("../../../sql/cratedb/status_parked.sql"), &[]);
        let rows = self.query(Deadline::never(), &sql, &[]).await?;
        rows.iter().map(|row| read(|| Parked::read(row))).collect()
    }

    async fn rows_of(&self, target: &KnownTarget) -> Result<Rows> {
        let (is_managed, deadline) = (!target.is_adopted(), Deadline::after(COUNTING_MAX));
        let name = if is_managed { &target.storage } else { &target.table };
        let table = relation(&target.schema, name);
        let template = match is_managed {
            true => include_str!("../../../sql/cratedb/status_rows.sql"),
            false => include_str!("../../../sql/cratedb/status_adopted.sql"),
        };
        let counted = self.query(deadline, &fill(template, &[("storage", &table)]), &[]).await;
        match counted {
            Ok(rows) => {
                let Some(row) = rows.first() else { return Ok(Rows::default()) };
                read(|| match is_managed {
                    true => Rows::read(row, target.is_soft()),
                    false => Ok(Rows { live: whole(row.try_get(0)?), ..Rows::default() }),
                })
            }
            // it takes too long: the shards know how many rows they have
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                let sql = include_str!("../../../sql/cratedb/status_estimate.sql");
                let rows = self.query(Deadline::never(), sql, &[&target.schema, name]).await?;
                let all = rows.first().map(|row| read(|| row.try_get::<_, Option<i64>>(0))).transpose()?;
                let live = whole(all.flatten().unwrap_or_default());
                Ok(Rows { live, is_estimate: true, ..Rows::default() })
            }
            Err(error) => Err(error),
        }
    }
}
