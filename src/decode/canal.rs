//! Canal-JSON: changes of MySQL and MariaDB as Canal's flat messages, which other tools write too.
//!
//! * Table: `database.table`.
//! * Key: the route's `key`, else `pkNames`; its values from `data`. A column of the key in `old` is a changed key: a
//!   delete of the old and a put of the new one.
//! * Image: full, when the server's `binlog_row_image` is FULL; Canal does not say so when it is not.
//! * Version: `c.EEEE.1.<es>.<lll><digits>.<place>`: the time of the change in milliseconds with 16 hexadecimal digits,
//!   the transport's number, the place in `data` with 8 digits. Canal names no place in the binlog, and the server's
//!   clock in it counts seconds.
//! * Values: all are sent as text. By `mysqlType`, else by `sqlType`: numbers become numbers with the digits they have,
//!   `json` becomes a document, binary types become base64 (Canal writes each byte as one character), an `enum` and a
//!   `set` that came as a number become their labels. Anything else stays text, as dates and times do.
//!
//! What cannot be promised: changes of one row within one second are in the order of arrival. Deliver each key in
//! order: one partition a key (`canal.mq.partitionHash`), a producer that does not reorder, and no replay of old
//! records beside the stream. Changes of different seconds may come in any order, unless the server's clock steps back.
//!
//! # Source
//! Canal, `FlatMessage` and `MQMessageUtils` (what is sent), `LogEventConvert` and `RowsLogBuffer` (how values are
//! written; `es` is the binlog's second); TiCDC, "Canal-JSON Protocol"; Java SE, `java.sql.Types`.

use super::{Decoded, Decoder, Origin, Outline, Reason, Row, Settings, row};
use crate::catalogue::Identity;
use crate::decimal;
use crate::error::{Error, Result};
use crate::event::{Change, ChangeEvent, Timestamp};
use crate::json::{self, Fault, Kind, Scanner};
use crate::record::Record;
use crate::version::{Rank, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::HashMap;

/// Canal's flat messages.
#[derive(Debug, Default)]
pub struct Canal(Settings);

impl Canal {
    /// A decoder.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl Decoder for Canal {
    fn name(&self) -> &'static str {
        "canal"
    }

    fn about(&self) -> &'static str {
        "Canal-JSON, from MySQL"
    }

    fn recognises(&self, outline: &Outline<'_>) -> bool {
        outline.has("isDdl") && outline.has("database") && {
            outline.string("type").is_some_and(|name| is_word(&name))
        }
    }

    fn decode(&self, record: &Record) -> Result<Decoded> {
        let mut found = Fields::default();
        row::members(&record.payload, |name, value| found.member(name, value))?;
        let Some(kind) = row::string(found.kind).filter(|name| is_word(name)) else {
            return Err(no_change_record());
        };
        let (Some(database), Some(is_ddl)) = (row::string(found.database), found.is_ddl) else {
            return Err(no_change_record());
        };
        match kind.as_ref() {
            "INSERT" | "UPDATE" | "DELETE" if is_ddl != "true" => {}
            "TRUNCATE" => {}
            // a sign of life of TiCDC
            "TIDB_WATERMARK" | "MHEARTBEAT" => return Ok(Decoded::Ignored(Reason::Heartbeat)),
            _ if is_ddl == "true" || OTHERS.contains(&kind.as_ref()) => {
                return Ok(Decoded::Ignored(Reason::Control));
            }
            _ => return Err(Error::poison("unknown_type", "The record's type is none that Canal writes.")),
        }
        let Some(table) = row::string(found.table) else { return Err(no_change_record()) };
        let table = format!("{database}.{table}");
        let millis = found.es.and_then(|es| es.parse::<u64>().ok()).ok_or_else(|| {
            let message = "The record has no es, the time of the change, which orders it.";
            Error::poison("missing_version", message)
        })?;
        let version = Version::new('c', self.0.epoch, Rank::Positioned).number(millis);
        let advice = "Read Canal's messages from a stream or a topic.";
        let version = row::by_arrival(version, record, advice)?;
        let changed_at = found.es.and_then(Timestamp::from_epoch);
        let origin = |place: usize| Origin {
            table: &table,
            version: version.clone().place(u32::try_from(place).unwrap_or(u32::MAX)),
            changed_at,
        };
        if kind == "TRUNCATE" {
            return Ok(Decoded::Events(vec![origin(0).event(None, Change::Truncate, None)]));
        }
        self.rows(record, &found, &kind, origin)
    }
}

/// What the entries are called that Canal's flat messages may stand for without being changes of rows or of tables.
const OTHERS: [&str; 4] = ["QUERY", "GTID", "XACOMMIT", "XAROLLBACK"];

/// Whether a type is written as Canal writes it; others write theirs in lower case.
fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn no_change_record() -> Error {
    Error::poison("not_a_change_record", "The record is JSON, but no message of Canal.")
}

/// What the record's members hold, as JSON text.
#[derive(Debug, Default)]
struct Fields<'a> {
    kind: Option<&'a str>,
    database: Option<&'a str>,
    table: Option<&'a str>,
    pk_names: Option<&'a str>,
    is_ddl: Option<&'a str>,
    es: Option<&'a str>,
    codes: Option<&'a str>,
    types: Option<&'a str>,
    data: Option<&'a str>,
    old: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn member(&mut self, name: &str, value: &'a str) {
        let place = match name {
            "type" => &mut self.kind,
            "database" => &mut self.database,
            "table" => &mut self.table,
            "pkNames" => &mut self.pk_names,
            "isDdl" => &mut self.is_ddl,
            "es" => &mut self.es,
            "sqlType" => &mut self.codes,
            "mysqlType" => &mut self.types,
            "data" => &mut self.data,
            "old" => &mut self.old,
            _ => return,
        };
        *place = Some(value);
    }

    /// The forms of the columns that are not plain text.
    fn forms(&self) -> HashMap<String, Form> {
        let mut codes = HashMap::new();
        each_member(self.codes, |name, value| {
            codes.insert(name.to_owned(), value);
        });
        let mut forms: HashMap<String, Form> =
            codes.iter().map(|(name, code)| (name.clone(), Form::of_code(code))).collect();
        each_member(self.types, |name, value| {
            let Some(declared) = row::string(Some(value)) else { return };
            let code = codes.get(name).copied().unwrap_or_default();
            forms.insert(name.to_owned(), Form::of_type(&declared, code));
        });
        forms
    }
}

/// The members of what may be an object.
fn each_member<'a>(object: Option<&'a str>, mut each: impl FnMut(&str, &'a str)) {
    let read = Scanner::new(object.unwrap_or_default()).object(|scanner, name| {
        each(&name, scanner.skip()?);
        Ok::<_, Fault>(())
    });
    // what is no object tells nothing
    read.unwrap_or_default();
}

/// The objects of an array of rows.
fn objects<'a>(rows: &'a str, name: &str) -> Result<Vec<&'a str>> {
    let mut objects = Vec::new();
    let read = Scanner::new(rows).array(|scanner| {
        let kind = scanner.peek()?;
        let text = scanner.skip()?;
        objects.push(match kind {
            Kind::Object => Some(text),
            Kind::Null => Some("{}"),
            Kind::Array | Kind::String | Kind::Number | Kind::Bool => None,
        });
        Ok::<_, Fault>(())
    });
    let objects: Option<Vec<&str>> = objects.into_iter().collect();
    objects
        .filter(|_| read.is_ok())
        .ok_or_else(|| Error::poison("bad_field", format!("The record's {name} is not a list of rows.")))
}

/// What the text of a value stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Text,
    Number,
    /// Bytes, each written as the character of its number.
    Bytes,
    Json,
    /// The number of a label, from 1.
    Label(Vec<String>),
    /// A number whose bits are labels.
    Labels(Vec<String>),
}

impl Form {
    /// The form of a type as the table declares it: `bigint(20) unsigned`.
    fn of_type(declared: &str, code: &str) -> Self {
        let name = declared.split(['(', ' ']).next().unwrap_or_default().to_ascii_lowercase();
        match (name.as_str(), code) {
            (
                "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" | "decimal" | "dec"
                | "fixed" | "numeric" | "float" | "double" | "real" | "year" | "bit" | "bool" | "boolean",
                _,
            ) => Self::Number,
            (
                "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "geometry"
                | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
                | "geometrycollection" | "geomcollection",
                _,
            ) => Self::Bytes,
            ("json", _) => Self::Json,
            ("enum", "4") => Self::Label(labels(declared)),
            ("set", "-7") => Self::Labels(labels(declared)),
            ("", _) => Self::of_code(code),
            _ => Self::Text,
        }
    }

    /// The form of a type by its number in `java.sql.Types`.
    fn of_code(code: &str) -> Self {
        match code {
            "-7" | "-6" | "-5" | "2" | "3" | "4" | "5" | "6" | "7" | "8" => Self::Number,
            "-4" | "-3" | "-2" | "2004" => Self::Bytes,
            _ => Self::Text,
        }
    }

    /// Appends the value that is written as `text`; `None` when it cannot be one.
    fn write(&self, text: &str, out: &mut String) -> Option<()> {
        match self {
            Self::Text => json::write_string(out, text),
            Self::Number if json::is_number(text) => out.push_str(text),
            Self::Number => out.push_str(&decimal::to_json(text).ok()?),
            Self::Bytes => {
                let bytes: Option<Vec<u8>> =
                    text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
                out.push('"');
                STANDARD.encode_string(bytes?, out);
                out.push('"');
            }
            Self::Json => {
                let mut inside = Scanner::new(text);
                row::copy(&mut inside, out).ok()?;
                inside.end().ok()?;
            }
            Self::Label(labels) => match text.parse::<usize>() {
                // what the server puts in place of a bad value
                Ok(0) => out.push_str("\"\""),
                Ok(number) => json::write_string(out, labels.get(number - 1)?),
                Err(_) => json::write_string(out, text),
            },
            Self::Labels(labels) => match text.parse::<u64>() {
                Ok(bits) => {
                    let chosen = (0..u64::BITS).filter(|bit| bits >> bit & 1 == 1);
                    let chosen: Option<Vec<&String>> =
                        chosen.map(|bit| labels.get(usize::try_from(bit).ok()?)).collect();
                    out.push('[');
                    for (at, label) in chosen?.into_iter().enumerate() {
                        if at > 0 {
                            out.push(',');
                        }
                        json::write_string(out, label);
                    }
                    out.push(']');
                }
                Err(_) => json::write_string(out, text),
            },
        }
        Some(())
    }
}

/// The labels of a type as in `enum('a','it''s')`.
fn labels(declared: &str) -> Vec<String> {
    let mut labels = Vec::new();
    let mut rest = declared;
    while let Some((_, inside)) = rest.split_once('\'') {
        let mut label = String::new();
        rest = inside;
        while let Some((part, behind)) = rest.split_once('\'') {
            label.push_str(part);
            let doubled = behind.strip_prefix('\'');
            rest = doubled.unwrap_or(behind);
            if doubled.is_none() {
                break;
            }
            label.push('\'');
        }
        labels.push(label);
    }
    labels
}

/// Adds the columns of a row that are `wanted`.
fn add(row: &mut Row<'_>, object: &str, forms: &HashMap<String, Form>, only_key: bool) -> Result<()> {
    Scanner::new(object).object(|scanner, name| {
        if only_key && !row.is_key(&name) {
            scanner.skip()?;
            return Ok(());
        }
        row.add(&name, |out| {
            if scanner.peek()? != Kind::String {
                return row::copy(scanner, out);
            }
            let text = scanner.string()?;
            let form = forms.get(name.as_ref()).unwrap_or(&Form::Text);
            form.write(&text, out).ok_or_else(|| {
                Error::poison("bad_value", format!("The value of {name} is none of the column's type."))
            })
        })
    })
}

impl Canal {
    fn rows<'t>(
        &self,
        record: &Record,
        found: &Fields<'_>,
        kind: &str,
        origin: impl Fn(usize) -> Origin<'t>,
    ) -> Result<Decoded> {
        let table = origin(0).table;
        let told = row::present(found.pk_names).map(|names| {
            row::strings(names)
                .ok_or_else(|| Error::poison("bad_field", "The record's pkNames is not a list of names."))
        });
        let identity = row::identity(&self.0.catalogue, table, told.transpose()?)?;
        let data = row::present(found.data).map_or_else(|| Ok(Vec::new()), |data| objects(data, "data"))?;
        if data.is_empty() {
            return Err(Error::poison("no_data", "The record of changed rows has no data."));
        }
        let old = row::present(found.old).map_or_else(|| Ok(Vec::new()), |old| objects(old, "old"))?;
        let forms = found.forms();
        let mut events: Vec<ChangeEvent> = Vec::with_capacity(data.len());
        for (place, object) in data.iter().enumerate() {
            let origin = origin(place);
            let pair = u32::try_from(place).unwrap_or(u32::MAX);
            let mut row = Row::new(&identity, object.len());
            add(&mut row, object, &forms, false)?;
            let key = match (&identity, kind) {
                (Identity::Position, "INSERT") => row::key_of_position(record, Some(pair))?,
                (Identity::Position, _) => return Err(row::nameless(table)),
                (Identity::Columns(_) | Identity::Row, _) => row.key()?,
            };
            if kind == "DELETE" {
                events.push(origin.event(Some(key), Change::Delete(Some(row.document())), None));
                continue;
            }
            let mut key_before = None;
            if let Some(old) = old.get(place).filter(|_| kind == "UPDATE") {
                let mut before = Row::new(&identity, 0);
                add(&mut before, old, &forms, true)?;
                key_before = row.key_before(&before)?;
            }
            // some versions of Canal leave out rows of `old`: nobody knows then whose they are
            if old.len() != data.len() && key_before.is_some() {
                let message = "The record's old has not as many rows as its data, and a key changed.";
                return Err(Error::poison("bad_field", message));
            }
            origin.changed(&mut events, (key_before, key), Change::Put(row.document()), pair);
        }
        Ok(Decoded::Events(events))
    }
}
