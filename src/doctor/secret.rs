//! Whether a text holds a secret in plain. Tells that, and never the secret.

/// Words in the name of a variable whose value is a secret.
const NAMES: [&str; 10] = [
    "PASSWORD",
    "PASSWD",
    "PWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "API_KEY",
    "APIKEY",
    "PRIVATE_KEY",
    "ACCESS_KEY",
];
/// Ends of such names that only say where the secret is, or something about it.
const ABOUT: [&str; 16] = [
    "ARN", "NAME", "ID", "PATH", "FILE", "URI", "TTL", "REGION", "VERSION", "STAGE", "PREFIX", "LENGTH",
    "ENABLED", "SIZE", "TYPE", "PORT",
];
/// What stands where the secret is to be fetched.
const REFERENCES: [&str; 7] =
    ["secretsmanager://", "ssm://", "env://", "file://", "arn:", "{{resolve:", "${"];

/// Whether the name of a variable or parameter says that its value is a secret.
pub(super) fn is_named(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let last = name.rsplit(['_', '-']).next().unwrap_or(&name);
    NAMES.iter().any(|word| name.contains(word)) && !ABOUT.contains(&last)
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
    let is_word = ["", "true", "false", "none", "null"].contains(&value.to_ascii_lowercase().as_str());
    let is_masked = value.chars().all(|c| c == '*' || c == 'x' || c == 'X');
    !is_word && !is_masked && !REFERENCES.iter().any(|start| value.starts_with(start))
}

/// Whether a value is put in by CloudFormation from a secret, when it deploys.
pub(super) fn is_resolved(value: &str) -> bool {
    ["{{resolve:secretsmanager:", "{{resolve:ssm-secure:"].iter().any(|start| value.contains(start))
}

fn in_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else { return false };
    if scheme.is_empty() || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
        return false;
    }
    if REFERENCES.iter().any(|start| value.starts_with(start)) {
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
    let pairs = value.split_whitespace().map(|pair| pair.split_once('='));
    value.contains("host") && pairs.into_iter().any(|pair| is_password(pair))
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
        let table: [(&str, &str, bool); 28] = [
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
            ("DB_PASSWORD", "hunter2", true),
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
        assert!(is_named("DbPassword") && is_named("db_password") && !is_named("PasswordArn_ARN"));
    }
}
