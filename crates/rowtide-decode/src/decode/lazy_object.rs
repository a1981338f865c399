//! A payload as an object whose members are found without reading further than somebody asks.

use crate::json::{self, Fault, Kind, Members, Scanner};
use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};

/// A payload's outermost members. It is shared by all decoders that are asked about the payload, so that telling
/// formats apart reads it at most once. A payload that is broken has the members in front of the fault.
#[derive(Debug)]
pub struct LazyObject<'a> {
    text: Result<&'a str, Fault>,
    kind: Option<Kind>,
    read: RefCell<Read<'a>>,
    /// A bit of each name that may be there: of all names until the end is read. Most names that are asked for are not
    /// there, and this says so at once.
    names: Cell<u64>,
    inner: OnceCell<Box<Nested<'a>>>,
}

/// An object inside, so that it too is read at most once, and the next one.
#[derive(Debug)]
struct Nested<'a> {
    text: &'a str,
    object: LazyObject<'a>,
    next: OnceCell<Box<Nested<'a>>>,
}

#[derive(Debug)]
struct Read<'a> {
    members: Vec<(Cow<'a, str>, Kind, &'a str)>,
    /// A member whose value has not been passed yet.
    open: Option<(Cow<'a, str>, Kind)>,
    left: Option<Members<'a>>,
    /// A bit of each name that was read.
    names: u64,
    /// Whether somebody will ask for names.
    is_kept: bool,
}

/// Room for as many members as most payloads have.
const MEMBERS: usize = 16;

/// One of 64 bits, from a name's length and its ends; the factors keep the names of the formats apart.
#[inline]
fn bit(name: &str) -> u64 {
    match name.as_bytes() {
        [] => 1,
        [one] => 1 << (usize::from(*one) % 64),
        [first, .., last] => {
            1 << ((name.len() * 11 + usize::from(*first) * 3 + usize::from(*last) * 13) % 64)
        }
    }
}

impl<'a> LazyObject<'a> {
    /// A payload as an object; nothing of it is read yet but its first character.
    #[must_use]
    pub fn of(payload: &'a [u8]) -> Self {
        Self::new(json::text(payload))
    }

    fn new(text: Result<&'a str, Fault>) -> Self {
        let scanner = text.map(Scanner::new);
        let kind = scanner.clone().ok().and_then(|mut scanner| scanner.peek().ok());
        let members =
            scanner.ok().filter(|_| kind == Some(Kind::Object)).and_then(|scanner| scanner.members().ok());
        let names = Cell::new(if members.is_some() { u64::MAX } else { 0 });
        Self { text, kind, read: RefCell::new(Read::of(members)), names, inner: OnceCell::new() }
    }

    /// Keeps what [`LazyObject::read`] will read, to answer questions.
    pub(crate) fn keep(&self) {
        self.read.borrow_mut().is_kept = true;
    }

    /// Reads the outermost members one after the other: `each` is given every name and must read the value. Gives
    /// whether the payload is an object; anything else has no members. What is read here need not be read again to
    /// tell formats apart.
    ///
    /// # Errors
    /// When the payload is not JSON, or `each` fails.
    pub fn read<E: From<Fault>>(
        &self,
        each: impl FnMut(&mut Scanner<'a>, &str) -> Result<(), E>,
    ) -> Result<bool, E> {
        let mut scanner = Scanner::new(self.text?);
        if self.kind != Some(Kind::Object) {
            scanner.skip()?;
            scanner.end()?;
            return Ok(false);
        }
        let read = Read::object(&mut scanner, self.is_wanted(), each)?;
        scanner.end()?;
        self.keep_read(read);
        Ok(true)
    }

    /// As [`LazyObject::read`], of an object inside: the next value of `scanner`, which must be one. Of several only
    /// the first is kept, as of several members with one name only the first is found.
    ///
    /// # Errors
    /// When the object is broken, or `each` fails.
    pub(crate) fn read_inside<E: From<Fault>>(
        &self,
        scanner: &mut Scanner<'a>,
        each: impl FnMut(&mut Scanner<'a>, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        scanner.peek()?;
        let start = scanner.clone();
        let read = Read::object(scanner, self.is_wanted() && self.inner.get().is_none(), each)?;
        if read.is_kept {
            self.of_inner(start.since_here(scanner)).keep_read(read);
        }
        Ok(())
    }

    /// Whether what is read now will answer questions.
    fn is_wanted(&self) -> bool {
        let known = self.read.borrow();
        known.is_kept && known.left.is_some()
    }

    fn keep_read(&self, read: Read<'a>) {
        if read.is_kept {
            self.names.set(read.names);
            *self.read.borrow_mut() = read;
        }
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
    #[inline]
    pub fn member(&self, name: &str) -> Option<Kind> {
        if self.names.get() & bit(name) == 0 { None } else { self.look_for(name) }
    }

    fn look_for(&self, name: &str) -> Option<Kind> {
        let mut read = self.read.borrow_mut();
        let found = read.member(name);
        if read.left.is_none() {
            self.names.set(read.names);
        }
        found
    }

    /// Whether there is a member `name`.
    #[must_use]
    #[inline]
    pub fn has(&self, name: &str) -> bool {
        self.member(name).is_some()
    }

    /// JSON text of the member `name`.
    #[must_use]
    #[inline]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        if self.names.get() & bit(name) == 0 { None } else { self.read.borrow_mut().get(name) }
    }

    /// Whether there is more than one member `name`. Reads to the end.
    pub(crate) fn repeats(&self, name: &str) -> bool {
        let mut read = self.read.borrow_mut();
        while read.pass() {}
        read.members.iter().filter(|(member, _, _)| member == name).nth(1).is_some()
    }

    /// The characters of the member `name`, when it is a string.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<Cow<'a, str>> {
        Scanner::new(self.get(name)?).string().ok()
    }

    /// The member `name` as an object: without members when it is no object or not there.
    #[must_use]
    pub fn inner(&self, name: &str) -> &LazyObject<'a> {
        self.of_inner(self.get(name).unwrap_or_default())
    }

    fn of_inner(&self, text: &'a str) -> &LazyObject<'a> {
        let mut place = &self.inner;
        loop {
            let object = || Self::new(Ok(text));
            let inner =
                place.get_or_init(|| Box::new(Nested { text, object: object(), next: OnceCell::new() }));
            if std::ptr::eq(inner.text, text) {
                return &inner.object;
            }
            place = &inner.next;
        }
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
        Self { members: Vec::new(), open: None, left, names: 0, is_kept: false }
    }

    /// Reads an object; its members are known afterwards when they are to be kept.
    fn object<E: From<Fault>>(
        scanner: &mut Scanner<'a>,
        is_kept: bool,
        mut each: impl FnMut(&mut Scanner<'a>, &str) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut read = Self { is_kept, ..Self::of(None) };
        if is_kept {
            read.members.reserve(MEMBERS);
        }
        scanner.object(|scanner, name| {
            let kind = scanner.peek()?;
            let start = scanner.clone();
            each(scanner, &name)?;
            if is_kept {
                read.names |= bit(&name);
                read.members.push((name, kind, start.since_here(scanner)));
            }
            Ok::<_, E>(())
        })?;
        Ok(read)
    }

    /// Passes the open member's value, if one is open.
    fn close(&mut self) {
        let Some((name, kind)) = self.open.take() else { return };
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
        self.names |= self.open.as_ref().map_or(0, |(name, _)| bit(name));
        if self.open.is_none() {
            self.left = None;
        }
        self.open.is_some()
    }

    fn member(&mut self, wanted: &str) -> Option<Kind> {
        if let Some((kind, _)) = self.known(wanted) {
            return Some(kind);
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
        let known = self.known(wanted).or_else(|| {
            self.member(wanted)?;
            self.close();
            self.known(wanted)
        });
        known.map(|(_, value)| value)
    }

    fn known(&self, wanted: &str) -> Option<(Kind, &'a str)> {
        let member = self.members.iter().find(|(name, _, _)| name == wanted);
        member.map(|(_, kind, value)| (*kind, *value))
    }
}

#[cfg(test)]
mod tests {
    use super::LazyObject;
    use crate::json::Kind;

    #[test]
    fn members_are_found_in_any_order_of_asking() {
        let object = LazyObject::of(br#" {"a":1,"b":{"c":"x\n","d":[1]},"e":null} "#);
        assert_eq!((object.kind(), object.is_empty()), (Some(Kind::Object), false));
        assert_eq!((object.member("e"), object.member("a")), (Some(Kind::Null), Some(Kind::Number)));
        assert_eq!((object.get("a"), object.get("z")), (Some("1"), None));
        assert_eq!(object.inner("b").string("c").as_deref(), Some("x\n"));
        assert_eq!(object.inner("b").get("d"), Some("[1]"));
        assert_eq!((object.inner("a").len(), object.inner("z").len(), object.len()), (0, 0, 3));
    }

    #[test]
    fn an_read_inside_is_read_once_however_often_it_stands_there() {
        let payload = format!("{{{}}}", vec![r#""a":{"b":1}"#; 200_000].join(","));
        let object = LazyObject::of(payload.as_bytes());
        object.keep();
        let mut read = 0;
        let whole = object.read(|scanner, _| {
            object.read_inside(scanner, |scanner, _| {
                read += 1;
                scanner.skip().map(drop)
            })
        });
        assert_eq!(whole, Ok(true));
        assert_eq!(
            (read, object.inner("a").get("b"), object.inner("a").has("a")),
            (200_000, Some("1"), false)
        );
    }

    #[test]
    fn nothing_behind_the_answer_is_read() {
        let object = LazyObject::of(br#"{"a":{},"b":"#);
        assert_eq!((object.member("a"), object.get("a")), (Some(Kind::Object), Some("{}")));
        assert_eq!((object.member("b"), object.get("b"), object.len()), (None, None, 1));
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for payload in [&b""[..], b"[1]", b"7", b"x", b"\xff", b"{", b"{\"a\""] {
            let object = LazyObject::of(payload);
            assert_eq!((object.len(), object.has("a")), (0, false));
        }
        assert!(LazyObject::of(b"").is_empty());
        assert_eq!(LazyObject::of(b"[1]").kind(), Some(Kind::Array));
    }
}
