//! What an update says of itself: `updateDescription` as a patch.

use super::errors::{FULL_DOCUMENT, no_full_document, wrong_type};
use crate::error::{Code, Error, ErrorKind, Result};
use crate::event::{Key, Patch, token};
use crate::json::{Kind, Scanner};
use crate::values::extended_json;
use std::collections::BTreeMap;

/// What an update says of itself, as text.
#[derive(Debug, Default)]
pub(super) struct Description<'a> {
    updated: Option<&'a str>,
    removed: Option<&'a str>,
    truncated: Option<&'a str>,
    /// The pointers of paths that are not what they look like; `None` when the stream does not tell.
    disambiguated: Option<BTreeMap<String, String>>,
}

impl<'a> Description<'a> {
    pub(super) fn read(scanner: &mut Scanner<'a>) -> Result<Self> {
        let mut found = Self::default();
        scanner.object(|scanner, name| {
            match (name.as_ref(), scanner.peek()?) {
                (_, Kind::Null) => scanner.null()?,
                ("updatedFields", Kind::Object) => found.updated = Some(scanner.skip()?),
                ("removedFields", Kind::Array) => found.removed = Some(scanner.skip()?),
                ("truncatedArrays", Kind::Array) => found.truncated = Some(scanner.skip()?),
                ("disambiguatedPaths", Kind::Object) => {
                    let mut pointers = BTreeMap::new();
                    scanner.object(|scanner, path| {
                        pointers.insert(path.into_owned(), parts(scanner)?);
                        Ok::<_, Error>(())
                    })?;
                    found.disambiguated = Some(pointers);
                }
                ("updatedFields" | "removedFields" | "truncatedArrays" | "disambiguatedPaths", _) => {
                    return Err(wrong_type("updateDescription", "as MongoDB writes it"));
                }
                _ => drop(scanner.skip()?),
            }
            Ok::<_, Error>(())
        })?;
        Ok(found)
    }

    pub(super) fn patch(&self, key: &Key) -> Result<Patch> {
        if self.updated.or(self.removed).or(self.truncated).is_none() {
            return Err(no_full_document());
        }
        let mut patch = Patch::default();
        self.truncate(&mut patch, key)?;
        if let Some(updated) = self.updated {
            Scanner::new(updated).object(|scanner, path| {
                let pointer = self.pointer(&path, key)?;
                let mut value = String::new();
                extended_json::copy(scanner, &mut value)?;
                patch.set.push((pointer, value));
                Ok::<_, Error>(())
            })?;
        }
        if let Some(removed) = self.removed {
            Scanner::new(removed).array(|scanner| {
                if scanner.peek()? != Kind::String {
                    return Err(wrong_type("updateDescription.removedFields", "a list of names"));
                }
                patch.remove.push(self.pointer(&scanner.string()?, key)?);
                Ok::<_, Error>(())
            })?;
        }
        Ok(patch)
    }

    /// Of an array only the new length is known: only what leaves nothing can be said by setting it.
    fn truncate(&self, patch: &mut Patch, key: &Key) -> Result<()> {
        let Some(truncated) = self.truncated else { return Ok(()) };
        Scanner::new(truncated).array(|scanner| {
            let (mut field, mut size) = (None, String::new());
            scanner.object(|scanner, name| {
                match name.as_ref() {
                    "field" => field = scanner.text()?,
                    "newSize" => extended_json::copy(scanner, &mut size)?,
                    _ => drop(scanner.skip()?),
                }
                Ok::<_, Error>(())
            })?;
            let expected =
                || wrong_type("updateDescription.truncatedArrays", "a list of fields with newSize");
            let field = field.ok_or_else(expected)?;
            if size != "0" {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    Code::TruncatedArray,
                    format!(
                        "The update cuts off the end of an array, which a patch cannot say. {FULL_DOCUMENT}"
                    ),
                ));
            }
            patch.set.push((self.pointer(&field, key)?, "[]".to_owned()));
            Ok::<_, Error>(())
        })
    }

    /// Refuses an update that changes the key.
    pub(super) fn leaves(&self, key: &Key) -> Result<()> {
        if let Some(updated) = self.updated {
            Scanner::new(updated).object(|scanner, path| {
                scanner.skip()?;
                apart(&path, key)
            })?;
        }
        let Some(removed) = self.removed else { return Ok(()) };
        Scanner::new(removed).array(|scanner| apart(&scanner.text()?.unwrap_or_default(), key))
    }

    /// The JSON Pointer of a dotted path.
    fn pointer(&self, path: &str, key: &Key) -> Result<String> {
        apart(path, key)?;
        let told = self.disambiguated.as_ref();
        if let Some(pointer) = told.and_then(|pointers| pointers.get(path)) {
            return Ok(pointer.clone());
        }
        if told.is_none() && path.contains('.') && path.split('.').any(str::is_empty) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                Code::AmbiguousPath,
                format!(
                    "The path of an updated field has an empty part, so one of its names holds a dot. \
                     {FULL_DOCUMENT} Or open it with showExpandedEvents = true."
                ),
            ));
        }
        let mut pointer = String::with_capacity(path.len() + 1);
        for part in path.split('.') {
            pointer.push('/');
            if part.contains(['~', '/']) {
                pointer.push_str(&token(part));
            } else {
                pointer.push_str(part);
            }
        }
        Ok(pointer)
    }
}

/// Refuses a path that is above, in or below a member of the key.
fn apart(path: &str, key: &Key) -> Result<()> {
    let is_below = |path: &str, of: &str| path.strip_prefix(of).is_some_and(|rest| rest.starts_with('.'));
    if key.names().any(|name| name == path || is_below(path, name) || is_below(name, path)) {
        return Err(Error::new(
            ErrorKind::Unsupported,
            Code::ShardKeyChanged,
            "The update changes the document's shard key, which is part of the row's key, and does not say what it was \
             before. Where no two documents share an _id, set key = [\"_id\"] in the route.",
        ));
    }
    Ok(())
}

/// The parts of a path, as a JSON Pointer: names as texts, indices of arrays as numbers.
fn parts(scanner: &mut Scanner<'_>) -> Result<String> {
    let expected = || wrong_type("updateDescription.disambiguatedPaths", "lists of names and numbers");
    let mut pointer = String::new();
    if scanner.peek()? != Kind::Array {
        return Err(expected());
    }
    scanner.array(|scanner| {
        pointer.push('/');
        match scanner.peek()? {
            Kind::String => pointer.push_str(&token(&scanner.string()?)),
            Kind::Number | Kind::Object => {
                let mut index = String::new();
                extended_json::copy(scanner, &mut index)?;
                if index.is_empty() || !index.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(expected());
                }
                pointer.push_str(&index);
            }
            Kind::Array | Kind::Bool | Kind::Null => return Err(expected()),
        }
        Ok(())
    })?;
    if pointer.is_empty() { Err(expected()) } else { Ok(pointer) }
}
