//! The database whose tables are read, whichever it is.

#[cfg(feature = "dynamodb")]
use super::dynamodb::{self, Dynamodb};
#[cfg(feature = "mysql")]
use super::mysql::{self, Mysql};
use super::postgres::{self, Postgres};
#[cfg(any(feature = "mysql", feature = "dynamodb"))]
use super::table::bad_cursor;
use super::table::{Described, Page, Range, TableName};
use crate::config::{Config, SnapshotTable};
use crate::deadline::Deadline;
#[cfg(not(all(feature = "mysql", feature = "dynamodb")))]
use crate::error::Error;
use crate::error::Result;
use crate::formats::snapshot::ALONE;
#[cfg(feature = "mysql")]
use crate::secrets::{SecretVersion, Secrets, mysql_url};
use std::sync::Arc;

/// A database to read. Another kind of it is an arm here, in [`Reader`] and in [`Plan`], and where it is found out.
pub(super) enum Source {
    Postgres(Postgres),
    #[cfg(feature = "mysql")]
    Mysql(Mysql),
    #[cfg(feature = "dynamodb")]
    Dynamodb(Dynamodb),
}

/// Reads one part of a table, page by page.
pub(super) enum Reader {
    Postgres(Box<postgres::Reader>),
    #[cfg(feature = "mysql")]
    Mysql(mysql::Reader),
    #[cfg(feature = "dynamodb")]
    Dynamodb(Box<dynamodb::Reader>),
}

/// How a table is read.
pub(super) enum Plan {
    Postgres(Arc<postgres::Plan>),
    #[cfg(feature = "mysql")]
    Mysql(Arc<mysql::Plan>),
    #[cfg(feature = "dynamodb")]
    Dynamodb(Arc<dynamodb::Plan>),
}

impl Source {
    /// The database of `snapshot.url`, read over so many connections at once. None is opened yet.
    ///
    /// # Errors
    /// When `snapshot.url` is not set, or cannot be used.
    pub(super) async fn new(config: &Config, connections: usize) -> Result<Self> {
        let url = config.snapshot.url.as_ref().map(|url| url.expose()).unwrap_or_default();
        match url.split_once("://") {
            #[cfg(feature = "mysql")]
            Some(("mysql" | "mariadb", _)) => Mysql::new(config, url, "snapshot.url").map(Self::Mysql),
            #[cfg(not(feature = "mysql"))]
            Some(("mysql" | "mariadb", _)) => Err(without_feature("MySQL and MariaDB", "mysql")),
            #[cfg(feature = "dynamodb")]
            Some(("dynamodb", region)) => {
                Ok(Self::Dynamodb(Box::pin(Dynamodb::new(region.trim_end_matches('/'))).await))
            }
            #[cfg(not(feature = "dynamodb"))]
            Some(("dynamodb", _)) => Err(without_feature("DynamoDB", "dynamodb")),
            _ => {
                #[cfg(feature = "mysql")]
                if let Some(source) = Self::mysql_of_secret(config).await? {
                    return Ok(source);
                }
                Postgres::new(config, connections).map(Self::Postgres)
            }
        }
    }

    /// The MySQL that the secret of `snapshot.url` tells, if it tells one.
    #[cfg(feature = "mysql")]
    async fn mysql_of_secret(config: &Config) -> Result<Option<Self>> {
        let Some(reference) = config.snapshot.url.as_ref().and_then(|url| url.reference()) else {
            return Ok(None);
        };
        let text = Secrets::new(config.aws.clone()).text(&reference, SecretVersion::Current).await?;
        let Some(url) = mysql_url(&reference, &text)? else { return Ok(None) };
        let label = format!("snapshot.url ({reference})");
        Mysql::new(config, url.expose(), &label).map(|source| Some(Self::Mysql(source)))
    }

    /// The letters of the schemes of its tables, by the decoders of their streams.
    pub(super) fn schemes(&self) -> &'static [(&'static str, char)] {
        match self {
            Self::Postgres(_) => &postgres::SCHEMES,
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => &mysql::SCHEMES,
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(_) => &dynamodb::SCHEMES,
        }
    }

    /// The letter of the scheme of a table without a stream.
    pub(super) fn alone(&self) -> char {
        match self {
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(_) => dynamodb::ALONE,
            _ => ALONE,
        }
    }

    /// The tables there are.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub(super) async fn names(&self, deadline: Deadline) -> Result<Vec<TableName>> {
        match self {
            Self::Postgres(source) => source.names(deadline).await,
            #[cfg(feature = "mysql")]
            Self::Mysql(source) => source.names().await,
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(source) => source.names().await,
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
    ) -> Result<(Described, Plan)> {
        match self {
            Self::Postgres(source) => {
                let (described, plan) = source.describe(place, table, scheme, deadline).await?;
                Ok((described, Plan::Postgres(Arc::new(plan))))
            }
            #[cfg(feature = "mysql")]
            Self::Mysql(source) => {
                let (described, plan) = source.describe(place, table, scheme).await?;
                Ok((described, Plan::Mysql(Arc::new(plan))))
            }
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(source) => {
                let (described, plan) = source.describe(place, table).await?;
                Ok((described, Plan::Dynamodb(Arc::new(plan))))
            }
        }
    }

    /// The parts of a table, at most `parts`, which hold about as many rows each.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub(super) async fn split(
        &self,
        (table, plan): (&Described, &Plan),
        parts: u64,
        deadline: Deadline,
    ) -> Result<Vec<Range>> {
        match (self, plan) {
            (Self::Postgres(source), Plan::Postgres(plan)) => {
                source.split(&table.name, plan, parts, deadline).await
            }
            #[cfg(feature = "mysql")]
            (Self::Mysql(source), Plan::Mysql(plan)) => source.split(&table.name, plan, parts).await,
            #[cfg(feature = "dynamodb")]
            (Self::Dynamodb(_), Plan::Dynamodb(_)) => Ok(dynamodb::split(parts)),
            #[cfg(any(feature = "mysql", feature = "dynamodb"))]
            _ => Err(bad_cursor(&table.name)),
        }
    }

    /// Begins to read what of a part is behind the place `after`.
    ///
    /// # Errors
    /// When no connection can be made, or the place is none of this table.
    pub(super) async fn open(
        &self,
        (table, plan): (&Described, &Plan),
        range: &Range,
        after: Option<&[String]>,
    ) -> Result<Reader> {
        match (self, plan) {
            (Self::Postgres(source), Plan::Postgres(plan)) => {
                let reader = postgres::Reader::open(source, plan, table, range, after).await?;
                Ok(Reader::Postgres(Box::new(reader)))
            }
            #[cfg(feature = "mysql")]
            (Self::Mysql(source), Plan::Mysql(plan)) => {
                mysql::Reader::open(source, plan, table, range, after).await.map(Reader::Mysql)
            }
            #[cfg(feature = "dynamodb")]
            (Self::Dynamodb(source), Plan::Dynamodb(plan)) => {
                let reader = dynamodb::Reader::open(source, plan, table, range, after)?;
                Ok(Reader::Dynamodb(Box::new(reader)))
            }
            #[cfg(any(feature = "mysql", feature = "dynamodb"))]
            _ => Err(bad_cursor(&table.name)),
        }
    }
}

impl Plan {
    /// What decides the order of rows, and what a place among them is.
    pub(super) fn order(&self) -> Vec<String> {
        match self {
            Self::Postgres(plan) => plan.order(),
            #[cfg(feature = "mysql")]
            Self::Mysql(plan) => plan.order(),
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(plan) => plan.order(),
        }
    }

    /// What must be read to see the rows between two places of a range again. A segment has no end but its own.
    pub(super) fn again(
        &self,
        range: &Range,
        after: Option<Vec<String>>,
        until: Option<Vec<String>>,
    ) -> Range {
        match self {
            _ if until.is_none() => range.clone(),
            Self::Postgres(_) => Range { after, until },
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => Range { after, until },
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(_) => range.clone(),
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
            #[cfg(feature = "mysql")]
            Self::Mysql(reader) => reader.page().await,
            #[cfg(feature = "dynamodb")]
            Self::Dynamodb(reader) => reader.page().await,
        }
    }
}

#[cfg(not(all(feature = "mysql", feature = "dynamodb")))]
fn without_feature(of: &str, feature: &str) -> Error {
    Error::config(format!(
        "snapshot.url: this build cannot read {of}. Build it with the feature: cargo install --features {feature}, or \
         cargo build --release --features {feature}."
    ))
}
