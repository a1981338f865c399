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

mod column;

use super::{Decoded, Decoder, Decoding, Origin, Outline, Reason, Row, Settings, row};
use crate::catalogue::{Catalogue, Identity};
use crate::error::{Error, Result};
use crate::event::{Change, ChangeEvent, Document, Key, Patch, Timestamp, token};
use crate::json::{Kind, Scanner};
use crate::record::Record;
use crate::source::{SourceIdentity, SourceTable};
use crate::version::{Rank, Version, arrival};
use column::{Column, Lists, add, bad_columns, columns};
use std::collections::HashSet;

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

    fn recognises(&self, outline: &Outline<'_>) -> bool {
        // nothing else is in such a record, so that one of one's own is not taken for it
        let alone = || outline.len() == 1 + AROUND.iter().filter(|name| outline.has(name)).count();
        match outline.string("action").as_deref() {
            Some("B" | "C") => alone(),
            Some("I" | "U" | "D" | "T") => outline.member("table") == Some(Kind::String),
            Some("M") => outline.has("prefix") && outline.has("content"),
            Some(_) => false,
            None => outline.member("change") == Some(Kind::Array) && alone(),
        }
    }

    fn decode(&self, record: &Record, outline: &Outline<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, record, catalogue };
        decoding.decoded(record, outline).map_err(|error| {
            let mut change = ChangeText::default();
            row::readable_members(outline, |name, value| change.member(name, value));
            match change.table() {
                Ok(table) => {
                    error.about(&table, None).of_source(Whole::of(record, Around::default()).source.as_str())
                }
                Err(_) => error,
            }
        })
    }
}

impl Decoding<'_, Wal2json> {
    fn decoded(&self, record: &Record, outline: &Outline<'_>) -> Result<Decoded> {
        let mut around = Around::default();
        let mut change = ChangeText::default();
        let (mut action, mut changes) = (None, None);
        row::members(outline, |name, value| match name {
            "action" => action = Some(value),
            "change" => changes = Some(value),
            "timestamp" => around.timestamp = Some(value),
            "lsn" => around.lsn = Some(value),
            "nextlsn" => around.nextlsn = Some(value),
            _ => change.member(name, value),
        })?;
        let action = match (row::string(action).as_deref(), changes) {
            (Some("B" | "C" | "M"), _) => return Ok(Decoded::Ignored(Reason::Control)),
            (Some("I"), _) => Action::Insert,
            (Some("U"), _) => Action::Update,
            (Some("D"), _) => Action::Delete,
            (Some("T"), _) => Action::Truncate,
            (None, Some(changes)) if changes.starts_with('[') => {
                return self.transaction(&Whole::of(record, around), changes);
            }
            _ => return Err(no_change_record()),
        };
        self.part(&Whole::of(record, around), action, &change, None)
    }
}

fn no_change_record() -> Error {
    Error::poison("not_a_change_record", "The record is JSON, but no record of wal2json.")
}

/// What stands around the changes.
#[derive(Debug, Default)]
struct Around<'a> {
    timestamp: Option<&'a str>,
    lsn: Option<&'a str>,
    nextlsn: Option<&'a str>,
}

impl Around<'_> {
    /// The time of the commit, as in `2019-12-29 04:58:34.806671+00`.
    fn changed_at(&self) -> Option<Timestamp> {
        let time: jiff::Timestamp = row::string(self.timestamp)?.parse().ok()?;
        Some(Timestamp(time.as_microsecond()))
    }
}

/// What the changes of a record have in common.
#[derive(Debug)]
struct Whole<'a> {
    record: &'a Record,
    source: SourceIdentity,
    around: Around<'a>,
}

impl<'a> Whole<'a> {
    fn of(record: &'a Record, around: Around<'a>) -> Self {
        Self { record, source: SourceIdentity::of_stream(&record.source), around }
    }
}

/// A place in the log, as in `0/16B2458`.
fn position(lsn: Option<&str>) -> Result<u64> {
    let lsn = row::string(lsn).ok_or_else(|| {
        let message = "The record has no place in the log, which orders it. Set `include-lsn=true`.";
        Error::poison("missing_version", message)
    })?;
    let half = |digits: &str| {
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    };
    let parsed = lsn.split_once('/').and_then(|(high, low)| Some((half(high)?, half(low)?)));
    let (high, low) = parsed.ok_or_else(|| {
        Error::poison("missing_version", "The record's place in the log is not of the form 0/16B2458.")
    })?;
    Ok(u64::from(high) << 32 | u64::from(low))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Insert,
    Update,
    Delete,
    Truncate,
}

/// One change, its members still text. Format 1 has lists side by side where format 2 has a list of columns.
#[derive(Debug, Default)]
struct ChangeText<'a> {
    kind: Option<&'a str>,
    schema: Option<&'a str>,
    table: Option<&'a str>,
    pk: Option<&'a str>,
    columns: Option<&'a str>,
    identity: Option<&'a str>,
    lists: Lists<'a>,
    oldkeys: Option<&'a str>,
}

impl<'a> ChangeText<'a> {
    fn member(&mut self, name: &str, value: &'a str) {
        let place = match name {
            "kind" => &mut self.kind,
            "schema" => &mut self.schema,
            "table" => &mut self.table,
            "pk" => &mut self.pk,
            "columns" => &mut self.columns,
            "identity" => &mut self.identity,
            "columnnames" => &mut self.lists.names,
            "columntypes" => &mut self.lists.types,
            "columnvalues" => &mut self.lists.values,
            "oldkeys" => &mut self.oldkeys,
            _ => return,
        };
        *place = Some(value);
    }

    fn table(&self) -> Result<String> {
        let table = row::string(self.table).ok_or_else(no_change_record)?;
        match (row::present(self.schema), row::string(self.schema)) {
            (_, Some(schema)) => Ok(format!("{schema}.{table}")),
            (None, None) => Ok(table.into_owned()),
            (Some(_), None) => Err(no_change_record()),
        }
    }

    /// The columns of the primary key, when the record tells them.
    fn key(&self) -> Result<Option<Vec<String>>> {
        let bad = || Error::poison("bad_field", "The record's pk is not a list of columns.");
        let Some(pk) = row::present(self.pk) else { return Ok(None) };
        if pk.starts_with('{') {
            let mut names = None;
            row::members(&Outline::of(pk.as_bytes()), |name, value| {
                if name == "pknames" {
                    names = Some(value);
                }
            })?;
            return names.and_then(row::strings).map(Some).ok_or_else(bad);
        }
        let columns = columns(pk).map_err(|_| bad())?;
        Ok(Some(columns.into_iter().map(|column| column.name.into_owned()).collect()))
    }

    fn image(&self) -> Result<Option<Vec<Column<'a>>>> {
        match (row::present(self.columns), self.lists.names) {
            (Some(columns), _) => column::columns(columns).map(Some),
            (None, Some(_)) => self.lists.columns().map(Some),
            (None, None) => Ok(None),
        }
    }

    fn identity(&self) -> Result<Option<Vec<Column<'a>>>> {
        match (row::present(self.identity), row::present(self.oldkeys)) {
            (Some(identity), _) => columns(identity).map(Some),
            (None, Some(oldkeys)) => {
                let mut lists = Lists::default();
                row::members(&Outline::of(oldkeys.as_bytes()), |name, value| match name {
                    "keynames" => lists.names = Some(value),
                    "keytypes" => lists.types = Some(value),
                    "keyvalues" => lists.values = Some(value),
                    _ => {}
                })
                .map_err(|_| bad_columns())?;
                lists.columns().map(Some)
            }
            (None, None) => Ok(None),
        }
    }
}

fn names<'c>(columns: &'c [Column<'_>]) -> HashSet<&'c str> {
    columns.iter().map(|column| column.name.as_ref()).collect()
}

impl Decoding<'_, Wal2json> {
    /// The version of a change; `place` is that in a transaction of format 1.
    fn version(&self, whole: &Whole<'_>, place: Option<u32>) -> Result<Version> {
        let Whole { record, around, .. } = whole;
        let version = if self.catalogue.is_by_arrival() {
            arrival(self.decoder.0.epoch, record.sequence(), 0)?
        } else {
            let lsn = if place.is_some() { around.nextlsn } else { around.lsn };
            Version::new('w', self.decoder.0.epoch, Rank::Positioned).number(position(lsn)?)
        };
        Ok(match place {
            Some(place) => version.place(place),
            None => version,
        })
    }

    /// A transaction of format 1: each change stands for itself.
    fn transaction(&self, whole: &Whole<'_>, changes: &str) -> Result<Decoded> {
        let mut parts = Vec::new();
        let mut ignored = Reason::Control;
        let mut place = 0;
        Scanner::new(changes).array(|scanner| {
            match self.change(whole, scanner.skip()?, place) {
                // all changes of the transaction have one place in the log, or none of them has
                Err(error) if error.code() == "missing_version" => return Err(error),
                Ok(Decoded::Ignored(Reason::Unrouted)) => ignored = Reason::Unrouted,
                Ok(Decoded::Ignored(_)) => {}
                part => parts.push(part),
            }
            if parts.len() > self.decoder.0.bounds.parts() {
                return Err(row::too_large());
            }
            place += 1;
            Ok(())
        })?;
        match parts.len() {
            0 => Ok(Decoded::Ignored(ignored)),
            1 => parts.swap_remove(0),
            _ => Ok(Decoded::Parts(parts)),
        }
    }

    /// A change of a transaction.
    fn change(&self, whole: &Whole<'_>, text: &str, place: u32) -> Result<Decoded> {
        let mut change = ChangeText::default();
        row::members(&Outline::of(text.as_bytes()), |name, value| change.member(name, value))?;
        let action = match row::string(change.kind).as_deref() {
            Some("insert") => Action::Insert,
            Some("update") => Action::Update,
            Some("delete") => Action::Delete,
            Some("truncate") => Action::Truncate,
            Some("message") => return Ok(Decoded::Ignored(Reason::Control)),
            _ => {
                let error = Error::poison("unknown_kind", "The kind of a change is unknown.");
                return Err(match change.table() {
                    Ok(table) => error.about(&table, None).of_source(whole.source.as_str()),
                    Err(_) => error,
                });
            }
        };
        self.part(whole, action, &change, Some(place))
    }

    /// What a change comes to. An error says whose change it is, as far as that can be read.
    fn part(
        &self,
        whole: &Whole<'_>,
        action: Action,
        change: &ChangeText<'_>,
        place: Option<u32>,
    ) -> Result<Decoded> {
        let table = change.table()?;
        let source_table = SourceTable::new(&table, &whole.source);
        if self.catalogue.leaves_out(source_table) {
            return Ok(Decoded::Ignored(Reason::Unrouted));
        }
        let events = self.events(whole, action, change, (source_table, place));
        events.map(Decoded::Events).map_err(|error| {
            let key = self.key_of(change, source_table);
            error.about(&table, key.as_ref().map(Key::as_str)).of_source(whole.source.as_str())
        })
    }

    /// The key of the row that a change concerns, whatever is wrong with the rest of it.
    fn key_of(&self, change: &ChangeText<'_>, table: SourceTable<'_>) -> Option<Key> {
        let identified_by = row::identity(self.catalogue, table, change.key().ok()?).ok()?;
        let images = [change.image(), change.identity()];
        images.into_iter().filter_map(|image| image.ok().flatten()).find_map(|columns| {
            let mut row = Row::with_room(&identified_by, 0);
            add(&mut row, &columns, |name| row::is_key(&identified_by, name)).ok()?;
            row.known_key()
        })
    }

    fn events(
        &self,
        whole: &Whole<'_>,
        action: Action,
        change: &ChangeText<'_>,
        (source_table, place): (SourceTable<'_>, Option<u32>),
    ) -> Result<Vec<ChangeEvent>> {
        let (table, version) = (source_table.name, self.version(whole, place)?);
        let origin = Origin { table, source: &whole.source, version, changed_at: whole.around.changed_at() };
        if action == Action::Truncate {
            return Ok(vec![origin.event(None, Change::Truncate, None)]);
        }
        let identified_by = row::identity(self.catalogue, source_table, change.key()?)?;
        let image = change.image()?;
        let image = match action {
            Action::Insert | Action::Update => image.ok_or_else(bad_columns)?,
            Action::Delete | Action::Truncate => Vec::new(),
        };
        let mut row = Row::with_room(&identified_by, 256);
        add(&mut row, &image, |_| true)?;
        if action == Action::Insert {
            let key = match identified_by {
                Identity::Position => row::key_of_position(whole.record, place)?,
                Identity::Columns(_) | Identity::Row => row.key()?,
            };
            return Ok(vec![origin.event(Some(key), Change::Put(row.document()), None)]);
        }
        let old = old(&identified_by, change, &image, table)?;
        if action == Action::Delete {
            add(&mut row, &old, |_| true)?;
            let (key, has_image) = (row.key()?, row.has_document());
            let before = has_image.then(|| row.document());
            return Ok(vec![origin.event(Some(key), Change::Delete(before), None)]);
        }
        self.updated(row, &image, &old, (&origin, place))
    }

    /// The events of an update; `row` has the columns of `image`.
    fn updated(
        &self,
        mut row: Row<'_>,
        image: &[Column<'_>],
        old: &[Column<'_>],
        (origin, place): (&Origin<'_>, Option<u32>),
    ) -> Result<Vec<ChangeEvent>> {
        let identified_by = row.identity();
        let is_key = |name: &str| row::is_key(identified_by, name);
        let mut before = Row::with_room(identified_by, 0);
        add(&mut before, old, is_key)?;
        let key_before = before.key()?;
        let (sent, known) = (names(image), names(old));
        // what an update leaves out did not change
        add(&mut row, old, |name| !sent.contains(name))?;
        let key = row.key()?;
        let is_full = self.catalogue.sends_full_images(origin.source_table())
            || *identified_by == Identity::Row
            || (sent.is_subset(&known) && known.iter().any(|name| !is_key(name)));
        let mut events = Vec::with_capacity(1);
        if !is_full && key == key_before {
            let patch = patch(&row.document());
            events.push(origin.event(Some(key), Change::Patch(patch), None));
            return Ok(events);
        }
        if !is_full && !row.has_document() {
            return Err(Error::poison(
                "partial_key_change",
                format!(
                    "The key of a row of {} changed, and no other column was sent: what is stored out of line may be \
                     missing. Set REPLICA IDENTITY FULL on the table, or, if it has no such columns, images = \"full\" \
                     in its route.",
                    origin.table
                ),
            ));
        }
        let change = Change::Put(row.document());
        origin.changed(&mut events, (Some(key_before), key), change, place.unwrap_or_default());
        Ok(events)
    }
}

/// The columns of the old row of an update or delete: at least those that make the key.
fn old<'a>(
    identified_by: &Identity,
    change: &ChangeText<'a>,
    image: &[Column<'_>],
    table: &str,
) -> Result<Vec<Column<'a>>> {
    let incomplete = |what: &str| {
        let advice = "Set REPLICA IDENTITY FULL on the table";
        Error::poison("no_identity", format!("The old row of a change of {table} {what}. {advice}."))
    };
    let old = change.identity()?.ok_or_else(|| incomplete("was not sent"))?;
    let known = self::names(&old);
    match identified_by {
        Identity::Position => Err(row::nameless(table)),
        Identity::Columns(names) => match names.iter().find(|name| !known.contains(name.as_str())) {
            Some(name) => Err(incomplete(&format!("lacks {name}, which is part of the key"))),
            None => Ok(old),
        },
        Identity::Row if change.identity.is_none() => Err(Error::poison(
            "no_identity",
            format!(
                "The old row of a change of {table} lacks its nulls, and with keyless = \"row\" all columns are its \
                 key. Set `format-version=2`."
            ),
        )),
        Identity::Row if !self::names(image).is_subset(&known) => {
            Err(incomplete("is not whole, and with keyless = \"row\" all columns are its key"))
        }
        Identity::Row => Ok(old),
    }
}

fn patch(document: &Document) -> Patch {
    let set = document.members().map(|(name, value)| (format!("/{}", token(name)), value.to_owned()));
    Patch { set: set.collect(), remove: Vec::new() }
}

#[cfg(test)]
mod tests;
