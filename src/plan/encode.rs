//! What of a row goes into `pk` and `data`, and what only `aux` can hold; and the way back.

use crate::event::{set, token, tokens};
use crate::json::{self, Value};
use std::borrow::Cow;
use std::fmt::Write as _;

/// A row's three documents as JSON text, each one storable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded<'a> {
    /// The key's members.
    pub pk: Cow<'a, str>,
    /// The document; `None` on a tombstone.
    pub data: Option<Cow<'a, str>>,
    /// A flat object from JSON Pointer (`/data/…`, `/pk/…`) to the JSON text of the value, in ASCII.
    pub aux: Cow<'a, str>,
}

impl Encoded<'_> {
    /// Whether `pk` lacks a part of the key, which only `aux` can hold.
    #[must_use]
    pub fn lacks_key(&self) -> bool {
        self.aux.starts_with("{\"/pk")
    }
}

/// Moves what PostgreSQL cannot hold, path by path, from `pk` and `data` to `aux`.
///
/// jsonb refuses one thing in what decoders let through: the character NUL.
/// Source: PostgreSQL documentation, "JSON Types".
pub(super) fn encode<'a>(pk: &'a str, data: Option<&'a str>) -> Encoded<'a> {
    let mut aux = Vec::new();
    let pk = storable(pk, "/pk", &mut aux);
    let data = data.map(|data| storable(data, "/data", &mut aux));
    let aux = if aux.is_empty() { "{}".into() } else { Value::Object(aux).to_text().into() };
    Encoded { pk, data, aux }
}

fn storable<'a>(text: &'a str, pointer: &str, aux: &mut Vec<(String, Value)>) -> Cow<'a, str> {
    if memchr::memmem::find(text.as_bytes(), b"\\u0000").is_none() {
        return text.into();
    }
    let Ok(value) = Value::parse(text) else { return text.into() };
    match keep(value, pointer, aux) {
        Some(kept) => kept.to_text().into(),
        // owned, as everything that is not the text itself
        None => "{}".to_owned().into(),
    }
}

/// What of `value` can stay; the rest is in `aux` afterwards. `None` when the value itself had to move.
fn keep(value: Value, pointer: &str, aux: &mut Vec<(String, Value)>) -> Option<Value> {
    let has_nul = |text: &str| text.contains('\0');
    match value {
        Value::String(text) if has_nul(&text) => {
            aux.push((pointer.to_owned(), Value::String(json::to_ascii(&Value::String(text).to_text()))));
            None
        }
        Value::Object(members) if members.iter().any(|(name, _)| has_nul(name)) => {
            aux.push((pointer.to_owned(), Value::String(json::to_ascii(&Value::Object(members).to_text()))));
            None
        }
        Value::Object(members) => {
            let kept = members.into_iter().filter_map(|(name, member)| {
                let below = format!("{pointer}/{}", token(&name));
                keep(member, &below, aux).map(|member| (name, member))
            });
            Some(Value::Object(kept.collect()))
        }
        Value::Array(elements) => {
            let kept = elements.into_iter().enumerate().map(|(index, element)| {
                keep(element, &format!("{pointer}/{index}"), aux).unwrap_or(Value::Null)
            });
            Some(Value::Array(kept.collect()))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value),
    }
}

/// Whether CrateDB keeps a member's name as it is.
///
/// A row with a name beyond U+FFFF in an object without columns, or of a column that is null, cannot be read by its key
/// before the table is refreshed: the server writes such names down in a form that it cannot read (observed on 6.3.6).
pub(super) fn is_plain_name(name: &str) -> bool {
    !name.chars().any(|c| c > '\u{FFFF}')
}

/// A pointer as a name that CrateDB keeps: what is beyond U+FFFF as `~u` and four hexadecimal digits for each of its
/// two UTF-16 units. No JSON Pointer has `~u`, since a tilde is `~0` in it.
pub(super) fn plain_pointer(pointer: &str) -> String {
    let mut plain = String::with_capacity(pointer.len());
    for c in pointer.chars() {
        if c > '\u{FFFF}' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(plain, "~u{unit:04x}").unwrap_or_default();
            }
        } else {
            plain.push(c);
        }
    }
    plain
}

/// The way back. What is no such form stays as it is.
pub(super) fn pointer_of(plain: &str) -> Cow<'_, str> {
    let mut parts = plain.split("~u");
    let Some(first) = parts.next().filter(|first| first.len() < plain.len()) else { return plain.into() };
    let mut units: Vec<u16> = first.encode_utf16().collect();
    for part in parts {
        match part.split_at_checked(4).map(|(digits, rest)| (u16::from_str_radix(digits, 16), rest)) {
            Some((Ok(unit), rest)) => {
                units.push(unit);
                units.extend(rest.encode_utf16());
            }
            Some((Err(_), _)) | None => return plain.into(),
        }
    }
    String::from_utf16(&units).map_or_else(|_| plain.into(), Cow::Owned)
}

/// The exact `pk` and `data` again, from what is stored.
///
/// Members of `aux` that are no pointers below `/pk` or `/data`, as in adopted tables, are left alone.
///
/// # Errors
/// When one of the three is not JSON.
pub fn merge(pk: &str, data: Option<&str>, aux: &str) -> Result<(Value, Option<Value>), json::Fault> {
    let pk = Value::parse(pk)?;
    let Some(data) = data else { return Ok((merged("pk", pk, aux)?, None)) };
    Ok((merged("pk", pk, aux)?, Some(merged("data", Value::parse(data)?, aux)?)))
}

fn merged(root: &str, mut value: Value, aux: &str) -> Result<Value, json::Fault> {
    let Value::Object(moved) = Value::parse(aux)? else { return Ok(value) };
    for (pointer, text) in moved {
        let (path, Value::String(text)) = (tokens(&pointer_of(&pointer)), text) else { continue };
        let Some((first, below)) = path.split_first() else { continue };
        if first == root {
            set(&mut value, below, Value::parse(&text)?);
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::{encode, is_plain_name, merge, plain_pointer, pointer_of};
    use crate::json::Value;
    use proptest::prelude::*;

    fn check(data: &str, stays: &str, aux: &str) {
        let encoded = encode(r#"{"id":1}"#, Some(data));
        assert_eq!((encoded.data.as_deref(), &*encoded.aux), (Some(stays), aux));
    }

    #[test]
    fn only_what_jsonb_refuses_moves() {
        check(r#"{"a":"x","b":1E+125}"#, r#"{"a":"x","b":1E+125}"#, "{}");
        check(r#"{"a":"\\u0000"}"#, r#"{"a":"\\u0000"}"#, "{}");
        check(r#"{"a":"é\u0000","b":1}"#, r#"{"b":1}"#, r#"{"/data/a":"\"\\u00e9\\u0000\""}"#);
        check(r#"{"l":[1,"\u0000"]}"#, r#"{"l":[1,null]}"#, r#"{"/data/l/1":"\"\\u0000\""}"#);
        check(r#"{"m":{"\u0000":1},"n":2}"#, r#"{"n":2}"#, r#"{"/data/m":"{\"\\u0000\":1}"}"#);
        check(r#"{"\u0000":1}"#, "{}", r#"{"/data":"{\"\\u0000\":1}"}"#);
        check(r#"{"a/b~":"\u0000"}"#, "{}", r#"{"/data/a~1b~0":"\"\\u0000\""}"#);
    }

    #[test]
    fn a_name_beyond_the_basic_plane_is_written_in_ascii_and_read_again() {
        for name in ["😀", "a😀b/c~d", "~u", "~0ud83d", "\u{FFFF}\u{10000}", "é"] {
            let pointer = format!("/data/{}", crate::event::token(name));
            let plain = plain_pointer(&pointer);
            assert!(is_plain_name(&plain), "{plain}");
            assert_eq!(pointer_of(&plain), pointer);
        }
        assert_eq!(plain_pointer("/data/a😀"), "/data/a~ud83d~ude00");
        for odd in ["/data/~ud83d", "/data/~uxyzw", "/data/~u", "/data/~u12"] {
            assert_eq!(pointer_of(odd), odd);
        }
        let (_, data) = merge("{}", Some("{}"), r#"{"/data/~ud83d~ude00":"1"}"#).unwrap();
        assert_eq!(data.unwrap().to_text(), r#"{"😀":1}"#);
    }

    #[test]
    fn a_key_with_nul_moves_too() {
        let encoded = encode(r#"{"id":"a\u0000b"}"#, None);
        assert_eq!(
            (&*encoded.pk, encoded.data, &*encoded.aux),
            ("{}", None, r#"{"/pk/id":"\"a\\u0000b\""}"#)
        );
    }

    fn documents() -> impl Strategy<Value = Value> {
        let text = || "[a/~\\\\é😀\u{0}\u{1}\"]{0,4}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            (any::<i64>(), 0..99_u8).prop_map(|(n, d)| Value::Number(format!("{n}.{d}"))),
            text().prop_map(Value::String),
        ];
        leaf.prop_recursive(5, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
                prop::collection::btree_map(text(), inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn has_nul(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(elements) => elements.iter().any(has_nul),
            Value::Object(members) => {
                members.iter().any(|(name, member)| name.contains('\0') || has_nul(member))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn sorted(value: Value) -> Value {
        match value {
            Value::Object(members) => {
                let mut members: Vec<_> =
                    members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                Value::Object(members)
            }
            Value::Array(elements) => Value::Array(elements.into_iter().map(sorted).collect()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
        }
    }

    proptest! {
        #[test]
        fn merge_gives_back_the_exact_document(members in prop::collection::btree_map("[a-c\u{0}]{1,2}", documents(), 0..5)) {
            let document = Value::Object(members.into_iter().collect());
            let text = document.to_text();
            let encoded = encode(&text, Some(&text));
            prop_assert!(!has_nul(&Value::parse(&encoded.pk).unwrap()));
            prop_assert!(!has_nul(&Value::parse(encoded.data.as_deref().unwrap()).unwrap()));
            let Ok(Value::Object(aux)) = Value::parse(&encoded.aux) else { panic!("aux is no object") };
            prop_assert!(aux.iter().all(|(_, text)| matches!(text, Value::String(text) if text.is_ascii())));
            let (pk, data) = merge(&encoded.pk, encoded.data.as_deref(), &encoded.aux).unwrap();
            prop_assert_eq!(sorted(pk), sorted(document.clone()));
            prop_assert_eq!(sorted(data.unwrap()), sorted(document));
        }
    }
}
