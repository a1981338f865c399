//! Converts [`Config`] into `Policy`, `Rules` and `Settings`. Those rooms do not depend on `config`.

use super::{Config, VersionScheme};
#[cfg(feature = "cli")]
use super::{SETTINGS, Setting, legacy};
use crate::decode::{Pointers, Settings};
use crate::policy::{Policy, RoutePolicy, Unrouted};
use crate::rules::{ByTable, Order, Rules, TableRules};
use crate::unpack::Bounds;
#[cfg(feature = "cli")]
use rowtide_doctor::Routed;
#[cfg(feature = "cli")]
use std::sync::Arc;

/// What the decoders of a source are told.
impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        let needs_label = order(config) == Order::Source;
        Self {
            epoch: config.source.epoch,
            table: config.source.table.clone(),
            // what its order does not count for needs no label
            label: config.source.label.clone().or((!needs_label).then(String::new)),
            scheme: config.source.version.letter(),
            exported_at: config.source.exported_at,
            pointers: Pointers {
                table: config.source.json_table.clone(),
                key: config.source.json_key.clone(),
                operation: config.source.json_operation.clone(),
                version: config.source.json_version.clone(),
                document: config.source.json_document.clone(),
            },
            bounds: Bounds::of(config.limits.memory),
            before_images: false,
        }
    }
}

fn order(config: &Config) -> Order {
    match config.source.version {
        VersionScheme::Auto | VersionScheme::Dynamodb | VersionScheme::DynamodbKinesis => Order::Source,
        VersionScheme::Arrival => Order::Arrival,
        VersionScheme::Once => Order::Once,
    }
}

/// What decoders are told of tables.
impl From<&Config> for Rules {
    fn from(config: &Config) -> Self {
        let said = |route: &RoutePolicy| TableRules {
            key: route.key.clone(),
            keyless: route.keyless,
            images: route.images,
        };
        Self {
            tables: ByTable::new(config.routes.iter().map(|route| (route.pattern(), said(route))).collect()),
            leaves_others_out: config.source.unrouted != Unrouted::Fail && !config.routes.is_empty(),
            order: order(config),
        }
    }
}

/// What becomes of the changes of tables. Without any route every table is taken under its own name.
impl From<&Config> for Policy {
    fn from(config: &Config) -> Self {
        let everything = [RoutePolicy::default()];
        let routes = if config.routes.is_empty() { everything.as_slice() } else { &config.routes };
        Self {
            routes: ByTable::new(routes.iter().map(|route| (route.pattern(), route.clone())).collect()),
            unrouted: config.source.unrouted,
            schema: config.sink.schema.clone(),
            suffix: config.sink.suffix.clone(),
        }
    }
}

/// What the doctor is told.
#[cfg(feature = "cli")]
impl From<&Config> for rowtide_doctor::Configured {
    fn from(config: &Config) -> Self {
        let setting = |it: super::EffectiveSetting| rowtide_doctor::Setting {
            name: it.name,
            value: it.value,
            origin: it.origin,
        };
        let policy = Arc::new(Policy::from(config));
        let of_routes = policy.clone();
        Self {
            settings: config.effective().into_iter().map(setting).collect(),
            variables: SETTINGS.iter().filter_map(Setting::variable).collect(),
            sink_url: config.sink.url.as_ref().map(|url| url.expose().to_owned()),
            connections: i64::try_from(config.sink.connections).unwrap_or(i64::MAX),
            tombstone_retention: config.sink.tombstone_retention.as_secs(),
            scheme: config.source.version.letter(),
            epoch: config.source.epoch,
            key_of: Arc::new(move |table| {
                let route =
                    policy.routes.first(table).ok().flatten().filter(|route| !route.key.is_empty())?;
                let mut key: Vec<String> = route.key.iter().chain(route.key_add.keys()).cloned().collect();
                key.sort();
                Some(key)
            }),
            routed_as: Arc::new(move |name| match of_routes.routes.first(name) {
                // which source it is tells only its record
                Ok(Some(_)) | Err(_) => Routed::Taken,
                Ok(None) => Routed::Nowhere(of_routes.nearly(name.into()).map(str::to_owned)),
            }),
            fails_whole: legacy::fails_whole,
        }
    }
}

/// For the tests of the configuration: the route that takes a table.
#[cfg(test)]
pub(super) fn route_for(config: &Config, table: &str) -> crate::Result<Option<RoutePolicy>> {
    Ok(Policy::from(config).routes.first(table)?.cloned())
}
