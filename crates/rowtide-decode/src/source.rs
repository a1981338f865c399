//! Which source a change comes from, as far as its record tells. Two tables of one name in two databases, servers,
//! regions or accounts are two tables.

use crate::json::{self, Scanner};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What a source can be told apart by, in the byte order of the names that configuration and registry use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Member {
    /// The AWS account that the table, or the stream that the source writes to, belongs to.
    Account,
    /// What reads the database: the connector of Debezium.
    Connector,
    /// The database, catalogue or keyspace.
    Db,
    /// The AWS region of the table, or of the stream that the source writes to.
    Region,
    /// The name that the source's server or cluster was given.
    Server,
}

impl Member {
    /// Every member.
    pub const ALL: [Self; 5] = [Self::Account, Self::Connector, Self::Db, Self::Region, Self::Server];

    /// The word that configuration, registry and messages use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Connector => "connector",
            Self::Db => "db",
            Self::Region => "region",
            Self::Server => "server",
        }
    }

    /// The member of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|member| member.as_str() == name)
    }
}

/// What tells one source from another, member by member. What a record does not tell is not there, and conflicts with
/// nothing.
///
/// ```
/// use rowtide_decode::source::{Member, SourceIdentity};
///
/// let eu = SourceIdentity::of_arn("arn:aws:dynamodb:eu-west-1:111111111111:table/orders");
/// let us = SourceIdentity::of_arn("arn:aws:dynamodb:us-east-1:111111111111:table/orders");
/// assert_eq!(eu.get(Member::Region).as_deref(), Some("eu-west-1"));
/// assert!(eu.conflicts_with(&us) && !eu.conflicts_with(&SourceIdentity::default()));
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceIdentity(Option<Arc<str>>);

impl SourceIdentity {
    /// An identity of these members; what is `None` or empty, the record does not tell.
    #[must_use]
    pub fn of(members: &[(Member, Option<&str>)]) -> Self {
        let told = |of: Member| {
            let found = members.iter().find(|(member, _)| *member == of).and_then(|(_, value)| *value);
            found.filter(|value| !value.is_empty())
        };
        let mut text = String::new();
        for member in Member::ALL {
            let Some(value) = told(member) else { continue };
            text.push(if text.is_empty() { '{' } else { ',' });
            json::write_string(&mut text, member.as_str());
            text.push(':');
            json::write_string(&mut text, value);
        }
        if text.is_empty() {
            return Self::default();
        }
        text.push('}');
        Self(Some(text.into()))
    }

    /// Region and account of an ARN; nothing when it is none.
    #[must_use]
    pub fn of_arn(arn: &str) -> Self {
        Self::of(&members_of_arn(arn))
    }

    /// Region and account of the stream or topic that the source writes to. A queue is no sign: what one source sends
    /// may come through several, and several through one.
    #[must_use]
    pub fn of_stream(arn: &str) -> Self {
        Self::of_stream_with(arn, [])
    }

    /// As [`SourceIdentity::of_stream`], with what the record itself tells.
    #[must_use]
    pub fn of_stream_with<const N: usize>(arn: &str, told: [(Member, Option<&str>); N]) -> Self {
        match arn.split(':').nth(2) {
            Some("kinesis" | "kafka") => {
                let members: Vec<_> = told.into_iter().chain(members_of_arn(arn)).collect();
                Self::of(&members)
            }
            _ => Self::of(&told),
        }
    }

    /// This identity with one more member, unless that is not told.
    #[must_use]
    pub fn and(&self, member: Member, value: Option<&str>) -> Self {
        Self::of(&[(member, value)]).with(self)
    }

    /// Reads what [`SourceIdentity::as_str`] gave; members that nobody knows are left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let members = members(text);
        let known: Vec<(Member, Option<&str>)> =
            Member::ALL.into_iter().map(|it| (it, members.get(it.as_str()).map(Cow::as_ref))).collect();
        Self::of(&known)
    }

    /// The canonical text: a JSON object of the members, by name; empty when nothing is known.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The value of a member, if the record told it.
    #[must_use]
    pub fn get(&self, member: Member) -> Option<String> {
        members(self.as_str()).remove(member.as_str()).map(Cow::into_owned)
    }

    /// Whether both tell a member and disagree on it.
    #[must_use]
    pub fn conflicts_with(&self, other: &Self) -> bool {
        if self == other || self.is_empty() || other.is_empty() {
            return false;
        }
        let (own, others) = (members(self.as_str()), members(other.as_str()));
        own.iter().any(|(name, value)| others.get(name).is_some_and(|other| other != value))
    }

    /// The first member on which the two disagree, and what this one says of it.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Option<(Member, String)> {
        let (own, others) = (members(self.as_str()), members(other.as_str()));
        // what people know a source by first
        let order = [Member::Db, Member::Server, Member::Region, Member::Account, Member::Connector];
        order.into_iter().find_map(|member| {
            let value = own.get(member.as_str())?;
            (others.get(member.as_str())? != value).then(|| (member, value.clone().into_owned()))
        })
    }

    /// All that the two tell; where they disagree, what this one says.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        if self == other || other.is_empty() {
            return self.clone();
        }
        if self.is_empty() {
            return other.clone();
        }
        let mut all = members(other.as_str());
        all.extend(members(self.as_str()));
        let known: Vec<(Member, Option<&str>)> =
            Member::ALL.into_iter().map(|it| (it, all.get(it.as_str()).map(Cow::as_ref))).collect();
        Self::of(&known)
    }
}

/// Region and account of an ARN; nothing when it is none.
fn members_of_arn(arn: &str) -> [(Member, Option<&str>); 2] {
    let mut parts = arn.split(':');
    let is_arn = parts.next() == Some("arn");
    let (region, account) = (parts.nth(2), parts.next());
    [(Member::Region, region.filter(|_| is_arn)), (Member::Account, account.filter(|_| is_arn))]
}

fn members(text: &str) -> BTreeMap<Cow<'_, str>, Cow<'_, str>> {
    let mut found = BTreeMap::new();
    let read = Scanner::new(text).object(|scanner, name| {
        if let Some(value) = scanner.text()? {
            found.insert(name, value);
        }
        Ok::<_, json::Fault>(())
    });
    if read.is_ok() { found } else { BTreeMap::new() }
}

impl fmt::Display for SourceIdentity {
    /// As people read it: `region eu-west-1, account 111111111111`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = members(self.as_str());
        if members.is_empty() {
            return f.write_str("a source that its records do not tell");
        }
        for (at, (name, value)) in members.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{name} {value}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for SourceIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or("{}"))
    }
}

/// A table as its source names it, and which source that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceTable<'a> {
    /// The table's name.
    pub name: &'a str,
    /// The source.
    pub identity: &'a SourceIdentity,
}

impl<'a> SourceTable<'a> {
    /// A table of a source.
    #[must_use]
    pub fn new(name: &'a str, identity: &'a SourceIdentity) -> Self {
        Self { name, identity }
    }

    /// A table of a source that nobody tells.
    #[must_use]
    pub fn named(name: &'a str) -> Self {
        static UNKNOWN: SourceIdentity = SourceIdentity(None);
        Self { name, identity: &UNKNOWN }
    }
}

impl<'a> From<&'a str> for SourceTable<'a> {
    fn from(name: &'a str) -> Self {
        Self::named(name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Member, SourceIdentity};

    fn db(name: &str) -> SourceIdentity {
        SourceIdentity::of(&[(Member::Db, Some(name))])
    }

    #[test]
    fn identities_are_compared_member_by_member() {
        let eu = SourceIdentity::of(&[(Member::Region, Some("eu")), (Member::Account, Some("1"))]);
        let us = SourceIdentity::of(&[(Member::Region, Some("us")), (Member::Account, Some("1"))]);
        let region = SourceIdentity::of(&[(Member::Region, Some("eu")), (Member::Db, None)]);
        assert!(eu.conflicts_with(&us) && us.conflicts_with(&region));
        for (one, other) in [(&eu, &region), (&eu, &db("a")), (&eu, &SourceIdentity::default()), (&eu, &eu)] {
            assert!(!one.conflicts_with(other) && !other.conflicts_with(one), "{one:?} {other:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_two_tell_more_than_one() {
        let both = db("a \"b\"\n").with(&SourceIdentity::of_arn("arn:aws:kinesis:eu-west-1:42:stream/s"));
        assert_eq!(both.as_str(), r#"{"account":"42","db":"a \"b\"\n","region":"eu-west-1"}"#);
        assert_eq!(SourceIdentity::parse(both.as_str()), both);
        assert_eq!(both.get(Member::Db).as_deref(), Some("a \"b\"\n"));
        assert_eq!(db("a").with(&db("b")), db("a"));
        assert_eq!(both.to_string(), "account 42, db a \"b\"\n, region eu-west-1");
        for text in ["", "{}", "x", r#"{"db":""}"#, r#"{"db":null,"other":"x"}"#] {
            assert!(SourceIdentity::parse(text).is_empty(), "{text}");
        }
        for arn in ["", "-", "arn", "arn:aws:sqs", "events/a.json"] {
            assert!(SourceIdentity::of_arn(arn).is_empty(), "{arn}");
        }
    }
}
