//! Where a table is cut into parts: at keys of rows that a sample of its pages shows.

use super::database::{Plan, Postgres};
use crate::deadline::Deadline;
use crate::error::Result;
use crate::plan::fill;
use crate::sink::SourceServer;
use crate::snapshot::table::Range;

/// Rows of a sample for each part: the parts then differ by a few percent.
const SAMPLED: f64 = 500.0;

impl Postgres {
    /// The parts of a table, at most `parts`: ranges of its key that hold about as many rows each. What has no key, or
    /// too few rows, is one part.
    ///
    /// # Errors
    /// When the table cannot be sampled.
    pub(in crate::snapshot) async fn split(
        &self,
        name: &str,
        plan: &Plan,
        parts: u64,
        deadline: Deadline,
    ) -> Result<Vec<Range>> {
        let parts = usize::try_from(parts).unwrap_or(usize::MAX);
        if parts <= 1 || !plan.is_paged() {
            return Ok(vec![Range::default()]);
        }
        let asked = |error: &tokio_postgres::Error| SourceServer::error(error).about(name, None);
        let reading = self.reading(deadline).await?;
        let client = reading.client()?;
        let estimate = include_str!("../../../sql/snapshot/postgres/estimate.sql");
        let estimate = client.query_one(estimate, &[&plan.rows]).await.map_err(|error| asked(&error))?;
        let rows: Option<f64> = estimate.try_get(0).map_err(|error| asked(&error))?;
        // a view has no pages
        let Some(rows) = rows else { return Ok(vec![Range::default()]) };
        let found = client.query(&plan.sample(rows, parts), &[]).await.map_err(|error| asked(&error))?;
        let keys: Vec<Vec<String>> = found
            .iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()
            .map_err(|error: tokio_postgres::Error| asked(&error))?;
        reading.end().await?;
        Ok(ranges(&keys, parts))
    }
}

impl Plan {
    fn sample(&self, rows: f64, parts: usize) -> String {
        let wanted = SAMPLED * u32::try_from(parts).map_or(f64::MAX, f64::from);
        let percent = if rows > wanted { 100.0 * wanted / rows } else { 100.0 };
        fill(
            include_str!("../../../sql/snapshot/postgres/sample.sql"),
            &[
                ("texts", &self.key_texts().collect::<Vec<_>>().join(", ")),
                ("rows", &self.rows),
                ("percent", &percent.to_string()),
                ("conditions", &self.condition()),
                ("order", &self.key_columns()),
            ],
        )
    }
}

/// The ranges between some of the keys, which are in order.
fn ranges(keys: &[Vec<String>], parts: usize) -> Vec<Range> {
    Range::between((1..parts).filter_map(|part| keys.get(part * keys.len() / parts).cloned()).collect())
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn ranges_follow_one_another_and_leave_nothing_out() {
        let keys: Vec<Vec<String>> = (0..10).map(|key| vec![key.to_string()]).collect();
        let parts = ranges(&keys, 3);
        let bounds: Vec<(Option<&str>, Option<&str>)> = parts
            .iter()
            .map(|it| {
                (it.after.as_ref().map(|key| key[0].as_str()), it.until.as_ref().map(|key| key[0].as_str()))
            })
            .collect();
        assert_eq!(bounds, [(None, Some("3")), (Some("3"), Some("6")), (Some("6"), None)]);
        assert_eq!(ranges(&[], 8).len(), 1);
        assert_eq!(ranges(&vec![vec!["a".to_owned()]; 9], 4).len(), 2);
    }
}
