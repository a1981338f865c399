//! The rows of a record: read by what identifies them and by what their columns are, and made into changes.

use super::{Columns, Image, Message, MessageKey, Operation, Order};
use super::{is_unavailable, is_unavailable_text, variable_decimal};
use crate::catalogue::{Catalogue, Identity};
use crate::decode::Decoded;
use crate::decode::row::{self, Origin, Row};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Change, ChangeEvent, Key, Patch, token};
use crate::json::{Kind, Scanner};
use crate::record::Record;
use crate::source::SourceTable;

/// Appends the value of a column of the key. A decimal of variable scale is a number with and without its schema.
pub(super) fn write_key(
    columns: &Columns<'_>,
    scanner: &mut Scanner<'_>,
    name: &str,
    out: &mut String,
) -> Result<()> {
    if scanner.peek()? == Kind::Object {
        let object = scanner.clone().skip()?;
        if let Some(number) = variable_decimal(object) {
            scanner.skip()?;
            out.push_str(&number);
            return Ok(());
        }
        if is_cell(object) {
            return Err(cells());
        }
    }
    columns.write(scanner, name, out)
}

/// Whether an object is a cell of Debezium's Cassandra connector, `{"value":1,"deletion_ts":null,"set":true}`.
fn is_cell(object: &str) -> bool {
    let (mut has_value, mut has_set, mut others) = (false, false, false);
    let read = Scanner::new(object).object(|scanner, name| {
        match (name.as_ref(), scanner.peek()?) {
            ("value", _) => has_value = true,
            ("set", Kind::Bool) => has_set = true,
            ("deletion_ts", _) => {}
            _ => others = true,
        }
        scanner.skip().map(|_| ())
    });
    read.is_ok() && has_value && has_set && !others
}

/// The error of a record of Cassandra.
pub(super) fn cells() -> Error {
    let message = "Debezium's Cassandra connector sends cells, each with a time of its own, and not rows: its records \
         cannot be applied.";
    Error::new(ErrorKind::Unsupported, "cassandra_cells", message)
}

/// A row as it was sent: its columns, and the names of those whose values are not there.
pub(super) struct Sent<'i> {
    row: Row<'i>,
    unavailable: Vec<String>,
    /// A column whose null may as well be a value that is not there.
    hidden: Option<String>,
}

impl<'i> Sent<'i> {
    pub(super) fn read(
        text: &str,
        columns: &Columns<'_>,
        identity: &'i Identity,
        leaves_out: impl Fn(&str) -> bool,
    ) -> Result<Self> {
        let mut scanner = Scanner::new(text);
        let row = Row::with_room(identity, scanner.bytes_left());
        let mut sent = Self { row, unavailable: Vec::new(), hidden: None };
        scanner.object(|scanner, name| {
            if leaves_out(&name) {
                scanner.skip()?;
                return Ok(());
            }
            match scanner.peek()? {
                Kind::String => {
                    let text = scanner.string()?;
                    if is_unavailable_text(&text) {
                        sent.unavailable.push(name.into_owned());
                        return Ok(());
                    }
                    sent.row.add(&name, |out| columns.write_text(text, &name, out))
                }
                Kind::Array | Kind::Object => {
                    let text = scanner.skip()?;
                    if is_unavailable(text) {
                        sent.unavailable.push(name.into_owned());
                    } else if sent.row.is_key(&name) {
                        sent.row.add(&name, |out| write_key(columns, &mut Scanner::new(text), &name, out))?;
                    } else {
                        sent.row.add(&name, |out| columns.write(&mut Scanner::new(text), &name, out))?;
                    }
                    Ok(())
                }
                Kind::Null if columns.hides_values(&name) => {
                    sent.hidden.get_or_insert_with(|| name.clone().into_owned());
                    sent.row.add(&name, |out| columns.write(scanner, &name, out))
                }
                Kind::Number | Kind::Bool | Kind::Null => {
                    sent.row.add(&name, |out| columns.write(scanner, &name, out))
                }
            }
        })?;
        Ok(sent)
    }

    /// The row's key: its own, else the message's.
    pub(super) fn key(
        &self,
        record: &Record,
        message_key: Option<&MessageKey<'_>>,
        rows: &Rows<'_>,
    ) -> Result<Key> {
        if *rows.identity == Identity::Position {
            return row::key_of_position(record, None);
        }
        self.row.key().or_else(|error| match message_key {
            Some(key) if matches!(error.code(), "missing_key" | "null_key") => {
                let is_empty = self.unavailable.is_empty() && !self.row.has_document();
                // nobody but the message key says what identifies the row, and the row knows nothing of it
                if !self.row.has_key() && !is_empty && rows.is_told_by(key) {
                    return Err(key.bad(rows.table.name));
                }
                key.key(rows.table.name, rows.identity, rows.columns)
            }
            _ => Err(error),
        })
    }

    /// Refuses an update to null that may be none: PostgreSQL's connector writes null for a bytea that did not change,
    /// with `binary.handling.mode` base64 and base64-url-safe. It does know the value of a row that it shows before.
    pub(super) fn refuse_hidden(&self, before: Image<'_>) -> Result<()> {
        let Some(hidden) = &self.hidden else { return Ok(()) };
        let mut is_shown = false;
        if let Image::Columns(before) = before {
            Scanner::new(before).object(|scanner, name| {
                is_shown |= name == hidden.as_str();
                scanner.skip().map(|_| ())
            })?;
        }
        if is_shown {
            return Ok(());
        }
        let message = format!(
            "The column {hidden} is null, and so is what Debezium writes for a large bytea that did not change when \
             binary.handling.mode is base64 or base64-url-safe. Set binary.handling.mode=bytes, or give the table \
             REPLICA IDENTITY FULL."
        );
        Err(Error::poison("hidden_value", message))
    }

    /// The change to this row: full, or without what was not sent.
    fn change(self) -> Change {
        if self.unavailable.is_empty() {
            return Change::Put(self.row.document());
        }
        let document = self.row.document();
        let set = document.members().map(|(name, value)| (format!("/{}", token(name)), value.to_owned()));
        Change::Patch(Patch { set: set.collect(), remove: Vec::new() })
    }
}

/// How the rows of a record are read.
pub(super) struct Rows<'a> {
    pub(super) table: SourceTable<'a>,
    pub(super) catalogue: &'a Catalogue,
    /// Whether they are documents of MongoDB, whose message key needs no proof.
    pub(super) are_documents: bool,
    pub(super) identity: &'a Identity,
    pub(super) columns: &'a Columns<'a>,
}

impl Rows<'_> {
    /// Whether their identity is what this message key names, and not configured.
    fn is_told_by(&self, key: &MessageKey<'_>) -> bool {
        !self.are_documents && key.names().is_some() && self.catalogue.configured_key(self.table).is_none()
    }
}

fn partial(code: &'static str, what: &str) -> Error {
    Error::poison(
        code,
        format!(
            "The record holds {what} without a column whose value did not change, so the row cannot be known. Give the \
             table REPLICA IDENTITY FULL (PostgreSQL), or its LOB columns supplemental logging (Oracle)."
        ),
    )
}

/// The change to a row, and the delete of the one with its key before.
pub(super) fn put(
    origin: &Origin<'_>,
    operation: Operation,
    sent: Sent<'_>,
    (before, key): (Option<Key>, Key),
) -> Result<Decoded> {
    // an insert lacks nothing: this is the second half of a changed key
    let changes_key = operation != Operation::Update || before.as_ref().is_some_and(|before| *before != key);
    if !sent.unavailable.is_empty() && changes_key {
        return Err(partial("partial_key_change", "the row under its new key"));
    }
    let mut events = Vec::with_capacity(1);
    origin.changed(&mut events, (before, key), sent.change(), 0);
    Ok(Decoded::Events(events))
}

fn no_before(table: &str) -> Error {
    Error::poison(
        "no_before_image",
        format!(
            "The record does not hold the whole row before the change, which alone names a row of {table}. Give the \
             table REPLICA IDENTITY FULL (PostgreSQL), or set `key` in its route."
        ),
    )
}

/// The key that an updated row had, where the record may say another one than now.
pub(super) fn key_before(
    message: &Message<'_>,
    message_key: Option<&MessageKey<'_>>,
    rows: &Rows<'_>,
) -> Result<Option<Key>> {
    match (rows.identity, message.before) {
        (Identity::Position, _) => Err(row::nameless(rows.table.name)),
        (Identity::Row, Image::Columns(before)) => {
            let before = Sent::read(before, rows.columns, rows.identity, |_| false)?;
            if before.unavailable.is_empty() {
                before.row.key().map(Some)
            } else {
                Err(no_before(rows.table.name))
            }
        }
        (Identity::Row, _) => Err(no_before(rows.table.name)),
        // of its own key's change Debezium makes two records; what `before` has of it may be made up
        (Identity::Columns(names), Image::Columns(before))
            if message_key.is_none_or(|key| !key.is_of(names)) =>
        {
            let is_other = |name: &str| !names.iter().any(|column| column == name);
            Ok(Sent::read(before, rows.columns, rows.identity, is_other)?.row.key().ok())
        }
        (Identity::Columns(_), _) => Ok(None),
    }
}

/// What a registry's converter puts around a key.
const WRAPPER: [&str; 2] = ["schemaId", "payload"];

pub(super) fn delete(
    origin: &Origin<'_>,
    record: &Record,
    message: &Message<'_>,
    message_key: Option<&MessageKey<'_>>,
    rows: &Rows<'_>,
) -> Result<ChangeEvent> {
    let before = match (rows.identity, message.before) {
        (Identity::Position, _) => return Err(row::nameless(rows.table.name)),
        (_, Image::Columns(before)) => Some(Sent::read(before, rows.columns, rows.identity, |_| false)?),
        (Identity::Row, _) => return Err(no_before(rows.table.name)),
        (Identity::Columns(_), _) => None,
    };
    let Some(before) = before else {
        let no_key =
            || Error::poison("no_key", "The record of a delete has neither `before` nor a message key.");
        let message_key = message_key.ok_or_else(no_key)?;
        // no row shows that a wrapper's members are columns
        let is_wrapper =
            |names: Vec<String>| WRAPPER.iter().all(|member| names.iter().any(|name| name == member));
        if rows.is_told_by(message_key) && message_key.names().is_some_and(is_wrapper) {
            return Err(message_key.bad(rows.table.name));
        }
        let key = message_key.key(rows.table.name, rows.identity, rows.columns)?;
        return Ok(origin.event(Some(key), Change::Delete(None), None));
    };
    if *rows.identity == Identity::Row && !before.unavailable.is_empty() {
        return Err(no_before(rows.table.name));
    }
    let key = before.key(record, message_key, rows)?;
    // without REPLICA IDENTITY FULL, PostgreSQL's is the key only, filled up with nulls and defaults
    let is_whole = !matches!(message.position.order(), Ok(Order::Wal) | Err(_));
    let document = (is_whole && before.unavailable.is_empty() && before.row.has_document())
        .then(|| before.row.document());
    Ok(origin.event(Some(key), Change::Delete(document), None))
}
