//! The way to a MySQL or MariaDB: what `snapshot.url` says, how the connection is encrypted, the session that all
//! reading relies on, and what errors mean.

use crate::config::{SnapshotSettings, Tls, redact_input};
use crate::error::{Code, Error, ErrorKind, Result};
use crate::sink::without_tls_options;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, DriverError, IoError, Opts, OptsBuilder, ServerError, SslOpts};
use rustls::pki_types::CertificateDer;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// From the connection to a session that reads; a paused Aurora takes 15 seconds to wake up.
const CONNECT_MAX: Duration = Duration::from_secs(30);
/// A connection is tried so often, where the trouble may pass.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);

/// What connections are made with.
pub(super) struct Connector {
    opts: Opts,
    /// What is tried where the server offers no TLS and need not.
    unencrypted: Option<Opts>,
}

impl Connector {
    /// What `url` says, whose place is called `label` in errors.
    pub(super) fn new(settings: &SnapshotSettings, url: &str, label: &str) -> Result<Self> {
        // with two providers in the process the driver would not know which: ours is the one of all connections, and
        // whoever has set one already keeps it
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let (url, sslmode, sslrootcert) = without_tls_options(url);
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        // what the parser says may hold a part of the password
        let opts = Opts::from_url(&format!("mysql://{rest}")).map_err(|_| {
            Error::config(format!(
                "{label} is no URL of a MySQL or MariaDB, or has an option that is not known. Write \
                 mysql://USER:PASSWORD@HOST:PORT/DATABASE, with `%40` for an `@` in the password and so on for other \
                 signs and blanks."
            ))
        })?;
        let by_url = match sslmode.as_deref() {
            None if is_local(opts.ip_or_hostname()) => Tls::Disable,
            None | Some("verify-full") => Tls::VerifyFull,
            Some("disable") => Tls::Disable,
            Some("allow" | "prefer") => Tls::Prefer,
            Some("require") => Tls::Require,
            Some("verify-ca") => Tls::VerifyCa,
            Some(_) => {
                return Err(Error::config(format!(
                    "sslmode in {label} is none of disable, allow, prefer, require, verify-ca, verify-full."
                )));
            }
        };
        let mode = settings.tls.unwrap_or(by_url);
        let roots = sslrootcert.map(PathBuf::from).or_else(|| settings.tls_root_cert.clone());
        // the driver would go on through the socket that the server names
        let base = OptsBuilder::from_opts(opts).prefer_socket(false);
        let plain = || Opts::from(base.clone().ssl_opts(None));
        let encrypted = |options| Opts::from(base.clone().ssl_opts(Some(options)));
        Ok(match mode {
            Tls::Disable => Self { opts: plain(), unencrypted: None },
            Tls::Prefer => Self { opts: encrypted(any_certificate()), unencrypted: Some(plain()) },
            // as libpq does: with a root certificate, `require` checks it
            Tls::Require if roots.is_none() => Self { opts: encrypted(any_certificate()), unencrypted: None },
            Tls::Require | Tls::VerifyCa => {
                return Err(Error::config(format!(
                    "{label}: a MySQL's certificate is checked together with its host name or not at all. Set snapshot.tls \
                     (or sslmode) to verify-full, or to require without a root certificate."
                )));
            }
            Tls::VerifyFull => Self { opts: encrypted(trusted(roots.as_deref())?), unencrypted: None },
        })
    }

    /// A connection whose session reads in the way that all of this relies on.
    ///
    /// # Errors
    /// When none can be made; transient failures are tried again for a while.
    pub(super) async fn client(&self) -> Result<Conn> {
        let mut attempt = 1;
        loop {
            let made = timeout(CONNECT_MAX, self.attempt()).await.unwrap_or_else(|_| Err(unanswered()));
            match made {
                Err(error) if error.kind() == ErrorKind::Unavailable && attempt < ATTEMPTS => {
                    tracing::debug!(attempt, %error, "The source cannot be reached yet.");
                    sleep(PAUSE * attempt).await;
                    attempt += 1;
                }
                made => return made,
            }
        }
    }

    async fn attempt(&self) -> Result<Conn> {
        let mut client = match (Conn::new(self.opts.clone()).await, &self.unencrypted) {
            (Err(mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer)), Some(opts)) => {
                Conn::new(opts.clone()).await
            }
            (made, _) => made,
        }
        .map_err(|error| meaning(&error))?;
        let session = [
            include_str!("../../../sql/snapshot/mysql/session.sql"),
            include_str!("../../../sql/snapshot/mysql/read_only.sql"),
        ];
        for statement in session {
            client.query_drop(statement).await.map_err(|error| meaning(&error))?;
        }
        Ok(client)
    }
}

/// Whether a host is this machine; an address of IPv6 stands in brackets.
fn is_local(host: &str) -> bool {
    let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn any_certificate() -> SslOpts {
    SslOpts::default().with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true)
}

/// Trusts the certificates of a file, or those of the system; never those that the driver brings along.
fn trusted(file: Option<&Path>) -> Result<SslOpts> {
    let roots = match file.filter(|path| *path != Path::new("system")) {
        Some(path) if path.is_file() => vec![path.to_owned().into()],
        Some(path) => {
            let path = path.display().to_string();
            return Err(Error::config(format!(
                "The root certificates in {} cannot be read.",
                redact_input(&path)
            )));
        }
        None => of_system().into_iter().map(|root| root.to_vec().into()).collect(),
    };
    if roots.is_empty() {
        return Err(Error::config(
            "No root certificate was found to verify the source's with: install the system's CA certificates, or name a \
             file with snapshot.tls_root_cert.",
        ));
    }
    Ok(SslOpts::default().with_disable_built_in_roots(true).with_root_certs(roots))
}

/// The system's certificates that can be used: of others the driver would take none at all.
fn of_system() -> Vec<CertificateDer<'static>> {
    let found = rustls_native_certs::load_native_certs().certs;
    let is_usable = |root: &CertificateDer<'static>| rustls::RootCertStore::empty().add(root.clone()).is_ok();
    found.into_iter().filter(is_usable).collect()
}

fn unanswered() -> Error {
    let seconds = CONNECT_MAX.as_secs();
    let message = format!("Source: the database of snapshot.url did not answer within {seconds} seconds.");
    Error::new(ErrorKind::Unavailable, Code::Unavailable, message)
}

/// What an error of the server or of the driver means. The server's own message may quote values and is left out,
/// unless it names only who wanted what.
pub(super) fn meaning(error: &mysql_async::Error) -> Error {
    let (kind, what) = match error {
        mysql_async::Error::Server(answer) => return refused(answer),
        mysql_async::Error::Io(IoError::Tls(error)) => {
            let hint = "name the authority's certificate in snapshot.tls_root_cert, or change snapshot.tls";
            (ErrorKind::Config, format!("the connection cannot be encrypted ({error}): {hint}"))
        }
        mysql_async::Error::Io(IoError::Io(error)) => (
            ErrorKind::Unavailable,
            format!("the database of snapshot.url cannot be reached ({})", error.kind()),
        ),
        mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            let hint = "turn it on there, or set snapshot.tls to disable";
            (ErrorKind::Config, format!("the database offers no TLS: {hint}"))
        }
        mysql_async::Error::Driver(
            DriverError::StmtParamsMismatch { .. } | DriverError::MixedParams | DriverError::Params(_),
        ) => (
            ErrorKind::Config,
            "a `query` or `where` of snapshot.table holds a parameter (`?` or `:name`): write the value"
                .to_owned(),
        ),
        mysql_async::Error::Driver(_) | mysql_async::Error::Other(_) | mysql_async::Error::Url(_) => (
            ErrorKind::Unavailable,
            "the connection to the database of snapshot.url broke, or what answers there is no MySQL"
                .to_owned(),
        ),
    };
    let code = if kind == ErrorKind::Config { Code::Configuration } else { Code::Unavailable };
    Error::new(kind, code, format!("Source: {what}."))
}

/// Source: MySQL Error Message Reference, MariaDB Error Codes.
fn refused(answer: &ServerError) -> Error {
    let (kind, advice) = match answer.code {
        // which name and host, or which object, and for whom
        1044 | 1045 | 1049 | 1054 | 1130 | 1142 | 1143 | 1146 | 1698 => {
            let told: String = answer.message.chars().filter(|c| !c.is_control()).take(300).collect();
            (ErrorKind::Schema, format!("the database refuses ({told})"))
        }
        1064 | 1149 => (
            ErrorKind::Config,
            "a `query` or `where` of snapshot.table is no SQL that the server understands".to_owned(),
        ),
        1205 | 1213 => (ErrorKind::Contended, "the statement lost against another one".to_owned()),
        1040 | 1053 | 1203 | 1226 | 1317 | 1969 | 3024 => {
            (ErrorKind::Unavailable, "the server is busy, or ended the statement".to_owned())
        }
        _ => (ErrorKind::Config, "the database refuses the statement".to_owned()),
    };
    let code = match kind {
        ErrorKind::Contended => Code::Contended,
        ErrorKind::Unavailable => Code::Unavailable,
        ErrorKind::Schema | ErrorKind::Config => Code::Configuration,
        ErrorKind::Malformed | ErrorKind::Unsupported | ErrorKind::Rejected => Code::Configuration,
    };
    Error::new(kind, code, format!("Source: {advice}: error {}.", answer.code)).with_sqlstate(&answer.state)
}
