//! The columns by which the rows of a table are in order: how their values become text, and a text a value again.
//!
//! What is compared with a column is of its very type and collation: else the server would compare both as floating
//! point, or as texts of another alphabet, and leave rows out.

use mysql_async::Value;

/// A column of the key.
#[derive(Debug, Clone)]
pub(super) struct KeyColumn {
    /// The column, by SQL.
    pub(super) column: String,
    /// The column as its text is asked for.
    pub(super) text: String,
    /// What is compared.
    pub(super) compared: String,
    /// What it is compared with: a parameter.
    pub(super) parameter: String,
    bound: Bound,
}

/// What a text is bound as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Integer,
    Float,
    Double,
    Text,
}

/// What the server says of a column.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) name: String,
    /// `varchar`.
    pub(super) of: String,
    /// `varchar(20)`.
    pub(super) whole: String,
    pub(super) precision: Option<u64>,
    pub(super) scale: Option<u64>,
    pub(super) charset: Option<String>,
    pub(super) collation: Option<String>,
}

/// A name as an identifier of MySQL.
pub(super) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

impl KeyColumn {
    /// The column as part of a key; none of a type that has no order to rely on.
    pub(super) fn new(declared: &Declared) -> Option<Self> {
        let column = format!("t.{}", quote(&declared.name));
        let cast = |to: &str| format!("cast(? as {to})");
        let (mut text, mut compared) = (column.clone(), column.clone());
        let (parameter, bound) = match (declared.of.as_str(), &declared.charset, &declared.collation) {
            ("tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year", ..) => {
                ("?".to_owned(), Bound::Integer)
            }
            // they are in the order of their numbers, but would be compared by their labels
            ("enum" | "set" | "bit", ..) => {
                text = format!("{column} + 0");
                compared.clone_from(&text);
                ("?".to_owned(), Bound::Integer)
            }
            ("decimal", ..) => {
                text = format!("cast({column} as char)");
                let (precision, scale) = (declared.precision?, declared.scale?);
                (cast(&format!("decimal({precision}, {scale})")), Bound::Text)
            }
            ("float", ..) => ("?".to_owned(), Bound::Float),
            ("double", ..) => ("?".to_owned(), Bound::Double),
            ("date" | "datetime" | "timestamp" | "time", ..) => {
                text = format!("cast({column} as char)");
                let to = match declared.of.as_str() {
                    "date" => "date",
                    "time" => "time(6)",
                    _ => "datetime(6)",
                };
                (cast(to), Bound::Text)
            }
            ("uuid" | "inet4" | "inet6", ..) => (cast(&declared.of), Bound::Text),
            ("binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob", ..) => {
                text = format!("hex({column})");
                ("unhex(?)".to_owned(), Bound::Text)
            }
            (_, Some(charset), Some(collation)) => {
                (format!("convert(? using {charset}) collate {collation}"), Bound::Text)
            }
            _ => return None,
        };
        Some(Self { column, text, compared, parameter, bound })
    }

    /// Whether the values are numbers that can be divided evenly.
    pub(super) fn is_integer(&self) -> bool {
        self.bound == Bound::Integer && self.compared == self.column
    }

    /// The value of a text that [`text_of`] wrote; none when it is of no such column.
    pub(super) fn value(&self, text: &str) -> Option<Value> {
        Some(match self.bound {
            Bound::Integer => match text.parse() {
                Ok(number) => Value::Int(number),
                Err(_) => Value::UInt(text.parse().ok()?),
            },
            Bound::Float => Value::Double(text.parse::<f32>().ok()?.into()),
            Bound::Double => Value::Double(text.parse().ok()?),
            Bound::Text => Value::Bytes(text.into()),
        })
    }
}

/// The text of a value of a key.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Double(number) => Some(number.to_string()),
        Value::Bytes(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::NULL | Value::Date(..) | Value::Time(..) => None,
    }
}

/// Rows behind a key.
pub(super) fn behind(order: &[KeyColumn]) -> String {
    compared(order, [">", ">", ">="])
}

/// Rows up to a key.
pub(super) fn up_to(order: &[KeyColumn]) -> String {
    compared(order, ["<", "<=", "<="])
}

/// One column after the other, so that the server finds the ranges of its index; `signs` are those of a column before
/// the last, of the last one, and of the first one, which holds for all.
fn compared(order: &[KeyColumn], [before, last, first]: [&str; 3]) -> String {
    let compare = |column: &KeyColumn, sign: &str| format!("{} {sign} {}", column.compared, column.parameter);
    let mut ways = Vec::new();
    for (at, column) in order.iter().enumerate() {
        let sign = if at + 1 == order.len() { last } else { before };
        let equal = order.iter().take(at).map(|column| compare(column, "="));
        ways.push(equal.chain([compare(column, sign)]).collect::<Vec<_>>().join(" and "));
    }
    match order.first().filter(|_| order.len() > 1) {
        Some(column) => format!("{} and (({}))", compare(column, first), ways.join(") or (")),
        None => ways.concat(),
    }
}

/// The parameters of [`behind`] and [`up_to`]; none when the texts are no key of this order.
pub(super) fn parameters(order: &[KeyColumn], key: &[String]) -> Option<Vec<Value>> {
    let values: Vec<Value> =
        order.iter().zip(key).map(|(column, text)| column.value(text)).collect::<Option<_>>()?;
    if values.len() != order.len() || values.len() != key.len() {
        return None;
    }
    let first = values.iter().take(usize::from(values.len() > 1)).cloned();
    let ways = (0..values.len()).flat_map(|at| values.iter().take(at + 1).cloned());
    Some(first.chain(ways).collect())
}

#[cfg(test)]
mod tests {
    use super::{Declared, KeyColumn, behind, parameters, up_to};
    use mysql_async::Value;

    fn column(name: &str, of: &str) -> KeyColumn {
        let declared = Declared {
            name: name.into(),
            of: of.into(),
            whole: of.into(),
            precision: Some(9),
            scale: Some(2),
            charset: (of == "varchar").then(|| "latin1".to_owned()),
            collation: (of == "varchar").then(|| "latin1_bin".to_owned()),
        };
        KeyColumn::new(&declared).unwrap()
    }

    #[test]
    fn keys_are_compared_column_by_column_in_their_own_types() {
        let order = [column("a", "int"), column("b`", "varchar"), column("c", "decimal")];
        let b = "t.`b```";
        let text = "convert(? using latin1) collate latin1_bin";
        let number = "cast(? as decimal(9, 2))";
        assert_eq!(
            behind(&order),
            format!(
                "t.`a` >= ? and ((t.`a` > ?) or (t.`a` = ? and {b} > {text}) or \
                 (t.`a` = ? and {b} = {text} and t.`c` > {number}))"
            )
        );
        assert_eq!(up_to(&order[..1]), "t.`a` <= ?");
        let key = ["1".to_owned(), "x".to_owned(), "2.50".to_owned()];
        let count = behind(&order).matches('?').count();
        assert_eq!(parameters(&order, &key).unwrap().len(), count);
        assert_eq!(parameters(&order[..1], &key[..1]).unwrap(), [Value::Int(1)]);
        assert_eq!(parameters(&order, &key[..2]), None);
        assert_eq!(parameters(&order[..1], &["x".to_owned()]), None);
        assert_eq!(order[0].value("18446744073709551615"), Some(Value::UInt(u64::MAX)));
    }
}
