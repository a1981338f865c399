//! What a function says to the platform beside its answers: that it cannot start, and that it wants to end in order.

use crate::error::{Error, Result};
use lambda_runtime::Diagnostic;
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

/// Variables without which the runtime would panic.
const VARIABLES: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];
/// An answer of the platform is a matter of a millisecond; an emulator that has none must not keep the function.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// Closed connections say goodbye to the database meanwhile. Lambda kills the process after 500 ms.
const GOODBYE: Duration = Duration::from_millis(100);
const EXTENSION: &str = "rowtide-shutdown";

/// The function's name.
#[cfg(any(feature = "archive", feature = "http"))]
pub(super) fn function_name() -> Option<String> {
    std::env::var("AWS_LAMBDA_FUNCTION_NAME").ok().filter(|name| !name.is_empty())
}

/// A client of the Runtime API and the Extensions API.
#[derive(Debug)]
pub(super) struct Platform(PooledClient);

impl Platform {
    /// The platform that this process runs on.
    pub(super) fn find() -> Result<Self> {
        if let Some(missing) = VARIABLES.iter().find(|name| std::env::var(name).is_err()) {
            return Err(Error::config(format!(
                "The variable {missing} is not set: this program is started by AWS Lambda or an emulator of it. To \
                 apply events by hand there is `rowtide replay`."
            )));
        }
        Ok(Self(PooledClient::builder().build()))
    }

    /// Says why the function cannot start.
    ///
    /// # Source
    /// AWS Lambda Developer Guide, "Using the Lambda runtime API", initialization error.
    pub(super) async fn init_failed(&self, why: &Diagnostic) {
        let request = build_request()
            .method("POST")
            .uri("/2018-06-01/runtime/init/error")
            .header("lambda-runtime-function-error-type", "Runtime.ConfigInvalid")
            .body(Body::from(serde_json::to_vec(why).unwrap_or_default()));
        let Ok(request) = request else { return };
        if !matches!(timeout(ANSWER_TIMEOUT, self.0.call(request)).await, Ok(Ok(_))) {
            tracing::warn!("The Lambda Runtime API did not take the initialization error.");
        }
    }

    /// Ends the process in order, after `close`, when it is asked to end.
    ///
    /// Lambda asks (SIGTERM) only functions with an extension, so one without events is registered. Where that fails,
    /// as in an emulator without extensions, there is only the signal.
    pub(super) async fn on_shutdown(&self, close: impl FnOnce() + Send + 'static) {
        let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
        let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
            tracing::warn!(
                "The process cannot wait for signals; it will end without closing its connections."
            );
            return;
        };
        if !matches!(timeout(ANSWER_TIMEOUT, self.register()).await, Ok(Some(()))) {
            tracing::debug!("There is no Extensions API here.");
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            close();
            sleep(GOODBYE).await;
            std::process::exit(0);
        });
    }

    /// Registers an internal extension that wants no events.
    ///
    /// # Source
    /// AWS Lambda Developer Guide, "Using the Lambda Extensions API to create extensions".
    async fn register(&self) -> Option<()> {
        let register = build_request()
            .method("POST")
            .uri("/2020-01-01/extension/register")
            .header("lambda-extension-name", EXTENSION)
            .body(Body::from(r#"{"events":[]}"#));
        let answer = self.0.call(register.ok()?).await.ok()?;
        let id =
            answer.headers().get("lambda-extension-identifier").filter(|_| answer.status().is_success())?;
        let next = build_request()
            .method("GET")
            .uri("/2020-01-01/extension/event/next")
            .header("lambda-extension-identifier", id)
            .body(Body::empty());
        // asking for the first event ends the extension's initialization; it is never answered
        tokio::spawn(self.0.call(next.ok()?));
        Some(())
    }
}
