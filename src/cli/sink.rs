//! The database of a command: a server, or the embedded one for as long as the command runs.

use super::args::{Global, PlaceArgs};
use super::failure::Failure;
use rowtide::config::{Config, is_database};
use rowtide::deadline::Deadline;
use rowtide::sink::Database;

#[cfg(feature = "embedded")]
use rowtide::config::{DialectChoice, SinkUrl};
#[cfg(feature = "embedded")]
use rowtide::embedded::Embedded;

/// Settings of `sink.url`'s own server, which mean nothing to the embedded one.
const SERVER_SETTINGS: [&str; 7] = [
    "sink.url",
    "sink.tls",
    "sink.tls_root_cert",
    "sink.ddl",
    "sink.dialect",
    "sink.connections",
    "sink.statement_timeout",
];

/// Where a command finds its database when the command line names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fallback {
    /// `sink.url`.
    Configured,
    /// `sink.url`, if there is one: not everything needs it.
    Optional,
    /// The embedded database: nobody replays into production by accident.
    Embedded,
}

/// An open database.
pub(super) struct OpenDatabase {
    pub(super) sink: Database,
    /// Nothing of it is left when the command ends.
    pub(super) is_temporary: bool,
    #[cfg(feature = "embedded")]
    embedded: Option<Embedded>,
}

/// The configuration of a command with a database.
pub(super) fn config(
    global: &Global,
    args: &PlaceArgs,
    mut more: Vec<String>,
    fallback: Fallback,
) -> Result<Config, Failure> {
    let embedded = args.sink.is_none() && (args.data_dir.is_some() || fallback == Fallback::Embedded);
    let ignore: &[&str] = match (&args.sink, embedded) {
        (Some(url), _) => {
            more.push(format!("sink.url={url}"));
            &["sink.url"]
        }
        (None, true) => &SERVER_SETTINGS,
        (None, false) => &[],
    };
    let folder = args.data_dir.as_ref().map(|folder| folder.to_string_lossy());
    if folder.is_some_and(|folder| is_database(&folder) || folder.contains("://")) {
        return Err(Failure::usage(
            "--data-dir is a folder. This looks like a URL: of a database, use --sink.",
        ));
    }
    let config = global.config(more, ignore)?;
    if embedded && config.sink.url.is_some() {
        return Err(Failure::usage("Name the database by --sink URL here, not by --set sink.url=URL."));
    }
    if !embedded && (args.sink.is_some() || fallback != Fallback::Optional) {
        config.sink.required_url()?;
    }
    Ok(config)
}

impl OpenDatabase {
    /// Whether it is the embedded one, in which nobody else makes anything.
    pub(super) fn is_embedded(&self) -> bool {
        #[cfg(feature = "embedded")]
        return self.embedded.is_some();
        #[cfg(not(feature = "embedded"))]
        return false;
    }

    /// `config` with what its `sink.url` leads to, when that is a reference to a secret.
    pub(super) async fn resolved(&self, config: Config) -> Result<Config, Failure> {
        if config.sink.url.as_ref().is_none_or(|url| url.reference().is_none()) {
            return Ok(config);
        }
        Ok(self.sink.config(Deadline::never()).await?)
    }

    /// Opens the database of a `config` made by [`config`].
    #[cfg(feature = "embedded")]
    pub(super) async fn open(config: &Config, args: &PlaceArgs) -> Result<Self, Failure> {
        if config.sink.url.is_some() {
            return Ok(Self { sink: Database::new(config)?, is_temporary: false, embedded: None });
        }
        let embedded = Embedded::start(args.data_dir.as_deref()).await;
        let embedded = embedded.map_err(|error| Failure::broken(error.to_string()))?;
        let mut config = config.clone();
        config.sink.url = Some(SinkUrl::new(embedded.url()));
        config.sink.dialect = DialectChoice::Postgres;
        // it serves one client at a time
        config.sink.connections = 1;
        let sink = Database::new(&config)?;
        // nobody else makes anything there
        sink.create_schema(&config.sink.schema).await?;
        Ok(Self { sink, is_temporary: args.data_dir.is_none(), embedded: Some(embedded) })
    }

    /// Opens the database of a `config` made by [`config`].
    #[cfg(not(feature = "embedded"))]
    #[expect(clippy::unused_async, reason = "with the embedded database there is something to wait for")]
    pub(super) async fn open(config: &Config, _: &PlaceArgs) -> Result<Self, Failure> {
        if config.sink.url.is_none() {
            return Err(Failure::usage(
                "This build of rowtide has no embedded PostgreSQL: name a database by --sink URL.",
            ));
        }
        Ok(Self { sink: Database::new(config)?, is_temporary: false })
    }

    /// Closes what was opened.
    #[cfg(feature = "embedded")]
    pub(super) async fn close(self) -> Result<(), Failure> {
        drop(self.sink);
        match self.embedded {
            Some(embedded) => embedded.stop().await.map_err(|error| Failure::broken(error.to_string())),
            None => Ok(()),
        }
    }

    /// Closes what was opened.
    #[cfg(not(feature = "embedded"))]
    #[expect(clippy::unused_async, reason = "with the embedded database there is something to wait for")]
    pub(super) async fn close(self) -> Result<(), Failure> {
        drop(self.sink);
        Ok(())
    }
}
