//! `s3://bucket/prefix` and `file:///folder`: what they name, and the way there.

use super::errors::of_file;
use crate::config::Aws;
use crate::error::{Error, Result};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a location names.
enum Location<'u> {
    Folder(&'u Path),
    Bucket { name: &'u str, prefix: &'u str },
}

/// A place in a store.
pub(super) struct Connected {
    pub(super) store: Arc<dyn ObjectStore>,
    /// What stands in front of a key of the store, for people: `s3://bucket/` or `file:///`.
    pub(super) root: String,
    /// What keys of the place begin with, with a slash at its end; empty for the root.
    pub(super) prefix: String,
}

impl fmt::Debug for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name(""))
    }
}

impl Connected {
    /// What is at this key below the place, for people.
    pub(super) fn name(&self, key: &str) -> String {
        format!("{}{}{key}", self.root, self.prefix)
    }

    /// The path in the store of a key below the place.
    pub(super) fn path(&self, key: &str) -> Result<object_store::path::Path> {
        object_store::path::Path::parse(format!("{}{key}", self.prefix)).map_err(|_| {
            Error::config(format!("{} is no name that an object can have.", self.name(key).escape_default()))
        })
    }
}

impl<'u> Location<'u> {
    fn parse(url: &'u str) -> Result<Self> {
        let wrong = || {
            Error::config(
                "This is no location of an archive: write s3://bucket/prefix or file:///folder, without a password.",
            )
        };
        if let Some(path) = url.strip_prefix("file://").filter(|path| !path.is_empty()) {
            return Ok(Self::Folder(Path::new(path)));
        }
        let rest = url.strip_prefix("s3://").ok_or_else(wrong)?;
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if !is_bucket(name) || prefix.contains(['?', '#']) {
            return Err(wrong());
        }
        Ok(Self::Bucket { name, prefix: prefix.trim_matches('/') })
    }
}

/// Source: Amazon S3 User Guide, "General purpose bucket naming rules"; others take a little more.
fn is_bucket(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    (1..=255).contains(&name.len()) && name.chars().all(is_letter)
}

/// Whether `url` names something that this build can reach and that is not in the way of itself. No bucket is asked.
pub(super) fn check(url: &str) -> Result<()> {
    match Location::parse(url)? {
        Location::Folder(path) => {
            // with a slash at its end a file is not found
            let path: PathBuf = path.components().collect();
            let is_in_the_way = path.exists() && !path.is_dir();
            let error = || no_folder(&path, "written to", &io::Error::from(io::ErrorKind::NotADirectory));
            if is_in_the_way { Err(error()) } else { Ok(()) }
        }
        Location::Bucket { .. } if cfg!(feature = "s3") => Ok(()),
        Location::Bucket { name, .. } => Err(needs_s3(name)),
    }
}

/// Makes the folder that `url` names, if it names one.
pub(super) fn make_folder(url: &str) -> Result<()> {
    match Location::parse(url)? {
        Location::Folder(path) => {
            std::fs::create_dir_all(path).map_err(|error| no_folder(path, "made", &error))
        }
        Location::Bucket { .. } => Ok(()),
    }
}

fn no_folder(path: &Path, done: &str, error: &io::Error) -> Error {
    of_file(&format!("file://{} cannot be {done}", path.display()), error)
}

/// The way to what `url` names.
pub(super) async fn connect(url: &str, aws: &Aws) -> Result<Connected> {
    match Location::parse(url)? {
        Location::Folder(path) => {
            let whole: PathBuf = path.canonicalize().map_err(|error| no_folder(path, "read", &error))?;
            let key = whole.to_str().map(|path| path.trim_matches('/'));
            let key =
                key.ok_or_else(|| Error::config("The name of the archive's folder must be UTF-8 text."))?;
            Ok(Connected {
                // what was reported as done survives a crash of the machine
                store: Arc::new(LocalFileSystem::new().with_fsync(true)),
                root: "file:///".to_owned(),
                prefix: with_slash(key),
            })
        }
        Location::Bucket { name, prefix } => Ok(Connected {
            store: bucket(name, aws).await?,
            root: format!("s3://{name}/"),
            prefix: with_slash(prefix),
        }),
    }
}

fn with_slash(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!("{key}/") }
}

#[cfg(feature = "s3")]
use super::s3::bucket;

#[cfg(not(feature = "s3"))]
async fn bucket(name: &str, _: &Aws) -> Result<Arc<dyn ObjectStore>> {
    Err(needs_s3(name))
}

fn needs_s3(name: &str) -> Error {
    Error::config(format!(
        "s3://{name} needs the feature `s3`, which this build of rowtide does not have: build it with `--features s3`."
    ))
}

#[cfg(test)]
mod tests {
    use super::Location;

    #[test]
    fn a_location_is_a_folder_or_a_bucket_with_a_prefix() {
        let shown = |url: &str| match Location::parse(url) {
            Ok(Location::Folder(path)) => format!("folder {}", path.display()),
            Ok(Location::Bucket { name, prefix }) => format!("bucket {name} prefix {prefix}"),
            Err(error) => error.message().to_owned(),
        };
        for (url, expected) in [
            ("file:///lake", "folder /lake"),
            ("file://lake/a b%20", "folder lake/a b%20"),
            ("s3://b", "bucket b prefix "),
            ("s3://b/", "bucket b prefix "),
            ("s3://my.b-1/a//b/", "bucket my.b-1 prefix a//b"),
        ] {
            assert_eq!(shown(url), expected, "{url}");
        }
        for url in ["", "lake", "file://", "s3://", "s3:///a", "s3://u:hunter2@b/p", "s3://b/p?q", "http://b"]
        {
            let message = shown(url);
            assert!(message.starts_with("This is no location") && !message.contains("hunter2"), "{url}");
        }
    }
}
