//! Secrets where everybody who can look at the function, the template or the repository can read them.

use super::{Check, Files, Hit, Rule, Severity};
use crate::model::{Kind, Parameter, Resource};
use crate::node::{Node, Value};
use crate::secret;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "plain-secret",
        severity: Severity::Error,
        finds: "a password, token or key in plain text, in a function's variable, a parameter or the configuration file",
        why: "Everybody who may read the file or the settings reads it, in every copy and version.",
        change: "Put it into Secrets Manager, write secretsmanager://NAME#FIELD (or ssm://NAME) instead, \
                 then change the secret.",
        check: Check::Files(|files| {
            let mut hits = variables(files, |name, node| {
                let what = secret::plain(name, node.as_text()?)?;
                Some(format!("The variable {} holds {what}.", shown(name)))
            });
            hits.extend(files.model.parameters.iter().filter_map(parameter));
            hits.extend(configured(files));
            hits
        }),
    },
    Rule {
        name: "secret-in-variable",
        severity: Severity::Warning,
        finds: "a secret that the deployment puts into a function's variable",
        why: "Everybody who may read the function's settings reads it, and a rotation does not reach it.",
        change: "Set the variable to secretsmanager://NAME#FIELD, which the function fetches itself.",
        check: Check::Files(|files| {
            variables(files, |name, node| {
                let hidden = node.value == Value::Hidden;
                let resolved = node.as_text().is_some_and(secret::is_resolved);
                (hidden || resolved).then(|| {
                    format!("The variable {} gets a secret when the stack is deployed.", shown(name))
                })
            })
        }),
    },
];

fn variables(files: &Files<'_>, check: impl Fn(&str, &Node) -> Option<String>) -> Vec<Hit> {
    let functions = files.model.of(Kind::Function);
    let hits = |function: &Resource| -> Vec<Hit> {
        let found = function.variables().iter();
        found.filter_map(|(name, node)| Some(Hit::at(function, node, check(name, node)?))).collect()
    };
    functions.flat_map(hits).collect()
}

/// A parameter whose default is a secret.
fn parameter(parameter: &Parameter) -> Option<Hit> {
    let default = parameter.default.as_text()?;
    let name = shown(&parameter.name);
    let detail = if parameter.is_hidden {
        secret::is_secret(default)
            .then(|| format!("The parameter {name} is hidden (NoEcho), and its default is in the template."))
    } else {
        let what = secret::plain(&parameter.name, default);
        what.map(|what| format!("The default of the parameter {name} holds {what}."))
    };
    Some(Hit::of(parameter.place.to_string(), detail?))
}

/// `sink.url` with its password in the file itself, not by reference.
fn configured(files: &Files<'_>) -> Option<Hit> {
    let url = files.configured.sink_url.as_deref()?;
    let origin = files.configured.setting("sink.url")?.origin.clone();
    let in_file = origin.contains(" line ") && !origin.contains("://");
    let what = secret::plain("sink.url", url).filter(|_| in_file)?;
    let hit = Hit::of(origin, format!("sink.url holds {what}."));
    Some(hit.changing(
        "Write url = \"env://NAME\", \"file://path\" or \"secretsmanager://NAME\" in its place, and change the password.",
    ))
}

/// A name, unless it could be anything else.
fn shown(name: &str) -> &str {
    let is_name = name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name { name } else { "(not a name)" }
}
