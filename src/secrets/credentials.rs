//! AWS credentials of this process, from variables or the container's endpoint.

use super::http::{Client, HttpError};
use crate::config::{Aws, Container, Credentials};
use crate::error::{Code, Error, ErrorKind, Result};
use hyper::{Method, StatusCode, Uri};
use jiff::Timestamp;
use serde::Deserialize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Credentials of a container are asked for again so long before they end.
const MARGIN: Duration = Duration::from_secs(300);
/// Where a container may be asked over plain HTTP, beside loopback.
///
/// Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
const CONTAINER_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

/// The credentials of a container, until they end.
#[derive(Default)]
pub(super) struct Cache(Mutex<Option<(Credentials, SystemTime)>>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: Option<String>,
}

impl Cache {
    /// The credentials, as far as they are known without asking.
    pub(super) fn known(&self, aws: &Aws) -> Option<Credentials> {
        if aws.credentials.is_some() {
            return aws.credentials.clone();
        }
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|(_, end)| *end > SystemTime::now() + MARGIN).map(|(known, _)| known.clone())
    }

    pub(super) async fn get(&self, aws: &Aws, client: &Client) -> Result<Credentials> {
        if let Some(known) = self.known(aws) {
            return Ok(known);
        }
        let Some(container) = &aws.container else {
            return Err(Error::config(
                "There are no AWS credentials: set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, for \
                 example by `eval \"$(aws configure export-credentials --format env)\"`.",
            ));
        };
        let (credentials, end) = ask(container, client).await?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((credentials.clone(), end));
        Ok(credentials)
    }
}

async fn ask(container: &Container, client: &Client) -> Result<(Credentials, SystemTime)> {
    let wrong = |why: &str| Error::config(format!("The container's credentials cannot be used: {why}."));
    let uri: Uri = container.url.parse().map_err(|_| wrong("their address is no URL"))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback = host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    if uri.scheme_str() != Some("https") && !is_loopback && !CONTAINER_HOSTS.contains(&host) {
        return Err(wrong("their address is neither HTTPS nor a container's"));
    }
    let token = match (&container.token_file, &container.token) {
        (Some(file), _) => {
            let token = std::fs::read_to_string(file);
            Some(
                token
                    .map_err(|_| wrong("the file of the authorization token cannot be read"))?
                    .trim()
                    .to_owned(),
            )
        }
        (None, token) => token.clone(),
    };
    let headers: Vec<_> = token.into_iter().map(|token| ("authorization", token)).collect();
    let unavailable = |why: String| Error::new(ErrorKind::Unavailable, Code::Unavailable, why);
    let answer = client.send(Method::GET, &uri, &headers, Vec::new()).await.map_err(|error: HttpError| {
        unavailable(format!("The container's credentials cannot be asked for: {error}."))
    })?;
    if answer.status != StatusCode::OK {
        return Err(unavailable(format!(
            "The container gives no credentials: HTTP status {}.",
            answer.status.as_u16()
        )));
    }
    let given: Answer = serde_json::from_slice(&answer.body).map_err(|_| wrong("the answer holds none"))?;
    let end = given.expiration.as_deref().and_then(|end| end.parse::<Timestamp>().ok());
    // without an end they are good for as long as the margin lets them be asked for again
    let end = end.map_or_else(|| SystemTime::now() + MARGIN * 2, SystemTime::from);
    let credentials = Credentials {
        key_id: given.access_key_id,
        key: given.secret_access_key,
        session_token: given.token.filter(|token| !token.is_empty()),
    };
    Ok((credentials, end))
}
