//! The records of `events/` as material for tests that change them: which there are, what their decoder makes of them,
//! and places in their payloads.

use rowtide::catalogue::Catalogue;
use rowtide::config::{Config, Environment, Inputs};
use rowtide::decode::{Decoded, Settings};
use rowtide::decoders::{Decoders, Part};
use rowtide::event::{Change, Key};
use rowtide::json::Value;
use rowtide::record::{Envelope, Record};
use rowtide::rules::Rules;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Records of more bytes are only cut off and damaged.
pub(crate) const TREE_BYTES_MAX: usize = 16 * 1024;

/// A record of an event, with what its decoder makes of it.
pub(crate) struct Sample {
    pub(crate) decoder: &'static str,
    /// The file, and the number of the record in it, from 0.
    pub(crate) origin: String,
    pub(crate) config: Config,
    pub(crate) settings: Settings,
    pub(crate) catalogue: Catalogue,
    pub(crate) record: Record,
    /// By table: the names of the key's members.
    pub(crate) keys: BTreeMap<String, BTreeSet<Vec<String>>>,
    /// Names of its fields, those of the key among them.
    pub(crate) columns: BTreeSet<String>,
    /// Keys and documents, as JSON text.
    pub(crate) rows: String,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What is in a folder, sorted.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// The folders of `events/`: of decoders, and of envelopes.
pub(crate) fn folders() -> Vec<String> {
    let entries = root().join("events").read_dir().unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// The events in a folder of `events/`, without the largest.
pub(crate) fn events(folder: &str) -> Vec<PathBuf> {
    let Ok(entries) = root().join("events").join(folder).read_dir() else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| {
        file.extension().is_some_and(|it| it == "json") && file.metadata().unwrap().len() < 200_000
    });
    files.sort();
    files
}

/// What an event's format cannot know stands beside it.
pub(crate) fn configuration(event: &Path) -> Config {
    let beside = event.with_extension("toml");
    let file = if beside.exists() { beside } else { PathBuf::from("/dev/null") };
    let environment = Environment::new();
    let inputs =
        Inputs { file: Some(&file), set: &[], environment: &environment, directory: root(), ignore: &[] };
    Config::load(&inputs).unwrap()
}

pub(crate) fn samples(decoder: &'static str) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    for file in events(decoder) {
        let config = configuration(&file);
        let settings = Settings::from(&config);
        let origin = file.strip_prefix(root()).unwrap().display().to_string();
        let envelope = Envelope::parse(&std::fs::read(&file).unwrap().into(), &origin).unwrap();
        let decoders = Decoders::named(decoder, &settings).unwrap();
        // what the source says of its tables is known before its changes are read, as after a first delivery
        let mut catalogue = Catalogue::new(Rules::from(&config));
        for record in &envelope.records {
            for part in decoders.decode(record, &catalogue) {
                if let Ok(Decoded::Schema(schema)) = part.decoded {
                    catalogue.record_schema(schema);
                }
            }
        }
        for (record, number) in envelope.records.into_iter().zip(0..) {
            if record.fault.is_some() {
                continue;
            }
            let mut keys: BTreeMap<String, BTreeSet<Vec<String>>> = BTreeMap::new();
            let (mut rows, mut columns) = (String::new(), BTreeSet::new());
            let parts = decoders.decode(&record, &catalogue);
            for event in parts.into_iter().flat_map(Part::events).flatten() {
                rows.extend(event.key.as_ref().map(Key::to_json));
                columns.extend(event.key.iter().flat_map(names_of));
                if let Change::Put(document) = &event.change {
                    columns.extend(document.members().map(|(name, _)| name.to_owned()));
                }
                rows += &format!("{:?}", event.change).replace('\\', "");
                keys.entry(event.table.clone()).or_default().extend(event.key.as_ref().map(names_of));
            }
            let origin = format!("{origin}#{number}");
            let (config, settings, catalogue) = (config.clone(), settings.clone(), catalogue.clone());
            samples.push(Sample {
                decoder,
                origin,
                config,
                settings,
                catalogue,
                record,
                keys,
                columns,
                rows,
            });
        }
    }
    samples
}

pub(crate) fn names_of(key: &Key) -> Vec<String> {
    key.names().map(str::to_owned).collect()
}

/// One of each shape: records that differ in their values only are mutated alike.
pub(crate) fn distinct(samples: Vec<Sample>) -> Vec<Sample> {
    let mut seen = BTreeSet::new();
    let is_new = |sample: &Sample| {
        let mut shape = format!("{:?}", sample.keys.values().collect::<Vec<_>>());
        match tree(&sample.record) {
            Some(tree) => write_shape(&tree, &mut shape),
            None => shape.push_str(&String::from_utf8_lossy(&sample.record.payload)),
        }
        seen.insert(shape)
    };
    let mut is_new = is_new;
    samples.into_iter().filter(|sample| is_new(sample)).collect()
}

pub(crate) fn write_shape(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push('n'),
        Value::Bool(_) => out.push('b'),
        Value::Number(_) => out.push('1'),
        Value::String(_) => out.push('s'),
        Value::Array(elements) => {
            out.push('[');
            elements.iter().take(2).for_each(|element| write_shape(element, out));
        }
        Value::Object(members) => {
            out.push('{');
            for (name, value) in members {
                out.push_str(name);
                out.push(':');
                write_shape(value, out);
            }
            out.push('}');
        }
    }
}

pub(crate) fn tree(record: &Record) -> Option<Value> {
    let text = std::str::from_utf8(&record.payload).ok()?;
    (text.len() <= TREE_BYTES_MAX).then(|| Value::parse(text).ok()).flatten()
}

/// A place in a tree: the indices of members and elements on the way, and the names of the members.
#[derive(Debug, Clone, Default)]
pub(crate) struct At {
    pub(crate) indices: Vec<usize>,
    pub(crate) names: Vec<String>,
}

impl At {
    fn below(&self, index: usize, name: Option<&str>) -> Self {
        let mut at = self.clone();
        at.indices.push(index);
        at.names.extend(name.map(str::to_owned));
        at
    }
}

/// Every place of a tree, the root included; of arrays only the first two elements.
pub(crate) fn places(tree: &Value) -> Vec<At> {
    fn walk(value: &Value, at: &At, found: &mut Vec<At>) {
        found.push(at.clone());
        match value {
            Value::Array(elements) => {
                for (index, element) in elements.iter().take(2).enumerate() {
                    walk(element, &at.below(index, None), found);
                }
            }
            Value::Object(members) => {
                for (index, (name, member)) in members.iter().enumerate() {
                    walk(member, &at.below(index, Some(name)), found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    walk(tree, &At::default(), &mut found);
    found
}

pub(crate) fn find<'v>(value: &'v mut Value, path: &[usize]) -> &'v mut Value {
    let Some((first, rest)) = path.split_first() else { return value };
    match value {
        Value::Array(elements) => find(&mut elements[*first], rest),
        Value::Object(members) => find(&mut members[*first].1, rest),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            unreachable!("a place of another tree")
        }
    }
}

pub(crate) const MARK: &str = "\"the mark of a place\"";

/// The tree as text with `value`, any text, at one place.
pub(crate) fn with(tree: &Value, at: &At, value: &str) -> String {
    let mut tree = tree.clone();
    *find(&mut tree, &at.indices) = Value::parse(MARK).unwrap();
    tree.to_text().replacen(MARK, value, 1)
}

/// At most so many of `all`, evenly spaced.
pub(crate) fn some<T>(all: Vec<T>, max: usize) -> Vec<T> {
    let (count, mut taken) = (all.len(), 0);
    let is_chosen = |index: usize| {
        let chosen = count <= max || index * max / count >= taken;
        taken += usize::from(chosen);
        chosen
    };
    let mut is_chosen = is_chosen;
    all.into_iter().enumerate().filter(|(index, _)| is_chosen(*index)).map(|(_, it)| it).collect()
}
