//! The change of a row of a relational source, made into change events. A format says what its record is, as a
//! [`RowChange`]; what follows from that stands here, once for all of them.
//!
//! 1. A table without a route is left out.
//! 2. The version is the place in the source's order, unless changes go by their arrival.
//! 3. The catalogue and the record say what makes a row one row: its key, its position, or all of it.
//! 4. The image is taken apart into key and document.
//! 5. A row that had another key before is two changes that belong together: the delete of that, the put of this.
//! 6. An image that is whole replaces the row; of one that is not, the columns it has are a patch.
//! 7. What goes wrong says whose row it was, as far as that can be read.

use super::row::{Completeness, KEY_COLUMNS_MAX, Row, too_many_key_columns};
use super::{Decoded, Decoding, Settings};
use crate::catalogue::{Catalogue, Identity, TABLE_BYTES_MAX};
use crate::error::{Code, Error, Result};
use crate::event::{Change, ChangeEvent, Key, Timestamp};
use crate::json;
use crate::record::{Record, Redelivered};
use crate::rules::Order;
use crate::source::{SourceIdentity, SourceTable};
use crate::version::{ARRIVAL, Rank, Version, arrival, once};
use std::borrow::Cow;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// The row is new, or was loaded: its image is all of it.
    Insert,
    /// The row is as its image says, and was there before, or may have been.
    Update,
    /// The row is gone.
    Delete,
    /// All rows of the table are gone.
    Truncate,
}

/// What a record tells of an updated row as it was.
#[derive(Debug)]
pub(crate) enum Before<'i> {
    /// Nothing: its key is what it was, as far as anybody can see.
    Untold,
    /// What changed: columns that are not in it were as they are now.
    Columns(Row<'i>),
    /// The row, or at least its key.
    Row(Row<'i>),
    /// The row, whose key is what it is now.
    Image(Row<'i>),
}

/// What a record of a relational source says of a row. Only `read` and `before` look at values: the rest is asked
/// first, so that a table without a route needs no key and one that goes by arrival no position.
///
/// [`events`] asks in this order: operation, version, time, identity, `read`, `before`, `key`, `may_be_put`. A format
/// may rely on it, and keep of an answer what a later one needs. Where something is wrong, `readable_key` asks for
/// identity, row and key once more.
pub(crate) trait RowChange {
    /// The table, and the record that tells of it.
    fn table(&self) -> &Table<'_>;

    /// What happened.
    fn operation(&self) -> Result<Operation>;

    /// The place in the source's order. Asked only where that orders the changes.
    fn version(&self) -> Result<Version>;

    /// Whether the row was read beside the stream of its table: then its place is below all of the stream, by arrival
    /// too.
    fn is_loaded(&self) -> bool {
        false
    }

    /// When it happened, if the record tells.
    fn changed_at(&self) -> Option<Timestamp>;

    /// Which row it is of a record that has several.
    fn row_index(&self) -> Option<u32> {
        None
    }

    /// The columns of the key, if the record tells them; none of them when it says that there is no key.
    fn key_columns(&self) -> Result<Option<Vec<String>>> {
        Ok(None)
    }

    /// What makes the row one row.
    fn identity(&self) -> Result<Cow<'_, Identity>> {
        self.table().identity(self.key_columns()?).map(Cow::Owned)
    }

    /// Whether a delete shows the row as it was, and not only its key.
    fn shows_deleted(&self) -> bool {
        true
    }

    /// Reads the row as it is, or as it was when it is gone, and says how much of it that is.
    fn read(&self, row: &mut Row<'_>) -> Result<()>;

    /// What the record tells of an updated row as it was. It may fill up `row`, as it is now, from that.
    fn before<'i>(&self, row: &mut Row<'i>) -> Result<Before<'i>> {
        match row.identity() {
            Identity::Columns(_) | Identity::Position => Ok(Before::Untold),
            Identity::Row => Err(nameless(self.table().name())),
        }
    }

    /// The key of the row that was read.
    fn key(&self, row: &mut Row<'_>) -> Result<Key> {
        row.take_key()
    }

    /// Whether an image that is not surely whole may stand for a row that was not there under this key. An error says
    /// what the source must be told to send.
    fn may_be_put(&self, _row: &Row<'_>) -> Result<()> {
        Ok(())
    }

    /// The key of the row, whatever is wrong with the rest of the record; `None` when it is not whole, or when the row
    /// has no other name than its place.
    fn readable_key(&self) -> Option<Key> {
        let identity = self.identity().ok()?;
        let Identity::Columns(_) = *identity else { return None };
        let mut row = Row::of_key(&identity);
        match self.read(&mut row) {
            Ok(()) => {}
            Err(error) if error.code() == Code::NotJson => row.forget_cut_off(),
            Err(_) => return None,
        }
        self.key(&mut row).ok()
    }
}

/// The table that a record tells of, with what is known of it.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    name: Cow<'a, str>,
    source: SourceIdentity,
    pub(crate) record: &'a Record,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) epoch: u16,
    /// Whether updates tell the row as it was.
    before_images: bool,
}

impl<'a> Table<'a> {
    /// A table of a source. Changes are of the epoch that the settings of its decoder say.
    pub(crate) fn new<D>(
        decoding: &Decoding<'a, D>,
        settings: &Settings,
        name: impl Into<Cow<'a, str>>,
        source: SourceIdentity,
    ) -> Self {
        let Decoding { catalogue, record, .. } = *decoding;
        let Settings { epoch, before_images, .. } = *settings;
        Self { name: name.into(), source, record, catalogue, epoch, before_images }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The table, with what tells its source from others.
    pub(crate) fn of_source(&self) -> SourceTable<'_> {
        SourceTable::new(&self.name, &self.source)
    }

    /// Whether nothing is said of it, so that nobody needs to know its key.
    pub(crate) fn is_left_out(&self) -> bool {
        self.catalogue.leaves_out(self.of_source())
    }

    /// What a record of a table that is left out comes to.
    pub(crate) fn unrouted(&self) -> Decoded {
        Decoded::Unrouted { table: self.name.clone().into_owned(), source: self.source.clone() }
    }

    /// What makes a row of it one row, with no more columns than a key can have; `told` is what the record says of its
    /// key.
    ///
    /// # Errors
    /// As [`Catalogue::identity`], and when the key has more columns than any database has.
    pub(crate) fn identity(&self, told: Option<Vec<String>>) -> Result<Identity> {
        match self.catalogue.identity(self.of_source(), told)? {
            Identity::Columns(names) if names.len() > KEY_COLUMNS_MAX => {
                Err(too_many_key_columns(&self.name))
            }
            identity @ (Identity::Columns(_) | Identity::Position | Identity::Row) => Ok(identity),
        }
    }

    /// The version of a change. Where changes go by their arrival, or a row is written once, the source's order is not
    /// asked. By arrival the flow gives them one, and refuses a transport that delivers in no order.
    ///
    /// # Errors
    /// Those of `of_source`. Every change has a version, so a name that no table can have is refused here.
    pub(crate) fn version(&self, of_source: impl FnOnce() -> Result<Version>) -> Result<Version> {
        check_name(&self.name)?;
        match self.catalogue.order() {
            Order::Source => of_source(),
            Order::Arrival => {
                let unordered = || Version::new(ARRIVAL, self.epoch, Rank::Positioned);
                Ok(arrival(self.epoch, self.record.sequence(), 0).unwrap_or_else(|_| unordered()))
            }
            Order::Once => Ok(once(self.epoch)),
        }
    }

    /// As [`then_by_arrival`], where the source's own order can tie; `advice` is what to do when there is no number.
    ///
    /// # Errors
    /// When the transport gave no number.
    pub(crate) fn numbered(&self, version: Version, advice: &str) -> Result<Version> {
        then_by_arrival(version, self.record).map_err(|_| {
            let message = format!("The source's order can tie, and the transport gave no number. {advice}");
            Error::poison(Code::MissingVersion, message)
        })
    }

    /// What a record comes to that tells of the end of the table's rows.
    pub(crate) fn truncated(
        &self,
        changed_at: Option<Timestamp>,
        version: impl FnOnce() -> Result<Version>,
    ) -> Result<Decoded> {
        if self.is_left_out() {
            return Ok(self.unrouted());
        }
        Ok(Decoded::Events(vec![self.event(None, Change::Truncate, self.version(version)?, changed_at)]))
    }

    /// A change event.
    pub(crate) fn event(
        &self,
        key: Option<Key>,
        change: Change,
        version: Version,
        changed_at: Option<Timestamp>,
    ) -> ChangeEvent {
        let event = ChangeEvent::new(&*self.name, key, change, version);
        ChangeEvent { source: self.source.clone(), changed_at, ..event }
    }

    /// The error with the table and the row that it concerns.
    pub(crate) fn about(&self, error: Error, key: Option<&Key>) -> Error {
        error.about(&self.name, key.map(Key::as_str)).of_source(self.source.as_str())
    }
}

/// Appends the transport's number of a record to a version, and its place in an aggregate.
///
/// # Errors
/// When the transport gave no number.
pub(crate) fn then_by_arrival(version: Version, record: &Record) -> Result<Version> {
    let version = version.digits(record.sequence())?;
    Ok(match record.place {
        Some(place) => version.index(place),
        None => version,
    })
}

/// Refuses the name of a table that no database can have.
pub(crate) fn check_name(table: &str) -> Result<()> {
    if table.len() > TABLE_BYTES_MAX {
        let message = "The record names a table by more bytes than any name has.";
        return Err(Error::poison(Code::BadTable, message));
    }
    Ok(())
}

/// What a record comes to that tells of a row.
pub(crate) fn decoded(change: &impl RowChange) -> Result<Decoded> {
    let table = change.table();
    if table.is_left_out() { Ok(table.unrouted()) } else { part(change) }
}

/// What a record comes to that tells of a row of a table that is not left out.
///
/// # Errors
/// What is wrong with the record, and whose row it concerns.
pub(crate) fn part(change: &impl RowChange) -> Result<Decoded> {
    let events = events(change).map(Decoded::Events);
    events.map_err(|error| change.table().about(error, change.readable_key().as_ref()))
}

/// The events of a change.
///
/// # Errors
/// What is wrong with the record; whose row it concerns is not said yet.
pub(crate) fn events(change: &impl RowChange) -> Result<Vec<ChangeEvent>> {
    let (table, operation) = (change.table(), change.operation()?);
    let version = match change.is_loaded() {
        true => check_name(&table.name).and_then(|()| change.version())?,
        false => table.version(|| change.version())?,
    };
    let changed_at = change.changed_at();
    if operation == Operation::Truncate {
        return Ok(vec![table.event(None, Change::Truncate, version, changed_at)]);
    }
    let identity = change.identity()?;
    if *identity == Identity::Position && operation != Operation::Insert {
        return Err(nameless(&table.name));
    }
    let is_shown = operation != Operation::Delete || change.shows_deleted();
    let mut row = if is_shown { Row::new(&identity) } else { Row::of_key(&identity) };
    row.keeps_before = table.before_images;
    change.read(&mut row)?;
    let before = match operation {
        Operation::Update => change.before(&mut row)?,
        Operation::Insert | Operation::Delete | Operation::Truncate => Before::Untold,
    };
    let (before, image_before) = match before {
        Before::Untold => (None, None),
        Before::Columns(before) => (row.key_before(&before)?, row.image_before(before)),
        Before::Row(before) => (Some(before.key()?), before.image()),
        Before::Image(before) => (None, before.image()),
    };
    let key = match *identity {
        Identity::Position => key_of_position(table.record, change.row_index())?,
        Identity::Columns(_) | Identity::Row => change.key(&mut row)?,
    };
    if operation == Operation::Delete {
        let image = (is_shown && row.image == Completeness::Whole).then(|| row.document());
        return Ok(vec![table.event(Some(key), Change::Delete(image), version, changed_at)]);
    }
    let before = before.filter(|before| *before != key);
    let is_new = operation == Operation::Insert || before.is_some();
    let is_whole = match row.image {
        Completeness::Whole => true,
        // nothing beside the key is the whole of the rest
        Completeness::Unsure => {
            *identity == Identity::Row || table.catalogue.sends_full_images(table.of_source())
        }
        Completeness::Part => false,
    };
    if is_new && !is_whole {
        change.may_be_put(&row)?;
    }
    let now = if is_new || is_whole { Change::Put(row.document()) } else { Change::Patch(row.patch()) };
    let now =
        |version| ChangeEvent { before: image_before, ..table.event(Some(key), now, version, changed_at) };
    let Some(before) = before else { return Ok(vec![now(version)]) };
    let before = table.event(Some(before), Change::Delete(None), version.clone(), changed_at);
    let now = now(version);
    // of the rows of one record, each has a number of its own
    let pair = Some(change.row_index().unwrap_or_default());
    Ok([before, now].map(|event| ChangeEvent { pair, ..event }).into())
}

/// The key of a row that has no other name than its place in the transport: the record's position, in a topic with its
/// partition, then its place in an aggregate, then the row's `index` in the record.
///
/// # Errors
/// When the record has no position.
pub(crate) fn key_of_position(record: &Record, index: Option<u32>) -> Result<Key> {
    if record.position.is_empty() {
        let message = "The record has no position that could name its row.";
        return Err(Error::poison(Code::NoPosition, message));
    }
    let mut position = record.position.clone();
    // offsets count by partition
    if let Redelivered::WithGroup(partition) = &record.redelivered
        && record.source.ends_with(&**partition)
    {
        position = format!("{partition}:{position}");
    }
    for place in [record.place, index].into_iter().flatten() {
        position.push_str(&format!(".{place}"));
    }
    let mut value = String::new();
    json::write_string(&mut value, &position);
    Key::new(vec![("position".to_owned(), value)])
}

/// The error of a change to a row that has no name.
pub(crate) fn nameless(table: &str) -> Error {
    Error::poison(
        Code::KeylessChange,
        format!(
            "The table {table} has no key, and with keyless = \"position\" only inserts can be applied. Set `key` in \
             its route, or keyless = \"row\"."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::{Operation, RowChange, Table};
    use crate::catalogue::Catalogue;
    use crate::decode::Settings;
    use crate::decode::row::{KEY_COLUMNS_MAX, Row};
    use crate::decode::{Decoded, Decoding};
    use crate::error::Result;
    use crate::event::Timestamp;
    use crate::record::Record;
    use crate::rules::{Keyless, Order, Rules, TableRules};
    use crate::source::SourceIdentity;
    use crate::version::{Rank, Version};

    /// A record of which the text is the row, with a key that it tells itself.
    struct Plain<'a> {
        table: &'a Table<'a>,
        operation: Operation,
        key: Vec<String>,
        row: &'a str,
    }

    impl RowChange for Plain<'_> {
        fn table(&self) -> &Table<'_> {
            self.table
        }

        fn operation(&self) -> Result<Operation> {
            Ok(self.operation)
        }

        fn version(&self) -> Result<Version> {
            Ok(Version::new('z', self.table.epoch, Rank::Positioned))
        }

        fn changed_at(&self) -> Option<Timestamp> {
            None
        }

        fn key_columns(&self) -> Result<Option<Vec<String>>> {
            Ok(Some(self.key.clone()))
        }

        fn read(&self, row: &mut Row<'_>) -> Result<()> {
            row.add_all(self.row)
        }
    }

    /// What a row comes to, or what is wrong with it and the key that can be read.
    fn told(rules: Rules, name: &str, key: &[String], row: &str) -> Result<String, (String, Option<String>)> {
        let catalogue = Catalogue::new(rules);
        let record = Record::new("s", "a-message-id", "");
        let decoding = Decoding { decoder: &(), record: &record, catalogue: &catalogue };
        let table = Table::new(&decoding, &Settings::default(), name, SourceIdentity::default());
        let change = Plain { table: &table, operation: Operation::Delete, key: key.to_vec(), row };
        match super::decoded(&change) {
            Ok(Decoded::Events(events)) => {
                Ok(format!("{} {}", events[0].key.as_ref().unwrap().to_json(), events[0].version))
            }
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err((error.code().to_string(), error.key().map(str::to_owned))),
        }
    }

    fn keyless(keyless: Keyless) -> Rules {
        Rules::of_all(TableRules { keyless, ..TableRules::default() })
    }

    #[test]
    fn the_bounds_are_those_of_every_format() {
        let key = |columns: usize| (0..columns).map(|at| format!("c{at}")).collect::<Vec<_>>();
        let row = |columns: usize| {
            let members = key(columns).iter().map(|name| format!(r#""{name}":1"#)).collect::<Vec<_>>();
            format!("{{{}}}", members.join(","))
        };
        let most = KEY_COLUMNS_MAX;
        assert!(told(Rules::default(), "t", &key(most), &row(most)).is_ok());
        let more = told(Rules::default(), "t", &key(most + 1), &row(most + 1));
        assert_eq!(more.unwrap_err(), ("too_many_key_columns".to_owned(), None));
        let named = told(Rules::default(), &"t".repeat(2_000), &key(1), &row(1));
        assert_eq!(named.unwrap_err().0, "bad_table");
    }

    #[test]
    fn an_error_names_a_row_only_by_a_key_that_is_whole() {
        let id = ["id".to_owned()];
        let broken = |how, key: &[String], row| told(keyless(how), "t", key, row).unwrap_err();
        let code = "not_json".to_owned();
        assert_eq!(broken(Keyless::Refuse, &id, r#"{"id":1,"x":"#), (code.clone(), Some("[1]".to_owned())));
        assert_eq!(broken(Keyless::Refuse, &id, r#"{"id":1"#), (code.clone(), None));
        assert_eq!(broken(Keyless::Row, &[], r#"{"id":1,"x":"#), (code, None));
        assert_eq!(broken(Keyless::Position, &[], r#"{"id":1}"#), ("keyless_change".to_owned(), None));
    }
    #[test]
    fn by_arrival_the_order_of_the_source_is_not_asked_and_that_of_the_transport_is_the_flow_s() {
        let rules = Rules { order: Order::Arrival, ..Rules::default() };
        let deleted = told(rules, "t", &["id".to_owned()], r#"{"id":1}"#);
        assert_eq!(deleted.unwrap(), r#"{"id":1} a.0000.1"#);
    }
}
