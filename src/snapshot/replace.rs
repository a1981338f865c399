//! What an earlier load brought and this one did not see is gone at the source: it becomes a delete, one tick below
//! this run. So rows that this run wrote, and all that the stream wrote, stay whatever happens in between.

use super::durable::durable;
use super::head::Head;
use super::table::Described;
use crate::deadline::Deadline;
use crate::error::Result;
use crate::pipeline::{Flow, known_target, process};
use crate::sink::{Database, Sink, Store as _};
use crate::source::SourceTable;
use std::collections::HashSet;

/// Rows that are looked for at a time.
const PAGE: i64 = 5_000;

/// What is replaced, and by whom.
pub(super) struct Replacing<'a, S> {
    pub(super) flow: &'a Flow,
    pub(super) sink: &'a S,
    /// The database behind the sink.
    pub(super) books: &'a Database,
    pub(super) head: &'a Head,
    pub(super) table: &'a Described,
    /// The version of the rows of this run.
    pub(super) version: String,
}

/// Removes the rows that this run did not see: how many. A row whose change is parked is not gone, only not written.
///
/// # Errors
/// When the target cannot be read, or a delete is not durable: the same run may be gone on with.
pub(super) async fn remove<S: Sink>(replacing: &Replacing<'_, S>) -> Result<u64> {
    let Replacing { flow, sink, books, head, table, version } = replacing;
    let never = Deadline::never();
    let of = SourceTable::new(&table.name, &table.source);
    let known = books.targets().await?;
    // nothing was ever written there
    let Some(target) = known_target(flow.routes(), of, &known) else { return Ok(0) };
    let (mut after, mut seen, mut removed) = (String::new(), 0, 0);
    loop {
        let found = books.older_rows(target, version, &after, PAGE).await?;
        let Some((last, _)) = found.last() else { return Ok(removed) };
        after.clone_from(last);
        let letters: Vec<(String, String)> =
            found.iter().map(|(key, _)| (table.name.clone(), key.clone())).collect();
        let parked: HashSet<(String, String)> = books.blocked(&letters, never).await?;
        let gone: Vec<&str> = found
            .iter()
            .filter(|(key, _)| !parked.contains(&(table.name.clone(), key.clone())))
            .map(|(_, pk)| pk.as_str())
            .collect();
        let records = head.of_gone(gone.into_iter(), seen);
        seen += u64::try_from(records.len()).unwrap_or_default();
        let became = durable(process(flow, *sink, &records, never).await)?;
        removed += u64::try_from(became.applied).unwrap_or_default();
    }
}
