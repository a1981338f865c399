//! What decoding comes to before anything is written: a chunk of changes, and what is said of the other records.

use crate::catalogue::TableSchema;
use crate::decode::Reason;
use crate::error::Error;
use crate::event::ChangeEvent;
use crate::record::Record;
use crate::route::{LeftOut, NearlyRouted, RecordRef, RoutedChange};
use crate::sink::{LETTER_KEY_MAX, LETTER_TABLE_MAX, bounded};
use std::sync::Arc;
use tracing::{Span, debug_span};

/// Consecutive records of a batch, decoded.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The changes, in the order of the records.
    pub changes: Vec<RoutedChange>,
    /// Truncates of tables whose routes apply them.
    pub truncates: Vec<RoutedChange>,
    /// For each part of a record that is no change: where it comes from, and what it is.
    pub verdicts: Vec<(RecordRef, Verdict)>,
    /// Of the tables that are left out because no route takes them, those that one nearly does: a line for each change.
    pub nearly_routed: Vec<NearlyRouted>,
    /// What the source said of its tables.
    pub schemas: Vec<TableSchema>,
    /// Index of the first record.
    pub first: usize,
    /// The memory that it takes up, about.
    pub(super) bytes: usize,
    /// Why the invocation must fail.
    pub failure: Option<Error>,
}

impl Chunk {
    /// The position of the first record.
    pub(super) fn position<'r>(&self, records: &'r [Record]) -> Option<&'r str> {
        records.get(self.first).map(|record| &*record.position)
    }

    /// Why an invocation that begins with this chunk must fail, if it must: for a fault of the configuration too, when
    /// nothing else is in the chunk.
    #[must_use]
    pub fn stops_first(&self) -> Option<&Error> {
        let is_empty = self.changes.is_empty() && self.truncates.is_empty();
        let mut faults = self.verdicts.iter().filter_map(|(_, verdict)| match verdict {
            Verdict::Fault(error, _) => Some(&**error),
            Verdict::Ignored(_) | Verdict::Poison(..) => None,
        });
        self.failure.as_ref().or_else(|| faults.next().filter(|_| is_empty))
    }

    /// Enters what is left out.
    pub(super) fn leave_out(&mut self, origin: RecordRef, LeftOut { reason, nearly }: LeftOut) {
        self.verdicts.push((origin, Verdict::Ignored(reason)));
        self.nearly_routed.extend(nearly);
    }

    pub(super) fn span(&self, records: &[Record]) -> Span {
        debug_span!("write", position = self.position(records), changes = self.changes.len())
    }
}

/// What a record is when it changes nothing.
#[derive(Debug)]
pub enum Verdict {
    /// Left out on purpose.
    Ignored(Reason),
    /// Cannot be applied, ever; with the row that it changes, as far as that is known.
    Poison(Arc<Error>, RowId),
    /// Shows a fault of the configuration of its own table or producer; with the row, as far as that is known.
    Fault(Arc<Error>, RowId),
}

/// The row that a part of a record changes, as far as that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId {
    /// The source table.
    pub table: Option<String>,
    /// The canonical key.
    pub key: Option<String>,
}

impl RowId {
    pub(crate) fn of(event: &ChangeEvent) -> Self {
        let key = event.key.as_ref().map(|key| key.as_str().to_owned());
        Self { table: Some(event.table.clone()), key }
    }

    /// As the dead-letter table names it.
    pub(crate) fn stored(self) -> Self {
        let bounded = |text: Option<String>, most| text.map(|text| bounded(text, most));
        Self { table: bounded(self.table, LETTER_TABLE_MAX), key: bounded(self.key, LETTER_KEY_MAX) }
    }

    pub(crate) fn of_error(error: &Error) -> Self {
        Self { table: error.table().map(str::to_owned), key: error.key().map(str::to_owned) }
    }
}

/// A part of a record that cannot be applied, and the rows that it would have changed; one unknown row at least.
pub(super) struct Unfit {
    pub(super) error: Error,
    pub(super) rows: Vec<RowId>,
}

impl From<Error> for Unfit {
    fn from(error: Error) -> Self {
        Self { rows: vec![RowId::of_error(&error)], error }
    }
}
