//! `rowtide ddl`: the statements that create what a source table needs.

use super::args::{DdlArgs, Global, UNUSED, dialect, dialect_setting};
use super::failure::{Ended, Failure, Status};
use rowtide::config::redact_input;
use rowtide::policy::Policy;
use rowtide::route::Routes;
use std::io::Write;

/// Runs the command.
pub(super) fn run(global: &Global, args: &DdlArgs, out: &mut impl Write) -> Ended {
    if redact_input(&args.table) != args.table {
        return Err(Failure::usage("This looks like the URL of a database: a source table is named here."));
    }
    let config = global.and(&args.global).config(dialect_setting(args.dialect), &UNUSED)?;
    let dialect = dialect(&config);
    let table = args.table.as_str();
    let policy = Policy::from(&config);
    let key = policy.routes.first(table)?.map(|route| route.key.clone()).unwrap_or_default();
    let Some(target) = Routes::new(policy).target(table)? else {
        return Err(Failure::usage(format!("No route takes the source table {}.", args.table)));
    };
    for (what, sql) in dialect.ddl(&target)? {
        writeln!(out, "-- {}\n{sql};\n", one_line(&what))?;
    }
    for line in dialect.advice(&target, &key) {
        writeln!(out, "-- {}", one_line(&line))?;
    }
    out.flush()?;
    Ok(Status::Done)
}

/// A comment ends with its line, whatever a name holds.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
