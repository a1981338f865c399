//! Fetches what references to secrets lead to: from the Parameters and Secrets extension of Lambda where there is one,
//! else by a signed request to the service. Knows no database. No error and no log line of this room holds anything
//! that was fetched.

mod credentials;
mod document;
mod http;
mod invoke;
mod login;
mod sign;

pub use login::connection_url;
#[cfg(feature = "mysql")]
pub use login::mysql_url;
pub use sign::database_token;

use crate::config::{Aws, Config, Credentials, Draft, Keeper, Loaded, Reference};
use crate::error::{Code, Disposition, Error, ErrorKind, Result};
use http::{Answer, Client, HttpError};
use hyper::{Method, StatusCode, Uri};
use serde_json::json;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Which version of a secret is meant, and whether a cache may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretVersion {
    /// The current one, as the extension may remember it.
    Current,
    /// The current one; the extension is asked to look again.
    Fresh,
    /// The current one, from the service itself.
    Direct,
    /// The one before it. Only Secrets Manager has a name for it.
    Previous,
}

/// How long a start waits for the extension: it may answer only once the first invocation has begun, and then the
/// service is asked.
const START_PATIENCE: Duration = Duration::from_millis(100);
/// The same where nothing else waits: the first invocation begins in the meantime.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between two questions to an extension that is not ready.
const PAUSE: Duration = Duration::from_millis(5);
/// The service is asked so often while it is busy, or cannot be reached; 100 and 200 ms lie between.
const ATTEMPTS_MAX: u32 = 3;
const BACKOFF: Duration = Duration::from_millis(100);
/// A document may need values, but what it needs needs nothing.
const ROUNDS_MAX: usize = 4;

/// The configuration of `draft`, what it needs being fetched.
///
/// # Errors
/// As [`Config::load`], and when something cannot be fetched.
pub async fn load(mut draft: Draft<'_>) -> Result<Config> {
    let secrets = Secrets::new(draft.aws());
    for _ in 0..ROUNDS_MAX {
        let needed = match draft.load()? {
            Loaded::Whole(config) => return Ok(*config),
            Loaded::Needs(needed) => needed,
        };
        let fetched =
            needed.iter().map(|reference| secrets.fetch(reference, SecretVersion::Current, START_PATIENCE));
        let fetched = futures_util::future::try_join_all(fetched).await?;
        for (reference, text) in needed.into_iter().zip(fetched) {
            draft.supply(reference, text);
        }
    }
    Err(Error::config("The configuration refers to secrets that refer to others."))
}

/// The way to the keepers of secrets.
pub struct Secrets {
    aws: Aws,
    client: Client,
    credentials: credentials::Cache,
    /// The extension answered: there is one, and it remembers.
    has_extension: AtomicBool,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").field("region", &self.aws.region).finish_non_exhaustive()
    }
}

impl Secrets {
    /// Asks nobody yet.
    #[must_use]
    pub fn new(aws: Aws) -> Self {
        Self {
            aws,
            client: Client::default(),
            credentials: credentials::Cache::default(),
            has_extension: AtomicBool::new(false),
        }
    }

    /// Whether an extension answered, which may remember what is no longer so.
    #[must_use]
    pub fn may_remember(&self) -> bool {
        self.has_extension.load(Ordering::Relaxed)
    }

    /// The region that the variables name.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.aws.region.as_deref()
    }

    /// What `reference` leads to.
    ///
    /// # Errors
    /// An error that names the reference and says what to do: of the kind `Unavailable` when it may work later.
    pub async fn text(&self, reference: &Reference, version: SecretVersion) -> Result<String> {
        self.fetch(reference, version, PATIENCE).await
    }

    /// Who this process is for AWS, from the variables or from the container.
    ///
    /// # Errors
    /// When nobody says it.
    pub async fn credentials(&self) -> Result<Credentials> {
        self.credentials.get(&self.aws, &self.client).await
    }

    /// The same, if it is known already.
    #[must_use]
    pub fn known_credentials(&self) -> Option<Credentials> {
        self.credentials.known(&self.aws)
    }

    async fn fetch(
        &self,
        reference: &Reference,
        version: SecretVersion,
        patience: Duration,
    ) -> Result<String> {
        let remembered = match version {
            SecretVersion::Direct => None,
            SecretVersion::Current | SecretVersion::Fresh | SecretVersion::Previous => {
                self.fetch_from_extension(reference, version, patience).await
            }
        };
        let document = match remembered {
            Some(document) => document,
            None => self.fetch_from_service(reference, version).await?,
        };
        let text = document::content(reference, &document)?;
        match &reference.field {
            Some(field) => document::member(reference, field, &text),
            None => Ok(text),
        }
    }

    /// What the extension answers; none when there is none, or it cannot: then the service says why not.
    ///
    /// Source: AWS Lambda Developer Guide, "Use Secrets Manager secrets in Lambda functions"; AWS Systems Manager User
    /// Guide, "Using Parameter Store parameters in AWS Lambda functions". `refreshNow` is the Secrets Manager Agent's.
    async fn fetch_from_extension(
        &self,
        reference: &Reference,
        version: SecretVersion,
        patience: Duration,
    ) -> Option<Vec<u8>> {
        let extension = self.aws.extension?;
        let name = sign::escaped(&reference.name);
        let mut path = match reference.keeper {
            Keeper::SecretsManager => format!("/secretsmanager/get?secretId={name}"),
            Keeper::ParameterStore => {
                format!("/systemsmanager/parameters/get?name={name}&withDecryption=true")
            }
        };
        match version {
            SecretVersion::Current | SecretVersion::Direct => {}
            SecretVersion::Fresh => path.push_str("&refreshNow=true"),
            SecretVersion::Previous => path.push_str("&versionStage=AWSPREVIOUS&refreshNow=true"),
        }
        let uri: Uri = format!("http://127.0.0.1:{}{path}", extension.port).parse().ok()?;
        let token =
            self.aws.credentials.as_ref().and_then(|credentials| credentials.session_token.as_deref());
        let headers = [("x-aws-parameters-secrets-token", token.unwrap_or_default().to_owned())];
        let since = Instant::now();
        loop {
            let answer = self.client.send(Method::GET, &uri, &headers, Vec::new()).await;
            let is_starting = match &answer {
                Ok(Answer { status: StatusCode::OK, body }) => {
                    self.has_extension.store(true, Ordering::Relaxed);
                    return Some(body.to_vec());
                }
                Ok(Answer { status: StatusCode::BAD_REQUEST, body }) => says_not_ready(body),
                Err(HttpError::Refused) => extension.expected,
                Ok(_) | Err(_) => false,
            };
            if !is_starting || since.elapsed() > patience {
                if !matches!(answer, Err(HttpError::Refused)) {
                    tracing::debug!(%reference, "The extension does not answer with the secret; the service is asked.");
                }
                return None;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn fetch_from_service(&self, reference: &Reference, version: SecretVersion) -> Result<Vec<u8>> {
        let mut attempt = 1;
        loop {
            match self.fetch_from_service_once(reference, version).await {
                Err(error) if error.disposition() == Disposition::Retry && attempt < ATTEMPTS_MAX => {
                    tokio::time::sleep(BACKOFF * attempt).await;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    /// Source: AWS API references of `GetSecretValue` and `GetParameter`.
    async fn fetch_from_service_once(
        &self,
        reference: &Reference,
        version: SecretVersion,
    ) -> Result<Vec<u8>> {
        let (service, target, given) = match reference.keeper {
            Keeper::SecretsManager => {
                ("secretsmanager", "secretsmanager.GetSecretValue", &self.aws.secrets_manager_url)
            }
            Keeper::ParameterStore => ("ssm", "AmazonSSM.GetParameter", &self.aws.ssm_url),
        };
        let body = match (reference.keeper, version) {
            (Keeper::SecretsManager, SecretVersion::Previous) => {
                json!({"SecretId": reference.name, "VersionStage": "AWSPREVIOUS"})
            }
            (Keeper::SecretsManager, _) => json!({"SecretId": reference.name}),
            (Keeper::ParameterStore, _) => json!({"Name": reference.name, "WithDecryption": true}),
        };
        let region = reference.region().or(self.region()).ok_or_else(|| {
            Error::config(format!(
                "{reference} cannot be fetched: no region is known. Set the variable AWS_REGION, or name the secret by \
                 its ARN."
            ))
        })?;
        let url = given.clone().unwrap_or_else(|| url_of(service, region));
        let uri: Uri = url.parse().map_err(|_| {
            Error::config(
                "AWS_ENDPOINT_URL, or the one of the service, is not a URL such as http://localhost:4566.",
            )
        })?;
        let credentials = self.credentials().await.map_err(|error| {
            let message = format!("{reference} cannot be fetched: {}", error.message());
            Error::new(error.kind(), error.code(), message)
        })?;
        let body = body.to_string().into_bytes();
        let headers = [
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("host", http::host(&uri)),
            ("x-amz-target", target.to_owned()),
        ];
        let scope = sign::Scope { credentials: &credentials, region, service, at: SystemTime::now() };
        let headers = scope.signed("POST", http::path(&uri), &headers, &body);
        match self.client.send(Method::POST, &uri, &headers, body).await {
            Ok(Answer { status: StatusCode::OK, body }) => Ok(body.to_vec()),
            Ok(answer) => Err(document::refusal(reference, region, &answer)),
            Err(HttpError::NoRoots) => Err(Error::config(format!(
                "{reference} cannot be fetched: no root certificate was found. Install the system's CA certificates, or \
                 name their file in the variable SSL_CERT_FILE."
            ))),
            Err(error) => Err(Error::new(
                ErrorKind::Unavailable,
                Code::Unavailable,
                format!(
                    "{reference} cannot be fetched from {}: {error}. A function in a VPC needs a VPC endpoint of the \
                     service, or a way to the internet.",
                    http::host(&uri)
                ),
            )),
        }
    }
}

/// Where a service of a region is.
fn url_of(service: &str, region: &str) -> String {
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://{service}.{region}.amazonaws.com{china}")
}

/// The extension says so in plain text, in an answer that is otherwise an error.
fn says_not_ready(body: &[u8]) -> bool {
    memchr::memmem::find(body, b"not ready").is_some()
}
