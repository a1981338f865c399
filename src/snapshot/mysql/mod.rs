//! A MySQL or MariaDB whose tables are read: which there are, what they are made of, and their rows, page by page.
//!
//! A table is read in the order of its primary key, or of a unique key without nulls, `chunk` rows a statement, so that
//! no statement holds the database's past for long and any page can be the last. What has no such key (a view, a query)
//! is read by one statement. Every session reads only, in UTC, with the SQL mode empty: `"` begins a text. Rows come
//! through prepared statements, so values are those that are stored and keys are parameters.

mod connect;
mod database;
mod key;
mod reader;
mod split;
mod value;

pub(super) use database::{Mysql, Plan, SCHEMES};
pub(super) use reader::Reader;
