//! What the text of a value stands for, by the type of its column.

use crate::decimal;
use crate::json::{self, Scanner};
use crate::values::copy::{self, copy};

/// What the text of a value stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    /// A date, a time, or both: a text that is never empty.
    Time,
    Number,
    /// Bytes, each written as the character of its number.
    Bytes,
    Json,
    /// The number of a label, from 1.
    Label(Vec<String>),
    /// A number whose bits are labels.
    Labels(Vec<String>),
}

impl Form {
    /// The form of a type as the table declares it: `bigint(20) unsigned`.
    pub(super) fn of_type(declared: &str, code: &str) -> Self {
        let name = declared.split(['(', ' ']).next().unwrap_or_default().to_ascii_lowercase();
        match (name.as_str(), code) {
            (
                "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" | "decimal" | "dec"
                | "fixed" | "numeric" | "float" | "double" | "real" | "year" | "bit" | "bool" | "boolean",
                _,
            ) => Self::Number,
            (
                "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "geometry"
                | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring" | "multipolygon"
                | "geometrycollection" | "geomcollection",
                _,
            ) => Self::Bytes,
            ("date" | "time" | "datetime" | "timestamp", _) => Self::Time,
            ("json", _) => Self::Json,
            ("enum", "4") => Self::Label(labels(declared)),
            ("set", "-7") => Self::Labels(labels(declared)),
            ("", _) => Self::of_code(code),
            _ => Self::Text,
        }
    }

    /// The form of a type by its number in `java.sql.Types`.
    pub(super) fn of_code(code: &str) -> Self {
        match code {
            "-7" | "-6" | "-5" | "2" | "3" | "4" | "5" | "6" | "7" | "8" => Self::Number,
            "-4" | "-3" | "-2" | "2004" => Self::Bytes,
            "91" | "92" | "93" => Self::Time,
            _ => Self::Text,
        }
    }

    /// Appends the value that is written as `text`; `None` when it cannot be one.
    pub(super) fn write(&self, text: &str, out: &mut String) -> Option<()> {
        match self {
            Self::Text => json::write_string(out, text),
            // an empty text is a value of no other type
            Self::Time | Self::Number | Self::Json | Self::Label(_) | Self::Labels(_) if text.is_empty() => {
                out.push_str("null");
            }
            Self::Time => json::write_string(out, text),
            Self::Number if json::is_number(text) => out.push_str(text),
            Self::Number => out.push_str(&decimal::to_json(text).ok()?),
            Self::Bytes => {
                let bytes: Option<Vec<u8>> =
                    text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
                copy::bytes(&bytes?, out);
            }
            Self::Json => {
                let mut inside = Scanner::new(text);
                copy(&mut inside, out).ok()?;
                inside.end().ok()?;
            }
            Self::Label(labels) => match text.parse::<usize>() {
                // what the server puts in place of a bad value
                Ok(0) => out.push_str("\"\""),
                Ok(number) => json::write_string(out, labels.get(number - 1)?),
                Err(_) => json::write_string(out, text),
            },
            Self::Labels(labels) => match text.parse::<u64>() {
                Ok(bits) => {
                    let chosen = (0..u64::BITS).filter(|bit| bits >> bit & 1 == 1);
                    let chosen: Option<Vec<&String>> =
                        chosen.map(|bit| labels.get(usize::try_from(bit).ok()?)).collect();
                    out.push('[');
                    for (at, label) in chosen?.into_iter().enumerate() {
                        if at > 0 {
                            out.push(',');
                        }
                        json::write_string(out, label);
                    }
                    out.push(']');
                }
                Err(_) => json::write_string(out, text),
            },
        }
        Some(())
    }
}

/// The labels of a type as in `enum('a','it''s')`.
fn labels(declared: &str) -> Vec<String> {
    let mut labels = Vec::new();
    let mut rest = declared;
    while let Some((_, inside)) = rest.split_once('\'') {
        let mut label = String::new();
        rest = inside;
        while let Some((part, behind)) = rest.split_once('\'') {
            label.push_str(part);
            let doubled = behind.strip_prefix('\'');
            rest = doubled.unwrap_or(behind);
            if doubled.is_none() {
                break;
            }
            label.push('\'');
        }
        labels.push(label);
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::labels;

    #[test]
    fn labels_are_read_with_their_quotes_and_commas() {
        assert_eq!(labels("enum('a','it''s',',','''','')"), ["a", "it's", ",", "'", ""]);
        assert_eq!(labels("enum('a"), [""]);
        assert!(labels("enum").is_empty());
    }
}
