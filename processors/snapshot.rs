//! `rowtide-snapshot`: the Lambda function that reads tables, for the start of a stream or on a schedule. It is the
//! `bootstrap` of its image and zip.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    rowtide::lambda::run_snapshot().await
}
