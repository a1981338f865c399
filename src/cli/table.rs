//! Rows as tables, for people: the first ones, long values cut, nothing that a terminal would obey.

use super::terminal::printable;
use comfy_table::{ContentArrangement, presets};
use rowtide::json::Value;
use rowtide::plan::merge;
use rowtide::sink::LiveRow;
use std::collections::HashSet;
use std::io::{self, IsTerminal as _, Write};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// More rows nobody reads.
const ROWS_SHOWN: usize = 20;
/// With more columns, the document stands in one.
const COLUMNS_SHOWN: usize = 8;
/// Characters of a value, and of a whole document.
const VALUE_CHARACTERS: usize = 40;
const DOCUMENT_CHARACTERS: usize = 120;

/// A list that is read line by line has so many columns, where nobody says how wide the terminal is.
const LIST_COLUMNS: usize = 80;

/// A terminal that says it is narrower does not know its width.
const WIDTH_MIN: u16 = 40;

/// The rows of a target.
#[derive(Default)]
pub(super) struct Grid {
    shown: Vec<GridRow>,
    rows: usize,
}

struct GridRow {
    key: Vec<(String, Value)>,
    document: Vec<(String, Value)>,
    deleted: bool,
}

impl Grid {
    /// Adds a row; of those that are not shown only the number is kept.
    pub(super) fn add(&mut self, row: &LiveRow) {
        self.rows += 1;
        if self.shown.len() >= ROWS_SHOWN {
            return;
        }
        let members = |value: Option<Value>| match value {
            Some(Value::Object(members)) => members,
            _ => Vec::new(),
        };
        let (key, document) = whole(row);
        self.shown.push(GridRow { key: members(key), document: members(document), deleted: row.deleted });
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Writes the table.
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        if self.shown.is_empty() {
            return Ok(());
        }
        let keys = names(self.shown.iter().map(|row| row.key.as_slice()));
        let mut fields = names(self.shown.iter().map(|row| row.document.as_slice()));
        let whole = keys.len() + fields.len() > COLUMNS_SHOWN;
        let soft = self.shown.iter().any(|row| row.deleted);
        if whole {
            fields = vec!["data".to_owned()];
        }
        let header = keys.iter().chain(&fields).map(|name| cut(name, VALUE_CHARACTERS));
        let header: Vec<String> = header.chain(soft.then(|| "deleted".to_owned())).collect();
        let lines = self.shown.iter().map(|row| {
            let mut cells: Vec<String> = keys.iter().map(|name| cell(&row.key, name)).collect();
            if whole {
                let document = Value::Object(row.document.clone()).to_text();
                cells.push(cut(&document, DOCUMENT_CHARACTERS));
            } else {
                cells.extend(fields.iter().map(|name| cell(&row.document, name)));
            }
            cells.extend(soft.then(|| row.deleted.to_string()));
            cells
        });
        write_table(header, lines, out)?;
        match self.rows - self.shown.len() {
            0 => Ok(()),
            more => writeln!(out, "… and {more} more"),
        }
    }
}

/// Key and document of a row, with what `aux` holds of them.
pub(super) fn whole(row: &LiveRow) -> (Option<Value>, Option<Value>) {
    match merge(&row.pk, row.data.as_deref(), &row.aux) {
        Ok((key, document)) => (Some(key), document),
        // an adopted table may hold what rowtide did not write
        Err(_) => (Value::parse(&row.pk).ok(), row.data.as_deref().and_then(|data| Value::parse(data).ok())),
    }
}

/// The names of all members, in the order in which they are first met.
fn names<'r>(rows: impl Iterator<Item = &'r [(String, Value)]>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut seen = HashSet::new();
    for (name, _) in rows.flatten() {
        if seen.insert(name) {
            names.push(name.clone());
        }
    }
    names
}

/// A text stands without quotes, everything else as JSON, what is missing as nothing.
fn cell(members: &[(String, Value)], name: &str) -> String {
    match members.iter().find(|(member, _)| member == name) {
        Some((_, Value::String(text))) => cut(text, VALUE_CHARACTERS),
        Some((_, value)) => cut(&value.to_text(), VALUE_CHARACTERS),
        None => String::new(),
    }
}

/// At most so many characters of `text`, on one line.
pub(super) fn cut(text: &str, characters_max: usize) -> String {
    let text = printable(text);
    let mut shown: String = text.chars().take(characters_max).collect();
    if text.chars().nth(characters_max).is_some() {
        shown.pop();
        shown.push('…');
    }
    shown
}

/// `text` on one line of at most so many columns: what is left out of a longer one stood in its middle, since both ends
/// tell names apart.
pub(super) fn shortened(text: &str, columns_max: usize) -> String {
    let text = printable(text);
    if text.width() <= columns_max {
        return text.into_owned();
    }
    let kept = columns_max.saturating_sub(1);
    let head = within(text.chars(), kept.div_ceil(2));
    let tail = within(text.chars().rev(), kept / 2);
    let tail: String = tail.chars().rev().collect();
    format!("{head}…{tail}")
}

/// The first characters that have room in so many columns.
fn within(chars: impl Iterator<Item = char>, columns_max: usize) -> String {
    let mut columns = 0;
    let fits = |c: &char| {
        columns += c.width().unwrap_or_default();
        columns <= columns_max
    };
    chars.take_while(fits).collect()
}

/// The columns of a list: those of the terminal, else as many as most have.
fn columns_of_list() -> usize {
    let table = comfy_table::Table::new();
    let of_terminal = table.width().filter(|_| io::stdout().is_terminal()).map(usize::from);
    of_terminal.unwrap_or_default().max(LIST_COLUMNS)
}

/// Shortens the cells of some columns, each given with the least that it keeps, the widest first, until the lines with
/// their header and frame fit, as far as that goes: whether they do.
pub(super) fn fit(header: &[String], lines: &mut [Vec<String>], flexible: &[(usize, usize)]) -> bool {
    let widest = |column: usize| {
        let title = header.get(column).into_iter().flat_map(|title| title.split('\n'));
        let cells = lines.iter().filter_map(|line| line.get(column)).map(String::as_str);
        cells.chain(title).map(|cell| printable(cell).width()).max().unwrap_or_default()
    };
    let mut widths: Vec<usize> = (0..header.len()).map(widest).collect();
    let most = columns_of_list();
    // a cell has a blank on each side and a line behind it
    let total = |widths: &[usize]| widths.iter().map(|width| width + 3).sum::<usize>() + 1;
    while total(&widths) > most {
        let can_shrink = |(column, least): &&(usize, usize)| widths.get(*column) > Some(least);
        let next = flexible.iter().filter(can_shrink).max_by_key(|(column, _)| widths.get(*column));
        let Some(width) = next.and_then(|(column, _)| widths.get_mut(*column)) else { break };
        *width -= 1;
    }
    for line in lines {
        for (column, _) in flexible {
            if let (Some(cell), Some(width)) = (line.get_mut(*column), widths.get(*column)) {
                *cell = shortened(cell, *width);
            }
        }
    }
    total(&widths) <= most
}

/// Writes lines under a header, as wide as a terminal is. What stands above a column may have several lines.
pub(super) fn write_table(
    header: Vec<String>,
    lines: impl Iterator<Item = Vec<String>>,
    out: &mut impl Write,
) -> io::Result<()> {
    // widths are those of what is seen
    let shown =
        |cells: Vec<String>| cells.iter().map(|cell| printable(cell).into_owned()).collect::<Vec<_>>();
    let titles = header.iter().map(|title| shown(title.split('\n').map(str::to_owned).collect()).join("\n"));
    let mut table = comfy_table::Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(titles).add_rows(lines.map(shown));
    if io::stdout().is_terminal() && table.width().is_some_and(|width| width >= WIDTH_MIN) {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Grid, cut, fit, shortened};
    use rowtide::sink::LiveRow;

    #[test]
    fn a_long_value_keeps_both_ends_whatever_its_characters_take() {
        assert_eq!(shortened("abcdefghij", 10), "abcdefghij");
        assert_eq!(shortened("abcdefghij", 6), "abc…ij");
        assert_eq!(shortened("東京都千代田区", 8), "東京…区");
        assert_eq!(shortened("a\u{1b}[31mb\nc", 40), "a\u{fffd}[31mb c");
    }

    #[test]
    fn the_widest_columns_give_way_until_a_list_fits() {
        let header = ["id".to_owned(), "table".to_owned(), "key".to_owned()];
        let line = |table: usize| vec!["1".repeat(19), "t".repeat(table), "k".repeat(20)];
        let mut lines = vec![line(100), line(3)];
        assert!(fit(&header, &mut lines, &[(1, 8), (2, 8)]));
        let columns = |line: &[String]| line.iter().map(|cell| cell.chars().count()).collect::<Vec<_>>();
        assert_eq!((columns(&lines[0]), columns(&lines[1])), (vec![19, 31, 20], vec![19, 3, 20]));
        assert!(!fit(&header, &mut [line(100)], &[(2, 8)]));
    }

    #[test]
    fn a_value_is_cut_and_cannot_steer_the_terminal() {
        assert_eq!(cut("a\u{1b}[31mb\nc", 40), "a\u{fffd}[31mb c");
        assert_eq!(cut("äöüß", 3), "äö…");
        assert_eq!(cut("äöü", 3), "äöü");
    }

    #[test]
    fn many_fields_of_many_names_are_printed() {
        let mut table = Grid::default();
        for row in 0..20 {
            let fields: Vec<String> = (0..5_000).map(|field| format!("\"f{row}_{field}\":1")).collect();
            table.add(&LiveRow {
                pk: format!("{{\"id\":{row}}}"),
                data: Some(format!("{{{}}}", fields.join(","))),
                aux: "{}".to_owned(),
                deleted: false,
            });
        }
        // names looked up one by one took 30 seconds
        let mut out = Vec::new();
        table.print(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap().matches("f7_0").count(), 1);
    }

    #[test]
    fn key_members_come_first_and_many_fields_become_one_column() {
        let row = |id: usize, data: &str| LiveRow {
            pk: format!("{{\"id\":{id}}}"),
            data: Some(data.to_owned()),
            aux: "{}".to_owned(),
            deleted: false,
        };
        let mut table = Grid::default();
        (0..25).for_each(|id| table.add(&row(id, r#"{"total":1.10}"#)));
        let mut out = Vec::new();
        table.print(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("│ id ┆ total │") && text.contains("1.10"), "{text}");
        assert!(text.ends_with("… and 5 more\n"), "{text}");
        let mut table = Grid::default();
        table.add(&row(1, r#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8}"#));
        let mut out = Vec::new();
        table.print(&mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("┆ data"));
    }
}
