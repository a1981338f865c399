//! What stands for a value that was not in the source's log: large values of PostgreSQL (TOAST) and Oracle (LOB) that
//! did not change.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The placeholder, as text and as base64; the URL-safe alphabet spells it alike.
/// Source: Debezium documentation, `unavailable.value.placeholder`.
const UNAVAILABLE: &str = "__debezium_unavailable_value";
const UNAVAILABLE_BYTES: &str = "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==";
/// The placeholder in hexadecimal digits, and the element of an array of UUIDs: the name-based UUID of the text.
const UNAVAILABLE_HEX: &str = "5f5f646562657a69756d5f756e617661696c61626c655f76616c7565";
const UNAVAILABLE_UUID: &str = "b68a35a7-17ad-35b3-af2a-ae46edb4545a";

/// Whether the characters of a string are a placeholder.
pub(super) fn is_unavailable_text(text: &str) -> bool {
    let is_map = || {
        let inside = text.strip_prefix("{\"").and_then(|text| text.strip_suffix("\"}"));
        inside.and_then(|inside| inside.split_once("\":\"")) == Some((UNAVAILABLE, UNAVAILABLE))
    };
    match text.as_bytes().first() {
        Some(b'_') => text == UNAVAILABLE,
        Some(b'X') => text == UNAVAILABLE_BYTES,
        Some(b'5') => text == UNAVAILABLE_HEX,
        // an hstore in the form of JSON
        Some(b'{') => is_map(),
        _ => false,
    }
}

/// Whether an array or object is a placeholder: one element (or the placeholder's bytes), or one member.
pub(super) fn is_unavailable(text: &str) -> bool {
    if text.len() > 4 * UNAVAILABLE.len() {
        return text.len() < 32 * UNAVAILABLE.len() && is_unavailable_numbers(text);
    }
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let element = compact.strip_prefix("[\"").and_then(|text| text.strip_suffix("\"]"));
    element
        .is_some_and(|it| [UNAVAILABLE, UNAVAILABLE_BYTES, UNAVAILABLE_HEX, UNAVAILABLE_UUID].contains(&it))
        || is_unavailable_text(&compact)
        || is_unavailable_numbers(text)
}

/// Whether an array has one element for each of the placeholder's bytes: whole numbers, floats, decimals as base64, or
/// decimals of variable scale.
fn is_unavailable_numbers(text: &str) -> bool {
    let Some(inside) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else { return false };
    let parts = inside.split(',').map(str::trim).filter(|part| *part != r#"{"scale":0"#);
    parts.map(byte_of).eq(UNAVAILABLE.bytes().map(Some))
}

fn byte_of(part: &str) -> Option<u8> {
    let number = part.strip_prefix(r#""value":"#).and_then(|part| part.strip_suffix('}')).unwrap_or(part);
    match number.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(base64) => STANDARD.decode(base64).ok()?.as_slice().try_into().ok().map(|[byte]: [u8; 1]| byte),
        None => number.strip_suffix(".0").unwrap_or(number).parse().ok(),
    }
}
