//! Notices that an id came again with another document. Only what is stale is looked at: for what is new it costs
//! nothing.

use crate::deadline::Deadline;
use crate::decimal::is_same_value;
use crate::error::Result;
use crate::event::Key;
use crate::formats::collect::{HEAD, KEY};
use crate::json::Value;
use crate::pipeline::{Flow, known_target};
use crate::plan::merge;
use crate::record::Record;
use crate::report::{Outcome, Report};
use crate::sink::{Database, StoredRow};
use crate::source::{SourceIdentity, SourceTable};
use std::collections::{BTreeMap, HashMap};

/// Of more stale documents in a batch the others are not looked at: a sender that repeats so many repeats all.
const LOOKED_AT_MAX: usize = 1_000;

/// A stale document.
struct Stale {
    index: usize,
    key: String,
    document: Vec<(String, Value)>,
}

/// The indexes of the stale records whose documents differ from what is stored under their ids.
pub(super) async fn differing(
    flow: &Flow,
    sink: &Database,
    records: &[Record],
    report: &Report,
    deadline: Deadline,
) -> Vec<usize> {
    let settled = report.settled().zip(records).enumerate();
    let stale = settled.filter(|(_, (outcome, _))| *outcome == Outcome::Stale).take(LOOKED_AT_MAX);
    let mut tables: BTreeMap<String, Vec<Stale>> = BTreeMap::new();
    for (index, (_, record)) in stale {
        if let Some((table, stale)) = read(flow, index, record) {
            tables.entry(table).or_default().push(stale);
        }
    }
    if tables.is_empty() || deadline.is_within(crate::pipeline::MARGIN) {
        return Vec::new();
    }
    match Box::pin(compare(flow, sink, tables)).await {
        Ok(differing) => differing,
        Err(error) => {
            tracing::debug!(%error, "Whether repeated ids came with other documents is not known.");
            Vec::new()
        }
    }
}

/// The table of a record, its stored key and its document.
fn read(flow: &Flow, index: usize, record: &Record) -> Option<(String, Stale)> {
    let Ok(Value::Object(members)) = Value::parse(std::str::from_utf8(&record.payload).ok()?) else {
        return None;
    };
    let member = |members: &[(String, Value)], name: &str| {
        members.iter().find(|(member, _)| member == name).map(|(_, value)| value.clone())
    };
    let (Some(Value::Object(head)), Some(Value::Object(document))) =
        (member(&members, HEAD), member(&members, "document"))
    else {
        return None;
    };
    let Some(Value::String(table)) = member(&head, "table") else { return None };
    let id = Value::Object(vec![(KEY.to_owned(), member(&head, "id")?)]);
    let key = Key::from_json(&id.to_text()).ok()?;
    let key = flow.routes().key(SourceTable::new(&table, &SourceIdentity::default()), key);
    Some((table, Stale { index, key: key.as_str().to_owned(), document }))
}

async fn compare(flow: &Flow, sink: &Database, tables: BTreeMap<String, Vec<Stale>>) -> Result<Vec<usize>> {
    let targets = sink.targets().await?;
    let mut differing = Vec::new();
    for (table, stale) in tables {
        let identity = SourceIdentity::default();
        let Some(target) = known_target(flow.routes(), SourceTable::new(&table, &identity), &targets) else {
            continue;
        };
        let mut keys: Vec<String> = stale.iter().map(|stale| stale.key.clone()).collect();
        keys.sort();
        keys.dedup();
        let stored = sink.stored_rows(target, &keys).await?;
        let stored: HashMap<&str, &StoredRow> = stored.iter().map(|row| (row.key.as_str(), row)).collect();
        let differs =
            |stale: &&Stale| stored.get(stale.key.as_str()).is_some_and(|row| !is_same(row, &stale.document));
        differing.extend(stale.iter().filter(differs).map(|stale| stale.index));
    }
    differing.sort_unstable();
    Ok(differing)
}

/// Whether what is stored may be this document. Members that only one of them has tell nothing: a route may leave some
/// out.
fn is_same(stored: &StoredRow, document: &[(String, Value)]) -> bool {
    let row = &stored.row;
    let Ok((_, Some(Value::Object(stored)))) = merge(&row.pk, row.data.as_deref(), &row.aux) else {
        return true;
    };
    // of members with one name the last counts
    let sent: HashMap<&str, &Value> = document.iter().map(|(name, value)| (name.as_str(), value)).collect();
    stored.iter().all(|(name, value)| sent.get(name.as_str()).is_none_or(|sent| is_equal(value, sent)))
}

fn is_equal(stored: &Value, sent: &Value) -> bool {
    // a route may have made a document of its text
    is_same_value(stored, sent, |stored, sent| {
        matches!((stored, sent), (Value::Object(_) | Value::Array(_), Value::String(_)))
    })
}
