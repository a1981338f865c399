//! The database whose tables are read, whichever it is.

use super::postgres::{self, Postgres};
use super::table::{Described, Page, Range, TableName};
use crate::config::{Config, SnapshotTable};
use crate::deadline::Deadline;
use crate::error::Result;

/// A database to read. Another kind of it is an arm here, in [`Reader`] and in [`Plan`], and where it is found out.
pub(super) enum Source {
    Postgres(Postgres),
}

/// Reads one part of a table, page by page.
pub(super) enum Reader {
    Postgres(Box<postgres::Reader>),
}

/// How a table is read.
pub(super) enum Plan {
    Postgres(postgres::Plan),
}

impl Source {
    /// The database of `snapshot.url`, read over so many connections at once. None is opened yet.
    ///
    /// # Errors
    /// When `snapshot.url` is not set, or cannot be used.
    pub(super) fn new(config: &Config, connections: usize) -> Result<Self> {
        Postgres::new(config, connections).map(Self::Postgres)
    }

    /// The letters of the schemes of its tables, by the decoders of their streams.
    pub(super) fn schemes(&self) -> &'static [(&'static str, char)] {
        match self {
            Self::Postgres(_) => &postgres::SCHEMES,
        }
    }

    /// The tables there are.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub(super) async fn names(&self, deadline: Deadline) -> Result<Vec<TableName>> {
        match self {
            Self::Postgres(source) => source.names(deadline).await,
        }
    }

    /// What a table, or a query, is made of, and how its rows are read beside the stream of `scheme`.
    ///
    /// # Errors
    /// When it is not there or may not be read, or its rows could not be told apart by their columns.
    pub(super) async fn describe(
        &self,
        place: Option<&TableName>,
        table: &SnapshotTable,
        scheme: char,
        deadline: Deadline,
    ) -> Result<Described> {
        match self {
            Self::Postgres(source) => source.describe(place, table, scheme, deadline).await,
        }
    }

    /// The parts of a table, at most `parts`, which hold about as many rows each.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub(super) async fn split(
        &self,
        table: &Described,
        parts: u64,
        deadline: Deadline,
    ) -> Result<Vec<Range>> {
        match (self, &*table.plan) {
            (Self::Postgres(source), Plan::Postgres(plan)) => {
                source.split(&table.name, plan, parts, deadline).await
            }
        }
    }

    /// Begins to read what of a part is behind the place `after`.
    ///
    /// # Errors
    /// When no connection can be made, or the place is none of this table.
    pub(super) async fn open(
        &self,
        table: &Described,
        range: &Range,
        after: Option<&[String]>,
    ) -> Result<Reader> {
        match self {
            Self::Postgres(source) => {
                let reader = postgres::Reader::open(source, table, range, after).await?;
                Ok(Reader::Postgres(Box::new(reader)))
            }
        }
    }
}

impl Reader {
    /// The next rows; none when there are no more.
    ///
    /// # Errors
    /// When the database breaks off.
    pub(super) async fn page(&mut self) -> Result<Option<Page>> {
        match self {
            Self::Postgres(reader) => reader.page().await,
        }
    }
}
