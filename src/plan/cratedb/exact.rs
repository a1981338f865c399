//! Which values a column of CrateDB gives back exactly.

use super::column::Column;
use crate::json::{Fault, Kind, Scanner, Value};
use std::fmt::{self, Write};

/// CrateDB indexes a text as one term of at most so many bytes: Lucene's `MAX_TERM_LENGTH`.
const TEXT_BYTES_MAX: usize = 32_766;

/// Why a text is not held as it is: it is broken, or a part of it does not fit.
struct NotHeld;

impl From<Fault> for NotHeld {
    fn from(_: Fault) -> Self {
        Self
    }
}

impl Column {
    /// Whether the column gives back exactly this value, which is no object and no array.
    pub(super) fn holds(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.holds_string(text),
            Value::Number(text) => self.holds_number(text),
            Value::Bool(_) => matches!(self, Self::Boolean),
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        }
    }

    /// Whether the column gives back exactly the value that this JSON text is, with all that is in it, and keeps
    /// nothing beside it.
    pub(super) fn holds_text(&self, text: &str) -> bool {
        let mut scanner = Scanner::new(text);
        self.holds_next(&mut scanner).is_ok() && scanner.end().is_ok()
    }

    fn holds_next(&self, scanner: &mut Scanner<'_>) -> Result<(), NotHeld> {
        let is_held = match (self, scanner.peek()?) {
            (Self::Foreign, _) => false,
            (_, Kind::Null) => scanner.null().is_ok(),
            (Self::Object(members), Kind::Object) => {
                return scanner
                    .object(|scanner, name| members.get(name.as_ref()).ok_or(NotHeld)?.holds_next(scanner));
            }
            (Self::Array(element), Kind::Array) => {
                return scanner.array(|scanner| element.holds_next(scanner));
            }
            (_, Kind::String) => self.holds_string(&scanner.string()?),
            (_, Kind::Number) => self.holds_number(scanner.number()?),
            (Self::Boolean, Kind::Bool) => scanner.boolean().is_ok(),
            (_, Kind::Object | Kind::Array | Kind::Bool) => false,
        };
        if is_held { Ok(()) } else { Err(NotHeld) }
    }

    fn holds_string(&self, text: &str) -> bool {
        let Self::Text(max) = self else { return false };
        text.len() <= TEXT_BYTES_MAX
            && max.is_none_or(|max| text.encode_utf16().count() <= usize::try_from(max).unwrap_or(usize::MAX))
    }

    fn holds_number(&self, text: &str) -> bool {
        match self {
            Self::Double => is_shortest::<f64>(text),
            Self::Real => is_shortest::<f32>(text),
            Self::Whole(bits) => {
                // the ends themselves are refused by the server
                let end = (i128::from(u64::MAX) >> (64 - bits.min(&64))) >> 1;
                text.parse::<i128>().is_ok_and(|n| is_written(n, text) && n < end && n > -end)
            }
            Self::Text(_)
            | Self::Boolean
            | Self::Moment
            | Self::Decimal(_)
            | Self::Object(_)
            | Self::Loose
            | Self::Array(_)
            | Self::Foreign => false,
        }
    }
}

/// Whether the number's text is the shortest one of the float that it stands for.
fn is_shortest<F: std::str::FromStr + fmt::Display>(text: &str) -> bool {
    // the server makes 0 of -0
    text != "-0" && text.parse::<F>().is_ok_and(|float| is_written(float, text))
}

/// Whether something is written just so.
fn is_written(it: impl fmt::Display, text: &str) -> bool {
    struct Left<'t>(&'t str);
    impl Write for Left<'_> {
        fn write_str(&mut self, written: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(written).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let mut left = Left(text);
    write!(left, "{it}").is_ok() && left.0.is_empty()
}

/// Whole numbers of 64 bits stay whole without a column; everything else becomes a float.
pub(super) fn is_loose_number(text: &str) -> bool {
    match text.contains('.') {
        true => is_shortest::<f64>(text),
        false => text.parse::<i64>().is_ok_and(|number| is_written(number, text)),
    }
}

/// The moment in UTC; without an offset a text means another one in every session.
pub(super) fn moment(text: &str) -> Option<String> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    let text = moment.to_string();
    text.starts_with(|c: char| c.is_ascii_digit()).then_some(text)
}

/// Whether a decimal of these bounds holds the number without rounding. Without bounds nobody knows.
pub(super) fn is_decimal(text: &str, bounds: Option<(u32, u32)>) -> bool {
    let Some((precision, scale)) = bounds else { return false };
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let at_most = |digits: &str, max: u32| {
        digits.bytes().all(|byte| byte.is_ascii_digit())
            && u32::try_from(digits.len()).is_ok_and(|n| n <= max)
    };
    at_most(whole, precision - scale) && at_most(fraction, scale)
}
