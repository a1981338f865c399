//! Reading and writing JSON text without losing a digit. Knows nothing of sources or databases.
//!
//! The reader walks over the text in place: numbers stay the digits they were written with, strings without escapes
//! are borrowed, and a value that nobody asks for is skipped without building it, at any depth.

use std::borrow::Cow;

/// Where a text stops being JSON, and why. The text itself is never quoted: it may hold personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct Fault {
    /// Offset of the offending byte.
    pub at: usize,
    /// What was wrong there.
    pub what: &'static str,
}

/// The text of `bytes`.
///
/// # Errors
/// When they are not UTF-8.
pub fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| Fault { at: error.valid_up_to(), what: "invalid UTF-8" })
}

/// An object that is read member by member: its name, then its value.
#[derive(Debug, Clone)]
pub struct Members<'a> {
    scanner: Scanner<'a>,
    first: bool,
}

impl<'a> Members<'a> {
    /// The name of the next member; `None` behind the last.
    ///
    /// # Errors
    /// When the object is broken here.
    pub fn name(&mut self) -> Result<Option<Cow<'a, str>>, Fault> {
        self.scanner.name(&mut self.first)
    }

    /// What the value of the member just named is, without reading it.
    ///
    /// # Errors
    /// When no value starts here.
    pub fn kind(&mut self) -> Result<Kind, Fault> {
        self.scanner.peek()
    }

    /// The text of the value of the member just named.
    ///
    /// # Errors
    /// When the value is broken.
    pub fn value(&mut self) -> Result<&'a str, Fault> {
        self.scanner.skip()
    }
}

/// What kind of value comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// `-1.5e3`
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

/// The objects (true) and arrays around a place, innermost last: a bit each.
#[derive(Default)]
struct Open {
    depth: usize,
    innermost: u64,
    outer: Vec<u64>,
}

impl Open {
    #[inline]
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.innermost);
        }
        self.innermost = self.innermost << 1 | u64::from(is_object);
        self.depth += 1;
    }

    #[inline]
    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.innermost >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.innermost = self.outer.pop().unwrap_or_default();
        }
    }

    #[inline]
    fn last(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.innermost & 1 == 1)
    }
}

/// A reader over one JSON text.
#[derive(Debug, Clone)]
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// A reader at the start of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// A reader at the start of `bytes`.
    ///
    /// # Errors
    /// When they are not UTF-8.
    pub fn of_bytes(bytes: &'a [u8]) -> Result<Self, Fault> {
        text(bytes).map(Self::new)
    }

    /// How many bytes are not read yet.
    #[must_use]
    pub fn bytes_left(&self) -> usize {
        self.text.len() - self.at
    }

    /// Offset of the next byte to read.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.at
    }

    /// A reader behind the last byte.
    #[must_use]
    pub fn at_end(&self) -> Self {
        Self { text: self.text, at: self.text.len() }
    }

    /// An error at the current offset.
    #[must_use]
    pub fn fault(&self, what: &'static str) -> Fault {
        Fault { at: self.at, what }
    }

    /// The text between this reader's place and that of `later`, a clone of it that has read on.
    #[must_use]
    pub fn since_here(&self, later: &Self) -> &'a str {
        self.slice(self.at, later.at)
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    #[inline]
    fn white_space(&mut self) {
        if self.byte().is_some_and(|byte| byte > b' ') {
            return;
        }
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
    }

    fn token(&mut self, token: u8, what: &'static str) -> Result<(), Fault> {
        self.white_space();
        if self.byte() != Some(token) {
            return Err(self.fault(what));
        }
        self.at += 1;
        Ok(())
    }

    /// The kind of the value that comes next, without reading it.
    ///
    /// # Errors
    /// When no value starts here.
    pub fn peek(&mut self) -> Result<Kind, Fault> {
        self.white_space();
        match self.byte() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            Some(_) => Err(self.fault("no JSON value")),
            None => Err(self.fault("the text ends early")),
        }
    }

    /// Reads an object, calling `each` with every member's name; `each` must read the value.
    ///
    /// # Errors
    /// When the next value is no object, is broken, or `each` fails.
    pub fn object<E: From<Fault>>(
        &mut self,
        mut each: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut first = self.open_object()?;
        while let Some(name) = self.name(&mut first)? {
            each(self, name)?;
        }
        Ok(())
    }

    /// Enters an object whose members are asked for one by one.
    ///
    /// # Errors
    /// When the next value is no object.
    pub fn members(mut self) -> Result<Members<'a>, Fault> {
        let first = self.open_object()?;
        Ok(Members { scanner: self, first })
    }

    #[inline]
    fn open_object(&mut self) -> Result<bool, Fault> {
        self.token(b'{', "expected an object").map(|()| true)
    }

    /// The name of the next member of an open object; `None` behind the last.
    #[inline]
    fn name(&mut self, first: &mut bool) -> Result<Option<Cow<'a, str>>, Fault> {
        self.white_space();
        match (self.byte(), std::mem::take(first)) {
            (Some(b'}'), _) => {
                self.at += 1;
                return Ok(None);
            }
            (_, true) => {}
            (Some(b','), false) => {
                self.at += 1;
                self.white_space();
            }
            _ => return Err(self.fault("expected ',' or '}'")),
        }
        let name = self.string()?;
        self.token(b':', "expected ':' after a member name")?;
        Ok(Some(name))
    }

    /// Reads an array, calling `each` at every element; `each` must read it.
    ///
    /// # Errors
    /// When the next value is no array, is broken, or `each` fails.
    pub fn array<E: From<Fault>>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.token(b'[', "expected an array")?;
        self.white_space();
        if self.byte() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            each(self)?;
            self.white_space();
            match self.byte() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.fault("expected ',' or ']'").into()),
            }
        }
    }

    /// Reads a string and gives its characters, escapes resolved.
    ///
    /// # Errors
    /// When the next value is no string, or has a bad escape or a bare control character.
    #[inline]
    pub fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let start = self.at_value();
        let (inner, escaped) = self.raw_string()?;
        if !escaped {
            return Ok(Cow::Borrowed(inner));
        }
        let literal = self.slice(start, self.at);
        serde_json::from_str::<String>(literal)
            .map(Cow::Owned)
            .map_err(|_| Fault { at: start, what: "bad escape in a string" })
    }

    /// Copies a string, quotes and all, to `out` in canonical escaping.
    ///
    /// # Errors
    /// As [`Scanner::string`].
    pub fn copy_string(&mut self, out: &mut String) -> Result<(), Fault> {
        let start = self.at_value();
        let (_, escaped) = self.raw_string()?;
        let literal = self.slice(start, self.at);
        if !escaped {
            out.push_str(literal);
            return Ok(());
        }
        let text = serde_json::from_str::<String>(literal)
            .map_err(|_| Fault { at: start, what: "bad escape in a string" })?;
        write_string(out, &text);
        Ok(())
    }

    fn at_value(&mut self) -> usize {
        self.white_space();
        self.at
    }

    /// The characters between the quotes as written, and whether there is an escape among them (not yet checked).
    /// White space must have been passed.
    #[inline]
    fn raw_string(&mut self) -> Result<(&'a str, bool), Fault> {
        if self.byte() != Some(b'"') {
            return Err(self.fault("expected a string"));
        }
        self.at += 1;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut escaped = false;
        loop {
            let rest = bytes.get(self.at..).unwrap_or_default();
            let Some(found) = special(rest) else {
                return Err(Fault { at: bytes.len(), what: "the text ends inside a string" });
            };
            self.at += found;
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 2;
                }
                _ => return Err(self.fault("bare control character in a string")),
            }
        }
        let inner = self.slice(start, self.at);
        self.at += 1;
        Ok((inner, escaped))
    }

    /// Reads a number and gives its text as written.
    ///
    /// # Errors
    /// When the next value is no number in JSON's grammar.
    pub fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at_value();
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let length = number_length(rest).ok_or(Fault { at: start, what: "expected a number" })?;
        self.at = start + length;
        Ok(self.slice(start, self.at))
    }

    /// Reads any value: a string or a number as text, `None` for anything else.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn text(&mut self) -> Result<Option<Cow<'a, str>>, Fault> {
        Ok(match self.peek()? {
            Kind::String => Some(self.string()?),
            Kind::Number => Some(Cow::Borrowed(self.number()?)),
            Kind::Object | Kind::Array | Kind::Bool | Kind::Null => {
                self.skip()?;
                None
            }
        })
    }

    /// Reads `true` or `false`.
    ///
    /// # Errors
    /// When something else comes next.
    pub fn boolean(&mut self) -> Result<bool, Fault> {
        self.white_space();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let value = rest.starts_with("true");
        if !value && !rest.starts_with("false") {
            return Err(self.fault("expected true or false"));
        }
        self.at += if value { 4 } else { 5 };
        Ok(value)
    }

    /// Reads `null`.
    ///
    /// # Errors
    /// When something else comes next.
    pub fn null(&mut self) -> Result<(), Fault> {
        self.white_space();
        if !self.text.get(self.at..).unwrap_or_default().starts_with("null") {
            return Err(self.fault("expected null"));
        }
        self.at += 4;
        Ok(())
    }

    /// Reads any value, however deep, and gives its text.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn skip(&mut self) -> Result<&'a str, Fault> {
        let start = self.at_value();
        let mut open = Open::default();
        loop {
            match self.peek()? {
                Kind::Object => {
                    self.at += 1;
                    self.white_space();
                    if self.byte() == Some(b'}') {
                        self.at += 1;
                    } else {
                        open.push(true);
                        self.member_name()?;
                        continue;
                    }
                }
                Kind::Array => {
                    self.at += 1;
                    self.white_space();
                    if self.byte() == Some(b']') {
                        self.at += 1;
                    } else {
                        open.push(false);
                        continue;
                    }
                }
                Kind::String => self.skip_string()?,
                Kind::Number => drop(self.number()?),
                Kind::Bool => drop(self.boolean()?),
                Kind::Null => self.null()?,
            }
            loop {
                let Some(is_object) = open.last() else { return Ok(self.slice(start, self.at)) };
                let close = if is_object { b'}' } else { b']' };
                self.white_space();
                match self.byte() {
                    Some(b',') => {
                        self.at += 1;
                        if is_object {
                            self.member_name()?;
                        }
                        break;
                    }
                    Some(byte) if byte == close => {
                        self.at += 1;
                        open.pop();
                    }
                    _ => return Err(self.fault("expected ',' or the end of an object or array")),
                }
            }
        }
    }

    fn skip_string(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let (_, escaped) = self.raw_string()?;
        let literal = self.slice(start, self.at);
        if escaped && serde_json::from_str::<String>(literal).is_err() {
            return Err(Fault { at: start, what: "bad escape in a string" });
        }
        Ok(())
    }

    fn member_name(&mut self) -> Result<(), Fault> {
        self.white_space();
        self.skip_string()?;
        self.token(b':', "expected ':' after a member name")
    }

    /// Ends the reading: nothing but white space may be left.
    ///
    /// # Errors
    /// When something follows the value.
    pub fn end(&mut self) -> Result<(), Fault> {
        self.white_space();
        if self.at == self.text.len() { Ok(()) } else { Err(self.fault("text after the JSON value")) }
    }
}

/// Strings of up to so many words of 8 bytes are looked at word by word.
const SHORT_WORDS: usize = 4;

/// Place of the first byte that does not simply belong to a string: a quote, a backslash or a control character.
/// Eight bytes at a time: strings are most of every payload.
#[inline]
fn special(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let zero_byte = |word: u64| word.wrapping_sub(ONES) & !word;
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().take(SHORT_WORDS).enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = zero_byte(word ^ (ONES * 0x22));
        let backslash = zero_byte(word ^ (ONES * 0x5c));
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        // a borrow can only mark bytes behind the first that is really special
        let found = (quote | backslash | control) & HIGH;
        if found != 0 {
            return Some(index * 8 + (found.trailing_zeros() / 8) as usize);
        }
    }
    if words.len() <= SHORT_WORDS {
        let is_special = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < 0x20;
        return tail.iter().position(is_special).map(|found| words.len() * 8 + found);
    }
    // a long string: in whole vectors
    let rest = bytes.get(SHORT_WORDS * 8..).unwrap_or_default();
    let end = memchr::memchr2(b'"', b'\\', rest);
    let inside = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
    let has_control = inside.iter().fold(false, |found, byte| found | (*byte < 0x20));
    let found = if has_control { inside.iter().position(|byte| *byte < 0x20) } else { end };
    found.map(|found| SHORT_WORDS * 8 + found)
}

/// How many bytes at the start of `bytes` are a number in JSON's grammar.
fn number_length(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let start = usize::from(bytes.first() == Some(&b'-'));
    let mut at = digits(start);
    if at == start || (bytes.get(start) == Some(&b'0') && at > start + 1) {
        return None;
    }
    if bytes.get(at) == Some(&b'.') {
        let end = digits(at + 1);
        if end == at + 1 {
            return None;
        }
        at = end;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let end = digits(at + 1 + sign);
        if end == at + 1 + sign {
            return None;
        }
        at = end;
    }
    Some(at)
}

/// Whether the whole of `text` is a number in JSON's grammar.
#[must_use]
pub fn is_number(text: &str) -> bool {
    number_length(text.as_bytes()) == Some(text.len())
}

/// `text` as a JSON string; see [`write_string`].
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut json = String::new();
    write_string(&mut json, text);
    json
}

/// Appends `text` as a JSON string: quotes, backslash and control characters escaped as RFC 8785 says, all else as is.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    if special(text.as_bytes()).is_none() {
        out.push_str(text);
        out.push('"');
        return;
    }
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0x00..0x20 => "",
            _ => continue,
        };
        out.push_str(text.get(plain..at).unwrap_or_default());
        if escape.is_empty() {
            out.push_str(&format!("\\u{byte:04x}"));
        } else {
            out.push_str(escape);
        }
        plain = at + 1;
    }
    out.push_str(text.get(plain..).unwrap_or_default());
    out.push('"');
}

/// JSON text with every character beyond ASCII escaped.
#[must_use]
pub fn to_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// A JSON tree whose numbers are the text they were written as. For the slow paths: patches, `aux`, display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object, members in their order.
    Object(Vec<(String, Value)>),
}

/// Deepest nesting of a document; DynamoDB's own limit is 32.
pub const DEPTH_MAX: usize = 128;

impl Value {
    /// Parses one JSON text; of duplicate members the last wins.
    ///
    /// # Errors
    /// When `text` is not JSON, or nested deeper than a document whose values have [`DEPTH_MAX`] levels.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let mut scanner = Scanner::new(text);
        let value = Self::read(&mut scanner, DEPTH_MAX + 1)?;
        scanner.end()?;
        Ok(value)
    }

    fn read(scanner: &mut Scanner<'_>, levels_left: usize) -> Result<Self, Fault> {
        let kind = scanner.peek()?;
        // objects and arrays count, as in what is copied
        let below = match (kind, levels_left.checked_sub(1)) {
            (Kind::Object | Kind::Array, None) => return Err(scanner.fault("nested too deeply")),
            (_, below) => below.unwrap_or_default(),
        };
        Ok(match kind {
            Kind::Null => {
                scanner.null()?;
                Self::Null
            }
            Kind::Bool => Self::Bool(scanner.boolean()?),
            Kind::Number => Self::Number(scanner.number()?.to_owned()),
            Kind::String => Self::String(scanner.string()?.into_owned()),
            Kind::Array => {
                let mut elements = Vec::new();
                scanner.array(|scanner| {
                    elements.push(Self::read(scanner, below)?);
                    Ok::<_, Fault>(())
                })?;
                Self::Array(elements)
            }
            Kind::Object => {
                let mut members: Vec<(String, Self)> = Vec::new();
                scanner.object(|scanner, name| {
                    members.push((name.into_owned(), Self::read(scanner, below)?));
                    Ok::<_, Fault>(())
                })?;
                keep_last(&mut members, |(name, _)| name);
                Self::Object(members)
            }
        })
    }

    /// Appends the value as compact JSON text.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => out.push_str(text),
            Self::String(text) => write_string(out, text),
            Self::Array(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    element.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(out, name);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// The value as compact JSON text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }
}

/// Keeps the last of members with one name, and gives the others.
pub(crate) fn keep_last<T>(members: &mut Vec<T>, name: impl Fn(&T) -> &str) -> Vec<T> {
    let repeated = repeated_names(members.len(), |at| members.get(at).map_or("", &name));
    if repeated.is_empty() {
        return Vec::new();
    }
    let mut places = 0..;
    members.extract_if(.., |_| places.next().is_some_and(|at| repeated.binary_search(&at).is_ok())).collect()
}

/// The places of all but the last of each of `count` names that occurs more than once, ascending.
pub(crate) fn repeated_names<'n>(count: usize, name: impl Fn(usize) -> &'n str) -> Vec<usize> {
    const FEW: usize = 24; // up to this a look at every pair beats sorting
    if count <= FEW {
        let mut names = [""; FEW];
        names.iter_mut().take(count).enumerate().for_each(|(at, place)| *place = name(at));
        let names = names.get(..count).unwrap_or_default();
        let is_repeated = |at: usize, name: &&str| names.iter().skip(at + 1).any(|later| later == name);
        return names
            .iter()
            .enumerate()
            .filter(|(at, name)| is_repeated(*at, name))
            .map(|(at, _)| at)
            .collect();
    }
    let mut sorted: Vec<(&str, usize)> = (0..count).map(|at| (name(at), at)).collect();
    sorted.sort_unstable();
    let mut repeated: Vec<usize> =
        sorted.iter().zip(sorted.iter().skip(1)).filter(|(a, b)| a.0 == b.0).map(|(a, _)| a.1).collect();
    repeated.sort_unstable();
    repeated
}

#[cfg(test)]
mod tests;
