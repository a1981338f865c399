//! `rowtide doctor`: every rule against templates that trip it and templates that do not, what it prints, what it
//! never prints, and a database that lacks something.

use crate::cli::command;
use crate::samples::entries;
use crate::support::{Place, server};
use proptest::prelude::*;
use rowtide::config::{Config, Environment, Inputs};
use rowtide::doctor::{
    Configured, Finding, Inspection, Privilege, RegisteredTarget, SchemaFacts, Stack, TableFacts,
    TargetFacts, Use, rules,
};
use rowtide::error::{Code, Error, ErrorKind};

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What templates and configurations here hold where a password stands.
const CANARY: &str = "canary-7f3a";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doctor")
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// A configuration of that file alone.
fn config(file: Option<&Path>) -> Config {
    let url = "postgresql://rowtide@db.example.org/warehouse";
    let environment = Environment::from([("DOCTOR_TEST_URL".to_owned(), url.into())]);
    let inputs = Inputs {
        file,
        set: &[],
        environment: &environment,
        directory: Path::new("/nonexistent"),
        ignore: &[],
    };
    Config::load(&inputs).unwrap()
}

fn examined(files: &[&Path], config_file: Option<&Path>) -> Vec<Finding> {
    let mut stack = Stack::default();
    for file in files {
        let content = std::fs::read(file).unwrap();
        stack.add(name(file), &content, &BTreeMap::new()).unwrap_or_else(|error| panic!("{error}"));
    }
    stack.findings(&Configured::from(&config(config_file)))
}

/// A case of a rule: `bad-terraform` has a template, a configuration file of the same name, or both.
struct Case {
    rule: String,
    name: String,
    findings: Vec<Finding>,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for folder in entries(&folder()).into_iter().filter(|path| path.is_dir()) {
        let mut files: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for file in entries(&folder) {
            files.entry(file.file_stem().unwrap().to_str().unwrap().to_owned()).or_default().push(file);
        }
        for (case, files) in files {
            let is_toml = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "toml");
            let settings = files.iter().find(is_toml);
            let templates: Vec<&Path> =
                files.iter().filter(|path| !is_toml(path)).map(PathBuf::as_path).collect();
            let findings = examined(&templates, settings.map(PathBuf::as_path));
            cases.push(Case { rule: name(&folder).to_owned(), name: case, findings });
        }
    }
    cases
}

fn shown(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| format!("\n  {} at {}: {}", finding.rule, finding.place, finding.why))
        .collect()
}

#[test]
fn every_rule_has_a_template_that_trips_it_and_one_that_trips_nothing() {
    let cases = cases();
    for case in &cases {
        let about = format!("{}/{}:{}", case.rule, case.name, shown(&case.findings));
        match case.name.split('-').next().unwrap() {
            "bad" => assert!(case.findings.iter().any(|finding| finding.rule == case.rule), "{about}"),
            "good" => assert!(case.findings.is_empty(), "{about}"),
            _ => panic!("neither good nor bad: {about}"),
        }
    }
    let has = |rule: &str, kind: &str| {
        cases.iter().any(|case| case.rule == rule && case.name.split('-').next() == Some(kind))
    };
    let known: BTreeSet<&str> = rules().iter().filter(|rule| !rule.asks_sink).map(|rule| rule.name).collect();
    for rule in &known {
        assert!(has(rule, "bad") && has(rule, "good"), "{rule} needs templates in tests/doctor/{rule}");
    }
    let folders: BTreeSet<&str> = cases.iter().map(|case| case.rule.as_str()).collect();
    assert_eq!(folders, known);
}

#[test]
fn a_bad_template_trips_no_other_rule() {
    for case in cases().iter().filter(|case| case.name.starts_with("bad")) {
        let mut others = case.findings.iter().filter(|finding| finding.rule != case.rule);
        assert!(others.next().is_none(), "{}/{}:{}", case.rule, case.name, shown(&case.findings));
    }
}

#[test]
fn a_typical_published_stack_is_found_out() {
    let file = folder().join("published-stack.yaml");
    let findings = examined(&[&file], None);
    let found: BTreeSet<&str> = findings.iter().map(|finding| finding.rule).collect();
    let expected = [
        "response-types",
        "bisect-off",
        "unlimited-retries",
        "no-destination",
        "timeout",
        "plain-secret",
        "public-principal",
        "log-retention",
        "predecessor-answers",
        "millisecond-precision",
    ];
    assert_eq!(found, BTreeSet::from(expected), "{}", shown(&findings));
    let timeout = findings.iter().find(|finding| finding.rule == "timeout").unwrap();
    assert!(timeout.why.contains("3 s (the default)") && timeout.why.contains("2500"), "{}", timeout.why);
    assert_eq!(timeout.place, "published-stack.yaml line 47, Resources.Processor");
}

/// Templates of `deploy/` as they are, and with every choice that changes what there is.
#[test]
fn our_own_templates_trip_nothing() {
    let choices: [&[(&str, &str)]; 6] = [
        &[],
        &[("StreamType", "dynamodb"), ("CreateTable", "true"), ("TableName", "orders")],
        &[("StreamType", "kinesis"), ("CreateTable", "true"), ("TableName", "orders")],
        &[("PackageType", "Zip"), ("CodeBucket", "b"), ("CodeKey", "k")],
        &[("ConfigParameter", "/shop/rowtide.toml"), ("ReservedConcurrency", "-1")],
        &[("StreamArn", "arn:aws:kinesis:eu-central-1:123456789012:stream/changes")],
    ];
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    let files = ["sam/template", "cloudformation/template", "ecr/template", "dms/template"];
    for file in files {
        let content = std::fs::read(deploy.join(format!("{file}.yaml"))).unwrap();
        for choice in choices {
            let parameters = choice.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let mut stack = Stack::default();
            stack.add(file, &content, &parameters.collect()).unwrap();
            let findings = stack.findings(&Configured::from(&config(None)));
            assert!(findings.is_empty(), "{file} {choice:?}:{}", shown(&findings));
            let examined = stack.examined();
            if files.iter().take(2).any(|stream| *stream == file) {
                assert_eq!((examined.functions, examined.mappings, examined.log_groups), (1, 1, 1));
            }
        }
    }
}

#[test]
fn our_own_snapshot_function_trips_nothing() {
    let choices: [&[(&str, &str)]; 4] = [
        &[],
        &[("SnapshotTo", "sink,archive"), ("SnapshotSchedule", "rate(1 day)")],
        &[("SnapshotTo", "archive"), ("ArchiveBucket", "lake")],
        &[("PackageType", "Zip"), ("CodeBucket", "b"), ("CodeKey", "k"), ("CreateAlarms", "false")],
    ];
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    for folder in ["sam", "cloudformation"] {
        let content = std::fs::read(deploy.join(folder).join("snapshot.yaml")).unwrap();
        for choice in choices {
            let parameters = choice.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let mut stack = Stack::default();
            stack.add(folder, &content, &parameters.collect()).unwrap();
            let findings = stack.findings(&Configured::from(&config(None)));
            assert!(findings.is_empty(), "{folder} {choice:?}:{}", shown(&findings));
            let examined = stack.examined();
            assert_eq!((examined.functions, examined.mappings, examined.log_groups), (1, 0, 1));
        }
    }
}

#[test]
fn a_place_is_told_with_file_line_and_resource() {
    let place = |case: &str, rule: &str| {
        let file = folder().join(rule).join(case);
        let findings = examined(&[&file], None);
        findings.into_iter().find(|finding| finding.rule == rule).unwrap()
    };
    let sam = place("bad.yaml", "starting-position");
    let text = std::fs::read_to_string(folder().join("starting-position/bad.yaml")).unwrap();
    let line = text.lines().position(|line| line.contains("LATEST")).unwrap() + 1;
    let path = "Resources.Consumer.Properties.Events.Changes";
    assert_eq!(sam.place, format!("bad.yaml line {line}, {path}"));
    let plan = place("bad-terraform.json", "response-types");
    assert_eq!(plan.place, "bad-terraform.json, module.pipeline.aws_lambda_event_source_mapping.changes");
    assert!(
        plan.change.contains("function_response_types") && plan.change.contains("ReportBatchItemFailures")
    );
    assert!(place("bad.yaml", "response-types").change.contains("FunctionResponseTypes"));
}

#[test]
fn files_are_examined_together() {
    let mapping = folder().join("response-types/good-live.json");
    let function = folder().join("runtime/good-live.json");
    assert!(examined(&[&mapping, &function], None).is_empty());
    let short = std::fs::read_to_string(&function).unwrap().replace("\"Timeout\": 60", "\"Timeout\": 3");
    let mut stack = Stack::default();
    stack.add("function", short.as_bytes(), &BTreeMap::new()).unwrap();
    assert!(stack.findings(&Configured::from(&config(None))).is_empty());
    stack.add("mapping", &std::fs::read(&mapping).unwrap(), &BTreeMap::new()).unwrap();
    let findings = stack.findings(&Configured::from(&config(None)));
    assert_eq!(findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), ["timeout"]);
    assert_eq!((stack.examined().functions, stack.examined().mappings), (1, 1));
}

#[test]
fn a_reference_leads_to_what_is_in_the_same_file() {
    let (good, bad) = (folder().join("timeout/good.yaml"), folder().join("timeout/bad.yaml"));
    let expected = examined(&[&bad], None);
    // both have a resource of that name
    assert_eq!(examined(&[&good, &bad], None), expected);
    assert_eq!(examined(&[&bad, &good], None), expected);
}

#[test]
fn conditions_and_parameters_decide_what_there_is() {
    let template = r#"
Parameters:
  Position: {Type: String, Default: TRIM_HORIZON}
  Stage: {Type: String, Default: test}
  Stream: {Type: String}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Always:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: a
      EventSourceArn: !Ref Stream
      StartingPosition: !Ref Position
      BisectBatchOnFunctionError: !If [IsProd, false, true]
      FunctionResponseTypes: [ReportBatchItemFailures]
      MaximumRetryAttempts: !ImportValue attempts
      MaximumRecordAgeInSeconds: 3600
      DestinationConfig: {OnFailure: {Destination: !ImportValue bucket}}
  OnlyProd:
    Type: AWS::Kinesis::ResourcePolicy
    Condition: IsProd
    Properties:
      ResourcePolicy: {Statement: [{Effect: Allow, Principal: "*", Action: "kinesis:*"}]}
"#;
    let found = |parameters: &[(&str, &str)]| {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut stack = Stack::default();
        stack.add("t", template.as_bytes(), &parameters.collect()).unwrap();
        stack
            .findings(&Configured::from(&config(None)))
            .iter()
            .map(|finding| finding.rule)
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&[]), Vec::<&str>::new());
    assert_eq!(found(&[("Position", "LATEST")]), ["starting-position"]);
    assert_eq!(found(&[("Stage", "prod")]), ["bisect-off", "public-principal"]);
}

#[test]
fn an_alias_leads_to_its_function_and_a_consumer_to_its_stream() {
    let template = std::fs::read_to_string(folder().join("timeout/bad-cloudformation.yaml")).unwrap();
    let alias = "  Live:\n    Type: AWS::Lambda::Alias\n    Properties:\n      FunctionName: !Ref Consumer\n";
    let template =
        template.replace("      FunctionName: !Ref Consumer\n", "      FunctionName: !Ref Live\n") + alias;
    let template = template.replace(
        "      FunctionName: !Ref Live\n      EventSourceArn: !GetAtt Orders.StreamArn\n",
        "      FunctionName: !Ref Live\n      EventSourceArn: !Ref Fan\n",
    );
    let fan = "  Fan:\n    Type: AWS::Kinesis::StreamConsumer\n    Properties: {ConsumerName: c, StreamARN: !GetAtt Changes.Arn}\n  \
               Changes:\n    Type: AWS::Kinesis::Stream\n    Properties: {ShardCount: 1, RetentionPeriodHours: 24}\n";
    let template =
        template.replace("MaximumRecordAgeInSeconds: 43200", "MaximumRecordAgeInSeconds: 90000") + fan;
    let mut stack = Stack::default();
    stack.add("t", template.as_bytes(), &BTreeMap::new()).unwrap();
    let findings = stack.findings(&Configured::from(&config(None)));
    let found: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(found, ["timeout", "record-age"], "{}", shown(&findings));
}

#[test]
fn mappings_of_functions_that_are_not_rowtides_are_not_looked_at_beside_those_that_are() {
    let ours = std::fs::read_to_string(folder().join("timeout/good.yaml")).unwrap();
    let others = "  Thumbnails:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: python3.13\n      \
                  Events:\n        Uploads:\n          Type: SQS\n          Properties: {Queue: !ImportValue uploads}\n";
    let rules = |template: &str| {
        let mut stack = Stack::default();
        stack.add("t", template.as_bytes(), &BTreeMap::new()).unwrap();
        stack
            .findings(&Configured::from(&config(None)))
            .iter()
            .map(|finding| finding.rule)
            .collect::<Vec<_>>()
    };
    assert_eq!(rules(&(ours + others)), Vec::<&str>::new());
    // where nothing says which they are, all are
    assert!(rules(&format!("Resources:\n{others}")).contains(&"response-types"));
}

#[test]
fn globals_reach_the_functions_of_sam() {
    let template = std::fs::read_to_string(folder().join("visibility-timeout/good.yaml")).unwrap();
    let mut stack = Stack::default();
    let short = template.replace("    Timeout: 60", "    Timeout: 3");
    stack.add("t", short.as_bytes(), &BTreeMap::new()).unwrap();
    let findings = stack.findings(&Configured::from(&config(None)));
    assert_eq!(findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), ["timeout"]);
}

#[test]
fn no_finding_shows_a_secret() {
    let mut told = String::new();
    for case in cases() {
        told.push_str(&format!("{:?}", case.findings));
    }
    told.push_str(&format!("{:?}", examined(&[&folder().join("published-stack.yaml")], None)));
    assert!(told.contains("plain-secret") && !told.contains(CANARY));
}

// --- the command ------------------------------------------------------------------------------------------------

struct Ended {
    status: i32,
    out: String,
    err: String,
}

fn rowtide(args: &[&str]) -> Ended {
    let output = command().args(args).current_dir(folder()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn scripts_get_findings_and_a_status() {
    let ended = rowtide(&["doctor", "--output", "json", "published-stack.yaml"]);
    assert_eq!((ended.status, ended.err.as_str()), (1, ""));
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    let findings = told["findings"].as_array().unwrap();
    for finding in findings {
        let names: Vec<&str> = finding.as_object().unwrap().keys().map(String::as_str).collect();
        let all: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(all, BTreeSet::from(["rule", "severity", "where", "why", "change"]));
        assert!(["error", "warning"].contains(&finding["severity"].as_str().unwrap()));
    }
    assert!(ended.out.starts_with(r#"{"findings":[{"rule":""#));
    // errors first
    let severities: Vec<&str> =
        findings.iter().map(|finding| finding["severity"].as_str().unwrap()).collect();
    let mut sorted = severities.clone();
    sorted.sort();
    assert_eq!(severities, sorted);
    assert!(!ended.out.contains(CANARY));
    // a warning is no failure
    let ended = rowtide(&["doctor", "--output", "json", "log-retention/bad.yaml"]);
    assert_eq!((ended.status, ended.out.contains("log-retention")), (0, true));
    let ended = rowtide(&["doctor", "--output", "json", "log-retention/good.yaml"]);
    assert_eq!((ended.status, ended.out.as_str()), (0, "{\"findings\":[]}\n"));
}

#[test]
fn people_get_a_block_a_finding_and_the_counts() {
    let ended = rowtide(&["doctor", "bisect-off/bad.yaml", "--config", "hard-delete/bad.toml"]);
    assert_eq!(ended.status, 1);
    assert_eq!(
        ended.out,
        "error bisect-off\n  \
           where   bisect-off/bad.yaml line 39, Resources.Consumer.Properties.Events.Changes\n  \
           why     BisectBatchOnFunctionError is off. One record that makes the function fail takes its whole batch \
         with it.\n  \
           change  Set BisectBatchOnFunctionError to true.\n\n\
         warning hard-delete\n  \
           where   hard-delete/bad.toml line 3\n  \
           why     route.1.delete is hard. A late or repeated record brings a deleted row back.\n  \
           change  Use delete = \"tombstone\" or \"soft\", and purge tombstones.\n\n\
         1 error, 1 warning; examined: the configuration, 1 function, 1 event source mapping, 2 sources, 1 log group\n"
    );
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let broken = std::env::temp_dir().join(format!("rowtide-doctor-{}.yaml", std::process::id()));
    std::fs::write(&broken, format!("Resources:\n  A: [{CANARY}\n")).unwrap();
    let path = broken.to_str().unwrap();
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for (args, words) in [
        (vec!["doctor", "nowhere.yaml"], "nowhere.yaml cannot be read"),
        (vec!["doctor", path], "line 2 column 6: neither YAML nor JSON"),
        (vec!["doctor", readme], "Cargo.toml"),
        (vec!["doctor", "../doctor/hard-delete/bad.toml"], "bad.toml"),
        (vec!["doctor", "--sink", "nonsense"], "sink.url"),
        (vec!["doctor", "--parameter", "x"], "NAME=VALUE"),
        (vec!["doctor", "--parameter", "Stge=x", "bisect-off/good.yaml"], "Stge"),
        (vec!["doctor", "--set", "sink.urll=x"], "sink.url"),
    ] {
        let ended = rowtide(&args);
        assert_eq!((ended.status, ended.out.as_str()), (2, ""), "{args:?}: {}", ended.err);
        assert!(ended.err.contains(words) && !ended.err.contains(CANARY), "{args:?}: {}", ended.err);
    }
    std::fs::remove_file(&broken).unwrap();
}

#[test]
fn a_reference_that_leads_nowhere_here_does_not_keep_a_template_from_being_examined() {
    let ended = rowtide(&["doctor", "--config", "unencrypted-sink/good.toml", "bisect-off/good.yaml"]);
    assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{}", ended.out);
}

// --- the database -----------------------------------------------------------------------------------------------

fn inspection() -> Inspection {
    let table = |name: &str, used_for: Use| TableFacts {
        name: format!("public.{name}"),
        used_for,
        exists: true,
        lacks: Vec::new(),
    };
    Inspection {
        version: "15.1".to_owned(),
        encrypted: Some(true),
        encoding: Some("UTF8".to_owned()),
        read_only: false,
        clock_ahead_ms: -1_500,
        connections_max: Some(97),
        schemas: vec![SchemaFacts { name: "public".to_owned(), exists: true, lacks: Vec::new() }],
        tables: vec![
            table("rowtide_targets", Use::Registry),
            table("rowtide_dead_letters", Use::DeadLetters),
            TableFacts { exists: false, ..table("rowtide_schemas", Use::Schemas) },
            table("orders_cdc", Use::Rows),
        ],
        targets: vec![TargetFacts {
            source: "orders".to_owned(),
            name: "public.orders".to_owned(),
            registered: Some(RegisteredTarget {
                source: "orders".to_owned(),
                key_names: vec!["id".to_owned(), "line".to_owned()],
                scheme: "k".to_owned(),
                epoch: 2,
            }),
            fault: None,
            unguarded: false,
        }],
    }
}

#[test]
fn every_rule_over_the_database_is_tripped_by_what_it_is_about_and_by_nothing_else() {
    let text = |settings: &str| {
        let environment = Environment::new();
        let set: Vec<String> = settings.split_whitespace().map(str::to_owned).collect();
        let set: Vec<String> = set
            .into_iter()
            .chain(["source.epoch=2".to_owned()].into_iter().filter(|_| !settings.contains("epoch")))
            .collect();
        let directory = Path::new("/nonexistent");
        let inputs = Inputs { file: None, set: &set, environment: &environment, directory, ignore: &[] };
        let mut config = Config::load(&inputs).unwrap();
        config.routes = vec![rowtide::policy::RoutePolicy {
            from: "orders".into(),
            key: vec!["line".into(), "id".into()],
            ..Default::default()
        }];
        config
    };
    type Change = fn(&mut Inspection);
    let table: [(&str, &str, Change); 17] = [
        ("", "", |_| {}),
        ("", "sink.ddl=never", |_| {}),
        ("", "sink.ddl=never", |facts| facts.schemas[0].lacks = vec![Privilege::Create]),
        ("sink-encoding", "", |facts| facts.encoding = Some("LATIN1".into())),
        ("sink-read-only", "", |facts| facts.read_only = true),
        ("sink-clock", "", |facts| facts.clock_ahead_ms = -31_000),
        ("sink-connections", "sink.connections=98", |_| {}),
        ("sink-schema", "", |facts| facts.schemas[0].exists = false),
        ("sink-schema", "", |facts| facts.schemas[0].lacks = vec![Privilege::Create]),
        ("sink-schema", "sink.ddl=never", |facts| facts.schemas[0].lacks = vec![Privilege::Usage]),
        ("sink-privileges", "", |facts| facts.tables[3].lacks = vec![Privilege::Insert]),
        ("sink-missing-table", "sink.ddl=never", |facts| facts.tables[1].exists = false),
        ("sink-table-shape", "", |facts| facts.targets[0].fault = Some("It has no column.".into())),
        ("sink-registry", "source.version=arrival", |_| {}),
        ("sink-registry", "source.epoch=1", |_| {}),
        ("sink-registry", "", |facts| facts.targets[0].registered.as_mut().unwrap().key_names.truncate(1)),
        ("sink-unguarded", "", |facts| facts.targets[0].unguarded = true),
    ];
    let found = |config: &Config, inspected: &Result<Inspection, Error>| {
        let findings =
            Stack::default().findings_of_sink(&Configured::from(config), "postgresql://u:***@h/d", inspected);
        findings.iter().map(|finding| finding.rule).collect::<Vec<_>>()
    };
    for (rule, settings, change) in table {
        let mut facts = inspection();
        change(&mut facts);
        let expected: Vec<&str> = Some(rule).into_iter().filter(|rule| !rule.is_empty()).collect();
        assert_eq!(found(&text(settings), &Ok(facts)), expected, "{settings}");
    }
    let refused =
        Err(Error::new(ErrorKind::Unavailable, Code::Unavailable, "The database cannot be reached."));
    assert_eq!(found(&text(""), &refused), ["sink-unreachable"]);
    let tried: BTreeSet<&str> = table.iter().map(|(rule, ..)| *rule).chain(["sink-unreachable"]).collect();
    let known: BTreeSet<&str> = rules().iter().filter(|rule| rule.asks_sink).map(|rule| rule.name).collect();
    assert!(known.is_subset(&tried), "{known:?} {tried:?}");
}

#[test]
fn connections_are_those_of_all_shards() {
    let mut stack = Stack::default();
    let template = std::fs::read(folder().join("reserved-concurrency/good.yaml")).unwrap();
    stack.add("t", &template, &BTreeMap::new()).unwrap();
    let found = |max: i64| {
        let facts = Inspection { connections_max: Some(max), ..inspection() };
        let mut config = config(None);
        config.source.epoch = 2;
        config.sink.connections = 1;
        stack
            .findings_of_sink(&Configured::from(&config), "", &Ok(facts))
            .into_iter()
            .map(|finding| finding.why)
            .collect::<Vec<_>>()
    };
    // two shards, factor two, one connection each
    assert_eq!(found(4), Vec::<String>::new());
    assert!(found(3)[0].starts_with("Up to 4 connections are opened, and 3 can be had."), "{:?}", found(3));
}

/// What the doctor finds in a database, as rules with their places.
fn found_in(place: &Place, url: &str, more: &[&str]) -> Vec<(String, String)> {
    let schema = format!("sink.schema={}", place.schema);
    let args = [&["doctor", "--output", "json", "--sink", url, "--set", &schema], more].concat();
    let ended = rowtide(&args);
    assert_eq!(ended.err, "", "{}", ended.out);
    assert!(!ended.out.contains(CANARY), "{}", ended.out);
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    let findings = told["findings"].as_array().unwrap();
    let has_error = findings.iter().any(|finding| finding["severity"] == "error");
    assert_eq!(ended.status, i32::from(has_error));
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().replace(&place.schema, "s");
    findings.iter().map(|finding| (text(finding, "rule"), text(finding, "where"))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(rule, place)| ((*rule).to_owned(), (*place).to_owned())).collect()
}

const EVENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/events/dynamodb-kinesis/insert.json");

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_looked_at_and_left_as_it_is() {
    let Some(place) = server("doctor").await else { return };
    let find = |more: &[&str]| found_in(&place, &place.url, more);
    assert_eq!(find(&[]), []);
    assert_eq!(
        place.texts("select relname from pg_class where relnamespace = '{s}'::regnamespace").await,
        [""; 0]
    );
    assert_eq!(
        find(&["--set", "sink.ddl=never"]),
        pairs(&[
            ("sink-missing-table", "s.rowtide_targets"),
            ("sink-missing-table", "s.rowtide_dead_letters")
        ])
    );
    let schema = format!("sink.schema={}", place.schema);
    let filled = rowtide(&["replay", "--no-rows", "--sink", &place.url, "--set", &schema, EVENT]);
    assert_eq!(filled.status, 0, "{}", filled.err);
    assert_eq!(find(&[]), []);
    assert_eq!(find(&["--set", "sink.ddl=never"]), []);
    assert_eq!(find(&["--set", "source.version=arrival"]), pairs(&[("sink-registry", "s.orders")]));
    place.run("alter table {s}.orders_cdc rename column version to vers").await;
    assert_eq!(find(&[]), pairs(&[("sink-table-shape", "s.orders")]));
    place.run("alter table {s}.orders_cdc rename column vers to version").await;
    // an existing table in the place of the view
    place.run("drop view {s}.orders; create table {s}.orders (pk jsonb, data jsonb)").await;
    assert_eq!(find(&[]), pairs(&[("sink-table-shape", "s.orders")]));
    place.run("create unique index on {s}.orders (pk)").await;
    assert_eq!(find(&[]), pairs(&[("sink-unguarded", "s.orders")]));
    place.run("alter table {s}.orders add version text, add deleted boolean").await;
    assert_eq!(find(&[]), []);
    place
        .run(
            "drop table {s}.orders; create view {s}.orders as select 1 as a; delete from {s}.rowtide_targets",
        )
        .await;
    let config = std::env::temp_dir().join(format!("rowtide-doctor-{}.toml", std::process::id()));
    std::fs::write(&config, "[[route]]\nfrom = \"orders\"\n").unwrap();
    let config_path = config.to_str().unwrap();
    assert_eq!(find(&["--config", config_path]), pairs(&[("sink-table-shape", "s.orders")]));
    std::fs::remove_file(&config).unwrap();
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_of_the_database_lacks_is_told() {
    let Some(place) = server("doctor_user").await else { return };
    let schema = format!("sink.schema={}", place.schema);
    let filled = rowtide(&["replay", "--no-rows", "--sink", &place.url, "--set", &schema, EVENT]);
    assert_eq!(filled.status, 0, "{}", filled.err);
    let user = format!("rowtide_doctor_{}", std::process::id());
    place.run(&format!("create role {user} login password '{CANARY}'")).await;
    let url = crate::support::with_option(&place.url, "user", &user);
    let url = crate::support::with_option(&url, "password", CANARY);
    let find = |more: &[&str]| found_in(&place, &url, more);
    let lacking = [
        ("sink-schema", "schema s"),
        ("sink-privileges", "s.rowtide_targets"),
        ("sink-privileges", "s.rowtide_dead_letters"),
    ];
    assert_eq!(find(&[]), pairs(&lacking));
    let all = ["rowtide_targets", "rowtide_dead_letters", "orders_cdc"]
        .map(|table| format!("{{s}}.{table}"))
        .join(", ");
    place
        .run(&format!(
            "grant usage on schema {{s}} to {user}; grant select, insert, update on {all} to {user}"
        ))
        .await;
    // a purge removes letters and tombstones
    let lacking = [
        ("sink-schema", "schema s"),
        ("sink-privileges", "s.rowtide_dead_letters"),
        ("sink-privileges", "s.orders_cdc"),
    ];
    assert_eq!(find(&[]), pairs(&lacking));
    place.run(&format!("grant delete on {{s}}.rowtide_dead_letters, {{s}}.orders_cdc to {user}")).await;
    assert_eq!(find(&["--set", "sink.ddl=never"]), []);
    place
        .run(&format!("revoke update on {{s}}.orders_cdc from {user}; alter role {user} connection limit 3"))
        .await;
    assert_eq!(
        find(&["--set", "sink.ddl=never"]).into_iter().map(|(rule, _)| rule).collect::<Vec<_>>(),
        ["sink-connections", "sink-privileges"]
    );
    place.run(&format!("drop owned by {user}; drop role {user}")).await;
    place.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_used_is_a_finding_without_its_password() {
    let Some(place) = server("doctor_away").await else { return };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let rules = |url: &str, more: &[&str]| -> Vec<String> {
        found_in(&place, url, more).into_iter().map(|(rule, _)| rule).collect()
    };
    let away = format!("postgresql://rowtide:{CANARY}@127.0.0.1:{port}/warehouse");
    assert_eq!(rules(&away, &[]), ["sink-unreachable"]);
    assert_eq!(rules(&place.url, &["--set", "sink.tls=require"]), ["sink-unreachable"]);
    let read_only = crate::support::with_option(&place.url, "options", "-cdefault_transaction_read_only=on");
    assert_eq!(rules(&read_only, &[]), ["sink-read-only"]);
    assert_eq!(rules(&place.url, &["--set", "sink.connections=1000"]), ["sink-connections"]);
    place.finish().await;
}

// --- anything at all --------------------------------------------------------------------------------------------

/// Documents made of what templates are made of, and of what they are not.
fn documents() -> impl Strategy<Value = String> {
    let words = proptest::sample::select(vec![
        "Resources",
        "Type",
        "Properties",
        "AWS::Serverless::Function",
        "AWS::Lambda::EventSourceMapping",
        "AWS::SQS::Queue",
        "Events",
        "Kinesis",
        "SQS",
        "Stream",
        "Queue",
        "Ref",
        "Fn::Sub",
        "Fn::If",
        "Fn::Join",
        "Fn::GetAtt",
        "Parameters",
        "Default",
        "Conditions",
        "Condition",
        "Fn::Equals",
        "Fn::And",
        "Fn::Not",
        "Globals",
        "Function",
        "Timeout",
        "Environment",
        "Variables",
        "Statement",
        "Effect",
        "Allow",
        "Principal",
        "*",
        "FilterCriteria",
        "Filters",
        "Pattern",
        "{\"eventName\": [\"INSERT\"]}",
        "${A}",
        "${",
        "-1",
        "9223372036854775807",
        "format_version",
        "planned_values",
        "root_module",
        "child_modules",
        "resources",
        "address",
        "module.a.aws_sqs_queue.b[\"x.y\"]",
        "type",
        "aws_lambda_function",
        "values",
        "configuration",
        "module_calls",
        "module",
        "expressions",
        "references",
        "var.x",
        "UUID",
        "FunctionArn",
        "FunctionName",
        "EventSourceMappings",
        "BatchSize",
        "RedrivePolicy",
        "VisibilityTimeout",
        "ShardCount",
        "",
    ]);
    let text = prop_oneof![words.prop_map(str::to_owned), "\\PC{0,6}".prop_map(|text| text)];
    let leaf = prop_oneof![
        text.clone().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    let value = leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((text.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    value.prop_map(|value| value.to_string())
}

/// Whatever it is, it is examined or refused.
fn examine(text: &[u8]) {
    let mut stack = Stack::default();
    if stack.add("t", text, &BTreeMap::new()).is_ok() {
        drop(stack.findings(&Configured::from(&Config::default())));
    }
}

proptest! {
    #[test]
    fn any_text_is_examined_or_refused(text in "\\PC{0,60}(\n[ -]{0,4}\\PC{0,20}(: ?[&*!|>'\"\\[{]?\\PC{0,20})?){0,12}") {
        examine(text.as_bytes());
    }

    #[test]
    fn any_bytes_are_examined_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        examine(&bytes);
    }

    #[test]
    fn any_document_is_examined_or_refused(document in documents()) {
        examine(document.as_bytes());
        // below what makes it a template, a plan, an answer
        for around in [
            format!(r#"{{"Transform":"AWS::Serverless-2016-10-31","Resources":{{"A":{{"Type":"AWS::Serverless::Function","Properties":{document}}}}}}}"#),
            format!(r#"{{"Resources":{{"A":{{"Type":"AWS::Lambda::EventSourceMapping","Properties":{document}}},"B":{document}}},"Conditions":{document},"Parameters":{document}}}"#),
            format!(r#"{{"format_version":"1.2","planned_values":{{"root_module":{{"resources":[{{"address":"module.a.aws_lambda_event_source_mapping.b","type":"aws_lambda_event_source_mapping","values":{document}}}],"child_modules":{document}}}}},"configuration":{document}}}"#),
            format!(r#"{{"UUID":"x","FunctionArn":"y","FilterCriteria":{document},"DestinationConfig":{document}}}"#),
        ] {
            examine(around.as_bytes());
        }
    }

    #[test]
    fn a_mutilated_template_is_examined_or_refused(at in 0usize..3_000, length in 0usize..40, with in "[ :\\-{}\\[\\]!&*a\n]{0,4}") {
        let text = std::fs::read_to_string(folder().join("published-stack.yaml")).unwrap();
        let letters: Vec<char> = text.chars().collect();
        let end = (at + length).min(letters.len());
        let text: String = letters[..at.min(letters.len())].iter().chain(with.chars().collect::<Vec<_>>().iter())
            .chain(&letters[end.max(at.min(letters.len()))..]).collect();
        examine(text.as_bytes());
    }
}

#[test]
fn functions_inside_of_functions_do_not_multiply_without_end() {
    let mut inner = r#"{"Ref": "P"}"#.to_owned();
    for _ in 0..40 {
        inner = format!(r#"{{"Fn::Sub": ["${{a}}${{a}}${{a}}${{a}} ", {{"a": {inner}}}]}}"#);
    }
    let conditions: Vec<String> = (0..40)
        .map(|at| {
            let next = format!(r#"{{"Condition": "C{}"}}"#, at + 1);
            format!(r#""C{at}": {{"Fn::And": [{next}, {next}, {next}, {next}]}}"#)
        })
        .collect();
    let template = format!(
        r#"{{"Parameters": {{"P": {{"Default": "{}"}}}}, "Conditions": {{{}}},
        "Resources": {{"A": {{"Type": "AWS::Lambda::Function", "Condition": "C0", "Properties": {{"Timeout": {inner}}}}}}}}}"#,
        "x".repeat(4_000),
        conditions.join(",")
    );
    let started = std::time::Instant::now();
    examine(template.as_bytes());
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

// --- the documentation ------------------------------------------------------------------------------------------

#[test]
fn the_documentation_lists_the_rules_as_they_are() {
    let mut expected = String::new();
    for asks_sink in [false, true] {
        let title =
            if asks_sink { "## Rules over the database" } else { "## Rules over files and configuration" };
        let heading = "| Rule | Severity | Finds | Because |\n|---|---|---|---|\n";
        expected.push_str(&format!("{title}\n\n{heading}"));
        for rule in rules().iter().filter(|rule| rule.asks_sink == asks_sink) {
            expected.push_str(&format!(
                "| `{}` | {} | {} | {} |\n",
                rule.name,
                rule.severity.as_str(),
                rule.finds,
                rule.why
            ));
        }
        expected.push('\n');
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/doctor.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, _) = text.split_once("## Rules over files").expect("the heading of the first table");
    let renewed = format!("{before}{}", expected.trim_end().to_owned() + "\n");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &renewed).unwrap();
        return;
    }
    assert_eq!(
        text, renewed,
        "docs/doctor.md differs from the rules: run with UPDATE_EXPECT=1 and read the diff"
    );
    let names: BTreeSet<&str> = rules().iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), rules().len());
}
