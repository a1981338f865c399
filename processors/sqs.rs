//! `rowtide-sqs`: the Lambda function behind an SQS queue. It is the `bootstrap` of its image and zip.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // what the messages carry is recognised message by message, unless source.decoder says it
    rowtide::lambda::run("auto").await
}
