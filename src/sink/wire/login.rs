//! How to log in: what `sink.url` says, or the secret that it refers to, which may change while the process lives.

use super::connect::Connector;
use super::errors::driver_error;
use super::time::{left, out_of_time};
use crate::config::{Config, Reference, SinkSettings};
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::secrets::{SecretVersion, Secrets, connection_url};
use deadpool_postgres::Connect;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_postgres::{Client, Connection, NoTls};

/// After every version of a secret was refused, so long passes before it is fetched again: refused logins come in
/// crowds, and a person or a rotation must act first.
const REFUSED_PAUSE: Duration = Duration::from_secs(5);
/// A connection is tried at most with this many logins: as known, fetched again twice, and the one before.
pub(in crate::sink) const LOGINS_MAX: u32 = 4;
/// How long a connection whose client is gone may take to end what it was asked to do and to take leave.
const GOODBYE: Duration = Duration::from_secs(1);

/// The login of a sink, and where it comes from.
pub(in crate::sink) struct Login {
    sink: SinkSettings,
    secrets: Secrets,
    reference: Option<Reference>,
    /// What connections are made with now.
    now: Mutex<Option<Arc<Connector>>>,
    /// Held while a secret is fetched, so that it is fetched once.
    fetching: tokio::sync::Mutex<Tried>,
}

/// What was tried since a login was accepted for the last time.
#[derive(Default)]
struct Tried {
    next: usize,
    refused: Option<Instant>,
}

/// In this order a refused secret is fetched again.
const VERSIONS: [SecretVersion; 3] = [SecretVersion::Fresh, SecretVersion::Direct, SecretVersion::Previous];

impl Login {
    /// The login that `config` describes. Nothing is fetched yet.
    ///
    /// # Errors
    /// When the settings of `sink` cannot be used.
    pub(in crate::sink) fn new(config: &Config) -> Result<Self> {
        let secrets = Secrets::new(config.aws.clone());
        let url = config.sink.required_url()?;
        let reference = url.reference();
        let now = match &reference {
            Some(_) => None,
            None => Some(Arc::new(Connector::new(&config.sink, url, "sink.url", secrets.region())?)),
        };
        let (sink, now) = (config.sink.clone(), Mutex::new(now));
        Ok(Self { sink, secrets, reference, now, fetching: tokio::sync::Mutex::default() })
    }

    /// What connections are made with now, if that is known.
    pub(in crate::sink) fn known(&self) -> Option<Arc<Connector>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What connections are made with, fetched when it is not known yet.
    pub(in crate::sink) async fn connector(&self, deadline: Deadline) -> Result<Arc<Connector>> {
        let connector = match (self.known(), &self.reference) {
            (Some(known), _) => known,
            (None, None) => return Err(Error::config("sink.url is not set.")),
            (None, Some(reference)) => bounded(deadline, Box::pin(self.first(reference))).await?,
        };
        if connector.uses_token() {
            // those of a container end; with these the password of the next connection is made
            bounded(deadline, Box::pin(self.secrets.credentials())).await?;
        }
        Ok(connector)
    }

    /// `config` with the URL of the database in place of a reference to it, fetched when it is not known yet.
    ///
    /// # Errors
    /// When it cannot be fetched.
    pub(in crate::sink) async fn resolved(&self, config: &Config, deadline: Deadline) -> Result<Config> {
        if self.reference.is_none() {
            return Ok(config.clone());
        }
        Ok(config.with_sink_url(self.connector(deadline).await?.url().clone()))
    }

    async fn first(&self, reference: &Reference) -> Result<Arc<Connector>> {
        let _turn = self.fetching.lock().await;
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let connector = self.fetched(reference, SecretVersion::Current).await?;
        Ok(self.put(connector))
    }

    async fn fetched(&self, reference: &Reference, version: SecretVersion) -> Result<Connector> {
        let text = self.secrets.text(reference, version).await?;
        let url = connection_url(reference, &text, self.sink.auth)?;
        Connector::new(&self.sink, &url, &format!("sink.url ({reference})"), self.secrets.region())
    }

    fn put(&self, connector: Connector) -> Arc<Connector> {
        let connector = Arc::new(connector);
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Some(connector.clone());
        connector
    }

    /// Another login to try after the database refused `refused` with `error`; the error when there is none.
    pub(in crate::sink) async fn renewed(
        &self,
        refused: &Arc<Connector>,
        error: Error,
        deadline: Deadline,
    ) -> Result<Arc<Connector>> {
        let Some(reference) = &self.reference else {
            return Err(if refused.uses_token() { error.with_hint(IAM_HINT) } else { error });
        };
        bounded(deadline, Box::pin(self.next(reference, refused, error))).await
    }

    async fn next(
        &self,
        reference: &Reference,
        refused: &Arc<Connector>,
        error: Error,
    ) -> Result<Arc<Connector>> {
        let mut tried = self.fetching.lock().await;
        let hint = || {
            format!(
                "The secret {reference} was fetched again, and no version of it is accepted: is its user the database's, \
                 and is its rotation done?"
            )
        };
        match self.known() {
            // somebody else had the same trouble and was faster
            Some(known) if !Arc::ptr_eq(&known, refused) => return Ok(known),
            _ => {}
        }
        if tried.refused.is_some_and(|at| at.elapsed() < REFUSED_PAUSE) {
            return Err(error.with_hint(&hint()));
        }
        if tried.refused.take().is_some() {
            tried.next = 0;
        }
        while let Some(version) = VERSIONS.get(tried.next).copied() {
            // without an extension, to look again is to ask the service
            if version == SecretVersion::Direct && !self.secrets.may_remember() {
                tried.next += 1;
                continue;
            }
            let fetched = self.fetched(reference, version).await;
            // only now: where the time ran out, the next invocation begins here
            tried.next += 1;
            match fetched {
                Ok(connector) if connector.url() == refused.url() => {}
                Ok(connector) => {
                    tracing::info!(%reference, ?version, "The database refused the login; the secret was fetched again.");
                    return Ok(self.put(connector));
                }
                Err(why) => {
                    tracing::debug!(%reference, ?version, error = %why, "The secret cannot be fetched again.")
                }
            }
        }
        tried.refused = Some(Instant::now());
        Err(error.with_hint(&hint()))
    }

    /// Makes a connection. A token is as old as the connection.
    async fn connect(&self) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        let known = self.known();
        // without a login the empty configuration says what is wrong
        let mut config = known.as_ref().map(|known| known.config().clone()).unwrap_or_default();
        if let Some((known, credentials)) = known.as_ref().zip(self.secrets.known_credentials())
            && let Some(token) = known.token(&credentials)
        {
            config.password(token);
        }
        let connected = match known.and_then(|known| known.tls().ok().flatten()) {
            Some(tls) => config.connect(tls).await.map(|(client, connection)| (client, driven(connection))),
            None => config.connect(NoTls).await.map(|(client, connection)| (client, driven(connection))),
        }?;
        // whoever fetches just now has another login in hand
        if let Ok(mut tried) = self.fetching.try_lock() {
            *tried = Tried::default();
        }
        Ok(connected)
    }
}

const IAM_HINT: &str = "With sink.auth = \"rds-iam\" the role needs rds-db:connect for this user of the database, and \
     the user the role rds_iam.";

/// Makes the pool's connections with the login that is good when they are made.
pub(in crate::sink) struct TokenConnect(pub(in crate::sink) Arc<Login>);

impl Connect for TokenConnect {
    fn connect(
        &self,
        _: &tokio_postgres::Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), tokio_postgres::Error>> + Send + '_>>
    {
        Box::pin(self.0.connect())
    }
}

/// Runs a connection until its client is gone, and gives it a moment to take leave of the server.
///
/// The pool aborts the task of a connection that it drops, and the server would see a client that vanished. So the task
/// that it is given stands for the client only.
fn driven<S, T>(connection: Connection<S, T>) -> JoinHandle<()>
where
    Connection<S, T>: Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
{
    let (here, gone) = oneshot::channel::<()>();
    tokio::spawn(async move {
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            _ = gone => timeout(GOODBYE, connection).await.unwrap_or(Ok(())),
        };
        if let Err(error) = ended {
            tracing::warn!(error = %driver_error(&error, ErrorKind::Rejected), "A connection to the database broke.");
        }
    });
    tokio::spawn(async move {
        let _here = here;
        pending().await
    })
}

async fn bounded<T>(deadline: Deadline, work: impl Future<Output = Result<T>>) -> Result<T> {
    match left(deadline)? {
        Some(left) => timeout(left, work).await.map_err(|_| out_of_time())?,
        None => work.await,
    }
}

#[cfg(test)]
mod tests {
    use super::driven;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_postgres::NoTls;

    #[tokio::test]
    async fn a_connection_whose_task_is_aborted_takes_leave_of_the_server() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgresql://rowtide@{}/shop", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            let start = client.read_u32().await.unwrap();
            client.read_exact(&mut vec![0; start as usize - 4]).await.unwrap();
            // AuthenticationOk, ReadyForQuery
            client.write_all(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I").await.unwrap();
            let mut rest = Vec::new();
            client.read_to_end(&mut rest).await.unwrap();
            rest
        });
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        // in this order the pool drops what it holds
        driven(connection).abort();
        drop(client);
        // Terminate
        assert_eq!(server.await.unwrap(), b"X\0\0\0\x04");
    }
}
