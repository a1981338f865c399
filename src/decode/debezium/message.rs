//! A record of Debezium taken apart, whatever it is wrapped in. Rows are still text.

use super::super::Outline;
use super::Position;
use crate::error::Result;
use crate::json::{Fault, Kind, Scanner};
use std::borrow::Cow;

/// A row before or after a change, as far as the record has it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Image<'a> {
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

impl<'a> Image<'a> {
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
}

/// The fields of a schema: of a row, or of an envelope that holds rows.
#[derive(Debug, Default)]
struct Schema<'a> {
    fields: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

/// What was found in a record.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    /// Text of the innermost object.
    pub(super) text: &'a str,
    schema: Schema<'a>,
    pub(super) op: Option<Cow<'a, str>>,
    pub(super) before: Image<'a>,
    pub(super) after: Image<'a>,
    pub(super) position: Position<'a>,
    /// Text of `updateDescription`.
    pub(super) update: Option<&'a str>,
    pub(super) added: Added<'a>,
    /// Text of `tableChanges`.
    pub(super) table_changes: Option<&'a str>,
    has_source: bool,
    has_ddl: bool,
    counts_events: bool,
    has_images: bool,
    status: Option<Cow<'a, str>>,
    is_cloud_event: bool,
    /// Text of a CloudEvent's `data`.
    data: Option<&'a str>,
    members: usize,
    times: usize,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Change,
    Transaction,
    SchemaChange,
    Heartbeat,
    /// A row by itself, if anything.
    Row,
}

/// How deep wrappers may stand in each other: a CloudEvent with a schema, whose data has a schema.
const WRAPPERS_MAX: usize = 4;

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
    (OTHERS.contains(&inside) || Position::knows(inside)).then_some(inside)
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
    pub(super) fn parse(outline: &Outline<'a>) -> Result<Self, Fault> {
        let mut message = Self::default();
        let mut wraps = false;
        if outline.object(|scanner, name| message.outer(scanner, name, WRAPPERS_MAX, &mut wraps))? && !wraps {
            message.text = outline.text();
        }
        if message.is_cloud_event
            && let Some(data) = message.data
        {
            (message.text, message.members) = ("", 0);
            message.object(&mut Scanner::new(data), WRAPPERS_MAX)?;
        }
        Ok(message)
    }

    fn object(&mut self, scanner: &mut Scanner<'a>, wrappers_left: usize) -> Result<(), Fault> {
        let mut wraps = false;
        scanner.peek()?;
        let start = scanner.clone();
        scanner.object(|scanner, name| self.outer(scanner, &name, wrappers_left, &mut wraps))?;
        if !wraps {
            self.text = start.since_here(scanner);
        }
        Ok(())
    }

    fn outer(
        &mut self,
        scanner: &mut Scanner<'a>,
        name: &str,
        wrappers_left: usize,
        wraps: &mut bool,
    ) -> Result<(), Fault> {
        match (name, scanner.peek()?) {
            ("schema", Kind::Object) => self.schema(scanner),
            ("schema", Kind::Null) => scanner.null(),
            ("payload", Kind::Object) if wrappers_left > 0 => {
                *wraps = true;
                self.object(scanner, wrappers_left - 1)
            }
            (name, kind) => {
                self.members += 1;
                self.member(scanner, name, kind)
            }
        }
    }

    fn member(&mut self, scanner: &mut Scanner<'a>, name: &str, kind: Kind) -> Result<(), Fault> {
        match (name, kind) {
            ("op", Kind::String) => self.op = Some(scanner.string()?),
            ("before", _) => {
                self.has_images = true;
                self.before = Image::read(scanner)?;
            }
            ("after", _) => {
                self.has_images = true;
                self.after = Image::read(scanner)?;
            }
            ("source", Kind::Object) => {
                self.has_source = true;
                scanner.object(|scanner, name| self.position.read(scanner, &name))?;
            }
            ("transaction", Kind::Object) => scanner.object(|scanner, name| {
                match name.as_ref() {
                    "total_order" => self.position.total_order = scanner.text()?,
                    _ => drop(scanner.skip()?.len()),
                }
                Ok::<_, Fault>(())
            })?,
            ("updateDescription", Kind::Object) => self.update = Some(scanner.skip()?),
            ("ts_ms" | "ts_us" | "ts_ns", _) => {
                self.times += 1;
                scanner.skip()?;
            }
            ("status", Kind::String) => self.status = Some(scanner.string()?),
            ("event_count" | "data_collections", _) => {
                self.counts_events = true;
                scanner.skip()?;
            }
            ("ddl", _) => {
                self.has_ddl = true;
                scanner.skip()?;
            }
            ("tableChanges", Kind::Array) => self.table_changes = Some(scanner.skip()?),
            ("specversion", Kind::String) => {
                self.is_cloud_event = true;
                scanner.skip()?;
            }
            ("data", Kind::Object) => self.data = Some(scanner.skip()?),
            ("iodebeziumop", Kind::String) => self.op = Some(scanner.string()?),
            _ => match (name.strip_prefix("iodebezium"), added(name)) {
                (Some(attribute), _) => {
                    self.has_source = true;
                    self.position.read(scanner, attribute)?;
                }
                (_, Some(inside)) => self.added(scanner, name, inside, kind)?,
                _ => drop(scanner.skip()?.len()),
            },
        }
        Ok(())
    }

    /// A member that flattening added. `__ts_ms` is when Debezium wrote the record; only `__source_ts_ms` orders.
    fn added(
        &mut self,
        scanner: &mut Scanner<'a>,
        name: &str,
        inside: &str,
        kind: Kind,
    ) -> Result<(), Fault> {
        self.added.any = true;
        match (inside, kind) {
            ("op", _) => self.added.op = scanner.text()?,
            ("deleted", Kind::Bool) => self.added.deleted = Some(scanner.boolean()?),
            ("deleted", Kind::String) => self.added.deleted = Some(scanner.string()? == "true"),
            ("ts_ms" | "ts_us" | "ts_ns", _) if !name.starts_with("__source_") => drop(scanner.skip()?.len()),
            _ => self.position.read(scanner, inside)?,
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
        self.schema = found;
        Ok(())
    }

    /// The text of the fields of the rows in an envelope; empty when no schema says.
    pub(super) fn row_fields(&self) -> &'a str {
        self.schema.after.or(self.schema.before).unwrap_or_default()
    }

    /// The text of the fields of a row by itself; empty when no schema says.
    pub(super) fn fields(&self) -> &'a str {
        self.schema.fields
    }

    /// Whether it would be a change, if its source said where it stands.
    pub(super) fn is_envelope(&self) -> bool {
        self.op.is_some() && self.has_images
    }

    pub(super) fn shape(&self) -> Shape {
        if self.op.is_some() && self.has_source && (self.has_images || self.position.connector.is_some()) {
            return Shape::Change;
        }
        if matches!(self.status.as_deref(), Some("BEGIN" | "END")) && self.counts_events && !self.added.any {
            return Shape::Transaction;
        }
        if self.has_source && (self.has_ddl || self.table_changes.is_some()) {
            return Shape::SchemaChange;
        }
        if self.times > 0 && self.times == self.members { Shape::Heartbeat } else { Shape::Row }
    }
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
