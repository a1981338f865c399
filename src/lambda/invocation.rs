//! What a line says beside its message: the fields of its event, and the invocation around it.

use crate::config::redact;
use serde_json::{Map, Value};
use std::fmt;
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::Attributes;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// What every line of an invocation has; kept with its span.
#[derive(Clone)]
pub(super) struct Invocation(Vec<(&'static str, Value)>);

impl Invocation {
    const FIELDS: [&'static str; 2] = ["requestId", "xrayTraceId"];

    /// Remembers what a span says of its invocation.
    pub(super) fn remember<S: Subscriber + for<'a> LookupSpan<'a>>(
        attributes: &Attributes<'_>,
        span: &SpanRef<'_, S>,
    ) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let known = Self::FIELDS.into_iter().filter_map(|name| Some((name, fields.0.remove(name)?)));
        let known: Vec<_> = known.collect();
        if !known.is_empty() {
            span.extensions_mut().replace(Self(known));
        }
    }

    /// What the invocation around an event or span is called.
    pub(super) fn around<'a, S: LookupSpan<'a> + 'a>(
        spans: impl Iterator<Item = SpanRef<'a, S>>,
    ) -> impl Iterator<Item = (&'static str, Value)> {
        let mut spans = spans;
        let found = spans.find_map(|span| span.extensions().get::<Self>().cloned());
        found.into_iter().flat_map(|invocation| invocation.0)
    }
}

/// An event's fields; numbers and truth values stay what they are.
#[derive(Default)]
pub(super) struct Fields(pub(super) Map<String, Value>);

impl Fields {
    fn set(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, redact(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }
}
