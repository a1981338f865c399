//! Rowtide turns change-data-capture records into PostgreSQL and CrateDB tables that equal their source, whatever the
//! delivery did on the way: duplicates, another order, retries, restarts, poison records.
//!
//! The flow goes one way:
//!
//! ```text
//! envelope → records → unpack → decode → change events → route → coalesce → plan → apply → report → batch response
//! ```
//!
//! | step | room | what it does |
//! |---|---|---|
//! | records | [`record`] | takes a Lambda event apart; payloads stay raw bytes |
//! | unpack, decode | [`decode`], [`catalogue`], [`version`], [`json`] | to [`event`]s of a [`source`] |
//! | route | [`mod@route`], [`policy`] | finds the target of a source table, filters fields and events |
//! | coalesce | [`mod@coalesce`] | of several full images of a key, the highest version is written |
//! | plan | [`mod@plan`] | change events become statements, as data |
//! | apply | [`sink`] | the only room that talks to a database; says what became of every row |
//! | report | [`report`], [`metrics`] | what became of every record; the batch response is computed from it |
//!
//! The rooms up to `version` and `event` are the crate `rowtide-decode`, which is pure and lean; they are named here
//! too.
//!
//! [`pipeline::process`] is the whole flow on one screen. The Lambda functions (`lambda`), the command
//! `rowtide replay`, the redriving of parked records ([`redrive`]) and the tests all call it.
//!
//! Everything up to the plan is pure: no clock, no I/O, no environment, no memory between records:
//!
//! ```
//! use rowtide::decode::Settings;
//! use rowtide::decoders::Decoders;
//! use rowtide::record::Envelope;
//!
//! let event = std::fs::read("events/dynamodb-kinesis/composite-key.json")?;
//! let envelope = Envelope::parse(&event.into(), "-")?;
//! let decoders = Decoders::named("auto", &Settings::default())?;
//! let mut keys = Vec::new();
//! for record in &envelope.records {
//!     for event in decoders.events(record) {
//!         // one bad record, or one bad part of an aggregate, is its own error and nobody else's
//!         keys.extend(event?.key.map(|key| key.to_json()));
//!     }
//! }
//! assert_eq!(keys.len(), 6);
//! assert_eq!(keys[0], r#"{"OrderId":"o-10231","line":1}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Features, all but `s3` on by default through `cli`, `embedded` and `lambda`:
//!
//! | feature | adds |
//! |---|---|
//! | `lambda` | `lambda` and the function `rowtide-stream` |
//! | `archive` | [`archive`]: files of rows in folders |
//! | `s3` (not on by default) | archives and captured records in buckets of S3 |
//! | `embedded` | `embedded`: a PostgreSQL inside the process |
//! | `http` | [`collect`]: documents that come by HTTP |
//! | `cli` | the command `rowtide`; `doctor`, which examines templates and configuration |
//!
//! Off by default, more sources of [`snapshot`]: `mysql` (MySQL, MariaDB) and `dynamodb`.

#[cfg(feature = "archive")]
pub mod archive;
pub mod coalesce;
#[cfg(feature = "http")]
pub mod collect;
pub mod config;
pub mod deadline;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod metrics;
pub mod pipeline;
pub mod plan;
pub mod policy;
pub mod redrive;
pub mod report;
mod roots;
pub mod route;
pub mod secrets;
pub mod sink;
#[cfg(feature = "archive")]
pub mod snapshot;

pub(crate) use rowtide_decode::memo;
#[doc(no_inline)]
pub use rowtide_decode::{
    Error, Result, catalogue, decode, decoders, error, event, formats, json, record, rules, source, version,
};
#[doc(hidden)]
pub use rowtide_decode::{decimal, unpack};
#[cfg(feature = "cli")]
pub use rowtide_doctor as doctor;
#[cfg(feature = "embedded")]
pub use rowtide_embedded as embedded;

/// The examples of the README, so that they compile.
#[cfg(all(doctest, feature = "lambda"))]
#[doc = include_str!("../README.md")]
struct Readme;
