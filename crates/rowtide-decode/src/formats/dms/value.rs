//! Values: copied with every digit, made into what the column's type says, or into the part of a key.

use crate::decimal;
use crate::error::{Code, Error, Result};
use crate::event::bytes_of_hex;
use crate::json::Scanner;
use crate::values::copy;

/// Digits from which on DMS may round an integer, when it is not told to write large ones out.
const ROUNDED_DIGITS: usize = 16;

/// Types whose values do not always arrive as what they are.
///
/// # Source
/// AWS Database Migration Service User Guide, "Data types for AWS Database Migration Service".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnType {
    /// BYTES, BLOB: hexadecimal text.
    Binary,
    /// BOOL: text or a digit with some sources.
    Boolean,
    /// FLOAT, DOUBLE, REAL4, REAL8: an exponent is no sign of rounding.
    Float,
}

impl ColumnType {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "BYTES" | "BLOB" => Self::Binary,
            "BOOL" | "BOOLEAN" => Self::Boolean,
            "FLOAT" | "DOUBLE" | "REAL4" | "REAL8" => Self::Float,
            _ => return None,
        })
    }
}

/// Appends a value of the source, given as JSON text. What does not fit its type stays what it is.
pub(super) fn copy(value: &str, column_type: Option<ColumnType>, out: &mut String) -> Result<()> {
    match (column_type, value) {
        (Some(ColumnType::Boolean), r#""t""# | r#""true""# | r#""1""# | "1") => out.push_str("true"),
        (Some(ColumnType::Boolean), r#""f""# | r#""false""# | r#""0""# | "0") => out.push_str("false"),
        (Some(ColumnType::Binary), _) => match bytes(value) {
            Some(bytes) => copy::bytes(&bytes, out),
            None => plain(value, out)?,
        },
        (Some(ColumnType::Boolean | ColumnType::Float) | None, _) => plain(value, out)?,
    }
    Ok(())
}

fn plain(value: &str, out: &mut String) -> Result<()> {
    match value.as_bytes().first() {
        Some(b'"') if memchr::memchr(b'\\', value.as_bytes()).is_some() => {
            Scanner::new(value).copy_string(out)?;
        }
        Some(b'{' | b'[') => copy::copy(&mut Scanner::new(value), out)?,
        _ => out.push_str(value),
    }
    Ok(())
}

/// The bytes of a string of hexadecimal digits, with or without `0x` in front.
fn bytes(value: &str) -> Option<Vec<u8>> {
    let text = value.strip_prefix('"')?.strip_suffix('"')?;
    bytes_of_hex(text.strip_prefix("0x").unwrap_or(text))
}

/// Refuses a number of the key that DMS may have rounded.
pub(super) fn refuse_rounded(column: &str, value: &str, column_type: Option<ColumnType>) -> Result<()> {
    let is_scientific = !value.starts_with('"') && value.contains(['e', 'E']);
    if !is_scientific || column_type == Some(ColumnType::Float) {
        return Ok(());
    }
    // what is no number has no digits, and what is too large for a key is refused as that
    let digits = decimal::canonical(value).unwrap_or_default();
    if digits.len() < ROUNDED_DIGITS || digits.contains('.') {
        return Ok(());
    }
    Err(Error::poison(
        Code::RoundedKey,
        format!(
            "The key column {column} is a large number in scientific notation: DMS has rounded it, and rows would be \
             taken for each other. Set UseLargeIntegerValue of the target endpoint."
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::{ColumnType, copy, refuse_rounded};

    fn copied(value: &str, column_type: &str) -> String {
        let mut out = String::new();
        copy(value, ColumnType::of(column_type), &mut out).unwrap();
        out
    }

    #[test]
    fn a_value_becomes_what_its_type_says_and_else_stays() {
        for (value, column_type, expected) in [
            (r#""0x00ff10""#, "BYTES", r#""AP8Q""#),
            (r#""00FF10""#, "BLOB", r#""AP8Q""#),
            (r#""0x""#, "BYTES", r#""""#),
            (r#""0x00ff1""#, "BYTES", r#""0x00ff1""#),
            (r#""0xzz""#, "BYTES", r#""0xzz""#),
            (r#""é""#, "BYTES", r#""é""#),
            ("null", "BYTES", "null"),
            (r#""0x00ff10""#, "STRING", r#""0x00ff10""#),
            (r#""0x00ff10""#, "", r#""0x00ff10""#),
            (r#""t""#, "BOOL", "true"),
            (r#""0""#, "BOOL", "false"),
            ("1", "BOOLEAN", "true"),
            ("true", "BOOL", "true"),
            (r#""maybe""#, "BOOL", r#""maybe""#),
            (r#""t""#, "STRING", r#""t""#),
            ("1.2345678901234567890123456789", "NUMERIC", "1.2345678901234567890123456789"),
            ("1E+400", "", "1E+400"),
            (r#""\u00e9\/\n""#, "STRING", "\"é/\\n\""),
            (r#"{ "a" : [ 1, 2.50 ] }"#, "", r#"{"a":[1,2.50]}"#),
        ] {
            assert_eq!(copied(value, column_type), expected, "{value} {column_type}");
        }
    }

    #[test]
    fn a_number_of_the_key_is_never_rounded() {
        let of = |value: &str, of| refuse_rounded("id", value, of).map_err(|error| error.code().as_str());
        for value in
            ["1.0", "-0", "9007199254740993", "1E2", "true", "null", "1E126", r#""9.1e+18""#, "[9e+18]"]
        {
            assert_eq!(of(value, None), Ok(()), "{value}");
        }
        assert_eq!(of("9.007199254740993e+18", None), Err("rounded_key"));
        assert_eq!(of("1.5e+18", Some(ColumnType::Float)), Ok(()));
    }
}
