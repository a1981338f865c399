//! Where the changes of a source table go, and what of them. Knows policy and events, no SQL.

mod change;
mod target;

pub use change::{RecordRef, RoutedChange};
pub use target::{DEAD_LETTERS, FLOORS, MERGED, REGISTRY, SCHEMAS, STATE, Target, identifier};

use crate::decode::Reason;
use crate::error::{Code, Error, Result};
use crate::event::{Change, ChangeEvent, Document, Key, Patch, tokens};
use crate::json::{self, Value};
use crate::memo::Memo;
use crate::policy::{OnConfigError, Policy, RoutePolicy, Truncate, Ttl, Unrouted};
use crate::rules::glob;
use crate::source::{Member, SourceIdentity, SourceTable};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The routes of a configuration, and the targets they have led to so far.
#[derive(Debug)]
pub struct Routes {
    policy: Policy,
    memory: Mutex<Memory>,
}

/// What the routes make of a table.
#[derive(Debug, Clone)]
enum Found {
    /// One takes it.
    Route(Arc<Route>),
    /// None does; and the `from` of one that nearly does.
    Nothing(Option<Arc<str>>),
}

/// What the routes make of a table, by the source's identity.
type BySource = HashMap<SourceIdentity, Found>;

/// What no route takes, or a route leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Why.
    pub reason: Reason,
    /// The route that was perhaps meant to take it, with [`Unrouted::Auto`].
    pub nearly: Option<NearlyRouted>,
}

/// A table that a route nearly takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearlyRouted {
    /// The source table.
    pub table: String,
    /// The `from` of the route.
    pub from: Arc<str>,
}

impl From<Reason> for LeftOut {
    fn from(reason: Reason) -> Self {
        Self { reason, nearly: None }
    }
}

/// Bytes of the routes that are remembered: of some 20,000 names.
const FOUND_BYTES: usize = 32 * 1024 * 1024;
/// How often a name is held against a route, in all.
const COMPARISONS_MAX: usize = 200_000;
/// What one takes beside its names.
const ROUTE_BYTES: usize = 1_024;

#[derive(Debug)]
struct Memory {
    /// By source table.
    routes: Memo<String, BySource>,
    /// By schema and name, as long as a route that is remembered or a change leads there: one target is one object.
    targets: HashMap<(String, String), Weak<Target>>,
    /// How many more times the name of a table is held against a route that it is perhaps meant for: every name against
    /// every route would take time without end, and who made a typing error learns it from his first tables.
    comparisons_left: usize,
    /// Of how many targets those are forgotten to which nothing leads.
    targets_max: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            routes: Memo::new(FOUND_BYTES),
            targets: HashMap::new(),
            comparisons_left: COMPARISONS_MAX,
            targets_max: 1_000,
        }
    }
}

#[derive(Debug)]
struct Route {
    target: Arc<Target>,
    policy: RoutePolicy,
    /// Members that are added to the key: name, and JSON text of the value.
    key_add: Vec<(String, String)>,
}

impl Routes {
    /// Routes by this policy.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, memory: Mutex::default() }
    }

    /// The target of a source table; `None` when no route takes it.
    ///
    /// # Errors
    /// When the route leads nowhere: a bad name, or a target that another source table already has.
    pub fn target<'t>(&self, table: impl Into<SourceTable<'t>>) -> Result<Option<Arc<Target>>> {
        Ok(self.route(table.into())?.map(|route| route.target.clone()))
    }

    /// What the configuration says of the rows of a table: another text as soon as it says something else.
    #[cfg(feature = "archive")]
    #[must_use]
    pub(crate) fn said_of(&self, table: SourceTable<'_>) -> String {
        format!("{:?}", self.policy.routes.first(table))
    }

    /// What becomes of the records of a source table that show a fault of its configuration.
    #[must_use]
    pub fn on_config_error(&self, table: Option<SourceTable<'_>>) -> OnConfigError {
        let routes = || self.policy.routes.iter().map(|(_, route)| route);
        let route = match table.map(|table| (table, self.policy.routes.first(table))) {
            Some((_, Ok(route))) => route,
            // which source it is may be what cannot be found out
            Some((table, Err(_))) => routes().find(|route| glob(&route.from, table.name)),
            // nor which table: what all say counts for it
            None => routes()
                .next()
                .filter(|first| routes().all(|route| route.on_config_error == first.on_config_error)),
        };
        route.map(|route| route.on_config_error).unwrap_or_default()
    }

    /// Why records of a table are left out, whatever they hold, when no route takes it or one says so.
    #[must_use]
    pub fn left_out(&self, table: SourceTable<'_>) -> Option<LeftOut> {
        match self.policy.routes.first(table) {
            Ok(Some(route)) => route.skip.then_some(Reason::Filtered.into()),
            Ok(None) => (self.policy.unrouted != Unrouted::Fail).then(|| self.unrouted(table)),
            Err(_) => None,
        }
    }

    /// What becomes of a record of a table that no route takes.
    #[must_use]
    pub fn unrouted(&self, table: SourceTable<'_>) -> LeftOut {
        let nearly = match self.found(table) {
            Ok(Found::Nothing(nearly)) => nearly,
            Ok(Found::Route(_)) | Err(_) => None,
        };
        unrouted(nearly, table.name)
    }

    /// Whether a target that was filled from `source` is one that a route of this configuration takes.
    #[must_use]
    pub fn takes(&self, source: &str, identity: &SourceIdentity) -> bool {
        if source == MERGED {
            return self.policy.routes.iter().any(|(_, route)| route.merge);
        }
        self.policy.routes.first(SourceTable::new(source, identity)).map_or(true, |route| route.is_some())
    }

    /// The key as the target has it: with what the route adds. As it is, when the route cannot be found.
    #[must_use]
    pub fn key(&self, table: SourceTable<'_>, key: Key) -> Key {
        match self.route(table) {
            Ok(Some(route)) if !route.key_add.is_empty() => {
                key.clone().with(route.key_add.iter().cloned()).unwrap_or(key)
            }
            _ => key,
        }
    }

    fn route(&self, table: SourceTable<'_>) -> Result<Option<Arc<Route>>> {
        match self.found(table)? {
            Found::Route(route) => Ok(Some(route)),
            Found::Nothing(_) => Ok(None),
        }
    }

    fn found(&self, table: SourceTable<'_>) -> Result<Found> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = memory.routes.get(table.name).and_then(|known| known.get(table.identity)) {
            return Ok(found.clone());
        }
        let found = match self.policy.routes.first(table)? {
            None => {
                let left = memory.comparisons_left.checked_sub(self.policy.routes.iter().count());
                let left = left.filter(|_| self.policy.unrouted == Unrouted::Auto);
                memory.comparisons_left = left.unwrap_or(memory.comparisons_left);
                Found::Nothing(left.and_then(|_| self.policy.nearly(table)).map(Arc::from))
            }
            Some(policy) => {
                let target = self.shared(&mut memory, table, self.resolve(table, policy)?)?;
                let filled = |(name, template): (&String, &String)| {
                    let mut value = String::new();
                    json::write_string(&mut value, &fill(template, table)?);
                    Ok((name.clone(), value))
                };
                let key_add = policy.key_add.iter().map(filled).collect::<Result<_>>()?;
                Found::Route(Arc::new(Route { target, policy: policy.clone(), key_add }))
            }
        };
        let (mut known, bytes) = memory.routes.remove(table.name).unwrap_or_default();
        known.insert(table.identity.clone(), found.clone());
        let bytes = bytes + 2 * table.name.len() + table.identity.as_str().len() + ROUTE_BYTES;
        memory.routes.insert(table.name.to_owned(), known, bytes);
        Ok(found)
    }

    /// The target itself or, when its place is known already, the one that is there: if both are the same.
    fn shared(&self, memory: &mut Memory, table: SourceTable<'_>, target: Target) -> Result<Arc<Target>> {
        let place = (target.schema.clone(), target.name.clone());
        let Some(known) = memory.targets.get(&place).and_then(Weak::upgrade) else {
            if memory.targets.len() >= memory.targets_max {
                memory.targets.retain(|_, target| target.strong_count() > 0);
                memory.targets_max = 1_000 + 2 * memory.targets.len();
            }
            let target = Arc::new(target);
            memory.targets.insert(place, Arc::downgrade(&target));
            return Ok(target);
        };
        if *known == target {
            return Ok(known);
        }
        let place = target.qualified();
        let message = if known.source == target.source {
            format!(
                "The routes that lead to {place} say different things of it: give them the same settings."
            )
        } else {
            format!(
                "The source tables {} and {} both lead to {place}. Give one of their routes another `to`, or all of \
                 them merge = true if their rows belong together and their keys cannot collide.",
                known.sources(),
                table.name,
            )
        };
        Err(Error::fault(Code::SharedTarget, message)
            .about(table.name, None)
            .of_source(table.identity.as_str()))
    }

    fn resolve(&self, table: SourceTable<'_>, route: &RoutePolicy) -> Result<Target> {
        // the template's own dot separates schema and name; a dot in a source name does not
        let (schema, name) = match route.to.split_once('.') {
            Some((schema, name)) => (fill(schema, table)?, fill_name(name, &route.to, table)?),
            None => (self.policy.schema.clone(), fill_name(&route.to, &route.to, table)?),
        };
        if name.is_empty() || schema.is_empty() || name.contains('\0') || schema.contains('\0') {
            let message = format!("The route of {} leads to no valid name.", table.name);
            return Err(Error::fault(Code::UnusableTarget, message)
                .about(table.name, None)
                .of_source(table.identity.as_str()));
        }
        let target = Target {
            source: if route.merge { MERGED.to_owned() } else { table.name.to_owned() },
            storage: identifier(&format!("{name}{}", self.policy.suffix)),
            schema: identifier(&schema),
            name: identifier(&name),
            delete: route.delete,
            truncate: route.truncate,
            on_config_error: route.on_config_error,
            home: self.policy.schema.clone(),
            types: route.types.clone(),
            data: route.data,
            columns_per_object: route.columns_per_object,
            columns_max: route.columns_max,
            archive: route.archive.clone(),
        };
        if target.schema == target.home && [&target.name, &target.storage].iter().any(|it| is_reserved(it)) {
            let message = format!(
                "The route of {} leads to {}, and rowtide keeps tables of its own under such names. Give it another \
                 `to`.",
                table.name,
                target.qualified()
            );
            return Err(Error::fault(Code::ReservedName, message)
                .about(table.name, None)
                .of_source(table.identity.as_str()));
        }
        Ok(target)
    }

    /// Sends an event where its route says, filtered as the route says; or says why it is left out.
    ///
    /// # Errors
    /// A configuration error of the route, or a field of `json` that holds no JSON.
    pub fn send(&self, origin: RecordRef, mut event: ChangeEvent) -> Result<Result<RoutedChange, LeftOut>> {
        let at = event.changed_at;
        match self.place(&mut event) {
            Ok(Ok(target)) => Ok(Ok(RoutedChange { origin, target, event, at })),
            Ok(Err(left_out)) => Ok(Err(left_out)),
            Err(error) => Err(error
                .about(&event.table, event.key.as_ref().map(Key::as_str))
                .of_source(event.source.as_str())),
        }
    }

    fn place(&self, event: &mut ChangeEvent) -> Result<Result<Arc<Target>, LeftOut>> {
        let left_out = |reason: Reason| Ok(Err(reason.into()));
        // one such record must not stop its stream
        if event.table.is_empty() || event.table.contains('\0') {
            return Err(Error::poison(
                Code::BadTable,
                "The name of the record's table is empty or holds a NUL character.",
            ));
        }
        if event.key.iter().flat_map(Key::names).any(|name| name.contains('\0')) {
            return Err(Error::poison(Code::BadKey, "The name of a key member holds a NUL character."));
        }
        let route = match (self.found(event.source_table())?, self.policy.unrouted) {
            (Found::Route(route), _) => route,
            (Found::Nothing(nearly), Unrouted::Auto | Unrouted::Ignore) => {
                return Ok(Err(unrouted(nearly, &event.table)));
            }
            (Found::Nothing(_), Unrouted::Fail) => {
                return Err(Error::fault(
                    Code::UnroutedTable,
                    format!(
                        "No route takes the source table {}, and source.unrouted = \"fail\". Give it a route; with \
                         skip = true it is left out on purpose.",
                        event.table
                    ),
                ));
            }
        };
        if route.policy.skip {
            return left_out(Reason::Filtered);
        }
        if event.expired && route.policy.ttl == Ttl::Ignore {
            return left_out(Reason::Ttl);
        }
        if !route.key_add.is_empty()
            && !event.is_routed
            && let Some(key) = event.key.take()
        {
            event.key = Some(key.clone());
            event.key =
                Some(key.with(route.key_add.iter().cloned()).map_err(|error| collision(error, event))?);
        }
        match &mut event.change {
            Change::Put(document) | Change::Delete(Some(document)) => route.trim(document),
            Change::Patch(patch) => route.trim_patch(patch),
            Change::Delete(None) => {}
            Change::Truncate if route.policy.truncate == Truncate::Ignore => {
                return left_out(Reason::Truncate);
            }
            Change::Truncate => {}
        }
        if !event.is_routed {
            route.read_json(&mut event.change)?;
        }
        let is_empty =
            matches!(&event.change, Change::Patch(patch) if patch.set.is_empty() && patch.remove.is_empty());
        if is_empty {
            return left_out(Reason::Filtered);
        }
        Ok(Ok(route.target.clone()))
    }
}

fn unrouted(nearly: Option<Arc<str>>, table: &str) -> LeftOut {
    let nearly = nearly.map(|from| NearlyRouted { table: table.to_owned(), from });
    LeftOut { reason: Reason::Unrouted, nearly }
}

/// Whether rowtide's own tables may be named so, in the schema where they are.
fn is_reserved(name: &str) -> bool {
    [REGISTRY, DEAD_LETTERS, SCHEMAS, FLOORS, STATE].contains(&name)
}

/// A template with its placeholders replaced.
fn fill(template: &str, table: SourceTable<'_>) -> Result<String> {
    // only a template that asks for the schema takes it away from the name
    fill_name(template, template, table)
}

/// A part of the template `whole`: what is the table's name depends on whether the other part has its schema.
fn fill_name(template: &str, whole: &str, table: SourceTable<'_>) -> Result<String> {
    let untold = |name: &str| {
        Error::fault(
            Code::UntoldSource,
            format!(
                "The route of {} refers to {{{name}}}, which its record does not tell. Leave it out of `to` and \
                 `key_add`, or have the source tell it.",
                table.name
            ),
        )
        .about(table.name, None)
        .of_source(table.identity.as_str())
    };
    let mut filled = String::with_capacity(template.len() + table.name.len());
    let mut parts = template.split('{');
    filled.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        match (name, table.name.split_once('.')) {
            ("schema", Some((schema, _))) => filled.push_str(schema),
            ("schema", None) => return Err(untold(name)),
            ("table", Some((_, base))) if whole.contains("{schema}") => filled.push_str(base),
            ("table", _) => filled.push_str(table.name),
            (name, _) => {
                let told = Member::named(name).and_then(|member| table.identity.get(member));
                filled.push_str(&told.ok_or_else(|| untold(name))?);
            }
        }
        filled.push_str(rest);
    }
    Ok(filled)
}

/// What `key_add` adds is there already: a fault of the route, not of the record.
fn collision(error: Error, event: &ChangeEvent) -> Error {
    if error.code() != Code::DuplicateKeyMember {
        return error;
    }
    let message = format!(
        "`key_add` in the route of {} adds a member that the key has already. Give it another name.",
        event.table
    );
    Error::fault(Code::Configuration, message)
}

impl Route {
    fn keeps_all(&self) -> bool {
        self.policy.exclude.is_empty() && self.policy.include.iter().any(|pattern| pattern == "*")
    }

    fn trim(&self, document: &mut Document) {
        if !self.keeps_all() {
            *document = document.filtered(|field| self.policy.keeps(field));
        }
    }

    fn trim_patch(&self, patch: &mut Patch) {
        let keeps = |pointer: &str| tokens(pointer).first().is_none_or(|field| self.policy.keeps(field));
        patch.set.retain(|(pointer, _)| keeps(pointer));
        patch.remove.retain(|pointer| keeps(pointer));
    }

    /// Makes documents of the fields that hold JSON text.
    fn read_json(&self, change: &mut Change) -> Result<()> {
        if self.policy.json.is_empty() {
            return Ok(());
        }
        let holds_json = |name: &str| self.policy.json.iter().any(|field| field == name);
        match change {
            Change::Put(document) | Change::Delete(Some(document)) => {
                let mut read = Document::default();
                for (name, value) in document.members() {
                    match holds_json(name).then(|| embedded(name, value)).transpose()? {
                        Some(Some(text)) => read.append(name, &text),
                        Some(None) | None => read.append(name, value),
                    }
                }
                *document = read;
            }
            Change::Patch(patch) => {
                for (pointer, value) in &mut patch.set {
                    // what is set below such a field is no text any more
                    if let [field] = tokens(pointer).as_slice()
                        && holds_json(field)
                        && let Some(text) = embedded(field, value)?
                    {
                        *value = text;
                    }
                }
            }
            Change::Delete(None) | Change::Truncate => {}
        }
        Ok(())
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
            Code::BadJsonField,
            format!("The field {name} of the route's `json` holds no JSON: {fault}."),
        )
    };
    let text = scanner.string().map_err(broken)?;
    Value::parse(&text).map(|value| Some(value.to_text())).map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::{FOUND_BYTES, RecordRef, Routes, identifier};
    use crate::config::Config;
    use crate::decode::Reason;
    use crate::event::{Change, ChangeEvent, Document, Key, Patch};
    use crate::policy::{Policy, RoutePolicy, Ttl, Unrouted};
    use crate::source::{Member, SourceIdentity, SourceTable};
    use std::sync::Arc;

    const FIRST: RecordRef = RecordRef { record: 0, sub: 0, decoder: None };

    fn routes(change: impl FnOnce(&mut RoutePolicy)) -> Routes {
        let mut route = RoutePolicy::default();
        change(&mut route);
        let mut config = Config::default();
        config.routes.push(route);
        Routes::new(Policy::from(&config))
    }

    fn event(table: &str, change: Change) -> ChangeEvent {
        let key = Key::new(vec![("id".to_owned(), "1".to_owned())]).ok();
        ChangeEvent::new(table, key, change, "x.1".to_owned().into())
    }

    #[test]
    fn a_member_that_is_added_to_a_key_that_has_it_is_a_fault_of_the_route() {
        let routes = routes(|route| {
            route.merge = true;
            route.key_add = [("id".to_owned(), "{table}".to_owned())].into();
        });
        let error = routes.send(FIRST, event("t", Change::Delete(None))).unwrap_err();
        assert!(error.is_fault_of_table() && error.message().contains("`key_add`"), "{error}");
        assert_eq!((error.table(), error.key()), (Some("t"), Some("[1]")));
    }

    fn document(members: &[(&str, &str)]) -> Document {
        let mut document = Document::default();
        for (name, value) in members {
            document.append(name, value);
        }
        document
    }

    #[test]
    fn any_number_of_names_and_sources_is_taken_in_linear_time_and_bounded_memory() {
        let route = |at: usize| RoutePolicy { from: format!("t{at}"), ..RoutePolicy::default() };
        let mut config = Config::default();
        config.routes.extend((0..20_000).map(route));
        let routes = Routes::new(Policy::from(&config));
        // taken, and taken by none; every route tried for every name took minutes
        for at in 0..40_000 {
            assert_eq!(routes.target(&*format!("t{at}")).unwrap().is_some(), at < 20_000);
        }
        // one name, and sources without end
        for at in 0..40_000 {
            let source = SourceIdentity::of(&[(Member::Server, Some(&format!("s{at}")))]);
            assert!(routes.target(SourceTable::new("t1", &source)).unwrap().is_some());
        }
        let long = "x".repeat(1_000_000);
        for at in 0..100 {
            assert!(routes.target(&*format!("{long}{at}")).unwrap().is_none());
        }
        let found = routes.memory.lock().unwrap();
        assert!(found.routes.bytes() <= FOUND_BYTES, "{}", found.routes.bytes());
        assert!(found.targets.len() <= 60_000, "{}", found.targets.len());
    }

    #[test]
    fn a_target_is_one_object_as_long_as_something_leads_there() {
        let routes = Routes::new(Policy::from(&Config::default()));
        let first = routes.target("orders").unwrap().unwrap();
        for at in 0..60_000 {
            routes.target(&*format!("t{at}")).unwrap();
        }
        assert!(Arc::ptr_eq(&first, &routes.target("orders").unwrap().unwrap()));
    }

    #[test]
    fn the_templates_own_dot_separates_schema_and_name() {
        let check = |to: &str, table: &str, schema: &str, name: &str| {
            let routes = routes(|route| route.to = to.to_owned());
            let target = routes.target(table).unwrap().unwrap();
            assert_eq!((target.schema.as_str(), target.name.as_str()), (schema, name), "{to} {table}");
        };
        check("{table}", "orders", "public", "orders");
        check("{table}", "shop.orders", "public", "shop.orders");
        check("sales.{table}", "orders", "sales", "orders");
        check("{schema}.{table}", "shop.orders", "shop", "orders");
        check("cdc.{schema}_{table}", "shop.orders", "cdc", "shop_orders");
        assert!(routes(|route| route.to = "{schema}.{table}".into()).target("orders").is_err());
    }

    #[test]
    fn a_name_of_rowtides_own_tables_is_no_target() {
        let routes = routes(|_| {});
        let own =
            ["rowtide_targets", "rowtide_schemas", "rowtide_floors", "rowtide_dead_letters", "rowtide_state"];
        for table in own {
            let error = routes.target(table).unwrap_err();
            assert!(error.code() == crate::error::Code::ReservedName && error.is_fault_of_table(), "{error}");
        }
        let elsewhere = self::routes(|route| route.to = "other.{table}".into());
        assert!(elsewhere.target("rowtide_targets").is_ok());
    }

    #[test]
    fn a_long_name_is_cut_at_a_character_and_told_apart_by_its_digest() {
        let name = "ä".repeat(40);
        let (short, other) = (identifier(&name), identifier(&format!("{name}x")));
        assert!(short.len() <= 63 && short.starts_with(&"ä".repeat(27)), "{short}");
        assert_ne!(short, other);
        assert_eq!(identifier(&"x".repeat(63)), "x".repeat(63));
    }

    #[test]
    fn fields_are_filtered_in_images_and_patches() {
        let routes = routes(|route| route.exclude = vec!["secret*".into()]);
        let put = Change::Put(document(&[("a", "1"), ("secret_b", "2")]));
        let sent = routes.send(FIRST, event("t", put)).unwrap().unwrap();
        assert_eq!(sent.event.change, Change::Put(document(&[("a", "1")])));
        let patch = |pointer: &str| {
            let set = vec![(pointer.to_owned(), "1".to_owned())];
            Change::Patch(Patch { set, remove: vec!["/secret/x".to_owned()] })
        };
        let sent = routes.send(FIRST, event("t", patch("/a/b"))).unwrap().unwrap();
        let Change::Patch(kept) = sent.event.change else { panic!("no patch") };
        assert_eq!((kept.set.len(), kept.remove.len()), (1, 0));
        let left_out = routes.send(FIRST, event("t", patch("/secret_b"))).unwrap();
        assert_eq!(left_out.unwrap_err(), Reason::Filtered.into());
    }

    #[test]
    fn fields_of_json_text_become_documents() {
        let routes = routes(|route| route.json = vec!["payload".into()]);
        let send = |value: &str| {
            let put = Change::Put(document(&[("payload", value), ("other", r#""{}""#)]));
            routes.send(FIRST, event("t", put)).map(|sent| sent.unwrap().event.change)
        };
        let read = |value: &str| Change::Put(document(&[("payload", value), ("other", r#""{}""#)]));
        assert_eq!(
            send(r#""{\"n\": 12345678901234567890.10}""#).unwrap(),
            read(r#"{"n":12345678901234567890.10}"#)
        );
        assert_eq!(send("null").unwrap(), read("null"));
        assert_eq!(send(r#""{broken""#).unwrap_err().code().as_str(), "bad_json_field");
    }

    #[test]
    fn fields_of_json_text_become_documents_in_patches_too() {
        let routes = routes(|route| route.json = vec!["a/b".into()]);
        let send = |pointer: &str, value: &str| {
            let patch = Patch { set: vec![(pointer.to_owned(), value.to_owned())], remove: Vec::new() };
            let Change::Patch(patch) =
                routes.send(FIRST, event("t", Change::Patch(patch)))?.unwrap().event.change
            else {
                panic!("no patch")
            };
            Ok::<_, crate::error::Error>(patch.set[0].1.clone())
        };
        assert_eq!(send("/a~1b", r#""{\"n\": 1.0}""#).unwrap(), r#"{"n":1.0}"#);
        assert_eq!(send("/a~1b", "null").unwrap(), "null");
        assert_eq!(send("/a~1b/n", r#""{}""#).unwrap(), r#""{}""#);
        assert_eq!(send("/a", r#""{}""#).unwrap(), r#""{}""#);
        assert_eq!(send("/a~1b", r#""{""#).unwrap_err().code().as_str(), "bad_json_field");
    }

    #[test]
    fn what_the_route_leaves_out_says_why() {
        let ignoring = routes(|route| route.ttl = Ttl::Ignore);
        let mut expired = event("t", Change::Delete(None));
        expired.expired = true;
        assert_eq!(ignoring.send(FIRST, expired).unwrap().unwrap_err().reason, Reason::Ttl);
        assert!(ignoring.send(FIRST, event("t", Change::Delete(None))).unwrap().is_ok());
        assert_eq!(
            ignoring.send(FIRST, event("t", Change::Truncate)).unwrap().unwrap_err().reason,
            Reason::Truncate
        );
        let mut config = Config::default();
        config.routes = vec![RoutePolicy { from: "orders".into(), ..RoutePolicy::default() }];
        let only_orders = Routes::new(Policy::from(&config));
        assert_eq!(
            only_orders.send(FIRST, event("t", Change::Delete(None))).unwrap().unwrap_err().reason,
            Reason::Unrouted
        );
        config.source.unrouted = Unrouted::Fail;
        assert!(Routes::new(Policy::from(&config)).send(FIRST, event("t", Change::Delete(None))).is_err());
    }
}
