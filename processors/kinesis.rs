//! `rowtide-kinesis`: the Lambda function behind a Kinesis stream. It is the `bootstrap` of its image and zip.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // what the stream carries is recognised record by record, unless source.decoder says it
    rowtide::lambda::run("auto").await
}
