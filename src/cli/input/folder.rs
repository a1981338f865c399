//! A folder as input: which of its files are read, and in which order. An export of DynamoDB and the run of an archive
//! are read through their manifests.

use super::Failure;
use super::place::Place;
use rowtide::archive::{self, SUCCESS, is_object_name};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};

/// The file of an export that says what the others are.
const MANIFEST: &str = "manifest-summary.json";
/// The data files of incremental exports lie beside the folders of their manifests.
const DATA: &str = "data";

/// What is read of a folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A file.
    File(PathBuf),
    /// What may be the run of an archive: everything else in its folder is what its manifest names.
    Run(Run),
}

/// What may be the run of an archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) folder: PathBuf,
    pub(super) has_manifest: bool,
    pub(super) has_success: bool,
    /// Its files, for when it is none.
    pub(super) files: Vec<PathBuf>,
}

/// What is read of a folder, all paths from there.
pub(super) fn found(folder: &Place) -> Result<Vec<Found>, Failure> {
    let names = match folder {
        Place::Stdin => Vec::new(),
        Place::Local(path) => {
            let mut names = Vec::new();
            let walked = walk(path, path, &mut names);
            let cannot = |error| Failure::usage(format!("{} cannot be read.", folder.name())).because(&error);
            walked.map_err(cannot)?;
            names
        }
        Place::Stored(storage, key) => {
            let keys = storage.files_below(key)?;
            let below = |name: String| {
                name.strip_prefix(key.as_str()).map(|name| PathBuf::from(name.trim_start_matches('/')))
            };
            keys.into_iter().filter_map(below).collect()
        }
    };
    Ok(chosen(names))
}

/// The files below `folder`, without what no choice needs. Links to folders are not followed.
fn walk(root: &Path, folder: &Path, names: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        let path = entry.path();
        if path.is_dir() {
            if !is_hidden(&path) && !is_link(&entry) {
                walk(root, &path, names)?;
            }
        } else {
            names.extend(path.strip_prefix(root).map(Path::to_owned));
        }
    }
    Ok(())
}

/// A link to a folder may lead back to where it is.
fn is_link(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_symlink())
}

/// Hidden, or what other programs lay beside data: marks of success and sums.
fn is_hidden(path: &Path) -> bool {
    let is_sum = path.extension().is_some_and(|it| it == "md5" || it == "crc" || it == "sha256");
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(['.', '_'])) || is_sum
}

/// What is read of these files, by name, each folder's own before those of folders in it. Hidden ones are none.
fn chosen(names: Vec<PathBuf>) -> Vec<Found> {
    let mut folders: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    let mut whole: BTreeSet<PathBuf> = BTreeSet::new();
    for name in names {
        let folder = name.parent().unwrap_or(Path::new("")).to_owned();
        if name.ends_with(SUCCESS) {
            whole.insert(folder.clone());
        }
        if !is_hidden(&name) && !folder.ancestors().any(is_hidden) {
            folders.entry(folder).or_default().push(name);
        }
    }
    let is_export = |files: &[PathBuf]| files.iter().any(|file| file.ends_with(MANIFEST));
    let of_exports = folders.iter().filter(|(_, files)| is_export(files));
    let exports: BTreeSet<PathBuf> = of_exports.map(|(folder, _)| folder.clone()).collect();
    let beside: BTreeSet<&Path> = exports.iter().filter_map(|export| export.parent()).collect();
    let is_named_elsewhere = |folder: &Path| {
        folder.ancestors().any(|at| at.ends_with(DATA) && at.parent().is_some_and(|it| beside.contains(it)))
            || folder.ancestors().skip(1).any(|at| exports.contains(at))
    };
    let mut found = Vec::new();
    for (folder, mut files) in folders {
        files.sort();
        let has = |name: &str| files.iter().any(|file| file.ends_with(name));
        let has_objects = files
            .iter()
            .any(|file| file.file_name().and_then(|name| name.to_str()).is_some_and(is_object_name));
        if is_named_elsewhere(&folder) {
            continue;
        } else if exports.contains(&folder) {
            found.push(Found::File(folder.join(MANIFEST)));
        } else if has(archive::MANIFEST) || has_objects {
            let (has_manifest, has_success) = (has(archive::MANIFEST), whole.contains(&folder));
            found.push(Found::Run(Run { folder, has_manifest, has_success, files }));
        } else {
            found.extend(files.into_iter().map(Found::File));
        }
    }
    found
}

/// Whether a folder holds the data files of an export, whose manifest lies above it: without that they tell neither
/// table nor time.
pub(super) fn is_data_of_export(folder: &Place) -> Result<bool, Failure> {
    let folder = match folder {
        Place::Local(path) => Place::Local(std::path::absolute(path).unwrap_or_else(|_| path.clone())),
        Place::Stdin | Place::Stored(..) => folder.clone(),
    };
    Ok(folder.last() == Some(DATA) && folder.folder().at(Path::new(MANIFEST)).is_file()?)
}

#[cfg(test)]
mod tests {
    use super::{Found, chosen};
    use std::path::PathBuf;

    fn check(names: &[&str], expected: &[&str]) {
        let found = chosen(names.iter().map(PathBuf::from).collect());
        let shown: Vec<String> = found
            .iter()
            .map(|found| match found {
                Found::File(path) => path.display().to_string(),
                Found::Run(run) => format!(
                    "run {} manifest {} success {}",
                    run.folder.display(),
                    run.has_manifest,
                    run.has_success
                ),
            })
            .collect();
        assert_eq!(shown, expected, "{names:?}");
    }

    #[test]
    fn files_come_before_those_of_folders_and_hidden_ones_not_at_all() {
        check(
            &["z", "a/b/c", "a.x", "a/y", ".git/x", "_tmp/y", "s.md5", "_SUCCESS"],
            &["a.x", "z", "a/y", "a/b/c"],
        );
        check(&[], &[]);
    }

    #[test]
    fn an_export_is_its_manifest_and_no_data_file_is_read_beside_it() {
        let full = ["1/manifest-summary.json", "1/manifest-files.json", "1/data/a.json.gz"];
        check(&full, &["1/manifest-summary.json"]);
        let both = [&full[..], &["data/b.json.gz", "2/manifest-summary.json", "3/c"]].concat();
        check(&both, &["1/manifest-summary.json", "2/manifest-summary.json", "3/c"]);
        check(&["manifest-summary.json", "data/a", "b"], &["manifest-summary.json"]);
        check(&["data/a"], &["data/a"]);
    }

    #[test]
    fn the_run_of_an_archive_stands_for_what_is_in_its_folder() {
        let part = "part-00000-00000.ndjson.gz";
        let names =
            ["t/1/manifest.json", "t/1/_SUCCESS", &format!("t/1/{part}"), &format!("t/2/{part}"), "t/x"];
        check(&names, &["t/x", "run t/1 manifest true success true", "run t/2 manifest false success false"]);
    }
}
