//! What a schedule asks of the function, beside batches.

use crate::deadline::Deadline;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::sink::{Database, Purging};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Duration;

/// An event that is a job is this short; no batch is.
const JOB_BYTES_MAX: usize = 256;

/// Tombstones and dead letters that are old enough are to be removed.
const PURGE: &str = "purge";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Job {
    rowtide: String,
}

/// The job that an event asks for, `{"rowtide":"purge"}`, if it asks for one.
pub(super) fn of(event: &str) -> Option<String> {
    let is_short_object = event.len() <= JOB_BYTES_MAX && event.trim_start().starts_with('{');
    let job: Job = serde_json::from_str(Some(event).filter(|_| is_short_object)?).ok()?;
    Some(job.rowtide)
}

/// Runs a job until shortly before the deadline, and gives its answer.
///
/// # Errors
/// When there is no such job, or a table could not be purged; the others are. When not one tombstone was removed and
/// the time was over.
pub(super) async fn run(
    job: &str,
    sink: &Database,
    older_than: Duration,
    deadline: Deadline,
) -> Result<Box<RawValue>> {
    if job != PURGE {
        let message = format!("The event asks for the job \"{job}\". There is only \"{PURGE}\".");
        return Err(Error::config(message));
    }
    let mut purged = Box::pin(sink.purge_all(older_than, Purging::Removed { by: deadline })).await?;
    let answer = purged.to_json();
    let tombstones: u64 = purged.targets.iter().map(|target| target.rows).sum();
    tracing::info!(
        targets = purged.targets.len(),
        left_alone = purged.left_alone.len(),
        tombstones,
        dead_letters = purged.dead_letters,
        complete = purged.is_complete(),
        failed = purged.failed.len(),
        "Purge done."
    );
    for (_, error) in &purged.failed {
        tracing::error!(code = error.code().as_str(), sqlstate = error.sqlstate(), "{error}");
    }
    if !purged.failed.is_empty() {
        return Err(purged.failed.remove(0).1);
    }
    if !purged.is_complete() && tombstones == 0 {
        return Err(Error::new(
            ErrorKind::Unavailable,
            Code::Deadline,
            "The purge ran out of time before it removed a tombstone: a table is locked, or too large for this \
             function's timeout. Raise the timeout, or run `rowtide purge` where there is more time.",
        ));
    }
    RawValue::from_string(answer).map_err(|_| Error::config("The answer is not JSON."))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn an_event_of_a_schedule_is_told_from_a_batch() {
        assert_eq!(of(r#"{"rowtide":"purge"}"#).as_deref(), Some("purge"));
        assert_eq!(of(r#" { "rowtide" : "other" } "#).as_deref(), Some("other"));
        for other in [
            r#"{"Records":[]}"#,
            r#"{"rowtide":"purge","Records":[]}"#,
            r#"{"rowtide":1}"#,
            "",
            "[]",
            r#"["purge"]"#,
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
