//! Rowtide's own configuration.

use super::{Check, Files, Hit, Rule, Severity};
use crate::model::{Kind, Resource};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "unencrypted-sink",
        severity: Severity::Error,
        finds: "a connection to another machine that may be unencrypted",
        why: "Password and rows can be read, and changed, on the way.",
        change: "Set `sink.tls` to verify-full, and `sink.tls_root_cert` if the system does not know the \
                 database's authority.",
        check: Check::Files(|files| {
            let functions = files.model.of(Kind::Function).filter_map(unencrypted_function);
            functions.chain(unencrypted(files)).collect()
        }),
    },
    Rule {
        name: "hard-delete",
        severity: Severity::Warning,
        finds: "a route with `delete = \"hard\"`",
        why: "A late or repeated record brings a deleted row back.",
        change: "Use `delete = \"tombstone\"` or `\"soft\"`, and purge tombstones.",
        check: Check::Files(|files| {
            let hard = files.configured.settings.iter().filter(|setting| {
                setting.name.starts_with("route.")
                    && setting.name.ends_with(".delete")
                    && setting.value == "hard"
            });
            hard.map(|setting| Hit::of(&setting.origin, format!("`{}` is hard.", setting.name))).collect()
        }),
    },
    Rule {
        name: "parked-without-payload",
        severity: Severity::Warning,
        finds: "`dead_letters.payload = \"none\"`",
        why: "Parked records can be had back only for as long as the source keeps them.",
        change: "Set `dead_letters.payload` to full, unless payloads must not be kept.",
        check: Check::Files(|files| {
            let fails = files.configured.word("dead_letters.payload") == "none";
            let detail = "Parked records are kept without payload.";
            let hit = || Hit::of(origin(files, "dead_letters.payload"), detail);
            let functions = files.model.of(Kind::Function).filter_map(|function| {
                let node = function.variable("ROWTIDE_DEAD_LETTERS_PAYLOAD");
                (node.as_text() == Some("none")).then(|| Hit::at(function, node, detail))
            });
            functions.chain(fails.then(hit)).collect()
        }),
    },
];

/// Where a setting comes from.
fn origin(files: &Files<'_>, name: &str) -> String {
    files.configured.setting(name).map(|setting| setting.origin.clone()).unwrap_or_default()
}

fn unencrypted(files: &Files<'_>) -> Option<Hit> {
    let url = files.configured.sink_url.as_deref()?;
    if is_local(url) {
        return None;
    }
    let (fails, name) = match files.configured.word("sink.tls") {
        "" => (is_lax(url), "sink.url"),
        tls => (["disable", "prefer"].contains(&tls), "sink.tls"),
    };
    fails.then(|| Hit::of(origin(files, name), UNENCRYPTED))
}

const UNENCRYPTED: &str = "The connection may be unencrypted.";

/// The same by the variables of a function.
fn unencrypted_function(function: &Resource) -> Option<Hit> {
    let (url, tls) = (function.variable("ROWTIDE_SINK_URL"), function.variable("ROWTIDE_SINK_TLS"));
    let known = url.as_text();
    let (fails, node) = match tls.is_null() {
        true => (known.is_some_and(is_lax), url),
        false => (matches!(tls.as_text(), Some("disable" | "prefer")), tls),
    };
    (fails && !known.is_some_and(is_local)).then(|| Hit::at(function, node, UNENCRYPTED))
}

/// Whether a URL asks for encryption only where it can be had, or not at all.
fn is_lax(url: &str) -> bool {
    ["disable", "prefer", "allow"].iter().any(|mode| url.contains(&format!("sslmode={mode}")))
}

/// Whether the database is on this machine.
fn is_local(url: &str) -> bool {
    let hosts: Vec<&str> = match url.split_once("://") {
        Some((_, rest)) => {
            let place = rest.split(['/', '?']).next().unwrap_or(rest);
            let hosts = place.rsplit_once('@').map_or(place, |(_, hosts)| hosts);
            hosts.split(',').collect()
        }
        None => url.split_whitespace().filter_map(|pair| pair.strip_prefix("host=")).collect(),
    };
    let local = |host: &str| {
        let host = host.trim_start_matches('[');
        ["", "localhost", "127.", "::1", "/", "%2F"].iter().any(|local| match *local {
            "" => host.is_empty(),
            local => host.starts_with(local),
        })
    };
    hosts.iter().all(|host| local(host))
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn a_database_on_this_machine_is_told_from_others() {
        let table = [
            ("postgresql://u:p@localhost:5432/d", true),
            ("postgresql://127.0.0.1/d", true),
            ("postgresql://[::1]:5432/d", true),
            ("postgresql:///d", true),
            ("host=/run/postgresql dbname=d", true),
            ("postgresql://db.example.org/d", false),
            ("postgresql://localhost,db.example.org/d", false),
            ("host=db.example.org", false),
        ];
        for (url, local) in table {
            assert_eq!(is_local(url), local, "{url}");
        }
    }
}
