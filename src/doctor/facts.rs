//! What the rules are told beside the files.

use std::fmt;
use std::sync::Arc;

/// The configuration, as far as the rules ask for it.
#[derive(Clone)]
pub struct Configured {
    /// Every setting. No secret is in it.
    pub settings: Vec<Setting>,
    /// The names of the variables that are settings.
    pub variables: Vec<String>,
    /// `sink.url` with its password; `None` when it is not set.
    pub sink_url: Option<String>,
    /// `sink.connections`.
    pub connections: i64,
    /// `sink.tombstone_retention`, in seconds.
    pub tombstone_retention: u64,
    /// The letter of the version scheme that `source.version` asks for; `None` when the records' decoder chooses it.
    pub scheme: Option<char>,
    /// `source.epoch`.
    pub epoch: u16,
    /// The names of the key that the route of a source table says, in byte order, with those that it adds; `None` when
    /// it says none.
    pub key_of: Arc<dyn Fn(&str) -> Option<Vec<String>> + Send + Sync>,
    /// Whether a function with these variables fails an invocation as a whole; `None` when nobody can say.
    pub fails_whole: fn(&dyn Fn(&str) -> Option<String>) -> Option<bool>,
}

impl fmt::Debug for Configured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // the URL has a password
        f.debug_struct("Configured").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A setting as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// `sink.ddl`; for a route `route.1.delete`.
    pub name: String,
    /// The value as text; empty when it is not set.
    pub value: String,
    /// The place that sets it; `default` when nobody does.
    pub origin: String,
}

impl Configured {
    /// A setting by its name.
    pub(super) fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }

    /// The value of a setting, a word of its documentation; empty when it is not set.
    pub(super) fn word(&self, name: &str) -> &str {
        self.setting(name).map_or("", |setting| setting.value.as_str())
    }
}
