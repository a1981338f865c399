//! Debezium's connectors: whether what they write can be told apart from something else.

use super::{Check, Files, Hit, Rule, Severity};
use crate::model::{Kind, Resource};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "connector-unsigned",
        severity: Severity::Warning,
        finds: "a connector for MySQL or MariaDB that writes `bigint unsigned` with a sign",
        why: "Numbers from 2^63 on arrive negative, in keys as well, where the column's type is not known.",
        change: "Set `bigint.unsigned.handling.mode` to `precise`, or `datatype.propagate.source.type` to \
                 `.+\\.BIGINT UNSIGNED`.",
        check: Check::Files(|files| {
            of(files, &["MySql", "MariaDb"], |connector| {
                let mode = connector.get(&["bigint.unsigned.handling.mode"]);
                let is_signed = mode.given_text().lacks(|mode| mode == "precise");
                let detail = match mode.as_text() {
                    Some(mode) => format!("`bigint.unsigned.handling.mode` is {mode}."),
                    None => "`bigint.unsigned.handling.mode` is long (the default).".to_owned(),
                };
                (is_signed && !tells_types(connector)).then(|| Hit::at(connector, mode, detail))
            })
        }),
    },
    Rule {
        name: "connector-hidden-bytea",
        severity: Severity::Warning,
        finds: "a connector for PostgreSQL that writes `bytea` as base64",
        why: "A large `bytea` that an update does not change arrives as null: it is lost, unless the table \
              has `REPLICA IDENTITY FULL`.",
        change: "Leave `binary.handling.mode` at `bytes`, or set it to `hex`.",
        check: Check::Files(|files| {
            of(files, &["Postgres"], |connector| {
                let mode = connector.get(&["binary.handling.mode"]);
                let text = mode.as_text().filter(|mode| mode.starts_with("base64"))?;
                let detail = format!("`binary.handling.mode` is {text}.");
                (!tells_types(connector)).then(|| Hit::at(connector, mode, detail))
            })
        }),
    },
    Rule {
        name: "connector-rounds",
        severity: Severity::Warning,
        finds: "a connector that rounds decimals",
        why: "Decimals of more than 15 digits arrive as other numbers, in keys as well.",
        change: "Set `decimal.handling.mode` to `precise` (with the value's schema) or `string`.",
        check: Check::Files(|files| {
            of(files, &[""], |connector| {
                let mode = connector.get(&["decimal.handling.mode"]);
                let is_double = mode.as_text() == Some("double");
                is_double.then(|| Hit::at(connector, mode, "`decimal.handling.mode` is double."))
            })
        }),
    },
];

/// What a rule says of Debezium's connectors whose class begins with one of those names.
fn of(files: &Files<'_>, classes: &[&str], check: impl Fn(&Resource) -> Option<Hit>) -> Vec<Hit> {
    let is_of_class = |connector: &&Resource| {
        let class = connector.get(&["connector.class"]).as_text().unwrap_or_default();
        let name = class.rsplit('.').next().unwrap_or(class);
        class.starts_with("io.debezium.") && classes.iter().any(|class| name.starts_with(class))
    };
    files.model.of(Kind::Connector).filter(is_of_class).filter_map(check).collect()
}

/// Whether its records tell the types that columns have at the source.
fn tells_types(connector: &Resource) -> bool {
    ["column.propagate.source.type", "datatype.propagate.source.type"]
        .iter()
        .any(|name| !connector.get(&[name]).is_null())
}
