//! Items as JSON of DynamoDB, with every digit, and keys back from it.

use crate::json::{self, Kind, Scanner};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::{BTreeMap, HashMap};

/// Attributes by name.
pub(super) type Attributes = HashMap<String, AttributeValue>;

/// Appends attributes in the order of their names; none when one is of a type that nobody knows.
pub(super) fn write_item(item: &Attributes, out: &mut String) -> Option<()> {
    write_members(item.iter().collect::<BTreeMap<_, _>>().into_iter(), out)
}

/// The key of an item, as JSON; none when it has not all of these attributes.
pub(super) fn key_of(item: &Attributes, names: &[String]) -> Option<String> {
    let mut out = String::new();
    let members: Vec<_> = names.iter().map(|name| item.get_key_value(name)).collect::<Option<_>>()?;
    write_members(members.into_iter(), &mut out)?;
    Some(out)
}

/// What [`key_of`] wrote.
pub(super) fn parse_key(text: &str) -> Option<Attributes> {
    let members: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(text).ok()?;
    let attribute = |(name, value): (String, BTreeMap<String, String>)| {
        let (of, text) = value.into_iter().next()?;
        let value = match of.as_str() {
            "S" => AttributeValue::S(text),
            "N" => AttributeValue::N(text),
            "B" => AttributeValue::B(Blob::new(STANDARD.decode(text).ok()?)),
            _ => return None,
        };
        Some((name, value))
    };
    members.into_iter().map(attribute).collect()
}

/// A key of plain values, as a target keeps it, with the types that its attributes have. What is no such key stays as
/// it is, and its record is parked.
pub(in crate::snapshot) fn typed_key(types: &[(String, String)], key: &str) -> String {
    let of = |name: &str| types.iter().find(|(column, _)| column == name).map(|(_, of)| of.as_str());
    let mut members = Vec::new();
    let read = Scanner::new(key).object(|scanner, name| {
        let text = match scanner.peek()? {
            Kind::Number => scanner.number()?.to_owned(),
            Kind::String => scanner.string()?.into_owned(),
            Kind::Object | Kind::Array | Kind::Bool | Kind::Null => scanner.skip()?.to_owned(),
        };
        let of = of(&name).unwrap_or("S");
        members.push(format!("{}:{{\"{of}\":{}}}", json::quoted(&name), json::quoted(&text)));
        Ok::<_, json::Fault>(())
    });
    if read.is_ok() { format!("{{{}}}", members.join(",")) } else { key.to_owned() }
}

fn write_members<'a>(
    members: impl Iterator<Item = (&'a String, &'a AttributeValue)>,
    out: &mut String,
) -> Option<()> {
    out.push('{');
    for (at, (name, value)) in members.enumerate() {
        if at > 0 {
            out.push(',');
        }
        json::write_string(out, name);
        out.push(':');
        write(value, out)?;
    }
    out.push('}');
    Some(())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the service may get types that nobody knows yet")]
fn write(value: &AttributeValue, out: &mut String) -> Option<()> {
    let base64 = |bytes: &Blob| STANDARD.encode(bytes.as_ref());
    match value {
        AttributeValue::S(text) => member("S", out, |out| json::write_string(out, text)),
        AttributeValue::N(number) => member("N", out, |out| json::write_string(out, number)),
        AttributeValue::B(bytes) => member("B", out, |out| json::write_string(out, &base64(bytes))),
        AttributeValue::Bool(truth) => {
            member("BOOL", out, |out| out.push_str(if *truth { "true" } else { "false" }));
        }
        AttributeValue::Null(_) => member("NULL", out, |out| out.push_str("true")),
        AttributeValue::Ss(texts) => member("SS", out, |out| write_texts(texts.iter().cloned(), out)),
        AttributeValue::Ns(numbers) => member("NS", out, |out| write_texts(numbers.iter().cloned(), out)),
        AttributeValue::Bs(bytes) => member("BS", out, |out| write_texts(bytes.iter().map(base64), out)),
        AttributeValue::L(values) => {
            out.push_str("{\"L\":[");
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(value, out)?;
            }
            out.push_str("]}");
        }
        AttributeValue::M(members) => {
            out.push_str("{\"M\":");
            write_item(members, out)?;
            out.push('}');
        }
        _ => return None,
    }
    Some(())
}

fn member(of: &str, out: &mut String, write: impl FnOnce(&mut String)) {
    out.extend(["{\"", of, "\":"]);
    write(out);
    out.push('}');
}

fn write_texts(texts: impl Iterator<Item = String>, out: &mut String) {
    let texts: Vec<String> = texts.map(|text| json::quoted(&text)).collect();
    out.extend(["[", &texts.join(","), "]"]);
}

#[cfg(test)]
mod tests {
    use super::{Attributes, key_of, parse_key, typed_key, write_item};
    use aws_sdk_dynamodb::primitives::Blob;
    use aws_sdk_dynamodb::types::AttributeValue as Of;

    fn item() -> Attributes {
        let list = Of::L(vec![Of::Null(true), Of::M([("x".to_owned(), Of::Bool(false))].into())]);
        let members = [
            ("id", Of::S("a\"\n".into())),
            ("n", Of::N("9007199254740993.10".into())),
            ("b", Of::B(Blob::new([0, 255]))),
            ("l", list),
            ("ns", Of::Ns(vec!["1".into(), "1E+100".into()])),
            ("bs", Of::Bs(vec![Blob::new([1])])),
        ];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    #[test]
    fn items_are_written_in_one_order_with_every_digit() {
        let mut out = String::new();
        write_item(&item(), &mut out).unwrap();
        assert_eq!(
            out,
            r#"{"b":{"B":"AP8="},"bs":{"BS":["AQ=="]},"id":{"S":"a\"\n"},"l":{"L":[{"NULL":true},{"M":{"x":{"BOOL":false}}}]},"n":{"N":"9007199254740993.10"},"ns":{"NS":["1","1E+100"]}}"#
        );
    }

    #[test]
    fn a_key_comes_back_as_it_was() {
        let names = ["id".to_owned(), "b".to_owned(), "n".to_owned()];
        let text = key_of(&item(), &names).unwrap();
        let back = parse_key(&text).unwrap();
        assert!(names.iter().all(|name| back[name] == item()[name]), "{text}");
        assert_eq!(key_of(&item(), &["none".to_owned()]), None);
        assert_eq!(parse_key("[]"), None);
    }

    #[test]
    fn a_key_of_plain_values_gets_its_types() {
        let types = [("id".to_owned(), "S".to_owned()), ("n".to_owned(), "N".to_owned())];
        assert_eq!(
            typed_key(&types, r#"{"id":"12","n":9007199254740993}"#),
            r#"{"id":{"S":"12"},"n":{"N":"9007199254740993"}}"#
        );
    }
}
