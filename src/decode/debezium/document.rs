//! Changes of MongoDB's connector: a document as a string of Extended JSON.

use super::{Image, Message, MessageKey, Operation, Origin};
use crate::decode::extended_json;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Change, ChangeEvent, Key, Patch, token};
use crate::json::{Fault, Kind, Scanner};
use std::borrow::Cow;

/// The member that identifies a document.
const ID: &str = "_id";

/// The change of a document.
pub(super) fn change(
    origin: &Origin<'_>,
    operation: Operation,
    message: &Message<'_>,
    message_key: Option<&MessageKey<'_>>,
) -> Result<ChangeEvent> {
    let (before, after) = (text(message.before)?, text(message.after)?);
    let shown = if operation == Operation::Delete { &before } else { &after };
    let by_image = shown.as_deref().or(before.as_deref()).map(id).transpose()?.flatten();
    let key = match by_image {
        Some(key) => key,
        None => message_key.and_then(id_of_key).transpose()?.ok_or_else(|| {
            let message = "The record has no _id, neither in a document nor as the message key.";
            Error::poison("no_key", message)
        })?,
    };
    let key = Key::new(vec![(ID.to_owned(), key)])?;
    let document = |text: &str| extended_json::document(&mut Scanner::new(text), |name| name == ID);
    let change = match (operation, after) {
        (Operation::Delete, _) => Change::Delete(before.as_deref().map(document).transpose()?),
        (_, Some(after)) => Change::Put(document(&after)?),
        (Operation::Update, None) => Change::Patch(patch(message.update)?),
        (Operation::Create | Operation::Read, None) => {
            return Err(Error::poison("no_after", "The record of a change has no document `after`."));
        }
    };
    Ok(origin.event(Some(key), change, None))
}

/// The Extended JSON of an image.
fn text(image: Image<'_>) -> Result<Option<Cow<'_, str>>> {
    match image {
        Image::None => Ok(None),
        Image::Document(literal) => Ok(Some(Scanner::new(literal).string()?)),
        Image::Columns(text) => Ok(Some(Cow::Borrowed(text))),
        Image::Strange => Err(Error::poison("bad_document", "A document of the record is no JSON object.")),
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

/// The canonical `_id` in a message key, `{"id":"<Extended JSON>"}`; `None` when it holds none.
fn id_of_key(key: &MessageKey<'_>) -> Option<Result<String>> {
    let literal = Scanner::new(key.only()?).string().ok()?;
    let mut value = String::new();
    let mut scanner = Scanner::new(&literal);
    let read = extended_json::copy_key(&mut scanner, &mut value).and_then(|()| Ok(scanner.end()?));
    Some(read.map(|()| value))
}

/// The patch that `updateDescription` is.
fn patch(update: Option<&str>) -> Result<Patch> {
    let Some(update) = update else {
        let message = "The record of an update has neither a document `after` nor updateDescription. Set \
             capture.mode=change_streams_update_full.";
        return Err(Error::poison("no_after", message));
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
                Err(Error::new(ErrorKind::Unsupported, "truncated_array", message))
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
