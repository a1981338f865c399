//! Change events as a route archives them beside a stream, a JSON object a line, for `rowtide replay` and for whatever
//! else reads the lake.
//!
//! * **Version**: the event's own, as its stream gave it, whatever `source.version` and `source.epoch` say now. So what
//!   is read back is in the order of the source, in any order and as often as one likes, beside the stream too.
//! * **Key**: as its target has it, with what `key_add` added. The route's `key` and `keyless` are not asked.
//! * **Image**: as the event had it: a whole row, a patch, the last image of a deleted row.
//! * **Route**: the event goes where the route of its source table leads. Of what routes do to an event, `include`,
//!   `exclude`, `ttl` and `truncate` are done again; `key_add` and `json` are done already.
//!
//! What cannot be promised: an archive has what it was given since its route says so, and nothing from before. The two
//! halves of a key that changed are two lines.
//!
//! A record: `{"rowtide_change":1,"change":"put","table":"public.orders","source_identity":{"db":"shop"},
//! "key":{"id":1},"document":{"total":9.90},"version":"p.0000.1.…","changed_at":"2026-03-02T08:00:00.000000Z"}`; and
//! what only readers of the lake ask for: `target`, `arrived_at`, `position`, `sub`, `decoder`, `event_id`, `actor`.
//! No member is called as Debezium calls one.
//!
//! # Source
//! This project's own format: `src/pipeline/lake.rs` writes it.

use crate::catalogue::Catalogue;
use crate::decode::change::check_name;
use crate::decode::row::{self, present, string};
use crate::decode::{Decoded, Decoder, LazyObject};
use crate::error::{Code, Error, Result};
use crate::event::{Change, ChangeEvent, Document, Key, Patch, Timestamp};
use crate::json::{Fault, Scanner};
use crate::record::Record;
use crate::source::{SourceIdentity, SourceTable};
use crate::version::Version;

/// The member that makes a record one of these; its value is the form of the record.
pub const MARK: &str = "rowtide_change";
/// The form that is written, and the only one that is read.
pub const FORM: &str = "1";

/// Change events that a route archives.
#[derive(Debug, Default)]
pub struct Archive;

impl Decoder for Archive {
    fn name(&self) -> &'static str {
        "archive"
    }

    fn about(&self) -> &'static str {
        "change events that a route archived"
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        object.has(MARK)
    }

    fn decode(&self, _: &Record, object: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let mut line = Line::default();
        let read = row::members(object, |name, value| line.member(name, value));
        let decoded = read.and_then(|()| line.decoded(catalogue));
        decoded.map_err(|error| {
            row::readable_members(object, |name, value| line.member(name, value));
            line.about(error)
        })
    }
}

/// A record, its members still text.
#[derive(Debug, Default)]
struct Line<'a> {
    form: Option<&'a str>,
    operation: Option<&'a str>,
    table: Option<&'a str>,
    source: Option<&'a str>,
    key: Option<&'a str>,
    document: Option<&'a str>,
    version: Option<&'a str>,
    changed_at: Option<&'a str>,
    event_id: Option<&'a str>,
    actor: Option<&'a str>,
}

fn bad(message: &str) -> Error {
    Error::poison(Code::BadField, message)
}

fn text(value: Option<&str>) -> Option<String> {
    string(present(value)).map(std::borrow::Cow::into_owned)
}

impl<'a> Line<'a> {
    fn member(&mut self, name: &str, value: &'a str) {
        let member = match name {
            MARK => &mut self.form,
            "change" => &mut self.operation,
            "table" => &mut self.table,
            "source_identity" => &mut self.source,
            "key" => &mut self.key,
            "document" => &mut self.document,
            "version" => &mut self.version,
            "changed_at" => &mut self.changed_at,
            "event_id" => &mut self.event_id,
            "actor" => &mut self.actor,
            _ => return,
        };
        *member = Some(value);
    }

    fn table(&self) -> Option<String> {
        string(self.table).filter(|table| !table.is_empty()).map(std::borrow::Cow::into_owned)
    }

    fn source(&self) -> SourceIdentity {
        present(self.source).map(SourceIdentity::parse).unwrap_or_default()
    }

    /// Says of an error whose row it concerns, as far as that can be read.
    fn about(&self, error: Error) -> Error {
        let Some(table) = self.table() else { return error };
        let key = present(self.key).and_then(|key| Key::from_json(key).ok());
        error.about(&table, key.as_ref().map(Key::as_str)).of_source(self.source().as_str())
    }

    fn decoded(&self, catalogue: &Catalogue) -> Result<Decoded> {
        if self.form != Some(FORM) {
            return Err(Error::poison(
                Code::NotAChangeRecord,
                "The archived change has a form that this version of rowtide does not know: a later one may.",
            ));
        }
        let table = self.table().ok_or_else(|| Error::poison(Code::NoTable, "The record names no table."))?;
        check_name(&table)?;
        let source = self.source();
        if catalogue.leaves_out(SourceTable::new(&table, &source)) {
            return Ok(Decoded::Unrouted { table, source });
        }
        let (key, change) = (present(self.key).map(Key::from_json).transpose()?, self.change()?);
        if key.is_some() == (change == Change::Truncate) {
            let message = "A change has a key, and a truncate has none; the record says something else.";
            return Err(Error::poison(Code::NoKey, message));
        }
        let mut event = ChangeEvent::new(table, key, change, self.version()?);
        event.source = source;
        event.changed_at = self.changed_at()?;
        event.event_id = text(self.event_id);
        event.actor = text(self.actor);
        event.is_routed = true;
        Ok(Decoded::Events(vec![event]))
    }

    fn change(&self) -> Result<Change> {
        let document = present(self.document);
        let image = || Error::poison(Code::NoImage, "The record has no document.");
        match string(self.operation).as_deref() {
            Some("put") => Ok(Change::Put(Document::from_json(document.ok_or_else(image)?)?)),
            Some("patch") => Ok(Change::Patch(patch(document.ok_or_else(image)?)?)),
            Some("delete") => Ok(Change::Delete(document.map(Document::from_json).transpose()?)),
            Some("truncate") => Ok(Change::Truncate),
            Some(_) | None => Err(Error::poison(
                Code::UnknownOperation,
                "The record's `change` is none of put, patch, delete and truncate.",
            )),
        }
    }

    fn version(&self) -> Result<Version> {
        let version = text(self.version).map(Version::from);
        let missing = || Error::poison(Code::MissingVersion, "The record has no version, which orders it.");
        let is_whole = |version: &Version| version.scheme().is_ascii_lowercase() && version.is_whole();
        version.filter(is_whole).ok_or_else(missing)
    }

    fn changed_at(&self) -> Result<Option<Timestamp>> {
        let Some(value) = present(self.changed_at) else { return Ok(None) };
        let time = string(Some(value)).and_then(|text| Timestamp::from_rfc3339(&text));
        time.map(Some).ok_or_else(|| Error::poison(Code::BadTime, "The record's changed_at is no time."))
    }
}

/// A patch as [`Patch::to_json`] writes it.
fn patch(text: &str) -> Result<Patch> {
    let mut patch = Patch::default();
    let read = Scanner::new(text).object(|scanner, name| {
        match name.as_ref() {
            "set" => scanner.object(|scanner, pointer| {
                patch.set.push((pointer.into_owned(), scanner.skip()?.to_owned()));
                Ok::<_, Fault>(())
            })?,
            "remove" => scanner.array(|scanner| {
                patch.remove.push(scanner.string()?.into_owned());
                Ok::<_, Fault>(())
            })?,
            _ => drop(scanner.skip()?),
        }
        Ok::<_, Fault>(())
    });
    read.map_err(|_| bad("The document of a patch is no object with `set` and `remove`."))?;
    Ok(patch)
}

#[cfg(test)]
mod tests {
    use super::{Archive, patch};
    use crate::decode::Decoded;
    use crate::decode::informed::{Informed, alone, rules};
    use crate::error::Result;
    use crate::event::{Change, ChangeEvent};
    use crate::record::Record;
    use crate::rules::Rules;

    const REST: &str =
        r#""table":"public.orders","source_identity":{"db":"shop"},"version":"p.0003.1.00000000000000ff""#;

    fn decode(payload: &str) -> Result<ChangeEvent> {
        // neither of them says anything of what is archived
        let rules = Rules {
            order: crate::rules::Order::Arrival,
            ..rules("public.orders", |it| it.key = vec!["other".to_owned()])
        };
        let decoded = alone(&Informed::new(Archive, rules), &Record::new("s", "1", payload.to_owned()))?;
        let Decoded::Events(mut events) = decoded else { panic!("{decoded:?}") };
        assert_eq!(events.len(), 1);
        Ok(events.remove(0))
    }

    fn line(op: &str, key: &str, document: &str) -> String {
        format!(
            r#"{{"rowtide_change":1,"change":"{op}",{REST},"key":{key},"document":{document},"changed_at":null}}"#
        )
    }

    #[test]
    fn an_event_is_what_it_was() {
        let put =
            decode(&line("put", r#"{"id":1,"tenant":"a"}"#, r#"{"total":9007199254740993.10,"n":null}"#))
                .unwrap();
        assert_eq!((put.table.as_str(), put.source.as_str()), ("public.orders", r#"{"db":"shop"}"#));
        assert_eq!(put.version.as_str(), "p.0003.1.00000000000000ff");
        assert_eq!((put.key.as_ref().unwrap().as_str(), put.is_routed), (r#"[1,"a"]"#, true));
        let Change::Put(document) = put.change else { panic!("no put") };
        assert_eq!(document.to_json(), r#"{"total":9007199254740993.10,"n":null}"#);
        let delete = |document| decode(&line("delete", r#"{"id":1}"#, document)).unwrap().change;
        assert!(matches!(delete("null"), Change::Delete(None)));
        assert!(matches!(delete(r#"{"n":1}"#), Change::Delete(Some(_))));
        let truncate = decode(&line("truncate", "null", "null")).unwrap();
        assert!(truncate.key.is_none() && truncate.change == Change::Truncate);
    }

    #[test]
    fn a_patch_is_read_as_it_is_written() {
        let text = r#"{"set":{"/a~1b":{"n":1.10},"/a/0":null},"remove":["/c","/d~0"]}"#;
        assert_eq!(patch(text).unwrap().to_json(), text);
        let whole = decode(&line("patch", r#"{"id":1}"#, text)).unwrap();
        assert_eq!(whole.change, Change::Patch(patch(text).unwrap()));
    }

    #[test]
    fn what_is_wrong_says_whose_row_it_is() {
        let good = line("put", r#"{"id":1}"#, "{}");
        for (from, to, code) in [
            ("_change\":1", "_change\":2", "not_a_change_record"),
            (r#""change":"put""#, r#""change":"upsert""#, "unknown_operation"),
            (r#""version":"p.0003.1.00000000000000ff""#, r#""version":"p.3""#, "missing_version"),
            (r#""version":"p.0003.1.00000000000000ff""#, r#""version":"p.0003.2.ff""#, "missing_version"),
            (r#""document":{}"#, r#""document":null"#, "no_image"),
            (r#""document":{}"#, r#""document":[]"#, "bad_image"),
            (r#""changed_at":null"#, r#""changed_at":"x""#, "bad_time"),
            (r#""changed_at":null}"#, "", "not_json"),
            (r#""change":"put""#, r#""change":"truncate""#, "no_key"),
        ] {
            let error = decode(&good.replacen(from, to, 1)).unwrap_err();
            assert_eq!((error.code().as_str(), error.key()), (code, Some("[1]")), "{from} {to}");
            assert_eq!(error.table(), Some("public.orders"));
        }
        let error =
            decode(&good.replacen(r#""change":"put""#, r#""change":"patch""#, 1).replacen("{}", "[]", 1));
        assert_eq!(error.unwrap_err().code().as_str(), "bad_field");
        let error = decode(&good.replacen("public.orders", "", 1)).unwrap_err();
        assert_eq!((error.code().as_str(), error.table()), ("no_table", None));
    }
}
