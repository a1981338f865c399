//! What a document is known by, so that a repetition changes nothing.

use super::answer::Refusal;
use super::body::Item;
use crate::config::CollectId;
use crate::event::tokens;
use crate::json::{Fault, Scanner, quoted};
use axum::http::HeaderMap;
use sha2::{Digest as _, Sha256};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// Headers that name a delivery, the first one counts.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";
pub(super) const WEBHOOK_ID: &str = "webhook-id";
pub(super) const GITHUB_DELIVERY: &str = "x-github-delivery";

/// The longest name of a delivery: those of all senders known are far shorter.
const NAME_MAX: usize = 255;

/// How the documents of all requests are named.
#[derive(Debug)]
pub(super) enum Ids {
    Delivery,
    Pointer(Vec<String>),
    None { process: RandomState, requests: AtomicU64 },
}

/// How the documents of one request are named that have no id of their own.
pub(super) struct RequestId {
    text: String,
}

impl Ids {
    pub(super) fn new(id: &CollectId) -> Self {
        match id {
            CollectId::Delivery => Self::Delivery,
            CollectId::Pointer(pointer) => Self::Pointer(tokens(pointer)),
            CollectId::None => Self::None { process: RandomState::new(), requests: AtomicU64::new(0) },
        }
    }

    /// The name of a request: of the `headers` that may tell it, else of what was sent.
    ///
    /// # Errors
    /// When the header's name is none.
    pub(super) fn of_request<'i>(
        &self,
        headers: &HeaderMap,
        telling: &[&str],
        items: impl Iterator<Item = &'i Item>,
    ) -> Result<RequestId, Refusal> {
        if let Self::None { process, requests } = self {
            let number = requests.fetch_add(1, Ordering::Relaxed);
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            let (micros, random) = (now.as_micros(), process.hash_one(number));
            return Ok(RequestId { text: format!("{micros:016x}{random:016x}{number:08x}") });
        }
        if let Some((name, value)) = telling.iter().find_map(|name| Some((name, headers.get(*name)?))) {
            let text = value.to_str().ok().filter(|text| (1..=NAME_MAX).contains(&text.len()));
            let text = text.ok_or_else(|| {
                Refusal::bad(
                    "bad_id",
                    format!("The header {name} must have 1 to {NAME_MAX} visible characters."),
                )
            })?;
            return Ok(RequestId { text: text.to_owned() });
        }
        let mut digest = Sha256::new();
        for item in items {
            let text = item.text.trim_ascii();
            // where one ends and the next begins is part of it
            digest.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(text);
        }
        Ok(RequestId { text: digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect() })
    }

    /// The id of a document, as JSON: its own, else that of its request with its place there.
    pub(super) fn of_document(&self, item: &Item, request: &RequestId, place: Option<usize>) -> String {
        if let Self::Pointer(path) = self
            && let Some(own) = std::str::from_utf8(&item.text).ok().and_then(|text| at(text, path))
        {
            return own.to_owned();
        }
        match place {
            Some(place) => quoted(&format!("{}.{place}", request.text)),
            None => quoted(&request.text),
        }
    }
}

/// The value that a path leads to, through objects, if it is there and not null; of several, the last.
fn at<'t>(text: &'t str, path: &[String]) -> Option<&'t str> {
    let mut text = text;
    for token in path {
        let mut found = None;
        Scanner::new(text)
            .object(|scanner, name| {
                let value = scanner.skip()?;
                if name.as_ref() == token {
                    found = Some(value);
                }
                Ok::<_, Fault>(())
            })
            .ok()?;
        text = found?;
    }
    Some(text).filter(|text| *text != "null")
}
