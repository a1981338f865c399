//! A change with its place: where it came from, and where it goes.

use super::target::Target;
use crate::event::{ChangeEvent, Timestamp};
use std::sync::Arc;

/// Which event of a batch something is, and what read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordRef {
    /// Index of the record in the batch.
    pub record: usize,
    /// The place among the record's events.
    pub sub: u32,
    /// The decoder that took this part of the record, if any did.
    pub decoder: Option<&'static str>,
}

/// A change event and where it came from.
#[derive(Debug, Clone)]
pub struct RoutedChange {
    /// Where it comes from.
    pub origin: RecordRef,
    /// Where it goes.
    pub target: Arc<Target>,
    /// The change itself.
    pub event: ChangeEvent,
    /// When it happened or, if the source does not tell, arrived.
    pub at: Option<Timestamp>,
}

impl RoutedChange {
    /// Whether the source says that this change happened later than another one.
    pub(crate) fn is_later_than(&self, other: &Self) -> bool {
        self.event.changed_at.zip(other.event.changed_at).is_some_and(|(own, others)| own > others)
    }
}
