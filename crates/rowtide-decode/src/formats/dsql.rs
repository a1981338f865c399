//! Aurora DSQL change records, as its CDC streams write them to Kinesis.
//!
//! * **Key**: the route's `key`. A delete tells it too (its `before` has just the columns of the primary key), an
//!   insert or update does not; so a table needs its `key`, and each row that lacks a part of it is refused.
//! * **Version**: `q`, (`source.ts_ns`), the time of the commit in nanoseconds; behind it `.00000001` unless the row is
//!   deleted. A transaction leaves one change of a row, and two transactions on one row have two times.
//! * **Image**: full. The preview left out columns that are null: such a member is missing in the document.
//!
//! Records come unordered, more than once, under random partition keys. The version makes the table right all the same;
//! arrival never could.
//!
//! What cannot be promised: a change of more than 9 MiB is split into a main record (`chunked`) and its fragments, in
//! any order and any shard, which are not put together here; each is poison with the code `multi_part`.
//!
//! # Source
//! Amazon Aurora DSQL User Guide, "Understanding CDC records" (an `op` that is not known is to be applied as an
//! upsert of `after`; "Handling oversized records") and "Change data capture streams" (unordered, at least once).

use crate::catalogue::{Catalogue, Identity};
use crate::decode::change::{self, Operation, RowChange, Table};
use crate::decode::row::{self, Row, present, string};
use crate::decode::{Decoded, Decoder, Decoding, LazyObject, Settings};
use crate::error::{Code, Error, ErrorKind, Result};
use crate::event::Timestamp;
use crate::json::{Fault, Kind, Scanner};
use crate::record::Record;
use crate::source::{Member, SourceIdentity};
use crate::version::{Rank, Version};

/// Change records of Aurora DSQL.
#[derive(Debug, Default)]
pub struct Dsql(Settings);

impl Dsql {
    /// A decoder.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

impl Decoder for Dsql {
    fn name(&self) -> &'static str {
        "dsql"
    }

    fn about(&self) -> &'static str {
        "Aurora DSQL change records"
    }

    fn types_keys(&self) -> bool {
        true
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        let is_change = || {
            let source = object.inner("source");
            object.member("source") == Some(Kind::Object)
                && source.has("cluster")
                && source.has("txId")
                && !source.has("connector")
        };
        object.member("type") == Some(Kind::String) && (is_change() || is_fragment(object))
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, record, catalogue };
        decoding.decoded(object).map_err(|error| decoding.about(object, error))
    }
}

impl<'d> Decoding<'d, Dsql> {
    fn decoded(&self, object: &LazyObject<'_>) -> Result<Decoded> {
        let message = Message::parse(object)?;
        let kind = string(message.kind).ok_or_else(no_change_record)?;
        if kind != "full" {
            let text = "The record is a part of a change of more than 9 MiB, which Aurora DSQL splits, and parts \
                           are not put together here. The row stays as it was until a smaller change of it arrives.";
            return Err(Error::new(ErrorKind::Unsupported, Code::MultiPart, text));
        }
        let source = message.source.as_ref().filter(|source| !source.is_of_another);
        let source = source.ok_or_else(no_change_record)?;
        let no_table = || Error::poison(Code::NoTable, "The record's source has no schema and table.");
        let table = self.table(source).ok_or_else(no_table)?;
        change::decoded(&DsqlRow { table: &table, message: &message, source })
    }

    fn table(&self, source: &Source<'_>) -> Option<Table<'d>> {
        let name = source.table_name()?;
        Some(Table::new(self, &self.decoder.0, name, source.identity(self.record)))
    }

    /// Says of an error whose row it concerns, as far as that can be read.
    fn about(&self, object: &LazyObject<'_>, error: Error) -> Error {
        let mut message = Message::default();
        row::readable(object, |scanner, name| message.member(object, scanner, name));
        let Some(source) = &message.source else { return error };
        let Some(table) = self.table(source) else { return error };
        table.about(error, DsqlRow { table: &table, message: &message, source }.readable_key().as_ref())
    }
}

/// A record of a row.
struct DsqlRow<'a> {
    table: &'a Table<'a>,
    message: &'a Message<'a>,
    source: &'a Source<'a>,
}

impl DsqlRow<'_> {
    fn time(&self) -> Option<u64> {
        self.source.time.and_then(|text| text.parse().ok())
    }

    fn image(&self) -> Result<&str> {
        self.message.image().ok_or_else(|| {
            let member = if self.message.is_delete() { "before" } else { "after" };
            Error::poison(Code::NoImage, format!("The record's {member} is no object."))
        })
    }
}

impl RowChange for DsqlRow<'_> {
    fn table(&self) -> &Table<'_> {
        self.table
    }

    fn operation(&self) -> Result<Operation> {
        match string(self.message.operation).as_deref() {
            Some("c") => Ok(Operation::Insert),
            Some("d") => Ok(Operation::Delete),
            Some(_) => Ok(Operation::Update),
            None => Err(Error::poison(Code::UnknownOperation, "The record's op is missing or is no text.")),
        }
    }

    fn version(&self) -> Result<Version> {
        let no_time = || {
            Error::poison(Code::MissingVersion, "The record has no source.ts_ns, which orders the changes.")
        };
        let time = self.time().ok_or_else(no_time)?;
        let version = Version::new('q', self.table.epoch, Rank::Positioned).number(time);
        // of a changed key both records have one time, and in a route with a part of the key they are of one row
        Ok(if self.message.is_delete() { version } else { version.index(1) })
    }

    fn changed_at(&self) -> Option<Timestamp> {
        self.time().and_then(|time| i64::try_from(time / 1_000).ok()).map(Timestamp)
    }

    fn key_columns(&self) -> Result<Option<Vec<String>>> {
        if self.message.is_delete() { names(self.image()?).map(Some) } else { Ok(None) }
    }

    fn shows_deleted(&self) -> bool {
        false
    }

    fn read(&self, row: &mut Row<'_>) -> Result<()> {
        if *row.identity() == Identity::Row && self.operation()? != Operation::Insert {
            let text = format!(
                "The record tells the row of {} as it was by its primary key at most, and with keyless = \"row\" all \
                 columns are needed. Set `key` in its route.",
                self.table.name()
            );
            return Err(Error::poison(Code::KeylessChange, text));
        }
        row.add_all(self.image()?)
    }
}

/// A piece of an image that was split: nothing else is in such a record.
fn is_fragment(object: &LazyObject<'_>) -> bool {
    object.string("type").as_deref() == Some("fragment")
        && ["chunk_id", "index", "data"].iter().all(|name| object.has(name))
        && object.len() == 4
}

fn no_change_record() -> Error {
    Error::poison(Code::NotAChangeRecord, "The record is JSON, but no Aurora DSQL change record.")
}

fn names(object: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    Scanner::new(object).object(|scanner, name| {
        scanner.skip()?;
        names.push(name.into_owned());
        Ok::<_, Fault>(())
    })?;
    Ok(names)
}

/// A record, its members still text.
#[derive(Debug, Default)]
struct Message<'a> {
    kind: Option<&'a str>,
    operation: Option<&'a str>,
    before: Option<&'a str>,
    after: Option<&'a str>,
    source: Option<Source<'a>>,
}

impl<'a> Message<'a> {
    fn parse(object: &LazyObject<'a>) -> Result<Self> {
        let mut message = Self::default();
        row::each_member(object, |scanner, name| message.member(object, scanner, name))?;
        Ok(message)
    }

    fn member(
        &mut self,
        object: &LazyObject<'a>,
        scanner: &mut Scanner<'a>,
        name: &str,
    ) -> Result<(), Fault> {
        match name {
            "type" => self.kind = Some(scanner.skip()?),
            "op" => self.operation = Some(scanner.skip()?),
            "before" => self.before = Some(scanner.skip()?),
            "after" => self.after = Some(scanner.skip()?),
            "source" if scanner.peek()? == Kind::Object => self.source = Some(Source::read(object, scanner)?),
            _ => drop(scanner.skip()?),
        }
        Ok(())
    }

    fn is_delete(&self) -> bool {
        string(self.operation).as_deref() == Some("d")
    }

    /// The row after the change, or what a delete has of the row before.
    fn image(&self) -> Option<&'a str> {
        let image = if self.is_delete() { self.before } else { self.after };
        present(image).filter(|text| text.starts_with('{'))
    }
}

/// The member `source`, its members still text.
#[derive(Debug, Default)]
struct Source<'a> {
    schema: Option<&'a str>,
    table: Option<&'a str>,
    time: Option<&'a str>,
    cluster: Option<&'a str>,
    db: Option<&'a str>,
    /// Whether it is a source of Debezium.
    is_of_another: bool,
}

impl<'a> Source<'a> {
    fn read(object: &LazyObject<'a>, scanner: &mut Scanner<'a>) -> Result<Self, Fault> {
        let mut source = Self::default();
        object.read_inside(scanner, |scanner, name| {
            let value = scanner.skip()?;
            match name {
                "schema" => source.schema = Some(value),
                "table" => source.table = Some(value),
                "ts_ns" => source.time = Some(value),
                "cluster" => source.cluster = Some(value),
                "db" => source.db = Some(value),
                "connector" => source.is_of_another = true,
                _ => {}
            }
            Ok::<_, Fault>(())
        })?;
        Ok(source)
    }

    fn table_name(&self) -> Option<String> {
        Some(format!("{}.{}", string(self.schema)?, string(self.table)?))
    }

    fn identity(&self, record: &Record) -> SourceIdentity {
        let (cluster, db) = (string(self.cluster), string(self.db));
        let told = [(Member::Server, cluster.as_deref()), (Member::Db, db.as_deref())];
        SourceIdentity::of_stream_with(&record.source, told)
    }
}

#[cfg(test)]
mod tests {
    use super::Dsql;
    use crate::decode::informed::{Informed, alone, rules};
    use crate::decode::{Decoded, Decoder, LazyObject};
    use crate::event::{Change, ChangeEvent};
    use crate::record::Record;
    use crate::rules::{Keyless, TableRules};
    use crate::{Error, Result};
    use proptest::prelude::*;

    fn record(operation: &str, before: &str, after: &str) -> String {
        format!(
            r#"{{"type":"full","op":"{operation}","before":{before},"after":{after},"source":{{"version":"1.0","ts_ms":1705318200000,"ts_ns":1705318200000000001,"txId":"ffthunp5","schema":"public","table":"order_items","db":"postgres","cluster":"kmab"}},"ts_ms":1705318200100,"ts_ns":1705318200100000000}}"#
        )
    }

    fn decoder(from: &str, change: impl FnOnce(&mut TableRules)) -> Informed<Dsql> {
        let keyed = |it: &mut TableRules| {
            it.key = vec!["id".to_owned()];
            change(it);
        };
        Informed::new(Dsql::default(), rules(from, keyed))
    }

    fn decode(payload: &str) -> Result<Decoded> {
        alone(&decoder("*", |_| {}), &Record::new("s", "1", payload.to_owned()))
    }

    fn event(decoded: Result<Decoded>) -> ChangeEvent {
        match decoded {
            Ok(Decoded::Events(mut events)) if events.len() == 1 => events.remove(0),
            other => panic!("{other:?}"),
        }
    }

    fn refused(payload: &str) -> Error {
        decode(payload).expect_err(payload)
    }

    #[test]
    fn rows_are_put_whole_and_deleted_by_their_key() {
        let after = r#"{"id":"a1","qty":3,"price":"29.90","big":9007199254740993.10,"tags":[ 1 ]}"#;
        for operation in ["c", "u", "r", "x"] {
            let put = event(decode(&record(operation, "null", after)));
            assert_eq!(put.table, "public.order_items");
            assert_eq!(put.key.unwrap().to_json(), r#"{"id":"a1"}"#);
            assert_eq!(put.version.as_str(), "q.0000.1.17aa81de24023001.00000001");
            assert_eq!(put.changed_at.unwrap().to_string(), "2024-01-15T11:30:00.000000Z");
            let Change::Put(document) = put.change else { panic!("no put") };
            assert_eq!(
                document.to_json(),
                r#"{"qty":3,"price":"29.90","big":9007199254740993.10,"tags":[1]}"#
            );
        }
        let delete = event(decode(&record("d", r#"{"id":"a1"}"#, "null")));
        assert_eq!(
            (delete.change, delete.key.unwrap().to_json().as_str()),
            (Change::Delete(None), r#"{"id":"a1"}"#)
        );
    }

    #[test]
    fn a_delete_tells_the_key_and_other_changes_need_the_route() {
        let unrouted = Dsql::default();
        let decode = |payload: String| alone(&unrouted, &Record::new("s", "1", payload));
        let delete = event(decode(record("d", r#"{"b":2,"a":1.0}"#, "null")));
        assert_eq!(delete.key.unwrap().to_json(), r#"{"a":1,"b":2}"#);
        assert_eq!(
            decode(record("c", "null", r#"{"b":2,"a":1}"#)).unwrap_err().code().as_str(),
            "unknown_key"
        );
    }

    #[test]
    fn the_key_of_a_table_without_a_route_need_not_be_known() {
        let elsewhere = decoder("public.orders", |_| {});
        let left_out = alone(&elsewhere, &Record::new("s", "1", record("c", "null", r#"{"id":1}"#)));
        assert!(matches!(left_out, Ok(Decoded::Unrouted { .. })), "{left_out:?}");
    }

    #[test]
    fn a_table_without_a_key_takes_inserts_only() {
        let by = |keyless| decoder("*", move |route| (route.key, route.keyless) = (Vec::new(), keyless));
        let decode = |keyless, payload: String| alone(&by(keyless), &Record::new("s", "49", payload));
        let insert = || record("c", "null", r#"{"a":1,"b":2}"#);
        let key = |keyless| event(decode(keyless, insert())).key.unwrap().to_json();
        assert_eq!(key(Keyless::Position), r#"{"position":"49"}"#);
        assert_eq!(key(Keyless::Row), r#"{"a":1,"b":2}"#);
        for keyless in [Keyless::Position, Keyless::Row] {
            let update = decode(keyless, record("u", "null", r#"{"a":1,"b":2}"#));
            assert_eq!(update.unwrap_err().code().as_str(), "keyless_change");
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
        let deep = format!(r#"{{"id":1,"a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        let put = record("c", "null", r#"{"id":1}"#);
        let delete = record("d", r#"{"id":1}"#, "null");
        for (payload, expected) in [
            (record("c", "null", &deep), "too_deep public.order_items [1]"),
            (put.replace("1705318200000000001", "-1"), "missing_version public.order_items [1]"),
            (delete.replace("1705318200000000001", "-1"), "missing_version public.order_items [1]"),
            (put.replace(r#""full""#, r#""chunked""#), "multi_part public.order_items [1]"),
            (put.replace(r#"{"id":1}"#, "7"), "no_image public.order_items -"),
            (put.replace(r#""public""#, "7"), "no_table - -"),
            (put.replace(r#","ts_ns":1705318200100000000}"#, ",\"x"), "not_json public.order_items [1]"),
        ] {
            assert_eq!(named(&payload), expected, "{payload}");
        }
    }

    #[test]
    fn a_part_of_a_record_has_a_code_of_its_own() {
        let whole = record("c", "null", r#"{"id":1}"#);
        for kind in ["chunked", "partial", "FULL", ""] {
            let part = whole.replace(r#""type":"full""#, &format!(r#""type":"{kind}""#));
            assert_eq!(refused(&part).code().as_str(), "multi_part");
        }
        let fragment = r#"{"type":"fragment","chunk_id":"c1","index":0,"data":"{\"id\":"}"#;
        assert_eq!(refused(fragment).code().as_str(), "multi_part");
        let recognises = |text: &str| Dsql::default().recognises(&LazyObject::of(text.as_bytes()));
        assert!(recognises(fragment));
        assert!(!recognises(&fragment.replace("fragment", "part")));
        assert!(!recognises(&fragment.replace(r#""index":0,"#, "")));
        assert!(!recognises(&fragment.replace(r#""index":0,"#, r#""index":0,"mine":1,"#)));
    }

    #[test]
    fn what_lacks_a_part_is_refused_and_never_widened() {
        let delete = record("d", r#"{"id":"SECRET"}"#, "null");
        for (from, to, code) in [
            (r#""ts_ns":1705318200000000001,"#, "", "missing_version"),
            ("1705318200000000001", r#""x""#, "missing_version"),
            ("1705318200000000001", "-1", "missing_version"),
            ("1705318200000000001", "1.5", "missing_version"),
            ("1705318200000000001", "18446744073709551616", "missing_version"),
            (r#""table":"order_items","#, "", "no_table"),
            (r#""public""#, "7", "no_table"),
            (r#""op":"d""#, r#""op":null"#, "unknown_operation"),
            (r#"{"id":"SECRET"}"#, "null", "no_image"),
            (r#"{"id":"SECRET"}"#, r#"["SECRET"]"#, "no_image"),
            (r#"{"id":"SECRET"}"#, r#"{"di":"SECRET"}"#, "missing_key"),
            (r#"{"id":"SECRET"}"#, r#"{"id":null}"#, "null_key"),
            (r#"{"id":"SECRET"}"#, "{}", "missing_key"),
            (r#"{"id":"SECRET"}"#, r#"{"id":1,"id":2}"#, "duplicate_key_member"),
            (r#""type":"full","#, "", "not_a_change_record"),
            (r#""version":"1.0""#, r#""connector":"postgresql""#, "not_a_change_record"),
        ] {
            let error = refused(&delete.replacen(from, to, 1));
            assert_eq!(error.code().as_str(), code, "{from} {to}");
            assert!(!error.to_string().contains("SECRET"), "{error}");
        }
        assert_eq!(refused(&record("c", r#"{"id":1}"#, "null")).code().as_str(), "no_image");
        let deep = format!(r#"{{"id":1,"a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        assert_eq!(refused(&record("c", "null", &deep)).code().as_str(), "too_deep");
    }

    #[test]
    fn odd_names_stay_what_they_are() {
        for name in ["a\\\"b", "a.b", "x;drop table y--", "Order", "select", &"x".repeat(200)] {
            let put = event(decode(&record("c", "null", &format!(r#"{{"id":1,"{name}":1}}"#))));
            let Change::Put(document) = put.change else { panic!("no put") };
            assert_eq!(document.to_json(), format!(r#"{{"{name}":1}}"#));
        }
    }

    #[test]
    fn only_dsql_records_are_taken() {
        let recognises = |text: &str| Dsql::default().recognises(&LazyObject::of(text.as_bytes()));
        let full = record("c", "null", r#"{"id":1}"#);
        assert!(recognises(&full) && recognises(&full.replace("full", "part")));
        for other in [
            "{}",
            "[]",
            "",
            r#"{"op":"c","source":{"cluster":"a","txId":1,"ts_ns":1}}"#,
            r#"{"type":"full","op":"c","source":{"connector":"postgresql","txId":1,"cluster":"x"}}"#,
            r#"{"type":"insert","database":"a","table":"b","data":{}}"#,
        ] {
            assert!(!recognises(other), "{other}");
            assert!(decode(other).is_err(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in r#"[\[\]{}:,"a-z0-9 ]{0,40}"#) {
            let _either = decode(&text);
            let _or = decode(&record("c", "null", &format!("{{{text}}}")));
            let _or_else = decode(&record("d", &text, "null"));
        }
    }
}
