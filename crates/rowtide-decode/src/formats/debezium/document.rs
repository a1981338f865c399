//! Changes of MongoDB's connector: a document as a string of Extended JSON.

use super::key::{ID, MessageKey};
use super::message::{Message, RowImage};
use super::operation::Op;
use super::value::ColumnTypes;
use crate::catalogue::Identity;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::event::{Change, Key, Patch, token};
use crate::json::{Fault, Kind, Scanner};
use crate::values::extended_json;
use std::borrow::Cow;

/// The change of a document.
pub(super) fn change(
    operation: Op,
    message: &Message<'_>,
    message_key: Option<&MessageKey<'_>>,
) -> Result<(Key, Change)> {
    let (before, after) = (text(message.before)?, text(message.after)?);
    let key = key_of(operation, (before.as_deref(), after.as_deref()), message_key)?;
    let document = |text: &str| extended_json::document(&mut Scanner::new(text), |name| name == ID);
    let change = match (operation, after) {
        (Op::Delete, _) => Change::Delete(before.as_deref().map(document).transpose()?),
        (_, Some(after)) => Change::Put(document(&after)?),
        (Op::Update, None) => Change::Patch(patch(message.update)?),
        (Op::Create | Op::Read, None) => {
            return Err(Error::poison(Code::NoImage, "The record of a change has no document `after`."));
        }
    };
    Ok((key, change))
}

/// The key of a document.
pub(super) fn key(message: &Message<'_>, message_key: Option<&MessageKey<'_>>) -> Result<Key> {
    let (before, after) = (text(message.before)?, text(message.after)?);
    key_of(Op::Update, (before.as_deref(), after.as_deref()), message_key)
}

fn key_of(
    operation: Op,
    (before, after): (Option<&str>, Option<&str>),
    message_key: Option<&MessageKey<'_>>,
) -> Result<Key> {
    let shown = if operation == Op::Delete { before } else { after };
    if let Some(id) = shown.or(before).map(id).transpose()?.flatten() {
        return Key::new(vec![(ID.to_owned(), id)]);
    }
    let identity = Identity::Columns(vec![ID.to_owned()]);
    match message_key.and_then(MessageKey::of_document) {
        Some(key) => key.key("", &identity, &ColumnTypes::default()),
        None => {
            let message = "The record has no _id, neither in a document nor as the message key.";
            Err(Error::poison(Code::NoKey, message))
        }
    }
}

/// The Extended JSON of an image.
fn text(image: RowImage<'_>) -> Result<Option<Cow<'_, str>>> {
    match image {
        RowImage::None => Ok(None),
        RowImage::Document(literal) => Ok(Some(Scanner::new(literal).string()?)),
        RowImage::Columns(text) => Ok(Some(Cow::Borrowed(text))),
        RowImage::Strange => {
            Err(Error::poison(Code::BadImage, "A document of the record is no JSON object."))
        }
    }
}

/// The canonical `_id` of a document; the last, as documents have it.
fn id(document: &str) -> Result<Option<String>> {
    let mut found = None;
    Scanner::new(document).object(|scanner, name| {
        if name == ID {
            let mut value = String::new();
            extended_json::copy_key(scanner, &mut value)?;
            found = Some(value);
        } else {
            scanner.skip()?;
        }
        Ok::<_, Error>(())
    })?;
    Ok(found.filter(|value| value != "null"))
}

/// The patch that `updateDescription` is.
fn patch(update: Option<&str>) -> Result<Patch> {
    let Some(update) = update else {
        let message = "The record of an update has neither a document `after` nor updateDescription. Set \
             capture.mode=change_streams_update_full.";
        return Err(Error::poison(Code::NoImage, message));
    };
    let mut patch = Patch::default();
    Scanner::new(update).object(|scanner, name| {
        match (name.as_ref(), scanner.peek()?) {
            ("updatedFields", Kind::String) => set(&mut patch, &scanner.string()?)?,
            ("removedFields", Kind::Array) => scanner.array(|scanner| {
                patch.remove.push(pointer(&scanner.string()?));
                Ok::<_, Fault>(())
            })?,
            ("truncatedArrays", Kind::Array) => scanner.array(|_| {
                let message = "The update shortens an array, which is no set of fields. Set \
                     capture.mode=change_streams_update_full.";
                Err(Error::new(ErrorKind::Unsupported, Code::TruncatedArray, message))
            })?,
            _ => drop(scanner.skip()?.len()),
        }
        Ok::<_, Error>(())
    })?;
    Ok(patch)
}

fn set(patch: &mut Patch, fields: &str) -> Result<()> {
    let mut scanner = Scanner::new(fields);
    scanner.object(|scanner, name| {
        if name == ID {
            scanner.skip()?;
            return Ok(());
        }
        let mut value = String::new();
        extended_json::copy(scanner, &mut value)?;
        patch.set.push((pointer(&name), value));
        Ok::<_, Error>(())
    })?;
    Ok(scanner.end()?)
}

/// The JSON Pointer of a path with dots.
fn pointer(path: &str) -> String {
    path.split('.').map(|name| format!("/{}", token(name))).collect()
}
