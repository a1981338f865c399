//! What jobs keep between two runs: cursors, runs, claims. What is compared and set is a version, which is another with
//! every put.

use super::wire::errors::{MISSING_SCHEMA, is_missing_table};
use crate::error::{Code, Disposition, Error, ErrorKind, Result};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};

/// The longest name of a job, in bytes: with its key it stands in an entry of an index, which has 2,704 in PostgreSQL.
pub const STATE_JOB_MAX: usize = 256;

/// The longest key, in bytes, for the same reason.
pub const STATE_KEY_MAX: usize = 1_024;

/// The longest text, in bytes: a cursor, not a document.
pub const STATE_TEXT_MAX: usize = 256 * 1024;

/// Bytes that a list of states may take.
const LIST_BYTES_MAX: usize = 64 * 1024 * 1024;

/// States that are read together: with texts as long as they may be, they take no more than a list may.
pub(super) const PAGE_STATES: i64 = 200;

/// What a state takes beside its texts.
const STATE_BYTES: usize = 96;

/// Of a random number the version keeps 53 bits: so many are exact in JSON, whoever reads it.
const VERSION_SHIFT: u32 = 64 - 53;

/// What a job keeps under a key.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct State {
    /// The job.
    pub job: String,
    /// The key, one of the job's.
    pub key: String,
    /// What the job put there. It may hold values of rows.
    pub text: String,
    /// Another with every put, in no order, and never one that was there before.
    pub version: i64,
    /// When it was put, by the database's clock.
    pub updated_at: jiff::Timestamp,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // neither text nor key: both may hold values of rows
        f.debug_struct("State")
            .field("job", &self.job)
            .field("version", &self.version)
            .field("updated_at", &self.updated_at)
            .finish_non_exhaustive()
    }
}

impl State {
    /// As both databases answer.
    pub(super) fn read(row: &tokio_postgres::Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            job: row.try_get(0)?,
            key: row.try_get(1)?,
            text: row.try_get(2)?,
            version: row.try_get(3)?,
            updated_at: row.try_get(4)?,
        })
    }
}

/// A text to be put under a key, if what is there is what is expected.
pub(super) struct Put<'p> {
    pub(super) job: &'p str,
    pub(super) key: &'p str,
    pub(super) text: &'p str,
    /// The version that must be there; none, when nothing may be.
    pub(super) expected: Option<i64>,
    /// The version that it gets. No other put has it, so that it is known again after an answer that was lost.
    pub(super) version: i64,
    /// Whether an attempt ended without an answer, and may have been written.
    is_uncertain: AtomicBool,
}

impl<'p> Put<'p> {
    /// # Errors
    /// When the database could not hold it.
    pub(super) fn new(job: &'p str, key: &'p str, text: &'p str, expected: Option<i64>) -> Result<Self> {
        check_job(job)?;
        check_key(job, key)?;
        check_text(job, "A text", text, STATE_TEXT_MAX)?;
        Ok(Self { job, key, text, expected, version: fresh_version(), is_uncertain: AtomicBool::new(false) })
    }

    /// Takes note of an attempt of which nobody knows whether it was written.
    pub(super) fn noted(&self, attempt: Result<bool>) -> Result<bool> {
        if attempt.as_ref().is_err_and(|error| error.disposition() == Disposition::Retry) {
            self.is_uncertain.store(true, Ordering::Relaxed);
        }
        attempt
    }

    /// What came of a put that the last attempt did not write, by what is there now: the new version when an attempt
    /// before wrote it, `None` when somebody else was faster.
    ///
    /// # Errors
    /// When that cannot be told: the attempt before may have been written, and written over since.
    pub(super) fn outcome(&self, found: Option<&State>) -> Result<Option<i64>> {
        match found {
            Some(state) if state.version == self.version => Ok(Some(self.version)),
            // whether it was written or not, it is another's now
            Some(_) if self.expected.is_none() => Ok(None),
            Some(_) | None if self.is_uncertain.load(Ordering::Relaxed) => Err(self.untold()),
            Some(_) | None => Ok(None),
        }
    }

    fn untold(&self) -> Error {
        let message = format!(
            "Whether a state of the job {} was written is not known: the database's answer was lost, and somebody else \
             has written or cleared it since. Read it again before going on.",
            self.job
        );
        Error::new(ErrorKind::Contended, Code::Contended, message)
    }
}

/// A version that no other put has: random, so that whoever held a state before it was cleared does not hold the next
/// one under its key.
fn fresh_version() -> i64 {
    // the keys of a hasher come from the system's randomness, others each time
    let random = RandomState::new().build_hasher().finish() >> VERSION_SHIFT;
    i64::try_from(random).unwrap_or(i64::MAX)
}

/// States as they are read page by page.
#[derive(Default)]
pub(super) struct States {
    read: Vec<State>,
    bytes: usize,
}

impl States {
    /// Where the next page begins.
    pub(super) fn after(&self) -> (&str, &str) {
        self.read.last().map_or(("", ""), |state| (&state.job, &state.key))
    }

    /// Adds a page: whether there may be another.
    ///
    /// # Errors
    /// When a list does not hold so much.
    pub(super) fn add(&mut self, page: Vec<State>) -> Result<bool> {
        let is_full = i64::try_from(page.len()).is_ok_and(|states| states >= PAGE_STATES);
        let bytes = |state: &State| state.job.len() + state.key.len() + state.text.len() + STATE_BYTES;
        self.bytes += page.iter().map(bytes).sum::<usize>();
        if self.bytes > LIST_BYTES_MAX {
            return Err(Error::config(format!(
                "There are more than {} MiB of states: name the job, and the beginning of its keys.",
                LIST_BYTES_MAX / (1024 * 1024)
            )));
        }
        self.read.extend(page);
        Ok(is_full)
    }

    /// All of them, by job and key.
    pub(super) fn all(mut self) -> Vec<State> {
        // CrateDB orders by units of UTF-16
        self.read.sort_unstable_by(|a, b| (&a.job, &a.key).cmp(&(&b.job, &b.key)));
        self.read
    }
}

/// What is wrong with the name of a job.
pub(super) fn check_job(job: &str) -> Result<()> {
    if job.is_empty() {
        return Err(Error::config("A job that keeps something must have a name."));
    }
    // a name that is refused is not repeated
    check_text("", "The name of a job", job, STATE_JOB_MAX)
}

/// What is wrong with a key of a job, or with the beginning of one.
pub(super) fn check_key(job: &str, key: &str) -> Result<()> {
    check_text(job, "A key", key, STATE_KEY_MAX)
}

fn check_text(job: &str, what: &str, text: &str, bytes_max: usize) -> Result<()> {
    let of = if job.is_empty() { String::new() } else { format!(" of the job {job}") };
    if text.contains('\0') {
        return Err(Error::config(format!(
            "{what}{of} holds the NUL character, which PostgreSQL cannot: write it in another way, such as \\u0000."
        )));
    }
    if text.len() > bytes_max {
        return Err(Error::config(format!(
            "{what}{of} has {} bytes, and at most {bytes_max} can be kept.",
            text.len()
        )));
    }
    Ok(())
}

/// What was read, or `None` where there is no table yet.
pub(super) fn unless_missing<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Err(error) if is_missing(&error) => Ok(None),
        read => read.map(Some),
    }
}

/// Whether the table is not there, or not even its schema.
pub(super) fn is_missing(error: &Error) -> bool {
    is_missing_table(error) || error.sqlstate() == Some(MISSING_SCHEMA)
}

/// The table was made, and is gone again, each time.
pub(super) fn keeps_vanishing(table: &str) -> Error {
    let message = format!("The table {table} is dropped each time that it is made: see who drops it.");
    Error::new(ErrorKind::Contended, Code::Contended, message)
}

#[cfg(test)]
mod tests {
    use super::{Put, State, fresh_version};
    use crate::error::{Code, Error, ErrorKind};

    fn state(version: i64) -> State {
        let (job, key, text) = ("j".to_owned(), "secret-key".to_owned(), "secret-text".to_owned());
        State { job, key, text, version, updated_at: jiff::Timestamp::UNIX_EPOCH }
    }

    fn lost() -> Error {
        Error::new(ErrorKind::Unavailable, Code::Unavailable, "gone")
    }

    #[test]
    fn a_put_whose_answer_was_lost_is_known_again() {
        for expected in [None, Some(7)] {
            let put = Put::new("j", "k", "t", expected).unwrap();
            put.noted(Err(lost())).unwrap_err();
            assert_eq!(put.outcome(Some(&state(put.version))).unwrap(), Some(put.version));
        }
    }

    #[test]
    fn somebody_else_was_faster_unless_that_cannot_be_told() {
        let other = state(3);
        let put = |expected| Put::new("j", "k", "t", expected).unwrap();
        for found in [Some(&other), None] {
            assert_eq!(put(None).outcome(found).unwrap(), None);
            assert_eq!(put(Some(7)).outcome(found).unwrap(), None);
        }
        let uncertain = |expected| {
            let put = put(expected);
            put.noted(Err(lost())).unwrap_err();
            put
        };
        // a claim that another holds is not held, whatever became of it
        assert_eq!(uncertain(None).outcome(Some(&other)).unwrap(), None);
        for (expected, found) in [(None, None), (Some(7), None), (Some(7), Some(&other))] {
            let error = uncertain(expected).outcome(found).unwrap_err();
            assert_eq!(error.code(), Code::Contended, "{error}");
        }
        // what the database refused was not written
        let refused = put(Some(7));
        refused.noted(Err(Error::config("no"))).unwrap_err();
        assert_eq!(refused.outcome(Some(&other)).unwrap(), None);
    }

    #[test]
    fn versions_are_exact_in_json_and_never_the_same() {
        let mut versions: Vec<i64> = (0..10_000).map(|_| fresh_version()).collect();
        assert!(versions.iter().all(|version| (0..1 << 53).contains(version)));
        versions.sort_unstable();
        versions.dedup();
        assert_eq!(versions.len(), 10_000);
    }

    #[test]
    fn what_is_shown_of_a_state_holds_no_value_of_a_row() {
        let shown = format!("{:?}", state(5));
        assert!(shown.contains("version: 5") && !shown.contains("secret"), "{shown}");
    }
}
