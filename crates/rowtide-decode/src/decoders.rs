//! The decoders there are: one that is pinned, or all, each record going to the one that recognises it.

use crate::catalogue::Catalogue;
use crate::decode::row::too_large;
use crate::decode::{Decoded, Decoder, LazyObject, Reason, Settings};
use crate::error::{Code, Disposition, Error, Result};
use crate::event::ChangeEvent;
use crate::formats::{
    Archive, Canal, Collect, Debezium, Dms, Dsql, DynamodbExport, DynamodbKinesis, DynamodbStreams, Json,
    Maxwell, Mongodb, Snapshot, Wal2json,
};
use crate::record::Record;
use crate::unpack::{self, Bounds, PART_BYTES};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The decoders a stream may use: one that is pinned, or all, the first that recognises a record taking it.
///
/// ```
/// use rowtide_decode::decode::Settings;
/// use rowtide_decode::decoders::Decoders;
/// use rowtide_decode::event::Change;
/// use rowtide_decode::record::Record;
///
/// let payload = r#"{"database":"shop","table":"orders","type":"insert","ts":1772440561,"xid":7,"commit":true,
///     "position":"bin.000231:812","primary_key_columns":["id"],"data":{"id":1,"total":9007199254740993}}"#;
/// let record = Record::new("topic", "0", payload);
/// let decoders = Decoders::named("auto", &Settings::default())?;
/// assert_eq!(decoders.takers(payload.as_bytes()), ["maxwell"]);
/// for event in decoders.events(&record) {
///     let event = event?;
///     assert_eq!(event.table, "shop.orders");
///     let Change::Put(document) = event.change else { panic!("an insert is a full image") };
///     assert_eq!(document.get("total"), Some("9007199254740993"));
/// }
/// # Ok::<(), rowtide_decode::Error>(())
/// ```
pub struct Decoders {
    list: Vec<Box<dyn Decoder>>,
    /// With one decoder pinned: all there are, to tell what a record is that it cannot read.
    others: Vec<Box<dyn Decoder>>,
    pinned: bool,
    bounds: Bounds,
    /// Which of the list took the last record: where to look first, never who takes it.
    last: AtomicUsize,
}

impl fmt::Debug for Decoders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list.iter().map(|decoder| decoder.name())).finish()
    }
}

/// Every decoder there is, in the order in which they are asked. A new source is one folder
/// of [`formats`](crate::formats) and one line here.
fn every(settings: &Settings) -> Vec<Box<dyn Decoder>> {
    vec![
        Box::new(DynamodbKinesis::new(settings.clone())),
        Box::new(DynamodbStreams::new(settings.clone())),
        Box::new(Debezium::new(settings.clone())),
        Box::new(Maxwell::new(settings.clone())),
        Box::new(Wal2json::new(settings.clone())),
        Box::new(Canal::new(settings.clone())),
        Box::new(Mongodb::new(settings.clone())),
        Box::new(Dsql::new(settings.clone())),
        Box::new(Dms::new(settings.clone())),
        Box::new(DynamodbExport::new(settings.clone())),
        Box::new(Snapshot::new(settings.clone())),
        Box::new(Archive),
        Box::new(Collect::new(settings.clone())),
        // last: it takes what the pointers fit and nobody else recognises
        Box::new(Json::new(settings.clone())),
    ]
}

/// A part of a record, decoded: a plain record is one part, an aggregate has many.
#[derive(Debug)]
pub struct Part {
    /// The decoder that took it, if any did.
    pub decoder: Option<&'static str>,
    /// What it turned out to be.
    pub decoded: Result<Decoded>,
}

impl Part {
    /// Its change events, or its error; what is ignored gives nothing.
    #[must_use]
    pub fn events(self) -> Vec<Result<ChangeEvent>> {
        match self.decoded {
            Ok(Decoded::Events(events)) => events.into_iter().map(Ok).collect(),
            // parts are taken apart already
            Ok(Decoded::Ignored(_) | Decoded::Unrouted { .. } | Decoded::Schema(_) | Decoded::Parts(_)) => {
                Vec::new()
            }
            Err(error) => vec![Err(error)],
        }
    }

    /// The memory that it takes up, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let own = match &self.decoded {
            Ok(Decoded::Events(events)) => events.iter().map(ChangeEvent::bytes).sum(),
            Ok(Decoded::Unrouted { table, .. }) => table.len(),
            Ok(Decoded::Ignored(_) | Decoded::Schema(_) | Decoded::Parts(_)) => 0,
            Err(error) => error.message().len() + error.key().map_or(0, str::len),
        };
        PART_BYTES + own
    }
}

impl Decoders {
    /// The decoder named by `source.decoder`, or all of them for `auto`.
    ///
    /// # Errors
    /// When there is no decoder of that name.
    pub fn named(name: &str, settings: &Settings) -> Result<Self> {
        let (list, bounds) = (every(settings), settings.bounds);
        if name == "auto" {
            return Ok(Self { list, others: Vec::new(), pinned: false, bounds, last: AtomicUsize::new(0) });
        }
        match list.into_iter().find(|decoder| decoder.name() == name) {
            Some(decoder) => Ok(Self { others: every(settings), bounds, ..Self::pinned(decoder) }),
            None => Err(Error::config(format!(
                "source.decoder names no decoder. Known are auto, {}.",
                names().join(", ")
            ))),
        }
    }

    /// One decoder for every record.
    #[must_use]
    pub fn pinned(decoder: Box<dyn Decoder>) -> Self {
        let others = every(&Settings::default());
        Self {
            list: vec![decoder],
            others,
            pinned: true,
            bounds: Bounds::default(),
            last: AtomicUsize::new(0),
        }
    }

    /// Whether one of the decoders [uses schemas](Decoder::uses_schemas).
    #[must_use]
    pub fn use_schemas(&self) -> bool {
        self.list.iter().any(|decoder| decoder.uses_schemas())
    }

    /// Whether the decoder of this name [types keys](Decoder::types_keys).
    #[must_use]
    pub fn types_keys(&self, name: &str) -> bool {
        self.list.iter().any(|decoder| decoder.name() == name && decoder.types_keys())
    }

    /// These decoders, where a record may be taken apart so far.
    #[must_use]
    pub fn bounded(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// Decodes a record, part by part; `catalogue` is what is known of the source's tables. A record over the memory
    /// limit gives one part with the error `too_large`.
    #[must_use]
    pub fn decode(&self, record: &Record, catalogue: &Catalogue) -> Vec<Part> {
        if record.fault.is_some() {
            return self.part(record, catalogue);
        }
        if let Some(parts) = unpack::parts(record, self.bounds) {
            // nothing inside is nothing to do
            let nothing = || vec![Part { decoder: None, decoded: Ok(Decoded::Ignored(Reason::Control)) }];
            return if parts.is_empty() { nothing() } else { self.each(&parts, catalogue) };
        }
        let parts = self.each(std::slice::from_ref(record), catalogue);
        // a bad record may be several, of which only some are bad
        let is_bad =
            |part: &Part| part.decoded.as_ref().is_err_and(|error| error.disposition() == Disposition::Park);
        match parts.iter().all(is_bad).then(|| unpack::documents(record, self.bounds)).flatten() {
            Some(documents) => self.each(&documents, catalogue),
            None => parts,
        }
    }

    /// The decoders that recognise a payload by its shape: one at most, as formats do not overlap. Only of a payload
    /// that somebody mixed from two formats there may be more; the first takes it.
    #[must_use]
    pub fn takers(&self, payload: &[u8]) -> Vec<&'static str> {
        let object = LazyObject::of(payload);
        let takers = self.list.iter().filter(|decoder| decoder.recognises(&object));
        takers.map(|decoder| decoder.name()).collect()
    }

    /// The change events of a record, and an error for each part that cannot be decoded. What is ignored gives
    /// nothing. Of its table nothing is known but what the record tells: else see [`Decoders::decode`].
    #[must_use]
    pub fn events(&self, record: &Record) -> Vec<Result<ChangeEvent>> {
        self.decode(record, &Catalogue::default()).into_iter().flat_map(Part::events).collect()
    }

    /// The parts of several records, which are together what one record holds.
    fn each(&self, records: &[Record], catalogue: &Catalogue) -> Vec<Part> {
        let (mut parts, mut bytes) = (Vec::new(), 0);
        for part in records.iter().flat_map(|record| self.part(record, catalogue)) {
            bytes += part.bytes();
            if bytes > self.bounds.decoded {
                return vec![Part { decoder: None, decoded: Err(too_large()) }];
            }
            parts.push(part);
        }
        parts
    }

    fn part(&self, record: &Record, catalogue: &Catalogue) -> Vec<Part> {
        if let Some((code, message)) = record.fault {
            return vec![Part { decoder: None, decoded: Err(Error::poison(code, message)) }];
        }
        let object = LazyObject::of(&record.payload);
        let Some((decoder, decoded)) = self.taken(record, &object, catalogue) else {
            return vec![Part { decoder: None, decoded: Err(unrecognised(&record.payload)) }];
        };
        let part = |decoded| Part { decoder: Some(decoder.name()), decoded };
        match decoded {
            Ok(Decoded::Parts(parts)) if parts.is_empty() => {
                vec![part(Ok(Decoded::Ignored(Reason::Control)))]
            }
            Ok(Decoded::Parts(parts)) => parts.into_iter().map(part).collect(),
            decoded => vec![part(decoded.map_err(|error| self.explain(decoder, &object, error)))],
        }
    }

    /// The first decoder that recognises a record, and what it makes of it.
    fn taken(
        &self,
        record: &Record,
        object: &LazyObject<'_>,
        catalogue: &Catalogue,
    ) -> Option<(&dyn Decoder, Result<Decoded>)> {
        let last = self.last.load(Ordering::Relaxed);
        if let Some((decoder, in_front)) = self.list.get(..=last).and_then(<[_]>::split_last) {
            if self.pinned {
                return Some((decoder.as_ref(), decoder.decode(record, object, catalogue)));
            }
            // most records are like the one before; once this one is decoded, all its members are known, and with them
            // who takes it
            object.keep();
            let decoded = decoder.decode(record, object, catalogue);
            if decoder.recognises(object) && !in_front.iter().any(|other| other.recognises(object)) {
                return Some((decoder.as_ref(), decoded));
            }
        }
        let found = self.list.iter().position(|decoder| decoder.recognises(object))?;
        self.last.store(found, Ordering::Relaxed);
        let decoder = self.list.get(found)?;
        Some((decoder.as_ref(), decoder.decode(record, object, catalogue)))
    }

    /// A pinned decoder that cannot read a record says what the record looks like.
    fn explain(&self, decoder: &dyn Decoder, object: &LazyObject<'_>, error: Error) -> Error {
        if decoder.recognises(object) {
            return error;
        }
        let taker = self.others.iter().find(|other| other.recognises(object));
        taker.map_or(error, |other| {
            let message = format!(
                "source.decoder is \"{}\", but the record looks like one for the decoder \"{}\": set that one, or \
                 \"auto\".",
                decoder.name(),
                other.name()
            );
            Error::fault(Code::OtherFormat, message)
        })
    }
}

/// The names of all decoders, in the order in which they are asked.
#[must_use]
pub fn names() -> Vec<&'static str> {
    formats().into_iter().map(|(name, _)| name).collect()
}

/// The names of all decoders and what they are for, in the order in which they are asked.
#[must_use]
pub fn formats() -> Vec<(&'static str, &'static str)> {
    every(&Settings::default()).iter().map(|decoder| (decoder.name(), decoder.about())).collect()
}

fn unrecognised(payload: &[u8]) -> Error {
    match crate::json::Scanner::of_bytes(payload).and_then(|mut scanner| {
        scanner.skip()?;
        scanner.end()
    }) {
        Ok(()) => Error::poison(
            Code::Unrecognised,
            "No decoder recognises the record. Documents of your own need the decoder json.",
        ),
        Err(fault) => fault.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Decoders, names};
    use crate::catalogue::Catalogue;
    use crate::decode::{Pointers, Settings};
    use crate::record::Record;
    use crate::rules::{Keyless, Rules, TableRules};

    /// Records of each decoder that name a table `NAME`.
    const OF_NAME: [(&str, &str); 21] = [
        (
            "dynamodb-kinesis",
            r#"{"eventName":"REMOVE","tableName":"NAME","recordFormat":"application/json","dynamodb":{
            "ApproximateCreationDateTime":1720740233012995,"Keys":{"id":{"S":"a"}}}}"#,
        ),
        (
            "dynamodb",
            r#"{"eventName":"REMOVE","eventSourceARN":"arn:aws:dynamodb:eu-west-1:1:table/NAME/stream/2024",
            "dynamodb":{"SequenceNumber":"1","StreamViewType":"NEW_IMAGE","Keys":{"id":{"S":"a"}}}}"#,
        ),
        (
            "dynamodb-export",
            r#"{"tableArn":"arn:aws:dynamodb:eu-west-1:1:table/NAME",
            "Metadata":{"WriteTimestampMicros":{"N":"1"}},"Keys":{"id":{"S":"a"}}}"#,
        ),
        (
            "snapshot",
            r#"{"rowtide_snapshot":{"table":"NAME","scheme":"l","at":"2026-03-02T08:00:00Z","key":["id"]},
            "row":{"id":1}}"#,
        ),
        ("collect", r#"{"rowtide_collect":{"table":"NAME","id":"a"},"document":{"n":1}}"#),
        (
            "archive",
            r#"{"rowtide_change":1,"change":"delete","table":"NAME","key":{"id":1},"version":"p.0000.1.01"}"#,
        ),
        (
            "debezium",
            r#"{"op":"d","before":{"id":1},"source":{"connector":"postgresql","table":"NAME","lsn":1}}"#,
        ),
        ("debezium", r#"{"op":"t","source":{"connector":"postgresql","table":"NAME","lsn":1}}"#),
        (
            "debezium",
            r#"{"op":"c","after":"{\"_id\":1}","source":{"connector":"mongodb","collection":"NAME","ts_ms":1,"ord":1}}"#,
        ),
        ("debezium", r#"{"__op":"d","__source_table":"NAME","__source_lsn":1,"id":1}"#),
        (
            "maxwell",
            r#"{"database":"d","table":"NAME","type":"delete","position":"b.1:4","commit":true,
            "primary_key_columns":["id"],"data":{"id":1}}"#,
        ),
        ("maxwell", r#"{"database":"d","table":"NAME","type":"table-drop","position":"b.1:4"}"#),
        (
            "wal2json",
            r#"{"action":"I","table":"NAME","lsn":"0/1","pk":[{"name":"id"}],"columns":[{"name":"id","value":1}]}"#,
        ),
        (
            "wal2json",
            r#"{"nextlsn":"0/1","change":[{"kind":"insert","table":"NAME","pk":{"pknames":["id"]},
            "columnnames":["id"],"columnvalues":[1]}]}"#,
        ),
        ("wal2json", r#"{"action":"T","table":"NAME","lsn":"0/1"}"#),
        (
            "canal",
            r#"{"isDdl":false,"database":"d","table":"NAME","type":"DELETE","es":1,"pkNames":["id"],
            "data":[{"id":"1"}]}"#,
        ),
        (
            "mongodb",
            r#"{"_id":{"_data":"82AA"},"operationType":"delete","clusterTime":{"$timestamp":{"t":1,"i":1}},
            "ns":{"db":"d","coll":"NAME"},"documentKey":{"_id":1}}"#,
        ),
        (
            "dsql",
            r#"{"type":"full","op":"d","before":{"id":1},"source":{"cluster":"c","txId":"x","ts_ns":1,
            "schema":"s","table":"NAME"}}"#,
        ),
        (
            "dms",
            r#"{"data":{"id":1},"metadata":{"record-type":"data","operation":"load","table-name":"NAME",
            "timestamp":"2024-07-29T00:58:44.895275Z"}}"#,
        ),
        (
            "dms",
            r#"{"control":{},"metadata":{"record-type":"control","operation":"drop-table","table-name":"NAME",
            "timestamp":"2024-07-29T00:58:44.895275Z"}}"#,
        ),
        ("json", r#"{"table":"NAME","version":1,"id":1}"#),
    ];

    #[test]
    fn a_table_name_that_no_database_can_have_is_refused_by_every_decoder() {
        let own = |pointer: &str| Some(pointer.to_owned());
        let key = vec!["/id".to_owned()];
        let pointers =
            Pointers { table: own("/table"), version: own("/version"), key, ..Pointers::default() };
        let settings = Settings { pointers, ..Settings::default() };
        let keyless = TableRules { keyless: Keyless::Row, ..TableRules::default() };
        let catalogue = Catalogue::new(Rules::of_all(keyless));
        let code = |decoder: &str, name: &str, payload: &str| {
            let record = Record::new("s", "7", payload.replace("NAME", name));
            let record = Record { partition_key: Some(r#"{"id":1}"#.into()), ..record };
            let decoders = Decoders::named(decoder, &settings).unwrap();
            let parts = decoders.decode(&record, &catalogue);
            parts.into_iter().find_map(|part| part.decoded.err()).map(|error| error.code().to_string())
        };
        for (decoder, payload) in OF_NAME {
            assert_eq!(code(decoder, "t", payload), None, "{payload}");
            let longer = code(decoder, &"t".repeat(1_025), payload);
            assert_eq!(longer.as_deref(), Some("bad_table"), "{payload}");
        }
        let is_tried = |name: &&str| OF_NAME.iter().any(|(decoder, _)| decoder == name);
        assert!(names().iter().all(is_tried), "give the new decoder a record in OF_NAME");
    }
}
