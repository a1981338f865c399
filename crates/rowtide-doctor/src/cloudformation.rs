//! SAM and CloudFormation templates, and what AWS answers about what runs: into the model.

use super::model::{Kind, Location, Model, Origin, Parameter, Resource};
use super::node::{Node, Value};
use super::template::{Template, is_hidden};
use std::collections::BTreeMap;

/// Kinds by their type; every other resource is looked at for its policies only.
const KINDS: [(&str, Kind); 18] = [
    ("AWS::Serverless::Function", Kind::Function),
    ("AWS::Lambda::Function", Kind::Function),
    ("AWS::Lambda::EventSourceMapping", Kind::Mapping),
    ("AWS::Kinesis::Stream", Kind::Stream),
    ("AWS::DynamoDB::Table", Kind::Table),
    ("AWS::DynamoDB::GlobalTable", Kind::Table),
    ("AWS::Serverless::SimpleTable", Kind::Table),
    ("AWS::SQS::Queue", Kind::Queue),
    ("AWS::SNS::Topic", Kind::Topic),
    ("AWS::Logs::LogGroup", Kind::LogGroup),
    // the CDK's way to give one that Lambda makes a retention
    ("Custom::LogRetention", Kind::LogGroup),
    ("AWS::Lambda::Permission", Kind::Permission),
    ("AWS::Lambda::EventInvokeConfig", Kind::EventConfig),
    ("AWS::S3::Bucket", Kind::Bucket),
    ("AWS::Serverless::Api", Kind::Endpoint),
    ("AWS::Serverless::HttpApi", Kind::Endpoint),
    ("AWS::ApiGateway::RestApi", Kind::Endpoint),
    ("AWS::EC2::VPCEndpoint", Kind::Endpoint),
];

/// Events of a SAM function that are event source mappings.
const POLLED: [&str; 5] = ["Kinesis", "DynamoDB", "SQS", "MSK", "SelfManagedKafka"];

/// Whether a document is a template.
pub(super) fn is_template(root: &Node) -> bool {
    let resources = root.get("Resources").members();
    resources.iter().any(|(_, resource)| resource.get("Type").as_text().is_some())
}

/// Adds a template's resources to the model.
pub(super) fn read(root: &Node, file: &str, parameters: &BTreeMap<String, String>, model: &mut Model) {
    let template = Template::new(root, parameters);
    let place = |line: usize, path: String| Location { file: file.to_owned(), line, path };
    for (name, parameter) in root.get("Parameters").members() {
        // of a parameter in the store it is the name
        let is_name = parameter.get("Type").as_text().is_some_and(|kind| kind.starts_with("AWS::SSM::"));
        let default = if is_name { Node::default() } else { parameter.get("Default").clone() };
        let place = place(default.line, format!("Parameters.{name}"));
        let is_hidden = is_hidden(parameter);
        model.parameters.push(Parameter { name: name.clone(), default, is_hidden, place });
    }
    let globals = template.resolve(root.at(&["Globals", "Function"]));
    for (id, resource) in root.get("Resources").members() {
        if !template.is_made(resource) {
            continue;
        }
        let kind = resource.get("Type").as_text().unwrap_or_default();
        let mut properties = template.resolve(resource.get("Properties"));
        let place = place(resource.line, format!("Resources.{id}"));
        if kind == "AWS::Serverless::Function" {
            properties = merged(&globals, &properties);
            events(id, &properties, &place, model);
        }
        let kind = KINDS.iter().find(|(name, _)| *name == kind).map_or(Kind::Other, |(_, kind)| *kind);
        model.resources.push(Resource { kind, origin: Origin::Template, id: id.clone(), place, properties });
    }
}

/// What SAM makes of a value and the global one: maps are merged, lists follow each other, anything else is replaced.
fn merged(global: &Node, own: &Node) -> Node {
    let value = match (&global.value, &own.value) {
        (_, Value::Null) => return global.clone(),
        (Value::Map(globals), Value::Map(members)) => {
            let mut all: Vec<(String, Node)> =
                members.iter().map(|(name, node)| (name.clone(), merged(global.get(name), node))).collect();
            let missing = globals.iter().filter(|(name, _)| own.get(name).is_null());
            all.extend(missing.cloned());
            Value::Map(all)
        }
        (Value::List(globals), Value::List(items)) => {
            Value::List(globals.iter().chain(items).cloned().collect())
        }
        (_, own) => own.clone(),
    };
    Node::new(own.line, value)
}

/// The event source mappings among the events of a SAM function.
fn events(function: &str, properties: &Node, place: &Location, model: &mut Model) {
    for (name, event) in properties.get("Events").members() {
        let kind = event.get("Type").as_text().unwrap_or_default();
        if !POLLED.contains(&kind) {
            continue;
        }
        let own = event.get("Properties");
        let source = [own.get("Stream"), own.get("Queue")].into_iter().find(|node| !node.is_null());
        let mut members = own.members().to_vec();
        let line = event.line;
        members.push(("EventSourceArn".to_owned(), source.cloned().unwrap_or_default()));
        let function_name = Node::new(line, Value::Reference(function.to_owned(), String::new()));
        members.push(("FunctionName".to_owned(), function_name));
        members.push(("Type".to_owned(), Node::text(line, kind)));
        model.resources.push(Resource {
            kind: Kind::Mapping,
            origin: Origin::Template,
            id: format!("{function}{name}"),
            place: Location { path: format!("{}.Properties.Events.{name}", place.path), ..place.at(line) },
            properties: Node::new(line, Value::Map(members)),
        });
    }
}

/// Adds what AWS answered: an event source mapping or a function, or a list of them. False when it is neither.
pub(super) fn read_live(root: &Node, file: &str, model: &mut Model) -> bool {
    let lists = [("EventSourceMappings", Kind::Mapping), ("Functions", Kind::Function)];
    for (name, kind) in lists {
        if matches!(root.get(name).value, Value::List(_)) {
            for (at, item) in root.get(name).items().iter().enumerate() {
                push_live(kind, item, file, format!("{name}[{at}]"), model);
            }
            return true;
        }
    }
    let has = |node: &Node, name: &str| !node.get(name).is_null();
    if has(root, "UUID") && (has(root, "EventSourceArn") || has(root, "FunctionArn")) {
        push_live(Kind::Mapping, root, file, String::new(), model);
        return true;
    }
    // get-function-configuration, and get-function around it
    for (function, path) in [(root, ""), (root.get("Configuration"), "Configuration")] {
        if has(function, "FunctionName") && has(function, "FunctionArn") {
            push_live(Kind::Function, function, file, path.to_owned(), model);
            return true;
        }
    }
    false
}

fn push_live(kind: Kind, node: &Node, file: &str, path: String, model: &mut Model) {
    let id_name = if kind == Kind::Mapping { "UUID" } else { "FunctionName" };
    model.resources.push(Resource {
        kind,
        origin: Origin::Live,
        id: node.get(id_name).as_text().unwrap_or_default().to_owned(),
        place: Location { file: file.to_owned(), line: node.line, path },
        properties: node.clone(),
    });
}
