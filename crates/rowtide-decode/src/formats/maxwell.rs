//! Maxwell's change records of MySQL and MariaDB.
//!
//! * Table: `database.table`.
//! * Key: the route's `key`, else `primary_key_columns`, else what a `table-create` or `table-alter` record said; its
//!   values from `data`. A column of the key in `old` is a changed key: a delete of the old and a put of the new one.
//! * Image: full; a column that is missing is null (`output_nulls=false`). With the server's
//!   `binlog_row_image=MINIMAL` Maxwell sends a part of the row and does not say so: set it to FULL.
//! * Version: `x.EEEE.1.<file>.<offset>.<row>` with 16 hexadecimal digits each. File and offset are `position`; rows of
//!   one binlog event share it, so the row is `xoffset`, or all ones with `commit`, which the last row of a transaction
//!   has instead. Without `output_xoffset` a row that is not the last has 0 and the transport's number behind it (and
//!   its place in an aggregate): `x.EEEE.1.<file>.<offset>.0000000000000000.<lll><digits>`.
//!   `bootstrap-insert` has no position: `x.EEEE.0.<seconds>`, older than every change.
//! * A dropped table (`table-drop`) is a truncate of it, at its position. Without one it removes what was loaded before
//!   it and did not change since. A `database-drop` does not name its tables, and is ignored.
//!
//! What cannot be promised: without `output_xoffset`, several changes of one row by one statement are in the order of
//! arrival. After a failover or `RESET MASTER` positions start anew: raise `source.epoch`. A transaction of more than
//! 4 GiB wraps the offsets that the server writes. Maxwell does not tell a TRUNCATE, and by default goes on when a
//! record cannot be produced (`ignore_producer_error`): then it is lost.
//!
//! # Source
//! Maxwell's Daemon, "Data Format", "Bootstrapping", "Configuration Reference", "Compatibility" and "Encryption"; that
//! `position` is where the binlog event starts, that `xoffset` counts the rows of a transaction and is left out where
//! `commit` is written, that `TRUNCATE` is not told, nor a drop of a temporary table, and what is told of a drop: its
//! `RowMap`, `BinlogConnectorEvent`, `SchemaChange` and `DDLMap`. MySQL Reference Manual, "Binary Logging Options and
//! Variables".

use crate::catalogue::{Catalogue, Identity, TableSchema};
use crate::decode::change::{self, Before, Operation, RowChange, Table};
use crate::decode::log_position::{binlog_file, unsigned};
use crate::decode::row::{self, Row, RowColumns};
use crate::decode::{Decoded, Decoder, Decoding, LazyObject, Reason, Settings};
use crate::error::{Code, Error, Result};
use crate::event::Timestamp;
use crate::json::{Fault, Kind, Scanner};
use crate::record::Record;
use crate::source::{Member, SourceIdentity};
use crate::values::copy::copy;
use crate::version::{Rank, Version};
use std::borrow::Cow;
use std::cell::Cell;

/// Maxwell's records.
#[derive(Debug, Default)]
pub struct Maxwell(Settings);

impl Maxwell {
    /// A decoder.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(settings)
    }
}

const ROWS: [&str; 4] = ["insert", "update", "delete", "bootstrap-insert"];
const CONTROLS: [&str; 8] = [
    "bootstrap-start",
    "bootstrap-complete",
    "table-create",
    "table-alter",
    "table-drop",
    "database-create",
    "database-alter",
    "database-drop",
];

impl Decoder for Maxwell {
    fn name(&self) -> &'static str {
        "maxwell"
    }

    fn about(&self) -> &'static str {
        "Maxwell, from MySQL"
    }

    fn types_keys(&self) -> bool {
        true
    }

    fn uses_schemas(&self) -> bool {
        true
    }

    fn recognises(&self, object: &LazyObject<'_>) -> bool {
        let is_type = || {
            object
                .string("type")
                .is_some_and(|name| ROWS.contains(&name.as_ref()) || CONTROLS.contains(&name.as_ref()))
        };
        (object.member("database") == Some(Kind::String) && is_type()) || is_encrypted(object)
    }

    fn decode(&self, record: &Record, object: &LazyObject<'_>, catalogue: &Catalogue) -> Result<Decoded> {
        let decoding = Decoding { decoder: self, record, catalogue };
        decoding.decoded(object).map_err(|error| decoding.about(object, error))
    }
}

impl<'d> Decoding<'d, Maxwell> {
    fn decoded(&self, object: &LazyObject<'_>) -> Result<Decoded> {
        let (message, ahead) = self.parse(object)?;
        if message.encrypted.is_some() && message.data.is_none() {
            return Err(Error::poison(
                Code::Encrypted,
                "Maxwell has encrypted the record. Set `encrypt=none` in its configuration; the stream itself can be \
                 encrypted at rest.",
            ));
        }
        let (Some(_), Some(kind)) = (row::string(message.database), row::string(message.kind)) else {
            return Err(no_change_record());
        };
        if kind == "table-drop" {
            return self.dropped(&message);
        }
        if CONTROLS.contains(&kind.as_ref()) {
            return Ok(message
                .schema(self.record)
                .map_or(Decoded::Ignored(Reason::Control), Decoded::Schema));
        }
        if !ROWS.contains(&kind.as_ref()) {
            let text = "The record's type is none that Maxwell writes.";
            return Err(Error::poison(Code::UnknownOperation, text));
        }
        let (table, ahead) = match ahead {
            Some((table, ahead)) => (table, Some(ahead)),
            None => (self.table(&message).ok_or_else(no_change_record)?, None),
        };
        change::decoded(&MaxwellRow::new(&table, &message, &kind, ahead))
    }

    /// Says of an error whose row it concerns, as far as that can be read.
    fn about(&self, object: &LazyObject<'_>, error: Error) -> Error {
        let mut message = Message::default();
        row::readable_members(object, |name, value| message.member(name, value));
        let Some(table) = self.table(&message) else { return error };
        table.about(error, MaxwellRow::new(&table, &message, "", None).readable_key().as_ref())
    }

    fn table(&self, message: &Message<'_>) -> Option<Table<'d>> {
        let (database, table) = (row::string(message.database)?, row::string(message.table)?);
        let name = [&database, ".", &table].concat();
        Some(Table::new(self, self.decoder.0.epoch, name, source_of(self.record, &database)))
    }

    /// A table that is gone: what it had up to there is gone with it.
    fn dropped(&self, message: &Message<'_>) -> Result<Decoded> {
        let Some(table) = self.table(message) else { return Ok(Decoded::Ignored(Reason::Control)) };
        let changed_at = message.changed_at();
        let seconds = changed_at.and_then(|at| u64::try_from(at.0 / 1_000_000).ok());
        let is_placed = seconds.is_some() || row::present(message.position).is_some();
        if !(is_placed || self.catalogue.is_by_arrival() || table.is_left_out()) {
            return Ok(Decoded::Ignored(Reason::Control));
        }
        table.truncated(changed_at, || match (row::present(message.position), seconds) {
            (None, Some(seconds)) => Ok(Version::new('x', table.epoch, Rank::Loaded).number(seconds)),
            _ => {
                let (file, offset) = message.place()?;
                let version = Version::new('x', table.epoch, Rank::Positioned);
                Ok(version.number(file).number(offset).number(0))
            }
        })
    }

    /// Reads the record; `data` as a row of its table at once when what came before it says what makes a row, as it
    /// usually does.
    fn parse<'a>(&self, object: &LazyObject<'a>) -> Result<(Message<'a>, Option<(Table<'d>, Ahead)>)> {
        let mut message = Message::default();
        let mut ahead = None;
        row::each_member(object, |scanner, name| {
            if name == "data" && ahead.is_none() {
                let mut reader = scanner.clone();
                if let Some(row) = self.row_ahead(&mut reader, &message) {
                    message.data = Some(scanner.since_here(&reader).trim_ascii_start());
                    ahead = Some((row, message.whose(), message.data));
                    *scanner = reader;
                    return Ok(());
                }
            }
            message.member(name, scanner.skip()?);
            Ok(())
        })?;
        // a member that came twice, the second time behind the data
        let is_whole = |whose, data| message.whose() == whose && message.data == data;
        let row = ahead.filter(|(_, whose, data)| is_whole(*whose, *data)).map(|(row, _, _)| row);
        Ok((message, row))
    }

    fn row_ahead(&self, scanner: &mut Scanner<'_>, message: &Message<'_>) -> Option<(Table<'d>, Ahead)> {
        let table = self.table(message)?;
        let identity = table.identity(message.key().ok()?).ok()?;
        let mut row = Row::new(&identity);
        row.add_object(scanner, |scanner, _, out| copy(scanner, out)).ok()?;
        let columns = row.into_columns();
        Some((table, Ahead { identity, columns }))
    }
}

fn source_of(record: &Record, database: &str) -> SourceIdentity {
    SourceIdentity::of_stream_with(&record.source, [(Member::Db, Some(database))])
}

/// With `encrypt=all` nothing else is in a record, with `encrypt=data` it stands for `data` and `old`.
fn is_encrypted(object: &LazyObject<'_>) -> bool {
    object.member("encrypted") == Some(Kind::Object) && object.len() == 1 && {
        let inside = object.inner("encrypted");
        inside.has("iv") && inside.has("bytes")
    }
}

fn no_change_record() -> Error {
    Error::poison(Code::NotAChangeRecord, "The record is JSON, but no record of Maxwell.")
}

fn bad_field(name: &str, expected: &str) -> Error {
    Error::poison(Code::BadField, format!("The record's {name} is not {expected}."))
}

fn no_position() -> Error {
    Error::poison(
        Code::MissingVersion,
        "The record has no position in the binlog, which orders it. Set `output_binlog_position=true` and \
         `output_xoffset=true` in Maxwell's configuration.",
    )
}

/// What the record's members hold, as JSON text.
#[derive(Debug, Default)]
struct Message<'a> {
    kind: Option<&'a str>,
    database: Option<&'a str>,
    table: Option<&'a str>,
    ts: Option<&'a str>,
    xoffset: Option<&'a str>,
    commit: Option<&'a str>,
    position: Option<&'a str>,
    primary_key_columns: Option<&'a str>,
    data: Option<&'a str>,
    old: Option<&'a str>,
    definition: Option<&'a str>,
    encrypted: Option<&'a str>,
}

impl<'a> Message<'a> {
    fn member(&mut self, name: &str, value: &'a str) {
        let place = match name {
            "type" => &mut self.kind,
            "database" => &mut self.database,
            "table" => &mut self.table,
            "ts" => &mut self.ts,
            "xoffset" => &mut self.xoffset,
            "commit" => &mut self.commit,
            "position" => &mut self.position,
            "primary_key_columns" => &mut self.primary_key_columns,
            "data" => &mut self.data,
            "old" => &mut self.old,
            "def" => &mut self.definition,
            "encrypted" => &mut self.encrypted,
            _ => return,
        };
        *place = Some(value);
    }

    /// What says of which table a row is and what its key is.
    fn whose(&self) -> [Option<&'a str>; 3] {
        [self.database, self.table, self.primary_key_columns]
    }

    /// The key's columns, when the record tells them.
    fn key(&self) -> Result<Option<Vec<String>>> {
        let Some(names) = row::present(self.primary_key_columns) else { return Ok(None) };
        row::strings(names).map(Some).ok_or_else(|| bad_field("primary_key_columns", "a list of names"))
    }

    /// The file's number and the offset of `position`, as in `mysql-bin.000006:800911`.
    fn place(&self) -> Result<(u64, u64)> {
        let position = row::string(self.position).ok_or_else(no_position)?;
        let parsed = || {
            let (file, offset) = position.rsplit_once(':')?;
            Some((binlog_file(file)?, unsigned(offset)?))
        };
        parsed().ok_or_else(|| {
            let text = "The record's position is not the name of a binlog file and an offset.";
            Error::poison(Code::MissingVersion, text)
        })
    }

    fn seconds(&self) -> Option<u64> {
        self.ts?.parse().ok()
    }

    /// Seconds; milliseconds where tables are defined.
    fn changed_at(&self) -> Option<Timestamp> {
        match self.seconds() {
            Some(seconds @ 0..100_000_000_000) => Some(Timestamp(i64::try_from(seconds).ok()? * 1_000_000)),
            _ => self.ts.and_then(Timestamp::from_epoch),
        }
    }

    fn version(&self, table: &Table<'_>) -> Result<Version> {
        let (file, offset) = self.place()?;
        let version = Version::new('x', table.epoch, Rank::Positioned).number(file).number(offset);
        match (row::present(self.commit), row::present(self.xoffset)) {
            (Some("true"), _) => Ok(version.number(u64::MAX)),
            (Some("false") | None, Some(count)) => {
                let count = count.parse().map_err(|_| bad_field("xoffset", "a count"))?;
                Ok(version.number(count))
            }
            (Some("false") | None, None) => {
                let advice = "Set `output_xoffset=true` in Maxwell's configuration.";
                table.numbered(version.number(0), advice)
            }
            (Some(_), _) => Err(bad_field("commit", "true or false")),
        }
    }

    /// What a `table-create` or `table-alter` says.
    fn schema(&self, record: &Record) -> Option<TableSchema> {
        let (mut database, mut table, mut key) = (None, None, None);
        let mut columns = Vec::new();
        let read = Scanner::new(row::present(self.definition)?).object(|scanner, name| {
            match name.as_ref() {
                "database" => database = Some(scanner.skip()?),
                "table" => table = Some(scanner.skip()?),
                "primary-key" => key = Some(scanner.skip()?),
                "columns" if scanner.peek()? == Kind::Array => {
                    scanner.array(|scanner| column(scanner, &mut columns))?
                }
                _ => drop(scanner.skip()?),
            }
            Ok::<_, Fault>(())
        });
        read.ok()?;
        let mut observed_at = format!("{:016x}", self.seconds()?);
        if let Ok((file, offset)) = self.place() {
            observed_at.push_str(&format!(".{file:016x}.{offset:016x}"));
        }
        let (database, table) = (row::string(database)?, row::string(table)?);
        Some(TableSchema {
            table: format!("{database}.{table}"),
            source: source_of(record, &database),
            key: row::strings(key?)?,
            columns,
            observed_at,
        })
    }
}

/// A column of a table's definition.
fn column(scanner: &mut Scanner<'_>, columns: &mut Vec<(String, String)>) -> Result<(), Fault> {
    let (mut column, mut kind) = (None, None);
    scanner.object(|scanner, name| {
        match name.as_ref() {
            "name" => column = scanner.text()?,
            "type" => kind = scanner.text()?,
            _ => drop(scanner.skip()?),
        }
        Ok::<_, Fault>(())
    })?;
    columns.extend(column.zip(kind).map(|(column, kind)| (column.into_owned(), Cow::into_owned(kind))));
    Ok(())
}

/// The columns of `data`, read by what makes a row one row.
struct Ahead {
    identity: Identity,
    columns: RowColumns,
}

/// A record of a row.
struct MaxwellRow<'a> {
    table: &'a Table<'a>,
    message: &'a Message<'a>,
    kind: &'a str,
    identity: Option<Identity>,
    columns: Cell<Option<RowColumns>>,
}

impl<'a> MaxwellRow<'a> {
    fn new(table: &'a Table<'_>, message: &'a Message<'_>, kind: &'a str, ahead: Option<Ahead>) -> Self {
        let (identity, columns) = ahead.map(|ahead| (ahead.identity, ahead.columns)).unzip();
        Self { table, message, kind, identity, columns: Cell::new(columns) }
    }
}

impl RowChange for MaxwellRow<'_> {
    fn table(&self) -> &Table<'_> {
        self.table
    }

    fn operation(&self) -> Result<Operation> {
        if row::present(self.message.old).is_some_and(|old| !old.starts_with('{')) {
            return Err(bad_field("old", "an object"));
        }
        Ok(match self.kind {
            "update" => Operation::Update,
            "delete" => Operation::Delete,
            _ => Operation::Insert,
        })
    }

    fn version(&self) -> Result<Version> {
        if self.kind != "bootstrap-insert" {
            return self.message.version(self.table);
        }
        let seconds = self.message.seconds().ok_or_else(|| {
            Error::poison(Code::MissingVersion, "The record of a bootstrap has no time, which orders it.")
        })?;
        Ok(Version::new('x', self.table.epoch, Rank::Loaded).number(seconds))
    }

    fn changed_at(&self) -> Option<Timestamp> {
        self.message.changed_at()
    }

    fn key_columns(&self) -> Result<Option<Vec<String>>> {
        self.message.key()
    }

    fn identity(&self) -> Result<Cow<'_, Identity>> {
        match &self.identity {
            Some(identity) => Ok(Cow::Borrowed(identity)),
            None => self.table.identity(self.key_columns()?).map(Cow::Owned),
        }
    }

    fn read(&self, row: &mut Row<'_>) -> Result<()> {
        if let Some(columns) = self.columns.take() {
            row.replace(columns);
            return Ok(());
        }
        let no_data = || Error::poison(Code::NoImage, "The record of a row has no data.");
        row.add_all(self.message.data.filter(|data| data.starts_with('{')).ok_or_else(no_data)?)
    }

    /// `old` has the columns that changed.
    fn before<'i>(&self, row: &mut Row<'i>) -> Result<Before<'i>> {
        let mut old = Row::of_key(row.identity());
        old.add_all(row::present(self.message.old).unwrap_or("{}"))?;
        Ok(Before::Columns(old))
    }
}

#[cfg(test)]
mod tests {
    use super::Maxwell;
    use crate::decode::informed::{Informed, alone, by_arrival, rules};
    use crate::decode::{Decoded, Decoder, LazyObject};
    use crate::event::Change;
    use crate::record::Record;
    use crate::rules::{Keyless, Rules, TableRules};

    /// What a record comes to: each event in a line, or the reason or the error's code.
    fn decoded(decoder: &impl Decoder, position: &str, payload: &str) -> String {
        let events = match alone(decoder, &Record::new("s", position, payload.to_owned())) {
            Ok(Decoded::Events(events)) => events,
            Ok(Decoded::Ignored(reason)) => return reason.to_string(),
            Ok(Decoded::Unrouted { .. }) => return "unrouted".to_owned(),
            Ok(Decoded::Schema(schema)) => return format!("{schema:?}"),
            Ok(Decoded::Parts(parts)) => panic!("{parts:?}"),
            Err(error) => return error.code().to_string(),
        };
        let line = |event: &crate::event::ChangeEvent| {
            let (what, document) = match &event.change {
                Change::Put(document) => ("put", document.to_json()),
                Change::Delete(document) => {
                    ("delete", document.as_ref().map_or_else(String::new, |it| it.to_json()))
                }
                Change::Truncate => return format!("truncate {} {}", event.table, event.version),
                Change::Patch(_) => panic!("Maxwell has none"),
            };
            let pair = event.pair.map_or_else(String::new, |pair| format!(" pair {pair}"));
            format!("{what} {} {document} {}{pair}", event.key.as_ref().unwrap().to_json(), event.version)
        };
        events.iter().map(line).collect::<Vec<_>>().join("; ")
    }

    fn told(payload: &str) -> String {
        decoded(&Maxwell::default(), "7", payload)
    }

    /// A record of the table `d.t` with the key `id`, at a position.
    fn record(kind: &str, rest: &str) -> String {
        let head = format!(r#""database":"d","table":"t","type":"{kind}","ts":1477053217,"xid":2"#);
        format!(r#"{{{head},"position":"b.000006:800911","primary_key_columns":["id"],{rest}}}"#)
    }

    fn routed(change: impl FnOnce(&mut TableRules)) -> Informed<Maxwell> {
        Informed::new(Maxwell::default(), rules("*", change))
    }

    const PLACE: &str = "x.0000.1.0000000000000006.00000000000c388f";

    #[test]
    fn a_change_is_placed_by_file_offset_and_row() {
        let commit = told(&record("insert", r#""commit":true,"data":{"id":1,"m":4.20}"#));
        assert_eq!(commit, format!(r#"put {{"id":1}} {{"m":4.20}} {PLACE}.ffffffffffffffff"#));
        let counted = told(&record("delete", r#""xoffset":17,"data":{"id":1.0,"m":4.20}"#));
        assert_eq!(counted, format!(r#"delete {{"id":1}} {{"m":4.20}} {PLACE}.0000000000000011"#));
        let uncounted = told(&record("insert", r#""data":{"id":"1"}"#));
        assert_eq!(uncounted, format!(r#"put {{"id":"1"}} {{}} {PLACE}.0000000000000000.0017"#));
    }

    #[test]
    fn a_changed_key_is_a_delete_and_a_put_of_one_version() {
        let both = told(&record("update", r#""commit":true,"data":{"id":2,"a":"x"},"old":{"id":1}"#));
        let version = format!("{PLACE}.ffffffffffffffff");
        assert_eq!(
            both,
            format!(r#"delete {{"id":1}}  {version} pair 0; put {{"id":2}} {{"a":"x"}} {version} pair 0"#)
        );
        for old in [r#"{"a":"y"}"#, r#"{"id":2.0}"#, "{}", "null"] {
            let one =
                told(&record("update", &format!(r#""commit":true,"data":{{"id":2,"a":"x"}},"old":{old}"#)));
            assert_eq!(one, format!(r#"put {{"id":2}} {{"a":"x"}} {version}"#), "{old}");
        }
    }

    #[test]
    fn a_bootstrap_is_older_than_every_change() {
        let load = told(
            r#"{"database":"d","table":"t","type":"bootstrap-insert","ts":1450557744,"data":{"id":1},
            "primary_key_columns":["id"]}"#,
        );
        assert_eq!(load, r#"put {"id":1} {} x.0000.0.000000005675c130"#);
        for kind in ["bootstrap-start", "bootstrap-complete"] {
            let text =
                format!(r#"{{"database":"d","table":"t","type":"{kind}","ts":1450557744,"data":{{}}}}"#);
            assert_eq!(told(&text), "control");
        }
    }

    #[test]
    fn a_definition_tells_the_key_and_everything_else_of_tables_is_control() {
        let schema = told(
            r#"{"type":"table-alter","database":"d","table":"old","ts":1477053308000,"position":"b.000006:804398",
            "old":{},"def":{"database":"d","table":"t","charset":"utf8","columns":[{"type":"int","name":"id",
            "signed":true},{"type":"set","name":"s","enum-values":["a"]}],"primary-key":["id"]}}"#,
        );
        assert!(schema.contains(r#"key: ["id"], columns: [("id", "int"), ("s", "set")]"#), "{schema}");
        assert!(
            schema.contains(r#"observed_at: "00000157e73cdc60.0000000000000006.00000000000c462e""#),
            "{schema}"
        );
        for kind in ["table-create", "table-drop", "database-create", "database-alter", "database-drop"] {
            assert_eq!(told(&format!(r#"{{"type":"{kind}","database":"d","ts":1477053308000}}"#)), "control");
        }
    }

    #[test]
    fn a_dropped_table_is_a_truncate_at_its_position() {
        let drop = |rest: &str| format!(r#"{{"type":"table-drop","database":"d","table":"t"{rest}}}"#);
        let at = r#","ts":1477053308000,"sql":"drop table t""#;
        let placed = told(&drop(&format!(r#"{at},"position":"b.000006:800911""#)));
        assert_eq!(placed, format!("truncate d.t {PLACE}.0000000000000000"));
        // behind what came before it, in front of what comes behind it
        let row = |offset: u32| {
            let record = record("insert", r#""commit":true,"data":{"id":1}"#);
            told(&record.replace("800911", &offset.to_string())).split(' ').next_back().unwrap().to_owned()
        };
        let version = placed.split(' ').next_back().unwrap();
        assert!(row(800_910).as_str() < version && version < row(800_912).as_str());
        let without = "truncate d.t x.0000.0.00000000580a0b7c";
        for rest in [at.to_owned(), format!(r#"{at},"position":null"#), r#","ts":1477053308"#.to_owned()] {
            assert_eq!(told(&drop(&rest)), without, "{rest}");
        }
        assert_eq!(told(&drop(r#","position":"b""#)), "missing_version");
        assert_eq!(told(&drop("")), "control");
        assert_eq!(told(r#"{"type":"table-drop","database":"d","ts":1477053308000}"#), "control");
        let other = Informed::new(Maxwell::default(), rules("d.other", |_| {}));
        assert_eq!(decoded(&other, "7", &drop(at)), "unrouted");
    }

    #[test]
    fn an_error_names_the_row_by_what_can_be_read_of_it() {
        let named = |payload: &str| {
            let error = alone(&Maxwell::default(), &Record::new("s", "7", payload.to_owned())).unwrap_err();
            format!(
                "{} {} {}",
                error.code().as_str(),
                error.table().unwrap_or("-"),
                error.key().unwrap_or("-")
            )
        };
        let row = record("insert", r#""commit":true,"data":{"id":1,"n":"x"}"#);
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for (from, to, expected) in [
            (r#""x""#, deep.as_str(), "too_deep d.t [1]"),
            (r#""position""#, r#""x""#, "missing_version d.t [1]"),
            (r#""commit":true"#, r#""commit":7"#, "bad_field d.t [1]"),
            (r#""x"}"#, r#""\ud83d"}"#, "not_json d.t [1]"),
            (r#""x"}}"#, r#""x"},"#, "not_json d.t [1]"),
            (r#","n":"x"}}"#, "", "not_json d.t -"),
            (r#""id":1"#, r#""id":null"#, "null_key d.t -"),
            (r#"["id"]"#, "[]", "no_key d.t -"),
            (r#""data""#, r#""encrypted""#, "encrypted d.t -"),
            (r#""table":"t""#, r#""table":7"#, "not_a_change_record - -"),
        ] {
            assert!(row.contains(from), "{from}");
            assert_eq!(named(&row.replacen(from, to, 1)), expected, "{from} {to}");
        }
        let old = record("update", r#""commit":true,"data":{"id":1},"old":[]"#);
        assert_eq!(named(&old), "bad_field d.t [1]");
    }

    #[test]
    fn values_are_as_maxwell_writes_them() {
        let data = r#"{"id":1,"d":12345678901234567890.10,"e":1E-7,"z":"0000-00-00 00:00:00","b":"/+8=","s":["a","b"],
            "j":{"k" : [1.0, {"x":null}]},"n":null,"q\"u":"\u00e4","n":3}"#;
        let document = r#"{"d":12345678901234567890.10,"e":1E-7,"z":"0000-00-00 00:00:00","b":"/+8=","s":["a","b"],"j":{"k":[1.0,{"x":null}]},"q\"u":"ä","n":3}"#;
        let told = told(&record("insert", &format!(r#""commit":true,"data":{data}"#)));
        assert_eq!(told, format!(r#"put {{"id":1}} {document} {PLACE}.ffffffffffffffff"#));
    }

    #[test]
    fn what_is_wrong_is_poison_with_a_code_of_its_own() {
        let row = |rest: &str| record("insert", rest);
        let with =
            |field: &str, value: &str| row(r#""commit":true,"data":{"id":1}"#).replacen(field, value, 1);
        let position = r#""position":"b.000006:800911""#;
        let key = r#""primary_key_columns":["id"]"#;
        let update = |rest: &str| record("update", &format!(r#""commit":true,{rest}"#));
        let table = [
            (with(position, r#""position":null"#), "missing_version"),
            (with(position, r#""x":1"#), "missing_version"),
            (with(position, r#""position":6"#), "missing_version"),
            (with(position, r#""position":"b.6""#), "missing_version"),
            (with(position, r#""position":"b:6""#), "missing_version"),
            (with(position, r#""position":"b.+6:1""#), "missing_version"),
            (with(position, r#""position":"b.6:99999999999999999999""#), "missing_version"),
            (with(key, r#""primary_key_columns":"id""#), "bad_field"),
            (with(key, r#""primary_key_columns":[1]"#), "bad_field"),
            (with(key, r#""primary_key_columns":[]"#), "no_key"),
            (with(key, r#""primary_key_columns":["id","z"]"#), "missing_key"),
            (with(key, r#""x":1"#), "unknown_key"),
            (with(r#""table":"t""#, r#""table":7"#), "not_a_change_record"),
            (with(r#""database":"d""#, r#""database":[]"#), "not_a_change_record"),
            (with(r#""type":"insert""#, r#""type":1"#), "not_a_change_record"),
            (with(r#""type":"insert""#, r#""type":"INSERT""#), "unknown_operation"),
            (row(r#""commit":1,"data":{"id":1}"#), "bad_field"),
            (row(r#""xoffset":"1","data":{"id":1}"#), "bad_field"),
            (row(r#""xoffset":-1,"data":{"id":1}"#), "bad_field"),
            (row(r#""commit":true,"data":[]"#), "no_image"),
            (row(r#""commit":true,"data":null"#), "no_image"),
            (row(r#""commit":true"#), "no_image"),
            (row(r#""commit":true,"data":{"id":null}"#), "null_key"),
            (row(r#""commit":true,"data":{"id":1,"id":2}"#), "duplicate_key_member"),
            (row(r#""commit":true,"encrypted":{"iv":"","bytes":""}"#), "encrypted"),
            (update(r#""data":{"id":1},"old":[]"#), "bad_field"),
            (update(r#""data":{"id":1},"old":{"id":null}"#), "null_key"),
            (record("delete", r#""commit":true,"data":{"a":1}"#), "missing_key"),
            (r#"{"encrypted":{"iv":"","bytes":""}}"#.to_owned(), "encrypted"),
            (r#"{"database":"d","table":"t","type":"bootstrap-insert","data":{"id":1},"primary_key_columns":["id"]}"#
                .to_owned(), "missing_version"),
            ("{\"database\":\"d\",\"table\"".to_owned(), "not_json"),
            ("[1]".to_owned(), "not_a_change_record"),
            ("{}".to_owned(), "not_a_change_record"),
        ];
        for (payload, code) in table {
            assert_eq!(told(&payload), code, "{payload}");
        }
        let without = row(r#""data":{"id":1}"#);
        assert_eq!(decoded(&Maxwell::default(), "a-message-id", &without), "missing_version");
    }

    #[test]
    fn a_table_without_a_key_is_what_its_route_says() {
        let keyless =
            |rest: &str| rest.replace(r#""primary_key_columns":["id"]"#, r#""primary_key_columns":[]"#);
        let insert = keyless(&record("insert", r#""commit":true,"data":{"a":1,"b":null}"#));
        let update = keyless(&record("update", r#""commit":true,"data":{"a":1,"b":null},"old":{"b":2}"#));
        let version = format!("{PLACE}.ffffffffffffffff");
        let by_position = routed(|route| route.keyless = Keyless::Position);
        let put = format!(r#"put {{"position":"7"}} {{"a":1,"b":null}} {version}"#);
        assert_eq!(decoded(&by_position, "7", &insert), put);
        assert_eq!(decoded(&by_position, "7", &update), "keyless_change");
        let by_row = routed(|route| route.keyless = Keyless::Row);
        let put = format!(r#"put {{"a":1,"b":null}} {{}} {version}"#);
        assert_eq!(decoded(&by_row, "7", &insert), put);
        assert_eq!(
            decoded(&by_row, "7", &update),
            format!(r#"delete {{"a":1,"b":2}}  {version} pair 0; {put} pair 0"#)
        );
        let routed = routed(|route| route.key = vec!["b".into()]);
        assert_eq!(
            decoded(&routed, "7", &record("insert", r#""commit":true,"data":{"id":1}"#)),
            "missing_key"
        );
    }

    #[test]
    fn members_may_come_in_any_order_and_twice() {
        let key = r#""primary_key_columns":["id"]"#;
        let head = r#""database":"d","table":"t","type":"insert","commit":true,"position":"b.6:1""#;
        let put = |key: &str, rest: &str| {
            let version = "x.0000.1.0000000000000006.0000000000000001.ffffffffffffffff";
            format!(r#"put {key} {rest} {version}"#)
        };
        let (one, two) = (r#""data":{"id":1,"a":2}"#, r#""data":{"id":2,"a":3}"#);
        let by_id = put(r#"{"id":1}"#, r#"{"a":2}"#);
        assert_eq!(told(&format!("{{{one},{head},{key}}}")), by_id);
        assert_eq!(told(&format!("{{{head},{key},{two},{one}}}")), by_id);
        assert_eq!(told(&format!(r#"{{{head},"primary_key_columns":["a"],{one},{key}}}"#)), by_id);
        assert_eq!(told(&format!(r#"{{{head},{key},{two},"data":null}}"#)), "no_image");
        assert_eq!(told(&format!(r#"{{{head},{key},"data":{{"id":1E999}}"#)), "not_json");
    }

    #[test]
    fn a_table_without_a_route_needs_no_key_and_a_record_by_arrival_no_position() {
        let other = Informed::new(Maxwell::default(), rules("d.other", |_| {}));
        assert_eq!(
            decoded(&other, "7", r#"{"database":"d","table":"t","type":"insert","data":{}}"#),
            "unrouted"
        );
        let informed = Informed::new(Maxwell::default(), by_arrival(Rules::default()));
        let insert =
            r#"{"database":"d","table":"t","type":"insert","primary_key_columns":["id"],"data":{"id":1}}"#;
        assert_eq!(decoded(&informed, "7", insert), r#"put {"id":1} {} a.0000.1.0017.00000000"#);
    }

    #[test]
    fn names_are_taken_as_they_are() {
        let long = "n".repeat(200);
        for name in ["select", "Ord\\\"er", "a.b;drop table x--", "Ünïcode", long.as_str()] {
            let text = record("insert", &format!(r#""commit":true,"data":{{"id":1,"{name}":2}}"#))
                .replace(r#""id""#, &format!(r#""{name}_""#))
                .replace(r#""table":"t""#, &format!(r#""table":"{name}""#));
            let version = format!("{PLACE}.ffffffffffffffff");
            assert_eq!(told(&text), format!(r#"put {{"{name}_":1}} {{"{name}":2}} {version}"#));
        }
    }

    #[test]
    fn a_record_is_recognised_by_type_and_database() {
        let recognised = |payload: &str| Maxwell::default().recognises(&LazyObject::of(payload.as_bytes()));
        assert!(recognised(&record("update", r#""data":5"#)));
        assert!(recognised(r#"{"type":"database-drop","database":"d"}"#));
        assert!(recognised(r#"{"encrypted":{"bytes":"","iv":""}}"#));
        for other in [
            r#"{"type":"insert","table":"t","data":{}}"#,
            r#"{"type":"INSERT","database":"d","table":"t","isDdl":false}"#,
            r#"{"type":"insert","database":{"x":1}}"#,
            r#"{"encrypted":{"bytes":""}}"#,
            "[]",
            "{}",
            "",
        ] {
            assert!(!recognised(other), "{other}");
        }
    }
}
