//! Signatures of requests, over the bytes as they were sent.
//!
//! # Source
//! GitHub documentation, "Validating webhook deliveries"; Standard Webhooks specification 1.0.0, "Verifying webhook
//! authenticity"; Stripe documentation, "Verify webhook signatures manually".

use super::answer::Refusal;
use super::id::WEBHOOK_ID;
use crate::config::{CollectSettings, SignatureScheme};
use crate::error::{Error, Result};
use crate::event::bytes_of_hex;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::time::{Duration, SystemTime};

/// How far the time of a signature may be from ours, as all three senders say.
const WINDOW: Duration = Duration::from_secs(5 * 60);
/// More signatures than a sender has secrets while it changes them.
const SIGNATURES_MAX: usize = 16;

const WEBHOOK_TIMESTAMP: &str = "webhook-timestamp";

/// What a signature covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signed {
    BodyAlone,
    /// The header that names the delivery, too.
    IdToo,
}

/// Whoever may sign.
pub(super) struct Signer {
    scheme: SignatureScheme,
    header: HeaderName,
    secret: Vec<u8>,
}

impl Signer {
    /// # Errors
    /// When a setting lacks another.
    pub(super) fn new(settings: &CollectSettings) -> Result<Option<Self>> {
        let Some(scheme) = settings.signature else {
            return match settings.signature_secret {
                Some(_) => Err(Error::config(
                    "`collect.signature_secret` is set and `collect.signature` is not, so that anybody would be let in: set \
                     it to github, standard-webhooks or stripe.",
                )),
                None => Ok(None),
            };
        };
        let secret = settings.signature_secret.as_ref().ok_or_else(|| {
            Error::config(
                "`collect.signature` is set, and what is signed with is not: set `collect.signature_secret`.",
            )
        })?;
        let secret = match scheme {
            SignatureScheme::Github | SignatureScheme::Stripe => secret.expose().as_bytes().to_vec(),
            SignatureScheme::StandardWebhooks => {
                let text = secret.expose().strip_prefix("whsec_").unwrap_or(secret.expose());
                STANDARD.decode(text).map_err(|_| {
                    Error::config("`collect.signature_secret` must be `whsec_` and base64, as Standard Webhooks has it.")
                })?
            }
        };
        let own = match scheme {
            SignatureScheme::Github => "x-hub-signature-256",
            SignatureScheme::StandardWebhooks => "webhook-signature",
            SignatureScheme::Stripe => "stripe-signature",
        };
        let name = settings.signature_header.as_deref().unwrap_or(own);
        let header =
            name.parse().map_err(|_| Error::config("`collect.signature_header` is no name of a header."))?;
        Ok(Some(Self { scheme, header, secret }))
    }

    /// Whether a request has a signature, good or bad.
    pub(super) fn is_signed(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(&self.header)
    }

    /// What the signature covers.
    ///
    /// # Errors
    /// When it is none of this body, or of another time.
    pub(super) fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Signed, Refusal> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let signature = text(self.header.as_str()).ok_or_else(wrong)?;
        match self.scheme {
            SignatureScheme::Github => {
                let digits = signature.strip_prefix("sha256=").ok_or_else(wrong)?;
                self.check(&[body], [digits].into_iter().map(bytes_of_hex))?;
                Ok(Signed::BodyAlone)
            }
            SignatureScheme::StandardWebhooks => {
                let (id, time) = (text(WEBHOOK_ID), text(WEBHOOK_TIMESTAMP));
                let (id, time) = id.zip(time).ok_or_else(wrong)?;
                let signatures = signature.split(' ').filter_map(|one| one.strip_prefix("v1,"));
                let signed: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", body];
                self.check(&signed, signatures.map(|one| STANDARD.decode(one).ok()))?;
                is_timely(time, now)?;
                Ok(Signed::IdToo)
            }
            SignatureScheme::Stripe => {
                let parts = || signature.split(',').filter_map(|part| part.trim().split_once('='));
                let time = parts().find(|(name, _)| *name == "t").map(|(_, time)| time).ok_or_else(wrong)?;
                let signatures = parts().filter(|(name, _)| *name == "v1").map(|(_, one)| bytes_of_hex(one));
                self.check(&[time.as_bytes(), b".", body], signatures)?;
                is_timely(time, now)?;
                Ok(Signed::BodyAlone)
            }
        }
    }

    fn check(
        &self,
        signed: &[&[u8]],
        signatures: impl Iterator<Item = Option<Vec<u8>>>,
    ) -> Result<(), Refusal> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).map_err(|_| wrong())?;
        signed.iter().for_each(|part| mac.update(part));
        // compared in constant time
        let is_ours = |signature: Vec<u8>| mac.clone().verify_slice(&signature).is_ok();
        signatures.take(SIGNATURES_MAX).flatten().any(is_ours).then_some(()).ok_or_else(wrong)
    }
}

fn wrong() -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "bad_signature", "The signature is not that of this request.")
}

fn is_timely(time: &str, now: SystemTime) -> Result<(), Refusal> {
    let signed = time
        .parse()
        .ok()
        .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    let apart = signed.map(|at| now.duration_since(at).unwrap_or_else(|early| early.duration()));
    if apart.is_some_and(|apart| apart <= WINDOW) {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "expired_signature",
        format!("The signature was made more than {} seconds before or after now.", WINDOW.as_secs()),
    ))
}

#[cfg(test)]
mod tests {
    use super::{Signed, Signer, WINDOW};
    use crate::config::{CollectSettings, Secret, SignatureScheme};
    use axum::http::{HeaderMap, HeaderName, HeaderValue};
    use std::time::{Duration, SystemTime};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    fn signer(scheme: SignatureScheme, secret: &str) -> Signer {
        let settings = CollectSettings {
            signature: Some(scheme),
            signature_secret: Some(Secret::new(secret)),
            ..CollectSettings::default()
        };
        Signer::new(&settings).unwrap().unwrap()
    }

    /// The example of GitHub's documentation.
    #[test]
    fn githubs_own_example_is_understood() {
        let signer = signer(SignatureScheme::Github, "It's a Secret to Everybody");
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let verify = |signature: &str, body: &str| {
            signer.verify(&headers(&[("x-hub-signature-256", signature)]), body.as_bytes(), SystemTime::now())
        };
        assert_eq!(verify(signature, "Hello, World!").unwrap(), Signed::BodyAlone);
        assert!(verify(signature, "Hello, World?").is_err());
        assert!(verify("sha256=75", "Hello, World!").is_err());
        assert!(verify("sha256=", "Hello, World!").is_err());
        assert!(verify(&signature.replace("sha256=", ""), "Hello, World!").is_err());
    }

    /// The example of the Standard Webhooks specification's libraries.
    #[test]
    fn the_example_of_standard_webhooks_is_understood_in_its_time_alone() {
        let signer = signer(SignatureScheme::StandardWebhooks, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = br#"{"test": 2432232314}"#;
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_614_265_330);
        let good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let verify = |id: &str, time: &str, signature: &str, now| {
            let headers =
                headers(&[("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", signature)]);
            signer.verify(&headers, body, now)
        };
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        assert_eq!(verify(id, "1614265330", good, at).unwrap(), Signed::IdToo);
        let several = format!("v1,bm9wZQ== v2,x {good}");
        assert_eq!(verify(id, "1614265330", &several, at + WINDOW).unwrap(), Signed::IdToo);
        let late = Duration::from_secs(1);
        for (id, time, now) in [
            (id, "1614265330", at + WINDOW + late),
            (id, "1614265330", at - WINDOW - late),
            ("msg_other", "1614265330", at),
            (id, "1614265331", at),
        ] {
            assert!(verify(id, time, good, now).is_err(), "{id} {time}");
        }
    }

    #[test]
    fn a_signature_without_a_secret_is_no_way_in() {
        let settings = |signature, secret: Option<&str>| CollectSettings {
            signature,
            signature_secret: secret.map(Secret::new),
            ..CollectSettings::default()
        };
        assert!(Signer::new(&settings(Some(SignatureScheme::Github), None)).is_err());
        assert!(Signer::new(&settings(None, Some("s"))).is_err());
        assert!(
            Signer::new(&settings(Some(SignatureScheme::StandardWebhooks), Some("not base64!"))).is_err()
        );
        assert!(Signer::new(&settings(None, None)).unwrap().is_none());
    }
}
