//! What CrateDB's errors mean. Its own message quotes values and is left out.

use crate::error::{Code, Error, ErrorKind, Result};
use crate::sink::wire::errors::{
    MISSING_COLUMN, MISSING_SCHEMA, MISSING_TABLE, NOT_UNIQUE, TABLE_EXISTS, driver_error,
};

/// What CrateDB says when it means what PostgreSQL has a SQLSTATE for: nearly everything is XX000, and only the message
/// tells. Each with its kind and with words that may be repeated; the message itself quotes values.
const CRATEDB_MESSAGES: &[(&str, ErrorKind, &str)] = &[
    ("disk usage exceeded flood-stage", ErrorKind::Unavailable, "its disk is full"),
    ("READ_DELETE_ONLY", ErrorKind::Unavailable, "its disk is full"),
    ("primary shard is not active", ErrorKind::Unavailable, "a shard has no primary now"),
    ("Timeout", ErrorKind::Unavailable, "it ran out of time"),
    ("breaker", ErrorKind::Unavailable, "its memory is full"),
    ("Data too large", ErrorKind::Unavailable, "its memory is full"),
    ("rejected execution", ErrorKind::Unavailable, "its queues are full"),
    ("Job killed", ErrorKind::Unavailable, "the statement was killed"),
    ("Job canceled", ErrorKind::Unavailable, "the statement was cancelled"),
    ("statement_timeout", ErrorKind::Unavailable, "the statement ran out of time"),
    ("Statement canceled", ErrorKind::Unavailable, "the statement was cancelled"),
    ("no known master", ErrorKind::Unavailable, "the cluster has no master"),
    ("no master", ErrorKind::Unavailable, "the cluster has no master"),
    ("state not recovered", ErrorKind::Unavailable, "the cluster is starting"),
    ("version conflict", ErrorKind::Contended, "another statement wrote the row"),
    (
        "maximum shards open",
        ErrorKind::Schema,
        "the cluster has as many shards as it may have (cluster.max_shards_per_node)",
    ),
    ("Missing '", ErrorKind::Schema, "the user lacks a privilege"),
    ("doesn't support or allow", ErrorKind::Schema, "the table is blocked for writing, or is none"),
    ("read-only schema", ErrorKind::Schema, "the schema is the server's own"),
    (
        "statement_max_length",
        ErrorKind::Schema,
        "a statement is longer than it takes (statement_max_length, which must be 262144 or more)",
    ),
    ("Relation name \"", ErrorKind::Schema, "it takes no such name for a table or a schema"),
    ("to strict object", ErrorKind::Rejected, "a member has no column"),
    ("Cannot add column", ErrorKind::Rejected, "a member has no column"),
    ("Cannot cast", ErrorKind::Rejected, "a value does not fit its column"),
    ("already exists with type", ErrorKind::Rejected, "a value does not fit its column"),
    (COLUMN_EXISTS, ErrorKind::Contended, "the column is there already"),
    ("exceeds allowed range", ErrorKind::Rejected, "a number is out of range"),
    ("contains a dot", ErrorKind::Rejected, "a member's name cannot be a column's"),
    ("subscript pattern", ErrorKind::Rejected, "a member's name cannot be a column's"),
    ("immense term", ErrorKind::Rejected, "a text is too long"),
    ("Cannot detect the type", ErrorKind::Rejected, "a number is too long"),
    ("can not write type", ErrorKind::Rejected, "a number is too long"),
    (NO_ROOM, ErrorKind::Rejected, "the table has no room for another column"),
    ("must not be null", ErrorKind::Rejected, "a column must not be null"),
    ("must not be NULL", ErrorKind::Rejected, "a column must not be null"),
    ("Failed CONSTRAINT", ErrorKind::Rejected, "a constraint of the table"),
    ("' unknown", ErrorKind::Schema, "a table or a schema is missing, or the privilege to see it"),
    ("Mixed dataTypes", ErrorKind::Rejected, "an array holds several kinds"),
];

/// The part of a message that more follows from than its kind: another worker added the column, or there is no room for
/// one.
const COLUMN_EXISTS: &str = "already has a column named";
const NO_ROOM: &str = "Limit of total columns";

/// What is known of a message.
fn said(message: &str) -> Option<&'static (&'static str, ErrorKind, &'static str)> {
    CRATEDB_MESSAGES.iter().find(|(part, _, _)| message.contains(part))
}

/// The code of an error that CrateDB answered.
fn code_of(kind: ErrorKind, message: &str) -> Code {
    match (said(message).map(|(part, _, _)| *part), kind) {
        (Some(COLUMN_EXISTS), _) => Code::ColumnExists,
        (Some(NO_ROOM), _) => Code::NoRoom,
        (_, ErrorKind::Rejected | ErrorKind::Malformed | ErrorKind::Unsupported) => Code::Rejected,
        (_, ErrorKind::Contended) => Code::Contended,
        (_, ErrorKind::Unavailable) => Code::Unavailable,
        (_, ErrorKind::Config | ErrorKind::Schema) => Code::Configuration,
    }
}

/// The kind of an error that CrateDB answered, and words for it that hold no value. What nobody knows is tried again:
/// a record that is refused for ever would be reported, and nothing is lost.
///
/// Source: observed on CrateDB 6.3.6.
fn classify_cratedb(sqlstate: &str, message: &str) -> (ErrorKind, &'static str) {
    if let Some((_, kind, words)) = said(message) {
        return (*kind, words);
    }
    match sqlstate {
        NOT_UNIQUE => (ErrorKind::Contended, "the row is there already"),
        MISSING_TABLE => (ErrorKind::Schema, "a table is missing"),
        MISSING_COLUMN => (ErrorKind::Schema, "a column is missing"),
        TABLE_EXISTS => (ErrorKind::Schema, "the table is there already"),
        MISSING_SCHEMA => (ErrorKind::Schema, "the schema is missing"),
        _ if sqlstate.starts_with("28") => {
            (ErrorKind::Schema, "it refuses the login or the user lacks a privilege")
        }
        _ if sqlstate.starts_with("42") => (ErrorKind::Schema, "it does not understand the statement"),
        "0A000" => (ErrorKind::Schema, "it does not know a function or a feature"),
        _ => (ErrorKind::Unavailable, "it answered something unknown"),
    }
}

/// What a driver error means. The server's own message quotes values and is left out.
pub(super) fn server_error(error: &tokio_postgres::Error) -> Error {
    let Some(answer) = error.as_db_error() else { return driver_error(error, ErrorKind::Rejected) };
    let sqlstate = answer.code().code();
    let (kind, words) = classify_cratedb(sqlstate, answer.message());
    let advice = match kind {
        ErrorKind::Rejected | ErrorKind::Malformed | ErrorKind::Unsupported => "CrateDB refuses the row",
        ErrorKind::Contended => "The statement lost against another one",
        ErrorKind::Unavailable => "CrateDB cannot do it now",
        ErrorKind::Config | ErrorKind::Schema => "CrateDB cannot do it",
    };
    let code = code_of(kind, answer.message());
    Error::new(kind, code, format!("{advice}: {words} (SQLSTATE {sqlstate}).")).with_sqlstate(sqlstate)
}

/// Whatever a DDL statement fails with, no row is the cause.
pub(super) fn of_ddl(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Unavailable | ErrorKind::Contended | ErrorKind::Config | ErrorKind::Schema => error,
        ErrorKind::Rejected | ErrorKind::Malformed | ErrorKind::Unsupported => {
            let told = Error::new(ErrorKind::Schema, Code::Configuration, error.message());
            error.sqlstate().into_iter().fold(told, Error::with_sqlstate)
        }
    }
}

/// What an answer holds. A connection whose statements were prepared before their table was recreated answers with the
/// columns of the old one.
pub(super) fn read<T>(of: impl FnOnce() -> Result<T, tokio_postgres::Error>) -> Result<T> {
    of().map_err(|error| {
        let message = "CrateDB's answer cannot be read: was a table made anew?";
        Error::new(ErrorKind::Unavailable, Code::Unreadable, message).because(error)
    })
}

#[cfg(test)]
mod tests {
    use super::classify_cratedb;
    use crate::error::ErrorKind;

    #[test]
    fn every_message_of_cratedb_that_we_name_has_its_kind() {
        let table = [
            (
                "XX000",
                "Cannot cast object element `n` with value `abc` to type `double precision`",
                ErrorKind::Rejected,
            ),
            ("XX000", "Column n already exists with type text", ErrorKind::Rejected),
            ("XX000", "Cannot add column `zzz` to strict object `data`", ErrorKind::Rejected),
            (
                "XX000",
                "Value 9223372036854775807 exceeds allowed range for column of type bigint",
                ErrorKind::Rejected,
            ),
            ("XX000", "\"a.b\" contains a dot", ErrorKind::Rejected),
            (
                "XX000",
                "conflicts with subscript pattern, square brackets are not allowed",
                ErrorKind::Rejected,
            ),
            ("XX000", "Document contains at least one immense term in field=\"x\"", ErrorKind::Rejected),
            ("XX000", "Cannot detect the type of the value: 123456789012345680000", ErrorKind::Rejected),
            ("XX000", "can not write type [class java.math.BigInteger]", ErrorKind::Rejected),
            ("XX000", "Limit of total columns [1000] in table [doc.t] exceeded", ErrorKind::Rejected),
            ("XX000", "primary shard is not active Timeout: [1m]", ErrorKind::Unavailable),
            ("XX000", "[parent] Data too large, circuit breaker", ErrorKind::Unavailable),
            ("XX000", "rejected execution of task", ErrorKind::Unavailable),
            ("XX000", "Job killed. statement_timeout (100ms)", ErrorKind::Unavailable),
            ("XX000", "no known master node", ErrorKind::Unavailable),
            (
                "XX000",
                "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];",
                ErrorKind::Unavailable,
            ),
            (
                "XX000",
                "blocked by: [RELATION_READ_DELETE_ONLY/12/index read-only / allow delete (api)];",
                ErrorKind::Unavailable,
            ),
            ("XX000", "The relation \"doc.t\" doesn't support or allow INSERT operations", ErrorKind::Schema),
            ("XX000", "Cannot create relation in read-only schema: sys", ErrorKind::Schema),
            (
                "XX000",
                "Statement exceeds `statement_max_length` (262144 allowed, 270766 provided). Try replacing inline \
                 values with parameter placeholders (`?`)",
                ErrorKind::Schema,
            ),
            ("XX000", "Relation name \"a b.t\" is invalid.", ErrorKind::Schema),
            ("XX000", "Missing 'DML' privilege for user 'stranger'", ErrorKind::Schema),
            ("XX000", "this cluster currently has [1000]/[1000] maximum shards open", ErrorKind::Schema),
            ("XX000", "something that nobody has seen", ErrorKind::Unavailable),
            ("23505", "A document with the same primary key exists already", ErrorKind::Contended),
            ("42P01", "Relation 'nope' unknown", ErrorKind::Schema),
            ("42703", "Column nope unknown", ErrorKind::Schema),
            ("XX000", "Failed CONSTRAINT small CHECK (\"v\" < 10) for values: [b]", ErrorKind::Rejected),
            ("XX000", "\"n\" must not be null", ErrorKind::Rejected),
            ("XX000", "Schema 'doc' unknown", ErrorKind::Schema),
            ("28000", "password authentication failed for user \"x\"", ErrorKind::Schema),
        ];
        for (sqlstate, message, kind) in table {
            assert_eq!(classify_cratedb(sqlstate, message).0, kind, "{sqlstate} {message}");
        }
    }
}
