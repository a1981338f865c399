//! How a database URL is shown to people: never with its password, and not at all when in doubt.

use super::Reference;
use super::given::is_url;
use std::fmt;

/// What stands where something was masked.
const MASK: &str = "***";

/// Parameters of a URL or of a `key=value` text whose values are no secrets.
const HARMLESS: &[&str] = &[
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "load_balance_hosts",
    "port",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Where the sink is, with the password in it, or the reference to a secret that says it. Shows itself masked; only
/// [`SinkUrl::expose`] tells it all.
#[derive(Clone, PartialEq, Eq)]
pub struct SinkUrl(String);

impl SinkUrl {
    /// Keeps `url` as it is; nothing is checked.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// `url`, if it is written as a database's; a reference is not.
    #[must_use]
    pub fn checked(url: &str) -> Option<Self> {
        is_url(url).then(|| Self::new(url))
    }

    /// The URL with its password: for the connection, never for a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The reference, when it is one.
    #[must_use]
    pub fn reference(&self) -> Option<Reference> {
        Reference::parse(&self.0)
    }
}

impl fmt::Debug for SinkUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SinkUrl({})", redact_url(&self.0))
    }
}

impl fmt::Display for SinkUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact_url(&self.0))
    }
}

/// `url` for people: `postgresql://user:***@host/db`, `host=db password=***`.
///
/// Understands URLs and libpq's `key=value` form. Only what is known to be harmless is shown; a text that cannot
/// be taken apart with certainty is masked whole. The empty text stays empty, and a reference names no secret.
#[must_use]
pub fn redact_url(url: &str) -> String {
    if url.is_empty() {
        return String::new();
    }
    if let Some(reference) = Reference::parse(url) {
        return reference.to_string();
    }
    match url.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => {
            let rest = redact_rest(rest).unwrap_or_else(|| MASK.to_owned());
            format!("{scheme}://{rest}")
        }
        Some(_) => MASK.to_owned(),
        None => redact_pairs(url).unwrap_or_else(|| MASK.to_owned()),
    }
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// What follows `scheme://`; none when a password could be anywhere in it.
fn redact_rest(rest: &str) -> Option<String> {
    let (user, place) = match rest.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, rest),
    };
    // An unescaped `/`, `?` or `#` before the last `@`: nobody can say where the password ends.
    if user.is_some_and(|user| user.contains(['/', '?', '#']) || user.contains(char::is_whitespace)) {
        return None;
    }
    let (place, query) = match place.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (place, None),
    };
    let (hosts, path) = match place.split_once('/') {
        Some((hosts, path)) => (hosts, Some(path)),
        None => (place, None),
    };
    if !hosts.split(',').all(is_host) || !path.is_none_or(is_plain) {
        return None;
    }
    let mut shown = String::new();
    if let Some(user) = user {
        match user.split_once(':') {
            Some((name, _)) => shown.extend([name, ":", MASK, "@"]),
            None => shown.extend([user, "@"]),
        }
    }
    shown.push_str(hosts);
    if let Some(path) = path {
        shown.extend(["/", path]);
    }
    if let Some(query) = query {
        let parameters: Vec<String> = query.split('&').map(redact_parameter).collect();
        shown.extend(["?", &parameters.join("&")]);
    }
    Some(shown)
}

/// `name`, `name:5432` or `[::1]:5432`. Without this check `user:password` would pass for a host.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, port)) => (address, port.strip_prefix(':').unwrap_or(port)),
        None => host.split_once(':').unwrap_or((host, "")),
    };
    is_plain(name) && port.len() <= 5 && port.chars().all(|c| c.is_ascii_digit())
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:/%~".contains(c))
}

fn redact_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((key, value)) => redact_pair(key, value).unwrap_or_else(|| MASK.to_owned()),
        None if parameter.is_empty() => String::new(),
        None => MASK.to_owned(),
    }
}

fn redact_pair(key: &str, value: &str) -> Option<String> {
    match key {
        "password" | "sslpassword" | "passfile" => Some(format!("{key}={MASK}")),
        key if !HARMLESS.contains(&key) => None,
        key if is_plain(value) => Some(format!("{key}={value}")),
        key => Some(format!("{key}={MASK}")),
    }
}

/// libpq's `key=value` form; none when it is not exactly that.
fn redact_pairs(text: &str) -> Option<String> {
    let mut shown = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let (value, after) = split_value(after.trim_start())?;
        shown.push(redact_pair(key.trim_end(), value)?);
        rest = after.trim_start();
    }
    Some(shown.join(" "))
}

/// The value at the start of `text`, with its quotes and escapes, and what follows it.
fn split_value(text: &str) -> Option<(&str, &str)> {
    let quoted = text.starts_with('\'');
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(usize::from(quoted)) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' if quoted => return text.split_at_checked(at + 1),
            c if c.is_whitespace() && !quoted => return text.split_at_checked(at),
            _ => {}
        }
    }
    (!quoted && !escaped).then_some((text, ""))
}

#[cfg(test)]
mod tests {
    use super::{SinkUrl, redact_url};

    #[test]
    fn a_url_is_shown_without_its_password() {
        let table = [
            ("", ""),
            ("postgresql://user:hunter2@host/db", "postgresql://user:***@host/db"),
            ("postgres://user:@host", "postgres://user:***@host"),
            ("postgresql://user@host:5432/db", "postgresql://user@host:5432/db"),
            ("postgresql://host/db", "postgresql://host/db"),
            ("postgresql:///db?host=/var/run", "postgresql:///db?host=/var/run"),
            ("crate://localhost:4200/", "crate://localhost:4200/"),
            ("postgresql://u:hunter2@[::1]:5432/db", "postgresql://u:***@[::1]:5432/db"),
            ("postgresql://u:hunter2@a:1,b:2/db", "postgresql://u:***@a:1,b:2/db"),
            ("postgresql://u:hun@ter2@host/db", "postgresql://u:***@host/db"),
            ("postgresql://:hunter2@host", "postgresql://:***@host"),
            ("postgresql://h/d?password=hunter2", "postgresql://h/d?password=***"),
            (
                "postgresql://h/d?user=u&password=hunter2&sslmode=require",
                "postgresql://h/d?user=u&password=***&sslmode=require",
            ),
            ("postgresql://h/d?p%61ssword=hunter2&", "postgresql://h/d?***&"),
            ("postgresql://h/d?token=hunter2", "postgresql://h/d?***"),
            ("postgresql://h/d?sslmode=require;password=hunter2", "postgresql://h/d?sslmode=***"),
            (
                "host=db user=u password=hunter2 sslmode=require",
                "host=db user=u password=*** sslmode=require",
            ),
            ("password = 'hun ter2' host = db", "password=*** host=db"),
            (r"password='hun\' ter2' host=db", "password=*** host=db"),
            (r"password=hun\ ter2 host=db", "password=*** host=db"),
            ("password=", "password=***"),
        ];
        for (url, shown) in table {
            assert_eq!(redact_url(url), shown, "{url}");
        }
    }

    #[test]
    fn what_cannot_be_taken_apart_is_masked_whole() {
        let table = [
            ("postgresql://u:hun/ter2@host/db", "postgresql://***"),
            ("postgresql://u:hun?ter2@host/db", "postgresql://***"),
            ("postgresql://u:hun#ter2@host/db", "postgresql://***"),
            ("postgresql://u:hunter2", "postgresql://***"),
            ("postgresql://u@h/d?password=hun@ter2", "postgresql://***"),
            ("postgresql://h/d password=hunter2", "postgresql://***"),
            ("postgresql://h/d#hunter2", "postgresql://***"),
            (" postgresql://u:hunter2@h", "***"),
            ("hunter2", "***"),
            ("u:hunter2@h/db", "***"),
            ("password='hunter2", "***"),
            (r"password=hunter2\", "***"),
            ("password=hun ter2 host=db", "***"),
            ("pwd=hunter2", "***"),
            ("=hunter2", "***"),
            ("postgresql:/u:hunter2@h/db?password=hunter2", "***"),
        ];
        for (url, shown) in table {
            assert_eq!(redact_url(url), shown, "{url}");
        }
    }

    #[test]
    fn a_sink_url_shows_itself_masked_and_tells_it_all_on_request() {
        let url = SinkUrl::new("postgresql://u:hunter2@h/db");
        assert_eq!(format!("{url} {url:?}"), "postgresql://u:***@h/db SinkUrl(postgresql://u:***@h/db)");
        assert_eq!(url.expose(), "postgresql://u:hunter2@h/db");
    }

    proptest::proptest! {
        #[test]
        fn a_password_of_any_text_is_never_shown(
            head in r"[ -~]{0,8}", tail in r"[ -~]{0,8}", key_value in proptest::bool::ANY,
        ) {
            let password = format!("{head}hunter2{tail}");
            let url = match key_value {
                true => format!("host=db password={password} user=u"),
                false => format!("postgresql://u:{password}@host:5432/db?sslmode=require"),
            };
            let shown = redact_url(&url);
            proptest::prop_assert!(!shown.contains("hunter2"), "{} became {}", url, shown);
        }
    }
}
