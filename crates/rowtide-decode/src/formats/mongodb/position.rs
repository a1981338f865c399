//! Where an event stands in its cluster: the time, and the resume token.

use super::errors::missing_version;
use crate::error::{Error, Result};
use crate::json::{Kind, Scanner};
use crate::version::{Rank, Version};
use std::borrow::Cow;

/// A place among the changes of a cluster.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Position<'a> {
    pub(super) token: Option<Cow<'a, str>>,
    /// Seconds in the upper half, the ordinal within the second in the lower.
    pub(super) cluster_time: Option<u64>,
}

impl Position<'_> {
    /// The version of the change.
    ///
    /// # Errors
    /// When the event lacks what orders it.
    pub(super) fn version(&self, epoch: u16) -> Result<Version> {
        let token = self.token.as_deref().unwrap_or_default();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(missing_version("resume token (_id._data) of hexadecimal digits"));
        }
        let token = if token.bytes().any(|byte| byte.is_ascii_lowercase()) {
            &token.to_ascii_uppercase()
        } else {
            token
        };
        let time = self.cluster_time.or_else(|| token_time(token));
        let time = time.ok_or_else(|| missing_version("clusterTime"))?;
        // as the last component it needs no length, and its bytes are compared as they are
        let version = Version::new('n', epoch, Rank::Positioned).number(time);
        Ok(Version::from(format!("{version}.{token}")))
    }
}

/// A BSON timestamp as one number: `{"$timestamp":{"t":1,"i":2}}`, the `{"T":1,"I":2}` of Atlas Triggers, and the
/// `{"$timestamp":"4294967298"}` of old drivers.
pub(super) fn cluster_time(text: &str) -> Option<u64> {
    let mut scanner = Scanner::new(text);
    if scanner.peek().ok()? != Kind::Object {
        return None;
    }
    let mut wrapped = None;
    let read = scanner.object(|scanner, name| {
        let value = scanner.skip()?;
        wrapped = (name == "$timestamp").then_some(value).or(wrapped);
        Ok::<_, Error>(())
    });
    read.ok()?;
    match wrapped {
        Some(value) if value.starts_with('{') => two_halves(value),
        Some(value) => Scanner::new(value).text().ok()??.parse().ok(),
        None => two_halves(text),
    }
}

fn two_halves(text: &str) -> Option<u64> {
    let (mut seconds, mut ordinal) = (None::<u32>, None::<u32>);
    let read = Scanner::new(text).object(|scanner, name| {
        let number = scanner.text()?.and_then(|text| text.parse().ok());
        match name.as_ref() {
            "t" | "T" => seconds = number,
            "i" | "I" => ordinal = number,
            _ => {}
        }
        Ok::<_, Error>(())
    });
    read.ok()?;
    Some(u64::from(seconds?) << 32 | u64::from(ordinal?))
}

/// The cluster time at the start of a resume token: the type of the first component, then its eight bytes.
fn token_time(token: &str) -> Option<u64> {
    u64::from_str_radix(token.strip_prefix("82")?.get(..16)?, 16).ok()
}
