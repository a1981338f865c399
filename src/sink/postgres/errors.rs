//! What PostgreSQL's errors mean beyond what any server's do: who was the cause, and what another worker did meanwhile.

use crate::error::{Code, Error, ErrorKind, Result};
use crate::sink::wire::errors::{
    CANCELLED, INTERNAL, LOCK_NOT_AVAILABLE, MISSING_TABLE, NO_PRIVILEGE, NOT_UNIQUE, READ_ONLY,
    TABLE_EXISTS, driver_error,
};

/// `duplicate_object`.
const OBJECT_EXISTS: &str = "42710";
/// `undefined_object`.
const MISSING_OBJECT: &str = "42704";
/// `invalid_table_definition`: `create or replace view` cannot change or remove columns.
const OTHER_COLUMNS: &str = "42P16";

/// The error of a statement that writes rows, of which one may be the cause.
pub(super) fn row_error(error: tokio_postgres::Error) -> Error {
    driver_error(&error, ErrorKind::Rejected)
}

/// The error of a statement of which no row is the cause.
pub(super) fn ddl_error(error: tokio_postgres::Error) -> Error {
    driver_error(&error, ErrorKind::Schema)
}

/// The definition of a view that is dropped while it is read cannot be had: the next look finds what came instead.
pub(super) fn dropped_meanwhile(error: tokio_postgres::Error) -> Error {
    let error = ddl_error(error);
    match error.sqlstate() {
        Some(INTERNAL) => {
            Error::new(ErrorKind::Contended, Code::Contended, error.message()).with_sqlstate(INTERNAL)
        }
        _ => error,
    }
}

/// Another worker created the same object at the same time: that is no error, the next look finds it.
pub(super) fn lost_race(error: Error) -> Result<()> {
    match error.sqlstate() {
        Some(NOT_UNIQUE | TABLE_EXISTS | OBJECT_EXISTS | INTERNAL) => Ok(()),
        _ => Err(error),
    }
}

/// A view was dropped, made or altered at the moment at which it was to be replaced.
pub(super) fn is_changed_view(error: &Error) -> bool {
    matches!(error.sqlstate(), Some(INTERNAL | MISSING_TABLE | TABLE_EXISTS | MISSING_OBJECT | NOT_UNIQUE))
}

/// A view cannot be replaced now: somebody reads it or builds on it, or the user may not.
pub(super) fn is_kept_view(error: &Error) -> bool {
    error.code() == Code::ViewInUse
        || matches!(error.sqlstate(), Some(LOCK_NOT_AVAILABLE | NO_PRIVILEGE | READ_ONLY | CANCELLED))
}

/// A view cannot be replaced as it is, because its columns change.
pub(super) fn has_other_columns(error: &Error) -> bool {
    error.sqlstate() == Some(OTHER_COLUMNS)
}
