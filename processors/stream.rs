//! `rowtide-stream`: the Lambda function behind a Kinesis or DynamoDB stream, a queue or topics. It is the `bootstrap`
//! of its image and zip. What it stands behind it sees from the event.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    rowtide::lambda::run().await
}
