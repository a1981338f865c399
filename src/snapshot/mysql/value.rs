//! A row as the server's binary protocol has it, made into the JSON object that the stream beside it would tell of the
//! same row: as Debezium with its schema, as Maxwell, or as Canal.
//!
//! | type | as Debezium, and without a stream | as Maxwell, as Canal |
//! |---|---|---|
//! | integers, `decimal`, `year` | a number with every digit, without a sign where it has none | the same |
//! | `float`, `double` | a number, the shortest that is the same value | the same |
//! | `bit(1)` | `true`, `false` | a number |
//! | `bit(n)` | base64 of its bytes, the lowest first | a number |
//! | texts, `enum`, `uuid`, `inet6`, … | the text | the same |
//! | `set` | the labels with commas between them | an array of them |
//! | binary types | base64 | the same |
//! | `json` of MySQL; MariaDB's is a text | the document | the same |
//! | `date` | `"2026-03-02"` | the same |
//! | `datetime` | `"2026-03-02T08:35:30.123456"`; 3 decimals where it has at most 3 | the server's text |
//! | `timestamp` | `"2026-03-02T08:35:30.123Z"` with the decimals it has | the server's text, in UTC |
//! | `time` | `"-08:35:30.123456"`, always 6 decimals | the server's text |
//! | dates that no calendar has, as `0000-00-00` | null; in a column without null 1970-01-01 | the server's text |
//! | geometry | `{"wkb":base64,"srid":null}`, of a `point` with `"x":1.0,"y":2.0` in front | as there; Canal base64 |
//!
//! # Source
//! Debezium connector for MySQL, "Data type mappings" (zero values, `time.precision.mode`, `io.debezium.data.Bits`);
//! Maxwell, "Data Format" and the classes of its `schema.columndef`; docs/formats.md for what decoders make of values.

use super::key::Declared;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::json;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Row, Value};
use std::fmt::Write as _;

/// Who else writes values of the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Debezium with its schema, or nobody.
    Debezium,
    Maxwell,
    Canal,
}

impl Style {
    /// How values are written beside the stream of a scheme.
    pub(super) fn beside(scheme: char) -> Self {
        match scheme {
            'x' => Self::Maxwell,
            'c' => Self::Canal,
            _ => Self::Debezium,
        }
    }
}

/// How values of a column become JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Whatever the protocol has: numbers and texts.
    Plain,
    /// A decimal, which comes as a text.
    Decimal,
    Document,
    Bytes,
    Set,
    /// Of one bit.
    Bit,
    Bits,
    Date,
    /// With so many decimals.
    Stamp(usize),
    /// With so many decimals.
    Moment(usize),
    /// With so many decimals.
    Time(usize),
    Point,
    Geometry,
}

/// A column: how its member begins, and how its values are written.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// `"name":`.
    member: String,
    pub(super) name: String,
    kind: Kind,
    is_nullable: bool,
    style: Style,
}

/// The charset of what is no text. Source: MySQL Internals, `binary`.
const BINARY: u16 = 63;
/// Of floating point without decimals of its own.
const DECIMALS_MAX: u8 = 6;

impl Column {
    /// A column as an answer describes it, and as its table declares it, if it is one's.
    pub(super) fn new(column: &mysql_async::Column, declared: Option<&Declared>, style: Style) -> Self {
        let name = column.name_str().into_owned();
        Self {
            member: format!("{}:", json::quoted(&name)),
            name,
            kind: kind(column, declared),
            is_nullable: !column.flags().contains(ColumnFlags::NOT_NULL_FLAG),
            style,
        }
    }
}

fn kind(column: &mysql_async::Column, declared: Option<&Declared>) -> Kind {
    use ColumnType as Of;
    let decimals = usize::from(column.decimals().min(DECIMALS_MAX));
    let is_declared = |of: &str| declared.is_some_and(|declared| declared.of == of);
    match column.column_type() {
        Of::MYSQL_TYPE_DECIMAL | Of::MYSQL_TYPE_NEWDECIMAL => Kind::Decimal,
        Of::MYSQL_TYPE_JSON => Kind::Document,
        Of::MYSQL_TYPE_BIT if column.column_length() == 1 => Kind::Bit,
        Of::MYSQL_TYPE_BIT => Kind::Bits,
        Of::MYSQL_TYPE_DATE | Of::MYSQL_TYPE_NEWDATE => Kind::Date,
        Of::MYSQL_TYPE_DATETIME | Of::MYSQL_TYPE_DATETIME2 => Kind::Stamp(decimals),
        Of::MYSQL_TYPE_TIMESTAMP | Of::MYSQL_TYPE_TIMESTAMP2 => Kind::Moment(decimals),
        Of::MYSQL_TYPE_TIME | Of::MYSQL_TYPE_TIME2 => Kind::Time(decimals),
        Of::MYSQL_TYPE_GEOMETRY if is_declared("point") => Kind::Point,
        Of::MYSQL_TYPE_GEOMETRY => Kind::Geometry,
        Of::MYSQL_TYPE_SET => Kind::Set,
        _ if column.flags().contains(ColumnFlags::SET_FLAG) => Kind::Set,
        Of::MYSQL_TYPE_STRING
        | Of::MYSQL_TYPE_VAR_STRING
        | Of::MYSQL_TYPE_VARCHAR
        | Of::MYSQL_TYPE_TINY_BLOB
        | Of::MYSQL_TYPE_MEDIUM_BLOB
        | Of::MYSQL_TYPE_LONG_BLOB
        | Of::MYSQL_TYPE_BLOB
        | Of::MYSQL_TYPE_VECTOR
            if column.character_set() == BINARY =>
        {
            Kind::Bytes
        }
        Of::MYSQL_TYPE_STRING
        | Of::MYSQL_TYPE_VAR_STRING
        | Of::MYSQL_TYPE_VARCHAR
        | Of::MYSQL_TYPE_TINY_BLOB
        | Of::MYSQL_TYPE_MEDIUM_BLOB
        | Of::MYSQL_TYPE_LONG_BLOB
        | Of::MYSQL_TYPE_BLOB
        | Of::MYSQL_TYPE_VECTOR
        | Of::MYSQL_TYPE_ENUM
        | Of::MYSQL_TYPE_TINY
        | Of::MYSQL_TYPE_SHORT
        | Of::MYSQL_TYPE_INT24
        | Of::MYSQL_TYPE_LONG
        | Of::MYSQL_TYPE_LONGLONG
        | Of::MYSQL_TYPE_FLOAT
        | Of::MYSQL_TYPE_DOUBLE
        | Of::MYSQL_TYPE_YEAR
        | Of::MYSQL_TYPE_NULL
        | Of::MYSQL_TYPE_TYPED_ARRAY
        | Of::MYSQL_TYPE_UNKNOWN => Kind::Plain,
    }
}

/// Appends the row as a JSON object without white space.
///
/// # Errors
/// When the row is none of these columns, or not UTF-8: then what answers is no MySQL.
pub(super) fn write_row(columns: &[Column], row: &Row, out: &mut String) -> Result<()> {
    let mut sign = '{';
    for (at, column) in columns.iter().enumerate() {
        out.push(sign);
        out.push_str(&column.member);
        let value = row.as_ref(at).ok_or_else(unexpected)?;
        write(column, value, out).ok_or_else(unexpected)?;
        sign = ',';
    }
    if sign == '{' {
        out.push('{');
    }
    out.push('}');
    Ok(())
}

/// The error of an answer that is none.
pub(super) fn unexpected() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        Code::Unavailable,
        "The source answered with something else than the rows that were asked for.",
    )
}

fn write(column: &Column, value: &Value, out: &mut String) -> Option<()> {
    match value {
        Value::NULL => out.push_str("null"),
        Value::Int(number) => write!(out, "{number}").ok()?,
        Value::UInt(number) => write!(out, "{number}").ok()?,
        Value::Float(number) => out.push_str(&as_java_does(&format!("{number:e}"))?),
        Value::Double(number) => out.push_str(&as_java_does(&format!("{number:e}"))?),
        Value::Bytes(bytes) => of_bytes(column, bytes, out)?,
        Value::Date(year, month, day, hour, minute, second, micros) => {
            let date = format!("{year:04}-{month:02}-{day:02}");
            let time = [u32::from(*hour), (*minute).into(), (*second).into(), *micros];
            let is_date = [*year, (*month).into(), (*day).into()].iter().all(|part| *part > 0);
            of_date(column, is_date.then_some(date.as_str()), &date, time, out);
        }
        Value::Time(is_negative, days, hours, minutes, seconds, micros) => {
            let sign = if *is_negative { "-" } else { "" };
            let hours = days.checked_mul(24)?.checked_add((*hours).into())?;
            let time = [hours, (*minutes).into(), (*seconds).into(), *micros];
            let decimals = match (column.style, column.kind) {
                (Style::Maxwell | Style::Canal, Kind::Time(decimals)) => decimals,
                _ => usize::from(DECIMALS_MAX),
            };
            out.extend(["\"", sign, &time_of(time, decimals), "\""]);
        }
    }
    Some(())
}

/// `08:35:30.123` with so many decimals.
fn time_of([hours, minutes, seconds, micros]: [u32; 4], decimals: usize) -> String {
    let micros = format!("{micros:06}");
    let fraction: String = micros.chars().take(decimals).collect();
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{hours:02}:{minutes:02}:{seconds:02}{point}{fraction}")
}

/// Appends a date, or a date and a time. `date` is one of the calendar, `text` what the server calls it.
fn of_date(column: &Column, date: Option<&str>, text: &str, time: [u32; 4], out: &mut String) {
    let is_of_debezium = column.style == Style::Debezium;
    let (date, time) = match date {
        Some(date) => (date, time),
        None if !is_of_debezium => (text, time),
        None if column.is_nullable => return out.push_str("null"),
        None => ("1970-01-01", [0; 4]),
    };
    let is_moment = matches!(column.kind, Kind::Moment(_));
    let between = if is_of_debezium { "T" } else { " " };
    let behind = if is_of_debezium && is_moment { "Z" } else { "" };
    let (Kind::Stamp(decimals) | Kind::Moment(decimals)) = column.kind else {
        return out.extend(["\"", date, "\""]);
    };
    let decimals = match (is_of_debezium && !is_moment, decimals) {
        (true, 0..=3) => 3,
        (true, _) => usize::from(DECIMALS_MAX),
        (false, decimals) => decimals,
    };
    out.extend(["\"", date, between, &time_of(time, decimals), behind, "\""]);
}

/// What comes as bytes: texts, decimals, documents, and bytes.
fn of_bytes(column: &Column, bytes: &[u8], out: &mut String) -> Option<()> {
    let text = || std::str::from_utf8(bytes).ok();
    match column.kind {
        Kind::Bytes => base64(bytes, out),
        Kind::Bit | Kind::Bits => bits(column, bytes, out)?,
        Kind::Point | Kind::Geometry if column.style == Style::Canal => base64(bytes, out),
        Kind::Point | Kind::Geometry => geometry(column.kind, bytes, out)?,
        Kind::Decimal => decimal(text()?, out),
        Kind::Document => {
            // a document stands in one line: what stands between its tokens may be a line's end
            out.extend(text()?.chars().map(|sign| if matches!(sign, '\n' | '\r') { ' ' } else { sign }));
        }
        Kind::Set if column.style != Style::Debezium => {
            let labels = text()?.split(',').filter(|label| !label.is_empty()).map(json::quoted);
            out.extend(["[", &labels.collect::<Vec<_>>().join(","), "]"]);
        }
        Kind::Set | Kind::Plain | Kind::Date | Kind::Stamp(_) | Kind::Moment(_) | Kind::Time(_) => {
            json::write_string(out, text()?);
        }
    }
    Some(())
}

fn base64(bytes: &[u8], out: &mut String) {
    out.push('"');
    STANDARD.encode_string(bytes, out);
    out.push('"');
}

/// A decimal with every digit, without the zeros that `zerofill` puts in front.
fn decimal(text: &str, out: &mut String) {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let trimmed = digits.trim_start_matches('0');
    let zero = if trimmed.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "0" };
    let number = format!("{sign}{zero}{trimmed}");
    if json::is_number(&number) { out.push_str(&number) } else { json::write_string(out, text) }
}

/// Bits, of which the server sends the highest first.
fn bits(column: &Column, bytes: &[u8], out: &mut String) -> Option<()> {
    let mut number = 0_u64;
    for byte in bytes {
        number = number.checked_mul(256)? | u64::from(*byte);
    }
    match (column.style, column.kind) {
        (Style::Debezium, Kind::Bit) => out.push_str(if number == 0 { "false" } else { "true" }),
        (Style::Debezium, _) => base64(&bytes.iter().rev().copied().collect::<Vec<_>>(), out),
        (Style::Maxwell | Style::Canal, _) => write!(out, "{number}").ok()?,
    }
    Some(())
}

/// The server's own form: the number of the reference system in 4 bytes, then well-known binary.
fn geometry(kind: Kind, bytes: &[u8], out: &mut String) -> Option<()> {
    let (srid, wkb) = bytes.split_first_chunk::<4>()?;
    out.push('{');
    if kind == Kind::Point {
        // its byte order, which is always the lowest first, and its type stand in front
        let (x, rest) = wkb.get(5..)?.split_first_chunk::<8>()?;
        let y = rest.first_chunk::<8>()?;
        for (name, bytes) in [("x", x), ("y", y)] {
            let number = as_java_does(&format!("{:e}", f64::from_le_bytes(*bytes)))?;
            write!(out, "\"{name}\":{number},").ok()?;
        }
    }
    out.push_str("\"wkb\":");
    base64(wkb, out);
    match u32::from_le_bytes(*srid) {
        0 => out.push_str(",\"srid\":null}"),
        srid => write!(out, ",\"srid\":{srid}}}").ok()?,
    }
    Some(())
}

/// A number of floating point as `Double.toString` writes it, as all of these streams do: `1.0E10`, `0.1`. `shortest`
/// is it with a digit in front of its point: `1e10`.
fn as_java_does(shortest: &str) -> Option<String> {
    let (mantissa, exponent) = shortest.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let or_zero = |text: &str| if text.is_empty() { "0".to_owned() } else { text.to_owned() };
    Some(match exponent {
        -3..=-1 => {
            let zeros = "0".repeat(usize::try_from(-exponent - 1).ok()?);
            format!("{sign}0.{zeros}{digits}")
        }
        0..=6 => {
            let places = usize::try_from(exponent).ok()? + 1;
            let padded = format!("{digits:0<places$}");
            let (whole, fraction) = padded.split_at_checked(places)?;
            format!("{sign}{whole}.{}", or_zero(fraction))
        }
        _ => format!("{sign}{whole}.{}E{exponent}", or_zero(fraction)),
    })
}

#[cfg(test)]
mod tests {
    use super::{Column, Kind, Style, as_java_does, write};
    use mysql_async::Value;

    fn shown(kind: Kind, style: Style, value: Value) -> String {
        let column = Column { member: String::new(), name: String::new(), kind, is_nullable: true, style };
        let mut out = String::new();
        write(&column, &value, &mut out).unwrap();
        out
    }

    #[test]
    fn floating_point_is_written_as_java_does() {
        let table = [
            (0.0, "0.0"),
            (-0.1, "-0.1"),
            (1.0, "1.0"),
            (123.5, "123.5"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (1_234_567.0, "1234567.0"),
            (12_345_678.5, "1.23456785E7"),
            (1e300, "1.0E300"),
            (-2.5e-8, "-2.5E-8"),
        ];
        for (number, text) in table {
            assert_eq!(as_java_does(&format!("{number:e}")).unwrap(), text);
        }
        assert_eq!(as_java_does(&format!("{:e}", 0.1_f32)).unwrap(), "0.1");
    }

    #[test]
    fn times_are_written_as_the_stream_beside_does() {
        let stamp = Value::Date(2026, 3, 2, 8, 5, 9, 120_000);
        let table = [
            (Kind::Stamp(2), "2026-03-02T08:05:09.120", "2026-03-02 08:05:09.12"),
            (Kind::Stamp(0), "2026-03-02T08:05:09.120", "2026-03-02 08:05:09"),
            (Kind::Stamp(6), "2026-03-02T08:05:09.120000", "2026-03-02 08:05:09.120000"),
            (Kind::Moment(2), "2026-03-02T08:05:09.12Z", "2026-03-02 08:05:09.12"),
            (Kind::Moment(0), "2026-03-02T08:05:09Z", "2026-03-02 08:05:09"),
            (Kind::Date, "2026-03-02", "2026-03-02"),
        ];
        for (kind, debezium, others) in table {
            assert_eq!(shown(kind, Style::Debezium, stamp.clone()), format!("\"{debezium}\""));
            assert_eq!(shown(kind, Style::Maxwell, stamp.clone()), format!("\"{others}\""));
        }
        let time = Value::Time(true, 34, 22, 59, 59, 500_000);
        assert_eq!(shown(Kind::Time(1), Style::Debezium, time.clone()), "\"-838:59:59.500000\"");
        assert_eq!(shown(Kind::Time(1), Style::Canal, time), "\"-838:59:59.5\"");
    }

    #[test]
    fn what_no_calendar_has_is_null_or_the_servers_text() {
        let zero = Value::Date(0, 0, 0, 0, 0, 0, 0);
        assert_eq!(shown(Kind::Stamp(0), Style::Debezium, zero.clone()), "null");
        assert_eq!(shown(Kind::Stamp(0), Style::Maxwell, zero.clone()), "\"0000-00-00 00:00:00\"");
        assert_eq!(shown(Kind::Date, Style::Canal, Value::Date(2026, 2, 0, 0, 0, 0, 0)), "\"2026-02-00\"");
        let never_null = Column {
            member: String::new(),
            name: String::new(),
            kind: Kind::Moment(0),
            is_nullable: false,
            style: Style::Debezium,
        };
        let mut out = String::new();
        write(&never_null, &zero, &mut out).unwrap();
        assert_eq!(out, "\"1970-01-01T00:00:00Z\"");
    }

    #[test]
    fn bits_sets_and_zero_filled_decimals_have_their_forms() {
        let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
        assert_eq!(shown(Kind::Bit, Style::Debezium, bytes(&[1])), "true");
        assert_eq!(shown(Kind::Bits, Style::Debezium, bytes(&[1, 2])), "\"AgE=\"");
        assert_eq!(shown(Kind::Bits, Style::Maxwell, bytes(&[1, 2])), "258");
        assert_eq!(shown(Kind::Set, Style::Debezium, bytes(b"a,b")), "\"a,b\"");
        assert_eq!(shown(Kind::Set, Style::Canal, bytes(b"a,b")), r#"["a","b"]"#);
        assert_eq!(shown(Kind::Set, Style::Maxwell, bytes(b"")), "[]");
        assert_eq!(shown(Kind::Decimal, Style::Debezium, bytes(b"0009.90")), "9.90");
        assert_eq!(shown(Kind::Decimal, Style::Debezium, bytes(b"-0.50")), "-0.50");
        assert_eq!(shown(Kind::Plain, Style::Debezium, Value::UInt(u64::MAX)), u64::MAX.to_string());
    }
}
