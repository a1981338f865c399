//! `rowtide-kafka`: the Lambda function behind topics of MSK or of a Kafka of one's own. It is the `bootstrap` of its
//! image and zip.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // what the topics carry is recognised record by record, unless source.decoder says it
    rowtide::lambda::run("auto").await
}
