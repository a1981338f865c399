//! The store of a server: each question is asked again for transient reasons.

/// `Store` for a sink that has a `server`, and of each method one that asks once.
macro_rules! store_on_server {
    ($sink:ty) => {
        const _: () = {
            use std::collections::HashSet;
            use $crate::catalogue::TableSchema;
            use $crate::deadline::Deadline;
            use $crate::error::Result;
            use $crate::sink::contract::{Cause, Store};
            use $crate::sink::letters::DeadLetter;
            use $crate::source::SourceIdentity;

            impl Store for $sink {
                async fn load_schemas(&self, deadline: Deadline) -> Result<Vec<TableSchema>> {
                    self.server.retrying(deadline, || self.load_schemas_once(deadline)).await
                }

                async fn record_schemas(&self, schemas: &[TableSchema], deadline: Deadline) -> Result<()> {
                    self.server.retrying(deadline, || self.record_schemas_once(schemas, deadline)).await
                }

                async fn sources(&self, deadline: Deadline) -> Result<Vec<(String, SourceIdentity)>> {
                    self.server.retrying(deadline, || self.sources_once(deadline)).await
                }

                async fn blocked(
                    &self,
                    keys: &[(String, String)],
                    deadline: Deadline,
                ) -> Result<HashSet<(String, String)>> {
                    self.server.retrying(deadline, || self.blocked_once(keys, deadline)).await
                }

                async fn parked_lately(
                    &self,
                    source: &str,
                    cause: Cause<'_>,
                    letters: &[DeadLetter],
                    deadline: Deadline,
                ) -> Result<u64> {
                    self.server
                        .retrying(deadline, || self.parked_lately_once(source, cause, letters, deadline))
                        .await
                }

                async fn park(&self, letters: &[DeadLetter], deadline: Deadline) -> Result<()> {
                    self.server.retrying(deadline, || self.park_once(letters, deadline)).await
                }
            }
        };
    };
}
pub(in crate::sink) use store_on_server;
