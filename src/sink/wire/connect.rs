//! From the URL of a database to what a connection is made with: its options, TLS, tokens.

use super::tls::Encryption;
use super::url::{is_crate, is_local, of_crate, without_tls_options};
use crate::config::{Auth, Credentials, SinkSettings, SinkUrl, Tls};
use crate::error::{Error, Result};
use crate::secrets::database_token;
use std::borrow::Cow;
use std::net::IpAddr;
use std::path::PathBuf;
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
pub(in crate::sink) struct Connector {
    url: SinkUrl,
    config: tokio_postgres::Config,
    encryption: Encryption,
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
    pub(in crate::sink) fn new(
        sink: &SinkSettings,
        url: &SinkUrl,
        label: &str,
        region: Option<&str>,
    ) -> Result<Self> {
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
        let encryption = Encryption::new(tls, root_certificates);
        Ok(Self { url: given, config, encryption, token, answer_max })
    }

    /// How long a server may take from the connection to its first answer.
    pub(in crate::sink) fn answer_max(&self) -> Duration {
        self.answer_max
    }

    /// What a connection is made with, but for a token.
    pub(in crate::sink) fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }

    /// Where it leads, for people: hosts with their ports, user and database, and never a password. A host or a
    /// database with an `@` in it is a password that was taken apart, and says what to do about that.
    pub(in crate::sink) fn whereabouts(&self) -> String {
        let config = &self.config;
        let database = config.get_dbname().unwrap_or_default();
        let hosts: Vec<String> = match config.get_hosts() {
            [] => config.get_hostaddrs().iter().map(IpAddr::to_string).collect(),
            hosts => hosts.iter().map(shown).collect(),
        };
        if hosts.iter().any(|host| host.contains('@')) || database.contains('@') {
            return "A sign of the password in sink.url was taken for the end of it: write `%40` for an `@` there, `%2F` \
                    for a `/`, and so on."
                .to_owned();
        }
        let ports = config.get_ports();
        let at = |(index, host): (usize, &String)| {
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(PORT);
            format!("{host} port {port}")
        };
        let places: Vec<String> = hosts.iter().enumerate().map(at).collect();
        let named =
            |what: &str, name: Option<&str>| name.map_or_else(String::new, |it| format!(", {what} {it}"));
        format!(
            "(host {}{}{})",
            places.join(" or "),
            config.get_user().map_or_else(|| ", no user".to_owned(), |user| format!(", user {user}")),
            named("database", config.get_dbname())
        )
    }

    /// Where it leads.
    pub(in crate::sink) fn url(&self) -> &SinkUrl {
        &self.url
    }

    /// How a connection is encrypted; none when it is not.
    pub(in crate::sink) fn tls(&self) -> Result<Option<MakeRustlsConnect>> {
        self.encryption.connector()
    }

    /// Whether the password is a token.
    pub(in crate::sink) fn uses_token(&self) -> bool {
        self.token.is_some()
    }

    /// The password of a connection that is made now, when it is a token.
    pub(in crate::sink) fn token(&self, credentials: &Credentials) -> Option<String> {
        let Token { region, host, port, user } = self.token.as_ref()?;
        Some(database_token(credentials, region, (host, *port), user, SystemTime::now()))
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

fn shown(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    }
}

/// The region in the name of an RDS endpoint.
fn region_of(host: &str) -> Option<&str> {
    let name = host.strip_suffix(".cn").unwrap_or(host).strip_suffix(".rds.amazonaws.com")?;
    name.rsplit('.').next()
}

#[cfg(test)]
mod tests {
    use super::Connector;
    use crate::config::{SinkSettings, SinkUrl, Tls};

    #[test]
    fn where_a_url_leads_is_told_and_no_password() {
        let table = [
            (
                "postgresql://u:hunter2@db.example.org/shop",
                "(host db.example.org port 5432, user u, database shop)",
            ),
            ("postgresql://db.example.org/shop", "(host db.example.org port 5432, no user, database shop)"),
            ("postgresql://u:hunter2@a:1,b:2/d", "(host a port 1 or b port 2, user u, database d)"),
            ("host=/tmp port=5433 user=u password=hunter2", "(host /tmp port 5433, user u)"),
            ("hostaddr=10.1.2.3 user=u password=hunter2", "(host 10.1.2.3 port 5432, user u)"),
        ];
        let told = |url: &str| {
            let url = SinkUrl::new(url);
            Connector::new(&SinkSettings::default(), &url, "sink.url", None).unwrap().whereabouts()
        };
        for (url, expected) in table {
            assert_eq!(told(url), expected, "{url}");
        }
        // the URL ends its host at the slash
        let told = told("crate://u:h@n/hunter2@db");
        assert!(told.contains("`%40` for an `@`") && !told.contains("hunter2"), "{told}");
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
            let connector =
                Connector::new(&SinkSettings::default(), &SinkUrl::new(url), "sink.url", None).unwrap();
            assert_eq!(connector.encryption.mode, expected, "{url}");
        }
    }
}
