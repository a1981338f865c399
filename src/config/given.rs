//! One value as somebody gave it, and its way into a typed field. Knows no setting by name.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::de::DeValue;

use super::redact::{is_source_url, is_url};
use super::{Reference, SinkUrl};
use crate::event::Timestamp;
use crate::source::Member;

/// A value of a TOML file, or the text of a variable or of `--set`.
#[derive(Clone)]
pub(super) enum Given {
    Text(String),
    Number(u64),
    Truth(bool),
    List(Vec<String>),
    Table(BTreeMap<String, String>),
    /// A form that no setting takes.
    Other,
}

/// The value is not one of those that the setting takes. Which these are, the setting says; the value is a secret.
pub(super) struct Invalid;

pub(super) type Accepted = Result<(), Invalid>;

impl Given {
    pub(super) fn from_toml(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.clone().into_owned()),
            DeValue::Integer(number) => {
                u64::from_str_radix(number.as_str(), number.radix()).map_or(Self::Other, Self::Number)
            }
            DeValue::Array(items) => {
                let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
                texts.collect::<Option<_>>().map_or(Self::Other, Self::List)
            }
            DeValue::Table(members) => {
                let pairs = members.iter().map(|(name, value)| {
                    let text = value.get_ref().as_str()?;
                    Some((name.get_ref().clone().into_owned(), text.to_owned()))
                });
                pairs.collect::<Option<_>>().map_or(Self::Other, Self::Table)
            }
            DeValue::Boolean(truth) => Self::Truth(*truth),
            DeValue::Float(_) | DeValue::Datetime(_) => Self::Other,
        }
    }

    /// The same value with every text in it replaced by what `change` makes of it.
    pub(super) fn try_map<E>(self, change: impl Fn(&str) -> Result<String, E>) -> Result<Self, E> {
        Ok(match self {
            Self::Text(text) => Self::Text(change(&text)?),
            Self::List(texts) => Self::List(texts.iter().map(|text| change(text)).collect::<Result<_, E>>()?),
            Self::Table(pairs) => {
                let pairs = pairs.into_iter().map(|(name, text)| Ok((name, change(&text)?)));
                Self::Table(pairs.collect::<Result<_, E>>()?)
            }
            Self::Number(_) | Self::Truth(_) | Self::Other => self,
        })
    }

    fn into_text(self) -> Result<String, Invalid> {
        if let Self::Text(text) = self { Ok(text) } else { Err(Invalid) }
    }

    /// The text, or none when it is empty: how a setting without a default is not set.
    fn into_optional(self) -> Result<Option<String>, Invalid> {
        Ok(Some(self.into_text()?).filter(|text| !text.is_empty()))
    }
}

/// An enumeration whose members have names in the configuration.
pub(super) trait Word: Copy + PartialEq + 'static {
    const WORDS: &'static [(&'static str, Self)];
}

fn parse_word<T: Word>(text: &str) -> Result<T, Invalid> {
    T::WORDS.iter().find(|(name, _)| *name == text).map(|(_, word)| *word).ok_or(Invalid)
}

pub(super) fn show_word<T: Word>(word: T) -> String {
    T::WORDS.iter().find(|(_, other)| *other == word).map(|(name, _)| *name).unwrap_or_default().to_owned()
}

pub(super) fn word<T: Word>(given: Given, field: &mut T) -> Accepted {
    *field = parse_word(&given.into_text()?)?;
    Ok(())
}

pub(super) fn optional_word<T: Word>(given: Given, field: &mut Option<T>) -> Accepted {
    *field = given.into_optional()?.as_deref().map(parse_word).transpose()?;
    Ok(())
}

pub(super) fn text(given: Given, field: &mut String) -> Accepted {
    let mut name = None;
    optional_text(given, &mut name)?;
    *field = name.ok_or(Invalid)?;
    Ok(())
}

/// The longest name that PostgreSQL does not cut.
const SCHEMA_MAX: usize = 63;

pub(super) fn schema(given: Given, field: &mut String) -> Accepted {
    let mut name = String::new();
    text(given, &mut name)?;
    if name.len() > SCHEMA_MAX {
        return Err(Invalid);
    }
    *field = name;
    Ok(())
}

/// A name. A URL is none: in the wrong setting it would be shown with its password.
pub(super) fn optional_text(given: Given, field: &mut Option<String>) -> Accepted {
    let text = given.into_optional()?;
    if text.as_ref().is_some_and(|text| text.contains("://")) {
        return Err(Invalid);
    }
    *field = text;
    Ok(())
}

/// A part of a statement: one, so without a semicolon.
pub(super) fn statement(given: Given, field: &mut Option<String>) -> Accepted {
    let text = given.into_optional()?;
    if text.as_ref().is_some_and(|text| text.contains([';', '\0']) || text.trim().is_empty()) {
        return Err(Invalid);
    }
    *field = text;
    Ok(())
}

/// True or false, also written as text.
pub(super) fn truth(given: Given, field: &mut bool) -> Accepted {
    *field = match given {
        Given::Truth(truth) => truth,
        Given::Text(text) => text.parse().map_err(|_| Invalid)?,
        Given::Number(_) | Given::List(_) | Given::Table(_) | Given::Other => return Err(Invalid),
    };
    Ok(())
}

/// The longest name of a namespace. The values of dimensions may have 1,024 characters; names need no more.
const CLOUDWATCH_NAME_MAX: usize = 255;

/// Source: Amazon CloudWatch API Reference, `PutMetricData`, Namespace.
pub(super) fn namespace(given: Given, field: &mut String) -> Accepted {
    let name = given.into_text()?;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || ".-_/#: ".contains(c);
    let is_free = !name.starts_with([':', ' ']) && !name.starts_with("AWS/") && !name.contains("://");
    if name.is_empty() || name.len() > CLOUDWATCH_NAME_MAX || !name.chars().all(is_allowed) || !is_free {
        return Err(Invalid);
    }
    *field = name;
    Ok(())
}

/// The value of a dimension: ASCII that can be seen.
///
/// Source: Amazon CloudWatch API Reference, Dimension.
pub(super) fn optional_dimension(given: Given, field: &mut Option<String>) -> Accepted {
    let mut value = None;
    optional_text(given, &mut value)?;
    let is_seen = |text: &String| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    let fits = |text: &String| text.len() <= CLOUDWATCH_NAME_MAX && !text.starts_with([':', ' ']);
    if !value.as_ref().is_none_or(|value| is_seen(value) && fits(value)) {
        return Err(Invalid);
    }
    *field = value;
    Ok(())
}

/// A point in time that databases can hold.
pub(super) fn optional_time(given: Given, field: &mut Option<Timestamp>) -> Accepted {
    let time =
        given.into_optional()?.map(|text| Timestamp::from_rfc3339(&text).ok_or(Invalid)).transpose()?;
    if time.is_some_and(|time| time.0 < 0) {
        return Err(Invalid);
    }
    *field = time;
    Ok(())
}

/// A JSON Pointer to a member.
pub(super) fn optional_pointer(given: Given, field: &mut Option<String>) -> Accepted {
    let pointer = given.into_optional()?;
    if !pointer.as_deref().is_none_or(is_pointer) {
        return Err(Invalid);
    }
    *field = pointer;
    Ok(())
}

/// JSON Pointers to members; as text, which is all that a variable can hold, with commas between them.
pub(super) fn pointers(given: Given, field: &mut Vec<String>) -> Accepted {
    let pointers = match given {
        Given::List(pointers) => pointers,
        Given::Text(text) if text.is_empty() => Vec::new(),
        // a name may hold a comma, but the next pointer begins with a slash
        Given::Text(text) => text.replace(",/", "\0/").split('\0').map(str::to_owned).collect(),
        Given::Number(_) | Given::Truth(_) | Given::Table(_) | Given::Other => return Err(Invalid),
    };
    if !pointers.iter().all(|pointer| is_pointer(pointer)) {
        return Err(Invalid);
    }
    *field = pointers;
    Ok(())
}

/// Source: RFC 6901. The empty pointer, the whole document, names no member.
fn is_pointer(text: &str) -> bool {
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    text.starts_with('/') && escapes && !text.contains("://")
}

/// A path on one line. The content of a certificate (somebody wrote `file://`) is not one.
pub(super) fn optional_path(given: Given, field: &mut Option<std::path::PathBuf>) -> Accepted {
    let path = given.into_optional()?;
    if path.as_ref().is_some_and(|path| path.contains('\n')) {
        return Err(Invalid);
    }
    *field = path.map(Into::into);
    Ok(())
}

/// What an archive's location may begin with.
const LOCATIONS: [&str; 2] = ["s3://", "file://"];

/// A folder or a bucket. It is shown, so it has no room for a password.
pub(super) fn location(given: Given, field: &mut Option<String>) -> Accepted {
    let url = given.into_optional()?;
    let is_location = |url: &String| {
        let rest = LOCATIONS.iter().find_map(|scheme| url.strip_prefix(scheme));
        let is_named =
            |rest: &str| !rest.is_empty() && !rest.contains(['?', '#', '@']) && !rest.contains("://");
        rest.is_some_and(is_named) && !url.contains(char::is_control)
    };
    if !url.as_ref().is_none_or(is_location) {
        return Err(Invalid);
    }
    *field = url;
    Ok(())
}

/// What the folder of a table's run is made of, each exactly once: else two of them could be one.
const ARCHIVE_PLACES: [&str; 3] = ["{schema}", "{table}", "{run}"];

/// The template of a folder, which ends with a slash then.
pub(super) fn archive_key(given: Given, field: &mut String) -> Accepted {
    let text = given.into_text()?;
    let key = text.strip_suffix('/').unwrap_or(&text);
    let mut rest = key.to_owned();
    for place in ARCHIVE_PLACES {
        if rest.matches(place).count() != 1 {
            return Err(Invalid);
        }
        // a letter in its place: a part may begin with one
        rest = rest.replace(place, "x");
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-=/".contains(c);
    let is_part = |part: &str| !part.is_empty() && !part.starts_with(['.', '_']);
    if !rest.chars().all(is_plain) || !rest.split('/').all(is_part) {
        return Err(Invalid);
    }
    *field = format!("{key}/");
    Ok(())
}

/// What the folder of archived changes may refer to.
const ROUTE_PLACES: [&str; 3] = ["{schema}", "{table}", "{date}"];

/// The template of a folder of archived changes, which ends with a slash then. What lies in front of the first place is
/// a location; behind it nothing leads out of that, and nothing is passed over by what reads folders.
pub(super) fn route_archive(given: Given, field: &mut Option<String>) -> Accepted {
    let mut url = None;
    location(given, &mut url)?;
    let Some(url) = url else {
        *field = None;
        return Ok(());
    };
    let front = url.split('{').next().unwrap_or_default();
    let root = front.rfind('/').map_or("", |slash| url.get(..=slash).unwrap_or_default());
    let is_rooted = LOCATIONS.iter().any(|scheme| root.len() > scheme.len() && root.starts_with(scheme));
    let has_places = url.contains(['{', '}']);
    let rest = url.strip_prefix(root).filter(|_| has_places).unwrap_or_default();
    // a letter in their place: a part may begin with one
    let rest = ROUTE_PLACES.iter().fold(rest.to_owned(), |rest, place| rest.replace(place, "x"));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-=/".contains(c);
    let is_part = |part: &str| !part.is_empty() && !part.starts_with(['.', '_']);
    let parts = rest.strip_suffix('/').unwrap_or(&rest);
    if has_places && !(is_rooted && parts.chars().all(is_plain) && parts.split('/').all(is_part)) {
        return Err(Invalid);
    }
    *field = Some(format!("{}/", url.strip_suffix('/').unwrap_or(&url)));
    Ok(())
}

pub(super) fn url(given: Given, field: &mut Option<SinkUrl>) -> Accepted {
    url_of(given, is_url, field)
}

/// The same of what rows are read from.
pub(super) fn source_url(given: Given, field: &mut Option<SinkUrl>) -> Accepted {
    url_of(given, is_source_url, field)
}

fn url_of(given: Given, is_meant: fn(&str) -> bool, field: &mut Option<SinkUrl>) -> Accepted {
    let url = given.into_optional()?;
    let is_reference = |url: &String| Reference::parse(url).is_some();
    if !url.as_ref().is_none_or(|url| is_meant(url) || is_reference(url)) {
        return Err(Invalid);
    }
    *field = url.map(SinkUrl::new);
    Ok(())
}

/// A whole number of `allowed`, also written as text: variables know nothing else.
pub(super) fn number<T: TryFrom<u64>>(
    given: Given,
    allowed: std::ops::RangeInclusive<u64>,
    field: &mut T,
) -> Accepted {
    let number = match given {
        Given::Number(number) => number,
        Given::Text(text) => digits(&text)?,
        Given::Truth(_) | Given::List(_) | Given::Table(_) | Given::Other => return Err(Invalid),
    };
    if !allowed.contains(&number) {
        return Err(Invalid);
    }
    *field = number.try_into().map_err(|_| Invalid)?;
    Ok(())
}

fn digits(text: &str) -> Result<u64, Invalid> {
    if !text.chars().all(|c| c.is_ascii_digit()) {
        return Err(Invalid);
    }
    text.parse().map_err(|_| Invalid)
}

/// Texts of which none is empty.
pub(super) fn list(given: Given, field: &mut Vec<String>) -> Accepted {
    let Given::List(texts) = given else { return Err(Invalid) };
    if texts.iter().any(String::is_empty) {
        return Err(Invalid);
    }
    *field = texts;
    Ok(())
}

pub(super) fn table(given: Given, field: &mut BTreeMap<String, String>) -> Accepted {
    let Given::Table(pairs) = given else { return Err(Invalid) };
    if pairs.iter().any(|(name, text)| name.is_empty() || text.is_empty()) {
        return Err(Invalid);
    }
    *field = pairs;
    Ok(())
}

/// A source table: its name, or what tells it from others of that name.
pub(super) fn source(given: Given, name: &mut String, source: &mut BTreeMap<Member, String>) -> Accepted {
    let Given::Table(mut pairs) = given else { return text(given, name) };
    let table = pairs.remove("table").unwrap_or_else(|| "*".to_owned());
    let members = pairs.into_iter().map(|(name, text)| Some((Member::named(&name)?, text)));
    let members: Option<BTreeMap<Member, String>> = members.collect();
    let members = members.ok_or(Invalid)?;
    if table.is_empty() || members.values().any(String::is_empty) {
        return Err(Invalid);
    }
    (*name, *source) = (table, members);
    Ok(())
}

/// The same as TOML writes it.
pub(super) fn show_source(name: &str, source: &BTreeMap<Member, String>) -> String {
    if source.is_empty() {
        return name.to_owned();
    }
    let members = source.iter().map(|(member, text)| (member.as_str().to_owned(), text.clone()));
    show_table(&members.chain([("table".to_owned(), name.to_owned())]).collect())
}

/// Units of a duration with their milliseconds, the largest first.
const UNITS: &[(&str, u64)] = &[("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// A duration above zero and not above `longest`.
pub(super) fn duration(given: Given, longest: Duration, field: &mut Duration) -> Accepted {
    *field = parse_duration(&given.into_text()?, longest)?;
    Ok(())
}

pub(super) fn optional_duration(given: Given, longest: Duration, field: &mut Option<Duration>) -> Accepted {
    let text = given.into_optional()?;
    *field = text.map(|text| parse_duration(&text, longest)).transpose()?;
    Ok(())
}

fn parse_duration(text: &str, longest: Duration) -> Result<Duration, Invalid> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or(Invalid)?;
    let (count, unit) = text.split_at_checked(unit_at).ok_or(Invalid)?;
    let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(Invalid)?;
    let millis = digits(count)?.checked_mul(*millis).ok_or(Invalid)?;
    let duration = Duration::from_millis(millis);
    if duration.is_zero() || duration > longest {
        return Err(Invalid);
    }
    Ok(duration)
}

const SIZES: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// A number of bytes, as `256MiB`.
pub(super) fn size(given: Given, allowed: std::ops::RangeInclusive<u64>, field: &mut u64) -> Accepted {
    let text = given.into_text()?;
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or(Invalid)?;
    let (count, unit) = text.split_at_checked(unit_at).ok_or(Invalid)?;
    let (_, bytes) = SIZES.iter().find(|(name, _)| *name == unit).ok_or(Invalid)?;
    let size = digits(count)?.checked_mul(*bytes).filter(|size| allowed.contains(size)).ok_or(Invalid)?;
    *field = size;
    Ok(())
}

/// The size in the largest unit that holds it without a rest.
pub(super) fn show_size(bytes: u64) -> String {
    match SIZES.iter().find(|(_, unit)| bytes.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{}{name}", bytes / unit),
        None => format!("{bytes}"),
    }
}

/// The duration in the largest unit that holds it without a rest; what is below a millisecond is cut off.
pub(super) fn show_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let fits = |(_, unit): &&(&str, u64)| millis.is_multiple_of(u128::from(*unit));
    match UNITS.iter().find(fits) {
        Some((name, unit)) if millis > 0 => format!("{}{name}", millis / u128::from(*unit)),
        _ => format!("{millis}ms"),
    }
}

/// A list as TOML writes it.
pub(super) fn show_list(texts: &[String]) -> String {
    let texts = texts.iter().map(|text| toml::Value::from(text.as_str()).to_string());
    format!("[{}]", texts.collect::<Vec<_>>().join(", "))
}

/// A table as TOML writes it on one line.
pub(super) fn show_table(pairs: &BTreeMap<String, String>) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let pairs = pairs.iter().map(|(name, text)| format!("{} = {}", quoted(name), quoted(text)));
    let pairs = pairs.collect::<Vec<_>>().join(", ");
    if pairs.is_empty() { "{}".to_owned() } else { format!("{{ {pairs} }}") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Given, duration, namespace, number, optional_dimension, pointers, show_duration, truth};

    #[test]
    fn pointers_are_a_list_or_a_text_with_commas() {
        let text = |text: &str| Given::Text(text.to_owned());
        let list = |texts: &[&str]| Given::List(texts.iter().map(|text| (*text).to_owned()).collect());
        let table: [(Given, Option<&[&str]>); 10] = [
            (list(&["/id", "/a/b"]), Some(&["/id", "/a/b"])),
            (text("/id,/a/b"), Some(&["/id", "/a/b"])),
            (text("/a,b,/c~1d"), Some(&["/a,b", "/c~1d"])),
            (text(""), Some(&[])),
            (list(&[]), Some(&[])),
            (list(&["id"]), None),
            (list(&[""]), None),
            (text("/a~2"), None),
            (text("/a~"), None),
            (Given::Number(1), None),
        ];
        for (at, (given, expected)) in table.into_iter().enumerate() {
            let mut field = Vec::new();
            let taken = pointers(given, &mut field).ok().map(|()| field);
            assert_eq!(
                taken.as_deref(),
                expected.map(|texts| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>()).as_deref(),
                "case {at}"
            );
        }
    }

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let table = [
            ("7d", seconds(604_800), "7d"),
            ("12h", seconds(43_200), "12h"),
            ("30m", seconds(1_800), "30m"),
            ("45s", seconds(45), "45s"),
            ("500ms", Some(Duration::from_millis(500)), "500ms"),
            ("1500ms", Some(Duration::from_millis(1_500)), "1500ms"),
            ("168h", seconds(604_800), "7d"),
            ("90s", seconds(90), "90s"),
            ("0s", None, ""),
            ("7", None, ""),
            ("d", None, ""),
            ("7 d", None, ""),
            ("-7d", None, ""),
            ("+7d", None, ""),
            ("1.5h", None, ""),
            ("1h30m", None, ""),
            ("7D", None, ""),
            ("", None, ""),
            ("101d", None, ""),
            ("99999999999999999999d", None, ""),
            ("18446744073709551615d", None, ""),
            ("７d", None, ""),
        ];
        for (text, expected, shown) in table {
            let mut field = Duration::ZERO;
            let taken = duration(Given::Text(text.to_owned()), Duration::from_secs(100 * 86_400), &mut field);
            assert_eq!(taken.ok().map(|()| field), expected, "{text}");
            if let Some(expected) = expected {
                assert_eq!(show_duration(expected), shown, "{text}");
            }
        }
    }

    #[test]
    fn true_and_false_are_words_too() {
        let text = |text: &str| Given::Text(text.to_owned());
        let table = [
            (Given::Truth(true), Some(true)),
            (Given::Truth(false), Some(false)),
            (text("true"), Some(true)),
            (text("false"), Some(false)),
            (text("True"), None),
            (text("1"), None),
            (text(""), None),
            (Given::Number(1), None),
        ];
        for (at, (given, expected)) in table.into_iter().enumerate() {
            let mut field = expected != Some(true);
            assert_eq!(truth(given, &mut field).ok().map(|()| field), expected, "case {at}");
        }
    }

    #[test]
    fn a_namespace_and_a_dimension_are_what_cloudwatch_takes() {
        let long = "n".repeat(255);
        let table = [
            ("Rowtide", true, true),
            ("Shop/CDC #1:a_b-c.d", true, true),
            (&long, true, true),
            (&format!("{long}n"), false, false),
            ("AWS/Lambda", false, true),
            (":x", false, false),
            (" x", false, false),
            ("Käse", false, false),
            ("a\nb", false, false),
            ("a+b", false, true),
            ("postgresql://u:p@h/d", false, false),
        ];
        for (text, is_namespace, is_dimension) in table {
            let given = || Given::Text(text.to_owned());
            assert_eq!(namespace(given(), &mut String::new()).is_ok(), is_namespace, "{text}");
            assert_eq!(optional_dimension(given(), &mut None).is_ok(), is_dimension, "{text}");
        }
        assert!(namespace(Given::Text(String::new()), &mut String::new()).is_err(), "it has a default");
        assert!(optional_dimension(Given::Text(String::new()), &mut None).is_ok(), "it can be unset");
    }

    #[test]
    fn a_number_is_digits_within_its_bounds() {
        let table = [
            (Given::Number(0), Some(0)),
            (Given::Number(65_535), Some(65_535)),
            (Given::Number(65_536), None),
            (Given::Text("7".to_owned()), Some(7)),
            (Given::Text("65536".to_owned()), None),
            (Given::Text("+7".to_owned()), None),
            (Given::Text("-7".to_owned()), None),
            (Given::Text(" 7".to_owned()), None),
            (Given::Text(String::new()), None),
            (Given::Text("99999999999999999999".to_owned()), None),
            (Given::Other, None),
            (Given::List(Vec::new()), None),
        ];
        for (at, (given, expected)) in table.into_iter().enumerate() {
            let mut field = 0_u16;
            assert_eq!(number(given, 0..=65_535, &mut field).ok().map(|()| field), expected, "case {at}");
        }
    }
}
