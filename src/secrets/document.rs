//! Reads the answer of Secrets Manager or Parameter Store.

use super::http::Answer;
use crate::config::{Keeper, Reference};
use crate::error::{Code, Error, ErrorKind, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Secret {
    #[serde(rename = "SecretString")]
    text: Option<String>,
    #[serde(rename = "SecretBinary")]
    binary: Option<String>,
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "Parameter")]
    parameter: Parameter,
}

#[derive(Deserialize)]
struct Parameter {
    #[serde(rename = "Value")]
    value: String,
}

/// The secret's text in a keeper's answer.
pub(super) fn content(reference: &Reference, document: &[u8]) -> Result<String> {
    // a parser's message quotes, and is left out
    let other = || Error::config(format!("{reference}: the answer holds no text."));
    match reference.keeper {
        Keeper::ParameterStore => {
            let answer: Parameters = serde_json::from_slice(document).map_err(|_| other())?;
            Ok(answer.parameter.value)
        }
        Keeper::SecretsManager => {
            let answer: Secret = serde_json::from_slice(document).map_err(|_| other())?;
            let binary =
                || STANDARD.decode(answer.binary?).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            answer.text.or_else(binary).ok_or_else(other)
        }
    }
}

/// The JSON object that a secret holds.
pub(super) fn object(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text).ok()
}

/// A member of the JSON object that a secret holds, as text.
pub(super) fn member(reference: &Reference, field: &str, text: &str) -> Result<String> {
    let Some(object) = object(text) else {
        return Err(Error::config(format!(
            "{reference}: the secret is no JSON object, so it has no `{field}`."
        )));
    };
    match object.get(field) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Null) | None => {
            Err(Error::config(format!("{reference}: the secret has no member `{field}`.")))
        }
        Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => {
            Ok(other.to_string())
        }
    }
}

/// What an answer other than the secret means. Its own words are left out, all but the name of the error.
pub(super) fn refusal(reference: &Reference, region: &str, answer: &Answer) -> Error {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(rename = "__type", alias = "code", default)]
        name: String,
    }
    let name = serde_json::from_slice(&answer.body).map_or_else(|_| String::new(), |Refusal { name }| name);
    let name = name.rsplit(['#', ':']).next().unwrap_or_default();
    let is_name = (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric());
    let status = answer.status.as_u16();
    let name = if is_name { name.to_owned() } else { format!("HTTP status {status}") };
    let (read, keeper) = match reference.keeper {
        Keeper::SecretsManager => ("secretsmanager:GetSecretValue", "Secrets Manager"),
        Keeper::ParameterStore => ("ssm:GetParameter", "Parameter Store"),
    };
    let what = match name.as_str() {
        "ResourceNotFoundException" | "ParameterNotFound" | "ParameterVersionNotFound" => {
            format!("{keeper} in {region} has nothing of this name, or no such version of it")
        }
        "AccessDeniedException" | "AccessDenied" => {
            format!("this role may not read it; allow {read}, and kms:Decrypt when it has a key of its own")
        }
        "DecryptionFailure" | "KMSAccessDeniedException" | "InvalidKeyId" => {
            "it cannot be decrypted; allow kms:Decrypt on its key".to_owned()
        }
        "ExpiredTokenException"
        | "ExpiredToken"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "MissingAuthenticationToken" => {
            "the credentials are not accepted; export fresh ones (AWS_ACCESS_KEY_ID …)".to_owned()
        }
        "InvalidRequestException" => "it cannot be read now: is it scheduled for deletion?".to_owned(),
        _ if status == 429 || status >= 500 || name.contains("Throttl") || name.contains("TooMany") => {
            let message = format!("{reference} cannot be fetched: {keeper} in {region} is busy ({name}).");
            return Error::new(ErrorKind::Unavailable, Code::Unavailable, message);
        }
        _ => format!("{keeper} in {region} refuses"),
    };
    Error::config(format!("{reference} cannot be fetched: {what} ({name})."))
}

#[cfg(test)]
mod tests {
    use super::{Answer, content, member, refusal};
    use crate::config::Reference;
    use crate::error::{Disposition, Error};
    use hyper::StatusCode;

    fn reference(text: &str) -> Reference {
        Reference::parse(text).unwrap()
    }

    #[test]
    fn the_text_is_found_in_the_answer_and_a_member_in_the_text() {
        let secret = |answer: &str| content(&reference("secretsmanager://a"), answer.as_bytes());
        assert_eq!(secret(r#"{"Name":"a","SecretString":"s"}"#).unwrap(), "s");
        assert_eq!(secret(r#"{"SecretBinary":"cw=="}"#).unwrap(), "s");
        let parameter = content(&reference("ssm://a"), br#"{"Parameter":{"Name":"a","Value":"v"}}"#);
        assert_eq!(parameter.unwrap(), "v");
        for bad in [r#"{"SecretBinary":"/w=="}"#, "{}", "hunter2", r#"{"SecretString":7}"#] {
            let error = secret(bad).unwrap_err();
            assert_eq!(error.message(), "secretsmanager://a: the answer holds no text.");
        }
        let field = |text: &str| member(&reference("secretsmanager://a#f"), "f", text);
        assert_eq!(field(r#"{"f":"v"}"#).unwrap(), "v");
        assert_eq!(field(r#"{"f":5432}"#).unwrap(), "5432");
        assert_eq!(field(r#"{"f":{"g":1}}"#).unwrap(), r#"{"g":1}"#);
        for bad in [r#"{"g":"hunter2"}"#, r#"{"f":null,"g":"hunter2"}"#, "hunter2"] {
            let error = field(bad).unwrap_err();
            assert!(
                error.message().contains("secretsmanager://a#f") && error.message().contains("`f`"),
                "{error}"
            );
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_to_do_and_repeats_nothing_but_its_name() {
        let refused = |status: u16, body: &str| -> Error {
            let answer =
                Answer { status: StatusCode::from_u16(status).unwrap(), body: body.to_owned().into() };
            refusal(&reference("secretsmanager://a"), "eu-west-1", &answer)
        };
        let cases = [
            (
                400,
                r#"{"__type":"ResourceNotFoundException","Message":"hunter2"}"#,
                "nothing of this name",
                false,
            ),
            (
                400,
                r#"{"__type":"com.amazon#AccessDeniedException","Message":"hunter2"}"#,
                "GetSecretValue",
                false,
            ),
            (400, r#"{"__type":"ExpiredTokenException"}"#, "credentials are not accepted", false),
            (403, r#"{"__type":"hunter2 hunter2"}"#, "HTTP status 403", false),
            (400, "hunter2", "HTTP status 400", false),
            (400, r#"{"__type":"ThrottlingException"}"#, "busy", true),
            (500, r#"{"__type":"InternalServiceError"}"#, "busy", true),
            (503, "<html>hunter2</html>", "busy", true),
        ];
        for (status, body, says, again) in cases {
            let error = refused(status, body);
            assert!(
                error.message().contains(says) && error.message().contains("secretsmanager://a"),
                "{error}"
            );
            assert!(!error.message().contains("hunter2"), "{error}");
            assert_eq!(error.disposition() == Disposition::Retry, again, "{error}");
        }
    }
}
