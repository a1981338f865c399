//! Data files that a manifest names, read one after the other: each is checked against what the manifest says of it,
//! and each line gets in front of it what the manifest says of all.

use super::place::Place;
use super::values::{Value, Values};
use super::{Failure, broke_off, unreadable};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::vec;

/// A data file, and what its manifest says of it.
#[derive(Debug)]
pub(super) struct DataFile {
    pub(super) place: Place,
    pub(super) rows: Option<u64>,
    /// Of the file as it lies there.
    pub(super) sum: Option<Sum>,
}

/// A digest, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sum {
    /// In base64.
    Md5(String),
    /// In hexadecimal digits.
    Sha256(String),
}

/// What makes a line a record.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    /// Members in front, without the braces around them.
    pub(super) members: String,
    /// The member that a line becomes the value of; none: its own members follow.
    pub(super) wrap: Option<String>,
}

/// How people are told what is wrong with a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub(super) rows: &'static str,
    pub(super) manifest: &'static str,
    pub(super) advice: &'static str,
}

/// The data files of a manifest.
pub(super) struct DataFiles {
    files: vec::IntoIter<DataFile>,
    current: Option<Current>,
    frame: Frame,
    words: Words,
    /// The ARN of the table whose export they are.
    exported: Option<Arc<str>>,
}

struct Current {
    name: Arc<str>,
    values: Values,
    rows: Option<u64>,
    read: u64,
    sum: Option<Sum>,
    digest: Arc<Mutex<Digest>>,
}

/// A digest as far as it is computed.
#[derive(Clone)]
enum Digest {
    None,
    Md5(Md5),
    Sha256(Sha256),
}

/// A file whose bytes are digested as they are read.
struct Digested<R> {
    file: R,
    digest: Arc<Mutex<Digest>>,
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        match &mut *self.digest.lock().unwrap_or_else(PoisonError::into_inner) {
            Digest::None => {}
            Digest::Md5(digest) => digest.update(bytes),
            Digest::Sha256(digest) => digest.update(bytes),
        }
        Ok(count)
    }
}

impl Digest {
    fn of(sum: Option<&Sum>) -> Self {
        match sum {
            None => Self::None,
            Some(Sum::Md5(_)) => Self::Md5(Md5::new()),
            Some(Sum::Sha256(_)) => Self::Sha256(Sha256::new()),
        }
    }

    fn finish(self) -> Option<Sum> {
        match self {
            Self::None => None,
            Self::Md5(digest) => Some(Sum::Md5(STANDARD.encode(digest.finalize()))),
            Self::Sha256(digest) => {
                let mut text = String::new();
                for byte in digest.finalize() {
                    // a String takes all that is written
                    write!(text, "{byte:02x}").unwrap_or_default();
                }
                Some(Sum::Sha256(text))
            }
        }
    }
}

impl Sum {
    fn name(&self) -> &'static str {
        match self {
            Self::Md5(_) => "MD5",
            Self::Sha256(_) => "SHA-256",
        }
    }
}

impl DataFiles {
    pub(super) fn new(files: Vec<DataFile>, frame: Frame, words: Words, exported: Option<Arc<str>>) -> Self {
        Self { files: files.into_iter(), current: None, frame, words, exported }
    }

    /// The ARN of the table whose export they are, when the manifest says so.
    pub(super) fn exported(&self) -> Option<&Arc<str>> {
        self.exported.as_ref()
    }

    /// The data file that the last value was in.
    pub(super) fn source(&self) -> Option<&Arc<str>> {
        self.current.as_ref().map(|current| &current.name)
    }

    /// The next line; `None` behind the last file.
    pub(super) fn value(&mut self) -> Result<Option<Value>, Failure> {
        loop {
            let current = match &mut self.current {
                Some(current) => current,
                None => match self.files.next() {
                    Some(file) => self.current.insert(Current::open(file)?),
                    None => return Ok(None),
                },
            };
            if let Some(value) = current.value()? {
                return Ok(Some(self.frame.framed(value)));
            }
            current.check(self.words)?;
            self.current = None;
        }
    }
}

impl Current {
    fn open(file: DataFile) -> Result<Self, Failure> {
        let name: Arc<str> = file.place.name().into();
        let digest = Arc::new(Mutex::new(Digest::of(file.sum.as_ref())));
        let raw = Digested { file: file.place.open()?, digest: digest.clone() };
        let plain = rowtide::unpack::plain(Box::new(raw)).map_err(|error| broke_off(&name, &error))?;
        Ok(Self {
            values: Values::new(plain).map_err(|error| unreadable(&name, &error))?,
            name,
            rows: file.rows,
            read: 0,
            sum: file.sum,
            digest,
        })
    }

    fn value(&mut self) -> Result<Option<Value>, Failure> {
        let value = self.values.next().map_err(|error| broke_off(&self.name, &error))?;
        self.read += u64::from(value.is_some());
        Ok(value)
    }

    /// Whether the file held what the manifest says.
    fn check(&self, words: Words) -> Result<(), Failure> {
        let Words { rows: noun, manifest, advice } = words;
        let name = &self.name;
        if let Some(rows) = self.rows.filter(|rows| *rows != self.read) {
            let read = self.read;
            return Err(Failure::broken(format!(
                "{name} holds {read} {noun}, but the manifest of the {manifest} says {rows}. {advice}"
            )));
        }
        let found = self.digest.lock().unwrap_or_else(PoisonError::into_inner).clone().finish();
        match &self.sum {
            Some(sum) if found.as_ref() != Some(sum) => Err(Failure::broken(format!(
                "{name} has not the {} that the manifest says. {advice}",
                sum.name()
            ))),
            Some(_) | None => Ok(()),
        }
    }
}

impl Frame {
    /// The line as a record. What is no object stays as it is where its members were to follow.
    fn framed(&self, mut value: Value) -> Value {
        let members = self.members.as_bytes();
        let comma: &[u8] = if members.is_empty() { b"" } else { b"," };
        if let Some(wrap) = &self.wrap {
            let mut name = String::new();
            rowtide::json::write_string(&mut name, wrap);
            let front = [b"{", members, comma, name.as_bytes(), b":"].concat();
            value.bytes = [&front, &value.bytes[..], b"}"].concat().into();
        } else if let Some(rest) = value.bytes.strip_prefix(b"{") {
            let comma = if rest.trim_ascii_start().starts_with(b"}") { b"" } else { comma };
            value.bytes = [b"{", members, comma, rest].concat().into();
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::{Frame, Value};

    #[test]
    fn a_line_becomes_a_record_by_what_its_manifest_says() {
        let framed = |members: &str, wrap: Option<&str>, line: &'static str| {
            let frame = Frame { members: members.to_owned(), wrap: wrap.map(str::to_owned) };
            let value = Value { line: 1, bytes: line.into(), fault: None };
            String::from_utf8(frame.framed(value).bytes.to_vec()).unwrap()
        };
        let head = r#""of":{"t":1}"#;
        assert_eq!(framed(head, Some("row"), r#"{"a":1}"#), r#"{"of":{"t":1},"row":{"a":1}}"#);
        assert_eq!(framed(head, None, r#"{"a":1}"#), r#"{"of":{"t":1},"a":1}"#);
        assert_eq!(framed(head, None, "{ }"), r#"{"of":{"t":1} }"#);
        assert_eq!(framed("", None, r#"{"a":1}"#), r#"{"a":1}"#);
        assert_eq!(framed("", Some("r\"w"), "1"), r#"{"r\"w":1}"#);
        assert_eq!(framed(head, None, "1"), "1");
    }
}
