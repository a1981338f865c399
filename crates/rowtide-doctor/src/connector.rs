//! Configurations of Debezium's connectors, as Kafka Connect, Strimzi and Debezium Server take them: into the model.

use super::model::{Kind, Location, Model, Origin, Resource};
use super::node::{Node, Value};

/// What stands in front of a connector's settings in the file of Debezium Server.
const SERVER: &str = "debezium.source.";
const CLASS: &str = "connector.class";

/// A file of Java properties that configures a connector, as a document; `None` when it is none.
pub(super) fn properties(bytes: &[u8]) -> Option<Node> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut members = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let mut line = line.trim_start().to_owned();
        while line.ends_with('\\') {
            line.pop();
            line.push_str(lines.next().map_or("", |(_, next)| next.trim_start()));
        }
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let (name, value) = line.split_once(['=', ':'])?;
        let name = name.trim();
        let name = name.strip_prefix(SERVER).unwrap_or(name);
        members.push((name.to_owned(), Node::text(at + 1, value.trim())));
    }
    let root = Node::new(1, Value::Map(members));
    root.get(CLASS).as_text().is_some().then_some(root)
}

/// Adds the connectors of a document: a connector's configuration alone, with its name around it, a resource of
/// Strimzi, or what Kafka Connect answers about all. False when it holds none.
pub(super) fn read(root: &Node, file: &str, model: &mut Model) -> bool {
    let one = [root, root.get("config")].into_iter().find(|node| !node.get(CLASS).is_null());
    let strimzi = root.get("spec");
    if let Some(config) = one {
        push(root.get("name"), config.clone(), file, "", model);
    } else if root.get("kind").as_text() == Some("KafkaConnector") && !strimzi.get("class").is_null() {
        let mut members = strimzi.get("config").members().to_vec();
        members.push((CLASS.to_owned(), strimzi.get("class").clone()));
        let config = Node::new(strimzi.get("config").line, Value::Map(members));
        push(root.get("metadata").get("name"), config, file, "spec.config", model);
    } else {
        let answered = root.members().iter().map(|(name, node)| (name, node.at(&["info", "config"])));
        let of_all: Vec<_> = answered.filter(|(_, config)| !config.get(CLASS).is_null()).collect();
        for (name, config) in &of_all {
            push(&Node::text(config.line, name.as_str()), (*config).clone(), file, name, model);
        }
        return !of_all.is_empty();
    }
    true
}

fn push(name: &Node, properties: Node, file: &str, path: &str, model: &mut Model) {
    model.resources.push(Resource {
        kind: Kind::Connector,
        origin: Origin::Template,
        id: name.as_text().unwrap_or_default().to_owned(),
        place: Location { file: file.to_owned(), line: properties.line, path: path.to_owned() },
        properties,
    });
}
