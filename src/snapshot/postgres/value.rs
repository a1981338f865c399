//! A row as PostgreSQL's COPY writes it, made into the JSON object that the stream beside it would tell of the same
//! row: as Debezium with its schema, or as wal2json.
//!
//! | type | as Debezium, and without a stream | as wal2json |
//! |---|---|---|
//! | integers, `numeric`, `real`, `double precision`, `oid` | a number with every digit; `"NaN"`, `"Infinity"` | the same |
//! | `boolean` | `true`, `false` | the same |
//! | `json`, `jsonb` | the document | the same |
//! | `bytea` | base64 | the same |
//! | `timestamp` | `"2026-03-02T08:35:30.123456"`; 3 decimals where its precision is at most 3 | the server's text |
//! | `timestamptz` | `"2026-03-02T08:35:30.123456Z"` | the server's text, in UTC |
//! | `time` | `"08:35:30.123456"`, 3 decimals as above | the server's text |
//! | `timetz` | the server's text with `Z` for UTC | the server's text |
//! | `interval` | `"PT3723.5S"`, a month as 30 days, a year as 365.25 | the server's text |
//! | `money` | a number | the server's text |
//! | arrays | an array | the server's text |
//! | all others: text, `uuid`, `date`, `inet`, enums, ranges, composites, … | the server's text | the same |
//!
//! What no calendar of four digits holds (`infinity`, years before Christ or above 9999) is the server's text.
//!
//! # Source
//! PostgreSQL documentation, "COPY", section "Text Format": the escapes, and `\N`; "Array Input and Output Syntax".
//! docs/formats.md for what the decoders make of values.

use crate::error::{Code, Error, Result};
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
}

impl Style {
    /// How values are written beside the stream of a scheme.
    pub(super) fn beside(scheme: char) -> Self {
        if scheme == 'w' { Self::Wal2json } else { Self::Debezium }
    }
}

/// How the server's text of a value becomes JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Boolean,
    Text,
    Document,
    Bytes,
    /// With so many decimals.
    Time(usize),
    /// With so many decimals.
    Stamp(usize),
    Moment,
    TimeOfZone,
    /// Seconds.
    Interval,
    /// With the sign between elements.
    Array(Box<Kind>, u8),
}

/// Decimals of a time, as Debezium's `adaptive` writes it.
fn decimals(modifier: i32) -> usize {
    if (0..=3).contains(&modifier) { 3 } else { 6 }
}

impl Kind {
    /// How values of a type are written; `modifier` is that of the column, or below 0.
    pub(super) fn of(of: &Type, modifier: i32, style: Style) -> Self {
        if let TypeKind::Domain(base) = of.kind() {
            return Self::of(base, modifier, style);
        }
        match *of {
            Type::INT2
            | Type::INT4
            | Type::INT8
            | Type::OID
            | Type::FLOAT4
            | Type::FLOAT8
            | Type::NUMERIC => return Self::Number,
            Type::BOOL => return Self::Boolean,
            Type::JSON | Type::JSONB => return Self::Document,
            Type::BYTEA => return Self::Bytes,
            _ => {}
        }
        match (style, of.kind()) {
            (Style::Wal2json, _) => Self::Text,
            (Style::Debezium, TypeKind::Array(element)) => {
                let between = if *element == Type::BOX { b';' } else { b',' };
                Self::Array(Box::new(Self::of(element, modifier, style)), between)
            }
            (Style::Debezium, _) => match *of {
                Type::TIMESTAMP => Self::Stamp(decimals(modifier)),
                Type::TIMESTAMPTZ => Self::Moment,
                Type::TIME => Self::Time(decimals(modifier)),
                Type::TIMETZ => Self::TimeOfZone,
                Type::INTERVAL => Self::Interval,
                Type::MONEY => Self::Number,
                _ => Self::Text,
            },
        }
    }

    /// What is asked for in the place of a column, where its own text does not tell.
    pub(super) fn expression(&self, of: &Type, column: &str) -> Option<String> {
        match self {
            Self::Interval => {
                let template = include_str!("../../../sql/snapshot/postgres/interval.sql");
                Some(fill(template, &[("column", column)]))
            }
            Self::Number if *of == Type::MONEY => Some(format!("{column}::numeric")),
            _ => None,
        }
    }
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
            out.push_str("null")
        } else {
            write(kind, field, out)?
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
    match kind {
        Kind::Text if is_json_already(field) => {
            out.push('"');
            out.push_str(text);
            out.push('"');
        }
        _ => value(kind, &unescaped(text), out),
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
        Kind::Number => json::is_number(text).then(|| out.push_str(text)),
        Kind::Boolean => match text {
            "t" | "true" => Some(out.push_str("true")),
            "f" | "false" => Some(out.push_str("false")),
            _ => None,
        },
        Kind::Document => document(text, out),
        Kind::Bytes => bytes(text, out),
        Kind::Time(decimals) => time(text, *decimals, out),
        Kind::Stamp(decimals) => stamp(text, out, |time, out| with_decimals(time, *decimals, out)),
        Kind::Moment => moment(text, out),
        Kind::TimeOfZone => time_of_zone(text, out),
        Kind::Interval => interval(text, out),
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
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let bytes: Vec<u8> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect::<Option<_>>()?;
    out.push('"');
    STANDARD.encode_string(&bytes, out);
    out.push('"');
    Some(())
}

/// Whether a text has the form of another, in which `0` stands for any digit.
fn has_form(text: &str, form: &str) -> bool {
    let fits = |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}

/// Appends a time of day with exactly so many decimals; nothing when it has more.
fn with_decimals(text: &str, decimals: usize, out: &mut String) -> Option<()> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !has_form(seconds, "00:00:00") || fraction.len() > decimals {
        return None;
    }
    out.push_str(seconds);
    out.push('.');
    out.push_str(fraction);
    out.extend(std::iter::repeat_n('0', decimals - fraction.len()));
    Some(())
}

fn time(text: &str, decimals: usize, out: &mut String) -> Option<()> {
    quoted(out, |out| with_decimals(text, decimals, out))
}

/// Appends date and time with a `T` between them.
fn stamp(text: &str, out: &mut String, time: impl FnOnce(&str, &mut String) -> Option<()>) -> Option<()> {
    let (date, of_day) = text.split_once(' ')?;
    has_form(date, "0000-00-00").then_some(())?;
    quoted(out, |out| {
        out.push_str(date);
        out.push('T');
        time(of_day, out)
    })
}

/// The time as the server's text has it, in UTC: its decimals without zeros at the end.
fn of_utc(text: &str, out: &mut String) -> Option<()> {
    let time = text.strip_suffix("+00")?;
    let (seconds, _) = time.split_once('.').unwrap_or((time, ""));
    has_form(seconds, "00:00:00").then_some(())?;
    out.push_str(time);
    out.push('Z');
    Some(())
}

fn moment(text: &str, out: &mut String) -> Option<()> {
    stamp(text, out, of_utc)
}

fn time_of_zone(text: &str, out: &mut String) -> Option<()> {
    quoted(out, |out| of_utc(text, out))
}

/// Seconds with six decimals become `PT3723.5S`.
fn interval(text: &str, out: &mut String) -> Option<()> {
    json::is_number(text).then_some(())?;
    let trimmed = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text };
    out.extend(["\"PT", trimmed, "S\""]);
    Some(())
}

/// Appends a string of what `write` appends; nothing when it says so.
fn quoted(out: &mut String, write: impl FnOnce(&mut String) -> Option<()>) -> Option<()> {
    let start = out.len();
    out.push('"');
    if write(out).is_none() {
        out.truncate(start);
        return None;
    }
    out.push('"');
    Some(())
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
            let (text, rest) = quoted_element(behind)?;
            self.rest = rest;
            value(self.kind, &text, out);
            return Some(());
        }
        let end = self.rest.bytes().position(|byte| byte == self.between || byte == b'}')?;
        let (text, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        if text == "NULL" {
            out.push_str("null")
        } else {
            value(self.kind, text, out)
        }
        Some(())
    }
}

/// The characters of an element behind its first quotation mark, and what is behind its last.
fn quoted_element(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut owned = String::new();
    let mut rest = text;
    loop {
        let at = memchr2(b'"', b'\\', rest.as_bytes())?;
        let (before, behind) = rest.split_at_checked(at)?;
        if let Some(behind) = behind.strip_prefix('"') {
            if owned.is_empty() {
                return Some((Cow::Borrowed(before), behind));
            }
            owned.push_str(before);
            return Some((Cow::Owned(owned), behind));
        }
        owned.push_str(before);
        let mut characters = behind.chars();
        characters.next();
        owned.push(characters.next()?);
        rest = characters.as_str();
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, Kind, Style, unescaped, value, write_row};
    use tokio_postgres::types::Type;

    fn shown(of: &Type, modifier: i32, style: Style, text: &str) -> String {
        let mut out = String::new();
        value(&Kind::of(of, modifier, style), text, &mut out);
        out
    }

    #[test]
    fn values_are_what_the_stream_tells_of_them() {
        let table = [
            (Type::NUMERIC, "1234567890123456789012345678.10", "1234567890123456789012345678.10"),
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
            (Type::TIMESTAMPTZ, "2026-03-02 08:35:30.123+00", "\"2026-03-02T08:35:30.123Z\""),
            (Type::TIMESTAMPTZ, "10000-01-01 00:00:00+00", "\"10000-01-01 00:00:00+00\""),
            (Type::TIME, "08:35:30", "\"08:35:30.000000\""),
            (Type::TIMETZ, "08:35:30.5+00", "\"08:35:30.5Z\""),
            (Type::TIMETZ, "08:35:30+02", "\"08:35:30+02\""),
            (Type::INTERVAL, "3723.500000", "\"PT3723.5S\""),
            (Type::INTERVAL, "-60.000000", "\"PT-60S\""),
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
        ];
        for (of, text, expected) in table {
            assert_eq!(shown(&of, -1, Style::Debezium, text), expected, "{of} {text}");
        }
        assert_eq!(
            shown(&Type::TIMESTAMP, 3, Style::Debezium, "2026-03-02 08:35:30"),
            "\"2026-03-02T08:35:30.000\""
        );
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
