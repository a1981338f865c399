//! Filters of mappings that leave out changes.

use super::mapping::each;
use super::{Check, Hit, Rule, Severity, listed};
use crate::document;
use crate::model::{Mapping, Source};
use crate::node::{Node, Value};

const EVENTS: [&str; 3] = ["INSERT", "MODIFY", "REMOVE"];

pub(super) const RULES: &[Rule] = &[Rule {
    name: "filter-drops-events",
    severity: Severity::Error,
    finds: "a filter that stops all inserts, updates or deletes of DynamoDB",
    why: "The table no longer equals its source.",
    change: "Let `FilterCriteria` pass INSERT, MODIFY and REMOVE; filter by what both images have: a delete \
             has no NewImage, an insert no OldImage.",
    check: Check::Files(|files| each(files, |mapping| dropped(&mapping))),
}];

fn dropped(mapping: &Mapping<'_>) -> Option<Hit> {
    if !mapping.source.is_stream() {
        return None;
    }
    let node = mapping.resource.get(&["FilterCriteria", "Filters"]);
    let patterns: Option<Vec<Node>> =
        node.items().iter().map(|filter| pattern(filter.get("Pattern"))).collect();
    let patterns = patterns.filter(|patterns| !patterns.is_empty())?;
    let missing: Vec<&str> = EVENTS
        .into_iter()
        .filter(|event| !patterns.iter().any(|pattern| lets(pattern, mapping, event)))
        .collect();
    // nothing at all passes: it is about something else than DynamoDB's records
    let about = patterns.iter().any(|pattern| names_event(record(pattern, mapping)));
    let detail = format!("`FilterCriteria` lets no {} pass.", listed(&missing));
    (!missing.is_empty() && about).then(|| Hit::at(mapping.resource, node, detail))
}

/// The pattern, which is JSON in a text.
fn pattern(node: &Node) -> Option<Node> {
    document::parse(node.as_text()?.as_bytes()).ok().filter(Node::is_map)
}

/// The part of a pattern that is about DynamoDB's record; through Kinesis it is inside of `data`.
fn record<'n>(pattern: &'n Node, mapping: &Mapping<'_>) -> &'n Node {
    let inside = pattern.get("data");
    if mapping.source == Source::Kinesis || inside.is_map() { inside } else { pattern }
}

fn names_event(record: &Node) -> bool {
    record.is_map() && !(record.get("eventName").is_null() && record.get("dynamodb").is_null())
}

/// Whether records of that event can match.
fn lets(pattern: &Node, mapping: &Mapping<'_>, event: &str) -> bool {
    let record = record(pattern, mapping);
    let image = |name: &str| demands(record.at(&["dynamodb", name]));
    let by_image = match event {
        "REMOVE" => !image("NewImage"),
        "INSERT" => !image("OldImage"),
        _ => true,
    };
    let names = record.get("eventName");
    by_image && (names.is_null() || names.items().iter().any(|matcher| matches(matcher, event)))
}

/// Whether a pattern over an image needs the image to be there.
fn demands(node: &Node) -> bool {
    let mut needs = false;
    let mut absent = false;
    node.walk(&mut |node| {
        needs |= matches!(node.value, Value::List(_));
        absent |= node.get("exists").value == Value::Bool(false);
    });
    needs && !absent
}

/// Whether one matcher of a pattern takes an event's name; one that is not understood takes all.
fn matches(matcher: &Node, event: &str) -> bool {
    if let Value::Text(name) = &matcher.value {
        return name == event;
    }
    let [(kind, argument)] = matcher.members() else { return true };
    let text = |name: &str| argument.as_text().is_some_and(|text| text == name);
    match kind.as_str() {
        "anything-but" => !argument.items().iter().any(|item| item.as_text() == Some(event)),
        "equals-ignore-case" => argument.as_text().is_some_and(|name| name.eq_ignore_ascii_case(event)),
        "prefix" => argument.as_text().is_some_and(|start| event.starts_with(start)),
        "suffix" => argument.as_text().is_some_and(|end| event.ends_with(end)),
        "exists" => text("true"),
        _ => true,
    }
}
