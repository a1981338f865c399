//! Lines become the bytes of an object. Works, and waits for nothing: it belongs on a thread that may be kept busy.

use crate::config::ArchiveFormat;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::mem;

/// Bytes of a part of an upload. S3 takes at least 5 MiB and 10,000 parts, and some others only parts of one size.
pub(super) const PART_BYTES: usize = 8 * 1024 * 1024;

/// Packs about as well as `gzip -1`, in less time. Higher ones cost more time than they save bytes.
const LEVEL: Compression = Compression::new(2);

/// What a row of the format `results` is between.
const RESULTS: [&[u8]; 2] = [b"{\"Results\":[", b"]}"];

/// The bytes of an object as they come.
pub(super) struct Packer {
    packing: Packing,
    digest: Sha256,
    bytes: u64,
    rows: u64,
    /// Packed, and not handed on.
    ready: Vec<u8>,
}

enum Packing {
    Lines,
    Gzip(Box<GzEncoder<Vec<u8>>>),
    Results,
}

/// An object that has all of its rows.
pub(super) struct Packed {
    /// What was not handed on before.
    pub(super) rest: Vec<u8>,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Packer {
    pub(super) fn new(format: ArchiveFormat) -> Self {
        let packing = match format {
            ArchiveFormat::NdjsonGz => Packing::Gzip(Box::new(GzEncoder::new(Vec::new(), LEVEL))),
            ArchiveFormat::Ndjson => Packing::Lines,
            ArchiveFormat::Results => Packing::Results,
        };
        Self { packing, digest: Sha256::new(), bytes: 0, rows: 0, ready: Vec::new() }
    }

    /// Packs whole lines, a row each.
    pub(super) fn pack(&mut self, lines: &[u8]) -> io::Result<()> {
        let before = self.ready.len();
        match &mut self.packing {
            Packing::Lines => self.ready.extend_from_slice(lines),
            Packing::Gzip(encoder) => {
                encoder.write_all(lines)?;
                self.ready.append(encoder.get_mut());
            }
            Packing::Results => {
                let [front, _] = RESULTS;
                let rows = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
                for (number, row) in (self.rows..).zip(rows) {
                    self.ready.extend_from_slice(if number == 0 { front } else { b"," });
                    self.ready.extend_from_slice(row);
                }
            }
        }
        let rows = memchr::memchr_iter(b'\n', lines).count();
        self.rows += u64::try_from(rows).unwrap_or(u64::MAX);
        self.enter(before);
        Ok(())
    }

    /// Takes account of what is ready from there on.
    fn enter(&mut self, from: usize) {
        let new = self.ready.get(from..).unwrap_or_default();
        self.digest.update(new);
        self.bytes += u64::try_from(new.len()).unwrap_or(u64::MAX);
    }

    /// The next part of an upload, when there is a whole one.
    pub(super) fn part(&mut self) -> Option<Vec<u8>> {
        if self.ready.len() < PART_BYTES {
            return None;
        }
        let rest = self.ready.split_off(PART_BYTES);
        Some(mem::replace(&mut self.ready, rest))
    }

    pub(super) fn finish(mut self) -> io::Result<Packed> {
        let before = self.ready.len();
        match mem::replace(&mut self.packing, Packing::Lines) {
            Packing::Lines => {}
            Packing::Gzip(encoder) => self.ready.append(&mut encoder.finish()?),
            Packing::Results => {
                let [_, end] = RESULTS;
                self.ready.extend_from_slice(end);
            }
        }
        self.enter(before);
        let mut sha256 = String::new();
        for byte in self.digest.finalize() {
            // a String takes all that is written
            write!(sha256, "{byte:02x}").unwrap_or_default();
        }
        Ok(Packed { rest: self.ready, rows: self.rows, bytes: self.bytes, sha256 })
    }
}
