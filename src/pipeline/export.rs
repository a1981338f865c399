//! The flow of a table's export beside its stream: whoever decodes the stream decides how the rows of the export are
//! ordered.

use super::flow::Flow;
use crate::catalogue::TableSchema;
use crate::config::{Config, VersionScheme};
use crate::error::Result;
use crate::formats::dynamodb_export::table_of;
use crate::plan::cratedb::named;
use crate::policy::Policy;
use crate::route::Routes;
use crate::sink::KnownTarget;
use crate::source::{SourceIdentity, SourceTable};

/// The decoder of an export's lines.
pub(crate) const EXPORT: &str = "dynamodb-export";
/// The decoder of a table's changes through Kinesis.
const THROUGH_KINESIS: &str = "dynamodb-kinesis";

/// The target of a table among those that the registry knows: the one that its route leads to, else one that was
/// filled from it.
pub(crate) fn known_target<'k>(
    routes: &Routes,
    table: SourceTable<'_>,
    known: &'k [KnownTarget],
) -> Option<&'k KnownTarget> {
    // a target of several sources names none of them
    let led_to = routes.target(table).ok().flatten();
    let names = led_to.map(|target| [target.qualified(), named(&target).qualified()]);
    let is_led_to = |target: &&KnownTarget| names.as_ref().is_some_and(|names| names.contains(&target.name));
    let is_filled_by = |target: &&KnownTarget| {
        target.source == table.name && !target.identity.conflicts_with(table.identity)
    };
    known.iter().find(is_led_to).or_else(|| known.iter().find(is_filled_by))
}

impl Flow {
    /// The flow of an export of the DynamoDB table `arn`, for the stream that `config` describes, whichever decoder
    /// that one pins.
    ///
    /// What an export does not say of itself is taken from the configuration, else from `known`, the
    /// [targets](crate::sink::Database::targets) of the database: the key that the stream has told, the order of its
    /// changes, and its epoch. Where neither tells the order, the pinned decoder does, and without one it is that of
    /// DynamoDB Streams.
    ///
    /// # Errors
    /// When a route cannot be held against the table's region and account.
    pub fn of_export(config: &Config, arn: &str, known: &[KnownTarget]) -> Result<Self> {
        let (name, identity) = (table_of(arn).unwrap_or_default(), SourceIdentity::of_arn(arn));
        let target =
            known_target(&Routes::new(Policy::from(config)), SourceTable::new(name, &identity), known);
        let mut config = config.clone();
        if config.source.version == VersionScheme::Auto {
            let is_through_kinesis = config.source.decoder == THROUGH_KINESIS;
            config.source.version = match target.and_then(|target| target.scheme.chars().next()) {
                Some(letter) => VersionScheme::of_letter(letter).unwrap_or_default(),
                None if is_through_kinesis => VersionScheme::DynamodbKinesis,
                None => VersionScheme::Auto,
            };
        }
        EXPORT.clone_into(&mut config.source.decoder);
        let Some(target) = target else { return Self::new(&config) };
        // rows of a lower epoch than that of the stream would all be stale
        let epoch = u16::try_from(target.epoch).unwrap_or_default();
        config.source.epoch = config.source.epoch.max(epoch);
        let policy = Policy::from(&config);
        let route = policy.routes.first(SourceTable::new(name, &identity))?;
        let is_added = |member: &String| route.is_some_and(|route| route.key_add.contains_key(member));
        let key = target.key_names.iter().filter(|name| !is_added(name)).cloned().collect();
        let flow = Self::new(&config)?;
        flow.record_schemas(&[TableSchema {
            table: name.to_owned(),
            source: identity,
            key,
            columns: Vec::new(),
            observed_at: String::new(),
        }]);
        Ok(flow)
    }
}
