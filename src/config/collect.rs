//! `[collect]`: what is taken by HTTP, from whom, and where it goes.

use super::given::{self, Accepted, Given, Invalid, Word, show_list, show_size, show_word};
use super::{Config, Setting};
use std::fmt;

/// What stands where something was masked.
const MASK: &str = "***";
/// Below it, a document of a few members does not fit.
const BODY_MIN: u64 = 1 << 10;
const BODY_MAX: u64 = 1 << 30;

/// `[collect]`: documents that come by HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectSettings {
    /// The table of documents whose path names none.
    pub table: String,
    /// What a document is known by.
    pub id: CollectId,
    /// How requests are answered.
    pub answer: CollectAnswer,
    /// Whoever shows one of these is let in; when there is neither one nor a signature, everybody is.
    pub tokens: Vec<Secret>,
    /// How requests are signed that are let in.
    pub signature: Option<SignatureScheme>,
    /// What they are signed with.
    pub signature_secret: Option<Secret>,
    /// The header with the signature, where it is not the scheme's own.
    pub signature_header: Option<String>,
    /// The origins whose pages may send; `*` is every one.
    pub cors: Vec<String>,
    /// Bytes of a request's body, as it is sent.
    pub body_max: u64,
}

impl Default for CollectSettings {
    fn default() -> Self {
        Self {
            table: "collect".to_owned(),
            id: CollectId::default(),
            answer: CollectAnswer::default(),
            tokens: Vec::new(),
            signature: None,
            signature_secret: None,
            signature_header: None,
            cors: Vec::new(),
            body_max: 10 << 20,
        }
    }
}

/// What a document is known by, so that a repetition changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CollectId {
    /// The header that names the delivery, else the bytes that were sent.
    #[default]
    Delivery,
    /// What this JSON Pointer leads to in it; where it leads to nothing, as [`CollectId::Delivery`].
    Pointer(String),
    /// Nothing: every request is new.
    None,
}

/// How requests are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CollectAnswer {
    /// By JSON with counts.
    #[default]
    Json,
    /// By a few words.
    Plain,
}

/// Who signs requests, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureScheme {
    /// As GitHub's webhooks do: HMAC-SHA256 of the body, in hexadecimal digits.
    Github,
    /// Standard Webhooks: HMAC-SHA256 of id, time and body, in base64.
    StandardWebhooks,
    /// As Stripe's webhooks do: HMAC-SHA256 of time and body, in hexadecimal digits.
    Stripe,
}

/// A text that nobody may see. Shows itself masked; only [`Secret::expose`] tells it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` as it is.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text: to compare with, never for a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Word for CollectAnswer {
    const WORDS: &'static [(&'static str, Self)] = &[("json", Self::Json), ("plain", Self::Plain)];
}

impl Word for SignatureScheme {
    const WORDS: &'static [(&'static str, Self)] =
        &[("github", Self::Github), ("standard-webhooks", Self::StandardWebhooks), ("stripe", Self::Stripe)];
}

pub(super) const TABLE: Setting<Config> = Setting {
    name: "collect.table",
    values: "the name of a table",
    about: "The table of documents that come [by HTTP](collect.md) to `/collect`; those that come to \
        `/collect/NAME` go to the table of that name.",
    example: r#"table = "events""#,
    secret: false,
    set: |config, given| given::text(given, &mut config.collect.table),
    get: |config| config.collect.table.clone(),
};

pub(super) const ID: Setting<Config> = Setting {
    name: "collect.id",
    values: "a JSON Pointer such as `/event_id`, or `none`",
    about: "Where documents have their id, by which repetitions are known. Not set, or where it leads to nothing: the \
        header `Idempotency-Key`, `webhook-id` or `X-GitHub-Delivery`, else a digest of what was sent. With `none` \
        every request is new.",
    example: r#"id = "/event_id""#,
    secret: false,
    set: |config, given| set_id(given, &mut config.collect.id),
    get: |config| match &config.collect.id {
        CollectId::Delivery => String::new(),
        CollectId::Pointer(pointer) => pointer.clone(),
        CollectId::None => NONE.to_owned(),
    },
};

pub(super) const ANSWER: Setting<Config> = Setting {
    name: "collect.answer",
    values: "`json` or `plain`",
    about: "How requests are answered: by counts, or by a few words (`Success`).",
    example: r#"answer = "plain""#,
    secret: false,
    set: |config, given| given::word(given, &mut config.collect.answer),
    get: |config| show_word(config.collect.answer),
};

pub(super) const TOKENS: Setting<Config> = Setting {
    name: "collect.tokens",
    values: "a list of texts or references to secrets, none of them empty; in a variable or `--set` with commas \
        between the texts",
    about: "Who sends `Authorization: Bearer TOKEN` with one of these is let in. Neither tokens nor a signature: \
        everybody is.",
    example: r#"tokens = ["8c1f4c0e3d", "f0a97e5b12"]"#,
    // shown masked, one by one
    secret: false,
    set: |config, given| set_tokens(given, &mut config.collect.tokens),
    get: |config| show_list(&config.collect.tokens.iter().map(|_| MASK.to_owned()).collect::<Vec<_>>()),
};

pub(super) const SIGNATURE: Setting<Config> = Setting {
    name: "collect.signature",
    values: "`github`, `standard-webhooks` or `stripe`",
    about: "How requests are signed that are let in, beside those with a token. Of a signed request only an id counts \
        that the signature covers.",
    example: r#"signature = "standard-webhooks""#,
    secret: false,
    set: |config, given| given::optional_word(given, &mut config.collect.signature),
    get: |config| config.collect.signature.map(show_word).unwrap_or_default(),
};

pub(super) const SIGNATURE_SECRET: Setting<Config> = Setting {
    name: "collect.signature_secret",
    values: "text, or a reference to a secret",
    about: "What they are signed with, as the sender shows it (of Standard Webhooks `whsec_…`).",
    example: r#"signature_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw""#,
    secret: false,
    set: |config, given| set_secret(given, &mut config.collect.signature_secret),
    get: |config| config.collect.signature_secret.as_ref().map(|_| MASK.to_owned()).unwrap_or_default(),
};

pub(super) const SIGNATURE_HEADER: Setting<Config> = Setting {
    name: "collect.signature_header",
    values: "the name of a header",
    about: "The header with the signature. Not set: `X-Hub-Signature-256`, `webhook-signature` or `Stripe-Signature`, \
        as `signature` says.",
    example: r#"signature_header = "X-Signature""#,
    secret: false,
    set: |config, given| set_header(given, &mut config.collect.signature_header),
    get: |config| config.collect.signature_header.clone().unwrap_or_default(),
};

pub(super) const CORS: Setting<Config> = Setting {
    name: "collect.cors",
    values: "a list of origins such as `https://shop.example.org`, or `*`; in a variable or `--set` with commas \
        between them",
    about: "The origins whose pages may send from a browser.",
    example: r#"cors = ["https://shop.example.org"]"#,
    secret: false,
    set: |config, given| set_origins(given, &mut config.collect.cors),
    get: |config| show_list(&config.collect.cors),
};

pub(super) const BODY: Setting<Config> = Setting {
    name: "collect.body_max",
    values: "a size such as `512KiB` or `10MiB`, from 1KiB to 1GiB",
    about: "How large a request's body may be. Unpacked it may have a twentieth of `limits.memory`.",
    example: r#"body_max = "1MiB""#,
    secret: false,
    set: |config, given| given::size(given, BODY_MIN..=BODY_MAX, &mut config.collect.body_max),
    get: |config| show_size(config.collect.body_max),
};

/// The word of [`CollectId::None`].
const NONE: &str = "none";

fn set_id(given: Given, id: &mut CollectId) -> Accepted {
    if matches!(&given, Given::Text(text) if text == NONE) {
        *id = CollectId::None;
        return Ok(());
    }
    let mut pointer = None;
    given::optional_pointer(given, &mut pointer)?;
    *id = pointer.map_or(CollectId::Delivery, CollectId::Pointer);
    Ok(())
}

/// The texts of a list; one text has commas between them.
fn texts(given: Given) -> Result<Vec<String>, Invalid> {
    let texts: Vec<String> = match given {
        Given::List(texts) => texts,
        Given::Text(text) if text.is_empty() => Vec::new(),
        Given::Text(text) => text.split(',').map(|text| text.trim().to_owned()).collect(),
        Given::Number(_) | Given::Truth(_) | Given::Table(_) | Given::Other => return Err(Invalid),
    };
    if texts.iter().any(String::is_empty) { Err(Invalid) } else { Ok(texts) }
}

fn set_tokens(given: Given, tokens: &mut Vec<Secret>) -> Accepted {
    *tokens = texts(given)?.into_iter().map(Secret::new).collect();
    Ok(())
}

fn set_secret(given: Given, secret: &mut Option<Secret>) -> Accepted {
    let Given::Text(text) = given else { return Err(Invalid) };
    *secret = Some(text).filter(|text| !text.is_empty()).map(Secret::new);
    Ok(())
}

fn set_header(given: Given, header: &mut Option<String>) -> Accepted {
    given::optional_text(given, header)?;
    let is_name =
        |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if header.as_ref().is_none_or(is_name) { Ok(()) } else { Err(Invalid) }
}

fn set_origins(given: Given, origins: &mut Vec<String>) -> Accepted {
    let is_origin = |text: &String| {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let is_host = |host: &str| {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))
        };
        text == "*" || host.is_some_and(is_host)
    };
    let texts = texts(given)?;
    if !texts.iter().all(is_origin) {
        return Err(Invalid);
    }
    *origins = texts;
    Ok(())
}
