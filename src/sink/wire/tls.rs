//! How a connection is encrypted, and whose certificates are believed.

use crate::config::{Tls, redact_input};
use crate::error::{Error, Result};
use crate::roots;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How the connections to a server are encrypted.
pub(in crate::sink) struct Encryption {
    pub(in crate::sink) mode: Tls,
    root_certificates: Option<PathBuf>,
    /// Made when it is needed: it reads certificates.
    made: OnceLock<Option<MakeRustlsConnect>>,
}

impl Encryption {
    pub(in crate::sink) fn new(mode: Tls, root_certificates: Option<PathBuf>) -> Self {
        Self { mode, root_certificates, made: OnceLock::new() }
    }

    /// How a connection is encrypted; none when it is not.
    pub(in crate::sink) fn connector(&self) -> Result<Option<MakeRustlsConnect>> {
        if let Some(made) = self.made.get() {
            return Ok(made.clone());
        }
        let made = match self.mode {
            Tls::Disable => None,
            Tls::Prefer | Tls::Require | Tls::VerifyCa | Tls::VerifyFull => {
                Some(MakeRustlsConnect::new(self.client_config()?))
            }
        };
        Ok(self.made.get_or_init(|| made).clone())
    }

    fn client_config(&self) -> Result<ClientConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let broken = |error: rustls::Error| Error::config("TLS cannot be set up.").because(error);
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(broken)?;
        // as libpq does: with a root certificate, `require` checks it
        let checks_chain =
            self.mode == Tls::VerifyCa || (self.mode == Tls::Require && self.root_certificates.is_some());
        if self.mode == Tls::VerifyFull {
            return Ok(builder.with_root_certificates(self.roots()?).with_no_client_auth());
        }
        let chain = if checks_chain {
            let roots = Arc::new(self.roots()?);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build();
            Some(
                verifier
                    .map_err(|error| Error::config("The root certificates cannot be used.").because(error))?,
            )
        } else {
            None
        };
        let verifier = Arc::new(AnyName { chain, provider });
        Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
    }

    fn roots(&self) -> Result<RootCertStore> {
        let none = || {
            Error::config(
                "No root certificate was found to verify the database's with: install the system's CA certificates, \
                 or name a file with sslrootcert in sink.url.",
            )
        };
        let Some(path) = self.root_certificates.as_deref().filter(|path| *path != Path::new("system")) else {
            return roots::of_system().ok_or_else(none);
        };
        let certificates: Vec<CertificateDer<'static>> =
            CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| {
                let path = path.display().to_string();
                let message = format!("The root certificates in {} cannot be read.", redact_input(&path));
                Error::config(message).because(error)
            })?;
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(certificates);
        if added == 0 { Err(none()) } else { Ok(roots) }
    }
}

/// Accepts a certificate for any host name: of a trusted chain (`verify-ca`), or any at all (`require`).
#[derive(Debug)]
struct AnyName {
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
