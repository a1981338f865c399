//! Where a table is cut into parts: at keys that divide the numbers of its first column evenly. Only an index is asked.

use super::connect::meaning;
use super::database::{Mysql, Plan};
use super::key::{KeyColumn, text_of};
use super::value::unexpected;
use crate::error::Result;
use crate::plan::fill;
use crate::snapshot::table::Range;
use mysql_async::prelude::Queryable as _;
use mysql_async::{Row, Value};

impl Mysql {
    /// The parts of a table, at most `parts`. What has no key, or one that does not begin with a whole number, is one
    /// part: nothing tells where the middle of others is, but to read them.
    ///
    /// # Errors
    /// When the table cannot be asked.
    pub(in crate::snapshot) async fn split(
        &self,
        table: &str,
        plan: &Plan,
        parts: u64,
    ) -> Result<Vec<Range>> {
        let first = plan.order.first().filter(|column| parts > 1 && column.is_integer());
        let Some(first) = first else { return Ok(vec![Range::default()]) };
        let asked = |error: mysql_async::Error| meaning(&error).about(table, None);
        let mut client = self.client().await?;
        let ends = fill(
            include_str!("../../../sql/snapshot/mysql/ends.sql"),
            &[("column", &first.column), ("rows", &plan.rows)],
        );
        let ends: Option<Row> = client.exec_first(ends, ()).await.map_err(asked)?;
        let ends = ends.and_then(|row| Some((number(row.as_ref(0)?)?, number(row.as_ref(1)?)?)));
        let Some((least, greatest)) = ends else { return Ok(vec![Range::default()]) };
        let sql = plan.cut(first);
        let mut bounds = Vec::new();
        for cut in cuts(least, greatest, parts) {
            let bound = first.value(&cut.to_string()).ok_or_else(unexpected)?;
            let row: Option<Row> = client.exec_first(sql.as_str(), (bound,)).await.map_err(asked)?;
            let Some(row) = row else { continue };
            let key: Option<Vec<String>> = (0..plan.order.len()).map(|at| text_of(row.as_ref(at)?)).collect();
            bounds.push(key.ok_or_else(unexpected)?);
        }
        Ok(Range::between(bounds))
    }
}

impl Plan {
    /// The statement that finds the last key up to a number.
    fn cut(&self, first: &KeyColumn) -> String {
        let texts: Vec<&str> = self.order.iter().map(|column| column.text.as_str()).collect();
        let order: Vec<String> = self.order.iter().map(|column| format!("{} desc", column.column)).collect();
        fill(
            include_str!("../../../sql/snapshot/mysql/cut.sql"),
            &[
                ("texts", &texts.join(", ")),
                ("rows", &self.rows),
                ("column", &first.column),
                ("order", &order.join(", ")),
            ],
        )
    }
}

fn number(value: &Value) -> Option<i128> {
    text_of(value)?.parse().ok()
}

/// The numbers between equal parts.
fn cuts(least: i128, greatest: i128, parts: u64) -> impl Iterator<Item = i128> {
    let width = greatest - least;
    (1..i128::from(parts)).map(move |part| least + width * part / i128::from(parts))
}

#[cfg(test)]
mod tests {
    use super::cuts;

    #[test]
    fn cuts_divide_the_numbers_evenly_however_large_they_are() {
        assert_eq!(cuts(0, 100, 4).collect::<Vec<_>>(), [25, 50, 75]);
        assert_eq!(cuts(-5, -5, 2).collect::<Vec<_>>(), [-5]);
        let greatest = i128::from(u64::MAX);
        assert_eq!(cuts(0, greatest, 1_000).count(), 999);
        assert!(cuts(0, greatest, 1_000).all(|cut| (0..=greatest).contains(&cut)));
    }
}
