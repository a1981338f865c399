//! A row as PostgreSQL's COPY writes it, made into the JSON object that the stream beside it would tell of the same
//! row: as Debezium with its schema, as wal2json, or as AWS DMS.
//!
//! | type | as Debezium, and without a stream | as wal2json | as DMS |
//! |---|---|---|---|
//! | integers, `real`, `double precision`, `oid` | a number with every digit; `"NaN"`, `"Infinity"` | = | = |
//! | `numeric` | the same; without a scale no zeros at the end | with them | with them |
//! | `boolean` | `true`, `false` | = | = |
//! | `json`, `jsonb` | the document | the document | text |
//! | `bytea` | base64 | = | = |
//! | `timestamp` | `"2026-03-02T08:35:30.123456"`; 3 decimals where its precision is at most 3 | text | with `Z` |
//! | `timestamptz` | `"2026-03-02T08:35:30.123456Z"`, with the decimals of its precision | text, in UTC | 6 decimals |
//! | `time` | `"08:35:30.123456"`, 3 decimals as above | text | text |
//! | `timetz` | `"06:35:30.5Z"`, in UTC | text | text |
//! | `interval` | `"PT3723.5S"`, a month as 30.4375 days | text | text |
//! | `money` | a number | text | text |
//! | `bit(1)`, `varbit(1)` | `true`, `false`; null when empty | text | text |
//! | `bit`, `varbit` | base64 of the bytes, the lowest first, without zeros at the end | text | text |
//! | `hstore` | an object | text | text |
//! | `point` | `{"x":1.0,"y":2.5,"wkb":"…","srid":null}` | text | text |
//! | arrays | an array | text | text |
//! | domains | as the type below | text | as the type below |
//! | all others: text, `uuid`, `date`, `inet`, enums, ranges, composites, … | text | = | = |
//!
//! "Text" is the server's; `=` is the same as on its left. What no calendar of four digits holds (`infinity`, years
//! before Christ or above 9999) is the server's text.
//!
//! # Source
//! PostgreSQL documentation, "COPY", section "Text Format": the escapes, and `\N`; "Array Input and Output Syntax".
//! docs/formats.md for what the decoders make of values; what Debezium 3.6 and wal2json 2.5 sent of such columns.

use super::bits::{bit, bits};
use super::clock::{interval, moment, stamp, time, time_of_zone};
use super::point::point;
use super::quoted::{element, map};
use crate::error::{Code, Error, Result};
use crate::event::bytes_of_hex;
use crate::json;
use crate::plan::fill;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::{memchr, memchr2};
use std::borrow::Cow;
use tokio_postgres::types::{Kind as TypeKind, Type};

/// Who else writes values of the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Debezium with its schema, or nobody.
    Debezium,
    /// wal2json.
    Wal2json,
    /// AWS DMS.
    Dms,
}

impl Style {
    /// How values are written beside the stream of a scheme.
    pub(super) fn beside(scheme: char) -> Self {
        match scheme {
            'w' => Self::Wal2json,
            'm' => Self::Dms,
            _ => Self::Debezium,
        }
    }
}

/// How the server's text of a value becomes JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    /// A number without zeros at the end of its decimals.
    Trimmed,
    Boolean,
    Text,
    Document,
    Bytes,
    /// One bit.
    Bit,
    Bits,
    /// With so many decimals.
    Time(usize),
    /// With so many decimals.
    Stamp(usize),
    /// In UTC, with so many decimals.
    Moment(usize),
    TimeOfZone,
    /// Seconds.
    Interval,
    /// Of hstore.
    Map,
    Point,
    /// With the sign between elements.
    Array(Box<Kind>, u8),
}

/// Decimals of a time without a zone, as Debezium's `adaptive` writes it.
fn decimals(modifier: i32) -> usize {
    if (0..=3).contains(&modifier) { 3 } else { PRECISION }
}

/// Decimals of a time whose column has no precision of its own.
const PRECISION: usize = 6;

impl Kind {
    /// How values of a type are written; `modifier` is that of the column, or below 0.
    pub(super) fn of(of: &Type, modifier: i32, style: Style) -> Self {
        if let TypeKind::Domain(base) = of.kind() {
            return Self::of(base, modifier, style);
        }
        match (style, of) {
            (Style::Debezium, &Type::NUMERIC) if modifier < 0 => Self::Trimmed,
            (
                _,
                &Type::INT2
                | &Type::INT4
                | &Type::INT8
                | &Type::OID
                | &Type::FLOAT4
                | &Type::FLOAT8
                | &Type::NUMERIC,
            ) => Self::Number,
            (_, &Type::BOOL) => Self::Boolean,
            (_, &Type::BYTEA) => Self::Bytes,
            (Style::Debezium | Style::Wal2json, &Type::JSON | &Type::JSONB) => Self::Document,
            (Style::Dms, &Type::TIMESTAMP | &Type::TIMESTAMPTZ) => Self::Moment(PRECISION),
            (Style::Debezium, _) => Self::of_debezium(of, modifier),
            (Style::Wal2json | Style::Dms, _) => Self::Text,
        }
    }

    fn of_debezium(of: &Type, modifier: i32) -> Self {
        if let TypeKind::Array(element) = of.kind() {
            let between = if *element == Type::BOX { b';' } else { b',' };
            return Self::Array(Box::new(Self::of(element, modifier, Style::Debezium)), between);
        }
        match *of {
            Type::TIMESTAMP => Self::Stamp(decimals(modifier)),
            Type::TIMESTAMPTZ => Self::Moment(usize::try_from(modifier).unwrap_or(PRECISION)),
            Type::TIME => Self::Time(decimals(modifier)),
            Type::TIMETZ => Self::TimeOfZone,
            Type::INTERVAL => Self::Interval,
            Type::MONEY => Self::Number,
            Type::BIT | Type::VARBIT if modifier == 1 => Self::Bit,
            Type::BIT | Type::VARBIT => Self::Bits,
            Type::POINT => Self::Point,
            _ if of.name() == "hstore" => Self::Map,
            _ => Self::Text,
        }
    }

    /// What is asked for in the place of a column, where its own text does not tell.
    pub(super) fn expression(&self, of: &Type, column: &str) -> Option<String> {
        let template = if *self == Self::Interval {
            include_str!("../../../sql/snapshot/postgres/interval.sql")
        } else if *self == Self::TimeOfZone {
            include_str!("../../../sql/snapshot/postgres/time_of_zone.sql")
        } else if *self == Self::Number && *of == Type::MONEY {
            include_str!("../../../sql/snapshot/postgres/money.sql")
        } else {
            return None;
        };
        Some(fill(template, &[("column", column)]))
    }
}

/// Whether Debezium sends columns of a type, unless `include.unknown.datatypes` says so of all.
///
/// # Source
/// Debezium 3.6.1: what its connector for PostgreSQL has no converter for.
pub(super) fn is_sent_by_debezium(of: &Type) -> bool {
    if let TypeKind::Array(element) = of.kind() {
        let is_left_out =
            matches!(*element, Type::INTERVAL | Type::MONEY | Type::NAME | Type::POINT | Type::XML);
        return !is_left_out && is_sent_by_debezium(element);
    }
    if matches!(of.kind(), TypeKind::Composite(_) | TypeKind::Multirange(_)) {
        return false;
    }
    !matches!(
        *of,
        Type::BOX
            | Type::CIRCLE
            | Type::LINE
            | Type::LSEG
            | Type::PATH
            | Type::POLYGON
            | Type::CID
            | Type::TID
            | Type::XID
            | Type::XID8
            | Type::PG_LSN
            | Type::PG_SNAPSHOT
            | Type::TXID_SNAPSHOT
            | Type::JSONPATH
            | Type::TSQUERY
            | Type::REGCLASS
            | Type::REGTYPE
    )
}

/// A column: how its member begins, and how its values are written.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// `"name":`.
    pub(super) member: String,
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// The fields of a row, unescaped where that is needed, without the end of the line.
pub(super) fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b'\t')
}

/// What stands for null.
const NULL: &[u8] = b"\\N";

/// Appends the row as a JSON object without white space.
///
/// # Errors
/// When the line is none of these columns, or not UTF-8: then what answers is no PostgreSQL.
pub(super) fn write_row(columns: &[Column], line: &[u8], out: &mut String) -> Result<()> {
    let mut fields = fields(line);
    let mut sign = '{';
    for Column { member, kind, .. } in columns {
        let field = fields.next().ok_or_else(unexpected)?;
        out.push(sign);
        out.push_str(member);
        if field == NULL {
            out.push_str("null");
        } else {
            write(kind, field, out)?;
        }
        sign = ',';
    }
    if sign == '{' {
        out.push('{');
    }
    out.push('}');
    Ok(())
}

fn unexpected() -> Error {
    Error::new(
        crate::error::ErrorKind::Unavailable,
        Code::Unavailable,
        "The source answered with something else than the rows that were asked for.",
    )
}

fn write(kind: &Kind, field: &[u8], out: &mut String) -> Result<()> {
    let text = std::str::from_utf8(field).map_err(|_| unexpected())?;
    if *kind == Kind::Text && is_json_already(field) {
        out.extend(["\"", text, "\""]);
    } else {
        value(kind, &unescaped(text), out);
    }
    Ok(())
}

/// Whether a field has the same escapes as a JSON string has, or none.
fn is_json_already(field: &[u8]) -> bool {
    if memchr(b'"', field).is_some() || field.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
        return false;
    }
    // COPY writes a vertical tab as \v, which JSON has not
    memchr::memmem::find(field, b"\\v").is_none()
}

/// The characters of a field.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        out.push_str(before);
        let mut characters = behind.chars();
        match characters.next() {
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('v') => out.push('\u{b}'),
            other => out.extend(other),
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Appends a value that is not null, from the server's text.
fn value(kind: &Kind, text: &str, out: &mut String) {
    let written = match kind {
        Kind::Number => word(json::is_number(text).then_some(text), out),
        Kind::Trimmed => word(json::is_number(text).then(|| without_zeros(text)), out),
        Kind::Boolean => word(boolean(text), out),
        Kind::Document => document(text, out),
        Kind::Bytes => bytes(text, out),
        Kind::Bit => bit(text, out),
        Kind::Bits => bits(text, out),
        Kind::Time(decimals) => time(text, *decimals, out),
        Kind::Stamp(decimals) => stamp(text, *decimals, out),
        Kind::Moment(decimals) => moment(text, *decimals, out),
        Kind::TimeOfZone => time_of_zone(text, out),
        Kind::Interval => json::is_number(text).then(|| interval(without_zeros(text), out)),
        Kind::Map => map(text, out),
        Kind::Point => point(text, out),
        Kind::Array(kind, between) => Array { rest: text, between: *between, kind }.write(out),
        Kind::Text => None,
    };
    if written.is_none() {
        json::write_string(out, text);
    }
}

/// A document stands in one line: what stands between its tokens may be a line's end, which is a blank then.
fn document(text: &str, out: &mut String) -> Option<()> {
    if memchr2(b'\n', b'\r', text.as_bytes()).is_none() {
        out.push_str(text);
    } else {
        out.extend(text.chars().map(|sign| if matches!(sign, '\n' | '\r') { ' ' } else { sign }));
    }
    Some(())
}

fn bytes(text: &str, out: &mut String) -> Option<()> {
    let bytes = bytes_of_hex(text.strip_prefix("\\x")?)?;
    out.push('"');
    STANDARD.encode_string(&bytes, out);
    out.push('"');
    Some(())
}

fn word(word: Option<&str>, out: &mut String) -> Option<()> {
    out.push_str(word?);
    Some(())
}

fn boolean(text: &str) -> Option<&'static str> {
    match text {
        "t" | "true" => Some("true"),
        "f" | "false" => Some("false"),
        _ => None,
    }
}

/// A number without zeros at the end of its decimals.
fn without_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// An array as the server writes it: `{1,NULL,"a \"b\""}`, maybe with its bounds in front.
struct Array<'a> {
    rest: &'a str,
    between: u8,
    kind: &'a Kind,
}

impl Array<'_> {
    fn write(mut self, out: &mut String) -> Option<()> {
        if self.rest.starts_with('[') {
            self.rest = self.rest.split_once('=')?.1;
        }
        let start = out.len();
        let written = self.array(out).filter(|()| self.rest.is_empty());
        if written.is_none() {
            out.truncate(start);
        }
        written
    }

    fn array(&mut self, out: &mut String) -> Option<()> {
        self.rest = self.rest.strip_prefix('{')?;
        out.push('[');
        if let Some(rest) = self.rest.strip_prefix('}') {
            self.rest = rest;
            out.push(']');
            return Some(());
        }
        loop {
            self.element(out)?;
            let sign = self.rest.bytes().next()?;
            self.rest = self.rest.get(1..)?;
            match sign {
                b'}' => break,
                sign if sign == self.between => out.push(','),
                _ => return None,
            }
        }
        out.push(']');
        Some(())
    }

    fn element(&mut self, out: &mut String) -> Option<()> {
        if self.rest.starts_with('{') {
            return self.array(out);
        }
        if let Some(behind) = self.rest.strip_prefix('"') {
            let (text, rest) = element(behind)?;
            self.rest = rest;
            value(self.kind, &text, out);
            return Some(());
        }
        let end = self.rest.bytes().position(|byte| byte == self.between || byte == b'}')?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        if text == "NULL" {
            out.push_str("null");
        } else {
            value(self.kind, text, out);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Kind, Style, TypeKind, is_sent_by_debezium, unescaped, value, write_row};
    use tokio_postgres::types::Type;

    const POINT: &str = r#"{"x":1.0,"y":2.5,"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAARA","srid":null}"#;
    const FAR: &str = r#"{"x":"Infinity","y":-1e300,"wkb":"AQEAAAAAAAAAAADwf5x1AIg85Df+","srid":null}"#;

    fn shown(of: &Type, modifier: i32, style: Style, text: &str) -> String {
        let mut out = String::new();
        value(&Kind::of(of, modifier, style), text, &mut out);
        out
    }

    #[test]
    fn values_are_what_the_stream_tells_of_them() {
        let table = [
            (Type::NUMERIC, "1234567890123456789012345678.10", "1234567890123456789012345678.1"),
            (Type::NUMERIC, "0.00", "0"),
            (Type::NUMERIC, "1200", "1200"),
            (Type::NUMERIC, "NaN", "\"NaN\""),
            (Type::FLOAT8, "-Infinity", "\"-Infinity\""),
            (Type::FLOAT8, "1e+20", "1e+20"),
            (Type::BOOL, "t", "true"),
            (Type::JSON, "{\"a\" :\n [1.10]}", "{\"a\" :  [1.10]}"),
            (Type::BYTEA, "\\x00ff10", "\"AP8Q\""),
            (Type::BYTEA, "\\x", "\"\""),
            (Type::TIMESTAMP, "2026-03-02 08:35:30.1", "\"2026-03-02T08:35:30.100000\""),
            (Type::TIMESTAMP, "infinity", "\"infinity\""),
            (Type::TIMESTAMP, "0044-03-15 00:00:00 BC", "\"0044-03-15 00:00:00 BC\""),
            (Type::TIMESTAMPTZ, "2026-03-02 08:35:30.123+00", "\"2026-03-02T08:35:30.123000Z\""),
            (Type::TIMESTAMPTZ, "10000-01-01 00:00:00+00", "\"10000-01-01 00:00:00+00\""),
            (Type::TIME, "08:35:30", "\"08:35:30.000000\""),
            (Type::TIMETZ, "08:35:30.5+00", "\"08:35:30.5Z\""),
            (Type::TIMETZ, "08:35:00+00", "\"08:35:00Z\""),
            (Type::TIMETZ, "08:35:30+02", "\"08:35:30+02\""),
            (Type::INTERVAL, "3723.500000", "\"PT3723.5S\""),
            (Type::INTERVAL, "-60.000000", "\"PT-60S\""),
            (Type::INTERVAL, "-0.500000", "\"PT-0.5S\""),
            (Type::VARBIT, "101", "\"BQ==\""),
            (Type::VARBIT, "", "\"\""),
            (Type::POINT, "(1,2.5)", POINT),
            (Type::POINT, "(Infinity,-1e+300)", FAR),
            (Type::POINT, "(1)", "\"(1)\""),
            (Type::DATE, "2026-03-02", "\"2026-03-02\""),
            (Type::INT4_ARRAY, "{1,NULL,-3}", "[1,null,-3]"),
            (Type::INT4_ARRAY, "[0:1]={1,2}", "[1,2]"),
            (Type::INT4_ARRAY, "{{1,2},{3,4}}", "[[1,2],[3,4]]"),
            (Type::INT4_ARRAY, "{}", "[]"),
            (
                Type::TEXT_ARRAY,
                r#"{a,"b\"c\\",NULL,"NULL","","x,y"}"#,
                r#"["a","b\"c\\",null,"NULL","","x,y"]"#,
            ),
            (Type::DATE_ARRAY, "{1970-01-01}", "[\"1970-01-01\"]"),
            (Type::BYTEA_ARRAY, r#"{"\\x00ff"}"#, "[\"AP8=\"]"),
            (Type::TIMESTAMP_ARRAY, r#"{"2026-03-02 08:35:30"}"#, "[\"2026-03-02T08:35:30.000000\"]"),
            (Type::TEXT_ARRAY, "{a", "\"{a\""),
            (Type::NUMERIC_ARRAY, "{1.100,NULL,1200}", "[1.1,null,1200]"),
            (Type::INTERVAL_ARRAY, r#"{"1 day 04:00:00"}"#, r#"["1 day 04:00:00"]"#),
        ];
        for (of, text, expected) in table {
            assert_eq!(shown(&of, -1, Style::Debezium, text), expected, "{of} {text}");
        }
        assert!(is_sent_by_debezium(&Type::INT4_RANGE_ARRAY) && is_sent_by_debezium(&Type::TS_VECTOR));
        for of in [Type::BOX, Type::BOX_ARRAY, Type::INT4MULTI_RANGE, Type::XML_ARRAY, Type::PG_LSN] {
            assert!(!is_sent_by_debezium(&of), "{of}");
        }
    }

    #[test]
    fn what_a_column_is_declared_with_says_how_debezium_writes_it() {
        let table = [
            (Type::TIMESTAMP, 3, "2026-03-02 08:35:30", "\"2026-03-02T08:35:30.000\""),
            (Type::TIMESTAMPTZ, 0, "2026-03-02 08:35:30+00", "\"2026-03-02T08:35:30Z\""),
            (Type::TIMESTAMPTZ, 4, "2026-03-02 08:35:30.5+00", "\"2026-03-02T08:35:30.5000Z\""),
            (Type::TIMESTAMPTZ_ARRAY, 3, r#"{"2026-03-02 08:35:30+00"}"#, "[\"2026-03-02T08:35:30.000Z\"]"),
            (Type::NUMERIC, (5 << 16) + 2 + 4, "1.10", "1.10"),
            (Type::NUMERIC_ARRAY, (5 << 16) + 2 + 4, "{1.10}", "[1.10]"),
            (Type::BIT, 1, "1", "true"),
            (Type::BIT, 1, "0", "false"),
            (Type::VARBIT, 1, "", "null"),
            (Type::BIT, 10, "1010000011", "\"gwI=\""),
            (Type::BIT, 16, "0000000011111111", "\"/w==\""),
            (Type::BIT, 65, &format!("1{}1", "0".repeat(63)), "\"AQAAAAAAAAAB\""),
            (Type::BIT, 8, "00000000", "\"\""),
        ];
        for (of, modifier, text, expected) in table {
            assert_eq!(shown(&of, modifier, Style::Debezium, text), expected, "{of} {modifier} {text}");
        }
    }

    #[test]
    fn hstore_is_an_object_beside_debezium_and_text_beside_others() {
        let hstore = Type::new("hstore".to_owned(), 70_000, TypeKind::Simple, "public".to_owned());
        let array =
            Type::new("_hstore".to_owned(), 70_001, TypeKind::Array(hstore.clone()), "public".to_owned());
        let table = [
            (&hstore, r#""a"=>"1", "b c"=>NULL"#, r#"{"a":"1","b c":null}"#),
            (&hstore, r#""x\"y"=>"1\\2", "NULL"=>"NULL""#, r#"{"x\"y":"1\\2","NULL":"NULL"}"#),
            (&hstore, "", "{}"),
            (&hstore, r#""a"=>1"#, r#""\"a\"=>1""#),
            (&array, r#"{"\"a\"=>\"1\""}"#, r#"[{"a":"1"}]"#),
        ];
        for (of, text, expected) in table {
            assert_eq!(shown(of, -1, Style::Debezium, text), expected, "{text}");
        }
        assert_eq!(shown(&hstore, -1, Style::Dms, "\"a\"=>NULL"), "\"\\\"a\\\"=>NULL\"");
    }

    #[test]
    fn beside_dms_both_timestamps_say_that_they_are_in_utc() {
        let table = [
            (Type::TIMESTAMP, 3, "2010-11-01 00:02:00.1", "\"2010-11-01T00:02:00.100000Z\""),
            (Type::TIMESTAMPTZ, -1, "2010-11-01 00:02:00.1+00", "\"2010-11-01T00:02:00.100000Z\""),
            (Type::TIMESTAMP, -1, "-infinity", "\"-infinity\""),
            (Type::DATE, -1, "2018-01-02", "\"2018-01-02\""),
            (Type::INTERVAL, -1, "1 day 04:00:00", "\"1 day 04:00:00\""),
            (Type::JSONB, -1, r#"{"a": 1.0}"#, r#""{\"a\": 1.0}""#),
            (Type::INT4_ARRAY, -1, "{1,2}", "\"{1,2}\""),
            (Type::BYTEA, -1, "\\x00ff10", "\"AP8Q\""),
            (Type::BOOL, -1, "t", "true"),
            (Type::NUMERIC, -1, "1.100", "1.100"),
            (Type::BIT, 1, "1", "\"1\""),
        ];
        for (of, modifier, text, expected) in table {
            assert_eq!(shown(&of, modifier, Style::Dms, text), expected, "{of} {text}");
        }
    }

    #[test]
    fn beside_wal2json_they_are_the_server_s_texts() {
        let table = [
            (Type::NUMERIC, "1.10", "1.10"),
            (Type::JSONB, "{\"a\": 1}", "{\"a\": 1}"),
            (Type::BYTEA, "\\x00ff10", "\"AP8Q\""),
            (Type::TIMESTAMP, "2026-03-02 08:35:30.1", "\"2026-03-02 08:35:30.1\""),
            (Type::INTERVAL, "1 day 04:00:00", "\"1 day 04:00:00\""),
            (Type::TEXT_ARRAY, r#"{a,"b c"}"#, r#""{a,\"b c\"}""#),
        ];
        for (of, text, expected) in table {
            assert_eq!(shown(&of, -1, Style::Wal2json, text), expected, "{of} {text}");
        }
    }

    #[test]
    fn a_line_of_copy_is_one_object() {
        let column = |name: &str, of: &Type| Column {
            member: format!("\"{name}\":"),
            name: name.to_owned(),
            kind: Kind::of(of, -1, Style::Debezium),
        };
        let columns = [column("id", &Type::INT8), column("note", &Type::TEXT), column("doc", &Type::JSON)];
        let row = |line: &str| {
            let mut out = String::new();
            write_row(&columns, line.as_bytes(), &mut out).map(|()| out)
        };
        let table = [
            ("7\ta\\tb\\\\\\n\t{}", r#"{"id":7,"note":"a\tb\\\n","doc":{}}"#),
            ("7\ta\"b\\v\t\\N", "{\"id\":7,\"note\":\"a\\\"b\\u000b\",\"doc\":null}"),
            ("7\t\\N\t{\"a\":\"x\\\\ny\"}", r#"{"id":7,"note":null,"doc":{"a":"x\ny"}}"#),
            ("7\tä\t1\tbehind", r#"{"id":7,"note":"ä","doc":1}"#),
        ];
        for (line, expected) in table {
            assert_eq!(row(line).unwrap(), expected, "{line}");
        }
        assert!(row("7\ta").is_err());
        assert_eq!(unescaped("\\N"), "N");
    }
}
