//! `rowtide ddl`: the statements that create what a source table needs.

use super::Ended;
use super::args::{DdlArgs, Global, dialect};
use super::failure::{Failure, Status};
use super::plan::UNUSED;
use rowtide::config::{SinkUrl, Truncate};
use rowtide::materialize::Postgres;
use rowtide::plan::{key_index, storage, view};
use rowtide::route::Routes;
use std::io::Write;

/// Runs the command.
pub(super) fn run(global: &Global, args: &DdlArgs, out: &mut impl Write) -> Ended {
    let mut config = global.and(&args.global).config(Vec::new(), &UNUSED)?;
    dialect(args.dialect, &config)?;
    // never connected to: the statements are the same for every server
    config.sink.url = Some(SinkUrl::new("postgresql://localhost"));
    let postgres = Postgres::new(&config)?;
    let key = config.route_for(&args.table).map(|route| route.key.clone()).unwrap_or_default();
    let Some(target) = Routes::new(config).target(&args.table)? else {
        return Err(Failure::usage(format!("No route takes the source table {}.", args.table)));
    };
    let mut parts = vec![
        (format!("{}: storage", target.qualified()), storage(&target)),
        (format!("{}: what people query", target.qualified()), view(&target)?.sql),
        ("what rowtide knows of its targets".to_owned(), postgres.registry_sql()),
        ("parked records".to_owned(), postgres.dead_letters_sql()),
        ("what sources said of their tables".to_owned(), postgres.schemas_sql()),
    ];
    if target.truncate == Truncate::Apply {
        parts.push(("the floors that truncates leave".to_owned(), postgres.floors_sql()));
    }
    for (what, sql) in parts {
        writeln!(out, "-- {}\n{sql};\n", one_line(&what))?;
    }
    if key.is_empty() {
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
