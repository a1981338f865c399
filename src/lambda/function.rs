//! What every function of ours is to Lambda: how it starts and ends, its deadline, and how it fails.

use super::{log, platform};
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use std::fmt;
use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A function, as Lambda sees it.
pub(super) trait Function: Sized + Send + Sync + 'static {
    /// The function that this process's configuration describes.
    fn from_environment() -> impl Future<Output = Result<Self>> + Send;

    /// Handles one invocation.
    fn handle(
        &self,
        event: LambdaEvent<Box<RawValue>>,
    ) -> impl Future<Output = Result<Response, Failure>> + Send;

    /// Closes what is open; for the end of the process.
    fn close(&self);
}

/// Runs a function until Lambda ends it.
pub(super) async fn serve<F: Function>() -> ExitCode {
    log::init();
    let platform = match platform::Platform::find() {
        Ok(platform) => Arc::new(platform),
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let function = match F::from_environment().await {
        Ok(function) => Arc::new(function),
        Err(error) => {
            tracing::error!(code = error.code().as_str(), "{error}");
            platform.init_failed(&diagnostic(&error)).await;
            return ExitCode::FAILURE;
        }
    };
    let closing = function.clone();
    platform.on_shutdown(move || closing.close()).await;
    match lambda_runtime::run(service_fn(|event| function.handle(event))).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %error, "The Lambda Runtime API is gone.");
            ExitCode::FAILURE
        }
    }
}

/// The response, as JSON; to a batch, empty when every record is durable. See
/// [`Report::response`](crate::report::Report::response).
pub type Response = Box<RawValue>;

/// Why an invocation failed. Its `Debug` is what the runtime logs: the type and the message for a person.
pub struct Failure(Diagnostic);

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.error_type, self.0.error_message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(diagnostic(&error))
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

/// The type is the error's code: `Rowtide.Configuration`, `Rowtide.SystemicPoison`. The causes are left out: they are
/// other programs' words, and nobody vouches for what they quote.
pub(super) fn diagnostic(error: &Error) -> Diagnostic {
    let mut error_type = "Rowtide.".to_owned();
    for word in error.code().as_str().split('_') {
        let mut letters = word.chars();
        error_type.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        error_type.push_str(letters.as_str());
    }
    Diagnostic { error_type, error_message: error.to_string() }
}

/// Deadlines before 2001 are no deadlines: some emulators send the length of the invocation instead.
const DEADLINE_MIN_MS: u64 = 1_000_000_000_000;

/// Lambda's longest invocation.
const INVOCATION_MAX: Duration = Duration::from_secs(900);

/// The invocation's deadline; none for a context that was made by hand.
pub(super) fn deadline(context: &Context) -> Deadline {
    let at = Duration::from_millis(context.deadline);
    match context.deadline {
        0 => Deadline::never(),
        1..DEADLINE_MIN_MS => Deadline::after(at),
        _ => {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            // a clock that is years back must not make it years
            Deadline::after(at.saturating_sub(now).min(INVOCATION_MAX))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Context, Deadline, deadline, diagnostic};
    use crate::error::{Code, Error, ErrorKind};
    use std::time::{Duration, SystemTime};

    #[test]
    fn the_type_of_an_error_is_its_code() {
        let typed = |code| diagnostic(&Error::new(ErrorKind::Config, code, "Do this.")).error_type;
        assert_eq!(typed(Code::Configuration), "Rowtide.Configuration");
        assert_eq!(typed(Code::SystemicPoison), "Rowtide.SystemicPoison");
    }

    #[test]
    fn causes_are_not_told() {
        let error = Error::config("sink.url is no URL.").because("unknown option `cret`");
        assert_eq!(diagnostic(&error).error_message, "sink.url is no URL.");
    }

    #[test]
    fn a_deadline_is_a_moment_and_a_small_number_is_a_length() {
        let left = |milliseconds| {
            let mut context = Context::default();
            context.deadline = milliseconds;
            deadline(&context).remaining()
        };
        assert_eq!(left(0), Deadline::never().remaining());
        let minutes = |n: u64| Duration::from_secs(60 * n);
        assert!(left(600_000).is_some_and(|left| left > minutes(9) && left <= minutes(10)));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
        let now = u64::try_from(now).unwrap();
        assert!(left(now + 600_000).is_some_and(|left| left > minutes(9) && left <= minutes(10)));
        assert_eq!(left(now - 1), Some(Duration::ZERO));
        // as when this clock is thirty years back
        assert!(left(now + 30 * 365 * 86_400_000).is_some_and(|left| left <= minutes(15)));
    }
}
