//! Values as the JSON that commands print.

use rowtide::json::write_string;

/// A text as JSON.
pub(super) fn text(text: &str) -> String {
    let mut json = String::new();
    write_string(&mut json, text);
    json
}

/// A text as JSON, or null.
pub(super) fn optional(value: Option<&str>) -> String {
    value.map_or_else(|| "null".to_owned(), text)
}
