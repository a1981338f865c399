//! Policies that let everybody in.

use super::{Check, Hit, Rule, Severity, Stack};
use crate::doctor::model::{Kind, Resource};
use crate::doctor::node::Node;

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
    why: "Every AWS account may do what the statement allows: read the image, the messages or the records, or put in \
          some of its own.",
    change: "Name your account (arn:aws:iam::ACCOUNT:root), a role or a service as the `Principal`, or add a Condition \
             on aws:SourceArn, aws:SourceAccount or aws:PrincipalOrgID.",
    check: Check::Stack(open),
}];

fn open(stack: &Stack<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    for resource in stack.model.resources.iter().filter(|resource| resource.kind != Kind::Door) {
        resource.properties.walk(&mut |node| {
            let allows = node.get("Effect").as_text() == Some("Allow");
            let principal = node.get("Principal");
            if allows && is_everybody(principal) && !is_narrowed(node.get("Condition")) {
                let line = if principal.line > 0 { principal } else { node };
                hits.push(Hit::at(resource, line, "The policy allows something to `Principal: *`."));
            }
        });
        hits.extend(permission(resource));
    }
    hits
}

fn is_everybody(principal: &Node) -> bool {
    let all = |node: &Node| node.items().iter().any(|item| item.as_text() == Some("*"));
    all(principal) || all(principal.get("AWS"))
}

fn is_narrowed(condition: &Node) -> bool {
    let keys = condition.members().iter().flat_map(|(_, keys)| keys.members());
    keys.into_iter().any(|(key, _)| NARROWING.contains(&key.to_ascii_lowercase().as_str()))
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
