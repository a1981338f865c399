//! What stands for a statement's placeholders, as the driver sends it.

use super::moment;
use crate::json::Value;
use crate::plan::{Parameter, Statement};
use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type};

/// The parameters of a statement, in order.
pub(in crate::sink) fn parameters<'s>(statement: &'s Statement<'_>) -> Vec<&'s (dyn ToSql + Sync)> {
    statement.parameters.iter().map(|parameter| parameter as _).collect()
}

impl ToSql for Parameter<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Json(Some(text)) if matches!(*ty, Type::JSON | Type::JSONB) => {
                if *ty == Type::JSONB {
                    out.extend_from_slice(&[1]);
                }
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            Self::Text(None) | Self::Json(None) => Ok(IsNull::Yes),
            Self::Text(Some(text)) | Self::Json(Some(text)) => (&**text).to_sql_checked(ty, out),
            Self::Bool(value) => value.to_sql_checked(ty, out),
            Self::Number(value) => value.to_sql_checked(ty, out),
            Self::Moment(at) => moment(*at).to_sql_checked(ty, out),
            Self::Member(value) => member_to_sql(value, ty, out),
            Self::List(elements) => elements.to_sql_checked(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // each kind of value asks itself
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// A member of a key as a value of its column's type.
fn member_to_sql(
    value: &Value,
    ty: &Type,
    out: &mut BytesMut,
) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
    match (value, ty) {
        (Value::Number(text), &Type::INT8) => text.parse::<i64>()?.to_sql(ty, out),
        (Value::Number(text), &Type::INT4) => text.parse::<i32>()?.to_sql(ty, out),
        (Value::Number(text), &Type::INT2) => text.parse::<i16>()?.to_sql(ty, out),
        (Value::Number(text), &Type::FLOAT8) => text.parse::<f64>()?.to_sql(ty, out),
        (Value::Number(text), &Type::FLOAT4) => text.parse::<f32>()?.to_sql(ty, out),
        (Value::Bool(value), &Type::BOOL) => value.to_sql(ty, out),
        (Value::String(text), _) => text.as_str().to_sql(ty, out),
        _ => Err("the column of the key has another type".into()),
    }
}
