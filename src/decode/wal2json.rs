//! Changes of a PostgreSQL database as the output plugin wal2json writes them: format 2 (a record a row) and format 1
//! (a record a transaction, with a `change` array).
//!
//! * Table: `schema.table`; `table` alone with `include-schemas=false`.
//! * Key: the route's `key`, else `pk` (`include-pk=true`). Its values before an update or delete are in the replica
//!   identity: `identity`, in format 1 `oldkeys`. Another value there than in the row is a changed key: a delete of the
//!   old and a put of the new one.
//! * Image: an insert is full. An update lacks what is stored out of line (TOAST) and did not change, and does not say
//!   so: it is a patch, unless the route says `images = "full"`, or the identity has columns beyond the key and every
//!   column of the update, as `REPLICA IDENTITY FULL` makes it: then what the update lacks is in the identity.
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

use super::{Decoded, Decoder, Origin, Outline, Reason, Row, Settings, row};
use crate::catalogue::Identity;
use crate::error::{Error, Result};
use crate::event::{Change, ChangeEvent, Document, Patch, Timestamp, token};
use crate::json::{self, Fault, Kind, Scanner};
use crate::record::Record;
use crate::version::{Rank, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;
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

    fn decode(&self, record: &Record) -> Result<Decoded> {
        let mut around = Around::default();
        let mut change = ChangeText::default();
        let (mut action, mut changes) = (None, None);
        row::members(&record.payload, |name, value| match name {
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
                return self.transaction(record, changes, &around);
            }
            _ => return Err(no_change_record()),
        };
        let table = change.table()?;
        let version = self.version(position(around.lsn)?);
        let origin = Origin { table: &table, version, changed_at: around.changed_at() };
        let mut events = Vec::with_capacity(1);
        self.change(record, action, &change, (&origin, None), &mut events)?;
        Ok(Decoded::Events(events))
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

/// Names, types and values of columns, side by side.
#[derive(Debug, Default)]
struct Lists<'a> {
    names: Option<&'a str>,
    types: Option<&'a str>,
    values: Option<&'a str>,
}

/// A column: its name, its type when it was sent, and the JSON text of its value.
#[derive(Debug)]
struct Column<'a> {
    name: Cow<'a, str>,
    kind: Option<Cow<'a, str>>,
    value: &'a str,
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
            row::members(pk.as_bytes(), |name, value| {
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
            (Some(columns), _) => self::columns(columns).map(Some),
            (None, Some(_)) => self.lists.columns().map(Some),
            (None, None) => Ok(None),
        }
    }

    fn identity(&self) -> Result<Option<Vec<Column<'a>>>> {
        match (row::present(self.identity), row::present(self.oldkeys)) {
            (Some(identity), _) => columns(identity).map(Some),
            (None, Some(oldkeys)) => {
                let mut lists = Lists::default();
                row::members(oldkeys.as_bytes(), |name, value| match name {
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

fn bad_columns() -> Error {
    Error::poison("bad_columns", "The columns of the record are not as wal2json writes them.")
}

/// The columns of a list as in `[{"name":"a","type":"integer","value":1}]`; those of a key have no value.
fn columns(list: &str) -> Result<Vec<Column<'_>>> {
    let mut columns = Vec::new();
    let read = Scanner::new(list).array(|scanner| {
        let (mut name, mut kind, mut value) = (None, None, None);
        scanner.object(|scanner, member| {
            match member.as_ref() {
                "name" => name = row::string(Some(scanner.skip()?)),
                "type" => kind = row::string(Some(scanner.skip()?)),
                "value" => value = Some(scanner.skip()?),
                _ => drop(scanner.skip()?),
            }
            Ok::<_, Fault>(())
        })?;
        let name = name.ok_or(scanner.fault("a column without a name"))?;
        columns.push(Column { name, kind, value: value.unwrap_or_default() });
        Ok::<_, Fault>(())
    });
    read.map_err(|_| bad_columns())?;
    Ok(columns)
}

impl<'a> Lists<'a> {
    fn columns(&self) -> Result<Vec<Column<'a>>> {
        let texts = |list: Option<&'a str>| {
            let mut texts = Vec::new();
            let read = Scanner::new(list.unwrap_or_default()).array(|scanner| {
                texts.push(scanner.skip()?);
                Ok::<_, Fault>(())
            });
            read.map(|()| texts).map_err(|_| bad_columns())
        };
        let (names, values) = (texts(self.names)?, texts(self.values)?);
        let types = self.types.map(|_| texts(self.types)).transpose()?;
        if names.len() != values.len() || types.as_ref().is_some_and(|types| types.len() != names.len()) {
            return Err(bad_columns());
        }
        let mut types = types.into_iter().flatten();
        let column = |(name, value)| {
            let kind = row::string(types.next());
            Ok(Column { name: row::string(Some(name)).ok_or_else(bad_columns)?, kind, value })
        };
        names.into_iter().zip(values).map(column).collect()
    }
}

impl Column<'_> {
    /// Appends the value as JSON text.
    fn write(&self, out: &mut String) -> Result<()> {
        let mut scanner = Scanner::new(self.value);
        let kind = self.kind.as_deref().unwrap_or_default();
        let kind = kind.split('(').next().unwrap_or_default().trim_end();
        if self.value.is_empty() {
            return Err(bad_columns());
        }
        if !self.value.starts_with('"') {
            return row::copy(&mut scanner, out);
        }
        match kind {
            "smallint" | "integer" | "bigint" | "oid" | "real" | "double precision" | "numeric" | "int2"
            | "int4" | "int8" | "float4" | "float8" => {
                let text = scanner.string()?;
                // what is none is NaN or an infinity
                if json::is_number(&text) { out.push_str(&text) } else { json::write_string(out, &text) }
            }
            "bytea" => {
                let bytes = bytes_of_hex(&scanner.string()?).ok_or_else(|| {
                    let message = format!(
                        "The bytes of {} are not written in hexadecimal digits. Set `bytea_output` to hex.",
                        self.name
                    );
                    Error::poison("bad_bytea", message)
                })?;
                out.push('"');
                STANDARD.encode_string(bytes, out);
                out.push('"');
            }
            "json" | "jsonb" => {
                let text = scanner.string()?;
                let mut inside = Scanner::new(&text);
                row::copy(&mut inside, out).and_then(|()| Ok(inside.end()?)).map_err(|error| {
                    if error.code() == "too_deep" {
                        return error;
                    }
                    Error::poison("bad_json_column", format!("The JSON in {} is broken.", self.name))
                })?;
            }
            _ => scanner.copy_string(out)?,
        }
        Ok(())
    }
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    if rest.is_empty() { bytes } else { None }
}

fn names<'c>(columns: &'c [Column<'_>]) -> HashSet<&'c str> {
    columns.iter().map(|column| column.name.as_ref()).collect()
}

impl Wal2json {
    fn version(&self, position: u64) -> Version {
        Version::new('w', self.0.epoch, Rank::Positioned).number(position)
    }

    /// A transaction of format 1.
    fn transaction(&self, record: &Record, changes: &str, around: &Around<'_>) -> Result<Decoded> {
        let mut events = Vec::new();
        let mut place = 0;
        Scanner::new(changes).array(|scanner| {
            let text = scanner.skip()?;
            let mut change = ChangeText::default();
            row::members(text.as_bytes(), |name, value| change.member(name, value))?;
            let action = match row::string(change.kind).as_deref() {
                Some("insert") => Some(Action::Insert),
                Some("update") => Some(Action::Update),
                Some("delete") => Some(Action::Delete),
                Some("truncate") => Some(Action::Truncate),
                Some("message") => None,
                _ => return Err(Error::poison("unknown_kind", "The kind of a change is unknown.")),
            };
            if let Some(action) = action {
                let table = change.table()?;
                let version = self.version(position(around.nextlsn)?).place(place);
                let origin = Origin { table: &table, version, changed_at: around.changed_at() };
                self.change(record, action, &change, (&origin, Some(place)), &mut events)?;
            }
            place += 1;
            Ok(())
        })?;
        Ok(if events.is_empty() { Decoded::Ignored(Reason::Control) } else { Decoded::Events(events) })
    }

    /// Appends what one change of a table comes to; `place` is that in a transaction of format 1.
    fn change(
        &self,
        record: &Record,
        action: Action,
        change: &ChangeText<'_>,
        (origin, place): (&Origin<'_>, Option<u32>),
        events: &mut Vec<ChangeEvent>,
    ) -> Result<()> {
        if action == Action::Truncate {
            events.push(origin.event(None, Change::Truncate, None));
            return Ok(());
        }
        let identified_by = row::identity(&self.0.catalogue, origin.table, change.key()?)?;
        let image = change.image()?;
        let image = match action {
            Action::Insert | Action::Update => image.ok_or_else(bad_columns)?,
            Action::Delete | Action::Truncate => Vec::new(),
        };
        if action == Action::Insert {
            let mut row = Row::new(&identified_by, 256);
            add(&mut row, &image, |_| true)?;
            let key = match identified_by {
                Identity::Position => row::key_of_position(record, place)?,
                Identity::Columns(_) | Identity::Row => row.key()?,
            };
            events.push(origin.event(Some(key), Change::Put(row.document()), None));
            return Ok(());
        }
        let old = old(&identified_by, change, &image, origin.table)?;
        let mut before = Row::new(&identified_by, 256);
        add(&mut before, &old, |_| true)?;
        let key_before = before.key()?;
        if action == Action::Delete {
            let image = before.has_document().then(|| before.document());
            events.push(origin.event(Some(key_before), Change::Delete(image), None));
            return Ok(());
        }

        let (sent, known) = (names(&image), names(&old));
        let has_all_of_image = sent.is_subset(&known);
        let is_full = self.0.catalogue.sends_full_images(origin.table)
            || identified_by == Identity::Row
            || (has_all_of_image && before.has_document());
        let mut row = Row::new(&identified_by, 256);
        add(&mut row, &image, |_| true)?;
        // what an update leaves out did not change
        let is_key = |name: &str| before.is_key(name);
        add(&mut row, &old, |name| !sent.contains(name) && ((is_full && has_all_of_image) || is_key(name)))?;
        let key = row.key()?;
        if !is_full && key == key_before {
            let patch = patch(&row.document());
            events.push(origin.event(Some(key), Change::Patch(patch), None));
            return Ok(());
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
        origin.changed(events, (Some(key_before), key), change, place.unwrap_or_default());
        Ok(())
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

/// Adds the columns that are `wanted`.
fn add(row: &mut Row<'_>, columns: &[Column<'_>], wanted: impl Fn(&str) -> bool) -> Result<()> {
    for column in columns.iter().filter(|column| wanted(&column.name)) {
        row.add(&column.name, |out| column.write(out))?;
    }
    Ok(())
}

fn patch(document: &Document) -> Patch {
    let set = document.members().map(|(name, value)| (format!("/{}", token(name)), value.to_owned()));
    Patch { set: set.collect(), remove: Vec::new() }
}
