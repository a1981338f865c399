//! One data object while it is written: packed beside the caller, uploaded in parts, there at once or not at all.

use super::errors::{Doing, explain};
use super::location::Connected;
use super::manifest::Written;
use super::packer::{PART_BYTES, Packer};
use crate::config::ArchiveFormat;
use crate::error::{Code, Error, ErrorKind, Result};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, WriteMultipart};
use std::fmt;
use std::io;
use std::mem;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn_blocking};

/// Bytes of lines that are packed at once: much work for each time that a thread is woken for it.
const LINES_BYTES: usize = 1024 * 1024;
/// Parts that are on their way at once; with the one that is being filled they are what an object holds of memory.
const UPLOADS_MAX: usize = 2;

/// A data object that is being written. Dropped without [`finish`](Self::finish), it never existed.
pub struct ObjectWriter {
    store: Arc<dyn ObjectStore>,
    path: Path,
    key: String,
    /// For people.
    name: String,
    /// Lines that nobody packs yet.
    lines: Vec<u8>,
    packing: Packing,
    /// Begun with the first whole part.
    upload: Option<WriteMultipart>,
}

/// Who has the packer.
enum Packing {
    Here(Packer),
    AtWork(JoinHandle<io::Result<Packer>>),
    /// Nobody: something went wrong before.
    Lost,
}

impl fmt::Debug for ObjectWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectWriter").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ObjectWriter {
    pub(super) fn new(place: &Connected, key: String, format: ArchiveFormat) -> Result<Self> {
        Ok(Self {
            store: place.store.clone(),
            path: place.path(&key)?,
            name: place.name(&key),
            key,
            lines: Vec::new(),
            packing: Packing::Here(Packer::new(format)),
            upload: None,
        })
    }

    /// Writes whole lines, each one row. Waits while more is on its way than an object may hold of memory.
    ///
    /// # Errors
    /// The location does not take it: an error that names it and says what to do. The object is lost then.
    pub async fn write(&mut self, lines: &[u8]) -> Result<()> {
        self.lines.extend_from_slice(lines);
        if !self.lines.is_empty() && !self.lines.ends_with(b"\n") {
            self.lines.push(b'\n');
        }
        if self.lines.len() >= LINES_BYTES { self.pack().await } else { Ok(()) }
    }

    /// Writes what is left and lets the object be seen. Without rows there is none, and what was written before under
    /// its name stays.
    ///
    /// # Errors
    /// As those of [`write`](Self::write); the object does not exist then.
    pub async fn finish(mut self) -> Result<Written> {
        self.pack().await?;
        let mut packer = self.packer().await?;
        self.send(&mut packer).await?;
        let packed = spawn_blocking(|| packer.finish()).await;
        let packed = packed.map_err(io::Error::from).flatten().map_err(|error| self.unpackable(error))?;
        if packed.rows == 0 {
            return Ok(Written { key: self.key.clone(), ..Written::default() });
        }
        let rest = PutPayload::from(packed.rest);
        let done = match self.upload.take() {
            Some(mut upload) => {
                rest.into_iter().for_each(|bytes| upload.put(bytes));
                upload.finish().await
            }
            None => self.store.put(&self.path, rest).await,
        };
        done.map_err(|error| explain(Doing::Write, &self.name, &error))?;
        let key = mem::take(&mut self.key);
        Ok(Written { key, rows: packed.rows, bytes: packed.bytes, sha256: packed.sha256 })
    }

    /// Gives the object up, and has what was uploaded of it removed.
    pub async fn abort(mut self) {
        if let Some(upload) = self.upload.take() {
            give_up(upload, self.name.clone()).await;
        }
    }

    /// Has the lines packed; what was packed before goes on its way.
    async fn pack(&mut self) -> Result<()> {
        let mut packer = self.packer().await?;
        self.send(&mut packer).await?;
        let lines = mem::take(&mut self.lines);
        self.packing = Packing::AtWork(spawn_blocking(move || {
            packer.pack(&lines)?;
            Ok(packer)
        }));
        Ok(())
    }

    /// The packer, which must be put back.
    async fn packer(&mut self) -> Result<Packer> {
        match mem::replace(&mut self.packing, Packing::Lost) {
            Packing::Here(packer) => Ok(packer),
            Packing::AtWork(work) => {
                work.await.map_err(io::Error::from).flatten().map_err(|error| self.unpackable(error))
            }
            Packing::Lost => Err(Error::new(
                ErrorKind::Unavailable,
                Code::Unavailable,
                format!("{} was given up, because writing it failed before. Write it anew.", self.name),
            )),
        }
    }

    /// Sends off what fills whole parts.
    async fn send(&mut self, packer: &mut Packer) -> Result<()> {
        while let Some(part) = packer.part() {
            let failed = |error| explain(Doing::Write, &self.name, &error);
            if self.upload.is_none() {
                let upload = self.store.put_multipart(&self.path).await.map_err(failed)?;
                self.upload = Some(WriteMultipart::new_with_chunk_size(upload, PART_BYTES));
            }
            let Some(upload) = &mut self.upload else { continue };
            upload.wait_for_capacity(UPLOADS_MAX).await.map_err(failed)?;
            upload.put(part.into());
        }
        Ok(())
    }

    fn unpackable(&self, error: io::Error) -> Error {
        let message = format!("{} cannot be packed.", self.name);
        Error::new(ErrorKind::Unavailable, Code::Unavailable, message).because(error)
    }
}

impl Drop for ObjectWriter {
    fn drop(&mut self) {
        // files clean up after themselves; a bucket must be told, as long as there is somebody who can
        if let (Some(upload), Ok(runtime)) = (self.upload.take(), Handle::try_current()) {
            drop(runtime.spawn(give_up(upload, mem::take(&mut self.name))));
        }
    }
}

async fn give_up(upload: WriteMultipart, name: String) {
    if let Err(error) = upload.abort().await {
        let error = explain(Doing::Abort, &name, &error);
        tracing::warn!(%error, "Parts of an upload stay in the bucket until its lifecycle rule removes them.");
    }
}
