//! DynamoDB's export to S3 as it lies on disk: a manifest, the list of data files beside it, and the files themselves.
//!
//! The lines of the data files do not say whose they are, nor, in a full export, when they were read. The manifest
//! does: its `tableArn` and `exportTime` are put in front of every line, so that a record tells by itself.
//!
//! # Source
//! Amazon DynamoDB Developer Guide, "DynamoDB table export output format": `AWSDynamoDB/ID/manifest-summary.json` names
//! `AWSDynamoDB/ID/manifest-files.json`, an object a line, which names the data files: `AWSDynamoDB/ID/data/….json.gz`
//! of a full export, `AWSDynamoDB/data/….json.gz` of incremental ones, which share that folder.

use super::data::{DataFile, DataFiles, Frame, Sum, Words};
use super::place::Place;
use super::values::Value;
use super::{Failure, broke_off};
use rowtide::json::{Fault, Kind, Scanner, write_string};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The folder of a bucket in which exports lie.
const FOLDER: &str = "AWSDynamoDB";
/// The longest list of data files that is read: a line has some 250 bytes, and even huge tables few 100,000 files.
const LIST_BYTES_MAX: u64 = 1024 * 1024 * 1024;

const WORDS: Words = Words { rows: "items", manifest: "export", advice: "Copy it from the bucket again." };

/// A line of the list.
#[derive(Debug, Default, PartialEq, Eq)]
struct Listed {
    key: String,
    items: Option<u64>,
    /// Of the file as it lies in the bucket, in base64.
    md5: Option<String>,
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
    Listed::parse(&first.bytes).is_ok_and(|file| !file.key.is_empty())
}

/// The ARN of the table that a JSON object names as a manifest does.
pub(super) fn table_arn(object: &[u8]) -> Option<String> {
    Summary::parse(object).ok()?.table_arn
}

/// The data files of the export whose manifest `place` is. Every one is looked at before the first is read.
pub(super) fn open(place: &Place, manifest: &Value) -> Result<DataFiles, Failure> {
    let name = place.name();
    let broken = |what: &str| Failure::broken(format!("{name} is the manifest of an export, but {what}."));
    if matches!(place, Place::Stdin) {
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
    let folder = place.folder();
    let list_key = summary.list_key.as_deref().unwrap_or_default();
    let list = find(&folder, list_key)?.ok_or_else(|| missing(&name, list_key))?;
    let files = read_list(&list, &folder)?;
    let listed: u64 = files.iter().filter_map(|file| file.rows).sum();
    if summary.items.is_some_and(|items| items != listed) && files.iter().all(|file| file.rows.is_some()) {
        return Err(broken("its itemCount is not that of the files that manifest-files.json lists"));
    }
    let frame = Frame { members: summary.stamp(), wrap: None };
    let table = summary.table_arn.as_deref().unwrap_or_default().into();
    Ok(DataFiles::new(files, frame, WORDS, Some(table)))
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
            if !stamp.is_empty() {
                stamp.push(',');
            }
            write_string(&mut stamp, name);
            stamp.push(':');
            write_string(&mut stamp, value);
        }
        stamp
    }
}

impl Listed {
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

fn read_list(list: &Place, folder: &Place) -> Result<Vec<DataFile>, Failure> {
    let name = list.name();
    let mut text = Vec::new();
    let read = list.open()?.take(LIST_BYTES_MAX).read_to_end(&mut text);
    read.map_err(|error| broke_off(&name, &error))?;
    let mut files = Vec::new();
    for (line, number) in text.split(|byte| *byte == b'\n').zip(1..) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let file = Listed::parse(line).map_err(|fault| {
            Failure::broken(format!("{name} line {number} is not JSON; a data file is expected."))
                .because(&fault)
        })?;
        if file.key.is_empty() {
            return Err(Failure::broken(format!("{name} line {number} names no data file (dataFileS3Key).")));
        }
        let place = find(folder, &file.key)?.ok_or_else(|| missing(&name, &file.key))?;
        place.check()?;
        files.push(DataFile { place, rows: file.items, sum: file.md5.map(Sum::Md5) });
    }
    Ok(files)
}

fn missing(name: &str, key: &str) -> Failure {
    Failure::usage(format!(
        "{name} names {}, which is not there. Copy the whole folder {FOLDER} from the bucket, with the manifest in it.",
        key.escape_default()
    ))
}

/// The file that has this key in the bucket of the export, `folder` being that of the manifest: where it lies in the
/// bucket as seen from there, or, when somebody copied it elsewhere, in the manifest's folder or in `data` below or
/// beside it.
fn find(folder: &Place, key: &str) -> Result<Option<Place>, Failure> {
    let parts: Vec<&str> = key.split('/').filter(|part| !part.is_empty()).collect();
    // a manifest must not lead out of the export
    if parts.iter().any(|part| *part == "." || *part == ".." || part.contains(['\\', '\0'])) {
        return Ok(None);
    }
    let Some(last) = parts.last() else { return Ok(None) };
    let below: PathBuf = parts.rsplit(|part| *part == FOLDER).next().unwrap_or_default().iter().collect();
    let (above, data) = (folder.above(), Path::new("data").join(last));
    let places = [above.at(&below), folder.at(&data), above.at(&data), folder.at(Path::new(last))];
    for place in places {
        if place.is_file()? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{Listed, Place, Summary, find};
    use std::path::Path;

    #[test]
    fn a_manifest_says_whose_its_lines_are() {
        let stamp = |text: &str| Summary::parse(text.as_bytes()).map(|summary| summary.stamp()).unwrap();
        let full =
            r#"{"version":"2020-06-30","tableArn":"a:table/t","exportTime":"2026","s3SseKmsKeyId":null}"#;
        assert_eq!(stamp(full), r#""tableArn":"a:table/t","exportTime":"2026""#);
        let incremental =
            r#"{"tableArn":"a:table/t","exportFromTime":"1","exportToTime":"2","exportTime":null}"#;
        assert_eq!(stamp(incremental), r#""tableArn":"a:table/t""#);
        assert!(Summary::parse(b"{").is_err() && Summary::parse(b"[]").is_err());
    }

    #[test]
    fn a_line_of_the_list_names_a_file_and_how_many_items_it_holds() {
        let line = br#"{"itemCount":8,"md5Checksum":"x","etag":"y-1","dataFileS3Key":"AWSDynamoDB/1/data/a.json.gz"}"#;
        let file = Listed::parse(line).unwrap();
        assert_eq!((file.key.as_str(), file.items), ("AWSDynamoDB/1/data/a.json.gz", Some(8)));
        assert_eq!(Listed::parse(b"{}").unwrap(), Listed::default());
    }

    #[test]
    fn no_key_leads_out_of_the_export() {
        let folder = Place::Local(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli"));
        let find = |key: &str| find(&folder, key).unwrap().map(|place| place.name());
        assert!(find("prefix/AWSDynamoDB/cli/mod.rs").is_some());
        assert!(find("mod.rs").is_some());
        for key in ["", "/", "../Cargo.toml", "AWSDynamoDB/../../Cargo.toml", "AWSDynamoDB/./mod.rs", "a\0b"]
        {
            assert_eq!(find(key), None, "{key}");
        }
    }
}
