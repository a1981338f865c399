//! What is left of the time for the database, and what is said when nothing is left.

use crate::deadline::Deadline;
use crate::error::{Code, Error, ErrorKind, Result};
use std::time::Duration;

/// Left of the invocation's time when the database must have answered: enough to cancel, park and respond.
pub(in crate::sink) const MARGIN: Duration = Duration::from_millis(300);

/// What is left of the time for the database; `None` without a deadline.
pub(in crate::sink) fn left(deadline: Deadline) -> Result<Option<Duration>> {
    match deadline.remaining() {
        None => Ok(None),
        Some(left) if left > MARGIN => Ok(Some(left - MARGIN)),
        Some(_) => Err(out_of_time()),
    }
}

pub(in crate::sink) fn out_of_time() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        Code::Deadline,
        "The time of the invocation ran out before the database answered.",
    )
}

/// The server takes what it is sent and says nothing for so long.
pub(in crate::sink) fn silent(limit: Duration) -> Error {
    let message = format!(
        "The database did not answer within {} s. Is it overloaded, or a proxy in front of it stuck? connect_timeout in \
         sink.url and sink.statement_timeout say how long to wait.",
        limit.as_secs_f64()
    );
    Error::new(ErrorKind::Unavailable, Code::Deadline, message)
}

/// A time as `statement_timeout` takes it, in milliseconds: 0 would be no limit, and it has to fit into an `int4`,
/// whatever a clock or a deadline says.
pub(in crate::sink) fn milliseconds(limit: Duration) -> String {
    limit.as_millis().clamp(1, 2_147_483_647).to_string()
}

#[cfg(test)]
mod tests {
    use super::milliseconds;
    use std::time::Duration;

    #[test]
    fn a_limit_is_one_that_the_server_takes() {
        let table = [
            (Duration::ZERO, "1"),
            (Duration::from_micros(1), "1"),
            (Duration::from_secs(30), "30000"),
            (Duration::from_secs(30 * 365 * 86_400), "2147483647"),
            (Duration::MAX, "2147483647"),
        ];
        for (limit, expected) in table {
            assert_eq!(milliseconds(limit), expected, "{limit:?}");
        }
    }
}
