//! Canal-JSON: changes of MySQL and MariaDB as Canal's flat messages, which other tools write too.
//!
//! * Table: `database.table`.
//! * Key: the route's `key`, else `pkNames`; its values from `data`. A column of the key in `old` is a changed key: a
//!   delete of the old and a put of the new one.
//! * Image: full, when the server's `binlog_row_image` is FULL; Canal does not say so when it is not.
//! * Version: `c.EEEE.1.<es>.<lll><digits>.<place>`: the time of the change in milliseconds with 16 hexadecimal digits,
//!   the transport's number (and the place in an aggregate), the place in `data` with 8 digits. Canal names no place in
//!   the binlog, and the server's clock in it counts seconds.
//! * Values: all are sent as text. By `mysqlType`, else by `sqlType`: numbers become numbers with the digits they have,
//!   `json` becomes a document, binary types become base64 (Canal writes each byte as one character), an `enum` and a
//!   `set` that came as a number become their labels. Anything else stays text, as dates and times do. Where an empty
//!   text can be no value of the type it is null, which Canal before 1.1.2, and others after it, write so.
//! * A message of several rows is as many parts: a row that cannot be read spoils no other.
//! * A dropped table (`ERASE`) is a truncate of it, as a truncated one is.
//!
//! What cannot be promised: changes of one row within one second are in the order of arrival. Deliver each key in
//! order: one partition a key (`canal.mq.partitionHash`), a producer that does not reorder, and no replay of old
//! records beside the stream. Changes of different seconds may come in any order, unless the time steps back: as the
//! server's clock may, and as MySQL's does for a statement that waited for the lock of a later one. There
//! `source.version = "arrival"` is right, if each key arrives in order.
//!
//! # Source
//! Canal, `FlatMessage` and `MQMessageUtils` (what is sent), `LogEventConvert` and `RowsLogBuffer` (how values are
//! written; `es` is the binlog's second; of a statement about several tables the first is named; what a statement about
//! a database is called), its issues 1026, 1028 and 4293 (null as an empty text); MySQL, `log_event.h` (an event's time
//! is when its statement began); TiCDC, "Canal-JSON Protocol"; Java SE, `java.sql.Types`.

mod value;

use crate::catalogue::{Catalogue, Identity};
use crate::decode::change::{self, Before, Operation, RowChange, Table};
use crate::decode::definition::drops_temporary;
use crate::decode::row::{self, Row};
use crate::decode::{Decoded, Decoder, Decoding, LazyObject, Reason, Settings};
use crate::error::{Code, Error, Result};
use crate::event::Timestamp;
use crate::json::{Fault, Kind, Scanner};
use crate::record::Record;
use crate::source::{Member, SourceIdentity};
use crate::values::copy::copy;
use crate::version::{Rank, Version};
use std::borrow::Cow;
use std::collections::HashMap;
use value::Form;

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

    fn types_keys(&self) -> bool {
        true
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        object.has("isDdl") && object.has("database") && {
            object.string("type").is_some_and(|name| is_word(&name))
        }
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, record, catalogue };
        decoding.decoded(object).map_err(|error| {
            let mut message = Message::default();
            row::readable_members(object, |name, value| message.member(name, value));
            match decoding.table(&message) {
                Some(table) => table.about(error, None),
                None => error,
            }
        })
    }
}

impl<'d> Decoding<'d, Canal> {
    fn decoded(&self, object: &LazyObject<'_>) -> Result<Decoded> {
        let mut message = Message::default();
        row::members(object, |name, value| message.member(name, value))?;
        let Some(kind) = row::string(message.kind).filter(|name| is_word(name)) else {
            return Err(no_change_record());
        };
        let (Some(_), Some(is_ddl)) = (row::string(message.database), message.is_ddl) else {
            return Err(no_change_record());
        };
        match kind.as_ref() {
            "INSERT" | "UPDATE" | "DELETE" if is_ddl != "true" => {}
            "TRUNCATE" => {}
            "ERASE" if is_ddl == "true" && message.drops_a_table() => {}
            // a sign of life of TiCDC
            "TIDB_WATERMARK" | "MHEARTBEAT" => return Ok(Decoded::Ignored(Reason::Heartbeat)),
            _ if is_ddl == "true" || OTHERS.contains(&kind.as_ref()) => {
                return Ok(Decoded::Ignored(Reason::Control));
            }
            _ => {
                return Err(Error::poison(
                    Code::UnknownOperation,
                    "The record's type is none that Canal writes.",
                ));
            }
        }
        let table = self.table(&message).ok_or_else(no_change_record)?;
        if matches!(kind.as_ref(), "TRUNCATE" | "ERASE") {
            return table.truncated(message.changed_at(), || Ok(message.version(&table)?.place(0)));
        }
        if table.is_left_out() {
            return Ok(table.unrouted());
        }
        let rows = Rows::of(&table, &message, &kind)?;
        let part = |place: usize| {
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            change::part(&CanalRow { rows: &rows, place })
        };
        match rows.data.len() {
            1 => part(0),
            count if count > self.decoder.0.bounds.parts() => Err(row::too_large()),
            count => Ok(Decoded::Parts((0..count).map(part).collect())),
        }
    }

    fn table(&self, message: &Message<'_>) -> Option<Table<'d>> {
        let (database, table) = (row::string(message.database)?, row::string(message.table)?);
        let source = SourceIdentity::of_stream_with(&self.record.source, [(Member::Db, Some(&database))]);
        Some(Table::new(self, self.decoder.0.epoch, format!("{database}.{table}"), source))
    }
}

/// What the entries are called that Canal's flat messages may stand for without being changes of rows or of tables.
const OTHERS: [&str; 4] = ["QUERY", "GTID", "XACOMMIT", "XAROLLBACK"];

/// Whether a type is written as Canal writes it; others write theirs in lower case.
fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn no_change_record() -> Error {
    Error::poison(Code::NotAChangeRecord, "The record is JSON, but no message of Canal.")
}

/// What the record's members hold, as JSON text.
#[derive(Debug, Default)]
struct Message<'a> {
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
    command: Option<&'a str>,
}

impl<'a> Message<'a> {
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
            "sql" => &mut self.command,
            _ => return,
        };
        *place = Some(value);
    }

    /// Whether a statement that drops something names a table, and not a temporary one: that is another of its name.
    fn drops_a_table(&self) -> bool {
        let command = row::string(self.command).unwrap_or_default();
        row::string(self.table).is_some_and(|table| !table.is_empty()) && !drops_temporary(&command)
    }

    fn changed_at(&self) -> Option<Timestamp> {
        self.es.and_then(Timestamp::from_epoch)
    }

    /// The version of the record's rows, without their places.
    fn version(&self, table: &Table<'_>) -> Result<Version> {
        let millis = self.es.and_then(|es| es.parse::<u64>().ok()).ok_or_else(|| {
            let text = "The record has no es, the time of the change, which orders it.";
            Error::poison(Code::MissingVersion, text)
        })?;
        let version = Version::new('c', table.epoch, Rank::Positioned).number(millis);
        table.numbered(version, "Read Canal's messages from a stream or a topic.")
    }

    /// The columns of the primary key, when the record tells them.
    fn key_columns(&self) -> Result<Option<Vec<String>>> {
        let Some(names) = row::present(self.pk_names) else { return Ok(None) };
        let bad = || Error::poison(Code::BadField, "The record's pkNames is not a list of names.");
        row::strings(names).map(Some).ok_or_else(bad)
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

/// The objects of an array of rows; `None` where something else stands.
fn objects<'a>(rows: Option<&'a str>, name: &str) -> Result<Vec<Option<&'a str>>> {
    let mut objects = Vec::new();
    let Some(rows) = row::present(rows) else { return Ok(objects) };
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
    read.map(|()| objects).map_err(|_| bad_rows(name))
}

fn bad_rows(name: &str) -> Error {
    Error::poison(Code::BadField, format!("The record's {name} is not a list of rows."))
}

/// The rows of a message.
struct Rows<'a> {
    table: &'a Table<'a>,
    operation: Operation,
    changed_at: Option<Timestamp>,
    version: Version,
    identity: Identity,
    forms: HashMap<String, Form>,
    /// The rows as they are now, or were before they were deleted.
    data: Vec<Option<&'a str>>,
    /// Of updated rows, what they were before.
    old: Vec<Option<&'a str>>,
}

impl<'a> Rows<'a> {
    fn of(table: &'a Table<'_>, message: &Message<'a>, kind: &str) -> Result<Self> {
        let operation = match kind {
            "INSERT" => Operation::Insert,
            "UPDATE" => Operation::Update,
            _ => Operation::Delete,
        };
        let (version, changed_at) = (table.version(|| message.version(table))?, message.changed_at());
        let identity = table.identity(message.key_columns()?)?;
        let data = objects(message.data, "data")?;
        if data.is_empty() {
            return Err(Error::poison(Code::NoImage, "The record of changed rows has no data."));
        }
        let old = objects(message.old.filter(|_| operation == Operation::Update), "old")?;
        let forms = message.forms();
        let rows = Self { table, operation, changed_at, version, identity, forms, data, old };
        if rows.old.len() != rows.data.len() {
            // some versions of Canal leave out rows of `old`: nobody knows then whose they are
            for old in &rows.old {
                let mut row = Row::of_key(&rows.identity);
                rows.read(*old, "old", &mut row)?;
                if row.has_key() {
                    let text = "The record's old has not as many rows as its data, and a key changed.";
                    return Err(Error::poison(Code::BadField, text));
                }
            }
        }
        Ok(rows)
    }

    /// Reads a row of the list `name`.
    fn read(&self, object: Option<&str>, name: &str, row: &mut Row<'_>) -> Result<()> {
        let mut scanner = Scanner::new(object.ok_or_else(|| bad_rows(name))?);
        row.add_object(&mut scanner, |scanner, name, out| {
            if scanner.peek()? != Kind::String {
                return copy(scanner, out);
            }
            let text = scanner.string()?;
            self.forms.get(name).unwrap_or(&Form::Text).write(&text, out).ok_or_else(|| {
                Error::poison(Code::BadValue, format!("The value of {name} is none of the column's type."))
            })
        })
    }

    fn at(rows: &[Option<&'a str>], place: u32) -> Option<Option<&'a str>> {
        rows.get(usize::try_from(place).ok()?).copied()
    }
}

/// One of the rows of a message.
struct CanalRow<'a> {
    rows: &'a Rows<'a>,
    place: u32,
}

impl RowChange for CanalRow<'_> {
    fn table(&self) -> &Table<'_> {
        self.rows.table
    }

    fn operation(&self) -> Result<Operation> {
        Ok(self.rows.operation)
    }

    fn version(&self) -> Result<Version> {
        Ok(self.rows.version.clone().place(self.place))
    }

    fn changed_at(&self) -> Option<Timestamp> {
        self.rows.changed_at
    }

    fn place(&self) -> Option<u32> {
        Some(self.place)
    }

    fn identity(&self) -> Result<Cow<'_, Identity>> {
        Ok(Cow::Borrowed(&self.rows.identity))
    }

    fn read(&self, row: &mut Row<'_>) -> Result<()> {
        self.rows.read(Rows::at(&self.rows.data, self.place).flatten(), "data", row)
    }

    /// `old` has the columns that changed.
    fn before<'i>(&self, row: &mut Row<'i>) -> Result<Before<'i>> {
        let mut old = Row::of_key(row.identity());
        if let Some(object) = Rows::at(&self.rows.old, self.place) {
            self.rows.read(object, "old", &mut old)?;
        }
        Ok(Before::Columns(old))
    }
}

#[cfg(test)]
mod tests {
    use super::Canal;
    use crate::Result;
    use crate::decode::informed::{Informed, alone, by_arrival, rules};
    use crate::decode::{Decoded, Decoder, LazyObject};
    use crate::event::{Change, ChangeEvent};
    use crate::record::Record;
    use crate::rules::Keyless;

    /// What a record comes to: each event in a line, or the reason or the error's code.
    fn decoded(decoder: &impl Decoder, position: &str, payload: &str) -> String {
        shown(alone(decoder, &Record::new("s", position, payload.to_owned())))
    }

    fn shown(decoded: Result<Decoded>) -> String {
        let events = match decoded {
            Ok(Decoded::Events(events)) => events,
            Ok(Decoded::Ignored(reason)) => return reason.to_string(),
            Ok(Decoded::Unrouted { .. }) => return "unrouted".to_owned(),
            Ok(Decoded::Parts(parts)) => return parts.into_iter().map(shown).collect::<Vec<_>>().join("; "),
            Ok(Decoded::Schema(_)) => panic!("Canal has none"),
            Err(error) => return error.code().to_string(),
        };
        let line = |event: &ChangeEvent| {
            let what = match &event.change {
                Change::Put(document) => format!("put {}", document.to_json()),
                Change::Delete(document) => {
                    format!(
                        "delete {}",
                        document.as_ref().map_or_else(String::new, |document| document.to_json())
                    )
                }
                Change::Truncate => "truncate".to_owned(),
                Change::Patch(_) => panic!("Canal has none"),
            };
            let key = event.key.as_ref().map_or_else(|| event.table.clone(), |key| key.to_json());
            let pair = event.pair.map_or_else(String::new, |pair| format!(" pair {pair}"));
            format!("{key} {what} {}{pair}", event.version.as_str().trim_start_matches("c.0000.1."))
        };
        events.iter().map(line).collect::<Vec<_>>().join("; ")
    }

    fn told(payload: &str) -> String {
        decoded(&Canal::default(), "42", payload)
    }

    fn message(kind: &str, rest: &str) -> String {
        let types = r#""sqlType":{"id":4,"n":12},"mysqlType":{"id":"int(11)","n":"varchar(20)"}"#;
        format!(
            r#"{{"id":3,"database":"d","table":"t","pkNames":["id"],"isDdl":false,"type":"{kind}","es":1682057341424,"ts":1682057382913,"sql":"",{types},{rest}}}"#
        )
    }

    const ES: &str = "00000187a26e29f0.00242";

    #[test]
    fn each_row_of_a_message_is_a_change() {
        let insert = message("INSERT", r#""old":null,"data":[{"id":"1","n":"x"},{"id":"2","n":null}]"#);
        assert_eq!(
            told(&insert),
            format!(r#"{{"id":1}} put {{"n":"x"}} {ES}.00000000; {{"id":2}} put {{"n":null}} {ES}.00000001"#)
        );
        let update = message(
            "UPDATE",
            r#""old":[{"n":"w"},{"id":"2","n":"y"}],"data":[{"id":"1","n":"x"},{"id":"3","n":"z"}]"#,
        );
        assert_eq!(
            told(&update),
            format!(
                r#"{{"id":1}} put {{"n":"x"}} {ES}.00000000; {{"id":2}} delete  {ES}.00000001 pair 1; {{"id":3}} put {{"n":"z"}} {ES}.00000001 pair 1"#
            )
        );
        let delete = message("DELETE", r#""old":null,"data":[{"id":"1","n":"x"}]"#);
        assert_eq!(told(&delete), format!(r#"{{"id":1}} delete {{"n":"x"}} {ES}.00000000"#));
    }

    #[test]
    fn a_row_that_cannot_be_read_spoils_no_other_and_is_named_where_its_key_can_be_read() {
        let types = |text: String| text.replace("varchar(20)", "int").replace(r#""n":12"#, r#""n":4"#);
        let named = |part: Result<Decoded>| match part {
            Err(error) => format!("{} {:?} {:?}", error.code().as_str(), error.table(), error.key()),
            good => shown(good),
        };
        let parts = |text: String| match alone(&Canal::default(), &Record::new("s", "42", types(text))) {
            Ok(Decoded::Parts(parts)) => parts.into_iter().map(named).collect::<Vec<_>>(),
            other => vec![named(other)],
        };
        let insert = message(
            "INSERT",
            r#""data":[{"id":"1","n":"x"},{"id":"2","n":"5"},{"id":"","n":"6"},{"n":"7"},{"id":"x","n":"8"},7]"#,
        );
        let nobody = |code: &str| format!(r#"{code} Some("d.t") None"#);
        assert_eq!(
            parts(insert.clone()),
            [
                r#"bad_value Some("d.t") Some("[1]")"#.to_owned(),
                format!(r#"{{"id":2}} put {{"n":5}} {ES}.00000001"#),
                nobody("null_key"),
                nobody("missing_key"),
                nobody("bad_value"),
                nobody("bad_field"),
            ]
        );
        let update = r#""old":[{"id":"x"},{"id":"3"}],"data":[{"id":"1","n":"1"},{"id":"4","n":"2"}]"#;
        let both = format!(
            r#"{{"id":3}} delete  {ES}.00000001 pair 1; {{"id":4}} put {{"n":2}} {ES}.00000001 pair 1"#
        );
        assert_eq!(
            parts(message("UPDATE", update)),
            [r#"bad_value Some("d.t") Some("[1]")"#.to_owned(), both]
        );
        // what concerns the whole message is said once
        assert_eq!(parts(insert.replace(r#""es":1682057341424"#, r#""x":1"#)), [nobody("missing_version")]);
        assert_eq!(parts(insert.replace(r#"["id"]"#, "[]")), [nobody("no_key")]);
        assert_eq!(
            parts(message("DELETE", r#""data":[{"id":"1","n":"x"}]"#)),
            [r#"bad_value Some("d.t") Some("[1]")"#]
        );
    }

    #[test]
    fn a_key_that_is_written_again_is_not_changed() {
        let update = message("UPDATE", r#""old":[{"id":"1","n":"w"}],"data":[{"id":"1","n":"x"}]"#);
        assert_eq!(told(&update), format!(r#"{{"id":1}} put {{"n":"x"}} {ES}.00000000"#));
    }

    #[test]
    fn rows_of_old_that_are_left_out_matter_only_where_a_key_changed() {
        let update = |old: &str| {
            message("UPDATE", &format!(r#""old":{old},"data":[{{"id":"1","n":"x"}},{{"id":"2","n":"y"}}]"#))
        };
        assert!(told(&update(r#"[{"n":"w"}]"#)).starts_with(r#"{"id":1} put"#));
        assert!(told(&update("[null,null]")).starts_with(r#"{"id":1} put"#));
        assert_eq!(told(&update(r#"[{"id":"5"}]"#)), "bad_field");
        assert_eq!(told(&update(r#"[{},{},{"id":"5"}]"#)), "bad_field");
    }

    #[test]
    fn what_is_no_change_of_a_row_is_left_out() {
        let ddl = |kind: &str| message(kind, r#""data":null"#).replace(r#""isDdl":false"#, r#""isDdl":true"#);
        for kind in ["CREATE", "ALTER", "RENAME", "CINDEX", "DINDEX", "QUERY"] {
            assert_eq!(told(&ddl(kind)), "control", "{kind}");
        }
        assert_eq!(told(&ddl("TRUNCATE")), format!("d.t truncate {ES}.00000000"));
        // a temporary table is another one, and a database has no rows of its own
        let drop = |sql: &str| ddl("ERASE").replace(r#""sql":"""#, &format!(r#""sql":"{sql}""#));
        for sql in ["", "drop table d.t", "DROP  TABLE IF EXISTS `t` /* generated by server */"] {
            assert_eq!(told(&drop(sql)), format!("d.t truncate {ES}.00000000"), "{sql}");
        }
        assert_eq!(told(&drop("DROP\\n temporary TABLE t")), "control");
        for table in [r#""table":"""#, r#""table":null"#] {
            assert_eq!(told(&drop("").replace(r#""table":"t""#, table)), "control");
        }
        assert_eq!(told(&drop("").replace("\"es\"", "\"x\"")), "missing_version");
        assert_eq!(told(&message("QUERY", r#""data":null"#)), "control");
        assert_eq!(told(&message("TIDB_WATERMARK", r#""data":null"#)), "heartbeat");
    }

    #[test]
    fn values_get_the_form_of_their_type() {
        let table = [
            ("bigint(20) unsigned", "3", "18446744073709551615", "18446744073709551615"),
            (
                "DECIMAL(40,10)",
                "3",
                "123456789012345678901234567890.1234567890",
                "123456789012345678901234567890.1234567890",
            ),
            ("double", "8", "1.0E-300", "1.0E-300"),
            ("year(4)", "12", "0000", "0"),
            ("bit(1)", "-7", "1", "1"),
            ("tinyint(1)", "-7", "-1", "-1"),
            ("datetime(6)", "93", "0000-00-00 00:00:00", "\"0000-00-00 00:00:00\""),
            ("varchar(20)", "12", "007\\n\\u00e4", "\"007\\nä\""),
            ("longtext", "2005", "{}", "\"{}\""),
            ("blob", "2004", "\\u0000ÿA", "\"AP9B\""),
            ("varbinary(8)", "2004", "", "\"\""),
            ("json", "12", "{\\\"b\\\": [1.10, null]}", "{\"b\":[1.10,null]}"),
            ("enum('a','it''s')", "4", "2", "\"it's\""),
            ("enum('a','b')", "4", "0", "\"\""),
            ("enum('a','b')", "12", "b", "\"b\""),
            ("set('a','b','c')", "-7", "5", "[\"a\",\"c\"]"),
            ("set('a','b','c')", "-7", "0", "[]"),
            ("", "4", "5", "5"),
            ("", "12", "5", "\"5\""),
            // what is never empty is null
            ("int", "4", "", "null"),
            ("decimal(10,2)", "3", "", "null"),
            ("double", "8", "", "null"),
            ("bit(1)", "-7", "", "null"),
            ("year(4)", "12", "", "null"),
            ("date", "91", "", "null"),
            ("time(3)", "92", "", "null"),
            ("datetime", "93", "", "null"),
            ("timestamp", "93", "", "null"),
            ("json", "12", "", "null"),
            ("enum('a','b')", "4", "", "null"),
            ("set('a','b')", "-7", "", "null"),
            ("", "93", "", "null"),
            ("", "-5", "", "null"),
            ("enum('a','b')", "12", "", "\"\""),
            ("set('a','b')", "12", "", "\"\""),
            ("varchar(20)", "12", "", "\"\""),
            ("text", "2005", "", "\"\""),
            ("blob", "2004", "", "\"\""),
            ("time", "92", "-838:59:59", "\"-838:59:59\""),
        ];
        for (declared, code, value, expected) in table {
            let text = message("INSERT", &format!(r#""data":[{{"id":"1","n":"{value}"}}]"#))
                .replace(r#""n":12"#, &format!(r#""n":{code}"#))
                .replace("varchar(20)", declared);
            assert_eq!(
                told(&text),
                format!(r#"{{"id":1}} put {{"n":{expected}}} {ES}.00000000"#),
                "{declared}"
            );
        }
        for (declared, code, value) in [
            ("int", "4", "x"),
            ("int", "4", " "),
            ("blob", "2004", "€"),
            ("json", "12", "{"),
            ("enum('a')", "4", "2"),
            ("set('a')", "-7", "2"),
        ] {
            let text = message("INSERT", &format!(r#""data":[{{"id":"1","n":"{value}"}}]"#))
                .replace(r#""n":12"#, &format!(r#""n":{code}"#))
                .replace("varchar(20)", declared);
            assert_eq!(told(&text), "bad_value", "{declared}");
        }
        let bare = message("INSERT", r#""data":[{"id":1.0,"n":true}]"#).replace("Type", "_");
        assert_eq!(told(&bare), format!(r#"{{"id":1}} put {{"n":true}} {ES}.00000000"#));
    }

    #[test]
    fn what_is_wrong_is_poison_with_a_code_of_its_own() {
        let insert = message("INSERT", r#""data":[{"id":"1","n":"x"}]"#);
        let with = |field: &str, value: &str| insert.replacen(field, value, 1);
        let table = [
            (with(r#""es":1682057341424"#, r#""x":1"#), "missing_version"),
            (with(r#""es":1682057341424"#, r#""es":null"#), "missing_version"),
            (with(r#""es":1682057341424"#, r#""es":"1682057341424""#), "missing_version"),
            (with(r#""es":1682057341424"#, r#""es":-1"#), "missing_version"),
            (with(r#"["id"]"#, r#""id""#), "bad_field"),
            (with(r#"["id"]"#, "[]"), "no_key"),
            (with(r#"["id"]"#, "null"), "unknown_key"),
            (with(r#"["id"]"#, r#"["id","m"]"#), "missing_key"),
            (with(r#""id":"1""#, r#""id":null"#), "null_key"),
            (with(r#""id":"1""#, r#""id":"1","id":"1""#), "duplicate_key_member"),
            (with(r#"[{"id":"1","n":"x"}]"#, "[]"), "no_image"),
            (with(r#"[{"id":"1","n":"x"}]"#, "null"), "no_image"),
            (with(r#"[{"id":"1","n":"x"}]"#, "[7]"), "bad_field"),
            (with(r#"[{"id":"1","n":"x"}]"#, "{}"), "bad_field"),
            (with(r#""database":"d""#, r#""database":null"#), "not_a_change_record"),
            (with(r#""table":"t""#, r#""table":1"#), "not_a_change_record"),
            (with("INSERT", "insert"), "not_a_change_record"),
            (with("INSERT", "UPSERT"), "unknown_operation"),
            (with(r#","isDdl":false"#, ""), "not_a_change_record"),
            (message("DELETE", r#""data":[{"n":"x"}]"#), "missing_key"),
            (message("UPDATE", r#""old":7,"data":[{"id":"1"}]"#), "bad_field"),
            (message("UPDATE", r#""old":[7],"data":[{"id":"1"}]"#), "bad_field"),
            ("{".to_owned(), "not_json"),
            ("7".to_owned(), "not_a_change_record"),
        ];
        for (payload, code) in table {
            assert_eq!(told(&payload), code, "{payload}");
        }
        assert_eq!(decoded(&Canal::default(), "a-message-id", &insert), "missing_version");
    }

    #[test]
    fn a_table_without_a_key_is_what_its_route_says() {
        let keyless = |keyless: Keyless, text: &str| {
            let decoder = Informed::new(Canal::default(), rules("*", |it| it.keyless = keyless));
            decoded(&decoder, "42", &text.replace(r#"["id"]"#, "[]"))
        };
        let insert = message("INSERT", r#""data":[{"id":"1","n":"x"}]"#);
        assert_eq!(
            keyless(Keyless::Position, &insert),
            format!(r#"{{"position":"42.0"}} put {{"id":1,"n":"x"}} {ES}.00000000"#)
        );
        let update = message("UPDATE", r#""old":[{"n":null}],"data":[{"id":"1","n":"x"}]"#);
        assert_eq!(keyless(Keyless::Position, &update), "keyless_change");
        assert_eq!(
            keyless(Keyless::Row, &update),
            format!(
                r#"{{"id":1,"n":null}} delete  {ES}.00000000 pair 0; {{"id":1,"n":"x"}} put {{}} {ES}.00000000 pair 0"#
            )
        );
    }

    #[test]
    fn a_table_without_a_route_needs_no_key_and_a_record_by_arrival_no_time() {
        let decoder = Informed::new(Canal::default(), by_arrival(rules("d.t", |_| {})));
        let insert = message("INSERT", r#""data":[{"id":"1","n":"x"}]"#).replace("\"es\"", "\"x\"");
        assert!(decoded(&decoder, "42", &insert).starts_with(r#"{"id":1} put {"n":"x"} a.0000.1.00242"#));
        let other = insert.replace(r#""table":"t""#, r#""table":"u""#).replace(r#"["id"]"#, "null");
        assert_eq!(decoded(&decoder, "42", &other), "unrouted");
    }

    #[test]
    fn a_record_is_recognised_by_is_ddl_database_and_type() {
        let recognised = |payload: &str| Canal::default().recognises(&LazyObject::of(payload.as_bytes()));
        assert!(recognised(&message("INSERT", r#""data":7"#)));
        assert!(recognised(r#"{"isDdl":null,"database":null,"type":"ALTER"}"#));
        for other in [
            r#"{"isDdl":false,"database":"d","type":"insert"}"#,
            r#"{"database":"d","type":"INSERT"}"#,
            r#"{"isDdl":false,"type":"INSERT"}"#,
            "[]",
            "",
        ] {
            assert!(!recognised(other), "{other}");
        }
    }
}
