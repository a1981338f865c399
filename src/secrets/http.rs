//! One HTTP request and its answer, over TLS where the URL says so.

use crate::roots;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::fmt;
use std::io::ErrorKind;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
/// A secret has at most 64 KiB; as JSON text it may be several times as long.
const BODY_BYTES_MAX: usize = 512 * 1024;

/// An answer, whatever its status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HttpError {
    /// Nobody listens.
    Refused,
    /// The name has no address, or the way there is broken.
    Unreachable,
    TooSlow,
    /// The certificate is not trusted, or no TLS is spoken.
    Tls,
    /// There is nothing to trust certificates by.
    NoRoots,
    /// What came is no answer.
    Broken,
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "the connection is refused",
            Self::Unreachable => "it cannot be reached",
            Self::TooSlow => "it does not answer in time",
            Self::Tls => "no trusted TLS connection can be made",
            Self::NoRoots => "no root certificate was found",
            Self::Broken => "it answers something else than HTTP",
        })
    }
}

/// Sends requests, each on a connection of its own: they are rare.
#[derive(Default)]
pub(super) struct Client {
    /// Made when it is needed: reading the system's certificates takes milliseconds.
    tls: OnceLock<Arc<ClientConfig>>,
}

impl Client {
    /// The answer to a request with these headers, whose names are in lower case.
    pub(super) async fn send(
        &self,
        method: Method,
        uri: &Uri,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<Answer, HttpError> {
        let mut request = Request::builder().method(method).uri(path_and_query(uri));
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", host(uri));
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|_| HttpError::Broken)?;
        let is_tls = uri.scheme_str() == Some("https");
        let name = uri.host().ok_or(HttpError::Unreachable)?.trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let stream = match timeout(CONNECT_TIMEOUT, TcpStream::connect((name, port))).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => return Err(HttpError::Refused),
            Ok(Err(_)) => return Err(HttpError::Unreachable),
            Err(_) => return Err(HttpError::TooSlow),
        };
        // both are sent at once: nothing is to be waited for
        stream.set_nodelay(true).map_err(|_| HttpError::Unreachable)?;
        if !is_tls {
            return timeout(ANSWER_TIMEOUT, exchange(stream, request))
                .await
                .map_err(|_| HttpError::TooSlow)?;
        }
        let name = ServerName::try_from(name.to_owned()).map_err(|_| HttpError::Tls)?;
        let work = async {
            let connector = TlsConnector::from(self.tls()?);
            let stream = connector.connect(name, stream).await.map_err(|_| HttpError::Tls)?;
            exchange(stream, request).await
        };
        timeout(ANSWER_TIMEOUT, Box::pin(work)).await.map_err(|_| HttpError::TooSlow)?
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, HttpError> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let roots = roots::of_system().ok_or(HttpError::NoRoots)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| HttpError::Tls)?;
        let tls = Arc::new(builder.with_root_certificates(roots).with_no_client_auth());
        Ok(self.tls.get_or_init(|| tls).clone())
    }
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|_| HttpError::Broken)?;
    let connection = tokio::spawn(connection);
    let answer = async {
        let answer = sender.send_request(request).await.map_err(|_| HttpError::Broken)?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), BODY_BYTES_MAX).collect().await;
        Ok(Answer { status, body: body.map_err(|_| HttpError::Broken)?.to_bytes() })
    };
    let answer = answer.await;
    connection.abort();
    answer
}

/// The value of the header `host`.
pub(super) fn host(uri: &Uri) -> String {
    let name = uri.host().unwrap_or_default();
    match uri.port_u16() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    }
}

/// The path, never empty.
pub(super) fn path(uri: &Uri) -> &str {
    if uri.path().is_empty() { "/" } else { uri.path() }
}

fn path_and_query(uri: &Uri) -> String {
    match uri.query() {
        Some(query) => format!("{}?{query}", path(uri)),
        None => path(uri).to_owned(),
    }
}
