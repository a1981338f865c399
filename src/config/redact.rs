//! What people are shown of what they gave: never a password, and nothing when in doubt. The only room that knows what
//! one looks like in a URL and in `key=value` pairs.
//!
//! [`redact_input`] is for one thing that somebody gave: a file's name, a setting's value. [`redact`] is for a text
//! that may hold such things, as an error or a log line does: what leaves the process goes through it.

use super::Reference;
use std::borrow::Cow;
use std::fmt;

/// What stands where something was masked.
const MASK: &str = "***";

/// Schemes of database URLs.
const DATABASES: [&str; 5] = ["postgresql", "postgres", "crate", "mysql", "mariadb"];

/// Schemes of what is only read from: those of the URLs of a snapshot's source, beside the ones of a sink.
const SOURCES: [&str; 3] = ["mysql", "mariadb", "dynamodb"];

/// What the name of a secret has in it, in small letters without `_`, `-` and `.`.
const SECRETS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "passfile",
    "pwd",
    "secret",
    "token",
    "credential",
    "signature",
    "accesskey",
    "apikey",
    "sslkey",
];

/// How our own messages write a login.
const EXAMPLE: &str = "://USER:PASSWORD@";

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

/// Whether a text looks like a database's: a URL, or `key=value` pairs.
pub(super) fn is_url(text: &str) -> bool {
    match text.split_once("://") {
        Some((scheme, _)) if !scheme.contains('=') => matches!(scheme, "postgresql" | "postgres" | "crate"),
        _ => text.contains('='),
    }
}

/// Whether a text looks like what rows are read from: as [`is_url`] has it, or of a database that no sink is.
pub(super) fn is_source_url(text: &str) -> bool {
    is_url(text) || text.split_once("://").is_some_and(|(scheme, _)| SOURCES.contains(&scheme))
}

/// Whether somebody means a database with it: its URL, or nothing but `key=value` pairs that say where one is.
#[must_use]
pub fn is_database(text: &str) -> bool {
    match text.trim_start().split_once("://") {
        Some((scheme, _)) => DATABASES.contains(&scheme.to_ascii_lowercase().as_str()),
        None => text.contains('=') && redact_pairs(text).is_some(),
    }
}

/// One thing that somebody gave, for people. A URL and `key=value` pairs are shown as [`redact_url`] does; what is
/// neither is shown as it is, unless it holds what may be a password.
#[must_use]
pub fn redact_input(text: &str) -> Cow<'_, str> {
    if text.contains("://") {
        return redact_url(text).into();
    }
    let mut secrets = text.match_indices('=').filter(|(at, _)| secret_before(text, *at).is_some()).peekable();
    if secrets.peek().is_some() {
        let is_quoted = |(at, _): (usize, &str)| behind(text, at + 1).trim_start().starts_with('"');
        let shown = redact_pairs(text).or_else(|| secrets.all(is_quoted).then(|| redact(text).into_owned()));
        return shown.unwrap_or_else(|| MASK.to_owned()).into();
    }
    // a URL without its scheme
    let is_login = |(before, _): (&str, &str)| before.contains(':') && !before.starts_with("arn:");
    if text.rsplit_once('@').is_some_and(is_login) { MASK.into() } else { text.into() }
}

/// A text, for people, without the passwords in the URLs and pairs that it holds.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((from, to, mask)) = next_secret(rest) {
        shown.push_str(rest.get(..from).unwrap_or_default());
        shown.push_str(&mask);
        rest = behind(rest, to);
    }
    if shown.is_empty() { rest.into() } else { (shown + rest).into() }
}

/// The first place of a text that may hold a secret, and what is shown there.
fn next_secret(text: &str) -> Option<(usize, usize, String)> {
    text.char_indices().find_map(|(at, c)| match c {
        '=' => {
            secret_before(text, at)?;
            let value = behind(text, at + 1).trim_start();
            let from = text.len() - value.len();
            // a quote that nobody closes goes on to the end
            let length = split_value(value, "'\"").map_or(value.len(), |(value, _)| value.len());
            (length > 0).then(|| (from, from + length, MASK.to_owned()))
        }
        ':' if behind(text, at).starts_with("://") => {
            let scheme = before(text, at, |c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            let from = at - scheme.len();
            let url = behind(text, from);
            if behind(text, at).starts_with(EXAMPLE) || Reference::parse(without_stop(word(url))).is_some() {
                return None;
            }
            let url = text.get(from..at + 3 + url_length(behind(text, at + 3)))?;
            let shown = redact_url(url);
            (shown != url).then_some((from, from + url.len(), shown))
        }
        _ => None,
    })
}

/// How much of a text belongs to the URL whose scheme stands before it. A password may hold what ends a URL, so where
/// there may be a login it goes on up to the last `@`.
fn url_length(text: &str) -> usize {
    let first = word(text);
    let is_login = first.contains(':') || redact_rest(first).as_deref() != Some(first);
    match text.rfind('@').filter(|at| is_login && *at > first.len()) {
        Some(at) => at + word(behind(text, at)).len(),
        None => without_stop(first).len(),
    }
}

/// A text up to a blank or a quote.
fn word(text: &str) -> &str {
    let ends = |c: char| c.is_whitespace() || c.is_control() || "\"'`<>".contains(c);
    text.split(ends).next().unwrap_or_default()
}

/// A word without the signs of the sentence around it.
fn without_stop(word: &str) -> &str {
    word.trim_end_matches(['.', ',', ';', ':', ')'])
}

fn behind(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

/// The longest end of `text[..at]` of such letters.
fn before(text: &str, at: usize, is_part: impl Fn(char) -> bool) -> &str {
    let text = text.get(..at).unwrap_or_default();
    behind(text, text.trim_end_matches(is_part).len())
}

/// The name in front of the `=` at `at`, when its value is a secret.
fn secret_before(text: &str, at: usize) -> Option<&str> {
    let text = text.get(..at)?.trim_end();
    let name = before(text, text.len(), |c| c.is_ascii_alphanumeric() || "_-.%".contains(c));
    is_secret_name(name).then_some(name)
}

fn is_secret_name(name: &str) -> bool {
    let letters = name.chars().filter(|c| !"_-.".contains(*c));
    let plain: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    // what is escaped may be one of them
    plain.contains('%') || SECRETS.iter().any(|secret| plain.contains(secret))
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
        Some((address, "")) => (address, None),
        Some((address, port)) => (address, Some(port.strip_prefix(':').unwrap_or_default())),
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    let is_port = |port: &str| (1..=5).contains(&port.len()) && port.chars().all(|c| c.is_ascii_digit());
    is_plain(name) && port.is_none_or(is_port)
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
        key if !key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) => None,
        key if is_secret_name(key) => Some(format!("{key}={MASK}")),
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
        let (value, after) = split_value(after.trim_start(), "'")?;
        // behind a quote that closes there is a blank
        if !after.is_empty() && !after.starts_with(char::is_whitespace) {
            return None;
        }
        shown.push(redact_pair(key.trim_end(), value)?);
        rest = after.trim_start();
    }
    Some(shown.join(" "))
}

/// The value at the start of `text`, with its quotes, one of `quotes`, and escapes, and what follows it.
fn split_value<'t>(text: &'t str, quotes: &str) -> Option<(&'t str, &'t str)> {
    let quote = text.chars().next().filter(|c| quotes.contains(*c));
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(usize::from(quote.is_some())) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if Some(c) == quote => return text.split_at_checked(at + 1),
            c if c.is_whitespace() && quote.is_none() => return text.split_at_checked(at),
            _ => {}
        }
    }
    (quote.is_none() && !escaped).then_some((text, ""))
}

#[cfg(test)]
mod tests {
    use super::{SinkUrl, is_database, redact, redact_input, redact_url};

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
            ("postgresql://h/d?token=hunter2", "postgresql://h/d?token=***"),
            ("postgresql://h/d?sslmode=require;password=hunter2", "postgresql://h/d?sslmode=***"),
            (
                "host=db user=u password=hunter2 sslmode=require",
                "host=db user=u password=*** sslmode=require",
            ),
            ("password = 'hun ter2' host = db", "password=*** host=db"),
            (r"password='hun\' ter2' host=db", "password=*** host=db"),
            (r"password=hun\ ter2 host=db", "password=*** host=db"),
            ("password=", "password=***"),
            ("PGPASSWORD=hunter2 host=db", "PGPASSWORD=*** host=db"),
            ("postgresql://u:hun%40ter2@host/db", "postgresql://u:***@host/db"),
            ("postgresql://h/d?PASSWORD=hunter2", "postgresql://h/d?PASSWORD=***"),
            ("s3://AKIAEXAMPLE:hunter2@bucket/key", "s3://AKIAEXAMPLE:***@bucket/key"),
            (
                "https://b.s3.amazonaws.com/k?X-Amz-Credential=hunter2&X-Amz-Signature=hunter2",
                "https://b.s3.amazonaws.com/k?X-Amz-Credential=***&X-Amz-Signature=***",
            ),
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

    #[test]
    fn what_somebody_gave_is_shown_as_it_is_unless_it_may_hold_a_password() {
        let table = [
            ("rowtide.toml", "rowtide.toml"),
            ("dt=2026-03-02/host=a/part 1.json", "dt=2026-03-02/host=a/part 1.json"),
            ("orders@example.org.json", "orders@example.org.json"),
            ("arn:aws:kinesis:eu-central-1:1:stream/a@b", "arn:aws:kinesis:eu-central-1:1:stream/a@b"),
            ("total = \"numeric(38,2)\", note = \"text\"", "total = \"numeric(38,2)\", note = \"text\""),
            ("password = \"text\", note = \"text\"", "password = ***, note = \"text\""),
            ("postgresql://u:hunter2@h/db", "postgresql://u:***@h/db"),
            ("host=db password=hunter2", "host=db password=***"),
            ("host=db password='hunter2 b'", "host=db password=***"),
            ("host=db password=a hunter2", "***"),
            ("x host=db password=hunter2", "***"),
            ("aws_secret_access_key=hunter2", "aws_secret_access_key=***"),
            ("u:hunter2@h/db", "***"),
            ("X=postgresql://u:hunter2@h/db", "***"),
        ];
        for (given, shown) in table {
            assert_eq!(redact_input(given), shown, "{given}");
        }
    }

    #[test]
    fn a_text_is_shown_without_the_passwords_in_it() {
        let table = [
            ("nothing = here: at all", "nothing = here: at all"),
            ("see https://docs.rs/x.", "see https://docs.rs/x."),
            (
                "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE.",
                "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE.",
            ),
            (
                "secretsmanager://a/b#c, or ssm://d?host=h), u@h",
                "secretsmanager://a/b#c, or ssm://d?host=h), u@h",
            ),
            ("postgresql://u:hunter2@h is odd, write postgresql://USER:PASSWORD@HOST", "postgresql://***"),
            ("'postgresql://u:hunter2@h/db' is odd", "'postgresql://u:***@h/db' is odd"),
            ("(postgresql://u:hunter2@h/db), see", "(postgresql://u:***@h/db), see"),
            ("a postgresql://u:hun hunter2@h/db b", "a postgresql://*** b"),
            ("a postgresql://u:hun'hunter2@h/db b", "a postgresql://u:***@h/db b"),
            ("a postgresql://u:a@b hunter2@h/db b", "a postgresql://*** b"),
            ("postgresql://u:hunter2@a, mysql://u:hunter2@b!", "postgresql://***"),
            ("host=db password=hunter2 is odd", "host=db password=*** is odd"),
            ("host=db password='hunter2 b' is odd", "host=db password=*** is odd"),
            ("Password = 'hunter2", "Password = ***"),
            ("db_password=\"hunter2 x\", y", "db_password=***, y"),
            ("postgresql://h/d password=hunter2", "postgresql://h/d password=***"),
            ("token= ", "token= "),
        ];
        for (text, shown) in table {
            assert_eq!(redact(text), shown, "{text}");
        }
    }

    #[test]
    fn a_database_is_told_from_a_file() {
        for text in ["postgresql://h/d", " Crate://h", "host=h password='a b'", "PGPASSWORD=x host=y"] {
            assert!(is_database(text), "{text}");
        }
        for text in ["a.json", "dt=1/host=a/b.json", "s3://bucket/key", "-", "", "a=b", "host=a/x.json y"] {
            assert!(!is_database(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_password_of_any_text_is_in_no_message(head in r"[ -~]{0,8}", tail in r"[ -~]{0,8}", quoted in proptest::bool::ANY) {
            let password = format!("{head}hunter2{tail}");
            let given = match quoted {
                true => format!("host=db password='{}' user=u", password.replace('\\', r"\\").replace('\'', r"\'")),
                false => format!("postgresql://u:{password}@host:5432/db?sslmode=require"),
            };
            let shown = redact(&format!("Before '{given}' and behind.")).into_owned();
            proptest::prop_assert!(!shown.contains("hunter2"), "{} became {}", given, shown);
        }

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
