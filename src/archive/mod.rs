//! Files of rows, in a folder or in a bucket: jobs write them, `rowtide replay` reads them back. A row is a line of
//! JSON text. Knows neither who makes the rows nor what becomes of them.
//!
//! Below `archive.url` each run of a table has a folder of its own: data objects, `manifest.json`, which says what they
//! hold and what makes a line a record again, and `_SUCCESS`, which is written last: without it the run is not whole.
//! An object becomes visible at once or not at all. Its name follows from table, run, part, number and writer: of two
//! that write the same part neither touches what the other wrote, and the manifest names those that count.

mod blocking;
mod errors;
mod key;
mod location;
mod manifest;
mod packer;
mod runs;
#[cfg(feature = "s3")]
mod s3;
mod storage;
mod writer;

pub use key::{ObjectName, is_object_name};
pub use manifest::{About, Column, MANIFEST, Manifest, SUCCESS, Written};
pub use runs::Archive;
pub use storage::Storage;
pub use writer::ObjectWriter;
