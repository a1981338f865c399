//! What stands for a statement's placeholders, as the driver sends it.

use super::moment;
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
            Self::List(elements) => elements.to_sql_checked(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // each kind of value asks itself
        true
    }

    tokio_postgres::types::to_sql_checked!();
}
