//! A document as a tree with line numbers: what YAML and JSON have in common. Knows no template.

use std::fmt;

/// A value and the line it starts on; 0 when there is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What a document can hold, and behind [`super::template`] what can be told of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Value {
    #[default]
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    /// Another resource of the same document, and perhaps an attribute of it.
    Reference(String, String),
    /// A parameter that is kept out of sight.
    Hidden,
    /// Not known before it is deployed.
    Unknown,
}

/// What can be said of a setting before it is deployed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given<T> {
    /// It is not set.
    Absent,
    /// It is set to something that only the deployment knows.
    Unknown,
    Is(T),
}

impl<T> Given<T> {
    /// The value, with that of a setting that is not set; `None` when nobody knows.
    pub(super) fn or(self, default: T) -> Option<T> {
        match self {
            Self::Absent => Some(default),
            Self::Unknown => None,
            Self::Is(value) => Some(value),
        }
    }

    pub(super) fn known(self) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Unknown => None,
        }
    }

    /// Whether it is certain that the setting has no value of which `good` holds.
    pub(super) fn lacks(self, good: impl Fn(&T) -> bool) -> bool {
        match self {
            Self::Absent => true,
            Self::Unknown => false,
            Self::Is(value) => !good(&value),
        }
    }
}

static NOTHING: Node = Node { line: 0, value: Value::Null };

impl Node {
    pub(super) fn new(line: usize, value: Value) -> Self {
        Self { line, value }
    }

    pub(super) fn text(line: usize, text: impl Into<String>) -> Self {
        Self { line, value: Value::Text(text.into()) }
    }

    /// The member of that name, the last one as for every reader; nothing when there is none.
    pub(super) fn get(&self, name: &str) -> &Node {
        self.members().iter().rev().find(|(found, _)| found == name).map_or(&NOTHING, |(_, node)| node)
    }

    /// What several names lead to, one below the other.
    pub(super) fn at(&self, path: &[&str]) -> &Node {
        path.iter().fold(self, |node, name| node.get(name))
    }

    pub(super) fn members(&self) -> &[(String, Node)] {
        if let Value::Map(members) = &self.value { members } else { &[] }
    }

    /// The elements of a list; anything else that is there is a list of one.
    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            Value::Null => &[],
            Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Map(_)
            | Value::Reference(..)
            | Value::Hidden
            | Value::Unknown => std::slice::from_ref(self),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// Its text; numbers and truth values as they are written.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            Value::Null
            | Value::List(_)
            | Value::Map(_)
            | Value::Reference(..)
            | Value::Hidden
            | Value::Unknown => None,
        }
    }

    fn given<T>(&self, read: impl Fn(&str) -> Option<T>) -> Given<T> {
        match (&self.value, self.as_text().and_then(read)) {
            (Value::Null, _) => Given::Absent,
            (_, Some(value)) => Given::Is(value),
            (_, None) => Given::Unknown,
        }
    }

    pub(super) fn given_text(&self) -> Given<String> {
        self.given(|text| (!text.contains("${")).then(|| text.to_owned()))
    }

    pub(super) fn given_number(&self) -> Given<i64> {
        self.given(|text| text.trim().parse().ok())
    }

    pub(super) fn given_bool(&self) -> Given<bool> {
        self.given(|text| match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        })
    }

    /// Calls `each` with every node of the tree, parents first.
    pub(super) fn walk<'n>(&'n self, each: &mut impl FnMut(&'n Node)) {
        let mut left = vec![self];
        while let Some(node) = left.pop() {
            each(node);
            left.extend(node.members().iter().rev().map(|(_, node)| node));
            if let Value::List(items) = &node.value {
                left.extend(items.iter().rev());
            }
        }
    }
}

/// Why a document cannot be read, and where. Holds nothing of what the document holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// 0 when no line is to blame.
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) what: String,
}

impl Unreadable {
    pub(super) fn whole(what: impl Into<String>) -> Self {
        Self { line: 0, column: 0, what: what.into() }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}", self.what),
            line => write!(f, "line {line} column {}: {}", self.column, self.what),
        }
    }
}
