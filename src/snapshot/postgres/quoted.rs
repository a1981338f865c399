//! What the server writes between quotation marks inside a value: elements of arrays, names and values of hstore.

use crate::json;
use memchr::memchr2;
use std::borrow::Cow;

/// The characters of an element behind its first quotation mark, and what is behind its last.
pub(super) fn element(text: &str) -> Option<(Cow<'_, str>, &str)> {
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

/// Appends hstore, `"a"=>"1", "b c"=>NULL`, as an object of texts.
pub(super) fn map(text: &str, out: &mut String) -> Option<()> {
    let start = out.len();
    let written = members(text, out);
    if written.is_none() {
        out.truncate(start);
    }
    written
}

fn members(text: &str, out: &mut String) -> Option<()> {
    let (mut rest, mut between) = (text, "");
    out.push('{');
    while !rest.is_empty() {
        let (name, behind) = element(rest.strip_prefix(between)?.strip_prefix('"')?)?;
        out.push_str(between.trim_end());
        json::write_string(out, &name);
        out.push(':');
        let behind = behind.strip_prefix("=>")?;
        rest = match behind.strip_prefix("NULL") {
            Some(behind) => {
                out.push_str("null");
                behind
            }
            None => {
                let (value, behind) = element(behind.strip_prefix('"')?)?;
                json::write_string(out, &value);
                behind
            }
        };
        between = ", ";
    }
    out.push('}');
    Some(())
}
