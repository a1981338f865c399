//! Connections to the server while they are used: statements bounded in time, cancelled when it runs out.

use super::Postgres;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::fill;
use crate::sink::wire::errors::driver_error;
use crate::sink::wire::server::{CANCEL_GRACE, settle};
use crate::sink::wire::time::{left, milliseconds, out_of_time, silent};
use deadpool_postgres::Object;
use std::future::Future;
use tokio::time::timeout;
use tokio_postgres::CancelToken;

impl Postgres {
    pub(super) async fn client(&self, deadline: Deadline) -> Result<Object> {
        self.server.client(deadline).await
    }

    /// Waits for `work` on `client`, at most until shortly before the deadline: then the statement is cancelled and
    /// awaited, else its connection is closed.
    pub(super) async fn bounded<T>(
        &self,
        client: &Object,
        deadline: Deadline,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        self.bounded_as(client, deadline, work, |error| driver_error(error, ErrorKind::Rejected)).await
    }

    /// The same, where another thing than a row may be the cause of what the database refuses.
    pub(super) async fn bounded_as<T>(
        &self,
        client: &Object,
        deadline: Deadline,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
        explain: fn(&tokio_postgres::Error) -> Error,
    ) -> Result<T> {
        let left = match (left(deadline)?, self.server.statement_timeout) {
            (Some(left), Some(limit)) => left.min(limit),
            (Some(left), None) | (None, Some(left)) => left,
            (None, None) => {
                return self.server.answered(client, work, explain).await;
            }
        };
        let milliseconds = milliseconds(left);
        let limit = fill(
            include_str!("../../../sql/postgres/set_statement_timeout.sql"),
            &[("milliseconds", &milliseconds)],
        );
        let work = async {
            let (limited, done) = tokio::join!(client.batch_execute(&limit), work);
            limited.and(done)
        };
        tokio::pin!(work);
        let done = match timeout(left + CANCEL_GRACE, &mut work).await {
            Ok(done) => done,
            Err(_) => {
                self.server.cancel(&client.cancel_token()).await;
                timeout(CANCEL_GRACE, &mut work).await.map_err(|_| out_of_time())?
            }
        };
        done.map_err(|error| explain(&error))
    }

    /// Waits for `work`, of several statements, on the connection of `token`, at most until shortly before the
    /// deadline: then the statement that runs is cancelled. [`settle`] closes its connection.
    pub(super) async fn within<T>(
        &self,
        token: CancelToken,
        deadline: Deadline,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let (limit, late) = match left(deadline)? {
            Some(left) => (left, out_of_time()),
            None => (self.server.patience(), silent(self.server.patience())),
        };
        match timeout(limit, work).await {
            Ok(done) => done,
            Err(_) => {
                // the connection is closed in any case
                self.server.cancel(&token).await;
                Err(late)
            }
        }
    }

    /// Waits for `work` on `client` for which there is no deadline, as a command has none.
    pub(super) async fn answered<T>(
        &self,
        client: &Object,
        work: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        self.server.answered(client, work, |error| driver_error(error, ErrorKind::Schema)).await
    }

    /// A connection, rowtide's own tables being there.
    pub(super) async fn client_for_own_tables(&self, deadline: Deadline) -> Result<Object> {
        let mut client = self.client(deadline).await?;
        let token = client.cancel_token();
        match self.within(token, deadline, self.ensure_own_tables(&mut client)).await {
            Ok(()) => Ok(client),
            Err(error) => settle(client, Err(error)),
        }
    }
}
