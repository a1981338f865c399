//! The database, after it was inspected.

use super::{Check, Hit, Rule, Severity, Sink, listed, setting};
use crate::facts::{Inspection, Privilege, RegisteredTarget, TargetFacts, Use};
use crate::model::{Model, Shards, Source};

/// Beyond it, times in tables, retentions and the limits over ten minutes are off by what people notice.
const CLOCK_MAX_MS: i64 = 30_000;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "sink-unreachable",
        severity: Severity::Error,
        finds: "a database that cannot be connected to, or asked",
        why: "Nothing can be written, and what grows too old is lost.",
        change: "Correct `sink.url` and `sink.tls`, the network, or the user in the database.",
        check: Check::Sink(|sink| {
            let error = sink.inspected.as_ref().err();
            error.map(|error| Hit::of(sink.name, error.message())).into_iter().collect()
        }),
    },
    Rule {
        name: "sink-encoding",
        severity: Severity::Error,
        finds: "a PostgreSQL database whose encoding is not UTF8",
        why: "Rowtide refuses to write to it.",
        change: "Create a database with encoding UTF8.",
        check: Check::Sink(|sink| {
            about(sink, |facts| {
                let encoding = facts.encoding.as_deref().filter(|encoding| *encoding != "UTF8")?;
                Some(Hit::of(sink.name, format!("The encoding is {encoding}.")))
            })
        }),
    },
    Rule {
        name: "sink-read-only",
        severity: Severity::Error,
        finds: "a replica, or a database that may only be read",
        why: "Nothing can be written, and what grows too old is lost.",
        change: "Name the primary server in `sink.url`, or turn default_transaction_read_only off.",
        check: Check::Sink(|sink| {
            about(sink, |facts| facts.read_only.then(|| Hit::of(sink.name, "The database is read-only.")))
        }),
    },
    Rule {
        name: "sink-clock",
        severity: Severity::Warning,
        finds: "a server whose clock is more than 30 s from this machine's",
        why: "Retentions, purges and the limit of parked records go by clocks.",
        change: "Let both machines follow a time server.",
        check: Check::Sink(|sink| {
            about(sink, |facts| {
                let seconds = facts.clock_ahead_ms / 1_000;
                let side = if seconds < 0 { "behind" } else { "ahead" };
                let detail = format!("The server's clock is {} s {side}.", seconds.abs());
                (facts.clock_ahead_ms.saturating_abs() > CLOCK_MAX_MS).then(|| Hit::of(sink.name, detail))
            })
        }),
    },
    Rule {
        name: "sink-connections",
        severity: Severity::Error,
        finds: "more connections than the server gives to this user",
        why: "What gets no connection fails, and its shard waits.",
        change: "Lower `sink.connections` or `ParallelizationFactor`, raise max_connections, or put a pooler \
                 before the database.",
        check: Check::Sink(|sink| {
            about(sink, |facts| {
                let max = facts.connections_max?;
                let needed = connections(sink);
                let detail = format!("Up to {needed} connections are opened, and {max} can be had.");
                (needed > max).then(|| Hit::of(sink.name, detail))
            })
        }),
    },
    Rule {
        name: "sink-schema",
        severity: Severity::Error,
        finds: "a schema that is missing, or in which tables cannot be made or used",
        why: "Every invocation fails, and the source is blocked.",
        change: "Create the schema, or grant what is lacking.",
        check: Check::Sink(schemas),
    },
    Rule {
        name: "sink-privileges",
        severity: Severity::Error,
        finds: "a table of rowtide, or a target, that the user may not read or write",
        why: "Invocations that need it fail, and the source is blocked.",
        change: "Grant what is lacking.",
        check: Check::Sink(privileges),
    },
    Rule {
        name: "sink-missing-table",
        severity: Severity::Error,
        finds: "a missing table where `sink.ddl` is `never`",
        why: "Every invocation fails, and the source is blocked.",
        change: "Run what `rowtide ddl TABLE` prints, or set `sink.ddl` to auto.",
        check: Check::Sink(|sink| {
            let Ok(facts) = sink.inspected else { return Vec::new() };
            let never = sink.configured.word("sink.ddl") == "never";
            // made when a source says something of its tables, or by a job; most need neither
            let is_needed = |used_for: Use| !matches!(used_for, Use::Schemas | Use::State);
            let missing = facts.tables.iter().filter(|table| !table.exists && is_needed(table.used_for));
            let hits = missing.filter(|_| never);
            hits.map(|table| Hit::of(&table.name, "The table is missing, and `sink.ddl` is never.")).collect()
        }),
    },
    Rule {
        name: "sink-table-shape",
        severity: Severity::Error,
        finds: "something in a target's place that rowtide cannot write to",
        why: "Invocations with records of that table fail, and the source is blocked.",
        change: "Rename it, or give the route another `to`.",
        check: Check::Sink(|sink| {
            targets(sink, |target| target.fault.as_ref().map(|fault| Hit::of(&target.name, fault.clone())))
        }),
    },
    Rule {
        name: "sink-registry",
        severity: Severity::Error,
        finds: "a target that was filled from another source, by another key, version scheme or a higher epoch",
        why: "Rowtide refuses what cannot be compared, and the source is blocked.",
        change: "Set the route, `source.version` and `source.epoch` as before, or another `to`; to start \
                 afresh, drop the table and its line in rowtide_targets.",
        check: Check::Sink(|sink| {
            targets(sink, |target| {
                let detail = disagreement(sink, target, target.registered.as_ref()?)?;
                Some(Hit::of(&target.name, detail))
            })
        }),
    },
    Rule {
        name: "sink-unguarded",
        severity: Severity::Warning,
        finds: "an existing table without the columns `version` and `deleted`",
        why: "A late record overwrites a newer row, or brings a deleted one back.",
        change: "Add the columns `version text` and `deleted boolean`.",
        check: Check::Sink(|sink| {
            let detail = "The table has no columns version and deleted.";
            targets(sink, |target| target.unguarded.then(|| Hit::of(&target.name, detail)))
        }),
    },
];

fn about(sink: &Sink<'_>, check: impl Fn(&Inspection) -> Option<Hit>) -> Vec<Hit> {
    sink.inspected.as_ref().ok().and_then(check).into_iter().collect()
}

fn targets(sink: &Sink<'_>, check: impl Fn(&TargetFacts) -> Option<Hit>) -> Vec<Hit> {
    let targets = sink.inspected.as_ref().map_or(&[][..], |facts| facts.targets.as_slice());
    targets.iter().filter_map(check).collect()
}

/// How many connections all workers open at most: those of every mapping, or of one worker where no mapping is known.
fn connections(sink: &Sink<'_>) -> i64 {
    let own = sink.configured.connections;
    let of_mapping = |mapping: crate::model::Mapping<'_>| {
        let each = setting(mapping.function, sink.configured, "sink.connections").known();
        let each = each.and_then(|each| each.parse().ok()).unwrap_or(own);
        let factor = mapping.number("ParallelizationFactor").known().unwrap_or(1);
        let workers = match (mapping.source, Model::shards(&mapping)) {
            (Source::Sqs, _) => mapping
                .resource
                .get(&["ScalingConfig", "MaximumConcurrency"])
                .given_number()
                .known()
                .unwrap_or(1),
            (_, shards) => shards.map_or(1, Shards::at_least).saturating_mul(factor),
        };
        let reserved = mapping.function.map(|function| function.get(&["ReservedConcurrentExecutions"]));
        let reserved = reserved.and_then(|reserved| reserved.given_number().known()).unwrap_or(i64::MAX);
        workers.min(reserved).saturating_mul(each)
    };
    let all: i64 = sink.model.mappings().map(of_mapping).fold(0, i64::saturating_add);
    all.max(own)
}

fn words(lacks: &[Privilege]) -> Vec<&'static str> {
    let word = |privilege: &Privilege| match privilege {
        Privilege::Usage => "usage",
        Privilege::Create => "create",
        Privilege::Select => "select",
        Privilege::Insert => "insert",
        Privilege::Update => "update",
        Privilege::Delete => "delete",
    };
    lacks.iter().map(word).collect()
}

fn schemas(sink: &Sink<'_>) -> Vec<Hit> {
    let Ok(facts) = sink.inspected else { return Vec::new() };
    let creates = sink.configured.word("sink.ddl") == "auto";
    let check = |schema: &crate::facts::SchemaFacts| {
        if !schema.exists {
            return Some(Hit::of(format!("schema {}", schema.name), "The schema is missing."));
        }
        let needed = |privilege: &Privilege| creates || *privilege != Privilege::Create;
        let lacks: Vec<Privilege> = schema.lacks.iter().copied().filter(needed).collect();
        let detail = format!("The user lacks {}.", listed(&words(&lacks)));
        (!lacks.is_empty()).then(|| Hit::of(format!("schema {}", schema.name), detail))
    };
    facts.schemas.iter().filter_map(check).collect()
}

fn privileges(sink: &Sink<'_>) -> Vec<Hit> {
    let Ok(facts) = sink.inspected else { return Vec::new() };
    let lacking = facts.tables.iter().filter(|table| !table.lacks.is_empty());
    lacking
        .map(|table| {
            let lacks = words(&table.lacks);
            let detail = format!("The user lacks {}.", listed(&lacks));
            let change = format!(
                "As the table's owner: grant {} on {} to the user of `sink.url`.",
                lacks.join(", "),
                table.name
            );
            Hit::of(&table.name, detail).changing(change)
        })
        .collect()
}

/// What the registry says otherwise than the route.
fn disagreement(sink: &Sink<'_>, target: &TargetFacts, was: &RegisteredTarget) -> Option<String> {
    if was.source != target.source {
        return Some(format!("It was filled from {}, and the route says {}.", was.source, target.source));
    }
    let key = (sink.configured.key_of)(&target.source);
    if let Some(key) = key.filter(|key| *key != was.key_names) {
        let (was, is) = (was.key_names.join(", "), key.join(", "));
        return Some(format!("It was filled with the key {was}, and the route says {is}."));
    }
    let scheme = sink.configured.scheme.map(String::from);
    if let Some(scheme) = scheme.filter(|scheme| *scheme != was.scheme) {
        return Some(format!(
            "It was filled with the version scheme {}, and `source.version` says {scheme}.",
            was.scheme
        ));
    }
    let epoch = i32::from(sink.configured.epoch);
    (was.epoch > epoch)
        .then(|| format!("It was filled with the epoch {}, and `source.epoch` is {epoch}.", was.epoch))
}
