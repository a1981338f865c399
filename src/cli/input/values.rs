//! A stream of bytes taken apart into JSON values, each with the line where it starts.
//!
//! When the first line is a value of its own, every line is one. When it only begins one, values may span lines; one
//! that turns out to be broken then ends where the next line begins at the margin.

use bytes::Bytes;
use rowtide::json::{Fault, Scanner};
use std::io::{self, Read};

/// The longest value that is read; Lambda stops at 6 MB, Kinesis at 10 MB.
const VALUE_BYTES_MAX: usize = 64 * 1024 * 1024;
const READ_BYTES: usize = 64 * 1024;
/// Bytes by which an encoding is known.
const MARK_BYTES: usize = 3;
/// How often a byte may be looked at again, on average, to find where broken values end: keeps hostile input linear.
const LOOKS_MAX: usize = 16;

/// One value, or what stands in its place.
#[derive(Debug)]
pub(super) struct Value {
    /// The line where it starts, from 1.
    pub(super) line: u64,
    /// Its text.
    pub(super) bytes: Bytes,
    /// Why it is no JSON, as far as that is known: nobody has looked into a value that is a line.
    pub(super) fault: Option<Fault>,
}

/// The values of a stream.
pub(super) struct Values {
    reader: Box<dyn Read + Send>,
    /// What was read and is not used up.
    buffer: Vec<u8>,
    /// Where in `buffer` the rest begins.
    start: usize,
    /// The number of that line.
    line: u64,
    at_end: bool,
    spanning: Option<bool>,
    looks: usize,
}

/// The end of a value that may span lines.
enum Span {
    /// Behind its last byte.
    Whole(usize),
    /// No JSON: where that shows, and what it is.
    Broken(usize, Fault),
}

impl Values {
    /// The values of what `reader` reads: UTF-8, with a mark of that in front or without.
    ///
    /// # Errors
    /// When nothing can be read, or it is UTF-16.
    pub(super) fn new(reader: Box<dyn Read + Send>) -> io::Result<Self> {
        let mut values = Self {
            reader,
            buffer: Vec::new(),
            start: 0,
            line: 1,
            at_end: false,
            spanning: None,
            looks: LOOKS_MAX * READ_BYTES,
        };
        while values.buffer.len() < MARK_BYTES && !values.at_end {
            values.read_more()?;
        }
        match values.buffer.as_slice() {
            [0xef, 0xbb, 0xbf, ..] => values.consume(MARK_BYTES),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'{' | b'[', ..] | [b'{' | b'[', 0, ..] => {
                let message = "it is UTF-16, and JSON is UTF-8: `iconv -f UTF-16 -t UTF-8` makes it so";
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            _ => {}
        }
        Ok(values)
    }

    /// The next value; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Value>> {
        loop {
            let Some(end) = self.line_end(self.start)? else { return Ok(None) };
            let blank = self.slice(self.start, end).iter().take_while(|byte| is_space(**byte)).count();
            if self.start + blank == end {
                self.consume(end);
                continue;
            }
            self.consume(self.start + blank);
            // what was consumed has left the buffer
            let end = self.line_end(self.start)?.unwrap_or(self.start);
            let opens = matches!(self.buffer.get(self.start), Some(b'{' | b'['));
            let spanning = match self.spanning {
                Some(spanning) => spanning,
                None => opens && begins_a_value(self.slice(self.start, end)),
            };
            self.spanning = Some(spanning);
            return if spanning && opens { self.span().map(Some) } else { Ok(Some(self.take(end, None))) };
        }
    }

    fn slice(&self, from: usize, to: usize) -> &[u8] {
        self.buffer.get(from..to).unwrap_or_default()
    }

    /// The end of the line that `from` lies in, its newline included; `None` when nothing is left.
    fn line_end(&mut self, from: usize) -> io::Result<Option<usize>> {
        let mut searched = from;
        loop {
            let rest = self.buffer.get(searched..).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', rest) {
                return Ok(Some(searched + at + 1));
            }
            searched = self.buffer.len();
            if self.at_end {
                return Ok((from < searched).then_some(searched));
            }
            if searched - self.start > VALUE_BYTES_MAX {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("the value that begins in line {} is longer than 64 MiB", self.line),
                ));
            }
            self.read_more()?;
        }
    }

    fn read_more(&mut self) -> io::Result<()> {
        let before = self.buffer.len();
        self.buffer.resize(before + READ_BYTES, 0);
        let read = loop {
            let room = self.buffer.get_mut(before..).unwrap_or_default();
            match self.reader.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(before + read.as_ref().copied().unwrap_or_default());
        self.at_end = read? == 0;
        Ok(())
    }

    /// Uses up everything before `to`.
    fn consume(&mut self, to: usize) {
        let lines = memchr::memchr_iter(b'\n', self.slice(self.start, to)).count();
        self.line += u64::try_from(lines).unwrap_or_default();
        self.looks = self.looks.saturating_add((to - self.start).saturating_mul(LOOKS_MAX));
        self.start = to;
        // moving what is left only now and then keeps the cost of it below that of reading
        if self.start > READ_BYTES && self.start * 2 > self.buffer.len() {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
    }

    /// Uses up everything before `to` as one value.
    fn take(&mut self, to: usize, fault: Option<Fault>) -> Value {
        let text = self.slice(self.start, to).trim_ascii_end();
        let value = Value { line: self.line, bytes: Bytes::copy_from_slice(text), fault };
        self.consume(to);
        value
    }

    /// A value that may span lines, or the broken thing in its place.
    fn span(&mut self) -> io::Result<Value> {
        match self.find_end()? {
            Span::Whole(end) => Ok(self.take(end, None)),
            Span::Broken(at, fault) => {
                let end = self.margin(at)?;
                Ok(self.take(end, Some(fault)))
            }
        }
    }

    fn find_end(&mut self) -> io::Result<Span> {
        let mut brackets = Brackets::default();
        let mut counted = self.start;
        let mut checked = 0;
        loop {
            let Some(end) = self.line_end(counted)? else {
                let fault = Fault { at: counted - self.start, what: "the text ends inside a value" };
                return Ok(Span::Broken(counted, fault));
            };
            let found = brackets.count(self.slice(counted, end));
            let text = self.slice(self.start, end);
            // looking again whenever the text has doubled costs twice its length in all
            if found.is_some() || text.len() > checked * 2 {
                checked = text.len();
                match prefix(text) {
                    Ok(Some(length)) => return Ok(Span::Whole(self.start + length)),
                    Err(fault) => return Ok(Span::Broken(self.start + fault.at, fault)),
                    Ok(None) => {}
                }
            }
            counted = end;
        }
    }

    /// Where the next value may begin behind a broken one that shows at `fault`: at a line that is not indented.
    fn margin(&mut self, fault: usize) -> io::Result<usize> {
        let mut end = self.line_end(self.start)?.unwrap_or(self.start);
        let looked = fault.saturating_sub(self.start);
        let patient = looked <= self.looks;
        self.looks = self.looks.saturating_sub(looked);
        loop {
            let Some(next) = self.line_end(end)? else { return Ok(end) };
            let first = self.buffer.get(end).copied().unwrap_or(b' ');
            let indented = is_space(first) || matches!(first, b'}' | b']' | b',');
            if !indented && (patient || end >= fault) {
                return Ok(end);
            }
            end = next;
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Reads `text` as one value and nothing else.
pub(super) fn read_whole(text: &[u8]) -> Result<(), Fault> {
    let mut scanner = Scanner::of_bytes(text)?;
    scanner.skip()?;
    scanner.end()
}

/// Whether `line` is no value by itself, but may be the beginning of one, or hold several.
fn begins_a_value(line: &[u8]) -> bool {
    let text = line.trim_ascii_end();
    match prefix(text) {
        Ok(None) => true,
        Ok(Some(length)) => length < text.len(),
        Err(_) => false,
    }
}

/// The length of the value at the start of `text`, or none when `text` is only the beginning of it. Whole lines only:
/// no token of JSON goes on behind a newline.
fn prefix(text: &[u8]) -> Result<Option<usize>, Fault> {
    let read = Scanner::of_bytes(text).and_then(|mut scanner| {
        scanner.skip()?;
        Ok(scanner.offset())
    });
    match read {
        Ok(length) => Ok(Some(length)),
        Err(fault) if fault.at >= text.trim_ascii_end().len() && !UNENDED.contains(&fault.what) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// What the scanner says of a string that reaches the end of a line, which no string may.
const UNENDED: [&str; 2] = ["bare control character in a string", "the text ends inside a string"];

/// Brackets that are open.
#[derive(Default)]
struct Brackets {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Brackets {
    /// Reads on; tells when the last one has been closed.
    fn count(&mut self, bytes: &[u8]) -> Option<()> {
        for &byte in bytes {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    // no string goes on behind a newline
                    b'\n' => return Some(()),
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(());
                    }
                }
                _ => {}
            }
        }
        None
    }
}
