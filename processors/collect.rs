//! `rowtide-collect`: the Lambda function behind an HTTP API, a function URL or a load balancer, which takes documents.
//! It is the `bootstrap` of its image and zip.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    rowtide::lambda::run_collect().await
}
