//! What errors of a server and of the driver mean. The server's own message may quote values and is left out.

use crate::error::{Code, Error, ErrorKind};
use rustls::CertificateError;
use std::io::ErrorKind as ErrorKindIo;
use tokio_postgres::error::ErrorPosition;

/// `read_only_sql_transaction`.
pub(in crate::sink) const READ_ONLY: &str = "25006";
/// `unique_violation`.
pub(in crate::sink) const NOT_UNIQUE: &str = "23505";
/// `invalid_schema_name`.
pub(in crate::sink) const MISSING_SCHEMA: &str = "3F000";
/// `insufficient_privilege`.
pub(in crate::sink) const NO_PRIVILEGE: &str = "42501";
/// `undefined_column`.
pub(in crate::sink) const MISSING_COLUMN: &str = "42703";
/// `undefined_table`.
pub(in crate::sink) const MISSING_TABLE: &str = "42P01";
/// `duplicate_table`.
pub(in crate::sink) const TABLE_EXISTS: &str = "42P07";
/// `lock_not_available`.
pub(in crate::sink) const LOCK_NOT_AVAILABLE: &str = "55P03";
/// `query_canceled`.
pub(in crate::sink) const CANCELLED: &str = "57014";
/// `internal_error`.
pub(in crate::sink) const INTERNAL: &str = "XX000";

/// The kind of an error that PostgreSQL answered to a statement that writes rows.
///
/// Unknown states are [`ErrorKind::Config`]: a person looks before anything is parked or lost.
/// Source: PostgreSQL documentation, appendix "PostgreSQL Error Codes".
fn classify_sqlstate(sqlstate: &str) -> ErrorKind {
    let class = sqlstate.get(..2).unwrap_or_default();
    match (class, sqlstate) {
        (_, READ_ONLY) => ErrorKind::Unavailable,
        (_, LOCK_NOT_AVAILABLE) | ("40", _) => ErrorKind::Contended,
        (_, "P0001" | "44000" | "54000" | "54001") | ("22" | "23", _) => ErrorKind::Rejected,
        ("08" | "53" | "57", _) => ErrorKind::Unavailable,
        ("28" | "3D" | "3F" | "42", _) => ErrorKind::Schema,
        _ => ErrorKind::Config,
    }
}

/// The files of PostgreSQL that name the objects which an error is about: checks, keys, references, domains,
/// partitions. Source: `src/backend/executor`, `access/nbtree`, `utils/adt`.
const NAMING: [&str; 8] = [
    "execMain.c",
    "execIndexing.c",
    "execExprInterp.c",
    "execPartition.c",
    "execUtils.c",
    "nbtinsert.c",
    "ri_triggers.c",
    "domains.c",
];

/// The files of PostgreSQL whose messages name a schema, table or column. Where they say at which place of the
/// statement it stands, it stands there; a constraint or a policy may look for one that a row's value names. Source:
/// `src/backend/catalog`, `src/backend/parser`.
const TELLING: [&str; 2] = ["namespace.c", "parse_relation.c"];

/// The file of PostgreSQL that refuses an object for want of a privilege. Source: `src/backend/catalog`.
const REFUSING: &str = "aclchk.c";

/// Names are at most 63 bytes, of which a message has few.
const TOLD_CHARS_MAX: usize = 300;

/// What the server itself says of an object of the statement. Inside a function a name may be made of a row's values.
fn told(answer: &tokio_postgres::error::DbError) -> Option<String> {
    let stands_there = matches!(answer.position(), Some(ErrorPosition::Original(_)));
    let is_of_object =
        answer.file().is_some_and(|file| file == REFUSING || (stands_there && TELLING.contains(&file)))
            && answer.where_().is_none();
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(TOLD_CHARS_MAX).collect();
    is_of_object.then(|| plain(answer.message()))
}

/// What a driver error means; the server's own message may quote values and is left out. `refusal` is the kind of a
/// refused value: [`ErrorKind::Rejected`] where a row may be the cause, [`ErrorKind::Schema`] where none can.
pub(in crate::sink) fn driver_error(error: &tokio_postgres::Error, refusal: ErrorKind) -> Error {
    if let Some(answer) = error.as_db_error() {
        let sqlstate = answer.code().code();
        let mut place = Vec::new();
        // a trigger may raise an error with any text in the place of a name: only the server's own are believed
        let is_own = answer.file().is_some_and(|file| NAMING.contains(&file));
        for (what, name) in [
            ("table", answer.table()),
            ("column", answer.column()),
            ("constraint", answer.constraint()),
            ("type", answer.datatype()),
        ] {
            if let Some(name) = name.filter(|_| is_own) {
                place.push(format!("{what} {name}"));
            }
        }
        place.extend(told(answer));
        let place = if place.is_empty() { String::new() } else { format!(" ({})", place.join(", ")) };
        let kind = classify_sqlstate(sqlstate);
        let kind = if kind == ErrorKind::Rejected { refusal } else { kind };
        let (code, advice) = match kind {
            ErrorKind::Rejected => (Code::Rejected, "The database refuses the row"),
            ErrorKind::Contended => (Code::Contended, "The statement lost against another one"),
            ErrorKind::Unavailable => (Code::Unavailable, pause(sqlstate)),
            ErrorKind::Malformed | ErrorKind::Unsupported | ErrorKind::Config | ErrorKind::Schema => {
                (Code::Configuration, meaning(sqlstate))
            }
        };
        return Error::new(kind, code, format!("{advice}: SQLSTATE {sqlstate}{place}."))
            .with_sqlstate(sqlstate);
    }
    let unverified = causes(error).find_map(|cause| match cause.downcast_ref() {
        Some(rustls::Error::InvalidCertificate(why)) => Some(why),
        _ => None,
    });
    if let Some(why) = unverified {
        return untrusted(why);
    }
    // the driver has no other sign of it
    if causes(error).any(|cause| cause.to_string() == "server does not support TLS") {
        return Error::config(
            "The database offers no TLS, which sink.tls or sslmode in sink.url asks for (by default, unless it is on \
             this machine): turn it on there, or set sslmode=disable.",
        );
    }
    let text = error.to_string();
    let why = causes(error).last().map_or_else(String::new, |why| format!(": {why}"));
    if text.starts_with("invalid configuration") || text.contains("password missing") {
        return Error::config(format!("sink.url: {text}{why}."));
    }
    let speaks_otherwise = causes(error).any(|cause| {
        let io: Option<&std::io::Error> = cause.downcast_ref();
        io.is_some_and(|io| matches!(io.kind(), ErrorKindIo::InvalidInput | ErrorKindIo::InvalidData))
            // no kind of its own: half a message, and the end
            || cause.to_string() == "bytes remaining on stream"
    });
    if speaks_otherwise || text.starts_with("unexpected message") {
        return Error::new(
            ErrorKind::Unavailable,
            Code::Unavailable,
            format!(
                "What answers does not speak PostgreSQL's protocol: {text}{why}. Is it the right port? It is mostly 5432, \
                 for CrateDB too, whose 4200 is for HTTP."
            ),
        );
    }
    Error::new(
        ErrorKind::Unavailable,
        Code::Unavailable,
        format!("The database cannot be reached: {text}{why}."),
    )
}

/// What caused an error, what caused that, and so on.
fn causes(error: &tokio_postgres::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| {
        // an I/O error does not name the error it holds as its source
        let held = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        held.map(|held| held as _).or_else(|| cause.source())
    })
}

/// What to do about a certificate that cannot be verified.
fn untrusted(why: &CertificateError) -> Error {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
    };
    let advice = if matches!(why, NotValidForName | NotValidForNameContext { .. }) {
        "it is of another name than the host in sink.url. Connect by a name that it holds, or set sslmode=verify-ca, \
         which does not compare names"
    } else if matches!(why, Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }) {
        "it is not valid at this time. Renew it, or set this machine's clock"
    } else if format!("{why:?}").contains("CaUsedAsEndEntity") {
        "it is the certificate of an authority (CA:TRUE), not of a server. Let the authority sign one for the server, \
         and name the authority's with sslrootcert in sink.url"
    } else {
        "name its root certificate with sslrootcert in sink.url, or choose another sslmode"
    };
    Error::config(format!("The database's certificate cannot be verified: {advice}."))
        .because(why.to_string())
}

/// Whether a statement failed because a table is not there.
pub(in crate::sink) fn is_missing_table(error: &Error) -> bool {
    error.sqlstate() == Some(MISSING_TABLE)
}

/// Why a database cannot do now what it may do later.
fn pause(sqlstate: &str) -> &'static str {
    match sqlstate {
        READ_ONLY => "The database is read-only: a replica, or default_transaction_read_only is on",
        "53100" => "The database's disk is full",
        "53300" => "The database has no connection left",
        CANCELLED => "The statement was cancelled: statement_timeout, or somebody's request",
        "57P01" | "57P02" | "57P03" => "The database is stopping or starting",
        _ => "The database cannot do it now",
    }
}

/// Who tells what a sink's user needs.
macro_rules! privileges_of_sink {
    () => {
        "`rowtide doctor --sink URL` lists what is needed"
    };
}
#[cfg(feature = "archive")]
pub(super) const PRIVILEGES_OF_SINK: &str = privileges_of_sink!();

fn meaning(sqlstate: &str) -> &'static str {
    match sqlstate.get(..2).unwrap_or_default() {
        "28" => "The database refuses the login; check user and password in sink.url",
        "3D" => "The database in sink.url does not exist",
        "3F" => "The schema does not exist; create it or change sink.schema",
        _ if sqlstate == NO_PRIVILEGE => concat!(
            "The database user lacks a privilege (or row security hides the row); grant it. ",
            privileges_of_sink!()
        ),
        _ if sqlstate == MISSING_TABLE => "A table is missing; `rowtide ddl` prints its statement",
        _ if sqlstate == MISSING_COLUMN => "A column is missing; `rowtide ddl` prints the table's statement",
        _ => "The database answered something that a person must look at",
    }
}

#[cfg(test)]
mod tests {
    use super::classify_sqlstate;
    use crate::error::ErrorKind;

    #[test]
    fn every_sqlstate_class_we_name_has_its_kind() {
        let table = [
            ("22P05", ErrorKind::Rejected),
            ("22003", ErrorKind::Rejected),
            ("23505", ErrorKind::Rejected),
            ("23514", ErrorKind::Rejected),
            ("P0001", ErrorKind::Rejected),
            ("44000", ErrorKind::Rejected),
            ("54000", ErrorKind::Rejected),
            ("54001", ErrorKind::Rejected),
            ("54023", ErrorKind::Config),
            ("08006", ErrorKind::Unavailable),
            ("53100", ErrorKind::Unavailable),
            ("53300", ErrorKind::Unavailable),
            ("57014", ErrorKind::Unavailable),
            ("57P01", ErrorKind::Unavailable),
            ("25006", ErrorKind::Unavailable),
            ("25001", ErrorKind::Config),
            ("40001", ErrorKind::Contended),
            ("40P01", ErrorKind::Contended),
            ("55P03", ErrorKind::Contended),
            ("55000", ErrorKind::Config),
            ("28P01", ErrorKind::Schema),
            ("3D000", ErrorKind::Schema),
            ("3F000", ErrorKind::Schema),
            ("42501", ErrorKind::Schema),
            ("42P01", ErrorKind::Schema),
            ("21000", ErrorKind::Config),
            ("XX000", ErrorKind::Config),
            ("", ErrorKind::Config),
        ];
        for (sqlstate, kind) in table {
            assert_eq!(classify_sqlstate(sqlstate), kind, "{sqlstate}");
        }
    }
}
