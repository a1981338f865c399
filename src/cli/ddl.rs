//! `rowtide ddl`: the statements that create what a source table needs, and those that an upgrade needs.

use super::args::{DdlArgs, Global, UNUSED, dialect, dialect_setting};
use super::failure::{Ended, Failure, Status};
use rowtide::config::{Config, redact_input};
use rowtide::plan::Dialect;
use rowtide::policy::{Policy, Truncate};
use rowtide::route::Routes;
use std::io::{self, Write};

/// Runs the command.
pub(super) fn run(global: &Global, args: &DdlArgs, out: &mut impl Write) -> Ended {
    if args.table.as_ref().is_some_and(|table| redact_input(table) != *table) {
        return Err(Failure::usage("This looks like the URL of a database: a source table is named here."));
    }
    let config = global.and(&args.global).config(dialect_setting(args.dialect), &UNUSED)?;
    match &args.table {
        Some(table) => of_table(&config, table, out)?,
        None => own_tables(&config, out)?,
    }
    out.flush()?;
    Ok(Status::Done)
}

fn of_table(config: &Config, table: &str, out: &mut impl Write) -> Result<(), Failure> {
    let dialect = dialect(config);
    let policy = Policy::from(config);
    let key = policy.routes.first(table)?.map(|route| route.key.clone()).unwrap_or_default();
    let Some(target) = Routes::new(policy).target(table)? else {
        return Err(Failure::usage(format!("No route takes the source table {table}.")));
    };
    statements(&dialect.ddl(&target)?, out)?;
    upgrades(dialect, &target.home, out)?;
    for line in dialect.advice(&target, &key) {
        writeln!(out, "-- {}", one_line(&line))?;
    }
    Ok(())
}

fn own_tables(config: &Config, out: &mut impl Write) -> io::Result<()> {
    let (dialect, home) = (dialect(config), &config.sink.schema);
    let truncates = config.routes.iter().any(|route| route.truncate == Truncate::Apply);
    let truncate = if truncates { Truncate::Apply } else { Truncate::Ignore };
    statements(&dialect.own_ddl(home, truncate), out)?;
    upgrades(dialect, home, out)
}

fn statements(parts: &[(String, String)], out: &mut impl Write) -> io::Result<()> {
    parts.iter().try_for_each(|(what, sql)| writeln!(out, "-- {}\n{sql};\n", one_line(what)))
}

/// What the tables of an earlier version lack: to be run at once where that does no harm to others.
fn upgrades(dialect: Dialect, home: &str, out: &mut impl Write) -> io::Result<()> {
    let statements = dialect.upgrades(home);
    if dialect.upgrades_again() {
        writeln!(out, "-- columns that these tables lack when an earlier version made them")?;
        statements.iter().try_for_each(|sql| writeln!(out, "{sql};"))?;
    } else {
        writeln!(
            out,
            "-- columns that these tables lack when an earlier version made them: `rowtide status` says whether"
        )?;
        writeln!(out, "-- they do. Where nothing is missing, the database refuses the statement:")?;
        statements.iter().try_for_each(|sql| writeln!(out, "-- {};", one_line(sql)))?;
    }
    writeln!(out)
}

/// A comment ends with its line, whatever a name holds.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
