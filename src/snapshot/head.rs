//! Rows made into records: what every record says of its table stands in its head.

#[cfg(feature = "dynamodb")]
use super::dynamodb::typed_key;
use super::table::{Described, Form, Page};
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
    row: Frame,
    /// That of a row that is gone, one tick earlier.
    gone: Frame,
    form: Form,
    /// The head alone, as an archive keeps it.
    pub(super) alone: String,
    /// The member of a record that a line of an archive is; none where its members stand beside those of the head.
    pub(super) wrap: Option<&'static str>,
    template: Record,
    run: String,
}

/// What stands around a line.
enum Frame {
    /// Up to the value of the member that the line is.
    Member(String),
    /// Up to the members that the line has.
    #[cfg(feature = "dynamodb")]
    Beside(String),
}

impl Head {
    /// The head of the rows of a table, read by a run that began `at` this time.
    pub(super) fn new(table: &Described, scheme: char, at: Timestamp, run: &str) -> Self {
        let before = Timestamp(at.0 - tick(scheme));
        let (alone, wrap, row, gone) = match &table.form {
            Form::Rows => {
                let (now, before) = (of_rows(table, scheme, at), of_rows(table, scheme, before));
                let [row, gone] = [(&now, "row"), (&before, "gone")]
                    .map(|(head, member)| Frame::Member(format!("{},\"{member}\":", opened(head))));
                (now, Some("row"), row, gone)
            }
            #[cfg(feature = "dynamodb")]
            Form::Items { arn, .. } => {
                let arn = quoted(arn);
                let now = format!("{{\"tableArn\":{arn},\"exportTime\":\"{at}\"}}");
                let row = Frame::Beside(format!("{},", opened(&now)));
                let written = format!("{{\"WriteTimestampMicros\":{{\"N\":\"{}\"}}}}", before.0);
                let gone = Frame::Member(format!("{{\"tableArn\":{arn},\"Metadata\":{written},\"Keys\":"));
                (now, None, row, gone)
            }
        };
        let template = Record::new(&format!("snapshot:{}", table.name), "", Bytes::new());
        Self { row, gone, form: table.form.clone(), alone, wrap, template, run: run.to_owned() }
    }

    /// The records of a page: those of the rows behind the first `before` ones of a part.
    pub(super) fn records(&self, page: &Page, part: usize, before: u64) -> Vec<Record> {
        let place = |number: u64| format!("{}/{part}/{}", self.run, before + number + 1);
        self.of_lines(&self.row, page.lines.lines(), place)
    }

    /// The records of rows that are gone, by the JSON objects of their keys.
    pub(super) fn of_gone<'k>(&self, keys: impl Iterator<Item = &'k str>, before: u64) -> Vec<Record> {
        let place = |number: u64| format!("{}/gone/{}", self.run, before + number + 1);
        match &self.form {
            Form::Rows => self.of_lines(&self.gone, keys, place),
            #[cfg(feature = "dynamodb")]
            Form::Items { types, .. } => {
                let keys: Vec<String> = keys.map(|key| typed_key(types, key)).collect();
                self.of_lines(&self.gone, keys.iter().map(String::as_str), place)
            }
        }
    }

    fn of_lines<'l>(
        &self,
        frame: &Frame,
        lines: impl Iterator<Item = &'l str>,
        place: impl Fn(u64) -> String,
    ) -> Vec<Record> {
        let mut text = String::new();
        let mut ends = Vec::new();
        for line in lines {
            match frame {
                Frame::Member(open) => text.extend([open, line, "}"]),
                #[cfg(feature = "dynamodb")]
                Frame::Beside(open) => text.extend([open, line.strip_prefix('{').unwrap_or(line)]),
            }
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

/// The head of rows with columns.
fn of_rows(table: &Described, scheme: char, at: Timestamp) -> String {
    let source = if table.source.is_empty() { "{}" } else { table.source.as_str() };
    let key: Vec<String> = table.key.iter().map(|name| quoted(name)).collect();
    let mut head = format!("{{\"{HEAD}\":{{\"table\":");
    write_string(&mut head, &table.name);
    head.push_str(&format!(
        ",\"source\":{source},\"scheme\":\"{scheme}\",\"at\":\"{at}\",\"key\":[{}]}}}}",
        key.join(",")
    ));
    head
}

/// An object to which members can be added.
fn opened(object: &str) -> &str {
    object.strip_suffix('}').unwrap_or_default()
}
