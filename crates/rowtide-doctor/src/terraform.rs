//! The JSON of a Terraform plan or state (`terraform show -json`): into the model, under CloudFormation's names.

use super::document;
use super::model::{Kind, Location, Model, Origin, Resource};
use super::node::{Node, Value};

const KINDS: [(&str, Kind); 15] = [
    ("aws_lambda_function", Kind::Function),
    ("aws_lambda_event_source_mapping", Kind::Mapping),
    ("aws_kinesis_stream", Kind::Stream),
    ("aws_dynamodb_table", Kind::Table),
    ("aws_dynamodb_kinesis_streaming_destination", Kind::KinesisDestination),
    ("aws_sqs_queue", Kind::Queue),
    ("aws_sns_topic", Kind::Topic),
    ("aws_cloudwatch_log_group", Kind::LogGroup),
    ("aws_lambda_permission", Kind::Permission),
    ("aws_lambda_function_event_invoke_config", Kind::EventConfig),
    ("aws_lambda_function_recursion_config", Kind::Recursion),
    ("aws_s3_bucket", Kind::Bucket),
    ("aws_api_gateway_rest_api", Kind::Endpoint),
    ("aws_api_gateway_rest_api_policy", Kind::Endpoint),
    ("aws_vpc_endpoint", Kind::Endpoint),
];

/// Attributes whose name is not CloudFormation's in another spelling.
const RENAMED: [(&str, &str); 11] = [
    ("destination_arn", "Destination"),
    ("filter", "Filters"),
    ("retention_period", "RetentionPeriodHours"),
    ("visibility_timeout_seconds", "VisibilityTimeout"),
    ("message_retention_seconds", "MessageRetentionPeriod"),
    ("redrive_policy", "RedrivePolicy"),
    ("reserved_concurrent_executions", "ReservedConcurrentExecutions"),
    ("amazon_managed_kafka_event_source_config", "AmazonManagedKafkaEventSourceConfig"),
    ("self_managed_kafka_event_source_config", "SelfManagedKafkaEventSourceConfig"),
    ("enabled", "Enabled"),
    ("kinesis_stream_specification", "KinesisStreamSpecification"),
];

/// Blocks that occur at most once: in the plan, lists of one.
const BLOCKS: [&str; 11] = [
    "environment",
    "destination_config",
    "on_failure",
    "dead_letter_config",
    "logging_config",
    "filter_criteria",
    "stream_mode_details",
    "scaling_config",
    "provisioned_poller_config",
    "amazon_managed_kafka_event_source_config",
    "self_managed_event_source",
];

/// How Terraform spells a property.
pub(super) fn spelling(property: &str) -> String {
    if let Some((terraform, _)) = RENAMED.iter().find(|(_, name)| *name == property) {
        return (*terraform).to_owned();
    }
    let mut spelled = String::new();
    for letter in property.chars() {
        if letter.is_ascii_uppercase() && !spelled.is_empty() {
            spelled.push('_');
        }
        spelled.push(letter.to_ascii_lowercase());
    }
    spelled
}

fn camel(attribute: &str) -> String {
    if let Some((_, name)) = RENAMED.iter().find(|(terraform, _)| *terraform == attribute) {
        return (*name).to_owned();
    }
    attribute.split('_').fold(String::new(), |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}

/// The resources that a plan or a state describes; nothing when it is neither.
fn values(root: &Node) -> Option<&Node> {
    let found = [root.at(&["planned_values", "root_module"]), root.at(&["values", "root_module"])];
    found.into_iter().find(|module| module.is_map())
}

pub(super) fn is_plan(root: &Node) -> bool {
    !root.get("format_version").is_null() && values(root).is_some()
}

/// Adds a plan's resources to the model.
pub(super) fn read(root: &Node, file: &str, model: &mut Model) {
    let Some(module) = values(root) else { return };
    let mut found = Vec::new();
    let mut modules = vec![module];
    while let Some(module) = modules.pop() {
        found.extend(module.get("resources").items());
        modules.extend(module.get("child_modules").items());
    }
    let managed = |node: &&&Node| node.get("mode").as_text().is_none_or(|mode| mode == "managed");
    let addresses: Vec<&str> =
        found.iter().filter(managed).filter_map(|node| node.get("address").as_text()).collect();
    let written = Configuration::new(root, &addresses);
    for node in found.iter().filter(managed) {
        let address = node.get("address").as_text().unwrap_or_default();
        let kind = node.get("type").as_text().unwrap_or_default();
        let kind = KINDS.iter().find(|(name, _)| *name == kind).map_or(Kind::Other, |(_, kind)| *kind);
        let expressions = written.expressions(address);
        let mut values = node.get("values").clone();
        mark_unknown(&mut values, unknown_after(root, address), expressions);
        let mut properties = written.converted(&values, expressions, address, 0);
        adapt(kind, &mut properties);
        model.resources.push(Resource {
            kind,
            origin: Origin::Plan,
            id: address.to_owned(),
            place: Location { file: file.to_owned(), line: 0, path: address.to_owned() },
            properties,
        });
    }
}

/// What a plan says that it does not know of a resource.
fn unknown_after<'a>(root: &'a Node, address: &str) -> &'a Node {
    let changes = root.get("resource_changes").items();
    let found = changes.iter().find(|change| change.get("address").as_text() == Some(address));
    found.unwrap_or(root.get("")).at(&["change", "after_unknown"])
}

/// Marks what is not known among the variables of a function, and in the blocks that are made by `dynamic`, of which
/// nothing is written. Elsewhere an unknown value that nobody wrote is a default of the provider's.
fn mark_unknown(values: &mut Node, unknown: &Node, written: &Node) {
    let Value::Map(members) = &mut values.value else { return };
    for (name, value) in members.iter_mut().filter(|(name, _)| BLOCKS.contains(&name.as_str())) {
        if name == "environment" || written.get(name).is_null() {
            overlay(value, unknown.get(name));
        }
    }
}

fn overlay(value: &mut Node, unknown: &Node) {
    match (&mut value.value, &unknown.value) {
        (Value::List(values), Value::List(unknown)) => {
            values.iter_mut().zip(unknown).for_each(|(value, unknown)| overlay(value, unknown));
        }
        (Value::Map(members), Value::Map(unknown)) => {
            for (name, unknown) in unknown {
                match members.iter_mut().find(|(found, _)| found == name) {
                    Some((_, value)) => overlay(value, unknown),
                    None if unknown.value == Value::Bool(true) => {
                        members.push((name.clone(), Node::new(0, Value::Unknown)));
                    }
                    None => {}
                }
            }
        }
        (_, Value::Bool(true)) => value.value = Value::Unknown,
        _ => {}
    }
}

/// What of a resource lies elsewhere in CloudFormation.
fn adapt(kind: Kind, properties: &mut Node) {
    let Value::Map(members) = &mut properties.value else { return };
    let take = |members: &mut Vec<(String, Node)>, name: &str| {
        members.iter().position(|(found, _)| found == name).map(|at| members.swap_remove(at).1)
    };
    match kind {
        Kind::Table => {
            if let Some(view) = take(members, "StreamViewType").filter(|view| view.as_text() != Some("")) {
                let inner = Value::Map(vec![("StreamViewType".to_owned(), view)]);
                members.push(("StreamSpecification".to_owned(), Node::new(0, inner)));
            }
        }
        Kind::Function => {
            // unset, as the provider writes it
            members.retain(|(name, node)| {
                name != "ReservedConcurrentExecutions" || node.as_text() != Some("-1")
            });
        }
        Kind::LogGroup => {
            if let Some(name) = take(members, "Name") {
                members.push(("LogGroupName".to_owned(), name));
            }
        }
        Kind::Bucket => {
            if let Some(name) = take(members, "Bucket") {
                members.push(("BucketName".to_owned(), name));
            }
        }
        Kind::Queue => {
            // unset, as a state has it
            members.retain(|(name, node)| name != "RedrivePolicy" || node.as_text() != Some(""));
        }
        Kind::Mapping
        | Kind::Stream
        | Kind::KinesisDestination
        | Kind::Topic
        | Kind::Permission
        | Kind::EventConfig
        | Kind::Recursion
        | Kind::Endpoint
        | Kind::Connector
        | Kind::Other => {}
    }
}

/// What the configuration says beside the values: which resource an unknown value comes from.
struct Configuration<'a> {
    root: &'a Node,
    /// Addresses of the resources that there are.
    addresses: &'a [&'a str],
}

/// Modules within modules, and outputs that lead to outputs.
const MODULES_MAX: usize = 16;

impl<'a> Configuration<'a> {
    fn new(root: &'a Node, addresses: &'a [&'a str]) -> Self {
        Self { root: root.at(&["configuration", "root_module"]), addresses }
    }

    /// The configuration of the module that a resource's address begins with.
    fn module(&self, names: &[&str]) -> &'a Node {
        names.iter().fold(self.root, |module, name| module.at(&["module_calls", name, "module"]))
    }

    /// What is written for the attributes of a resource.
    fn expressions(&self, address: &str) -> &'a Node {
        let (modules, name) = split(address);
        let name = without_index(name);
        let resources = self.module(&modules).get("resources").items();
        let found =
            resources.iter().find(|resource| resource.get("address").as_text() == Some(name.as_str()));
        found.map_or(self.root.get(""), |resource| resource.get("expressions"))
    }

    /// A value with CloudFormation's names; what is written but not known yet refers to where it comes from.
    fn converted(&self, values: &Node, written: &Node, address: &str, depth: usize) -> Node {
        let Value::Map(members) = &values.value else { return readable(values) };
        let mut properties = Vec::new();
        for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            let written = written.get(name);
            let is_block = BLOCKS.contains(&name.as_str());
            let deeper = |value: &Node, written: &Node| self.converted(value, written, address, depth + 1);
            let value = match &value.value {
                // the names in it are the user's
                Value::Map(_) if depth > 0 && name == "variables" => value.clone(),
                Value::List(items) if is_block => {
                    let Some(block) = items.first() else { continue };
                    deeper(block, written.items().first().unwrap_or(written))
                }
                Value::List(items) => {
                    let items = items.iter().map(|item| deeper(item, written.get("")));
                    Node::new(0, Value::List(items.collect()))
                }
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Text(_)
                | Value::Map(_)
                | Value::Reference(..)
                | Value::Hidden
                | Value::Unknown => deeper(value, written),
            };
            properties.push((camel(name), value));
        }
        for (name, written) in written.members() {
            let is_known = members.iter().any(|(found, value)| found == name && !value.is_null());
            if !is_known && let Some(value) = self.unknown(written, address) {
                properties.push((camel(name), value));
            }
        }
        Node::new(0, Value::Map(properties))
    }

    /// A value that the plan does not know: the resource that its expression names, if that is there.
    fn unknown(&self, written: &Node, address: &str) -> Option<Node> {
        let block = written.items().first().filter(|_| matches!(written.value, Value::List(_)));
        if let Some(block) = block {
            let converted = self.converted(&Node::new(0, Value::Map(Vec::new())), block, address, 1);
            return Some(converted);
        }
        let references = written.get("references").items();
        if references.is_empty() {
            return None;
        }
        let (modules, _) = split(address);
        let found = references.iter().filter_map(Node::as_text);
        let found = found.filter_map(|reference| self.resource(&modules, reference, 0)).next();
        let value = found.map_or(Value::Unknown, |(id, attribute)| Value::Reference(id, attribute));
        Some(Node::new(0, value))
    }

    /// The address of the resource that a reference inside a module leads to, and the attribute.
    fn resource(&self, modules: &[&str], reference: &str, depth: usize) -> Option<(String, String)> {
        if depth > MODULES_MAX {
            return None;
        }
        let follow = |modules: &[&str], expression: &Node| {
            let references = expression.get("references").items().iter().filter_map(Node::as_text);
            references.filter_map(|reference| self.resource(modules, reference, depth + 1)).next()
        };
        let mut parts = reference.split('.');
        match (parts.next()?, parts.next()?) {
            ("var", name) => {
                let (call, around) = modules.split_last()?;
                follow(around, self.module(around).at(&["module_calls", call, "expressions", name]))
            }
            ("module", call) => {
                let call = without_index(call);
                let inner: Vec<&str> = modules.iter().copied().chain([call.as_str()]).collect();
                follow(&inner, self.module(&inner).at(&["outputs", parts.next()?, "expression"]))
            }
            ("local" | "each" | "data" | "path" | "count", _) => None,
            (kind, name) => {
                let name = without_index(name);
                let ours = |address: &&&str| {
                    let (found, resource) = split(address);
                    let found: Vec<String> = found.iter().map(|name| without_index(name)).collect();
                    found == modules && without_index(resource) == format!("{kind}.{name}")
                };
                let address = self.addresses.iter().find(ours)?;
                Some(((*address).to_owned(), parts.next().unwrap_or_default().to_owned()))
            }
        }
    }
}

/// Policies are texts that hold JSON.
fn readable(value: &Node) -> Node {
    let Value::Text(text) = &value.value else { return value.clone() };
    let json = text.trim_start();
    let is_document = json.starts_with('{')
        && ["\"Statement\"", "\"deadLetterTargetArn\""].iter().any(|name| json.contains(name));
    let parsed = is_document.then(|| document::parse(text.as_bytes()).ok()).flatten();
    parsed.unwrap_or_else(|| value.clone())
}

/// The modules of an address, and the resource in them: `module.a["x"].aws_sqs_queue.b[0]`.
fn split(address: &str) -> (Vec<&str>, &str) {
    let mut modules = Vec::new();
    let mut rest = address;
    while let Some(behind) = rest.strip_prefix("module.") {
        let end = name_end(behind);
        let (name, behind) = behind.split_at_checked(end).unwrap_or((behind, ""));
        modules.push(name.split('[').next().unwrap_or(name));
        rest = behind.strip_prefix('.').unwrap_or(behind);
    }
    (modules, rest)
}

/// Where a name with its index ends; an index may hold dots.
fn name_end(text: &str) -> usize {
    let mut quoted = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '.' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

fn without_index(name: &str) -> String {
    name.split('[').next().unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{camel, spelling, split, without_index};

    #[test]
    fn names_are_spelled_both_ways() {
        for (terraform, cloudformation) in [
            ("maximum_retry_attempts", "MaximumRetryAttempts"),
            ("destination_arn", "Destination"),
            ("function_response_types", "FunctionResponseTypes"),
            ("visibility_timeout_seconds", "VisibilityTimeout"),
        ] {
            assert_eq!(
                (camel(terraform).as_str(), spelling(cloudformation).as_str()),
                (cloudformation, terraform)
            );
        }
    }

    #[test]
    fn an_address_is_taken_apart() {
        let (modules, rest) = split("module.a[\"x.y\"].module.b.aws_sqs_queue.c[0]");
        assert_eq!((modules, rest), (vec!["a", "b"], "aws_sqs_queue.c[0]"));
        assert_eq!(without_index(rest), "aws_sqs_queue.c");
    }
}
