//! The certificates that the system trusts, for every connection that is encrypted.

use rustls::RootCertStore;

/// The system's root certificates; `None` when it has none that can be read. Reading them takes milliseconds.
pub(crate) fn of_system() -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    (added > 0).then_some(roots)
}
