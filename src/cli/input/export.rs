//! DynamoDB's export to S3 as it lies on disk: a manifest, the list of data files beside it, and the files themselves.
//!
//! The lines of the data files do not say whose they are, nor, in a full export, when they were read. The manifest
//! does: its `tableArn` and `exportTime` are put in front of every line, so that a record tells by itself.
//!
//! # Source
//! Amazon DynamoDB Developer Guide, "DynamoDB table export output format": `AWSDynamoDB/ID/manifest-summary.json` names
//! `AWSDynamoDB/ID/manifest-files.json`, an object a line, which names the data files: `AWSDynamoDB/ID/data/….json.gz`
//! of a full export, `AWSDynamoDB/data/….json.gz` of incremental ones, which share that folder.

use super::values::{Value, Values};
use super::{Failure, broke_off, raw, unreadable};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use rowtide::config::redact_input;
use rowtide::json::{Fault, Kind, Scanner, write_string};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::vec;

/// The folder of a bucket in which exports lie.
const FOLDER: &str = "AWSDynamoDB";
/// The longest list of data files that is read: a line has some 250 bytes, and even huge tables few 100,000 files.
const LIST_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// The data files of one export, read one after the other.
pub(super) struct Export {
    files: vec::IntoIter<DataFile>,
    current: Option<Current>,
    /// What the manifest says of every line, as the members in front of its own.
    stamp: String,
    /// The ARN of the table.
    table: Arc<str>,
}

/// A line of the list.
#[derive(Debug, Default, PartialEq, Eq)]
struct DataFile {
    key: String,
    items: Option<u64>,
    /// Of the file as it lies in the bucket, in base64.
    md5: Option<String>,
    path: PathBuf,
}

struct Current {
    name: Arc<str>,
    values: Values,
    items: Option<u64>,
    read: u64,
    md5: Option<String>,
    digest: Arc<Mutex<Md5>>,
}

/// A file whose bytes are digested as they are read.
struct Digested<R> {
    file: R,
    digest: Arc<Mutex<Md5>>,
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        self.digest.lock().unwrap_or_else(PoisonError::into_inner).update(bytes);
        Ok(count)
    }
}

/// What is needed of manifest-summary.json.
#[derive(Debug, Default)]
struct Summary {
    table_arn: Option<String>,
    export_time: Option<String>,
    list_key: Option<String>,
    format: Option<String>,
    items: Option<u64>,
}

/// Whether the first value of a file is an export's manifest.
pub(super) fn is_manifest(first: &Value) -> bool {
    Summary::parse(&first.bytes).is_ok_and(|it| it.table_arn.is_some() && it.list_key.is_some())
}

/// Whether it is a line of the list of data files.
pub(super) fn is_list(first: &Value) -> bool {
    DataFile::parse(&first.bytes).is_ok_and(|file| !file.key.is_empty())
}

impl Export {
    /// The export whose manifest is the file `name`. Every data file is looked at before the first is read.
    pub(super) fn open(path: &Path, name: &str, manifest: &Value) -> Result<Self, Failure> {
        let broken =
            |what: &str| Failure::broken(format!("{name} is the manifest of an export, but {what}."));
        if name == "-" {
            return Err(Failure::usage(
                "The manifest of an export names files beside it: give its path instead of -.",
            ));
        }
        let summary =
            Summary::parse(&manifest.bytes).map_err(|fault| broken("it is not JSON").because(&fault))?;
        if let Some(format) = summary.format.as_deref().filter(|format| *format != "DYNAMODB_JSON") {
            let is_ion = format == "ION";
            let format = if is_ion { "the format ION" } else { "another format" };
            return Err(broken(&format!("of {format}: export the table as DYNAMODB_JSON")));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        let list_key = summary.list_key.as_deref().unwrap_or_default();
        let list = find(folder, list_key).ok_or_else(|| missing(name, list_key))?;
        let files = read_list(&list, folder)?;
        let listed: u64 = files.iter().filter_map(|file| file.items).sum();
        if summary.items.is_some_and(|items| items != listed) && files.iter().all(|file| file.items.is_some())
        {
            return Err(broken("its itemCount is not that of the files that manifest-files.json lists"));
        }
        let table = summary.table_arn.as_deref().unwrap_or_default().into();
        Ok(Self { stamp: summary.stamp(), files: files.into_iter(), current: None, table })
    }

    /// The ARN of the table.
    pub(super) fn table(&self) -> &Arc<str> {
        &self.table
    }

    /// The data file that the last value was in.
    pub(super) fn source(&self) -> Option<&Arc<str>> {
        self.current.as_ref().map(|current| &current.name)
    }

    /// The next line; `None` behind the last file.
    pub(super) fn value(&mut self) -> Result<Option<Value>, Failure> {
        loop {
            let current = match &mut self.current {
                Some(current) => current,
                None => match self.files.next() {
                    Some(file) => self.current.insert(Current::open(&file)?),
                    None => return Ok(None),
                },
            };
            if let Some(value) = current.value()? {
                return Ok(Some(stamped(&self.stamp, value)));
            }
            current.check()?;
            self.current = None;
        }
    }
}

impl Current {
    fn open(file: &DataFile) -> Result<Self, Failure> {
        let name: Arc<str> = shown(&file.path).into();
        let digest = Arc::<Mutex<Md5>>::default();
        let raw = Digested { file: raw(&file.path, &name)?, digest: digest.clone() };
        let plain = rowtide::unpack::plain(Box::new(raw)).map_err(|error| broke_off(&name, &error))?;
        Ok(Self {
            values: Values::new(plain).map_err(|error| unreadable(&name, &error))?,
            name,
            items: file.items,
            read: 0,
            md5: file.md5.clone(),
            digest,
        })
    }

    fn value(&mut self) -> Result<Option<Value>, Failure> {
        let value = self.values.next().map_err(|error| broke_off(&self.name, &error))?;
        self.read += u64::from(value.is_some());
        Ok(value)
    }

    /// Whether the file held what the manifest says.
    fn check(&self) -> Result<(), Failure> {
        let again = "Copy it from the bucket again.";
        if let Some(items) = self.items.filter(|items| *items != self.read) {
            let (name, read) = (&self.name, self.read);
            return Err(Failure::broken(format!(
                "{name} holds {read} items, but the manifest of the export says {items}. {again}"
            )));
        }
        let digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner).clone().finalize();
        if self.md5.as_ref().is_some_and(|md5| *md5 != STANDARD.encode(digest)) {
            let name = &self.name;
            return Err(Failure::broken(format!("{name} has not the MD5 that the manifest says. {again}")));
        }
        Ok(())
    }
}

/// The line with what the manifest says in front of its members. What is no object stays as it is.
fn stamped(stamp: &str, mut value: Value) -> Value {
    if let Some(members) = value.bytes.strip_prefix(b"{") {
        value.bytes = [b"{", stamp.as_bytes(), members].concat().into();
    }
    value
}

impl Summary {
    fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let mut found = Self::default();
        let mut scanner = Scanner::of_bytes(bytes)?;
        scanner.object(|scanner, name| {
            match name.as_ref() {
                "tableArn" => found.table_arn = text(scanner)?,
                "exportTime" => found.export_time = text(scanner)?,
                "manifestFilesS3Key" => found.list_key = text(scanner)?,
                "outputFormat" => found.format = text(scanner)?,
                "itemCount" => found.items = text(scanner)?.and_then(|count| count.parse().ok()),
                _ => drop(scanner.skip()?),
            }
            Ok::<_, Fault>(())
        })?;
        scanner.end()?;
        Ok(found)
    }

    /// The members that every line gets; an incremental export has no `exportTime`, and its lines need none.
    fn stamp(&self) -> String {
        let mut stamp = String::new();
        for (name, value) in [("tableArn", &self.table_arn), ("exportTime", &self.export_time)] {
            let Some(value) = value else { continue };
            write_string(&mut stamp, name);
            stamp.push(':');
            write_string(&mut stamp, value);
            stamp.push(',');
        }
        stamp
    }
}

impl DataFile {
    fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let mut found = Self::default();
        Scanner::of_bytes(bytes)?.object(|scanner, name| {
            match name.as_ref() {
                "dataFileS3Key" => found.key = text(scanner)?.unwrap_or_default(),
                "itemCount" => found.items = text(scanner)?.and_then(|count| count.parse().ok()),
                "md5Checksum" => found.md5 = text(scanner)?,
                _ => drop(scanner.skip()?),
            }
            Ok::<_, Fault>(())
        })?;
        Ok(found)
    }
}

fn text(scanner: &mut Scanner<'_>) -> Result<Option<String>, Fault> {
    let is_null = scanner.peek()? == Kind::Null;
    let text = scanner.text()?;
    Ok(text.filter(|_| !is_null).map(std::borrow::Cow::into_owned))
}

fn read_list(list: &Path, folder: &Path) -> Result<Vec<DataFile>, Failure> {
    let name = shown(list);
    let mut text = Vec::new();
    let read = raw(list, &name)?.take(LIST_BYTES_MAX).read_to_end(&mut text);
    read.map_err(|error| broke_off(&name, &error))?;
    let mut files = Vec::new();
    for (line, number) in text.split(|byte| *byte == b'\n').zip(1..) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let mut file = DataFile::parse(line).map_err(|fault| {
            Failure::broken(format!("{name} line {number} is not JSON; a data file is expected."))
                .because(&fault)
        })?;
        if file.key.is_empty() {
            return Err(Failure::broken(format!("{name} line {number} names no data file (dataFileS3Key).")));
        }
        file.path = find(folder, &file.key).ok_or_else(|| missing(&name, &file.key))?;
        File::open(&file.path).map_err(|error| {
            Failure::broken(format!("{} cannot be read.", shown(&file.path))).because(&error)
        })?;
        files.push(file);
    }
    Ok(files)
}

fn shown(path: &Path) -> String {
    redact_input(&path.display().to_string()).into_owned()
}

fn missing(name: &str, key: &str) -> Failure {
    Failure::usage(format!(
        "{name} names {}, which is not there. Copy the whole folder {FOLDER} from the bucket, with the manifest in it.",
        key.escape_default()
    ))
}

/// The file on disk that has this key in the bucket, `folder` being that of the manifest: where it lies in the bucket
/// as seen from there, or, when somebody copied it elsewhere, in the manifest's folder or in `data` below or beside it.
fn find(folder: &Path, key: &str) -> Option<PathBuf> {
    let parts: Vec<&str> = key.split('/').filter(|part| !part.is_empty()).collect();
    // a manifest must not lead out of the export
    if parts.iter().any(|part| *part == "." || *part == ".." || part.contains(['\\', '\0'])) {
        return None;
    }
    let last = parts.last()?;
    let below: PathBuf = parts.rsplit(|part| *part == FOLDER).next()?.iter().collect();
    let above = if folder.as_os_str().is_empty() { Path::new(".") } else { folder }.join("..");
    let places = [
        above.join(&below),
        folder.join("data").join(last),
        above.join("data").join(last),
        folder.join(last),
    ];
    places.into_iter().find(|place| place.is_file())
}

#[cfg(test)]
mod tests {
    use super::{DataFile, Summary, find};
    use std::path::Path;

    #[test]
    fn a_manifest_says_whose_its_lines_are() {
        let stamp = |text: &str| Summary::parse(text.as_bytes()).map(|summary| summary.stamp()).unwrap();
        let full =
            r#"{"version":"2020-06-30","tableArn":"a:table/t","exportTime":"2026","s3SseKmsKeyId":null}"#;
        assert_eq!(stamp(full), r#""tableArn":"a:table/t","exportTime":"2026","#);
        let incremental =
            r#"{"tableArn":"a:table/t","exportFromTime":"1","exportToTime":"2","exportTime":null}"#;
        assert_eq!(stamp(incremental), r#""tableArn":"a:table/t","#);
        assert!(Summary::parse(b"{").is_err() && Summary::parse(b"[]").is_err());
    }

    #[test]
    fn a_line_of_the_list_names_a_file_and_how_many_items_it_holds() {
        let line = br#"{"itemCount":8,"md5Checksum":"x","etag":"y-1","dataFileS3Key":"AWSDynamoDB/1/data/a.json.gz"}"#;
        let file = DataFile::parse(line).unwrap();
        assert_eq!((file.key.as_str(), file.items), ("AWSDynamoDB/1/data/a.json.gz", Some(8)));
        assert_eq!(DataFile::parse(b"{}").unwrap(), DataFile::default());
    }

    #[test]
    fn no_key_leads_out_of_the_export() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli");
        assert!(find(&folder, "prefix/AWSDynamoDB/cli/mod.rs").is_some());
        assert!(find(&folder, "mod.rs").is_some());
        for key in ["", "/", "../Cargo.toml", "AWSDynamoDB/../../Cargo.toml", "AWSDynamoDB/./mod.rs", "a\0b"]
        {
            assert_eq!(find(&folder, key), None, "{key}");
        }
    }
}
