//! A record of Debezium taken apart, whatever it is wrapped in. Rows are still text.

use super::position::Position;
use crate::decode::LazyObject;
use crate::error::Result;
use crate::json::{Fault, Kind, Scanner};
use std::borrow::Cow;

/// A row before or after a change, as far as the record has it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowImage<'a> {
    /// Not there, or null.
    #[default]
    None,
    /// Text of the object of columns.
    Columns(&'a str),
    /// A JSON string that holds a document, as MongoDB's connector writes it.
    Document(&'a str),
    /// Something else.
    Strange,
}

impl<'a> RowImage<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, Fault> {
        let kind = scanner.peek()?;
        let text = scanner.skip()?;
        Ok(match kind {
            Kind::Null => Self::None,
            Kind::Object => Self::Columns(text),
            Kind::String => Self::Document(text),
            Kind::Array | Kind::Number | Kind::Bool => Self::Strange,
        })
    }
}

/// The members that Debezium's flattening adds to a row.
#[derive(Debug, Default)]
pub(super) struct Added<'a> {
    pub(super) op: Option<Cow<'a, str>>,
    pub(super) deleted: Option<bool>,
    /// Whether there are any.
    pub(super) any: bool,
    /// Whether `__op` or `__deleted` is among them: then the object is a row, whatever else it holds.
    marks: bool,
    position: Position<'a>,
}

/// The fields of a schema: of a row, or of an envelope that holds rows.
#[derive(Debug, Default)]
struct Schema<'a> {
    fields: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

/// What was found in a record: what stands in the object at hand, until that turns out to be a wrapper.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    /// Text of the innermost object.
    pub(super) text: &'a str,
    /// What the wrappers around the object said.
    schema: Schema<'a>,
    pub(super) op: Option<Cow<'a, str>>,
    pub(super) before: RowImage<'a>,
    pub(super) after: RowImage<'a>,
    pub(super) position: Position<'a>,
    /// Text of `updateDescription`.
    pub(super) update: Option<&'a str>,
    pub(super) added: Added<'a>,
    /// Text of `tableChanges`.
    pub(super) table_changes: Option<&'a str>,
    pub(super) ddl: Option<Cow<'a, str>>,
    shape: Shape,
    /// The object's own member `schema`.
    own_schema: Schema<'a>,
    /// Texts of its members `payload` and `data`, where they are objects.
    payload: Option<&'a str>,
    data: Option<&'a str>,
    /// Whether its `source` names a connector.
    names_source: bool,
    has_images: bool,
    status: Option<Cow<'a, str>>,
    kind: Option<Cow<'a, str>>,
    /// `iodebeziumop`.
    attribute_op: Option<Cow<'a, str>>,
    words: Words,
}

/// What a message is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Change,
    SchemaChange,
    Heartbeat,
    /// What says something of the connector: begin and end of a transaction, a notification, a signal.
    Control,
    /// A row by itself, if anything.
    #[default]
    Row,
}

/// Which words of the format an object has as names of its members: a bit each.
#[derive(Debug, Default, Clone, Copy)]
struct Words(u16);

impl Words {
    const SCHEMA: u16 = 1;
    const SCHEMA_ID: u16 = 1 << 1;
    const PAYLOAD: u16 = 1 << 2;
    const TIME: u16 = 1 << 3;
    const STATUS: u16 = 1 << 4;
    const ID: u16 = 1 << 5;
    const COUNT: u16 = 1 << 6;
    const AGGREGATE: u16 = 1 << 7;
    const TYPE: u16 = 1 << 8;
    const ADDITIONAL: u16 = 1 << 9;
    const TIMESTAMP: u16 = 1 << 10;
    const DATA: u16 = 1 << 11;
    const SPEC: u16 = 1 << 12;
    const ATTRIBUTE: u16 = 1 << 13;
    /// Any other name.
    const OTHER: u16 = 1 << 15;

    fn see(&mut self, word: u16) {
        self.0 |= word;
    }

    /// Whether all of `needed` are there.
    fn have(self, needed: u16) -> bool {
        self.0 & needed == needed
    }

    /// Whether all of `needed` are there, perhaps some of `allowed`, and nothing else.
    fn are(self, needed: u16, allowed: u16) -> bool {
        self.have(needed) && self.0 & !(needed | allowed) == 0
    }
}

/// How deep wrappers may stand in each other: a CloudEvent with a schema, whose data has a schema.
const WRAPPERS_MAX: usize = 4;

/// The types of the signals that a connector takes.
pub(super) const SIGNALS: [&str; 6] = [
    "execute-snapshot",
    "stop-snapshot",
    "pause-snapshot",
    "resume-snapshot",
    "schema-changes",
    "set-binlog-position",
];

/// The name of the member that a transformation adds to a flattened row by its prefix, without that; `None` when it
/// is a column.
fn added(name: &str) -> Option<&str> {
    const OTHERS: [&str; 14] = [
        "op",
        "deleted",
        "version",
        "sequence",
        "txId",
        "xmin",
        "gtid",
        "server_id",
        "thread",
        "query",
        "rs",
        "row_id",
        "redo_thread",
        "user_name",
    ];
    let inside = name.strip_prefix("__")?;
    let inside = inside.strip_prefix("source_").unwrap_or(inside);
    (OTHERS.contains(&inside) || Position::is_member(inside)).then_some(inside)
}

/// Whether a member of a flattened row was added to it.
pub(super) fn is_added(name: &str) -> bool {
    added(name).is_some()
}

impl<'a> Message<'a> {
    /// Takes a payload apart.
    ///
    /// # Errors
    /// When it is not JSON.
    pub(super) fn parse(object: &LazyObject<'a>) -> Result<Self, Fault> {
        let mut message = Self::default();
        if object.read(|scanner, name| message.member(scanner, name))? {
            message.settle(object.text(), WRAPPERS_MAX)?;
        }
        Ok(message)
    }

    /// Decides what the object is whose members were read; of a wrapper, what is inside.
    fn settle(&mut self, text: &'a str, wrappers_left: usize) -> Result<(), Fault> {
        const WRAPPER: u16 = Words::SCHEMA | Words::SCHEMA_ID;
        const CLOUD_EVENT: u16 = Words::SPEC | Words::ATTRIBUTE;
        if self.added.marks {
            return self.is_row(text);
        }
        let inside = match wrappers_left.checked_sub(1) {
            Some(left) if self.words.have(CLOUD_EVENT) => {
                return self.cloud_event(text, left);
            }
            Some(left) if self.words.are(Words::PAYLOAD, WRAPPER) => self.payload.map(|text| (text, left)),
            _ => None,
        };
        if let Some((payload, left)) = inside {
            *self = Self { schema: std::mem::take(&mut self.own_schema), ..Self::default() };
            return self.read(payload, left);
        }
        self.text = text;
        self.shape = self.shape_of_members();
        if self.shape == Shape::Row {
            return self.is_row(text);
        }
        Ok(())
    }

    /// Reads an object inside.
    fn read(&mut self, text: &'a str, wrappers_left: usize) -> Result<(), Fault> {
        Scanner::new(text).object(|scanner, name| self.member(scanner, &name))?;
        self.settle(text, wrappers_left)
    }

    /// Of a row nothing is the format's but what was added to it.
    fn is_row(&mut self, text: &'a str) -> Result<(), Fault> {
        self.text = text;
        self.shape = Shape::Row;
        self.position = std::mem::take(&mut self.added.position);
        Ok(())
    }

    /// What a CloudEvent's attributes say is said of its data.
    fn cloud_event(&mut self, text: &'a str, wrappers_left: usize) -> Result<(), Fault> {
        let attributes = std::mem::take(self);
        self.text = text;
        if let Some(data) = attributes.data {
            self.read(data, wrappers_left)?;
        }
        let op = attributes.attribute_op;
        if self.added.marks {
            self.added.op = self.added.op.take().or(op);
            self.position = attributes.position;
            return Scanner::new(self.text).object(|scanner, name| match added(&name) {
                Some(inside) if is_of_source(&name) => self.position.read(scanner, inside),
                _ => scanner.skip().map(|_| ()),
            });
        }
        self.op = self.op.take().or(op);
        if !self.names_source {
            self.position = attributes.position;
        }
        self.shape = if self.op.is_some() { Shape::Change } else { Shape::Row };
        Ok(())
    }

    fn shape_of_members(&self) -> Shape {
        const TRANSACTION: u16 = Words::STATUS | Words::ID | Words::COUNT;
        const NOTIFICATION: u16 = Words::ID | Words::AGGREGATE | Words::TYPE;
        let is_change = self.op.is_some() && self.names_source;
        if self.added.any {
            return if is_change && self.has_images { Shape::Change } else { Shape::Row };
        }
        let is_transaction = || matches!(self.status.as_deref(), Some("BEGIN" | "END"));
        let is_signal = || self.kind.as_deref().is_some_and(|kind| SIGNALS.contains(&kind));
        if is_change {
            Shape::Change
        } else if self.names_source && (self.ddl.is_some() || self.table_changes.is_some()) {
            Shape::SchemaChange
        } else if self.words.are(Words::TIME, 0) {
            Shape::Heartbeat
        } else if self.words.are(TRANSACTION, Words::TIME) && is_transaction()
            || self.words.are(NOTIFICATION, Words::ADDITIONAL | Words::TIMESTAMP)
            || self.words.are(Words::TYPE | Words::DATA, Words::ID) && is_signal()
        {
            Shape::Control
        } else {
            Shape::Row
        }
    }

    /// Reads a member of the object at hand. What it means is decided when all are read.
    fn member(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<(), Fault> {
        let kind = scanner.peek()?;
        match (name, kind) {
            ("op", Kind::String) => self.op = Some(scanner.string()?),
            ("before", _) => {
                self.has_images = true;
                self.before = RowImage::read(scanner)?;
            }
            ("after", _) => {
                self.has_images = true;
                self.after = RowImage::read(scanner)?;
            }
            ("source", Kind::Object) => {
                scanner.object(|scanner, name| self.position.read(scanner, &name))?;
                self.names_source = self.position.connector.is_some();
            }
            ("transaction", Kind::Object) => scanner.object(|scanner, name| {
                match name.as_ref() {
                    "total_order" => self.position.total_order = scanner.text()?,
                    _ => drop(scanner.skip()?.len()),
                }
                Ok::<_, Fault>(())
            })?,
            ("updateDescription", Kind::Object) => self.update = Some(scanner.skip()?),
            ("ddl", Kind::String) => self.ddl = Some(scanner.string()?),
            ("tableChanges", Kind::Array) => self.table_changes = Some(scanner.skip()?),
            _ => return self.word(scanner, name, kind),
        }
        self.words.see(Words::OTHER);
        Ok(())
    }

    /// Reads a member that counts only together with others, or was added to a row.
    fn word(&mut self, scanner: &mut Scanner<'a>, name: &str, kind: Kind) -> Result<(), Fault> {
        let word = match (name, kind) {
            ("ts_ms" | "ts_us" | "ts_ns", _) => Words::TIME,
            ("schema", Kind::Object) => {
                self.schema(scanner)?;
                self.words.see(Words::SCHEMA);
                return Ok(());
            }
            ("schema", Kind::Null) => Words::SCHEMA,
            ("schemaId" | "contentId" | "globalId", Kind::Number | Kind::String) => Words::SCHEMA_ID,
            ("payload", Kind::Object) => {
                self.payload = Some(scanner.skip()?);
                self.words.see(Words::PAYLOAD);
                return Ok(());
            }
            ("data", _) => {
                let text = scanner.skip()?;
                self.data = (kind == Kind::Object).then_some(text);
                self.words.see(Words::DATA);
                return Ok(());
            }
            ("status", Kind::String) => {
                self.status = Some(scanner.string()?);
                self.words.see(Words::STATUS);
                return Ok(());
            }
            ("type", Kind::String) => {
                self.kind = Some(scanner.string()?);
                self.words.see(Words::TYPE);
                return Ok(());
            }
            ("id", _) => Words::ID,
            ("event_count" | "data_collections", _) => Words::COUNT,
            ("aggregate_type", Kind::String) => Words::AGGREGATE,
            ("additional_data", Kind::Object | Kind::Null) => Words::ADDITIONAL,
            ("timestamp", Kind::Number | Kind::Null) => Words::TIMESTAMP,
            ("specversion", Kind::String) => Words::SPEC,
            ("iodebeziumop", Kind::String) => {
                self.attribute_op = Some(scanner.string()?);
                self.words.see(Words::ATTRIBUTE);
                return Ok(());
            }
            _ => match (name.strip_prefix("iodebezium"), added(name)) {
                (Some(attribute), _) => {
                    self.words.see(Words::ATTRIBUTE);
                    return self.position.read_attribute(scanner, attribute);
                }
                (_, Some(inside)) => return self.added(scanner, name, inside, kind),
                _ => Words::OTHER,
            },
        };
        self.words.see(word);
        scanner.skip().map(|_| ())
    }

    /// A member that flattening added.
    fn added(
        &mut self,
        scanner: &mut Scanner<'a>,
        name: &str,
        inside: &str,
        kind: Kind,
    ) -> Result<(), Fault> {
        self.words.see(Words::OTHER);
        self.added.any = true;
        match (inside, kind) {
            ("op", Kind::String | Kind::Null) => {
                self.added.marks |= kind == Kind::String;
                self.added.op = scanner.text()?;
            }
            ("deleted", Kind::Bool) => {
                self.added.marks = true;
                self.added.deleted = Some(scanner.boolean()?);
            }
            ("deleted", Kind::String) => {
                self.added.marks = true;
                self.added.deleted = Some(scanner.string()? == "true");
            }
            _ if is_of_source(name) => self.added.position.read(scanner, inside)?,
            _ => drop(scanner.skip()?.len()),
        }
        Ok(())
    }

    /// The outermost fields of a schema, and those of the rows in it.
    fn schema(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Fault> {
        let mut found = Schema::default();
        scanner.object(|scanner, name| {
            match (name.as_ref(), scanner.peek()?) {
                ("fields", Kind::Array) => {
                    let start = scanner.clone();
                    scanner.array(|scanner| found.field(scanner))?;
                    found.fields = start.since_here(scanner);
                }
                _ => drop(scanner.skip()?.len()),
            }
            Ok::<_, Fault>(())
        })?;
        self.own_schema = found;
        Ok(())
    }

    /// The text of the fields of the row, or of the rows in an envelope; empty when no schema says.
    pub(super) fn row_fields(&self) -> &'a str {
        if self.shape == Shape::Row {
            return self.schema.fields;
        }
        self.schema.after.or(self.schema.before).unwrap_or_default()
    }

    /// Whether it would be a change, if its source said where it stands.
    pub(super) fn is_envelope(&self) -> bool {
        self.op.is_some() && self.has_images
    }

    /// The image that shows the row: itself, or of an envelope the new one, else the old one.
    pub(super) fn shown(&self) -> Option<&'a str> {
        match (self.shape, self.after, self.before) {
            (Shape::Row, _, _) => Some(self.text),
            (_, RowImage::Columns(row), _) | (_, _, RowImage::Columns(row)) => Some(row),
            _ => None,
        }
    }

    /// Whether a row by itself is a document, as far as it says.
    pub(super) fn is_row_of_document(&self) -> bool {
        self.shape == Shape::Row && self.position.is_of_document()
    }

    /// Whether an envelope is of a document, as MongoDB's connector writes it.
    pub(super) fn is_of_document(&self) -> bool {
        let is_document = |image| matches!(image, RowImage::Document(_));
        self.position.connector.as_deref() == Some("mongodb")
            || is_document(self.before)
            || is_document(self.after)
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }
}

/// Whether an added member is one of `source`: `__ts_ms` is when Debezium wrote the record, and only `__source_ts_ms`
/// when the row changed.
fn is_of_source(name: &str) -> bool {
    !matches!(name, "__ts_ms" | "__ts_us" | "__ts_ns")
}

impl<'a> Schema<'a> {
    fn field(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Fault> {
        if scanner.peek()? != Kind::Object {
            return scanner.skip().map(|_| ());
        }
        let (mut name, mut fields) = (None, None);
        scanner.object(|scanner, member| {
            match (member.as_ref(), scanner.peek()?) {
                ("field", Kind::String) => name = Some(scanner.string()?),
                ("fields", Kind::Array) => fields = Some(scanner.skip()?),
                _ => drop(scanner.skip()?.len()),
            }
            Ok::<_, Fault>(())
        })?;
        match name.as_deref() {
            Some("before") => self.before = fields,
            Some("after") => self.after = fields,
            _ => {}
        }
        Ok(())
    }
}
