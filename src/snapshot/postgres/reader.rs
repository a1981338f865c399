//! The rows of one part of a table, page by page.

use super::database::{Plan, Postgres, Reading};
use super::value::{fields, unescaped, write_row};
use crate::deadline::Deadline;
use crate::error::Result;
use crate::sink::SourceServer;
use crate::snapshot::table::{Described, PAGE_BYTES, PAGE_ROWS, Page, Range, bad_cursor};
use futures_util::StreamExt as _;
use memchr::memchr;
use std::pin::Pin;
use std::sync::Arc;
use tokio_postgres::CopyOutStream;

/// Reads one part of a table.
pub(in crate::snapshot) struct Reader {
    plan: Arc<Plan>,
    table: String,
    reading: Reading,
    until: Option<Vec<String>>,
    /// The key of the last row that was read.
    after: Option<Vec<String>>,
    /// What the statement that runs has not given yet.
    copy: Option<Pin<Box<CopyOutStream>>>,
    /// Rows that it gave so far.
    given: u64,
    /// The start of a line whose end has not come yet.
    cut: Vec<u8>,
    is_done: bool,
}

impl Reader {
    /// Reads what of `range` is behind the place `after`.
    ///
    /// # Errors
    /// When no connection can be made, or the place is none of this table.
    pub(in crate::snapshot) async fn open(
        source: &Postgres,
        plan: &Arc<Plan>,
        table: &Described,
        range: &Range,
        after: Option<&[String]>,
    ) -> Result<Self> {
        let fits = |key: &[String]| key.len() == plan.order.len() && plan.is_paged();
        if [after, range.after.as_deref(), range.until.as_deref()].into_iter().flatten().any(|key| !fits(key))
        {
            return Err(bad_cursor(&table.name));
        }
        Ok(Self {
            plan: plan.clone(),
            table: table.name.clone(),
            reading: source.reading(Deadline::never()).await?,
            until: range.until.clone(),
            after: after.map(<[_]>::to_vec).or_else(|| range.after.clone()),
            copy: None,
            given: 0,
            cut: Vec::new(),
            is_done: false,
        })
    }

    /// The next rows; none when there are no more.
    ///
    /// # Errors
    /// When the database breaks off.
    pub(in crate::snapshot) async fn page(&mut self) -> Result<Option<Page>> {
        let mut page = Page { lines: String::with_capacity(PAGE_BYTES + PAGE_BYTES / 8), ..Page::default() };
        while !self.is_done && page.lines.len() < PAGE_BYTES && page.rows < PAGE_ROWS {
            let copy = match &mut self.copy {
                Some(copy) => copy,
                None => {
                    let sql = self.plan.copy(self.after.as_deref(), self.until.as_deref());
                    self.reading.begin().await?;
                    let copy = self.reading.client()?.copy_out(&sql).await;
                    let copy = copy.map_err(|error| self.error(&error))?;
                    self.given = 0;
                    self.copy.insert(Box::pin(copy))
                }
            };
            match copy.next().await.transpose().map_err(|error| self.error(&error))? {
                Some(bytes) => self.lines(&bytes, &mut page)?,
                None => {
                    self.copy = None;
                    self.reading.pause().await?;
                    self.is_done = !self.plan.is_paged() || self.given < self.plan.chunk;
                }
            }
        }
        // the next row may have the same key, unless a statement has ended here
        let may_end = self.plan.is_paged() && (!self.plan.has_heirs || self.copy.is_none());
        page.after = self.after.clone().filter(|_| may_end);
        Ok((page.rows > 0).then_some(page))
    }

    fn error(&self, error: &tokio_postgres::Error) -> crate::error::Error {
        SourceServer::error(error).about(&self.table, None)
    }

    /// Takes the lines of a message, which holds one as a rule.
    fn lines(&mut self, mut bytes: &[u8], page: &mut Page) -> Result<()> {
        while let Some(at) = memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(at);
            bytes = rest.get(1..).unwrap_or_default();
            if self.cut.is_empty() {
                self.line(line, page)?;
            } else {
                let mut whole = std::mem::take(&mut self.cut);
                whole.extend_from_slice(line);
                self.line(&whole, page)?;
            }
        }
        self.cut.extend_from_slice(bytes);
        Ok(())
    }

    fn line(&mut self, line: &[u8], page: &mut Page) -> Result<()> {
        let plan = &self.plan;
        write_row(&plan.columns, line, &mut page.lines)?;
        page.lines.push('\n');
        page.rows += 1;
        self.given += 1;
        // only the last one of a page is asked for, and which that is nobody knows
        if plan.is_paged() {
            let key = self.after.get_or_insert_with(|| vec![String::new(); plan.order.len()]);
            for (text, field) in key.iter_mut().zip(fields(line).skip(plan.columns.len())) {
                text.clear();
                text.push_str(&unescaped(&String::from_utf8_lossy(field)));
            }
        }
        Ok(())
    }
}
