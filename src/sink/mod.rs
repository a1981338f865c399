//! Where rows go. The only room that talks to a database. Knows statements and rows, no sources and no Lambda.
//!
//! A [`Sink`] writes rows and says what became of each; a [`Store`] keeps the books beside it: parked records, what
//! fills which target, what sources said of their tables, what jobs keep. [`Postgres`] and [`Cratedb`] are both,
//! [`Database`] is whichever of them `sink.url` names, and [`Memory`] is one for the tests of whoever embeds the
//! flow. Whoever brings a sink of his own needs no store.

mod any;
mod contract;
mod cratedb;
#[cfg(feature = "cli")]
mod inspect;
mod later;
mod letters;
mod memory;
mod postgres;
mod purge;
mod registry;
mod schemas;
mod state;
#[cfg(feature = "cli")]
mod status;
mod targets;
mod wire;

pub use any::{Database, configured};
pub use contract::{Binding, Cause, NoStore, RowOutcome, Sink, Store, Truncation};
pub use cratedb::Cratedb;
pub use letters::{DeadLetter, Filter, LETTER_KEY_MAX, LETTER_TABLE_MAX, ParkedLetter, bounded};
pub use memory::{Memory, MemoryRow};
pub use postgres::Postgres;
pub use purge::Purge;
pub use registry::{KnownLayout, KnownTarget};
pub use state::{STATE_JOB_MAX, STATE_KEY_MAX, STATE_TEXT_MAX, State};
#[cfg(feature = "cli")]
pub use status::{Hindrance, Home, OwnTable, Parked, PossibleTarget, Rows, Status, TargetStatus, Unread};
pub use targets::{LiveRow, Purged, Purging, Shown, StoredRow};
#[cfg(feature = "archive")]
pub(crate) use wire::reading::SourceServer;
#[cfg(feature = "mysql")]
pub(crate) use wire::url::without_tls_options;
