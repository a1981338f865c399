//! What a setting is: its name, what it takes, how it is set and shown.

use super::given::{Accepted, Given};
use super::{redact_input, redact_url};

/// One setting of `T`: the whole configuration, or one entry of those of which the file has several.
pub struct Setting<T: 'static> {
    /// Its name: `sink.url`, or `delete` in a route.
    pub name: &'static str,
    /// The values it takes, for people; reads well behind "must be".
    pub values: &'static str,
    /// What it decides, in a sentence or two.
    pub about: &'static str,
    /// A value as it stands in the file.
    pub example: &'static str,
    /// Whether the value must not be shown whole.
    pub secret: bool,
    pub(super) set: fn(&mut T, Given) -> Accepted,
    pub(super) get: fn(&T) -> String,
}

impl<T: Default> Setting<T> {
    /// The default as text; empty when the setting has none.
    #[must_use]
    pub fn default_value(&self) -> String {
        self.value(&T::default())
    }
}

impl<T> Setting<T> {
    /// The variable that sets it: `ROWTIDE_SINK_URL` for `sink.url`. A route's setting has none.
    #[must_use]
    pub fn variable(&self) -> Option<String> {
        let upper = |name: &str| format!("ROWTIDE_{}", name.to_ascii_uppercase().replace('.', "_"));
        self.name.contains('.').then(|| upper(self.name))
    }

    /// The value that `holder` has, secrets masked; empty when it is not set.
    #[must_use]
    pub fn value(&self, holder: &T) -> String {
        let value = (self.get)(holder);
        // Lists and paths may hold anything; a URL in the wrong place is as secret as in the right one.
        if self.secret { redact_url(&value) } else { redact_input(&value).into_owned() }
    }

    pub(super) fn take(&self, holder: &mut T, given: Given) -> Accepted {
        (self.set)(holder, given)
    }
}
