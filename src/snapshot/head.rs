//! Rows made into records: what every record says of its table stands in its head.

use super::table::{Described, Page};
use crate::event::Timestamp;
use crate::formats::snapshot::HEAD;
use crate::json::{quoted, write_string};
use crate::record::Record;
use bytes::Bytes;

/// Microseconds between two versions of a scheme: Maxwell's loads count seconds.
pub(super) fn tick(scheme: char) -> i64 {
    if scheme == 'x' { 1_000_000 } else { 1 }
}

/// What the records of a table have in common.
pub(super) struct Head {
    /// Up to the value of its member, which is the row.
    row: String,
    /// The same of a row that is gone, one tick earlier.
    gone: String,
    /// The head alone, as an archive keeps it.
    pub(super) alone: String,
    template: Record,
    run: String,
}

impl Head {
    /// The head of the rows of a table, read by a run that began `at` this time.
    pub(super) fn new(table: &Described, scheme: char, at: Timestamp, run: &str) -> Self {
        let alone = |at: Timestamp| {
            let source = if table.source.is_empty() { "{}" } else { table.source.as_str() };
            let key: Vec<String> = table.key.iter().map(|name| quoted(name)).collect();
            let mut head = format!("{{\"{HEAD}\":{{\"table\":");
            write_string(&mut head, &table.name);
            head.push_str(&format!(
                ",\"source\":{source},\"scheme\":\"{scheme}\",\"at\":\"{at}\",\"key\":[{}]}}}}",
                key.join(",")
            ));
            head
        };
        let open = |alone: &str, member: &str| {
            format!("{},\"{member}\":", alone.strip_suffix('}').unwrap_or_default())
        };
        let now = alone(at);
        let before = alone(Timestamp(at.0 - tick(scheme)));
        Self {
            row: open(&now, "row"),
            gone: open(&before, "gone"),
            alone: now,
            template: Record::new(&format!("snapshot:{}", table.name), "", Bytes::new()),
            run: run.to_owned(),
        }
    }

    /// The records of a page: those of the rows behind the first `before` ones of a part.
    pub(super) fn records(&self, page: &Page, part: usize, before: u64) -> Vec<Record> {
        let place = |number: u64| format!("{}/{part}/{}", self.run, before + number + 1);
        self.of_lines(&self.row, page.lines.lines(), place)
    }

    /// The records of rows that are gone, by the JSON objects of their keys.
    pub(super) fn of_gone<'k>(&self, keys: impl Iterator<Item = &'k str>, before: u64) -> Vec<Record> {
        self.of_lines(&self.gone, keys, |number| format!("{}/gone/{}", self.run, before + number + 1))
    }

    fn of_lines<'l>(
        &self,
        open: &str,
        lines: impl Iterator<Item = &'l str>,
        place: impl Fn(u64) -> String,
    ) -> Vec<Record> {
        let mut text = String::new();
        let mut ends = Vec::new();
        for line in lines {
            text.push_str(open);
            text.push_str(line);
            text.push('}');
            ends.push(text.len());
        }
        // one allocation for all of them
        let text = Bytes::from(text);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let record = |((start, end), number)| Record {
            position: place(number),
            payload: text.slice(start..end),
            ..self.template.clone()
        };
        starts.zip(ends.iter().copied()).zip(0..).map(record).collect()
    }
}
