//! The convention of LorryStream and CrateDB Toolkit for lists of several kinds, for the tables that they made.

use super::exact::is_loose_number;
use crate::event::{token, tokens};
use crate::json::{self, Value};
use crate::plan::encode::{is_plain_name, pointer_of};

/// `aux` of a table of LorryStream or CrateDB Toolkit: lists of several kinds among the document's own members stand
/// there under their names, as theirs wrote them; everything else under its pointer.
#[must_use]
pub(super) fn with_named_lists(aux: &str) -> String {
    let Ok(Value::Object(members)) = Value::parse(aux) else { return aux.to_owned() };
    let named =
        members.into_iter().map(|(pointer, text)| match (tokens(&pointer_of(&pointer)).as_slice(), &text) {
            ([root, name], Value::String(json)) if root == "data" && !name.starts_with('/') => {
                match Value::parse(json) {
                    Ok(list) if is_mixed(&list) && is_plain_name(name) && gives_back(&list) => {
                        (name.clone(), list)
                    }
                    _ => (pointer, text),
                }
            }
            _ => (pointer, text),
        });
    Value::Object(named.collect()).to_text()
}

/// The way back.
#[must_use]
pub fn without_named_lists(aux: &str) -> String {
    let Ok(Value::Object(members)) = Value::parse(aux) else { return aux.to_owned() };
    let moved = members.into_iter().map(|(name, value)| match value {
        Value::String(_) if name.starts_with('/') => (name, value),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => {
            (format!("/data/{}", token(&name)), Value::String(json::to_ascii(&value.to_text())))
        }
    });
    Value::Object(moved.collect()).to_text()
}

fn is_mixed(value: &Value) -> bool {
    let Value::Array(elements) = value else { return false };
    let kinds = elements.iter().zip(elements.iter().skip(1));
    kinds.into_iter().any(|(a, b)| std::mem::discriminant(a) != std::mem::discriminant(b))
}

/// Whether a column without a type gives back every number and every name.
fn gives_back(value: &Value) -> bool {
    match value {
        Value::Number(text) => is_loose_number(text),
        Value::Array(elements) => elements.iter().all(gives_back),
        Value::Object(members) => {
            members.iter().all(|(name, member)| is_plain_name(name) && gives_back(member))
        }
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{with_named_lists, without_named_lists};

    #[test]
    fn mixed_lists_of_adopted_tables_stand_under_their_names() {
        let aux =
            r#"{"/data/l":"[1,\"a\"]","/data/e":"[]","/data/o/l":"[1,\"a\"]","/data/n":"[1.10,\"a\"]"}"#;
        let named = with_named_lists(aux);
        assert_eq!(named, r#"{"l":[1,"a"],"/data/e":"[]","/data/o/l":"[1,\"a\"]","/data/n":"[1.10,\"a\"]"}"#);
        assert_eq!(without_named_lists(&named), aux);
        let plain = r#"{"/data/~ud83d~ude00":"[1,\"a\"]","/data/l":"[1,{\"\\ud83d\\ude00\":1}]"}"#;
        assert_eq!(with_named_lists(plain), plain);
    }
}
