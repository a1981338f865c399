//! The store of a server: each question is asked again for transient reasons.

/// `Store` for a sink that has a `server`, and of each method one that asks once; and what jobs keep there.
macro_rules! store_on_server {
    ($sink:ty) => {
        const _: () = {
            use std::collections::HashSet;
            use $crate::catalogue::TableSchema;
            use $crate::deadline::Deadline;
            use $crate::error::Result;
            use $crate::sink::contract::{Cause, Store};
            use $crate::sink::letters::DeadLetter;
            use $crate::sink::state::{Put, State};
            use $crate::source::SourceIdentity;

            impl $sink {
                pub(in $crate::sink) async fn state(
                    &self,
                    job: &str,
                    key: &str,
                    deadline: Deadline,
                ) -> Result<Option<State>> {
                    self.server.retrying(deadline, || self.state_once(job, key, deadline)).await
                }

                pub(in $crate::sink) async fn put_state(
                    &self,
                    put: &Put<'_>,
                    deadline: Deadline,
                ) -> Result<Option<i64>> {
                    // every attempt writes the same version: one that was written after all is known by it
                    let written = async || put.noted(self.write_state_once(put, deadline).await);
                    if self.server.retrying(deadline, written).await? {
                        return Ok(Some(put.version));
                    }
                    put.outcome(self.state(put.job, put.key, deadline).await?.as_ref())
                }

                pub(in $crate::sink) async fn states(
                    &self,
                    job: Option<&str>,
                    prefix: Option<&str>,
                ) -> Result<Vec<State>> {
                    self.server.retrying(Deadline::never(), || self.states_once(job, prefix)).await
                }

                pub(in $crate::sink) async fn clear_state(
                    &self,
                    job: &str,
                    key: &str,
                    deadline: Deadline,
                ) -> Result<u64> {
                    self.server.retrying(deadline, || self.clear_state_once(job, key, deadline)).await
                }
            }

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
