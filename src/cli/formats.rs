//! `rowtide formats`: the decoders there are.

use super::args::{FormatsArgs, Output};
use super::failure::{Ended, Status};
use super::json::text;
use rowtide::decoders::formats;
use std::io::Write;

/// Runs the command.
pub(super) fn run(args: &FormatsArgs, out: &mut impl Write) -> Ended {
    let formats = formats();
    let widest = |of: fn(&(&'static str, &'static str)) -> &'static str| {
        formats.iter().map(of).map(str::len).max().unwrap_or(0)
    };
    let (name_width, about_width) = (widest(|format| format.0), widest(|format| format.1));
    for (name, about) in &formats {
        let example = format!("rowtide decode --decoder {name} FILE");
        match args.output {
            Output::Human => writeln!(out, "{name:name_width$}  {about:about_width$}  {example}")?,
            Output::Json => writeln!(
                out,
                "{{\"decoder\":{},\"about\":{},\"example\":{}}}",
                text(name),
                text(about),
                text(&example)
            )?,
        }
    }
    out.flush()?;
    Ok(Status::Done)
}
