//! What can be wrong with a change event, in one wording.

use crate::error::{Code, Error};

pub(super) fn no_change_event() -> Error {
    Error::poison(Code::NotAChangeRecord, "The record is JSON, but no MongoDB change event.")
}

pub(super) fn missing_version(what: &str) -> Error {
    Error::poison(Code::MissingVersion, format!("The change event has no {what}, which orders the changes."))
}

pub(super) fn wrong_type(member: &str, expected: &str) -> Error {
    Error::poison(Code::BadField, format!("The change event's {member} is not {expected}."))
}

/// What advice a partial image gets that cannot be applied.
pub(super) const FULL_DOCUMENT: &str =
    "Open the change stream with fullDocument = \"updateLookup\" or \"required\".";

pub(super) fn no_full_document() -> Error {
    let text = format!("The change event has neither fullDocument nor updateDescription. {FULL_DOCUMENT}");
    Error::poison(Code::NoFullDocument, text)
}
