//! What schedules, rules and APIs send to functions.

use super::{Check, Files, Hit, Rule, Severity};
use crate::document;
use crate::model::{Kind, Resource, is_ours};
use crate::node::Node;
use crate::secret;

/// Words that make a text a statement, when the second follows the first.
const STATEMENTS: [(&str, &str); 4] =
    [("select", "from"), ("insert", "into"), ("delete", "from"), ("update", "set")];

pub(super) const RULES: &[Rule] = &[Rule {
    name: "event-secret",
    severity: Severity::Error,
    finds: "an event of a schedule, a rule or an API that holds a secret or SQL",
    why: "Everybody who may look at it reads the secret, and whoever may invoke the function runs statements of his own.",
    change: "Send {\"rowtide\":\"snapshot\"} alone: the function fetches its secrets itself, and queries stand in \
             rowtide.toml. Then change the secret.",
    check: Check::Files(events),
}];

fn events(files: &Files<'_>) -> Vec<Hit> {
    let some_are_ours = files.model.of(Kind::Function).any(is_ours);
    let mut hits = Vec::new();
    for resource in &files.model.resources {
        // in SAM a function has its events inside, and its variables are no events
        let is_function = resource.kind == Kind::Function;
        let events = if is_function { resource.get(&["Events"]) } else { &resource.properties };
        events.walk(&mut |node| {
            let target = [node.get("Arn"), node.get("FunctionName")].into_iter().find(|node| !node.is_null());
            let function = target.and_then(|target| files.model.function(resource, target));
            let function = if is_function { Some(resource) } else { function };
            if !some_are_ours || function.is_none_or(is_ours) {
                hits.extend(sent(node).filter_map(|event| told(resource, event)));
            }
        });
    }
    hits
}

/// What of a target, or of an integration, is an event.
fn sent(target: &Node) -> impl Iterator<Item = &Node> {
    let templates = target.get("InputTransformer").items().iter().map(|from| from.get("InputTemplate"));
    let requests = target.get("RequestTemplates").members().iter().map(|(_, template)| template);
    [target.get("Input"), target.get("Payload")].into_iter().chain(templates).chain(requests)
}

fn told(resource: &Resource, event: &Node) -> Option<Hit> {
    let text = event.as_text()?;
    let what = secret::plain("", text).or_else(|| holds_sql(text).then_some("SQL"))?;
    Some(Hit::at(resource, event, format!("The event holds {what}.")))
}

fn holds_sql(text: &str) -> bool {
    let Ok(document) = document::parse(text.as_bytes()) else { return is_statement(text) };
    let mut holds = false;
    document.walk(&mut |node| holds |= node.as_text().is_some_and(is_statement));
    holds
}

fn is_statement(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    // a statement begins with its verb; `with` has it later
    let begins = |verb: &str| first == verb || first == "with" && text.contains(verb);
    STATEMENTS.iter().any(|(verb, next)| begins(verb) && words.clone().any(|word| word == *next))
}

#[cfg(test)]
mod tests {
    use super::{holds_sql, sent};
    use crate::document;

    #[test]
    fn statements_are_told_from_words() {
        for (text, expected) in [
            (r#"{"sql":"select * from orders"}"#, true),
            (r#"{"sql":"  SELECT id,\n total FROM orders where id > 1"}"#, true),
            (r#"{"tables":[{"query":"with a as (select 1 from b) select * from a"}]}"#, true),
            ("select * from orders", true),
            (r#"{"sql":"delete from orders"}"#, true),
            (r#"{"rowtide":"snapshot","tables":["public.select_from"]}"#, false),
            (r#"{"rowtide":"snapshot","at":"<aws.scheduler.scheduled-time>"}"#, false),
            (r#"{"about":"select the tables by hand"}"#, false),
            (r#"{"select":"orders","from":"2026-01-01"}"#, false),
            (r#"{"about":"rows that come from a select"}"#, false),
        ] {
            assert_eq!(holds_sql(text), expected, "{text}");
        }
    }

    #[test]
    fn events_are_found_in_targets_and_integrations() {
        let found = |text: &str| {
            let document = document::parse(text.as_bytes()).unwrap();
            sent(&document).filter(|node| node.as_text().is_some()).count()
        };
        assert_eq!(found(r#"{"Arn":"x","Input":"{}"}"#), 1);
        assert_eq!(found(r#"{"InputTransformer":{"InputTemplate":"{}"}}"#), 1);
        assert_eq!(found(r#"{"InputTransformer":[{"InputTemplate":"{}"}]}"#), 1);
        assert_eq!(found(r#"{"RequestTemplates":{"application/json":"{}"}}"#), 1);
        assert_eq!(found(r#"{"Environment":{"Variables":{"A":"b"}}}"#), 0);
    }
}
