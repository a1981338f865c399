//! Signatures of AWS, version 4: of a request's headers, and the presigned URL that is a database's password.
//!
//! Source: AWS IAM User Guide, "Create a signed AWS API request". Written here because the two uses are fixed and
//! small; the crate aws-sigv4 brings 18 others.

use crate::config::Credentials;
use crate::event::hex;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::time::SystemTime;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How long a token lets somebody in; the longest that AWS allows.
const TOKEN_SECONDS: u32 = 900;

/// Who signs what, and when.
pub(super) struct Scope<'a> {
    pub(super) credentials: &'a Credentials,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) at: SystemTime,
}

impl Scope<'_> {
    /// The headers of a request without a query, with those that sign it. The names of `headers` are in lower case.
    pub(super) fn signed(
        &self,
        method: &str,
        path: &str,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> Vec<(&'static str, String)> {
        let mut headers = headers.to_vec();
        headers.push(("x-amz-date", self.time()));
        if let Some(token) = &self.credentials.session_token {
            headers.push(("x-amz-security-token", token.clone()));
        }
        headers.sort_unstable();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String =
            headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let request = format!("{method}\n{path}\n\n{lines}\n{names}\n{}", hex(&Sha256::digest(body)));
        let authorization = format!(
            "{ALGORITHM} Credential={}/{}, SignedHeaders={names}, Signature={}",
            self.credentials.key_id,
            self.name(),
            self.signature(&request)
        );
        headers.push(("authorization", authorization));
        headers
    }

    /// The query of a presigned GET of `/` at `host`, in order.
    fn presigned(&self, host: &str, parameters: &[(&str, &str)]) -> String {
        let (time, seconds) = (self.time(), TOKEN_SECONDS.to_string());
        let credential = format!("{}/{}", self.credentials.key_id, self.name());
        let mut all = parameters.to_vec();
        all.extend([
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &time),
            ("X-Amz-Expires", &seconds),
            ("X-Amz-SignedHeaders", "host"),
        ]);
        if let Some(token) = &self.credentials.session_token {
            all.push(("X-Amz-Security-Token", token));
        }
        let mut all: Vec<String> =
            all.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        all.sort_unstable();
        let query = all.join("&");
        let request = format!("GET\n/\n{query}\nhost:{host}\n\nhost\n{}", hex(&Sha256::digest(b"")));
        format!("{query}&X-Amz-Signature={}", self.signature(&request))
    }

    fn signature(&self, request: &str) -> String {
        let text =
            format!("{ALGORITHM}\n{}\n{}\n{}", self.time(), self.name(), hex(&Sha256::digest(request)));
        let mut key = format!("AWS4{}", self.credentials.key).into_bytes();
        for part in [&self.day(), self.region, self.service, "aws4_request"] {
            key = authenticated(&key, part);
        }
        hex(&authenticated(&key, &text))
    }

    /// The scope's name: `20261121/eu-west-1/ssm/aws4_request`.
    fn name(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.day(), self.region, self.service)
    }

    fn time(&self) -> String {
        Timestamp::try_from(self.at).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    fn day(&self) -> String {
        Timestamp::try_from(self.at).unwrap_or_default().strftime("%Y%m%d").to_string()
    }
}

fn authenticated(key: &[u8], text: &str) -> Vec<u8> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).expect("a key of HMAC may have any length");
    code.update(text.as_bytes());
    code.finalize().into_bytes().to_vec()
}

/// The password with which `user` is let into an RDS database by IAM during the next 15 minutes.
///
/// Source: Amazon RDS User Guide, "IAM database authentication".
#[must_use]
pub fn database_token(
    credentials: &Credentials,
    region: &str,
    (host, port): (&str, u16),
    user: &str,
    at: SystemTime,
) -> String {
    let scope = Scope { credentials, region, service: "rds-db", at };
    let place = format!("{host}:{port}");
    format!("{place}/?{}", scope.presigned(&place, &[("Action", "connect"), ("DBUser", user)]))
}

/// The text for a URL: of RFC 3986's characters only the unreserved stay.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
