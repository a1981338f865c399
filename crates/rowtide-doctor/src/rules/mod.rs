//! The rules: data, and a small function each. One rule is in one place.

mod archive;
mod configuration;
mod connector;
mod event;
mod filter;
mod function;
mod mapping;
mod policy;
mod queue;
mod secrets;
mod sink;
mod snapshot;
mod source;

use super::facts::{Configured, Inspection};
use super::finding::{Described, Finding, Severity};
use super::model::{Model, Origin, Resource};
use super::node::{Given, Node};
use super::terraform::spelling;
use rowtide_decode::error::Error;

/// A rule: what it finds, what comes of that, what to do.
struct Rule {
    name: &'static str,
    severity: Severity,
    finds: &'static str,
    why: &'static str,
    change: &'static str,
    check: Check,
}

/// What a rule looks at.
enum Check {
    Files(fn(&Files<'_>) -> Vec<Hit>),
    Sink(fn(&Sink<'_>) -> Vec<Hit>),
}

/// Files and configuration.
struct Files<'a> {
    model: &'a Model,
    configured: &'a Configured,
}

/// A database that was inspected, or could not be.
struct Sink<'a> {
    model: &'a Model,
    configured: &'a Configured,
    /// For people, without its password.
    name: &'a str,
    inspected: &'a Result<Inspection, Error>,
}

/// A place where a rule found something.
struct Hit {
    place: String,
    origin: Origin,
    /// What is there, in front of what comes of it.
    detail: String,
    /// What to do here, when the rule's own words are not enough.
    change: Option<String>,
}

impl Hit {
    fn at(resource: &Resource, node: &Node, detail: impl Into<String>) -> Self {
        let place = resource.place_of(node).to_string();
        Self { place, origin: resource.origin, detail: detail.into(), change: None }
    }

    /// Somewhere that is no resource.
    fn of(place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place: place.into(), origin: Origin::Template, detail: detail.into(), change: None }
    }

    fn changing(self, change: impl Into<String>) -> Self {
        Self { change: Some(change.into()), ..self }
    }
}

/// Every rule, in the order of the documentation.
fn all() -> impl Iterator<Item = &'static Rule> {
    let lists = [
        mapping::RULES,
        filter::RULES,
        source::RULES,
        queue::RULES,
        function::RULES,
        snapshot::RULES,
        archive::RULES,
        event::RULES,
        secrets::RULES,
        policy::RULES,
        connector::RULES,
        configuration::RULES,
        sink::RULES,
    ];
    lists.into_iter().flatten()
}

pub(super) fn described() -> Vec<Described> {
    all()
        .map(|rule| Described {
            name: rule.name,
            severity: rule.severity,
            finds: rule.finds,
            why: rule.why,
            change: rule.change,
            asks_sink: matches!(rule.check, Check::Sink(_)),
        })
        .collect()
}

pub(super) fn of_stack(model: &Model, configured: &Configured) -> Vec<Finding> {
    let files = Files { model, configured };
    found(|rule| match rule.check {
        Check::Files(check) => check(&files),
        Check::Sink(_) => Vec::new(),
    })
}

pub(super) fn of_sink(
    model: &Model,
    configured: &Configured,
    name: &str,
    inspected: &Result<Inspection, Error>,
) -> Vec<Finding> {
    let sink = Sink { model, configured, name, inspected };
    found(|rule| match rule.check {
        Check::Files(_) => Vec::new(),
        Check::Sink(check) => check(&sink),
    })
}

/// The findings of every rule, errors first, each place once.
fn found(check: impl Fn(&Rule) -> Vec<Hit>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for rule in all() {
        for hit in check(rule) {
            let change = hit.change.as_deref().unwrap_or(rule.change);
            let spelled = |text: &str| if hit.origin == Origin::Plan { respelled(text) } else { plain(text) };
            let why = format!("{} {}", hit.detail, rule.why);
            let finding = Finding {
                rule: rule.name,
                severity: rule.severity,
                place: hit.place,
                why: spelled(why.trim()),
                change: spelled(change),
            };
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// A text without its marks of code, which are for the documentation.
fn plain(text: &str) -> String {
    text.replace('`', "")
}

/// The same with properties as Terraform spells them: `FunctionResponseTypes` is `function_response_types`.
fn respelled(text: &str) -> String {
    let is_property = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.chars().all(|c| c.is_ascii_alphanumeric())
            && part.chars().any(|c| c.is_ascii_lowercase())
            && !VALUES.contains(&part)
    };
    let parts = text.split('`').enumerate();
    parts
        .map(|(at, part)| if at % 2 == 1 && is_property(part) { spelling(part) } else { part.to_owned() })
        .collect()
}

/// Words in code that look like properties and are values.
const VALUES: [&str; 2] = ["ReportBatchItemFailures", "Principal"];

/// «a, b and c».
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [word] => (*word).to_owned(),
        [words @ .., last] => format!("{} and {last}", words.join(", ")),
    }
}

/// A setting as a function has it: by its variable, else as the configuration says.
fn setting(function: Option<&Resource>, configured: &Configured, name: &str) -> Given<String> {
    let variable = format!("ROWTIDE_{}", name.to_ascii_uppercase().replace('.', "_"));
    match function.map(|function| function.variable(&variable).given_text()) {
        Some(Given::Is(value)) => Given::Is(value),
        Some(Given::Unknown) => Given::Unknown,
        Some(Given::Absent) | None => {
            let setting = configured.setting(name);
            setting.map_or(Given::Absent, |setting| Given::Is(setting.value.clone()))
        }
    }
}
