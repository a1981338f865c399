//! The runs of an archive as input: their manifests, and which of several is meant.

use super::super::terminal::{count, tell, warn};
use super::data::{DataFile, DataFiles, Frame, Sum, Words};
use super::export;
use super::folder::{Found, Run};
use super::place::Place;
use super::values::Value;
use super::{Failure, broke_off};
use rowtide::archive::{MANIFEST, Manifest, SUCCESS, is_object_name};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

/// The longest manifest that is read: it has some 150 bytes for each object.
const MANIFEST_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Runs that are not whole and are named; of more there is only the number.
const NAMED_MAX: usize = 3;

const WORDS: Words = Words {
    rows: "rows",
    manifest: "archive",
    advice: "It was cut off or changed after it was written: copy it again, or repeat the run. What was read of it \
        before is applied, which does no harm.",
};

/// A run that is whole.
struct Whole {
    /// Schema, table and run.
    of: (String, String, String),
    name: String,
    manifest: Place,
}

/// Whether the first value of a file is the manifest of a run.
pub(super) fn is_manifest(first: &Value) -> bool {
    !matches!(Manifest::parse(&first.bytes), Ok(None))
}

/// The data objects of the run whose manifest `place` is. Every one is looked at before the first is read.
pub(super) fn open(place: &Place, first: &Value) -> Result<DataFiles, Failure> {
    let name = place.name();
    let broken = |what: &str| Failure::broken(format!("{name} is the manifest of an archive, but {what}."));
    if matches!(place, Place::Stdin) {
        return Err(Failure::usage(
            "The manifest of an archive names files beside it: give its path instead of -.",
        ));
    }
    let manifest = Manifest::parse(&first.bytes).map_err(broken)?;
    let manifest = manifest.ok_or_else(|| broken("it cannot be read"))?;
    let folder = place.folder();
    if !folder.at(Path::new(SUCCESS)).is_file()? {
        return Err(not_whole(&name));
    }
    let mut files = Vec::new();
    for object in manifest.objects {
        let place = folder.at(Path::new(&object.key));
        if !place.is_file()? {
            let message = format!("{name} names {}, which is not there. {}", place.name(), WORDS.advice);
            return Err(Failure::broken(message));
        }
        files.push(DataFile { place, rows: Some(object.rows), sum: Some(Sum::Sha256(object.sha256)) });
    }
    let head = manifest.head.get();
    let members = head.strip_prefix('{').and_then(|head| head.strip_suffix('}')).unwrap_or_default();
    let frame = Frame { members: members.trim().to_owned(), wrap: manifest.wrap };
    let exported = export::table_arn(head.as_bytes()).map(Into::into);
    Ok(DataFiles::new(files, frame, WORDS, exported))
}

fn not_whole(name: &str) -> Failure {
    Failure::broken(format!(
        "{name} is of a run that is not whole: there is no {SUCCESS} beside it. Wait for the job that writes it, or \
         repeat it."
    ))
}

/// Refuses a data object that is given by itself: only its manifest says what its lines are of.
pub(super) fn refuse_object(place: &Place) -> Result<(), Failure> {
    let is_object = place.last().is_some_and(is_object_name);
    if is_object && place.folder().at(Path::new(MANIFEST)).is_file()? {
        let name = place.name();
        let message = format!("{name} is a data object of an archive: give the folder that it lies in.");
        return Err(Failure::usage(message));
    }
    Ok(())
}

/// The files that are read of what was found in `folder`: of each table of an archive the newest run that is whole.
pub(super) fn newest(folder: &Place, found: Vec<Found>) -> Result<Vec<Place>, Failure> {
    let mut files: Vec<Place> = Vec::new();
    let mut whole: Vec<Whole> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    for found in found {
        match found {
            Found::File(path) => files.push(folder.at(&path)),
            Found::Run(run) => match look(folder, &run)? {
                Looked::Whole(it) => whole.push(it),
                Looked::NotWhole(name) => others.push(name),
                Looked::NoRun => files.extend(run.files.iter().map(|path| folder.at(path))),
            },
        }
    }
    if let (Some(first), true) = (others.first(), whole.is_empty()) {
        return Err(not_whole(first));
    }
    if !others.is_empty() {
        let more = if others.len() > NAMED_MAX { ", …" } else { "" };
        let named = others.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
        let runs = count(others.len(), "run");
        warn(&format!("{runs} without {SUCCESS}, so not whole, left out: {named}{more}."));
    }
    files.extend(newest_of_each(whole));
    Ok(files)
}

enum Looked {
    Whole(Whole),
    /// For people.
    NotWhole(String),
    /// A folder with a file of the same name.
    NoRun,
}

fn look(folder: &Place, run: &Run) -> Result<Looked, Failure> {
    let place = folder.at(&run.folder);
    if !run.has_manifest {
        return Ok(Looked::NotWhole(place.name()));
    }
    let manifest = folder.at(&run.folder.join(MANIFEST));
    let name = manifest.name();
    let mut text = Vec::new();
    let read = manifest.open()?.take(MANIFEST_BYTES_MAX).read_to_end(&mut text);
    read.map_err(|error| broke_off(&name, &error))?;
    let broken = |what: &str| Failure::broken(format!("{name} is the manifest of an archive, but {what}."));
    let Some(parsed) = Manifest::parse(&text).map_err(broken)? else { return Ok(Looked::NoRun) };
    if !run.has_success {
        return Ok(Looked::NotWhole(place.name()));
    }
    let of = (parsed.schema, parsed.table, parsed.run);
    Ok(Looked::Whole(Whole { of, name: place.name(), manifest }))
}

/// Of each table the newest, in the order in which the tables were found. Where there was a choice, people are told.
fn newest_of_each(runs: Vec<Whole>) -> Vec<Place> {
    let mut tables: Vec<(String, String)> = Vec::new();
    let mut newest: BTreeMap<(String, String), (Whole, usize)> = BTreeMap::new();
    for run in runs {
        let (schema, table, _) = run.of.clone();
        let table = (schema, table);
        let count = match newest.remove(&table) {
            Some((known, count)) if known.of > run.of => {
                newest.insert(table, (known, count + 1));
                continue;
            }
            Some((_, count)) => count,
            None => {
                tables.push(table.clone());
                0
            }
        };
        newest.insert(table, (run, count + 1));
    }
    let mut files = Vec::new();
    for (run, count) in tables.iter().filter_map(|table| newest.remove(table)) {
        if count > 1 {
            let (_, table, _) = &run.of;
            tell(&format!("Of {count} runs of {table} the newest is read: {}", run.name));
        }
        files.push(run.manifest);
    }
    files
}
