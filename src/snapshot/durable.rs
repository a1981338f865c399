//! What became of the records that a job made.

use crate::error::{Code, Error, ErrorKind, Result};
use crate::report::{Counts, Report};

/// The counts of a batch of which every record is durable.
///
/// # Errors
/// Why not every one is.
pub(super) fn durable(report: Report) -> Result<Counts> {
    let counts = report.counts();
    let (failure, stopped) = report.into_reasons();
    match failure.or(stopped) {
        Some(error) => Err(error),
        None if counts.reported > 0 => {
            Err(Error::new(ErrorKind::Unavailable, Code::NotDurable, "Not every row of a page is durable."))
        }
        None => Ok(counts),
    }
}
