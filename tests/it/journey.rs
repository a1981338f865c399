//! docs/dynamodb-to-postgresql.md, as far as it goes without an account: its commands are run in order, as they stand.

use crate::cli::command;
use crate::support::server;
use std::path::{Path, PathBuf};
use std::process::Command;

const PAGE: &str = include_str!("../../docs/dynamodb-to-postgresql.md");

/// What the commands for an account leave in variables.
const STREAM: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-03-01T10:00:00.000";

/// The blocks behind this mark, without their fences.
fn blocks<'p>(language: &str, mark: &str) -> Vec<&'p str> {
    let fence = format!("{mark}```{language}\n");
    PAGE.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// As `aws dynamodbstreams get-records` prints records, which are not all that Lambda is given.
///
/// The table `orders`: two items that were there before, of which one changed, and one that is new.
fn table(folder: &Path) {
    let arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
    let item = |id: &str, total: &str| {
        format!(r#"{{"Item":{{"id":{{"S":"{id}"}},"total":{{"N":"{total}"}},"status":{{"S":"paid"}}}}}}"#)
    };
    let lines = format!("{}\n{}\n", item("o-1", "19.90"), item("o-2", "5"));
    let (root, id) = ("AWSDynamoDB", "AWSDynamoDB/01772438400000-a1b2c3d4");
    write(folder, &format!("{id}/data/part.json"), &lines);
    let file = format!(r#"{{"itemCount":2,"dataFileS3Key":"{id}/data/part.json"}}"#);
    write(folder, &format!("{id}/manifest-files.json"), &file);
    let manifest = format!(
        r#"{{"tableArn":"{arn}","exportTime":"2026-03-02T08:00:00.000Z","manifestFilesS3Key":"{id}/manifest-files.json","itemCount":2,"outputFormat":"DYNAMODB_JSON"}}"#
    );
    write(folder, &format!("{id}/manifest-summary.json"), &manifest);
    assert!(folder.join(root).is_dir());
    let change = |name: &str, id: &str, total: &str, number: u32| {
        format!(
            r#"{{"eventID":"{number}","eventName":"{name}","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"eu-west-1","dynamodb":{{"ApproximateCreationDateTime":"2026-03-02T09:00:01+01:00","Keys":{{"id":{{"S":"{id}"}}}},"NewImage":{{"id":{{"S":"{id}"}},"total":{{"N":"{total}"}}}},"SequenceNumber":"{number}00000000000000000001","StreamViewType":"NEW_AND_OLD_IMAGES"}}}}"#
        )
    };
    let records = [change("MODIFY", "o-2", "7.50", 1), change("INSERT", "o-3", "12345678901234567890.12", 2)];
    write(folder, "records.json", &format!(r#"{{"Records":[{}]}}"#, records.join(",")));
}

#[tokio::test]
async fn the_page_of_the_main_journey_works_as_it_stands() {
    // the embedded database serves one client at a time, and the page has several
    if std::env::var_os("ROWTIDE_TEST_POSTGRES").is_none() {
        return;
    }
    let Some(place) = server("journey").await else { return };
    let folder = tempfile::tempdir().unwrap();
    table(folder.path());
    let [toml] = blocks("toml", "")[..] else { panic!("one configuration") };
    write(folder.path(), "rowtide.toml", &toml.replace("\"cdc\"", &format!("{:?}", place.schema)));
    let binaries = PathBuf::from(command().get_program()).parent().unwrap().to_owned();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let commands = blocks("sh", "<!-- run -->\n");
    assert_eq!(commands.len(), 5, "the page has as many blocks to run");
    // what the first block sets, the reader's shell still has later
    let tells = commands[0].lines().find(|line| line.starts_with("TELLS=")).unwrap().to_owned();
    let mut printed = Vec::new();
    for block in commands {
        let mut shell = Command::new("bash");
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ROWTIDE_"))
        {
            shell.env_remove(name);
        }
        let block = format!("{tells}\n{block}").replace("cdc.", &format!("{}.", place.schema));
        shell.args(["-euo", "pipefail", "-c", &block]).current_dir(folder.path());
        shell.env("PATH", &path).env("DATABASE_URL", &place.url).env("HOME", folder.path());
        shell.env("STREAM", STREAM);
        let output = shell.output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{block}\n{out}\n{err}");
        printed.push(out.into_owned());
    }
    assert!(printed[0].contains("2 records received: 2 applied"), "{}", printed[0]);
    assert!(printed[3].contains("2 records received: 1 applied, 1 stale"), "{}", printed[3]);
    let rows = place.texts("select key || ' ' || total from {s}.orders order by key").await;
    assert_eq!(rows, [r#"["o-1"] 19.90"#, r#"["o-2"] 7.50"#, r#"["o-3"] 12345678901234567890.12"#]);
    assert!(printed[4].contains("│ 3 ") || printed[4].contains(" 3 "), "{}", printed[4]);
    place.finish().await;
}
