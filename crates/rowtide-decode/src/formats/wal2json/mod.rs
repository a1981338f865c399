//! Changes of a PostgreSQL database as the output plugin wal2json writes them: format 2 (a record a row) and format 1
//! (a record a transaction, with a `change` array).
//!
//! * Table: `schema.table`; `table` alone with `include-schemas=false`.
//! * Key: the route's `key`, else `pk` (`include-pk=true`). Its values before an update or delete are in the replica
//!   identity: `identity`, in format 1 `oldkeys`. Another value there than in the row is a changed key: a delete of the
//!   old and a put of the new one.
//! * Image: an insert is full. An update lacks what is stored out of line (TOAST) and did not change, and does not say
//!   so: what the identity has of it is taken from there. It is a patch, unless the route says `images = "full"`, or
//!   the identity has columns beyond the key and every column of the update, as `REPLICA IDENTITY FULL` makes it.
//!   Format 1 leaves nulls out of the identity, so that a whole one may look like that of an index: then the patch has
//!   every column, since what is neither sent nor in the identity would have to be null, and nulls are sent.
//! * Version: format 2 `w.EEEE.1.<lsn>`, the place of the change in the log with 16 hexadecimal digits: changes of one
//!   row never overlap, so it orders them, though not transactions. Format 1 `w.EEEE.1.<nextlsn>.<place>`, the end of
//!   the transaction, and the place in `change` with 8 digits.
//! * Values: `bytea` becomes base64, `json` and `jsonb` become documents, numbers that come as text
//!   (`numeric-data-types-as-string`) become numbers again. Arrays, ranges, composite values, dates and times stay the
//!   text that the server writes.
//!
//! What cannot be promised: without full images, patches converge only when each row's changes arrive in order; and an
//! update that changes the key and leaves a value out of line alone loses that value. `REPLICA IDENTITY USING INDEX`
//! with columns beyond the key looks like FULL where all other columns were left out. NaN and Infinity arrive as null
//! unless `numeric-data-types-as-string=true`. After a failover positions may start anew, and the two formats count
//! differently: raise `source.epoch`.
//!
//! # Source
//! wal2json, README, "Parameters" and "Examples", and its `wal2json.c`: which columns are left out, that `lsn` is that
//! of the change and `nextlsn` that of the transaction's end, how values are quoted. PostgreSQL Documentation, "ALTER
//! TABLE … REPLICA IDENTITY", "pg_lsn Type", "TOAST".

mod message;
mod value;

use crate::catalogue::{Catalogue, Identity};
use crate::decode::change::{self, Before, Operation, RowChange, Table};
use crate::decode::row::{self, Completeness, Row};
use crate::decode::{Decoded, Decoder, Decoding, LazyObject, Reason, Settings};
use crate::error::{Code, Error, Result};
use crate::event::{Key, Timestamp};
use crate::json::{Kind, Scanner};
use crate::record::Record;
use crate::source::SourceIdentity;
use crate::version::{Rank, Version};
use message::{Around, Message, no_change_record, position};
use std::collections::BTreeMap;
use value::{Column, add, bad_columns, names};

/// Records of wal2json, of both formats.
#[derive(Debug, Default)]
pub struct Wal2json(Settings);

impl Wal2json {
    /// A decoder.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

/// What may stand around the changes.
const AROUND: [&str; 5] = ["xid", "timestamp", "origin", "lsn", "nextlsn"];

impl Decoder for Wal2json {
    fn name(&self) -> &'static str {
        "wal2json"
    }

    fn about(&self) -> &'static str {
        "wal2json, a plugin of PostgreSQL: format 1 and 2"
    }

    fn types_keys(&self) -> bool {
        true
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        // nothing else is in such a record, so that one of one's own is not taken for it
        let alone = || object.len() == 1 + AROUND.iter().filter(|name| object.has(name)).count();
        match object.string("action").as_deref() {
            Some("B" | "C") => alone(),
            Some("I" | "U" | "D" | "T") => object.member("table") == Some(Kind::String),
            Some("M") => object.has("prefix") && object.has("content"),
            Some(_) => false,
            None => object.member("change") == Some(Kind::Array) && alone(),
        }
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, record, catalogue };
        decoding.decoded(object).map_err(|error| {
            let mut change = Message::default();
            row::readable_members(object, |name, value| change.member(name, value));
            match change.table() {
                Ok(table) => {
                    decoding.table(table, SourceIdentity::of_stream(&record.source)).about(error, None)
                }
                Err(_) => error,
            }
        })
    }
}

impl<'d> Decoding<'d, Wal2json> {
    fn decoded(&self, object: &LazyObject<'_>) -> Result<Decoded> {
        let mut around = Around::of(SourceIdentity::of_stream(&self.record.source));
        let mut change = Message::default();
        let (mut action, mut changes) = (None, None);
        row::members(object, |name, value| match name {
            "action" => action = Some(value),
            "change" => changes = Some(value),
            "timestamp" => around.timestamp = Some(value),
            "lsn" => around.lsn = Some(value),
            "nextlsn" => around.nextlsn = Some(value),
            _ => change.member(name, value),
        })?;
        let operation = match (row::string(action).as_deref(), changes) {
            (Some("B" | "C" | "M"), _) => return Ok(Decoded::Ignored(Reason::Control)),
            (Some("I"), _) => Operation::Insert,
            (Some("U"), _) => Operation::Update,
            (Some("D"), _) => Operation::Delete,
            (Some("T"), _) => Operation::Truncate,
            (None, Some(changes)) if changes.starts_with('[') => return self.transaction(&around, changes),
            _ => return Err(no_change_record()),
        };
        self.part(&around, operation, &change, None)
    }

    fn table(&self, name: String, source: SourceIdentity) -> Table<'d> {
        Table::new(self, &self.decoder.0, name, source)
    }

    /// A transaction of format 1: each change stands for itself.
    fn transaction(&self, around: &Around<'_>, changes: &str) -> Result<Decoded> {
        let mut parts = Vec::new();
        let mut unrouted: BTreeMap<String, SourceIdentity> = BTreeMap::new();
        let mut place = 0;
        Scanner::new(changes).array(|scanner| {
            match self.change(around, scanner.skip()?, place) {
                // all changes of the transaction have one place in the log, or none of them has
                Err(error) if error.code() == Code::MissingVersion => return Err(error),
                // each of these tables once
                Ok(Decoded::Unrouted { table, source }) => drop(unrouted.insert(table, source)),
                Ok(Decoded::Ignored(_)) => {}
                part => parts.push(part),
            }
            if parts.len() + unrouted.len() > self.decoder.0.bounds.parts() {
                return Err(row::too_large());
            }
            place += 1;
            Ok(())
        })?;
        parts.extend(unrouted.into_iter().map(|(table, source)| Ok(Decoded::Unrouted { table, source })));
        match parts.len() {
            0 => Ok(Decoded::Ignored(Reason::Control)),
            1 => parts.swap_remove(0),
            _ => Ok(Decoded::Parts(parts)),
        }
    }

    /// A change of a transaction.
    fn change(&self, around: &Around<'_>, text: &str, place: u32) -> Result<Decoded> {
        let mut change = Message::default();
        row::members(&LazyObject::of(text.as_bytes()), |name, value| change.member(name, value))?;
        let operation = match row::string(change.kind).as_deref() {
            Some("insert") => Operation::Insert,
            Some("update") => Operation::Update,
            Some("delete") => Operation::Delete,
            Some("truncate") => Operation::Truncate,
            Some("message") => return Ok(Decoded::Ignored(Reason::Control)),
            _ => {
                let error = Error::poison(Code::UnknownOperation, "The kind of a change is unknown.");
                return Err(match change.table() {
                    Ok(table) => self.table(table, around.source.clone()).about(error, None),
                    Err(_) => error,
                });
            }
        };
        self.part(around, operation, &change, Some(place))
    }

    /// What a change comes to.
    fn part(
        &self,
        around: &Around<'_>,
        operation: Operation,
        change: &Message<'_>,
        place: Option<u32>,
    ) -> Result<Decoded> {
        let table = self.table(change.table()?, around.source.clone());
        if table.is_left_out() {
            return Ok(table.unrouted());
        }
        let (now, old) = (change.image(), change.identity());
        change::part(&Wal2jsonRow { table: &table, around, operation, change, place, now, old })
    }
}

/// A change of a row.
struct Wal2jsonRow<'a> {
    table: &'a Table<'a>,
    around: &'a Around<'a>,
    operation: Operation,
    change: &'a Message<'a>,
    /// Its place in a transaction of format 1.
    place: Option<u32>,
    /// The row as it is, as far as it was sent.
    now: Result<Option<Vec<Column<'a>>>>,
    /// Its replica identity before the change.
    old: Result<Option<Vec<Column<'a>>>>,
}

impl<'a> Wal2jsonRow<'a> {
    fn now(&self) -> Result<&[Column<'a>]> {
        self.now.as_ref().map(|now| now.as_deref().unwrap_or_default()).map_err(|_| bad_columns())
    }

    /// The columns of the old row of an update or delete: at least those that make the key.
    fn old(&self, identity: &Identity) -> Result<&[Column<'a>]> {
        let table = self.table.name();
        let incomplete = |what: &str| {
            let advice = "Set REPLICA IDENTITY FULL on the table";
            Error::poison(
                Code::NoBeforeImage,
                format!("The old row of a change of {table} {what}. {advice}."),
            )
        };
        let old = self.old.as_ref().map_err(|_| bad_columns())?.as_deref();
        let old = old.ok_or_else(|| incomplete("was not sent"))?;
        let known = names(old);
        match identity {
            Identity::Columns(names) => match names.iter().find(|name| !known.contains(name.as_str())) {
                Some(name) => Err(incomplete(&format!("lacks {name}, which is part of the key"))),
                None => Ok(old),
            },
            Identity::Row if self.change.identity.is_none() => Err(Error::poison(
                Code::NoBeforeImage,
                format!(
                    "The old row of a change of {table} lacks its nulls, and with keyless = \"row\" all columns are \
                     its key. Set `format-version=2`."
                ),
            )),
            Identity::Row if self.operation == Operation::Update && !names(self.now()?).is_subset(&known) => {
                Err(incomplete("is not whole, and with keyless = \"row\" all columns are its key"))
            }
            Identity::Row | Identity::Position => Ok(old),
        }
    }
}

impl RowChange for Wal2jsonRow<'_> {
    fn table(&self) -> &Table<'_> {
        self.table
    }

    fn operation(&self) -> Result<Operation> {
        Ok(self.operation)
    }

    fn version(&self) -> Result<Version> {
        let lsn = if self.place.is_some() { self.around.nextlsn } else { self.around.lsn };
        let version = Version::new('w', self.table.epoch, Rank::Positioned).number(position(lsn)?);
        Ok(match self.place {
            Some(place) => version.index(place),
            None => version,
        })
    }

    fn changed_at(&self) -> Option<Timestamp> {
        self.around.changed_at()
    }

    fn row_index(&self) -> Option<u32> {
        self.place
    }

    fn key_columns(&self) -> Result<Option<Vec<String>>> {
        self.change.key()
    }

    fn read(&self, row: &mut Row<'_>) -> Result<()> {
        let now = self.now()?;
        row.reserve(256);
        if self.operation == Operation::Delete {
            add(row, self.old(row.identity())?, |_| true)?;
            row.image = if row.has_document() { Completeness::Whole } else { Completeness::Part };
            return Ok(());
        }
        if matches!(self.now, Ok(None)) {
            return Err(bad_columns());
        }
        if self.operation == Operation::Update {
            row.image = Completeness::Unsure;
        }
        add(row, now, |_| true)
    }

    /// The replica identity. What an update leaves out did not change: it is taken from there.
    fn before<'i>(&self, row: &mut Row<'i>) -> Result<Before<'i>> {
        let (now, old) = (self.now()?, self.old(row.identity())?);
        let mut before = row.before();
        add(&mut before, old, |_| true)?;
        let (sent, known) = (names(now), names(old));
        add(row, old, |name| !sent.contains(name))?;
        if sent.is_subset(&known) && known.iter().any(|name| !row.is_key(name)) {
            row.image = Completeness::Whole;
        }
        Ok(Before::Row(before))
    }

    fn may_be_put(&self, row: &Row<'_>) -> Result<()> {
        if row.has_document() {
            return Ok(());
        }
        Err(Error::poison(
            Code::PartialKeyChange,
            format!(
                "The key of a row of {} changed, and no other column was sent: what is stored out of line may be \
                 missing. Set REPLICA IDENTITY FULL on the table, or, if it has no such columns, images = \"full\" in \
                 its route.",
                self.table.name()
            ),
        ))
    }

    /// The key is in the row, and mostly in the replica identity too.
    fn readable_key(&self) -> Option<Key> {
        let identity = self.identity().ok()?;
        let images = [&self.now, &self.old].into_iter().filter_map(|image| image.as_ref().ok()?.as_ref());
        images.map(Vec::as_slice).find_map(|columns| {
            let mut row = Row::of_key(&identity);
            add(&mut row, columns, |_| true).ok()?;
            row.key().ok()
        })
    }
}

#[cfg(test)]
mod tests;
