//! A PostgreSQL that rows are read from: found, logged in to and encrypted as a sink is, by settings of its own.

use super::errors::{PRIVILEGES_OF_SINK, driver_error};
use super::login::Login;
use super::server::Server;
use crate::config::{Config, SinkSettings};
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use deadpool_postgres::Object;
use std::sync::Arc;

const PRIVILEGES_OF_SOURCE: &str =
    "It needs `usage` on the schema, `select` on the table, and BYPASSRLS where a policy hides rows";

/// The database of `snapshot.url`.
pub(crate) struct SourceServer(Server);

impl SourceServer {
    /// The server that `config` names. No connection is opened yet. It keeps as many connections as `connections`.
    ///
    /// # Errors
    /// When `snapshot.url` is not set, or cannot be used.
    pub(crate) fn new(config: &Config, connections: usize) -> Result<Self> {
        let url = config.snapshot.url.clone().ok_or_else(|| {
            Error::config(
                "`snapshot.url` is not set: name the database to read by --source, or in [snapshot] of the file.",
            )
        })?;
        let settings = config.snapshot.clone();
        let mut config = config.clone();
        config.sink = SinkSettings {
            url: Some(url),
            tls: settings.tls,
            tls_root_cert: settings.tls_root_cert.clone(),
            connections,
            ..SinkSettings::default()
        };
        let login = Arc::new(Login::new(&config).map_err(of_source)?);
        Server::behind(login, &config).map(Self).map_err(of_source)
    }

    /// A connection that works; transient failures are tried again for a while.
    ///
    /// # Errors
    /// When none can be made.
    pub(crate) async fn client(&self, deadline: Deadline) -> Result<Object> {
        let server = &self.0;
        server.retrying(deadline, || server.client(deadline)).await.map_err(of_source)
    }

    /// What an error of a statement means.
    pub(crate) fn error(error: &tokio_postgres::Error) -> Error {
        of_source(driver_error(error, ErrorKind::Schema))
    }
}

/// The same error in the words of the source: the settings of both are called alike.
fn of_source(error: Error) -> Error {
    let message = error.message().replace("sink.url", "snapshot.url").replace("sink.tls", "snapshot.tls");
    let message = message.replace(PRIVILEGES_OF_SINK, PRIVILEGES_OF_SOURCE);
    let told = Error::new(error.kind(), error.code(), format!("Source: {message}"));
    match error.sqlstate() {
        Some(sqlstate) => told.with_sqlstate(sqlstate),
        None => told,
    }
}
