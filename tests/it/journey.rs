//! docs/dynamodb-to-postgresql.md, as far as it goes without an account, and docs/snapshot.md: their commands are run
//! in order, as they stand. Those of docs/collect.md run beside the tests of `rowtide serve`.

use crate::cli::command;
use crate::support::server;
use std::path::{Path, PathBuf};
use std::process::Command;

const PAGE: &str = include_str!("../../docs/dynamodb-to-postgresql.md");
const SNAPSHOTS: &str = include_str!("../../docs/snapshot.md");

/// What the commands for an account leave in variables.
const STREAM: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-03-01T10:00:00.000";

/// The blocks of a page behind this mark, without their fences.
pub(crate) fn blocks<'p>(page: &'p str, language: &str, mark: &str) -> Vec<&'p str> {
    let fence = format!("{mark}```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect()
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

/// What a shell prints that runs a block of a page there; it must end well.
pub(crate) fn run(folder: &Path, block: &str, variables: &[(&str, &str)]) -> String {
    let binaries = PathBuf::from(command().get_program()).parent().unwrap().to_owned();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("bash");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ROWTIDE_")) {
        shell.env_remove(name);
    }
    shell.args(["-euo", "pipefail", "-c", block]).current_dir(folder);
    shell.env("PATH", &path).env("HOME", folder).envs(variables.iter().copied());
    let output = shell.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{block}\n{out}\n{err}");
    out.into_owned()
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
    let [toml] = blocks(PAGE, "toml", "")[..] else { panic!("one configuration") };
    write(folder.path(), "rowtide.toml", &toml.replace("\"cdc\"", &format!("{:?}", place.schema)));
    let commands = blocks(PAGE, "sh", "<!-- run -->\n");
    assert_eq!(commands.len(), 5, "the page has as many blocks to run");
    // what the first block sets, the reader's shell still has later
    let tells = commands[0].lines().find(|line| line.starts_with("TELLS=")).unwrap().to_owned();
    let mut printed = Vec::new();
    for block in commands {
        let block = format!("{tells}\n{block}").replace("cdc.", &format!("{}.", place.schema));
        let variables = [("DATABASE_URL", place.url.as_str()), ("STREAM", STREAM)];
        printed.push(run(folder.path(), &block, &variables));
    }
    assert!(printed[0].contains("2 records received: 2 applied"), "{}", printed[0]);
    assert!(printed[3].contains("2 records received: 1 applied, 1 stale"), "{}", printed[3]);
    let rows = place.texts("select key || ' ' || total from {s}.orders order by key").await;
    assert_eq!(rows, [r#"["o-1"] 19.90"#, r#"["o-2"] 7.50"#, r#"["o-3"] 12345678901234567890.12"#]);
    assert!(printed[4].contains("│ 3 ") || printed[4].contains(" 3 "), "{}", printed[4]);
    place.finish().await;
}

#[tokio::test]
async fn the_page_on_snapshots_works_as_it_stands() {
    let Some(source) = server("snapshot_page_source").await else { return };
    let Some(sink) = server("snapshot_page").await else { return };
    source.run("create table {s}.orders (id int primary key, day date, paid bool, total numeric)").await;
    source.run("create table {s}.logins (account int not null, seen_at timestamptz not null)").await;
    source
        .run("insert into {s}.orders select n, '2026-03-02', true, n / 4.0 from generate_series(1, 100) n")
        .await;
    source.run("insert into {s}.logins values (1, '2026-03-02 08:00Z'), (2, '2026-03-02 08:00Z')").await;
    let folder = tempfile::tempdir().unwrap();
    let own = |text: &str| text.replace("public.", &format!("{}.", source.schema));
    let file = blocks(SNAPSHOTS, "toml", "<!-- run -->\n")[0].replace("from orders", "from public.orders");
    write(folder.path(), "rowtide.toml", &format!("{}\n[sink]\nschema = {:?}\n", own(&file), sink.schema));
    let commands = blocks(SNAPSHOTS, "sh", "<!-- run -->\n");
    assert_eq!(commands.len(), 3, "the page has as many blocks to run");
    let lake = folder.path().join("lake");
    let variables = [("SOURCE", source.url.as_str()), ("SOURCE_URL", &source.url), ("SINK", &sink.url)];
    let mut printed = Vec::new();
    for block in commands {
        let block = own(block).replace("/var/lake", lake.to_str().unwrap());
        // the tables without a primary key are those of the file
        let block = block.replace(".*'", ".orders'");
        printed.push(run(folder.path(), &block, &variables));
    }
    assert!(printed[0].contains("100 rows compared, 0 different"), "{}", printed[0]);
    for read in ["orders: 100 rows", "logins: 2 rows", "paid_by_day: 1 row,"] {
        assert!(printed[1].contains(read), "{}", printed[1]);
    }
    assert!(printed[2].contains("100 records received"), "{}", printed[2]);
    let sum = sink.texts("select data->>'total' from {s}.paid_by_day").await;
    assert_eq!(sum, ["1262.5"]);
    source.finish().await;
    sink.finish().await;
}
