//! A PostgreSQL whose tables are read: which there are, what they are made of, and their rows, page by page.
//!
//! A table is read in the order of a unique key of it, `chunk` rows a statement, so that no statement holds the
//! database's past for long and any page can be the last. What has no such key (a view, a query) is read by one
//! statement. Every session reads only, in UTC, and fails where row security would leave rows out.

mod bits;
mod clock;
mod database;
mod point;
mod quoted;
mod reader;
mod split;
mod value;

pub(super) use database::{Plan, Postgres, SCHEMES};
pub(super) use reader::Reader;
