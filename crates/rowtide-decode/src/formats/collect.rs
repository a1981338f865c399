//! Documents as `rowtide serve` and `rowtide-collect` take them by HTTP, each with its table and its id.
//!
//! * **Version**: `f.EEEE.1`, the same for all (`source.version = "once"`): what is collected is an event, which never
//!   changes. The first write of an id counts, and its repetitions are stale.
//! * **Key**: `_id`, the id that the head tells. A document may have it, too, with the same value.
//! * **Image**: always whole.
//!
//! What cannot be promised: of two documents with one id that differ, the first to be written stays.
//!
//! A record: `{"rowtide_collect":{"table":"collect","id":"e-1"},"document":{"hello":"world"}}`.
//!
//! # Source
//! This project's own format: `src/collect/` writes it.

use crate::catalogue::{Catalogue, Identity};
use crate::decode::change::{self, Operation, RowChange, Table};
use crate::decode::row::{self, Row, refuse_nested, string};
use crate::decode::{Decoded, Decoder, Decoding, LazyObject, Settings};
use crate::error::{Code, Error, Result};
use crate::event::Timestamp;
use crate::json::{Fault, Kind, Scanner};
use crate::record::Record;
use crate::source::SourceIdentity;
use crate::values::copy::copy;
use crate::version::{Version, once};
use std::borrow::Cow;

/// The member that makes a record one of these.
pub const HEAD: &str = "rowtide_collect";
/// The only member of the key.
pub const KEY: &str = "_id";

/// Documents that came by HTTP.
#[derive(Debug, Default)]
pub struct Collect(Settings);

impl Collect {
    /// A decoder.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl Decoder for Collect {
    fn name(&self) -> &'static str {
        "collect"
    }

    fn about(&self) -> &'static str {
        "rowtide serve and rowtide-collect: documents that came by HTTP"
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        object.member(HEAD) == Some(Kind::Object) && object.has("document")
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, record, catalogue };
        decoding.decoded(object).map_err(|error| decoding.about(object, error))
    }
}

impl<'d> Decoding<'d, Collect> {
    fn decoded(&self, object: &LazyObject<'_>) -> Result<Decoded> {
        let mut message = Message::default();
        row::each_member(object, |scanner, name| message.member(scanner, name))?;
        let table = self
            .table(&message)
            .ok_or_else(|| Error::poison(Code::NoTable, format!("The record's {HEAD} names no table.")))?;
        change::decoded(&CollectedRow { table: &table, message: &message })
    }

    fn table(&self, message: &Message<'_>) -> Option<Table<'d>> {
        let name = string(message.table).filter(|name| !name.is_empty())?.into_owned();
        Some(Table::new(self, &self.decoder.0, name, SourceIdentity::default()))
    }

    /// Says of an error whose row it concerns, as far as that can be read.
    fn about(&self, object: &LazyObject<'_>, error: Error) -> Error {
        let mut message = Message::default();
        row::readable(object, |scanner, name| message.member(scanner, name));
        let Some(table) = self.table(&message) else { return error };
        table.about(error, CollectedRow { table: &table, message: &message }.readable_key().as_ref())
    }
}

/// A record, its members still text.
#[derive(Debug, Default)]
struct Message<'a> {
    table: Option<&'a str>,
    id: Option<&'a str>,
    document: Option<&'a str>,
}

impl<'a> Message<'a> {
    fn member(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<(), Fault> {
        match (name, scanner.peek()?) {
            (HEAD, Kind::Object) => scanner.object(|scanner, name| {
                let value = scanner.skip()?;
                match name.as_ref() {
                    "table" => self.table = Some(value),
                    "id" => self.id = Some(value),
                    _ => {}
                }
                Ok::<_, Fault>(())
            })?,
            ("document", _) => self.document = Some(scanner.skip()?),
            _ => drop(scanner.skip()?),
        }
        Ok(())
    }
}

/// A record of a document.
struct CollectedRow<'a> {
    table: &'a Table<'a>,
    message: &'a Message<'a>,
}

impl RowChange for CollectedRow<'_> {
    fn table(&self) -> &Table<'_> {
        self.table
    }

    fn operation(&self) -> Result<Operation> {
        Ok(Operation::Insert)
    }

    fn version(&self) -> Result<Version> {
        Ok(once(self.table.epoch))
    }

    fn changed_at(&self) -> Option<Timestamp> {
        None
    }

    /// The id is the key, whatever a route says.
    fn identity(&self) -> Result<Cow<'_, Identity>> {
        Ok(Cow::Owned(Identity::Columns(vec![KEY.to_owned()])))
    }

    fn read(&self, row: &mut Row<'_>) -> Result<()> {
        let mut id = String::new();
        if let Some(told) = row::present(self.message.id) {
            refuse_nested(KEY, told)?;
            copy(&mut Scanner::new(told), &mut id)?;
            row.add(KEY, |out| {
                out.push_str(&id);
                Ok(())
            })?;
        }
        if row.is_key_only() {
            return Ok(());
        }
        let document = self.message.document.filter(|document| document.starts_with('{'));
        let document = document.ok_or_else(|| {
            Error::poison(Code::NoImage, "The document is no JSON object: send one, or a list of them.")
        })?;
        let mut scanner = Scanner::new(document);
        row.reserve(document.len());
        scanner.object(|scanner, name| {
            if name != KEY {
                return row.add(&name, |out| copy(scanner, out));
            }
            let mut own = String::new();
            copy(scanner, &mut own)?;
            if own == id {
                return Ok(());
            }
            let message = format!(
                "The document has a member {KEY}, which is what the key is called, with another value than its id: \
                 set collect.id to \"/{KEY}\", or call the member otherwise."
            );
            Err(Error::poison(Code::BadKey, message))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Collect;
    use crate::decode::informed::{Informed, alone, rules};
    use crate::decode::{Decoded, Settings};
    use crate::error::Result;
    use crate::event::{Change, ChangeEvent};
    use crate::record::Record;
    use crate::rules::Rules;

    fn decode_as(rules: Rules, id: &str, document: &str) -> Result<ChangeEvent> {
        let payload =
            format!(r#"{{"rowtide_collect":{{"table":"clicks","id":{id}}},"document":{document}}}"#);
        let decoder = Informed::new(Collect::new(Settings { epoch: 2, ..Settings::default() }), rules);
        let decoded = alone(&decoder, &Record::new("http", "1", payload))?;
        let Decoded::Events(mut events) = decoded else { panic!("{decoded:?}") };
        assert_eq!(events.len(), 1);
        Ok(events.remove(0))
    }

    fn decode(id: &str, document: &str) -> Result<ChangeEvent> {
        decode_as(Rules::default(), id, document)
    }

    #[test]
    fn a_document_is_put_once_under_its_id() {
        let put = decode(r#""e-1""#, r#"{"n":9007199254740993.10,"id":7}"#).unwrap();
        assert_eq!((put.table.as_str(), put.version.as_str()), ("clicks", "f.0002.1"));
        assert_eq!(put.key.unwrap().to_json(), r#"{"_id":"e-1"}"#);
        let Change::Put(document) = put.change else { panic!("no put") };
        assert_eq!((document.get("n"), document.get("id")), (Some("9007199254740993.10"), Some("7")));
    }

    #[test]
    fn the_id_may_stand_in_the_document_and_no_route_says_another_key() {
        let keyed = || rules("clicks", |it| it.key = vec!["n".to_owned()]);
        let put = decode_as(keyed(), "7.0", r#"{"_id":7.0,"n":1}"#).unwrap();
        assert_eq!(put.key.unwrap().as_str(), "[7]");
        let Change::Put(document) = put.change else { panic!("no put") };
        assert_eq!((document.get("_id"), document.get("n")), (None, Some("1")));
    }

    #[test]
    fn what_is_wrong_says_whose_row_it_is() {
        let table = [
            (r#""a""#, r#"{"_id":"b"}"#, "bad_key", Some(r#"["a"]"#)),
            (r#""a""#, "[1]", "no_image", Some(r#"["a"]"#)),
            (r#""a""#, "7", "no_image", Some(r#"["a"]"#)),
            ("null", "{}", "missing_key", None),
            (r#"{"a":1}"#, "{}", "bad_key", None),
        ];
        for (id, document, code, key) in table {
            let error = decode(id, document).unwrap_err();
            assert_eq!((error.code().as_str(), error.key()), (code, key), "{id} {document}");
            assert_eq!(error.table(), Some("clicks"), "{id} {document}");
        }
    }
}
