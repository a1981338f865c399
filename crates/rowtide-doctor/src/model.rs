//! What a stack is made of, whatever it was described in: resources with the names of CloudFormation, and what leads
//! to what. The rules read this and nothing else.

use super::node::{Given, Node, Value};
use std::fmt;

/// Where a resource stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Location {
    pub(super) file: String,
    /// 0 when lines tell a reader nothing, as in a plan.
    pub(super) line: usize,
    /// `Resources.Consumer`, or the address in a plan.
    pub(super) path: String,
}

impl Location {
    /// The same place at another line, when that has one.
    pub(super) fn at(&self, line: usize) -> Self {
        let line = if self.line == 0 || line == 0 { self.line } else { line };
        Self { line, ..self.clone() }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, " line {}", self.line)?;
        }
        if self.path.is_empty() { Ok(()) } else { write!(f, ", {}", self.path) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Function,
    Mapping,
    Stream,
    Table,
    /// A table's copy into a Kinesis stream, where it is a resource of its own.
    KinesisDestination,
    Queue,
    Topic,
    LogGroup,
    Permission,
    Bucket,
    /// What becomes of events that a function is handed without waiting for its answer.
    EventConfig,
    /// Whether a function may invoke itself, where it is a resource of its own.
    Recursion,
    /// What lets everybody in by design and is no part of a pipeline: interfaces, endpoints inside a network.
    Endpoint,
    /// A connector of Debezium, with its own settings as properties.
    Connector,
    Other,
}

/// What described the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Template,
    Plan,
    /// The answer of AWS: defaults are filled in, and what stands around it is not there.
    Live,
}

/// A resource.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) kind: Kind,
    pub(super) origin: Origin,
    /// What others refer to it by.
    pub(super) id: String,
    pub(super) place: Location,
    /// Its properties, with the names that CloudFormation gives them.
    pub(super) properties: Node,
}

impl Resource {
    pub(super) fn get(&self, path: &[&str]) -> &Node {
        self.properties.at(path)
    }

    /// The place of a property; of the resource when it is not there.
    pub(super) fn place_of(&self, node: &Node) -> Location {
        self.place.at(node.line)
    }

    /// The names that it goes by in texts.
    fn names(&self) -> impl Iterator<Item = &str> {
        const NAMES: [&str; 10] = [
            "FunctionName",
            "FunctionArn",
            "Name",
            "TableName",
            "QueueName",
            "TopicName",
            "LogGroupName",
            "BucketName",
            "Arn",
            "StreamArn",
        ];
        NAMES.iter().filter_map(|name| self.get(&[name]).as_text())
    }

    /// Whether a value of `other` leads to it: its name, its ARN, or a reference within the same file.
    fn is_referenced(&self, other: &Self, by: &Node) -> bool {
        let is_near = self.place.file == other.place.file;
        match &by.value {
            Value::Reference(id, _) => is_near && *id == self.id,
            Value::Text(text) => {
                let last = text.rsplit([':', '/']).next().unwrap_or(text);
                // `…:table/orders/stream/2026-…`, and a function with its alias
                let inner = text.split_once("/stream/").map(|(table, _)| table.rsplit('/').next());
                let own = format!("${{{}}}", self.id);
                let named = |name: &str| {
                    name == text || name == last || inner.flatten() == Some(name) || is_alias(text, name)
                };
                let referred = text.contains(&own) || text.contains(&own.replace('}', "."));
                (is_near && referred) || self.names().any(named)
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Hidden
            | Value::Unknown => false,
        }
    }

    /// The function's variable of that name.
    pub(super) fn variable(&self, name: &str) -> &Node {
        self.get(&["Environment", "Variables", name])
    }

    pub(super) fn variables(&self) -> &[(String, Node)] {
        self.get(&["Environment", "Variables"]).members()
    }
}

/// `…:function:name:alias`, or `name:alias`.
fn is_alias(text: &str, name: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(function, _)| function.rsplit(':').next() == Some(name))
}

/// What a mapping reads from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Kinesis,
    Dynamodb,
    /// One of the two.
    Stream,
    Sqs,
    Kafka,
    Other,
}

impl Source {
    pub(super) fn is_stream(self) -> bool {
        matches!(self, Self::Kinesis | Self::Dynamodb | Self::Stream)
    }

    /// A stream or a topic: what is read in order, and waits behind what fails.
    pub(super) fn is_ordered(self) -> bool {
        self.is_stream() || self == Self::Kafka
    }
}

/// An event source mapping with its two ends, as far as they are known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mapping<'m> {
    pub(super) resource: &'m Resource,
    pub(super) source: Source,
    pub(super) function: Option<&'m Resource>,
    pub(super) from: Option<&'m Resource>,
}

impl Mapping<'_> {
    pub(super) fn number(&self, name: &str) -> Given<i64> {
        self.resource.get(&[name]).given_number()
    }

    /// Records in a batch; `None` when nobody knows.
    pub(super) fn batch_size(&self) -> Option<i64> {
        self.number("BatchSize").or(if self.source == Source::Sqs { 10 } else { 100 })
    }
}

/// How many shards a stream has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shards {
    Number(i64),
    /// As many as AWS thinks fit: four to begin with.
    OnDemand,
}

/// Shards that AWS gives a stream on demand to begin with.
const ON_DEMAND_SHARDS: i64 = 4;

impl Shards {
    pub(super) fn at_least(self) -> i64 {
        match self {
            Self::Number(shards) => shards,
            Self::OnDemand => ON_DEMAND_SHARDS,
        }
    }
}

/// A parameter of a template.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) default: Node,
    /// It is kept out of sight.
    pub(super) is_hidden: bool,
    pub(super) place: Location,
}

/// Every resource of every file.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) resources: Vec<Resource>,
    pub(super) parameters: Vec<Parameter>,
}

impl Model {
    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(move |resource| resource.kind == kind)
    }

    /// The resource of one of these kinds that a value of `other` leads to.
    pub(super) fn find(&self, kinds: &[Kind], other: &Resource, by: &Node) -> Option<&Resource> {
        self.resources
            .iter()
            .find(|resource| kinds.contains(&resource.kind) && resource.is_referenced(other, by))
    }

    /// The same, also by way of a resource that stands before it: an alias of a function, a consumer of a stream.
    fn behind(&self, kinds: &[Kind], other: &Resource, by: &Node, through: &[&str]) -> Option<&Resource> {
        self.find(kinds, other, by).or_else(|| {
            let before = self.find(&[Kind::Other], other, by)?;
            let next = through.iter().map(|name| before.get(&[name])).find(|node| !node.is_null())?;
            self.find(kinds, before, next)
        })
    }

    /// The function that a value of `other` leads to, also by way of an alias.
    pub(super) fn function(&self, other: &Resource, by: &Node) -> Option<&Resource> {
        self.behind(&[Kind::Function], other, by, &["FunctionName"])
    }

    /// Event source mappings. Where some functions say that they are rowtide's, those of others are not looked at.
    pub(super) fn mappings(&self) -> impl Iterator<Item = Mapping<'_>> {
        let some_are_ours = self.of(Kind::Function).any(is_ours);
        let all = self.all_mappings();
        all.filter(move |mapping| !some_are_ours || mapping.function.is_none_or(is_ours))
    }

    fn all_mappings(&self) -> impl Iterator<Item = Mapping<'_>> {
        self.of(Kind::Mapping).map(|resource| {
            let name = resource.get(&["FunctionName"]);
            let name = if name.is_null() { resource.get(&["FunctionArn"]) } else { name };
            let from = [Kind::Stream, Kind::Table, Kind::Queue];
            let arn = resource.get(&["EventSourceArn"]);
            let from = self.behind(&from, resource, arn, &["StreamARN", "StreamArn"]);
            let function = self.function(resource, name);
            Mapping { resource, source: source(resource, from), function, from }
        })
    }

    /// Functions that records come to, and those that are set up for rowtide.
    pub(super) fn consumers(&self) -> impl Iterator<Item = &Resource> {
        let fed: Vec<&Resource> = self.mappings().filter_map(|mapping| mapping.function).collect();
        let is_fed = move |function: &Resource| fed.iter().any(|fed| std::ptr::eq(*fed, function));
        self.of(Kind::Function).filter(move |function| is_fed(function) || is_ours(function))
    }

    /// How many shards a mapping reads; `None` when that is not known.
    pub(super) fn shards(mapping: &Mapping<'_>) -> Option<Shards> {
        let stream = mapping.from.filter(|from| from.kind == Kind::Stream)?;
        let mode = stream.get(&["StreamModeDetails", "StreamMode"]).given_text();
        match mode.or("PROVISIONED".to_owned())?.as_str() {
            "ON_DEMAND" => Some(Shards::OnDemand),
            _ => stream.get(&["ShardCount"]).given_number().or(1).map(Shards::Number),
        }
    }
}

/// Whether a function is one of rowtide's: its variables say so, which may be those of the function that it replaces.
pub(super) fn is_ours(function: &Resource) -> bool {
    const PREDECESSORS: [&str; 3] = ["MESSAGE_FORMAT", "SINK_SQLALCHEMY_URL", "CRATEDB_CLUSTER_URL"];
    let ours = |name: &str| name.starts_with("ROWTIDE_") || PREDECESSORS.contains(&name);
    function.variables().iter().any(|(name, _)| ours(name))
}

/// Whether a function reads tables: its variables say where.
pub(super) fn is_snapshot(function: &Resource) -> bool {
    function.variables().iter().any(|(name, _)| name.starts_with("ROWTIDE_SNAPSHOT_"))
}

fn source(mapping: &Resource, from: Option<&Resource>) -> Source {
    let given = |name: &str| !mapping.get(&[name]).is_null();
    match from.map(|from| from.kind) {
        Some(Kind::Stream) => return Source::Kinesis,
        Some(Kind::Table) => return Source::Dynamodb,
        Some(Kind::Queue) => return Source::Sqs,
        _ => {}
    }
    if given("AmazonManagedKafkaEventSourceConfig")
        || given("SelfManagedKafkaEventSourceConfig")
        || given("SelfManagedEventSource")
        || given("Topics")
    {
        return Source::Kafka;
    }
    if given("Queues") || given("DocumentDBEventSourceConfig") {
        return Source::Other;
    }
    let arn = mapping.get(&["EventSourceArn"]).as_text().unwrap_or_default();
    let services = [
        (":kinesis:", Source::Kinesis),
        (":dynamodb:", Source::Dynamodb),
        (":sqs:", Source::Sqs),
        (":kafka:", Source::Kafka),
        (":mq:", Source::Other),
    ];
    if let Some((_, source)) = services.iter().find(|(service, _)| arn.contains(service)) {
        return *source;
    }
    // the form of an event in SAM says it
    match mapping.get(&["Type"]).as_text() {
        Some("Kinesis") => Source::Kinesis,
        Some("DynamoDB") => Source::Dynamodb,
        Some("SQS") => Source::Sqs,
        Some("MSK" | "SelfManagedKafka") => Source::Kafka,
        // only streams and topics have a position
        _ if given("StartingPosition") => Source::Stream,
        _ => Source::Sqs,
    }
}
