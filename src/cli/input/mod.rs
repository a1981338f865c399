//! Captured records: files and stdin become batches, one after the other. Knows no source format and no database.
//!
//! What a file holds is found out from its content. Memory does not grow with it: at most one batch is held, and a
//! batch ends at [`BATCH_BYTES_MAX`].

mod export;
mod folder;
mod values;

use super::args::InputArgs;
use super::failure::Failure;
use export::Export;
use rowtide::config::{is_database, redact_input};
use rowtide::record::{Envelope, Record};
use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec;
use values::{Value, Values};

/// Payload bytes of a batch of bare payloads: many more than the 6 MB that Lambda takes.
const BATCH_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Records that are processed together.
#[derive(Debug)]
pub(super) struct Batch {
    /// The file as given, or `-`.
    pub(super) input: Arc<str>,
    /// Its place in the file, from 1.
    pub(super) number: u64,
    /// The records.
    pub(super) envelope: Envelope,
    /// The ARN of the table whose export they are of, when a manifest says so.
    pub(super) exported: Option<Arc<str>>,
}

/// The batches of several files, in the order in which they were given.
pub(super) struct Batches {
    paths: vec::IntoIter<PathBuf>,
    current: Option<Opened>,
    batch_records: usize,
}

/// What a file holds; its first value decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    LambdaEvents,
    BarePayloads,
}

struct Opened {
    path: PathBuf,
    name: Arc<str>,
    values: Values,
    content: Option<Content>,
    /// The data files, when the file is the manifest of an export.
    export: Option<Export>,
    batches: u64,
    /// Read already, to find out what the file holds.
    first: Option<Value>,
}

/// The batches of the files that `args` name, or of stdin. Every file is looked at before the first is read.
pub(super) fn open(args: &InputArgs) -> Result<Batches, Failure> {
    let mut paths = args.files.clone();
    if paths.is_empty() {
        if io::stdin().is_terminal() {
            return Err(Failure::usage("No input: name a file, or - for what is typed here."));
        }
        paths.push(PathBuf::from("-"));
    }
    if paths.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err(Failure::usage("- (stdin) can be given once only."));
    }
    let mut files = Vec::new();
    for path in paths {
        match is_stdin(&path) || !is_folder(&path)? {
            true => files.push(path),
            false => files.extend(in_folder(&path)?),
        }
    }
    let paths = files;
    for path in paths.iter().filter(|path| !is_stdin(path)) {
        check(path)?;
    }
    let batch_records = usize::try_from(args.batch).unwrap_or(usize::MAX);
    Ok(Batches { paths: paths.into_iter(), current: None, batch_records })
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The name of a file that was given, for people and in outputs. A database is none, and may be the wrong one.
pub(super) fn name(path: &Path) -> Result<String, Failure> {
    let name = path.display().to_string();
    if is_database(&name) && !path.exists() {
        return Err(Failure::usage(
            "This looks like a database URL: use --sink. A file is named here, or - for stdin.",
        ));
    }
    Ok(redact_input(&name).into_owned())
}

fn is_folder(path: &Path) -> Result<bool, Failure> {
    name(path)?;
    Ok(path.is_dir())
}

fn in_folder(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let name = name(path)?;
    if folder::is_data_of_export(path) {
        let message = format!(
            "{name} holds the data files of an export: give the folder above it, which has the manifest."
        );
        return Err(Failure::usage(message));
    }
    let files = folder::files(path);
    let files = files.map_err(|error| Failure::usage(format!("{name} cannot be read.")).because(&error))?;
    if files.is_empty() {
        return Err(Failure::usage(format!("{name} is a folder without files.")));
    }
    Ok(files)
}

fn check(path: &Path) -> Result<(), Failure> {
    let name = name(path)?;
    let cannot = |error: &io::Error| Failure::usage(format!("{name} cannot be read.")).because(error);
    let metadata = std::fs::metadata(path).map_err(|error| cannot(&error))?;
    // a pipe must be opened once only
    if metadata.is_file() {
        File::open(path).map_err(|error| cannot(&error))?;
    }
    Ok(())
}

impl Iterator for Batches {
    type Item = Result<Batch, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let opened = match &mut self.current {
                Some(opened) => opened,
                None => match Opened::new(&self.paths.next()?) {
                    Ok(opened) => self.current.insert(opened),
                    Err(failure) => return Some(Err(failure)),
                },
            };
            match opened.batch(self.batch_records).transpose() {
                Some(batch) => return Some(batch),
                None => self.current = None,
            }
        }
    }
}

impl Opened {
    fn new(path: &Path) -> Result<Self, Failure> {
        let name: Arc<str> = name(path)?.into();
        let raw: Box<dyn Read + Send> =
            if is_stdin(path) { Box::new(io::stdin()) } else { raw(path, &name)? };
        let plain = rowtide::unpack::plain(raw).map_err(|error| broke_off(&name, &error))?;
        let values = Values::new(plain).map_err(|error| unreadable(&name, &error))?;
        Ok(Self { path: path.to_owned(), values, name, content: None, export: None, batches: 0, first: None })
    }

    fn batch(&mut self, records_max: usize) -> Result<Option<Batch>, Failure> {
        let content = match self.content {
            Some(content) => content,
            None => {
                self.first = self.value()?;
                let Some(first) = &self.first else { return Ok(None) };
                let content = content_of(first);
                if content == Content::BarePayloads {
                    self.open_export()?;
                }
                *self.content.insert(content)
            }
        };
        match content {
            Content::LambdaEvents => self.lambda_event(),
            Content::BarePayloads => self.bare_payloads(records_max),
        }
    }

    /// When the file is the manifest of an export, what follows are the lines of its data files.
    fn open_export(&mut self) -> Result<(), Failure> {
        let Some(first) = &self.first else { return Ok(()) };
        if export::is_list(first) {
            let name = &self.name;
            let message =
                format!("{name} is the list of an export's data files: give manifest-summary.json instead.");
            return Err(Failure::usage(message));
        }
        if export::is_manifest(first) {
            self.export = Some(Export::open(&self.path, &self.name, first)?);
            self.first = None;
        }
        Ok(())
    }

    fn value(&mut self) -> Result<Option<Value>, Failure> {
        match (self.first.take(), &mut self.export) {
            (Some(value), _) => Ok(Some(value)),
            (None, Some(export)) => export.value(),
            (None, None) => self.values.next().map_err(|error| broke_off(&self.name, &error)),
        }
    }

    fn lambda_event(&mut self) -> Result<Option<Batch>, Failure> {
        let Some(value) = self.value()? else { return Ok(None) };
        let place = format!("{} line {}", self.name, value.line);
        match Envelope::parse(&value.bytes, &self.name) {
            Ok(envelope) => Ok(Some(self.numbered(envelope))),
            Err(_) => Err(match value.fault.or_else(|| values::read_whole(&value.bytes).err()) {
                Some(fault) => Failure::broken(format!("{place} is not JSON; a Lambda event is expected."))
                    .because(&fault),
                None => Failure::broken(format!("{place} is no Lambda event: it has no list of Records.")),
            }),
        }
    }

    fn bare_payloads(&mut self, records_max: usize) -> Result<Option<Batch>, Failure> {
        let mut records: Vec<Record> = Vec::new();
        let mut bytes = 0;
        while records.len() < records_max && bytes < BATCH_BYTES_MAX {
            let Some(value) = self.value()? else { break };
            let source = self.export.as_ref().and_then(Export::source).unwrap_or(&self.name);
            if records.last().is_some_and(|last| last.source != *source) {
                // lines are counted file by file, so a batch has those of one
                self.first = Some(value);
                break;
            }
            bytes += value.bytes.len();
            let mut record = Record::new("", value.line.to_string(), value.bytes);
            record.source = source.clone();
            records.push(record);
        }
        Ok((!records.is_empty()).then(|| self.numbered(records.into())))
    }

    fn numbered(&mut self, envelope: Envelope) -> Batch {
        self.batches += 1;
        let exported = self.export.as_ref().map(|export| export.table().clone());
        Batch { input: self.name.clone(), number: self.batches, envelope, exported }
    }
}

fn raw(path: &Path, name: &str) -> Result<Box<dyn Read + Send>, Failure> {
    let file = File::open(path);
    Ok(Box::new(file.map_err(|error| Failure::broken(format!("{name} cannot be read.")).because(&error))?))
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    Failure::broken(format!("{name} cannot be read.")).because(error)
}

fn broke_off(name: &str, error: &io::Error) -> Failure {
    Failure::broken(format!("{name} breaks off: it cannot be read to its end.")).because(error)
}

/// A Lambda event is known by its list of records, even if the input breaks off inside it.
fn content_of(first: &Value) -> Content {
    if Envelope::recognises(&first.bytes) { Content::LambdaEvents } else { Content::BarePayloads }
}

#[cfg(test)]
mod tests {
    use super::{Batch, Opened, Values};
    use std::io::Cursor;

    /// The batches of a text: records of each, and the failure at the end.
    fn batches(text: &str, records_max: usize) -> (Vec<Batch>, Option<String>) {
        let values = Values::new(Box::new(Cursor::new(text.as_bytes().to_vec()))).unwrap();
        let mut opened = Opened {
            path: "f".into(),
            name: "f".into(),
            values,
            content: None,
            export: None,
            batches: 0,
            first: None,
        };
        let mut found = Vec::new();
        loop {
            match opened.batch(records_max) {
                Ok(Some(batch)) => found.push(batch),
                Ok(None) => return (found, None),
                Err(failure) => return (found, Some(failure.lines().collect::<Vec<_>>().join("\n"))),
            }
        }
    }

    /// Line numbers and payloads, batch by batch.
    fn check(text: &str, records_max: usize, expected: &[&[(&str, &str)]]) {
        let (found, failure) = batches(text, records_max);
        assert_eq!(failure, None, "{text}");
        assert_eq!(found.len(), expected.len(), "{text}");
        for (batch, expected) in found.iter().zip(expected) {
            let payloads =
                batch.envelope.records.iter().map(|record| String::from_utf8_lossy(&record.payload));
            let positions = batch.envelope.records.iter().map(|record| record.position.as_str());
            let found: Vec<(&str, String)> = positions.zip(payloads.map(String::from)).collect();
            let expected: Vec<(&str, String)> = expected.iter().map(|(a, b)| (*a, (*b).to_owned())).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn bare_payloads_are_numbered_by_their_lines() {
        check("", 10, &[]);
        check("\n \n", 10, &[]);
        check("{\"a\":1}\n\n{\"a\":2}", 10, &[&[("1", "{\"a\":1}"), ("3", "{\"a\":2}")]]);
        check("1\r\n2\r\n3", 2, &[&[("1", "1"), ("2", "2")], &[("3", "3")]]);
        check("{}\nx\n{}", 10, &[&[("1", "{}"), ("2", "x"), ("3", "{}")]]);
    }

    #[test]
    fn values_may_span_lines_when_the_first_does() {
        check(
            "{\n \"a\": 1\n}\n{\n \"a\": 2\n}\n",
            10,
            &[&[("1", "{\n \"a\": 1\n}"), ("4", "{\n \"a\": 2\n}")]],
        );
        check("[\n]\n{} {}\n7", 10, &[&[("1", "[\n]"), ("3", "{}"), ("3", "{}"), ("4", "7")]]);
    }

    #[test]
    fn a_broken_value_costs_no_other() {
        check(
            "{\"a\":1\n{\"b\":2}\nx\n{\"c\":3}",
            10,
            &[&[("1", "{\"a\":1"), ("2", "{\"b\":2}"), ("3", "x"), ("4", "{\"c\":3}")]],
        );
        check(
            "{\"a\":\n{\"b\":2}\n{\"c\":3}",
            10,
            &[&[("1", "{\"a\":"), ("2", "{\"b\":2}"), ("3", "{\"c\":3}")]],
        );
        check(
            "{\n \"a\": \"x\n}\n{\n \"b\": 2\n}",
            10,
            &[&[("1", "{\n \"a\": \"x\n}"), ("4", "{\n \"b\": 2\n}")]],
        );
        check("{}\n{\n \"b\": 2\n}", 10, &[&[("1", "{}"), ("2", "{"), ("3", "\"b\": 2"), ("4", "}")]]);
        check("{\"a\":[1,\n2", 10, &[&[("1", "{\"a\":[1,"), ("2", "2")]]);
    }

    #[test]
    fn hostile_nesting_is_read_in_linear_time() {
        let (found, failure) = batches(&"[\n".repeat(200_000), 1_000_000);
        assert_eq!(failure, None);
        assert!(found.iter().map(|batch| batch.envelope.records.len()).sum::<usize>() > 0);
    }

    #[test]
    fn lambda_events_are_batches_whatever_batch_says() {
        let (found, failure) = batches("{\"Records\":[]}\n\n{\"Records\":[1,2]}\n", 1);
        assert_eq!(failure, None);
        assert_eq!(
            found.iter().map(|batch| (batch.number, batch.envelope.records.len())).collect::<Vec<_>>(),
            [(1, 0), (2, 2)]
        );
        let (found, failure) = batches("{\n\"window\":{},\n\"Records\":[\n]\n}", 1);
        assert_eq!((found.len(), failure), (1, None));
        assert_eq!(found[0].envelope.window_state.as_deref(), Some("{}"));
    }

    #[test]
    fn among_lambda_events_anything_else_is_an_error_of_the_input() {
        for bad in ["{}", "x", "{\"Records\":null}", "{\"Records\":["] {
            let (found, failure) = batches(&format!("{{\"Records\":[1]}}\n{bad}\n{{\"Records\":[1]}}"), 1);
            assert_eq!(found.len(), 1, "{bad}");
            assert!(failure.unwrap().contains("f line 2 "), "{bad}");
        }
    }
}
