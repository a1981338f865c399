//! The paths there are, and the way of a request through them.

use super::answer::{self, Refusal};
use super::body::{self, Documents, Item};
use super::id::Ids;
use super::trust::Trust;
use super::writer::Write;
use super::{SOURCE, writer::Written};
use crate::catalogue::TABLE_BYTES_MAX;
use crate::config::{CollectAnswer, Config};
use crate::deadline::Deadline;
use crate::error::Result;
use crate::event::Timestamp;
use crate::formats::collect::HEAD;
use crate::json::quoted;
use crate::record::{Record, Redelivered};
use crate::source::{SourceIdentity, SourceTable};
use crate::unpack::Bounds;
use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long an answer is waited for where nobody says it: a transport's own deadline is a [`Deadline`] among the
/// request's extensions.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
/// The part of `limits.memory` that the bodies of all requests may take up at once.
const BODIES_SHARE: usize = 4;
/// What a permit stands for.
const PERMIT_BYTES: usize = 1_024;
/// How long a browser need not ask again.
const ASK_AGAIN_S: &str = "3600";
/// What a page may send beside its body.
const CORS_HEADERS: &str = "authorization, content-encoding, content-type, idempotency-key";
const CORS_METHODS: &str = "POST, OPTIONS";

/// What answers requests: who is let in, how documents are named, and where they go.
pub struct Collector<W> {
    writer: W,
    trust: Trust,
    ids: Ids,
    table: String,
    form: CollectAnswer,
    cors: Vec<String>,
    body_max: usize,
    bounds: Bounds,
    /// The memory that is left for bodies.
    memory: Semaphore,
}

impl<W: Write> Collector<W> {
    /// What `config` describes.
    ///
    /// # Errors
    /// A configuration error that names the setting.
    pub fn new(config: &Config, writer: W) -> Result<Self> {
        let settings = &config.collect;
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let body_max = size(settings.body_max);
        let memory = (size(config.limits.memory) / BODIES_SHARE).max(body_max) / PERMIT_BYTES;
        Ok(Self {
            writer,
            trust: Trust::new(settings)?,
            ids: Ids::new(&settings.id),
            table: settings.table.clone(),
            form: settings.answer,
            cors: settings.cors.clone(),
            body_max,
            bounds: Bounds::of(config.limits.memory),
            memory: Semaphore::new((memory + 1).min(Semaphore::MAX_PERMITS)),
        })
    }

    async fn answer(&self, table: Option<String>, request: Request) -> Result<Response, Refusal> {
        let table = table.unwrap_or_else(|| self.table.clone());
        let deadline = request.extensions().get::<Deadline>().copied();
        let deadline = deadline.unwrap_or_else(|| Deadline::after(ANSWERED_WITHIN));
        let (head, body) = request.into_parts();
        self.trust.admits(&head.headers)?;
        if table.is_empty() || table.len() > TABLE_BYTES_MAX {
            return Err(Refusal::new(StatusCode::NOT_FOUND, "bad_table", "No table can have such a name."));
        }
        // a length that is told lies between the bounds of the size hint
        let told = body.size_hint().upper().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let _memory = self.reserve(told.unwrap_or(self.body_max).min(self.body_max))?;
        let body = body::read(body, self.body_max).await?;
        let telling = self.trust.telling(&head.headers, &body)?;
        let packed = body.len();
        let documents = body::documents(body, self.bounds)?;
        let records = self.records(&table, documents, &head.headers, telling)?;
        if records.is_empty() {
            return Ok(answer::nothing());
        }
        let unpacked: usize = records.iter().map(|record| record.payload.len()).sum();
        let _unpacked = self.reserve(unpacked.saturating_sub(packed))?;
        self.is_routed(&table, deadline).await?;
        let written = self.writer.write(records, deadline).await.ok_or_else(Refusal::busy)?;
        self.told(&written)
    }

    fn told(&self, written: &Written) -> Result<Response, Refusal> {
        if written.is_durable() {
            return Ok(answer::stored(written, self.form));
        }
        Err(written.error.as_ref().map_or_else(
            || {
                let message = "The table of the documents cannot take them as it is. The log says why.";
                Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "configuration", message)
            },
            |error| Refusal::of(error),
        ))
    }

    /// Memory for so many bytes, given back when the request is answered.
    fn reserve(&self, bytes: usize) -> Result<SemaphorePermit<'_>, Refusal> {
        let permits = u32::try_from(bytes.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX);
        self.memory.try_acquire_many(permits).map_err(|_| Refusal::busy())
    }

    /// Where routes say which tables there are, another is not found.
    async fn is_routed(&self, table: &str, deadline: Deadline) -> Result<(), Refusal> {
        let flow = self.writer.flow(deadline).await.map_err(|error| {
            tracing::error!(%error, code = error.code().as_str(), "The configuration cannot be fetched.");
            Refusal::of(&error)
        })?;
        match flow.routes().target(SourceTable::new(table, &SourceIdentity::default())) {
            // what is wrong with a route the batch will say
            Ok(Some(_)) | Err(_) => Ok(()),
            Ok(None) => Err(Refusal::new(StatusCode::NOT_FOUND, "no_route", "No route takes this table.")),
        }
    }

    fn records(
        &self,
        table: &str,
        documents: Documents,
        headers: &HeaderMap,
        telling: &[&str],
    ) -> Result<Vec<Record>, Refusal> {
        let (items, has_places) = match documents {
            Documents::None => return Ok(Vec::new()),
            Documents::One(item) => (vec![item], false),
            Documents::Many(items) => (items, true),
        };
        let request = self.ids.of_request(headers, telling, items.iter())?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = Timestamp(i64::try_from(now.as_micros()).unwrap_or(i64::MAX));
        let source: Arc<str> = format!("{SOURCE}:{table}").into();
        let table = quoted(table);
        let record = |(place, item): (usize, &Item)| {
            let id = self.ids.of_document(item, &request, has_places.then_some(place));
            let mut record = Record::new("", id.trim_matches('"'), item.text.clone());
            match item.kind {
                Ok(_) => record.payload = record_of(&table, &id, &item.text).into(),
                Err(problem) => record.fault = Some(problem),
            }
            record.source = source.clone();
            record.arrived_at = Some(now);
            record.redelivered = Redelivered::Alone;
            record
        };
        Ok(items.iter().enumerate().map(record).collect())
    }
}

/// The record of a document.
fn record_of(table: &str, id: &str, document: &[u8]) -> Vec<u8> {
    let head = format!("{{\"{HEAD}\":{{\"table\":{table},\"id\":{id}}},\"document\":");
    [head.as_bytes(), document.trim_ascii(), b"}"].concat()
}

/// The paths: `/collect` and `/collect/TABLE`, `/healthz`, each also behind a stage.
pub fn router<W: Write>(collector: Collector<W>) -> Router {
    let collector = Arc::new(collector);
    let mut router = Router::new();
    for stage in ["", "/{stage}"] {
        for end in ["", "/"] {
            router = router
                .route(&format!("{stage}/collect{end}"), post(collect::<W>))
                .route(&format!("{stage}/collect/{{table}}{end}"), post(collect::<W>))
                .route(&format!("{stage}/healthz{end}"), get(healthz));
        }
    }
    router
        .fallback(unknown::<W>)
        .method_not_allowed_fallback(not_allowed::<W>)
        .layer(middleware::from_fn_with_state(collector.clone(), cors::<W>))
        .with_state(collector)
}

async fn collect<W: Write>(
    State(collector): State<Arc<Collector<W>>>,
    Path(mut names): Path<HashMap<String, String>>,
    request: Request,
) -> Response {
    let answered = Box::pin(collector.answer(names.remove("table"), request)).await;
    answered.unwrap_or_else(|refusal| refusal.response(collector.form))
}

async fn healthz() -> &'static str {
    "ok"
}

async fn unknown<W: Write>(State(collector): State<Arc<Collector<W>>>) -> Response {
    let message = "There is only /collect, /collect/TABLE and /healthz, also behind a stage.";
    Refusal::new(StatusCode::NOT_FOUND, "not_found", message).response(collector.form)
}

async fn not_allowed<W: Write>(State(collector): State<Arc<Collector<W>>>) -> Response {
    let message = "Documents are sent by POST.";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message).response(collector.form)
}

/// Tells a browser which pages may send.
async fn cors<W: Write>(
    State(collector): State<Arc<Collector<W>>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let allowed = origin.and_then(|origin| allowed(&collector.cors, origin));
    let is_question = request.method() == Method::OPTIONS && !collector.cors.is_empty();
    let mut response = if is_question { answer::nothing() } else { next.run(request).await };
    let headers = response.headers_mut();
    if !collector.cors.is_empty() {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if let Some(allowed) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if is_question {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(CORS_METHODS));
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(CORS_HEADERS));
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(ASK_AGAIN_S));
        }
    }
    response
}

/// What is answered to a page of this origin.
fn allowed(cors: &[String], origin: HeaderValue) -> Option<HeaderValue> {
    if cors.iter().any(|allowed| allowed == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    cors.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then_some(origin)
}
