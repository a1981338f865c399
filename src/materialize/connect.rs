//! From the URL of a database to what a connection is made with: its options, TLS, tokens; and what errors mean.

use crate::config::{Auth, Credentials, Sink, SinkUrl, Tls, redact_input};
use crate::error::{Code, Error, ErrorKind, Result};
use crate::secrets::database_token;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::borrow::Cow;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// From the connection to the first answer, when `connect_timeout` does not say it: a paused Aurora takes 15 seconds to
/// wake up.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// PostgreSQL's, when the URL names none.
const PORT: u16 = 5432;
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
/// Unanswered data for so long means a dead peer.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(10);

/// A checked URL, ready to make connections.
pub(super) struct Connector {
    url: SinkUrl,
    config: tokio_postgres::Config,
    tls: Tls,
    root_certificates: Option<PathBuf>,
    /// Made when it is needed: it reads certificates.
    encryption: OnceLock<Option<MakeRustlsConnect>>,
    token: Option<Token>,
    answer_max: Duration,
}

/// Whom a token of IAM lets in, and where.
struct Token {
    region: String,
    host: String,
    port: u16,
    user: String,
}

impl Connector {
    /// What `url` says, whose place is called `label` in errors. `region` is where its IAM is, unless its host says.
    pub(super) fn new(sink: &Sink, url: &SinkUrl, label: &str, region: Option<&str>) -> Result<Self> {
        let given = url.clone();
        let url = url.expose();
        let url = if is_crate(url) { Cow::Owned(of_crate(url)) } else { Cow::Borrowed(url) };
        let (url, sslmode, sslrootcert) = without_tls_options(&url);
        // what the parser takes for the name of an option may be part of a password
        let mut config: tokio_postgres::Config = url.parse().map_err(|_| {
            Error::config(format!(
                "{label} is not a PostgreSQL connection string, or has an option that is not known. Write \
                 postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with `%40` for an `@` in the password and so on for other \
                 signs and blanks."
            ))
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(Error::config(format!("{label} names no host.")));
        }
        // where there are addresses they are what is connected to, and names are only for the certificate
        let local = match config.get_hostaddrs() {
            [] => config.get_hosts().iter().all(is_local),
            addresses => addresses.iter().all(IpAddr::is_loopback),
        };
        let by_url = match sslmode.as_deref() {
            None if local => Tls::Disable,
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
        let tls = sink.tls.unwrap_or(by_url);
        config.ssl_mode(match tls {
            Tls::Disable => SslMode::Disable,
            Tls::Prefer => SslMode::Prefer,
            Tls::Require | Tls::VerifyCa | Tls::VerifyFull => SslMode::Require,
        });
        if config.get_application_name().is_none() {
            config.application_name("rowtide");
        }
        let answer_max = config.get_connect_timeout().copied().unwrap_or(ANSWER_MAX);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.keepalives_idle(KEEPALIVE_IDLE).tcp_user_timeout(TCP_USER_TIMEOUT);
        let root_certificates = sslrootcert.map(PathBuf::from).or_else(|| sink.tls_root_cert.clone());
        let token = match sink.auth {
            Auth::Password => None,
            Auth::RdsIam => {
                // what the URL says is not sent in a token's place
                config.password("");
                Some(Token::of(&config, tls, label, region)?)
            }
        };
        let encryption = OnceLock::new();
        Ok(Self { url: given, config, tls, root_certificates, encryption, token, answer_max })
    }

    /// How long a server may take from the connection to its first answer.
    pub(super) fn answer_max(&self) -> Duration {
        self.answer_max
    }

    /// What a connection is made with, but for a token.
    pub(super) fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }

    /// Where it leads.
    pub(super) fn url(&self) -> &SinkUrl {
        &self.url
    }

    /// How a connection is encrypted; none when it is not.
    pub(super) fn tls(&self) -> Result<Option<MakeRustlsConnect>> {
        if let Some(made) = self.encryption.get() {
            return Ok(made.clone());
        }
        let made = match self.tls {
            Tls::Disable => None,
            Tls::Prefer | Tls::Require | Tls::VerifyCa | Tls::VerifyFull => {
                Some(MakeRustlsConnect::new(self.client_config()?))
            }
        };
        Ok(self.encryption.get_or_init(|| made).clone())
    }

    /// Whether the password is a token.
    pub(super) fn uses_token(&self) -> bool {
        self.token.is_some()
    }

    /// The password of a connection that is made now, when it is a token.
    pub(super) fn token(&self, credentials: &Credentials) -> Option<String> {
        let Token { region, host, port, user } = self.token.as_ref()?;
        Some(database_token(credentials, region, (host, *port), user, SystemTime::now()))
    }

    fn client_config(&self) -> Result<ClientConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let broken = |error: rustls::Error| Error::config("TLS cannot be set up.").because(error);
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(broken)?;
        // as libpq does: with a root certificate, `require` checks it
        let checks_chain =
            self.tls == Tls::VerifyCa || (self.tls == Tls::Require && self.root_certificates.is_some());
        if self.tls == Tls::VerifyFull {
            return Ok(builder.with_root_certificates(self.roots()?).with_no_client_auth());
        }
        let chain = if checks_chain {
            let roots = Arc::new(self.roots()?);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
            Some(
                verifier
                    .map_err(|error| Error::config("The root certificates cannot be used.").because(error))?,
            )
        } else {
            None
        };
        let verifier = Arc::new(AnyName { chain, provider });
        Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
    }

    fn roots(&self) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        let certificates: Vec<CertificateDer<'static>> = match &self.root_certificates {
            Some(path) if path != Path::new("system") => {
                CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| {
                    let path = path.display().to_string();
                    let message = format!("The root certificates in {} cannot be read.", redact_input(&path));
                    Error::config(message).because(error)
                })?
            }
            _ => rustls_native_certs::load_native_certs().certs,
        };
        let (added, _) = roots.add_parsable_certificates(certificates);
        if added == 0 {
            return Err(Error::config(
                "No root certificate was found to verify the database's with: install the system's CA certificates, \
                 or name a file with sslrootcert in sink.url.",
            ));
        }
        Ok(roots)
    }
}

impl Token {
    fn of(config: &tokio_postgres::Config, tls: Tls, label: &str, region: Option<&str>) -> Result<Self> {
        let wrong = |what: &str| Err(Error::config(format!("sink.auth = \"rds-iam\" {what}.")));
        if matches!(tls, Tls::Disable | Tls::Prefer) {
            return wrong(
                "needs an encrypted connection: leave sink.tls and sslmode out, or set verify-full, verify-ca or require",
            );
        }
        let (host, port) = match (config.get_hosts(), config.get_ports()) {
            ([Host::Tcp(host)], []) => (host.clone(), PORT),
            ([Host::Tcp(host)], [port]) => (host.clone(), *port),
            _ => return wrong(&format!("needs exactly one host in {label}")),
        };
        let Some(user) = config.get_user() else { return wrong(&format!("needs a user in {label}")) };
        let Some(region) = region_of(&host).or(region) else {
            return wrong("needs the region of the database: set the variable AWS_REGION");
        };
        Ok(Self { region: region.to_owned(), port, user: user.to_owned(), host })
    }
}

/// The region in the name of an RDS endpoint.
fn region_of(host: &str) -> Option<&str> {
    let name = host.strip_suffix(".cn").unwrap_or(host).strip_suffix(".rds.amazonaws.com")?;
    name.rsplit('.').next()
}

/// Whether the URL says that it is CrateDB's.
pub(super) fn is_crate(url: &str) -> bool {
    url.starts_with("crate://")
}

/// Port of CrateDB's HTTP endpoint, which SQLAlchemy's URLs name; statements go to the other one.
const CRATE_HTTP_PORT: &str = ":4200";
/// Options that a driver for PostgreSQL knows; SQLAlchemy's others mean nothing here.
const CRATE_OPTIONS: [&str; 6] =
    ["application_name", "connect_timeout", "keepalives", "keepalives_idle", "sslmode", "sslrootcert"];

/// A `crate://` URL as one for the PostgreSQL wire: user `crate`, port 5432 and schema `doc` unless it says otherwise.
fn of_crate(url: &str) -> String {
    let rest = url.strip_prefix("crate://").unwrap_or(url);
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = place.split_once('/').unwrap_or((place, ""));
    let (user, hosts) = authority.rsplit_once('@').unwrap_or(("crate", authority));
    let user = if user.is_empty() { "crate" } else { user };
    let host = |host: &str| host.strip_suffix(CRATE_HTTP_PORT).unwrap_or(host).to_owned();
    let hosts: Vec<String> = hosts.split(',').map(host).collect();
    let hosts = if authority.is_empty() { "localhost".to_owned() } else { hosts.join(",") };
    let database = if path.is_empty() { "doc" } else { path };
    let mut options = Vec::new();
    for option in query.split('&') {
        match option.split_once('=') {
            Some(("ssl", "true" | "1")) => options.push("sslmode=require"),
            Some((name, _)) if CRATE_OPTIONS.contains(&name) => options.push(option),
            _ => {}
        }
    }
    let query = if options.is_empty() { String::new() } else { format!("?{}", options.join("&")) };
    format!("postgresql://{user}@{hosts}/{database}{query}")
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// The connection string without `sslmode` and `sslrootcert`, which the driver does not know, and their values.
fn without_tls_options(url: &str) -> (String, Option<String>, Option<String>) {
    let mut sslmode = None;
    let mut sslrootcert = None;
    let mut take = |option: &str, decode: fn(&str) -> String| {
        let Some((name, value)) = option.split_once('=') else { return false };
        let slot = match name {
            "sslmode" => &mut sslmode,
            "sslrootcert" => &mut sslrootcert,
            _ => return false,
        };
        *slot = Some(decode(value));
        true
    };
    let rest = if url.contains("://") {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let kept: Vec<&str> =
            query.split('&').filter(|option| !option.is_empty() && !take(option, percent_decoded)).collect();
        if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) }
    } else {
        let unquoted = |value: &str| value.trim_matches('\'').to_owned();
        let kept: Vec<&str> = url.split(' ').filter(|option| !take(option, unquoted)).collect();
        kept.join(" ")
    };
    (rest, sslmode, sslrootcert)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match (byte, digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(decoded)) => {
                bytes.push(decoded);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Accepts a certificate for any host name: of a trusted chain (`verify-ca`), or any at all (`require`).
#[derive(Debug)]
struct AnyName {
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The files of PostgreSQL that name the objects which an error is about: checks, keys, references, domains,
/// partitions. Source: `src/backend/executor`, `access/nbtree`, `utils/adt`.
const NAMING: [&str; 8] = [
    "execMain.c",
    "execIndexing.c",
    "execExprInterp.c",
    "execPartition.c",
    "execUtils.c",
    "nbtinsert.c",
    "ri_triggers.c",
    "domains.c",
];

/// What a driver error means. The server's own message may quote values and is left out.
pub(super) fn driver_error(error: &tokio_postgres::Error, ddl: bool) -> Error {
    if let Some(answer) = error.as_db_error() {
        let sqlstate = answer.code().code();
        let mut place = Vec::new();
        // a trigger may raise an error with any text in the place of a name: only the server's own are believed
        let is_own = answer.file().is_some_and(|file| NAMING.contains(&file));
        for (what, name) in [
            ("table", answer.table()),
            ("column", answer.column()),
            ("constraint", answer.constraint()),
            ("type", answer.datatype()),
        ] {
            if let Some(name) = name.filter(|_| is_own) {
                place.push(format!("{what} {name}"));
            }
        }
        let place = if place.is_empty() { String::new() } else { format!(" ({})", place.join(", ")) };
        let kind = match crate::error::classify_sqlstate(sqlstate) {
            ErrorKind::Rejected if ddl => ErrorKind::Schema,
            kind @ (ErrorKind::Malformed
            | ErrorKind::Unsupported
            | ErrorKind::Rejected
            | ErrorKind::Contended
            | ErrorKind::Unavailable
            | ErrorKind::Config
            | ErrorKind::Schema) => kind,
        };
        let (code, advice) = match kind {
            ErrorKind::Rejected => (Code::Rejected, "The database refuses the row"),
            ErrorKind::Contended => (Code::Contended, "The statement lost against another one"),
            ErrorKind::Unavailable => (Code::Unavailable, pause(sqlstate)),
            ErrorKind::Malformed | ErrorKind::Unsupported | ErrorKind::Config | ErrorKind::Schema => {
                (Code::Configuration, meaning(sqlstate))
            }
        };
        return Error::new(kind, code, format!("{advice}: SQLSTATE {sqlstate}{place}."))
            .with_sqlstate(sqlstate);
    }
    let unverified = causes(error).find_map(|cause| match cause.downcast_ref() {
        Some(rustls::Error::InvalidCertificate(why)) => Some(why),
        _ => None,
    });
    if let Some(why) = unverified {
        return untrusted(why);
    }
    // the driver has no other sign of it
    if causes(error).any(|cause| cause.to_string() == "server does not support TLS") {
        return Error::config(
            "The database offers no TLS, which sink.tls or sslmode in sink.url asks for (by default, unless it is on \
             this machine): turn it on there, or set sslmode=disable.",
        );
    }
    let text = error.to_string();
    if text.starts_with("invalid configuration") || text.contains("password missing") {
        return Error::config(format!("sink.url: {text}."));
    }
    let why = causes(error).last().map_or_else(String::new, |why| format!(": {why}"));
    Error::new(
        ErrorKind::Unavailable,
        Code::Unavailable,
        format!("The database cannot be reached: {text}{why}."),
    )
}

/// What caused an error, what caused that, and so on.
fn causes(error: &tokio_postgres::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| {
        // an I/O error does not name the error it holds as its source
        let held = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        held.map(|held| held as _).or_else(|| cause.source())
    })
}

/// What to do about a certificate that cannot be verified.
fn untrusted(why: &CertificateError) -> Error {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
    };
    let advice = if matches!(why, NotValidForName | NotValidForNameContext { .. }) {
        "it is of another name than the host in sink.url. Connect by a name that it holds, or set sslmode=verify-ca, \
         which does not compare names"
    } else if matches!(why, Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }) {
        "it is not valid at this time. Renew it, or set this machine's clock"
    } else if format!("{why:?}").contains("CaUsedAsEndEntity") {
        "it is the certificate of an authority (CA:TRUE), not of a server. Let the authority sign one for the server, \
         and name the authority's with sslrootcert in sink.url"
    } else {
        "name its root certificate with sslrootcert in sink.url, or choose another sslmode"
    };
    Error::config(format!("The database's certificate cannot be verified: {advice}."))
        .because(why.to_string())
}

/// Why a database cannot do now what it may do later.
fn pause(sqlstate: &str) -> &'static str {
    match sqlstate {
        "25006" => "The database is read-only: a replica, or default_transaction_read_only is on",
        "53100" => "The database's disk is full",
        "53300" => "The database has no connection left",
        "57014" => "The statement was cancelled: statement_timeout, or somebody's request",
        "57P01" | "57P02" | "57P03" => "The database is stopping or starting",
        _ => "The database cannot do it now",
    }
}

fn meaning(sqlstate: &str) -> &'static str {
    match sqlstate.get(..2).unwrap_or_default() {
        "28" => "The database refuses the login; check user and password in sink.url",
        "3D" => "The database in sink.url does not exist",
        "3F" => "The schema does not exist; create it or change sink.schema",
        _ if sqlstate == "42501" => {
            "The database user lacks a privilege (or row security hides the row); grant it"
        }
        _ if sqlstate == "42P01" => "A table is missing; `rowtide ddl` prints its statement",
        _ if sqlstate == "42703" => "A column is missing; `rowtide ddl` prints the table's statement",
        _ => "The database answered something that a person must look at",
    }
}

#[cfg(test)]
mod tests {
    use super::{Connector, of_crate, without_tls_options};
    use crate::config::{Sink, SinkUrl, Tls};

    #[test]
    fn a_url_of_crate_becomes_one_for_the_wire() {
        let table = [
            ("crate://", "postgresql://crate@localhost/doc"),
            ("crate://db.example.org", "postgresql://crate@db.example.org/doc"),
            ("crate://db:5433/?schema=x", "postgresql://crate@db:5433/doc"),
            ("crate://u:p%40@a:4200,b/", "postgresql://u:p%40@a,b/doc"),
            (
                "crate://u:p@db.example.org:4200?ssl=true",
                "postgresql://u:p@db.example.org/doc?sslmode=require",
            ),
            ("crate://db/doc?sslmode=disable&a=b", "postgresql://crate@db/doc?sslmode=disable"),
        ];
        for (url, expected) in table {
            assert_eq!(of_crate(url), expected, "{url}");
        }
    }

    #[test]
    fn tls_options_are_taken_out_of_the_connection_string() {
        let check = |url: &str, rest: &str, mode: Option<&str>, cert: Option<&str>| {
            let found = without_tls_options(url);
            assert_eq!((found.0.as_str(), found.1.as_deref(), found.2.as_deref()), (rest, mode, cert));
        };
        check("postgresql://u:p@h/d", "postgresql://u:p@h/d", None, None);
        check("postgresql://h/d?sslmode=require", "postgresql://h/d", Some("require"), None);
        check(
            "postgresql://h/d?a=b&sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&c=d",
            "postgresql://h/d?a=b&c=d",
            Some("verify-full"),
            Some("/etc/ca.pem"),
        );
        check("host=h sslmode=disable user=u", "host=h user=u", Some("disable"), None);
    }

    #[test]
    fn the_address_says_whether_a_server_is_local() {
        let table = [
            ("host=localhost", Tls::Disable),
            ("host=db.example.org", Tls::VerifyFull),
            ("host=localhost hostaddr=10.1.2.3", Tls::VerifyFull),
            ("host=db.example.org hostaddr=127.0.0.1", Tls::Disable),
            ("hostaddr=127.0.0.1", Tls::Disable),
            ("hostaddr=::1", Tls::Disable),
            ("hostaddr=10.1.2.3", Tls::VerifyFull),
            ("host=a,b hostaddr=127.0.0.1,10.1.2.3", Tls::VerifyFull),
            ("host=localhost hostaddr=10.1.2.3 sslmode=disable", Tls::Disable),
        ];
        for (url, expected) in table {
            let connector = Connector::new(&Sink::default(), &SinkUrl::new(url), "sink.url", None).unwrap();
            assert_eq!(connector.tls, expected, "{url}");
        }
    }
}
