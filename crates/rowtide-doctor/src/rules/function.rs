//! Lambda functions: time, runtime, logs, variables.

use super::mapping::each;
use super::{Check, Files, Hit, Rule, Severity, setting};
use crate::facts::Configured;
use crate::model::{Kind, Origin, Resource, is_ours, is_snapshot};
use crate::node::{Given, Node, Value};

/// Connecting may take 5 s, and a statement that is tried again 8 s; within less, one hiccup costs the invocation.
const TIMEOUT_LEAST: i64 = 10;
/// More for each 1,000 records, which are written with one statement a table.
const TIMEOUT_PER_CHUNK: i64 = 2;
/// Records that are written with one statement.
const CHUNK: i64 = 1_000;
/// Variables of other functions that hold the database, which rowtide reads too.
const OTHER_SINKS: [&str; 2] = ["SINK_SQLALCHEMY_URL", "CRATEDB_CLUSTER_URL"];

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "timeout",
        severity: Severity::Error,
        finds: "a timeout that is too short for a batch: 10 s, and 2 s for each 1,000 records",
        why: "The time runs out before the batch is written, again and again: the shard does not move on.",
        change: "Set `Timeout` to 60, or make `BatchSize` smaller.",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let function = mapping.function?;
                let node = function.get(&["Timeout"]);
                let timeout = node.given_number().or(3)?;
                let size = mapping.batch_size()?;
                let chunks = size.saturating_add(CHUNK - 1) / CHUNK;
                let needed = chunks.saturating_mul(TIMEOUT_PER_CHUNK).saturating_add(TIMEOUT_LEAST);
                let default = if node.is_null() { " (the default)" } else { "" };
                let detail = format!(
                    "`Timeout` is {timeout} s{default} and `BatchSize` {size}, for which {needed} s are needed."
                );
                (timeout < needed).then(|| Hit::at(function, node, detail))
            })
        }),
    },
    Rule {
        name: "runtime",
        severity: Severity::Error,
        finds: "a function of rowtide with a wrong runtime, or without a handler",
        why: "Only the runtime of Amazon Linux 2023 can start it, and AWS refuses a zip without a handler.",
        change: "Set `Runtime` to provided.al2023 and `Handler` to bootstrap, or `PackageType` to Image.",
        check: Check::Files(|files| {
            let ours = files.model.of(Kind::Function).filter(|function| is_ours(function));
            ours.filter_map(runtime).collect()
        }),
    },
    Rule {
        name: "log-retention",
        severity: Severity::Warning,
        finds: "a log group that never expires, or a function without one of the stack's own",
        why: "Every line is kept for ever, and the cost grows.",
        change: "Define the function's log group with `RetentionInDays`, for example 30.",
        check: Check::Files(log_groups),
    },
    Rule {
        name: "log-level",
        severity: Severity::Warning,
        finds: "a function of rowtide whose log keeps only what is above INFO",
        why: "Metrics are lines of INFO: CloudWatch never sees them, and their alarms stay silent.",
        change: "Set `ApplicationLogLevel` to INFO.",
        check: Check::Files(|files| {
            let ours = files.model.of(Kind::Function).filter(|function| is_ours(function));
            ours.filter_map(|function| {
                let node = function.get(&["LoggingConfig", "ApplicationLogLevel"]);
                let level = node.as_text().filter(|level| ["WARN", "ERROR", "FATAL"].contains(level))?;
                Some(Hit::at(function, node, format!("`ApplicationLogLevel` is {level}.")))
            })
            .collect()
        }),
    },
    Rule {
        name: "unknown-setting",
        severity: Severity::Error,
        finds: "a variable that looks like a setting of rowtide and is none",
        why: "The function refuses to start.",
        change: "Correct the name; `rowtide config` lists the settings.",
        check: Check::Files(|files| {
            let functions = files.model.of(Kind::Function);
            functions
                .flat_map(|function| {
                    function.variables().iter().filter_map(|entry| unknown(files.configured, function, entry))
                })
                .collect()
        }),
    },
    Rule {
        name: "no-sink",
        severity: Severity::Error,
        finds: "a function of rowtide that is not told its database",
        why: "Every invocation fails, and the source is blocked.",
        change: "Set the variable `ROWTIDE_SINK_URL` to secretsmanager://NAME, or name a configuration with \
                 `ROWTIDE_CONFIG`.",
        check: Check::Files(|files| {
            let has_sink = files.configured.sink_url.is_some();
            let ours = files.model.of(Kind::Function).filter(|function| is_ours(function));
            let told = |function: &Resource| {
                let names = ["ROWTIDE_SINK_URL", "ROWTIDE_CONFIG"].into_iter().chain(OTHER_SINKS);
                names.into_iter().any(|name| !function.variable(name).is_null())
            };
            let ours = ours.filter(|function| !has_sink && !told(function));
            ours.map(|function| {
                Hit::at(
                    function,
                    function.get(&["Environment"]),
                    "Neither `ROWTIDE_SINK_URL` nor `ROWTIDE_CONFIG` is set.",
                )
            })
            .collect()
        }),
    },
    Rule {
        name: "predecessor-answers",
        severity: Severity::Warning,
        finds: "a function with the variables of LorryStream or CrateDB Toolkit whose `USE_BATCH_PROCESSING` is not true",
        why: "The mapping ignores the function's answer, so one record that is not durable fails the \
              invocation: the whole batch comes again.",
        change: "Set `FunctionResponseTypes` of the mapping to [`ReportBatchItemFailures`], then \
                 `USE_BATCH_PROCESSING` to \"true\"; or set Rowtide's own variables instead of all of \
                 theirs.",
        check: Check::Files(|files| {
            let ours = files.model.of(Kind::Function).filter(|function| is_ours(function));
            let fails = ours.filter_map(|function| {
                let node = function.variable("USE_BATCH_PROCESSING");
                let text = |name: &str| {
                    let node = function.variable(name);
                    // whatever it is, it is there
                    (!node.is_null()).then(|| node.as_text().unwrap_or_default().to_owned())
                };
                let detail = "`USE_BATCH_PROCESSING` is not true.";
                ((files.configured.fails_whole)(&text) == Some(true)).then(|| Hit::at(function, node, detail))
            });
            fails.collect()
        }),
    },
    Rule {
        name: "decoder-auto",
        severity: Severity::Warning,
        finds: "a function of rowtide that guesses the format of its records",
        why: "A broken or strange record may be taken for something else.",
        change: "Set the variable `ROWTIDE_SOURCE_DECODER` to the format; `rowtide formats` lists them.",
        check: Check::Files(|files| {
            // rows of a snapshot are in no format
            let reads = |function: &&Resource| is_ours(function) && !is_snapshot(function);
            files
                .model
                .consumers()
                .filter(reads)
                .filter_map(|function| {
                    // the file that it names is not known here, unless it is the one that was given
                    let has = |name: &str| !function.variable(name).is_null();
                    let elsewhere =
                        !has("ROWTIDE_SOURCE_DECODER") && (has("ROWTIDE_CONFIG") || has("MESSAGE_FORMAT"));
                    let auto = setting(Some(function), files.configured, "source.decoder")
                        == Given::Is("auto".to_owned());
                    let node = function.get(&["Environment"]);
                    (auto && !elsewhere).then(|| Hit::at(function, node, "`source.decoder` is auto."))
                })
                .collect()
        }),
    },
];

fn runtime(function: &Resource) -> Option<Hit> {
    let package = function.get(&["PackageType"]).given_text().or("Zip".to_owned())?;
    let node = function.get(&["Runtime"]);
    if package == "Image" || !function.get(&["ImageUri"]).is_null() {
        return None;
    }
    let runtime = node.given_text().known()?;
    if runtime != "provided.al2023" {
        return Some(Hit::at(function, node, format!("`Runtime` is {runtime}.")));
    }
    // any will do: the runtime starts `bootstrap`
    let node = function.get(&["Handler"]);
    node.is_null().then(|| Hit::at(function, node, "`Handler` is not set."))
}

fn log_groups(files: &Files<'_>) -> Vec<Hit> {
    let groups = || files.model.of(Kind::LogGroup);
    let endless = groups().filter_map(|group| {
        let node = group.get(&["RetentionInDays"]);
        let fails = node.given_number().lacks(|days| *days > 0);
        fails.then(|| Hit::at(group, node, "The log group has no `RetentionInDays`: it never expires."))
    });
    // of a live function, the log group is not among the answers
    let functions = files.model.consumers().filter(|function| function.origin != Origin::Live);
    let missing = functions.filter_map(|function| {
        let named = function.get(&["LoggingConfig", "LogGroup"]);
        let is_own = |group: &&Resource| {
            let name = group.get(&["LogGroupName"]);
            name.as_text().is_none_or(|name| default_group(function, name))
        };
        let fails = named.is_null() && groups().find(is_own).is_none();
        fails.then(|| Hit::at(function, named, "The function has no log group of its own."))
    });
    endless.chain(missing).collect()
}

/// Whether a log group has the name that Lambda gives a function's.
fn default_group(function: &Resource, group: &str) -> bool {
    let Some(name) = group.strip_prefix("/aws/lambda/") else { return false };
    let own = function.get(&["FunctionName"]);
    match &own.value {
        Value::Text(own) => own == name || name == format!("${{{}}}", function.id),
        Value::Null => name == format!("${{{}}}", function.id),
        Value::Bool(_)
        | Value::Number(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Reference(..)
        | Value::Hidden
        | Value::Unknown => true,
    }
}

fn unknown(configured: &Configured, function: &Resource, (name, node): &(String, Node)) -> Option<Hit> {
    let known = &configured.variables;
    let tables = configured.settings.iter().filter_map(|setting| setting.name.split_once('.'));
    let is_ours = |table: &str| name.starts_with(&format!("ROWTIDE_{}_", table.to_ascii_uppercase()));
    let is_route = name.starts_with("ROWTIDE_ROUTE");
    if known.contains(name) || !(is_route || tables.into_iter().any(|(table, _)| is_ours(table))) {
        return None;
    }
    if is_route {
        let hit = Hit::at(function, node, "Routes are set by variable.");
        return Some(hit.changing("Put the routes into a file and name it with `ROWTIDE_CONFIG`."));
    }
    let nearest = known.iter().min_by_key(|known| strsim::damerau_levenshtein(known, name));
    let change = nearest.map(|nearest| format!("Correct the name: is `{nearest}` meant?"));
    let hit = Hit::at(function, node, format!("The variable {} is no setting.", shown(name)));
    Some(Hit { change, ..hit })
}

/// A name, unless it could be anything else.
fn shown(name: &str) -> &str {
    let is_name = name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name { name } else { "ROWTIDE_…" }
}
