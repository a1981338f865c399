//! `rowtide config`: the settings as they are in force. Secrets are masked where they are read.

use super::args::{ConfigArgs, Global, Output, dialect};
use super::failure::{Ended, Failure, Status};
use super::json::text;
use super::table::{cut, write_table};
use rowtide::config::Config;
use rowtide::pipeline::Flow;
use std::io::Write;

/// Characters of a value that people are shown.
const VALUE_CHARACTERS: usize = 80;

/// Runs the command.
pub(super) fn run(global: &Global, args: &ConfigArgs, out: &mut impl Write) -> Ended {
    let config = global.and(&args.global).config(Vec::new(), &[])?;
    let settings = config.effective();
    match args.output {
        Output::Human => {
            let header = ["setting", "value", "default", "from"].map(str::to_owned).to_vec();
            let lines = settings.iter().map(|setting| {
                let cells = [&setting.name, &setting.value, &setting.default, &setting.origin];
                cells.into_iter().map(|cell| cut(cell, VALUE_CHARACTERS)).collect()
            });
            write_table(header, lines, out)?;
        }
        Output::Json => {
            for setting in &settings {
                writeln!(
                    out,
                    "{{\"name\":{},\"value\":{},\"default\":{},\"origin\":{}}}",
                    text(&setting.name),
                    text(&setting.value),
                    text(&setting.default),
                    text(&setting.origin)
                )?;
            }
        }
    }
    out.flush()?;
    check(&config)?;
    Ok(Status::Done)
}

/// What else a function would find when it starts, or at the first change of a table: a decoder that there is not, a
/// column's type that there is not.
pub(super) fn check(config: &Config) -> Result<(), Failure> {
    let flow = Flow::new(config)?;
    for route in config.routes.iter().filter(|route| !route.types.is_empty()) {
        // a pattern stands for any table that it takes
        let table = route.from.replace('*', "x");
        if let Some(target) = flow.routes().target(&*table)? {
            dialect(config).ddl(&target)?;
        }
    }
    Ok(())
}
