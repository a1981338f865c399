//! Where input lies: stdin, a file or folder of this machine, or one of a [`Storage`].

use super::Failure;
use rowtide::archive::Storage;
use rowtide::config::{Aws, is_database, redact_input};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file or a folder.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Stdin,
    Local(PathBuf),
    /// The key of an object, or of all objects below it.
    Stored(Arc<Storage>, String),
}

impl Place {
    /// What was given on the command line.
    pub(super) fn given(path: &Path, aws: &Aws) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdin);
        }
        if let Some(url) = path.to_str().filter(|text| Storage::is_location(text)) {
            let (storage, key) = Storage::open(url, aws)?;
            return Ok(Self::Stored(Arc::new(storage), key));
        }
        given_name(path)?;
        Ok(Self::Local(path.to_owned()))
    }

    /// Its name for people and in outputs.
    pub(super) fn name(&self) -> String {
        let name = match self {
            Self::Stdin => "-".to_owned(),
            Self::Local(path) => path.display().to_string(),
            Self::Stored(storage, key) => storage.name(key),
        };
        redact_input(&name).into_owned()
    }

    /// The last part of its name.
    pub(super) fn last(&self) -> Option<&str> {
        match self {
            Self::Stdin => None,
            Self::Local(path) => path.file_name()?.to_str(),
            Self::Stored(_, key) => key.rsplit('/').next(),
        }
    }

    /// The folder that it lies in.
    pub(super) fn folder(&self) -> Self {
        match self {
            Self::Stdin => Self::Stdin,
            Self::Local(path) => Self::Local(path.parent().unwrap_or(Path::new("")).to_owned()),
            Self::Stored(storage, key) => {
                Self::Stored(storage.clone(), key.rsplit_once('/').map_or("", |(above, _)| above).to_owned())
            }
        }
    }

    /// The folder above this one, whatever its own path begins with.
    pub(super) fn above(&self) -> Self {
        match self {
            Self::Local(path) => {
                let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
                Self::Local(path.join(".."))
            }
            Self::Stdin | Self::Stored(..) => self.folder(),
        }
    }

    /// What lies below it at this path, which leads nowhere else.
    pub(super) fn at(&self, below: &Path) -> Self {
        match self {
            Self::Stdin => Self::Stdin,
            Self::Local(path) => Self::Local(path.join(below)),
            Self::Stored(storage, key) => {
                let parts = below.iter().map(|part| part.to_string_lossy());
                let parts: Vec<String> = parts.map(std::borrow::Cow::into_owned).collect();
                let key = [key.as_str(), &parts.join("/")].join("/");
                Self::Stored(storage.clone(), key.trim_start_matches('/').to_owned())
            }
        }
    }

    /// Whether it is a file that is there.
    pub(super) fn is_file(&self) -> Result<bool, Failure> {
        match self {
            Self::Stdin => Ok(false),
            Self::Local(path) => Ok(path.is_file()),
            Self::Stored(storage, key) => Ok(storage.is_file(key)?),
        }
    }

    /// Fails when it cannot be opened, without reading it.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let name = self.name();
        let cannot = |error: &io::Error| Failure::usage(format!("{name} cannot be read.")).because(error);
        match self {
            Self::Stdin => {}
            Self::Local(path) => {
                let metadata = std::fs::metadata(path).map_err(|error| cannot(&error))?;
                // a pipe must be opened once only
                if metadata.is_file() {
                    File::open(path).map_err(|error| cannot(&error))?;
                }
            }
            Self::Stored(storage, key) => {
                if !storage.is_file(key)? {
                    return Err(Failure::usage(format!("{name} is not there.")));
                }
            }
        }
        Ok(())
    }

    /// Its bytes.
    pub(super) fn open(&self) -> Result<Box<dyn Read + Send>, Failure> {
        match self {
            Self::Stdin => Ok(Box::new(io::stdin())),
            Self::Local(path) => {
                let cannot = |error: io::Error| {
                    Failure::broken(format!("{} cannot be read.", self.name())).because(&error)
                };
                Ok(Box::new(File::open(path).map_err(cannot)?))
            }
            Self::Stored(storage, key) => Ok(storage.read(key)?),
        }
    }
}

/// The name of a file that was given, for people. A database is none, and may be the wrong one.
pub(in super::super) fn given_name(path: &Path) -> Result<String, Failure> {
    let name = path.display().to_string();
    if is_database(&name) && !path.exists() {
        return Err(Failure::usage(
            "This looks like a database URL: use --sink. A file is named here, or - for stdin.",
        ));
    }
    Ok(redact_input(&name).into_owned())
}
