//! `rowtide doctor`: reads the files, asks the database, and prints what the rules find.

use super::args::{DoctorArgs, Global, Output};
use super::failure::{Ended, Failure, Status};
use super::input;
use super::json::text;
use super::settings;
use super::terminal::{count, printable};
use rowtide::config::{Config, redact};
use rowtide::doctor::{Configured, Finding, Severity, Stack};
use rowtide::sink::Database;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// The largest file that is read: far above a template, and above large plans.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Runs the command.
pub(super) async fn run(global: &Global, args: &DoctorArgs, out: &mut impl Write) -> Ended {
    let config = config(&global.and(&args.global), args.sink.as_deref())?;
    settings::check(&config)?;
    let parameters = args.parameters.iter().cloned().collect();
    let mut stack = Stack::default();
    for path in &args.files {
        let name = if is_stdin(path) { "stdin".to_owned() } else { input::name(path)? };
        stack.add(&name, &read(path, &name)?, &parameters)?;
    }
    if let Some((name, _)) = args.parameters.iter().find(|(name, _)| !stack.has_parameter(name)) {
        return Err(Failure::usage(format!("None of the templates has the parameter {name}.")));
    }
    let configured = Configured::from(&config);
    let mut findings = stack.findings(&configured);
    if args.sink.is_some() {
        let sink = Database::new(&config)?;
        let inspected = sink.inspect().await;
        sink.close();
        let name = config.sink.url.as_ref().map(ToString::to_string).unwrap_or_default();
        findings.extend(stack.findings_of_sink(&configured, &name, &inspected));
        findings.sort_by_key(|finding| finding.severity);
    }
    for finding in &mut findings {
        for text in [&mut finding.place, &mut finding.why, &mut finding.change] {
            *text = redact(text).into_owned();
        }
    }
    match args.output {
        Output::Human => print(&findings, &stack, args, out)?,
        Output::Json => print_json(&findings, out)?,
    }
    out.flush()?;
    let failed = findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if failed { Status::Failed } else { Status::Done })
}

/// The configuration. A reference in `sink.url` that leads nowhere here, as in a pipeline that checks templates, is no
/// reason to stop: only `--sink` needs it.
fn config(global: &Global, sink: Option<&str>) -> Result<Config, Failure> {
    if let Some(url) = sink {
        return Ok(global.config(vec![format!("sink.url={url}")], &["sink.url"])?);
    }
    let whole = global.config(Vec::new(), &[]);
    whole.or_else(|_| global.config(Vec::new(), &["sink.url"])).map_err(Failure::from)
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn read(path: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    let broken = |error: io::Error| Failure::usage(format!("{name} cannot be read.")).because(&error);
    let mut bytes = Vec::new();
    let read = if is_stdin(path) {
        io::stdin().lock().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    read.map_err(broken)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_BYTES_MAX) {
        return Err(Failure::usage(format!("{name} has more than {FILE_BYTES_MAX} bytes.")));
    }
    Ok(bytes)
}

fn print(
    findings: &[Finding],
    stack: &Stack,
    args: &DoctorArgs,
    out: &mut impl Write,
) -> Result<(), Failure> {
    for finding in findings {
        writeln!(out, "{} {}", finding.severity.as_str(), finding.rule)?;
        writeln!(out, "  where   {}", printable(&finding.place))?;
        writeln!(out, "  why     {}", printable(&finding.why))?;
        writeln!(out, "  change  {}\n", printable(&finding.change))?;
    }
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let examined = stack.examined();
    let mut seen = vec!["the configuration".to_owned()];
    if !args.files.is_empty() {
        seen.push(count(examined.functions, "function"));
        seen.push(count(examined.mappings, "event source mapping"));
        seen.push(count(examined.sources, "source"));
        seen.push(count(examined.log_groups, "log group"));
        if examined.connectors > 0 {
            seen.push(count(examined.connectors, "connector"));
        }
    }
    seen.extend(args.sink.is_some().then(|| "the database".to_owned()));
    let found = format!("{}, {}", count(errors, "error"), count(findings.len() - errors, "warning"));
    writeln!(out, "{found}; examined: {}", seen.join(", "))?;
    Ok(())
}

fn print_json(findings: &[Finding], out: &mut impl Write) -> Result<(), Failure> {
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            format!(
                "{{\"rule\":{},\"severity\":{},\"where\":{},\"why\":{},\"change\":{}}}",
                text(finding.rule),
                text(finding.severity.as_str()),
                text(&finding.place),
                text(&finding.why),
                text(&finding.change)
            )
        })
        .collect();
    writeln!(out, "{{\"findings\":[{}]}}", lines.join(","))?;
    Ok(())
}
