//! The flow that takes the records of a table: by which decoder, and what it is told beforehand.

use super::beside::DECODER;
use super::table::{Described, Form};
#[cfg(feature = "dynamodb")]
use crate::catalogue::TableSchema;
use crate::config::Config;
#[cfg(feature = "dynamodb")]
use crate::config::VersionScheme;
use crate::error::Result;
use crate::pipeline::Flow;

impl Form {
    /// The flow of the records of `table`, whose versions begin with the letter `scheme`.
    ///
    /// # Errors
    /// When a setting cannot be used.
    #[cfg_attr(
        not(feature = "dynamodb"),
        expect(unused_variables, reason = "rows say their scheme themselves")
    )]
    pub(super) fn flow(&self, config: &mut Config, table: &Described, scheme: char) -> Result<Flow> {
        match self {
            Self::Rows => {
                DECODER.clone_into(&mut config.source.decoder);
                Flow::new(config)
            }
            #[cfg(feature = "dynamodb")]
            Self::Items { .. } => {
                crate::pipeline::EXPORT.clone_into(&mut config.source.decoder);
                config.source.version = VersionScheme::of_letter(scheme).unwrap_or_default();
                let flow = Flow::new(config)?;
                // an item does not name its key
                flow.record_schemas(&[TableSchema {
                    table: table.name.clone(),
                    source: table.source.clone(),
                    key: table.key.clone(),
                    columns: Vec::new(),
                    observed_at: String::new(),
                }]);
                Ok(flow)
            }
        }
    }
}
