//! Who is let in: whoever shows a token, or signs the request.

use super::answer::Refusal;
use super::id::{GITHUB_DELIVERY, IDEMPOTENCY_KEY, WEBHOOK_ID};
use super::signature::{Signed, Signer};
use crate::config::CollectSettings;
use crate::error::Result;
use axum::http::{HeaderMap, StatusCode, header};
use sha2::{Digest as _, Sha256};
use std::time::SystemTime;

/// Who is let in.
pub(super) struct Trust {
    /// The digests of the tokens: they all have one length, and tell nothing.
    tokens: Vec<[u8; 32]>,
    signer: Option<Signer>,
}

/// The headers that may name the delivery of a request that is let in.
const OF_ANYBODY: &[&str] = &[IDEMPOTENCY_KEY, WEBHOOK_ID, GITHUB_DELIVERY];
const OF_STANDARD_WEBHOOKS: &[&str] = &[WEBHOOK_ID];

impl Trust {
    /// # Errors
    /// When the settings of the signature do not fit together.
    pub(super) fn new(settings: &CollectSettings) -> Result<Self> {
        let tokens = settings.tokens.iter().map(|token| digest(token.expose().as_bytes())).collect();
        Ok(Self { tokens, signer: Signer::new(settings)? })
    }

    /// What can be said before the body is there: then none is read of somebody who shows nothing.
    pub(super) fn admits(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if self.tokens.is_empty() && self.signer.is_none() {
            return Ok(());
        }
        if self.signer.as_ref().is_some_and(|signer| signer.is_signed(headers)) {
            return Ok(());
        }
        match token(headers) {
            _ if self.tokens.is_empty() => Err(nothing("The request is not signed.")),
            None => Err(nothing("The request has no header `Authorization: Bearer TOKEN`.")),
            Some(token) if self.knows(token) => Ok(()),
            Some(_) => Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "forbidden",
                "The token is none of those that are known.",
            )),
        }
    }

    /// Which headers may tell the id of a request with this body: of a signed one, those that the signature covers.
    pub(super) fn telling(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<&'static [&'static str], Refusal> {
        let Some(signer) = self.signer.as_ref().filter(|signer| signer.is_signed(headers)) else {
            return Ok(OF_ANYBODY);
        };
        match signer.verify(headers, body, SystemTime::now())? {
            Signed::IdToo => Ok(OF_STANDARD_WEBHOOKS),
            Signed::BodyAlone => Ok(&[]),
        }
    }

    /// Takes as long whether one of the tokens fits, and whichever does.
    fn knows(&self, token: &[u8]) -> bool {
        let shown = digest(token);
        self.tokens.iter().fold(false, |known, token| known | is_same(token, &shown))
    }
}

fn nothing(message: &'static str) -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
}

fn token(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

fn digest(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// Whether two digests are the same, in a time that does not depend on where they differ.
fn is_same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.iter().zip(other).fold(0, |different, (one, other)| different | (one ^ other)) == 0
}
