//! What can be told of a CloudFormation template before it is deployed: parameters with their defaults, conditions,
//! mappings, and the functions that join texts. What cannot be told becomes [`Value::Unknown`]; in a text it stays
//! as `${Name}`.

use super::node::{Node, Value};
use std::cell::Cell;
use std::collections::BTreeMap;

/// Conditions may refer to each other; a circle ends here.
const CONDITIONS_MAX: usize = 32;
/// The longest value that CloudFormation takes for a parameter.
const PARAMETER_MAX: usize = 4_096;
/// The longest text that is put together: above any variable or policy.
const TEXT_MAX: usize = 64 * 1024;
/// Values that are resolved in all: functions inside of functions could be made to multiply without end.
const STEPS_MAX: usize = 5_000_000;

/// A template, and the values of parameters that somebody gave.
pub(super) struct Template<'a> {
    root: &'a Node,
    given: &'a BTreeMap<String, String>,
    steps_left: Cell<usize>,
}

impl<'a> Template<'a> {
    pub(super) fn new(root: &'a Node, given: &'a BTreeMap<String, String>) -> Self {
        Self { root, given, steps_left: Cell::new(STEPS_MAX) }
    }

    /// Counts one more value; false when there were too many.
    fn step(&self) -> bool {
        let left = self.steps_left.get();
        self.steps_left.set(left.saturating_sub(1));
        left > 0
    }

    /// The same node with every function resolved as far as it can be.
    pub(super) fn resolve(&self, node: &Node) -> Node {
        let line = node.line;
        match &node.value {
            _ if !self.step() => Node::new(line, Value::Unknown),
            Value::List(items) => {
                let items = items.iter().map(|item| self.resolve(item)).filter(|item| !item.is_null());
                Node::new(line, Value::List(items.collect()))
            }
            Value::Map(members) => {
                if let [(name, argument)] = members.as_slice()
                    && (name.starts_with("Fn::") || name == "Ref")
                {
                    let resolved = self.function(name, argument);
                    return Node { line, ..resolved };
                }
                let members = members.iter().map(|(name, node)| (name.clone(), self.resolve(node)));
                Node::new(line, Value::Map(members.filter(|(_, node)| !node.is_null()).collect()))
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Reference(..)
            | Value::Hidden
            | Value::Unknown => node.clone(),
        }
    }

    /// Whether a resource is made: not when its condition is certainly false.
    pub(super) fn is_made(&self, resource: &Node) -> bool {
        let condition = resource.get("Condition").as_text();
        condition.is_none_or(|name| self.condition(name, 0) != Some(false))
    }

    fn function(&self, name: &str, argument: &Node) -> Node {
        let value = match name {
            "Ref" => argument.as_text().map_or(Value::Unknown, |name| self.reference(name)),
            "Fn::GetAtt" => attribute(argument),
            "Fn::Sub" => self.substituted(argument),
            "Fn::Join" => self.joined(argument),
            "Fn::If" => return self.chosen(argument),
            "Fn::FindInMap" => return self.found(argument),
            _ => Value::Unknown,
        };
        Node::new(argument.line, value)
    }

    fn reference(&self, name: &str) -> Value {
        if name == "AWS::NoValue" {
            return Value::Null;
        }
        if name.starts_with("AWS::") {
            return Value::Unknown;
        }
        let parameter = self.root.at(&["Parameters", name]);
        match (parameter.is_map(), is_hidden(parameter)) {
            (false, _) => {
                // SAM has names such as `Function.Alias` for what it makes
                let (resource, attribute) = name.split_once('.').unwrap_or((name, ""));
                Value::Reference(resource.to_owned(), attribute.to_owned())
            }
            (true, true) => Value::Hidden,
            (true, false) => self.parameter(name).map_or(Value::Unknown, Value::Text),
        }
    }

    /// The value of a parameter: given, or its default.
    fn parameter(&self, name: &str) -> Option<String> {
        let parameter = self.root.at(&["Parameters", name]);
        if let Some(given) = self.given.get(name) {
            return Some(given.clone());
        }
        // the value of a parameter in the store, not the name that stands here
        if parameter.get("Type").as_text().is_some_and(|kind| kind.starts_with("AWS::SSM::Parameter::Value"))
        {
            return None;
        }
        let default = parameter.get("Default").as_text()?;
        (default.len() <= PARAMETER_MAX).then(|| default.to_owned())
    }

    fn substituted(&self, argument: &Node) -> Value {
        let (template, own) = match argument.items() {
            [template, own] => (template.as_text(), Some(own)),
            [template] => (template.as_text(), None),
            _ => return Value::Unknown,
        };
        let Some(template) = template else { return Value::Unknown };
        let value = |name: &str| match own.map(|own| own.get(name)).filter(|node| !node.is_null()) {
            Some(node) => self.resolve(node).value,
            None => self.reference(name),
        };
        // nothing but one name: what it stands for
        let only = template.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        if let Some(name) = only.filter(|name| !name.contains('{') && !name.starts_with('!')) {
            return value(name);
        }
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, behind)) = rest.split_once("${") {
            text.push_str(before);
            let Some((name, behind)) = behind.split_once('}') else {
                text.push_str("${");
                rest = behind;
                continue;
            };
            match name.strip_prefix('!') {
                Some(literal) => text.push_str(&format!("${{{literal}}}")),
                None => text.push_str(&shown(&value(name.trim()), name.trim())),
            }
            rest = behind;
            if text.len() > TEXT_MAX {
                return Value::Unknown;
            }
        }
        text.push_str(rest);
        Value::Text(text)
    }

    fn joined(&self, argument: &Node) -> Value {
        let [separator, parts] = argument.items() else { return Value::Unknown };
        let Some(separator) = separator.as_text() else { return Value::Unknown };
        let parts = self.resolve(parts);
        let Value::List(parts) = &parts.value else { return Value::Unknown };
        let parts: Vec<String> = parts.iter().map(|part| shown(&part.value, "?")).collect();
        if parts.iter().map(|part| part.len() + separator.len()).sum::<usize>() > TEXT_MAX {
            return Value::Unknown;
        }
        Value::Text(parts.join(separator))
    }

    fn chosen(&self, argument: &Node) -> Node {
        let unknown = Node::new(argument.line, Value::Unknown);
        let [condition, yes, no] = argument.items() else { return unknown };
        match condition.as_text().and_then(|name| self.condition(name, 0)) {
            Some(true) => self.resolve(yes),
            Some(false) => self.resolve(no),
            None => unknown,
        }
    }

    fn found(&self, argument: &Node) -> Node {
        let unknown = Node::new(argument.line, Value::Unknown);
        let names: Vec<Node> = argument.items().iter().map(|name| self.resolve(name)).collect();
        let [map, first, second, ..] = names.as_slice() else { return unknown };
        match (map.as_text(), first.as_text(), second.as_text()) {
            (Some(map), Some(first), Some(second)) => {
                let node = self.root.at(&["Mappings", map, first, second]);
                if node.is_null() { unknown } else { node.clone() }
            }
            _ => unknown,
        }
    }

    /// Whether a condition holds; `None` when only the deployment knows.
    fn condition(&self, name: &str, depth: usize) -> Option<bool> {
        let node = self.root.at(&["Conditions", name]);
        if node.is_null() || depth > CONDITIONS_MAX { None } else { self.holds(node, depth + 1) }
    }

    fn holds(&self, node: &Node, depth: usize) -> Option<bool> {
        if depth > CONDITIONS_MAX || !self.step() {
            return None;
        }
        let [(name, argument)] = node.members() else { return None };
        let each = || argument.items().iter().map(|item| self.holds(item, depth + 1));
        match name.as_str() {
            "Condition" => self.condition(argument.as_text()?, depth),
            "Fn::Not" => each().next()?.map(|holds| !holds),
            "Fn::And" => all(each(), true),
            "Fn::Or" => all(each(), false),
            "Fn::Equals" => {
                let [left, right] = argument.items() else { return None };
                let (left, right) = (self.resolve(left), self.resolve(right));
                let known = |node: &Node| node.given_text().known();
                Some(known(&left)? == known(&right)?)
            }
            _ => None,
        }
    }
}

/// Whether all are `wanted`: certain as soon as one certainly is not.
fn all(each: impl Iterator<Item = Option<bool>>, wanted: bool) -> Option<bool> {
    let mut certain = true;
    for holds in each {
        match holds {
            Some(holds) if holds != wanted => return Some(!wanted),
            Some(_) => {}
            None => certain = false,
        }
    }
    certain.then_some(wanted)
}

/// Whether a parameter is kept out of sight.
pub(super) fn is_hidden(parameter: &Node) -> bool {
    parameter.get("NoEcho").given_bool().known() == Some(true)
}

fn attribute(argument: &Node) -> Value {
    match argument.items() {
        [resource, attribute] => match (resource.as_text(), attribute.as_text()) {
            (Some(resource), Some(attribute)) => Value::Reference(resource.to_owned(), attribute.to_owned()),
            _ => Value::Unknown,
        },
        [both] => both
            .as_text()
            .and_then(|both| both.split_once('.'))
            .map_or(Value::Unknown, |(resource, attribute)| {
                Value::Reference(resource.to_owned(), attribute.to_owned())
            }),
        _ => Value::Unknown,
    }
}

/// A value inside of a text.
fn shown(value: &Value, name: &str) -> String {
    match value {
        Value::Text(text) | Value::Number(text) => text.clone(),
        Value::Bool(truth) => truth.to_string(),
        Value::Reference(resource, attribute) if attribute.is_empty() => format!("${{{resource}}}"),
        Value::Reference(resource, attribute) => format!("${{{resource}.{attribute}}}"),
        Value::Null | Value::List(_) | Value::Map(_) | Value::Hidden | Value::Unknown => {
            format!("${{{name}}}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Template;
    use crate::document::parse;
    use crate::node::{Node, Value};
    use std::collections::BTreeMap;

    const TEMPLATE: &str = r#"
Parameters:
  Stage: {Type: String, Default: test}
  Name: {Type: String}
  Count: {Type: Number, Default: 3}
  Password: {Type: String, NoEcho: true}
Mappings:
  Sizes: {test: {batch: 100}, prod: {batch: 1000}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsNamed: !Equals [!Ref Name, x]
  Circle: !Not [!Condition Circle]
  Both: !And [!Condition IsProd, !Condition IsNamed]
  Either: !Or [!Not [!Condition IsProd], !Condition IsNamed]
A: !Ref Count
B: !Ref Name
C: !Ref Password
D: !Ref Stream
E: !GetAtt Stream.Arn
F: !Sub "${Stage}-${Name}-${Stream}-${Stream.Arn}-${!x}-${AWS::Region}"
G: !Sub ["${a}/${Count}", {a: !Ref Stage}]
H: !Join ["/", [a, !Ref Stage, !Ref Stream]]
I: !If [IsProd, 1, 2]
J: !If [IsNamed, 1, 2]
K: !FindInMap [Sizes, !Ref Stage, batch]
L: [1, !Ref "AWS::NoValue", 2]
M: !If [Circle, 1, 2]
N: !If [Both, 1, 2]
O: !If [Either, 1, 2]
P: !Sub "${Stream}"
Q: !ImportValue other
R: {a: !Ref "AWS::NoValue", b: 1}
S: !Ref Function.Alias
T: !Sub "${Function.Alias}"
"#;

    #[test]
    fn functions_are_resolved_as_far_as_can_be_told() {
        let root = parse(TEMPLATE.as_bytes()).unwrap();
        let check = |given: &BTreeMap<String, String>, name: &str, expected: &str| {
            let node = Template::new(&root, given).resolve(root.get(name));
            let found = match &node.value {
                Value::Reference(resource, attribute) => format!("<{resource} {attribute}>"),
                Value::Unknown => "?".to_owned(),
                Value::Hidden => "hidden".to_owned(),
                Value::List(items) => items.iter().filter_map(Node::as_text).collect::<Vec<_>>().join(","),
                Value::Map(members) => members.iter().map(|(name, _)| name.as_str()).collect(),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
                    node.as_text().unwrap_or_default().to_owned()
                }
            };
            assert_eq!(found, expected, "{name}");
        };
        let defaults = BTreeMap::new();
        for (name, expected) in [
            ("A", "3"),
            ("B", "?"),
            ("C", "hidden"),
            ("D", "<Stream >"),
            ("E", "<Stream Arn>"),
            ("F", "test-${Name}-${Stream}-${Stream.Arn}-${x}-${AWS::Region}"),
            ("G", "test/3"),
            ("H", "a/test/${Stream}"),
            ("I", "2"),
            ("J", "?"),
            ("K", "100"),
            ("L", "1,2"),
            ("M", "?"),
            ("N", "2"),
            ("O", "1"),
            ("P", "<Stream >"),
            ("Q", "?"),
            ("R", "b"),
            ("S", "<Function Alias>"),
            ("T", "<Function Alias>"),
        ] {
            check(&defaults, name, expected);
        }
        let given = BTreeMap::from([("Stage", "prod"), ("Name", "x")].map(|(a, b)| (a.into(), b.into())));
        for (name, expected) in [("B", "x"), ("I", "1"), ("J", "1"), ("K", "1000"), ("N", "1")] {
            check(&given, name, expected);
        }
    }
}
