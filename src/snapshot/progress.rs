//! How far the snapshot of a table has come, as the state of the sink keeps it: one entry a table, one a part of it.

use super::table::Range;
use crate::archive::Written;
use crate::deadline::Deadline;
use crate::error::{Code, Error, ErrorKind, Result};
use crate::event::{Timestamp, hex};
use crate::sink::Database;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The job that the state is kept for.
pub const JOB: &str = "snapshot";

/// What is kept of the last run of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TableProgress {
    /// When the run began: its name, and the order of its rows.
    pub(super) run: String,
    /// What it was begun with, by the setting that says it: a run that is gone on with reads the same rows in the same
    /// way, and takes them to the same place.
    #[serde(default)]
    pub(super) begun_with: BegunWith,
    pub(super) parts: Vec<Range>,
    pub(super) is_done: bool,
}

/// Settings, and digests of what they say: what is kept is seen by whoever may list it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BegunWith(BTreeMap<String, String>);

impl BegunWith {
    /// These settings and what they say.
    pub(super) fn new<'s>(said: impl IntoIterator<Item = (&'s str, String)>) -> Self {
        let digest = |text: String| hex(&Sha256::digest(text));
        Self(said.into_iter().map(|(setting, text)| (setting.to_owned(), digest(text))).collect())
    }

    /// The settings of which both tell, and not the same.
    pub(super) fn other_than(&self, other: &Self) -> Vec<&str> {
        let differs = |(setting, digest): &(&String, &String)| {
            other.0.get(*setting).is_some_and(|other| other != *digest)
        };
        self.0.iter().filter(differs).map(|(setting, _)| setting.as_str()).collect()
    }
}

/// What is kept of the last command that read tables: when it began, and whether all of them were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CommandProgress {
    pub(super) run: String,
    pub(super) is_done: bool,
}

/// Where that is kept: no table is called so.
pub(super) const COMMAND: &str = " command";

/// What is kept of a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartProgress {
    /// The key behind which it goes on.
    pub(super) after: Option<Vec<String>>,
    pub(super) counts: Counts,
    /// The objects of the archive that are whole.
    pub(super) objects: Vec<Written>,
    pub(super) is_done: bool,
    /// Until when somebody works on it, in milliseconds since 1970: whoever does says so again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) held_until: Option<i64>,
}

/// What became of the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows read.
    pub rows: u64,
    /// Bytes of their JSON text.
    pub bytes: u64,
    /// Rows written to the sink.
    pub applied: u64,
    /// Rows that the sink had already, or newer ones of.
    pub stale: u64,
    /// Rows that a filter of the route left out.
    pub ignored: u64,
    /// Rows that the sink cannot take; they are among the dead letters.
    pub parked: u64,
    /// Rows that were removed, since this run did not see them.
    pub removed: u64,
}

impl Counts {
    /// Adds another part's.
    pub fn add(&mut self, other: &Self) {
        let Self { rows, bytes, applied, stale, ignored, parked, removed } = other;
        self.rows += rows;
        self.bytes += bytes;
        self.applied += applied;
        self.stale += stale;
        self.ignored += ignored;
        self.parked += parked;
        self.removed += removed;
    }
}

/// Where the state is kept: by the sink, or only as long as the process lives.
pub(super) enum Books<'a> {
    Database(&'a Database),
    Memory(Mutex<BTreeMap<String, String>>),
}

impl<'a> Books<'a> {
    pub(super) fn new(database: Option<&'a Database>) -> Self {
        database.map_or_else(|| Self::Memory(Mutex::default()), Self::Database)
    }

    async fn read(&self, key: &str) -> Result<Option<(String, i64)>> {
        match self {
            Self::Database(store) => {
                let found = store.state(JOB, key, Deadline::never()).await?;
                Ok(found.map(|state| (state.text, state.version)))
            }
            Self::Memory(texts) => {
                let texts = texts.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(texts.get(key).map(|text| (text.clone(), 0)))
            }
        }
    }

    async fn put(&self, key: &str, text: String, expected: Option<i64>, by: Deadline) -> Result<Option<i64>> {
        match self {
            Self::Database(store) => store.put_state(JOB, key, &text, expected, by).await,
            // nobody else writes there
            Self::Memory(texts) => {
                texts.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), text);
                Ok(Some(0))
            }
        }
    }

    /// Removes what is kept of the parts of a run.
    pub(super) async fn forget(&self, table: &str, run: &str) -> Result<()> {
        match self {
            Self::Database(store) => {
                store.clear_state(JOB, &format!("{table} {run}"), Deadline::never()).await.map(drop)
            }
            // it lasts no longer than one run of a table
            Self::Memory(_) => Ok(()),
        }
    }
}

/// An entry of the state, and the version of it that is held.
pub(super) struct Entry<'a, T> {
    books: &'a Books<'a>,
    key: String,
    version: Option<i64>,
    pub(super) now: T,
}

impl<'a, T: Serialize + DeserializeOwned> Entry<'a, T> {
    /// The entry as it stands; `fresh` where there is none.
    pub(super) async fn load(books: &'a Books<'a>, key: String, fresh: T) -> Result<Self> {
        let Some((text, version)) = books.read(&key).await? else {
            return Ok(Self { books, key, version: None, now: fresh });
        };
        let now = serde_json::from_str(&text).map_err(|_| unreadable(&key))?;
        Ok(Self { books, key, version: Some(version), now })
    }

    /// Whether it stood there, or was put there.
    pub(super) fn is_kept(&self) -> bool {
        self.version.is_some()
    }

    /// Another one each time that it is saved in a database.
    pub(super) fn token(&self) -> u32 {
        let [.., a, b, c, d] = self.version.unwrap_or_default().to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// Keeps what is now.
    ///
    /// # Errors
    /// When somebody else wrote the entry in between: two runs of one table exclude each other.
    pub(super) async fn save(&mut self, deadline: Deadline) -> Result<()> {
        let text = serde_json::to_string(&self.now).map_err(|_| unreadable(&self.key))?;
        match self.books.put(&self.key, text, self.version, deadline).await? {
            Some(version) => {
                self.version = Some(version);
                Ok(())
            }
            None => Err(overtaken(&self.key)),
        }
    }
}

fn unreadable(key: &str) -> Error {
    Error::config(format!(
        "The state `{key}` of the job {JOB} is not as this version writes it. Remove it: rowtide state clear {JOB} {key}"
    ))
}

/// Another run has begun, or the same one is being gone on with elsewhere.
fn overtaken(key: &str) -> Error {
    Error::new(
        ErrorKind::Config,
        Code::Configuration,
        format!("Another process works on the snapshot `{key}` too, and has come further: this one ends."),
    )
}

/// The name of a run, by which runs are ordered.
pub(super) fn run_name(at: Timestamp) -> String {
    at.to_string().replace(['-', ':'], "")
}

/// When the run of this name began.
pub(crate) fn run_time(name: &str) -> Option<Timestamp> {
    let (date, time) = name.split_once('T')?;
    let part = |text: &'_ str, from: usize, to: usize| text.get(from..to).map(str::to_owned);
    let (year, month, day) = (part(date, 0, 4)?, part(date, 4, 6)?, part(date, 6, 8)?);
    let (hour, minute, rest) = (part(time, 0, 2)?, part(time, 2, 4)?, time.get(4..)?);
    Timestamp::from_rfc3339(&format!("{year}-{month}-{day}T{hour}:{minute}:{rest}"))
}

#[cfg(test)]
mod tests {
    use super::{BegunWith, TableProgress, run_name, run_time};
    use crate::event::Timestamp;

    #[test]
    fn what_a_former_version_kept_is_gone_on_with() {
        let kept = r#"{"run":"20261130T231151.000001Z","scheme":"l","to_sink":true,"to_archive":false,
            "parts":[{"after":null,"until":["9"]}],"is_done":false}"#;
        let kept: TableProgress = serde_json::from_str(kept).unwrap();
        assert_eq!(kept.parts.len(), 1);
        let of = |filter: &str| BegunWith::new([("where", filter.to_owned()), ("query", String::new())]);
        assert!(kept.begun_with.other_than(&of("a")).is_empty(), "it says nothing of what it was begun with");
        assert_eq!(of("a").other_than(&of("b")), ["where"]);
    }

    #[test]
    fn the_name_of_a_run_tells_its_time() {
        let at = Timestamp::from_rfc3339("2026-11-30T23:11:51.000001Z").unwrap();
        assert_eq!(run_name(at), "20261130T231151.000001Z");
        assert_eq!(run_time(&run_name(at)), Some(at));
        assert_eq!(run_time("x"), None);
    }
}
