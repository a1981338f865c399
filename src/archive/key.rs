//! The names of objects: they follow from table, run, part and number, and no name of a table leads out of its folder
//! or into that of another.

use crate::config::ArchiveFormat;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The longest name that is written out: names of files have at most 255 bytes, and two of them may be in one.
const NAME_BYTES_MAX: usize = 100;
/// What stands of a longer one in front of its digest.
const FRONT_BYTES: usize = 60;
const DIGEST_BYTES: usize = 16;
/// The digits of a number of Kinesis; others have fewer.
const POSITION_DIGITS: usize = 56;
const SCHEMA: &str = "{schema}";

/// The folder of a table's run, with a slash at its end.
pub(super) fn folder(template: &str, schema: &str, table: &str, run: &str) -> String {
    let template = if schema.is_empty() { without_schema(template) } else { template.to_owned() };
    // what is put in has no braces
    template
        .replace(SCHEMA, &escaped(schema, ""))
        .replace("{table}", &escaped(table, ""))
        .replace("{run}", &escaped(run, "."))
}

/// The template where there are no schemas: without their place, and the character that parts it from the next.
fn without_schema(template: &str) -> String {
    let Some((before, behind)) = template.split_once(SCHEMA) else { return template.to_owned() };
    let is_last = behind.starts_with('/') && !before.is_empty() && !before.ends_with('/');
    let behind =
        if is_last || behind.starts_with('{') { behind } else { behind.get(1..).unwrap_or_default() };
    format!("{before}{behind}")
}

/// The one object of a table in the format `results`.
pub(super) fn of_results(table: &str) -> String {
    let table = escaped(table, "");
    format!("{table}/data/inbox/{table}_data.json")
}

/// Which data object of a run: of two that write the same part at once, each has objects of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectName {
    /// The part of the table, from 0.
    pub part: u32,
    /// The number of the object in its part, from 0.
    pub number: u32,
    /// Who writes it.
    pub claim: u32,
}

/// The name of a data object in the folder of its run.
pub(super) fn object_name(name: ObjectName, format: ArchiveFormat) -> String {
    let ending = match format {
        ArchiveFormat::NdjsonGz => "ndjson.gz",
        ArchiveFormat::Ndjson => "ndjson",
        ArchiveFormat::Results => "json",
    };
    let ObjectName { part, number, claim } = name;
    format!("part-{part:05}-{number:05}-{claim:08x}.{ending}")
}

/// The part of a template in front of its first placeholder, as far as it is a folder, and what is behind that.
pub(super) fn rooted(template: &str) -> (&str, &str) {
    let front = template.split('{').next().unwrap_or_default();
    let end = front.rfind('/').map_or(0, |slash| slash + 1);
    template.split_at_checked(end).unwrap_or((template, ""))
}

/// The folder of archived changes, below the template's root and with a slash at its end.
pub(super) fn folder_of_changes(template: &str, schema: &str, table: &str, date: &str) -> String {
    let (_, rest) = rooted(template);
    // what is put in has no braces
    rest.replace(SCHEMA, &escaped(schema, ""))
        .replace("{table}", &escaped(table, ""))
        .replace("{date}", &escaped(date, ""))
}

/// The name of an object of changes: the first and the last position, and a digest of what it holds. So what is
/// delivered again is written again under its name, and nothing else ever is.
pub(super) fn name_of_changes(first: &str, last: &str, lines: &[u8]) -> String {
    let mut name = format!("{}-{}-", of_position(first), of_position(last));
    for byte in Sha256::digest(lines).iter().take(DIGEST_BYTES / 2) {
        write!(name, "{byte:02x}").unwrap_or_default();
    }
    name.push_str(".ndjson.gz");
    name
}

/// A position so that names are in the order of positions that count: a stream's patches must be read in order.
fn of_position(position: &str) -> String {
    let is_number =
        (1..=POSITION_DIGITS).contains(&position.len()) && position.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { format!("{position:0>POSITION_DIGITS$}") } else { escaped(position, "") }
}

/// Whether a file is named as a data object of an archive.
#[must_use]
pub fn is_object_name(name: &str) -> bool {
    let stem = name.strip_suffix(".ndjson.gz").or_else(|| name.strip_suffix(".ndjson"));
    let Some(rest) = stem.and_then(|stem| stem.strip_prefix("part-")) else { return false };
    let is_number = |text: &str| text.len() >= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_claim = |text: &str| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match *rest.split('-').collect::<Vec<_>>() {
        // as a former version named them
        [part, number] => is_number(part) && is_number(number),
        [part, number, claim] => is_number(part) && is_number(number) && is_claim(claim),
        _ => false,
    }
}

/// The name as a part of a key. Letters, digits, `_`, `-` and those of `more` stay, except that none begins with `_` or
/// `.`: such files are passed over by what reads folders. Of a name that is too long, the digest tells it apart.
fn escaped(name: &str, more: &str) -> String {
    let mut escaped = String::new();
    for (at, letter) in name.char_indices() {
        let may_begin = letter.is_alphanumeric() || letter == '-';
        if may_begin || (at > 0 && (letter == '_' || more.contains(letter))) {
            escaped.push(letter);
            continue;
        }
        for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
            // a String takes all that is written
            write!(escaped, "%{byte:02X}").unwrap_or_default();
        }
    }
    if !escaped.is_empty() && escaped.len() <= NAME_BYTES_MAX {
        return escaped;
    }
    let end = (0..=FRONT_BYTES.min(escaped.len())).rev().find(|&at| escaped.is_char_boundary(at));
    escaped.truncate(end.unwrap_or_default());
    escaped.push('~');
    let digest = Sha256::digest(name.as_bytes());
    for byte in digest.iter().take(DIGEST_BYTES) {
        write!(escaped, "{byte:02x}").unwrap_or_default();
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{
        ObjectName, escaped, folder, folder_of_changes, is_object_name, name_of_changes, object_name, rooted,
    };
    use crate::config::ArchiveFormat;
    use std::collections::BTreeSet;

    const DEFAULT: &str = "{schema}.{table}/{run}/";

    #[test]
    fn a_run_has_a_folder_of_its_own() {
        let of = |template: &str, schema: &str| folder(template, schema, "orders", "20261130T231151.000001Z");
        assert_eq!(of(DEFAULT, "public"), "public.orders/20261130T231151.000001Z/");
        assert_eq!(of(DEFAULT, ""), "orders/20261130T231151.000001Z/");
        for (template, expected) in [
            ("{schema}/{table}/{run}/", "orders/r/"),
            ("{table}.{schema}/{run}/", "orders./r/"),
            ("{run}/{table}/{schema}/", "r/orders/"),
            ("s={schema}/t={table}/{run}/", "s=/t=orders/r/"),
            ("{schema}{table}/{run}/", "orders/r/"),
        ] {
            assert_eq!(folder(template, "", "orders", "r"), expected);
        }
    }

    #[test]
    fn no_two_tables_share_a_folder_and_none_leads_out() {
        let long = "x".repeat(400);
        let names = [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a",
            "b",
            "a.b",
            "a%2Fb",
            "a b",
            "_a",
            "%5Fa",
            "~",
            "{run}",
            "\0",
            "\n",
            "größe",
            "gro\u{308}ße",
            "表",
            &long,
            &format!("{long}y"),
            "c\\d",
            "A",
        ];
        let mut seen = BTreeSet::new();
        for schema in names {
            for table in names {
                let folder = folder(DEFAULT, schema, table, "r");
                let parts: Vec<&str> = folder.split('/').collect();
                assert!(parts.len() == 3 && parts[1] == "r" && parts[0].len() <= 255, "{folder}");
                assert!(!parts[0].is_empty() && !parts[0].starts_with(['.', '_']), "{folder}");
                assert!(!folder.contains(char::is_control), "{folder}");
                assert!(seen.insert(folder.clone()), "{schema:?} {table:?} {folder}");
            }
        }
        assert_eq!(escaped("größe", ""), "größe");
        assert_eq!(escaped("../x", ""), "%2E%2E%2Fx");
    }

    #[test]
    fn changes_lie_below_the_root_of_their_template_under_a_name_of_what_they_hold() {
        for (template, root, folder) in [
            ("s3://b/p/{table}/{date}/", "s3://b/p/", "a%2Fb/2026-12-01/"),
            ("s3://b/day={date}/of-{schema}.{table}/", "s3://b/", "day=2026-12-01/of-public.a%2Fb/"),
            ("file:///lake/", "file:///lake/", ""),
        ] {
            assert_eq!(rooted(template).0, root);
            assert_eq!(folder_of_changes(template, "public", "a/b", "2026-12-01"), folder);
        }
        let name = |lines: &str| name_of_changes("9", "../topic-0:7", lines.as_bytes());
        let nine = format!("{}9", "0".repeat(55));
        assert_eq!(name("x\n"), format!("{nine}-%2E%2E%2Ftopic-0%3A7-73cb3858a687a849.ndjson.gz"));
        assert!(name_of_changes("9", "9", b"") < name_of_changes("10", "12", b""));
        assert_ne!(name("x\n"), name("y\n"));
        let long = name_of_changes(&"é".repeat(200), &"1".repeat(500), b"");
        assert!(long.len() < 250 && !is_object_name(&long), "{long}");
    }

    #[test]
    fn a_data_object_is_known_by_its_name() {
        for format in [ArchiveFormat::Ndjson, ArchiveFormat::NdjsonGz] {
            for (part, number, claim) in [(0, 0, 0), (123_456, 7, u32::MAX)] {
                assert!(is_object_name(&object_name(ObjectName { part, number, claim }, format)));
            }
        }
        assert!(is_object_name("part-00000-00001.ndjson.gz"), "a former version wrote it");
        for other in ["part-00000-0.ndjson", "part-00000.ndjson", "part-00000-00000.json.gz", "x.ndjson", ""]
        {
            assert!(!is_object_name(other), "{other}");
        }
    }
}
