//! Rows of a table as `rowtide snapshot` reads them from a database, and as its archives give them back.
//!
//! * **Version**: the letter of the scheme that the table's stream has, or `l` where there is no stream; rank 0, then
//!   when the snapshot began, in µs: `p.EEEE.0.<16 hex>` (in seconds for `x`, as Maxwell's own loads have it). So
//!   whatever the stream says is newer than every snapshot, whichever comes first, and of two snapshots the later one
//!   wins.
//! * **Key**: the head tells it, unless the route's `key` says something else.
//! * **Image**: always whole.
//! * **Rows that are gone**: `gone` in the place of `row`, with the columns of the key. With `replace` they are made of
//!   what an earlier snapshot brought and this one did not see, and their time is one tick before this one.
//!
//! What cannot be promised: without `replace` a snapshot does not say what is gone. Where changes of the stream were
//! lost, rows that the stream wrote stay as they are until `source.epoch` is raised.
//!
//! A record: `{"rowtide_snapshot":{"table":"public.orders","source":{"db":"shop"},"scheme":"p",
//! "at":"2026-03-02T08:00:00.000000Z","key":["id"]},"row":{"id":1,"total":9.90}}`.
//!
//! # Source
//! This project's own format: `src/snapshot/` writes it.

use crate::catalogue::Catalogue;
use crate::decode::change::{self, Operation, RowChange, Table};
use crate::decode::row::{self, Row, string, strings};
use crate::decode::{Decoded, Decoder, Decoding, LazyObject, Settings};
use crate::error::{Code, Error, Result};
use crate::event::Timestamp;
use crate::json::{Fault, Kind, Scanner};
use crate::record::Record;
use crate::source::SourceIdentity;
use crate::version::{Rank, Version};

/// The member that makes a record one of these.
pub const HEAD: &str = "rowtide_snapshot";
/// The scheme of snapshots of tables without a stream.
pub const ALONE: char = 'l';
/// Maxwell's: its loads count seconds.
const MAXWELL: char = 'x';

/// Rows that `rowtide snapshot` reads.
#[derive(Debug, Default)]
pub struct Snapshot(Settings);

impl Snapshot {
    /// A decoder.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl Decoder for Snapshot {
    fn name(&self) -> &'static str {
        "snapshot"
    }

    fn about(&self) -> &'static str {
        "rowtide snapshot, and its archives"
    }

    fn types_keys(&self) -> bool {
        true
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        object.member(HEAD) == Some(Kind::Object) && (object.has("row") || object.has("gone"))
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, record, catalogue };
        decoding.decoded(object).map_err(|error| decoding.about(object, error))
    }
}

impl<'d> Decoding<'d, Snapshot> {
    fn decoded(&self, object: &LazyObject<'_>) -> Result<Decoded> {
        let mut message = Message::default();
        row::each_member(object, |scanner, name| message.member(scanner, name))?;
        let table = self
            .table(&message)
            .ok_or_else(|| Error::poison(Code::NoTable, format!("The record's {HEAD} names no table.")))?;
        change::decoded(&SnapshotRow { table: &table, message: &message })
    }

    fn table(&self, message: &Message<'_>) -> Option<Table<'d>> {
        let name = string(message.table).filter(|name| !name.is_empty())?.into_owned();
        let source = message.source.map(SourceIdentity::parse).unwrap_or_default();
        Some(Table::new(self, &self.decoder.0, name, source))
    }

    /// Says of an error whose row it concerns, as far as that can be read.
    fn about(&self, object: &LazyObject<'_>, error: Error) -> Error {
        let mut message = Message::default();
        row::readable(object, |scanner, name| message.member(scanner, name));
        let Some(table) = self.table(&message) else { return error };
        table.about(error, SnapshotRow { table: &table, message: &message }.readable_key().as_ref())
    }
}

/// A record, its members still text.
#[derive(Debug, Default)]
struct Message<'a> {
    table: Option<&'a str>,
    source: Option<&'a str>,
    scheme: Option<&'a str>,
    at: Option<&'a str>,
    key: Option<&'a str>,
    row: Option<&'a str>,
    gone: Option<&'a str>,
}

impl<'a> Message<'a> {
    fn member(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<(), Fault> {
        match (name, scanner.peek()?) {
            (HEAD, Kind::Object) => scanner.object(|scanner, name| {
                let value = scanner.skip()?;
                match name.as_ref() {
                    "table" => self.table = Some(value),
                    "source" => self.source = Some(value),
                    "scheme" => self.scheme = Some(value),
                    "at" => self.at = Some(value),
                    "key" => self.key = Some(value),
                    _ => {}
                }
                Ok::<_, Fault>(())
            })?,
            ("row", _) => self.row = Some(scanner.skip()?),
            ("gone", _) => self.gone = Some(scanner.skip()?),
            _ => drop(scanner.skip()?),
        }
        Ok(())
    }

    fn at(&self) -> Option<Timestamp> {
        Timestamp::from_rfc3339(&string(self.at)?)
    }

    /// The letter of the scheme, which stands alone.
    fn scheme(&self) -> Option<char> {
        let text = string(self.scheme)?;
        let mut letters = text.chars().filter(char::is_ascii_lowercase);
        letters.next().filter(|_| text.len() == 1)
    }
}

/// A record of a row.
struct SnapshotRow<'a> {
    table: &'a Table<'a>,
    message: &'a Message<'a>,
}

impl RowChange for SnapshotRow<'_> {
    fn table(&self) -> &Table<'_> {
        self.table
    }

    fn is_loaded(&self) -> bool {
        true
    }

    fn operation(&self) -> Result<Operation> {
        match (self.message.row, self.message.gone) {
            (Some(_), None) => Ok(Operation::Insert),
            (None, Some(_)) => Ok(Operation::Delete),
            _ => Err(Error::poison(Code::UnknownOperation, "The record must have either `row` or `gone`.")),
        }
    }

    fn version(&self) -> Result<Version> {
        let head = |what: &str| {
            Error::poison(
                Code::MissingVersion,
                format!("The record's {HEAD} has no {what}, which orders it."),
            )
        };
        let scheme = self.message.scheme().ok_or_else(|| head("scheme"))?;
        let at =
            self.message.at().and_then(|at| u64::try_from(at.0).ok()).ok_or_else(|| head("time `at`"))?;
        let count = if scheme == MAXWELL { at / 1_000_000 } else { at };
        Ok(Version::new(scheme, self.table.epoch, Rank::Loaded).number(count))
    }

    fn changed_at(&self) -> Option<Timestamp> {
        self.message.at()
    }

    fn key_columns(&self) -> Result<Option<Vec<String>>> {
        let bad =
            || Error::poison(Code::BadField, format!("`key` of the record's {HEAD} is no list of names."));
        self.message.key.map(|names| strings(names).ok_or_else(bad)).transpose()
    }

    fn shows_deleted(&self) -> bool {
        false
    }

    fn read(&self, row: &mut Row<'_>) -> Result<()> {
        let image = self.message.row.or(self.message.gone).filter(|image| image.starts_with('{'));
        let no_row = || Error::poison(Code::NoImage, "The record's row is no object.");
        row.add_all(image.ok_or_else(no_row)?)
    }
}

#[cfg(test)]
mod tests {
    use super::Snapshot;
    use crate::decode::informed::{Informed, alone, rules};
    use crate::decode::{Decoded, Settings};
    use crate::error::Result;
    use crate::event::{Change, ChangeEvent};
    use crate::record::Record;
    use crate::rules::{Keyless, Order, Rules};

    fn record(head: &str, rest: &str) -> String {
        format!(
            r#"{{"rowtide_snapshot":{{"table":"public.orders","source":{{"db":"shop"}},{head}}},{rest}}}"#
        )
    }

    const HEAD: &str = r#""scheme":"p","at":"2026-03-02T08:00:00.000001Z","key":["id"]"#;

    fn decode_as(rules: Rules, epoch: u16, payload: String) -> Result<ChangeEvent> {
        let decoder = Informed::new(Snapshot::new(Settings { epoch, ..Settings::default() }), rules);
        let decoded = alone(&decoder, &Record::new("s", "1", payload))?;
        let Decoded::Events(mut events) = decoded else { panic!("{decoded:?}") };
        assert_eq!(events.len(), 1);
        Ok(events.remove(0))
    }

    fn decode(payload: String) -> Result<ChangeEvent> {
        decode_as(Rules::default(), 0, payload)
    }

    #[test]
    fn a_row_is_put_whole_below_everything_of_its_stream() {
        let row = r#""row":{"id":7,"total":9007199254740993.10,"note":null}"#;
        let put = decode_as(Rules::default(), 3, record(HEAD, row)).unwrap();
        assert_eq!((put.table.as_str(), put.source.as_str()), ("public.orders", r#"{"db":"shop"}"#));
        assert_eq!(put.key.unwrap().to_json(), r#"{"id":7}"#);
        assert_eq!(put.version.as_str(), "p.0003.0.00064c05f937e001");
        assert!(put.version.as_str() < "p.0003.1.");
        assert_eq!(put.changed_at.unwrap().to_string(), "2026-03-02T08:00:00.000001Z");
        let Change::Put(document) = put.change else { panic!("no put") };
        assert_eq!(document.get("total"), Some("9007199254740993.10"));
        assert_eq!(document.get("note"), Some("null"));
    }

    #[test]
    fn beside_maxwell_its_clock_counts_and_by_arrival_it_comes_before_all_that_arrived() {
        let of = |rules, scheme: &str| {
            let head = HEAD.replace(r#""p""#, &format!("\"{scheme}\""));
            decode_as(rules, 0, record(&head, r#""row":{"id":7}"#)).unwrap().version.as_str().to_owned()
        };
        assert_eq!(of(Rules::default(), "x"), "x.0000.0.0000000069a54380");
        let by_arrival = Rules { order: Order::Arrival, ..Rules::default() };
        assert_eq!(of(by_arrival, "a"), "a.0000.0.00064c05f937e001");
    }

    #[test]
    fn a_row_that_is_gone_is_deleted_by_its_key() {
        let gone = decode(record(HEAD, r#""gone":{"id":7}"#)).unwrap();
        assert_eq!(gone.key.unwrap().as_str(), "[7]");
        assert!(matches!(gone.change, Change::Delete(None)));
    }

    #[test]
    fn the_route_says_what_the_key_is_where_it_does() {
        let row = || record(HEAD, r#""row":{"tenant":"a","id":7}"#);
        let keyed = rules("public.orders", |it| it.key = vec!["tenant".to_owned(), "id".to_owned()]);
        assert_eq!(decode_as(keyed, 0, row()).unwrap().key.unwrap().as_str(), r#"[7,"a"]"#);
        let none =
            || record(r#""scheme":"l","at":"2026-03-02T08:00:00Z","key":[]"#, r#""row":{"a":1,"b":2}"#);
        assert_eq!(decode(none()).unwrap_err().code().as_str(), "no_key");
        let whole = rules("public.orders", |it| it.keyless = Keyless::Row);
        assert_eq!(decode_as(whole, 0, none()).unwrap().key.unwrap().as_str(), "[1,2]");
    }

    #[test]
    fn what_is_wrong_says_whose_row_it_is() {
        let row = r#""row":{"id":7}"#;
        let table = [
            (record(r#""scheme":"p","key":["id"]"#, row), "missing_version", Some("[7]")),
            (record(r#""at":"2026-03-02T08:00:00Z","key":["id"]"#, row), "missing_version", Some("[7]")),
            (record(&HEAD.replace(r#""p""#, r#""pp""#), row), "missing_version", Some("[7]")),
            (record(&HEAD.replace(r#"["id"]"#, "1"), row), "bad_field", None),
            (record(HEAD, r#""row":[1]"#), "no_image", None),
            (record(HEAD, r#""row":{"id":7},"gone":{"id":7}"#), "unknown_operation", Some("[7]")),
            (record(HEAD, r#""row":{"id":null}"#), "null_key", None),
        ];
        for (payload, code, key) in table {
            let error = decode(payload.clone()).unwrap_err();
            assert_eq!((error.code().as_str(), error.key()), (code, key), "{payload}");
            assert_eq!(error.table(), Some("public.orders"), "{payload}");
        }
        let nameless = r#"{"rowtide_snapshot":{},"row":{}}"#;
        assert_eq!(decode(nameless.to_owned()).unwrap_err().code().as_str(), "no_table");
    }
}
