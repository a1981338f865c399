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

#[cfg(test)]
mod tests {
    use super::{Scope, database_token, escaped};
    use crate::config::Credentials;
    use std::collections::BTreeSet;
    use std::time::SystemTime;

    fn credentials(session_token: Option<&str>) -> Credentials {
        Credentials {
            key_id: if session_token.is_some() { "ASIAEXAMPLE" } else { "AKIDEXAMPLE" }.to_owned(),
            key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: session_token.map(str::to_owned),
        }
    }

    fn at(time: &str) -> SystemTime {
        time.parse::<jiff::Timestamp>().unwrap().into()
    }

    fn authorization(headers: &[(&'static str, String)]) -> String {
        headers.iter().find(|(name, _)| *name == "authorization").unwrap().1.clone()
    }

    /// Source: the cases get-vanilla and post-vanilla of AWS's published test suite of Signature Version 4.
    #[test]
    fn a_request_is_signed_as_in_the_published_cases() {
        let credentials = credentials(None);
        let scope = Scope {
            credentials: &credentials,
            region: "us-east-1",
            service: "service",
            at: at("2015-08-30T12:36:00Z"),
        };
        let host = [("host", "example.amazonaws.com".to_owned())];
        for (method, signature) in [
            ("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ] {
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders=host;x-amz-date, Signature={signature}"
            );
            assert_eq!(authorization(&scope.signed(method, "/", &host, b"")), expected);
        }
    }

    /// Computed by botocore 1.44.5 with its clock held still.
    #[test]
    fn requests_for_secrets_are_signed_as_botocore_signs_them() {
        type Case = (Option<&'static str>, [&'static str; 4], &'static str, &'static str, &'static str);
        let cases: [Case; 2] = [
            (
                Some("IQoJb3JpZ2luX2VjE+/token=="),
                ["eu-west-1", "secretsmanager", "secretsmanager.GetSecretValue", r#"{"SecretId":"prod/db"}"#],
                "secretsmanager.eu-west-1.amazonaws.com",
                "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
                "d2a1d2aa633023c351f602ba11c46afde2b0a57219ae35472e5aa78e8a50babb",
            ),
            (
                None,
                [
                    "us-east-1",
                    "ssm",
                    "AmazonSSM.GetParameter",
                    r#"{"Name":"/prod/db","WithDecryption":true}"#,
                ],
                "127.0.0.1:4566",
                "content-type;host;x-amz-date;x-amz-target",
                "00131655161070935f3baa9c8d53a7601a47bcf32f28d7841bfc07f06bd07192",
            ),
        ];
        for (token, [region, service, target, body], host, names, signature) in cases {
            let credentials = credentials(token);
            let scope = Scope { credentials: &credentials, region, service, at: at("2026-11-21T15:30:45Z") };
            let headers = [
                ("content-type", "application/x-amz-json-1.1".to_owned()),
                ("host", host.to_owned()),
                ("x-amz-target", target.to_owned()),
            ];
            let signed = scope.signed("POST", "/", &headers, body.as_bytes());
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential={}/20261121/{region}/{service}/aws4_request, SignedHeaders={names}, \
                 Signature={signature}",
                credentials.key_id
            );
            assert_eq!(authorization(&signed), expected);
        }
    }

    /// Computed by botocore 1.44.5, `generate_db_auth_token`, with its clock held still.
    #[test]
    fn a_databases_token_is_the_one_that_botocore_makes() {
        let cases = [
            (
                None,
                ("eu-west-1", "db.abc123.eu-west-1.rds.amazonaws.com", 5432, "rowtide"),
                "db.abc123.eu-west-1.rds.amazonaws.com:5432/?Action=connect&DBUser=rowtide&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Feu-west-1%2Frds-db%2Faws4_request&X-Amz-Date=20261121T153045Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=adf45358e2cb429f8807160de203d6931b6054b5f2467e84617387ec2fbd2335",
            ),
            (
                Some("IQoJb3JpZ2luX2VjE+/token=="),
                ("us-east-1", "proxy.example.org", 6432, "row tide/ä+"),
                "proxy.example.org:6432/?Action=connect&DBUser=row%20tide%2F%C3%A4%2B&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAEXAMPLE%2F20261121%2Fus-east-1%2Frds-db%2Faws4_request&X-Amz-Date=20261121T153045Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=IQoJb3JpZ2luX2VjE%2B%2Ftoken%3D%3D&X-Amz-Signature=a5e25aa70b8f59694d4fce47875437dee6a1e3688be85d12897d81909d84d2de",
            ),
        ];
        for (session, (region, host, port, user), expected) in cases {
            let at = at("2026-11-21T15:30:45Z");
            let token = database_token(&credentials(session), region, (host, port), user, at);
            // the order of the parameters is nobody's concern
            let parts = |token: &str| token.split(['?', '&']).map(str::to_owned).collect::<BTreeSet<_>>();
            assert_eq!(parts(&token), parts(expected));
        }
    }

    #[test]
    fn all_but_the_unreserved_characters_are_escaped() {
        assert_eq!(escaped("aZ09-_.~"), "aZ09-_.~");
        assert_eq!(escaped(" /:@?#%&=+ä\n"), "%20%2F%3A%40%3F%23%25%26%3D%2B%C3%A4%0A");
    }
}
