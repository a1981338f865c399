//! What the URL of a database says, in the words that the driver knows.

use percent_encoding::percent_decode_str;
use std::net::IpAddr;
use tokio_postgres::config::Host;

/// Whether the URL says that it is CrateDB's.
pub(in crate::sink) fn is_crate(url: &str) -> bool {
    url.starts_with("crate://")
}

/// Port of CrateDB's HTTP endpoint, which SQLAlchemy's URLs name; statements go to the other one.
const CRATE_HTTP_PORT: &str = ":4200";

/// Options that a driver for PostgreSQL knows; SQLAlchemy's others mean nothing here.
const CRATE_OPTIONS: [&str; 6] =
    ["application_name", "connect_timeout", "keepalives", "keepalives_idle", "sslmode", "sslrootcert"];

/// A `crate://` URL as one for the PostgreSQL wire: user `crate`, port 5432 and schema `doc` unless it says otherwise.
pub(in crate::sink) fn of_crate(url: &str) -> String {
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

pub(in crate::sink) fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// The connection string without `sslmode` and `sslrootcert`, which the driver does not know, and their values.
pub(crate) fn without_tls_options(url: &str) -> (String, Option<String>, Option<String>) {
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
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{of_crate, without_tls_options};

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
}
