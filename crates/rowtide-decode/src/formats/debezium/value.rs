//! Values as Kafka Connect's JSON writes them, made plain by the schema that comes with them.
//!
//! | schema | becomes |
//! |---|---|
//! | `connect.data.Decimal`, `debezium.data.VariableScaleDecimal` | a number with every digit |
//! | `Date` | `"2017-09-15"` |
//! | `Time`, `MicroTime`, `NanoTime` | `"11:12:13.123"` with 3, 6 or 9 decimals |
//! | `Timestamp`, `MicroTimestamp`, `NanoTimestamp` | `"2017-09-15T11:12:13.123"` likewise, without a zone |
//! | `MicroDuration`, `NanoDuration` | `"PT3723.5S"` |
//! | `debezium.data.Json` | the document itself |
//! | `int64` of a `BIGINT UNSIGNED` | the number without a sign |
//! | arrays, maps, structs | the same with their parts made plain |
//!
//! Everything else stays as it is written: text (`ZonedTimestamp`, `Interval`, `Uuid`, `Enum`, `Xml`, …), numbers,
//! booleans, bytes and `Bits` (base64), geometry (`{"wkb":…,"srid":…}`). A date or timestamp outside the years 1 to
//! 9999 stays the number it is, but PostgreSQL's infinities are `"infinity"` and `"-infinity"`.

use super::decimals::{decimal, variable_decimal};
use crate::catalogue::TableSchema;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::event::Caveat;
use crate::json::{self, DEPTH_MAX, Fault, Kind, Scanner};
use crate::values::copy::{self, below, copy};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt::Write as _;
use std::sync::Arc;

/// What a column's values are, as far as they must be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Type<'a> {
    Plain,
    Decimal(i32),
    VariableDecimal,
    Date,
    Time(Unit),
    Stamp(Unit),
    Duration(Unit),
    Json,
    /// A count of 64 bits without a sign, which Debezium writes with one.
    Unsigned,
    /// A number of 64 bits of which nothing tells whether it has a sign at the source.
    Untold,
    /// PostgreSQL's bytea as text, of which null says nothing.
    TextOfBytes,
    Array(Box<Type<'a>>),
    Map(Box<Type<'a>>),
    Struct(ColumnTypes<'a>),
}

/// What a time is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Milli,
    Micro,
    Nano,
}

impl Unit {
    fn per_second(self) -> i64 {
        match self {
            Self::Milli => 1_000,
            Self::Micro => 1_000_000,
            Self::Nano => 1_000_000_000,
        }
    }

    fn decimals(self) -> usize {
        match self {
            Self::Milli => 3,
            Self::Micro => 6,
            Self::Nano => 9,
        }
    }
}

/// The columns of a row whose values must be changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ColumnTypes<'a> {
    /// By the schema, sorted by name.
    typed: Vec<(Cow<'a, str>, Type<'a>)>,
    /// Whether there is a schema.
    is_of_schema: bool,
    /// What the source said of the table in a record of its own.
    told: Option<Arc<TableSchema>>,
    /// Whether the source has numbers of 64 bits without a sign.
    has_unsigned: bool,
    /// The first column with a negative number that may be such a one.
    perhaps_unsigned: OnceCell<String>,
}

impl<'a> ColumnTypes<'a> {
    /// Reads the text of a schema's `fields`, which is empty when there is none.
    pub(super) fn of(fields: &'a str) -> Result<Self> {
        if fields.is_empty() { Ok(Self::default()) } else { Self::read(&mut Scanner::new(fields), DEPTH_MAX) }
    }

    /// The only column of a key by the text of its schema.
    pub(super) fn only(name: &'a str, schema: &'a str) -> Result<Self> {
        let (_, of) = field(&mut Scanner::new(schema), DEPTH_MAX)?;
        Ok(Self { typed: vec![(Cow::Borrowed(name), of)], ..Self::default() })
    }

    /// The columns as those of a source that has numbers of 64 bits without a sign, with what it said of the table.
    pub(super) fn with_unsigned(self, told: Option<Arc<TableSchema>>) -> Self {
        Self { told, has_unsigned: true, ..self }
    }

    /// What the rows that were read leave open.
    pub(super) fn caveat(&self) -> Option<Caveat> {
        self.perhaps_unsigned.get().cloned().map(Caveat::PerhapsUnsigned)
    }

    /// What the source said of the table.
    pub(super) fn told(&self) -> Option<Arc<TableSchema>> {
        self.told.clone()
    }

    fn read(scanner: &mut Scanner<'a>, levels_left: usize) -> Result<Self> {
        let mut typed = Vec::new();
        scanner.array(|scanner| {
            if let (Some(name), of) = field(scanner, levels_left)?
                && of != Type::Plain
            {
                typed.push((name, of));
            }
            Ok::<_, Error>(())
        })?;
        typed.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Self { typed, is_of_schema: true, ..Self::default() })
    }

    fn get(&self, name: &str) -> &Type<'a> {
        let found = self.typed.binary_search_by(|(column, _)| column.as_ref().cmp(name));
        found.ok().and_then(|at| self.typed.get(at)).map_or(&Type::Plain, |(_, of)| of)
    }

    /// Whether null in a column may as well be a large value that did not change.
    pub(super) fn hides_values(&self, name: &str) -> bool {
        !self.typed.is_empty() && *self.get(name) == Type::TextOfBytes
    }

    /// What a number is that the record's schema leaves as it is, or of which it does not tell the type.
    fn of_number(&self, number: &str, name: &str, is_untold: bool) -> &Type<'a> {
        if !self.has_unsigned || !number.starts_with('-') {
            return &Type::Plain;
        }
        let columns = self.told.iter().flat_map(|schema| &schema.columns);
        match columns.filter(|(column, _)| column == name).map(|(_, of)| is_unsigned(of)).next_back() {
            Some(true) => &Type::Unsigned,
            Some(false) => &Type::Plain,
            None => {
                if is_untold && number.parse::<i64>().is_ok() {
                    self.perhaps_unsigned.get_or_init(|| name.to_owned());
                }
                &Type::Plain
            }
        }
    }

    /// Appends the value of the column `name` as plain JSON.
    pub(super) fn write(&self, scanner: &mut Scanner<'_>, name: &str, out: &mut String) -> Result<()> {
        match (self.typed.is_empty(), scanner.peek()?) {
            (true, Kind::Number) => {
                let text = scanner.number()?;
                number(text, self.of_number(text, name, !self.is_of_schema), out);
            }
            (true, _) => copy(scanner, out)?,
            (false, kind) => {
                let of = self.get(name);
                if matches!(of, Type::Plain | Type::Untold) && kind == Kind::Number {
                    let text = scanner.number()?;
                    number(text, self.of_number(text, name, *of == Type::Untold), out);
                } else {
                    value(scanner, of, out, (name, DEPTH_MAX))?;
                }
            }
        }
        Ok(())
    }

    /// Appends the value of a column of the key. A decimal of variable scale is a number with and without its schema.
    pub(super) fn write_key(&self, scanner: &mut Scanner<'_>, name: &str, out: &mut String) -> Result<()> {
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
        self.write(scanner, name, out)
    }

    /// Appends a value that is a string, already read, as [`ColumnTypes::write`] does.
    pub(super) fn write_text(&self, text: Cow<'_, str>, name: &str, out: &mut String) -> Result<()> {
        match (if self.typed.is_empty() { &Type::Plain } else { self.get(name) }, text) {
            (Type::Plain, Cow::Borrowed(text)) => {
                // without escapes, or it would not be borrowed
                out.push('"');
                out.push_str(text);
                out.push('"');
                Ok(())
            }
            (of, text) => string(&text, of, out, name),
        }
    }
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
    Error::new(ErrorKind::Unsupported, Code::CassandraCells, message)
}

/// Name and type of one field of a schema.
fn field<'a>(scanner: &mut Scanner<'a>, levels_left: usize) -> Result<(Option<Cow<'a, str>>, Type<'a>)> {
    let inside = below(levels_left, "schema")?;
    if scanner.peek()? != Kind::Object {
        scanner.skip()?;
        return Ok((None, Type::Plain));
    }
    let (mut name, mut logical, mut scale, mut wire, mut source) = (None, None, None, None, None);
    let (mut items, mut values, mut fields) = (Type::Plain, Type::Plain, ColumnTypes::default());
    scanner.object(|scanner, member| {
        match (member.as_ref(), scanner.peek()?) {
            ("field", Kind::String) => name = Some(scanner.string()?),
            ("name", Kind::String) => logical = Some(scanner.string()?),
            ("type", Kind::String) => wire = Some(scanner.string()?),
            ("parameters", Kind::Object) => scanner.object(|scanner, member| {
                match member.as_ref() {
                    "scale" => scale = scanner.text()?.and_then(|text| text.parse().ok()),
                    SOURCE_TYPE => source = scanner.text()?,
                    _ => drop(scanner.skip()?.len()),
                }
                Ok::<_, Fault>(())
            })?,
            ("items", Kind::Object) => items = field(scanner, inside)?.1,
            ("values", Kind::Object) => values = field(scanner, inside)?.1,
            ("fields", Kind::Array) => fields = ColumnTypes::read(scanner, inside)?,
            _ => drop(scanner.skip()?.len()),
        }
        Ok::<_, Error>(())
    })?;
    let of = match (logical.as_deref().and_then(|logical| logical_type(logical, scale)), items, values) {
        (Some(of), _, _) => of,
        (None, items, _) if !matches!(items, Type::Plain | Type::Untold) => Type::Array(Box::new(items)),
        (None, _, values) if !matches!(values, Type::Plain | Type::Untold) => Type::Map(Box::new(values)),
        _ if !fields.typed.is_empty() => Type::Struct(fields),
        _ => match (wire.as_deref(), source.as_deref()) {
            (Some("int64"), Some(source)) if is_unsigned(source) => Type::Unsigned,
            (Some("int64"), None) => Type::Untold,
            (Some("string"), Some(source)) if source.eq_ignore_ascii_case("bytea") => Type::TextOfBytes,
            _ => Type::Plain,
        },
    };
    Ok((name, of))
}

/// The parameter that tells a column's type, with `column.propagate.source.type` or `datatype.propagate.source.type`.
const SOURCE_TYPE: &str = "__debezium.source.column.type";

/// Whether a type of MySQL counts 64 bits without a sign: `BIGINT UNSIGNED`, `INT8 UNSIGNED ZEROFILL`, ….
fn is_unsigned(of: &str) -> bool {
    let is_word = |name: &str| of.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case(name));
    let starts = |name: &str| of.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    is_word("SERIAL") || (is_word("UNSIGNED") && (starts("BIGINT") || starts("INT8")))
}

fn logical_type<'a>(name: &str, scale: Option<i32>) -> Option<Type<'a>> {
    let (room, name) = name.rsplit_once('.')?;
    Some(match (room, name) {
        ("org.apache.kafka.connect.data", "Decimal") => Type::Decimal(scale?),
        ("io.debezium.data", "VariableScaleDecimal") => Type::VariableDecimal,
        ("io.debezium.data", "Json") => Type::Json,
        ("io.debezium.time" | "org.apache.kafka.connect.data", "Date") => Type::Date,
        ("io.debezium.time" | "org.apache.kafka.connect.data", "Time") => Type::Time(Unit::Milli),
        ("io.debezium.time" | "org.apache.kafka.connect.data", "Timestamp") => Type::Stamp(Unit::Milli),
        ("io.debezium.time", "MicroTime") => Type::Time(Unit::Micro),
        ("io.debezium.time", "NanoTime") => Type::Time(Unit::Nano),
        ("io.debezium.time", "MicroTimestamp") => Type::Stamp(Unit::Micro),
        ("io.debezium.time", "NanoTimestamp") => Type::Stamp(Unit::Nano),
        ("io.debezium.time", "MicroDuration") => Type::Duration(Unit::Micro),
        ("io.debezium.time", "NanoDuration") => Type::Duration(Unit::Nano),
        _ => return None,
    })
}

fn bad_value(column: &str, what: &str) -> Error {
    Error::poison(Code::BadValue, format!("The column {column} is not as its schema says: {what}."))
}

/// Appends a value; `column` is the column's name, and how deep the value may still be nested.
fn value(scanner: &mut Scanner<'_>, of: &Type<'_>, out: &mut String, column: (&str, usize)) -> Result<()> {
    let (name, levels_left) = column;
    match (of, scanner.peek()?) {
        (Type::Plain | Type::Untold, _) => copy(scanner, out),
        (_, Kind::String) => string(&scanner.string()?, of, out, name),
        (_, Kind::Number) => {
            number(scanner.number()?, of, out);
            Ok(())
        }
        (Type::VariableDecimal, Kind::Object) => {
            let text = variable_decimal(scanner.skip()?);
            out.push_str(&text.ok_or_else(|| bad_value(name, "a decimal that is none"))?);
            Ok(())
        }
        (Type::Array(items), Kind::Array) => {
            let inside = below(levels_left, "document")?;
            copy::array(scanner, out, |scanner, out| value(scanner, items, out, (name, inside)))
        }
        (Type::Map(values), Kind::Object) => {
            let inside = below(levels_left, "document")?;
            copy::object(scanner, out, |scanner, _, out| value(scanner, values, out, (name, inside)))
        }
        (Type::Struct(columns), Kind::Object) => {
            let inside = below(levels_left, "document")?;
            copy::object(scanner, out, |scanner, member, out| {
                value(scanner, columns.get(member), out, (name, inside))
            })
        }
        _ => copy(scanner, out),
    }
}

fn string(text: &str, of: &Type<'_>, out: &mut String, column: &str) -> Result<()> {
    match of {
        Type::Decimal(scale) => match decimal(text, *scale) {
            Some(number) => out.push_str(&number),
            None => {
                return Err(bad_value(column, "a decimal that is none, or longer than PostgreSQL's longest"));
            }
        },
        Type::Json => {
            let start = out.len();
            let mut scanner = Scanner::new(text);
            // what is no JSON stays the text it is
            if copy(&mut scanner, out).is_err() || scanner.end().is_err() {
                out.truncate(start);
                json::write_string(out, text);
            }
        }
        Type::Plain
        | Type::VariableDecimal
        | Type::Date
        | Type::Time(_)
        | Type::Stamp(_)
        | Type::Duration(_)
        | Type::Unsigned
        | Type::Untold
        | Type::TextOfBytes => {
            json::write_string(out, text);
        }
        Type::Array(_) | Type::Map(_) | Type::Struct(_) => json::write_string(out, text),
    }
    Ok(())
}

fn number(text: &str, of: &Type<'_>, out: &mut String) {
    let start = out.len();
    if matches!(of, Type::Plain | Type::Untold) {
        return out.push_str(text);
    }
    let written = text.parse::<i64>().ok().and_then(|count| {
        if *of == Type::Unsigned {
            return write!(out, "{}", count.cast_unsigned()).ok();
        }
        out.push('"');
        match of {
            Type::Date => date(count, out)?,
            Type::Time(unit) => time(count, *unit, out),
            Type::Stamp(unit) => stamp(count, *unit, out)?,
            Type::Duration(unit) => duration(count, *unit, out),
            Type::Plain | Type::Decimal(_) | Type::VariableDecimal | Type::Json => return None,
            Type::Unsigned | Type::Untold | Type::TextOfBytes => return None,
            Type::Array(_) | Type::Map(_) | Type::Struct(_) => return None,
        }
        out.push('"');
        Some(())
    });
    if written.is_none() {
        out.truncate(start);
        out.push_str(text);
    }
}

/// Appends the date so many days after 1970-01-01, when it is in the years 1 to 9999.
fn date(days: i64, out: &mut String) -> Option<()> {
    // the calendar repeats every 146,097 days; years begin in March so that the leap day is their last
    let shifted = days.checked_add(719_468)?;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    if !(1..=9999).contains(&year) {
        return None;
    }
    write!(out, "{year:04}-{month:02}-{day:02}").ok()
}

/// Appends a time of day, or a time that is longer than a day or negative, as MySQL has them.
fn time(count: i64, unit: Unit, out: &mut String) {
    let (second, fraction) = (
        count.unsigned_abs() / unit.per_second().unsigned_abs(),
        count.unsigned_abs() % unit.per_second().unsigned_abs(),
    );
    let sign = if count < 0 { "-" } else { "" };
    let (hours, minutes, seconds) = (second / 3_600, second / 60 % 60, second % 60);
    let places = unit.decimals();
    // writing to a String cannot fail
    write!(out, "{sign}{hours:02}:{minutes:02}:{seconds:02}.{fraction:0places$}").unwrap_or_default();
}

fn stamp(count: i64, unit: Unit, out: &mut String) -> Option<()> {
    // Source: Debezium connector for PostgreSQL, "Temporal types": what stands for the infinities
    let micros = match unit {
        Unit::Milli => count.checked_mul(1_000),
        Unit::Micro => Some(count),
        Unit::Nano => None,
    };
    match micros {
        Some(9_223_372_036_825_200_000) => out.push_str("infinity"),
        Some(-9_223_372_036_832_400_000) => out.push_str("-infinity"),
        _ => {
            let per_day = unit.per_second() * 86_400;
            date(count.div_euclid(per_day), out)?;
            out.push('T');
            time(count.rem_euclid(per_day), unit, out);
        }
    }
    Some(())
}

fn duration(count: i64, unit: Unit, out: &mut String) {
    let per_second = unit.per_second().unsigned_abs();
    let (seconds, fraction) = (count.unsigned_abs() / per_second, count.unsigned_abs() % per_second);
    let sign = if count < 0 { "-" } else { "" };
    write!(out, "PT{sign}{seconds}").unwrap_or_default();
    if fraction > 0 {
        let places = unit.decimals();
        let digits = format!("{fraction:0places$}");
        write!(out, ".{}", digits.trim_end_matches('0')).unwrap_or_default();
    }
    out.push('S');
}
