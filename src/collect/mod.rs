//! The front door for HTTP: from a request to records, `process()`, and back to an answer. The command `rowtide serve`
//! and the function `rowtide-collect` answer by one [`router`].
//!
//! Everything is answered when it is durable: a 200 is a promise, and whoever gets none sends again. Ids make that
//! free: `collect.id`, else the header that names the delivery, else a digest of what was sent.
//!
//! Knows HTTP; no Lambda, no SQL. No answer and no log line of this room holds a value that was sent, or a secret.

mod answer;
mod body;
mod conflict;
mod group;
mod id;
mod router;
mod signature;
mod trust;
mod writer;

pub use group::{Group, Stored};
pub use router::{Collector, router};
pub use writer::{Write, Writer, Written};

/// What stands for the transport in records and parked records, in front of the table.
const SOURCE: &str = "http";
