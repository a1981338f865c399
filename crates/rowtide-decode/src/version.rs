//! Versions: texts whose byte order is the source's order of the changes of one key.
//!
//! A version is its components joined by dots. The first is the scheme's letter, so that versions of two schemes are
//! never compared unnoticed; then the epoch and the rank; then what the source counts with, each component of fixed
//! width or with its length in front.

use crate::error::{Code, Error, Result};
use std::fmt;

/// Room for the longest usual version, that of a Kinesis record.
const LENGTH: usize = 88;

/// A version; compares as its text does, byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(String);

/// Whether a row came without a position of its source (an export, a snapshot) or with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// Loaded without a source position: every positioned change of the epoch is newer.
    Loaded,
    /// At a position of the source.
    Positioned,
}

/// Appends the last `N` hexadecimal digits of a number.
fn push_hex<const N: usize>(text: &mut String, number: u64) {
    let mut digits = [b'0'; N];
    for (digit, shift) in digits.iter_mut().rev().zip((0..u64::BITS).step_by(4)) {
        let value = u8::try_from(number >> shift & 0xf).unwrap_or_default();
        *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
    }
    text.push_str(std::str::from_utf8(&digits).unwrap_or_default());
}

impl Version {
    /// Starts a version of the scheme named by `letter`.
    ///
    /// `epoch` is `source.epoch`: raised by a person after a failover or a rebuild of the source.
    #[must_use]
    pub fn new(letter: char, epoch: u16, rank: Rank) -> Self {
        let mut text = String::with_capacity(LENGTH);
        text.push(letter);
        text.push('.');
        push_hex::<4>(&mut text, epoch.into());
        text.push_str(match rank {
            Rank::Loaded => ".0",
            Rank::Positioned => ".1",
        });
        Self(text)
    }

    /// Appends a letter: which kind of component follows.
    #[must_use]
    pub fn letter(mut self, letter: char) -> Self {
        self.0.extend(['.', letter]);
        self
    }

    /// Appends a number as 16 hexadecimal digits.
    #[must_use]
    pub fn number(mut self, number: u64) -> Self {
        self.0.push('.');
        push_hex::<16>(&mut self.0, number);
        self
    }

    /// Appends a number as 8 hexadecimal digits: a place among few.
    #[must_use]
    pub fn index(mut self, index: u32) -> Self {
        self.0.push('.');
        push_hex::<8>(&mut self.0, index.into());
        self
    }

    /// Appends a decimal number of up to 999 digits, leading zeros stripped, its length in three digits in front.
    ///
    /// # Errors
    /// When `digits` is not a decimal number of at most 999 digits.
    pub fn digits(self, digits: &str) -> Result<Self> {
        let stripped = digits.trim_start_matches('0');
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) || stripped.len() > 999 {
            let message = "The sequence number is not a decimal number of at most 999 digits.";
            return Err(Error::poison(Code::BadSequenceNumber, message));
        }
        Ok(self.sized(stripped.len(), stripped))
    }

    /// Appends a text with a size of at most 999 in front, in three digits: the text of a greater size is greater.
    #[must_use]
    pub(crate) fn sized(mut self, size: usize, text: &str) -> Self {
        let digit = |unit| u8::try_from(size / unit % 10).unwrap_or_default();
        self.0.push('.');
        self.0.extend([100, 10, 1].map(|unit| char::from(b'0' + digit(unit))));
        self.0.push_str(text);
        self
    }

    /// Appends a text of up to 255 bytes, its length in two hexadecimal digits in front.
    ///
    /// # Errors
    /// When `label` is longer.
    pub fn label(mut self, label: &str) -> Result<Self> {
        let Ok(length) = u8::try_from(label.len()) else {
            return Err(Error::poison(Code::BadLabel, "The stream label is longer than 255 bytes."));
        };
        self.0.push('.');
        push_hex::<2>(&mut self.0, length.into());
        self.0.push_str(label);
        Ok(self)
    }

    /// The text that is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the row came without a position of its source: [`Rank::Loaded`].
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.0.split('.').nth(2) == Some("0")
    }

    /// When a row was read that came without a position, in microseconds since 1970: its version begins with that, in
    /// seconds with Maxwell. `None` of any other version.
    #[must_use]
    pub fn loaded_at(&self) -> Option<i64> {
        let count = self.0.split('.').nth(3).filter(|_| self.is_loaded())?;
        let count = i64::from_str_radix(count, 16).ok().filter(|_| count.len() == 16)?;
        count.checked_mul(if self.scheme() == 'x' { 1_000_000 } else { 1 })
    }

    /// The epoch that it was made in.
    #[must_use]
    pub fn epoch(&self) -> Option<u16> {
        u16::from_str_radix(self.0.split('.').nth(1)?, 16).ok()
    }

    /// Whether the text is one that a version begins with: letter, epoch and rank, and something behind them.
    #[must_use]
    pub(crate) fn is_whole(&self) -> bool {
        let parts: Vec<&str> = self.0.splitn(4, '.').collect();
        let [letter, epoch, rank, rest] = parts[..] else { return false };
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        letter.len() == 1
            && epoch.len() == 4
            && epoch.bytes().all(is_digit)
            && ["0", "1"].contains(&rank)
            && !rest.is_empty()
            && !rest.contains('\0')
    }

    /// The scheme's letter.
    #[must_use]
    pub fn scheme(&self) -> char {
        self.0.chars().next().unwrap_or('?')
    }
}

impl From<String> for Version {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The scheme of the opt-out `version = "arrival"`.
pub const ARRIVAL: char = 'a';

/// The scheme of `version = "once"`.
pub const ONCE: char = 'f';

/// What a scheme's letter stands for, in the words of `source.decoder` and `source.version`.
#[must_use]
pub fn scheme_name(letter: char) -> &'static str {
    match letter {
        ARRIVAL => "arrival",
        'b' => "debezium for Db2",
        'c' => "canal",
        'd' => "dynamodb",
        ONCE => "once",
        'g' => "debezium for MongoDB",
        'j' => "json",
        'k' => "dynamodb-kinesis",
        'l' => "snapshot",
        'm' => "dms",
        'n' => "mongodb",
        'o' => "debezium for Oracle",
        'p' => "debezium for PostgreSQL",
        'q' => "dsql",
        's' => "debezium for SQL Server",
        't' => "TiCDC in the form of debezium",
        'w' => "wal2json",
        'x' => "maxwell",
        'y' => "debezium for MySQL",
        _ => "a decoder that this version of rowtide does not have",
    }
}

/// A version of the opt-out `version = "arrival"`: the transport's sequence number, then the place among all events
/// of that number in the batch.
///
/// # Errors
/// When `position` is no decimal number.
pub fn arrival(epoch: u16, position: &str, place: u32) -> Result<Version> {
    Ok(Version::new(ARRIVAL, epoch, Rank::Positioned).digits(position)?.index(place))
}

/// The version of `version = "once"`, the same for every change: the first write of a key is not replaced within its
/// epoch, and what comes later is stale.
#[must_use]
pub fn once(epoch: u16) -> Version {
    Version::new(ONCE, epoch, Rank::Positioned)
}

#[cfg(test)]
mod tests {
    use super::{Rank, Version, arrival, once};
    use proptest::prelude::*;

    #[test]
    fn texts_are_as_documented() {
        let label = "2015-05-11T21:21:33.291";
        let stream = Version::new('d', 0, Rank::Positioned).label(label).unwrap().digits("00111").unwrap();
        assert_eq!(stream.as_str(), "d.0000.1.172015-05-11T21:21:33.291.003111");
        let sequence = "49664459213214506049272029928136046394554240732946759682";
        let kinesis = Version::new('k', 0, Rank::Positioned).number(1_720_740_233_012_995);
        let text = "k.0000.1.00061d010e56e703.05649664459213214506049272029928136046394554240732946759682";
        assert_eq!(kinesis.digits(sequence).unwrap().as_str(), text);
        assert_eq!(arrival(10, "7", 3).unwrap().as_str(), "a.000a.1.0017.00000003");
        assert_eq!(once(10).as_str(), "f.000a.1");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "12a", "-1", "1.5", &"9".repeat(1000)] {
            assert!(arrival(0, text, 0).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn byte_order_is_numeric_order(a in any::<u128>(), b in any::<u128>(), p in any::<u32>(), q in any::<u32>()) {
            let ours = arrival(0, &a.to_string(), p).unwrap().cmp(&arrival(0, &b.to_string(), q).unwrap());
            prop_assert_eq!(ours, (a, p).cmp(&(b, q)));
        }
    }
}
