//! What a payload looks like from outside: the members of its object, read no further than somebody asks.

use crate::json::{self, Fault, Kind, Members, Scanner};
use std::borrow::Cow;
use std::cell::RefCell;

/// A payload's outermost members. It is shared by all decoders that are asked about the payload, so that telling
/// formats apart reads it at most once. A payload that is broken has the members in front of the fault.
#[derive(Debug)]
pub struct Outline<'a> {
    text: Result<&'a str, Fault>,
    kind: Option<Kind>,
    read: RefCell<Read<'a>>,
}

#[derive(Debug)]
struct Read<'a> {
    members: Vec<(Cow<'a, str>, Kind, &'a str)>,
    /// A member whose value has not been passed yet.
    open: Option<(Cow<'a, str>, Kind)>,
    left: Option<Members<'a>>,
    /// A bit of each name that was read: most names that are asked for are not there, and this says so at once.
    bits: u64,
    /// Whether somebody will ask for names.
    is_kept: bool,
}

/// Room for as many members as most payloads have.
const MEMBERS: usize = 16;

/// One of 64 bits, from a name's length and its ends.
#[inline]
fn bit(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let [first, last] =
        [bytes.first(), bytes.last()].map(|byte| usize::from(byte.copied().unwrap_or_default()));
    1 << ((bytes.len() + first * 7 + last * 29) % 64)
}

impl<'a> Outline<'a> {
    /// The outline of a payload.
    #[must_use]
    pub fn of(payload: &'a [u8]) -> Self {
        Self::new(json::text(payload))
    }

    fn new(text: Result<&'a str, Fault>) -> Self {
        let scanner = text.map(Scanner::new);
        let kind = scanner.clone().ok().and_then(|mut scanner| scanner.peek().ok());
        let members =
            scanner.ok().filter(|_| kind == Some(Kind::Object)).and_then(|scanner| scanner.members().ok());
        Self { text, kind, read: RefCell::new(Read::of(members)) }
    }

    /// Keeps what [`Outline::object`] will read, to answer questions.
    pub(super) fn keep(&self) {
        self.read.borrow_mut().is_kept = true;
    }

    /// Reads the outermost members one after the other: `each` is given every name and must read the value. Gives
    /// whether the payload is an object; anything else has no members. What is read here need not be read again to
    /// tell formats apart.
    ///
    /// # Errors
    /// When the payload is not JSON, or `each` fails.
    pub fn object<E: From<Fault>>(
        &self,
        mut each: impl FnMut(&mut Scanner<'a>, &str) -> Result<(), E>,
    ) -> Result<bool, E> {
        let mut scanner = Scanner::new(self.text?);
        if self.kind != Some(Kind::Object) {
            scanner.skip()?;
            scanner.end()?;
            return Ok(false);
        }
        let is_wanted = {
            let known = self.read.borrow();
            known.is_kept && known.left.is_some()
        };
        let mut read = Read { is_kept: is_wanted, ..Read::of(None) };
        if is_wanted {
            read.members.reserve(MEMBERS);
        }
        scanner.object(|scanner, name| {
            if !is_wanted {
                return each(scanner, &name);
            }
            let kind = scanner.peek()?;
            let start = scanner.clone();
            each(scanner, &name)?;
            read.bits |= bit(&name);
            read.members.push((name, kind, start.since_here(scanner)));
            Ok(())
        })?;
        scanner.end()?;
        if is_wanted {
            *self.read.borrow_mut() = read;
        }
        Ok(true)
    }

    /// What the payload is; `None` when it is no JSON value.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// The payload without the white space around it; empty when it is not UTF-8.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text.unwrap_or_default().trim_ascii()
    }

    /// Whether the payload has no bytes at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text == Ok("")
    }

    /// What the member `name` is, if there is one. Reads up to its value.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<Kind> {
        self.read.borrow_mut().member(name)
    }

    /// Whether there is a member `name`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.member(name).is_some()
    }

    /// JSON text of the member `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.read.borrow_mut().get(name)
    }

    /// The characters of the member `name`, when it is a string.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<Cow<'a, str>> {
        Scanner::new(self.get(name)?).string().ok()
    }

    /// The outline of the member `name`: without members when it is no object or not there.
    #[must_use]
    pub fn inner(&self, name: &str) -> Outline<'a> {
        Self::new(Ok(self.get(name).unwrap_or_default()))
    }

    /// How many members there are. Reads to the end.
    #[must_use]
    pub fn len(&self) -> usize {
        let mut read = self.read.borrow_mut();
        while read.pass() {}
        read.members.len()
    }
}

impl<'a> Read<'a> {
    fn of(left: Option<Members<'a>>) -> Self {
        Self { members: Vec::new(), open: None, left, bits: 0, is_kept: false }
    }

    /// Passes the open member's value, if one is open.
    fn close(&mut self) {
        let Some((name, kind)) = self.open.take() else { return };
        if self.members.is_empty() {
            self.members.reserve(MEMBERS);
        }
        match self.left.as_mut().map(Members::value) {
            Some(Ok(value)) => self.members.push((name, kind, value)),
            _ => self.left = None,
        }
    }

    /// Opens the next member, if there is one.
    fn pass(&mut self) -> bool {
        self.close();
        let next = self.left.as_mut().map(|left| {
            let Some(name) = left.name()? else { return Ok(None) };
            Ok::<_, Fault>(Some((name, left.kind()?)))
        });
        self.open = next.and_then(Result::ok).flatten();
        self.bits |= self.open.as_ref().map_or(0, |(name, _)| bit(name));
        if self.open.is_none() {
            self.left = None;
        }
        self.open.is_some()
    }

    fn member(&mut self, wanted: &str) -> Option<Kind> {
        if self.left.is_none() && self.bits & bit(wanted) == 0 {
            return None;
        }
        if let Some((_, kind, _)) = self.members.iter().find(|(name, _, _)| name == wanted) {
            return Some(*kind);
        }
        loop {
            if let Some((name, kind)) = &self.open
                && name == wanted
            {
                return Some(*kind);
            }
            if !self.pass() {
                return None;
            }
        }
    }

    fn get(&mut self, wanted: &str) -> Option<&'a str> {
        self.member(wanted)?;
        self.close();
        self.members.iter().find(|(name, _, _)| name == wanted).map(|(_, _, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::Outline;
    use crate::json::Kind;

    #[test]
    fn members_are_found_in_any_order_of_asking() {
        let outline = Outline::of(br#" {"a":1,"b":{"c":"x\n","d":[1]},"e":null} "#);
        assert_eq!((outline.kind(), outline.is_empty()), (Some(Kind::Object), false));
        assert_eq!((outline.member("e"), outline.member("a")), (Some(Kind::Null), Some(Kind::Number)));
        assert_eq!((outline.get("a"), outline.get("z")), (Some("1"), None));
        assert_eq!(outline.inner("b").string("c").as_deref(), Some("x\n"));
        assert_eq!(outline.inner("b").get("d"), Some("[1]"));
        assert_eq!((outline.inner("a").len(), outline.inner("z").len(), outline.len()), (0, 0, 3));
    }

    #[test]
    fn nothing_behind_the_answer_is_read() {
        let outline = Outline::of(br#"{"a":{},"b":"#);
        assert_eq!((outline.member("a"), outline.get("a")), (Some(Kind::Object), Some("{}")));
        assert_eq!((outline.member("b"), outline.get("b"), outline.len()), (None, None, 1));
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for payload in [&b""[..], b"[1]", b"7", b"x", b"\xff", b"{", b"{\"a\""] {
            let outline = Outline::of(payload);
            assert_eq!((outline.len(), outline.has("a")), (0, false));
        }
        assert!(Outline::of(b"").is_empty());
        assert_eq!(Outline::of(b"[1]").kind(), Some(Kind::Array));
    }
}
