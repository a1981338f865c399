//! The type of a CrateDB column: how it is said, what it is called in the catalogue, which values are of its kind.

use crate::json::Value;
use std::collections::BTreeMap;

/// The column that nothing fits into.
const UNKNOWN: &str = "object(ignored)";

/// A column's type, as far as it matters for what fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// Text of at most so many characters.
    Text(Option<u32>),
    /// A number with a fraction: `double precision`.
    Double,
    /// A number with a fraction: `real`.
    Real,
    /// A whole number of so many bits.
    Whole(u32),
    /// True or false.
    Boolean,
    /// A moment; the text it was made of is kept beside it.
    Moment,
    /// A decimal of (precision, scale), if bounded; the number it was made of is kept beside it.
    Decimal(Option<(u32, u32)>),
    /// An object whose members are columns.
    Object(BTreeMap<String, Column>),
    /// An object without columns: `object(ignored)`.
    Loose,
    /// An array of one type of elements.
    Array(Box<Column>),
    /// A type that rowtide does not write.
    Foreign,
}

/// A column as the catalogue describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Name of the top-level column, then the members on the way.
    pub path: Vec<String>,
    /// The type's name: `text`, `double precision_array`.
    pub type_name: String,
    /// The policy of an object: `strict`, `dynamic`, `ignored`.
    pub policy: Option<String>,
    /// Longest text.
    pub characters_max: Option<u32>,
}

impl Column {
    /// The type of this name, written as in DDL; `None` when it is not known.
    #[must_use]
    pub fn of_type(name: &str) -> Option<Self> {
        let lower = name.trim().to_ascii_lowercase();
        let (base, arguments) = match lower.split_once('(') {
            Some((base, rest)) => (base.trim(), Some(rest.strip_suffix(')')?)),
            None => (lower.as_str(), None),
        };
        let number = |text: &str| text.trim().parse::<u32>().ok();
        Some(match (base, arguments) {
            ("text" | "string" | "varchar" | "character varying", None) => Self::Text(None),
            ("varchar" | "character varying", Some(length)) => {
                Self::Text(Some(number(length).filter(|length| *length > 0)?))
            }
            ("double precision" | "double" | "float8", None) => Self::Double,
            ("real" | "float" | "float4", None) => Self::Real,
            ("bigint" | "long" | "int8", None) => Self::Whole(64),
            ("integer" | "int" | "int4", None) => Self::Whole(32),
            ("smallint" | "short" | "int2", None) => Self::Whole(16),
            ("boolean" | "bool", None) => Self::Boolean,
            ("timestamptz" | "timestamp with time zone", None) => Self::Moment,
            ("numeric" | "decimal", Some(arguments)) => {
                let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
                let (precision, scale) = (number(precision)?, number(scale)?);
                ((1..=38).contains(&precision) && scale <= precision).then_some(())?;
                Self::Decimal(Some((precision, scale)))
            }
            ("object", Some("ignored")) => Self::Loose,
            ("object", None) => Self::Object(BTreeMap::new()),
            ("array", Some(element)) => Self::Array(Box::new(Self::of_type(element)?)),
            _ => return None,
        })
    }

    /// The type as DDL says it.
    #[must_use]
    pub fn sql(&self) -> String {
        match self {
            Self::Text(None) => "text".to_owned(),
            Self::Text(Some(length)) => format!("varchar({length})"),
            Self::Double => "double precision".to_owned(),
            Self::Real => "real".to_owned(),
            Self::Whole(16) => "smallint".to_owned(),
            Self::Whole(32) => "integer".to_owned(),
            Self::Whole(_) => "bigint".to_owned(),
            Self::Boolean => "boolean".to_owned(),
            Self::Moment => "timestamp with time zone".to_owned(),
            Self::Decimal(None) => "numeric".to_owned(),
            Self::Decimal(Some((precision, scale))) => format!("numeric({precision},{scale})"),
            Self::Object(members) if members.is_empty() => "object(strict)".to_owned(),
            Self::Object(members) => {
                let members =
                    members.iter().map(|(name, column)| format!("{} {}", super::quote(name), column.sql()));
                format!("object(strict) as ({})", members.collect::<Vec<_>>().join(", "))
            }
            Self::Loose | Self::Foreign => UNKNOWN.to_owned(),
            Self::Array(element) => format!("array({})", element.sql()),
        }
    }

    pub(super) fn described(description: &Described) -> Self {
        let mut base = description.type_name.as_str();
        let mut levels = 0;
        while let Some(element) = base.strip_suffix("_array") {
            base = element;
            levels += 1;
        }
        let ignored = description.policy.as_deref() == Some("ignored");
        let column = match base {
            "object" if ignored => Self::Loose,
            "text" | "character varying" => Self::Text(description.characters_max),
            "numeric" => Self::Decimal(None),
            _ => Self::of_type(base).unwrap_or(Self::Foreign),
        };
        (0..levels).fold(column, |element, _| Self::Array(Box::new(element)))
    }

    /// The object, or the array of objects, as it is before it has members.
    pub(super) fn without_members(&self) -> Self {
        match self {
            Self::Array(element) => Self::Array(Box::new(element.without_members())),
            Self::Object(_) => Self::Object(BTreeMap::new()),
            Self::Text(_)
            | Self::Double
            | Self::Real
            | Self::Whole(_)
            | Self::Boolean
            | Self::Moment
            | Self::Decimal(_)
            | Self::Loose
            | Self::Foreign => self.clone(),
        }
    }

    /// The members of the object, or of the objects of the array.
    pub(super) fn members(&self) -> Option<&BTreeMap<String, Self>> {
        match self {
            Self::Object(members) => Some(members),
            Self::Array(element) => element.members(),
            Self::Text(_)
            | Self::Double
            | Self::Real
            | Self::Whole(_)
            | Self::Boolean
            | Self::Moment
            | Self::Decimal(_)
            | Self::Loose
            | Self::Foreign => None,
        }
    }

    pub(super) fn members_mut(&mut self) -> Option<&mut BTreeMap<String, Self>> {
        match self {
            Self::Object(members) => Some(members),
            Self::Array(element) => element.members_mut(),
            Self::Text(_)
            | Self::Double
            | Self::Real
            | Self::Whole(_)
            | Self::Boolean
            | Self::Moment
            | Self::Decimal(_)
            | Self::Loose
            | Self::Foreign => None,
        }
    }

    /// How many columns it is, with those below.
    pub(super) fn count(&self) -> usize {
        1 + self.members().map_or(0, |members| members.values().map(Self::count).sum())
    }

    /// The type that a first value gives its column: never a whole number from one that happens to look whole.
    pub(super) fn of_value(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => return None,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Double,
            Value::String(_) => Self::Text(None),
            Value::Object(_) => Self::Object(BTreeMap::new()),
            Value::Array(elements) => Self::Array(Box::new(elements.iter().find_map(Self::of_value)?)),
        })
    }

    /// Whether a value is of this column's kind; whether it is held exactly is another question.
    pub(super) fn is_kind_of(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Foreign, _) => false,
            (_, Value::Null) => true,
            (Self::Text(_) | Self::Moment, Value::String(_))
            | (Self::Double | Self::Real | Self::Whole(_) | Self::Decimal(_), Value::Number(_))
            | (Self::Boolean, Value::Bool(_))
            | (Self::Object(_) | Self::Loose, Value::Object(_)) => true,
            (Self::Array(element), Value::Array(elements)) => {
                elements.iter().all(|value| element.is_kind_of(value))
            }
            _ => false,
        }
    }
}
