//! The rows of a record: read by what identifies them and by what their columns are, and made into changes.

use super::key::{ID, MessageKey};
use super::message::{self, Message, RowImage, Shape};
use super::operation::Op;
use super::position::{Order, Position};
use super::unavailable::{is_unavailable, is_unavailable_text};
use super::value::ColumnTypes;
use crate::catalogue::Identity;
use crate::decode::change::{self, Before, RowChange, Table};
use crate::decode::row::{self, Row};
use crate::error::{Code, Error, Result};
use crate::event::{Key, Timestamp};
use crate::json::{Kind, Scanner};
use crate::version::Version;
use std::borrow::Cow;
use std::cell::OnceCell;

/// What of a row's values is not there.
#[derive(Debug, Default)]
struct Gaps {
    /// Whether a value was left out because it did not change.
    has_unavailable: bool,
    /// A column whose null may as well be a value that is not there.
    hidden: Option<String>,
}

/// A record of a row, with its message key in one of the ways in which that can be meant.
pub(super) struct DebeziumRow<'a> {
    table: &'a Table<'a>,
    message: &'a Message<'a>,
    operation: Op,
    columns: &'a ColumnTypes<'a>,
    message_key: Option<&'a MessageKey<'a>>,
    gaps: OnceCell<Gaps>,
}

impl<'a> DebeziumRow<'a> {
    pub(super) fn new(
        table: &'a Table<'_>,
        message: &'a Message<'_>,
        (operation, columns): (Op, &'a ColumnTypes<'_>),
        message_key: Option<&'a MessageKey<'_>>,
    ) -> Self {
        Self { table, message, operation, columns, message_key, gaps: OnceCell::new() }
    }

    fn is_flattened(&self) -> bool {
        self.message.shape() == Shape::Row
    }

    /// The key that the record shows; `None` when it takes all columns.
    pub(super) fn shown_key(&self) -> Result<Option<Key>> {
        let identity = self.identity()?;
        let Identity::Columns(_) = *identity else { return Ok(None) };
        let mut row = Row::of_key(&identity);
        let gaps = self.read_image(self.message.shown().unwrap_or("{}"), &mut row)?;
        self.key_of(&row, &gaps).map(Some)
    }

    fn read_image(&self, text: &str, row: &mut Row<'_>) -> Result<Gaps> {
        let (columns, mut gaps, mut scanner) = (self.columns, Gaps::default(), Scanner::new(text));
        row.reserve(scanner.bytes_left());
        scanner.object(|scanner, name| {
            let is_added = self.is_flattened() && message::is_added(&name);
            if is_added || (row.is_key_only() && !row.is_key(&name)) {
                scanner.skip()?;
                return Ok(());
            }
            match scanner.peek()? {
                Kind::String => {
                    let text = scanner.string()?;
                    if is_unavailable_text(&text) {
                        gaps.has_unavailable = true;
                        return Ok(());
                    }
                    row.add(&name, |out| columns.write_text(text, &name, out))
                }
                Kind::Array | Kind::Object => {
                    let text = scanner.skip()?;
                    if is_unavailable(text) {
                        gaps.has_unavailable = true;
                        Ok(())
                    } else if row.is_key(&name) {
                        row.add(&name, |out| columns.write_key(&mut Scanner::new(text), &name, out))
                    } else {
                        row.add(&name, |out| columns.write(&mut Scanner::new(text), &name, out))
                    }
                }
                kind @ (Kind::Null | Kind::Number | Kind::Bool) => {
                    if kind == Kind::Null && columns.hides_values(&name) {
                        gaps.hidden.get_or_insert_with(|| name.clone().into_owned());
                    }
                    row.add(&name, |out| columns.write(scanner, &name, out))
                }
            }
        })?;
        Ok(gaps)
    }

    /// A row's key: its own, else the message's.
    fn key_of(&self, row: &Row<'_>, gaps: &Gaps) -> Result<Key> {
        row.key().or_else(|error| match self.message_key {
            Some(key) if matches!(error.code(), Code::MissingKey | Code::NullKey) => {
                let is_empty = !gaps.has_unavailable && !row.has_document();
                // nobody but the message key says what identifies the row, and the row knows nothing of it
                if !row.has_key() && !is_empty && self.is_told_by(key) {
                    return Err(key.bad(self.table.name()));
                }
                key.key(self.table.name(), row.identity(), self.columns)
            }
            _ => Err(error),
        })
    }

    /// The key of a deleted row that the record does not show.
    fn key_of_message(&self, identity: &Identity) -> Result<Key> {
        let no_key =
            || Error::poison(Code::NoKey, "The record of a delete has neither `before` nor a message key.");
        let message_key = self.message_key.ok_or_else(no_key)?;
        // no row shows that a wrapper's members are columns
        let is_wrapper =
            |names: Vec<String>| WRAPPER.iter().all(|member| names.iter().any(|name| name == member));
        if self.is_told_by(message_key) && message_key.names().is_some_and(is_wrapper) {
            return Err(message_key.bad(self.table.name()));
        }
        message_key.key(self.table.name(), identity, self.columns)
    }

    /// Whether what identifies the row is what this message key names, and not configured. That of a document needs no
    /// proof.
    fn is_told_by(&self, key: &MessageKey<'_>) -> bool {
        !self.message.position.is_of_document()
            && key.names().is_some()
            && self.table.catalogue.configured_key(self.table.of_source()).is_none()
    }

    /// The row before an update of an envelope, where the record may say another key than now.
    fn row_before<'i>(&self, now: &Row<'i>) -> Result<Before<'i>> {
        match (now.identity(), self.message.before) {
            (identity @ Identity::Row, RowImage::Columns(before)) => {
                let mut row = Row::new(identity);
                let gaps = self.read_image(before, &mut row)?;
                if gaps.has_unavailable { Err(self.no_before()) } else { Ok(Before::Row(row)) }
            }
            (Identity::Row, _) => Err(self.no_before()),
            // of its own key's change Debezium makes two records; what `before` has of it may be made up
            (Identity::Columns(names), RowImage::Columns(before))
                if self.message_key.is_none_or(|key| !key.is_of(names)) =>
            {
                let mut row = now.before();
                self.read_image(before, &mut row)?;
                Ok(if row.key().is_ok() { Before::Row(row) } else { Before::Untold })
            }
            (_, RowImage::Columns(before)) if now.keeps_before => {
                let mut row = now.before();
                self.read_image(before, &mut row)?;
                Ok(Before::Image(row))
            }
            (Identity::Columns(_) | Identity::Position, _) => Ok(Before::Untold),
        }
    }

    /// Refuses an update to null that may be none: PostgreSQL's connector writes null for a bytea that did not change,
    /// with `binary.handling.mode` base64 and base64-url-safe. It does know the value of a row that it shows before.
    fn refuse_hidden(&self) -> Result<()> {
        let Some(hidden) = self.gaps.get().and_then(|gaps| gaps.hidden.as_deref()) else { return Ok(()) };
        let mut is_shown = false;
        if let (RowImage::Columns(before), false) = (self.message.before, self.is_flattened()) {
            Scanner::new(before).object(|scanner, name| {
                is_shown |= name == hidden;
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
        Err(Error::poison(Code::HiddenValue, message))
    }

    fn no_before(&self) -> Error {
        Error::poison(
            Code::NoBeforeImage,
            format!(
                "The record does not hold the whole row before the change, which alone names a row of {}. Give the \
                 table REPLICA IDENTITY FULL (PostgreSQL), or set `key` in its route.",
                self.table.name()
            ),
        )
    }

    /// The object of columns to read: the row, or of an envelope the row after the change, or before a delete.
    fn image(&self) -> RowImage<'a> {
        match self.operation {
            _ if self.is_flattened() => RowImage::Columns(self.message.text),
            Op::Delete => self.message.before,
            Op::Create | Op::Read | Op::Update => self.message.after,
        }
    }
}

/// What a registry's converter puts around a key.
const WRAPPER: [&str; 2] = ["schemaId", "payload"];

/// What makes a row of a table one row.
pub(super) fn identity(
    table: &Table<'_>,
    message_key: Option<&MessageKey<'_>>,
    position: &Position<'_>,
) -> Result<Identity> {
    let told = if position.is_of_document() {
        Some(vec![ID.to_owned()])
    } else {
        message_key.and_then(MessageKey::names)
    };
    table.identity(told).map_err(|error| {
        if error.code() != Code::UnknownKey {
            return error;
        }
        error.with_hint(match message_key {
            Some(_) => "Their message key is one value, which names no column.",
            None => "The record has no message key either.",
        })
    })
}

impl RowChange for DebeziumRow<'_> {
    fn table(&self) -> &Table<'_> {
        self.table
    }

    fn operation(&self) -> Result<change::Operation> {
        Ok(match self.operation {
            Op::Create | Op::Read => change::Operation::Insert,
            Op::Update => change::Operation::Update,
            Op::Delete => change::Operation::Delete,
        })
    }

    fn version(&self) -> Result<Version> {
        self.message.position.version(self.table.epoch, self.operation, self.table.record)
    }

    fn changed_at(&self) -> Option<Timestamp> {
        self.message.position.changed_at()
    }

    fn identity(&self) -> Result<Cow<'_, Identity>> {
        identity(self.table, self.message_key, &self.message.position).map(Cow::Owned)
    }

    fn read(&self, row: &mut Row<'_>) -> Result<()> {
        let is_delete = self.operation == Op::Delete;
        let gaps = match (self.image(), row.identity()) {
            (RowImage::Columns(text), _) => self.read_image(text, row)?,
            (_, Identity::Row) if is_delete => return Err(self.no_before()),
            _ if is_delete => Gaps::default(),
            _ => return Err(Error::poison(Code::NoImage, "The record of a change has no object `after`.")),
        };
        if is_delete && gaps.has_unavailable && *row.identity() == Identity::Row && !self.is_flattened() {
            return Err(self.no_before());
        }
        // without REPLICA IDENTITY FULL, PostgreSQL's is the key only, filled up with nulls and defaults
        let may_be_made_up = || matches!(self.message.position.order(), Ok(Order::Wal) | Err(_));
        let has_no_image = || is_delete && (self.is_flattened() || !row.has_document() || may_be_made_up());
        if gaps.has_unavailable || has_no_image() {
            row.image = row::Completeness::Part;
        }
        self.gaps.get_or_init(|| gaps);
        Ok(())
    }

    fn before<'i>(&self, row: &mut Row<'i>) -> Result<Before<'i>> {
        if !self.is_flattened() {
            let before = self.row_before(row)?;
            return self.refuse_hidden().map(|()| before);
        }
        if *row.identity() == Identity::Row {
            return Err(change::nameless(self.table.name()));
        }
        if self.message.added.op.is_some() {
            self.refuse_hidden()?;
        }
        Ok(Before::Untold)
    }

    fn key(&self, row: &mut Row<'_>) -> Result<Key> {
        match (self.operation, self.image()) {
            (Op::Delete, RowImage::None | RowImage::Document(_) | RowImage::Strange) => {
                self.key_of_message(row.identity())
            }
            _ => self.key_of(row, self.gaps.get().unwrap_or(&Gaps::default())),
        }
    }

    fn may_be_put(&self, _: &Row<'_>) -> Result<()> {
        let message = "The record holds the row under its new key without a column whose value did not change, so the \
             row cannot be known. Give the table REPLICA IDENTITY FULL (PostgreSQL), or its LOB columns supplemental \
             logging (Oracle).";
        Err(Error::poison(Code::PartialKeyChange, message))
    }
}
