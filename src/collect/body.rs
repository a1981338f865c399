//! A request's body: read within its bound, unpacked, and taken apart into documents.

use super::answer::Refusal;
use crate::error::Code;
use crate::json::{Fault, Kind, Scanner};
use crate::record::Record;
use crate::unpack::{self, Bounds};
use axum::body::Body;
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use std::time::Duration;

/// How long a body may take to arrive: a sender that is slower holds memory for nothing.
const ARRIVES_WITHIN: Duration = Duration::from_secs(30);
/// So many times its bound is read of a body that is too large, so that its sender hears why it is refused.
const READ_ON: usize = 8;

/// What was sent, whole.
pub(super) async fn read(body: Body, most: usize) -> Result<Bytes, Refusal> {
    match tokio::time::timeout(ARRIVES_WITHIN, frames(body, most)).await {
        Ok(read) => read,
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "timeout",
            format!("The body did not arrive within {} seconds.", ARRIVES_WITHIN.as_secs()),
        )),
    }
}

async fn frames(mut body: Body, most: usize) -> Result<Bytes, Refusal> {
    let (mut whole, mut bytes) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::bad("cut_off", "The body breaks off."))?;
        let Ok(data) = frame.into_data() else { continue };
        bytes += data.len();
        if bytes <= most {
            whole.extend_from_slice(&data);
        } else {
            whole = BytesMut::new();
            if bytes > most.saturating_mul(READ_ON) {
                break;
            }
        }
    }
    if bytes > most {
        return Err(Refusal::too_large(format!("The body has more than {most} bytes: send it in parts.")));
    }
    Ok(whole.freeze())
}

/// What a part of a body is.
pub(super) struct Item {
    /// Its bytes.
    pub(super) text: Bytes,
    /// What it is as JSON; else what is wrong with it.
    pub(super) kind: Result<Kind, (Code, &'static str)>,
}

/// What a body holds.
pub(super) enum Documents {
    /// Nothing: no bytes but blanks, or an empty list.
    None,
    /// One.
    One(Item),
    /// Several, or a list of one: each has a place.
    Many(Vec<Item>),
}

const NOT_JSON: (Code, &str) = (Code::NotJson, "A line of the body is not JSON.");

/// The documents of a body: an object, a list of them, or one a line; plain or packed by gzip, zstd, zlib or base64.
///
/// # Errors
/// When not a single one can be read: the sender is there to be told.
pub(super) fn documents(body: Bytes, bounds: Bounds) -> Result<Documents, Refusal> {
    if body.trim_ascii().is_empty() {
        return Ok(Documents::None);
    }
    let whole = Record::new("", "", body);
    let parts = unpack::parts(&whole, bounds).or_else(|| unpack::documents(&whole, bounds));
    let parts = parts.unwrap_or_else(|| vec![whole]);
    let is_several = parts.iter().any(|part| part.place.is_some());
    let mut items: Vec<Item> = parts.into_iter().map(item).collect();
    if items.iter().any(|item| item.kind == Ok(Kind::Object)) {
        return Ok(match items.pop() {
            Some(only) if items.is_empty() && !is_several => Documents::One(only),
            last => {
                items.extend(last);
                Documents::Many(items)
            }
        });
    }
    let Some(first) = items.first() else { return Ok(Documents::None) };
    match first.kind {
        Err((Code::TooLarge, _)) => Err(Refusal::too_large(
            "Unpacked, the body needs more memory than it may have: send it in parts.",
        )),
        Err((code, message)) if code != Code::NotJson => Err(Refusal::bad(code.as_str(), message)),
        Ok(Kind::Array) if items.len() == 1 && is_empty_list(&first.text) => Ok(Documents::None),
        Ok(_) => Err(Refusal::bad(
            Code::NoImage.as_str(),
            "The body is JSON, but no object, no list of objects and no lines of them.",
        )),
        Err(_) => Err(Refusal::bad(
            Code::NotJson.as_str(),
            "The body is not JSON. Send an object, a list of objects or one a line; plain, or packed by gzip, zstd, zlib \
             or base64.",
        )),
    }
}

fn item(part: Record) -> Item {
    let whole = |scanner: &mut Scanner<'_>| {
        let kind = scanner.peek()?;
        scanner.skip()?;
        scanner.end()?;
        Ok::<_, Fault>(kind)
    };
    let kind = match part.fault {
        Some(problem) => Err(problem),
        None => {
            Scanner::of_bytes(&part.payload).and_then(|mut scanner| whole(&mut scanner)).map_err(|_| NOT_JSON)
        }
    };
    Item { text: part.payload, kind }
}

fn is_empty_list(text: &[u8]) -> bool {
    let mut is_empty = true;
    let mut each = |scanner: &mut Scanner<'_>| {
        is_empty = false;
        scanner.skip().map(drop)
    };
    Scanner::of_bytes(text).is_ok_and(|mut scanner| scanner.array(&mut each).is_ok()) && is_empty
}
