//! What the variables of AWS say: where its services are, and who asks. They are the platform's and no settings.

use super::Environment;
use std::fmt;
use std::path::PathBuf;

/// Port of the Parameters and Secrets extension when nothing says otherwise.
const EXTENSION_PORT: u16 = 2773;
/// Where a container's credentials are when only their path is said.
const CONTAINER_HOST: &str = "http://169.254.170.2";

/// What this process knows of AWS. Shows itself without secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aws {
    /// `AWS_REGION`, else `AWS_DEFAULT_REGION`.
    pub region: Option<String>,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
    pub credentials: Option<Credentials>,
    /// Where a container asks for its credentials.
    pub container: Option<Container>,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`, else `AWS_ENDPOINT_URL`; none: the region's.
    pub secrets_manager_url: Option<String>,
    /// `AWS_ENDPOINT_URL_SSM`, else `AWS_ENDPOINT_URL`; none: the region's.
    pub ssm_url: Option<String>,
    /// `AWS_ENDPOINT_URL_S3`, else `AWS_ENDPOINT_URL`; none: the region's.
    pub s3_url: Option<String>,
    /// `AWS_ENDPOINT_URL_LAMBDA`, else `AWS_ENDPOINT_URL`; none: the region's.
    pub lambda_url: Option<String>,
    /// Where the Parameters and Secrets extension would be; none outside of a function.
    pub extension: Option<Extension>,
}

/// Who asks AWS. Shows itself without the secret parts.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name of the key.
    pub key_id: String,
    /// The key: for signatures, never for a log.
    pub key: String,
    /// What goes with a temporary key.
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Where a container asks for its credentials, and what with.
#[derive(Clone, PartialEq, Eq)]
pub struct Container {
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`, or the address of `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`.
    pub url: String,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN`.
    pub token: Option<String>,
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`, read each time: it is renewed.
    pub token_file: Option<PathBuf>,
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Container").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The Parameters and Secrets extension, as far as the variables know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension {
    /// `PARAMETERS_SECRETS_EXTENSION_HTTP_PORT`.
    pub port: u16,
    /// Somebody set the port: then it is there, even when it does not listen yet.
    pub expected: bool,
}

impl From<&Environment> for Aws {
    fn from(environment: &Environment) -> Self {
        let get = |name: &str| {
            let value = environment.get(name)?.to_str()?;
            Some(value.to_owned()).filter(|value| !value.is_empty())
        };
        let endpoint = |name: &str| {
            let ignored = get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value == "true");
            get(name).or_else(|| get("AWS_ENDPOINT_URL")).filter(|_| !ignored)
        };
        let credentials = get("AWS_ACCESS_KEY_ID").zip(get("AWS_SECRET_ACCESS_KEY"));
        let container = get("AWS_CONTAINER_CREDENTIALS_FULL_URI").or_else(|| {
            get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map(|path| format!("{CONTAINER_HOST}{path}"))
        });
        let port = get("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT").and_then(|port| port.parse().ok());
        let is_function = get("AWS_LAMBDA_RUNTIME_API").is_some();
        Self {
            region: get("AWS_REGION").or_else(|| get("AWS_DEFAULT_REGION")),
            credentials: credentials.map(|(key_id, key)| Credentials {
                key_id,
                key,
                session_token: get("AWS_SESSION_TOKEN"),
            }),
            container: container.map(|url| Container {
                url,
                token: get("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
                token_file: get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(PathBuf::from),
            }),
            secrets_manager_url: endpoint("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
            ssm_url: endpoint("AWS_ENDPOINT_URL_SSM"),
            lambda_url: endpoint("AWS_ENDPOINT_URL_LAMBDA"),
            s3_url: endpoint("AWS_ENDPOINT_URL_S3"),
            extension: (is_function || port.is_some())
                .then(|| Extension { port: port.unwrap_or(EXTENSION_PORT), expected: port.is_some() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Aws, Environment, Extension};

    fn aws(variables: &[(&str, &str)]) -> Aws {
        let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
        Aws::from(&pairs.collect::<Environment>())
    }

    #[test]
    fn the_variables_of_aws_are_read_as_its_tools_read_them() {
        assert_eq!(aws(&[]), Aws::default());
        let found =
            aws(&[("AWS_DEFAULT_REGION", "a"), ("AWS_REGION", "b"), ("AWS_ENDPOINT_URL", "http://all")]);
        assert_eq!(found.region.as_deref(), Some("b"));
        assert_eq!(found.ssm_url.as_deref(), Some("http://all"));
        let found = aws(&[("AWS_ENDPOINT_URL_SSM", "http://one"), ("AWS_ENDPOINT_URL", "http://all")]);
        assert_eq!(found.ssm_url.as_deref(), Some("http://one"));
        assert_eq!(found.secrets_manager_url.as_deref(), Some("http://all"));
        assert_eq!(found.s3_url.as_deref(), Some("http://all"));
        let ignored =
            aws(&[("AWS_ENDPOINT_URL", "http://all"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")]);
        assert_eq!(ignored.ssm_url, None);
        assert_eq!(aws(&[("AWS_ACCESS_KEY_ID", "AKID")]).credentials, None);
        let container = aws(&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x")]).container;
        assert_eq!(container.unwrap().url, "http://169.254.170.2/v2/credentials/x");
    }

    #[test]
    fn the_extension_is_looked_for_in_functions_and_where_its_port_is_set() {
        let extension = |variables: &[(&str, &str)]| aws(variables).extension;
        assert_eq!(extension(&[]), None);
        let unsaid = Extension { port: 2773, expected: false };
        assert_eq!(extension(&[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")]), Some(unsaid));
        let said = Extension { port: 4000, expected: true };
        assert_eq!(extension(&[("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "4000")]), Some(said));
    }

    #[test]
    fn credentials_are_not_shown() {
        let aws = aws(&[
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("AWS_SESSION_TOKEN", "hunter2"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2"),
        ]);
        let shown = format!("{aws:?}");
        assert!(!shown.contains("hunter2") && shown.contains("AKID"), "{shown}");
    }
}
