//! Decimal numbers as text: normalised, compared and written out without ever becoming a float.

use crate::json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

/// Largest and smallest decimal exponent of a DynamoDB number in scientific notation.
/// Source: Amazon DynamoDB Developer Guide, "Data types: Number" (1E-130 to 9.99…E+125).
const EXPONENT_MAX: i64 = 125;
const EXPONENT_MIN: i64 = -130;

/// Longest text without an exponent that is certainly inside DynamoDB's range.
const SHORT: usize = 120;

/// A decimal taken apart: `±0.DIGITS × 10^point`, digits without zeros at either end; zero has no digits.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    point: i64,
}

/// Why a text is not a number that can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberFault {
    /// Not a decimal number at all (`NaN` and `Infinity` included).
    NotANumber,
    /// Outside DynamoDB's range, 1E-130 to 9.99…E+125.
    OutOfRange,
}

impl Decimal {
    fn parse(text: &str) -> Result<Self, NumberFault> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, text.get(1..).unwrap_or_default()),
            Some(b'+') => (false, text.get(1..).unwrap_or_default()),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
            return Err(NumberFault::NotANumber);
        }
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        let leading = i64::try_from(digits.len() - significant.len()).unwrap_or(i64::MAX);
        let whole_length = i64::try_from(whole.len()).unwrap_or(i64::MAX);
        let significant = significant.trim_end_matches('0');
        if significant.is_empty() {
            return Ok(Self { negative: false, digits: String::new(), point: 0 });
        }
        let point = whole_length - leading + exponent;
        Ok(Self { negative, digits: significant.to_owned(), point })
    }

    fn in_range(self) -> Result<Self, NumberFault> {
        let exponent = self.point - 1;
        if self.digits.is_empty() || (EXPONENT_MIN..=EXPONENT_MAX).contains(&exponent) {
            Ok(self)
        } else {
            Err(NumberFault::OutOfRange)
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let sign = |decimal: &Self| match (decimal.digits.is_empty(), decimal.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let magnitude =
            || self.point.cmp(&other.point).then_with(|| self.digits.as_str().cmp(other.digits.as_str()));
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => magnitude(),
            _ => magnitude().reverse(),
        })
    }
}

/// An exponent too long for an `i64` is as far out of range as one of a billion.
fn parse_exponent(text: &str) -> Result<i64, NumberFault> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberFault::NotANumber);
    }
    let magnitude = digits.parse::<i64>().unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
    Ok(if text.starts_with('-') { -magnitude } else { magnitude })
}

/// The number as JSON text with every digit of `text`: only a plus sign, superfluous leading zeros and a bare point,
/// which JSON does not allow, are mended.
///
/// # Errors
/// When it is no number, or outside DynamoDB's range.
pub fn to_json(text: &str) -> Result<Cow<'_, str>, NumberFault> {
    if crate::json::is_number(text) {
        let has_exponent = text.len() > SHORT || text.bytes().any(|byte| matches!(byte, b'e' | b'E'));
        if !has_exponent {
            return Ok(Cow::Borrowed(text));
        }
        let decimal = Decimal::parse(text)?.in_range()?;
        return Ok(if decimal.digits.is_empty() { Cow::Borrowed("0") } else { Cow::Borrowed(text) });
    }
    let decimal = Decimal::parse(text)?.in_range()?;
    if decimal.digits.is_empty() {
        return Ok(Cow::Borrowed("0"));
    }
    let unsigned = text.trim_start_matches(['+', '-']);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => unsigned.split_at(at),
        None => (unsigned, ""),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let sign = if decimal.negative { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    Ok(Cow::Owned(format!("{sign}{whole}{point}{fraction}{exponent}")))
}

/// The one text of a number as a key: a plain decimal without exponent or superfluous zeros, so that `1`, `1.0` and
/// `1E0` are the same key.
///
/// # Errors
/// When it is no number, or outside DynamoDB's range.
pub fn canonical(text: &str) -> Result<String, NumberFault> {
    let Decimal { negative, digits, point } = Decimal::parse(text)?.in_range()?;
    if digits.is_empty() {
        return Ok("0".to_owned());
    }
    let sign = if negative { "-" } else { "" };
    let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
    Ok(if point <= 0 {
        format!("{sign}0.{}{digits}", zeros(-point))
    } else if point >= length {
        format!("{sign}{digits}{}", zeros(point - length))
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{sign}{whole}.{fraction}")
    })
}

/// Whether two values are equal: members in any order, numbers by their value. Of two that are of different kinds
/// `unlike` says whether they stand for the same.
///
/// ```
/// use rowtide_decode::decimal::is_same_value;
/// use rowtide_decode::json::Value;
///
/// let value = |text: &str| Value::parse(text).expect("JSON");
/// assert!(is_same_value(&value(r#"{"a":1.10,"b":[1]}"#), &value(r#"{"b":[1E0],"a":1.1}"#), |_, _| false));
/// assert!(!is_same_value(&value("9007199254740993"), &value("9007199254740992"), |_, _| false));
/// ```
#[must_use]
pub fn is_same_value(one: &Value, other: &Value, unlike: fn(&Value, &Value) -> bool) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || compare(one, other).is_eq(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| is_same_value(one, other, unlike))
        }
        (Value::Object(members), Value::Object(others)) => {
            let others: HashMap<&str, &Value> =
                others.iter().map(|(name, value)| (name.as_str(), value)).collect();
            let is_there = |(name, value): &(String, Value)| {
                others.get(name.as_str()).is_some_and(|other| is_same_value(value, other, unlike))
            };
            members.len() == others.len() && members.iter().all(is_there)
        }
        _ => one == other || unlike(one, other),
    }
}

/// Compares two numbers by value; a text that is no number sorts first.
#[must_use]
pub fn compare(a: &str, b: &str) -> Ordering {
    match (Decimal::parse(a), Decimal::parse(b)) {
        (Ok(a), Ok(b)) => a.compare(&b),
        (a, b) => a.is_ok().cmp(&b.is_ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::{NumberFault, canonical, compare, to_json};
    use proptest::prelude::*;
    use std::cmp::Ordering;

    #[test]
    fn json_text_keeps_every_digit() {
        let table = [
            ("1", "1"),
            ("1.0", "1.0"),
            ("1.10", "1.10"),
            ("-0.5", "-0.5"),
            ("+7", "7"),
            ("007", "7"),
            (".5", "0.5"),
            ("-.50", "-0.50"),
            ("5.", "5"),
            ("1E+125", "1E+125"),
            ("1E-130", "1E-130"),
            ("+1e5", "1e5"),
            ("0E999999999", "0"),
            ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
        ];
        for (text, json) in table {
            assert_eq!(to_json(text).unwrap(), json, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_or_out_of_range_is_refused() {
        for text in ["", "-", ".", "e5", "1e", "NaN", "Infinity", "-Infinity", "1 ", "0x10", "1,5", "１"] {
            assert_eq!(to_json(text), Err(NumberFault::NotANumber), "{text}");
        }
        let far =
            ["1E126", "1E1000000000", "1E-131", "1E-1000000000", "1E99999999999999999999999", "-1E+126"];
        for text in far {
            assert_eq!(to_json(text), Err(NumberFault::OutOfRange), "{text}");
            assert_eq!(canonical(text), Err(NumberFault::OutOfRange), "{text}");
        }
    }

    #[test]
    fn equal_keys_have_one_text() {
        let table = [
            ("1", "1"),
            ("1.0", "1"),
            ("1E0", "1"),
            ("100", "100"),
            ("1E2", "100"),
            ("0.10", "0.1"),
            ("-0", "0"),
            ("0.000", "0"),
            ("-12.50", "-12.5"),
            ("123E-2", "1.23"),
            ("0.0012", "0.0012"),
        ];
        for (text, key) in table {
            assert_eq!(canonical(text).unwrap(), key, "{text}");
        }
        assert_eq!(canonical("1E125").unwrap().len(), 126);
        assert_eq!(canonical("1E-130").unwrap(), format!("0.{}1", "0".repeat(129)));
    }

    proptest! {
        #[test]
        fn order_is_the_order_of_values(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000, s in 0_u32..6) {
            let write = |n: i64| format!("{n}E-{s}");
            prop_assert_eq!(compare(&write(a), &write(b)), a.cmp(&b));
            prop_assert_eq!(compare(&canonical(&write(a)).unwrap(), &write(a)), Ordering::Equal);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "[-+0-9.eE]{0,40}") {
            if let Ok(json) = to_json(&text) {
                prop_assert!(crate::json::is_number(&json), "{}", json);
                prop_assert_eq!(canonical(&text).unwrap(), canonical(&json).unwrap());
            }
        }
    }
}
