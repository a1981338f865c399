//! A point as Debezium writes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Well-known binary of a point begins so: the lowest byte comes first, and it is a point.
const POINT: [u8; 5] = [1, 1, 0, 0, 0];

/// Appends `(1,2.5)` as an object of its coordinates and its well-known binary.
pub(super) fn point(text: &str, out: &mut String) -> Option<()> {
    let (x, y) = text.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
    let (x, y): (f64, f64) = (x.parse().ok()?, y.parse().ok()?);
    let binary = [&POINT[..], &x.to_le_bytes(), &y.to_le_bytes()].concat();
    let number = |of: f64| match of.is_finite() {
        true => format!("{of:?}"),
        false if of.is_nan() => "\"NaN\"".to_owned(),
        false => format!("\"{}Infinity\"", if of < 0.0 { "-" } else { "" }),
    };
    let (x, y, binary) = (number(x), number(y), STANDARD.encode(binary));
    out.push_str(&format!(r#"{{"x":{x},"y":{y},"wkb":"{binary}","srid":null}}"#));
    Some(())
}
