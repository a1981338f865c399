//! A folder as input: its files, one after the other. An export of DynamoDB in it is read through its manifest.

use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};

/// The file of an export that says what the others are.
const MANIFEST: &str = "manifest-summary.json";
/// The data files of incremental exports lie beside the folders of their manifests.
const DATA: &str = "data";

/// The files below `folder`, by name, each folder's own before those of folders in it. Hidden ones are none, and
/// links to folders are not followed.
pub(super) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    add(folder, &mut found)?;
    Ok(found)
}

fn add(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let manifest = folder.join(MANIFEST);
    if manifest.is_file() {
        // everything else here is what it names
        found.push(manifest);
        return Ok(());
    }
    let entries: Vec<DirEntry> = folder.read_dir()?.collect::<Result<_, _>>()?;
    let is_meant = |entry: &DirEntry| !is_hidden(entry) && !is_linked_folder(entry);
    let mut paths: Vec<PathBuf> = entries.into_iter().filter(is_meant).map(|entry| entry.path()).collect();
    paths.sort();
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = paths.into_iter().partition(|path| path.is_dir());
    found.extend(files);
    let has_exports = folders.iter().any(|folder| folder.join(MANIFEST).is_file());
    let is_named_elsewhere = |folder: &&PathBuf| has_exports && folder.ends_with(DATA);
    folders.iter().filter(|folder| !is_named_elsewhere(folder)).try_for_each(|folder| add(folder, found))
}

/// A link to a folder may lead back to where it is.
fn is_linked_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_symlink()) && entry.path().is_dir()
}

/// Hidden, or what other programs lay beside data: marks of success and sums.
fn is_hidden(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let is_sum = Path::new(&name).extension().is_some_and(|it| it == "md5" || it == "crc" || it == "sha256");
    name.to_string_lossy().starts_with(['.', '_']) || is_sum
}

/// Whether a folder holds the data files of an export, whose manifest lies above it: without that they tell neither
/// table nor time.
pub(super) fn is_data_of_export(folder: &Path) -> bool {
    let above = std::path::absolute(folder).ok().and_then(|path| path.parent().map(Path::to_path_buf));
    let has_manifest = |above: PathBuf| above.join(MANIFEST).is_file();
    folder.file_name().is_some_and(|name| name == DATA) && above.is_some_and(has_manifest)
}
