//! Change events beside a stream: objects that routes fill batch by batch. Such an object has neither a run nor a
//! manifest: it is whole by itself, and its name says what it holds.

use super::key;
use super::location::{self, Connected};
use super::manifest::Written;
use super::writer::ObjectWriter;
use crate::config::{ArchiveFormat, Aws};
use crate::error::Result;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Where routes archive changes.
#[derive(Debug)]
pub struct Lake {
    aws: Aws,
    /// By what templates have in front of their first placeholder.
    places: Mutex<HashMap<String, Arc<Connected>>>,
}

/// Changes of one target and one day.
#[derive(Debug)]
pub struct Changes<'a> {
    /// The folder, with `{schema}`, `{table}` and `{date}` not yet replaced and with a slash at its end.
    pub template: &'a str,
    /// The target's schema.
    pub schema: &'a str,
    /// The target's name.
    pub table: &'a str,
    /// The day.
    pub date: &'a str,
    /// The position of the record of the first change.
    pub first: &'a str,
    /// The position of the record of the last one.
    pub last: &'a str,
    /// The changes, a line each.
    pub lines: &'a [u8],
}

impl Lake {
    /// One that is reached as `aws` says. Nothing is asked yet.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self { aws: aws.clone(), places: Mutex::default() }
    }

    /// Whether changes can be archived by this template, as far as that shows before any is.
    ///
    /// # Errors
    /// A configuration error: it is no location, a file is in the way of the folder, or this build has no feature `s3`.
    pub fn check(template: &str) -> Result<()> {
        location::check(key::rooted(template).0)
    }

    /// Writes an object; it is there whole, or not at all. The same changes overwrite it with the same bytes.
    ///
    /// # Errors
    /// The location cannot be used or does not take it: an error that names it and says what to do.
    pub async fn put(&self, changes: &Changes<'_>) -> Result<Written> {
        let &Changes { template, schema, table, date, first, last, lines } = changes;
        let place = self.place(key::rooted(template).0).await?;
        let folder = key::folder_of_changes(template, schema, table, date);
        let name = key::name_of_changes(first, last, lines);
        let mut object = ObjectWriter::new(&place, format!("{folder}{name}"), ArchiveFormat::NdjsonGz)?;
        object.write(lines).await?;
        object.finish().await
    }

    async fn place(&self, root: &str) -> Result<Arc<Connected>> {
        let mut places = self.places.lock().await;
        if let Some(place) = places.get(root) {
            return Ok(place.clone());
        }
        location::make_folder(root)?;
        let place = Arc::new(location::connect(root, &self.aws).await?);
        places.insert(root.to_owned(), place.clone());
        Ok(place)
    }
}
