//! Where runs are written: which object is where, and what is said of them in the end.

use super::errors::{Doing, explain};
use super::key::{self, ObjectName};
use super::location::{self, Connected};
use super::manifest::{About, MANIFEST, Manifest, SUCCESS, Written};
use super::writer::ObjectWriter;
use crate::config::{ArchiveFormat, Config};
use crate::error::{Error, Result};
use object_store::{ObjectStoreExt as _, PutPayload};

/// Where files of rows are written.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rowtide::archive::{About, Archive, ObjectName};
/// use rowtide::config::Config;
///
/// # let folder = std::env::temp_dir().join(format!("rowtide-archive-{}", std::process::id()));
/// let mut config = Config::default();
/// config.archive.url = Some(format!("file://{}", folder.display()));
/// let archive = Archive::open(&config).await?;
/// let about = About {
///     schema: "public".to_owned(),
///     table: "orders".to_owned(),
///     run: "20261130T231151Z".to_owned(),
///     head: r#"{"from":"here"}"#.to_owned(),
///     wrap: Some("row".to_owned()),
///     columns: vec![("id".to_owned(), "bigint".to_owned())],
/// };
/// let mut object = archive.object(&about, ObjectName { part: 0, number: 0, claim: 1 }).await?;
/// object.write(b"{\"id\":1}\n{\"id\":2}\n").await?;
/// let written = object.finish().await?;
/// archive.finish(&about, &[written]).await?;
/// assert!(folder.join("public.orders/20261130T231151Z/_SUCCESS").is_file());
/// # std::fs::remove_dir_all(folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Archive {
    place: Connected,
    format: ArchiveFormat,
    template: String,
}

impl Archive {
    /// The archive that `[archive]` describes. A folder that is missing is made; a bucket is not asked yet.
    ///
    /// # Errors
    /// A configuration error: `archive.url` is not set or no location, the folder cannot be made, the bucket's region
    /// or the credentials are not known, or this build has no feature `s3`.
    pub async fn open(config: &Config) -> Result<Self> {
        let url = config.archive.required_url()?;
        location::make_folder(url)?;
        Ok(Self {
            place: location::connect(url, &config.aws).await?,
            format: config.archive.format,
            template: config.archive.key.clone(),
        })
    }

    /// What the files are. Of `results` a table has one object, so that it cannot be written in parts.
    #[must_use]
    pub fn format(&self) -> ArchiveFormat {
        self.format
    }

    /// Begins a data object, which does not exist before [`ObjectWriter::finish`].
    ///
    /// # Errors
    /// A configuration error: the head is no JSON object, or the format knows no parts.
    pub async fn object(&self, about: &About, name: ObjectName) -> Result<ObjectWriter> {
        Manifest::new(about, self.format, Vec::new())?;
        let key = match self.format {
            ArchiveFormat::NdjsonGz | ArchiveFormat::Ndjson => {
                format!("{}{}", self.folder(about), key::object_name(name, self.format))
            }
            ArchiveFormat::Results if name.part == 0 && name.number == 0 => key::of_results(&about.table),
            ArchiveFormat::Results => {
                return Err(Error::config(
                    "`archive.format` is `results`, which is one object a table: a table that is read in parts needs \
                     `ndjson.gz` or `ndjson`.",
                ));
            }
        };
        ObjectWriter::new(&self.place, key, self.format)
    }

    /// Says that the run has all of its rows: writes what `objects` hold to `manifest.json`, then `_SUCCESS`. When
    /// there are no rows, and with the format `results`, nothing is written.
    ///
    /// # Errors
    /// As those of [`ObjectWriter::finish`].
    pub async fn finish(&self, about: &About, objects: &[Written]) -> Result<()> {
        let objects: Vec<Written> = objects.iter().filter(|object| object.rows > 0).cloned().collect();
        if objects.is_empty() || self.format == ArchiveFormat::Results {
            return Ok(());
        }
        let folder = self.folder(about);
        let manifest = Manifest::new(about, self.format, objects)?.in_folder(&folder)?;
        self.put(&format!("{folder}{MANIFEST}"), manifest.to_json()).await?;
        self.put(&format!("{folder}{SUCCESS}"), String::new()).await
    }

    /// Where the run of a table lies, for people.
    #[must_use]
    pub fn location(&self, about: &About) -> String {
        let key = match self.format {
            ArchiveFormat::NdjsonGz | ArchiveFormat::Ndjson => self.folder(about),
            ArchiveFormat::Results => key::of_results(&about.table),
        };
        self.place.name(&key)
    }

    /// Where the runs of a table lie, so that those of two tables can be told apart.
    #[must_use]
    pub fn place_of(&self, schema: &str, table: &str) -> String {
        self.place.name(&match self.format {
            ArchiveFormat::NdjsonGz | ArchiveFormat::Ndjson => key::folder(&self.template, schema, table, ""),
            ArchiveFormat::Results => key::of_results(table),
        })
    }

    fn folder(&self, about: &About) -> String {
        key::folder(&self.template, &about.schema, &about.table, &about.run)
    }

    async fn put(&self, key: &str, text: String) -> Result<()> {
        let path = self.place.path(key)?;
        let put = self.place.store.put(&path, PutPayload::from(text)).await;
        put.map(drop).map_err(|error| explain(Doing::Write, &self.place.name(key), &error))
    }
}
