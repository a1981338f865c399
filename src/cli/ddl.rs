//! `rowtide ddl`: the statements that create what a source table needs.

use super::Ended;
use super::args::{DdlArgs, Global, dialect, dialect_setting};
use super::failure::{Failure, Status};
use super::plan::UNUSED;
use rowtide::config::{SinkUrl, redact_input};
use rowtide::plan::postgres::{key_index, storage, view};
use rowtide::plan::{Dialect, cratedb};
use rowtide::policy::{Policy, Truncate};
use rowtide::route::Routes;
use rowtide::sink::{Cratedb, Postgres};
use std::io::Write;

/// Runs the command.
pub(super) fn run(global: &Global, args: &DdlArgs, out: &mut impl Write) -> Ended {
    if redact_input(&args.table) != args.table {
        return Err(Failure::usage("This looks like the URL of a database: a source table is named here."));
    }
    let mut config = global.and(&args.global).config(dialect_setting(args.dialect), &UNUSED)?;
    let dialect = dialect(&config);
    // never connected to: the statements are the same for every server
    config.sink.url = Some(SinkUrl::new("postgresql://localhost"));
    let (registry, letters, schemas, floors) = match dialect {
        Dialect::Postgres => {
            let sink = Postgres::new(&config)?;
            (sink.registry_sql(), sink.dead_letters_sql(), sink.schemas_sql(), Some(sink.floors_sql()))
        }
        Dialect::Cratedb => {
            let sink = Cratedb::new(&config)?;
            (sink.registry_sql(), sink.dead_letters_sql(), sink.schemas_sql(), None)
        }
    };
    let table = args.table.as_str();
    let policy = Policy::from(&config);
    let key = policy.routes.first(table)?.map(|route| route.key.clone()).unwrap_or_default();
    let Some(target) = Routes::new(policy).target(table)? else {
        return Err(Failure::usage(format!("No route takes the source table {}.", args.table)));
    };
    let (storage, view) = match dialect {
        Dialect::Postgres => (storage(&target), view(&target)?.sql),
        Dialect::Cratedb => {
            let target = cratedb::named(&target);
            (cratedb::storage(&target)?, cratedb::view(&target))
        }
    };
    let mut parts = vec![
        (format!("{}: storage", target.qualified()), storage),
        (format!("{}: what people query", target.qualified()), view),
        ("what rowtide knows of its targets".to_owned(), registry),
        ("parked records".to_owned(), letters),
        ("what sources said of their tables".to_owned(), schemas),
    ];
    let floors = floors.filter(|_| target.truncate == Truncate::Apply);
    parts.extend(floors.map(|floors| ("the floors that truncates leave".to_owned(), floors)));
    for (what, sql) in parts {
        writeln!(out, "-- {}\n{sql};\n", one_line(&what))?;
    }
    if dialect == Dialect::Cratedb {
        writeln!(
            out,
            "-- columns of pk and data are added as documents need them, unless sink.ddl is \"never\""
        )?;
    } else if key.is_empty() {
        writeln!(out, "-- for indexes on members of the key, name them in the route's `key`")?;
    } else {
        writeln!(out, "-- optional, for queries by a member of the key")?;
        for member in &key {
            writeln!(out, "-- {};", one_line(&key_index(&target, member)))?;
        }
    }
    out.flush()?;
    Ok(Status::Done)
}

/// A comment ends with its line, whatever a name holds.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
