//! Where a change stands in its source: what Debezium calls `source`, its table, and the version made of it.

use super::operation::Op;
use crate::decode::log_position::binlog_file;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::event::Timestamp;
use crate::json::{Fault, Kind, Scanner};
use crate::record::Record;
use crate::source::{Member, SourceIdentity};
use crate::version::{Rank, Version};
use std::borrow::Cow;

type Text<'a> = Option<Cow<'a, str>>;

/// The members of `source` that name the table or order the change, as text.
#[derive(Debug, Default, Clone)]
pub(super) struct Position<'a> {
    pub(super) connector: Text<'a>,
    snapshot: Text<'a>,
    name: Text<'a>,
    db: Text<'a>,
    keyspace: Text<'a>,
    schema: Text<'a>,
    table: Text<'a>,
    collection: Text<'a>,
    ts_ms: Text<'a>,
    ts_us: Text<'a>,
    ts_ns: Text<'a>,
    lsn: Text<'a>,
    file: Text<'a>,
    pos: Text<'a>,
    row: Text<'a>,
    commit_lsn: Text<'a>,
    change_lsn: Text<'a>,
    event_serial_no: Text<'a>,
    scn: Text<'a>,
    commit_scn: Text<'a>,
    lcr_position: Text<'a>,
    rs_id: Text<'a>,
    ssn: Text<'a>,
    ord: Text<'a>,
    commit_ts: Text<'a>,
    /// `transaction.total_order`, when the connector provides it.
    pub(super) total_order: Text<'a>,
    /// What the members, null or not, say of the connector.
    hint: Option<Order>,
}

/// What a connector orders changes by; each has a scheme letter of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// PostgreSQL: `lsn`.
    Wal,
    /// MySQL and MariaDB: `file`, `pos`, `row`.
    Binlog,
    /// SQL Server: `commit_lsn`, `change_lsn`, `event_serial_no`.
    ChangeTable,
    /// Oracle: `commit_scn`, `scn`, `rs_id`, `ssn`.
    Redo,
    /// MongoDB: `ts_ms`, `ord`.
    Oplog,
    /// Db2: `commit_lsn`, `change_lsn`.
    Asn,
    /// TiCDC: `commit_ts`.
    Tso,
}

impl Order {
    /// The order that alone has a member of this name.
    fn hinted(name: &str) -> Option<Self> {
        Some(match name {
            "lsn" => Self::Wal,
            "pos" => Self::Binlog,
            "event_serial_no" => Self::ChangeTable,
            "scn" => Self::Redo,
            "ord" => Self::Oplog,
            "commit_ts" => Self::Tso,
            _ => return None,
        })
    }

    fn letter(self) -> char {
        match self {
            Self::Wal => 'p',
            Self::Binlog => 'y',
            Self::ChangeTable => 's',
            Self::Redo => 'o',
            Self::Oplog => 'g',
            Self::Asn => 'b',
            Self::Tso => 't',
        }
    }
}

fn missing(name: &str) -> Error {
    Error::poison(
        Code::MissingVersion,
        format!(
            "The record has no usable {name} of the source, which orders the changes of a row. (In flattened records, \
             name it in the transformation's add.fields.)"
        ),
    )
}

fn number(name: &str, text: &Text<'_>) -> Result<u64> {
    text.as_deref().and_then(|text| text.parse().ok()).ok_or_else(|| missing(name))
}

/// A log sequence number of hexadecimal digits and colons, which has one width with each connector.
fn hexadecimal(name: &str, text: &Text<'_>) -> Result<String> {
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b':';
    match text.as_deref() {
        Some(text) if !text.is_empty() && text.len() <= 64 && text.bytes().all(is_part) => {
            Ok(text.to_ascii_lowercase())
        }
        _ => Err(missing(name)),
    }
}

/// Appends the transport's number, where there is one, and always a place: unlike with the other formats neither is
/// needed, and versions that are stored look so.
fn then_by_arrival(version: Version, record: &Record) -> Version {
    let arrival = version.clone().digits(record.sequence()).unwrap_or(version);
    arrival.index(record.place.unwrap_or_default())
}

/// The largest of the numbers in a list of `<number>[:…]`, one for each of Oracle's redo threads.
fn largest(list: &str) -> Option<&str> {
    let numbers = list.split(',').map(|part| part.split(':').next().unwrap_or_default().trim());
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let stripped = numbers.filter(is_number).map(|text| text.trim_start_matches('0'));
    stripped
        .max_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)))
        .map(|text| if text.is_empty() { "0" } else { text })
}

impl<'a> Position<'a> {
    /// Reads the member `name` of `source`, if it counts.
    pub(super) fn read(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<(), Fault> {
        self.hint = self.hint.or(Order::hinted(name));
        match self.slot(name) {
            // older connectors say true and false
            Some(slot) if name == "snapshot" && scanner.peek()? == Kind::Bool => {
                *slot = Some(Cow::Borrowed(scanner.skip()?));
            }
            Some(slot) => *slot = scanner.text()?,
            None => drop(scanner.skip()?.len()),
        }
        Ok(())
    }

    /// Reads a CloudEvents attribute as the member that it stands for: its name has no punctuation.
    pub(super) fn read_attribute(&mut self, scanner: &mut Scanner<'a>, name: &str) -> Result<(), Fault> {
        self.read(
            scanner,
            match name {
                "tsms" => "ts_ms",
                "tsus" => "ts_us",
                "tsns" => "ts_ns",
                "commitlsn" => "commit_lsn",
                "changelsn" => "change_lsn",
                "eventserialno" => "event_serial_no",
                "commitscn" => "commit_scn",
                "lcrposition" => "lcr_position",
                "rsid" => "rs_id",
                "committs" => "commit_ts",
                "txtotalorder" => "transaction_total_order",
                name => name,
            },
        )
    }

    /// Whether `name` is that of a member that counts.
    pub(super) fn is_member(name: &str) -> bool {
        Position::default().slot(name).is_some()
    }

    fn slot(&mut self, name: &str) -> Option<&mut Text<'a>> {
        Some(match name {
            "connector" => &mut self.connector,
            "snapshot" => &mut self.snapshot,
            "name" => &mut self.name,
            "db" => &mut self.db,
            "keyspace" | "database_id" => &mut self.keyspace,
            "schema" => &mut self.schema,
            "table" => &mut self.table,
            "collection" => &mut self.collection,
            "ts_ms" => &mut self.ts_ms,
            "ts_us" => &mut self.ts_us,
            "ts_ns" => &mut self.ts_ns,
            "lsn" => &mut self.lsn,
            "file" => &mut self.file,
            "pos" => &mut self.pos,
            "row" => &mut self.row,
            "commit_lsn" => &mut self.commit_lsn,
            "change_lsn" => &mut self.change_lsn,
            "event_serial_no" => &mut self.event_serial_no,
            "scn" => &mut self.scn,
            "commit_scn" => &mut self.commit_scn,
            "lcr_position" => &mut self.lcr_position,
            "rs_id" => &mut self.rs_id,
            "ssn" => &mut self.ssn,
            "ord" => &mut self.ord,
            "commit_ts" => &mut self.commit_ts,
            "transaction_total_order" => &mut self.total_order,
            _ => return None,
        })
    }

    /// What the connector orders by; without its name, what the members say.
    pub(super) fn order(&self) -> Result<Order> {
        Ok(match self.connector.as_deref() {
            Some("postgresql") => Order::Wal,
            Some("mysql" | "mariadb") => Order::Binlog,
            Some("sqlserver") => Order::ChangeTable,
            Some("oracle") => Order::Redo,
            Some("mongodb") => Order::Oplog,
            Some("db2") => Order::Asn,
            Some("TiCDC") => Order::Tso,
            Some(_) => {
                let message = "The record is of a Debezium connector whose order of changes is not known. Set \
                     source.version = \"arrival\" to go by the order of arrival.";
                return Err(Error::new(ErrorKind::Unsupported, Code::UnknownConnector, message));
            }
            None => self.hint.ok_or_else(|| {
                let message = "The flattened record names no position of its source, which orders the changes of a row. \
                     Name connector and position in the transformation's add.fields.";
                Error::poison(Code::MissingVersion, message)
            })?,
        })
    }

    /// The table as the source names it: `schema.table`, or `db.table`, `keyspace.table` and `db.collection` where
    /// the source knows no schemas.
    pub(super) fn table(&self) -> Option<String> {
        let named = |text: &'_ Text<'a>| text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
        let table = named(&self.collection).or_else(|| named(&self.table))?;
        let space = match self.order() {
            _ if self.collection.is_some() => named(&self.db),
            Ok(Order::Binlog | Order::Oplog | Order::Tso) => named(&self.db),
            Ok(Order::Wal | Order::ChangeTable | Order::Redo | Order::Asn) => named(&self.schema),
            // a connector that nobody knows has schemas or it has not
            Err(_) if self.connector.is_some() => {
                named(&self.schema).or_else(|| named(&self.keyspace)).or_else(|| named(&self.db))
            }
            Err(_) => named(&self.schema),
        };
        Some(space.map_or_else(|| table.clone(), |space| format!("{space}.{table}")))
    }

    /// Whether the record is of a document of MongoDB, whose key is always `_id`.
    pub(super) fn is_of_document(&self) -> bool {
        match self.connector.as_deref() {
            Some(connector) => connector == "mongodb",
            None => self.collection.is_some() || self.hint == Some(Order::Oplog),
        }
    }

    /// Whether a snapshot says so, not the source's log.
    pub(super) fn is_of_snapshot(&self) -> bool {
        self.snapshot.as_deref().is_some_and(|kind| !kind.eq_ignore_ascii_case("false"))
    }

    /// What tells this source from others. The number of a server (`server_id`) does not: another one takes over.
    pub(super) fn source(&self) -> SourceIdentity {
        let db = self.db.as_deref().filter(|db| !db.is_empty()).or(self.keyspace.as_deref());
        // MariaDB was read by MySQL's connector before it had one of its own
        let connector = self.connector.as_deref().map(|name| if name == "mariadb" { "mysql" } else { name });
        SourceIdentity::of(&[
            (Member::Connector, connector),
            (Member::Server, self.name.as_deref()),
            (Member::Db, db),
        ])
    }

    /// When the row changed at the source, in microseconds since 1970.
    pub(super) fn changed_at(&self) -> Option<Timestamp> {
        let count = |text: &Text<'_>| text.as_deref()?.parse::<i64>().ok();
        count(&self.ts_us)
            .or_else(|| Some(count(&self.ts_ns)?.div_euclid(1_000)))
            .or_else(|| count(&self.ts_ms)?.checked_mul(1_000))
            .map(Timestamp)
    }

    /// The version of a change, or of a row that a snapshot read.
    ///
    /// # Errors
    /// When the record lacks what orders it.
    pub(super) fn version(&self, epoch: u16, operation: Op, record: &Record) -> Result<Version> {
        let order = self.order()?;
        let read = operation == Op::Read;
        let is_incremental =
            || self.snapshot.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("incremental"));
        if (read && !self.places_snapshots(order)) || is_incremental() {
            let time = self.changed_at().and_then(|time| u64::try_from(time.0).ok());
            let version = Version::new(order.letter(), epoch, Rank::Loaded);
            return Ok(version.number(time.ok_or_else(|| missing("ts_ms"))?));
        }
        let version =
            self.place(order, Version::new(order.letter(), epoch, Rank::Positioned), read, record)?;
        // of a changed key the delete and the create have one position, and in a route with another key they are of one
        // row, which is there afterwards
        Ok(match operation {
            Op::Create | Op::Update if order != Order::Oplog => version.index(1),
            Op::Create | Op::Update | Op::Read | Op::Delete => version,
        })
    }

    /// The version of a drop, which is no change of a row.
    ///
    /// # Errors
    /// As [`Position::version`].
    pub(super) fn version_of_drop(&self, epoch: u16, record: &Record) -> Result<Version> {
        let zero = |text: &Text<'a>| text.clone().or(Some(Cow::Borrowed("0")));
        // what Oracle's record says of a commit is of another transaction: the statement commits itself
        let (commit_scn, row, event_serial_no) = (None, zero(&self.row), zero(&self.event_serial_no));
        let position = Self { commit_scn, row, event_serial_no, ..self.clone() };
        position.version(epoch, Op::Delete, record)
    }

    /// Appends the place in the source's log.
    fn place(&self, order: Order, version: Version, read: bool, record: &Record) -> Result<Version> {
        // a snapshot may be taken at the very position at which the next change stands
        let stage = u32::from(!read);
        match order {
            Order::Wal => {
                Ok(version.number(number("lsn", &self.lsn)?).index(stage).number(self.total_order()?))
            }
            Order::Binlog => {
                let file = self.file.as_deref().and_then(binlog_file);
                let pos = number("pos", &self.pos)?;
                // the first event of a file stands behind its magic number; zero is an event without a place of its own
                if pos == 0 {
                    return Err(missing("pos"));
                }
                let version = version.number(file.ok_or_else(|| missing("file"))?).number(pos).index(stage);
                Ok(version.number(if read { 0 } else { number("row", &self.row)? }))
            }
            Order::ChangeTable | Order::Asn => {
                let version = version.label(&hexadecimal("commit_lsn", &self.commit_lsn)?)?;
                if read {
                    return Ok(version.label("")?.number(0));
                }
                let version = version.label(&hexadecimal("change_lsn", &self.change_lsn)?)?;
                Ok(match (order, &self.event_serial_no) {
                    (Order::Asn, None) => version.number(0),
                    (_, serial) => version.number(number("event_serial_no", serial)?),
                })
            }
            Order::Redo => {
                let scn = self.scn.as_deref().and_then(largest).ok_or_else(|| missing("scn"))?;
                let committed = match self.commit_scn.as_deref() {
                    Some(list) => largest(list).ok_or_else(|| missing("commit_scn"))?,
                    None => scn,
                };
                let place = self.lcr_position.as_deref().or(self.rs_id.as_deref()).unwrap_or_default();
                let ssn = if self.ssn.is_some() { number("ssn", &self.ssn)? } else { 0 };
                let version = version.digits(committed)?.index(stage).digits(scn)?;
                let version = version.label(&place.trim().to_ascii_lowercase())?.number(ssn);
                // OpenLogReplicator tells one number for all that a transaction did
                Ok(if place.is_empty() && !read { then_by_arrival(version, record) } else { version })
            }
            Order::Tso => Ok(version.number(number("commit_ts", &self.commit_ts)?)),
            Order::Oplog => {
                let time = number("ts_ms", &self.ts_ms)?;
                let version = version.number(time).number(number("ord", &self.ord)?).index(stage);
                // one transaction may change a document twice, at one time
                Ok(then_by_arrival(version.number(self.total_order()?), record))
            }
        }
    }

    /// Whether the position of a row that a snapshot read says which changes it shows.
    fn places_snapshots(&self, order: Order) -> bool {
        match order {
            // changes stand where they were made, not where they were committed: those of a transaction that was open
            // when a snapshot was taken are in front of its position, and yet newer than what it shows
            Order::Wal => false,
            // as a rule only the time is told at which a document was read
            Order::Oplog => false,
            // nothing was captured yet
            Order::ChangeTable | Order::Asn => self.commit_lsn.is_some(),
            Order::Binlog | Order::Redo | Order::Tso => true,
        }
    }

    fn total_order(&self) -> Result<u64> {
        if self.total_order.is_some() { number("total_order", &self.total_order) } else { Ok(0) }
    }
}
