//! What a request is answered.

use super::writer::Written;
use crate::config::CollectAnswer;
use crate::error::{Code, Disposition, Error};
use crate::json::quoted;
use crate::report::Outcome;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use std::borrow::Cow;
use std::fmt::Write as _;

/// More items nobody reads; the counts have all of them.
const ITEMS_MAX: usize = 1_000;
/// When to send again what is not durable, in seconds: a database that restarts takes about so long.
const RETRY_AFTER: u32 = 2;

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn bad(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn too_large(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }

    pub(super) fn busy() -> Self {
        let message = "The server has as much to do as it can take in. Send the request again.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
    }

    /// What is said when not everything is durable.
    pub(super) fn of(error: &Error) -> Self {
        let code = error.code().as_str();
        match (error.code(), error.disposition()) {
            (Code::SystemicPoison, _) => {
                let message =
                    "Most of what was sent cannot be stored, so nothing of it was parked. The log says why.";
                Self::bad(code, message)
            }
            (_, Disposition::Retry) => {
                let message =
                    "Not everything is durable: the database cannot be written now. Send the request again.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message)
            }
            // what a setting is called is nothing for a sender
            (_, Disposition::Abort | Disposition::Park) => {
                let message =
                    "The documents cannot be stored before the configuration is changed. The log says why.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, message)
            }
        }
    }

    pub(super) fn response(self, form: CollectAnswer) -> Response {
        let Self { status, code, message } = self;
        let body = match form {
            CollectAnswer::Json => {
                format!("{{\"error\":{},\"message\":{}}}", quoted(code), quoted(&message))
            }
            CollectAnswer::Plain => message.into_owned(),
        };
        let mut response = with(status, form, body);
        let headers = response.headers_mut();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The answer to a body without a document.
pub(super) fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// The answer when all is durable.
pub(super) fn stored(written: &Written, form: CollectAnswer) -> Response {
    if form == CollectAnswer::Plain {
        return with(StatusCode::OK, form, "Success".to_owned());
    }
    let count = |is: fn(&Outcome) -> bool| written.outcomes.iter().filter(|outcome| is(outcome)).count();
    let mut body = format!(
        "{{\"received\":{},\"applied\":{},\"stale\":{},\"ignored\":{},\"parked\":{},\"items\":[",
        written.outcomes.len(),
        count(|outcome| *outcome == Outcome::Applied),
        count(|outcome| *outcome == Outcome::Stale),
        count(|outcome| matches!(outcome, Outcome::Ignored(_))),
        count(|outcome| *outcome == Outcome::Parked),
    );
    for (at, (index, code)) in written.notes().take(ITEMS_MAX).enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // writing to a text cannot fail
        write!(body, "{comma}{{\"index\":{index},\"code\":{}}}", quoted(code)).unwrap_or_default();
    }
    body.push_str("]}");
    with(StatusCode::OK, form, body)
}

pub(super) fn with(status: StatusCode, form: CollectAnswer, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kind = match form {
        CollectAnswer::Json => "application/json",
        CollectAnswer::Plain => "text/plain; charset=utf-8",
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
