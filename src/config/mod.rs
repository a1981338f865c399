//! What an operator decides: one TOML file, the environment over it, `--set` over both.
//!
//! The only room that reads the environment, and only in [`Config::from_environment`]; everything else gets it as
//! a value. Knows the settings, their names and what is allowed; not what they do. No error and no `Debug` output
//! of this room holds a value that somebody gave: it could be a password in the wrong place.

mod aws;
mod collect;
mod conversion;
mod draft;
mod given;
mod layers;
mod legacy;
mod redact;
mod reference;
mod setting;
mod settings;
mod snapshot;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::event::Timestamp;
use crate::policy::{RoutePolicy, Unrouted};

pub use aws::{Aws, Container, Credentials, Extension};
pub use collect::{CollectAnswer, CollectId, CollectSettings, Secret, SignatureScheme};
pub use draft::{Draft, Loaded};
pub use layers::{Environment, Inputs};
pub use redact::{SinkUrl, is_database, redact, redact_input, redact_url};
pub use reference::{Keeper, Reference};
pub use setting::Setting;
use settings::{MEMORY_MAX, MEMORY_MIN};
pub use settings::{ROUTE_SETTINGS, SETTINGS};
pub use snapshot::{Beside, Destination, SNAPSHOT_TABLE_SETTINGS, SnapshotSettings, SnapshotTable};

/// Every setting with its value. `Config::default()` has the defaults: every table is taken, and there is no sink.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// `[source]`: where records come from and what they mean.
    pub source: SourceSettings,
    /// `[sink]`: the database.
    pub sink: SinkSettings,
    /// Every `[[route]]` in the order of the file; none: every table is taken under its own name.
    pub routes: Vec<RoutePolicy>,
    /// `[dead_letters]`: records that cannot be applied.
    pub dead_letters: DeadLetters,
    /// `[limits]`: what a batch may use.
    pub limits: Limits,
    /// `[metrics]`: how measurements are told.
    pub metrics: Metrics,
    /// `[snapshot]`: the database whose tables are read.
    pub snapshot: SnapshotSettings,
    /// `[archive]`: files of rows.
    pub archive: ArchiveSettings,
    /// `[collect]`: documents that come by HTTP.
    pub collect: CollectSettings,
    /// What the variables say of AWS.
    pub aws: Aws,
    /// Whether an invocation fails when not all of its records are durable, instead of naming them: of a function that
    /// the variables of its predecessor configure, whose answers Lambda may not read.
    pub fails_whole: bool,
    /// Where each setting that is not a default comes from, by its name in [`EffectiveSetting`].
    origins: BTreeMap<String, String>,
}

/// `[source]`: where records come from and what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSettings {
    /// Name of the decoder, or `auto`. Whether there is one of that name is not checked here.
    pub decoder: String,
    /// What orders the changes of a key.
    pub version: VersionScheme,
    /// Raised after a rebuild of the source; part of every version.
    pub epoch: u16,
    /// What a record does that no route matches.
    pub unrouted: Unrouted,
    /// The table of bare `dynamodb` records.
    pub table: Option<String>,
    /// The stream label of bare `dynamodb` records.
    pub label: Option<String>,
    /// When the items of a full DynamoDB export were read, when no manifest tells.
    pub exported_at: Option<Timestamp>,
    /// Where `json` records hold the name of their table: a JSON Pointer, as all of these.
    pub json_table: Option<String>,
    /// Where they hold the members of their key.
    pub json_key: Vec<String>,
    /// Where they hold the operation.
    pub json_operation: Option<String>,
    /// Where they hold the version.
    pub json_version: Option<String>,
    /// Where they hold the document.
    pub json_document: Option<String>,
}

/// What orders the changes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VersionScheme {
    /// The source's own order.
    #[default]
    Auto,
    /// The order in which the transport received the records.
    Arrival,
    /// None: the first write of a key counts.
    Once,
    /// For a load: the order of the table's DynamoDB stream.
    Dynamodb,
    /// For a load: the order of the table's changes through Kinesis.
    DynamodbKinesis,
}

impl VersionScheme {
    /// The scheme whose versions begin with this letter, if a load can be told to take it.
    #[must_use]
    pub fn of_letter(letter: char) -> Option<Self> {
        [Self::Arrival, Self::Once, Self::Dynamodb, Self::DynamodbKinesis]
            .into_iter()
            .find(|scheme| scheme.letter() == Some(letter))
    }

    /// The letter that versions of the scheme begin with; `None` when the records' decoder chooses it.
    #[must_use]
    pub fn letter(self) -> Option<char> {
        match self {
            Self::Auto => None,
            Self::Arrival => Some('a'),
            Self::Once => Some('f'),
            Self::Dynamodb => Some('d'),
            Self::DynamodbKinesis => Some('k'),
        }
    }
}

/// `[sink]`: the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkSettings {
    /// Where it is; see [`SinkSettings::required_url`].
    pub url: Option<SinkUrl>,
    /// The schema of targets that name none.
    pub schema: String,
    /// Its kind.
    pub dialect: DialectChoice,
    /// What a storage table's name has behind its view's; never empty.
    pub suffix: String,
    /// How long a tombstone is kept; above zero.
    pub tombstone_retention: Duration,
    /// Whether missing objects are created.
    pub ddl: Ddl,
    /// How the user is let in.
    pub auth: Auth,
    /// How the connection is encrypted; none: as the URL says, else as [`Tls::VerifyFull`] says.
    pub tls: Option<Tls>,
    /// PEM file of the certificates to trust instead of the system's.
    pub tls_root_cert: Option<PathBuf>,
    /// The most connections of one process; at least 1.
    pub connections: usize,
    /// The longest a statement may run; above zero.
    pub statement_timeout: Option<Duration>,
}

/// The kind of the database, as configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DialectChoice {
    /// To be found out.
    #[default]
    Auto,
    /// PostgreSQL.
    Postgres,
    /// CrateDB.
    CrateDb,
}

/// Whether missing tables and views are created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ddl {
    /// They are created.
    #[default]
    Auto,
    /// A missing one is a configuration error.
    Never,
}

/// How the user of the sink is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Auth {
    /// By the password of the URL, if there is one.
    #[default]
    Password,
    /// By a token of AWS IAM, made anew for each connection.
    RdsIam,
}

/// How the connection is encrypted, with libpq's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Encrypted, with a trusted certificate for this host: what a sink gets that is neither on loopback nor behind
    /// a socket, when nobody says otherwise.
    VerifyFull,
    /// Encrypted, with a trusted certificate for any host.
    VerifyCa,
    /// Encrypted, with any certificate.
    Require,
    /// Encrypted when the server can, with any certificate.
    Prefer,
    /// Not encrypted.
    Disable,
}

/// `[dead_letters]`: records that cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetters {
    /// Whether their payload is kept.
    pub payload: Payload,
    /// How long they are kept; above zero.
    pub retention: Duration,
    /// How many records a source may park in ten minutes before the invocation fails.
    pub limit: u64,
}

/// Whether parked records keep their payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Payload {
    /// As received.
    #[default]
    Full,
    /// Not at all.
    None,
}

/// `[limits]`: what a batch may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory for what a batch holds, whatever its payloads unpack to.
    pub memory: u64,
}

/// `[metrics]`: how measurements are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    /// Whether the Lambda functions write lines in CloudWatch's embedded metric format.
    pub emf: bool,
    /// The CloudWatch namespace.
    pub namespace: String,
    /// The dimension `service`; none: the function's name, outside of Lambda `rowtide`.
    pub service: Option<String>,
}

/// `[archive]`: files of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveSettings {
    /// The folder or the bucket, `file://…` or `s3://…`; see [`ArchiveSettings::required_url`].
    pub url: Option<String>,
    /// What the files are.
    pub format: ArchiveFormat,
    /// The folder of a table's run below it; has `{schema}`, `{table}` and `{run}` and ends with a slash.
    pub key: String,
}

/// What the files of an archive are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ArchiveFormat {
    /// A row a line, as JSON, packed by gzip.
    #[default]
    NdjsonGz,
    /// A row a line, as JSON.
    Ndjson,
    /// One JSON object a table, `{"Results":[…]}`, where the on-boarding of others looks for it.
    Results,
}

impl ArchiveFormat {
    /// Its word in the configuration.
    #[must_use]
    pub fn name(self) -> String {
        given::show_word(self)
    }
}

/// One line of `rowtide config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveSetting {
    /// `sink.url`; for a route `route.1.delete`, counted from 1 in the order of the file.
    pub name: String,
    /// The value, secrets masked; empty when it is not set.
    pub value: String,
    /// The value that it has when nobody sets it; empty when it has none.
    pub default: String,
    /// `default`, or the place: `rowtide.toml line 4`, `ROWTIDE_SINK_URL`, `--set`; and behind a comma the variable
    /// or the file that this place refers to.
    pub origin: String,
}

/// A day in seconds.
const DAY: u64 = 86_400;

impl Default for SourceSettings {
    fn default() -> Self {
        Self {
            decoder: "auto".to_owned(),
            version: VersionScheme::default(),
            epoch: 0,
            unrouted: Unrouted::default(),
            table: None,
            label: None,
            exported_at: None,
            json_table: None,
            json_key: Vec::new(),
            json_operation: None,
            json_version: None,
            json_document: None,
        }
    }
}

impl Default for SinkSettings {
    fn default() -> Self {
        Self {
            url: None,
            schema: "public".to_owned(),
            dialect: DialectChoice::default(),
            suffix: "_cdc".to_owned(),
            tombstone_retention: Duration::from_secs(7 * DAY),
            ddl: Ddl::default(),
            auth: Auth::default(),
            tls: None,
            tls_root_cert: None,
            connections: 4,
            statement_timeout: None,
        }
    }
}

impl Default for DeadLetters {
    fn default() -> Self {
        Self { payload: Payload::default(), retention: Duration::from_secs(30 * DAY), limit: 1_000 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 256 << 20 }
    }
}

impl Limits {
    /// Half of what a Lambda function has; the default elsewhere.
    fn of_function(environment: &Environment) -> Option<Self> {
        let size = environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")?.to_str()?;
        let mebibytes: u64 = size.parse().ok()?;
        Some(Self { memory: (mebibytes << 19).clamp(MEMORY_MIN, MEMORY_MAX) })
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self { emf: true, namespace: "Rowtide".to_owned(), service: None }
    }
}

impl Default for ArchiveSettings {
    fn default() -> Self {
        Self { url: None, format: ArchiveFormat::default(), key: "{schema}.{table}/{run}/".to_owned() }
    }
}

impl Config {
    /// The configuration of this process: [`Config::load`] with its variables and its working directory.
    ///
    /// `file` is `--config`, `set` every `--set`; `ignore` as in [`Inputs::ignore`].
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn from_environment(file: Option<&Path>, set: &[String], ignore: &[&str]) -> Result<Self> {
        whole(&Draft::from_environment(file, set, ignore))
    }

    /// The configuration of a Lambda function: of its environment, in which the variables of the functions of
    /// LorryStream and CrateDB Toolkit are read too.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn of_function() -> Result<Self> {
        whole(&Draft::of_function()?)
    }

    /// The configuration that `inputs` give: the defaults, over them the file, the variables, and `--set`.
    ///
    /// Of the values that several layers give to a setting only the last is resolved and checked. `sink.url` may stay
    /// a reference; other references to secrets need a [`Draft`] and somebody who fetches.
    ///
    /// # Errors
    ///
    /// Always of the kind [`Config`](crate::error::ErrorKind::Config): a file that cannot be read or is not TOML,
    /// an unknown setting, a value that is not allowed, a reference to a variable or a file that is missing. The
    /// message names the setting and its place, and never a value.
    pub fn load(inputs: &Inputs<'_>) -> Result<Self> {
        whole(&Draft::new(inputs))
    }

    /// The same configuration with this `sink.url`, and what follows from it: what a reference led to.
    #[must_use]
    pub fn with_sink_url(&self, url: SinkUrl) -> Self {
        let mut config = self.clone();
        config.sink.url = Some(url);
        if config.origins.get("sink.schema").is_some_and(|origin| origin == "sink.dialect") {
            // the URL may say it better
            config.origins.remove("sink.schema");
        }
        layers::default_schema(&mut config);
        config
    }

    /// Every setting with its value, its default and its place, those of the routes last. No secret is in it.
    #[must_use]
    pub fn effective(&self) -> Vec<EffectiveSetting> {
        let line = |name: String, value: String, default: String| {
            let origin = self.origins.get(&name).cloned().unwrap_or_else(|| "default".to_owned());
            EffectiveSetting { name, value, default, origin }
        };
        let settings = SETTINGS.iter();
        let mut lines: Vec<EffectiveSetting> = settings
            .map(|setting| line(setting.name.to_owned(), setting.value(self), setting.default_value()))
            .collect();
        for (at, route) in self.routes.iter().enumerate() {
            lines.extend(ROUTE_SETTINGS.iter().map(|setting| {
                line(
                    layers::entry_setting("route", at, setting.name),
                    setting.value(route),
                    setting.default_value(),
                )
            }));
        }
        for (at, table) in self.snapshot.tables.iter().enumerate() {
            lines.extend(SNAPSHOT_TABLE_SETTINGS.iter().map(|setting| {
                let name = layers::entry_setting("snapshot.table", at, setting.name);
                line(name, setting.value(table), setting.default_value())
            }));
        }
        lines
    }
}

fn whole(draft: &Draft<'_>) -> Result<Config> {
    match draft.load()? {
        Loaded::Whole(config) => Ok(*config),
        Loaded::Needs(references) => {
            let references: Vec<String> = references.iter().map(ToString::to_string).collect();
            Err(Error::config(format!(
                "The configuration needs {}, which nobody fetches here: only functions and commands do",
                references.join(", ")
            )))
        }
    }
}

/// A variable whose name is not UTF-8 can be named neither by a setting nor by `env://`.
fn process_environment() -> Environment {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect()
}

impl SinkSettings {
    /// The URL, for what cannot work without a database.
    ///
    /// # Errors
    ///
    /// A configuration error that says how to set it.
    pub fn required_url(&self) -> Result<&SinkUrl> {
        self.url.as_ref().ok_or_else(|| {
            Error::config(
                "`sink.url` is not set: set the variable ROWTIDE_SINK_URL, `url` in [sink] of the file, or \
                 `--set sink.url=…`, for example to postgresql://user@host:5432/database",
            )
        })
    }
}

impl ArchiveSettings {
    /// The location, for what cannot work without an archive.
    ///
    /// # Errors
    ///
    /// A configuration error that says how to set it.
    pub fn required_url(&self) -> Result<&str> {
        self.url.as_deref().ok_or_else(|| {
            Error::config(
                "`archive.url` is not set: set the variable ROWTIDE_ARCHIVE_URL, `url` in [archive] of the file, or \
                 `--set archive.url=…`, for example to s3://bucket/prefix or file:///folder",
            )
        })
    }
}

#[cfg(test)]
mod tests;
