//! Buckets of S3, and of what speaks like it. Who this process is, the official library finds out: variables, profiles,
//! SSO, web identity, containers, instances. One library encrypts: rustls with ring.

use crate::config::Aws;
use crate::error::{Error, Result};
use crate::roots;
use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use object_store::aws::{AmazonS3Builder, AwsCredential};
use object_store::client::{HttpClient, HttpConnector};
use object_store::{ClientOptions, CredentialProvider, ObjectStore, RetryConfig, StaticCredentialProvider};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::Mutex;

/// What was asked is asked again so often, and so long, while S3 is busy or cannot be reached.
const RETRIES_MAX: usize = 5;
const RETRY_TIME: Duration = Duration::from_secs(60);
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// The longest that nothing comes back: as long as a part of an upload may take.
const SILENCE: Duration = Duration::from_secs(120);
/// Credentials are asked for again so long before they end.
const MARGIN: Duration = Duration::from_secs(300);

/// The bucket of this name. It is not asked yet.
pub(super) async fn bucket(name: &str, aws: &Aws) -> Result<Arc<dyn ObjectStore>> {
    // a chain of places is gone through only where the variables do not say it all
    let sdk = match (&aws.credentials, &aws.region, &aws.s3_url) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => None,
        _ => Some(sdk_config(aws).await),
    };
    let credentials: Arc<dyn CredentialProvider<Credential = AwsCredential>> =
        match (&aws.credentials, sdk.as_ref().and_then(SdkConfig::credentials_provider)) {
            (Some(known), _) => Arc::new(StaticCredentialProvider::new(AwsCredential {
                key_id: known.key_id.clone(),
                secret_key: known.key.clone(),
                token: known.session_token.clone(),
            })),
            (None, Some(provider)) => Arc::new(Credentials { provider, known: Mutex::default() }),
            (None, None) => return Err(Error::config(NO_CREDENTIALS)),
        };
    let url = aws.s3_url.as_deref().or(sdk.as_ref().and_then(SdkConfig::endpoint_url));
    let region = aws.region.as_deref().or(sdk.as_ref().and_then(SdkConfig::region).map(Region::as_ref));
    // what only speaks like S3 has none, but signs with one
    let region = region.or(url.map(|_| "us-east-1")).ok_or_else(|| {
        Error::config(format!(
            "s3://{name} cannot be used: no region is known. Set the variable AWS_REGION, or `region` in the profile."
        ))
    })?;
    let builder = AmazonS3Builder::new()
        .with_bucket_name(name)
        .with_region(region)
        .with_credentials(credentials)
        .with_http_connector(Connector)
        .with_retry(RetryConfig {
            max_retries: RETRIES_MAX,
            retry_timeout: RETRY_TIME,
            ..RetryConfig::default()
        });
    let builder = match url {
        Some(url) => {
            let is_plain = url.starts_with("http://");
            if is_plain && !is_loopback(url) {
                return Err(Error::config(
                    "The endpoint of S3 (AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL) must begin with https://: without \
                     encryption only this machine itself is talked to.",
                ));
            }
            builder.with_endpoint(url).with_allow_http(is_plain)
        }
        None if region.starts_with("cn-") => {
            builder.with_endpoint(format!("https://s3.{region}.amazonaws.com.cn"))
        }
        // a certificate of AWS has room for one name in front of its own
        None => builder.with_virtual_hosted_style_request(!name.contains('.')),
    };
    let store = builder.build().map_err(|error| {
        Error::config(format!(
            "s3://{name} cannot be used: the bucket, its region or its endpoint is no name."
        ))
        .because(error)
    })?;
    Ok(Arc::new(store))
}

async fn sdk_config(aws: &Aws) -> SdkConfig {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let client = aws_smithy_http_client::Builder::new().tls_provider(tls).build_https();
    let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(client);
    match &aws.region {
        Some(region) => loader.region(Region::new(region.clone())).load().await,
        None => loader.load().await,
    }
}

fn is_loopback(url: &str) -> bool {
    let Ok(uri) = url.parse::<hyper::Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

const NO_CREDENTIALS: &str = "There are no AWS credentials that work. Log in, for example by `aws sso login`, name a \
    profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.";

/// Makes the connections, with the certificates that everything else here trusts.
#[derive(Debug)]
struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| object_store::Error::Generic {
            store: "S3",
            source,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = roots::of_system().unwrap_or_else(rustls::RootCertStore::empty);
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(error.into()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(CONNECT_TIME)
            .read_timeout(SILENCE)
            .user_agent("rowtide")
            .build()
            .map_err(|error| failed(error.into()))?;
        Ok(HttpClient::new(client))
    }
}

/// Credentials, until they end.
#[derive(Debug)]
struct Credentials {
    provider: SharedCredentialsProvider,
    known: Mutex<Option<(Arc<AwsCredential>, Option<SystemTime>)>>,
}

#[async_trait]
impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut known = self.known.lock().await;
        let is_good = |end: &Option<SystemTime>| end.is_none_or(|end| end > SystemTime::now() + MARGIN);
        if let Some((credential, _)) = known.as_ref().filter(|(_, end)| is_good(end)) {
            return Ok(credential.clone());
        }
        // why not is said by the library in words that may quote a profile
        let found = self.provider.provide_credentials().await.map_err(|_| object_store::Error::Generic {
            store: "S3",
            source: Box::new(Error::config(NO_CREDENTIALS)),
        })?;
        let credential = Arc::new(AwsCredential {
            key_id: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        });
        *known = Some((credential.clone(), found.expiry()));
        Ok(credential)
    }
}
