//! JSON values, copied as compact text with every digit: nested no deeper than a value may be, and of an object's
//! members with one name the last. Formats whose values are typed write them with the same.

use crate::error::{Code, Error, Result};
use crate::json::{self, DEPTH_MAX, Kind, Scanner};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// Appends any JSON value.
///
/// # Errors
/// When it is broken, or nested deeper than [`DEPTH_MAX`] levels.
pub(crate) fn copy(scanner: &mut Scanner<'_>, out: &mut String) -> Result<()> {
    copy_below(scanner, out, DEPTH_MAX)
}

fn copy_below(scanner: &mut Scanner<'_>, out: &mut String, levels_left: usize) -> Result<()> {
    match scanner.peek()? {
        Kind::String => scanner.copy_string(out)?,
        Kind::Number => out.push_str(scanner.number()?),
        Kind::Bool => out.push_str(if scanner.boolean()? { "true" } else { "false" }),
        Kind::Null => {
            scanner.null()?;
            out.push_str("null");
        }
        Kind::Array => {
            let below = below(levels_left, "document")?;
            array(scanner, out, |scanner, out| copy_below(scanner, out, below))?;
        }
        Kind::Object => {
            let below = below(levels_left, "document")?;
            object(scanner, out, |scanner, _, out| copy_below(scanner, out, below))?;
        }
    }
    Ok(())
}

/// The levels that are left inside a part of `what`. Of plain JSON objects and arrays are levels, of typed values each.
///
/// # Errors
/// When none is.
pub(crate) fn below(levels_left: usize, what: &str) -> Result<usize> {
    levels_left.checked_sub(1).ok_or_else(|| {
        Error::poison(Code::TooDeep, format!("The {what} is nested deeper than {DEPTH_MAX} levels."))
    })
}

/// Appends the array that comes next; `write` appends an element.
///
/// # Errors
/// When it is broken, and those of `write`.
pub(crate) fn array<'a>(
    scanner: &mut Scanner<'a>,
    out: &mut String,
    mut write: impl FnMut(&mut Scanner<'a>, &mut String) -> Result<()>,
) -> Result<()> {
    out.push('[');
    let start = out.len();
    scanner.array(|scanner| {
        if out.len() > start {
            out.push(',');
        }
        write(scanner, out)
    })?;
    out.push(']');
    Ok(())
}

/// Appends bytes, as base64.
pub(crate) fn bytes(bytes: &[u8], out: &mut String) {
    out.push('"');
    STANDARD.encode_string(bytes, out);
    out.push('"');
}

/// Appends the object that comes next; `write` appends the value of the member that it is given the name of. Of members
/// with one name keeps the last.
///
/// # Errors
/// When it is broken, and those of `write`.
pub(crate) fn object<'a>(
    scanner: &mut Scanner<'a>,
    out: &mut String,
    mut write: impl FnMut(&mut Scanner<'a>, &str, &mut String) -> Result<()>,
) -> Result<()> {
    out.push('{');
    let start = out.len();
    // the names, and where their members start
    let mut members: Vec<(Cow<'_, str>, usize)> = Vec::new();
    scanner.object(|scanner, name| {
        if !members.is_empty() {
            out.push(',');
        }
        let at = out.len();
        json::write_string(out, &name);
        out.push(':');
        write(scanner, &name, out)?;
        members.push((name, at));
        Ok::<_, Error>(())
    })?;
    // not `json::keep_last`: the members are one text already
    let repeated = json::repeated_names(members.len(), |at| members.get(at).map_or("", |(name, _)| name));
    if !repeated.is_empty() {
        let written = out.split_off(start);
        let starts = members.iter().map(|(_, at)| at - start);
        let ends = starts.clone().skip(1).chain([written.len()]);
        for (at, (from, to)) in starts.zip(ends).enumerate() {
            // each but the last with the comma behind it, and the last is never repeated
            if repeated.binary_search(&at).is_err() {
                out.push_str(written.get(from..to).unwrap_or_default());
            }
        }
    }
    out.push('}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::copy;
    use crate::json::Scanner;

    fn copied(text: &str) -> Result<String, &'static str> {
        let mut out = String::new();
        copy(&mut Scanner::new(text), &mut out).map(|()| out).map_err(|error| error.code().as_str())
    }

    #[test]
    fn any_value_is_copied_compactly_with_every_digit() {
        let table = [
            (" [ 1.10 , -0 , 1E+2 ,[],{ } ] ", "[1.10,-0,1E+2,[],{}]"),
            ("{\"a\" :\n1, \"b\\u0041\": \"\\u00e4\\n\", \"a\": 2}", "{\"bA\":\"ä\\n\",\"a\":2}"),
            ("[\"\",\"\",null,true,false]", "[\"\",\"\",null,true,false]"),
            ("12345678901234567890.123456789012345678901", "12345678901234567890.123456789012345678901"),
        ];
        for (text, compact) in table {
            assert_eq!(copied(text).unwrap(), compact, "{text}");
        }
        assert_eq!(copied(&format!("{}{}", "[".repeat(128), "]".repeat(128))).unwrap().len(), 256);
        assert_eq!(copied(&format!("{}{}", "[".repeat(129), "]".repeat(129))).unwrap_err(), "too_deep");
        assert_eq!(copied("[1,}").unwrap_err(), "not_json");
    }
}
