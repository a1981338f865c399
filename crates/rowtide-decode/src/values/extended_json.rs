//! MongoDB's Extended JSON as plain JSON: relaxed, canonical and legacy, at any depth.
//!
//! One value has one text, however it was written: `{"$numberLong":"7"}` and `7` are `7`; a date is RFC 3339 text with
//! milliseconds, whether it came as text, as a number or as `$numberLong`. A wrapper counts only when all its members
//! are those of its type and its value fits; anything else is a document like any other, since documents may have
//! fields that begin with `$`.
//!
//! | BSON | becomes |
//! |---|---|
//! | ObjectId, Symbol, UUID (binary of subtype 04) | text, hexadecimal digits in lower case |
//! | Date | `"2024-07-16T14:29:22.907Z"`; before the year 0 and after 9999 the number of milliseconds since 1970 |
//! | Int32, Int64, Double, Decimal128 | a number with the digits of the source; `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | other binary | standard base64 text |
//! | Timestamp | `{"t":1,"i":2}` |
//! | regular expression | `"/pattern/options"` |
//! | MinKey, MaxKey, Undefined | `"MinKey"`, `"MaxKey"`, null |
//! | Code without scope | text |
//! | Code with scope, DBRef, DBPointer | the document as written, its values converted |
//!
//! As part of a key, a value that is neither text nor ObjectId, UUID, Int or Double keeps its wrapper (in canonical
//! form, a date as text), so that a date and a text are two keys.
//!
//! # Source
//! MongoDB Specifications, "Extended JSON"; MongoDB Manual, "MongoDB Extended JSON (v1)".

use super::copy::{self, array, below};
use crate::decimal;
use crate::error::{Code, Error, Result};
use crate::event::Document;
use crate::json::{self, DEPTH_MAX, Fault, Kind, Scanner};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Reads one value of Extended JSON and appends it to `out` as plain JSON.
///
/// # Errors
/// When it is not JSON, or nested too deeply.
pub(crate) fn copy(scanner: &mut Scanner<'_>, out: &mut String) -> Result<()> {
    value(scanner, out, Form::Document, DEPTH_MAX)
}

/// Reads one value of Extended JSON that identifies a row and appends its canonical text: what MongoDB takes for the
/// same number is the same text.
///
/// # Errors
/// When it is not JSON, nested too deeply, or a number that no key can be.
pub(crate) fn copy_key(scanner: &mut Scanner<'_>, out: &mut String) -> Result<()> {
    value(scanner, out, Form::Key, DEPTH_MAX)
}

/// Reads an object of Extended JSON as a document, without the members that `leaves_out` names.
///
/// # Errors
/// When it is no JSON object, or nested too deeply.
pub(crate) fn document(scanner: &mut Scanner<'_>, leaves_out: impl Fn(&str) -> bool) -> Result<Document> {
    let mut document = Document::with_capacity(scanner.bytes_left() / 2);
    scanner.object(|scanner, name| {
        if leaves_out(&name) {
            scanner.skip()?;
            return Ok(());
        }
        document.push(&name, |out| value(scanner, out, Form::Document, DEPTH_MAX))
    })?;
    document.keep_last();
    Ok(document)
}

/// What the plain JSON is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Document,
    Key,
}

fn value(scanner: &mut Scanner<'_>, out: &mut String, form: Form, levels_left: usize) -> Result<()> {
    let below = below(levels_left, "document")?;
    match scanner.peek()? {
        Kind::Object => object(scanner, out, form, below)?,
        Kind::Array => array(scanner, out, |scanner, out| value(scanner, out, form, below))?,
        Kind::String => scanner.copy_string(out)?,
        Kind::Number if form == Form::Key => out.push_str(&key_number(scanner.number()?)?),
        Kind::Number => out.push_str(scanner.number()?),
        Kind::Bool => out.push_str(if scanner.boolean()? { "true" } else { "false" }),
        Kind::Null => {
            scanner.null()?;
            out.push_str("null");
        }
    }
    Ok(())
}

fn key_number(text: &str) -> Result<String> {
    let message = "A number of the key is outside 1E-130 to 9.99…E+125.";
    decimal::canonical(text).map_err(|_| Error::poison(Code::NumberOutOfRange, message))
}

fn object(scanner: &mut Scanner<'_>, out: &mut String, form: Form, levels_left: usize) -> Result<()> {
    let start = out.len();
    let mut ahead = scanner.clone();
    if wrapper(&mut ahead, out, form).is_ok() {
        *scanner = ahead;
        return Ok(());
    }
    out.truncate(start);
    copy::object(scanner, out, |scanner, _, out| value(scanner, out, form, levels_left))
}

/// The object is no type wrapper: whoever asks reads it again as a document.
struct NoWrapper;

impl From<Fault> for NoWrapper {
    fn from(_: Fault) -> Self {
        Self
    }
}

/// The members that wrappers have, as far as they were read.
#[derive(Default)]
struct Wrapper<'a> {
    members: usize,
    first: Option<(Cow<'a, str>, WrapperMember<'a>)>,
    second: Option<(Cow<'a, str>, WrapperMember<'a>)>,
}

/// What a wrapper's member may hold: a text or number, or an object of two of them.
enum WrapperMember<'a> {
    Text(Cow<'a, str>),
    Number(&'a str),
    True,
    Object(Vec<(Cow<'a, str>, Cow<'a, str>)>),
}

impl<'a> WrapperMember<'a> {
    /// Reads no further than it fits: a document that only begins like a wrapper costs nothing.
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, NoWrapper> {
        Ok(match scanner.peek()? {
            Kind::String => Self::Text(scanner.string()?),
            Kind::Number => Self::Number(scanner.number()?),
            Kind::Bool => scanner.boolean()?.then_some(Self::True).ok_or(NoWrapper)?,
            Kind::Object => {
                let mut members = Vec::new();
                scanner.object(|scanner, name| {
                    if members.len() == 2 || !matches!(scanner.peek()?, Kind::String | Kind::Number) {
                        return Err(NoWrapper);
                    }
                    members.push((name, scanner.text()?.ok_or(NoWrapper)?));
                    Ok(())
                })?;
                Self::Object(members)
            }
            Kind::Array | Kind::Null => return Err(NoWrapper),
        })
    }

    fn text(&self) -> Result<&str, NoWrapper> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Number(_) | Self::True | Self::Object(_) => Err(NoWrapper),
        }
    }

    /// A number, or a text that should be one.
    fn digits(&self) -> Result<&str, NoWrapper> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Number(text) => Ok(text),
            Self::True | Self::Object(_) => Err(NoWrapper),
        }
    }

    /// The members `names`, when the object has just these.
    fn object<const N: usize>(&self, names: [&str; N]) -> Result<[&str; N], NoWrapper> {
        let Self::Object(members) = self else { return Err(NoWrapper) };
        let mut found = [""; N];
        for (slot, wanted) in found.iter_mut().zip(names) {
            *slot = members.iter().find(|(name, _)| name == wanted).map(|(_, text)| text).ok_or(NoWrapper)?;
        }
        if members.len() == N { Ok(found) } else { Err(NoWrapper) }
    }
}

/// Reads a type wrapper and appends what it stands for. When it is none, what was appended has no meaning.
fn wrapper(scanner: &mut Scanner<'_>, out: &mut String, form: Form) -> Result<(), NoWrapper> {
    let mut found = Wrapper::default();
    scanner.object(|scanner, name| {
        let slot = match found.members {
            0 => &mut found.first,
            1 => &mut found.second,
            _ => return Err(NoWrapper),
        };
        if !name.starts_with('$') {
            return Err(NoWrapper);
        }
        *slot = Some((name, WrapperMember::read(scanner)?));
        found.members += 1;
        Ok(())
    })?;
    match (found.first, found.second) {
        (Some((name, inner)), None) => single(&name, &inner, out, form),
        (Some((first, a)), Some((second, b))) => {
            // legacy forms, in either order
            match (first.as_ref(), second.as_ref()) {
                ("$binary", "$type") => binary(a.text()?, b.digits()?, out, form),
                ("$type", "$binary") => binary(b.text()?, a.digits()?, out, form),
                ("$regex", "$options") => regex(a.text()?, b.text()?, out, form),
                ("$options", "$regex") => regex(b.text()?, a.text()?, out, form),
                _ => Err(NoWrapper),
            }
        }
        _ => Err(NoWrapper),
    }
}

/// A wrapper of one member.
fn single(name: &str, inner: &WrapperMember<'_>, out: &mut String, form: Form) -> Result<(), NoWrapper> {
    match name {
        "$oid" => {
            let digits = inner.text()?;
            if digits.len() != 24 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(NoWrapper);
            }
            json::write_string(out, &digits.to_ascii_lowercase());
        }
        "$numberInt" | "$numberLong" => {
            let digits = inner.digits()?;
            let number: i64 = digits.parse().map_err(|_| NoWrapper)?;
            write!(out, "{number}").unwrap_or_default();
        }
        "$numberDouble" => float(inner.digits()?, "$numberDouble", out, form)?,
        "$numberDecimal" => {
            let digits = inner.digits()?;
            if form == Form::Document {
                return float(digits, "$numberDecimal", out, form);
            }
            let plain = decimal::canonical(digits);
            let text = if plain.is_err() { word(digits).ok_or(NoWrapper)? } else { "" };
            tagged("$numberDecimal", plain.as_deref().unwrap_or(text), out);
        }
        "$date" => date(inner, out, form)?,
        "$symbol" if form == Form::Key => tagged("$symbol", inner.text()?, out),
        "$code" if form == Form::Key => tagged("$code", inner.text()?, out),
        "$symbol" | "$code" => json::write_string(out, inner.text()?),
        "$uuid" => json::write_string(out, &uuid(inner.text()?)?),
        "$binary" => {
            let [base64, subtype] = inner.object(["base64", "subType"])?;
            binary(base64, subtype, out, form)?;
        }
        "$timestamp" => {
            let [t, i] = inner.object(["t", "i"])?;
            let (t, i): (u32, u32) = (t.parse().map_err(|_| NoWrapper)?, i.parse().map_err(|_| NoWrapper)?);
            match form {
                Form::Document => write!(out, "{{\"t\":{t},\"i\":{i}}}").unwrap_or_default(),
                Form::Key => write!(out, "{{\"$timestamp\":{{\"t\":{t},\"i\":{i}}}}}").unwrap_or_default(),
            }
        }
        "$regularExpression" => {
            let [pattern, options] = inner.object(["pattern", "options"])?;
            regex(pattern, options, out, form)?;
        }
        "$minKey" | "$maxKey" if inner.digits()? == "1" => out.push_str(match (name, form) {
            ("$minKey", Form::Document) => "\"MinKey\"",
            (_, Form::Document) => "\"MaxKey\"",
            ("$minKey", Form::Key) => "{\"$minKey\":1}",
            (_, Form::Key) => "{\"$maxKey\":1}",
        }),
        "$undefined" if matches!(inner, WrapperMember::True) => out.push_str("null"),
        _ => return Err(NoWrapper),
    }
    Ok(())
}

/// A value that keeps its type in a key.
fn tagged(wrapper: &str, text: &str, out: &mut String) {
    out.push('{');
    json::write_string(out, wrapper);
    out.push(':');
    json::write_string(out, text);
    out.push('}');
}

/// The number that is none, in the one way it is written.
fn word(text: &str) -> Option<&'static str> {
    match text {
        "NaN" => Some("NaN"),
        "Infinity" => Some("Infinity"),
        "-Infinity" => Some("-Infinity"),
        _ => None,
    }
}

fn float(text: &str, wrapper: &str, out: &mut String, form: Form) -> Result<(), NoWrapper> {
    match (word(text), form) {
        (Some(word), Form::Document) => json::write_string(out, word),
        (Some(word), Form::Key) => tagged(wrapper, word, out),
        (None, Form::Document) if json::is_number(text) => out.push_str(text),
        (None, Form::Document) => out.push_str(&decimal::to_json(text).map_err(|_| NoWrapper)?),
        (None, Form::Key) => match decimal::canonical(text) {
            Ok(plain) => out.push_str(&plain),
            Err(_) if json::is_number(text) => tagged(wrapper, text, out),
            Err(_) => return Err(NoWrapper),
        },
    }
    Ok(())
}

/// The milliseconds since 1970 of a date, or of plain text that is one. `None` when it is neither.
pub(crate) fn milliseconds(text: &str) -> Option<i64> {
    let mut scanner = Scanner::new(text);
    if scanner.peek().ok()? == Kind::String {
        return time(&scanner.string().ok()?).ok();
    }
    let mut found = None;
    let read = scanner.object(|scanner, name| {
        found = (name == "$date").then(|| WrapperMember::read(scanner)).transpose()?;
        Ok::<_, NoWrapper>(())
    });
    read.ok().and_then(|()| since_1970(&found?).ok())
}

fn time(text: &str) -> Result<i64, NoWrapper> {
    let time: jiff::Timestamp = text.parse().map_err(|_| NoWrapper)?;
    Ok(time.as_millisecond())
}

fn since_1970(inner: &WrapperMember<'_>) -> Result<i64, NoWrapper> {
    match inner {
        WrapperMember::Text(text) => time(text),
        WrapperMember::Number(digits) => digits.parse().map_err(|_| NoWrapper),
        WrapperMember::Object(_) => {
            let [digits] = inner.object(["$numberLong"])?;
            digits.parse().map_err(|_| NoWrapper)
        }
        WrapperMember::True => Err(NoWrapper),
    }
}

fn date(inner: &WrapperMember<'_>, out: &mut String, form: Form) -> Result<(), NoWrapper> {
    let milliseconds = since_1970(inner)?;
    if form == Form::Key {
        out.push_str("{\"$date\":");
    }
    // year 0 up to and with 9999
    match jiff::Timestamp::from_millisecond(milliseconds) {
        Ok(time) if milliseconds >= -62_167_219_200_000 => write!(out, "\"{time:.3}\""),
        _ => write!(out, "{milliseconds}"),
    }
    .unwrap_or_default();
    if form == Form::Key {
        out.push('}');
    }
    Ok(())
}

fn uuid(text: &str) -> Result<String, NoWrapper> {
    let lower = text.to_ascii_lowercase();
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lengths: Vec<usize> = lower.split('-').map(str::len).collect();
    let fits = lengths == [8, 4, 4, 4, 12] && lower.split('-').all(is_hex);
    fits.then_some(lower).ok_or(NoWrapper)
}

fn binary(base64: &str, subtype: &str, out: &mut String, form: Form) -> Result<(), NoWrapper> {
    let subtype = u8::from_str_radix(subtype, 16).map_err(|_| NoWrapper)?;
    let bytes = STANDARD.decode(base64).map_err(|_| NoWrapper)?;
    match (<[u8; 16]>::try_from(bytes), form) {
        (Ok(bytes), _) if subtype == 4 => {
            let digits = format!("{:032x}", u128::from_be_bytes(bytes));
            let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
            write!(
                out,
                "\"{}-{}-{}-{}-{}\"",
                part(0, 8),
                part(8, 12),
                part(12, 16),
                part(16, 20),
                part(20, 32)
            )
            .unwrap_or_default();
        }
        (_, Form::Document) => json::write_string(out, base64),
        (_, Form::Key) => {
            write!(out, "{{\"$binary\":{{\"base64\":\"{base64}\",\"subType\":\"{subtype:02x}\"}}}}")
                .unwrap_or_default();
        }
    }
    Ok(())
}

fn regex(pattern: &str, options: &str, out: &mut String, form: Form) -> Result<(), NoWrapper> {
    match form {
        Form::Document => json::write_string(out, &format!("/{pattern}/{options}")),
        // MongoDB takes none as an _id
        Form::Key => return Err(NoWrapper),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{copy, copy_key, document};
    use crate::json::Scanner;
    use proptest::prelude::*;

    fn plain(text: &str) -> String {
        let mut out = String::new();
        let mut scanner = Scanner::new(text);
        copy(&mut scanner, &mut out).unwrap();
        scanner.end().unwrap();
        out
    }

    fn key(text: &str) -> String {
        let mut out = String::new();
        copy_key(&mut Scanner::new(text), &mut out).unwrap();
        out
    }

    #[test]
    fn each_type_has_one_text_however_it_is_written() {
        let table = [
            (r#"{"$oid":"669683C2b0750b2c84893f3e"}"#, r#""669683c2b0750b2c84893f3e""#),
            (r#"{"$date":"2024-07-16T14:29:22.907Z"}"#, r#""2024-07-16T14:29:22.907Z""#),
            (r#"{"$date":"2024-07-16T16:29:22.907+02:00"}"#, r#""2024-07-16T14:29:22.907Z""#),
            (r#"{"$date":"2024-07-16T14:29:22Z"}"#, r#""2024-07-16T14:29:22.000Z""#),
            (r#"{"$date":1721140162907}"#, r#""2024-07-16T14:29:22.907Z""#),
            (r#"{"$date":{"$numberLong":"1721140162907"}}"#, r#""2024-07-16T14:29:22.907Z""#),
            (r#"{"$date":{"$numberLong":"-1"}}"#, r#""1969-12-31T23:59:59.999Z""#),
            (r#"{"$date":{"$numberLong":"253402300800000"}}"#, "253402300800000"),
            (r#"{"$date":{"$numberLong":"-62167219200000"}}"#, r#""0000-01-01T00:00:00.000Z""#),
            (r#"{"$date":{"$numberLong":"-62167219200001"}}"#, "-62167219200001"),
            (r#"{"$numberInt":"-7"}"#, "-7"),
            (r#"{"$numberLong":"9223372036854775807"}"#, "9223372036854775807"),
            (r#"{"$numberLong":7}"#, "7"),
            (r#"{"$numberDouble":"1.0"}"#, "1.0"),
            (r#"{"$numberDouble":"-1.5E+300"}"#, "-1.5E+300"),
            (r#"{"$numberDouble":"NaN"}"#, r#""NaN""#),
            (r#"{"$numberDouble":"-Infinity"}"#, r#""-Infinity""#),
            (r#"{"$numberDecimal":"1.10"}"#, "1.10"),
            (
                r#"{"$numberDecimal":"9.999999999999999999999999999999999E+6144"}"#,
                "9.999999999999999999999999999999999E+6144",
            ),
            (r#"{"$numberDecimal":".5"}"#, "0.5"),
            (r#"{"$numberDecimal":"Infinity"}"#, r#""Infinity""#),
            (r#"{"$binary":{"base64":"AQID","subType":"00"}}"#, r#""AQID""#),
            (r#"{"$binary":"AQID","$type":"0"}"#, r#""AQID""#),
            (r#"{"$type":"80","$binary":"AQID"}"#, r#""AQID""#),
            (
                r#"{"$binary":{"base64":"CgsMDQ4PEBESExQVFhcYGQ==","subType":"04"}}"#,
                r#""0a0b0c0d-0e0f-1011-1213-141516171819""#,
            ),
            (
                r#"{"$binary":"CgsMDQ4PEBESExQVFhcYGQ==","$type":"04"}"#,
                r#""0a0b0c0d-0e0f-1011-1213-141516171819""#,
            ),
            (
                r#"{"$uuid":"0A0B0C0D-0E0F-1011-1213-141516171819"}"#,
                r#""0a0b0c0d-0e0f-1011-1213-141516171819""#,
            ),
            (r#"{"$timestamp":{"t":1,"i":4294967295}}"#, r#"{"t":1,"i":4294967295}"#),
            (r#"{"$regularExpression":{"pattern":"a\"b","options":"im"}}"#, r#""/a\"b/im""#),
            (r#"{"$regex":"ab","$options":""}"#, r#""/ab/""#),
            (r#"{"$minKey":1}"#, r#""MinKey""#),
            (r#"{"$maxKey":{"$numberInt":"1"}}"#, r#"{"$maxKey":1}"#),
            (r#"{"$maxKey":1}"#, r#""MaxKey""#),
            (r#"{"$undefined":true}"#, "null"),
            (r#"{"$symbol":"s"}"#, r#""s""#),
            (r#"{"$code":"f()"}"#, r#""f()""#),
            (r#"{"$code":"f()","$scope":{"x":{"$numberInt":"1"}}}"#, r#"{"$code":"f()","$scope":{"x":1}}"#),
            (
                r#"{"$dbPointer":{"$ref":"db.c","$id":{"$oid":"669683c2b0750b2c84893f3e"}}}"#,
                r#"{"$dbPointer":{"$ref":"db.c","$id":"669683c2b0750b2c84893f3e"}}"#,
            ),
            (r#"{"$ref":"c","$id":{"$numberInt":"1"},"$db":"d"}"#, r#"{"$ref":"c","$id":1,"$db":"d"}"#),
        ];
        for (extended, text) in table {
            assert_eq!(plain(extended), text, "{extended}");
            let deep = format!(r#"{{"a":[{{"b":{extended}}}]}}"#);
            assert_eq!(plain(&deep), format!(r#"{{"a":[{{"b":{text}}}]}}"#));
        }
    }

    #[test]
    fn what_only_looks_like_a_wrapper_is_a_document() {
        for text in [
            r#"{"$oid":"too short"}"#,
            r#"{"$oid":"669683c2b0750b2c84893f3e","more":1}"#,
            r#"{"more":1,"$oid":"669683c2b0750b2c84893f3e"}"#,
            r#"{"$oid":5}"#,
            r#"{"$oid":null}"#,
            r#"{"$date":"tomorrow"}"#,
            r#"{"$date":true}"#,
            r#"{"$date":[1]}"#,
            r#"{"$date":1.5}"#,
            r#"{"$numberLong":"9223372036854775808"}"#,
            r#"{"$numberInt":"x"}"#,
            r#"{"$numberDouble":"x"}"#,
            r#"{"$numberDecimal":""}"#,
            r#"{"$binary":{"base64":"?","subType":"00"}}"#,
            r#"{"$binary":{"base64":"AQID","subType":"xyz"}}"#,
            r#"{"$binary":{"base64":"AQID"}}"#,
            r#"{"$binary":{"base64":"AQID","subType":"00","more":"x"}}"#,
            r#"{"$timestamp":{"t":-1,"i":2}}"#,
            r#"{"$uuid":"0a0b"}"#,
            r#"{"$regex":"a"}"#,
            r#"{"$minKey":2}"#,
            r#"{"$undefined":false}"#,
            r#"{"$gt":1}"#,
            r#"{"":1}"#,
            "{}",
            "[]",
        ] {
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn numbers_keep_their_digits_and_white_space_goes() {
        let text = "{ \"a\" : [ 12345678901234567890.10 , 1E-9 , -0 ] , \"b\" : \"x\\u0041\" }";
        assert_eq!(plain(text), r#"{"a":[12345678901234567890.10,1E-9,-0],"b":"xA"}"#);
        assert_eq!(plain(r#"{"a":{"b":1,"c":2,"b":{"$numberInt":"3"}}}"#), r#"{"a":{"c":2,"b":3}}"#);
    }

    #[test]
    fn a_key_is_the_same_text_for_the_same_value_and_another_for_another() {
        for same in [
            "1",
            "1.0",
            "1E0",
            r#"{"$numberInt":"1"}"#,
            r#"{"$numberLong":"1"}"#,
            r#"{"$numberDouble":"1.0"}"#,
        ] {
            assert_eq!(key(same), "1", "{same}");
        }
        let iso = r#"{"$date":"2024-07-16T14:29:22.907Z"}"#;
        for same in [iso, r#"{"$date":1721140162907}"#, r#"{"$date":{"$numberLong":"1721140162907"}}"#] {
            assert_eq!(key(same), iso, "{same}");
        }
        let table = [
            (r#"{"$oid":"669683c2b0750b2c84893f3e"}"#, r#""669683c2b0750b2c84893f3e""#),
            (r#""a""#, r#""a""#),
            (r#"{"$symbol":"a"}"#, r#"{"$symbol":"a"}"#),
            (r#"{"$numberDecimal":"1.10"}"#, r#"{"$numberDecimal":"1.1"}"#),
            (r#"{"$numberDecimal":"NaN"}"#, r#"{"$numberDecimal":"NaN"}"#),
            (r#"{"$numberDouble":"NaN"}"#, r#"{"$numberDouble":"NaN"}"#),
            (r#"{"$numberDouble":"1E+300"}"#, r#"{"$numberDouble":"1E+300"}"#),
            (r#"{"$binary":"AQID","$type":"0"}"#, r#"{"$binary":{"base64":"AQID","subType":"00"}}"#),
            (
                r#"{"$binary":{"base64":"CgsMDQ4PEBESExQVFhcYGQ==","subType":"04"}}"#,
                r#""0a0b0c0d-0e0f-1011-1213-141516171819""#,
            ),
            (r#"{"$timestamp":{"t":1,"i":2}}"#, r#"{"$timestamp":{"t":1,"i":2}}"#),
            (r#"{"b":1.0,"a":{"$numberLong":"2"}}"#, r#"{"b":1,"a":2}"#),
            ("true", "true"),
            ("null", "null"),
        ];
        for (extended, text) in table {
            assert_eq!(key(extended), text, "{extended}");
        }
        let mut out = String::new();
        assert!(copy_key(&mut Scanner::new("1e300"), &mut out).is_err());
    }

    #[test]
    fn a_document_leaves_out_its_key_and_of_repeated_members_all_but_the_last() {
        let text = r#"{"_id":{"$oid":"669683c2b0750b2c84893f3e"},"a":1,"b":{"$numberInt":"2"},"a":3}"#;
        let found = document(&mut Scanner::new(text), |name| name == "_id").unwrap();
        assert_eq!(found.to_json(), r#"{"b":2,"a":3}"#);
        assert!(document(&mut Scanner::new("[]"), |_| false).is_err());
    }

    #[test]
    fn depth_is_bounded_and_what_begins_like_a_wrapper_costs_nothing() {
        let deep = |open: &str, levels: usize, close: &str| {
            format!("{}1{}", open.repeat(levels), close.repeat(levels))
        };
        let mut out = String::new();
        let mut copy = |text: &str| copy(&mut Scanner::new(text), &mut out);
        assert!(copy(&deep("[", 127, "]")).is_ok());
        assert_eq!(copy(&deep("[", 128, "]")).unwrap_err().code().as_str(), "too_deep");
        assert_eq!(copy(&deep("{\"$date\":", 100_000, "}")).unwrap_err().code().as_str(), "too_deep");
        assert_eq!(copy(&deep("{\"$code\":", 100_000, "}")).unwrap_err().code().as_str(), "too_deep");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in r#"[\[\]{}:,"$0-9a-z. \-]{0,40}"#) {
            let _either = copy(&mut Scanner::new(&text), &mut String::new());
            let _or = copy_key(&mut Scanner::new(&text), &mut String::new());
        }

        #[test]
        fn every_date_has_one_text(milliseconds in any::<i64>()) {
            let number = plain(&format!(r#"{{"$date":{milliseconds}}}"#));
            prop_assert_eq!(&number, &plain(&format!(r#"{{"$date":{{"$numberLong":"{milliseconds}"}}}}"#)));
            if number.starts_with('"') {
                prop_assert_eq!(&number, &plain(&format!(r#"{{"$date":{number}}}"#)));
            }
        }
    }
}
