//! Values as the JSON that commands print.

pub(super) use rowtide::json::quoted as text;

/// A text as JSON, or null.
pub(super) fn optional(value: Option<&str>) -> String {
    value.map_or_else(|| "null".to_owned(), text)
}
