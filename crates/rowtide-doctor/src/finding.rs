//! What the rules say: a finding, and a rule as the documentation tells it.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Data is lost or blocked, or a secret leaks.
    Error,
    /// It will hurt later, or in some circumstances.
    Warning,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing that should be changed. No text of it holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// File, line and resource; a setting; an object of the database.
    pub place: String,
    /// What is there, and what comes of it.
    pub why: String,
    /// What to do.
    pub change: String,
}

/// A rule as the documentation tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described {
    /// Its name in findings.
    pub name: &'static str,
    /// How bad what it finds is.
    pub severity: Severity,
    /// What it finds.
    pub finds: &'static str,
    /// What comes of that.
    pub why: &'static str,
    /// What to do.
    pub change: &'static str,
    /// Whether it needs a database to look at.
    pub asks_sink: bool,
}
