//! Payloads inside payloads: aggregates of the Kinesis Producer Library, compression, base64, several documents in one
//! record. Knows no source format.
//!
//! | first bytes | what it is |
//! |---|---|
//! | `F3 89 9A C2` | an aggregate of the Kinesis Producer Library: taken apart, then each part is looked at again |
//! | `1F 8B`, `28 B5 2F FD`, `78` with a valid check | gzip, zstd, zlib: unpacked |
//! | `EF BB BF` | a byte-order mark: left out |
//! | base64 whose plain bytes begin as one of these or as JSON does | decoded |
//! | several JSON documents, one behind the other, or an array of objects | each is a part |
//!
//! What CloudWatch Logs delivers (gzip around `logEvents`) is one part a message.

mod aggregate;
mod bounds;
mod stream;

pub use bounds::{Bounds, PART_BYTES, Problem, TOO_LARGE};
pub use stream::plain;

use crate::error::Code;
use crate::json::{Fault, Kind, Scanner};
use crate::record::{Record, marks_row};
use aggregate::AGGREGATE;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use std::io::Read;
use stream::{BYTE_ORDER_MARK, GZIP, ZSTD};

/// How many layers may be around a document: an aggregate, base64, compression, and one more.
const LAYERS_MAX: usize = 4;

const LZ4: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];

/// The parts of a record whose payload holds others; `None` when the payload is what a decoder reads.
///
/// A part has the record's position, and its place among the parts when there are several. One that cannot be unpacked
/// says so in its `fault`; the others are not touched by it. An empty aggregate has none.
#[must_use]
pub fn parts(record: &Record, bounds: Bounds) -> Option<Vec<Record>> {
    if is_document(&record.payload) {
        return None;
    }
    let mut parts = Vec::new();
    let unpacked = Unpacking { parts: &mut parts, bytes: 0, bounds }.layer(record.clone(), LAYERS_MAX);
    match unpacked {
        Ok(false) => return None,
        Ok(true) if parts.len() <= bounds.parts() => {}
        Ok(true) => return Some(refused(record, TOO_LARGE)),
        // an aggregate that breaks off in the middle is refused whole
        Err(problem) => return Some(refused(record, problem)),
    }
    number(&mut parts, record.payload.starts_with(&AGGREGATE));
    Some(parts)
}

fn refused(record: &Record, problem: Problem) -> Vec<Record> {
    vec![Record { fault: Some(problem), ..record.clone() }]
}

/// The documents of a payload that holds several, one behind the other or in one array; `None` when it holds one, or
/// none that is whole. Of more than there may be, one part that says so.
///
/// What is broken among them is a part of its own, up to the end of its line.
#[must_use]
pub fn documents(record: &Record, bounds: Bounds) -> Option<Vec<Record>> {
    let text = std::str::from_utf8(&record.payload).ok()?;
    let part = |text: &&str| Record { payload: record.payload.slice_ref(text.as_bytes()), ..record.clone() };
    if let Some(elements) = elements(text, bounds.parts()) {
        if elements.len() > bounds.parts() {
            return Some(refused(record, TOO_LARGE));
        }
        let mut parts: Vec<Record> = elements.iter().map(part).collect();
        number(&mut parts, true);
        return Some(parts);
    }
    let mut texts: Vec<&str> = Vec::new();
    let mut scanner = Scanner::new(text);
    loop {
        let start = scanner.clone();
        let rest = start.since_here(&start.at_end()).trim_ascii();
        if rest.is_empty() {
            break;
        }
        match scanner.skip() {
            Ok(_) if texts.len() == bounds.parts() => return Some(refused(record, TOO_LARGE)),
            Ok(document) => texts.push(document),
            Err(_) => {
                // from here on, each line stands for itself; but a document that breaks off has lines, too
                let lines = rest.lines().map(str::trim_ascii).filter(|line| !line.is_empty());
                if texts.is_empty() && !lines.clone().any(is_whole) {
                    return None;
                }
                texts.extend(lines.take(bounds.parts() + 1));
                if texts.len() > bounds.parts() {
                    return Some(refused(record, TOO_LARGE));
                }
                break;
            }
        }
    }
    let mut parts: Vec<Record> = texts.iter().map(part).collect();
    number(&mut parts, false);
    (parts.len() > 1).then_some(parts)
}

/// The elements of a text that is one array, at most one more than `most`; `None` when none of them is an object.
fn elements(text: &str, most: usize) -> Option<Vec<&str>> {
    let mut scanner = Scanner::new(text);
    if scanner.peek() != Ok(Kind::Array) {
        return None;
    }
    let (mut elements, mut has_object) = (Vec::new(), false);
    scanner
        .array(|scanner| {
            has_object |= scanner.peek()? == Kind::Object;
            let element = scanner.skip()?;
            if elements.len() <= most {
                elements.push(element);
            }
            Ok::<_, Fault>(())
        })
        .ok()?;
    let is_whole = scanner.end().is_ok();
    (is_whole && has_object).then_some(elements)
}

/// Whether a line is one object.
fn is_whole(line: &str) -> bool {
    let mut scanner = Scanner::new(line);
    line.starts_with('{') && scanner.skip().is_ok() && scanner.end().is_ok()
}

/// Numbers the parts, if there are several.
fn number(parts: &mut [Record], always: bool) {
    if parts.len() > 1 || always {
        for (part, place) in parts.iter_mut().zip(0..) {
            part.place = Some(place);
        }
    }
}

/// Whether a payload begins as a JSON document does, or is empty: then there is nothing to unpack.
fn is_document(payload: &[u8]) -> bool {
    matches!(payload.trim_ascii_start().first(), None | Some(b'{' | b'['))
}

struct Unpacking<'p> {
    parts: &'p mut Vec<Record>,
    /// Unpacked so far: an aggregate of small bombs is a large one.
    bytes: usize,
    bounds: Bounds,
}

impl Unpacking<'_> {
    /// Takes off what is around `record`'s payload and keeps what is inside; false when there is nothing around it.
    fn layer(&mut self, record: Record, layers_left: usize) -> Result<bool, Problem> {
        let payload = record.payload.clone();
        let Some(layers_left) = layers_left.checked_sub(1) else {
            return Err((Code::TooManyLayers, "The payload is packed in too many layers."));
        };
        if let Some(inner) = aggregate::parts(&payload, self.bounds.parts()) {
            for part in inner? {
                let partition_key = Some(part.partition_key);
                let part = Record { payload: part.data, partition_key, ..record.clone() };
                self.keep(part, layers_left);
            }
            return Ok(true);
        }
        if let Some(rest) = payload.strip_prefix(&BYTE_ORDER_MARK) {
            self.keep(Record { payload: payload.slice_ref(rest), ..record }, layers_left);
            return Ok(true);
        }
        if let Some(plain) = self.decompressed(&payload)? {
            let plain = Bytes::from(plain);
            match log_events(&plain, self.bounds.parts()) {
                Some(messages) => {
                    for message in messages {
                        self.keep(Record { payload: message.into(), ..record.clone() }, layers_left);
                    }
                }
                None => self.keep(Record { payload: plain, ..record }, layers_left),
            }
            return Ok(true);
        }
        if let Some(plain) = from_base64(&payload) {
            self.keep(Record { payload: plain.into(), ..record }, layers_left);
            return Ok(true);
        }
        match *payload {
            _ if payload.starts_with(&LZ4) => {
                Err((Code::UnsupportedCompression, "The payload is compressed by LZ4: send gzip or zstd."))
            }
            [0, _, _, _, _, ..] | [3, _, ..] => Err((
                Code::SchemaRegistry,
                "The payload is framed for a schema registry (Avro or Protobuf): send JSON without a registry.",
            )),
            _ => Ok(false),
        }
    }

    /// Keeps a part, unpacked as far as it goes.
    fn keep(&mut self, part: Record, layers_left: usize) {
        if self.parts.len() > self.bounds.parts() {
            return; // there are too many already
        }
        if is_document(&part.payload) {
            match documents(&part, self.bounds) {
                Some(documents) => self.parts.extend(documents),
                None => self.parts.push(part),
            }
            return;
        }
        match self.layer(part.clone(), layers_left) {
            Ok(true) => {}
            Ok(false) => self.parts.push(part),
            Err(fault) => self.parts.push(Record { fault: Some(fault), ..part }),
        }
    }

    /// The plain bytes of a compressed payload; `None` when it is not compressed.
    fn decompressed(&mut self, payload: &Bytes) -> Result<Option<Vec<u8>>, Problem> {
        let broken = |_| (Code::BadCompression, "The payload is compressed, and broken.");
        let source = Box::new(std::io::Cursor::new(payload.clone()));
        let reader: Box<dyn Read + Send> = if payload.starts_with(&GZIP) || payload.starts_with(&ZSTD) {
            plain(source).map_err(broken)?
        } else if is_zlib(payload) {
            Box::new(flate2::bufread::ZlibDecoder::new(source))
        } else {
            return Ok(None);
        };
        let mut unpacked = Vec::new();
        let limit = self.bounds.unpacked.saturating_sub(self.bytes);
        let wanted = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        reader.take(wanted).read_to_end(&mut unpacked).map_err(broken)?;
        self.bytes += unpacked.len();
        if unpacked.len() > limit {
            return Err(TOO_LARGE);
        }
        Ok(Some(unpacked))
    }
}

/// Whether a payload begins as zlib does. Source: RFC 1950, 2.2: the first two bytes are a multiple of 31.
fn is_zlib(payload: &[u8]) -> bool {
    match payload {
        [method @ 0x78, check, ..] => (u16::from(*method) * 256 + u16::from(*check)).is_multiple_of(31),
        _ => false,
    }
}

/// The bytes behind base64 text, when they begin as something that can be read.
fn from_base64(payload: &[u8]) -> Option<Vec<u8>> {
    let text = payload.trim_ascii();
    // a JSON string of base64 is base64
    let text = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
    // three bytes of what it stands for are enough to say no
    let start = STANDARD.decode(text.get(..8)?).ok()?;
    let begins =
        |magic: &[u8]| start.starts_with(magic.get(..start.len().min(magic.len())).unwrap_or_default());
    let is_readable = matches!(start.trim_ascii_start().first(), Some(b'{' | b'['))
        || [&AGGREGATE[..], &GZIP, &ZSTD, &BYTE_ORDER_MARK].into_iter().any(begins)
        || is_zlib(&start);
    is_readable.then(|| STANDARD.decode(text).ok()).flatten()
}

/// The messages of what CloudWatch Logs sends to a subscription; none for one that only tests the destination.
///
/// # Source
/// Amazon CloudWatch Logs User Guide, "Log group-level subscription filters".
fn log_events(payload: &[u8], most: usize) -> Option<Vec<String>> {
    let mut scanner = Scanner::of_bytes(payload).ok()?;
    if scanner.peek() != Ok(Kind::Object) {
        return None;
    }
    let (mut is_log, mut is_test, mut messages) = (false, false, None);
    let mut is_row = false;
    scanner
        .object(|scanner, name| {
            match (name.as_ref(), scanner.peek()?) {
                ("messageType", Kind::String) => {
                    let kind = scanner.string()?;
                    is_test = kind == "CONTROL_MESSAGE";
                    is_log = is_test || kind == "DATA_MESSAGE";
                }
                (name, _) if marks_row(name) => {
                    is_row = true;
                    scanner.skip()?;
                }
                ("logEvents", Kind::Array) => messages = Some(messages_of(scanner, most)?),
                _ => drop(scanner.skip()?),
            }
            Ok::<_, Fault>(())
        })
        .ok()?;
    let messages = messages.filter(|_| is_log && !is_row)?;
    Some(if is_test { Vec::new() } else { messages })
}

/// At most one more than `most`.
fn messages_of(scanner: &mut Scanner<'_>, most: usize) -> Result<Vec<String>, Fault> {
    let mut messages = Vec::new();
    scanner.array(|scanner| {
        if scanner.peek()? != Kind::Object {
            return scanner.skip().map(drop);
        }
        scanner.object(|scanner, name| {
            match (name.as_ref(), scanner.peek()?) {
                ("message", Kind::String) if messages.len() <= most => {
                    messages.push(scanner.string()?.into_owned());
                }
                _ => drop(scanner.skip()?),
            }
            Ok(())
        })
    })?;
    Ok(messages)
}

#[cfg(test)]
mod tests;
