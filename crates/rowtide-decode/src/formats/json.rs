//! JSON of one's own: any JSON document, with JSON Pointers that say where table, key, operation, version and row are.
//!
//! * **Key**: the values that `source.json_key` points to, each named as the last part of its pointer; without it the
//!   members of the document that the route's `key` names. Texts, numbers and booleans; one that is null or missing is
//!   refused.
//! * **Version**: `j`, (what `source.json_version` points to). It must grow with every change of a key, and be of one
//!   kind for all records; when a producer changes its kind, raise `source.epoch`.
//!   - a time, RFC 3339 or with a blank and without an offset (then UTC): `j.EEEE.1.t.<lll><nanoseconds since 1970>`.
//!     Not as text, since `22Z` and `22.5Z` sort the wrong way round.
//!   - a number, or any other text: `j.EEEE.1.n.<lll><text>`, where `lll` is the text's length, in three digits; of a
//!     number, that of its whole part. So numbers are ordered by value, and texts of one width by their bytes, even if
//!     some of them happen to have only digits, as ULIDs, padded numbers and hexadecimal ones may. Negative numbers and
//!     more than 999 bytes are refused.
//! * **Image**: full; what a put does not hold, the row does not have.
//! * **Operation**: what `source.json_operation` points to, in any case of letters; without the pointer every record is
//!   a put. A truncate concerns the whole table.
//!
//! What cannot be promised: the producer must keep the promises above; nothing in a record would show that it does not.
//!
//! # Source
//! RFC 6901, "JSON Pointer".

use crate::catalogue::{Catalogue, Identity};
use crate::decimal;
use crate::decode::change::{self, Operation, RowChange, Table};
use crate::decode::row::{Row, members, refuse_nested};
use crate::decode::{Decoded, Decoder, Decoding, LazyObject, Pointers, Settings};
use crate::error::{Code, Error, Result};
use crate::event::{Timestamp, token, tokens};
use crate::json::{Fault, Kind, Scanner};
use crate::record::Record;
use crate::source::SourceIdentity;
use crate::values::copy::copy;
use crate::version::{Rank, Version};
use std::borrow::Cow;
use std::cell::Cell;

/// Bytes of what orders the changes of a key, at most.
const VERSION_MAX: usize = 999;

/// Records of one's own.
#[derive(Debug, Default)]
pub struct Json {
    settings: Settings,
    table: Option<Path>,
    key: Vec<Path>,
    /// The last part of each path in `key`.
    key_names: Option<Vec<String>>,
    operation: Option<Path>,
    version: Option<Path>,
    document: Path,
}

impl Json {
    /// A decoder; without [`Settings::pointers`] it recognises nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Pointers { table, key, operation, version, document } = &settings.pointers;
        let path = |pointer: &Option<String>| pointer.as_deref().map(Path::new);
        let key: Vec<Path> = key.iter().map(|pointer| Path::new(pointer)).collect();
        let names = key.iter().map(|path| path.tokens.last().cloned().unwrap_or_default());
        Self {
            table: path(table),
            key_names: Some(names.collect()).filter(|names: &Vec<_>| !names.is_empty()),
            operation: path(operation),
            version: path(version),
            document: path(document).unwrap_or_default(),
            key,
            settings,
        }
    }
}

/// A JSON Pointer, also as the names it leads through.
#[derive(Debug, Clone, Default)]
struct Path {
    pointer: String,
    tokens: Vec<String>,
}

impl Path {
    fn new(pointer: &str) -> Self {
        Self { pointer: pointer.to_owned(), tokens: tokens(pointer) }
    }

    fn member(&self, name: &str) -> Self {
        Self::new(&format!("{}/{}", self.pointer, token(name)))
    }
}

/// What a record says has happened: its word for that, in any case of letters.
fn operation_named(word: &str) -> Option<Operation> {
    Some(match word.to_ascii_lowercase().as_str() {
        "insert" | "upsert" | "put" | "c" | "r" => Operation::Insert,
        "update" | "u" => Operation::Update,
        "delete" | "remove" | "d" => Operation::Delete,
        "truncate" => Operation::Truncate,
        _ => return None,
    })
}

impl Decoder for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "JSON of your own, by JSON Pointers"
    }

    /// What no other decoder recognises, if the pointers lead somewhere: this one is asked last.
    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        let mut needed = self.key.iter().chain(&self.table).chain(&self.version).peekable();
        let is_there = |path: &Path| path.tokens.first().is_some_and(|name| object.has(name));
        needed.peek().is_some() && needed.all(is_there)
    }

    fn decode(&self, record: &Record, payload: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, record, catalogue };
        // where the pointers lead is looked up once all of it is read
        payload.keep();
        members(payload, |_, _| ())?;
        let source = SourceIdentity::of_stream(&record.source);
        let table = Table::new(&decoding, &self.settings, self.table(payload)?, source);
        change::decoded(&JsonRow { decoder: self, table: &table, payload, time: Cell::new(None) })
    }
}

impl Json {
    fn table<'t, 'a: 't>(&'t self, payload: &LazyObject<'a>) -> Result<Cow<'t, str>> {
        let Some(path) = &self.table else {
            return self.settings.table.as_deref().map(Cow::Borrowed).ok_or_else(|| {
                Error::config(
                    "The decoder json needs the name of the table: set source.json_table to where the records hold it, \
                     such as \"/table\", or source.table when all are of one.",
                )
            });
        };
        match at(payload, path)?.map(|text| Scanner::new(text).string()) {
            Some(Ok(name)) => Ok(name),
            _ => Err(missing(Code::NoTable, "source.json_table", path, "a text")),
        }
    }
}

/// A record of a row.
struct JsonRow<'a, 'p> {
    decoder: &'a Json,
    table: &'a Table<'a>,
    payload: &'a LazyObject<'p>,
    /// When it happened, if its version is a time.
    time: Cell<Option<Timestamp>>,
}

impl<'p> JsonRow<'_, 'p> {
    fn at(&self, path: &Path) -> Result<Option<&'p str>> {
        at(self.payload, path)
    }

    /// Adds the columns of the key; gives the names of the members that it takes from the document.
    fn read_key(&self, row: &mut Row<'_>, names: &[String]) -> Result<Vec<String>> {
        let Json { key, key_names, document, .. } = self.decoder;
        let key_names = key_names.as_deref().unwrap_or_default();
        let mut apart = Vec::with_capacity(names.len());
        for name in names {
            let told = key_names.iter().position(|told| told == name).and_then(|index| key.get(index));
            let path = told.map_or_else(|| Cow::Owned(document.member(name)), Cow::Borrowed);
            if let Some(value) = self.at(&path)? {
                refuse_nested(name, value)?;
                row.add(name, |out| copy(&mut Scanner::new(value), out))?;
            }
            // what the key takes from the document's own members, the document does not hold
            if let Some([taken]) = path.tokens.strip_prefix(document.tokens.as_slice()) {
                apart.push(taken.clone());
            }
        }
        Ok(apart)
    }

    fn document(&self) -> Result<&'p str> {
        let path = &self.decoder.document;
        let text = self.at(path)?.filter(|text| text.starts_with('{'));
        text.ok_or_else(|| missing(Code::NoImage, "source.json_document", path, "an object"))
    }
}

impl RowChange for JsonRow<'_, '_> {
    fn table(&self) -> &Table<'_> {
        self.table
    }

    fn operation(&self) -> Result<Operation> {
        let Some(path) = &self.decoder.operation else { return Ok(Operation::Insert) };
        let word = self.at(path)?.and_then(|text| Scanner::new(text).string().ok());
        word.and_then(|word| operation_named(&word)).ok_or_else(|| {
            let words = "insert, update, upsert, put, delete, remove, truncate, c, u, r or d";
            missing(Code::UnknownOperation, "source.json_operation", path, words)
        })
    }

    fn version(&self) -> Result<Version> {
        let Some(path) = &self.decoder.version else {
            return Err(Error::config(
                "The decoder json needs to know what orders the changes of a key: set source.json_version to where the \
                 records hold a number or a time that grows with every change, such as \"/version\". If they have none \
                 and each key arrives in order, set source.version = \"arrival\".",
            ));
        };
        let found = self.at(path)?.and_then(|text| match text.as_bytes().first() {
            Some(b'"') => Scanner::new(text).string().ok(),
            // one that is too large is refused as the empty text is
            Some(b'-' | b'0'..=b'9') => Some(Cow::Owned(plain(text).unwrap_or_default())),
            _ => None,
        });
        let found = found.ok_or_else(|| {
            missing(Code::MissingVersion, "source.json_version", path, "a number, a time or a text")
        })?;
        let version = Version::new('j', self.table.epoch, Rank::Positioned);
        let (version, time) = positioned(version, &found).ok_or_else(|| {
            let kinds = "a number from 0 on, a time since 1970 or a text, of at most 999 bytes";
            missing(Code::BadVersion, "source.json_version", path, kinds)
        })?;
        self.time.set(time);
        Ok(version)
    }

    fn changed_at(&self) -> Option<Timestamp> {
        self.time.get()
    }

    fn key_columns(&self) -> Result<Option<Vec<String>>> {
        Ok(self.decoder.key_names.clone())
    }

    fn shows_deleted(&self) -> bool {
        false
    }

    fn read(&self, row: &mut Row<'_>) -> Result<()> {
        let Identity::Columns(names) = row.identity() else { return row.add_all(self.document()?) };
        let text = if row.is_key_only() { None } else { Some(self.document()?) };
        let apart = self.read_key(row, names)?;
        let Some(text) = text else { return Ok(()) };
        row.reserve(text.len());
        Scanner::new(text).object(|scanner, name| {
            if apart.iter().any(|taken| *taken == name) {
                return scanner.skip().map(drop).map_err(Error::from);
            }
            row.add_beside_key(&name, |out| copy(scanner, out))
        })
    }
}

/// A record that does not hold what a pointer should lead to.
fn missing(code: Code, setting: &str, path: &Path, expected: &str) -> Error {
    let place = if path.pointer.is_empty() { "itself" } else { &path.pointer };
    Error::poison(
        code,
        format!("What the record holds at {place} ({setting}) is missing or is not {expected}."),
    )
}

/// The text of the value at `path`, if there is one.
///
/// # Errors
/// When a member on the way is there twice: which one counts, nobody could say.
fn at<'a>(payload: &LazyObject<'a>, path: &Path) -> Result<Option<&'a str>> {
    let twice = || {
        let message = format!("The record has a member on the way to {} twice.", path.pointer);
        Error::poison(Code::DuplicateMember, message)
    };
    let Some((first, rest)) = path.tokens.split_first() else { return Ok(Some(payload.text())) };
    let Some(mut found) = payload.get(first) else { return Ok(None) };
    if payload.repeats(first) {
        return Err(twice());
    }
    for wanted in rest {
        let mut scanner = Scanner::new(found);
        let mut next = None;
        match scanner.peek()? {
            Kind::Object => scanner.object(|scanner, name| {
                let value = scanner.skip()?;
                if name == *wanted && next.replace(value).is_some() {
                    return Err(twice());
                }
                Ok(())
            })?,
            Kind::Array => {
                let mut index: usize = 0;
                let wanted = wanted.parse().ok().filter(|number: &usize| number.to_string() == *wanted);
                scanner.array(|scanner| {
                    let value = scanner.skip()?;
                    if wanted == Some(index) {
                        next = Some(value);
                    }
                    index += 1;
                    Ok::<_, Fault>(())
                })?;
            }
            Kind::String | Kind::Number | Kind::Bool | Kind::Null => {}
        }
        let Some(value) = next else { return Ok(None) };
        found = value;
    }
    Ok(Some(found))
}

/// The version with what a record counts with, and the time if it is one.
fn positioned(version: Version, text: &str) -> Option<(Version, Option<Timestamp>)> {
    if let Some(time) = time(text) {
        let nanoseconds = u128::try_from(time.as_nanosecond()).ok()?.to_string();
        let version = version.letter('t').digits(&nanoseconds).ok()?;
        return Some((version, Some(Timestamp(time.as_microsecond()))));
    }
    let is_negative = text.strip_prefix('-').and_then(whole_part).is_some();
    // one that only looks like a time would be ordered otherwise than its neighbours
    if text.is_empty() || text.len() > VERSION_MAX || is_negative || begins_like_a_time(text) {
        return None;
    }
    let size = whole_part(text).map_or(text.len(), str::len);
    Some((version.letter('n').sized(size, text), None))
}

/// A JSON number without an exponent.
fn plain(number: &str) -> Option<String> {
    if whole_part(number).is_some_and(|whole| whole == number) {
        return Some(number.to_owned());
    }
    decimal::canonical(number).ok()
}

/// The digits in front of the point of a text that is a number without sign and exponent.
fn whole_part(text: &str) -> Option<&str> {
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    (are_digits(whole) && fraction.is_none_or(are_digits)).then_some(whole)
}

fn begins_like_a_time(text: &str) -> bool {
    let shape = b"dddd-dd-ddTdd:dd";
    let fits = |(found, wanted): (u8, &u8)| match wanted {
        b'd' => found.is_ascii_digit(),
        b'T' => matches!(found, b'T' | b't' | b' '),
        _ => found == *wanted,
    };
    text.len() >= shape.len() && text.bytes().zip(shape).all(fits)
}

fn time(text: &str) -> Option<jiff::Timestamp> {
    if !begins_like_a_time(text) {
        return None;
    }
    let local = || {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    };
    text.parse().ok().or_else(local)
}

#[cfg(test)]
mod tests {
    use super::{Json, Path, at, plain, positioned};
    use crate::decode::informed::{Informed, alone, by_arrival, rules};
    use crate::decode::{Decoded, Decoder, LazyObject, Pointers, Settings};
    use crate::error::ErrorKind;
    use crate::event::{Change, ChangeEvent};
    use crate::record::Record;
    use crate::rules::{Keyless, Rules};
    use crate::version::{Rank, Version};
    use crate::{Error, Result};
    use proptest::prelude::*;

    const RECORD: &str = r#"{"meta":{"table":"shop.orders","op":"update","seq":7,"key":{"tenant":"t","id":1.0}},"row":{"id":1.0,"total":12.50,"tags":[ 1 ]}}"#;

    fn pointers() -> Pointers {
        let own = |pointer: &str| Some(pointer.to_owned());
        Pointers {
            table: own("/meta/table"),
            key: vec!["/meta/key/tenant".to_owned(), "/row/id".to_owned()],
            operation: own("/meta/op"),
            version: own("/meta/seq"),
            document: own("/row"),
        }
    }

    fn decoder(pointers: Pointers, rules: Rules) -> Informed<Json> {
        Informed::new(Json::new(Settings { pointers, ..Settings::default() }), rules)
    }

    fn decode(decoder: &impl Decoder, payload: &str) -> Result<Decoded> {
        alone(decoder, &Record::new("s", "49", payload.to_owned()))
    }

    fn event(decoded: Result<Decoded>) -> ChangeEvent {
        match decoded {
            Ok(Decoded::Events(mut events)) if events.len() == 1 => events.remove(0),
            other => panic!("{other:?}"),
        }
    }

    fn refused(payload: &str) -> Error {
        decode(&decoder(pointers(), Rules::default()), payload).expect_err(payload)
    }

    fn shown(event: &ChangeEvent) -> String {
        let key = event.key.as_ref().map(|key| key.to_json()).unwrap_or_default();
        match &event.change {
            Change::Put(document) => format!("{key} put {}", document.to_json()),
            Change::Delete(document) => {
                format!("{key} delete{}", document.as_ref().map_or("", |_| " with image"))
            }
            Change::Truncate => format!("{key} truncate"),
            Change::Patch(patch) => panic!("{patch:?}"),
        }
    }

    #[test]
    fn pointers_say_where_everything_is() {
        let decoder = decoder(pointers(), Rules::default());
        let put = event(decode(&decoder, RECORD));
        assert_eq!(shown(&put), r#"{"id":1,"tenant":"t"} put {"total":12.50,"tags":[1]}"#);
        assert_eq!((put.table.as_str(), put.version.as_str()), ("shop.orders", "j.0000.1.n.0017"));
        for word in ["insert", "Update", "UPSERT", "put", "c", "u", "r"] {
            let record = RECORD.replace(r#""op":"update""#, &format!(r#""op":"{word}""#));
            assert_eq!(shown(&event(decode(&decoder, &record))), shown(&put), "{word}");
        }
        for word in ["delete", "REMOVE", "d"] {
            let record = RECORD.replace(r#""op":"update""#, &format!(r#""op":"{word}""#));
            assert_eq!(shown(&event(decode(&decoder, &record))), r#"{"id":1,"tenant":"t"} delete"#, "{word}");
        }
        let truncate = RECORD.replace(r#""op":"update""#, r#""op":"truncate""#);
        assert_eq!(shown(&event(decode(&decoder, &truncate))), " truncate");
    }

    #[test]
    fn without_pointers_the_record_is_the_row_and_settings_say_the_rest() {
        let only_version = Pointers { version: Some("/seq".to_owned()), ..Pointers::default() };
        let keyed = rules("*", |it| it.key = vec!["id".to_owned(), "a/b".to_owned()]);
        let settings =
            Settings { pointers: only_version, table: Some("orders".to_owned()), ..Settings::default() };
        let decoder = Informed::new(Json::new(settings), keyed);
        let put = event(decode(&decoder, r#"{"id":"x","seq":7,"a/b":true,"name":"n","name":"m"}"#));
        assert_eq!(shown(&put), r#"{"a/b":true,"id":"x"} put {"seq":7,"name":"m"}"#);
        assert_eq!(put.table, "orders");
    }

    #[test]
    fn a_delete_needs_its_key_only() {
        let record = r#"{"meta":{"table":"t","op":"d","seq":7,"key":{"tenant":"t"}},"row":null}"#;
        let mut elsewhere = pointers();
        elsewhere.key = vec!["/meta/key/tenant".to_owned()];
        assert_eq!(
            shown(&event(decode(&decoder(elsewhere, Rules::default()), record))),
            r#"{"tenant":"t"} delete"#
        );
        assert_eq!(refused(record).code().as_str(), "missing_key");
    }

    #[test]
    fn what_lacks_a_part_is_refused_and_never_widened() {
        for (from, to, code) in [
            (r#""seq":7,"#, "", "missing_version"),
            (r#""seq":7"#, r#""seq":null"#, "missing_version"),
            (r#""seq":7"#, r#""seq":[7]"#, "missing_version"),
            (r#""seq":7"#, r#""seq":-7"#, "bad_version"),
            (r#""seq":7"#, r#""seq":"""#, "bad_version"),
            (r#""seq":7"#, r#""seq":1e999"#, "bad_version"),
            (r#""seq":7"#, r#""seq":"2024-07-16T25:00:00Z""#, "bad_version"),
            (r#""seq":7"#, r#""seq":7,"seq":8"#, "duplicate_member"),
            (r#""table":"shop.orders","#, "", "no_table"),
            (r#""shop.orders""#, "7", "no_table"),
            (r#""update""#, r#""patch""#, "unknown_operation"),
            (r#""update""#, "null", "unknown_operation"),
            (r#""op":"update","#, "", "unknown_operation"),
            (r#""tenant":"t","#, "", "missing_key"),
            (r#""tenant":"t""#, r#""tenant":null"#, "null_key"),
            (r#""tenant":"t""#, r#""tenant":["t"]"#, "bad_key"),
            (r#""tenant":"t""#, r#""tenant":1e999"#, "number_out_of_range"),
            (r#""tenant":"t""#, r#""tenant":"t","tenant":"u""#, "duplicate_member"),
            (r#"{"id":1.0,"total":12.50,"tags":[ 1 ]}"#, "[1]", "no_image"),
            (r#","row":{"id":1.0,"total":12.50,"tags":[ 1 ]}"#, "", "no_image"),
        ] {
            assert!(RECORD.contains(from));
            assert_eq!(refused(&RECORD.replacen(from, to, 1)).code().as_str(), code, "{from} {to}");
        }
        let deep = RECORD.replace("[ 1 ]", &format!("{}{}", "[".repeat(200), "]".repeat(200)));
        assert_eq!(refused(&deep).code().as_str(), "too_deep");
        let secret =
            RECORD.replace("12.50", "\"SECRET\"").replace("\"seq\":7", "\"seq\":\"2024-07-16T99:99 SECRET\"");
        assert!(!refused(&secret).to_string().contains("SECRET"));
    }

    #[test]
    fn without_a_version_the_operator_is_told_what_to_do_and_by_arrival_none_is_needed() {
        let unordered = || Pointers { version: None, ..pointers() };
        let error = decode(&decoder(unordered(), Rules::default()), RECORD).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(
            error.message().contains("source.json_version") && error.message().contains("\"arrival\""),
            "{error}"
        );
        let arrival = || by_arrival(Rules::default());
        assert!(decode(&decoder(unordered(), arrival()), RECORD).is_ok());
        let broken = RECORD.replace(r#""seq":7"#, r#""seq":null"#);
        assert!(decode(&decoder(pointers(), arrival()), &broken).is_ok());
        let nowhere = Pointers { table: None, ..pointers() };
        let error = decode(&decoder(nowhere, Rules::default()), RECORD).unwrap_err();
        assert!(
            error.kind() == ErrorKind::Config && error.message().contains("source.json_table"),
            "{error}"
        );
    }

    #[test]
    fn a_table_without_a_key_is_what_its_route_says() {
        let by = |keyless| {
            decoder(Pointers { key: Vec::new(), ..pointers() }, rules("*", |it| it.keyless = keyless))
        };
        let with = |keyless, word: &str| {
            decode(&by(keyless), &RECORD.replace("update", word))
                .map(|it| shown(&event(Ok(it))))
                .map_err(|it| it.code().as_str())
        };
        let whole = r#"{"id":1,"tags":[1],"total":12.5}"#;
        assert_eq!(with(Keyless::Row, "insert").unwrap(), format!("{whole} put {{}}"));
        assert_eq!(with(Keyless::Row, "delete").unwrap(), format!("{whole} delete"));
        assert_eq!(with(Keyless::Row, "update"), Err("keyless_change"));
        let put = r#"{"position":"49"} put {"id":1.0,"total":12.50,"tags":[1]}"#;
        assert_eq!(with(Keyless::Position, "put").unwrap(), put);
        assert_eq!(with(Keyless::Position, "update"), Err("keyless_change"));
        assert_eq!(with(Keyless::Position, "delete"), Err("keyless_change"));
        assert_eq!(with(Keyless::Refuse, "insert"), Err("unknown_key"));
        let elsewhere = decoder(pointers(), rules("other", |_| {}));
        assert!(matches!(decode(&elsewhere, RECORD), Ok(Decoded::Unrouted { .. })));
    }

    #[test]
    fn byte_order_of_versions_is_the_order_of_what_they_hold() {
        let version = |text: &str| positioned(Version::new('j', 0, Rank::Positioned), text).unwrap().0;
        let check = |ordered: &[&str]| {
            for pair in ordered.windows(2) {
                assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
            }
        };
        check(&[
            "0",
            "0.5",
            "1",
            "1.05",
            "1.5",
            "2",
            "9.99",
            "10",
            plain("1.1e1").unwrap().as_str(),
            "9007199254740993",
            "9007199254740994",
        ]);
        check(&["99999999999999999999", &"9".repeat(300), &format!("1{}", "0".repeat(300))]);
        check(&[
            "2024-07-16T14:29:22Z",
            "2024-07-16T14:29:22.5Z",
            "2024-07-16T16:29:23+02:00",
            "2024-07-16 14:29:24",
        ]);
        check(&["01J2XW0000", "01J2XW000A", "v9999999999", "v10000000000"]);
        // some of one width look like numbers
        check(&["00000000", "000012e4", "00001abc", "00012345", "0001234a", "10000000", "1000000a"]);
        check(&["9", "9.25", "10", "10.5", "1000000000"]);
        check(&["018f3c2a-0001-7000", "018f3c2a-0002-7000"]);
        for (a, b) in [
            ("1", plain("1.0").unwrap().as_str()),
            ("150", plain("15e1").unwrap().as_str()),
            ("2024-07-16T14:29:22Z", "2024-07-16T16:29:22.000+02:00"),
        ] {
            assert_eq!(version(a), version(b));
        }
        assert_eq!(version("42.5").as_str(), "j.0000.1.n.00242.5");
        assert_eq!(version("1970-01-01T00:00:00.000000001Z").as_str(), "j.0000.1.t.0011");
        assert_eq!(version("ab").as_str(), "j.0000.1.n.002ab");
    }

    #[test]
    fn a_time_that_orders_a_change_is_its_time() {
        let record = RECORD.replace(r#""seq":7"#, r#""seq":"2024-07-16T14:29:22.907Z""#);
        let changed_at = event(decode(&decoder(pointers(), Rules::default()), &record)).changed_at;
        assert_eq!(changed_at.unwrap().to_string(), "2024-07-16T14:29:22.907000Z");
    }

    #[test]
    fn a_key_beside_the_document_takes_nothing_from_it() {
        let beside = Pointers { key: vec!["/rows/id".to_owned()], ..pointers() };
        let record = RECORD.replace("{\"meta\"", "{\"rows\":{\"id\":9},\"meta\"");
        let event = event(decode(&decoder(beside, Rules::default()), &record));
        let Change::Put(document) = &event.change else { panic!("{event:?}") };
        assert_eq!(event.key.unwrap().to_json(), r#"{"id":9}"#);
        assert!(document.to_json().contains(r#""id":1"#), "{}", document.to_json());
    }

    #[test]
    fn pointers_lead_through_objects_and_arrays() {
        let text = r#"{"a/b":{"~":[{"c":1},[2]]},"":3}"#;
        for (pointer, value) in [
            ("", Some(text)),
            ("/a~1b/~0/0/c", Some("1")),
            ("/a~1b/~0/1/0", Some("2")),
            ("/", Some("3")),
            ("/a~1b/~0/00", None),
            ("/a~1b/~0/2", None),
            ("/a~1b/~0/0/c/d", None),
            ("/x", None),
        ] {
            let found = at(&LazyObject::of(text.as_bytes()), &Path::new(pointer));
            assert_eq!(found.unwrap(), value, "{pointer}");
        }
    }

    #[test]
    fn nothing_is_recognised_unless_pointers_are_set_and_fit() {
        let recognises = |pointers: Pointers, text: &str| {
            Json::new(Settings { pointers, ..Settings::default() })
                .recognises(&LazyObject::of(text.as_bytes()))
        };
        assert!(recognises(pointers(), RECORD));
        assert!(!recognises(Pointers::default(), RECORD));
        assert!(!recognises(
            Pointers { operation: Some("/meta/op".to_owned()), ..Pointers::default() },
            RECORD
        ));
        assert!(!recognises(Pointers { key: vec!["/other".to_owned()], ..pointers() }, RECORD));
        assert!(!recognises(pointers(), "[]"));
        for other in ["[]", "7", "", "{"] {
            assert!(decode(&decoder(pointers(), Rules::default()), other).is_err());
        }
    }

    #[test]
    fn an_error_names_the_row_by_what_can_be_read_of_it() {
        let named = |payload: &str| {
            let error = refused(payload);
            format!(
                "{} {} {}",
                error.code().as_str(),
                error.table().unwrap_or("-"),
                error.key().unwrap_or("-")
            )
        };
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for (from, to, expected) in [
            (r#""seq":7"#, r#""seq":-7"#, r#"bad_version shop.orders [1,"t"]"#),
            (r#""update""#, r#""patch""#, r#"unknown_operation shop.orders [1,"t"]"#),
            ("[ 1 ]", deep.as_str(), r#"too_deep shop.orders [1,"t"]"#),
            (r#""tenant":"t","#, "", "missing_key shop.orders -"),
            (r#""shop.orders""#, "7", "no_table - -"),
        ] {
            assert_eq!(named(&RECORD.replacen(from, to, 1)), expected, "{from} {to}");
        }
    }

    #[test]
    fn odd_names_stay_what_they_are() {
        for name in ["a\\\"b", "a.b", "x;drop table y--", "Order", "select", &"x".repeat(200), ""] {
            let record = RECORD.replace(r#""total":12.50"#, &format!(r#""{name}":1"#));
            let put = event(decode(&decoder(pointers(), Rules::default()), &record));
            assert!(shown(&put).contains(&format!(r#"put {{"{name}":1,"#)), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in r#"[\[\]{}:,"/a-z0-9 .TZ-]{0,40}"#, pointer in "(/[a-z0-9~]{0,3}){0,3}") {
            let one = Pointers { key: vec![pointer.clone()], document: Some(pointer.clone()), ..pointers() };
            let _either = decode(&decoder(one.clone(), Rules::default()), &text);
            let _or = decode(&decoder(one, Rules::default()), &RECORD.replace("7", &text));
            let _or_else = at(&LazyObject::of(text.as_bytes()), &Path::new(&pointer));
            let _version = positioned(Version::new('j', 0, Rank::Positioned), &text);
        }
    }
}
