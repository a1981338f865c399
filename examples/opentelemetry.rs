//! What Rowtide measures as OpenTelemetry's counters and histograms.

use lambda_runtime::{Error, service_fn};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter, MeterProvider as _};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use rowtide::lambda::{Lines, Processor};
use rowtide::metrics::{METRICS, TARGET, Unit};
use std::{collections::HashMap, fmt};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Instruments for whole batches, and for the records of each table: these count the same records again.
pub(crate) struct Instruments {
    batches: Set,
    tables: Set,
}

impl Instruments {
    pub(crate) fn new(meter: &Meter) -> Self {
        Self { batches: Set::new(meter, "rowtide"), tables: Set::new(meter, "rowtide.table") }
    }
}

/// One instrument a metric, by the name of its field.
struct Set {
    counters: HashMap<&'static str, Counter<u64>>,
    histograms: HashMap<&'static str, Histogram<f64>>,
}

impl Set {
    fn new(meter: &Meter, prefix: &str) -> Self {
        let (mut counters, mut histograms) = (HashMap::new(), HashMap::new());
        for metric in METRICS {
            let name = format!("{prefix}.{}", metric.field);
            match metric.unit {
                Unit::Count => drop(counters.insert(metric.field, meter.u64_counter(name).build())),
                Unit::Milliseconds => {
                    let histogram = meter.f64_histogram(name).with_unit("ms");
                    histograms.insert(metric.field, histogram.build());
                }
            }
        }
        Self { counters, histograms }
    }
}

impl<S: Subscriber> Layer<S> for Instruments {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if metadata.target() == TARGET {
            let of_table = metadata.fields().field("table").is_some();
            let set = if of_table { &self.tables } else { &self.batches };
            event.record(&mut Record { set, attributes: Vec::new() });
        }
    }
}

struct Record<'a> {
    set: &'a Set,
    /// `service` and `table`: they come before the numbers.
    attributes: Vec<KeyValue>,
}

impl Visit for Record<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if matches!(field.name(), "service" | "table") {
            self.attributes.push(KeyValue::new(field.name(), value.to_owned()));
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if let Some(counter) = self.set.counters.get(field.name()) {
            counter.add(value, &self.attributes);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if let Some(histogram) = self.set.histograms.get(field.name()) {
            histogram.record(value, &self.attributes);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    // give the provider a reader: of opentelemetry-otlp, for example, with a collector as Lambda extension
    let provider = SdkMeterProvider::builder().build();
    let instruments = Instruments::new(&provider.meter("rowtide"));
    tracing_subscriber::registry().with(Lines::from_environment()).with(instruments).init();
    let processor = Processor::from_environment().await?;
    let handle = service_fn(async |event| {
        let answer = processor.handle(event).await;
        // a function may freeze as soon as it has answered
        if let Err(error) = provider.force_flush() {
            tracing::warn!(%error, "The metrics were not sent.");
        }
        answer
    });
    lambda_runtime::run(handle).await
}
