//! `rowtide-dynamodb`: the Lambda function behind a DynamoDB stream. It is the `bootstrap` of its image and zip.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    rowtide::lambda::run("dynamodb").await
}
