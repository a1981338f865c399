//! Asks Lambda to run a function later, as a job does that goes on in another invocation.

use super::http::{self, Answer, HttpError};
use super::{Secrets, sign, url_of};
use crate::error::{Code, Error, ErrorKind, Result};
use hyper::{Method, StatusCode, Uri};
use std::time::SystemTime;

/// As names of hosts and signatures call it.
const SERVICE: &str = "lambda";
/// Lambda answers this when it has taken an event for later.
const TAKEN: StatusCode = StatusCode::ACCEPTED;

impl Secrets {
    /// Hands Lambda an event for `function`, a name or `NAME:ALIAS`, to be run later.
    ///
    /// # Errors
    /// When Lambda does not take it: an error of the kind `Unavailable` when it may do so later.
    pub async fn invoke_later(&self, function: &str, event: &str) -> Result<()> {
        let region = self.region().ok_or_else(|| {
            Error::config(format!(
                "{function} cannot be invoked: no region is known. Set the variable AWS_REGION."
            ))
        })?;
        let url = self.aws.lambda_url.clone().unwrap_or_else(|| url_of(SERVICE, region));
        let path = |name: &str| format!("/2015-03-31/functions/{name}/invocations");
        let uri: Uri = format!("{}{}", url.trim_end_matches('/'), path(function)).parse().map_err(|_| {
            Error::config(
                "AWS_ENDPOINT_URL_LAMBDA or AWS_ENDPOINT_URL is not a URL such as http://localhost:4566.",
            )
        })?;
        let credentials = self.credentials().await?;
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("host", http::host(&uri)),
            ("x-amz-invocation-type", "Event".to_owned()),
        ];
        let scope =
            sign::Scope { credentials: &credentials, region, service: SERVICE, at: SystemTime::now() };
        let body = event.as_bytes().to_vec();
        let signed = scope.signed("POST", &path(&sign::escaped(function)), &headers, &body);
        let unavailable = |why: String| Error::new(ErrorKind::Unavailable, Code::Unavailable, why);
        match self.client.send(Method::POST, &uri, &signed, body).await {
            Ok(Answer { status: TAKEN, .. }) => Ok(()),
            Ok(Answer { status: StatusCode::FORBIDDEN | StatusCode::NOT_FOUND, .. }) => {
                Err(Error::config(format!(
                    "Lambda does not let this function invoke {function}: its role needs lambda:InvokeFunction on itself."
                )))
            }
            Ok(answer) => Err(unavailable(format!(
                "Lambda does not take an event for {function}: HTTP status {}.",
                answer.status.as_u16()
            ))),
            Err(HttpError::NoRoots) => {
                Err(Error::config("No root certificate was found to reach Lambda by."))
            }
            Err(error) => Err(unavailable(format!(
                "Lambda cannot be reached at {}: {error}. A function in a VPC needs a VPC endpoint of Lambda, or a way to \
                 the internet.",
                http::host(&uri)
            ))),
        }
    }
}
