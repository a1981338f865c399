//! A Lambda function of your own around Rowtide: here the handler has its event typed, and something to say about it.
//!
//! The binary `rowtide-stream` is the better start for everybody who has nothing to add.

use aws_lambda_events::event::kinesis::KinesisEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use rowtide::lambda::{Failure, Processor, Response, init_log};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_log();
    // made once, so that its connections live from one invocation to the next
    let processor = Processor::from_environment().await?;
    lambda_runtime::run(service_fn(|event| handle(&processor, event))).await
}

async fn handle(processor: &Processor, event: LambdaEvent<KinesisEvent>) -> Result<Response, Failure> {
    tracing::info!(records = event.payload.records.len(), "A batch arrived.");
    processor.apply(event.payload, &event.context).await
}
