//! Functions that read tables: they invoke themselves, and nobody waits for their answers.

use super::{Check, Files, Hit, Rule, Severity};
use crate::model::{Kind, Model, Origin, Resource, is_snapshot};

/// Each invocation connects and plans anew, and stops shortly before its end; the rest is for rows.
const TIMEOUT_LEAST: i64 = 300;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "recursive-loop",
        severity: Severity::Error,
        finds: "a snapshot function that Lambda does not let invoke itself again and again",
        why: "Lambda stops what invokes itself after about 16 times: large tables are never read to their end.",
        change: "Set `RecursiveLoop` of the function to Allow.",
        check: Check::Files(|files| snapshots(files).filter_map(|of| stopped(files.model, of)).collect()),
    },
    Rule {
        name: "no-event-destination",
        severity: Severity::Warning,
        finds: "a snapshot function without a destination for events that Lambda gives up",
        why: "A part of a table that fails three times is not read, and nothing says which one it was.",
        change: "Add an AWS::Lambda::EventInvokeConfig for the alias that is invoked, whose `DestinationConfig` has \
                 `OnFailure`, best with an S3 bucket; in Terraform, aws_lambda_function_event_invoke_config.",
        check: Check::Files(|files| snapshots(files).filter_map(|of| unheard(files.model, of)).collect()),
    },
    Rule {
        name: "snapshot-timeout",
        severity: Severity::Warning,
        finds: "a snapshot function whose timeout is under 300 s",
        why: "Each invocation connects and begins anew: little of it is left for rows, and a part may go on in another \
              one 100 times only.",
        change: "Set `Timeout` to 900.",
        check: Check::Files(|files| {
            let short = |function: &Resource| {
                let node = function.get(&["Timeout"]);
                let timeout = node.given_number().or(3)?;
                let default = if node.is_null() { " (the default)" } else { "" };
                let detail = format!("`Timeout` is {timeout} s{default}.");
                (timeout < TIMEOUT_LEAST).then(|| Hit::at(function, node, detail))
            };
            files
                .model
                .of(Kind::Function)
                .filter(|function| is_snapshot(function))
                .filter_map(short)
                .collect()
        }),
    },
];

/// Snapshot functions with what stands around them. AWS answers about that elsewhere.
fn snapshots<'a>(files: &Files<'a>) -> impl Iterator<Item = &'a Resource> {
    let functions = files.model.of(Kind::Function);
    functions.filter(|function| is_snapshot(function) && function.origin != Origin::Live)
}

/// The resources of a kind that are about a function.
fn about<'a>(model: &'a Model, kind: Kind, function: &'a Resource) -> impl Iterator<Item = &'a Resource> {
    model.of(kind).filter(move |other| {
        let found = model.function(other, other.get(&["FunctionName"]));
        found.is_some_and(|found| std::ptr::eq(found, function))
    })
}

fn stopped(model: &Model, function: &Resource) -> Option<Hit> {
    let place = about(model, Kind::Recursion, function).next().unwrap_or(function);
    let node = place.get(&["RecursiveLoop"]);
    let detail = if node.is_null() { "`RecursiveLoop` is not set." } else { "`RecursiveLoop` is not Allow." };
    let fails = node.given_text().lacks(|value| value == "Allow");
    fails.then(|| Hit::at(place, node, detail))
}

fn unheard(model: &Model, function: &Resource) -> Option<Hit> {
    let destination = ["DestinationConfig", "OnFailure", "Destination"];
    let own = [
        function.get(&["DeadLetterConfig"]),
        // what SAM calls it, and where it has the other
        function.get(&["DeadLetterQueue"]),
        function.get(&["EventInvokeConfig"]).at(&destination),
    ];
    let is_heard = own.iter().any(|node| !node.is_null())
        || about(model, Kind::EventConfig, function).any(|config| !config.get(&destination).is_null());
    (!is_heard).then(|| {
        Hit::at(
            function,
            function.get(&["EventInvokeConfig"]),
            "Events that fail have no `DestinationConfig`.",
        )
    })
}
