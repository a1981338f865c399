//! What lies in a folder or a bucket, for whoever reads files on a thread.

use super::blocking::Worker;
use super::errors::{Doing, explain};
use super::location::{Connected, connect};
use crate::config::Aws;
use crate::error::{Code, Error, ErrorKind, Result};
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::{GetResultPayload, ObjectMeta, ObjectStoreExt as _};
use std::collections::{BTreeSet, HashMap};
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// A folder or a bucket. Its keys are those of the whole store: `file://` names none but absolute paths.
pub struct Storage {
    place: Connected,
    worker: Worker,
    /// What was looked for lies in few folders, and one question tells of all that is in one.
    folders: Mutex<HashMap<String, Arc<BTreeSet<String>>>>,
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.place.fmt(f)
    }
}

impl Storage {
    /// Whether `text` wants to be a location, `s3://…` or `file://…`.
    #[must_use]
    pub fn is_location(text: &str) -> bool {
        text.starts_with("s3://") || text.starts_with("file://")
    }

    /// What `url` names, and the key that it names there. No bucket is asked yet.
    ///
    /// # Errors
    /// A configuration error: it is no location, there is no such file, the region or the credentials are not known, or
    /// this build has no feature `s3`.
    pub fn open(url: &str, aws: &Aws) -> Result<(Self, String)> {
        let worker = Worker::new().map_err(no_thread)?;
        let (url, aws) = (url.to_owned(), aws.clone());
        let mut place = worker.wait(async move { connect(&url, &aws).await }).map_err(no_thread)??;
        let key = std::mem::take(&mut place.prefix).trim_end_matches('/').to_owned();
        Ok((Self { place, worker, folders: Mutex::default() }, key))
    }

    /// What is at a key, for people.
    #[must_use]
    pub fn name(&self, key: &str) -> String {
        self.place.name(key)
    }

    /// Whether an object has this key.
    ///
    /// # Errors
    /// The storage cannot be read: an error that names it and says what to do.
    pub fn is_file(&self, key: &str) -> Result<bool> {
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let known = self.folders.lock().unwrap_or_else(PoisonError::into_inner).get(folder).cloned();
        let files = match known {
            Some(files) => files,
            None => {
                let files = Arc::new(self.files_of(folder)?);
                let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
                folders.insert(folder.to_owned(), files.clone());
                files
            }
        };
        Ok(files.contains(key))
    }

    /// The keys of all objects below a folder, in order.
    ///
    /// # Errors
    /// As those of [`is_file`](Self::is_file).
    pub fn files_below(&self, folder: &str) -> Result<Vec<String>> {
        let (store, path) = (self.place.store.clone(), self.place.path(folder)?);
        let list = async move {
            let objects = store.list(Some(&path)).map_ok(|object| object.location.to_string());
            objects.try_collect::<Vec<String>>().await
        };
        let mut keys = self.ask(Doing::List, folder, list)?;
        keys.sort();
        Ok(keys)
    }

    /// What an object holds.
    ///
    /// # Errors
    /// As those of [`is_file`](Self::is_file); one that shows later is that of the reader.
    pub fn read(&self, key: &str) -> Result<Box<dyn Read + Send>> {
        let (store, path) = (self.place.store.clone(), self.place.path(key)?);
        let got = self.ask(Doing::Read, key, async move { store.get(&path).await })?;
        let name = self.name(key);
        match got.payload {
            GetResultPayload::File(file, _) => Ok(Box::new(file)),
            GetResultPayload::Stream(stream) => {
                let broken = move |error| io::Error::other(explain(Doing::Read, &name, &error));
                self.worker.read(stream.map_err(broken).boxed()).map_err(no_thread)
            }
        }
    }

    fn files_of(&self, folder: &str) -> Result<BTreeSet<String>> {
        let (store, path) = (self.place.store.clone(), self.place.path(folder)?);
        let list = async move {
            let of = |object: ObjectMeta| object.location.to_string();
            let listed = store.list_with_delimiter(Some(&path)).await;
            listed.map(|listed| listed.objects.into_iter().map(of).collect())
        };
        match self.ask(Doing::List, folder, list) {
            // a folder that is missing has no files
            Err(error) if self.is_missing(folder, &error) => Ok(BTreeSet::new()),
            listed => listed,
        }
    }

    fn is_missing(&self, folder: &str, error: &Error) -> bool {
        error.kind() == ErrorKind::Config
            && !std::path::Path::new("/").join(folder).is_dir()
            && self.is_local()
    }

    fn is_local(&self) -> bool {
        self.place.root.starts_with("file:")
    }

    fn ask<T: Send + 'static>(
        &self,
        doing: Doing,
        key: &str,
        work: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> Result<T> {
        let asked = self.worker.wait(work).map_err(no_thread)?;
        asked.map_err(|error| explain(doing, &self.name(key), &error))
    }
}

fn no_thread(error: io::Error) -> Error {
    let message = "The thread that reads files cannot be started or has ended.";
    Error::new(ErrorKind::Unavailable, Code::Unavailable, message).because(error)
}
