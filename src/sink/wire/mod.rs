//! What both databases share because both speak PostgreSQL's protocol: the URL, TLS, the login, connections that work,
//! time that is left, trying again.

pub(in crate::sink) mod connect;
pub(in crate::sink) mod login;
pub(in crate::sink) mod server;
