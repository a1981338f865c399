//! Policies that let everybody in.

use super::{Check, Files, Hit, Rule, Severity};
use crate::document;
use crate::model::{Kind, Resource};
use crate::node::Node;

/// Conditions that keep a statement with `Principal: *` to somebody.
const NARROWING: [&str; 13] = [
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:sourceorgid",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "kms:calleraccount",
    "aws:userid",
];

pub(super) const RULES: &[Rule] = &[Rule {
    name: "public-principal",
    severity: Severity::Error,
    finds: "a policy with `Principal: *` that no condition narrows",
    why: "Every AWS account may do what the statement allows.",
    change: "Name your account (arn:aws:iam::ACCOUNT:root), a role or a service as the `Principal`, or add a Condition \
             on aws:SourceArn, aws:SourceAccount or aws:PrincipalOrgID.",
    check: Check::Files(open),
}];

fn open(files: &Files<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    for resource in files.model.resources.iter().filter(|resource| resource.kind != Kind::Endpoint) {
        resource.properties.walk(&mut |node| {
            hits.extend(statement(resource, node));
            // a policy may be a text that holds JSON
            let text = node.as_text().filter(|text| text.contains("\"Statement\""));
            if let Some(policy) = text.and_then(|text| document::parse(text.as_bytes()).ok()) {
                let mut is_open = false;
                policy.walk(&mut |inner| is_open |= statement(resource, inner).is_some());
                hits.extend(is_open.then(|| Hit::at(resource, node, OPEN)));
            }
        });
        hits.extend(permission(resource));
    }
    hits
}

const OPEN: &str = "The policy allows something to `Principal: *`.";

/// What is wrong with a statement of a policy.
fn statement(resource: &Resource, node: &Node) -> Option<Hit> {
    let (principal, others) = (node.get("Principal"), node.get("NotPrincipal"));
    let fails = node.get("Effect").as_text() == Some("Allow")
        && (is_everybody(principal) || !others.is_null())
        && !is_narrowed(node.get("Condition"));
    let line = [principal, others].into_iter().find(|node| node.line > 0).unwrap_or(node);
    let detail =
        if others.is_null() { OPEN } else { "The policy allows something to all but a `NotPrincipal`." };
    fails.then(|| Hit::at(resource, line, detail))
}

fn is_everybody(principal: &Node) -> bool {
    let all = |node: &Node| node.items().iter().any(|item| item.as_text() == Some("*"));
    all(principal) || all(principal.get("AWS"))
}

fn is_narrowed(condition: &Node) -> bool {
    // what must not be so, or need not be there, leaves everybody else in
    let demands = |test: &str| !["Not", "Null", "IfExists"].iter().any(|word| test.contains(word));
    let tests = condition.members().iter().filter(|(test, _)| demands(test));
    let mut keys = tests.flat_map(|(_, keys)| keys.members());
    keys.any(|(key, values)| {
        let takes_all = |value: &Node| matches!(value.as_text(), Some("*" | "0.0.0.0/0" | "::/0"));
        NARROWING.contains(&key.to_ascii_lowercase().as_str()) && !values.items().iter().any(takes_all)
    })
}

/// A permission to invoke a function.
fn permission(resource: &Resource) -> Option<Hit> {
    let principal = resource.get(&["Principal"]);
    let narrowed = ["SourceArn", "SourceAccount", "PrincipalOrgID", "PrincipalOrgId"];
    let fails = resource.kind == Kind::Permission
        && principal.as_text() == Some("*")
        && narrowed.iter().all(|name| resource.get(&[name]).is_null());
    fails.then(|| Hit::at(resource, principal, "The permission is for `Principal: *`."))
}
