//! Metrics for CloudWatch: one JSON object a line in its embedded metric format, which CloudWatch takes from the log.
//!
//! Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format"; Amazon CloudWatch API Reference,
//! Dimension and `MetricDatum`.

use super::invocation::Invocation;
use crate::metrics::{METRICS, Metric, TARGET};
use serde_json::{Number, Value};
use std::fmt::{self, Write as _};
use std::io::Write as _;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// The most metrics of an object.
const METRICS_MAX: usize = 100;
/// The longest name of a metric, in characters.
const NAME_MAX: usize = 255;
/// The longest value of a dimension, in characters.
const VALUE_MAX: usize = 1_024;

const _: () = {
    assert!(METRICS.len() <= METRICS_MAX);
    let mut at = 0;
    while at < METRICS.len() {
        #[expect(clippy::indexing_slicing, reason = "checked by the compiler")]
        let name = METRICS[at].name;
        assert!(!name.is_empty() && name.len() <= NAME_MAX);
        at += 1;
    }
};

/// A [`Layer`] that writes the metrics of [`crate::metrics`] as lines for CloudWatch. [`init_log`](super::init_log)
/// installs it. A line has one value of each metric, and the time at which it is written.
///
/// It writes events that have the field `namespace`: those of a process with `metrics.emf = false` have none.
pub struct Emf {
    write: Box<dyn Fn(&str) + Send + Sync>,
}

impl fmt::Debug for Emf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emf").finish_non_exhaustive()
    }
}

impl Emf {
    /// To stdout, from where Lambda takes them.
    #[must_use]
    pub fn stdout() -> Self {
        // nobody is left to be told when stdout is gone
        Self::to(|line| drop(std::io::stdout().lock().write_all(line.as_bytes())))
    }

    /// To wherever `write` brings them: each line ends with a newline.
    #[must_use]
    pub fn to(write: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { write: Box::new(write) }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Emf {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            Invocation::remember(attributes, &span);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != TARGET {
            return;
        }
        let mut measures = Measures::default();
        event.record(&mut measures);
        let invocation = Invocation::around(context.event_scope(event).into_iter().flatten());
        if let Some(line) = measures.line(jiff::Timestamp::now(), invocation) {
            (self.write)(&line);
        }
    }
}

/// What an event says.
#[derive(Debug, Default)]
struct Measures {
    namespace: Option<String>,
    service: Option<String>,
    table: Option<String>,
    values: [Option<Number>; METRICS.len()],
}

impl Measures {
    /// The line; none when CloudWatch is not to have it, or when there is nothing in it.
    fn line(
        self,
        time: jiff::Timestamp,
        invocation: impl Iterator<Item = (&'static str, Value)>,
    ) -> Option<String> {
        let namespace = Value::from(self.namespace?);
        let is_of_table = self.table.is_some();
        let (mut definitions, mut members) = (String::new(), String::new());
        for (metric, value) in METRICS.iter().zip(&self.values) {
            let Some(value) = value.as_ref().filter(|value| is_worth_telling(metric, value, is_of_table))
            else {
                continue;
            };
            let (name, unit) = (metric.name, metric.unit.as_str());
            let comma = if definitions.is_empty() { "" } else { "," };
            // writing to a text cannot fail
            write!(definitions, r#"{comma}{{"Name":"{name}","Unit":"{unit}"}}"#).unwrap_or_default();
            write!(members, r#","{name}":{value}"#).unwrap_or_default();
        }
        if definitions.is_empty() {
            return None;
        }
        let service = dimension(self.service.as_deref().unwrap_or_default());
        let dimensions = if is_of_table { r#""service","table""# } else { r#""service""# };
        let mut line = format!(
            r#"{{"_aws":{{"Timestamp":{},"CloudWatchMetrics":[{{"Namespace":{namespace},"Dimensions":[[{dimensions}]],"Metrics":[{definitions}]}}]}},"timestamp":"{time:.3}","level":"INFO","service":{service}"#,
            time.as_millisecond(),
        );
        if let Some(table) = &self.table {
            write!(line, r#","table":{}"#, dimension(table)).unwrap_or_default();
        }
        line.push_str(&members);
        for (name, value) in invocation {
            write!(line, r#","{name}":{value}"#).unwrap_or_default();
        }
        line.push_str("}\n");
        Some(line)
    }

    fn set(&mut self, field: &Field, value: Option<Number>) {
        let at = METRICS.iter().position(|metric| metric.field == field.name());
        if let Some(slot) = at.and_then(|at| self.values.get_mut(at)) {
            *slot = value;
        }
    }
}

/// Every metric of every table costs; a zero of a table says nothing.
fn is_worth_telling(metric: &Metric, value: &Number, is_of_table: bool) -> bool {
    let is_zero = value.as_f64() == Some(0.0);
    if is_of_table { metric.of_tables && !is_zero } else { metric.zero || !is_zero }
}

/// The value of a dimension as JSON: ASCII that can be seen, never empty, not too long.
fn dimension(value: &str) -> Value {
    let mut ascii = String::with_capacity(value.len());
    for letter in value.chars().take(VALUE_MAX) {
        if letter.is_ascii_graphic() || letter == ' ' {
            ascii.push(letter);
        } else {
            ascii.extend(letter.escape_unicode());
        }
    }
    ascii.truncate(VALUE_MAX);
    if ascii.trim().is_empty() || ascii.starts_with(':') {
        // what CloudWatch would refuse
        ascii.insert(0, '-');
        ascii.truncate(VALUE_MAX);
    }
    ascii.into()
}

impl Visit for Measures {
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "namespace" => self.namespace = Some(value.to_owned()),
            "service" => self.service = Some(value.to_owned()),
            "table" => self.table = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, Some(value.into()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, Some(value.into()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // what is no number is left out
        self.set(field, Number::from_f64(value));
    }
}
