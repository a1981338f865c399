//! The items of one segment of a table, a Scan a page.

use super::database::{Dynamodb, Plan, meaning};
use super::item::{Attributes, key_of, parse_key, write_item};
use crate::error::{Code, Error, ErrorKind, Result};
use crate::snapshot::table::{Described, Page, Range, bad_cursor};
use aws_sdk_dynamodb::Client;
use std::sync::Arc;

/// Reads one segment of a table.
pub(in crate::snapshot) struct Reader {
    client: Client,
    plan: Arc<Plan>,
    table: String,
    segment: i32,
    segments: i32,
    /// The key behind which the next page begins.
    after: Option<Attributes>,
    is_done: bool,
}

impl Reader {
    /// Reads what of the segment `range` is behind the place `after`.
    ///
    /// # Errors
    /// When the place is none of this table.
    pub(in crate::snapshot) fn open(
        source: &Dynamodb,
        plan: &Arc<Plan>,
        table: &Described,
        range: &Range,
        after: Option<&[String]>,
    ) -> Result<Self> {
        let no_place = || bad_cursor(&table.name);
        let number = |text: &String| text.parse::<i32>().map_err(|_| no_place());
        let (segment, segments) = match range.until.as_deref() {
            None => (0, 1),
            Some([segment, segments]) => (number(segment)?, number(segments)?),
            Some(_) => return Err(no_place()),
        };
        let after = match after {
            None => None,
            Some([key]) => Some(parse_key(key).ok_or_else(no_place)?),
            Some(_) => return Err(no_place()),
        };
        Ok(Self {
            client: source.client.clone(),
            plan: plan.clone(),
            table: table.name.clone(),
            segment,
            segments,
            after,
            is_done: false,
        })
    }

    /// The next items; none when there are no more.
    ///
    /// # Errors
    /// When the service breaks off.
    pub(in crate::snapshot) async fn page(&mut self) -> Result<Option<Page>> {
        while !self.is_done {
            let scan = self.client.scan().table_name(&self.plan.table).consistent_read(true);
            let scan = scan.segment(self.segment).total_segments(self.segments);
            let scan = scan.set_limit(i32::try_from(self.plan.chunk).ok());
            let answer = scan.set_exclusive_start_key(self.after.take()).send().await;
            let answer = answer.map_err(|error| meaning(&error).about(&self.table, None))?;
            let mut page = Page::default();
            for item in answer.items() {
                page.lines.push_str("{\"Item\":");
                write_item(item, &mut page.lines).ok_or_else(|| self.unknown_type())?;
                page.lines.push_str("}\n");
                page.rows += 1;
            }
            // behind the last item nobody asks, but whoever ends there may
            let last = answer.last_evaluated_key().or_else(|| answer.items().last());
            page.after = last.and_then(|item| key_of(item, &self.plan.key)).map(|key| vec![key]);
            self.is_done = answer.last_evaluated_key().is_none();
            self.after = answer.last_evaluated_key().cloned();
            if page.rows > 0 {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    fn unknown_type(&self) -> Error {
        let message = "An item has an attribute of a type that this version does not know.";
        Error::new(ErrorKind::Config, Code::Configuration, message).about(&self.table, None)
    }
}
