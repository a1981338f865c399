//! What is found out about a database: what the server is, what rowtide keeps there, whether the tables of the routes
//! can be used. Facts only; what is wrong with them is judged elsewhere.

use super::registry::Registered;
use crate::config::Config;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::policy::{DeletePolicy, Policy, RoutePolicy};
use crate::route::{DEAD_LETTERS, MERGED, REGISTRY, Routes, SCHEMAS, STATE, Target};
use crate::source::{SourceIdentity, SourceTable};
use rowtide_doctor::{Inspection, Privilege, RegisteredTarget, SchemaFacts, TableFacts, TargetFacts, Use};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

/// What a database is asked when it is looked at.
pub(super) trait Inspect {
    /// `target` under the names that it has there.
    fn named(&self, target: &Target) -> Target;

    /// A table, and what the user lacks who uses it so.
    async fn table(
        &self,
        schema: &str,
        name: &str,
        used_for: Use,
        delete: DeletePolicy,
    ) -> Result<TableFacts>;

    /// The sources that the registry knows.
    async fn sources(&self) -> Result<Vec<(String, SourceIdentity)>>;

    /// A target and the table of its rows.
    async fn target(&self, target: &Target, reads_registry: bool) -> Result<(TargetFacts, TableFacts)>;

    async fn schema(&self, name: String) -> Result<SchemaFacts>;
}

/// Looks at rowtide's own tables in the schema `home`, at the targets, and at all their schemas.
pub(super) async fn look_around(
    database: &impl Inspect,
    home: &str,
    config: &Config,
    inspection: &mut Inspection,
) -> Result<()> {
    let own = [
        (REGISTRY, Use::Registry),
        (DEAD_LETTERS, Use::DeadLetters),
        (SCHEMAS, Use::Schemas),
        (STATE, Use::State),
    ];
    for (name, used_for) in own {
        inspection.tables.push(database.table(home, name, used_for, DeletePolicy::Tombstone).await?);
    }
    let reads_registry = inspection.tables.iter().any(|table| {
        table.used_for == Use::Registry && table.exists && !table.lacks.contains(&Privilege::Select)
    });
    let known = if reads_registry { database.sources().await? } else { Vec::new() };
    let mut schemas = BTreeSet::from([home.to_owned()]);
    for (source, target) in targets_of(config, &known) {
        match target {
            Ok(target) => {
                let target = database.named(&target);
                let (facts, table) = database.target(&target, reads_registry).await?;
                schemas.insert(target.schema);
                inspection.tables.push(table);
                inspection.targets.push(facts);
            }
            Err(error) => inspection.targets.push(faulty(source, &error)),
        }
    }
    for name in schemas {
        inspection.schemas.push(database.schema(name).await?);
    }
    Ok(())
}

/// What the doctor is told of a line of the registry.
pub(super) fn registered_as(line: &Registered) -> RegisteredTarget {
    RegisteredTarget {
        source: line.source.clone(),
        key_names: line.key_names.clone(),
        scheme: line.scheme.clone(),
        epoch: line.epoch,
    }
}

/// The targets to look at: of the sources that the registry knows, and of routes that name one table.
fn targets_of(config: &Config, known: &[(String, SourceIdentity)]) -> Vec<(String, Result<Arc<Target>>)> {
    let routes = Routes::new(Policy::from(config));
    let is_name = |route: &&RoutePolicy| !route.from.contains(['*', '?']) && !route.skip;
    let named = config.routes.iter().filter(is_name).map(|it| (it.from.clone(), SourceIdentity::default()));
    // which tables fill a target together, the registry does not know
    let alone = known.iter().filter(|(source, _)| source != MERGED).cloned();
    let sources: BTreeSet<(String, SourceIdentity)> = named.chain(alone).collect();
    let target = |(source, identity): (String, SourceIdentity)| {
        match routes.target(SourceTable::new(&source, &identity)) {
            Ok(Some(target)) => Some((source, Ok(target))),
            // no route takes it any more
            Ok(None) => None,
            // only a record tells where it goes
            Err(error) if error.code() == Code::UntoldSource => None,
            Err(error) => Some((source, Err(error))),
        }
    };
    sources.into_iter().filter_map(target).collect()
}

/// What rowtide does with a table of that use.
fn needed(used_for: Use, delete: DeletePolicy) -> Vec<Privilege> {
    let mut needed = vec![Privilege::Select, Privilege::Insert, Privilege::Update];
    // a purge removes letters and tombstones, a job what it needs no more
    if matches!(used_for, Use::DeadLetters | Use::State)
        || (used_for == Use::Rows && delete != DeletePolicy::Soft)
    {
        needed.push(Privilege::Delete);
    }
    needed
}

/// A target that cannot be looked at further.
fn faulty(source: String, error: &Error) -> TargetFacts {
    let fault = Some(error.message().to_owned());
    TargetFacts { name: source.clone(), source, registered: None, fault, unguarded: false }
}

/// The fault of a target, if it is one: what keeps the database from answering is the caller's.
pub(super) fn fault_of<T>(checked: Result<T>) -> Result<std::result::Result<T, String>> {
    match checked {
        Ok(value) => Ok(Ok(value)),
        Err(error) if error.kind() == ErrorKind::Config => Ok(Err(error.message().to_owned())),
        Err(error) => Err(error),
    }
}

/// How far the clock that says `there` is ahead, when it was asked between two readings of ours.
pub(super) fn ahead(before: SystemTime, after: SystemTime, there: jiff::Timestamp) -> i64 {
    let ours = |time: SystemTime| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    };
    let middle = ours(before) / 2 + ours(after) / 2;
    there.as_millisecond().saturating_sub(middle)
}

/// What is needed and not among what is allowed: reading, adding, changing, removing.
pub(super) fn lacking(allowed: [bool; 4], used_for: Use, delete: DeletePolicy) -> Vec<Privilege> {
    // who may do nothing with what jobs keep runs no jobs, and needs nothing of it
    if used_for == Use::State && allowed == [false; 4] {
        return Vec::new();
    }
    let order = [Privilege::Select, Privilege::Insert, Privilege::Update, Privilege::Delete];
    let is_allowed = |privilege: &Privilege| {
        order.iter().zip(allowed).any(|(found, allowed)| found == privilege && allowed)
    };
    needed(used_for, delete).into_iter().filter(|privilege| !is_allowed(privilege)).collect()
}
