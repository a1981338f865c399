//! DynamoDB's typed attribute values (`{"S":"a"}`) as plain JSON: shared by the formats that carry them.
//!
//! # Source
//! DynamoDB API Reference, "AttributeValue".

use super::copy::{array, below, object};
use crate::decimal::{self, NumberFault};
use crate::error::{Code, Error, Result};
use crate::event::{Document, Key};
use crate::json::{self, DEPTH_MAX, Kind, Scanner};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

fn bad_attribute(what: &str) -> Error {
    Error::poison(Code::BadAttribute, format!("An attribute value is not as DynamoDB writes it: {what}."))
}

fn number(text: &str) -> Result<Cow<'_, str>> {
    decimal::to_json(text).map_err(bad_number)
}

fn bad_number(fault: NumberFault) -> Error {
    match fault {
        NumberFault::NotANumber => bad_attribute("an N that is no decimal number"),
        NumberFault::OutOfRange => Error::poison(
            Code::NumberOutOfRange,
            "A number is outside DynamoDB's range, 1E-130 to 9.99…E+125.",
        ),
    }
}

/// Partition key and sort key.
const KEY_ATTRIBUTES_MAX: usize = 2;

/// The key that `Keys` holds.
///
/// # Errors
/// When a member is of no type that a key can have, or the text is broken.
pub(crate) fn key(keys: &str) -> Result<Key> {
    let mut members = Vec::with_capacity(2);
    Scanner::new(keys).object(|scanner, name| {
        let value = key_value(scanner)?;
        members.push((name.into_owned(), value));
        if members.len() > KEY_ATTRIBUTES_MAX {
            return Err(Error::poison(Code::BadKey, "The key has more than two attributes."));
        }
        Ok(())
    })?;
    Key::new(members)
}

/// A typed attribute value as canonical JSON text.
fn key_value(scanner: &mut Scanner<'_>) -> Result<String> {
    let mut value = String::new();
    let mut types = 0;
    scanner.object(|scanner, tag| {
        types += 1;
        match (tag.as_ref(), scanner.peek()?) {
            ("S", Kind::String) => scanner.copy_string(&mut value)?,
            ("N", _) => {
                let text = number_text(scanner)?;
                value = decimal::canonical(&text).map_err(bad_number)?;
            }
            ("B", Kind::String) => binary(&scanner.string()?, &mut value).map(drop)?,
            _ => return Err(Error::poison(Code::BadKey, "A key attribute is not of type S, N or B.")),
        }
        Ok(())
    })?;
    if types != 1 {
        return Err(Error::poison(Code::BadKey, "A key attribute has not exactly one type."));
    }
    Ok(value)
}

/// The image as a plain document, without the attributes of `key`.
pub(crate) fn image(scanner: &mut Scanner<'_>, key: &Key) -> Result<Document> {
    let mut document = Document::with_capacity(scanner.bytes_left() / 2);
    scanner.object(|scanner, name| {
        if key.names().any(|key_name| key_name == name) {
            scanner.skip()?;
            return Ok(());
        }
        document.push(&name, |out| attribute(scanner, out, DEPTH_MAX))
    })?;
    document.keep_last();
    Ok(document)
}

/// An item as it stands in the table, taken apart into its key, the attributes `names`, and the rest.
///
/// # Errors
/// When an attribute of the key is missing or of no type that a key can have, or the text is broken.
pub(crate) fn item(scanner: &mut Scanner<'_>, names: &[String]) -> Result<(Key, Document)> {
    let mut members = Vec::with_capacity(names.len());
    let mut document = Document::with_capacity(scanner.bytes_left() / 2);
    scanner.object(|scanner, name| {
        if names.iter().any(|key_name| *key_name == name) {
            members.push((name.into_owned(), key_value(scanner)?));
            return Ok(());
        }
        document.push(&name, |out| attribute(scanner, out, DEPTH_MAX))
    })?;
    if let Some(missing) = names.iter().find(|name| members.iter().all(|(found, _)| found != *name)) {
        return Err(Error::poison(
            Code::NoKey,
            format!("The item lacks the attribute {missing} of the key."),
        ));
    }
    document.keep_last();
    Ok((Key::new(members)?, document))
}

/// The key that an item has, the attributes `names`, whatever is wrong with the others.
pub(crate) fn key_in(item: &str, names: &[String]) -> Result<Key> {
    let mut members = Vec::with_capacity(names.len());
    Scanner::new(item).object(|scanner, name| {
        if names.iter().any(|key_name| *key_name == name) {
            members.push((name.into_owned(), key_value(scanner)?));
            return Ok(());
        }
        scanner.skip().map(drop).map_err(Error::from)
    })?;
    if members.len() != names.len() {
        return Err(Error::poison(Code::NoKey, "The item lacks an attribute of the key."));
    }
    Key::new(members)
}

/// An `N`: a string of digits, or, as some fixtures and emulators write it, a JSON number.
fn number_text<'a>(scanner: &mut Scanner<'a>) -> Result<Cow<'a, str>> {
    match scanner.peek()? {
        Kind::String => Ok(scanner.string()?),
        Kind::Number => Ok(Cow::Borrowed(scanner.number()?)),
        Kind::Object | Kind::Array | Kind::Bool | Kind::Null => Err(bad_attribute("an N that is no number")),
    }
}

/// Appends base64 text as a JSON string of standard base64; gives the bytes it stands for.
fn binary(text: &str, out: &mut String) -> Result<Vec<u8>> {
    let bytes = STANDARD.decode(text).map_err(|_| bad_attribute("a B that is not base64"))?;
    out.push('"');
    out.push_str(text);
    out.push('"');
    Ok(bytes)
}

/// Appends one typed attribute value as plain JSON.
fn attribute(scanner: &mut Scanner<'_>, out: &mut String, levels_left: usize) -> Result<()> {
    let below = below(levels_left, "document")?;
    if scanner.peek()? != Kind::Object {
        return Err(bad_attribute("a value without a type"));
    }
    let mut types = 0;
    scanner.object(|scanner, tag| {
        types += 1;
        if types > 1 {
            return Err(bad_attribute("more than one type"));
        }
        match (tag.as_ref(), scanner.peek()?) {
            ("S", Kind::String) => scanner.copy_string(out)?,
            ("N", _) => out.push_str(&number(&number_text(scanner)?)?),
            ("BOOL", Kind::Bool) => out.push_str(if scanner.boolean()? { "true" } else { "false" }),
            ("NULL", Kind::Bool) => {
                scanner.boolean()?;
                out.push_str("null");
            }
            // as client libraries and fixtures write absent values
            ("S" | "B" | "NULL", Kind::Null) => {
                scanner.null()?;
                out.push_str("null");
            }
            ("M", Kind::Object) => object(scanner, out, |scanner, _, out| attribute(scanner, out, below))?,
            ("L", Kind::Array) => array(scanner, out, |scanner, out| attribute(scanner, out, below))?,
            ("B", Kind::String) => drop(binary(&scanner.string()?, out)?),
            ("SS", Kind::Array) => set(
                scanner,
                out,
                |scanner, text| {
                    let string = scanner.string()?;
                    json::write_string(text, &string);
                    Ok(string.into_owned().into_bytes())
                },
                Ord::cmp,
            )?,
            ("BS", Kind::Array) => {
                set(scanner, out, |scanner, text| binary(&scanner.string()?, text), Ord::cmp)?
            }
            ("NS", Kind::Array) => set(
                scanner,
                out,
                |scanner, text| {
                    let number = number(&number_text(scanner)?)?.into_owned();
                    text.push_str(&number);
                    Ok(number)
                },
                |a, b| decimal::compare(a, b),
            )?,
            (known @ ("S" | "B" | "BOOL" | "NULL" | "M" | "L" | "SS" | "NS" | "BS"), _) => {
                return Err(bad_attribute(&format!("a value that does not fit its type {known}")));
            }
            _ => return Err(bad_attribute("an unknown type")),
        }
        Ok(())
    })?;
    if types == 0 { Err(bad_attribute("a value without a type")) } else { Ok(()) }
}

/// Appends a set as an array in the order of `compare`, since DynamoDB sends sets in any order.
fn set<T>(
    scanner: &mut Scanner<'_>,
    out: &mut String,
    mut read: impl FnMut(&mut Scanner<'_>, &mut String) -> Result<T>,
    compare: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> Result<()> {
    let mut elements: Vec<(T, String)> = Vec::new();
    scanner.array(|scanner| {
        if scanner.peek()? == Kind::Object {
            return Err(bad_attribute("a set of sets"));
        }
        let mut text = String::new();
        let sort_by = read(scanner, &mut text)?;
        elements.push((sort_by, text));
        Ok::<_, Error>(())
    })?;
    elements.sort_by(|a, b| compare(&a.0, &b.0));
    let texts: Vec<&str> = elements.iter().map(|(_, text)| text.as_str()).collect();
    out.push('[');
    out.push_str(&texts.join(","));
    out.push(']');
    Ok(())
}
