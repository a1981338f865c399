//! Event source mappings: what the defaults of AWS lose or block.

use super::{Check, Files, Hit, Rule, Severity};
use crate::model::{Kind, Mapping, Origin, Source};
use crate::node::{Given, Value};

/// What a record of a DynamoDB stream may be old, and a Kinesis stream's default, in seconds.
const DAY: i64 = 86_400;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "response-types",
        severity: Severity::Error,
        finds: "a mapping without `ReportBatchItemFailures`",
        why: "Lambda counts every record as done: those that could not be written are lost without a sign.",
        change: "Set `FunctionResponseTypes` to [`ReportBatchItemFailures`]; for Kafka also provisioned mode \
                 (`ProvisionedPollerConfig`).",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let types = mapping.resource.get(&["FunctionResponseTypes"]);
                let is_there =
                    types.items().iter().any(|item| item.as_text() == Some("ReportBatchItemFailures"));
                let unknown = types.value == Value::Unknown
                    || types.items().iter().any(|item| item.as_text().is_none());
                let fails = mapping.source != Source::Other && !is_there && !unknown;
                fails.then(|| {
                    Hit::at(
                        mapping.resource,
                        types,
                        "`FunctionResponseTypes` lacks `ReportBatchItemFailures`.",
                    )
                })
            })
        }),
    },
    Rule {
        name: "unlimited-retries",
        severity: Severity::Error,
        finds: "a stream or topic whose failed batches are tried again without limit",
        why: "One batch that keeps failing blocks its shard until the stream forgets the records behind it.",
        change: "Set `MaximumRetryAttempts`, such as 1000, and `MaximumRecordAgeInSeconds` below the \
                 stream's retention.",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let limited = |value: &i64| *value >= 0;
                let attempts = mapping.number("MaximumRetryAttempts");
                let fails = mapping.source.is_ordered()
                    && attempts.clone().lacks(limited)
                    && mapping.number("MaximumRecordAgeInSeconds").lacks(limited);
                let node = mapping.resource.get(&["MaximumRetryAttempts"]);
                let detail = match attempts {
                    Given::Is(value) => format!("`MaximumRetryAttempts` is {value}: without limit."),
                    Given::Absent | Given::Unknown => {
                        "`MaximumRetryAttempts` is not set: without limit.".to_owned()
                    }
                };
                fails.then(|| Hit::at(mapping.resource, node, detail))
            })
        }),
    },
    Rule {
        name: "no-destination",
        severity: Severity::Error,
        finds: "a stream or topic without a destination for what Lambda gives up",
        why: "What is given up is gone, and nothing says which records it was.",
        change: "Set `DestinationConfig` with `OnFailure`, best to an S3 bucket: only that gets the records \
                 themselves.",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let node = mapping.resource.get(&["DestinationConfig"]);
                let destination = node.at(&["OnFailure", "Destination"]);
                let fails =
                    mapping.source.is_ordered() && destination.is_null() && node.value != Value::Unknown;
                fails.then(|| Hit::at(mapping.resource, node, "No `DestinationConfig` for failures."))
            })
        }),
    },
    Rule {
        name: "destination-without-payload",
        severity: Severity::Warning,
        finds: "a destination that is a queue or a topic",
        why: "It gets positions, not records. Once the stream has forgotten these, they are lost.",
        change: "Use an S3 bucket as the `Destination`.",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let (node, kind) = destination(files, mapping);
                let fails = mapping.source.is_ordered() && kind.is_some_and(|kind| !kind.is_fifo);
                fails.then(|| Hit::at(mapping.resource, node, "The destination is a queue or a topic."))
            })
        }),
    },
    Rule {
        name: "destination-fifo",
        severity: Severity::Error,
        finds: "a destination that is a FIFO queue or topic",
        why: "Lambda cannot deliver to it: what is given up is gone.",
        change: "Use an S3 bucket as the `Destination`, or a standard queue or topic.",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let (node, kind) = destination(files, mapping);
                let fails = kind.is_some_and(|kind| kind.is_fifo);
                fails.then(|| Hit::at(mapping.resource, node, "The destination is FIFO."))
            })
        }),
    },
    Rule {
        name: "bisect-off",
        severity: Severity::Error,
        finds: "a stream or topic whose failed batches are not divided",
        why: "One record that makes the function fail takes its whole batch with it.",
        change: "Set `BisectBatchOnFunctionError` to true.",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let node = mapping.resource.get(&["BisectBatchOnFunctionError"]);
                let fails = mapping.source.is_ordered() && node.given_bool().lacks(|on| *on);
                fails.then(|| Hit::at(mapping.resource, node, "`BisectBatchOnFunctionError` is off."))
            })
        }),
    },
    Rule {
        name: "record-age",
        severity: Severity::Warning,
        finds: "a record age that is unlimited or not below the stream's retention",
        why: "While the function cannot run, records leave the stream before Lambda gives them to the \
              destination.",
        change: "Set `MaximumRecordAgeInSeconds` below the stream's retention, such as 43200.",
        check: Check::Files(|files| each(files, |mapping| record_age(&mapping))),
    },
    Rule {
        name: "starting-position",
        severity: Severity::Error,
        finds: "a mapping that starts at `LATEST`",
        why: "What is written in the minutes before Lambda reads is never seen, also after a change of the \
              mapping.",
        change: "Set `StartingPosition` to `TRIM_HORIZON`; records that come twice do no harm.",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let node = mapping.resource.get(&["StartingPosition"]);
                let fails = mapping.source.is_ordered() && node.as_text() == Some("LATEST");
                fails.then(|| Hit::at(mapping.resource, node, "`StartingPosition` is LATEST."))
            })
        }),
    },
    Rule {
        name: "tumbling-window",
        severity: Severity::Warning,
        finds: "a mapping with a tumbling window",
        why: "Rowtide aggregates nothing: windows only slow a shard down.",
        change: "Remove `TumblingWindowInSeconds`.",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let node = mapping.resource.get(&["TumblingWindowInSeconds"]);
                let seconds = node.given_number().known().filter(|seconds| *seconds > 0)?;
                let detail = format!("`TumblingWindowInSeconds` is {seconds}.");
                Some(Hit::at(mapping.resource, node, detail))
            })
        }),
    },
    Rule {
        name: "mapping-disabled",
        severity: Severity::Warning,
        finds: "a mapping that is switched off",
        why: "Records wait, and are lost when the stream forgets them.",
        change: "Set `Enabled` to true.",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let node = mapping.resource.get(&["Enabled"]);
                let state = mapping.resource.get(&["State"]);
                let off = node.given_bool() == Given::Is(false);
                let stopped = state.as_text().is_some_and(|state| ["Disabled", "Disabling"].contains(&state));
                let node = if off { node } else { state };
                (off || stopped).then(|| Hit::at(mapping.resource, node, "The mapping is disabled."))
            })
        }),
    },
    Rule {
        name: "mapping-problem",
        severity: Severity::Error,
        finds: "a live mapping whose last result is a problem",
        why: "Lambda could not read the source or invoke the function: records wait.",
        change: "Look at `LastProcessingResult` and at the function's log.",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let node = mapping.resource.get(&["LastProcessingResult"]);
                let fails = node.as_text().is_some_and(|result| result.starts_with("PROBLEM"));
                let live = mapping.resource.origin == Origin::Live;
                (fails && live)
                    .then(|| Hit::at(mapping.resource, node, "`LastProcessingResult` is a problem."))
            })
        }),
    },
];

/// What a check finds in each mapping.
pub(super) fn each(files: &Files<'_>, check: impl Fn(Mapping<'_>) -> Option<Hit>) -> Vec<Hit> {
    files.model.mappings().filter_map(check).collect()
}

#[derive(Clone, Copy)]
struct Destination {
    is_fifo: bool,
}

/// The destination of a mapping, and its kind when it is a queue or a topic.
fn destination<'m>(files: &Files<'_>, mapping: Mapping<'m>) -> (&'m crate::node::Node, Option<Destination>) {
    let node = mapping.resource.get(&["DestinationConfig", "OnFailure", "Destination"]);
    let found = files.model.find(&[Kind::Queue, Kind::Topic], mapping.resource, node);
    if let Some(found) = found {
        let fifo = ["FifoQueue", "FifoTopic"];
        let is_fifo = fifo.iter().any(|name| found.get(&[name]).given_bool() == Given::Is(true));
        return (node, Some(Destination { is_fifo }));
    }
    let arn = node.as_text().unwrap_or_default();
    // SAM says what it is
    let kind = mapping.resource.get(&["DestinationConfig", "OnFailure", "Type"]).as_text();
    let is_queue =
        [":sqs:", ":sns:"].iter().any(|service| arn.contains(service)) || matches!(kind, Some("SQS" | "SNS"));
    (node, is_queue.then(|| Destination { is_fifo: arn.ends_with(".fifo") }))
}

fn record_age(mapping: &Mapping<'_>) -> Option<Hit> {
    if !mapping.source.is_stream() {
        return None;
    }
    let node = mapping.resource.get(&["MaximumRecordAgeInSeconds"]);
    let age = node.given_number().or(-1)?;
    if age < 0 {
        // without a limit of attempts either, unlimited-retries says it
        let attempts = mapping.number("MaximumRetryAttempts").or(-1)?;
        let hit = || Hit::at(mapping.resource, node, "`MaximumRecordAgeInSeconds` is not limited.");
        return (attempts >= 0).then(hit);
    }
    let retention = match (mapping.source, mapping.from) {
        (Source::Dynamodb, _) => DAY,
        (Source::Kinesis, Some(stream)) => {
            stream.get(&["RetentionPeriodHours"]).given_number().or(24)? * 3_600
        }
        _ => return None,
    };
    let detail =
        format!("`MaximumRecordAgeInSeconds` is {age}, and the stream keeps records for {retention} s.");
    (age >= retention).then(|| Hit::at(mapping.resource, node, detail))
}
