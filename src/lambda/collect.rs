//! The function `rowtide-collect`: requests that an HTTP API, a REST API, a function URL or a load balancer hands to
//! Lambda, answered by the router of `collect`.
//!
//! # Source
//! Amazon API Gateway Developer Guide, "Input format of a Lambda function for proxy integration" and "Create AWS Lambda
//! proxy integrations for HTTP APIs"; AWS Lambda Developer Guide, "Invoking Lambda function URLs"; Elastic Load
//! Balancing User Guide, "Use Lambda functions as targets".

use super::function::{Failure, Function, Response, deadline, serve};
use crate::collect::{Collector, Write, Writer, Written, router};
use crate::config::Draft;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::json::quoted;
use crate::pipeline::Flow;
use crate::record::Record;
use crate::secrets;
use crate::sink::Database;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use lambda_runtime::LambdaEvent;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tower_service::Service as _;

/// What no path has as it is: some of the four decode it first.
const NO_PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'?').add(b'#').add(b'`');

/// Runs the function that takes documents until Lambda ends it, as [`run`](super::run) does the stream function.
pub async fn run_collect() -> ExitCode {
    serve::<CollectFunction>().await
}

/// What the function keeps from one invocation to the next.
struct CollectFunction {
    writer: Arc<Writer>,
    router: Router,
}

/// Writes each request by itself: an invocation has one.
struct Direct {
    writer: Arc<Writer>,
    function: Option<String>,
    /// Until the first documents.
    is_cold: AtomicBool,
}

impl Write for Direct {
    async fn flow(&self, deadline: Deadline) -> Result<&Flow> {
        self.writer.flow(deadline).await
    }

    async fn write(&self, records: Vec<Record>, deadline: Deadline) -> Option<Written> {
        let started = Instant::now();
        let (written, measures) = self.writer.write(&records, deadline).await;
        if let Some(mut measures) = measures {
            if self.is_cold.swap(false, Ordering::Relaxed) {
                measures.was_cold();
            }
            self.writer.emit(measures, started, self.function.as_deref());
        }
        Some(written)
    }
}

impl Function for CollectFunction {
    async fn from_environment() -> Result<Self> {
        let config = Box::pin(secrets::load(Draft::of_function()?)).await?;
        config.sink.required_url()?;
        let database = Database::new(&config)?;
        database.prefetch();
        let writer = Arc::new(Writer::new(&config, database)?);
        let direct = Direct {
            writer: writer.clone(),
            function: super::platform::function_name(),
            is_cold: AtomicBool::new(true),
        };
        Ok(Self { writer, router: router(Collector::new(&config, direct)?) })
    }

    async fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Response, Failure> {
        let (payload, context) = event.into_parts();
        let asked: Asked = serde_json::from_str(payload.get()).map_err(|_| no_request())?;
        let is_multiple = asked.multi_value_headers.is_some();
        let mut request = asked.request()?;
        request.extensions_mut().insert(deadline(&context));
        let answered = Box::pin(self.router.clone().call(request)).await;
        let answered = answered.unwrap_or_else(|never| match never {});
        let text = answer(answered, is_multiple).await;
        Ok(RawValue::from_string(text).map_err(|_| Error::config("The answer is not JSON."))?)
    }

    fn close(&self) {
        self.writer.sink().close();
    }
}

fn no_request() -> Error {
    Error::config(
        "The event is no HTTP request: invoke the function through an HTTP API, a REST API, a function URL or a load \
         balancer.",
    )
}

/// An event, of whichever of the four: what one of them lacks is not there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    http_method: Option<String>,
    path: Option<String>,
    raw_path: Option<String>,
    #[serde(default)]
    headers: Option<BTreeMap<String, Option<String>>>,
    #[serde(default)]
    multi_value_headers: Option<BTreeMap<String, Option<Vec<String>>>>,
    #[serde(default)]
    request_context: RequestContext,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Debug, Default, Deserialize)]
struct RequestContext {
    http: Option<Http>,
}

#[derive(Debug, Deserialize)]
struct Http {
    method: String,
}

impl Asked {
    fn request(self) -> Result<Request<Body>> {
        let method = self.http_method.or(self.request_context.http.map(|http| http.method));
        let (Some(method), Some(path)) = (method, self.raw_path.or(self.path)) else {
            return Err(no_request());
        };
        let body = self.body.unwrap_or_default();
        // what is said to be base64 and is not is a body that cannot be read
        let body = match self.is_base64_encoded {
            true => STANDARD.decode(&body).unwrap_or_else(|_| body.into_bytes()),
            false => body.into_bytes(),
        };
        let single = self
            .headers
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(name, value)| Some((name, vec![value?])));
        let several = self.multi_value_headers.map(|headers| {
            headers.into_iter().filter_map(|(name, values)| Some((name, values?))).collect::<Vec<_>>()
        });
        let mut headers = HeaderMap::new();
        for (name, values) in several.unwrap_or_else(|| single.collect()) {
            let Ok(name) = name.parse::<HeaderName>() else { continue };
            // the body is here, as long as it is
            if name == header::CONTENT_LENGTH || name == header::TRANSFER_ENCODING {
                continue;
            }
            for value in values.iter().filter_map(|value| HeaderValue::from_str(value).ok()) {
                headers.append(name.clone(), value);
            }
        }
        let request = Request::builder()
            .method(method.parse::<Method>().map_err(|_| no_request())?)
            .uri(utf8_percent_encode(&path, NO_PATH).to_string());
        let mut request = request.body(Body::from(body)).map_err(|_| no_request())?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// The answer as Lambda hands it on.
async fn answer(response: axum::response::Response, is_multiple: bool) -> String {
    let (head, body) = response.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut headers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, value) in &head.headers {
        headers
            .entry(name.as_str())
            .or_default()
            .push(String::from_utf8_lossy(value.as_bytes()).into_owned());
    }
    let headers = headers.iter().map(|(name, values)| {
        let values = match is_multiple {
            true => format!("[{}]", values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(",")),
            false => quoted(&values.join(", ")),
        };
        format!("{}:{values}", quoted(name))
    });
    let (headers, member) =
        (headers.collect::<Vec<_>>().join(","), if is_multiple { "multiValueHeaders" } else { "headers" });
    let (body, is_base64) = match std::str::from_utf8(&body) {
        Ok(text) => (quoted(text), false),
        Err(_) => (quoted(&STANDARD.encode(&body)), true),
    };
    let status = head.status;
    format!(
        "{{\"statusCode\":{},\"statusDescription\":{},\"{member}\":{{{headers}}},\"body\":{body},\"isBase64Encoded\":{is_base64}}}",
        status.as_u16(),
        quoted(&status.to_string())
    )
}
