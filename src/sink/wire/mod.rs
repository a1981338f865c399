//! What both databases share because both speak PostgreSQL's protocol: the URL, TLS, the login, connections that work,
//! time that is left, trying again, and what errors mean.

pub(in crate::sink) mod connect;
pub(in crate::sink) mod errors;
pub(in crate::sink) mod login;
pub(in crate::sink) mod parameters;
#[cfg(feature = "archive")]
pub(in crate::sink) mod reading;
pub(in crate::sink) mod server;
pub(in crate::sink) mod store;
pub(in crate::sink) mod time;
pub(in crate::sink) mod tls;
pub(in crate::sink) mod url;

use crate::event::Timestamp;

/// A time as the driver takes it.
pub(in crate::sink) fn moment(at: Option<Timestamp>) -> Option<jiff::Timestamp> {
    at.and_then(|at| jiff::Timestamp::from_microsecond(at.0).ok())
}
