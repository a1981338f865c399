//! Records about the definition of tables: what they tell of keys and columns, and which tables were dropped.

use super::message::Message;
use crate::catalogue::TableSchema;
use crate::decode::change::Table;
use crate::decode::definition::drops_temporary;
use crate::decode::row;
use crate::decode::{Decoded, Reason};
use crate::error::Result;
use crate::event::ChangeEvent;
use crate::json::{Fault, Kind, Scanner};
use std::borrow::Cow;

/// What became of one table.
#[derive(Debug, Default)]
struct TableChange {
    is_drop: bool,
    table: Option<String>,
    key: Option<Vec<String>>,
    columns: Vec<(String, String)>,
}

/// What a record about the definition of tables says: which were dropped, and the key of one that was not. `table` is
/// what is known of the table of a name.
pub(super) fn schema_change<'t>(message: &Message<'_>, table: impl Fn(String) -> Table<'t>) -> Decoded {
    let mut changes = Vec::new();
    let read = Scanner::new(message.table_changes.unwrap_or("[]")).array(|scanner| {
        changes.push(table_change(scanner)?);
        Ok::<_, Fault>(())
    });
    if read.is_err() {
        return Decoded::Ignored(Reason::Control);
    }
    let (drops, mut others): (Vec<TableChange>, Vec<TableChange>) =
        changes.into_iter().partition(|change| change.is_drop);
    let told = others.pop().filter(|_| others.is_empty()).and_then(|change| schema(change, message));
    let drops = drops.into_iter().filter_map(|drop| drop.table);
    let events: Vec<ChangeEvent> = drops.filter_map(|name| dropped(message, &table(name))).collect();
    match (events.is_empty(), told) {
        (true, None) => Decoded::Ignored(Reason::Control),
        (true, Some(schema)) => Decoded::Schema(schema),
        (false, None) => Decoded::Events(events),
        (false, Some(schema)) => {
            Decoded::Parts(vec![Ok(Decoded::Events(events)), Ok(Decoded::Schema(schema))])
        }
    }
}

fn schema(change: TableChange, message: &Message<'_>) -> Option<TableSchema> {
    let (table, key, columns) = (change.table?, change.key?, change.columns);
    let observed_at = format!("{:020}", message.position.changed_at()?.0);
    Some(TableSchema { table, source: message.position.source(), key, columns, observed_at })
}

/// The truncate that a drop is; `None` for one that says nothing of the rows, or not where it stands.
fn dropped(message: &Message<'_>, table: &Table<'_>) -> Option<ChangeEvent> {
    let position = &message.position;
    // a snapshot begins with drops that nobody made, also where no rows follow (snapshot.mode=recovery)
    if position.is_of_snapshot() || message.ddl.as_deref().is_some_and(drops_temporary) {
        return None;
    }
    let version = || position.version_of_drop(table.epoch, table.record);
    match table.truncated(position.changed_at(), version) {
        Ok(Decoded::Events(mut events)) => events.pop(),
        Ok(Decoded::Ignored(_) | Decoded::Unrouted { .. } | Decoded::Schema(_) | Decoded::Parts(_))
        | Err(_) => None,
    }
}

fn table_change(scanner: &mut Scanner<'_>) -> Result<TableChange, Fault> {
    let mut change = TableChange::default();
    if scanner.peek()? != Kind::Object {
        scanner.skip()?;
        return Ok(change);
    }
    scanner.object(|scanner, name| {
        match (name.as_ref(), scanner.peek()?) {
            ("type", Kind::String) => change.is_drop = scanner.string()?.eq_ignore_ascii_case("drop"),
            ("id", Kind::String) => change.table = qualified(&scanner.string()?),
            ("table", Kind::Object) => scanner.object(|scanner, name| {
                match (name.as_ref(), scanner.peek()?) {
                    ("primaryKeyColumnNames", Kind::Array) => change.key = row::strings(scanner.skip()?),
                    ("columns", Kind::Array) => scanner.array(|scanner| {
                        change.columns.extend(column(scanner)?);
                        Ok::<_, Fault>(())
                    })?,
                    _ => drop(scanner.skip()?.len()),
                }
                Ok::<_, Fault>(())
            })?,
            _ => drop(scanner.skip()?.len()),
        }
        Ok::<_, Fault>(())
    })?;
    Ok(change)
}

/// Name and type of a column.
fn column(scanner: &mut Scanner<'_>) -> Result<Option<(String, String)>, Fault> {
    let (mut column, mut of) = (None, None);
    if scanner.peek()? != Kind::Object {
        return scanner.skip().map(|_| None);
    }
    scanner.object(|scanner, name| {
        match name.as_ref() {
            "name" => column = scanner.text()?.map(Cow::into_owned),
            "typeName" => of = scanner.text()?.map(Cow::into_owned),
            _ => drop(scanner.skip()?.len()),
        }
        Ok::<_, Fault>(())
    })?;
    Ok(column.zip(of))
}

/// `"db"."schema"."table"` as events name the table: the last two parts; `None` when there is no name.
fn qualified(id: &str) -> Option<String> {
    let inside = id.strip_prefix('"').and_then(|id| id.strip_suffix('"'));
    let parts: Vec<&str> = match inside {
        Some(inside) => inside.split("\".\"").collect(),
        None => id.split('.').collect(),
    };
    let named = parts.iter().all(|part| !part.is_empty());
    named.then(|| parts.get(parts.len().saturating_sub(2)..).unwrap_or_default().join("."))
}
