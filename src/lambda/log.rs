//! Log lines as CloudWatch understands them: one JSON object a line, on stdout.

use super::emf::Emf;
use super::invocation::{Fields, Invocation};
use crate::metrics;
use serde_json::{Map, Value};
use std::io::Write as _;
use std::str::FromStr as _;
use std::time::Instant;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts the log of a Lambda function: [`Lines`], and lines of metrics for CloudWatch among them: [`Emf`]. A panic is
/// a line too. Does nothing when a log was started before.
pub fn init() {
    let layers = tracing_subscriber::registry().with(Lines::from_environment()).with(Emf::stdout());
    if layers.try_init().is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string);
            let message = panic.payload_as_str().unwrap_or("no message");
            tracing::error!(place, "The function panicked: {message}");
        }));
    }
}

fn targets(lambda: Option<&str>, rust: Option<&str>) -> Targets {
    let all = |level| Targets::new().with_default(level);
    match (lambda, rust) {
        (Some(level), _) if level.eq_ignore_ascii_case("fatal") => all(LevelFilter::ERROR),
        (Some(level), _) => all(LevelFilter::from_str(level).unwrap_or(LevelFilter::INFO)),
        (None, Some(targets)) => Targets::from_str(targets).unwrap_or_else(|_| all(LevelFilter::INFO)),
        (None, None) => all(LevelFilter::INFO),
    }
}

/// A [`Layer`] that writes events as lines on stdout, metrics left out.
///
/// A line has `timestamp` (RFC 3339), `level` (upper case), `message`, the event's own fields, and `requestId` and
/// `xrayTraceId` of the invocation. Errors are always heard, and below INFO only Rowtide itself, because libraries
/// print payloads and parameters there. No password of a URL or a pair is in a line. At DEBUG, Rowtide's spans are
/// lines when they end, with `took_us`.
#[derive(Debug)]
pub struct Lines {
    targets: Targets,
    json: bool,
}

/// A span of Rowtide's that is a line when it ends.
struct Timed {
    fields: Map<String, Value>,
    since: Instant,
}

impl Lines {
    /// Lines as the environment asks for them: of the level of `AWS_LAMBDA_LOG_LEVEL`, else of `RUST_LOG`, else INFO;
    /// `AWS_LAMBDA_LOG_FORMAT=Text` gives plain text.
    #[must_use]
    pub fn from_environment() -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        Self {
            targets: targets(variable("AWS_LAMBDA_LOG_LEVEL").as_deref(), variable("RUST_LOG").as_deref()),
            json: !variable("AWS_LAMBDA_LOG_FORMAT")
                .is_some_and(|format| format.eq_ignore_ascii_case("text")),
        }
    }

    fn is_wanted(&self, metadata: &Metadata<'_>) -> bool {
        let (target, level) = (metadata.target(), metadata.level());
        let is_harmless = *level <= Level::INFO || target.starts_with("rowtide");
        *level == Level::ERROR || (is_harmless && self.targets.would_enable(target, level))
    }

    fn write(&self, metadata: &Metadata<'_>, message: &Value, fields: &Map<String, Value>) {
        let time = jiff::Timestamp::now();
        let line = if self.json {
            json_line(time, metadata, message, fields)
        } else {
            text_line(time, metadata, message, fields)
        };
        // nobody is left to be told when stdout is gone
        drop(std::io::stdout().lock().write_all(line.as_bytes()));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        // the invocation's span prints nothing but has the request id; metrics are another layer's
        let is_anothers = metadata.is_span() || metadata.target() == metrics::TARGET;
        (is_anothers && *metadata.level() <= Level::INFO) || self.is_wanted(metadata)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        Invocation::remember(attributes, &span);
        if *span.metadata().level() > Level::INFO {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().replace(Timed { fields: fields.0, since: Instant::now() });
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(Timed { mut fields, since }) = span.extensions_mut().remove() else { return };
        let micros = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
        fields.insert("took_us".to_owned(), micros.into());
        let invocation = Invocation::around(span.scope());
        fields.extend(invocation.map(|(name, value)| (name.to_owned(), value)));
        self.write(span.metadata(), &span.name().into(), &fields);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() == metrics::TARGET {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let invocation = Invocation::around(context.event_scope(event).into_iter().flatten());
        fields.0.extend(invocation.map(|(name, value)| (name.to_owned(), value)));
        let message = fields.0.remove("message").unwrap_or_default();
        self.write(event.metadata(), &message, &fields.0);
    }
}

fn json_line(
    time: jiff::Timestamp,
    metadata: &Metadata<'_>,
    message: &Value,
    fields: &Map<String, Value>,
) -> String {
    let level = metadata.level();
    let mut line = format!(r#"{{"timestamp":"{time:.3}","level":"{level}","message":{message}"#);
    for (name, value) in fields.iter().filter(|(name, _)| !["timestamp", "level"].contains(&name.as_str())) {
        line.push_str(&format!(",{}:{value}", Value::from(name.as_str())));
    }
    line.push_str("}\n");
    line
}

fn text_line(
    time: jiff::Timestamp,
    metadata: &Metadata<'_>,
    message: &Value,
    fields: &Map<String, Value>,
) -> String {
    let one_line = |value: &Value| match value.as_str() {
        Some(text) => text.replace(char::is_control, " "),
        None => value.to_string(),
    };
    let mut line = format!("{time:.3} {} {}", metadata.level(), one_line(message));
    for (name, value) in fields {
        line.push_str(&format!(" {name}={}", one_line(value)));
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::targets;
    use tracing::Level;

    #[test]
    fn the_level_is_lambdas_then_rusts_then_info() {
        let check = |lambda: Option<&str>, rust: Option<&str>, enabled: &Level, disabled: &Level| {
            let targets = targets(lambda, rust);
            assert!(targets.would_enable("rowtide::pipeline", enabled), "{lambda:?} {rust:?}");
            assert!(!targets.would_enable("rowtide::pipeline", disabled), "{lambda:?} {rust:?}");
        };
        check(None, None, &Level::INFO, &Level::DEBUG);
        check(Some("WARN"), Some("trace"), &Level::WARN, &Level::INFO);
        check(Some("FATAL"), None, &Level::ERROR, &Level::WARN);
        check(Some("loud"), None, &Level::INFO, &Level::DEBUG);
        check(None, Some("warn,rowtide=debug"), &Level::DEBUG, &Level::TRACE);
    }
}
