//! Where the changes of a source table go, and what of them. Knows configuration and events, no SQL.

use crate::coalesce::Tracked;
use crate::config::{Config, DeletePolicy, RouteConfig, Truncate, Ttl, Unrouted};
use crate::decode::Reason;
use crate::error::{Error, Result};
use crate::event::{Change, ChangeEvent, Document, Key, Patch, hex, tokens};
use crate::json::{self, Value};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// Longest identifier of PostgreSQL in bytes, and how much of a longer one is kept before the digest.
const NAME_MAX: usize = 63;
const NAME_KEPT: usize = 54;

/// One source table's place in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The source table, as the source names it.
    pub source: String,
    /// The schema of view and storage table.
    pub schema: String,
    /// The view people query.
    pub name: String,
    /// The storage table.
    pub storage: String,
    /// What a delete leaves.
    pub delete: DeletePolicy,
    /// Fields of the document that the view shows as typed columns: name and type as configured.
    pub types: BTreeMap<String, String>,
}

impl Target {
    /// The name that outputs and messages use: `schema.name`.
    #[must_use]
    pub fn qualified(&self) -> String {
        // a dot in a schema's name must not make two targets one
        if self.schema.contains('.') {
            return format!("\"{}\".{}", self.schema, self.name);
        }
        format!("{}.{}", self.schema, self.name)
    }
}

/// A name that the database can take: longer than 63 bytes, its first 54 bytes and 8 digits of its SHA-256.
#[must_use]
pub fn identifier(name: &str) -> String {
    if name.len() <= NAME_MAX {
        return name.to_owned();
    }
    let end = (0..=NAME_KEPT).rev().find(|&at| name.is_char_boundary(at)).unwrap_or(0);
    let digest = hex(&Sha256::digest(name));
    format!("{}_{}", name.get(..end).unwrap_or_default(), digest.get(..8).unwrap_or_default())
}

/// The routes of a configuration, and the targets they have led to so far.
#[derive(Debug)]
pub struct Routes {
    config: Config,
    found: Mutex<HashMap<String, Option<Arc<Route>>>>,
}

#[derive(Debug)]
struct Route {
    target: Arc<Target>,
    config: RouteConfig,
}

impl Routes {
    /// The routes of `config`.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, found: Mutex::default() }
    }

    /// The target of a source table; `None` when no route takes it.
    ///
    /// # Errors
    /// When the route leads nowhere: a bad name, or a target that another source table already has.
    pub fn target(&self, table: &str) -> Result<Option<Arc<Target>>> {
        Ok(self.route(table)?.map(|route| route.target.clone()))
    }

    fn route(&self, table: &str) -> Result<Option<Arc<Route>>> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = found.get(table) {
            return Ok(route.clone());
        }
        let Some(config) = self.config.route_for(table).cloned() else {
            found.insert(table.to_owned(), None);
            return Ok(None);
        };
        let target = Arc::new(self.resolve(table, &config)?);
        let same_place = |other: &&Arc<Route>| {
            (&other.target.schema, &other.target.name) == (&target.schema, &target.name)
        };
        if let Some(other) = found.values().flatten().find(same_place) {
            return Err(Error::config(format!(
                "The source tables {} and {table} both lead to {}. Give one of their routes another `to`.",
                other.target.source,
                target.qualified()
            )));
        }
        let route = Some(Arc::new(Route { target, config }));
        found.insert(table.to_owned(), route.clone());
        Ok(route)
    }

    fn resolve(&self, table: &str, config: &RouteConfig) -> Result<Target> {
        let (source_schema, source_name) = match (config.to.contains("{schema}"), table.split_once('.')) {
            (false, _) => ("", table),
            (true, Some(parts)) => parts,
            (true, None) => {
                return Err(Error::config(format!(
                    "The route of {table} has `to = \"{}\"`, but the source names no schema for it.",
                    config.to
                )));
            }
        };
        let fill =
            |template: &str| template.replace("{schema}", source_schema).replace("{table}", source_name);
        // the template's own dot separates schema and name; a dot in a source name does not
        let (schema, name) = match config.to.split_once('.') {
            Some((schema, name)) => (fill(schema), fill(name)),
            None => (self.config.sink.schema.clone(), fill(&config.to)),
        };
        if name.is_empty() || schema.is_empty() || name.contains('\0') || schema.contains('\0') {
            return Err(Error::config(format!("The route of {table} leads to no valid name.")));
        }
        Ok(Target {
            source: table.to_owned(),
            storage: identifier(&format!("{name}{}", self.config.sink.suffix)),
            schema: identifier(&schema),
            name: identifier(&name),
            delete: config.delete,
            types: config.types.clone(),
        })
    }

    /// Sends an event where its route says, filtered as the route says; or says why it is left out.
    ///
    /// # Errors
    /// A configuration error of the route, or a field of `json` that holds no JSON.
    pub fn send(&self, record: usize, sub: u32, mut event: ChangeEvent) -> Result<Result<Tracked, Reason>> {
        // one such record must not stop its stream
        if event.table.is_empty() || event.table.contains('\0') {
            return Err(Error::poison(
                "bad_table",
                "The name of the record's table is empty or holds a NUL character.",
            ));
        }
        if event.key.iter().flat_map(Key::names).any(|name| name.contains('\0')) {
            return Err(Error::poison("bad_key", "The name of a key member holds a NUL character."));
        }
        let Some(route) = self.route(&event.table)? else {
            return match self.config.source.unrouted {
                Unrouted::Ignore => Ok(Err(Reason::Unrouted)),
                Unrouted::Fail => Err(Error::config(format!(
                    "No route takes the source table {}, and source.unrouted = \"fail\".",
                    event.table
                ))),
            };
        };
        if event.expired && route.config.ttl == Ttl::Ignore {
            return Ok(Err(Reason::Ttl));
        }
        match &mut event.change {
            Change::Put(document) | Change::Delete(Some(document)) => route.trim(document)?,
            Change::Patch(patch) => route.trim_patch(patch),
            Change::Delete(None) => {}
            Change::Truncate if route.config.truncate == Truncate::Ignore => {
                return Ok(Err(Reason::Truncate));
            }
            Change::Truncate => {
                return Err(Error::config(format!(
                    "The route of {} has truncate = \"apply\", which no source of this version can send.",
                    event.table
                )));
            }
        }
        let is_empty =
            matches!(&event.change, Change::Patch(patch) if patch.set.is_empty() && patch.remove.is_empty());
        if is_empty {
            return Ok(Err(Reason::Filtered));
        }
        let at = event.changed_at;
        Ok(Ok(Tracked { record, sub, target: route.target.clone(), event, at }))
    }
}

impl Route {
    fn keeps_all(&self) -> bool {
        self.config.exclude.is_empty() && self.config.include.iter().any(|pattern| pattern == "*")
    }

    fn trim(&self, document: &mut Document) -> Result<()> {
        if !self.keeps_all() {
            *document = document.filtered(|field| self.config.keeps(field));
        }
        if self.config.json.is_empty() {
            return Ok(());
        }
        let mut read = Document::default();
        for (name, value) in document.members() {
            match self
                .config
                .json
                .iter()
                .any(|field| field == name)
                .then(|| embedded(name, value))
                .transpose()?
            {
                Some(Some(text)) => read.append(name, &text),
                Some(None) | None => read.append(name, value),
            }
        }
        *document = read;
        Ok(())
    }

    fn trim_patch(&self, patch: &mut Patch) {
        let keeps = |pointer: &str| tokens(pointer).first().is_none_or(|field| self.config.keeps(field));
        patch.set.retain(|(pointer, _)| keeps(pointer));
        patch.remove.retain(|pointer| keeps(pointer));
    }
}

/// The document inside a field that arrives as JSON text; `None` when the field holds no text.
fn embedded(name: &str, value: &str) -> Result<Option<String>> {
    if !value.starts_with('"') {
        return Ok(None);
    }
    let mut scanner = json::Scanner::new(value);
    let broken = |fault: json::Fault| {
        Error::poison(
            "bad_json_field",
            format!("The field {name} of the route's `json` holds no JSON: {fault}."),
        )
    };
    let text = scanner.string().map_err(broken)?;
    Value::parse(&text).map(|value| Some(value.to_text())).map_err(broken)
}
