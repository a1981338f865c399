//! Captured records: files and stdin become batches, one after the other. Knows no source format and no database.
//!
//! What a file holds is found out from its content. Memory does not grow with it: at most one batch is held, and a
//! batch ends at [`BATCH_BYTES_MAX`].

mod data;
mod export;
mod folder;
mod place;
mod run;
mod values;

use super::args::InputArgs;
use super::failure::Failure;
use data::DataFiles;
use place::Place;
pub(super) use place::given_name as name;
use rowtide::config::Aws;
use rowtide::record::{Envelope, Record};
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::vec;
use tokio::sync::mpsc;
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
    /// Whether a manifest says what they are.
    pub(super) has_manifest: bool,
}

/// The batches of several files, in the order in which they were given.
pub(super) struct Batches {
    places: vec::IntoIter<Place>,
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
    place: Place,
    name: Arc<str>,
    values: Values,
    content: Option<Content>,
    /// The data files, when the file is the manifest of an export or of an archive.
    data: Option<DataFiles>,
    batches: u64,
    /// Read already, to find out what the file holds.
    first: Option<Value>,
    /// Why it breaks off behind what was read.
    broken: Option<Failure>,
}

/// The batches of the files that `args` name, or of stdin. Every file is looked at before the first is read.
pub(super) fn open(args: &InputArgs, aws: &Aws) -> Result<Batches, Failure> {
    of_files(args.files.clone(), args.batch, aws)
}

/// The same with so many bare payloads in a batch.
pub(super) fn of_files(mut paths: Vec<PathBuf>, batch: u32, aws: &Aws) -> Result<Batches, Failure> {
    if paths.is_empty() {
        if io::stdin().is_terminal() {
            return Err(Failure::usage("No input: name a file, or - for what is typed here."));
        }
        paths.push(PathBuf::from("-"));
    }
    let given: Vec<Place> = paths.iter().map(|path| Place::given(path, aws)).collect::<Result<_, _>>()?;
    if given.iter().filter(|place| matches!(place, Place::Stdin)).count() > 1 {
        return Err(Failure::usage("- (stdin) can be given once only."));
    }
    let mut places = Vec::new();
    for place in given {
        match is_folder(&place)? {
            true => places.extend(in_folder(&place)?),
            false => {
                run::refuse_object(&place)?;
                places.push(place);
            }
        }
    }
    places.iter().try_for_each(Place::check)?;
    let batch_records = usize::try_from(batch).unwrap_or(usize::MAX);
    Ok(Batches { places: places.into_iter(), current: None, batch_records })
}

/// In a storage, what is no object may be a folder: that shows when it is listed.
fn is_folder(place: &Place) -> Result<bool, Failure> {
    match place {
        Place::Stdin => Ok(false),
        Place::Local(path) => Ok(path.is_dir()),
        Place::Stored(..) => Ok(!place.is_file()?),
    }
}

fn in_folder(place: &Place) -> Result<Vec<Place>, Failure> {
    let name = place.name();
    if folder::is_data_of_export(place)? {
        let message = format!(
            "{name} holds the data files of an export: give the folder above it, which has the manifest."
        );
        return Err(Failure::usage(message));
    }
    let files = run::newest(place, folder::found(place)?)?;
    if files.is_empty() {
        let what = match place {
            Place::Stored(..) => "is neither a file nor a folder with files",
            Place::Stdin | Place::Local(_) => "is a folder without files",
        };
        return Err(Failure::usage(format!("{name} {what}.")));
    }
    Ok(files)
}

/// Batches read ahead while one is processed.
const BATCHES_AHEAD: usize = 1;

impl Batches {
    /// The batches, read by a thread of their own; behind a failure there are none.
    pub(super) fn read_ahead(self) -> mpsc::Receiver<Result<Batch, Failure>> {
        let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
        // not the runtime's: that would wait for it even when it waits for stdin
        std::thread::spawn(move || {
            for batch in self {
                let is_last = batch.is_err();
                if sender.blocking_send(batch).is_err() || is_last {
                    break;
                }
            }
        });
        receiver
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let opened = match &mut self.current {
                Some(opened) => opened,
                None => match Opened::new(self.places.next()?) {
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
    fn new(place: Place) -> Result<Self, Failure> {
        let name: Arc<str> = place.name().into();
        let plain = rowtide::unpack::plain(place.open()?).map_err(|error| broke_off(&name, &error))?;
        let values = Values::new(plain).map_err(|error| unreadable(&name, &error))?;
        Ok(Self { place, values, name, content: None, data: None, batches: 0, first: None, broken: None })
    }

    fn batch(&mut self, records_max: usize) -> Result<Option<Batch>, Failure> {
        let content = match self.content {
            Some(content) => content,
            None => {
                self.first = self.value()?;
                let Some(first) = &self.first else { return Ok(None) };
                let content = content_of(first);
                if content == Content::BarePayloads {
                    self.open_data()?;
                }
                *self.content.insert(content)
            }
        };
        match content {
            Content::LambdaEvents => self.lambda_event(),
            Content::BarePayloads => self.bare_payloads(records_max),
        }
    }

    /// When the file is a manifest, what follows are the lines of its data files.
    fn open_data(&mut self) -> Result<(), Failure> {
        let Some(first) = &self.first else { return Ok(()) };
        if export::is_list(first) {
            let name = &self.name;
            let message =
                format!("{name} is the list of an export's data files: give manifest-summary.json instead.");
            return Err(Failure::usage(message));
        }
        let data = if export::is_manifest(first) {
            export::open(&self.place, first)?
        } else if run::is_manifest(first) {
            run::open(&self.place, first)?
        } else {
            return Ok(());
        };
        (self.data, self.first) = (Some(data), None);
        Ok(())
    }

    fn value(&mut self) -> Result<Option<Value>, Failure> {
        match (self.first.take(), &mut self.data) {
            (Some(value), _) => Ok(Some(value)),
            (None, Some(data)) => data.value(),
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
        if let Some(failure) = self.broken.take() {
            return Err(failure);
        }
        while records.len() < records_max && bytes < BATCH_BYTES_MAX {
            let value = match self.value() {
                Ok(Some(value)) => value,
                Ok(None) => break,
                Err(failure) if records.is_empty() => return Err(failure),
                Err(failure) => {
                    // what was read before is no worse for it
                    self.broken = Some(failure);
                    break;
                }
            };
            let source = self.data.as_ref().and_then(DataFiles::source).unwrap_or(&self.name);
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
        let exported = self.data.as_ref().and_then(DataFiles::exported).cloned();
        let has_manifest = self.data.is_some();
        Batch { input: self.name.clone(), number: self.batches, envelope, exported, has_manifest }
    }
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
    use super::{Batch, Opened, Place, Values};
    use std::io::Cursor;

    /// The batches of a text: records of each, and the failure at the end.
    fn batches(text: &str, records_max: usize) -> (Vec<Batch>, Option<String>) {
        let values = Values::new(Box::new(Cursor::new(text.as_bytes().to_vec()))).unwrap();
        let mut opened = Opened {
            place: Place::Local("f".into()),
            name: "f".into(),
            values,
            content: None,
            data: None,
            batches: 0,
            first: None,
            broken: None,
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
