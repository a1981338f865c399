//! Whether the sink has what an archive has, row by row. An archive is of one moment: what the sink has from later is
//! newer, and no difference.

use super::beside::DECODER;
use super::compare::{Comparer, Kind};
use super::durable::durable;
use super::verify::{DIFFERENCES_MAX, Difference, KEYS, Verified, explained};
use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::pipeline::{Flow, known_target, process};
use crate::record::Record;
use crate::route::MERGED;
use crate::rules::glob;
use crate::sink::{Database, KnownTarget};
use std::collections::HashSet;

/// The rows of a run of an archive, which are compared with the sink page by page.
pub struct Archived<'a> {
    database: &'a Database,
    target: &'a KnownTarget,
    table: String,
    flow: Flow,
    comparer: Comparer<'a>,
    /// Whether the archive has every row that its table had.
    is_whole: bool,
    rows: u64,
    found: Vec<(String, Kind)>,
}

/// What differed when the archive was read to its end.
pub struct Compared {
    /// What came of it so far.
    pub verified: Verified,
    found: Vec<(String, Kind)>,
}

impl<'a> Archived<'a> {
    /// Begins with the first records of a run; `known` are the [targets](Database::targets) of the database, `exported`
    /// is the ARN of the table of DynamoDB that it is of.
    ///
    /// # Errors
    /// When nothing was ever written for its table, or the records cannot be read.
    pub fn begin(
        config: &Config,
        database: &'a Database,
        known: &'a [KnownTarget],
        exported: Option<&str>,
        first: &[Record],
    ) -> Result<Self> {
        let mut config = config.clone();
        let make = |config: &mut Config| match exported {
            Some(arn) => Flow::of_export(config, arn, known),
            None => {
                DECODER.clone_into(&mut config.source.decoder);
                Flow::new(config)
            }
        };
        let flow = make(&mut config)?;
        let nothing = || Error::config("The archive has no row that a route takes.");
        let mut chunk = flow.batch(first).chunk().ok_or_else(nothing)?;
        if let Some(failure) = chunk.failure.take() {
            return Err(failure);
        }
        let event = &chunk.changes.first().ok_or_else(nothing)?.event;
        let table = event.table.clone();
        let target = known_target(flow.routes(), event.source_table(), known).ok_or_else(|| {
            Error::config(format!("Nothing was ever written for {table}: there is no target of it."))
        })?;
        let epoch = u16::try_from(target.epoch).unwrap_or_default();
        config.source.epoch = config.source.epoch.max(epoch);
        let is_part = config
            .snapshot
            .tables
            .iter()
            .any(|it| glob(&it.name, &table) && (it.filter.is_some() || it.query.is_some()));
        Ok(Self {
            database,
            target,
            table,
            flow: make(&mut config)?.without_archive(),
            comparer: Comparer::new(database, target).forgiving_newer(),
            // what other sources brought is not too much
            is_whole: !is_part && target.source != MERGED,
            rows: 0,
            found: Vec::new(),
        })
    }

    /// The table, as its stream names it.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Compares the next records.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn page(&mut self, records: &[Record]) -> Result<()> {
        durable(process(&self.flow, &self.comparer, records, Deadline::never()).await)?;
        self.rows += u64::try_from(records.len()).unwrap_or_default();
        let room = DIFFERENCES_MAX.saturating_sub(self.found.len());
        self.found.extend(self.comparer.take().into_iter().take(room));
        Ok(())
    }

    /// Ends the comparison behind the last record, and looks for rows that the sink has too much.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn finish(mut self) -> Result<Compared> {
        self.comparer.sort_keys();
        self.is_whole &= !self.comparer.has_nameless();
        if self.is_whole {
            self.look_for_extra().await?;
        }
        let verified = Verified {
            rows: self.rows,
            differences: u64::try_from(self.found.len()).unwrap_or_default(),
            is_whole: self.is_whole,
            has_more: self.found.len() >= DIFFERENCES_MAX,
            newer: self.comparer.newer(),
        };
        Ok(Compared { verified, found: self.found })
    }

    async fn look_for_extra(&mut self) -> Result<()> {
        let mut after = String::new();
        while self.found.len() < DIFFERENCES_MAX {
            let keys = self.database.live_keys(self.target, &after, KEYS).await?;
            let Some(last) = keys.last() else { break };
            after.clone_from(last);
            let unknown: Vec<String> = keys.into_iter().filter(|key| !self.comparer.has_key(key)).collect();
            if unknown.is_empty() {
                continue;
            }
            for row in self.database.stored_rows(self.target, &unknown).await? {
                if !row.row.deleted && !self.comparer.is_newer(&row.version) {
                    self.found.push((row.key, Kind::Extra));
                }
            }
        }
        Ok(())
    }
}

impl Compared {
    /// What differs here, and did so the first time, too, with what is parked of each row.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn lasting(
        mut self,
        first: &Self,
        table: &str,
        database: &Database,
    ) -> Result<(Verified, Vec<Difference>)> {
        let before: HashSet<&str> = first.found.iter().map(|(key, _)| key.as_str()).collect();
        let mut differences = Vec::new();
        for (key, kind) in self.found.drain(..).filter(|(key, _)| before.contains(key.as_str())) {
            differences.push(explained(database, table, (key, kind)).await?);
        }
        self.verified.differences = u64::try_from(differences.len()).unwrap_or_default();
        Ok((self.verified, differences))
    }
}
