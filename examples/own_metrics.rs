//! Metrics of your own in the place of CloudWatch's: a `tracing` layer that sends what Rowtide measures to StatsD.

use lambda_runtime::{Error, service_fn};
use rowtide::lambda::{Lines, Processor};
use rowtide::metrics;
use std::{fmt, net::UdpSocket};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

pub(crate) struct StatsD(pub(crate) UdpSocket);

impl<S: Subscriber> Layer<S> for StatsD {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // the events with a table count the same records again
        let of_table = event.metadata().fields().field("table").is_some();
        if event.metadata().target() == metrics::TARGET && !of_table {
            event.record(&mut Send(&self.0));
        }
    }
}

struct Send<'a>(&'a UdpSocket);

impl Visit for Send<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        // whoever does not listen misses it
        drop(self.0.send(format!("rowtide.{field}:{value}|c").as_bytes()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        drop(self.0.send(format!("rowtide.{field}:{value}|ms").as_bytes()));
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect("127.0.0.1:8125")?;
    tracing_subscriber::registry().with(Lines::from_environment()).with(StatsD(socket)).init();
    let processor = Processor::from_environment().await?;
    lambda_runtime::run(service_fn(|event| processor.handle(event))).await
}
