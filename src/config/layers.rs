//! From the layers to one [`Config`]: finds the file, reads every layer, resolves references, names what is wrong.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::given::Given;
use super::reference::FORM;
use super::{
    Aws, Config, DialectChoice, Limits, ROUTE_SETTINGS, Reference, SETTINGS, SNAPSHOT_TABLE_SETTINGS,
    Setting, SnapshotTable, is_database, redact_input,
};
use crate::error::{Error, Result};
use crate::policy::{PLACEHOLDERS, RoutePolicy, Truncate, placeholders_are_known};

/// The variables of a process. Not UTF-8 is an error only where the value is used.
pub type Environment = BTreeMap<String, OsString>;

/// Everything a configuration is made of. Has no `Debug`: it is full of secrets.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// `--config`. When none: the file that the variable `ROWTIDE_CONFIG` names, else `rowtide.toml` if there is one.
    pub file: Option<&'a Path>,
    /// Every `--set`, as given: `sink.schema=cdc`. The last one of a setting counts.
    pub set: &'a [String],
    /// The variables.
    pub environment: &'a Environment,
    /// Where relative paths start; empty for the working directory of the process.
    pub directory: &'a Path,
    /// Settings that keep their default whatever the file and the variables say, so that what a command does not
    /// use cannot fail it: `sink.url` of a replay. `--set` still counts.
    pub ignore: &'a [&'a str],
}

/// The most bytes of a configuration file, and of a file that a value refers to: neither is ever a pipe without end.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Prefixes of the variables that this room owns: an unknown name below them is an error.
const OWNED: &[&str] = &[
    "ROWTIDE_SOURCE_",
    "ROWTIDE_SINK_",
    "ROWTIDE_DEAD_LETTERS_",
    "ROWTIDE_LIMITS_",
    "ROWTIDE_METRICS_",
    "ROWTIDE_SNAPSHOT_",
    "ROWTIDE_ARCHIVE_",
    "ROWTIDE_COLLECT_",
    "ROWTIDE_ROUTE",
];

/// Tables at the top of the file that hold settings of [`SETTINGS`].
const TABLES: &[&str] =
    &["source", "sink", "dead_letters", "limits", "metrics", "snapshot", "archive", "collect"];

/// The settings whose reference stays one: what it leads to may change while the process lives.
const STAY_REFERENCES: [&str; 2] = ["sink.url", "snapshot.url"];
/// The settings in which `file://` begins a location, and refers to no file; the second is a route's.
const ARE_LOCATIONS: [&str; 2] = ["archive.url", "archive"];

/// The inputs with what was fetched for them, and what else they turn out to need.
pub(super) struct Lookup<'a> {
    inputs: &'a Inputs<'a>,
    fetched: &'a BTreeMap<Reference, String>,
    needs: RefCell<BTreeSet<Reference>>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(inputs: &'a Inputs<'a>, fetched: &'a BTreeMap<Reference, String>) -> Self {
        Self { inputs, fetched, needs: RefCell::default() }
    }

    /// What must be fetched before the configuration is whole.
    pub(super) fn needs(self) -> Vec<Reference> {
        self.needs.into_inner().into_iter().collect()
    }

    /// What a reference leads to; none when that must be fetched first.
    fn get(&self, reference: Reference) -> Option<String> {
        let fetched = self.fetched.get(&reference).cloned();
        if fetched.is_none() {
            self.needs.borrow_mut().insert(reference);
        }
        fetched
    }
}

/// A value on its way, with the place where it was given.
struct Pending {
    given: Given,
    origin: String,
}

/// A configuration file as read: its name for people, and its text.
struct Document {
    name: String,
    text: String,
}

/// The configuration; not whole when the lookup needs something.
pub(super) fn load(lookup: &Lookup<'_>) -> Result<Config> {
    let inputs = lookup.inputs;
    let mut config = Config { aws: Aws::from(inputs.environment), ..Config::default() };
    if let Some(limits) = Limits::of_function(inputs.environment) {
        config.limits = limits;
        config.origins.insert("limits.memory".to_owned(), "AWS_LAMBDA_FUNCTION_MEMORY_SIZE".to_owned());
    }
    let mut pending = BTreeMap::new();
    if let Some(document) = find_document(lookup)? {
        read_document(&document, lookup, &mut config, &mut pending)?;
    }
    read_environment(inputs, &mut pending)?;
    pending.retain(|name, _| !inputs.ignore.contains(name));
    read_set(inputs, &mut pending)?;
    for setting in SETTINGS {
        if let Some(pending) = pending.remove(setting.name) {
            let label = format!("`{}` ({})", setting.name, pending.origin);
            let origin = take(setting, &mut config, pending, &label, lookup)?;
            config.origins.insert(setting.name.to_owned(), origin);
        }
    }
    default_schema(&mut config);
    Ok(config)
}

/// CrateDB's tables live in `doc`, or where a `crate://` URL says, unless `sink.schema` says otherwise.
pub(super) fn default_schema(config: &mut Config) {
    let crate_url = config.sink.url.as_ref().and_then(|url| url.expose().strip_prefix("crate://"));
    let is_cratedb = crate_url.is_some() || config.sink.dialect == DialectChoice::CrateDb;
    if !is_cratedb || config.origins.contains_key("sink.schema") {
        return;
    }
    let options =
        crate_url.and_then(|url| url.split_once('?')).map(|(_, options)| options).unwrap_or_default();
    let schema = options.split('&').find_map(|option| option.strip_prefix("schema="));
    config.sink.schema = schema.filter(|schema| !schema.is_empty()).unwrap_or("doc").to_owned();
    let origin = if crate_url.is_some() { "sink.url" } else { "sink.dialect" };
    config.origins.insert("sink.schema".to_owned(), origin.to_owned());
}

/// The name in `rowtide config` of a setting of one of several entries, such as a route's; `at` counts from 0.
pub(super) fn entry_setting(entries: &str, at: usize, name: &str) -> String {
    format!("{entries}.{}.{name}", at + 1)
}

/// Resolves and stores one value; returns its origin with the references in it.
fn take<T>(
    setting: &Setting<T>,
    holder: &mut T,
    pending: Pending,
    label: &str,
    lookup: &Lookup<'_>,
) -> Result<String> {
    let mut origin = pending.origin;
    let is_literal = |text: &str| ARE_LOCATIONS.contains(&setting.name) && text.starts_with("file://");
    if let Given::Text(text) = &pending.given
        && (text.starts_with("env://") || text.starts_with("file://") && !is_literal(text))
    {
        origin.extend([", ", &redact_input(text)]);
    }
    let missing = Cell::new(false);
    let given = pending.given.try_map(|text| -> Result<String> {
        let text = if is_literal(text) { text.to_owned() } else { resolve(text, label, lookup.inputs)? };
        if !Reference::looks_like_reference(&text) || STAY_REFERENCES.contains(&setting.name) {
            return Ok(text);
        }
        let found = lookup.get(plain_reference(&text, label)?);
        missing.set(missing.get() || found.is_none());
        Ok(found.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()).unwrap_or_default())
    })?;
    if missing.get() {
        return Ok(origin);
    }
    let wrong = |_| Error::config(format!("{label} must be {}", setting.values));
    setting.take(holder, given).map_err(wrong)?;
    Ok(origin)
}

// --- the file ---------------------------------------------------------------------------------------------------

fn find_document(lookup: &Lookup<'_>) -> Result<Option<Document>> {
    let inputs = lookup.inputs;
    let by_variable = inputs.environment.get("ROWTIDE_CONFIG").filter(|path| !path.is_empty());
    let named = inputs.file.map(|path| (path.to_path_buf(), "--config"));
    if let Some((path, place)) = named.or(by_variable.map(|path| (PathBuf::from(path), "ROWTIDE_CONFIG"))) {
        if let Some(text) = path.to_str().filter(|text| Reference::looks_like_reference(text)) {
            let reference = plain_reference(text, place)?;
            let name = reference.to_string();
            return Ok(lookup.get(reference).map(|text| Document { name, text }));
        }
        let path = config_path(path, place)?;
        return read_config_file(&path, place, inputs).map(Some);
    }
    let path = Path::new("rowtide.toml");
    if matches!(inputs.directory.join(path).try_exists(), Ok(false)) {
        return Ok(None);
    }
    read_config_file(path, "found in the working directory", inputs).map(Some)
}

/// The path of a configuration file, which may be written as `file://path`.
fn config_path(path: PathBuf, place: &str) -> Result<PathBuf> {
    let Some(text) = path.to_str() else { return Ok(path) };
    if let Some(path) = text.strip_prefix("file://") {
        return Ok(PathBuf::from(path));
    }
    if text.contains("://") || is_database(text) {
        let meant = if is_database(text) { "; a database URL goes to --sink or sink.url" } else { "" };
        return Err(Error::config(format!(
            "{place} must be the path of a configuration file, or {FORM}, not another URL{meant}"
        )));
    }
    Ok(path)
}

fn read_config_file(path: &Path, place: &str, inputs: &Inputs<'_>) -> Result<Document> {
    let name = redact_input(&path.display().to_string()).into_owned();
    let bytes = read_file(&inputs.directory.join(path))
        .map_err(|why| Error::config(format!("configuration file {name} ({place}): {why}")))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Document { name, text }),
        Err(error) => {
            let before = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
            let line = line_after(before);
            Err(Error::config(format!("{name} line {line}: not UTF-8 text")))
        }
    }
}

/// The content of a file, or why not, in words that hold nothing of it.
fn read_file(path: &Path) -> std::result::Result<Vec<u8>, String> {
    let explain = |error: io::Error| {
        if error.kind() == io::ErrorKind::NotFound {
            "there is no such file".to_owned()
        } else if error.kind() == io::ErrorKind::IsADirectory {
            "it is a directory".to_owned()
        } else {
            error.kind().to_string()
        }
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(explain)?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(explain)?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > FILE_BYTES_MAX) {
        return Err(format!("it has more than {FILE_BYTES_MAX} bytes"));
    }
    Ok(bytes)
}

/// The number of the line that begins or goes on behind `before`, from 1.
fn line_after(before: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', before).count() + 1
}

impl Document {
    fn place(&self, at: usize) -> String {
        let line = line_after(self.text.as_bytes().get(..at).unwrap_or_default());
        format!("{} line {line}", self.name)
    }
}

fn read_document(
    document: &Document,
    lookup: &Lookup<'_>,
    config: &mut Config,
    pending: &mut BTreeMap<&'static str, Pending>,
) -> Result<()> {
    // The parser's own display quotes the line, and with it a password; its message is fixed text.
    let root = DeTable::parse(&document.text).map_err(|error| {
        let place = error.span().map_or_else(|| document.name.clone(), |span| document.place(span.start));
        Error::config(format!("{place}: not TOML: {}", error.message()))
    })?;
    for (key, value) in root.get_ref() {
        let place = document.place(key.span().start);
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("route", DeValue::Array(routes)) => {
                config.routes = read_routes(document, routes, lookup, &mut config.origins)?;
            }
            ("route", _) => return Err(Error::config(format!("{place}: write routes as [[route]]"))),
            (name, DeValue::Table(table)) if TABLES.contains(&name) => {
                let tables = read_table(document, name, table, pending)?;
                if !tables.is_empty() {
                    config.snapshot.tables = read_tables(document, &tables, lookup, &mut config.origins)?;
                }
            }
            (name, _) if TABLES.contains(&name) => {
                return Err(Error::config(format!("{place}: `{name}` must be a table: [{name}]")));
            }
            (name, _) => {
                let known = TABLES.iter().copied().chain(["route"]).chain(names());
                return Err(unknown(&format!("{place}: "), name, known));
            }
        }
    }
    Ok(())
}

/// The settings of a table of the file; what it gives back are its entries `[[snapshot.table]]`.
fn read_table<'d>(
    document: &Document,
    table_name: &str,
    table: &'d DeTable<'d>,
    pending: &mut BTreeMap<&'static str, Pending>,
) -> Result<Vec<&'d Spanned<DeValue<'d>>>> {
    let mut entries = Vec::new();
    for (key, value) in table {
        let name = format!("{table_name}.{}", key.get_ref());
        let origin = document.place(key.span().start);
        if name == SNAPSHOT_TABLES {
            let DeValue::Array(tables) = value.get_ref() else {
                return Err(Error::config(format!("{origin}: write tables as [[{SNAPSHOT_TABLES}]]")));
            };
            entries.extend(tables.iter());
            continue;
        }
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            return Err(unknown(&format!("{origin}: "), &name, names().chain([SNAPSHOT_TABLES])));
        };
        pending.insert(setting.name, Pending { given: Given::from_toml(value.get_ref()), origin });
    }
    Ok(entries)
}

/// What the entries of `[snapshot]` are called.
const SNAPSHOT_TABLES: &str = "snapshot.table";

fn read_tables(
    document: &Document,
    tables: &[&Spanned<DeValue<'_>>],
    lookup: &Lookup<'_>,
    origins: &mut BTreeMap<String, String>,
) -> Result<Vec<SnapshotTable>> {
    let mut read: Vec<SnapshotTable> = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        let place = document.place(table.span().start);
        let of = format!("[[{SNAPSHOT_TABLES}]] {} ({place})", at + 1);
        let mut entry = SnapshotTable::named("");
        let entries = Entries { document, name: SNAPSHOT_TABLES, settings: SNAPSHOT_TABLE_SETTINGS };
        entries.read(at, table, &mut entry, lookup, origins)?;
        if entry.name.is_empty() {
            return Err(Error::config(format!("{of} needs `name`, the table: name = \"public.orders\"")));
        }
        if entry.query.is_some() && entry.filter.is_some() {
            return Err(Error::config(format!("{of}: `query` and `where` exclude each other")));
        }
        if read.iter().any(|other| other.name == entry.name) {
            return Err(Error::config(format!("{of} names a table that an entry before it names")));
        }
        read.push(entry);
    }
    Ok(read)
}

fn read_routes(
    document: &Document,
    routes: &[Spanned<DeValue<'_>>],
    lookup: &Lookup<'_>,
    origins: &mut BTreeMap<String, String>,
) -> Result<Vec<RoutePolicy>> {
    let mut read = Vec::new();
    for (at, route) in routes.iter().enumerate() {
        let mut policy = RoutePolicy::default();
        let entries = Entries { document, name: "route", settings: ROUTE_SETTINGS };
        entries.read(at, route, &mut policy, lookup, origins)?;
        check_route(&policy, at, &document.place(route.span().start), origins)?;
        read.push(policy);
    }
    Ok(read)
}

/// Entries of which the file has several, `[[name]]`, and what settings each has.
struct Entries<'d, T: 'static> {
    document: &'d Document,
    name: &'static str,
    settings: &'static [Setting<T>],
}

impl<T> Entries<'_, T> {
    /// Reads the entry at the place `at`, from 0, into `holder`.
    fn read(
        &self,
        at: usize,
        entry: &Spanned<DeValue<'_>>,
        holder: &mut T,
        lookup: &Lookup<'_>,
        origins: &mut BTreeMap<String, String>,
    ) -> Result<()> {
        let Self { document, name: entries, settings } = self;
        let DeValue::Table(table) = entry.get_ref() else {
            let place = document.place(entry.span().start);
            return Err(Error::config(format!("{place}: write {entries}s as [[{entries}]]")));
        };
        for (key, value) in table {
            let origin = document.place(key.span().start);
            let Some(setting) = settings.iter().find(|setting| setting.name == key.get_ref()) else {
                let known = settings.iter().map(|setting| setting.name);
                let place = format!("{origin}, [[{entries}]] {}: ", at + 1);
                return Err(unknown(&place, key.get_ref(), known));
            };
            let label = format!("`{}` of [[{entries}]] {} ({origin})", setting.name, at + 1);
            let pending = Pending { given: Given::from_toml(value.get_ref()), origin };
            let origin = take(setting, holder, pending, &label, lookup)?;
            origins.insert(entry_setting(entries, at, setting.name), origin);
        }
        Ok(())
    }
}

/// What no single setting of a route can tell.
fn check_route(
    route: &RoutePolicy,
    at: usize,
    place: &str,
    origins: &BTreeMap<String, String>,
) -> Result<()> {
    let given = |name: &str| origins.get(&entry_setting("route", at, name));
    let of = |name: &str| {
        format!("`{name}` of [[route]] {} ({})", at + 1, given(name).map_or(place, String::as_str))
    };
    let Some(_) = given("from") else {
        return Err(Error::config(format!(
            "[[route]] {} ({place}) needs `from`, the source table: from = \"orders\", or \"*\" for all",
            at + 1
        )));
    };
    let templates = route.key_add.values().map(|value| ("key_add", value)).chain([("to", &route.to)]);
    if let Some((name, _)) = templates.into_iter().find(|(_, text)| !placeholders_are_known(text)) {
        let known: Vec<String> = PLACEHOLDERS.iter().map(|name| format!("{{{name}}}")).collect();
        let message = format!("{} must have no braces but {}", of(name), known.join(", "));
        return Err(Error::config(message));
    }
    if route.merge && route.truncate == Truncate::Apply {
        let message = format!(
            "{} and `truncate = \"apply\"` exclude each other: the truncate of one source would empty the rows of the \
             others",
            of("merge")
        );
        return Err(Error::config(message));
    }
    if given("include").is_some() && given("exclude").is_some() {
        let message = format!("{} and `exclude` exclude each other: keep one of them", of("include"));
        return Err(Error::config(message));
    }
    if route.include.is_empty() {
        let message =
            format!("{} must name at least one field; exclude = [\"*\"] leaves out all", of("include"));
        return Err(Error::config(message));
    }
    Ok(())
}

// --- variables and --set ----------------------------------------------------------------------------------------

fn read_environment(inputs: &Inputs<'_>, pending: &mut BTreeMap<&'static str, Pending>) -> Result<()> {
    let owned = |name: &String| OWNED.iter().any(|prefix| name.starts_with(prefix));
    for (name, value) in inputs.environment.iter().filter(|(name, _)| owned(name)) {
        if name.starts_with("ROWTIDE_ROUTE") {
            return Err(Error::config(format!(
                "unknown variable {}: routes live in the configuration file only, as [[route]]",
                shown(name)
            )));
        }
        let Some(setting) = SETTINGS.iter().find(|setting| setting.variable().as_ref() == Some(name)) else {
            let known: Vec<String> = SETTINGS.iter().filter_map(Setting::variable).collect();
            let nearest = nearest(name, known.iter().map(String::as_str)).unwrap_or_default();
            return Err(Error::config(format!("unknown variable {}: is {nearest} meant?", shown(name))));
        };
        let Some(text) = value.to_str() else {
            return Err(Error::config(format!("`{}` ({name}) is not UTF-8 text", setting.name)));
        };
        pending.insert(setting.name, Pending { given: Given::Text(text.to_owned()), origin: name.clone() });
    }
    Ok(())
}

fn read_set(inputs: &Inputs<'_>, pending: &mut BTreeMap<&'static str, Pending>) -> Result<()> {
    for set in inputs.set {
        let Some((name, value)) = set.split_once('=') else {
            return Err(Error::config("--set needs NAME=VALUE, as in --set sink.schema=cdc"));
        };
        let name = name.trim();
        if name == "route" || name.starts_with("route.") || name.starts_with("route[") {
            return Err(Error::config("--set: routes live in the configuration file only, as [[route]]"));
        }
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
            return Err(unknown("--set: ", name, names()));
        };
        let origin = "--set".to_owned();
        pending.insert(setting.name, Pending { given: Given::Text(value.to_owned()), origin });
    }
    Ok(())
}

// --- references -------------------------------------------------------------------------------------------------

/// The text itself, or what the variable or the file holds that it refers to.
fn resolve(text: &str, label: &str, inputs: &Inputs<'_>) -> Result<String> {
    if let Some(name) = text.strip_prefix("env://") {
        let fail =
            |why: &str| Error::config(format!("{label} refers to the variable {}, which {why}", shown(name)));
        let value = inputs.environment.get(name).ok_or_else(|| fail("is not set"))?;
        return value.to_str().map(str::to_owned).ok_or_else(|| fail("is not UTF-8 text"));
    }
    if let Some(path) = text.strip_prefix("file://") {
        let fail =
            |why: &str| Error::config(format!("{label} refers to the file {}: {why}", redact_input(path)));
        let bytes = read_file(&inputs.directory.join(path)).map_err(|why| fail(&why))?;
        let content = String::from_utf8(bytes).map_err(|_| fail("it is not UTF-8 text"))?;
        return Ok(content.trim_end_matches(['\r', '\n']).to_owned());
    }
    Ok(text.to_owned())
}

/// The reference that the text wants to be, for a value that is no URL.
fn plain_reference(text: &str, label: &str) -> Result<Reference> {
    let reference = Reference::parse(text).filter(|reference| reference.given.is_empty());
    reference.ok_or_else(|| Error::config(format!("{label} is no reference to a secret: write {FORM}")))
}

// --- names ------------------------------------------------------------------------------------------------------

fn names() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|setting| setting.name)
}

fn unknown<'a>(place: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let nearest = nearest(name, known).unwrap_or_default();
    Error::config(format!("{place}unknown setting {}: is `{nearest}` meant?", shown(name)))
}

/// The most characters of a name that are compared or shown: longer than any of ours, short enough to compare.
const NAME_MAX: usize = 64;

/// The name of `known` with the fewest typing errors; the right member of a wrong table counts as one error.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name: String = name.chars().take(NAME_MAX).collect();
    let member = |name: &str| name.rsplit_once('.').map(|(_, member)| member.to_owned());
    let wanted = member(&name).unwrap_or_else(|| name.clone());
    known.min_by_key(|known| {
        let whole = strsim::damerau_levenshtein(&name, known);
        match member(known) {
            Some(known) => whole.min(strsim::damerau_levenshtein(&wanted, &known) + 1),
            None => whole,
        }
    })
}

/// A name for people. What does not look like a name may be a secret in the wrong place.
fn shown(name: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if name.len() <= NAME_MAX && name.chars().all(is_name) {
        format!("`{name}`")
    } else {
        "(not a name)".to_owned()
    }
}
