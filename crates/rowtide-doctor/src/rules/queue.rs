//! SQS queues that functions read from.

use super::mapping::each;
use super::{Check, Hit, Rule, Severity};
use crate::model::{Kind, Mapping, Resource, Source};
use crate::node::{Given, Value};

/// How often a message should be received before it is given up: throttled receives count as well.
const RECEIVES_MIN: i64 = 5;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "visibility-timeout",
        severity: Severity::Error,
        finds: "a visibility timeout under six times the function's timeout",
        why: "Messages are delivered again while they are worked on, and end in the dead-letter queue.",
        change: "Set `VisibilityTimeout` to at least six times the function's `Timeout`, plus the batching window.",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let (queue, function) = (queue(&mapping)?, mapping.function?);
                let node = queue.get(&["VisibilityTimeout"]);
                let visibility = node.given_number().or(30)?;
                let timeout = function.get(&["Timeout"]).given_number().or(3)?;
                let detail = format!(
                    "`VisibilityTimeout` is {visibility} s, and the function's `Timeout` {timeout} s."
                );
                (visibility < timeout.saturating_mul(6)).then(|| Hit::at(queue, node, detail))
            })
        }),
    },
    Rule {
        name: "no-redrive",
        severity: Severity::Error,
        finds: "a queue without a dead-letter queue",
        why: "A message that keeps failing is gone when the queue's retention ends.",
        change: "Set `RedrivePolicy` with a dead-letter queue and maxReceiveCount of 5 or more.",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let queue = queue(&mapping)?;
                let node = queue.get(&["RedrivePolicy"]);
                let elsewhere = files.model.of(Kind::Other).any(|other| {
                    !other.get(&["RedrivePolicy"]).is_null()
                        && files
                            .model
                            .find(&[Kind::Queue], other, other.get(&["QueueUrl"]))
                            .is_some_and(|found| std::ptr::eq(found, queue))
                });
                (node.is_null() && !elsewhere)
                    .then(|| Hit::at(queue, node, "The queue has no `RedrivePolicy`."))
            })
        }),
    },
    Rule {
        name: "few-receives",
        severity: Severity::Warning,
        finds: "a queue that gives messages up after fewer than five receives",
        why: "Throttled and interrupted invocations count, too: good messages end in the dead-letter queue.",
        change: "Set maxReceiveCount in `RedrivePolicy` to 5 or more.",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let queue = queue(&mapping)?;
                let node = queue.get(&["RedrivePolicy"]);
                let receives = node.get("maxReceiveCount").given_number().known()?;
                let detail = format!("maxReceiveCount is {receives}.");
                (receives < RECEIVES_MIN).then(|| Hit::at(queue, node, detail))
            })
        }),
    },
    Rule {
        name: "queue-batch",
        severity: Severity::Error,
        finds: "a batch size that the queue cannot serve",
        why: "Above 10 messages AWS wants a batching window and no FIFO queue, or refuses the mapping.",
        change: "Set `MaximumBatchingWindowInSeconds` to 1 or more; for a FIFO queue set `BatchSize` to 10.",
        check: Check::Files(|files| {
            each(files, |mapping| {
                let size = mapping.batch_size().filter(|size| mapping.source == Source::Sqs && *size > 10)?;
                let window = mapping.number("MaximumBatchingWindowInSeconds").or(0)?;
                let is_fifo =
                    mapping.from.is_some_and(|from| from.get(&["FifoQueue"]).given_bool() == Given::Is(true));
                let node = mapping.resource.get(&["BatchSize"]);
                let what = if is_fifo { "of a FIFO queue" } else { "without a batching window" };
                let detail = format!("`BatchSize` is {size} {what}.");
                (window < 1 || is_fifo).then(|| Hit::at(mapping.resource, node, detail))
            })
        }),
    },
];

/// The queue that a mapping reads, when it is among the resources.
fn queue<'m>(mapping: &Mapping<'m>) -> Option<&'m Resource> {
    mapping.from.filter(|from| from.kind == Kind::Queue && from.properties.value != Value::Unknown)
}
