//! Tables as they are now, read from their database: what was there before the stream began.
//!
//! A job that makes records: [`Snapshot`] reads a table page by page, hands the rows to
//! [`process`](crate::pipeline::process) as any other records, and writes them to files. Rows of a snapshot are older
//! than every change of the stream beside it, so the two may come in any order. Knows sources, the flow and archives;
//! no dialect of a sink.

mod archived;
mod beside;
mod compare;
mod durable;
#[cfg(feature = "dynamodb")]
mod dynamodb;
mod form;
mod head;
#[cfg(feature = "mysql")]
mod mysql;
mod part;
mod postgres;
mod progress;
mod replace;
mod run;
mod source;
mod table;
mod tables;
mod verify;

pub use archived::{Archived, Compared};
pub use compare::Kind;
pub use part::Reached;
#[cfg(feature = "lambda")]
pub(crate) use progress::run_time;
pub use progress::{Counts, JOB};
pub use run::{Done, Run, Snapshot, Start};
pub use tables::Chosen;
pub use verify::{Difference, Verified, Verifying};
