//! References to values that lie elsewhere: how they are written and what they name. Fetches nothing.

use std::collections::BTreeMap;
use std::fmt;

/// A value in Secrets Manager or in Parameter Store: `secretsmanager://NAME[?host=…][#FIELD]`, `ssm://NAME[…]`. Names a
/// secret and holds none: it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// Who keeps the value.
    pub keeper: Keeper,
    /// Its name or ARN.
    pub name: String,
    /// The member of the JSON object that it holds, if only that is meant.
    pub field: Option<String>,
    /// Members that are taken from here instead of from the object: `host`, `port`, `dbname`.
    pub given: BTreeMap<String, String>,
}

/// Who keeps a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Keeper {
    /// AWS Secrets Manager.
    SecretsManager,
    /// AWS Systems Manager Parameter Store.
    ParameterStore,
}

impl Keeper {
    /// What a reference to it begins with.
    #[must_use]
    pub fn scheme(self) -> &'static str {
        match self {
            Self::SecretsManager => "secretsmanager://",
            Self::ParameterStore => "ssm://",
        }
    }
}

/// How a reference is written, for people; reads well behind "must be".
pub(super) const FORM: &str = "secretsmanager://NAME, secretsmanager://NAME#FIELD or ssm://NAME";

/// Members that a reference may give.
const GIVEN: [&str; 3] = ["host", "port", "dbname"];

/// The longest name, an ARN: AWS allows 2,048 characters.
const NAME_MAX: usize = 2_048;
const FIELD_MAX: usize = 128;

impl Reference {
    /// Whether `text` wants to be one; [`Reference::parse`] says whether it is.
    #[must_use]
    pub fn looks_like_reference(text: &str) -> bool {
        [Keeper::SecretsManager, Keeper::ParameterStore]
            .iter()
            .any(|keeper| text.starts_with(keeper.scheme()))
    }

    /// The reference that `text` is, if it is one. Only what a name may be made of is taken: a password in the wrong
    /// place is none.
    ///
    /// Source: AWS API references of `CreateSecret` (with the `!` of secrets that another service manages) and
    /// `PutParameter`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let keeper = [Keeper::SecretsManager, Keeper::ParameterStore]
            .into_iter()
            .find(|k| text.starts_with(k.scheme()))?;
        let rest = text.get(keeper.scheme().len()..)?;
        let (rest, field) = match rest.split_once('#') {
            Some((rest, field)) => (rest, Some(field)),
            None => (rest, None),
        };
        let (name, given) = match rest.split_once('?') {
            Some((name, given)) => (name, given.split('&').map(given_member).collect::<Option<_>>()?),
            None => (rest, BTreeMap::new()),
        };
        let is_field = |field: &str| {
            let fits = (1..=FIELD_MAX).contains(&field.len());
            fits && field.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
        };
        if !is_name(keeper, name) || !field.is_none_or(is_field) || (field.is_some() && !given.is_empty()) {
            return None;
        }
        // the names of a hierarchy begin with a slash
        let slash = keeper == Keeper::ParameterStore
            && name.contains('/')
            && !name.starts_with('/')
            && !name.starts_with("arn:");
        let name = if slash { format!("/{name}") } else { name.to_owned() };
        Some(Self { keeper, name, field: field.map(str::to_owned), given })
    }

    /// The region that the ARN names.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        let mut parts = self.name.strip_prefix("arn:")?.split(':');
        parts.nth(2).filter(|region| !region.is_empty())
    }
}

fn given_member(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let is_value = match name {
        "port" => value.parse::<u16>().is_ok_and(|port| port > 0),
        _ => !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
    };
    (GIVEN.contains(&name) && is_value).then(|| (name.to_owned(), value.to_owned()))
}

fn is_name(keeper: Keeper, name: &str) -> bool {
    let of_arn = if name.starts_with("arn:") { ":" } else { "" };
    let is_part = |c: char, more: &str| c.is_ascii_alphanumeric() || more.contains(c) || of_arn.contains(c);
    let is_named = match keeper {
        Keeper::SecretsManager => name.chars().all(|c| is_part(c, "/_+=.@-!")),
        // a version or a label stands behind a colon
        Keeper::ParameterStore => name.chars().all(|c| is_part(c, "/_.-:")),
    };
    is_named && (1..=NAME_MAX).contains(&name.len())
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.keeper.scheme(), self.name)?;
        for (index, (name, value)) in self.given.iter().enumerate() {
            write!(f, "{}{name}={value}", if index == 0 { '?' } else { '&' })?;
        }
        if let Some(field) = &self.field {
            write!(f, "#{field}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Reference;

    #[test]
    fn a_reference_names_a_keeper_a_name_and_perhaps_a_member() {
        let arn = "secretsmanager://arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf#url";
        for text in [
            "secretsmanager://db",
            "secretsmanager://prod/db#password",
            "secretsmanager://rds!cluster-3b2d?dbname=shop&host=db.example.org&port=5433",
            arn,
            "ssm://rowtide",
            "ssm:///prod/rowtide",
            "ssm:///prod/rowtide:3",
            "ssm://arn:aws:ssm:eu-west-1:123456789012:parameter/prod/db",
        ] {
            assert_eq!(Reference::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Reference::parse(arn).unwrap().region(), Some("eu-west-1"));
        assert_eq!(Reference::parse("secretsmanager://db").unwrap().region(), None);
        assert_eq!(Reference::parse("ssm://prod/db").unwrap().to_string(), "ssm:///prod/db");
    }

    #[test]
    fn what_could_be_a_password_is_no_reference() {
        for text in [
            "secretsmanager://",
            "ssm://",
            "secretsmanager://db#",
            "secretsmanager://db#a b",
            "secretsmanager://u:hunter2@h/db",
            "secretsmanager://db?password=hunter2",
            "secretsmanager://db?host=h#password",
            "secretsmanager://db?port=0",
            "secretsmanager://db?host=",
            "secretsmanager://postgresql://u:hunter2@h/db",
            "ssm://u:hunter2@h/db",
            "ssm://a b",
            "ssm://a%20b",
            "SSM://a",
            "env://A",
        ] {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }
}
