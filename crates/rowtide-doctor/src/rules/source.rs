//! Tables and streams: whether what they send can keep a copy right.

use super::mapping::each;
use super::{Check, Files, Hit, Rule, Severity, setting};
use crate::facts::Routed;
use crate::model::{Kind, Model, Resource, Shards, Source};
use crate::node::{Given, Node};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "view-type",
        severity: Severity::Error,
        finds: "a DynamoDB stream without new images",
        why: "Every invocation fails, and the shard is blocked.",
        change: "Set `StreamViewType` to `NEW_AND_OLD_IMAGES` or `NEW_IMAGE`; AWS makes a new stream for it.",
        check: Check::Files(|files| {
            let tables = files.model.of(Kind::Table);
            tables
                .filter_map(|table| {
                    let node = table.get(&["StreamSpecification", "StreamViewType"]);
                    let view = node.given_text().known()?;
                    let fails = !["NEW_AND_OLD_IMAGES", "NEW_IMAGE"].contains(&view.as_str());
                    fails.then(|| Hit::at(table, node, format!("`StreamViewType` is {view}.")))
                })
                .collect()
        }),
    },
    Rule {
        name: "unrouted-table",
        severity: Severity::Error,
        finds: "a table that a function reads and no route takes",
        why: "All of its changes are left out.",
        change: "Write `from` in the route as the table is named, with its case.",
        check: Check::Files(unrouted),
    },
    Rule {
        name: "millisecond-precision",
        severity: Severity::Warning,
        finds: "a table whose Kinesis records carry milliseconds",
        why: "Two changes of an item in one millisecond may be taken in the wrong order.",
        change: "Set `ApproximateCreationDateTimePrecision` to `MICROSECOND`.",
        check: Check::Files(precision),
    },
    Rule {
        name: "arrival-versions",
        severity: Severity::Error,
        finds: "versions by `arrival` where records come by several ways",
        why: "Several shards, or a queue without order, do not tell which change came first: an older one \
              can win.",
        change: "Leave `source.version` at `auto`, or read from one shard or a FIFO queue.",
        check: Check::Files(arrival),
    },
    Rule {
        name: "tombstone-retention",
        severity: Severity::Error,
        finds: "a source that keeps records longer than deleted rows are remembered",
        why: "A record that comes after its row's tombstone was purged brings the row back.",
        change: "Set `sink.tombstone_retention` above the source's retention, plus time for a redrive.",
        check: Check::Files(tombstones),
    },
    Rule {
        name: "reserved-concurrency",
        severity: Severity::Warning,
        finds: "a function that may not run as often as its mapping needs",
        why: "Lambda throttles the rest: shards wait, or messages use up their receives.",
        change: "Set `ReservedConcurrentExecutions` to at least shards × `ParallelizationFactor` (for a \
                 queue, `MaximumConcurrency`), or remove it.",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let function = mapping.function?;
                let node = function.get(&["ReservedConcurrentExecutions"]);
                let reserved = node.given_number().known().filter(|reserved| *reserved >= 0)?;
                let needed = match (mapping.source, Model::shards(&mapping)) {
                    (Source::Sqs, _) => mapping
                        .resource
                        .get(&["ScalingConfig", "MaximumConcurrency"])
                        .given_number()
                        .known()
                        .unwrap_or(1),
                    (_, shards) => {
                        let factor = mapping.number("ParallelizationFactor").or(1)?;
                        shards.map_or(1, Shards::at_least).saturating_mul(factor)
                    }
                };
                let detail =
                    format!("`ReservedConcurrentExecutions` is {reserved}, and the mapping needs {needed}.");
                (reserved < needed).then(|| Hit::at(function, node, detail))
            })
        }),
    },
];

/// Tables whose own stream a function reads, by the name that the template gives them.
fn unrouted(files: &Files<'_>) -> Vec<Hit> {
    each(files, |mapping| {
        let table = mapping.from.filter(|from| from.kind == Kind::Table)?;
        let node = table.get(&["TableName"]);
        let name = node.given_text().known()?;
        let Routed::Nowhere(nearly) = (files.configured.routed_as)(&name) else { return None };
        let nearly = nearly.map_or_else(String::new, |from| format!(", and one takes {from}"));
        Some(Hit::at(table, node, format!("The table is {name}: no route takes it{nearly}.")))
    })
}

/// Tables that send their changes to Kinesis, by either kind of resource.
fn precision(files: &Files<'_>) -> Vec<Hit> {
    let name = "KinesisStreamSpecification";
    let tables = files.model.of(Kind::Table).flat_map(|table| {
        // a global table has one in each region
        let replicas = table.get(&["Replicas"]).items().iter().map(|replica| replica.get(name));
        std::iter::once(table.get(&[name])).chain(replicas).map(move |specification| (table, specification))
    });
    let own = files.model.of(Kind::KinesisDestination).map(|own| (own, &own.properties));
    let check = |(resource, specification): (&Resource, &Node)| {
        let node = specification.get("ApproximateCreationDateTimePrecision");
        let fails = specification.is_map() && node.given_text().lacks(|precision| precision == "MICROSECOND");
        let line = if node.is_null() { specification } else { node };
        let detail = "`ApproximateCreationDateTimePrecision` is MILLISECOND, or not set, which is the same.";
        fails.then(|| Hit::at(resource, line, detail))
    };
    tables.chain(own).filter_map(check).collect()
}

fn arrival(files: &Files<'_>) -> Vec<Hit> {
    each(files, |mapping| {
        let version = setting(mapping.function, files.configured, "source.version");
        if version.known().as_deref() != Some("arrival") {
            return None;
        }
        let fifo = mapping.from.map(|from| from.get(&["FifoQueue"]).given_bool());
        let ways = match (mapping.source, Model::shards(&mapping)) {
            (_, Some(Shards::OnDemand)) => "The stream has as many shards as AWS thinks fit".to_owned(),
            (_, Some(Shards::Number(shards))) if shards > 1 => format!("The stream has {shards} shards"),
            (Source::Dynamodb, _) => "A DynamoDB stream has several shards".to_owned(),
            (Source::Sqs, _) if fifo.is_some_and(|fifo| fifo.lacks(|fifo| *fifo)) => {
                "The queue is not FIFO".to_owned()
            }
            _ => return None,
        };
        let node = mapping.resource.get(&["EventSourceArn"]);
        Some(Hit::at(mapping.resource, node, format!("{ways}, and `source.version` is arrival.")))
    })
}

fn tombstones(files: &Files<'_>) -> Vec<Hit> {
    let remembered = files.configured.tombstone_retention;
    each(files, |mapping| {
        let from = mapping.from?;
        let (name, unit, default) = match mapping.source {
            Source::Kinesis => ("RetentionPeriodHours", 3_600, 24),
            Source::Sqs => ("MessageRetentionPeriod", 1, 345_600),
            Source::Dynamodb | Source::Stream | Source::Kafka | Source::Other => return None,
        };
        let node = from.get(&[name]);
        let seconds = node.given_number().or(default)?.saturating_mul(unit);
        // a function of its own may have its own
        let own = mapping.function.map(|function| function.variable("ROWTIDE_SINK_TOMBSTONE_RETENTION"));
        if own.is_some_and(|own| own.given_text() != Given::Absent) {
            return None;
        }
        let fails = u64::try_from(seconds).is_ok_and(|seconds| seconds > remembered);
        let detail =
            format!("The source keeps records for {seconds} s, and tombstones are kept for {remembered} s.");
        fails.then(|| Hit::at(from, node, detail))
    })
}
