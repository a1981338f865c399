//! The rows of one part of a table, page by page. A task of its own reads them: an answer that is not read to its end
//! holds its connection.

use super::connect::meaning;
use super::database::{Mysql, Plan};
use super::key::text_of;
use super::value::{unexpected, write_row};
use crate::error::Result;
use crate::snapshot::table::{Described, PAGE_BYTES, PAGE_ROWS, Page, Range, bad_cursor, broke_off};
use futures_util::StreamExt as _;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Params, Row};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Reads one part of a table.
pub(in crate::snapshot) struct Reader {
    pages: mpsc::Receiver<Result<Option<Page>>>,
    is_done: bool,
}

impl Reader {
    /// Reads what of `range` is behind the place `after`.
    ///
    /// # Errors
    /// When no connection can be made, or the place is none of this table.
    pub(in crate::snapshot) async fn open(
        database: &Mysql,
        plan: &Arc<Plan>,
        table: &Described,
        range: &Range,
        after: Option<&[String]>,
    ) -> Result<Self> {
        let mut part = Part {
            plan: plan.clone(),
            table: table.name.clone(),
            after: after.map(<[_]>::to_vec).or_else(|| range.after.clone()),
            until: range.until.clone(),
            page: Page::default(),
        };
        let is_begun = part.after.is_some() || part.until.is_some();
        if is_begun && !plan.is_paged() {
            return Err(bad_cursor(&table.name));
        }
        // before a connection is made: whether the places are of this table
        part.statement()?;
        let client = database.client().await?;
        let (sender, pages) = mpsc::channel(1);
        tokio::spawn(async move {
            let ended = part.read(client, &sender).await.map(|()| None);
            // who does not listen any more needs no end
            sender.send(ended).await.unwrap_or_default();
        });
        Ok(Self { pages, is_done: false })
    }

    /// The next rows; none when there are no more.
    ///
    /// # Errors
    /// When the database breaks off.
    pub(in crate::snapshot) async fn page(&mut self) -> Result<Option<Page>> {
        if self.is_done {
            return Ok(None);
        }
        let page = self.pages.recv().await.ok_or_else(broke_off)?;
        self.is_done = !matches!(page, Ok(Some(_)));
        page
    }
}

/// A part of a table on its way.
struct Part {
    plan: Arc<Plan>,
    table: String,
    /// The key of the last row that was read.
    after: Option<Vec<String>>,
    until: Option<Vec<String>>,
    page: Page,
}

impl Part {
    fn statement(&self) -> Result<(String, Params)> {
        let statement = self.plan.statement(self.after.as_deref(), self.until.as_deref());
        statement.ok_or_else(|| bad_cursor(&self.table))
    }

    /// Reads all rows, as long as somebody takes them.
    async fn read(&mut self, mut client: Conn, pages: &mpsc::Sender<Result<Option<Page>>>) -> Result<()> {
        loop {
            let (sql, bound) = self.statement()?;
            let asked = |error: mysql_async::Error| meaning(&error).about(&self.table, None);
            let mut answer = client.exec_iter(sql, bound).await.map_err(asked)?;
            let rows = answer.stream::<Row>().await.map_err(asked)?;
            let mut rows = rows.ok_or_else(unexpected)?;
            let mut given = 0;
            while let Some(row) = rows.next().await {
                let row = row.map_err(|error| meaning(&error).about(&self.table, None))?;
                self.row(&row)?;
                given += 1;
                let is_full = self.page.lines.len() >= PAGE_BYTES || self.page.rows >= PAGE_ROWS;
                if is_full && pages.send(Ok(Some(self.ended()))).await.is_err() {
                    return Ok(());
                }
            }
            if !self.plan.is_paged() || given < self.plan.chunk {
                break;
            }
        }
        if self.page.rows > 0 {
            // nobody who listens needs no last page
            pages.send(Ok(Some(self.ended()))).await.unwrap_or_default();
        }
        Ok(())
    }

    fn row(&mut self, row: &Row) -> Result<()> {
        let plan = &self.plan;
        write_row(&plan.columns, row, &mut self.page.lines)?;
        self.page.lines.push('\n');
        self.page.rows += 1;
        if plan.is_paged() {
            let places = plan.columns.len()..plan.columns.len() + plan.order.len();
            let key: Option<Vec<String>> = places.map(|at| text_of(row.as_ref(at)?)).collect();
            self.after = Some(key.ok_or_else(unexpected)?);
        }
        Ok(())
    }

    /// The page as it is, and an empty one in its place.
    fn ended(&mut self) -> Page {
        let next = Page { lines: String::with_capacity(PAGE_BYTES + PAGE_BYTES / 8), ..Page::default() };
        let mut page = std::mem::replace(&mut self.page, next);
        page.after.clone_from(&self.after);
        page
    }
}
