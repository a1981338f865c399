//! Whether a text holds a secret in plain. Tells that, and never the secret.

use super::document;

/// Ends of words, in a name, whose value is a secret; and words that are one with the word before them.
const NAMES: [&str; 6] = ["PASSWORD", "PASSWD", "PWD", "PASSPHRASE", "SECRET", "TOKEN"];
const KEYS: [&str; 3] = ["APIKEY", "PRIVATEKEY", "ACCESSKEY"];
/// Last words of such names that only say where the secret is, or something about it.
const ABOUT: [&str; 23] = [
    "ARN", "NAME", "ID", "PATH", "FILE", "URI", "URL", "ENDPOINT", "TTL", "REGION", "VERSION", "STAGE",
    "PREFIX", "SUFFIX", "LENGTH", "ENABLED", "SIZE", "TYPE", "PORT", "SECONDS", "DAYS", "EXPIRY", "POLICY",
];
/// What stands where the secret is to be fetched.
const REFERENCES: [&str; 7] =
    ["secretsmanager://", "ssm://", "env://", "file://", "arn:", "{{resolve:", "${"];

/// Whether the name of a variable or parameter says that its value is a secret: `DB_PASSWORD`, `dbPassword`, `api-key`.
pub(super) fn is_named(name: &str) -> bool {
    let words = words(name);
    let is_key = |pair: &[String]| KEYS.contains(&pair.concat().as_str());
    let is_secret =
        words.iter().any(|word| word == "PASS" || NAMES.iter().chain(&KEYS).any(|end| word.ends_with(end)));
    let about = words.last().is_some_and(|last| ABOUT.contains(&last.as_str()));
    (is_secret || words.windows(2).any(is_key)) && !about
}

/// The words of a name, in capitals.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && was_small) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_uppercase());
        }
        was_small = letter.is_lowercase() || letter.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What of a value is a secret in plain text, in words.
pub(super) fn plain(name: &str, value: &str) -> Option<&'static str> {
    let value = value.trim();
    if in_url(value) {
        return Some("a password in a URL");
    }
    if in_pairs(value) {
        return Some("a password in a connection string");
    }
    if in_json(value) {
        return Some("a secret in JSON");
    }
    if value.contains("-----BEGIN") && value.contains("PRIVATE KEY") {
        return Some("a private key");
    }
    if is_access_key(value) {
        return Some("an AWS access key");
    }
    (is_named(name) && is_secret(value)).then_some("a secret")
}

/// Whether a value that should be a secret is one in plain text: not fetched from elsewhere, not a switch or a number.
pub(super) fn is_secret(value: &str) -> bool {
    let is_word =
        ["", "true", "false", "yes", "no", "none", "null"].contains(&value.to_ascii_lowercase().as_str());
    let is_masked = value.chars().all(|c| c == '*' || c == 'x' || c == 'X');
    !is_word && !is_masked && !REFERENCES.iter().any(|start| value.starts_with(start))
}

/// Whether a value is put in by CloudFormation from a secret, when it deploys.
pub(super) fn is_resolved(value: &str) -> bool {
    ["{{resolve:secretsmanager:", "{{resolve:ssm-secure:"].iter().any(|start| value.contains(start))
}

/// A password in a URL, anywhere in the text.
fn in_url(value: &str) -> bool {
    value.match_indices("://").any(|(at, _)| {
        let (before, behind) = value.split_at(at);
        let other = |c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c));
        let scheme = before.rsplit(other).next().unwrap_or_default();
        // a URL that is the whole text may hold any sign
        let end = if before == scheme { None } else { behind.find(|c: char| c.is_whitespace() || c == '"') };
        let rest = behind.get(3..end.unwrap_or(behind.len())).unwrap_or_default();
        !scheme.is_empty() && holds_password(scheme, rest)
    })
}

fn holds_password(scheme: &str, rest: &str) -> bool {
    if REFERENCES.iter().any(|start| start.strip_suffix("://") == Some(scheme)) {
        return false;
    }
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    // what follows the host may hold any sign there; a database's password may hold a slash
    let place = if scheme.starts_with("http") { place.split('/').next().unwrap_or(place) } else { place };
    let password = place.rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
    let by_user = password.is_some_and(|(_, password)| is_secret(password));
    by_user || query.split('&').any(|option| is_password(option.split_once('=')))
}

/// libpq's `host=… password=…`.
fn in_pairs(value: &str) -> bool {
    let value = value.replace(" =", "=").replace("= ", "=");
    value.contains("host=") && value.split_whitespace().any(|pair| is_password(pair.split_once('=')))
}

/// A secret by its name in a JSON document.
fn in_json(value: &str) -> bool {
    let document = Some(value).filter(|value| value.starts_with('{'));
    let Some(document) = document.and_then(|value| document::parse(value.as_bytes()).ok()) else {
        return false;
    };
    let mut holds = false;
    document.walk(&mut |node| {
        let named = node.members().iter().filter(|(name, _)| is_named(name));
        holds |= named.filter_map(|(_, node)| node.as_text()).any(is_secret);
    });
    holds
}

fn is_password(pair: Option<(&str, &str)>) -> bool {
    pair.is_some_and(|(name, value)| {
        name.eq_ignore_ascii_case("password") && is_secret(value.trim_matches('\''))
    })
}

/// `AKIA` or `ASIA` and sixteen letters and digits; or such an ID anywhere between other characters.
fn is_access_key(value: &str) -> bool {
    value.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        word.len() == 20
            && (word.starts_with("AKIA") || word.starts_with("ASIA"))
            && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::{is_named, plain};

    #[test]
    fn secrets_are_told_from_what_only_looks_like_one() {
        let table = [
            ("ROWTIDE_SINK_URL", "postgresql://app:hunter2@db/shop", true),
            ("ROWTIDE_SINK_URL", "postgresql://app@db/shop", false),
            ("ROWTIDE_SINK_URL", "postgresql://app:@db/shop", false),
            ("ROWTIDE_SINK_URL", "postgresql://app:${Password}@db/shop", false),
            ("ROWTIDE_SINK_URL", "postgresql://app:{{resolve:secretsmanager:db}}@db/shop", false),
            ("ROWTIDE_SINK_URL", "postgresql://db/shop?user=app&password=hunter2", true),
            ("ROWTIDE_SINK_URL", "secretsmanager://shop/db#url", false),
            ("ROWTIDE_SINK_URL", "host=db user=app password=hunter2", true),
            ("ROWTIDE_SINK_URL", "host=db user=app password='hunter2'", true),
            ("ROWTIDE_SINK_URL", "host=db user=app", false),
            ("SINK_SQLALCHEMY_URL", "crate://admin:hunter2@example.org:4200?ssl=true", true),
            ("ROWTIDE_SINK_URL", "host = db user = app password = hunter2", true),
            ("JDBC_URL", "jdbc:postgresql://db/shop?user=app&password=hunter2", true),
            ("SETTINGS", r#"{"a":{"dbPassword":"hunter2"}}"#, true),
            ("SETTINGS", r#"{"url":"postgresql://app:hunter2@db/shop"}"#, true),
            ("SETTINGS", r#"{"password":"secretsmanager://shop","secret_name":"x"}"#, false),
            ("SETTINGS", "a=https://example.org/ b=postgresql://app@db/shop c:d@e", false),
            ("DB_PASSWORD", "hunter2", true),
            ("DB_PASS", "hunter2", true),
            ("PGPASSWORD", "hunter2", true),
            ("BYPASS", "yes", false),
            ("MAX_TOKENS", "4096", false),
            ("API_KEY", "hunter2", true),
            ("AWS_SECRET_ACCESS_KEY", "hunter2", true),
            ("DB_PASSWORD", "", false),
            ("DB_PASSWORD", "***", false),
            ("DB_PASSWORD", "${DbPassword}", false),
            ("DB_PASSWORD", "{{resolve:secretsmanager:db:SecretString:password}}", false),
            ("DB_PASSWORD_ARN", "x", false),
            ("SECRET_NAME", "shop/db", false),
            ("SECRETS_MANAGER_TTL", "300", false),
            ("DB_SECRET", "arn:aws:secretsmanager:eu-central-1:1:secret:db", false),
            ("API_TOKEN", "abc", true),
            ("USE_TOKEN", "true", false),
            ("X", "AKIAIOSFODNN7EXAMPLE", true),
            ("X", "AKIAIOSFODNN7", false),
            ("X", "-----BEGIN RSA PRIVATE KEY-----", true),
            ("LOG_LEVEL", "debug", false),
            ("ENDPOINT", "https://example.org/a:b@c", false),
            ("ENDPOINT", "https://example.org:8443/", false),
        ];
        for (name, value, expected) in table {
            assert_eq!(plain(name, value).is_some(), expected, "{name} {value}");
        }
        assert!(is_named("DbPassword") && is_named("db_password") && !is_named("PasswordArn"));
        assert!(is_named("apiKey") && !is_named("SinkSecretSuffix") && !is_named("SecretName"));
    }
}
